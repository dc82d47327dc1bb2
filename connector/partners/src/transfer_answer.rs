//! Rows of a transfer or a data flow: a question of the partner, which runs while its token is valid.

use crate::catalog_terms::CatalogTerms;
use crate::process_terms::TransferSubject;
use futures::StreamExt as _;
use hansa_node::answer;
use hansa_node::answer::incoming_query::QueryCaller;
use hansa_node::question::peer_query_client::own_answer;
use hansa_node::question::plain_columns::{cast_batch, to_plain_columns};
use hansa_policy::id::RequestId;
use hansa_policy::query_request::QueryRequest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_programs::program_handler;
use hansa_proto::peer::query_request::QueryRequestEnvelope;
use hansa_transport::ClientAnswer;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::sync::Arc;
use tokio_stream::wrappers::ReceiverStream;

impl CatalogTerms {
    /// Asks for the rows of a transfer like any question of the partner.
    pub(super) async fn ask_for_rows(
        &self,
        subject: TransferSubject<'_>,
        from: Option<IpAddr>,
    ) -> Result<ClientAnswer, Refusal> {
        let connector = &self.connector;
        let contract = self.check_in_force(subject.contract)?;
        let stranger = || {
            Refusal::new(
                ErrorCode::PartnerUnknown,
                "the configuration names no such partner",
            )
        };
        let partner = self.partner_config(subject.partner).ok_or_else(stranger)?;
        let config = connector.config();
        let partners = config
            .dataspace
            .iter()
            .flat_map(|dataspace| &dataspace.partners);
        let partners: BTreeSet<_> = partners
            .map(|partner| partner.participant.clone())
            .collect();
        let token = program_handler::transfer_token(subject.pid, contract, &partner.participant)
            .from_address(from);
        let peer = connector
            .identity
            .trust
            .recognise_partner(token, &partners, connector.now())?;
        let dataset = connector.contracts.with_registry(|registry| {
            registry
                .provided_agreement(contract, connector.now())
                .map(|agreement| agreement.dataset.id.name.clone())
        })?;
        let request = RequestId(hansa_node::process::randomness::random_bytes());
        self.note_running_query(subject.pid, request);
        let asking = QueryRequestEnvelope {
            credentials: Vec::new(),
            ask: QueryRequest {
                request,
                contracts: vec![contract],
                sql: format!("SELECT * FROM \"{dataset}\""),
                purpose: partner.purpose.clone(),
                rows: hansa_policy::query_request::RowScope::All,
            },
            deadline: Some(connector.query_limits().time),
            accept: BTreeSet::new(),
            compact_answers: true,
        };
        let delivery = answer::answer_query(connector, QueryCaller::Peer(peer), asking)
            .await
            .map_err(own_answer::to_plain_refusal)?;
        let frames = ReceiverStream::new(delivery.frames);
        let rows = own_answer::decode_rows(frames.boxed()).await?;
        let columns = to_plain_columns(&rows.schema, HashMap::new());
        let inner = Arc::clone(&columns);
        let rows = rows
            .batches
            .map(move |batch| batch.and_then(|batch| cast_batch(&batch, &inner)));
        let answer = ClientAnswer {
            columns,
            rows: rows.boxed(),
            evidence: None,
        };
        Ok(answer)
    }

    /// Adds a question to the running ones of a process, and removes the finished ones.
    fn note_running_query(&self, pid: &str, request: RequestId) {
        let running = self.connector.queries.running.list();
        let mut by_process = self.running.lock();
        by_process.retain(|_, requests| {
            requests.retain(|one| running.iter().any(|(id, _, _)| id == one));
            !requests.is_empty()
        });
        by_process.entry(pid.to_owned()).or_default().push(request);
    }
}
