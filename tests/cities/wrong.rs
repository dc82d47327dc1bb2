//! Wrong input of each kind gets its code, its sentence, its place and its mend, and the exit status of its kind; with
//! `--json` the same facts.

mod expired;

use crate::binary;
use harness::city::{City, Outcome, run};
use harness::league::League;
use harness::play::{ALL, PURPOSE, text};
use serde_json::Value;
use std::path::Path;
use std::time::{Duration, Instant};

/// A command that must fail: what is typed, the code, the exit status, and what the message must say.
type Case<'a> = (&'a [&'a str], &'a str, i32, &'a [&'a str]);

/// Runs each case twice, for people and for scripts.
#[track_caller]
pub(crate) fn try_all(folder: &Path, cases: &[Case<'_>]) {
    for (args, code, status, says) in cases {
        let done = run(binary(), folder, args).refused(code, *status);
        for word in *says {
            assert!(done.err.contains(word), "no `{word}` in {}", done.err);
        }
        let helps = done
            .err
            .lines()
            .filter(|line| line.starts_with("  help"))
            .count();
        assert!(helps > 0, "no mend: {}", done.err);
        let mut json = vec!["--json"];
        json.extend_from_slice(args);
        same_facts(&run(binary(), folder, &json), code, *status, says);
    }
}

#[track_caller]
fn same_facts(done: &Outcome, code: &str, status: i32, says: &[&str]) {
    let errors: Vec<Value> = done
        .err
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|line| line.get("error").cloned())
        .collect();
    let error = errors
        .iter()
        .find(|error| error["code"] == code)
        .unwrap_or_else(|| panic!("`{}` did not say {code}: {}", done.command, done.err));
    assert_eq!(error["exit"], status, "{error}");
    assert_eq!(done.status, Some(status), "{}", done.command);
    assert!(!error["help"][0].is_null(), "no mend: {error}");
    let line = error["line"]
        .as_u64()
        .map(|line| format!(":{line}"))
        .unwrap_or_default();
    let mut said = format!("{}{line} ", error["file"].as_str().unwrap_or_default());
    for fact in [
        "sentence",
        "key",
        "clause",
        "contract",
        "participant",
        "allowed",
    ] {
        said.push_str(error[fact].as_str().unwrap_or_default());
        said.push(' ');
    }
    for help in error["help"].as_array().unwrap() {
        said.push_str(help.as_str().unwrap());
        said.push(' ');
    }
    for word in says {
        let word = word.trim_matches(['(', ')']);
        assert!(said.contains(word), "no `{word}` in {error}");
    }
}

const HEAD: &str = "[participant]\nid = \"lindau.example\"\nname = \"Lindau\"\n";

#[test]
fn a_wrong_configuration_is_told_with_its_line_and_the_nearest_key() {
    let league = League::new(binary());
    let city = league.city("lindau");
    city.write("key.toml", &format!("{HEAD}[limits]\nmemroy = \"1 GB\"\n"));
    city.write(
        "type.toml",
        &format!("{HEAD}[limits]\nconcurrent = \"many\"\n"),
    );
    city.write("size.toml", &format!("{HEAD}[limits]\nmemory = \"much\"\n"));
    city.write("toml.toml", &format!("{HEAD}[limits\n"));
    city.write(
        "dataset.toml",
        &format!("{HEAD}[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicense = \"x\"\n[dataset.source]\npath = \"d.csv\"\n"),
    );
    try_all(
        city.folder(),
        &[
            (
                &["--config", "key.toml", "check"],
                "CONFIG_UNKNOWN_KEY",
                6,
                &["key.toml:5", "(limits.memroy)", "did you mean `memory`?"],
            ),
            (
                &["--config", "type.toml", "check"],
                "CONFIG_INVALID",
                6,
                &[
                    "type.toml:5",
                    "(limits.concurrent)",
                    "a whole number, not a string",
                ],
            ),
            (
                &["--config", "size.toml", "check"],
                "CONFIG_INVALID",
                6,
                &["size.toml:5", "`much` is not a size such as 512 MB"],
            ),
            (
                &["--config", "toml.toml", "check"],
                "CONFIG_INVALID",
                6,
                &["toml.toml:4", "not TOML"],
            ),
            (
                &["--config", "dataset.toml", "check"],
                "CONFIG_UNKNOWN_KEY",
                6,
                &["dataset.toml:7", "did you mean `licence`?"],
            ),
            (
                &["--config", "nowhere.toml", "status"],
                "CONFIG_MISSING",
                6,
                &["nowhere.toml", "hansa init"],
            ),
            (
                &["--config", "key.toml", "sql", "SELECT 1"],
                "CONFIG_UNKNOWN_KEY",
                6,
                &["key.toml:5"],
            ),
        ],
    );
}

#[test]
fn files_that_are_wrong_are_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let league = League::new(binary());
    let city = league.city("lindau");
    let _acme = league.firm("acme");
    let readable = |mode| {
        let key = city.folder().join("keys/signing.key");
        std::fs::set_permissions(key, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    readable(0o644);
    try_all(
        city.folder(),
        &[(
            &["check"],
            "KEY_FILE_PERMISSIONS",
            6,
            &["keys/signing.key", "chmod 600"],
        )],
    );
    readable(0o600);
    city.hansa(&["check"]).must();
    let init = ["init", "lindau", "--id", "lindau.example", "--name", "L"];
    try_all(
        league.folder(),
        &[
            (&init, "FILE_EXISTS", 6, &["lindau"]),
            (
                &["--config", "lindau", "join", "acme/acme.example.join"],
                "KEY_INVALID",
                6,
                &["acme.example"],
            ),
            (
                &["--config", "lindau", "join", "nothing.join"],
                "FILE_MISSING",
                6,
                &["nothing.join"],
            ),
            (
                &["league", "admit", "lindau/hansa.toml", "--dir", "league"],
                "KEY_INVALID",
                6,
                &["lindau/hansa.toml", "hansa init"],
            ),
        ],
    );
    let empty = tempfile::tempdir().unwrap();
    try_all(
        empty.path(),
        &[(&["status"], "CONFIG_MISSING", 6, &["hansa.toml"])],
    );
    for args in [
        &["frobnicate"][..],
        &["contract", "frobnicate"],
        &["sql", "--frobnicate"],
    ] {
        let done = run(binary(), empty.path(), args).ends(2);
        assert!(done.err.contains("frobnicate"), "{}", done.err);
    }
}

#[test]
fn rows_and_policies_that_cannot_be_read_are_told_with_their_line() {
    let league = League::new(binary());
    let city = league.city("lindau");
    city.write(
        "data/bikes.csv",
        "site,bikes\nHafen,310\nInsel,viele\nBahnhof,12\n",
    );
    city.configure(
        "[[dataset]]\nname = \"bikes\"\ntitle = \"Bikes\"\nlicence = \"proprietary\"\n[dataset.source]\npath = \"data/bikes.csv\"\n[[dataset.column]]\nname = \"site\"\n[[dataset.column]]\nname = \"bikes\"\ntype = \"int\"\n",
    );
    try_all(
        city.folder(),
        &[
            (
                &["dataset", "publish"],
                "ROWS_UNREADABLE",
                6,
                &["bikes.csv:3", "viele"],
            ),
            (
                &["dataset", "publish", "trips"],
                "DATASET_NOT_PUBLISHED",
                6,
                &["trips", "hansa dataset add"],
            ),
        ],
    );
    city.write(
        "data/bikes.csv",
        "site,bikes\nHafen,310\nInsel,77\nBahnhof,12\n",
    );
    city.publishes();
    city.offers("bikes", "p", "colour = \"red\"", "\"league\"", "officer");
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "CONFIG_UNKNOWN_KEY",
            6,
            &["policies/p.toml:2", "(colour)", "aggregate"],
        )],
    );
    city.write("policies/p.toml", "title = \"p\"\nduties = [\"sing\"]\n");
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "TERM_UNKNOWN",
            6,
            &["policies/p.toml:2", "sing"],
        )],
    );
    city.write(
        "policies/p.toml",
        "title = \"p\"\npurpose = [\"dpv:Nonsense\"]\n",
    );
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "PURPOSE_UNKNOWN",
            2,
            &["dpv:Nonsense"],
        )],
    );
    city.write(
        "policies/p.toml",
        "title = \"p\"\ncolumns = [\"site\", \"bykes\"]\n",
    );
    try_all(
        city.folder(),
        &[(
            &["policy", "check"],
            "TERM_COLUMN_UNKNOWN",
            6,
            &["policies/p.toml:2", "bykes"],
        )],
    );
}

/// lindau serves four datasets to acme, which holds contracts on them.
fn two() -> (League, City, City) {
    let league = League::new(binary());
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
fn a_contract_that_was_ended_is_told_as_such() {
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
        .filter(|path| path.is_file())
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

#[test]
fn a_connector_that_is_told_to_stop_ends_soon_though_an_answer_runs() {
    let league = League::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(150_000, ALL);
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    // Nobody reads on, so the answer stands still in the middle.
    let reader = acme.begins();
    let told = Instant::now();
    lindau.stop();
    let took = told.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    let (opened, closed) = (lindau.records("permit"), lindau.records("close"));
    assert_eq!(opened.len(), closed.len());
    let outcome = text(closed.last().unwrap(), "outcome");
    assert_eq!(outcome, "cut", "{closed:?}");
    drop(reader);
    lindau.verifies();
    try_all(
        acme.folder(),
        &[(
            &["--timeout", "0s", "status"],
            "TIMED_OUT",
            5,
            &["0 seconds"],
        )],
    );
}

#[test]
fn each_code_has_a_cause_and_a_mend() {
    let folder = tempfile::tempdir().unwrap();
    let all = run(binary(), folder.path(), &["--json", "error"])
        .must()
        .lines();
    assert!(all.len() > 80, "{}", all.len());
    for line in all {
        let code = line["code"].as_str().unwrap();
        let told = run(binary(), folder.path(), &["error", code]).must().out;
        for part in [code, "cause", "mend", "exit"] {
            assert!(told.contains(part), "{told}");
        }
        let json = run(binary(), folder.path(), &["--json", "error", code])
            .must()
            .json();
        assert_eq!(json, line);
    }
    try_all(
        folder.path(),
        &[(&["error", "QUOTA_ROW"], "USAGE", 2, &["QUOTA_ROWS"])],
    );
}

#[test]
fn a_reader_that_has_seen_enough_ends_a_command_quietly() {
    use std::io::{BufRead as _, BufReader, Read as _};
    let league = League::new(binary());
    let city = league.city("lindau");
    let rows: String = (0..200_000).map(|row| format!("Hafen,{row}\n")).collect();
    city.holds("bikes", &format!("site,bikes\n{rows}"), "");
    city.publishes();
    let mut child = city
        .command(&["sql", "SELECT * FROM lindau.bikes", "--format", "csv"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    assert_eq!(line, "site,bikes\n");
    drop(out);
    let mut err = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut err)
        .unwrap();
    let status = child.wait().unwrap().code();
    assert!(matches!(status, Some(0 | 141)), "{status:?}: {err}");
    assert_eq!(err, "");
}
