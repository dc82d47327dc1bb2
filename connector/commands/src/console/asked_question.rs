//! Question of a person at the console: it is asked as `hansa sql` asks it, and its rows are kept for the person.

use crate::admin::admin_service::AbortOnDrop;
use crate::admin::command_event::CommandEvent;
use crate::cli::connector_command::ConnectorCommand;
use crate::console::person_visit::{PermittedPerson, PersonVisit};
use crate::question::arguments::SqlArgs;
use hansa_node::console::kept_answers::answer_file::AnswerWriter;
use hansa_node::console::kept_answers::{AnswerPhase, KeptAnswer, KeptQuestion};
use hansa_node::participant::Connector;
use hansa_node::process::blocking_work::run_waiting;
use hansa_node::process::randomness::random_hex;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::internal_error::with_trace_number;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;

/// Time between two looks at whether an answer is kept any longer.
const PAUSE: Duration = Duration::from_secs(60);

/// Question as a form sends it.
#[derive(Debug, Default, Clone)]
pub(super) struct QuestionForm {
    /// Text of the question.
    pub(super) sql: String,
    /// Declared purpose; empty for that of the configuration.
    pub(super) purpose: String,
    /// True if the answer may lack a participant.
    pub(super) is_partial: bool,
}

impl QuestionForm {
    /// Purpose, where one is chosen.
    pub(super) fn given_purpose(&self) -> Option<String> {
        (!self.purpose.is_empty()).then(|| self.purpose.clone())
    }

    fn to_command(&self) -> ConnectorCommand {
        ConnectorCommand::Sql(SqlArgs {
            sql: Some(self.sql.clone()),
            purpose: self.given_purpose(),
            contract: Vec::new(),
            kind: Vec::new(),
            partial: self.is_partial,
            output: None,
            format: None,
            since: None,
            as_of: None,
            follow: false,
            every: 0,
            among_several: false,
        })
    }
}

/// Asks a question, and gives the identity of its answer at once. The question goes on where the browser goes away.
///
/// # Errors
/// `TOO_MANY_STREAMS` where too many questions of the person run, or why there is no file for the rows.
pub(super) fn start_question(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    form: &QuestionForm,
) -> Result<String, Refusal> {
    let connector = visit.connector;
    let folder = connector.config().state.clone();
    // The file has no name, so that nothing of it stays behind when the process ends.
    let file = run_waiting(|| tempfile::tempfile_in(&folder))
        .map_err(|fault| hansa_files::unwritable_file_refusal(&folder, &fault))?;
    let id = random_hex(16);
    let question = KeptQuestion {
        person: visit.person.person.key.clone(),
        sql: form.sql.clone(),
        purpose: form.purpose.clone(),
        is_partial: form.is_partial,
        at: connector.now(),
    };
    let answers = &connector.console.answers;
    let answer = answers.open(id.clone(), question, file, connector.ticks())?;
    let (events, work) = permitted.start_command(form.to_command());
    let ending = AbortOnDrop(work.abort_handle());
    let _task = tokio::spawn(keep_answer(Arc::clone(connector), answer, events, ending));
    Ok(id)
}

/// Keeps an answer until its time is over.
async fn keep_answer(
    connector: Arc<Connector>,
    answer: Arc<KeptAnswer>,
    events: Receiver<CommandEvent>,
    work: AbortOnDrop,
) {
    let phase = receive_answer(&connector, &answer, events).await;
    drop(work);
    answer.end(phase, connector.ticks());
    let id = answer.id.clone();
    drop(answer);
    // A kept answer keeps no connector that has ended.
    let connector = {
        let whole = connector;
        Arc::downgrade(&whole)
    };
    loop {
        tokio::time::sleep(PAUSE).await;
        let Some(connector) = connector.upgrade() else {
            return;
        };
        if !connector.console.answers.expire(&id, connector.ticks()) {
            return;
        }
    }
}

/// Receives an answer to its end.
async fn receive_answer(
    connector: &Connector,
    answer: &KeptAnswer,
    mut events: Receiver<CommandEvent>,
) -> AnswerPhase {
    let mut writer = AnswerWriter::default();
    loop {
        let event = tokio::select! {
            biased;
            () = answer.ending.cancelled() => {
                return match run_waiting(|| writer.write_open_rows(&answer.rows)) {
                    Ok(()) => AnswerPhase::Stopped,
                    Err(refusal) => fail_answer(refusal),
                };
            }
            event = events.recv() => event,
        };
        let kept = match event {
            Some(CommandEvent::Rows(bytes)) => {
                run_waiting(|| match writer.take_bytes(&answer.rows, bytes)? {
                    true => check_room(connector, answer),
                    false => Ok(()),
                })
            }
            Some(CommandEvent::Object { data, .. } | CommandEvent::Document { data, .. }) => {
                if let Some(report) = data.get("hansa") {
                    answer.keep_report(report.clone());
                }
                Ok(())
            }
            Some(CommandEvent::Notice(text) | CommandEvent::Fault { text, .. }) => {
                answer.keep_notice(text);
                Ok(())
            }
            Some(CommandEvent::Progress { .. } | CommandEvent::Text(_)) => Ok(()),
            Some(CommandEvent::Failed(refusal)) => Err(refusal),
            Some(CommandEvent::Done(status)) => {
                let ended = run_waiting(|| writer.finish(&answer.rows));
                return ended
                    .and_then(|()| judge_end(status, answer.report().as_ref(), answer.rows.rows()))
                    .unwrap_or_else(fail_answer);
            }
            None => {
                let sentence = "the question ended in the middle of its answer";
                Err(Refusal::new(ErrorCode::StreamCut, sentence))
            }
        };
        if let Err(refusal) = kept {
            return fail_answer(refusal);
        }
    }
}

/// State of an answer whose question has ended. Only the report below its rows says that they are all rows, of all participants.
fn judge_end(status: u8, report: Option<&Value>, rows: u64) -> Result<AnswerPhase, Refusal> {
    let refuse = |sentence: &str| Err(Refusal::new(ErrorCode::StreamCut, sentence));
    let Some(report) = report.filter(|_| status == 0) else {
        return refuse("the question ended without the report below its answer");
    };
    if report.get("rows").and_then(Value::as_u64) != Some(rows) {
        return refuse("the answer has another number of rows than the report below it");
    }
    match report.get("complete").and_then(Value::as_bool) {
        Some(true) => Ok(AnswerPhase::Complete),
        Some(false) => Ok(AnswerPhase::Incomplete),
        None => refuse("the report below the answer does not say if the answer is complete"),
    }
}

fn fail_answer(refusal: Refusal) -> AnswerPhase {
    AnswerPhase::Failed(Box::new(with_trace_number(refusal)))
}

/// Refuses more rows where the person has too many already, or where the log needs the rest of the disk.
fn check_room(connector: &Connector, answer: &KeptAnswer) -> Result<(), Refusal> {
    let answers = &connector.console.answers;
    answers.check_bytes(&answer.question.person)?;
    check_disk(connector)
}

/// Refuses to write where the log needs the rest of the disk. An answer never takes that space.
///
/// # Errors
/// `DISK_FULL`.
pub(super) fn check_disk(connector: &Connector) -> Result<(), Refusal> {
    let config = connector.config();
    match hansa_audit_store::low_space(&config.state, config.limits.reserve) {
        None => Ok(()),
        Some(_) => {
            let sentence = "the disk of the state folder has no room for the answer";
            Err(Refusal::new(ErrorCode::DiskFull, sentence))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_the_report_makes_an_answer_complete() {
        let judge = |status, report: Option<Value>| judge_end(status, report.as_ref(), 3);
        let whole = json!({"complete": true, "rows": 3});
        assert!(matches!(
            judge(0, Some(whole.clone())),
            Ok(AnswerPhase::Complete)
        ));
        let lacking = json!({"complete": false, "rows": 3});
        assert!(matches!(
            judge(0, Some(lacking)),
            Ok(AnswerPhase::Incomplete)
        ));
        for (status, report) in [
            (0, None),
            (1, Some(whole)),
            (0, Some(json!({"complete": true, "rows": 4}))),
            (0, Some(json!({"complete": true}))),
            (0, Some(json!({"rows": 3}))),
        ] {
            let refusal = judge(status, report.clone()).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::StreamCut, "{report:?}");
        }
    }
}
