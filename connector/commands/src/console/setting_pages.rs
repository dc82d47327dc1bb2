//! Pages about the configuration, the people, and the own person; statements for everybody.

use crate::cli::connector_command::ConnectorCommand;
use crate::config::arguments::ConfigCommand;
use crate::console::operation_pages::page_command;
use crate::console::page_visit::{PageVisit, html_response, redirect};
use crate::console::person_visit::PersonVisit;
use crate::console::token_acts::list_own_tokens;
use crate::person::arguments::PersonCommand;
use crate::token::arguments::TokenCommand;
use hansa_console::{
    AccessibilityView, Configuration, ConfigurationView, GuideTopic, OwnPersonView, OwnSession,
    PageFrame, PersonRow, ROWS_PER_PAGE, TokenListView, TokenRow, render_accessibility,
    render_configuration, render_error_help, render_help, render_help_topic, render_licences,
    render_own_person, render_people, render_tokens, state_session_end,
};
use hansa_node::config::person::Role;
use hansa_node::console;
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;
use std::time::Duration;

/// Roles that read the configuration.
const READERS: &[Role] = &[Role::Operator, Role::Auditor];

/// Name of the pages in the record of a refusal.
const PAGE: &str = "settings";

/// Configuration in force.
pub(super) async fn show_configuration(
    visit: &PersonVisit<'_>,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Config(ConfigCommand::Show);
    let configuration: Configuration = permitted.read_one(command).await?;
    let view = ConfigurationView {
        configuration,
        section: visit.given_parameter("section"),
        skipped: visit.parameter("skip").parse().unwrap_or_default(),
    };
    Ok(visit.show_page("hansa config show".to_owned(), |frame| {
        render_configuration(frame, &view)
    }))
}

/// People of the configuration.
pub(super) async fn show_people(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Person(PersonCommand::List);
    let rows: Vec<PersonRow> = permitted.read_rows(command).await?;
    Ok(visit.show_page("hansa person list".to_owned(), |frame| {
        render_people(frame, &rows)
    }))
}

/// Access tokens without their secrets.
pub(super) async fn show_tokens(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    // With the holder beside the token, the list tells whose a pseudonym of the log is.
    let permitted = visit.permit(&[Role::Operator], PAGE).await?;
    let after = visit.given_parameter("after");
    // One more shows if another page follows.
    let command = ConnectorCommand::Token(TokenCommand::List {
        after: after.clone(),
        limit: Some(ROWS_PER_PAGE + 1),
    });
    let mut rows: Vec<TokenRow> = permitted.read_rows(command).await?;
    let has_more = rows.len() > ROWS_PER_PAGE;
    rows.truncate(ROWS_PER_PAGE);
    let view = TokenListView {
        after: rows
            .last()
            .filter(|_| has_more)
            .map(|row| row.token.clone()),
        rows,
    };
    let shown = page_command("hansa token list", after.as_deref());
    Ok(visit.show_page(shown, |frame| render_tokens(frame, &view)))
}

/// Own person with the sessions of this person.
pub(super) async fn show_own_person(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(Role::ALL, "me").await?;
    let person = &visit.person.person;
    let sessions = console::list_sessions(visit.connector, visit.session(), person);
    let tokens = match person.roles.contains(&Role::Analyst) {
        true => Some(list_own_tokens(&permitted).await?),
        false => None,
    };
    let config = visit.connector.config();
    let view = OwnPersonView {
        sessions: sessions
            .iter()
            .map(|session| OwnSession {
                handle: session.handle.clone(),
                opened_ms: to_milliseconds(session.opened),
                used_ms: to_milliseconds(session.used),
                is_this: session.is_this,
            })
            .collect(),
        idle_ms: to_milliseconds(config.console.idle),
        longest_ms: to_milliseconds(config.console.longest),
        tokens,
    };
    // No command shows sessions: they are those of the browser alone.
    let facts = visit.plain_frame_facts();
    let page = render_own_person(&facts.to_frame(), &view);
    Ok(html_response(200, page))
}

/// Answers a person who stays signed in: the request itself has made the session longer.
pub(super) async fn stay_signed_in(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(Role::ALL, "me").await?;
    let facts = visit.plain_frame_facts();
    match (visit.form_value("as"), facts.session_end()) {
        ("text", Some(end)) => Ok(ConsoleResponse {
            content_type: "text/plain; charset=utf-8",
            ..html_response(200, state_session_end(&facts.to_frame(), end))
        }),
        _ => Ok(redirect("/me")),
    }
}

/// Meaning of an error code; none for an unknown code.
pub(super) async fn show_error_help(
    visit: &PersonVisit<'_>,
    code: &str,
) -> Result<Option<ConsoleResponse>, Refusal> {
    let _permitted = visit.permit(Role::ALL, "help").await?;
    let Ok(code) = code.parse::<ErrorCode>() else {
        return Ok(None);
    };
    let shown = format!("hansa error {code}");
    Ok(Some(
        visit.show_page(shown, |frame| render_error_help(frame, code)),
    ))
}

/// List of the topics of the guide.
pub(super) async fn show_help(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(Role::ALL, "help").await?;
    Ok(show_text(visit, render_help))
}

/// Topic of the guide; none for an unknown word.
pub(super) async fn show_help_topic(
    visit: &PersonVisit<'_>,
    topic: &str,
) -> Result<Option<ConsoleResponse>, Refusal> {
    let _permitted = visit.permit(Role::ALL, "help").await?;
    let topic = GuideTopic::from_name(topic);
    Ok(topic.map(|topic| show_text(visit, |frame| render_help_topic(frame, topic))))
}

/// Page of the guide, which no command prints.
fn show_text(
    visit: &PersonVisit<'_>,
    render: impl FnOnce(&PageFrame<'_>) -> String,
) -> ConsoleResponse {
    let facts = visit.plain_frame_facts();
    html_response(200, render(&facts.to_frame()))
}

/// Statement for everybody, with or without a session.
pub(super) fn show_statement(
    connector: &Connector,
    visit: &PageVisit,
    name: &str,
) -> ConsoleResponse {
    let facts = match visit.find_person(connector) {
        Some(person) => visit.frame_facts(connector, &person),
        None => visit.anonymous_frame_facts(),
    };
    let frame = facts.to_frame();
    let config = connector.config();
    let page = match name {
        "licences" => render_licences(&frame),
        _ => {
            let contact = config.participant.contact.as_deref();
            render_accessibility(&frame, AccessibilityView { contact })
        }
    };
    html_response(200, page)
}

fn to_milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
