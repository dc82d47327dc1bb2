//! `hansa dataset add` where somebody is there: of each column it is asked whether it may leave, before anything is written.

use crate::admin::command_event::CommandEvent;
use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::command_target::CommandTarget;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::connector_command::dataset::DatasetCommand;
use crate::cli::terminal;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustyline::DefaultEditor;
use serde_json::Value;

/// Whether somebody is there to say it, and has not said it.
pub(super) fn is_asked(command: &DatasetCommand, global: &GlobalArgs) -> bool {
    let unsaid = matches!(command, DatasetCommand::Add { columns: None, .. });
    let quiet = global.json || global.yes || global.dry_run;
    unsaid && !quiet && terminal::is_conversation()
}

/// Has the files looked at, asks, and gives the command with the columns that may leave.
///
/// # Errors
/// What the look came to; `INTERRUPTED` where the person goes.
pub(super) async fn ask(
    connector: &CommandTarget,
    mut command: DatasetCommand,
    global: &GlobalArgs,
) -> Result<ConnectorCommand, Refusal> {
    let looks = GlobalArgs {
        dry_run: true,
        ..global.clone()
    };
    let (mut events, _work) = connector.begin(ConnectorCommand::Dataset(command.clone()), &looks);
    let mut columns = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            CommandEvent::Object { data, .. } => columns.extend(proposed(&data)),
            CommandEvent::Failed(refusal) => return Err(refusal),
            CommandEvent::Done(_) => break,
            _ => {}
        }
    }
    let mut editor = DefaultEditor::new().map_err(|fault| {
        Refusal::new(
            ErrorCode::Internal,
            format!("the terminal can't be used: {fault}"),
        )
        .caused_by(fault)
    })?;
    let chosen = leaving(&columns, |question| editor.readline(question).ok()).ok_or_else(|| {
        Refusal::new(
            ErrorCode::Interrupted,
            "it was not said, and nothing was done",
        )
    })?;
    if let DatasetCommand::Add { columns, .. } = &mut command {
        *columns = Some(chosen);
    }
    Ok(ConnectorCommand::Dataset(command))
}

/// Name and type of each column of the look.
fn proposed(data: &Value) -> Vec<(String, String)> {
    let text = |column: &Value, key: &str| {
        let found = column.get(key).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let columns = data.get("columns").and_then(Value::as_array);
    let columns = columns.into_iter().flatten();
    columns
        .map(|column| (text(column, "name"), text(column, "type")))
        .collect()
}

/// The columns of which it was said that they may leave; none where the person went away. What is no clear yes is a no.
fn leaving(
    columns: &[(String, String)],
    mut answer: impl FnMut(&str) -> Option<String>,
) -> Option<Vec<String>> {
    let (mut chosen, mut rest) = (Vec::new(), false);
    for (name, kind) in columns {
        let leaves = rest || {
            let question =
                format!("`{name}`, {kind}: may it leave, where a contract shows it? [y/N/all] ");
            match answer(&question)?.trim().to_lowercase().as_str() {
                "y" | "yes" => true,
                "a" | "all" => {
                    rest = true;
                    true
                }
                _ => false,
            }
        };
        if leaves {
            chosen.push(name.clone());
        }
    }
    Some(chosen)
}

#[cfg(test)]
mod tests {
    use super::{leaving, proposed};
    use serde_json::json;

    fn said(answers: &[&str]) -> Option<Vec<String>> {
        let look = json!({"columns": [
            {"name": "day", "type": "date"},
            {"name": "owner", "type": "text"},
            {"name": "n", "type": "int"},
        ]});
        let mut answers = answers.iter();
        leaving(&proposed(&look), |question| {
            assert!(question.contains("may it leave"), "{question}");
            answers.next().map(|answer| (*answer).to_owned())
        })
    }

    #[test]
    fn only_a_clear_yes_lets_a_column_leave() {
        let names = |names: &[&str]| Some(names.iter().map(|name| (*name).to_owned()).collect());
        assert_eq!(said(&["y", "", " YES "]), names(&["day", "n"]));
        assert_eq!(said(&["n", "all"]), names(&["owner", "n"]));
        assert_eq!(said(&["no", "maybe", "yeah"]), names(&[]));
        assert_eq!(said(&["y", "y"]), None);
    }
}
