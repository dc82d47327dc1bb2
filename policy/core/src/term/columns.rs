//! Term 10: only the listed columns exist.

use super::language::Language;
use super::odrl::{says, set, texts};
use super::rule::{
    ClauseSubject, DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order;
use super::{Clause, Term, cite, contradiction};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// The term.
pub(super) struct ColumnsTerm<'a>(pub(super) &'a [SqlIdentifier]);

pub(super) static ONLY: TermSpec = TermSpec {
    numbers: &[10],
    name: "columns",
    position: OdrlPosition::Target,
    operand: "h:columns",
    operators: &["isAnyOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[ErrorCode::ColumnUnknown],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "use one of the visible columns, which the refusal lists",
    test: "tells_hidden_and_absent_alike",
    read,
};

impl TermRule for ColumnsTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &ONLY
    }

    fn odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        says("h:columns", "isAnyOf", texts(self.0))
    }

    fn render(&self, tongue: Language) -> String {
        let list = tongue.all_of(self.0);
        tongue.pick(
            format!("only the columns {list}"),
            format!("nur die Spalten {list}"),
            format!("só as colunas {list}"),
        )
    }

    fn canonical(&self) -> Json {
        set(self.0)
    }

    fn decides(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Kind("columns"))
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        checked(self.0).map(|()| Some(EffectKind::ShowColumns(self.0.to_vec())))
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        self.0.to_vec()
    }

    fn compare(&self, other: &Term) -> Option<Ordering> {
        match other {
            Term::Columns(other) => tightness_order::subset(self.0, other),
            _ => None,
        }
    }
}

fn read(form: &mut OdrlReader<'_>) -> Result<Term, Refusal> {
    form.texts("rightOperand").map(Term::Columns)
}

/// A list of columns names one, and none twice.
pub(super) fn checked(list: &[SqlIdentifier]) -> Result<(), Refusal> {
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
pub(super) fn shown(clauses: &[Clause]) -> Option<&[SqlIdentifier]> {
    clauses.iter().find_map(|clause| {
        if let Term::Columns(list) = &clause.term {
            Some(list.as_slice())
        } else {
            None
        }
    })
}

/// The first name that occurs a second time.
pub(super) fn twice(list: &[SqlIdentifier]) -> Option<&SqlIdentifier> {
    list.iter()
        .enumerate()
        .find(|(index, name)| list.iter().take(*index).any(|earlier| earlier == *name))
        .map(|(_, name)| name)
}
