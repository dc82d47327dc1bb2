//! Which answers used a snapshot, whom they went to, and whether those were told.

use super::{Cell, Sheet, answer, disclosed};
use crate::story::stated::{AFFECTED, Notified};
use crate::story::{Question, Story};
use hansa_audit_log::time::Time;
use std::collections::BTreeSet;

/// The columns of a table of answers, and when those whom they went to were told.
const AFFECTED_ANSWERS: [&str; 11] = [
    "question",
    "record",
    "t",
    "to",
    "datasets",
    "contracts",
    "rows",
    "bytes",
    "outcome",
    "acknowledged",
    "told",
];

/// Which answers are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Recalled<'a> {
    /// Of the dataset.
    pub dataset: &'a str,
    /// That used this snapshot.
    pub version: &'a str,
    /// That read its files after this instant, whatever rows they used of them.
    pub since: Option<Time>,
}

impl Recalled<'_> {
    fn concerns(&self, story: &Story, question: &Question) -> bool {
        match self.since {
            None => used(story, question, self.dataset, self.version),
            Some(at) => story.read_since(question, (self.dataset, self.version), at),
        }
    }
}

/// Which answers those are, and whether those whom they went to were told. What may have been read counts, so that nobody is forgotten.
#[must_use]
pub fn affected(story: &Story, own: &str, recalled: Recalled<'_>) -> Sheet {
    let Recalled {
        dataset, version, ..
    } = recalled;
    let rows = disclosed(story, own).filter(|question| recalled.concerns(story, question));
    let rows = rows.map(|question| {
        let mut row = answer(question);
        let told: Option<Vec<Time>> = under(question, dataset)
            .map(|contract| told(story, contract, &question.peer, version))
            .collect();
        let last = told.and_then(|told| told.into_iter().max());
        row.push(last.map_or_else(|| Cell::Text("no".to_owned()), Cell::at));
        row
    });
    Sheet {
        columns: &AFFECTED_ANSWERS,
        rows: rows.collect(),
    }
}

fn used(story: &Story, question: &Question, dataset: &str, version: &str) -> bool {
    let mut reads = question.reads.iter();
    reads.any(|read| read.dataset == dataset && story.holds(read, version))
}

/// The contracts under which a question read a dataset.
fn under<'a>(question: &'a Question, dataset: &'a str) -> impl Iterator<Item = &'a str> {
    let reads = question.reads.iter();
    let reads = reads.filter(move |read| read.dataset == dataset);
    reads.filter_map(|read| read.contract.as_deref())
}

/// When somebody was told under a contract that answers used a snapshot.
fn told(story: &Story, contract: &str, peer: &str, version: &str) -> Option<Time> {
    let topics = [
        affected_topic(version, None),
        affected_topic(version, Some(peer)),
    ];
    let of = |one: &&Notified| one.contract == contract && topics.contains(&one.topic);
    story.notified.iter().find(of).map(|one| one.at)
}

/// The topic of a notice that answers used a snapshot; under a contract with everybody it names to whom, since of each topic
/// somebody is told once.
#[must_use]
pub fn affected_topic(version: &str, whom: Option<&str>) -> String {
    match whom {
        None => format!("{AFFECTED}{version}"),
        Some(whom) => {
            let domain = whom.trim_start_matches("hansa://").replace('/', ".");
            format!("{AFFECTED}{version}:{domain}")
        }
    }
}

/// To whom they went, under which contracts.
#[must_use]
pub fn concerned<'a>(
    story: &'a Story,
    own: &'a str,
    recalled: Recalled<'a>,
) -> BTreeSet<(&'a str, &'a str)> {
    disclosed(story, own)
        .filter(move |question| recalled.concerns(story, question))
        .flat_map(move |question| {
            under(question, recalled.dataset).map(|id| (id, question.peer.as_str()))
        })
        .collect()
}
