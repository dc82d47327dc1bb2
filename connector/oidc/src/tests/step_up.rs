//! Attack 23: a step-up without a fresh login, or with a weaker one.

use super::test_sign_in::{REDIRECT, assert_refused, discover, entropy, instant, visit};
use crate::sign_in::{SignInOutcome, StepUpProof};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_test_support::oidc_issuer::{NOW, SUBJECT, TestIssuer, members};
use serde_json::{Value, json};

async fn step_up(claims: Value) -> Result<StepUpProof, Refusal> {
    let issuer = TestIssuer::start();
    issuer.change(|it| it.claims = members(claims));
    let client = discover(&issuer).await;
    let start = client.begin_step_up(REDIRECT, SUBJECT, &entropy(7), instant(0));
    let callback = visit(&start.address).await;
    let outcome = client.finish_sign_in(start.pending, &callback, instant(0));
    match outcome.await? {
        SignInOutcome::SteppedUp(proof) => Ok(proof),
        SignInOutcome::SignedIn(_) => panic!("a sign-in"),
    }
}

#[tokio::test]
async fn a_fresh_login_of_the_class_steps_up() {
    let proof = step_up(json!({})).await.unwrap();
    assert_eq!(proof.subject().sub, SUBJECT);
    assert_eq!(proof.subject().acr.as_deref(), Some("2"));
    step_up(json!({"auth_time": NOW - 60})).await.unwrap();
    step_up(json!({"auth_time": NOW + 60})).await.unwrap();
}

#[tokio::test]
async fn a_step_up_without_the_time_of_the_login_is_refused() {
    let refused = step_up(json!({"auth_time": null})).await;
    assert_refused(refused, ErrorCode::SignInRefused, "when the login was");
}

#[tokio::test]
async fn a_step_up_with_an_old_login_is_refused() {
    for time in [NOW - 61, NOW - 3600, 0, i64::MIN, NOW + 61, i64::MAX] {
        let refused = step_up(json!({"auth_time": time})).await;
        assert_refused(refused, ErrorCode::SignInRefused, "not fresh");
    }
}

#[tokio::test]
async fn a_step_up_of_a_lower_class_is_refused() {
    for class in [json!("1"), json!("0"), json!("3"), json!(""), Value::Null] {
        let refused = step_up(json!({"acr": class})).await;
        assert_refused(
            refused,
            ErrorCode::SignInRefused,
            "authentication context class",
        );
    }
}

#[tokio::test]
async fn a_step_up_of_somebody_else_is_refused() {
    let refused = step_up(json!({"sub": "0000-paulo"})).await;
    assert_refused(refused, ErrorCode::SignInRefused, "somebody else");
}

/// A sign-in after a sign-out must not be by the issuer's memory of an earlier login.
#[tokio::test]
async fn a_fresh_sign_in_needs_a_fresh_login_and_no_class() {
    let issuer = TestIssuer::start();
    let client = discover(&issuer).await;
    for (time, is_accepted) in [(NOW, true), (NOW - 61, false)] {
        issuer.change(|it| it.claims = members(json!({"auth_time": time, "acr": "0"})));
        let start = client.begin_sign_in(REDIRECT, true, &entropy(7), instant(0));
        let callback = visit(&start.address).await;
        let outcome = client.finish_sign_in(start.pending, &callback, instant(0));
        let outcome = outcome.await;
        assert_eq!(
            matches!(outcome, Ok(SignInOutcome::SignedIn(_))),
            is_accepted
        );
    }
}
