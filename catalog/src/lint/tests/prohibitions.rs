//! Tests of prohibitions of a part or under a condition.

use super::*;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};

fn prohibited(part: ProhibitedPart) -> Term {
    let (act, when) = (ProhibitedAction::Use, ProhibitionCondition::ALWAYS);
    let part = Some(part);
    ProhibitionTerm {
        action: act,
        part,
        condition: when,
    }
    .into()
}

fn rows_of(filter: &str) -> Term {
    prohibited(ProhibitedPart::Rows(parse_row_filter(filter).unwrap()))
}

fn columns_of(list: &[&str]) -> Term {
    prohibited(ProhibitedPart::Columns(sql_names(list)))
}

#[test]
fn rows_that_are_prohibited() {
    case(vec![rows_of("site = 'c'")], &[]);
    case(vec![rows_of("nope = 'c'")], &["E TERM_COLUMN_UNKNOWN #c1"]);
    case(vec![rows_of("bikes = 'c'")], &["E TERM_ILL_TYPED #c1"]);
    // The remaining part is empty.
    case(
        vec![rows("site = 'a'"), rows_of("site IN ('a', 'b')")],
        &["E POLICY_CONTRADICTION #c2"],
    );
    case(
        vec![Term::Columns(sql_names(&["site"])), rows_of("bikes > 3")],
        &["W FILTER_ON_TREATED_COLUMN #c2"],
    );
}

#[test]
fn columns_that_are_prohibited() {
    case(vec![columns_of(&["bikes"])], &[]);
    case(vec![columns_of(&["nope"])], &["E TERM_COLUMN_UNKNOWN #c1"]);
    case(
        vec![Term::Columns(sql_names(&["site"])), columns_of(&["site"])],
        &["E POLICY_CONTRADICTION -"],
    );
    // The rows are selected by a removed column.
    case(
        vec![columns_of(&["bikes"]), rows("bikes > 3")],
        &["W FILTER_ON_TREATED_COLUMN #c2"],
    );
    // Removed columns about persons need no legal basis.
    let about = |dataset: &mut Dataset| {
        for column in &mut dataset.columns {
            column.personal = column.name == sql_name("site");
        }
    };
    let shown = Term::Columns(sql_names(&["site", "bikes"]));
    case_on(about, vec![shown, columns_of(&["site"])], &[]);
}

#[test]
fn purposes_that_are_prohibited() {
    let purpose = |one: &str| {
        let when = ProhibitionCondition {
            purpose: Some(vec![one.parse().unwrap()]),
            ..ProhibitionCondition::ALWAYS
        };
        let (act, part) = (ProhibitedAction::Use, None);
        Term::from(ProhibitionTerm {
            action: act,
            part,
            condition: when,
        })
    };
    case(vec![purpose("dpv:Research")], &[]);
    case(vec![purpose("nope")], &["E PURPOSE_UNKNOWN #c1"]);
    case(
        vec![purpose("dpv:Purpose")],
        &["E POLICY_CONTRADICTION #c1"],
    );
}
