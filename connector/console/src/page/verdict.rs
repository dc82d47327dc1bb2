//! Result of a check of exported files by `hansa-verify`, as a folder of pages that nobody serves.

pub mod comparison;
pub mod contracts;
pub mod findings;
pub mod index;
pub mod limits;
pub mod recipients;

use serde::Deserialize;

/// Result of a check, as `hansa-verify check --json` prints it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct CheckView {
    /// Verdict: `good`, `incomplete`, `not known here` or `broken`.
    pub verdict: String,
    /// Thumbprint of the league's key, under which the signatures were judged; absent without a trust bundle.
    #[serde(default)]
    pub league: Option<String>,
    /// Files that were checked.
    #[serde(rename = "answers")]
    pub files: Vec<JudgedFile>,
    /// Findings, the worst first.
    pub findings: Vec<FindingView>,
}

impl CheckView {
    /// `true` if nothing is broken, missing or unknown.
    pub(crate) fn is_good(&self) -> bool {
        self.verdict == "good"
    }
}

/// File that was checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct JudgedFile {
    /// Path as the person has typed it.
    pub file: String,
    /// SHA-256 of the file; absent for a folder.
    #[serde(default)]
    pub sha256: Option<String>,
    /// Origin of the log.
    pub log: String,
    /// `true` if the file holds a part of the log.
    #[serde(default)]
    pub part: bool,
    /// Number of good records.
    pub records: u64,
    /// Number of them under a signed head.
    pub covered: u64,
    /// Instant of the first record.
    #[serde(default)]
    pub from: Option<String>,
    /// Instant of the last record.
    #[serde(default)]
    pub to: Option<String>,
    /// Number of permitted questions.
    pub permitted: u64,
    /// Number of receipts without a countersignature, of programs without a connector.
    #[serde(default)]
    pub one_sided: u64,
    /// Number of refused questions.
    pub refused: u64,
    /// Number of received answers.
    pub received: u64,
    /// Heads that other participants have cosigned.
    #[serde(default)]
    pub witnesses: Vec<WitnessView>,
    /// Time stamps of heads.
    #[serde(default)]
    pub time_stamps: Vec<TimeStampView>,
    /// Number of time stamps that were not judged.
    #[serde(default)]
    pub time_stamps_not_judged: u64,
    /// Number of acts with a passkey that was added in another year.
    #[serde(default)]
    pub passkey_acts_not_linked: u64,
    /// Number of acts that rest on a login at an issuer.
    #[serde(default)]
    pub login_acts: u64,
    /// Facts that this check can't see.
    #[serde(default)]
    pub unseen: Vec<String>,
}

impl JudgedFile {
    /// Domain of the participant whose log it is.
    pub(crate) fn owner(&self) -> &str {
        self.log.split('/').next().unwrap_or_default()
    }
}

/// Head of a log that another participant has cosigned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct WitnessView {
    /// Participant that has cosigned.
    pub by: String,
    /// Number of records under the head.
    pub size: u64,
    /// Instant of the signature.
    pub at: String,
}

/// Time stamp of a head.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TimeStampView {
    /// Number of records under the head.
    pub size: u64,
    /// Instant before which the head existed.
    pub existed_before: String,
    /// Authority that says so.
    pub authority: String,
}

/// Finding of a check.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct FindingView {
    /// Verdict of the finding: `incident`, `incomplete`, `not known here` or `broken`.
    pub verdict: String,
    /// Subject of the finding, such as `record`.
    pub about: String,
    /// File of the finding.
    pub file: String,
    /// Number of the record.
    #[serde(default)]
    pub record: Option<u64>,
    /// Finding as an English sentence.
    #[serde(rename = "what")]
    pub sentence: String,
    /// Signed heads that prove the finding to others.
    #[serde(default)]
    pub proof: Vec<String>,
    /// Entries of both logs about an answer, if they differ.
    #[serde(default)]
    pub versions: Option<AnswerVersionsView>,
}

/// Entries of two logs about one answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct AnswerVersionsView {
    /// Identity of the question.
    pub request: String,
    /// Participant that sent.
    pub provider: String,
    /// Participant that received.
    pub consumer: String,
    /// Each compared field with the values of both logs, also where they are the same.
    pub fields: Vec<FieldView>,
}

/// Field of an answer with its values in both logs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct FieldView {
    /// Name of the field.
    pub field: String,
    /// Value in the sender's log.
    pub provider: String,
    /// Value in the recipient's log.
    pub consumer: String,
}
