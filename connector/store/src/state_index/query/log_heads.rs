//! Queries on other logs.

use crate::state_index::query::{parse_column, read_instant};
use crate::state_index::row::{GossipedHeadRow, IncidentRow, PeerHeadRow, WitnessedHeadRow};
use crate::state_index::{StateIndex, query_row, to_signed, to_unsigned};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use rusqlite::{Row, params};

impl StateIndex {
    /// Newest head that a peer has shown.
    ///
    /// # Errors
    /// `STATE_BROKEN` when the file can't be read, as in all functions here.
    pub fn head_of(&self, peer: &ParticipantId) -> Result<Option<PeerHeadRow>, Refusal> {
        query_row(
            &self.connection,
            "SELECT peer, note, proven FROM head WHERE peer = ?1",
            [peer.as_str()],
            head_row,
        )
    }

    /// Newest head of each peer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn heads(&self) -> Result<Vec<PeerHeadRow>, Refusal> {
        self.query_rows(
            "SELECT peer, note, proven FROM head ORDER BY peer",
            [],
            head_row,
        )
    }

    /// Newest heads of a log that others have passed on, one from each of them.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn heard_of(&self, peer: &ParticipantId) -> Result<Vec<GossipedHeadRow>, Refusal> {
        self.query_rows(
            "SELECT peer, via, note, proven FROM gossiped_head WHERE peer = ?1 ORDER BY size DESC, via",
            [peer.as_str()],
            heard_row,
        )
    }

    /// Heads of a log with this size that are in the own log; more than one prove a fork.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn recorded_of(
        &self,
        peer: &ParticipantId,
        size: u64,
    ) -> Result<Vec<GossipedHeadRow>, Refusal> {
        self.query_rows(
            "SELECT peer, via, note, proven FROM recorded WHERE peer = ?1 AND size = ?2 ORDER BY proven DESC, root",
            params![peer.as_str(), to_signed(size)],
            heard_row,
        )
    }

    /// Heads of a log in the own log for which its owner has not proven a continuation: the newest ones, up to a number.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn unproven_of(
        &self,
        peer: &ParticipantId,
        most: usize,
    ) -> Result<Vec<GossipedHeadRow>, Refusal> {
        self.query_rows(
            "SELECT peer, via, note, proven FROM recorded WHERE peer = ?1 AND proven = 0
             ORDER BY size DESC, root LIMIT ?2",
            params![peer.as_str(), i64::try_from(most).unwrap_or(i64::MAX)],
            heard_row,
        )
    }

    /// Newest head of each log that was passed on.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn newest_heard(&self) -> Result<Vec<GossipedHeadRow>, Refusal> {
        let mut rows = self.query_rows(
            "SELECT peer, via, note, proven FROM gossiped_head ORDER BY peer, size DESC, via",
            [],
            heard_row,
        )?;
        rows.dedup_by(|later, first| later.peer == first.peer);
        Ok(rows)
    }

    /// All heads that were passed on.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn gossiped_heads(&self) -> Result<Vec<GossipedHeadRow>, Refusal> {
        self.query_rows(
            "SELECT peer, via, note, proven FROM gossiped_head ORDER BY peer, via",
            [],
            heard_row,
        )
    }

    /// Newest head of the own log that each peer has cosigned.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn witnesses(&self) -> Result<Vec<WitnessedHeadRow>, Refusal> {
        self.query_rows(
            "SELECT peer, size, record FROM witness ORDER BY peer",
            [],
            |row| {
                Ok(WitnessedHeadRow {
                    peer: parse_column(row, 0)?,
                    size: to_unsigned(row.get(1)?),
                    record: to_unsigned(row.get(2)?),
                })
            },
        )
    }

    /// Size of the newest head that a peer has cosigned.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn witnessed_by(&self, peer: &ParticipantId) -> Result<Option<u64>, Refusal> {
        query_row(
            &self.connection,
            "SELECT size FROM witness WHERE peer = ?1",
            [peer.as_str()],
            |row| row.get::<_, i64>(0),
        )
        .map(|size| size.map(to_unsigned))
    }

    /// Peers with a fork of their log, and the record with both heads.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn forks(&self) -> Result<Vec<(ParticipantId, u64)>, Refusal> {
        self.query_rows("SELECT peer, record FROM fork ORDER BY peer", [], |row| {
            Ok((parse_column(row, 0)?, to_unsigned(row.get(1)?)))
        })
    }

    /// Incidents of logs that their owners have stated, in the order of their records.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn incidents(&self) -> Result<Vec<IncidentRow>, Refusal> {
        self.query_rows(
            "SELECT record, peer, cause, statement, at, first, last, late FROM incident ORDER BY record",
            [],
            |row| {
                let first: Option<i64> = row.get(5)?;
                let last: Option<i64> = row.get(6)?;
                Ok(IncidentRow {
                    record: to_unsigned(row.get(0)?),
                    peer: parse_column(row, 1)?,
                    cause: row.get(2)?,
                    statement: row.get(3)?,
                    at: read_instant(row, 4)?,
                    fork: first.zip(last).map(|(first, last)| (to_unsigned(first), to_unsigned(last))),
                    late: to_unsigned(row.get(7)?),
                })
            },
        )
    }
}

fn head_row(row: &Row<'_>) -> rusqlite::Result<PeerHeadRow> {
    Ok(PeerHeadRow {
        peer: parse_column(row, 0)?,
        note: row.get(1)?,
        proven: row.get(2)?,
    })
}

fn heard_row(row: &Row<'_>) -> rusqlite::Result<GossipedHeadRow> {
    Ok(GossipedHeadRow {
        peer: parse_column(row, 0)?,
        via: parse_column(row, 1)?,
        note: row.get(2)?,
        proven: row.get(3)?,
    })
}
