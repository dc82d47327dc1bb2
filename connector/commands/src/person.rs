//! `hansa person`: the people of this participant and their roles.

pub(crate) mod arguments;
mod person_change;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::ReportRow;
use crate::person::arguments::PersonCommand;
use crate::person::person_change::NewPerson;
use hansa_node::config::person::PersonConfig;
use hansa_node::participant::startup::JudgedState;
use serde::Serialize;

impl Command for PersonCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::List => CommandEffect::Looks,
            Self::Add { .. } => CommandEffect::Rehearses,
            Self::End { key, .. } => CommandEffect::Ends(format!(
                "Ending {key} takes all roles from the person and ends the sessions."
            )),
        }
    }
}

impl ConnectorVerb for PersonCommand {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        match self {
            Self::List | Self::Add { .. } | Self::End { .. } => Vec::new(),
        }
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        match self {
            Self::List | Self::Add { .. } | Self::End { .. } => JudgedState::None,
        }
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        match self {
            Self::List => {
                let config = connector.config();
                let rows: Vec<PersonReport> = config.people.iter().map(PersonReport::of).collect();
                out.send_list(&rows).await?;
                Ok(0)
            }
            Self::Add {
                key,
                name,
                roles,
                unix,
                oidc,
                if_digest,
            } => {
                let person = NewPerson {
                    key,
                    name,
                    roles,
                    unix,
                    oidc,
                };
                person_change::add_person(context, person, if_digest.as_deref()).await
            }
            Self::End { key, if_digest } => {
                person_change::end_person(context, key, if_digest.as_deref()).await
            }
        }
    }
}

/// Person of the configuration. The pseudonym of the log is no part of it.
#[derive(Debug, Serialize)]
struct PersonReport {
    /// Short name, for `hansa person end`.
    short_name: String,
    name: String,
    roles: Vec<&'static str>,
    /// Unix user.
    unix: Option<u32>,
    /// Subject at the issuer.
    oidc: Option<String>,
}

impl PersonReport {
    fn of(person: &PersonConfig) -> Self {
        Self {
            short_name: person.short_name.clone(),
            name: person.name.clone(),
            roles: person.roles.iter().map(|role| role.as_str()).collect(),
            unix: person.key.unix(),
            oidc: person.key.account().map(|account| account.subject.clone()),
        }
    }
}

impl ReportRow for PersonReport {
    const HEADER: &'static [&'static str] = &["PERSON", "NAME", "ROLES", "UNIX USER", "ACCOUNT"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.short_name.clone(),
            self.name.clone(),
            self.roles.join(", "),
            self.unix.map(|user| user.to_string()).unwrap_or_default(),
            self.oidc.clone().unwrap_or_default(),
        ]
    }
}
