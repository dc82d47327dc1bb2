//! Check of the columns that a question reads, against the effects of the contract and the provider's restriction.

use crate::effect::{Effect, EffectKind};
use crate::id::{DatasetId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::Clause;
use crate::term::prohibition::ProhibitionTerm;
use crate::value::cube::CountingUnit;
use std::collections::BTreeSet;

/// Checks that each column exists in the permitted view. A plan over another view is refused all the same. In an aggregate-only
/// contract the protected cube defines the columns.
pub(super) fn check_columns(
    dataset: &DatasetId,
    read: &BTreeSet<SqlIdentifier>,
    effects: &[Effect],
) -> Result<(), Refusal> {
    let all = || effects.iter().map(|effect| &effect.kind);
    let made = |column: &SqlIdentifier| {
        all().any(|what| matches!(what, EffectKind::CoarsenPlace { cell, .. } if cell == column))
    };
    let there = |column: &SqlIdentifier| {
        made(column)
            || all().all(|what| match what {
                EffectKind::ShowColumns(shown) => shown.contains(column),
                EffectKind::HideColumns(hidden) => !hidden.contains(column),
                EffectKind::CoarsenPlace { lon, lat, .. } => lon != column && lat != column,
                _ => true,
            })
    };
    match read.iter().find(|column| !there(column)) {
        None => Ok(()),
        Some(hidden) => Err(Refusal::new(
            ErrorCode::ColumnUnknown,
            format!("no column `{hidden}` in `{}`", dataset.name),
        )),
    }
}

/// Refuses a question that reads a column which a prohibition of the restriction withholds. The contract shows the column, so its
/// name may stand in the refusal.
pub(super) fn check_withheld_columns(
    dataset: &DatasetId,
    read: &BTreeSet<SqlIdentifier>,
    effects: &[Effect],
    clause: &Clause,
    prohibition: &ProhibitionTerm,
) -> Result<(), Refusal> {
    let is_read = |column: &&SqlIdentifier| {
        read.contains(column) || reads_column_indirectly(column, read, effects)
    };
    match prohibition.hidden_columns().iter().find(is_read) {
        None => Ok(()),
        Some(column) => {
            let sentence = format!(
                "the provider's restriction of `{}` withholds the column `{column}`, whatever the contract permits",
                dataset.name
            );
            Err(Refusal::new(ErrorCode::DatasetRestricted, sentence)
                .with_clause(clause.id, clause.term.to_english())
                .with_help(
                    "ask without the column, or ask the provider when the restriction will be lifted",
                ))
        }
    }
}

/// True if the question reads the column under another name: coordinates behind a place cell, and every column of an aggregate,
/// since the columns behind a single cell can't be told apart.
fn reads_column_indirectly(
    column: &SqlIdentifier,
    read: &BTreeSet<SqlIdentifier>,
    effects: &[Effect],
) -> bool {
    effects.iter().any(|effect| match &effect.kind {
        EffectKind::CoarsenPlace { lon, lat, cell, .. } => {
            (lon == column || lat == column) && read.contains(cell)
        }
        EffectKind::AggregateOnly(cube) => {
            cube.measures.contains(column)
                || matches!(&cube.unit, CountingUnit::Column(unit) if unit == column)
                || cube.dominance.iter().any(|rule| rule.unit == *column)
                || cube
                    .dimensions
                    .iter()
                    .any(|dimension| dimension.column == *column)
        }
        _ => false,
    })
}
