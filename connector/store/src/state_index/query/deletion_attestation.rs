//! Queries on statements of deletion, owed to and by this participant.

use crate::state_index::query::{instant_or_none, parse_column};
use crate::state_index::{StateIndex, to_unsigned};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::refusal::Refusal;
use rusqlite::params;
use std::collections::BTreeSet;

impl StateIndex {
    /// Number of answers under a contract, by its first version, that were closed by this instant and lack the consumer's
    /// statement, with the first `named` of them.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn attestations_due(
        &self,
        first: ContractId,
        consumer: &ParticipantId,
        closed_by: UtcTimestamp,
        named: usize,
    ) -> Result<(u64, Vec<RequestId>), Refusal> {
        let what = params![first.to_string(), consumer.as_str(), closed_by.micros()];
        let counts: Vec<i64> = self.query_rows(
            "SELECT COUNT(*) FROM owed WHERE contract = ?1 AND peer = ?2 AND closed <= ?3",
            what,
            |row| row.get(0),
        )?;
        let count = counts.first().map_or(0, |count| to_unsigned(*count));
        if count == 0 {
            return Ok((0, Vec::new()));
        }
        let requests = self.query_rows(
            "SELECT request FROM owed WHERE contract = ?1 AND peer = ?2 AND closed <= ?3
             ORDER BY closed, request LIMIT ?4",
            params![
                first.to_string(),
                consumer.as_str(),
                closed_by.micros(),
                i64::try_from(named).unwrap_or(i64::MAX)
            ],
            |row| parse_column(row, 0),
        )?;
        Ok((count, requests))
    }

    /// Newest answers of a peer with a countersigned receipt and without a message about it. The message would have the name of the
    /// answer. A crash can leave only the newest ones. Requests, and digests that name the files.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn answers_without_message(
        &self,
        peer: &ParticipantId,
    ) -> Result<Vec<(RequestId, String)>, Refusal> {
        self.query_rows(
            "SELECT DISTINCT r.request, r.file FROM (SELECT * FROM receipt ORDER BY rowid DESC LIMIT 256) r
             WHERE r.peer = ?1 AND r.role = 'consumer' AND r.state = 'acknowledged' AND r.file IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM message l WHERE l.peer = r.peer AND l.direction = 'out' AND l.id = r.request)",
            [peer.as_str()],
            |row| Ok((parse_column(row, 0)?, row.get(1)?)),
        )
    }

    /// Number of statements that are owed to this participant under a contract, by its first version, and the time when the oldest
    /// answer was closed.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn attestations_due_to_us(
        &self,
        first: ContractId,
    ) -> Result<(u64, Option<UtcTimestamp>), Refusal> {
        let found = self.query_rows(
            "SELECT COUNT(*), MIN(closed) FROM owed WHERE contract = ?1 AND closed IS NOT NULL",
            [first.to_string()],
            |row| Ok((to_unsigned(row.get(0)?), instant_or_none(row, 1)?)),
        )?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// Own questions to a provider under one of these versions of a contract, by its first one, with ended answers and without a
    /// statement of deletion; the oldest first.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn unattested_requests(
        &self,
        provider: &ParticipantId,
        first: ContractId,
        versions: &[ContractId],
    ) -> Result<Vec<RequestId>, Refusal> {
        let rows: Vec<(RequestId, String)> = self.query_rows(
            "SELECT request, contracts FROM taken WHERE peer = ?1 AND ended IS NOT NULL AND NOT EXISTS (
                 SELECT 1 FROM stated WHERE stated.contract = ?2 AND stated.request = taken.request
                     AND stated.peer = taken.peer)
             ORDER BY at, request",
            [provider.as_str(), &first.to_string()],
            |row| Ok((parse_column(row, 0)?, row.get(1)?)),
        )?;
        let under = |named: &str| {
            let mut named = named.split(' ').filter_map(|one| one.parse().ok());
            named.any(|one: ContractId| versions.contains(&one))
        };
        let found = rows.into_iter().filter(|(_, named)| under(named));
        Ok(found.map(|(request, _)| request).collect())
    }

    /// Questions for whose answers a statement is owed to this participant.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn all_owed(&self) -> Result<BTreeSet<String>, Refusal> {
        let all = self.query_rows("SELECT request FROM owed", [], |row| row.get(0))?;
        Ok(all.into_iter().collect())
    }

    /// Own questions, each with its named contracts, separated by spaces, and the number of contracts with a statement.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn all_taken(&self) -> Result<Vec<(String, String, u64)>, Refusal> {
        self.query_rows(
            "SELECT request, contracts, (SELECT COUNT(*) FROM stated WHERE stated.request = taken.request
                 AND stated.peer = taken.peer) FROM taken",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, to_unsigned(row.get(2)?))),
        )
    }

    /// Own questions with a running answer, by the log, each with its provider.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn running_queries(&self) -> Result<Vec<(RequestId, ParticipantId)>, Refusal> {
        self.query_rows(
            "SELECT request, peer FROM taken WHERE ended IS NULL ORDER BY at, request",
            [],
            |row| Ok((parse_column(row, 0)?, parse_column(row, 1)?)),
        )
    }
}
