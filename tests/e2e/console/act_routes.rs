//! Each page of an act with each role: who has not its role sees nothing of it, and sends nothing.

use crate::binary;
use crate::console::browser::{Browser, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text};

const ROLES: [&str; 5] = ["officer", "signer", "analyst", "auditor", "operator"];

/// Roles of each person. Whoever signs is an officer, too.
const PEOPLE: [&[&str]; 5] = [
    &["officer"],
    &["officer", "signer"],
    &["analyst"],
    &["auditor"],
    &["operator"],
];

/// Pages of acts, with the roles that open them.
const ROUTES: [(&str, &[&str]); 21] = [
    ("/operations/running/ab12/cancel", &["operator"]),
    ("/operations/peers/add", &["operator"]),
    ("/operations/peers/acme.example/remove", &["operator"]),
    ("/operations/backup/make", &["operator"]),
    ("/settings/reload", &["operator"]),
    ("/settings/tokens/add", &["operator"]),
    ("/settings/tokens/ab12/end", &["operator"]),
    ("/me/tokens/add", &["analyst"]),
    ("/me/tokens/ab12/end", &["analyst"]),
    ("/catalog/lindau/bikes/request", &["officer", "analyst"]),
    ("/groups/add", &["signer"]),
    ("/groups/cities/remove", &["signer"]),
    ("/contracts/n-1/counter", &["officer"]),
    ("/contracts/n-1/sign", &["signer"]),
    ("/contracts/n-1/decline", &["officer"]),
    ("/approvals/ab12/decline", &["signer", "operator"]),
    ("/datasets/bikes/guard/ab12", &["signer"]),
    ("/evidence/export", &["auditor"]),
    ("/answers/ab12/files", &["analyst"]),
    ("/me/sessions/ab12/end", &ROLES),
    ("/me/sessions/end", &ROLES),
];

/// Unix user of a person, other than that of this test.
fn pick_user(person: usize) -> u32 {
    61_300 + u32::try_from(person).unwrap()
}

fn sign_in_as(city: &TestParticipant, user: u32) -> Browser {
    let (mut browser, _) = Browser::of(city);
    let invited = city.hansa_as(user, &["--json", "console"]).must().json();
    let code = text(&invited, "code");
    assert_eq!(browser.enters(&code).status, 303);
    browser
}

#[test]
fn an_act_is_for_its_roles_alone() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    league.hand_bundle_to("lindau");
    lindau.configure(&console("\"officer\""));
    for (index, own) in PEOPLE.into_iter().enumerate() {
        lindau.configure(&format!(
            "[person.p{index}]\nname = \"P{index}\"\nroles = {own:?}\nunix = \"{}\"\n",
            pick_user(index)
        ));
    }
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    for (index, own) in PEOPLE.into_iter().enumerate() {
        let mut browser = sign_in_as(&lindau, pick_user(index));
        for (path, roles) in ROUTES {
            let is_open = roles.iter().any(|role| own.contains(role));
            for page in [browser.get(path), browser.post(path, "key=00&shown=00")] {
                let is_refused = page.body.contains("ROLE_MISSING");
                assert_eq!(is_refused, !is_open, "{own:?} {path}: {}", page.body);
                if is_refused {
                    assert_eq!(page.status, 403, "{own:?} {path}");
                }
                // A form without its key does nothing.
                assert_ne!(page.status, 303, "{own:?} {path}");
            }
        }
    }
    assert!(lindau.records("console_act").is_empty());
    let refused = lindau.records("console_refused");
    assert!(!refused.is_empty());
    lindau.verifies();
}
