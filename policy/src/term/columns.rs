//! Term 10: only the listed columns exist.

use super::{Clause, Term, cite, contradiction};
use crate::effect::What;
use crate::id::Name;
use crate::refusal::Refusal;

pub(super) fn rule(list: &[Name]) -> Result<What, Refusal> {
    if list.is_empty() {
        return Err(contradiction("the list of columns is empty"));
    }
    if let Some(twice) = twice(list) {
        return Err(contradiction(format!(
            "the column `{twice}` is listed twice"
        )));
    }
    Ok(What::ShowColumns(list.to_vec()))
}

/// A column whose values are masked or coarsened must be among those shown, or the clause would do nothing.
pub(super) fn shown_are_treated(clauses: &[Clause]) -> Result<(), Refusal> {
    let Some(shown) = shown(clauses) else {
        return Ok(());
    };
    for clause in clauses {
        if let Term::Mask { column, .. } | Term::TimeBucket { column, .. } = &clause.term
            && !shown.contains(column)
        {
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

pub(super) fn plain(list: &[Name]) -> String {
    format!("only the columns {}", listed(list, "and"))
}

/// `a, b and c`.
pub(super) fn listed<T: ToString>(list: &[T], last: &str) -> String {
    let words: Vec<String> = list.iter().map(ToString::to_string).collect();
    match words.split_last() {
        None => "none".to_owned(),
        Some((only, [])) => only.clone(),
        Some((end, rest)) => format!("{} {last} {end}", rest.join(", ")),
    }
}
