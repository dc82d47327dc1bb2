//! What a connector hands to a worker of its own: one share of a question, as it travels in the ticket of a Flight `DoGet`.

#[rustfmt::skip]
#[allow(
    missing_docs,
    missing_debug_implementations,
    unreachable_pub,
    clippy::all,
    clippy::allow_attributes_without_reason,
    clippy::as_conversions,
    clippy::wildcard_imports,
    reason = "generated"
)]
pub mod pb;

use crate::peer::field;
use bytes::Bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ClauseId, ContractId, ParticipantId, PurposeId, RequestId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::MOST_CLAUSES;
use prost::Message as _;
use std::collections::BTreeSet;
use std::time::Duration;

/// One share of a question, with all that a worker needs to come to policy and plan by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FragmentTask {
    /// The version of the program that wrote it. Both ends must be of the same; whoever reads it sees to that.
    pub version: String,
    /// The question's identity.
    pub request: RequestId,
    /// Who asked.
    pub asker: ParticipantId,
    /// The tenant that the asker is mapped to, where it is.
    pub tenant: Option<String>,
    /// The declared purpose.
    pub purpose: Option<PurposeId>,
    /// The instant of the ruling.
    pub now: UtcTimestamp,
    /// The instant with which the text was planned.
    pub planned: UtcTimestamp,
    /// The asker's statement, as it came.
    pub sql: String,
    /// What is known of each dataset that it names, each once.
    pub grounds: Vec<TaskDataset>,
    /// Of the effects that the worker must come to.
    pub effects: Digest,
    /// Of the plan that the worker must come to.
    pub plan: Digest,
    /// Which fragment of the plan.
    pub fragment: u32,
    /// Which share of it, from 0.
    pub part: u32,
    /// Of how many.
    pub of: u32,
    /// What the share may use.
    pub limits: TaskLimits,
}

/// A dataset, and what the answer from it rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDataset {
    /// Its name.
    pub dataset: SqlIdentifier,
    /// The contract.
    pub contract: ContractId,
    /// The first version of the contract.
    pub first: ContractId,
    /// The contract as it was signed, not read yet.
    pub envelope: Bytes,
    /// The prohibitions among its clauses that hold.
    pub active_prohibitions: Vec<ClauseId>,
    /// The label of the snapshot.
    pub snapshot: String,
    /// Of the snapshot.
    pub digest: Digest,
}

/// What one share may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLimits {
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of temporary files.
    pub spill: u64,
    /// Time, in whole milliseconds.
    pub time: Duration,
    /// Rows of a batch.
    pub batch_rows: u32,
}

/// The most bytes of a ticket.
const TICKET: usize = 4 * 1024 * 1024;

/// The most datasets of one question.
const GROUNDS: usize = 64;

/// The most bytes of one contract in its envelope.
const ENVELOPE: usize = 1024 * 1024;

/// The most shares of one fragment.
const SHARES: u32 = 1024;

/// The most bytes of a version of the program or of a snapshot's label.
const LABEL: usize = 200;

/// Reads a ticket. It must be exactly the bytes that its content is written with, so nothing in it goes unread.
///
/// # Errors
/// `MESSAGE_TOO_LARGE` or `MESSAGE_MALFORMED`.
pub fn from_ticket(ticket: &[u8]) -> Result<FragmentTask, Refusal> {
    at_most("the briefing", ticket.len(), TICKET)?;
    let message = pb::Briefing::decode(ticket).map_err(|cause| {
        field::malformed("the ticket does not hold a briefing").caused_by(cause)
    })?;
    let task = from_wire(message)?;
    // What is written again is what was understood, so this covers fields of two spellings too.
    if to_wire(&task).encode_to_vec() != ticket {
        return Err(field::malformed(
            "the ticket holds something that this version does not know",
        ));
    }
    Ok(task)
}

/// Writes a ticket.
#[must_use]
pub fn to_ticket(task: &FragmentTask) -> Bytes {
    to_wire(task).encode_to_vec().into()
}

fn from_wire(message: pb::Briefing) -> Result<FragmentTask, Refusal> {
    let pb::Briefing {
        version,
        request_id,
        asker,
        tenant,
        purpose,
        now_us,
        planned_us,
        sql,
        grounds,
        effects,
        plan,
        fragment,
        part,
        of,
        limits,
    } = message;
    if !(1..=SHARES).contains(&of) || part >= of {
        return Err(field::malformed(format!(
            "the briefing is for share {part} of {of}; a fragment has 1 to {SHARES}, counted from 0"
        )));
    }
    Ok(FragmentTask {
        version: label("version", version)?,
        request: RequestId(field::fixed("request_id", &request_id)?),
        asker: parsed(&asker)?,
        tenant,
        purpose: if purpose.is_empty() {
            None
        } else {
            Some(parsed(&purpose)?)
        },
        now: time("now_us", now_us)?,
        planned: time("planned_us", planned_us)?,
        sql: there("sql", sql)?,
        grounds: self::grounds(grounds)?,
        effects: field::digest("effects", &effects)?,
        plan: field::digest("plan", &plan)?,
        fragment,
        part,
        of,
        limits: self::limits(field::present("limits", limits)?)?,
    })
}

fn to_wire(task: &FragmentTask) -> pb::Briefing {
    let FragmentTask {
        version,
        request,
        asker,
        tenant,
        purpose,
        now,
        planned,
        sql,
        grounds,
        effects,
        plan,
        fragment,
        part,
        of,
        limits,
    } = task;
    pb::Briefing {
        version: version.clone(),
        request_id: Bytes::copy_from_slice(&request.0),
        asker: asker.to_string(),
        tenant: tenant.clone(),
        purpose: purpose
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
        now_us: now.micros(),
        planned_us: planned.micros(),
        sql: sql.clone(),
        grounds: grounds.iter().map(ground_to_wire).collect(),
        effects: field::hash(effects),
        plan: field::hash(plan),
        fragment: *fragment,
        part: *part,
        of: *of,
        limits: Some(limits_to_wire(limits)),
    }
}

fn grounds(list: Vec<pb::Ground>) -> Result<Vec<TaskDataset>, Refusal> {
    if list.is_empty() || list.len() > GROUNDS {
        return Err(field::malformed(format!(
            "the briefing names {} datasets instead of 1 to {GROUNDS}",
            list.len()
        )));
    }
    let grounds = list
        .into_iter()
        .map(ground)
        .collect::<Result<Vec<_>, _>>()?;
    let names: BTreeSet<_> = grounds.iter().map(|ground| &ground.dataset).collect();
    if names.len() < grounds.len() {
        return Err(field::malformed("the briefing names a dataset twice"));
    }
    Ok(grounds)
}

fn ground(message: pb::Ground) -> Result<TaskDataset, Refusal> {
    let pb::Ground {
        dataset,
        contract_id,
        first_id,
        envelope,
        held,
        snapshot,
        digest,
    } = message;
    if envelope.is_empty() {
        return Err(field::malformed("the message lacks `envelope`"));
    }
    at_most("a contract of the briefing", envelope.len(), ENVELOPE)?;
    Ok(TaskDataset {
        dataset: parsed(&dataset)?,
        contract: ContractId(field::digest("contract_id", &contract_id)?),
        first: ContractId(field::digest("first_id", &first_id)?),
        envelope,
        active_prohibitions: clauses(&held)?,
        snapshot: label("snapshot", snapshot)?,
        digest: field::digest("digest", &digest)?,
    })
}

fn ground_to_wire(ground: &TaskDataset) -> pb::Ground {
    let TaskDataset {
        dataset,
        contract,
        first,
        envelope,
        active_prohibitions: held,
        snapshot,
        digest,
    } = ground;
    pb::Ground {
        dataset: dataset.to_string(),
        contract_id: field::hash(&contract.0),
        first_id: field::hash(&first.0),
        envelope: envelope.clone(),
        held: held.iter().map(|clause| clause.0).collect(),
        snapshot: snapshot.clone(),
        digest: field::hash(digest),
    }
}

/// Numbers of clauses of a contract, each once; those of a restriction stand in none.
fn clauses(list: &[u32]) -> Result<Vec<ClauseId>, Refusal> {
    if list.len() > MOST_CLAUSES {
        return Err(field::malformed(format!(
            "`held` names {} clauses; a contract has at most {MOST_CLAUSES}",
            list.len()
        )));
    }
    let clauses: Vec<_> = list.iter().copied().map(ClauseId).collect();
    if let Some(wrong) = clauses
        .iter()
        .find(|clause| clause.0 == 0 || clause.of_restriction().is_some())
    {
        return Err(field::malformed(format!(
            "`held` names {wrong}, which is no clause of a contract"
        )));
    }
    if clauses.iter().collect::<BTreeSet<_>>().len() < clauses.len() {
        return Err(field::malformed("`held` names a clause twice"));
    }
    Ok(clauses)
}

fn limits(message: pb::Limits) -> Result<TaskLimits, Refusal> {
    let pb::Limits {
        memory,
        spill,
        time_ms,
        batch_rows,
    } = message;
    if time_ms == 0 {
        return Err(field::malformed("the message lacks `time_ms`"));
    }
    if batch_rows == 0 {
        return Err(field::malformed("the message lacks `batch_rows`"));
    }
    Ok(TaskLimits {
        memory,
        spill,
        time: Duration::from_millis(time_ms),
        batch_rows,
    })
}

fn limits_to_wire(limits: &TaskLimits) -> pb::Limits {
    let TaskLimits {
        memory,
        spill,
        time,
        batch_rows,
    } = limits;
    pb::Limits {
        memory: *memory,
        spill: *spill,
        time_ms: u64::try_from(time.as_millis()).unwrap_or(u64::MAX).max(1),
        batch_rows: *batch_rows,
    }
}

fn parsed<T: std::str::FromStr<Err = hansa_policy::id::IdentifierError>>(
    text: &str,
) -> Result<T, Refusal> {
    text.parse()
        .map_err(|problem: hansa_policy::id::IdentifierError| {
            field::malformed(problem.to_string()).caused_by(problem)
        })
}

fn time(field: &str, micros: i64) -> Result<UtcTimestamp, Refusal> {
    UtcTimestamp::from_micros(micros)
        .map_err(|cause| field::malformed(format!("`{field}` is no instant")).caused_by(cause))
}

fn there(field: &str, text: String) -> Result<String, Refusal> {
    if text.is_empty() {
        return Err(field::malformed(format!("the message lacks `{field}`")));
    }
    Ok(text)
}

fn label(field: &str, text: String) -> Result<String, Refusal> {
    field::line(field, there(field, text)?, LABEL)
}

fn at_most(what: &str, length: usize, most: usize) -> Result<(), Refusal> {
    if length <= most {
        return Ok(());
    }
    Err(Refusal::new(
        ErrorCode::MessageTooLarge,
        format!("{what} holds {length} bytes; at most {most} are read"),
    ))
}

#[cfg(test)]
mod tests;
