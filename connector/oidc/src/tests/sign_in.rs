//! Sign-ins that succeed, and responses that are of another sign-in or of another issuer.

use super::test_sign_in::{
    REDIRECT, assert_refused, begin, discover, entropy, finish, instant, sign_in, visit,
};
use crate::client_authentication::basic_authorization;
use crate::pending_sign_ins::PendingSignIns;
use crate::sign_in::SignInOutcome;
use hansa_policy::refusal::ErrorCode;
use hansa_test_support::oidc_issuer::{
    SECRET, SUBJECT, TestIssuer, TokenSigning, members, response,
};
use serde_json::json;

#[tokio::test]
async fn each_accepted_algorithm_signs_in() {
    for signing in [
        TokenSigning::Rs256,
        TokenSigning::Ps256,
        TokenSigning::Es256,
        TokenSigning::EdDsa,
    ] {
        let issuer = TestIssuer::start();
        issuer.change(|it| {
            it.signing = signing;
            // Its own digest is tried with a test vector and with a real issuer.
            if signing == TokenSigning::EdDsa {
                it.claims = members(json!({"at_hash": null}));
            }
        });
        let subject = sign_in(&issuer).await.unwrap();
        assert_eq!(subject.sub, SUBJECT);
        assert_eq!(subject.auth_time, Some(instant(0)));
        assert_eq!(subject.acr.as_deref(), Some("2"));
        assert_eq!(subject.sid.as_deref(), Some("issuer-session"));
    }
}

#[tokio::test]
async fn the_client_proves_itself_as_the_issuer_wants() {
    let issuer = TestIssuer::start();
    sign_in(&issuer).await.unwrap();
    let (authorization, form) = issuer.behaviour.lock().token_request.take().unwrap();
    assert_eq!(
        Some(authorization),
        basic_authorization("hansa-console", SECRET)
    );
    assert!(!form.contains_key("client_secret"));
    assert_eq!(form["grant_type"], "authorization_code");
    assert_eq!(form["redirect_uri"], REDIRECT);

    let post = json!({"token_endpoint_auth_methods_supported": ["client_secret_post"]});
    issuer.change(|it| it.metadata = members(post));
    sign_in(&issuer).await.unwrap();
    let (authorization, form) = issuer.behaviour.lock().token_request.take().unwrap();
    assert_eq!(authorization, "");
    assert_eq!(form["client_id"], "hansa-console");
    assert_eq!(form["client_secret"], SECRET);
}

/// Attack 22: the code of another session.
#[tokio::test]
async fn the_code_of_another_session_is_refused() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let attacker = client.begin_sign_in(REDIRECT, false, &entropy(50), instant(0));
    let stolen = visit(&attacker.address).await;

    // The attacker's response, as it is, in the browser of the victim.
    let victim = begin(&client);
    let finished = client.finish_sign_in(victim.pending, &stolen, instant(1));
    assert_refused(finished.await, ErrorCode::SignInRefused, "another sign-in");
    assert_eq!(issuer.requests("/token"), 0);

    // The attacker's code with the victim's `state`: the issuer sees that the verifier is another one.
    let victim = begin(&client);
    let mut mixed = stolen.clone();
    mixed.state = Some(victim.pending.state().to_owned());
    let finished = client.finish_sign_in(victim.pending, &mixed, instant(1));
    assert_refused(
        finished.await,
        ErrorCode::SignInRefused,
        "not accept the code",
    );

    // A response without `state`.
    let victim = begin(&client);
    let mut bare = visit(&victim.address).await;
    bare.state = None;
    let finished = client.finish_sign_in(victim.pending, &bare, instant(1));
    assert_refused(finished.await, ErrorCode::SignInRefused, "another sign-in");
}

/// Attack 22: the mix-up of two issuers (RFC 9207, section 1).
#[tokio::test]
async fn the_response_of_another_issuer_is_refused() {
    let honest = TestIssuer::start();
    let malicious = TestIssuer::start();
    let client = discover(&honest).await;

    // The malicious issuer sends the browser on to the honest one, and wants its code.
    let at_malicious = discover(&malicious).await;
    let start = begin(&at_malicious);
    let asked = begin(&client);
    let callback = visit(&asked.address).await;
    assert_eq!(callback.state.as_deref(), Some(start.pending.state()));
    let finished = at_malicious.finish_sign_in(start.pending, &callback, instant(1));
    assert_refused(finished.await, ErrorCode::SignInRefused, "another issuer");
    assert_eq!(malicious.requests("/token"), 0);

    // A response without `iss` of an issuer that always sends it.
    honest.change(|it| it.callback = members(json!({"iss": null})));
    let refused = finish(&client, begin(&client)).await;
    assert_refused(refused, ErrorCode::SignInRefused, "not name its issuer");

    // A sign-in that began at another issuer of the same console.
    honest.change(|it| it.callback.clear());
    let start = begin(&client);
    let callback = visit(&start.address).await;
    let finished = at_malicious.finish_sign_in(start.pending, &callback, instant(1));
    assert_refused(
        finished.await,
        ErrorCode::SignInRefused,
        "began at another issuer",
    );

    // An issuer that does not announce `iss` may leave it out, and not state another one.
    let silent = json!({"authorization_response_iss_parameter_supported": null});
    honest.change(|it| {
        it.metadata = members(silent);
        it.callback = members(json!({"iss": null}));
    });
    sign_in(&honest).await.unwrap();
    honest.change(|it| it.callback = members(json!({"iss": "https://evil.example"})));
    let refused = sign_in(&honest).await;
    assert_refused(refused, ErrorCode::SignInRefused, "another issuer");
}

#[tokio::test]
async fn an_error_of_the_issuer_is_told_as_a_word() {
    let issuer = TestIssuer::start();
    let denied = json!({"code": null, "error": "access_denied", "error_description": "<b>no</b>"});
    issuer.change(|it| it.callback = members(denied));
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "`access_denied`");

    // Also beside a code, and never as it comes.
    issuer.change(|it| it.callback = members(json!({"error": "a\u{202e}<script>"})));
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::SignInRefused, "`ascript`");

    issuer.change(|it| it.callback = members(json!({"code": ""})));
    assert_refused(sign_in(&issuer).await, ErrorCode::SignInRefused, "no code");
    assert_eq!(issuer.requests("/token"), 0);
}

#[tokio::test]
async fn a_sign_in_ends_after_ten_minutes_and_counts_once() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let start = begin(&client);
    let callback = visit(&start.address).await;
    let finished = client.finish_sign_in(start.pending, &callback, instant(601));
    assert_refused(finished.await, ErrorCode::SignInRefused, "ten minutes");

    let mut waiting = PendingSignIns::default();
    let start = begin(&client);
    let state = start.pending.state().to_owned();
    waiting.keep(start.pending, "/contracts", instant(0));
    assert!(waiting.take("unknown", instant(1)).is_none());
    let kept = waiting.take(&state, instant(1)).unwrap();
    assert_eq!(kept.context, "/contracts");
    assert!(waiting.take(&state, instant(1)).is_none());

    waiting.keep(kept.pending, "/", instant(1));
    assert!(waiting.take(&state, instant(601)).is_none());

    // Memory is bounded, and the newest sign-in waits.
    for number in 0..2_000_u32 {
        let mut entropy = entropy(0);
        entropy.state[..4].copy_from_slice(&number.to_be_bytes());
        let begun = instant(0).plus_micros(number.into());
        let start = client.begin_sign_in(REDIRECT, false, &entropy, begun);
        waiting.keep(start.pending, "/", begun);
    }
    assert!(format!("{waiting:?}").matches("PendingSignIn(***)").count() <= 512);
}

#[tokio::test]
async fn a_code_counts_once() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    let (first, second) = (begin(&client), begin(&client));
    let callback = visit(&first.address).await;
    let finished = client.finish_sign_in(first.pending, &callback, instant(1));
    assert!(matches!(
        finished.await.unwrap(),
        SignInOutcome::SignedIn(_)
    ));
    let finished = client.finish_sign_in(second.pending, &callback, instant(1));
    assert_refused(
        finished.await,
        ErrorCode::SignInRefused,
        "not accept the code",
    );
}

#[tokio::test]
async fn a_token_response_that_is_none_is_refused() {
    let json = "content-type: application/json";
    for (answer, code, part) in [
        (
            response("401 No", json, br#"{"error": "invalid_client"}"#),
            ErrorCode::IssuerAnswerInvalid,
            "the client and its secret",
        ),
        (
            response("302 Found", "location: http://127.0.0.1:1/", b""),
            ErrorCode::IssuerAnswerInvalid,
            "redirections are not followed",
        ),
        (
            response("500 No", "", b"<html>"),
            ErrorCode::IssuerUnreachable,
            "500",
        ),
        (
            response("200 OK", "content-type: text/html", b"{}"),
            ErrorCode::IssuerAnswerInvalid,
            "not JSON",
        ),
        (
            response("200 OK", json, b"{\"id_token\": \"eyJ"),
            ErrorCode::IssuerAnswerInvalid,
            "malformed",
        ),
        (
            response("200 OK", json, &vec![b' '; 65 << 10]),
            ErrorCode::IssuerAnswerInvalid,
            "longer than",
        ),
        (
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-type: application/json\r\n\r\n{"
                .to_vec(),
            ErrorCode::IssuerUnreachable,
            "broke off",
        ),
    ] {
        let issuer = TestIssuer::start();
        issuer.change(|it| {
            it.raw.insert("/token".to_owned(), answer);
        });
        assert_refused(sign_in(&issuer).await, code, part);
    }
    let issuer = TestIssuer::start();
    issuer.change(|it| it.token_response = members(json!({"token_type": "mac"})));
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::IssuerAnswerInvalid, "unknown type");
    issuer.change(|it| it.token_response = members(json!({"id_token": null})));
    let refused = sign_in(&issuer).await;
    assert_refused(refused, ErrorCode::IssuerAnswerInvalid, "malformed");
}
