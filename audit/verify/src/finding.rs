//! What is wrong, and how wrong that is.

/// How a check ends; the worst finding decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum AuditVerdict {
    /// Nothing is wrong.
    Good,
    /// Something was wrong, and whose log it is has stated how that came about.
    Incident,
    /// Something is not in the files, so that it could not be judged.
    Incomplete,
    /// Something is of a version or under an algorithm that is not known here.
    Unknown,
    /// Something does not hold.
    Broken,
}

impl AuditVerdict {
    /// The status for a command that was put wrongly.
    pub(crate) const WRONG_USE: u8 = 2;

    /// The status of the program.
    pub(crate) const fn status(self) -> u8 {
        match self {
            Self::Good | Self::Incident => 0,
            Self::Broken => 7,
            Self::Incomplete => 8,
            Self::Unknown => 9,
        }
    }

    /// One word.
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

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AuditFinding {
    /// How wrong.
    pub(crate) verdict: AuditVerdict,
    /// The file.
    pub(crate) file: String,
    /// The record, where it is about one.
    pub(crate) record: Option<u64>,
    /// What.
    pub(crate) sentence: String,
    /// Signed heads that prove it to anybody.
    pub(crate) proof: Vec<String>,
}

impl AuditFinding {
    /// Something that does not hold.
    pub(crate) fn broken_evidence(
        file: &str,
        record: Option<u64>,
        sentence: impl Into<String>,
    ) -> Self {
        Self::new(AuditVerdict::Broken, file, record, sentence)
    }

    /// Something that is not there.
    pub(crate) fn incomplete(file: &str, record: Option<u64>, sentence: impl Into<String>) -> Self {
        Self::new(AuditVerdict::Incomplete, file, record, sentence)
    }

    /// Something that was wrong and is closed by a statement.
    pub(crate) fn incident(file: &str, record: Option<u64>, sentence: impl Into<String>) -> Self {
        Self::new(AuditVerdict::Incident, file, record, sentence)
    }

    /// Something that is not known here.
    pub(crate) fn unknown(file: &str, record: Option<u64>, sentence: impl Into<String>) -> Self {
        Self::new(AuditVerdict::Unknown, file, record, sentence)
    }

    /// With the heads that prove it.
    pub(crate) fn proven_by(mut self, heads: [String; 2]) -> Self {
        self.proof.extend(heads);
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
            file: file.to_owned(),
            record,
            sentence: sentence.into(),
            proof: Vec::new(),
        }
    }
}
