//! `hansa person add` and `end`: people of the configuration. Nobody gives a role alone where somebody else can approve it.

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::CommandContext;
use crate::cli::command_report::CommandReport;
use crate::cli::shell_word::quote_word;
use crate::config::config_change::{DescribedChange, apply_change, judge_edit, parse_digest};
use crate::config::config_edit::{EditedConfig, PersonLines, append_person};
use hansa_node::participant::approval::Approval;
use hansa_node::participant::config_change::approve_addition;
use hansa_node::participant::config_rights::require_people_right;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use serde::Serialize;

/// Words of the addition in the log.
const ADD: &str = "person add";

/// Words of the end in the log.
const END: &str = "person end";

/// Person who is added.
#[derive(Debug)]
pub(super) struct NewPerson {
    /// Name of the table in the configuration.
    pub(super) key: String,
    /// Name of the person.
    pub(super) name: String,
    /// Roles.
    pub(super) roles: Vec<String>,
    /// Unix user.
    pub(super) unix: Option<String>,
    /// `sub` at the issuer.
    pub(super) oidc: Option<String>,
}

impl NewPerson {
    /// Command line that adds the person. Two people approve exactly this one.
    fn command_line(&self) -> String {
        let mut line = format!("{ADD} {} --name {}", self.key, quote_word(&self.name));
        for role in &self.roles {
            line.push_str(&format!(" --role {}", quote_word(role)));
        }
        for (option, value) in [("--unix", &self.unix), ("--oidc", &self.oidc)] {
            if let Some(value) = value {
                line.push_str(&format!(" {option} {}", quote_word(value)));
            }
        }
        line
    }

    /// Checks what the configuration does not.
    fn check(&self) -> Result<(), Refusal> {
        check_key(&self.key)?;
        let texts = [Some(&self.name), self.unix.as_ref(), self.oidc.as_ref()];
        for text in texts.into_iter().flatten() {
            SingleLineText::parse("text", text).map_err(|fault| {
                let sentence = format!("`{}`: {fault}", text.escape_debug());
                Refusal::new(ErrorCode::UsageWrong, sentence)
            })?;
        }
        Ok(())
    }
}

/// Adds a person, or keeps the first of two approvals.
pub(super) async fn add_person(
    context: CommandContext<'_>,
    mut person: NewPerson,
    if_digest: Option<&str>,
) -> CommandResult {
    let CommandContext {
        connector,
        options,
        caller,
        out,
    } = context;
    // One set of roles is one change, in whatever order two people type them.
    person.roles.sort_unstable();
    person.roles.dedup();
    person.check()?;
    require_people_right(connector, caller)?;
    let named = parse_digest(if_digest)?;
    let line = person.command_line();
    let _turn = connector.reloadable.change_lock.lock().await;
    let judged = judge_edit(connector, named, move |file, text| {
        if EditedConfig::parse(file, text)?.has_person(&person.key) {
            let sentence = format!("the configuration has a [person.{}] already", person.key);
            return Err(Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help("another name, or hansa person end first"));
        }
        let lines = PersonLines {
            key: &person.key,
            name: &person.name,
            roles: &person.roles,
            unix: person.unix.as_deref(),
            oidc: person.oidc.as_deref(),
        };
        Ok(append_person(text, &lines))
    })
    .await?;
    if !options.dry_run && approve_addition(connector, caller, &line).await? == Approval::Waits {
        out.send_report(&WaitingPersonReport {
            change: ADD,
            written: false,
            waits_for: "second person",
            command: format!("hansa {line}"),
        })
        .await?;
        return Ok(0);
    }
    let described = DescribedChange {
        change: ADD,
        subject: None,
        next: None,
        meaning: None,
    };
    apply_change(context, described, judged).await
}

/// Takes a person out of the configuration.
pub(super) async fn end_person(
    context: CommandContext<'_>,
    key: String,
    if_digest: Option<&str>,
) -> CommandResult {
    let CommandContext {
        connector, caller, ..
    } = context;
    check_key(&key)?;
    require_people_right(connector, caller)?;
    let named = parse_digest(if_digest)?;
    let _turn = connector.reloadable.change_lock.lock().await;
    let judged = judge_edit(connector, named, move |file, text| {
        let mut edited = EditedConfig::parse(file, text)?;
        edited.remove_person(&key)?;
        Ok(edited.into_text())
    })
    .await?;
    let described = DescribedChange {
        change: END,
        subject: None,
        next: None,
        meaning: None,
    };
    apply_change(context, described, judged).await
}

fn check_key(key: &str) -> Result<(), Refusal> {
    let is_plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    if !key.is_empty() && key.len() <= 64 && key.bytes().all(is_plain) {
        return Ok(());
    }
    let sentence = format!("`{}` is no short name of a person", key.escape_debug());
    Err(Refusal::new(ErrorCode::UsageWrong, sentence).with_help("a-z, 0-9, - and _; at most 64"))
}

/// Addition that one person has approved.
#[derive(Debug, Serialize)]
struct WaitingPersonReport {
    change: &'static str,
    written: bool,
    waits_for: &'static str,
    /// Command that the second person gives.
    command: String,
}

impl CommandReport for WaitingPersonReport {
    fn to_text(&self) -> String {
        format!(
            "your word is on the books; another person who may add people gives the same command: {}",
            self.command
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_people_approve_all_that_is_said_of_a_person() {
        let person = |roles: &[&str], unix: Option<&str>| NewPerson {
            key: "maria".to_owned(),
            name: "Maria Santos".to_owned(),
            roles: roles.iter().map(|role| (*role).to_owned()).collect(),
            unix: unix.map(str::to_owned),
            oidc: None,
        };
        assert_eq!(
            person(&["officer", "signer"], Some("1001")).command_line(),
            "person add maria --name 'Maria Santos' --role officer --role signer --unix 1001"
        );
        assert_ne!(
            person(&["officer"], Some("1001")).command_line(),
            person(&["officer"], Some("1002")).command_line()
        );
        assert!(person(&["officer"], None).check().is_ok());
        for key in ["", "Maria", "a.b", "a\"b", &"x".repeat(65)] {
            let wrong = NewPerson {
                key: key.to_owned(),
                ..person(&["officer"], None)
            };
            assert!(wrong.check().is_err(), "{key}");
        }
        let wrong = NewPerson {
            name: "a\nb".to_owned(),
            ..person(&["officer"], None)
        };
        assert!(wrong.check().is_err());
    }
}
