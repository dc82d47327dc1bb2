//! The provider's guards in a ruling: judged after the contract, by the same checks, and only ever against the question.

use super::clause_check::ClauseVerdict;
use super::decision_input::DecisionInput;
use super::query_shape::DatasetColumns;
use super::quota_budget::{QuotaBudget, RowLimit};
use super::{check, clause_check, prohibition_checks};
use crate::contract::{ActiveContracts, DatasetGrant, Requester};
use crate::effect::{Effect, EffectKind};
use crate::id::{ContractId, DatasetId, SqlIdentifier};
use crate::refusal::{ErrorClass, ErrorCode, Refusal};
use crate::restriction::{ProviderRestriction, ProviderRestrictions};
use crate::term::{Clause, Term};
use crate::value::cube::CountingUnit;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// What the guards say of a standing.
#[derive(Debug)]
pub(super) struct RestrictedContracts(ActiveContracts);

impl RestrictedContracts {
    /// The guards of the datasets that are given.
    ///
    /// # Errors
    /// `DATASET_GUARDED` where one can't be read.
    pub(super) fn of(
        standing: &ActiveContracts,
        facts: &DecisionInput<'_>,
    ) -> Result<Self, Refusal> {
        Self::under(standing, facts.restrictions)
    }

    fn under(standing: &ActiveContracts, held: &ProviderRestrictions) -> Result<Self, Refusal> {
        let mut guards: BTreeMap<DatasetId, &ProviderRestriction> = BTreeMap::new();
        // Our own people are under no guard of their own.
        let own = matches!(standing.asker(), Requester::House(_));
        for (dataset, grant) in standing.grants().iter().filter(|_| !own) {
            match held.get(dataset).map(|held| &held.restriction) {
                None => {}
                Some(Some(guard)) => {
                    guards.insert(dataset.clone(), guard);
                }
                Some(None) => {
                    let sentence = format!(
                        "the provider's guard of `{}` can't be read, so nothing of it is answered",
                        dataset.name
                    );
                    return Err(check::by(
                        grant,
                        Refusal::new(ErrorCode::DatasetGuarded, sentence),
                    ));
                }
            }
        }
        Ok(Self(standing.guarded(&guards)))
    }

    /// What needs no plan: of all datasets that are given.
    pub(super) fn admissible(&self, facts: &DecisionInput<'_>) -> Result<(), Refusal> {
        for (dataset, grant) in self.0.grants() {
            for clause in grant.clauses().iter().filter(|clause| !counts(clause)) {
                clause_check::check(&self.0, (dataset, grant), clause, facts)
                    .map_err(|refusal| restriction_refusal((dataset, grant), clause, &refusal))?;
            }
        }
        Ok(())
    }

    /// What each clause of a guard says at the door.
    pub(super) fn said(&self, facts: &DecisionInput<'_>) -> Vec<ClauseVerdict> {
        let mut said = Vec::new();
        for (dataset, grant) in self.0.grants() {
            for clause in grant.clauses() {
                let refused = clause_check::check(&self.0, (dataset, grant), clause, facts).err();
                said.push(ClauseVerdict {
                    dataset: dataset.clone(),
                    contract: grant.contract(),
                    clause: clause.clone(),
                    refusal: refused
                        .map(|refusal| restriction_refusal((dataset, grant), clause, &refusal)),
                });
            }
        }
        said
    }

    /// Every limit of a guard that the answer draws on.
    ///
    /// # Errors
    /// `QUOTA_QUERIES` where the questions of a period are used up.
    pub(super) fn quotas(
        &self,
        facts: &DecisionInput<'_>,
        reads: &DatasetColumns,
    ) -> Result<Vec<QuotaBudget>, Refusal> {
        let mut drawn = Vec::new();
        for (dataset, grant) in check::read(&self.0, reads) {
            for (clause, budget) in check::budgets(dataset, grant, facts.now)? {
                clause_check::check(&self.0, (dataset, grant), clause, facts)
                    .map_err(|refusal| restriction_refusal((dataset, grant), clause, &refusal))?;
                drawn.push(budget);
            }
        }
        Ok(drawn)
    }

    /// Refuses a question that reads a column which a guard withholds. The contract shows it, so its name is no secret.
    pub(super) fn columns(
        &self,
        (dataset, columns): (&DatasetId, &BTreeSet<SqlIdentifier>),
        effects: &[Effect],
        facts: &DecisionInput<'_>,
    ) -> Result<(), Refusal> {
        let Some(grant) = self.0.grants().get(dataset) else {
            return Ok(());
        };
        let held = prohibition_checks::prohibitions_in_force(grant, facts)?;
        for clause in grant.clauses() {
            let Term::Prohibition(one) = &clause.term else {
                continue;
            };
            if !held.contains(&clause.id) {
                continue;
            }
            let hidden = one.hidden();
            let read = |column: &SqlIdentifier| {
                columns.contains(column) || within(column, columns, effects)
            };
            if let Some(column) = hidden.iter().find(|column| read(column)) {
                let sentence = format!(
                    "the provider's guard of `{}` withholds the column `{column}`, whatever the contract permits",
                    dataset.name
                );
                let refusal = Refusal::new(ErrorCode::DatasetGuarded, sentence)
                    .with_clause(clause.id, clause.term.plain())
                    .with_help(
                        "ask without the column, or ask the provider when the guard will be lifted",
                    );
                return Err(check::by(grant, refusal));
            }
        }
        Ok(())
    }

    /// When the first of the prohibitions of a guard comes to hold.
    pub(super) fn begins(&self, facts: &DecisionInput<'_>) -> Result<UtcTimestamp, Refusal> {
        prohibition_checks::begins(&self.0, facts)
    }

    /// The least limit of a guard on the rows of the answer.
    pub(super) fn row_limit(&self, reads: &DatasetColumns) -> Option<RowLimit> {
        check::row_limit(&self.0, reads)
    }

    /// How many rows may leave in a second.
    pub(super) fn rates(&self, reads: &DatasetColumns) -> Vec<(ContractId, u64)> {
        check::rates(&self.0, reads)
    }

    /// The guards under which datasets are read, by the digests of their documents.
    pub(super) fn documents(&self, facts: &DecisionInput<'_>) -> BTreeMap<DatasetId, Digest> {
        let guarded = self.0.grants().keys();
        guarded
            .filter_map(|dataset| {
                Some((dataset.clone(), facts.restrictions.get(dataset)?.document))
            })
            .collect()
    }
}

/// Every limit of the guards, with its slot at `now`.
///
/// # Errors
/// `DATASET_GUARDED` where a guard can't be read.
pub(super) fn budgets(
    standing: &ActiveContracts,
    guards: &ProviderRestrictions,
    now: UtcTimestamp,
) -> Result<Vec<QuotaBudget>, Refusal> {
    let mut budgets = Vec::new();
    for (dataset, grant) in RestrictedContracts::under(standing, guards)?.0.grants() {
        let of = check::budgets(dataset, grant, now)?;
        budgets.extend(of.into_iter().map(|(_, budget)| budget));
    }
    Ok(budgets)
}

const fn counts(clause: &Clause) -> bool {
    matches!(
        clause.term,
        Term::Queries(_) | Term::RowQuota(_) | Term::ByteQuota(_)
    )
}

/// Whether a column stands behind what the question reads under another name: a place behind its cell; and all that the
/// cells of an aggregate are made of, of which nobody can tell apart which answer needs which.
fn within(column: &SqlIdentifier, read: &BTreeSet<SqlIdentifier>, effects: &[Effect]) -> bool {
    effects.iter().any(|effect| match &effect.kind {
        EffectKind::CoarsenPlace { lon, lat, cell, .. } => {
            (lon == column || lat == column) && read.contains(cell)
        }
        EffectKind::AggregateOnly(cube) => {
            cube.measures.contains(column)
                || matches!(&cube.unit, CountingUnit::Column(unit) if unit == column)
                || cube.dominance.iter().any(|rule| rule.unit == *column)
                || cube
                    .dimensions
                    .iter()
                    .any(|dimension| dimension.column == *column)
        }
        _ => false,
    })
}

/// The refusal of a guard: whose it is, what it says, and that no amendment of the contract would help. What was refused is
/// said in the words of the guard, since a check of contracts speaks of the contract.
fn restriction_refusal(
    (dataset, grant): (&DatasetId, &DatasetGrant),
    clause: &Clause,
    why: &Refusal,
) -> Refusal {
    let said = clause.term.plain();
    let (name, owner) = (&dataset.name, dataset.owner.domain());
    let refusal = match why.code.kind() {
        ErrorClass::Exhausted => {
            let sentence = format!("by the provider's guard of `{name}` {}", why.sentence);
            let help = why.help.first().cloned();
            Refusal::new(why.code, sentence).with_help(help.unwrap_or_default())
        }
        _ => {
            let sentence = format!(
                "the provider's guard of `{name}` refuses it, whatever the contract permits: {said}"
            );
            Refusal::new(ErrorCode::DatasetGuarded, sentence)
                .with_help(format!("ask {owner} when the guard will be lifted"))
        }
    };
    check::by(grant, refusal.with_clause(clause.id, said))
}
