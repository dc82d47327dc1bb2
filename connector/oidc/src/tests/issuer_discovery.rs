//! The metadata of the issuer, and issuers that send elsewhere.

use super::test_sign_in::{
    REDIRECT, assert_refused, config, discover, entropy, instant, sign_in, visit,
};
use crate::issuer::Issuer;
use hansa_policy::refusal::ErrorCode;
use hansa_test_support::oidc_issuer::{TestIssuer, members, response};
use serde_json::{Value, json};

const METADATA: &str = "/.well-known/openid-configuration";

async fn assert_metadata_refused(metadata: Value, part: &str) {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.metadata = members(metadata));
    let refused = Issuer::discover(config(&issuer), instant(0)).await;
    assert_refused(refused, ErrorCode::IssuerAnswerInvalid, part);
}

#[tokio::test]
async fn the_metadata_is_of_the_issuer_that_was_asked() {
    assert_metadata_refused(
        json!({"issuer": "https://evil.example"}),
        "`https://evil.example`",
    )
    .await;
    // To the letter: a slash at the end is another issuer.
    let issuer = TestIssuer::start();
    let slash = json!({"issuer": format!("{}/", issuer.address)});
    issuer.change(|it| it.metadata = members(slash));
    let refused = Issuer::discover(config(&issuer), instant(0)).await;
    assert_refused(
        refused,
        ErrorCode::IssuerAnswerInvalid,
        "its metadata is of",
    );
    let mut config = config(&issuer);
    config.issuer.push('/');
    assert!(Issuer::discover(config, instant(0)).await.is_ok());
    assert_eq!(issuer.requests(METADATA), 2);
}

#[tokio::test]
async fn metadata_without_what_a_sign_in_needs_is_refused() {
    for name in [
        "authorization_endpoint",
        "token_endpoint",
        "jwks_uri",
        "issuer",
    ] {
        assert_metadata_refused(json!({name: null}), "malformed").await;
        assert_metadata_refused(json!({name: "http://elsewhere.example/"}), "its metadata").await;
    }
    assert_metadata_refused(json!({"response_types_supported": ["id_token"]}), "`code`").await;
    let shared = json!({"id_token_signing_alg_values_supported": ["HS256", "none", "RS512"]});
    assert_metadata_refused(shared, "signature algorithm").await;
    assert_metadata_refused(
        json!({"code_challenge_methods_supported": ["plain"]}),
        "PKCE",
    )
    .await;
    let keys = json!({"token_endpoint_auth_methods_supported": ["private_key_jwt"]});
    assert_metadata_refused(keys, "client secret").await;
    // An issuer that does not say that it understands PKCE gets its parameters anyway.
    let issuer = TestIssuer::start();
    issuer.change(|it| it.metadata = members(json!({"code_challenge_methods_supported": null})));
    sign_in(&issuer).await.unwrap();
    assert!(discover(&issuer).await.tells_logout());
}

/// Attack 22: an issuer that redirects, at each of its addresses.
#[tokio::test]
async fn a_redirection_of_the_issuer_is_not_followed() {
    let target = TestIssuer::start();
    for path in [METADATA, "/keys", "/token"] {
        for status in ["301 Moved", "302 Found", "303 See", "307 Keep", "308 Keep"] {
            let issuer = TestIssuer::start();
            let head = format!("location: {}{path}", target.address);
            issuer.change(|it| {
                it.raw.insert(path.to_owned(), response(status, &head, b""));
            });
            let refused = match Issuer::discover(config(&issuer), instant(0)).await {
                Ok(client) => {
                    let start = client.begin_sign_in(REDIRECT, false, &entropy(7), instant(0));
                    let callback = visit(&start.address).await;
                    let finished = client.finish_sign_in(start.pending, &callback, instant(1));
                    finished.await.map(|_| ())
                }
                Err(refusal) => Err(refusal),
            };
            assert_refused(
                refused,
                ErrorCode::IssuerAnswerInvalid,
                "redirections are not followed",
            );
            assert_eq!(issuer.requests(path), 1);
        }
        assert_eq!(target.requests(path), 0);
    }
}

#[tokio::test]
async fn an_issuer_that_does_not_answer_is_told() {
    let issuer = TestIssuer::start();
    let mut settings = config(&issuer);
    drop(issuer);
    let refused = Issuer::discover(settings.clone(), instant(0)).await;
    assert_refused(refused, ErrorCode::IssuerUnreachable, "can't be reached");
    settings.issuer = "http://id.example".to_owned();
    let refused = Issuer::discover(settings, instant(0)).await;
    assert_refused(refused, ErrorCode::ConfigInvalid, "not HTTPS");

    let issuer = TestIssuer::start();
    for (answer, code, part) in [
        (
            response("404 No", "content-type: application/json", b"{}"),
            ErrorCode::IssuerAnswerInvalid,
            "404",
        ),
        (
            response("200 OK", "content-type: text/html", b"{}"),
            ErrorCode::IssuerAnswerInvalid,
            "not JSON",
        ),
        (
            response("200 OK", "", b"{}"),
            ErrorCode::IssuerAnswerInvalid,
            "not JSON",
        ),
        (
            response(
                "200 OK",
                "content-type: application/json",
                &vec![b' '; 65 << 10],
            ),
            ErrorCode::IssuerAnswerInvalid,
            "longer than 65536 bytes",
        ),
        (
            b"SSH-2.0-x\r\n".to_vec(),
            ErrorCode::IssuerUnreachable,
            "broke off",
        ),
    ] {
        issuer.change(|it| {
            it.raw.insert(METADATA.to_owned(), answer);
        });
        let refused = Issuer::discover(config(&issuer), instant(0)).await;
        assert_refused(refused, code, part);
    }
}

#[tokio::test]
async fn settings_that_can_t_be_meant_are_refused() {
    let issuer = TestIssuer::start();
    let good = config(&issuer);
    for (client, acr) in [
        ("", "2"),
        ("a b", "2"),
        ("a", ""),
        ("a", "1 2"),
        ("a\u{202e}", "2"),
    ] {
        let mut config = good.clone();
        config.client = client.to_owned();
        config.acr = Some(acr.to_owned());
        let refused = Issuer::discover(config, instant(0)).await;
        assert_refused(refused, ErrorCode::ConfigInvalid, "set wrongly");
    }
    let mut config = good;
    config.secret = crate::issuer_config::ClientSecret::new(" \n");
    let refused = Issuer::discover(config, instant(0)).await;
    assert_refused(refused, ErrorCode::ConfigInvalid, "secret");
    assert_eq!(issuer.requests(METADATA), 0);
}
