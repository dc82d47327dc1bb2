//! `hansa audit`: the log.

mod export;
mod filter;
mod reconcile;
mod record;
pub(crate) mod verify;

use crate::cli::show::table;
use crate::cli::verb::audit::{AuditFilter, AuditVerb};
use crate::desk::out::Out;
use crate::desk::{Outcome, blocking};
use crate::node::Node;
use ::policy::refusal::{Code, Refusal};
use evidence::note::SignedHead;
use evidence::record::Record;
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(node: &Arc<Node>, verb: AuditVerb, out: &Out) -> Outcome {
    match verb {
        AuditVerb::List(filter) => list(node, filter, out).await,
        AuditVerb::Show { id } => show(node, id, out).await,
        AuditVerb::Verify { .. } => verify::own(node, out).await,
        AuditVerb::Export { output, filter } => export::write(node, output, filter, out).await,
        AuditVerb::Reconcile { participant } => reconcile::with(node, &participant, out).await,
    }
}

async fn list(node: &Arc<Node>, filter: AuditFilter, out: &Out) -> Outcome {
    let inner = Arc::clone(node);
    let records = blocking(move || filter::chosen(&inner, &filter)).await?;
    let mut rows = Vec::new();
    for record in &records {
        out.object(record::json(record), "").await?;
        rows.push(record::cells(record));
    }
    out.text(table(&record::HEADER, &rows)).await?;
    Ok(0)
}

async fn show(node: &Arc<Node>, id: String, out: &Out) -> Outcome {
    let inner = Arc::clone(node);
    let records = blocking(move || named(&inner, &id)).await?;
    for record in &records {
        let value = record::json(record);
        let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
        out.object(value, pretty).await?;
    }
    Ok(0)
}

/// The record of an index, or those of a question.
fn named(node: &Node, id: &str) -> Result<Vec<Record>, Refusal> {
    let found: Vec<Record> = match id.parse() {
        Ok(index) => node.log.get(index)?.into_iter().collect(),
        Err(_) => node
            .log
            .read(0)
            .filter(|record| {
                record.as_ref().map_or(true, |record| {
                    record::field(record, "request_id")
                        .is_some_and(|request| request.starts_with(id))
                })
            })
            .collect::<Result<_, Refusal>>()?,
    };
    if found.is_empty() {
        return Err(Refusal::new(
            Code::UsageWrong,
            format!("no record or question `{id}` is in the log"),
        ));
    }
    Ok(found)
}

/// A signed head over the log as it stands.
async fn head(node: &Node) -> Result<SignedHead, Refusal> {
    node.log
        .head_over(node.log.size())
        .await
        .map_err(|unwritable| keep::audit::refusal(&unwritable))
}
