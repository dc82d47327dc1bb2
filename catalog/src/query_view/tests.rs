//! Tests of the view's schema for each shape of policy.

use super::*;
use crate::fixture::{GRID, clauses, counts_dataset, sql_name, sql_names};
use arrow_schema::DataType;
use hansa_policy::row_filter::{PolicyLiteral, parse_row_filter};
use hansa_policy::term::Term;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use hansa_policy::term::rule::EffectBinding;
use hansa_policy::value::area::{BoundingBox, PublishedAreaTerm};
use hansa_policy::value::column::LookupTerm;
use hansa_policy::value::cube::{CountingUnit, CubeFunction};

fn shaped(terms: Vec<Term>) -> Result<ViewShape, Refusal> {
    let asker = "hansa://firm.example".parse().unwrap();
    let effects = hansa_policy::term::clause_effects::of_clauses(
        &clauses(terms),
        &EffectBinding::of(&asker),
    )?;
    view_shape(&counts_dataset(), &effects)
}

#[test]
fn a_prohibited_column_does_not_exist() {
    let hidden = |list: &[&str]| {
        Term::from(ProhibitionTerm {
            action: ProhibitedAction::Use,
            part: Some(ProhibitedPart::Columns(sql_names(list))),
            condition: ProhibitionCondition::ALWAYS,
        })
    };
    let shown = Term::Columns(sql_names(&["site", "bikes"]));
    let less = vec![hidden(&["bikes"]), shown.clone()];
    let Ok(ViewShape::Rows(schema)) = shaped(less) else {
        panic!("rows")
    };
    let columns: Vec<&str> = schema
        .fields()
        .iter()
        .map(|one| one.name().as_str())
        .collect();
    assert_eq!(columns, ["site"]);
    let nothing = vec![hidden(&["site", "bikes"]), shown];
    let code = shaped(nothing).map(|_| ()).map_err(|refusal| refusal.code);
    assert_eq!(code, Err(ErrorCode::PolicyContradiction));
}

fn listed(schema: &Schema) -> String {
    let fields: Vec<String> = schema
        .fields()
        .iter()
        .map(|field| {
            let null = if field.is_nullable() { "?" } else { "" };
            let kind = match field.data_type() {
                DataType::Timestamp(_, _) => "instant".to_owned(),
                other => other.to_string(),
            };
            format!("{} {kind}{null}", field.name())
        })
        .collect();
    fields.join(", ")
}

#[track_caller]
fn rows(terms: Vec<Term>, expect: &str) {
    match shaped(terms).unwrap() {
        ViewShape::Rows(schema) => assert_eq!(listed(&schema), expect),
        ViewShape::Cube { .. } => panic!("rows"),
    }
}

#[track_caller]
fn refused(terms: Vec<Term>, code: ErrorCode) {
    assert_eq!(shaped(terms).unwrap_err().code, code);
}

fn mask(column: &str, mask: MaskValue) -> Term {
    Term::Mask {
        column: sql_name(column),
        mask,
    }
}

fn bucket(column: &str, bucket: TimeBucketWidth) -> Term {
    Term::TimeBucket {
        column: sql_name(column),
        bucket,
        zone: None,
    }
}

#[test]
fn row_form() {
    let shown = || Term::Columns(sql_names(&["bikes", "at"]));
    rows(vec![shown()], "at instant, bikes Int64?");
    rows(
        vec![shown(), mask("at", MaskValue::Null)],
        "at instant?, bikes Int64?",
    );
    rows(
        vec![
            shown(),
            mask("bikes", MaskValue::Constant(PolicyLiteral::Int(0))),
        ],
        "at instant, bikes Int64",
    );
    rows(
        vec![shown(), bucket("at", TimeBucketWidth::Month)],
        "at instant, bikes Int64?",
    );
    rows(
        vec![
            shown(),
            Term::Rows(parse_row_filter("device IS NOT NULL").unwrap()),
        ],
        "at instant, bikes Int64?",
    );
}

fn cells(lon: &str, cell: &str) -> Term {
    Term::PlaceCells(PlaceCellsTerm {
        lon: sql_name(lon),
        lat: sql_name("lat"),
        cell: sql_name(cell),
        size: "h3:7".parse().unwrap(),
    })
}

#[test]
fn cells_take_the_place_of_degrees() {
    let shown = || Term::Columns(sql_names(&["lat", "lon", "site"]));
    rows(
        vec![shown(), cells("lon", "cell")],
        "site Utf8?, cell Utf8?",
    );
    rows(
        vec![cells("lon", "cell"), shown()],
        "site Utf8?, cell Utf8?",
    );
    rows(
        vec![cells("share", "cell"), mask("site", MaskValue::Null)],
        "site Utf8?, at instant, day Date32?, bikes Int64?, cell Utf8?, open Boolean?, device Utf8?, lon Float64?",
    );
    refused(vec![cells("bikes", "cell")], ErrorCode::TermIllTyped);
    refused(vec![cells("nope", "cell")], ErrorCode::TermColumnUnknown);
    refused(vec![cells("lon", "device")], ErrorCode::PolicyContradiction);
    // A hidden column does not exist: its name is free, so that the name does not disclose the column.
    rows(
        vec![shown(), cells("lon", "device")],
        "site Utf8?, device Utf8?",
    );
}

#[test]
fn levels_are_texts_and_areas_are_of_degrees() {
    let list = hansa_audit_log::digest::Digest::of(b"list");
    let level = |column: &str| {
        Term::Lookup(LookupTerm {
            column: sql_name(column),
            table: list,
            level: "section".to_owned(),
        })
    };
    let shown = || Term::Columns(sql_names(&["bikes", "at"]));
    rows(vec![shown(), level("bikes")], "at instant, bikes Utf8?");
    refused(vec![level("at")], ErrorCode::TermIllTyped);
    refused(vec![level("nope")], ErrorCode::TermColumnUnknown);
    let within = |lon: &str| {
        Term::PublishedArea(PublishedAreaTerm {
            lon: sql_name(lon),
            lat: sql_name("lat"),
            list,
            which: "name=a".parse().unwrap(),
        })
    };
    rows(vec![shown(), within("lon")], "at instant, bikes Int64?");
    refused(vec![within("bikes")], ErrorCode::TermIllTyped);
    refused(vec![within("lat")], ErrorCode::PolicyContradiction);
}

#[test]
fn aggregate_form() {
    let permitting = |functions: &[CubeFunction], measures: &[&str], dimensions: &[&str]| {
        vec![
            Term::Functions(functions.to_vec()),
            Term::Dimensions(sql_names(dimensions)),
            Term::Measures(sql_names(measures)),
            Term::Grid(GRID.to_owned()),
            Term::MinGroup {
                at_least: 10,
                unit: CountingUnit::Column(sql_name("device")),
            },
        ]
    };
    let cube = |measures: &[&str], dimensions: &[&str]| {
        permitting(
            &[CubeFunction::Count, CubeFunction::Sum],
            measures,
            dimensions,
        )
    };
    let ViewShape::Cube { base, cells, .. } =
        shaped(cube(&["bikes", "share"], &["site", "at"])).unwrap()
    else {
        panic!("a cube")
    };
    assert_eq!(
        listed(&base),
        "site Utf8?, at instant, bikes Int64?, share Float64?"
    );
    assert_eq!(
        listed(&cells),
        "site Utf8?, at instant, n Int64, cnt_bikes Int64?, sum_bikes Int64?, cnt_share Int64?, sum_share Float64?"
    );
    // The cells show what the functions disclose; the columns for totals are never shown.
    let (count, sum, avg) = (CubeFunction::Count, CubeFunction::Sum, CubeFunction::Avg);
    for (functions, text, made_of) in [
        (
            vec![count],
            "n Int64, cnt_bikes Int64?",
            "n Int64, cnt_bikes Int64?",
        ),
        (vec![sum], "sum_bikes Int64?", "sum_bikes Int64?"),
        (vec![avg], "", "cnt_bikes Int64?, sum_bikes Int64?"),
        (
            vec![count, avg],
            "n Int64, cnt_bikes Int64?",
            "n Int64, cnt_bikes Int64?, sum_bikes Int64?",
        ),
        (
            vec![sum, avg],
            "sum_bikes Int64?",
            "cnt_bikes Int64?, sum_bikes Int64?",
        ),
    ] {
        let shape = shaped(permitting(&functions, &["bikes"], &["site"])).unwrap();
        let ViewShape::Cube { cells, totals, .. } = shape else {
            panic!("a cube")
        };
        let with = |more: &str| {
            format!("site Utf8?, {more}")
                .trim_end_matches(", ")
                .to_owned()
        };
        assert_eq!(listed(&cells), with(text), "{functions:?}");
        assert_eq!(listed(&totals), with(made_of), "{functions:?}");
    }
    refused(cube(&["site"], &["at"]), ErrorCode::TermIllTyped);
    refused(cube(&["bikes"], &["share"]), ErrorCode::TermIllTyped);
    refused(cube(&["bikes"], &["nope"]), ErrorCode::TermColumnUnknown);
}

#[test]
fn terms_that_do_not_fit_the_dataset() {
    refused(
        vec![Term::Columns(sql_names(&["nope"]))],
        ErrorCode::TermColumnUnknown,
    );
    refused(
        vec![mask("nope", MaskValue::Null)],
        ErrorCode::TermColumnUnknown,
    );
    refused(
        vec![mask(
            "bikes",
            MaskValue::Constant(PolicyLiteral::Text("x".into())),
        )],
        ErrorCode::TermIllTyped,
    );
    refused(
        vec![bucket("bikes", TimeBucketWidth::Hour)],
        ErrorCode::TermIllTyped,
    );
    refused(
        vec![bucket("day", TimeBucketWidth::Hour)],
        ErrorCode::TermIllTyped,
    );
    refused(
        vec![Term::Rows(parse_row_filter("bikes = 'x'").unwrap())],
        ErrorCode::TermIllTyped,
    );
    refused(
        vec![Term::Rows(parse_row_filter("nope IS NULL").unwrap())],
        ErrorCode::TermColumnUnknown,
    );
    let area = |lon: &str| Term::Area {
        lon: sql_name(lon),
        lat: sql_name("lat"),
        bounds: BoundingBox {
            west: "7".into(),
            south: "51".into(),
            east: "8".into(),
            north: "52".into(),
        },
    };
    assert!(shaped(vec![area("lon")]).is_ok());
    refused(vec![area("site")], ErrorCode::TermIllTyped);
}
