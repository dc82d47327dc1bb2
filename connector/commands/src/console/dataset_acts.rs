//! Acts on the own datasets: a new one of a staged file, its publication, its restriction and its end.

use crate::approval::arguments::ApprovalCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::console_act::{
    ActRequest, ConsoleAct, JudgedValues, PreparedAct, SUBJECT, act_value,
};
use crate::console::dataset_pages::{check_name, to_missing_page};
use crate::console::person_visit::{CommandResults, PermittedPerson};
use crate::console::upload_pages::{SENDERS, read_files};
use crate::dataset::arguments::{ColumnStatementArgs, DatasetCommand};
use crate::dataset::offer_arguments::OfferTermsArgs;
use hansa_console::{
    ADDITION_ADDRESS, AdditionReport, AdditionView, AskedGuard, AskedStep, DESCRIBED_COLUMNS,
    DatasetReport, GuardApprovalView, PublicationPreview, StagedRow, column_field,
    describe_addition, describe_dataset_withdrawal, describe_guard, describe_guard_approval,
    describe_publication, describe_removal,
};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::ingest::schema_inference::inferred_column::derive_name;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Name under which faults of a typed policy are told.
const TYPED_POLICY: &str = "restriction.policy.toml";

/// New dataset of a staged file.
pub(super) struct DatasetAdditionAct;

#[async_trait::async_trait]
impl ConsoleAct for DatasetAdditionAct {
    fn path(&self) -> &'static [&'static str] {
        &["datasets", "add", SUBJECT]
    }

    fn command_words(&self) -> &'static str {
        "dataset add"
    }

    fn roles(&self) -> &'static [Role] {
        SENDERS
    }

    fn back_address(&self, _subject: &[String]) -> String {
        ADDITION_ADDRESS.to_owned()
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        match act.fields.get("name") {
            Some(name) => format!("/datasets/{name}/publish"),
            None => "/datasets".to_owned(),
        }
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let file = find_file(request.permitted, request.subject(0)).await?;
        let stem = Path::new(&file.name).file_stem().unwrap_or_default();
        let name = derive_name(&stem.to_string_lossy(), "dataset");
        let id = file.id.clone();
        let look = build_addition(&id, &BTreeMap::from([("name".to_owned(), name)]), &[]);
        let report: AdditionReport = request.permitted.rehearse_one(look).await?;
        let columns = report.columns.iter();
        let columns: Vec<&str> = columns.map(|column| column.name.as_str()).collect();
        let facts = BTreeMap::from([("proposed".to_owned(), columns.join("\n"))]);
        let form = describe_addition(&request.frame, &AdditionView { file, report });
        Ok(PreparedAct {
            form,
            facts,
            line: format!("hansa dataset add --staged {id} --name NAME --columns COLUMN,…"),
        })
    }

    async fn judge_values(
        &self,
        request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        let fields = values.iter();
        let names = fields.filter(|(field, _)| *field == "name" || field.starts_with("name-of-"));
        let faults: Vec<&str> = names
            .filter(|(_, name)| name.parse::<SqlIdentifier>().is_err())
            .map(|(field, _)| field.as_str())
            .collect();
        let list = |field: &str| -> Vec<&str> {
            let value = values.get(field).map_or("", String::as_str);
            value.lines().collect()
        };
        let leaves = list("leaves");
        if !list("persons").iter().all(|column| leaves.contains(column)) {
            return Ok(JudgedValues::refuse_fields(&["persons"]));
        }
        if !faults.is_empty() {
            return Ok(JudgedValues::refuse_fields(&faults));
        }
        // A refusal of the command is told before the act is recorded.
        let prepared = self.prepare(request).await?;
        let proposed = list_proposed(&prepared.facts);
        let command = build_addition(request.subject(0), values, &proposed);
        request.permitted.rehearse(command).await?;
        Ok(JudgedValues::Taken)
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        act_value(act, "name")?;
        let proposed = list_proposed(&act.fields);
        Ok(build_addition(&act.subject, &act.fields, &proposed))
    }
}

/// End of the wait of a staged file.
pub(super) struct StagedRemoval;

#[async_trait::async_trait]
impl ConsoleAct for StagedRemoval {
    fn path(&self) -> &'static [&'static str] {
        &["datasets", "add", SUBJECT, "remove"]
    }

    fn command_words(&self) -> &'static str {
        "dataset unstage"
    }

    fn roles(&self) -> &'static [Role] {
        SENDERS
    }

    fn back_address(&self, _subject: &[String]) -> String {
        ADDITION_ADDRESS.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        ADDITION_ADDRESS.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let file = find_file(request.permitted, request.subject(0)).await?;
        Ok(PreparedAct::new(
            describe_removal(&request.frame, &file),
            format!("hansa dataset unstage {}", file.id),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        let id = act.subject.clone();
        Ok(ConnectorCommand::Dataset(DatasetCommand::Unstage { id }))
    }
}

/// Publication of a dataset.
pub(super) struct DatasetPublicationAct;

#[async_trait::async_trait]
impl ConsoleAct for DatasetPublicationAct {
    fn path(&self) -> &'static [&'static str] {
        &["datasets", SUBJECT, "publish"]
    }

    fn command_words(&self) -> &'static str {
        "dataset publish"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Officer]
    }

    fn back_address(&self, _subject: &[String]) -> String {
        "/datasets".to_owned()
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        format!("/datasets/{}", act.subject)
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let name = request.subject(0);
        check_name(name)?;
        let look = publish_command(name);
        let preview: PublicationPreview = request.permitted.rehearse_one(look).await?;
        Ok(PreparedAct::new(
            describe_publication(&request.frame, &preview),
            format!("hansa dataset publish {name} --dry-run\nhansa dataset publish {name}"),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(publish_command(&act.subject))
    }
}

/// Restriction of a dataset: a new one, or none any more.
pub(super) struct DatasetGuardAct;

#[async_trait::async_trait]
impl ConsoleAct for DatasetGuardAct {
    fn path(&self) -> &'static [&'static str] {
        &["datasets", SUBJECT, "guard"]
    }

    fn command_words(&self) -> &'static str {
        "dataset restrict"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Signer]
    }

    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, subject: &[String]) -> String {
        dataset_address(subject)
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        format!("/datasets/{}", act.subject)
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let name = request.subject(0);
        let report = read_report(request, name).await?;
        let policy = quote_word(TYPED_POLICY);
        Ok(PreparedAct::new(
            describe_guard(&request.frame, name, &report),
            format!("hansa dataset restrict {name} --policy {policy}"),
        ))
    }

    async fn judge_values(
        &self,
        request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        let is_filled = |name: &str| values.get(name).is_some_and(|value| !value.is_empty());
        if is_filled("policy") == is_filled("remove") {
            return Ok(JudgedValues::refuse_fields(&["policy"]));
        }
        let command = restrict_command(request.subject(0), values);
        request.permitted.rehearse(command).await?;
        Ok(JudgedValues::Taken)
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(restrict_command(&act.subject, &act.fields))
    }
}

/// Approval of a restriction that another person has asked for, as it was asked for.
pub(super) struct DatasetGuardApproval;

#[async_trait::async_trait]
impl ConsoleAct for DatasetGuardApproval {
    fn path(&self) -> &'static [&'static str] {
        &["datasets", SUBJECT, "guard", SUBJECT]
    }

    fn command_words(&self) -> &'static str {
        "dataset restrict approve"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Signer]
    }

    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, subject: &[String]) -> String {
        dataset_address(subject)
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        let (name, _) = act.subject.split_once('/').unwrap_or_default();
        dataset_address(&[name.to_owned()])
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let (name, id) = (request.subject(0), request.subject(1));
        let report = read_report(request, name).await?;
        let list = ConnectorCommand::Approval(ApprovalCommand::List);
        let steps: Vec<AskedStep> = request.permitted.read_rows(list).await?;
        let mut steps = steps.into_iter();
        // An act names what it approves by the whole identity.
        let step = steps.find(|step| step.approval == id && step.state == "waits");
        let step = step.ok_or_else(|| {
            let sentence = "no change of a restriction of this identity waits for a second person";
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
        let language = request.frame.language.tag();
        let look = approve_command(name, id, Some(language.to_owned()));
        let asked: AskedGuard = request.permitted.rehearse_one(look).await?;
        let view = GuardApprovalView {
            report,
            step,
            asked,
        };
        Ok(PreparedAct::new(
            describe_guard_approval(&request.frame, name, &view),
            format!("hansa dataset restrict {name} --approve {id}"),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        let (name, id) = act.subject.split_once('/').ok_or_else(|| {
            let sentence = "the act names no change of a restriction";
            Refusal::new(ErrorCode::Internal, sentence)
        })?;
        Ok(approve_command(name, id, None))
    }
}

/// End of a dataset in the catalogue.
pub(super) struct DatasetWithdrawalAct;

#[async_trait::async_trait]
impl ConsoleAct for DatasetWithdrawalAct {
    fn path(&self) -> &'static [&'static str] {
        &["datasets", SUBJECT, "withdraw"]
    }

    fn command_words(&self) -> &'static str {
        "dataset withdraw"
    }

    fn roles(&self) -> &'static [Role] {
        &[Role::Signer]
    }

    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, subject: &[String]) -> String {
        dataset_address(subject)
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        "/datasets".to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let name = request.subject(0);
        let report = read_report(request, name).await?;
        Ok(PreparedAct::new(
            describe_dataset_withdrawal(&request.frame, name, &report),
            format!("hansa dataset withdraw {name}"),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Dataset(DatasetCommand::Withdraw {
            name: act.subject.clone(),
            snapshot: None,
        }))
    }
}

/// Staged file of the person.
async fn find_file(permitted: &PermittedPerson<'_>, id: &str) -> Result<StagedRow, Refusal> {
    let files = read_files(permitted).await?;
    let found = files.into_iter().find(|file| file.id == id);
    found.ok_or_else(|| {
        let sentence = "no file of this identity waits for you";
        Refusal::new(ErrorCode::UploadUnknown, sentence)
    })
}

/// The dataset as it is published.
async fn read_report(request: &ActRequest<'_>, name: &str) -> Result<DatasetReport, Refusal> {
    check_name(name)?;
    let command = ConnectorCommand::Dataset(DatasetCommand::Show {
        name: name.to_owned(),
        language: Some(request.frame.language.tag().to_owned()),
    });
    let read = request.permitted.read_one(command).await;
    read.map_err(to_missing_page)
}

fn dataset_address(subject: &[String]) -> String {
    match subject.first().filter(|name| check_name(name).is_ok()) {
        Some(name) => format!("/datasets/{name}"),
        None => "/datasets".to_owned(),
    }
}

fn publish_command(name: &str) -> ConnectorCommand {
    ConnectorCommand::Dataset(DatasetCommand::Publish {
        names: vec![name.to_owned()],
        anew: false,
    })
}

fn restrict_command(name: &str, values: &BTreeMap<String, String>) -> ConnectorCommand {
    let policy = values.get("policy").filter(|policy| !policy.is_empty());
    let is_removed = values.get("remove").is_some_and(|remove| remove == "yes");
    ConnectorCommand::Dataset(DatasetCommand::Restrict {
        name: name.to_owned(),
        policy: policy.map(|_| PathBuf::from(TYPED_POLICY)),
        policy_text: policy.cloned(),
        remove: is_removed,
        approve: None,
        language: None,
    })
}

fn approve_command(name: &str, id: &str, language: Option<String>) -> ConnectorCommand {
    ConnectorCommand::Dataset(DatasetCommand::Restrict {
        name: name.to_owned(),
        policy: None,
        policy_text: None,
        remove: false,
        approve: Some(id.to_owned()),
        language,
    })
}

/// Columns that the look at a file has proposed.
fn list_proposed(facts: &BTreeMap<String, String>) -> Vec<String> {
    let proposed = facts.get("proposed").map_or("", String::as_str);
    proposed.lines().map(str::to_owned).collect()
}

/// Command that adds a dataset of a staged file, by the values of the form.
fn build_addition(
    id: &str,
    values: &BTreeMap<String, String>,
    proposed: &[String],
) -> ConnectorCommand {
    let value = |name: &str| {
        let value = values.get(name);
        value.filter(|value| !value.is_empty()).cloned()
    };
    let list = |name: &str| -> Option<Vec<String>> {
        let chosen = value(name)?;
        Some(chosen.lines().map(str::to_owned).collect())
    };
    let mut statements = ColumnStatementArgs {
        personal: list("persons"),
        ..ColumnStatementArgs::default()
    };
    for (place, column) in proposed.iter().take(DESCRIBED_COLUMNS).enumerate() {
        let state = |statement: &str| {
            let text = value(&column_field(statement, place))?;
            Some(format!("{column}={text}"))
        };
        let renamed = value(&column_field("name", place)).filter(|name| name != column);
        statements
            .rename
            .extend(renamed.and_then(|_| state("name")));
        statements.meaning.extend(state("meaning"));
        statements.unit.extend(state("unit"));
    }
    ConnectorCommand::Dataset(DatasetCommand::Add {
        files: Vec::new(),
        staged: Some(id.to_owned()),
        name: value("name"),
        title: value("title"),
        licence: value("licence"),
        kind: value("origin"),
        columns: list("leaves").map(|leaves| rename_columns(&leaves, values, proposed)),
        all_columns: false,
        keep_wide: false,
        extent: None,
        skip_last_lines: value("skip-last-lines").and_then(|lines| lines.parse().ok()),
        about_persons: value("about-persons").is_some(),
        statements: Box::new(statements),
        terms: Box::new(OfferTermsArgs::default()),
        publish: false,
    })
}

/// Names of chosen columns after they were renamed: the command chooses among the new names.
fn rename_columns(
    chosen: &[String],
    values: &BTreeMap<String, String>,
    proposed: &[String],
) -> Vec<String> {
    let rename = |column: &String| {
        let place = proposed.iter().position(|name| name == column);
        let place = place.filter(|place| *place < DESCRIBED_COLUMNS);
        let renamed = place.and_then(|place| values.get(&column_field("name", place)));
        let renamed = renamed.filter(|name| !name.is_empty());
        renamed.unwrap_or(column).clone()
    };
    chosen.iter().map(rename).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_the_command_that_does_the_same() {
        let values = [
            ("name", "bike_counts"),
            ("title", "Bicycle counts"),
            ("licence", "CC-BY-4.0"),
            ("origin", "measured"),
            ("leaves", "site\nn"),
            ("persons", "site"),
            ("about-persons", ""),
            ("skip-last-lines", "2"),
            ("name-of-0", "site"),
            ("name-of-1", "bikes"),
            ("meaning-of-0", "where = place"),
            ("unit-of-1", "{bicycle}"),
        ];
        let values: BTreeMap<String, String> = values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let proposed = ["site", "n", "note"].map(str::to_owned);
        let ConnectorCommand::Dataset(DatasetCommand::Add {
            files,
            staged,
            name,
            columns,
            statements,
            skip_last_lines,
            about_persons,
            publish,
            ..
        }) = build_addition("0f3c", &values, &proposed)
        else {
            panic!("another command");
        };
        assert!(files.is_empty() && !publish && !about_persons);
        assert_eq!(staged.as_deref(), Some("0f3c"));
        assert_eq!(name.as_deref(), Some("bike_counts"));
        // The chosen columns have their new names.
        assert_eq!(columns.unwrap(), ["site", "bikes"]);
        assert_eq!(statements.rename, ["n=bikes"]);
        assert_eq!(statements.meaning, ["site=where = place"]);
        assert_eq!(statements.unit, ["n={bicycle}"]);
        assert_eq!(statements.personal.unwrap(), ["site"]);
        assert_eq!(skip_last_lines, Some(2));
    }

    #[test]
    fn a_restriction_is_set_by_its_text_or_taken_away() {
        let values = BTreeMap::from([("policy".to_owned(), "title = \"x\"".to_owned())]);
        let ConnectorCommand::Dataset(DatasetCommand::Restrict {
            policy_text,
            remove,
            ..
        }) = restrict_command("bikes", &values)
        else {
            panic!("another command");
        };
        assert_eq!(policy_text.as_deref(), Some("title = \"x\""));
        assert!(!remove);
        let values = BTreeMap::from([("remove".to_owned(), "yes".to_owned())]);
        let ConnectorCommand::Dataset(DatasetCommand::Restrict { policy, remove, .. }) =
            restrict_command("bikes", &values)
        else {
            panic!("another command");
        };
        assert!(policy.is_none() && remove);
    }
}
