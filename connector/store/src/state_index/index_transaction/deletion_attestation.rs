//! Owed statements of deletion, with which consumers confirm the deletion of received data.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::to_signed;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// Notes that the answer that this record opens will need a statement, under the contract with this first version.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_owed_statement(
        &self,
        opened: u64,
        contract: &str,
        peer: &str,
        request: &str,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO owed (contract, peer, request, opened, closed) VALUES (?1, ?2, ?3, ?4, NULL)",
            params![contract, peer, request, to_signed(opened)],
        )
    }

    /// Notes the close of an answer, from which the period counts. An answer without rows needs no statement; after a crash the
    /// number of rows is unknown.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn note_answer_close(
        &self,
        opened: u64,
        rows: Option<u64>,
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        if rows == Some(0) {
            return self.run("DELETE FROM owed WHERE opened = ?1", [to_signed(opened)]);
        }
        self.run(
            "UPDATE owed SET closed = ?2 WHERE opened = ?1",
            params![to_signed(opened), at.micros()],
        )
    }

    /// Notes the consumer's statement for an answer under the contract with this first version. Statements under other contracts
    /// stay owed. For a running answer no statement is possible.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn clear_owed_statement(
        &self,
        contract: &str,
        request: &str,
        peer: &str,
    ) -> Result<(), Refusal> {
        self.run(
            "DELETE FROM owed WHERE contract = ?1 AND request = ?2 AND peer = ?3 AND closed IS NOT NULL",
            params![contract, request, peer],
        )
    }

    /// Notes an own question to a peer, under these contracts (separated by spaces).
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_sent_query(
        &self,
        request: &str,
        peer: &str,
        contracts: &str,
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO taken (request, peer, contracts, at, ended) VALUES (?1, ?2, ?3, ?4, NULL)",
            params![request, peer, contracts, at.micros()],
        )
    }

    /// Notes the end of a question whose answer, or a part of it, was received.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn end_sent_query(
        &self,
        request: &str,
        peer: &str,
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        self.run(
            "UPDATE taken SET ended = ?3 WHERE request = ?1 AND peer = ?2",
            params![request, peer, at.micros()],
        )
    }

    /// Notes a question without any received answer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn remove_sent_query(&self, request: &str, peer: &str) -> Result<(), Refusal> {
        self.run(
            "DELETE FROM taken WHERE request = ?1 AND peer = ?2",
            params![request, peer],
        )
    }

    /// Notes the own statement in this record, for an answer under the contract with this first version.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_own_statement(
        &self,
        contract: &str,
        request: &str,
        peer: &str,
        record: u64,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO stated (contract, request, peer, record) VALUES (?1, ?2, ?3, ?4)",
            params![contract, request, peer, to_signed(record)],
        )
    }
}
