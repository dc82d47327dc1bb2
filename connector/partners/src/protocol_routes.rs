//! Routes of the protocol and their answers (Dataspace Protocol 2025-1, sections 5.2, 7.2, 9.2 and 11.2).

use crate::negotiation_messages::NegotiationInput;
use crate::partner::Partner;
use crate::process_engine::ProcessEngine;
use crate::process_terms::ProcessTerms;
use crate::request_fault::{Answered, RequestFault};
use crate::transfer_messages::TransferInput;
use async_trait::async_trait;
use hansa_dataspace::{
    CatalogRequest, DataFlowState, DataService, ErrorKind, PROTOCOL_VERSION, ProtocolVersion,
    PublishedCatalog, PublishedDataset, TransferState, VersionList,
};
use hansa_node::process::run_to_completion::to_the_end;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::{DataspaceHandler, DataspaceRequest, DataspaceResponse, PartnerKey};
use std::net::IpAddr;
use std::sync::Arc;

/// Most bytes of a partner's message, and so of the stored parts of it.
const MESSAGE: usize = 64 * 1024;

/// Datasets on one page of a catalog.
const PAGE: usize = 100;

#[async_trait]
impl<T: ProcessTerms> DataspaceHandler for ProcessEngine<T> {
    fn versions(&self) -> Vec<u8> {
        let list = VersionList {
            versions: vec![ProtocolVersion {
                version: PROTOCOL_VERSION.to_owned(),
                path: "/2025-1".to_owned(),
                binding: "HTTPS".to_owned(),
                service_id: None,
                identifier_type: None,
                auth: None,
            }],
        };
        list.to_json().to_string().into_bytes()
    }

    fn identify(
        &self,
        authorization: Option<&str>,
        address: Option<IpAddr>,
        path: &[String],
    ) -> Result<PartnerKey, Refusal> {
        let stranger = || {
            Refusal::new(
                ErrorCode::TokenRequired,
                "no token of a partner was presented",
            )
        };
        if let Some(plane) = self.terms.identify_control_plane(authorization, path) {
            return Ok(PartnerKey::ControlPlane(plane));
        }
        let authorization = authorization.ok_or_else(stranger)?;
        if let Some(name) = self.terms.identify_partner(authorization, address) {
            return Ok(PartnerKey::Partner(name));
        }
        let token = authorization
            .strip_prefix("Bearer ")
            .unwrap_or(authorization);
        let digest = hansa_audit_log::digest::Digest::of(token.as_bytes()).to_string();
        let is_its = |token: &Option<String>| token.as_deref() == Some(digest.as_str());
        self.transfers
            .find(|process| is_its(&process.token))
            .or_else(|| self.flows.find(|flow| is_its(&flow.token)))
            .map(|process| PartnerKey::Transfer {
                process,
                token: digest,
            })
            .ok_or_else(stranger)
    }

    async fn handle_request(
        &self,
        key: &PartnerKey,
        request: DataspaceRequest,
    ) -> DataspaceResponse {
        let Some(engine) = self.upgrade_self() else {
            return DataspaceResponse::json(404, Vec::new());
        };
        let key = key.clone();
        // The steps of a message complete even if the caller is gone.
        let answered =
            to_the_end(async move { Ok(engine.answer_request(&key, request).await) }).await;
        answered.unwrap_or_else(|refusal| {
            tracing::error!(%refusal, "dataspace.panicked");
            DataspaceResponse::json(500, Vec::new())
        })
    }
}

/// Token that a caller presents for the rows of a transfer or a data flow.
#[derive(Clone, Copy)]
struct TransferToken<'a> {
    /// Process of the transfer or the data flow.
    pid: &'a str,
    token: &'a str,
}

impl<T: ProcessTerms> ProcessEngine<T> {
    async fn answer_request(
        &self,
        key: &PartnerKey,
        request: DataspaceRequest,
    ) -> DataspaceResponse {
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let path = match path.as_slice() {
            [rest @ .., ""] => rest,
            path => path,
        };
        let nothing = || DataspaceResponse::json(404, Vec::new());
        let name = match key {
            PartnerKey::Transfer { process, token } => {
                if request.is_post || path != ["data", process.as_str()] {
                    return nothing();
                }
                let transfer = TransferToken {
                    pid: process,
                    token,
                };
                return self.rows_of(transfer, &request).await;
            }
            PartnerKey::ControlPlane(_) if request.body.len() > MESSAGE => {
                return RequestFault::new(413, "the message is too long").plain_response();
            }
            PartnerKey::ControlPlane(name) => {
                return match (path, self.upgrade_self()) {
                    (["dataflows", path @ ..], Some(engine)) => {
                        engine.answer_control_plane(name, path, &request).await
                    }
                    _ => nothing(),
                };
            }
            PartnerKey::Partner(name) => name,
        };
        let Some(partner) = self.terms.partner(name) else {
            return nothing();
        };
        let Some(engine) = self.upgrade_self() else {
            return nothing();
        };
        let ["2025-1", path @ ..] = path else {
            return nothing();
        };
        if request.body.len() > MESSAGE {
            return RequestFault::new(413, "the message is too long")
                .into_error_response(ErrorKind::Negotiation);
        }
        let (kind, answered) = match (path, request.is_post) {
            (["catalog", "request"], true) => match self.catalog_response(&partner, &request).await
            {
                Ok(response) => return response,
                Err(fault) => (ErrorKind::Catalog, Err(fault)),
            },
            (["catalog", "datasets", id], false) => match self.dataset_response(&partner, id).await
            {
                Ok(response) => return response,
                Err(fault) => (ErrorKind::Catalog, Err(fault)),
            },
            (["negotiations", "request"], true) => (
                ErrorKind::Negotiation,
                engine
                    .handle_contract_request(&partner, &request.body)
                    .await,
            ),
            (["negotiations", "offers"], true) => (
                ErrorKind::Negotiation,
                engine.handle_contract_offer(&partner, &request.body).await,
            ),
            (["negotiations", pid], false) => {
                let told = self.negotiation_of(&partner, pid).and_then(|process| {
                    process.ack().ok_or_else(|| {
                        RequestFault::unknown_subject("there is no such negotiation")
                    })
                });
                (ErrorKind::Negotiation, told.map(Answered::Negotiation))
            }
            (["negotiations", pid, rest @ ..], true) => {
                let Some(input) = NegotiationInput::read(rest, &request.body) else {
                    return nothing();
                };
                let answered = match input {
                    Ok(input) => {
                        engine
                            .handle_negotiation_message(&partner, pid, input)
                            .await
                    }
                    // Only the owner of the process learns whether the message is readable.
                    Err(fault) => Err(self.negotiation_of(&partner, pid).err().unwrap_or(fault)),
                };
                (ErrorKind::Negotiation, answered)
            }
            (["transfers", "request"], true) => (
                ErrorKind::Transfer,
                engine.transfer_requested(&partner, &request.body).await,
            ),
            (["transfers", pid], false) => {
                let told = self.transfer_of(&partner, pid).and_then(|process| {
                    process
                        .ack()
                        .ok_or_else(|| RequestFault::unknown_subject("there is no such transfer"))
                });
                (ErrorKind::Transfer, told.map(Answered::Transfer))
            }
            (["transfers", pid, last], true) => {
                let Some(input) = TransferInput::read(last, &request.body) else {
                    return nothing();
                };
                let answered = match input {
                    Ok(input) => engine.handle_transfer_message(&partner, pid, input).await,
                    Err(fault) => Err(self.transfer_of(&partner, pid).err().unwrap_or(fault)),
                };
                (ErrorKind::Transfer, answered)
            }
            _ => return nothing(),
        };
        match answered {
            Ok(Answered::Nothing) => DataspaceResponse::json(200, Vec::new()),
            Ok(Answered::Negotiation(ack)) => {
                DataspaceResponse::json(200, ack.to_json().to_string().into_bytes())
            }
            Ok(Answered::NegotiationMade(ack)) => {
                DataspaceResponse::json(201, ack.to_json().to_string().into_bytes())
            }
            Ok(Answered::Transfer(ack)) => {
                DataspaceResponse::json(200, ack.to_json().to_string().into_bytes())
            }
            Ok(Answered::TransferMade(ack)) => {
                DataspaceResponse::json(201, ack.to_json().to_string().into_bytes())
            }
            Err(fault) => {
                let refused = self.record_refusal(&partner, path, &request.body, fault.reason());
                match refused.await {
                    Ok(()) => fault.into_error_response(kind),
                    Err(refusal) => RequestFault::from_refusal(refusal).into_error_response(kind),
                }
            }
        }
    }

    /// Rows of the transfer or data flow with a valid token. The token is checked before the rows are requested, and again before
    /// the first row is sent.
    async fn rows_of(
        &self,
        transfer: TransferToken<'_>,
        request: &DataspaceRequest,
    ) -> DataspaceResponse {
        let TransferToken { pid, token } = transfer;
        let stands = || {
            let transfer = self.transfers.get(pid).filter(|process| {
                process.current_state() == Some(TransferState::Started)
                    && process.token.as_deref() == Some(token)
            });
            let flow = self.flows.get(pid).filter(|flow| {
                flow.current_state() == Some(DataFlowState::Started)
                    && flow.token.as_deref() == Some(token)
            });
            (transfer, flow)
        };
        let answered = match stands() {
            (Some(process), _) => self.terms.transfer_rows(process.subject(), request).await,
            (None, Some(flow)) => match self.terms.flow_ends(&flow) {
                Some(why) => {
                    let body = serde_json::json!({"code": why.code.as_str()});
                    return DataspaceResponse::json(403, body.to_string().into_bytes());
                }
                None => self.terms.transfer_rows(flow.subject(), request).await,
            },
            (None, None) => return DataspaceResponse::json(404, Vec::new()),
        };
        match stands() {
            (None, None) => DataspaceResponse::json(404, Vec::new()),
            _ => answered,
        }
    }

    fn data_service(&self) -> DataService {
        DataService {
            id: format!(
                "urn:hansa:service:{}",
                hansa_audit_log::digest::Digest::of(self.terms.own_id().as_bytes()).to_short_text()
            ),
            endpoint: self.terms.base_address(),
        }
    }

    /// One page of the offers to a partner. Only an empty filter is supported.
    async fn catalog_response(
        &self,
        partner: &Partner,
        request: &DataspaceRequest,
    ) -> Result<DataspaceResponse, RequestFault> {
        let asked = CatalogRequest::read(&request.body).map_err(RequestFault::of)?;
        self.record_look(partner, "catalog request", &request.body)
            .await?;
        let datasets = self
            .terms
            .datasets(partner)
            .await
            .map_err(RequestFault::from_refusal)?;
        let number = |name: &str| -> Result<Option<usize>, RequestFault> {
            let text = request.parameters.get(name);
            text.map(|text| {
                text.parse()
                    .map_err(|_| RequestFault::bad_request(format!("`{name}` is no number")))
            })
            .transpose()
        };
        let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let from = number("from")?.unwrap_or_else(|| asked.offset.map_or(0, size));
        let most = asked.limit.map_or(PAGE, size).clamp(1, PAGE);
        let page: Vec<PublishedDataset> = datasets.iter().skip(from).take(most).cloned().collect();
        let catalog = PublishedCatalog {
            id: format!(
                "urn:hansa:catalogue:{}",
                hansa_audit_log::digest::Digest::of(self.terms.own_id().as_bytes()).to_short_text()
            ),
            participant_id: self.terms.own_id(),
            service: self.data_service(),
            datasets: page,
        };
        let mut response = DataspaceResponse::json(200, catalog.to_json().to_string().into_bytes());
        let next = from.saturating_add(most);
        let link =
            |from: usize| format!("{}/catalog/request?from={from}", self.terms.base_address());
        if next < datasets.len() {
            response.links.push(("next", link(next)));
        }
        if from > 0 {
            response
                .links
                .push(("previous", link(from.saturating_sub(most))));
        }
        Ok(response)
    }

    async fn dataset_response(
        &self,
        partner: &Partner,
        id: &str,
    ) -> Result<DataspaceResponse, RequestFault> {
        self.record_look(partner, "dataset request", id.as_bytes())
            .await?;
        let datasets = self
            .terms
            .datasets(partner)
            .await
            .map_err(RequestFault::from_refusal)?;
        let found = datasets.iter().find(|dataset| dataset.id == id);
        let found = found.and_then(|dataset| dataset.to_json(&self.data_service()));
        let found =
            found.ok_or_else(|| RequestFault::unknown_subject("there is no such dataset"))?;
        Ok(DataspaceResponse::json(200, found.to_string().into_bytes()))
    }

    /// Strong reference to itself, for work that outlives a request.
    fn upgrade_self(&self) -> Option<Arc<Self>> {
        self.own.upgrade()
    }
}
