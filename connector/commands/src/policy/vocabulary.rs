//! `hansa policy terms`, `hansa model list` and `show`: what this version knows; needs no configuration.

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::{CommandReport, ReportRow};
use crate::cli::output::{OutputSettings, render_table};
use crate::model::ModelCommand;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::rule::TermSpec;
use hansa_policy::term::vocabulary::VOCABULARY;
use hansa_proto::policy_toml::examples::{TermExample, term_examples};
use hansa_query::model::{MODELS, Model, find_model};
use serde::Serialize;

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
pub(crate) fn print_terms(show: OutputSettings) {
    for (entry, written) in VOCABULARY.iter().zip(term_examples()) {
        show.print_report(&TermDescription::of(entry.spec, written));
    }
}

/// Term of the vocabulary with an example.
#[derive(Debug, Serialize)]
struct TermDescription {
    numbers: &'static [u8],
    term: &'static str,
    place: String,
    operand: &'static str,
    operators: &'static [&'static str],
    executed: Vec<&'static str>,
    codes: Vec<String>,
    remedy: &'static str,
    /// Key in a policy file, if there is one.
    key: Option<String>,
    example: String,
    sentence: String,
}

impl TermDescription {
    fn of(spec: &TermSpec, written: TermExample) -> Self {
        Self {
            numbers: spec.numbers,
            term: spec.name,
            place: spec.position.to_string(),
            operand: spec.operand,
            operators: spec.operators,
            executed: spec.executed.iter().map(|stage| stage.as_str()).collect(),
            codes: spec.codes.iter().map(ToString::to_string).collect(),
            remedy: spec.remedy,
            key: written.key,
            example: written.example,
            sentence: written.sentence,
        }
    }
}

impl CommandReport for TermDescription {
    fn to_text(&self) -> String {
        let example = match self.key {
            Some(_) => self.example.as_str(),
            None => "not written: it is that of the dataset, [dataset.grid]",
        };
        format!(
            "{}\n  {}\n  {example}\n  {}; {}\n",
            self.key.as_deref().unwrap_or(self.term),
            self.sentence,
            self.executed.join(", "),
            match self.codes.is_empty() {
                true => "what it takes away does not exist".to_owned(),
                false => self.codes.join(" "),
            },
        )
    }
}

/// The models, or the columns of one.
///
/// # Errors
/// `USAGE` for one that is not known.
pub(crate) fn print_models(command: &ModelCommand, show: OutputSettings) -> Result<u8, Refusal> {
    match command {
        ModelCommand::List => {
            let rows: Vec<ListedModel> = MODELS.iter().map(ListedModel::of).collect();
            show.print_list(&rows);
        }
        ModelCommand::Show { name } => {
            let known = find_model(name).ok_or_else(|| unknown_model_refusal(name))?;
            show.print_report(&ModelReport::of(known));
        }
    }
    Ok(0)
}

fn unknown_model_refusal(name: &str) -> Refusal {
    let known: Vec<&str> = MODELS.iter().map(|model| model.name).collect();
    Refusal::new(ErrorCode::UsageWrong, format!("no model `{name}` is known"))
        .with_help(format!("known are {}", known.join(", ")))
}

/// Model of the list, with the number of its columns.
#[derive(Debug, Serialize)]
struct ListedModel {
    model: &'static str,
    meaning: &'static str,
    columns: usize,
}

impl ListedModel {
    fn of(model: &Model) -> Self {
        Self {
            model: model.name,
            meaning: model.meaning,
            columns: model.columns.len(),
        }
    }
}

impl ReportRow for ListedModel {
    const HEADER: &'static [&'static str] = &["MODEL", "A ROW IS"];

    fn cells(&self) -> Vec<String> {
        vec![self.model.to_owned(), self.meaning.to_owned()]
    }
}

/// Model with its columns.
#[derive(Debug, Serialize)]
struct ModelReport {
    model: &'static str,
    meaning: &'static str,
    columns: Vec<ModelColumnReport>,
}

/// Column of a model.
#[derive(Debug, Serialize)]
struct ModelColumnReport {
    column: &'static str,
    #[serde(rename = "type")]
    kind: String,
    required: bool,
    unit: Option<&'static str>,
    meaning: &'static str,
}

impl ModelReport {
    fn of(model: &Model) -> Self {
        let columns = model.columns.iter().map(|column| ModelColumnReport {
            column: column.name,
            kind: column.kind.to_string(),
            required: column.required,
            unit: column.unit,
            meaning: column.meaning,
        });
        Self {
            model: model.name,
            meaning: model.meaning,
            columns: columns.collect(),
        }
    }
}

impl CommandReport for ModelReport {
    fn to_text(&self) -> String {
        let Self { model, meaning, .. } = self;
        let columns = self.columns.iter().map(|column| {
            vec![
                column.column.to_owned(),
                column.kind.clone(),
                if column.required { "required" } else { "" }.to_owned(),
                column.unit.unwrap_or_default().to_owned(),
                column.meaning.to_owned(),
            ]
        });
        let rows: Vec<Vec<String>> = columns.collect();
        format!(
            "model.{model}: {meaning}\n{}\nask all who conform to it at once: SELECT … FROM model.{model}; beside these it has participant and dataset\n\
             an own dataset conforms with model = \"{model}\" in its entry",
            render_table(&["COLUMN", "TYPE", "", "UNIT", "MEANING"], &rows),
        )
    }
}
