//! Text of a notice: as a page, as JSON and as a mail message.

use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::statement::AFFECTED;
use hansa_policy::contract::{Agreement, SignedWithdrawal};
use hansa_policy::id::ContractId;
use hansa_policy::safe_text::to_printable;
use hansa_policy::term::inform::InformEvent;
use hansa_policy::term::language::Language;
use hansa_proto::render::contract_status::ContractStatusLines;
use hansa_store::state_index::row::ContractEventRow;

/// Prefix of the topic of a withdrawal notice. It keeps this notice apart from one about the end by date.
pub(super) const WITHDRAWAL: &str = "withdrawal:";

/// Contract that ends soon.
pub(super) struct ExpiringContract {
    pub(super) contract: ContractId,
    pub(super) agreement: Agreement,
    /// First instant after the end of the contract.
    pub(super) over_from: UtcTimestamp,
    /// True if a withdrawal causes the end.
    pub(super) is_withdrawn: bool,
    /// The withdrawal, if it can be read.
    pub(super) withdrawal: Option<SignedWithdrawal>,
    pub(super) days: u32,
}

impl ExpiringContract {
    /// Topic of the notice. Each topic is delivered once.
    pub(super) fn topic(&self) -> String {
        match self.is_withdrawn {
            true => format!("{WITHDRAWAL}{}", self.days),
            false => self.days.to_string(),
        }
    }
}

/// Text of one notice.
pub(super) struct NoticeText {
    /// Id of the notice, equal in each repetition.
    pub(super) id: String,
    subject: String,
    body: String,
    json: serde_json::Value,
    domain: String,
}

impl NoticeText {
    /// Makes the text in the language of the participant.
    pub(super) fn new(connector: &Connector, one: &ExpiringContract) -> Self {
        let language = connector.config().participant.language;
        let own = connector.id();
        let agreement = &one.agreement;
        let provider = agreement.provider.id == own;
        let with = if provider {
            agreement.assignee_id().map_or("", |id| id.domain())
        } else {
            agreement.provider.id.domain()
        };
        let short = one.contract.to_short_text();
        let dataset = &agreement.dataset.id.name;
        let days = one.days;
        let end = one.over_from;
        let withdrawn_from = one.is_withdrawn.then(|| end.to_string());
        let withdrawn_from = withdrawn_from.unwrap_or_default();
        let days_bytes = days.to_be_bytes();
        let mut parts: Vec<&[u8]> = vec![
            own.as_str().as_bytes(),
            one.contract.0.as_bytes(),
            &days_bytes,
        ];
        // The id of a notice about an end by date stays as it was before withdrawals got notices.
        if one.is_withdrawn {
            parts.push(withdrawn_from.as_bytes());
        }
        let subject = language.pick(
            format!("Contract {short} with {with} on {dataset} ends within {days} days"),
            format!("Vertrag {short} mit {with} über {dataset} endet in weniger als {days} Tagen"),
            format!(
                "O contrato {short} com {with} sobre {dataset} termina em menos de {days} dias"
            ),
        );
        let renew = match &one.withdrawal {
            Some(withdrawal) => withdrawn_by(language, withdrawal),
            None if provider => provider_remedy(language, with),
            None => consumer_remedy(language, &short, with, dataset.as_str()),
        };
        let last = ContractStatusLines::new(language, agreement).end_text(end);
        let until = language.pick(
            format!("It is in force {last}."),
            format!("Er gilt {last}."),
            format!("Está em vigor {last}."),
        );
        Self {
            id: Digest::of_parts(&parts).to_string(),
            json: serde_json::json!({
                "id": Digest::of_parts(&parts).to_string(),
                "event": "contract_ends",
                "participant": own.domain(),
                "contract": one.contract.to_string(),
                "with": with,
                "role": if provider { "provider" } else { "consumer" },
                "dataset": dataset.as_str(),
                "not_after": end.to_string(),
                "withdrawn_by": one.withdrawal.as_ref().map(|ended| ended.party.domain()),
                "days": days,
                "subject": subject,
            }),
            subject: to_printable(&subject),
            body: format!("{until}\n{renew}\n"),
            domain: own.domain().to_owned(),
        }
    }

    /// Makes the text of a notice about an event under a contract.
    pub(super) fn of_event(
        connector: &Connector,
        contract: ContractId,
        agreement: &Agreement,
        event: &ContractEventRow,
    ) -> Self {
        let language = connector.config().participant.language;
        let own = connector.id();
        let provider = agreement.provider.id == own;
        let with = if provider {
            agreement.assignee_id().map_or("", |id| id.domain())
        } else {
            agreement.provider.id.domain()
        };
        let (short, dataset) = (contract.to_short_text(), &agreement.dataset.id.name);
        let kind = event.topic.split(':').next().unwrap_or_default();
        let what = InformEvent::ALL
            .into_iter()
            .find(|one| one.as_str() == kind);
        let what = match what {
            Some(InformEvent::FirstUse) => {
                language.pick("first use", "erste Nutzung", "primeira utilização")
            }
            Some(InformEvent::Refusal) => language.pick("refusals", "Ablehnungen", "recusas"),
            Some(InformEvent::SchemaChange) => {
                language.pick("another schema", "ein anderes Schema", "outro esquema")
            }
            None if event.topic.starts_with(AFFECTED) => language.pick(
                "answers used data that the provider recalls",
                "Antworten beruhen auf Daten, die der Anbieter zurückruft",
                "respostas usaram dados que o fornecedor retira",
            ),
            None => kind,
        };
        let subject = language.pick(
            format!("Contract {short} with {with} on {dataset}: {what}"),
            format!("Vertrag {short} mit {with} über {dataset}: {what}"),
            format!("Contrato {short} com {with} sobre {dataset}: {what}"),
        );
        let parts: [&[u8]; 3] = [
            own.as_str().as_bytes(),
            contract.0.as_bytes(),
            event.topic.as_bytes(),
        ];
        let id = Digest::of_parts(&parts).to_string();
        Self {
            json: serde_json::json!({
                "id": id,
                "event": kind.replace('-', "_"),
                "participant": own.domain(),
                "contract": contract.to_string(),
                "with": with,
                "role": if provider { "provider" } else { "consumer" },
                "dataset": dataset.as_str(),
                "at": event.at.to_string(),
                "detail": event.detail,
                "subject": subject,
            }),
            id,
            subject: to_printable(&subject),
            body: to_printable(&format!("{}  {}", event.at, event.detail)) + "\n",
            domain: own.domain().to_owned(),
        }
    }

    /// Formats the notice as a file.
    pub(super) fn to_page(&self) -> String {
        format!("{}\n\n{}", self.subject, self.body)
    }

    /// Formats the notice as the body of a webhook.
    pub(super) fn to_json(&self) -> Vec<u8> {
        self.json.to_string().into_bytes()
    }

    /// Formats the notice as a mail message (RFC 5322) without recipients, which the mail command adds. A subject beyond ASCII is
    /// an encoded word (RFC 2047).
    pub(super) fn to_mail(&self) -> String {
        let subject = if self.subject.is_ascii() {
            self.subject.clone()
        } else {
            use base64::Engine as _;
            let encoded = base64::engine::general_purpose::STANDARD.encode(&self.subject);
            format!("=?UTF-8?B?{encoded}?=")
        };
        format!(
            "Subject: {subject}\nMessage-ID: <{}@{}>\nMIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n{}",
            self.id, self.domain, self.body
        )
    }
}

/// Sentence with the party that withdrew and its reason.
fn withdrawn_by(language: Language, withdrawal: &SignedWithdrawal) -> String {
    let (party, reason) = (withdrawal.party.domain(), &withdrawal.reason);
    let text = language.pick(
        format!("{party} has withdrawn it from then on: {reason}"),
        format!("{party} hat ihn für die Zeit danach gekündigt: {reason}"),
        format!("{party} denunciou-o a partir daí: {reason}"),
    );
    to_printable(&text)
}

fn provider_remedy(language: Language, with: &str) -> String {
    language.pick(
        format!("To renew it, offer the dataset with a later end; {with} then requests it with --replaces."),
        format!("Zum Verlängern den Datensatz mit einem späteren Ende anbieten; {with} beantragt ihn dann mit --replaces."),
        format!("Para o renovar, ofereça os dados com um fim posterior; {with} pede-o depois com --replaces."),
    )
}

fn consumer_remedy(language: Language, short: &str, with: &str, dataset: &str) -> String {
    let alias = with.split('.').next().unwrap_or(with);
    let command = format!("hansa contract request {alias}.{dataset} --replaces {short}");
    language.pick(
        format!("To renew it: {command}"),
        format!("Zum Verlängern: {command}"),
        format!("Para o renovar: {command}"),
    )
}
