//! Dedicated threads for recursive work: parsing, planning, cloning and dropping of plans.
//!
//! Some threads are kept for further work, so that a question need not allocate a large stack.

use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{JoinHandle, ThreadId};
use std::time::Duration;

/// Runs `work` on a thread with a stack of 64 MiB and waits at most `deadline` for it.
///
/// # Errors
/// A refusal of `work`; `RESOURCE_LIMIT` if it takes longer; `INTERNAL` if it ends without a result.
pub fn wait_on_planner_thread<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (send, receive) = mpsc::sync_channel(1);
    PLANNING.start(Box::new(move || {
        let _ = send.send(work());
    }))?;
    match receive.recv_timeout(deadline) {
        Ok(result) => result,
        Err(mpsc::RecvTimeoutError::Timeout) => Err(planning_time_refusal()),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(task_failed()),
    }
}

/// Runs `work` as [`wait_on_planner_thread`] does, without blocking the caller's thread.
///
/// # Errors
/// Those of [`wait_on_planner_thread`].
pub async fn run_on_planner_thread<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (send, receive) = tokio::sync::oneshot::channel();
    PLANNING.start(Box::new(move || {
        let _ = send.send(work());
    }))?;
    match tokio::time::timeout(deadline, receive).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(task_failed()),
        Err(_) => Err(planning_time_refusal()),
    }
}

/// Starts `work` on such a thread without waiting for it.
///
/// # Errors
/// `RESOURCE_LIMIT` if no thread is available.
pub fn spawn_on_planner_thread(work: impl FnOnce() + Send + 'static) -> Result<(), Refusal> {
    PLANNING.start(Box::new(work))
}

static PLANNING: PlanningThreadPool = PlanningThreadPool::new(4, Duration::from_secs(10));

/// One task. It delivers its own result.
type PlanningTask = Box<dyn FnOnce() + Send>;

struct PlanningThreadPool {
    /// Idle threads, with the channels to send work to them.
    waiting: Mutex<Vec<(ThreadId, Sender<PlanningTask>)>>,
    /// Handles of all threads, which are joined eventually. If a detached thread with a large stack ends, some C libraries access
    /// it after its stack is freed, and the process crashes.
    all: Mutex<Vec<JoinHandle<()>>>,
    /// Maximum number of idle threads. The memory of their stacks stays allocated.
    kept: usize,
    /// Time for which an idle thread waits.
    rest: Duration,
}

impl PlanningThreadPool {
    const fn new(kept: usize, rest: Duration) -> Self {
        Self {
            waiting: Mutex::new(Vec::new()),
            all: Mutex::new(Vec::new()),
            kept,
            rest,
        }
    }

    /// Passes `work` to an idle thread, or to a new one.
    fn start(&'static self, work: PlanningTask) -> Result<(), Refusal> {
        self.join_ended();
        let waiting = self.waiting.lock().pop();
        let work = match waiting {
            // A thread that is removed from the list receives the next task.
            Some((_, waiting)) => match waiting.send(work) {
                Ok(()) => return Ok(()),
                Err(mpsc::SendError(work)) => work,
            },
            None => work,
        };
        let thread = std::thread::Builder::new()
            .name("planning".to_owned())
            .stack_size(STACK)
            .spawn(move || self.serve(work))
            .map_err(|cause| {
                Refusal::new(ErrorCode::ResourceLimit, "no thread for planning").caused_by(cause)
            })?;
        self.all.lock().push(thread);
        Ok(())
    }

    /// Main loop of a thread: one task, then further ones if they arrive in time.
    fn serve(&self, first: PlanningTask) {
        let (send, receive) = mpsc::channel();
        let mut next = Some(first);
        while let Some(work) = next {
            work();
            next = self.wait_for_task(&send, &receive);
        }
    }

    fn wait_for_task(
        &self,
        send: &Sender<PlanningTask>,
        receive: &Receiver<PlanningTask>,
    ) -> Option<PlanningTask> {
        let own = std::thread::current().id();
        {
            let mut waiting = self.waiting.lock();
            if waiting.len() >= self.kept {
                return None;
            }
            waiting.push((own, send.clone()));
        }
        if let Ok(work) = receive.recv_timeout(self.rest) {
            return Some(work);
        }
        let mut waiting = self.waiting.lock();
        match waiting.iter().position(|(id, _)| *id == own) {
            Some(place) => {
                waiting.swap_remove(place);
                None
            }
            // The thread was just removed from the list, so a task will arrive.
            None => {
                drop(waiting);
                receive.recv().ok()
            }
        }
    }

    fn join_ended(&self) {
        let ended: Vec<_> = self
            .all
            .lock()
            .extract_if(.., |one| one.is_finished())
            .collect();
        for thread in ended {
            let _ = thread.join();
        }
    }
}

fn planning_time_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::ResourceLimit,
        "planning took longer than its limit",
    )
}

fn task_failed() -> Refusal {
    Refusal::new(ErrorCode::Internal, "planning ended without a result")
}

const STACK: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::{PlanningThreadPool, run_on_planner_thread, wait_on_planner_thread};
    use hansa_policy::refusal::{ErrorCode, Refusal};
    use std::sync::mpsc::channel;
    use std::thread::ThreadId;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(600);

    fn threads(kept: usize, rest: Duration) -> &'static PlanningThreadPool {
        Box::leak(Box::new(PlanningThreadPool::new(kept, rest)))
    }

    fn done(threads: &'static PlanningThreadPool) -> ThreadId {
        let (send, receive) = channel();
        let work = move || send.send(std::thread::current().id()).unwrap();
        threads.start(Box::new(work)).unwrap();
        receive.recv().unwrap()
    }

    fn until(mut is_so: impl FnMut() -> bool) {
        while !is_so() {
            std::thread::yield_now();
        }
    }

    #[test]
    fn a_thread_that_waits_takes_what_comes() {
        let threads = threads(1, LONG);
        let first = done(threads);
        for _ in 0..100 {
            until(|| !threads.waiting.lock().is_empty());
            assert_eq!(done(threads), first);
        }
        assert_eq!(threads.all.lock().len(), 1);
    }

    #[test]
    fn no_more_wait_than_are_kept_and_none_for_ever() {
        let pool = threads(2, LONG);
        let (release, released) = channel::<()>();
        let released = std::sync::Arc::new(parking_lot::Mutex::new(released));
        for _ in 0..5 {
            let released = std::sync::Arc::clone(&released);
            let work = move || {
                let _ = released.lock().recv();
            };
            pool.start(Box::new(work)).unwrap();
        }
        assert_eq!(pool.all.lock().len(), 5);
        drop(release);
        let is_left = || {
            pool.join_ended();
            pool.all.lock().len()
        };
        until(|| is_left() == 2);
        assert_eq!(pool.waiting.lock().len(), 2);

        // Without a waiting time, each thread has ended or has a task.
        let hasty = threads(2, Duration::ZERO);
        for _ in 0..1000 {
            done(hasty);
        }
        until(|| {
            hasty.join_ended();
            hasty.all.lock().is_empty()
        });
        assert!(hasty.waiting.lock().is_empty());
    }

    #[test]
    fn who_does_not_come_back_is_reported() {
        let panics = || -> Result<(), Refusal> { panic!("in a plan") };
        assert_eq!(
            wait_on_planner_thread(LONG, panics).unwrap_err().code,
            ErrorCode::Internal
        );
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let refused = runtime.block_on(run_on_planner_thread(LONG, panics));
        assert_eq!(refused.unwrap_err().code, ErrorCode::Internal);
        let (release, released) = channel::<()>();
        let refused = wait_on_planner_thread(Duration::ZERO, move || {
            let _ = released.recv();
            Ok(())
        });
        assert_eq!(refused.unwrap_err().code, ErrorCode::ResourceLimit);
        drop(release);
    }
}
