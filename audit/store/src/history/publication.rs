//! Publications, and the publications from which rows of an answer came.

use super::AuditHistory;
use super::query_entry::{DatasetRead, QueryEntry};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::publications::{PublicationRecord, SnapshotCheckRecord};
use hansa_audit_log::time::UtcTimestamp;

/// Snapshot of a dataset in the owner's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedSnapshot {
    /// Time of publication.
    pub at: UtcTimestamp,
    /// Time of arrival of its rows.
    pub arrived: UtcTimestamp,
    /// Dataset of the snapshot.
    pub dataset: String,
    /// Label of the snapshot.
    pub version: String,
    /// True if rows are about persons.
    pub personal: bool,
    /// True for a feed whose snapshot contains all rows of the preceding one.
    pub goes_on: bool,
    /// Time and reason of the withdrawal from the catalogue.
    pub withdrawn: Option<(UtcTimestamp, String)>,
    /// Time of the last complete read after that without a difference.
    pub good: Option<UtcTimestamp>,
    /// Time since then at which a difference was found.
    pub damaged: Option<UtcTimestamp>,
}

/// Name of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SnapshotName<'a> {
    /// Dataset of the snapshot.
    pub dataset: &'a str,
    /// Label of the snapshot.
    pub version: &'a str,
}

/// Decision that nothing new came since an earlier answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoNewData {
    /// Place of the record.
    pub index: u64,
    /// Time of the record.
    pub at: UtcTimestamp,
    /// Participant that asked.
    pub peer: String,
    /// Place of the permit of the earlier answer.
    pub follows: u64,
}

impl PublishedSnapshot {
    pub(super) fn from_record(record: &Record, publication: PublicationRecord) -> Self {
        let segments = publication.feed.map(|feed| feed.segments);
        Self {
            at: record.at,
            arrived: publication.published_at,
            dataset: publication.dataset,
            version: publication.version,
            personal: publication.personal,
            goes_on: segments.is_some_and(|segments| segments > 1),
            withdrawn: None,
            good: None,
            damaged: None,
        }
    }
}

impl AuditHistory {
    /// Applies the result of a check of snapshots.
    pub(super) fn apply_snapshot_check(&mut self, record: &Record, check: &SnapshotCheckRecord) {
        for entry in &check.good {
            if let Some(known) = self.newest_snapshot(&entry.dataset, &entry.version) {
                known.good = Some(record.at);
                known.damaged = None;
            }
        }
        for entry in &check.damaged {
            if let Some(known) = self.newest_snapshot(&entry.dataset, &entry.version) {
                known.damaged.get_or_insert(record.at);
            }
        }
    }

    /// Publications whose files a snapshot contains: itself and, for a feed, the earlier ones, the newest first.
    fn shared_publications(&self, name: SnapshotName<'_>) -> Vec<&PublishedSnapshot> {
        let of_it = |one: &&PublishedSnapshot| one.dataset == name.dataset;
        let history: Vec<&PublishedSnapshot> = self.published.iter().filter(of_it).collect();
        let place = history.iter().rposition(|one| one.version == name.version);
        let before = place.and_then(|place| history.get(..=place));
        let mut shared: Vec<&PublishedSnapshot> = Vec::new();
        for one in before.unwrap_or_default().iter().rev() {
            if shared.last().is_some_and(|newer| !newer.goes_on) {
                break;
            }
            shared.push(one);
        }
        shared
    }

    /// Last time at which a snapshot was known to be undamaged. A later publication of a feed says nothing about its earlier files.
    #[must_use]
    pub fn known_good(&self, dataset: &str, version: &str) -> Option<UtcTimestamp> {
        let shared = self.shared_publications(SnapshotName { dataset, version });
        let checked = shared.iter().filter_map(|one| one.good).max();
        checked.or_else(|| shared.last().map(|one| one.at))
    }

    /// True if a question read, or may have read, files of a snapshot after an instant.
    #[must_use]
    pub fn read_since(
        &self,
        question: &QueryEntry,
        snapshot: SnapshotName<'_>,
        at: UtcTimestamp,
    ) -> bool {
        if question.end.as_ref().is_some_and(|end| end.at <= at) {
            return false;
        }
        let shared = self.shared_publications(snapshot);
        let mut reads = question.reads.iter();
        reads.any(|read| {
            let label = read.snapshot.as_deref();
            let of_these = label.is_none_or(|label| shared.iter().any(|one| one.version == label));
            read.dataset == snapshot.dataset && of_these
        })
    }

    /// True if rows of a publication were read, or may have been. In a feed they belong to all later snapshots too.
    #[must_use]
    pub fn may_include_version(&self, read: &DatasetRead, version: &str) -> bool {
        let Some(label) = read.snapshot.as_deref() else {
            return true;
        };
        if label == version && read.as_of.is_none() && read.after.is_none() {
            return true;
        }
        let of_it = |one: &&PublishedSnapshot| one.dataset == read.dataset;
        let history: Vec<&PublishedSnapshot> = self.published.iter().filter(of_it).collect();
        let place = |label: &str| history.iter().rposition(|one| one.version == label);
        let (Some(brought), Some(own)) = (place(version), place(label)) else {
            return label == version;
        };
        let between = history.get(brought.saturating_add(1)..=own);
        let went_on =
            brought <= own && between.is_some_and(|all| all.iter().all(|one| one.goes_on));
        let before = read.after.as_deref().and_then(place);
        let is_left_out = before.is_some_and(|before| before >= brought);
        let came = history.get(brought).map(|one| one.arrived);
        let is_later = read
            .as_of
            .zip(came)
            .is_some_and(|(as_of, came)| came > as_of);
        went_on && !is_left_out && !is_later
    }
}
