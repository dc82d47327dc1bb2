//! What ends while an answer is being opened ends that answer too.

use crate::node::Node;
use crate::node::testing::{DAY, TERMS, Town, agree, ask_showing, caller, records, said};
use crate::walk::{guard, publish, revoke};
use hansa_policy::guard::Guard;
use hansa_policy::id::{ClauseId, ContractId, DatasetId};
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::Code;
use hansa_policy::term::{Clause, Term};
use std::sync::Arc;

/// Asks, has `change` done when the ruling is on the books and nothing has begun yet, and checks how the answer ends.
async fn check(change: impl FnOnce(&mut Town, &Arc<Node>, ContractId), expected: Code) {
    check_under("", change, expected).await;
}

/// The same, where a term more is agreed.
async fn check_under(
    more: &str,
    change: impl FnOnce(&mut Town, &Arc<Node>, ContractId),
    expected: Code,
) {
    let mut town = Town::new();
    town.names_issuer("chamber");
    town.settle("lindau", &format!("{TERMS}{more}"));
    town.settle("acme", TERMS);
    std::fs::write(town.home("lindau").join("bundle.json"), town.bundle()).unwrap();
    let (provider, consumer) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&provider, &consumer).await;
    let who = caller(&provider, "acme");
    let shown = vec![town.attests("acme", "chamber", "nace:H49")];
    let first = ask_showing(&provider, who.clone(), &[contract], shown.clone()).await;
    assert_eq!(first, Ok(2));

    let asked = Arc::clone(&provider);
    let held = provider.budgets.hold();
    let question = tokio::spawn(async move { ask_showing(&asked, who, &[contract], shown).await });
    while records(&provider, "permit").len() < 2 {
        std::thread::yield_now();
    }
    change(&mut town, &provider, contract);
    drop(held);
    assert_eq!(question.await.unwrap(), Err(expected));
    let close = records(&provider, "close").pop().unwrap();
    assert_eq!(said(&close, "code"), expected.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expulsion_cuts_an_answer_that_is_being_opened() {
    let expelled = |town: &mut Town, node: &Arc<Node>, _| {
        town.expel("acme");
        assert!(node.take_bundle(&town.bundle()).unwrap());
    };
    check(expelled, Code::PeerNotTrusted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_issuer_that_is_dropped_cuts_an_answer_that_is_being_opened() {
    let dropped = |town: &mut Town, node: &Arc<Node>, _| {
        town.drops_issuer("chamber");
        assert!(node.take_bundle(&town.bundle()).unwrap());
    };
    let sector = "sectors = [\"nace:H49\"]\n";
    check_under(sector, dropped, Code::CredentialInvalid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_ends_cuts_an_answer_that_is_being_opened() {
    let passed = |town: &mut Town, _: &Arc<Node>, _| town.pass(DAY);
    let sector = "sectors = [\"nace:H49\"]\n";
    check_under(sector, passed, Code::CredentialInvalid).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dataset_that_is_taken_away_cuts_an_answer_that_is_being_opened() {
    let taken = |_: &mut Town, node: &Arc<Node>, _| {
        publish::withdraw(node, &"bikes".parse().unwrap(), None).unwrap();
    };
    check(taken, Code::StreamCut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawal_cuts_an_answer_that_is_being_opened() {
    let withdrawn = |_: &mut Town, node: &Arc<Node>, contract| {
        revoke::own_now(node, contract, &TypedLine::cut("over")).unwrap();
    };
    check(withdrawn, Code::Withdrawn).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guard_cuts_an_answer_that_is_being_opened() {
    let guarded = |_: &mut Town, node: &Arc<Node>, _| {
        let dataset: DatasetId = "hansa://lindau.example/d/bikes".parse().unwrap();
        let clause = Clause {
            id: ClauseId(2),
            term: Term::ResultRows(1),
        };
        let guard = Guard::of("g".into(), vec![clause], "p".into(), Vec::new()).unwrap();
        let node = Arc::clone(node);
        let set = tokio::spawn(async move {
            guard::set(&node, &dataset, Some(guard), None)
                .await
                .unwrap()
        });
        while !set.is_finished() {
            std::thread::yield_now();
        }
    };
    check(guarded, Code::DatasetGuarded).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prohibition_that_comes_to_hold_cuts_an_answer_that_is_being_opened() {
    let passed = |town: &mut Town, _: &Arc<Node>, _| town.pass(DAY);
    let prohibited = "prohibit = [{ from = 2026-06-02T00:00:00Z }]\n";
    check_under(prohibited, passed, Code::Prohibited).await;
}
