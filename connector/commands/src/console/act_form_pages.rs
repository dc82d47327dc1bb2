//! Pages of acts with a form: before the act, the record, the command, and what it said.

use crate::console::act_table::{RequestedAct, find_act_by_words};
use crate::console::console_act::{ActRequest, JudgedValues, PreparedAct};
use crate::console::page_visit::{
    FrameFacts, RefusedAct, describe_done_act, html_response, redirect,
};
use crate::console::passkey_pages::owner_of;
use crate::console::person_visit::{PermittedPerson, PersonVisit};
use crate::console::unsent_form::ReturnedForm;
use hansa_audit_log::digest::Digest;
use hansa_console::{
    ActFieldFault, ActFormView, ActResultView, ActStep, ActValue, PendingForm, render_act_form,
    render_act_result,
};
use hansa_node::console::act::{
    ActProof, RecordedAct, issue_form_key, keep_done_act, open_act, record_act, take_form_key,
};
use hansa_node::console::form_key::FormSubject;
use hansa_node::console::pending_act::{ActWords, DescribedAct, EnteredValue};
use hansa_node::console::session::{DoneAct, DoneActNote};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use hansa_transport::ConsoleResponse;
use serde_json::Value;
use std::collections::BTreeMap;

/// Most bytes of the lines of a command that a page shows after an act.
const MOST_BYTES: usize = 4_000;

/// Page before an act.
pub(super) async fn show_act_form(
    visit: &PersonVisit<'_>,
    requested: &RequestedAct,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = permit_act(visit, requested).await?;
    let facts = visit.plain_frame_facts();
    match prepare_act(&permitted, requested, &facts).await {
        Ok(prepared) => {
            let values = prepared.form.initial_values();
            let checked = CheckedForm {
                prepared,
                values,
                faults: Vec::new(),
                returned: None,
                step: first_step(requested),
            };
            Ok(show_form(visit, requested, checked))
        }
        Err(refusal) => Ok(refuse_act(visit, requested, &refusal)),
    }
}

/// Act of a form: it is carried out, or waits for its person.
pub(super) async fn submit_act_form(
    visit: &PersonVisit<'_>,
    requested: &RequestedAct,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = permit_act(visit, requested).await?;
    match submit_form(visit, &permitted, requested).await {
        Ok(response) => Ok(response),
        Err(refusal) => Ok(refuse_act(visit, requested, &refusal)),
    }
}

/// Carries out the recorded act of a form, and leads to its page.
pub(super) async fn carry_out_form(
    visit: &PersonVisit<'_>,
    recorded: RecordedAct,
) -> Result<ConsoleResponse, Refusal> {
    let RecordedAct { act, record } = recorded;
    let kind = find_act_by_words(&act.act).ok_or_else(unknown_act)?;
    let permitted = visit.permit(kind.roles(), kind.command_words()).await?;
    let words = act.words.as_ref();
    let back = words.map_or("/", |words| words.back.as_str());
    let results = match kind.carry_out(&permitted, &act).await {
        Ok(results) => results,
        Err(refusal) => {
            let refused = RefusedAct {
                refusal: &refusal,
                back,
                record: Some(record),
                entered: pending_form(&act).map_or_else(Vec::new, |form| form.values),
            };
            let (connector, person) = (visit.connector, &visit.person);
            return Ok(visit.visit.refused_act_response(connector, person, refused));
        }
    };
    let waits = results
        .objects
        .iter()
        .any(|object| object.get("waits_for").is_some_and(Value::is_string));
    let page = kind.page_after(&act, &results);
    let lines = results.texts.iter().chain(&results.notices);
    let done = DoneAct {
        record,
        waits,
        ticks: visit.connector.ticks(),
        note: Some(DoneActNote {
            page: page.split('?').next().unwrap_or_default().to_owned(),
            language: words.map_or_else(|| visit.language(), |words| words.language),
            sentence: words.map_or_else(String::new, |words| words.done.clone()),
            lines: cut_lines(lines),
            has_faults: results.has_faults,
        }),
        act: act.act.clone(),
        subject: act.subject.clone(),
    };
    if kind.is_shown_once() {
        let mut facts = visit.plain_frame_facts();
        facts.done = describe_done_act(done);
        let view = ActResultView {
            label: words.map_or_else(String::new, |words| words.label.clone()),
            back: page,
        };
        return Ok(html_response(
            200,
            render_act_result(&facts.to_frame(), &view),
        ));
    }
    keep_done_act(visit.connector, visit.session(), done);
    Ok(redirect(&page))
}

/// Words of a pending act of a form.
pub(super) fn pending_form(act: &DescribedAct) -> Option<PendingForm> {
    let words = act.words.as_ref()?;
    let values = words.values.iter();
    Some(PendingForm {
        language: words.language,
        label: words.label.clone(),
        values: values
            .map(|value| ActValue {
                name: value.name.clone(),
                value: value.value.clone(),
            })
            .collect(),
        back: words.back.clone(),
    })
}

/// Form of an act with the values that were entered.
struct CheckedForm {
    prepared: PreparedAct,
    values: BTreeMap<String, String>,
    /// Faults of these values.
    faults: Vec<ActFieldFault>,
    /// Reason why the form is shown again, beside faults of values.
    returned: Option<ReturnedForm>,
    step: ActStep,
}

/// Step to which the button leads at first.
fn first_step(requested: &RequestedAct) -> ActStep {
    match requested.act.has_preview() {
        true => ActStep::Preview,
        false => ActStep::Act,
    }
}

async fn submit_form(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    requested: &RequestedAct,
) -> Result<ConsoleResponse, Refusal> {
    let act = requested.act;
    let mut facts = visit.plain_frame_facts();
    // The text is compared in the language in which it was shown.
    let language: Option<Language> = visit.form_value("language").parse().ok();
    if let Some(language) = language {
        facts.set_language(language);
    }
    let prepared = prepare_act(permitted, requested, &facts).await?;
    let subject = requested.subject(visit);
    let shown = compute_digest(&prepared.form.shown_text());
    let values = prepared.form.read_values(&visit.visit.request.form);
    let mut checked = CheckedForm {
        prepared,
        values,
        faults: Vec::new(),
        returned: None,
        step: first_step(requested),
    };
    if visit.form_value("shown") != shown {
        let sentence = "the page has changed since it was shown; nothing was done";
        let refusal = Refusal::new(ErrorCode::TermsChanged, sentence);
        let draft = SentForm { checked, facts };
        return return_form(visit, requested, draft, ReturnedForm::of_change(), refusal);
    }
    let faults = checked.prepared.form.find_faults(&checked.values);
    let judged = match faults.is_empty() {
        true => {
            let request = make_request(permitted, requested, &facts);
            act.judge_values(&request, &checked.values).await
        }
        false => Ok(JudgedValues::Refused(faults)),
    };
    let is_ready = match judged {
        Ok(JudgedValues::Taken) => {
            checked.step = ActStep::Act;
            true
        }
        Ok(JudgedValues::Refused(faults)) => {
            checked.faults = faults;
            false
        }
        Ok(JudgedValues::Previewed(preview)) => {
            let entered = checked.prepared.form.entered_text(&checked.values);
            let digest = compute_digest(&format!("{}\n{entered}", preview.shown_text()));
            let was_shown = visit.form_value("preview") == digest;
            checked.step = ActStep::Previewed { preview, digest };
            was_shown
        }
        Err(refusal) => {
            let draft = SentForm { checked, facts };
            let returned = ReturnedForm::of_refusal(refusal.clone());
            return return_form(visit, requested, draft, returned, refusal);
        }
    };
    if !is_ready {
        return Ok(show_form_in(visit, requested, checked, facts));
    }
    let form_subject = FormSubject {
        session: visit.session(),
        act: act.command_words(),
        subject: &subject,
        shown: &shown,
    };
    let taken = take_form_key(visit.connector, form_subject, visit.form_value("key"));
    if let Err(fault) = taken {
        let draft = SentForm { checked, facts };
        return return_form(
            visit,
            requested,
            draft,
            ReturnedForm::from(fault),
            Refusal::from(fault),
        );
    }
    let described = describe_act(requested, &facts, checked, visit.form_value("preview"));
    let described = DescribedAct {
        subject,
        ..described
    };
    if act.needs_presence() {
        let pending = open_act(visit.connector, described, owner_of(visit))?;
        return Ok(redirect(&format!("/acts/{pending}")));
    }
    let proof = ActProof::Session;
    let record = record_act(visit.connector, &visit.person, &described, proof).await?;
    let recorded = RecordedAct {
        act: described,
        record,
    };
    carry_out_form(visit, recorded).await
}

/// Form that was sent, in the language of its page.
struct SentForm {
    checked: CheckedForm,
    facts: FrameFacts,
}

/// Shows a form again that did nothing, with what was typed. A form without fields has nothing to keep, and is refused.
///
/// # Errors
/// The refusal, for a form without fields.
fn return_form(
    visit: &PersonVisit<'_>,
    requested: &RequestedAct,
    sent: SentForm,
    returned: ReturnedForm,
    refusal: Refusal,
) -> Result<ConsoleResponse, Refusal> {
    let SentForm { mut checked, facts } = sent;
    let form = &checked.prepared.form;
    if form.fields().is_empty() {
        return Err(refusal);
    }
    if returned.unsent.asks_again() {
        form.forget_confirmations(&mut checked.values);
    }
    checked.returned = Some(returned);
    Ok(show_form_in(visit, requested, checked, facts))
}

/// Act of a form, still without its subject.
fn describe_act(
    requested: &RequestedAct,
    facts: &FrameFacts,
    checked: CheckedForm,
    preview: &str,
) -> DescribedAct {
    let CheckedForm {
        prepared, values, ..
    } = checked;
    let act = requested.act;
    let form = &prepared.form;
    let preview = if act.has_preview() { preview } else { "" };
    let shown = format!(
        "{}\n{}\n{preview}",
        form.shown_text(),
        form.entered_text(&values)
    );
    let entered = form.describe_values(&values).into_iter();
    let words = ActWords {
        language: facts.language(),
        label: form.label().to_owned(),
        done: form.done().to_owned(),
        values: entered
            .map(|value| EnteredValue {
                name: value.name,
                value: value.value,
            })
            .collect(),
        back: act.back_address(&requested.segments),
    };
    let mut fields = values;
    fields.extend(prepared.facts);
    DescribedAct {
        act: act.command_words().to_owned(),
        subject: String::new(),
        shown: compute_digest(&shown),
        fields,
        words: Some(words),
    }
}

async fn permit_act<'a>(
    visit: &'a PersonVisit<'_>,
    requested: &RequestedAct,
) -> Result<PermittedPerson<'a>, Refusal> {
    let act = requested.act;
    visit.permit(act.roles(), act.command_words()).await
}

async fn prepare_act(
    permitted: &PermittedPerson<'_>,
    requested: &RequestedAct,
    facts: &FrameFacts,
) -> Result<PreparedAct, Refusal> {
    let request = make_request(permitted, requested, facts);
    requested.act.prepare(&request).await
}

fn make_request<'a>(
    permitted: &'a PermittedPerson<'a>,
    requested: &'a RequestedAct,
    facts: &'a FrameFacts,
) -> ActRequest<'a> {
    ActRequest {
        permitted,
        frame: facts.to_frame(),
        subject: &requested.segments,
    }
}

fn show_form(
    visit: &PersonVisit<'_>,
    requested: &RequestedAct,
    checked: CheckedForm,
) -> ConsoleResponse {
    show_form_in(visit, requested, checked, visit.plain_frame_facts())
}

/// Page before an act in the language of its frame, which is that of the form.
fn show_form_in(
    visit: &PersonVisit<'_>,
    requested: &RequestedAct,
    checked: CheckedForm,
    mut facts: FrameFacts,
) -> ConsoleResponse {
    let CheckedForm {
        prepared,
        values,
        faults,
        returned,
        step,
    } = checked;
    let shown = compute_digest(&prepared.form.shown_text());
    let subject = requested.subject(visit);
    let form_subject = FormSubject {
        session: visit.session(),
        act: requested.act.command_words(),
        subject: &subject,
        shown: &shown,
    };
    let key = issue_form_key(visit.connector, form_subject);
    let status = match (&returned, faults.is_empty()) {
        (Some(returned), _) => returned.status,
        (None, true) => 200,
        (None, false) => 422,
    };
    let view = ActFormView {
        form: prepared.form,
        key,
        shown,
        values,
        faults,
        unsent: returned.map(|returned| returned.unsent),
        step,
        back: requested.act.back_address(&requested.segments),
    };
    facts.command = (!prepared.line.is_empty()).then_some(prepared.line);
    html_response(status, render_act_form(&facts.to_frame(), &view))
}

fn refuse_act(
    visit: &PersonVisit<'_>,
    requested: &RequestedAct,
    refusal: &Refusal,
) -> ConsoleResponse {
    let back = requested.act.back_address(&requested.segments);
    let refused = RefusedAct {
        refusal,
        back: &back,
        record: None,
        entered: Vec::new(),
    };
    let (connector, person) = (visit.connector, &visit.person);
    visit.visit.refused_act_response(connector, person, refused)
}

fn unknown_act() -> Refusal {
    let sentence = "the pending act is none of the console";
    Refusal::new(ErrorCode::Internal, sentence)
}

fn compute_digest(text: &str) -> String {
    Digest::of(text.as_bytes()).to_string()
}

/// Lines that are not empty, as many as a page shows.
fn cut_lines<'a>(texts: impl Iterator<Item = &'a String>) -> Vec<String> {
    let lines = texts.flat_map(|text| text.lines());
    let lines = lines.filter(|line| !line.trim().is_empty());
    let mut bytes = 0_usize;
    let mut kept = Vec::new();
    for line in lines {
        bytes = bytes.saturating_add(line.len());
        if bytes > MOST_BYTES {
            kept.push("…".to_owned());
            break;
        }
        kept.push(line.to_owned());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_a_command_are_bounded() {
        let texts = ["a\n\n  \nb".to_owned(), "x".repeat(3_000)];
        let lines = cut_lines(texts.iter());
        assert_eq!(lines, ["a", "b", "x".repeat(3_000).as_str()]);
        let many = vec!["y".repeat(1_000); 9];
        let lines = cut_lines(many.iter());
        assert_eq!((lines.len(), lines[4].as_str()), (5, "…"));
    }
}
