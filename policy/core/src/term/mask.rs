//! Term 12, first half: a column shows NULL, or one value, in every row.

use super::canonical_value;
use super::odrl::{self, iri_json, right_operand, typed_literal, with_members};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::Refusal;
use crate::row_filter::PolicyLiteral;
use crate::value::column::MaskValue;
use hansa_audit_log::json::Json;

/// Mask as a term.
pub(super) struct MaskTerm<'a> {
    pub(super) column: &'a SqlIdentifier,
    pub(super) mask: &'a MaskValue,
}

pub(super) static MASKED: TermSpec = TermSpec {
    numbers: &[12],
    name: "mask",
    position: OdrlPosition::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[EnforcementPoint::Plan],
    codes: &[],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "the column shows NULL, or the one value, in every row",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for MaskTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &MASKED
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let json = match self.mask {
            MaskValue::Null => right_operand(iri_json("h:null")),
            MaskValue::Constant(value) => Json::object([
                ("rightOperand", iri_json("h:constant")),
                ("h:value", literal_json(value)),
            ]),
        };
        with_members(json, [("h:column", Json::from_display(self.column))])
    }

    fn to_canonical_json(&self) -> Json {
        let mask = match self.mask {
            MaskValue::Null => Json::Null,
            MaskValue::Constant(value) => canonical_value::canonical_literal(value),
        };
        Json::object([("column", Json::from_display(self.column)), ("mask", mask)])
    }

    fn treated_column(&self) -> Option<&SqlIdentifier> {
        Some(self.column)
    }

    // The types must match; this is checked where the type of the column is known (catalog/lint, catalog/view).
    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        match self.mask {
            MaskValue::Null => {}
            MaskValue::Constant(literal) => literal.check()?,
        }
        Ok(Some(EffectKind::MaskColumn {
            column: self.column.clone(),
            mask: self.mask.clone(),
        }))
    }
}

/// Reads the column and its replacement, where `word` calls for one.
pub(super) fn read_mask(
    form: &mut OdrlReader<'_>,
    word: &str,
) -> Result<(SqlIdentifier, MaskValue), Refusal> {
    let mask = match word {
        "h:null" => MaskValue::Null,
        "h:constant" => MaskValue::Constant(read_constant(form)?),
        other => return Err(form.unknown_refusal(format!("the mask `{other}` is not known"))),
    };
    Ok((form.read_column("h:column")?, mask))
}

fn read_constant(form: &mut OdrlReader<'_>) -> Result<PolicyLiteral, Refusal> {
    let (value, datatype) = form.read_literal("h:value")?;
    let wrong = |wanted: &str| form.malformed_refusal(format!("`{value}` is no {wanted}"));
    match datatype.as_str() {
        "xsd:string" => Ok(PolicyLiteral::Text(value)),
        "xsd:integer" => value
            .parse()
            .map(PolicyLiteral::Int)
            .map_err(|cause| wrong("integer").caused_by(cause)),
        "xsd:decimal" if odrl::is_decimal(&value) => Ok(PolicyLiteral::Decimal(value)),
        "xsd:decimal" => Err(wrong("decimal number")),
        "xsd:boolean" => value
            .parse()
            .map(PolicyLiteral::Bool)
            .map_err(|cause| wrong("boolean").caused_by(cause)),
        other => Err(form.unknown_refusal(format!(
            "the datatype `{other}` is not known for a constant"
        ))),
    }
}

fn literal_json(value: &PolicyLiteral) -> Json {
    match value {
        PolicyLiteral::Text(value) => typed_literal("xsd:string", value),
        PolicyLiteral::Int(value) => typed_literal("xsd:integer", value),
        PolicyLiteral::Decimal(value) => typed_literal("xsd:decimal", value),
        PolicyLiteral::Bool(value) => typed_literal("xsd:boolean", value),
    }
}
