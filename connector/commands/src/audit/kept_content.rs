//! `hansa audit show --text` and `hansa audit person`: one content that is kept beside the log.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::erasure;
use crate::audit::record_page::find_record;
use crate::cli::command_report::CommandReport;
use hansa_node::participant::Connector;
use hansa_node::participant::pseudonyms::Person;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::sync::Arc;

/// Reports the text to which one record commits. Other records stay unread.
pub(super) async fn report_kept_text(
    connector: &Arc<Connector>,
    index: &str,
    out: &EventSink,
) -> CommandResult {
    let place = index.parse::<u64>().map_err(|cause| {
        let sentence = format!("--text is about one record, and `{index}` is no index");
        Refusal::new(ErrorCode::UsageWrong, sentence).caused_by(cause)
    })?;
    let inner = Arc::clone(connector);
    let kept = run_blocking(move || read_kept_text(&inner, place)).await?;
    out.send_report(&kept).await?;
    Ok(0)
}

/// Text to which a record commits.
#[derive(Debug, Serialize)]
struct KeptText {
    /// Place of the record.
    place: u64,
    /// `question` or `reason`.
    content: &'static str,
    /// The text; none where it is erased.
    text: Option<String>,
}

impl CommandReport for KeptText {
    fn to_text(&self) -> String {
        match &self.text {
            Some(text) => text.clone(),
            None => format!("the text of the {} is not kept any more", self.content),
        }
    }
}

fn read_kept_text(connector: &Connector, place: u64) -> Result<KeptText, Refusal> {
    let log = &connector.records.log;
    let record = match place < log.size() {
        true => find_record(log, place)?,
        false => None,
    };
    let record = record.ok_or_else(|| {
        let sentence = format!("no record {place} is in the log");
        Refusal::new(ErrorCode::UsageWrong, sentence)
    })?;
    if let Some(commit) = erasure::text_commitment(&record) {
        return Ok(KeptText {
            place,
            content: "question",
            text: connector.records.texts.flushed_store().text_of(commit)?,
        });
    }
    if let Some(commit) = erasure::reason_commitment(&record) {
        return Ok(KeptText {
            place,
            content: "reason",
            text: connector.records.pseudonyms.reason(commit)?,
        });
    }
    let sentence = format!("record {place} commits to no text");
    Err(Refusal::new(ErrorCode::UsageWrong, sentence))
}

/// Reports who is behind a pseudonym.
pub(super) async fn report_person(
    connector: &Arc<Connector>,
    pseudonym: String,
    out: &EventSink,
) -> CommandResult {
    let config = connector.config();
    let report = match connector.records.pseudonyms.person(&pseudonym) {
        Some(Person::Human(key)) => {
            let mut listed = config.people.iter();
            let entry = listed.find(|entry| entry.key.shares_account(&key));
            PseudonymReport {
                name: entry.map(|entry| entry.name.clone()),
                user: key.unix(),
                account: key.account().map(ToString::to_string),
                holder: None,
                pseudonym,
            }
        }
        Some(Person::Named(holder)) => PseudonymReport {
            holder: Some(holder),
            ..PseudonymReport::unknown(pseudonym)
        },
        None => PseudonymReport::unknown(pseudonym),
    };
    out.send_report(&report).await?;
    Ok(0)
}

/// Person behind a pseudonym. All members are empty where the person is erased, or of another participant.
#[derive(Debug, Serialize)]
struct PseudonymReport {
    pseudonym: String,
    /// Name in the configuration in force.
    name: Option<String>,
    /// Unix user.
    user: Option<u32>,
    /// Account at the issuer.
    account: Option<String>,
    /// Holder of an access token, by the name that this participant has given.
    holder: Option<String>,
}

impl PseudonymReport {
    /// Report about a pseudonym behind which nobody is known.
    const fn unknown(pseudonym: String) -> Self {
        Self {
            pseudonym,
            name: None,
            user: None,
            account: None,
            holder: None,
        }
    }
}

impl CommandReport for PseudonymReport {
    fn to_text(&self) -> String {
        let pseudonym = &self.pseudonym;
        let named = self.name.iter().cloned();
        let user = self.user.map(|user| format!("Unix user {user}"));
        let account = self.account.as_ref();
        let account = account.map(|account| format!("account {account}"));
        let holder = self.holder.as_ref();
        let holder = holder.map(|holder| format!("{holder}, the holder of a token"));
        let known: Vec<String> = named.chain(user).chain(account).chain(holder).collect();
        match known.is_empty() {
            true => {
                format!("nobody is known behind {pseudonym}: erased, or no pseudonym of this log")
            }
            false => format!("{pseudonym} is {}", known.join(", ")),
        }
    }
}
