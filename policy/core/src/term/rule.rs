//! Rule of a term: its place in a policy, ODRL form, sentence, checks, effect and error codes.

use super::contract_context::ContractContext;
use crate::attribute::{ParticipantAttribute, SupportingCredential};
use crate::effect::EffectKind;
use crate::id::{ClauseId, ContractId, DatasetId, ParticipantId, SqlIdentifier};
use crate::refusal::{ErrorCode, Refusal};
use crate::strict_object::StrictObjectReader;
use hansa_audit_log::json::Json;
use hansa_audit_log::time::UtcTimestamp;
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::fmt;

/// Specification of a term, for tables, readers and writers.
#[derive(Debug)]
pub struct TermSpec {
    /// Number in the vocabulary; a term that covers two entries has both.
    pub numbers: &'static [u8],
    /// Name in lower case, unique, as in the normal form. Its meaning never changes.
    pub name: &'static str,
    /// Place of the term in the policy.
    pub position: OdrlPosition,
    /// Left operand, or the action of a duty or prohibition.
    pub operand: &'static str,
    /// Permitted operators; none for a duty or prohibition.
    pub operators: &'static [&'static str],
    /// Points at which the term is executed.
    pub executed: &'static [EnforcementPoint],
    /// Codes of its refusals at a question or at signing, its own code first. Empty where removed data does not exist for the
    /// asking participant.
    pub codes: &'static [ErrorCode],
    /// Kind of demand.
    pub nature: DemandKind,
    /// True if the term removes rows that are then missing in counts of the dataset.
    pub hides_rows: bool,
    /// Remedy for the asking participant after a refusal; without refusals, the visible result.
    pub remedy: &'static str,
    /// Name of a test that fails when the effect is missing.
    pub test: &'static str,
}

impl TermSpec {
    /// True if the term is recorded and shown, but not technically enforced.
    #[must_use]
    pub fn is_recorded_only(&self) -> bool {
        self.executed
            .iter()
            .all(|stage| matches!(stage, EnforcementPoint::Recorded))
    }
}

/// Place of a clause in a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OdrlPosition {
    /// Constraint of the permission: persons, times, purposes, amounts.
    Permission,
    /// Refinement of the target: part of the dataset.
    Target,
    /// Refinement of the action: form of the data.
    Action,
    /// Duty of the consumer.
    Duty,
    /// Prohibition for the consumer.
    Prohibition,
    /// Obligation of the provider.
    Obligation,
}

impl fmt::Display for OdrlPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Permission => "permission.constraint",
            Self::Target => "target.refinement",
            Self::Action => "action.refinement",
            Self::Duty => "permission.duty",
            Self::Prohibition => "prohibition",
            Self::Obligation => "obligation",
        })
    }
}

/// Kind of demand of a term. It decides which terms an offer of open data, by law or licence, may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DemandKind {
    /// Technical limit or attribution, permitted for all data.
    Technical,
    /// Protection: a part of the data is not shown.
    Protection,
    /// Demand on users or uses, which an open licence does not make.
    Use,
}

/// Point at which a term is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnforcementPoint {
    /// At the check and signing of the policy.
    Signing,
    /// At each question, before planning.
    Admission,
    /// In the plan: removed data does not exist.
    Plan,
    /// During the answer.
    Answer,
    /// From the log, after the answer.
    Ledger,
    /// Nowhere: the term is recorded and shown.
    Recorded,
}

impl EnforcementPoint {
    /// Point in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Signing => "at signing",
            Self::Admission => "at each question",
            Self::Plan => "in the plan",
            Self::Answer => "while the answer runs",
            Self::Ledger => "from the log",
            Self::Recorded => "not technically enforced",
        }
    }
}

/// Rule of a term. All functions on policies are built on it.
pub(crate) trait TermRule {
    /// Entry in the vocabulary.
    fn spec(&self) -> &'static TermSpec;

    /// Its form in ODRL beside the words of its entry. An operator stands here where it is not the first of the entry.
    fn to_odrl(&self, script: &mut OdrlWriter<'_>) -> Json;

    /// Content in the normal form, independent of order and notation. Members never change their meaning, since contracts with
    /// these hashes outlive a program version.
    fn to_canonical_json(&self) -> Json;

    /// Column whose values the term decides. Subject, named columns and decision follow from it. Comparison with other such terms
    /// is in `comparison.rs`.
    fn treated_column(&self) -> Option<&SqlIdentifier> {
        None
    }

    /// Columns of the dataset whose own values are not shown: the treated one, or those that a new column replaces.
    fn replaced_columns(&self) -> Vec<&SqlIdentifier> {
        self.treated_column().into_iter().collect()
    }

    /// New column that the term adds to the dataset.
    fn output_column(&self) -> Option<&SqlIdentifier> {
        None
    }

    /// Subject of the term, where a policy may hold several of its kind. Two clauses with one kind and subject count as one changed
    /// clause.
    fn subject(&self) -> String {
        self.treated_column()
            .map(ToString::to_string)
            .unwrap_or_default()
    }

    /// Columns that the term names.
    fn columns(&self) -> Vec<SqlIdentifier> {
        self.treated_column().cloned().into_iter().collect()
    }

    /// Subject that only one clause of a policy may decide.
    fn decided_subject(&self) -> Option<ClauseSubject> {
        let column = self.treated_column()?;
        Some(ClauseSubject::Values(column.to_string()))
    }

    /// Effect on the dataset.
    ///
    /// # Errors
    /// An error refuses the whole grant.
    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        Ok(None)
    }

    /// Admission check at which the term is looked at; none for terms with an effect on the plan only.
    fn admission_check(&self) -> Option<AdmissionCheck> {
        None
    }

    /// Checks that the question is admitted.
    ///
    /// # Errors
    /// The refusal, with help.
    fn admit(&self, _to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// Signed statement that the admission relies on, where there is one.
    fn supporting_credential(&self, _to: &AdmissionContext<'_>) -> Option<SupportingCredential> {
        None
    }

    /// First instant at which the term admits no question any more, given the instants of entry into force and first use.
    fn end_instant(
        &self,
        _activated: Option<UtcTimestamp>,
        _first_use: Option<UtcTimestamp>,
    ) -> Option<UtcTimestamp> {
        None
    }

    /// Comparison of a policy with the term against one without it.
    fn presence(&self) -> Ordering {
        Ordering::Less
    }
}

/// Admission checks of a question that involve terms, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdmissionCheck {
    /// Period of the contract.
    Window,
    /// Attributes of the asking participant, beyond its identity.
    Party,
    /// Destination and format of the answer.
    Delivery,
    /// Counted limits.
    Count,
}

/// Question at admission.
#[derive(Debug, Clone, Copy)]
pub struct AdmissionContext<'a> {
    /// Present instant by the log's clock.
    pub now: UtcTimestamp,
    /// Facts around the question.
    pub context: &'a ContractContext,
    /// True in a simulation by local users. Assumed attributes of the caller then count, and nothing is sent.
    pub supposing: bool,
}

impl AdmissionContext<'_> {
    /// Admits a caller with a shown attribute that satisfies `wanted`.
    ///
    /// # Errors
    /// `otherwise`, with the reasons why presented credentials are not valid.
    pub(crate) fn require_attribute(
        &self,
        wanted: impl Fn(&ParticipantAttribute) -> bool,
        otherwise: Refusal,
    ) -> Result<(), Refusal> {
        let shown = &self.context.presented;
        if shown.supporting_credential(&wanted).is_some()
            || (self.supposing && shown.supposed.iter().any(wanted))
        {
            return Ok(());
        }
        Err(shown.explain(otherwise))
    }
}

/// Binding of the effects of a grant to a caller and an instant.
#[derive(Debug, Clone, Copy)]
pub struct EffectBinding<'a> {
    /// Asking participant.
    pub asker: &'a ParticipantId,
    /// Tenant to which the provider maps the participant, where it does.
    pub tenant: Option<&'a str>,
    /// First version of the contract; absent where there is none.
    pub contract: Option<ContractId>,
    /// Instant of the question; absent where there is no question and no effect depends on it.
    pub now: Option<UtcTimestamp>,
    /// Prohibitions that hold for the question; absent where there is no question: all of them hold.
    pub prohibited: Option<&'a BTreeSet<ClauseId>>,
}

impl<'a> EffectBinding<'a> {
    /// Binding to a participant, without an instant.
    #[must_use]
    pub const fn of(asker: &'a ParticipantId) -> Self {
        Self {
            asker,
            tenant: None,
            contract: None,
            now: None,
            prohibited: None,
        }
    }

    /// Binding with these prohibitions alone.
    #[must_use]
    pub const fn with_prohibited(mut self, held: &'a BTreeSet<ClauseId>) -> Self {
        self.prohibited = Some(held);
        self
    }

    /// True if the prohibition with this number holds.
    pub(crate) fn is_prohibited(&self, clause: ClauseId) -> bool {
        self.prohibited.is_none_or(|held| held.contains(&clause))
    }

    /// Binding with the first version of a contract.
    #[must_use]
    pub const fn with_contract(mut self, contract: Option<ContractId>) -> Self {
        self.contract = contract;
        self
    }

    /// Binding with the tenant to which the provider maps the participant.
    #[must_use]
    pub const fn with_tenant(mut self, tenant: Option<&'a str>) -> Self {
        self.tenant = tenant;
        self
    }

    /// Binding to an instant.
    #[must_use]
    pub const fn with_instant(mut self, now: UtcTimestamp) -> Self {
        self.now = Some(now);
        self
    }
}

/// Subject that only one clause may decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClauseSubject {
    /// Term of this name, once in a policy.
    Kind(&'static str),
    /// Shown values of a column.
    Values(String),
}

/// Reader of an ODRL form, with its context.
#[derive(Debug)]
pub struct OdrlReader<'a> {
    /// Members that are not read yet.
    pub members: &'a mut StrictObjectReader,
    /// Operator; empty for a duty or prohibition.
    pub operator: &'a str,
    /// Provider, as the assigner of the policy.
    pub assigner: &'a ParticipantId,
}

/// Writer of ODRL forms, with its context.
#[derive(Debug)]
pub struct OdrlWriter<'a> {
    assigner: &'a ParticipantId,
    dataset: &'a DatasetId,
    taken: BTreeSet<u32>,
    next: u32,
}

impl<'a> OdrlWriter<'a> {
    /// Writer for the policy of `assigner` about `dataset`, with clauses of these numbers.
    #[must_use]
    pub fn new(
        assigner: &'a ParticipantId,
        dataset: &'a DatasetId,
        clauses: impl IntoIterator<Item = ClauseId>,
    ) -> Self {
        Self {
            assigner,
            dataset,
            taken: clauses.into_iter().map(|id| id.0).collect(),
            next: 1,
        }
    }

    /// Provider, as the assigner of the policy.
    #[must_use]
    pub const fn assigner(&self) -> &'a ParticipantId {
        self.assigner
    }

    /// Dataset of the policy.
    #[must_use]
    pub const fn dataset(&self) -> &'a DatasetId {
        self.dataset
    }

    /// Free number for parts that need one and are not clauses: the permission and the constraint inside a duty. The lowest unused
    /// numbers in order, so that equal clauses always give equal JSON.
    pub fn take_clause_number(&mut self) -> ClauseId {
        while self.taken.contains(&self.next) {
            self.next = self.next.saturating_add(1);
        }
        let drawn = ClauseId(self.next);
        self.next = self.next.saturating_add(1);
        drawn
    }
}
