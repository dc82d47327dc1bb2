//! The address to which the browser goes.

use super::test_sign_in::{REDIRECT, begin, discover, entropy, instant};
use hansa_audit_log::digest::Digest;
use hansa_test_support::oidc_issuer::{CLIENT, SUBJECT, TestIssuer, encode, members, query};
use serde_json::{Value, json};

#[tokio::test]
async fn the_address_has_state_nonce_and_challenge() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let start = begin(&client);
    assert!(
        start
            .address
            .starts_with(&format!("{}/authorize?realm=city&", issuer.address))
    );
    let asked = query(&start.address);
    assert_eq!(asked["realm"], "city");
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["scope"], "openid");
    assert_eq!(asked["client_id"], CLIENT);
    assert_eq!(asked["redirect_uri"], REDIRECT);
    assert_eq!(asked["state"], encode(&[7; 32]));
    assert_eq!(asked["state"], start.pending.state());
    assert_eq!(asked["nonce"], encode(&[8; 32]));
    let verifier = encode(&[9; 32]);
    assert_eq!(verifier.len(), 43);
    assert_eq!(
        asked["code_challenge"],
        encode(Digest::of(verifier.as_bytes()).as_bytes())
    );
    assert_eq!(asked["code_challenge_method"], "S256");
    for name in ["prompt", "max_age", "acr_values", "claims"] {
        assert!(!asked.contains_key(name), "{name}");
    }
    assert!(!start.address.contains(&verifier));
    let shown = format!("{start:?}");
    assert!(shown.contains("PendingSignIn(***)"), "{shown}");
    assert!(!shown.contains(&verifier));
}

#[tokio::test]
async fn a_sign_in_after_a_sign_out_asks_for_a_login() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let start = client.begin_sign_in(REDIRECT, true, &entropy(1), instant(0));
    let asked = query(&start.address);
    assert_eq!(
        (asked["prompt"].as_str(), asked["max_age"].as_str()),
        ("login", "0")
    );
    assert!(!asked.contains_key("acr_values"));
}

#[tokio::test]
async fn a_step_up_asks_for_a_login_of_the_class() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let start = client.begin_step_up(REDIRECT, SUBJECT, &entropy(1), instant(0));
    let asked = query(&start.address);
    assert_eq!(
        (asked["prompt"].as_str(), asked["max_age"].as_str()),
        ("login", "0")
    );
    assert_eq!(asked["acr_values"], "2");
    let claims: Value = serde_json::from_str(&asked["claims"]).unwrap();
    assert_eq!(
        claims,
        json!({"id_token": {"acr": {"essential": true, "values": ["2"]}}})
    );

    issuer.change(|it| it.metadata = members(json!({"claims_parameter_supported": false})));
    let client = discover(&issuer).await;
    let start = client.begin_step_up(REDIRECT, SUBJECT, &entropy(1), instant(0));
    let asked = query(&start.address);
    assert_eq!(asked["acr_values"], "2");
    assert!(!asked.contains_key("claims"));
}
