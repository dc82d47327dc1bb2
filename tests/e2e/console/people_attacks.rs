//! Attacks with the accounts of own people: another role, another session, another person's act, and pages that change meanwhile. The
//! numbers are those of docs/console-attacks.md.

use crate::binary;
use crate::console::acts::{fill_form, location, number_of, signed_in, waiting};
use crate::console::browser::{Browser, Page, city_with_request, own};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{policy_text, text, wait_for};
use std::time::Duration;

/// Roles of a person who signs.
const SIGNER: &str = "\"officer\", \"signer\"";

/// Pages with the roles that open them; none for everybody who is signed in.
const PAGES: &[(&str, &[&str])] = &[
    ("/", &[]),
    ("/me", &[]),
    ("/me/passkeys", &[]),
    ("/help/errors/ROLE_MISSING", &[]),
    ("/contracts", &["officer", "analyst", "auditor"]),
    ("/contracts/n-1", &["officer", "analyst", "auditor"]),
    ("/contracts/n-1/comment", &["officer"]),
    ("/contracts/n-1/decline", &["officer"]),
    ("/contracts/n-1/sign", &["signer"]),
    ("/contracts/n-1/withdraw", &["signer"]),
    ("/datasets", &["officer"]),
    ("/datasets/bikes", &["officer"]),
    ("/policies", &["officer"]),
    ("/policies/open", &["officer"]),
    ("/catalog", &["officer", "analyst"]),
    ("/catalog/lindau.example/bikes", &["officer", "analyst"]),
    ("/ask", &["analyst"]),
    ("/answers/0a", &["analyst"]),
    ("/answers/0a/csv", &["analyst"]),
    ("/evidence", &["officer", "auditor"]),
    ("/evidence/received", &["officer", "auditor"]),
    ("/evidence/records", &["officer", "auditor"]),
    ("/evidence/records/0", &["officer", "auditor"]),
    ("/evidence/heads", &["officer", "auditor"]),
    ("/evidence/verify", &["officer", "auditor"]),
    ("/operations", &["operator"]),
    ("/operations/peers", &["operator"]),
    ("/operations/doctor", &["operator"]),
    ("/operations/doctor/lindau", &["operator"]),
    ("/operations/running", &["operator"]),
    ("/operations/delivery", &["operator"]),
    ("/operations/workers", &["operator"]),
    ("/operations/backup", &["operator"]),
    ("/settings", &["operator", "auditor"]),
    ("/settings/people", &["operator", "auditor"]),
    ("/settings/tokens", &["operator"]),
];

/// Forms with the roles that send them.
const FORMS: &[(&str, &[&str])] = &[
    ("/contracts/n-1/comment", &["officer"]),
    ("/contracts/n-1/decline", &["officer"]),
    ("/contracts/n-1/sign", &["signer"]),
    ("/contracts/n-1/withdraw", &["signer"]),
    ("/ask", &["analyst"]),
    ("/answers/0a/stop", &["analyst"]),
    ("/operations/doctor", &["operator"]),
];

/// Gives the person other roles, which end the sessions.
fn change_roles(city: &TestParticipant, before: &str, after: &str) {
    let config = city.folder().join("hansa.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    let changed = written.replace(
        &format!("roles = [{before}]"),
        &format!("roles = [{after}]"),
    );
    assert_ne!(written, changed);
    std::fs::write(&config, changed).unwrap();
    city.hansa(&["reload"]).must();
}

/// Opens the act of a form, and confirms its number at the machine. Gives the address at which it waits.
fn open_confirmed_act(city: &TestParticipant, browser: &mut Browser, address: &str) -> String {
    let check = browser.get(address);
    assert_eq!(check.status, 200, "{}", check.body);
    // Where a colleague has asked for the end, the form has its reason and its day already.
    let has_reason = check.body.contains("name=\"reason\" value=");
    let more = match (address.ends_with("/withdraw"), has_reason) {
        (true, false) => "reason=over&from=&read=yes",
        (true, true) | (false, _) => "read=yes",
    };
    let pending = location(&browser.post(address, &fill_form(&check, more)));
    let page = browser.get(&pending);
    city.hansa(&["console", "confirm", &number_of(&page)])
        .must();
    pending
}

/// Sends the form of the page at which an act waits.
fn go_on(browser: &mut Browser, pending: &str) -> Page {
    let page = browser.get(pending);
    browser.post(pending, &fill_form(&page, ""))
}

#[test]
fn attack_11_another_language_meanwhile_signs_the_page_that_was_shown() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, SIGNER);
    let mut browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    let shown = lindau
        .hansa(&["--json", "contract", "show", &negotiation, "--as-known"])
        .must()
        .json();
    let digest = text(&shown["shown"], "sha256");
    let address = format!("/contracts/{negotiation}/sign");
    let check = browser.get(&address);
    let form = fill_form(&check, "read=yes");
    assert!(form.contains(&digest), "{form}");
    // The console speaks another language now; the page that is signed does not.
    assert!(browser.get("/?lang=pt").body.contains("<html lang=\"pt\""));
    let other = browser.post(&address, &form.replace(&digest, &"0".repeat(64)));
    assert_eq!(other.status, 409, "{}", other.body);
    assert!(other.body.contains("TERMS_CHANGED"), "{}", other.body);
    assert!(lindau.records("console_act").is_empty());
    let pending = location(&browser.post(&address, &form));
    let page = browser.get(&pending);
    lindau
        .hansa(&["console", "confirm", &number_of(&page)])
        .must();
    assert_eq!(browser.post(&pending, &fill_form(&page, "")).status, 303);
    let acts = lindau.records("console_act");
    assert_eq!(acts.len(), 1);
    assert_eq!(text(&acts[0]["body"], "shown"), digest);
    lindau.verifies();
}

#[test]
fn attack_12_a_counter_while_the_officer_signs_leaves_one_of_the_two() {
    let league = TestLeague::new(binary());
    let (lindau, acme) = city_with_request(&league, SIGNER);
    let mut browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    let policy = policy_text(
        "narrow",
        "purpose = [\"dpv:ResearchAndDevelopment\"]\ncolumns = [\"site\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }",
    );
    acme.write("narrow.toml", &policy);
    let file = acme.folder().join("narrow.toml");
    let file = file.to_str().unwrap();
    let pending = open_confirmed_act(
        &lindau,
        &mut browser,
        &format!("/contracts/{negotiation}/sign"),
    );
    // A colleague counters between the number and the last click: the counter wins, and nothing is signed.
    lindau
        .hansa(&["contract", "counter", &negotiation, "--policy", file])
        .must();
    let late = go_on(&mut browser, &pending);
    assert_eq!(late.status, 409, "{}", late.body);
    assert!(
        acme.contracts_with("lindau.example")
            .iter()
            .all(|one| one.get("contract").is_none()),
        "nothing was signed"
    );
    // The other way round: the firm's next proposal is signed, and a counter comes too late.
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let second = wait_for("the next request", Duration::from_secs(30), || {
        let waits = waiting(&lindau);
        (waits != negotiation).then_some(waits)
    });
    let pending = open_confirmed_act(&lindau, &mut browser, &format!("/contracts/{second}/sign"));
    assert_eq!(go_on(&mut browser, &pending).status, 303);
    let counter = lindau.hansa(&["contract", "counter", &second, "--policy", file]);
    assert_ne!(counter.status, Some(0), "{}", counter.out);
    let held = acme.contracts_with("lindau.example");
    let held = held.iter().filter(|one| one["state"] == "in force");
    assert_eq!(held.count(), 1);
    lindau.verifies();
}

#[test]
fn attack_13_nobody_approves_an_own_act_from_another_session_or_under_another_name() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = city_with_request(&league, SIGNER);
    lindau
        .hansa(&["contract", "sign", &waiting(&lindau)])
        .must();
    let contract = wait_for("the contract", Duration::from_secs(30), || {
        let held = acme.contracts_with("lindau.example");
        held.iter()
            .map(|one| text(one, "contract"))
            .find(|id| !id.is_empty())
    });
    lindau.configure(&format!(
        "[officers]\nusers = [\"{}\", \"61234\"]\nsecond = \"looser\"\n",
        own()
    ));
    lindau.kill();
    lindau.serve();
    let address = format!("/contracts/{contract}/withdraw");
    let mut browser = signed_in(&lindau);
    let pending = open_confirmed_act(&lindau, &mut browser, &address);
    assert_eq!(go_on(&mut browser, &pending).status, 303);
    assert_eq!(lindau.records("approval").len(), 1);
    // A second session of one person is no second person.
    let mut again = signed_in(&lindau);
    let pending = open_confirmed_act(&lindau, &mut again, &address);
    let refused = go_on(&mut again, &pending);
    assert!(
        refused.body.contains("SECOND_OFFICER_NEEDED"),
        "{} {}",
        refused.status,
        refused.body
    );
    // Nor is an entry with another key and another name.
    let config = lindau.folder().join("hansa.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    let renamed = written
        .replace("[person.maria]", "[person.jonas]")
        .replace("Maria <Santos>", "Jonas Weber");
    assert_ne!(written, renamed);
    std::fs::write(&config, renamed).unwrap();
    lindau.hansa(&["reload"]).must();
    let mut renamed = signed_in(&lindau);
    assert!(renamed.get("/me").body.contains("Jonas Weber"));
    let pending = open_confirmed_act(&lindau, &mut renamed, &address);
    let refused = go_on(&mut renamed, &pending);
    assert!(
        refused.body.contains("SECOND_OFFICER_NEEDED"),
        "{} {}",
        refused.status,
        refused.body
    );
    assert_eq!(lindau.records("approval").len(), 1);
    assert!(lindau.records("withdraw").is_empty(), "it is in force");
    lindau.verifies();
}

#[test]
fn a_second_person_declines_with_a_reason_that_the_first_one_reads() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = city_with_request(&league, SIGNER);
    lindau
        .hansa(&["contract", "sign", &waiting(&lindau)])
        .must();
    let contract = wait_for("the contract", Duration::from_secs(30), || {
        let held = acme.contracts_with("lindau.example");
        held.iter()
            .map(|one| text(one, "contract"))
            .find(|id| !id.is_empty())
    });
    lindau.configure(&format!(
        "[person.rui]\nname = \"Rui\"\nroles = [{SIGNER}]\nunix = \"61234\"\n\n\
         [officers]\nusers = [\"{}\", \"61234\"]\nsecond = \"looser\"\n",
        own()
    ));
    lindau.kill();
    lindau.serve();
    let withdraw = [
        "--yes", "contract", "withdraw", &contract, "--reason", "over",
    ];
    lindau.hansa(&withdraw).must();
    let (mut second, _) = Browser::of(&lindau);
    let invited = lindau
        .hansa_as(61_234, &["--json", "console"])
        .must()
        .json();
    assert_eq!(second.enters(&text(&invited, "code")).status, 303);
    let decline = format!("/approvals/{contract}/decline");
    // The page of the approval says who has asked for it, and leads to the other answer, as what waits does.
    let page = second.get(&format!("/contracts/{contract}/withdraw"));
    assert!(page.body.contains("Asked for by"), "{}", page.body);
    for page in [page, second.get("/")] {
        let link = format!("href=\"{decline}\"");
        assert!(page.body.contains(&link), "{}", page.body);
    }
    let form = second.get(&decline);
    assert_eq!(form.status, 200, "{}", form.body);
    assert!(form.body.contains("over"), "{}", form.body);
    let empty = second.post(&decline, &fill_form(&form, "reason="));
    assert_eq!(empty.status, 422, "{}", empty.body);
    assert_eq!(lindau.records("approval").len(), 1);
    let done = second.post(&decline, &fill_form(&form, "reason=it+goes+on"));
    assert_eq!(location(&done), "/");
    assert_eq!(lindau.records("approval").len(), 2);
    let acts = lindau.records("console_act");
    assert_eq!(text(&acts[0], "act"), "approval decline");
    // It is over, and a form of it has no page any more.
    let again = second.post(&decline, &fill_form(&form, "reason=it+goes+on"));
    assert_ne!(again.status, 303, "{}", again.body);
    assert_eq!(lindau.records("approval").len(), 2);
    let mut first = signed_in(&lindau);
    let page = first.get(&format!("/contracts/{contract}"));
    assert!(page.body.contains("it goes on"), "{}", page.body);
    assert!(lindau.records("withdraw").is_empty(), "it is in force");
    lindau.verifies();
}

#[test]
fn a_second_person_approves_a_restriction_as_it_was_written() {
    if own() != 0 {
        // Another user can be another user only with root's help.
        return;
    }
    let league = TestLeague::new(binary());
    let (mut lindau, _acme) = city_with_request(&league, SIGNER);
    lindau.configure(&format!(
        "[person.rui]\nname = \"Rui\"\nroles = [{SIGNER}]\nunix = \"61234\"\n\n\
         [officers]\nusers = [\"{}\", \"61234\"]\nsecond = \"looser\"\n",
        own()
    ));
    lindau.kill();
    lindau.serve();
    let file = lindau.folder().join("restriction.toml");
    let path = file.display().to_string();
    let set = ["--json", "dataset", "restrict", "bikes", "--policy", &path];
    for (title, waits) in [("one", ""), ("seven", "second officer")] {
        let number = if waits.is_empty() { 1 } else { 7 };
        let policy = format!("title = \"{title}\"\nqueries_per_day = {number}\n");
        std::fs::write(&file, policy).unwrap();
        let asked = lindau.hansa(&set).must().json();
        assert_eq!(asked["waits_for"].as_str().unwrap_or_default(), waits);
    }
    let listed = lindau.hansa(&["--json", "approval", "list"]).must().lines();
    let page = format!("/datasets/bikes/guard/{}", text(&listed[0], "approval"));
    let (mut second, _) = Browser::of(&lindau);
    let invited = lindau
        .hansa_as(61_234, &["--json", "console"])
        .must()
        .json();
    assert_eq!(second.enters(&text(&invited, "code")).status, 303);
    let overview = second.get("/");
    let link = format!("href=\"{page}\"");
    assert!(overview.body.contains(&link), "{}", overview.body);
    // Whoever has asked for it does not approve it.
    let mut first = signed_in(&lindau);
    let form = first.get(&page);
    let pending = location(&first.post(&page, &fill_form(&form, "")));
    let waits = first.get(&pending);
    let number = number_of(&waits);
    lindau.hansa(&["console", "confirm", &number]).must();
    let refused = first.post(&pending, &fill_form(&waits, ""));
    assert!(
        refused.body.contains("SECOND_OFFICER_NEEDED"),
        "{}",
        refused.body
    );
    let held = lindau.hansa(&["dataset", "restrict", "bikes"]).must();
    assert!(held.out.contains("one"), "{}", held.out);
    // The page shows what was asked for, and has no field for another text.
    let form = second.get(&page);
    assert_eq!(form.status, 200, "{}", form.body);
    assert!(form.body.contains("seven"), "{}", form.body);
    assert!(!form.body.contains("<textarea"), "{}", form.body);
    let waits = second.post(&page, &fill_form(&form, ""));
    let pending = location(&waits);
    let waits = second.get(&pending);
    let number = number_of(&waits);
    lindau
        .hansa_as(61_234, &["console", "confirm", &number])
        .must();
    let done = second.post(&pending, &fill_form(&waits, ""));
    assert_eq!(location(&done), "/datasets/bikes");
    let held = lindau.hansa(&["dataset", "restrict", "bikes"]).must();
    assert!(held.out.contains("seven"), "{}", held.out);
    lindau.verifies();
}

#[test]
fn attack_14_each_page_and_form_is_open_to_its_roles_alone() {
    let league = TestLeague::new(binary());
    let mut before = "\"officer\"".to_owned();
    let (lindau, _acme) = city_with_request(&league, &before);
    for roles in [
        &["officer"][..],
        &["officer", "signer"],
        &["analyst"],
        &["auditor"],
        &["operator"],
    ] {
        let quoted: Vec<String> = roles.iter().map(|role| format!("\"{role}\"")).collect();
        let after = quoted.join(", ");
        if after != before {
            change_roles(&lindau, &before, &after);
            before = after;
        }
        let mut browser = signed_in(&lindau);
        let recorded = lindau.records("console_refused").len();
        let mut refused = 0;
        for (path, open_to) in PAGES {
            let page = browser.get(path);
            let is_open = open_to.is_empty() || open_to.iter().any(|role| roles.contains(role));
            refused += usize::from(!is_open);
            assert_eq!(
                page.status != 403,
                is_open,
                "{roles:?} {path}: {}",
                page.status
            );
            assert!(
                is_open || !page.body.contains("acme"),
                "{roles:?} {path}: {}",
                page.body
            );
        }
        for (path, open_to) in FORMS {
            let page = browser.post(path, "key=00&step=see&sql=SELECT+1");
            let is_open = open_to.iter().any(|role| roles.contains(role));
            assert_eq!(
                page.status != 403,
                is_open,
                "{roles:?} {path}: {}",
                page.status
            );
        }
        assert!(refused > 5, "{roles:?}");
        assert!(
            lindau.records("console_refused").len() > recorded,
            "{roles:?}: a refusal is recorded"
        );
    }
    assert!(lindau.records("console_act").is_empty());
    lindau.verifies();
}

#[test]
fn attack_38_without_its_log_no_act_happens() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = city_with_request(&league, SIGNER);
    // The log becomes the longest of all files, so that a limit on files is one on the log.
    let branches = vec!["SELECT bikes FROM lindau.bikes"; 60].join(" UNION ALL ");
    let question = format!("SELECT count(*) FROM ({branches}) AS u");
    for _ in 0..4 {
        lindau.hansa(&["--json", "sql", &question]).must();
    }
    let log = std::fs::read_dir(lindau.folder().join("state/log")).unwrap();
    let longest = log
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().extension().is_some_and(|kind| kind == "jsonl"))
        .map(|entry| entry.metadata().unwrap().len())
        .max()
        .unwrap();
    lindau.stop();
    lindau.serve_within(longest / 512 + 40);
    let mut browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    let address = format!("/contracts/{negotiation}/sign");
    let pending = open_confirmed_act(&lindau, &mut browser, &address);
    let page = browser.get(&pending);
    let full = (0..200).any(|_| lindau.hansa(&["--json", "sql", &question]).status != Some(0));
    assert!(full, "the log did not come to its limit");
    let acted = browser.post(&pending, &fill_form(&page, ""));
    assert!(acted.status >= 500, "{} {}", acted.status, acted.body);
    // Pages are read on, and no contract comes of it.
    assert_eq!(browser.get("/contracts").status, 200);
    let held = acme.contracts_with("lindau.example");
    assert!(
        held.iter().all(|one| one.get("contract").is_none()),
        "{held:?}"
    );
    lindau.stop();
    lindau.serve();
    assert!(lindau.records("console_act").is_empty());
    assert!(lindau.records("contract").is_empty());
    lindau.verifies();
}
