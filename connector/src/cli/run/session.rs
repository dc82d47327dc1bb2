//! `hansa sql` without a statement: one from a pipe, or the conversation with a person.

use crate::cli::Global;
use crate::cli::prompt::{HELP, Prompt, Typed};
use crate::cli::run::connector::Connector;
use crate::cli::show::{Show, line_err};
use crate::cli::verb::DeskVerb;
use crate::cli::verb::catalog::CatalogVerb;
use crate::cli::verb::question::{ExplainArgs, SqlArgs};
use policy::refusal::{Code, Refusal};
use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;

/// Asks what comes from stdin; `purpose` holds until a person names another one.
pub(super) async fn ask(
    connector: &Connector,
    mut args: SqlArgs,
    purpose: Option<String>,
    history: PathBuf,
    global: &Global,
    show: Show,
) -> Result<u8, Refusal> {
    if !std::io::stdin().is_terminal() {
        args.sql = Some(piped()?);
        return connector.run(DeskVerb::Sql(args), global, show).await;
    }
    let mut prompt = Prompt::open(Some(history))?;
    let mut settings = Settings {
        purpose: args.purpose.or(purpose),
        contract: args.contract,
        partial: args.partial,
    };
    line_err("\\? for help, \\q to leave");
    loop {
        let typed = prompt.next()?;
        if typed == Typed::End {
            return Ok(0);
        }
        if let Some(verb) = settings.verb(typed)
            && let Err(refusal) = connector.run(verb, global, show).await
        {
            show.refusals(&[refusal]);
        }
    }
}

/// The one statement that a pipe holds.
fn piped() -> Result<String, Refusal> {
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|fault| Refusal::new(Code::UsageWrong, format!("stdin can't be read: {fault}")))?;
    let sql = text.trim().trim_end_matches(';');
    if sql.is_empty() {
        return Err(Refusal::new(
            Code::UsageWrong,
            "there is no statement on stdin",
        ));
    }
    Ok(sql.to_owned())
}

/// What holds for the statements that follow.
struct Settings {
    purpose: Option<String>,
    contract: Vec<String>,
    partial: bool,
}

impl Settings {
    /// The command that was typed; none, if it changed a setting or asked for help.
    fn verb(&mut self, typed: Typed) -> Option<DeskVerb> {
        match typed {
            Typed::End => None,
            Typed::Help => {
                line_err(HELP);
                None
            }
            Typed::Purpose(named) => {
                line_err(&format!("purpose: {}", named.as_deref().unwrap_or("none")));
                self.purpose = named;
                None
            }
            Typed::Partial => {
                self.partial = !self.partial;
                line_err(if self.partial {
                    "answers may lack a participant, and say so"
                } else {
                    "answers are whole or fail"
                });
                None
            }
            Typed::Catalog => Some(DeskVerb::Catalog(CatalogVerb::List { participant: None })),
            Typed::Explain(sql) => Some(DeskVerb::Explain(ExplainArgs {
                sql,
                analyze: false,
                purpose: self.purpose.clone(),
                contract: self.contract.clone(),
            })),
            Typed::Statement(sql) => Some(DeskVerb::Sql(SqlArgs {
                sql: Some(sql),
                purpose: self.purpose.clone(),
                contract: self.contract.clone(),
                partial: self.partial,
                output: None,
                format: None,
                since: None,
                as_of: None,
                follow: false,
                every: 0,
            })),
        }
    }
}
