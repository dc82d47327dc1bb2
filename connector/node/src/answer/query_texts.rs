//! The texts of questions beside the log: kept for a while, erased when it is over or somebody asks for it. Beside them what
//! else is kept for a while: decisions, and old snapshots.

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

/// So many stand in one record.
const MOST: usize = 500;

/// The longest text that is kept, in bytes: no longer one is planned.
const LONGEST: usize = 256 * 1024;

/// Destroys what the log says is erased and is here still: somebody died between the record and the key.
///
/// # Errors
/// When it can't be read or destroyed.
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
    side.erase(&due)
}

impl Connector {
    /// Keeps the text of a question beside the log, without holding up its answer; but where so many texts wait for the
    /// disk that memory would fill with them, the question waits, too.
    pub(crate) fn keep_text(&self, salt: [u8; 16], sql: &str) {
        if self.config().keeping.sql.is_zero() || sql.len() > LONGEST {
            return;
        }
        self.records.texts.keep(self.now(), salt, sql);
    }

    /// Erases what is older than the configuration keeps; gives how many. Blocks.
    ///
    /// # Errors
    /// When it can't be recorded or erased.
    pub fn erase_expired(&self) -> Result<usize, Refusal> {
        let keeping = self.config().keeping.sql.as_micros();
        let keeping = i64::try_from(keeping).unwrap_or(i64::MAX);
        let before = self.now().plus_micros(keeping.saturating_neg());
        self.erase_texts("retention", Some(before), |held| held.at < before)
    }

    /// Erases the texts that are `wanted`: first it is in the log, then the keys are destroyed. Gives how many. Blocks.
    ///
    /// # Errors
    /// When it can't be recorded, and then nothing is erased; or not be erased, and then it is to be done again.
    pub fn erase_texts(
        &self,
        ground: &str,
        before: Option<UtcTimestamp>,
        wanted: impl Fn(&StoredText) -> bool,
    ) -> Result<usize, Refusal> {
        let side = self.records.texts.side();
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
            side.erase(part)?;
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
        federation.settle("lindau", TERMS);
        let connector = federation.open("lindau");
        let mut held = Vec::new();
        for text in ["SELECT 1", "SELECT 2"] {
            held.push(
                connector
                    .records
                    .texts
                    .side()
                    .keep(connector.now(), [3; 16], text)
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
            .pseudonym(&Person::User(1001), connector.now())
            .unwrap();
        let whose = connector
            .records
            .pseudonyms
            .commits()
            .last()
            .copied()
            .unwrap();
        // In the log, and then it died.
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
                .side()
                .text_of(held[0].commit)
                .unwrap(),
            None
        );
        let kept = connector
            .records
            .texts
            .side()
            .text_of(held[1].commit)
            .unwrap();
        assert_eq!(kept.as_deref(), Some("SELECT 2"));
        assert_eq!(connector.records.pseudonyms.reason(reason).unwrap(), None);
        assert_eq!(connector.records.pseudonyms.person(&person), None);
    }
}
