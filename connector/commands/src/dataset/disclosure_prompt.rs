//! `hansa dataset add` where somebody is there: of each column it is asked whether it may leave, and of each number whether its sums
//! may, before anything is written.

use crate::admin::command_event::CommandEvent;
use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::command_target::CommandTarget;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::terminal;
use crate::dataset::arguments::DatasetCommand;
use crate::dataset::config_entry::{AddedColumn, AddedColumns};
use crate::dataset::offer_arguments::OfferTermsArgs;
use hansa_policy::refusal::{ErrorCode, Refusal};
use rustyline::DefaultEditor;
use serde::Deserialize as _;
use serde_json::Value;

/// True if somebody is there to say it, and has not said it.
pub(crate) fn is_asked(command: &DatasetCommand, global: &GlobalArgs) -> bool {
    let quiet = global.json || global.yes || global.dry_run;
    lacks_choice(command) && !quiet && terminal::is_conversation()
}

/// True if nobody has said yet which columns may leave, or of which the sums may.
fn lacks_choice(command: &DatasetCommand) -> bool {
    let DatasetCommand::Add {
        columns,
        all_columns,
        terms,
        ..
    } = command
    else {
        return false;
    };
    let is_said = *all_columns || columns.is_some() || terms.columns_of_groups().is_some();
    !is_said || terms.lacks_measures()
}

/// Has the files looked at, asks, and gives the command with the columns that may leave.
///
/// # Errors
/// What the look came to; `INTERRUPTED` where the person goes.
pub(crate) async fn ask_disclosure(
    connector: &CommandTarget,
    mut command: DatasetCommand,
    global: &GlobalArgs,
) -> Result<ConnectorCommand, Refusal> {
    let looks = GlobalArgs {
        dry_run: true,
        ..global.clone()
    };
    let look = ConnectorCommand::Dataset(without_offer(&command));
    let (mut events, _work) = connector.start_command(look, &looks);
    let mut proposed = Vec::new();
    while let Some(event) = events.recv().await {
        match event {
            CommandEvent::Object { data, .. } => proposed.extend(proposed_columns(&data)),
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
    let answered = choose_disclosure(&mut command, &proposed, |question| {
        editor.readline(question).ok()
    });
    answered.ok_or_else(|| {
        Refusal::new(
            ErrorCode::Interrupted,
            "the questions were not answered; nothing was done",
        )
    })?;
    Ok(ConnectorCommand::Dataset(command))
}

/// The command for a look at the files alone: an offer is refused until its columns are named.
fn without_offer(command: &DatasetCommand) -> DatasetCommand {
    let mut command = command.clone();
    if let DatasetCommand::Add { terms, publish, .. } = &mut command {
        **terms = OfferTermsArgs::default();
        *publish = false;
    }
    command
}

impl AddedColumn {
    fn is_among(&self, words: &[String]) -> bool {
        words
            .iter()
            .any(|word| *word == self.name || self.from.contains(word))
    }

    fn is_number(&self) -> bool {
        matches!(self.kind.as_str(), "int" | "float") || self.kind.starts_with("decimal")
    }
}

/// The columns of the look.
fn proposed_columns(data: &Value) -> Vec<AddedColumn> {
    let look = AddedColumns::deserialize(data);
    look.map_or_else(|_| Vec::new(), |look| look.columns)
}

/// Asks for what the command does not say, and puts it there; nothing where the person went away.
fn choose_disclosure(
    command: &mut DatasetCommand,
    proposed: &[AddedColumn],
    mut answer: impl FnMut(&str) -> Option<String>,
) -> Option<()> {
    let DatasetCommand::Add {
        columns,
        all_columns,
        terms,
        ..
    } = command
    else {
        return Some(());
    };
    let mut leaving: Vec<&AddedColumn> = proposed.iter().filter(|one| one.leaves).collect();
    if columns.is_none() && !*all_columns {
        leaving = confirm_columns(leaving, &mut answer, |column| {
            format!(
                "`{}`, {}: may it leave, where a contract shows it?",
                column.name, column.kind
            )
        })?;
        *columns = Some(leaving.iter().map(|column| column.name.clone()).collect());
    }
    if terms.lacks_measures() {
        leaving.retain(|column| column.is_number() && !column.is_among(&terms.group_by));
        let added_up = confirm_columns(leaving, &mut answer, |column| {
            format!(
                "`{}`, {}: may its sums in groups leave?",
                column.name, column.kind
            )
        })?;
        terms.measures = added_up.iter().map(|column| column.name.clone()).collect();
        if terms.measures.is_empty() {
            terms.functions = vec!["count".to_owned()];
        }
    }
    Some(())
}

/// The columns of which the answer was yes; nothing where the person went away. What is no clear yes is a no.
fn confirm_columns<'c>(
    columns: Vec<&'c AddedColumn>,
    answer: &mut impl FnMut(&str) -> Option<String>,
    question: impl Fn(&AddedColumn) -> String,
) -> Option<Vec<&'c AddedColumn>> {
    let (mut chosen, mut rest) = (Vec::new(), false);
    for column in columns {
        let leaves = rest
            || match answer(&format!("{} [y/N/all] ", question(column)))?
                .trim()
                .to_lowercase()
                .as_str()
            {
                "y" | "yes" => true,
                "a" | "all" => {
                    rest = true;
                    true
                }
                _ => false,
            };
        if leaves {
            chosen.push(column);
        }
    }
    Some(chosen)
}

#[cfg(test)]
mod tests {
    use crate::dataset::arguments::DatasetCommand;
    use crate::dataset::disclosure_prompt::{
        choose_disclosure, lacks_choice, proposed_columns, without_offer,
    };
    use clap::Parser;
    use serde_json::json;

    #[derive(Parser)]
    struct Typed {
        #[command(subcommand)]
        command: DatasetCommand,
    }

    fn parse_command(more: &str) -> DatasetCommand {
        let words = format!("hansa add a.csv {more}");
        let words: Vec<&str> = words.split_whitespace().collect();
        Typed::try_parse_from(words).unwrap().command
    }

    /// The columns and the measures that come of the answers.
    fn chosen(more: &str, answers: &[&str]) -> Option<(Vec<String>, Vec<String>, Vec<String>)> {
        let look = json!({"columns": [
            {"name": "day", "from": ["Day"], "type": "date", "leaves": true},
            {"name": "owner", "from": ["Owner"], "type": "text", "leaves": true},
            {"name": "n", "from": ["N"], "type": "int", "leaves": true},
            {"name": "fare", "from": ["Fare"], "type": "decimal(9, 2)", "leaves": true},
        ]});
        let mut answers = answers.iter();
        let mut command = parse_command(more);
        choose_disclosure(&mut command, &proposed_columns(&look), |question| {
            assert!(question.contains(" leave"), "{question}");
            answers.next().map(|answer| (*answer).to_owned())
        })?;
        assert_eq!(answers.next(), None, "each answer is to a question");
        assert!(!lacks_choice(&command), "{command:?}");
        match command {
            DatasetCommand::Add { columns, terms, .. } => {
                Some((columns.unwrap_or_default(), terms.measures, terms.functions))
            }
            _ => None,
        }
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn only_a_clear_yes_lets_a_column_leave() {
        let columns = |answers| chosen("", answers).map(|(columns, ..)| columns);
        assert_eq!(columns(&["y", "", " YES ", ""]), Some(names(&["day", "n"])));
        assert_eq!(columns(&["n", "all"]), Some(names(&["owner", "n", "fare"])));
        assert_eq!(columns(&["no", "maybe", "yeah", "0"]), Some(names(&[])));
        assert_eq!(columns(&["y", "y"]), None);
    }

    #[test]
    fn of_groups_it_is_asked_which_sums_leave() {
        let groups = "--offer league --until 2029-12-31 --at-least 15 --group-by Day";
        assert_eq!(
            chosen(groups, &["y", "n", "all", "", "y"]),
            Some((names(&["day", "n", "fare"]), names(&["fare"]), names(&[])))
        );
        assert_eq!(
            chosen(groups, &["all", "", ""]),
            Some((
                names(&["day", "owner", "n", "fare"]),
                names(&[]),
                names(&["count"])
            ))
        );
        assert!(lacks_choice(&parse_command(&format!(
            "{groups} --all-columns"
        ))));
        assert!(lacks_choice(&parse_command(&format!(
            "{groups} --columns Day,N"
        ))));
        for said in ["--measures N", "--functions count"] {
            assert!(
                !lacks_choice(&parse_command(&format!("{groups} {said}"))),
                "{said}"
            );
        }
    }

    #[test]
    fn the_look_offers_nothing() {
        let offered = parse_command("--offer league --until 2029-12-31 --publish");
        match without_offer(&offered) {
            DatasetCommand::Add { terms, publish, .. } => {
                assert!(terms.offer.is_empty() && !publish);
            }
            other => panic!("{other:?}"),
        }
    }
}
