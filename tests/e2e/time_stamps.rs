//! An authority outside the league says when heads existed: whoever judges the export need not believe the clock of its owner.

use crate::auditor::{export, findings, verify};
use crate::binary;
use hansa_audit_log::note::base64;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::time_stamp_authority::{AUTHORITY, AuthorityBehaviour, TimeStampAuthority};
use hansa_test_support::workflow::{ALL, text, wait_for};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

/// lindau, whose heads are stamped each second, and acme with a contract, which is the third.
fn stamped(
    league: &TestLeague,
    authority: &TimeStampAuthority,
) -> (TestParticipant, TestParticipant, String) {
    let (mut lindau, acme) = league.long_table(200, ALL);
    lindau.stop();
    let root = std::fs::read_to_string(authority.root()).unwrap();
    lindau.write("tsa-root.pem", &root);
    lindau.configure(&format!(
        "\n[audit]\ntime_stamp = {{ url = \"{}\", trust = [\"tsa-root.pem\"], every = \"1s\" }}\n",
        authority.url()
    ));
    lindau.hansa(&["check"]).must();
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.long");
    (lindau, acme, contract)
}

fn asks(acme: &TestParticipant) {
    acme.ask("SELECT count(*) FROM lindau.long").must();
}

fn status(lindau: &TestParticipant) -> Value {
    lindau.hansa(&["--json", "status"]).must().json()
}

/// Waits until a head over so many records has a time stamp.
fn covered(lindau: &TestParticipant, size: u64) -> u64 {
    wait_for("a time stamp", LIMIT, || {
        let found = status(lindau)["time_stamp"]["size"].as_u64()?;
        (found >= size).then_some(found)
    })
}

/// Waits until the last request has failed with this code.
fn failing(lindau: &TestParticipant, acme: &TestParticipant, code: &str) -> Value {
    wait_for(code, LIMIT, || {
        // The log goes on, or there is nothing to be stamped; nobody waits for the authority.
        asks(acme);
        let found = status(lindau);
        (found["time_stamp"]["code"] == code).then_some(found)
    })
}

/// Changes the token of the last stamped head in a bundle; the sum of the last line is made anew.
fn with_token(bundle: &Path, change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let whole = std::fs::read_to_string(bundle).unwrap();
    let mut lines: Vec<String> = whole.lines().map(str::to_owned).collect();
    let place = lines
        .iter()
        .rposition(|line| line.contains("\"time_stamp\""))
        .expect("a stamped head");
    let value: Value = serde_json::from_str(&lines[place]).unwrap();
    let old = text(&value, "time_stamp");
    let mut token = base64::decode(&old).unwrap();
    change(&mut token);
    lines[place] = lines[place].replace(&old, &base64::encode(&token));
    let end = lines.pop().unwrap();
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let sum = hansa_audit_log::digest::Digest::of(body.as_bytes()).to_string();
    let old: Value = serde_json::from_str(&end).unwrap();
    let end = end.replace(&text(&old["end"], "sha256"), &sum);
    format!("{body}{end}\n").into_bytes()
}

#[test]
fn an_authority_says_before_when_a_question_was_answered() {
    let league = TestLeague::new(binary());
    let authority = TimeStampAuthority::new();
    let (lindau, acme, contract) = stamped(&league, &authority);
    asks(&acme);
    let size = status(&lindau)["records"].as_u64().unwrap();
    let size = covered(&lindau, size);
    let told = lindau.hansa(&["status"]).must();
    assert!(
        told.out.contains(&format!("according to {AUTHORITY}")),
        "{}",
        told.out
    );

    let auditor = tempfile::tempdir().unwrap();
    let file = export(&lindau, auditor.path(), &[]);
    let root = authority.root().display().to_string();
    let bundle = file.display().to_string();
    let trusting = ["--tsa-trust", root.as_str(), "check", bundle.as_str()];
    let (report, ending) = verify(auditor.path(), &trusting);
    assert_eq!(ending, 0, "{report}");
    let stamps = report["answers"][0]["time_stamps"].as_array().unwrap();
    let last = stamps.last().unwrap();
    assert!(last["size"].as_u64().unwrap() >= size, "{report}");
    assert_eq!(text(last, "authority"), AUTHORITY);
    let now = lindau.day(0);
    assert!(text(last, "existed_before")[..10] <= now[..10], "{last}");
    let output = hansa_verify::run_program(["hansa-verify"].into_iter().chain(trusting));
    let sentence = format!(", according to {AUTHORITY}\n");
    assert!(
        output.out.contains("records existed before 20"),
        "{}",
        output.out
    );
    assert!(output.out.contains(&sentence), "{}", output.out);

    // Without an anchor nothing is believed, and nothing is wrong.
    let (report, ending) = verify(auditor.path(), &["check", &bundle]);
    assert_eq!(ending, 0, "{report}");
    assert_eq!(
        report["answers"][0]["time_stamps"],
        Value::Array(Vec::new())
    );
    assert!(report["answers"][0]["time_stamps_not_judged"].as_u64() > Some(0));

    // Under the anchor of somebody else.
    let stranger = TimeStampAuthority::new();
    let foreign = stranger.root().display().to_string();
    let (report, ending) = verify(auditor.path(), &["--tsa-trust", &foreign, "check", &bundle]);
    assert_eq!(ending, 7, "{report}");
    assert!(
        findings(&report, "broken")[0].contains("TIME_STAMP_NOT_TRUSTED"),
        "{report}"
    );
    // Both: one is enough.
    let both = [
        "--tsa-trust",
        &foreign,
        "--tsa-trust",
        &root,
        "check",
        &bundle,
    ];
    assert_eq!(verify(auditor.path(), &both).1, 0);

    // One octet of the signature, and the token of an earlier head.
    let first = std::fs::read_to_string(&file).unwrap();
    let first = first
        .lines()
        .find(|line| line.contains("\"time_stamp\""))
        .unwrap();
    let first: Value = serde_json::from_str(first).unwrap();
    let first = base64::decode(&text(&first, "time_stamp")).unwrap();
    let moved = with_token(&file, |token| token.clone_from(&first));
    let changed = with_token(&file, |token| *token.last_mut().unwrap() ^= 1);
    assert!(stamps.len() > 1, "{report}");
    for bytes in [moved, changed] {
        std::fs::write(auditor.path().join("changed"), bytes).unwrap();
        let (report, ending) = verify(auditor.path(), &["--tsa-trust", &root, "check", "changed"]);
        assert_eq!(ending, 7, "{report}");
        let found = findings(&report, "broken");
        assert_eq!(found.len(), 1, "{report}");
        assert!(found[0].contains("TIME_STAMP_INVALID"), "{report}");
        // The log is as good as ever.
        assert_eq!(verify(auditor.path(), &["check", "changed"]).1, 0);
    }

    // The part for one contract has the stamp that dates it, and a copy of the folder has all.
    let part = auditor.path().join("part");
    std::fs::create_dir(&part).unwrap();
    let part = export(&lindau, &part, &["--contract", &contract]);
    let log = lindau.folder().join("state/log");
    for file in [part, log] {
        let file = file.display().to_string();
        let (report, ending) = verify(auditor.path(), &["--tsa-trust", &root, "check", &file]);
        assert_eq!(
            findings(&report, "broken"),
            Vec::<String>::new(),
            "{ending}"
        );
        let stamps = report["answers"][0]["time_stamps"].as_array().unwrap();
        assert!(!stamps.is_empty(), "{report}");
    }
}

#[test]
fn an_authority_that_is_down_or_lies_stops_no_answer() {
    let league = TestLeague::new(binary());
    let authority = TimeStampAuthority::new();
    let (mut lindau, acme, _) = stamped(&league, &authority);
    covered(&lindau, 1);
    for (behaviour, code) in [
        (AuthorityBehaviour::Silent, "TIME_STAMP_UNAVAILABLE"),
        (AuthorityBehaviour::Repeating, "TIME_STAMP_INVALID"),
        (AuthorityBehaviour::Endless, "TIME_STAMP_UNAVAILABLE"),
    ] {
        authority.behaves(behaviour);
        let found = failing(&lindau, &acme, code);
        let waiting = found["waiting"].as_array().unwrap();
        let said = waiting
            .iter()
            .filter_map(|item| item["text"].as_str())
            .find(|line| line.starts_with(code));
        let said = said.unwrap_or_else(|| panic!("{found}"));
        assert!(said.contains("asked again"), "{said}");
        // What was kept before stays.
        assert!(found["time_stamp"]["existed_before"].is_string(), "{found}");
        authority.behaves(AuthorityBehaviour::Honest);
        asks(&acme);
        wait_for("a token again", LIMIT, || {
            status(&lindau)["time_stamp"]["code"]
                .is_null()
                .then_some(())
        });
    }
    // Under other anchors the tokens of this authority count no more, and what was kept is not dated.
    let stranger = TimeStampAuthority::new();
    let root = std::fs::read_to_string(stranger.root()).unwrap();
    lindau.stop();
    lindau.write("tsa-root.pem", &root);
    lindau.serve();
    acme.knows(&lindau);
    let found = failing(&lindau, &acme, "TIME_STAMP_NOT_TRUSTED");
    assert!(found["time_stamp"]["existed_before"].is_null(), "{found}");
    lindau.write("tsa-root.pem", "no certificate\n");
    lindau.hansa(&["check"]).refused("KEY_INVALID", 6);
}
