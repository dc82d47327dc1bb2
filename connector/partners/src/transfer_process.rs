//! Stored transfer with a partner.

use crate::partner_process::PartnerProcess;
use crate::process_terms::TransferSubject;
use hansa_dataspace::{TransferAck, TransferState};
use hansa_policy::negotiation::PartyRole;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Stored state of a transfer. A restart continues in this state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TransferProcess {
    /// State shared with negotiations.
    pub(crate) base: PartnerProcess,
    /// ID of the agreement in the protocol.
    pub(crate) agreement: String,
    /// Format of the data.
    pub(crate) format: String,
    /// Dataset, if this participant is the provider.
    pub(crate) dataset: Option<String>,
    /// Contract for the agreement here.
    pub(crate) contract: Option<String>,
    /// True if the provider suspended the transfer, false if the consumer did.
    pub(crate) suspended_by_provider: Option<bool>,
    /// As provider: digest of the currently valid token.
    pub(crate) token: Option<String>,
    /// As consumer: address of the data, from the provider.
    pub(crate) data_address: Option<Value>,
}

impl TransferProcess {
    /// Party that suspended the transfer, if suspended.
    pub(super) fn suspending_party(&self) -> Option<PartyRole> {
        self.suspended_by_provider
            .map(|is_provider| match is_provider {
                true => PartyRole::Provider,
                false => PartyRole::Consumer,
            })
    }

    /// Current state.
    pub(crate) fn current_state(&self) -> Option<TransferState> {
        TransferState::of_name(&self.base.state)
    }

    /// Changes the state after a message of `by`.
    pub(super) fn enter_state(&mut self, state: TransferState, by: PartyRole) {
        self.base.enter_state(state.name());
        self.suspended_by_provider =
            (state == TransferState::Suspended).then_some(by == PartyRole::Provider);
        if state != TransferState::Started {
            // INVARIANT: transfer-tokens-end. A token of one start is invalid after it.
            self.token = None;
            self.data_address = None;
        }
    }

    /// Grounds on which its data is served.
    pub(super) fn subject(&self) -> TransferSubject<'_> {
        TransferSubject {
            pid: &self.base.pid,
            partner: &self.base.partner,
            contract: self.contract.as_deref(),
        }
    }

    /// State message for the partner.
    pub(super) fn ack(&self) -> Option<TransferAck> {
        Some(TransferAck {
            pids: self.base.pids()?,
            state: self.current_state()?,
        })
    }

    /// True in a final state.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.current_state(),
            Some(TransferState::Completed | TransferState::Terminated)
        )
    }
}
