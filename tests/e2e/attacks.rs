//! The list of attacks: each with its setup, what is done, what must come of it, and what came of it.
//!
//! The numbers up to 77 are those of the list; those from 78 on were found by reading the product as somebody who wants
//! to get round it. An attack is asked over the wire by a participant that keeps to no rule, wherever it is on the wire.

mod aggregate;
mod areas;
mod beyond_the_list;
mod catalog;
mod city_programs;
mod continuation;
mod contract;
mod control_plane;
mod credentials;
mod identity;
mod joins;
mod key_transfer;
mod load;
mod log;
mod noise;
mod partner;
mod peer;
mod programs;
mod quota;
pub(crate) mod released_cells;
mod row;
mod sql;
mod trips;
mod web;
mod workers;
mod world;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What came of an attack, or why not what must.
pub(crate) type AttackVerdict = Result<String, String>;

/// One attack of the list, done in the world `W`.
pub(crate) struct AttackCase<W: 'static> {
    /// Its number.
    pub(crate) number: u16,
    /// The contract or the place that is attacked.
    pub(crate) setup: &'static str,
    /// What is done.
    pub(crate) name: &'static str,
    /// What must come of it.
    pub(crate) expected: &'static str,
    /// Does it.
    pub(crate) does: fn(&mut W) -> AttackVerdict,
    /// What the product can't do yet and the attack is about; what is there already is attacked all the same.
    pub(crate) lacks: &'static str,
}

/// A line of the report.
pub(crate) struct AttackReportLine {
    number: u16,
    setup: &'static str,
    name: &'static str,
    expected: &'static str,
    came: AttackStatus,
}

enum AttackStatus {
    Met(String),
    NotYet(&'static str, String),
    Failed(String),
}

impl std::fmt::Display for AttackReportLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            number,
            setup,
            name,
            expected,
            came,
        } = self;
        write!(f, "{number:>3} {setup:<9} {name} | {expected} | ")?;
        match came {
            AttackStatus::Met(how) => write!(f, "{how} | pass"),
            AttackStatus::NotYet(lacks, how) => write!(f, "{how} | not yet: {lacks}"),
            AttackStatus::Failed(why) => write!(f, "{} | FAIL", why.replace('\n', " ")),
        }
    }
}

/// Does the attacks of one world one after the other.
pub(crate) fn tried<W>(world: &mut W, attacks: &[AttackCase<W>]) -> Vec<AttackReportLine> {
    attacks
        .iter()
        .map(|attack| {
            let done = catch_unwind(AssertUnwindSafe(|| (attack.does)(world)));
            let came = match done {
                Ok(Ok(how)) if attack.lacks.is_empty() => AttackStatus::Met(how),
                Ok(Ok(how)) => AttackStatus::NotYet(attack.lacks, how),
                Ok(Err(why)) => AttackStatus::Failed(why),
                Err(panic) => AttackStatus::Failed(words(panic.as_ref())),
            };
            AttackReportLine {
                number: attack.number,
                setup: attack.setup,
                name: attack.name,
                expected: attack.expected,
                came,
            }
        })
        .collect()
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked").to_owned()
}

/// The attacks that are not passed yet, with what they wait for. The list can only grow shorter.
const NOT_YET: [(u16, &str); 0] = [];

/// The attacks of the list that are done at all; those of the reading follow.
const LISTED: u16 = 77;

#[test]
fn each_attack_comes_to_what_the_list_says() {
    let groups: [fn() -> Vec<AttackReportLine>; 21] = [
        world::attacked,
        contract::attacked,
        contract::attacked_sealed,
        identity::attacked,
        quota::attacked,
        log::attacked,
        load::attacked,
        peer::attacked,
        catalog::attacked,
        credentials::attacked,
        released_cells::attacked,
        noise::attacked,
        workers::attacked,
        continuation::attacked,
        key_transfer::attacked,
        programs::attacked,
        city_programs::attacked,
        web::attacked,
        crate::open_data::attacked,
        partner::attacked,
        control_plane::attacked,
    ];
    let mut failed = Vec::new();
    let mut lines = Vec::new();
    std::thread::scope(|scope| {
        for group in groups.map(|group| scope.spawn(group)) {
            match group.join() {
                Ok(of_group) => lines.extend(of_group),
                Err(panic) => failed.push(format!("a world fell: {}", words(panic.as_ref()))),
            }
        }
    });
    lines.sort_by_key(|line| line.number);
    for line in &lines {
        println!("{line}");
    }
    let mut by_number: BTreeMap<u16, &AttackReportLine> = BTreeMap::new();
    for line in &lines {
        let twice = by_number.insert(line.number, line);
        assert!(twice.is_none(), "attack {} is there twice", line.number);
    }
    let absent: Vec<u16> = (1..=LISTED)
        .filter(|number| !by_number.contains_key(number))
        .collect();
    let mut passed = 0;
    let mut waiting = Vec::new();
    for line in &lines {
        match &line.came {
            AttackStatus::Met(_) => passed += 1,
            AttackStatus::NotYet(lacks, _) => waiting.push((line.number, *lacks)),
            AttackStatus::Failed(_) => failed.push(line.to_string()),
        }
    }
    println!(
        "{passed} passed, {} not yet, {} failed",
        waiting.len(),
        failed.len()
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(absent.is_empty(), "not in the tables: {absent:?}");
    assert_eq!(waiting, NOT_YET, "what is not passed yet");
}
