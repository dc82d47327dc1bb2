"""Questions over several cities under contracts, and what comes back."""

import threading

import duckdb
import pandas
import polars
import pyarrow
import pytest

import hansa

THREE_CITIES = """
SELECT 'lisbon' AS city, sum(validations) AS journeys FROM lisbon.validations
UNION ALL SELECT 'munster', sum(bikes) FROM munster.bike_counts WHERE local_date >= '2020-01-01' AND local_date < '2021-01-01'
UNION ALL SELECT 'ottawa', sum(bikes) FROM ottawa.bike_counts WHERE local_date >= '2020-01-01' AND local_date < '2021-01-01'
"""
MONTHS = """
SELECT participant, date_trunc('month', local_date) AS month, sum(bikes) AS bikes FROM model.bicycle_counts
WHERE local_date >= '2020-01-01' AND local_date < '2021-01-01' GROUP BY participant, date_trunc('month', local_date)
"""
AIR = "SELECT town, avg(value) AS no2 FROM model.air_quality_observed GROUP BY town"


def test_three_cities_are_one_data_frame(firm):
    answer = firm.sql(THREE_CITIES)
    assert answer.schema.names == ["city", "journeys"]
    frame = answer.pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert sorted(frame["city"]) == ["lisbon", "munster", "ottawa"]
    assert (frame["journeys"] > 0).all()
    in_force = {contract.contract for contract in firm.contracts() if contract.in_force}
    assert {reading.contract for reading in answer.reads} == in_force
    assert len(in_force) == 3
    licences = {reading.participant: reading.licence for reading in answer.reads}
    assert licences == {
        "lisbon.example": "ODbL-1.0",
        "munster.example": "dl-de/by-2-0",
        "ottawa.example": "OGL-Ottawa-2.0",
    }
    assert any("Münster" in text for text in answer.attributions)
    # The command line gives the same.
    told = firm.run("sql", "--purpose=traffic-planning", "--", THREE_CITIES)
    rows = {row["city"]: row["journeys"] for row in told if "city" in row}
    assert rows == dict(zip(frame["city"], frame["journeys"], strict=True))


def test_a_model_asks_all_that_have_it_and_cities_are_joined(firm):
    frame = firm.sql(MONTHS).polars()
    assert isinstance(frame, polars.DataFrame)
    assert set(frame["participant"]) == {"munster.example", "ottawa.example"}
    joined = firm.sql(
        """
        SELECT m.month, m.bikes AS munster, o.bikes AS ottawa
        FROM (SELECT date_trunc('month', local_date) AS month, sum(bikes) AS bikes FROM munster.bike_counts GROUP BY 1) m
        JOIN (SELECT date_trunc('month', local_date) AS month, sum(bikes) AS bikes FROM ottawa.bike_counts GROUP BY 1) o
        ON m.month = o.month ORDER BY m.month
        """
    )
    table = joined.arrow()
    assert table.num_rows > 0
    by_month = {(row["participant"], row["month"]): row["bikes"] for row in frame.to_dicts()}
    for row in table.to_pylist():
        if row["month"].year == 2020:
            assert row["munster"] == by_month["munster.example", row["month"]]
            assert row["ottawa"] == by_month["ottawa.example", row["month"]]


def test_public_views_need_no_contract_and_no_purpose(stage):
    with hansa.connect(stage / "acme") as firm:
        assert firm.purpose is None
        answer = firm.sql("SELECT participant, avg(value) AS no2 FROM model.air_quality_observed GROUP BY participant")
        assert len(answer) == 3
        assert {reading.participant for reading in answer.reads} == {"zurich.example", "barcelona.example", "uk.example"}
        # What contracts give for a purpose is not there without one.
        with pytest.raises(hansa.Refused) as refused:
            firm.sql("SELECT sum(bikes) FROM munster.bike_counts")
        assert refused.value.code == "PURPOSE_MISSING"
        # A purpose can be named for one question.
        assert len(firm.sql("SELECT sum(bikes) AS n FROM munster.bike_counts", purpose="traffic-planning")) == 1


def test_parameters_are_values_and_nothing_else(firm):
    all_sites = firm.sql("SELECT site, sum(bikes) AS bikes FROM munster.bike_counts GROUP BY site").arrow().to_pylist()
    site = all_sites[0]["site"]
    asked = "SELECT sum(bikes) AS bikes FROM munster.bike_counts WHERE site = ?"
    assert firm.sql(asked, [site]).arrow()["bikes"].to_pylist() == [all_sites[0]["bikes"]]
    assert firm.sql(asked.replace("?", "$1"), [site]).arrow()["bikes"].to_pylist() == [all_sites[0]["bikes"]]
    nobody = firm.sql(asked, ["' OR '1' = '1"]).arrow()["bikes"].to_pylist()
    assert nobody in ([None], [])
    with pytest.raises(hansa.HansaError) as refused:
        firm.sql(asked)
    assert refused.value.code == "USAGE"
    assert "1 parameters" in refused.value.sentence


def test_rows_are_read_once_as_they_come_or_held_as_a_table(firm):
    answer = firm.sql(MONTHS)
    batches = list(answer.batches())
    assert sum(batch.num_rows for batch in batches) > 12
    with pytest.raises(hansa.UsageError) as refused:
        answer.arrow()
    assert refused.value.code == "CLIENT_ANSWER_READ"
    answer = firm.sql(MONTHS)
    assert answer.arrow() is answer.arrow()
    assert pyarrow.Table.from_batches(answer.batches()).equals(answer.arrow())
    assert sum(1 for _ in firm.sql(MONTHS)) == answer.arrow().num_rows
    # Other programs take it as a stream.
    assert polars.DataFrame(firm.sql(MONTHS)).height == answer.arrow().num_rows
    rows = duckdb.from_arrow(firm.sql(MONTHS).reader())
    assert rows.aggregate("count(*)").fetchall() == [(answer.arrow().num_rows,)]
    # Half an answer is none.
    answer = firm.sql(MONTHS)
    for _ in answer.batches():
        break
    with pytest.raises(hansa.UsageError):
        answer.pandas()
    answer = firm.sql(MONTHS)
    answer.close()
    with pytest.raises(hansa.UsageError):
        answer.pandas()


def test_a_notebook_shows_rows_and_sources(firm):
    answer = firm.sql("SELECT '<b>' AS html, sum(bikes) AS bikes FROM munster.bike_counts")
    html = answer._repr_html_()
    assert "&lt;b&gt;" in html
    assert "Stadt Münster" in html
    assert "munster.bike_counts" in firm.catalog()._repr_html_()


def test_the_catalogue_tells_what_may_be_asked_and_what_is_offered(firm):
    catalog = firm.catalog()
    assert not catalog.missing
    bikes = catalog["munster.bike_counts"]
    assert bikes.may_be_asked
    assert bikes.columns == ("site", "local_date", "bikes")
    # Its owner has more columns, and describes to this firm those that it offers to it.
    assert {column.name for column in bikes.described} == set(bikes.columns)
    assert next(column.unit for column in bikes.described if column.name == "bikes") == "{bicycle}"
    assert bikes.licence == "dl-de/by-2-0"
    assert bikes.participant == "munster.example"
    assert len(bikes.contracts) == 1
    assert bikes.offers[0].title == "Bicycles by site and month"
    assert any("month" in term.text for term in bikes.offers[0].terms)
    air = catalog["zurich.air_quality"]
    assert air.may_be_asked
    assert air.public_views
    assert "bicycle_counts" in catalog.models
    assert {dataset.name for dataset in catalog.askable} >= {"lisbon.validations", "munster.bike_counts", "uk.air_quality"}
    assert "munster.bike_counts" in {dataset.name for dataset in catalog.offered}
    # What nobody offers to this firm is nowhere.
    assert "bike_channels" not in str(catalog.pandas())
    with pytest.raises(KeyError):
        catalog["munster.bike_channels"]
    assert [dataset.participant for dataset in firm.catalog("ottawa")] == ["ottawa.example"]


def test_threads_ask_at_the_same_time(firm):
    got, errors = [], []

    def ask():
        try:
            got.append(firm.sql(AIR).arrow().num_rows)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(set(got)) == 1
    assert len(got) == 4


def test_other_programs_take_the_connection(firm):
    with firm.adbc() as connection:
        frame = pandas.read_sql("SELECT site, sum(bikes) AS bikes FROM munster.bike_counts GROUP BY site", connection)
    assert len(frame) == 3


def test_what_a_question_would_send_is_told_before(firm):
    told = firm.explain(THREE_CITIES)
    assert {query["participant"] for query in told["remote_queries"]} == {"lisbon.example", "munster.example", "ottawa.example"}


def test_each_answer_leaves_a_receipt_and_the_log_verifies(firm):
    before = len(firm.receipts())
    answer = firm.sql("SELECT sum(bikes) AS n FROM munster.bike_counts").arrow()
    assert answer.num_rows == 1
    receipts = firm.receipts()
    assert len(receipts) == before + 1
    newest = receipts[-1]
    assert newest.participant == "munster.example"
    assert newest.rows == 1
    assert newest.receipt
    checked = firm.verify()
    assert checked.records > newest.record
    contract = next(one for one in firm.contracts() if one.provider == "munster.example")
    assert len(firm.receipts(contract=contract)) <= len(receipts)
    assert {one.participant for one in firm.receipts(participant="munster")} == {"munster.example"}
