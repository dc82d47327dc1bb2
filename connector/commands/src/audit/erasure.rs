//! `hansa audit erase`: the texts of questions, which stand beside the log.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::arguments::ErasureReason;
use crate::audit::record_filter::parse_instant;
use crate::audit::{find_records, peer_of, record_format};
use crate::cli::command_report::CommandReport;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::Record;
use hansa_node::participant::Connector;
use hansa_node::participant::pseudonyms::Person;
use hansa_node::process::blocking_work::{run_blocking, run_waiting};
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Erases the texts of one question, or all from before an instant.
pub(super) async fn erase_question_texts(
    connector: &Arc<Connector>,
    question: Option<String>,
    before: Option<String>,
    ground: ErasureReason,
    out: &EventSink,
) -> CommandResult {
    let inner = Arc::clone(connector);
    let erased = run_blocking(move || {
        erase_texts_and_reasons(&inner, question.as_deref(), before.as_deref(), ground)
    });
    let erased = erased.await?;
    out.send_report(&TextErasure {
        erased,
        ground: ground.as_str(),
    })
    .await?;
    Ok(0)
}

/// Erased texts of questions.
#[derive(Debug, Serialize)]
struct TextErasure {
    erased: usize,
    ground: &'static str,
}

impl CommandReport for TextErasure {
    fn to_text(&self) -> String {
        format!(
            "{} texts are erased; the log and all proofs are as they were",
            self.erased
        )
    }
}

fn erase_texts_and_reasons(
    connector: &Connector,
    question: Option<&str>,
    before: Option<&str>,
    ground: ErasureReason,
) -> Result<usize, Refusal> {
    let before = before
        .map(|before| parse_instant(connector, before))
        .transpose()?;
    let Some(question) = question else {
        return connector.erase_texts(ground.as_str(), before, |held| {
            before.is_some_and(|before| held.at < before)
        });
    };
    let records = find_records(connector, question)?;
    only_one(connector, question, &records)?;
    let commits: BTreeSet<Digest> = records.iter().filter_map(text_commitment).collect();
    let reasons: BTreeSet<Digest> = records.iter().filter_map(reason_commitment).collect();
    let erased =
        connector.erase_texts(ground.as_str(), None, |held| commits.contains(&held.commit))?;
    let reasons = connector.erase_reasons(ground.as_str(), |commit| reasons.contains(commit))?;
    let erased = erased.saturating_add(reasons);
    if erased == 0 {
        let sentence = format!("no text of `{question}` is kept here, or no longer");
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
    }
    Ok(erased)
}

/// What is erased does not come back, so a name that could mean two questions means none: neither the first digits of
/// several, nor a number that is both a record and the first digits of another question.
fn only_one(connector: &Connector, question: &str, records: &[Record]) -> Result<(), Refusal> {
    // Two peers may have drawn the same identity.
    let request = |record: &Record| {
        let request = record_format::record_field(record, "request_id")?;
        Some((request, peer_of(connector, record)?))
    };
    let mut meant: BTreeSet<(String, String)> = records.iter().filter_map(request).collect();
    for record in connector.records.log.read(0) {
        let other = request(&record?);
        let Some((one, peer)) = other.filter(|(one, _)| one.starts_with(question)) else {
            continue;
        };
        // A record that is named by its index is of one peer.
        let is_index = question.parse::<u64>().is_ok();
        if is_index && meant.iter().any(|(known, _)| *known == one) {
            continue;
        }
        meant.insert((one, peer));
        if meant.len() > 1 {
            let sentence = format!("`{question}` could mean several questions");
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence).with_help(
                "give the full request_id, or the index of the permit: hansa audit show",
            ));
        }
    }
    Ok(())
}

/// Digest of the text of a question to which a record commits.
pub(super) fn text_commitment(record: &Record) -> Option<Digest> {
    record_format::record_field(record, "sql_commit")?
        .parse()
        .ok()
}

/// Digest of a reason to which a record commits.
pub(super) fn reason_commitment(record: &Record) -> Option<Digest> {
    record_format::record_field(record, "reason_commit")?
        .parse()
        .ok()
}

/// Erases who a person was.
pub(super) async fn erase_person(
    connector: &Arc<Connector>,
    person: String,
    ground: ErasureReason,
    out: &EventSink,
) -> CommandResult {
    let inner = Arc::clone(connector);
    let erased = run_blocking(move || {
        inner.erase_person(&Person::from_typed_text(&person), ground.as_str())
    })
    .await?;
    out.send_report(&PersonErasure {
        erased: erased.len(),
        pseudonyms: erased,
        ground: ground.as_str(),
    })
    .await?;
    Ok(0)
}

/// Erased identity of a person.
#[derive(Debug, Serialize)]
struct PersonErasure {
    erased: usize,
    pseudonyms: Vec<String>,
    ground: &'static str,
}

impl CommandReport for PersonErasure {
    fn to_text(&self) -> String {
        format!(
            "nobody can tell any more who {} was; the log and all proofs are as they were",
            self.pseudonyms.join(", ")
        )
    }
}

/// People behind the pseudonyms of a record, and the reason that it commits to, as far as they are still known here.
#[derive(Debug, Serialize)]
pub(super) struct RecordPeople {
    #[serde(skip_serializing_if = "Option::is_none")]
    actor_user: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_user: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    second_user: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl RecordPeople {
    /// The people of a record.
    ///
    /// # Errors
    /// When they can't be read.
    pub(super) fn of(connector: &Connector, record: &Record) -> Result<Self, Refusal> {
        let pseudonyms = &connector.records.pseudonyms;
        let person = |name: &str| {
            let person = pseudonyms.person(&record_format::record_field(record, name)?)?;
            Some(person.to_json())
        };
        let reason = match reason_commitment(record) {
            Some(commit) => run_waiting(|| pseudonyms.reason(commit))?,
            None => None,
        };
        Ok(Self {
            actor_user: person("actor"),
            first_user: person("first"),
            second_user: person("second"),
            reason,
        })
    }
}

/// The text of the question that a record is about, if it is kept here.
///
/// # Errors
/// When it can't be read.
pub(super) fn text(connector: &Connector, record: &Record) -> Result<Option<String>, Refusal> {
    match text_commitment(record) {
        Some(commit) => connector.records.texts.flushed_store().text_of(commit),
        None => Ok(None),
    }
}
