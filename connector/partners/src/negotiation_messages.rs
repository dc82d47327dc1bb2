//! Messages of negotiations: received ones, and automatic ones of this participant.

use crate::negotiation_process::NegotiationProcess;
use crate::partner::Partner;
use crate::partner_process::{OutgoingMessage, PartnerProcess, fresh_id};
use crate::process_engine::ProcessEngine;
use crate::process_store::PartyName;
use crate::process_terms::{AgreedContract, NegotiationMove, ProcessTerms};
use crate::request_fault::{Answered, RequestFault};
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{
    AgreementDocument, AgreementVerification, ContractAgreement, ContractOffer, ContractRequest,
    NegotiationEvent, NegotiationEventKind, NegotiationTermination, OfferDocument, ProcessPids,
};
use hansa_policy::negotiation::transition_table::NegotiationStep;
use hansa_policy::negotiation::{PartyRole, Phase};
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use serde_json::Value;
use std::sync::Arc;

/// Parsed message of an existing negotiation.
pub(super) struct NegotiationInput {
    message_id: Option<String>,
    pids: ProcessPids,
    step: NegotiationStep,
    by: PartyRole,
    content: InputContent,
    digest: String,
}

enum InputContent {
    Nothing,
    Offer(Box<OfferDocument>),
    Agreement(Box<AgreementDocument>),
    End(String),
}

impl NegotiationInput {
    /// Parses the message for a path; `None` if the path takes no message.
    pub(super) fn read(path: &[&str], bytes: &[u8]) -> Option<Result<Self, RequestFault>> {
        let digest = Digest::of(bytes).to_string();
        let read = match path {
            ["request"] => ContractRequest::read(bytes)
                .map_err(RequestFault::of)
                .and_then(|message| {
                    let provider = message
                        .provider_pid
                        .ok_or_else(|| RequestFault::bad_request("providerPid is lacking"))?;
                    Ok(Self {
                        message_id: message.message_id,
                        pids: ProcessPids {
                            consumer: message.consumer_pid,
                            provider,
                        },
                        step: NegotiationStep::Request,
                        by: PartyRole::Consumer,
                        content: InputContent::Offer(Box::new(message.offer)),
                        digest,
                    })
                }),
            ["offers"] => ContractOffer::read(bytes)
                .map_err(RequestFault::of)
                .and_then(|message| {
                    let consumer = message
                        .consumer_pid
                        .ok_or_else(|| RequestFault::bad_request("consumerPid is lacking"))?;
                    Ok(Self {
                        message_id: message.message_id,
                        pids: ProcessPids {
                            consumer,
                            provider: message.provider_pid,
                        },
                        step: NegotiationStep::Offer,
                        by: PartyRole::Provider,
                        content: InputContent::Offer(Box::new(message.offer)),
                        digest,
                    })
                }),
            ["events"] => NegotiationEvent::read(bytes)
                .map_err(RequestFault::of)
                .map(|message| {
                    let (step, by) = match message.event {
                        NegotiationEventKind::Accepted => {
                            (NegotiationStep::Acceptance, PartyRole::Consumer)
                        }
                        NegotiationEventKind::Finalized => {
                            (NegotiationStep::Finalization, PartyRole::Provider)
                        }
                    };
                    Self {
                        message_id: message.message_id,
                        pids: message.pids,
                        step,
                        by,
                        content: InputContent::Nothing,
                        digest,
                    }
                }),
            ["agreement"] => ContractAgreement::read(bytes)
                .map_err(RequestFault::of)
                .map(|message| Self {
                    message_id: message.message_id,
                    pids: message.pids,
                    step: NegotiationStep::Agreement,
                    by: PartyRole::Provider,
                    content: InputContent::Agreement(Box::new(message.agreement)),
                    digest,
                }),
            ["agreement", "verification"] => AgreementVerification::read(bytes)
                .map_err(RequestFault::of)
                .map(|message| Self {
                    message_id: message.message_id,
                    pids: message.pids,
                    step: NegotiationStep::Verification,
                    by: PartyRole::Consumer,
                    content: InputContent::Nothing,
                    digest,
                }),
            ["termination"] => NegotiationTermination::read(bytes)
                .map_err(RequestFault::of)
                .map(|message| {
                    let reasons = message.reasons.join("; ");
                    let code = message.code.unwrap_or_default();
                    Self {
                        message_id: message.message_id,
                        pids: message.pids,
                        step: NegotiationStep::Termination,
                        // Either party may send a termination; the sender is the partner.
                        by: PartyRole::Consumer,
                        content: InputContent::End(
                            format!("the partner ended it: {code} {reasons}")
                                .trim_end()
                                .to_owned(),
                        ),
                        digest,
                    }
                }),
            _ => return None,
        };
        Some(read)
    }
}

impl<T: ProcessTerms> ProcessEngine<T> {
    /// Handles a consumer's request for a contract.
    pub(super) async fn handle_contract_request(
        self: &Arc<Self>,
        partner: &Partner,
        bytes: &[u8],
    ) -> Result<Answered, RequestFault> {
        let message = ContractRequest::read(bytes).map_err(RequestFault::of)?;
        RequestFault::check_id(message.message_id.as_ref())?;
        let consumer_pid = message.consumer_pid.to_string();
        let fault = |fault: RequestFault| fault.with_pids(Some(&message.consumer_pid), None);
        let Some(callback) = message.callback.clone() else {
            return Err(fault(RequestFault::bad_request(
                "callbackAddress is lacking",
            )));
        };
        let _turn = self.lock_partner(&partner.name).await;
        if let Some(known) = self.negotiations.of_peer(&partner.name, &consumer_pid) {
            return match known.base.is_opened_by(message.message_id.as_ref()) {
                true => known
                    .ack()
                    .map(Answered::NegotiationMade)
                    .ok_or_else(RequestFault::internal_error),
                false => Err(fault(RequestFault::bad_request(
                    "there is already a negotiation with that consumerPid",
                ))),
            };
        }
        let now = self.terms.now().micros();
        let party = PartyName::of_partner(&partner.name);
        let has_room = self.negotiations.has_room(party, now);
        self.check_opening(partner, &callback, has_room)
            .map_err(fault)?;
        if !self.terms.knows_offer(partner, &message.offer) {
            return Err(fault(RequestFault::unknown_subject(
                "there is no such offer to you",
            )));
        }
        let dataset = message
            .offer
            .target
            .clone()
            .ok_or_else(|| fault(RequestFault::bad_request("offer.target is lacking")))?;
        let mut process = NegotiationProcess {
            base: PartnerProcess {
                is_provider: true,
                ..PartnerProcess::from_partner_message(
                    partner,
                    self.terms.now(),
                    &message.consumer_pid,
                    callback,
                    message.message_id.as_ref(),
                )
            },
            dataset,
            offer: message.offer.id.clone(),
            rules: message.offer.rules.to_json(),
            agreement: None,
            draft: None,
            signed: None,
            withdrawn: 0,
            contract: None,
        };
        process.enter_phase(Phase::Requested);
        self.record_received_message(&process.base, "request", Digest::of(bytes).to_string())
            .await
            .map_err(fault)?;
        let ack = process.ack().ok_or_else(RequestFault::internal_error)?;
        let pid = process.base.pid.clone();
        self.negotiations
            .put_process(process)
            .await
            .map_err(RequestFault::from_refusal)?;
        self.continue_negotiation(&pid);
        Ok(Answered::NegotiationMade(ack))
    }

    /// Handles a provider's unsolicited offer.
    pub(super) async fn handle_contract_offer(
        self: &Arc<Self>,
        partner: &Partner,
        bytes: &[u8],
    ) -> Result<Answered, RequestFault> {
        let message = ContractOffer::read(bytes).map_err(RequestFault::of)?;
        RequestFault::check_id(message.message_id.as_ref())?;
        let provider_pid = message.provider_pid.to_string();
        let fault = |fault: RequestFault| fault.with_pids(None, Some(&message.provider_pid));
        let Some(callback) = message.callback.clone() else {
            return Err(fault(RequestFault::bad_request(
                "callbackAddress is lacking",
            )));
        };
        let _turn = self.lock_partner(&partner.name).await;
        if let Some(known) = self.negotiations.of_peer(&partner.name, &provider_pid) {
            return match known.base.is_opened_by(message.message_id.as_ref()) {
                true => known
                    .ack()
                    .map(Answered::NegotiationMade)
                    .ok_or_else(RequestFault::internal_error),
                false => Err(fault(RequestFault::bad_request(
                    "there is already a negotiation with that providerPid",
                ))),
            };
        }
        if !self.terms.hears_offers() {
            return Err(fault(RequestFault::bad_request(
                "offers without a request are not accepted here",
            )));
        }
        let now = self.terms.now().micros();
        let party = PartyName::of_partner(&partner.name);
        let has_room = self.negotiations.has_room(party, now);
        self.check_opening(partner, &callback, has_room)
            .map_err(fault)?;
        let mut process = NegotiationProcess {
            base: PartnerProcess::from_partner_message(
                partner,
                self.terms.now(),
                &message.provider_pid,
                callback,
                message.message_id.as_ref(),
            ),
            dataset: message.offer.target.clone().unwrap_or_default(),
            offer: message.offer.id.clone(),
            rules: message.offer.rules.to_json(),
            agreement: None,
            draft: None,
            signed: None,
            withdrawn: 0,
            contract: None,
        };
        process.enter_phase(Phase::Offered);
        self.record_received_message(&process.base, "offer", Digest::of(bytes).to_string())
            .await
            .map_err(fault)?;
        let ack = process.ack().ok_or_else(RequestFault::internal_error)?;
        self.negotiations
            .put_process(process)
            .await
            .map_err(RequestFault::from_refusal)?;
        // INVARIANT: offers-wait-for-people. No program answers an unsolicited offer.
        Ok(Answered::NegotiationMade(ack))
    }

    /// State of a negotiation for its partner.
    pub(super) fn negotiation_of(
        &self,
        partner: &Partner,
        pid: &str,
    ) -> Result<NegotiationProcess, RequestFault> {
        let process = self.negotiations.get(pid);
        // INVARIANT: processes-of-others. A process of another partner is reported as unknown.
        let process = process.filter(|process| process.base.partner == partner.name);
        process.ok_or_else(|| RequestFault::unknown_subject("there is no such negotiation"))
    }

    /// Handles a message of an existing negotiation.
    pub(super) async fn handle_negotiation_message(
        self: &Arc<Self>,
        partner: &Partner,
        pid: &str,
        mut input: NegotiationInput,
    ) -> Result<Answered, RequestFault> {
        RequestFault::check_id(input.message_id.as_ref())?;
        let pids = input.pids.clone();
        let fault =
            |fault: RequestFault| fault.with_pids(Some(&pids.consumer), Some(&pids.provider));
        let _turn = self.lock_partner(&partner.name).await;
        let mut process = self.negotiation_of(partner, pid).map_err(fault)?;
        if process.base.has_seen(input.message_id.as_ref()) {
            return Ok(Answered::Nothing);
        }
        if !process.base.is_named_by(&pids) {
            return Err(fault(RequestFault::bad_request(
                "the process ids are not those of the path",
            )));
        }
        let partner_role = process.base.own_role().other_side();
        if input.step == NegotiationStep::Termination {
            input.by = partner_role;
        }
        if input.by != partner_role {
            return Err(fault(RequestFault::bad_request(
                "that message is not for your role in this negotiation",
            )));
        }
        let next = Phase::next_phase(process.phase(), input.step, input.by);
        let Some(next) =
            next.filter(|_| !process.base.is_full() || input.step == NegotiationStep::Termination)
        else {
            let sentence = format!(
                "the negotiation is {}, so {} can't follow",
                process.base.state,
                input.step.as_str()
            );
            return Err(fault(RequestFault::bad_request(sentence)));
        };
        if input.step == NegotiationStep::Termination && self.terms.is_in_force(&process) {
            // INVARIANT: in-force-is-final. The contract came into force before this participant could say so.
            let sentence = "the agreement is in force: what ends it is its withdrawal";
            return Err(fault(RequestFault::bad_request(sentence)));
        }
        let step = input.step.as_str();
        let mut refused = None;
        match input.content {
            InputContent::Nothing => {}
            InputContent::End(why) => {
                process.base.ended = Some(why);
                // The partner no longer waits for the message.
                process.base.outbox.clear();
            }
            InputContent::Offer(offer) => {
                if process.base.is_provider && !self.terms.knows_offer(partner, &offer) {
                    return Err(fault(RequestFault::bad_request(
                        "there is no such offer to you",
                    )));
                }
                if offer
                    .target
                    .as_ref()
                    .is_some_and(|target| *target != process.dataset)
                {
                    return Err(fault(RequestFault::bad_request(
                        "the offer is about another dataset",
                    )));
                }
                process.offer = offer.id.clone();
                process.rules = offer.rules.to_json();
            }
            InputContent::Agreement(agreement) => {
                refused = self.agreement_fault(partner, &process, &agreement).err();
                process.agreement = refused.is_none().then(|| agreement.to_json());
            }
        }
        if let Some(why) = &refused {
            // Recorded now; the negotiation ends after the answer.
            process.base.ended = Some(why.to_string());
        } else {
            process.enter_phase(next);
        }
        process.base.seen.extend(input.message_id);
        self.record_received_message(&process.base, step, input.digest)
            .await
            .map_err(fault)?;
        let pid = process.base.pid.clone();
        let Some(why) = refused else {
            self.negotiations
                .put_process(process)
                .await
                .map_err(RequestFault::from_refusal)?;
            self.continue_negotiation(&pid);
            return Ok(Answered::Nothing);
        };
        let ending = NegotiationMove::Terminate(why.code.as_str().to_owned(), why.sentence.clone());
        self.move_negotiation(partner, process, ending)
            .await
            .map_err(RequestFault::from_refusal)?;
        self.continue_negotiation(&pid);
        Err(fault(RequestFault::bad_request(why.code.as_str())))
    }

    /// Fault of a provider's agreement, if any.
    fn agreement_fault(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
        agreement: &AgreementDocument,
    ) -> Result<(), Refusal> {
        let wrong = |sentence: &str| Err(Refusal::new(ErrorCode::PartnerAnswerInvalid, sentence));
        if agreement.target != process.dataset {
            return wrong("the agreement is about another dataset");
        }
        if agreement.assigner != partner.protocol_id {
            return wrong("the agreement is not by the provider");
        }
        if agreement.assignee != self.terms.own_id() {
            return wrong("the agreement is not with this participant");
        }
        // INVARIANT: agreement-as-offered. The agreement must equal the last proposal.
        if process.policy().as_ref() != Some(&agreement.rules) {
            return wrong("the agreement differs from the last offer");
        }
        self.terms.check_agreement(partner, process, agreement)
    }

    /// Requests a contract from a partner.
    ///
    /// # Errors
    /// If the negotiation can't be stored or recorded; nothing is sent then.
    pub async fn start_negotiation(
        self: &Arc<Self>,
        partner: &Partner,
        dataset: &str,
        offer: OfferDocument,
    ) -> Result<String, Refusal> {
        let mut process = NegotiationProcess {
            base: PartnerProcess::new_as_consumer(partner, self.terms.now()),
            dataset: dataset.to_owned(),
            offer: offer.id.clone(),
            rules: offer.rules.to_json(),
            agreement: None,
            draft: None,
            signed: None,
            withdrawn: 0,
            contract: None,
        };
        process.enter_phase(Phase::Requested);
        let message = ContractRequest {
            message_id: Some(fresh_id()),
            consumer_pid: pid_of(&process.base.pid)?,
            provider_pid: None,
            offer,
            callback: Some(self.terms.base_address()),
        };
        let (pid, body) = (process.base.pid.clone(), message.to_json());
        let outgoing = OutgoingMessage {
            path: "/negotiations/request".to_owned(),
            body,
        };
        self.record_and_queue(&mut process.base, "request", outgoing)
            .await?;
        let _turn = self.lock_partner(&partner.name).await;
        self.negotiations.put_process(process).await?;
        self.continue_negotiation(&pid);
        Ok(pid)
    }

    /// Makes one move of this participant. The new state is stored before the message is sent.
    ///
    /// # Errors
    /// If the move can't be stored or recorded; nothing has changed then.
    pub(super) async fn move_negotiation(
        &self,
        partner: &Partner,
        mut process: NegotiationProcess,
        wanted: NegotiationMove,
    ) -> Result<(), Refusal> {
        let mut wanted = wanted;
        let mut agreement = None;
        match &wanted {
            NegotiationMove::Agree => match self.agree_to_contract(partner, &mut process).await {
                Ok(made) => agreement = Some(made),
                Err(why) if is_passing(&why) => return Err(why),
                Err(why) => wanted = to_termination(&why),
            },
            NegotiationMove::Finalize => {
                match self.terms.finalize_agreement(partner, &process).await {
                    Ok(contract) => process.contract = contract,
                    Err(why) if is_passing(&why) => return Err(why),
                    Err(why) => wanted = to_termination(&why),
                }
            }
            _ => {}
        }
        let (step, own) = (wanted.step(), process.base.own_role());
        let Some(next) = Phase::next_phase(process.phase(), step, own) else {
            let sentence = format!(
                "the negotiation is {}, so {} can't follow",
                process.base.state,
                step.as_str()
            );
            return Err(Refusal::new(ErrorCode::NegotiationState, sentence));
        };
        let Some(pids) = process.base.pids() else {
            return Err(Refusal::new(
                ErrorCode::NegotiationState,
                "the partner has not answered yet",
            ));
        };
        let message_id = Some(fresh_id());
        let (tail, body): (&str, Value) = match wanted {
            NegotiationMove::Request => (
                "request",
                ContractRequest {
                    message_id,
                    consumer_pid: pids.consumer.clone(),
                    provider_pid: Some(pids.provider.clone()),
                    offer: self.on_table(partner, &process)?,
                    callback: None,
                }
                .to_json(),
            ),
            NegotiationMove::Offer => (
                "offers",
                ContractOffer {
                    message_id,
                    provider_pid: pids.provider.clone(),
                    consumer_pid: Some(pids.consumer.clone()),
                    offer: self.on_table(partner, &process)?,
                    callback: None,
                }
                .to_json(),
            ),
            NegotiationMove::Accept => (
                "events",
                event_message(message_id, &pids, NegotiationEventKind::Accepted),
            ),
            NegotiationMove::Finalize => (
                "events",
                event_message(message_id, &pids, NegotiationEventKind::Finalized),
            ),
            NegotiationMove::Agree => {
                let agreement = agreement
                    .ok_or_else(|| Refusal::new(ErrorCode::Internal, "no agreement was made"))?;
                process.agreement = Some(agreement.document.to_json());
                process.signed = agreement.signed;
                process.withdrawn = agreement.withdrawn;
                let agreement = agreement.document;
                (
                    "agreement",
                    ContractAgreement {
                        message_id,
                        pids: pids.clone(),
                        agreement,
                    }
                    .to_json(),
                )
            }
            NegotiationMove::Verify => (
                "agreement/verification",
                AgreementVerification {
                    message_id,
                    pids: pids.clone(),
                }
                .to_json(),
            ),
            NegotiationMove::Terminate(code, reason) => {
                process.base.ended.get_or_insert_with(|| reason.clone());
                (
                    "termination",
                    NegotiationTermination {
                        message_id,
                        pids: pids.clone(),
                        code: Some(code),
                        reasons: vec![reason],
                    }
                    .to_json(),
                )
            }
        };
        process.enter_phase(next);
        let peer = match process.base.is_provider {
            true => &pids.consumer,
            false => &pids.provider,
        };
        let path = format!("/negotiations/{peer}/{tail}");
        let outgoing = OutgoingMessage { path, body };
        self.record_and_queue(&mut process.base, step.as_str(), outgoing)
            .await?;
        self.negotiations.put_process(process).await
    }

    /// Makes the draft of an agreement and stores it before it is signed, because two officers may have to approve it one after the
    /// other.
    async fn agree_to_contract(
        &self,
        partner: &Partner,
        process: &mut NegotiationProcess,
    ) -> Result<AgreedContract, Refusal> {
        self.draft_contract(partner, process).await?;
        self.terms.conclude_agreement(partner, process).await
    }

    /// Makes the provider's draft and stores it.
    pub(super) async fn draft_contract(
        &self,
        partner: &Partner,
        process: &mut NegotiationProcess,
    ) -> Result<(), Refusal> {
        let draft = self.terms.draft(partner, process)?;
        if draft == process.draft {
            return Ok(());
        }
        process.draft = draft;
        self.negotiations.put_process(process.clone()).await
    }

    fn on_table(
        &self,
        partner: &Partner,
        process: &NegotiationProcess,
    ) -> Result<OfferDocument, Refusal> {
        let rules = process.policy();
        let rules = rules.ok_or_else(|| {
            Refusal::new(
                ErrorCode::StateBroken,
                "the offer of a negotiation can't be read",
            )
        })?;
        let (own, other) = (self.terms.own_id(), partner.protocol_id.clone());
        let (assigner, assignee) = match process.base.is_provider {
            true => (own, other),
            false => (other, own),
        };
        Ok(OfferDocument {
            id: process.offer.clone(),
            target: Some(process.dataset.clone()),
            assigner: Some(assigner),
            assignee: Some(assignee),
            rules,
        })
    }
}

impl NegotiationMove {
    const fn step(&self) -> NegotiationStep {
        match self {
            Self::Request => NegotiationStep::Request,
            Self::Offer => NegotiationStep::Offer,
            Self::Accept => NegotiationStep::Acceptance,
            Self::Agree => NegotiationStep::Agreement,
            Self::Verify => NegotiationStep::Verification,
            Self::Finalize => NegotiationStep::Finalization,
            Self::Terminate(..) => NegotiationStep::Termination,
        }
    }
}

/// Checks that an error is temporary or waits for a person. The negotiation then keeps its state.
fn is_passing(why: &Refusal) -> bool {
    matches!(why.code.kind(), ErrorClass::Failed | ErrorClass::OutOfReach)
        || why.code == ErrorCode::SecondOfficerNeeded
}

/// Termination for a refusal: its code, without details that the partner must not know.
fn to_termination(why: &Refusal) -> NegotiationMove {
    tracing::warn!(refusal = %why, "dataspace.negotiation_refused");
    NegotiationMove::Terminate(
        why.code.as_str().to_owned(),
        "the provider does not agree".to_owned(),
    )
}

fn event_message(
    message_id: Option<String>,
    pids: &ProcessPids,
    event: NegotiationEventKind,
) -> Value {
    let pids = pids.clone();
    NegotiationEvent {
        message_id,
        pids,
        event,
    }
    .to_json()
}

/// Parses the ID of a process that was made here.
pub(super) fn pid_of(text: &str) -> Result<hansa_dataspace::ProcessId, Refusal> {
    hansa_dataspace::ProcessId::new(text).map_err(|cause| {
        Refusal::new(
            ErrorCode::Internal,
            "a process id that was made here is none",
        )
        .caused_by(cause)
    })
}
