//! The verbs of `hansa audit`: which records of the log, and what is made of them.

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// `hansa audit …`
#[derive(Debug, Clone, Subcommand, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AuditCommand {
    /// Records, newest last
    #[command(after_help = "Example: hansa audit list --participant acme.example --outcome refuse")]
    List {
        /// Which records
        #[command(flatten)]
        filter: AuditFilter,
        /// Also records about signed heads that were seen, passed on or cosigned
        #[arg(long)]
        checkpoints: bool,
        /// Only records before this index, for the next page of a list
        #[arg(long)]
        before: Option<u64>,
        /// Reads at most this number of records, and says before which index the list goes on
        #[arg(long)]
        within: Option<u64>,
    },
    /// Shows the figures of the log: records, signed head, witnesses, archive, retention, contradictions
    #[command(after_help = "Example: hansa audit summary")]
    Summary,
    /// Shows one record, and the record that closed it
    #[command(after_help = "Example: hansa audit show 118")]
    Show {
        /// The record's index, or a question's identity
        id: String,
        /// Only the record of an index with the beginning and the end of its answer, and the proof that it is in the log; no text of a
        /// question, and nobody behind a pseudonym
        #[arg(long)]
        proof: bool,
        /// Only the text of the question, or of the reason, to which the record of an index commits
        #[arg(long, conflicts_with = "proof")]
        text: bool,
    },
    /// Tells who is behind a pseudonym of this log
    #[command(after_help = "Example: hansa audit person 7d2a90cc1b3f5e64")]
    Person {
        /// The pseudonym, as a record has it
        pseudonym: String,
    },
    /// Checks a log; offline on a copied log or bundle
    #[command(after_help = "Example: hansa audit verify copied-log")]
    Verify {
        /// A copied log folder or an exported bundle; absent: the own log
        file: Option<PathBuf>,
        /// File with the newest known head
        #[arg(long)]
        head: Option<PathBuf>,
    },
    /// Shows the heads of other logs that are held here, who has cosigned this log, and contradictions
    #[command(after_help = "Example: hansa audit heads")]
    Heads,
    /// States that this log went on in two places, or has permits behind a withdrawal, and closes that incident
    ///
    /// First stop every copy but one and replace the key (hansa rekey); docs/incidents.md says who does what.
    #[command(
        after_help = "Example: hansa audit incident --cause copied-folder --since 2026-12-01"
    )]
    Incident {
        /// The cause, as far as it is known
        #[arg(long)]
        cause: Option<IncidentCauseArg>,
        /// The instant or day of the copy or the backup, until which both histories are one; absent: nobody knows
        #[arg(long)]
        since: Option<String>,
        /// A file with heads of this log that others hold and that it does not go on from; those that were noticed here need none
        #[arg(long)]
        head: Option<PathBuf>,
    },
    /// Writes records as CSV, as Parquet, as a bundle that `hansa-verify` judges, or as tiles
    #[command(after_help = "Example: hansa audit export --output audit.csv --dataset bike_counts")]
    Export {
        /// Where to; `.csv` or `.parquet` for a table, else a bundle that can be checked anywhere
        #[arg(short, long)]
        output: PathBuf,
        /// The whole log as a folder in the layout of C2SP tlog-tiles, for tools that know nothing of Hansa
        #[arg(long)]
        tiles: bool,
        /// Which records
        #[command(flatten)]
        filter: AuditFilter,
    },
    /// Lists the answers that used a snapshot, and the participants to inform
    #[command(after_help = "Example: hansa audit affected bikes@2026-05-01.1")]
    Affected {
        /// The dataset, an @, and the snapshot
        snapshot: String,
        /// Only answers that read its files after they were last found to be as published
        #[arg(long)]
        since_good: bool,
        /// Informs each participant once, by a signed message under its contract
        #[arg(long)]
        notify: bool,
        /// Writes the table as CSV, too
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Lists the data that left under a contract or a key in a period
    #[command(
        after_help = "Example: hansa audit breach --contract 7f3a --from 2026-12-01 --to 2026-12-08"
    )]
    Breach {
        /// A signing key by its thumbprint, or a certificate, of a connection or a seal, by its SHA-256
        // A thumbprint may begin with a hyphen.
        #[arg(long, required_unless_present = "contract", allow_hyphen_values = true)]
        key: Option<String>,
        /// A contract
        #[arg(long)]
        contract: Option<String>,
        /// Not before this instant or day
        #[arg(long)]
        from: Option<String>,
        /// Before this instant or day
        #[arg(long)]
        to: Option<String>,
        /// Writes the table as CSV, too
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Lists who received a dataset
    #[command(after_help = "Example: hansa audit recipients bikes")]
    Recipients {
        /// The dataset
        dataset: String,
        /// Writes the table as CSV, too
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Lists who received what, under which clauses of which contract, over all datasets, with sums
    ///
    /// An answer over several datasets is in the line of each dataset, and once in the sum, which is the last line. For an answer that
    /// a crash has ended, and for answers to anybody on the web, the numbers and their sums are an upper limit.
    #[command(after_help = "Example: hansa audit received --from 2026-12-01 --output received.csv")]
    Received {
        /// Only by this participant
        #[arg(long)]
        participant: Option<String>,
        /// Only of this dataset
        #[arg(long)]
        dataset: Option<String>,
        /// Only under this contract
        #[arg(long)]
        contract: Option<String>,
        /// Asked not before this instant or day
        #[arg(long)]
        from: Option<String>,
        /// Asked before this instant or day
        #[arg(long)]
        to: Option<String>,
        /// Writes the table as CSV, too
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// The record of processing (GDPR, Article 30): controller, purposes, data, recipients, erasure, security
    #[command(after_help = "Example: hansa audit processing --format md")]
    Processing {
        /// The record as a document on standard output
        #[arg(long, value_enum, conflicts_with = "output")]
        format: Option<ProcessingFormat>,
        /// Writes the table as CSV, too
        #[arg(short, long)]
        output: Option<PathBuf>,
    },
    /// Moves full files of the log to its archive: the folder `archive` beside them, or what that is a link to
    #[command(after_help = "Example: hansa audit archive --keep 4")]
    Archive {
        /// Number of the newest full files that stay
        #[arg(long, default_value_t = 0)]
        keep: usize,
    },
    /// Erases texts of questions, reasons or persons that are kept beside the log; the log and all proofs stay as they are
    #[command(after_help = "Example: hansa audit erase 019ab2 --ground request")]
    Erase {
        /// The question's identity, by its beginning, or a record by its index
        #[arg(required_unless_present_any = ["before", "actor"])]
        question: Option<String>,
        /// A person: a Unix user by the number, or the holder of a token by the name. The pseudonyms in the log stay, but nobody can
        /// tell any more whose they are
        #[arg(long, conflicts_with_all = ["question", "before"])]
        actor: Option<String>,
        /// All texts that were stored before this instant or day
        #[arg(long, conflicts_with = "question")]
        before: Option<String>,
        /// On what ground, which is recorded
        #[arg(long)]
        ground: ErasureReason,
    },
    /// Compares both sides' receipts: with a participant, or of two exported files
    #[command(after_help = "Example: hansa audit reconcile munster")]
    Reconcile {
        /// Alias or identity
        #[arg(required_unless_present = "files", conflicts_with = "files")]
        participant: Option<String>,
        /// Two exported bundles or copied logs, of a provider and of a consumer; needs no connector
        #[arg(long, num_args = 2, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
}

/// Form of the record of processing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProcessingFormat {
    /// Markdown, with the gaps at its end
    Md,
    /// One table
    Csv,
    /// One object
    Json,
}

/// Which records.
#[derive(Debug, Clone, Default, PartialEq, Eq, Args, Serialize, Deserialize)]
pub struct AuditFilter {
    /// By participant
    #[arg(long)]
    pub(crate) participant: Option<String>,
    /// By dataset
    #[arg(long)]
    pub(crate) dataset: Option<String>,
    /// By contract
    #[arg(long)]
    pub(crate) contract: Option<String>,
    /// Not before this instant or day
    #[arg(long)]
    pub(crate) from: Option<String>,
    /// Before this instant or day
    #[arg(long)]
    pub(crate) to: Option<String>,
    /// By type or outcome, such as permit, refuse, done, cut
    #[arg(long)]
    pub(crate) outcome: Option<String>,
    /// At most this number of the newest records; a list shows 100, an export all
    #[arg(long)]
    pub(crate) last: Option<usize>,
}

/// What brought an incident about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IncidentCauseArg {
    /// The folder was copied, and both copies ran
    CopiedFolder,
    /// An older backup was put in the place of a newer log
    RestoredBackup,
    /// Two machines ran on the same state
    TwoMachines,
    /// Somebody else had the keys
    StolenKeys,
    /// The connector recorded permits after a withdrawal
    RecordOrder,
    /// Nobody knows
    Unknown,
}

/// Why something is erased. No free text: it stands in the log for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErasureReason {
    /// Somebody whom it is about has asked for it
    Request,
    /// A court or an authority has ordered it
    Order,
    /// The house has decided so
    Policy,
}

impl ErasureReason {
    /// In one word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Request => "request",
            Self::Order => "order",
            Self::Policy => "policy",
        }
    }
}
