//! Findings of a verification, with their verdicts.

use hansa_audit_log::reconcile::FieldDifference;

/// Verdict of a check; the worst finding decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AuditVerdict {
    /// No error was found.
    Good,
    /// There was an error, and the owner of the log has stated its cause.
    Incident,
    /// Something is missing in the files and could not be judged.
    Incomplete,
    /// Something has an unknown version or algorithm.
    Unknown,
    /// Something is invalid.
    Broken,
}

impl AuditVerdict {
    /// Exit status where the pages could not be written.
    pub(crate) const NOT_WRITTEN: u8 = 1;

    /// Exit status for wrong use of the command.
    pub(crate) const WRONG_USE: u8 = 2;

    /// Exit status of the program.
    pub(crate) const fn exit_status(self) -> u8 {
        match self {
            Self::Good | Self::Incident => 0,
            Self::Broken => 7,
            Self::Incomplete => 8,
            Self::Unknown => 9,
        }
    }

    /// Verdict in one word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Incident => "incident",
            Self::Incomplete => "incomplete",
            Self::Unknown => "not known here",
            Self::Broken => "broken",
        }
    }
}

/// Subject of a finding. Readers get an explanation for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FindingSubject {
    /// Record of a log.
    Record,
    /// File as a whole.
    File,
    /// Keys and participants of the league.
    Trust,
    /// Contract or withdrawal.
    Document,
    /// Permit of an answer.
    Permit,
    /// Values that were sent with a question.
    KeyValues,
    /// Receipt.
    Receipt,
    /// Answer of which two logs differ.
    Answer,
    /// Signed head of a log.
    Head,
    /// Time stamp of a head.
    TimeStamp,
    /// Statement of deletion or of use.
    Statement,
    /// Statement of an incident.
    Incident,
    /// Act of a person at the console.
    Act,
}

impl FindingSubject {
    /// Subject in one word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Record => "record",
            Self::File => "file",
            Self::Trust => "trust",
            Self::Document => "document",
            Self::Permit => "permit",
            Self::KeyValues => "key_values",
            Self::Receipt => "receipt",
            Self::Answer => "answer",
            Self::Head => "head",
            Self::TimeStamp => "time_stamp",
            Self::Statement => "statement",
            Self::Incident => "incident",
            Self::Act => "act",
        }
    }

    /// Findings of a check of this subject.
    pub(crate) fn label_findings(
        self,
        findings: Vec<AuditFinding>,
    ) -> impl Iterator<Item = AuditFinding> {
        findings
            .into_iter()
            .map(move |finding| finding.with_subject(self))
    }
}

/// Entries of two logs about one answer that differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AnswerVersions {
    /// Identity of the question.
    pub(crate) request: String,
    /// Domain of the participant that sent.
    pub(crate) provider: String,
    /// Domain of the participant that received.
    pub(crate) consumer: String,
    /// Each compared field with the values of both logs, also where they are the same.
    pub(crate) fields: Vec<FieldDifference>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditFinding {
    /// Verdict of the finding.
    pub(crate) verdict: AuditVerdict,
    /// Subject of the finding.
    pub(crate) subject: FindingSubject,
    /// Affected file.
    pub(crate) file: String,
    /// Affected record, if there is one.
    pub(crate) record: Option<u64>,
    /// Finding as a sentence.
    pub(crate) sentence: String,
    /// Signed heads that prove the finding to others.
    pub(crate) proof: Vec<String>,
    /// Entries of both logs about the answer, if they differ.
    pub(crate) versions: Option<AnswerVersions>,
}

impl AuditFinding {
    /// Finding of invalid evidence.
    pub(crate) fn broken_evidence(
        file: &str,
        record: Option<u64>,
        sentence: impl Into<String>,
    ) -> Self {
        Self::new(AuditVerdict::Broken, file, record, sentence)
    }

    /// Finding of missing evidence.
    pub(crate) fn missing_evidence(
        file: &str,
        record: Option<u64>,
        sentence: impl Into<String>,
    ) -> Self {
        Self::new(AuditVerdict::Incomplete, file, record, sentence)
    }

    /// Finding of an error that a statement closes.
    pub(crate) fn incident(file: &str, record: Option<u64>, sentence: impl Into<String>) -> Self {
        Self::new(AuditVerdict::Incident, file, record, sentence)
    }

    /// Finding of an unknown version or algorithm.
    pub(crate) fn unknown_format(
        file: &str,
        record: Option<u64>,
        sentence: impl Into<String>,
    ) -> Self {
        Self::new(AuditVerdict::Unknown, file, record, sentence)
    }

    /// Names the subject.
    pub(crate) fn with_subject(mut self, subject: FindingSubject) -> Self {
        self.subject = subject;
        self
    }

    /// Adds the heads that prove the finding.
    pub(crate) fn with_proving_heads(mut self, heads: [String; 2]) -> Self {
        self.proof.extend(heads);
        self
    }

    /// Adds the differing entries of both logs.
    pub(crate) fn with_versions(mut self, versions: AnswerVersions) -> Self {
        self.versions = Some(versions);
        self
    }

    fn new(
        verdict: AuditVerdict,
        file: &str,
        record: Option<u64>,
        sentence: impl Into<String>,
    ) -> Self {
        Self {
            verdict,
            subject: FindingSubject::File,
            file: file.to_owned(),
            record,
            sentence: sentence.into(),
            proof: Vec::new(),
            versions: None,
        }
    }
}
