//! Tests of signing and answering beside other contracts of one consumer.

use super::*;
use crate::contract::Assignee;
use crate::fixture::{
    CONSUMER, PROVIDER, contract_id, parse_names, parse_participant, parse_time, sample_agreement,
    sample_party, verified_caller, verified_contract,
};
use crate::term::Term;
use crate::value::cube::{CountingUnit, CubeFunction};
use crate::value::time::TimeBucketWidth;
use std::collections::BTreeSet;

const NOW: &str = "2026-06-01T00:00:00Z";

fn id(name: &str) -> ContractId {
    contract_id(name)
}

fn cube(bucket: TimeBucketWidth) -> Agreement {
    sample_agreement(
        "bikes",
        [
            Term::Functions(vec![CubeFunction::Count]),
            Term::Dimensions(parse_names(&["at"])),
            Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
            Term::MinGroup {
                at_least: 15,
                unit: CountingUnit::Rows,
            },
            Term::TimeBucket {
                column: "at".parse().unwrap(),
                bucket,
                zone: None,
            },
        ],
    )
}

fn rows() -> Agreement {
    sample_agreement("bikes", [])
}

fn proposed(at: &str, mut one: Agreement) -> Agreement {
    one.proposed_at = parse_time(at);
    one
}

fn until(at: &str, mut one: Agreement) -> Agreement {
    one.not_after = parse_time(at);
    one
}

fn instead_of(old: &str, mut one: Agreement) -> Agreement {
    one.supersedes = Some(id(old));
    one
}

fn to(who: &str, mut one: Agreement) -> Agreement {
    one.assignee = Assignee::Participant(sample_party(who));
    one
}

struct RegistryFixture {
    registry: ContractRegistry,
    answered: FirstAnswers,
}

impl RegistryFixture {
    fn of(contracts: &[(&str, Agreement)]) -> Self {
        let mut registry = ContractRegistry::new(parse_participant(PROVIDER));
        let mut answered = FirstAnswers::default();
        for (name, agreement) in contracts {
            let known = BTreeSet::from([id(name)]);
            registry
                .readmit(verified_contract(id(name), agreement.clone()), &known)
                .unwrap();
            answered.note_first_answer(id(name), None);
        }
        Self { registry, answered }
    }

    fn answered(mut self, name: &str, at: &str) -> Self {
        self.answered
            .note_first_answer(id(name), Some(parse_time(at)));
        self
    }

    fn ended(mut self, name: &str) -> Self {
        self.registry.end_contract(id(name), UtcTimestamp::EARLIEST);
        self
    }

    /// Checks the contract that prevents signing, if one does.
    #[track_caller]
    fn signs(&self, agreement: &Agreement, expect: Option<&str>) {
        let got = self
            .registry
            .check_beside(agreement, &self.answered, parse_time(NOW));
        Self::is_of(got, expect);
        let looked_at = self
            .registry
            .combined_with(None, agreement, parse_time(NOW));
        if let Some(other) = expect {
            assert!(looked_at.contains(&id(other)));
        }
    }

    /// Checks the contract that prevents a question, if one does.
    #[track_caller]
    fn asks(&self, name: &str, expect: Option<&str>) {
        let active = self
            .registry
            .in_force(&verified_caller(CONSUMER), &[id(name)], parse_time(NOW))
            .unwrap();
        let got = self
            .registry
            .check_combined(&active, &self.answered, parse_time(NOW));
        let listed = self.registry.all_combined(&self.answered, parse_time(NOW));
        let listed = listed.iter().any(|one| one.contract == Some(id(name)));
        assert_eq!(listed, got.is_err());
        Self::is_of(got, expect);
    }

    #[track_caller]
    fn is_of(got: Result<(), Refusal>, expect: Option<&str>) {
        match (got, expect) {
            (Ok(()), None) => {}
            (Err(refusal), Some(other)) => {
                assert_eq!(refusal.code, ErrorCode::CombinedDisclosure);
                let named = format!("`{}`", id(other).to_short_text());
                assert!(refusal.sentence.contains(&named), "{refusal}");
            }
            (got, _) => panic!("{got:?}"),
        }
    }
}

#[test]
fn the_second_is_not_signed() {
    let fixture = RegistryFixture::of(&[("a", cube(TimeBucketWidth::Day))]);
    fixture.signs(&cube(TimeBucketWidth::Day), None);
    fixture.signs(&cube(TimeBucketWidth::Month), Some("a"));
    fixture.signs(&cube(TimeBucketWidth::Hour), Some("a"));
    fixture.signs(
        &to("hansa://other.example", cube(TimeBucketWidth::Month)),
        None,
    );
    let air = sample_agreement(
        "air",
        cube(TimeBucketWidth::Month)
            .clauses
            .into_iter()
            .map(|c| c.term),
    );
    fixture.signs(&air, None);
}

/// A public view is compared with other public views. A holder of a contract beside it is refused at the question.
#[test]
fn a_public_view_beside_contracts() {
    let public = |bucket| {
        let mut view = cube(bucket);
        view.assignee = Assignee::Public;
        view
    };
    let named = ("a", cube(TimeBucketWidth::Day));
    RegistryFixture::of(std::slice::from_ref(&named)).signs(&public(TimeBucketWidth::Month), None);
    let view = RegistryFixture::of(&[("v", public(TimeBucketWidth::Month))]);
    view.signs(&public(TimeBucketWidth::Day), Some("v"));
    view.signs(&public(TimeBucketWidth::Month), None);
    view.signs(&cube(TimeBucketWidth::Day), Some("v"));
    let both = RegistryFixture::of(&[named, ("v", public(TimeBucketWidth::Month))]);
    let both = both.answered("a", "2026-02-01T00:00:00Z");
    let asks = |who: &str| {
        let active = both
            .registry
            .in_force(&verified_caller(who), &[id("v")], parse_time(NOW));
        let active = active.unwrap();
        both.registry
            .check_combined(&active, &both.answered, parse_time(NOW))
    };
    RegistryFixture::is_of(asks(CONSUMER), Some("a"));
    RegistryFixture::is_of(asks("hansa://other.example"), None);
    // Questions of others under a public view are not disclosed.
    let used = view.answered("v", "2026-02-01T00:00:00Z");
    let refusal = used
        .registry
        .check_beside(&cube(TimeBucketWidth::Day), &used.answered, parse_time(NOW))
        .unwrap_err();
    assert!(!refusal.sentence.contains("answered"), "{refusal}");
}

#[test]
fn an_ended_contract_counts_if_something_was_answered() {
    let fixture = RegistryFixture::of(&[("a", cube(TimeBucketWidth::Day))]).ended("a");
    fixture.signs(&cube(TimeBucketWidth::Month), None);
    let fixture = fixture.answered("a", "2026-03-01T00:00:00Z");
    fixture.signs(&cube(TimeBucketWidth::Month), Some("a"));
    fixture.signs(&cube(TimeBucketWidth::Day), None);
    // Without a lookup, the first answer counts as given.
    let unknown = RegistryFixture {
        answered: FirstAnswers::default(),
        ..RegistryFixture::of(&[("a", cube(TimeBucketWidth::Day))]).ended("a")
    };
    unknown.signs(&cube(TimeBucketWidth::Month), Some("a"));
}

#[test]
fn an_earlier_version_counts_if_something_was_answered() {
    let fixture = RegistryFixture::of(&[("a", cube(TimeBucketWidth::Day))]);
    let amended = instead_of("a", cube(TimeBucketWidth::Month));
    fixture.signs(&amended, None);
    let used = fixture.answered("a", "2026-03-01T00:00:00Z");
    used.signs(&amended, Some("a"));
    used.signs(&instead_of("a", cube(TimeBucketWidth::Day)), None);
    used.signs(&instead_of("a", rows()), None);
    // Signed before any answer; then there was one.
    let both = RegistryFixture::of(&[("a", cube(TimeBucketWidth::Day)), ("b", amended)]);
    both.asks("b", None);
    both.answered("a", "2026-03-01T00:00:00Z")
        .asks("b", Some("a"));
}

#[test]
fn of_two_that_are_signed_the_later_one_is_refused() {
    let early = || {
        (
            "a",
            proposed("2025-11-01T00:00:00Z", cube(TimeBucketWidth::Month)),
        )
    };
    let late = || {
        (
            "b",
            proposed("2025-12-01T00:00:00Z", cube(TimeBucketWidth::Day)),
        )
    };
    let fixture = RegistryFixture::of(&[early(), late()]);
    fixture.asks("a", None);
    fixture.asks("b", Some("a"));
    let fixture = fixture.answered("b", "2026-02-01T00:00:00Z");
    fixture.asks("a", Some("b"));
    fixture.asks("b", None);
    let fixture = fixture.answered("a", "2026-01-02T00:00:00Z");
    fixture.asks("a", None);
    fixture.asks("b", Some("a"));
    // The first contract has ended, but its answers still count.
    let fixture = fixture.ended("a");
    fixture.asks("b", Some("a"));
    let unused = RegistryFixture::of(&[early(), late()]).ended("a");
    unused.asks("b", None);
}

#[test]
fn rows_tell_more_than_groups_while_they_can_be_asked() {
    let fixture = RegistryFixture::of(&[("a", rows())]);
    fixture.signs(&cube(TimeBucketWidth::Day), None);
    fixture.signs(
        &until("2027-06-01T00:00:00Z", cube(TimeBucketWidth::Day)),
        Some("a"),
    );
    let groups = RegistryFixture::of(&[("g", cube(TimeBucketWidth::Day))]);
    groups.signs(&rows(), None);
    groups.signs(&until("2026-12-01T00:00:00Z", rows()), Some("g"));
    let both = RegistryFixture::of(&[("a", rows()), ("g", cube(TimeBucketWidth::Day))]);
    both.asks("a", None);
    both.asks("g", None);
    let over = both.answered("a", "2026-02-01T00:00:00Z").ended("a");
    over.asks("g", Some("a"));
    over.signs(&cube(TimeBucketWidth::Day), Some("a"));
    // Other rows can be asked later.
    let again = RegistryFixture::of(&[
        ("a", rows()),
        ("b", rows()),
        ("g", cube(TimeBucketWidth::Day)),
    ]);
    let again = again.answered("a", "2026-02-01T00:00:00Z").ended("a");
    again.asks("g", None);
}

/// Rows beside which groups are harmless don't cover rows that they don't show.
#[test]
fn rows_cover_only_what_they_show() {
    let showing = |columns: &[&str], filter: Option<&str>| {
        let filter =
            filter.map(|text| Term::Rows(crate::row_filter::parse_row_filter(text).unwrap()));
        let columns = Term::Columns(parse_names(columns));
        sample_agreement("bikes", [columns].into_iter().chain(filter))
    };
    let sums = || {
        let mut sums: Vec<Term> = cube(TimeBucketWidth::Day)
            .clauses
            .into_iter()
            .map(|c| c.term)
            .collect();
        sums[0] = Term::Functions(vec![CubeFunction::Sum]);
        sums[1] = Term::Dimensions(parse_names(&["site", "at"]));
        sums.push(Term::Measures(parse_names(&["bikes"])));
        sample_agreement("bikes", sums)
    };
    let narrow = || showing(&["site", "at"], None);
    let wide = || showing(&["site", "at", "bikes"], None);
    let some = || showing(&["site", "at", "bikes"], Some("kind = 'e'"));
    // Of 15 rows the 14 with bikes are known: the sum less theirs is the value of the remaining row.
    let pair = RegistryFixture::of(&[("r", narrow()), ("s", some())]);
    let pair = pair.answered("s", "2026-02-01T00:00:00Z");
    pair.signs(&sums(), Some("s"));
    let three = RegistryFixture::of(&[("r", narrow()), ("s", some()), ("g", sums())]);
    three
        .answered("s", "2026-02-01T00:00:00Z")
        .asks("g", Some("s"));
    let shown = RegistryFixture::of(&[("r", wide()), ("s", some()), ("g", sums())]);
    shown.answered("s", "2026-02-01T00:00:00Z").asks("g", None);
    // Answered rows with bikes are missing in the rows without bikes.
    let amended = [
        ("r", wide()),
        ("n", instead_of("r", narrow())),
        ("g", sums()),
    ];
    let amended = RegistryFixture::of(&amended).answered("r", "2026-02-01T00:00:00Z");
    amended.asks("g", Some("r"));
}

/// Contracts on rows and groups are renewed one after another while the earlier ones are still in force.
#[test]
fn renewed_in_advance() {
    let next = |from: &str, mut one: Agreement| {
        one.not_before = parse_time(from);
        until("2028-01-01T00:00:00Z", one)
    };
    let new_year = "2027-01-01T00:00:00Z";
    let groups = || next(new_year, cube(TimeBucketWidth::Day));
    let now = || vec![("r", rows()), ("g", cube(TimeBucketWidth::Day))];
    RegistryFixture::of(&now()).signs(&groups(), Some("r"));
    RegistryFixture::of(&now()).signs(&next(new_year, rows()), None);
    let with = |follower: Agreement| {
        let mut contracts = now();
        contracts.push(("f", follower));
        RegistryFixture::of(&contracts).answered("r", "2026-02-01T00:00:00Z")
    };
    with(next(new_year, rows())).signs(&groups(), None);
    with(next("2027-01-02T00:00:00Z", rows())).signs(&groups(), Some("r"));
    let short = until("2027-06-01T00:00:00Z", next(new_year, rows()));
    with(short).signs(&groups(), Some("f"));
}

/// Periods of clauses count like those of the agreement, since a policy writes both.
#[test]
fn times_of_clauses_count() {
    let clause = |term: Term, mut one: Agreement| {
        let id = crate::id::ClauseId(90);
        one.clauses.push(crate::term::Clause { id, term });
        one
    };
    let ends = |at: &str, one| clause(Term::NotAfter(parse_time(at)), one);
    let begins = |at: &str, one| clause(Term::NotBefore(parse_time(at)), one);
    let (july, new_year) = ("2026-07-01T00:00:00Z", "2027-01-01T00:00:00Z");
    let short = RegistryFixture::of(&[("r", ends(july, rows()))]);
    short.signs(&cube(TimeBucketWidth::Day), Some("r"));
    short.signs(&ends(july, cube(TimeBucketWidth::Day)), None);
    // A contract that its clauses have ended gives no answers.
    let over = ends("2026-03-01T00:00:00Z", rows());
    let both = RegistryFixture::of(&[("r", over), ("g", cube(TimeBucketWidth::Day))]);
    both.answered("r", "2026-02-01T00:00:00Z")
        .asks("g", Some("r"));
    // The end of this year is also a clause in the contract on next year's rows.
    let next = |one: Agreement| {
        let from = begins(new_year, until("2028-01-01T00:00:00Z", one));
        Agreement {
            not_before: parse_time(new_year),
            ..ends("2028-01-01T00:00:00Z", from)
        }
    };
    let renewed = RegistryFixture::of(&[
        ("r", ends(new_year, rows())),
        ("g", ends(new_year, cube(TimeBucketWidth::Day))),
        ("f", next(rows())),
    ]);
    let renewed = renewed.answered("r", "2026-02-01T00:00:00Z");
    renewed.signs(&next(cube(TimeBucketWidth::Day)), None);
    let gap = until(
        "2028-01-01T00:00:00Z",
        begins("2027-01-02T00:00:00Z", rows()),
    );
    let apart = RegistryFixture::of(&[("r", ends(new_year, rows())), ("f", gap)]);
    apart.signs(&next(cube(TimeBucketWidth::Day)), Some("r"));
}

#[test]
fn the_way_out_is_named() {
    let fixture = RegistryFixture::of(&[("a", cube(TimeBucketWidth::Day))]);
    let coarser = fixture
        .registry
        .check_beside(
            &cube(TimeBucketWidth::Month),
            &fixture.answered,
            parse_time(NOW),
        )
        .unwrap_err();
    assert!(
        coarser.help[0].contains("ask for coarser totals"),
        "{coarser:?}"
    );
    assert!(coarser.help[1].contains("one contract in place of both"));
    let finer = fixture
        .registry
        .check_beside(
            &cube(TimeBucketWidth::Hour),
            &fixture.answered,
            parse_time(NOW),
        )
        .unwrap_err();
    assert_eq!(finer.help.len(), 1);
    let fixture = fixture.answered("a", "2026-02-01T00:00:00Z");
    let used = fixture
        .registry
        .check_beside(
            &cube(TimeBucketWidth::Hour),
            &fixture.answered,
            parse_time(NOW),
        )
        .unwrap_err();
    assert!(used.sentence.ends_with("something was answered under it"));
}
