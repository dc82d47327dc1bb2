//! Term 18: a cell, and each measure in it, exists only with at least a number of units.

use super::odrl::{integer_literal, iri_json};
use super::rule::{
    ClauseSubject, DemandKind, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::id::SqlIdentifier;
use crate::refusal::{Refusal, contradiction_refusal};
use crate::strict_object::StrictObjectReader;
use crate::value::cube::CountingUnit;
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Smallest group size as a term.
pub(super) struct MinGroupTerm<'a> {
    pub(super) at_least: u32,
    pub(super) unit: &'a CountingUnit,
}

pub(super) static AT_LEAST: TermSpec = TermSpec {
    numbers: &[18],
    name: "min_group",
    position: OdrlPosition::Action,
    operand: "h:minContributors",
    operators: &["gteq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "a group that is too small looks like an empty one: neither exists",
    test: "what_is_learned_is_a_function_of_the_cells",
};

impl TermRule for MinGroupTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &AT_LEAST
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let unit = match self.unit {
            CountingUnit::Column(column) => Json::from_display(column),
            CountingUnit::Rows => iri_json("h:rows"),
        };
        let least = integer_literal(self.at_least);
        Json::object([("rightOperand", least), ("h:unit", unit)])
    }

    fn to_canonical_json(&self) -> Json {
        let unit = match self.unit {
            CountingUnit::Column(column) => Json::from_display(column),
            CountingUnit::Rows => Json::Null,
        };
        Json::object([
            ("at_least", Json::Int(i64::from(self.at_least))),
            ("unit", unit),
        ])
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("min_group"))
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        match self.unit {
            CountingUnit::Column(column) => vec![column.clone()],
            CountingUnit::Rows => Vec::new(),
        }
    }
}

impl MinGroupTerm<'_> {
    /// Comparison with another clause; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (self.unit, other.unit) {
            (one, two) if one == two => Some(other.at_least.cmp(&self.at_least)),
            // A column never has more distinct values than rows.
            (CountingUnit::Column(_), CountingUnit::Rows) if self.at_least >= other.at_least => {
                Some(Ordering::Less)
            }
            (CountingUnit::Rows, CountingUnit::Column(_)) if self.at_least <= other.at_least => {
                Some(Ordering::Greater)
            }
            _ => None,
        }
    }
}

pub(super) fn check_group_size(at_least: u32) -> Result<(), Refusal> {
    if at_least == 0 {
        return Err(contradiction_refusal("a minimum group counts at least 1"));
    }
    Ok(())
}

/// Reads the ODRL form.
pub(super) fn read_min_group(form: &mut OdrlReader<'_>) -> Result<(u32, CountingUnit), Refusal> {
    Ok((form.read_number("rightOperand")?, read_unit(form)?))
}

/// Counted unit: a column, or rows.
pub(super) fn read_unit(form: &mut OdrlReader<'_>) -> Result<CountingUnit, Refusal> {
    let members = &mut *form.members;
    match members.take_member("h:unit")? {
        Json::Text(column) => match column.parse() {
            Ok(column) => Ok(CountingUnit::Column(column)),
            Err(fault) => Err(members
                .codes()
                .malformed_refusal(format!("the unit `{column}`: {fault}"))),
        },
        other => {
            let mut unit = StrictObjectReader::from_json(
                other,
                members.member_path("h:unit"),
                members.codes(),
            )?;
            unit.exactly_text("@id", "h:rows")?;
            unit.finish()?;
            Ok(CountingUnit::Rows)
        }
    }
}
