//! The budget in words.

use super::{Language, TimeBucketWidth};
use crate::message::message;
use crate::value::privacy_budget::PrivacyBudgetTerm;

/// The sentence.
pub(super) fn said(budget: &PrivacyBudgetTerm, tongue: Language) -> String {
    let PrivacyBudgetTerm {
        most,
        per,
        each,
        unit,
        cells,
        rows,
        bounds,
        values,
        from,
    } = budget;
    let per = match per {
        TimeBucketWidth::QuarterHour => message!(tongue, "budget-quarter-hour"),
        TimeBucketWidth::Hour => message!(tongue, "budget-hour"),
        TimeBucketWidth::Day => message!(tongue, "budget-day"),
        TimeBucketWidth::Week => message!(tongue, "budget-week"),
        TimeBucketWidth::Month => message!(tongue, "budget-month"),
        TimeBucketWidth::Year => message!(tongue, "budget-year"),
    };
    let held: Vec<String> = bounds
        .iter()
        .map(|one| {
            let (measure, low, high) = (&one.measure, one.low, one.high);
            message!(tongue, "budget-bounds", measure, low, high)
        })
        .collect();
    let held = match held.is_empty() {
        true => String::new(),
        false => {
            let held = tongue.all_of(&held);
            message!(tongue, "budget-held", held)
        }
    };
    let named: Vec<String> = values
        .iter()
        .map(|one| format!("{} {}", one.column, tongue.all_of(&one.list)))
        .collect();
    let named = match named.is_empty() {
        true => String::new(),
        false => format!(" ({})", named.join("; ")),
    };
    message!(
        tongue, "budget", each, most, per, unit, cells, rows, held, from, named
    )
}
