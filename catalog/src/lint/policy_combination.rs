//! Lint of policies on one dataset that together disclose more than each alone, to a holder of both contracts or to consumers that
//! share their answers.

use super::LintFinding;
use crate::offer::Offer;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::Agreement;
use hansa_policy::contract::differencing::{self, ContractCombination, DifferencingKind};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Clause;

/// Other policy on the dataset of the checked one.
#[derive(Debug, Clone, Copy)]
pub struct CoexistingPolicy<'a> {
    /// Name for people.
    name: &'a str,
    clauses: &'a [Clause],
    not_after: UtcTimestamp,
}

impl<'a> CoexistingPolicy<'a> {
    /// Policy of an offer.
    #[must_use]
    pub fn of_offer(offer: &'a Offer) -> Self {
        Self {
            name: &offer.title,
            clauses: &offer.clauses,
            not_after: offer.not_after,
        }
    }

    /// Policy of a contract, under this name.
    #[must_use]
    pub fn of_contract(name: &'a str, agreement: &'a Agreement) -> Self {
        Self {
            name,
            clauses: &agreement.clauses,
            not_after: agreement.not_after,
        }
    }
}

/// Findings of an offer combined with the other policies on its dataset.
#[must_use]
pub fn check_policy_combination(
    offer: &Offer,
    others: &[CoexistingPolicy<'_>],
) -> Vec<LintFinding> {
    let others = others.iter().filter_map(|other| {
        let what = match differencing::combine_clause_lists(&offer.clauses, other.clauses) {
            ContractCombination::Harmless => return None,
            ContractCombination::Covered => {
                let groups = offer.clauses.iter().any(|clause| clause.term.limits_to_aggregates());
                let (rows, groups) = match groups {
                    true => (other.not_after, offer.not_after),
                    false => (offer.not_after, other.not_after),
                };
                if rows >= groups {
                    return None;
                }
                "groups can be asked longer than the rows that they are made of"
            }
            ContractCombination::Subtracts(DifferencingKind::Groups) => "groups subtract from groups",
            ContractCombination::Subtracts(DifferencingKind::Rows) => "rows subtract from groups",
            ContractCombination::Subtracts(DifferencingKind::Units) => {
                "numbers of units tell who is in several groups"
            }
        };
        let refusal = Refusal::new(
            ErrorCode::CombinedDisclosure,
            format!(
                "together with `{}` it shows what neither shows alone: {what}; the second contract is refused to the same participant, but two participants can share their data",
                other.name
            ),
        );
        let coarser = differencing::is_made_of(&offer.clauses, other.clauses)
            || differencing::is_made_of(other.clauses, &offer.clauses);
        let refusal = match coarser {
            true => refusal.with_help(
                "offer the finer groups alone: coarser totals can be asked of those that are shown",
            ),
            false => refusal,
        };
        Some(LintFinding::warning(
            None,
            refusal.with_help("offer one policy in place of both, or cells with noise"),
        ))
    });
    super::sort_findings(others.collect())
}
