//! A thread of its own for what recurses: parsing, planning, cloning and dropping of plans.

use policy::refusal::{Code, Refusal};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// Runs `work` on a thread with a stack of 64 MiB and waits at most `deadline` for it.
///
/// # Errors
/// What `work` refuses; `RESOURCE_LIMIT` when it takes longer; `INTERNAL` when it ends without a result.
pub fn wait<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (send, receive) = mpsc::sync_channel(1);
    let thread = start(move || {
        let _ = send.send(work());
    })?;
    match receive.recv_timeout(deadline) {
        Ok(result) => {
            thread.join();
            result
        }
        Err(mpsc::RecvTimeoutError::Timeout) => Err(late()),
        Err(mpsc::RecvTimeoutError::Disconnected) => Err(fell()),
    }
}

/// As [`wait`], without blocking the caller's thread.
///
/// # Errors
/// Those of [`wait`].
pub async fn run<T: Send + 'static>(
    deadline: Duration,
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let (send, receive) = tokio::sync::oneshot::channel();
    let thread = start(move || {
        let _ = send.send(work());
    })?;
    match tokio::time::timeout(deadline, receive).await {
        Ok(Ok(result)) => {
            // It has nothing left to do but to end.
            thread.join();
            result
        }
        Ok(Err(_)) => Err(fell()),
        Err(_) => Err(late()),
    }
}

fn start(work: impl FnOnce() + Send + 'static) -> Result<Thread, Refusal> {
    join_left();
    std::thread::Builder::new()
        .name("planning".to_owned())
        .stack_size(STACK)
        .spawn(work)
        .map(|handle| Thread(Some(handle)))
        .map_err(|_| Refusal::new(Code::ResourceLimit, "no thread for planning"))
}

/// A thread that is joined, sooner or later. None is let go by itself: where a thread with a large stack ends in the moment in
/// which it is detached, some C libraries look at it once more after its stack is gone, and the process
/// falls.
struct Thread(Option<JoinHandle<()>>);

impl Thread {
    /// Waits until it has ended.
    fn join(mut self) {
        if let Some(handle) = self.0.take() {
            let _ = handle.join();
        }
    }
}

impl Drop for Thread {
    fn drop(&mut self) {
        left().extend(self.0.take());
    }
}

/// Threads for which nobody waits any more.
static LEFT: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

fn left() -> std::sync::MutexGuard<'static, Vec<JoinHandle<()>>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Joins those that have ended.
fn join_left() {
    let ended: Vec<_> = left().extract_if(.., |one| one.is_finished()).collect();
    for handle in ended {
        let _ = handle.join();
    }
}

fn late() -> Refusal {
    Refusal::new(Code::ResourceLimit, "planning took longer than its limit")
}

fn fell() -> Refusal {
    Refusal::new(Code::Internal, "planning ended without a result")
}

const STACK: usize = 64 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::{join_left, left, run, wait};
    use policy::refusal::Code;
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(600);

    /// By the thread's own name among those left: other tests plan at the same time.
    fn is_left(id: std::thread::ThreadId) -> bool {
        left().iter().any(|one| one.thread().id() == id)
    }

    #[test]
    fn no_thread_is_let_go_before_it_has_ended() {
        let id = || Ok(std::thread::current().id());
        let ended = wait(LONG, id).unwrap();
        assert!(!is_left(ended));
        let ended = futures::executor::block_on(async {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.spawn(run(LONG, id)).await.unwrap().unwrap()
        });
        assert!(!is_left(ended));

        // For this one nobody waits. It is kept until it has ended.
        let ((tell, told), (release, released)) = (channel(), channel::<()>());
        let refused = wait(Duration::ZERO, move || {
            tell.send(std::thread::current().id()).unwrap();
            let _ = released.recv();
            Ok(())
        });
        assert_eq!(refused.unwrap_err().code, Code::ResourceLimit);
        let late = told.recv().unwrap();
        join_left();
        assert!(is_left(late));
        drop(release);
        while is_left(late) {
            join_left();
            std::thread::yield_now();
        }
    }
}
