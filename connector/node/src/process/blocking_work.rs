//! Blocking work: in place on a thread of the runtime, or on a separate thread.

use hansa_policy::refusal::{ErrorCode, Refusal};

/// Runs work that waits for a disk. On a runtime thread, the other tasks of the thread move to another one.
pub fn run_waiting<T>(act: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(act)
        }
        Ok(_) | Err(_) => act(),
    }
}

/// Runs blocking work outside the runtime's threads.
pub async fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Refusal> + Send + 'static,
) -> Result<T, Refusal> {
    let span = tracing::Span::current();
    match tokio::task::spawn_blocking(move || span.in_scope(work)).await {
        Ok(done) => done,
        Err(cause) => {
            Err(Refusal::new(ErrorCode::Internal, "the work ended unexpectedly").caused_by(cause))
        }
    }
}
