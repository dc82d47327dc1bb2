//! Signals of control planes of this participant, and their answers.
//!
//! (Eclipse Data Plane Signaling 1.0-RC3, "Data Plane API"; and the messages of EDC 0.14, which predates that specification.)

use crate::data_flow::DataFlow;
use crate::message_delivery::unknown_process_refusal;
use crate::partner::Partner;
use crate::partner_process::{OutgoingMessage, PartnerProcess, fresh_id};
use crate::process_engine::ProcessEngine;
use crate::process_store::PartyName;
use crate::process_terms::{ProcessRecord, ProcessTerms};
use crate::request_fault::RequestFault;
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{
    DataAddress, DataFlowMessage, DataFlowRequest, DataFlowState, DataFlowStatus, DataFlowStep,
    EdcDataFlowStart, HTTP_PULL_FORMAT, HTTP_PULL_PROFILE, ProcessId,
};
use hansa_policy::negotiation::PartyRole;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_transport::{DataspaceRequest, DataspaceResponse};
use serde_json::{Value, json};
use std::sync::Arc;

/// Most bytes of an identity or a name in a message.
const LONGEST: usize = 2_048;

/// Request of a control plane about one flow.
struct FlowSignal {
    step: DataFlowStep,
    message: DataFlowMessage,
    digest: String,
}

impl<T: ProcessTerms> ProcessEngine<T> {
    /// Answers a control plane's request at a path below `/dsp/dataflows`.
    pub(super) async fn answer_control_plane(
        self: &Arc<Self>,
        name: &str,
        path: &[&str],
        request: &DataspaceRequest,
    ) -> DataspaceResponse {
        let nothing = || DataspaceResponse::json(404, Vec::new());
        let Some(plane) = self.terms.control_plane(name) else {
            return nothing();
        };
        let answered = match (path, request.is_post) {
            (["edc", _secret, rest @ ..], _) => self.of_edc(&plane, rest, request).await,
            ([step @ ("prepare" | "start")], true) => {
                let step = match *step {
                    "prepare" => DataFlowStep::Prepare,
                    _ => DataFlowStep::Start,
                };
                self.flow_requested(&plane, step, &request.body).await
            }
            ([id, "status"], false) => self
                .flow_of(&plane, id)
                .map(|flow| status_message(&flow, None)),
            ([id, last], true) => match DataFlowStep::of_path(last) {
                Some(step) => {
                    self.flow_step_requested(&plane, id, step, &request.body)
                        .await
                }
                None => return nothing(),
            },
            _ => return nothing(),
        };
        match answered {
            Ok(body) => DataspaceResponse::json(200, body),
            Err(fault) => {
                let refused =
                    self.record_refusal(&plane, behind_secret(path), &request.body, fault.reason());
                match refused.await {
                    Ok(()) => fault.plain_response(),
                    Err(refusal) => RequestFault::from_refusal(refusal).plain_response(),
                }
            }
        }
    }

    /// Finds a flow of a control plane by its ID there.
    fn flow_of(&self, plane: &Partner, id: &str) -> Result<DataFlow, RequestFault> {
        // INVARIANT: flows-of-others. A flow of another control plane is reported as unknown.
        let flow = self.flows.of_peer(&plane.name, id);
        flow.ok_or_else(|| RequestFault::unknown_subject("there is no such data flow"))
    }

    /// Handles the request for a new flow.
    async fn flow_requested(
        self: &Arc<Self>,
        plane: &Partner,
        step: DataFlowStep,
        bytes: &[u8],
    ) -> Result<Vec<u8>, RequestFault> {
        let asked = DataFlowRequest::read(bytes).map_err(RequestFault::of)?;
        RequestFault::check_id(asked.message_id.as_ref())?;
        if asked.participant_id != self.terms.own_id() {
            return Err(RequestFault::bad_request(
                "participantId is that of another participant",
            ));
        }
        let flow = self.open_flow(plane, step, &asked, bytes).await?;
        self.status_with_token(flow).await
    }

    /// Stores a new flow after deciding on its data.
    async fn open_flow(
        self: &Arc<Self>,
        plane: &Partner,
        step: DataFlowStep,
        asked: &DataFlowRequest,
        bytes: &[u8],
    ) -> Result<DataFlow, RequestFault> {
        if !asked.is_http_pull() {
            let sentence = format!(
                "data is pulled by HTTP here, and not given as {}",
                asked.profile
            );
            return Err(RequestFault::bad_request(sentence));
        }
        if asked.data_address.is_some() {
            return Err(RequestFault::bad_request(
                "data is pulled here: leave dataAddress out",
            ));
        }
        let texts = [
            &asked.agreement_id,
            &asked.dataset_id,
            &asked.counter_party_id,
            &asked.profile,
        ];
        if texts.iter().any(|text| text.len() > LONGEST) {
            return Err(RequestFault::bad_request(
                "an identity or a name is too long",
            ));
        }
        let callback = asked
            .callback
            .clone()
            .unwrap_or_else(|| plane.address.clone());
        let is_provider = step == DataFlowStep::Start;
        let id = asked.process_id.to_string();
        let counter_party = self.terms.partner_of(&asked.counter_party_id);
        let counter_party = counter_party.ok_or_else(|| {
            RequestFault::unknown_subject("the configuration names no partner of that identity")
        })?;
        let begun = |flow: DataFlow| {
            // A repeated request: its answer was lost, with the token in it.
            match flow.base.is_opened_by(asked.message_id.as_ref())
                && flow.base.is_provider == is_provider
                && flow.counter_party == counter_party
                && flow.agreement == asked.agreement_id
                && flow.dataset == asked.dataset_id
                && flow.profile == asked.profile
                && !flow.is_over()
            {
                true => Ok(flow),
                false => Err(RequestFault::new(
                    409,
                    "there is a data flow of that processId",
                )),
            }
        };
        let check_room = || {
            let party = PartyName {
                partner: &plane.name,
                counter_party: &counter_party,
            };
            let has_room = self.flows.has_room(party, self.terms.now().micros());
            self.check_opening(plane, &callback, has_room)
        };
        if let Some(flow) = self.flows.of_peer(&plane.name, &id) {
            return begun(flow);
        }
        check_room()?;
        let agreement = match is_provider {
            true => {
                let agreement = self.terms.flow_agreement(&plane.name, asked).await;
                Some(agreement.map_err(RequestFault::from_refusal)?)
            }
            false => None,
        };
        let _turn = self.lock_partner(&plane.name).await;
        if let Some(flow) = self.flows.of_peer(&plane.name, &id) {
            return begun(flow);
        }
        // Other requests may have come first.
        check_room()?;
        let contract = match agreement {
            Some(agreement) => {
                let contract = self.terms.flow_contract(agreement).await;
                Some(contract.map_err(RequestFault::from_refusal)?)
            }
            None => None,
        };
        let mut flow = DataFlow {
            base: PartnerProcess {
                is_provider,
                ..PartnerProcess::from_partner_message(
                    plane,
                    self.terms.now(),
                    &asked.process_id,
                    callback.clone(),
                    asked.message_id.as_ref(),
                )
            },
            counter_party: counter_party.clone(),
            agreement: asked.agreement_id.clone(),
            dataset: asked.dataset_id.clone(),
            profile: asked.profile.clone(),
            contract,
            token: None,
            data_address: None,
        };
        let role = flow.base.own_role();
        let next = DataFlowState::next(None, step, role);
        flow.enter_state(next.ok_or_else(RequestFault::internal_error)?);
        self.record_flow_request(&flow, step.name(), Digest::of(bytes).to_string())
            .await?;
        let kept = self.flows.put_process(flow.clone()).await;
        kept.map_err(RequestFault::from_refusal)?;
        Ok(flow)
    }

    /// Records the request of a control plane, with the agreement and the contract of the flow.
    async fn record_flow_request(
        &self,
        flow: &DataFlow,
        message: &'static str,
        digest: String,
    ) -> Result<(), RequestFault> {
        let record = ProcessRecord {
            given_under: Some((flow.agreement.clone(), flow.contract.clone())),
            ..ProcessRecord::for_process(&flow.base, true, message, digest)
        };
        let recorded = self.terms.record(record).await;
        recorded.map_err(RequestFault::from_refusal)
    }

    /// State of a flow, with a token if its data is served. Each answer has a new token.
    async fn status_with_token(&self, flow: DataFlow) -> Result<Vec<u8>, RequestFault> {
        let (flow, address) = self.issue_token(&flow.base).await?;
        Ok(status_message(&flow, address))
    }

    /// Draws a token for the data of a running provider flow and stores its digest.
    async fn issue_token(
        &self,
        base: &PartnerProcess,
    ) -> Result<(DataFlow, Option<DataAddress>), RequestFault> {
        let _turn = self.lock_partner(&base.partner).await;
        // The flow may have ended meanwhile.
        let flow = self.flows.get(&base.pid);
        let mut flow = flow.ok_or_else(RequestFault::internal_error)?;
        if !flow.base.is_provider || flow.current_state() != Some(DataFlowState::Started) {
            return Ok((flow, None));
        }
        let opened = self.terms.open(flow.subject()).await;
        let (address, token) = opened.map_err(RequestFault::from_refusal)?;
        let digest = token.clone().unwrap_or_default();
        self.record_flow_request(&flow, "open", digest).await?;
        flow.token = token;
        let kept = self.flows.put_process(flow.clone()).await;
        kept.map_err(RequestFault::from_refusal)?;
        let address = address.map(|address| match flow.profile.as_str() {
            HTTP_PULL_PROFILE => DataAddress {
                endpoint_type: HTTP_PULL_PROFILE.to_owned(),
                ..address
            },
            _ => address,
        });
        Ok((flow, address))
    }

    /// Handles the request for a step of an existing flow.
    async fn flow_step_requested(
        self: &Arc<Self>,
        plane: &Partner,
        id: &str,
        step: DataFlowStep,
        bytes: &[u8],
    ) -> Result<Vec<u8>, RequestFault> {
        let signal = FlowSignal {
            step,
            message: DataFlowMessage::read(bytes).map_err(RequestFault::of)?,
            digest: Digest::of(bytes).to_string(),
        };
        RequestFault::check_id(signal.message.message_id.as_ref())?;
        let flow = self.apply_step(plane, id, signal).await?;
        match step {
            DataFlowStep::Resume => self.status_with_token(flow).await,
            // A late message issues no new token.
            _ => Ok(status_message(&flow, None)),
        }
    }

    /// Changes the state of a flow by a step, after recording it.
    async fn apply_step(
        self: &Arc<Self>,
        plane: &Partner,
        id: &str,
        signal: FlowSignal,
    ) -> Result<DataFlow, RequestFault> {
        let FlowSignal {
            step,
            message,
            digest,
        } = signal;
        let _turn = self.lock_partner(&plane.name).await;
        let mut flow = self.flow_of(plane, id)?;
        if flow.base.has_seen(message.message_id.as_ref()) {
            return Ok(flow);
        }
        let role = flow.base.own_role();
        let next = DataFlowState::next(flow.current_state(), step, role);
        let is_end = step == DataFlowStep::Terminate;
        let may_always = is_end || step == DataFlowStep::Complete;
        let Some(next) = next.filter(|_| may_always || !flow.base.is_full()) else {
            let sentence = format!(
                "the data flow is {}, so {} can't follow",
                flow.base.state,
                step.name()
            );
            return Err(RequestFault::new(409, sentence));
        };
        if role == PartyRole::Provider && message.data_address.is_some() {
            return Err(RequestFault::bad_request(
                "data is pulled here: leave dataAddress out",
            ));
        }
        if next == DataFlowState::Started
            && role == PartyRole::Provider
            && let Some(ended) = self.terms.flow_ends(&flow)
        {
            return Err(RequestFault::from_refusal(ended));
        }
        let before = flow.data_address.take();
        flow.enter_state(next);
        if role == PartyRole::Consumer && next == DataFlowState::Started {
            let told = message.data_address.as_ref().map(DataAddress::to_json);
            flow.data_address = told.or(before);
        }
        if is_end {
            let reason = message.reason.as_deref().map(SingleLineText::from_any_text);
            let reason = reason.map(|reason| reason.to_string()).unwrap_or_default();
            flow.base.ended = Some(
                format!("the control plane ended it {reason}")
                    .trim_end()
                    .to_owned(),
            );
            flow.base.outbox.clear();
        }
        flow.base.seen.extend(message.message_id);
        self.record_flow_request(&flow, step.name(), digest).await?;
        let kept = self.flows.put_process(flow.clone()).await;
        kept.map_err(RequestFault::from_refusal)?;
        Ok(flow)
    }

    /// Handles a request of EDC 0.14, which identifies itself by the path only.
    async fn of_edc(
        self: &Arc<Self>,
        plane: &Partner,
        path: &[&str],
        request: &DataspaceRequest,
    ) -> Result<Vec<u8>, RequestFault> {
        match (path, request.is_post) {
            (["check"], false) => Ok(Vec::new()),
            ([] | ["start"], true) => self.edc_starts(plane, &request.body).await,
            ([id, last @ ("suspend" | "terminate")], true) => {
                let step = match *last {
                    "suspend" => DataFlowStep::Suspend,
                    _ => DataFlowStep::Terminate,
                };
                let signal = FlowSignal {
                    step,
                    message: DataFlowMessage::default(),
                    digest: Digest::of(&request.body).to_string(),
                };
                // EDC treats any refusal as its own failure and does not inform its partner, so an unknown flow is answered as
                // ended.
                match self.apply_step(plane, id, signal).await {
                    Err(fault) if fault.is_passing() => Err(fault),
                    Err(fault) => {
                        let recorded = self
                            .record_refusal(plane, path, &request.body, fault.reason())
                            .await;
                        recorded.map_err(RequestFault::from_refusal)?;
                        Ok(Vec::new())
                    }
                    Ok(_) => Ok(Vec::new()),
                }
            }
            _ => Err(RequestFault::unknown_subject("there is no such path")),
        }
    }

    /// Handles a start by EDC 0.14: the first one, one after a pause, or one repeated after a lost answer or flow.
    async fn edc_starts(
        self: &Arc<Self>,
        plane: &Partner,
        bytes: &[u8],
    ) -> Result<Vec<u8>, RequestFault> {
        let start = EdcDataFlowStart::read(bytes).map_err(RequestFault::of)?;
        let asked = DataFlowRequest {
            // The message has no ID of its own, so the process ID identifies repetitions.
            message_id: Some(start.process_id.to_string()),
            participant_id: self.terms.own_id(),
            counter_party_id: start.counter_party_id,
            process_id: start.process_id,
            agreement_id: start.agreement_id,
            dataset_id: start.dataset_id,
            profile: HTTP_PULL_FORMAT.to_owned(),
            callback: start.callback,
            data_address: None,
        };
        let mut flow = self
            .open_flow(plane, DataFlowStep::Start, &asked, bytes)
            .await?;
        if flow.current_state() == Some(DataFlowState::Suspended) {
            let signal = FlowSignal {
                step: DataFlowStep::Resume,
                message: DataFlowMessage::default(),
                digest: Digest::of(bytes).to_string(),
            };
            flow = self
                .apply_step(plane, asked.process_id.as_str(), signal)
                .await?;
        } else if let Some(ended) = self.terms.flow_ends(&flow) {
            return Err(RequestFault::from_refusal(ended));
        }
        let (flow, address) = self.issue_token(&flow.base).await?;
        let ended = || RequestFault::new(409, format!("the data flow is {}", flow.base.state));
        let address = address.ok_or_else(ended)?;
        Ok(EdcDataFlowStart::reply_message(&address)
            .to_string()
            .into_bytes())
    }

    /// Ends a flow by a command.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, `NEGOTIATION_STATE`.
    pub(super) async fn decide_flow_end(self: &Arc<Self>, pid: &str) -> Result<(), Refusal> {
        let flow = self
            .flows
            .get(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        let _turn = self.lock_partner(&flow.base.partner).await;
        let flow = self
            .flows
            .get(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        if flow.is_over() {
            let sentence = format!("the data flow is {}", flow.base.state);
            return Err(Refusal::new(ErrorCode::NegotiationState, sentence));
        }
        let why = Refusal::new(ErrorCode::Withdrawn, "it was ended here");
        self.end_flow(flow, DataFlowState::Terminated, Some(why))
            .await?;
        self.continue_flow(pid);
        Ok(())
    }

    /// Ends a flow here and informs its control plane.
    pub(super) async fn end_flow(
        &self,
        mut flow: DataFlow,
        state: DataFlowState,
        why: Option<Refusal>,
    ) -> Result<(), Refusal> {
        flow.enter_state(state);
        let reason = why.map(|why| why.code.as_str().to_owned());
        flow.base.ended = reason.clone().or(flow.base.ended);
        let Some(plane) = self.terms.control_plane(&flow.base.partner) else {
            // The control plane is no longer configured.
            flow.base.outbox.clear();
            return self.flows.put_process(flow).await;
        };
        let (Some(id), Some(peer)) = (flow.id(), flow.base.peer_pid.clone()) else {
            return Err(Refusal::new(
                ErrorCode::Internal,
                "a data flow without an id",
            ));
        };
        let name = match state {
            DataFlowState::Completed => "completed",
            _ => "errored",
        };
        let (path, body) = flow_end_message(plane.is_edc, &peer, id, state, reason);
        let outgoing = OutgoingMessage { path, body };
        self.record_and_queue(&mut flow.base, name, outgoing)
            .await?;
        self.flows.put_process(flow).await
    }
}

/// Rest of a path after the token of EDC.
fn behind_secret<'a, 'b>(path: &'a [&'b str]) -> &'a [&'b str] {
    match path {
        ["edc", _secret, rest @ ..] => rest,
        path => path,
    }
}

/// Message to the control plane about the end of a flow, and its path below the address.
fn flow_end_message(
    is_edc: bool,
    peer: &str,
    id: ProcessId,
    state: DataFlowState,
    reason: Option<String>,
) -> (String, Value) {
    let is_complete = state == DataFlowState::Completed;
    if is_edc {
        let last = if is_complete { "complete" } else { "fail" };
        let body = match is_complete {
            true => json!({}),
            false => json!({"errorMessage": reason.unwrap_or_default()}),
        };
        return (format!("/transferprocess/{peer}/{last}"), body);
    }
    let last = if is_complete { "completed" } else { "errored" };
    let status = DataFlowStatus {
        message_id: fresh_id(),
        flow_id: id,
        state,
        data_address: None,
        error: reason,
    };
    (
        format!("/transfers/{peer}/dataflow/{last}"),
        status.to_json(),
    )
}

fn status_message(flow: &DataFlow, address: Option<DataAddress>) -> Vec<u8> {
    let (Some(flow_id), Some(state)) = (flow.id(), flow.current_state()) else {
        return Vec::new();
    };
    let status = DataFlowStatus {
        message_id: fresh_id(),
        flow_id,
        state,
        data_address: address,
        error: None,
    };
    status.to_json().to_string().into_bytes()
}
