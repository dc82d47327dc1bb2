"""The questions and their tables: the 22 questions of TPC-H, seven on trips, and those of the H2O benchmark of groups.

Each suite makes its files by a fixed rule, so that two runs have the same rows. A question names its tables `{like_this}`.
"""

import pathlib
import re
import subprocess
import sys

import duckdb

TPCH = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"]
TPCH_FILES = pathlib.Path(__file__).resolve().parent.parent / "tpch"


def make_files(folder, scale):
    """Writes a Parquet file for each table of all suites."""
    generator = pathlib.Path(sys.executable).parent / "tpchgen-cli"
    command = [generator, "parquet", "-s", scale, "--output-dir", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for table, sql in [("trips", TRIPS), ("groups", GROUPS)]:
        rows = max(int(float(scale) * 6_000_000), 10_000)
        duckdb.execute(f"COPY ({sql.format(rows=rows)}) TO '{folder}/{table}.parquet' (COMPRESSION zstd)")


def list_tables():
    return [*TPCH, "trips", "groups"]


def list_suites():
    """For each suite its name, and the text of each question by its name."""
    return {"TPC-H": dict(list_tpch_questions()), "trips": TRIP_QUESTIONS, "H2O": GROUP_QUESTIONS}


def list_tpch_questions():
    table = re.compile(r"(?<![\w.])(" + "|".join(TPCH) + r")\b(?![.\w])")
    from_clause = re.compile(r"\bFROM\b.*?(?=\bWHERE\b|\bGROUP\b|\bORDER\b|[()]|\Z)", re.DOTALL)
    for path in sorted(TPCH_FILES.glob("q*.sql")):
        # The files name the participants of a federation.
        sql = re.sub(r"\b[a-z]+\.(?=(?:" + "|".join(TPCH) + r")\b)", "", path.read_text(encoding="utf-8"))
        yield path.stem, from_clause.sub(lambda clause: table.sub(r"{\1}", clause.group()), sql)


def write_for(question, prefix):
    """The text with its tables where `prefix` says."""
    return question.format(**{table: prefix + table for table in list_tables()})


# Rows in no order: fares, stops and cards follow a hash of the row's number.
TRIPS = """
SELECT md5(i::VARCHAR) || left(md5((i + 1)::VARCHAR), 7) AS ticket, (hash(i) % 100000)::BIGINT AS card,
    'stop-' || lpad((hash(i, 'stop') % 500)::VARCHAR, 3, '0') AS stop, (hash(i, 'line') % 60)::INTEGER AS line,
    DATE '2025-01-01' + (hash(i, 'day') % 365)::INTEGER AS day,
    TIMESTAMP '2025-01-01 00:00:00' + INTERVAL 1 SECOND * (hash(i, 'at') % 31536000)::INTEGER AS at,
    (hash(i, 'fare') % 100000) / 100 AS fare, (hash(i, 'way') % 40000) / 1000 AS distance
FROM range({rows}) AS numbers(i)
"""

TRIP_QUESTIONS = {
    "group by text": "SELECT count(*) AS groups, max(n) AS most FROM (SELECT ticket, count(*) AS n FROM {trips} GROUP BY ticket) AS g",
    "group by three": "SELECT count(*) AS groups, sum(total) AS total, max(mean) AS mean FROM "
    "(SELECT stop, line, day, sum(fare) AS total, avg(fare) AS mean FROM {trips} GROUP BY stop, line, day) AS g",
    "by card": "SELECT card, count(*) AS n, sum(fare) AS total FROM {trips} GROUP BY card",
    "by stop": "SELECT stop, count(*) AS n, avg(fare) AS mean FROM {trips} GROUP BY stop",
    "top 10": "SELECT ticket, fare FROM {trips} ORDER BY fare DESC, ticket LIMIT 10",
    "look-up": "SELECT * FROM {trips} WHERE card = 4711 AND line = 17",
    "one ticket": "SELECT * FROM {trips} WHERE ticket = 'b52340b4de4566b804c9880aa0b4af5fbd29416'",
}

# The rules of the benchmark: a hundred values for id1, id2, id4 and id5, and a hundred rows on average for a value of id3 and id6.
GROUPS = """
SELECT 'id' || lpad((hash(i, 1) % 100 + 1)::VARCHAR, 3, '0') AS id1, 'id' || lpad((hash(i, 2) % 100 + 1)::VARCHAR, 3, '0') AS id2,
    'id' || lpad((hash(i, 3) % ({rows} // 100) + 1)::VARCHAR, 10, '0') AS id3, (hash(i, 4) % 100 + 1)::INTEGER AS id4,
    (hash(i, 5) % 100 + 1)::INTEGER AS id5, (hash(i, 6) % ({rows} // 100) + 1)::INTEGER AS id6,
    (hash(i, 7) % 5 + 1)::INTEGER AS v1, (hash(i, 8) % 15 + 1)::INTEGER AS v2, (hash(i, 9) % 100000000) / 1000000 AS v3
FROM range({rows}) AS numbers(i)
"""

GROUP_QUESTIONS = {
    "groups 1": "SELECT id1, sum(v1) AS v1 FROM {groups} GROUP BY id1",
    "groups 2": "SELECT id1, id2, sum(v1) AS v1 FROM {groups} GROUP BY id1, id2",
    "groups 3": "SELECT id3, sum(v1) AS v1, avg(v3) AS v3 FROM {groups} GROUP BY id3",
    "groups 4": "SELECT id4, avg(v1) AS v1, avg(v2) AS v2, avg(v3) AS v3 FROM {groups} GROUP BY id4",
    "groups 5": "SELECT id6, sum(v1) AS v1, sum(v2) AS v2, sum(v3) AS v3 FROM {groups} GROUP BY id6",
    "groups 6": "SELECT id4, id5, median(v3) AS v3, stddev(v3) AS sd FROM {groups} GROUP BY id4, id5",
    "groups 7": "SELECT id3, max(v1) - min(v2) AS spread FROM {groups} GROUP BY id3",
    "groups 8": "SELECT id6, v3 FROM (SELECT id6, v3, row_number() OVER (PARTITION BY id6 ORDER BY v3 DESC) AS place FROM {groups}) AS g "
    "WHERE place <= 2",
    "groups 9": "SELECT id2, id4, power(corr(v1, v2), 2) AS r2 FROM {groups} GROUP BY id2, id4",
    "groups 10": "SELECT id1, id2, id3, id4, id5, id6, sum(v3) AS v3, count(*) AS n FROM {groups} GROUP BY id1, id2, id3, id4, id5, id6",
}
