//! Pages of questions: the form, what a question takes, and the answers that are kept.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::answer_download::{DownloadFormat, download_file_name, open_download};
use crate::console::asked_question::{QuestionForm, start_question};
use crate::console::file_pages::{may_be_about_persons, may_take_files};
use crate::console::page_visit::{html_response, redirect};
use crate::console::person_visit::{PermittedPerson, PersonVisit, read_object};
use crate::console::unsent_form::ReturnedForm;
use crate::contract::arguments::ContractCommand;
use crate::question::arguments::ExplainArgs;
use arrow_schema::DataType;
use hansa_console::{
    AnswerReport, AnswerState, AnswerView, AskView, AskableTable, ColumnKind, ExplanationView,
    FaultView, KeptAnswerSummary, MOST_COLUMNS, OwedDuties, OwedDuty, ROWS_PER_PAGE, render_answer,
    render_ask,
};
use hansa_node::answer::cell_text::to_text_cells;
use hansa_node::config::person::Role;
use hansa_node::console::act::{issue_form_key, take_form_key};
use hansa_node::console::form_key::FormSubject;
use hansa_node::console::kept_answers::{AnswerPhase, KeptAnswer, MINUTES_KEPT};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::printable_lines;
use hansa_policy::term::language::Language;
use hansa_policy::term::{Clause, Term};
use hansa_transport::console::refusal_status;
use hansa_transport::internal_error::with_trace_number;
use hansa_transport::{ConsoleResponse, find_coordinates};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Roles that ask.
pub(super) const ASKERS: &[Role] = &[Role::Analyst];

/// Words of the form that asks a question.
pub(super) const ASK: &str = "ask";

/// Longest text of a question of a form, bytes.
const LONGEST: usize = 100_000;

/// Form for a question. Nothing is asked.
pub(super) async fn show_ask(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(ASKERS, ASK).await?;
    show_form(visit, &permitted, AskDraft::default()).await
}

/// Question of a form: it is explained, or asked.
pub(super) async fn submit_ask(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(ASKERS, ASK).await?;
    let field = |name: &str| visit.form_value(name).to_owned();
    let form = QuestionForm {
        // Browsers send each line break as two characters (URL standard, section 5.1, and HTML, section 4.10.21.4).
        sql: field("sql").replace("\r\n", "\n"),
        purpose: field("purpose"),
        is_partial: field("partial") == "yes",
    };
    let step = field("step");
    let mut draft = AskDraft {
        form,
        ..AskDraft::default()
    };
    let done = match step.as_str() {
        "edit" => Ok(None),
        "see" => match explain(&permitted, &draft.form).await {
            Ok(explanation) => {
                draft.explanation = Some(explanation);
                Ok(None)
            }
            Err(refusal) => Err(refusal),
        },
        "ask" => match check_text(&draft.form) {
            Ok(()) => match take_form_key(visit.connector, ask_form(visit), &field("key")) {
                Ok(()) => start_question(visit, &permitted, &draft.form).map(Some),
                Err(fault) => {
                    draft.returned = Some(ReturnedForm::from(fault));
                    Ok(None)
                }
            },
            Err(refusal) => Err(refusal),
        },
        _ => {
            let sentence = "the form has no such button";
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence));
        }
    };
    match done {
        Ok(Some(id)) => return Ok(redirect(&format!("/answers/{id}"))),
        Ok(None) => {}
        Err(refusal) => draft.refusal = Some(with_trace_number(refusal)),
    }
    show_form(visit, &permitted, draft).await
}

/// Page of an answer, with some of its rows. Nothing is asked again.
pub(super) async fn show_answer(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(ASKERS, ASK).await?;
    let answer = find_answer(visit, id)?;
    let page = visit.given_parameter("page");
    let page = page.and_then(|page| page.parse::<u64>().ok()).unwrap_or(1);
    let language = visit.visit.language;
    let connector = Arc::clone(visit.connector);
    let kept = Arc::clone(&answer);
    let view = run_blocking(move || build_answer_view(&connector, &kept, page, language)).await?;
    let line = command_line("sql", &question_form(&answer));
    Ok(visit.show_page(line, |frame| render_answer(frame, &view)))
}

/// Stops a question. The rows that have come are kept.
pub(super) async fn stop_answer(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(ASKERS, ASK).await?;
    let answer = find_answer(visit, id)?;
    answer.ending.cancel();
    Ok(redirect(&format!("/answers/{id}")))
}

/// File with all rows of an answer; none for an unknown format.
pub(super) async fn download_answer(
    visit: &PersonVisit<'_>,
    id: &str,
    format: &str,
) -> Result<Option<ConsoleResponse>, Refusal> {
    let _permitted = visit.permit(ASKERS, ASK).await?;
    let Some(format) = DownloadFormat::from_word(format) else {
        return Ok(None);
    };
    let answer = find_answer(visit, id)?;
    let phase = answer.phase();
    let file_name = download_file_name(id, &phase, format)?;
    let report: Option<AnswerReport> = answer.report().map(read_object).transpose()?;
    // INVARIANT: console-file. A stolen cookie takes no rows about persons with it.
    if !may_take_files(visit, &answer.id, report.as_ref()) {
        return Ok(Some(redirect(&format!("/answers/{}/files", answer.id))));
    }
    let sent = visit.connector.console.answers.begin_sending(&answer)?;
    Ok(Some(ConsoleResponse {
        content_type: format.media_type(),
        file_name: Some(file_name),
        body: open_download(visit.connector, sent, format).await?,
        ..html_response(200, String::new())
    }))
}

/// Form for a question, with what stands beside it.
#[derive(Debug, Default)]
struct AskDraft {
    form: QuestionForm,
    refusal: Option<Refusal>,
    /// Reason why the form asked nothing.
    returned: Option<ReturnedForm>,
    explanation: Option<ExplanationView>,
}

async fn show_form(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    draft: AskDraft,
) -> Result<ConsoleResponse, Refusal> {
    let command = ConnectorCommand::Contract(ContractCommand::Tables {
        after: None,
        // One more shows whether there are others.
        limit: Some(ROWS_PER_PAGE + 1),
    });
    let mut tables: Vec<AskableTable> = permitted.read_rows(command).await?;
    let has_more_tables = tables.len() > ROWS_PER_PAGE;
    tables.truncate(ROWS_PER_PAGE);
    let purposes: BTreeSet<String> = tables
        .iter()
        .flat_map(|table| table.purposes.iter().flatten().cloned())
        .collect();
    let AskDraft {
        form,
        refusal,
        returned,
        explanation,
    } = draft;
    let line = match &explanation {
        Some(_) => command_line("explain", &form),
        None => format!("hansa contract tables --limit {ROWS_PER_PAGE}"),
    };
    let status = match (&refusal, &returned) {
        (Some(refusal), _) => refusal_status(refusal.code),
        (None, Some(returned)) => returned.status,
        (None, None) => 200,
    };
    let view = AskView {
        key: issue_form_key(visit.connector, ask_form(visit)),
        sql: form.sql,
        purpose: form.purpose,
        is_partial: form.is_partial,
        purposes: purposes.into_iter().collect(),
        tables,
        has_more_tables,
        fault: refusal.as_ref().map(FaultView::from),
        unsent: returned.map(|returned| returned.unsent),
        explanation,
        answers: list_answers(visit),
    };
    let facts = visit.frame_facts(line);
    Ok(html_response(status, render_ask(&facts.to_frame(), &view)))
}

fn ask_form<'a>(visit: &'a PersonVisit<'_>) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: ASK,
        subject: "",
        shown: "",
    }
}

fn check_text(form: &QuestionForm) -> Result<(), Refusal> {
    let sentence = if form.sql.is_empty() {
        "there is no question in the form"
    } else if form.sql.len() > LONGEST {
        "the text of the question is too long"
    } else if printable_lines(&form.sql) != form.sql {
        // The page shows such a character as a mark, so another text would run than the one that was read.
        let sentence = "the text of the question has characters that are invisible or change the direction of writing";
        return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
            .with_help("remove what the form shows as a mark such as ⟨U+202E⟩"));
    } else {
        return Ok(());
    };
    Err(Refusal::new(ErrorCode::UsageWrong, sentence))
}

async fn explain(
    permitted: &PermittedPerson<'_>,
    form: &QuestionForm,
) -> Result<ExplanationView, Refusal> {
    check_text(form)?;
    let command = ConnectorCommand::Explain(ExplainArgs {
        sql: form.sql.clone(),
        analyze: false,
        kind: Vec::new(),
        purpose: form.given_purpose(),
        contract: Vec::new(),
        among_several: false,
    });
    permitted.read_one(command).await
}

/// Line of a command about a question.
pub(super) fn command_line(verb: &str, form: &QuestionForm) -> String {
    let mut line = format!("hansa {verb} {}", quote_word(&form.sql));
    if !form.purpose.is_empty() {
        line.push_str(&format!(" --purpose {}", quote_word(&form.purpose)));
    }
    if form.is_partial && verb == "sql" {
        line.push_str(" --partial");
    }
    line
}

fn list_answers(visit: &PersonVisit<'_>) -> Vec<KeptAnswerSummary> {
    let person = &visit.person.person.key;
    let answers = &visit.connector.console.answers;
    let answers = answers.list(person, visit.connector.ticks()).into_iter();
    answers
        .map(|answer| KeptAnswerSummary {
            id: answer.id.clone(),
            sql: answer.question.sql.clone(),
            at: answer.question.at.to_string(),
            state: answer_state(&answer.phase()),
            rows: answer.rows.rows(),
        })
        .collect()
}

/// Answer of the person. The answer of another person is as unknown as one that there never was.
pub(super) fn find_answer(visit: &PersonVisit<'_>, id: &str) -> Result<Arc<KeptAnswer>, Refusal> {
    let person = &visit.person.person.key;
    let answers = &visit.connector.console.answers;
    let found = answers.find(id, person, visit.connector.ticks());
    found.ok_or_else(|| {
        let sentence = "there is no such answer, or its time is over";
        Refusal::new(ErrorCode::AnswerUnknown, sentence)
    })
}

const fn answer_state(phase: &AnswerPhase) -> AnswerState {
    match phase {
        AnswerPhase::Running => AnswerState::Running,
        AnswerPhase::Complete => AnswerState::Complete,
        AnswerPhase::Incomplete => AnswerState::Incomplete,
        AnswerPhase::Stopped => AnswerState::Stopped,
        AnswerPhase::Failed(_) => AnswerState::Failed,
    }
}

/// Form of the question of an answer.
pub(super) fn question_form(answer: &KeptAnswer) -> QuestionForm {
    QuestionForm {
        sql: answer.question.sql.clone(),
        purpose: answer.question.purpose.clone(),
        is_partial: answer.question.is_partial,
    }
}

fn build_answer_view(
    connector: &Connector,
    answer: &KeptAnswer,
    page: u64,
    language: Language,
) -> Result<AnswerView, Refusal> {
    let phase = answer.phase();
    let per_page = u64::try_from(ROWS_PER_PAGE).unwrap_or(u64::MAX);
    // The phase is read first, so that a complete answer has all of its rows here.
    let rows = answer.rows.rows();
    let pages = rows.div_ceil(per_page).max(1);
    let page = page.clamp(1, pages);
    let first = (page - 1).saturating_mul(per_page);
    let schema = answer.rows.schema();
    let width = schema.as_ref().map_or(0, |schema| schema.fields().len());
    let shown: Vec<usize> = (0..width.min(MOST_COLUMNS)).collect();
    let mut cells = Vec::new();
    for batch in answer.rows.read_rows(first, per_page)? {
        let batch = batch.project(&shown).map_err(|fault| {
            Refusal::new(ErrorCode::Internal, "the rows can't be shown").caused_by(fault)
        })?;
        cells.extend(to_text_cells(&batch)?);
    }
    let kinds = schema.iter().flat_map(|schema| schema.fields().iter());
    let column_kinds = kinds
        .take(MOST_COLUMNS)
        .map(|field| column_kind(field.data_type()))
        .collect();
    let columns = schema.as_ref().map(|schema| {
        let names = schema.fields().iter().take(MOST_COLUMNS);
        names.map(|field| field.name().clone()).collect()
    });
    let report: Option<AnswerReport> = answer.report().map(read_object).transpose()?;
    let owed = report
        .as_ref()
        .map(|report| list_duties(connector, report, language));
    let fault = match &phase {
        AnswerPhase::Failed(refusal) => Some(FaultView::from(refusal.as_ref())),
        AnswerPhase::Running
        | AnswerPhase::Complete
        | AnswerPhase::Incomplete
        | AnswerPhase::Stopped => None,
    };
    Ok(AnswerView {
        id: answer.id.clone(),
        sql: answer.question.sql.clone(),
        purpose: answer.question.purpose.clone(),
        is_partial: answer.question.is_partial,
        at: answer.question.at.to_string(),
        state: answer_state(&phase),
        rows,
        page,
        pages,
        first_row: first.saturating_add(1),
        columns,
        has_coordinates: schema
            .as_ref()
            .is_some_and(|schema| find_coordinates(schema).is_some()),
        column_kinds,
        more_columns: u64::try_from(width.saturating_sub(MOST_COLUMNS)).unwrap_or(u64::MAX),
        cells,
        notices: answer.notices(),
        owed: owed.unwrap_or_default(),
        fault,
        files_need_presence: may_be_about_persons(connector, report.as_ref()),
        report,
        minutes_kept: MINUTES_KEPT,
    })
}

fn column_kind(kind: &DataType) -> ColumnKind {
    if kind.is_numeric() {
        ColumnKind::Number
    } else if kind.is_temporal() {
        ColumnKind::Time
    } else {
        ColumnKind::Text
    }
}

/// Duties of each contract under which a part of an answer came, whatever the state of the contract is now.
fn list_duties(
    connector: &Connector,
    report: &AnswerReport,
    language: Language,
) -> Vec<OwedDuties> {
    let contracts: BTreeSet<ContractId> = report
        .participants
        .iter()
        .flat_map(|part| &part.reads)
        .filter_map(|read| read.contract.as_deref()?.parse().ok())
        .collect();
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        contracts
            .into_iter()
            .filter_map(|id| {
                // A public view that is not kept here has its licence and attribution among the sources.
                let agreement = registry.agreement(id)?;
                let mut held = registry.contracts_on_dataset(&agreement.dataset.id, now);
                let (_, _, state) = held.find(|(other, _, _)| *other == id)?;
                let duties = agreement.clauses.iter().filter(|clause| is_duty(clause));
                Some(OwedDuties {
                    contract: id.to_string(),
                    participant: agreement.provider.id.domain().to_owned(),
                    dataset: agreement.dataset.id.name.to_string(),
                    state: state.as_str().to_owned(),
                    duties: duties
                        .map(|clause| describe_duty(clause, language))
                        .collect(),
                })
            })
            .collect()
    })
}

/// True for a clause that binds its consumer after the answer.
fn is_duty(clause: &Clause) -> bool {
    clause.term.is_recorded_only() || matches!(clause.term, Term::Attest { .. })
}

fn describe_duty(clause: &Clause, language: Language) -> OwedDuty {
    OwedDuty {
        clause: clause.id.to_string(),
        text: clause.term.render(language),
    }
}
