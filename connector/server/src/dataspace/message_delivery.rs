//! Sends what is to be sent, in order, until the partner takes it; then does what follows by itself.

use super::negotiation_process::OutgoingMessage;
use super::partner::Partner;
use super::process_engine::ProcessEngine;
use super::process_terms::{NegotiationMove, ProcessTerms, TransferMove};
use hansa_dataspace::{NegotiationAck, TransferAck, TransferState, join_address};
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::dataspace::client;
use std::sync::Arc;
use std::time::Duration;

/// The longest time between two tries.
const LONGEST: Duration = Duration::from_secs(3_600);

/// Tries of a message whose process the partner does not know yet.
const UNKNOWN_TRIES: u32 = 3;

/// Tries of the last message of a process, some hours.
const LAST_TRIES: u32 = 16;

/// How long a process stands before it is looked at again, where something failed here.
const AGAIN: Duration = Duration::from_secs(30);

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Delivery {
    /// It was taken; what was answered.
    Taken(Vec<u8>),
    /// It was refused.
    Refused(String),
    /// It is tried again.
    Later,
}

/// Sends one message once.
async fn deliver(
    partner: &Partner,
    address: &str,
    message: &OutgoingMessage,
    tries: u32,
) -> Delivery {
    // The configuration may have changed since the process began.
    if !partner.owns(address) {
        return Delivery::Refused("the configuration names another host by now".to_owned());
    }
    let url = join_address(address, &message.path);
    let bytes = message.body.to_string().into_bytes();
    match client::send(&url, partner.authorization.as_deref(), Some(bytes)).await {
        Ok(answer) => match answer.status {
            200..=299 => Delivery::Taken(answer.body),
            404 if tries < UNKNOWN_TRIES => Delivery::Later,
            408 | 425 | 429 => Delivery::Later,
            // Nobody is followed elsewhere.
            300..=499 => Delivery::Refused(format!("the partner answered {}", answer.status)),
            _ => Delivery::Later,
        },
        Err(refusal) => {
            tracing::info!(partner = partner.name, %refusal, "dataspace.message_waits");
            Delivery::Later
        }
    }
}

/// How long is waited before a message is tried again.
fn wait(tries: u32, patience: Duration) -> Duration {
    let factor = 2_u32.saturating_pow(tries.saturating_sub(UNKNOWN_TRIES).min(16));
    patience.saturating_mul(factor).min(LONGEST)
}

impl<T: ProcessTerms> ProcessEngine<T> {
    /// Sends what is to be sent of a negotiation and does what follows, elsewhere.
    pub(super) fn negotiation_goes_on(self: &Arc<Self>, pid: &str) {
        if !self.begins(pid) {
            return;
        }
        let (engine, pid) = (Arc::clone(self), pid.to_owned());
        tokio::spawn(async move {
            loop {
                if let Err(refusal) = engine.drive_negotiation(&pid).await {
                    tracing::warn!(process = pid, %refusal, "dataspace.negotiation_stands");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
                if engine.ends(&pid) {
                    return;
                }
            }
        });
    }

    async fn drive_negotiation(&self, pid: &str) -> Result<(), Refusal> {
        let patience = self.terms.patience();
        let mut tries = 0;
        loop {
            tokio::time::sleep(match tries {
                0 => patience,
                tries => wait(tries, patience),
            })
            .await;
            let Some(mut process) = self.negotiations.get(pid) else {
                return Ok(());
            };
            let partner = self.named(&process.partner)?;
            if process.outbox.is_empty() {
                let _turn = self.turn.lock().await;
                // What came in meanwhile counts.
                let Some(now) = self.negotiations.get(pid) else {
                    return Ok(());
                };
                if now.outbox.is_empty() {
                    let Some(wanted) = self.terms.negotiation_move(&now) else {
                        return Ok(());
                    };
                    self.move_negotiation(&partner, now, wanted).await?;
                }
                match self.negotiations.get(pid) {
                    Some(now) => process = now,
                    None => return Ok(()),
                }
            }
            let Some(message) = process.outbox.first() else {
                continue;
            };
            let delivery = deliver(&partner, &process.address, message, tries).await;
            tries = self
                .negotiation_delivered(pid, (message, delivery), tries)
                .await?;
        }
    }

    async fn negotiation_delivered(
        &self,
        pid: &str,
        (message, delivery): (&OutgoingMessage, Delivery),
        tries: u32,
    ) -> Result<u32, Refusal> {
        if delivery == Delivery::Later && !self.gives_up(pid, tries) {
            return Ok(tries.saturating_add(1));
        }
        let _turn = self.turn.lock().await;
        let Some(mut process) = self.negotiations.get(pid) else {
            return Ok(0);
        };
        if process.outbox.first() != Some(message) {
            // What was to be sent has changed meanwhile.
            return Ok(0);
        }
        process.outbox.remove(0);
        match delivery {
            Delivery::Later => process.outbox.clear(),
            Delivery::Taken(body) => {
                if process.peer_pid.is_none() {
                    let answered = NegotiationAck::read(&body).ok();
                    let answered = answered.filter(|ack| ack.pids.consumer.as_str() == process.pid);
                    match answered {
                        Some(ack) => process.peer_pid = Some(ack.pids.provider.to_string()),
                        None => {
                            process.ended = Some(
                                "the partner answered with something else than a negotiation"
                                    .to_owned(),
                            );
                            process.enter(Phase::Terminated);
                        }
                    }
                }
            }
            Delivery::Refused(why) if !process.is_over() => {
                process.ended = Some(why);
                process.enter(Phase::Terminated);
                process.outbox.clear();
                if process.is_provider && process.contract.is_none() {
                    process.agreement = None;
                }
            }
            Delivery::Refused(why) => {
                tracing::info!(process = pid, why, "dataspace.last_word_refused")
            }
        }
        self.negotiations.put(process).await?;
        Ok(0)
    }

    /// Whether a message of a process that is over is tried no more.
    fn gives_up(&self, pid: &str, tries: u32) -> bool {
        let negotiation = self.negotiations.get(pid).is_some_and(|one| one.is_over());
        let transfer = self.transfers.get(pid).is_some_and(|one| one.is_over());
        (negotiation || transfer) && tries >= LAST_TRIES
    }

    /// An officer, or a command, makes a move of a negotiation.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, or why the move is not possible now.
    pub(crate) async fn decide(
        self: &Arc<Self>,
        pid: &str,
        wanted: NegotiationMove,
    ) -> Result<(), Refusal> {
        let _turn = self.turn.lock().await;
        let process = self.negotiations.get(pid).ok_or_else(|| {
            let sentence = format!("there is no negotiation `{pid}` with a partner");
            Refusal::new(ErrorCode::NegotiationUnknown, sentence)
        })?;
        let partner = self.named(&process.partner)?;
        self.move_negotiation(&partner, process, wanted).await?;
        self.negotiation_goes_on(pid);
        Ok(())
    }

    /// Ends the transfers for which that is due.
    pub(crate) async fn end_transfers(self: &Arc<Self>) {
        for process in self.transfers.all() {
            if let Some(wanted @ TransferMove::Terminate(..)) = self.terms.transfer_move(&process)
                && let Err(refusal) = self.decide_transfer(&process.pid, wanted).await
            {
                tracing::warn!(process = process.pid, %refusal, "dataspace.transfer_not_ended");
            }
        }
    }

    /// The same of a transfer.
    ///
    /// # Errors
    /// `NEGOTIATION_UNKNOWN`, or why the move is not possible now.
    pub(crate) async fn decide_transfer(
        self: &Arc<Self>,
        pid: &str,
        wanted: TransferMove,
    ) -> Result<(), Refusal> {
        let _turn = self.turn.lock().await;
        let process = self.transfers.get(pid).ok_or_else(|| {
            let sentence = format!("there is no transfer `{pid}` with a partner");
            Refusal::new(ErrorCode::NegotiationUnknown, sentence)
        })?;
        self.move_transfer(process, wanted).await?;
        self.transfer_goes_on(pid);
        Ok(())
    }

    /// Sends what is to be sent of a transfer and does what follows, elsewhere.
    pub(super) fn transfer_goes_on(self: &Arc<Self>, pid: &str) {
        if !self.begins(pid) {
            return;
        }
        let (engine, pid) = (Arc::clone(self), pid.to_owned());
        tokio::spawn(async move {
            loop {
                if let Err(refusal) = engine.drive_transfer(&pid).await {
                    tracing::warn!(process = pid, %refusal, "dataspace.transfer_stands");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
                if engine.ends(&pid) {
                    return;
                }
            }
        });
    }

    async fn drive_transfer(&self, pid: &str) -> Result<(), Refusal> {
        let patience = self.terms.patience();
        let mut tries = 0;
        loop {
            tokio::time::sleep(match tries {
                0 => patience,
                tries => wait(tries, patience),
            })
            .await;
            let Some(mut process) = self.transfers.get(pid) else {
                return Ok(());
            };
            let partner = self.named(&process.partner)?;
            if process.outbox.is_empty() {
                let _turn = self.turn.lock().await;
                let Some(now) = self.transfers.get(pid) else {
                    return Ok(());
                };
                if now.outbox.is_empty() {
                    let Some(wanted) = self.terms.transfer_move(&now) else {
                        return Ok(());
                    };
                    self.move_transfer(now, wanted).await?;
                }
                match self.transfers.get(pid) {
                    Some(now) => process = now,
                    None => return Ok(()),
                }
            }
            let Some(message) = process.outbox.first() else {
                continue;
            };
            let delivery = deliver(&partner, &process.address, message, tries).await;
            tries = self
                .transfer_delivered(pid, (message, delivery), tries)
                .await?;
        }
    }

    async fn transfer_delivered(
        &self,
        pid: &str,
        (message, delivery): (&OutgoingMessage, Delivery),
        tries: u32,
    ) -> Result<u32, Refusal> {
        if delivery == Delivery::Later && !self.gives_up(pid, tries) {
            return Ok(tries.saturating_add(1));
        }
        let _turn = self.turn.lock().await;
        let Some(mut process) = self.transfers.get(pid) else {
            return Ok(0);
        };
        if process.outbox.first() != Some(message) {
            return Ok(0);
        }
        process.outbox.remove(0);
        let own = process.own_role();
        match delivery {
            Delivery::Later => process.outbox.clear(),
            Delivery::Taken(body) => {
                if process.peer_pid.is_none() {
                    let answered = TransferAck::read(&body).ok();
                    let answered = answered.filter(|ack| ack.pids.consumer.as_str() == process.pid);
                    match answered {
                        Some(ack) => process.peer_pid = Some(ack.pids.provider.to_string()),
                        None => {
                            process.ended = Some(
                                "the partner answered with something else than a transfer"
                                    .to_owned(),
                            );
                            process.enter(TransferState::Terminated, own);
                        }
                    }
                }
            }
            // Not every partner that has resumed a transfer itself waits to be told where the data is now.
            Delivery::Refused(_) if message.path.ends_with("/start") && process.visits() > 1 => {}
            Delivery::Refused(why) if !process.is_over() => {
                process.ended = Some(why);
                process.enter(TransferState::Terminated, own);
                process.outbox.clear();
            }
            Delivery::Refused(why) => {
                tracing::info!(process = pid, why, "dataspace.last_word_refused")
            }
        }
        self.transfers.put(process).await?;
        Ok(0)
    }
}
