//! Tests: the newest list of a group decides on its members, and no list older than a day.

use crate::config::ConnectorConfig;
use crate::config::person_key::IssuerAccount;
use crate::league::group_membership;
use crate::league::group_membership::MembershipOutcome;
use crate::participant::Connector;
use crate::participant::approval::{ApprovalAction, decline_approval};
use crate::participant::caller::Caller;
use crate::participant::pending_approvals;
use crate::participant::testing::{
    DAY, TERMS, TestFederation, ask_for_bikes, close_participant, make_contract, participant_id,
    publish_configured_datasets, record_text, records_of_kind, verified_caller,
};
use hansa_policy::group::GroupName;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::safe_text::SingleLineText;
use std::collections::BTreeSet;
use std::sync::Arc;

fn name() -> GroupName {
    "hanse-cities".parse().unwrap()
}

fn members(list: &[&str]) -> BTreeSet<ParticipantId> {
    list.iter().map(|alias| participant_id(alias)).collect()
}

/// Provider with a contract for a group, and a member with a contract.
async fn agreed() -> (TestFederation, Arc<Connector>, ContractId) {
    let mut federation = TestFederation::new();
    federation.settle_two(&format!("{TERMS}group = \"hanse-cities\"\n"), TERMS);
    let (provider, _) = federation.try_open("lindau", &[]).unwrap();
    // Without the group, nothing is offered.
    let _ = publish_configured_datasets(&provider);
    assert!(
        provider
            .datasets
            .catalog(|catalog| catalog.offers().next().is_none())
    );
    group_membership::add_members(
        &provider,
        &name(),
        &members(&["acme", "third"]),
        &Caller::Process,
    )
    .await
    .unwrap();
    let faults = crate::offer::offer_renewal::renew_offers(&provider).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    let consumer = federation.open("acme");
    let contract = make_contract(&provider, &consumer).await;
    (federation, provider, contract)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_lets_in_its_members_and_cuts_who_leaves() {
    let (_federation, provider, contract) = agreed().await;
    let who = verified_caller(&provider, "acme");
    assert_eq!(
        ask_for_bikes(&provider, who.clone(), &[contract]).await,
        Ok(2)
    );
    let relied = provider.reloadable.groups().get(&name()).unwrap().statement;
    let permit = records_of_kind(&provider, "permit").pop().unwrap();
    let body = hansa_audit_log::json::to_canonical_bytes(&permit.body);
    assert!(
        String::from_utf8(body)
            .unwrap()
            .contains(&relied.to_string())
    );

    // It leaves while its question is being answered.
    let (asked, one) = (Arc::clone(&provider), who.clone());
    let held = provider.accounting.budgets.lock_counters();
    let question = tokio::spawn(async move { ask_for_bikes(&asked, one, &[contract]).await });
    while records_of_kind(&provider, "permit").len() < 2 {
        std::thread::yield_now();
    }
    let setting = Arc::clone(&provider);
    let set = tokio::spawn(async move {
        group_membership::remove_members(&setting, &name(), members(&["acme"])).await
    });
    while records_of_kind(&provider, "group").len() < 2 {
        std::thread::yield_now();
    }
    drop(held);
    set.await.unwrap().unwrap();
    assert_eq!(question.await.unwrap(), Err(ErrorCode::PartyNotInGroup));
    assert_eq!(
        ask_for_bikes(&provider, who.clone(), &[contract]).await,
        Err(ErrorCode::PartyNotInGroup)
    );
    let change = records_of_kind(&provider, "group").pop().unwrap();
    assert_eq!(record_text(&change, "event"), "changed");
    group_membership::add_members(&provider, &name(), &members(&["acme"]), &Caller::Process)
        .await
        .unwrap();
    assert_eq!(ask_for_bikes(&provider, who, &[contract]).await, Ok(2));
}

/// Both changes begin before either is written. A removed member stays removed in both orders.
#[tokio::test(flavor = "multi_thread")]
async fn no_change_takes_back_another_one() {
    let (_federation, provider, _) = agreed().await;
    let group = name();
    let turn = provider.contracts.negotiation_lock.lock().await;
    let mut removed = Box::pin(group_membership::remove_members(
        &provider,
        &group,
        members(&["third"]),
    ));
    assert!(futures::poll!(&mut removed).is_pending());
    let new = members(&["globex"]);
    let caller = Caller::Process;
    let mut added = Box::pin(group_membership::add_members(
        &provider, &group, &new, &caller,
    ));
    assert!(futures::poll!(&mut added).is_pending());
    drop(turn);
    removed.await.unwrap();
    added.await.unwrap();
    let now = provider
        .reloadable
        .groups()
        .get(&group)
        .unwrap()
        .members
        .clone();
    assert_eq!(now, members(&["acme", "globex"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_is_a_day_old_lets_nobody_in_until_it_is_renewed() {
    let (federation, provider, contract) = agreed().await;
    let who = verified_caller(&provider, "acme");
    group_membership::renew_lists(&provider).await.unwrap();
    assert_eq!(provider.reloadable.groups().get(&name()).unwrap().serial, 1);
    federation.advance_time(DAY);
    assert_eq!(
        ask_for_bikes(&provider, who, &[contract]).await,
        Err(ErrorCode::AttributeStale)
    );
    group_membership::renew_lists(&provider).await.unwrap();
    let who = verified_caller(&provider, "acme");
    assert_eq!(ask_for_bikes(&provider, who, &[contract]).await, Ok(2));
    // Half a day later, the next list is due.
    federation.advance_time(DAY / 2);
    group_membership::renew_lists(&provider).await.unwrap();
    assert_eq!(provider.reloadable.groups().get(&name()).unwrap().serial, 3);
    let events: Vec<String> = records_of_kind(&provider, "group")
        .iter()
        .map(|record| record_text(record, "event"))
        .collect();
    assert_eq!(events, ["changed", "renewed", "renewed"]);
    // After a restart, and after the loss of the index, the newest list is in force.
    close_participant(provider).await;
    for file in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(federation.home("lindau").join("state").join(file));
    }
    let provider = federation.open("lindau");
    assert_eq!(provider.reloadable.groups().get(&name()).unwrap().serial, 3);
    let who = verified_caller(&provider, "acme");
    assert_eq!(ask_for_bikes(&provider, who, &[contract]).await, Ok(2));
}

/// Opens `lindau`, which has two officers, in a league with two others.
fn open_with_two_officers(federation: &mut TestFederation) -> Arc<Connector> {
    for alias in ["lindau", "acme", "third"] {
        federation.set_up_participant(alias, TERMS);
    }
    let home = federation.home("lindau");
    std::fs::write(home.join("bundle.json"), federation.bundle()).unwrap();
    let toml = std::fs::read_to_string(home.join("hansa.toml")).unwrap();
    let officers = "[officers]\nusers = [\"1001\", \"1002\"]\nsecond = \"looser\"\n";
    std::fs::write(home.join("hansa.toml"), format!("{toml}{officers}")).unwrap();
    federation.open("lindau")
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_joins_a_group_is_let_in_by_two_officers() {
    let mut federation = TestFederation::new();
    let connector = open_with_two_officers(&mut federation);
    let add = |who: &'static str, officer: u32| {
        let connector = Arc::clone(&connector);
        async move {
            let caller = Caller::from_local_user(&connector.config(), Some(officer));
            group_membership::add_members(&connector, &name(), &members(&[who]), &caller).await
        }
    };
    let listed = || {
        let groups = connector.reloadable.groups();
        let group = groups.get(&name());
        group.map_or(0, |group| group.members.len())
    };
    let waits = |added| matches!(added, Ok(MembershipOutcome::Waits));
    assert!(waits(add("acme", 1001).await));
    assert_eq!(listed(), 0);
    let status = pending_approvals::open_approvals(&connector).unwrap();
    assert_eq!(status.len(), 1);
    // Neither the first officer nor a stranger can approve, and another change is another step.
    for officer in [1001, 1003] {
        let refused = add("acme", officer).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::SecondOfficerNeeded);
    }
    assert!(waits(add("third", 1002).await));
    assert_eq!(listed(), 0);
    assert!(matches!(
        add("acme", 1002).await,
        Ok(MembershipOutcome::Listed(_))
    ));
    assert_eq!(listed(), 1);
    // The group has changed, so earlier requests must be repeated.
    assert!(
        pending_approvals::open_approvals(&connector)
            .unwrap()
            .is_empty()
    );
    assert!(waits(add("third", 1001).await));
    // Whoever leaves needs nobody's word, and comes back by two anew, also after the list was renewed.
    group_membership::remove_members(&connector, &name(), members(&["acme"]))
        .await
        .unwrap();
    assert!(waits(add("acme", 1001).await));
    federation.advance_time(DAY / 2);
    group_membership::renew_lists(&connector).await.unwrap();
    assert!(matches!(
        add("acme", 1002).await,
        Ok(MembershipOutcome::Listed(_))
    ));
    assert_eq!(listed(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_declined_is_over_and_asked_for_anew() {
    let mut federation = TestFederation::new();
    let connector = open_with_two_officers(&mut federation);
    let caller = |officer: u32| Caller::from_local_user(&connector.config(), Some(officer));
    let added = members(&["acme"]);
    let reason = SingleLineText::parse("reason", "not yet").unwrap();
    let asked = group_membership::add_members(&connector, &name(), &added, &caller(1001)).await;
    assert!(matches!(asked, Ok(MembershipOutcome::Waits)));
    let waiting = pending_approvals::open_approvals(&connector).unwrap();
    let change = waiting[0].contract;
    let decline = |officer: u32| {
        let (connector, caller) = (Arc::clone(&connector), caller(officer));
        let reason = reason.clone();
        async move {
            let action = ApprovalAction::Admit;
            decline_approval(&connector, &caller, change, action, &reason).await
        }
    };
    let refused = decline(1003).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SecondOfficerNeeded);
    decline(1002).await.unwrap();
    let refused = decline(1002).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::UsageWrong);
    assert!(
        pending_approvals::open_approvals(&connector)
            .unwrap()
            .is_empty()
    );
    let list_declined = || {
        connector
            .records
            .index(|state| state.declined_approvals(None))
    };
    assert_eq!(list_declined().unwrap().len(), 1);
    // Whoever declined approves nothing with the same command: it is a request of their own.
    let asked = group_membership::add_members(&connector, &name(), &added, &caller(1002)).await;
    assert!(matches!(asked, Ok(MembershipOutcome::Waits)));
    assert!(connector.reloadable.groups().get(&name()).is_none());
    assert!(list_declined().unwrap().is_empty());
}

/// Attack 13: the second word is one of the same human being, by the other account.
#[tokio::test(flavor = "multi_thread")]
async fn a_human_being_with_a_unix_user_and_an_account_is_one_officer() {
    let mut federation = TestFederation::new();
    for alias in ["lindau", "acme", "third"] {
        federation.set_up_participant(alias, TERMS);
    }
    let home = federation.home("lindau");
    std::fs::write(home.join("bundle.json"), federation.bundle()).unwrap();
    std::fs::write(home.join("oidc.secret"), "swordfish").unwrap();
    let toml = std::fs::read_to_string(home.join("hansa.toml")).unwrap();
    let officers = "[officers]\nusers = [\"1001\", \"1002\"]\nsecond = \"looser\"\n\n\
        [console.oidc]\nissuer = \"https://id.example\"\nclient = \"hansa\"\nsecret_file = \"oidc.secret\"\n";
    let person = |name: &str, accounts: &str| {
        format!(
            "\n[person.{name}]\nname = \"Maria\"\nroles = [\"officer\", \"signer\"]\n{accounts}\n"
        )
    };
    let write = |people: &str| {
        std::fs::write(home.join("hansa.toml"), format!("{toml}{officers}{people}")).unwrap();
    };
    write(&person("maria", "unix = \"1001\"\noidc = \"f3b1\""));
    let connector = federation.open("lindau");
    let account = IssuerAccount {
        issuer: "https://id.example".to_owned(),
        subject: "f3b1".to_owned(),
    };
    let by_issuer = |config: &ConnectorConfig| {
        let mut people = config.people.iter();
        let person = people.find(|person| person.key.account() == Some(&account));
        Caller::Person(person.unwrap().key.clone())
    };
    let add = async |connector: &Arc<Connector>, who: &str, caller: &Caller| {
        group_membership::add_members(connector, &name(), &members(&[who]), caller).await
    };
    let by_socket = Caller::from_local_user(&connector.config(), Some(1001));
    assert_eq!(by_socket, by_issuer(&connector.config()));
    for (first, second) in [
        (by_socket.clone(), Caller::User(1001)),
        (Caller::User(1001), by_issuer(&connector.config())),
    ] {
        let added = add(&connector, "acme", &first).await;
        assert!(
            matches!(added, Ok(MembershipOutcome::Waits))
                || added.is_err_and(|refusal| refusal.code == ErrorCode::SecondOfficerNeeded)
        );
        let refused = add(&connector, "acme", &second).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::SecondOfficerNeeded);
    }
    close_participant(connector).await;
    // A renamed entry, and one that has lost the Unix user: the human being stays the one who asked.
    write(&person("anna", "oidc = \"f3b1\""));
    let connector = federation.open("lindau");
    let renamed = by_issuer(&connector.config());
    let refused = add(&connector, "acme", &renamed).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SecondOfficerNeeded);
    let other = Caller::from_local_user(&connector.config(), Some(1002));
    let added = add(&connector, "acme", &other).await;
    assert!(matches!(added, Ok(MembershipOutcome::Listed(_))));
}
