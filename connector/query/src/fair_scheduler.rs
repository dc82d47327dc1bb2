//! Turns at the processor: between participants who ask, and between the questions of each.
//!
//! What takes turns is a job: a question, or a task that the engine split off one. It computes in slices, from one point at which
//! it waits or yields to the next. As many slices run at once as there are places, one for each processor; where more jobs want
//! to go on, the next slice is of the participant who has had the least so far, so that whoever asks twelve questions at once
//! gets no more than whoever asks one. Of the questions of a participant it is the one that has had the least, and what a
//! question has at its begin counts less, so that a small one is over soon beside large ones. Nobody waits while a place is free,
//! and nobody is paid for having asked nothing: the count of whoever comes back begins where the others are (start-time fair
//! queueing: Goyal, Vin and Cheng, SIGCOMM 1996). A job that could go on stands here, in the order of turns, and not in the queue
//! of the runtime, which knows of no participants.

use datafusion::common::runtime::{JoinSetTracer, set_join_set_tracer};
use futures::future::BoxFuture;
use hansa_audit_log::time::Clock;
use hansa_policy::id::ParticipantId;
use parking_lot::{Mutex, MutexGuard};
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use tokio::task::futures::TaskLocalFuture;

#[cfg(test)]
mod tests;

/// Who asks; our own people have no name here.
type SchedulerParty = Option<ParticipantId>;

/// The turns of all jobs.
#[derive(Clone)]
pub struct FairScheduler {
    board: Arc<Mutex<SchedulerState>>,
    clock: Clock,
}

impl std::fmt::Debug for FairScheduler {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Turns")
    }
}

impl FairScheduler {
    /// So many slices at once, timed by `clock`, and `spare` more for participants of whom none runs: a slice may be long, and the
    /// system shares the processor between threads meanwhile. All of these but one are also for questions that have just begun.
    #[must_use]
    pub fn new(places: usize, spare: usize, clock: Clock) -> Self {
        // Whoever was first has set the same one.
        let _ = set_join_set_tracer(&SplitTaskTracer);
        let board = SchedulerState {
            free: places.max(1),
            spare,
            ..SchedulerState::default()
        };
        Self {
            board: Arc::new(Mutex::new(board)),
            clock,
        }
    }

    /// A question of `party`: this work, done in turns with that of others.
    pub(crate) fn in_turn<F: Future>(
        &self,
        party: SchedulerParty,
        work: F,
    ) -> ScheduledFuture<PartyFuture<F>> {
        self.take_turns(party, None, work)
    }

    /// A job of a question; without its number it is the first of a new one.
    fn take_turns<F: Future>(
        &self,
        party: SchedulerParty,
        question: Option<u64>,
        work: F,
    ) -> ScheduledFuture<PartyFuture<F>> {
        let number = self.lock().enter(party.clone(), question);
        let ours = JobOwner {
            turns: self.clone(),
            party,
            question: question.unwrap_or(number),
        };
        let work = OURS.scope(ours, work);
        ScheduledFuture {
            turn: JobGuard(Arc::new(JobWaker {
                turns: self.clone(),
                number,
            })),
            work: Box::pin(work),
        }
    }

    fn lock(&self) -> MutexGuard<'_, SchedulerState> {
        self.board.lock()
    }
}

#[derive(Default)]
struct SchedulerState {
    /// Slices that may begin at once.
    free: usize,
    /// Slices that may begin beside these.
    spare: usize,
    /// Such as run: their places are no one's afterwards.
    beside: usize,
    /// What whoever was served last had had before: whoever comes back begins there.
    virtual_time: u64,
    /// Whoever has jobs.
    parties: BTreeMap<SchedulerParty, PartyUsage>,
    /// By their numbers.
    jobs: BTreeMap<u64, ScheduledJob>,
    next: u64,
}

#[derive(Default)]
struct PartyUsage {
    /// Nanoseconds so far, as they count here.
    used: u64,
    /// The count of its question that was served last, before that.
    virtual_time: u64,
    /// Slices that were given in turn.
    slices: u64,
    /// By the numbers of their first jobs.
    questions: BTreeMap<u64, QuestionUsage>,
}

impl PartyUsage {
    fn count_running(&self) -> usize {
        self.questions.values().map(|one| one.running).sum()
    }

    fn is_waiting(&self) -> bool {
        self.questions.values().any(|one| !one.waiting.is_empty())
    }

    /// The job that goes on next: of the question that has had the least.
    fn choose_job(&mut self) -> Option<u64> {
        let questions = self.questions.values_mut();
        let least = questions
            .filter(|one| !one.waiting.is_empty())
            .min_by_key(|one| (one.used, one.served))?;
        let number = least.waiting.pop_front()?;
        least.running = least.running.saturating_add(1);
        self.slices = self.slices.saturating_add(1);
        least.served = self.slices;
        self.virtual_time = self.virtual_time.max(least.used);
        Some(number)
    }
}

#[derive(Default)]
struct QuestionUsage {
    /// Nanoseconds so far, as they count here.
    used: u64,
    /// Nanoseconds so far, as they were.
    took: u64,
    jobs: usize,
    /// Slices that were granted and are not over.
    running: usize,
    /// The number of its last slice: of two that have had the same the one that waits for longer goes on.
    served: u64,
    /// Jobs that could go on, in the order in which they came.
    waiting: VecDeque<u64>,
}

impl QuestionUsage {
    const fn has_just_begun(&self) -> bool {
        self.took < JUST_BEGUN
    }
}

/// A question has just begun until it has had so many nanoseconds.
const JUST_BEGUN: u64 = 20_000_000;

/// A question, or a task that was split off one.
struct ScheduledJob {
    party: SchedulerParty,
    question: u64,
    state: JobState,
    /// Wakes what polls it in the runtime.
    waker: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JobState {
    /// It waits for something else than its turn.
    Idle,
    /// It could go on.
    Waiting,
    /// It may go on.
    Granted,
    /// It goes on; `again`: and could go on after that.
    Running { again: bool },
}

impl SchedulerState {
    fn enter(&mut self, party: SchedulerParty, question: Option<u64>) -> u64 {
        self.next = self.next.saturating_add(1);
        let question = question.unwrap_or(self.next);
        let account = self.parties.entry(party.clone()).or_default();
        let usage = account.questions.entry(question).or_default();
        usage.jobs = usage.jobs.saturating_add(1);
        let job = ScheduledJob {
            party,
            question,
            state: JobState::Idle,
            waker: None,
        };
        self.jobs.insert(self.next, job);
        self.next
    }

    /// A job could go on. Gives what to wake: what polls the one that has got a place, which may be another.
    fn want(&mut self, number: u64) -> Option<Waker> {
        let job = self.jobs.get_mut(&number)?;
        match job.state {
            JobState::Idle => {}
            JobState::Running { .. } => {
                job.state = JobState::Running { again: true };
                return None;
            }
            JobState::Waiting | JobState::Granted => return None,
        }
        job.state = JobState::Waiting;
        let now = self.virtual_time;
        let account = self.parties.get_mut(&job.party)?;
        if account.count_running() == 0 && !account.is_waiting() {
            account.used = account.used.max(now);
        }
        let question = account.questions.get_mut(&job.question)?;
        if question.running == 0 && question.waiting.is_empty() {
            question.used = question.used.max(account.virtual_time);
        }
        question.waiting.push_back(number);
        if self.free == 0 {
            return self.beside(number);
        }
        self.free = self.free.saturating_sub(1);
        self.hand_on()
    }

    /// Gives a job that waits a place beside the others, where there is one and nothing of its participant runs. The last of these
    /// places is kept for that; the others go to questions that have just begun as well, where nothing of them runs.
    fn beside(&mut self, number: u64) -> Option<Waker> {
        let job = self.jobs.get_mut(&number)?;
        let account = self.parties.get_mut(&job.party)?;
        let is_first = account.count_running() == 0;
        let question = account.questions.get_mut(&job.question)?;
        let has_begun = question.running == 0 && question.has_just_begun();
        let left = self.spare.saturating_sub(self.beside);
        let is_allowed = is_first && left > 0 || has_begun && left > 1;
        if job.state != JobState::Waiting || !is_allowed {
            return None;
        }
        question.waiting.retain(|other| *other != number);
        question.running = question.running.saturating_add(1);
        account.slices = account.slices.saturating_add(1);
        question.served = account.slices;
        self.beside = self.beside.saturating_add(1);
        job.state = JobState::Granted;
        job.waker.clone()
    }

    /// A place goes to whoever has had the least, or is free. While there are places beside the others it goes to somebody of
    /// whom nothing runs, or is no one's any more.
    fn hand_on(&mut self) -> Option<Waker> {
        let is_beside = self.beside > 0;
        let waiting = self.parties.values_mut();
        let least = waiting
            .filter(|one| one.is_waiting())
            .filter(|one| !is_beside || one.count_running() == 0)
            .min_by_key(|one| one.used);
        let chosen = least.and_then(|account| {
            let number = account.choose_job()?;
            self.virtual_time = self.virtual_time.max(account.used);
            self.jobs.get_mut(&number)
        });
        let Some(job) = chosen else {
            if is_beside {
                self.beside = self.beside.saturating_sub(1);
            } else {
                self.free = self.free.saturating_add(1);
            }
            return None;
        };
        job.state = JobState::Granted;
        job.waker.clone()
    }

    /// Whether the next slice of a job begins, now that it is polled; and what to wake instead.
    fn begin(&mut self, number: u64, waker: &Waker) -> (bool, Option<Waker>) {
        let Some(job) = self.jobs.get_mut(&number) else {
            return (false, None);
        };
        match &mut job.waker {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        let state = job.state;
        let called = match state {
            JobState::Granted => None,
            // Nobody has called it: it is polled for the first time, or beside its calls.
            JobState::Idle => self.want(number),
            JobState::Waiting | JobState::Running { .. } => return (false, None),
        };
        let granted = self.jobs.get_mut(&number);
        match granted.filter(|job| job.state == JobState::Granted) {
            Some(job) => {
                job.state = JobState::Running { again: false };
                (true, None)
            }
            None => (false, called),
        }
    }

    /// A slice is over. Gives what to wake: whoever gets its place, and itself, where it goes on beside.
    fn end(&mut self, number: u64, took: u64) -> [Option<Waker>; 2] {
        let Some(job) = self.jobs.get_mut(&number) else {
            return [None, None];
        };
        let again = job.state == JobState::Running { again: true };
        job.state = JobState::Idle;
        if let Some(account) = self.parties.get_mut(&job.party) {
            account.used = account.used.saturating_add(took);
            let questions = u64::try_from(account.questions.len()).unwrap_or(u64::MAX);
            if let Some(question) = account.questions.get_mut(&job.question) {
                // A question that has just begun counts for as much as all others of its participant together.
                let counted = match question.has_just_begun() {
                    true => took.checked_div(questions).unwrap_or(took),
                    false => took,
                };
                question.used = question.used.saturating_add(counted);
                question.took = question.took.saturating_add(took);
                // It stays among those who are here, so that it is not taken for one who comes back.
                if again {
                    job.state = JobState::Waiting;
                    question.waiting.push_back(number);
                }
                question.running = question.running.saturating_sub(1);
            }
        }
        let next = self.hand_on();
        // To go on it does not wait for the end of others' slices either.
        let itself = again.then(|| self.beside(number)).flatten();
        [next, itself]
    }

    /// A job is over, or given up; a place that it was given goes to the next.
    fn leave(&mut self, number: u64) -> Option<Waker> {
        let job = self.jobs.remove(&number)?;
        let granted = matches!(job.state, JobState::Granted | JobState::Running { .. });
        if let Some(account) = self.parties.get_mut(&job.party) {
            if let Some(question) = account.questions.get_mut(&job.question) {
                question.waiting.retain(|other| *other != number);
                question.jobs = question.jobs.saturating_sub(1);
                if granted {
                    question.running = question.running.saturating_sub(1);
                }
                if question.jobs == 0 {
                    account.questions.remove(&job.question);
                }
            }
            if account.questions.is_empty() {
                self.parties.remove(&job.party);
            }
        }
        granted.then(|| self.hand_on()).flatten()
    }
}

/// A job: its work, and its turn.
pub(crate) struct ScheduledFuture<F: Future> {
    turn: JobGuard,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for ScheduledFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let called = Arc::clone(&self.turn.0);
        let (begins, other) = called.turns.lock().begin(called.number, context.waker());
        other.into_iter().for_each(Waker::wake);
        if !begins {
            return Poll::Pending;
        }
        let _slice = SliceGuard {
            begun: (called.turns.clock)().mono_ns,
            called: Arc::clone(&called),
        };
        let waker = Waker::from(called);
        self.work.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

tokio::task_local! {
    /// Whose work it is that runs.
    static OURS: JobOwner;
}

/// Whose a job is.
#[derive(Clone)]
pub(crate) struct JobOwner {
    turns: FairScheduler,
    party: SchedulerParty,
    question: u64,
}

/// Work that knows whose it is.
type PartyFuture<F> = TaskLocalFuture<JobOwner, F>;

/// Puts the tasks that the engine splits off a question into the turns of this question.
struct SplitTaskTracer;

impl JoinSetTracer for SplitTaskTracer {
    fn trace_future(
        &self,
        work: BoxFuture<'static, Box<dyn Any + Send>>,
    ) -> BoxFuture<'static, Box<dyn Any + Send>> {
        match OURS.try_with(Clone::clone) {
            Ok(owner) => Box::pin(owner.turns.take_turns(
                owner.party.clone(),
                Some(owner.question),
                work,
            )),
            Err(_) => work,
        }
    }

    /// What blocks has threads of its own.
    fn trace_block(
        &self,
        work: Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>,
    ) -> Box<dyn FnOnce() -> Box<dyn Any + Send> + Send> {
        work
    }
}

/// What is called when a job could go on.
struct JobWaker {
    turns: FairScheduler,
    number: u64,
}

impl Wake for JobWaker {
    fn wake(self: Arc<Self>) {
        let task = self.turns.lock().want(self.number);
        task.into_iter().for_each(Waker::wake);
    }
}

/// The turn of one job, until it is over.
struct JobGuard(Arc<JobWaker>);

impl Drop for JobGuard {
    fn drop(&mut self) {
        let next = self.0.turns.lock().leave(self.0.number);
        next.into_iter().for_each(Waker::wake);
    }
}

/// A slice that runs; over when this goes, also where the work falls.
struct SliceGuard {
    called: Arc<JobWaker>,
    begun: u64,
}

impl Drop for SliceGuard {
    fn drop(&mut self) {
        let turns = &self.called.turns;
        let took = (turns.clock)().mono_ns.saturating_sub(self.begun);
        let next = turns.lock().end(self.called.number, took);
        next.into_iter().flatten().for_each(Waker::wake);
    }
}
