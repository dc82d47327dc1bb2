//! Changes of the index, each made from a record.

use crate::state::{broken, signed, unsigned};
use evidence::time::Time;
use policy::id::{ClauseId, ContractId, ParticipantId};
use policy::refusal::Refusal;
use rusqlite::{OptionalExtension as _, Transaction, params};

/// Changes under way; they count all together or not at all.
#[derive(Debug)]
pub struct Change<'t> {
    transaction: &'t Transaction<'t>,
}

/// A letter as the log names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterRow {
    /// The other participant.
    pub peer: ParticipantId,
    /// Whether it came in.
    pub incoming: bool,
    /// Its identity.
    pub id: String,
    /// What kind it is, such as `request`.
    pub kind: String,
    /// The negotiation that it belongs to.
    pub negotiation: Option<String>,
    /// Digest of its bytes, which is the name of its file.
    pub digest: String,
    /// Its record.
    pub record: u64,
    /// When it was recorded.
    pub at: Time,
}

/// A negotiation as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NegotiationRow {
    /// `n-…`
    pub id: String,
    /// The other participant.
    pub peer: ParticipantId,
    /// Our side: `provider` or `consumer`.
    pub role: String,
    /// The dataset.
    pub dataset: String,
    /// The protocol's state, such as `REQUESTED`.
    pub state: String,
    /// The contract that its newest terms would become, or have become.
    pub contract: Option<ContractId>,
    /// The contract for which our signature was given beforehand.
    pub beforehand: Option<ContractId>,
    /// Why it was terminated.
    pub reason: Option<String>,
    /// When it last changed.
    pub updated: Time,
}

/// So much of a quota.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spending {
    /// The contract.
    pub contract: ContractId,
    /// The clause.
    pub clause: ClauseId,
    /// Start of the slot.
    pub slot: Time,
    /// `queries`, `rows` or `bytes`.
    pub counts: String,
    /// How much.
    pub amount: u64,
}

/// A receipt, or what is known of an answer that has none yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptRow {
    /// The question.
    pub request: String,
    /// The other participant.
    pub peer: ParticipantId,
    /// Our side: `provider` or `consumer`.
    pub role: String,
    /// The contract; several are separated by spaces.
    pub contract: String,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// Digest of the frames.
    pub digest: String,
    /// How it ended.
    pub outcome: String,
    /// `issued`, `acknowledged` or `disputed`.
    pub state: String,
    /// When.
    pub at: Time,
    /// Digest of the signed receipt, which is the name of its file.
    pub file: Option<String>,
}

impl<'t> Change<'t> {
    pub(crate) const fn new(transaction: &'t Transaction<'t>) -> Self {
        Self { transaction }
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Refusal> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(|_| ())
            .map_err(broken)
    }

    /// Notes a letter; an outgoing one to a participant that fetches gets the next number of its outbox.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL`, as everywhere here.
    pub fn letter(&self, letter: &LetterRow, to_outbox: bool) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO letter (peer, direction, id, kind, negotiation, digest, record, at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                letter.peer.as_str(),
                if letter.incoming { "in" } else { "out" },
                letter.id,
                letter.kind,
                letter.negotiation,
                letter.digest,
                signed(letter.record),
                letter.at.micros(),
            ],
        )?;
        if !to_outbox {
            return Ok(());
        }
        let number = self.next_number(&letter.peer)?;
        self.run(
            "INSERT INTO outbox (peer, number, digest) VALUES (?1, ?2, ?3)",
            params![letter.peer.as_str(), signed(number), letter.digest],
        )
    }

    fn next_number(&self, peer: &ParticipantId) -> Result<u64, Refusal> {
        self.run(
            "INSERT INTO correspondence (peer, next_out, taken_in) VALUES (?1, 2, 0)
             ON CONFLICT (peer) DO UPDATE SET next_out = next_out + 1",
            [peer.as_str()],
        )?;
        let next: i64 = self
            .transaction
            .query_row(
                "SELECT next_out FROM correspondence WHERE peer = ?1",
                [peer.as_str()],
                |row| row.get(0),
            )
            .map_err(broken)?;
        Ok(unsigned(next).saturating_sub(1))
    }

    /// The peer has durably taken in the letters up to this number.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn acknowledged(&self, peer: &ParticipantId, number: u64) -> Result<(), Refusal> {
        self.run(
            "DELETE FROM outbox WHERE peer = ?1 AND number <= ?2",
            params![peer.as_str(), signed(number)],
        )
    }

    /// The letters of the peer up to this number are taken in here.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn taken_in(&self, peer: &ParticipantId, number: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO correspondence (peer, next_out, taken_in) VALUES (?1, 1, ?2)
             ON CONFLICT (peer) DO UPDATE SET taken_in = max(taken_in, excluded.taken_in)",
            params![peer.as_str(), signed(number)],
        )
    }

    /// Writes how a negotiation stands.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn negotiation(&self, row: &NegotiationRow) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO negotiation (id, peer, role, dataset, state, contract, beforehand, reason, updated)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (id) DO UPDATE SET state = excluded.state, contract = excluded.contract,
                 beforehand = coalesce(excluded.beforehand, beforehand), reason = excluded.reason,
                 updated = excluded.updated",
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
            ],
        )
    }

    /// Writes a peer's address and alias.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn peer(&self, id: &ParticipantId, address: &str, alias: &str) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO peer (id, address, alias) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET address = excluded.address, alias = excluded.alias",
            params![id.as_str(), address, alias],
        )
    }

    /// Forgets a peer's address.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn forget_peer(&self, id: &ParticipantId) -> Result<(), Refusal> {
        self.run("DELETE FROM peer WHERE id = ?1", [id.as_str()])
    }

    /// Keeps the newest head that a peer has shown.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn head(&self, peer: &ParticipantId, size: u64, note: &str) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO head (peer, size, note) VALUES (?1, ?2, ?3)
             ON CONFLICT (peer) DO UPDATE SET size = excluded.size, note = excluded.note
             WHERE excluded.size >= size",
            params![peer.as_str(), signed(size), note],
        )
    }

    /// Spends `amount` of a quota in a slot. What an answer reserves for rows or bytes on their way is kept with it, so
    /// that what it does not use can be given back when it is closed.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn spend(
        &self,
        spending: &Spending,
        asker: &str,
        opened: Option<u64>,
    ) -> Result<(), Refusal> {
        let contract = spending.contract.to_string();
        let (clause, slot) = (spending.clause.0, spending.slot.micros());
        let amount = signed(spending.amount);
        self.run(
            "INSERT INTO budget (contract, clause, slot, asker, used) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (contract, clause, slot, asker) DO UPDATE SET used = used + excluded.used",
            params![contract, clause, slot, asker, amount],
        )?;
        let Some(opened) = opened else {
            return Ok(());
        };
        self.run(
            "INSERT INTO reserved (opened, contract, clause, slot, counts, amount) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (opened, contract, clause, slot) DO UPDATE SET amount = amount + excluded.amount",
            params![signed(opened), contract, clause, slot, spending.counts, amount],
        )
    }

    /// Gives back what an answer had reserved and did not use.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn give_back(&self, spending: &Spending, asker: &str) -> Result<(), Refusal> {
        self.run(
            "UPDATE budget SET used = max(0, used - ?5)
             WHERE contract = ?1 AND clause = ?2 AND slot = ?3 AND asker = ?4",
            params![
                spending.contract.to_string(),
                spending.clause.0,
                spending.slot.micros(),
                asker,
                signed(spending.amount)
            ],
        )
    }

    /// Who asked the question that the record `opened` has opened.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn asker(&self, opened: u64) -> Result<Option<String>, Refusal> {
        self.transaction
            .query_row(
                "SELECT peer FROM answer WHERE record = ?1",
                [signed(opened)],
                |row| row.get(0),
            )
            .optional()
            .map_err(broken)
    }

    /// An answer was opened by this record, under these contracts (separated by spaces).
    ///
    /// # Errors
    /// As everywhere here.
    pub fn opened(
        &self,
        record: u64,
        request: &str,
        peer: &str,
        contracts: &str,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO answer (record, request, peer, contracts, closed) VALUES (?1, ?2, ?3, ?4, NULL)",
            params![signed(record), request, peer, contracts],
        )
    }

    /// The answer that the record `opened` has opened was closed by `record`. Gives its question, asker and contracts.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn closed(
        &self,
        opened: u64,
        record: u64,
    ) -> Result<Option<(String, String, String)>, Refusal> {
        let answer = self
            .transaction
            .query_row(
                "SELECT request, peer, contracts FROM answer WHERE record = ?1 AND closed IS NULL",
                [signed(opened)],
                |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
            )
            .optional()
            .map_err(broken)?;
        self.run(
            "UPDATE answer SET closed = ?2 WHERE record = ?1",
            params![signed(opened), signed(record)],
        )?;
        self.run("DELETE FROM reserved WHERE opened = ?1", [signed(opened)])?;
        Ok(answer)
    }

    /// The log holds the activation of a contract.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn activated(&self, contract: ContractId, at: Time) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO contract (id, activated) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET activated = coalesce(activated, excluded.activated)",
            params![contract.to_string(), at.micros()],
        )
    }

    /// The log holds the withdrawal of a contract; the earlier one wins.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn withdrawn(
        &self,
        contract: ContractId,
        by: &ParticipantId,
        at: Time,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO contract (id, withdrawn, withdrawn_by) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET
                 withdrawn_by = CASE WHEN withdrawn IS NULL OR excluded.withdrawn < withdrawn
                     THEN excluded.withdrawn_by ELSE withdrawn_by END,
                 withdrawn = min(coalesce(withdrawn, excluded.withdrawn), excluded.withdrawn)",
            params![contract.to_string(), at.micros(), by.as_str()],
        )
    }

    /// Writes a receipt, or its new state.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn receipt(&self, row: &ReceiptRow) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO receipt (request, peer, role, contract, rows, bytes, digest, outcome, state, at, file)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (request, peer, role, contract) DO UPDATE SET
                 state = excluded.state, file = coalesce(excluded.file, file)",
            params![
                row.request,
                row.peer.as_str(),
                row.role,
                row.contract,
                signed(row.rows),
                signed(row.bytes),
                row.digest,
                row.outcome,
                row.state,
                row.at.micros(),
                row.file,
            ],
        )
    }

    /// The consumer has acknowledged a receipt, or disputed it.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn answered_receipt(
        &self,
        request: &str,
        peer: &ParticipantId,
        state: &str,
    ) -> Result<(), Refusal> {
        self.run(
            "UPDATE receipt SET state = ?3 WHERE request = ?1 AND peer = ?2",
            params![request, peer.as_str(), state],
        )
    }

    /// The log holds the publication of a dataset.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn published(&self, dataset: &str, body: &str, record: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO published (dataset, body, record) VALUES (?1, ?2, ?3)
             ON CONFLICT (dataset) DO UPDATE SET body = excluded.body, record = excluded.record",
            params![dataset, body, signed(record)],
        )
    }

    /// The log holds the withdrawal of a dataset.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn unpublished(&self, dataset: &str) -> Result<(), Refusal> {
        self.run("DELETE FROM published WHERE dataset = ?1", [dataset])
    }

    /// Remembers a number under a name, such as the highest bundle number ever in use.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn highest(&self, key: &str, value: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)",
            params![key, signed(value)],
        )
    }

    /// A negotiation as it stands, for changing it.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn negotiation_now(&self, id: &str) -> Result<Option<NegotiationRow>, Refusal> {
        self.transaction
            .query_row(
                "SELECT id, peer, role, dataset, state, contract, beforehand, reason, updated
                 FROM negotiation WHERE id = ?1",
                [id],
                crate::state::query::negotiation_row,
            )
            .optional()
            .map_err(broken)
    }

    /// What an answer has reserved.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn reserved_by(&self, opened: u64) -> Result<Vec<Spending>, Refusal> {
        crate::state::query::reserved(self.transaction, opened)
    }
}
