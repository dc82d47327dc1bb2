"""A league of a city and a firm, as processes in one folder."""

import datetime
import json
import socket
import subprocess

import adbc_driver_flightsql.dbapi as flight_sql

PURPOSE = "benchmark"


class Hansa:
    """The program in a folder."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.serving = binary, folder, []

    def run(self, *args, config=None):
        command = [self.binary, *(["--config", config] if config else []), *args]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(args)}: {done.stderr}{done.stdout}")
        return done.stdout

    def serve(self, who):
        """Starts a participant, and waits until it answers."""
        log = open(self.folder / f"{who}.log", "w", encoding="utf-8")
        command = [self.binary, "--json", "--config", who, "serve"]
        process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=log, text=True)
        self.serving.append(process)
        line = process.stdout.readline()
        if not line:
            raise SystemExit(f"{who} does not serve: {(self.folder / f'{who}.log').read_text(encoding='utf-8')}")
        return process.pid

    def stop(self):
        for process in self.serving:
            process.terminate()
        for process in self.serving:
            process.wait()
        self.serving = []


def prepare(hansa, data, tables):
    """Makes a league, a city that offers all tables, and a firm with a contract on each."""
    hansa.run("league", "init", "league", "--name", "bench")
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    for who, listen in [("city", ["--listen", address]), ("firm", [])]:
        hansa.run("init", who, "--id", f"{who}.example", "--name", who, *listen)
        (hansa.folder / f"{who}.request").write_text(hansa.run("request", config=who), encoding="utf-8")
        hansa.run("league", "admit", f"{who}.request", "--dir", "league", "--output", f"{who}.join")
        hansa.run("--yes", "join", f"{who}.join", config=who)
        toml = hansa.folder / who / "hansa.toml"
        text = toml.read_text(encoding="utf-8")
        if who == "city":
            text += f'\n[sources]\nroots = ["{data}"]\n'
        else:
            text += '\n[clients]\nlisten = "127.0.0.1:0"\n'
        toml.write_text(text, encoding="utf-8")
    for who in ["city", "firm"]:
        hansa.run("league", "export", "--dir", "league", "--output", f"{who}/trust/bundle.json")
    until = str(datetime.date.today() + datetime.timedelta(days=30))
    for table in tables:
        # The first offer defines the purpose.
        purpose = f"{PURPOSE}=dpv:PublicBenefit" if table == tables[0] else PURPOSE
        offer = ["--all-columns", "--offer", "league", "--auto-sign", "--until", until, "--purpose", purpose]
        words = ["--name", table, "--title", table, "--licence", "proprietary"]
        hansa.run("--yes", "dataset", "add", str(data / f"{table}.parquet"), *words, *offer, config="city")
    hansa.run("dataset", "publish", config="city")
    hansa.serve("city")
    hansa.run("peer", "add", address, "--id", "city.example", config="firm")
    for table in tables:
        hansa.run("--yes", "contract", "request", f"city.{table}", "--sign", config="firm")
    hansa.stop()


def serve(hansa, limits):
    """Starts both with these lines of `[limits]` in place of those of an earlier run, and gives their process numbers."""
    pids = []
    for who in ["city", "firm"]:
        toml = hansa.folder / who / "hansa.toml"
        lines = [line for line in toml.read_text(encoding="utf-8").splitlines() if not line.endswith("# outside")]
        at = lines.index(next(line for line in lines if line.startswith("[limits]"))) + 1
        lines[at:at] = [f"{limit} # outside" for limit in limits]
        toml.write_text("\n".join(lines) + "\n", encoding="utf-8")
        pids.append(hansa.serve(who))
    return pids


class Analyst:
    """Somebody who connects to the firm over Flight SQL (ADBC)."""

    def __init__(self, hansa):
        target = json.loads(hansa.run("--json", "connect", "python", config="firm"))
        created = json.loads(hansa.run("--json", "token", "create", "bench", "--purpose", PURPOSE, config="firm"))
        with open(target["root_certificate"], encoding="ascii") as file:
            root = file.read()
        self.uri = target["uri"]
        self.options = {
            "adbc.flight.sql.client_option.tls_root_certs": root,
            "adbc.flight.sql.client_option.tls_override_hostname": target["name"],
            "adbc.flight.sql.authorization_header": "Bearer " + created["access_token"],
        }

    def connect(self):
        return flight_sql.connect(self.uri, db_kwargs=self.options, autocommit=True)
