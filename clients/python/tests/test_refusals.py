"""Refusals: each with its code, its clause and what would help."""

import pytest

import hansa
from hansa.errors import of_flight, of_json


def test_a_contract_refuses_with_its_clause(firm):
    contract = next(one for one in firm.contracts() if one.provider == "munster.example")
    with pytest.raises(hansa.Refused) as refused:
        firm.sql("SELECT * FROM munster.bike_counts")
    error = refused.value
    assert error.code == "AGGREGATE_ONLY"
    assert contract.contract.startswith(error.contract)
    assert error.clause in {term.clause for term in contract.terms}
    assert error.help
    assert error.participant == "munster.example"
    assert all(part in str(error) for part in ("AGGREGATE_ONLY", error.sentence, error.clause, error.help[0]))


@pytest.mark.parametrize(
    ("sql", "code", "kind"),
    [
        ("SELECT observed_at FROM munster.bike_counts", "COLUMN_UNKNOWN", hansa.HansaError),
        ("SELECT * FROM munster.bike_channels", "DATASET_UNKNOWN", hansa.Refused),
        ("SELECT * FROM munster.nothing", "DATASET_UNKNOWN", hansa.Refused),
        ("SELECT * FROM bremen.bikes", "DATASET_UNKNOWN", hansa.HansaError),
        ("SELECT sum(bikes FROM munster.bike_counts", "SQL_SYNTAX", hansa.UsageError),
        ("INSERT INTO munster.bike_counts VALUES (1)", "STATEMENT_NOT_ALLOWED", hansa.HansaError),
        ("SELECT 1; SELECT 2", "ONE_STATEMENT_ONLY", hansa.HansaError),
        (";", "SQL_SYNTAX", hansa.HansaError),
    ],
)
def test_what_is_refused(firm, sql, code, kind):
    with pytest.raises(kind) as refused:
        firm.sql(sql)
    assert refused.value.code == code, refused.value
    assert refused.value.help


def test_another_purpose_is_refused_and_so_is_one_that_nobody_knows(firm):
    with pytest.raises(hansa.Refused) as refused:
        firm.sql("SELECT sum(bikes) FROM munster.bike_counts", purpose="dpv:Marketing")
    assert refused.value.code == "PURPOSE_NOT_COVERED"
    with pytest.raises(hansa.UsageError) as refused:
        firm.sql("SELECT sum(bikes) FROM munster.bike_counts", purpose="nonsense")
    assert refused.value.code == "PURPOSE_UNKNOWN"
    # No argument can become an option of a command.
    with pytest.raises(hansa.HansaError):
        firm.sql("SELECT 1 AS n", purpose="traffic-planning --days 300")
    with pytest.raises(hansa.HansaError) as refused:
        firm.request_contract("--sign")
    assert refused.value.code == "USAGE"


def test_a_withdrawal_needs_a_yes(firm):
    contract = firm.contracts()[0]
    with pytest.raises(hansa.ConfirmationNeeded):
        firm.withdraw(contract, "by mistake")
    assert contract.contract in {one.contract for one in firm.contracts() if one.in_force}


def test_a_folder_without_a_participant(tmp_path):
    with pytest.raises(hansa.HansaError) as refused:
        hansa.connect(tmp_path)
    assert "hansa.toml" in str(refused.value)
    (tmp_path / "hansa.toml").write_text("[participant]\nid = 7\n")
    with pytest.raises(hansa.InvalidData) as refused:
        hansa.connect(tmp_path)
    assert refused.value.file is not None


def test_errors_of_a_driver_are_read_whole():
    error = of_flight(
        "UNAUTHORIZED: [FlightSQL] [FlightSQL] AGGREGATE_ONLY: munster.example: rows are not shown"
        "\n  contract 7f3ac0de clause #c3: sum, count\n  help: ask for a sum\n  help: or a count (PermissionDenied; ExecuteQuery)"
    )
    assert isinstance(error, hansa.Refused)
    assert (error.code, error.contract, error.clause, error.allowed) == ("AGGREGATE_ONLY", "7f3ac0de", "#c3", "sum, count")
    assert error.help == ("ask for a sum", "or a count")
    assert (error.participant, error.sentence) == ("munster.example", "rows are not shown")
    error = of_flight("IO: [FlightSQL] connection refused (Unavailable; Prepare)")
    assert isinstance(error, hansa.OutOfReach)
    assert error.code == "CLIENT_FAILED"
    assert error.sentence == "IO: [FlightSQL] connection refused"


def test_errors_of_a_command_keep_file_line_and_key():
    error = of_json(
        {
            "code": "CONFIG_INVALID",
            "sentence": "`id` is no text",
            "file": "hansa.toml",
            "line": 2,
            "key": "participant.id",
            "help": ["write a domain"],
            "exit": 6,
        }
    )
    assert isinstance(error, hansa.InvalidData)
    assert "hansa.toml:2 (participant.id)" in str(error)
