//! Tests: a stop during a decision. No permit follows the record of the stop. Each question is held between its decision and the
//! record, while a stop is carried out.

use crate::dataset::{provider_restriction, publication};
use crate::league::group_membership;
use crate::participant::Connector;
use crate::participant::caller::Caller;
use crate::participant::testing::pause_point::pause_points;
use crate::participant::testing::{
    DAY, TERMS, TestFederation, ask_for_bikes, ask_showing, exchange_messages, make_contract,
    record_text, records_of_kind, request_instead_of, verified_caller,
};
use crate::{negotiation, withdrawal};
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::league::signer_registration::KeyEndKind;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::group::GroupName;
use hansa_policy::id::{ClauseId, ContractId, DatasetId};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::restriction::ProviderRestriction;
use hansa_policy::safe_text::SingleLineText;
use hansa_policy::term::{Clause, Term};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::statement;
use hansa_proto::withdrawal::WithdrawalStatement;
use std::collections::BTreeSet;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

struct StopRaceCase {
    federation: TestFederation,
    provider: Arc<Connector>,
    consumer: Arc<Connector>,
    contract: ContractId,
}

/// Provider and consumer with a contract under additional terms.
async fn agreed(more: &str) -> StopRaceCase {
    let mut federation = TestFederation::new();
    federation.names_issuer("chamber");
    federation.settle_two(&format!("{TERMS}{more}"), TERMS);
    let (provider, consumer) = (federation.open("lindau"), federation.open("acme"));
    let contract = make_contract(&provider, &consumer).await;
    StopRaceCase {
        federation,
        provider,
        consumer,
        contract,
    }
}

/// Asks, applies `change` between decision and record, and checks the refusal and that no permit follows.
async fn check(
    case: &mut StopRaceCase,
    change: impl AsyncFnOnce(&mut StopRaceCase),
    expected: ErrorCode,
    stop: &'static str,
) {
    let who = verified_caller(&case.provider, "acme");
    let shown = vec![
        case.federation
            .sign_credential("acme", "chamber", "nace:H49"),
    ];
    let contract = case.contract;
    let first = ask_showing(&case.provider, who.clone(), &[contract], shown.clone()).await;
    assert_eq!(first, Ok(2));
    let provider = Arc::clone(&case.provider);
    let held = pause_points(&provider).decided.close().await;
    let asked = Arc::clone(&provider);
    let question = tokio::spawn(async move { ask_showing(&asked, who, &[contract], shown).await });
    pause_points(&provider).decided.holds_somebody().await;
    let before = records_of_kind(&provider, stop).len();
    change(case).await;
    assert!(stop.is_empty() || records_of_kind(&provider, stop).len() > before);
    drop(held);
    assert_eq!(question.await.unwrap(), Err(expected));
    let permits = records_of_kind(&provider, "permit");
    assert_eq!(permits.len(), 1, "one before the stop, none behind it");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_withdrawal() {
    let withdrawn = async |case: &mut StopRaceCase| {
        withdrawal::own_now(
            &case.provider,
            case.contract,
            &SingleLineText::from_any_text("over"),
        )
        .unwrap();
    };
    check(
        &mut agreed("").await,
        withdrawn,
        ErrorCode::Withdrawn,
        "withdraw",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_an_expulsion() {
    let expelled = async |case: &mut StopRaceCase| {
        case.federation.expel("acme");
        let bundle = case.federation.bundle();
        assert!(case.provider.take_bundle(&bundle).unwrap());
    };
    check(
        &mut agreed("").await,
        expelled,
        ErrorCode::PeerNotTrusted,
        "trust",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expulsion_holds_where_the_bundle_gets_no_file() {
    let mut case = agreed("").await;
    let provider = Arc::clone(&case.provider);
    let who = verified_caller(&provider, "acme");
    assert_eq!(
        ask_for_bikes(&provider, who.clone(), &[case.contract]).await,
        Ok(2)
    );
    let file = case.federation.home("lindau").join("bundle.json");
    let before = std::fs::read(&file).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    case.federation.expel("acme");
    assert!(provider.take_bundle(&case.federation.bundle()).is_err());
    let asked = ask_for_bikes(&provider, who, &[case.contract]).await;
    assert_eq!(asked, Err(ErrorCode::PeerNotTrusted));
    // The log has no record of the bundle. The next start uses the existing file and takes the newer bundle from a peer.
    std::fs::remove_dir(&file).unwrap();
    std::fs::write(&file, before).unwrap();
    crate::participant::testing::close_participant(provider).await;
    drop(case.provider);
    let again = case.federation.open("lindau");
    assert!(again.take_bundle(&case.federation.bundle()).unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_bundle_that_voids_its_contract() {
    let voided = async |case: &mut StopRaceCase| {
        // Others had the key before its first signature.
        let end = KeyEndKind::Compromised(UtcTimestamp::EARLIEST);
        case.federation.ends_key("acme", end);
        let bundle = case.federation.bundle();
        assert!(case.provider.take_bundle(&bundle).unwrap());
    };
    check(
        &mut agreed("").await,
        voided,
        ErrorCode::KeyRevoked,
        "trust",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_bundle_that_drops_its_issuer() {
    let dropped = async |case: &mut StopRaceCase| {
        case.federation.drops_issuer("chamber");
        let bundle = case.federation.bundle();
        assert!(case.provider.take_bundle(&bundle).unwrap());
    };
    let mut case = agreed("sectors = [\"nace:H49\"]\n").await;
    check(&mut case, dropped, ErrorCode::CredentialInvalid, "trust").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_restriction() {
    let restricted = async |case: &mut StopRaceCase| {
        let dataset: DatasetId = "hansa://lindau.example/d/bikes".parse().unwrap();
        let clause = Clause {
            id: ClauseId(2),
            term: Term::ResultRows(1),
        };
        let restriction =
            ProviderRestriction::new("g".into(), vec![clause], "p".into(), Vec::new()).unwrap();
        let set = provider_restriction::set_restriction(
            &case.provider,
            &dataset,
            Some(restriction),
            &Caller::Process,
        )
        .await;
        set.unwrap();
    };
    check(
        &mut agreed("").await,
        restricted,
        ErrorCode::DatasetRestricted,
        "restriction",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_a_list_without_its_member() {
    let name: GroupName = "hanse-cities".parse().unwrap();
    let mut federation = TestFederation::new();
    federation.names_issuer("chamber");
    federation.settle_two(&format!("{TERMS}group = \"hanse-cities\"\n"), TERMS);
    let (provider, _) = federation.try_open("lindau", &[]).unwrap();
    let _ = crate::participant::testing::publish_configured_datasets(&provider);
    let members = BTreeSet::from([crate::participant::testing::participant_id("acme")]);
    group_membership::add_members(&provider, &name, &members, &Caller::Process)
        .await
        .unwrap();
    assert!(
        crate::offer::offer_renewal::renew_offers(&provider)
            .unwrap()
            .is_empty()
    );
    let consumer = federation.open("acme");
    let contract = make_contract(&provider, &consumer).await;
    let mut case = StopRaceCase {
        federation,
        provider,
        consumer,
        contract,
    };
    let left = async |case: &mut StopRaceCase| {
        let members = BTreeSet::from([crate::participant::testing::participant_id("acme")]);
        let left = group_membership::remove_members(&case.provider, &name, members).await;
        left.unwrap();
    };
    check(&mut case, left, ErrorCode::PartyNotInGroup, "group").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_the_newer_version_of_its_contract() {
    let amended = async |case: &mut StopRaceCase| {
        let (old, provider, consumer) = (case.contract, &case.provider, &case.consumer);
        let newer = request_instead_of(Some(old), provider, consumer).await;
        exchange_messages(provider, consumer).await;
        assert!(
            provider
                .contracts
                .with_registry(|book| book.agreement(newer).is_some())
        );
    };
    check(
        &mut agreed("").await,
        amended,
        ErrorCode::Superseded,
        "contract",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_contract_comes_into_force_behind_a_bundle_that_voids_it() {
    let mut case = agreed("").await;
    let (provider, consumer) = (Arc::clone(&case.provider), Arc::clone(&case.consumer));
    let before = records_of_kind(&provider, "contract").len();
    let later = request_instead_of(None, &provider, &consumer).await;
    let held = pause_points(&provider).verified.close().await;
    let sending = (Arc::clone(&provider), Arc::clone(&consumer));
    let agreeing = tokio::spawn(async move {
        for _ in 0..3 {
            for (from, to) in [(&sending.1, &sending.0), (&sending.0, &sending.1)] {
                for (_, message) in crate::participant::testing::outbox_messages(from, to) {
                    // Impossible messages are refused.
                    let _ = negotiation::take_in(to, &from.id(), &message, None).await;
                }
            }
        }
    });
    pause_points(&provider).verified.holds_somebody().await;
    case.federation.revokes_key("acme");
    assert!(provider.take_bundle(&case.federation.bundle()).unwrap());
    drop(held);
    agreeing.await.unwrap();
    assert_eq!(records_of_kind(&provider, "contract").len(), before);
    assert!(
        provider
            .contracts
            .with_registry(|book| book.agreement(later).is_none())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_stands_behind_the_end_of_its_dataset() {
    let taken = async |case: &mut StopRaceCase| {
        publication::withdraw_dataset(&case.provider, &"bikes".parse().unwrap(), None).unwrap();
    };
    check(
        &mut agreed("").await,
        taken,
        ErrorCode::StreamCut,
        "unpublish",
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_is_recorded_after_the_last_instant_of_its_contract() {
    let passed = async |case: &mut StopRaceCase| case.federation.advance_time(20 * DAY);
    check(&mut agreed("").await, passed, ErrorCode::Expired, "").await;
}

/// Withdrawal with notice by the provider.
fn notice(connector: &Arc<Connector>, contract: ContractId, effective_at: UtcTimestamp) {
    let payload = statement::to_bytes(&WithdrawalStatement {
        contract,
        party: connector.id(),
        effective_at,
        issued_at: connector.now(),
        reason: "in a day".to_owned(),
    });
    let signature = connector
        .sign(StatementKind::Withdrawal, SignatoryRole::Provider, &payload)
        .unwrap();
    let bytes = envelope::assemble_statement(&payload, &[signature]);
    withdrawal::take_in(connector, &bytes).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn no_permit_is_recorded_after_the_notice_of_a_withdrawal_has_run_out() {
    let mut case = agreed("").await;
    let until = case.provider.now().plus_micros(DAY);
    notice(&case.provider, case.contract, until);
    let passed = async |case: &mut StopRaceCase| case.federation.advance_time(DAY);
    check(&mut case, passed, ErrorCode::Withdrawn, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_concern_a_question_only_has_it_decided_again() {
    let case = agreed("").await;
    let (provider, contract) = (Arc::clone(&case.provider), case.contract);
    let who = verified_caller(&provider, "acme");
    let held = pause_points(&provider).decided.close().await;
    let asked = Arc::clone(&provider);
    let question = tokio::spawn(async move { ask_for_bikes(&asked, who, &[contract]).await });
    pause_points(&provider).decided.holds_somebody().await;
    let name: GroupName = "others".parse().unwrap();
    group_membership::add_members(&provider, &name, &BTreeSet::new(), &Caller::Process)
        .await
        .unwrap();
    drop(held);
    assert_eq!(question.await.unwrap(), Ok(2));
    let (list, permit) = (
        records_of_kind(&provider, "group"),
        records_of_kind(&provider, "permit"),
    );
    assert!(permit[0].seq > list[0].seq);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_decided_so_many_times_and_then_refused() {
    let case = agreed("").await;
    let (provider, contract) = (Arc::clone(&case.provider), case.contract);
    let who = verified_caller(&provider, "acme");
    let mut held = pause_points(&provider).decided.close().await;
    let asked = Arc::clone(&provider);
    let question = tokio::spawn(async move { ask_for_bikes(&asked, who, &[contract]).await });
    for _ in 0..4 {
        pause_points(&provider).decided.holds_somebody().await;
        drop(provider.records.log.begin_stop());
        // It is closed behind the question that waits, and before that comes by again.
        let next = pause_points(&provider).decided.close();
        tokio::pin!(next);
        let queued = poll_fn(|context| Poll::Ready(next.as_mut().poll(context).is_pending()));
        assert!(queued.await);
        drop(held);
        held = next.await;
    }
    drop(held);
    assert_eq!(question.await.unwrap(), Err(ErrorCode::StreamCut));
    assert!(records_of_kind(&provider, "permit").is_empty());
    let refused = records_of_kind(&provider, "refuse").pop().unwrap();
    assert_eq!(record_text(&refused, "code"), "STREAM_CUT");
}
