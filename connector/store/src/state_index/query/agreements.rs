//! What was agreed on: the datasets of contracts, and their models.

use crate::state_index::query::{instant, parse_column};
use crate::state_index::row::{
    ContractEventRow, NoticeDeliveryRow, PendingApprovalRow, ReceivedTotals,
};
use crate::state_index::{StateIndex, to_unsigned};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::Refusal;
use rusqlite::params;
use std::collections::BTreeMap;

impl StateIndex {
    /// The records that hold a statement which had no file of its own when they were made.
    ///
    /// # Errors
    /// `STATE_BROKEN` when the file can't be read, as everywhere here.
    pub fn unfiled_records(&self) -> Result<Vec<u64>, Refusal> {
        self.all("SELECT record FROM unfiled ORDER BY record", [], |row| {
            row.get(0).map(to_unsigned)
        })
    }

    /// Of which models the dataset of each contract was seen to be; none is one of them.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn models(&self) -> Result<BTreeMap<ContractId, Vec<Option<String>>>, Refusal> {
        let rows: Vec<(ContractId, String)> =
            self.all("SELECT contract, model FROM model", [], |row| {
                Ok((parse_column(row, 0)?, row.get(1)?))
            })?;
        let mut models: BTreeMap<ContractId, Vec<Option<String>>> = BTreeMap::new();
        for (contract, model) in rows {
            let model = (!model.is_empty()).then_some(model);
            models.entry(contract).or_default().push(model);
        }
        Ok(models)
    }

    /// When a contract came into force, and when the first question under it was permitted.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn began(
        &self,
        contract: ContractId,
    ) -> Result<(Option<UtcTimestamp>, Option<UtcTimestamp>), Refusal> {
        let instant =
            |micros: Option<i64>| micros.and_then(|micros| UtcTimestamp::from_micros(micros).ok());
        let activated = self.all(
            "SELECT activated FROM contract WHERE id = ?1",
            [contract.to_string()],
            |row| Ok(instant(row.get(0)?)),
        )?;
        let used = self.all(
            "SELECT at FROM first_answer WHERE contract = ?1",
            [contract.to_string()],
            |row| Ok(instant(row.get(0)?)),
        )?;
        let first = |found: Vec<Option<UtcTimestamp>>| found.into_iter().next().flatten();
        Ok((first(activated), first(used)))
    }

    /// The first question that was permitted under a contract, if there was one.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn first_question(&self, contract: &str) -> Result<Option<String>, Refusal> {
        let first = self.all(
            "SELECT request FROM answer
             WHERE record = (SELECT record FROM first_answer WHERE contract = ?1)",
            [contract],
            |row| row.get(0),
        )?;
        Ok(first.into_iter().next())
    }

    /// The questions under a contract whose receipts were never countersigned.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn not_countersigned(&self, contract: &str) -> Result<Vec<String>, Refusal> {
        self.all(
            "SELECT request FROM receipt WHERE role = 'provider' AND state = 'issued'
             AND instr(contract, ?1) > 0",
            [contract],
            |row| row.get(0),
        )
    }

    /// What we were answered under any of these contracts within a time, by the receipts.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn received_within(
        &self,
        contracts: &[ContractId],
        (from, until): (UtcTimestamp, UtcTimestamp),
    ) -> Result<ReceivedTotals, Refusal> {
        let ids = Json::List(contracts.iter().map(Json::text).collect());
        let ids = String::from_utf8_lossy(&canonical(&ids)).into_owned();
        let sums = self.all(
            "SELECT COUNT(*), COALESCE(SUM(rows), 0), COALESCE(SUM(bytes), 0) FROM receipt
             WHERE role = 'consumer' AND at >= ?1 AND at < ?2
             AND EXISTS (SELECT 1 FROM json_each(?3) WHERE instr(receipt.contract, value) > 0)",
            params![from.micros(), until.micros(), ids],
            |row| {
                Ok(ReceivedTotals {
                    questions: to_unsigned(row.get(0)?),
                    rows: to_unsigned(row.get(1)?),
                    bytes: to_unsigned(row.get(2)?),
                })
            },
        )?;
        Ok(sums.into_iter().next().unwrap_or_default())
    }

    /// How many receipts under a contract a consumer has not countersigned.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn outstanding(
        &self,
        consumer: &ParticipantId,
        contract: ContractId,
    ) -> Result<u64, Refusal> {
        let counts: Vec<i64> = self.all(
            "SELECT COUNT(*) FROM receipt WHERE peer = ?1 AND role = 'provider' AND state = 'issued'
             AND instr(contract, ?2) > 0",
            [consumer.to_string(), contract.to_string()],
            |row| row.get(0),
        )?;
        Ok(counts
            .first()
            .map_or(0, |count| crate::state_index::to_unsigned(*count)))
    }

    /// The contracts that the log has come into force and not ended at `now`, with their datasets; whether their files can
    /// be read is for others to say.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn agreed_on(&self, now: UtcTimestamp) -> Result<Vec<(ContractId, DatasetId)>, Refusal> {
        self.all(
            "SELECT id, dataset FROM contract WHERE activated IS NOT NULL AND dataset IS NOT NULL
             AND begins <= ?1 AND ends > ?1 AND (withdrawn IS NULL OR withdrawn > ?1) ORDER BY id",
            [now.micros()],
            |row| Ok((parse_column(row, 0)?, parse_column(row, 1)?)),
        )
    }

    /// The groups of which the log holds lists, each with the digest that names the file of the newest.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn groups(&self) -> Result<Vec<(String, Digest)>, Refusal> {
        self.all("SELECT name, file FROM listing ORDER BY name", [], |row| {
            Ok((row.get(0)?, parse_column(row, 1)?))
        })
    }

    /// The datasets that have a restriction, each with the digest that names its document.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn restrictions(&self) -> Result<Vec<(DatasetId, Digest)>, Refusal> {
        self.all(
            "SELECT dataset, file FROM restriction WHERE file IS NOT NULL ORDER BY dataset",
            [],
            |row| Ok((parse_column(row, 0)?, parse_column(row, 1)?)),
        )
    }

    /// The record by which a dataset last got another restriction, or lost it; 0 where it never had one.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn restriction_changed(&self, dataset: &DatasetId) -> Result<u64, Refusal> {
        let found: Vec<i64> = self.all(
            "SELECT record FROM restriction WHERE dataset = ?1",
            [dataset.to_string()],
            |row| row.get(0),
        )?;
        Ok(found.into_iter().next().map_or(0, to_unsigned))
    }

    /// The record by which a group last got other members; 0 for a group that never was.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn group_changed(&self, name: &str) -> Result<u64, Refusal> {
        let found: Vec<Option<i64>> = self.all(
            "SELECT changed FROM listing WHERE name = ?1",
            [name],
            |row| row.get(0),
        )?;
        Ok(found.into_iter().flatten().next().map_or(0, to_unsigned))
    }

    /// What officers have asked for that needs two, the oldest first.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn pending_approvals(&self) -> Result<Vec<PendingApprovalRow>, Refusal> {
        self.all(
            "SELECT contract, deed, first, second, reason, at FROM word ORDER BY at, contract, deed",
            [],
            |row| {
                Ok(PendingApprovalRow {
                    contract: parse_column(row, 0)?,
                    action: row.get(1)?,
                    first: row.get(2)?,
                    second: row.get(3)?,
                    reason: row.get(4)?,
                    at: instant(row, 5)?,
                })
            },
        )
    }

    /// What happened under all contracts with topics that begin so: of each contract so many of the last, the first first.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn happened_so(
        &self,
        begins: &str,
        most: u32,
    ) -> Result<Vec<(ContractId, ContractEventRow)>, Refusal> {
        self.all(
            "SELECT contract, topic, detail, at FROM (
                 SELECT *, row_number() OVER (PARTITION BY contract ORDER BY at DESC, topic) AS place
                 FROM happened WHERE substr(topic, 1, length(?1)) = ?1
             ) WHERE place <= ?2 ORDER BY at, contract, topic",
            rusqlite::params![begins, most],
            |row| {
                let event = ContractEventRow {
                    topic: row.get(1)?,
                    detail: row.get(2)?,
                    at: instant(row, 3)?,
                };
                Ok((parse_column(row, 0)?, event))
            },
        )
    }

    /// What happened under a contract, the first first.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn contract_events(&self, contract: ContractId) -> Result<Vec<ContractEventRow>, Refusal> {
        self.all(
            "SELECT topic, detail, at FROM happened WHERE contract = ?1 ORDER BY at, topic",
            [contract.to_string()],
            |row| {
                Ok(ContractEventRow {
                    topic: row.get(0)?,
                    detail: row.get(1)?,
                    at: instant(row, 2)?,
                })
            },
        )
    }

    /// What came of each notice.
    ///
    /// # Errors
    /// As everywhere here.
    pub fn notices(&self) -> Result<Vec<NoticeDeliveryRow>, Refusal> {
        self.all(
            "SELECT contract, topic, channel, delivered, attempts, reason, at FROM notice ORDER BY contract, topic, channel",
            [],
            |row| {
                Ok(NoticeDeliveryRow {
                    contract: parse_column(row, 0)?,
                    topic: row.get(1)?,
                    channel: row.get(2)?,
                    delivered: row.get(3)?,
                    attempts: row.get(4)?,
                    reason: row.get(5)?,
                    at: instant(row, 6)?,
                })
            },
        )
    }
}
