//! Evaluation of the requirements of a question, one by one. The result is a refusal or the conditions of the answer.

use super::decision_input::DecisionInput;
use super::query_shape::{DatasetColumns, JoinUse};
use super::quota_budget::{QuotaBudget, RowLimit};
use super::requirement::{Requirement, RequirementKind};
use super::sourced_grant::{RequirementSource, SourcedGrant, dataset_unknown};
use super::{
    PermitConditions, column_check, join_check, prepaid_charge, program_check, prohibition_checks,
    purpose_check, window_check,
};
use crate::attribute::SupportingCredential;
use crate::contract::Requester;
use crate::effect::Effect;
use crate::id::{DatasetId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use crate::term::rule::{AdmissionContext, EffectBinding};
use crate::term::schema_version::SchemaCompatibility;
use crate::term::{self, Clause, Term};
use hansa_audit_log::time::UtcTimestamp;
use std::collections::{BTreeMap, BTreeSet};

/// A question under evaluation.
#[derive(Debug)]
pub(super) struct QueryEvaluation<'a> {
    asker: &'a Requester,
    facts: &'a DecisionInput<'a>,
    reads: &'a DatasetColumns,
    joins: BTreeMap<DatasetId, JoinUse>,
    /// Conditions of the answer, as evaluated so far.
    pub(super) conditions: PermitConditions,
}

impl<'a> QueryEvaluation<'a> {
    /// Evaluation of a question with these columns and joins.
    pub(super) const fn new(
        asker: &'a Requester,
        facts: &'a DecisionInput<'a>,
        reads: &'a DatasetColumns,
        joins: BTreeMap<DatasetId, JoinUse>,
    ) -> Self {
        Self {
            asker,
            facts,
            reads,
            joins,
            conditions: PermitConditions {
                effects: BTreeMap::new(),
                prohibits: BTreeMap::new(),
                snapshots: BTreeMap::new(),
                relied: BTreeMap::new(),
                budgets: Vec::new(),
                row_limit: None,
                rates: Vec::new(),
                ends: UtcTimestamp::LATEST,
                prohibited: UtcTimestamp::LATEST,
                restriction_begins: UtcTimestamp::LATEST,
                charges: Vec::new(),
            },
        }
    }

    /// Evaluates one requirement; requirements of earlier stages must be evaluated before.
    /// A question is refused or gets its conditions here only.
    ///
    /// # Errors
    /// The refusal where the requirement is not satisfied.
    pub(super) fn evaluate(&mut self, requirement: Requirement<'_>) -> Result<(), Refusal> {
        let granted = requirement.granted;
        let granted = granted.ok_or_else(|| dataset_unknown(requirement.dataset))?;
        let (grant, facts) = (granted.grant, self.facts);
        match requirement.kind {
            RequirementKind::Clause(clause) => {
                let verdict = check_clause(self.asker, granted, clause, facts);
                verdict.map_err(|refusal| grant.name_contract(refusal))?;
                self.note_answer_limit(granted, clause)
            }
            RequirementKind::ContractPeriod => {
                let verdict = window_check::check_period(grant, facts.now);
                verdict.map_err(|refusal| grant.name_contract(refusal))
            }
            RequirementKind::UnreadableRestriction(refusal) => Err(refusal.clone()),
            RequirementKind::Schema => check_schema(granted, facts),
            RequirementKind::Program(program) => program_check::check_program(grant, program),
            // Satisfied: the grant comes from a contract that gives the dataset.
            RequirementKind::Name => Ok(()),
            RequirementKind::Effects => self.note_effects(granted),
            RequirementKind::WithheldColumns => self
                .refuse_withheld_columns(granted)
                .map_err(|refusal| grant.name_contract(refusal)),
            RequirementKind::Join => match self.joins.get(granted.dataset) {
                None => Ok(()),
                Some(join_use) => join_check::check_joins(grant, join_use),
            },
            RequirementKind::End => {
                let onset = prohibition_checks::prohibition_start(grant, facts)?;
                let conditions = &mut self.conditions;
                match granted.source {
                    RequirementSource::Contract => {
                        conditions.ends = conditions
                            .ends
                            .min(admission_end(self.asker, granted, facts));
                        conditions.prohibited = conditions.prohibited.min(onset);
                    }
                    RequirementSource::Restriction => {
                        conditions.restriction_begins = conditions.restriction_begins.min(onset);
                    }
                }
                Ok(())
            }
        }
    }

    /// Notes the quota, price or limit that a clause sets for the answer.
    fn note_answer_limit(
        &mut self,
        granted: SourcedGrant<'_>,
        clause: &Clause,
    ) -> Result<(), Refusal> {
        let conditions = &mut self.conditions;
        let budget = QuotaBudget::of_clause(granted, clause, self.facts.now)?;
        conditions.budgets.extend(budget);
        let Some(contract) = granted.grant.contract() else {
            return Ok(());
        };
        if let Term::RowsPerSecond(rows) = clause.term {
            conditions.rates.push((contract, rows));
        }
        // Of equal limits the first contract's is kept.
        if let Term::ResultRows(rows) = clause.term
            && conditions.row_limit.is_none_or(|least| rows < least.rows)
        {
            let clause = clause.id;
            conditions.row_limit = Some(RowLimit {
                contract,
                clause,
                rows,
            });
        }
        Ok(())
    }

    /// Notes the contract's effects on a dataset that is read, with the entries for the record.
    fn note_effects(&mut self, granted: SourcedGrant<'_>) -> Result<(), Refusal> {
        let (dataset, grant, facts) = (granted.dataset, granted.grant, self.facts);
        let Some(read) = self.reads.get(dataset) else {
            return Ok(());
        };
        let mut held = BTreeSet::new();
        for clause in grant.clauses() {
            let prohibition = prohibition_checks::in_force(grant, clause, facts);
            let prohibition = prohibition.map_err(|refusal| grant.name_contract(refusal))?;
            held.extend(prohibition.map(|_| clause.id));
        }
        let to = EffectBinding::of(self.asker.id()).with_tenant(facts.tenant);
        let effects = derive_grant_effects(
            granted,
            read,
            to.with_prohibited(&held).with_instant(facts.now),
        )?;
        let relied = supporting_credentials(self.asker, granted, facts).collect();
        let snapshot = facts.snapshots.get(dataset);
        let months_due = facts.context(grant).balance.months_due;
        let conditions = &mut self.conditions;
        conditions.effects.insert(dataset.clone(), effects);
        conditions.prohibits.insert(dataset.clone(), held);
        conditions.relied.insert(dataset.clone(), relied);
        let snapshot = snapshot.map(|label| (dataset.clone(), label.clone()));
        conditions.snapshots.extend(snapshot);
        let charge = prepaid_charge::of_grant(grant, months_due);
        conditions.charges.extend(charge);
        Ok(())
    }

    /// Refuses columns that the prohibitions of a restriction withhold, by the effects of the contract on the dataset.
    fn refuse_withheld_columns(&self, granted: SourcedGrant<'_>) -> Result<(), Refusal> {
        let (dataset, grant) = (granted.dataset, granted.grant);
        let read = self.reads.get(dataset);
        let Some((read, effects)) = read.zip(self.conditions.effects.get(dataset)) else {
            return Err(dataset_unknown(dataset));
        };
        for clause in grant.clauses() {
            if let Some(one) = prohibition_checks::in_force(grant, clause, self.facts)? {
                column_check::check_withheld_columns(dataset, read, effects, clause, one)?;
            }
        }
        Ok(())
    }
}

/// Effects of a grant on its dataset, after a check that the read columns exist in the result.
pub(super) fn derive_grant_effects(
    granted: SourcedGrant<'_>,
    read: &BTreeSet<SqlIdentifier>,
    to: EffectBinding<'_>,
) -> Result<Vec<Effect>, Refusal> {
    let effects = granted.grant.derive_effects(&to)?;
    column_check::check_columns(granted.dataset, read, &effects)?;
    Ok(effects)
}

/// Checks one clause before planning. Every check looks at every clause, so that no check is skipped because of its stage.
pub(super) fn check_clause(
    asker: &Requester,
    granted: SourcedGrant<'_>,
    clause: &Clause,
    facts: &DecisionInput<'_>,
) -> Result<(), Refusal> {
    let (dataset, grant) = (granted.dataset, granted.grant);
    let check = || {
        window_check::check_clause(clause, facts.now)?;
        purpose_check::check_clause(dataset, grant, clause, facts.taxonomy, facts.purpose)?;
        prohibition_checks::check_clause(grant, clause, facts)?;
        let admission = admission_context(asker, granted, facts);
        let admitted = clause.term.with_rule(|rule| rule.admit(&admission));
        admitted.map_err(|refusal| term::cite_clause(refusal, clause))?;
        let budget = QuotaBudget::of_clause(granted, clause, facts.now)?;
        let drawn = budget.map_or(Ok(()), |budget| budget.check(facts.spent));
        drawn.map_err(|refusal| term::cite_clause(refusal, clause))
    };
    check().map_err(|refusal| granted.clause_refusal(clause, refusal))
}

/// Admission check of the question. For a restriction, assumed attributes of the caller count, since no answer rests on it.
fn admission_context<'a>(
    asker: &Requester,
    granted: SourcedGrant<'_>,
    facts: &DecisionInput<'a>,
) -> AdmissionContext<'a> {
    AdmissionContext {
        now: facts.now,
        context: facts.context(granted.grant),
        supposing: granted.source == RequirementSource::Restriction
            || matches!(asker, Requester::Supposed(_)),
    }
}

/// Checks that the schema of the dataset is the contract's, or extends it where the contract permits that.
fn check_schema(granted: SourcedGrant<'_>, facts: &DecisionInput<'_>) -> Result<(), Refusal> {
    let (dataset, grant) = (granted.dataset, granted.grant);
    let Some(schema) = facts.schemas.get(dataset) else {
        return Err(dataset_unknown(dataset));
    };
    let compatible = SchemaCompatibility::of(grant.clauses()) == SchemaCompatibility::Compatible;
    let earlier = facts.extends.get(dataset);
    let grown = earlier.is_some_and(|earlier| earlier.contains(&grant.schema()));
    if *schema == grant.schema() || (compatible && grown) {
        return Ok(());
    }
    let name = &dataset.name;
    let sentence = format!("`{name}` has another schema than the contract was signed for");
    let refusal = Refusal::new(ErrorCode::SchemaChanged, sentence).with_help(format!(
        "request an amendment: hansa contract request {name}"
    ));
    Err(grant.name_contract(refusal))
}

/// First instant at which the contract or a statement that admits the question ends.
fn admission_end(
    asker: &Requester,
    granted: SourcedGrant<'_>,
    facts: &DecisionInput<'_>,
) -> UtcTimestamp {
    let context = facts.context(granted.grant);
    // This question may be the first one.
    let used = context.first_use.unwrap_or(facts.now);
    let clauses = granted.grant.clauses().iter();
    let ends = clauses.filter_map(|clause| match clause.term {
        Term::NotAfter(until) => Some(until),
        ref term => term.with_rule(|rule| rule.end_instant(context.activated, Some(used))),
    });
    let credentials = supporting_credentials(asker, granted, facts);
    ends.chain(credentials.map(|credential| credential.until))
        .fold(granted.grant.not_after(), UtcTimestamp::min)
}

/// Signed statements that the admission relies on.
fn supporting_credentials<'a>(
    asker: &Requester,
    granted: SourcedGrant<'a>,
    facts: &DecisionInput<'a>,
) -> impl Iterator<Item = SupportingCredential> + use<'a> {
    let admission = admission_context(asker, granted, facts);
    let clauses = granted.grant.clauses().iter();
    clauses.filter_map(move |clause| {
        clause
            .term
            .with_rule(|rule| rule.supporting_credential(&admission))
    })
}
