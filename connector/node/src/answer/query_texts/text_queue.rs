//! Texts that wait for the disk: written together a moment after their questions, so that no answer waits for its text, and before
//! anybody looks for one.

use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::erasable_texts::ErasableTextStore;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// The most bytes of texts that wait.
const MOST: usize = 8 * 1024 * 1024;

/// What a text holds in memory beside itself, in bytes.
const BESIDE: usize = size_of::<QueuedText>();

/// So long a text waits, at most: what a kill takes along is no older.
const MOMENT: Duration = Duration::from_millis(50);

/// The texts of questions, beside the log, and those that wait to be kept there. Whoever lets go of it lets nothing wait.
#[derive(Debug)]
pub struct QueryTextQueue(Arc<QueryTextState>);

impl QueryTextQueue {
    /// Those that are kept there; none waits.
    pub(crate) fn of(side: ErasableTextStore) -> Self {
        Self(Arc::new(QueryTextState {
            side,
            waiting: Mutex::default(),
            writing: Mutex::new(()),
        }))
    }

    /// All that were kept: those that wait are written first. Blocks.
    pub fn side(&self) -> &ErasableTextStore {
        self.0.write();
        &self.0.side
    }

    /// Keeps one without waiting for the disk; but where so many wait that memory would fill with them, it waits, too.
    pub(super) fn keep(&self, at: UtcTimestamp, salt: [u8; 16], sql: &str) {
        let mut waiting = self.0.waiting.lock();
        // Whoever was called for the first takes all.
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
            crate::process::blocking_work::waiting(|| self.0.write());
        } else if is_first {
            self.call();
        }
    }

    /// Has them written in a moment.
    fn call(&self) {
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
    /// Held by whoever writes: who comes behind finds all written that was kept before.
    writing: Mutex<()>,
}

#[derive(Debug, Default)]
struct QueuedTexts {
    texts: Vec<QueuedText>,
    /// What they hold in memory.
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
            if let Err(refusal) = self.side.keep(at, salt, &sql) {
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
        texts.keep(at(), [1; 16], "SELECT 1");
        assert_eq!(texts.0.side.stored_texts().unwrap().len(), 0);
        assert_eq!(texts.side().stored_texts().unwrap().len(), 1);
        for n in 2..4 {
            texts.keep(at(), [n; 16], "SELECT 2");
        }
        while texts.0.side.stored_texts().unwrap().len() < 3 {
            tokio::time::sleep(super::MOMENT).await;
        }
        // Whoever comes next is waited for again.
        texts.keep(at(), [4; 16], "SELECT 4");
        while texts.0.side.stored_texts().unwrap().len() < 4 {
            tokio::time::sleep(super::MOMENT).await;
        }
    }

    #[tokio::test]
    async fn what_waits_is_written_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let first = texts(&folder);
        first.keep(at(), [1; 16], "SELECT 1");
        drop(first);
        let second = texts(&folder);
        assert_eq!(second.0.side.stored_texts().unwrap().len(), 1);
    }

    #[tokio::test]
    async fn texts_that_wait_are_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let texts = texts(&folder);
        let long = "x".repeat(MOST / 32 - BESIDE);
        // On one thread nobody comes for them in between.
        for n in 0..32 {
            texts.keep(at(), [n; 16], &long);
        }
        let kept = || texts.0.side.stored_texts().unwrap().len();
        assert_eq!((texts.0.waiting.lock().bytes, kept()), (MOST, 0));
        texts.keep(at(), [33; 16], "");
        assert_eq!(kept(), 33);
        assert_eq!(texts.0.waiting.lock().bytes, 0);
        assert!(texts.0.waiting.lock().texts.is_empty());
    }
}
