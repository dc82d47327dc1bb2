//! Stored data flow that a control plane of this participant has requested.

use crate::partner_process::PartnerProcess;
use crate::process_terms::TransferSubject;
use hansa_dataspace::{DataFlowState, ProcessId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Stored state of a data flow, for a control plane of this participant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFlow {
    /// State shared with processes of the protocol. Its partner is the control plane, and its peer ID is that of the transfer.
    pub(crate) base: PartnerProcess,
    /// Name of the other party in the configuration.
    pub(crate) counter_party: String,
    /// ID of the agreement at the control plane.
    pub(crate) agreement: String,
    /// ID of the dataset in the protocol.
    pub(crate) dataset: String,
    /// Transfer profile that the control plane named.
    pub(crate) profile: String,
    /// As provider: contract of this participant for the agreement.
    pub(crate) contract: Option<String>,
    /// As provider: digest of the currently valid token.
    pub(crate) token: Option<String>,
    /// As consumer: address of the data.
    pub(crate) data_address: Option<Value>,
}

impl DataFlow {
    /// Current state.
    pub(crate) fn current_state(&self) -> Option<DataFlowState> {
        DataFlowState::of_name(&self.base.state)
    }

    /// Changes the state.
    pub(super) fn enter_state(&mut self, state: DataFlowState) {
        self.base.enter_state(state.name());
        if state != DataFlowState::Started {
            // INVARIANT: flow-tokens-end. A token of one start is invalid after it.
            self.token = None;
            self.data_address = None;
        }
    }

    /// True in a final state.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.current_state(),
            Some(DataFlowState::Completed | DataFlowState::Terminated)
        )
    }

    /// ID at the control plane, which messages use.
    pub(super) fn id(&self) -> Option<ProcessId> {
        ProcessId::new(self.base.peer_pid.as_deref()?).ok()
    }

    /// Grounds on which its data is served.
    pub(super) fn subject(&self) -> TransferSubject<'_> {
        TransferSubject {
            pid: &self.base.pid,
            partner: &self.counter_party,
            contract: self.contract.as_deref(),
        }
    }
}
