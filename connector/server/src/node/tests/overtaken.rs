//! What is stopped while a question is decided: no permit comes behind the record of the stop. Each question is held here between its
//! ruling and the record of it, while something goes through.

use crate::node::Node;
use crate::node::testing::{
    DAY, TERMS, Town, agree, ask, ask_showing, caller, post, records, request_instead_of, said,
};
use crate::walk::{group, guard, negotiate, publish, revoke};
use hansa_audit_log::time::Time;
use hansa_identity::league::authorize::End;
use hansa_policy::contract::Role;
use hansa_policy::group::GroupName;
use hansa_policy::guard::Guard;
use hansa_policy::id::{ClauseId, ContractId, DatasetId};
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::Code;
use hansa_policy::term::{Clause, Term};
use hansa_proto::envelope::{self, Kind};
use hansa_proto::withdrawal::{self, Statement};
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

struct Case {
    town: Town,
    provider: Arc<Node>,
    consumer: Arc<Node>,
    contract: ContractId,
}

/// A provider and a consumer with a contract, to which these terms are added.
async fn agreed(more: &str) -> Case {
    let mut town = Town::new();
    town.names_issuer("chamber");
    town.settle("lindau", &format!("{TERMS}{more}"));
    town.settle("acme", TERMS);
    std::fs::write(town.home("lindau").join("bundle.json"), town.bundle()).unwrap();
    let (provider, consumer) = (town.open("lindau"), town.open("acme"));
    let contract = agree(&provider, &consumer).await;
    Case {
        town,
        provider,
        consumer,
        contract,
    }
}

/// Asks, has `change` done between ruling and record, and checks that the question is refused so and that no permit stands behind what
/// was recorded meanwhile.
async fn check(
    case: &mut Case,
    change: impl AsyncFnOnce(&mut Case),
    expected: Code,
    stop: &'static str,
) {
    let who = caller(&case.provider, "acme");
    let shown = vec![case.town.attests("acme", "chamber", "nace:H49")];
    let contract = case.contract;
    let first = ask_showing(&case.provider, who.clone(), &[contract], shown.clone()).await;
    assert_eq!(first, Ok(2));
    let provider = Arc::clone(&case.provider);
    let held = provider.pauses.decided.close().await;
    let asked = Arc::clone(&provider);
    let question = tokio::spawn(async move { ask_showing(&asked, who, &[contract], shown).await });
    provider.pauses.decided.holds_somebody().await;
    let before = records(&provider, stop).len();
    change(case).await;
    assert!(stop.is_empty() || records(&provider, stop).len() > before);
    drop(held);
    assert_eq!(question.await.unwrap(), Err(expected));
    let permits = records(&provider, "permit");
    assert_eq!(permits.len(), 1, "one before the stop, none behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_withdrawal() {
    let withdrawn = async |case: &mut Case| {
        revoke::own_now(&case.provider, case.contract, &TypedLine::cut("over")).unwrap();
    };
    check(
        &mut agreed("").await,
        withdrawn,
        Code::Withdrawn,
        "withdraw",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_an_expulsion() {
    let expelled = async |case: &mut Case| {
        case.town.expel("acme");
        let bundle = case.town.bundle();
        assert!(case.provider.take_bundle(&bundle).unwrap());
    };
    check(
        &mut agreed("").await,
        expelled,
        Code::PeerNotTrusted,
        "trust",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expulsion_holds_where_the_bundle_gets_no_file() {
    let mut case = agreed("").await;
    let provider = Arc::clone(&case.provider);
    let who = caller(&provider, "acme");
    assert_eq!(ask(&provider, who.clone(), &[case.contract]).await, Ok(2));
    let file = case.town.home("lindau").join("bundle.json");
    let before = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    case.town.expel("acme");
    assert!(provider.take_bundle(&case.town.bundle()).is_err());
    let asked = ask(&provider, who, &[case.contract]).await;
    assert_eq!(asked, Err(Code::PeerNotTrusted));
    // The books say nothing of it, so that the next start is by the file that there is, and takes the newer one when it meets it.
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, before).unwrap();
    crate::node::testing::closed(provider).await;
    drop(case.provider);
    let again = case.town.open("lindau");
    assert!(again.take_bundle(&case.town.bundle()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_bundle_that_voids_its_contract() {
    let voided = async |case: &mut Case| {
        // Others had it before anything was signed with it.
        let end = End::Compromised(Time::EARLIEST);
        case.town.ends_key("acme", end);
        let bundle = case.town.bundle();
        assert!(case.provider.take_bundle(&bundle).unwrap());
    };
    check(&mut agreed("").await, voided, Code::KeyRevoked, "trust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_bundle_that_drops_its_issuer() {
    let dropped = async |case: &mut Case| {
        case.town.drops_issuer("chamber");
        let bundle = case.town.bundle();
        assert!(case.provider.take_bundle(&bundle).unwrap());
    };
    let mut case = agreed("sectors = [\"nace:H49\"]\n").await;
    check(&mut case, dropped, Code::CredentialInvalid, "trust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_guard() {
    let guarded = async |case: &mut Case| {
        let dataset: DatasetId = "hansa://lindau.example/d/bikes".parse().unwrap();
        let clause = Clause {
            id: ClauseId(2),
            term: Term::ResultRows(1),
        };
        let guard = Guard::of("g".into(), vec![clause], "p".into(), Vec::new()).unwrap();
        let set = guard::set(&case.provider, &dataset, Some(guard), None).await;
        set.unwrap();
    };
    check(
        &mut agreed("").await,
        guarded,
        Code::DatasetGuarded,
        "guard",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_list_without_its_member() {
    let name: GroupName = "hanse-cities".parse().unwrap();
    let mut town = Town::new();
    town.names_issuer("chamber");
    town.settle("lindau", &format!("{TERMS}group = \"hanse-cities\"\n"));
    town.settle("acme", TERMS);
    std::fs::write(town.home("lindau").join("bundle.json"), town.bundle()).unwrap();
    let (provider, _) = town.try_open("lindau", &[]).unwrap();
    let _ = crate::node::testing::published(&provider);
    let members = BTreeSet::from([crate::node::testing::id("acme")]);
    group::set(&provider, &name, members).await.unwrap();
    assert!(crate::node::offers::renew(&provider).unwrap().is_empty());
    let consumer = town.open("acme");
    let contract = agree(&provider, &consumer).await;
    let mut case = Case {
        town,
        provider,
        consumer,
        contract,
    };
    let left = async |case: &mut Case| {
        let set = group::set(&case.provider, &name, BTreeSet::new()).await;
        set.unwrap();
    };
    check(&mut case, left, Code::PartyNotInGroup, "group").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_the_newer_version_of_its_contract() {
    let amended = async |case: &mut Case| {
        let (old, provider, consumer) = (case.contract, &case.provider, &case.consumer);
        let newer = request_instead_of(Some(old), provider, consumer).await;
        post(provider, consumer).await;
        assert!(provider.book(|book| book.agreement(newer).is_some()));
    };
    check(&mut agreed("").await, amended, Code::Superseded, "contract").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_contract_comes_into_force_behind_a_bundle_that_voids_it() {
    let mut case = agreed("").await;
    let (provider, consumer) = (Arc::clone(&case.provider), Arc::clone(&case.consumer));
    let before = records(&provider, "contract").len();
    let later = request_instead_of(None, &provider, &consumer).await;
    let held = provider.pauses.verified.close().await;
    let sending = (Arc::clone(&provider), Arc::clone(&consumer));
    let agreeing = tokio::spawn(async move {
        for _ in 0..3 {
            for (from, to) in [(&sending.1, &sending.0), (&sending.0, &sending.1)] {
                for (_, letter) in crate::node::testing::outbox(from, to) {
                    // What can't come about is refused.
                    let _ = negotiate::take_in(to, &from.id(), &letter, None).await;
                }
            }
        }
    });
    provider.pauses.verified.holds_somebody().await;
    case.town.revokes_key("acme");
    assert!(provider.take_bundle(&case.town.bundle()).unwrap());
    drop(held);
    agreeing.await.unwrap();
    assert_eq!(records(&provider, "contract").len(), before);
    assert!(provider.book(|book| book.agreement(later).is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_the_end_of_its_dataset() {
    let taken = async |case: &mut Case| {
        publish::withdraw(&case.provider, &"bikes".parse().unwrap(), None).unwrap();
    };
    check(&mut agreed("").await, taken, Code::StreamCut, "unpublish").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_is_recorded_after_the_last_instant_of_its_contract() {
    let passed = async |case: &mut Case| case.town.pass(20 * DAY);
    check(&mut agreed("").await, passed, Code::Expired, "").await;
}

/// A withdrawal that gives notice, by the provider.
fn notice(node: &Arc<Node>, contract: ContractId, effective_at: Time) {
    let payload = withdrawal::to_bytes(&Statement {
        contract,
        party: node.id(),
        effective_at,
        issued_at: node.now(),
        reason: "in a day".to_owned(),
    });
    let signature = node
        .sign(Kind::Withdrawal, Role::Provider, &payload)
        .unwrap();
    let bytes = envelope::assemble(&payload, &[signature]);
    revoke::take_in(node, &bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_is_recorded_after_the_notice_of_a_withdrawal_has_run_out() {
    let mut case = agreed("").await;
    let until = case.provider.now().plus_micros(DAY);
    notice(&case.provider, case.contract, until);
    let passed = async |case: &mut Case| case.town.pass(DAY);
    check(&mut case, passed, Code::Withdrawn, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_concern_a_question_only_has_it_decided_again() {
    let case = agreed("").await;
    let (provider, contract) = (Arc::clone(&case.provider), case.contract);
    let who = caller(&provider, "acme");
    let held = provider.pauses.decided.close().await;
    let asked = Arc::clone(&provider);
    let question = tokio::spawn(async move { ask(&asked, who, &[contract]).await });
    provider.pauses.decided.holds_somebody().await;
    let name: GroupName = "others".parse().unwrap();
    group::set(&provider, &name, BTreeSet::new()).await.unwrap();
    drop(held);
    assert_eq!(question.await.unwrap(), Ok(2));
    let (list, permit) = (records(&provider, "group"), records(&provider, "permit"));
    assert!(permit[0].seq > list[0].seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_decided_so_many_times_and_then_refused() {
    let case = agreed("").await;
    let (provider, contract) = (Arc::clone(&case.provider), case.contract);
    let who = caller(&provider, "acme");
    let mut held = provider.pauses.decided.close().await;
    let asked = Arc::clone(&provider);
    let question = tokio::spawn(async move { ask(&asked, who, &[contract]).await });
    for _ in 0..4 {
        provider.pauses.decided.holds_somebody().await;
        drop(provider.log.begin_stop());
        // It is closed behind the question that waits, and before that comes by again.
        let next = provider.pauses.decided.close();
        tokio::pin!(next);
        let queued = poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_pending()));
        assert!(queued.await);
        drop(held);
        held = next.await;
    }
    drop(held);
    assert_eq!(question.await.unwrap(), Err(Code::StreamCut));
    assert!(records(&provider, "permit").is_empty());
    let refused = records(&provider, "refuse").pop().unwrap();
    assert_eq!(said(&refused, "code"), "STREAM_CUT");
}
