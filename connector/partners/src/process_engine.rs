//! Engine of processes: applies received messages, makes automatic moves, and repeats messages until they are taken. One step at a
//! time.

use crate::data_flow::DataFlow;
use crate::message_sum::{MessageBounds, MessageSum, SummedMessage};
use crate::negotiation_process::NegotiationProcess;
use crate::partner::Partner;
use crate::partner_process::{OutgoingMessage, PartnerProcess};
use crate::process_store::{ProcessStore, TokenEnded};
use crate::process_terms::{ProcessRecord, ProcessTerms, RefusedMessage};
use crate::request_fault::RequestFault;
use crate::transfer_process::TransferProcess;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use parking_lot::Mutex as SyncMutex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use tokio::sync::{Mutex, Notify, OwnedMutexGuard};

/// Task that moves a process on.
#[derive(Default)]
struct Driver {
    /// True if the task must check again before it ends.
    looks_again: bool,
    /// Signal that ends its pause before the next attempt.
    wakes: Arc<Notify>,
}

/// Refused messages of one partner in a minute.
const REFUSALS: MessageBounds = MessageBounds {
    recorded: 30,
    answered: u32::MAX,
};

/// Catalog requests of one partner in a minute.
const LOOKS: MessageBounds = MessageBounds {
    recorded: 10,
    answered: 600,
};

/// Negotiations and transfers of one participant.
pub struct ProcessEngine<T> {
    pub(super) terms: Arc<T>,
    pub(super) negotiations: ProcessStore<NegotiationProcess>,
    pub(super) transfers: ProcessStore<TransferProcess>,
    pub(super) flows: ProcessStore<DataFlow>,
    /// Locks by partner: held while one of its processes is moved on, never while a message is being sent.
    turns: SyncMutex<BTreeMap<String, Arc<Mutex<()>>>>,
    /// Tasks by process: each message is sent by one task.
    drivers: SyncMutex<BTreeMap<String, Driver>>,
    /// Recently refused messages, by partner.
    refusals: SyncMutex<BTreeMap<String, MessageSum>>,
    /// Recent catalog requests, by partner.
    looks: SyncMutex<BTreeMap<String, MessageSum>>,
    /// Reference to itself, for work after an answer.
    pub(super) own: Weak<Self>,
}

impl<T> std::fmt::Debug for ProcessEngine<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProcessEngine").finish_non_exhaustive()
    }
}

impl<T: ProcessTerms> ProcessEngine<T> {
    /// Loads the processes of a state folder. Without a folder, processes are not stored.
    ///
    /// # Errors
    /// If the processes can't be read.
    pub fn load(terms: Arc<T>, folder: Option<&Path>) -> Result<Arc<Self>, Refusal> {
        let inner = |name: &str| folder.map(|folder| folder.join(name));
        let told = Arc::clone(&terms);
        let token_ended: TokenEnded = Arc::new(move |pid| told.token_ended(pid));
        let negotiations = ProcessStore::load(inner("negotiations"), Arc::clone(&token_ended))?;
        let transfers = ProcessStore::load(inner("transfers"), Arc::clone(&token_ended))?;
        let flows = ProcessStore::load(inner("flows"), token_ended)?;
        Ok(Arc::new_cyclic(|own| Self {
            terms,
            negotiations,
            transfers,
            flows,
            turns: SyncMutex::new(BTreeMap::new()),
            drivers: SyncMutex::new(BTreeMap::new()),
            refusals: SyncMutex::new(BTreeMap::new()),
            looks: SyncMutex::new(BTreeMap::new()),
            own: Weak::clone(own),
        }))
    }

    /// Continues each process in its stored state.
    pub fn resume_processes(self: &Arc<Self>) {
        for process in self.negotiations.all_processes() {
            if !process.is_over() || !process.base.outbox.is_empty() {
                self.continue_negotiation(&process.base.pid);
            }
        }
        for process in self.transfers.all_processes() {
            if !process.is_over() || !process.base.outbox.is_empty() {
                self.continue_transfer(&process.base.pid);
            }
        }
        for flow in self.flows.all_processes() {
            if !flow.is_over() || !flow.base.outbox.is_empty() {
                self.continue_flow(&flow.base.pid);
            }
        }
    }

    /// Negotiations in the order of their start.
    pub(crate) fn all_negotiations(&self) -> Vec<NegotiationProcess> {
        self.negotiations.all_processes()
    }

    /// Transfers in the order of their start.
    pub(crate) fn all_transfers(&self) -> Vec<TransferProcess> {
        self.transfers.all_processes()
    }

    /// Data flows in the order of their start.
    pub(crate) fn all_flows(&self) -> Vec<DataFlow> {
        self.flows.all_processes()
    }

    /// Finds a data flow.
    pub(crate) fn flow(&self, pid: &str) -> Option<DataFlow> {
        self.flows.get(pid)
    }

    /// Finds a negotiation.
    pub fn negotiation(&self, pid: &str) -> Option<NegotiationProcess> {
        self.negotiations.get(pid)
    }

    /// Finds a transfer.
    pub fn transfer(&self, pid: &str) -> Option<TransferProcess> {
        self.transfers.get(pid)
    }

    /// Lock of a partner: one of its processes is moved on at a time, independently of other partners.
    pub(super) async fn lock_partner(&self, partner: &str) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock();
            Arc::clone(turns.entry(partner.to_owned()).or_default())
        };
        turn.lock_owned().await
    }

    /// Returns the wake-up signal for a new task of a process; `None` if a task already exists, which then checks again.
    pub(super) fn begin_task(&self, pid: &str) -> Option<Arc<Notify>> {
        let mut drivers = self.drivers.lock();
        if let Some(driver) = drivers.get_mut(pid) {
            driver.looks_again = true;
            driver.wakes.notify_one();
            return None;
        }
        let driver = Driver::default();
        let wakes = Arc::clone(&driver.wakes);
        drivers.insert(pid.to_owned(), driver);
        Some(wakes)
    }

    /// True if the task of a process may end.
    pub(super) fn try_end_task(&self, pid: &str) -> bool {
        let mut drivers = self.drivers.lock();
        match drivers.get_mut(pid) {
            Some(driver) if driver.looks_again => {
                driver.looks_again = false;
                false
            }
            _ => {
                drivers.remove(pid);
                true
            }
        }
    }

    /// Records a received message, before it is stored or answered.
    pub(super) async fn record_received_message(
        &self,
        process: &PartnerProcess,
        message: &'static str,
        digest: String,
    ) -> Result<(), RequestFault> {
        let recorded = self.record_message(process, true, message, digest).await;
        recorded.map_err(RequestFault::from_refusal)
    }

    /// Records a message, and adds it to the messages to send.
    pub(super) async fn record_and_queue(
        &self,
        process: &mut PartnerProcess,
        message: &'static str,
        outgoing: OutgoingMessage,
    ) -> Result<(), Refusal> {
        let digest = Digest::of(outgoing.body.to_string().as_bytes()).to_string();
        self.record_message(process, false, message, digest).await?;
        process.outbox.push(outgoing);
        Ok(())
    }

    async fn record_message(
        &self,
        process: &PartnerProcess,
        is_incoming: bool,
        message: &'static str,
        digest: String,
    ) -> Result<(), Refusal> {
        let record = ProcessRecord::for_process(process, is_incoming, message, digest);
        self.terms.record(record).await
    }

    /// Records the refusal of a message, before the partner gets it. For a partner with many refused messages, some are only
    /// counted, and the next record has their number.
    pub(super) async fn record_refusal(
        &self,
        partner: &Partner,
        path: &[&str],
        bytes: &[u8],
        reason: &str,
    ) -> Result<(), Refusal> {
        let now = self.terms.now().micros();
        let summed = {
            let mut refusals = self.refusals.lock();
            let sum = refusals.entry(partner.name.clone()).or_default();
            sum.add(now, REFUSALS)
        };
        let SummedMessage::Recorded(others) = summed else {
            return Ok(());
        };
        let process = path.iter().find(|part| part.starts_with("urn:uuid:"));
        let process = process.map(|part| SingleLineText::from_any_text(part).to_string());
        let record = ProcessRecord {
            process: process.unwrap_or_default(),
            refused: Some(RefusedMessage {
                reason: SingleLineText::from_any_text(reason).to_string(),
                others,
            }),
            ..ProcessRecord::incoming_message(
                &partner.name,
                "refused",
                Digest::of(bytes).to_string(),
            )
        };
        self.record_in_sum(&self.refusals, others, record).await
    }

    /// Records a catalog request, before it is answered. For a partner with many requests, some are only counted, and the next
    /// record has their number; above a limit, requests are refused.
    pub(super) async fn record_look(
        &self,
        partner: &Partner,
        message: &'static str,
        asked: &[u8],
    ) -> Result<(), RequestFault> {
        let now = self.terms.now().micros();
        let summed = {
            let mut looks = self.looks.lock();
            looks
                .entry(partner.name.clone())
                .or_default()
                .add(now, LOOKS)
        };
        let others = match summed {
            SummedMessage::Counted => return Ok(()),
            SummedMessage::TooMany => return Err(RequestFault::too_often()),
            SummedMessage::Recorded(others) => others,
        };
        let record = ProcessRecord {
            others,
            ..ProcessRecord::incoming_message(&partner.name, message, Digest::of(asked).to_string())
        };
        let recorded = self.record_in_sum(&self.looks, others, record).await;
        recorded.map_err(RequestFault::from_refusal)
    }

    /// Records one message of a sum.
    async fn record_in_sum(
        &self,
        sums: &SyncMutex<BTreeMap<String, MessageSum>>,
        others: u64,
        record: ProcessRecord,
    ) -> Result<(), Refusal> {
        let partner = record.partner.clone();
        let recorded = self.terms.record(record).await;
        if let Some(sum) = sums.lock().get_mut(&partner) {
            match &recorded {
                Ok(()) => sum.confirm_record(),
                Err(_) => sum.count_unrecorded(others),
            }
        }
        recorded
    }

    /// Refuses a new process without a right or without room.
    pub(super) fn check_opening(
        &self,
        partner: &Partner,
        callback: &str,
        has_room: bool,
    ) -> Result<(), RequestFault> {
        if !partner.owns_address(callback) {
            let sentence =
                "callbackAddress is not on the host that the configuration names for you";
            return Err(RequestFault::bad_request(sentence));
        }
        match has_room {
            true => Ok(()),
            false => Err(RequestFault::too_many_processes()),
        }
    }

    pub(super) fn find_partner(&self, partner: &str) -> Result<Partner, Refusal> {
        self.terms.partner(partner).ok_or_else(|| {
            let sentence = format!("there is no partner `{partner}`");
            Refusal::new(ErrorCode::PartnerUnknown, sentence)
        })
    }
}
