//! Full files of the log go to its archive: a participant goes on, and whoever checks says what it could not see.

use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::ALL;
use std::process::Command;

#[test]
fn an_archived_log_goes_on_and_says_what_is_missing() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    let file = lindau.folder().join("hansa.toml");
    let toml = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        toml.replace("[limits]", "[limits]\nsegment = \"8 kB\""),
    )
    .unwrap();
    lindau.offers_long(20, ALL);
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    let ask = || acme.ask("SELECT count(*) FROM lindau.long").must();
    for _ in 0..12 {
        ask();
    }
    let before = lindau.log().len();
    let moved = lindau.hansa(&["--json", "audit", "archive"]).must().lines();
    assert!(moved.len() > 1, "{moved:?}");
    assert_eq!(lindau.records("archive").len(), 1);
    // It goes on over the archive, also from the beginning and in a new run, killed or not.
    ask();
    lindau.kill();
    lindau.serve();
    acme.knows(&lindau);
    ask();
    assert!(lindau.log().len() > before);
    lindau.verifies();
    acme.hansa(&["audit", "reconcile", "lindau"]).must();
    lindau
        .hansa(&["audit", "export", "-o", "all.bundle"])
        .must();
    let home = lindau.folder().to_path_buf();
    let judge = |file: &str| {
        let path = |name: &str| home.join(name).into_os_string();
        let bundle = path("trust/bundle.json");
        hansa_verify::run_program([
            "hansa-verify".into(),
            "check".into(),
            path(file),
            "--trust".into(),
            bundle,
        ])
    };
    assert_eq!(judge("all.bundle").status, 0, "{}", judge("all.bundle").out);

    // The archive is elsewhere.
    let log = lindau.folder().join("state/log");
    let aside = lindau.folder().join("aside");
    std::fs::rename(log.join("archive"), &aside).unwrap();
    let verified = lindau.hansa(&["--json", "audit", "verify"]).ends(7);
    let report = verified.json();
    assert_eq!(report["good"], false, "{report}");
    assert_eq!(report["fault"], serde_json::Value::Null, "{report}");
    assert!(
        report["missing"][0].as_str().unwrap().contains("archive"),
        "{report}"
    );
    assert!(
        verified.err.contains("EVIDENCE_INCOMPLETE"),
        "{}",
        verified.err
    );
    let output = judge("state/log");
    assert_eq!(output.status, 8, "{}", output.out);
    assert!(output.out.contains("archive is missing"), "{}", output.out);
    // Questions are answered all the same, also after a new start; what needs the old records says so.
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    ask();
    lindau
        .hansa(&["audit", "export", "-o", "again.bundle"])
        .refused("EVIDENCE_INCOMPLETE", 7);
    let linked = Command::new("ln")
        .arg("-s")
        .arg(&aside)
        .arg(log.join("archive"))
        .status();
    assert!(linked.unwrap().success());
    lindau.verifies();
    let text = judge("state/log").out;
    assert!(
        !text.contains("archive") && !text.contains("BROKEN"),
        "{text}"
    );
}
