//! Work that runs to completion even if its caller is cancelled.

use futures::FutureExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Runs `work` in the caller's task. If the caller is cancelled, the rest continues in a new task. Starting with a new task would
/// wake another thread for each call.
///
/// # Errors
/// The panic of `work`.
pub async fn run_to_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> std::thread::Result<T> {
    CompletionGuard(Some(AssertUnwindSafe(work).catch_unwind().boxed())).await
}

/// Text of a panic.
pub(crate) fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("a panic without a text")
        .to_owned()
}

/// Runs `work` in a new task, which completes even if the caller is cancelled.
pub async fn to_the_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    let task = tokio::runtime::Handle::current().spawn(work);
    match task.await {
        Ok(done) => done,
        Err(cause) => {
            Err(Refusal::new(ErrorCode::Internal, "the step ended unexpectedly").caused_by(cause))
        }
    }
}

/// Rest of the work, until it completes.
struct CompletionGuard<T: Send + 'static>(Option<Pin<Box<dyn Future<Output = T> + Send>>>);

impl<T: Send + 'static> Future for CompletionGuard<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let Some(work) = self.0.as_mut() else {
            // The result was already returned, and the work must not be polled again.
            return Poll::Pending;
        };
        let done = futures::ready!(work.poll_unpin(context));
        self.0 = None;
        Poll::Ready(done)
    }
}

impl<T: Send + 'static> Drop for CompletionGuard<T> {
    fn drop(&mut self) {
        if let Some(work) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let _goes_on = runtime.spawn(work);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::process::run_to_completion::run_to_end;
    use tokio::sync::oneshot;

    #[tokio::test]
    async fn what_nobody_waits_for_is_done_all_the_same() {
        let (begin, begun) = oneshot::channel::<()>();
        let (tell, reported) = oneshot::channel();
        let work = run_to_end(async move {
            begun.await.unwrap();
            tell.send(7).unwrap();
        });
        let mut work = Box::pin(work);
        assert!(futures::poll!(work.as_mut()).is_pending());
        drop(work);
        begin.send(()).unwrap();
        assert_eq!(reported.await.unwrap(), 7);
    }

    #[tokio::test]
    async fn what_comes_of_it_is_reported_and_so_is_a_panic() {
        assert_eq!(run_to_end(async { 7 }).await.unwrap(), 7);
        let panic = run_to_end::<()>(async { panic!("as it is meant to") })
            .await
            .unwrap_err();
        assert_eq!(super::panic_text(panic.as_ref()), "as it is meant to");
    }
}
