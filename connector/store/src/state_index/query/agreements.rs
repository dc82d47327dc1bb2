//! Queries on contracts: datasets, models, restrictions, groups, approvals and notices.

use crate::state_index::query::{parse_column, read_instant};
use crate::state_index::row::{
    ContractEventRow, DeclinedApprovalRow, NoticeDeliveryRow, PendingApprovalRow, ReceivedTotals,
};
use crate::state_index::{StateIndex, to_unsigned};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::quota::SlotBounds;
use rusqlite::params;
use std::collections::BTreeMap;

impl StateIndex {
    /// Records with a statement that had no file of its own when they were made.
    ///
    /// # Errors
    /// `STATE_BROKEN` when the file can't be read, as in all functions here.
    pub fn unfiled_records(&self) -> Result<Vec<u64>, Refusal> {
        self.query_rows("SELECT record FROM unfiled ORDER BY record", [], |row| {
            row.get(0).map(to_unsigned)
        })
    }

    /// Observed models of each contract's dataset; none counts as a model, too.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn models(&self) -> Result<BTreeMap<ContractId, Vec<Option<String>>>, Refusal> {
        let rows: Vec<(ContractId, String)> =
            self.query_rows("SELECT contract, model FROM model", [], |row| {
                Ok((parse_column(row, 0)?, row.get(1)?))
            })?;
        let mut models: BTreeMap<ContractId, Vec<Option<String>>> = BTreeMap::new();
        for (contract, model) in rows {
            let model = (!model.is_empty()).then_some(model);
            models.entry(contract).or_default().push(model);
        }
        Ok(models)
    }

    /// Time of a contract's entry into force, and of the first permitted question under it.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn activation_and_first_use(
        &self,
        contract: ContractId,
    ) -> Result<(Option<UtcTimestamp>, Option<UtcTimestamp>), Refusal> {
        let instant =
            |micros: Option<i64>| micros.and_then(|micros| UtcTimestamp::from_micros(micros).ok());
        let activated = self.query_rows(
            "SELECT activated FROM contract WHERE id = ?1",
            [contract.to_string()],
            |row| Ok(instant(row.get(0)?)),
        )?;
        let used = self.query_rows(
            "SELECT at FROM first_answer WHERE contract = ?1",
            [contract.to_string()],
            |row| Ok(instant(row.get(0)?)),
        )?;
        let first = |found: Vec<Option<UtcTimestamp>>| found.into_iter().next().flatten();
        Ok((first(activated), first(used)))
    }

    /// First permitted question under a contract, if there was one.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn first_question(&self, contract: &str) -> Result<Option<String>, Refusal> {
        let first = self.query_rows(
            "SELECT request FROM answer
             WHERE record = (SELECT record FROM first_answer WHERE contract = ?1)",
            [contract],
            |row| row.get(0),
        )?;
        Ok(first.into_iter().next())
    }

    /// Questions under a contract whose receipts are not countersigned.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn not_countersigned(&self, contract: &str) -> Result<Vec<String>, Refusal> {
        self.query_rows(
            "SELECT request FROM receipt WHERE role = 'provider' AND state = 'issued'
             AND instr(contract, ?1) > 0",
            [contract],
            |row| row.get(0),
        )
    }

    /// Totals of received answers under any of these contracts within a slot, by their receipts.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn received_within(
        &self,
        contracts: &[ContractId],
        slot: SlotBounds,
    ) -> Result<ReceivedTotals, Refusal> {
        let ids = Json::List(contracts.iter().map(Json::from_display).collect());
        let ids = String::from_utf8_lossy(&to_canonical_bytes(&ids)).into_owned();
        let sums = self.query_rows(
            "SELECT COUNT(*), COALESCE(SUM(rows), 0), COALESCE(SUM(bytes), 0) FROM receipt
             WHERE role = 'consumer' AND at >= ?1 AND at < ?2
             AND EXISTS (SELECT 1 FROM json_each(?3) WHERE instr(receipt.contract, value) > 0)",
            params![slot.begin.micros(), slot.end.micros(), ids],
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

    /// Number of receipts under a contract that a consumer has not countersigned.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn count_outstanding_receipts(
        &self,
        consumer: &ParticipantId,
        contract: ContractId,
    ) -> Result<u64, Refusal> {
        let counts: Vec<i64> = self.query_rows(
            "SELECT COUNT(*) FROM receipt WHERE peer = ?1 AND role = 'provider' AND state = 'issued'
             AND instr(contract, ?2) > 0",
            [consumer.to_string(), contract.to_string()],
            |row| row.get(0),
        )?;
        Ok(counts
            .first()
            .map_or(0, |count| crate::state_index::to_unsigned(*count)))
    }

    /// Contracts in force at `now` by the log, with their datasets. Their files may be unreadable.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn agreed_on(&self, now: UtcTimestamp) -> Result<Vec<(ContractId, DatasetId)>, Refusal> {
        self.query_rows(
            "SELECT id, dataset FROM contract WHERE activated IS NOT NULL AND dataset IS NOT NULL
             AND begins <= ?1 AND ends > ?1 AND (withdrawn IS NULL OR withdrawn > ?1) ORDER BY id",
            [now.micros()],
            |row| Ok((parse_column(row, 0)?, parse_column(row, 1)?)),
        )
    }

    /// Groups with lists in the log, each with the digest of its newest list's file.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn groups(&self) -> Result<Vec<(String, Digest)>, Refusal> {
        self.query_rows("SELECT name, file FROM listing ORDER BY name", [], |row| {
            Ok((row.get(0)?, parse_column(row, 1)?))
        })
    }

    /// Datasets with a restriction, each with the digest of its document.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn restrictions(&self) -> Result<Vec<(DatasetId, Digest)>, Refusal> {
        self.query_rows(
            "SELECT dataset, file FROM restriction WHERE file IS NOT NULL ORDER BY dataset",
            [],
            |row| Ok((parse_column(row, 0)?, parse_column(row, 1)?)),
        )
    }

    /// Record of the last change of a dataset's restriction; 0 where it never had one.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn restriction_changed(&self, dataset: &DatasetId) -> Result<u64, Refusal> {
        let found: Vec<i64> = self.query_rows(
            "SELECT record FROM restriction WHERE dataset = ?1",
            [dataset.to_string()],
            |row| row.get(0),
        )?;
        Ok(found.into_iter().next().map_or(0, to_unsigned))
    }

    /// Record of the last change of a group's members; 0 for an unknown group.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn group_changed(&self, name: &str) -> Result<u64, Refusal> {
        let found: Vec<Option<i64>> = self.query_rows(
            "SELECT changed FROM listing WHERE name = ?1",
            [name],
            |row| row.get(0),
        )?;
        Ok(found.into_iter().flatten().next().map_or(0, to_unsigned))
    }

    /// Officers' requests that need a second officer, the oldest first.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn pending_approvals(&self) -> Result<Vec<PendingApprovalRow>, Refusal> {
        self.query_rows(
            "SELECT contract, action, first, second, reason, at FROM pending_approval ORDER BY at, contract, action",
            [],
            |row| {
                Ok(PendingApprovalRow {
                    contract: parse_column(row, 0)?,
                    action: row.get(1)?,
                    first: row.get(2)?,
                    second: row.get(3)?,
                    reason: row.get(4)?,
                    at: read_instant(row, 5)?,
                })
            },
        )
    }

    /// Officers' requests that were declined, the latest first, at most a hundred: those about one contract or change, or all.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn declined_approvals(
        &self,
        contract: Option<ContractId>,
    ) -> Result<Vec<DeclinedApprovalRow>, Refusal> {
        self.query_rows(
            "SELECT contract, action, first, declined, reason, at FROM declined_approval
             WHERE ?1 IS NULL OR contract = ?1 ORDER BY at DESC, contract, action LIMIT 100",
            [contract.map(|contract| contract.to_string())],
            |row| {
                Ok(DeclinedApprovalRow {
                    contract: parse_column(row, 0)?,
                    action: row.get(1)?,
                    first: row.get(2)?,
                    declined: row.get(3)?,
                    reason: row.get(4)?,
                    at: read_instant(row, 5)?,
                })
            },
        )
    }

    /// Events with topics that begin with this text: the last few of each contract, in order.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn happened_so(
        &self,
        begins: &str,
        most: u32,
    ) -> Result<Vec<(ContractId, ContractEventRow)>, Refusal> {
        self.query_rows(
            "SELECT contract, topic, detail, at FROM (
                 SELECT *, row_number() OVER (PARTITION BY contract ORDER BY at DESC, topic) AS place
                 FROM happened WHERE substr(topic, 1, length(?1)) = ?1
             ) WHERE place <= ?2 ORDER BY at, contract, topic",
            rusqlite::params![begins, most],
            |row| {
                let event = ContractEventRow {
                    topic: row.get(1)?,
                    detail: row.get(2)?,
                    at: read_instant(row, 3)?,
                };
                Ok((parse_column(row, 0)?, event))
            },
        )
    }

    /// Events under a contract, in order.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn contract_events(&self, contract: ContractId) -> Result<Vec<ContractEventRow>, Refusal> {
        self.query_rows(
            "SELECT topic, detail, at FROM happened WHERE contract = ?1 ORDER BY at, topic",
            [contract.to_string()],
            |row| {
                Ok(ContractEventRow {
                    topic: row.get(0)?,
                    detail: row.get(1)?,
                    at: read_instant(row, 2)?,
                })
            },
        )
    }

    /// Results of all notices.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn notices(&self) -> Result<Vec<NoticeDeliveryRow>, Refusal> {
        self.query_rows(
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
                    at: read_instant(row, 6)?,
                })
            },
        )
    }
}
