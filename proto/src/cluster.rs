//! Requests of a connector to its workers, and between workers, in the ticket of a Flight `DoGet`.

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

/// Request to a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WorkerTicket {
    /// Prepares the worker's tasks of a question and keeps them while the answer is read. Only the connector may send it.
    Begin(Box<QuestionBriefing>),
    /// Requests the rows of a task, for their reader in the plan.
    Rows(TaskRows),
}

/// One partition of a task's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaskRows {
    /// Identity of the question.
    pub request: RequestId,
    /// Stage of the plan, from 1.
    pub stage: u32,
    /// Partition, from 0.
    pub partition: u32,
}

/// Worker that takes part in a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TeamMember {
    /// Name in its certificate.
    pub name: SqlIdentifier,
    /// Host and port.
    pub address: String,
}

/// Briefing: a question with all facts from which a worker derives policy and plan itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuestionBriefing {
    /// Version of the writing program. The reader must have an equal version and checks it.
    pub version: String,
    /// Identity of the question.
    pub request: RequestId,
    /// Participant that asked.
    pub asker: ParticipantId,
    /// Tenant of the caller, if mapped.
    pub tenant: Option<String>,
    /// Declared purpose.
    pub purpose: Option<PurposeId>,
    /// Instant of the decision.
    pub now: UtcTimestamp,
    /// Instant with which the text was planned.
    pub planned: UtcTimestamp,
    /// SQL text of the caller, unchanged.
    pub sql: String,
    /// Facts about each named dataset, each dataset once.
    pub grounds: Vec<TaskDataset>,
    /// Signed house grant in its envelope, for questions of own users. With it, no dataset has a contract; without it, each has
    /// one.
    pub house_grant: Option<Bytes>,
    /// Digest of the effects that the worker must derive.
    pub effects: Digest,
    /// Digest of the plan that the worker must derive.
    pub plan: Digest,
    /// Workers in the order of their numbers, from 0. Each name occurs once.
    pub team: Vec<TeamMember>,
    /// Number of the addressed worker in the team.
    pub worker: u32,
    /// Limits of the tasks.
    pub limits: TaskLimits,
}

/// Dataset, with the grounds of its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskDataset {
    /// Name of the dataset.
    pub dataset: SqlIdentifier,
    /// Contract; absent if the house grant takes its place.
    pub contract: Option<BriefedContract>,
    /// Label of the snapshot.
    pub snapshot: String,
    /// Digest of the snapshot.
    pub digest: Digest,
}

/// Contract, with the facts that only the connector knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BriefedContract {
    /// ID of the contract.
    pub contract: ContractId,
    /// ID of its first version.
    pub first: ContractId,
    /// Signed contract in its envelope.
    pub envelope: Bytes,
    /// Prohibitions among its clauses that are in force.
    pub active_prohibitions: Vec<ClauseId>,
}

/// Limits of the tasks of one question at one worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskLimits {
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of temporary files.
    pub spill: u64,
    /// Time limit, in whole milliseconds.
    pub time: Duration,
    /// Rows of a batch.
    pub batch_rows: u32,
}

/// Most bytes of a ticket.
const TICKET: usize = 4 * 1024 * 1024;

/// Most datasets of one question.
const GROUNDS: usize = 64;

/// Most bytes of one contract in its envelope.
const ENVELOPE: usize = 1024 * 1024;

/// Most workers of one question.
pub const MOST_WORKERS: usize = 64;

/// Most bytes of a program version, a snapshot label or an address.
const LABEL: usize = 200;

/// Reads a ticket. Its bytes must equal the canonical encoding of its content, so no part of it is ignored.
///
/// # Errors
/// `MESSAGE_TOO_LARGE` or `MESSAGE_MALFORMED`.
pub fn from_ticket(ticket: &[u8]) -> Result<WorkerTicket, Refusal> {
    at_most("the ticket", ticket.len(), TICKET)?;
    let message = pb::WorkerTicket::decode(ticket).map_err(|cause| {
        field::malformed_message_refusal("the ticket can't be read").caused_by(cause)
    })?;
    let read = match field::require_value("ticket", message.ticket)? {
        pb::worker_ticket::Ticket::Begin(message) => {
            WorkerTicket::Begin(Box::new(from_wire(message)?))
        }
        pb::worker_ticket::Ticket::Rows(message) => WorkerTicket::Rows(rows_from_wire(&message)?),
    };
    // Encoding the content again also detects fields with two spellings.
    if to_ticket(&read) != ticket {
        return Err(field::malformed_message_refusal(
            "the ticket holds something that this version does not know",
        ));
    }
    Ok(read)
}

/// Writes a ticket.
#[must_use]
pub fn to_ticket(ticket: &WorkerTicket) -> Bytes {
    let ticket = match ticket {
        WorkerTicket::Begin(briefing) => pb::worker_ticket::Ticket::Begin(to_wire(briefing)),
        WorkerTicket::Rows(rows) => pb::worker_ticket::Ticket::Rows(rows_to_wire(rows)),
    };
    let message = pb::WorkerTicket {
        ticket: Some(ticket),
    };
    message.encode_to_vec().into()
}

fn rows_from_wire(message: &pb::TaskRows) -> Result<TaskRows, Refusal> {
    let pb::TaskRows {
        request_id,
        stage,
        partition,
    } = message;
    Ok(TaskRows {
        request: RequestId(field::read_fixed_bytes("request_id", request_id)?),
        stage: *stage,
        partition: *partition,
    })
}

fn rows_to_wire(rows: &TaskRows) -> pb::TaskRows {
    let TaskRows {
        request,
        stage,
        partition,
    } = rows;
    pb::TaskRows {
        request_id: Bytes::copy_from_slice(&request.0),
        stage: *stage,
        partition: *partition,
    }
}

fn from_wire(message: pb::Briefing) -> Result<QuestionBriefing, Refusal> {
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
        team,
        worker,
        house_grant,
        limits,
    } = message;
    let team = self::read_team(team)?;
    if !usize::try_from(worker).is_ok_and(|worker| worker < team.len()) {
        return Err(field::malformed_message_refusal(format!(
            "the briefing is for worker {worker} of {}, counted from 0",
            team.len()
        )));
    }
    at_most("the grant of the briefing", house_grant.len(), ENVELOPE)?;
    let house_grant = (!house_grant.is_empty()).then_some(house_grant);
    let grounds = self::read_task_datasets(grounds)?;
    let granted = house_grant.is_some();
    if grounds
        .iter()
        .any(|ground| ground.contract.is_some() == granted)
    {
        return Err(field::malformed_message_refusal(
            "the briefing must rest on contracts or on a grant, not on both and not on neither",
        ));
    }
    Ok(QuestionBriefing {
        version: read_label("version", version)?,
        request: RequestId(field::read_fixed_bytes("request_id", &request_id)?),
        asker: parse_identifier(&asker)?,
        tenant,
        purpose: if purpose.is_empty() {
            None
        } else {
            Some(parse_identifier(&purpose)?)
        },
        now: read_time("now_us", now_us)?,
        planned: read_time("planned_us", planned_us)?,
        sql: require_text("sql", sql)?,
        grounds,
        house_grant,
        effects: field::read_digest("effects", &effects)?,
        plan: field::read_digest("plan", &plan)?,
        team,
        worker,
        limits: self::read_limits(field::require_value("limits", limits)?)?,
    })
}

fn to_wire(task: &QuestionBriefing) -> pb::Briefing {
    let QuestionBriefing {
        version,
        request,
        asker,
        tenant,
        purpose,
        now,
        planned,
        sql,
        grounds,
        house_grant,
        effects,
        plan,
        team,
        worker,
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
        effects: field::digest_to_bytes(effects),
        plan: field::digest_to_bytes(plan),
        team: team.iter().map(member_to_wire).collect(),
        worker: *worker,
        house_grant: house_grant.clone().unwrap_or_default(),
        limits: Some(limits_to_wire(limits)),
    }
}

fn read_team(list: Vec<pb::Member>) -> Result<Vec<TeamMember>, Refusal> {
    if list.is_empty() || list.len() > MOST_WORKERS {
        return Err(field::malformed_message_refusal(format!(
            "the briefing names {} workers instead of 1 to {MOST_WORKERS}",
            list.len()
        )));
    }
    let team = list.into_iter().map(|message| {
        let pb::Member { name, address } = message;
        Ok(TeamMember {
            name: parse_identifier(&name)?,
            address: read_label("address", address)?,
        })
    });
    let team = team.collect::<Result<Vec<_>, Refusal>>()?;
    let names: BTreeSet<_> = team.iter().map(|member| &member.name).collect();
    if names.len() < team.len() {
        return Err(field::malformed_message_refusal(
            "the briefing names a worker twice",
        ));
    }
    Ok(team)
}

fn member_to_wire(member: &TeamMember) -> pb::Member {
    let TeamMember { name, address } = member;
    pb::Member {
        name: name.to_string(),
        address: address.clone(),
    }
}

fn read_task_datasets(list: Vec<pb::Ground>) -> Result<Vec<TaskDataset>, Refusal> {
    if list.is_empty() || list.len() > GROUNDS {
        return Err(field::malformed_message_refusal(format!(
            "the briefing names {} datasets instead of 1 to {GROUNDS}",
            list.len()
        )));
    }
    let grounds = list
        .into_iter()
        .map(read_task_dataset)
        .collect::<Result<Vec<_>, _>>()?;
    let names: BTreeSet<_> = grounds.iter().map(|ground| &ground.dataset).collect();
    if names.len() < grounds.len() {
        return Err(field::malformed_message_refusal(
            "the briefing names a dataset twice",
        ));
    }
    Ok(grounds)
}

fn read_task_dataset(message: pb::Ground) -> Result<TaskDataset, Refusal> {
    let pb::Ground {
        dataset,
        contract_id,
        first_id,
        envelope,
        held,
        snapshot,
        digest,
    } = message;
    at_most("a contract of the briefing", envelope.len(), ENVELOPE)?;
    let nothing = contract_id.is_empty() && first_id.is_empty() && held.is_empty();
    let contract = match envelope.is_empty() {
        true if nothing => None,
        true => {
            return Err(field::malformed_message_refusal(
                "the message lacks `envelope`",
            ));
        }
        false => Some(BriefedContract {
            contract: ContractId(field::read_digest("contract_id", &contract_id)?),
            first: ContractId(field::read_digest("first_id", &first_id)?),
            envelope,
            active_prohibitions: read_clause_ids(&held)?,
        }),
    };
    Ok(TaskDataset {
        dataset: parse_identifier(&dataset)?,
        contract,
        snapshot: read_label("snapshot", snapshot)?,
        digest: field::read_digest("digest", &digest)?,
    })
}

fn ground_to_wire(ground: &TaskDataset) -> pb::Ground {
    let TaskDataset {
        dataset,
        contract,
        snapshot,
        digest,
    } = ground;
    let mut message = pb::Ground {
        dataset: dataset.to_string(),
        snapshot: snapshot.clone(),
        digest: field::digest_to_bytes(digest),
        ..pb::Ground::default()
    };
    if let Some(contract) = contract {
        let BriefedContract {
            contract,
            first,
            envelope,
            active_prohibitions: held,
        } = contract;
        message.contract_id = field::digest_to_bytes(&contract.0);
        message.first_id = field::digest_to_bytes(&first.0);
        message.envelope = envelope.clone();
        message.held = held.iter().map(|clause| clause.0).collect();
    }
    message
}

/// Clause numbers of a contract, each once. Clauses of a restriction are not listed.
fn read_clause_ids(list: &[u32]) -> Result<Vec<ClauseId>, Refusal> {
    if list.len() > MOST_CLAUSES {
        return Err(field::malformed_message_refusal(format!(
            "`held` names {} clauses; a contract has at most {MOST_CLAUSES}",
            list.len()
        )));
    }
    let clauses: Vec<_> = list.iter().copied().map(ClauseId).collect();
    if let Some(wrong) = clauses
        .iter()
        .find(|clause| clause.0 == 0 || clause.of_restriction().is_some())
    {
        return Err(field::malformed_message_refusal(format!(
            "`held` names {wrong}, which is no clause of a contract"
        )));
    }
    if clauses.iter().collect::<BTreeSet<_>>().len() < clauses.len() {
        return Err(field::malformed_message_refusal(
            "`held` names a clause twice",
        ));
    }
    Ok(clauses)
}

fn read_limits(message: pb::Limits) -> Result<TaskLimits, Refusal> {
    let pb::Limits {
        memory,
        spill,
        time_ms,
        batch_rows,
    } = message;
    if time_ms == 0 {
        return Err(field::malformed_message_refusal(
            "the message lacks `time_ms`",
        ));
    }
    if batch_rows == 0 {
        return Err(field::malformed_message_refusal(
            "the message lacks `batch_rows`",
        ));
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

fn parse_identifier<T: std::str::FromStr<Err = hansa_policy::id::IdentifierError>>(
    text: &str,
) -> Result<T, Refusal> {
    text.parse()
        .map_err(|problem: hansa_policy::id::IdentifierError| {
            field::malformed_message_refusal(problem.to_string()).caused_by(problem)
        })
}

fn read_time(field: &str, micros: i64) -> Result<UtcTimestamp, Refusal> {
    UtcTimestamp::from_micros(micros).map_err(|cause| {
        field::malformed_message_refusal(format!("`{field}` is no instant")).caused_by(cause)
    })
}

fn require_text(field: &str, text: String) -> Result<String, Refusal> {
    if text.is_empty() {
        return Err(field::malformed_message_refusal(format!(
            "the message lacks `{field}`"
        )));
    }
    Ok(text)
}

fn read_label(field: &str, text: String) -> Result<String, Refusal> {
    field::read_line(field, require_text(field, text)?, LABEL)
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
