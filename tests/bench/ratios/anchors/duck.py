"""DuckDB behind Arrow Flight over mutual TLS: the anchor of point questions.

Started as flight.py is, with the same argument. A ticket is a dataset, a line feed and a question over views that are named after
the datasets, each of its Parquet files. What the footers of files say is kept from question to question, as a server would that
has nothing else to do. Python hands the question over; DuckDB answers it, and Arrow's C++ sends it.
"""

import threading

import duckdb
import pyarrow.flight as flight

from flight import Secured, serve


def quoted(text, mark):
    return mark + text.replace(mark, mark + mark) + mark


class Server(Secured):
    def __init__(self, told):
        super().__init__(told)
        self.database = duckdb.connect()
        self.database.execute("SET parquet_metadata_cache = true")
        for name, files in self.files.items():
            listed = ", ".join(quoted(file, "'") for file in files)
            self.database.execute(f"CREATE VIEW {quoted(name, chr(34))} AS SELECT * FROM read_parquet([{listed}])")
        self.own = threading.local()

    def do_get(self, context, ticket):
        _, question = ticket.ticket.decode().split("\n", 1)
        # A connection of DuckDB takes one question at a time.
        if not hasattr(self.own, "cursor"):
            self.own.cursor = self.database.cursor()
        return flight.RecordBatchStream(self.own.cursor.sql(question).to_arrow_reader())


if __name__ == "__main__":
    serve(Server)
