//! Pages of the policies of the own offers.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::dataset_pages::{check_name, to_missing_page};
use crate::console::person_visit::{PersonVisit, read_object};
use crate::policy::arguments::{PolicyCommand, PolicyListArgs};
use hansa_console::{
    PolicyListView, PolicyRow, PolicyView, ROWS_PER_PAGE, render_policies, render_policy,
};
use hansa_node::config::person::Role;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;
use serde_json::Value;

/// Roles that read the policies of the own offers.
const READERS: &[Role] = &[Role::Officer];

/// Longest name of a policy in an address, bytes.
const LONGEST_NAME: usize = 255;

/// List of the policies of the own offers.
pub(super) async fn show_policies(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "policies").await?;
    let after = visit.given_parameter("after");
    let after = after.map(|text| text.parse::<u64>()).transpose();
    let args = PolicyListArgs {
        after: after.map_err(|fault| {
            let sentence = "`after` is no line of the configuration";
            Refusal::new(ErrorCode::UsageWrong, sentence).caused_by(fault)
        })?,
        // One more shows whether another page follows.
        limit: Some(ROWS_PER_PAGE + 1),
    };
    let shown_after = args.after.map(|line| format!(" --after {line}"));
    let shown = format!(
        "hansa policy list --limit {ROWS_PER_PAGE}{}",
        shown_after.unwrap_or_default()
    );
    let command = ConnectorCommand::Policy(PolicyCommand::List(args));
    let mut rows: Vec<PolicyRow> = permitted.read_rows(command).await?;
    let has_more = rows.len() > ROWS_PER_PAGE;
    rows.truncate(ROWS_PER_PAGE);
    let view = PolicyListView {
        after: rows.last().filter(|_| has_more).map(|row| row.line),
        rows,
    };
    Ok(visit.show_page(shown, |frame| render_policies(frame, &view)))
}

/// One policy of the own offers, as it applies to a dataset.
pub(super) async fn show_policy(
    visit: &PersonVisit<'_>,
    name: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "policies").await?;
    check_policy_name(name)?;
    let dataset = visit.given_parameter("dataset");
    if let Some(dataset) = &dataset {
        check_name(dataset)?;
    }
    let language = visit.language().tag();
    let mut shown = format!(
        "hansa policy show {} --language {language}",
        quote_word(name)
    );
    if let Some(dataset) = &dataset {
        shown.push_str(&format!(" --offered-for {dataset}"));
    }
    let command = ConnectorCommand::Policy(PolicyCommand::Show {
        policy: name.to_owned(),
        odrl: false,
        toml: false,
        dataset: None,
        offered_for: dataset,
        language: Some(language.to_owned()),
    });
    let object = permitted.read_one(command).await;
    let mut object: Value = object.map_err(to_missing_page)?;
    let odrl = object.get("odrl").map(serde_json::to_string_pretty);
    let odrl = odrl.and_then(Result::ok).unwrap_or_default();
    if let Some(members) = object.as_object_mut() {
        members.insert("odrl".to_owned(), Value::String(odrl));
    }
    let view: PolicyView = read_object(object)?;
    Ok(visit.show_page(shown, |frame| render_policy(frame, &view)))
}

/// Checks that a segment of the address can be the name of a policy.
pub(super) fn check_policy_name(name: &str) -> Result<(), Refusal> {
    if name.is_empty() || name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        let sentence = "this is no name of a policy";
        return Err(Refusal::new(ErrorCode::OfferUnknown, sentence));
    }
    Ok(())
}
