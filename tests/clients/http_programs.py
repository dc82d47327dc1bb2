"""Asks over HTTP with the programs of others, as their manuals say. One line for each that was answered as it should be."""

import asyncio
import io
import json
import os
import random
import socket
import ssl
import subprocess
import sys
import warnings

import httpx2
import openpyxl
import pandas
import requests
from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client
from owslib.ogcapi.features import Features

with open(sys.argv[1]) as file:
    TARGET = json.load(file)
HOST, PORT = TARGET["address"].rsplit(":", 1)
BASE = f"https://{TARGET['name']}:{PORT}"
TOKEN = {"Authorization": f"Bearer {TARGET['token']}"}
# What requests trusts, also where a library does not hand its own choice on.
os.environ["REQUESTS_CA_BUNDLE"] = TARGET["root"]
QUERY = f"{BASE}/v1/queries/lindau/kinds?kind=oak"

# The name in the certificate leads to this machine.
ADDRESSES = socket.getaddrinfo
socket.getaddrinfo = lambda host, *more, **named: ADDRESSES(
    HOST if host in (TARGET["name"], TARGET["name"].encode()) else host, *more, **named
)


def get(path, **named):
    return requests.get(path, headers=TOKEN, verify=TARGET["root"], timeout=30, **named)


def told(program, what):
    print(f"{program}: {what}")


def curl():
    """With id and secret, as a spreadsheet has them in two boxes."""
    secret = TARGET["token"].rsplit("_", 1)[1]
    command = ["curl", "--silent", "--show-error", "--fail", "--cacert", TARGET["root"]]
    command += ["--resolve", f"{TARGET['name']}:{PORT}:{HOST}", "--user", f"{TARGET['id']}:{secret}"]
    done = subprocess.run([*command, QUERY], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[0] == "lon,lat,kind", done.stdout
    told("curl", f"{len(done.stdout.splitlines())} lines")


def data_frame():
    answer = get(QUERY)
    frame = pandas.read_csv(io.BytesIO(answer.content))
    assert list(frame["kind"]) == ["oak", "oak"], frame
    told("pandas", f"{len(frame)} rows")


def workbook():
    content = io.BytesIO(get(f"{QUERY}&format=xlsx").content)
    # A reader that warns has put something of its own in the place of what it missed.
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        book = openpyxl.load_workbook(content)
    rows = list(book["Rows"].values)
    assert rows == [("lon", "lat", "kind"), (7.1, 51.1, "oak"), (7.3, 51.3, "oak")], rows
    about = [cell for row in book["About"].values for cell in row]
    assert "lindau.example" in about, about
    told("openpyxl", f"{len(rows) - 1} rows")


def features():
    service = Features(f"{BASE}/ogc", headers=TOKEN)
    assert service.feature_collections() == ["lindau.trees"], service.feature_collections()
    page = service.collection_items("lindau.trees", bbox=[7.15, 51, 7.4, 52], limit=10)
    assert [point["properties"]["kind"] for point in page["features"]] == ["lime", "oak"], page
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in service.conformance()["conformsTo"]
    told("owslib", f"{page['numberReturned']} features")


def open_data():
    """Without a token."""
    where = f"{BASE}/open/squares"
    answer = requests.get(f"{where}.parquet", verify=TARGET["root"], timeout=30)
    frame = pandas.read_parquet(io.BytesIO(answer.content))
    assert frame.to_dict("records") == [{"lon": 7.1, "lat": 51.1, "name": "market"}], frame
    told("pandas", f"{len(frame)} rows of Parquet that anybody may fetch")
    same = {"If-None-Match": answer.headers["ETag"]}
    assert requests.get(f"{where}.parquet", headers=same, verify=TARGET["root"], timeout=30).status_code == 304
    command = ["curl", "--silent", "--show-error", "--fail", "--cacert", TARGET["root"]]
    command += ["--resolve", f"{TARGET['name']}:{PORT}:{HOST}", "--range", "0-2", f"{where}.csv"]
    part = subprocess.run(command, capture_output=True, text=True, check=True)
    assert part.stdout == "lon", part.stdout
    told("curl", "a range of CSV that anybody may fetch")


async def agent():
    trusted = ssl.create_default_context(cafile=TARGET["root"])
    client = httpx2.AsyncClient(headers=TOKEN, timeout=30, verify=trusted)
    async with client, streamable_http_client(f"{BASE}/mcp", http_client=client) as (read, write, *_):
        async with ClientSession(read, write) as session:
            await session.initialize()
            tools = [tool.name for tool in (await session.list_tools()).tools]
            assert tools == ["catalog_search", "explain", "ask"], tools
            asked = {"purpose": TARGET["purpose"], "sql": "SELECT count(*) AS n FROM lindau.trees"}
            answer = await session.call_tool("ask", asked)
            assert answer.structured_content["rows"] == [{"n": 4}], answer
            refused = await session.call_tool("ask", {**asked, "sql": "SELECT * FROM lindau.secrets"})
            assert refused.is_error and refused.structured_content["code"] == "DATASET_UNKNOWN", refused
    told("mcp", f"request {answer.structured_content['requests'][0]['request']}")


def fuzzed(description, *more):
    """What a description says is kept, whatever is sent."""
    from schemathesis.cli import schemathesis

    # Another one in each run; HANSA_SEED repeats one.
    seed = os.environ.get("HANSA_SEED") or str(random.SystemRandom().randrange(1 << 32))
    arguments = ["run", f"{BASE}{description}", "--tls-verify", TARGET["root"], *more]
    arguments += ["--seed", seed, "--no-color"]
    # Which texts are statements a schema can not say.
    arguments += ["--exclude-checks", "positive_data_acceptance"]
    out = io.StringIO()
    before, sys.stdout = sys.stdout, out
    try:
        schemathesis(arguments, standalone_mode=False)
        code = 0
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout = before
    if code not in (0, None):
        sys.exit(f"schemathesis ended with {code}, seed {seed}\n{out.getvalue()}")
    told("schemathesis", f"nothing found in {description} with the seed {seed}")


curl()
data_frame()
workbook()
features()
open_data()
asyncio.run(agent())
fuzzed("/openapi.json", "--header", f"Authorization: {TOKEN['Authorization']}", "--max-examples", "40")
# Strangers have so many requests in a minute.
fuzzed("/open/openapi.json", "--max-examples", "4")
