//! Attack 22: key sets that are too large, change, or are asked for too often.

use super::test_sign_in::{
    REDIRECT, assert_refused, config, discover, entropy, instant, sign_in, visit,
};
use crate::issuer::Issuer;
use hansa_policy::refusal::ErrorCode;
use hansa_test_support::oidc_issuer::{
    NOW, TestIssuer, TokenSigning, key_set, members, response, sign_token,
};
use serde_json::{Value, json};

async fn sign_in_at(issuer: &TestIssuer, client: &Issuer, seconds: i64) -> bool {
    let times = json!({"iat": NOW + seconds, "exp": NOW + seconds + 60});
    issuer.change(|it| it.claims = members(times));
    let start = client.begin_sign_in(REDIRECT, false, &entropy(7), instant(seconds));
    let callback = visit(&start.address).await;
    let finished = client.finish_sign_in(start.pending, &callback, instant(seconds));
    finished.await.is_ok()
}

#[tokio::test]
async fn a_storm_of_unknown_keys_fetches_once_a_minute() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    assert_eq!(issuer.requests("/keys"), 1);
    // Known keys are not fetched again.
    assert!(sign_in_at(&issuer, &client, 1).await);
    assert_eq!(issuer.requests("/keys"), 1);
    issuer.change(|it| it.header = members(json!({"kid": "unknown"})));
    for second in 2..60 {
        assert!(!sign_in_at(&issuer, &client, second).await);
    }
    assert_eq!(issuer.requests("/keys"), 1);
    for second in 60..120 {
        assert!(!sign_in_at(&issuer, &client, second).await);
    }
    assert_eq!(issuer.requests("/keys"), 2);
    for second in 120..123 {
        assert!(!sign_in_at(&issuer, &client, second).await);
    }
    assert_eq!(issuer.requests("/keys"), 3);
    // Known keys go on meanwhile.
    issuer.change(|it| it.header.clear());
    assert!(sign_in_at(&issuer, &client, 123).await);
    assert_eq!(issuer.requests("/keys"), 3);
}

#[tokio::test]
async fn a_storm_at_once_fetches_once() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let token = sign_token(
        &json!({"alg": "RS256", "kid": "unknown"}),
        &json!({}),
        TokenSigning::Rs256,
    );
    let checks = [60_i64, 61, 62, 63, 64, 65]
        .map(|second| client.check_logout_token(&token, instant(second)));
    let [a, b, c, d, e, f] = checks;
    let results = tokio::join!(a, b, c, d, e, f);
    for result in [
        results.0, results.1, results.2, results.3, results.4, results.5,
    ] {
        assert_refused(
            result,
            ErrorCode::LogoutTokenInvalid,
            "no key of its identifier",
        );
    }
    assert_eq!(issuer.requests("/keys"), 2);
}

#[tokio::test]
async fn new_keys_of_the_issuer_are_found() {
    let issuer = TestIssuer::start();
    let keys = key_set();
    let mut old = keys.clone();
    old["keys"].as_array_mut().unwrap().remove(0);
    issuer.change(|it| it.key_set = old.to_string().into_bytes());
    let client = discover(&issuer).await;
    issuer.change(|it| it.key_set = keys.to_string().into_bytes());
    assert!(!sign_in_at(&issuer, &client, 59).await);
    assert!(sign_in_at(&issuer, &client, 60).await);
    assert_eq!(issuer.requests("/keys"), 2);
}

/// A token without a key identifier is tried with the key that is known, and then with new ones.
#[tokio::test]
async fn new_keys_of_an_issuer_that_names_none_are_found() {
    let issuer = TestIssuer::start();
    let keys = key_set();
    let mut old = keys.clone();
    let modulus = old["keys"][0]["n"].as_str().unwrap().to_owned();
    let (before, rest) = modulus.split_at(100);
    let (letter, behind) = rest.split_at(1);
    let other = if letter == "A" { "B" } else { "A" };
    old["keys"][0]["n"] = json!(format!("{before}{other}{behind}"));
    issuer.change(|it| {
        it.key_set = old.to_string().into_bytes();
        it.header = members(json!({"kid": null}));
    });
    let client = discover(&issuer).await;
    issuer.change(|it| it.key_set = keys.to_string().into_bytes());
    assert!(!sign_in_at(&issuer, &client, 59).await);
    assert_eq!(issuer.requests("/keys"), 1);
    assert!(sign_in_at(&issuer, &client, 60).await);
    assert!(sign_in_at(&issuer, &client, 61).await);
    assert_eq!(issuer.requests("/keys"), 2);
    // Tokens by no key of the issuer fetch once a minute.
    issuer.change(|it| it.key_set = old.to_string().into_bytes());
    assert!(!sign_in_at(&issuer, &client, 3700).await);
    for second in 3701..3759 {
        assert!(!sign_in_at(&issuer, &client, second).await);
    }
    assert_eq!(issuer.requests("/keys"), 3);
}

/// A key that the issuer withdraws ends within an hour, and not never.
#[tokio::test]
async fn a_withdrawn_key_ends() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let mut rest = key_set();
    rest["keys"].as_array_mut().unwrap().remove(0);
    issuer.change(|it| it.key_set = rest.to_string().into_bytes());
    assert!(sign_in_at(&issuer, &client, 3599).await);
    assert!(!sign_in_at(&issuer, &client, 3600).await);
    // While the issuer gives no keys, old ones do not count, and it is asked once a minute.
    issuer.change(|it| {
        it.raw
            .insert("/keys".to_owned(), response("503 Busy", "", b""));
    });
    for second in 7200..7230 {
        assert!(!sign_in_at(&issuer, &client, second).await);
    }
    assert_eq!(issuer.requests("/keys"), 3);
}

#[tokio::test]
async fn a_key_set_of_ten_megabytes_is_refused() {
    let keys = [key_set().to_string().into_bytes(), vec![b' '; 10 << 20]].concat();
    let issuer = TestIssuer::start();
    issuer.change(|it| it.key_set = keys.clone());
    let refused = Issuer::discover(config(&issuer), instant(0)).await;
    assert_refused(
        refused,
        ErrorCode::IssuerAnswerInvalid,
        "longer than 262144 bytes",
    );

    // Without a length in the head.
    let head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
    issuer.change(|it| {
        let endless = [head.as_slice(), keys.as_slice()].concat();
        it.raw.insert("/keys".to_owned(), endless);
    });
    let refused = Issuer::discover(config(&issuer), instant(0)).await;
    assert_refused(
        refused,
        ErrorCode::IssuerAnswerInvalid,
        "longer than 262144 bytes",
    );

    // Keys that were there stay in use.
    issuer.change(|it| {
        it.raw.clear();
        it.key_set = key_set().to_string().into_bytes();
    });
    let client = discover(&issuer).await;
    issuer.change(|it| {
        it.key_set = keys;
        it.header = members(json!({"kid": "unknown"}));
    });
    assert!(!sign_in_at(&issuer, &client, 60).await);
    issuer.change(|it| it.header.clear());
    assert!(sign_in_at(&issuer, &client, 61).await);
}

#[tokio::test]
async fn a_key_set_that_is_none_is_refused() {
    let many: Vec<Value> = (0..101).map(|_| json!({"kty": "FUTURE"})).collect();
    for (keys, part) in [
        ("{}".to_owned(), "malformed"),
        ("[]".to_owned(), "malformed"),
        ("{\"keys\": 1}".to_owned(), "malformed"),
        ("[".repeat(100_000), "malformed"),
        (json!({"keys": many}).to_string(), "more than 100 keys"),
    ] {
        let issuer = TestIssuer::start();
        issuer.change(|it| it.key_set = keys.into_bytes());
        let refused = Issuer::discover(config(&issuer), instant(0)).await;
        assert_refused(refused, ErrorCode::IssuerAnswerInvalid, part);
    }
}

#[tokio::test]
async fn keys_that_are_too_weak_or_malformed_verify_nothing() {
    let issuer = TestIssuer::start();
    let keys = key_set();
    for (member, value) in [
        ("n", json!("AQAB")),
        ("n", json!("")),
        ("n", json!("not base64!")),
        ("e", json!("AA")),
        ("e", json!("AQ")),
        ("kty", json!("EC")),
        ("alg", json!("RS512")),
        ("key_ops", json!(["sign"])),
        ("use", json!("")),
    ] {
        let mut changed = keys.clone();
        changed["keys"][0][member] = value.clone();
        issuer.change(|it| it.key_set = changed.to_string().into_bytes());
        let result = sign_in(&issuer).await;
        assert!(result.is_err(), "{member} {value}");
    }
}
