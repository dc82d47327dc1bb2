//! Checks of published snapshots. Each is recorded, so that the last good check of a damaged snapshot is known.

use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use hansa_audit_log::record::publications::{
    PublicationRecord, SnapshotCheckRecord, SnapshotEntry,
};
use hansa_policy::id::{DatasetId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

/// Result of a check of one snapshot.
#[derive(Debug)]
pub struct SnapshotCheck {
    /// Name of the dataset.
    pub dataset: SqlIdentifier,
    /// Version of the snapshot in the log.
    pub version: String,
    /// Size in bytes, or the damage.
    pub found: Result<u64, Refusal>,
}

impl Connector {
    /// Reads every published snapshot completely, compares it with its publication, and records the results. Blocks.
    ///
    /// # Errors
    /// If the results can't be recorded.
    pub fn check_snapshots(&self) -> Result<Vec<SnapshotCheck>, Refusal> {
        let checks = self.look_at_snapshots()?;
        self.note_checks(&checks)?;
        Ok(checks)
    }

    /// Checks every published snapshot without a record.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn look_at_snapshots(&self) -> Result<Vec<SnapshotCheck>, Refusal> {
        let mut names: BTreeSet<SqlIdentifier> = self
            .datasets
            .catalog(|catalog| catalog.datasets().map(|one| one.id.name.clone()).collect());
        names.extend(self.datasets.snapshots.damaged_datasets().into_keys());
        let checks = names.into_iter().map(|name| self.look_at_snapshot(name));
        let checks: Result<Vec<_>, Refusal> = checks.collect();
        Ok(checks?.into_iter().flatten().collect())
    }

    /// Checks one snapshot. Returns `None` if none is published.
    ///
    /// # Errors
    /// If the index can't be read.
    pub(crate) fn look_at_snapshot(
        &self,
        dataset: SqlIdentifier,
    ) -> Result<Option<SnapshotCheck>, Refusal> {
        let (version, found) = match self.datasets.snapshots.check(&dataset) {
            Ok(None) => return Ok(None),
            Ok(Some(good)) => (good.dataset.version.clone(), Ok(good.dataset.bytes)),
            Err(damage) => (
                last_published_version(self, &dataset)?.unwrap_or_default(),
                Err(damage),
            ),
        };
        Ok(Some(SnapshotCheck {
            dataset,
            version,
            found,
        }))
    }

    /// Damage found by questions or at the start that is not in `known`.
    ///
    /// # Errors
    /// If the index can't be read.
    pub fn new_damage(
        &self,
        known: &BTreeSet<(SqlIdentifier, String)>,
    ) -> Result<Vec<SnapshotCheck>, Refusal> {
        let mut checks = Vec::new();
        for (dataset, damage) in self.datasets.snapshots.damaged_datasets() {
            let version = last_published_version(self, &dataset)?.unwrap_or_default();
            if !known.contains(&(dataset.clone(), version.clone())) {
                checks.push(SnapshotCheck {
                    dataset,
                    version,
                    found: Err(damage),
                });
            }
        }
        Ok(checks)
    }

    /// Records the results of checks.
    ///
    /// # Errors
    /// If the results can't be recorded.
    pub fn note_checks(&self, checks: &[SnapshotCheck]) -> Result<(), Refusal> {
        if checks.is_empty() {
            return Ok(());
        }
        let list = |good: bool| {
            let some = checks.iter().filter(|check| check.found.is_ok() == good);
            let some = some.map(|check| {
                let id = DatasetId {
                    owner: self.id(),
                    name: check.dataset.clone(),
                };
                SnapshotEntry {
                    dataset: id.to_string(),
                    version: check.version.to_string(),
                }
            });
            some.collect()
        };
        let fact = AuditEvent::from(SnapshotCheckRecord {
            good: list(true),
            damaged: list(false),
        });
        self.record_now(fact).map(drop)
    }
}

/// Label of the latest recorded publication of a dataset.
pub(crate) fn last_published_version(
    connector: &Connector,
    name: &SqlIdentifier,
) -> Result<Option<String>, Refusal> {
    let id = DatasetId {
        owner: connector.id(),
        name: name.clone(),
    };
    let Some(body) = connector.records.index(|state| state.publication(&id))? else {
        return Ok(None);
    };
    let body: PublicationRecord = serde_json::from_str(&body).map_err(|cause| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("the record of the publication of `{name}` can't be read"),
        )
        .caused_by(cause)
    })?;
    Ok(Some(body.version))
}
