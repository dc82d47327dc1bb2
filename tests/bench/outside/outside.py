"""Asks a firm over Flight SQL about the tables of a city, and DuckDB and DataFusion about the files that the city published.

Prints one line for each question: seconds of each, and ratios. Then whole reads and small questions beside a bare Flight server, and
questions at once beside the same in turn. Fails where an answer is not that of DuckDB.
"""

import argparse
import concurrent.futures as futures
import contextlib
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import threading
import time

import datafusion
import duckdb

import answers
import bare_server
import page
import participants
import suites

HERE = pathlib.Path(__file__).resolve().parent
SMALL_QUESTION = "SELECT r_name FROM city.region WHERE r_regionkey = 3"


def cpu(pid):
    """Seconds that a process has had of processors (proc(5), stat)."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def own_cpu():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Measured:
    """The last answer, and the least seconds and processor seconds of so many rounds after the first."""

    def __init__(self, ask, busy, rounds):
        times, work = [], []
        for _ in range(rounds + 1):
            before, started = busy(), time.perf_counter()
            self.answer = ask()
            times.append(time.perf_counter() - started)
            work.append(busy() - before)
        self.seconds, self.work = min(times[1:]), min(work[1:])


class Ratios:
    """Ratios of several questions under one name."""

    def __init__(self):
        self.values = {}

    def add(self, name, value):
        self.values.setdefault(name, []).append(value)

    def list_last(self):
        return [values[-1] for values in self.values.values()]


class Bench:
    def __init__(self, hansa, asked, stack):
        self.page = page.Page(asked.scale)
        self.hansa, self.rounds, self.folder = hansa, asked.rounds, hansa.folder
        self.city, self.firm = participants.serve(hansa, asked.limits.split(",") if asked.limits else [])
        self.duck, self.fusion = duckdb.connect(), datafusion.SessionContext()
        for table in suites.list_tables():
            file = self.folder / "data" / f"{table}.parquet"
            self.duck.execute(f"CREATE VIEW {table} AS SELECT * FROM '{file}'")
            self.fusion.register_parquet(table, str(file))
        self.analyst = participants.Analyst(hansa)
        self.connection = stack.enter_context(self.analyst.connect())
        self.cursor = stack.enter_context(self.connection.cursor())
        server = subprocess.Popen([sys.executable, HERE / "bare_server.py", self.folder], stdout=subprocess.PIPE, text=True)
        stack.callback(server.wait)
        stack.callback(server.terminate)
        self.bare_pid, self.bare_port = server.pid, int(server.stdout.readline())
        self.bare = bare_server.connect(self.folder, self.bare_port)

    def ask_firm(self, sql):
        self.cursor.execute(sql)
        return self.cursor.fetch_arrow_table()

    def measure(self, ask, busy=own_cpu):
        return Measured(ask, busy, self.rounds)

    def compare_questions(self, only):
        """Each question beside DuckDB and DataFusion."""
        print(f"{'':16} {'hansa':>8} {'duckdb':>8} {'fusion':>8} {'/duckdb':>8} {'/fusion':>8} {'work':>8}")
        self.page.begin_table("question", "seconds", "time beside DuckDB", "time beside DataFusion", "work beside DataFusion")
        for suite, questions in suites.list_suites().items():
            ratios = Ratios()
            for name, question in questions.items():
                if only and name not in only:
                    continue
                of_city, plain = suites.write_for(question, "city."), suites.write_for(question, "")
                ours = self.measure(lambda: self.ask_firm(of_city), lambda: cpu(self.city) + cpu(self.firm))
                duck = self.measure(lambda: self.duck.sql(plain).to_arrow_table())
                fusion = self.measure(lambda: self.fusion.sql(plain).to_arrow_table())
                answers.compare(name, ours.answer, duck.answer)
                figures = [f"{value:8.3f}" for value in (ours.seconds, duck.seconds, fusion.seconds)]
                for beside, ratio in [
                    ("time beside DuckDB", ours.seconds / duck.seconds),
                    ("time beside DataFusion", ours.seconds / fusion.seconds),
                    ("work beside DataFusion", ours.work / max(fusion.work, 0.01)),
                ]:
                    ratios.add(beside, ratio)
                figures += [f"{ratio:8.2f}" for ratio in ratios.list_last()]
                self.page.add_row(name, f"{ours.seconds:.3f}", *ratios.list_last())
                print(f"{name:16} {' '.join(figures)}", flush=True)
            for summary, chosen in [("geometric mean", statistics.geometric_mean), ("worst", max)]:
                if ratios.values:
                    values = [chosen(values) for values in ratios.values.values()]
                    print(f"{suite}, {summary}: " + " ".join(f"{value:.2f}" for value in values))
                    self.page.add_row(f"**{suite}, {summary}**", "", *values)

    def compare_reads(self):
        """Whole reads beside a bare Flight server that sends the same columns of the file."""
        print(f"{'':16} {'hansa':>8} {'bare':>8} {'time':>8} {'city':>8} {'firm':>8}   (CPU of each beside that of the bare server)")
        self.page.begin_table("six million rows at scale 1", "time beside bare C++ Flight", "CPU of the city beside it", "CPU of the firm beside it")
        whole = ["ticket", "card", "stop", "line", "day", "at", "fare", "distance"]
        for name, columns in [("whole", whole), ("numbers", ["card", "line", "fare", "distance"]), ("texts", ["ticket", "stop"])]:
            sql = f"SELECT {', '.join(columns)} FROM city.trips"
            ours, firm = (self.measure(lambda: self.ask_firm(sql), lambda: cpu(pid)) for pid in (self.city, self.firm))
            bare = self.measure(lambda: bare_server.read(self.bare, "trips", columns), lambda: cpu(self.bare_pid))
            answers.compare(f"read of {name}", ours.answer, bare.answer)
            work = max(bare.work, 0.01)
            ratios = [ours.seconds / bare.seconds, ours.work / work, firm.work / work]
            self.page.add_row(f"read of {name}", *ratios)
            print(f"{name:16} {ours.seconds:8.3f} {bare.seconds:8.3f} {' '.join(f'{ratio:8.2f}' for ratio in ratios)}", flush=True)

    def measure_small_questions(self):
        """A question for one row on a new connection and on a kept one, beside bare calls for as little."""

        def read_anew():
            with bare_server.connect(self.folder, self.bare_port) as client:
                return bare_server.read(client, "region", ["r_name"])

        self.page.begin_table("what", "Hansa", "beside")
        for name, ask, read in [
            ("new connection", lambda: self.ask_anew(SMALL_QUESTION), read_anew),
            ("kept", lambda: self.ask_firm(SMALL_QUESTION), lambda: bare_server.read(self.bare, "region", ["r_name"])),
        ]:
            ours, bare = (Measured(one, own_cpu, 20 * self.rounds) for one in (ask, read))
            if ours.answer.to_pydict() != {"r_name": ["EUROPE"]}:
                raise SystemExit(f"small question: {ours.answer.to_pydict()}")
            self.page.add_row(
                f"small question, {name}", f"{1000 * ours.seconds:.1f} ms", f"{1000 * bare.seconds:.1f} ms for a bare call of C++ Flight"
            )
            print(f"small question, {name}: {1000 * ours.seconds:.1f} ms, bare call {1000 * bare.seconds:.1f} ms", flush=True)

    def measure_at_once(self):
        """Eight questions at once beside one after the other, and a small question beside seven large ones and alone."""
        tpch = suites.list_suites()["TPC-H"]
        large = [suites.write_for(tpch[name], "city.") for name in ("q01", "q03", "q05", "q06", "q09", "q13", "q18", "q21")]

        def ask_in_turn():
            for sql in large:
                self.ask_firm(sql)

        with futures.ThreadPoolExecutor(len(large)) as pool:
            at_once = self.measure(lambda: list(pool.map(self.ask_anew, large)))
            in_turn = self.measure(ask_in_turn)
            self.page.add_row("eight questions at once", f"{at_once.seconds:.2f} s", f"{in_turn.seconds:.2f} s in turn")
            print(f"eight at once: {at_once.seconds:.3f} s, in turn {in_turn.seconds:.3f} s, {at_once.seconds / in_turn.seconds:.2f}")
            alone = self.time_small_question()
            stop = threading.Event()

            def ask_until_stop(sql):
                while not stop.is_set():
                    self.ask_anew(sql)

            busy = [pool.submit(ask_until_stop, sql) for sql in large[1:]]
            try:
                beside = self.time_small_question()
            finally:
                stop.set()
            for one in busy:
                one.result()
        self.page.add_row(
            "small question beside seven large ones, median", f"{1000 * beside:.1f} ms", f"{1000 * alone:.1f} ms alone"
        )
        print(f"small beside seven large: {1000 * beside:.1f} ms, alone {1000 * alone:.1f} ms, {beside / alone:.2f}")

    def time_small_question(self):
        """The median of thirty."""
        times = []
        for _ in range(30):
            started = time.perf_counter()
            self.ask_firm(SMALL_QUESTION)
            times.append(time.perf_counter() - started)
        return statistics.median(times)

    def ask_anew(self, sql):
        """Asks the firm on a connection of its own."""
        with self.analyst.connect() as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetch_arrow_table()


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--scale", default="1", help="of TPC-H; the other tables have six million rows at 1")
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--folder", help="where city, firm and data are kept for other runs; else they are gone afterwards")
    arguments.add_argument("--only", default="", help="questions, with commas; no reads then")
    arguments.add_argument("--limits", default="", help="lines of [limits] of both participants, with commas")
    arguments.add_argument("--page", help="a page to write the figures to")
    asked = arguments.parse_args()
    binary = os.environ.get("HANSA") or str(HERE.parents[2] / "target/release/hansa")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(asked.folder or stack.enter_context(tempfile.TemporaryDirectory())).resolve()
        folder.mkdir(exist_ok=True)
        hansa = participants.Hansa(binary, folder)
        stack.callback(hansa.stop)
        if not (folder / "data").exists():
            suites.make_files(folder / "data", asked.scale)
            participants.prepare(hansa, folder / "data", suites.list_tables())
        bench = Bench(hansa, asked, stack)
        only = [name for name in asked.only.split(",") if name]
        bench.compare_questions(only)
        if not only:
            bench.compare_reads()
            bench.measure_small_questions()
            bench.measure_at_once()
        if asked.page:
            bench.page.write(pathlib.Path(asked.page))


main()
