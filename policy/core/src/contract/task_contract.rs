//! Contracts of a question on a worker. The worker checks the signatures itself; its connector states the circumstances.

use super::{ActiveContracts, DatasetGrant, VerifiedContract};
use crate::id::{ClauseId, ContractId, DatasetId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::Term;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Contract of one question on a worker.
#[derive(Debug, Clone)]
pub struct TaskContract {
    /// Contract with checked signatures.
    pub agreed: VerifiedContract,
    /// First version of the contract.
    pub first: ContractId,
    /// Prohibitions of the contract that hold, as stated by the connector.
    pub prohibitions: BTreeSet<ClauseId>,
}

impl TaskContract {
    /// Dataset of the contract.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.agreed.agreement.dataset.id
    }
}

impl ActiveContracts {
    /// Contracts of `who` for a task, as far as a worker of `own` can check: each is by this provider, for `who`, and within its
    /// dates.
    /// The connector knows of withdrawals and stops the tasks that it started. No answer may rest on the result alone: computed
    /// rows go back to the connector.
    ///
    /// # Errors
    /// `CONTRACT_UNKNOWN`, `NOT_YET_VALID`, `EXPIRED`, `CONTRACT_AMBIGUOUS`; `CONTRACT_MALFORMED` where a stated prohibition is not
    /// a clause of the contract.
    pub fn for_task(
        own: &ParticipantId,
        who: &ParticipantId,
        grounds: &[TaskContract],
        now: UtcTimestamp,
    ) -> Result<Self, Refusal> {
        let mut grants = BTreeMap::new();
        for TaskContract {
            agreed,
            first,
            prohibitions: held,
        } in grounds
        {
            let VerifiedContract { id, agreement } = agreed;
            let refused = |code, sentence: &str| {
                Err(Refusal::new(
                    code,
                    format!("contract `{}` {sentence}", id.to_short_text()),
                )
                .with_contract(*id))
            };
            if agreement.provider.id != *own || !agreement.gives_to(who) {
                return refused(
                    ErrorCode::ContractUnknown,
                    "gives nothing of ours to who asks",
                );
            }
            if let Some(refusal) = agreement.in_time(now).refusal(*id, agreement) {
                return Err(refusal);
            }
            let prohibits = |held: &ClauseId| {
                let mut clauses = agreement.clauses.iter();
                clauses
                    .any(|clause| clause.id == *held && matches!(clause.term, Term::Prohibition(_)))
            };
            if !held.iter().all(prohibits) {
                return refused(ErrorCode::ContractMalformed, "has no such prohibition");
            }
            let grant = DatasetGrant::from_agreement(*id, agreement).begun_by(*first);
            if grants.insert(agreement.dataset.id.clone(), grant).is_some() {
                return refused(
                    ErrorCode::ContractAmbiguous,
                    "gives what another one gives, too",
                );
            }
        }
        Ok(Self::from_supposed_grants(who.clone(), grants))
    }

    /// Contracts for a task of this participant's users, under a house grant for these datasets, each with its schema. No answer
    /// may rest on the result alone.
    #[must_use]
    pub fn for_house_task(
        own: &ParticipantId,
        datasets: impl IntoIterator<Item = (DatasetId, Digest)>,
    ) -> Self {
        let datasets = datasets.into_iter();
        let granted = datasets.filter(|(dataset, _)| dataset.owner == *own);
        let grants = granted.map(|(dataset, schema)| (dataset, DatasetGrant::for_house(schema)));
        Self::from_supposed_grants(own.clone(), grants.collect())
    }
}
