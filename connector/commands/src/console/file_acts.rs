//! Acts that take files out of the console: evidence, and answers about persons. Each asks for a proof that the person is present, and
//! grants the file to the session for some minutes.

use crate::audit::arguments::{AuditCommand, AuditFilter};
use crate::audit::export::check_filter;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::ask_pages::{ASKERS, find_answer};
use crate::console::console_act::{ActRequest, ConsoleAct, JudgedValues, PreparedAct, SUBJECT};
use crate::console::person_visit::{CommandResults, PermittedPerson};
use hansa_console::{EXPORT_FIELDS, describe_answer_files, describe_export};
use hansa_node::config::person::Role;
use hansa_node::console::file_grant::MINUTES_GRANTED;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Roles that export evidence.
pub(super) const EXPORTERS: &[Role] = &[Role::Auditor];

/// Grant of the evidence.
pub(super) const EVIDENCE: &str = "evidence";

/// Page with the file of the evidence.
pub(super) const EXPORT_FILE_PAGE: &str = "/evidence/export/file";

/// Export of evidence as a bundle.
pub(super) struct EvidenceExport;

/// Filter of a bundle from the values of the act.
pub(super) fn export_filter(values: &BTreeMap<String, String>) -> AuditFilter {
    let value = |name: &str| values.get(name).filter(|value| !value.is_empty()).cloned();
    AuditFilter {
        participant: value("participant"),
        dataset: value("dataset"),
        contract: value("contract"),
        from: value("from"),
        to: value("to"),
        outcome: None,
        last: None,
    }
}

/// Command line of an export.
pub(super) fn export_line(values: &BTreeMap<String, String>) -> String {
    let mut line = "hansa audit export --output evidence.bundle".to_owned();
    for name in EXPORT_FIELDS {
        if let Some(value) = values.get(name).filter(|value| !value.is_empty()) {
            line.push_str(&format!(" --{name} {}", quote_word(value)));
        }
    }
    line
}

#[async_trait::async_trait]
impl ConsoleAct for EvidenceExport {
    fn path(&self) -> &'static [&'static str] {
        &["evidence", "export"]
    }

    fn command_words(&self) -> &'static str {
        "audit export"
    }

    fn roles(&self) -> &'static [Role] {
        EXPORTERS
    }

    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, _subject: &[String]) -> String {
        "/evidence".to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        EXPORT_FILE_PAGE.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let form = describe_export(&request.frame, MINUTES_GRANTED);
        Ok(PreparedAct::new(form, export_line(&BTreeMap::new())))
    }

    async fn judge_values(
        &self,
        request: &ActRequest<'_>,
        values: &BTreeMap<String, String>,
    ) -> Result<JudgedValues, Refusal> {
        let connector = request.permitted.visit().connector;
        let is_wrong = |name: &&str| {
            let value = values.get(*name).cloned().unwrap_or_default();
            let one = BTreeMap::from([((*name).to_owned(), value)]);
            check_filter(connector, &export_filter(&one)).is_err()
        };
        let wrong = EXPORT_FIELDS.iter().filter(|name| is_wrong(name));
        let faults: Vec<&str> = wrong.copied().collect();
        Ok(match faults.is_empty() {
            true => JudgedValues::Taken,
            false => JudgedValues::refuse_fields(&faults),
        })
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Audit(AuditCommand::Export {
            output: PathBuf::from("evidence.bundle"),
            tiles: false,
            filter: export_filter(&act.fields),
        }))
    }

    /// Grants the file. The browser takes what the command would write, so that no copy stays at the machine.
    async fn carry_out(
        &self,
        permitted: &PermittedPerson<'_>,
        act: &DescribedAct,
    ) -> Result<CommandResults, Refusal> {
        check_filter(permitted.visit().connector, &export_filter(&act.fields))?;
        grant_file(permitted, EVIDENCE, act.fields.clone());
        Ok(CommandResults::default())
    }
}

/// Files of an answer about persons.
pub(super) struct AnswerFiles;

#[async_trait::async_trait]
impl ConsoleAct for AnswerFiles {
    fn path(&self) -> &'static [&'static str] {
        &["answers", SUBJECT, "files"]
    }

    fn command_words(&self) -> &'static str {
        "answer files"
    }

    fn roles(&self) -> &'static [Role] {
        ASKERS
    }

    fn needs_presence(&self) -> bool {
        true
    }

    fn back_address(&self, subject: &[String]) -> String {
        format!("/answers/{}", subject.join("/"))
    }

    fn page_after(&self, act: &DescribedAct, _results: &CommandResults) -> String {
        format!("/answers/{}", act.subject)
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let answer = find_answer(request.permitted.visit(), request.subject(0))?;
        let question = &answer.question;
        let form = describe_answer_files(&request.frame, &question.sql, MINUTES_GRANTED);
        Ok(PreparedAct::new(form, String::new()))
    }

    fn build_command(&self, _act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        let sentence = "no command takes the file of an answer that is kept here";
        Err(Refusal::new(ErrorCode::Internal, sentence))
    }

    /// Grants the files. The answer is kept in the console alone, so no command takes them.
    async fn carry_out(
        &self,
        permitted: &PermittedPerson<'_>,
        act: &DescribedAct,
    ) -> Result<CommandResults, Refusal> {
        let answer = find_answer(permitted.visit(), &act.subject)?;
        grant_file(permitted, &answer.id, BTreeMap::new());
        Ok(CommandResults::default())
    }
}

fn grant_file(permitted: &PermittedPerson<'_>, file: &str, values: BTreeMap<String, String>) {
    let visit = permitted.visit();
    let ticks = visit.connector.ticks();
    let files = &visit.connector.console.files;
    files.grant(visit.session(), file, values, ticks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_the_command_with_the_values_of_the_form() {
        let values = BTreeMap::from([
            ("participant".to_owned(), "acme.example".to_owned()),
            ("dataset".to_owned(), String::new()),
            ("from".to_owned(), "2026-11-01".to_owned()),
        ]);
        assert_eq!(
            export_line(&values),
            "hansa audit export --output evidence.bundle --participant acme.example --from 2026-11-01"
        );
        let filter = export_filter(&values);
        assert_eq!(filter.dataset, None);
        assert_eq!(filter.from.as_deref(), Some("2026-11-01"));
    }
}
