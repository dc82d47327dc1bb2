//! Policy files say what they mean, or every fault that they have.

mod keys;
mod problems;
mod round_trip;

use super::*;
use crate::samples::sample_dataset;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::row_filter;
use hansa_policy::term::Term;
use hansa_policy::value::area::BoundingBox;
use hansa_policy::value::column::MaskValue;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};
use hansa_policy::value::time::{PeriodQuota, QuotaDays, QuotaPeriod, TimeBucketWidth};

fn days(count: QuotaDays, zone: &str) -> QuotaPeriod {
    let zone = zone.parse().unwrap();
    QuotaPeriod::Days { count, zone }
}

#[test]
fn the_documented_example_is_read() {
    let draft = read(
        r#"
title         = "Mobility research, daily figures"
purpose       = ["mobility-research", "traffic-planning"]
columns       = ["site", "local_date", "bikes"]
aggregate     = { by = ["site", "local_date"], functions = ["sum", "avg", "count"], min_rows = 10 }
rows_per_day  = 10_000
bytes_per_day = "5 MB"
valid         = { from = 2026-01-01, until = 2027-12-31 }
duties        = ["attribution", "delete-after 30 days"]
legal         = { file = "mobility-research.pdf", language = "de" }     # optional
"#,
    );
    assert_eq!(draft.title, "Mobility research, daily figures");
    assert_eq!(draft.not_before, Some(time("2025-12-31T23:00:00Z")));
    assert_eq!(draft.not_after, Some(time("2027-12-31T23:00:00Z")));
    assert_eq!(
        draft.legal,
        Some(LegalFile {
            file: "mobility-research.pdf".to_owned(),
            language: "de".to_owned(),
            line: 10,
        })
    );
    for (id, line) in [(2, 3), (5, 4)] {
        assert_eq!(draft.lines[&ClauseId(id)], line, "#c{id}");
    }
    assert_eq!(
        terms(draft),
        [
            Term::Purpose(vec![
                "mobility-research".parse().unwrap(),
                "traffic-planning".parse().unwrap()
            ]),
            Term::NotBefore(time("2025-12-31T23:00:00Z")),
            Term::NotAfter(time("2027-12-31T23:00:00Z")),
            Term::Columns(names(&["site", "local_date", "bikes"])),
            Term::Functions(vec![
                CubeFunction::Sum,
                CubeFunction::Avg,
                CubeFunction::Count
            ]),
            Term::Dimensions(names(&["site", "local_date"])),
            Term::Measures(names(&["bikes"])),
            Term::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
            Term::MinGroup {
                at_least: 10,
                unit: CountingUnit::Rows
            },
            Term::TotalsFromPublished,
            Term::RowQuota(PeriodQuota {
                max: 10_000,
                per: days(QuotaDays::One, "Europe/Berlin"),
            }),
            Term::ByteQuota(PeriodQuota {
                max: 5_000_000,
                per: days(QuotaDays::One, "Europe/Berlin"),
            }),
            Term::Attribution("Stadt Münster".to_owned()),
            Term::DeleteAfter { days: 30 },
        ]
    );
}

const FILE: &str = "policies/test.toml";

fn read(text: &str) -> PolicyDraft {
    parse_policy(text, FILE, &sample_dataset()).unwrap_or_else(|problems| {
        panic!("{}\n{text}", sentences_of(&problems).join("\n"));
    })
}

fn terms(draft: PolicyDraft) -> Vec<Term> {
    let clauses = draft.clauses.into_iter();
    clauses.map(|clause| clause.term).collect()
}

/// Each as `CODE line key: sentence; help`.
fn sentences_of(problems: &[Refusal]) -> Vec<String> {
    problems
        .iter()
        .map(|problem| {
            let location = problem.location.as_ref().unwrap();
            assert_eq!(location.file, FILE);
            format!(
                "{} {} {}: {}; {}",
                problem.code,
                location.line.unwrap(),
                location.key.as_deref().unwrap_or("-"),
                problem.sentence,
                problem.help.join("; ")
            )
        })
        .collect()
}

/// A file of a title and these lines gives these terms.
#[track_caller]
fn check(lines: &str, expect: &[Term]) {
    let draft = read(&format!("title = \"T\"\n{lines}"));
    assert_eq!(terms(draft), expect, "{lines}");
}

/// A file of a title and these lines has these problems.
#[track_caller]
fn wrong(lines: &str, expect: &[&str]) {
    let text = format!("title = \"T\"\n{lines}");
    let problems = parse_policy(&text, FILE, &sample_dataset()).unwrap_err();
    assert_eq!(sentences_of(&problems), expect, "{lines}");
}

fn name(text: &str) -> SqlIdentifier {
    text.parse().unwrap()
}

fn names(list: &[&str]) -> Vec<SqlIdentifier> {
    list.iter().map(|text| name(text)).collect()
}

fn time(text: &str) -> UtcTimestamp {
    text.parse().unwrap()
}
