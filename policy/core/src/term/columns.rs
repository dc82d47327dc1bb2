//! Term 10: only the listed columns exist.

use super::odrl::{says, set, texts};
use super::order;
use super::rule::{Binding, Decides, Form, Nature, Place, Rule, Script, Spec, Stage};
use super::tongue::Tongue;
use super::{Clause, Term, cite, contradiction};
use crate::effect::What;
use crate::id::Name;
use crate::refusal::{Code, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// The term.
pub(super) struct Only<'a>(pub(super) &'a [Name]);

pub(super) static ONLY: Spec = Spec {
    numbers: &[10],
    name: "columns",
    place: Place::Target,
    operand: "h:columns",
    operators: &["isAnyOf"],
    executed: &[Stage::Plan],
    codes: &[Code::ColumnUnknown],
    nature: Nature::Protection,
    hides_rows: false,
    mend: "use one of the visible columns, which the refusal lists",
    test: "tells_hidden_and_absent_alike",
    read,
};

impl Rule for Only<'_> {
    fn spec(&self) -> &'static Spec {
        &ONLY
    }

    fn odrl(&self, _script: &mut Script<'_>) -> Json {
        says("h:columns", "isAnyOf", texts(self.0))
    }

    fn say(&self, tongue: Tongue) -> String {
        let list = tongue.all_of(self.0);
        tongue.pick(
            format!("only the columns {list}"),
            format!("nur die Spalten {list}"),
            format!("só as colunas {list}"),
        )
    }

    fn normal(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<Decides> {
        Some(Decides::Kind("columns"))
    }

    fn effect(&self, _for: &Binding<'_>) -> Result<Option<What>, Refusal> {
        checked(self.0).map(|()| Some(What::ShowColumns(self.0.to_vec())))
    }

    fn columns(&self) -> Vec<Name> {
        self.0.to_vec()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Columns(other) => order::subset(self.0, other),
            _ => None,
        }
    }
}

fn read(form: &mut Form<'_>) -> Result<Term, Refusal> {
    form.texts("rightOperand").map(Term::Columns)
}

/// A list of columns names one, and none twice.
pub(super) fn checked(list: &[Name]) -> Result<(), Refusal> {
    if list.is_empty() {
        return Err(contradiction("the list of columns is empty"));
    }
    if let Some(twice) = twice(list) {
        return Err(contradiction(format!(
            "the column `{twice}` is listed twice"
        )));
    }
    Ok(())
}

/// A column whose values are masked or coarsened must be among those shown, or the clause would do nothing.
pub(super) fn shown_are_treated(clauses: &[Clause]) -> Result<(), Refusal> {
    let Some(shown) = shown(clauses) else {
        return Ok(());
    };
    for clause in clauses {
        let hidden = clause
            .term
            .replaces()
            .into_iter()
            .find(|column| !shown.contains(column));
        if let Some(column) = hidden {
            let refusal = contradiction(format!(
                "the column `{column}` is treated by {} but not shown",
                clause.id
            ))
            .with_help("remove the clause, or add the column to the list");
            return Err(cite(refusal, clause));
        }
    }
    Ok(())
}

/// The list of columns, where a clause gives one.
pub(super) fn shown(clauses: &[Clause]) -> Option<&[Name]> {
    clauses.iter().find_map(|clause| {
        if let Term::Columns(list) = &clause.term {
            Some(list.as_slice())
        } else {
            None
        }
    })
}

/// The first name that occurs a second time.
pub(super) fn twice(list: &[Name]) -> Option<&Name> {
    list.iter()
        .enumerate()
        .find(|(index, name)| list.iter().take(*index).any(|earlier| earlier == *name))
        .map(|(_, name)| name)
}
