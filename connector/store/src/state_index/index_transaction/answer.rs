//! Answers, from the record that opens them to the receipt that both sides hold.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::query::instant;
use crate::state_index::row::ReceiptRow;
use crate::state_index::to_signed;
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::retention::RetainedContracts;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// An answer was opened by this record, under these contracts (separated by spaces); `receipt` is the state of its receipt
    /// once it is closed: `issued`, or `one_sided` where nobody countersigns.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn open_answer(
        &self,
        record: u64,
        (request, peer): (&str, &str),
        (contracts, receipt): (&str, &str),
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO answer (record, request, peer, contracts, receipt, at, closed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL)",
            params![
                to_signed(record),
                request,
                peer,
                contracts,
                receipt,
                at.micros()
            ],
        )?;
        // Records come in their order, so that the first one of a contract stays.
        contracts.split_whitespace().try_for_each(|contract| {
            self.run(
                "INSERT OR IGNORE INTO first_answer (contract, at, record) VALUES (?1, ?2, ?3)",
                params![contract, at.micros(), to_signed(record)],
            )
        })
    }

    /// So much may have left at most of the answer that the record `opened` has opened.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn bound_answer(&self, opened: u64, bound: AnswerBound) -> Result<(), Refusal> {
        self.run(
            "UPDATE answer SET most_rows = ?2, most_bytes = ?3 WHERE record = ?1",
            params![
                to_signed(opened),
                to_signed(bound.rows),
                to_signed(bound.bytes)
            ],
        )
    }

    /// Who asked the question that the record `opened` has opened, and when it was admitted.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn asker(&self, opened: u64) -> Result<Option<(String, UtcTimestamp)>, Refusal> {
        self.one(
            "SELECT peer, at FROM answer WHERE record = ?1",
            [to_signed(opened)],
            |row| Ok((row.get(0)?, instant(row, 1)?)),
        )
    }

    /// The answer that the record `opened` has opened was closed by `record`. Gives its question, asker and
    /// contracts, and the state of its receipt.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn close_answer(&self, opened: u64, record: u64) -> Result<Option<[String; 4]>, Refusal> {
        let answer = self.one(
            "SELECT request, peer, contracts, receipt FROM answer WHERE record = ?1 AND closed IS NULL",
            [to_signed(opened)],
            |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]),
        )?;
        self.run(
            "UPDATE answer SET closed = ?2 WHERE record = ?1",
            params![to_signed(opened), to_signed(record)],
        )?;
        self.run(
            "DELETE FROM reserved WHERE opened = ?1",
            [to_signed(opened)],
        )?;
        Ok(answer)
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
                to_signed(row.rows),
                to_signed(row.bytes),
                row.digest,
                row.outcome,
                row.state,
                row.at.micros(),
                row.file,
            ],
        )
    }

    /// Decisions from before that instant are kept no longer, but for those on which something still depends: answers for
    /// which a statement is owed, receipts that were never countersigned, and the first question under a contract, from
    /// which its time may run.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn expire_decisions(
        &self,
        before: UtcTimestamp,
        of: &RetainedContracts,
    ) -> Result<(), Refusal> {
        let list = |ids: &[String]| {
            let ids = Json::List(ids.iter().map(Json::text).collect());
            String::from_utf8_lossy(&canonical(&ids)).into_owned()
        };
        let before = before.micros();
        self.run(
            "DELETE FROM receipt WHERE at < ?1 AND request NOT IN (SELECT request FROM owed)
                 AND NOT (role = 'provider' AND state = 'issued'
                     AND EXISTS (SELECT 1 FROM json_each(?2) WHERE instr(receipt.contract, value) > 0))",
            params![before, list(&of.receipts)],
        )?;
        self.run(
            "DELETE FROM answer WHERE at < ?1 AND closed IS NOT NULL
                 AND request NOT IN (SELECT request FROM owed)
                 AND request NOT IN (SELECT request FROM receipt WHERE role = 'provider' AND state = 'issued')
                 AND record NOT IN (SELECT record FROM first_answer
                     WHERE contract IN (SELECT value FROM json_each(?2)))",
            params![before, list(&of.first_use)],
        )?;
        // An index that is made again from the log finds the first answers that are left there.
        self.run(
            "DELETE FROM first_answer WHERE record NOT IN (SELECT record FROM answer)",
            [],
        )?;
        self.run(
            "INSERT OR IGNORE INTO first_answer (contract, at, record)
             SELECT value, at, MIN(record)
             FROM answer, json_each('[\"' || replace(contracts, ' ', '\",\"') || '\"]')
             WHERE contracts <> '' GROUP BY value",
            [],
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

    /// The file of a receipt that nobody countersigns.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn one_sided_receipt(
        &self,
        request: &str,
        peer: &ParticipantId,
        file: &str,
    ) -> Result<(), Refusal> {
        self.run(
            "UPDATE receipt SET file = ?3 WHERE request = ?1 AND peer = ?2 AND role = 'provider'",
            params![request, peer.as_str(), file],
        )
    }
}
