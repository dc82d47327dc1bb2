"""A bare Flight server over TLS: the C++ implementation with nothing around it, which sends the rows of a Parquet file.

Started as `bare_server.py FOLDER` it makes a certificate in the folder, prints its port and serves columns of each `FOLDER/data/TABLE.parquet`. A
ticket has the name of the table and those of the columns, with commas.
"""

import pathlib
import subprocess
import sys

import pyarrow
import pyarrow.flight as flight
import pyarrow.parquet as parquet

CERTIFICATE, KEY = "bare.crt", "bare.key"


class Server(flight.FlightServerBase):
    def __init__(self, folder, **options):
        super().__init__("grpc+tls://127.0.0.1:0", **options)
        self.folder = folder

    def do_get(self, context, ticket):
        table, *columns = ticket.ticket.decode().split(",")
        file = parquet.ParquetFile(self.folder / "data" / f"{table}.parquet")
        schema = pyarrow.schema([file.schema_arrow.field(column) for column in columns])
        return flight.GeneratorStream(schema, file.iter_batches(batch_size=65_536, columns=columns))


def make_certificate(folder):
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"]
    command += ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command += ["-keyout", str(folder / KEY), "-out", str(folder / CERTIFICATE)]
    subprocess.run(command, check=True, capture_output=True)


def connect(folder, port):
    """Connects to the server of this folder, which a started process printed the port of."""
    return flight.FlightClient(f"grpc+tls://127.0.0.1:{port}", tls_root_certs=(folder / CERTIFICATE).read_bytes())


def read(client, table, columns):
    return client.do_get(flight.Ticket(",".join([table, *columns]).encode())).read_all()


def main():
    folder = pathlib.Path(sys.argv[1])
    make_certificate(folder)
    server = Server(folder, tls_certificates=[((folder / CERTIFICATE).read_bytes(), (folder / KEY).read_bytes())])
    print(server.port, flush=True)
    server.serve()


if __name__ == "__main__":
    main()
