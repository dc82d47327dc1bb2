//! What a participant keeps: its log, what stands beside that, its documents, and the index that is made of the log.

use crate::answer::query_texts::text_queue::QueryTextQueue;
use crate::log::index;
use crate::log::time_stamp_progress::TimeStampState;
use crate::participant::pseudonyms::PseudonymRegistry;
use crate::process::blocking_work::waiting;
use hansa_audit_store::AuditLog;
use hansa_policy::refusal::Refusal;
use hansa_store::document_folder::DocumentFolder;
use hansa_store::state_index::StateIndex;
use parking_lot::{Mutex, MutexGuard};

/// Records, and what is kept beside them.
pub struct RecordKeeping {
    /// The texts of questions, beside the log: those that wait are written before the log lets go of the folder.
    pub texts: QueryTextQueue,
    /// The log.
    pub log: AuditLog,
    /// Who stands behind pseudonyms in the log, and the reasons that people gave.
    pub pseudonyms: PseudonymRegistry,
    /// The documents.
    pub documents: DocumentFolder,
    /// The index, made of the log.
    pub(crate) state: Mutex<StateIndex>,
    /// Held while files of the log go to its archive, and while old decisions and snapshots are taken away.
    pub archive_lock: Mutex<()>,
    /// How far the heads of the log have time stamps.
    pub time_stamps: TimeStampState,
    /// That the signed heads of the log were gone when it was opened.
    pub(crate) lost_heads: Option<Refusal>,
}

crate::debug_by_name!(RecordKeeping);

impl RecordKeeping {
    /// The index as it is, whatever the log holds beyond it.
    pub(crate) fn lock_index(&self) -> MutexGuard<'_, StateIndex> {
        self.state.lock()
    }

    /// Reads the index, after it has taken in every durable record.
    ///
    /// # Errors
    /// When the index can't be brought up to date.
    pub fn index<T>(
        &self,
        act: impl FnOnce(&StateIndex) -> Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        waiting(|| {
            let mut state = self.lock_index();
            index::catch_up(&self.log, &mut state)?;
            act(&state)
        })
    }

    /// The same for rows that are few whatever the index holds. To take in the last records and to find these takes less time than to
    /// hand on what else this thread does; where it would not, that is handed on as ever.
    ///
    /// # Errors
    /// As [`Self::index`].
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

/// So many records are taken into the index in between.
const FEW: u64 = 16;
