//! Key pushdown: remote queries that fetch fewer rows by the keys of other participants. It is decided during planning, and only if
//! the contracts of the key source permit the transfer.
//!
//! The keys are a list of values in the text of the remote query, so both participants have it in their logs. The values come from
//! the rows as received, before local joins and filters. The receiver therefore learns of the key source's rows only what its
//! contract permits, and nothing of other participants' rows.

mod column_source;
mod key_disclosure;

use crate::federation::key_pushdown::column_source::ColumnSource;
use crate::federation::query_ir::{RemoteSelect, SelectBody};
use crate::federation::remote_query::{PushdownKeys, RemoteQuery};
use crate::federation::remote_query_source::RemoteQuerySource;
use crate::federation::row_estimate;
use crate::federation::table::DatasetRelation;
use arrow_schema::DataType;
use datafusion::common::tree_node::TreeNode;
use datafusion::common::{JoinType, NullEquality};
use datafusion::logical_expr::{Expr, Join, LogicalPlan};
use key_disclosure::disclosed_keys;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Maximum number of values in one list.
pub(super) const MOST_KEYS: usize = 20_480;

/// Maximum estimated number of values. The actual number is often twice the estimate, and waiting for more keys than can be sent is
/// useless.
const EXPECTED: f64 = 10_240.0;

/// Minimum transfer in bytes that a remote query must save, since it has to wait for the keys.
const WORTH: f64 = 65_536.0;

/// Cost of one value, as the bytes that could be transferred meanwhile. Writing, parsing back and planning a value takes about
/// twenty microseconds, which is 250 bytes at 100 Mbit/s.
const WRITTEN: f64 = 256.0;

/// Maximum number of lists in one text.
const MOST_LISTS: usize = 3;

/// Remote query that waits for keys.
pub(super) struct KeyFilter {
    /// Number of the remote query.
    pub(super) to: usize,
    /// Remote query without the keys.
    pub(super) query: Arc<RemoteSelect>,
    /// Lists of keys. All conditions must hold.
    pub(super) lists: Vec<KeyFilterList>,
}

/// List of keys as a filter.
pub(super) struct KeyFilterList {
    /// Expression that is compared with the keys, over the columns of the relations.
    pub(super) at: Expr,
    /// Key sources: number of the remote query and index of its column.
    pub(super) from: Vec<(usize, usize)>,
}

struct KeyFilterCandidate<'a> {
    from: Vec<ColumnSource<'a>>,
    to: ColumnSource<'a>,
    saves: f64,
}

/// Key filters of a plan. The function also notes the keys in `remote_queries`.
pub(super) fn key_filters(
    plan: &LogicalPlan,
    remote_queries: &mut [Arc<RemoteQuery>],
) -> Vec<KeyFilter> {
    let mut found = Vec::new();
    collect_candidates(plan, false, &mut found);
    found.sort_by(|one, other| other.saves.total_cmp(&one.saves));
    let mut gives = BTreeSet::new();
    let mut all: BTreeMap<usize, KeyFilter> = BTreeMap::new();
    for one in found {
        let to = one.to.number();
        // A remote query that waits for keys is no key source itself, so waits form no chain and no cycle.
        if gives.contains(&to) || one.from.iter().any(|from| all.contains_key(&from.number())) {
            continue;
        }
        let Some((list, disclosed)) = create_key_list(&one) else {
            continue;
        };
        let narrowing = all.entry(to).or_insert_with(|| KeyFilter {
            to,
            query: Arc::clone(&one.to.source.query),
            lists: Vec::new(),
        });
        let known = narrowing.lists.iter().any(|other| other.at == list.at);
        if known || narrowing.lists.len() >= MOST_LISTS {
            continue;
        }
        gives.extend(list.from.iter().map(|(number, _)| *number));
        narrowing.lists.push(list);
        for remote_query in remote_queries
            .iter_mut()
            .filter(|remote_query| remote_query.number == to)
        {
            Arc::make_mut(remote_query)
                .keys
                .extend(disclosed.iter().cloned());
        }
    }
    all.into_values().collect()
}

/// Collects the candidates of all joins. Below a LIMIT no keys are used, because the key source would have to be read to its end.
fn collect_candidates<'a>(
    plan: &'a LogicalPlan,
    limited: bool,
    found: &mut Vec<KeyFilterCandidate<'a>>,
) {
    let limited = match plan {
        LogicalPlan::Limit(_) => true,
        LogicalPlan::Aggregate(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Distinct(_) => false,
        LogicalPlan::Join(join) => {
            if !limited {
                collect_join_candidates(join, found);
            }
            limited
        }
        _ => limited,
    };
    for input in plan.inputs() {
        collect_candidates(input, limited, found);
    }
}

/// Collects the candidates of one join, in both directions.
fn collect_join_candidates<'a>(join: &'a Join, found: &mut Vec<KeyFilterCandidate<'a>>) {
    if join.null_equality != NullEquality::NullEqualsNothing || join.null_aware {
        return;
    }
    let (by_left, by_right) = match join.join_type {
        JoinType::Inner | JoinType::LeftSemi | JoinType::RightSemi => (true, true),
        // Unmatched rows of the right side are not needed; those of the left side are preserved.
        JoinType::Left | JoinType::LeftAnti | JoinType::LeftMark => (true, false),
        JoinType::Right | JoinType::RightAnti | JoinType::RightMark => (false, true),
        JoinType::Full => (false, false),
    };
    for (left, right) in &join.on {
        let (Some(left), Some(right)) = (
            column_index(left, &join.left),
            column_index(right, &join.right),
        ) else {
            continue;
        };
        let sides = [
            (by_left, (&join.left, left), (&join.right, right)),
            (by_right, (&join.right, right), (&join.left, left)),
        ];
        for (fits, (keys, key), (rows, column)) in sides {
            let from = find_column_sources(keys, key, KeyDirection::Gives);
            if !fits || from.is_empty() {
                continue;
            }
            for to in find_column_sources(rows, column, KeyDirection::Narrows) {
                found.extend(worthwhile_candidate(&from, to));
            }
        }
    }
}

/// Returns the candidate if its savings exceed its cost.
fn worthwhile_candidate<'a>(
    from: &[ColumnSource<'a>],
    to: ColumnSource<'a>,
) -> Option<KeyFilterCandidate<'a>> {
    let kind = to.kind()?;
    let alike = from.iter().all(|from| from.kind() == Some(kind));
    if !alike || !is_plain(kind) {
        return None;
    }
    let query = &to.source.query;
    let mut keys = 0.0;
    let mut all = None;
    for one in from {
        let rows = row_estimate::estimate_select_rows(&one.source.query);
        let known = row_estimate::estimate_distinct_count(&one.source.query.from, one.output()?);
        keys += known.map_or(rows, |known| known.min(rows));
        all = all.into_iter().chain(known).reduce(f64::max);
    }
    let target = row_estimate::estimate_distinct_count(&query.from, to.output()?);
    let all = all.into_iter().chain(target).reduce(f64::max)?;
    let share = (keys / all.max(1.0)).min(1.0);
    let bytes = row_estimate::estimate_bytes(
        row_estimate::estimate_select_rows(query),
        to.source.remote_query.schema.fields(),
    );
    let saves = bytes * (1.0 - share) - keys * WRITTEN;
    (keys <= EXPECTED && share <= 0.5 && saves >= WORTH).then(|| KeyFilterCandidate {
        from: from.to_vec(),
        to,
        saves,
    })
}

/// Checks that values of this type parse back from a text unchanged.
fn is_plain(kind: &DataType) -> bool {
    kind.is_integer()
        || matches!(
            kind,
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Date32
        )
}

/// List and its disclosure, or `None` if a contract does not permit the transfer.
fn create_key_list(one: &KeyFilterCandidate<'_>) -> Option<(KeyFilterList, Vec<PushdownKeys>)> {
    let target = &one.to.source.remote_query;
    let tables = one.to.source.query.tables();
    if tables
        .iter()
        .any(|(_, relation)| *relation != DatasetRelation::Rows)
    {
        return None;
    }
    let disclosed = one.from.iter().map(|from| disclosed_keys(from, target));
    let disclosed = disclosed.collect::<Option<Vec<_>>>()?;
    let from = one.from.iter().map(|from| (from.number(), from.column));
    let list = KeyFilterList {
        at: one.to.output()?.clone(),
        from: from.collect(),
    };
    Some((list, disclosed))
}

/// Direction of the search for remote queries.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyDirection {
    /// Key source: its values contain all values of the column.
    Gives,
    /// Target: its rows with other values are not needed above.
    Narrows,
}

/// Index of a bare column in the schema of a plan.
fn column_index(expr: &Expr, plan: &LogicalPlan) -> Option<usize> {
    match expr {
        Expr::Column(column) => plan.schema().maybe_index_of_column(column),
        Expr::Alias(alias) => column_index(&alias.expr, plan),
        _ => None,
    }
}

/// Remote queries from which a column comes. Empty if it has another origin.
fn find_column_sources(
    plan: &LogicalPlan,
    column: usize,
    direction: KeyDirection,
) -> Vec<ColumnSource<'_>> {
    let through = |expr: Option<&Expr>, input| match expr.and_then(|expr| column_index(expr, input))
    {
        Some(at) => find_column_sources(input, at, direction),
        None => Vec::new(),
    };
    match plan {
        LogicalPlan::TableScan(scan) => {
            let Some(source) = scan.source.downcast_ref::<RemoteQuerySource>() else {
                return Vec::new();
            };
            let name = scan
                .projected_schema
                .fields()
                .get(column)
                .map(|field| field.name());
            let column = name.and_then(|name| source.remote_query.schema.index_of(name).ok());
            let place = column.map(|column| ColumnSource { source, column });
            let fits = |place: &ColumnSource<'_>| {
                place.output().is_some()
                    && (direction == KeyDirection::Gives || can_be_less(&place.source.query))
            };
            place.filter(fits).into_iter().collect()
        }
        LogicalPlan::Projection(one) => through(one.expr.get(column), &one.input),
        LogicalPlan::Filter(one) => find_column_sources(&one.input, column, direction),
        LogicalPlan::SubqueryAlias(one) => find_column_sources(&one.input, column, direction),
        LogicalPlan::Sort(one) if one.fetch.is_none() || direction == KeyDirection::Gives => {
            find_column_sources(&one.input, column, direction)
        }
        LogicalPlan::Limit(one) if direction == KeyDirection::Gives => {
            find_column_sources(&one.input, column, direction)
        }
        LogicalPlan::Aggregate(one) => {
            let sets = one
                .group_expr
                .iter()
                .any(|key| matches!(key, Expr::GroupingSet(_)));
            let key = one.group_expr.get(column).filter(|_| !sets);
            through(key, &one.input)
        }
        LogicalPlan::Union(union) => {
            let all: Vec<_> = union
                .inputs
                .iter()
                .map(|one| find_column_sources(one, column, direction))
                .collect();
            if direction == KeyDirection::Gives && all.iter().any(Vec::is_empty) {
                return Vec::new();
            }
            all.into_iter().flatten().collect()
        }
        LogicalPlan::Join(join) => through_join(join, column, direction),
        _ => Vec::new(),
    }
}

/// Checks that a filter on some rows does not affect the other rows: no LIMIT counts them, and no window reads beyond its own row.
fn can_be_less(query: &RemoteSelect) -> bool {
    let outputs = match &query.body {
        SelectBody::Rows { outputs, .. } => outputs.as_slice(),
        SelectBody::Groups { .. } => &[],
    };
    let window = |node: &Expr| Ok(matches!(node, Expr::WindowFunction(_)));
    let mut windows = outputs.iter().map(|output| output.exists(window));
    query.limit.is_none() && windows.all(|found| matches!(found, Ok(false)))
}

fn through_join(join: &Join, column: usize, direction: KeyDirection) -> Vec<ColumnSource<'_>> {
    let before = join.left.schema().fields().len();
    let (left, right) = match join.join_type {
        JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => (None, Some(column)),
        JoinType::LeftSemi | JoinType::LeftAnti | JoinType::LeftMark => (Some(column), None),
        _ if column < before => (Some(column), None),
        _ => (None, Some(column.saturating_sub(before))),
    };
    // Without its matches, a preserved row would appear with NULLs instead.
    let keeps_left = !matches!(join.join_type, JoinType::Right | JoinType::Full);
    let keeps_right = !matches!(join.join_type, JoinType::Left | JoinType::Full);
    let there = |input: &LogicalPlan, at: usize| at < input.schema().fields().len();
    match (left, right) {
        (Some(at), _)
            if there(&join.left, at) && (keeps_left || direction == KeyDirection::Gives) =>
        {
            find_column_sources(&join.left, at, direction)
        }
        (_, Some(at))
            if there(&join.right, at) && (keeps_right || direction == KeyDirection::Gives) =>
        {
            find_column_sources(&join.right, at, direction)
        }
        _ => Vec::new(),
    }
}
