//! A data flow that a control plane of this participant has asked for, as it is kept.

use crate::partner_process::PartnerProcess;
use crate::process_terms::TransferSubject;
use hansa_dataspace::{DataFlowState, ProcessId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A data flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFlow {
    /// What it has in common with processes of the protocol. Its partner is the control plane, and its id there that of the transfer.
    pub(crate) base: PartnerProcess,
    /// The other party, by its name in the configuration.
    pub(crate) counter_party: String,
    /// The agreement, by its id at the control plane.
    pub(crate) agreement: String,
    /// The dataset, by its id in the protocol.
    pub(crate) dataset: String,
    /// How the data goes, as the control plane named it.
    pub(crate) profile: String,
    /// As provider: the contract that stands for the agreement here.
    pub(crate) contract: Option<String>,
    /// As provider: the digest of the token that is good for it now.
    pub(crate) token: Option<String>,
    /// As consumer: where the data is.
    pub(crate) data_address: Option<Value>,
}

impl DataFlow {
    /// The state.
    pub(crate) fn current(&self) -> Option<DataFlowState> {
        DataFlowState::of_name(&self.base.state)
    }

    /// Puts it in a state.
    pub(super) fn enter(&mut self, state: DataFlowState) {
        self.base.reach(state.name());
        if state != DataFlowState::Started {
            // INVARIANT: flow-tokens-end. What was given for one start is good for nothing behind it.
            self.token = None;
            self.data_address = None;
        }
    }

    /// Whether nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        matches!(
            self.current(),
            Some(DataFlowState::Completed | DataFlowState::Terminated)
        )
    }

    /// Its id at the control plane, which is how messages name it.
    pub(super) fn id(&self) -> Option<ProcessId> {
        ProcessId::new(self.base.peer_pid.as_deref()?).ok()
    }

    /// What its data is given for.
    pub(super) fn subject(&self) -> TransferSubject<'_> {
        TransferSubject {
            pid: &self.base.pid,
            partner: &self.counter_party,
            contract: self.contract.as_deref(),
        }
    }
}
