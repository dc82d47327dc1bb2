"""From a mail to a data frame: keys, league, contract, question, receipt, withdrawal."""

import random

import pytest

import hansa

SUM = "SELECT site, sum(bikes) AS bikes FROM lindau.bikes GROUP BY site ORDER BY site"


def member(league):
    """A firm that has joined."""
    applicant = hansa.init(league.folder / "office", id="office.example", name="Planning office")
    mail = league.admit(applicant.request)
    hansa.join(applicant.folder, mail, fingerprint=league.fingerprint)
    return applicant.folder


def test_a_firm_with_python_alone_comes_from_a_mail_to_a_data_frame(league):
    """Each line that does not assert is one that a new user types, but for those of the league and the city."""
    city = league.city("lindau")
    league.city("bregenz", factor=10, signs_at_once=True)
    league.city("konstanz", factor=100, signs_at_once=True)

    office = hansa.init(league.folder / "office", id="office.example", name="Planning office")
    assert office.participant == "office.example"
    mail = league.admit(office.request)
    hansa.join(office.folder, mail, fingerprint=league.fingerprint)
    with hansa.connect(office.folder, purpose="traffic-planning") as firm:
        cities = ["lindau", "bregenz", "konstanz"]
        asked = [firm.request_contract(f"{name}.bikes", sign=True) for name in cities]
        city.run("contract", "sign", "bikes")
        signed = [firm.wait(one, seconds=60) for one in asked]
        assert all(one.in_force for one in signed)
        frame = firm.sql(
            """
            SELECT l.site, l.bikes AS lindau, b.bikes AS bregenz, k.bikes AS konstanz
            FROM (SELECT site, sum(bikes) AS bikes FROM lindau.bikes GROUP BY site) l
            JOIN (SELECT site, sum(bikes) AS bikes FROM bregenz.bikes GROUP BY site) b ON b.site = l.site
            JOIN (SELECT site, sum(bikes) AS bikes FROM konstanz.bikes GROUP BY site) k ON k.site = l.site
            ORDER BY l.site
            """
        ).pandas()
        assert frame.to_dict("list") == {
            "site": ["Bahnhof", "Hafen"],
            "lindau": [2392, 812],
            "bregenz": [23920, 8120],
            "konstanz": [239200, 81200],
        }
        assert {receipt.participant for receipt in firm.receipts()} == {f"{name}.example" for name in cities}


def test_a_league_is_the_one_that_its_operator_reads_out(league):
    office = hansa.init(league.folder / "office", id="office.example", name="Planning office")
    mail = league.admit(office.request)
    with pytest.raises(hansa.ConfirmationNeeded) as asked:
        hansa.join(office.folder, mail)
    assert league.fingerprint in asked.value.sentence
    with pytest.raises(hansa.HansaError) as refused:
        hansa.join(office.folder, mail, fingerprint="0" * 64)
    assert refused.value.code == "WRONG_LEAGUE"
    assert not (office.folder / "trust/bundle.json").exists()
    joined = hansa.join(office.folder, mail, fingerprint=league.fingerprint)
    assert joined.league == "Pilot league"
    assert joined.fingerprint == league.fingerprint
    # The folder holds a participant already.
    with pytest.raises(hansa.HansaError) as refused:
        hansa.init(office.folder, id="other.example", name="Other")
    assert refused.value.code == "FILE_EXISTS"


def test_a_contract_from_its_request_to_its_end(league):
    city = league.city()
    with hansa.connect(member(league), purpose="traffic-planning") as office:
        (bikes,) = office.catalog("lindau.example")
        assert bikes.name == "lindau.bikes"
        assert not bikes.may_be_asked
        assert bikes.offers[0].terms
        # Without a contract there is nothing, for whatever purpose; the city's own is not known before it comes with one.
        for purpose, code in [("", "DATASET_UNKNOWN"), ("dpv:PublicBenefit", "DATASET_UNKNOWN"), (None, "PURPOSE_UNKNOWN")]:
            with pytest.raises(hansa.HansaError) as refused:
                office.sql(SUM, purpose=purpose)
            assert refused.value.code == code
        with pytest.raises(hansa.Refused) as refused:
            office.request_contract(bikes, offer="another", sign=True)
        assert refused.value.code == "OFFER_UNKNOWN"
        asked = office.request_contract(bikes, offer=bikes.offers[0], sign=True)
        assert not asked.in_force
        assert asked.turn == "their turn"
        assert [one.negotiation for one in office.negotiations()] == [asked.negotiation]
        with pytest.raises(hansa.HansaError) as refused:
            office.wait(asked, seconds=1)
        assert refused.value.code == "TIMED_OUT"

        city.run("contract", "sign", "bikes")
        signed = office.wait(asked, seconds=60)
        assert signed.in_force
        assert not office.negotiations()
        (contract,) = office.contracts()
        assert contract.in_force
        assert contract.provider == "lindau.example"
        assert contract.contract == signed.contract
        assert office.contract(contract)["contract"] == contract.contract
        assert office.catalog("lindau")["lindau.bikes"].columns == ("site", "bikes")

        frame = office.sql(SUM).pandas()
        assert frame.to_dict("list") == {"site": ["Bahnhof", "Hafen"], "bikes": [2392, 812]}
        (receipt,) = office.receipts()
        assert receipt.participant == "lindau.example"
        assert office.verify().records > 0
        bundle = office.export(league.folder / "office.hansa-evidence")
        assert office.verify(bundle).records > 0
        damaged = league.folder / "damaged.hansa-evidence"
        damaged.write_bytes(bundle.read_bytes()[:-40])
        with pytest.raises(hansa.HansaError):
            office.verify(damaged)
        assert any(peer["participant"] == "lindau.example" for peer in office.peers())

        # The firm ends it, and asks nothing more under it.
        office.withdraw(contract, "the pilot is over", yes=True)
        with pytest.raises(hansa.Refused) as refused:
            office.sql(SUM)
        assert "WITHDRAWN" in refused.value.code
        assert not office.contracts()[0].in_force
        assert not office.catalog("lindau")["lindau.bikes"].may_be_asked


def test_a_city_signs_and_declines_in_python(league):
    city = league.city()
    city.stop()
    with hansa.connect(city.folder) as provider, hansa.connect(member(league), purpose="traffic-planning") as office:
        asked = office.request_contract("lindau.bikes", sign=True)
        declined = provider.decline("bikes", "not for this purpose")
        assert declined.reason == "not for this purpose"
        with pytest.raises(hansa.HansaError) as refused:
            office.wait(asked, seconds=60)
        assert "not for this purpose" in refused.value.sentence
        again = office.request_contract("lindau.bikes", sign=True)
        # What is left is that the firm confirms it.
        assert provider.sign("bikes").state == "AGREED"
        assert office.wait(again, seconds=60).in_force
        assert len(office.sql(SUM)) == 2


ROWS = 200_000


@pytest.fixture
def long_table(league):
    """A firm with a contract over a table that is far larger than what is on its way at once, and that can't be compressed."""
    city = league.city()
    numbers = random.Random(7)
    with (city.folder / "passages.csv").open("w") as file:
        file.write("id,signal\n")
        for number in range(ROWS):
            file.write(f"{number},{numbers.randbytes(250).hex()}\n")
    city.offer("passages", "--all-columns", "--auto-sign")
    with hansa.connect(member(league), purpose="traffic-planning") as office:
        signed = office.request_contract("lindau.passages", sign=True, wait=60)
        assert signed.in_force
        yield city, office, signed.contract


def closed_answers(city, count):
    """How answers of a city ended, once so many have; the end of one that is let go of is noticed a little later."""
    while True:
        records = city.run("audit", "list", "--last=1000")
        closed = [record["body"]["outcome"] for record in records if record["type"] == "close"]
        if len(closed) >= count:
            return closed


def test_an_answer_that_is_let_go_of_and_one_whose_contract_is_withdrawn(long_table):
    city, office, contract = long_table
    asked = "SELECT id, signal FROM lindau.passages"
    for batches in (office.sql(asked).batches(), office.sql(asked).batches()):
        next(batches)
        batches.close()
    # A question that is let go of is over: the city's log says that it was cut. A sum of all rows is whole.
    assert office.sql("SELECT count(*) AS n FROM lindau.passages").arrow()["n"].to_pylist() == [ROWS]
    assert sorted(closed_answers(city, 3)) == ["cancelled", "cancelled", "done"]

    answer = office.sql(asked)
    batches = answer.batches()
    came = next(batches).num_rows
    city.run("--yes", "contract", "withdraw", contract, "--reason", "enough")
    with pytest.raises(hansa.HansaError) as refused:  # noqa: PT012 - what came before counts
        for batch in batches:
            came += batch.num_rows
    assert "WITHDRAWN" in refused.value.code
    assert 0 < came < ROWS
    # It stays an error, whatever is asked of it.
    for read in (answer.arrow, answer.pandas, answer.polars, lambda: len(answer), lambda: list(answer)):
        with pytest.raises(hansa.HansaError) as again:
            read()
        assert again.value is refused.value
    with pytest.raises(hansa.Refused):
        office.sql(asked)


def test_a_city_that_can_not_be_reached_is_missing_and_said(league):
    city = league.city()
    with hansa.connect(member(league), purpose="traffic-planning") as office:
        office.request_contract("lindau.bikes", sign=True)
        city.run("contract", "sign", "bikes")
        office.wait("bikes", seconds=60)
        city.stop()
        with pytest.warns(hansa.HansaWarning, match="lindau"):
            catalog = office.catalog()
        assert catalog.missing[0].participant == "lindau.example"
        with pytest.raises(hansa.OutOfReach):
            office.catalog("lindau")
        with pytest.raises(hansa.OutOfReach):
            office.sql(SUM)
