//! What `hansa league` says of those who sign for a participant.

use clap::Args;
use std::path::PathBuf;

/// `hansa league key`
#[derive(Debug, Clone, Args)]
pub struct LeagueKeyArgs {
    /// The public half that `hansa key add` wrote
    #[arg(required_unless_present = "end", conflicts_with = "end")]
    pub(crate) statement: Option<PathBuf>,
    /// End this signing key instead, by its thumbprint
    // A thumbprint may begin with a hyphen.
    #[arg(long, value_name = "KEY", requires = "of", allow_hyphen_values = true)]
    pub(crate) end: Option<String>,
    /// Whose key ends
    #[arg(long, value_name = "PARTICIPANT", requires = "end")]
    pub(crate) of: Option<String>,
    /// Revoke the key; without this it is only no longer used
    #[arg(long, requires = "end")]
    pub(crate) revoked: bool,
    /// Instant since which others may have had the key, such as 2026-12-01T00:00:00Z
    #[arg(long, value_name = "TIME", requires = "end")]
    pub(crate) since: Option<String>,
    /// The league's folder
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Moves the clock, in a league founded with --demo
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) offset: Option<String>,
}

/// `hansa league mandates`
#[derive(Debug, Clone, Args)]
pub struct LeagueMandatesArgs {
    /// The participant
    pub(crate) id: String,
    /// End the duty: contracts of the participant need no mandate any more
    #[arg(long)]
    pub(crate) end: bool,
    /// Revoke one mandate instead, by the digest of its statement: `hansa key mandate` and `hansa contract show` tell it
    #[arg(long, value_name = "STATEMENT", conflicts_with = "end")]
    pub(crate) revoke: Option<String>,
    /// From then on, such as 2026-12-01T00:00:00Z; absent: from now on
    #[arg(long, value_name = "TIME", requires = "revoke")]
    pub(crate) since: Option<String>,
    /// The league's folder
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Moves the clock, in a league founded with --demo
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) offset: Option<String>,
}

/// `hansa league seal`
#[derive(Debug, Clone, Args)]
pub struct LeagueSealArgs {
    /// The participant
    pub(crate) id: String,
    /// The certificate of the authority that may seal for it, in PEM
    #[arg(long, value_name = "FILE", required_unless_present = "end")]
    pub(crate) anchor: Option<PathBuf>,
    /// To whom the seal is issued, as its certificate says in organizationIdentifier, such as VATDE-123456789
    #[arg(long, value_name = "ID")]
    pub(crate) organization: String,
    /// End what the authority may seal
    #[arg(long, conflicts_with = "anchor")]
    pub(crate) end: bool,
    /// End the one seal of this certificate
    #[arg(long, value_name = "FILE", requires = "end")]
    pub(crate) revoke: Option<PathBuf>,
    /// Also end every other seal of the same key, because the key is stolen
    #[arg(long, requires = "revoke")]
    pub(crate) key: bool,
    /// From then on; absent: from now on
    #[arg(long, value_name = "TIME", requires = "end")]
    pub(crate) since: Option<String>,
    /// The league's folder
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Moves the clock, in a league founded with --demo
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) offset: Option<String>,
}

/// `hansa league rulebook`
#[derive(Debug, Clone, Args)]
pub struct LeagueRulebookArgs {
    /// The file with title, text, first day and rules; absent: the versions are listed
    pub(crate) file: Option<PathBuf>,
    /// Where to write the signed rulebook; absent: only in the league's folder
    #[arg(short, long, requires = "file", value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// A statement of acceptance that a participant sent; may be repeated
    #[arg(long, conflicts_with = "file", value_name = "FILE")]
    pub(crate) accepted: Vec<PathBuf>,
    /// The league's folder
    #[arg(long, default_value = ".")]
    pub(crate) dir: PathBuf,
    /// Moves the clock, in a league founded with --demo
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) offset: Option<String>,
}
