//! Moves processes on: what came in, what is sent by itself, and what is sent again until it is taken. One step at a time.

use super::negotiation_process::NegotiationProcess;
use super::partner::Partner;
use super::partner_process::{OutgoingMessage, PartnerProcess};
use super::process_store::ProcessStore;
use super::process_terms::{ProcessRecord, ProcessTerms};
use super::request_fault::RequestFault;
use super::transfer_process::TransferProcess;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex as SyncMutex;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Weak};
use tokio::sync::Mutex;

/// Negotiations and transfers of one participant.
pub(crate) struct ProcessEngine<T> {
    pub(super) terms: Arc<T>,
    pub(super) negotiations: ProcessStore<NegotiationProcess>,
    pub(super) transfers: ProcessStore<TransferProcess>,
    /// Held while a process is moved on; never while a message is on its way.
    pub(super) turn: Mutex<()>,
    /// The processes that a task moves on, and whether it has to look again: each message is sent by one task.
    drivers: SyncMutex<BTreeMap<String, bool>>,
    /// Itself, for what goes on behind an answer.
    pub(super) own: Weak<Self>,
}

impl<T: ProcessTerms> ProcessEngine<T> {
    /// With the processes of a state folder; without one they are forgotten at the end.
    ///
    /// # Errors
    /// When they can't be read.
    pub(crate) fn load(terms: Arc<T>, folder: Option<&Path>) -> Result<Arc<Self>, Refusal> {
        let inner = |name: &str| folder.map(|folder| folder.join(name));
        let negotiations = ProcessStore::load(inner("negotiations"))?;
        let transfers = ProcessStore::load(inner("transfers"))?;
        Ok(Arc::new_cyclic(|own| Self {
            terms,
            negotiations,
            transfers,
            turn: Mutex::new(()),
            drivers: SyncMutex::new(BTreeMap::new()),
            own: Weak::clone(own),
        }))
    }

    /// Goes on with each process where it was when this participant stopped.
    pub(crate) fn resume(self: &Arc<Self>) {
        for process in self.negotiations.all() {
            if !process.is_over() || !process.base.outbox.is_empty() {
                self.negotiation_goes_on(&process.base.pid);
            }
        }
        for process in self.transfers.all() {
            if !process.is_over() || !process.base.outbox.is_empty() {
                self.transfer_goes_on(&process.base.pid);
            }
        }
    }

    /// The negotiations, in the order in which they began.
    pub(crate) fn all_negotiations(&self) -> Vec<NegotiationProcess> {
        self.negotiations.all()
    }

    /// The transfers, in the order in which they began.
    pub(crate) fn all_transfers(&self) -> Vec<TransferProcess> {
        self.transfers.all()
    }

    /// A negotiation, once nothing follows by itself or a time is over.
    pub(crate) fn negotiation(&self, pid: &str) -> Option<NegotiationProcess> {
        self.negotiations.get(pid)
    }

    /// A transfer.
    pub(crate) fn transfer(&self, pid: &str) -> Option<TransferProcess> {
        self.transfers.get(pid)
    }

    /// Whether a task has to begin to move a process on; one that does so already looks again.
    pub(super) fn begins(&self, pid: &str) -> bool {
        let mut drivers = self.drivers.lock();
        match drivers.get_mut(pid) {
            Some(again) => {
                *again = true;
                false
            }
            None => {
                drivers.insert(pid.to_owned(), false);
                true
            }
        }
    }

    /// Whether the task that moves a process on may end.
    pub(super) fn ends(&self, pid: &str) -> bool {
        let mut drivers = self.drivers.lock();
        match drivers.get_mut(pid) {
            Some(again) if *again => {
                *again = false;
                false
            }
            _ => {
                drivers.remove(pid);
                true
            }
        }
    }

    /// Records a message that came in, before it is kept or answered.
    pub(super) async fn taken_in(
        &self,
        process: &PartnerProcess,
        message: &'static str,
        digest: String,
    ) -> Result<(), RequestFault> {
        let recorded = self.recorded(process, (true, message), digest).await;
        recorded.map_err(RequestFault::refused)
    }

    /// Records a message that is about to go, and puts it among what is to be sent.
    pub(super) async fn sends(
        &self,
        process: &mut PartnerProcess,
        message: &'static str,
        outgoing: OutgoingMessage,
    ) -> Result<(), Refusal> {
        let digest = Digest::of(outgoing.body.to_string().as_bytes()).to_string();
        self.recorded(process, (false, message), digest).await?;
        process.outbox.push(outgoing);
        Ok(())
    }

    async fn recorded(
        &self,
        process: &PartnerProcess,
        (is_incoming, message): (bool, &'static str),
        digest: String,
    ) -> Result<(), Refusal> {
        let record = ProcessRecord {
            partner: process.partner.clone(),
            is_incoming,
            message,
            process: process.pid.clone(),
            state: process.state.clone(),
            digest,
        };
        self.terms.record(record).await
    }

    /// Refuses to open a process that the partner has no right or no room to.
    pub(super) fn check_opening(
        &self,
        partner: &Partner,
        callback: &str,
        has_room: bool,
    ) -> Result<(), RequestFault> {
        if !partner.owns(callback) {
            let sentence =
                "callbackAddress is not on the host that the configuration names for you";
            return Err(RequestFault::bad(sentence));
        }
        match has_room {
            true => Ok(()),
            false => Err(RequestFault::busy()),
        }
    }

    pub(super) fn named(&self, partner: &str) -> Result<Partner, Refusal> {
        self.terms.partner(partner).ok_or_else(|| {
            let sentence = format!("there is no partner `{partner}`");
            Refusal::new(ErrorCode::PartnerUnknown, sentence)
        })
    }
}
