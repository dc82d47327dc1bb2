//! Tests of entries and their errors.

use super::*;
use crate::fixture::{counts_dataset, sql_name};

#[track_caller]
fn check(change: impl FnOnce(&mut Dataset), expect: &[(ErrorCode, &str)]) {
    let snapshot = counts_dataset().schema();
    let mut dataset = counts_dataset();
    change(&mut dataset);
    let got: Vec<(ErrorCode, String)> = DatasetDraft { dataset }
        .check_snapshot(&snapshot)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|problem| (problem.code, problem.sentence))
        .collect();
    let expect: Vec<(ErrorCode, String)> = expect
        .iter()
        .map(|(code, sentence)| (*code, (*sentence).to_owned()))
        .collect();
    assert_eq!(got, expect);
}

#[test]
fn the_entry_says_what_the_snapshot_holds() {
    check(|_| {}, &[]);
    check(
        |dataset| {
            dataset.columns[0].kind = ColumnType::Int;
            dataset.columns[2].nullable = false;
            dataset.columns.pop();
        },
        &[
            (
                ErrorCode::SchemaMismatch,
                "`counts`: `site` is declared as int but stored as Utf8",
            ),
            (
                ErrorCode::SchemaMismatch,
                "`counts`: `day` is declared without NULL but may hold it",
            ),
            (
                ErrorCode::SchemaMismatch,
                "`counts`: the snapshot has a column `lat` more",
            ),
        ],
    );
    check(
        |dataset| {
            dataset.unit_column = Some(sql_name("nope"));
            dataset.zone = "Berlin".to_owned();
            dataset.area = Some([3_400_000.0, 5_000_000.0, 3_500_000.0, 5_100_000.0]);
        },
        &[
            (
                ErrorCode::ConfigInvalid,
                "`counts`: the unit column `nope` does not exist",
            ),
            (
                ErrorCode::ConfigInvalid,
                "`counts`: `Berlin` is no time zone",
            ),
            (
                ErrorCode::ConfigInvalid,
                "`counts`: the coordinates are not degrees; is the CRS right?",
            ),
        ],
    );
    check(
        |dataset| {
            let grid = dataset.grid.as_mut().unwrap();
            grid.dimensions[0].bucket = Some(TimeBucketWidth::Day);
            grid.dimensions[2].bucket = Some(TimeBucketWidth::Hour);
            grid.dimensions[1].column = sql_name("share");
        },
        &[
            (
                ErrorCode::ConfigInvalid,
                "`counts`: `site` holds text and has no day",
            ),
            (
                ErrorCode::ConfigInvalid,
                "`counts`: `share` is a floating-point number and can't be a dimension",
            ),
            (
                ErrorCode::ConfigInvalid,
                "`counts`: `day` holds dates, which have no hour",
            ),
        ],
    );
}

/// A UTC hour that belongs to two days would be released twice.
#[test]
fn an_hour_lies_in_one_period() {
    let released = |zone: &str, every| {
        let zone = zone.to_owned();
        move |dataset: &mut Dataset| {
            let grid = dataset.grid.as_mut().unwrap();
            let at = &mut grid.dimensions[1];
            at.zone = Some(zone);
            grid.release = Some(ReleaseTerm {
                column: at.column.clone(),
                every,
                late: hansa_policy::value::cube::LateDataPolicy::Never,
            });
        }
    };
    check(released("Europe/Berlin", TimeBucketWidth::Day), &[]);
    check(released("America/New_York", TimeBucketWidth::Month), &[]);
    check(released("Asia/Kolkata", TimeBucketWidth::Hour), &[]);
    check(
        released("Asia/Kolkata", TimeBucketWidth::Day),
        &[(
            ErrorCode::ConfigInvalid,
            "`counts`: days of `Asia/Kolkata` do not begin with an hour of UTC, so an hour of `at` is not released as a whole",
        )],
    );
    // Half an hour of summer time.
    assert!(!hansa_audit_log::time::keeps_hours("Australia/Lord_Howe"));
}
