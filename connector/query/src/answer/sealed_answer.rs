//! End of an answer as it is recorded: its outcome and the totals handed out.

use crate::answer::QueryAnswer;
use crate::answer::frames::AnswerFrame;
use crate::execute::UnansweredQuery;
use hansa_audit_log::ledger::{Evidence, RecordReceipt};
use hansa_audit_log::record::answers::CloseRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Outcome and totals of an ended answer, before they are recorded. Created by [`AnswerFrames::seal`] and
/// [`UnansweredQuery::seal`].
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
    /// Seals `answer`. Returns `None` if it was sealed before.
    pub(super) fn from_answer(
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

    /// Identity of the question.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// Outcome of the answer.
    #[must_use]
    pub const fn outcome(&self) -> StreamOutcome {
        self.outcome
    }

    /// Rows, bytes and digest of the messages handed out.
    #[must_use]
    pub const fn delivered_totals(&self) -> &DeliveredTotals {
        &self.sent
    }

    /// Position of the permit in the log.
    pub const fn permit_receipt(&self) -> &RecordReceipt {
        &self.opened
    }
}

impl UnansweredQuery {
    /// Seals a question that failed before its first row, and returns the refusal.
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
    fn to_record_body(&self) -> RecordBody {
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

/// Outcome of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamOutcome {
    /// Complete: the last row was sent.
    Done,
    /// Cut before the last row, because the contract, the peer's membership or the term ended.
    Cut(ErrorCode),
    /// Cancelled before the last row, because the consumer disconnected.
    Cancelled,
    /// Failed before the last row.
    Failed(ErrorCode),
}

impl StreamOutcome {
    /// Outcome as one word, as it stands in records and receipts.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Cut(_) => "cut",
            Self::Cancelled => "cancelled",
            Self::Failed(_) => "failed",
        }
    }

    /// Error code, if the outcome has one.
    #[must_use]
    pub const fn code(self) -> Option<ErrorCode> {
        match self {
            Self::Cut(code) | Self::Failed(code) => Some(code),
            Self::Done | Self::Cancelled => None,
        }
    }

    /// Outcome of an answer that ended with `refusal`.
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
            | ErrorCode::AnswerCancelled
            | ErrorCode::StreamCut
            | ErrorCode::Moved => Self::Cut(refusal.code),
            code => Self::Failed(code),
        }
    }
}

/// Totals of the messages handed out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeliveredTotals {
    /// Number of rows.
    pub rows: u64,
    /// Total size of all messages, in bytes.
    pub bytes: u64,
    /// `blake3:` followed by the digest over header and body of each message, in order.
    pub digest: String,
}

/// Running totals of the messages handed out.
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
