//! Term 22: privacy budget. Each cell has noise that is drawn once, at its release. The budget limits what all releases of a
//! dataset together disclose about one unit.
//!
//! Neighbouring datasets differ by all rows of one unit. A limited number of cells of a period counts for each unit, in each cell a
//! limited number of its rows, with values clamped to their bounds. So a sum changes by at most cells × rows × bound, and discrete
//! Laplace noise with this sensitivity divided by epsilon makes a release epsilon-private. The existence of cells must not disclose
//! anything either, so the cells are all combinations of values that the contract lists.

use super::odrl::{
    decimal_literal, duration_literal, find_word, integer_literal, text_list, typed_literal,
    with_members,
};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use super::tightness_order;
use crate::id::{ParticipantId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use crate::strict_object::StrictObjectReader;
use crate::value::privacy_budget::amount::Epsilon;
use crate::value::privacy_budget::{ClampRange, DimensionValues, PrivacyBudgetTerm};
use crate::value::time::WIDTHS;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;
use std::fmt::Display;
use std::str::FromStr;

pub(super) static BUDGET: TermSpec = TermSpec {
    numbers: &[22],
    name: "privacy_budget",
    position: OdrlPosition::Action,
    operand: "h:epsilon",
    operators: &["lteq"],
    executed: &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    codes: &[ErrorCode::PrivacyBudgetSpent, ErrorCode::GridConflict],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "leave the period that the refusal names out of the question; cells come again with the next period of the budget",
    test: "noise_is_drawn_once_and_what_is_spent_is_counted",
};

impl TermRule for PrivacyBudgetTerm {
    fn spec(&self) -> &'static TermSpec {
        &BUDGET
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let bounds = self.bounds.iter().map(|one| {
            Json::object([
                ("h:column", Json::from_display(&one.measure)),
                ("h:low", decimal_literal(one.low)),
                ("h:high", decimal_literal(one.high)),
            ])
        });
        let values = self.values.iter().map(|one| {
            Json::object([
                ("h:column", Json::from_display(&one.column)),
                ("h:isAnyOf", text_list(&one.list)),
            ])
        });
        let mut json = Json::object([
            ("rightOperand", decimal_literal(self.most)),
            ("h:per", duration_literal(find_word(&WIDTHS, &self.per))),
            ("h:each", decimal_literal(self.each)),
            // Noise over all cells that the contract names needs no probability of failure.
            ("h:delta", decimal_literal("0")),
            ("h:unit", Json::from_display(&self.unit)),
            ("h:maxCellsPerUnit", integer_literal(self.cells)),
            ("h:maxRowsPerCell", integer_literal(self.rows)),
            ("h:from", typed_literal("xsd:dateTime", self.from)),
        ]);
        if !self.bounds.is_empty() {
            json = with_members(json, [("h:bounds", Json::List(bounds.collect()))]);
        }
        if !self.values.is_empty() {
            json = with_members(json, [("h:values", Json::List(values.collect()))]);
        }
        json
    }

    fn to_canonical_json(&self) -> Json {
        let sorted = |mut list: Vec<Json>| {
            list.sort_by_key(hansa_audit_log::json::to_canonical_bytes);
            Json::List(list)
        };
        let bounds = self.bounds.iter().map(|one| {
            Json::object([
                ("measure", Json::from_display(&one.measure)),
                ("low", Json::from_display(one.low)),
                ("high", Json::from_display(one.high)),
            ])
        });
        let values = self.values.iter().map(|one| {
            Json::object([
                ("column", Json::from_display(&one.column)),
                ("list", super::odrl::sorted_list(&one.list)),
            ])
        });
        Json::object([
            ("most", Json::from_display(self.most)),
            ("per", Json::from_display(self.per.as_str())),
            ("each", Json::from_display(self.each)),
            ("unit", Json::from_display(&self.unit)),
            ("cells", Json::Int(i64::from(self.cells))),
            ("rows", Json::Int(i64::from(self.rows))),
            ("bounds", sorted(bounds.collect())),
            ("values", sorted(values.collect())),
            ("from", Json::from_display(self.from)),
        ])
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        let bounded = self.bounds.iter().map(|one| &one.measure);
        let listed = self.values.iter().map(|one| &one.column);
        std::iter::once(&self.unit)
            .chain(bounded)
            .chain(listed)
            .cloned()
            .collect()
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("privacy_budget"))
    }
}

impl PrivacyBudgetTerm {
    /// Comparison with another budget; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        let alike = Self {
            most: other.most,
            each: other.each,
            ..self.clone()
        };
        if alike != *other {
            return None;
        }
        tightness_order::order_from_inclusion(
            self.most <= other.most && self.each <= other.each,
            self.most >= other.most && self.each >= other.each,
        )
    }
}

/// Reads the ODRL form.
pub(super) fn read_privacy_budget(form: &mut OdrlReader<'_>) -> Result<PrivacyBudgetTerm, Refusal> {
    let most: Epsilon = read_amount(form, "rightOperand")?;
    let each: Epsilon = read_amount(form, "h:each")?;
    let delta = form.read_decimal("h:delta")?;
    if delta != "0" {
        return Err(form.unknown_refusal(format!(
            "a delta of {delta} is not executed: noise is such that it is 0"
        )));
    }
    let per = form.read_typed_literal("h:per", "xsd:duration")?;
    let (bounds, values) = (
        form.members.take_items("h:bounds")?,
        form.members.take_items("h:values")?,
    );
    let codes = form.members.codes();
    let assigner = form.assigner;
    let bounds = bounds.into_iter().map(|(at, item)| {
        read_list_entry(
            StrictObjectReader::from_json(item, at, codes)?,
            assigner,
            |form| {
                Ok(ClampRange {
                    measure: form.read_column("h:column")?,
                    low: read_amount(form, "h:low")?,
                    high: read_amount(form, "h:high")?,
                })
            },
        )
    });
    let bounds = bounds.collect::<Result<_, Refusal>>()?;
    let values = values.into_iter().map(|(at, item)| {
        read_list_entry(
            StrictObjectReader::from_json(item, at, codes)?,
            assigner,
            |form| {
                Ok(DimensionValues {
                    column: form.read_column("h:column")?,
                    list: form.read_texts("h:isAnyOf")?,
                })
            },
        )
    });
    let values = values.collect::<Result<_, Refusal>>()?;
    Ok(PrivacyBudgetTerm {
        most,
        each,
        per: form.one_of(&WIDTHS, &per, "period")?,
        unit: form.read_column("h:unit")?,
        cells: form.read_number("h:maxCellsPerUnit")?,
        rows: form.read_number("h:maxRowsPerCell")?,
        bounds,
        values,
        from: form.read_instant("h:from")?,
    })
}

/// Reads a decimal number with a fixed number of decimals.
fn read_amount<T: FromStr<Err: Display>>(
    form: &mut OdrlReader<'_>,
    name: &str,
) -> Result<T, Refusal> {
    let text = form.read_decimal(name)?;
    text.parse()
        .map_err(|fault: T::Err| form.malformed_refusal(format!("`{text}` {fault}")))
}

/// Reads an entry of a list.
fn read_list_entry<T>(
    mut members: StrictObjectReader,
    assigner: &ParticipantId,
    read: impl FnOnce(&mut OdrlReader<'_>) -> Result<T, Refusal>,
) -> Result<T, Refusal> {
    let read = read(&mut OdrlReader {
        members: &mut members,
        operator: "",
        assigner,
    })?;
    members.finish()?;
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Term;

    fn budget(most: &str, each: &str) -> PrivacyBudgetTerm {
        let samples = Term::samples();
        let sample = samples.into_iter().find_map(|term| match term {
            Term::Budget(budget) => Some(budget),
            _ => None,
        });
        PrivacyBudgetTerm {
            most: most.parse().unwrap(),
            each: each.parse().unwrap(),
            ..sample.unwrap()
        }
    }

    #[test]
    fn less_to_spend_is_tighter() {
        let check = |one: (&str, &str), other: (&str, &str), expect| {
            let (one, other) = (budget(one.0, one.1), budget(other.0, other.1));
            assert_eq!(one.compare(&other), expect);
        };
        check(("1", "0.5"), ("1", "0.5"), Some(Ordering::Equal));
        check(("1", "0.25"), ("1", "0.5"), Some(Ordering::Less));
        check(("2", "0.5"), ("1", "0.5"), Some(Ordering::Greater));
        check(("2", "0.25"), ("1", "0.5"), None);
        let mut more = budget("1", "0.5");
        more.cells += 1;
        assert_eq!(more.compare(&budget("1", "0.5")), None);
    }

    #[test]
    fn what_a_unit_can_reach() {
        let mut budget = budget("1", "1");
        (budget.cells, budget.rows) = (3, 2);
        assert_eq!(budget.sensitivity(100_000), 600_000);
        assert_eq!(
            budget.noisy_number_count(),
            1 + 2 * budget.bounds.len() as u128
        );
    }
}
