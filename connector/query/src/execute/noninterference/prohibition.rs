//! Rows and columns that a prohibition removes from the permitted view.

use crate::fixture::dataset_files::parse_name;
use hansa_policy::row_filter::parse_row_filter;
use hansa_policy::term::Term;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Prohibited part of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PropertyProhibition {
    Nothing,
    /// Rows whose `ban` is above zero or NULL. The number selects the spelling of the condition.
    Rows(usize),
    /// Column `ban`.
    Column,
}

/// Spellings of one condition that an engine processes in different ways.
const SPELLINGS: [&str; 4] = [
    "ban > 0",
    "ban IN (1, 2)",
    "NOT (ban BETWEEN 0 AND 0)",
    "ban <> 0 OR ban > 5",
];

impl PropertyProhibition {
    pub(super) fn generate(random: &mut StdRng) -> Self {
        let rows = Self::Rows(random.random_range(0..SPELLINGS.len()));
        *[Self::Nothing, Self::Nothing, rows, Self::Column]
            .choose(random)
            .unwrap()
    }

    /// Checks that a row with this `ban` is removed. That is so where the condition is true or NULL.
    pub(super) const fn removes_row(self, ban: Option<i64>) -> bool {
        matches!((self, ban), (Self::Rows(_), None | Some(1..)))
    }

    /// Checks that the column is removed.
    pub(super) fn hides(self, column: &str) -> bool {
        self == Self::Column && column == "ban"
    }

    /// Another `ban` for a row that stays in the view, if no one sees the value.
    pub(super) fn choose_alike_ban(self, ban: Option<i64>, random: &mut StdRng) -> Option<i64> {
        match self {
            Self::Nothing | Self::Rows(_) => ban,
            Self::Column => *[None, Some(0), Some(3)].choose(random).unwrap(),
        }
    }

    pub(super) fn term(self) -> Option<Term> {
        let part = match self {
            Self::Nothing => return None,
            Self::Rows(spelling) => {
                ProhibitedPart::Rows(parse_row_filter(SPELLINGS[spelling]).unwrap())
            }
            Self::Column => ProhibitedPart::Columns(vec![parse_name("ban")]),
        };
        let (act, when, part) = (
            ProhibitedAction::Use,
            ProhibitionCondition::ALWAYS,
            Some(part),
        );
        Some(
            ProhibitionTerm {
                action: act,
                part,
                condition: when,
            }
            .into(),
        )
    }
}
