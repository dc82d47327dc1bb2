"""Arrow Flight of the C++ library over mutual TLS: the anchor of whole reads.

Started by `cargo ratios` with one argument, a JSON object: the files of each dataset, key and certificate of the server, and
the trust bundle with the authority whose clients it accepts. Prints its port. A ticket is a dataset, a line feed and the columns,
with commas between them. Python sets it up; reading, encoding and sending are C++.
"""

import base64
import json
import ssl
import sys

import pyarrow.dataset as dataset
import pyarrow.flight as flight


def read(path):
    with open(path, "rb") as file:
        return file.read()


def authorities(path):
    anchors = json.loads(read(path))["bundle"]["anchors"]
    # Base64 for URLs, without its filling.
    certificates = (base64.urlsafe_b64decode(anchor["certificate"] + "==") for anchor in anchors)
    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode()


class Secured(flight.FlightServerBase):
    def __init__(self, told):
        super().__init__(
            "grpc+tls://127.0.0.1:0",
            tls_certificates=[(read(told["tls_cert"]), read(told["tls_key"]))],
            verify_client=True,
            root_certificates=authorities(told["bundle"]),
        )
        self.files = told["files"]


class Server(Secured):
    def do_get(self, context, ticket):
        name, columns = ticket.ticket.decode().split("\n")
        scanner = dataset.dataset(self.files[name], format="parquet").scanner(columns=columns.split(","))
        return flight.RecordBatchStream(scanner.to_reader())


def serve(kind):
    server = kind(json.loads(sys.argv[1]))
    print(server.port, flush=True)
    server.serve()


if __name__ == "__main__":
    serve(Server)
