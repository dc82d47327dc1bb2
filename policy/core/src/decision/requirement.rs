//! What is asked of a question: each clause of its contracts and of the provider's restrictions, and what they ask as a
//! whole, in the order in which they refuse.

use super::query_shape::DatasetColumns;
use super::restricted_contracts::RestrictedContracts;
use super::sourced_grant::{RequirementSource, SourcedGrant};
use crate::contract::{ActiveContracts, Requester};
use crate::id::DatasetId;
use crate::peer::ProgramAccess;
use crate::refusal::Refusal;
use crate::term::rule::AdmissionCheck;
use crate::term::{Clause, Term};

/// One thing that is asked of a question, or of the answer to it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Requirement<'a> {
    pub(super) stage: RequirementStage,
    pub(super) dataset: &'a DatasetId,
    /// Whose it is; absent for a dataset that is read and that no contract gives, which nothing satisfies.
    pub(super) granted: Option<SourcedGrant<'a>>,
    pub(super) kind: RequirementKind<'a>,
}

/// What a requirement is about.
#[derive(Debug, Clone, Copy)]
pub(super) enum RequirementKind<'a> {
    /// A clause as it can be judged without a plan, and the limit that it sets.
    Clause(&'a Clause),
    /// The time for which the contract was made.
    ContractPeriod,
    /// A restriction that can't be read, which nothing satisfies.
    UnreadableRestriction(&'a Refusal),
    /// The schema for which the contract was made.
    Schema,
    /// That a program without a connector may ask under the contract.
    Program(&'a ProgramAccess),
    /// That a contract gives a dataset which is read.
    Name,
    /// What the contract does to the dataset, and which columns there are after it.
    Effects,
    /// The columns that the prohibitions of a restriction withhold.
    WithheldColumns,
    /// How the dataset is brought together with others.
    Join,
    /// The instant at which the answer is cut.
    End,
}

/// When a requirement is evaluated: the first one that fails decides the code of the refusal. Within a stage they come in
/// the order of datasets, then of contract and restriction, then of clauses.
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
    /// Whether it needs no plan, so that it is evaluated before the text of the question is looked at.
    pub(super) fn is_before_plan(self) -> bool {
        self <= Self::Restriction
    }

    /// Of a clause, by whose it is.
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
            // Each other term says by its own rule at which check it is looked at.
            term => match term.with(|rule| rule.check()) {
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
    /// All that is asked of a question which reads these columns, in the order of evaluation.
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
        for granted in SourcedGrant::all(active, restricted) {
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
        // Everything else is asked of all contracts that are named, whether or not the question reads under them.
        let of_reads = [
            Stage::Schema,
            Stage::Limit,
            Stage::RestrictionLimit,
            Stage::Plan,
        ];
        all.retain(|one| !of_reads.contains(&one.stage) || reads.contains_key(one.dataset));
        // Stable: what one dataset is asked in one stage keeps its order, the contract before the restriction.
        all.sort_by_key(|one| (one.stage, one.dataset));
        all
    }
}
