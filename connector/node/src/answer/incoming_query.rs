//! A question as it was put, by whom, and where its answer fell.

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

/// Who asks, before any contract was looked at.
#[derive(Debug, Clone)]
pub enum QueryCaller {
    /// A peer, recognised at this request.
    Peer(VerifiedPeer),
    /// Our own people.
    House,
    /// Anybody on the web, under one open public view of ours.
    Web,
}

/// A question as it was put.
pub(super) struct IncomingQuery {
    pub(super) caller: QueryCaller,
    pub(super) asker: Requester,
    pub(super) asking: QueryRequestEnvelope,
    /// Commits to the SQL text under a salt: the log holds the commitment, not the text.
    pub(super) commit: Digest,
    pub(super) salt: [u8; 16],
    /// When it came, on the clock that only counts, in microseconds.
    pub(super) begun: i64,
}

impl IncomingQuery {
    pub(super) fn by(
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

    /// Whether whoever asks holds a contract with us that is in force.
    pub(super) fn is_under_contract(&self, connector: &Connector) -> bool {
        let (now, asker) = (connector.now(), self.asker.id());
        connector.contracts.with_registry(|registry| {
            let mut taken = registry.taken_by(asker, now);
            taken.any(|(_, _, status)| status == ContractStatus::InForce)
        })
    }

    /// What a refusal says of it.
    pub(super) fn to_refused_query(&self) -> RefusedQuery {
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
pub(super) enum AnswerError {
    Refused(Refusal),
    Declined(Box<PendingRefusal>),
    Unanswered(UnansweredQuery),
    /// Nothing came since the answer that it goes on from.
    Quiet(Box<Recorded<NoNewDataDecision>>),
    /// What it stands on was changed before its permit was recorded.
    Overtaken,
    Closed,
    /// The connector is being stopped; nothing of the question is in the log.
    Moved,
}

impl From<Refusal> for AnswerError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
