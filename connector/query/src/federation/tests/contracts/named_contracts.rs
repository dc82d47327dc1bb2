//! A named contract binds its dataset, or refuses the question with its own reason.

use super::super::{FederationFixture, contract, participant, plan};
use crate::federation::options::QueryOptions;
use crate::federation::query_catalog::named_contract::{
    UnusableContract, UnusableContractCause, unused_contract_refusal,
};
use crate::federation::query_catalog::{QueryCatalog, UnavailableTable};
use crate::federation::table::RemoteTable;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};

const DIRECT: &str = "SELECT id FROM munster.trips";
const MODEL: &str = "SELECT id FROM model.trips";

/// Fixture in which Münster's trips are also under a second contract.
fn twice() -> FederationFixture {
    let mut fixture = FederationFixture::new();
    let mut second: RemoteTable = fixture.tables[0].clone();
    second.contract = Some(contract("second"));
    fixture.tables.push(second);
    fixture
}

fn named(contracts: &[&str]) -> QueryOptions {
    QueryOptions {
        contracts: contracts.iter().map(|text| contract(text)).collect(),
        ..QueryOptions::default()
    }
}

fn withdrawn() -> UnusableContract {
    UnusableContract {
        contract: contract("gone"),
        cause: UnusableContractCause::Refused(
            Refusal::new(ErrorCode::Withdrawn, "the contract was withdrawn")
                .with_contract(contract("gone")),
        ),
    }
}

#[track_caller]
fn refused(catalog: &QueryCatalog, sql: &str, options: &QueryOptions, code: ErrorCode, of: &str) {
    for partial in [false, true] {
        let options = QueryOptions {
            partial,
            ..options.clone()
        };
        let refusal = plan(catalog, sql, &options).unwrap_err();
        assert_eq!(refusal.code, code, "{sql}: {refusal}");
        assert_eq!(refusal.contract, Some(contract(of)), "{sql}: {refusal}");
    }
}

#[test]
fn what_can_not_be_used_refuses_with_its_own_reason() {
    // One contract in force, and two contracts in force.
    for fixture in [FederationFixture::new(), twice()] {
        let catalog = fixture.home().with_unusable(vec![withdrawn()]);
        for sql in [
            DIRECT,
            MODEL,
            "SELECT 1",
            "SELECT count(*) FROM zurich.sites",
        ] {
            refused(
                &catalog,
                sql,
                &named(&["gone"]),
                ErrorCode::Withdrawn,
                "gone",
            );
            refused(
                &catalog,
                sql,
                &named(&["munster", "gone"]),
                ErrorCode::Withdrawn,
                "gone",
            );
        }
    }
}

#[test]
fn what_nobody_has_heard_of_refuses() {
    refused(
        &twice().home(),
        DIRECT,
        &named(&["nobody"]),
        ErrorCode::ContractUnknown,
        "nobody",
    );
}

#[test]
fn each_binds_its_dataset() {
    let catalog = twice().home();
    let sql = "SELECT m.id FROM munster.trips m JOIN zurich.sites z ON m.place = z.place";
    let question = plan(&catalog, sql, &named(&["zurich", "second"])).unwrap();
    let mut used: Vec<ContractId> = question
        .remote_queries()
        .iter()
        .flat_map(|remote_query| remote_query.contracts())
        .collect();
    used.sort();
    let mut expected = vec![contract("zurich"), contract("second")];
    expected.sort();
    assert_eq!(used, expected);
    refused(
        &catalog,
        sql,
        &named(&["second", "ottawa"]),
        ErrorCode::ContractUnused,
        "ottawa",
    );
    let both = plan(&catalog, sql, &named(&["second", "munster"])).unwrap_err();
    assert_eq!(both.code, ErrorCode::ContractAmbiguous, "{both}");
    // One of several questions need not use all named contracts.
    let several = QueryOptions {
        among_several: true,
        ..named(&["second", "ottawa"])
    };
    let question = plan(&catalog, DIRECT, &several).unwrap();
    assert_eq!(
        question.remote_queries()[0].reads[0].contract,
        Some(contract("second"))
    );
    let gone = catalog.with_unusable(vec![withdrawn()]);
    let several = QueryOptions {
        among_several: true,
        ..named(&["gone"])
    };
    assert_eq!(
        plan(&gone, DIRECT, &several).unwrap_err().code,
        ErrorCode::Withdrawn
    );
}

#[test]
fn what_is_not_asked_for_is_reported() {
    let elsewhere = UnusableContract {
        contract: contract("bern"),
        cause: UnusableContractCause::NotAsked(unused_contract_refusal(
            contract("bern"),
            "bern.trips",
        )),
    };
    let catalog = FederationFixture::new()
        .home()
        .with_unusable(vec![elsewhere]);
    refused(
        &catalog,
        DIRECT,
        &named(&["bern"]),
        ErrorCode::ContractUnused,
        "bern",
    );
    refused(
        &catalog,
        "SELECT 1",
        &named(&["munster"]),
        ErrorCode::ContractUnused,
        "munster",
    );
    // A table without matching rows counts as used.
    for sql in [
        "SELECT id FROM munster.trips WHERE false",
        "SELECT id FROM model.trips WHERE participant <> 'munster.example'",
        "WITH t AS (SELECT id FROM munster.trips) SELECT count(*) FROM t LIMIT 0",
    ] {
        plan(&catalog, sql, &named(&["munster"])).unwrap();
    }
}

#[test]
fn a_named_contract_that_is_barred_is_not_passed_over() {
    let mut fixture = twice();
    let why = Refusal::new(ErrorCode::PurposeNotCovered, "not for this")
        .with_contract(contract("second"));
    fixture.tables.last_mut().unwrap().barred = Some(why);
    let catalog = fixture.home();
    plan(&catalog, DIRECT, &QueryOptions::default()).unwrap();
    for options in [named(&["second"]), named(&["second", "munster"])] {
        refused(
            &catalog,
            DIRECT,
            &options,
            ErrorCode::PurposeNotCovered,
            "second",
        );
    }
    let options = named(&["second"]);
    let refusal = plan(&catalog, MODEL, &options).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PurposeNotCovered, "{refusal}");
    let partial = QueryOptions {
        partial: true,
        ..options
    };
    let question = plan(&catalog, MODEL, &partial).unwrap();
    let left_out = question.left_out();
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    assert_eq!(left_out[0].0, participant("munster"));
    assert_eq!(left_out[0].1.contract, Some(contract("second")));
}

#[test]
fn who_is_out_of_reach_may_be_lacking() {
    let why = || {
        Refusal::new(ErrorCode::PeerUnreachable, "bern does not answer")
            .with_contract(contract("bern"))
    };
    let bern = participant("bern");
    let catalog = FederationFixture::new()
        .home()
        .that_lacks(vec![UnavailableTable {
            participant: bern.clone(),
            alias: Some("bern".parse().unwrap()),
            dataset: None,
            model: None,
            why: Refusal::new(ErrorCode::PeerUnreachable, "bern does not answer"),
        }])
        .with_unusable(vec![UnusableContract {
            contract: contract("bern"),
            cause: UnusableContractCause::OutOfReach(bern, why()),
        }]);
    let partial = QueryOptions {
        partial: true,
        ..named(&["bern"])
    };
    assert_eq!(plan(&catalog, MODEL, &partial).unwrap().left_out().len(), 1);
    assert_eq!(
        plan(&catalog, MODEL, &named(&["bern"])).unwrap_err().code,
        ErrorCode::PeerUnreachable
    );
    refused(
        &catalog,
        DIRECT,
        &named(&["bern"]),
        ErrorCode::PeerUnreachable,
        "bern",
    );
}

/// Another unavailable dataset of the participant is no reason for an unused contract.
#[test]
fn another_dataset_that_is_lacking_excuses_no_contract() {
    let mut fixture = FederationFixture::new();
    for table in &mut fixture.tables {
        if table.dataset.name.as_str() == "sites" {
            table.contract = Some(contract("sites"));
        }
    }
    let catalog = fixture.home().that_lacks(vec![UnavailableTable {
        participant: participant("zurich"),
        alias: Some("zurich".parse().unwrap()),
        dataset: Some("rides".parse().unwrap()),
        model: Some("trips".to_owned()),
        why: Refusal::new(ErrorCode::AnswerIncomplete, "its contract was lost"),
    }]);
    let partial = |contracts: &[&str]| QueryOptions {
        partial: true,
        ..named(contracts)
    };
    let question = plan(&catalog, MODEL, &partial(&["zurich"])).unwrap();
    assert_eq!(question.left_out()[0].0, participant("zurich"));
    let refusal = plan(&catalog, MODEL, &partial(&["sites"])).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ContractUnused, "{refusal}");
    assert_eq!(refusal.contract, Some(contract("sites")));
}
