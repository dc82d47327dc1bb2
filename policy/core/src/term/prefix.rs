//! Term 12, second half: a column shows the first characters of its text.

use super::odrl::{integer, iri};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{Refusal, contradiction};
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

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", iri("h:prefix")),
            ("h:column", Json::text(&self.column)),
            ("h:length", integer(self.length)),
        ])
    }

    fn canonical(&self) -> Json {
        Json::object([
            ("column", Json::text(&self.column)),
            ("length", Json::Int(i64::from(self.length))),
        ])
    }

    fn column(&self) -> Option<&SqlIdentifier> {
        Some(&self.column)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        if self.length == 0 {
            return Err(contradiction("a prefix of no characters shows nothing")
                .with_help(format!("write mask = {{ {} = \"null\" }}", self.column)));
        }
        Ok(Some(EffectKind::Shorten {
            column: self.column.clone(),
            length: self.length,
        }))
    }
}

/// Reads the ODRL form.
pub(super) fn read(form: &mut OdrlReader<'_>) -> Result<PrefixTerm, Refusal> {
    Ok(PrefixTerm {
        column: form.column("h:column")?,
        length: form.number("h:length")?,
    })
}
