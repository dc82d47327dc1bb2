//! The ends of threads. Each is joined, or left to the end of the process; none is let go of.
//!
//! Some C libraries look at a thread that is let go of (`pthread_detach`) in the moment in which it ends once more after its
//! memory was given back, and the process falls. A runtime lets go of all its threads when it is shut down in the background, and
//! when a time limit for its end is over.

use parking_lot::Mutex;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;

/// Ends a runtime and waits for its threads, but no longer than that. Whether all have ended is told; those that have not
/// are left to the end of the process.
pub fn end_within(runtime: Runtime, limit: Duration) -> bool {
    let (send, ended) = mpsc::channel();
    begin_end(runtime, move || {
        let _ = send.send(());
    });
    ended.recv_timeout(limit).is_ok()
}

/// As [`end_within`], without blocking the caller's thread.
pub async fn end(runtime: Runtime, limit: Duration) -> bool {
    let (send, ended) = oneshot::channel();
    begin_end(runtime, move || {
        let _ = send.send(());
    });
    matches!(tokio::time::timeout(limit, ended).await, Ok(Ok(())))
}

/// Ends a runtime and waits for nothing: for where nobody can wait.
pub(crate) fn end_aside(runtime: Runtime) {
    begin_end(runtime, || ());
}

/// Leaves a thread that may wait for ever, such as one that reads what nobody writes, to the end of the process.
pub fn leave(thread: JoinHandle<()>) {
    ENDING.lock().push(thread);
}

/// Threads that end. Never dropped: what is not joined stays as it is until the process ends.
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
        Ok(thread) => leave(thread),
        // Without a thread for it nothing is ended.
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
    use crate::process::thread_shutdown::{end, end_aside, end_within};
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

    /// A runtime with a task that blocks until the sender is dropped.
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
        assert!(!waiting.block_on(end(second, Duration::from_millis(20))));
        let (third, release_third) = stuck();
        drop(release_third);
        assert!(end_within(third, LONG));
        drop((release, release_second));
        // In a task, where a runtime can't be dropped.
        waiting.block_on(async { end_aside(runtime()) });
        assert!(waiting.block_on(end(runtime(), LONG)));
        assert!(end_within(waiting, LONG));
    }

    /// Threads that end in the very moment in which their runtime does: with `shutdown_background` in place of this the process falls,
    /// rarely.
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
