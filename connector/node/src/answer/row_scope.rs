//! Rows of an answer: all rows, rows since an earlier answer, or rows at an instant.

use crate::answer::incoming_query::IncomingQuery;
use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::{AnswerBody, RecordBody};
use hansa_audit_log::time::UtcTimestamp;
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_policy::contract::Requester;
use hansa_policy::decision::PermitDecision;
use hansa_policy::decision::query_shape::QueryShape as _;
use hansa_policy::decision::resolved_row_scope::ResolvedRowScope;
use hansa_policy::decision::row_scope::NoNewDataDecision;
use hansa_policy::id::{DatasetId, RequestId};
use hansa_policy::query_request;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::answer::sealed_answer::StreamOutcome;
use hansa_query::snapshot::Snapshot;
use hansa_query::snapshot::change::SnapshotChange;
use hansa_query::snapshot::registry::SnapshotSet;
use hansa_query::sql::monotonicity;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Snapshots that a question may read, with its row scope.
pub(super) struct ReadSet<'q> {
    connector: &'q Connector,
    holdings: Arc<SnapshotSet>,
    /// True if all rows of the snapshots are read.
    whole: bool,
    scope: AnswerRowScope,
    sql: &'q str,
}

enum AnswerRowScope {
    All,
    Since(EarlierAnswer),
    AsOf(UtcTimestamp),
}

/// Completed earlier answer, from the log.
struct EarlierAnswer {
    permit: u64,
    mark: String,
    snapshots: BTreeMap<String, String>,
}

/// Rows that the answer covers.
pub(super) enum RowSelection {
    /// The rows in the holdings.
    These(Box<PermitDecision<BoundPlan>>),
    /// No rows: nothing came since the earlier answer.
    None(Box<NoNewDataDecision>),
}

impl<'q> ReadSet<'q> {
    /// Looks up the row scope of the question.
    ///
    /// # Errors
    /// `NOT_CONTINUED` if no completed answer of that request to this caller exists.
    pub(super) fn from_query(
        connector: &'q Connector,
        posed: &'q IncomingQuery,
        holdings: &Arc<SnapshotSet>,
    ) -> Result<Self, Refusal> {
        let ask = &posed.asking.ask;
        let scope =
            match ask.rows {
                query_request::RowScope::All => AnswerRowScope::All,
                query_request::RowScope::Since(request) => AnswerRowScope::Since(
                    find_earlier_answer(&connector.records, request, &posed.asker)?,
                ),
                query_request::RowScope::AsOf(at) if at > connector.now() => {
                    let sentence = format!("{at} is still to come, and what will be there then");
                    return Err(Refusal::new(ErrorCode::AsOfUnavailable, sentence));
                }
                query_request::RowScope::AsOf(at) => AnswerRowScope::AsOf(at),
            };
        Ok(Self {
            connector,
            holdings: Arc::clone(holdings),
            whole: true,
            scope,
            sql: &ask.sql,
        })
    }

    /// Applies the row scope to a decision before the decision is recorded.
    ///
    /// # Errors
    /// `NOT_CONTINUED`, `AS_OF_UNAVAILABLE`.
    pub(super) fn apply_scope(
        &mut self,
        ruled: PermitDecision<BoundPlan>,
    ) -> Result<RowSelection, Refusal> {
        let mark = ruled.query_mark(&self.connector.datasets.schema_secret, self.sql);
        let part = match &self.scope {
            AnswerRowScope::All => ResolvedRowScope::default(),
            AnswerRowScope::AsOf(at) => {
                let at = *at;
                self.as_of(&ruled, at)?;
                ResolvedRowScope {
                    as_of: Some(at),
                    ..ResolvedRowScope::default()
                }
            }
            AnswerRowScope::Since(earlier) => {
                let refused = |what: &str| Err(Refusal::new(ErrorCode::NotContinued, what));
                // INVARIANT: goes-on. With an equal question and equal effects on each row, the rows that came since are all new
                // rows.
                if earlier.mark != mark.to_string() {
                    return refused(
                        "the question, its purpose, its contract or the columns and rows that it shows have changed since the earlier answer",
                    );
                }
                if !ruled.stands_still() || !monotonicity::is_steady(ruled.question().plan()) {
                    return refused(
                        "the answer depends on the time of the question, even over the same rows",
                    );
                }
                let (after, grown) = find_new_rows(&ruled, earlier, &self.holdings)?;
                if grown.is_empty() {
                    self.connector.limits.concurrency.count_poll(
                        ruled.active_contracts().asker().id(),
                        self.connector.ticks(),
                    )?;
                    let quiet = Box::new(ruled.no_new_data(earlier.permit));
                    return Ok(RowSelection::None(quiet));
                }
                ruled.is_row_by_row(ErrorCode::NotContinued)?;
                if !monotonicity::is_additive(ruled.question().plan()) {
                    return refused(
                        "the question combines rows, so new rows change the whole answer",
                    );
                }
                let follows = Some(earlier.permit);
                self.narrow_holdings(grown);
                ResolvedRowScope {
                    follows,
                    after,
                    as_of: None,
                }
            }
        };
        Ok(RowSelection::These(Box::new(
            ruled.with_row_scope(mark, part),
        )))
    }

    /// Returns the snapshots, and true if all their rows are read.
    pub(super) fn into_holdings(self) -> (Arc<SnapshotSet>, bool) {
        (self.holdings, self.whole)
    }

    fn as_of(
        &mut self,
        ruled: &PermitDecision<BoundPlan>,
        at: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let mut then = BTreeMap::new();
        for dataset in ruled.question().used_columns().keys() {
            let Some(snapshot) = self.holdings.get(dataset) else {
                continue;
            };
            let Some(as_of) = snapshot.as_of(at) else {
                let sentence = format!("`{}` can't be shown as it was at {at}", dataset.name);
                return Err(
                    Refusal::new(ErrorCode::AsOfUnavailable, sentence).with_help(format!(
                        "what is shown of it was published at {}",
                        snapshot.dataset.published_at
                    )),
                );
            };
            if as_of.files != snapshot.files {
                ruled.is_row_by_row(ErrorCode::AsOfUnavailable)?;
                then.insert(dataset.clone(), Arc::new(as_of));
            }
        }
        self.narrow_holdings(then);
        Ok(())
    }

    fn narrow_holdings(&mut self, snapshots: BTreeMap<DatasetId, Arc<Snapshot>>) {
        if snapshots.is_empty() {
            return;
        }
        let mut holdings = SnapshotSet::clone(&self.holdings);
        holdings.extend(snapshots);
        self.holdings = Arc::new(holdings);
        self.whole = false;
    }
}

type NewSnapshots = BTreeMap<DatasetId, Arc<Snapshot>>;

/// Returns the publication of each dataset that the earlier answer read, and the rows since then. Both maps are empty if no dataset
/// has new rows.
fn find_new_rows(
    ruled: &PermitDecision<BoundPlan>,
    earlier: &EarlierAnswer,
    holdings: &SnapshotSet,
) -> Result<(BTreeMap<DatasetId, String>, NewSnapshots), Refusal> {
    let mut after = BTreeMap::new();
    let mut grown = NewSnapshots::new();
    let mut came = false;
    for dataset in ruled.question().used_columns().keys() {
        let label = earlier.snapshots.get(&dataset.to_string());
        let (Some(snapshot), Some(label)) = (holdings.get(dataset), label) else {
            return Err(unknown_answer_refusal());
        };
        let rest = match snapshot.compare_with_label(label) {
            SnapshotChange::Same => snapshot.without_rows(),
            SnapshotChange::Grown(rest) => {
                came = true;
                *rest
            }
            SnapshotChange::Another => {
                let sentence = format!(
                    "`{}` was published anew, and did not only grow",
                    dataset.name
                );
                return Err(Refusal::new(ErrorCode::NotContinued, sentence));
            }
        };
        after.insert(dataset.clone(), label.clone());
        grown.insert(dataset.clone(), Arc::new(rest));
    }
    if came {
        Ok((after, grown))
    } else {
        Ok((BTreeMap::new(), NewSnapshots::new()))
    }
}

/// Finds the caller's earlier answer to `request`. An answer to another caller counts as unknown.
fn find_earlier_answer(
    records: &RecordKeeping,
    request: RequestId,
    asker: &Requester,
) -> Result<EarlierAnswer, Refusal> {
    let found = run_waiting(|| {
        records.index(|state| state.answer_to(&request.to_string(), asker.id().as_str()))
    })?;
    let Some((permit, Some(closed))) = found else {
        return Err(unknown_answer_refusal());
    };
    let record = |index: u64| -> Result<Record, Refusal> {
        let record = run_waiting(|| records.log.get(index));
        record.ok().flatten().ok_or_else(unknown_answer_refusal)
    };
    let (permit_body, close) = (
        hansa_audit_store::read_body(&record(permit)?)?,
        hansa_audit_store::read_body(&record(closed)?)?,
    );
    if close.outcome() != Some(StreamOutcome::Done.as_str()) {
        return Err(Refusal::new(
            ErrorCode::NotContinued,
            "the earlier answer did not end completely",
        ));
    }
    let RecordBody::Answer(AnswerBody::Permit(earlier)) = permit_body else {
        return Err(unknown_answer_refusal());
    };
    let mark = earlier.mark.filter(|_| earlier.as_of.is_none());
    let read = earlier.datasets.into_iter();
    Ok(EarlierAnswer {
        permit,
        mark: mark.ok_or_else(unknown_answer_refusal)?,
        snapshots: read
            .filter_map(|entry| Some((entry.id, entry.snapshot?)))
            .collect(),
    })
}

fn unknown_answer_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::NotContinued,
        "no earlier answer is known here that this question could continue",
    )
}
