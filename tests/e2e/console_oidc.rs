//! Sign-in at the console by an issuer of accounts, the logout that it tells, and acts that a fresh login proves.

use crate::auditor::{export, verify};
use crate::binary;
use crate::console::acts::{fill_form, location, number_of, waiting};
use crate::console::browser::{Browser, Page, own};
use crate::console::passkeys::{assertion, authenticator, begins_to_add, challenge};
use hansa_test_support::free_ports::find_free_ports;
use hansa_test_support::league::TestLeague;
use hansa_test_support::oidc_issuer::{
    CLIENT, SUBJECT, TestIssuer, TokenSigning, encode_parameter, members, read_clock, response,
};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text, wait_for};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

const SIGNER: &str = "\"officer\", \"signer\"";

/// Terms that show sums alone.
const SUMS: &str = "purpose = [\"dpv:ResearchAndDevelopment\"]\nvalid = { from = 2026-01-01, until = 2029-12-31 }\n\
                    aggregate = { by = [\"site\"], functions = [\"sum\"], measures = [\"bikes\"], min_rows = 2 }";

/// Grid that these terms need.
const GRID: &str = "  [dataset.grid]\n  dimensions = [\"site\"]\n";

/// A second officer, so that two can be asked for.
const SECOND: u32 = 61_234;

/// City whose console signs people in by an issuer, and a firm that asks for its bicycles.
struct OidcCity {
    issuer: TestIssuer,
    origin: String,
    lindau: TestParticipant,
    acme: TestParticipant,
}

impl OidcCity {
    fn start(league: &TestLeague, terms: &str, more: &str) -> Self {
        let issuer = TestIssuer::start_now();
        let mut lindau = league.city("lindau");
        let acme = league.firm("acme");
        league.hand_bundle_to("lindau");
        let [port] = find_free_ports::<1>();
        let origin = format!("http://lindau-oidc.localhost:{port}");
        lindau.configure(&format!(
            "[console]\nlisten = \"127.0.0.1:{port}\"\nname = \"{origin}\"\nsign_in = [\"link\", \"oidc\"]\nstep_up = \"again\"\n\n\
             [console.oidc]\nissuer = \"{}\"\nclient = \"{CLIENT}\"\nsecret_file = \"oidc.secret\"\nacr = \"2\"\n\n{more}",
            issuer.address
        ));
        lindau.write("oidc.secret", "swordfish\n");
        set_mode(&lindau, 0o600);
        let grid = if terms == SUMS { GRID } else { "" };
        lindau.holds("bikes", "site,bikes\nHafen,310\nInsel,77\n", grid);
        lindau.publishes();
        lindau.offers("bikes", "open", terms, "\"league\"", "officer");
        lindau.serve();
        acme.knows(&lindau);
        acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
            .must();
        Self {
            issuer,
            origin,
            lindau,
            acme,
        }
    }

    fn browser(&self) -> Browser {
        Browser {
            origin: self.origin.clone(),
            session: None,
            language: None,
            name: "Firefox",
        }
    }

    /// Browser of the subject of the issuer, signed in.
    fn signed_in(&self) -> Browser {
        let mut browser = self.browser();
        let page = log_in(&mut browser, "/oidc/start");
        assert_eq!(page.status, 200, "{}", page.body);
        assert!(browser.session.is_some(), "{}", page.head);
        browser
    }

    /// Claims of the tokens that come.
    fn claim(&self, claims: Value) {
        self.issuer.change(|it| it.claims = members(claims));
    }

    fn refusals(&self) -> Vec<String> {
        let all = self.lindau.records("console_refused");
        all.iter()
            .map(|record| text(&record["body"], "code"))
            .collect()
    }
}

fn set_mode(city: &TestParticipant, mode: u32) {
    let file = city.folder().join("oidc.secret");
    std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Person with an account at the issuer alone.
fn maria(roles: &str) -> String {
    format!("[person.maria]\nname = \"Maria\"\nroles = [{roles}]\noidc = \"{SUBJECT}\"\n")
}

/// Value of the cookie of a login that a response sets.
fn login_cookie(page: &Page) -> String {
    let line = page
        .head
        .lines()
        .find_map(|line| line.strip_prefix("set-cookie: hansa-login="));
    line.unwrap().split(';').next().unwrap().to_owned()
}

/// Address at the issuer to which the console sends a browser, and the cookie of the login.
fn begin_login(browser: &mut Browser, path: &str) -> (String, String) {
    let page = browser.get(path);
    (location(&page), login_cookie(&page))
}

/// Goes to the issuer, where somebody logs in. Gives the path of the console to which the issuer sends the browser back.
fn visit_issuer(browser: &Browser, address: &str) -> String {
    let (host, path) = address
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {host}\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let line = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    let back = line.unwrap_or_else(|| panic!("{answer}"));
    back.strip_prefix(browser.origin.as_str())
        .unwrap()
        .to_owned()
}

/// Comes back from the issuer, as from another site: without the cookie of the session.
fn come_back(browser: &mut Browser, path: &str, login: Option<&str>) -> Page {
    let session = browser.session.take();
    let cookie = login.map_or_else(String::new, |login| {
        format!("Cookie: hansa-login={login}\r\n")
    });
    let more = format!("{cookie}Sec-Fetch-Site: cross-site\r\n");
    let page = browser.send(&format!("GET {path}"), &more, "");
    if browser.session.is_none() {
        browser.session = session;
    }
    page
}

/// Logs in at the issuer to the end.
fn log_in(browser: &mut Browser, path: &str) -> Page {
    let (address, login) = begin_login(browser, path);
    let back = visit_issuer(browser, &address);
    come_back(browser, &back, Some(&login))
}

fn tell_logout(browser: &mut Browser, token: &str) -> u16 {
    let body = format!("logout_token={}", encode_parameter(token));
    let more = format!(
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
        body.len()
    );
    let session = browser.session.take();
    let page = browser.send("POST /oidc/logout", &more, &body);
    browser.session = session;
    page.status
}

/// True while the session of a browser is one of a person.
fn is_signed_in(browser: &mut Browser) -> bool {
    let session = browser.session.clone();
    let status = browser.get("/me").status;
    browser.session = session;
    status == 200
}

/// Opens the act that signs what waits. Gives the address at which it waits.
fn open_signature(city: &OidcCity, browser: &mut Browser) -> String {
    let subject = format!("/contracts/{}/sign", waiting(&city.lindau));
    let check = browser.get(&subject);
    assert_eq!(check.status, 200, "{}", check.body);
    location(&browser.post(&subject, &fill_form(&check, "read=yes")))
}

#[test]
fn a_person_signs_in_with_an_account_until_the_issuer_tells_of_the_logout() {
    let league = TestLeague::new(binary());
    let city = OidcCity::start(&league, ALL, &maria("\"officer\""));
    let mut browser = city.browser();
    let page = browser.get("/enter");
    assert!(page.body.contains("href=\"/oidc/start\""), "{}", page.body);
    assert!(page.body.contains("name=\"code\""), "{}", page.body);
    let (address, login) = begin_login(&mut browser, "/oidc/start");
    assert!(address.contains("code_challenge_method=S256"), "{address}");
    assert!(!address.contains("prompt="), "{address}");
    let back = visit_issuer(&browser, &address);
    let page = come_back(&mut browser, &back, Some(&login));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.head.contains("refresh: 0; url=/\r\n"), "{}", page.head);
    assert!(page.body.contains("<a href=\"/\""), "{}", page.body);
    // Neither the page nor its links hold what the browser came with.
    assert!(!page.body.contains("code-"), "{}", page.body);
    assert!(!page.body.contains(&login), "{}", page.body);
    assert!(
        page.head.contains("set-cookie: hansa-login=; "),
        "{}",
        page.head
    );
    let overview = browser.get("/");
    assert_eq!(overview.status, 200, "{}", overview.body);
    assert!(overview.body.contains("Maria"), "{}", overview.body);
    let records = city.lindau.records("console_sign_in");
    assert_eq!(records.len(), 1, "{records:?}");
    assert_eq!(text(&records[0]["body"], "method"), "oidc");
    assert!(!records[0].to_string().contains(SUBJECT), "{records:?}");
    // The answer of the issuer counts once.
    let mut other = city.browser();
    let again = come_back(&mut other, &back, Some(&login));
    assert!(
        again.status >= 400 && other.session.is_none(),
        "{}",
        again.body
    );

    // Attack 24: a forged message ends nothing, and a true one counts once.
    let forged = [
        city.issuer
            .sign_logout("t1", json!({}), TokenSigning::ForeignKey),
        city.issuer
            .sign_logout("t2", json!({}), TokenSigning::Unsigned),
        city.issuer
            .sign_logout("t3", json!({"aud": "other"}), TokenSigning::Rs256),
        city.issuer
            .sign_logout("t4", json!({"events": {}}), TokenSigning::Rs256),
        "x".to_owned(),
    ];
    for token in &forged {
        assert_eq!(tell_logout(&mut browser, token), 400, "{token}");
    }
    let of_others = [
        json!({"sub": "somebody"}),
        json!({"sid": "another-session"}),
    ];
    for (number, claims) in of_others.into_iter().enumerate() {
        let name = format!("other{number}");
        let token = city.issuer.sign_logout(&name, claims, TokenSigning::Rs256);
        assert_eq!(tell_logout(&mut browser, &token), 200);
    }
    assert!(is_signed_in(&mut browser));
    let token = city
        .issuer
        .sign_logout("t5", json!({}), TokenSigning::Rs256);
    assert_eq!(tell_logout(&mut browser, &token), 200);
    assert!(!is_signed_in(&mut browser));
    let mut browser = city.signed_in();
    assert_eq!(tell_logout(&mut browser, &token), 400, "replayed");
    assert!(is_signed_in(&mut browser));
    let token = city.issuer.sign_logout(
        "t6",
        json!({"sid": "issuer-session", "sub": null}),
        TokenSigning::Rs256,
    );
    assert_eq!(tell_logout(&mut browser, &token), 200);
    assert!(!is_signed_in(&mut browser));

    // After a sign-out, the issuer asks anew, also on a machine that others use.
    let mut browser = city.signed_in();
    let page = browser.get("/me");
    let left = browser.post("/leave", &fill_form(&page, ""));
    let page = browser.get(&location(&left));
    let fresh = "/oidc/start?fresh=yes";
    assert!(
        page.body.contains(&format!("href=\"{fresh}\"")),
        "{}",
        page.body
    );
    let (address, _) = begin_login(&mut browser, fresh);
    assert!(address.contains("prompt=login"), "{address}");
}

#[test]
fn an_account_of_no_person_is_told_so_and_gets_nothing() {
    let league = TestLeague::new(binary());
    let city = OidcCity::start(&league, ALL, &maria("\"officer\""));
    // Neither a mail address nor a group of the issuer makes a person or gives a role.
    city.claim(json!({"sub": "f3b1-somebody", "email": "maria@example", "groups": ["officer"]}));
    let mut browser = city.browser();
    let page = log_in(&mut browser, "/oidc/start");
    assert!(page.status >= 400, "{} {}", page.status, page.body);
    assert!(page.body.contains("PERSON_UNKNOWN"), "{}", page.body);
    assert!(page.body.contains("f3b1-somebody"), "{}", page.body);
    assert!(browser.session.is_none() && !page.head.contains("refresh:"));
    assert_eq!(city.refusals(), ["PERSON_UNKNOWN"]);
    let records = city.lindau.records("console_refused");
    assert_eq!(text(&records[0]["body"], "page"), "oidc");
    assert!(!records[0].to_string().contains("somebody"), "{records:?}");
    assert!(city.lindau.records("console_sign_in").is_empty());
    // Who has an account alone commands nothing at the machine, and the console names no file to it.
    city.lindau.hansa(&["console"]).refused("PERSON_UNKNOWN", 4);
}

#[test]
fn a_secret_that_others_can_read_opens_no_console() {
    let league = TestLeague::new(binary());
    let mut city = OidcCity::start(&league, ALL, &maria("\"officer\""));
    city.lindau.stop();
    set_mode(&city.lindau, 0o640);
    let refused = city.lindau.hansa(&["serve"]);
    assert_ne!(refused.status, Some(0));
    let said = format!("{}{}", refused.out, refused.err);
    assert!(said.contains("KEY_FILE_PERMISSIONS"), "{said}");
}

/// Attack 22 over the wire: each answer of the issuer that proves nothing opens no session, and is recorded.
#[test]
fn an_answer_that_proves_nothing_opens_no_session() {
    let league = TestLeague::new(binary());
    let city = OidcCity::start(&league, ALL, &maria("\"officer\""));
    let now = read_clock();
    let mut browser = city.browser();
    let mut refused = 0;
    let mut must_refuse = |what: &str| {
        let page = log_in(&mut browser, "/oidc/start");
        assert!(page.status >= 400, "{what}: {} {}", page.status, page.body);
        assert!(browser.session.is_none(), "{what}");
        assert!(!page.body.contains("eyJ"), "{what}: {}", page.body);
        refused += 1;
        assert_eq!(city.refusals().len(), refused, "{what}");
    };
    for signing in [
        TokenSigning::Unsigned,
        TokenSigning::PublicKeyAsSecret,
        TokenSigning::ForeignKey,
    ] {
        city.issuer.change(|it| it.signing = signing);
        must_refuse(&format!("{signing:?}"));
    }
    city.issuer.change(|it| it.signing = TokenSigning::Rs256);
    for claims in [
        json!({"aud": "another-client"}),
        json!({"iss": "https://id.example"}),
        json!({"azp": "another-client"}),
        json!({"nonce": "of another sign-in"}),
        json!({"exp": now - 1}),
        json!({"iat": now - 3600, "exp": now + 300}),
    ] {
        city.claim(claims.clone());
        must_refuse(&claims.to_string());
    }
    city.claim(json!({}));
    // Many unknown keys have the keys fetched once a minute at most.
    for number in 0..3 {
        let kid = format!("unknown-{number}");
        city.issuer
            .change(|it| it.header = members(json!({"kid": kid})));
        must_refuse("an unknown key");
    }
    assert!(city.issuer.requests("/keys") <= 2);
    city.issuer.change(|it| {
        it.header.clear();
        it.callback = members(json!({"iss": "https://other.example"}));
    });
    must_refuse("the response of another issuer");
    city.issuer.change(|it| {
        it.callback.clear();
        let away = response("302 Found", "location: http://evil.example/", b"");
        it.raw.insert("/token".to_owned(), away);
    });
    must_refuse("a redirection");
    city.issuer.change(|it| it.raw.clear());

    // The code of another browser, without the cookie and with the cookie of another login.
    let mut victim = city.browser();
    let mut attacker = city.browser();
    let (address, _) = begin_login(&mut attacker, "/oidc/start");
    let stolen = visit_issuer(&attacker, &address);
    let (_, login) = begin_login(&mut victim, "/oidc/start");
    for cookie in [None, Some("unknown"), Some(login.as_str())] {
        let page = come_back(&mut victim, &stolen, cookie);
        assert!(page.status >= 400 && victim.session.is_none(), "{cookie:?}");
    }
    // The way of an honest person is open as before.
    assert!(city.signed_in().session.is_some());
}

#[test]
fn a_fresh_login_signs_a_contract_about_sums() {
    let league = TestLeague::new(binary());
    let city = OidcCity::start(&league, SUMS, &maria(SIGNER));
    let mut browser = city.signed_in();
    let pending = open_signature(&city, &mut browser);
    let page = browser.get(&pending);
    let id = pending.strip_prefix("/acts/").unwrap();
    let start = format!("/oidc/start?act={id}");
    assert!(
        page.body.contains(&format!("href=\"{start}\"")),
        "{}",
        page.body
    );
    // A person without a Unix user is told of no machine.
    assert!(!page.body.contains("console confirm"), "{}", page.body);
    // Attack 23: a login that is old, of a lower class, of somebody else, or without its time.
    let now = read_clock();
    for claims in [
        json!({"acr": "1"}),
        json!({"acr": null}),
        json!({"auth_time": now - 3600}),
        json!({"auth_time": null}),
        json!({"sub": "f3b1-somebody"}),
    ] {
        city.claim(claims.clone());
        let page = log_in(&mut browser, &start);
        assert!(page.status >= 400, "{claims}: {}", page.body);
        let page = browser.get(&pending);
        assert!(page.body.contains(&start), "{claims}: {}", page.body);
    }
    assert_eq!(city.refusals(), vec!["SIGN_IN_REFUSED"; 5]);
    city.claim(json!({}));
    // Another session of the person begins no login for the act, and a thief of the cookie has no account.
    let mut other = city.signed_in();
    assert!(other.get(&start).status >= 400);
    let (address, login) = begin_login(&mut browser, &start);
    assert!(address.contains("prompt=login"), "{address}");
    assert!(address.contains("acr_values=2"), "{address}");
    let back = visit_issuer(&browser, &address);
    let page = come_back(&mut browser, &back, Some(&login));
    assert_eq!(page.status, 200, "{}", page.body);
    let next = format!("refresh: 0; url={pending}\r\n");
    assert!(page.head.contains(&next), "{}", page.head);
    // The login alone does nothing.
    assert!(city.lindau.records("console_act").is_empty());
    let page = browser.get(&pending);
    assert!(page.body.contains("signed in again"), "{}", page.body);
    let done = browser.post(&pending, &fill_form(&page, ""));
    assert!(location(&done).starts_with("/contracts/"));
    assert_eq!(browser.post(&pending, &fill_form(&page, "")).status, 409);
    let acts = city.lindau.records("console_act");
    assert_eq!(acts.len(), 1, "{acts:?}");
    let act = &acts[0]["body"];
    assert_eq!(text(act, "act"), "contract sign");
    assert_eq!(text(act, "proof"), "login");
    assert_eq!(text(&act["login"], "issuer"), city.issuer.address);
    assert_eq!(text(&act["login"], "class"), "2");
    assert!(!acts[0].to_string().contains(SUBJECT), "{acts:?}");
    wait_for("the contract", Duration::from_secs(30), || {
        let held = city.acme.contracts_with("lindau.example");
        held.first().map(|one| text(one, "contract"))
    });
    city.lindau.verifies();
    let auditor = tempfile::tempdir().unwrap();
    let bundle = export(&city.lindau, auditor.path(), &[]);
    let bundle = bundle.display().to_string();
    let (report, status) = verify(auditor.path(), &["check", &bundle]);
    assert_eq!(status, 0, "{report}");
    assert_eq!(report["answers"][0]["login_acts"], 1, "{report}");
}

#[test]
fn a_fresh_login_signs_no_contract_about_rows() {
    let league = TestLeague::new(binary());
    let city = OidcCity::start(&league, ALL, &maria(SIGNER));
    let mut browser = city.signed_in();
    let pending = open_signature(&city, &mut browser);
    let page = browser.get(&pending);
    assert!(
        page.body.contains("neither a passkey nor a user account"),
        "{}",
        page.body
    );
    let id = pending.strip_prefix("/acts/").unwrap();
    let page = browser.get(&format!("/oidc/start?act={id}"));
    assert!(page.status >= 400, "{}", page.body);
    assert!(page.body.contains("ACT_UNCONFIRMED"), "{}", page.body);
    assert!(city.lindau.records("console_act").is_empty());
}

/// Whoever runs the connector confirms the passkey of a person without a Unix user, and nothing else for anybody.
#[test]
fn a_person_without_a_user_at_the_machine_signs_with_a_passkey() {
    let league = TestLeague::new(binary());
    let more = format!(
        "{}\n[person.rui]\nname = \"Rui\"\nroles = [{SIGNER}]\nunix = \"{}\"\n",
        maria(SIGNER),
        own()
    );
    let city = OidcCity::start(&league, ALL, &more);
    let mut browser = city.signed_in();
    let mut own_key = authenticator(&browser);
    let pending = begins_to_add(&mut browser, &mut own_key);
    let page = browser.get(&pending);
    let number = number_of(&page);
    let line = format!("hansa console confirm {number} --for Maria");
    assert!(page.body.contains(&line), "{}", page.body);
    // Rui types it, and not as an act of his own.
    let confirm = ["console", "confirm", &number];
    city.lindau
        .hansa(&confirm)
        .refused("CONSOLE_CODE_INVALID", 4);
    let other = ["console", "confirm", &number, "--for", "Rui"];
    city.lindau.hansa(&other).refused("PERSON_UNKNOWN", 4);
    let for_maria = ["console", "confirm", &number, "--for", "Maria"];
    city.lindau.hansa(&for_maria).must();
    let done = browser.post(&pending, &fill_form(&page, ""));
    assert_eq!(location(&done), "/me/passkeys");
    let acts = city.lindau.records("console_act");
    let added = &acts[0]["body"];
    assert_eq!(text(added, "proof"), "host");
    assert_ne!(text(added, "typed_by"), text(added, "actor"));
    let pending = open_signature(&city, &mut browser);
    let page = browser.get(&pending);
    let answer = own_key.get(&challenge(&page));
    let done = browser.post(&pending, &assertion(&page, &answer, &own_key));
    assert!(location(&done).starts_with("/contracts/"));
    let acts = city.lindau.records("console_act");
    assert_eq!(text(&acts[1]["body"], "proof"), "passkey");
    city.lindau.verifies();
}

/// Attack 13: one human being with a Unix user and an account is one officer.
#[test]
fn a_human_being_with_two_accounts_approves_no_own_act() {
    let league = TestLeague::new(binary());
    let more = format!(
        "[officers]\nusers = [\"{}\", \"{SECOND}\"]\nsecond = \"looser\"\n\n{}unix = \"{}\"\n",
        own(),
        maria(SIGNER),
        own()
    );
    let city = OidcCity::start(&league, ALL, &more);
    let negotiation = waiting(&city.lindau);
    city.lindau
        .hansa(&["contract", "sign", &negotiation])
        .must();
    let contract = wait_for("the contract", Duration::from_secs(30), || {
        let held = city.acme.contracts_with("lindau.example");
        held.first().map(|one| text(one, "contract"))
    });
    // Asked for at the socket, approved by the account.
    let withdraw = [
        "contract", "withdraw", &contract, "--reason", "over", "--yes",
    ];
    city.lindau.hansa(&withdraw).must();
    let mut browser = city.signed_in();
    let subject = format!("/contracts/{contract}/withdraw");
    let check = browser.get(&subject);
    let pending = location(&browser.post(&subject, &fill_form(&check, "read=yes")));
    let page = browser.get(&pending);
    city.lindau
        .hansa(&["console", "confirm", &number_of(&page)])
        .must();
    let refused = browser.post(&pending, &fill_form(&page, ""));
    assert!(
        refused.body.contains("SECOND_OFFICER_NEEDED"),
        "{}",
        refused.body
    );
    // Both ways have one pseudonym in the log.
    let actor = |kind: &str, name: &str| {
        let all = city.lindau.records(kind);
        text(&all[0]["body"], name)
    };
    let signed_in = actor("console_sign_in", "actor");
    let approvals = city.lindau.records("approval");
    let asked = approvals
        .last()
        .map(|record| text(&record["body"], "first"));
    assert_eq!(asked, Some(signed_in), "{approvals:?}");
    let held = city.acme.contracts_with("lindau.example");
    assert_eq!(text(&held[0], "state"), "in force");
    // Another human being ends it.
    city.lindau.hansa_as(SECOND, &withdraw).must();
}
