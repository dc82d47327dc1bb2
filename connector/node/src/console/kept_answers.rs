//! Answers that are kept for their readers: at most two of a person, 4 GB together, for 15 minutes after the last look.
//!
//! An answer whose file is being sent is kept until the file is sent, so its bytes count as long as they lie on the disk.

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
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use tokio_util::sync::CancellationToken;

/// Minutes for which an answer is kept after the last look at it.
pub const MINUTES_KEPT: u32 = 15;

/// Microseconds of these minutes.
const LIFE: i64 = 15 * 60 * 1_000_000;

/// Most lines beside the rows of an answer.
const NOTICES: usize = 50;

/// Bounds of the answers that are kept for one person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeptAnswerLimits {
    /// Most answers.
    pub answers: usize,
    /// Most bytes of all answers together.
    pub bytes: u64,
}

impl Default for KeptAnswerLimits {
    fn default() -> Self {
        Self {
            answers: 2,
            bytes: 4 << 30,
        }
    }
}

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
    /// All rows are here, of all participants.
    Complete,
    /// The answer has ended, and lacks the rows of a participant. Its report names the participant.
    Incomplete,
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
    /// True while a file of the answer is being sent.
    is_being_sent: AtomicBool,
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

    /// True while the answer can't give way: rows come, or a file of it is being sent.
    fn is_busy(&self) -> bool {
        self.is_running() || self.is_being_sent.load(Ordering::Acquire)
    }

    fn is_over(&self, ticks: i64) -> bool {
        let unused = ticks.saturating_sub(self.used.load(Ordering::Relaxed));
        !self.is_busy() && unused >= LIFE
    }
}

/// Answer of which a file is being sent. The answer stays until the value is dropped.
#[derive(Debug)]
pub struct SentAnswer(Arc<KeptAnswer>);

impl SentAnswer {
    /// Answer of the file.
    pub fn answer(&self) -> &KeptAnswer {
        &self.0
    }
}

impl Drop for SentAnswer {
    fn drop(&mut self) {
        self.0.is_being_sent.store(false, Ordering::Release);
    }
}

/// All kept answers, by their identities.
#[derive(Debug, Default)]
pub struct KeptAnswers {
    limits: KeptAnswerLimits,
    answers: Mutex<BTreeMap<String, Arc<KeptAnswer>>>,
}

impl KeptAnswers {
    /// No answers, within other bounds than the usual ones.
    pub fn with_limits(limits: KeptAnswerLimits) -> Self {
        Self {
            limits,
            answers: Mutex::default(),
        }
    }

    /// Opens an answer. The oldest answer of the person that has ended gives way where there are too many.
    ///
    /// # Errors
    /// `TOO_MANY_STREAMS` where too many questions of the person run, or too many of their files are being sent.
    pub fn open(
        &self,
        id: String,
        question: KeptQuestion,
        file: File,
        ticks: i64,
    ) -> Result<Arc<KeptAnswer>, Refusal> {
        let mut answers = self.answers.lock();
        answers.retain(|_, answer| !answer.is_over(ticks));
        let mut own: Vec<_> = answers
            .values()
            .filter(|answer| answer.question.person == question.person)
            .map(|answer| (answer.is_busy(), answer.opened, answer.id.clone()))
            .collect();
        // Those that can give way stand first, each group by its age.
        own.sort_unstable();
        let too_many = (own.len() + 1).saturating_sub(self.limits.answers);
        let leaving: Vec<_> = own.into_iter().take(too_many).collect();
        if leaving.iter().any(|(is_busy, _, _)| *is_busy) {
            let sentence = format!(
                "{} of your questions run already, or files of their answers are being sent",
                self.limits.answers
            );
            return Err(Refusal::new(ErrorCode::TooManyStreams, sentence)
                .with_help("stop one of them, or wait for its end"));
        }
        for (_, _, id) in leaving {
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
            is_being_sent: AtomicBool::new(false),
        });
        answers.insert(id, Arc::clone(&answer));
        Ok(answer)
    }

    /// Answer of a person, and notes the look at it. The answer of another person is not found.
    pub fn find(&self, id: &str, person: &PersonKey, ticks: i64) -> Option<Arc<KeptAnswer>> {
        let answers = self.answers.lock();
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
        let answers = self.answers.lock();
        let mut own: Vec<_> = answers
            .values()
            .filter(|answer| answer.question.person == *person && !answer.is_over(ticks))
            .cloned()
            .collect();
        own.sort_by_key(|answer| std::cmp::Reverse(answer.opened));
        own
    }

    /// Begins to send a file of an answer, one at a time. The answer stays until the file is sent.
    ///
    /// # Errors
    /// `ANSWER_UNKNOWN` where the answer has given way since it was found, `TOO_MANY_STREAMS` where a file of it is being sent.
    pub fn begin_sending(&self, answer: &Arc<KeptAnswer>) -> Result<SentAnswer, Refusal> {
        // No answer gives way while this lock is held.
        let answers = self.answers.lock();
        if !answers
            .get(&answer.id)
            .is_some_and(|kept| Arc::ptr_eq(kept, answer))
        {
            let sentence = "there is no such answer, or its time is over";
            return Err(Refusal::new(ErrorCode::AnswerUnknown, sentence));
        }
        if answer.is_being_sent.swap(true, Ordering::AcqRel) {
            let sentence = "a file of this answer is being sent already";
            return Err(Refusal::new(ErrorCode::TooManyStreams, sentence)
                .with_help("wait for its end, or end it in the browser"));
        }
        Ok(SentAnswer(Arc::clone(answer)))
    }

    /// Forgets the answers whose time is over. True while an answer of this identity is kept.
    pub fn expire(&self, id: &str, ticks: i64) -> bool {
        let mut answers = self.answers.lock();
        answers.retain(|_, answer| !answer.is_over(ticks));
        answers.contains_key(id)
    }

    /// Refuses more bytes of a person than all answers may have together.
    ///
    /// # Errors
    /// `RESOURCE_LIMIT`.
    pub fn check_bytes(&self, person: &PersonKey) -> Result<(), Refusal> {
        let answers = self.answers.lock();
        let own = answers
            .values()
            .filter(|answer| answer.question.person == *person);
        let bytes: u64 = own.map(|answer| answer.rows.bytes()).sum();
        if bytes <= self.limits.bytes {
            return Ok(());
        }
        let sentence = format!(
            "the answers that are kept for you would need more than {} MB",
            self.limits.bytes >> 20
        );
        Err(Refusal::new(ErrorCode::ResourceLimit, sentence)
            .with_help("ask for less, or with hansa sql, which writes the answer to a file"))
    }
}

#[cfg(test)]
mod tests;
