//! Moves processes on: what came in, what is sent by itself, and what is sent again until it is taken. One step at a time.

use super::negotiation_process::{MOST_MESSAGES, NegotiationProcess};
use super::partner::Partner;
use super::process_store::{KeptProcess as _, ProcessStore};
use super::process_terms::{ProcessRecord, ProcessTerms};
use super::transfer_process::TransferProcess;
use crate::participant::agreement_parameters::uuid;
use hansa_audit_log::digest::Digest;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parking_lot::Mutex as SyncMutex;
use serde_json::Value;
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
            if !process.is_over() || process.has_outbox() {
                self.negotiation_goes_on(&process.pid);
            }
        }
        for process in self.transfers.all() {
            if !process.is_over() || process.has_outbox() {
                self.transfer_goes_on(&process.pid);
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

    pub(super) fn named(&self, partner: &str) -> Result<Partner, Refusal> {
        self.terms.partner(partner).ok_or_else(|| {
            let sentence = format!("there is no partner `{partner}`");
            Refusal::new(ErrorCode::PartnerUnknown, sentence)
        })
    }
}

/// A new id of a process or a message. It stands in paths as it is.
pub(super) fn fresh_id() -> String {
    format!("urn:uuid:{}", uuid())
}

/// Whether a process has had as many messages as it may.
pub(super) const fn is_full(messages: usize) -> bool {
    messages >= MOST_MESSAGES
}

/// The digest of a message, for its record.
pub(super) fn digest(body: &Value) -> String {
    Digest::of(body.to_string().as_bytes()).to_string()
}

/// What is recorded of a message that goes out.
pub(super) fn outgoing(
    partner: &str,
    message: &'static str,
    process: &str,
    (state, body): (&str, &Value),
) -> ProcessRecord {
    ProcessRecord {
        partner: partner.to_owned(),
        is_incoming: false,
        message,
        process: process.to_owned(),
        state: state.to_owned(),
        digest: digest(body),
    }
}
