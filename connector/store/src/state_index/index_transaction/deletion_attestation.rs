//! What consumers owe for answers beside the receipt: the statement that what they received is deleted.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::to_signed;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// The answer that this record opens will be owed a statement, under the contract of which this is the first version.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn will_owe(
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

    /// The answer was closed then: from now on the time runs. What left nothing is owed nothing; of what was closed after
    /// a crash nobody knows what left.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn owes(&self, opened: u64, rows: Option<u64>, at: UtcTimestamp) -> Result<(), Refusal> {
        if rows == Some(0) {
            return self.run("DELETE FROM owed WHERE opened = ?1", [to_signed(opened)]);
        }
        self.run(
            "UPDATE owed SET closed = ?2 WHERE opened = ?1",
            params![to_signed(opened), at.micros()],
        )
    }

    /// The consumer has stated it of what came with the answer to a question under the contract of which this is the first
    /// version; what came with it under another contract is owed still. Of an answer that runs nobody can say it yet.
    ///
    /// # Errors
    /// As everywhere here.
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

    /// We have asked a peer a question, under these contracts (separated by spaces).
    ///
    /// # Errors
    /// As everywhere here.
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

    /// Its answer came, or some of it, and no more will.
    ///
    /// # Errors
    /// As everywhere here.
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

    /// Nothing of its answer came.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn not_taken(&self, request: &str, peer: &str) -> Result<(), Refusal> {
        self.run(
            "DELETE FROM taken WHERE request = ?1 AND peer = ?2",
            params![request, peer],
        )
    }

    /// We have stated, in this record, that what came with its answer under the contract of which this is the first version
    /// is deleted.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn have_stated(
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
