//! The arguments of `hansa conformance`.

use crate::conformance::ConformanceArticle;
use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

/// `hansa conformance`
#[derive(Debug, Clone, Args, Serialize, Deserialize)]
pub struct ConformanceArgs {
    /// One article or standard; may be repeated; absent: all of them
    #[arg(long, value_enum)]
    pub(crate) article: Vec<ConformanceArticle>,
    /// Markdown or one JSON object
    #[arg(long, value_enum, default_value = "md")]
    pub(crate) format: ConformanceFormat,
}

/// Form of the pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ConformanceFormat {
    /// Markdown
    Md,
    /// One JSON object
    Json,
}
