//! Record of the log, as commands print it.

use crate::page::evidence::{bare_identity, dataset_name};
use crate::part::contract_words::link_contract;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::Value;

/// Record as it stands in the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct LogRecord {
    /// Place in the log, from 0.
    pub seq: u64,
    /// Instant of the record.
    #[serde(rename = "t")]
    pub at: String,
    /// Kind, such as `permit`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Program run that made the record.
    #[serde(default)]
    pub boot: String,
    /// Hash of the preceding record.
    #[serde(default)]
    pub prev: String,
    /// Members of the record.
    #[serde(default)]
    pub body: Value,
}

impl LogRecord {
    /// Text of a member of the body; none where it is no text, or empty.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let text = self.body.get(name)?.as_str()?;
        (!text.is_empty()).then_some(text)
    }

    /// Text of the first of these members that has one.
    pub(super) fn first_text(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.text(name))
    }

    /// Number of a member of the body.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.body.get(name)?.as_u64()
    }

    /// Other participant of the record.
    pub(super) fn counterparty(&self) -> Option<&str> {
        self.first_text(&["peer", "consumer", "party", "partner"])
    }

    /// Texts of a list of texts.
    fn texts(&self, name: &str) -> impl Iterator<Item = &str> {
        let items = self.body.get(name).and_then(Value::as_array);
        items.into_iter().flatten().filter_map(Value::as_str)
    }

    /// Identities of the datasets.
    pub(super) fn datasets(&self) -> Vec<&str> {
        let entries = self.body.get("datasets").and_then(Value::as_array);
        let listed = entries.into_iter().flatten();
        let listed = listed.filter_map(|entry| entry.get("id").and_then(Value::as_str));
        listed.chain(self.text("dataset")).collect()
    }

    /// Identities of the contracts.
    pub(super) fn contracts(&self) -> Vec<&str> {
        let one = self.text("contract");
        let several = self.texts("contracts");
        let mut contracts: Vec<&str> = several.chain(one).collect();
        contracts.dedup();
        contracts
    }

    /// Clauses that were applied, such as `c2`, for each permission.
    pub(super) fn applied_clauses(&self) -> Vec<String> {
        let grants = self.body.get("grants").and_then(Value::as_array);
        let applied = grants.into_iter().flatten().map(|grant| {
            let numbers = grant.get("clauses_applied").and_then(Value::as_array);
            let numbers = numbers.into_iter().flatten().filter_map(Value::as_u64);
            let clauses: Vec<String> = numbers.map(|number| format!("#c{number}")).collect();
            clauses.join(" ")
        });
        applied.filter(|clauses| !clauses.is_empty()).collect()
    }

    /// Outcome, or the code of a refusal.
    pub(super) fn outcome(&self) -> Option<&str> {
        self.first_text(&["code", "outcome", "state"])
    }
}

/// Link to the page of a record.
pub(super) fn link_record(place: u64) -> Markup {
    let address = format!("/evidence/records/{place}");
    // The place is a name in figures, which is typed as it is shown.
    html! { a href=(address) { (place) } }
}

/// Names of the datasets of a record, each in a line.
pub(super) fn render_dataset_names(record: &LogRecord) -> Markup {
    html! {
        @for (index, dataset) in record.datasets().into_iter().enumerate() {
            @if index > 0 { br; }
            code { (dataset_name(dataset)) }
        }
    }
}

/// Contracts of a record as links, each in a line.
pub(super) fn render_contract_links(record: &LogRecord) -> Markup {
    html! {
        @for (index, contract) in record.contracts().into_iter().enumerate() {
            @if index > 0 { br; }
            (link_contract(contract))
        }
    }
}

/// Other participant of a record; empty where it has none.
pub(super) fn render_counterparty(record: &LogRecord) -> Markup {
    html! {
        @if let Some(other) = record.counterparty() { bdi { (bare_identity(other)) } }
    }
}

/// Number of rows of a record; empty where it has none.
pub(super) fn render_row_count(language: Language, record: &LogRecord) -> Markup {
    html! {
        @if let Some(rows) = record.number("rows") { (language.format_number(rows)) }
    }
}
