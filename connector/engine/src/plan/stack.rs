//! A thread of its own for what recurses: parsing, planning, cloning and dropping of plans.

use policy::refusal::{Code, Refusal};
use std::sync::mpsc;
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
    start(move || {
        let _ = send.send(work());
    })?;
    match receive.recv_timeout(deadline) {
        Ok(result) => result,
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
    start(move || {
        let _ = send.send(work());
    })?;
    match tokio::time::timeout(deadline, receive).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(fell()),
        Err(_) => Err(late()),
    }
}

fn start(work: impl FnOnce() + Send + 'static) -> Result<(), Refusal> {
    std::thread::Builder::new()
        .name("planning".to_owned())
        .stack_size(STACK)
        .spawn(work)
        .map(|_| ())
        .map_err(|_| Refusal::new(Code::ResourceLimit, "no thread for planning"))
}

fn late() -> Refusal {
    Refusal::new(Code::ResourceLimit, "planning took longer than its limit")
}

fn fell() -> Refusal {
    Refusal::new(Code::Internal, "planning ended without a result")
}

const STACK: usize = 64 * 1024 * 1024;
