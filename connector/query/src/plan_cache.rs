//! Bounded cache of plans for repeated questions. The least recently used plan is removed first.

use crate::sql::planner_threads;
use parking_lot::{Mutex, MutexGuard};

/// Plans by their inputs, in order of their last use; the newest is last.
#[derive(Debug)]
pub(crate) struct PlanCache<K, V> {
    plans: Box<dyn CachedPlans<K, V>>,
    /// Maximum number of plans.
    capacity: usize,
    /// Maximum number of uses of a plan, after which it is made anew.
    runs: usize,
}

/// Locked list of plans.
///
/// The trait object ends the search of the compiler for `Send` and `Sync`. Without it, each asynchronous function with a reference to
/// a connector makes the compiler look through all types of logical plans, which takes minutes for a crate with many of them.
trait CachedPlans<K, V>: std::fmt::Debug + Send + Sync {
    fn lock(&self) -> MutexGuard<'_, Vec<CachedPlan<K, V>>>;
}

impl<K, V> CachedPlans<K, V> for Mutex<Vec<CachedPlan<K, V>>>
where
    K: std::fmt::Debug + Send,
    V: std::fmt::Debug + Send,
{
    fn lock(&self) -> MutexGuard<'_, Vec<CachedPlan<K, V>>> {
        self.lock()
    }
}

#[derive(Debug)]
struct CachedPlan<K, V> {
    key: K,
    plan: V,
    runs: usize,
}

impl<K, V> PlanCache<K, V>
where
    K: std::fmt::Debug + Send + 'static,
    V: std::fmt::Debug + Clone + Send + 'static,
{
    /// Creates an empty cache with this capacity and without a limit on uses.
    pub(crate) fn new(capacity: usize) -> Self {
        Self::for_runs(capacity, usize::MAX)
    }

    /// Creates an empty cache with this capacity and this maximum number of uses.
    pub(crate) fn for_runs(capacity: usize, runs: usize) -> Self {
        Self {
            plans: Box::new(Mutex::new(Vec::new())),
            capacity,
            runs,
        }
    }

    /// Returns the newest plan with a matching key and marks it as most recently used. Returns `None` if the plan must be made.
    pub(crate) fn find_plan(&self, is_same: impl Fn(&K) -> bool) -> Option<V> {
        let mut plans = self.plans.lock();
        let at = plans.iter().rposition(|cached| is_same(&cached.key))?;
        let mut found = plans.remove(at);
        found.runs = found.runs.saturating_add(1);
        let plan = found.plan.clone();
        if found.runs < self.runs {
            plans.push(found);
        }
        Some(plan)
    }

    /// Stores a plan and removes useless ones. `is_useless` decides for a stored key and the new key.
    pub(crate) fn keep(&self, key: K, plan: V, is_useless: impl Fn(&K, &K) -> bool) {
        let mut plans = self.plans.lock();
        let mut gone: Vec<_> = plans
            .extract_if(.., |cached| is_useless(&cached.key, &key))
            .collect();
        plans.push(CachedPlan { key, plan, runs: 0 });
        let over = plans.len().saturating_sub(self.capacity);
        gone.extend(plans.drain(..over));
        drop(plans);
        drop_aside(gone);
    }

    /// Removes all plans.
    pub(crate) fn clear(&self) {
        let gone = std::mem::take(&mut *self.plans.lock());
        drop_aside(gone);
    }

    /// Number of uses of each plan; the newest plan is last.
    #[cfg(test)]
    pub(crate) fn use_counts(&self) -> Vec<usize> {
        self.plans.lock().iter().map(|cached| cached.runs).collect()
    }
}

fn drop_aside<T: Send + 'static>(gone: Vec<T>) {
    if !gone.is_empty() {
        // Dropping a plan is recursive and needs a large stack.
        let _best_effort = planner_threads::spawn_on_planner_thread(move || drop(gone));
    }
}

#[cfg(test)]
mod tests {
    use super::PlanCache;

    #[test]
    fn what_was_asked_for_last_stays() {
        let plans = PlanCache::new(2);
        plans.keep(1, "one", |_, _| false);
        plans.keep(2, "two", |_, _| false);
        assert_eq!(plans.find_plan(|key| *key == 1), Some("one"));
        plans.keep(3, "three", |_, _| false);
        assert_eq!(plans.find_plan(|key| *key == 2), None);
        assert_eq!(plans.find_plan(|key| *key == 1), Some("one"));
        plans.keep(4, "four", |kept, _| *kept == 1);
        assert_eq!(plans.find_plan(|key| *key == 1), None);
        assert_eq!(plans.find_plan(|key| *key == 3), Some("three"));
        assert_eq!(plans.use_counts(), [0, 1]);
        plans.clear();
        assert!(plans.use_counts().is_empty());
    }

    #[test]
    fn a_plan_is_given_so_many_times() {
        let plans = PlanCache::for_runs(2, 2);
        plans.keep(1, "one", |_, _| false);
        let found = || plans.find_plan(|key| *key == 1);
        assert_eq!(
            [found(), found(), found()],
            [Some("one"), Some("one"), None]
        );
    }
}
