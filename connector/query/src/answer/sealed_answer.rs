//! The end of an answer, as it is recorded: how it ended and what was handed out.

use crate::answer::QueryAnswer;
use crate::answer::frames::AnswerFrame;
use crate::execute::UnansweredQuery;
use hansa_audit_log::ledger::{Evidence, RecordReceipt};
use hansa_audit_log::record::answers::CloseRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// The end of an answer, about to be recorded. Made by [`AnswerFrames::seal`] and [`UnansweredQuery::seal`].
///
/// [`AnswerFrames::seal`]: crate::answer::frames::AnswerFrames::seal
#[derive(Debug)]
pub struct SealedAnswer {
    opened: RecordReceipt,
    request: RequestId,
    outcome: StreamOutcome,
    sent: DeliveredTotals,
}

impl SealedAnswer {
    /// The end of `answer`; `None` if that was told before.
    pub(super) fn of(
        mut answer: QueryAnswer,
        outcome: StreamOutcome,
        sent: DeliveredTotals,
    ) -> Option<Self> {
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
    pub const fn outcome(&self) -> StreamOutcome {
        self.outcome
    }

    /// What was handed out.
    #[must_use]
    pub const fn delivered_totals(&self) -> &DeliveredTotals {
        &self.sent
    }

    /// Where the permit stands in the log.
    pub const fn permit_receipt(&self) -> &RecordReceipt {
        &self.opened
    }
}

impl UnansweredQuery {
    /// The end of a question that failed before its first row, and why.
    #[must_use]
    pub fn seal(self) -> (SealedAnswer, Refusal) {
        let Self {
            refusal,
            opened,
            request,
        } = self;
        let sealed = SealedAnswer {
            opened,
            request,
            outcome: StreamOutcome::of(&refusal),
            sent: StreamTotals::default().delivered_totals(),
        };
        (sealed, refusal)
    }
}

impl Evidence for SealedAnswer {
    fn entry(&self) -> RecordBody {
        CloseRecord {
            request_id: Some(self.request.to_string()),
            opened: self.opened.index(),
            outcome: self.outcome.as_str().to_owned(),
            code: self.outcome.code().map(|code| code.to_string()),
            rows: Some(self.sent.rows),
            bytes: Some(self.sent.bytes),
            result_digest: Some(self.sent.digest.to_string()),
            at_most: None,
            stage: None,
            contract: None,
            clause: None,
            restriction: None,
        }
        .into()
    }
}

/// How an answer ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamOutcome {
    /// With its last row.
    Done,
    /// Before: the contract, the peer's standing or the term ended.
    Cut(ErrorCode),
    /// Before: the asker went away.
    Cancelled,
    /// Before: it failed.
    Failed(ErrorCode),
}

impl StreamOutcome {
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
    pub const fn code(self) -> Option<ErrorCode> {
        match self {
            Self::Cut(code) | Self::Failed(code) => Some(code),
            Self::Done | Self::Cancelled => None,
        }
    }

    /// How an answer ends for which `refusal` leaves no more to be said.
    pub(super) const fn of(refusal: &Refusal) -> Self {
        match refusal.code {
            ErrorCode::Withdrawn
            | ErrorCode::Expired
            | ErrorCode::Prohibited
            | ErrorCode::DatasetRestricted
            | ErrorCode::Superseded
            | ErrorCode::PeerNotTrusted
            | ErrorCode::CredentialInvalid
            | ErrorCode::PartyNotInGroup
            | ErrorCode::AttributeStale
            | ErrorCode::SchemaChanged
            | ErrorCode::ClockUntrusted
            | ErrorCode::StreamCut
            | ErrorCode::Moved => Self::Cut(refusal.code),
            code => Self::Failed(code),
        }
    }
}

/// What was handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredTotals {
    /// Rows.
    pub rows: u64,
    /// Bytes of all messages.
    pub bytes: u64,
    /// `blake3:` and the digest over header and body of each message in order.
    pub digest: String,
}

/// What was handed out so far.
#[derive(Debug, Default)]
pub(super) struct StreamTotals {
    rows: u64,
    bytes: u64,
    digest: blake3::Hasher,
}

impl StreamTotals {
    pub(super) fn add(&mut self, frame: &AnswerFrame) {
        self.rows = self.rows.saturating_add(frame.rows);
        self.bytes = self.bytes.saturating_add(frame.bytes());
        self.digest.update(&frame.header);
        self.digest.update(&frame.body);
    }

    pub(super) fn delivered_totals(&self) -> DeliveredTotals {
        DeliveredTotals {
            rows: self.rows,
            bytes: self.bytes,
            digest: format!("blake3:{}", self.digest.finalize().to_hex()),
        }
    }
}
