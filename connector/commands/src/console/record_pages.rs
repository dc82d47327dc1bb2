//! Page of one record, and the forms that show what is kept beside the log for it.

use crate::audit::arguments::AuditCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::evidence_pages::{PAGE, READERS, read_place};
use crate::console::guarded_look::{issue_look_key, use_look};
use crate::console::person_visit::{PermittedPerson, PersonVisit};
use hansa_console::{
    KeptContent, RecordLooks, RecordProofView, ShownContent, committed_text, pseudonyms_of,
    render_record,
};
use hansa_node::config::person::Role;
use hansa_node::console::look::GuardedContent;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;

/// Roles that see persons behind pseudonyms.
const PERSON_READERS: &[Role] = &[Role::Auditor];

/// One record.
pub(super) async fn show_record(
    visit: &PersonVisit<'_>,
    number: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let place = read_place(number)?;
    let view = read_record(&permitted, place).await?;
    let shown = format!("hansa audit show {place} --proof");
    Ok(show_with_looks(visit, &view, None, shown))
}

/// Shows a text or a person that is kept beside the log, after the look at it is recorded.
pub(super) async fn submit_record_look(
    visit: &PersonVisit<'_>,
    number: &str,
) -> Result<ConsoleResponse, Refusal> {
    let mut permitted = visit.permit(READERS, PAGE).await?;
    let place = read_place(number)?;
    let content = match visit.form_value("content") {
        "question" => GuardedContent::Question,
        "reason" => GuardedContent::Reason,
        "person" => GuardedContent::Person,
        _ => {
            let sentence = "the form shows no content of a record";
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
        }
    };
    if content == GuardedContent::Person {
        permitted = visit.permit(PERSON_READERS, "people").await?;
    }
    let view = read_record(&permitted, place).await?;
    let asked = check_content(visit, &view, content)?;
    let recorded = use_look(visit, content, &place.to_string(), &asked.subject).await?;
    let command = ConnectorCommand::Audit(asked.command);
    let content = match content {
        GuardedContent::Person => KeptContent::Person(permitted.read_one(command).await?),
        _ => KeptContent::Text(permitted.read_one(command).await?),
    };
    let shown = ShownContent {
        record: recorded.record(),
        content,
    };
    Ok(show_with_looks(visit, &view, Some(shown), asked.line))
}

/// Content that a form asks for.
struct AskedContent {
    /// Subject of the look in its record.
    subject: String,
    command: AuditCommand,
    /// The command as it is typed.
    line: String,
}

/// Content of a form, if the record has it.
fn check_content(
    visit: &PersonVisit<'_>,
    view: &RecordProofView,
    content: GuardedContent,
) -> Result<AskedContent, Refusal> {
    let place = view.place;
    let missing = || {
        let sentence = format!("record {place} has no such content");
        Refusal::new(ErrorCode::UsageWrong, sentence)
    };
    let record = view.record.as_ref().ok_or_else(missing)?;
    if content == GuardedContent::Person {
        let pseudonym = visit.form_value("pseudonym");
        if !pseudonyms_of(record).contains(&pseudonym) {
            return Err(missing());
        }
        return Ok(AskedContent {
            subject: pseudonym.to_owned(),
            line: format!("hansa audit person {}", quote_word(pseudonym)),
            command: AuditCommand::Person {
                pseudonym: pseudonym.to_owned(),
            },
        });
    }
    if committed_text(record) != Some(content.as_str()) {
        return Err(missing());
    }
    Ok(AskedContent {
        subject: place.to_string(),
        line: format!("hansa audit show {place} --text"),
        command: AuditCommand::Show {
            id: place.to_string(),
            proof: false,
            text: true,
        },
    })
}

async fn read_record(
    permitted: &PermittedPerson<'_>,
    place: u64,
) -> Result<RecordProofView, Refusal> {
    let command = AuditCommand::Show {
        id: place.to_string(),
        proof: true,
        text: false,
    };
    permitted.read_one(ConnectorCommand::Audit(command)).await
}

fn show_with_looks(
    visit: &PersonVisit<'_>,
    view: &RecordProofView,
    shown: Option<ShownContent>,
    line: String,
) -> ConsoleResponse {
    let number = view.place.to_string();
    let issue_key = |content| issue_look_key(visit, content, &number);
    let text = match view.record.as_ref().and_then(committed_text) {
        Some("reason") => GuardedContent::Reason,
        _ => GuardedContent::Question,
    };
    let roles = &visit.person.person.roles;
    let may_see_persons = PERSON_READERS.iter().any(|role| roles.contains(role));
    let looks = RecordLooks {
        text_key: issue_key(text),
        person_key: may_see_persons.then(|| issue_key(GuardedContent::Person)),
        shown,
    };
    visit.show_page(line, |frame| render_record(frame, view, &looks))
}
