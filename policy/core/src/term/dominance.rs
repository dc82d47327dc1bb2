//! Term 19: a measure of a cell is withheld where a few units contribute nearly all of it. Otherwise a unit could compute a
//! competitor's share from its own.
//!
//! The rule looks at the sum of the absolute values of each unit in the cell. By the p rule a cell is unsafe if the sum without the
//! two largest units is less than p percent of the largest. By the (n, k) rule it is unsafe if the n largest units make more than k
//! percent.

use super::odrl::{integer_literal, right_operand, with_members};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::id::SqlIdentifier;
use crate::refusal::{Refusal, contradiction_refusal};
use crate::value::cube::{DominanceRule, DominanceTerm};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

pub(super) static DOMINANCE_P: TermSpec = dominance_spec("h:dominanceP", "dominance_p");
pub(super) static DOMINANCE_NK: TermSpec = dominance_spec("h:dominanceNK", "dominance_nk");

const fn dominance_spec(operand: &'static str, name: &'static str) -> TermSpec {
    TermSpec {
        numbers: &[19],
        name,
        position: OdrlPosition::Action,
        operand,
        operators: &["lteq"],
        executed: &[EnforcementPoint::Plan],
        codes: &[],
        nature: DemandKind::Protection,
        hides_rows: false,
        remedy: "the measure of a cell that few dominate is absent",
        test: "a_measure_that_few_dominate_is_absent",
    }
}

impl DominanceTerm {
    /// Checks rules beyond the type, against the measures.
    pub(super) fn check(&self, measures: &[SqlIdentifier]) -> Result<(), Refusal> {
        if !measures.contains(&self.measure) {
            return Err(contradiction_refusal(format!(
                "`{}` is no measure, so nobody can dominate it",
                self.measure
            )));
        }
        let sensible = match self.rule {
            DominanceRule::P(p) => (1..=100).contains(&p),
            DominanceRule::Nk { n, k } => (1..=100).contains(&n) && (1..=100).contains(&k),
        };
        if !sensible {
            return Err(contradiction_refusal(
                "a dominance rule has percents from 1 to 100, and counts from 1 to 100 units",
            ));
        }
        Ok(())
    }
}

impl TermRule for DominanceTerm {
    fn spec(&self) -> &'static TermSpec {
        match self.rule {
            DominanceRule::P(_) => &DOMINANCE_P,
            DominanceRule::Nk { .. } => &DOMINANCE_NK,
        }
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let on = [
            ("h:column", Json::from_display(&self.measure)),
            ("h:unit", Json::from_display(&self.unit)),
        ];
        match self.rule {
            DominanceRule::P(p) => with_members(right_operand(integer_literal(p)), on),
            DominanceRule::Nk { n, k } => with_members(
                with_members(right_operand(integer_literal(k)), on),
                [("h:n", integer_literal(n))],
            ),
        }
    }

    fn to_canonical_json(&self) -> Json {
        let (n, percent) = match self.rule {
            DominanceRule::P(p) => (0, p),
            DominanceRule::Nk { n, k } => (n, k),
        };
        Json::object([
            ("measure", Json::from_display(&self.measure)),
            ("unit", Json::from_display(&self.unit)),
            ("n", Json::Int(i64::from(n))),
            ("percent", Json::Int(i64::from(percent))),
        ])
    }

    fn subject(&self) -> String {
        format!("{} {}", self.measure, self.unit)
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        vec![self.measure.clone(), self.unit.clone()]
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        // One rule of each kind for a measure and its units.
        Some(ClauseSubject::Values(format!(
            "{} {} {}",
            self.spec().name,
            self.measure,
            self.unit
        )))
    }
}

impl DominanceTerm {
    /// Comparison with another rule; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.measure != other.measure || self.unit != other.unit {
            return None;
        }
        match (self.rule, other.rule) {
            // A larger demanded remainder is tighter.
            (DominanceRule::P(one), DominanceRule::P(other)) => Some(other.cmp(&one)),
            (DominanceRule::Nk { n, k }, DominanceRule::Nk { n: m, k: l }) => {
                super::tightness_order::order_from_inclusion(n >= m && k <= l, n <= m && k >= l)
            }
            _ => None,
        }
    }
}

/// Reads the ODRL form of the p rule.
pub(super) fn read_p(form: &mut OdrlReader<'_>) -> Result<DominanceTerm, Refusal> {
    let p = form.read_number("rightOperand")?;
    read_dominance(form, DominanceRule::P(p))
}

/// Reads the ODRL form of the (n, k) rule.
pub(super) fn read_nk(form: &mut OdrlReader<'_>) -> Result<DominanceTerm, Refusal> {
    let rule = DominanceRule::Nk {
        n: form.read_number("h:n")?,
        k: form.read_number("rightOperand")?,
    };
    read_dominance(form, rule)
}

fn read_dominance(
    form: &mut OdrlReader<'_>,
    rule: DominanceRule,
) -> Result<DominanceTerm, Refusal> {
    Ok(DominanceTerm {
        measure: form.read_column("h:column")?,
        unit: form.read_column("h:unit")?,
        rule,
    })
}
