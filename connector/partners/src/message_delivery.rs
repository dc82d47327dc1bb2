//! Delivery of messages, in order and repeated until the partner takes them. Afterwards, the automatic moves follow.

use crate::data_flow::DataFlow;
use crate::negotiation_process::NegotiationProcess;
use crate::partner::Partner;
use crate::partner_process::{OutgoingMessage, PartnerProcess};
use crate::process_engine::ProcessEngine;
use crate::process_store::{KeptProcess, ProcessStore};
use crate::process_terms::{NegotiationMove, ProcessTerms, TransferMove};
use crate::transfer_process::TransferProcess;
use async_trait::async_trait;
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{
    DataFlowState, NegotiationAck, ProcessPids, TransferAck, TransferState, join_address,
};
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// Longest pause between two attempts.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Attempts for a message whose process the partner does not know yet.
const UNKNOWN_TRIES: u32 = 3;

/// Attempts for the last message of a process, over some hours.
const LAST_TRIES: u32 = 16;

/// Pause of a process after a local error.
const AGAIN: Duration = Duration::from_secs(30);

/// Result of one attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Delivery {
    /// The partner took the message; its answer.
    Taken(Vec<u8>),
    /// The partner refused the message.
    Refused(String),
    /// The attempt is repeated later.
    Later,
}

/// Sends one message once.
async fn send_message(
    partner: &Partner,
    address: &str,
    message: &OutgoingMessage,
    tries: u32,
) -> Delivery {
    // The configuration may have changed since the process began.
    if !partner.owns_address(address) {
        return Delivery::Refused("the configuration names another host by now".to_owned());
    }
    let url = join_address(address, &message.path);
    let bytes = message.body.to_string().into_bytes();
    match client::send_message(&url, partner.credential.as_ref(), Some(bytes)).await {
        Ok(answer) => match answer.status {
            200..=299 => Delivery::Taken(answer.body),
            404 if tries < UNKNOWN_TRIES => Delivery::Later,
            408 | 425 | 429 => Delivery::Later,
            // Redirects are not followed.
            300..=499 => Delivery::Refused(format!("the partner answered {}", answer.status)),
            _ => Delivery::Later,
        },
        Err(refusal) => {
            tracing::info!(partner = partner.name, %refusal, "dataspace.message_waits");
            Delivery::Later
        }
    }
}

/// Pause before the next attempt.
fn retry_pause(tries: u32, patience: Duration) -> Duration {
    let factor = 2_u32.saturating_pow(tries.saturating_sub(UNKNOWN_TRIES).min(16));
    patience.saturating_mul(factor).min(LONGEST)
}

/// Process whose messages are delivered.
#[async_trait]
pub(super) trait DeliveredProcess<T: ProcessTerms>: KeptProcess {
    /// Store of this kind of process.
    fn store(engine: &ProcessEngine<T>) -> &ProcessStore<Self>;

    /// Mutable shared part of the process.
    fn base_mut(&mut self) -> &mut PartnerProcess;

    /// Makes the next automatic move, under the lock. Returns true if there was one.
    async fn make_next_move(
        self,
        engine: &ProcessEngine<T>,
        partner: &Partner,
    ) -> Result<bool, Refusal>;

    /// IDs of the process in the answer to its first message.
    fn parse_answer_pids(body: &[u8]) -> Option<ProcessPids>;

    /// Ends the process here.
    fn fail(&mut self);

    /// True if the process continues although this message was refused.
    fn goes_on_without(&self, message: &OutgoingMessage) -> bool;

    /// Handles a receiver that is no longer configured.
    async fn without_receiver(
        self,
        _engine: &ProcessEngine<T>,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        // A partner that was removed from the configuration may return.
        Err(refusal)
    }

    /// Receiver of the messages.
    fn receiver(&self, engine: &ProcessEngine<T>) -> Result<Partner, Refusal> {
        engine.find_partner(&self.base().partner)
    }
}

#[async_trait]
impl<T: ProcessTerms> DeliveredProcess<T> for NegotiationProcess {
    fn store(engine: &ProcessEngine<T>) -> &ProcessStore<Self> {
        &engine.negotiations
    }

    fn base_mut(&mut self) -> &mut PartnerProcess {
        &mut self.base
    }

    async fn make_next_move(
        self,
        engine: &ProcessEngine<T>,
        partner: &Partner,
    ) -> Result<bool, Refusal> {
        let Some(wanted) = engine.terms.negotiation_move(&self) else {
            return Ok(false);
        };
        engine.move_negotiation(partner, self, wanted).await?;
        Ok(true)
    }

    fn parse_answer_pids(body: &[u8]) -> Option<ProcessPids> {
        NegotiationAck::read(body).ok().map(|ack| ack.pids)
    }

    fn fail(&mut self) {
        self.enter_phase(Phase::Terminated);
        if self.base.is_provider && self.contract.is_none() {
            self.agreement = None;
        }
    }

    fn goes_on_without(&self, _message: &OutgoingMessage) -> bool {
        false
    }
}

#[async_trait]
impl<T: ProcessTerms> DeliveredProcess<T> for TransferProcess {
    fn store(engine: &ProcessEngine<T>) -> &ProcessStore<Self> {
        &engine.transfers
    }

    fn base_mut(&mut self) -> &mut PartnerProcess {
        &mut self.base
    }

    async fn make_next_move(
        self,
        engine: &ProcessEngine<T>,
        _partner: &Partner,
    ) -> Result<bool, Refusal> {
        let Some(wanted) = engine.terms.transfer_move(&self) else {
            return Ok(false);
        };
        engine.move_transfer(self, wanted).await?;
        Ok(true)
    }

    fn parse_answer_pids(body: &[u8]) -> Option<ProcessPids> {
        TransferAck::read(body).ok().map(|ack| ack.pids)
    }

    fn fail(&mut self) {
        let own = self.base.own_role();
        self.enter_state(TransferState::Terminated, own);
    }

    fn goes_on_without(&self, message: &OutgoingMessage) -> bool {
        // Some partners that have resumed a transfer do not wait for the new address of its data.
        message.path.ends_with("/start") && self.base.visit_count() > 1
    }
}

#[async_trait]
impl<T: ProcessTerms> DeliveredProcess<T> for DataFlow {
    fn store(engine: &ProcessEngine<T>) -> &ProcessStore<Self> {
        &engine.flows
    }

    fn base_mut(&mut self) -> &mut PartnerProcess {
        &mut self.base
    }

    async fn make_next_move(
        self,
        engine: &ProcessEngine<T>,
        _plane: &Partner,
    ) -> Result<bool, Refusal> {
        let Some(why) = engine.terms.flow_ends(&self).filter(|_| !self.is_over()) else {
            return Ok(false);
        };
        engine
            .end_flow(self, DataFlowState::Terminated, Some(why))
            .await?;
        Ok(true)
    }

    fn parse_answer_pids(_body: &[u8]) -> Option<ProcessPids> {
        None
    }

    fn fail(&mut self) {
        self.enter_state(DataFlowState::Terminated);
    }

    fn goes_on_without(&self, _message: &OutgoingMessage) -> bool {
        true
    }

    async fn without_receiver(
        self,
        engine: &ProcessEngine<T>,
        refusal: Refusal,
    ) -> Result<(), Refusal> {
        // INVARIANT: control-planes-are-named. No data is served for a control plane that is no longer configured.
        let _turn = engine.lock_partner(&self.base.partner).await;
        match engine.flows.get(&self.base.pid) {
            Some(flow) if !flow.is_over() || !flow.base.outbox.is_empty() => {
                let state = match flow.is_over() {
                    true => flow.current_state().unwrap_or(DataFlowState::Terminated),
                    false => DataFlowState::Terminated,
                };
                engine.end_flow(flow, state, Some(refusal)).await
            }
            _ => Ok(()),
        }
    }

    fn receiver(&self, engine: &ProcessEngine<T>) -> Result<Partner, Refusal> {
        let plane = engine.terms.control_plane(&self.base.partner);
        plane.ok_or_else(|| {
            let sentence = format!("there is no control plane `{}`", self.base.partner);
            Refusal::new(ErrorCode::PartnerUnknown, sentence)
        })
    }
}

impl<T: ProcessTerms> ProcessEngine<T> {
    /// Sends the messages of a negotiation and makes its automatic moves, in a background task.
    pub(super) fn continue_negotiation(self: &Arc<Self>, pid: &str) {
        self.continue_process::<NegotiationProcess>(pid);
    }

    /// Sends the messages of a transfer and makes its automatic moves, in a background task.
    pub(super) fn continue_transfer(self: &Arc<Self>, pid: &str) {
        self.continue_process::<TransferProcess>(pid);
    }

    /// Sends the messages of a data flow and makes its automatic moves, in a background task.
    pub(super) fn continue_flow(self: &Arc<Self>, pid: &str) {
        self.continue_process::<DataFlow>(pid);
    }

    fn continue_process<P: DeliveredProcess<T>>(self: &Arc<Self>, pid: &str) {
        let Some(wakes) = self.begin_task(pid) else {
            return;
        };
        let (engine, pid) = (Arc::clone(self), pid.to_owned());
        tokio::spawn(async move {
            loop {
                if let Err(refusal) = engine.drive_process::<P>(&pid, &wakes).await {
                    tracing::warn!(process = pid, %refusal, "dataspace.process_stands");
                    let _woken = tokio::time::timeout(AGAIN, wakes.notified()).await;
                    continue;
                }
                if engine.try_end_task(&pid) {
                    return;
                }
            }
        });
    }

    /// Moves a process on until no automatic move follows.
    async fn drive_process<P: DeliveredProcess<T>>(
        &self,
        pid: &str,
        wakes: &Notify,
    ) -> Result<(), Refusal> {
        let patience = self.terms.patience();
        let mut tries = 0;
        loop {
            match tries {
                0 => tokio::time::sleep(patience).await,
                // A message of the partner shows that it is reachable, and a command shows that someone waits.
                _ => {
                    let woken =
                        tokio::time::timeout(retry_pause(tries, patience), wakes.notified());
                    if woken.await.is_ok() {
                        tries = 1;
                    }
                }
            }
            let Some(mut process) = P::store(self).get(pid) else {
                return Ok(());
            };
            let partner = match process.receiver(self) {
                Ok(partner) => partner,
                Err(refusal) => return process.without_receiver(self, refusal).await,
            };
            if process.base().outbox.is_empty() {
                let _turn = self.lock_partner(&partner.name).await;
                // Messages that arrived meanwhile count.
                let Some(now) = P::store(self).get(pid) else {
                    return Ok(());
                };
                if now.base().outbox.is_empty() && !now.make_next_move(self, &partner).await? {
                    return Ok(());
                }
                match P::store(self).get(pid) {
                    Some(now) => process = now,
                    None => return Ok(()),
                }
            }
            let base = process.base();
            let Some(message) = base.outbox.first() else {
                continue;
            };
            let delivery = send_message(&partner, &base.address, message, tries).await;
            let gives_up = process.is_over() && tries >= LAST_TRIES;
            if delivery == Delivery::Later && !gives_up {
                tries = tries.saturating_add(1);
                continue;
            }
            tries = 0;
            self.apply_delivery::<P>(pid, message, delivery).await?;
        }
    }

    /// Applies the result of a delivery: taken, refused, or given up.
    async fn apply_delivery<P: DeliveredProcess<T>>(
        &self,
        pid: &str,
        message: &OutgoingMessage,
        delivery: Delivery,
    ) -> Result<(), Refusal> {
        let Some(partner) = P::store(self)
            .get(pid)
            .map(|process| process.base().partner.clone())
        else {
            return Ok(());
        };
        let _turn = self.lock_partner(&partner).await;
        let Some(mut process) = P::store(self).get(pid) else {
            return Ok(());
        };
        if process.base().outbox.first() != Some(message) {
            // The message to send has changed meanwhile.
            return Ok(());
        }
        process.base_mut().outbox.remove(0);
        let is_first = process.base().peer_pid.is_none();
        let why = match delivery {
            Delivery::Later => {
                process.base_mut().outbox.clear();
                None
            }
            Delivery::Taken(body) if is_first => {
                let pids = P::parse_answer_pids(&body);
                let pids = pids.filter(|pids| pids.consumer.as_str() == pid);
                let provider = pids.map(|pids| pids.provider.to_string());
                let is_answer = provider.is_some();
                process.base_mut().peer_pid = provider;
                (!is_answer)
                    .then(|| "the partner answered with something else than the process".to_owned())
            }
            Delivery::Taken(_) => None,
            Delivery::Refused(_) if process.goes_on_without(message) => None,
            Delivery::Refused(why) => Some(why),
        };
        match why {
            Some(why) if process.is_over() => {
                tracing::info!(process = pid, why, "dataspace.last_word_refused");
            }
            Some(why) => {
                process.base_mut().ended = Some(why);
                process.fail();
                process.base_mut().outbox.clear();
            }
            None => {}
        }
        P::store(self).put_process(process).await
    }

    /// Makes a move of a negotiation for an officer or a command, on these terms if they matter.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, or the reason why the move is not possible now.
    pub(crate) async fn decide_negotiation(
        self: &Arc<Self>,
        pid: &str,
        wanted: NegotiationMove,
        terms: Option<Digest>,
    ) -> Result<(), Refusal> {
        let process = self
            .negotiations
            .get(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        let partner = self.find_partner(&process.base.partner)?;
        let _turn = self.lock_partner(&partner.name).await;
        let process = self
            .negotiations
            .get(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        // INVARIANT: agreed-as-read. The caller names the terms that it has read, because the partner may have changed the
        // proposal.
        if terms.is_some_and(|terms| terms != process.terms()) {
            let sentence = "the terms have changed since you read them";
            return Err(Refusal::new(ErrorCode::OfferUnknown, sentence)
                .with_help(format!("hansa partner show {pid}")));
        }
        self.move_negotiation(&partner, process, wanted).await?;
        self.continue_negotiation(pid);
        Ok(())
    }

    /// Makes a move of a transfer for a command.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, or the reason why the move is not possible now.
    pub(crate) async fn decide_transfer(
        self: &Arc<Self>,
        pid: &str,
        wanted: TransferMove,
    ) -> Result<(), Refusal> {
        let process = self
            .transfers
            .get(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        let _turn = self.lock_partner(&process.base.partner).await;
        let process = self
            .transfers
            .get(pid)
            .ok_or_else(|| unknown_process_refusal(pid))?;
        self.move_transfer(process, wanted).await?;
        self.continue_transfer(pid);
        Ok(())
    }

    /// Ends the transfers that are due to end.
    pub async fn end_transfers(self: &Arc<Self>) {
        for process in self.transfers.all_processes() {
            if let Some(wanted @ TransferMove::Terminate(..)) = self.terms.transfer_move(&process)
                && let Err(refusal) = self.decide_transfer(&process.base.pid, wanted).await
            {
                tracing::warn!(process = process.base.pid, %refusal, "dataspace.transfer_not_ended");
            }
        }
        let ended = |flow: &DataFlow| !flow.is_over() && self.terms.flow_ends(flow).is_some();
        for pid in self.flows.find_all(ended) {
            self.continue_flow(&pid);
        }
    }
}

/// Refusal for an unknown process.
pub(super) fn unknown_process_refusal(pid: &str) -> Refusal {
    let sentence = format!("there is no negotiation or transfer `{pid}` with a partner");
    Refusal::new(ErrorCode::NegotiationUnknown, sentence).with_help("hansa partner list")
}
