//! Tests: a stop while an answer is opened ends the answer.

use crate::dataset::{provider_restriction, publication};
use crate::participant::Connector;
use crate::participant::caller::Caller;
use crate::participant::testing::{
    DAY, TERMS, TestFederation, ask_showing, make_contract, record_text, records_of_kind,
    verified_caller,
};
use crate::withdrawal;
use hansa_policy::id::{ClauseId, ContractId, DatasetId};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::restriction::ProviderRestriction;
use hansa_policy::safe_text::SingleLineText;
use hansa_policy::term::{Clause, Term};
use std::sync::Arc;

/// Asks, applies `change` between the recorded decision and the first row, and checks the end of the answer.
async fn check(
    change: impl FnOnce(&mut TestFederation, &Arc<Connector>, ContractId),
    expected: ErrorCode,
) {
    check_under("", change, expected).await;
}

/// Checks the end of an answer under an additional term.
async fn check_under(
    more: &str,
    change: impl FnOnce(&mut TestFederation, &Arc<Connector>, ContractId),
    expected: ErrorCode,
) {
    let mut federation = TestFederation::new();
    federation.names_issuer("chamber");
    federation.settle_two(&format!("{TERMS}{more}"), TERMS);
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    let who = verified_caller(&provider, "acme");
    let shown = vec![federation.sign_credential("acme", "chamber", "nace:H49")];
    let first = ask_showing(&provider, who.clone(), &[contract], shown.clone()).await;
    assert_eq!(first, Ok(2));

    let asked = Arc::clone(&provider);
    let held = provider.accounting.budgets.lock_counters();
    let question = tokio::spawn(async move { ask_showing(&asked, who, &[contract], shown).await });
    while records_of_kind(&provider, "permit").len() < 2 {
        std::thread::yield_now();
    }
    change(&mut federation, &provider, contract);
    drop(held);
    assert_eq!(question.await.unwrap(), Err(expected));
    let close = records_of_kind(&provider, "close").pop().unwrap();
    assert_eq!(record_text(&close, "code"), expected.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_comes_at_a_stop_leaves_nothing_behind() {
    let mut federation = TestFederation::new();
    federation.settle_two(TERMS, TERMS);
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    let who = verified_caller(&provider, "acme");
    provider.queries.intake.close();
    let asked = ask_showing(&provider, who, &[contract], Vec::new()).await;
    assert_eq!(asked, Err(ErrorCode::Moved));
    assert!(records_of_kind(&provider, "permit").is_empty());
    assert!(records_of_kind(&provider, "refuse").is_empty());
    assert_eq!(provider.limits.concurrency.permits_in_use(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expulsion_cuts_an_answer_that_is_being_opened() {
    let expelled = |federation: &mut TestFederation, connector: &Arc<Connector>, _| {
        federation.expel("acme");
        assert!(connector.take_bundle(&federation.bundle()).unwrap());
    };
    check(expelled, ErrorCode::PeerNotTrusted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_dropped_cuts_an_answer_that_is_being_opened() {
    let dropped = |federation: &mut TestFederation, connector: &Arc<Connector>, _| {
        federation.drops_issuer("chamber");
        assert!(connector.take_bundle(&federation.bundle()).unwrap());
    };
    let sector = "sectors = [\"nace:H49\"]\n";
    check_under(sector, dropped, ErrorCode::CredentialInvalid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_ends_cuts_an_answer_that_is_being_opened() {
    let passed =
        |federation: &mut TestFederation, _: &Arc<Connector>, _| federation.advance_time(DAY);
    let sector = "sectors = [\"nace:H49\"]\n";
    check_under(sector, passed, ErrorCode::CredentialInvalid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_that_is_taken_away_cuts_an_answer_that_is_being_opened() {
    let taken = |_: &mut TestFederation, connector: &Arc<Connector>, _| {
        publication::withdraw_dataset(connector, &"bikes".parse().unwrap(), None).unwrap();
    };
    check(taken, ErrorCode::StreamCut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_cuts_an_answer_that_is_being_opened() {
    let withdrawn = |_: &mut TestFederation, connector: &Arc<Connector>, contract| {
        withdrawal::own_now(connector, contract, &SingleLineText::from_any_text("over")).unwrap();
    };
    check(withdrawn, ErrorCode::Withdrawn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_cuts_an_answer_that_is_being_opened() {
    let restricted = |_: &mut TestFederation, connector: &Arc<Connector>, _| {
        let dataset: DatasetId = "hansa://lindau.example/d/bikes".parse().unwrap();
        let clause = Clause {
            id: ClauseId(2),
            term: Term::ResultRows(1),
        };
        let restriction =
            ProviderRestriction::new("g".into(), vec![clause], "p".into(), Vec::new()).unwrap();
        let connector = Arc::clone(connector);
        let set = tokio::spawn(async move {
            provider_restriction::set_restriction(
                &connector,
                &dataset,
                Some(restriction),
                &Caller::Process,
            )
            .await
            .unwrap()
        });
        while !set.is_finished() {
            std::thread::yield_now();
        }
    };
    check(restricted, ErrorCode::DatasetRestricted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibition_that_comes_to_hold_cuts_an_answer_that_is_being_opened() {
    let passed =
        |federation: &mut TestFederation, _: &Arc<Connector>, _| federation.advance_time(DAY);
    let prohibited = "prohibit = [{ from = 2026-06-02T00:00:00Z }]\n";
    check_under(prohibited, passed, ErrorCode::Prohibited).await;
}
