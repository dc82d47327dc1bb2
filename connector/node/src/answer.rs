//! Workflow of an answer: identify, find the contract, plan, decide, record, enforce, execute, seal. Types enforce the order of the
//! steps.

mod answer_end;
mod answer_start;
mod bound_reservation;
mod budget_meter;
pub mod cell_text;
pub mod concurrency;
mod decision_epoch;
pub(crate) mod delivery;
pub mod dry_run;
pub mod incoming_query;
pub(super) mod plan_tools;
mod presented_attributes;
pub mod query_execution;
pub mod query_intake;
pub mod query_limits;
pub(crate) mod query_texts;
mod recorded_decision;
pub(crate) mod refusal_recorder;
pub(crate) mod refused_queries;
mod request_context;
pub(crate) mod request_dedup;
mod row_scope;
pub mod running_queries;
mod worker_tasks;

use crate::answer::answer_start::open_answer;
use crate::answer::delivery::{AnswerDelivery, deliver_answer};
use crate::answer::incoming_query::{AnswerError, IncomingQuery, QueryCaller};
use crate::monitoring::connector_metrics::QueryOrigin;
use crate::participant::Connector;
use crate::process::run_to_completion::{panic_text, run_to_end};
use hansa_policy::decision::PendingRefusal;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_query::execute::UnansweredQuery;
use hansa_transport::peer_handler::QueryRejection;
use std::sync::Arc;
use tracing::Instrument as _;

/// Answers a question.
///
/// A refusal is in the log when this function returns. A caller that drops the future early leaves no opened log entry without a
/// close.
///
/// # Errors
/// The recorded refusal, or the error that nothing can be recorded.
pub async fn answer_query(
    connector: &Arc<Connector>,
    caller: QueryCaller,
    asking: QueryRequestEnvelope,
) -> Result<AnswerDelivery, QueryRejection> {
    let inner = Arc::clone(connector);
    let (who, origin) = match &caller {
        QueryCaller::Peer(peer) => (peer.id().clone(), QueryOrigin::Peer),
        QueryCaller::House | QueryCaller::Web => (connector.id(), QueryOrigin::Own),
    };
    let begun = connector.ticks();
    let work = async move { to_the_end(&inner, caller, asking).await };
    let answered = match run_to_end(work.in_current_span()).await {
        Ok(answered) => answered,
        Err(panic) => {
            let refusal = Refusal::new(ErrorCode::Internal, "the answer ended unexpectedly")
                .caused_by(panic_text(panic.as_ref()));
            Err(connector
                .record_refusal(Some(&who), PendingRefusal::from_refusal(refusal, None))
                .await)
        }
    };
    let after = connector.ticks().saturating_sub(begun);
    match &answered {
        Ok(_) => connector.metrics.count_permit(),
        Err(QueryRejection::Quiet(_)) => connector.metrics.nothing_new(origin, after),
        Err(QueryRejection::Declined(recorded)) => {
            connector
                .metrics
                .count_refusal(origin, recorded.refusal().code, after);
        }
        Err(QueryRejection::Summed(summed)) => {
            connector
                .metrics
                .count_refusal(origin, summed.refusal().code, after);
        }
        Err(QueryRejection::Closed) => {
            connector
                .metrics
                .count_refusal(origin, ErrorCode::EvidenceUnavailable, after);
        }
        Err(QueryRejection::Moved) => {
            connector
                .metrics
                .count_refusal(origin, ErrorCode::Moved, after)
        }
    }
    answered
}

async fn to_the_end(
    connector: &Arc<Connector>,
    caller: QueryCaller,
    asking: QueryRequestEnvelope,
) -> Result<AnswerDelivery, QueryRejection> {
    let posed = IncomingQuery::new(connector, caller, asking);
    let failure = match open_answer(connector, &posed).await {
        Ok(opened) => {
            connector.keep_text(posed.salt, &posed.asking.ask.sql);
            return Ok(deliver_answer(connector, posed.caller, opened));
        }
        Err(failure) => failure,
    };
    let asked = Some(posed.to_refused_query());
    let declined = match failure {
        AnswerError::Refused(refusal) => PendingRefusal::from_refusal(refusal, asked),
        AnswerError::Declined(declined) => *declined,
        AnswerError::Unanswered(UnansweredQuery {
            refusal, opened, ..
        }) => PendingRefusal::for_open_entry(opened, refusal, asked),
        AnswerError::Quiet(quiet) => return Err(QueryRejection::Quiet(*quiet)),
        AnswerError::Moved => return Err(QueryRejection::Moved),
        AnswerError::Overtaken => PendingRefusal::from_refusal(overtaken_decision_refusal(), asked),
        AnswerError::Closed => {
            return Err(connector.count_unanswered(Some(posed.asker.id())).await);
        }
    };
    let reported = connector
        .record_refusal(Some(posed.asker.id()), declined)
        .await;
    // The text is kept only beside a refusal record of its own, and only for callers with a contract: others cannot fill the disk.
    if matches!(reported, QueryRejection::Declined(_)) && posed.is_under_contract(connector) {
        connector.keep_text(posed.salt, &posed.asking.ask.sql);
    }
    Err(reported)
}

/// Refusal of a question whose decision was repeated too often. Each time, a stop came during the decision.
fn overtaken_decision_refusal() -> Refusal {
    Refusal::new(
        ErrorCode::StreamCut,
        "contracts, restrictions or members were changed again and again while the question was decided",
    )
    .with_help("ask again")
}
