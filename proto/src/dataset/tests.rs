//! Tests: catalog entries are read only in the form in which they are written.

use super::*;
use crate::canonical_document::from_json;
use crate::samples;
use hansa_audit_log::json::parse_json;
use hansa_catalog::dataset::{ColumnType, DatasetKind};
use hansa_catalog::feed::DatasetFeed;
use hansa_catalog::saved_query::SavedQueryParameter;
use hansa_policy::value::cube::{LateDataPolicy, ReleaseTerm};
use hansa_policy::value::decimal_type::DecimalType;
use hansa_policy::value::time::TimeBucketWidth;

#[track_caller]
fn check(dataset: &Dataset) {
    let bytes = to_bytes(dataset);
    assert_eq!(from_bytes(&bytes).as_ref(), Ok(dataset));
}

#[test]
fn an_entry_survives_the_round_trip() {
    check(&samples::sample_dataset());
    let bare = Dataset {
        attribution: None,
        high_value: true,
        model: None,
        unit_column: None,
        grid: None,
        time_span: None,
        area: None,
        ..samples::sample_dataset()
    };
    check(&bare);
    check(&Dataset {
        feed: Some(DatasetFeed::default()),
        ..samples::sample_dataset()
    });
    let decimal = ColumnType::Decimal(DecimalType::new(38, 7).unwrap());
    for kind in ColumnType::PLAIN.into_iter().chain([decimal]) {
        let mut one = bare.clone();
        one.columns.truncate(1);
        one.columns[0].kind = kind;
        check(&one);
    }
    for bucket in TimeBucketWidth::ALL {
        let mut one = samples::sample_dataset();
        one.grid.as_mut().unwrap().dimensions[1].bucket = Some(bucket);
        check(&one);
        for (_, late) in LateDataPolicy::ALL {
            one.grid.as_mut().unwrap().release = Some(ReleaseTerm {
                column: "at".parse().unwrap(),
                every: bucket,
                late,
            });
            check(&one);
        }
    }
    for (_, kind) in DatasetKind::ALL {
        check(&Dataset {
            kind: Some(kind),
            ..bare.clone()
        });
    }
    for edge in [0.1 + 0.2, -180.0, 1e-7, f64::MIN_POSITIVE, 51.962_6] {
        check(&Dataset {
            area: Some([edge, 0.0, 1.0, -0.0]),
            ..samples::sample_dataset()
        });
    }
}

#[test]
fn an_entry_that_leaves_columns_out_keeps_the_digest_of_the_whole_schema() {
    let whole = samples::sample_dataset();
    let mut some = Dataset {
        whole_schema: Some(whole.schema_digest()),
        ..whole.clone()
    };
    some.columns.retain(|column| column.name.as_str() != "open");
    check(&some);
    assert_eq!(some.schema_digest(), whole.schema_digest());
}

#[test]
fn what_is_unknown_missing_or_ill_typed_is_refused() {
    let bytes = to_bytes(&samples::sample_dataset());
    let json = parse_json(&bytes, Dataset::LIMITS).unwrap();
    for (place, spoilt) in samples::spoilt_documents(&json) {
        if place == ".rows=2^50" || place == ".bytes=2^50" {
            continue;
        }
        let refusal = from_json::<Dataset>(&spoilt).expect_err(&place);
        assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{refusal}");
    }
}

#[test]
fn each_value_is_checked() {
    let good = String::from_utf8(to_bytes(&samples::sample_dataset())).unwrap();
    let check = |from: &str, to: &str| {
        assert!(good.contains(from), "no {from} in {good}");
        let refusal = from_bytes(good.replacen(from, to, 1).as_bytes()).expect_err(to);
        assert_eq!(refusal.code, ErrorCode::PeerDataInvalid, "{refusal}");
    };
    check("\"type\":\"int\"", "\"type\":\"integer\"");
    check("\"name\":\"operator\"", "\"name\":\"site\"");
    check("\"name\":\"operator\"", "\"name\":\"Operator\"");
    check("\"name\":\"operator\"", "\"name\":\"public\"");
    check("\"unitColumn\":\"device_id\"", "\"unitColumn\":\"nope\"");
    check("\"column\":\"site\"", "\"column\":\"nope\"");
    check("\"hour\"", "\"hours\"");
    check("\"51.9\"", "\"51.90\"");
    check("\"51.9\"", "\"NaN\"");
    check("\"51.9\"", "\"inf\"");
    check("\"52\"", "\"52\",\"53\"");
    check("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");
    check("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.0Z");
    check("dataset/1", "dataset/2");
    check("\"distinct\":64", "\"distinct\":65");
    check("\"distinct\":64", "\"distinct\":262144");
    check(
        "hansa://munster.example/d/bike_counts",
        "hansa://munster.example/bike_counts",
    );
}

fn described_dataset() -> Dataset {
    let mut dataset = samples::sample_dataset();
    dataset.kind = Some(DatasetKind::Forecast);
    dataset.description = DatasetDescription {
        quality: Some("98 % of the hours are complete".to_owned()),
        uncertainty: None,
        collection_method: Some("induction loops".to_owned()),
        service_level: Some("new rows by 06:00 UTC".to_owned()),
    };
    dataset.columns[0].uncertainty = Some("± 5 %".to_owned());
    dataset.queries = vec![SavedQuery {
        name: "busy".parse().unwrap(),
        title: "Busy sites".to_owned(),
        description: None,
        sql: "SELECT site FROM bikes WHERE bikes > $least".to_owned(),
        parameters: vec![SavedQueryParameter {
            name: "least".parse().unwrap(),
            kind: ColumnType::Int,
            description: Some("so many".to_owned()),
            default: Some("7".to_owned()),
        }],
    }];
    dataset
}

#[test]
fn statements_and_saved_queries_are_lines_within_bounds() {
    check(&described_dataset());
    let longest = DatasetDescription::LONGEST;
    let refused = |change: &dyn Fn(&mut Dataset)| {
        let mut dataset = described_dataset();
        change(&mut dataset);
        from_bytes(&to_bytes(&dataset)).is_err()
    };
    for (text, wrong) in [
        ("x".repeat(longest), false),
        ("x".repeat(longest + 1), true),
        ("two\nlines".to_owned(), true),
        (String::new(), true),
    ] {
        let lines: [fn(&mut Dataset) -> &mut Option<String>; 4] = [
            |dataset| &mut dataset.description.service_level,
            |dataset| &mut dataset.columns[1].uncertainty,
            |dataset| &mut dataset.queries[0].description,
            |dataset| &mut dataset.queries[0].parameters[0].description,
        ];
        for line in lines {
            let change = |dataset: &mut Dataset| *line(dataset) = Some(text.clone());
            assert_eq!(refused(&change), wrong, "{text}");
        }
    }
    assert!(refused(
        &|dataset| dataset.queries[0].title = "a\nb".to_owned()
    ));
    assert!(refused(&|dataset| {
        dataset.queries[0].sql = "x".repeat(SavedQuery::LONGEST + 1);
    }));
    assert!(refused(&|dataset| {
        let one = dataset.queries[0].parameters[0].clone();
        dataset.queries[0].parameters = vec![one; SavedQuery::MOST_PARAMETERS + 1];
    }));
    assert!(refused(&|dataset| {
        dataset.queries = vec![dataset.queries[0].clone(); SavedQuery::MOST + 1];
    }));
    // The largest permitted set of texts is readable with any escaping, and no larger one.
    let with_texts = |texts: usize| {
        let mut dataset = described_dataset();
        let query = SavedQuery {
            title: "t".to_owned(),
            sql: "\n".repeat(SavedQuery::LONGEST - 1),
            parameters: Vec::new(),
            ..dataset.queries[0].clone()
        };
        dataset.queries = vec![query; texts];
        dataset
    };
    let most = SavedQuery::LONGEST_TOGETHER / SavedQuery::LONGEST;
    check(&with_texts(most));
    assert!(from_bytes(&to_bytes(&with_texts(most + 1))).is_err());
    let good = String::from_utf8(to_bytes(&described_dataset())).unwrap();
    for (from, to) in [
        ("\"forecast\"", "\"guessed\""),
        ("\"least\",\"type\":\"int\"", "\"least\",\"type\":\"blob\""),
        ("\"busy\"", "\"Busy\""),
    ] {
        let wrong = good.replacen(from, to, 1);
        assert_ne!(wrong, good, "{from}");
        assert!(from_bytes(wrong.as_bytes()).is_err(), "{to}");
    }
}
