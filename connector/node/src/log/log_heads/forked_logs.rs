//! Forked logs: their record, the refusal of their owners, and the closing of the incident.

use crate::log::audit_event::{AuditEvent, optional_text};
use crate::participant::Connector;
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::incidents::LogForkRecord;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::incident::IncidentCause;
use hansa_store::state_index::row::IncidentRow;

/// Two heads of a log that contradict each other.
#[derive(Clone, Copy)]
pub(super) struct ConflictingHeads<'a> {
    /// Head that was known first.
    pub(super) known: &'a SignedHead,
    /// Head that was shown later.
    pub(super) shown: &'a SignedHead,
}

impl Connector {
    /// Records a fork once. Its proof is two recorded heads with the signature of the log's owner. If another participant has shown
    /// the second head, the record names it.
    pub(super) async fn note_fork(
        &self,
        peer: &ParticipantId,
        heads: ConflictingHeads<'_>,
        via: Option<&ParticipantId>,
    ) -> Result<(), Refusal> {
        if self.fork_of(peer)?.is_some() {
            return Ok(());
        }
        tracing::error!(peer = peer.domain(), "log.forked");
        let _durable = self
            .record(AuditEvent::from(LogForkRecord {
                peer: peer.to_string(),
                code: ErrorCode::LogFork.to_string(),
                via: optional_text(via),
                known: heads.known.to_string(),
                shown: heads.shown.to_string(),
            }))
            .await?;
        Ok(())
    }

    /// Returns the fork of a peer's log, unless the peer has stated the incident since.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn fork_of(&self, peer: &ParticipantId) -> Result<Option<Refusal>, Refusal> {
        let forks = self.records.index(|state| state.forks())?;
        let found = forks.into_iter().find(|(id, _)| id == peer);
        Ok(found.map(|(peer, record)| self.fork_refusal(peer, record)))
    }

    /// Returns the open forks of all logs.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn forks(&self) -> Result<Vec<Refusal>, Refusal> {
        let forks = self.records.index(|state| state.forks())?;
        Ok(forks
            .into_iter()
            .map(|(peer, record)| self.fork_refusal(peer, record))
            .collect())
    }

    fn fork_refusal(&self, peer: ParticipantId, record: u64) -> Refusal {
        match peer == self.id() {
            true => own_fork(peer, record),
            false => forked_log_refusal(peer, record),
        }
    }

    /// Returns the incidents that owners of logs have stated, each with a sentence.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn incidents(&self) -> Result<Vec<(IncidentRow, String)>, Refusal> {
        let rows = self.records.index(|state| state.incidents())?;
        let own = self.id();
        let report = |row: IncidentRow| {
            let text = describe_closed_incident(&row, row.peer == own);
            (row, text)
        };
        Ok(rows.into_iter().map(report).collect())
    }

    /// Checks that conflicting heads of this size are void by a statement of the log's owner.
    ///
    /// # Errors
    /// If the index can't be read.
    pub(super) fn is_void(&self, owner: &ParticipantId, size: u64) -> Result<bool, Refusal> {
        let rows = self.records.index(|state| state.incidents())?;
        let mut ranges = rows.iter().filter(|row| row.peer == *owner);
        Ok(ranges.any(|row| {
            row.fork
                .is_some_and(|(from, upto)| from < size && size <= upto)
        }))
    }

    /// Refuses a participant with a forked log, if the configuration requires it.
    ///
    /// # Errors
    /// `LOG_FORK`, or an error if the index can't be read.
    pub(crate) fn check_not_forked(&self, peer: &ParticipantId) -> Result<(), Refusal> {
        if !self.config().keeping.refuses_forked || *peer == self.id() {
            return Ok(());
        }
        match self.fork_of(peer)? {
            None => Ok(()),
            Some(fork) => Err(fork),
        }
    }
}

/// Refusal about a fork of the own log: a peer holds a head with our signature that is not of our log.
fn own_fork(own: ParticipantId, record: u64) -> Refusal {
    Refusal::new(
        ErrorCode::LogFork,
        "others hold a signed head of this log that does not match its records; probably this folder was copied and both copies ran, an older backup replaced the log, or two machines run as this participant",
    )
    .with_participant(own)
    .with_help(
        "stop every copy but one, replace the key (hansa rekey), then state what happened: hansa audit incident --cause CAUSE --since TIME (docs/incidents.md)",
    )
    .with_help(format!("both signed heads: hansa audit show {record}"))
}

fn forked_log_refusal(peer: ParticipantId, record: u64) -> Refusal {
    let who = peer.domain().to_owned();
    Refusal::new(
        ErrorCode::LogFork,
        format!(
            "the log of {who} does not match a head that {who} signed before; probably its folder was copied and both copies ran, an older backup replaced its log, or two machines run as {who}"
        ),
    )
    .with_participant(peer)
    .with_help(format!(
        "tell {who} and the league: its operator stops every copy but one, replaces the key and states the incident, and this ends (docs/incidents.md); until then `[audit] forked_logs = \"refuse\"` deals with it no more"
    ))
    .with_help(format!("both signed heads: hansa audit show {record}"))
}

fn describe_closed_incident(row: &IncidentRow, own: bool) -> String {
    let whose = match own {
        true => "this log".to_owned(),
        false => format!("the log of {}", row.peer.domain()),
    };
    let cause = IncidentCause::from_word(&row.cause).unwrap_or(IncidentCause::Unknown);
    let mut what = Vec::new();
    if let Some((from, upto)) = row.fork {
        what.push(format!(
            "{whose} has two histories: contradicting heads over more than {from} and at most {upto} records are no longer valid"
        ));
    }
    if row.late > 0 {
        what.push(format!(
            "{} permits of {whose} stand behind the withdrawal of their contract",
            row.late
        ));
    }
    format!(
        "{} ({}); stated, record {} of {}",
        what.join("; "),
        cause.description(),
        row.record,
        row.at
    )
}
