//! Jobs of the writer: values to be recorded, and the callers that wait for them.

use crate::epoch::DecisionValidity;
use crate::segment_storage::SegmentStorage;
use hansa_audit_log::ledger::{
    Evidence, FlushProof, Ledger, LedgerError, PendingRecord, RecordMetadata, Recorded,
};
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// Message to the writer.
pub(crate) enum WriterMessage {
    /// Record a value.
    Record(Box<dyn WriteJob>),
    /// Record two values, the second directly after the first and not without it.
    Both(Box<dyn WriteJob>, Box<dyn WriteJob>),
    /// Sign a head over all durable records.
    Sign(oneshot::Sender<SignedHead>),
    /// Record this in the reserve when the log can't be written any more, and report the result.
    Beside(
        InternalRecord,
        Box<dyn FnOnce(Result<(), LedgerError>) + Send>,
    ),
}

/// Value to be recorded, without its type.
pub(crate) trait WriteJob: Send {
    /// Kind of the record.
    fn kind(&self) -> &'static str;
    /// Conditions at its place in the log; none for a record without conditions.
    fn validity(&self) -> Option<DecisionValidity>;
    /// Stages the value; on failure its caller gets the error.
    fn stage(
        self: Box<Self>,
        ledger: &mut Ledger<SegmentStorage>,
        stamp: RecordMetadata,
    ) -> Option<Box<dyn WriteJob>>;
    /// True if a head over the record must be signed.
    fn is_headed(&self) -> bool;
    /// Reports the result to the caller.
    fn report_outcome(self: Box<Self>, outcome: Result<&FlushProof, LedgerError>);
}

/// Sender of the result to the caller.
pub(crate) enum CompletionSender<T> {
    /// Waiting async task.
    Task(oneshot::Sender<Result<Recorded<T>, LedgerError>>),
    /// Waiting thread.
    Thread(SyncSender<Result<Recorded<T>, LedgerError>>),
}

impl<T> CompletionSender<T> {
    fn send_outcome(self, outcome: Result<Recorded<T>, LedgerError>) {
        // The caller is gone: the record stays, and the next start closes the entry that it opened.
        match self {
            Self::Task(task) => drop(task.send(outcome)),
            Self::Thread(thread) => drop(thread.send(outcome)),
        }
    }
}

/// Waiting value.
pub(crate) struct PendingWrite<T> {
    value: PendingValue<T>,
    wake: CompletionSender<T>,
    beside: WriteHook,
    validity: Option<DecisionValidity>,
}

/// Additional action besides waking the caller.
pub(crate) enum WriteHook {
    Nothing,
    /// Sends the time of the record when it is written, before it is durable.
    Told(oneshot::Sender<UtcTimestamp>),
    /// Signs a head over the record when it is durable.
    Headed,
}

enum PendingValue<T> {
    Bare(T),
    Staged(PendingRecord<T>),
}

impl<T: Evidence + Send + 'static> PendingWrite<T> {
    pub(crate) fn new_boxed(value: T, wake: CompletionSender<T>) -> Box<dyn WriteJob> {
        Self::boxed_as(value, wake, WriteHook::Nothing)
    }

    pub(crate) fn boxed_as(
        value: T,
        wake: CompletionSender<T>,
        beside: WriteHook,
    ) -> Box<dyn WriteJob> {
        Box::new(Self::new(value, wake, beside))
    }

    /// Job of a decision, which is recorded only if it is still valid.
    pub(crate) fn boxed_while(
        value: T,
        wake: CompletionSender<T>,
        beside: WriteHook,
        validity: DecisionValidity,
    ) -> Box<dyn WriteJob> {
        Box::new(Self {
            validity: Some(validity),
            ..Self::new(value, wake, beside)
        })
    }

    const fn new(value: T, wake: CompletionSender<T>, beside: WriteHook) -> Self {
        Self {
            value: PendingValue::Bare(value),
            wake,
            beside,
            validity: None,
        }
    }
}

impl<T: Evidence + Send + 'static> WriteJob for PendingWrite<T> {
    fn kind(&self) -> &'static str {
        match &self.value {
            PendingValue::Bare(value) => value.to_record_body().kind(),
            PendingValue::Staged(staged) => staged.kind(),
        }
    }

    fn validity(&self) -> Option<DecisionValidity> {
        self.validity
    }

    fn stage(
        self: Box<Self>,
        ledger: &mut Ledger<SegmentStorage>,
        stamp: RecordMetadata,
    ) -> Option<Box<dyn WriteJob>> {
        let Self {
            value,
            wake,
            beside,
            validity,
        } = *self;
        let staged = match value {
            PendingValue::Bare(value) => ledger.stage(value, stamp),
            PendingValue::Staged(staged) => Ok(staged),
        };
        match staged {
            Ok(staged) => {
                let beside = match beside {
                    WriteHook::Told(written) => {
                        // The receiver may be gone, which does no harm.
                        let _gone = written.send(staged.time());
                        WriteHook::Nothing
                    }
                    other => other,
                };
                Some(Box::new(Self {
                    value: PendingValue::Staged(staged),
                    wake,
                    beside,
                    validity,
                }))
            }
            Err(unwritable) => {
                wake.send_outcome(Err(unwritable));
                None
            }
        }
    }

    fn is_headed(&self) -> bool {
        matches!(self.beside, WriteHook::Headed)
    }

    fn report_outcome(self: Box<Self>, outcome: Result<&FlushProof, LedgerError>) {
        let Self { value, wake, .. } = *self;
        let reported = match (value, outcome) {
            (PendingValue::Staged(staged), Ok(flushed)) => {
                staged.confirm(flushed).map_err(|_| LedgerError::Closed)
            }
            (_, Err(unwritable)) => Err(unwritable),
            (PendingValue::Bare(_), Ok(_)) => Err(LedgerError::Closed),
        };
        wake.send_outcome(reported);
    }
}

/// Record that the log writes about itself.
#[derive(Debug)]
pub(crate) struct InternalRecord(pub(crate) RecordBody);

impl Evidence for InternalRecord {
    fn to_record_body(&self) -> RecordBody {
        self.0.clone()
    }
}
