//! Pages that a person reads: the check of roles, the command behind a page, and the frame around it.

use crate::admin::admin_service::{AbortOnDrop, start_local_command};
use crate::admin::command_envelope::CommandEnvelope;
use crate::admin::command_event::CommandEvent;
use crate::admin::connector_verb::CommandOptions;
use crate::cli::connector_command::ConnectorCommand;
use crate::console::page_visit::{FrameFacts, PageVisit, html_response};
use hansa_console::PageFrame;
use hansa_node::config::person::Role;
use hansa_node::console;
use hansa_node::console::SignedInPerson;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::language::Language;
use hansa_transport::ConsoleResponse;
use parking_lot::Mutex;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::mpsc::Receiver;
use tokio::task::{JoinError, JoinHandle};

/// Request of a person who is signed in.
pub(super) struct PersonVisit<'a> {
    pub(super) connector: &'a Arc<Connector>,
    pub(super) visit: &'a PageVisit,
    pub(super) person: SignedInPerson,
    /// Notices of the commands behind the page, such as a limit of what they have read.
    pub(super) notices: Mutex<Vec<String>>,
}

/// Person whose roles permit a page. Only [`PersonVisit::permit`] makes one, so a page can't be made without the check.
pub(super) struct PermittedPerson<'a>(&'a PersonVisit<'a>);

impl PersonVisit<'_> {
    /// Checks that the person has one of the roles of a page. A refusal is recorded before it is shown.
    ///
    /// # Errors
    /// `ROLE_MISSING`.
    pub(super) async fn permit(
        &self,
        roles: &[Role],
        page: &str,
    ) -> Result<PermittedPerson<'_>, Refusal> {
        let person = &self.person.person;
        if roles.iter().any(|role| person.roles.contains(role)) {
            return Ok(PermittedPerson(self));
        }
        console::record_refusal(self.connector, self.session(), person, page).await?;
        let words: Vec<&str> = roles.iter().map(|role| role.as_str()).collect();
        let sentence = format!("this page is for {}", words.join(", "));
        Err(Refusal::new(ErrorCode::RoleMissing, sentence))
    }

    /// Secret of the session.
    pub(super) fn session(&self) -> &str {
        self.visit.request.session.as_deref().unwrap_or_default()
    }

    /// Language of the page.
    pub(super) fn language(&self) -> Language {
        self.visit.language
    }

    /// Value of a parameter of the address, without space around it; empty where it is not given.
    pub(super) fn parameter(&self, name: &str) -> &str {
        let value = self.visit.request.parameters.get(name);
        value.map_or("", |value| value.trim())
    }

    /// Value of a parameter of the address that is given and not empty.
    pub(super) fn given_parameter(&self, name: &str) -> Option<String> {
        let value = self.parameter(name);
        (!value.is_empty()).then(|| value.to_owned())
    }

    /// Value of a field of the form, without space around it; empty where it is not sent.
    pub(super) fn form_value(&self, name: &str) -> &str {
        let value = self.visit.request.form.get(name);
        value.map_or("", |value| value.trim())
    }

    /// Frame of a page whose content no command prints.
    pub(super) fn plain_frame_facts(&self) -> FrameFacts {
        let mut facts = self.visit.frame_facts(self.connector, &self.person);
        facts.notices.clone_from(&self.notices.lock());
        facts
    }

    /// Frame of a page, with the command line of its content.
    pub(super) fn frame_facts(&self, command: String) -> FrameFacts {
        let mut facts = self.plain_frame_facts();
        facts.command = Some(command);
        facts
    }

    /// Response with a page and the command line of its content.
    pub(super) fn show_page(
        &self,
        command: String,
        render: impl FnOnce(&PageFrame<'_>) -> String,
    ) -> ConsoleResponse {
        let facts = self.frame_facts(command);
        html_response(200, render(&facts.to_frame()))
    }
}

impl<'a> PermittedPerson<'a> {
    /// Request of the person.
    pub(super) const fn visit(&self) -> &'a PersonVisit<'a> {
        self.0
    }

    /// Runs the command of an act to its end.
    ///
    /// # Errors
    /// The refusal of the command.
    pub(super) async fn run_act(&self, verb: ConnectorCommand) -> Result<CommandResults, Refusal> {
        let (events, work) = self.start_command(verb);
        collect_results(events, work).await
    }

    /// Objects that a reading command gives.
    ///
    /// # Errors
    /// The refusal of the command.
    pub(super) async fn read_objects(&self, verb: ConnectorCommand) -> Result<Vec<Value>, Refusal> {
        let (events, work) = self.start_command(verb);
        // A browser that goes away ends the work.
        let _ending = AbortOnDrop(work.abort_handle());
        let results = collect_results(events, work).await?;
        self.0.notices.lock().extend(results.notices);
        Ok(results.objects)
    }

    /// Results that a command would have. It changes nothing.
    ///
    /// # Errors
    /// The refusal of the command.
    pub(super) async fn rehearse(&self, verb: ConnectorCommand) -> Result<CommandResults, Refusal> {
        let options = CommandOptions { dry_run: true };
        let (events, work) = self.start_command_with(verb, options);
        // A browser that goes away ends the work.
        let _ending = AbortOnDrop(work.abort_handle());
        let mut results = collect_results(events, work).await?;
        let notices = std::mem::take(&mut results.notices);
        self.0.notices.lock().extend(notices);
        Ok(results)
    }

    /// The one object that a command would give. It changes nothing.
    ///
    /// # Errors
    /// As [`Self::read_rows`].
    pub(super) async fn rehearse_one<T: DeserializeOwned>(
        &self,
        verb: ConnectorCommand,
    ) -> Result<T, Refusal> {
        let results = self.rehearse(verb).await?;
        read_first(results.objects)
    }

    /// Starts a command for the person.
    pub(super) fn start_command(
        &self,
        verb: ConnectorCommand,
    ) -> (Receiver<CommandEvent>, JoinHandle<()>) {
        self.start_command_with(verb, CommandOptions::default())
    }

    fn start_command_with(
        &self,
        verb: ConnectorCommand,
        options: CommandOptions,
    ) -> (Receiver<CommandEvent>, JoinHandle<()>) {
        let Self(visit) = self;
        let order = CommandEnvelope {
            verb,
            manner: options,
            caller: Caller::Person(visit.person.person.key.clone()),
        };
        start_local_command(visit.connector, order)
    }

    /// The rows that a reading command gives.
    ///
    /// # Errors
    /// The refusal of the command, or `INTERNAL` where the page can't read its objects.
    pub(super) async fn read_rows<T: DeserializeOwned>(
        &self,
        verb: ConnectorCommand,
    ) -> Result<Vec<T>, Refusal> {
        let objects = self.read_objects(verb).await?;
        objects.into_iter().map(read_object).collect()
    }

    /// The one object that a reading command gives.
    ///
    /// # Errors
    /// As [`Self::read_rows`].
    pub(super) async fn read_one<T: DeserializeOwned>(
        &self,
        verb: ConnectorCommand,
    ) -> Result<T, Refusal> {
        read_first(self.read_objects(verb).await?)
    }
}

fn read_first<T: DeserializeOwned>(objects: Vec<Value>) -> Result<T, Refusal> {
    let object = objects.into_iter().next().ok_or_else(|| {
        let sentence = "the command behind the page gave nothing";
        Refusal::new(ErrorCode::Internal, sentence)
    })?;
    read_object(object)
}

/// Results of a command that has ended.
#[derive(Debug, Default)]
pub(super) struct CommandResults {
    pub(super) objects: Vec<Value>,
    /// Results as text for people, in English.
    pub(super) texts: Vec<String>,
    /// Notices and faults, in English. A page that left one out could show a part as the whole.
    pub(super) notices: Vec<String>,
    /// `true` where a part of the command was refused or failed.
    pub(super) has_faults: bool,
}

async fn collect_results(
    mut events: Receiver<CommandEvent>,
    work: JoinHandle<()>,
) -> Result<CommandResults, Refusal> {
    let mut results = CommandResults::default();
    let mut failure = None;
    while let Some(event) = events.recv().await {
        match event {
            CommandEvent::Object { data, text } => {
                results.objects.push(data);
                results.texts.push(text);
            }
            CommandEvent::Document { data, .. } => results.objects.push(data),
            CommandEvent::Text(text) => results.texts.push(text),
            CommandEvent::Notice(text) => results.notices.push(text),
            CommandEvent::Fault { text, .. } => {
                results.has_faults = true;
                results.notices.push(text);
            }
            CommandEvent::Failed(refusal) => failure = Some(refusal),
            CommandEvent::Done(code) => results.has_faults |= code != 0,
            CommandEvent::Rows(_) | CommandEvent::Progress { .. } => {}
        }
    }
    work.await.map_err(unread_end)?;
    match failure {
        Some(refusal) => Err(refusal),
        None => Ok(results),
    }
}

fn unread_end(cause: JoinError) -> Refusal {
    let sentence = "the command behind the page did not come to its end";
    Refusal::new(ErrorCode::Internal, sentence).caused_by(cause)
}

/// View of an object that a command gave.
///
/// # Errors
/// `INTERNAL` where the page can't read it.
pub(super) fn read_object<T: DeserializeOwned>(object: Value) -> Result<T, Refusal> {
    serde_json::from_value(object).map_err(|fault| {
        let sentence = "the command behind the page gave what the page does not read";
        Refusal::new(ErrorCode::Internal, sentence).caused_by(fault)
    })
}
