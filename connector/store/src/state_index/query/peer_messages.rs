//! Queries on messages, outboxes and negotiations.

use crate::state_index::query::{parse_column, parsed_or_none, read_instant};
use crate::state_index::row::{NegotiationRow, OutboxMessageRow, PeerMessageRow};
use crate::state_index::{StateIndex, query_row, to_signed, to_unsigned};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::Refusal;
use rusqlite::{Row, params};

impl StateIndex {
    /// All negotiations, the latest change first.
    ///
    /// # Errors
    /// `STATE_BROKEN` when the file can't be read, as in all functions here.
    pub fn negotiations(&self) -> Result<Vec<NegotiationRow>, Refusal> {
        self.query_rows(
            "SELECT id, peer, role, dataset, state, contract, beforehand, reason, updated, title
             FROM negotiation ORDER BY updated DESC, id",
            [],
            negotiation_row,
        )
    }

    /// Newest negotiation with these terms, proposed or concluded.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn negotiation_about(
        &self,
        contract: ContractId,
    ) -> Result<Option<NegotiationRow>, Refusal> {
        let rows = self.query_rows(
            "SELECT id, peer, role, dataset, state, contract, beforehand, reason, updated, title
             FROM negotiation WHERE contract = ?1 ORDER BY updated DESC LIMIT 1",
            [contract.to_string()],
            negotiation_row,
        )?;
        Ok(rows.into_iter().next())
    }

    /// One negotiation.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn find_negotiation(&self, id: &str) -> Result<Option<NegotiationRow>, Refusal> {
        let rows = self.query_rows(
            "SELECT id, peer, role, dataset, state, contract, beforehand, reason, updated, title
             FROM negotiation WHERE id = ?1",
            [id],
            negotiation_row,
        )?;
        Ok(rows.into_iter().next())
    }

    /// The negotiation that made a contract.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn negotiation_of(&self, contract: ContractId) -> Result<Option<NegotiationRow>, Refusal> {
        let rows = self.query_rows(
            "SELECT id, peer, role, dataset, state, contract, beforehand, reason, updated, title
             FROM negotiation WHERE contract = ?1 ORDER BY state = ?2 DESC, updated DESC LIMIT 1",
            params![contract.to_string(), Phase::Finalized.as_str()],
            negotiation_row,
        )?;
        Ok(rows.into_iter().next())
    }

    /// Open negotiations with a peer, the latest change first.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn open_negotiations(&self, peer: &ParticipantId) -> Result<Vec<NegotiationRow>, Refusal> {
        let [finalized, terminated] = [Phase::Finalized, Phase::Terminated].map(Phase::as_str);
        self.query_rows(
            "SELECT id, peer, role, dataset, state, contract, beforehand, reason, updated, title
             FROM negotiation WHERE peer = ?1 AND state NOT IN (?2, ?3) ORDER BY updated DESC, id",
            params![peer.as_str(), finalized, terminated],
            negotiation_row,
        )
    }

    /// Messages of a negotiation in order.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn messages_of(&self, negotiation: &str) -> Result<Vec<PeerMessageRow>, Refusal> {
        self.query_rows(
            "SELECT peer, direction, id, kind, negotiation, digest, record, at
             FROM message WHERE negotiation = ?1 ORDER BY record",
            [negotiation],
            message_row,
        )
    }

    /// Digests of the sent messages of a kind to a peer, in order. They name the files.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn messages_to(&self, peer: &ParticipantId, kind: &str) -> Result<Vec<Digest>, Refusal> {
        self.query_rows(
            "SELECT digest FROM message WHERE peer = ?1 AND direction = 'out' AND kind = ?2 ORDER BY record",
            params![peer.as_str(), kind],
            |row| parse_column(row, 0),
        )
    }

    /// True if a message was taken in, or sent, before.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn knows_message(
        &self,
        peer: &ParticipantId,
        incoming: bool,
        id: &str,
    ) -> Result<Option<String>, Refusal> {
        query_row(
            &self.connection,
            "SELECT digest FROM message WHERE peer = ?1 AND direction = ?2 AND id = ?3",
            params![peer.as_str(), if incoming { "in" } else { "out" }, id],
            |row| row.get(0),
        )
    }

    /// Messages that wait for a peer after a number, in order.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn outbox(
        &self,
        peer: &ParticipantId,
        after: u64,
    ) -> Result<Vec<OutboxMessageRow>, Refusal> {
        self.query_rows(
            "SELECT number, digest, word FROM outbox
             WHERE peer = ?1 AND number > ?2 AND fetched = 0 ORDER BY number",
            params![peer.as_str(), to_signed(after)],
            waiting_row,
        )
    }

    /// First message for a peer after a number: a waiting one, or a withdrawal that it fetched before it restored an older state.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn next_after(
        &self,
        peer: &ParticipantId,
        after: u64,
    ) -> Result<Option<OutboxMessageRow>, Refusal> {
        query_row(
            &self.connection,
            "SELECT number, digest, word FROM outbox WHERE peer = ?1 AND number > ?2 ORDER BY number LIMIT 1",
            params![peer.as_str(), to_signed(after)],
            waiting_row,
        )
    }

    /// All waiting messages, those to each peer in order.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn outboxes(&self) -> Result<Vec<(ParticipantId, OutboxMessageRow)>, Refusal> {
        self.query_rows(
            "SELECT number, digest, word, peer FROM outbox WHERE fetched = 0 ORDER BY peer, number",
            [],
            |row| Ok((parse_column(row, 3)?, waiting_row(row)?)),
        )
    }

    /// Waiting messages behind a number of a peer, those to each peer in order, `most` at most.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn outboxes_after(
        &self,
        after: Option<(&ParticipantId, u64)>,
        most: u32,
    ) -> Result<Vec<(ParticipantId, OutboxMessageRow)>, Refusal> {
        let (peer, number) = after.map_or(("", 0), |(peer, number)| (peer.as_str(), number));
        self.query_rows(
            "SELECT number, digest, word, peer FROM outbox
             WHERE fetched = 0 AND (peer, number) > (?1, ?2) ORDER BY peer, number LIMIT ?3",
            params![peer, to_signed(number), most],
            |row| Ok((parse_column(row, 3)?, waiting_row(row)?)),
        )
    }

    /// Instant of the record of a sent message.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn sent_at(&self, peer: &ParticipantId, id: &str) -> Result<Option<UtcTimestamp>, Refusal> {
        query_row(
            &self.connection,
            "SELECT at FROM message WHERE peer = ?1 AND direction = 'out' AND id = ?2",
            params![peer.as_str(), id],
            |row| read_instant(row, 0),
        )
    }

    /// Number of waiting messages for each peer that has some.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn count_waiting_messages(&self) -> Result<Vec<(ParticipantId, u64)>, Refusal> {
        self.query_rows(
            "SELECT peer, count(*) FROM outbox WHERE fetched = 0 GROUP BY peer ORDER BY peer",
            [],
            |row| Ok((parse_column(row, 0)?, to_unsigned(row.get(1)?))),
        )
    }

    /// Number of the oldest waiting message for a peer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn oldest_for(&self, peer: &ParticipantId) -> Result<Option<u64>, Refusal> {
        let oldest = query_row(
            &self.connection,
            "SELECT min(number) FROM outbox WHERE peer = ?1 AND fetched = 0",
            [peer.as_str()],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        Ok(oldest.flatten().map(to_unsigned))
    }

    /// Last number that was given to a message to a peer; 0 where there was none.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn numbered_up_to(&self, peer: &ParticipantId) -> Result<u64, Refusal> {
        let next = query_row(
            &self.connection,
            "SELECT next_out FROM correspondence WHERE peer = ?1",
            [peer.as_str()],
            |row| row.get::<_, i64>(0),
        )?;
        Ok(next.map_or(0, |next| to_unsigned(next).saturating_sub(1)))
    }

    /// Number of the newest waiting message for a peer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn newest_for(&self, peer: &ParticipantId) -> Result<Option<u64>, Refusal> {
        let newest = query_row(
            &self.connection,
            "SELECT max(number) FROM outbox WHERE peer = ?1 AND fetched = 0",
            [peer.as_str()],
            |row| row.get::<_, Option<i64>>(0),
        )?;
        Ok(newest.flatten().map(to_unsigned))
    }

    /// Number of the last message of a peer that was taken in.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn last_processed_message(&self, peer: &ParticipantId) -> Result<u64, Refusal> {
        query_row(
            &self.connection,
            "SELECT taken_in FROM correspondence WHERE peer = ?1",
            [peer.as_str()],
            |row| row.get::<_, i64>(0),
        )
        .map(|number| number.map_or(0, to_unsigned))
    }
}

pub(crate) fn negotiation_row(row: &Row<'_>) -> rusqlite::Result<NegotiationRow> {
    Ok(NegotiationRow {
        id: row.get(0)?,
        peer: parse_column(row, 1)?,
        role: row.get(2)?,
        dataset: row.get(3)?,
        state: row.get(4)?,
        contract: parsed_or_none(row, 5)?,
        beforehand: parsed_or_none(row, 6)?,
        reason: row.get(7)?,
        updated: read_instant(row, 8)?,
        title: row.get(9)?,
    })
}

fn message_row(row: &Row<'_>) -> rusqlite::Result<PeerMessageRow> {
    Ok(PeerMessageRow {
        peer: parse_column(row, 0)?,
        incoming: row.get::<_, String>(1)? == "in",
        id: row.get(2)?,
        kind: row.get(3)?,
        negotiation: row.get(4)?,
        digest: row.get(5)?,
        record: to_unsigned(row.get(6)?),
        at: read_instant(row, 7)?,
    })
}

fn waiting_row(row: &Row<'_>) -> rusqlite::Result<OutboxMessageRow> {
    Ok(OutboxMessageRow {
        number: to_unsigned(row.get(0)?),
        digest: parse_column(row, 1)?,
        acknowledged_request: parsed_or_none(row, 2)?,
    })
}
