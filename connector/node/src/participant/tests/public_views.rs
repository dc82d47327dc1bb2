//! Tests: a public view stays in force if its successor is refused or equal.

use crate::offer::offer_renewal::renew_offers;
use crate::participant::Connector;
use crate::participant::testing::{
    TERMS, TestFederation, ask_for_bikes, publish_configured_datasets, verified_caller,
};
use hansa_policy::contract::{Assignee, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::ErrorCode;

const GRID: &str = "[dataset.grid]\ndimensions = [\"site\"]\n[[offer]]";

/// Participant with its bikes in a public view under these terms.
fn test_federation() -> TestFederation {
    let mut federation = TestFederation::new();
    federation.set_up_participant("lindau", TERMS);
    federation.set_up_participant("acme", TERMS);
    let file = federation.home("lindau").join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let config = config
        .replace("[[offer]]", GRID)
        .replace("to = \"league\"", "to = \"public\"");
    std::fs::write(file, config).unwrap();
    let bundle = federation.bundle();
    std::fs::write(federation.home("lindau").join("bundle.json"), bundle).unwrap();
    federation
}

/// Public views in force.
fn views(connector: &Connector) -> Vec<ContractId> {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        registry
            .all_contracts(now)
            .filter(|(_, agreement, status)| {
                agreement.assignee == Assignee::Public && *status == ContractStatus::InForce
            })
            .map(|(id, _, _)| id)
            .collect()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_stays_where_its_successor_is_refused() {
    let federation = test_federation();
    let lindau = federation.open("lindau");
    let before = views(&lindau);
    assert_eq!(before.len(), 1);
    let who = verified_caller(&lindau, "acme");
    assert!(ask_for_bikes(&lindau, who, &before).await.is_ok());
    // Answered rows can be subtracted from groups that are published later.
    let groups = "aggregate = { by = [\"site\"], measures = [\"bikes\"], functions = [\"count\"], min_rows = 2 }\n";
    let policy = federation.home("lindau").join("policies/all.toml");
    std::fs::write(policy, format!("{TERMS}{groups}")).unwrap();
    let faults = renew_offers(&lindau).unwrap();
    let codes: Vec<ErrorCode> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, [ErrorCode::CombinedDisclosure], "{faults:?}");
    assert_eq!(views(&lindau), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_that_is_signed_again_is_not_judged_anew() {
    let mut federation = test_federation();
    let lindau = federation.open("lindau");
    let before = views(&lindau);
    let who = verified_caller(&lindau, "acme");
    assert!(ask_for_bikes(&lindau, who, &before).await.is_ok());
    drop(lindau);
    federation.another_key("lindau");
    let bundle = federation.bundle();
    std::fs::write(federation.home("lindau").join("bundle.json"), bundle).unwrap();
    let lindau = federation.open("lindau");
    publish_configured_datasets(&lindau).unwrap();
    let after = views(&lindau);
    assert_eq!(after.len(), 1);
    assert_ne!(after, before);
}
