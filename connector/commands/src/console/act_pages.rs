//! Acts on contracts: the page before an act, the proof that the person is present, the record, and the command.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::act_form_pages::{carry_out_form, pending_form};
use crate::console::contract_pages::check_identity;
use crate::console::login_proof::login_step;
use crate::console::page_visit::{html_response, redirect};
use crate::console::passkey_pages::{
    finish_addition, owner_of, passkey_request, record_by_passkey,
};
use crate::console::person_visit::{PermittedPerson, PersonVisit};
use crate::console::unsent_form::ReturnedForm;
use crate::contract::arguments::ContractCommand;
use hansa_console::{
    ActCheckView, ActFault, ActFields, ActKind, ContractReport, LoginStep, PendingActKind,
    PendingActView, PendingFault, PersonRole, render_act_check, render_pending_act,
};
use hansa_node::config::person::Role;
use hansa_node::console::act::{
    ActProof, RecordedAct, find_act, issue_form_key, keep_done_act, open_act, record_act,
    record_act_by_login, take_act, take_form_key, use_form_key,
};
use hansa_node::console::form_key::FormSubject;
use hansa_node::console::passkey::has_passkeys;
use hansa_node::console::pending_act::{ADD_PASSKEY, DescribedAct, PendingAct};
use hansa_node::console::session::DoneAct;
use hansa_node::withdrawal::effective_instant;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use hansa_transport::ConsoleResponse;
use serde_json::Value;
use std::collections::BTreeMap;

/// Words of the form that goes on after the number was typed.
const GO_ON: &str = "go on";

/// Page before an act.
pub(super) async fn show_act(
    visit: &PersonVisit<'_>,
    id: &str,
    kind: ActKind,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = permit_act(visit, kind).await?;
    let report = read_report(&permitted, id).await?;
    check_offer(visit, id, kind, &report)?;
    Ok(show_check(visit, ActDraft::new(id, kind, report), 200))
}

/// Act of a form: it is carried out, or waits for the number at the machine.
pub(super) async fn submit_act(
    visit: &PersonVisit<'_>,
    id: &str,
    kind: ActKind,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = permit_act(visit, kind).await?;
    let report = read_report(&permitted, id).await?;
    check_offer(visit, id, kind, &report)?;
    let form = |name: &str| visit.form_value(name).to_owned();
    let fields = ActFields {
        reason: form("reason"),
        from: form("from"),
        clause: form("clause"),
        text: form("text"),
        has_read: form("read") == "yes",
    };
    let shown = form("shown");
    let becomes = form("becomes");
    // The key is of the page that was shown, so another page since then is told before anything else.
    let key = form("key");
    let subject = FormSubject {
        session: visit.session(),
        act: kind.command(),
        subject: id,
        shown: &join_shown(&shown, &becomes),
    };
    let (now_shown, now_becomes) = shown_page(&report);
    if shown != now_shown || becomes != now_becomes {
        let draft = ActDraft::new(id, kind, report);
        return Ok(return_act(visit, draft, fields, ReturnedForm::of_change()));
    }
    let faults = check_fields(visit, kind, &fields);
    if !faults.is_empty() {
        let draft = ActDraft {
            fields,
            faults,
            ..ActDraft::new(id, kind, report)
        };
        return Ok(show_check(visit, draft, 422));
    }
    if let Err(fault) = take_form_key(visit.connector, subject, &key) {
        let draft = ActDraft::new(id, kind, report);
        return Ok(return_act(visit, draft, fields, ReturnedForm::from(fault)));
    }
    let mut kept = BTreeMap::new();
    for (name, value) in [
        ("reason", fields.reason),
        ("from", fields.from),
        ("clause", fields.clause),
        ("text", fields.text),
        ("becomes", becomes),
    ] {
        if !value.is_empty() {
            kept.insert(name.to_owned(), value);
        }
    }
    let act = DescribedAct {
        // An end at another instant is another act, for which the person says yes apart.
        act: match kept.get("from") {
            Some(from) => format!("{} from {from}", kind.command()),
            None => kind.command().to_owned(),
        },
        subject: id.to_owned(),
        shown,
        fields: kept,
        words: None,
    };
    if kind.needs_presence() {
        let pending = open_act(visit.connector, act, owner_of(visit))?;
        return Ok(redirect(&format!("/acts/{pending}")));
    }
    let record = record_act(visit.connector, &visit.person, &act, ActProof::Session).await?;
    carry_out(visit, kind, RecordedAct { act, record }).await
}

/// Page of an act that waits for its person.
pub(super) fn show_pending_act(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Result<ConsoleResponse, Refusal> {
    show_pending(visit, id, None)
}

/// Carries out an act whose person a passkey, or the number at the machine, has proven to be present.
pub(super) async fn finish_act(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Result<ConsoleResponse, Refusal> {
    let pending = find_act(visit.connector, id, owner_of(visit))?;
    let kind = permit_pending_act(visit, &pending).await?;
    use_form_key(
        visit.connector,
        go_on_form(visit, id),
        visit.form_value("key"),
    )?;
    match (&kind, record_by_passkey(visit, id).await) {
        (PendingActKind::Contract(kind), Some(Ok(recorded))) => {
            return carry_out(visit, *kind, recorded).await;
        }
        (PendingActKind::Form(_), Some(Ok(recorded))) => {
            return carry_out_form(visit, recorded).await;
        }
        (_, Some(Err(refusal))) if is_unproven(refusal.code) => {
            return show_pending(visit, id, Some(PendingFault::PasskeyRefused));
        }
        (_, Some(Err(refusal))) => return Err(refusal),
        // The number below proves the addition of a passkey, and nothing else does.
        (PendingActKind::AddPasskey, Some(Ok(_))) | (_, None) => {}
    }
    if let PendingActKind::Contract(kind) = &kind
        && login_step(visit, &pending)? == LoginStep::Done
    {
        let owner = owner_of(visit);
        let recorded = record_act_by_login(visit.connector, &visit.person, id, owner).await?;
        if let Some(recorded) = recorded {
            return carry_out(visit, *kind, recorded).await;
        }
    }
    let act = match take_act(visit.connector, id, owner_of(visit)) {
        Ok(act) => act,
        Err(refusal) if refusal.code == ErrorCode::ActUnconfirmed => {
            let has_number =
                kind == PendingActKind::AddPasskey || visit.person.person.key.unix().is_some();
            return show_pending(visit, id, has_number.then_some(PendingFault::NumberMissing));
        }
        Err(refusal) => return Err(refusal),
    };
    match kind {
        PendingActKind::AddPasskey => finish_addition(visit, &act).await,
        PendingActKind::Contract(kind) => {
            let record = record_act(visit.connector, &visit.person, &act, ActProof::Host).await?;
            carry_out(visit, kind, RecordedAct { act, record }).await
        }
        PendingActKind::Form(_) => {
            let record = record_act(visit.connector, &visit.person, &act, ActProof::Host).await?;
            carry_out_form(visit, RecordedAct { act, record }).await
        }
    }
}

/// Checks that the roles of the person permit a pending act, and gives its kind.
///
/// # Errors
/// `ROLE_MISSING`.
pub(super) async fn permit_pending_act(
    visit: &PersonVisit<'_>,
    pending: &PendingAct,
) -> Result<PendingActKind, Refusal> {
    let kind = act_kind(&pending.act)?;
    if let PendingActKind::Contract(kind) = &kind {
        let _permitted = permit_act(visit, *kind).await?;
    }
    Ok(kind)
}

/// True for an answer of a passkey that proves nothing; the act then waits on.
fn is_unproven(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::PasskeyInvalid | ErrorCode::PasskeyUnknown)
}

/// Act, with the values of its form.
struct ActDraft<'a> {
    id: &'a str,
    kind: ActKind,
    report: ContractReport,
    fields: ActFields,
    faults: Vec<ActFault>,
    /// Reason why the form did nothing.
    returned: Option<ReturnedForm>,
}

impl<'a> ActDraft<'a> {
    fn new(id: &'a str, kind: ActKind, report: ContractReport) -> Self {
        let mut fields = ActFields::default();
        if let (ActKind::Withdraw, Some(from)) = (kind, asked_end(&report)) {
            // Whoever approves ends the contract at the instant that the first person asked for.
            from.clone_into(&mut fields.from);
            "approved".clone_into(&mut fields.reason);
        }
        Self {
            id,
            kind,
            report,
            fields,
            faults: Vec::new(),
            returned: None,
        }
    }
}

/// Shows the form of an act again that did nothing, with what was typed.
fn return_act(
    visit: &PersonVisit<'_>,
    mut draft: ActDraft<'_>,
    typed: ActFields,
    returned: ReturnedForm,
) -> ConsoleResponse {
    // Whoever approves has typed nothing, and approves what is asked for now.
    if draft.fields == ActFields::default() {
        draft.fields = typed;
    }
    if returned.unsent.asks_again() {
        draft.fields.has_read = false;
    }
    let status = returned.status;
    draft.returned = Some(returned);
    show_check(visit, draft, status)
}

/// Instant of the end that one officer has asked for; empty for an end at once.
fn asked_end(report: &ContractReport) -> Option<&str> {
    let ContractReport::Contract(detail) = report else {
        return None;
    };
    let mut open = detail.officers.iter().filter(|step| step.second.is_none());
    open.find_map(|step| match step.action.as_str() {
        "withdraw" => Some(""),
        action => action.strip_prefix("withdraw from "),
    })
}

async fn permit_act<'a>(
    visit: &'a PersonVisit<'_>,
    kind: ActKind,
) -> Result<PermittedPerson<'a>, Refusal> {
    let wanted = kind.role();
    let roles: Vec<Role> = Role::ALL
        .iter()
        .copied()
        .filter(|role| PersonRole::from_word(role.as_str()) == Some(wanted))
        .collect();
    visit.permit(&roles, kind.command()).await
}

async fn read_report(permitted: &PermittedPerson<'_>, id: &str) -> Result<ContractReport, Refusal> {
    check_identity(id)?;
    let command = ConnectorCommand::Contract(ContractCommand::Show {
        id: id.to_owned(),
        diff: false,
        odrl: false,
        as_known: true,
        // The language that is shown is the language that is signed.
        language: None,
    });
    permitted.read_one(command).await
}

/// Refuses an act that the page of the subject does not offer, and a subject that is named by anything but its whole identity.
fn check_offer(
    visit: &PersonVisit<'_>,
    id: &str,
    kind: ActKind,
    report: &ContractReport,
) -> Result<(), Refusal> {
    if report.identity() != id {
        let sentence = "an act names a contract or a negotiation by its whole identity";
        return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
    }
    let facts = visit.plain_frame_facts();
    if kind.is_offered(facts.roles(), report) {
        return Ok(());
    }
    let sentence = "this act is not possible in the state of the contract or negotiation";
    Err(Refusal::new(ErrorCode::NegotiationState, sentence))
}

/// Digest of the page that is shown, and the contract that a signature would make.
fn shown_page(report: &ContractReport) -> (&str, &str) {
    match report {
        ContractReport::Contract(detail) => (&detail.shown.sha256, ""),
        ContractReport::Negotiation(detail) => (
            &detail.shown.sha256,
            detail.would_become.as_deref().unwrap_or_default(),
        ),
    }
}

fn join_shown(shown: &str, becomes: &str) -> String {
    format!("{shown} {becomes}")
}

fn show_check(visit: &PersonVisit<'_>, draft: ActDraft<'_>, status: u16) -> ConsoleResponse {
    let ActDraft {
        id,
        kind,
        report,
        fields,
        faults,
        returned,
    } = draft;
    let (shown, becomes) = shown_page(&report);
    let subject = FormSubject {
        session: visit.session(),
        act: kind.command(),
        subject: id,
        shown: &join_shown(shown, becomes),
    };
    let key = issue_form_key(visit.connector, subject);
    let line = command_line(kind, id, becomes);
    let view = ActCheckView {
        kind,
        report,
        key,
        fields,
        faults,
        unsent: returned.map(|returned| returned.unsent),
    };
    let facts = visit.frame_facts(line);
    html_response(status, render_act_check(&facts.to_frame(), &view))
}

/// Command line of an act, with the words that the form asks for.
fn command_line(kind: ActKind, id: &str, becomes: &str) -> String {
    let command = kind.command();
    match kind {
        ActKind::Sign if becomes.is_empty() => format!("hansa {command} {id}"),
        ActKind::Sign => format!("hansa {command} {id} --becomes {becomes}"),
        ActKind::Comment => {
            format!("hansa {command} {id} --becomes {becomes} --clause NUMBER TEXT")
        }
        ActKind::Decline => format!("hansa {command} {id} --becomes {becomes} --reason TEXT"),
        ActKind::Withdraw => format!("hansa {command} {id} --reason TEXT"),
    }
}

/// Faults of the values of a form, before anything is recorded.
fn check_fields(visit: &PersonVisit<'_>, kind: ActKind, fields: &ActFields) -> Vec<ActFault> {
    let is_line = |what, text: &str| !text.is_empty() && SingleLineText::parse(what, text).is_ok();
    let mut faults = Vec::new();
    if matches!(kind, ActKind::Decline | ActKind::Withdraw) && !is_line("reason", &fields.reason) {
        faults.push(ActFault::Reason);
    }
    if kind == ActKind::Withdraw && !fields.from.is_empty() {
        let zone = visit.connector.config().participant.zone.clone();
        let from = effective_instant::read_instant(&fields.from, Some(&zone));
        if from.is_err() || from.is_ok_and(|from| from <= visit.connector.now()) {
            faults.push(ActFault::From);
        }
    }
    if kind == ActKind::Comment {
        if fields.clause.parse::<u32>().is_err() {
            faults.push(ActFault::Clause);
        }
        if !is_line("comment", &fields.text) {
            faults.push(ActFault::Text);
        }
    }
    if matches!(kind, ActKind::Sign | ActKind::Withdraw) && !fields.has_read {
        faults.push(ActFault::NotRead);
    }
    faults
}

fn show_pending(
    visit: &PersonVisit<'_>,
    id: &str,
    fault: Option<PendingFault>,
) -> Result<ConsoleResponse, Refusal> {
    let pending = find_act(visit.connector, id, owner_of(visit))?;
    let kind = act_kind(&pending.act)?;
    let key = issue_form_key(visit.connector, go_on_form(visit, id));
    let login = login_step(visit, &pending)?;
    let person = &visit.person.person;
    let own_line = format!("hansa console confirm {}", pending.number);
    // Only a Unix user is at the machine. A passkey of another person is confirmed by whoever runs the connector.
    let is_for_other = person.key.unix().is_none();
    let (number, line) = match (is_for_other, &kind) {
        (false, _) => (Some(pending.number.clone()), Some(own_line)),
        (true, PendingActKind::AddPasskey) => {
            let line = format!("{own_line} --for {}", quote_word(&person.name));
            (Some(line.clone()), Some(line))
        }
        (true, PendingActKind::Contract(_) | PendingActKind::Form(_)) => (None, None),
    };
    let passkey = passkey_request(visit, &pending)?;
    let can_add_passkey =
        passkey.is_none() && kind != PendingActKind::AddPasskey && has_passkeys(visit.connector);
    let view = PendingActView {
        id: id.to_owned(),
        kind,
        subject: pending.act.subject,
        number,
        is_for_other,
        key,
        passkey,
        can_add_passkey,
        login,
        fault,
    };
    let mut facts = visit.plain_frame_facts();
    facts.command = line;
    let status = if fault.is_some() { 422 } else { 200 };
    Ok(html_response(
        status,
        render_pending_act(&facts.to_frame(), &view),
    ))
}

fn go_on_form<'a>(visit: &'a PersonVisit<'_>, id: &'a str) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: GO_ON,
        subject: id,
        shown: "",
    }
}

fn act_kind(act: &DescribedAct) -> Result<PendingActKind, Refusal> {
    if act.act == ADD_PASSKEY {
        return Ok(PendingActKind::AddPasskey);
    }
    if let Some(form) = pending_form(act) {
        return Ok(PendingActKind::Form(form));
    }
    let kind = ActKind::from_command(&act.act).ok_or_else(|| {
        Refusal::new(
            ErrorCode::Internal,
            "the pending act is none of the console",
        )
    })?;
    Ok(PendingActKind::Contract(kind))
}

/// Runs the command of a recorded act to its end, and leads to the page of its subject.
async fn carry_out(
    visit: &PersonVisit<'_>,
    kind: ActKind,
    recorded: RecordedAct,
) -> Result<ConsoleResponse, Refusal> {
    let RecordedAct { act, record } = recorded;
    let permitted = permit_act(visit, kind).await?;
    let command = ConnectorCommand::Contract(build_command(kind, &act)?);
    let objects = permitted.read_objects(command).await?;
    let waits = objects
        .iter()
        .any(|object| object.get("waits_for").is_some_and(Value::is_string));
    let done = DoneAct {
        act: act.act,
        subject: act.subject.clone(),
        record,
        waits,
        ticks: visit.connector.ticks(),
        note: None,
    };
    keep_done_act(visit.connector, visit.session(), done);
    Ok(redirect(&format!("/contracts/{}", act.subject)))
}

fn build_command(kind: ActKind, act: &DescribedAct) -> Result<ContractCommand, Refusal> {
    let field = |name: &str| act.fields.get(name).cloned();
    let id = act.subject.clone();
    Ok(match kind {
        ActKind::Sign => ContractCommand::Sign {
            id: Some(id),
            becomes: field("becomes"),
            offline: None,
            key: None,
            certificates: None,
            mandate: None,
            output: None,
        },
        ActKind::Comment => ContractCommand::Comment {
            id,
            clause: field("clause")
                .and_then(|clause| clause.parse().ok())
                .ok_or_else(|| {
                    Refusal::new(ErrorCode::UsageWrong, "the comment names no clause")
                })?,
            becomes: field("becomes"),
            text: field("text").unwrap_or_default(),
        },
        ActKind::Decline => ContractCommand::Decline {
            id,
            reason: field("reason").unwrap_or_default(),
            becomes: field("becomes"),
        },
        ActKind::Withdraw => ContractCommand::Withdraw {
            id: Some(id),
            reason: field("reason").unwrap_or_default(),
            from: field("from"),
            offline: None,
            key: None,
            certificates: None,
            role: None,
            output: None,
        },
    })
}
