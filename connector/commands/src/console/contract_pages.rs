//! Pages of contracts and negotiations.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::person_visit::{PermittedPerson, PersonVisit, read_object};
use crate::contract::arguments::{ContractCommand, ContractListArgs, PartyRoleArg};
use hansa_console::{
    ActKind, ContractFilter, ContractListView, ContractReport, ContractRow, ContractView,
    DoneActView, ROWS_PER_PAGE, TermComparisonView, render_contract, render_contracts,
    render_term_comparison,
};
use hansa_node::config::person::Role;
use hansa_node::console::act::last_act;
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use hansa_transport::ConsoleResponse;
use serde_json::Value;

/// Roles that read contracts.
const READERS: &[Role] = &[Role::Officer, Role::Analyst, Role::Auditor];

/// List of contracts and negotiations.
pub(super) async fn show_contracts(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "contracts").await?;
    let value = |name: &str| visit.parameter(name).to_owned();
    let filter = ContractFilter {
        state: value("state"),
        with: value("with"),
        text: value("text"),
        needs: value("needs"),
    };
    let args = ContractListArgs {
        as_known: true,
        state: visit.given_parameter("state"),
        with: visit.given_parameter("with"),
        text: visit.given_parameter("text"),
        role: consumer_only(visit),
        needs_me: filter.needs == "me",
        // Whoever looks for an ended negotiation names its state.
        without_terminated: filter.state.is_empty(),
        after: visit.given_parameter("after"),
        // One more shows whether another page follows.
        limit: Some(ROWS_PER_PAGE + 1),
        brief: true,
        ..ContractListArgs::default()
    };
    let shown = list_command(&args);
    let command = ConnectorCommand::Contract(ContractCommand::List(args));
    let mut objects = permitted.read_objects(command).await?;
    let has_more = objects.len() > ROWS_PER_PAGE;
    objects.truncate(ROWS_PER_PAGE);
    let key = |object: &Value| {
        let id = object.get("contract").or_else(|| object.get("negotiation"));
        id.and_then(Value::as_str).map(str::to_owned)
    };
    let after = objects.last().filter(|_| has_more).and_then(key);
    let rows: Result<Vec<ContractRow>, Refusal> = objects.into_iter().map(read_object).collect();
    let view = ContractListView {
        rows: rows?,
        filter,
        after,
    };
    Ok(visit.show_page(shown, |frame| render_contracts(frame, &view)))
}

/// One contract or negotiation.
pub(super) async fn show_contract(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "contracts").await?;
    check_identity(id)?;
    let asked = visit.parameter("language");
    let page_language = asked.parse::<Language>().ok();
    let command = ConnectorCommand::Contract(ContractCommand::Show {
        id: id.to_owned(),
        diff: false,
        odrl: false,
        as_known: true,
        language: page_language.map(|language| language.tag().to_owned()),
    });
    let report = permitted.read_one(command).await;
    let report = match consumer_only(visit) {
        Some(_) => check_taken_contract(id, report)?,
        None => report?,
    };
    let language = page_language.map(|language| format!(" --language {}", language.tag()));
    let shown = format!(
        "hansa contract show {id} --as-known{}",
        language.unwrap_or_default()
    );
    let view = ContractView {
        report,
        page_language,
        done: done_view(visit, id),
    };
    Ok(visit.show_page(shown, |frame| render_contract(frame, &view)))
}

/// Last act of the person on a contract or negotiation.
fn done_view(visit: &PersonVisit<'_>, subject: &str) -> Option<DoneActView> {
    let done = last_act(visit.connector, visit.session(), subject)?;
    Some(DoneActView {
        kind: ActKind::from_command(&done.act)?,
        record: done.record,
        waits: done.waits,
    })
}

/// Two versions of terms side by side: a contract or negotiation, and another one or the proposal before.
pub(super) async fn show_comparison(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "contracts").await?;
    let report = read_visible_report(visit, &permitted, id).await?;
    let subject = report.identity().to_owned();
    let other = match visit.given_parameter("with") {
        Some(other) => {
            let other = read_visible_report(visit, &permitted, &other).await?;
            Some(other.identity().to_owned())
        }
        None => None,
    };
    let (dataset, has_changed) = match &report {
        ContractReport::Contract(detail) => (Some(detail.summary.dataset.clone()), false),
        ContractReport::Negotiation(detail) => (detail.dataset.clone(), detail.diff.is_some()),
    };
    let language = visit.language().tag();
    let (old, new) = match &other {
        Some(other) => (other.clone(), Some(subject.clone())),
        None => (subject.clone(), None),
    };
    let comparison = match other.is_some() || has_changed {
        true => {
            let command = ConnectorCommand::Contract(ContractCommand::Diff {
                old: old.clone(),
                new: new.clone(),
                language: Some(language.to_owned()),
            });
            Some(permitted.read_one(command).await?)
        }
        false => None,
    };
    let args = ContractListArgs {
        as_known: true,
        dataset,
        role: consumer_only(visit),
        // Two more show whether there are others: the subject itself is none of them.
        limit: Some(ROWS_PER_PAGE + 2),
        brief: true,
        ..ContractListArgs::default()
    };
    let command = ConnectorCommand::Contract(ContractCommand::List(args));
    let mut candidates: Vec<ContractRow> = permitted.read_rows(command).await?;
    candidates.retain(|row| match row {
        ContractRow::Contract(summary) => summary.contract != subject,
        ContractRow::Negotiation(summary) => summary.negotiation != subject,
    });
    let has_more = candidates.len() > ROWS_PER_PAGE;
    candidates.truncate(ROWS_PER_PAGE);
    let new = new.map(|new| format!(" {new}")).unwrap_or_default();
    let view = TermComparisonView {
        subject,
        other,
        comparison,
        candidates,
        has_more,
    };
    let shown = format!("hansa contract diff {old}{new} --language {language}");
    Ok(visit.show_page(shown, |frame| render_term_comparison(frame, &view)))
}

/// Contract or negotiation that the person may see.
async fn read_visible_report(
    visit: &PersonVisit<'_>,
    permitted: &PermittedPerson<'_>,
    id: &str,
) -> Result<ContractReport, Refusal> {
    check_identity(id)?;
    let command = ConnectorCommand::Contract(ContractCommand::Show {
        id: id.to_owned(),
        diff: false,
        odrl: false,
        as_known: true,
        language: None,
    });
    let report = permitted.read_one(command).await;
    match consumer_only(visit) {
        Some(_) => check_taken_contract(id, report),
        None => report,
    }
}

/// Own role of the contracts that a person may see: an analyst alone sees those under which the house asks.
fn consumer_only(visit: &PersonVisit<'_>) -> Option<PartyRoleArg> {
    let roles = &visit.person.person.roles;
    let sees_all = roles.contains(&Role::Officer) || roles.contains(&Role::Auditor);
    (!sees_all).then_some(PartyRoleArg::Consumer)
}

/// Contract under which the house asks, by its whole identity. For a person who sees no others, each other one is unknown: a beginning,
/// a name of a dataset or a reason would tell of them.
fn check_taken_contract(
    id: &str,
    report: Result<ContractReport, Refusal>,
) -> Result<ContractReport, Refusal> {
    let unknown = || {
        let sentence =
            "there is no contract of that name among those under which this participant asks";
        Refusal::new(ErrorCode::ContractUnknown, sentence)
    };
    let report = match report {
        Ok(report) => report,
        Err(refusal) => {
            return Err(match refusal.code.kind() {
                ErrorClass::Unknown | ErrorClass::Usage => unknown(),
                _ => refusal,
            });
        }
    };
    let role = match &report {
        ContractReport::Contract(detail) => Some(detail.summary.role.as_str()),
        ContractReport::Negotiation(detail) => detail.role.as_deref(),
    };
    match role == Some("consumer") && report.identity() == id {
        true => Ok(report),
        false => Err(unknown()),
    }
}

/// Checks that a segment of the address can be an identity.
pub(super) fn check_identity(id: &str) -> Result<(), Refusal> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    if id.is_empty() || id.len() > 80 || !id.bytes().all(is_plain) {
        let sentence = "this is no identity of a contract or a negotiation";
        return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
    }
    Ok(())
}

/// Command line of a page of the list.
fn list_command(args: &ContractListArgs) -> String {
    let mut line = format!("hansa contract list --as-known --brief --limit {ROWS_PER_PAGE}");
    for (option, value) in [
        ("--state", &args.state),
        ("--with", &args.with),
        ("--text", &args.text),
        ("--after", &args.after),
    ] {
        if let Some(value) = value {
            line.push_str(&format!(" {option} {}", quote_word(value)));
        }
    }
    if args.role.is_some() {
        line.push_str(" --role consumer");
    }
    if args.needs_me {
        line.push_str(" --needs-me");
    }
    if args.without_terminated {
        line.push_str(" --without-terminated");
    }
    line
}
