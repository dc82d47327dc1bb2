//! Cache of logical plans for repeated questions. A plan is valid as long as the consumer's view is equal.

use crate::limits::SqlStatementLimits;
use crate::plan_cache::PlanCache;
use crate::sql::functions::current_time;
use crate::sql::{planner_threads, planning_task};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::QueryView;
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_policy::refusal::Refusal;

/// Most recently used plans. Permissions are not cached: they are decided and applied for every question.
#[derive(Debug)]
pub struct LogicalPlanCache(PlanCache<(String, QueryView), BoundPlan>);

impl Default for LogicalPlanCache {
    fn default() -> Self {
        Self(PlanCache::new(MOST))
    }
}

impl LogicalPlanCache {
    /// Plans a text as [`crate::sql::plan_apart`] does, or returns the cached plan for an equal text and an equal view. Views are
    /// compared completely: contracts, datasets, columns and shapes.
    ///
    /// # Errors
    /// Those of [`crate::sql::plan_apart`].
    pub async fn plan(
        &self,
        sql: &str,
        view: &QueryView,
        limits: &SqlStatementLimits,
        now: UtcTimestamp,
    ) -> Result<BoundPlan, Refusal> {
        let keeps = sql.len() <= LONGEST && !tells_time(sql);
        let is_same = |(text, seen): &(String, QueryView)| text == sql && seen == view;
        if keeps && let Some(bound) = self.0.find_plan(is_same) {
            return Ok(bound);
        }
        let bound = planner_threads::run_on_planner_thread(
            limits.planning,
            planning_task(sql, view, limits, now),
        )
        .await?;
        if !keeps {
            return Ok(bound);
        }
        let bound = bound.with_origin();
        let key = (sql.to_owned(), view.clone());
        self.0.keep(key, bound.clone(), |_, _| false);
        Ok(bound)
    }
}

/// Checks that a text may name a function of the current time, whose value is part of the plan.
pub(crate) fn tells_time(sql: &str) -> bool {
    let small = sql.to_ascii_lowercase();
    current_time::NAMES.iter().any(|name| small.contains(name))
}

/// Maximum number of cached plans.
const MOST: usize = 128;

/// Maximum length of a cached text, in bytes. Frequent questions are short, and so are their plans.
pub(crate) const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::{LogicalPlanCache, MOST};
    use crate::fixture::FixtureParticipant;
    use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
    use crate::limits::SqlStatementLimits;
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use hansa_audit_log::time::UtcTimestamp;
    use hansa_policy::decision::query_shape::QueryShape as _;
    use hansa_policy::refusal::ErrorCode;
    use hansa_policy::term::Term;
    use std::sync::Arc;

    fn city(columns: &[&str], terms: Vec<Term>) -> FixtureParticipant {
        let mut city = FixtureParticipant::new();
        let set = build_dataset("t", columns);
        let rows = columns
            .iter()
            .map(|_| Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef);
        let batch = RecordBatch::try_new(set.schema(), rows.collect()).unwrap();
        city.publish(set, &batch, DatasetFileLayout::default(), terms);
        city
    }

    #[tokio::test]
    async fn a_plan_is_made_anew_where_anything_of_the_view_is_another() {
        let plans = LogicalPlanCache::default();
        let limits = SqlStatementLimits::default();
        let at = |text: &str| text.parse::<UtcTimestamp>().unwrap();
        let now = at("2026-11-20T08:00:00Z");
        let all = city(&["a:int", "b:int"], Vec::new()).view();
        let sql = "SELECT a, b FROM t";
        let first = plans.plan(sql, &all, &limits, now).await.unwrap();
        let again = plans.plan(sql, &all, &limits, now).await.unwrap();
        assert_eq!(first.digest(), again.digest());
        assert_eq!(plans.0.use_counts().len(), 1);
        // A hidden column makes it another question.
        let less = Term::Columns(vec!["a".parse().unwrap()]);
        let some = city(&["a:int", "b:int"], vec![less]).view();
        let refused = plans.plan(sql, &some, &limits, now).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::ColumnUnknown);
        // A function of the current time is evaluated again.
        let moment = "SELECT NOW() AS x FROM t";
        let one = plans.plan(moment, &all, &limits, now).await.unwrap();
        let later = at("2026-11-21T08:00:00Z");
        let other = plans.plan(moment, &all, &limits, later).await.unwrap();
        assert_ne!(format!("{one:?}"), format!("{other:?}"));
        assert_eq!(plans.0.use_counts().len(), 1);
        for number in 0..2 * MOST {
            let sql = format!("SELECT a + {number} AS x FROM t");
            plans.plan(&sql, &all, &limits, now).await.unwrap();
        }
        assert_eq!(plans.0.use_counts().len(), MOST);
    }
}
