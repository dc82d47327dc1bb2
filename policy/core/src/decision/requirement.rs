//! Requirements of a question: each clause of its contracts and of the provider's restrictions, and checks of the question as a
//! whole.
//! They are ordered by the stage at which they refuse.

use super::query_shape::DatasetColumns;
use super::restricted_contracts::RestrictedContracts;
use super::sourced_grant::{RequirementSource, SourcedGrant};
use crate::contract::{ActiveContracts, Requester};
use crate::id::DatasetId;
use crate::peer::ProgramAccess;
use crate::refusal::Refusal;
use crate::term::rule::AdmissionCheck;
use crate::term::{Clause, Term};

/// One requirement on a question or on its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requirement<'a> {
    pub(super) stage: RequirementStage,
    pub(super) dataset: &'a DatasetId,
    /// Grant of the requirement. Absent for a dataset that is read and that no contract gives; such a requirement always fails.
    pub(super) granted: Option<SourcedGrant<'a>>,
    pub(super) kind: RequirementKind<'a>,
}

/// Subject of a requirement.
#[derive(Debug, Clone, Copy)]
pub(super) enum RequirementKind<'a> {
    /// Clause as far as it can be judged without a plan, with the limit that it sets.
    Clause(&'a Clause),
    /// Period of the contract.
    ContractPeriod,
    /// Restriction that can't be read; always fails.
    UnreadableRestriction(&'a Refusal),
    /// Schema for which the contract was made.
    Schema,
    /// Permission for a program without a connector to ask under the contract.
    Program(&'a ProgramAccess),
    /// Existence of a contract that gives the read dataset.
    Name,
    /// Effects of the contract on the dataset, and the columns in the result.
    Effects,
    /// Columns that the prohibitions of a restriction withhold.
    WithheldColumns,
    /// Joins of the dataset with others.
    Join,
    /// Instant at which the answer is cut.
    End,
}

/// Stage at which a requirement is evaluated. The first failing requirement decides the code of the refusal. Within a stage the
/// order is by dataset, then contract before restriction, then by clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum RequirementStage {
    Window,
    RelativeWindow,
    Party,
    Purpose,
    Delivery,
    Prohibition,
    UnreadableRestriction,
    Restriction,
    Schema,
    Limit,
    RestrictionLimit,
    Count,
    Name,
    Plan,
    Join,
    End,
    RestrictionEnd,
}

impl RequirementStage {
    /// True if the requirement needs no plan. It is then evaluated before the question's text is parsed.
    pub(super) fn is_before_plan(self) -> bool {
        self <= Self::Restriction
    }

    /// Stage of a clause of a contract or restriction.
    fn of_clause(source: RequirementSource, term: &Term) -> Self {
        let of_contract = match term {
            Term::NotBefore(_) | Term::NotAfter(_) => Self::Window,
            Term::Purpose(_) | Term::PurposeNot(_) => Self::Purpose,
            Term::Prohibition(_) => Self::Prohibition,
            Term::Queries(_)
            | Term::RowQuota(_)
            | Term::ByteQuota(_)
            | Term::RowsPerSecond(_)
            | Term::ResultRows(_) => Self::Limit,
            // The rule of each other term names its own stage.
            term => match term.with_rule(|rule| rule.admission_check()) {
                Some(AdmissionCheck::Window) => Self::RelativeWindow,
                Some(AdmissionCheck::Party) => Self::Party,
                Some(AdmissionCheck::Delivery) => Self::Delivery,
                Some(AdmissionCheck::Count) => Self::Count,
                None => Self::Plan,
            },
        };
        match (source, of_contract) {
            (RequirementSource::Contract, stage) => stage,
            (RequirementSource::Restriction, Self::Limit) => Self::RestrictionLimit,
            (RequirementSource::Restriction, _) => Self::Restriction,
        }
    }
}

impl<'a> Requirement<'a> {
    /// All requirements of a question with these columns, in the order of evaluation.
    pub(super) fn in_order(
        active: &'a ActiveContracts,
        restricted: &'a RestrictedContracts,
        reads: &'a DatasetColumns,
    ) -> Vec<Self> {
        use RequirementStage as Stage;
        let mut all = Vec::new();
        let mut add = |stage, dataset, granted, kind| {
            all.push(Self {
                stage,
                dataset,
                granted,
                kind,
            });
        };
        for dataset in reads.keys() {
            let granted = SourcedGrant::of_contract(active, dataset).ok();
            add(Stage::Name, dataset, granted, RequirementKind::Name);
        }
        for granted in SourcedGrant::list_grants(active, restricted) {
            let mut add = |stage, kind| add(stage, granted.dataset, Some(granted), kind);
            for clause in granted.grant.clauses() {
                let stage = Stage::of_clause(granted.source, &clause.term);
                add(stage, RequirementKind::Clause(clause));
            }
            match granted.source {
                RequirementSource::Contract => {
                    add(Stage::Window, RequirementKind::ContractPeriod);
                    if let Requester::Peer(peer) = active.asker()
                        && let Some(program) = peer.program()
                    {
                        add(Stage::Party, RequirementKind::Program(program));
                    }
                    if let Some(refusal) = restricted.unreadable.get(granted.dataset) {
                        let unreadable = RequirementKind::UnreadableRestriction(refusal);
                        add(Stage::UnreadableRestriction, unreadable);
                    }
                    add(Stage::Schema, RequirementKind::Schema);
                    add(Stage::Plan, RequirementKind::Effects);
                    add(Stage::Join, RequirementKind::Join);
                    add(Stage::End, RequirementKind::End);
                }
                RequirementSource::Restriction => {
                    add(Stage::Plan, RequirementKind::WithheldColumns);
                    add(Stage::RestrictionEnd, RequirementKind::End);
                }
            }
        }
        // The other requirements are made for all named contracts, whether or not the question reads their datasets.
        let of_reads = [
            Stage::Schema,
            Stage::Limit,
            Stage::RestrictionLimit,
            Stage::Plan,
        ];
        all.retain(|one| !of_reads.contains(&one.stage) || reads.contains_key(one.dataset));
        // The sort is stable: within a stage and dataset, the contract stays before the restriction.
        all.sort_by_key(|one| (one.stage, one.dataset));
        all
    }
}
