//! Attack 22: ID tokens that are not what they say.

use super::test_sign_in::{assert_refused, sign_in};
use hansa_policy::refusal::ErrorCode;
use hansa_test_support::oidc_issuer::{CLIENT, NOW, TestIssuer, TokenSigning, members};
use serde_json::{Value, json};

/// Signs in with changed claims, and asserts the refusal.
async fn assert_claims_refused(claims: Value, part: &str) {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.claims = members(claims.clone()));
    let result = sign_in(&issuer).await;
    assert!(result.is_err(), "{claims} signs in");
    assert_refused(result, ErrorCode::SignInRefused, part);
}

async fn assert_claims_accepted(claims: Value) {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.claims = members(claims));
    sign_in(&issuer).await.unwrap();
}

async fn assert_header_refused(header: Value, part: &str) {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.header = members(header));
    let result = sign_in(&issuer).await;
    assert_refused(result, ErrorCode::SignInRefused, part);
}

#[tokio::test]
async fn a_token_without_a_signature_is_refused() {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.signing = TokenSigning::Unsigned);
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "`none` is not accepted");
    for name in ["None", "NONE", "nOnE", ""] {
        assert_header_refused(json!({"alg": name}), "is not accepted").await;
    }
    // An accepted algorithm with an empty signature.
    issuer.change(|it| it.header = members(json!({"alg": "RS256"})));
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "not by the issuer");
}

#[tokio::test]
async fn hs256_with_the_public_key_is_refused() {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.signing = TokenSigning::PublicKeyAsSecret);
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "`HS256` is not accepted");
    // The key set has a shared key, which is never read.
    issuer.change(|it| it.header = members(json!({"kid": "shared"})));
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "`HS256` is not accepted");
    issuer.change(|it| it.header = members(json!({"alg": "RS256", "kid": "shared"})));
    let refused = sign_in(&issuer).await;
    assert_refused(
        refused,
        ErrorCode::SignInRefused,
        "no key of its identifier",
    );
}

#[tokio::test]
async fn a_token_of_another_key_is_refused() {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.signing = TokenSigning::ForeignKey);
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "not by the issuer");
}

#[tokio::test]
async fn a_key_is_used_as_the_issuer_says() {
    // Another algorithm than that of the key, another type, another purpose, and no identifier where several keys fit.
    assert_header_refused(json!({"kid": "pss"}), "not for signatures with RS256").await;
    assert_header_refused(json!({"kid": "p256"}), "not for signatures with RS256").await;
    assert_header_refused(json!({"kid": "enc"}), "no key of its identifier").await;
    assert_header_refused(json!({"alg": "PS256"}), "not for signatures with PS256").await;
    assert_header_refused(json!({"alg": "ES256"}), "not for signatures with ES256").await;
    let issuer = TestIssuer::start();
    issuer.change(|it| it.header = members(json!({"kid": null})));
    sign_in(&issuer).await.unwrap();
    issuer.change(|it| {
        let mut keys: Value = serde_json::from_slice(&it.key_set).unwrap();
        let mut second = keys["keys"][0].clone();
        second["kid"] = json!("second");
        keys["keys"].as_array_mut().unwrap().push(second);
        it.key_set = keys.to_string().into_bytes();
    });
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "several keys");
}

#[tokio::test]
async fn a_token_that_brings_its_key_is_refused() {
    for member in [
        "jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty",
    ] {
        assert_header_refused(
            json!({member: "https://evil.example/"}),
            "a member that is not accepted",
        )
        .await;
    }
}

#[tokio::test]
async fn a_token_of_another_kind_is_refused() {
    for kind in ["logout+jwt", "application/at+jwt", "at+JWT", "dpop+jwt"] {
        assert_header_refused(json!({"typ": kind}), "another kind").await;
    }
    for kind in [json!("jwt"), json!("application/JWT"), Value::Null] {
        let issuer = TestIssuer::start();
        issuer.change(|it| it.header = members(json!({"typ": kind})));
        sign_in(&issuer).await.unwrap();
    }
}

#[tokio::test]
async fn bytes_that_are_no_token_are_refused() {
    for token in [
        "",
        ".",
        "..",
        "a.b",
        "a.b.c.d",
        "e30.e30.e30",
        "eyJhbGciOiJSUzI1NiJ9.e30",
        "€.€.€",
        "eyJhbGciOiJSUzI1NiJ9.e30=.e30=",
        "eyJhbGciOiJSUzI1NiIsImFsZyI6Im5vbmUifQ.e30.e30",
    ] {
        let issuer = TestIssuer::start();
        issuer.change(|it| it.token_response = members(json!({"id_token": token})));
        let result = sign_in(&issuer).await;
        assert_refused(result, ErrorCode::SignInRefused, "the ID token");
    }
    let issuer = TestIssuer::start();
    let long = "a".repeat(17 << 10);
    issuer.change(|it| it.token_response = members(json!({"id_token": long})));
    assert_refused(
        sign_in(&issuer).await,
        ErrorCode::SignInRefused,
        "longer than",
    );
}

#[tokio::test]
async fn a_wrong_issuer_is_refused() {
    assert_claims_refused(json!({"iss": "https://evil.example"}), "another issuer").await;
    assert_claims_refused(json!({"iss": ""}), "another issuer").await;
    assert_claims_refused(json!({"iss": null}), "malformed").await;
}

#[tokio::test]
async fn a_wrong_audience_is_refused() {
    assert_claims_refused(json!({"aud": "other"}), "another client").await;
    assert_claims_refused(json!({"aud": ["other"]}), "another client").await;
    assert_claims_refused(json!({"aud": []}), "another client").await;
    assert_claims_refused(json!({"aud": null}), "malformed").await;
    assert_claims_refused(json!({"aud": {"client": CLIENT}}), "malformed").await;
    assert_claims_accepted(json!({"aud": [CLIENT]})).await;
}

#[tokio::test]
async fn a_wrong_authorized_party_is_refused() {
    assert_claims_refused(json!({"azp": "other"}), "another client is authorized").await;
    assert_claims_refused(
        json!({"aud": [CLIENT, "other"]}),
        "names none as authorized",
    )
    .await;
    let of_other = json!({"aud": [CLIENT, "other"], "azp": "other"});
    assert_claims_refused(of_other, "another client is authorized").await;
    assert_claims_accepted(json!({"aud": [CLIENT, "other"], "azp": CLIENT})).await;
    assert_claims_accepted(json!({"azp": CLIENT})).await;
}

#[tokio::test]
async fn a_wrong_nonce_is_refused() {
    assert_claims_refused(json!({"nonce": "of-another-sign-in"}), "another sign-in").await;
    assert_claims_refused(json!({"nonce": ""}), "another sign-in").await;
    assert_claims_refused(json!({"nonce": null}), "another sign-in").await;
}

/// The tests finish a second after `NOW`.
#[tokio::test]
async fn an_expired_token_is_refused() {
    assert_claims_refused(json!({"exp": NOW + 1}), "has expired").await;
    assert_claims_refused(json!({"exp": NOW - 86_400}), "has expired").await;
    assert_claims_refused(json!({"exp": null}), "malformed").await;
    assert_claims_refused(json!({"exp": "never"}), "malformed").await;
    assert_claims_refused(json!({"exp": 1e300}), "malformed").await;
    assert_claims_accepted(json!({"exp": NOW + 2})).await;
}

#[tokio::test]
async fn a_token_that_was_issued_long_ago_or_later_is_refused() {
    assert_claims_refused(json!({"iat": NOW - 600}), "too old").await;
    assert_claims_refused(json!({"iat": NOW + 62}), "from the future").await;
    assert_claims_refused(json!({"iat": i64::MAX}), "from the future").await;
    assert_claims_refused(json!({"iat": i64::MIN}), "too old").await;
    assert_claims_refused(json!({"iat": null}), "malformed").await;
    assert_claims_refused(json!({"nbf": NOW + 62}), "from the future").await;
    assert_claims_accepted(json!({"iat": NOW - 599})).await;
    assert_claims_accepted(json!({"iat": NOW + 61, "nbf": NOW + 61})).await;
}

#[tokio::test]
async fn a_token_beside_another_access_token_is_refused() {
    assert_claims_refused(json!({"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}), "not fit").await;
    assert_claims_accepted(json!({"at_hash": null})).await;
    let issuer = TestIssuer::start();
    issuer.change(|it| it.token_response = members(json!({"access_token": "another"})));
    assert_refused(sign_in(&issuer).await, ErrorCode::SignInRefused, "not fit");
    issuer.change(|it| it.token_response = members(json!({"access_token": null})));
    assert_refused(sign_in(&issuer).await, ErrorCode::SignInRefused, "not fit");
}

#[tokio::test]
async fn a_subject_that_is_no_identifier_is_refused() {
    for subject in ["", "maria santos", "mária", "a\nb", &"a".repeat(256)] {
        assert_claims_refused(json!({"sub": subject}), "no identifier").await;
    }
    assert_claims_refused(json!({"sub": null}), "malformed").await;
    assert_claims_refused(json!({"sid": ""}), "no identifier").await;
}
