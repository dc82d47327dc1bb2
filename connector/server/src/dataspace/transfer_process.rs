//! A transfer with a partner, as it is kept.

use super::negotiation_process::OutgoingMessage;
use hansa_dataspace::{ProcessId, ProcessPids, TransferAck, TransferState};
use hansa_policy::negotiation::PartyRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A transfer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TransferProcess {
    /// Its id here.
    pub(crate) pid: String,
    /// When it began, in microseconds.
    pub(crate) began: i64,
    /// Its id at the partner, once it is known.
    pub(crate) peer_pid: Option<String>,
    /// Whether this participant provides.
    pub(crate) is_provider: bool,
    /// The partner, by its name in the configuration.
    pub(crate) partner: String,
    /// Where the partner takes messages of it.
    pub(crate) address: String,
    /// The state, as the protocol writes it.
    pub(crate) state: String,
    /// How often each state was reached.
    pub(crate) reached: BTreeMap<String, u32>,
    /// The agreement under which data is transferred, by its id in the protocol.
    pub(crate) agreement: String,
    /// The format.
    pub(crate) format: String,
    /// The dataset, where this participant provides it.
    pub(crate) dataset: Option<String>,
    /// The contract that stands for the agreement here.
    pub(crate) contract: Option<String>,
    /// The first message of the partner, where it opened it.
    pub(crate) opened_by: Option<String>,
    /// Who suspended it: whether it was the provider.
    pub(crate) suspended_by_provider: Option<bool>,
    /// As provider: the digest of the token that is good for it now.
    pub(crate) token: Option<String>,
    /// As consumer: where the data is, as the provider said.
    pub(crate) data_address: Option<Value>,
    /// Why it was ended, where it was.
    pub(crate) ended: Option<String>,
    /// Ids of messages that were taken in.
    pub(crate) seen: Vec<String>,
    /// What is to be sent, in order.
    pub(crate) outbox: Vec<OutgoingMessage>,
    /// How many messages there were.
    pub(crate) messages: usize,
}

impl TransferProcess {
    /// The role of this participant.
    pub(crate) const fn own_role(&self) -> PartyRole {
        match self.is_provider {
            true => PartyRole::Provider,
            false => PartyRole::Consumer,
        }
    }

    /// Who suspended it, where it is.
    pub(super) fn suspended_by(&self) -> Option<PartyRole> {
        self.suspended_by_provider
            .map(|is_provider| match is_provider {
                true => PartyRole::Provider,
                false => PartyRole::Consumer,
            })
    }

    /// The state.
    pub(crate) fn current(&self) -> Option<TransferState> {
        TransferState::of_name(&self.state)
    }

    /// Puts it in a state to which a message of `by` led.
    pub(super) fn enter(&mut self, state: TransferState, by: PartyRole) {
        self.state = state.name().to_owned();
        let count = self.reached.entry(self.state.clone()).or_default();
        *count = count.saturating_add(1);
        self.messages = self.messages.saturating_add(1);
        self.suspended_by_provider =
            (state == TransferState::Suspended).then_some(by == PartyRole::Provider);
        if state != TransferState::Started {
            // INVARIANT: transfer-tokens-end. What was given for one start is good for nothing behind it.
            self.token = None;
            self.data_address = None;
        }
    }

    /// How often its state was reached.
    pub(crate) fn visits(&self) -> u32 {
        self.reached.get(&self.state).copied().unwrap_or_default()
    }

    /// Its ids; nothing while the partner's is not known.
    pub(super) fn pids(&self) -> Option<ProcessPids> {
        let own = ProcessId::new(&self.pid).ok()?;
        let peer = ProcessId::new(self.peer_pid.as_deref()?).ok()?;
        Some(match self.is_provider {
            true => ProcessPids {
                consumer: peer,
                provider: own,
            },
            false => ProcessPids {
                consumer: own,
                provider: peer,
            },
        })
    }

    /// What is told of it.
    pub(super) fn ack(&self) -> Option<TransferAck> {
        Some(TransferAck {
            pids: self.pids()?,
            state: self.current()?,
        })
    }

    /// Whether nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.current(),
            Some(TransferState::Completed | TransferState::Terminated)
        )
    }
}
