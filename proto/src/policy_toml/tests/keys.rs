//! What each key gives.

use super::*;
use hansa_policy::row_filter::PolicyLiteral;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use hansa_policy::value::area::PublishedAreaTerm;
use hansa_policy::value::column::LookupTerm;
use hansa_policy::value::privacy_budget::{ClampRange, DimensionValues, PrivacyBudgetTerm};

#[test]
fn rows_and_areas_are_read() {
    check(
        r#"rows = "operator = {{consumer}}""#,
        &[Term::Rows(
            row_filter::parse_row_filter("operator = {{consumer}}").unwrap(),
        )],
    );
    check(
        "area = { box = [7.5, 51.90, 7.75, 52] }",
        &[Term::Area {
            lon: name("lon"),
            lat: name("lat"),
            bounds: BoundingBox {
                west: "7.5".to_owned(),
                south: "51.90".to_owned(),
                east: "7.75".to_owned(),
                north: "52".to_owned(),
            },
        }],
    );
}

#[test]
fn prohibitions_are_words_or_tables() {
    let prohibition = |act, part, when| {
        Term::from(ProhibitionTerm {
            action: act,
            part,
            condition: when,
        })
    };
    let rows = |text: &str| {
        Some(ProhibitedPart::Rows(
            row_filter::parse_row_filter(text).unwrap(),
        ))
    };
    check(
        r#"prohibit = ["sell", { rows = "site = 'C'" }, { action = "query", purpose = "dpv:Marketing", until = 2026-08-31 }]"#,
        &[
            Term::Prohibit(hansa_policy::term::duty::ForbiddenUse::Sell),
            prohibition(
                ProhibitedAction::Use,
                rows("site = 'C'"),
                ProhibitionCondition::ALWAYS,
            ),
            prohibition(
                ProhibitedAction::Query,
                None,
                ProhibitionCondition {
                    purpose: Some(vec!["dpv:Marketing".parse().unwrap()]),
                    until: Some("2026-08-31T22:00:00Z".parse().unwrap()),
                    ..ProhibitionCondition::ALWAYS
                },
            ),
        ],
    );
    check(
        r#"prohibit = { columns = ["site"] }"#,
        &[prohibition(
            ProhibitedAction::Use,
            Some(ProhibitedPart::Columns(vec![name("site")])),
            ProhibitionCondition::ALWAYS,
        )],
    );
}

#[test]
fn cells_stand_for_places() {
    let place = |cell: &str, size: &str| {
        Term::PlaceCells(PlaceCellsTerm {
            lon: name("lon"),
            lat: name("lat"),
            cell: name(cell),
            size: size.parse().unwrap(),
        })
    };
    check(r#"cells = { to = "h3:7" }"#, &[place("cell", "h3:7")]);
    check(
        r#"cells = { lon = "lon", lat = "lat", to = "grid:1000", as = "square" }"#,
        &[place("square", "grid:1000")],
    );
}

#[test]
fn published_lists_are_named_by_their_digest() {
    let list = hansa_audit_log::digest::Digest::of(b"list");
    check(
        &format!("within = {{ list = \"{list}\", which = \"name=Mitte\" }}"),
        &[Term::PublishedArea(PublishedAreaTerm {
            lon: name("lon"),
            lat: name("lat"),
            list,
            which: "name=Mitte".parse().unwrap(),
        })],
    );
    check(
        &format!("mask = {{ site = {{ level = \"the group\", table = \"{list}\" }} }}"),
        &[Term::Lookup(LookupTerm {
            column: name("site"),
            table: list,
            level: "the group".to_owned(),
        })],
    );
}

#[test]
fn a_mask_has_a_value_of_its_column() {
    for (column, text, mask) in [
        ("operator", "\"null\"", MaskValue::Null),
        (
            "site",
            "{ constant = \"x\" }",
            MaskValue::Constant(PolicyLiteral::Text("x".to_owned())),
        ),
        (
            "bikes",
            "{ constant = -1 }",
            MaskValue::Constant(PolicyLiteral::Int(-1)),
        ),
        (
            "lon",
            "{ constant = 0.50 }",
            MaskValue::Constant(PolicyLiteral::Decimal("0.50".to_owned())),
        ),
        (
            "lat",
            "{ constant = 1 }",
            MaskValue::Constant(PolicyLiteral::Int(1)),
        ),
        (
            "open",
            "{ constant = false }",
            MaskValue::Constant(PolicyLiteral::Bool(false)),
        ),
        (
            "local_date",
            "{ constant = 2026-01-01 }",
            MaskValue::Constant(PolicyLiteral::Text("2026-01-01".to_owned())),
        ),
    ] {
        let column_mask = Term::Mask {
            column: name(column),
            mask,
        };
        check(&format!("[mask]\n{column} = {text}"), &[column_mask]);
    }
}

#[test]
fn a_bucket_takes_the_zone_that_fits() {
    let berlin = Some("Europe/Berlin");
    for (column, text, bucket, zone) in [
        ("seen_at", "\"hour\"", TimeBucketWidth::Hour, None),
        ("seen_at", "\"day\"", TimeBucketWidth::Day, berlin),
        (
            "seen_at",
            "{ to = \"day\", zone = \"UTC\" }",
            TimeBucketWidth::Day,
            None,
        ),
        // A dimension of the grid takes the grid's zone; a date has none.
        ("at", "\"hour\"", TimeBucketWidth::Hour, berlin),
        ("local_date", "\"month\"", TimeBucketWidth::Month, None),
    ] {
        let coarse = Term::TimeBucket {
            column: name(column),
            bucket,
            zone: zone.map(str::to_owned),
        };
        check(&format!("coarsen = {{ {column} = {text} }}"), &[coarse]);
    }
}

#[test]
fn aggregates_take_the_buckets_of_the_grid() {
    let group = |column: &str| Term::MinGroup {
        at_least: 5,
        unit: CountingUnit::Column(name(column)),
    };
    for (text, bucket, group) in [
        ("", TimeBucketWidth::Hour, None),
        (", bucket = \"day\"", TimeBucketWidth::Day, None),
        (
            ", bucket = { at = \"week\" }, min_contributors = 5",
            TimeBucketWidth::Week,
            Some(group("device_id")),
        ),
        (
            ", min_contributors = 5, unit = \"site\"",
            TimeBucketWidth::Hour,
            Some(group("site")),
        ),
    ] {
        let mut expect = vec![
            Term::Functions(vec![CubeFunction::Sum]),
            Term::Dimensions(names(&["at"])),
            Term::Measures(names(&["bikes"])),
            Term::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
            Term::TimeBucket {
                column: name("at"),
                bucket,
                zone: Some("Europe/Berlin".to_owned()),
            },
        ];
        expect.extend(group);
        expect.push(Term::TotalsFromPublished);
        let aggregate = "functions = [\"sum\"], by = [\"at\"], measures = [\"bikes\"]";
        check(&format!("aggregate = {{ {aggregate}{text} }}"), &expect);
    }
}

#[test]
fn a_policy_says_which_columns_leave_or_that_each_may() {
    let groups = "aggregate = { by = [\"site\"], functions = [\"count\"], measures = [] }";
    for (text, is_named) in [
        ("", false),
        ("rows = \"bikes > 1\"", false),
        ("columns = \"all\"", true),
        ("columns = [\"site\"]", true),
        (groups, true),
    ] {
        let draft = read(&format!("title = \"x\"\n{text}\n"));
        assert_eq!(draft.names_columns, is_named, "{text}");
        // A policy that is made of clauses names them in any case.
        let again = read(&to_text(&draft.title, &draft.clauses).text);
        assert!(again.names_columns, "{text}");
        assert_eq!(again.clauses, draft.clauses, "{text}");
    }
    check("columns = \"all\"", &[]);

    // A column of that name is meant by a list alone.
    let mut named = sample_dataset();
    named.columns[0].name = name("all");
    let problems =
        parse_policy("title = \"x\"\ncolumns = \"all\"\n", "p.toml", &named).unwrap_err();
    assert!(
        problems[0].sentence.contains("a column of this dataset"),
        "{problems:?}"
    );
    let draft = parse_policy("title = \"x\"\ncolumns = [\"all\"]\n", "p.toml", &named).unwrap();
    assert_eq!(draft.clauses[0].term, Term::Columns(vec![name("all")]));
}

#[test]
fn without_its_measures_an_aggregate_does_not_take_the_numbers_shown() {
    check(
        "columns = [\"site\", \"bikes\"]\naggregate = { by = [\"site\"], functions = [\"count\"], measures = [] }",
        &[
            Term::Columns(names(&["site", "bikes"])),
            Term::Functions(vec![CubeFunction::Count]),
            Term::Dimensions(names(&["site"])),
            Term::Grid("hansa://munster.example/grid/bike_counts-1".to_owned()),
            Term::TotalsFromPublished,
        ],
    );
}

#[test]
fn sizes_and_periods_are_read() {
    let berlin = |count| days(count, "Europe/Berlin");
    for (text, max, per) in [
        ("bytes_per_day = 17", 17, berlin(QuotaDays::One)),
        ("bytes_per_hour = \"64 KiB\"", 65_536, QuotaPeriod::Hour),
        (
            "bytes_per_hour = { max = \"64 KiB\" }",
            65_536,
            QuotaPeriod::Hour,
        ),
        (
            "bytes_per_week = \"1_000kB\"",
            1_000_000,
            berlin(QuotaDays::Seven),
        ),
        (
            "bytes_per_30_days = \"2 GB\"",
            2_000_000_000,
            berlin(QuotaDays::Thirty),
        ),
        // Days of another zone are asked for, those of UTC as well.
        (
            "bytes_per_day = { max = \"1 MB\", zone = \"UTC\" }",
            1_000_000,
            days(QuotaDays::One, "UTC"),
        ),
        (
            "bytes_per_week = { max = 9, zone = \"America/Toronto\" }",
            9,
            days(QuotaDays::Seven, "America/Toronto"),
        ),
    ] {
        check(text, &[Term::ByteQuota(PeriodQuota { max, per })]);
    }
    let queries = Term::Queries(PeriodQuota {
        max: 3,
        per: QuotaPeriod::Hour,
    });
    check(
        "queries_per_hour = 3\nresult_rows = 7",
        &[queries, Term::ResultRows(7)],
    );
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
}

#[test]
fn a_budget_of_privacy_is_read() {
    let aggregate =
        "by = [\"site\", \"at\"], functions = [\"count\", \"sum\"], measures = [\"bikes\"]";
    let budget = |most: &str, per, each: &str, rows| {
        Term::Budget(PrivacyBudgetTerm {
            most: most.parse().unwrap(),
            per,
            each: each.parse().unwrap(),
            unit: name("device_id"),
            cells: 3,
            rows,
            bounds: vec![ClampRange {
                measure: name("bikes"),
                low: "0".parse().unwrap(),
                high: "99.5".parse().unwrap(),
            }],
            values: vec![DimensionValues {
                column: name("site"),
                list: vec!["A".to_owned(), "7".to_owned(), "true".to_owned()],
            }],
            from: time("2026-04-30T22:00:00Z"),
        })
    };
    for (message, expect) in [
        (
            "most = 1.0, per = \"month\", each = \"0.25\", delta = 0",
            budget("1", TimeBucketWidth::Month, "0.25", 1),
        ),
        (
            "most = 2, per = \"day\", rows = 4",
            budget("2", TimeBucketWidth::Day, "2", 4),
        ),
    ] {
        let text = format!(
            "title = \"x\"\naggregate = {{ {aggregate}, epsilon = {{ {message}, cells = 3, bounds = {{ bikes = [0, 99.5] }}, \
             values = {{ site = [\"A\", 7, true] }}, from = 2026-05-01 }} }}"
        );
        let draft = read(&text);
        let found = draft.clauses.iter().map(|clause| &clause.term);
        let found: Vec<&Term> = found
            .filter(|term| matches!(term, Term::Budget(_)))
            .collect();
        assert_eq!(found, [&expect]);
        let written = to_text(&draft.title, &draft.clauses);
        assert_eq!(written.unsupported, []);
        assert_eq!(
            read(&written.text).clauses,
            draft.clauses,
            "{}",
            written.text
        );
    }
}

#[test]
fn secondary_protections_are_read_and_written() {
    for (message, expect) in [
        ("", Term::TotalsFromPublished),
        (
            ", secondary = \"from-published\"",
            Term::TotalsFromPublished,
        ),
        (
            ", secondary = \"suppress-complement\"",
            Term::SuppressComplement,
        ),
        (", secondary = { cell_key = 5 }", Term::CellKey(5)),
    ] {
        let text = format!(
            "title = \"x\"\naggregate = {{ by = [\"site\"], functions = [\"count\"], measures = []{message} }}"
        );
        let draft = read(&text);
        assert_eq!(
            draft.clauses.last().map(|clause| &clause.term),
            Some(&expect)
        );
        let written = to_text(&draft.title, &draft.clauses);
        assert_eq!(
            read(&written.text).clauses,
            draft.clauses,
            "{}",
            written.text
        );
    }
}
