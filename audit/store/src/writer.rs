//! Writer of a log: takes the waiting values, writes their records, syncs once, and wakes the callers.

use crate::epoch::EpochTracker;
use crate::head_file::{self, HeadFile};
use crate::index::LogIndex;
use crate::log_dir::HEADS;
use crate::reserve::LogReserve;
use crate::segment_storage::SegmentStorage;
use crate::steady_clock::StepOutcome;
use crate::writer::job::{InternalRecord, WriteJob, WriterMessage};
use crate::{LogConfig, log_dir, low_space};
use hansa_audit_log::ledger::{FlushProof, Ledger, LedgerError, RecordMetadata};
use hansa_audit_log::note::{Checkpoint, NoteSigningError, SignedHead};
use hansa_audit_log::record::RecordSalt;
use hansa_audit_log::record::answers::PermitRecord;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::record::upkeep::{
    ClockRecord, PauseRecord, ResumeRecord, SegmentRecord, StopRecord,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::File;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

pub(super) mod job;

/// Largest number of values in one sync.
const GROUP: usize = 1024;

/// Largest number of bytes in one sync, apart from the last record.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// Largest number of heads that a start signs again: many times the number that a loss of power can remove. More are missing only
/// if the file of heads was lost in another way.
const SIGNED_AGAIN: u64 = 65_536;

/// Writer of one log.
pub(super) struct LogWriter {
    pub(super) config: LogConfig,
    pub(super) ledger: Ledger<SegmentStorage>,
    pub(super) index: Arc<LogIndex>,
    /// File of leaf hashes; absent after a failed write, since a gap would make good records look bad.
    pub(super) leaves: Option<File>,
    pub(super) heads: HeadFile,
    /// Lock file, held during the writer's life.
    pub(super) lock: File,
    pub(super) signed_mono: u64,
    /// Reserve for the record of a stop; absent where the disk had no space for it.
    pub(super) reserve: Option<LogReserve>,
    /// True if the log has recorded that there is too little space for new entries.
    pub(super) paused: bool,
    /// Epochs, for the check of decisions against stops.
    pub(super) epochs: Arc<EpochTracker>,
    /// True if a record that needs a head is not covered by one yet.
    pub(super) unheaded: bool,
}

/// Kinds of records that need no head of their own: they are about heads, or count calls. If each got a head, two connectors that
/// exchange greetings would sign, show and record heads without end.
const UNHEADED: [&str; 4] = [
    "checkpoint_seen",
    "checkpoint_gossiped",
    "witnessed",
    "action_count",
];

/// True if a head is signed for a record of this kind.
pub(super) fn needs_head(kind: &str) -> bool {
    !UNHEADED.contains(&kind)
}

impl LogWriter {
    pub(super) fn start(self) -> Result<(Sender<WriterMessage>, JoinHandle<()>), Refusal> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("hansa-log".to_owned())
            .spawn(move || self.run(&receiver))
            .map_err(|error| Refusal::new(ErrorCode::EvidenceUnavailable, error.to_string()))?;
        Ok((sender, thread))
    }

    fn run(mut self, receiver: &Receiver<WriterMessage>) {
        loop {
            let first = match self.until_head() {
                None => receiver.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(wait) => receiver.recv_timeout(wait),
            };
            match first {
                Ok(first) => self.process_group(first, receiver),
                Err(RecvTimeoutError::Timeout) => self.sign(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if self.unheaded {
            self.sign();
        }
        self.index.clock().keep_time();
        let ended = self.heads.sync_heads();
        if let Err(error) = ended.and_then(|()| head_file::end_run(&self.lock)) {
            tracing::warn!(%error, "log.heads_not_synced");
        }
        if let Some(leaves) = &self.leaves {
            leaves.sync_all().ok();
        }
        self.lock.unlock().ok();
    }

    /// Time until a head is due; none if every record that needs one has it.
    fn until_head(&self) -> Option<Duration> {
        if !self.unheaded || self.ledger.durable_head().size == self.index.head().checkpoint.size {
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

    /// Processes one group: the waiting values are staged, made durable by one sync, and their callers are woken.
    fn process_group(&mut self, first: WriterMessage, receiver: &Receiver<WriterMessage>) {
        let low = self.low_space();
        self.rotate_segment();
        self.look_at_clock();
        self.check_free_space(low.as_ref());
        let (mut jobs, mut signs, mut beside) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(message) = next.take() {
            match message {
                WriterMessage::Sign(wake) => signs.push(wake),
                WriterMessage::Record(job) => jobs.extend(self.stage_job(job, low.as_ref())),
                WriterMessage::Both(first, second) => {
                    match self.stage_job(first, low.as_ref()) {
                        Some(first) => {
                            jobs.push(first);
                            jobs.extend(self.stage_job(second, low.as_ref()));
                        }
                        // The caller waits for both and gets the error of the first.
                        None => drop(second),
                    }
                }
                WriterMessage::Beside(own, wake) => beside.push((own, wake)),
            }
            if jobs.len() < GROUP && self.ledger.staged_bytes() < GROUP_BYTES {
                next = receiver.try_recv().ok();
            }
        }
        let outcome = self.flush();
        let headed = outcome.is_ok() && jobs.iter().any(|job| job.is_headed());
        for job in jobs {
            job.report_outcome(outcome.as_ref().map_err(Clone::clone));
        }
        // Woken callers may be queued behind this thread. The following work is derived, and no caller waits for it.
        std::thread::yield_now();
        if let Ok(flushed) = &outcome {
            self.keep_leaves(flushed);
            // A step must be in the log before the next start relies on the stored time.
            self.index.clock().keep_time();
        }
        let signed = self.index.head().checkpoint.size;
        let unsigned = self.ledger.durable_head().size.saturating_sub(signed);
        let due = self.until_head().is_some_and(|wait| wait.is_zero());
        if unsigned >= self.config.head_records || due || headed || !signs.is_empty() {
            self.sign();
        }
        for wake in signs {
            wake.send(self.index.head()).ok();
        }
        for (own, wake) in beside {
            let stamp = self.new_metadata();
            let kept = match &mut self.reserve {
                Some(reserve) if self.ledger.storage_error().is_some() => {
                    reserve.record(own, stamp)
                }
                _ => Err(LedgerError::Closed),
            };
            wake(kept);
        }
    }

    fn stage_job(
        &mut self,
        job: Box<dyn WriteJob>,
        low: Option<&LedgerError>,
    ) -> Option<Box<dyn WriteJob>> {
        if let Some(low) = low
            && job.kind() == PermitRecord::KIND
        {
            job.report_outcome(Err(low.clone()));
            return None;
        }
        let stamp = self.new_metadata();
        // INVARIANT: permit-stands. Places in the log are assigned here, so the validity of a decision is checked here.
        if let Some(validity) = job.validity()
            && !self.epochs.holds(&validity, self.ledger.time_of(&stamp))
        {
            job.report_outcome(Err(LedgerError::Overtaken));
            return None;
        }
        let staged = job.stage(&mut self.ledger, stamp)?;
        self.unheaded |= needs_head(staged.kind());
        Some(staged)
    }

    fn new_metadata(&self) -> RecordMetadata {
        RecordMetadata {
            tick: (self.config.clock)(),
            salt: RecordSalt(rand::random()),
        }
    }

    /// Error for new entries if the free space is below the reserve; closing entries is still possible. None for a shut log.
    fn low_space(&self) -> Option<LedgerError> {
        if self.ledger.storage_error().is_some() {
            return None;
        }
        low_space(&self.config.folder, self.config.reserve)
    }

    /// Begins a new segment when the last one is full. Its first record contains name and digest of the preceding one.
    fn rotate_segment(&mut self) {
        if self.ledger.storage_mut().length() < self.config.segment
            || self.ledger.storage_error().is_some()
        {
            return;
        }
        let first = self.ledger.durable_head().size;
        match self.ledger.storage_mut().rotate(first) {
            Ok((segment, name, digest)) => {
                let before = self.index.archived_before();
                self.index.lock_state().segments.push(segment);
                self.stage_log_record(SegmentRecord {
                    previous: name,
                    sha256: digest,
                    archived_before: before,
                    expired_before: self.index.expired_before(),
                    suspect: None,
                });
            }
            Err(error) => {
                // The full segment is continued; a failed disk will show at the next write.
                tracing::warn!(%error, "log.segment_not_begun");
            }
        }
    }

    /// Records the steps of the wall clock.
    fn look_at_clock(&mut self) {
        let _now = (self.config.clock)();
        for step in self.index.clock().take_steps() {
            let outcome = match step.outcome {
                StepOutcome::Followed => "followed",
                StepOutcome::Held => "held",
                StepOutcome::Undone => "undone",
            };
            tracing::warn!(step_us = step.micros, outcome, "log.clock_step");
            self.stage_log_record(ClockRecord {
                step_us: Some(step.micros),
                outcome: Some(outcome.to_owned()),
                acknowledged: None,
                source: "system".to_owned(),
            });
        }
    }

    /// Records that new entries are refused since the disk is almost full, and that they are accepted again.
    fn check_free_space(&mut self, low: Option<&LedgerError>) {
        let room: RecordBody = match low {
            Some(LedgerError::LowSpace { free, reserve }) if !self.paused => PauseRecord {
                free: *free,
                reserve: *reserve,
            }
            .into(),
            None if self.paused && self.ledger.storage_error().is_none() => ResumeRecord {}.into(),
            _ => return,
        };
        self.paused = low.is_some();
        tracing::warn!(paused = self.paused, "log.room");
        self.stage_log_record(room);
    }

    /// Stages a record of the log about itself. It belongs to the next group, which fails as a whole if this fails.
    fn stage_log_record(&mut self, body: impl Into<RecordBody>) {
        drop(self.stage_own(body.into()));
    }

    /// Stages a record like [`Self::stage_log_record`], and reports a failure.
    pub(super) fn stage_own(&mut self, body: RecordBody) -> Result<(), LedgerError> {
        self.unheaded |= needs_head(body.kind());
        let stamp = self.new_metadata();
        self.ledger.stage(InternalRecord(body), stamp).map(drop)
    }

    /// Records in the reserve the cause of the stop and the confirmed size. Later records were never confirmed to a caller.
    fn record_stop(&mut self, unwritable: &LedgerError) {
        tracing::error!(reason = %unwritable, "log.shut");
        let durable = self.ledger.durable_head().clone();
        let storage = self.ledger.storage_mut();
        let full = matches!(unwritable, LedgerError::Broken(broken) if broken.full);
        let stop = StopRecord {
            reason: Some(unwritable.to_string()),
            full: Some(full),
            size: Some(durable.size),
            root: Some(durable.root),
            segment: Some(storage.name()),
            segment_bytes: Some(storage.length()),
            rest: None,
            at: None,
            reserve_sha256: None,
        };
        let stamp = self.new_metadata();
        let Some(reserve) = &mut self.reserve else {
            return;
        };
        let kept = reserve.record(InternalRecord(stop.into()), stamp);
        if let Err(error) = kept {
            tracing::error!(%error, "log.stop_not_kept");
        }
    }

    /// Makes the staged records durable and visible to readers.
    pub(super) fn flush(&mut self) -> Result<FlushProof, LedgerError> {
        let offset = self.ledger.storage_mut().length();
        match self.ledger.flush() {
            Ok(flushed) => {
                let mut state = self.index.lock_state();
                state.add(flushed.leaves(), offset);
                state.last = self.ledger.last_time();
                if !flushed.leaves().is_empty() {
                    state.syncs.0 += 1;
                    state.syncs.1 += flushed.durable_count() - flushed.first_index();
                }
                drop(state);
                Ok(flushed)
            }
            Err(unwritable) => {
                let first = {
                    let mut state = self.index.lock_state();
                    let first = state.broken.is_none();
                    state.broken.get_or_insert_with(|| unwritable.clone());
                    first
                };
                if first {
                    self.record_stop(&unwritable);
                }
                Err(unwritable)
            }
        }
    }

    /// Writes the leaf hashes. They are derived: missing ones are written at the next start.
    pub(super) fn keep_leaves(&mut self, flushed: &FlushProof) {
        let mut bytes = Vec::new();
        for leaf in flushed.leaves() {
            bytes.extend(leaf.hash.as_bytes());
        }
        if let Some(Err(error)) = self.leaves.as_ref().map(|file| append_whole(file, &bytes)) {
            tracing::warn!(%error, "log.leaves_not_kept");
            self.leaves = None;
        }
    }

    /// Signs a head over all durable records.
    pub(super) fn sign(&mut self) {
        self.signed_mono = (self.config.clock)().mono_ns;
        let durable = self.ledger.durable_head().clone();
        if durable.size == self.index.head().checkpoint.size {
            return;
        }
        if let Err(error) = self.sign_head_over(durable) {
            tracing::error!(%error, "log.head_not_signed");
        }
    }

    /// Signs a head for each size after the newest stored one. A run without an orderly end may have shown any of them, and the
    /// loss of power may have removed them from the file. Equal bytes get equal signatures.
    pub(super) fn sign_heads_again(&mut self) -> Result<(), Refusal> {
        let size = self.ledger.durable_head().size;
        let newest = self.index.head().checkpoint.size;
        let after = newest.max(size.saturating_sub(SIGNED_AGAIN));
        if after > newest {
            tracing::warn!(newest, after, "log.heads_lost");
        }
        let origin = self.ledger.durable_head().origin.clone();
        for size in after.saturating_add(1)..=size {
            let Some(root) = self.index.read_tree(|tree| tree.root(size)) else {
                break;
            };
            let origin = origin.clone();
            self.sign_head_over(Checkpoint { origin, size, root })
                .map_err(|error| {
                    Refusal::new(ErrorCode::EvidenceUnavailable, error.to_string()).caused_by(error)
                })?;
        }
        Ok(())
    }

    /// Signs a head, stores it and publishes it.
    fn sign_head_over(&mut self, checkpoint: Checkpoint) -> Result<(), NoteSigningError> {
        let head = SignedHead::sign(checkpoint, self.config.signer.as_ref())?;
        // INVARIANT: shown-heads-stay. The records under the head are durable, so a lost head can be signed again.
        if let Err(error) = self.heads.keep_head(&head) {
            let refusal = log_dir::unavailable_log_refusal(&self.config.folder.join(HEADS), &error);
            tracing::error!(%refusal, "log.head_not_kept");
        }
        self.index.lock_state().head = head;
        self.unheaded = false;
        Ok(())
    }
}

/// Appends all of `bytes` or nothing, since a part would make later bytes unreadable.
pub(super) fn append_whole(mut file: &File, bytes: &[u8]) -> std::io::Result<()> {
    let before = file.metadata()?.len();
    file.write_all(bytes).inspect_err(|_| {
        file.set_len(before).ok();
    })
}
