//! The moments of walks between a check and its record. Whatever is stopped in such a moment is looked at again before the record is made.

use async_trait::async_trait;
use std::any::Any;

/// An observer of these moments. A connector waits for nothing there; a test holds a walk there and stops a contract meanwhile.
#[async_trait]
pub(crate) trait WalkObserver: Any + Send + Sync {
    /// A question is decided, or values may go along with one, and the log does not have it yet.
    async fn pass_decision(&self) {}

    /// The signatures of a contract are checked, and the log does not have it yet.
    async fn pass_verification(&self) {}
}

/// An observer that waits for nothing.
pub(crate) struct NoObserver;

impl WalkObserver for NoObserver {}
