//! Dispatch of the remote queries of a question. All are sent in parallel, except those that wait for keys of others.

use super::FederatedQuery;
use super::stream::begin_one;
use crate::federation::key_pushdown::{KeyFilter, MOST_KEYS};
use crate::federation::options::FederatedQueryLimits;
use crate::federation::remote_query::{RemoteExecutor, RemoteQuery, RemoteQueryStatus};
use crate::federation::remote_sql::in_lists::InListPredicate;
use crate::federation::response_check::{CheckedBatchStream, OutcomeTracker};
use crate::sql::planner_threads;
use arrow_array::{Array, RecordBatch};
use datafusion::common::ScalarValue;
use datafusion::logical_expr::Expr;
use futures::StreamExt;
use futures::future::{join_all, try_join, try_join_all};
use hansa_policy::refusal::Refusal;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::future::Future;
use std::sync::Arc;

/// Maximum number of rows that are buffered while keys are collected. Above it, the waiting remote queries are sent without keys.
const MOST_ROWS: usize = 65_536;
const MOST_BYTES: usize = 8 << 20;

/// Distinct values of a column, or `None` if there are too many.
type DistinctKeys = Option<HashSet<ScalarValue>>;

impl FederatedQuery {
    /// Starts all remote queries and waits for the first row or the end of each. Returns the streams by query number.
    ///
    /// # Errors
    /// The refusal of the first participant that fails, unless the answer may lack it.
    pub(super) async fn begin_queries(
        &self,
        executor: &dyn RemoteExecutor,
        bounds: &FederatedQueryLimits,
        ledger: &OutcomeTracker,
    ) -> Result<Vec<(usize, CheckedBatchStream)>, Refusal> {
        let waits: BTreeSet<usize> = self.key_filters.iter().map(|one| one.to).collect();
        let lists = self.key_filters.iter().flat_map(|one| &one.lists);
        let gives: BTreeSet<(usize, usize)> =
            lists.flat_map(|list| list.from.iter().copied()).collect();
        let is_giver = |number: usize| gives.iter().any(|(giver, _)| *giver == number);
        let (mut givers, mut others) = (Vec::new(), Vec::new());
        for remote_query in self
            .remote_queries
            .iter()
            .filter(|one| !waits.contains(&one.number))
        {
            if is_giver(remote_query.number) {
                givers.push(async {
                    let (number, rows) = begin_one(remote_query, executor, bounds, ledger).await?;
                    read_keys(number, rows, &gives).await
                });
            } else {
                others.push(begin_one(remote_query, executor, bounds, ledger));
            }
        }
        let partial = self.options.partial;
        let chain = async {
            let given = run_futures(partial, givers).await?;
            let mut values = BTreeMap::new();
            let mut results = Vec::new();
            for one in given {
                results.push(one.map(|(rows, found)| {
                    values.extend(found);
                    rows
                }));
            }
            let values = &values;
            let narrowed = self.key_filters.iter().map(|narrowing| async move {
                match self.narrow_remote_query(narrowing, values, bounds).await? {
                    Some(remote_query) => {
                        let remote_query = Arc::new(remote_query);
                        ledger.change(remote_query.number, |outcome| {
                            outcome.remote_query = RemoteQuery::clone(&remote_query);
                        });
                        begin_one(&remote_query, executor, bounds, ledger).await
                    }
                    // No row can match, so no remote query is sent.
                    None => {
                        ledger.change(narrowing.to, |outcome| {
                            outcome.status = RemoteQueryStatus::NotAsked
                        });
                        Ok((narrowing.to, futures::stream::empty().boxed()))
                    }
                }
            });
            results.extend(run_futures(partial, narrowed).await?);
            Ok(results)
        };
        let (mut results, chained) = try_join(run_futures(partial, others), chain).await?;
        results.extend(chained);
        collect_streams(&self.remote_queries, results, ledger)
    }

    /// Remote query with its key conditions: without keys if there are too many, and `None` if there are no keys at all.
    async fn narrow_remote_query(
        &self,
        narrowing: &KeyFilter,
        values: &BTreeMap<(usize, usize), DistinctKeys>,
        bounds: &FederatedQueryLimits,
    ) -> Result<Option<RemoteQuery>, Refusal> {
        let remote_query = self
            .remote_queries
            .iter()
            .find(|one| one.number == narrowing.to);
        let Some(remote_query) = remote_query else {
            return Ok(None);
        };
        let mut remote_query = RemoteQuery::clone(remote_query);
        let mut conditions = Vec::new();
        let mut counts = Vec::new();
        for list in &narrowing.lists {
            let mut all: DistinctKeys = Some(HashSet::new());
            let mut each = Vec::new();
            for from in &list.from {
                // No keys of a failed participant are sent.
                let Some(some) = values.get(from) else {
                    each.push(None);
                    continue;
                };
                let some = some.as_ref();
                each.push(some.map(HashSet::len));
                all = all.zip(some).map(|(mut all, some)| {
                    all.extend(some.iter().cloned());
                    all
                });
            }
            match all.filter(|all| all.len() <= MOST_KEYS) {
                Some(all) if all.is_empty() => return Ok(None),
                Some(all) => {
                    conditions.push(in_list_condition(&list.at, all));
                    counts.push((true, each));
                }
                None => counts.push((false, each)),
            }
        }
        // A list is not sent if the text becomes too long or does not parse back to its values.
        while !conditions.is_empty() {
            let (query, lists) = (Arc::clone(&narrowing.query), conditions.clone());
            let writer = Arc::clone(&self.writer);
            let time = bounds.limits.time;
            let text = planner_threads::run_on_planner_thread(time, move || {
                Ok(writer.write_among(&query, &lists))
            })
            .await?;
            if let Some(text) = text.ok().filter(|text| text.schema == remote_query.schema) {
                remote_query.sql = text.sql;
                let counts = counts.iter().flat_map(|(sent, each)| {
                    let each = each.iter().copied();
                    each.map(|count| count.filter(|_| *sent))
                });
                for (keys, count) in remote_query.keys.iter_mut().zip(counts) {
                    keys.values = count;
                }
                break;
            }
            conditions.pop();
            if let Some((sent, _)) = counts.iter_mut().rev().find(|(sent, _)| *sent) {
                *sent = false;
            }
        }
        Ok(Some(remote_query))
    }
}

/// Reads rows of a key source until its keys are known or too many. Returns the rows and the distinct values of the requested
/// columns.
async fn read_keys(
    number: usize,
    rows: CheckedBatchStream,
    gives: &BTreeSet<(usize, usize)>,
) -> Result<
    (
        (usize, CheckedBatchStream),
        BTreeMap<(usize, usize), DistinctKeys>,
    ),
    Refusal,
> {
    let columns = gives.iter().filter(|(giver, _)| *giver == number);
    let mut values: BTreeMap<(usize, usize), DistinctKeys> = columns
        .map(|place| (*place, Some(HashSet::new())))
        .collect();
    let mut held: Vec<RecordBatch> = Vec::new();
    // The stream may be polled again after its end.
    let mut rows = rows.fuse();
    let (mut count, mut bytes) = (0_usize, 0_usize);
    while values.values().any(Option::is_some) {
        let Some(batch) = rows.next().await.transpose()? else {
            break;
        };
        count = count.saturating_add(batch.num_rows());
        bytes = bytes.saturating_add(batch.get_array_memory_size());
        for ((_, column), known) in &mut values {
            let all = batch.columns().get(*column);
            let more = all.zip(known.as_mut());
            let fits = more.is_some_and(|(all, known)| add_distinct_values(all, known));
            if !fits || count > MOST_ROWS || bytes > MOST_BYTES {
                *known = None;
            }
        }
        held.push(batch);
    }
    let held = futures::stream::iter(held.into_iter().map(Ok));
    Ok(((number, held.chain(rows).boxed()), values))
}

/// Adds the values of a column to the known ones. Returns false if there are too many.
fn add_distinct_values(column: &dyn Array, known: &mut HashSet<ScalarValue>) -> bool {
    for row in 0..column.len() {
        match ScalarValue::try_from_array(column, row) {
            // NULL is never equal to a value.
            Ok(value) if value.is_null() => {}
            Ok(value) => {
                known.insert(value);
            }
            Err(_) => return false,
        }
        if known.len() > MOST_KEYS {
            return false;
        }
    }
    true
}

/// IN condition with the values in sorted order.
fn in_list_condition(at: &Expr, all: HashSet<ScalarValue>) -> InListPredicate {
    let mut values: Vec<ScalarValue> = all.into_iter().collect();
    values.sort_by(|one, other| one.partial_cmp(other).unwrap_or(std::cmp::Ordering::Equal));
    InListPredicate {
        what: at.clone(),
        values,
    }
}

/// Runs all futures in parallel. The first failure fails all, unless the answer may lack participants.
async fn run_futures<T, F: Future<Output = Result<T, Refusal>>>(
    partial: bool,
    each: impl IntoIterator<Item = F>,
) -> Result<Vec<Result<T, Refusal>>, Refusal> {
    if partial {
        return Ok(join_all(each).await);
    }
    let done = try_join_all(each).await?;
    Ok(done.into_iter().map(Ok).collect())
}

/// Streams of all remote queries. A failed query gets an empty stream, but a failure of all fails the question.
fn collect_streams(
    remote_queries: &[Arc<RemoteQuery>],
    results: Vec<Result<(usize, CheckedBatchStream), Refusal>>,
    ledger: &OutcomeTracker,
) -> Result<Vec<(usize, CheckedBatchStream)>, Refusal> {
    let (mut begun, mut first, mut some) = (Vec::new(), None, remote_queries.is_empty());
    let outcomes = ledger.read().into_iter();
    let unasked = outcomes.filter(|went| went.status == RemoteQueryStatus::NotAsked);
    let unasked: BTreeSet<usize> = unasked.map(|went| went.remote_query.number).collect();
    for result in results {
        match result {
            Ok(rows) => {
                // A participant that was not asked does not count as answered.
                some |= !unasked.contains(&rows.0);
                begun.push(rows);
            }
            Err(refusal) => {
                first.get_or_insert(refusal);
            }
        }
    }
    match first {
        Some(refusal) if !some => return Err(refusal),
        _ => {}
    }
    let here: BTreeSet<usize> = begun.iter().map(|(number, _)| *number).collect();
    for remote_query in remote_queries
        .iter()
        .filter(|one| !here.contains(&one.number))
    {
        begun.push((remote_query.number, futures::stream::empty().boxed()));
    }
    Ok(begun)
}
