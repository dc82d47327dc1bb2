//! Incoming question, its caller, and the errors of an answer.

use crate::participant::Connector;
use crate::process::randomness::random_bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::Recorded;
use hansa_policy::contract::{ContractStatus, Requester};
use hansa_policy::decision::row_scope::NoNewDataDecision;
use hansa_policy::decision::{PendingRefusal, RefusedQuery};
use hansa_policy::peer::VerifiedPeer;
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_query::execute::UnansweredQuery;

/// Caller of a question, before any contract is checked.
#[derive(Debug, Clone)]
pub enum QueryCaller {
    /// Peer, verified at this request.
    Peer(VerifiedPeer),
    /// User of this participant.
    House,
    /// Anonymous web client under one open public view.
    Web,
}

/// Question as it arrived.
pub(super) struct IncomingQuery {
    pub(super) caller: QueryCaller,
    pub(super) asker: Requester,
    pub(super) asking: QueryRequestEnvelope,
    /// Salted commitment to the SQL text. The log holds the commitment instead of the text.
    pub(super) commit: Digest,
    pub(super) salt: [u8; 16],
    /// Arrival on the monotonic clock, in microseconds.
    pub(super) begun: i64,
}

impl IncomingQuery {
    pub(super) fn new(
        connector: &Connector,
        caller: QueryCaller,
        asking: QueryRequestEnvelope,
    ) -> Self {
        let asker = match &caller {
            QueryCaller::Peer(peer) => Requester::Peer(peer.clone()),
            QueryCaller::House => Requester::House(connector.id()),
            QueryCaller::Web => Requester::Web(connector.id()),
        };
        let salt: [u8; 16] = random_bytes();
        let commit = Digest::of_parts(&[&salt, asking.ask.sql.as_bytes()]);
        Self {
            caller,
            asker,
            asking,
            commit,
            salt,
            begun: connector.ticks(),
        }
    }

    /// Checks that the caller holds a contract in force with this participant.
    pub(super) fn is_under_contract(&self, connector: &Connector) -> bool {
        let (now, asker) = (connector.now(), self.asker.id());
        connector.contracts.with_registry(|registry| {
            let mut taken = registry.taken_by(asker, now);
            taken.any(|(_, _, status)| status == ContractStatus::InForce)
        })
    }

    /// Returns the part of the question that a refusal record holds.
    pub(super) fn to_refused_query(&self) -> RefusedQuery {
        let ask = &self.asking.ask;
        RefusedQuery::new(
            &self.asker,
            ask.request,
            ask.contracts.clone(),
            ask.purpose.clone(),
            self.commit,
        )
    }
}

/// Reason why a question has no answer.
pub(super) enum AnswerError {
    Refused(Refusal),
    Declined(Box<PendingRefusal>),
    Unanswered(UnansweredQuery),
    /// No rows came since the earlier answer.
    Quiet(Box<Recorded<NoNewDataDecision>>),
    /// A stop changed the grounds of the decision before its permit was recorded.
    Overtaken,
    Closed,
    /// The connector is shutting down. Nothing of the question is in the log.
    Moved,
}

impl From<Refusal> for AnswerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
