//! What was published, and which publications the rows of an answer came with.

use super::parts::{count, text};
use super::{Read, Story};
use evidence::json::Json;
use evidence::record::Record;
use evidence::time::Time;

/// A snapshot of a dataset in the owner's catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// When it was published.
    pub at: Time,
    /// When its rows came.
    pub arrived: Time,
    /// The dataset.
    pub dataset: String,
    /// The snapshot.
    pub version: String,
    /// Whether it is about persons.
    pub personal: bool,
    /// Of a feed: it has all rows of the one before.
    pub goes_on: bool,
    /// When it was taken out of the catalogue, and why.
    pub withdrawn: Option<(Time, String)>,
}

/// Somebody was told that nothing came since an earlier answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quiet {
    /// Where it stands.
    pub index: u64,
    /// When.
    pub at: Time,
    /// Who asked.
    pub peer: String,
    /// Where the permit of the earlier answer stands.
    pub follows: u64,
}

impl Published {
    pub(super) fn of(record: &Record) -> Self {
        let body = &record.body;
        let segments = body.get("feed").and_then(|feed| count(feed, "segments"));
        let arrived = text(body, "published_at").and_then(|at| at.parse().ok());
        Self {
            at: record.at,
            arrived: arrived.unwrap_or(record.at),
            dataset: text(body, "dataset").unwrap_or_default(),
            version: text(body, "version").unwrap_or_default(),
            personal: body.get("personal").and_then(Json::as_bool) == Some(true),
            goes_on: segments.is_some_and(|segments| segments > 1),
            withdrawn: None,
        }
    }
}

impl Quiet {
    pub(super) fn of(record: &Record) -> Option<Self> {
        Some(Self {
            index: record.seq,
            at: record.at,
            peer: text(&record.body, "peer")?,
            follows: count(&record.body, "follows")?,
        })
    }
}

impl Story {
    /// Whether rows that a publication brought were read, or may have been: of a feed it brought them to all that came after it.
    #[must_use]
    pub fn holds(&self, read: &Read, version: &str) -> bool {
        let Some(label) = read.snapshot.as_deref() else {
            return true;
        };
        if label == version && read.as_of.is_none() && read.after.is_none() {
            return true;
        }
        let of_it = |one: &&Published| one.dataset == read.dataset;
        let history: Vec<&Published> = self.published.iter().filter(of_it).collect();
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
