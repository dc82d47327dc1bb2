//! Erasure of persons and of their reasons: it is recorded first, then the keys are destroyed.

use crate::log::audit_event::{AuditEvent, list_texts};
use crate::participant::Connector;
use crate::participant::pending_approvals;
use crate::participant::pseudonyms::{Person, PseudonymEntry};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::upkeep::ErasureRecord;
use hansa_audit_store::erasable_texts::StoredText;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;

impl Connector {
    /// Erases the identity of a person in all years: records the erasure, then destroys the keys. Returns the pseudonyms.
    ///
    /// An access token of an erased person is no longer valid.
    ///
    /// # Errors
    /// `USAGE` for an unknown person, or one whose approval still waits for a second officer; or if the erasure can't be recorded:
    /// nothing is erased then.
    pub fn erase_person(&self, person: &Person, ground: &str) -> Result<Vec<String>, Refusal> {
        let all = self.records.pseudonyms.entries(person);
        if all.is_empty() {
            let sentence = format!("nothing is known here of {person}, or no longer");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
        }
        // Otherwise one person could both request and approve the step.
        let waiting = pending_approvals::open_approvals(self)?;
        let waits = |one: &PseudonymEntry| waiting.iter().any(|word| word.first == one.pseudonym);
        if all.iter().any(waits) {
            let sentence = format!("a word of {person} waits for a second officer");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help("have it approved, or end what it is about; then erase"));
        }
        self.erase_beside("actor", ground, all.iter().map(|one| one.held).collect())?;
        self.records.pseudonyms.forget(&all);
        let pseudonyms: BTreeSet<String> = all.into_iter().map(|one| one.pseudonym).collect();
        Ok(pseudonyms.into_iter().collect())
    }

    /// Erases the reasons with these digests. Returns their number.
    ///
    /// # Errors
    /// Same errors as [`Connector::erase_person`].
    pub fn erase_reasons(
        &self,
        ground: &str,
        wanted: impl Fn(&Digest) -> bool,
    ) -> Result<usize, Refusal> {
        let mut reasons = self.records.pseudonyms.text_store().stored_texts()?;
        reasons.retain(|held| wanted(&held.commit));
        let count = reasons.len();
        if count > 0 {
            self.erase_beside("reason", ground, reasons)?;
        }
        Ok(count)
    }

    fn erase_beside(&self, class: &str, ground: &str, all: Vec<StoredText>) -> Result<(), Refusal> {
        let _durable = self.record_now(AuditEvent::from(ErasureRecord {
            class: class.to_owned(),
            ground: ground.to_owned(),
            before: None,
            objects: list_texts(all.iter().map(|held| held.commit)),
        }))?;
        self.records.pseudonyms.text_store().erase_texts(&all)
    }
}
