//! Backup and restore, and edits by hand beside those by command.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, number, text};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

fn city(league: &TestLeague) -> TestParticipant {
    let city = league.city("lindau");
    league.hand_bundle_to("lindau");
    city.holds("bikes", "site,bikes\nHafen,3\nInsel,4\n", "");
    city.publishes();
    city
}

fn modes(path: &Path, found: &mut Vec<(String, u32)>) {
    let mode = std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    found.push((path.display().to_string(), mode));
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            modes(&entry.unwrap().path(), found);
        }
    }
}

#[test]
fn a_copy_is_made_while_serving_and_put_back() {
    let league = TestLeague::new(super::binary());
    let mut lindau = city(&league);
    lindau.serve();
    // One that lies there already is open to others.
    lindau.write("copy.hansa", "old");
    lindau.write("restriction.toml", "title = \"g\"\nqueries_per_day = 9\n");
    let restriction = lindau
        .folder()
        .join("restriction.toml")
        .display()
        .to_string();
    lindau
        .hansa(&["dataset", "restrict", "bikes", "--policy", &restriction])
        .must();
    lindau.hansa(&["backup", "copy.hansa"]).must();
    let copy = lindau.folder().join("copy.hansa");
    let mode = std::fs::metadata(&copy).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "others can read the copy: {mode:o}");
    let before = lindau.hansa(&["--json", "audit", "verify"]).must().json();
    let copies = || lindau.hansa(&["--json", "backup", "list"]).must().lines();
    let made = copies();
    assert_eq!(made.len(), 1, "{made:?}");
    assert!(text(&made[0], "file").ends_with("/copy.hansa"), "{made:?}");
    assert!(
        number(&made[0], "bytes") > 0 && made[0]["good"].is_null(),
        "{made:?}"
    );

    // Rehearsed beside the running connector, which goes on; a copy of which a byte has changed is found.
    let rehearse = ["--json", "restore", "copy.hansa", "--check"];
    let rehearsed = lindau.hansa(&rehearse).must().json();
    assert_eq!(rehearsed["good"], true, "{rehearsed}");
    assert_eq!(number(&rehearsed, "snapshots"), 1, "{rehearsed}");
    assert_eq!(copies()[0]["good"], true);
    assert!(copies()[0]["rehearsed_at"].is_string());
    let held = std::fs::read(&copy).unwrap();
    let parquet = held.windows(4).position(|bytes| bytes == b"PAR1").unwrap();
    let mut damaged = held.clone();
    damaged[parquet + 20] ^= 1;
    std::fs::write(lindau.folder().join("damaged.hansa"), damaged).unwrap();
    let found = lindau.hansa(&["restore", "damaged.hansa", "--check"]);
    assert!(found.err.contains("SNAPSHOT_DAMAGED"), "{}", found.err);
    assert_ne!(found.status, Some(0));
    let faulty = copies().into_iter().find(|copy| copy["good"] == false);
    assert!(text(&faulty.unwrap(), "file").ends_with("/damaged.hansa"));
    let left = std::fs::read_dir(lindau.folder()).unwrap();
    let left = left.filter(|entry| {
        entry
            .as_ref()
            .unwrap()
            .file_name()
            .to_string_lossy()
            .starts_with(".tmp")
    });
    assert_eq!(left.count(), 0, "the unpacked copy is left behind");
    lindau.stop();

    // What came since would be lost, so a shorter log is not put over a longer one.
    lindau.write("data/bikes.csv", "site,bikes\nHafen,3\nInsel,5\n");
    lindau.publishes();
    lindau
        .hansa(&["restore", "copy.hansa"])
        .refused("CONFIRMATION_NEEDED", 2);
    let restore = ["--yes", "restore", "copy.hansa"];
    lindau.hansa(&restore).refused("LEDGER_ROLLBACK", 7);

    std::fs::rename(lindau.folder().join("state"), lindau.folder().join("lost")).unwrap();
    lindau.hansa(&restore).must();
    let mut open = Vec::new();
    modes(&lindau.folder().join("state"), &mut open);
    open.retain(|(_, mode)| mode & 0o077 != 0);
    assert_eq!(open, [], "others can read what was put back");
    let restriction = lindau.hansa(&["--json", "dataset", "restrict", "bikes"]);
    assert_eq!(restriction.must().json()["readable"], true);
    let after = lindau.hansa(&["--json", "audit", "verify"]).must().json();
    assert!(number(&after, "records") >= number(&before, "records"));
    let rows = lindau
        .hansa(&["--json", "sql", "SELECT sum(bikes) AS n FROM lindau.bikes"])
        .must()
        .lines();
    assert_eq!(number(&rows[0], "n"), 7, "the data of the copy");
}

#[test]
fn a_command_keeps_what_people_wrote() {
    let league = TestLeague::new(super::binary());
    let mut lindau = city(&league);
    lindau.serve();
    let file = lindau.folder().join("hansa.toml");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    lindau.configure(
        "[purpose.harbour]\nparent = \"dpv:ResearchAndDevelopment\"\ntext = \"the harbour\"\n",
    );
    lindau.holds("boats", "berth,boats\nNord,3\n", "");
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("[purpose.harbour]"), "{text}");
    assert!(text.contains("\"boats\""), "{text}");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "{mode:o}");
    lindau.publishes();
    // What a running connector can't take is said, and only that.
    let reload = || lindau.hansa(&["--json", "reload"]).must().json();
    assert_eq!(reload()["at_next_start"], serde_json::json!([]));
    let memory: Vec<&str> = text
        .lines()
        .map(|line| match line.starts_with("memory_of_all ") {
            true => "memory_of_all = \"3000 MB\"",
            false => line,
        })
        .collect();
    let memory = memory.join("\n");
    assert_ne!(memory, text.trim_end(), "the key is there");
    std::fs::write(&file, memory).unwrap();
    assert_eq!(
        reload()["at_next_start"],
        serde_json::json!(["limits.memory_of_all"])
    );
    std::fs::write(&file, &text).unwrap();
    // An entry that is not written leaves the file alone.
    lindau
        .hansa(&[
            "--dry-run",
            "dataset",
            "add",
            "data/boats.csv",
            "--name",
            "more",
        ])
        .must();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

/// How a contract stands for somebody.
fn standing(city: &TestParticipant, contract: &str) -> String {
    let all = city.hansa(&["--json", "contract", "list"]).must().lines();
    let mut all = all.iter().filter(|one| text(one, "contract") == contract);
    all.next_back().map(ToString::to_string).unwrap_or_default()
}

fn withdraws(city: &TestParticipant, contract: &str) {
    let end = ["--yes", "contract", "withdraw", contract, "--reason"];
    city.hansa(&[&end[..], &["over"]].concat()).must();
}

/// A provider that serves, and a consumer with a contract.
fn provider_and_consumer(league: &TestLeague) -> (TestParticipant, TestParticipant, String) {
    let mut lindau = city(league);
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers("bikes", "all", ALL, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let contract = acme.contract("lindau.bikes");
    (lindau, acme, contract)
}

#[test]
fn a_partner_hears_of_a_withdrawal_after_an_older_copy_was_put_back() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme, contract) = provider_and_consumer(&league);
    lindau.hansa(&["backup", "copy.hansa"]).must();
    // What comes now is in no copy: messages that the consumer has fetched.
    for _ in 0..3 {
        let later = acme.contract("lindau.bikes");
        withdraws(&lindau, &later);
        assert!(standing(&acme, &later).contains("withdrawn"));
    }
    lindau.stop();
    std::fs::rename(lindau.folder().join("state"), lindau.folder().join("lost")).unwrap();
    lindau.hansa(&["--yes", "restore", "copy.hansa"]).must();
    lindau.serve();
    acme.knows(&lindau);
    assert!(standing(&acme, &contract).contains("in force"));
    withdraws(&lindau, &contract);
    let heard = standing(&acme, &contract);
    assert!(heard.contains("withdrawn"), "{heard}");
}

#[test]
fn a_consumer_that_goes_back_to_an_older_copy_hears_of_a_withdrawal_again() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme, contract) = provider_and_consumer(&league);
    acme.hansa(&["backup", "copy.hansa"]).must();
    withdraws(&lindau, &contract);
    assert!(standing(&acme, &contract).contains("withdrawn"));
    // It has told that it holds the message.
    let _ = acme.listed("contract");
    std::fs::rename(acme.folder().join("state"), acme.folder().join("lost")).unwrap();
    acme.hansa(&["--yes", "restore", "copy.hansa"]).must();
    let heard = standing(&acme, &contract);
    assert!(heard.contains("withdrawn"), "{heard}");
    lindau.verifies();
}
