//! Attack 24: logout tokens that are forged, replayed, or something else.

use super::test_sign_in::{assert_refused, begin, config, discover, finish, instant};
use crate::issuer::Issuer;
use crate::logout::EndedSessions;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::oidc_issuer::{
    CLIENT, NOW, SUBJECT, TestIssuer, TokenSigning, change, members, sign_token,
};
use serde_json::{Value, json};

const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";

/// A logout token with changed claims and header.
fn logout_token(
    issuer: &TestIssuer,
    claims: Value,
    header: Value,
    signing: TokenSigning,
) -> String {
    let mut all = json!({
        "iss": issuer.address, "aud": CLIENT, "iat": NOW, "exp": NOW + 120, "jti": "token-1",
        "events": {EVENT: {}}, "sub": SUBJECT, "sid": "issuer-session",
    });
    change(&mut all, &members(claims));
    let mut head = json!({"alg": "RS256", "kid": "rsa", "typ": "logout+jwt"});
    change(&mut head, &members(header));
    sign_token(&head, &all, signing)
}

async fn check(claims: Value) -> Result<EndedSessions, Refusal> {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let token = logout_token(&issuer, claims, json!({}), TokenSigning::Rs256);
    client.check_logout_token(&token, instant(0)).await
}

async fn assert_claims_refused(claims: Value, part: &str) {
    assert_refused(check(claims).await, ErrorCode::LogoutTokenInvalid, part);
}

#[tokio::test]
async fn a_logout_ends_the_sessions_that_it_names() {
    let ended = check(json!({})).await.unwrap();
    let expected = EndedSessions::OfIssuerSession {
        sid: "issuer-session".to_owned(),
        sub: Some(SUBJECT.to_owned()),
    };
    assert_eq!(ended, expected);
    let ended = check(json!({"sub": null})).await.unwrap();
    assert!(matches!(
        ended,
        EndedSessions::OfIssuerSession { sub: None, .. }
    ));
    let ended = check(json!({"sid": null})).await.unwrap();
    let expected = EndedSessions::OfSubject {
        sub: SUBJECT.to_owned(),
    };
    assert_eq!(ended, expected);
    assert_claims_refused(json!({"sid": null, "sub": null}), "neither").await;
    assert_claims_refused(json!({"sid": "", "sub": null}), "no identifier").await;
}

#[tokio::test]
async fn a_forged_logout_token_is_refused() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    for (header, signing, part) in [
        (json!({}), TokenSigning::ForeignKey, "not by the issuer"),
        (json!({"alg": "none"}), TokenSigning::Unsigned, "`none`"),
        (
            json!({"alg": "HS256"}),
            TokenSigning::PublicKeyAsSecret,
            "`HS256`",
        ),
        (json!({}), TokenSigning::Unsigned, "not by the issuer"),
        (json!({"kid": "unknown"}), TokenSigning::Rs256, "no key"),
        (
            json!({"typ": "at+jwt"}),
            TokenSigning::Rs256,
            "another kind",
        ),
    ] {
        let token = logout_token(&issuer, json!({}), header, signing);
        let refused = client.check_logout_token(&token, instant(0)).await;
        assert_refused(refused, ErrorCode::LogoutTokenInvalid, part);
    }
    for bytes in ["", "logout", "a.b.c"] {
        let refused = client.check_logout_token(bytes, instant(0)).await;
        assert_refused(refused, ErrorCode::LogoutTokenInvalid, "no signed token");
    }
    // None of them used up the identifier of the true one.
    let token = logout_token(&issuer, json!({}), json!({}), TokenSigning::Rs256);
    client.check_logout_token(&token, instant(0)).await.unwrap();
}

#[tokio::test]
async fn a_logout_token_for_others_is_refused() {
    assert_claims_refused(json!({"iss": "https://evil.example"}), "another issuer").await;
    assert_claims_refused(json!({"aud": "other"}), "another client").await;
    assert_claims_refused(json!({"aud": ["other", CLIENT]}), "names none").await;
    assert_claims_refused(json!({"exp": NOW}), "has expired").await;
    assert_claims_refused(json!({"exp": null}), "malformed").await;
    assert_claims_refused(json!({"iat": NOW - 601}), "too old").await;
    assert_claims_refused(json!({"iat": NOW + 61}), "from the future").await;
}

#[tokio::test]
async fn a_replayed_logout_token_is_refused() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let token = logout_token(
        &issuer,
        json!({"exp": NOW + 100_000}),
        json!({}),
        TokenSigning::Rs256,
    );
    client.check_logout_token(&token, instant(0)).await.unwrap();
    for second in [0, 1, 60, 599, 600] {
        let refused = client.check_logout_token(&token, instant(second)).await;
        assert_refused(refused, ErrorCode::LogoutTokenInvalid, "used before");
    }
    // Afterwards its age stands in the way, also where nobody remembers it.
    let refused = client.check_logout_token(&token, instant(601)).await;
    assert_refused(refused, ErrorCode::LogoutTokenInvalid, "too old");
    let another = Issuer::discover(config(&issuer), instant(0)).await.unwrap();
    let refused = another.check_logout_token(&token, instant(601)).await;
    assert_refused(refused, ErrorCode::LogoutTokenInvalid, "too old");
    // One identifier in two tokens.
    let second = logout_token(
        &issuer,
        json!({"sid": null}),
        json!({}),
        TokenSigning::Rs256,
    );
    let refused = client.check_logout_token(&second, instant(2)).await;
    assert_refused(refused, ErrorCode::LogoutTokenInvalid, "used before");
    let next = logout_token(
        &issuer,
        json!({"jti": "token-2"}),
        json!({}),
        TokenSigning::Rs256,
    );
    client.check_logout_token(&next, instant(2)).await.unwrap();
}

#[tokio::test]
async fn a_logout_token_with_a_nonce_is_refused() {
    for nonce in [json!("a"), json!(""), json!(1), json!(false), json!({})] {
        assert_claims_refused(json!({"nonce": nonce}), "a nonce").await;
    }
}

#[tokio::test]
async fn an_id_token_is_no_logout_token_and_the_other_way_round() {
    assert_claims_refused(json!({"events": null}), "malformed").await;
    for events in [
        json!({}),
        json!({"other": {}}),
        json!({EVENT: "x"}),
        json!({EVENT: null}),
    ] {
        assert_claims_refused(json!({"events": events}), "about no logout").await;
    }
    assert_claims_refused(json!({"events": [EVENT]}), "malformed").await;
    assert_claims_refused(json!({"jti": null}), "malformed").await;

    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let typed = logout_token(
        &issuer,
        json!({}),
        json!({"typ": "JWT"}),
        TokenSigning::Rs256,
    );
    client.check_logout_token(&typed, instant(0)).await.unwrap();
    issuer.change(|it| it.token_response = members(json!({"id_token": typed})));
    let refused = finish(&client, begin(&client)).await;
    assert_refused(refused, ErrorCode::SignInRefused, "another sign-in");
}

#[tokio::test]
async fn a_null_nonce_is_a_nonce() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let claims = json!({
        "iss": issuer.address, "aud": CLIENT, "iat": NOW, "exp": NOW + 120, "jti": "token-1",
        "events": {EVENT: {}}, "sub": SUBJECT, "nonce": null,
    });
    let token = sign_token(
        &json!({"alg": "ES256", "kid": "p256"}),
        &claims,
        TokenSigning::Es256,
    );
    let refused = client.check_logout_token(&token, instant(0)).await;
    assert_refused(refused, ErrorCode::LogoutTokenInvalid, "a nonce");
}
