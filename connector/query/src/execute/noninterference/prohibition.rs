//! Rows and columns that a prohibition takes away from what is permitted.

use crate::fixture::dataset_files::name;
use hansa_policy::row_filter::parse;
use hansa_policy::term::Term;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// What is prohibited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PropertyProhibition {
    Nothing,
    /// The rows whose `ban` is above nothing, in one spelling or another; NULL counts as such.
    Rows(usize),
    /// The column `ban`.
    Column,
}

/// The same rows, in spellings that an engine treats in different ways.
const SPELLINGS: [&str; 4] = [
    "ban > 0",
    "ban IN (1, 2)",
    "NOT (ban BETWEEN 0 AND 0)",
    "ban <> 0 OR ban > 5",
];

impl PropertyProhibition {
    pub(super) fn random(random: &mut StdRng) -> Self {
        let rows = Self::Rows(random.random_range(0..SPELLINGS.len()));
        *[Self::Nothing, Self::Nothing, rows, Self::Column]
            .choose(random)
            .unwrap()
    }

    /// Whether a row of this `ban` is taken away: where the test is true or NULL.
    pub(super) const fn takes(self, ban: Option<i64>) -> bool {
        matches!((self, ban), (Self::Rows(_), None | Some(1..)))
    }

    /// Whether the column is taken away.
    pub(super) fn hides(self, column: &str) -> bool {
        self == Self::Column && column == "ban"
    }

    /// Another `ban` of a row that stays, where nobody sees it.
    pub(super) fn alike(self, ban: Option<i64>, random: &mut StdRng) -> Option<i64> {
        match self {
            Self::Nothing | Self::Rows(_) => ban,
            Self::Column => *[None, Some(0), Some(3)].choose(random).unwrap(),
        }
    }

    pub(super) fn term(self) -> Option<Term> {
        let part = match self {
            Self::Nothing => return None,
            Self::Rows(spelling) => ProhibitedPart::Rows(parse(SPELLINGS[spelling]).unwrap()),
            Self::Column => ProhibitedPart::Columns(vec![name("ban")]),
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
