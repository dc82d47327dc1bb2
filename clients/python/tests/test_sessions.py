"""Sessions: who starts a connector, who ends it, and that none is left."""

import os
import signal
import subprocess
import sys
import time

import pytest
from conftest import cli, processes_of

import hansa
from hansa import command

QUESTION = "SELECT 1 AS n"

SESSION = """
import sys, hansa
firm = hansa.connect(sys.argv[1])
assert len(firm.sql("SELECT 1 AS n")) == 1
print("asked", flush=True)
for line in sys.stdin:
    assert len(firm.sql("SELECT 1 AS n")) == 1
    print("asked", flush=True)
firm.close()
print("closed", flush=True)
"""


@pytest.fixture
def folder(tmp_path):
    """A participant of a league of its own."""
    command.run(["league", "init", str(tmp_path / "league"), "--name", "Lone league"]).checked()
    applicant = hansa.init(tmp_path / "acme", id="acme.example", name="Acme")
    command.run(["league", "admit", str(applicant.request), "--dir", str(tmp_path / "league")]).checked()
    command.run(["--yes", "join", str(applicant.request.with_suffix(".join"))], config=applicant.folder).checked()
    return applicant.folder


class OtherSession:
    """A session in a process of its own."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SESSION, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.expect("asked")

    def expect(self, word):
        assert self.process.stdout.readline().strip() == word

    def ask(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.expect("asked")

    def close(self):
        self.process.stdin.close()
        self.expect("closed")
        assert self.process.wait(30) == 0


@pytest.fixture
def other_session(folder):
    """Begins a session in a process of its own, which ends with the test."""
    begun = []

    def begin():
        begun.append(OtherSession(folder))
        return begun[-1]

    yield begin
    for session in begun:
        session.process.kill()
        session.process.wait()
        session.process.stdin.close()
        session.process.stdout.close()


def none_left(folder):
    """Whether no process is left, at the latest after the time that a connector may take to end."""
    for _ in range(600):
        if not processes_of(folder):
            return True
        time.sleep(0.05)
    return False


def tokens(folder):
    return [one["state"] for one in cli(folder, "token", "list")]


def test_closing_leaves_no_process_and_no_token(folder):
    assert not processes_of(folder)
    with hansa.connect(folder) as firm:
        assert len(firm.sql(QUESTION)) == 1
        assert len(processes_of(folder)) == 1
        assert tokens(folder) == ["counts"]
        # No command line holds the secret of the token, and no file of the participant does.
        secret = firm._tokens[None].secret
        assert not any(secret in word for line in processes_of(folder) for word in line)
        key = secret.rsplit("_", 1)[1].encode()
        assert not any(key in file.read_bytes() for file in folder.rglob("*") if file.is_file())
    # It is over when `close` returns.
    assert not processes_of(folder)
    assert firm.closed
    assert tokens(folder) == ["revoked"]
    with pytest.raises(hansa.HansaError) as refused:
        firm.sql(QUESTION)
    assert refused.value.code == "CLIENT_CLOSED"
    firm.close()


def test_the_configuration_stays_as_it_is(folder):
    before = (folder / "hansa.toml").read_bytes()
    with hansa.connect(folder):
        pass
    assert (folder / "hansa.toml").read_bytes() == before
    with hansa.connect(folder / "hansa.toml") as firm:
        assert firm.id == "acme.example"
        assert firm.folder == folder


def test_sessions_share_a_connector_and_the_last_one_ends_it(folder, other_session):
    first = hansa.connect(folder)
    other = other_session()
    second = hansa.connect(folder)
    assert len(processes_of(folder)) == 1
    # Whoever has started it may go first.
    first.close()
    assert len(processes_of(folder)) == 1
    other.ask()
    assert len(second.sql(QUESTION)) == 1
    second.close()
    other.ask()
    other.close()
    assert not processes_of(folder)


def test_sessions_that_begin_at_once_start_one_connector(folder):
    begun = [
        subprocess.Popen([sys.executable, "-c", SESSION, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in begun:
        assert process.stdout.readline().strip() == "asked"
    assert len(processes_of(folder)) == 1
    for process in begun:
        out, _ = process.communicate("")
        assert out.strip() == "closed"
    assert not processes_of(folder)


def test_a_session_that_is_killed_leaves_no_process(folder, other_session):
    other = other_session()
    assert len(processes_of(folder)) == 1
    other.process.kill()
    other.process.wait()
    # The next one comes while the connector is about to end, or after it.
    with hansa.connect(folder) as firm:
        assert len(firm.sql(QUESTION)) == 1
    assert none_left(folder)


def test_a_session_that_is_forgotten_is_closed_at_the_end_of_the_program(folder):
    script = f"import hansa\nfirm = hansa.connect({str(folder)!r})\nprint(len(firm.sql('SELECT 1 AS n')))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "1"
    assert not processes_of(folder)
    assert tokens(folder) == ["revoked"]


def test_a_copy_of_a_process_ends_no_session(folder):
    with hansa.connect(folder) as firm:
        assert len(firm.sql(QUESTION)) == 1
        script = f"""
import os, sys, hansa
firm = hansa.connect({str(folder)!r})
assert len(firm.sql("SELECT 1 AS n")) == 1
copy = os.fork()
if copy == 0:
    sys.exit(0)
assert os.waitpid(copy, 0)[1] == 0
assert len(firm.sql("SELECT 1 AS n")) == 1
"""
        subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)
        assert sorted(tokens(folder)) == ["counts", "revoked"]
    assert not processes_of(folder)


def test_an_interruption_is_none_of_the_connector(folder):
    script = SESSION.replace("import sys, hansa", "import signal, sys, hansa\nsignal.signal(signal.SIGINT, signal.SIG_IGN)")
    process = subprocess.Popen(
        [sys.executable, "-c", script, str(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout.readline().strip() == "asked"
    # As a notebook is interrupted: the whole group of processes.
    os.killpg(process.pid, signal.SIGINT)
    out, _ = process.communicate("\n")
    assert out.split() == ["asked", "closed"]
    assert not processes_of(folder)


def serve(folder, *, listen):
    if listen:
        with (folder / "hansa.toml").open("a") as file:
            file.write('\n[clients]\nlisten = "127.0.0.1:0"\n')
    serving = subprocess.Popen(
        [command.binary(), "--json", "--config", str(folder), "serve"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert b'"ready"' in serving.stdout.readline()
    return serving


def stop(serving):
    serving.terminate()
    assert serving.wait(30) == 0
    serving.stdout.close()


def test_a_connector_that_runs_is_used_and_goes_on(folder):
    serving = serve(folder, listen=True)
    try:
        with hansa.connect(folder) as firm:
            assert len(firm.sql(QUESTION)) == 1
            assert len(processes_of(folder)) == 1
        assert serving.poll() is None
        assert len(processes_of(folder)) == 1
        assert tokens(folder) == ["revoked"]
    finally:
        stop(serving)


def test_a_connector_that_answers_no_programs_is_told(folder):
    serving = serve(folder, listen=False)
    try:
        with pytest.raises(hansa.HansaError) as refused:
            hansa.connect(folder)
        assert refused.value.code == "CONFIG_MISSING"
        assert any("[clients]" in text for text in refused.value.help)
        assert serving.poll() is None
    finally:
        stop(serving)
    # Without it Python starts its own.
    with hansa.connect(folder) as firm:
        assert len(firm.sql(QUESTION)) == 1


def test_an_address_of_the_configuration_is_used(folder):
    with (folder / "hansa.toml").open("a") as file:
        file.write('\n[clients]\nlisten = "127.0.0.2:0"\n')
    with hansa.connect(folder) as firm:
        assert firm._target["host"] == "127.0.0.2"
        assert len(firm.sql(QUESTION)) == 1


def test_a_connector_that_can_not_start_says_why(folder):
    (folder / "keys/tls.key").unlink()
    with pytest.raises(hansa.HansaError) as refused:
        hansa.connect(folder)
    assert "tls.key" in str(refused.value)
    assert not processes_of(folder)


def test_questions_are_recorded_under_a_pseudonym(folder):
    with hansa.connect(folder, person="Ida Berg") as firm:
        assert len(firm.sql(QUESTION)) == 1
        log = str(firm.run("audit", "list"))
    assert "access_token" in log
    assert "Ida Berg" not in log
