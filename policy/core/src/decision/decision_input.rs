//! What a decision depends on.

use crate::contract::DatasetGrant;
use crate::id::{ClauseId, ContractId, DatasetId, PurposeId, RequestId};
use crate::restriction::ProviderRestrictions;
use crate::term::contract_context::ContractContext;
use crate::term::purpose::Taxonomy;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Everything that a decision may depend on; what is not in here is not known.
#[derive(Debug, Clone)]
pub struct DecisionInput<'a> {
    /// Now, by the log's clock.
    pub now: UtcTimestamp,
    /// The question's identity.
    pub request: RequestId,
    /// Commitment to the SQL text: SHA-256(salt ‖ sql).
    pub sql_commit: Digest,
    /// The declared purpose.
    pub purpose: Option<&'a PurposeId>,
    /// Which purposes there are and which covers which.
    pub taxonomy: &'a Taxonomy,
    /// The schema of each dataset of the question, as it is published now.
    pub schemas: &'a BTreeMap<DatasetId, Digest>,
    /// The earlier schemas that the one of now extends by columns behind theirs; at least where a clause looks at it.
    pub extends: &'a BTreeMap<DatasetId, BTreeSet<Digest>>,
    /// The snapshot label of each dataset of the question.
    pub snapshots: &'a BTreeMap<DatasetId, String>,
    /// What was already spent in the current slot of each quota, under whichever contract; of one that is missing, nothing.
    pub spent: &'a BTreeMap<(ContractId, ClauseId), u64>,
    /// What is known around the question, by contract.
    pub contexts: &'a BTreeMap<ContractId, ContractContext>,
    /// What the provider refuses for its datasets, whatever is in the contracts.
    pub restrictions: &'a ProviderRestrictions,
    /// The tenant name that the provider mapped the asker to, where it did; otherwise the asker's domain is used.
    pub tenant: Option<&'a str>,
    /// Version of this program.
    pub connector_version: &'a str,
}

impl<'a> DecisionInput<'a> {
    /// What is known around the question under the contract of a grant.
    pub(super) fn context(&self, grant: &DatasetGrant) -> &'a ContractContext {
        let context = grant.contract().and_then(|id| self.contexts.get(&id));
        context.unwrap_or(&NOBODY_LOOKED)
    }
}

static NOBODY_LOOKED: ContractContext = ContractContext::UNKNOWN;
