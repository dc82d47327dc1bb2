//! Values that all pages share.

use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::term::language::Language;

/// Values of one page that do not belong to its subject.
#[derive(Debug, Clone, Copy)]
pub struct PageFrame<'a> {
    /// Language of the page.
    pub language: Language,
    /// Name of the participant that runs the connector.
    pub participant_name: &'a str,
    /// Domain of this participant.
    pub participant_domain: &'a str,
    /// Time zone of this participant, as the IANA database names it. All times are shown in it.
    pub zone: &'a str,
    /// Person who is signed in; without one, the page has no navigation.
    pub person: Option<PersonLabel<'a>>,
    /// `true` in a demonstration.
    pub demo: bool,
    /// Offset of a clock that is moved for a demonstration, such as `+8d`.
    pub clock_offset: Option<&'a str>,
    /// Instant at which the state of the page was read.
    pub as_of: Option<UtcTimestamp>,
    /// Path of the page on this console with its query, such as `/contracts?state=expired`.
    pub address: &'a str,
    /// Number of items that wait for a person, where it is known.
    pub waiting: Option<usize>,
    /// Command line with the content of the page.
    pub command: Option<&'a str>,
    /// English notices about the content of the page, such as a limit of what was read.
    pub notices: &'a [String],
    /// Act of the person a moment ago that led to the page.
    pub done: Option<&'a ActNote>,
    /// Logs with two histories.
    pub forks: ForkNotice<'a>,
    /// End of the session, if nothing more is asked.
    pub session_end: Option<SessionEnd>,
}

impl<'a> PageFrame<'a> {
    /// Frame with a language and an address. The other values are empty, and the zone is UTC.
    #[must_use]
    pub const fn new(language: Language, address: &'a str) -> Self {
        Self {
            language,
            participant_name: "",
            participant_domain: "",
            zone: "UTC",
            person: None,
            demo: false,
            clock_offset: None,
            as_of: None,
            address,
            waiting: None,
            command: None,
            notices: &[],
            done: None,
            forks: ForkNotice::Known(&[]),
            session_end: None,
        }
    }

    /// `true` if the person has a role.
    pub(crate) fn has_role(&self, role: PersonRole) -> bool {
        self.person
            .is_some_and(|person| person.roles.contains(&role))
    }
}

/// Act that a person has done a moment ago, for the page to which it led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActNote {
    /// Language of the sentence.
    pub language: Language,
    /// Sentence about the act.
    pub sentence: String,
    /// Lines that the command printed, in English.
    pub lines: Vec<String>,
    /// Number of the record of the act.
    pub record: u64,
    /// `true` if another person must approve it.
    pub waits: bool,
    /// `true` if a part of it was refused or failed.
    pub has_faults: bool,
}

/// End of a session, if nothing more is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionEnd {
    /// Instant of the end.
    pub at: UtcTimestamp,
    /// Milliseconds until then.
    pub left_ms: u64,
    /// `true` if the person can stay signed in for longer.
    pub can_stay: bool,
}

/// Knowledge of logs with two histories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForkNotice<'a> {
    /// All logs with two histories that are known; most often there is none.
    Known(&'a [LogFork]),
    /// Nothing, since it can't be read now.
    Unreadable,
}

/// Log with two histories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFork {
    /// Domain of the log's owner.
    pub owner: String,
    /// `true` for the own log.
    pub is_own: bool,
}

/// Person who is signed in.
#[derive(Debug, Clone, Copy)]
pub struct PersonLabel<'a> {
    /// Name of the person.
    pub name: &'a str,
    /// Roles of the person.
    pub roles: &'a [PersonRole],
}

/// Role of a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PersonRole {
    /// Drafts, comments and declines.
    Officer,
    /// Signs and withdraws contracts.
    Signer,
    /// Asks questions.
    Analyst,
    /// Reads the evidence.
    Auditor,
    /// Runs the connector.
    Operator,
}

impl PersonRole {
    /// All roles.
    pub const ALL: [Self; 5] = [
        Self::Officer,
        Self::Signer,
        Self::Analyst,
        Self::Auditor,
        Self::Operator,
    ];

    /// Word of the role in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Signer => "signer",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }

    /// Role of a word of the configuration; none for an unknown word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }
}
