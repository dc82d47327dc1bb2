//! Term 12, second half: a column shows the first characters of its text.

use super::odrl::{integer_literal, iri_json};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{Refusal, contradiction_refusal};
use hansa_audit_log::json::Json;

/// Prefix as a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrefixTerm {
    /// Text column.
    pub column: SqlIdentifier,
    /// Number of kept characters (Unicode code points); at least 1.
    pub length: u32,
}

pub(super) static PREFIX: TermSpec = TermSpec {
    numbers: &[12],
    name: "prefix",
    position: OdrlPosition::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "the column shows its first characters",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for PrefixTerm {
    fn spec(&self) -> &'static TermSpec {
        &PREFIX
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", iri_json("h:prefix")),
            ("h:column", Json::from_display(&self.column)),
            ("h:length", integer_literal(self.length)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("column", Json::from_display(&self.column)),
            ("length", Json::Int(i64::from(self.length))),
        ])
    }

    fn treated_column(&self) -> Option<&SqlIdentifier> {
        Some(&self.column)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        if self.length == 0 {
            return Err(
                contradiction_refusal("a prefix of no characters shows nothing")
                    .with_help(format!("write mask = {{ {} = \"null\" }}", self.column)),
            );
        }
        Ok(Some(EffectKind::Shorten {
            column: self.column.clone(),
            length: self.length,
        }))
    }
}

/// Reads the ODRL form.
pub(super) fn read_prefix(form: &mut OdrlReader<'_>) -> Result<PrefixTerm, Refusal> {
    Ok(PrefixTerm {
        column: form.read_column("h:column")?,
        length: form.read_number("h:length")?,
    })
}
