//! How old what an answer was made of is: the oldest where several datasets were read, and whether one was read in two states.

use hansa_query::federation::remote_query::{RemoteQueryOutcome as Went, RemoteQueryStatus};
use hansa_query::snapshot::dataset_dir::LIVE;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What was read: each relation, as the asker writes it, with the labels of its snapshots.
#[derive(Debug, Default)]
pub(crate) struct SnapshotLabels(BTreeMap<String, BTreeSet<String>>);

impl SnapshotLabels {
    /// Of what came back; what failed gave nothing to the answer.
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
                let relation = reading.relation(&went.remote_query.alias);
                read.add(relation, reading.snapshot.clone());
            }
        }
        read
    }

    fn add(&mut self, relation: String, label: String) {
        self.0.entry(relation).or_default().insert(label);
    }

    /// The relation that was published longest ago, with its day and the newest day of all; absent where all are of one day. A
    /// table that is read where it lies is as new as the question.
    fn oldest(&self) -> Option<(&str, &str, &str)> {
        let pairs = self.0.iter().flat_map(|(relation, labels)| {
            labels
                .iter()
                .map(move |label| (label.as_str(), relation.as_str()))
        });
        let dated: BTreeSet<(&str, &str)> = pairs
            .clone()
            .filter_map(|(label, relation)| Some((day(label)?, relation)))
            .collect();
        let (oldest, relation) = dated.first()?;
        let newest = if pairs.clone().any(|(label, _)| label.ends_with(LIVE)) {
            NOW
        } else {
            dated.last()?.0
        };
        (*oldest != newest).then_some((relation, oldest, newest))
    }

    /// Relations whose parts are of several snapshots, with their labels.
    fn torn(&self) -> impl Iterator<Item = (&str, Vec<&str>)> {
        let several = self.0.iter().filter(|(_, labels)| labels.len() > 1);
        several.map(|(relation, labels)| {
            let labels = labels.iter().map(String::as_str);
            (relation.as_str(), labels.collect())
        })
    }

    /// For the lines below a result.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if let Some((relation, day, newest)) = self.oldest() {
            text.push_str(&format!(
                "OLDEST: {relation} is of {day}, the newest of {newest}\n"
            ));
        }
        for (relation, labels) in self.torn() {
            text.push_str(&format!(
                "NOTICE: {relation} was published anew while the question ran, and parts of the answer are of {}; ask again for one of them\n",
                labels.join(" and ")
            ));
        }
        text
    }

    /// For programs: `oldest` and `several_snapshots`.
    pub(crate) fn json(&self) -> (Value, Value) {
        let oldest = self.oldest().map(
            |(relation, day, newest)| json!({"dataset": relation, "day": day, "newest": newest}),
        );
        let torn: Vec<Value> = self
            .torn()
            .map(|(relation, labels)| json!({"dataset": relation, "snapshots": labels}))
            .collect();
        (oldest.unwrap_or(Value::Null), Value::Array(torn))
    }
}

/// The day of a label such as `2026-11-20.3`; none of a table that is read where it lies, and none where a participant has
/// labels of its own.
fn day(label: &str) -> Option<&str> {
    let (day, number) = label.split_once('.')?;
    let digits = |text: &str| text.chars().all(|sign| sign.is_ascii_digit());
    let dated = day.len() == 10 && day.split('-').all(digits) && day.split('-').count() == 3;
    (dated && digits(number)).then_some(day)
}

/// How new a table is that is read where it lies.
const NOW: &str = "this moment";

#[cfg(test)]
mod tests {
    use crate::question::snapshot_age::SnapshotLabels;

    fn footer_of(read: &[(&str, &str)]) -> String {
        let mut all = SnapshotLabels::default();
        for (relation, label) in read {
            all.add((*relation).to_owned(), (*label).to_owned());
        }
        all.text()
    }

    #[test]
    fn the_oldest_is_named_where_days_differ() {
        assert_eq!(
            footer_of(&[("a.t", "2026-11-20.1"), ("b.t", "2026-11-20.7")]),
            ""
        );
        assert_eq!(
            footer_of(&[("a.t", "2026-11-20.1"), ("b.t", "2026-09-30.7")]),
            "OLDEST: b.t is of 2026-09-30, the newest of 2026-11-20\n"
        );
        assert_eq!(
            footer_of(&[("a.t", "2026-11-20.1-live"), ("b.t", "2026-11-20.7")]),
            "OLDEST: b.t is of 2026-11-20, the newest of this moment\n"
        );
        // What is no label of this kind tells no day.
        assert_eq!(footer_of(&[("a.t", "spring"), ("b.t", "2026-11-20.7")]), "");
        assert_eq!(footer_of(&[("a.t", "2026-11-20.1-live")]), "");
    }

    #[test]
    fn two_states_of_one_dataset_are_told() {
        let text = footer_of(&[("a.t", "2026-11-20.1"), ("a.t", "2026-11-20.2")]);
        assert!(text.starts_with("NOTICE: a.t "), "{text}");
        assert!(text.contains("2026-11-20.1 and 2026-11-20.2"), "{text}");
    }
}
