//! Command line arguments of `hansa-verify`.

use clap::{Parser, Subcommand};
use hansa_policy::term::language::Language;
use std::path::PathBuf;

/// Judges evidence of a Hansa league: exported bundles and copied logs, without configuration or network
#[derive(Debug, Parser)]
#[command(
    name = "hansa-verify",
    version,
    after_help = "Ends with 0 when all of it is good, 1 when the verdict or its pages can't be written, 2 on wrong use, 7 when something is \
                  broken, 8 when something is missing from the files, 9 when something is of a version or under an algorithm \
                  that is not known here.\n\n\
                  A key that was revoked is judged by when a withdrawal or a statement was first recorded, as far as a \
                  record says so, and not by the time that its signature bears; where no record names it, by that time."
)]
pub(crate) struct VerifyArgs {
    /// One JSON object instead of text
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// The league's trust bundle; absent: the newest that the files bring
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) trust: Option<PathBuf>,
    /// The key of the league, as its operator publishes it; absent: the one that the trust bundle names
    // A thumbprint may begin with a hyphen.
    #[arg(
        long,
        global = true,
        value_name = "THUMBPRINT",
        allow_hyphen_values = true
    )]
    pub(crate) league: Option<String>,
    /// Certificates of time-stamp authorities that are believed, in PEM; absent: time stamps are not judged
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) tsa_trust: Vec<PathBuf>,
    /// What is asked
    #[command(subcommand)]
    pub(crate) ask: VerifyCommand,
}

/// A question to the evidence.
#[derive(Debug, Subcommand)]
pub(crate) enum VerifyCommand {
    /// Everything: records, heads, signatures, permits, receipts, and how the files fit each other
    #[command(after_help = "Example: hansa-verify check lindau.bundle acme.bundle")]
    Check {
        /// Exported bundles, or copies of log folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Also writes the result as pages for a browser into this folder, which must not exist or be empty
        #[arg(long, value_name = "FOLDER")]
        html: Option<PathBuf>,
        /// Language of the first page: en, de or pt; absent: that of the environment
        #[arg(long)]
        language: Option<Language>,
    },
    /// The result of check as pages, in the browser: for people who don't use a terminal
    #[command(after_help = "Example: hansa-verify open lindau.bundle acme.bundle")]
    Open {
        /// Exported bundles, or copies of log folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// Language of the first page: en, de or pt; absent: that of the environment
        #[arg(long)]
        language: Option<Language>,
    },
    /// One question: was it permitted, under which clauses, and what left
    #[command(after_help = "Example: hansa-verify question 01989f lindau.bundle")]
    Question {
        /// Its identity, or the beginning of it
        id: String,
        /// Exported bundles, or copies of log folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// One contract: its signatures, its clauses, and whether it was in force
    #[command(
        after_help = "Example: hansa-verify contract 7f3a --at 2026-12-01T08:00:00Z lindau.bundle"
    )]
    Contract {
        /// Its identity, or the beginning of it
        id: String,
        /// When; absent: at the end of the log
        #[arg(long)]
        at: Option<String>,
        /// Exported bundles, or copies of log folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// What left, to whom, under which contract
    #[command(after_help = "Example: hansa-verify left --to acme.example lindau.bundle")]
    Left {
        /// To this participant
        #[arg(long)]
        to: Option<String>,
        /// Under this contract
        #[arg(long)]
        contract: Option<String>,
        /// Not before this instant
        #[arg(long)]
        from: Option<String>,
        /// Before this instant
        #[arg(long)]
        until: Option<String>,
        /// Exported bundles, or copies of log folders
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
    /// Whether a log went on from one signed head to another
    #[command(after_help = "Example: hansa-verify heads monday.head friday.head lindau.bundle")]
    Heads {
        /// A file with a signed head, the last one of several
        older: PathBuf,
        /// Another
        newer: PathBuf,
        /// Files of the log: exported bundles, or copies of log folders
        files: Vec<PathBuf>,
    },
    /// Two files side by side: what one side sent and the other received
    #[command(after_help = "Example: hansa-verify reconcile lindau.bundle acme.bundle")]
    Reconcile {
        /// The two files
        #[arg(required = true)]
        files: Vec<PathBuf>,
    },
}

impl VerifyCommand {
    pub(crate) fn files(&self) -> &[PathBuf] {
        match self {
            Self::Check { files, .. }
            | Self::Open { files, .. }
            | Self::Question { files, .. }
            | Self::Contract { files, .. }
            | Self::Left { files, .. }
            | Self::Heads { files, .. }
            | Self::Reconcile { files } => files,
        }
    }
}
