//! The end of an answer, as it is recorded: how it ended and what was handed out.

use crate::answer::Answer;
use crate::answer::frames::Frame;
use crate::execute::Unanswered;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{Entry, Evidence, Receipt};
use hansa_policy::id::RequestId;
use hansa_policy::refusal::{Code, Refusal};

/// The end of an answer, about to be recorded. Made by [`Frames::seal`] and [`Unanswered::seal`].
///
/// [`Frames::seal`]: crate::answer::frames::Frames::seal
#[derive(Debug)]
pub struct Sealed {
    opened: Receipt,
    request: RequestId,
    outcome: Outcome,
    sent: Sent,
}

impl Sealed {
    /// The end of `answer`; `None` if that was told before.
    pub(super) fn of(mut answer: Answer, outcome: Outcome, sent: Sent) -> Option<Self> {
        Some(Self {
            opened: answer.close()?,
            request: answer.request(),
            outcome,
            sent,
        })
    }

    /// The question's identity.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// How it ended.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    /// What was handed out.
    #[must_use]
    pub const fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Where the permit stands in the log.
    pub const fn opened(&self) -> &Receipt {
        &self.opened
    }
}

impl Unanswered {
    /// The end of a question that failed before its first row, and why.
    #[must_use]
    pub fn seal(self) -> (Sealed, Refusal) {
        let Self {
            refusal,
            opened,
            request,
        } = self;
        let sealed = Sealed {
            opened,
            request,
            outcome: Outcome::of(&refusal),
            sent: Tally::default().sent(),
        };
        (sealed, refusal)
    }
}

impl Evidence for Sealed {
    fn entry(&self) -> Entry {
        Entry {
            kind: "close",
            body: Json::object([
                ("request_id", Json::text(self.request)),
                ("opened", Json::count(self.opened.index())),
                ("outcome", Json::text(self.outcome.as_str())),
                ("code", self.outcome.code().map_or(Json::Null, Json::text)),
                ("rows", Json::count(self.sent.rows)),
                ("bytes", Json::count(self.sent.bytes)),
                ("result_digest", Json::text(&self.sent.digest)),
            ]),
        }
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// With its last row.
    Done,
    /// Before: the contract, the peer's standing or the term ended.
    Cut(Code),
    /// Before: the asker went away.
    Cancelled,
    /// Before: it failed.
    Failed(Code),
}

impl Outcome {
    /// In one word, as in records and receipts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cut(_) => "cut",
            Self::Cancelled => "cancelled",
            Self::Failed(_) => "failed",
        }
    }

    /// Why, where there is a reason.
    #[must_use]
    pub const fn code(self) -> Option<Code> {
        match self {
            Self::Cut(code) | Self::Failed(code) => Some(code),
            Self::Done | Self::Cancelled => None,
        }
    }

    /// How an answer ends for which `refusal` leaves no more to be said.
    pub(super) const fn of(refusal: &Refusal) -> Self {
        match refusal.code {
            Code::Withdrawn
            | Code::Expired
            | Code::Prohibited
            | Code::DatasetGuarded
            | Code::Superseded
            | Code::PeerNotTrusted
            | Code::CredentialInvalid
            | Code::PartyNotInGroup
            | Code::AttributeStale
            | Code::SchemaChanged
            | Code::ClockUntrusted
            | Code::StreamCut => Self::Cut(refusal.code),
            code => Self::Failed(code),
        }
    }
}

/// What was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// Rows.
    pub rows: u64,
    /// Bytes of all messages.
    pub bytes: u64,
    /// `blake3:` and the digest over header and body of each message in order.
    pub digest: String,
}

/// What was handed out so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    rows: u64,
    bytes: u64,
    digest: blake3::Hasher,
}

impl Tally {
    pub(super) fn add(&mut self, frame: &Frame) {
        self.rows = self.rows.saturating_add(frame.rows);
        self.bytes = self.bytes.saturating_add(frame.bytes());
        self.digest.update(&frame.header);
        self.digest.update(&frame.body);
    }

    pub(super) fn sent(&self) -> Sent {
        Sent {
            rows: self.rows,
            bytes: self.bytes,
            digest: format!("blake3:{}", self.digest.finalize().to_hex()),
        }
    }
}
