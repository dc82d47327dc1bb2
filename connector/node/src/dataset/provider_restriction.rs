//! Restrictions: the document is kept and recorded before anything is judged by it, and answers that began without it are cut.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::participant::approval;
use crate::participant::approval::{Approval, ApprovalAction};
use crate::process::blocking_work::waiting;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::contracts::RestrictionRecord;
use hansa_policy::diff::{self, ChangeVerdict};
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::{ProviderRestriction, StoredRestriction};
use hansa_store::document_folder::StoredDocumentKind;
use hansa_store::state_index::row::PendingApprovalRow;
use std::sync::Arc;

/// What has come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestrictionOutcome {
    /// It is in force, and so many answers were cut.
    Now(usize),
    /// It was so before.
    Not,
    /// It lets out more, and one officer has said so; another one is awaited.
    Waits,
}

/// What a restriction in the place of the one that is there does to what is let out.
pub fn verdict(
    before: Option<&StoredRestriction>,
    restriction: Option<&ProviderRestriction>,
) -> ChangeVerdict {
    match (before, restriction) {
        (None, None) => ChangeVerdict::Same,
        (None, Some(_)) => ChangeVerdict::Tighter,
        (Some(_), None) => ChangeVerdict::Looser,
        (Some(held), Some(new)) => match &held.restriction {
            // Nothing was let out under one that can't be read.
            None => ChangeVerdict::NotComparable,
            Some(old) => {
                let words =
                    old.purposes() == new.purposes() && old.own_purposes() == new.own_purposes();
                let beside = if words {
                    ChangeVerdict::Same
                } else {
                    ChangeVerdict::NotComparable
                };
                diff::compare(old.clauses(), new.clauses())
                    .verdict()
                    .max(beside)
            }
        },
    }
}

/// Sets the restriction of a dataset, or takes it away; where two officers are asked for, what lets out more only with the word of
/// both.
///
/// # Errors
/// As [`approval::word`], or when it can't be kept or recorded; then what was there stays.
pub async fn set(
    connector: &Arc<Connector>,
    dataset: &DatasetId,
    provider_restriction: Option<ProviderRestriction>,
    caller: Option<u32>,
) -> Result<RestrictionOutcome, Refusal> {
    let after = connector
        .records
        .index(|state| state.restriction_changed(dataset));
    let before = connector.reloadable.restrictions().get(dataset).cloned();
    let bytes = provider_restriction.as_ref().map(|provider_restriction| {
        hansa_proto::restriction::to_bytes(dataset, provider_restriction)
    });
    let document = bytes.as_deref().map(Digest::of);
    let old = before.as_ref().map(|held| held.document);
    let readable = before
        .as_ref()
        .is_none_or(|held| held.restriction.is_some());
    if old == document && readable {
        return Ok(RestrictionOutcome::Not);
    }
    let verdict = verdict(before.as_ref(), provider_restriction.as_ref());
    // What only takes away does not wait for an index that can't be written.
    let after = match after {
        Err(_) if verdict == ChangeVerdict::Tighter => None,
        after => Some(after?),
    };
    if connector.config().officers.second
        && matches!(
            verdict,
            ChangeVerdict::Looser | ChangeVerdict::NotComparable
        )
    {
        let what = format!("{dataset} {}", format_document_digest(document));
        let change = change(dataset, after.unwrap_or_default(), document);
        let word = approval::word(
            connector,
            caller,
            change,
            ApprovalAction::Unrestrict,
            Some(&what),
        )
        .await?;
        if word == Approval::Waits {
            return Ok(RestrictionOutcome::Waits);
        }
    }
    let (connector, dataset) = (Arc::clone(connector), dataset.clone());
    // To its end: what is in the log must be in force, also where who asked for it has gone away.
    let task = tokio::spawn(async move {
        write_restriction(
            &connector,
            (dataset, after),
            old,
            provider_restriction,
            (bytes, verdict),
        )
        .await
    });
    task.await.unwrap_or_else(|cause| {
        Err(Refusal::new(
            ErrorCode::Internal,
            "the restriction was not written to its end",
        )
        .caused_by(cause))
    })
}

/// Whether what one officer has asked for can still be done: the restriction was not changed since.
///
/// # Errors
/// When the index, or what was written, can't be read.
pub(crate) fn still_asked(
    connector: &Connector,
    word: &PendingApprovalRow,
) -> Result<bool, Refusal> {
    let Some(what) = approval::read_approval_reason(connector, word.reason.as_deref())? else {
        return Ok(true);
    };
    let Some((dataset, document)) = what.split_once(' ') else {
        return Ok(true);
    };
    let Ok(dataset) = dataset.parse::<DatasetId>() else {
        return Ok(true);
    };
    let after = connector
        .records
        .index(|state| state.restriction_changed(&dataset))?;
    Ok(change(&dataset, after, document.parse().ok()) == word.contract)
}

/// Names a change after the one by that record, so that two officers speak of the same one, and of one that is asked for once:
/// the same restriction may be set and taken away again.
fn change(dataset: &DatasetId, after: u64, new: Option<Digest>) -> ContractId {
    ContractId(Digest::of_parts(&[
        dataset.to_string().as_bytes(),
        &after.to_be_bytes(),
        format_document_digest(new).as_bytes(),
    ]))
}

fn format_document_digest(document: Option<Digest>) -> String {
    document.map_or_else(|| "none".to_owned(), |document| document.to_string())
}

async fn write_restriction(
    connector: &Arc<Connector>,
    (dataset, after): (DatasetId, Option<u64>),
    old: Option<Digest>,
    restriction: Option<ProviderRestriction>,
    (bytes, verdict): (Option<Vec<u8>>, ChangeVerdict),
) -> Result<RestrictionOutcome, Refusal> {
    // One after another, so that none takes back what another one said.
    let _turn = connector.contracts.negotiation_lock.lock().await;
    if let Some(after) = after
        && connector
            .records
            .index(|state| state.restriction_changed(&dataset))?
            != after
    {
        // INVARIANT: two-officers. Their word is for this change, after that restriction and no other.
        let sentence = format!(
            "the restriction of `{}` was changed meanwhile",
            dataset.name
        );
        return Err(
            Refusal::new(ErrorCode::DatasetRestricted, sentence).with_help(format!(
                "look at it: hansa dataset restrict {}",
                dataset.name
            )),
        );
    }
    let document = bytes.as_deref().map(Digest::of);
    let tightens = verdict == ChangeVerdict::Tighter;
    let unfiled = match &bytes {
        Some(bytes) if tightens => {
            connector.keep_stop_document(StoredDocumentKind::Restriction, bytes)
        }
        Some(bytes) => {
            waiting(|| {
                connector
                    .records
                    .documents
                    .keep(StoredDocumentKind::Restriction, bytes)
            })?;
            None
        }
        None => None,
    };
    let _stop = connector.records.log.begin_stop();
    let fact = AuditEvent::from(RestrictionRecord {
        dataset: dataset.to_string(),
        restriction: document,
        before: old,
        envelope: unfiled,
        at: None,
        reserve_sha256: None,
    });
    if tightens {
        let _in_log = connector.record_stop(fact)?;
    } else {
        let _durable = connector.record(fact).await?;
    }
    let held = document.map(|document| StoredRestriction {
        document,
        restriction,
    });
    let restricted = held.is_some();
    connector.reloadable.set_restriction(dataset.clone(), held);
    if let Err(refusal) = connector.records.index(|_| Ok(())) {
        tracing::warn!(code = %refusal.code, "restriction.not_indexed");
    }
    if !restricted {
        return Ok(RestrictionOutcome::Now(0));
    }
    // What began before was judged without it. Whoever asks again is judged with it.
    let sentence = format!(
        "the provider changed its restriction of `{}` while the answer ran",
        dataset.name
    );
    let why = Refusal::new(ErrorCode::DatasetRestricted, sentence).with_help("ask again");
    Ok(RestrictionOutcome::Now(
        connector
            .queries
            .running
            .cut_restricted(&dataset, &connector.id(), &why),
    ))
}
