//! The end of a participant: no thread that ran for it is let go of.

use crate::participant::Connector;
use crate::process::thread_shutdown;
use std::time::Duration;

impl Connector {
    /// Ends it: the log takes nothing more, and the threads of its questions are joined, or after that time left to the end of
    /// the process. Whether all have ended is told.
    pub async fn close(&self, limit: Duration) -> bool {
        self.end_refusals();
        self.records.log.close();
        match self.queries.take_runtime() {
            Some(runtime) => thread_shutdown::end(runtime, limit).await,
            None => true,
        }
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        self.end_refusals();
        self.records.log.close();
        // Whoever did not close it may be a task of its own, which can't wait for its own end.
        if let Some(runtime) = self.queries.take_runtime() {
            thread_shutdown::end_aside(runtime);
        }
    }
}
