//! Plans of questions that are put again: the text is planned once for as long as its asker sees the same.

use crate::limits::SqlStatementLimits;
use crate::plan_cache::PlanCache;
use crate::sql::functions::current_time;
use crate::sql::{planner_threads, planning};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::query_view::QueryView;
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_policy::refusal::Refusal;

/// The plans that were made last. What is permitted is no part of them: that is decided and applied at every question.
#[derive(Debug)]
pub struct LogicalPlanCache(PlanCache<(String, QueryView), BoundPlan>);

impl Default for LogicalPlanCache {
    fn default() -> Self {
        Self(PlanCache::new(MOST))
    }
}

impl LogicalPlanCache {
    /// As [`crate::sql::plan_apart`], or what came of it when the same text was planned over the same view: the same contracts, datasets,
    /// columns and shapes, each compared as a whole.
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
        let bound = planner_threads::run(limits.planning, planning(sql, view, limits, now)).await?;
        if !keeps {
            return Ok(bound);
        }
        let bound = bound.with_origin();
        let key = (sql.to_owned(), view.clone());
        self.0.keep(key, bound.clone(), |_, _| false);
        Ok(bound)
    }
}

/// Whether a text may name a function of the moment, whose value stands in its plan.
pub(crate) fn tells_time(sql: &str) -> bool {
    let small = sql.to_ascii_lowercase();
    current_time::NAMES.iter().any(|name| small.contains(name))
}

/// So many plans are kept.
const MOST: usize = 128;

/// Of texts of so many bytes at most: what is asked again and again is short, and so are the plans.
pub(crate) const LONGEST: usize = 4096;

#[cfg(test)]
mod tests {
    use super::{LogicalPlanCache, MOST};
    use crate::fixture::FixtureParticipant;
    use crate::fixture::dataset_files::{DatasetFileLayout, dataset};
    use crate::limits::SqlStatementLimits;
    use arrow_array::{ArrayRef, Int64Array, RecordBatch};
    use hansa_audit_log::time::UtcTimestamp;
    use hansa_policy::decision::query_shape::QueryShape as _;
    use hansa_policy::refusal::ErrorCode;
    use hansa_policy::term::Term;
    use std::sync::Arc;

    fn city(columns: &[&str], terms: Vec<Term>) -> FixtureParticipant {
        let mut city = FixtureParticipant::new();
        let set = dataset("t", columns);
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
        assert_eq!(plans.0.runs().len(), 1);
        // Where a column is hidden the text is another question.
        let less = Term::Columns(vec!["a".parse().unwrap()]);
        let some = city(&["a:int", "b:int"], vec![less]).view();
        let refused = plans.plan(sql, &some, &limits, now).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::ColumnUnknown);
        // What a function of the moment says is said anew.
        let moment = "SELECT NOW() AS x FROM t";
        let one = plans.plan(moment, &all, &limits, now).await.unwrap();
        let later = at("2026-11-21T08:00:00Z");
        let other = plans.plan(moment, &all, &limits, later).await.unwrap();
        assert_ne!(format!("{one:?}"), format!("{other:?}"));
        assert_eq!(plans.0.runs().len(), 1);
        for number in 0..2 * MOST {
            let sql = format!("SELECT a + {number} AS x FROM t");
            plans.plan(&sql, &all, &limits, now).await.unwrap();
        }
        assert_eq!(plans.0.runs().len(), MOST);
    }
}
