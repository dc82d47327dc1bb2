//! A transfer with a partner, as it is kept.

use crate::partner_process::PartnerProcess;
use crate::process_terms::TransferSubject;
use hansa_dataspace::{TransferAck, TransferState};
use hansa_policy::negotiation::PartyRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A transfer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferProcess {
    /// What it has in common with a negotiation.
    pub(crate) base: PartnerProcess,
    /// The agreement under which data is transferred, by its id in the protocol.
    pub(crate) agreement: String,
    /// The format.
    pub(crate) format: String,
    /// The dataset, where this participant provides it.
    pub(crate) dataset: Option<String>,
    /// The contract that stands for the agreement here.
    pub(crate) contract: Option<String>,
    /// Who suspended it: whether it was the provider.
    pub(crate) suspended_by_provider: Option<bool>,
    /// As provider: the digest of the token that is good for it now.
    pub(crate) token: Option<String>,
    /// As consumer: where the data is, as the provider said.
    pub(crate) data_address: Option<Value>,
}

impl TransferProcess {
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
        TransferState::of_name(&self.base.state)
    }

    /// Puts it in a state to which a message of `by` led.
    pub(super) fn enter(&mut self, state: TransferState, by: PartyRole) {
        self.base.reach(state.name());
        self.suspended_by_provider =
            (state == TransferState::Suspended).then_some(by == PartyRole::Provider);
        if state != TransferState::Started {
            // INVARIANT: transfer-tokens-end. What was given for one start is good for nothing behind it.
            self.token = None;
            self.data_address = None;
        }
    }

    /// What its data is given for.
    pub(super) fn subject(&self) -> TransferSubject<'_> {
        TransferSubject {
            pid: &self.base.pid,
            partner: &self.base.partner,
            contract: self.contract.as_deref(),
        }
    }

    /// What is told of it.
    pub(super) fn ack(&self) -> Option<TransferAck> {
        Some(TransferAck {
            pids: self.base.pids()?,
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
