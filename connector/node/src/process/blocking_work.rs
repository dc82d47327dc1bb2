//! Work that blocks: beside other tasks on the thread that drives them, or on a thread of its own.

use hansa_policy::refusal::{ErrorCode, Refusal};

/// Does something that waits for a disk. On a thread that drives other tasks too, these move on to another one meanwhile.
pub fn waiting<T>(act: impl FnOnce() -> T) -> T {
    match tokio::runtime::Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(act)
        }
        Ok(_) | Err(_) => act(),
    }
}

/// Runs blocking work off the runtime.
pub async fn blocking<T: Send + 'static>(
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
