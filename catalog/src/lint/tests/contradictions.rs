//! Tests of policies under which no question can ever be answered.

use super::*;
use hansa_policy::value::area::BoundingBox;

#[test]
fn filters_that_never_hold() {
    for filter in [
        "bikes > 5 AND bikes < 3",
        "bikes > 5 AND bikes < 6",
        "site = 'a' AND site = 'b'",
        "site IN ('a', 'b') AND NOT (site <> 'c')",
        "site IS NULL AND site = 'a'",
        "at IS NULL",
        "open = true AND open <> true",
        "(bikes < 1 OR bikes > 9) AND bikes BETWEEN 2 AND 8",
        "bikes NOT BETWEEN 0 AND 9 AND bikes IN (1, 2)",
        "day > '2026-01-01' AND day < '2026-01-02'",
        "share > 0.5 AND share <= 0.5",
    ] {
        case(vec![rows(filter)], &["E POLICY_CONTRADICTION #c1"]);
    }
}

#[test]
fn filters_that_can_hold() {
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
fn terms_that_allow_nothing() {
    for term in [
        Term::Columns(vec![]),
        Term::Purpose(vec![]),
        Term::Queries(quota(0)),
    ] {
        case(vec![term], &["E POLICY_CONTRADICTION #c1"]);
    }
}

#[test]
fn terms_that_exclude_each_other() {
    let area = Term::Area {
        lon: sql_name("lon"),
        lat: sql_name("lat"),
        bounds: BoundingBox {
            west: "7.5".into(),
            south: "51".into(),
            east: "8".into(),
            north: "52".into(),
        },
    };
    for terms in [
        vec![rows("site = 'a'"), rows("site = 'b'")],
        vec![rows("lon < 7"), area],
        // The end that every case has is `#c2`.
        vec![Term::NotBefore(parse_time("2027-01-01T00:00:00Z"))],
    ] {
        case(terms, &["E POLICY_CONTRADICTION #c2"]);
    }
}

#[test]
fn a_filter_that_is_too_hard_to_judge_passes() {
    // Forty choices of two would be 2^40 alternatives, but the last condition is tried first.
    let hard: Vec<String> = (0..40)
        .map(|n| format!("(share > {n}.5 OR share <= {n}.5)"))
        .chain(["bikes = 1 AND (bikes = 2 OR bikes = 3)".to_owned()])
        .collect();
    case(
        vec![rows(&hard.join(" AND "))],
        &["E POLICY_CONTRADICTION #c1"],
    );
    // Here the limit is reached first, so nothing is reported.
    let harder: Vec<String> = ["(bikes = 2 OR bikes = 3) AND bikes = 1".to_owned()]
        .into_iter()
        .chain((0..40).map(|n| format!("(share <> {n}.5 OR share = {n}.7 OR site = 'x')")))
        .collect();
    case(vec![rows(&harder.join(" AND "))], &[]);
}
