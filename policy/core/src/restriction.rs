//! Restrictions: refusals that a provider sets for its own dataset, in addition to all contracts.
//!
//! A restriction is not signed and not part of a contract, so it can only refuse: a question is admitted if the contract *and* the
//! restriction admit it. A restriction never changes an answer. Removing rows from an answer would make totals that look complete
//! and are not.

use crate::id::DatasetId;
use crate::refusal::{ErrorCode, Refusal};
use crate::term::purpose::OwnPurpose;
use crate::term::{Clause, Term, cite_clause, normal_form};
use hansa_audit_log::digest::Digest;
use std::collections::BTreeMap;

/// Restriction of one dataset. Made by [`ProviderRestriction::new`] alone, which accepts only terms that can be checked at
/// admission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderRestriction {
    title: String,
    clauses: Vec<Clause>,
    purposes: String,
    own_purposes: Vec<OwnPurpose>,
}

/// Stored restriction of a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRestriction {
    /// Digest of the document, as named in the log.
    pub document: Digest,
    /// Content; none where the document can't be read. Then all questions about the dataset are refused.
    pub restriction: Option<ProviderRestriction>,
}

/// Restrictions of a participant, by dataset.
pub type ProviderRestrictions = BTreeMap<DatasetId, StoredRestriction>;

impl ProviderRestriction {
    /// Makes a restriction of these clauses: purposes, hours, networks, prohibitions of the whole dataset or of columns, and quotas
    /// of each participant over all its contracts. `purposes` names the purpose vocabulary.
    ///
    /// # Errors
    /// `TERM_NOT_EXECUTABLE_HERE` for any other term, `POLICY_CONTRADICTION` for a prohibition that never holds, or an empty list.
    pub fn new(
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
            fits.map_err(|refusal| cite_clause(refusal, clause))?;
        }
        Ok(Self {
            title,
            clauses,
            purposes,
            own_purposes,
        })
    }

    /// Title of the restriction.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Clauses in their order.
    #[must_use]
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// Version and digest of the purpose vocabulary.
    #[must_use]
    pub fn purpose_vocabulary(&self) -> &str {
        &self.purposes
    }

    /// Provider's own purposes that the clauses use.
    #[must_use]
    pub fn own_purposes(&self) -> &[OwnPurpose] {
        &self.own_purposes
    }

    /// Digest of the normal form. It does not depend on order and notation of the clauses.
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
