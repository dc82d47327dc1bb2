//! The intake of questions: open until the connector is being stopped, and closed from then on.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// The intake of questions. Answers hold slots; the questions of the own people are counted here, since those that others answer
/// alone hold none.
#[derive(Debug, Default)]
pub struct QueryIntake {
    is_closed: AtomicBool,
    own: Arc<AtomicUsize>,
}

/// One question of the own people that runs; it is counted until this goes.
#[derive(Debug)]
pub(crate) struct OpenQuestion(Arc<AtomicUsize>);

impl Drop for OpenQuestion {
    fn drop(&mut self) {
        let _ = self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl QueryIntake {
    /// Takes no more questions.
    pub fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    /// Says that no more questions are taken.
    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Takes a question of the own people. It is counted before it is looked whether it may come, so that an end waits for it or is
    /// seen by it.
    ///
    /// # Errors
    /// `MOVED`
    pub(crate) fn admit(&self) -> Result<OpenQuestion, Refusal> {
        let _ = self.own.fetch_add(1, Ordering::SeqCst);
        let open = OpenQuestion(Arc::clone(&self.own));
        if self.is_closed() {
            return Err(tell_moved());
        }
        Ok(open)
    }

    /// Counts the questions of the own people that run.
    pub fn count_open(&self) -> usize {
        self.own.load(Ordering::SeqCst)
    }
}

/// The refusal of a question that comes while the connector is being stopped, and the reason of an answer that is cut then.
pub fn tell_moved() -> Refusal {
    Refusal::new(ErrorCode::Moved, "the connector is being stopped")
        .with_help("ask again when it runs again")
}

#[cfg(test)]
mod tests {
    //! A closed intake takes nothing, and waits for what it has taken.

    use crate::answer::query_intake::QueryIntake;
    use hansa_policy::refusal::ErrorCode;

    #[test]
    fn what_was_taken_is_counted_and_nothing_is_taken_after_the_end() {
        let intake = QueryIntake::default();
        let open = intake.admit().unwrap();
        assert_eq!(intake.count_open(), 1);
        intake.close();
        assert_eq!(intake.admit().unwrap_err().code, ErrorCode::Moved);
        // The one that was refused is not waited for.
        assert_eq!(intake.count_open(), 1);
        drop(open);
        assert_eq!(intake.count_open(), 0);
    }
}
