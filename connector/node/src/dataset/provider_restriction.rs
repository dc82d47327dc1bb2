//! Restrictions of datasets. The document is stored and recorded before it takes effect; answers that began without it are cut.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::participant::approval;
use crate::participant::approval::{Approval, ApprovalAction};
use crate::participant::caller::Caller;
use crate::process::blocking_work::run_waiting;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::contracts::RestrictionRecord;
use hansa_policy::diff::{self, ChangeVerdict};
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::{ProviderRestriction, StoredRestriction};
use hansa_store::document_folder::StoredDocumentKind;
use hansa_store::state_index::row::PendingApprovalRow;
use std::sync::Arc;

/// Result of a change of a restriction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestrictionOutcome {
    /// The restriction is in force, and this number of answers was cut.
    Now(usize),
    /// The restriction was already in force.
    Not,
    /// The change permits more and waits for a second officer.
    Waits,
}

/// Compares a new restriction with the current one. The verdict says which of the two permits more.
pub fn compare_restrictions(
    before: Option<&StoredRestriction>,
    restriction: Option<&ProviderRestriction>,
) -> ChangeVerdict {
    match (before, restriction) {
        (None, None) => ChangeVerdict::Same,
        (None, Some(_)) => ChangeVerdict::Tighter,
        (Some(_), None) => ChangeVerdict::Looser,
        (Some(held), Some(new)) => match &held.restriction {
            // Under an unreadable restriction, nothing was permitted.
            None => ChangeVerdict::NotComparable,
            Some(old) => {
                let words = old.purpose_vocabulary() == new.purpose_vocabulary()
                    && old.own_purposes() == new.own_purposes();
                let beside = if words {
                    ChangeVerdict::Same
                } else {
                    ChangeVerdict::NotComparable
                };
                diff::compare_policies(old.clauses(), new.clauses())
                    .verdict()
                    .max(beside)
            }
        },
    }
}

/// Sets or removes the restriction of a dataset. If two officers are required, a change that permits more needs both.
///
/// # Errors
/// Same errors as [`approval::take_approval`], or if the restriction can't be stored or recorded; the previous one then stays in force.
pub async fn set_restriction(
    connector: &Arc<Connector>,
    dataset: &DatasetId,
    provider_restriction: Option<ProviderRestriction>,
    caller: &Caller,
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
    let verdict = compare_restrictions(before.as_ref(), provider_restriction.as_ref());
    // A restriction that only refuses more does not wait for an index that can't be written.
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
        let what = describe_request(dataset, document, bytes.as_deref());
        let change = change_identity(dataset, after.unwrap_or_default(), document);
        let word = approval::take_approval(
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
    // The task runs to its end, because a recorded change must take effect even if its caller is gone.
    let task = tokio::spawn(async move {
        let change = RestrictionChange {
            dataset,
            after,
            old,
            restriction: provider_restriction,
            bytes,
            verdict,
        };
        write_restriction(&connector, change).await
    });
    task.await.unwrap_or_else(|cause| {
        Err(Refusal::new(
            ErrorCode::Internal,
            "the restriction was not written to its end",
        )
        .caused_by(cause))
    })
}

/// Checks that an officer's request can still be carried out, because the restriction has not changed since.
///
/// # Errors
/// If the index or the documents can't be read.
pub(crate) fn still_asked(
    connector: &Connector,
    word: &PendingApprovalRow,
) -> Result<bool, Refusal> {
    let Some(what) = approval::read_approval_reason(&connector.records, word.reason.as_deref())?
    else {
        return Ok(true);
    };
    let Some(request) = RequestText::parse(&what) else {
        return Ok(true);
    };
    let after = connector
        .records
        .index(|state| state.restriction_changed(&request.dataset))?;
    Ok(change_identity(&request.dataset, after, request.document) == word.contract)
}

/// Change of a restriction that one officer has asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedRestriction {
    /// Dataset.
    pub dataset: DatasetId,
    /// New restriction; none where the one before is to be taken away.
    pub restriction: Option<ProviderRestriction>,
}

/// Reads the change that an officer has asked for, exactly as it was asked for.
///
/// # Errors
/// `USAGE` where its content is not kept here any more, `EVIDENCE_BROKEN` where it is another one than the request names, or if it
/// can't be read.
pub fn read_request(
    connector: &Connector,
    word: &PendingApprovalRow,
) -> Result<AskedRestriction, Refusal> {
    let what = approval::read_approval_reason(&connector.records, word.reason.as_deref())?;
    let request = what.as_deref().and_then(RequestText::parse);
    let missing = || {
        let sentence = "the content of the request is not kept here";
        Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("hansa dataset restrict NAME --policy FILE, with the same policy")
    };
    let request = request.ok_or_else(missing)?;
    let Some(document) = request.document else {
        return Ok(AskedRestriction {
            dataset: request.dataset,
            restriction: None,
        });
    };
    let bytes = request.content.ok_or_else(missing)?.as_bytes();
    let (dataset, restriction) = hansa_proto::restriction::from_bytes(bytes)?;
    // INVARIANT: two-officers. What the second one approves is what the first one asked for, to the byte.
    if Digest::of(bytes) != document || dataset != request.dataset {
        let sentence = "the content of the request is another one than the request names";
        return Err(Refusal::new(ErrorCode::EvidenceBroken, sentence));
    }
    Ok(AskedRestriction {
        dataset,
        restriction: Some(restriction),
    })
}

/// Text of a request, which is stored beside the log: dataset and digest in the first line, and behind it the document.
struct RequestText<'a> {
    dataset: DatasetId,
    /// Digest of the new document; none where the restriction is to be taken away.
    document: Option<Digest>,
    content: Option<&'a str>,
}

impl<'a> RequestText<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (head, content) = match text.split_once('\n') {
            Some((head, content)) => (head, Some(content)),
            None => (text, None),
        };
        let (dataset, document) = head.split_once(' ')?;
        Some(Self {
            dataset: dataset.parse().ok()?,
            document: match document {
                NO_DOCUMENT => None,
                digest => Some(digest.parse().ok()?),
            },
            content,
        })
    }
}

fn describe_request(dataset: &DatasetId, document: Option<Digest>, bytes: Option<&[u8]>) -> String {
    let head = format!("{dataset} {}", format_document_digest(document));
    match bytes {
        Some(bytes) => format!("{head}\n{}", String::from_utf8_lossy(bytes)),
        None => head,
    }
}

/// Identity of a change, so that both officers approve one change and only once. It includes the previous record, because one
/// restriction can be set and removed repeatedly.
fn change_identity(dataset: &DatasetId, after: u64, new: Option<Digest>) -> ContractId {
    ContractId(Digest::of_parts(&[
        dataset.to_string().as_bytes(),
        &after.to_be_bytes(),
        format_document_digest(new).as_bytes(),
    ]))
}

/// Word in place of a digest where the restriction is taken away.
const NO_DOCUMENT: &str = "none";

fn format_document_digest(document: Option<Digest>) -> String {
    document.map_or_else(|| NO_DOCUMENT.to_owned(), |document| document.to_string())
}

/// Change of a dataset's restriction.
struct RestrictionChange {
    dataset: DatasetId,
    /// Place of the change of the restriction that is replaced; none if it could not be read.
    after: Option<u64>,
    /// Digest of the replaced document.
    old: Option<Digest>,
    restriction: Option<ProviderRestriction>,
    /// New document.
    bytes: Option<Vec<u8>>,
    verdict: ChangeVerdict,
}

async fn write_restriction(
    connector: &Arc<Connector>,
    change: RestrictionChange,
) -> Result<RestrictionOutcome, Refusal> {
    let RestrictionChange {
        dataset,
        after,
        old,
        restriction,
        bytes,
        verdict,
    } = change;
    // One change at a time, so that none undoes another one.
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
            run_waiting(|| {
                connector
                    .records
                    .documents
                    .keep_document(StoredDocumentKind::Restriction, bytes)
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
    // Running answers were decided without the restriction. A repeated question is decided with it.
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
