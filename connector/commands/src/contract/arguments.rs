//! The verbs of `hansa contract`: from the request to the withdrawal.
#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "help texts name sections of the configuration"
)]

use clap::Subcommand;
use hansa_policy::contract::signature::SignatoryRole;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `3`, `c3` or `#c3`
fn parse_clause_number(text: &str) -> Result<u32, String> {
    let digits = text.trim_start_matches('#').trim_start_matches('c');
    digits
        .parse()
        .map_err(|_| format!("`{text}` is no number of a clause such as 3"))
}

/// A side of a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartyRoleArg {
    /// Who gives
    Provider,
    /// Who takes
    Consumer,
}

impl From<PartyRoleArg> for SignatoryRole {
    fn from(side: PartyRoleArg) -> Self {
        match side {
            PartyRoleArg::Provider => Self::Provider,
            PartyRoleArg::Consumer => Self::Consumer,
        }
    }
}

/// `hansa contract list …`
#[derive(Debug, Clone, Default, clap::Args, Serialize, Deserialize)]
pub struct ContractListArgs {
    /// Only contracts that end within so many days, the first to end first
    #[arg(long, value_name = "DAYS", conflicts_with_all = ["after", "limit"])]
    pub expiring: Option<String>,
    /// As a calendar (iCalendar), with reminders 90, 30 and 7 days before each end
    #[arg(long, conflicts_with_all = ["after", "limit"])]
    pub ics: bool,
    /// As it is known here: no peer is asked for its messages first
    #[arg(long)]
    pub as_known: bool,
    /// Only those in this state, such as in-force or requested
    #[arg(long, value_name = "STATE")]
    pub state: Option<String>,
    /// Only those with this participant: its domain, or a part of it
    #[arg(long, value_name = "PARTICIPANT")]
    pub with: Option<String>,
    /// Only those on this dataset
    #[arg(long, value_name = "DATASET")]
    pub dataset: Option<String>,
    /// Only those with this text in participant, dataset or title
    #[arg(long, value_name = "TEXT")]
    pub text: Option<String>,
    /// Only those in which we have this role
    #[arg(long, value_enum)]
    pub role: Option<PartyRoleArg>,
    /// Only those that wait for us, also for a second officer
    #[arg(long)]
    pub needs_me: bool,
    /// Without negotiations that ended without a contract
    #[arg(long)]
    pub without_terminated: bool,
    /// Only those behind this one: its whole identity
    #[arg(long, value_name = "ID")]
    pub after: Option<String>,
    /// At most so many
    #[arg(long, value_name = "NUMBER")]
    pub limit: Option<usize>,
    /// Without the terms
    #[arg(long)]
    pub brief: bool,
}

/// `hansa contract …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractCommand {
    /// Contracts and negotiations
    #[command(
        after_help = "Example: hansa contract list --expiring 90d\nExample: hansa contract list --needs-me --as-known --brief"
    )]
    List(ContractListArgs),
    /// Lists the tables that a question may name, by the contracts in force; no peer is asked
    #[command(after_help = "Example: hansa contract tables")]
    Tables {
        /// Only those behind this contract: its whole identity
        #[arg(long, value_name = "CONTRACT")]
        after: Option<String>,
        /// At most so many
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
    },
    /// Requests a contract for a dataset
    #[command(after_help = "Example: hansa contract request munster.bike_counts --sign")]
    Request {
        /// participant.dataset
        dataset: String,
        /// Sign beforehand, for exactly the offer as it stands
        #[arg(long)]
        sign: bool,
        /// Ask for these terms instead of the offer's
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// The terms' text; filled in by the command line
        #[arg(skip)]
        policy_text: Option<String>,
        /// The offer, where the dataset has several
        #[arg(long)]
        offer: Option<String>,
        /// The contract that the new one replaces, as its next version
        #[arg(long, value_name = "CONTRACT")]
        replaces: Option<String>,
        /// Language of the page that both sides sign: en, de or pt; absent: [participant] language
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "de", "pt"])]
        language: Option<String>,
    },
    /// Clauses, signatures and their check, budgets used
    #[command(after_help = "Example: hansa contract show 7f3a")]
    Show {
        /// Any unique prefix, or its dataset
        id: String,
        /// What changed since the last message, clause by clause
        #[arg(long)]
        diff: bool,
        /// As ODRL
        #[arg(long)]
        odrl: bool,
        /// As it is known here: no peer is asked for its messages first
        #[arg(long)]
        as_known: bool,
        /// Language of the page: en, de or pt; absent: the language in which it is signed
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "de", "pt"])]
        language: Option<String>,
    },
    /// Changes from one version of terms to another: tighter, looser, or neither
    #[command(
        after_help = "Example: hansa contract diff 7f3a n-3c51\nExample: hansa contract diff 7f3a 8722\nExample: hansa contract diff n-3c51"
    )]
    Diff {
        /// The contract or negotiation with the old terms
        old: String,
        /// The contract or negotiation with the new terms; absent: what the last message of the negotiation has changed
        new: Option<String>,
        /// Language of the clauses: en, de or pt; absent: en
        #[arg(long, value_name = "LANGUAGE", value_parser = ["en", "de", "pt"])]
        language: Option<String>,
    },
    /// Waits until a negotiation has ended or needs a step of this participant; --timeout limits the wait
    #[command(after_help = "Example: hansa --timeout 1h contract wait n-3c51")]
    Wait {
        /// The negotiation, the contract that it makes, or its dataset
        id: String,
    },
    /// Answers with changed terms
    #[command(after_help = "Example: hansa contract counter n-3c51 --policy policies/wider.toml")]
    Counter {
        /// The negotiation
        id: String,
        /// Only where a signature would make this contract now, as `contract show` names it
        #[arg(long, value_name = "CONTRACT")]
        becomes: Option<String>,
        /// The changed terms
        #[arg(long, value_name = "FILE")]
        policy: PathBuf,
        /// The terms' text; filled in by the command line
        #[arg(skip)]
        policy_text: Option<String>,
    },
    /// Carries out the signing step that is due; with --offline on another machine, without a connector
    #[command(
        after_help = "Example: hansa contract sign bike_counts\nExample: hansa contract sign n-3c51\nExample: hansa contract sign --offline n-3c51.draft --key signing.key"
    )]
    Sign {
        /// The negotiation, or its dataset
        #[arg(required_unless_present = "offline", conflicts_with = "offline")]
        id: Option<String>,
        /// Only where the signature would make this contract, as `contract show` names it
        #[arg(long, value_name = "CONTRACT", conflicts_with = "offline")]
        becomes: Option<String>,
        /// A draft that `contract export` wrote: shows its page and signs it here
        #[arg(long, value_name = "FILE", requires = "key")]
        offline: Option<PathBuf>,
        /// The key that signs
        #[arg(long, value_name = "FILE", requires = "offline")]
        key: Option<PathBuf>,
        /// The key is that of a seal: its certificates in PEM, the key's own first
        #[arg(long, value_name = "FILE", requires = "offline")]
        certificates: Option<PathBuf>,
        /// The mandate on which the signature rests, as `hansa key mandate` wrote it
        #[arg(long, value_name = "FILE", requires = "offline")]
        mandate: Option<PathBuf>,
        /// Where to write the signature; absent: FILE.signed
        #[arg(short, long, requires = "offline")]
        output: Option<PathBuf>,
    },
    /// Imports a signature or a withdrawal that was made on another machine
    #[command(
        after_help = "Example: hansa contract attach n-3c51 n-3c51.draft.signed\nExample: hansa contract attach 7f3a contract.json.withdrawal"
    )]
    Attach {
        /// The negotiation; of a withdrawal, the contract
        id: String,
        /// What `contract sign --offline` or `contract withdraw --offline` wrote
        file: PathBuf,
        /// Its text; filled in by the command line
        #[arg(skip)]
        signature: Option<String>,
    },
    /// Sends a signed comment on a clause to the other side; it does not become part of the contract
    #[command(
        after_help = "Example: hansa contract comment n-3c51 --clause 3 \"why not the small site?\""
    )]
    Comment {
        /// The negotiation
        id: String,
        /// The number of the clause, as `contract show` lists them: 3 or #c3
        #[arg(long, value_parser = parse_clause_number)]
        clause: u32,
        /// Only where a signature would make this contract, as `contract show` names it
        #[arg(long, value_name = "CONTRACT")]
        becomes: Option<String>,
        /// One line of text
        text: String,
    },
    /// Declines a negotiation
    #[command(
        after_help = "Example: hansa contract decline n-3c51 --reason \"not for this purpose\""
    )]
    Decline {
        /// The negotiation
        id: String,
        /// The reason
        #[arg(long, default_value = "declined")]
        reason: String,
        /// Only where a signature would make this contract, as `contract show` names it
        #[arg(long, value_name = "CONTRACT")]
        becomes: Option<String>,
    },
    /// Sends the provider a signed statement that the data received under a contract is deleted
    #[command(after_help = "Example: hansa --yes contract attest 7f3a")]
    Attest {
        /// The contract
        id: String,
        /// Only data of these answers, by the identities of their questions; absent: all data without a statement so far
        #[arg(long = "answer", value_name = "QUESTION")]
        answers: Vec<String>,
    },
    /// Makes a signed statement of what was used under a contract and what it costs, month by month
    #[command(after_help = "Example: hansa contract usage 7f3a --output acme-usage.json")]
    Usage {
        /// The contract
        id: String,
        /// Where to write the statement; absent: it is shown and kept
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Records a prepayment, in the currency of the contract
    #[command(after_help = "Example: hansa contract top-up 7f3a 250")]
    TopUp {
        /// The contract
        id: String,
        /// The amount
        amount: String,
    },
    /// Ends a contract, at once or from a day on; with --offline on another machine, without a connector
    #[command(
        after_help = "Example: hansa contract withdraw 7f3a --reason \"the pilot is over\"\nExample: hansa contract withdraw 7f3a --from 2027-01-01 --reason \"the pilot is over\"\nExample: hansa contract withdraw --offline contract.json --key officer.key --reason \"the pilot is over\""
    )]
    Withdraw {
        /// The contract, or its dataset
        #[arg(required_unless_present = "offline", conflicts_with = "offline")]
        id: Option<String>,
        /// The reason
        #[arg(long)]
        reason: String,
        /// Start of the withdrawal: a day, in the time zone of the participant, or an instant such as 2027-01-01T00:00:00+01:00; until
        /// then the contract stays in force. Absent: at once
        #[arg(long, value_name = "DATE")]
        from: Option<String>,
        /// A contract that `contract export` wrote: shows its page and signs its end here
        #[arg(long, value_name = "FILE", requires = "key")]
        offline: Option<PathBuf>,
        /// The key that signs
        #[arg(long, value_name = "FILE", requires = "offline")]
        key: Option<PathBuf>,
        /// The key is that of a seal: its certificates in PEM, the key's own first
        #[arg(long, value_name = "FILE", requires = "offline")]
        certificates: Option<PathBuf>,
        /// The side that signs, where the contract does not name the key
        #[arg(long, value_enum, requires = "offline")]
        role: Option<PartyRoleArg>,
        /// Where to write the statement; absent: FILE.withdrawal
        #[arg(short, long, requires = "offline")]
        output: Option<PathBuf>,
    },
    /// Checks a contract file; needs no connector
    #[command(
        after_help = "Example: hansa contract verify contract.json --bundle trust/bundle.json"
    )]
    Verify {
        /// The file
        file: PathBuf,
        /// The trust bundle to check the keys against
        #[arg(long)]
        bundle: Option<PathBuf>,
    },
    /// Writes the signed contract; for a negotiation, the draft that waits for this participant's signature
    #[command(
        after_help = "Example: hansa contract export 7f3a --output contract.json\nExample: hansa contract export n-3c51 --output n-3c51.draft"
    )]
    Export {
        /// The contract, or the negotiation
        id: String,
        /// Where to; absent: standard output
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
}
