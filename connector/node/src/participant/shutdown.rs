//! Shutdown of a participant. No thread that ran for it is detached.

use crate::participant::Connector;
use crate::process::thread_shutdown;
use std::time::Duration;

impl Connector {
    /// Closes the participant: the log takes no more records, and the threads of questions are joined. After `limit`, remaining
    /// threads are left until the process ends.
    ///
    /// Returns true if all threads have ended.
    pub async fn close(&self, limit: Duration) -> bool {
        self.end_refusals();
        self.records.log.close();
        match self.queries.take_runtime() {
            Some(runtime) => thread_shutdown::shut_down_runtime(runtime, limit).await,
            None => true,
        }
    }
}

impl Drop for Connector {
    fn drop(&mut self) {
        self.end_refusals();
        self.records.log.close();
        // The caller can be a task of this runtime, which can't wait for its own end.
        if let Some(runtime) = self.queries.take_runtime() {
            thread_shutdown::end_aside(runtime);
        }
    }
}
