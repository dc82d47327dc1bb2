//! Questions that have no answer, and contracts and logs that do not hold.

use crate::binary;
use crate::wrong_input::try_all;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{TestParticipant, run};
use hansa_test_support::workflow::PURPOSE;

#[test]
fn a_question_that_cannot_be_answered_says_why() {
    let (_league, mut lindau, acme) = two();
    acme.ask("SELECT count(*) FROM lindau.once").must();
    let p = PURPOSE;
    let asks = |sql: &'static str| -> Vec<&'static str> { vec!["sql", sql, "--purpose", p] };
    let syntax = asks("SELECT count(*)\nFORM lindau.bikes WHERE");
    let dataset = asks("SELECT * FROM lindau.nope");
    let column = asks("SELECT nope FROM lindau.bikes");
    let function = asks("SELECT pg_sleep(1) FROM lindau.bikes");
    let statement = asks("DROP TABLE lindau.bikes");
    let two = asks("SELECT 1; SELECT 2");
    let twice = asks("SELECT * FROM lindau.twice");
    let once = asks("SELECT count(*) FROM lindau.once");
    let few = asks("SELECT * FROM lindau.few");
    let short = asks("SELECT * FROM lindau.short");
    try_all(
        acme.folder(),
        &[
            (
                &syntax,
                "SQL_SYNTAX",
                2,
                &["SQL:2", "(column 6)", "`lindau`"],
            ),
            (&dataset, "DATASET_UNKNOWN", 3, &["lindau.nope"]),
            (&column, "COLUMN_UNKNOWN", 2, &["nope"]),
            (&function, "FUNCTION_UNKNOWN", 2, &["pg_sleep"]),
            (&statement, "STATEMENT_NOT_ALLOWED", 2, &["DROP"]),
            (&two, "ONE_STATEMENT_ONLY", 2, &[]),
            (
                &["sql", "SELECT * FROM lindau.bikes"],
                "PURPOSE_MISSING",
                3,
                &[
                    "lindau",
                    "bikes",
                    "#c2",
                    "--purpose dpv:ResearchAndDevelopment",
                ],
            ),
            (
                &[
                    "sql",
                    "SELECT * FROM lindau.bikes",
                    "--purpose",
                    "dpv:Marketing",
                ],
                "PURPOSE_NOT_COVERED",
                3,
                &[
                    "dpv:Marketing",
                    "#c2",
                    "hansa contract request lindau.bikes",
                ],
            ),
            (&twice, "CONTRACT_AMBIGUOUS", 2, &["twice", "--contract"]),
            (&once, "QUOTA_QUERIES", 3, &["lindau", "#c"]),
            (&few, "QUOTA_ROWS", 3, &["lindau", "#c"]),
            (&short, "RESULT_TOO_LARGE", 3, &["lindau", "#c"]),
            (
                &["sql", "SELECT 1", "--contract", "ffffffff"],
                "CONTRACT_UNKNOWN",
                3,
                &["ffffffff", "hansa contract list"],
            ),
            (
                &["contract", "show", "n-none"],
                "NEGOTIATION_UNKNOWN",
                3,
                &["n-none"],
            ),
            (
                &["doctor", "nobody"],
                "PEER_UNKNOWN",
                3,
                &["nobody", "hansa peer"],
            ),
            (
                &[
                    "peer",
                    "add",
                    "127.0.0.1:1",
                    "--id",
                    "other.example",
                    "--alias",
                    "lindau",
                ],
                "ALIAS_CLASH",
                2,
                &["lindau"],
            ),
            (
                &["catalog", "show", "lindau.nope"],
                "DATASET_UNKNOWN",
                3,
                &["nope"],
            ),
            (&["audit", "show", "99999"], "USAGE", 2, &["99999"]),
            (&["get", "bikes"], "USAGE", 2, &["participant.dataset"]),
        ],
    );
    lindau.stop();
    let down = asks("SELECT count(*) FROM lindau.bikes");
    try_all(
        acme.folder(),
        &[(
            &down,
            "PEER_UNREACHABLE",
            5,
            &["lindau.example", "--partial"],
        )],
    );
}

#[test]
fn a_contract_that_was_ended_is_reported_as_such() {
    let (_league, lindau, acme) = two();
    let contract = acme.contract("lindau.bikes");
    for line in acme.hansa(&["--json", "contract", "list"]).must().lines() {
        if line["dataset"] == "bikes" && line["state"] == "in force" {
            let id = line["contract"].as_str().unwrap();
            lindau
                .hansa(&["--yes", "contract", "withdraw", id, "--reason", "over"])
                .must();
        }
    }
    let sql = "SELECT count(*) FROM lindau.bikes";
    try_all(
        acme.folder(),
        &[(
            &["sql", sql, "--purpose", PURPOSE],
            "WITHDRAWN",
            3,
            &["lindau.bikes", "hansa contract request lindau.bikes"],
        )],
    );
    assert!(!contract.is_empty());
}

#[test]
fn edited_contracts_and_logs_do_not_verify() {
    let (_league, lindau, acme) = two();
    let contract = acme.contract("lindau.bikes");
    acme.hansa(&["contract", "export", &contract, "--output", "contract.json"])
        .must();
    acme.hansa(&["contract", "verify", "contract.json"]).must();
    let text = std::fs::read_to_string(acme.folder().join("contract.json")).unwrap();
    let at = text.rfind("\"signature\"").unwrap() + 20;
    let flipped = if text.as_bytes()[at] == b'A' {
        "B"
    } else {
        "A"
    };
    let mut edited = text.clone();
    edited.replace_range(at..=at, flipped);
    acme.write("edited.json", &edited);
    acme.write("cut.json", &text[..text.len() / 2]);
    try_all(
        acme.folder(),
        &[
            (
                &["contract", "verify", "edited.json"],
                "SIGNATURE_INVALID",
                6,
                &["edited.json"],
            ),
            (
                &["contract", "verify", "cut.json"],
                "CONTRACT_MALFORMED",
                6,
                &["cut.json"],
            ),
            (
                &["contract", "verify", "nothing.json"],
                "FILE_MISSING",
                6,
                &["nothing.json"],
            ),
        ],
    );
    drop(lindau);
    let log = acme.folder().join("state/log");
    acme.hansa(&["audit", "verify", log.to_str().unwrap()])
        .must();
    let records = std::fs::read_dir(&log)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
        .max_by_key(|path| path.metadata().unwrap().len())
        .unwrap();
    let whole = std::fs::read(&records).unwrap();
    let spoil = |bytes: &[u8]| std::fs::write(&records, bytes).unwrap();
    let mut changed = whole.clone();
    let at = whole.windows(6).position(|word| word == b"lindau").unwrap();
    changed[at] = b'L';
    spoil(&changed);
    let verify = ["audit", "verify", log.to_str().unwrap()];
    try_all(
        acme.folder(),
        &[(&verify, "EVIDENCE_BROKEN", 7, &["record"])],
    );
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    spoil(&lines[..lines.len() - 2].concat());
    try_all(
        acme.folder(),
        &[(&verify, "EVIDENCE_BROKEN", 7, &["is missing"])],
    );
    spoil(&whole);
    run(binary(), acme.folder(), &verify).must();
}

/// lindau serves four datasets to acme, which holds contracts on them.
fn two() -> (TestLeague, TestParticipant, TestParticipant) {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let csv = "site,bikes\nHafen,310\nInsel,77\nBahnhof,12\n";
    for name in ["bikes", "once", "few", "short", "twice"] {
        lindau.holds(name, csv, "");
    }
    lindau.publishes();
    let purpose = format!("purpose = [\"{PURPOSE}\"]\n");
    for (name, more) in [
        ("bikes", ""),
        ("once", "queries_per_day = 1\n"),
        ("few", "rows_per_day = 2\nbytes_per_day = \"1 MB\"\n"),
        ("short", "result_rows = 2\n"),
        ("twice", ""),
    ] {
        let terms = format!("{purpose}{more}");
        lindau.offers(name, name, &terms, "\"league\"", "auto");
    }
    lindau.serve();
    acme.knows(&lindau);
    for name in ["bikes", "once", "few", "short", "twice", "twice"] {
        let _ = acme.contract(&format!("lindau.{name}"));
    }
    (league, lindau, acme)
}
