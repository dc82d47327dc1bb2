//! The part of a dataset that is prohibited.

use super::ProhibitedPart;
use crate::effect::EffectKind;
use crate::refusal::Refusal;
use crate::row_filter::RowFilter;
use crate::term::rule::EffectBinding;
use crate::term::{Term, columns, row_filter_term, tightness_order};
use std::cmp::Ordering;

impl ProhibitedPart {
    /// The term whose form and words it has.
    pub(super) fn term(&self) -> Term {
        match self {
            Self::Rows(filter) => Term::Rows(filter.clone()),
            Self::Columns(list) => Term::Columns(list.clone()),
        }
    }

    /// The part that a refinement names; the term itself where it names none.
    pub(super) fn of(term: Term) -> Result<Self, Term> {
        match term {
            Term::Rows(filter) => Ok(Self::Rows(filter)),
            Term::Columns(list) => Ok(Self::Columns(list)),
            other => Err(other),
        }
    }

    /// What is taken away. A row stays only where its test is false, so that NULL counts as a match.
    pub(super) fn effect(&self, to: &EffectBinding<'_>) -> Result<EffectKind, Refusal> {
        match self {
            Self::Rows(filter) => {
                let bound = row_filter_term::bound(filter, to.asker, to.tenant)?;
                Ok(EffectKind::KeepRows(RowFilter::Not(Box::new(bound))))
            }
            Self::Columns(list) => {
                columns::checked(list).map(|()| EffectKind::HideColumns(list.clone()))
            }
        }
    }

    /// Whether all of the other is in it, as far as it can be told.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            // Of the filters that keep the rest, this one keeps no row that the other does not.
            (Self::Rows(own), Self::Rows(other)) => matches!(
                tightness_order::filters(&own.negated(), &other.negated()),
                Some(Ordering::Less | Ordering::Equal)
            ),
            (Self::Columns(own), Self::Columns(other)) => {
                other.iter().all(|column| own.contains(column))
            }
            (Self::Rows(_), Self::Columns(_)) | (Self::Columns(_), Self::Rows(_)) => false,
        }
    }
}
