//! Comparison of terms by tightness: with a term of the same kind, and between terms that replace the values of one column.

use super::Term;
use super::delivery::NetworksTerm;
use super::min_group::MinGroupTerm;
use super::purpose::purpose_terms::PurposeTerm;
use super::region::RegionTerm;
use super::sector::SectorTerm;
use super::tightness_order::{compare_boxes, compare_filters, compare_lists, order_from_inclusion};
use super::window::{NotAfterTerm, NotBeforeTerm};
use crate::value::column::MaskValue;
use std::cmp::Ordering;

impl Term {
    /// Comparison with another term about the same subject; less is tighter. None if each term discloses something that the other
    /// does not.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.treated_column().is_some() {
            return shown_values(self, other);
        }
        match (self, other) {
            (Self::Group(one), Self::Group(other)) => compare_equal(one, other),
            (Self::Sector(one), Self::Sector(other)) => SectorTerm(one).compare(&SectorTerm(other)),
            (Self::Purpose(one), Self::Purpose(other)) => {
                PurposeTerm(one).compare(&PurposeTerm(other))
            }
            // A larger list of excluded purposes is tighter.
            (Self::PurposeNot(one), Self::PurposeNot(other)) => compare_lists(other, one),
            (Self::NotBefore(one), Self::NotBefore(other)) => {
                NotBeforeTerm(*one).compare(&NotBeforeTerm(*other))
            }
            (Self::NotAfter(one), Self::NotAfter(other)) => {
                NotAfterTerm(*one).compare(&NotAfterTerm(*other))
            }
            (Self::Lasts(one), Self::Lasts(other)) => one.compare(other),
            (Self::Hours(one), Self::Hours(other)) => one.compare(other),
            (Self::Rows(one), Self::Rows(other)) => compare_filters(one, other),
            (Self::Columns(one), Self::Columns(other)) => compare_lists(one, other),
            (Self::Area { bounds: one, .. }, Self::Area { bounds: other, .. }) => {
                compare_boxes(one, other)
            }
            // The clauses don't show if one area lies in the other.
            (Self::PublishedArea(one), Self::PublishedArea(other)) => compare_equal(one, other),
            (Self::PlaceCells(one), Self::PlaceCells(other)) => one.compare(other),
            (Self::Functions(one), Self::Functions(other)) => compare_lists(one, other),
            (Self::Dimensions(one), Self::Dimensions(other))
            | (Self::Measures(one), Self::Measures(other))
            | (Self::JoinKeys(one), Self::JoinKeys(other)) => compare_lists(one, other),
            (Self::Grid(one), Self::Grid(other)) => compare_equal(one, other),
            (Self::Release(one), Self::Release(other)) => one.compare(other),
            (
                Self::MinGroup { at_least, unit },
                Self::MinGroup {
                    at_least: other,
                    unit: of,
                },
            ) => {
                let group = |at_least, unit| MinGroupTerm { at_least, unit };
                group(*at_least, unit).compare(&group(*other, of))
            }
            (Self::Dominance(one), Self::Dominance(other)) => one.compare(other),
            // Multiples of twice the base are also multiples of the base, but are rounded by other random values.
            (Self::CellKey(one), Self::CellKey(other)) => compare_equal(one, other),
            (Self::Budget(one), Self::Budget(other)) => one.compare(other),
            (Self::JoinWith(one), Self::JoinWith(other)) => compare_lists(one, other),
            (Self::KeysTravel(one), Self::KeysTravel(other)) => one.compare(other),
            (Self::Queries(one), Self::Queries(other))
            | (Self::RowQuota(one), Self::RowQuota(other))
            | (Self::ByteQuota(one), Self::ByteQuota(other)) => {
                (one.per == other.per).then(|| one.max.cmp(&other.max))
            }
            (Self::RowsPerSecond(one), Self::RowsPerSecond(other))
            | (Self::ResultRows(one), Self::ResultRows(other)) => Some(one.cmp(other)),
            (Self::Concurrent(one), Self::Concurrent(other))
            | (Self::Receipts(one), Self::Receipts(other))
            | (Self::DeleteAfter { days: one }, Self::DeleteAfter { days: other })
            | (Self::Attest { days: one }, Self::Attest { days: other }) => Some(one.cmp(other)),
            (Self::Embargo(one), Self::Embargo(other)) => one.compare(other),
            (Self::Networks(one), Self::Networks(other)) => {
                NetworksTerm(one).compare(&NetworksTerm(other))
            }
            (Self::Region(one), Self::Region(other)) => RegionTerm(one).compare(&RegionTerm(other)),
            (Self::Formats(one), Self::Formats(other)) => compare_lists(one, other),
            (Self::Attribution(one), Self::Attribution(other)) => compare_equal(one, other),
            (Self::Prohibit(one), Self::Prohibit(other)) => compare_equal(one, other),
            (Self::Prohibition(one), Self::Prohibition(other)) => one.compare(other),
            (Self::Service(one), Self::Service(other)) => compare_equal(one, other),
            (Self::Price(one), Self::Price(other)) => compare_equal(one, other),
            // A larger list of reported events is tighter.
            (Self::Inform(one), Self::Inform(other)) => compare_lists(other, one),
            (Self::Notify(one), Self::Notify(other)) => one.compare(other),
            (Self::LegalBasis(one), Self::LegalBasis(other)) => compare_equal(one, other),
            (Self::Version(one), Self::Version(other)) => Some(one.cmp(other)),
            (Self::TotalsFromPublished, Self::TotalsFromPublished)
            | (Self::SuppressComplement, Self::SuppressComplement)
            | (Self::KeysStay, Self::KeysStay)
            | (Self::Exclusive, Self::Exclusive)
            | (Self::ObtainConsent, Self::ObtainConsent)
            | (Self::OneSidedReceipts, Self::OneSidedReceipts)
            | (Self::OpenData, Self::OpenData) => Some(Ordering::Equal),
            _ => None,
        }
    }
}

/// Comparison of terms that are either equal or not comparable.
fn compare_equal<T: PartialEq>(one: &T, other: &T) -> Option<Ordering> {
    (one == other).then_some(Ordering::Equal)
}

/// Comparison of the shown values of a column: one value or NULL is tighter than anything else, and coarser is tighter than finer.
/// A hash is not comparable with a prefix or a band.
fn shown_values(one: &Term, other: &Term) -> Option<Ordering> {
    if one.treated_column().is_none() || other.treated_column().is_none() {
        return None;
    }
    let tells_nothing = |term: &Term| matches!(term, Term::Mask { .. });
    match (one, other) {
        (Term::Mask { mask: one, .. }, Term::Mask { mask: other, .. }) => match (one, other) {
            (one, other) if one == other => Some(Ordering::Equal),
            (MaskValue::Null, MaskValue::Constant(_)) => Some(Ordering::Less),
            (MaskValue::Constant(_), MaskValue::Null) => Some(Ordering::Greater),
            _ => None,
        },
        (one, _) if tells_nothing(one) => Some(Ordering::Less),
        (_, other) if tells_nothing(other) => Some(Ordering::Greater),
        (
            Term::TimeBucket {
                bucket: one,
                zone: here,
                ..
            },
            Term::TimeBucket {
                bucket: other,
                zone: there,
                ..
            },
        ) if here == there => order_from_inclusion(one.is_made_of(*other), other.is_made_of(*one)),
        (Term::Prefix(one), Term::Prefix(other)) => Some(one.length.cmp(&other.length)),
        (Term::Band(one), Term::Band(other)) => compare_lists(&one.edges, &other.edges),
        // The table, not the clauses, shows if one level lies above the other.
        (Term::Lookup(one), Term::Lookup(other)) => compare_equal(one, other),
        (Term::Pseudonym(one), Term::Pseudonym(other)) => compare_equal(one, other),
        _ => None,
    }
}
