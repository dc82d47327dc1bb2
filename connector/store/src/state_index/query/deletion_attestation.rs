//! Statements of deletion that are owed to us, or by us.

use crate::state_index::query::{instant_or_none, parse_column};
use crate::state_index::{StateIndex, to_unsigned};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId, RequestId};
use hansa_policy::refusal::Refusal;
use rusqlite::params;
use std::collections::BTreeSet;

impl StateIndex {
    /// How many answers under a contract, by its first version, were closed by then and lack the consumer's statement; and
    /// the first `named` of them.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn attestations_due(
        &self,
        first: ContractId,
        consumer: &ParticipantId,
        closed_by: UtcTimestamp,
        named: usize,
    ) -> Result<(u64, Vec<RequestId>), Refusal> {
        let what = params![first.to_string(), consumer.as_str(), closed_by.micros()];
        let counts: Vec<i64> = self.all(
            "SELECT COUNT(*) FROM owed WHERE contract = ?1 AND peer = ?2 AND closed <= ?3",
            what,
            |row| row.get(0),
        )?;
        let count = counts.first().map_or(0, |count| to_unsigned(*count));
        if count == 0 {
            return Ok((0, Vec::new()));
        }
        let requests = self.all(
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

    /// The newest answers of a peer whose receipts we have countersigned without writing the peer a message of it, which bears
    /// the name of the answer: the requests, and the digests that name the files. A crash leaves the newest.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn unsaid(&self, peer: &ParticipantId) -> Result<Vec<(RequestId, String)>, Refusal> {
        self.all(
            "SELECT DISTINCT r.request, r.file FROM (SELECT * FROM receipt ORDER BY rowid DESC LIMIT 256) r
             WHERE r.peer = ?1 AND r.role = 'consumer' AND r.state = 'acknowledged' AND r.file IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM letter l WHERE l.peer = r.peer AND l.direction = 'out' AND l.id = r.request)",
            [peer.as_str()],
            |row| Ok((parse_column(row, 0)?, row.get(1)?)),
        )
    }

    /// How many statements are owed to us under a contract, by its first version, and when the oldest answer was closed.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn attestations_due_to_us(
        &self,
        first: ContractId,
    ) -> Result<(u64, Option<UtcTimestamp>), Refusal> {
        let found = self.all(
            "SELECT COUNT(*), MIN(closed) FROM owed WHERE contract = ?1 AND closed IS NOT NULL",
            [first.to_string()],
            |row| Ok((to_unsigned(row.get(0)?), instant_or_none(row, 1)?)),
        )?;
        Ok(found.into_iter().next().unwrap_or_default())
    }

    /// The questions that we asked a provider under one of these versions of a contract, by its first one, whose answers have
    /// ended and of which we have not stated that what came is deleted; the oldest first.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn unattested_requests(
        &self,
        provider: &ParticipantId,
        first: ContractId,
        versions: &[ContractId],
    ) -> Result<Vec<RequestId>, Refusal> {
        let rows: Vec<(RequestId, String)> = self.all(
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

    /// The questions whose answers we are owed a statement for.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn all_owed(&self) -> Result<BTreeSet<String>, Refusal> {
        let all = self.all("SELECT request FROM owed", [], |row| row.get(0))?;
        Ok(all.into_iter().collect())
    }

    /// The questions that we asked: each with the contracts that it named, separated by spaces, and under how many of them we
    /// have stated what came.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn all_taken(&self) -> Result<Vec<(String, String, u64)>, Refusal> {
        self.all(
            "SELECT request, contracts, (SELECT COUNT(*) FROM stated WHERE stated.request = taken.request
                 AND stated.peer = taken.peer) FROM taken",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, to_unsigned(row.get(2)?))),
        )
    }

    /// The questions that we asked and whose answers still come, as far as the log says: each with whom it was asked.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn coming(&self) -> Result<Vec<(RequestId, ParticipantId)>, Refusal> {
        self.all(
            "SELECT request, peer FROM taken WHERE ended IS NULL ORDER BY at, request",
            [],
            |row| Ok((parse_column(row, 0)?, parse_column(row, 1)?)),
        )
    }
}
