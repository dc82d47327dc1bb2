//! What is told of a contract below its page: state, signatures with their dates, and what the page is to those who sign.
//!
//! None of it is signed: it changes while the contract lives.

use super::second_form::{Wording, wording};
use crate::contract::page_digest;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, Assignee, ContractStatus};
use hansa_policy::id::ParticipantId;
use hansa_policy::negotiation::Phase;
use hansa_policy::safe_text::signed_line;
use hansa_policy::term::language::Language;
use hansa_policy::term::{Clause, Term};

/// Withdrawal of a contract, as it is told.
#[derive(Debug, Clone, Copy)]
pub struct WithdrawalFacts<'a> {
    /// Who withdrew.
    pub party: &'a ParticipantId,
    /// When the withdrawal was written.
    pub issued_at: UtcTimestamp,
    /// Reason that was given.
    pub reason: &'a str,
}

/// Signature of a contract, as it is told.
#[derive(Debug, Clone, Copy)]
pub struct SignatureFacts<'a> {
    /// For whom.
    pub role: SignatoryRole,
    /// Algorithm: `EdDSA`.
    pub algorithm: &'a str,
    /// Thumbprint of the key.
    pub key: &'a str,
    /// When it was made, by the signer's clock, in seconds.
    pub issued_at: i64,
    /// To whom the seal is issued, where it is one.
    pub sealed_for: Option<&'a str>,
    /// Mandate on which it rests, with the digest of its statement.
    pub mandate: Option<(&'a Mandate, Digest)>,
    /// Whether it holds.
    pub valid: bool,
}

/// Quota of a contract with what is used of it, as it is told.
#[derive(Debug, Clone, Copy)]
pub struct QuotaUsageFacts<'a> {
    /// Clause of the quota.
    pub clause: &'a Clause,
    /// What is used in the current period.
    pub used: u64,
    /// First instant of the next period.
    pub until: UtcTimestamp,
    /// Whether it is counted by the receipts of who asks, and not by the counters of who answers.
    pub by_receipts: bool,
}

/// Lines below the page of an agreement, in the language and zone in which it is read.
#[derive(Debug, Clone, Copy)]
pub struct ContractStatusLines<'a> {
    words: Wording<'a>,
    agreement: &'a Agreement,
}

impl<'a> ContractStatusLines<'a> {
    /// Lines for a reader of a language.
    #[must_use]
    pub fn of(language: Language, agreement: &'a Agreement) -> Self {
        let shown = agreement
            .rendering
            .unwrap_or_default()
            .in_language(language);
        Self {
            words: wording(shown, agreement),
            agreement,
        }
    }

    /// Line with its label.
    #[must_use]
    pub fn line(&self, label: StatusLineLabel, value: &str) -> String {
        let label = match label {
            StatusLineLabel::Shown => self.words.pick("shown", "gezeigt", "mostrado"),
            StatusLineLabel::State => self.words.pick("state", "Stand", "estado"),
            StatusLineLabel::Signed => self.words.pick("signed", "Unterschrift", "assinatura"),
            StatusLineLabel::Used => self.words.pick("used", "verbraucht", "utilizado"),
        };
        signed_line(&format!("  {label:<16} {value}"))
    }

    /// What the page is to those who sign.
    #[must_use]
    pub fn shown(&self) -> String {
        let words = self.words;
        let Some(signed) = self.agreement.rendering else {
            return words
                .pick(
                    "no page is part of what was signed: the contract is older than that",
                    "keine Seite ist Teil des Unterschriebenen: der Vertrag ist älter",
                    "nenhuma página faz parte do que foi assinado: o contrato é anterior",
                )
                .to_owned();
        };
        let (form, language) = (signed.version, words.language_name(signed.language.tag()));
        if signed.language != words.language {
            return words.pick(
                format!("this is a translation; those who sign are shown {form} {language}"),
                format!("dies ist eine Übersetzung; wer unterschreibt, sieht {form} {language}"),
                format!("isto é uma tradução; a quem assina é mostrada {form} {language}"),
            );
        }
        let digest = page_digest(signed, self.agreement).short();
        words.pick(
            format!("to those who sign, as {form} {language}: its sha256 {digest} is part of what they sign"),
            format!("denen, die unterschreiben, als {form} {language}: ihr sha256 {digest} ist Teil des Unterschriebenen"),
            format!("a quem assina, como {form} {language}: o seu sha256 {digest} faz parte do que é assinado"),
        )
    }

    /// State of a contract.
    #[must_use]
    pub fn state(&self, standing: ContractStatus, ended: Option<WithdrawalFacts<'_>>) -> String {
        let words = self.words;
        let state = match standing {
            ContractStatus::InForce => words.pick("in force", "in Kraft", "em vigor"),
            ContractStatus::NotYet => words.pick(
                "not yet in force",
                "noch nicht in Kraft",
                "ainda não em vigor",
            ),
            ContractStatus::Expired => words.pick("expired", "abgelaufen", "caducado"),
            ContractStatus::Withdrawn => match self.agreement.assignee {
                Assignee::Participant(_) => words.pick("withdrawn", "gekündigt", "denunciado"),
                Assignee::Public => words.pick("withdrawn", "widerrufen", "revogado"),
            },
            ContractStatus::Superseded => words.pick("superseded", "ersetzt", "substituído"),
        };
        let Some(ended) = ended else {
            return state.to_owned();
        };
        let (domain, reason) = (ended.party.domain(), ended.reason);
        let at = words.moment(ended.issued_at);
        words.pick(
            format!("{state} by {domain}, {at}: {reason}"),
            format!("{state} von {domain}, {at}: {reason}"),
            format!("{state} por {domain}, {at}: {reason}"),
        )
    }

    /// State of a negotiation.
    #[must_use]
    pub fn phase(&self, phase: Phase) -> &'static str {
        match phase {
            Phase::Requested => self.words.pick("requested", "angefragt", "pedido"),
            Phase::Offered => self.words.pick("offered", "angeboten", "oferecido"),
            Phase::Accepted => self.words.pick("accepted", "angenommen", "aceite"),
            Phase::Agreed => self.words.pick("agreed", "vereinbart", "acordado"),
            Phase::Verified => self.words.pick("verified", "geprüft", "verificado"),
            Phase::Finalized => self.words.pick("finalized", "abgeschlossen", "concluído"),
            Phase::Terminated => self.words.pick("terminated", "beendet", "terminado"),
        }
    }

    /// Signature with its date.
    #[must_use]
    pub fn signature(&self, facts: &SignatureFacts<'_>) -> String {
        let words = self.words;
        let key: String = facts.key.chars().take(12).collect();
        let algorithm = facts.algorithm;
        let role = match facts.role {
            SignatoryRole::Provider => {
                words.pick("by the provider", "vom Anbieter", "pelo fornecedor")
            }
            SignatoryRole::Consumer => {
                words.pick("by the consumer", "vom Nutzer", "pelo utilizador")
            }
        };
        let at = match UtcTimestamp::from_micros(facts.issued_at.saturating_mul(1_000_000)) {
            Ok(time) => words.moment(time),
            Err(_) => facts.issued_at.to_string(),
        };
        let seal = facts.sealed_for.map_or_else(String::new, |whose| {
            words.pick(
                format!(" of the seal of {whose}"),
                format!(" des Siegels von {whose}"),
                format!(" do selo de {whose}"),
            )
        });
        let mandate = facts
            .mandate
            .map_or_else(String::new, |(mandate, statement)| {
                let capacity = &mandate.capacity;
                let (statement, class) = (statement.short(), self.class(mandate.up_to));
                words.pick(
                    format!(", {capacity}, with the mandate {statement} (at most {class})"),
                    format!(", {capacity}, mit der Vollmacht {statement} (höchstens {class})"),
                    format!(", {capacity}, com o mandato {statement} (no máximo {class})"),
                )
            });
        let valid = match facts.valid {
            true => words.pick("valid", "gültig", "válida"),
            false => words.pick("NOT VALID", "NICHT GÜLTIG", "NÃO VÁLIDA"),
        };
        words.pick(
            format!("{role}, {at}, with {algorithm} key {key}{seal}{mandate}: {valid}"),
            format!("{role}, {at}, mit {algorithm}-Schlüssel {key}{seal}{mandate}: {valid}"),
            format!("{role}, {at}, com a chave {algorithm} {key}{seal}{mandate}: {valid}"),
        )
    }

    /// What is used of a quota in its current period; empty for another clause.
    #[must_use]
    pub fn used(&self, facts: &QuotaUsageFacts<'_>) -> String {
        let words = self.words;
        let (of, what) = match &facts.clause.term {
            Term::Queries(quota) => (quota.max, words.pick("queries", "Abfragen", "consultas")),
            Term::RowQuota(quota) => (quota.max, words.pick("rows", "Zeilen", "linhas")),
            Term::ByteQuota(quota) => (quota.max, words.pick("bytes", "Byte", "bytes")),
            _ => return String::new(),
        };
        let (used, id) = (words.language.number(facts.used), facts.clause.id);
        let (of, until) = (words.language.number(of), words.moment(facts.until));
        let by = match facts.by_receipts {
            true => words.pick(
                ", by the receipts here",
                ", nach den hiesigen Quittungen",
                ", segundo os recibos aqui guardados",
            ),
            false => "",
        };
        words.pick(
            format!("{used} of {of} {what} in the period that ends {until} (clause {id}){by}"),
            format!("{used} von {of} {what} im Zeitraum, der am {until} endet (Klausel {id}){by}"),
            format!("{used} de {of} {what} no período que termina a {until} (cláusula {id}){by}"),
        )
    }

    /// Until when the contract is in force, as its page tells it: `through 31 December 2026, Brussels time (before …)`.
    #[must_use]
    pub fn until(&self) -> String {
        self.words.end(self.agreement.not_after)
    }

    /// Last day on which the contract is in force, in the zone of its page: `2026-12-31`.
    #[must_use]
    pub fn last_day(&self) -> String {
        let last = self.agreement.not_after.plus_micros(-1);
        let local = self.words.zone.local(last);
        format!("{:04}-{:02}-{:02}", local.year, local.month, local.day)
    }

    fn class(&self, class: DisclosureClass) -> &'static str {
        match class {
            DisclosureClass::Public => {
                self.words
                    .pick("public data", "öffentliche Daten", "dados públicos")
            }
            DisclosureClass::Aggregate => self.words.pick(
                "figures on groups",
                "Zahlen zu Gruppen",
                "valores sobre grupos",
            ),
            DisclosureClass::Rows => self.words.pick("rows", "Zeilen", "linhas"),
            DisclosureClass::Personal => {
                self.words
                    .pick("personal data", "personenbezogene Daten", "dados pessoais")
            }
        }
    }
}

/// Label of a line below the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusLineLabel {
    /// What the page is to those who sign.
    Shown,
    /// State of the contract or the negotiation.
    State,
    /// One signature.
    Signed,
    /// What of a quota is used.
    Used,
}
