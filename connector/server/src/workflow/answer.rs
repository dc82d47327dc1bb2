//! Answer: identify, contract, plan, decide, record, enforce, execute, seal; the order is held by the types.

pub(super) mod answer_start;
mod budget_meter;
mod decision_epoch;
mod delivery;
pub(crate) mod dry_run;
mod presented_attributes;
mod recorded_decision;
mod request_context;
mod row_scope;
mod worker_tasks;

use crate::participant::Connector;
use crate::workflow::answer::answer_start::open;
use crate::workflow::answer::delivery::deliver;
use crate::workflow::run_to_completion::whole;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_policy::contract::{ContractStatus, Requester};
use hansa_policy::decision::row_scope::NoNewDataDecision;
use hansa_policy::decision::{PendingRefusal, RefusedQuery};
use hansa_policy::peer::VerifiedPeer;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_query::execute::UnansweredQuery;
use hansa_transport::peer_handler::{AnswerStreamFrame, QueryRejection};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Who asks, before any contract was looked at.
#[derive(Debug, Clone)]
pub(crate) enum QueryCaller {
    /// A peer, recognised at this request.
    Peer(VerifiedPeer),
    /// Our own people.
    House,
}

/// An answer under way.
pub(crate) struct AnswerDelivery {
    /// First the schema, then rows, then the receipt, which is empty for the house.
    pub(crate) frames: mpsc::Receiver<Result<AnswerStreamFrame, Refusal>>,
}

/// Answers a question. A refusal is on the books when this returns. Whoever asks and goes away in between leaves no opened
/// entry behind.
///
/// # Errors
/// The recorded refusal, or that nothing can be recorded.
pub(crate) async fn answer(
    node: &Arc<Connector>,
    caller: QueryCaller,
    asking: QueryRequestEnvelope,
) -> Result<AnswerDelivery, QueryRejection> {
    let inner = Arc::clone(node);
    let who = match &caller {
        QueryCaller::Peer(peer) => peer.id().clone(),
        QueryCaller::House => node.id(),
    };
    match whole(async move { to_the_end(&inner, caller, asking).await }).await {
        Ok(answered) => answered,
        Err(_) => {
            let refusal = Refusal::new(ErrorCode::Internal, "the answer ended unexpectedly");
            Err(node
                .decline(Some(&who), PendingRefusal::unopened(refusal, None))
                .await)
        }
    }
}

async fn to_the_end(
    node: &Arc<Connector>,
    caller: QueryCaller,
    asking: QueryRequestEnvelope,
) -> Result<AnswerDelivery, QueryRejection> {
    let posed = IncomingQuery::by(node, caller, asking);
    let fell = match open(node, &posed).await {
        Ok(opened) => {
            node.keep_text(posed.salt, &posed.asking.ask.sql);
            return Ok(deliver(node, posed.caller, opened));
        }
        Err(fell) => fell,
    };
    let asked = Some(posed.asked());
    let declined = match fell {
        AnswerError::Refused(refusal) => PendingRefusal::unopened(refusal, asked),
        AnswerError::Declined(declined) => *declined,
        AnswerError::Unanswered(UnansweredQuery {
            refusal, opened, ..
        }) => PendingRefusal::closing(opened, refusal, asked),
        AnswerError::Quiet(quiet) => return Err(QueryRejection::Quiet(*quiet)),
        AnswerError::Overtaken => PendingRefusal::unopened(overtaken(), asked),
        AnswerError::Closed => return Err(node.unheard(Some(posed.asker.id())).await),
    };
    let told = node.decline(Some(posed.asker.id()), declined).await;
    // A text stands only beside a record of its own, and somebody without a contract leaves nothing on our disk.
    if matches!(told, QueryRejection::Declined(_)) && posed.is_under_contract(node) {
        node.keep_text(posed.salt, &posed.asking.ask.sql);
    }
    Err(told)
}

/// The refusal of a question that was decided again and again, since each time something was stopped meanwhile.
fn overtaken() -> Refusal {
    Refusal::new(
        ErrorCode::StreamCut,
        "contracts, guards or members were changed again and again while the question was decided",
    )
    .with_help("ask again")
}

/// A question as it was put.
struct IncomingQuery {
    caller: QueryCaller,
    asker: Requester,
    asking: QueryRequestEnvelope,
    /// Commits to the SQL text under a salt: the log holds the commitment, not the text.
    commit: Digest,
    salt: [u8; 16],
}

impl IncomingQuery {
    fn by(node: &Connector, caller: QueryCaller, asking: QueryRequestEnvelope) -> Self {
        let asker = match &caller {
            QueryCaller::Peer(peer) => Requester::Peer(peer.clone()),
            QueryCaller::House => Requester::House(node.id()),
        };
        let salt: [u8; 16] = crate::participant::random_bytes();
        let commit = Digest::of_parts(&[&salt, asking.ask.sql.as_bytes()]);
        Self {
            caller,
            asker,
            asking,
            commit,
            salt,
        }
    }

    /// Whether whoever asks holds a contract with us that is in force.
    fn is_under_contract(&self, node: &Connector) -> bool {
        let (now, asker) = (node.now(), self.asker.id());
        node.book(|book| {
            let mut taken = book.taken_by(asker, now);
            taken.any(|(_, _, standing)| standing == ContractStatus::InForce)
        })
    }

    /// What a refusal says of it.
    fn asked(&self) -> RefusedQuery {
        let ask = &self.asking.ask;
        RefusedQuery::by(
            &self.asker,
            ask.request,
            ask.contracts.clone(),
            ask.purpose.clone(),
            self.commit,
        )
    }
}

/// Where an answer fell.
enum AnswerError {
    Refused(Refusal),
    Declined(Box<PendingRefusal>),
    Unanswered(UnansweredQuery),
    /// Nothing came since the answer that it goes on from.
    Quiet(Box<Recorded<NoNewDataDecision>>),
    /// What it stands on was changed before its permit was recorded.
    Overtaken,
    Closed,
}

impl From<Refusal> for AnswerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
