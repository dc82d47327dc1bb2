//! Age of the snapshots behind an answer: the oldest one, and relations that were read in several states.

use hansa_query::federation::remote_query::{RemoteQueryOutcome as Went, RemoteQueryStatus};
use hansa_query::snapshot::dataset_dir::LIVE;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Labels of the snapshots by relation, with the names of the question.
#[derive(Debug, Default)]
pub(crate) struct SnapshotLabels(BTreeMap<String, BTreeSet<String>>);

impl SnapshotLabels {
    /// Collects the labels of successful parts.
    pub(crate) fn of(outcomes: &[Went]) -> Self {
        let mut read = Self::default();
        for went in outcomes {
            if matches!(
                went.status,
                RemoteQueryStatus::Failed(_) | RemoteQueryStatus::NotAsked
            ) {
                continue;
            }
            for reading in &went.remote_query.reads {
                let relation = reading.format_relation(&went.remote_query.alias);
                read.add(relation, reading.snapshot.clone());
            }
        }
        read
    }

    fn add(&mut self, relation: String, label: String) {
        self.0.entry(relation).or_default().insert(label);
    }

    /// The relation that was published longest ago; absent where all are of one day. A table that is read where it lies is as new as
    /// the question.
    pub(crate) fn oldest_dataset(&self) -> Option<OldestDataset> {
        let pairs = self.0.iter().flat_map(|(relation, labels)| {
            labels
                .iter()
                .map(move |label| (label.as_str(), relation.as_str()))
        });
        let dated: BTreeSet<(&str, &str)> = pairs
            .clone()
            .filter_map(|(label, relation)| Some((parse_label_day(label)?, relation)))
            .collect();
        let (oldest, relation) = dated.first()?;
        let newest = if pairs.clone().any(|(label, _)| label.ends_with(LIVE)) {
            NOW
        } else {
            dated.last()?.0
        };
        (*oldest != newest).then(|| OldestDataset {
            dataset: (*relation).to_owned(),
            day: (*oldest).to_owned(),
            newest: newest.to_owned(),
        })
    }

    /// The relations whose parts are of several snapshots.
    pub(crate) fn torn_datasets(&self) -> Vec<TornDataset> {
        let several = self.0.iter().filter(|(_, labels)| labels.len() > 1);
        several
            .map(|(relation, labels)| TornDataset {
                dataset: relation.clone(),
                snapshots: labels.iter().cloned().collect(),
            })
            .collect()
    }
}

/// The dataset of an answer that was published longest ago.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct OldestDataset {
    dataset: String,
    /// The day of its snapshot.
    day: String,
    /// The day of the newest snapshot in the answer.
    newest: String,
}

impl fmt::Display for OldestDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            dataset,
            day,
            newest,
        } = self;
        write!(f, "OLDEST: {dataset} is of {day}, the newest of {newest}")
    }
}

/// A dataset that was published anew while the question ran, so that parts of the answer are of several snapshots.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct TornDataset {
    dataset: String,
    snapshots: Vec<String>,
}

impl fmt::Display for TornDataset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} was published anew while the question ran, and parts of the answer are of {}; ask again for one of them",
            self.dataset,
            self.snapshots.join(" and ")
        )
    }
}

/// Day of a label such as `2026-11-20.3`; `None` for a table that is read in place, and for other forms of labels.
fn parse_label_day(label: &str) -> Option<&str> {
    let (day, number) = label.split_once('.')?;
    let digits = |text: &str| text.chars().all(|sign| sign.is_ascii_digit());
    let dated = day.len() == 10 && day.split('-').all(digits) && day.split('-').count() == 3;
    (dated && digits(number)).then_some(day)
}

/// Age of a table that is read in place.
const NOW: &str = "this moment";

#[cfg(test)]
mod tests {
    use crate::question::snapshot_age::SnapshotLabels;

    fn labels(read: &[(&str, &str)]) -> SnapshotLabels {
        let mut all = SnapshotLabels::default();
        for (relation, label) in read {
            all.add((*relation).to_owned(), (*label).to_owned());
        }
        all
    }

    fn oldest_line(read: &[(&str, &str)]) -> Option<String> {
        labels(read)
            .oldest_dataset()
            .map(|oldest| oldest.to_string())
    }

    #[test]
    fn the_oldest_is_named_where_days_differ() {
        assert_eq!(
            oldest_line(&[("a.t", "2026-11-20.1"), ("b.t", "2026-11-20.7")]),
            None
        );
        assert_eq!(
            oldest_line(&[("a.t", "2026-11-20.1"), ("b.t", "2026-09-30.7")]).as_deref(),
            Some("OLDEST: b.t is of 2026-09-30, the newest of 2026-11-20")
        );
        assert_eq!(
            oldest_line(&[("a.t", "2026-11-20.1-live"), ("b.t", "2026-11-20.7")]).as_deref(),
            Some("OLDEST: b.t is of 2026-11-20, the newest of this moment")
        );
        // What is no label of this kind tells no day.
        assert_eq!(
            oldest_line(&[("a.t", "spring"), ("b.t", "2026-11-20.7")]),
            None
        );
        assert_eq!(oldest_line(&[("a.t", "2026-11-20.1-live")]), None);
    }

    #[test]
    fn two_states_of_one_dataset_are_told() {
        let read = labels(&[("a.t", "2026-11-20.1"), ("a.t", "2026-11-20.2")]);
        let torn = read.torn_datasets();
        let line = torn.first().map(ToString::to_string).unwrap();
        assert!(line.starts_with("a.t was published anew"), "{line}");
        assert!(line.contains("2026-11-20.1 and 2026-11-20.2"), "{line}");
        assert_eq!(torn.len(), 1);
    }
}
