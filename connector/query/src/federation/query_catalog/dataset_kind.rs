//! Match of a dataset's kind with the kinds that a question over its model includes.

use crate::federation::options::QueryOptions;
use crate::federation::table::RemoteTable;
use crate::model;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Reason to exclude a dataset from its model in this question: its kind is not included, and a total over both kinds would look
/// like one of a single kind. A dataset without a declared kind counts as the model's kind.
pub(super) fn kind_mismatch(
    name: &str,
    table: &RemoteTable,
    options: &QueryOptions,
) -> Option<Refusal> {
    let own = model::find_model(name)?.kind;
    let kind = table.provenance.kind.unwrap_or(own);
    let taken = match options.kinds.is_empty() {
        true => kind == own,
        false => options.kinds.contains(&kind),
    };
    if taken {
        return None;
    }
    let dataset = format!("{}.{}", table.alias, table.dataset.name);
    let is = match table.provenance.kind {
        Some(kind) => format!("`{dataset}` is {kind}"),
        None => format!("`{dataset}` does not say of what kind it is, which counts as {own}"),
    };
    let asked: Vec<&str> = options.kinds.iter().map(|kind| kind.as_str()).collect();
    let (asks, all) = match asked.as_slice() {
        [] => (
            format!("`model.{name}` holds {own} values unless it is asked for others"),
            format!("{own},{kind}"),
        ),
        asked => (
            format!("the question takes {} alone", asked.join(" and ")),
            format!("{},{kind}", asked.join(",")),
        ),
    };
    let refusal = Refusal::new(ErrorCode::KindMismatch, format!("{is}, and {asks}"))
        .with_participant(table.dataset.owner.clone())
        .with_help(format!("--kind {all} takes both"))
        .with_help(format!(
            "or leave it out by name: NOT (participant = '{}' AND dataset = '{}')",
            table.dataset.owner.domain(),
            table.dataset.name
        ));
    Some(match table.contract {
        Some(contract) => refusal.with_contract(contract),
        None => refusal,
    })
}
