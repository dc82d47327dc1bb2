//! Shutdown of threads. Each thread is joined or left until the process ends; none is detached.
//!
//! Some C libraries access a detached thread (`pthread_detach`) once more after its memory was freed, if it ends in that moment,
//! and the process crashes. A runtime detaches all its threads when it is shut down in the background or when the time limit of its
//! shutdown is over.

use parking_lot::Mutex;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Shuts a runtime down and waits for its threads up to `limit`. Returns true if all have ended. The others are left until the
/// process ends.
pub fn end_within(runtime: Runtime, limit: Duration) -> bool {
    let (send, ended) = mpsc::channel();
    begin_end(runtime, move || {
        let _ = send.send(());
    });
    ended.recv_timeout(limit).is_ok()
}

/// Shuts a runtime down like [`end_within`], without blocking the caller's thread.
pub async fn shut_down_runtime(runtime: Runtime, limit: Duration) -> bool {
    let (send, ended) = oneshot::channel();
    begin_end(runtime, move || {
        let _ = send.send(());
    });
    matches!(tokio::time::timeout(limit, ended).await, Ok(Ok(())))
}

/// Shuts a runtime down without waiting, for callers that can't wait.
pub(crate) fn end_aside(runtime: Runtime) {
    begin_end(runtime, || ());
}

/// Leaves a thread that may never end, such as a blocked reader, until the process ends.
pub fn leave_thread(thread: JoinHandle<()>) {
    ENDING.lock().push(thread);
}

/// Threads that are ending. Never dropped: a thread that is not joined stays until the process ends.
static ENDING: Mutex<Vec<JoinHandle<()>>> = Mutex::new(Vec::new());

fn begin_end(runtime: Runtime, ended: impl FnOnce() + Send + 'static) {
    join_ended();
    let held = Arc::new(Mutex::new(Some(runtime)));
    let handed = Arc::clone(&held);
    let thread = std::thread::Builder::new()
        .name("hansa-end".to_owned())
        .spawn(move || {
            let runtime = handed.lock().take();
            // Joins all its threads, however long that takes.
            drop(runtime);
            ended();
        });
    match thread {
        Ok(thread) => leave_thread(thread),
        // Without a thread for the shutdown, the runtime is leaked.
        Err(_) => std::mem::forget(held.lock().take()),
    }
}

fn join_ended() {
    let ended: Vec<_> = ENDING
        .lock()
        .extract_if(.., |one| one.is_finished())
        .collect();
    for thread in ended {
        let _ = thread.join();
    }
}

#[cfg(test)]
mod tests {
    use crate::process::thread_shutdown::{end_aside, end_within, shut_down_runtime};
    use std::sync::mpsc::channel;
    use std::time::Duration;
    use tokio::runtime::{Builder, Runtime};

    const LONG: Duration = Duration::from_secs(600);

    fn runtime() -> Runtime {
        Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap()
    }

    /// Runtime with a task that blocks until the sender is dropped.
    fn stuck() -> (Runtime, std::sync::mpsc::Sender<()>) {
        let runtime = runtime();
        let (release, released) = channel::<()>();
        let (begin, begun) = channel();
        let _task = runtime.spawn_blocking(move || {
            begin.send(()).unwrap();
            let _ = released.recv();
        });
        begun.recv().unwrap();
        (runtime, release)
    }

    #[test]
    fn a_task_that_blocks_holds_up_nobody_and_is_waited_for_as_long_as_is_said() {
        let (first, release) = stuck();
        assert!(!end_within(first, Duration::from_millis(20)));
        let (second, release_second) = stuck();
        let waiting = runtime();
        assert!(!waiting.block_on(shut_down_runtime(second, Duration::from_millis(20))));
        let (third, release_third) = stuck();
        drop(release_third);
        assert!(end_within(third, LONG));
        drop((release, release_second));
        // In a task, in which a runtime can't be dropped.
        waiting.block_on(async { end_aside(runtime()) });
        assert!(waiting.block_on(shut_down_runtime(runtime(), LONG)));
        assert!(end_within(waiting, LONG));
    }

    /// Threads that end together with their runtime. With `shutdown_background`, the process crashes here, rarely.
    fn ends_whole(rounds: usize) {
        for round in 0..rounds {
            let runtime = runtime();
            for _ in 0..4 {
                let _task = runtime.spawn_blocking(move || std::hint::black_box(round));
            }
            assert!(end_within(runtime, LONG));
        }
    }

    #[test]
    fn runtimes_end_whole() {
        ends_whole(300);
    }

    #[test]
    #[ignore = "a minute: cargo heavy -- --ignored ten_thousand_runtimes"]
    fn ten_thousand_runtimes_end_whole() {
        ends_whole(10_000);
    }
}
