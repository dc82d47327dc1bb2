//! Registry of contracts: admission, withdrawal, and the state of a contract at an instant.

use super::{
    Agreement, AssigneeContracts, ContractRegistry, ContractStatus, RegistryEntry,
    VerifiedContract, VerifiedWithdrawal,
};
use crate::effect::Cube;
use crate::id::{ContractId, DatasetId, ParticipantId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::{Term, clause_effects};
use hansa_audit_log::ledger::Recorded;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

impl ContractRegistry {
    /// Empty registry of the participant `own`.
    #[must_use]
    pub const fn new(own: ParticipantId) -> Self {
        Self {
            own,
            contracts: BTreeMap::new(),
            superseded: BTreeMap::new(),
            taken: BTreeMap::new(),
            public: AssigneeContracts::new(),
            over: BTreeMap::new(),
        }
    }

    /// Admits a contract whose record is durable.
    pub fn admit(&mut self, agreed: Recorded<VerifiedContract>) {
        let (agreed, _) = agreed.into_parts();
        self.insert_contract(agreed);
    }

    /// Admits, at start-up, a contract whose activation the log already holds. `logged` is the log's statement.
    ///
    /// # Errors
    /// `CONTRACT_UNKNOWN` when the log holds no activation of the contract.
    pub fn readmit(
        &mut self,
        agreed: VerifiedContract,
        logged: &BTreeSet<ContractId>,
    ) -> Result<(), Refusal> {
        if !logged.contains(&agreed.id) {
            return Err(Refusal::new(
                ErrorCode::ContractUnknown,
                "the log holds no activation of this contract",
            )
            .with_contract(agreed.id));
        }
        self.insert_contract(agreed);
        Ok(())
    }

    fn insert_contract(&mut self, agreed: VerifiedContract) {
        let VerifiedContract { id, agreement } = agreed;
        if let Some(old) = agreement.supersedes {
            self.superseded.entry(old).or_default().insert(id);
        }
        let dataset = &agreement.dataset.id;
        let ours = (dataset.owner == self.own).then_some(&dataset.name);
        match agreement.assignee_id() {
            Some(consumer) => self.taken.entry(consumer.clone()).or_default(),
            None => &mut self.public,
        }
        .insert(id, ours);
        self.over.entry(dataset.clone()).or_default().insert(id);
        self.contracts.entry(id).or_insert(RegistryEntry {
            agreement,
            withdrawn: None,
        });
    }

    /// Ends a contract. Of two withdrawals the earlier one counts.
    pub fn apply_withdrawal(&mut self, revoked: Recorded<VerifiedWithdrawal>) {
        let recorded = revoked.receipt().time();
        let at = revoked.effective_at.filter(|at| *at > recorded);
        let (revoked, _) = revoked.into_parts();
        self.end_contract(revoked.contract, at.unwrap_or(UtcTimestamp::EARLIEST));
    }

    /// Ends a contract without a new record: the log already holds the withdrawal, as at start-up, or can't be written.
    /// A stop never waits for the log.
    pub fn end_contract(&mut self, contract: ContractId, at: UtcTimestamp) {
        if let Some(page) = self.contracts.get_mut(&contract) {
            page.withdrawn = Some(page.withdrawn.map_or(at, |earlier| earlier.min(at)));
        }
    }

    /// Checks that the label of a proposed agreement (uid and version) is not in use for another contract.
    ///
    /// # Errors
    /// `CONTRACT_ID_REUSED`.
    pub fn check_label(&self, id: ContractId, agreement: &Agreement) -> Result<(), Refusal> {
        let taken = self.contracts.iter().any(|(known, page)| {
            *known != id
                && page.agreement.uid == agreement.uid
                && page.agreement.version == agreement.version
        });
        if taken {
            return Err(Refusal::new(
                ErrorCode::ContractIdReused,
                format!(
                    "`{}` in version {} stands for another contract",
                    agreement.uid, agreement.version
                ),
            ));
        }
        Ok(())
    }

    /// Checks that an exclusive contract does not overlap in time with another participant's contract on the dataset.
    ///
    /// # Errors
    /// `EXCLUSIVITY_CLASH`, without saying who else has a contract.
    pub fn check_exclusive(&self, agreement: &Agreement, now: UtcTimestamp) -> Result<(), Refusal> {
        let exclusive = |agreement: &Agreement| {
            let mut clauses = agreement.clauses.iter();
            clauses.any(|clause| clause.term == Term::Exclusive)
        };
        let overlaps = |other: &Agreement| {
            agreement.not_before < other.not_after && other.not_before < agreement.not_after
        };
        let mut others = self.contracts_on_dataset(&agreement.dataset.id, now);
        let clash = others.any(|(_, other, status)| {
            matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                && other.provider.id == agreement.provider.id
                && !other.may_replace(agreement)
                && overlaps(other)
                && (exclusive(agreement) || exclusive(other))
        });
        if clash {
            return Err(Refusal::new(
                ErrorCode::ExclusivityClash,
                format!(
                    "`{}` is promised to one participant alone for a time that overlaps",
                    agreement.dataset.id.name
                ),
            )
            .with_help("choose another time, or end the other contract first"));
        }
        Ok(())
    }

    /// Checks that the released cells of the contract and those of every other contract on the dataset are nested. From margins
    /// that cross, groups that were never released could be computed.
    ///
    /// # Errors
    /// `GRID_NOT_NESTED`, without saying who else has a contract.
    pub fn check_nested(&self, agreement: &Agreement, now: UtcTimestamp) -> Result<(), Refusal> {
        let Some(own) = released_cube(agreement) else {
            return Ok(());
        };
        let others = || self.contracts_on_dataset(&agreement.dataset.id, now);
        let crosses = others().any(|(_, other, status)| {
            matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                && other.provider.id == agreement.provider.id
                && released_cube(other)
                    .is_some_and(|other| !own.refines(&other) && !other.refines(&own))
        });
        let overlaps = others().any(|(_, other, status)| {
            matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
                && other.provider.id == agreement.provider.id
                && released_cube(other).is_some_and(|other| own.overlaps(&other))
        });
        if overlaps {
            return Err(Refusal::new(
                ErrorCode::GridNotNested,
                format!(
                    "the numbers of different units would, together with those of another contract on `{}`, show who is in several groups",
                    agreement.dataset.id.name
                ),
            )
            .with_help("leave units out of the functions, or use the same dimensions and buckets"));
        }
        if crosses {
            return Err(Refusal::new(
                ErrorCode::GridNotNested,
                format!(
                    "the cells cut through those of another contract on `{}`",
                    agreement.dataset.id.name
                ),
            )
            .with_help("group by the same dimensions with coarser or finer buckets, or by fewer or more of them"));
        }
        Ok(())
    }

    /// Agreement of the contract, whatever its state.
    #[must_use]
    pub fn agreement(&self, id: ContractId) -> Option<&Agreement> {
        self.contracts.get(&id).map(|page| &page.agreement)
    }

    /// All contracts with their state at `now`.
    pub fn all_contracts(
        &self,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        self.contracts
            .iter()
            .map(move |(id, page)| (*id, &page.agreement, self.entry_status(*id, page, now)))
    }

    /// All contracts over a dataset, with their state at `now`, in the order of their identities.
    pub fn contracts_on_dataset(
        &self,
        dataset: &DatasetId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let ids = self.over.get(dataset).into_iter().flatten();
        ids.filter_map(move |id| self.contract_entry(*id, now))
    }

    /// Contracts that claim to replace contract `id`, with their state at `now`.
    pub fn replacing_contracts(
        &self,
        old: ContractId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let ids = self.superseded.get(&old).into_iter().flatten();
        ids.filter_map(move |id| self.contract_entry(*id, now))
    }

    /// Contracts with `who` as named consumer, with their state at `now`, in the order of their identities.
    pub fn taken_by(
        &self,
        who: &ParticipantId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let ids = self
            .taken
            .get(who)
            .into_iter()
            .flat_map(AssigneeContracts::contract_ids);
        ids.filter_map(move |id| self.contract_entry(id, now))
    }

    /// Contracts for `who`, by name or as public views, with their state at `now`, in the order of their identities.
    pub(super) fn giving_to(
        &self,
        who: &ParticipantId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let taken = self
            .taken
            .get(who)
            .into_iter()
            .flat_map(AssigneeContracts::contract_ids);
        let ids: BTreeSet<ContractId> = taken.chain(self.public.contract_ids()).collect();
        ids.into_iter()
            .filter_map(move |id| self.contract_entry(id, now))
    }

    /// Contracts for `who` over one dataset of this provider, with their state at `now`.
    pub(super) fn giving_of(
        &self,
        who: &ParticipantId,
        dataset: &SqlIdentifier,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let taken = self.taken.get(who).into_iter();
        let ids = taken
            .chain([&self.public])
            .flat_map(|some| some.ids_for_dataset(dataset));
        let ids: BTreeSet<ContractId> = ids.collect();
        ids.into_iter()
            .filter_map(move |id| self.contract_entry(id, now))
    }

    /// First dataset name after `after`, in alphabetical order, with a contract for `who` in any state, by name or as public view.
    #[must_use]
    pub fn dataset_after(
        &self,
        who: &ParticipantId,
        after: Option<&SqlIdentifier>,
    ) -> Option<&SqlIdentifier> {
        let taken = self.taken.get(who).into_iter();
        let each = taken.chain([&self.public]);
        each.filter_map(|some| some.dataset_after(after)).min()
    }

    /// Contract with its state at `now`.
    #[must_use]
    pub fn find_contract(
        &self,
        id: ContractId,
        now: UtcTimestamp,
    ) -> Option<(&Agreement, ContractStatus)> {
        let page = self.contracts.get(&id)?;
        Some((&page.agreement, self.entry_status(id, page, now)))
    }

    fn contract_entry(
        &self,
        id: ContractId,
        now: UtcTimestamp,
    ) -> Option<(ContractId, &Agreement, ContractStatus)> {
        let (agreement, status) = self.find_contract(id, now)?;
        Some((id, agreement, status))
    }

    pub(super) fn entry_status(
        &self,
        id: ContractId,
        page: &RegistryEntry,
        now: UtcTimestamp,
    ) -> ContractStatus {
        if page.withdrawn.is_some_and(|at| at <= now) {
            ContractStatus::Withdrawn
        } else if self.is_superseded(id, page, now) {
            ContractStatus::Superseded
        } else {
            page.agreement.in_time(now)
        }
    }

    /// Instant of effect of a withdrawal; in the future where notice was given. None without a withdrawal.
    #[must_use]
    pub fn withdrawn_from(&self, id: ContractId) -> Option<UtcTimestamp> {
        self.contracts.get(&id).and_then(|page| page.withdrawn)
    }

    /// First instant at which a contract is over, as far as known now.
    #[must_use]
    pub fn over_from(&self, id: ContractId) -> Option<UtcTimestamp> {
        self.contracts.get(&id).map(|page| self.entry_end(id, page))
    }

    /// End of a contract in force: its own end, a withdrawal with notice, or the start of a contract that replaces it.
    pub(super) fn entry_end(&self, id: ContractId, page: &RegistryEntry) -> UtcTimestamp {
        let newer = self.superseded.get(&id).into_iter().flatten();
        let replaced = newer
            .filter_map(|newer| self.contracts.get(newer))
            .filter(|newer| newer.agreement.may_replace(&page.agreement))
            .map(|newer| newer.agreement.not_before);
        let ends = replaced
            .chain(page.withdrawn)
            .chain([page.agreement.not_after]);
        ends.min().unwrap_or(page.agreement.not_after)
    }

    /// True if a newer contract has replaced this one. A contract can only replace one between the same participants about the same
    /// dataset, whatever it claims.
    fn is_superseded(&self, id: ContractId, page: &RegistryEntry, now: UtcTimestamp) -> bool {
        self.superseded.get(&id).is_some_and(|newer| {
            newer
                .iter()
                .filter_map(|newer| self.contracts.get(newer))
                .any(|newer| {
                    now >= newer.agreement.not_before
                        && newer.agreement.may_replace(&page.agreement)
                })
        })
    }
}

impl ContractStatus {
    /// State in one word, for people.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InForce => "in force",
            Self::NotYet => "not yet in force",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }

    /// Refusal of a question under a contract in this state; `None` for a contract in force.
    pub(super) fn refusal(self, id: ContractId, agreement: &Agreement) -> Option<Refusal> {
        let (code, sentence) = match self {
            Self::InForce => return None,
            Self::NotYet => (
                ErrorCode::NotYetValid,
                format!(
                    "contract `{}` is in force from {}",
                    id.to_short_text(),
                    agreement.not_before
                ),
            ),
            Self::Expired => (
                ErrorCode::Expired,
                format!(
                    "contract `{}` ended on {}",
                    id.to_short_text(),
                    agreement.not_after
                ),
            ),
            Self::Superseded => (
                ErrorCode::Superseded,
                format!(
                    "contract `{}` was replaced by a newer version",
                    id.to_short_text()
                ),
            ),
            Self::Withdrawn => (
                ErrorCode::Withdrawn,
                format!("contract `{}` was withdrawn", id.to_short_text()),
            ),
        };
        Some(Refusal::new(code, sentence).with_contract(id))
    }
}

/// Cube of the cells that are released under the contract.
fn released_cube(agreement: &Agreement) -> Option<Cube> {
    let cube = clause_effects::cube_of(&agreement.clauses).ok()??;
    // Cells with noise disclose nothing exact in any combination, so their margins may cross.
    (cube.release.is_some() && cube.budget.is_none()).then_some(cube)
}
