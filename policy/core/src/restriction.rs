//! A restriction: what a provider refuses for a dataset of its own, whatever its contracts permit.
//!
//! It is no part of any contract and nobody signs it, so it can only tighten: a question is let in where the contract *and*
//! the restriction let it in, and is refused otherwise. It never changes an answer. A restriction that took rows away would make a
//! total that looks whole and is not.

use crate::id::DatasetId;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::purpose::OwnPurpose;
use crate::term::{Clause, Term, cite, normal_form};
use hansa_audit_log::digest::Digest;
use std::collections::BTreeMap;

/// What a provider refuses for one dataset. Made by [`ProviderRestriction::of`] alone, so that it holds only what can be judged at the door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRestriction {
    title: String,
    clauses: Vec<Clause>,
    purposes: String,
    own_purposes: Vec<OwnPurpose>,
}

/// The restriction of a dataset as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRestriction {
    /// The digest of its document, which the log names.
    pub document: Digest,
    /// What it says; none where the document can't be read, and then nothing of the dataset is answered.
    pub restriction: Option<ProviderRestriction>,
}

/// The restrictions of a participant, by dataset.
pub type ProviderRestrictions = BTreeMap<DatasetId, StoredRestriction>;

impl ProviderRestriction {
    /// A restriction of these clauses: purposes, hours, networks, prohibitions of the whole dataset or of columns, and limits of
    /// what each participant gets under all its contracts together. `purposes` names the vocabulary.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` for any other term, `POLICY_CONTRADICTION` for one that never holds, or where there is none.
    pub fn of(
        title: String,
        clauses: Vec<Clause>,
        purposes: String,
        own_purposes: Vec<OwnPurpose>,
    ) -> Result<Self, Refusal> {
        if clauses.is_empty() {
            return Err(Refusal::new(
                ErrorCode::PolicyContradiction,
                "a restriction without a clause refuses nothing",
            )
            .with_help("take it away: hansa dataset restrict DATASET --remove"));
        }
        for clause in &clauses {
            let fits = match &clause.term {
                Term::Prohibition(one) => one.check_in_restriction(),
                Term::Purpose(_)
                | Term::PurposeNot(_)
                | Term::Hours(_)
                | Term::Networks(_)
                | Term::Queries(_)
                | Term::RowQuota(_)
                | Term::ByteQuota(_)
                | Term::RowsPerSecond(_)
                | Term::ResultRows(_) => Ok(()),
                other => Err(cant_hold(other)),
            };
            fits.map_err(|refusal| cite(refusal, clause))?;
        }
        Ok(Self {
            title,
            clauses,
            purposes,
            own_purposes,
        })
    }

    /// What it is called.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Its clauses, in order.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Version and digest of the purpose vocabulary that it was made with.
    #[must_use]
    pub fn purposes(&self) -> &str {
        &self.purposes
    }

    /// The own purposes that its clauses use.
    #[must_use]
    pub fn own_purposes(&self) -> &[OwnPurpose] {
        &self.own_purposes
    }

    /// Digest of what it says in normal form: the same whatever the order and the spelling of its clauses.
    #[must_use]
    pub fn hash(&self) -> Digest {
        normal_form::grant_hash(&self.clauses)
    }
}

fn cant_hold(term: &Term) -> Refusal {
    Refusal::new(
        ErrorCode::TermNotExecutableHere,
        format!(
            "a restriction can't hold `{}`: it only refuses",
            term.spec().operand
        ),
    )
    .with_help(
        "a restriction holds purpose, purpose_not, hours, networks, prohibit, result_rows, and queries, rows and bytes of a period",
    )
}

#[cfg(test)]
mod tests;
