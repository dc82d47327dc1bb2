//! Facts that a decision depends on.

use crate::contract::DatasetGrant;
use crate::id::{ClauseId, ContractId, DatasetId, PurposeId, RequestId};
use crate::restriction::ProviderRestrictions;
use crate::term::contract_context::ContractContext;
use crate::term::purpose::Taxonomy;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// All facts that a decision may depend on.
#[derive(Debug, Clone)]
pub struct DecisionInput<'a> {
    /// Present instant by the log's clock.
    pub now: UtcTimestamp,
    /// Identity of the question.
    pub request: RequestId,
    /// Commitment to the SQL text: SHA-256(salt ‖ sql).
    pub sql_commit: Digest,
    /// Declared purpose.
    pub purpose: Option<&'a PurposeId>,
    /// Purposes and their order: a purpose covers the narrower ones.
    pub taxonomy: &'a Taxonomy,
    /// Published schema of each dataset of the question.
    pub schemas: &'a BTreeMap<DatasetId, Digest>,
    /// Earlier schemas that the present one extends by appended columns. Filled at least where a clause needs them.
    pub extends: &'a BTreeMap<DatasetId, BTreeSet<Digest>>,
    /// Snapshot label of each dataset of the question.
    pub snapshots: &'a BTreeMap<DatasetId, String>,
    /// Amount spent in the current slot of each quota, over all contracts. A missing entry counts as zero.
    pub spent: &'a BTreeMap<(ContractId, ClauseId), u64>,
    /// Further facts about the question, by contract.
    pub contexts: &'a BTreeMap<ContractId, ContractContext>,
    /// Provider's restrictions for its datasets.
    pub restrictions: &'a ProviderRestrictions,
    /// Tenant name to which the provider maps the asking participant; absent: its domain.
    pub tenant: Option<&'a str>,
    /// Version of this program.
    pub connector_version: &'a str,
}

impl<'a> DecisionInput<'a> {
    /// Further facts about the question under the contract of a grant.
    pub(super) fn context(&self, grant: &DatasetGrant) -> &'a ContractContext {
        let context = grant.contract().and_then(|id| self.contexts.get(&id));
        context.unwrap_or(&NOBODY_LOOKED)
    }
}

static NOBODY_LOOKED: ContractContext = ContractContext::UNKNOWN;
