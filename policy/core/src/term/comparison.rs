//! How terms compare: each with another of its kind, and those that decide what a column shows with one another.

use super::Term;
use super::delivery::NetworksTerm;
use super::min_group::MinGroupTerm;
use super::purpose::purpose_terms::PurposeTerm;
use super::region::RegionTerm;
use super::sector::SectorTerm;
use super::tightness_order::{both, boxes, filters, subset};
use super::window::{NotAfterTerm, NotBeforeTerm};
use crate::value::column::MaskValue;
use std::cmp::Ordering;

impl Term {
    /// How it compares with another term about the same thing: less is tighter. None where neither lets out all that the
    /// other does.
    #[must_use]
    pub fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.column().is_some() {
            return shown_values(self, other);
        }
        match (self, other) {
            (Self::Group(one), Self::Group(other)) => same(one, other),
            (Self::Sector(one), Self::Sector(other)) => SectorTerm(one).compare(&SectorTerm(other)),
            (Self::Purpose(one), Self::Purpose(other)) => {
                PurposeTerm(one).compare(&PurposeTerm(other))
            }
            // More that is excluded is tighter.
            (Self::PurposeNot(one), Self::PurposeNot(other)) => subset(other, one),
            (Self::NotBefore(one), Self::NotBefore(other)) => {
                NotBeforeTerm(*one).compare(&NotBeforeTerm(*other))
            }
            (Self::NotAfter(one), Self::NotAfter(other)) => {
                NotAfterTerm(*one).compare(&NotAfterTerm(*other))
            }
            (Self::Lasts(one), Self::Lasts(other)) => one.compare(other),
            (Self::Hours(one), Self::Hours(other)) => one.compare(other),
            (Self::Rows(one), Self::Rows(other)) => filters(one, other),
            (Self::Columns(one), Self::Columns(other)) => subset(one, other),
            (Self::Area { bounds: one, .. }, Self::Area { bounds: other, .. }) => boxes(one, other),
            // Whether one area lies in another is not in the clauses.
            (Self::PublishedArea(one), Self::PublishedArea(other)) => same(one, other),
            (Self::PlaceCells(one), Self::PlaceCells(other)) => one.compare(other),
            (Self::Functions(one), Self::Functions(other)) => subset(one, other),
            (Self::Dimensions(one), Self::Dimensions(other))
            | (Self::Measures(one), Self::Measures(other))
            | (Self::JoinKeys(one), Self::JoinKeys(other)) => subset(one, other),
            (Self::Grid(one), Self::Grid(other)) => same(one, other),
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
            // Multiples of twice the base are multiples of it, and not by the same lots.
            (Self::CellKey(one), Self::CellKey(other)) => same(one, other),
            (Self::Budget(one), Self::Budget(other)) => one.compare(other),
            (Self::JoinWith(one), Self::JoinWith(other)) => subset(one, other),
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
            (Self::Formats(one), Self::Formats(other)) => subset(one, other),
            (Self::Attribution(one), Self::Attribution(other)) => same(one, other),
            (Self::Prohibit(one), Self::Prohibit(other)) => same(one, other),
            (Self::Prohibition(one), Self::Prohibition(other)) => one.compare(other),
            (Self::Service(one), Self::Service(other)) => same(one, other),
            (Self::Price(one), Self::Price(other)) => same(one, other),
            // More of which somebody is told is tighter.
            (Self::Inform(one), Self::Inform(other)) => subset(other, one),
            (Self::Notify(one), Self::Notify(other)) => one.compare(other),
            (Self::LegalBasis(one), Self::LegalBasis(other)) => same(one, other),
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

/// Terms of which one is the other, or neither is tighter.
fn same<T: PartialEq>(one: &T, other: &T) -> Option<Ordering> {
    (one == other).then_some(Ordering::Equal)
}

/// What a column shows: nothing, or one value, is tighter than anything; coarser is tighter than finer. A hash beside a
/// prefix or a band is neither tighter nor looser.
fn shown_values(one: &Term, other: &Term) -> Option<Ordering> {
    if one.column().is_none() || other.column().is_none() {
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
        ) if here == there => both(one.is_made_of(*other), other.is_made_of(*one)),
        (Term::Prefix(one), Term::Prefix(other)) => Some(one.length.cmp(&other.length)),
        (Term::Band(one), Term::Band(other)) => subset(&one.edges, &other.edges),
        // Whether one level lies above another is in the table, not in the clauses.
        (Term::Lookup(one), Term::Lookup(other)) => same(one, other),
        (Term::Pseudonym(one), Term::Pseudonym(other)) => same(one, other),
        _ => None,
    }
}
