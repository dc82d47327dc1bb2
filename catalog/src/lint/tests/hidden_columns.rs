//! Tests of visible columns about persons, and of filters that disclose a hidden column.

use super::*;

#[test]
fn persons_that_show() {
    let marked = |dataset: &mut Dataset| dataset.columns[6].personal = true;
    case_on(personal, vec![Term::ResultRows(9)], &["W UNIT_VISIBLE -"]);
    case_on(
        marked,
        vec![Term::Columns(sql_names(&["device"]))],
        &[
            "E LEGAL_BASIS_MISSING -",
            "W UNIT_VISIBLE #c1",
            "W PERSONAL_VISIBLE #c1",
        ],
    );
    case_on(marked, vec![mask("device", MaskValue::Null)], &[]);
    case_on(marked, vec![Term::Columns(sql_names(&["site"]))], &[]);
}

#[test]
fn filters_on_what_is_hidden() {
    let shown = || Term::Columns(sql_names(&["site"]));
    case(
        vec![shown(), rows("bikes > 3")],
        &["W FILTER_ON_TREATED_COLUMN #c2"],
    );
    case(
        vec![rows("bikes > 3"), mask("bikes", MaskValue::Null)],
        &["W FILTER_ON_TREATED_COLUMN #c1"],
    );
    case(vec![shown(), rows("device = {{consumer}}")], &[]);
    case(
        vec![shown(), rows("device = {{consumer}} OR device = 'x'")],
        &["W FILTER_ON_TREATED_COLUMN #c2"],
    );
}
