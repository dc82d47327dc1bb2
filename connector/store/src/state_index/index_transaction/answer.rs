//! Answers in the index, from the opening record to the receipt on both sides.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::query::read_instant;
use crate::state_index::row::{OpenedAnswer, ReceiptRow};
use crate::state_index::to_signed;
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::retention::RetainedContracts;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// Notes an answer that a record opens.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn open_answer(&self, answer: &OpenedAnswer<'_>) -> Result<(), Refusal> {
        let OpenedAnswer {
            record,
            request,
            peer,
            contracts,
            receipt,
            at,
        } = *answer;
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
        // Records come in order, so that the first one of a contract stays.
        contracts.split_whitespace().try_for_each(|contract| {
            self.run(
                "INSERT OR IGNORE INTO first_answer (contract, at, record) VALUES (?1, ?2, ?3)",
                params![contract, at.micros(), to_signed(record)],
            )
        })
    }

    /// Notes the bound of the answer that the record `opened` has opened.
    ///
    /// # Errors
    /// As in all functions here.
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

    /// Asking participant of the question that the record `opened` has opened, and the time of its admission.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn asker(&self, opened: u64) -> Result<Option<(String, UtcTimestamp)>, Refusal> {
        self.query_row(
            "SELECT peer, at FROM answer WHERE record = ?1",
            [to_signed(opened)],
            |row| Ok((row.get(0)?, read_instant(row, 1)?)),
        )
    }

    /// Notes that `record` closes the answer that the record `opened` has opened. Returns its question, asking participant and
    /// contracts, and the state of its receipt.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn close_answer(&self, opened: u64, record: u64) -> Result<Option<[String; 4]>, Refusal> {
        let answer = self.query_row(
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
    /// As in all functions here.
    pub fn write_receipt(&self, row: &ReceiptRow) -> Result<(), Refusal> {
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

    /// Removes decisions from before this instant, except those on which something depends: answers for which a statement of
    /// deletion is owed, receipts without countersignature, and the first question under a contract, from which its period may be
    /// counted.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn expire_decisions(
        &self,
        before: UtcTimestamp,
        of: &RetainedContracts,
    ) -> Result<(), Refusal> {
        let list = |ids: &[String]| {
            let ids = Json::List(ids.iter().map(Json::from_display).collect());
            String::from_utf8_lossy(&to_canonical_bytes(&ids)).into_owned()
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
        // An index that is rebuilt from the log finds the first answers that are left there.
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

    /// Notes that the consumer has acknowledged or disputed a receipt.
    ///
    /// # Errors
    /// As in all functions here.
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

    /// Notes the file of a receipt without countersignature.
    ///
    /// # Errors
    /// As in all functions here.
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
