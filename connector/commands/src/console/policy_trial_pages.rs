//! Try of a policy: a simulation for officers, recorded before its result is shown.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::dataset_pages::check_name;
use crate::console::page_visit::html_response;
use crate::console::person_visit::{CommandResults, PermittedPerson, PersonVisit, read_object};
use crate::console::policy_pages::check_policy_name;
use crate::question::arguments::SimulateArgs;
use hansa_audit_log::digest::Digest;
use hansa_console::{
    FaultView, PolicyTrialView, TrialAnswer, TrialDataset, TrialOutcome, TrialResult,
    render_policy_trial,
};
use hansa_node::config::person::Role;
use hansa_node::console::act::{ActProof, issue_form_key, record_act, use_form_key};
use hansa_node::console::form_key::FormSubject;
use hansa_node::console::pending_act::DescribedAct;
use hansa_node::withdrawal::effective_instant;
use hansa_policy::id::{IdentifierError, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;
use hansa_transport::console::refusal_status;
use hansa_transport::internal_error::with_trace_number;
use serde_json::Value;
use std::collections::BTreeMap;

/// Roles that try a policy: a simulation tells of withheld groups, so analysts have none.
const TRIERS: &[Role] = &[Role::Officer];

/// Words of the command.
const SIMULATE: &str = "simulate";

/// Longest text of a question of a form, bytes.
const LONGEST: usize = 100_000;

/// Form for a try. Nothing is simulated.
pub(super) async fn show_trial(
    visit: &PersonVisit<'_>,
    name: &str,
) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(TRIERS, SIMULATE).await?;
    check_policy_name(name)?;
    let dataset = visit.given_parameter("dataset");
    if let Some(dataset) = &dataset {
        check_name(dataset)?;
    }
    let view = PolicyTrialView {
        name: name.to_owned(),
        dataset: dataset.unwrap_or_default(),
        ..PolicyTrialView::default()
    };
    Ok(show_form(visit, view, 200))
}

/// Try of a form.
pub(super) async fn submit_trial(
    visit: &PersonVisit<'_>,
    name: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(TRIERS, SIMULATE).await?;
    check_policy_name(name)?;
    let field = |name: &str| visit.form_value(name).to_owned();
    let mut view = PolicyTrialView {
        name: name.to_owned(),
        dataset: field("dataset"),
        participant: field("participant"),
        purpose: field("purpose"),
        day: field("day"),
        // Browsers send each line break as two characters.
        sql: field("sql").replace("\r\n", "\n"),
        ..PolicyTrialView::default()
    };
    let (result, status) = match run_trial(visit, &permitted, &view).await {
        Ok(result) => (Ok(result), 200),
        Err(refusal) => {
            let status = refusal_status(refusal.code);
            (Err(with_trace_number(refusal)), status)
        }
    };
    match result {
        Ok(result) => view.result = Some(result),
        Err(refusal) => view.fault = Some(FaultView::from(&refusal)),
    }
    Ok(show_form(visit, view, status))
}

fn show_form(visit: &PersonVisit<'_>, view: PolicyTrialView, status: u16) -> ConsoleResponse {
    let key = issue_form_key(visit.connector, form_subject(visit, &view.name));
    let line = command_line(&view);
    let view = PolicyTrialView { key, ..view };
    let facts = visit.frame_facts(line);
    html_response(status, render_policy_trial(&facts.to_frame(), &view))
}

fn form_subject<'a>(visit: &'a PersonVisit<'_>, name: &'a str) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: SIMULATE,
        subject: name,
        shown: "",
    }
}

/// Records a try and carries it out.
async fn run_trial(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    view: &PolicyTrialView,
) -> Result<TrialResult, Refusal> {
    let args = read_args(visit, view)?;
    let key = visit.form_value("key");
    use_form_key(visit.connector, form_subject(visit, &view.name), key)?;
    // The record holds a digest of what was tried, and no text of the question.
    let tried = [&view.participant, &view.purpose, &view.day, &view.sql];
    let tried = tried.map(|part| format!("{} {part}\n", part.len()));
    let act = DescribedAct {
        act: SIMULATE.to_owned(),
        subject: view.name.clone(),
        shown: Digest::of(tried.concat().as_bytes()).to_string(),
        fields: BTreeMap::new(),
        words: None,
    };
    let record = record_act(visit.connector, &visit.person, &act, ActProof::Session).await?;
    let results = permitted.run_act(ConnectorCommand::Simulate(args)).await?;
    read_results(results, record)
}

fn read_args(visit: &PersonVisit<'_>, view: &PolicyTrialView) -> Result<SimulateArgs, Refusal> {
    if view.sql.len() > LONGEST {
        let sentence = "the text of the question is too long";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
    }
    if !view.dataset.is_empty() {
        check_name(&view.dataset)?;
    }
    let wrong = |text: &str, fault: String| {
        Refusal::new(ErrorCode::UsageWrong, format!("`{text}`: {fault}"))
    };
    let _who: ParticipantId = view
        .participant
        .parse()
        .map_err(|fault: IdentifierError| wrong(&view.participant, fault.to_string()))?;
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let zone = visit.connector.config().participant.zone.clone();
    let day = filled(&view.day);
    let at = day.map(|day| effective_instant::read_instant(&day, Some(&zone)));
    Ok(SimulateArgs {
        sql: filled(&view.sql),
        who: view.participant.clone(),
        contract: Vec::new(),
        policy: Some(view.name.clone()),
        dataset: None,
        offered_for: filled(&view.dataset),
        at: at.transpose()?.map(|at| at.to_string()),
        purpose: filled(&view.purpose),
        address: None,
        sector: Vec::new(),
        region: Vec::new(),
    })
}

/// Result of a try, from the objects of the command.
fn read_results(results: CommandResults, record: u64) -> Result<TrialResult, Refusal> {
    let mut result = TrialResult {
        record,
        ..TrialResult::default()
    };
    for mut object in results.objects {
        if let Some(refused) = object.get_mut("refused").map(Value::take) {
            result.outcome = Some(TrialOutcome::Refused(read_object(refused)?));
        } else if object.get("total_rows").is_some() {
            let answer: TrialAnswer = read_object(object)?;
            result.outcome = Some(TrialOutcome::Answer(answer));
        } else if object.get("dataset").is_some() {
            let dataset: TrialDataset = read_object(object)?;
            result.datasets.push(dataset);
        }
    }
    let comparison = results.texts.into_iter();
    result.comparison = comparison
        .filter(|text| text.starts_with("against contract "))
        .collect();
    Ok(result)
}

/// Command line of a try, with the words that the form asks for.
fn command_line(view: &PolicyTrialView) -> String {
    let who = match view.participant.is_empty() {
        true => "PARTICIPANT".to_owned(),
        false => quote_word(&view.participant),
    };
    let mut line = format!(
        "hansa simulate --as {who} --policy {}",
        quote_word(&view.name)
    );
    for (option, value) in [
        ("--offered-for", &view.dataset),
        ("--purpose", &view.purpose),
        ("--at", &view.day),
    ] {
        if !value.is_empty() {
            line.push_str(&format!(" {option} {}", quote_word(value)));
        }
    }
    if !view.sql.is_empty() {
        line.push_str(&format!(" {}", quote_word(&view.sql)));
    }
    line
}
