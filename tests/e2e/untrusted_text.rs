//! What others write commands no terminal: titles, sources, meanings, offers and cells with escapes and marks of direction.

use crate::binary;
use hansa_policy::safe_text::printable_lines;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{CommandOutput, TestParticipant};
use hansa_test_support::workflow::{PURPOSE, text};
use std::process::{Command, Stdio};

/// Clears a screen, names a window, turns the direction of writing, hides and tags.
const WILD: &str =
    "a\u{1b}[2J\u{1b}]0;t\u{7}\u{9b}31m\u{202e}b\u{61c}\u{ad}\u{2066}\u{200b}\u{e0041}c";
/// The same as TOML writes it.
const TOML: &str =
    "a\\u001b[2J\\u001b]0;t\\u0007\\u009b31m\\u202eb\\u061c\\u00ad\\u2066\\u200b\\U000e0041c";

/// A city that writes so, and a firm that reads it.
fn pair(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.write(
        "data/notes.csv",
        &format!("n,note\n1,\"{WILD}\"\n2,\"two\nlines\"\n"),
    );
    lindau.configure(&format!(
        "[[dataset]]\nname = \"notes\"\ntitle = \"{TOML}\\nerror[NONE]: of two lines\"\nlicence = \"{TOML}\"\n\
         attribution = \"{TOML}\"\n[dataset.source]\nkind = \"text\"\npath = \"data/notes.csv\"\n\
         [[dataset.column]]\nname = \"n\"\ntype = \"int\"\nmeaning = \"{TOML}\"\n\
         [[dataset.column]]\nname = \"note\"\n"
    ));
    lindau.publishes();
    lindau.write(
        "policies/wild.toml",
        &format!("title = \"{TOML}\"\ncolumns = \"all\"\npurpose = [\"{PURPOSE}\"]\n"),
    );
    lindau.configure(
        "[[offer]]\ndataset = \"notes\"\npolicy = \"wild\"\nto = \"league\"\nsign = \"auto\"",
    );
    lindau.serve();
    acme.knows(&lindau);
    (lindau, acme)
}

/// Whether a text commands nothing and hides nothing.
#[track_caller]
fn neutral(what: &str, text: &str) {
    assert_eq!(printable_lines(text), text, "{what}");
}

/// The command with a terminal for its output.
fn on_terminal(city: &TestParticipant, args: &[&str]) -> String {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let all = [&[binary().to_str().unwrap()], args].concat();
    let command: Vec<String> = all.iter().map(|arg| quoted(arg)).collect();
    let mut child = Command::new("script")
        .args(["-qec", &command.join(" "), "/dev/null"])
        .current_dir(city.folder())
        .env_remove("HANSA_CONFIG")
        .env("NO_COLOR", "1")
        // Open to its end: on an end of input the terminal would echo one.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let held = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(held);
    String::from_utf8(output.stdout)
        .unwrap()
        .replace("\r\n", "\n")
}

fn both(outcome: &CommandOutput) -> String {
    format!("{}{}", outcome.out, outcome.err)
}

const NOTES: &str = "SELECT note FROM lindau.notes ORDER BY n";

#[test]
fn what_others_write_commands_no_terminal() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = pair(&league);
    let asks = ["sql", NOTES, "--purpose", PURPOSE];
    let _ = acme.contract("lindau.notes");
    let contract = acme.listed("contract").pop().unwrap();
    let commands: &[(&TestParticipant, &[&str])] = &[
        (&acme, &["catalog", "list"]),
        (&acme, &["catalog", "show", "lindau.notes"]),
        (&acme, &["contract", "show", &contract]),
        (
            &acme,
            &["contract", "request", "lindau.notes", "--offer", WILD],
        ),
        (
            &acme,
            &["contract", "request", "lindau.notes", "--offer", "none"],
        ),
        (&acme, &asks),
        (&acme, &["explain", NOTES, "--purpose", PURPOSE]),
        (
            &acme,
            &[
                "sql",
                "SELECT CAST(note AS INT) FROM lindau.notes",
                "--purpose",
                PURPOSE,
            ],
        ),
        (&lindau, &["dataset", "list"]),
        (&lindau, &["dataset", "show", "notes"]),
        (&lindau, &["dataset", "sample", "notes"]),
        (&lindau, &["policy", "show", "wild"]),
        (&lindau, &["policy", "check"]),
        (&lindau, &["check"]),
        (&lindau, &["status"]),
        (
            &lindau,
            &[
                "simulate",
                "SELECT * FROM notes",
                "--as",
                "acme.example",
                "--purpose",
                PURPOSE,
            ],
        ),
        (&lindau, &["audit", "list"]),
    ];
    for (city, args) in commands {
        // Also through a pipe, since pagers pass it on; and as JSON, which keeps the values.
        let what = args.join(" ");
        let reported = both(&city.hansa(args));
        assert!(!reported.is_empty(), "{what}");
        neutral(&what, &reported);
        neutral(&what, &both(&city.hansa(&[&["--json"], *args].concat())));
        neutral(&what, &on_terminal(city, args));
    }
    // A cell and a title have one line.
    let shown = acme.hansa(&asks).must().out;
    let cells: Vec<&str> = shown.lines().take(3).collect();
    assert_eq!(cells[2].trim_end(), "two lines", "{shown}");
    assert!(
        cells[1].contains("\\u{1b}[2J") && cells[1].contains("\\u{61c}"),
        "{shown}"
    );
    let listed = acme.hansa(&["catalog", "list"]).must().out;
    assert_eq!(listed.lines().count(), 2, "{listed}");

    // Programs and files get what was written.
    let rows = acme.ask(NOTES).must().lines();
    assert_eq!(text(&rows[0], "note"), WILD);
    assert_eq!(text(&rows[1], "note"), "two\nlines");
    let entry = acme.hansa(&["--json", "catalog", "list"]).must().json();
    assert_eq!(text(&entry["entry"], "attribution"), WILD, "{entry}");
    for format in ["csv", "json"] {
        let as_rows = [&asks[..], &["--format", format]].concat();
        let piped = acme.hansa(&as_rows).must().out;
        let file = format!("notes.{format}");
        acme.hansa(&[&asks[..], &["-o", &file]].concat()).must();
        let written = std::fs::read_to_string(acme.folder().join(&file)).unwrap();
        assert!(
            written.contains('\u{202e}') && written.contains('\u{61c}'),
            "{written}"
        );
        if format == "csv" {
            assert_eq!(written, piped);
        } else {
            let values = |lines: &str| -> Vec<serde_json::Value> {
                let lines = lines.lines().filter(|line| line.contains("note"));
                lines
                    .map(|line| serde_json::from_str(line).unwrap())
                    .collect()
            };
            assert_eq!(values(&written), values(&piped));
            neutral(format, &piped);
        }
        let shown = on_terminal(&acme, &as_rows);
        neutral(format, &shown);
        assert!(shown.contains("two"), "{shown}");
    }
    let terms = std::fs::read_to_string(lindau.folder().join("policies/wild.toml")).unwrap();
    let document = lindau
        .hansa(&["policy", "show", "wild", "--toml"])
        .must()
        .out;
    assert_eq!(document.trim_end(), terms.trim_end());

    // What is no text goes to no terminal.
    for format in ["arrow", "parquet"] {
        let shown = on_terminal(&acme, &[&asks[..], &["--format", format]].concat());
        assert!(shown.contains("error[USAGE]"), "{shown}");
    }
}

#[test]
fn own_texts_that_are_not_shown_as_they_are_are_reported() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = pair(&league);
    let report = lindau.hansa(&["--json", "check"]).must().json();
    let warnings = report["warnings"].as_array().unwrap();
    let keys: Vec<String> = warnings.iter().map(|one| text(one, "key")).collect();
    let expected = [
        "dataset.title",
        "dataset.licence",
        "dataset.attribution",
        "dataset.column.meaning",
        "title",
    ];
    assert_eq!(keys, expected, "{report}");
    let output = lindau.hansa(&["check"]).must();
    assert_eq!(
        output.err.matches("warning[").count(),
        expected.len(),
        "{}",
        output.err
    );
    let none = acme.hansa(&["--json", "check"]).must().json();
    assert_eq!(none["warnings"], serde_json::json!([]));
}
