//! Status of a contract below its page: state, signatures with their dates, and an explanation of the page.
//!
//! The status is not signed, because it changes during the contract.

use super::agreement_page::agreement_wording;
use crate::contract::page_digest;
use crate::render::message::message;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
use hansa_policy::contract::rendering::PageRendering;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, Assignee, ContractStatus};
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::Phase;
use hansa_policy::safe_text::signed_line;
use hansa_policy::term::language::Language;
use hansa_policy::term::wording::Wording;
use hansa_policy::term::{Clause, Term};

/// Facts about the withdrawal of a contract.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawalFacts<'a> {
    /// Party that withdrew.
    pub party: &'a ParticipantId,
    /// Time of writing.
    pub issued_at: UtcTimestamp,
    /// Instant at which the withdrawal takes effect.
    pub effective_from: UtcTimestamp,
    /// Stated reason.
    pub reason: &'a str,
}

/// Facts about a signature of a contract.
#[derive(Debug, Clone, Copy)]
pub struct SignatureFacts<'a> {
    /// Role of the signatory.
    pub role: SignatoryRole,
    /// Algorithm, such as `EdDSA`.
    pub algorithm: &'a str,
    /// Thumbprint of the key.
    pub key: &'a str,
    /// Time of the signature by the signatory's clock, in seconds.
    pub issued_at: i64,
    /// Subject of the seal's certificate, for a seal.
    pub sealed_for: Option<&'a str>,
    /// Mandate of the signature, with the digest of its statement.
    pub mandate: Option<(&'a Mandate, Digest)>,
    /// True if the signature is valid.
    pub valid: bool,
}

/// Facts about a quota and its usage.
#[derive(Debug, Clone, Copy)]
pub struct QuotaUsageFacts<'a> {
    /// Clause of the quota.
    pub clause: &'a Clause,
    /// Usage in the current period.
    pub used: u64,
    /// First instant of the next period.
    pub until: UtcTimestamp,
    /// True if the consumer's receipts are counted, and false for the provider's counters.
    pub by_receipts: bool,
}

/// Lines below the page of an agreement, in the language and time zone of the reader.
#[derive(Debug, Clone, Copy)]
pub struct ContractStatusLines<'a> {
    words: Wording<'a>,
    agreement: &'a Agreement,
}

impl<'a> ContractStatusLines<'a> {
    /// Makes the lines for a reader's language.
    #[must_use]
    pub fn new(language: Language, agreement: &'a Agreement) -> Self {
        let rendering = agreement.rendering.in_language(language);
        Self {
            words: agreement_wording(rendering, agreement),
            agreement,
        }
    }

    /// Returns a line with its label.
    #[must_use]
    pub fn line(&self, label: StatusLineLabel, value: &str) -> String {
        let label = match label {
            StatusLineLabel::Shown => message!(self.words.language, "label-shown"),
            StatusLineLabel::State => message!(self.words.language, "label-state"),
            StatusLineLabel::Signed => message!(self.words.language, "label-signed"),
            StatusLineLabel::Used => message!(self.words.language, "label-used"),
        };
        signed_line(&format!("  {label:<16} {value}"))
    }

    /// Returns the explanation of the page for signatories.
    #[must_use]
    pub fn describe_page(&self) -> String {
        let words = self.words;
        let signed = self.agreement.rendering;
        let (form, language) = (
            PageRendering::FORM,
            words.language_name(signed.language.tag()),
        );
        if signed.language != words.language {
            return message!(words.language, "shown-translation", form, language);
        }
        let digest = page_digest(self.agreement).to_short_text();
        message!(words.language, "shown-to-signers", form, language, digest)
    }

    /// Returns the state of a contract.
    #[must_use]
    pub fn state(&self, status: ContractStatus, ended: Option<WithdrawalFacts<'_>>) -> String {
        let words = self.words;
        let state = match status {
            ContractStatus::InForce => message!(words.language, "state-in-force"),
            ContractStatus::NotYet => message!(words.language, "state-not-yet"),
            ContractStatus::Expired => message!(words.language, "state-expired"),
            ContractStatus::Withdrawn => match self.agreement.assignee {
                Assignee::Participant(_) | Assignee::Partner(_) => {
                    message!(words.language, "state-withdrawn-contract")
                }
                Assignee::Public => message!(words.language, "state-withdrawn-view"),
            },
            ContractStatus::Superseded => message!(words.language, "state-superseded"),
        };
        let Some(ended) = ended else {
            return state;
        };
        let (domain, reason) = (ended.party.domain(), ended.reason);
        let from = words.moment(ended.effective_from);
        match status {
            ContractStatus::InForce | ContractStatus::NotYet => {
                let at = words.moment(ended.issued_at);
                message!(
                    words.language,
                    "state-ending",
                    state,
                    from,
                    domain,
                    at,
                    reason
                )
            }
            _ => {
                let at = from;
                message!(words.language, "state-ended", state, domain, at, reason)
            }
        }
    }

    /// Returns the state of a negotiation.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> String {
        match phase {
            Phase::Requested => message!(self.words.language, "phase-requested"),
            Phase::Offered => message!(self.words.language, "phase-offered"),
            Phase::Accepted => message!(self.words.language, "phase-accepted"),
            Phase::Agreed => message!(self.words.language, "phase-agreed"),
            Phase::Verified => message!(self.words.language, "phase-verified"),
            Phase::Finalized => message!(self.words.language, "phase-finalized"),
            Phase::Terminated => message!(self.words.language, "phase-terminated"),
        }
    }

    /// Returns a signature with its date.
    #[must_use]
    pub fn signature(&self, facts: &SignatureFacts<'_>) -> String {
        let words = self.words;
        let key: String = facts.key.chars().take(12).collect();
        let algorithm = facts.algorithm;
        let role = match facts.role {
            SignatoryRole::Provider => message!(words.language, "signature-provider"),
            SignatoryRole::Consumer => message!(words.language, "signature-consumer"),
        };
        let at = match UtcTimestamp::from_micros(facts.issued_at.saturating_mul(1_000_000)) {
            Ok(time) => words.moment(time),
            Err(_) => facts.issued_at.to_string(),
        };
        let seal = facts.sealed_for.map_or_else(String::new, |whose| {
            let seal = message!(words.language, "signature-seal", whose);
            format!(" {seal}")
        });
        let mandate = facts
            .mandate
            .map_or_else(String::new, |(mandate, statement)| {
                let capacity = &mandate.capacity;
                let (statement, class) =
                    (statement.to_short_text(), self.class_text(mandate.up_to));
                message!(
                    words.language,
                    "signature-mandate",
                    capacity,
                    statement,
                    class
                )
            });
        let valid = match facts.valid {
            true => message!(words.language, "signature-valid"),
            false => message!(words.language, "signature-invalid"),
        };
        message!(
            words.language,
            "signature",
            role,
            at,
            algorithm,
            key,
            seal,
            mandate,
            valid
        )
    }

    /// Returns the usage of a quota in its current period; empty for another clause.
    #[must_use]
    pub fn describe_quota_usage(&self, facts: &QuotaUsageFacts<'_>) -> String {
        let words = self.words;
        let (of, what) = match &facts.clause.term {
            Term::Queries(quota) => (quota.max, message!(words.language, "used-queries")),
            Term::RowQuota(quota) => (quota.max, message!(words.language, "used-rows")),
            Term::ByteQuota(quota) => (quota.max, message!(words.language, "used-bytes")),
            _ => return String::new(),
        };
        let (used, id) = (words.language.format_number(facts.used), facts.clause.id);
        let (of, until) = (words.language.format_number(of), words.moment(facts.until));
        let by = match facts.by_receipts {
            true => message!(words.language, "used-by-receipts"),
            false => String::new(),
        };
        message!(words.language, "used", used, of, what, until, id, by)
    }

    /// Returns the end of the contract as on its page: `through 31 December 2026, Brussels time (before …)`. A withdrawal with
    /// notice gives an earlier end.
    #[must_use]
    pub fn end_text(&self, end: UtcTimestamp) -> String {
        self.words.end(end)
    }

    /// Returns the last day of the contract in the time zone of its page: `2026-12-31`.
    #[must_use]
    pub fn last_day(&self) -> String {
        let last = self.agreement.not_after.plus_micros(-1);
        let local = self.words.zone.to_local_time(last);
        format!("{:04}-{:02}-{:02}", local.year, local.month, local.day)
    }

    fn class_text(&self, class: DisclosureClass) -> String {
        match class {
            DisclosureClass::Public => message!(self.words.language, "class-public"),
            DisclosureClass::Aggregate => message!(self.words.language, "class-aggregate"),
            DisclosureClass::Rows => message!(self.words.language, "class-rows"),
            DisclosureClass::Personal => message!(self.words.language, "class-personal"),
        }
    }
}

/// Label of a line below the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusLineLabel {
    /// Explanation of the page for signatories.
    Shown,
    /// State of the contract or the negotiation.
    State,
    /// Signature.
    Signed,
    /// Usage of a quota.
    Used,
}
