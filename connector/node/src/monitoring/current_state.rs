//! Gauges of the moment in which metrics are read.

use crate::monitoring::connector_metrics::{in_seconds, set_all};
use crate::monitoring::{readiness, validity_period};
use crate::participant::Connector;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::ContractStatus;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use std::collections::BTreeMap;
use std::sync::Arc;

const DAY: i64 = 86_400_000_000;

/// Periods in days for the count of contracts that end soon.
const AHEAD: [i64; 3] = [7, 30, 90];

/// Sets the gauges of the connector, from the known peers and their open connections. Blocks while the index is read.
///
/// # Errors
/// If the index can't be read.
pub(super) fn refresh_gauges(
    connector: &Arc<Connector>,
    peers: &[(ParticipantId, bool)],
) -> Result<(), Refusal> {
    let (metrics, now) = (&connector.metrics, connector.now());
    let checks = readiness::run_checks(connector);
    let is_good = |name: &str| {
        let check = checks.iter().find(|check| check.name == name);
        i64::from(check.is_none_or(|check| check.fault.is_none()))
    };
    metrics
        .ready
        .set(i64::from(checks.iter().all(|check| check.fault.is_none())));
    metrics.log_writable.set(is_good("log"));
    metrics.clock_trusted.set(is_good("clock"));
    metrics.records.inner().store(
        connector.records.log.size(),
        std::sync::atomic::Ordering::Relaxed,
    );
    if let Ok(free) = hansa_audit_store::free_space(connector.records.log.folder()) {
        metrics.log_free.set(to_real_number(free));
    }
    let stamps = connector.records.time_stamps.progress();
    metrics
        .stamping_failing
        .set(i64::from(stamps.fault.is_some()));
    let newest = stamps.newest.and_then(|newest| newest.stamp);
    metrics
        .head_stamped
        .set(newest.map_or(0.0, |stamp| to_timestamp(stamp.existed_before)));
    metrics
        .running
        .set(to_whole_number(connector.queries.running.count()));
    metrics.memory.set(to_whole_number(
        connector.queries.query_runtime.memory_used(),
    ));
    let spilled = connector.queries.query_runtime.spilled_bytes();
    metrics
        .spilled
        .set(i64::try_from(spilled).unwrap_or(i64::MAX));
    let damaged = connector.datasets.snapshots.damaged_datasets();
    connector.datasets.catalog(|catalog| {
        metrics
            .datasets
            .set(to_whole_number(catalog.datasets().count()));
        let published = catalog.datasets().map(|dataset| {
            (
                dataset.id.name.to_string(),
                to_timestamp(dataset.published_at),
            )
        });
        set_all(&metrics.published, "dataset", published);
        let state = catalog.datasets().map(|dataset| {
            let is_damaged = damaged.contains_key(&dataset.id.name);
            (dataset.id.name.to_string(), f64::from(u8::from(is_damaged)))
        });
        set_all(&metrics.damaged, "dataset", state);
    });
    refresh_contract_gauges(connector, now);
    // For each kind, the period that ends next.
    let mut ends = BTreeMap::new();
    for period in validity_period::validity_periods(connector, 1)?.next {
        ends.entry(period.kind).or_insert(period);
    }
    let until = ends
        .values()
        .map(|period| (period.kind.as_str().to_owned(), to_timestamp(period.ends)));
    set_all(&metrics.expiry, "what", until);
    let whole_time = ends.values().map(|period| {
        let micros = period.ends.micros().saturating_sub(period.begins.micros());
        (period.kind.as_str().to_owned(), in_seconds(micros))
    });
    set_all(&metrics.validity, "what", whole_time);
    let forked = connector.records.index(|state| state.forks())?;
    let of_peer = |peer: &ParticipantId, is: bool| {
        let value = f64::from(u8::from(is));
        (peer.domain().to_owned(), value)
    };
    let connected = peers.iter().map(|(peer, is)| of_peer(peer, *is));
    set_all(&metrics.connected, "peer", connected);
    let forks = peers.iter().map(|(peer, _)| {
        let is_forked = forked.iter().any(|(id, _)| id == peer);
        of_peer(peer, is_forked)
    });
    set_all(&metrics.forked, "peer", forks);
    let yesterday = now.plus_micros(-DAY);
    let overdue = connector
        .records
        .index(|state| state.count_unacknowledged_receipts(yesterday))?;
    metrics
        .overdue_receipts
        .set(i64::try_from(overdue).unwrap_or(i64::MAX));
    Ok(())
}

fn refresh_contract_gauges(connector: &Connector, now: UtcTimestamp) {
    let metrics = &connector.metrics;
    let all = [
        ContractStatus::InForce,
        ContractStatus::NotYet,
        ContractStatus::Expired,
        ContractStatus::Withdrawn,
        ContractStatus::Superseded,
    ];
    let mut states: BTreeMap<&'static str, f64> =
        all.map(|status| (status_label(status), 0.0)).into();
    let mut ends = Vec::new();
    connector.contracts.with_registry(|registry| {
        for (id, agreement, status) in registry.all_contracts(now) {
            if let Some(count) = states.get_mut(status_label(status)) {
                *count += 1.0;
            }
            if status == ContractStatus::InForce {
                ends.push(registry.over_from(id).unwrap_or(agreement.not_after));
            }
        }
    });
    let states = states
        .into_iter()
        .map(|(state, count)| (state.to_owned(), count));
    set_all(&metrics.contracts, "state", states);
    let within = AHEAD.map(|days| {
        let until = now.plus_micros(DAY.saturating_mul(days));
        let count = ends.iter().filter(|end| **end < until).count();
        (
            format!("{days}d"),
            to_real_number(u64::try_from(count).unwrap_or(u64::MAX)),
        )
    });
    set_all(&metrics.expiring, "within", within);
}

const fn status_label(status: ContractStatus) -> &'static str {
    match status {
        ContractStatus::InForce => "in_force",
        ContractStatus::NotYet => "not_yet",
        ContractStatus::Expired => "expired",
        ContractStatus::Withdrawn => "withdrawn",
        ContractStatus::Superseded => "superseded",
    }
}

fn to_timestamp(at: UtcTimestamp) -> f64 {
    in_seconds(at.micros())
}

fn to_whole_number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Exact up to 2⁵³, which no counter reaches.
fn to_real_number(count: u64) -> f64 {
    let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(count & 0xffff_ffff).unwrap_or(u32::MAX);
    f64::from(high).mul_add(4_294_967_296.0, f64::from(low))
}
