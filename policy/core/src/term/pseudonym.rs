//! Term 11: a column shows a keyed hash, so that equal values stay equal and nobody can guess them.
//!
//! HMAC-SHA-256, cut to 128 bits and written as 32 hexadecimal digits. The key belongs to the dataset, the consumer, the first
//! version of the contract and the epoch: it outlives amendments, and rows of two contracts can't be joined over it.

use super::Term;
use super::odrl::{integer, iri, says, with};
use super::rule::{Binding, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use crate::effect::What;
use crate::id::Name;
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;

/// The term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pseudonym {
    /// The column; text or integers.
    pub column: Name,
    /// Another number is another key: raised by an amendment, it unlinks what comes from what came.
    pub epoch: u32,
}

pub(super) static PSEUDONYM: Spec = Spec {
    numbers: &[11],
    name: "pseudonym",
    place: Place::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[Stage::Plan],
    codes: &[],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "the column shows 32 hexadecimal digits; equal values have equal ones",
    test: "what_is_learned_is_a_function_of_the_view",
    read: super::mask::read,
};

impl Rule for Pseudonym {
    fn spec(&self) -> &'static Spec {
        &PSEUDONYM
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        with(
            says("h:mask", "eq", iri("h:hmac")),
            [
                ("h:column", Json::text(&self.column)),
                ("h:epoch", integer(self.epoch)),
            ],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let Self { column, epoch } = self;
        tongue.pick(
            format!("{column} is replaced by a keyed hash, the same for equal values (epoch {epoch})"),
            format!(
                "{column} ist durch einen Hash mit Schlüssel ersetzt, gleich bei gleichen Werten (Epoche {epoch})"
            ),
            format!(
                "{column} é substituído por um hash com chave, igual para valores iguais (época {epoch})"
            ),
        )
    }

    fn normal(&self) -> Json {
        Json::object([
            ("column", Json::text(&self.column)),
            ("epoch", Json::Int(i64::from(self.epoch))),
        ])
    }

    fn treats(&self) -> Option<&Name> {
        Some(&self.column)
    }

    fn effect(&self, to: &Binding<'_>) -> Result<Option<What>, Refusal> {
        Ok(Some(What::Pseudonymise {
            column: self.column.clone(),
            consumer: to.asker.clone(),
            contract: to.contract,
            epoch: self.epoch,
        }))
    }
}

pub(super) fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    Ok(Term::Pseudonym(Pseudonym {
        column: form.column("h:column")?,
        epoch: form.number("h:epoch")?,
    }))
}
