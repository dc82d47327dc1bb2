//! Changes of the index, each made from a record.

mod answer;
mod balance;
mod deletion_attestation;
mod log_heads;
mod passkeys;
mod peer_messages;
mod quota;

use crate::state_index::row::ActivatedContract;
use crate::state_index::{database_refusal, query_row, query_rows, to_signed};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::Refusal;
use rusqlite::{Row, Transaction, params};

/// Transaction of changes, applied all together or not at all.
#[derive(Debug)]
pub struct IndexTransaction<'t> {
    transaction: &'t Transaction<'t>,
}

impl<'t> IndexTransaction<'t> {
    pub(crate) const fn new(transaction: &'t Transaction<'t>) -> Self {
        Self { transaction }
    }

    /// Notes the activation of a contract on a dataset.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn activate_contract(
        &self,
        activated: ActivatedContract<'_>,
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO contract (id, dataset, begins, ends, activated) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (id) DO UPDATE SET dataset = coalesce(dataset, excluded.dataset),
                 begins = coalesce(begins, excluded.begins), ends = coalesce(ends, excluded.ends),
                 activated = coalesce(activated, excluded.activated)",
            params![
                activated.contract.to_string(),
                activated.dataset.to_string(),
                activated.begins.micros(),
                activated.ends.micros(),
                at.micros()
            ],
        )
    }

    /// Notes the model of a contract's dataset, or that it has none.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn of_model(&self, contract: ContractId, model: Option<&str>) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO model (contract, model) VALUES (?1, ?2)",
            params![contract.to_string(), model.unwrap_or_default()],
        )
    }

    /// Notes the withdrawal of a contract. Of several the earliest counts.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_withdrawal(
        &self,
        contract: ContractId,
        by: &ParticipantId,
        at: UtcTimestamp,
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

    /// Notes that this record contains a statement without a file of its own.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_unfiled_record(&self, record: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO unfiled (record) VALUES (?1)",
            [to_signed(record)],
        )
    }

    /// Notes the publication of a dataset.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_publication(&self, dataset: &str, body: &str, record: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO published (dataset, body, record) VALUES (?1, ?2, ?3)
             ON CONFLICT (dataset) DO UPDATE SET body = excluded.body, record = excluded.record",
            params![dataset, body, to_signed(record)],
        )
    }

    /// Notes the withdrawal of a dataset.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn remove_publication(&self, dataset: &str) -> Result<(), Refusal> {
        self.run("DELETE FROM published WHERE dataset = ?1", [dataset])
    }

    /// Notes a list of an own group. `changed` is its record, if the members differ from the preceding list.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn add_group_list(
        &self,
        name: &str,
        serial: u64,
        file: &str,
        changed: Option<u64>,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO listing (name, serial, file, changed) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET serial = excluded.serial, file = excluded.file,
                 changed = coalesce(excluded.changed, changed)
             WHERE excluded.serial > serial",
            params![name, to_signed(serial), file, changed.map(to_signed)],
        )
    }

    /// Notes the restriction of an own dataset, or its end, by this record.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_restriction(
        &self,
        dataset: &str,
        file: Option<&str>,
        record: u64,
    ) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO restriction (dataset, file, record) VALUES (?1, ?2, ?3)
             ON CONFLICT (dataset) DO UPDATE SET file = excluded.file, record = excluded.record",
            params![dataset, file, to_signed(record)],
        )
    }

    /// Notes that this text, person or reason beside the log is erased.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn mark_erased(&self, object: &str) -> Result<(), Refusal> {
        self.run(
            "INSERT OR IGNORE INTO erased (object) VALUES (?1)",
            [object],
        )
    }

    /// Notes a peer's address and alias.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn set_peer(&self, id: &ParticipantId, address: &str, alias: &str) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO peer (id, address, alias) VALUES (?1, ?2, ?3)
             ON CONFLICT (id) DO UPDATE SET address = excluded.address, alias = excluded.alias",
            params![id.as_str(), address, alias],
        )
    }

    /// Removes a peer's address.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn forget_peer(&self, id: &ParticipantId) -> Result<(), Refusal> {
        self.run("DELETE FROM peer WHERE id = ?1", [id.as_str()])
    }

    /// Stores the highest number under a name, such as the highest bundle number ever in use.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn store_highest_number(&self, key: &str, value: u64) -> Result<(), Refusal> {
        self.run(
            "INSERT INTO meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = max(value, excluded.value)",
            params![key, to_signed(value)],
        )
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Refusal> {
        self.transaction
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(|_| ())
            .map_err(database_refusal)
    }

    fn query_rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Refusal> {
        query_rows(self.transaction, sql, values, read)
    }

    fn query_row<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, Refusal> {
        query_row(self.transaction, sql, values, read)
    }
}
