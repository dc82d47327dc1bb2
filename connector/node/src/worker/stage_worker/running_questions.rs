//! Questions in which a worker currently takes part.

use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::cluster::server_name;
use hansa_policy::id::{RequestId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::execute::stages::question_tasks::QuestionTasks;
use parking_lot::Mutex;
use std::collections::BTreeMap;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// Running question.
#[derive(Debug)]
pub(super) struct RunningQuestion {
    /// Workers of the question, by number.
    pub(super) team: Vec<SqlIdentifier>,
    /// Number of this worker.
    pub(super) worker: u32,
    pub(super) tasks: QuestionTasks,
}

impl RunningQuestion {
    /// Number of the worker with this name in its certificate.
    pub(super) fn worker_number(&self, certificate: &str) -> Option<u32> {
        let mut team = self.team.iter();
        let at = team
            .position(|member| server_name(member).is_ok_and(|name| name.to_str() == certificate));
        u32::try_from(at?).ok()
    }
}

/// Running questions by identity.
#[derive(Debug, Default)]
pub(super) struct RunningQuestions {
    known: Mutex<BTreeMap<RequestId, Arc<RunningQuestion>>>,
    /// Questions begun under a grant, with the end of the grant: no grant counts twice.
    granted: Mutex<BTreeMap<RequestId, UtcTimestamp>>,
}

impl RunningQuestions {
    /// Notes that a question begins under a grant with this end.
    ///
    /// # Errors
    /// `WORKER_DIFFERS` if it was begun before.
    pub(super) fn note_grant(
        &self,
        request: RequestId,
        until: UtcTimestamp,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut granted = self.granted.lock();
        granted.retain(|_, until| *until > now);
        match granted.insert(request, until) {
            None => Ok(()),
            Some(_) => {
                let sentence = "a question was begun under this grant already";
                Err(Refusal::new(ErrorCode::WorkerDiffers, sentence))
            }
        }
    }

    /// Adds a question while the returned value is held.
    ///
    /// # Errors
    /// `WORKER_DIFFERS` if it already runs: a repeated briefing begins nothing.
    pub(super) fn add(
        self: &Arc<Self>,
        request: RequestId,
        question: Arc<RunningQuestion>,
        place: OwnedSemaphorePermit,
    ) -> Result<QuestionPlace, Refusal> {
        let mut known = self.known.lock();
        if known.contains_key(&request) {
            let sentence = "the worker runs this question already";
            return Err(Refusal::new(ErrorCode::WorkerDiffers, sentence));
        }
        known.insert(request, question);
        Ok(QuestionPlace {
            questions: Arc::clone(self),
            request,
            _place: place,
        })
    }

    /// Finds a running question.
    pub(super) fn find_question(&self, request: RequestId) -> Option<Arc<RunningQuestion>> {
        self.known.lock().get(&request).map(Arc::clone)
    }
}

/// Place of a running question. Dropping it ends the tasks.
#[derive(Debug)]
pub(super) struct QuestionPlace {
    questions: Arc<RunningQuestions>,
    request: RequestId,
    _place: OwnedSemaphorePermit,
}

impl Drop for QuestionPlace {
    fn drop(&mut self) {
        let ended = self.questions.known.lock().remove(&self.request);
        let Some(ended) = ended else { return };
        let (to_workers, to_connector) = ended.tasks.delivered_row_counts();
        tracing::info!(
            name: "tasks.ended",
            request = %self.request,
            to_workers,
            to_connector,
            "the tasks of a question are over"
        );
    }
}
