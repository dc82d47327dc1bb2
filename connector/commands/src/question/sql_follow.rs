//! `hansa sql --follow`: the question again and again, each time for what came since.

use crate::admin::command_event::CommandEvent;
use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::command_target::CommandTarget;
use crate::cli::command_report::report_json;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::output::OutputSettings;
use crate::cli::result_printer::{OutputTarget, print_events};
use crate::cli::terminal::object_out;
use crate::question::arguments::{OutputFormat, SqlArgs};
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use tokio::sync::mpsc;

/// Asks until it is interrupted, or refused. A participant that is out of reach is asked again later, for all that came meanwhile; what
/// can't go on is asked anew, whole, and said to be.
pub(crate) async fn follow_query(
    connector: &CommandTarget,
    mut args: SqlArgs,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    if !matches!(
        args.format,
        None | Some(OutputFormat::Table | OutputFormat::Json)
    ) {
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            "--follow shows a table or JSON with one object a line, no other format",
        )
        .with_help("to write files, ask repeatedly with --since TOKEN"));
    }
    // Whoever takes rows as objects takes everything else as objects, too: what is void, and what is whole again.
    let show = OutputSettings {
        json: show.json || args.format == Some(OutputFormat::Json),
        ..show
    };
    let every = Duration::from_secs(args.every.into());
    let target = OutputTarget {
        format: args.format,
        ..OutputTarget::default()
    };
    let mut answered = args.since.is_some();
    loop {
        match print_next_answer(connector, &args, &target, global, show).await {
            Ok((0, token)) => {
                args.since = token.or(args.since);
                answered = true;
            }
            Ok((status, _)) => return Ok(status),
            Err(refusal) if refusal.code == ErrorCode::NotContinued && args.since.is_some() => {
                let why = &refusal.sentence;
                if show.json {
                    object_out(&report_json(&RestartedAnswer {
                        hansa: RestartReport { anew: true, why },
                    }));
                } else {
                    show.print_note(&format!("the whole answer follows again: {why}"));
                }
                args.since = None;
                continue;
            }
            Err(refusal) if answered && is_temporary(refusal.code) => {
                show.print_refusals(&[refusal])
            }
            Err(refusal) => return Err(refusal),
        }
        tokio::time::sleep(every).await;
    }
}

/// Answer that begins again.
#[derive(Debug, Serialize)]
struct RestartedAnswer<'a> {
    hansa: RestartReport<'a>,
}

/// Reason for which an answer begins again.
#[derive(Debug, Serialize)]
struct RestartReport<'a> {
    anew: bool,
    why: &'a str,
}

/// Report below an answer, as far as the next question needs it.
#[derive(Debug, Deserialize)]
struct FollowedAnswer {
    hansa: FollowedReport,
}

/// Token of an answer; nothing new came if `nothing_new` is set.
#[derive(Debug, Deserialize)]
struct FollowedReport {
    token: Option<String>,
    #[serde(default)]
    nothing_new: bool,
}

/// Whether it may be over at the next time.
fn is_temporary(code: ErrorCode) -> bool {
    code.kind() == ErrorClass::OutOfReach || code == ErrorCode::TooManyStreams
}

/// Asks once, and prints what came; gives the status and the token of where the next one goes on.
async fn print_next_answer(
    connector: &CommandTarget,
    args: &SqlArgs,
    target: &OutputTarget,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<(u8, Option<String>), Refusal> {
    let (mut events, work) = connector.start_command(ConnectorCommand::Sql(args.clone()), global);
    let (send, shown) = mpsc::channel(1);
    let looked_at = async move {
        let mut token = None;
        while let Some(event) = events.recv().await {
            if let CommandEvent::Object { data, .. } = &event
                && let Ok(FollowedAnswer { hansa: report }) = FollowedAnswer::deserialize(data)
            {
                token = report.token.or(token);
                if report.nothing_new {
                    continue;
                }
            }
            if send.send(event).await.is_err() {
                break;
            }
        }
        token
    };
    let (token, status) = tokio::join!(looked_at, print_events(shown, global, show, target));
    if let Some(work) = work {
        let _ = work.await;
    }
    Ok((status?, token))
}
