//! What waits for the writer: values on their way to the log, and those who wait for them.

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

/// What the writer is asked for.
pub(crate) enum WriterMessage {
    /// Record a value.
    Record(Box<dyn WriteJob>),
    /// Record two, the second right behind the first and not without it.
    Both(Box<dyn WriteJob>, Box<dyn WriteJob>),
    /// Sign a head over everything that is durable.
    Sign(oneshot::Sender<SignedHead>),
    /// Keep this in the reserve, where the log can't be written any more, and tell so.
    Beside(
        InternalRecord,
        Box<dyn FnOnce(Result<(), LedgerError>) + Send>,
    ),
}

/// A value on its way through the ledger, whatever its type.
pub(crate) trait WriteJob: Send {
    /// The type of its record.
    fn kind(&self) -> &'static str;
    /// What must still hold where it is placed in the log; nothing for what stands by itself.
    fn validity(&self) -> Option<DecisionValidity>;
    /// Stages it; on failure its caller is told.
    fn stage(
        self: Box<Self>,
        ledger: &mut Ledger<SegmentStorage>,
        stamp: RecordMetadata,
    ) -> Option<Box<dyn WriteJob>>;
    /// Whether a head over it is to be signed.
    fn is_headed(&self) -> bool;
    /// Tells its caller how it ended.
    fn settle(self: Box<Self>, outcome: Result<&FlushProof, LedgerError>);
}

/// How a caller is woken.
pub(crate) enum CompletionSender<T> {
    /// A task.
    Task(oneshot::Sender<Result<Recorded<T>, LedgerError>>),
    /// A thread.
    Thread(SyncSender<Result<Recorded<T>, LedgerError>>),
}

impl<T> CompletionSender<T> {
    fn tell(self, outcome: Result<Recorded<T>, LedgerError>) {
        // Nobody waits any more: the record stands, and start-up closes what it opened.
        match self {
            Self::Task(task) => drop(task.send(outcome)),
            Self::Thread(thread) => drop(thread.send(outcome)),
        }
    }
}

/// A value that waits.
pub(crate) struct PendingWrite<T> {
    value: PendingValue<T>,
    wake: CompletionSender<T>,
    beside: WriteHook,
    validity: Option<DecisionValidity>,
}

/// What is done beside waking who waits.
pub(crate) enum WriteHook {
    Nothing,
    /// Somebody is told the time of the record when it is written, before it is durable.
    Told(oneshot::Sender<UtcTimestamp>),
    /// A head over the record is signed when it is durable.
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

    /// A decision, which is taken only where it still holds.
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
            PendingValue::Bare(value) => value.entry().kind(),
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
                        // Whoever has gone needs nothing.
                        let _gone = written.send(staged.at());
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
                wake.tell(Err(unwritable));
                None
            }
        }
    }

    fn is_headed(&self) -> bool {
        matches!(self.beside, WriteHook::Headed)
    }

    fn settle(self: Box<Self>, outcome: Result<&FlushProof, LedgerError>) {
        let Self { value, wake, .. } = *self;
        let reported = match (value, outcome) {
            (PendingValue::Staged(staged), Ok(flushed)) => {
                staged.confirm(flushed).map_err(|_| LedgerError::Closed)
            }
            (_, Err(unwritable)) => Err(unwritable),
            (PendingValue::Bare(_), Ok(_)) => Err(LedgerError::Closed),
        };
        wake.tell(reported);
    }
}

/// A record that the log writes about itself.
#[derive(Debug)]
pub(crate) struct InternalRecord(pub(crate) RecordBody);

impl Evidence for InternalRecord {
    fn entry(&self) -> RecordBody {
        self.0.clone()
    }
}
