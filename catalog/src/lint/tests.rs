//! Policies and what is found in them.

use super::*;
use crate::fixture::{GRID, clauses, counts, name, names, participant, taxonomy, time};
use policy::row_filter::{Literal, parse};
use policy::term::{Bounds, Bucket, Forbidden, Function, Period, Quota};

/// The findings as `E CODE #c1` and `W CODE -`.
fn found(terms: Vec<Term>, change: impl FnOnce(&mut Dataset)) -> Vec<String> {
    let mut dataset = counts();
    change(&mut dataset);
    let mut terms = terms;
    terms.push(Term::NotAfter(time("2027-01-01T00:00:00Z")));
    shown(&check(&clauses(terms), &dataset, &taxonomy()))
}

fn shown(findings: &[Finding]) -> Vec<String> {
    findings
        .iter()
        .map(|finding| {
            assert!(!finding.sentence.is_empty() && !finding.sentence.ends_with('.'));
            let severity = match finding.severity {
                Severity::Error => "E",
                Severity::Warning => "W",
            };
            let clause = finding
                .clause
                .map_or_else(|| "-".to_owned(), |clause| clause.to_string());
            format!("{severity} {} {clause}", finding.code)
        })
        .collect()
}

#[track_caller]
fn case(terms: Vec<Term>, expect: &[&str]) {
    assert_eq!(found(terms, |_| {}), expect);
}

#[track_caller]
fn case_on(change: impl FnOnce(&mut Dataset), terms: Vec<Term>, expect: &[&str]) {
    assert_eq!(found(terms, change), expect);
}

fn rows(filter: &str) -> Term {
    Term::Rows(parse(filter).unwrap())
}

fn mask(column: &str, mask: Mask) -> Term {
    Term::Mask {
        column: name(column),
        mask,
    }
}

fn quota(max: u64) -> Quota {
    Quota {
        max,
        per: Period::Day,
    }
}

fn group(at_least: u32, unit: Unit) -> Term {
    Term::MinGroup { at_least, unit }
}

fn device() -> Unit {
    Unit::Column(name("device"))
}

fn cube(more: Vec<Term>) -> Vec<Term> {
    let mut terms = vec![
        Term::Functions(vec![Function::Count, Function::Sum]),
        Term::Dimensions(names(&["site", "at"])),
        Term::Measures(names(&["bikes"])),
        Term::Grid(GRID.to_owned()),
        Term::TimeBucket {
            column: name("at"),
            bucket: Bucket::Day,
            zone: Some("Europe/Berlin".to_owned()),
        },
    ];
    terms.extend(more);
    terms
}

fn personal(dataset: &mut Dataset) {
    dataset.personal = true;
}

#[test]
fn a_good_policy_has_no_findings() {
    case(
        vec![
            Term::Columns(names(&["site", "bikes"])),
            rows("site IN ('a', 'b')"),
        ],
        &[],
    );
    case(
        cube(vec![group(10, device()), Term::TotalsFromPublished]),
        &[],
    );
    case_on(personal, cube(vec![group(10, device())]), &[]);
}

#[test]
fn columns_and_types() {
    case(
        vec![Term::Columns(names(&["nope", "site", "gone"]))],
        &["E TERM_COLUMN_UNKNOWN #c1", "E TERM_COLUMN_UNKNOWN #c1"],
    );
    case(
        vec![
            rows("nope = 1"),
            mask("bikes", Mask::Constant(Literal::Bool(true))),
        ],
        &["E TERM_COLUMN_UNKNOWN #c1", "E TERM_ILL_TYPED #c2"],
    );
    case(
        vec![rows("bikes = {{consumer}}")],
        &["E TERM_ILL_TYPED #c1"],
    );
    case(
        cube(vec![group(10, Unit::Column(name("nope")))]),
        &["E GROUP_WITHOUT_UNIT #c6"],
    );
}

#[test]
fn contradictions() {
    let contradiction = &["E POLICY_CONTRADICTION #c1"];
    case(vec![Term::Columns(vec![])], contradiction);
    case(vec![Term::Purpose(vec![])], contradiction);
    case(vec![Term::Queries(quota(0))], contradiction);
    case(vec![rows("bikes > 5 AND bikes < 3")], contradiction);
    case(vec![rows("bikes > 5 AND bikes < 6")], contradiction);
    case(vec![rows("site = 'a' AND site = 'b'")], contradiction);
    case(
        vec![rows("site IN ('a', 'b') AND NOT (site <> 'c')")],
        contradiction,
    );
    case(vec![rows("site IS NULL AND site = 'a'")], contradiction);
    case(vec![rows("at IS NULL")], contradiction);
    case(vec![rows("open = true AND open <> true")], contradiction);
    case(
        vec![rows("(bikes < 1 OR bikes > 9) AND bikes BETWEEN 2 AND 8")],
        contradiction,
    );
    case(
        vec![rows("bikes NOT BETWEEN 0 AND 9 AND bikes IN (1, 2)")],
        contradiction,
    );
    case(
        vec![rows("day > '2026-01-01' AND day < '2026-01-02'")],
        contradiction,
    );
    case(vec![rows("share > 0.5 AND share <= 0.5")], contradiction);
    case(
        vec![rows("site = 'a'"), rows("site = 'b'")],
        &["E POLICY_CONTRADICTION #c2"],
    );
    case(
        vec![Term::NotBefore(time("2027-01-01T00:00:00Z"))],
        &["E POLICY_CONTRADICTION #c2"],
    );
    case(
        vec![
            rows("lon < 7"),
            Term::Area {
                lon: name("lon"),
                lat: name("lat"),
                bounds: Bounds {
                    west: "7.5".into(),
                    south: "51".into(),
                    east: "8".into(),
                    north: "52".into(),
                },
            },
        ],
        &["E POLICY_CONTRADICTION #c2"],
    );
}

#[test]
fn what_can_hold_is_no_contradiction() {
    for filter in [
        "bikes > 5 OR bikes < 3",
        "bikes >= 5 AND bikes <= 5",
        "site = 'a' AND site = {{consumer}}",
        "site IN ('a', 'b') AND site <> 'a'",
        "bikes NOT BETWEEN 0 AND 9 AND bikes IN (1, 12)",
        "share > 0.5 AND share < 0.6",
        "site IS NULL OR site = 'a'",
        "NOT (bikes < 1 OR bikes > 9)",
        "at > '2026-01-01T00:00:00Z' AND at < '2026-01-02T00:00:00Z'",
    ] {
        case(vec![rows(filter)], &[]);
    }
    let wide: Vec<String> = (0..60)
        .map(|n| format!("(bikes <> {n} OR site <> '{n}')"))
        .collect();
    case(vec![rows(&wide.join(" AND "))], &[]);
}

#[test]
fn a_filter_that_is_too_hard_to_judge_passes() {
    // Forty pigeons in two holes would take 2^40 tries.
    let hard: Vec<String> = (0..40)
        .map(|n| format!("(share > {n}.5 OR share <= {n}.5)"))
        .chain(["bikes = 1 AND (bikes = 2 OR bikes = 3)".to_owned()])
        .collect();
    case(
        vec![rows(&hard.join(" AND "))],
        &["E POLICY_CONTRADICTION #c1"],
    );
    let harder: Vec<String> = ["(bikes = 2 OR bikes = 3) AND bikes = 1".to_owned()]
        .into_iter()
        .chain((0..40).map(|n| format!("(share <> {n}.5 OR share = {n}.7 OR site = 'x')")))
        .collect();
    case(vec![rows(&harder.join(" AND "))], &[]);
}

#[test]
fn grids() {
    let conflict = &["E GRID_CONFLICT #c4"];
    case_on(
        |dataset| dataset.grid = None,
        cube(vec![group(10, device())]),
        conflict,
    );
    let mut finer = cube(vec![group(10, device())]);
    finer[4] = Term::TimeBucket {
        column: name("at"),
        bucket: Bucket::QuarterHour,
        zone: Some("Europe/Berlin".to_owned()),
    };
    case(finer, conflict);
    let mut without = cube(vec![group(10, device())]);
    without.remove(3);
    case(without, &["E GRID_CONFLICT #c1"]);
}

#[test]
fn filters_that_cut_cells() {
    let with = |filter: &str| cube(vec![group(10, device()), rows(filter)]);
    case(with("site <> 'a'"), &[]);
    case(with("device = {{consumer}}"), &[]);
    case(with("bikes > 3 AND site = 'a'"), &["W GRID_CONFLICT #c7"]);
}

#[test]
fn groups() {
    case(cube(vec![]), &["W NO_MIN_GROUP -"]);
    case_on(personal, cube(vec![]), &["E NO_MIN_GROUP -"]);
    case_on(
        personal,
        cube(vec![group(2, device())]),
        &["E GROUP_TOO_SMALL #c6"],
    );
    case_on(
        personal,
        cube(vec![group(9, device())]),
        &["W GROUP_TOO_SMALL #c6"],
    );
    case_on(
        personal,
        cube(vec![group(10, Unit::Rows)]),
        &["W GROUP_WITHOUT_UNIT #c6"],
    );
    case(cube(vec![group(2, Unit::Rows)]), &[]);
    case(vec![group(10, device())], &["E POLICY_CONTRADICTION #c1"]);
}

#[test]
fn persons_that_show() {
    let marked = |dataset: &mut Dataset| dataset.columns[6].personal = true;
    case_on(personal, vec![Term::ResultRows(9)], &["W UNIT_VISIBLE -"]);
    case_on(
        marked,
        vec![Term::Columns(names(&["device"]))],
        &["W UNIT_VISIBLE #c1", "W PERSONAL_VISIBLE #c1"],
    );
    case_on(marked, vec![mask("device", Mask::Null)], &[]);
    case_on(marked, vec![Term::Columns(names(&["site"]))], &[]);
}

#[test]
fn filters_on_what_is_hidden() {
    let shown = || Term::Columns(names(&["site"]));
    case(
        vec![shown(), rows("bikes > 3")],
        &["W FILTER_ON_TREATED_COLUMN #c2"],
    );
    case(
        vec![rows("bikes > 3"), mask("bikes", Mask::Null)],
        &["W FILTER_ON_TREATED_COLUMN #c1"],
    );
    case(vec![shown(), rows("device = {{consumer}}")], &[]);
    case(
        vec![shown(), rows("device = {{consumer}} OR device = 'x'")],
        &["W FILTER_ON_TREATED_COLUMN #c2"],
    );
}

#[test]
fn quotas_purposes_and_ends() {
    case(
        vec![Term::RowQuota(quota(10))],
        &["E ROW_QUOTA_WITHOUT_BYTES #c1"],
    );
    case(
        vec![Term::RowQuota(quota(10)), Term::ByteQuota(quota(1))],
        &[],
    );
    case(
        vec![Term::RowQuota(quota(1_001)), Term::ByteQuota(quota(1))],
        &["W QUOTA_UNFIT #c1"],
    );
    let purpose = |text: &str| Term::Purpose(vec![text.parse().unwrap()]);
    case(vec![purpose("dpv:Research")], &[]);
    case(vec![purpose("dpv:Purpose")], &["W PURPOSE_TOO_BROAD #c1"]);
    case(vec![purpose("bikes")], &["E PURPOSE_UNKNOWN #c1"]);
    let end = |text: &str| {
        shown(&check(
            &clauses([Term::NotAfter(time(text))]),
            &counts(),
            &taxonomy(),
        ))
    };
    assert!(end("2031-05-31T00:00:00Z").is_empty());
    assert_eq!(end("2031-06-03T00:00:00Z"), ["W NO_EXPIRY #c1"]);
    assert_eq!(
        shown(&check(&[], &counts(), &taxonomy())),
        ["W NO_EXPIRY -"]
    );
}

#[test]
fn open_data() {
    let open = |dataset: &mut Dataset| dataset.licence = "dl-de/by-2-0".to_owned();
    let high = |dataset: &mut Dataset| dataset.high_value = true;
    let terms = || {
        vec![
            Term::Prohibit(Forbidden::Distribute),
            Term::Attribution("City".to_owned()),
            Term::Queries(quota(5)),
        ]
    };
    case(terms(), &[]);
    case_on(open, terms(), &["W LICENCE_ALREADY_OPEN #c1"]);
    case_on(high, terms(), &["E HVD_RESTRICTIVE_TERM #c1"]);
    for licence in [
        "CC0-1.0",
        "CC-BY-4.0",
        "cc by 4.0",
        "OGL-UK-3.0",
        "ODbL-1.0",
        "dl-de/zero-2-0",
        "CC BY-SA 4.0",
    ] {
        assert!(open::is_open(licence), "{licence}");
    }
    for licence in ["proprietary", "CC-BY-NC-4.0", "CC-BY-ND-4.0", ""] {
        assert!(!open::is_open(licence), "{licence}");
    }
}

#[test]
fn offers() {
    let now = time("2026-06-01T00:00:00Z");
    let ends = Term::NotAfter(time("2027-01-01T00:00:00Z"));
    let mut offer = crate::fixture::offer([ends], Recipients::League);
    let look =
        |offer: &Offer, dataset: &Dataset| shown(&super::offer(offer, dataset, &taxonomy(), now));
    assert!(look(&offer, &counts()).is_empty());
    let mut high = counts();
    high.high_value = true;
    assert!(look(&offer, &high).is_empty());
    offer.to = Recipients::Participants([participant("hansa://firm.example")].into());
    assert_eq!(look(&offer, &high), ["E HVD_RESTRICTIVE_TERM -"]);
    offer.not_after = now;
    assert_eq!(look(&offer, &counts()), ["E POLICY_CONTRADICTION -"]);
    offer.not_before = now;
    assert_eq!(look(&offer, &counts()), ["E POLICY_CONTRADICTION -"]);
}

#[test]
fn what_we_say_against_a_proposal() {
    let say = |terms: Vec<Term>, change: fn(&mut Dataset)| {
        let offer = crate::fixture::offer(terms, Recipients::League);
        let agreement = crate::fixture::agreement(&offer, &counts());
        let mut dataset = counts();
        change(&mut dataset);
        objection(&agreement, &dataset, &taxonomy())
    };
    assert_eq!(
        say(vec![Term::ResultRows(5)], |_| {}),
        None,
        "warnings are not objections"
    );
    let refusal = say(vec![Term::ResultRows(5), Term::RowQuota(quota(5))], |_| {}).unwrap();
    assert_eq!(refusal.code, Code::RowQuotaWithoutBytes);
    assert_eq!(refusal.clause, Some(ClauseId(2)));
    assert!(refusal.allowed.is_some() && !refusal.help.is_empty());
    let changed = say(vec![], |dataset| dataset.columns[0].nullable = false).unwrap();
    assert_eq!(changed.code, Code::SchemaChanged);
}
