"""Programs of analysts in Python against a connector, over Flight SQL: each line that it prints is one thing that was tried.

Arguments: a file of JSON with `uri`, `host`, `port`, `name` and `root_certificate` as `hansa connect` tells them, `token` and `bad_token`.
"""

import json
import sys

import adbc_driver_flightsql.dbapi as flight_sql
import duckdb
import pandas
import polars
import pyarrow
import pyarrow.flight

SQL = "SELECT site, bikes FROM lindau.bikes ORDER BY site"


def settings(target, token):
    with open(target["root_certificate"], encoding="ascii") as file:
        root = file.read()
    return {
        "adbc.flight.sql.client_option.tls_root_certs": root,
        "adbc.flight.sql.client_option.tls_override_hostname": target["name"],
        "adbc.flight.sql.authorization_header": "Bearer " + token,
    }


def refused(work):
    """The text with which something is refused."""
    try:
        work()
    except Exception as error:  # each program has its own kind
        return str(error)
    raise AssertionError("it was not refused")


def done(name):
    print(name, flush=True)


def adbc(target):
    with flight_sql.connect(target["uri"], db_kwargs=settings(target, target["token"]), autocommit=True) as connection:
        with connection.cursor() as cursor:
            cursor.execute(SQL)
            table = cursor.fetch_arrow_table()
            assert table.to_pydict() == {"site": ["Hafen", "Insel"], "bikes": [310, 77]}, table
            done("adbc: a question")
            cursor.execute("SELECT bikes FROM lindau.bikes WHERE site = ? AND bikes < ?", ("Hafen", 1000))
            assert cursor.fetchall() == [(310,)]
            cursor.execute("SELECT bikes FROM lindau.bikes WHERE site = $1", ("Insel",))
            assert cursor.fetchall() == [(77,)]
            cursor.execute("SELECT count(*) AS n FROM lindau.bikes WHERE site = ?", ("' OR '1' = '1",))
            assert cursor.fetchall() == [(0,)]
            done("adbc: parameters")
            text = refused(lambda: cursor.execute("SELECT bike FROM lindau.bikes"))
            assert "COLUMN_UNKNOWN" in text and "bikes" in text, text
            text = refused(lambda: cursor.execute("SELECT site FROM lindau.bikes WHERE"))
            assert "SQL_SYNTAX" in text, text
            text = refused(lambda: cursor.execute("INSERT INTO lindau.bikes VALUES ('x', 1)"))
            assert "STATEMENT_NOT_ALLOWED" in text, text
            done("adbc: errors are told whole")
        tree = connection.adbc_get_objects().read_all().to_pylist()
        owners = [owner for catalog in tree for owner in catalog["catalog_db_schemas"]]
        assert [owner["db_schema_name"] for owner in owners] == ["lindau"], tree
        (table,) = owners[0]["db_schema_tables"]
        assert table["table_name"] == "bikes", table
        assert [column["column_name"] for column in table["table_columns"]] == ["site", "bikes"], table
        schema = connection.adbc_get_table_schema("bikes", db_schema_filter="lindau")
        assert schema.names == ["site", "bikes"], schema
        assert connection.adbc_get_table_types() == ["TABLE"]
        info = connection.adbc_get_info()
        assert info["vendor_name"] == "Hansa", info
        done("adbc: metadata")


def data_frames(target):
    with flight_sql.connect(target["uri"], db_kwargs=settings(target, target["token"]), autocommit=True) as connection:
        frame = pandas.read_sql(SQL, connection)
        assert frame["bikes"].sum() == 387, frame
        done("pandas")
        frame = polars.read_database(SQL, connection)
        assert frame["bikes"].sum() == 387, frame
        done("polars")
        with connection.cursor() as cursor:
            cursor.execute(SQL)
            rows = cursor.fetch_record_batch()
            total = duckdb.sql("SELECT sum(bikes) FROM rows").fetchall()
            assert total == [(387,)], total
        done("duckdb")


def user_and_password(target):
    _, token, secret = target["token"].split("_")
    options = settings(target, "")
    del options["adbc.flight.sql.authorization_header"]
    with flight_sql.connect(
        target["uri"], db_kwargs={**options, "username": token, "password": secret}, autocommit=True
    ) as connection:
        with connection.cursor() as cursor:
            cursor.execute(SQL)
            assert len(cursor.fetchall()) == 2
    text = refused(
        lambda: flight_sql.connect(target["uri"], db_kwargs={**options, "username": token, "password": "0" * 64})
    )
    assert "TOKEN_INVALID" in text, text
    done("adbc: user and password, told at connect")


def wrong_token(target):
    def ask():
        with flight_sql.connect(target["uri"], db_kwargs=settings(target, target["bad_token"]), autocommit=True) as connection:
            with connection.cursor() as cursor:
                cursor.execute(SQL)

    text = refused(ask)
    assert "TOKEN_INVALID" in text and "hansa token create" in text, text
    options = settings(target, "")
    del options["adbc.flight.sql.authorization_header"]

    def ask_without():
        with flight_sql.connect(target["uri"], db_kwargs=options, autocommit=True) as connection:
            with connection.cursor() as cursor:
                cursor.execute(SQL)

    text = refused(ask_without)
    assert "TOKEN_REQUIRED" in text, text
    done("adbc: a wrong token, and none")


def message(field, payload):
    """A member of protobuf with bytes."""
    length, head = len(payload), bytes([field << 3 | 2])
    while True:
        part, length = length & 127, length >> 7
        head += bytes([part | (128 if length else 0)])
        if not length:
            return head + payload


def plain_flight(target):
    with open(target["root_certificate"], "rb") as file:
        root = file.read()
    client = pyarrow.flight.FlightClient(
        f"grpc+tls://{target['host']}:{target['port']}", tls_root_certs=root, override_hostname=target["name"]
    )
    options = pyarrow.flight.FlightCallOptions(headers=[(b"authorization", b"Bearer " + target["token"].encode())])
    name = b"type.googleapis.com/arrow.flight.protocol.sql.CommandStatementQuery"
    command = message(1, name) + message(2, message(1, SQL.encode()))
    info = client.get_flight_info(pyarrow.flight.FlightDescriptor.for_command(command), options)
    table = client.do_get(info.endpoints[0].ticket, options).read_all()
    assert table.schema == info.schema and table.num_rows == 2, table
    client.authenticate_basic_token(*target["token"].split("_")[1:])
    text = refused(lambda: client.get_flight_info(pyarrow.flight.FlightDescriptor.for_command(command)))
    assert "TOKEN_REQUIRED" in text, text
    done("pyarrow.flight")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        target = json.load(file)
    adbc(target)
    data_frames(target)
    user_and_password(target)
    wrong_token(target)
    plain_flight(target)


main()
