//! Answers that are kept for their readers: at most two of a person, 4 GB together, for 15 minutes after the last look.

pub mod answer_file;

use crate::config::person_key::PersonKey;
use crate::console::kept_answers::answer_file::AnswerFile;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio_util::sync::CancellationToken;

/// Most answers of one person.
const ANSWERS: usize = 2;

/// Most bytes of all answers of one person.
const BYTES: u64 = 4 << 30;

/// Minutes for which an answer is kept after the last look at it.
pub const MINUTES_KEPT: u32 = 15;

/// Microseconds of these minutes.
const LIFE: i64 = 15 * 60 * 1_000_000;

/// Most lines beside the rows of an answer.
const NOTICES: usize = 50;

/// Question whose answer is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptQuestion {
    /// Person who asks.
    pub person: PersonKey,
    /// Text of the question.
    pub sql: String,
    /// Declared purpose; empty for the purpose of the configuration.
    pub purpose: String,
    /// True if the answer may lack a participant.
    pub is_partial: bool,
    /// Instant of the question.
    pub at: UtcTimestamp,
}

/// State of a kept answer.
#[derive(Debug, Clone, Default)]
pub enum AnswerPhase {
    /// More rows may come.
    #[default]
    Running,
    /// All rows are here.
    Complete,
    /// The person has stopped the question. The rows are not all.
    Stopped,
    /// The question was refused, or its answer broke off. Such an answer has no rows.
    Failed(Box<Refusal>),
}

/// Facts beside the rows of an answer.
#[derive(Debug, Default)]
struct AnswerFacts {
    phase: AnswerPhase,
    report: Option<Value>,
    notices: Vec<String>,
}

/// Answer of one question of one person. Its file has no name, so it ends with the process.
#[derive(Debug)]
pub struct KeptAnswer {
    /// Identity: 128 random bits, as hexadecimal digits.
    pub id: String,
    /// Question of the answer.
    pub question: KeptQuestion,
    /// Rows of the answer.
    pub rows: AnswerFile,
    /// Cancelled to stop the question.
    pub ending: CancellationToken,
    facts: Mutex<AnswerFacts>,
    opened: i64,
    used: AtomicI64,
}

impl KeptAnswer {
    /// State of the answer.
    pub fn phase(&self) -> AnswerPhase {
        self.facts.lock().phase.clone()
    }

    /// True while more rows may come.
    pub fn is_running(&self) -> bool {
        matches!(self.facts.lock().phase, AnswerPhase::Running)
    }

    /// Report below the answer, as `hansa sql --json` prints it.
    pub fn report(&self) -> Option<Value> {
        self.facts.lock().report.clone()
    }

    /// Lines for people that came beside the answer.
    pub fn notices(&self) -> Vec<String> {
        self.facts.lock().notices.clone()
    }

    /// Keeps the report below the answer.
    pub fn keep_report(&self, report: Value) {
        self.facts.lock().report = Some(report);
    }

    /// Keeps a line for people; of many, the first ones.
    pub fn keep_notice(&self, notice: String) {
        let mut facts = self.facts.lock();
        if facts.notices.len() < NOTICES {
            facts.notices.push(notice);
        }
    }

    /// Ends the answer, and notes a look at it. A failed answer loses its rows: rows before an error are no answer.
    pub fn end(&self, phase: AnswerPhase, ticks: i64) {
        if matches!(phase, AnswerPhase::Failed(_)) {
            self.rows.clear();
        }
        self.facts.lock().phase = phase;
        self.note_look(ticks);
    }

    /// Notes that the person looks at the answer.
    pub fn note_look(&self, ticks: i64) {
        self.used.fetch_max(ticks, Ordering::Relaxed);
    }

    fn is_over(&self, ticks: i64) -> bool {
        let unused = ticks.saturating_sub(self.used.load(Ordering::Relaxed));
        !self.is_running() && unused >= LIFE
    }
}

/// All kept answers, by their identities.
#[derive(Debug, Default)]
pub struct KeptAnswers(Mutex<BTreeMap<String, Arc<KeptAnswer>>>);

impl KeptAnswers {
    /// Opens an answer. The oldest answer of the person that has ended gives way where there are too many.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS` where too many questions of the person run.
    pub fn open(
        &self,
        id: String,
        question: KeptQuestion,
        file: File,
        ticks: i64,
    ) -> Result<Arc<KeptAnswer>, Refusal> {
        let mut answers = self.0.lock();
        answers.retain(|_, answer| !answer.is_over(ticks));
        let mut own: Vec<_> = answers
            .values()
            .filter(|answer| answer.question.person == question.person)
            .map(|answer| (answer.is_running(), answer.opened, answer.id.clone()))
            .collect();
        // The ended ones first, each group by its age.
        own.sort_unstable();
        let too_many = (own.len() + 1).saturating_sub(ANSWERS);
        for (is_running, _, id) in own.into_iter().take(too_many) {
            if is_running {
                let sentence = format!("{ANSWERS} of your questions run already");
                return Err(Refusal::new(ErrorCode::TooManyStreams, sentence)
                    .with_help("stop one of them, or wait for its end"));
            }
            answers.remove(&id);
        }
        let answer = Arc::new(KeptAnswer {
            id: id.clone(),
            question,
            rows: AnswerFile::new(file),
            ending: CancellationToken::new(),
            facts: Mutex::default(),
            opened: ticks,
            used: AtomicI64::new(ticks),
        });
        answers.insert(id, Arc::clone(&answer));
        Ok(answer)
    }

    /// Answer of a person, and notes the look at it. The answer of another person is not found.
    pub fn find(&self, id: &str, person: &PersonKey, ticks: i64) -> Option<Arc<KeptAnswer>> {
        let answers = self.0.lock();
        let answer = answers.get(id)?;
        // INVARIANT: answer-of-its-person. Another person learns not even that it exists.
        if answer.question.person != *person || answer.is_over(ticks) {
            return None;
        }
        answer.note_look(ticks);
        Some(Arc::clone(answer))
    }

    /// Answers of a person, the newest first.
    pub fn list(&self, person: &PersonKey, ticks: i64) -> Vec<Arc<KeptAnswer>> {
        let answers = self.0.lock();
        let mut own: Vec<_> = answers
            .values()
            .filter(|answer| answer.question.person == *person && !answer.is_over(ticks))
            .cloned()
            .collect();
        own.sort_by_key(|answer| std::cmp::Reverse(answer.opened));
        own
    }

    /// Forgets an answer of a person. A question that runs is stopped.
    pub fn forget(&self, id: &str) {
        let removed = self.0.lock().remove(id);
        if let Some(answer) = removed {
            answer.ending.cancel();
        }
    }

    /// Forgets the answers whose time is over. True while an answer of this identity is kept.
    pub fn expire(&self, id: &str, ticks: i64) -> bool {
        let mut answers = self.0.lock();
        answers.retain(|_, answer| !answer.is_over(ticks));
        answers.contains_key(id)
    }

    /// Refuses more bytes of a person than all answers may have together.
    ///
    /// # Errors
    /// `RESOURCE_LIMIT`.
    pub fn check_bytes(&self, person: &PersonKey) -> Result<(), Refusal> {
        let answers = self.0.lock();
        let own = answers
            .values()
            .filter(|answer| answer.question.person == *person);
        let bytes: u64 = own.map(|answer| answer.rows.bytes()).sum();
        if bytes <= BYTES {
            return Ok(());
        }
        let sentence = format!(
            "the answers that are kept for you would need more than {} GB",
            BYTES >> 30
        );
        Err(Refusal::new(ErrorCode::ResourceLimit, sentence)
            .with_help("ask for less, or with hansa sql, which writes the answer to a file"))
    }
}

#[cfg(test)]
mod tests;
