//! Terms over the wire, and what an officer sees of them before anybody signs.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text};
use serde_json::Value;
use std::collections::BTreeSet;

const ALWAYS: &str = "valid = { from = 2026-01-01, until = 2029-12-31 }";

/// Trips of a city, as its configuration has them.
const TRIPS: &str = "trip,device,plate,fare,at,parish\n\
    1,d1,LI-AB 1,2.5,2026-05-01T10:00:00Z,north\n\
    2,d2,LI-CD 2,7.5,2026-05-01T11:00:00Z,south\n\
    3,d1,LI-AB 1,12.0,2026-05-01T12:00:00Z,north\n\
    4,d3,M-XY 3,40.0,2999-01-01T00:00:00Z,south\n";

const PARISHES: &str = "parish,title\nnorth,Harbour\nsouth,Hill\n";

fn league() -> (TestLeague, TestParticipant) {
    let league = TestLeague::new(binary());
    let lindau = league.city("lindau");
    lindau.holds("trips", TRIPS, "");
    lindau.holds("parishes", PARISHES, "");
    lindau.publishes();
    lindau.offers("parishes", "open", ALWAYS, "\"league\"", "auto");
    (league, lindau)
}

fn served(
    league: &TestLeague,
    lindau: &mut TestParticipant,
    firms: &[&str],
) -> Vec<TestParticipant> {
    let firms: Vec<TestParticipant> = firms.iter().map(|firm| league.firm(firm)).collect();
    league.hand_bundle_to("lindau");
    lindau.serve();
    for firm in &firms {
        firm.knows(lindau);
    }
    firms
}

fn rows(firm: &TestParticipant, sql: &str) -> Vec<Value> {
    let mut lines = firm.hansa(&["--json", "sql", sql]).must().lines();
    // The last line is the report.
    lines.pop();
    lines
}

#[test]
fn masks_and_embargo_over_the_wire() {
    let (league, mut lindau) = league();
    let terms = format!(
        "{ALWAYS}\nmask = {{ device = \"hash\", plate = {{ prefix = 2 }}, fare = {{ bands = [0, 5, 10] }} }}\n\
         embargo = {{ column = \"at\", for = \"24 hours\" }}"
    );
    lindau.offers("trips", "masked", &terms, "\"league\"", "auto");
    let firms = served(&league, &mut lindau, &["acme", "other"]);
    let mut hashes: Vec<BTreeSet<String>> = Vec::new();
    let mut contracts = Vec::new();
    for firm in &firms {
        contracts.push(firm.contract_on("lindau.trips", "masked"));
        let seen = rows(firm, "SELECT * FROM lindau.trips ORDER BY trip");
        assert_eq!(
            seen.len(),
            3,
            "the trip that is not old enough is not there"
        );
        let plates: Vec<String> = seen.iter().map(|row| text(row, "plate")).collect();
        assert_eq!(plates, ["LI", "LI", "LI"]);
        let fares: Vec<&Value> = seen.iter().map(|row| &row["fare"]).collect();
        assert_eq!(fares, [0.0, 5.0, 10.0]);
        assert_eq!(seen[0]["device"], seen[2]["device"]);
        assert_ne!(seen[0]["device"], seen[1]["device"]);
        hashes.push(seen.iter().map(|row| text(row, "device")).collect());
    }
    assert!(
        hashes[0].is_disjoint(&hashes[1]),
        "two firms can join nothing"
    );
    // After a restart the same values have the same hashes.
    lindau.kill();
    lindau.serve();
    firms[0].knows(&lindau);
    let again = rows(&firms[0], "SELECT device FROM lindau.trips");
    let again: BTreeSet<String> = again.iter().map(|row| text(row, "device")).collect();
    assert_eq!(again, hashes[0]);

    // Another contract has other hashes; a new version of the first has those of the first.
    let devices = |contract: &str| -> BTreeSet<String> {
        let sql = "SELECT device FROM lindau.trips";
        let asked = ["--json", "sql", sql, "--contract", contract];
        let mut rows = firms[0].hansa(&asked).must().lines();
        rows.pop();
        rows.iter().map(|row| text(row, "device")).collect()
    };
    let other = firms[0].contract_on("lindau.trips", "masked");
    assert!(devices(&other).is_disjoint(&hashes[0]));
    let request = ["--json", "contract", "request", "lindau.trips", "--sign"];
    let replacing = ["--offer", "masked", "--replaces", &contracts[0]];
    let amended = firms[0].hansa(&[&request[..], &replacing].concat());
    let amended = text(&amended.must().json(), "contract");
    assert_eq!(devices(&amended), hashes[0]);
}

#[test]
fn places_hours_joins_and_windows_refuse_with_their_codes() {
    let (league, mut lindau) = league();
    let offers = [
        ("elsewhere", "networks = [\"192.0.2.0/24\"]"),
        (
            "here",
            "networks = [\"127.0.0.0/8\", \"::1/128\"]\nformats = [\"arrow-ipc\"]",
        ),
        ("alone", "join = { with = \"none\" }"),
        ("keyed", "join = { keys = [\"parish\"], keys_stay = true }"),
        ("lasting", "lasts = { days = 1, since = \"first-use\" }"),
    ];
    for (name, terms) in offers {
        lindau.offers(
            "trips",
            name,
            &format!("{ALWAYS}\n{terms}"),
            "\"league\"",
            "auto",
        );
    }
    let firms = served(&league, &mut lindau, &["acme"]);
    let acme = &firms[0];
    let parishes = acme.contract("lindau.parishes");
    let ask = |offer: &str, sql: &str| {
        let contract = acme.contract_on("lindau.trips", offer);
        let mut args = vec!["sql", sql, "--contract", &contract, "--format", "csv"];
        // What is named and not used is refused.
        if sql.contains("parishes") {
            args.extend(["--contract", &parishes]);
        }
        acme.hansa(&args)
    };
    let count = "SELECT count(*) AS n FROM lindau.trips";
    ask("elsewhere", count).refused("PLACE_NOT_ALLOWED", 3);
    assert_eq!(ask("here", count).must().out, "n\n4\n");
    assert_eq!(ask("alone", count).must().out, "n\n4\n");
    ask("keyed", "SELECT parish FROM lindau.trips").refused("KEY_MUST_STAY", 3);
    // Where both datasets are it is joined, over a key that stays; where only the provider may not, here.
    let joined = "SELECT p.title, count(*) AS n FROM lindau.trips t JOIN lindau.parishes p ON p.parish = t.parish \
                  GROUP BY p.title ORDER BY p.title";
    for offer in ["keyed", "alone", "here"] {
        assert_eq!(
            ask(offer, joined).must().out,
            "title,n\nHarbour,2\nHill,2\n",
            "{offer}"
        );
    }
    // One record says of one remote query what it reads, under which contracts.
    let remote_queries = acme.records("remote_query");
    let both = remote_queries.iter().filter(|record| {
        let reads = record["body"]["datasets"].as_array().unwrap();
        reads.len() == 2 && reads.iter().all(|one| one["id"].is_string())
    });
    assert_eq!(both.count(), 2, "keyed and here");
    ask("keyed", &joined.replace("p.title", "t.parish")).refused("KEY_MUST_STAY", 3);
    assert_eq!(ask("lasting", count).must().out, "n\n4\n");
    // Each refusal is in the log with its clause.
    let refused: BTreeSet<String> = lindau
        .records("refuse")
        .iter()
        .map(|record| text(&record["body"], "code"))
        .collect();
    for code in ["PLACE_NOT_ALLOWED", "KEY_MUST_STAY"] {
        assert!(refused.contains(code), "{code} in {refused:?}");
    }
}

#[test]
fn what_is_simulated_is_what_is_answered_and_costs_nothing() {
    let (league, mut lindau) = league();
    let terms = format!(
        "{ALWAYS}\npurpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"trip\", \"device\", \"fare\"]\n\
         rows = \"parish = 'north'\"\nmask = {{ device = \"hash\" }}\nqueries_per_day = 1"
    );
    lindau.offers("trips", "north", &terms, "\"league\"", "auto");
    let firms = served(&league, &mut lindau, &["acme"]);
    let acme = &firms[0];
    let contract = acme.contract("lindau.trips");
    let before = lindau.log().len();
    let sql = "SELECT trip, device, fare FROM trips ORDER BY trip";
    let simulated = |more: &[&str]| {
        let args = [
            "--json",
            "simulate",
            "--as",
            acme.domain(),
            "--contract",
            &contract,
        ];
        lindau.hansa(&[&args[..], more].concat())
    };
    let purpose = ["--purpose", "dpv:ResearchAndDevelopment"];
    let seen = simulated(&[&purpose[..], &[sql]].concat()).must().lines();
    let trips = seen.iter().find(|line| line["dataset"] == "trips").unwrap();
    assert_eq!(number(trips, "rows"), 4);
    assert_eq!(number(trips, "visible_rows"), 2);
    let hidden: Vec<&Value> = trips["hidden_columns"].as_array().unwrap().iter().collect();
    assert_eq!(hidden, ["plate", "at", "parish"]);
    let answer = seen.last().unwrap();
    // Whoever declares another purpose would be refused, with the clause.
    let refused = simulated(&["--purpose", "dpv:Marketing", sql]);
    assert_eq!(refused.status, Some(3));
    assert!(
        refused.out.contains("PURPOSE_NOT_COVERED"),
        "{}",
        refused.out
    );
    assert_eq!(lindau.log().len(), before, "nothing is recorded");

    // The one question of the day is still there, and is answered with what was shown.
    let asked = "SELECT trip, device, fare FROM lindau.trips ORDER BY trip";
    let got = acme
        .hansa(&[&["--json", "sql", asked], &purpose[..]].concat())
        .must()
        .lines();
    let shown: Vec<Vec<String>> = serde_json::from_value(answer["rows"].clone()).unwrap();
    let got: Vec<Vec<String>> = got[..got.len() - 1]
        .iter()
        .map(|row| {
            let fare = row["fare"].as_f64().unwrap();
            vec![
                row["trip"].to_string(),
                text(row, "device"),
                format!("{fare:?}"),
            ]
        })
        .collect();
    assert_eq!(shown, got);
    // Now it would be refused, since the real question was counted.
    let spent = simulated(&[&purpose[..], &[sql]].concat());
    assert!(spent.out.contains("QUOTA_QUERIES"), "{}", spent.out);

    // A stranger would see nothing at all but what is open to the league by contract.
    let stranger = lindau
        .hansa(&["simulate", "--as", "hansa://stranger.example"])
        .must();
    assert!(
        stranger.out.contains("it learns nothing"),
        "{}",
        stranger.out
    );
}

#[test]
fn an_officer_sees_what_a_draft_would_let_out() {
    let (league, mut lindau) = league();
    let terms = format!(
        "{ALWAYS}\ncolumns = [\"trip\", \"fare\"]\nrows_per_day = 10\nbytes_per_day = \"1 MB\""
    );
    lindau.offers("trips", "narrow", &terms, "\"league\"", "auto");
    let firms = served(&league, &mut lindau, &["acme"]);
    let contract = firms[0].contract("lindau.trips");
    lindau.write(
        "policies/wider.toml",
        &format!("title = \"wider\"\n{ALWAYS}\ncolumns = [\"trip\", \"fare\", \"parish\"]\nrows_per_day = 5\nbytes_per_day = \"1 MB\"\n"),
    );
    let wider = lindau.folder().join("policies/wider.toml");
    let wider = wider.to_str().unwrap();
    let args = ["policy", "diff", "narrow", wider, "--dataset", "trips"];
    let diff = lindau.hansa(&args).must().out;
    for line in [
        "for trips: > LOOSER",
        "only the columns trip and fare; for the consumer there are no others -> only the columns trip, fare and parish; for the consumer there are no others  > LOOSER",
        "at most 10 rows on each day (UTC) -> at most 5 rows on each day (UTC)  < TIGHTER",
        "with acme.example: > LOOSER",
    ] {
        assert!(diff.contains(line), "{line} in {diff}");
    }
    let data = lindau
        .hansa(&[&["--json"], &args[..]].concat())
        .must()
        .json();
    assert_eq!(data["verdict"], "looser");
    assert_eq!(text(&data["contracts"][0], "contract"), contract);
    // What if: the same draft for this very firm, beside what is in force.
    let simulate = [
        "simulate",
        "--as",
        "hansa://acme.example",
        "--policy",
        wider,
        "--dataset",
        "trips",
    ];
    let what_if = lindau.hansa(&simulate).must().out;
    for line in [
        "shows     trip, fare, parish",
        "hides     device, plate, at",
        "> LOOSER",
    ] {
        assert!(what_if.contains(line), "{line} in {what_if}");
    }
    // When it ends: not within 90 days, but in the calendar.
    let soon = |days: &str| {
        let args = ["--json", "contract", "list", "--expiring", days];
        lindau.hansa(&args).must().lines().len()
    };
    assert_eq!((soon("90d"), soon("9000d")), (0, 1));
    let calendar = lindau.hansa(&["contract", "list", "--ics"]).must().out;
    for line in [
        "BEGIN:VCALENDAR",
        "DTSTART:20300101T000000Z",
        "TRIGGER:-P90D",
        "with acme.example",
    ] {
        assert!(calendar.contains(line), "{line} in {calendar}");
    }
    // The page of the contract in another language.
    let page = lindau
        .hansa(&["contract", "show", &contract, "--language", "pt"])
        .must()
        .out;
    assert!(page.contains("apenas as colunas trip e fare"), "{page}");
}

/// An answer of 50,000 rows at 500 a second runs for as long as this test wants it to.
#[test]
fn a_slow_answer_is_the_only_one_and_ends_with_its_contract() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    // It serves, so that two of its questions run at once.
    let mut acme = league.city("acme");
    league.hand_bundle_to("lindau");
    let terms = format!(
        "{}\nrows_per_second = 500\nconcurrent = 1",
        hansa_test_support::workflow::ALL
    );
    lindau.offers_long(50_000, &terms);
    lindau.serve();
    acme.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    let mut going = acme.begins();
    acme.ask("SELECT count(*) AS n FROM lindau.long")
        .refused("TOO_MANY_STREAMS", 3);
    lindau
        .hansa(&[
            "--yes", "contract", "withdraw", &contract, "--reason", "over",
        ])
        .must();
    let cut = going.end();
    assert!(cut.err.contains("WITHDRAWN"), "{}", cut.err);
    // By the log's own times: whatever left took its second for each five hundred rows, but the first.
    let of = |kind: &str| {
        let mut records = lindau.records(kind);
        records.retain(|record| text(&record["body"], "peer").ends_with("acme.example"));
        records
    };
    let permit = of("permit").remove(0);
    let request = text(&permit["body"], "request_id");
    let closes = lindau.records("close");
    let close = closes
        .iter()
        .find(|close| text(&close["body"], "request_id") == request)
        .unwrap();
    let rows = number(&close["body"], "rows");
    let micros = hansa_test_support::workflow::between(&permit, close);
    assert!(rows < 50_000);
    assert!(micros >= (rows - 500) * 2_000, "{rows} rows in {micros} µs");
}

/// What its own copy of the contract prohibits a connector does not ask for; another contract is asked instead.
#[test]
fn what_the_own_copy_prohibits_is_not_asked_for() {
    let (league, mut lindau) = league();
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let research = "prohibit = [{ purpose = \"dpv:Marketing\" }]";
    let terms = format!("{ALWAYS}\n{research}");
    lindau.offers("trips", "research", &terms, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let first = acme.contract("lindau.trips");
    const COUNT: &str = "SELECT count(*) FROM lindau.trips";
    let ask = |purpose: &str| acme.hansa(&["sql", COUNT, "--purpose", purpose]);
    ask("dpv:ResearchAndDevelopment").must();
    let no = ask("dpv:Marketing").refused("PROHIBITED", 3);
    assert!(no.err.contains(&first[..12]), "{}", no.err);
    // It was not even asked.
    assert_eq!(lindau.records("permit").len(), 1);
    assert_eq!(lindau.records("refuse").len(), 0);
    lindau.verifies();
    acme.verifies();
}
