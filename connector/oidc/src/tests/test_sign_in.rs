//! Sign-ins at the issuer of the tests, with a clock that stands still.

use crate::callback::CallbackParameters;
use crate::issuer::Issuer;
use crate::issuer_config::{ClientSecret, IssuerConfig};
use crate::sign_in::{SignInEntropy, SignInOutcome, SignInStart, SignedInSubject};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::oidc_issuer::{ACCESS_TOKEN, CLIENT, NOW, SECRET, TestIssuer, query};

/// Address to which the browser comes back.
pub(super) const REDIRECT: &str = "http://munster.localhost:8818/oidc/callback";

/// Instant of the tests, moved by seconds.
pub(super) fn instant(seconds: i64) -> UtcTimestamp {
    UtcTimestamp::EPOCH.plus_micros((NOW + seconds) * 1_000_000)
}

/// Settings for an issuer.
pub(super) fn config(issuer: &TestIssuer) -> IssuerConfig {
    IssuerConfig {
        issuer: issuer.address.clone(),
        client: CLIENT.to_owned(),
        secret: ClientSecret::new(&format!("{SECRET}\n")),
        acr: Some("2".to_owned()),
    }
}

/// Discovers an issuer.
pub(super) async fn discover(issuer: &TestIssuer) -> Issuer {
    Issuer::discover(config(issuer), instant(0)).await.unwrap()
}

/// Goes to the issuer as a browser, where somebody logs in.
pub(super) async fn visit(address: &str) -> CallbackParameters {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let answer = client.get(address).send().await.unwrap();
    assert_eq!(answer.status(), 302);
    let location = answer.headers()["location"].to_str().unwrap();
    assert!(location.starts_with(REDIRECT), "{location}");
    CallbackParameters::from_query(&query(location))
}

/// Random bytes of a test.
pub(super) fn entropy(seed: u8) -> SignInEntropy {
    SignInEntropy {
        state: [seed; 32],
        nonce: [seed.wrapping_add(1); 32],
        code_verifier: [seed.wrapping_add(2); 32],
    }
}

/// Begins a sign-in of anybody.
pub(super) fn begin(client: &Issuer) -> SignInStart {
    client.begin_sign_in(REDIRECT, false, &entropy(7), instant(0))
}

/// Signs in, at an issuer that a test has changed.
pub(super) async fn sign_in(issuer: &TestIssuer) -> Result<SignedInSubject, Refusal> {
    let client = discover(issuer).await;
    finish(&client, begin(&client)).await
}

/// Sends the browser to the issuer, and finishes.
pub(super) async fn finish(
    client: &Issuer,
    start: SignInStart,
) -> Result<SignedInSubject, Refusal> {
    let callback = visit(&start.address).await;
    let outcome = client.finish_sign_in(start.pending, &callback, instant(1));
    match outcome.await? {
        SignInOutcome::SignedIn(subject) => Ok(subject),
        SignInOutcome::SteppedUp(proof) => Ok(proof.subject().clone()),
    }
}

/// Asserts the code of a refusal and a part of its sentence, and that it tells no secret.
#[track_caller]
pub(super) fn assert_refused<T: std::fmt::Debug>(
    result: Result<T, Refusal>,
    code: ErrorCode,
    part: &str,
) {
    let refusal = result.unwrap_err();
    assert_eq!(refusal.code, code, "{refusal}");
    assert!(refusal.sentence.contains(part), "{refusal}");
    let shown = format!("{refusal} {refusal:?} {:?}", refusal.cause_chain());
    for secret in [SECRET, ACCESS_TOKEN, "code-", "eyJ"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
