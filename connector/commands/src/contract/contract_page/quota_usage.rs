//! What is used of the quotas of a contract: by the counters of who answers, or by the receipts of who asks.

use hansa_audit_log::day_zone::DayZone;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::contract::query_accounting::QueryAccounting;
use hansa_node::participant::Connector;
use hansa_policy::contract::Agreement;
use hansa_policy::decision::quota_budget::QuotaKind;
use hansa_policy::id::{ClauseId, ContractId};
use hansa_policy::refusal::Refusal;
use hansa_policy::term::quota::SlotBounds;
use hansa_policy::term::{Clause, Term};
use hansa_proto::render::contract_status::{ContractStatusLines, QuotaUsageFacts};
use serde::Serialize;

/// What of a quota is used in its current slot.
pub(crate) struct QuotaUsage {
    pub(crate) clause: Clause,
    pub(crate) what: &'static str,
    pub(crate) counts: QuotaKind,
    pub(crate) used: u64,
    of: u64,
    zone: Option<DayZone>,
    pub(crate) until: UtcTimestamp,
    by_receipts: bool,
}

/// Usage of a quota for programs.
#[derive(Debug, Serialize)]
pub(super) struct QuotaReport<'a> {
    clause: ClauseId,
    what: &'static str,
    used: u64,
    of: u64,
    left: u64,
    zone: Option<&'a str>,
    until: UtcTimestamp,
    by: &'static str,
}

impl QuotaUsage {
    pub(super) fn to_report(&self) -> QuotaReport<'_> {
        QuotaReport {
            clause: self.clause.id,
            what: self.what,
            used: self.used,
            of: self.of,
            left: self.left(),
            zone: self.zone.as_ref().map(DayZone::as_str),
            until: self.until,
            by: self.source(),
        }
    }

    /// Part that is left until the end of the slot.
    pub(crate) const fn left(&self) -> u64 {
        self.of.saturating_sub(self.used)
    }

    /// Source of the used part.
    pub(crate) const fn source(&self) -> &'static str {
        match self.by_receipts {
            true => "receipts",
            false => "counters",
        }
    }

    pub(super) fn to_text(&self, lines: &ContractStatusLines<'_>) -> String {
        lines.describe_quota_usage(&QuotaUsageFacts {
            clause: &self.clause,
            used: self.used,
            until: self.until,
            by_receipts: self.by_receipts,
        })
    }
}

/// What is used of each quota of a contract: on the side that is asked what was had of the dataset under whichever contract,
/// on the side that asks what it has the provider's receipts for.
///
/// # Errors
/// When the index can't be read.
pub(crate) fn read_quota_usage(
    connector: &Connector,
    id: ContractId,
    agreement: &Agreement,
) -> Result<Vec<QuotaUsage>, Refusal> {
    let now = connector.now();
    let mut all = Vec::new();
    for clause in &agreement.clauses {
        let (what, counts, quota) = match &clause.term {
            Term::Queries(quota) => ("questions", QuotaKind::Queries, quota),
            Term::RowQuota(quota) => ("rows", QuotaKind::Rows, quota),
            Term::ByteQuota(quota) => ("bytes", QuotaKind::Bytes, quota),
            _ => continue,
        };
        let slot = hansa_policy::term::quota::quota_slot(&quota.per, agreement.not_before, now);
        let given = agreement.provider.id == connector.id();
        let used = match given {
            true => given_within(&connector.accounting, agreement, counts, slot),
            false => received_within(connector, id, agreement, counts, slot)?,
        };
        all.push(QuotaUsage {
            clause: clause.clone(),
            what,
            counts,
            used,
            of: quota.max,
            zone: quota.per.zone().cloned(),
            until: slot.end,
            by_receipts: !given,
        });
    }
    Ok(all)
}

fn given_within(
    accounting: &QueryAccounting,
    agreement: &Agreement,
    counts: QuotaKind,
    slot: SlotBounds,
) -> u64 {
    let dataset = &agreement.dataset.id;
    match agreement.assignee_id() {
        Some(asker) => accounting
            .budgets
            .spent_amount(dataset, counts, slot, asker),
        None => accounting.budgets.most_spent(dataset, counts, slot),
    }
}

fn received_within(
    connector: &Connector,
    id: ContractId,
    agreement: &Agreement,
    counts: QuotaKind,
    slot: SlotBounds,
) -> Result<u64, Refusal> {
    let own = connector.id();
    // What counts belongs to who asks and the dataset, under whichever contract.
    let mut contracts: Vec<ContractId> = connector.contracts.with_registry(|registry| {
        registry
            .contracts_on_dataset(&agreement.dataset.id, connector.now())
            .filter(|(_, other, _)| other.assignee_id().is_none_or(|who| *who == own))
            .map(|(id, _, _)| id)
            .collect()
    });
    contracts.push(id);
    let had = connector
        .records
        .index(|state| state.received_within(&contracts, slot))?;
    Ok(match counts {
        QuotaKind::Queries => had.questions,
        QuotaKind::Rows => had.rows,
        QuotaKind::Bytes => had.bytes,
    })
}
