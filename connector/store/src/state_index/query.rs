//! Queries of the index.

mod agreements;
pub(crate) mod balance;
mod deletion_attestation;
mod log_heads;
mod passkeys;
pub(crate) mod peer_messages;

use crate::state_index::row::{OpenAnswerRow, QuotaSpending, ReceiptRow};
use crate::state_index::{StateIndex, query_row, query_rows, to_signed, to_unsigned};
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::{ContractId, DatasetId, ParticipantId, RequestId};
use hansa_policy::refusal::Refusal;
use rusqlite::{Connection, Row, params};
use std::str::FromStr;

/// Events of a contract in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContractEvents {
    /// Identity of the contract.
    pub id: ContractId,
    /// Time of activation.
    pub activated: Option<UtcTimestamp>,
    /// Time of withdrawal.
    pub withdrawn: Option<UtcTimestamp>,
}

/// Used amount of a dataset in a slot: asking participant, dataset, counted quantity, start, amount.
pub type QuotaUsageRow = (ParticipantId, DatasetId, String, UtcTimestamp, u64);

impl StateIndex {
    /// True if the log states that the object with this digest beside it is erased.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn is_erased(&self, object: Digest) -> Result<bool, Refusal> {
        let sql = "SELECT 1 FROM erased WHERE object = ?1";
        let found = query_row(&self.connection, sql, [object.to_string()], |_| Ok(()));
        found.map(|found| found.is_some())
    }

    /// Added peers: identity, address and alias.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn peers(&self) -> Result<Vec<(ParticipantId, String, String)>, Refusal> {
        self.query_rows(
            "SELECT id, address, alias FROM peer ORDER BY alias",
            [],
            |row| Ok((parse_column(row, 0)?, row.get(1)?, row.get(2)?)),
        )
    }

    /// Used amounts from `since` on; older ones belong to no present quota.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn quota_usages(&self, since: UtcTimestamp) -> Result<Vec<QuotaUsageRow>, Refusal> {
        self.query_rows(
            "SELECT asker, dataset, counts, at, used FROM budget WHERE at >= ?1",
            [since.micros()],
            budget_row,
        )
    }

    /// Events of all contracts.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn contracts(&self) -> Result<Vec<ContractEvents>, Refusal> {
        self.query_rows(
            "SELECT id, activated, withdrawn FROM contract ORDER BY id",
            [],
            |row| {
                Ok(ContractEvents {
                    id: parse_column(row, 0)?,
                    activated: instant_or_none(row, 1)?,
                    withdrawn: instant_or_none(row, 2)?,
                })
            },
        )
    }

    /// Time of a contract's activation, if the log has it.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn contract_activation(&self, id: ContractId) -> Result<Option<UtcTimestamp>, Refusal> {
        let sql = "SELECT activated FROM contract WHERE id = ?1";
        let activated = query_row(&self.connection, sql, [id.to_string()], |row| {
            instant_or_none(row, 0)
        })?;
        Ok(activated.flatten())
    }

    /// Answers without a close, in the order of their opening records.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn open_answers(&self) -> Result<Vec<OpenAnswerRow>, Refusal> {
        self.query_rows(
            "SELECT request, record, most_rows, most_bytes FROM answer WHERE closed IS NULL ORDER BY record",
            [],
            |row| {
                let most: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
                let bound = most.0.zip(most.1).map(|(rows, bytes)| AnswerBound {
                    rows: to_unsigned(rows),
                    bytes: to_unsigned(bytes),
                });
                Ok(OpenAnswerRow {
                    request: row.get(0)?,
                    opened: to_unsigned(row.get(1)?),
                    bound,
                })
            },
        )
    }

    /// Opening record of the answer to this question of this participant, and its closing record.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn answer_to(
        &self,
        request: &str,
        peer: &str,
    ) -> Result<Option<(u64, Option<u64>)>, Refusal> {
        query_row(
            &self.connection,
            "SELECT record, closed FROM answer WHERE request = ?1 AND peer = ?2",
            [request, peer],
            |row| {
                let closed: Option<i64> = row.get(1)?;
                Ok((to_unsigned(row.get(0)?), closed.map(to_unsigned)))
            },
        )
    }

    /// True if a question with this identity was opened before by this participant.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn knows_request(&self, request: &str, peer: &str) -> Result<bool, Refusal> {
        query_row(
            &self.connection,
            "SELECT 1 FROM answer WHERE request = ?1 AND peer = ?2",
            [request, peer],
            |_| Ok(()),
        )
        .map(|found| found.is_some())
    }

    /// Receipts, the newest first.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn receipts(&self) -> Result<Vec<ReceiptRow>, Refusal> {
        self.query_rows(
            "SELECT request, peer, role, contract, rows, bytes, digest, outcome, state, at, file
             FROM receipt ORDER BY at DESC, request",
            [],
            receipt_row,
        )
    }

    /// Received receipt for a request to a peer.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn receipt_of(
        &self,
        request: &str,
        peer: &ParticipantId,
    ) -> Result<Option<ReceiptRow>, Refusal> {
        let found = self.query_rows(
            "SELECT request, peer, role, contract, rows, bytes, digest, outcome, state, at, file
             FROM receipt WHERE request = ?1 AND peer = ?2 AND role = 'consumer'",
            [request, &peer.to_string()],
            receipt_row,
        )?;
        Ok(found.into_iter().next())
    }

    /// Number of issued receipts of complete answers from before an instant that are not acknowledged.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn count_unacknowledged_receipts(&self, before: UtcTimestamp) -> Result<u64, Refusal> {
        let count = self.query_rows(
            "SELECT COUNT(*) FROM receipt
             WHERE role = 'provider' AND state = 'issued' AND outcome = 'done' AND at < ?1",
            [before.micros()],
            |row| Ok(to_unsigned(row.get(0)?)),
        )?;
        Ok(count.first().copied().unwrap_or(0))
    }

    /// Files of the receipts without countersignature for programs of a consumer, the newest first, `most` at most; those under one
    /// contract, where one is named.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn one_sided_receipts(
        &self,
        consumer: &ParticipantId,
        contract: Option<ContractId>,
        most: u32,
    ) -> Result<Vec<Digest>, Refusal> {
        let contract = contract.map_or_else(String::new, |id| id.to_string());
        self.query_rows(
            "SELECT file FROM receipt WHERE peer = ?1 AND role = 'provider' AND state = 'one_sided'
             AND file IS NOT NULL AND instr(contract, ?2) > 0 ORDER BY at DESC, request LIMIT ?3",
            params![consumer.as_str(), contract, most],
            |row| parse_column(row, 0),
        )
    }

    /// Own answer to a question of this participant, with the state of its receipt.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn issued_receipt(
        &self,
        request: &str,
        asker: &ParticipantId,
    ) -> Result<Option<ReceiptRow>, Refusal> {
        let found: Vec<ReceiptRow> = self.query_rows(
            "SELECT request, peer, role, contract, rows, bytes, digest, outcome, state, at, file
             FROM receipt WHERE request = ?1 AND peer = ?2 AND role = 'provider'",
            params![request, asker.as_str()],
            receipt_row,
        )?;
        Ok(found.into_iter().next())
    }

    /// File of the receipt for a provider's answer to an own question, by its digest.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn received_receipt_file(
        &self,
        request: RequestId,
        provider: &ParticipantId,
    ) -> Result<Option<Digest>, Refusal> {
        query_row(
            &self.connection,
            "SELECT file FROM receipt WHERE request = ?1 AND peer = ?2 AND role = 'consumer' AND file IS NOT NULL",
            params![request.to_string(), provider.as_str()],
            |row| parse_column(row, 0),
        )
    }

    /// Published datasets with the bodies of their publication records.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn publications(&self) -> Result<Vec<(String, String)>, Refusal> {
        self.query_rows(
            "SELECT dataset, body FROM published ORDER BY dataset",
            [],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
    }

    /// Body of a dataset's publication record, if there is one.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn publication(&self, dataset: &DatasetId) -> Result<Option<String>, Refusal> {
        let sql = "SELECT body FROM published WHERE dataset = ?1";
        let dataset = [dataset.to_string()];
        query_row(&self.connection, sql, dataset, |row| row.get(0))
    }

    /// Number stored under a name.
    ///
    /// # Errors
    /// As in all functions here.
    pub fn stored_number(&self, key: &str) -> Result<u64, Refusal> {
        query_row(
            &self.connection,
            "SELECT value FROM meta WHERE key = ?1",
            [key],
            |row| row.get::<_, i64>(0),
        )
        .map(|value| value.map_or(0, to_unsigned))
    }

    fn query_rows<T>(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, Refusal> {
        query_rows(&self.connection, sql, values, read)
    }
}

pub(crate) fn reserved_spendings(
    connection: &Connection,
    opened: u64,
) -> Result<Vec<QuotaSpending>, Refusal> {
    query_rows(
        connection,
        "SELECT dataset, counts, at, amount FROM reserved WHERE opened = ?1",
        [to_signed(opened)],
        |row| {
            Ok(QuotaSpending {
                dataset: parse_column(row, 0)?,
                counts: row.get(1)?,
                at: read_instant(row, 2)?,
                amount: to_unsigned(row.get(3)?),
            })
        },
    )
}

fn receipt_row(row: &Row<'_>) -> rusqlite::Result<ReceiptRow> {
    Ok(ReceiptRow {
        request: row.get(0)?,
        peer: parse_column(row, 1)?,
        role: row.get(2)?,
        contract: row.get(3)?,
        rows: to_unsigned(row.get(4)?),
        bytes: to_unsigned(row.get(5)?),
        digest: row.get(6)?,
        outcome: row.get(7)?,
        state: row.get(8)?,
        at: read_instant(row, 9)?,
        file: row.get(10)?,
    })
}

fn budget_row(row: &Row<'_>) -> rusqlite::Result<QuotaUsageRow> {
    Ok((
        parse_column(row, 0)?,
        parse_column(row, 1)?,
        row.get(2)?,
        read_instant(row, 3)?,
        to_unsigned(row.get(4)?),
    ))
}

pub(crate) fn read_instant(row: &Row<'_>, index: usize) -> rusqlite::Result<UtcTimestamp> {
    let micros: i64 = row.get(index)?;
    UtcTimestamp::from_micros(micros)
        .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, micros))
}

fn instant_or_none(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<UtcTimestamp>> {
    let micros: Option<i64> = row.get(index)?;
    micros
        .map(|micros| {
            UtcTimestamp::from_micros(micros)
                .map_err(|_| rusqlite::Error::IntegralValueOutOfRange(index, micros))
        })
        .transpose()
}

fn parse_column<T: FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    text.parse().map_err(|_| unreadable_column_error(index))
}

fn parsed_or_none<T: FromStr>(row: &Row<'_>, index: usize) -> rusqlite::Result<Option<T>> {
    let text: Option<String> = row.get(index)?;
    text.map(|text| text.parse().map_err(|_| unreadable_column_error(index)))
        .transpose()
}

/// Error without the invalid value, since its text appears in messages.
fn unreadable_column_error(index: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(index, "identifier".to_owned(), rusqlite::types::Type::Text)
}
