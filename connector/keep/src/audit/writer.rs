//! The one writer: takes what is waiting, writes it, syncs once, and wakes all who waited.

use crate::audit::folder::HEADS;
use crate::audit::index::Index;
use crate::audit::pace::Pace;
use crate::audit::shelf::FileShelf;
use crate::audit::{LogConfig, OPENING, folder, low_space};
use evidence::json::Json;
use evidence::ledger::{Entry, Evidence, Flushed, Ledger, Recorded, Staged, Stamp, Unwritable};
use evidence::note::SignedHead;
use evidence::record::Salt;
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// The most values that one sync makes durable.
const GROUP: usize = 1024;

/// The most bytes that one sync makes durable, but for the last record.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// What the writer is asked for.
pub(super) enum Message {
    /// Record a value.
    Record(Box<dyn Job>),
    /// Sign a head over everything that is durable.
    Sign(oneshot::Sender<SignedHead>),
}

/// A value on its way through the ledger, whatever its type.
pub(super) trait Job: Send {
    /// The type of its record.
    fn kind(&self) -> Option<&'static str>;
    /// Stages it; on failure its caller is told.
    fn stage(self: Box<Self>, ledger: &mut Ledger<FileShelf>, stamp: Stamp)
    -> Option<Box<dyn Job>>;
    /// Tells its caller how it ended.
    fn settle(self: Box<Self>, outcome: Result<&Flushed, Unwritable>);
}

/// How a caller is woken.
pub(super) enum Wake<T> {
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
pub(super) struct Pending<T> {
    value: Value<T>,
    wake: Wake<T>,
}

enum Value<T> {
    Bare(T),
    Staged(Staged<T>),
}

impl<T: Evidence + Send + 'static> Pending<T> {
    pub(super) fn boxed(value: T, wake: Wake<T>) -> Box<dyn Job> {
        Box::new(Self {
            value: Value::Bare(value),
            wake,
        })
    }
}

impl<T: Evidence + Send + 'static> Job for Pending<T> {
    fn kind(&self) -> Option<&'static str> {
        match &self.value {
            Value::Bare(value) => Some(value.entry().kind),
            Value::Staged(_) => None,
        }
    }

    fn stage(
        self: Box<Self>,
        ledger: &mut Ledger<FileShelf>,
        stamp: Stamp,
    ) -> Option<Box<dyn Job>> {
        let Self { value, wake } = *self;
        let staged = match value {
            Value::Bare(value) => ledger.stage(value, stamp),
            Value::Staged(staged) => Ok(staged),
        };
        match staged {
            Ok(staged) => Some(Box::new(Self {
                value: Value::Staged(staged),
                wake,
            })),
            Err(unwritable) => {
                wake.tell(Err(unwritable));
                None
            }
        }
    }

    fn settle(self: Box<Self>, outcome: Result<&Flushed, Unwritable>) {
        let Self { value, wake } = *self;
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
pub(super) struct Own {
    pub(super) kind: &'static str,
    pub(super) body: Json,
}

impl Evidence for Own {
    fn entry(&self) -> Entry {
        Entry {
            kind: self.kind,
            body: self.body.clone(),
        }
    }
}

/// The writer of one log.
pub(super) struct Writer {
    pub(super) config: LogConfig,
    pub(super) ledger: Ledger<FileShelf>,
    pub(super) index: Arc<Index>,
    /// Absent once it could not be written: with a gap it would accuse good records.
    pub(super) leaves: Option<File>,
    pub(super) heads: File,
    /// Held as long as the writer lives.
    pub(super) lock: File,
    pub(super) signed_mono: u64,
    pub(super) pace: Pace,
}

impl Writer {
    pub(super) fn start(self) -> Result<(Sender<Message>, JoinHandle<()>), Refusal> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("hansa-log".to_owned())
            .spawn(move || self.run(&receiver))
            .map_err(|error| Refusal::new(Code::EvidenceUnavailable, error.to_string()))?;
        Ok((sender, thread))
    }

    fn run(mut self, receiver: &Receiver<Message>) {
        loop {
            let first = match self.until_head() {
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => receiver.recv_timeout(wait),
            };
            match first {
                Ok(first) => self.turn(first, receiver),
                Err(RecvTimeoutError::Timeout) => self.sign(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.sign();
        self.heads.sync_all().ok();
        if let Some(leaves) = &self.leaves {
            leaves.sync_all().ok();
        }
        self.lock.unlock().ok();
    }

    /// How long until a head is due; none if every record has one.
    fn until_head(&self) -> Option<Duration> {
        if self.ledger.durable().size == self.index.head().checkpoint.size {
            return None;
        }
        let passed = (self.config.clock)()
            .mono_ns
            .saturating_sub(self.signed_mono);
        Some(
            self.config
                .head_interval
                .saturating_sub(Duration::from_nanos(passed)),
        )
    }

    /// One group: what waits is staged, made durable by one sync, and told.
    fn turn(&mut self, first: Message, receiver: &Receiver<Message>) {
        let low = self.low_space();
        self.rotate();
        self.look_at_clock();
        let (mut jobs, mut signs) = (Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                Message::Sign(wake) => signs.push(wake),
                Message::Record(job) => jobs.extend(self.stage(job, low.as_ref())),
            }
            if jobs.len() < GROUP && self.ledger.staged_bytes() < GROUP_BYTES {
                next = receiver.try_recv().ok();
            }
        }
        let outcome = self.flush();
        for job in jobs {
            job.settle(outcome.as_ref().map_err(Clone::clone));
        }
        // Derived, so nobody waits for them.
        if let Ok(flushed) = &outcome {
            self.keep_leaves(flushed);
        }
        let signed = self.index.head().checkpoint.size;
        let unsigned = self.ledger.durable().size.saturating_sub(signed);
        let due = self.until_head().is_some_and(|wait| wait.is_zero());
        if unsigned >= self.config.head_records || due || !signs.is_empty() {
            self.sign();
        }
        for wake in signs {
            wake.send(self.index.head()).ok();
        }
    }

    fn stage(&mut self, job: Box<dyn Job>, low: Option<&Unwritable>) -> Option<Box<dyn Job>> {
        if let Some(low) = low
            && job.kind() == Some(OPENING)
        {
            job.settle(Err(low.clone()));
            return None;
        }
        let stamp = self.stamp();
        job.stage(&mut self.ledger, stamp)
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            tick: (self.config.clock)(),
            salt: Salt(rand::random()),
        }
    }

    /// Below the reserve entries can still be closed, but none can be opened.
    fn low_space(&self) -> Option<Unwritable> {
        low_space(&self.config.folder, self.config.reserve)
    }

    /// Begins a new segment when the last one is full; its first record names and digests the one before.
    fn rotate(&mut self) {
        if self.ledger.shelf_mut().length() < self.config.segment || self.ledger.broken().is_some()
        {
            return;
        }
        let first = self.ledger.durable().size;
        match self.ledger.shelf_mut().rotate(first) {
            Ok((segment, name, digest)) => {
                self.index.change().segments.push(segment);
                let body = Json::object([
                    ("previous", Json::text(name)),
                    ("sha256", Json::text(digest)),
                ]);
                self.stage_own("segment", body);
            }
            Err(error) => {
                // The full segment goes on; the disk will say soon enough if it is broken.
                tracing::warn!(%error, "log.segment_not_begun");
            }
        }
    }

    /// Records a step of the wall clock.
    fn look_at_clock(&mut self) {
        let Some(step) = self.pace.look((self.config.clock)()) else {
            return;
        };
        if step.is_untrusted() {
            tracing::warn!(step_us = step.0, "log.clock_went_back");
            self.index.change().clock_trusted = false;
        }
        self.stage_own(
            "clock",
            Json::object([("step_us", Json::Int(step.0)), ("source", "system".into())]),
        );
    }

    /// Stages a record of the log about itself. It stands in the group that follows, which fails as a whole if this fails.
    fn stage_own(&mut self, kind: &'static str, body: Json) {
        let stamp = self.stamp();
        drop(self.ledger.stage(Own { kind, body }, stamp));
    }

    /// Makes durable what is staged and shows it to readers.
    pub(super) fn flush(&mut self) -> Result<Flushed, Unwritable> {
        let offset = self.ledger.shelf_mut().length();
        match self.ledger.flush() {
            Ok(flushed) => {
                let mut state = self.index.change();
                state.add(flushed.leaves(), offset);
                state.last = self.ledger.last();
                if !flushed.leaves().is_empty() {
                    state.syncs.0 += 1;
                    state.syncs.1 += flushed.upto() - flushed.from();
                }
                drop(state);
                Ok(flushed)
            }
            Err(unwritable) => {
                let mut state = self.index.change();
                if state.broken.is_none() {
                    tracing::error!(reason = %unwritable, "log.shut");
                    state.broken = Some(unwritable.clone());
                }
                Err(unwritable)
            }
        }
    }

    /// Derived: what is missing is written again at the next start.
    pub(super) fn keep_leaves(&mut self, flushed: &Flushed) {
        let mut bytes = Vec::new();
        for leaf in flushed.leaves() {
            bytes.extend(leaf.hash.as_bytes());
        }
        if let Some(Err(error)) = self.leaves.as_ref().map(|file| append_whole(file, &bytes)) {
            tracing::warn!(%error, "log.leaves_not_kept");
            self.leaves = None;
        }
    }

    /// Signs a head over everything that is durable.
    pub(super) fn sign(&mut self) {
        self.signed_mono = (self.config.clock)().mono_ns;
        let durable = self.ledger.durable().clone();
        if durable.size == self.index.head().checkpoint.size {
            return;
        }
        match SignedHead::sign(durable, self.config.signer.as_ref()) {
            Ok(head) => {
                let written = append_whole(&self.heads, format!("{head}\n").as_bytes());
                if let Err(error) = written {
                    let refusal = folder::unavailable(&self.config.folder.join(HEADS), &error);
                    tracing::error!(%refusal, "log.head_not_kept");
                }
                self.index.change().head = head;
            }
            Err(error) => tracing::error!(%error, "log.head_not_signed"),
        }
    }
}

/// Appends all of `bytes`, or nothing: half a head would spoil those behind it.
fn append_whole(mut file: &File, bytes: &[u8]) -> std::io::Result<()> {
    let before = file.metadata()?.len();
    file.write_all(bytes).inspect_err(|_| {
        file.set_len(before).ok();
    })
}
