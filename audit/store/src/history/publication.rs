//! What was published, and which publications the rows of an answer came with.

use super::AuditHistory;
use super::query_entry::{DatasetRead, QueryEntry};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::publications::{PublicationRecord, SnapshotCheckRecord};
use hansa_audit_log::time::UtcTimestamp;

/// A snapshot of a dataset in the owner's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedSnapshot {
    /// When it was published.
    pub at: UtcTimestamp,
    /// When its rows came.
    pub arrived: UtcTimestamp,
    /// The dataset.
    pub dataset: String,
    /// The snapshot.
    pub version: String,
    /// Whether it is about persons.
    pub personal: bool,
    /// Of a feed: it has all rows of the one before.
    pub goes_on: bool,
    /// When it was taken out of the catalogue, and why.
    pub withdrawn: Option<(UtcTimestamp, String)>,
    /// When it was read to its end after that, and found to be as it was published.
    pub good: Option<UtcTimestamp>,
    /// When it was found not to be, since then.
    pub damaged: Option<UtcTimestamp>,
}

/// Somebody was told that nothing came since an earlier answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoNewData {
    /// Where it stands.
    pub index: u64,
    /// When.
    pub at: UtcTimestamp,
    /// Who asked.
    pub peer: String,
    /// Where the permit of the earlier answer stands.
    pub follows: u64,
}

impl PublishedSnapshot {
    pub(super) fn of(record: &Record, publication: PublicationRecord) -> Self {
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
    /// What was found when snapshots were read to their end.
    pub(super) fn apply_snapshot_check(&mut self, record: &Record, check: &SnapshotCheckRecord) {
        for entry in &check.good {
            if let Some(known) = self.snapshot(&entry.dataset, &entry.version) {
                known.good = Some(record.at);
                known.damaged = None;
            }
        }
        for entry in &check.damaged {
            if let Some(known) = self.snapshot(&entry.dataset, &entry.version) {
                known.damaged.get_or_insert(record.at);
            }
        }
    }

    /// The publications whose files a snapshot has, itself and those of a feed before it, the newest first.
    fn shared_publications(&self, dataset: &str, version: &str) -> Vec<&PublishedSnapshot> {
        let of_it = |one: &&PublishedSnapshot| one.dataset == dataset;
        let history: Vec<&PublishedSnapshot> = self.published.iter().filter(of_it).collect();
        let place = history.iter().rposition(|one| one.version == version);
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

    /// When a snapshot was last known to be as it was published. That a feed went on says nothing of the files that it had before.
    #[must_use]
    pub fn known_good(&self, dataset: &str, version: &str) -> Option<UtcTimestamp> {
        let shared = self.shared_publications(dataset, version);
        let checked = shared.iter().filter_map(|one| one.good).max();
        checked.or_else(|| shared.last().map(|one| one.at))
    }

    /// Whether a question read files that a snapshot has, or may have, after an instant.
    #[must_use]
    pub fn read_since(
        &self,
        question: &QueryEntry,
        (dataset, version): (&str, &str),
        at: UtcTimestamp,
    ) -> bool {
        if question.end.as_ref().is_some_and(|end| end.at <= at) {
            return false;
        }
        let shared = self.shared_publications(dataset, version);
        let mut reads = question.reads.iter();
        reads.any(|read| {
            let label = read.snapshot.as_deref();
            let of_these = label.is_none_or(|label| shared.iter().any(|one| one.version == label));
            read.dataset == dataset && of_these
        })
    }

    /// Whether rows that a publication brought were read, or may have been: of a feed it brought them to all that came after it.
    #[must_use]
    pub fn holds(&self, read: &DatasetRead, version: &str) -> bool {
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
