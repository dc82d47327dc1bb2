//! Content that is kept beside the log for a record: a text, and the persons behind its pseudonyms.

use crate::message::message;
use crate::page::evidence::record::LogRecord;
use crate::part::look_form::{LookForm, render_look_form, render_look_record};
use crate::part::text::reveal_controls;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Forms of a record's page, and the content that one of them has shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecordLooks {
    /// Key of the form that shows a text.
    pub text_key: String,
    /// Key of the forms that show a person; none for who may not see persons.
    pub person_key: Option<String>,
    /// Content that is shown.
    pub shown: Option<ShownContent>,
}

/// Content that is shown, with the record of the look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownContent {
    /// Number of the record of the look.
    pub record: u64,
    /// The content.
    pub content: KeptContent,
}

/// Content beside the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeptContent {
    /// Text of a question or a reason.
    Text(KeptText),
    /// Person behind a pseudonym.
    Person(KnownPerson),
}

/// Text, as `hansa audit show --text --json` reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct KeptText {
    /// The text; none where it is erased.
    #[serde(default)]
    pub text: Option<String>,
}

/// Person, as `hansa audit person --json` reports it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct KnownPerson {
    /// Pseudonym in the log.
    pub pseudonym: String,
    /// Name in the configuration.
    #[serde(default)]
    pub name: Option<String>,
    /// Unix user.
    #[serde(default)]
    pub user: Option<u32>,
    /// Account at the issuer.
    #[serde(default)]
    pub account: Option<String>,
    /// Holder of an access token.
    #[serde(default)]
    pub holder: Option<String>,
}

/// Word of the text to which a record commits, as the record of a look has it: `question` or `reason`; none where it commits to none.
#[must_use]
pub fn committed_text(record: &LogRecord) -> Option<&'static str> {
    match (record.text("sql_commit"), record.text("reason_commit")) {
        (Some(_), _) => Some("question"),
        (None, Some(_)) => Some("reason"),
        (None, None) => None,
    }
}

/// Pseudonyms of a record.
#[must_use]
pub fn pseudonyms_of(record: &LogRecord) -> Vec<&str> {
    // A member of this name is something else in another kind of record.
    let others: &[&str] = match record.kind.as_str() {
        "approval" => &["first", "second", "declined"],
        "access_token" => &["by"],
        _ => &[],
    };
    let named = std::iter::once("actor").chain(others.iter().copied());
    let mut pseudonyms: Vec<&str> = named.filter_map(|name| record.text(name)).collect();
    pseudonyms.dedup();
    pseudonyms
}

/// Section with what is kept beside the log; empty where a record needs nothing.
pub(super) fn render_kept_content(
    language: Language,
    record: &LogRecord,
    looks: &RecordLooks,
) -> Markup {
    let text = committed_text(record);
    let pseudonyms = pseudonyms_of(record);
    if text.is_none() && pseudonyms.is_empty() {
        return html! {};
    }
    let address = format!("/evidence/records/{}", record.seq);
    html! {
        section aria-labelledby="record-kept" {
            h2 id="record-kept" { (message!(language, "record-kept")) }
            p.hint { (message!(language, "record-kept-lead")) }
            @if let Some(content) = text {
                (render_text(language, &address, content, looks))
            }
            @for pseudonym in pseudonyms {
                (render_pseudonym(language, &address, pseudonym, looks))
            }
        }
    }
}

fn render_text(language: Language, address: &str, content: &str, looks: &RecordLooks) -> Markup {
    let (heading, label) = match content {
        "question" => (
            message!(language, "kept-question"),
            message!(language, "show-question"),
        ),
        _ => (
            message!(language, "kept-reason"),
            message!(language, "show-reason"),
        ),
    };
    let shown = looks.shown.as_ref().and_then(|shown| match &shown.content {
        KeptContent::Text(text) => Some((text, shown.record)),
        KeptContent::Person(_) => None,
    });
    html! {
        h3 { (heading) }
        @match shown {
            Some((text, record)) => {
                @match &text.text {
                    Some(text) => { pre { code lang="" { (reveal_controls(text)) } } }
                    None => { p { (message!(language, "kept-erased")) } }
                }
                (render_look_record(language, record))
            }
            None => {
                (render_look_form(&LookForm {
                    action: address,
                    key: &looks.text_key,
                    content,
                    pseudonym: "",
                    label,
                }))
            }
        }
    }
}

fn render_pseudonym(
    language: Language,
    address: &str,
    pseudonym: &str,
    looks: &RecordLooks,
) -> Markup {
    let shown = looks.shown.as_ref().and_then(|shown| match &shown.content {
        KeptContent::Person(person) if person.pseudonym == pseudonym => {
            Some((person, shown.record))
        }
        KeptContent::Person(_) | KeptContent::Text(_) => None,
    });
    html! {
        h3 { (message!(language, "kept-person")) " " code { (reveal_controls(pseudonym)) } }
        @match (shown, &looks.person_key) {
            (Some((person, record)), _) => {
                p { (render_person(language, person)) }
                (render_look_record(language, record))
            }
            (None, Some(key)) => {
                (render_look_form(&LookForm {
                    action: address,
                    key,
                    content: "person",
                    pseudonym,
                    label: message!(language, "show-person"),
                }))
            }
            (None, None) => { p { (message!(language, "person-for-auditors")) } }
        }
    }
}

fn render_person(language: Language, person: &KnownPerson) -> Markup {
    let name = person.name.as_ref();
    let name = name.map(|name| html! { bdi { (reveal_controls(name)) } });
    let user = person.user.map(|user| {
        let user = user.to_string();
        html! { (message!(language, "person-user", user)) }
    });
    let account = person.account.as_ref().map(|account| {
        html! { (message!(language, "person-account")) " " bdi { (reveal_controls(account)) } }
    });
    let holder = person.holder.as_ref().map(|holder| {
        html! { (message!(language, "person-holder")) " " bdi { (reveal_controls(holder)) } }
    });
    let known: Vec<Markup> = name
        .into_iter()
        .chain(user)
        .chain(account)
        .chain(holder)
        .collect();
    html! {
        @if known.is_empty() { (message!(language, "person-unknown")) }
        @for (index, part) in known.iter().enumerate() {
            @if index > 0 { " · " }
            (part)
        }
    }
}
