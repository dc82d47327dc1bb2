//! Retention of question texts beside the log. Texts are erased after their time or on request. Submodules: retention of decisions
//! and of old snapshots.

mod decision_expiry;
mod snapshot_retention;
pub(crate) mod text_queue;

use crate::log::audit_event::{AuditEvent, list_texts};
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::upkeep::ErasureRecord;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::erasable_texts::{ErasableTextStore, StoredText};
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::StateIndex;

/// Most texts in one erasure record.
const MOST: usize = 500;

/// Longest kept text, in bytes. Longer texts are never planned.
const LONGEST: usize = 256 * 1024;

/// Destroys texts that the log calls erased and that are still on disk, after a crash between the record and the destruction of the
/// key.
///
/// # Errors
/// If the texts can't be read or destroyed.
pub(crate) fn erase_again(state: &StateIndex, side: &ErasableTextStore) -> Result<(), Refusal> {
    let mut due = Vec::new();
    for held in side.stored_texts()? {
        if state.is_erased(held.commit)? {
            due.push(held);
        }
    }
    if due.is_empty() {
        return Ok(());
    }
    tracing::warn!(texts = due.len(), "side.erased_again");
    side.erase_texts(&due)
}

impl Connector {
    /// Keeps the text of a question beside the log without delaying the answer.
    ///
    /// If many texts wait for the disk, the question waits too, so that memory use stays bounded.
    pub(crate) fn keep_text(&self, salt: [u8; 16], sql: &str) {
        if self.config().keeping.sql.is_zero() || sql.len() > LONGEST {
            return;
        }
        self.records.texts.add_text(self.now(), salt, sql);
    }

    /// Erases texts that are older than the configured retention and returns their number. Blocks.
    ///
    /// # Errors
    /// If the erasure can't be recorded or carried out.
    pub fn erase_expired(&self) -> Result<usize, Refusal> {
        let keeping = self.config().keeping.sql.as_micros();
        let keeping = i64::try_from(keeping).unwrap_or(i64::MAX);
        let before = self.now().plus_micros(keeping.saturating_neg());
        self.erase_texts("retention", Some(before), |held| held.at < before)
    }

    /// Erases the `wanted` texts: records the erasure, then destroys the keys. Returns their number. Blocks.
    ///
    /// # Errors
    /// If the erasure can't be recorded (nothing is erased then) or carried out (it must be repeated then).
    pub fn erase_texts(
        &self,
        ground: &str,
        before: Option<UtcTimestamp>,
        wanted: impl Fn(&StoredText) -> bool,
    ) -> Result<usize, Refusal> {
        let side = self.records.texts.flushed_store();
        let mut texts = side.stored_texts()?;
        texts.retain(|held| wanted(held));
        for part in texts.chunks(MOST) {
            let objects: Vec<Digest> = part.iter().map(|held| held.commit).collect();
            let _durable = self.record_now(AuditEvent::from(ErasureRecord {
                class: "sql".to_owned(),
                ground: ground.to_owned(),
                before,
                objects: list_texts(&objects),
            }))?;
            side.erase_texts(part)?;
        }
        Ok(texts.len())
    }
}

#[cfg(test)]
mod tests {
    use crate::log::audit_event::AuditEvent;
    use crate::participant::pseudonyms::Person;
    use crate::participant::testing::{TERMS, TestFederation, close_participant};
    use hansa_audit_log::record::upkeep::ErasureRecord;

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_kill_left_of_an_erasure_is_done_at_the_next_start() {
        let mut federation = TestFederation::new();
        federation.set_up_participant("lindau", TERMS);
        let connector = federation.open("lindau");
        let mut held = Vec::new();
        for text in ["SELECT 1", "SELECT 2"] {
            held.push(
                connector
                    .records
                    .texts
                    .flushed_store()
                    .store_text(connector.now(), [3; 16], text)
                    .unwrap(),
            );
        }
        let reason = connector
            .records
            .pseudonyms
            .keep_reason(connector.now(), "Ida asked")
            .unwrap();
        let person = connector
            .records
            .pseudonyms
            .pseudonym(&Person::of_user(1001), connector.now())
            .unwrap();
        let whose = connector
            .records
            .pseudonyms
            .known_commitments()
            .last()
            .copied()
            .unwrap();
        // Crash after the record and before the erasure.
        for (class, object) in [
            ("sql", held[0].commit),
            ("reason", reason),
            ("actor", whose),
        ] {
            let erase = AuditEvent::from(ErasureRecord {
                class: class.to_owned(),
                ground: "request".to_owned(),
                before: None,
                objects: vec![object.to_string()],
            });
            let _durable = connector.record(erase).await.unwrap();
        }
        close_participant(connector).await;
        let connector = federation.open("lindau");
        assert_eq!(
            connector
                .records
                .texts
                .flushed_store()
                .text_of(held[0].commit)
                .unwrap(),
            None
        );
        let kept = connector
            .records
            .texts
            .flushed_store()
            .text_of(held[1].commit)
            .unwrap();
        assert_eq!(kept.as_deref(), Some("SELECT 2"));
        assert_eq!(connector.records.pseudonyms.reason(reason).unwrap(), None);
        assert_eq!(connector.records.pseudonyms.person(&person), None);
    }
}
