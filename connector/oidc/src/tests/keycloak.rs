//! A real issuer: Keycloak signs people in, steps them up and tells of a logout. `tests/oidc/keycloak` fetches and starts it.

use super::test_sign_in::{assert_refused, entropy};
use crate::callback::CallbackParameters;
use crate::issuer::Issuer;
use crate::issuer_config::{ClientSecret, IssuerConfig};
use crate::logout::EndedSessions;
use crate::sign_in::{SignInOutcome, SignInStart, SignedInSubject};
use aws_lc_rs::hmac;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::oidc_issuer::query;
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Keycloak that runs until it is dropped.
struct Keycloak(Child);

impl Drop for Keycloak {
    fn drop(&mut self) {
        // The script ends with its standard input, and Keycloak with it.
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// Browser of Maria, with the cookies of the issuer. It keeps them in order of their names, and never shows them to the console.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
    /// Pages with a form that were seen, as the name of their first field.
    forms: Vec<String>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "the tokens of a real issuer are of the present"
)]
fn now() -> UtcTimestamp {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UtcTimestamp::EPOCH.plus_micros(i64::try_from(passed.as_micros()).unwrap())
}

/// One-time password of Maria (RFC 6238).
fn one_time_password() -> String {
    let step = u64::try_from(now().micros() / 30_000_000).unwrap();
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"secret of the codes");
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The text between two others.
fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

impl Browser {
    async fn send(&mut self, request: reqwest::RequestBuilder) -> (Option<String>, String) {
        let cookies = self.cookies.iter();
        let cookies: Vec<String> = cookies
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let answer = request
            .header("cookie", cookies.join("; "))
            .send()
            .await
            .unwrap();
        for cookie in answer.headers().get_all("set-cookie") {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if cookie.contains("Max-Age=0") || value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let location = answer.headers().get("location");
        let location = location.map(|value| value.to_str().unwrap().to_owned());
        let mut page = Vec::new();
        let mut answer = answer;
        while let Some(piece) = answer.chunk().await.unwrap() {
            page.extend_from_slice(&piece);
        }
        (location, String::from_utf8(page).unwrap())
    }

    /// Follows the way from an address until the console is reached, and fills in each form.
    async fn walk(&mut self, address: &str, console: &str) -> String {
        self.forms.clear();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let mut request = client.get(address);
        for _ in 0..12 {
            let (location, page) = self.send(request).await;
            if let Some(location) = location {
                if location.starts_with(console) {
                    return location;
                }
                request = client.get(location);
                continue;
            }
            let form = between(&page, "<form", "</form>");
            let form = form.unwrap_or_else(|| panic!("a page without a form:\n{page}"));
            let action = between(form, "action=\"", "\"")
                .unwrap()
                .replace("&amp;", "&");
            let action = reqwest::Url::parse(address).unwrap().join(&action).unwrap();
            let mut fields = reqwest::Url::parse("http://localhost/").unwrap();
            let mut pairs = fields.query_pairs_mut();
            if form.contains("name=\"otp\"") {
                self.forms.push("otp".to_owned());
                pairs.append_pair("otp", &one_time_password());
            } else if form.contains("name=\"password\"") {
                self.forms.push("password".to_owned());
                pairs.append_pair("username", "maria");
                pairs.append_pair("password", "password of the tests");
            } else if let Some(session) = between(form, "name=\"session_code\" value=\"", "\"") {
                self.forms.push("logout".to_owned());
                pairs.append_pair("session_code", session);
                pairs.append_pair("confirmLogout", "yes");
            } else {
                panic!("an unknown form:\n{form}");
            }
            drop(pairs);
            let body = fields.query().unwrap().to_owned();
            request = client
                .post(action)
                .header("content-type", "application/x-www-form-urlencoded")
                .body(body);
        }
        panic!("the browser never came back, after {:?}", self.forms);
    }
}

/// Signs in or steps up in a browser.
async fn finish(
    issuer: &Issuer,
    browser: &mut Browser,
    start: SignInStart,
    console: &str,
) -> Result<SignInOutcome, Refusal> {
    let location = browser.walk(&start.address, console).await;
    let callback = CallbackParameters::from_query(&query(&location));
    issuer.finish_sign_in(start.pending, &callback, now()).await
}

#[track_caller]
fn subject_of(outcome: Result<SignInOutcome, Refusal>) -> SignedInSubject {
    match outcome.unwrap() {
        SignInOutcome::SignedIn(subject) => subject,
        SignInOutcome::SteppedUp(proof) => proof.subject().clone(),
    }
}

/// Form of the next request to a listener.
fn receive_form(listener: &TcpListener) -> BTreeMap<String, String> {
    let (mut connection, _) = listener.accept().unwrap();
    connection
        .set_read_timeout(Some(Duration::from_secs(10)))
        .unwrap();
    let mut seen = String::new();
    let mut piece = [0_u8; 4096];
    while !(seen.contains("logout_token=") && seen.matches('.').count() >= 3) {
        let length = connection.read(&mut piece).unwrap();
        assert!(length > 0, "{seen}");
        seen.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    // The rest of the body, if any.
    connection
        .set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    while let Ok(length @ 1..) = connection.read(&mut piece) {
        seen.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    connection.write_all(answer).unwrap();
    assert!(seen.starts_with("POST /oidc/logout "), "{seen}");
    let (_, body) = seen.split_once("\r\n\r\n").unwrap();
    query(&format!("http://localhost/?{body}"))
}

/// `HANSA_KEYCLOAK` is a folder in which the program is kept.
#[tokio::test]
#[ignore = "needs Keycloak, and Java 17"]
async fn keycloak_signs_in() {
    let folder = std::env::var("HANSA_KEYCLOAK").unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let console = format!("http://{}", listener.local_addr().unwrap());
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    drop(free);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/oidc/keycloak");
    let _keycloak = Keycloak(
        Command::new(script)
            .args([&folder, &port.to_string(), &console])
            .stdin(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    let config = |client: &str| IssuerConfig {
        issuer: format!("http://127.0.0.1:{port}/realms/city"),
        client: client.to_owned(),
        secret: ClientSecret::new("secret of the tests"),
        acr: Some("2".to_owned()),
    };
    let started = Instant::now();
    let issuer = loop {
        match Issuer::discover(config("console-rs256"), now()).await {
            Ok(issuer) => break issuer,
            Err(refusal) => assert!(started.elapsed().as_secs() < 600, "{refusal}"),
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    };
    assert!(issuer.tells_logout());
    let redirect = format!("{console}/oidc/callback");
    let redirect = redirect.as_str();
    let mut browser = Browser::default();

    // A sign-in, with a password.
    let start = issuer.begin_sign_in(redirect, false, &entropy(1), now());
    let maria = subject_of(finish(&issuer, &mut browser, start, &console).await);
    assert_eq!(browser.forms, ["password"]);
    assert_eq!(maria.acr.as_deref(), Some("1"));
    assert!(maria.auth_time.is_some());

    // The issuer remembers her: without a form. Each accepted algorithm, and its `at_hash`.
    for client in [
        "console-rs256",
        "console-ps256",
        "console-es256",
        "console-eddsa",
    ] {
        let issuer = Issuer::discover(config(client), now()).await.unwrap();
        let start = issuer.begin_sign_in(redirect, false, &entropy(2), now());
        let again = subject_of(finish(&issuer, &mut browser, start, &console).await);
        assert_eq!(browser.forms, Vec::<String>::new(), "{client}");
        assert_eq!(
            (&again.sub, &again.sid),
            (&maria.sub, &maria.sid),
            "{client}"
        );
    }
    let shared = Issuer::discover(config("console-hs256"), now())
        .await
        .unwrap();
    let start = shared.begin_sign_in(redirect, false, &entropy(2), now());
    let refused = finish(&shared, &mut browser, start, &console).await;
    assert_refused(refused, ErrorCode::SignInRefused, "`HS256` is not accepted");

    // A sign-in after a sign-out: the password again.
    let start = issuer.begin_sign_in(redirect, true, &entropy(3), now());
    let again = subject_of(finish(&issuer, &mut browser, start, &console).await);
    assert_eq!(browser.forms, ["password"]);
    assert_eq!(again.sub, maria.sub);

    // A step-up: password and code, and the class that was asked for.
    let start = issuer.begin_step_up(redirect, &maria.sub, &entropy(4), now());
    let proof = finish(&issuer, &mut browser, start, &console)
        .await
        .unwrap();
    let SignInOutcome::SteppedUp(proof) = proof else {
        panic!("a sign-in");
    };
    assert_eq!(browser.forms, ["password", "otp"]);
    assert_eq!(proof.subject().acr.as_deref(), Some("2"));

    // A step-up for somebody else, and one whose parameters the browser takes away.
    let start = issuer.begin_step_up(redirect, "somebody-else", &entropy(5), now());
    let refused = finish(&issuer, &mut browser, start, &console).await;
    assert_refused(refused, ErrorCode::SignInRefused, "somebody else");
    let mut start = issuer.begin_step_up(redirect, &maria.sub, &entropy(6), now());
    let mut address = reqwest::Url::parse(&start.address).unwrap();
    let fields = query(&start.address);
    let kept = fields.iter().filter(|(name, _)| {
        !["prompt", "max_age", "acr_values", "claims"].contains(&name.as_str())
    });
    address.query_pairs_mut().clear().extend_pairs(kept);
    start.address = address.into();
    let refused = finish(&issuer, &mut browser, start, &console).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::SignInRefused);

    // A response counts once.
    let first = issuer.begin_sign_in(redirect, false, &entropy(7), now());
    let second = issuer.begin_sign_in(redirect, false, &entropy(7), now());
    let location = browser.walk(&first.address, &console).await;
    let callback = CallbackParameters::from_query(&query(&location));
    assert!(callback.iss.is_some());
    issuer
        .finish_sign_in(first.pending, &callback, now())
        .await
        .unwrap();
    let refused = issuer
        .finish_sign_in(second.pending, &callback, now())
        .await;
    assert_refused(refused, ErrorCode::SignInRefused, "not accept the code");

    // Maria signs out at the issuer, which tells the console.
    let start = issuer.begin_sign_in(redirect, true, &entropy(8), now());
    let maria = subject_of(finish(&issuer, &mut browser, start, &console).await);
    let told = std::thread::spawn(move || receive_form(&listener));
    let mut logout = reqwest::Url::parse(&config("").issuer).unwrap();
    logout.set_path("/realms/city/protocol/openid-connect/logout");
    logout
        .query_pairs_mut()
        .append_pair("client_id", "console-rs256")
        .append_pair("post_logout_redirect_uri", redirect);
    browser.walk(logout.as_str(), &console).await;
    assert_eq!(browser.forms, ["logout"]);
    let form = told.join().unwrap();
    let token = &form["logout_token"];
    let ended = issuer.check_logout_token(token, now()).await.unwrap();
    let expected = EndedSessions::OfIssuerSession {
        sid: maria.sid.unwrap(),
        sub: Some(maria.sub),
    };
    assert_eq!(ended, expected);
    let refused = issuer.check_logout_token(token, now()).await;
    assert_refused(refused, ErrorCode::LogoutTokenInvalid, "used before");
}
