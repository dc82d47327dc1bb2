//! Stored negotiation with a partner.

use crate::partner_process::PartnerProcess;
use hansa_audit_log::digest::Digest;
use hansa_dataspace::{NegotiationAck, PolicyRules};
use hansa_policy::negotiation::Phase;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// Stored state of a negotiation. A restart continues in this state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NegotiationProcess {
    /// State shared with transfers.
    pub(crate) base: PartnerProcess,
    /// ID of the dataset in the protocol.
    pub(crate) dataset: String,
    /// ID of the current offer.
    pub(crate) offer: String,
    /// Rules of the current offer.
    pub(crate) rules: Map<String, Value>,
    /// Agreement as sent, once it exists.
    pub(crate) agreement: Option<Value>,
    /// Draft contract of the provider, made once: officers approve this text and no later one.
    #[serde(default)]
    pub(crate) draft: Option<String>,
    /// Contract with this participant's signature that is not yet in force.
    pub(crate) signed: Option<String>,
    /// Number of withdrawn contracts with the partner on the dataset at the time of the signature.
    pub(crate) withdrawn: usize,
    /// Contract in force for the agreement.
    pub(crate) contract: Option<String>,
}

impl NegotiationProcess {
    /// Current state.
    pub(crate) fn phase(&self) -> Option<Phase> {
        Phase::ALL
            .into_iter()
            .find(|phase| phase.as_str() == self.base.state)
    }

    /// Changes the state.
    pub(super) fn enter_phase(&mut self, phase: Phase) {
        self.base.enter_state(phase.as_str());
    }

    /// State message for the partner.
    pub(super) fn ack(&self) -> Option<NegotiationAck> {
        Some(NegotiationAck {
            pids: self.base.pids()?,
            state: self.phase()?,
        })
    }

    /// Parsed rules of the current offer.
    pub(crate) fn policy(&self) -> Option<PolicyRules> {
        PolicyRules::read(&Value::Object(self.rules.clone())).ok()
    }

    /// Digest of the current proposal, which names it in an acceptance.
    pub(crate) fn terms(&self) -> Digest {
        let table = json!({"dataset": self.dataset, "offer": self.offer, "rules": self.rules});
        Digest::of(table.to_string().as_bytes())
    }

    /// True in a final state.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.phase(), Some(Phase::Finalized | Phase::Terminated))
    }
}
