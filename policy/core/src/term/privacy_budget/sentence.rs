//! The budget in words.

use super::{Language, TimeBucketWidth};
use crate::message::message;
use crate::value::privacy_budget::PrivacyBudgetTerm;

/// The sentence.
pub(super) fn sentence(budget: &PrivacyBudgetTerm, language: Language) -> String {
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
        TimeBucketWidth::QuarterHour => message!(language, "budget-quarter-hour"),
        TimeBucketWidth::Hour => message!(language, "budget-hour"),
        TimeBucketWidth::Day => message!(language, "budget-day"),
        TimeBucketWidth::Week => message!(language, "budget-week"),
        TimeBucketWidth::Month => message!(language, "budget-month"),
        TimeBucketWidth::Year => message!(language, "budget-year"),
    };
    let held: Vec<String> = bounds
        .iter()
        .map(|one| {
            let (measure, low, high) = (&one.measure, one.low, one.high);
            message!(language, "budget-bounds", measure, low, high)
        })
        .collect();
    let held = match held.is_empty() {
        true => String::new(),
        false => {
            let held = language.all_of(&held);
            message!(language, "budget-held", held)
        }
    };
    let named: Vec<String> = values
        .iter()
        .map(|one| format!("{} {}", one.column, language.all_of(&one.list)))
        .collect();
    let named = match named.is_empty() {
        true => String::new(),
        false => format!(" ({})", named.join("; ")),
    };
    message!(
        language, "budget", each, most, per, unit, cells, rows, held, from, named
    )
}
