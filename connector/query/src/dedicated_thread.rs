//! Long-running work on a dedicated thread with a large stack, its own runtime and a time limit.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::time::Duration;

/// Runs the work and blocks until it ends or exceeds `limit`. `what` names the work in the error, such as `publishing`.
///
/// # Errors
/// The error of the work, or `RESOURCE_LIMIT` if it takes too long.
pub(crate) fn run_on_dedicated_thread<T: Send>(
    what: &str,
    limit: Duration,
    work: impl AsyncFnOnce() -> Result<T, Refusal> + Send,
) -> Result<T, Refusal> {
    let internal = |sentence: String| Refusal::new(ErrorCode::Internal, sentence);
    let work = || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|cause| internal(format!("no runtime for {what}")).caused_by(cause))?;
        runtime.block_on(async {
            tokio::time::timeout(limit, work())
                .await
                .unwrap_or_else(|_| {
                    let seconds = limit.as_secs();
                    let sentence = format!("{what} took longer than {seconds} seconds");
                    Err(Refusal::new(ErrorCode::ResourceLimit, sentence))
                })
        })
    };
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name(what.to_owned())
            .stack_size(64 * 1024 * 1024)
            .spawn_scoped(scope, work)
            .map_err(|cause| internal(format!("no thread for {what}")).caused_by(cause))?
            .join()
            .unwrap_or_else(|_| Err(internal(format!("{what} ended without a result"))))
    })
}
