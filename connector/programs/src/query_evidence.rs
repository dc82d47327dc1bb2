//! Requests and receipts that prove an answer.

use hansa_node::participant::Connector;
use hansa_node::question::peer_query_client::PeerQueryClient;
use hansa_policy::refusal::Refusal;
use hansa_query::federation::federated_answer::ParticipantReport;
use hansa_transport::{AnswerEvidence, AnsweredRequest};
use std::sync::Arc;

/// Results of the parts of a question.
pub(crate) struct QueryEvidence {
    pub(crate) connector: Arc<Connector>,
    pub(crate) query_client: Arc<PeerQueryClient>,
    pub(crate) report: ParticipantReport,
}

impl AnswerEvidence for QueryEvidence {
    fn requests(&self) -> Result<Vec<AnsweredRequest>, Refusal> {
        let came = self.query_client.answered_results();
        let mut requests = Vec::new();
        for outcome in self.report.outcomes() {
            let Some(part) = came.get(&outcome.remote_query.number) else {
                continue;
            };
            let (request, peer) = (part.request.to_string(), &outcome.remote_query.participant);
            let index = &self.connector.records;
            let receipt = index.index(|state| state.receipt_of(&request, peer))?;
            requests.push(AnsweredRequest {
                participant: peer.domain().to_owned(),
                request,
                receipt: receipt.and_then(|row| row.file),
            });
        }
        Ok(requests)
    }
}
