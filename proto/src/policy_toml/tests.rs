//! Policy files say what they mean, or every fault that they have.

use super::*;
use crate::samples::dataset;
use policy::term::{Bounds, Bucket, Function, Mask, Period, Quota, Unit};

fn read(text: &str) -> PolicyDraft {
    parse(text, "policies/test.toml", &dataset()).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(told).collect();
        panic!("{}", told.join("\n"))
    })
}

/// `CODE line key: sentence; help`
fn told(problem: &Refusal) -> String {
    let place = problem.place.as_ref().unwrap();
    assert_eq!(place.file, "policies/test.toml");
    format!(
        "{} {} {}: {}; {}",
        problem.code,
        place.line.unwrap(),
        place.key.as_deref().unwrap_or("-"),
        problem.sentence,
        problem.help.join("; ")
    )
}

/// A file of a title and these lines gives these terms.
#[track_caller]
fn check(lines: &str, expect: &[Term]) {
    let draft = read(&format!("title = \"T\"\n{lines}"));
    let terms: Vec<Term> = draft
        .clauses
        .into_iter()
        .map(|clause| clause.term)
        .collect();
    assert_eq!(terms, expect, "{lines}");
}

/// A file of a title and these lines has these problems.
#[track_caller]
fn wrong(lines: &str, expect: &[&str]) {
    let problems = parse(
        &format!("title = \"T\"\n{lines}"),
        "policies/test.toml",
        &dataset(),
    );
    let problems: Vec<String> = problems.unwrap_err().iter().map(told).collect();
    assert_eq!(problems, expect, "{lines}");
}

fn name(text: &str) -> policy::id::Name {
    text.parse().unwrap()
}

fn time(text: &str) -> Time {
    text.parse().unwrap()
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
    let plain: Vec<String> = draft
        .clauses
        .iter()
        .map(|clause| {
            format!(
                "{} line {}: {}",
                clause.id,
                draft.lines[&clause.id],
                clause.term.plain()
            )
        })
        .collect();
    let terms: Vec<Term> = draft
        .clauses
        .into_iter()
        .map(|clause| clause.term)
        .collect();
    assert_eq!(
        terms,
        [
            Term::Purpose(vec![
                "mobility-research".parse().unwrap(),
                "traffic-planning".parse().unwrap()
            ]),
            Term::NotBefore(time("2025-12-31T23:00:00Z")),
            Term::NotAfter(time("2027-12-31T23:00:00Z")),
            Term::Columns(vec![name("site"), name("local_date"), name("bikes")]),
            Term::Functions(vec![Function::Sum, Function::Avg, Function::Count]),
            Term::Dimensions(vec![name("site"), name("local_date")]),
            Term::Measures(vec![name("bikes")]),
            Term::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
            Term::MinGroup {
                at_least: 10,
                unit: Unit::Rows
            },
            Term::TotalsFromPublished,
            Term::RowQuota(Quota {
                max: 10_000,
                per: Period::Day
            }),
            Term::ByteQuota(Quota {
                max: 5_000_000,
                per: Period::Day
            }),
            Term::Attribution("Stadt Münster".to_owned()),
            Term::DeleteAfter { days: 30 },
        ]
    );
    assert!(plain[0].starts_with("#c2 line 3: "), "{plain:?}");
    assert!(plain[3].starts_with("#c5 line 4: "), "{plain:?}");
}

#[test]
fn rows_area_masks_and_buckets_are_read() {
    check(
        r#"rows = "operator = {{consumer}}""#,
        &[Term::Rows(
            policy::row_filter::parse("operator = {{consumer}}").unwrap(),
        )],
    );
    check(
        "area = { box = [7.5, 51.90, 7.75, 52] }",
        &[Term::Area {
            lon: name("lon"),
            lat: name("lat"),
            bounds: Bounds {
                west: "7.5".to_owned(),
                south: "51.90".to_owned(),
                east: "7.75".to_owned(),
                north: "52".to_owned(),
            },
        }],
    );
    let constant = |column: &str, value| Term::Mask {
        column: name(column),
        mask: Mask::Constant(value),
    };
    use policy::row_filter::Literal;
    check(
        "[mask]\noperator = \"null\"\nsite = { constant = \"x\" }\nbikes = { constant = -1 }\nlon = { constant = 0.50 }\nlat = { constant = 1 }\nopen = { constant = false }\nlocal_date = { constant = 2026-01-01 }\n",
        &[
            Term::Mask {
                column: name("operator"),
                mask: Mask::Null,
            },
            constant("site", Literal::Text("x".to_owned())),
            constant("bikes", Literal::Int(-1)),
            constant("lon", Literal::Decimal("0.50".to_owned())),
            constant("lat", Literal::Int(1)),
            constant("open", Literal::Bool(false)),
            constant("local_date", Literal::Text("2026-01-01".to_owned())),
        ],
    );
    let bucket = |column: &str, bucket, zone: Option<&str>| Term::TimeBucket {
        column: name(column),
        bucket,
        zone: zone.map(str::to_owned),
    };
    let berlin = Some("Europe/Berlin");
    check(
        "coarsen = { seen_at = \"hour\" }",
        &[bucket("seen_at", Bucket::Hour, None)],
    );
    check(
        "coarsen = { seen_at = \"day\" }",
        &[bucket("seen_at", Bucket::Day, berlin)],
    );
    check(
        "coarsen = { seen_at = { to = \"day\", zone = \"UTC\" } }",
        &[bucket("seen_at", Bucket::Day, None)],
    );
    // A dimension of the grid takes the grid's zone; a date has none.
    check(
        "coarsen = { at = \"hour\" }",
        &[bucket("at", Bucket::Hour, berlin)],
    );
    check(
        "coarsen = { local_date = \"month\" }",
        &[bucket("local_date", Bucket::Month, None)],
    );
}

#[test]
fn aggregates_take_the_buckets_of_the_grid() {
    let start = |functions| {
        vec![
            Term::Functions(functions),
            Term::Dimensions(vec![name("at")]),
            Term::Measures(vec![name("bikes")]),
            Term::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
        ]
    };
    let bucket = |bucket| Term::TimeBucket {
        column: name("at"),
        bucket,
        zone: Some("Europe/Berlin".to_owned()),
    };
    let whole = |middle: Vec<Term>| {
        [
            start(vec![Function::Sum]),
            middle,
            vec![Term::TotalsFromPublished],
        ]
        .concat()
    };
    let aggregate = "functions = [\"sum\"], by = [\"at\"], measures = [\"bikes\"]";
    check(
        &format!("aggregate = {{ {aggregate} }}"),
        &whole(vec![bucket(Bucket::Hour)]),
    );
    check(
        &format!("aggregate = {{ {aggregate}, bucket = \"day\" }}"),
        &whole(vec![bucket(Bucket::Day)]),
    );
    check(
        &format!(
            "aggregate = {{ {aggregate}, bucket = {{ at = \"week\" }}, min_contributors = 5 }}"
        ),
        &whole(vec![
            bucket(Bucket::Week),
            Term::MinGroup {
                at_least: 5,
                unit: Unit::Column(name("device_id")),
            },
        ]),
    );
    check(
        &format!("aggregate = {{ {aggregate}, min_contributors = 5, unit = \"site\" }}"),
        &whole(vec![
            bucket(Bucket::Hour),
            Term::MinGroup {
                at_least: 5,
                unit: Unit::Column(name("site")),
            },
        ]),
    );
}

#[test]
fn sizes_and_periods_are_read() {
    let bytes = |max, per| Term::ByteQuota(Quota { max, per });
    check("bytes_per_day = 17", &[bytes(17, Period::Day)]);
    check(
        "bytes_per_hour = \"64 KiB\"",
        &[bytes(65_536, Period::Hour)],
    );
    check(
        "bytes_per_week = \"1_000kB\"",
        &[bytes(1_000_000, Period::Week)],
    );
    check(
        "bytes_per_30_days = \"2 GB\"",
        &[bytes(2_000_000_000, Period::ThirtyDays)],
    );
    check(
        "queries_per_hour = 3\nresult_rows = 7",
        &[
            Term::Queries(Quota {
                max: 3,
                per: Period::Hour,
            }),
            Term::ResultRows(7),
        ],
    );
    for size in [
        "5 mb",
        "MB",
        "-1 MB",
        "0 MB",
        "1.5 MB",
        "99999999999 TB",
        "",
    ] {
        let text = format!("bytes_per_day = \"{size}\"");
        let expect =
            format!("TERM_ILL_TYPED 2 bytes_per_day: `{size}` is no size such as 5 MB or 64 KiB; ");
        wrong(&text, &[&expect]);
    }
}

#[test]
fn days_are_those_of_the_datasets_zone() {
    // Clocks go forward on 29 March and back on 25 October 2026.
    for (valid, from, until) in [
        (
            "2026-03-29, until = 2026-03-29",
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
        (
            "2026-10-25, until = 2026-10-25",
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
        (
            "2026-01-01T00:00:00+02:00, until = 2026-12-31T12:00:00Z",
            "2025-12-31T22:00:00Z",
            "2026-12-31T12:00:00Z",
        ),
    ] {
        check(
            &format!("valid = {{ from = {valid} }}"),
            &[Term::NotBefore(time(from)), Term::NotAfter(time(until))],
        );
    }
    wrong(
        "valid = { from = 2026-01-02, until = 2026-01-01 }",
        &[
            "POLICY_CONTRADICTION 2 valid: the policy is valid from 2026-01-01T23:00:00Z until 2026-01-01T23:00:00Z, which is never; ",
        ],
    );
    wrong(
        "valid = { from = 2026-01-01T00:00:00 }",
        &[
            "TERM_ILL_TYPED 2 valid.from: `2026-01-01T00:00:00` is neither a date such as 2026-01-31 (in Europe/Berlin) nor an instant such as 2026-01-31T12:00:00Z; ",
        ],
    );
}

#[test]
fn every_problem_is_told_at_once_with_its_line() {
    wrong(
        r#"colums = ["site"]
columns = ["site", "bike", "site"]
purpose = ["mobility research"]
rows = "operator ~ 'x'"
mask = { operator = "hash", site = { constant = 1 } }
coarsen = { at = "hours", bikes = "day", local_date = "hour" }
aggregate = { functions = ["median"], min_row = 10 }
rows_per_day = "many"
duties = ["atribution", "delete-after soon"]
prohibit = ["resell"]
legal = { file = "x.pdf", language = "German" }
area = { box = [8, 51.9, 7.5, 52] }
"#,
        &[
            "CONFIG_UNKNOWN_KEY 2 colums: there is no key `colums` here; did you mean `columns`",
            "TERM_COLUMN_UNKNOWN 3 columns: `bike_counts` has no column `bike`; did you mean `bikes`",
            "TERM_ILL_TYPED 3 columns: the column `site` is listed twice; ",
            "TERM_ILL_TYPED 4 purpose: `mobility research`: a purpose is a name such as traffic-planning or dpv:ResearchAndDevelopment; ",
            "TERM_ILL_TYPED 5 rows: row filter, character 10: `~` is not understood; ",
            "TERM_UNKNOWN 6 mask.operator: the mask `hash` is not known; known are null",
            "TERM_ILL_TYPED 6 mask.site.constant: `mask.site.constant` is an integer instead of a value of the column's type, text; ",
            "TERM_UNKNOWN 7 coarsen.at: the time bucket `hours` is not known; did you mean `hour`",
            "TERM_ILL_TYPED 7 coarsen.bikes: `bikes` is neither a date nor an instant; ",
            "TERM_ILL_TYPED 7 coarsen.local_date: `local_date` is a date, which has no hours; ",
            "CONFIG_INVALID 8 aggregate: `aggregate` has no `by`; ",
            "TERM_UNKNOWN 8 aggregate.functions: the aggregate `median` is not known; known are count, sum, avg",
            "CONFIG_UNKNOWN_KEY 8 aggregate.min_row: there is no key `min_row` here; did you mean `min_rows`",
            "TERM_ILL_TYPED 9 rows_per_day: `rows_per_day` is a text instead of a number from 1; ",
            "TERM_UNKNOWN 10 duties: the duty `atribution` is not known; did you mean `attribution`",
            "TERM_ILL_TYPED 10 duties: the duty `delete-after soon` is not written like delete-after 30 days; ",
            "TERM_UNKNOWN 11 prohibit: the prohibited action `resell` is not known; did you mean `sell`",
            "TERM_ILL_TYPED 12 legal: `German` is no language such as de or en-GB; ",
            "TERM_ILL_TYPED 13 area.box: `box` is [west, south, east, north] in degrees, west ≤ east and south ≤ north; ",
        ],
    );
}

#[test]
fn other_faults_are_told() {
    let problems = parse(
        "purpose = \"x\"\ntitle = ",
        "policies/test.toml",
        &dataset(),
    );
    let problems = problems.unwrap_err();
    assert_eq!(problems[0].code, Code::ConfigInvalid);
    assert_eq!(problems[0].place.as_ref().unwrap().line, Some(2));
    let problems = parse("", "policies/test.toml", &dataset()).unwrap_err();
    assert_eq!(
        told(&problems[0]),
        "CONFIG_INVALID 1 title: the policy has no title; "
    );
    wrong(
        "columns = []",
        &["TERM_ILL_TYPED 2 columns: the list `columns` is empty; "],
    );
    wrong(
        "aggregate = { by = [\"site\"], functions = [\"count\"], min_rows = 3, min_contributors = 3 }",
        &[
            "POLICY_CONTRADICTION 2 aggregate.min_contributors: a minimum group counts rows or contributors, not both; ",
        ],
    );
    wrong(
        "rows = \"nope = 1\"",
        &[
            "TERM_COLUMN_UNKNOWN 2 rows: `bike_counts` has no column `nope`; its columns are site, operator, device_id, at, seen_at, local_date, bikes, lon, lat, open",
        ],
    );
}

#[test]
fn clauses_survive_the_way_to_text_and_back() {
    let whole = r#"title = "All of it, \"quoted\" and \\"
purpose = ["mobility-research", "dpv:PublicBenefit"]
valid = { from = 2026-01-01, until = 2027-12-31 }
columns = ["site", "at", "bikes", "lon", "lat", "local_date"]
rows = "site IN ('A', 'it''s') AND NOT (bikes IS NULL)"
area = { box = [7.5, 51.90, 7.75, 52] }
mask = { lon = "null", lat = { constant = 0.50 } }
coarsen = { seen_at = { to = "quarter-hour", zone = "UTC" } }
aggregate = { by = ["site", "at"], functions = ["count", "sum"], measures = ["bikes"], min_contributors = 5, bucket = "month" }
queries_per_hour = 1
queries_per_day = 2
rows_per_week = 3
bytes_per_30_days = "64 KiB"
bytes_per_day = 17
result_rows = 100
duties = ["attribution", { attribution = "Another \n text" }, "delete-after 1 day"]
prohibit = ["distribute", "sell", "derive"]
"#;
    let draft = read(whole);
    assert!(draft.clauses.len() > 20);
    let written = to_text(&draft.title, &draft.clauses);
    assert_eq!(written.left_out, []);
    let again = read(&written.text);
    assert_eq!(again.clauses, draft.clauses, "{}", written.text);
    assert_eq!(again.title, draft.title);
    assert_eq!(
        (again.not_before, again.not_after),
        (draft.not_before, draft.not_after)
    );
    // Without its measures the aggregate form does not take the numbers shown.
    check(
        "columns = [\"site\", \"bikes\"]\naggregate = { by = [\"site\"], functions = [\"count\"], measures = [] }",
        &[
            Term::Columns(vec![name("site"), name("bikes")]),
            Term::Functions(vec![Function::Count]),
            Term::Dimensions(vec![name("site")]),
            Term::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
            Term::TotalsFromPublished,
        ],
    );
}

#[test]
fn what_the_format_cannot_say_is_named() {
    let clauses = crate::samples::clauses();
    let written = to_text("All samples", &clauses);
    let left: Vec<&Term> = clauses
        .iter()
        .filter(|clause| written.left_out.contains(&clause.id))
        .map(|clause| &clause.term)
        .collect();
    // Second row filters and second minimum groups.
    assert!(
        left.iter()
            .all(|term| matches!(term, Term::Rows(_) | Term::MinGroup { .. })),
        "{left:?}"
    );
    assert_eq!(left.len(), 2);
    for id in &written.left_out {
        assert!(
            written
                .text
                .contains(&format!("# can't be said in this format: {id} "))
        );
    }
}

#[test]
fn random_policies_survive_the_way_to_text_and_back() {
    let mut whole = 0;
    for seed in 0..1000 {
        let mut random = crate::samples::random::Random(seed);
        let clauses = crate::samples::random::policy(&mut random);
        let written = to_text("Random", &clauses);
        let said: Vec<&Term> = clauses
            .iter()
            .filter(|clause| !written.left_out.contains(&clause.id))
            .map(|clause| &clause.term)
            .collect();
        let read = parse(&written.text, "policies/test.toml", &dataset());
        let read = read.unwrap_or_else(|problems| {
            let told: Vec<String> = problems.iter().map(told).collect();
            panic!("seed {seed}: {}\n{}", told.join("\n"), written.text)
        });
        let mut read: Vec<&Term> = read.clauses.iter().map(|clause| &clause.term).collect();
        for term in said {
            let index = read.iter().position(|other| *other == term);
            let index = index.unwrap_or_else(|| panic!("seed {seed}: {term:?}\n{}", written.text));
            read.remove(index);
        }
        assert_eq!(read, Vec::<&Term>::new(), "seed {seed}: {}", written.text);
        whole += usize::from(written.left_out.is_empty());
    }
    assert!(whole > 900, "only {whole} of 1000 could be said whole");
}

#[test]
fn unknown_purposes_are_told_with_the_nearest() {
    let draft = read(
        "title = \"T\"\n\npurpose = [\"dpv:PublicBenefits\", \"traffic-planning\", \"dpv:Marketing\"]",
    );
    let taxonomy = crate::purposes::vocabulary();
    let problems = unknown_purposes(&draft, "policies/test.toml", &taxonomy);
    let problems: Vec<String> = problems.iter().map(told).collect();
    assert_eq!(
        problems,
        [
            "TERM_UNKNOWN 3 purpose: there is no purpose `dpv:PublicBenefits`; did you mean `dpv:PublicBenefit`",
            "TERM_UNKNOWN 3 purpose: there is no purpose `traffic-planning`; declare it: [purpose.traffic-planning] with its parent and its text",
        ]
    );
}
