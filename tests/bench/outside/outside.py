"""Asks a firm over Flight SQL about the tables of a city, and DuckDB and DataFusion about the files that the city published.

Prints one line for each question: seconds of each, and ratios. Fails where an answer is not that of DuckDB.
"""

import argparse
import contextlib
import datetime
import decimal
import json
import math
import os
import pathlib
import re
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import adbc_driver_flightsql.dbapi as flight_sql
import datafusion
import duckdb

HERE = pathlib.Path(__file__).resolve().parent
TABLES = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]
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


def prepare(hansa, data):
    """A league, a city that offers all tables, and a firm with a contract on each."""
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
    for table in TABLES:
        # The first offer defines the purpose.
        purpose = f"{PURPOSE}=dpv:PublicBenefit" if table == TABLES[0] else PURPOSE
        offer = ["--all-columns", "--offer", "league", "--auto-sign", "--until", until, "--purpose", purpose]
        words = ["--name", table, "--title", table, "--licence", "proprietary"]
        hansa.run("--yes", "dataset", "add", str(data / f"{table}.parquet"), *words, *offer, config="city")
    hansa.run("dataset", "publish", config="city")
    hansa.serve("city")
    hansa.run("peer", "add", address, "--id", "city.example", config="firm")
    for table in TABLES:
        hansa.run("--yes", "contract", "request", f"city.{table}", "--sign", config="firm")
    hansa.stop()


def serve(hansa, limits):
    """Both with these lines of `[limits]` and no others of the same keys."""
    pids = []
    for who in ["city", "firm"]:
        toml = hansa.folder / who / "hansa.toml"
        lines = [line for line in toml.read_text(encoding="utf-8").splitlines() if not line.endswith("# outside")]
        at = lines.index(next(line for line in lines if line.startswith("[limits]"))) + 1
        lines[at:at] = [f"{limit} # outside" for limit in limits]
        toml.write_text("\n".join(lines) + "\n", encoding="utf-8")
        pids.append(hansa.serve(who))
    return pids


def connect(hansa):
    """A connection of an analyst to the firm."""
    target = json.loads(hansa.run("--json", "connect", "python", config="firm"))
    created = json.loads(hansa.run("--json", "token", "create", "bench", "--purpose", PURPOSE, config="firm"))
    with open(target["root_certificate"], encoding="ascii") as file:
        root = file.read()
    return flight_sql.connect(
        target["uri"],
        db_kwargs={
            "adbc.flight.sql.client_option.tls_root_certs": root,
            "adbc.flight.sql.client_option.tls_override_hostname": target["name"],
            "adbc.flight.sql.authorization_header": "Bearer " + created["access_token"],
        },
        autocommit=True,
    )


def questions():
    """The 22 of TPC-H, with names of tables as they are in a folder of files."""
    for path in sorted((HERE.parent / "tpch").glob("q*.sql")):
        sql = re.sub(r"\b[a-z]+\.(?=(?:" + "|".join(TABLES) + r")\b)", "", path.read_text(encoding="utf-8"))
        yield path.stem, sql


def at_city(sql):
    """The same, asked of the city: tables stand between FROM and what follows."""
    table = re.compile(r"(?<![\w.])(" + "|".join(TABLES) + r")\b(?![.\w])")
    from_clause = re.compile(r"\bFROM\b.*?(?=\bWHERE\b|\bGROUP\b|\bORDER\b|[()]|\Z)", re.DOTALL)
    return from_clause.sub(lambda clause: table.sub(r"city.\1", clause.group()), sql)


def normal(value):
    """A value as it is compared."""
    match value:
        case decimal.Decimal():
            return float(value)
        case datetime.datetime():
            return value.date()
        case str():
            return value.rstrip()
        case _:
            return value


def same(one, other):
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def compare(name, ours, theirs):
    """Fails where two answers differ, but for the order of rows that are equal in their order."""
    rows = [[[normal(value) for value in row] for row in answer] for answer in (ours, theirs)]
    if len(rows[0]) != len(rows[1]):
        raise SystemExit(f"{name}: {len(rows[0])} rows, and {len(rows[1])} by DuckDB")
    rows = [sorted(answer, key=lambda row: [f"{v:.6g}" if isinstance(v, (int, float)) else repr(v) for v in row]) for answer in rows]
    for one, other in zip(*rows):
        if len(one) != len(other) or not all(map(same, one, other)):
            raise SystemExit(f"{name}: {one}, and by DuckDB {other}")


def cpu(pid):
    """Seconds that a process has had of processors (proc(5), stat)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure(ask, busy, rounds):
    """The answer, and the least seconds and processor seconds of so many rounds after the first."""
    times, work, answer = [], [], None
    for _ in range(rounds + 1):
        before, started = busy(), time.perf_counter()
        answer = ask()
        times.append(time.perf_counter() - started)
        work.append(busy() - before)
    return answer, min(times[1:]), min(work[1:])


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", default="1", help="of TPC-H")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--folder", help="where city, firm and data are kept for other runs; else they are gone afterwards")
    arguments.add_argument("--only", default="", help="questions, with commas")
    arguments.add_argument("--limits", default="", help="lines of [limits] of both participants, with commas")
    asked = arguments.parse_args()
    binary = os.environ.get("HANSA") or str(HERE.parents[2] / "target/release/hansa")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(asked.folder or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        folder.mkdir(exist_ok=True)
        data = folder / "data"
        hansa = Hansa(binary, folder)
        stack.callback(hansa.stop)
        if not data.exists():
            generator = pathlib.Path(sys.executable).parent / "tpchgen-cli"
            command = [generator, "parquet", "-s", asked.scale, "--output-dir", str(data)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            prepare(hansa, data)
        city, firm = serve(hansa, asked.limits.split(",") if asked.limits else [])
        duck = duckdb.connect()
        fusion = datafusion.SessionContext()
        for table in TABLES:
            duck.execute(f"CREATE VIEW {table} AS SELECT * FROM '{data}/{table}.parquet'")
            fusion.register_parquet(table, str(data / f"{table}.parquet"))
        connection = stack.enter_context(connect(hansa))
        cursor = stack.enter_context(connection.cursor())

        def ask_firm(sql):
            cursor.execute(sql)
            return cursor.fetch_arrow_table()

        ratios = {"duckdb": [], "datafusion": [], "work": []}
        print(f"{'':5} {'hansa':>8} {'duckdb':>8} {'fusion':>8} {'/duckdb':>8} {'/fusion':>8} {'work':>8}")
        only = [name for name in asked.only.split(",") if name]
        for name, sql in questions():
            if only and name not in only:
                continue
            governed, seconds, busy = measure(
                lambda: ask_firm(at_city(sql)), lambda: cpu(city) + cpu(firm), asked.rounds
            )
            by_duck, of_duck, _ = measure(lambda: duck.sql(sql).to_arrow_table(), own_cpu, asked.rounds)
            _, of_fusion, fusion_busy = measure(lambda: fusion.sql(sql).to_arrow_table(), own_cpu, asked.rounds)
            rows = [[tuple(row.values()) for row in table.to_pylist()] for table in (governed, by_duck)]
            compare(name, *rows)
            ratios["duckdb"].append(seconds / of_duck)
            ratios["datafusion"].append(seconds / of_fusion)
            ratios["work"].append(busy / max(fusion_busy, 0.01))
            last = [ratios[key][-1] for key in ratios]
            figures = [f"{value:8.3f}" for value in (seconds, of_duck, of_fusion)] + [f"{value:8.2f}" for value in last]
            print(f"{name:5} {' '.join(figures)}", flush=True)
        for key, values in ratios.items():
            print(f"{key}: geometric mean {statistics.geometric_mean(values):.2f}, worst {max(values):.2f}")


main()
