//! Steps from the question to its first row. The permit is in the log before any row is read.

use crate::answer::answer_end::AnswerEnd;
use crate::answer::bound_reservation::BoundReservation;
use crate::answer::budget_meter::AnswerMeter;
use crate::answer::concurrency::QueryPermit;
use crate::answer::decision_epoch::{PermittedQuery, current_standing, decide_and_record};
use crate::answer::incoming_query::{AnswerError, IncomingQuery, QueryCaller};
use crate::answer::query_execution::QueryExecution;
use crate::answer::running_queries::{CallerKind, QueryArrival, RunningQueryGuard};
use crate::answer::worker_tasks::PermittedRead;
use crate::answer::{presented_attributes, worker_tasks};
use crate::contract::prepaid_balances::BalanceReservation;
use crate::contract::quota_budget::BudgetReservation;
use crate::participant::Connector;
use crate::receipt::issuance::AdmittedQuery;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_enforcement::bound_plan::BoundPlan;
use hansa_enforcement::permitted_plan::apply;
use hansa_policy::contract::DatasetGrant;
use hansa_policy::decision::PermitDecision;
use hansa_policy::id::{ContractId, DatasetId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::query_request::{BufferCompression, QueryRequestEnvelope};
use hansa_proto::receipt::LogLeaf;
use hansa_query::answer::frames::{AnswerFrames, FrameCompression, stream_answer_frames};
use hansa_query::execute::cancellation::CancellationSignal;
use hansa_query::execute::execute_among;
use hansa_query::execute::query_resources::QueryResources;
use hansa_query::execute::stages::workers::QueryPlacement;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tracing::{Instrument as _, Span};

/// Facts about a running answer.
pub(super) struct RunningAnswer {
    pub(super) frames: AnswerFrames<AnswerMeter>,
    pub(super) place: RunningQueryGuard,
    pub(super) watch: CancellationSignal,
    pub(super) end: AnswerEnd,
    /// Time limit of the whole answer, including the time that its reader takes.
    pub(super) time: Duration,
    pub(super) facts: AdmittedQuery,
    pub(super) permit: Option<QueryPermit>,
    /// Arrival of the question on the monotonic clock, in microseconds.
    pub(super) begun: i64,
    /// Place of execution, if workers are configured. Only the participant's own users see it.
    pub(super) placement: Option<QueryPlacement>,
}

/// Opens an answer: takes a question to the point where its first row can be computed.
pub(super) async fn open_answer(
    connector: &Arc<Connector>,
    posed: &IncomingQuery,
) -> Result<RunningAnswer, AnswerError> {
    let ask = &posed.asking.ask;
    let asker = posed.asker.id();
    check_intake(&connector.queries, &posed.caller)?;
    let permit = match &posed.caller {
        QueryCaller::Peer(peer) => {
            connector.trusted_clock()?;
            connector.check_not_forked(peer.id())?;
            Some(connector.peer_query_permit(peer.id())?)
        }
        QueryCaller::Web => {
            connector.trusted_clock()?;
            Some(connector.query_permit()?)
        }
        // The parts of one question of an own user share the slot of the query client.
        QueryCaller::House => None,
    };
    // After the slot is taken: a shutdown of the connector then either waits for this question or closes the intake before this
    // check.
    check_intake(&connector.queries, &posed.caller)?;
    if !connector.first_time(ask.request, asker)? {
        return Err(Refusal::new(
            ErrorCode::RequestIdReused,
            "a question with this identity was already asked",
        )
        .into());
    }
    // From here on, a withdrawal or an expulsion cuts the answer while it is opened. The steps below find earlier ones.
    let (place, watch) =
        connector
            .queries
            .running
            .register_query(ask.request, asker, ask.contracts.clone());
    place.note_arrival(QueryArrival {
        caller: match &posed.caller {
            QueryCaller::Peer(_) => CallerKind::Peer,
            QueryCaller::House => CallerKind::House,
            QueryCaller::Web => CallerKind::Web,
        },
        purpose: ask.purpose.clone(),
        begun: posed.begun,
    });
    let PermittedQuery {
        recorded,
        known,
        holdings,
        whole,
        credentials,
        groups,
        plan_digest,
        planned,
        tools,
    } = decide_and_record(connector, posed, &place, &watch)
        .instrument(tracing::info_span!("decide"))
        .await?;
    let receipt = recorded.receipt();
    let leaf = LogLeaf {
        index: receipt.index(),
        hash: receipt.leaf(),
    };
    let facts = AdmittedQuery {
        request: ask.request,
        consumer: asker.clone(),
        reads: list_read_datasets(&recorded, &known.snapshots),
        request_digest: Digest::of(&hansa_proto::peer::query_request::to_ticket(&posed.asking)),
        sql_commit: posed.commit,
        plan_digest,
        admitted_at: receipt.time(),
        leaf,
    };
    note_reads(&facts.reads);
    let meter = AnswerMeter {
        connector: Arc::clone(connector),
        budgets: recorded.budgets().to_vec(),
        reserve: BudgetReservation::new(asker.clone(), receipt.time()),
        charges: recorded.prepaid_charges().to_vec(),
        draft: BalanceReservation::default(),
        bound: BoundReservation::after_permit(connector.ticks()),
        request: ask.request,
        opened: leaf.index,
        rates: recorded.rates().to_vec(),
        watch: watch.clone(),
        sent_rows: place.sent_rows(),
    };
    let cut = recorded.cut_refusal();
    let slowest = recorded.rates().iter().map(|(_, rows)| *rows).min();
    let mut limits = connector.query_limits();
    if let Some(rows) = slowest.and_then(|rows| usize::try_from(rows).ok()) {
        // A message holds at most the rows of one second.
        limits.batch_rows = limits.batch_rows.min(rows.max(1));
    }
    if let Some(deadline) = posed.asking.deadline {
        limits.time = limits.time.min(deadline);
    }
    let permitted = PermittedRead {
        ruled: &recorded,
        planned,
        tenant: known.tenant.as_deref(),
        holdings: holdings.as_ref(),
        limits: &limits,
    };
    // Workers read only whole snapshots.
    let among_workers = match whole {
        true => worker_tasks::find_workers(connector, posed, permitted),
        false => None,
    };
    let (staging, placement) = match among_workers {
        None => (None, Arc::default()),
        Some(Ok(staging)) => {
            let placement = Arc::clone(&staging.placement);
            (Some(staging), placement)
        }
        Some(Err(why)) => (None, Arc::new(OnceLock::from(QueryPlacement::Home(why)))),
    };
    let permitted =
        apply(recorded, &tools).map_err(|failure| AnswerError::Declined(Box::new(failure)))?;
    let contracts: Vec<ContractId> = facts.reads.iter().filter_map(|(_, id, _)| *id).collect();
    let end = AnswerEnd {
        contracts: contracts.clone(),
        decided: permitted.end_instant(),
        cut,
    };
    place.set_reads(
        contracts,
        facts.reads.iter().map(|(id, _, _)| id.clone()).collect(),
    );
    // Finds an earlier expulsion. The record of the decision can also have shown that the clock is not trusted.
    if let Err(why) = current_standing(connector, posed)
        .and_then(|_| {
            presented_attributes::check_credentials(connector, posed.asker.id(), &credentials)
        })
        .and_then(|()| connector.still_listed(&groups, posed.asker.id()))
    {
        place.stop(why);
    }
    let runtime = match posed.asker.id() {
        own if *own == connector.id() => connector.queries.query_runtime.clone(),
        peer => connector.queries.query_runtime.for_participant(peer),
    };
    let resources = QueryResources {
        holdings: &holdings,
        runtime: &runtime,
        limits: &limits,
    };
    let answer = execute_among(permitted, resources, watch.clone(), staging)
        .instrument(tracing::info_span!("enforce"))
        .await
        .map_err(AnswerError::Unanswered)?;
    let placement = placement.get().cloned();
    if let Some(placement) = &placement {
        tracing::info!(name: "query.placed", %placement, "where a question runs");
    }
    Ok(RunningAnswer {
        frames: stream_answer_frames(answer, meter, choose_compression(&posed.asking)),
        place,
        watch,
        end,
        time: limits.time,
        facts,
        permit,
        begun: posed.begun,
        placement,
    })
}

/// Refuses questions of peers and of the web during a shutdown. Parts of a running question of an own user are still answered.
fn check_intake(queries: &QueryExecution, caller: &QueryCaller) -> Result<(), AnswerError> {
    match caller {
        // INVARIANT: moved-unrecorded. Nothing of the question was recorded or remembered, so the caller can ask it again.
        QueryCaller::Peer(_) | QueryCaller::Web if queries.intake.is_closed() => {
            Err(AnswerError::Moved)
        }
        QueryCaller::Peer(_) | QueryCaller::Web | QueryCaller::House => Ok(()),
    }
}

/// Adds the contracts and datasets of the question to its tracing span.
fn note_reads(reads: &[(DatasetId, Option<ContractId>, String)]) {
    let span = Span::current();
    if span.is_disabled() {
        return;
    }
    let contracts = reads
        .iter()
        .filter_map(|(_, contract, _)| contract.as_ref());
    let contracts: Vec<String> = contracts.map(ToString::to_string).collect();
    let datasets: Vec<&str> = reads.iter().map(|(id, _, _)| id.name.as_str()).collect();
    span.record("contract", contracts.join(","));
    span.record("dataset", datasets.join(","));
}

/// Datasets that the question reads, each with its contract and snapshot.
fn list_read_datasets(
    recorded: &Recorded<PermitDecision<BoundPlan>>,
    snapshots: &BTreeMap<DatasetId, String>,
) -> Vec<(DatasetId, Option<ContractId>, String)> {
    let grants = recorded.active_contracts().grants();
    recorded
        .effects()
        .keys()
        .map(|id| {
            let contract = grants.get(id).and_then(DatasetGrant::contract);
            let snapshot = snapshots.get(id).cloned().unwrap_or_default();
            (id.clone(), contract, snapshot)
        })
        .collect()
}

fn choose_compression(asking: &QueryRequestEnvelope) -> FrameCompression {
    if asking.accept.contains(&BufferCompression::Zstd) {
        FrameCompression::Zstd
    } else if asking.accept.contains(&BufferCompression::Lz4) {
        FrameCompression::Lz4
    } else {
        FrameCompression::Plain
    }
}
