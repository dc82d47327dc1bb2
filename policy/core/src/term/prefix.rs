//! Term 12, second half: a column shows the first characters of its text.

use super::odrl::{integer, iri, says, with};
use super::rule::{Binding, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Term, contradiction};
use crate::effect::What;
use crate::id::Name;
use crate::refusal::Refusal;
use hansa_audit_log::json::Json;

/// The term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefix {
    /// The column; text.
    pub column: Name,
    /// How many characters (Unicode code points) are left; at least 1.
    pub length: u32,
}

pub(super) static PREFIX: Spec = Spec {
    numbers: &[12],
    name: "prefix",
    place: Place::Action,
    operand: "h:mask",
    operators: &["eq"],
    executed: &[Stage::Plan],
    codes: &[],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "the column shows its first characters",
    test: "what_is_learned_is_a_function_of_the_view",
    read: super::mask::read,
};

impl Rule for Prefix {
    fn spec(&self) -> &'static Spec {
        &PREFIX
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        with(
            says("h:mask", "eq", iri("h:prefix")),
            [
                ("h:column", Json::text(&self.column)),
                ("h:length", integer(self.length)),
            ],
        )
    }

    fn say(&self, tongue: Tongue) -> String {
        let Self { column, length } = self;
        tongue.pick(
            format!("{column} shows its first {length} characters"),
            format!("{column} zeigt die ersten {length} Zeichen"),
            format!("{column} mostra os primeiros {length} caracteres"),
        )
    }

    fn normal(&self) -> Json {
        Json::object([
            ("column", Json::text(&self.column)),
            ("length", Json::Int(i64::from(self.length))),
        ])
    }

    fn treats(&self) -> Option<&Name> {
        Some(&self.column)
    }

    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        if self.length == 0 {
            return Err(contradiction("a prefix of no characters shows nothing")
                .with_help(format!("write mask = {{ {} = \"null\" }}", self.column)));
        }
        Ok(Some(What::Shorten {
            column: self.column.clone(),
            length: self.length,
        }))
    }
}

pub(super) fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    Ok(Term::Prefix(Prefix {
        column: form.column("h:column")?,
        length: form.number("h:length")?,
    }))
}
