"""A stage with six cities and a firm, by the processes of `hansa demo`, shared by the tests that only ask."""

import itertools
import os
import subprocess
from pathlib import Path

import pytest

import hansa
from hansa import command


@pytest.fixture(scope="session")
def stage(tmp_path_factory):
    """The folder of a running stage; the firm has contracts with three cities."""
    folder = tmp_path_factory.mktemp("stage") / "cities"
    with hansa.demo(folder) as firm:
        # The tests open the firm themselves.
        yield firm.folder.parent


@pytest.fixture
def firm(stage):
    with hansa.connect(stage / "acme", purpose="traffic-planning") as firm:
        yield firm


def cli(folder, *args):
    """What a command tells, for a participant in a folder."""
    return command.run(args, config=folder).checked()


def processes_of(folder):
    """The command lines of the processes that serve something in a folder."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            line = (entry / "cmdline").read_bytes().decode().split("\0")
            state = (entry / "stat").read_text().rsplit(")", 1)[1].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if state != "Z" and Path(line[0]).name == "hansa" and any(str(folder) in word for word in line):
            found.append(line)
    return found


_NUMBERS = itertools.count(1)

COUNTS = [("Hafen", 1, 310), ("Hafen", 2, 502), ("Bahnhof", 1, 1204), ("Bahnhof", 2, 1188), ("Insel", 1, 77)]


class City:
    """A city of a league that serves bicycle counts, on terms that an officer of it signs unless they are signed at once."""

    def __init__(self, league, name, *, factor, signs_at_once):
        self.league = league
        self.name = name
        self.folder = league.folder / name
        self._factor = factor
        self._signs_at_once = signs_at_once
        self._serving = None
        # The league tells members where the city is, so that the port is known beforehand: one of an address of its own.
        self._address = f"127.{77 + os.getpid() % 100}.{os.getpid() // 100 % 250}.{next(_NUMBERS)}:8814"

    def prepare(self):
        init = ["init", str(self.folder), "--id", f"{self.name}.example", "--name", self.name.title()]
        command.run([*init, "--listen", self._address]).checked()

    def start(self):
        cli(self.folder, "--yes", "join", str(self.folder / f"{self.name}.example.join"))
        rows = "".join(f"{site},2026-05-0{day},{bikes * self._factor}\n" for site, day, bikes in COUNTS)
        (self.folder / "bikes.csv").write_text("site,day,bikes\n" + rows)
        groups = ["--columns", "site,day,bikes", "--group-by", "site", "--measures", "bikes", "--at-least", "2"]
        self.offer("bikes", *groups, *["--auto-sign"] * self._signs_at_once)
        self._serving = subprocess.Popen(
            [command.binary(), "--json", "--config", str(self.folder), "serve", "--until-stdin-ends"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert b'"ready"' in self._serving.stdout.readline()

    def offer(self, name, *terms):
        """Offers a file of the folder to the league."""
        declared = (
            "traffic-planning" if "purpose.traffic-planning" in self.configuration() else "traffic-planning=dpv:PublicBenefit"
        )
        told = ["--title", name.title(), "--licence", "CC-BY-4.0", "--purpose", declared, "--until", "2029-12-31"]
        cli(self.folder, "dataset", "add", str(self.folder / f"{name}.csv"), *told, *terms, "--offer", "league", "--publish")

    def configuration(self):
        return (self.folder / "hansa.toml").read_text()

    def run(self, *args):
        return cli(self.folder, *args)

    def stop(self):
        if self._serving is not None:
            self._serving.stdin.close()
            self._serving.wait(30)
            self._serving.stdout.close()
            self._serving = None


class League:
    """A league on this machine, and the mail between it and its members."""

    def __init__(self, folder):
        self.folder = folder
        self.fingerprint = ""
        self.cities = []

    def start(self):
        founded = command.run(["league", "init", str(self.folder / "league"), "--name", "Pilot league"]).one()
        self.fingerprint = founded["fingerprint"]

    def city(self, name="lindau", *, factor=1, signs_at_once=False):
        city = City(self, name, factor=factor, signs_at_once=signs_at_once)
        self.cities.append(city)
        city.prepare()
        self.admit(city.folder / f"{name}.example.request")
        city.start()
        return city

    def admit(self, request):
        """The file that the league sends back; its cities get the newest list of members."""
        folder = str(self.folder / "league")
        command.run(["league", "admit", str(request), "--dir", folder]).checked()
        for city in self.cities:
            if (city.folder / "trust/bundle.json").exists():
                command.run(["league", "export", "--dir", folder, "--output", str(city.folder / "trust/bundle.json")]).checked()
                city.run("reload")
        return request.with_suffix(".join")


@pytest.fixture
def league(tmp_path):
    league = League(tmp_path)
    try:
        league.start()
        yield league
    finally:
        for city in league.cities:
            city.stop()
