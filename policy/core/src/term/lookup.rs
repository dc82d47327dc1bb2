//! Term 13, second half: a column shows the level of its value in a published hierarchy.
//!
//! The contract names the table of the hierarchy by the digest of its file. A value that is not in the table becomes NULL.

use super::odrl::iri_json;
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::value::column::LookupTerm;
use hansa_audit_log::json::Json;

pub(super) static LOOKUP: TermSpec = TermSpec {
    numbers: &[13],
    name: "lookup",
    position: OdrlPosition::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    codes: &[ErrorCode::TermNotExecutableHere],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "the column shows the level of the table, NULL where the table does not know the value; a provider that does not hold the table signs and answers nothing",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for LookupTerm {
    fn spec(&self) -> &'static TermSpec {
        &LOOKUP
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", iri_json("h:band")),
            ("h:column", Json::from_display(&self.column)),
            ("h:lookup", Json::from_display(self.table)),
            ("h:level", Json::from_display(&self.level)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("column", Json::from_display(&self.column)),
            ("table", Json::from_display(self.table)),
            ("level", Json::from_display(&self.level)),
        ])
    }

    fn treated_column(&self) -> Option<&SqlIdentifier> {
        Some(&self.column)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        if !is_level(&self.level) {
            return Err(contradiction_refusal("the level of the table has no name"));
        }
        Ok(Some(EffectKind::LookUp(self.clone())))
    }
}

/// Reads the ODRL form; `table` names the table.
pub(super) fn read_lookup(form: &mut OdrlReader<'_>, table: &str) -> Result<LookupTerm, Refusal> {
    let table = table.parse().map_err(|cause| {
        form.malformed_refusal(format!("`{table}` is no SHA-256 digest"))
            .caused_by(cause)
    })?;
    let level = form.read_text("h:level")?;
    if !is_level(&level) {
        return Err(form.malformed_refusal(format!("`{level}` is no name of a level")));
    }
    Ok(LookupTerm {
        column: form.read_column("h:column")?,
        table,
        level,
    })
}

/// True for the name of a level: 1 to 200 displayable characters.
#[must_use]
pub fn is_level(text: &str) -> bool {
    !text.trim().is_empty() && text.len() <= 200 && !text.chars().any(char::is_control)
}
