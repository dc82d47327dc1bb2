//! A contract that is named binds its dataset, or refuses the question with its own reason.

use super::super::{World, contract, participant, plan};
use crate::federate::home::named::{UnusableCause, UnusableContract, unused};
use crate::federate::home::{Home, Lacking, RemoteTable};
use crate::federate::question::Wish;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{Code, Refusal};

const DIRECT: &str = "SELECT id FROM munster.trips";
const MODEL: &str = "SELECT id FROM model.trips";

/// Münster's trips are under a second contract, too.
fn twice() -> World {
    let mut world = World::new();
    let mut second: RemoteTable = world.tables[0].clone();
    second.contract = Some(contract("second"));
    world.tables.push(second);
    world
}

fn named(contracts: &[&str]) -> Wish {
    Wish {
        contracts: contracts.iter().map(|text| contract(text)).collect(),
        ..Wish::default()
    }
}

fn withdrawn() -> UnusableContract {
    UnusableContract {
        contract: contract("gone"),
        cause: UnusableCause::Refused(
            Refusal::new(Code::Withdrawn, "the contract was withdrawn")
                .with_contract(contract("gone")),
        ),
    }
}

#[track_caller]
fn refused(home: &Home, sql: &str, wish: &Wish, code: Code, of: &str) {
    for partial in [false, true] {
        let wish = Wish {
            partial,
            ..wish.clone()
        };
        let refusal = plan(home, sql, &wish).unwrap_err();
        assert_eq!(refusal.code, code, "{sql}: {refusal}");
        assert_eq!(refusal.contract, Some(contract(of)), "{sql}: {refusal}");
    }
}

#[test]
fn what_can_not_be_used_refuses_with_its_own_reason() {
    // With one contract in force, and with two.
    for world in [World::new(), twice()] {
        let home = world.home().with_unusable(vec![withdrawn()]);
        for sql in [
            DIRECT,
            MODEL,
            "SELECT 1",
            "SELECT count(*) FROM zurich.sites",
        ] {
            refused(&home, sql, &named(&["gone"]), Code::Withdrawn, "gone");
            refused(
                &home,
                sql,
                &named(&["munster", "gone"]),
                Code::Withdrawn,
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
        Code::ContractUnknown,
        "nobody",
    );
}

#[test]
fn each_binds_its_dataset() {
    let home = twice().home();
    let sql = "SELECT m.id FROM munster.trips m JOIN zurich.sites z ON m.place = z.place";
    let question = plan(&home, sql, &named(&["zurich", "second"])).unwrap();
    let mut used: Vec<ContractId> = question
        .errands()
        .iter()
        .flat_map(|errand| errand.contracts())
        .collect();
    used.sort();
    let mut expected = vec![contract("zurich"), contract("second")];
    expected.sort();
    assert_eq!(used, expected);
    refused(
        &home,
        sql,
        &named(&["second", "ottawa"]),
        Code::ContractUnused,
        "ottawa",
    );
    let both = plan(&home, sql, &named(&["second", "munster"])).unwrap_err();
    assert_eq!(both.code, Code::ContractAmbiguous, "{both}");
    // Of several questions one need not use all.
    let several = Wish {
        among_several: true,
        ..named(&["second", "ottawa"])
    };
    let question = plan(&home, DIRECT, &several).unwrap();
    assert_eq!(
        question.errands()[0].reads[0].contract,
        Some(contract("second"))
    );
    let gone = home.with_unusable(vec![withdrawn()]);
    let several = Wish {
        among_several: true,
        ..named(&["gone"])
    };
    assert_eq!(
        plan(&gone, DIRECT, &several).unwrap_err().code,
        Code::Withdrawn
    );
}

#[test]
fn what_is_not_asked_for_is_told() {
    let elsewhere = UnusableContract {
        contract: contract("bern"),
        cause: UnusableCause::NotAsked(unused(contract("bern"), "bern.trips")),
    };
    let home = World::new().home().with_unusable(vec![elsewhere]);
    refused(
        &home,
        DIRECT,
        &named(&["bern"]),
        Code::ContractUnused,
        "bern",
    );
    refused(
        &home,
        "SELECT 1",
        &named(&["munster"]),
        Code::ContractUnused,
        "munster",
    );
    // What is asked for and turns out to bring nothing is used.
    for sql in [
        "SELECT id FROM munster.trips WHERE false",
        "SELECT id FROM model.trips WHERE participant <> 'munster.example'",
        "WITH t AS (SELECT id FROM munster.trips) SELECT count(*) FROM t LIMIT 0",
    ] {
        plan(&home, sql, &named(&["munster"])).unwrap();
    }
}

#[test]
fn a_named_contract_that_is_barred_is_not_passed_over() {
    let mut world = twice();
    let why =
        Refusal::new(Code::PurposeNotCovered, "not for this").with_contract(contract("second"));
    world.tables.last_mut().unwrap().barred = Some(why);
    let home = world.home();
    plan(&home, DIRECT, &Wish::default()).unwrap();
    for wish in [named(&["second"]), named(&["second", "munster"])] {
        refused(&home, DIRECT, &wish, Code::PurposeNotCovered, "second");
    }
    let wish = named(&["second"]);
    let refusal = plan(&home, MODEL, &wish).unwrap_err();
    assert_eq!(refusal.code, Code::PurposeNotCovered, "{refusal}");
    let partial = Wish {
        partial: true,
        ..wish
    };
    let question = plan(&home, MODEL, &partial).unwrap();
    let left_out = question.left_out();
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    assert_eq!(left_out[0].0, participant("munster"));
    assert_eq!(left_out[0].1.contract, Some(contract("second")));
}

#[test]
fn who_is_out_of_reach_may_be_lacking() {
    let why = || {
        Refusal::new(Code::PeerUnreachable, "bern does not answer").with_contract(contract("bern"))
    };
    let bern = participant("bern");
    let home = World::new()
        .home()
        .that_lacks(vec![Lacking {
            participant: bern.clone(),
            alias: Some("bern".parse().unwrap()),
            dataset: None,
            model: None,
            why: Refusal::new(Code::PeerUnreachable, "bern does not answer"),
        }])
        .with_unusable(vec![UnusableContract {
            contract: contract("bern"),
            cause: UnusableCause::OutOfReach(bern, why()),
        }]);
    let partial = Wish {
        partial: true,
        ..named(&["bern"])
    };
    assert_eq!(plan(&home, MODEL, &partial).unwrap().left_out().len(), 1);
    assert_eq!(
        plan(&home, MODEL, &named(&["bern"])).unwrap_err().code,
        Code::PeerUnreachable
    );
    refused(
        &home,
        DIRECT,
        &named(&["bern"]),
        Code::PeerUnreachable,
        "bern",
    );
}

/// What a participant lacks elsewhere is no reason for a contract of its that the question does not use.
#[test]
fn another_dataset_that_is_lacking_excuses_no_contract() {
    let mut world = World::new();
    for table in &mut world.tables {
        if table.dataset.name.as_str() == "sites" {
            table.contract = Some(contract("sites"));
        }
    }
    let home = world.home().that_lacks(vec![Lacking {
        participant: participant("zurich"),
        alias: Some("zurich".parse().unwrap()),
        dataset: Some("rides".parse().unwrap()),
        model: Some("trips".to_owned()),
        why: Refusal::new(Code::AnswerIncomplete, "its contract was lost"),
    }]);
    let partial = |contracts: &[&str]| Wish {
        partial: true,
        ..named(contracts)
    };
    let question = plan(&home, MODEL, &partial(&["zurich"])).unwrap();
    assert_eq!(question.left_out()[0].0, participant("zurich"));
    let refusal = plan(&home, MODEL, &partial(&["sites"])).unwrap_err();
    assert_eq!(refusal.code, Code::ContractUnused, "{refusal}");
    assert_eq!(refusal.contract, Some(contract("sites")));
}
