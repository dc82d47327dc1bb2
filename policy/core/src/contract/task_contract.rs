//! What a worker goes by: the contracts of a question, whose signatures it has checked itself, and what its connector says of
//! the circumstances.

use super::{ActiveContracts, DatasetGrant, VerifiedContract};
use crate::id::{ClauseId, ContractId, DatasetId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::Term;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A contract as a worker holds it for one question.
#[derive(Debug, Clone)]
pub struct TaskContract {
    /// The contract, its signatures checked.
    pub agreed: VerifiedContract,
    /// Its first version.
    pub first: ContractId,
    /// Those of its prohibitions that hold, by the word of the connector.
    pub prohibitions: BTreeSet<ClauseId>,
}

impl TaskContract {
    /// The dataset that it gives.
    #[must_use]
    pub const fn dataset(&self) -> &DatasetId {
        &self.agreed.agreement.dataset.id
    }
}

impl ActiveContracts {
    /// What `who` stands on with these contracts, as far as a worker of `own` can tell: each is ours to give, gives to `who`, and
    /// is in its time. Whether one was withdrawn the connector knows, which ends what it has begun. No ground for an answer to
    /// anybody: what is computed on it goes back to the connector.
    ///
    /// # Errors
    /// `CONTRACT_UNKNOWN`, `NOT_YET_VALID`, `EXPIRED`, `CONTRACT_AMBIGUOUS`; `CONTRACT_MALFORMED` where what is said to hold is no
    /// prohibition of the contract.
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
                Err(
                    Refusal::new(code, format!("contract `{}` {sentence}", id.short()))
                        .with_contract(*id),
                )
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
            let grant = DatasetGrant::of(*id, agreement).begun_by(*first);
            if grants.insert(agreement.dataset.id.clone(), grant).is_some() {
                return refused(
                    ErrorCode::ContractAmbiguous,
                    "gives what another one gives, too",
                );
            }
        }
        Ok(Self::from_supposed_grants(who.clone(), grants))
    }

    /// The same for our own people, under a grant of the house for these datasets of ours, each with its schema. No ground for an
    /// answer to anybody either.
    #[must_use]
    pub fn for_house_task(
        own: &ParticipantId,
        datasets: impl IntoIterator<Item = (DatasetId, Digest)>,
    ) -> Self {
        let datasets = datasets.into_iter();
        let granted = datasets.filter(|(dataset, _)| dataset.owner == *own);
        let grants = granted.map(|(dataset, schema)| (dataset, DatasetGrant::house(schema)));
        Self::from_supposed_grants(own.clone(), grants.collect())
    }
}
