//! Messages of transfers: received ones, and automatic ones of this participant.

use crate::negotiation_messages::pid_of;
use crate::partner::Partner;
use crate::partner_process::{OutgoingMessage, PartnerProcess, fresh_id};
use crate::process_engine::ProcessEngine;
use crate::process_store::PartyName;
use crate::process_terms::{ProcessTerms, TransferMove};
use crate::request_fault::{Answered, RequestFault};
use crate::transfer_process::TransferProcess;
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{
    DataAddress, ProcessPids, TransferCompletion, TransferMessageKind, TransferRequest,
    TransferStart, TransferState, TransferSuspension, TransferTermination,
};
use hansa_policy::negotiation::PartyRole;
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use serde_json::Value;
use std::sync::Arc;

/// Parsed message of an existing transfer.
pub(super) struct TransferInput {
    message_id: Option<String>,
    pids: ProcessPids,
    kind: TransferMessageKind,
    name: &'static str,
    data_address: Option<DataAddress>,
    why: Option<String>,
    digest: String,
}

impl TransferInput {
    /// Parses the message for a path; `None` if the path takes no message.
    pub(super) fn read(path: &str, bytes: &[u8]) -> Option<Result<Self, RequestFault>> {
        let said = Digest::of(bytes).to_string();
        let input = |message_id, pids, kind, name| Self {
            message_id,
            pids,
            kind,
            name,
            data_address: None,
            why: None,
            digest: said,
        };
        let read = match path {
            "start" => TransferStart::read(bytes).map(|message| Self {
                data_address: message.data_address,
                ..input(
                    message.message_id,
                    message.pids,
                    TransferMessageKind::Start,
                    "start",
                )
            }),
            "suspension" => TransferSuspension::read(bytes).map(|message| {
                input(
                    message.message_id,
                    message.pids,
                    TransferMessageKind::Suspension,
                    "suspension",
                )
            }),
            "completion" => TransferCompletion::read(bytes).map(|message| {
                input(
                    message.message_id,
                    message.pids,
                    TransferMessageKind::Completion,
                    "completion",
                )
            }),
            "termination" => TransferTermination::read(bytes).map(|message| {
                let why = format!(
                    "the partner ended it: {} {}",
                    message.code.unwrap_or_default(),
                    message.reasons.join("; ")
                );
                Self {
                    why: Some(why.trim_end().to_owned()),
                    ..input(
                        message.message_id,
                        message.pids,
                        TransferMessageKind::Termination,
                        "termination",
                    )
                }
            }),
            _ => return None,
        };
        Some(read.map_err(RequestFault::of))
    }
}

impl<T: ProcessTerms> ProcessEngine<T> {
    /// Handles a consumer's request for a transfer.
    pub(super) async fn transfer_requested(
        self: &Arc<Self>,
        partner: &Partner,
        bytes: &[u8],
    ) -> Result<Answered, RequestFault> {
        let message = TransferRequest::read(bytes).map_err(RequestFault::of)?;
        RequestFault::check_id(message.message_id.as_ref())?;
        let consumer_pid = message.consumer_pid.to_string();
        let fault = |fault: RequestFault| fault.with_pids(Some(&message.consumer_pid), None);
        let _turn = self.lock_partner(&partner.name).await;
        if let Some(known) = self.transfers.of_peer(&partner.name, &consumer_pid) {
            let repeats = known.base.is_opened_by(message.message_id.as_ref())
                || (known.agreement == message.agreement_id && known.format == message.format);
            return match repeats {
                true => known
                    .ack()
                    .map(Answered::TransferMade)
                    .ok_or_else(RequestFault::internal_error),
                false => Err(fault(RequestFault::bad_request(
                    "there is already a transfer with that consumerPid",
                ))),
            };
        }
        let now = self.terms.now().micros();
        let party = PartyName::of_partner(&partner.name);
        let has_room = self.transfers.has_room(party, now);
        self.check_opening(partner, &message.callback, has_room)
            .map_err(fault)?;
        let grant = self
            .terms
            .grant_transfer(partner, &message.agreement_id, &message.format);
        let grant = grant.map_err(|refusal| {
            fault(match refusal.code.kind() {
                ErrorClass::Unknown => {
                    RequestFault::unknown_subject("there is no such agreement with you")
                }
                _ => RequestFault::from_refusal(refusal),
            })
        })?;
        if message.data_address.is_some() {
            return Err(fault(RequestFault::bad_request(
                "data is pulled here: leave dataAddress out",
            )));
        }
        let mut process = TransferProcess {
            base: PartnerProcess {
                is_provider: true,
                ..PartnerProcess::from_partner_message(
                    partner,
                    self.terms.now(),
                    &message.consumer_pid,
                    message.callback.clone(),
                    message.message_id.as_ref(),
                )
            },
            agreement: message.agreement_id.clone(),
            format: message.format.clone(),
            dataset: Some(grant.dataset),
            contract: grant.contract,
            suspended_by_provider: None,
            token: None,
            data_address: None,
        };
        process.enter_state(TransferState::Requested, PartyRole::Consumer);
        self.record_received_message(
            &process.base,
            "transfer request",
            Digest::of(bytes).to_string(),
        )
        .await
        .map_err(fault)?;
        let ack = process.ack().ok_or_else(RequestFault::internal_error)?;
        let pid = process.base.pid.clone();
        self.transfers
            .put_process(process)
            .await
            .map_err(RequestFault::from_refusal)?;
        self.continue_transfer(&pid);
        Ok(Answered::TransferMade(ack))
    }

    /// State of a transfer for its partner.
    pub(super) fn transfer_of(
        &self,
        partner: &Partner,
        pid: &str,
    ) -> Result<TransferProcess, RequestFault> {
        let process = self.transfers.get(pid);
        // INVARIANT: processes-of-others. A process of another partner is reported as unknown.
        let process = process.filter(|process| process.base.partner == partner.name);
        process.ok_or_else(|| RequestFault::unknown_subject("there is no such transfer"))
    }

    /// Handles a message of an existing transfer.
    pub(super) async fn handle_transfer_message(
        self: &Arc<Self>,
        partner: &Partner,
        pid: &str,
        input: TransferInput,
    ) -> Result<Answered, RequestFault> {
        RequestFault::check_id(input.message_id.as_ref())?;
        let pids = input.pids.clone();
        let fault =
            |fault: RequestFault| fault.with_pids(Some(&pids.consumer), Some(&pids.provider));
        let _turn = self.lock_partner(&partner.name).await;
        let mut process = self.transfer_of(partner, pid).map_err(fault)?;
        if process.base.has_seen(input.message_id.as_ref()) {
            return Ok(Answered::Nothing);
        }
        if !process.base.is_named_by(&pids) {
            return Err(fault(RequestFault::bad_request(
                "the process ids are not those of the path",
            )));
        }
        let by = process.base.own_role().other_side();
        let next = TransferState::next(
            process.current_state(),
            input.kind,
            by,
            process.suspending_party(),
        );
        let Some(next) = next
            .filter(|_| !process.base.is_full() || input.kind == TransferMessageKind::Termination)
        else {
            let sentence = format!(
                "the transfer is {}, so {} can't follow",
                process.base.state, input.name
            );
            return Err(fault(RequestFault::bad_request(sentence)));
        };
        process.enter_state(next, by);
        if let Some(why) = input.why {
            process.base.ended = Some(why);
            process.base.outbox.clear();
        }
        process.data_address = input.data_address.as_ref().map(DataAddress::to_json);
        process.base.seen.extend(input.message_id);
        let resumes = process.base.is_provider && next == TransferState::Started;
        self.record_received_message(&process.base, input.name, input.digest)
            .await
            .map_err(fault)?;
        let pid = process.base.pid.clone();
        if resumes {
            // A pulling consumer needs a new valid address.
            let told = self.start(process).await;
            told.map_err(RequestFault::from_refusal)?;
        } else {
            self.transfers
                .put_process(process)
                .await
                .map_err(RequestFault::from_refusal)?;
        }
        self.continue_transfer(&pid);
        Ok(Answered::Nothing)
    }

    /// Requests a transfer from a partner.
    ///
    /// # Errors
    /// If the transfer can't be stored or recorded; nothing is sent then.
    pub(crate) async fn ask_transfer(
        self: &Arc<Self>,
        partner: &Partner,
        agreement: &str,
        format: &str,
    ) -> Result<String, Refusal> {
        let mut process = TransferProcess {
            base: PartnerProcess::new_as_consumer(partner, self.terms.now()),
            agreement: agreement.to_owned(),
            format: format.to_owned(),
            dataset: None,
            contract: None,
            suspended_by_provider: None,
            token: None,
            data_address: None,
        };
        process.enter_state(TransferState::Requested, PartyRole::Consumer);
        let message = TransferRequest {
            message_id: Some(fresh_id()),
            consumer_pid: pid_of(&process.base.pid)?,
            agreement_id: agreement.to_owned(),
            format: format.to_owned(),
            data_address: None,
            callback: self.terms.base_address(),
        };
        let (pid, body) = (process.base.pid.clone(), message.to_json());
        let outgoing = OutgoingMessage {
            path: "/transfers/request".to_owned(),
            body,
        };
        self.record_and_queue(&mut process.base, "transfer request", outgoing)
            .await?;
        let _turn = self.lock_partner(&partner.name).await;
        self.transfers.put_process(process).await?;
        self.continue_transfer(&pid);
        Ok(pid)
    }

    /// Makes one move of this participant. The new state is stored before the message is sent.
    ///
    /// # Errors
    /// If the move can't be stored or recorded; nothing has changed then.
    pub(super) async fn move_transfer(
        &self,
        mut process: TransferProcess,
        wanted: TransferMove,
    ) -> Result<(), Refusal> {
        let own = process.base.own_role();
        let next = TransferState::next(
            process.current_state(),
            wanted.kind(),
            own,
            process.suspending_party(),
        );
        let Some(next) = next else {
            let sentence = format!(
                "the transfer is {}, so {} can't follow",
                process.base.state,
                wanted.name()
            );
            return Err(Refusal::new(ErrorCode::NegotiationState, sentence));
        };
        let Some(pids) = process.base.pids() else {
            return Err(Refusal::new(
                ErrorCode::NegotiationState,
                "the partner has not answered yet",
            ));
        };
        if wanted == TransferMove::Start && process.base.is_provider {
            process.enter_state(next, own);
            return match self.start(process.clone()).await {
                Ok(()) => Ok(()),
                Err(why) => {
                    tracing::warn!(refusal = %why, "dataspace.transfer_refused");
                    let ending = TransferMove::Terminate(
                        why.code.as_str().to_owned(),
                        "the provider does not transfer it".to_owned(),
                    );
                    Box::pin(self.move_transfer(process, ending)).await
                }
            };
        }
        let message_id = Some(fresh_id());
        let name = wanted.name();
        let (tail, body): (&str, Value) = match wanted {
            TransferMove::Start => (
                "start",
                TransferStart {
                    message_id,
                    pids,
                    data_address: None,
                }
                .to_json(),
            ),
            TransferMove::Suspend => (
                "suspension",
                TransferSuspension {
                    message_id,
                    pids,
                    code: None,
                    reasons: Vec::new(),
                }
                .to_json(),
            ),
            TransferMove::Complete => (
                "completion",
                TransferCompletion { message_id, pids }.to_json(),
            ),
            TransferMove::Terminate(code, reason) => {
                process.base.ended.get_or_insert_with(|| reason.clone());
                (
                    "termination",
                    TransferTermination {
                        message_id,
                        pids,
                        code: Some(code),
                        reasons: vec![reason],
                    }
                    .to_json(),
                )
            }
        };
        process.enter_state(next, own);
        self.keep_and_send(process, TransferMessageName { name, tail }, body)
            .await
    }

    /// As provider, opens the data of a starting transfer and sends its address.
    async fn start(&self, mut process: TransferProcess) -> Result<(), Refusal> {
        let (address, token) = self.terms.open(process.subject()).await?;
        process.token = token;
        let Some(pids) = process.base.pids() else {
            return Err(Refusal::new(
                ErrorCode::Internal,
                "a transfer without the id of its consumer",
            ));
        };
        let body = TransferStart {
            message_id: Some(fresh_id()),
            pids,
            data_address: address,
        }
        .to_json();
        let message = TransferMessageName {
            name: "start",
            tail: "start",
        };
        self.keep_and_send(process, message, body).await
    }

    async fn keep_and_send(
        &self,
        mut process: TransferProcess,
        message: TransferMessageName<'_>,
        body: Value,
    ) -> Result<(), Refusal> {
        let path = format!(
            "/transfers/{}/{}",
            process.base.peer_pid.as_deref().unwrap_or_default(),
            message.tail
        );
        let outgoing = OutgoingMessage { path, body };
        self.record_and_queue(&mut process.base, message.name, outgoing)
            .await?;
        self.transfers.put_process(process).await
    }
}

/// Names of a message of transfers.
#[derive(Clone, Copy)]
struct TransferMessageName<'a> {
    /// Name in the records.
    name: &'static str,
    /// Last segment of the path.
    tail: &'a str,
}

impl TransferMove {
    const fn kind(&self) -> TransferMessageKind {
        match self {
            Self::Start => TransferMessageKind::Start,
            Self::Suspend => TransferMessageKind::Suspension,
            Self::Complete => TransferMessageKind::Completion,
            Self::Terminate(..) => TransferMessageKind::Termination,
        }
    }

    const fn name(&self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Suspend => "suspension",
            Self::Complete => "completion",
            Self::Terminate(..) => "termination",
        }
    }
}
