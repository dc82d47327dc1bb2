//! Messages of transfers: those that come in, and those that are sent by themselves.

use super::negotiation_messages::{is_same, pid_of};
use super::negotiation_process::OutgoingMessage;
use super::partner::Partner;
use super::process_engine::{ProcessEngine, digest, fresh_id, is_full, outgoing};
use super::process_terms::{ProcessRecord, ProcessTerms, TransferMove};
use super::protocol_routes::{Answered, RequestFault};
use super::transfer_process::TransferProcess;
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{
    DataAddress, ProcessPids, TransferCompletion, TransferMessageKind, TransferRequest,
    TransferStart, TransferState, TransferSuspension, TransferTermination,
};
use hansa_policy::negotiation::PartyRole;
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A message of a transfer that is under way, as it was read.
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
    /// The message that is taken at the end of a path; nothing where none is.
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
    /// A consumer asks for a transfer.
    pub(super) async fn transfer_requested(
        self: &Arc<Self>,
        partner: &Partner,
        bytes: &[u8],
    ) -> Result<Answered, RequestFault> {
        let message = TransferRequest::read(bytes).map_err(RequestFault::of)?;
        RequestFault::check_id(message.message_id.as_ref())?;
        let consumer_pid = message.consumer_pid.to_string();
        let fault = |fault: RequestFault| fault.between(Some(&message.consumer_pid), None);
        let _turn = self.turn.lock().await;
        if let Some(known) = self.transfers.of_peer(&partner.name, &consumer_pid) {
            let repeats = is_same(known.opened_by.as_deref(), message.message_id.as_deref())
                || (known.agreement == message.agreement_id && known.format == message.format);
            return match repeats {
                true => known
                    .ack()
                    .map(Answered::Transfer)
                    .ok_or_else(RequestFault::internal),
                false => Err(fault(RequestFault::bad(
                    "there is a transfer of that consumerPid",
                ))),
            };
        }
        if !partner.owns(&message.callback) {
            return Err(fault(RequestFault::bad(
                "callbackAddress is not on the host that the configuration names for you",
            )));
        }
        if !self
            .transfers
            .has_room(&partner.name, self.terms.now().micros())
        {
            return Err(fault(RequestFault::busy()));
        }
        let grant = self
            .terms
            .grant(partner, &message.agreement_id, &message.format);
        let grant = grant.map_err(|refusal| {
            fault(match refusal.code.kind() {
                ErrorClass::Unknown => RequestFault::unknown("there is no such agreement with you"),
                _ => RequestFault::refused(refusal),
            })
        })?;
        if message.data_address.is_some() {
            return Err(fault(RequestFault::bad(
                "data is pulled here: a dataAddress of yours has no use",
            )));
        }
        let mut process = TransferProcess {
            pid: fresh_id(),
            began: self.terms.now().micros(),
            peer_pid: Some(consumer_pid),
            is_provider: true,
            partner: partner.name.clone(),
            address: message.callback.clone(),
            state: String::new(),
            reached: BTreeMap::new(),
            agreement: message.agreement_id.clone(),
            format: message.format.clone(),
            dataset: Some(grant.dataset),
            contract: grant.contract,
            opened_by: message.message_id.clone(),
            suspended_by_provider: None,
            token: None,
            data_address: None,
            ended: None,
            seen: message.message_id.iter().cloned().collect(),
            outbox: Vec::new(),
            messages: 0,
        };
        process.enter(TransferState::Requested, PartyRole::Consumer);
        self.transfer_taken_in(&process, "transfer request", Digest::of(bytes).to_string())
            .await
            .map_err(fault)?;
        let ack = process.ack().ok_or_else(RequestFault::internal)?;
        let pid = process.pid.clone();
        self.transfers
            .put(process)
            .await
            .map_err(RequestFault::refused)?;
        self.transfer_goes_on(&pid);
        Ok(Answered::TransferMade(ack))
    }

    /// What is told of a transfer of a partner.
    pub(super) fn transfer_of(
        &self,
        partner: &Partner,
        pid: &str,
    ) -> Result<TransferProcess, RequestFault> {
        let process = self.transfers.get(pid);
        // INVARIANT: processes-of-others.
        let process = process.filter(|process| process.partner == partner.name);
        process.ok_or_else(|| RequestFault::unknown("there is no such transfer"))
    }

    /// A message of a transfer that is under way.
    pub(super) async fn transferred(
        self: &Arc<Self>,
        partner: &Partner,
        pid: &str,
        input: TransferInput,
    ) -> Result<Answered, RequestFault> {
        RequestFault::check_id(input.message_id.as_ref())?;
        let pids = input.pids.clone();
        let fault = |fault: RequestFault| fault.between(Some(&pids.consumer), Some(&pids.provider));
        let _turn = self.turn.lock().await;
        let mut process = self.transfer_of(partner, pid).map_err(fault)?;
        if let Some(id) = &input.message_id
            && process.seen.contains(id)
        {
            return Ok(Answered::Nothing);
        }
        let (own, peer) = match process.is_provider {
            true => (pids.provider.as_str(), pids.consumer.as_str()),
            false => (pids.consumer.as_str(), pids.provider.as_str()),
        };
        if own != process.pid
            || process
                .peer_pid
                .as_deref()
                .is_some_and(|known| known != peer)
        {
            return Err(fault(RequestFault::bad(
                "the process ids are not those of the path",
            )));
        }
        let by = process.own_role().other();
        let next = TransferState::next(process.current(), input.kind, by, process.suspended_by());
        let Some(next) = next.filter(|_| {
            !is_full(process.messages) || input.kind == TransferMessageKind::Termination
        }) else {
            let sentence = format!(
                "the transfer is {}, so {} can't follow",
                process.state, input.name
            );
            return Err(fault(RequestFault::bad(sentence)));
        };
        process.peer_pid = Some(peer.to_owned());
        process.enter(next, by);
        if let Some(why) = input.why {
            process.ended = Some(why);
            process.outbox.clear();
        }
        process.data_address = input.data_address.as_ref().map(DataAddress::to_json);
        process.seen.extend(input.message_id);
        let resumes = process.is_provider && next == TransferState::Started;
        self.transfer_taken_in(&process, input.name, input.digest)
            .await
            .map_err(fault)?;
        let pid = process.pid.clone();
        if resumes {
            // Whoever pulls needs an address that counts from now on.
            let told = self.start(process).await;
            told.map_err(RequestFault::refused)?;
        } else {
            self.transfers
                .put(process)
                .await
                .map_err(RequestFault::refused)?;
        }
        self.transfer_goes_on(&pid);
        Ok(Answered::Nothing)
    }

    async fn transfer_taken_in(
        &self,
        process: &TransferProcess,
        message: &'static str,
        digest: String,
    ) -> Result<(), RequestFault> {
        let record = ProcessRecord {
            partner: process.partner.clone(),
            is_incoming: true,
            message,
            process: process.pid.clone(),
            state: process.state.clone(),
            digest,
        };
        self.terms
            .record(record)
            .await
            .map_err(RequestFault::refused)
    }

    /// This participant asks a partner for a transfer.
    ///
    /// # Errors
    /// When it can't be kept or recorded; then nothing is sent.
    pub(crate) async fn ask_transfer(
        self: &Arc<Self>,
        partner: &Partner,
        agreement: &str,
        format: &str,
    ) -> Result<String, Refusal> {
        let mut process = TransferProcess {
            pid: fresh_id(),
            began: self.terms.now().micros(),
            peer_pid: None,
            is_provider: false,
            partner: partner.name.clone(),
            address: partner.address.clone(),
            state: String::new(),
            reached: BTreeMap::new(),
            agreement: agreement.to_owned(),
            format: format.to_owned(),
            dataset: None,
            contract: None,
            opened_by: None,
            suspended_by_provider: None,
            token: None,
            data_address: None,
            ended: None,
            seen: Vec::new(),
            outbox: Vec::new(),
            messages: 0,
        };
        process.enter(TransferState::Requested, PartyRole::Consumer);
        let message = TransferRequest {
            message_id: Some(fresh_id()),
            consumer_pid: pid_of(&process.pid)?,
            agreement_id: agreement.to_owned(),
            format: format.to_owned(),
            data_address: None,
            callback: self.terms.base(),
        };
        let (pid, body) = (process.pid.clone(), message.to_json());
        let record = outgoing(
            &partner.name,
            "transfer request",
            &pid,
            (&process.state, &body),
        );
        self.terms.record(record).await?;
        process.outbox.push(OutgoingMessage {
            path: "/transfers/request".to_owned(),
            body,
        });
        let _turn = self.turn.lock().await;
        self.transfers.put(process).await?;
        self.transfer_goes_on(&pid);
        Ok(pid)
    }

    /// Makes one move of this participant: the state is kept before the message goes.
    ///
    /// # Errors
    /// When it can't be kept or recorded; then nothing has changed.
    pub(super) async fn move_transfer(
        &self,
        mut process: TransferProcess,
        wanted: TransferMove,
    ) -> Result<(), Refusal> {
        let own = process.own_role();
        let next = TransferState::next(
            process.current(),
            wanted.kind(),
            own,
            process.suspended_by(),
        );
        let Some(next) = next else {
            let sentence = format!(
                "the transfer is {}, so {} can't follow",
                process.state,
                wanted.name()
            );
            return Err(Refusal::new(ErrorCode::NegotiationState, sentence));
        };
        let Some(pids) = process.pids() else {
            return Err(Refusal::new(
                ErrorCode::NegotiationState,
                "the partner has not answered yet",
            ));
        };
        if wanted == TransferMove::Start && process.is_provider {
            process.enter(next, own);
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
                process.ended.get_or_insert_with(|| reason.clone());
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
        process.enter(next, own);
        self.keep_and_send(process, (name, tail), body).await
    }

    /// As provider: opens the data of a transfer that is started, and tells where it is.
    async fn start(&self, mut process: TransferProcess) -> Result<(), Refusal> {
        let (address, token) = self.terms.open(&process).await?;
        process.token = token;
        let Some(pids) = process.pids() else {
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
        self.keep_and_send(process, ("start", "start"), body).await
    }

    async fn keep_and_send(
        &self,
        mut process: TransferProcess,
        (name, tail): (&'static str, &str),
        body: Value,
    ) -> Result<(), Refusal> {
        let record = ProcessRecord {
            partner: process.partner.clone(),
            is_incoming: false,
            message: name,
            process: process.pid.clone(),
            state: process.state.clone(),
            digest: digest(&body),
        };
        self.terms.record(record).await?;
        let path = format!(
            "/transfers/{}/{tail}",
            process.peer_pid.as_deref().unwrap_or_default()
        );
        process.outbox.push(OutgoingMessage { path, body });
        self.transfers.put(process).await
    }
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
