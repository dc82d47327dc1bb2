//! Simulation of a participant's view, for local users. The result is never sent, and no answer may rest on it.

use super::{ActiveContracts, Agreement, ContractRegistry, DatasetGrant, Requester};
use crate::id::{ContractId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

impl ContractRegistry {
    /// Contracts for a simulation: all contracts and public views of `who` with this provider at `now`. Where several give the same
    /// dataset, the one in `chosen`.
    ///
    /// # Errors
    /// `CONTRACT_AMBIGUOUS` where several give a dataset and not exactly one is chosen; for a chosen contract that is not available
    /// to `who` at `now`: `CONTRACT_UNKNOWN`, `WITHDRAWN`, `SUPERSEDED`, `EXPIRED`, `NOT_YET_VALID`.
    pub fn simulate(
        &self,
        who: &ParticipantId,
        chosen: &[ContractId],
        now: UtcTimestamp,
    ) -> Result<ActiveContracts, Refusal> {
        let known = |id: &ContractId| self.giving_to(who, now).any(|(held, ..)| held == *id);
        if let Some(unknown) = chosen.iter().find(|id| !known(id)) {
            return Err(Refusal::new(
                ErrorCode::ContractUnknown,
                format!("`{}` gives nothing to `{who}`", unknown.to_short_text()),
            ));
        }
        let chosen = self.dataset_grants(who, chosen, now)?;
        let mut grants: BTreeMap<_, DatasetGrant> = BTreeMap::new();
        for (id, agreement) in self.contracts_for(who, now) {
            let dataset = &agreement.dataset.id;
            if chosen.contains_key(dataset) {
                continue;
            }
            let grant =
                DatasetGrant::from_agreement(id, agreement).begun_by(self.first_version(id));
            let other = grants.insert(dataset.clone(), grant);
            if let Some(other) = other.as_ref().and_then(DatasetGrant::contract) {
                return Err(Refusal::new(
                    ErrorCode::ContractAmbiguous,
                    format!(
                        "`{}` and `{}` both give `{}`",
                        other.to_short_text(),
                        id.to_short_text(),
                        dataset.name
                    ),
                )
                .with_help("name one of them: --contract ID"));
            }
        }
        grants.extend(chosen);
        Ok(ActiveContracts::from_supposed_grants(who.clone(), grants))
    }

    /// Contracts for a simulation of `who` with an unsigned draft.
    #[must_use]
    pub fn suppose_draft(who: &ParticipantId, draft: &Agreement) -> ActiveContracts {
        // A draft has no identity; the grant gets a fixed placeholder.
        let id = ContractId(hansa_audit_log::digest::Digest::of(b"draft"));
        let grant = DatasetGrant::from_agreement(id, draft);
        let grants = BTreeMap::from([(draft.dataset.id.clone(), grant)]);
        ActiveContracts::from_supposed_grants(who.clone(), grants)
    }
}

impl ActiveContracts {
    /// Copy of simulated contracts, since a decision consumes them and a simulation needs several. None for real contracts.
    #[must_use]
    pub fn supposed_again(&self) -> Option<Self> {
        match &self.asker {
            Requester::Supposed(who) => {
                Some(Self::from_supposed_grants(who.clone(), self.grants.clone()))
            }
            Requester::Peer(_) | Requester::House(_) | Requester::Web(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{
        CONSUMER, contract_id, parse_participant, parse_time, sample_agreement, verified_contract,
    };
    use std::collections::BTreeSet;

    #[test]
    fn all_that_somebody_holds() {
        let mut registry = ContractRegistry::new(parse_participant(crate::fixture::PROVIDER));
        let (bikes, air) = (contract_id("bikes"), contract_id("air"));
        let logged = BTreeSet::from([bikes, air]);
        for (id, dataset) in [(bikes, "bikes"), (air, "air")] {
            registry
                .readmit(
                    verified_contract(id, sample_agreement(dataset, [])),
                    &logged,
                )
                .unwrap();
        }
        let now = parse_time("2026-06-01T00:00:00Z");
        let who = parse_participant(CONSUMER);
        let active = registry.simulate(&who, &[], now).unwrap();
        assert_eq!(active.grants().len(), 2);
        assert_eq!(active.asker().id(), &who);
        let stranger = parse_participant("hansa://stranger.example");
        let nothing = registry.simulate(&stranger, &[], now).unwrap();
        assert!(nothing.grants().is_empty());
        let refused = registry.simulate(&stranger, &[bikes], now).unwrap_err();
        assert_eq!(refused.code, ErrorCode::ContractUnknown);
        let draft = ContractRegistry::suppose_draft(&who, &sample_agreement("bikes", []));
        assert_eq!(draft.grants().len(), 1);
    }

    #[test]
    fn what_is_chosen_binds_or_says_why_not() {
        let mut registry = ContractRegistry::new(parse_participant(crate::fixture::PROVIDER));
        let named = ["one", "two", "three", "air"];
        let logged = named.map(contract_id).into_iter().collect::<BTreeSet<_>>();
        for name in named {
            let dataset = if name == "air" { "air" } else { "bikes" };
            let mut agreement = sample_agreement(dataset, []);
            name.clone_into(&mut agreement.uid);
            registry
                .readmit(verified_contract(contract_id(name), agreement), &logged)
                .unwrap();
        }
        registry.end_contract(contract_id("three"), parse_time("2026-05-01T00:00:00Z"));
        let (who, now) = (
            parse_participant(CONSUMER),
            parse_time("2026-06-01T00:00:00Z"),
        );
        let refused = |chosen: &[&str], now| {
            let chosen: Vec<ContractId> = chosen.iter().map(|name| contract_id(name)).collect();
            registry
                .simulate(&who, &chosen, now)
                .err()
                .map(|why| why.code)
        };
        assert_eq!(refused(&[], now), Some(ErrorCode::ContractAmbiguous));
        for chosen in [&["one"][..], &["two"], &["two", "air"]] {
            assert_eq!(refused(chosen, now), None, "{chosen:?}");
        }
        let chosen = registry.simulate(&who, &[contract_id("two")], now).unwrap();
        let under = chosen.grants().values().filter_map(DatasetGrant::contract);
        let under: BTreeSet<ContractId> = under.collect();
        assert_eq!(under, BTreeSet::from(["two", "air"].map(contract_id)));
        assert_eq!(
            refused(&["one", "two"], now),
            Some(ErrorCode::ContractAmbiguous)
        );
        assert_eq!(refused(&["three"], now), Some(ErrorCode::Withdrawn));
        assert_eq!(refused(&["two", "three"], now), Some(ErrorCode::Withdrawn));
        let later = parse_time("2030-06-01T00:00:00Z");
        assert_eq!(refused(&["one"], later), Some(ErrorCode::Expired));
        let before = parse_time("2020-06-01T00:00:00Z");
        assert_eq!(refused(&["one"], before), Some(ErrorCode::NotYetValid));
        assert_eq!(refused(&["none"], now), Some(ErrorCode::ContractUnknown));
    }
}
