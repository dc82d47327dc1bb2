//! Fair scheduling of processor time among consumers, and among the questions of each consumer.
//!
//! The scheduled unit is a job: a question, or a task that the engine split off a question. A job runs in slices; a slice lasts
//! from one point at which the job waits or yields to the next. There is one place for each processor, and as many slices run at
//! once as there are places. If more jobs are runnable, the next slice goes to the participant with the least usage, so twelve
//! parallel questions of one participant get no more time than one question of another. Among the questions of a participant, the
//! one with the least usage comes first. The first time of a question counts less, so that a small question ends soon beside large
//! ones. No job waits while a place is free. A participant gets no credit for idle time: its usage restarts at the level of the
//! others (start-time fair queueing: Goyal, Vin and Cheng, SIGCOMM 1996). Runnable jobs wait here and not in the queue of the
//! runtime, which does not know participants.

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

/// Consumer of a job; `None` for the own participant.
type SchedulerParty = Option<ParticipantId>;

/// Scheduler of all jobs.
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
    /// Creates a scheduler with `places` parallel slices, timed by `clock`. There are `spare` more places for participants without
    /// a running slice, since a slice may be long and the operating system shares the processor between threads. All but one of the
    /// spare places are also for questions that have just begun.
    #[must_use]
    pub fn new(places: usize, spare: usize, clock: Clock) -> Self {
        // An earlier scheduler has set the same tracer.
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

    /// Schedules `work` as a new question of `party`.
    pub(crate) fn in_turn<F: Future>(
        &self,
        party: SchedulerParty,
        work: F,
    ) -> ScheduledFuture<PartyFuture<F>> {
        self.take_turns(party, None, work)
    }

    /// Creates a job of a question. Without a number it is the first job of a new question.
    fn take_turns<F: Future>(
        &self,
        party: SchedulerParty,
        question: Option<u64>,
        work: F,
    ) -> ScheduledFuture<PartyFuture<F>> {
        let number = self.lock().enter_job(party.clone(), question);
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
    /// Free places.
    free: usize,
    /// Free spare places.
    spare: usize,
    /// Number of spare places in use. They are removed again when slices end.
    beside: usize,
    /// Usage of the participant that was served last, before that slice. A returning participant starts at this level.
    virtual_time: u64,
    /// Participants with jobs.
    parties: BTreeMap<SchedulerParty, PartyUsage>,
    /// Jobs by number.
    jobs: BTreeMap<u64, ScheduledJob>,
    next: u64,
}

#[derive(Default)]
struct PartyUsage {
    /// Weighted usage so far, in nanoseconds.
    used: u64,
    /// Usage of the question that was served last, before that slice.
    virtual_time: u64,
    /// Number of slices granted in turn.
    slices: u64,
    /// Questions by the numbers of their first jobs.
    questions: BTreeMap<u64, QuestionUsage>,
}

impl PartyUsage {
    fn count_running(&self) -> usize {
        self.questions.values().map(|one| one.running).sum()
    }

    fn is_waiting(&self) -> bool {
        self.questions.values().any(|one| !one.waiting.is_empty())
    }

    /// Returns the next job, which belongs to the question with the least usage.
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
    /// Weighted usage so far, in nanoseconds.
    used: u64,
    /// Unweighted usage so far, in nanoseconds.
    took: u64,
    jobs: usize,
    /// Number of slices that were granted and have not ended.
    running: usize,
    /// Number of the last slice. Of two questions with equal usage, the one that waits longer comes first.
    served: u64,
    /// Runnable jobs, in order of arrival.
    waiting: VecDeque<u64>,
}

impl QuestionUsage {
    const fn has_just_begun(&self) -> bool {
        self.took < JUST_BEGUN
    }
}

/// Usage in nanoseconds below which a question counts as just begun.
const JUST_BEGUN: u64 = 20_000_000;

/// A question, or a task that was split off a question.
struct ScheduledJob {
    party: SchedulerParty,
    question: u64,
    state: JobState,
    /// Waker of the future in the runtime.
    waker: Option<Waker>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum JobState {
    /// Waits for an event other than its turn.
    Idle,
    /// Runnable, waits for its turn.
    Waiting,
    /// Granted a place.
    Granted,
    /// Running. `again` is set if the job became runnable again during the slice.
    Running { again: bool },
}

impl SchedulerState {
    fn enter_job(&mut self, party: SchedulerParty, question: Option<u64>) -> u64 {
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

    /// Marks a job as runnable. Returns the waker of the job that got a place, which may be another job.
    fn mark_runnable(&mut self, number: u64) -> Option<Waker> {
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
            return self.give_spare_place(number);
        }
        self.free = self.free.saturating_sub(1);
        self.release_place()
    }

    /// Gives a waiting job a spare place, if there is one and its participant has no running slice. The last spare place is
    /// reserved for this case; the others also go to questions that have just begun and have no running slice.
    fn give_spare_place(&mut self, number: u64) -> Option<Waker> {
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

    /// Hands a place on to the participant with the least usage, or frees it. While spare places are used, the place goes to a
    /// participant without a running slice, or is removed.
    fn release_place(&mut self) -> Option<Waker> {
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

    /// Decides if a polled job starts its next slice, and returns the waker of another job if that one got the place.
    fn begin_slice(&mut self, number: u64, waker: &Waker) -> (bool, Option<Waker>) {
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
            // The job is polled without a wake-up, for example for the first time.
            JobState::Idle => self.mark_runnable(number),
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

    /// Ends a slice. Returns the wakers of the job that gets the place, and of the job itself if it continues in a spare place.
    fn end_slice(&mut self, number: u64, took: u64) -> [Option<Waker>; 2] {
        let Some(job) = self.jobs.get_mut(&number) else {
            return [None, None];
        };
        let again = job.state == JobState::Running { again: true };
        job.state = JobState::Idle;
        if let Some(account) = self.parties.get_mut(&job.party) {
            account.used = account.used.saturating_add(took);
            let questions = u64::try_from(account.questions.len()).unwrap_or(u64::MAX);
            if let Some(question) = account.questions.get_mut(&job.question) {
                // The time of a question that has just begun is divided by the number of questions of its participant.
                let counted = match question.has_just_begun() {
                    true => took.checked_div(questions).unwrap_or(took),
                    false => took,
                };
                question.used = question.used.saturating_add(counted);
                question.took = question.took.saturating_add(took);
                // The job stays among the waiting ones, so that its participant does not count as a returning one.
                if again {
                    job.state = JobState::Waiting;
                    question.waiting.push_back(number);
                }
                question.running = question.running.saturating_sub(1);
            }
        }
        let next = self.release_place();
        // A spare place lets the job continue without a wait for other slices.
        let itself = again.then(|| self.give_spare_place(number)).flatten();
        [next, itself]
    }

    /// Removes a finished or dropped job. A place that was granted to it goes to the next job.
    fn remove_job(&mut self, number: u64) -> Option<Waker> {
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
        granted.then(|| self.release_place()).flatten()
    }
}

/// Future of a job, with its scheduling state.
pub(crate) struct ScheduledFuture<F: Future> {
    turn: JobGuard,
    work: Pin<Box<F>>,
}

impl<F: Future> Future for ScheduledFuture<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let called = Arc::clone(&self.turn.0);
        let (begins, other) = called
            .turns
            .lock()
            .begin_slice(called.number, context.waker());
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
    /// Owner of the running job.
    static OURS: JobOwner;
}

/// Owner of a job.
#[derive(Clone)]
pub(crate) struct JobOwner {
    turns: FairScheduler,
    party: SchedulerParty,
    question: u64,
}

/// Future with a known owner.
type PartyFuture<F> = TaskLocalFuture<JobOwner, F>;

/// Tracer that adds tasks split off by the engine to the jobs of their question.
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

    /// Blocking work has its own threads and is not scheduled.
    fn trace_block(
        &self,
        work: Box<dyn FnOnce() -> Box<dyn Any + Send> + Send>,
    ) -> Box<dyn FnOnce() -> Box<dyn Any + Send> + Send> {
        work
    }
}

/// Waker that marks a job as runnable.
struct JobWaker {
    turns: FairScheduler,
    number: u64,
}

impl Wake for JobWaker {
    fn wake(self: Arc<Self>) {
        let task = self.turns.lock().mark_runnable(self.number);
        task.into_iter().for_each(Waker::wake);
    }
}

/// Guard that removes a job when it is dropped.
struct JobGuard(Arc<JobWaker>);

impl Drop for JobGuard {
    fn drop(&mut self) {
        let next = self.0.turns.lock().remove_job(self.0.number);
        next.into_iter().for_each(Waker::wake);
    }
}

/// Guard of a running slice. The slice ends when the guard is dropped, also after a panic.
struct SliceGuard {
    called: Arc<JobWaker>,
    begun: u64,
}

impl Drop for SliceGuard {
    fn drop(&mut self) {
        let turns = &self.called.turns;
        let took = (turns.clock)().mono_ns.saturating_sub(self.begun);
        let next = turns.lock().end_slice(self.called.number, took);
        next.into_iter().flatten().for_each(Waker::wake);
    }
}
