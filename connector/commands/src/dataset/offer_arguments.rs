//! The terms on which `hansa dataset add` offers a dataset at once.

use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The offer that is written beside a new dataset.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Offer")]
pub struct OfferTermsArgs {
    /// Whom it is offered to: league, participants with commas, or public, which the owner alone signs
    #[arg(long, value_name = "TO", value_delimiter = ',')]
    pub(crate) offer: Vec<String>,
    /// The connector signs each contract at once, without an officer
    #[arg(long, requires = "offer")]
    pub(crate) auto_sign: bool,
    /// A policy file instead of the terms below
    #[arg(long, value_name = "FILE", requires = "offer", conflicts_with_all = [
        "purpose", "rows", "group_by", "measures", "functions", "bucket", "at_least", "questions_per_day", "rows_per_day",
        "bytes_per_day", "until",
    ])]
    pub(crate) policy: Option<PathBuf>,
    /// What it may be asked for, with commas: dpv:PublicBenefit, an own one, or a new own one as NAME=PARENT
    #[arg(
        long,
        value_name = "PURPOSE",
        value_delimiter = ',',
        requires = "offer"
    )]
    pub(crate) purpose: Vec<String>,
    /// Only the rows for which this condition holds
    #[arg(long, value_name = "CONDITION", requires = "offer")]
    pub(crate) rows: Option<String>,
    /// Aggregates alone, of groups by these columns, with commas
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        requires = "offer",
        requires = "at_least"
    )]
    pub(crate) group_by: Vec<String>,
    /// The columns of numbers that are added up in the groups, with commas; no other number leaves
    #[arg(
        long,
        value_name = "COLUMN",
        value_delimiter = ',',
        requires = "group_by"
    )]
    pub(crate) measures: Vec<String>,
    /// Functions whose results leave, with commas: count, sum, avg, var; absent: count, sum and avg. Of `count` alone there are no measures
    #[arg(long, value_name = "FUNCTION", value_delimiter = ',', requires = "group_by", value_parser = ["count", "sum", "avg", "var"])]
    pub(crate) functions: Vec<String>,
    /// The bucket of the column of time among them: quarter-hour, hour, day, week, month or year; absent: day
    #[arg(long, value_name = "BUCKET", requires = "group_by", value_parser = ["quarter-hour", "hour", "day", "week", "month", "year"])]
    pub(crate) bucket: Option<String>,
    /// Only groups of at least so many rows
    #[arg(long, value_name = "ROWS", requires = "group_by", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) at_least: Option<u32>,
    /// At most so many questions on a day in the zone of the dataset, under each contract
    #[arg(long, value_name = "QUESTIONS", requires = "offer", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) questions_per_day: Option<u64>,
    /// At most so many rows on a day in the zone of the dataset, under each contract
    #[arg(long, value_name = "ROWS", requires = "offer", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) rows_per_day: Option<u64>,
    /// At most so many bytes on a day, such as "50 MB"; absent: so many as the rows of a day may take
    #[arg(long, value_name = "SIZE", requires = "offer")]
    pub(crate) bytes_per_day: Option<String>,
    /// The last day of the contracts, such as 2027-12-31
    #[arg(long, value_name = "DAY", requires = "offer")]
    pub(crate) until: Option<String>,
}

impl OfferTermsArgs {
    /// True if an offer is written whose policy is made of these terms.
    pub(crate) const fn writes_policy(&self) -> bool {
        !self.offer.is_empty() && self.policy.is_none()
    }

    /// True if only the number of rows of each group is told.
    pub(crate) fn counts_alone(&self) -> bool {
        !self.functions.is_empty() && self.functions.iter().all(|function| function == "count")
    }

    /// True if nobody has said yet what is added up in the groups.
    pub(crate) fn lacks_measures(&self) -> bool {
        self.writes_policy()
            && !self.group_by.is_empty()
            && self.measures.is_empty()
            && !self.counts_alone()
    }

    /// The columns that a policy over groups names: those of the groups, and what is added up in them.
    pub(crate) fn columns_of_groups(&self) -> Option<Vec<String>> {
        let is_named = self.writes_policy() && !self.group_by.is_empty() && !self.lacks_measures();
        is_named.then(|| {
            self.group_by
                .iter()
                .chain(&self.measures)
                .cloned()
                .collect()
        })
    }
}
