//! Term 38: while the contract is in force, the provider signs no other on the dataset.

use super::Term;
use super::odrl::says;
use super::rule::{Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Term 38: while this contract is in force, the provider signs no other on the dataset.
pub(super) struct Exclusive;

pub(super) static EXCLUSIVE: Spec = Spec {
    numbers: &[38],
    name: "exclusive",
    place: Place::Permission,
    operand: "h:exclusive",
    operators: &["eq"],
    executed: &[Stage::Signing],
    codes: &[Code::ExclusivityClash],
    nature: Nature::Use,
    hides_rows: false,
    mend: "the provider signs for another time, or ends the exclusive contract first",
    test: "an_exclusive_contract_bars_another",
    read: read_exclusive,
};

impl Rule for Exclusive {
    fn spec(&self) -> &'static Spec {
        &EXCLUSIVE
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:exclusive", "eq", super::odrl::typed("xsd:boolean", true))
    }

    fn say(&self, tongue: Tongue) -> String {
        tongue
            .pick(
                "nobody else gets a contract on the dataset for this time",
                "niemand sonst erhält für diese Zeit einen Vertrag über den Datensatz",
                "ninguém mais recebe um contrato sobre o conjunto de dados neste período",
            )
            .to_owned()
    }

    fn normal(&self) -> Json {
        Json::Bool(true)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("exclusive"))
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        matches!(other, Term::Exclusive).then_some(Ordering::Equal)
    }
}

fn read_exclusive(form: &mut Form<'_>) -> Result<Term, Refusal> {
    match form.typed("rightOperand", "xsd:boolean")?.as_str() {
        "true" => Ok(Term::Exclusive),
        other => Err(form.unknown(format!("`{other}` is no exclusivity that is known"))),
    }
}
