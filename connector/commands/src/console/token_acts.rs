//! Acts on access tokens: of anybody by those who run the connector, and of the own person by an analyst.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::console_act::{
    ActRequest, ConsoleAct, PreparedAct, SUBJECT, act_value, optional_act_value,
};
use crate::console::person_visit::{CommandResults, PermittedPerson};
use crate::token::arguments::TokenCommand;
use hansa_console::{TokenRow, describe_token_addition, describe_token_end};
use hansa_node::config::person::Role;
use hansa_node::console::pending_act::DescribedAct;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Name of the person in a described act.
const PERSON: &str = "person";

/// Persons whose tokens an act is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenHolder {
    /// Anybody whom the participant knows.
    Anybody,
    /// Person who acts.
    Oneself,
}

impl TokenHolder {
    const fn roles(self) -> &'static [Role] {
        match self {
            Self::Anybody => &[Role::Operator],
            Self::Oneself => &[Role::Analyst],
        }
    }

    fn page(self) -> String {
        let page = match self {
            Self::Anybody => "/settings/tokens",
            Self::Oneself => "/me",
        };
        page.to_owned()
    }
}

/// New access token, whose secret is shown once.
pub(super) struct TokenAddition(pub(super) TokenHolder);

#[async_trait::async_trait]
impl ConsoleAct for TokenAddition {
    fn path(&self) -> &'static [&'static str] {
        match self.0 {
            TokenHolder::Anybody => &["settings", "tokens", "add"],
            TokenHolder::Oneself => &["me", "tokens", "add"],
        }
    }

    fn command_words(&self) -> &'static str {
        match self.0 {
            TokenHolder::Anybody => "token create",
            TokenHolder::Oneself => "token create for oneself",
        }
    }

    fn roles(&self) -> &'static [Role] {
        self.0.roles()
    }

    /// A token outlives the session, so a stolen session must not make one.
    fn needs_presence(&self) -> bool {
        true
    }

    fn is_shown_once(&self) -> bool {
        true
    }

    fn back_address(&self, _subject: &[String]) -> String {
        self.0.page()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        self.0.page()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let name = &request.permitted.visit().person.person.name;
        let own_name = (self.0 == TokenHolder::Oneself).then_some(name.as_str());
        let form = describe_token_addition(&request.frame, own_name);
        let person = own_name.map_or_else(|| "PERSON".to_owned(), quote_word);
        let line = format!("hansa token create {person} --purpose PURPOSE --days 90");
        let mut prepared = PreparedAct::new(form, line);
        if let Some(name) = own_name {
            prepared.facts.insert(PERSON.to_owned(), name.to_owned());
        }
        Ok(prepared)
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        let purposes = act_value(act, "purposes")?;
        let purposes = purposes.lines().map(str::trim);
        let days = act_value(act, "days")?;
        Ok(ConnectorCommand::Token(TokenCommand::Create {
            person: act_value(act, PERSON)?,
            purpose: purposes
                .filter(|purpose| !purpose.is_empty())
                .map(str::to_owned)
                .collect(),
            days: days
                .parse()
                .map_err(|_| Refusal::new(ErrorCode::UsageWrong, "this is no number of days"))?,
            contract: optional_act_value(act, "contract"),
        }))
    }
}

/// End of an access token.
pub(super) struct TokenEnd(pub(super) TokenHolder);

#[async_trait::async_trait]
impl ConsoleAct for TokenEnd {
    fn path(&self) -> &'static [&'static str] {
        match self.0 {
            TokenHolder::Anybody => &["settings", "tokens", SUBJECT, "end"],
            TokenHolder::Oneself => &["me", "tokens", SUBJECT, "end"],
        }
    }

    fn command_words(&self) -> &'static str {
        match self.0 {
            TokenHolder::Anybody => "token revoke",
            TokenHolder::Oneself => "token revoke of oneself",
        }
    }

    fn roles(&self) -> &'static [Role] {
        self.0.roles()
    }

    fn back_address(&self, _subject: &[String]) -> String {
        self.0.page()
    }

    fn page_after(&self, _act: &DescribedAct, _results: &CommandResults) -> String {
        self.0.page()
    }

    async fn prepare(&self, request: &ActRequest<'_>) -> Result<PreparedAct, Refusal> {
        let id = request.subject(0);
        let tokens = match self.0 {
            TokenHolder::Anybody => list_tokens(request.permitted).await?,
            TokenHolder::Oneself => list_own_tokens(request.permitted).await?,
        };
        let mut tokens = tokens.iter();
        // A token of another person is as unknown as one that there never was.
        let token = tokens.find(|token| token.token == id && token.state == "counts");
        let token = token.ok_or_else(|| {
            let sentence = "there is no valid access token of this id";
            Refusal::new(ErrorCode::UsageWrong, sentence)
        })?;
        Ok(PreparedAct::new(
            describe_token_end(&request.frame, token),
            format!("hansa token revoke {}", quote_word(id)),
        ))
    }

    fn build_command(&self, act: &DescribedAct) -> Result<ConnectorCommand, Refusal> {
        Ok(ConnectorCommand::Token(TokenCommand::Revoke {
            token: act.subject.clone(),
        }))
    }
}

/// Access tokens of the person who is signed in.
///
/// # Errors
/// The refusal of the command.
pub(super) async fn list_own_tokens(
    permitted: &PermittedPerson<'_>,
) -> Result<Vec<TokenRow>, Refusal> {
    let name = &permitted.visit().person.person.name;
    let mut tokens = list_tokens(permitted).await?;
    tokens.retain(|token| token.person.as_ref() == Some(name));
    Ok(tokens)
}

async fn list_tokens(permitted: &PermittedPerson<'_>) -> Result<Vec<TokenRow>, Refusal> {
    let command = ConnectorCommand::Token(TokenCommand::List {
        after: None,
        limit: None,
    });
    permitted.read_rows(command).await
}
