//! Heads of logs: those of others, and cosigned heads of the own log.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::row::{IncidentRow, PeerHead};
use crate::state_index::{to_signed, to_unsigned};
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// Stores a head of another log that is in the own log, with the participant that showed it first.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_recorded_head(&self, head: PeerHead<'_>) -> Result<(), Refusal> {
        let PeerHead {
            peer,
            via,
            size,
            note,
            proven,
        } = head;
        // The third line of a head is the root of its tree.
        let root = note.lines().nth(2).unwrap_or_default();
        self.run(
            "INSERT INTO recorded (peer, size, root, via, note, proven) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (peer, size, root) DO UPDATE SET proven = max(proven, excluded.proven)",
            params![
                peer.as_str(),
                to_signed(size),
                root,
                via.as_str(),
                note,
                i64::from(proven)
            ],
        )?;
        if !proven {
            return Ok(());
        }
        // Confirms heads that other participants have passed on.
        self.run(
            "UPDATE gossiped_head SET proven = 1 WHERE peer = ?1 AND size = ?2 AND instr(note, ?3) > 0",
            params![peer.as_str(), to_signed(size), root],
        )
    }

    /// Notes the proof that a log continues its recorded head with this size and root. Without a known root, the only head with
    /// this size.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_head_consistency(
        &self,
        peer: &ParticipantId,
        size: u64,
        root: Option<&str>,
    ) -> Result<(), Refusal> {
        self.run(
            "UPDATE recorded SET proven = 1 WHERE peer = ?1 AND size = ?2 AND (root = ?3 OR (?3 IS NULL
                 AND (SELECT COUNT(*) FROM recorded AS same WHERE same.peer = ?1 AND same.size = ?2) = 1))",
            params![peer.as_str(), to_signed(size), root],
        )
    }

    /// Stores the newest head that a peer has shown. A head with a proof of continuation is replaced only by another one with a
    /// proof.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_peer_head(
        &self,
        peer: &ParticipantId,
        size: u64,
        note: &str,
        proven: bool,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO head (peer, size, note, proven) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (peer) DO UPDATE SET size = excluded.size, note = excluded.note, proven = excluded.proven
             WHERE excluded.size >= size AND excluded.proven >= proven",
            params![peer.as_str(), to_signed(size), note, i64::from(proven)],
        )
    }

    /// Stores the newest head of a log that another participant has passed on.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_gossiped_head(&self, head: PeerHead<'_>) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO gossiped_head (peer, via, size, note, proven) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (peer, via) DO UPDATE SET size = excluded.size, note = excluded.note, proven = excluded.proven
             WHERE excluded.size > size OR (excluded.note = note AND excluded.proven > proven)",
            params![
                head.peer.as_str(),
                head.via.as_str(),
                to_signed(head.size),
                head.note,
                i64::from(head.proven)
            ],
        )
    }

    /// Notes the record with two heads that prove a fork of a peer's log.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_fork(&self, peer: &ParticipantId, record: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO fork (peer, record) VALUES (?1, ?2)",
            params![peer.as_str(), to_signed(record)],
        )
    }

    /// Notes the record with the own log's head that a peer has cosigned.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_witness(&self, peer: &ParticipantId, size: u64, record: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO witness (peer, size, record) VALUES (?1, ?2, ?3)
             ON CONFLICT (peer) DO UPDATE SET size = excluded.size, record = excluded.record
             WHERE excluded.size >= size",
            params![peer.as_str(), to_signed(size), to_signed(record)],
        )
    }

    /// Notes the incident that the owner of a log has stated. Heads in the range of a fork no longer count, as far as known here.
    /// Heads from before the fork must be proven anew, from the stated head.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_stated_incident(
        &self,
        row: &IncidentRow,
        head: Option<(u64, &str)>,
    ) -> Result<(), Refusal> {
        let (first, mut last) = row.fork.unzip();
        if let (Some(upto), Some((size, _))) = (last, head) {
            // A larger head was never shown here. It will be compared with the log when it arrives, whatever size is stated.
            let known = self.query_row(
                "SELECT COALESCE(MAX(size), 0) FROM recorded WHERE peer = ?1",
                [row.peer.as_str()],
                |found| found.get::<_, i64>(0),
            )?;
            last = Some(upto.min(size.max(known.map_or(0, to_unsigned))));
        }
        self.run(
            "INSERT OR REPLACE INTO incident (record, peer, cause, statement, at, first, last, late)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                to_signed(row.record),
                row.peer.as_str(),
                row.cause,
                row.statement,
                row.at.micros(),
                first.map(to_signed),
                last.map(to_signed),
                to_signed(row.late)
            ],
        )?;
        let Some(first) = first else {
            return Ok(());
        };
        let peer = row.peer.as_str();
        self.run("DELETE FROM fork WHERE peer = ?1", params![peer])?;
        self.run("DELETE FROM head WHERE peer = ?1", params![peer])?;
        for table in ["recorded", "gossiped_head"] {
            self.run(
                &format!("DELETE FROM {table} WHERE peer = ?1 AND size > ?2"),
                params![peer, to_signed(first)],
            )?;
            self.run(
                &format!("UPDATE {table} SET proven = 0 WHERE peer = ?1"),
                params![peer],
            )?;
        }
        // No heads of the own log are stored here.
        let Some((size, note)) = head else {
            return Ok(());
        };
        self.add_recorded_head(PeerHead {
            peer: &row.peer,
            via: &row.peer,
            size,
            note,
            proven: false,
        })?;
        self.set_peer_head(&row.peer, size, note, false)
    }
}
