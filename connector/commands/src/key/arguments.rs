//! The verbs of `hansa key`.

use clap::{Args, Subcommand};
use std::path::PathBuf;

/// `hansa key …`
#[derive(Debug, Clone, Subcommand)]
pub enum KeyCommand {
    /// Makes a key that may only conclude contracts; it can be stored on another machine than the connector
    #[command(after_help = "Example: hansa key add officer.key --id munster.example")]
    Add {
        /// Where to write the key; its public half is written beside it, for the league
        file: PathBuf,
        /// For which participant
        #[arg(long)]
        id: String,
        /// How it signs
        #[arg(long, value_enum, default_value = "eddsa", ignore_case = true)]
        algorithm: SigningAlgorithm,
    },
    /// States that a key may sign for the participant, and up to which risk; signed with the connector's own key
    #[command(
        after_help = "Example: hansa key mandate --of munster.example --holder KEY --up-to aggregate --longest 730 --signed-by keys/signing.key --output officer.mandate"
    )]
    Mandate(MandateArgs),
    /// Lists the keys and seals that the trust bundle names
    #[command(after_help = "Example: hansa key list munster.example --bundle trust/bundle.json")]
    List {
        /// Only those of this participant
        participant: Option<String>,
        /// The trust bundle; absent: that of the configuration
        #[arg(long)]
        bundle: Option<PathBuf>,
    },
}

/// `hansa key mandate`
#[derive(Debug, Clone, Args)]
pub struct MandateArgs {
    /// For which participant
    #[arg(long, value_name = "PARTICIPANT")]
    pub(crate) of: String,
    /// The key or the seal that may sign, by its thumbprint
    // A thumbprint may begin with a hyphen.
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) holder: String,
    /// Role of the holder, as text for people
    #[arg(long, default_value = "officer")]
    pub(crate) capacity: String,
    /// The most detailed data that a contract may let out
    #[arg(long, value_parser = ["public", "aggregate", "rows", "personal"])]
    pub(crate) up_to: String,
    /// The most days that a contract may last
    #[arg(long, value_name = "DAYS")]
    pub(crate) longest: u32,
    /// Only contracts with this participant; may be repeated; absent: with anybody
    #[arg(long, value_name = "PARTICIPANT")]
    pub(crate) with: Vec<String>,
    /// Days that the mandate is valid
    #[arg(long, default_value_t = 365)]
    pub(crate) days: u16,
    /// The signing key of the participant's connector
    #[arg(long, value_name = "FILE")]
    pub(crate) signed_by: PathBuf,
    /// Where to write it
    #[arg(short, long)]
    pub(crate) output: PathBuf,
}

/// How a participant signs; both are accepted from everybody.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SigningAlgorithm {
    /// Ed25519
    Eddsa,
    /// ECDSA over P-256 with SHA-256
    Es256,
}
