//! What waits for the writer: values on their way to the books, and those who wait for them.

use crate::epoch::Validity;
use crate::shelf::FileShelf;
use hansa_audit_log::json::Json;
use hansa_audit_log::ledger::{
    Entry, Evidence, Flushed, Ledger, Recorded, Staged, Stamp, Unwritable,
};
use hansa_audit_log::note::SignedHead;
use hansa_audit_log::time::Time;
use std::sync::mpsc::SyncSender;
use tokio::sync::oneshot;

/// What the writer is asked for.
pub(crate) enum Message {
    /// Record a value.
    Record(Box<dyn Job>),
    /// Record two, the second right behind the first and not without it.
    Both(Box<dyn Job>, Box<dyn Job>),
    /// Sign a head over everything that is durable.
    Sign(oneshot::Sender<SignedHead>),
    /// Keep this in the reserve, where the log can't be written any more, and tell so.
    Beside(Own, Box<dyn FnOnce(Result<(), Unwritable>) + Send>),
}

/// A value on its way through the ledger, whatever its type.
pub(crate) trait Job: Send {
    /// The type of its record.
    fn kind(&self) -> &'static str;
    /// What must still hold where it is placed in the log; nothing for what stands by itself.
    fn validity(&self) -> Option<Validity>;
    /// Stages it; on failure its caller is told.
    fn stage(self: Box<Self>, ledger: &mut Ledger<FileShelf>, stamp: Stamp)
    -> Option<Box<dyn Job>>;
    /// Whether a head over it is to be signed.
    fn is_headed(&self) -> bool;
    /// Tells its caller how it ended.
    fn settle(self: Box<Self>, outcome: Result<&Flushed, Unwritable>);
}

/// How a caller is woken.
pub(crate) enum Wake<T> {
    /// A task.
    Task(oneshot::Sender<Result<Recorded<T>, Unwritable>>),
    /// A thread.
    Thread(SyncSender<Result<Recorded<T>, Unwritable>>),
}

impl<T> Wake<T> {
    fn tell(self, outcome: Result<Recorded<T>, Unwritable>) {
        // Nobody waits any more: the record stands, and start-up closes what it opened.
        match self {
            Self::Task(task) => drop(task.send(outcome)),
            Self::Thread(thread) => drop(thread.send(outcome)),
        }
    }
}

/// A value that waits.
pub(crate) struct Pending<T> {
    value: Value<T>,
    wake: Wake<T>,
    beside: Beside,
    validity: Option<Validity>,
}

/// What is done beside waking who waits.
pub(crate) enum Beside {
    Nothing,
    /// Somebody is told the time of the record when it is written, before it is durable.
    Told(oneshot::Sender<Time>),
    /// A head over the record is signed when it is durable.
    Headed,
}

enum Value<T> {
    Bare(T),
    Staged(Staged<T>),
}

impl<T: Evidence + Send + 'static> Pending<T> {
    pub(crate) fn boxed(value: T, wake: Wake<T>) -> Box<dyn Job> {
        Self::boxed_as(value, wake, Beside::Nothing)
    }

    pub(crate) fn boxed_as(value: T, wake: Wake<T>, beside: Beside) -> Box<dyn Job> {
        Box::new(Self::new(value, wake, beside))
    }

    /// A decision, which is taken only where it still holds.
    pub(crate) fn boxed_while(
        value: T,
        wake: Wake<T>,
        beside: Beside,
        validity: Validity,
    ) -> Box<dyn Job> {
        Box::new(Self {
            validity: Some(validity),
            ..Self::new(value, wake, beside)
        })
    }

    const fn new(value: T, wake: Wake<T>, beside: Beside) -> Self {
        Self {
            value: Value::Bare(value),
            wake,
            beside,
            validity: None,
        }
    }
}

impl<T: Evidence + Send + 'static> Job for Pending<T> {
    fn kind(&self) -> &'static str {
        match &self.value {
            Value::Bare(value) => value.entry().kind,
            Value::Staged(staged) => staged.kind(),
        }
    }

    fn validity(&self) -> Option<Validity> {
        self.validity
    }

    fn stage(
        self: Box<Self>,
        ledger: &mut Ledger<FileShelf>,
        stamp: Stamp,
    ) -> Option<Box<dyn Job>> {
        let Self {
            value,
            wake,
            beside,
            validity,
        } = *self;
        let staged = match value {
            Value::Bare(value) => ledger.stage(value, stamp),
            Value::Staged(staged) => Ok(staged),
        };
        match staged {
            Ok(staged) => {
                let beside = match beside {
                    Beside::Told(written) => {
                        // Whoever has gone needs nothing.
                        let _gone = written.send(staged.at());
                        Beside::Nothing
                    }
                    other => other,
                };
                Some(Box::new(Self {
                    value: Value::Staged(staged),
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
        matches!(self.beside, Beside::Headed)
    }

    fn settle(self: Box<Self>, outcome: Result<&Flushed, Unwritable>) {
        let Self { value, wake, .. } = *self;
        let told = match (value, outcome) {
            (Value::Staged(staged), Ok(flushed)) => {
                staged.confirm(flushed).map_err(|_| Unwritable::Closed)
            }
            (_, Err(unwritable)) => Err(unwritable),
            (Value::Bare(_), Ok(_)) => Err(Unwritable::Closed),
        };
        wake.tell(told);
    }
}

/// A record that the log writes about itself.
#[derive(Debug)]
pub(crate) struct Own {
    pub(crate) kind: &'static str,
    pub(crate) body: Json,
}

impl Evidence for Own {
    fn entry(&self) -> Entry {
        Entry {
            kind: self.kind,
            body: self.body.clone(),
        }
    }
}
