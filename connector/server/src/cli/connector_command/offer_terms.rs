//! The terms on which `hansa dataset add` offers a dataset at once.

use clap::Args;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The offer that is written beside a new dataset.
#[derive(Debug, Clone, Default, Args, Serialize, Deserialize)]
#[command(next_help_heading = "Offer")]
pub(crate) struct OfferTermsArgs {
    /// Whom it is offered to: league, participants with commas, or public, which the owner alone signs
    #[arg(long, value_name = "TO", value_delimiter = ',')]
    pub(crate) offer: Vec<String>,
    /// The connector signs each contract at once, without an officer
    #[arg(long, requires = "offer")]
    pub(crate) auto_sign: bool,
    /// A policy file instead of the terms below
    #[arg(long, value_name = "FILE", requires = "offer", conflicts_with_all = ["purpose", "rows", "group_by", "every", "at_least", "until"])]
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
    /// The bucket of the column of time among them: quarter-hour, hour, day, week, month or year; absent: day
    #[arg(long, value_name = "BUCKET", requires = "group_by", value_parser = ["quarter-hour", "hour", "day", "week", "month", "year"])]
    pub(crate) every: Option<String>,
    /// Only groups of at least so many rows
    #[arg(long, value_name = "ROWS", requires = "group_by", value_parser = clap::value_parser!(u32).range(2..))]
    pub(crate) at_least: Option<u32>,
    /// The last day of the contracts, such as 2027-12-31
    #[arg(long, value_name = "DAY", requires = "offer")]
    pub(crate) until: Option<String>,
}
