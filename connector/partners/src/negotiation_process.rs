//! A negotiation with a partner, as it is kept.

use crate::partner_process::PartnerProcess;
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{NegotiationAck, PolicyRules};
use hansa_policy::negotiation::Phase;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A negotiation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegotiationProcess {
    /// What it has in common with a transfer.
    pub(crate) base: PartnerProcess,
    /// The dataset, by its id in the protocol.
    pub(crate) dataset: String,
    /// The offer on the table.
    pub(crate) offer: String,
    /// What it says.
    pub(crate) rules: Map<String, Value>,
    /// The agreement, once there is one, as it was sent.
    pub(crate) agreement: Option<Value>,
    /// The contract that this participant would sign as provider, drawn once: officers agree to this text and to no later one.
    #[serde(default)]
    pub(crate) draft: Option<String>,
    /// The contract, signed by this participant and not in force.
    pub(crate) signed: Option<String>,
    /// How many contracts with the partner on the dataset were withdrawn when it was signed.
    pub(crate) withdrawn: usize,
    /// The contract that stands for the agreement here, once it is in force.
    pub(crate) contract: Option<String>,
}

impl NegotiationProcess {
    /// The state.
    pub(crate) fn phase(&self) -> Option<Phase> {
        Phase::ALL
            .into_iter()
            .find(|phase| phase.as_str() == self.base.state)
    }

    /// Puts it in a state.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.base.reach(phase.as_str());
    }

    /// What is told of it.
    pub(super) fn ack(&self) -> Option<NegotiationAck> {
        Some(NegotiationAck {
            pids: self.base.pids()?,
            state: self.phase()?,
        })
    }

    /// What the offer on the table says.
    pub(crate) fn policy(&self) -> Option<PolicyRules> {
        PolicyRules::read(&Value::Object(self.rules.clone())).ok()
    }

    /// What is on the table, as whoever agrees to it names it.
    pub(crate) fn terms(&self) -> Digest {
        let table = json!({"dataset": self.dataset, "offer": self.offer, "rules": self.rules});
        Digest::of(table.to_string().as_bytes())
    }

    /// Whether nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase(), Some(Phase::Finalized | Phase::Terminated))
    }
}
