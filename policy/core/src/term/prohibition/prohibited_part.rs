//! Prohibited part of a dataset: its rule, effect and comparison.

use super::ProhibitedPart;
use crate::effect::EffectKind;
use crate::refusal::Refusal;
use crate::row_filter::RowFilter;
use crate::term::columns::{self, ColumnsTerm};
use crate::term::row_filter_term::{self, RowFilterTerm};
use crate::term::rule::{EffectBinding, TermRule};
use crate::term::tightness_order;
use std::cmp::Ordering;

impl ProhibitedPart {
    /// Rule that gives the part's ODRL form and sentence.
    pub(super) fn rule(&self) -> Box<dyn TermRule + '_> {
        match self {
            Self::Rows(filter) => Box::new(RowFilterTerm(filter)),
            Self::Columns(list) => Box::new(ColumnsTerm(list)),
        }
    }

    /// Effect that removes the part. A row stays only where the filter is false; NULL counts as a match.
    pub(super) fn effect(&self, to: &EffectBinding<'_>) -> Result<EffectKind, Refusal> {
        match self {
            Self::Rows(filter) => {
                let bound = row_filter_term::bind_consumer(filter, to.asker, to.tenant)?;
                Ok(EffectKind::KeepRows(RowFilter::Not(Box::new(bound))))
            }
            Self::Columns(list) => {
                columns::check_column_list(list).map(|()| EffectKind::HideColumns(list.clone()))
            }
        }
    }

    /// True if the part certainly contains the other one.
    pub(super) fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            // Comparison of the filters that keep the remaining rows.
            (Self::Rows(own), Self::Rows(other)) => matches!(
                tightness_order::compare_filters(&own.negation(), &other.negation()),
                Some(Ordering::Less | Ordering::Equal)
            ),
            (Self::Columns(own), Self::Columns(other)) => {
                other.iter().all(|column| own.contains(column))
            }
            (Self::Rows(_), Self::Columns(_)) | (Self::Columns(_), Self::Rows(_)) => false,
        }
    }
}
