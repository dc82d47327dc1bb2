//! Stored state that negotiations and transfers with a partner share.

use crate::partner::Partner;
use hansa_audit_log::time::UtcTimestamp;
use hansa_dataspace::{ProcessId, ProcessPids};
use hansa_node::contract::agreement_parameters::random_uuid;
use hansa_policy::negotiation::PartyRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Most messages of one process, so that a partner can't make it grow without limit.
const MOST_MESSAGES: usize = 100;

/// Process with a partner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartnerProcess {
    /// Local ID.
    pub(crate) pid: String,
    /// Start, in microseconds.
    pub(crate) began: i64,
    /// ID at the partner, once known.
    pub(crate) peer_pid: Option<String>,
    /// True if this participant is the provider.
    pub(crate) is_provider: bool,
    /// Name of the partner in the configuration.
    pub(crate) partner: String,
    /// Partner's address for messages of this process.
    pub(crate) address: String,
    /// State as the protocol writes it.
    pub(crate) state: String,
    /// Number of times that each state was reached.
    pub(crate) reached: BTreeMap<String, u32>,
    /// True if the partner opened the process.
    #[serde(default)]
    pub(crate) by_partner: bool,
    /// ID of the partner's first message, if it opened the process. A repetition gets an equal answer.
    pub(crate) opened_by: Option<String>,
    /// Reason of the end, if any.
    pub(crate) ended: Option<String>,
    /// IDs of received messages.
    pub(crate) seen: Vec<String>,
    /// Messages to send, in order.
    pub(crate) outbox: Vec<OutgoingMessage>,
    /// Number of messages so far.
    pub(crate) messages: usize,
}

/// Message that is sent until the partner takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutgoingMessage {
    /// Path below the address of the partner.
    pub(crate) path: String,
    /// Body of the message.
    pub(crate) body: Value,
}

impl PartnerProcess {
    /// Makes a process that this participant begins as consumer.
    pub(super) fn new_as_consumer(partner: &Partner, now: UtcTimestamp) -> Self {
        Self {
            pid: fresh_id(),
            began: now.micros(),
            peer_pid: None,
            is_provider: false,
            partner: partner.name.clone(),
            address: partner.address.clone(),
            state: String::new(),
            reached: BTreeMap::new(),
            by_partner: false,
            opened_by: None,
            ended: None,
            seen: Vec::new(),
            outbox: Vec::new(),
            messages: 0,
        }
    }

    /// Makes a process from a partner's message, with its ID there and the address for messages.
    pub(super) fn from_partner_message(
        partner: &Partner,
        now: UtcTimestamp,
        peer_pid: &ProcessId,
        callback: String,
        message: Option<&String>,
    ) -> Self {
        Self {
            peer_pid: Some(peer_pid.to_string()),
            address: callback,
            by_partner: true,
            opened_by: message.cloned(),
            seen: message.into_iter().cloned().collect(),
            ..Self::new_as_consumer(partner, now)
        }
    }

    /// Role of this participant.
    pub(crate) const fn own_role(&self) -> PartyRole {
        match self.is_provider {
            true => PartyRole::Provider,
            false => PartyRole::Consumer,
        }
    }

    /// Changes the state and counts it.
    pub(super) fn enter_state(&mut self, state: &str) {
        self.state = state.to_owned();
        let count = self.reached.entry(self.state.clone()).or_default();
        *count = count.saturating_add(1);
        self.messages = self.messages.saturating_add(1);
    }

    /// Number of times that the current state was reached.
    pub(crate) fn visit_count(&self) -> u32 {
        self.reached.get(&self.state).copied().unwrap_or_default()
    }

    /// True if the process has its most messages.
    pub(super) const fn is_full(&self) -> bool {
        self.messages >= MOST_MESSAGES
    }

    /// IDs of the process; `None` until the partner's ID is known.
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

    /// Checks that a message names the process. An unknown ID of the partner is taken from the message.
    pub(super) fn is_named_by(&mut self, pids: &ProcessPids) -> bool {
        let (own, peer) = match self.is_provider {
            true => (&pids.provider, &pids.consumer),
            false => (&pids.consumer, &pids.provider),
        };
        let known = self.peer_pid.get_or_insert_with(|| peer.to_string());
        own.as_str() == self.pid && known == peer.as_str()
    }

    /// Checks that a message was received before.
    pub(super) fn has_seen(&self, message: Option<&String>) -> bool {
        message.is_some_and(|id| self.seen.contains(id))
    }

    /// Checks that a message is the one that opened the process.
    pub(super) fn is_opened_by(&self, message: Option<&String>) -> bool {
        self.opened_by.is_some() && self.opened_by.as_ref() == message
    }
}

/// Makes an ID of a process or a message. It is usable in URL paths without escaping.
pub(super) fn fresh_id() -> String {
    format!("urn:uuid:{}", random_uuid())
}
