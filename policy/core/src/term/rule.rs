//! What every term has: its place in a policy, its ODRL form both ways, its sentence in each language, where it is
//! executed, and the code with which it refuses.

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

/// A term of the vocabulary, as tables, readers and writers know it.
#[derive(Debug)]
pub struct TermSpec {
    /// Its number in the vocabulary; a term that states two of them has both.
    pub numbers: &'static [u8],
    /// Its name: lower case, unique, the one in the normal form. It never changes its meaning.
    pub name: &'static str,
    /// Where in the policy it stands.
    pub position: OdrlPosition,
    /// Its left operand, or the action of a duty or prohibition.
    pub operand: &'static str,
    /// The operators that are known with it; none for a duty or prohibition.
    pub operators: &'static [&'static str],
    /// Where it is executed.
    pub executed: &'static [EnforcementPoint],
    /// The codes with which it refuses at a question or at signing, the first being its own; empty where what it takes
    /// away does not exist for the asker.
    pub codes: &'static [ErrorCode],
    /// What kind of demand it is.
    pub nature: DemandKind,
    /// Whether rows that it takes away are missed in counts of the dataset.
    pub hides_rows: bool,
    /// What the asker can do about a refusal; where there is none, what it sees instead.
    pub remedy: &'static str,
    /// The name of a test that fails when its effect is dropped.
    pub test: &'static str,
}

impl TermSpec {
    /// Whether the term is recorded and shown, but not technically enforced.
    #[must_use]
    pub fn is_recorded_only(&self) -> bool {
        self.executed
            .iter()
            .all(|stage| matches!(stage, EnforcementPoint::Recorded))
    }
}

/// Where in the policy a clause stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OdrlPosition {
    /// Who, when, why, how much.
    Permission,
    /// Which part.
    Target,
    /// In what form.
    Action,
    /// What the consumer has to do.
    Duty,
    /// What the consumer may not do.
    Prohibition,
    /// What the provider has to do.
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

/// What kind of demand a term is: decides what data that is open by law or licence may be offered under.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DemandKind {
    /// A technical limit or the naming of the source, which any data may be offered under.
    Technical,
    /// A protection: some of the data is not shown.
    Protection,
    /// A demand on who uses the data for what, which an open licence does not make.
    Use,
}

/// Where a term is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EnforcementPoint {
    /// When the policy is checked and signed.
    Signing,
    /// At each question, before it is planned.
    Admission,
    /// In the plan: what it takes away does not exist.
    Plan,
    /// While the answer runs.
    Answer,
    /// From the log, after the answer.
    Ledger,
    /// Nowhere: it is recorded and shown.
    Recorded,
}

impl EnforcementPoint {
    /// The stage in words.
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

/// What a term does and says. Everything else about a policy is made of these.
pub(crate) trait TermRule {
    /// Its entry in the vocabulary.
    fn spec(&self) -> &'static TermSpec;

    /// Its form in ODRL beside the words of its entry. An operator stands here where it is not the first of the entry.
    fn odrl(&self, script: &mut OdrlWriter<'_>) -> Json;

    /// Its content in the normal form, whatever order or spelling it has. A member never changes its meaning, since a
    /// hash in a contract outlives this program.
    fn canonical(&self) -> Json;

    /// The column whose values it decides: what it is about, names and decides follow from it; how it compares with
    /// another such term is in one place, `comparison.rs`.
    fn column(&self) -> Option<&SqlIdentifier> {
        None
    }

    /// The columns of the dataset that do not show their own values: the one that it treats, or those whose place another
    /// takes.
    fn replaces(&self) -> Vec<&SqlIdentifier> {
        self.column().into_iter().collect()
    }

    /// The column that it adds, which the dataset does not have.
    fn output_column(&self) -> Option<&SqlIdentifier> {
        None
    }

    /// What it is about, where a policy may hold several of the kind: two clauses of one kind about the same thing are one
    /// clause that changed.
    fn subject(&self) -> String {
        self.column().map(ToString::to_string).unwrap_or_default()
    }

    /// The columns that it names.
    fn columns(&self) -> Vec<SqlIdentifier> {
        self.column().cloned().into_iter().collect()
    }

    /// What only one clause of a policy may decide.
    fn decides(&self) -> Option<ClauseSubject> {
        let column = self.column()?;
        Some(ClauseSubject::Values(column.to_string()))
    }

    /// What it does to the dataset.
    ///
    /// # Errors
    /// Whatever is wrong with it refuses the whole grant.
    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        Ok(None)
    }

    /// At which of the checks of a question it is looked at; the effects of the others are in the plan.
    fn check(&self) -> Option<AdmissionCheck> {
        None
    }

    /// Whether a question is let in.
    ///
    /// # Errors
    /// Why not, and what would help.
    fn admit(&self, _to: &AdmissionContext<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    /// The signed statement on which letting a question in relies, where it relies on one.
    fn supporting_credential(&self, _to: &AdmissionContext<'_>) -> Option<SupportingCredential> {
        None
    }

    /// The first instant at which it lets nothing out any more, by when the contract came into force and was first used.
    fn ends(
        &self,
        _activated: Option<UtcTimestamp>,
        _first_use: Option<UtcTimestamp>,
    ) -> Option<UtcTimestamp> {
        None
    }

    /// How a policy with the term compares with one without it.
    fn presence(&self) -> Ordering {
        Ordering::Less
    }
}

/// The checks of a question that terms take part in, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AdmissionCheck {
    /// Whether the contract is in force, now.
    Window,
    /// Whether the asker is who it must be, beyond the party itself.
    Party,
    /// Where the answer goes, and in what form.
    Delivery,
    /// What is counted.
    Count,
}

/// A question at the door.
#[derive(Debug, Clone, Copy)]
pub struct AdmissionContext<'a> {
    /// Now, by the log's clock.
    pub now: UtcTimestamp,
    /// What is known around it.
    pub context: &'a ContractContext,
    /// Whether our own people suppose it: then what they suppose of the asker counts, and nothing leaves.
    pub supposing: bool,
}

impl AdmissionContext<'_> {
    /// Lets in whoever has shown an attribute for which `wanted` holds.
    ///
    /// # Errors
    /// `otherwise`, with what was wrong with what was shown.
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

/// To whom, and when, the effects of a grant are bound.
#[derive(Debug, Clone, Copy)]
pub struct EffectBinding<'a> {
    /// Who asks.
    pub asker: &'a ParticipantId,
    /// The tenant that the provider mapped the asker to, where it did.
    pub tenant: Option<&'a str>,
    /// The first version of the contract; absent where there is none.
    pub contract: Option<ContractId>,
    /// The instant of the question; absent where no question is asked and no effect depends on it.
    pub now: Option<UtcTimestamp>,
    /// The prohibitions that hold for the question; absent where none is asked: then all do.
    pub prohibited: Option<&'a BTreeSet<ClauseId>>,
}

impl<'a> EffectBinding<'a> {
    /// To a participant, at no particular instant.
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

    /// Of the prohibitions, under these alone.
    #[must_use]
    pub const fn with_prohibited(mut self, held: &'a BTreeSet<ClauseId>) -> Self {
        self.prohibited = Some(held);
        self
    }

    /// Whether the prohibition of this number holds.
    pub(crate) fn prohibits(&self, clause: ClauseId) -> bool {
        self.prohibited.is_none_or(|held| held.contains(&clause))
    }

    /// Under a contract, by its first version.
    #[must_use]
    pub const fn under(mut self, contract: Option<ContractId>) -> Self {
        self.contract = contract;
        self
    }

    /// To the tenant that the provider mapped the asker to.
    #[must_use]
    pub const fn with_tenant(mut self, tenant: Option<&'a str>) -> Self {
        self.tenant = tenant;
        self
    }

    /// At an instant.
    #[must_use]
    pub const fn at(mut self, now: UtcTimestamp) -> Self {
        self.now = Some(now);
        self
    }
}

/// What only one clause may decide.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ClauseSubject {
    /// What the term of this name says, once in a policy.
    Kind(&'static str),
    /// What a column shows.
    Values(String),
}

/// A form that is being read, with what is known around it.
#[derive(Debug)]
pub struct OdrlReader<'a> {
    /// What is left of it.
    pub members: &'a mut StrictObjectReader,
    /// Its operator; empty for a duty or prohibition.
    pub operator: &'a str,
    /// Who gives.
    pub assigner: &'a ParticipantId,
}

/// What a form is written with.
#[derive(Debug)]
pub struct OdrlWriter<'a> {
    assigner: &'a ParticipantId,
    dataset: &'a DatasetId,
    taken: BTreeSet<u32>,
    next: u32,
}

impl<'a> OdrlWriter<'a> {
    /// For the policy of `assigner` about `dataset`, with clauses of these numbers.
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

    /// Who gives.
    #[must_use]
    pub const fn assigner(&self) -> &'a ParticipantId {
        self.assigner
    }

    /// What is given.
    #[must_use]
    pub const fn dataset(&self) -> &'a DatasetId {
        self.dataset
    }

    /// A number for what needs one and is no clause: the permission itself and the constraint inside a duty. The least
    /// that no clause bears, in order, so that the same clauses always give the same JSON.
    pub fn spare(&mut self) -> ClauseId {
        while self.taken.contains(&self.next) {
            self.next = self.next.saturating_add(1);
        }
        let drawn = ClauseId(self.next);
        self.next = self.next.saturating_add(1);
        drawn
    }
}
