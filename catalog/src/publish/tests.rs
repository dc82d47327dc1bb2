//! Entries and what is wrong with them.

use super::*;
use crate::fixture::{counts, name};

#[track_caller]
fn check(change: impl FnOnce(&mut Dataset), expect: &[(Code, &str)]) {
    let snapshot = counts().schema();
    let mut dataset = counts();
    change(&mut dataset);
    let got: Vec<(Code, String)> = Draft { dataset }
        .check(&snapshot)
        .err()
        .unwrap_or_default()
        .into_iter()
        .map(|problem| (problem.code, problem.sentence))
        .collect();
    let expect: Vec<(Code, String)> = expect
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
                Code::SchemaMismatch,
                "`counts`: `site` is declared as int but stored as Utf8",
            ),
            (
                Code::SchemaMismatch,
                "`counts`: `day` is declared without NULL but may hold it",
            ),
            (
                Code::SchemaMismatch,
                "`counts`: the snapshot has a column `lat` more",
            ),
        ],
    );
    check(
        |dataset| {
            dataset.unit_column = Some(name("nope"));
            dataset.zone = "Berlin".to_owned();
            dataset.area = Some([3_400_000.0, 5_000_000.0, 3_500_000.0, 5_100_000.0]);
        },
        &[
            (
                Code::ConfigInvalid,
                "`counts`: the unit column `nope` does not exist",
            ),
            (Code::ConfigInvalid, "`counts`: `Berlin` is no time zone"),
            (
                Code::ConfigInvalid,
                "`counts`: the coordinates are not degrees; is the CRS right?",
            ),
        ],
    );
    check(
        |dataset| {
            let grid = dataset.grid.as_mut().unwrap();
            grid.dimensions[0].bucket = Some(Bucket::Day);
            grid.dimensions[2].bucket = Some(Bucket::Hour);
            grid.dimensions[1].column = name("share");
        },
        &[
            (
                Code::ConfigInvalid,
                "`counts`: `site` holds text and has no day",
            ),
            (
                Code::ConfigInvalid,
                "`counts`: `share` is a floating-point number and can't be a dimension",
            ),
            (
                Code::ConfigInvalid,
                "`counts`: `day` holds dates, which have no hour",
            ),
        ],
    );
}
