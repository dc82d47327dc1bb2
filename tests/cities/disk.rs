//! A log that can't be written: nothing is answered, it is said why, and nothing else is lost.

use harness::city::City;
use harness::league::League;
use harness::play::{ALL, number, text};

const ASK: &str = "SELECT sum(bikes) AS total FROM lindau.bikes";

/// A city with a contract for a firm.
fn pair(league: &League) -> (City, City) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", "");
    lindau.publishes();
    lindau.offers("bikes", "all", ALL, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    (lindau, acme)
}

fn answered(acme: &City) {
    let answer = acme.ask(ASK).must().lines();
    assert_eq!(number(&answer[0], "total"), 387);
}

/// What waits for the operator.
fn waiting(city: &City) -> String {
    city.hansa(&["--json", "status"]).must().json()["waiting"].to_string()
}

/// Makes the log the largest of all files, so that a limit on files is one on the log.
fn lengthen_the_log(city: &City) -> u64 {
    let branches = vec!["SELECT bikes FROM lindau.bikes"; 60].join(" UNION ALL ");
    for _ in 0..4 {
        city.hansa(&[
            "--json",
            "sql",
            &format!("SELECT count(*) FROM ({branches}) AS u"),
        ])
        .must();
    }
    let log = city.folder().join("state/log");
    let sizes = std::fs::read_dir(log).unwrap();
    sizes
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == "jsonl"))
        .map(|entry| entry.metadata().unwrap().len())
        .max()
        .unwrap()
}

/// What stands in the log's folder, with lengths.
fn files_of_the_log(city: &City) -> Vec<(String, u64)> {
    let files = std::fs::read_dir(city.folder().join("state/log")).unwrap();
    let files = files.map(|entry| entry.unwrap());
    let files = files.map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, entry.metadata().unwrap().len())
    });
    files.collect()
}

#[test]
pub(crate) fn without_its_log_nothing_is_answered() {
    let league = League::new(super::binary());
    let (mut lindau, acme) = pair(&league);
    answered(&acme);
    let longest = lengthen_the_log(&lindau);
    let index = std::fs::metadata(lindau.folder().join("state/state.db"))
        .unwrap()
        .len();
    assert!(index < longest, "{index} {longest}");
    lindau.stop();

    // Room for a few records more.
    lindau.serve_within(longest / 512 + 30);
    acme.knows(&lindau);
    let mut told = 0;
    let refused = (0..40).map(|_| acme.ask(ASK)).find(|asked| {
        told += usize::from(asked.out.contains("total"));
        asked.status != Some(0)
    });
    // The answer at the limit may have begun under the last ruling that was written; then it says that it is not whole.
    assert!(refused.is_some(), "the log did not come to its limit");
    for _ in 0..3 {
        let again = acme.ask(ASK).ends(5);
        assert!(!again.out.contains("total"), "no row leaves: {}", again.out);
    }
    // The operator hears of it from a process that lives, and own questions are no exception.
    assert!(
        waiting(&lindau).contains("log can't be written"),
        "{}",
        waiting(&lindau)
    );
    let doctor = lindau.hansa(&["--json", "doctor"]);
    assert_eq!(doctor.status, Some(1), "{}", doctor.out);
    let codes = ["EVIDENCE_UNAVAILABLE", "DISK_FULL"];
    assert!(
        codes.iter().any(|code| doctor.out.contains(code)),
        "{}",
        doctor.out
    );
    let own = lindau.hansa(&["--json", "sql", ASK]);
    assert_eq!(own.status, Some(1), "{}", own.out);
    assert!(own.out.is_empty(), "{}", own.out);
    assert!(
        codes.iter().any(|code| own.err.contains(code)),
        "{}",
        own.err
    );

    let copy = ["audit", "verify", "state/log"];
    let stopped = lindau.hansa(&copy);
    assert_eq!(
        stopped.status,
        Some(0),
        "{}{}{:?}",
        stopped.out,
        stopped.err,
        files_of_the_log(&lindau)
    );
    assert!(stopped.out.contains("was stopped"), "{}", stopped.out);
    assert!(lindau.records("stop").is_empty());
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    // It is said afterwards why there was nothing, and the file that could not be written is not written any more.
    let stops = lindau.records("stop");
    assert_eq!(stops.len(), 1, "{stops:?}");
    let unheard = lindau.records("refuse_summary");
    assert!(
        unheard
            .iter()
            .any(|sum| text(&sum["body"], "peer") == "hansa://acme.example"),
        "who heard nothing is on the books: {unheard:?}"
    );
    let next = lindau.records("segment");
    assert_eq!(next.len(), 1, "{next:?}");
    assert_eq!(next[0]["body"]["suspect"], true, "{next:?}");
    assert_eq!(next[0]["body"]["previous"], stops[0]["body"]["segment"]);
    let permits = lindau.records("permit");
    let to_acme = permits
        .iter()
        .filter(|permit| permit.to_string().contains("acme.example"))
        .count();
    assert!(
        told < to_acme,
        "{told} answers, {to_acme} rulings with the first"
    );
    answered(&acme);
    assert!(!waiting(&lindau).contains("log"), "{}", waiting(&lindau));
    lindau.verifies();
    acme.verifies();
}

#[test]
fn a_disk_that_is_almost_full_answers_nothing() {
    let league = League::new(super::binary());
    let (lindau, acme) = pair(&league);
    answered(&acme);
    let before = lindau.records("permit").len();
    let file = lindau.folder().join("hansa.toml");
    let text_before = std::fs::read_to_string(&file).unwrap();
    // More than any disk has free.
    let text_after = text_before.replace("[limits]", "[limits]\nreserve = \"1000000 GB\"");
    assert_ne!(text_before, text_after);
    std::fs::write(&file, text_after).unwrap();
    let (mut lindau, acme) = (lindau, acme);
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    let refused = acme.ask(ASK).refused("EVIDENCE_UNAVAILABLE", 1);
    assert!(!refused.out.contains("total"), "{}", refused.out);
    let last = lindau.records("refuse").pop().unwrap();
    assert_eq!(text(&last["body"], "code"), "EVIDENCE_UNAVAILABLE");
    assert_eq!(lindau.records("pause").len(), 1);
    let doctor = lindau.hansa(&["--json", "doctor"]);
    assert_ne!(doctor.status, Some(0));
    assert!(
        doctor
            .lines()
            .iter()
            .any(|hop| text(hop, "code") == "DISK_FULL"),
        "{}",
        doctor.out
    );
    std::fs::write(&file, text_before).unwrap();
    lindau.stop();
    lindau.serve();
    acme.knows(&lindau);
    assert_eq!(lindau.records("permit").len(), before);
    answered(&acme);
    lindau.verifies();
}
