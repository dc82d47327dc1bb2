//! Tests of pairs of policies that together disclose more than each alone.

use super::*;
use crate::fixture::{number_clauses, parse_name, parse_names, parse_time};
use crate::row_filter::parse_row_filter;
use crate::term::embargo::{EmbargoDelay, EmbargoTerm};
use crate::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use crate::term::relative_window::{RelativeWindowTerm, WindowStart};
use crate::term::schema_version::SchemaCompatibility;
use crate::value::column::MaskValue;
use crate::value::cube::{LateDataPolicy, ReleaseTerm};
use crate::value::privacy_budget::{DimensionValues, PrivacyBudgetTerm};
use crate::value::time::TimeBucketWidth;

const GROUPS: ContractCombination = ContractCombination::Subtracts(DifferencingKind::Groups);
const ROWS: ContractCombination = ContractCombination::Subtracts(DifferencingKind::Rows);
const UNITS: ContractCombination = ContractCombination::Subtracts(DifferencingKind::Units);
const HARMLESS: ContractCombination = ContractCombination::Harmless;

/// Counts and sums of bikes by these columns, with time buckets, from this number of rows on.
fn cube(by: &[&str], bucket: TimeBucketWidth, at_least: u32) -> Vec<Term> {
    let mut terms = vec![
        Term::Functions(vec![CubeFunction::Count, CubeFunction::Sum]),
        Term::Dimensions(parse_names(by)),
        Term::Measures(parse_names(&["bikes"])),
        Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
        Term::MinGroup {
            at_least,
            unit: CountingUnit::Rows,
        },
        Term::TotalsFromPublished,
    ];
    if by.contains(&"at") {
        terms.push(Term::TimeBucket {
            column: parse_name("at"),
            bucket,
            zone: None,
        });
    }
    terms
}

fn days() -> Vec<Term> {
    cube(&["site", "at"], TimeBucketWidth::Day, 15)
}

fn months() -> Vec<Term> {
    cube(&["site", "at"], TimeBucketWidth::Month, 15)
}

fn with(mut terms: Vec<Term>, more: impl IntoIterator<Item = Term>) -> Vec<Term> {
    terms.extend(more);
    terms
}

fn only(filter: &str) -> Term {
    Term::Rows(parse_row_filter(filter).unwrap())
}

fn delayed(column: &str, hours: u64) -> Term {
    Term::Embargo(EmbargoTerm {
        column: parse_name(column),
        delay: EmbargoDelay(hours * 3600),
    })
}

fn released() -> Term {
    Term::Release(ReleaseTerm {
        column: parse_name("at"),
        every: TimeBucketWidth::Month,
        late: LateDataPolicy::Never,
    })
}

fn shown(columns: &[&str]) -> Vec<Term> {
    vec![Term::Columns(parse_names(columns))]
}

#[track_caller]
fn check(one: Vec<Term>, other: Vec<Term>, expect: ContractCombination) {
    let (one, other) = (number_clauses(one), number_clauses(other));
    assert_eq!(combine_clause_lists(&one, &other), expect);
    assert_eq!(combine_clause_lists(&other, &one), expect);
}

#[test]
fn groups_beside_groups() {
    check(days(), days(), HARMLESS);
    check(
        days(),
        cube(&["site", "at"], TimeBucketWidth::Day, 3),
        HARMLESS,
    );
    check(days(), months(), GROUPS);
    check(days(), cube(&["at"], TimeBucketWidth::Day, 15), GROUPS);
    check(
        cube(&["site"], TimeBucketWidth::Day, 15),
        cube(&["at"], TimeBucketWidth::Day, 15),
        GROUPS,
    );
    let zoned = |zone: &str| {
        let mut terms = days();
        terms.pop();
        with(
            terms,
            [Term::TimeBucket {
                column: parse_name("at"),
                bucket: TimeBucketWidth::Day,
                zone: Some(zone.to_owned()),
            }],
        )
    };
    check(days(), zoned("UTC"), HARMLESS);
    check(days(), zoned("Europe/Berlin"), GROUPS);
}

#[test]
fn rows_that_groups_are_made_of() {
    // Other rows in equal groups.
    check(with(days(), [only("bikes > 0")]), days(), GROUPS);
    check(
        with(days(), [only("bikes > 0")]),
        with(days(), [only("bikes > 0")]),
        HARMLESS,
    );
    check(with(days(), [delayed("sent", 1)]), days(), GROUPS);
    let area = |east: &str| Term::Area {
        lon: parse_name("lon"),
        lat: parse_name("lat"),
        bounds: crate::value::area::BoundingBox {
            west: "7".to_owned(),
            south: "51".to_owned(),
            east: east.to_owned(),
            north: "52".to_owned(),
        },
    };
    check(with(days(), [area("8")]), with(days(), [area("9")]), GROUPS);
    check(
        with(days(), [area("8")]),
        with(days(), [area("8")]),
        HARMLESS,
    );
    // Whole groups, some of which one policy does not show.
    check(with(days(), [only("site = 'a'")]), days(), HARMLESS);
    check(with(days(), [delayed("at", 24)]), days(), HARMLESS);
    // No row in common.
    check(
        with(days(), [only("bikes > 0 AND site = 'a'")]),
        with(months(), [only("site IN ('b', 'c')")]),
        HARMLESS,
    );
    check(
        with(days(), [only("site = 'a'")]),
        with(months(), [only("site IN ('a', 'c')")]),
        GROUPS,
    );
}

#[test]
fn groups_that_are_released() {
    // Remainders are tested at their release; live groups beside them disclose the rows that came since.
    check(
        with(days(), [released()]),
        with(months(), [released()]),
        HARMLESS,
    );
    check(with(days(), [released()]), days(), GROUPS);
    check(
        with(cube(&["at"], TimeBucketWidth::Week, 15), [released()]),
        with(days(), [released()]),
        GROUPS,
    );
    check(
        with(cube(&["at"], TimeBucketWidth::Month, 15), [released()]),
        with(
            cube(&["at"], TimeBucketWidth::Month, 15),
            [Term::Release(ReleaseTerm {
                column: parse_name("at"),
                every: TimeBucketWidth::Month,
                late: LateDataPolicy::Correct,
            })],
        ),
        GROUPS,
    );
}

/// Cells of the next grid belong to later periods, whatever their dimensions. With another time column they may contain any rows.
#[test]
fn groups_that_are_released_under_the_next_grid() {
    let next = |by: &[&str]| {
        let mut terms = with(cube(by, TimeBucketWidth::Day, 15), [released()]);
        terms[3] = Term::Grid("hansa://munster.example/grid/bikes-2".to_owned());
        terms
    };
    check(with(days(), [released()]), next(&["site", "at"]), HARMLESS);
    check(with(days(), [released()]), next(&["at", "kind"]), HARMLESS);
    check(days(), next(&["site", "at"]), GROUPS);
    let sent = next(&["site", "at"]).into_iter().map(|term| match term {
        Term::Dimensions(_) => Term::Dimensions(parse_names(&["site", "sent"])),
        Term::TimeBucket { bucket, zone, .. } => Term::TimeBucket {
            column: parse_name("sent"),
            bucket,
            zone,
        },
        Term::Release(one) => Term::Release(ReleaseTerm {
            column: parse_name("sent"),
            ..one
        }),
        term => term,
    });
    check(with(days(), [released()]), sent.collect(), GROUPS);
}

#[test]
fn groups_with_noise() {
    let noisy = vec![
        Term::Functions(vec![CubeFunction::Count]),
        Term::Dimensions(parse_names(&["site", "at"])),
        Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
        Term::TimeBucket {
            column: parse_name("at"),
            bucket: TimeBucketWidth::Day,
            zone: None,
        },
        Term::Release(ReleaseTerm {
            column: parse_name("at"),
            every: TimeBucketWidth::Day,
            late: LateDataPolicy::Never,
        }),
        Term::Budget(PrivacyBudgetTerm {
            most: "1".parse().unwrap(),
            per: TimeBucketWidth::Day,
            each: "1".parse().unwrap(),
            unit: parse_name("device"),
            cells: 1,
            rows: 1,
            bounds: Vec::new(),
            values: vec![DimensionValues {
                column: parse_name("site"),
                list: vec!["a".to_owned()],
            }],
            from: parse_time("2026-01-01T00:00:00Z"),
        }),
    ];
    check(noisy.clone(), days(), HARMLESS);
    check(noisy.clone(), shown(&["site"]), HARMLESS);
    check(noisy.clone(), noisy, HARMLESS);
}

#[test]
fn numbers_of_units() {
    let units = |unit: &str| {
        vec![
            Term::Functions(vec![CubeFunction::Units]),
            Term::Dimensions(parse_names(&["site", "at"])),
            Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
            released(),
            Term::MinGroup {
                at_least: 5,
                unit: CountingUnit::Column(parse_name(unit)),
            },
        ]
    };
    check(units("device"), units("device"), HARMLESS);
    check(units("device"), units("firm"), UNITS);
}

#[test]
fn rows_beside_groups() {
    let all = || shown(&["site", "at", "bikes", "kind"]);
    check(all(), all(), HARMLESS);
    check(Vec::new(), days(), ContractCombination::Covered);
    check(all(), days(), ContractCombination::Covered);
    // Not for rows without the place, with some rows only, or without all measures.
    check(shown(&["site", "bikes"]), days(), ROWS);
    check(with(all(), [only("kind = 'e'")]), days(), ROWS);
    check(with(all(), [delayed("at", 1)]), days(), ROWS);
    let hashed = Term::Prefix(crate::term::prefix::PrefixTerm {
        column: parse_name("site"),
        length: 2,
    });
    check(with(all(), [hashed]), days(), ROWS);
    let rounded = Term::Band(crate::term::band::BandTerm {
        column: parse_name("bikes"),
        edges: vec!["0".to_owned(), "10".to_owned()],
    });
    check(with(all(), [rounded]), days(), ROWS);
    // All rows of whole groups, at least those that the groups are made of.
    check(
        with(all(), [only("site = 'a'")]),
        days(),
        ContractCombination::Covered,
    );
    check(
        with(all(), [only("bikes > 0")]),
        with(days(), [only("bikes > 5")]),
        ContractCombination::Covered,
    );
    check(
        with(all(), [only("bikes > 5")]),
        with(days(), [only("bikes > 0")]),
        ROWS,
    );
    // The rows lack the measures completely.
    check(shown(&["site", "at"]), days(), ContractCombination::Covered);
    let masked = Term::Mask {
        column: parse_name("bikes"),
        mask: MaskValue::Null,
    };
    check(with(all(), [masked]), days(), ContractCombination::Covered);
    let hours = Term::TimeBucket {
        column: parse_name("at"),
        bucket: TimeBucketWidth::Hour,
        zone: None,
    };
    check(
        with(all(), [hours.clone()]),
        days(),
        ContractCombination::Covered,
    );
    check(
        with(all(), [hours]),
        cube(&["site", "at"], TimeBucketWidth::QuarterHour, 15),
        ROWS,
    );
    // No row in common.
    check(
        with(all(), [only("kind = 'e'")]),
        with(days(), [only("kind <> 'e'")]),
        HARMLESS,
    );
    let taken_away: Term = ProhibitionTerm {
        action: ProhibitedAction::Use,
        part: Some(ProhibitedPart::Rows(
            parse_row_filter("kind = 'e'").unwrap(),
        )),
        condition: ProhibitionCondition::default(),
    }
    .into();
    check(with(all(), [taken_away]), days(), ROWS);
}

/// Groups with a condition on a column disclose for which rows it holds, if the rows don't show the column.
#[test]
fn conditions_of_groups_that_rows_do_not_tell() {
    let good = |terms| with(terms, [only("quality > 1")]);
    check(shown(&["id", "site", "at"]), good(days()), ROWS);
    check(
        shown(&["site", "at", "quality"]),
        good(days()),
        ContractCombination::Covered,
    );
    check(
        good(shown(&["site", "at"])),
        good(days()),
        ContractCombination::Covered,
    );
    let masked = Term::Mask {
        column: parse_name("quality"),
        mask: MaskValue::Null,
    };
    check(
        with(shown(&["site", "at", "quality"]), [masked]),
        good(days()),
        ROWS,
    );
    check(
        shown(&["site", "at"]),
        with(days(), [delayed("sent", 1)]),
        ROWS,
    );
    // Whole groups are present or missing.
    for whole in [delayed("at", 24), only("site = 'a'")] {
        check(
            shown(&["site", "at"]),
            with(days(), [whole]),
            ContractCombination::Covered,
        );
    }
}

/// Rows that can be asked whenever the groups can, and others.
#[test]
fn rows_that_can_be_refused_while_groups_are_answered() {
    let (open, shut) = (ContractCombination::Covered, ROWS);
    let limited = |rows: Option<Term>, groups: Option<Term>, expect| {
        let all = shown(&["site", "at", "bikes"]);
        check(with(all, rows), with(days(), groups), expect);
    };
    let lasts = Term::Lasts(RelativeWindowTerm {
        days: 30,
        since: WindowStart::Activation,
    });
    let region = |text: &str| Term::Region(text.parse().unwrap());
    let hours = |text: &str| Term::Hours(text.parse().unwrap());
    let networks = |text: &str| Term::Networks(vec![text.parse().unwrap()]);
    let group = |text: &str| Term::Group(text.parse().unwrap());
    limited(Some(lasts.clone()), None, shut);
    // Each period is counted from a day of its own.
    limited(Some(lasts.clone()), Some(lasts.clone()), shut);
    limited(None, Some(lasts), open);
    let (week, morning) = ("Mo-Fr 08:00-18:00 UTC", "Mo-Fr 08:00-12:00 UTC");
    limited(Some(hours(morning)), Some(hours(week)), shut);
    limited(Some(hours(week)), Some(hours(morning)), open);
    limited(Some(networks("10.0.0.0/8")), None, shut);
    limited(
        Some(networks("10.0.0.0/8")),
        Some(networks("10.1.0.0/16")),
        open,
    );
    limited(Some(region("DE")), None, shut);
    limited(Some(region("DE")), Some(region("DE")), open);
    limited(Some(group("cities")), None, shut);
    limited(Some(group("cities")), Some(group("cities")), open);
    let never = |act: ProhibitedAction| -> Term {
        let when = ProhibitionCondition {
            from: Some(parse_time("2026-06-01T00:00:00Z")),
            ..ProhibitionCondition::ALWAYS
        };
        let part = None;
        ProhibitionTerm {
            action: act,
            part,
            condition: when,
        }
        .into()
    };
    limited(Some(never(ProhibitedAction::Use)), None, shut);
    limited(
        Some(never(ProhibitedAction::Use)),
        Some(never(ProhibitedAction::Use)),
        open,
    );
    // It does not prohibit groups.
    limited(
        Some(never(ProhibitedAction::Query)),
        Some(never(ProhibitedAction::Query)),
        shut,
    );
    limited(Some(never(ProhibitedAction::Aggregate)), None, open);
    let grown = || Some(Term::Version(SchemaCompatibility::Compatible));
    limited(None, grown(), shut);
    limited(grown(), grown(), open);
    limited(grown(), None, open);
}

#[test]
fn rows_that_show_all_of_groups() {
    let all = || shown(&["site", "at", "bikes", "kind"]);
    #[track_caller]
    fn check(rows: Vec<Term>, groups: Vec<Term>, expect: bool) {
        let (rows, groups) = (number_clauses(rows), number_clauses(groups));
        assert_eq!(shows_all(&groups, &rows), expect);
        assert!(!shows_all(&rows, &groups));
    }
    check(Vec::new(), days(), true);
    check(all(), days(), true);
    // Harmless beside the groups, but with less information than they have.
    check(shown(&["site", "at"]), days(), false);
    let masked = Term::Mask {
        column: parse_name("bikes"),
        mask: MaskValue::Null,
    };
    check(with(all(), [masked]), days(), false);
    check(with(all(), [only("site = 'a'")]), days(), false);
    let there = || [only("site = 'a'")];
    check(with(all(), there()), with(days(), there()), true);
    check(with(all(), [only("kind = 'e'")]), days(), false);
    let units = |columns: &[&str]| {
        let groups = vec![
            Term::Functions(vec![CubeFunction::Units]),
            Term::Dimensions(parse_names(&["site", "at"])),
            Term::Grid("hansa://munster.example/grid/bikes-1".to_owned()),
            released(),
            Term::MinGroup {
                at_least: 5,
                unit: CountingUnit::Column(parse_name("device")),
            },
        ];
        (shown(columns), groups)
    };
    let (rows, groups) = units(&["site", "at", "device"]);
    check(rows, groups, true);
    let (rows, groups) = units(&["site", "at"]);
    check(rows, groups, false);
}

#[test]
fn what_cant_be_read_subtracts() {
    let half = vec![Term::Functions(vec![CubeFunction::Count])];
    check(half, Vec::new(), GROUPS);
}

#[test]
fn coarser_groups_are_made_of_finer_ones() {
    let (days, months) = (number_clauses(days()), number_clauses(months()));
    assert!(is_made_of(&months, &days));
    assert!(!is_made_of(&days, &months));
    assert!(!is_made_of(&months, &number_clauses(Vec::new())));
}
