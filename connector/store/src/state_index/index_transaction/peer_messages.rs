//! Messages, their outbox, and the negotiations that they form.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::query::peer_messages::negotiation_row;
use crate::state_index::row::{
    DeclinedApprovalRow, NegotiationRow, NoticeDeliveryRow, PeerMessageRow, PendingApprovalRow,
};
use crate::state_index::{database_refusal, to_signed, to_unsigned};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use rusqlite::params;

/// Kind of a message with a countersigned receipt. Its identity is that of the answer.
const WORD: &str = "acknowledgement";

/// Kind of a message that ends a contract.
const WITHDRAWAL: &str = "withdrawal";

impl IndexTransaction<'_> {
    /// Notes a message.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`, as in all functions here.
    pub fn add_peer_message(&self, peer_message: &PeerMessageRow) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO message (peer, direction, id, kind, negotiation, digest, record, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                peer_message.peer.as_str(),
                if peer_message.incoming { "in" } else { "out" },
                peer_message.id,
                peer_message.kind,
                peer_message.negotiation,
                peer_message.digest,
                to_signed(peer_message.record),
                peer_message.at.micros(),
            ],
        )
    }

    /// Notes a message that waits in the own outbox. Its number is the next one, or with `by_time` at least the microseconds of its
    /// record, so that it differs from all numbers given before a restored older copy of the state.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_outgoing_message(
        &self,
        message: &PeerMessageRow,
        by_time: bool,
    ) -> Result<(), Refusal> {
        self.add_peer_message(message)?;
        let least = match by_time {
            true => message.at.micros(),
            false => 1,
        };
        let number = self.next_number(&message.peer, least)?;
        self.run(
            "INSERT INTO outbox (peer, number, digest, word, fetched) VALUES (?1, ?2, ?3, ?4, 0)",
            params![
                message.peer.as_str(),
                to_signed(number),
                message.digest,
                (message.kind == WORD).then_some(&message.id),
            ],
        )
    }

    /// Notes that the peer has durably taken in the messages up to this number. A withdrawal that the peer has fetched, and that
    /// was not `carried` to it, is kept: the peer may restore an older copy of its state and fetch again.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn acknowledge_messages(
        &self,
        peer: &ParticipantId,
        number: u64,
        carried: bool,
    ) -> Result<(), Refusal> {
        if !carried {
            self.run(
                "UPDATE outbox SET fetched = 1 WHERE peer = ?1 AND number <= ?2 AND digest IN
                     (SELECT digest FROM message WHERE peer = ?1 AND direction = 'out' AND kind = ?3)",
                params![peer.as_str(), to_signed(number), WITHDRAWAL],
            )?;
        }
        self.run(
            "DELETE FROM outbox WHERE peer = ?1 AND number <= ?2 AND fetched = 0",
            params![peer.as_str(), to_signed(number)],
        )
    }

    /// Replaces an unreadable message by another one with its number; without one the message leaves the outbox.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn replace_message(
        &self,
        peer: &ParticipantId,
        number: u64,
        was: &str,
        digest: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(digest) = digest else {
            return self.run(
                "DELETE FROM outbox WHERE peer = ?1 AND number = ?2",
                params![peer.as_str(), to_signed(number)],
            );
        };
        self.run(
            "UPDATE outbox SET digest = ?3 WHERE peer = ?1 AND number = ?2",
            params![peer.as_str(), to_signed(number), digest],
        )?;
        self.run(
            "UPDATE message SET digest = ?3 WHERE peer = ?1 AND direction = 'out' AND digest = ?2",
            params![peer.as_str(), was, digest],
        )
    }

    /// Notes that the messages of the peer up to this number were taken in.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_last_processed_message(
        &self,
        peer: &ParticipantId,
        number: u64,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO correspondence (peer, next_out, taken_in) VALUES (?1, 1, ?2)
             ON CONFLICT (peer) DO UPDATE SET taken_in = max(taken_in, excluded.taken_in)",
            params![peer.as_str(), to_signed(number)],
        )
    }

    /// Writes the state of a negotiation.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn write_negotiation(&self, row: &NegotiationRow) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO negotiation (id, peer, role, dataset, state, contract, beforehand, reason, updated, title)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, contract = excluded.contract,
                 beforehand = coalesce(excluded.beforehand, beforehand), reason = excluded.reason,
                 updated = excluded.updated, title = coalesce(excluded.title, title)",
            params![
                row.id,
                row.peer.as_str(),
                row.role,
                row.dataset,
                row.state,
                row.contract.map(|id| id.to_string()),
                row.beforehand.map(|id| id.to_string()),
                row.reason,
                row.updated.micros(),
                row.title,
            ],
        )
    }

    /// Notes an officer's request that needs a second officer. The first request stays, and what was declined before is over.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_pending_approval(&self, approval: &PendingApprovalRow) -> Result<(), Refusal> {
        self.run(
            "DELETE FROM declined_approval WHERE contract = ?1 AND action = ?2",
            params![approval.contract.to_string(), approval.action],
        )?;
        self.run(
            "INSERT OR IGNORE INTO pending_approval (contract, action, first, reason, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                approval.contract.to_string(),
                approval.action,
                approval.first,
                approval.reason,
                approval.at.micros(),
            ],
        )
    }

    /// Notes the approval by another officer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn approve_change(
        &self,
        contract: ContractId,
        action: &str,
        second: &str,
    ) -> Result<(), Refusal> {
        self.run(
            "UPDATE pending_approval SET second = ?3 WHERE contract = ?1 AND action = ?2 AND first <> ?3",
            params![contract.to_string(), action, second],
        )
    }

    /// Ends an officer's request that nobody has approved, and notes who has declined it.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn decline_change(&self, declined: &DeclinedApprovalRow) -> Result<(), Refusal> {
        let contract = declined.contract.to_string();
        self.run(
            "DELETE FROM pending_approval WHERE contract = ?1 AND action = ?2 AND second IS NULL",
            params![contract, declined.action],
        )?;
        self.run(
            "INSERT OR REPLACE INTO declined_approval (contract, action, first, declined, reason, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                contract,
                declined.action,
                declined.first,
                declined.declined,
                declined.reason,
                declined.at.micros(),
            ],
        )
    }

    /// Notes the result of an attempt to deliver a notice. A delivered one stays delivered.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_notice_delivery(&self, row: &NoticeDeliveryRow) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO notice (contract, topic, channel, delivered, attempts, reason, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (contract, topic, channel) DO UPDATE SET delivered = max(delivered, excluded.delivered),
                 attempts = max(attempts, excluded.attempts), reason = excluded.reason, at = excluded.at",
            params![
                row.contract.to_string(),
                row.topic,
                row.channel,
                row.delivered,
                row.attempts,
                row.reason,
                row.at.micros(),
            ],
        )
    }

    /// Notes an event under a contract that may need a notice. The first event of each topic counts.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_contract_event(
        &self,
        contract: &str,
        topic: &str,
        detail: &str,
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO happened (contract, topic, detail, at) VALUES (?1, ?2, ?3, ?4)",
            params![contract, topic, detail, at.micros()],
        )
    }

    /// Present state of a negotiation, for a change.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn read_negotiation(&self, id: &str) -> Result<Option<NegotiationRow>, Refusal> {
        self.query_row(
            "SELECT id, peer, role, dataset, state, contract, beforehand, reason, updated, title
                 FROM negotiation WHERE id = ?1",
            [id],
            negotiation_row,
        )
    }

    fn next_number(&self, peer: &ParticipantId, least: i64) -> Result<u64, Refusal> {
        let number: i64 = self
            .transaction
            .prepare_cached(
                "INSERT INTO correspondence (peer, next_out, taken_in) VALUES (?1, ?2 + 1, 0)
                 ON CONFLICT (peer) DO UPDATE SET next_out = max(next_out, ?2) + 1
                 RETURNING next_out - 1",
            )
            .and_then(|mut statement| {
                statement.query_row(params![peer.as_str(), least], |row| row.get(0))
            })
            .map_err(database_refusal)?;
        Ok(to_unsigned(number))
    }
}
