//! What a negotiation and a transfer with a partner have in common, as it is kept.

use crate::partner::Partner;
use hansa_audit_log::time::UtcTimestamp;
use hansa_dataspace::{ProcessId, ProcessPids};
use hansa_node::contract::agreement_parameters::uuid;
use hansa_policy::negotiation::PartyRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Messages of one process, so that a partner can't let it grow without end.
const MOST_MESSAGES: usize = 100;

/// A process with a partner.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartnerProcess {
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
    /// Whether the partner opened it.
    #[serde(default)]
    pub(crate) by_partner: bool,
    /// The first message of the partner, where it opened it: the same one gets the same answer.
    pub(crate) opened_by: Option<String>,
    /// Why it was ended, where it was.
    pub(crate) ended: Option<String>,
    /// Ids of messages that were taken in.
    pub(crate) seen: Vec<String>,
    /// What is to be sent, in order.
    pub(crate) outbox: Vec<OutgoingMessage>,
    /// How many messages there were.
    pub(crate) messages: usize,
}

/// A message that is to be sent until it is taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutgoingMessage {
    /// The path behind the address of the partner.
    pub(crate) path: String,
    /// What is sent.
    pub(crate) body: Value,
}

impl PartnerProcess {
    /// One that this participant begins, as consumer.
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

    /// One that a partner opens by a message: its id there, and where it takes messages.
    pub(super) fn from_partner_message(
        partner: &Partner,
        now: UtcTimestamp,
        (peer_pid, callback): (&ProcessId, String),
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

    /// The role of this participant.
    pub(crate) const fn own_role(&self) -> PartyRole {
        match self.is_provider {
            true => PartyRole::Provider,
            false => PartyRole::Consumer,
        }
    }

    /// Puts it in a state.
    pub(super) fn reach(&mut self, state: &str) {
        self.state = state.to_owned();
        let count = self.reached.entry(self.state.clone()).or_default();
        *count = count.saturating_add(1);
        self.messages = self.messages.saturating_add(1);
    }

    /// How often its state was reached.
    pub(crate) fn visits(&self) -> u32 {
        self.reached.get(&self.state).copied().unwrap_or_default()
    }

    /// Whether it has had as many messages as it may.
    pub(super) const fn is_full(&self) -> bool {
        self.messages >= MOST_MESSAGES
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

    /// Whether a message names it by its ids; that of the partner is learned where it is not known yet.
    pub(super) fn is_named_by(&mut self, pids: &ProcessPids) -> bool {
        let (own, peer) = match self.is_provider {
            true => (&pids.provider, &pids.consumer),
            false => (&pids.consumer, &pids.provider),
        };
        let known = self.peer_pid.get_or_insert_with(|| peer.to_string());
        own.as_str() == self.pid && known == peer.as_str()
    }

    /// Whether a message was taken in before.
    pub(super) fn has_seen(&self, message: Option<&String>) -> bool {
        message.is_some_and(|id| self.seen.contains(id))
    }

    /// Whether a message is the one that opened it.
    pub(super) fn is_opened_by(&self, message: Option<&String>) -> bool {
        self.opened_by.is_some() && self.opened_by.as_ref() == message
    }
}

/// A new id of a process or a message. It stands in paths as it is.
pub(super) fn fresh_id() -> String {
    format!("urn:uuid:{}", uuid())
}
