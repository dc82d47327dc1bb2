//! Check of the contracts that one consumer holds on one dataset: two contracts together must not disclose more than each does
//! alone.
//!
//! An answer can't be taken back, so a contract that has ended still counts if a question was answered under it.
//! The caller passes the instants of the first answers.

use super::differencing::{self, ContractCombination, DifferencingKind};
use super::{ActiveContracts, Agreement, Assignee, ContractRegistry, ContractStatus};
use crate::id::{ContractId, ParticipantId};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::Term;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::BTreeMap;

/// Instant of the first answer under each contract. Contracts that nobody looked up are absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FirstAnswers(BTreeMap<ContractId, Option<UtcTimestamp>>);

impl FirstAnswers {
    /// Notes the instant of the first answer under a contract; none means that nothing was answered.
    pub fn note_first_answer(&mut self, id: ContractId, at: Option<UtcTimestamp>) {
        self.0.insert(id, at);
    }

    /// Instant of the first answer. For a contract that was not looked up, the earliest instant: the safe assumption.
    fn first_answer(&self, id: ContractId) -> Option<UtcTimestamp> {
        self.0
            .get(&id)
            .copied()
            .unwrap_or(Some(UtcTimestamp::EARLIEST))
    }
}

/// Contract that is judged beside others.
#[derive(Clone, Copy)]
struct JudgedContract<'a> {
    id: ContractId,
    agreement: &'a Agreement,
}

/// Contract of the same consumer on the same dataset that is not harmless beside the judged one.
struct NeighbourContract<'a> {
    id: ContractId,
    agreement: &'a Agreement,
    /// State of the contract by its dates and those of its clauses.
    status: ContractStatus,
    time: AgreementWindow,
    combination: ContractCombination,
}

/// Period in which questions are possible under an agreement.
#[derive(Debug, Clone, Copy)]
struct AgreementWindow {
    from: UtcTimestamp,
    until: UtcTimestamp,
}

impl AgreementWindow {
    /// Period of an agreement, limited by the periods of its clauses.
    fn of(agreement: &Agreement) -> Self {
        let whole = Self {
            from: agreement.not_before,
            until: agreement.not_after,
        };
        agreement
            .clauses
            .iter()
            .fold(whole, |time, clause| match clause.term {
                Term::NotBefore(from) => Self {
                    from: time.from.max(from),
                    ..time
                },
                Term::NotAfter(until) => Self {
                    until: time.until.min(until),
                    ..time
                },
                _ => time,
            })
    }

    /// State of a contract whose questions are possible in this period alone.
    fn limit_status(self, status: ContractStatus, now: UtcTimestamp) -> ContractStatus {
        match status {
            ContractStatus::InForce | ContractStatus::NotYet if now >= self.until => {
                ContractStatus::Expired
            }
            ContractStatus::InForce if now < self.from => ContractStatus::NotYet,
            other => other,
        }
    }
}

impl NeighbourContract<'_> {
    /// True if questions under the contract are possible now or later.
    const fn is_alive(&self) -> bool {
        matches!(
            self.status,
            ContractStatus::InForce | ContractStatus::NotYet
        )
    }

    /// True if a question under the judged contract is permitted whatever was answered under the neighbour. Rows that can be asked
    /// already disclose everything; groups add to them only after the rows are no longer available.
    fn stands_anyway(&self) -> bool {
        self.combination == ContractCombination::Covered && (!self.shows_rows() || self.is_alive())
    }

    fn shows_rows(&self) -> bool {
        !has_aggregate_clause(self.agreement)
    }
}

impl ContractRegistry {
    /// Contracts of this provider for which [`FirstAnswers`] must be known before this agreement is judged, with the agreement
    /// itself.
    #[must_use]
    pub fn combined_with(
        &self,
        own: Option<ContractId>,
        agreement: &Agreement,
        now: UtcTimestamp,
    ) -> Vec<ContractId> {
        let neighbours = self.neighbours(own, agreement, agreement.assignee_id(), now);
        let others = neighbours.iter().map(|one| one.id);
        match neighbours.is_empty() {
            true => Vec::new(),
            false => own.into_iter().chain(others).collect(),
        }
    }

    /// Contracts for which [`FirstAnswers`] must be known before a question under these contracts is judged.
    #[must_use]
    pub fn combined_with_those(
        &self,
        active: &ActiveContracts,
        now: UtcTimestamp,
    ) -> Vec<ContractId> {
        let who = active.asker().id();
        let asked = active
            .grants()
            .values()
            .filter_map(super::DatasetGrant::contract);
        asked
            .filter_map(|id| Some((id, self.agreement(id)?)))
            .flat_map(|(id, agreement)| {
                let neighbours = self.neighbours(Some(id), agreement, Some(who), now);
                let others = neighbours.iter().filter(|one| !one.stands_anyway());
                let others: Vec<ContractId> = others.map(|one| one.id).collect();
                let own = (!others.is_empty()).then_some(id);
                own.into_iter().chain(others)
            })
            .collect()
    }

    /// Refuses a question under a contract that would disclose, combined with another contract, more than each of them alone.
    /// Of two contracts the one with the later first answer, or without an answer, is refused. If neither has an answer, the one
    /// that was proposed later is refused.
    ///
    /// # Errors
    /// `COMBINED_DISCLOSURE`, naming the other contract.
    pub fn check_combined(
        &self,
        active: &ActiveContracts,
        answered: &FirstAnswers,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let who = active.asker().id();
        let asked = active
            .grants()
            .values()
            .filter_map(super::DatasetGrant::contract);
        for id in asked {
            let Some(agreement) = self.agreement(id) else {
                continue;
            };
            // INVARIANT: no-subtraction. Of two such contracts the second one gets no answer, even if both were signed.
            let judged = JudgedContract { id, agreement };
            if let Some(refusal) = self.barred_beside(judged, who, answered, now) {
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Refusals, each with its reason, of this provider's contracts in force that are blocked by a combination with another
    /// contract.
    #[must_use]
    pub fn all_combined(&self, answered: &FirstAnswers, now: UtcTimestamp) -> Vec<Refusal> {
        let ours = self.all_contracts(now).filter(|(_, agreement, status)| {
            agreement.provider.id == self.own
                && matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
        });
        ours.filter_map(|(id, agreement, _)| {
            let who = agreement.assignee_id()?;
            self.barred_beside(JudgedContract { id, agreement }, who, answered, now)
        })
        .collect()
    }

    fn barred_beside(
        &self,
        judged: JudgedContract<'_>,
        who: &ParticipantId,
        answered: &FirstAnswers,
        now: UtcTimestamp,
    ) -> Option<Refusal> {
        let JudgedContract { id, agreement } = judged;
        let neighbours = self.neighbours(Some(id), agreement, Some(who), now);
        let place = |id: ContractId, agreement: &Agreement| {
            let first = answered.first_answer(id).unwrap_or(UtcTimestamp::LATEST);
            (first, agreement.proposed_at, id)
        };
        let own = place(id, agreement);
        let covered = rows_disclose_groups(agreement, &neighbours, None);
        let bars = |one: &&NeighbourContract<'_>| {
            let counts = one.is_alive() || answered.first_answer(one.id).is_some();
            let stands = match one.combination {
                ContractCombination::Harmless => true,
                ContractCombination::Covered => one.stands_anyway() || covered,
                ContractCombination::Subtracts(_) if covered && one.shows_rows() => true,
                ContractCombination::Subtracts(_) => own < place(one.id, one.agreement),
            };
            counts && !stands
        };
        let other = neighbours.iter().find(bars)?;
        let refusal = combination_refusal(
            agreement,
            Some(id),
            other,
            answered.first_answer(other.id).is_some(),
        );
        Some(refusal.with_contract(id))
    }

    /// Refuses an agreement on a dataset of this provider that would disclose, combined with another contract of the same consumer,
    /// more than each of them alone: groups can be subtracted from groups, and rows from groups.
    ///
    /// # Errors
    /// `COMBINED_DISCLOSURE`, naming the other contract.
    pub fn check_beside(
        &self,
        agreement: &Agreement,
        answered: &FirstAnswers,
        now: UtcTimestamp,
    ) -> Result<(), Refusal> {
        let neighbours = self.neighbours(None, agreement, agreement.assignee_id(), now);
        let replaces = |one: &NeighbourContract<'_>| {
            agreement.supersedes == Some(one.id) && agreement.may_replace(one.agreement)
        };
        let replaced = neighbours.iter().find(|one| replaces(one));
        let covered = rows_disclose_groups(agreement, &neighbours, replaced.map(|one| one.id));
        let own = AgreementWindow::of(agreement);
        // A chain of renewed row contracts covers groups for as long as the next contract of the chain lasts.
        let follows = |next: &NeighbourContract<'_>, one: &NeighbourContract<'_>| {
            next.is_alive()
                && !replaces(next)
                && next.time.from <= one.time.until
                && next.time.until >= own.until
                && differencing::shows_all(&agreement.clauses, &next.agreement.clauses)
        };
        let bars = |one: &&NeighbourContract<'_>| {
            let alive = one.is_alive() && !replaces(one);
            let counts = alive || answered.first_answer(one.id).is_some();
            let stands = match one.combination {
                ContractCombination::Harmless => true,
                ContractCombination::Covered if one.shows_rows() => {
                    let lasts = one.time.until >= own.until;
                    covered || alive && (lasts || neighbours.iter().any(|next| follows(next, one)))
                }
                ContractCombination::Covered => !alive || own.until >= one.time.until,
                ContractCombination::Subtracts(_) => covered && one.shows_rows(),
            };
            counts && !stands
        };
        match neighbours.iter().find(bars) {
            None => Ok(()),
            Some(other) => Err(combination_refusal(
                agreement,
                None,
                other,
                answered.first_answer(other.id).is_some(),
            )),
        }
    }

    /// Contracts on the dataset that are not harmless beside the agreement and that `who` may use, or that everybody may use if the
    /// agreement is for everybody. A consumer with a contract of its own is refused at the question instead, so that one consumer's
    /// contract does not prevent a public view for all others.
    fn neighbours<'a>(
        &'a self,
        own: Option<ContractId>,
        agreement: &'a Agreement,
        who: Option<&ParticipantId>,
        now: UtcTimestamp,
    ) -> Vec<NeighbourContract<'a>> {
        let dataset = &agreement.dataset.id;
        if agreement.provider.id != self.own || dataset.owner != self.own {
            return Vec::new();
        }
        let found: Vec<_> = match who {
            Some(who) => self.giving_of(who, &dataset.name, now).collect(),
            None => self
                .contracts_on_dataset(dataset, now)
                .filter(|(_, other, _)| other.assignee == Assignee::Public)
                .collect(),
        };
        let others = found
            .into_iter()
            .filter(|(id, other, _)| Some(*id) != own && other.provider.id == self.own);
        others
            .map(|(id, other, status)| {
                let time = AgreementWindow::of(other);
                NeighbourContract {
                    id,
                    agreement: other,
                    status: time.limit_status(status, now),
                    time,
                    combination: differencing::combine_clause_lists(
                        &agreement.clauses,
                        &other.clauses,
                    ),
                }
            })
            .filter(|one| one.combination != ContractCombination::Harmless)
            .collect()
    }
}

fn has_aggregate_clause(agreement: &Agreement) -> bool {
    let mut clauses = agreement.clauses.iter();
    clauses.any(|clause| clause.term.limits_to_aggregates())
}

/// True if rows that can be asked disclose all that the groups are made of, for as long as the groups of this agreement last.
fn rows_disclose_groups(
    agreement: &Agreement,
    beside: &[NeighbourContract<'_>],
    but: Option<ContractId>,
) -> bool {
    let own = AgreementWindow::of(agreement);
    has_aggregate_clause(agreement)
        && beside.iter().any(|one| {
            one.status == ContractStatus::InForce
                && Some(one.id) != but
                && one.time.until >= own.until
                && differencing::shows_all(&agreement.clauses, &one.agreement.clauses)
        })
}

/// Refusal of a contract or a proposed agreement that can't be used beside another contract.
fn combination_refusal(
    agreement: &Agreement,
    own: Option<ContractId>,
    other: &NeighbourContract<'_>,
    answered: bool,
) -> Refusal {
    let name = &agreement.dataset.id.name;
    let own = own.map_or_else(
        || "this contract".to_owned(),
        |id| format!("contract `{}`", id.to_short_text()),
    );
    let theirs = format!("contract `{}`", other.id.to_short_text());
    let (rows, groups) = match other.shows_rows() {
        true => (&theirs, &own),
        false => (&own, &theirs),
    };
    let what = match other.combination {
        ContractCombination::Covered => format!(
            "groups of `{name}` under {groups} could be asked longer than the rows under {rows}, which would be taken away from them"
        ),
        ContractCombination::Subtracts(DifferencingKind::Rows) => format!(
            "rows of `{name}` under {rows} can be taken away from groups under {groups}: what is left is shown by neither"
        ),
        ContractCombination::Subtracts(DifferencingKind::Units) => format!(
            "numbers of units in groups of `{name}` under {own} and under {theirs} tell together who is in several groups"
        ),
        ContractCombination::Harmless
        | ContractCombination::Subtracts(DifferencingKind::Groups) => format!(
            "groups of `{name}` under {own} and under {theirs} can be taken away from each other: what is left is shown by neither"
        ),
    };
    let ended = match (answered, other.is_alive()) {
        (true, false) => "; it has ended, and what was answered under it stays known",
        // Another participant may have asked a public view; the refusal does not say so.
        (true, true) if other.agreement.assignee == Assignee::Public => "",
        (true, true) => "; something was answered under it",
        (false, _) => "",
    };
    let mut refusal = Refusal::new(ErrorCode::CombinedDisclosure, format!("{what}{ended}"));
    if other.is_alive() && differencing::is_made_of(&agreement.clauses, &other.agreement.clauses) {
        refusal = refusal.with_help(format!(
            "ask for coarser totals under {theirs}: they are made of the groups that it shows"
        ));
    }
    refusal.with_help(match answered {
        false => "agree on one contract in place of both: amend the other one",
        true => "keep to the groups of the other contract, or agree on cells with noise: what was answered can't be taken back",
    })
}

#[cfg(test)]
mod tests;
