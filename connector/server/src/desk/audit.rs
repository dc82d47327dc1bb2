//! `hansa audit`: the log.

mod erase;
mod export;
mod filter;
mod heads;
mod incident;
mod recall;
mod reconcile;
mod record;
mod sheets;
pub(crate) mod verify;

use crate::cli::show::table;
use crate::cli::verb::audit::{AuditFilter, AuditVerb};
use crate::desk::out::Out;
use crate::desk::{Outcome, blocking};
use crate::node::Node;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::Record;
use hansa_policy::refusal::{Code, Refusal};
use serde_json::json;
use sheets::Asked;
use std::sync::{Arc, PoisonError};

/// Carries out one of the verbs.
pub(crate) async fn run(node: &Arc<Node>, verb: AuditVerb, out: &Out) -> Outcome {
    node.settle_refusals().await;
    match verb {
        AuditVerb::List {
            filter,
            checkpoints,
        } => list(node, filter, checkpoints, out).await,
        AuditVerb::Show { id } => show(node, id, out).await,
        AuditVerb::Verify { .. } => verify::own(node, out).await,
        AuditVerb::Heads => heads::tell(node, out).await,
        AuditVerb::Incident { cause, since, head } => {
            incident::state(node, (cause, since, head), out).await
        }
        AuditVerb::Export {
            output,
            tiles: true,
            filter,
        } => export::tiles(node, output, filter, out).await,
        AuditVerb::Export { output, filter, .. } => export::write(node, output, filter, out).await,
        AuditVerb::Affected {
            snapshot,
            since_good,
            output,
            notify,
        } => {
            if notify {
                recall::notify(node, &snapshot, since_good, out).await?;
            }
            let asked = Asked::Affected {
                snapshot,
                since_good,
            };
            sheets::tell(node, asked, output, out).await
        }
        AuditVerb::Breach {
            key,
            contract,
            from,
            to,
            output,
        } => {
            let asked = Asked::Breach {
                key,
                contract,
                from,
                to,
            };
            sheets::tell(node, asked, output, out).await
        }
        AuditVerb::Recipients { dataset, output } => {
            sheets::tell(node, Asked::Recipients(dataset), output, out).await
        }
        AuditVerb::Processing { output } => {
            sheets::tell(node, Asked::Processing, output, out).await
        }
        AuditVerb::Erase {
            actor: Some(user),
            ground,
            ..
        } => erase::person(node, user, ground, out).await,
        AuditVerb::Erase {
            question,
            before,
            ground,
            ..
        } => erase::run(node, question, before, ground, out).await,
        AuditVerb::Archive { keep } => archive(node, keep, out).await,
        AuditVerb::Reconcile { participant, .. } => {
            reconcile::with(node, &participant.unwrap_or_default(), out).await
        }
    }
}

async fn list(node: &Arc<Node>, filter: AuditFilter, checkpoints: bool, out: &Out) -> Outcome {
    tell_expired(node, out).await;
    let inner = Arc::clone(node);
    let listed = blocking(move || filter::newest(&inner, &filter, checkpoints)).await?;
    let filter::Listed { records, left_out } = listed;
    let mut rows = Vec::new();
    for record in &records {
        out.object(record::json(record), "").await?;
        rows.push(record::cells(record));
    }
    out.text(table(&record::HEADER, &rows)).await?;
    if left_out > 0 {
        out.notice(format!(
            "{left_out} records that tell of signed heads are left out; --checkpoints shows them"
        ))
        .await;
    }
    Ok(0)
}

async fn show(node: &Arc<Node>, id: String, out: &Out) -> Outcome {
    let inner = Arc::clone(node);
    let records = blocking(move || named(&inner, &id)).await?;
    for record in &records {
        let mut value = record::json(record);
        let inner = Arc::clone(node);
        let asked = record.clone();
        let text = blocking(move || erase::text(&inner, &asked)).await?;
        if let Some(members) = value.as_object_mut() {
            members.extend(text.map(|text| ("sql".to_owned(), json!(text))));
            members.extend(erase::people(node, record)?);
        }
        let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
        out.object(value, pretty).await?;
    }
    Ok(0)
}

async fn archive(node: &Arc<Node>, keep: usize, out: &Out) -> Outcome {
    // The heads say of the hashes that stay that they are those of the records that go.
    let _head = head(node).await?;
    let inner = Arc::clone(node);
    let moved = blocking(move || {
        // One run after another: two would copy into the same file, and count the same segments twice.
        let _one = inner
            .archiving
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        hansa_audit_store::archive::archive(&inner.log, keep)
    })
    .await?;
    for one in &moved {
        let value = json!({
            "segment": one.name,
            "first": one.first,
            "end": one.end,
            "sha256": one.sha256.to_string(),
        });
        out.object(value, "").await?;
    }
    let records = moved.last().map_or(0, |one| one.end);
    let told = if moved.is_empty() {
        "no file is full, or all that are stay".to_owned()
    } else {
        format!(
            "{} files with the records before {records} are in the archive",
            moved.len()
        )
    };
    out.text(told).await?;
    Ok(0)
}

/// Whose question a record is about: as it says, or as the permit says that it names.
fn peer_of(node: &Node, record: &Record) -> Option<String> {
    record::field(record, "peer").or_else(|| {
        let permit = record::field(record, "opened")?.parse::<u64>().ok()?;
        let permit = node.log.get(permit).ok().flatten()?;
        record::field(&permit, "peer")
    })
}

/// The record of an index with what belongs to it, or the records of a question.
fn named(node: &Node, id: &str) -> Result<Vec<Record>, Refusal> {
    let (first, request) = match id.parse::<u64>() {
        Err(_) => (None, Some(id.to_owned())),
        Ok(index) => {
            let record = node.log.get(index)?;
            let request = record
                .as_ref()
                .and_then(|record| record::field(record, "request_id"));
            (record, request)
        }
    };
    let index = first.as_ref().map(|record| record.seq);
    // Another peer may have drawn the same identity: a record that is named by its index is of one of them.
    let peer = first.as_ref().and_then(|record| peer_of(node, record));
    let mut found: Vec<Record> = first.into_iter().collect();
    for record in node
        .log
        .read(index.map_or(0, |index| index.saturating_add(1)))
    {
        let record = record?;
        let of_request = request.as_ref().is_some_and(|request| {
            record::field(&record, "request_id").is_some_and(|one| one.starts_with(request))
        });
        let of_request = of_request && (peer.is_none() || peer_of(node, &record) == peer);
        let closes = index.is_some_and(|index| {
            record::field(&record, "opened").is_some_and(|opened| opened == index.to_string())
        });
        if of_request || closes {
            found.push(record);
        }
    }
    if found.is_empty() {
        return Err(Refusal::new(
            Code::UsageWrong,
            format!("no record or question `{id}` is in the log"),
        ));
    }
    Ok(found)
}

/// Says that single questions of long ago are not in the log any more, so that nobody takes what is told for all of it.
async fn tell_expired(node: &Node, out: &Out) {
    let end = node.log.expired_before();
    if end > 0 {
        out.notice(format!(
            "of the records before {end} those of single questions are past their retention; what was erased when: hansa audit list --outcome expire"
        ))
        .await;
    }
}

/// A signed head over the log as it stands.
async fn head(node: &Node) -> Result<SignedHead, Refusal> {
    node.log
        .head_over(node.log.size())
        .await
        .map_err(|unwritable| hansa_audit_store::refusal(&unwritable))
}
