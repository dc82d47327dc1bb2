//! Keeping the registry: what comes in, what ends, and how a contract stands at an instant.

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
    /// An empty registry of the participant `own`.
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

    /// Takes in a contract whose record is durable.
    pub fn admit(&mut self, agreed: Recorded<VerifiedContract>) {
        let (agreed, _) = agreed.into_parts();
        self.place(agreed);
    }

    /// Takes in, at start-up, a contract whose activation the log already holds; `logged` is what the log says.
    ///
    /// # Errors
    /// `CONTRACT_UNKNOWN` when the log holds no activation of it.
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
        self.place(agreed);
        Ok(())
    }

    fn place(&mut self, agreed: VerifiedContract) {
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

    /// Ends a contract; the earlier withdrawal wins.
    pub fn revoke(&mut self, revoked: Recorded<VerifiedWithdrawal>) {
        let recorded = revoked.receipt().at();
        let at = revoked.effective_at.filter(|at| *at > recorded);
        let (revoked, _) = revoked.into_parts();
        self.end(revoked.contract, at.unwrap_or(UtcTimestamp::EARLIEST));
    }

    /// Ends a contract whose withdrawal the log holds already, as at start-up, or can't take any more: what ends something is not
    /// kept waiting.
    pub fn end(&mut self, contract: ContractId, at: UtcTimestamp) {
        if let Some(page) = self.contracts.get_mut(&contract) {
            page.withdrawn = Some(page.withdrawn.map_or(at, |earlier| earlier.min(at)));
        }
    }

    /// Checks that the label of a proposed agreement, its id and version, does not stand for another contract already.
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

    /// Checks that nobody is promised a dataset for himself alone for a time in which somebody else has it, or would have it.
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
        let mut others = self.over(&agreement.dataset.id, now);
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

    /// Checks that the cells that are released under the contract and those of every other on the dataset are made of one
    /// another. Of margins that cross, groups could be told that nobody released.
    ///
    /// # Errors
    /// `GRID_NOT_NESTED`, without saying who else has a contract.
    pub fn check_nested(&self, agreement: &Agreement, now: UtcTimestamp) -> Result<(), Refusal> {
        let Some(own) = released_cube(agreement) else {
            return Ok(());
        };
        let others = || self.over(&agreement.dataset.id, now);
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
                    "the numbers of different units would tell, beside those of another contract on `{}`, who is in several groups",
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

    /// The contract, whatever its state.
    #[must_use]
    pub fn agreement(&self, id: ContractId) -> Option<&Agreement> {
        self.contracts.get(&id).map(|page| &page.agreement)
    }

    /// Every contract with its state at `now`.
    pub fn all(
        &self,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        self.contracts
            .iter()
            .map(move |(id, page)| (*id, &page.agreement, self.standing(*id, page, now)))
    }

    /// Every contract over a dataset, whoever takes, with its state at `now`; in order of their identity.
    pub fn over(
        &self,
        dataset: &DatasetId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let ids = self.over.get(dataset).into_iter().flatten();
        ids.filter_map(move |id| self.page(*id, now))
    }

    /// Every contract that says that it replaces that one, with its state at `now`.
    pub fn replacing(
        &self,
        old: ContractId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let ids = self.superseded.get(&old).into_iter().flatten();
        ids.filter_map(move |id| self.page(*id, now))
    }

    /// Every contract of which `who` is the consumer, by name, with its state at `now`; in order of their identity.
    pub fn taken_by(
        &self,
        who: &ParticipantId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let ids = self
            .taken
            .get(who)
            .into_iter()
            .flat_map(AssigneeContracts::all);
        ids.filter_map(move |id| self.page(id, now))
    }

    /// Every contract that gives to `who`, by name or as to anybody, with its state at `now`; in order of their identity.
    pub(super) fn giving_to(
        &self,
        who: &ParticipantId,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let taken = self
            .taken
            .get(who)
            .into_iter()
            .flat_map(AssigneeContracts::all);
        let ids: BTreeSet<ContractId> = taken.chain(self.public.all()).collect();
        ids.into_iter().filter_map(move |id| self.page(id, now))
    }

    /// The same over one of our datasets.
    pub(super) fn giving_of(
        &self,
        who: &ParticipantId,
        dataset: &SqlIdentifier,
        now: UtcTimestamp,
    ) -> impl Iterator<Item = (ContractId, &Agreement, ContractStatus)> {
        let taken = self.taken.get(who).into_iter();
        let ids = taken
            .chain([&self.public])
            .flat_map(|some| some.of(dataset));
        let ids: BTreeSet<ContractId> = ids.collect();
        ids.into_iter().filter_map(move |id| self.page(id, now))
    }

    /// The first of our datasets behind that name over which there is a contract that gives to `who`, by name or as to anybody,
    /// in whatever state.
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

    /// The contract with its state at `now`.
    #[must_use]
    pub fn stands(
        &self,
        id: ContractId,
        now: UtcTimestamp,
    ) -> Option<(&Agreement, ContractStatus)> {
        let page = self.contracts.get(&id)?;
        Some((&page.agreement, self.standing(id, page, now)))
    }

    fn page(
        &self,
        id: ContractId,
        now: UtcTimestamp,
    ) -> Option<(ContractId, &Agreement, ContractStatus)> {
        let (agreement, status) = self.stands(id, now)?;
        Some((id, agreement, status))
    }

    pub(super) fn standing(
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

    /// From when a contract is withdrawn, where somebody has said so: an instant to come where notice was given.
    #[must_use]
    pub fn withdrawn_from(&self, id: ContractId) -> Option<UtcTimestamp> {
        self.contracts.get(&id).and_then(|page| page.withdrawn)
    }

    /// The first instant at which a contract is over, as far as it is known now.
    #[must_use]
    pub fn over_from(&self, id: ContractId) -> Option<UtcTimestamp> {
        self.contracts.get(&id).map(|page| self.ends(id, page))
    }

    /// From when a contract that is in force can be used no longer: by its own end, a withdrawal with notice, or a newer contract
    /// that is to take its place.
    pub(super) fn ends(&self, id: ContractId, page: &RegistryEntry) -> UtcTimestamp {
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

    /// Whether a newer contract took its place. Whatever a contract claims to replace, it can only replace one between the
    /// same participants about the same dataset.
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
    /// The state in one word, as shown to people.
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

    /// Why nothing can be asked under a contract in this state; `None` when something can.
    pub(super) fn refusal(self, id: ContractId, agreement: &Agreement) -> Option<Refusal> {
        let (code, sentence) = match self {
            Self::InForce => return None,
            Self::NotYet => (
                ErrorCode::NotYetValid,
                format!(
                    "contract `{}` is in force from {}",
                    id.short(),
                    agreement.not_before
                ),
            ),
            Self::Expired => (
                ErrorCode::Expired,
                format!("contract `{}` ended on {}", id.short(), agreement.not_after),
            ),
            Self::Superseded => (
                ErrorCode::Superseded,
                format!("contract `{}` was replaced by a newer version", id.short()),
            ),
            Self::Withdrawn => (
                ErrorCode::Withdrawn,
                format!("contract `{}` was withdrawn", id.short()),
            ),
        };
        Some(Refusal::new(code, sentence).with_contract(id))
    }
}

/// The cube whose cells are released under the contract.
fn released_cube(agreement: &Agreement) -> Option<Cube> {
    let cube = clause_effects::cube_of(&agreement.clauses).ok()??;
    // Cells with noise hide what is exact in any combination of them, so that their margins may cross.
    (cube.release.is_some() && cube.budget.is_none()).then_some(cube)
}
