//! Term 12, first half: a column shows NULL, or one value, in every row.

use super::odrl::{self, iri, says, typed, with};
use super::rule::{Binding, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Mask, Term, normal};
use crate::effect::What;
use crate::id::Name;
use crate::refusal::Refusal;
use crate::row_filter::Literal;
use hansa_audit_log::json::Json;

/// The term.
pub(super) struct Masked<'a> {
    pub(super) column: &'a Name,
    pub(super) mask: &'a Mask,
}

pub(super) static MASKED: Spec = Spec {
    numbers: &[12],
    name: "mask",
    place: Place::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[Stage::Plan],
    codes: &[],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "the column shows NULL, or the one value, in every row",
    test: "what_is_learned_is_a_function_of_the_view",
    read,
};

impl Rule for Masked<'_> {
    fn spec(&self) -> &'static Spec {
        &MASKED
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        let json = match self.mask {
            Mask::Null => says("h:mask", "eq", iri("h:null")),
            Mask::Constant(value) => with(
                says("h:mask", "eq", iri("h:constant")),
                [("h:value", literal(value))],
            ),
        };
        with(json, [("h:column", Json::text(self.column))])
    }

    fn say(&self, tongue: Tongue) -> String {
        let column = self.column;
        let value = match self.mask {
            Mask::Null => "NULL".to_owned(),
            Mask::Constant(value) => value.to_string(),
        };
        tongue.pick(
            format!("{column} is always {value}"),
            format!("{column} ist immer {value}"),
            format!("{column} é sempre {value}"),
        )
    }

    fn normal(&self) -> Json {
        let mask = match self.mask {
            Mask::Null => Json::Null,
            Mask::Constant(value) => normal::literal(value),
        };
        Json::object([("column", Json::text(self.column)), ("mask", mask)])
    }

    fn treats(&self) -> Option<&Name> {
        Some(self.column)
    }

    // The types must fit each other; that is checked where the column's type is known (catalog/lint, catalog/view).
    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        match self.mask {
            Mask::Null => {}
            Mask::Constant(literal) => literal.check()?,
        }
        Ok(Some(What::MaskColumn {
            column: self.column.clone(),
            mask: self.mask.clone(),
        }))
    }
}

pub(super) fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    let word = form.iri("rightOperand")?;
    let mask = match word.as_str() {
        "h:null" => Mask::Null,
        "h:constant" => Mask::Constant(constant(form)?),
        "h:hmac" => return super::pseudonym::read(form),
        "h:prefix" => return super::prefix::read(form),
        "h:band" => return super::band::read(form),
        other => return Err(form.unknown(format!("the mask `{other}` is not known"))),
    };
    Ok(Term::Mask {
        column: form.column("h:column")?,
        mask,
    })
}

fn constant(form: &mut Form<'_>) -> Result<Literal, Refusal> {
    let (value, datatype) = form.literal("h:value")?;
    let wrong = |wanted: &str| form.wrong(format!("`{value}` is no {wanted}"));
    match datatype.as_str() {
        "xsd:string" => Ok(Literal::Text(value)),
        "xsd:integer" => value
            .parse()
            .map(Literal::Int)
            .map_err(|_| wrong("integer")),
        "xsd:decimal" if odrl::is_decimal(&value) => Ok(Literal::Decimal(value)),
        "xsd:decimal" => Err(wrong("decimal number")),
        "xsd:boolean" => value
            .parse()
            .map(Literal::Bool)
            .map_err(|_| wrong("boolean")),
        other => Err(form.unknown(format!(
            "the datatype `{other}` is not known for a constant"
        ))),
    }
}

fn literal(value: &Literal) -> Json {
    match value {
        Literal::Text(value) => typed("xsd:string", value),
        Literal::Int(value) => typed("xsd:integer", value),
        Literal::Decimal(value) => typed("xsd:decimal", value),
        Literal::Bool(value) => typed("xsd:boolean", value),
    }
}
