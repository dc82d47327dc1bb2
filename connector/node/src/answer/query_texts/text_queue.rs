//! Queue of question texts that are written in batches shortly after their questions. No answer waits for its text, and reading the
//! store writes the queue first.

use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::erasable_texts::ErasableTextStore;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Most bytes of waiting texts.
const MOST: usize = 8 * 1024 * 1024;

/// Memory of a waiting text beside its bytes.
const BESIDE: usize = size_of::<QueuedText>();

/// Longest wait of a text, and thus the age of the oldest text that a kill loses.
const MOMENT: Duration = Duration::from_millis(50);

/// Store of question texts with its write queue. Dropping it writes the queue.
#[derive(Debug)]
pub struct QueryTextQueue(Arc<QueryTextState>);

impl QueryTextQueue {
    /// Returns an empty queue in front of `side`.
    pub(crate) fn of(side: ErasableTextStore) -> Self {
        Self(Arc::new(QueryTextState {
            side,
            waiting: Mutex::default(),
            writing: Mutex::new(()),
        }))
    }

    /// Returns the store after writing the queue. Blocks.
    pub fn flushed_store(&self) -> &ErasableTextStore {
        self.0.write();
        &self.0.side
    }

    /// Adds a text without waiting for the disk. If the queue holds too many bytes, it is written at once.
    pub(super) fn add_text(&self, at: UtcTimestamp, salt: [u8; 16], sql: &str) {
        let mut waiting = self.0.waiting.lock();
        // The writer that the first text starts writes all texts of the queue.
        let is_first = waiting.texts.is_empty();
        waiting.bytes = waiting
            .bytes
            .saturating_add(sql.len().saturating_add(BESIDE));
        waiting.texts.push(QueuedText {
            at,
            salt,
            sql: sql.to_owned(),
        });
        let is_much = waiting.bytes > MOST;
        drop(waiting);
        if is_much {
            crate::process::blocking_work::run_waiting(|| self.0.write());
        } else if is_first {
            self.start_writer();
        }
    }

    /// Starts the delayed writer.
    fn start_writer(&self) {
        let texts = Arc::downgrade(&self.0);
        let _task = tokio::runtime::Handle::current().spawn(async move {
            tokio::time::sleep(MOMENT).await;
            if let Some(texts) = texts.upgrade() {
                let _written = tokio::task::spawn_blocking(move || texts.write());
            }
        });
    }
}

impl Drop for QueryTextQueue {
    fn drop(&mut self) {
        self.0.write();
    }
}

#[derive(Debug)]
struct QueryTextState {
    side: ErasableTextStore,
    waiting: Mutex<QueuedTexts>,
    /// Lock of the writer. After acquiring it, all texts queued before are written.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct QueuedTexts {
    texts: Vec<QueuedText>,
    /// Memory of the waiting texts, in bytes.
    bytes: usize,
}

#[derive(Debug)]
struct QueuedText {
    at: UtcTimestamp,
    salt: [u8; 16],
    sql: String,
}

impl QueryTextState {
    fn write(&self) {
        let _turn = self.writing.lock();
        let mut waiting = self.waiting.lock();
        waiting.bytes = 0;
        let texts = std::mem::take(&mut waiting.texts);
        drop(waiting);
        for QueuedText { at, salt, sql } in texts {
            if let Err(refusal) = self.side.store_text(at, salt, &sql) {
                tracing::warn!(%refusal, "side.text_not_kept");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::answer::query_texts::text_queue::{BESIDE, MOST, QueryTextQueue};
    use hansa_audit_log::time::UtcTimestamp;
    use hansa_audit_store::erasable_texts::ErasableTextStore;

    fn texts(folder: &tempfile::TempDir) -> QueryTextQueue {
        QueryTextQueue::of(ErasableTextStore::open(folder.path()).unwrap())
    }

    fn at() -> UtcTimestamp {
        "2026-11-23T10:00:00.000000Z".parse().unwrap()
    }

    #[tokio::test]
    async fn a_text_is_found_at_once_and_on_the_disk_in_a_moment() {
        let folder = tempfile::tempdir().unwrap();
        let texts = texts(&folder);
        texts.add_text(at(), [1; 16], "SELECT 1");
        assert_eq!(texts.0.side.stored_texts().unwrap().len(), 0);
        assert_eq!(texts.flushed_store().stored_texts().unwrap().len(), 1);
        for n in 2..4 {
            texts.add_text(at(), [n; 16], "SELECT 2");
        }
        while texts.0.side.stored_texts().unwrap().len() < 3 {
            tokio::time::sleep(super::MOMENT).await;
        }
        // The next text starts another writer.
        texts.add_text(at(), [4; 16], "SELECT 4");
        while texts.0.side.stored_texts().unwrap().len() < 4 {
            tokio::time::sleep(super::MOMENT).await;
        }
    }

    #[tokio::test]
    async fn what_waits_is_written_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let first = texts(&folder);
        first.add_text(at(), [1; 16], "SELECT 1");
        drop(first);
        let second = texts(&folder);
        assert_eq!(second.0.side.stored_texts().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn texts_that_wait_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let texts = texts(&folder);
        let long = "x".repeat(MOST / 32 - BESIDE);
        // On a single thread, no writer runs in between.
        for n in 0..32 {
            texts.add_text(at(), [n; 16], &long);
        }
        let kept = || texts.0.side.stored_texts().unwrap().len();
        assert_eq!((texts.0.waiting.lock().bytes, kept()), (MOST, 0));
        texts.add_text(at(), [33; 16], "");
        assert_eq!(kept(), 33);
        assert_eq!(texts.0.waiting.lock().bytes, 0);
        assert!(texts.0.waiting.lock().texts.is_empty());
    }
}
