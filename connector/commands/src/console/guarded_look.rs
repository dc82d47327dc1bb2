//! Forms that show what is about persons: their key, its use, and the record before anything is read.

use crate::console::person_visit::PersonVisit;
use hansa_node::console::act::{issue_form_key, use_form_key};
use hansa_node::console::form_key::FormSubject;
use hansa_node::console::look::{GuardedContent, RecordedLook, record_look};
use hansa_policy::refusal::Refusal;

/// Words of the act in the key of a form.
const LOOK: &str = "look";

/// Makes the key of the form that shows a content of a record or a dataset.
pub(super) fn issue_look_key(
    visit: &PersonVisit<'_>,
    content: GuardedContent,
    page: &str,
) -> String {
    issue_form_key(visit.connector, look_form(visit, content, page))
}

/// Uses up the key of a form, and records the look. `page` is the record or the dataset of the form, `subject` that of the look.
///
/// # Errors
/// `FORM_STALE`, or why the look can't be recorded.
pub(super) async fn use_look(
    visit: &PersonVisit<'_>,
    content: GuardedContent,
    page: &str,
    subject: &str,
) -> Result<RecordedLook, Refusal> {
    let form = look_form(visit, content, page);
    use_form_key(visit.connector, form, visit.form_value("key"))?;
    record_look(visit.connector, &visit.person, content, subject).await
}

fn look_form<'a>(
    visit: &'a PersonVisit<'_>,
    content: GuardedContent,
    page: &'a str,
) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: LOOK,
        subject: page,
        shown: content.as_str(),
    }
}
