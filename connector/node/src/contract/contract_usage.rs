//! Usage under a contract, counted from the records, and its prepaid balance.

use crate::contract::query_accounting::QueryAccounting;
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use hansa_audit_log::record::contracts::{TopUpRecord, UsageRecord};
use hansa_policy::contract::Agreement;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::money::MoneyAmount;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::term::price::{PriceTerm, PriceUnit, calendar_month};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::statement;
use hansa_proto::usage::{ClauseCharge, MonthlyUsage, PrepaidUsage, UsageStatement};
use hansa_store::document_folder::StoredDocumentKind as Document;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Counts the usage under all versions of a contract.
///
/// # Errors
/// If the index can't be read.
pub fn count_usage(connector: &Connector, contract: ContractId) -> Result<UsageStatement, Refusal> {
    let now = connector.now();
    let first = connector
        .contracts
        .with_registry(|registry| registry.first_version(contract));
    let mut versions: Vec<(ContractId, Agreement)> =
        connector.contracts.with_registry(|registry| {
            let all = registry
                .all_contracts(now)
                .filter(|(id, _, _)| registry.first_version(*id) == first);
            all.map(|(id, agreement, _)| (id, agreement.clone()))
                .collect()
        });
    let began: BTreeMap<ContractId, _> = connector
        .records
        .index(|state| state.contracts())?
        .into_iter()
        .map(|events| (events.id, events))
        .collect();
    versions.sort_by_key(|(id, _)| began.get(id).and_then(|events| events.activated));
    let starts: Vec<_> = versions
        .iter()
        .map(|(id, agreement)| {
            let activated = began.get(id).and_then(|events| events.activated);
            activated.unwrap_or(now).max(agreement.not_before)
        })
        .collect();
    let mut lines = Vec::new();
    // First month that no earlier version has counted.
    let mut free = 0;
    for (index, (id, agreement)) in versions.iter().enumerate() {
        let mut used: BTreeMap<String, MonthlyUsage> = BTreeMap::new();
        for row in connector.records.index(|state| state.monthly_usage(*id))? {
            let line = used
                .entry(row.month.clone())
                .or_insert_with(|| empty_usage(*id, row.month));
            (line.questions, line.rows, line.bytes) = (row.questions, row.rows, row.bytes);
        }
        let withdrawn = began.get(id).and_then(|events| events.withdrawn);
        let next = starts.get(index.saturating_add(1)).copied();
        let ends = [Some(now), Some(agreement.not_after), withdrawn, next];
        let end = ends.into_iter().flatten().min().unwrap_or(now);
        let start = starts.get(index).copied().unwrap_or(now);
        let begun: Vec<u64> = if start <= end {
            (calendar_month(start).max(free)..=calendar_month(end)).collect()
        } else {
            Vec::new()
        };
        free = free.max(begun.last().map_or(0, |last| last.saturating_add(1)));
        let by_month = |price: &PriceTerm| price.per == PriceUnit::Month;
        if price_terms(agreement).any(|(_, price)| by_month(price)) {
            for one in &begun {
                let name = format_month(*one);
                used.entry(name.clone())
                    .or_insert_with(|| empty_usage(*id, name));
            }
        }
        for mut line in used.into_values() {
            let counted = begun.iter().any(|one| format_month(*one) == line.month);
            line.sums = price_terms(agreement)
                .map(|(clause, price)| ClauseCharge {
                    clause,
                    price: price.clone(),
                    count: match price.per {
                        PriceUnit::Query => line.questions,
                        PriceUnit::Row => line.rows,
                        PriceUnit::Megabyte => line.bytes,
                        PriceUnit::Month => u64::from(counted),
                    },
                })
                .collect();
            lines.push(line);
        }
    }
    let newest = versions.last().map(|(_, agreement)| agreement);
    Ok(UsageStatement {
        provider: connector.id(),
        consumer: newest.and_then(|agreement| agreement.assignee_id().cloned()),
        contract: first,
        lines,
        prepaid: newest
            .and_then(|agreement| prepaid_usage(&connector.accounting, first, agreement)),
        stated_at: now,
    })
}

/// Returns the prepaid amounts of a contract and the part that is spent.
pub fn prepaid_usage(
    accounting: &QueryAccounting,
    first: ContractId,
    agreement: &Agreement,
) -> Option<PrepaidUsage> {
    let (_, price) = price_terms(agreement).find(|(_, price)| price.prepaid.is_some())?;
    let balance = accounting.prepaid_balances.balance(first);
    Some(PrepaidUsage {
        currency: price.currency.clone(),
        paid: price.prepaid_amount()?.saturating_add(balance.topped),
        spent: balance.spent,
    })
}

fn price_terms(
    agreement: &Agreement,
) -> impl Iterator<Item = (hansa_policy::id::ClauseId, &PriceTerm)> {
    let clauses = agreement.clauses.iter();
    clauses.filter_map(|clause| match &clause.term {
        Term::Price(price) => Some((clause.id, price)),
        _ => None,
    })
}

const fn empty_usage(contract: ContractId, month: String) -> MonthlyUsage {
    MonthlyUsage {
        contract,
        month,
        questions: 0,
        rows: 0,
        bytes: 0,
        sums: Vec::new(),
    }
}

/// Formats a month number as `2026-06`. January of year 0 has the number 1.
fn format_month(month: u64) -> String {
    let before = month.saturating_sub(1);
    format!("{:04}-{:02}", before / 12, before % 12 + 1)
}

/// Signs a usage statement, stores it and records it. Returns the signed statement.
///
/// # Errors
/// If the statement can't be signed, stored or recorded.
pub async fn issue_usage_statement(
    connector: &Arc<Connector>,
    usage: &UsageStatement,
) -> Result<Vec<u8>, Refusal> {
    let payload = statement::to_bytes(usage);
    let signature = connector.sign(StatementKind::Usage, SignatoryRole::Provider, &payload)?;
    let bytes = envelope::assemble_statement(&payload, &[signature]);
    let file = run_waiting(|| {
        connector
            .records
            .documents
            .keep_document(Document::Statement, &bytes)
    })?;
    let _durable = connector
        .record(AuditEvent::from(UsageRecord {
            contract: usage.contract.to_string(),
            statement: file,
        }))
        .await?;
    Ok(bytes)
}

/// Adds a prepaid amount. It counts after it is recorded.
///
/// # Errors
/// `USAGE` if the contract has no prepaid price, or an error if the amount can't be recorded.
pub async fn top_up(
    connector: &Arc<Connector>,
    contract: ContractId,
    agreement: &Agreement,
    amount: MoneyAmount,
) -> Result<PrepaidUsage, Refusal> {
    let first = connector
        .contracts
        .with_registry(|registry| registry.first_version(contract));
    let nothing = || {
        let sentence = "under this contract nothing is paid beforehand";
        Refusal::new(ErrorCode::UsageWrong, sentence)
    };
    if agreement.provider.id != connector.id() {
        let sentence = "the provider puts on its books what was paid";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
    }
    prepaid_usage(&connector.accounting, first, agreement).ok_or_else(nothing)?;
    let _durable = connector
        .record(AuditEvent::from(TopUpRecord {
            contract: first.to_string(),
            amount: amount.to_string(),
        }))
        .await?;
    connector.records.index(|_| Ok(()))?;
    connector
        .accounting
        .prepaid_balances
        .add_top_up(first, amount);
    prepaid_usage(&connector.accounting, first, agreement).ok_or_else(nothing)
}
