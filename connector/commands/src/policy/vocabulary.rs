//! `hansa policy terms`, `hansa model list` and `show`: what this version knows; needs no configuration.

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::{OutputSettings, table};
use crate::cli::terminal::line_out;
use crate::model::ModelCommand;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::vocabulary::VOCABULARY;
use hansa_proto::policy_toml::examples::examples;
use hansa_query::model::{MODELS, Model, model};
use serde_json::{Value, json};

impl Command for ModelCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List | Self::Show { .. } => CommandEffect::Looks,
        }
    }
}

impl ConnectorVerb for ModelCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List | Self::Show { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List | Self::Show { .. } => JudgedState::None,
        }
    }

    async fn run(self, _: CommandContext<'_>) -> CommandResult {
        Err(Refusal::new(ErrorCode::UsageWrong, "models need no connector").into())
    }
}

/// Every term: its key in a policy file, an example, the sentence that it becomes, where it is executed and what it refuses with.
pub(crate) fn terms(show: OutputSettings) {
    for (entry, written) in VOCABULARY.iter().zip(examples()) {
        let spec = entry.spec;
        let codes: Vec<String> = spec.codes.iter().map(ToString::to_string).collect();
        let stages: Vec<&str> = spec.executed.iter().map(|stage| stage.as_str()).collect();
        let example = match written.key {
            Some(_) => written.example.as_str(),
            None => "not written: it is that of the dataset, [dataset.grid]",
        };
        show.result(
            &json!({
                "numbers": spec.numbers, "term": spec.name, "place": spec.position.to_string(),
                "operand": spec.operand, "operators": spec.operators, "executed": stages,
                "codes": codes, "mend": spec.remedy, "key": written.key, "example": written.example,
                "sentence": written.sentence,
            }),
            &format!(
                "{}\n  {}\n  {example}\n  {}; {}\n",
                written.key.as_deref().unwrap_or(spec.name),
                written.sentence,
                stages.join(", "),
                match codes.is_empty() {
                    true => "what it takes away does not exist".to_owned(),
                    false => codes.join(" "),
                },
            ),
        );
    }
}

/// The models, or the columns of one.
///
/// # Errors
/// `USAGE` for one that is not known.
pub(crate) fn models(command: &ModelCommand, show: OutputSettings) -> Result<u8, Refusal> {
    match command {
        ModelCommand::List => list(show),
        ModelCommand::Show { name } => {
            let known = model(name).ok_or_else(|| unknown(name))?;
            one(known, show);
        }
    }
    Ok(0)
}

fn unknown(name: &str) -> Refusal {
    let known: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    Refusal::new(ErrorCode::UsageWrong, format!("no model `{name}` is known"))
        .with_help(format!("known are {}", known.join(", ")))
}

fn list(show: OutputSettings) {
    let mut rows = Vec::new();
    for model in &MODELS {
        if show.json {
            let columns = model.columns.len();
            let data = json!({"model": model.name, "meaning": model.meaning, "columns": columns});
            show.result(&data, "");
        }
        rows.push(vec![model.name.to_owned(), model.meaning.to_owned()]);
    }
    if !show.json {
        line_out(&table(&["MODEL", "A ROW IS"], &rows));
    }
}

fn one(model: &Model, show: OutputSettings) {
    let columns: Vec<Value> = model
        .columns
        .iter()
        .map(|column| {
            json!({
                "column": column.name,
                "type": column.kind.to_string(),
                "required": column.required,
                "unit": column.unit,
                "meaning": column.meaning,
            })
        })
        .collect();
    let rows: Vec<Vec<String>> = model
        .columns
        .iter()
        .map(|column| {
            vec![
                column.name.to_owned(),
                column.kind.to_string(),
                if column.required { "required" } else { "" }.to_owned(),
                column.unit.unwrap_or_default().to_owned(),
                column.meaning.to_owned(),
            ]
        })
        .collect();
    show.result(
        &json!({"model": model.name, "meaning": model.meaning, "columns": columns}),
        &format!(
            "model.{}: {}\n{}\nask all who conform to it at once: SELECT … FROM model.{}; beside these it has participant and dataset\n\
             an own dataset conforms with model = \"{}\" in its entry",
            model.name,
            model.meaning,
            table(&["COLUMN", "TYPE", "", "UNIT", "MEANING"], &rows),
            model.name,
            model.name
        ),
    );
}
