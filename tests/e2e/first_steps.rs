//! What a new participant does first: one command that adds, offers and publishes a dataset, and names where ids are asked for.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{number, text};

const CSV: &str = "site,day,bikes,person\nHafen,2026-05-01,310,a\nHafen,2026-05-02,502,b\nInsel,2026-05-01,77,c\n";

#[test]
fn one_command_adds_offers_and_publishes() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write("bikes.csv", CSV);
    let file = lindau.folder().join("bikes.csv").display().to_string();
    let add = [
        "dataset",
        "add",
        &file,
        "--licence",
        "CC-BY-4.0",
        "--columns",
        "site,day,bikes",
    ];
    let config = || std::fs::read_to_string(lindau.folder().join("hansa.toml")).unwrap();
    let before = config();
    let group = [
        "--group-by",
        "site,day",
        "--measures",
        "bikes",
        "--bucket",
        "month",
        "--at-least",
        "2",
    ];
    let offer = ["--offer", "acme.example", "--until", "2029-12-31"];
    let planning = ["--purpose", "planning=dpv:PublicBenefit"];

    // What says nothing, or something unknown, changes nothing.
    for (more, words) in [
        (&["--offer", "league"][..], "--until"),
        (
            &["--offer", "league", "--until", "2020-01-01"],
            "is in the past",
        ),
        (&["--offer", "league", "--until", "soon"], "is not a day"),
        (
            &["--offer", "nobody at all", "--until", "2029-12-31"],
            "nobody at all",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--purpose",
                "planning",
            ],
            "dpv:PublicBenefit",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--purpose",
                "a=b",
            ],
            "no purpose `b`",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--group-by",
                "person",
                "--measures",
                "bikes",
                "--at-least",
                "2",
            ],
            "may not leave",
        ),
        (
            &[
                "--offer",
                "league",
                "--until",
                "2029-12-31",
                "--group-by",
                "nowhere",
                "--measures",
                "bikes",
                "--at-least",
                "2",
            ],
            "no column `nowhere`",
        ),
        (&["--offer", "league", "--group-by", "site"], "--at-least"),
        (&["--rows", "bikes > 9"], "--offer"),
    ] {
        let done = lindau.hansa(&[&add[..], more].concat());
        assert_eq!(done.status, Some(2), "{more:?}: {}", done.err);
        assert!(done.err.contains(words), "{more:?}: {}", done.err);
        assert_eq!(config(), before, "{more:?}");
    }
    let whole = [&add[..], &offer, &planning, &group, &["--publish"]].concat();
    let dry = lindau
        .hansa(&[&["--json", "--dry-run"], &whole[..]].concat())
        .must();
    assert_eq!(dry.json()["written"], false);
    assert_eq!(config(), before);
    assert!(!lindau.folder().join("policies/bikes.toml").exists());

    let done = lindau.hansa(&whole).must();
    assert!(
        done.err.contains("hansa contract sign bikes"),
        "{}",
        done.err
    );
    let policy = std::fs::read_to_string(lindau.folder().join("policies/bikes.toml")).unwrap();
    assert!(!policy.contains("person"), "{policy}");
    // A second one of the name takes nothing in its place.
    let again = lindau.hansa(&whole);
    again.refused("FILE_EXISTS", 6);

    lindau.serve();
    // The name of the dataset is enough on both sides.
    acme.knows(&lindau);
    let request = ["--json", "contract", "request", "lindau.bikes", "--sign"];
    let negotiation = text(&acme.hansa(&request).must().json(), "negotiation");
    lindau
        .hansa(&["contract", "sign", "acme.bikes"])
        .refused("NEGOTIATION_UNKNOWN", 3);
    lindau.hansa(&["contract", "sign", "bikes"]).must();
    acme.hansa(&["contract", "wait", "lindau.bikes"]).must();
    let shown = acme
        .hansa(&["--json", "contract", "show", "lindau.example.bikes"])
        .must();
    assert!(shown.out.contains("planning"), "{}", shown.out);
    let sql = "SELECT site, sum(bikes) AS bikes FROM lindau.bikes GROUP BY site";
    let answer = acme
        .hansa(&["--json", "sql", sql, "--purpose", "planning"])
        .must()
        .lines();
    assert_eq!(text(&answer[0], "site"), "Hafen", "{answer:?}");
    assert_eq!(number(&answer[0], "bikes"), 812, "{answer:?}");
    assert_eq!(
        answer.len(),
        2,
        "the small group does not exist: {answer:?}"
    );

    // Two under one name are told apart by their own.
    let second = text(&acme.hansa(&request).must().json(), "negotiation");
    assert_ne!(second, negotiation);
    lindau.hansa(&["contract", "sign", &second]).must();
    acme.hansa(&["contract", "wait", &second]).must();
    let held = acme.hansa(&["contract", "withdraw", "--yes", "bikes", "--reason", "over"]);
    assert!(
        held.err.contains("bikes, in force with lindau.example"),
        "{}",
        held.err
    );
    held.refused("CONTRACT_AMBIGUOUS", 2);
}

const TRIPS: &str = "borough,started,trips,fare,tip\nMitte,2026-05-01T10:00,1,7.25,1\nMitte,2026-05-01T11:00,1,8.25,1\n\
    Wedding,2026-05-01T10:00,1,9.25,2\nMitte,2026-05-02T10:00,1,7.25,1\nMitte,2026-05-02T11:30,1,1.25,1\n";

/// The policy that `dataset add` would write with these options for `trips.csv`.
fn policy_of(city: &TestParticipant, more: &[&str]) -> String {
    let dry = [
        "--json",
        "--dry-run",
        "dataset",
        "add",
        "trips.csv",
        "--licence",
        "CC-BY-4.0",
        "--offer",
        "league",
        "--until",
        "2029-12-31",
    ];
    let done = city.hansa(&[&dry[..], more].concat()).must().json();
    text(&done["policy"], "text")
}

/// Columns that are not named are not offered, with nobody at a terminal.
#[test]
fn an_offer_names_its_columns_and_what_is_added_up() {
    let league = TestLeague::new(binary());
    let lindau = league.city("lindau");
    lindau.write("trips.csv", TRIPS);
    lindau.write("policies/own.toml", "title = \"own\"\ncolour = \"red\"\n");
    let config = || std::fs::read_to_string(lindau.folder().join("hansa.toml")).unwrap();
    let before = config();
    let offered = [
        "dataset",
        "add",
        "trips.csv",
        "--licence",
        "CC-BY-4.0",
        "--offer",
        "league",
        "--publish",
    ];
    let until = ["--until", "2029-12-31"];
    let groups = ["--group-by", "borough,started", "--at-least", "2"];
    for (more, words) in [
        (
            &[][..],
            &[
                "names the columns that leave",
                "borough, started, trips, fare, tip",
                "--all-columns",
            ][..],
        ),
        (&["--auto-sign"], &["names the columns that leave"]),
        (
            &groups,
            &[
                "names what is added up",
                "trips, fare, tip: --measures",
                "--functions count",
            ],
        ),
        (
            &[&groups[..], &["--all-columns"]].concat(),
            &["names what is added up", "trips, fare, tip"],
        ),
        (
            &[&groups[..], &["--columns", "borough,started,fare"]].concat(),
            &["the numbers are fare:"],
        ),
        (
            &[&groups[..], &["--functions", "sum"]].concat(),
            &["names what is added up"],
        ),
        (
            &[&groups[..], &["--measures", "fares"]].concat(),
            &["no column `fares`"],
        ),
        (
            &[&groups[..], &["--measures", "borough"]].concat(),
            &["groups are made by it"],
        ),
        (
            &[
                &groups[..],
                &["--columns", "borough,started,fare", "--measures", "tip"],
            ]
            .concat(),
            &["may not leave"],
        ),
        (
            &[
                "--group-by",
                "borough",
                "--at-least",
                "2",
                "--measures",
                "started",
            ],
            &["can't be added up"],
        ),
        (
            &[&groups[..], &["--measures", "fare", "--functions", "count"]].concat(),
            &["adds nothing up"],
        ),
        (
            &[&groups[..], &["--measures", "fare", "--rows", "tip > 1"]].concat(),
            &["`tip`, which is not read", "--columns"],
        ),
        (&["--all-columns", "--rows", "tip >"], &["--rows tip >"]),
    ] {
        let done = lindau.hansa(&[&offered[..], &until, more].concat());
        assert_eq!(done.status, Some(2), "{more:?}: {}", done.err);
        for word in words {
            assert!(done.err.contains(word), "{more:?}: {word}: {}", done.err);
        }
        assert_eq!(done.out, "", "{more:?}");
        assert_eq!(config(), before, "{more:?}");
    }
    // Words of a policy that can't be read are told before anything is written.
    for (more, code) in [
        (
            &[
                "--all-columns",
                "--until",
                "2029-12-31",
                "--bytes-per-day",
                "much",
            ][..],
            "TERM_ILL_TYPED",
        ),
        (&["--policy", "policies/own.toml"], "CONFIG_UNKNOWN_KEY"),
    ] {
        lindau
            .hansa(&[&offered[..], more].concat())
            .refused(code, 6);
        assert_eq!(config(), before, "{more:?}");
    }
    assert!(!lindau.folder().join("policies/trips.toml").exists());

    // Each column by an act; groups name theirs, and what they do not name is not even read.
    let all = policy_of(&lindau, &["--all-columns"]);
    assert!(
        all.contains("columns = [\"borough\", \"started\", \"trips\", \"fare\", \"tip\"]"),
        "{all}"
    );
    let counts = policy_of(&lindau, &[&groups[..], &["--functions", "count"]].concat());
    assert!(
        counts.contains("columns = [\"borough\", \"started\"]\n"),
        "{counts}"
    );
    assert!(counts.contains("measures  = []\n"), "{counts}");
}

/// A whole policy by options, as nobody would write it by hand otherwise.
#[test]
fn a_policy_over_groups_is_said_in_one_command() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write("trips.csv", TRIPS);
    let terms = [
        "--group-by",
        "borough,started",
        "--bucket",
        "day",
        "--measures",
        "trips,fare",
        "--functions",
        "sum",
        "--at-least",
        "2",
        "--questions-per-day",
        "3",
        "--rows-per-day",
        "10000",
        "--auto-sign",
    ];
    let policy = policy_of(&lindau, &terms);
    for line in [
        "columns = [\"borough\", \"started\", \"trips\", \"fare\"]\n",
        "queries_per_day = 3\n",
        "rows_per_day    = 10000\n",
        "bytes_per_day   = 2560000    # assumed",
        "by        = [\"borough\", \"started\"]\nfunctions = [\"sum\"]\nmeasures  = [\"trips\", \"fare\"]\nmin_rows  = 2\nbucket    = \"day\"\n",
    ] {
        assert!(policy.contains(line), "{line}: {policy}");
    }
    let said = policy_of(
        &lindau,
        &[&terms[..], &["--bytes-per-day", "2 MB"]].concat(),
    );
    assert!(said.contains("bytes_per_day   = \"2 MB\"\n"), "{said}");
    let add = [
        "dataset",
        "add",
        "trips.csv",
        "--licence",
        "CC-BY-4.0",
        "--offer",
        "league",
        "--until",
        "2029-12-31",
        "--publish",
    ];
    lindau.hansa(&[&add[..], &terms].concat()).must();
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.trips");
    let sql = "SELECT borough, date_trunc('day', started) AS day, sum(trips) AS trips, sum(fare) AS fare FROM lindau.trips \
        GROUP BY borough, date_trunc('day', started) ORDER BY day";
    let answer = acme.hansa(&["--json", "sql", sql]).must().lines();
    assert_eq!(answer.len(), 3, "one trip alone is no cell: {answer:?}");
    for (row, fare) in answer.iter().zip(["15.5", "8.5"]) {
        assert_eq!(text(row, "borough"), "Mitte", "{answer:?}");
        assert_eq!(number(row, "trips"), 2, "{answer:?}");
        assert!(row["fare"].to_string().contains(fare), "{answer:?}");
    }
    // A refusal shows a question that would pass, with the names that are known here.
    let finer = "SELECT started, sum(fare) FROM lindau.trips GROUP BY started";
    let told = acme.hansa(&["sql", finer]);
    let (_, example) = told.err.split_once("this would pass: ").unwrap();
    let example = example.lines().next().unwrap();
    assert!(example.contains(" FROM lindau.trips "), "{example}");
    acme.hansa(&["sql", example]).must();
    // A column that was not named does not exist there.
    let tips = "SELECT sum(tip) FROM lindau.trips";
    acme.hansa(&["sql", tips]).refused("COLUMN_UNKNOWN", 2);
    let page = acme.hansa(&["contract", "show", "lindau.trips"]).must().out;
    for clause in ["at most 3 queries", "at most 10,000 rows"] {
        assert!(page.contains(clause), "{clause}: {page}");
    }
}

#[test]
fn a_public_view_needs_nobody_who_signs() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write("bikes.csv", CSV);
    let file = lindau.folder().join("bikes.csv").display().to_string();
    let add = [
        "dataset",
        "add",
        &file,
        "--licence",
        "CC-BY-4.0",
        "--columns",
        "site,bikes",
        "--rows",
        "bikes > 99",
        "--offer",
        "public",
        "--until",
        "2029-12-31",
        "--publish",
    ];
    lindau.hansa(&add).must();
    lindau.serve();
    acme.knows(&lindau);
    let sql = "SELECT count(*) AS n FROM lindau.bikes";
    let answer = acme.hansa(&["--json", "sql", sql]).must().lines();
    assert_eq!(number(&answer[0], "n"), 2, "{answer:?}");

    // The whole view in each form in which an answer to a question is written; without one as before.
    let get = |more: &[&str]| {
        acme.hansa(&[&["get", "lindau.bikes"][..], more].concat())
            .must()
    };
    let csv = "site,bikes\nHafen,310\nHafen,502\n";
    assert_eq!(get(&[]).out, csv);
    assert_eq!(get(&["--format", "csv"]).out, csv);
    let json = get(&["--format", "json"]).out;
    assert!(
        json.starts_with("{\"site\":\"Hafen\",\"bikes\":310}\n"),
        "{json}"
    );
    let table = get(&["--format", "table"]).out;
    assert!(table.starts_with("site   bikes\n"), "{table}");
    let file = acme.folder().join("bikes.bin");
    let named = file.display().to_string();
    get(&["--format", "parquet", "--output", &named]);
    assert!(std::fs::read(&file).unwrap().starts_with(b"PAR1"));
}
