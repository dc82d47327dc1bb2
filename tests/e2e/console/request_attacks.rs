//! Attacks with raw requests: cookies of others, guesses, names in the address, and many connections. The numbers are those of
//! docs/console-attacks.md.

use crate::binary;
use crate::console::acts::{fill_form, location, signed_in, waiting};
use crate::console::browser::{Browser, city_with_request, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, number};
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

const COUNT: &str = "SELECT count(*) AS n FROM lindau.bikes";

#[test]
fn attack_16_a_cookie_from_before_the_sign_in_opens_nothing() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"officer\"");
    let (mut browser, code) = Browser::of(&lindau);
    let planted = "a".repeat(64);
    browser.session = Some(planted.clone());
    assert_eq!(browser.get("/").status, 303);
    assert_eq!(browser.enters(&code).status, 303);
    let session = browser.session.clone().unwrap();
    assert_ne!(session, planted);
    let mut thief = Browser {
        session: Some(planted),
        ..Browser::of(&lindau).0
    };
    assert_eq!(thief.get("/").status, 303, "the planted cookie is nobody's");
    assert_eq!(browser.get("/").status, 200);
    // A second sign-in has another identity, too.
    let (_, code) = Browser::of(&lindau);
    assert_eq!(browser.enters(&code).status, 303);
    assert_ne!(browser.session, Some(session));
    lindau.verifies();
}

#[test]
fn attack_18_a_stolen_cookie_does_nothing_that_binds() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"officer\", \"signer\"");
    let browser = signed_in(&lindau);
    let negotiation = waiting(&lindau);
    // In a browser of the same name on the same machine it reads; what binds needs the machine's own user.
    let mut thief = Browser {
        session: browser.session.clone(),
        ..Browser::of(&lindau).0
    };
    let address = format!("/contracts/{negotiation}/sign");
    let check = thief.get(&address);
    assert_eq!(check.status, 200, "{}", check.body);
    let form = fill_form(&check, "read=yes");
    let pending = location(&thief.post(&address, &form));
    let page = thief.get(&pending);
    let form = fill_form(&page, "");
    assert_eq!(thief.post(&pending, &form).status, 422);
    assert!(lindau.records("console_act").is_empty());
    // Another browser ends the session for everybody.
    let mut other = Browser {
        name: "curl",
        session: browser.session.clone(),
        ..Browser::of(&lindau).0
    };
    assert_eq!(other.get("/").status, 303);
    assert_eq!(thief.get("/").status, 303);
    lindau.verifies();
}

#[test]
fn attack_29_names_in_an_address_lead_nowhere_else() {
    let league = TestLeague::new(binary());
    let roles = "\"officer\", \"signer\", \"analyst\", \"auditor\", \"operator\"";
    let (lindau, _acme) = city_with_request(&league, roles);
    let mut browser = signed_in(&lindau);
    let long = "a".repeat(6_000);
    let names = [
        "..",
        "..%2f..%2fhansa.toml",
        "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "%00",
        "bikes%00",
        "%0d%0aSet-Cookie:%20hansa=x",
        "'%20OR%201=1--",
        "%ff",
        "%E2%80%AE",
        "*",
        long.as_str(),
    ];
    for base in [
        "/contracts/",
        "/datasets/",
        "/policies/",
        "/catalog/acme.example/",
        "/answers/",
        "/acts/",
        "/evidence/records/",
        "/operations/doctor/",
        "/help/errors/",
        "/me/passkeys/",
        "/a/x/",
    ] {
        for name in names {
            let page = browser.get(&format!("{base}{name}"));
            assert!(
                matches!(
                    page.status,
                    200 | 303 | 400 | 403 | 404 | 409 | 410 | 414 | 422 | 431
                ),
                "{base}{name:.40}: {}",
                page.status
            );
            assert!(!page.body.contains("root:"), "{base}{name:.40}");
            assert!(!page.body.contains("[participant]"), "{base}{name:.40}");
            let planted = page.head.lines().any(|line| line.contains("hansa=x"));
            assert!(!planted, "{}", page.head);
        }
    }
    // A name in the query is text, too.
    for query in [
        "/contracts?with='%20OR%201=1--",
        "/evidence/received?dataset=%25",
    ] {
        let page = browser.get(query);
        assert_eq!(page.status, 200, "{query}");
        assert!(!page.body.contains("n-"), "{query}: {}", page.body);
    }
    assert_eq!(browser.get("/").status, 200);
    lindau.verifies();
}

#[test]
fn attack_31_a_wrong_code_shows_nothing_of_who_has_one() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"officer\"");
    let (mut browser, code) = Browser::of(&lindau);
    // No page asks for a name, so that nothing can be told about one.
    let page = browser.get("/enter");
    assert!(!page.body.contains("Maria"), "{}", page.body);
    let with_code = browser.enters("1111-1111-11");
    // The only open code is used up.
    let mut person = Browser::of(&lindau).0;
    person.session = None;
    assert_eq!(person.enters(&code).status, 401, "the next code ends it");
    let (mut person, code) = Browser::of(&lindau);
    assert_eq!(person.enters(&code).status, 303);
    let without_code = browser.enters("1111-1111-11");
    assert_eq!(with_code.status, 401);
    assert_eq!(with_code.status, without_code.status);
    assert_eq!(with_code.body, without_code.body);
}

#[test]
fn attack_33_a_header_that_names_another_client_is_not_believed() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"officer\"");
    let (mut browser, code) = Browser::of(&lindau);
    let body = "code=1111-1111-11";
    let mut guess = |place: usize| {
        let more = format!(
            "Origin: {}\r\nX-Forwarded-For: 198.51.100.{place}\r\nForwarded: for=198.51.100.{place}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            browser.origin,
            body.len()
        );
        browser.send("POST /enter", &more, body).status
    };
    let statuses: Vec<u16> = (1..=6).map(&mut guess).collect();
    assert_eq!(statuses[..5], [401; 5], "{statuses:?}");
    assert_eq!(statuses[5], 429, "all came from one network: {statuses:?}");
    // Whoever has a code comes in all the same.
    assert_eq!(browser.enters(&code).status, 303);
}

#[test]
fn attack_37_a_key_that_others_can_read_is_refused_at_the_start() {
    let league = TestLeague::new(binary());
    let lindau = league.city("lindau");
    let key = lindau.folder().join("console.key");
    let chain = lindau.folder().join("console.pem");
    let made =
        rcgen::generate_simple_self_signed(vec!["console.lindau.example".to_owned()]).unwrap();
    std::fs::write(&chain, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    lindau.configure(
        "[console]\nlisten = \"127.0.0.1:0\"\nname = \"https://console.lindau.example\"\n\
         certificate = \"console.pem\"\nkey = \"console.key\"\n",
    );
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o640)).unwrap();
    let refused = lindau.hansa(&["serve"]);
    assert_ne!(refused.status, Some(0));
    let said = format!("{}{}", refused.out, refused.err);
    assert!(said.contains("console.key"), "{said}");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o600)).unwrap();
    let mut lindau = lindau;
    lindau.serve();
}

#[test]
fn attack_28_a_thousand_idle_browsers_keep_no_peer_waiting() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("open", ALL, "auto");
    lindau.configure(&console("\"officer\""));
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    acme.ask(COUNT).must();
    let (browser, _) = Browser::of(&lindau);
    let port: u16 = browser.origin.rsplit(':').next().unwrap().parse().unwrap();
    let measure = || {
        let began = Instant::now();
        let answer = acme.ask(COUNT).must().lines();
        assert_eq!(number(&answer[0], "n"), 2);
        began.elapsed()
    };
    let before = (0..5).map(|_| measure()).max().unwrap();
    // Some send nothing, some half of a head, some half of a form.
    let idle: Vec<TcpStream> = (0..1_000)
        .filter_map(|at: usize| {
            let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
            let begun: &[u8] = match at % 3 {
                0 => b"",
                1 => b"GET / HTTP/1.1\r\nHost: ",
                _ => b"POST /enter HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\ncode=",
            };
            let _ = stream.write_all(begun);
            Some(stream)
        })
        .collect();
    assert!(idle.len() > 900, "{}", idle.len());
    let during = (0..5).map(|_| measure()).max().unwrap();
    // Far more than it takes on a busy machine; a peer that waited for browsers would wait for their timeouts.
    assert!(
        during < before * 4 + Duration::from_secs(2),
        "{before:?} {during:?}"
    );
    drop(idle);
    let mut browser = signed_in(&lindau);
    assert_eq!(browser.get("/").status, 200);
    lindau.verifies();
}
