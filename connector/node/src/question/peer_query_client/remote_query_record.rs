//! Record of a remote query before it is sent.

use crate::log::audit_event::{list_texts, optional_text};
use crate::participant::Connector;
use crate::process::randomness::random_bytes;
use crate::question::peer_query_client::key_disclosure;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::ledger::{Evidence, LedgerError, Recorded};
use hansa_audit_log::record::answers::{DatasetEntry, SentKeys};
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_store::epoch::DecisionValidity;
use hansa_policy::id::{ParticipantId, RequestId};
use hansa_policy::refusal::Refusal;
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_query::federation::remote_query::RemoteQuery;
use hansa_transport::peer::client::QueryRecord;

/// Record of a remote query that is about to be sent.
#[derive(Debug, Clone)]
pub(super) struct RemoteQueryRecord {
    pub(super) asking: QueryRequestEnvelope,
    pub(super) participant: ParticipantId,
    pub(super) datasets: Vec<String>,
    /// Disclosed values of others.
    pub(super) keys: Vec<SentKeys>,
    /// Pseudonym of the person; `None` within a command's own process.
    pub(super) actor: Option<String>,
    /// ID of the presented access token; absent at the local socket.
    pub(super) access_token: Option<String>,
    /// Previous request of the question, whose answer broke off before its first row.
    pub(super) repeats: Option<RequestId>,
}

/// Most checks of the disclosure when stops come before the record.
const AGAIN: usize = 3;

impl RemoteQueryRecord {
    /// Records the remote query. The contracts of disclosed values permit the disclosure at that place in the log.
    ///
    /// # Errors
    /// Errors of [`key_disclosure::may_go`], or if the query can't be recorded.
    pub(super) async fn record(
        self,
        connector: &Connector,
        remote_query: &RemoteQuery,
    ) -> Result<Recorded<Self>, Refusal> {
        if remote_query.keys_sent().next().is_none() {
            return connector.record(self).await;
        }
        let mut left = AGAIN;
        loop {
            let epoch = connector.records.log.epoch().await;
            key_disclosure::may_go(connector, remote_query, &self.participant)?;
            let until = key_disclosure::earliest_contract_end(connector, remote_query);
            connector.observer.pass_decision().await;
            let sending = self.clone();
            let validity = DecisionValidity { epoch, until };
            let recorded = connector
                .records
                .log
                .record_while_valid(sending, validity, false);
            match recorded.await {
                Err(LedgerError::Overtaken) if left > 0 => left = left.saturating_sub(1),
                other => {
                    return other.map_err(|unwritable| {
                        hansa_audit_store::unwritable_log_refusal(&unwritable)
                    });
                }
            }
        }
    }
}

impl QueryRecord for RemoteQueryRecord {
    fn request_envelope(&self) -> &QueryRequestEnvelope {
        &self.asking
    }
}

impl Evidence for RemoteQueryRecord {
    fn to_record_body(&self) -> RecordBody {
        let ask = &self.asking.ask;
        let salt: [u8; 16] = random_bytes();
        hansa_audit_log::record::answers::RemoteQueryRecord {
            request_id: ask.request.to_string(),
            peer: self.participant.to_string(),
            datasets: self
                .datasets
                .iter()
                .map(|dataset| DatasetEntry {
                    id: dataset.clone(),
                    snapshot: None,
                    after: None,
                })
                .collect(),
            contracts: list_texts(&ask.contracts),
            purpose: optional_text(ask.purpose.as_ref()),
            actor: self.actor.clone(),
            sql_commit: Digest::of_parts(&[&salt, ask.sql.as_bytes()]),
            keys: self.keys.clone(),
            access_token: self.access_token.clone(),
            repeats: optional_text(self.repeats),
        }
        .into()
    }
}
