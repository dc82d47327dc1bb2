//! Erasure of people and of the reasons that they gave: first it is in the log, then the keys are destroyed.

use crate::log::audit_event::{AuditEvent, list_texts};
use crate::participant::Connector;
use crate::participant::pending_approvals;
use crate::participant::pseudonyms::{Person, PseudonymEntry};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::upkeep::ErasureRecord;
use hansa_audit_store::erasable_texts::StoredText;
use hansa_policy::refusal::{ErrorCode, Refusal};

impl Connector {
    /// Erases who a person was in all years: first it is in the log, then the keys are destroyed. Gives the pseudonyms. An access token
    /// of somebody who is not known any more counts no longer.
    ///
    /// # Errors
    /// `USAGE` for somebody who is not known here, or whose word still waits for a second officer; or when it can't be
    /// recorded, and then nothing is erased.
    pub fn erase_person(&self, person: &Person, ground: &str) -> Result<Vec<String>, Refusal> {
        let all = self.records.pseudonyms.entries(person);
        if all.is_empty() {
            let sentence = format!("nothing is known here of {person}, or no longer");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
        }
        // Else the same person could approve what it has asked for.
        let waiting = pending_approvals::open_approvals(self)?;
        let waits = |one: &PseudonymEntry| waiting.iter().any(|word| word.first == one.pseudonym);
        if all.iter().any(waits) {
            let sentence = format!("a word of {person} waits for a second officer");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help("have it approved, or end what it is about; then erase"));
        }
        self.erase_beside("actor", ground, all.iter().map(|one| one.held).collect())?;
        self.records.pseudonyms.forget(person);
        Ok(all.into_iter().map(|one| one.pseudonym).collect())
    }

    /// Erases reasons that records name so. Gives how many.
    ///
    /// # Errors
    /// As [`Connector::erase_person`].
    pub fn erase_reasons(
        &self,
        ground: &str,
        wanted: impl Fn(&Digest) -> bool,
    ) -> Result<usize, Refusal> {
        let mut reasons = self.records.pseudonyms.side().stored_texts()?;
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
        self.records.pseudonyms.side().erase(&all)
    }
}
