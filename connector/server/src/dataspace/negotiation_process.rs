//! A negotiation with a partner, as it is kept.

use hansa_dataspace::{NegotiationAck, PolicyRules, ProcessId, ProcessPids};
use hansa_policy::negotiation::{PartyRole, Phase};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Messages of one process, so that a partner can't let it grow without end.
pub(super) const MOST_MESSAGES: usize = 100;

/// A negotiation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NegotiationProcess {
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
    /// The dataset, by its id in the protocol.
    pub(crate) dataset: String,
    /// The offer on the table.
    pub(crate) offer: String,
    /// What it says.
    pub(crate) rules: Map<String, Value>,
    /// The first message of the partner, where it opened it: the same one gets the same answer.
    pub(crate) opened_by: Option<String>,
    /// The agreement, once there is one, as it was sent.
    pub(crate) agreement: Option<Value>,
    /// The contract, signed by this participant and not in force.
    pub(crate) signed: Option<String>,
    /// How many contracts with the partner on the dataset were withdrawn when it was signed.
    pub(crate) withdrawn: usize,
    /// The contract that stands for the agreement here, once it is in force.
    pub(crate) contract: Option<String>,
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

impl NegotiationProcess {
    /// The role of this participant.
    pub(crate) const fn own_role(&self) -> PartyRole {
        match self.is_provider {
            true => PartyRole::Provider,
            false => PartyRole::Consumer,
        }
    }

    /// The state.
    pub(crate) fn phase(&self) -> Option<Phase> {
        Phase::ALL
            .into_iter()
            .find(|phase| phase.as_str() == self.state)
    }

    /// Puts it in a state.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.state = phase.as_str().to_owned();
        let count = self.reached.entry(self.state.clone()).or_default();
        *count = count.saturating_add(1);
        self.messages = self.messages.saturating_add(1);
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
    pub(super) fn ack(&self) -> Option<NegotiationAck> {
        Some(NegotiationAck {
            pids: self.pids()?,
            state: self.phase()?,
        })
    }

    /// What the offer on the table says.
    pub(crate) fn policy(&self) -> Option<PolicyRules> {
        PolicyRules::read(&Value::Object(self.rules.clone())).ok()
    }

    /// Whether nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase(), Some(Phase::Finalized | Phase::Terminated))
    }
}
