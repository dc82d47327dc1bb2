//! Pool of the machine's cores, shared by all running questions.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Pool of the cores for all questions.
#[derive(Debug, Clone)]
pub(crate) struct CorePool(Arc<CoreCount>);

#[derive(Debug)]
struct CoreCount {
    all: usize,
    taken: AtomicUsize,
    /// Number of questions that started with more than one core.
    #[cfg(test)]
    shared: AtomicUsize,
}

impl CorePool {
    /// Creates a pool of `cores` cores.
    pub(crate) fn new(cores: usize) -> Self {
        Self(Arc::new(CoreCount {
            all: cores,
            taken: AtomicUsize::new(0),
            #[cfg(test)]
            shared: AtomicUsize::new(0),
        }))
    }

    /// Takes the free cores: at most `most` and at least one. No question waits for a core; the threads share the machine's time.
    pub(crate) fn take_cores(&self, most: usize) -> CoreShare {
        let mut cores = 1;
        let _before = self
            .0
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                cores = self.0.all.saturating_sub(taken).min(most).max(1);
                Some(taken.saturating_add(cores))
            });
        CoreShare {
            pool: self.clone(),
            cores,
        }
    }
}

#[cfg(test)]
impl CorePool {
    /// Number of questions that started with more than one core.
    pub(crate) fn questions_at_many(&self) -> usize {
        self.0.shared.load(Ordering::Relaxed)
    }
}

/// Cores of one question. They return to the pool when the share is dropped.
#[derive(Debug)]
pub(crate) struct CoreShare {
    pool: CorePool,
    cores: usize,
}

impl CoreShare {
    /// Number of cores.
    pub(crate) const fn count(&self) -> usize {
        self.cores
    }

    /// Counts a question that starts with this share.
    #[cfg(test)]
    pub(crate) fn count_question(&self) {
        let many = usize::from(self.cores > 1);
        self.pool.0.shared.fetch_add(many, Ordering::Relaxed);
    }

    /// Returns all cores but one to the pool.
    pub(crate) fn keep_one(&mut self) {
        let more = self.cores.saturating_sub(1);
        self.pool.0.taken.fetch_sub(more, Ordering::Relaxed);
        self.cores = 1;
    }
}

impl Drop for CoreShare {
    fn drop(&mut self) {
        self.pool.0.taken.fetch_sub(self.cores, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::CorePool;

    #[test]
    fn a_question_has_what_is_free_and_one_at_least() {
        let pool = CorePool::new(4);
        let mut first = pool.take_cores(3);
        assert_eq!(first.count(), 3);
        let second = pool.take_cores(8);
        assert_eq!(second.count(), 1);
        // All cores are taken.
        let third = pool.take_cores(8);
        assert_eq!(third.count(), 1);
        first.keep_one();
        assert_eq!(first.count(), 1);
        let fourth = pool.take_cores(8);
        assert_eq!(fourth.count(), 1);
        drop((second, third, fourth));
        assert_eq!(pool.take_cores(8).count(), 3);
        drop(first);
        assert_eq!(pool.take_cores(8).count(), 4);
    }
}
