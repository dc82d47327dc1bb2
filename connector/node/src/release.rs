//! Due releases of cells: after a publication, with a new contract, and at the start.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::process::randomness::random_bytes;
use hansa_audit_log::record::publications::ReleaseRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::schema_compatibility;
use hansa_policy::contract::ContractStatus;
use hansa_policy::effect::Cube;
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::clause_effects;
use hansa_query::release::{self, StagedRelease};
use hansa_query::snapshot::Snapshot;
use std::sync::Arc;

/// Releases the due cells of every dataset. Blocks.
///
/// Cells that can't be released are reported and stay unreleased. Questions for them are refused; other questions are not affected.
pub fn release_all_cells(connector: &Arc<Connector>) -> Vec<Refusal> {
    let holdings = connector.datasets.snapshots.holdings();
    let due = holdings
        .keys()
        .map(|dataset| release_due_cells(connector, dataset));
    due.flat_map(|done| done.unwrap_or_else(|refusal| vec![refusal]))
        .collect()
}

/// Releases the due cells of one dataset: they are recorded first, then readable. Returns the failures.
///
/// # Errors
/// If no cells can be released, or the release can't be recorded.
pub fn release_due_cells(
    connector: &Arc<Connector>,
    dataset: &DatasetId,
) -> Result<Vec<Refusal>, Refusal> {
    release_cells(connector, dataset, None)
}

/// Releases the due cells of a dataset whose sources were unchanged at `seen`. Periods that ended before `seen` are complete, even
/// without a later publication.
///
/// # Errors
/// Same errors as [`release_due_cells`].
pub(crate) fn release_unchanged_dataset(
    connector: &Arc<Connector>,
    dataset: &DatasetId,
    seen: UtcTimestamp,
) -> Result<Vec<Refusal>, Refusal> {
    release_cells(connector, dataset, Some(seen))
}

fn release_cells(
    connector: &Arc<Connector>,
    dataset: &DatasetId,
    seen: Option<UtcTimestamp>,
) -> Result<Vec<Refusal>, Refusal> {
    let _turn = connector.datasets.release_lock.lock();
    let holdings = connector.datasets.snapshots.holdings();
    let Some(snapshot) = holdings.get(dataset) else {
        return Ok(Vec::new());
    };
    let cubes = contract_cubes(connector, snapshot);
    let (state, limits) = (connector.config().state.clone(), connector.query_limits());
    let mut faults = Vec::new();
    let (now, secret) = (connector.now(), &connector.datasets.schema_secret);
    let seen = seen.unwrap_or(snapshot.dataset.published_at);
    let staged = release::stage_release(snapshot, &cubes, &state, &limits, now, secret, seen)?;
    if let Some(staged) = staged {
        faults.extend(record_release(connector, dataset, staged)?);
    }
    // Noisy cells are made from rows that are final now.
    let fresh = || random_bytes();
    let now = connector.now();
    let drawn = release::stage_drawn(snapshot, &cubes, &state, &limits, now, &fresh)?;
    if let Some(drawn) = drawn {
        faults.extend(record_release(connector, dataset, drawn)?);
    }
    Ok(faults)
}

/// Records a release and makes it readable. Returns the failures.
fn record_release(
    connector: &Arc<Connector>,
    dataset: &DatasetId,
    staged: StagedRelease,
) -> Result<Vec<Refusal>, Refusal> {
    for fact in &staged.facts {
        let _recorded = connector.record_now(AuditEvent::from(ReleaseRecord {
            dataset: dataset.to_string(),
            snapshot: fact.snapshot.to_string(),
            cells: fact.shape.to_string(),
            correction: fact.correction,
            until: fact.until.to_string(),
            published: fact.cells,
            withheld: fact.withheld,
            digest: fact.digest.to_string(),
            epsilon: fact.epsilon.clone(),
            unit: fact.unit.clone(),
        }))?;
    }
    let faults = staged.faults.clone();
    let released = staged.commit()?;
    connector
        .datasets
        .snapshots
        .put_released_cells(dataset, released);
    Ok(faults)
}

/// Cubes of the contracts on a dataset that are in force or will be.
fn contract_cubes(connector: &Arc<Connector>, snapshot: &Snapshot) -> Vec<Cube> {
    let now = connector.now();
    let seal = connector
        .datasets
        .catalog(|catalog| catalog.schema_secret().cloned());
    let dataset = &snapshot.dataset;
    connector.contracts.with_registry(|registry| {
        registry
            .contracts_on_dataset(&dataset.id, now)
            .filter(|(_, agreement, status)| {
                schema_compatibility::is_schema_compatible(
                    agreement.dataset.schema,
                    &agreement.clauses,
                    dataset,
                    seal.as_ref(),
                ) && matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
            })
            .filter_map(|(_, agreement, _)| clause_effects::cube_of(&agreement.clauses).ok()?)
            .collect()
    })
}
