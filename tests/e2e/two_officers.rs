//! Two officers: what lets out more, or ends a contract, needs two persons, whatever comes between the two.

mod partner;
mod wider_terms;

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{policy_text, text};
use std::os::unix::fs::MetadataExt as _;

const SECOND: u32 = 61_234;
const STRANGER: u32 = 61_235;

fn terms(rows: u32) -> String {
    format!(
        "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\", \"bikes\"]\nrows_per_day = {rows}\n\
         bytes_per_day = \"1 MB\"\nvalid = {{ from = 2026-01-01, until = 2029-12-31 }}"
    )
}

/// The Unix user of this test.
fn own() -> u32 {
    std::fs::metadata("/proc/self").unwrap().uid()
}

fn pair(league: &TestLeague, sign: &str) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.configure(&format!(
        "[officers]\nusers = [\"{}\", \"{SECOND}\"]\nsecond = \"looser\"\n",
        own()
    ));
    lindau.offers_bikes("planning", &terms(100), sign);
    lindau.serve();
    acme.knows(&lindau);
    (lindau, acme)
}

/// The offer is on other terms from now on.
fn changes(lindau: &TestParticipant, rows: u32) {
    let text = policy_text("planning", &terms(rows));
    lindau.write("policies/planning.toml", &text);
    lindau.hansa(&["reload"]).must();
}

/// The contracts in force, as the firm sees them.
fn in_force(acme: &TestParticipant) -> Vec<String> {
    let all = acme.hansa(&["--json", "contract", "list"]).must().lines();
    all.iter()
        .filter(|one| text(one, "state") == "in force")
        .map(|one| text(one, "contract"))
        .collect()
}

/// The firm asks for the offer in the place of what it has; gives the negotiation that waits for the city.
fn amends(lindau: &TestParticipant, acme: &TestParticipant) -> String {
    let old = in_force(acme).pop().unwrap();
    acme.hansa(&[
        "contract",
        "request",
        "lindau.bikes",
        "--replaces",
        &old,
        "--sign",
    ])
    .must();
    waits_for_us(lindau)
}

#[test]
fn what_lets_out_more_needs_two_persons() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = pair(&league, "officer");
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    // The first contract, and one that lets out less, need one person.
    lindau.hansa(&["contract", "sign", "n-"]).must();
    let first = in_force(&acme);
    changes(&lindau, 50);
    let tighter = amends(&lindau, &acme);
    lindau.hansa(&["contract", "sign", &tighter]).must();
    let second = in_force(&acme);
    assert_ne!(first, second);
    assert!(lindau.records("approval").is_empty());

    changes(&lindau, 500);
    let looser = amends(&lindau, &acme);
    let asked = lindau
        .hansa(&["--json", "contract", "sign", &looser])
        .must()
        .json();
    assert_eq!(asked["signed"], false, "{asked}");
    assert_eq!(text(&asked, "verdict"), "> LOOSER");
    assert_eq!(in_force(&acme), second, "nothing was signed");
    let again = lindau
        .hansa(&["contract", "sign", &looser])
        .refused("SECOND_OFFICER_NEEDED", 3);
    assert!(
        again.err.contains("you are the one who asked"),
        "{}",
        again.err
    );

    // Whoever is forgotten could come again as somebody else: not while a word waits.
    let user = own().to_string();
    let erase = [
        "--yes", "audit", "erase", "--actor", &user, "--ground", "policy",
    ];
    lindau.hansa(&erase).refused("USAGE", 2);

    // The word of the first is kept over a crash, and nobody can speak where nobody is recognised.
    lindau.kill();
    let alone = lindau
        .hansa(&["contract", "sign", &looser])
        .refused("SECOND_OFFICER_NEEDED", 3);
    assert!(alone.err.contains("no connector runs"), "{}", alone.err);
    lindau.serve();
    acme.hansa(&["peer", "add", lindau.address(), "--id", lindau.domain()])
        .must();
    lindau
        .hansa(&["contract", "sign", &looser])
        .refused("SECOND_OFFICER_NEEDED", 3);
    let status = lindau.hansa(&["--json", "status"]).must().json();
    assert!(
        status["waiting"]
            .to_string()
            .contains("a second must say so too"),
        "{status}"
    );
    if own() != 0 {
        // Another user can be another user only with root's help.
        return;
    }
    let stranger = lindau.hansa_as(STRANGER, &["contract", "sign", &looser]);
    assert_ne!(stranger.status, Some(0), "{}", stranger.out);
    assert_eq!(in_force(&acme), second, "a stranger's word is none");
    lindau
        .hansa_as(SECOND, &["contract", "sign", &looser])
        .must();
    let third = in_force(&acme);
    assert!(third.len() == 1 && third != second, "{third:?}");

    let words = lindau.records("approval");
    assert_eq!(words.len(), 2, "{words:?}");
    let (one, two) = (text(&words[1], "first"), text(&words[1], "second"));
    assert_eq!(text(&words[0], "first"), one);
    assert!(
        one != two && one.len() == 16 && two.len() == 16,
        "{words:?}"
    );
    assert_eq!(text(&words[1], "contract"), third[0]);
    let shown = lindau
        .hansa(&["--json", "contract", "show", &third[0]])
        .must()
        .json();
    assert_eq!(text(&shown["officers"][0], "second"), two);
    lindau.verifies();
}

#[test]
fn a_restriction_is_taken_away_by_two_persons() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, "auto");
    let _ = acme.contract("lindau.bikes");
    let count = "SELECT count(*) FROM lindau.bikes";
    lindau.write("restriction.toml", "title = \"g\"\nqueries_per_day = 1\n");
    let file = lindau
        .folder()
        .join("restriction.toml")
        .display()
        .to_string();
    let set = ["dataset", "restrict", "bikes", "--policy", &file];
    let remove = ["--json", "dataset", "restrict", "bikes", "--remove"];
    // One person tightens; what lets out more waits for another, and is asked for anew after a change in between.
    lindau.hansa(&set).must();
    acme.ask(count).must();
    acme.ask(count).refused("QUOTA_QUERIES", 3);
    let asked = lindau.hansa(&remove).must().json();
    assert_eq!(text(&asked, "waits_for"), "second officer", "{asked}");
    lindau.hansa(&remove).refused("SECOND_OFFICER_NEEDED", 3);
    let status = lindau.hansa(&["--json", "status"]).must().json();
    let waiting = status["waiting"].as_array().unwrap().iter();
    let approvals: Vec<_> = waiting.filter(|item| item["kind"] == "approval").collect();
    assert_eq!(approvals.len(), 1, "{status}");
    assert_eq!(text(approvals[0], "subject"), "bikes", "{status}");
    assert_eq!(text(approvals[0], "severity"), "decision", "{status}");
    let approve = text(approvals[0], "approval");
    assert_eq!(
        text(approvals[0], "act"),
        format!("hansa dataset restrict bikes --approve {approve}")
    );
    assert!(approvals[0]["since"].is_string(), "{status}");
    acme.ask(count).refused("QUOTA_QUERIES", 3);
    lindau.write(
        "restriction.toml",
        "title = \"g\"\nqueries_per_day = 1\nresult_rows = 1\n",
    );
    lindau.hansa(&set).must();
    let asked = lindau.hansa(&remove).must().json();
    assert_eq!(text(&asked, "waits_for"), "second officer", "{asked}");
    lindau.write(
        "restriction.toml",
        "title = \"g\"\nqueries_per_day = 9\nresult_rows = 1\n",
    );
    let looser = lindau.hansa(&["--json", "dataset", "restrict", "bikes", "--policy", &file]);
    assert_eq!(text(&looser.must().json(), "verdict"), "> LOOSER");
    acme.ask(count).refused("QUOTA_QUERIES", 3);
    if own() != 0 {
        return;
    }
    let gone = lindau.hansa_as(SECOND, &remove).must().json();
    assert_eq!(gone["in_force"], true, "{gone}");
    acme.ask(count).must();
    // What two have said of it once, one can't have again when the same restriction is set once more.
    lindau.write(
        "restriction.toml",
        "title = \"g\"\nqueries_per_day = 1\nresult_rows = 1\n",
    );
    lindau.hansa(&set).must();
    let again = lindau.hansa(&remove).must().json();
    assert_eq!(text(&again, "waits_for"), "second officer", "{again}");
    acme.ask(count).refused("QUOTA_QUERIES", 3);
    lindau.verifies();
}

#[test]
fn a_restriction_is_approved_exactly_as_the_first_person_wrote_it() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = pair(&league, "auto");
    let _ = acme.contract("lindau.bikes");
    let count = "SELECT count(*) FROM lindau.bikes";
    lindau.write("restriction.toml", "title = \"g\"\nqueries_per_day = 1\n");
    let file = lindau.folder().join("restriction.toml");
    let file = file.display().to_string();
    let set = ["--json", "dataset", "restrict", "bikes", "--policy", &file];
    lindau.hansa(&set).must();
    acme.ask(count).must();
    acme.ask(count).refused("QUOTA_QUERIES", 3);
    lindau.write(
        "restriction.toml",
        "title = \"more\"\nqueries_per_day = 7\n",
    );
    let asked = lindau.hansa(&set).must().json();
    assert_eq!(text(&asked, "waits_for"), "second officer", "{asked}");
    // A later text of the file is not the one that was asked for.
    lindau.write("restriction.toml", "title = \"none of it\"\n");
    lindau.kill();
    lindau.serve();
    acme.hansa(&["peer", "add", lindau.address(), "--id", lindau.domain()])
        .must();
    let listed = lindau.hansa(&["--json", "approval", "list"]).must().lines();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert!(!text(&listed[0], "text").contains('\n'), "{listed:?}");
    let id = text(&listed[0], "approval");
    let approve = ["--json", "dataset", "restrict", "bikes", "--approve", &id];
    let look = lindau
        .hansa(&[&approve[..], &["--dry-run"]].concat())
        .must()
        .json();
    assert_eq!(text(&look["asked"], "title"), "more", "{look}");
    assert_eq!(look["asked"]["removes"], false, "{look}");
    lindau
        .hansa(&["dataset", "restrict", "bikes", "--approve", "00"])
        .refused("USAGE", 2);
    // Nobody approves what they asked for themselves.
    lindau.hansa(&approve).refused("SECOND_OFFICER_NEEDED", 3);
    acme.ask(count).refused("QUOTA_QUERIES", 3);
    if own() != 0 {
        return;
    }
    let done = lindau.hansa_as(SECOND, &approve).must().json();
    assert_eq!(done["in_force"], true, "{done}");
    let held = lindau.hansa(&["--json", "dataset", "restrict", "bikes"]);
    assert_eq!(text(&held.must().json(), "title"), "more");
    acme.ask(count).must();
    lindau.verifies();
}

#[test]
fn a_contract_is_ended_by_two_persons() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = pair(&league, "auto");
    let contract = acme.contract("lindau.bikes");
    let withdraw = |reason: &'static str| {
        [
            "--yes", "contract", "withdraw", "CONTRACT", "--reason", reason,
        ]
    };
    let by = |reason| {
        withdraw(reason).map(|word| {
            if word == "CONTRACT" {
                contract.as_str()
            } else {
                word
            }
        })
    };
    let asked = lindau.hansa(&by("the pilot is over")).must();
    assert!(asked.out.contains("still in force"), "{}", asked.out);
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    lindau.kill();
    lindau.serve();
    acme.hansa(&["peer", "add", lindau.address(), "--id", lindau.domain()])
        .must();
    lindau
        .hansa(&by("again"))
        .refused("SECOND_OFFICER_NEEDED", 3);
    acme.ask("SELECT count(*) FROM lindau.bikes").must();

    // An offer that the connector signs by itself does not get around it.
    changes(&lindau, 500);
    let looser = amends(&lindau, &acme);
    assert_eq!(in_force(&acme), std::slice::from_ref(&contract));
    lindau.hansa(&["contract", "decline", &looser]).must();
    // Nor does a second contract beside the first.
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    assert_eq!(in_force(&acme), std::slice::from_ref(&contract));
    if own() != 0 {
        return;
    }
    lindau.hansa_as(SECOND, &by("yes")).must();
    acme.ask("SELECT count(*) FROM lindau.bikes").ends(3);
    let words = lindau.records("approval");
    assert_eq!(words.len(), 2, "{words:?}");
    // The log commits to the reason, and holds neither it nor who they were.
    let log = std::fs::read_dir(lindau.folder().join("state/log")).unwrap();
    for entry in log {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        let held = String::from_utf8_lossy(&bytes);
        assert!(!held.contains("the pilot is over"));
    }
    let index = words[1]["seq"].to_string();
    let show = ["--json", "audit", "show", &index];
    let shown = lindau.hansa(&show).must().lines();
    assert_eq!(text(&shown[0], "reason"), "the pilot is over");
    assert_eq!(shown[0]["second_user"], SECOND);
    assert_eq!(text(&words[1], "action"), "withdraw");
    lindau.verifies();
}

#[test]
fn what_one_person_asked_for_is_declined_with_a_reason_and_can_be_asked_for_again() {
    let league = TestLeague::new(super::binary());
    let (mut lindau, acme) = pair(&league, "auto");
    let contract = acme.contract("lindau.bikes");
    let withdraw = [
        "--yes", "contract", "withdraw", &contract, "--reason", "over",
    ];
    lindau.hansa(&withdraw).must();
    let listed = lindau.hansa(&["--json", "approval", "list"]).must().lines();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(text(&listed[0], "approval"), contract);
    assert_eq!(text(&listed[0], "state"), "waits");
    assert_eq!(text(&listed[0], "text"), "over");
    let decline = ["approval", "decline", &contract, "--reason", "it goes on"];
    // Whoever could not approve it can't decline it either.
    if own() == 0 {
        let stranger = lindau.hansa_as(STRANGER, &decline);
        assert_ne!(stranger.status, Some(0), "{}", stranger.out);
        assert_eq!(lindau.records("approval").len(), 1);
        lindau.hansa_as(SECOND, &decline).must();
    } else {
        lindau.hansa(&decline).must();
    }
    let words = lindau.records("approval");
    assert_eq!(words.len(), 2, "{words:?}");
    assert_eq!(text(&words[1], "first"), text(&words[0], "first"));
    assert!(words[1].get("second").is_none(), "{words:?}");
    assert!(!text(&words[1], "declined").is_empty());
    assert_ne!(
        text(&words[1], "reason_commit"),
        text(&words[0], "reason_commit")
    );
    // A declined step is over, also after a crash, and whoever asked for it reads why.
    lindau.kill();
    lindau.serve();
    lindau.hansa(&decline).refused("USAGE", 2);
    let status = lindau.hansa(&["--json", "status"]).must();
    assert!(!status.out.contains("one officer wants"), "{}", status.out);
    let listed = lindau.hansa(&["--json", "approval", "list"]).must().lines();
    assert_eq!(text(&listed[0], "state"), "declined");
    assert_eq!(text(&listed[0], "text"), "it goes on");
    let shown = lindau
        .hansa(&["--json", "contract", "show", &contract])
        .must()
        .json();
    assert_eq!(text(&shown["declined_steps"][0], "reason"), "it goes on");
    assert_eq!(shown["officers"], serde_json::json!([]));
    // Asked for again, the step is another request: one word is not enough for it.
    lindau.hansa(&withdraw).must();
    assert!(lindau.records("withdraw").is_empty(), "it is in force");
    let listed = lindau.hansa(&["--json", "approval", "list"]).must().lines();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!(text(&listed[0], "state"), "waits");
    lindau.verifies();
}

#[test]
fn two_persons_end_a_contract_from_the_same_day_on() {
    let league = TestLeague::new(super::binary());
    let (lindau, acme) = pair(&league, "auto");
    let contract = acme.contract("lindau.bikes");
    let (day, other) = (lindau.day(3), lindau.day(4));
    let end = [
        "--yes", "contract", "withdraw", &contract, "--reason", "over",
    ];
    let from = |day| [&end[..], &["--from", day]].concat();
    let asked = lindau.hansa(&from(&day)).must();
    assert!(asked.out.contains(" --from "), "{}", asked.out);
    let waiting = lindau.hansa(&["--json", "status"]).must().json();
    assert!(
        waiting["waiting"]
            .to_string()
            .contains("wants to withdraw it from"),
        "{waiting}"
    );
    if own() != 0 {
        return;
    }
    // Another day, or at once, is another act, which nobody has asked for before.
    for act in [from(&other), end.to_vec()] {
        let waits = lindau
            .hansa_as(SECOND, &[&["--json"], &act[..]].concat())
            .must()
            .json();
        assert_eq!(text(&waits, "waits_for"), "second officer", "{waits}");
    }
    assert!(lindau.records("withdraw").is_empty());
    lindau.hansa_as(SECOND, &from(&day)).must();
    assert_eq!(lindau.records("withdraw").len(), 1);
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    lindau.verifies();
}

#[test]
fn two_are_asked_for_only_where_there_are_two() {
    let league = TestLeague::new(super::binary());
    let lindau = league.city("lindau");
    lindau.configure("[officers]\nusers = [\"1001\"]\nsecond = \"looser\"\n");
    let wrong = lindau.hansa(&["check"]).refused("CONFIG_INVALID", 6);
    assert!(wrong.err.contains("officers.users"), "{}", wrong.err);
    let nobody = league.city("acme");
    nobody.configure("[officers]\nusers = [\"nobody-by-that-name\"]\n");
    nobody.hansa(&["check"]).refused("CONFIG_INVALID", 6);
}

/// A contract that was ended can't be given back by what was signed before, and not yet by the other side.
#[test]
fn an_end_ends_what_was_signed_beside() {
    let league = TestLeague::new(super::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", "site,bikes\nHafen,310\n", "");
    lindau.publishes();
    lindau.offers("bikes", "planning", &terms(100), "\"league\"", "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    lindau.hansa(&["contract", "sign", "n-"]).must();
    let contract = in_force(&acme).pop().unwrap();
    acme.hansa(&["contract", "request", "lindau.bikes"]).must();
    let held = waits_for_us(&lindau);
    lindau.hansa(&["contract", "sign", &held]).must();
    lindau
        .hansa(&[
            "--yes",
            "contract",
            "withdraw",
            &contract,
            "--reason",
            "it is over",
        ])
        .must();
    let late = acme.hansa(&["contract", "sign", &held]);
    assert_ne!(late.status, Some(0), "{}", late.out);
    assert!(in_force(&acme).is_empty() && in_force(&lindau).is_empty());
}

/// The negotiation that waits for the city.
fn waits_for_us(lindau: &TestParticipant) -> String {
    let all = lindau.hansa(&["--json", "contract", "list"]).must().lines();
    let waits = all.iter().find(|one| text(one, "turn") == "our turn");
    text(waits.unwrap(), "negotiation")
}

#[test]
fn the_connector_opens_no_files_for_another_user() {
    let league = TestLeague::new(super::binary());
    let (lindau, _acme) = pair(&league, "officer");
    let place = league.folder().join("taken");
    let place = place.to_str().unwrap();
    let asked: [&[&str]; 4] = [
        &["--yes", "backup", place],
        &["--yes", "audit", "export", "--output", place],
        &["--yes", "audit", "processing", "--output", "hansa.toml"],
        &["policy", "check", "hansa.toml", "--dataset", "bikes"],
    ];
    for args in asked {
        lindau.hansa_as(SECOND, args).refused("USAGE", 2);
    }
    assert!(!std::path::Path::new(place).exists());
    // What needs no file is theirs, and files are the own user's.
    lindau.hansa_as(SECOND, &["audit", "processing"]).must();
    lindau.hansa(&["--yes", "backup", place]).must();
}
