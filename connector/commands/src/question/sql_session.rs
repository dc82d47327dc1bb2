//! `hansa sql` without a statement: what a pipe brings, or the conversation with a person.

use crate::catalog::arguments::{CatalogCommand, CatalogListArgs};
use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::command_target::CommandTarget;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::output::OutputSettings;
use crate::cli::result_printer::READER_GONE;
use crate::question::arguments::{ExplainArgs, OutputFormat, SqlArgs};
use crate::question::piped_input::PipedStatements;
use crate::question::prompt::SqlPrompt;
use crate::question::sql_input::{HELP, SqlInput};
use hansa_node::process::thread_shutdown;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::IsTerminal as _;
use std::path::PathBuf;
use tokio::sync::mpsc;

/// Asks what comes from stdin, one after the other; `purpose` holds until another one is named. A question that fails does not
/// end it.
pub(crate) async fn run_session(
    connector: &CommandTarget,
    args: SqlArgs,
    purpose: Option<String>,
    history: PathBuf,
    global: &GlobalArgs,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let purpose = args.purpose.clone().or(purpose);
    let settings = SessionSettings {
        args: SqlArgs { purpose, ..args },
        show,
    };
    if std::io::stdin().is_terminal() {
        settings.holds_for_many()?;
        run_interactive_session(connector, settings, history, global).await
    } else {
        run_piped_session(connector, settings, global).await
    }
}

/// With a person.
async fn run_interactive_session(
    connector: &CommandTarget,
    mut settings: SessionSettings,
    history: PathBuf,
    global: &GlobalArgs,
) -> Result<u8, Refusal> {
    let mut prompt = SqlPrompt::open(Some(history))?;
    settings.show.print_note("\\? for help, \\q to leave");
    loop {
        let typed = prompt.next()?;
        if typed == SqlInput::End {
            return Ok(0);
        }
        if let Some(command) = settings.interpret_input(typed) {
            settings.run(connector, command, global).await;
        }
    }
}

/// With a program: each statement is asked as soon as it is there, so that whoever writes may wait for its answer before the next
/// one. Ends as the first that failed.
async fn run_piped_session(
    connector: &CommandTarget,
    mut settings: SessionSettings,
    global: &GlobalArgs,
) -> Result<u8, Refusal> {
    let (send, mut typed) = mpsc::channel(1);
    // A pipe that brings nothing holds nobody but this thread, and nobody waits for that.
    let reads = std::thread::Builder::new().spawn(move || {
        let mut piped = PipedStatements::new(std::io::stdin().lock());
        loop {
            let next = piped.next();
            let ends = matches!(next, Ok(SqlInput::End) | Err(_));
            if send.blocking_send(next).is_err() || ends {
                return;
            }
        }
    });
    let fault = |fault| {
        Refusal::new(
            ErrorCode::Internal,
            format!("no thread to read on: {fault}"),
        )
        .caused_by(fault)
    };
    thread_shutdown::leave_thread(reads.map_err(fault)?);
    let (mut asked, mut first) = (0_usize, 0);
    while let Some(next) = typed.recv().await {
        let next = next?;
        if next == SqlInput::End {
            break;
        }
        let Some(command) = settings.interpret_input(next) else {
            continue;
        };
        if asked > 0 {
            settings.holds_for_many()?;
        }
        asked = asked.saturating_add(1);
        match settings.run(connector, command, global).await {
            READER_GONE => return Ok(READER_GONE),
            status if first == 0 => first = status,
            _ => {}
        }
    }
    match asked {
        0 => Err(usage_refusal("there is no statement on stdin")),
        _ => Ok(first),
    }
}

/// What holds for the statements that follow.
struct SessionSettings {
    args: SqlArgs,
    show: OutputSettings,
}

impl SessionSettings {
    /// Has a verb carried out; says what was refused, and gives the exit status.
    async fn run(
        &self,
        connector: &CommandTarget,
        command: ConnectorCommand,
        global: &GlobalArgs,
    ) -> u8 {
        match connector.run_next(command, global, self.show).await {
            Ok(status) => status,
            Err(refusal) => {
                let status = refusal.code.kind().exit_code();
                self.show.print_refusals(&[refusal]);
                status
            }
        }
    }

    /// Whether more than one answer can be given so.
    fn holds_for_many(&self) -> Result<(), Refusal> {
        let args = &self.args;
        let why = match (&args.output, &args.since, args.format) {
            (Some(_), _, _) => "a file takes the answer to one statement",
            (_, Some(_), _) => "what came since the answer of a token is asked by one statement",
            (_, _, Some(OutputFormat::Csv | OutputFormat::Parquet)) => {
                "csv and Parquet hold the answer to one statement"
            }
            _ => return Ok(()),
        };
        Err(usage_refusal(why).with_help("ask each by a command of its own, or use --json"))
    }

    /// The command that was typed; none, if it changed a setting or asked for help.
    fn interpret_input(&mut self, typed: SqlInput) -> Option<ConnectorCommand> {
        match typed {
            SqlInput::End => None,
            SqlInput::Help => {
                self.show.print_note(HELP);
                None
            }
            SqlInput::Purpose(named) => {
                let text = named.as_deref().unwrap_or("none");
                self.show.print_note(&format!("purpose: {text}"));
                self.args.purpose = named;
                None
            }
            SqlInput::Partial => {
                self.args.partial = !self.args.partial;
                self.show.print_note(if self.args.partial {
                    "answers may lack a participant, and say so"
                } else {
                    "answers are whole or fail"
                });
                None
            }
            SqlInput::Catalog => Some(ConnectorCommand::Catalog(CatalogCommand::List(
                CatalogListArgs::default(),
            ))),
            SqlInput::Explain(sql) => Some(ConnectorCommand::Explain(ExplainArgs {
                sql,
                analyze: false,
                kind: self.args.kind.clone(),
                purpose: self.args.purpose.clone(),
                contract: self.args.contract.clone(),
                among_several: true,
            })),
            SqlInput::Statement(sql) => Some(ConnectorCommand::Sql(SqlArgs {
                sql: Some(sql),
                among_several: true,
                ..self.args.clone()
            })),
        }
    }
}

fn usage_refusal(sentence: &str) -> Refusal {
    Refusal::new(ErrorCode::UsageWrong, sentence)
}
