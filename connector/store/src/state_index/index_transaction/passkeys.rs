//! Passkeys of people.

use crate::state_index::index_transaction::IndexTransaction;
use crate::state_index::row::PasskeyRow;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;
use rusqlite::params;

impl IndexTransaction<'_> {
    /// Adds a passkey, also one that was removed before.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_passkey(&self, passkey: &PasskeyRow) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO passkey (key, actor, public_key, credential, party, counter, added)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (key) DO UPDATE SET actor = excluded.actor, credential = excluded.credential,
                 party = excluded.party, counter = max(counter, excluded.counter), added = excluded.added, ended = NULL",
            params![
                passkey.key,
                passkey.actor,
                passkey.public_key,
                passkey.credential,
                passkey.party,
                passkey.counter,
                passkey.added.micros()
            ],
        )
    }

    /// Sets the counter of a passkey after an answer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_passkey_counter(&self, key: &str, counter: u32) -> Result<(), Refusal> {
        self.run(
            "UPDATE passkey SET counter = ?2 WHERE key = ?1",
            params![key, counter],
        )
    }

    /// Ends a passkey.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn end_passkey(&self, key: &str, at: UtcTimestamp) -> Result<(), Refusal> {
        self.run(
            "UPDATE passkey SET ended = ?2 WHERE key = ?1",
            params![key, at.micros()],
        )
    }
}
