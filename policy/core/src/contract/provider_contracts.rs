//! Contracts of this participant as provider: the contracts that a caller may name, and their grants.

use super::{Agreement, ContractRegistry, ContractStatus, DatasetGrant};
use crate::id::{ContractId, DatasetId, ParticipantId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

impl ContractRegistry {
    /// Contracts and public views of this provider that `peer` may name at `now`, in the order of their identities.
    pub fn contracts_for<'a>(
        &'a self,
        peer: &'a ParticipantId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &'a Agreement)> {
        self.giving_to(peer, now)
            .filter_map(move |(id, agreement, status)| {
                (self.provides_dataset(agreement, peer) && status == ContractStatus::InForce)
                    .then_some((id, agreement))
            })
    }

    /// Public views of this provider that are in force at `now`, in the order of their identities.
    pub fn public_views(
        &self,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement)> {
        self.public.contract_ids().filter_map(move |id| {
            let (agreement, status) = self.find_contract(id, now)?;
            let is_given = agreement.provider.id == self.own && status == ContractStatus::InForce;
            is_given.then_some((id, agreement))
        })
    }

    /// Contracts and public views over one dataset that `peer` may name at `now`, in the order of their identities.
    pub fn contracts_over<'a>(
        &'a self,
        peer: &'a ParticipantId,
        dataset: &'a SqlIdentifier,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &'a Agreement)> {
        self.giving_of(peer, dataset, now)
            .filter_map(move |(id, agreement, status)| {
                (self.provides_dataset(agreement, peer) && status == ContractStatus::InForce)
                    .then_some((id, agreement))
            })
    }

    /// Grants by dataset of the contracts that `who` names. Each must be a contract of this provider for `who`, and in force.
    pub(super) fn dataset_grants(
        &self,
        who: &ParticipantId,
        ids: &[ContractId],
        now: UtcTimestamp,
    ) -> Result<BTreeMap<DatasetId, DatasetGrant>, Refusal> {
        let mut grants = BTreeMap::new();
        for id in ids {
            let page = self
                .contracts
                .get(id)
                .filter(|page| self.provides_dataset(&page.agreement, who))
                .ok_or_else(|| {
                    Refusal::new(
                        ErrorCode::ContractUnknown,
                        format!("no contract `{}` with you", id.to_short_text()),
                    )
                })?;
            let agreement = &page.agreement;
            if let Some(refusal) = self.entry_status(*id, page, now).refusal(*id, agreement) {
                return Err(refusal);
            }
            let dataset = &agreement.dataset.id;
            let grant =
                DatasetGrant::from_agreement(*id, agreement).begun_by(self.first_version(*id));
            let grant = grant.with_latest_end(self.entry_end(*id, page));
            if grants.insert(dataset.clone(), grant).is_some() {
                return Err(Refusal::new(
                    ErrorCode::ContractAmbiguous,
                    format!("two of the contracts named give `{}`", dataset.name),
                )
                .with_help("name one contract for each dataset"));
            }
        }
        Ok(grants)
    }

    /// Checks that this participant is provider of the contract and that the contract is in force.
    ///
    /// # Errors
    /// `CONTRACT_UNKNOWN` where there is no such contract of this provider; `WITHDRAWN`, `SUPERSEDED`, `EXPIRED`, `NOT_YET_VALID`.
    pub fn provided_agreement(
        &self,
        id: ContractId,
        now: UtcTimestamp,
    ) -> Result<&Agreement, Refusal> {
        let given = self.find_contract(id, now);
        let given = given.filter(|(agreement, _)| agreement.provider.id == self.own);
        let Some((agreement, status)) = given else {
            let sentence = format!("we give no contract `{}`", id.to_short_text());
            return Err(Refusal::new(ErrorCode::ContractUnknown, sentence).with_contract(id));
        };
        match status.refusal(id, agreement) {
            Some(refusal) => Err(refusal),
            None => Ok(agreement),
        }
    }

    /// First version of a contract, as far as its earlier versions are in the registry.
    #[must_use]
    pub fn first_version(&self, id: ContractId) -> ContractId {
        let mut first = id;
        // Bounded by the size of the registry, since contracts may claim to replace each other in a circle.
        for _ in 0..self.contracts.len() {
            let Some(page) = self.contracts.get(&first) else {
                break;
            };
            let earlier = page.agreement.supersedes.and_then(|earlier| {
                let old = self.contracts.get(&earlier)?;
                page.agreement
                    .may_replace(&old.agreement)
                    .then_some(earlier)
            });
            match earlier {
                Some(earlier) if earlier != id => first = earlier,
                _ => break,
            }
        }
        first
    }

    fn provides_dataset(&self, agreement: &Agreement, who: &ParticipantId) -> bool {
        agreement.provider.id == self.own && agreement.gives_to(who)
    }
}
