//! Messages, the outbox that they wait in, and the negotiations that they make.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::query::peer_messages::negotiation_row;
use crate::state_index::row::{
    NegotiationRow, NoticeDeliveryRow, PeerMessageRow, PendingApprovalRow,
};
use crate::state_index::{database_refusal, to_signed, to_unsigned};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use rusqlite::params;

/// The kind of a message that carries a receipt with both signatures; it bears the name of the answer.
const WORD: &str = "acknowledgement";

/// The kind of a message by which a contract ends.
const WITHDRAWAL: &str = "withdrawal";

impl IndexTransaction<'_> {
    /// Notes a message.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`, as everywhere here.
    pub fn message(&self, peer_message: &PeerMessageRow) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO letter (peer, direction, id, kind, negotiation, digest, record, at)
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

    /// The same, of one that waits in our outbox from now on. Its number is the next one; `by_time` not before the microseconds of
    /// its record, so that it is another than any that was given before an older copy of all this was put back.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn add_outgoing_message(
        &self,
        message: &PeerMessageRow,
        by_time: bool,
    ) -> Result<(), Refusal> {
        self.message(message)?;
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

    /// The peer has durably taken in the messages up to this number. A withdrawal that it has fetched, and that was not `carried`
    /// to it, stays for the case that it goes back to an older copy of its state and fetches from there.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn acknowledge_messages(
        &self,
        peer: &ParticipantId,
        number: u64,
        carried: bool,
    ) -> Result<(), Refusal> {
        if !carried {
            self.run(
                "UPDATE outbox SET fetched = 1 WHERE peer = ?1 AND number <= ?2 AND digest IN
                     (SELECT digest FROM letter WHERE peer = ?1 AND direction = 'out' AND kind = ?3)",
                params![peer.as_str(), to_signed(number), WITHDRAWAL],
            )?;
        }
        self.run(
            "DELETE FROM outbox WHERE peer = ?1 AND number <= ?2 AND fetched = 0",
            params![peer.as_str(), to_signed(number)],
        )
    }

    /// Another message stands for one that could not be read, under the same number; without one it leaves the outbox.
    ///
    /// # Errors
    /// As everywhere here.
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
            "UPDATE letter SET digest = ?3 WHERE peer = ?1 AND direction = 'out' AND digest = ?2",
            params![peer.as_str(), was, digest],
        )
    }

    /// The messages of the peer up to this number are taken in here.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn taken_in(&self, peer: &ParticipantId, number: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO correspondence (peer, next_out, taken_in) VALUES (?1, 1, ?2)
             ON CONFLICT (peer) DO UPDATE SET taken_in = max(taken_in, excluded.taken_in)",
            params![peer.as_str(), to_signed(number)],
        )
    }

    /// Writes how a negotiation stands.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn negotiation(&self, row: &NegotiationRow) -> Result<(), Refusal> {
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

    /// An officer has asked for something that needs two; the first one to ask stays the first.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn asked_for(&self, word: &PendingApprovalRow) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO word (contract, deed, first, reason, at) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                word.contract.to_string(),
                word.action,
                word.first,
                word.reason,
                word.at.micros(),
            ],
        )
    }

    /// Another officer has approved it.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn approve_change(
        &self,
        contract: ContractId,
        action: &str,
        second: &str,
    ) -> Result<(), Refusal> {
        self.run(
            "UPDATE word SET second = ?3 WHERE contract = ?1 AND deed = ?2 AND first <> ?3",
            params![contract.to_string(), action, second],
        )
    }

    /// A notice was tried; one that has arrived stays so.
    ///
    /// # Errors
    /// As everywhere here.
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

    /// Something happened under a contract of which people may be to be told; of each topic the first time counts.
    ///
    /// # Errors
    /// As everywhere here.
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

    /// A negotiation as it stands, for changing it.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn negotiation_now(&self, id: &str) -> Result<Option<NegotiationRow>, Refusal> {
        self.one(
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
