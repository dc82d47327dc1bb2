//! People who ask while faults come, and note what they saw.

use super::LONG_ROWS;
use hansa_test_support::participant::{CommandOutput, run};
use hansa_test_support::workflow::PURPOSE;
use std::path::{Path, PathBuf};
use std::sync::RwLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// The questions that are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum QuestionKind {
    /// One number of one city.
    Sum,
    /// One number of two cities.
    Federated,
    /// All rows of a long table.
    Rows,
}

impl QuestionKind {
    const ALL: [Self; 3] = [Self::Sum, Self::Federated, Self::Rows];

    const fn sql(self) -> &'static str {
        match self {
            Self::Sum => "SELECT sum(bikes) AS n FROM lindau.bikes",
            Self::Federated => {
                "SELECT sum(bikes) AS n FROM (SELECT bikes FROM lindau.bikes UNION ALL SELECT bikes FROM munster.bikes) AS t"
            }
            Self::Rows => "SELECT id, note FROM lindau.long",
        }
    }
}

/// A question and what came of it.
#[derive(Debug)]
pub(super) struct AskedQuestion {
    pub(super) kind: QuestionKind,
    pub(super) outcome: CommandOutput,
}

impl AskedQuestion {
    /// Says whether the answer is the right one, or a part of it where the command says that it is no more.
    pub(super) fn is_right(&self) -> bool {
        let lines = self.outcome.out.lines();
        let numbers = lines.filter(|line| line.starts_with(|sign: char| sign.is_ascii_digit()));
        let numbers: Vec<&str> = numbers.collect();
        let is_whole = self.outcome.status == Some(0);
        match self.kind {
            QuestionKind::Sum => !is_whole || numbers == ["387"],
            QuestionKind::Federated => !is_whole || numbers == ["774"],
            QuestionKind::Rows => {
                let most = usize::try_from(LONG_ROWS).unwrap();
                numbers.len() == most || !is_whole && numbers.len() < most
            }
        }
    }
}

/// All who ask, by the connector of one participant.
pub(super) struct Askers {
    folder: PathBuf,
    binary: &'static Path,
    /// Held while one asks.
    gate: RwLock<()>,
    is_over: AtomicBool,
}

impl Askers {
    pub(super) fn new(folder: PathBuf, binary: &'static Path) -> Self {
        Self {
            folder,
            binary,
            gate: RwLock::new(()),
            is_over: AtomicBool::new(false),
        }
    }

    /// Asks one question after the other.
    pub(super) fn ask_until_over(&self, first: usize) -> Vec<AskedQuestion> {
        let mut asked = Vec::new();
        for at in first.. {
            if self.is_over.load(Ordering::SeqCst) {
                break;
            }
            let kind = QuestionKind::ALL[at % QuestionKind::ALL.len()];
            let _asking = self.gate.read().unwrap();
            let args = ["sql", kind.sql(), "--purpose", PURPOSE, "--format", "csv"];
            let outcome = run(self.binary, &self.folder, &args);
            asked.push(AskedQuestion { kind, outcome });
        }
        asked
    }

    /// Does something while nobody asks: a command without a connector holds the folder itself.
    pub(super) fn pause<T>(&self, act: impl FnOnce() -> T) -> T {
        let _nobody = self.gate.write().unwrap();
        act()
    }

    /// Ends all.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}
