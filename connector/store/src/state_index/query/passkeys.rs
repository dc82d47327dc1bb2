//! Passkeys of people.

use crate::state_index::StateIndex;
use crate::state_index::query::read_instant;
use crate::state_index::row::PasskeyRow;
use hansa_policy::refusal::Refusal;

impl StateIndex {
    /// Passkeys of all people that were not removed, oldest first.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn passkeys(&self) -> Result<Vec<PasskeyRow>, Refusal> {
        self.query_rows(
            "SELECT key, actor, public_key, credential, party, counter, added FROM passkey
             WHERE ended IS NULL ORDER BY added, key",
            [],
            |row| {
                Ok(PasskeyRow {
                    key: row.get(0)?,
                    actor: row.get(1)?,
                    public_key: row.get(2)?,
                    credential: row.get(3)?,
                    party: row.get(4)?,
                    counter: row.get(5)?,
                    added: read_instant(row, 6)?,
                })
            },
        )
    }
}
