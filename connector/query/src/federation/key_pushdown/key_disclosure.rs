//! Permission to disclose keys: the contracts of all tables that the values reveal something of must permit the transfer.

use crate::federation::key_pushdown::column_source::ColumnSource;
use crate::federation::key_space::column_origin;
use crate::federation::query_ir::{FromItem, FromSource, JoinKind, relation_place};
use crate::federation::remote_query::{KeySourceDataset, PushdownKeys, RemoteQuery};
use crate::federation::table::DatasetRelation;
use datafusion::common::Column;
use datafusion::logical_expr::utils::split_conjunction;
use datafusion::logical_expr::{BinaryExpr, Expr, Operator};
use hansa_policy::id::DatasetId;
use std::collections::BTreeSet;

/// Disclosure of these keys to the participant of `target`, or `None` if it is not permitted.
pub(super) fn disclosed_keys(
    from: &ColumnSource<'_>,
    target: &RemoteQuery,
) -> Option<PushdownKeys> {
    let (remote_query, query) = (&from.source.remote_query, &from.source.query);
    let at_home = target
        .reads
        .iter()
        .all(|reading| reading.contract.is_none());
    // A participant already knows its own values, and a local remote query sends nothing out.
    let stays = at_home || remote_query.participant == target.participant;
    let value = from.output()?;
    let is_plain = column_origin(&query.from, value).is_some();
    let mut columns = BTreeSet::new();
    collect_equal_columns(&query.from, &query.conjuncts, value, &mut columns);
    let mut sources = Vec::new();
    // INVARIANT: keys-travel. Values of one participant go to another only if the contract permits it.
    for (table, relation) in query.tables() {
        let own = columns.iter().filter(|one| one.0 == table.dataset);
        let own: Vec<&String> = own.map(|(_, name)| name).collect();
        let travel = table.travel.as_ref().filter(|(_, travel)| {
            let named = |name: &String| travel.columns.iter().any(|one| one.as_str() == name);
            // A table without such a column still affects which keys remain, so the keys reveal something of it, too.
            travel.to.contains(&target.participant) && own.iter().all(|name| named(name))
        });
        let is_source = table.contract.is_some() && relation == DatasetRelation::Rows && is_plain;
        if !stays && (!is_source || travel.is_none()) {
            return None;
        }
        sources.push(KeySourceDataset {
            column: own.first().copied().cloned(),
            dataset: table.dataset.clone(),
            contract: table.contract,
            clause: travel.map(|(clause, _)| *clause),
        });
    }
    Some(PushdownKeys {
        participant: remote_query.participant.clone(),
        alias: remote_query.alias.clone(),
        of: sources,
        values: None,
    })
}

/// Columns whose values an expression reveals: its own columns, and columns that a condition equates with them. Rows left by `a.k =
/// b.k` over `a.k` have values of `b.k` too.
fn collect_equal_columns(
    from: &[FromItem],
    conjuncts: &[Expr],
    value: &Expr,
    found: &mut BTreeSet<(DatasetId, String)>,
) {
    // No remaining row contains a value of an anti-join's right side.
    let joins = from.iter().filter(|item| item.kind != JoinKind::Anti);
    let conditions = joins.flat_map(|item| &item.on).chain(conjuncts);
    let mut sides: Vec<(&Expr, &Expr)> = Vec::new();
    for condition in conditions.flat_map(split_conjunction) {
        if let Expr::BinaryExpr(BinaryExpr {
            left,
            op: Operator::Eq | Operator::IsNotDistinctFrom,
            right,
        }) = condition
        {
            sides.extend([(&**left, &**right), (&**right, &**left)]);
        }
    }
    let mut columns: Vec<&Column> = value.column_refs().into_iter().collect();
    let mut next = 0;
    while let Some(column) = columns.get(next).copied() {
        next = next.saturating_add(1);
        for (side, other) in &sides {
            if side.column_refs().contains(column) {
                let more = other.column_refs().into_iter();
                let more: Vec<_> = more.filter(|one| !columns.contains(one)).collect();
                columns.extend(more);
            }
        }
        let at = if from.len() > 1 {
            relation_place(column)
        } else {
            0
        };
        match from.get(at).map(|item| &item.source) {
            Some(FromSource::Table(table, _)) => {
                found.insert((table.dataset.clone(), column.name.clone()));
            }
            Some(FromSource::Inner(inner)) => {
                if let Some(value) = inner.output(&column.name) {
                    let select = &inner.select;
                    collect_equal_columns(&select.from, &select.conjuncts, value, found);
                }
            }
            None => {}
        }
    }
}
