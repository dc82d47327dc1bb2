//! Records of a participant: its log, the stores beside the log, its documents, and the index made from the log.

use crate::answer::query_texts::text_queue::QueryTextQueue;
use crate::log::index;
use crate::log::log_verification::LogVerifications;
use crate::log::time_stamp_progress::TimeStampState;
use crate::participant::pseudonyms::PseudonymRegistry;
use crate::process::blocking_work::run_waiting;
use hansa_audit_store::AuditLog;
use hansa_policy::refusal::Refusal;
use hansa_store::document_folder::DocumentFolder;
use hansa_store::state_index::StateIndex;
use parking_lot::{Mutex, MutexGuard};

/// Log of a participant, with the stores beside it.
pub struct RecordKeeping {
    /// Texts of questions, beside the log. Queued texts are written before the log releases the folder.
    pub texts: QueryTextQueue,
    /// Audit log.
    pub log: AuditLog,
    /// Persons behind pseudonyms in the log, and the reasons that persons gave.
    pub pseudonyms: PseudonymRegistry,
    /// Documents that records name.
    pub documents: DocumentFolder,
    /// Index, made from the log.
    pub(crate) state: Mutex<StateIndex>,
    /// Lock for archiving log files and for the expiry of decisions and snapshots.
    pub archive_lock: Mutex<()>,
    /// Time stamps of the log's heads.
    pub time_stamps: TimeStampState,
    /// Verifications of the log.
    pub verifications: LogVerifications,
    /// Fault if the signed heads of the log were missing when it was opened.
    pub(crate) lost_heads: Option<Refusal>,
}

crate::debug_by_name!(RecordKeeping);

impl RecordKeeping {
    /// Returns the index as it is, without newer records of the log.
    pub(crate) fn lock_index(&self) -> MutexGuard<'_, StateIndex> {
        self.state.lock()
    }

    /// Reads the index after adding every durable record.
    ///
    /// # Errors
    /// If the index can't be brought up to date.
    pub fn index<T>(
        &self,
        act: impl FnOnce(&StateIndex) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        run_waiting(|| {
            let mut state = self.lock_index();
            index::catch_up(&self.log, &mut state)?;
            act(&state)
        })
    }

    /// Reads a few rows of the index after adding every durable record. For a few new records, this takes less time than moving the
    /// thread's other work; otherwise that work is moved as in [`Self::index`].
    ///
    /// # Errors
    /// Same errors as [`Self::index`].
    pub fn index_fast<T>(
        &self,
        act: impl FnOnce(&StateIndex) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        if let Some(mut state) = self.state.try_lock()
            && self.log.size().saturating_sub(state.position()) <= FEW
        {
            index::catch_up(&self.log, &mut state)?;
            return act(&state);
        }
        self.index(act)
    }
}

/// Most new records that are added without moving the thread's other work.
const FEW: u64 = 16;
