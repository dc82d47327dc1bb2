//! Acts on the sessions of the own person. No command does the same, since the sessions are those of browsers alone.

use crate::cli::connector_command::ConnectorCommand;
use crate::console::console_act::{ActRequest, ConsoleAct, PreparedAct, SUBJECT};
use crate::console::person_visit::{CommandResults, PermittedPerson};
use hansa_console::{describe_other_sessions_end, describe_session_end};
use hansa_node::config::person::Role;
use hansa_node::console;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Page of the own person.
const OWN: &str = "/me";

/// End of one session of the person.
pub(super) struct SessionEnd;

#[async_trait::async_trait]
impl ConsoleAct for SessionEnd {
    fn path(&self) -> &'static [&'static str] {
        &["me", "sessions", SUBJECT, "end"]
    }

    fn command_words(&self) -> &'static str {
        "console session end"
    }

    fn roles(&self) -> &'static [Role] {
        Role::ALL
    }

    fn back_address(&self, _subject: &[String]) -> String {
        OWN.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        OWN.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let visit = request.permitted.visit();
        let person = &visit.person.person;
        let mut own = console::list_sessions(visit.connector, visit.session(), person).into_iter();
        let is_own = own.any(|session| session.handle == request.subject(0) && !session.is_this);
        if !is_own {
            let sentence = "this session has ended, or is none of the other ones of yours";
            return Err(Refusal::new(ErrorCode::FormStale, sentence));
        }
        let form = describe_session_end(&request.frame);
        Ok(PreparedAct::new(form, String::new()))
    }

    fn build_command(&self, _act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Err(absent_command_refusal())
    }

    async fn carry_out(
        &self,
        permitted: &PermittedPerson<'_>,
        act: &DescribedAct,
    ) -> Result<CommandResults, Refusal> {
        let visit = permitted.visit();
        console::end_session(visit.connector, &visit.person.person, &act.subject)?;
        Ok(CommandResults::default())
    }
}

/// End of all sessions of the person but the one that acts.
pub(super) struct OtherSessionsEnd;

#[async_trait::async_trait]
impl ConsoleAct for OtherSessionsEnd {
    fn path(&self) -> &'static [&'static str] {
        &["me", "sessions", "end"]
    }

    fn command_words(&self) -> &'static str {
        "console session end others"
    }

    fn roles(&self) -> &'static [Role] {
        Role::ALL
    }

    fn back_address(&self, _subject: &[String]) -> String {
        OWN.to_owned()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        OWN.to_owned()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let form = describe_other_sessions_end(&request.frame);
        Ok(PreparedAct::new(form, String::new()))
    }

    fn build_command(&self, _act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Err(absent_command_refusal())
    }

    async fn carry_out(
        &self,
        permitted: &PermittedPerson<'_>,
        _act: &DescribedAct,
    ) -> Result<CommandResults, Refusal> {
        let visit = permitted.visit();
        let person = &visit.person.person;
        console::end_other_sessions(visit.connector, person, visit.session());
        Ok(CommandResults::default())
    }
}

fn absent_command_refusal() -> Refusal {
    let sentence = "no command ends sessions";
    Refusal::new(ErrorCode::Internal, sentence)
}
