//! Tests of admission, end and replacement of contracts in the registry.

use super::*;
use crate::fixture::{
    CONSUMER, PROVIDER, contract_id, parse_participant, parse_time, sample_agreement, sample_party,
    verified_caller, verified_contract,
};
use crate::refusal::ErrorCode;

const NOW: &str = "2026-06-01T00:00:00Z";

fn id(name: &str) -> ContractId {
    contract_id(name)
}

fn registry_of(contracts: &[(&str, Agreement)]) -> ContractRegistry {
    let mut registry = ContractRegistry::new(parse_participant(PROVIDER));
    for (name, agreement) in contracts {
        registry
            .readmit(
                verified_contract(id(name), agreement.clone()),
                &BTreeSet::from([id(name)]),
            )
            .unwrap();
    }
    registry
}

fn replacing(old: &str) -> Agreement {
    let mut new = sample_agreement("bikes", []);
    new.supersedes = Some(id(old));
    new
}

#[track_caller]
fn asked(
    registry: &ContractRegistry,
    who: &str,
    named: &[&str],
    now: &str,
    expect: Result<usize, ErrorCode>,
) {
    let ids: Vec<ContractId> = named.iter().map(|name| id(name)).collect();
    let got = registry
        .in_force(&verified_caller(who), &ids, parse_time(now))
        .map(|active| active.grants().len())
        .map_err(|refusal| refusal.code);
    assert_eq!(got, expect);
}

#[test]
fn only_what_the_log_holds_is_taken_in_again() {
    let mut registry = ContractRegistry::new(parse_participant(PROVIDER));
    let refusal = registry
        .readmit(
            verified_contract(id("a"), sample_agreement("bikes", [])),
            &BTreeSet::new(),
        )
        .unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ContractUnknown);
    assert!(registry.agreement(id("a")).is_none());
}

#[test]
fn somebody_elses_contract_looks_like_none() {
    let registry = registry_of(&[
        ("a", sample_agreement("bikes", [])),
        ("air", sample_agreement("air", [])),
    ]);
    asked(&registry, CONSUMER, &["a", "air"], NOW, Ok(2));
    asked(
        &registry,
        "hansa://other.example",
        &["a"],
        NOW,
        Err(ErrorCode::ContractUnknown),
    );
    let absent = registry
        .in_force(&verified_caller(CONSUMER), &[id("nope")], parse_time(NOW))
        .unwrap_err();
    let theirs = registry
        .in_force(
            &verified_caller("hansa://other.example"),
            &[id("nope")],
            parse_time(NOW),
        )
        .unwrap_err();
    assert_eq!(absent, theirs);
}

#[test]
fn states_and_ambiguity() {
    let registry = registry_of(&[
        ("a", sample_agreement("bikes", [])),
        ("b", sample_agreement("bikes", [])),
    ]);
    asked(
        &registry,
        CONSUMER,
        &["a"],
        "2025-12-31T23:59:59Z",
        Err(ErrorCode::NotYetValid),
    );
    asked(&registry, CONSUMER, &["a"], "2026-01-01T00:00:00Z", Ok(1));
    asked(
        &registry,
        CONSUMER,
        &["a"],
        "2027-01-01T00:00:00Z",
        Err(ErrorCode::Expired),
    );
    asked(
        &registry,
        CONSUMER,
        &["a", "b"],
        NOW,
        Err(ErrorCode::ContractAmbiguous),
    );
    let mut ended = registry;
    ended.end_contract(id("a"), parse_time("2026-06-02T00:00:00Z"));
    ended.end_contract(id("a"), parse_time("2026-07-02T00:00:00Z"));
    asked(&ended, CONSUMER, &["a"], NOW, Ok(1));
    asked(
        &ended,
        CONSUMER,
        &["a"],
        "2026-06-02T00:00:00Z",
        Err(ErrorCode::Withdrawn),
    );
}

#[test]
fn a_newer_version_takes_the_place_of_the_older() {
    let registry = registry_of(&[("a", sample_agreement("bikes", [])), ("b", replacing("a"))]);
    asked(&registry, CONSUMER, &["a"], NOW, Err(ErrorCode::Superseded));
    asked(&registry, CONSUMER, &["b"], NOW, Ok(1));
}

#[test]
fn nobody_replaces_the_contract_of_others() {
    let mut of_another = replacing("a");
    of_another.assignee = Assignee::Participant(sample_party("hansa://other.example"));
    let mut of_air = sample_agreement("air", []);
    of_air.supersedes = Some(id("a"));
    let contracts = [
        ("a", sample_agreement("bikes", [])),
        ("x", of_another),
        ("y", of_air),
    ];
    asked(&registry_of(&contracts), CONSUMER, &["a"], NOW, Ok(1));
    let mut all = contracts.to_vec();
    all.insert(1, ("b", replacing("a")));
    asked(
        &registry_of(&all),
        CONSUMER,
        &["a"],
        NOW,
        Err(ErrorCode::Superseded),
    );
}

#[test]
fn a_label_stands_for_one_contract() {
    let registry = registry_of(&[("a", sample_agreement("bikes", []))]);
    let code =
        |id, agreement: &Agreement| registry.check_label(id, agreement).err().map(|r| r.code);
    let mut other = sample_agreement("bikes", []);
    assert_eq!(code(id("a"), &other), None);
    assert_eq!(code(id("b"), &other), Some(ErrorCode::ContractIdReused));
    other.version = 2;
    assert_eq!(code(id("b"), &other), None);
}

#[test]
fn an_exclusive_contract_bars_another() {
    let now = crate::fixture::parse_time("2026-06-01T00:00:00Z");
    let check = |held: Vec<crate::term::Term>, wanted: Vec<crate::term::Term>, later: bool| {
        let registry = registry_of(&[("a", sample_agreement("bikes", held))]);
        let mut other = sample_agreement("bikes", wanted);
        other.assignee =
            Assignee::Participant(crate::fixture::sample_party("hansa://other.example"));
        if later {
            let known = sample_agreement("bikes", []);
            other.not_before = known.not_after;
            other.not_after = known.not_after.plus_micros(1);
        }
        registry.check_exclusive(&other, now).err().map(|r| r.code)
    };
    let alone = || vec![crate::term::Term::Exclusive];
    let clash = Some(ErrorCode::ExclusivityClash);
    assert_eq!(check(vec![], vec![], false), None);
    assert_eq!(check(alone(), vec![], false), clash);
    assert_eq!(check(vec![], alone(), false), clash);
    assert_eq!(check(alone(), alone(), true), None);
    // A renewal by the participant itself does not clash.
    let registry = registry_of(&[("a", sample_agreement("bikes", alone()))]);
    assert!(
        registry
            .check_exclusive(&sample_agreement("bikes", alone()), now)
            .is_ok()
    );
}

#[test]
fn keys_belong_to_the_first_version_of_a_contract() {
    let mut second = sample_agreement("bikes", []);
    second.version = 2;
    second.supersedes = Some(id("a"));
    let mut third = second.clone();
    third.version = 3;
    third.supersedes = Some(id("b"));
    let mut stranger = sample_agreement("air", []);
    stranger.supersedes = Some(id("a"));
    let registry = registry_of(&[
        ("a", sample_agreement("bikes", [])),
        ("b", second),
        ("c", third),
        ("d", stranger),
        ("e", sample_agreement("bikes", [])),
    ]);
    for (name, first) in [("a", "a"), ("b", "a"), ("c", "a"), ("d", "d"), ("e", "e")] {
        assert_eq!(registry.first_version(id(name)), id(first), "{name}");
    }
}

/// The difference between the number of units of a group and of its parts shows which units are in several parts.
#[test]
fn numbers_of_units_stand_in_one_set_of_cells() {
    use crate::term::Term;
    use crate::value::cube::{CountingUnit, CubeFunction, LateDataPolicy, ReleaseTerm};
    use crate::value::time::TimeBucketWidth;
    let name = |text: &str| text.parse::<crate::id::SqlIdentifier>().unwrap();
    let with = |bucket: TimeBucketWidth, unit: &str, function: CubeFunction| {
        let mut made = sample_agreement("bikes", []);
        made.clauses = crate::fixture::number_clauses(vec![
            Term::Functions(vec![CubeFunction::Count, function]),
            Term::Dimensions(vec![name("at")]),
            Term::Measures(vec![name("bikes")]),
            Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
            Term::MinGroup {
                at_least: 5,
                unit: CountingUnit::Column(name(unit)),
            },
            Term::TimeBucket {
                column: name("at"),
                bucket,
                zone: None,
            },
            Term::Release(ReleaseTerm {
                column: name("at"),
                every: TimeBucketWidth::Day,
                late: LateDataPolicy::Never,
            }),
        ]);
        made
    };
    let registry = registry_of(&[(
        "a",
        with(TimeBucketWidth::Day, "device", CubeFunction::Units),
    )]);
    for (bucket, unit, function, expect) in [
        (TimeBucketWidth::Day, "device", CubeFunction::Units, Ok(())),
        (
            TimeBucketWidth::Day,
            "firm",
            CubeFunction::Units,
            Err(ErrorCode::GridNotNested),
        ),
        (
            TimeBucketWidth::Hour,
            "device",
            CubeFunction::Units,
            Err(ErrorCode::GridNotNested),
        ),
        (TimeBucketWidth::Hour, "device", CubeFunction::Sum, Ok(())),
    ] {
        let got = registry.check_nested(&with(bucket, unit, function), parse_time(NOW));
        let got = got.map_err(|refusal| refusal.code);
        assert_eq!(got, expect, "{bucket:?} {unit} {function:?}");
    }
}

/// From exact margins that cross, unreleased groups could be computed; from cells with noise they can't.
#[test]
fn only_cells_with_noise_may_cross() {
    use crate::term::Term;
    use crate::value::cube::{CubeFunction, LateDataPolicy, ReleaseTerm};
    use crate::value::privacy_budget::{DimensionValues, PrivacyBudgetTerm};
    use crate::value::time::TimeBucketWidth;
    let name = |text: &str| text.parse::<crate::id::SqlIdentifier>().unwrap();
    let with = |by: &[&str], bucket: TimeBucketWidth, noise: bool| {
        let mut terms = vec![
            Term::Functions(vec![CubeFunction::Count]),
            Term::Dimensions(by.iter().copied().map(name).collect()),
            Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
            Term::TimeBucket {
                column: name("at"),
                bucket,
                zone: None,
            },
            Term::Release(ReleaseTerm {
                column: name("at"),
                every: TimeBucketWidth::Day,
                late: LateDataPolicy::Never,
            }),
        ];
        let sited = by.contains(&"site");
        let values = DimensionValues {
            column: name("site"),
            list: vec!["a".to_owned()],
        };
        if noise {
            terms.push(Term::Budget(PrivacyBudgetTerm {
                most: "1".parse().unwrap(),
                per: TimeBucketWidth::Day,
                each: "1".parse().unwrap(),
                unit: name("device"),
                cells: 1,
                rows: 1,
                bounds: Vec::new(),
                values: Vec::from_iter(sited.then_some(values)),
                from: parse_time(NOW),
            }));
        }
        let mut made = sample_agreement("bikes", []);
        made.clauses = crate::fixture::number_clauses(terms);
        made
    };
    for (one, other, expect) in [
        (false, false, Err(ErrorCode::GridNotNested)),
        (true, false, Ok(())),
        (false, true, Ok(())),
        (true, true, Ok(())),
    ] {
        let registry = registry_of(&[("a", with(&["site", "at"], TimeBucketWidth::Day, one))]);
        let got = registry.check_nested(
            &with(&["at"], TimeBucketWidth::Hour, other),
            parse_time(NOW),
        );
        assert_eq!(got.map_err(|refusal| refusal.code), expect, "{one} {other}");
    }
}

/// The lookup by assignee finds the contracts of a complete search.
#[test]
fn contracts_are_found_by_who_takes() {
    const OTHER: &str = "hansa://other.example";
    let parties = [PROVIDER, CONSUMER, OTHER].map(parse_participant);
    let mut contracts = Vec::new();
    for number in 0..60_u64 {
        // Several over each dataset, and some that replace another one.
        let mut one = sample_agreement(&format!("d{}", number % 7), []);
        one.supersedes = (number % 9 == 8).then(|| id(&format!("c{}", number - 7)));
        one.assignee = match number % 4 {
            0 => Assignee::Public,
            turn => {
                Assignee::Participant(sample_party([PROVIDER, CONSUMER, OTHER][turn as usize - 1]))
            }
        };
        if number % 5 == 0 {
            one.provider = sample_party(OTHER);
            one.dataset.id.owner = parse_participant(OTHER);
        }
        if number % 8 == 0 {
            one.not_before = parse_time("2026-06-02T00:00:00Z");
        }
        contracts.push((format!("c{number}"), one));
    }
    let named: Vec<_> = contracts
        .iter()
        .map(|(name, one)| (name.as_str(), one.clone()))
        .collect();
    let mut registry = registry_of(&named);
    for number in (0..60).step_by(11) {
        registry.end_contract(id(&format!("c{number}")), parse_time(NOW));
    }
    let now = parse_time(NOW);
    let (mut neighbours, mut followers) = (0, 0);
    for (id, agreement, status) in registry.all_contracts(now) {
        assert_eq!(registry.find_contract(id, now), Some((agreement, status)));
        let dataset = &agreement.dataset.id;
        let over: Vec<_> = registry.contracts_on_dataset(dataset, now).collect();
        let all = registry
            .all_contracts(now)
            .filter(|(_, one, _)| one.dataset.id == *dataset);
        neighbours += over.len() - 1;
        assert_eq!(over, all.collect::<Vec<_>>());
        let replacing: Vec<_> = registry.replacing_contracts(id, now).collect();
        let all = registry
            .all_contracts(now)
            .filter(|(_, one, _)| one.supersedes == Some(id));
        followers += replacing.len();
        assert_eq!(replacing, all.collect::<Vec<_>>());
    }
    assert!(neighbours > 60 && followers > 5, "{neighbours} {followers}");
    assert_eq!(registry.find_contract(id("of nobody"), now), None);
    let mut found = 0;
    for who in parties
        .iter()
        .chain(&[parse_participant("hansa://nobody.example")])
    {
        let all = || registry.all_contracts(now);
        let takes = |one: &Agreement| one.assignee_id() == Some(who);
        let taken: Vec<_> = registry.taken_by(who, now).collect();
        assert_eq!(
            taken,
            all().filter(|(_, one, _)| takes(one)).collect::<Vec<_>>()
        );
        let gives = |one: &Agreement| one.provider.id == registry.own && one.gives_to(who);
        let held: Vec<_> = registry.contracts_for(who, now).map(|(id, _)| id).collect();
        let in_force =
            all().filter(|(_, one, state)| gives(one) && *state == ContractStatus::InForce);
        assert_eq!(held, in_force.map(|(id, _, _)| id).collect::<Vec<_>>());
        found += taken.len() + held.len();
        // Going from dataset to dataset misses none and repeats none.
        let (mut over, mut after) = (Vec::new(), None);
        while let Some(name) = registry.dataset_after(who, after) {
            over.extend(registry.contracts_over(who, name, now).map(|(id, _)| id));
            after = Some(name);
        }
        over.sort();
        assert_eq!(over, held);
    }
    let ours = |one: &Agreement| one.provider.id != registry.own && one.gives_to(&registry.own);
    let held: Vec<_> = registry.consumer_contracts(now).collect();
    assert_eq!(
        held,
        registry
            .all_contracts(now)
            .filter(|(_, one, _)| ours(one))
            .collect::<Vec<_>>()
    );
    assert!(!held.is_empty() && found > 60);
}
