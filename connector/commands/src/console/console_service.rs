//! Routes of the console: sign-in, sign-out, and the pages.

use crate::admin::admin_service::{AbortOnDrop, start_local_command};
use crate::admin::command_envelope::CommandEnvelope;
use crate::admin::command_event::CommandEvent;
use crate::admin::connector_verb::CommandOptions;
use crate::cli::connector_command::ConnectorCommand;
use crate::console::page_visit::{PageVisit, html_response, redirect};
use crate::contract::arguments::{ContractCommand, ContractListArgs};
use hansa_console::{
    ContractFilter, ContractListView, ContractReport, ContractRow, ContractView, ROWS_PER_PAGE,
    SignInFault, SignInView, StatusView, find_asset, render_contract, render_contracts,
    render_overview, render_sign_in,
};
use hansa_node::config::person::Role;
use hansa_node::console;
use hansa_node::console::SignedInPerson;
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use hansa_transport::console::refusal_status;
use hansa_transport::{
    ConsoleAction, ConsoleHandler, ConsoleRequest, ConsoleResponse, SessionCookie,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// Roles that read contracts.
const CONTRACT_READERS: &[Role] = &[Role::Officer, Role::Analyst, Role::Auditor];

/// Console of a connector.
#[derive(Debug)]
pub(crate) struct ConsoleService(pub(crate) Arc<Connector>);

/// Person whose roles permit a page. Only [`ConsoleService::permit`] makes one, so a page can't be made without the check.
struct PermittedPerson<'a>(&'a SignedInPerson);

#[async_trait::async_trait]
impl ConsoleHandler for ConsoleService {
    async fn answer_request(&self, request: ConsoleRequest) -> ConsoleResponse {
        if request.action == ConsoleAction::Read
            && let Some(asset) = find_asset(&format!("/{}", request.path.join("/")))
        {
            return ConsoleResponse {
                status: 200,
                content_type: asset.content_type,
                body: asset.bytes.into(),
                location: None,
                cookie: None,
                language: None,
                is_immutable: true,
            };
        }
        let visit = PageVisit::new(&self.0, request);
        let mut response = self.answer_visit(&visit).await;
        response.language = visit.chosen_language;
        response
    }
}

impl ConsoleService {
    async fn answer_visit(&self, visit: &PageVisit) -> ConsoleResponse {
        let path: Vec<&str> = visit.request.path.iter().map(String::as_str).collect();
        match (visit.request.action, path.as_slice()) {
            (ConsoleAction::Read, ["enter"]) => return show_sign_in(visit, None, 200),
            (ConsoleAction::Act, ["enter"]) => return self.enter(visit).await,
            _ => {}
        }
        // INVARIANT: console-session. Before a response shows if a page exists.
        let Some(person) = visit.find_person(&self.0) else {
            return redirect("/enter");
        };
        let answered = match (visit.request.action, path.as_slice()) {
            (ConsoleAction::Act, ["leave"]) => return self.leave(visit),
            (ConsoleAction::Read, [""]) => self.show_overview(visit, &person).await,
            (ConsoleAction::Read, ["contracts"]) => self.show_contracts(visit, &person).await,
            (ConsoleAction::Read, ["contracts", id]) => {
                self.show_contract(visit, &person, id).await
            }
            _ => {
                let sentence = "there is no page at this address";
                let refusal = Refusal::new(ErrorCode::UsageWrong, sentence);
                return visit.fault_response(&self.0, &person, &refusal, 404);
            }
        };
        answered.unwrap_or_else(|refusal| {
            let status = refusal_status(refusal.code);
            visit.fault_response(&self.0, &person, &refusal, status)
        })
    }

    async fn enter(&self, visit: &PageVisit) -> ConsoleResponse {
        let code = visit.request.form.get("code").map_or("", String::as_str);
        match console::sign_in(&self.0, code, &visit.browser).await {
            Ok(secret) => ConsoleResponse {
                cookie: Some(SessionCookie::Set(secret)),
                ..redirect("/")
            },
            Err(refusal) => {
                let fault = match refusal.code {
                    ErrorCode::ConsoleCodeInvalid => SignInFault::CodeWrong,
                    ErrorCode::ConsoleBusy => SignInFault::TriesExhausted,
                    _ => return visit.anonymous_fault_response(&refusal),
                };
                show_sign_in(visit, Some(fault), refusal_status(refusal.code))
            }
        }
    }

    /// Ends the session, whatever the age of the page: the form came from a page of the console.
    fn leave(&self, visit: &PageVisit) -> ConsoleResponse {
        visit.sign_out(&self.0);
        ConsoleResponse {
            cookie: Some(SessionCookie::Clear),
            ..redirect("/enter")
        }
    }

    async fn show_overview(
        &self,
        visit: &PageVisit,
        person: &SignedInPerson,
    ) -> Result<ConsoleResponse, Refusal> {
        let permitted = self.permit(visit, person, Role::ALL, "overview").await?;
        let command = ConnectorCommand::Status { check: false };
        let view: StatusView = read_one(self.run_reading(&permitted, command).await?)?;
        let mut facts = visit.frame_facts(&self.0, person);
        facts.command = Some("hansa status".to_owned());
        facts.waiting = Some(view.waiting.len());
        Ok(html_response(
            200,
            render_overview(&facts.to_frame(), &view),
        ))
    }

    async fn show_contracts(
        &self,
        visit: &PageVisit,
        person: &SignedInPerson,
    ) -> Result<ConsoleResponse, Refusal> {
        let permitted = self
            .permit(visit, person, CONTRACT_READERS, "contracts")
            .await?;
        let value = |name: &str| {
            let value = visit.request.parameters.get(name);
            value.map_or("", |value| value.trim()).to_owned()
        };
        let filter = ContractFilter {
            state: value("state"),
            with: value("with"),
            text: value("text"),
            needs: value("needs"),
        };
        let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let args = ContractListArgs {
            as_known: true,
            state: filled(&filter.state),
            with: filled(&filter.with),
            text: filled(&filter.text),
            needs_me: filter.needs == "me",
            // Whoever looks for an ended negotiation names its state.
            without_terminated: filter.state.is_empty(),
            after: filled(&value("after")),
            // One more shows whether another page follows.
            limit: Some(ROWS_PER_PAGE + 1),
            brief: true,
            ..ContractListArgs::default()
        };
        let shown = list_command(&args);
        let command = ConnectorCommand::Contract(ContractCommand::List(args));
        let mut objects = self.run_reading(&permitted, command).await?;
        let has_more = objects.len() > ROWS_PER_PAGE;
        objects.truncate(ROWS_PER_PAGE);
        let key = |object: &Value| {
            let id = object.get("contract").or_else(|| object.get("negotiation"));
            id.and_then(Value::as_str).map(str::to_owned)
        };
        let after = objects.last().filter(|_| has_more).and_then(key);
        let rows: Result<Vec<ContractRow>, Refusal> =
            objects.into_iter().map(read_object).collect();
        let view = ContractListView {
            rows: rows?,
            filter,
            after,
        };
        let mut facts = visit.frame_facts(&self.0, person);
        facts.command = Some(shown);
        Ok(html_response(
            200,
            render_contracts(&facts.to_frame(), &view),
        ))
    }

    async fn show_contract(
        &self,
        visit: &PageVisit,
        person: &SignedInPerson,
        id: &str,
    ) -> Result<ConsoleResponse, Refusal> {
        let permitted = self
            .permit(visit, person, CONTRACT_READERS, "contracts")
            .await?;
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        if id.is_empty() || id.len() > 80 || !id.bytes().all(is_plain) {
            let sentence = "this is no identity of a contract or a negotiation";
            return Err(Refusal::new(ErrorCode::ContractUnknown, sentence));
        }
        let asked = visit.request.parameters.get("language");
        let page_language = asked.and_then(|tag| tag.parse::<Language>().ok());
        let command = ConnectorCommand::Contract(ContractCommand::Show {
            id: id.to_owned(),
            diff: false,
            odrl: false,
            as_known: true,
            language: page_language.map(|language| language.tag().to_owned()),
        });
        let report: ContractReport = read_one(self.run_reading(&permitted, command).await?)?;
        let mut facts = visit.frame_facts(&self.0, person);
        let language = page_language.map(|language| format!(" --language {}", language.tag()));
        facts.command = Some(format!(
            "hansa contract show {id} --as-known{}",
            language.unwrap_or_default()
        ));
        let view = ContractView {
            report,
            page_language,
        };
        Ok(html_response(
            200,
            render_contract(&facts.to_frame(), &view),
        ))
    }

    /// Checks that a person has one of the roles of a page. A refusal is recorded before it is shown.
    async fn permit<'a>(
        &self,
        visit: &PageVisit,
        person: &'a SignedInPerson,
        roles: &[Role],
        page: &str,
    ) -> Result<PermittedPerson<'a>, Refusal> {
        if roles.iter().any(|role| person.person.roles.contains(role)) {
            return Ok(PermittedPerson(person));
        }
        let secret = visit.request.session.as_deref().unwrap_or_default();
        console::record_refusal(&self.0, secret, &person.person, page).await?;
        let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let sentence = format!("this page is for {}", words.join(", "));
        Err(Refusal::new(ErrorCode::RoleMissing, sentence))
    }

    /// Objects that a reading command gives to a person.
    async fn run_reading(
        &self,
        permitted: &PermittedPerson<'_>,
        verb: ConnectorCommand,
    ) -> Result<Vec<Value>, Refusal> {
        let order = CommandEnvelope {
            verb,
            manner: CommandOptions::default(),
            caller: Some(permitted.0.person.unix),
        };
        let (mut events, work) = start_local_command(&self.0, order);
        // A browser that goes away ends the work.
        let _ending = AbortOnDrop(work.abort_handle());
        let mut objects = Vec::new();
        let mut failure = None;
        while let Some(event) = events.recv().await {
            match event {
                CommandEvent::Object { data, .. } | CommandEvent::Document { data, .. } => {
                    objects.push(data);
                }
                CommandEvent::Failed(refusal) => failure = Some(refusal),
                CommandEvent::Rows(_)
                | CommandEvent::Progress { .. }
                | CommandEvent::Text(_)
                | CommandEvent::Notice(_)
                | CommandEvent::Fault { .. }
                | CommandEvent::Done(_) => {}
            }
        }
        work.await.map_err(|cause| {
            Refusal::new(ErrorCode::Internal, "the page was not read to its end").caused_by(cause)
        })?;
        match failure {
            Some(refusal) => Err(refusal),
            None => Ok(objects),
        }
    }
}

fn show_sign_in(visit: &PageVisit, fault: Option<SignInFault>, status: u16) -> ConsoleResponse {
    let facts = visit.anonymous_frame_facts();
    html_response(
        status,
        render_sign_in(&facts.to_frame(), &SignInView { fault }),
    )
}

/// The one object of a command.
fn read_one<T: DeserializeOwned>(objects: Vec<Value>) -> Result<T, Refusal> {
    let object = objects.into_iter().next().ok_or_else(|| {
        Refusal::new(
            ErrorCode::Internal,
            "the command behind the page gave nothing",
        )
    })?;
    read_object(object)
}

fn read_object<T: DeserializeOwned>(object: Value) -> Result<T, Refusal> {
    serde_json::from_value(object).map_err(|fault| {
        let sentence = "the command behind the page gave what the page does not read";
        Refusal::new(ErrorCode::Internal, sentence).caused_by(fault)
    })
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
            let value = value.replace('\'', "'\\''");
            line.push_str(&format!(" {option} '{value}'"));
        }
    }
    if args.needs_me {
        line.push_str(" --needs-me");
    }
    if args.without_terminated {
        line.push_str(" --without-terminated");
    }
    line
}
