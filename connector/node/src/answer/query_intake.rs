//! Intake of questions. It is open until the shutdown of the connector begins.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Intake of questions.
///
/// Answers hold slots. Questions of own users are counted here, because a question that only peers answer holds no slot.
#[derive(Debug, Default)]
pub struct QueryIntake {
    is_closed: AtomicBool,
    own: Arc<AtomicUsize>,
}

/// Running question of an own user. Dropping it ends the count.
#[derive(Debug)]
pub(crate) struct OpenQuestion(Arc<AtomicUsize>);

impl Drop for OpenQuestion {
    fn drop(&mut self) {
        let _ = self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl QueryIntake {
    /// Closes the intake.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Returns true after the intake was closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Admits a question of an own user.
    ///
    /// The question is counted before the check, so that a shutdown either waits for it or closes the intake before the check.
    ///
    /// # Errors
    /// `MOVED` if the intake is closed.
    pub(crate) fn admit(&self) -> Result<OpenQuestion, Refusal> {
        let _ = self.own.fetch_add(1, Ordering::SeqCst);
        let open = OpenQuestion(Arc::clone(&self.own));
        if self.is_closed() {
            return Err(tell_moved());
        }
        Ok(open)
    }

    /// Number of running questions of own users.
    pub fn count_open(&self) -> usize {
        self.own.load(Ordering::SeqCst)
    }
}

/// Refusal of a question during a shutdown, and the reason of an answer that the shutdown cuts.
pub fn tell_moved() -> Refusal {
    Refusal::new(ErrorCode::Moved, "the connector is being stopped")
        .with_help("ask again when it runs again")
}

#[cfg(test)]
mod tests {
    //! Tests: a closed intake admits nothing, and a shutdown waits for the questions admitted before.

    use crate::answer::query_intake::QueryIntake;
    use hansa_policy::refusal::ErrorCode;

    #[test]
    fn what_was_taken_is_counted_and_nothing_is_taken_after_the_end() {
        let intake = QueryIntake::default();
        let open = intake.admit().unwrap();
        assert_eq!(intake.count_open(), 1);
        intake.close();
        assert_eq!(intake.admit().unwrap_err().code, ErrorCode::Moved);
        // The refused question is not counted.
        assert_eq!(intake.count_open(), 1);
        drop(open);
        assert_eq!(intake.count_open(), 0);
    }
}
