//! What a command does to the world, and what it therefore asks for: `--dry-run` is carried out or refused, never passed
//! over, and what can't be undone wants a yes.

use crate::audit::arguments::AuditCommand;
use crate::catalog::arguments::CatalogCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::{GlobalArgs, LeagueCommand, TopLevelCommand, terminal};
use crate::config::arguments::ConfigCommand;
use crate::contract::arguments::ContractCommand;
use crate::credential::arguments::CredentialCommand;
use crate::dataset::arguments::DatasetCommand;
use crate::group::arguments::GroupCommand;
use crate::key::arguments::KeyCommand;
use crate::partner::arguments::PartnerCommand;
use crate::peer::arguments::PeerCommand;
use crate::policy::arguments::PolicyCommand;
use crate::rulebook::arguments::RulebookCommand;
use crate::token::arguments::TokenCommand;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::{BufRead as _, IsTerminal as _};

/// What a command does.
#[derive(Debug, PartialEq, Eq)]
enum CommandEffect {
    /// It changes nothing that is not in the log anyway.
    Looks,
    /// It changes something, or says what it would change.
    Rehearses,
    /// It changes something and can't say beforehand what; or what else to run.
    Acts(&'static str),
    /// It ends something for good; the question for people.
    Ends(String),
}

/// Checks `--dry-run`, and asks where something would end for good.
///
/// # Errors
/// `USAGE` for a dry run that the command does not have, `CONFIRMATION_NEEDED` without a yes.
pub(crate) fn consent(command: &TopLevelCommand, global: &GlobalArgs) -> Result<(), Refusal> {
    match (command_effect(command), global.dry_run) {
        (CommandEffect::Looks | CommandEffect::Rehearses, _) | (CommandEffect::Acts(_), false) => {
            Ok(())
        }
        (CommandEffect::Acts(instead), true) => Err(no_rehearsal(instead)),
        (CommandEffect::Ends(_), true) => Err(no_rehearsal("")),
        (CommandEffect::Ends(_), false) if global.yes => Ok(()),
        (CommandEffect::Ends(question), false) => ask_confirmation(&question, global),
    }
}

fn no_rehearsal(instead: &str) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::UsageWrong,
        "this command has no dry run, and nothing was done",
    );
    if instead.is_empty() {
        refusal.with_help("leave --dry-run away to have it done")
    } else {
        refusal.with_help(instead)
    }
}

/// Asks a person.
///
/// # Errors
/// `CONFIRMATION_NEEDED` without a yes.
pub(crate) fn ask_confirmation(question: &str, global: &GlobalArgs) -> Result<(), Refusal> {
    let mut input = std::io::stdin().lock();
    if global.json || !std::io::stdin().is_terminal() {
        return Err(Refusal::new(
            ErrorCode::ConfirmationNeeded,
            format!("{question} Nobody is there to say so, and nothing was done"),
        )
        .with_help("add --yes if it is meant"));
    }
    terminal::ask(&format!("{question} [y/N]"));
    let mut answer = String::new();
    // What can't be read is no yes.
    let _ = input.read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Refusal::new(
            ErrorCode::ConfirmationNeeded,
            "it was not confirmed, and nothing was done",
        )),
    }
}

const EXPLAIN: &str = "hansa explain says what would be asked, of whom and under which contract";

fn command_effect(command: &TopLevelCommand) -> CommandEffect {
    match command {
        TopLevelCommand::Check
        | TopLevelCommand::Error { .. }
        | TopLevelCommand::Request
        | TopLevelCommand::Completions { .. }
        | TopLevelCommand::Manual { .. }
        | TopLevelCommand::Key(KeyCommand::List { .. }) => CommandEffect::Looks,
        TopLevelCommand::Key(KeyCommand::Add { .. } | KeyCommand::Mandate(_))
        | TopLevelCommand::Demo(_)
        | TopLevelCommand::Try(_)
        | TopLevelCommand::Init(_)
        | TopLevelCommand::Join { .. }
        | TopLevelCommand::Rekey { .. }
        | TopLevelCommand::Cluster(_) => CommandEffect::Acts(""),
        TopLevelCommand::Serve(_) => CommandEffect::Acts(
            "hansa check looks at everything that serving needs, and changes nothing",
        ),
        TopLevelCommand::League(command) => of_league(command),
        TopLevelCommand::Desk(command) => of_command(command),
    }
}

/// Whether a command only looks at what is there, so that it need leave no trace: it does not follow the logs of those whom it
/// greets. Those that judge logs do.
pub(crate) fn only_looks(command: &ConnectorCommand) -> bool {
    let judges = matches!(
        command,
        ConnectorCommand::Doctor { .. }
            | ConnectorCommand::Explain(_)
            | ConnectorCommand::Simulate(_)
            | ConnectorCommand::Audit(AuditCommand::Reconcile { .. })
    );
    of_command(command) == CommandEffect::Looks && !judges
}

/// The state that a command judges, and whose faults it tells at its end.
pub(crate) fn judged_state(command: &ConnectorCommand, is_rehearsal: bool) -> JudgedState {
    match command {
        ConnectorCommand::Reload => JudgedState::Configuration,
        ConnectorCommand::Dataset(DatasetCommand::Publish { .. }) => JudgedState::Publications,
        ConnectorCommand::Dataset(DatasetCommand::Add { publish: true, .. }) if !is_rehearsal => {
            JudgedState::Publications
        }
        ConnectorCommand::Policy(PolicyCommand::Check { .. }) => JudgedState::Offers,
        _ => JudgedState::None,
    }
}

fn of_league(command: &LeagueCommand) -> CommandEffect {
    match command {
        LeagueCommand::List { .. } => CommandEffect::Looks,
        LeagueCommand::Rulebook(args) if args.file.is_none() && args.accepted.is_empty() => {
            CommandEffect::Looks
        }
        LeagueCommand::Issuer { id, drop: true, .. } => CommandEffect::Ends(format!(
            "Naming {id} no longer ends what is read by its credentials, everywhere in the league."
        )),
        LeagueCommand::Key(args) if args.end.is_some() => CommandEffect::Ends(format!(
            "Ending the key {} ends what it may sign, everywhere in the league.",
            args.end.as_deref().unwrap_or_default()
        )),
        LeagueCommand::Seal(args) if args.end => CommandEffect::Ends(format!(
            "Ending the seals of {} as {} ends what they may sign, everywhere in the league.",
            args.id, args.organization
        )),
        LeagueCommand::Mandates(args) if args.end => CommandEffect::Ends(format!(
            "From then on whoever has a key of {} signs whatever it is.",
            args.id
        )),
        LeagueCommand::Mandates(args) if args.revoke.is_some() => CommandEffect::Ends(format!(
            "Revoking the mandate {} ends what may be signed with it, everywhere in the league.",
            args.revoke.as_deref().unwrap_or_default()
        )),
        LeagueCommand::Init { .. }
        | LeagueCommand::Mandates(_)
        | LeagueCommand::Key(_)
        | LeagueCommand::Seal(_)
        | LeagueCommand::Rulebook(_)
        | LeagueCommand::Admit { .. }
        | LeagueCommand::Issuer { .. }
        | LeagueCommand::Attest { .. }
        | LeagueCommand::Export { .. } => CommandEffect::Acts(""),
        LeagueCommand::Expel { id, .. } => CommandEffect::Ends(format!(
            "Expelling {id} ends what it reads and asks, everywhere in the league."
        )),
    }
}

fn of_command(command: &ConnectorCommand) -> CommandEffect {
    match command {
        ConnectorCommand::Status { .. }
        | ConnectorCommand::Conformance(_)
        | ConnectorCommand::Doctor { .. }
        | ConnectorCommand::Explain(_)
        | ConnectorCommand::Simulate(_) => CommandEffect::Looks,
        ConnectorCommand::Sql(_) | ConnectorCommand::Get(_) => CommandEffect::Acts(EXPLAIN),
        ConnectorCommand::Reload => {
            CommandEffect::Acts("hansa check looks at everything that would be reloaded")
        }
        ConnectorCommand::Partner(PartnerCommand::End { process, .. }) => {
            CommandEffect::Ends(format!(
                "Ending {process} ends what is negotiated or transferred in it; the partner is told."
            ))
        }
        ConnectorCommand::Partner(
            PartnerCommand::Request { .. }
            | PartnerCommand::Agree { .. }
            | PartnerCommand::Fetch { .. }
            | PartnerCommand::Collect { .. },
        )
        | ConnectorCommand::Backup { .. } => CommandEffect::Acts(""),
        ConnectorCommand::Restore { check: true, .. } => CommandEffect::Looks,
        ConnectorCommand::Restore { file, .. } => CommandEffect::Ends(format!(
            "Restoring {} puts it in the place of the state that is here, which is moved aside.",
            file.display()
        )),
        ConnectorCommand::Dataset(command) => of_dataset(command),
        ConnectorCommand::Catalog(
            CatalogCommand::List { .. }
            | CatalogCommand::Search { .. }
            | CatalogCommand::Show { .. }
            | CatalogCommand::Export { .. }
            | CatalogCommand::Validate { .. },
        )
        | ConnectorCommand::Policy(
            PolicyCommand::List
            | PolicyCommand::Show { .. }
            | PolicyCommand::Check { .. }
            | PolicyCommand::Diff { .. }
            | PolicyCommand::Terms,
        )
        | ConnectorCommand::Model(_)
        | ConnectorCommand::Partner(
            PartnerCommand::Trial { .. }
            | PartnerCommand::List
            | PartnerCommand::Catalog { .. }
            | PartnerCommand::Show { .. }
            | PartnerCommand::Policy { .. },
        )
        | ConnectorCommand::Config(ConfigCommand::Show | ConfigCommand::Reference) => {
            CommandEffect::Looks
        }
        ConnectorCommand::Policy(PolicyCommand::Clone { .. } | PolicyCommand::Template { .. }) => {
            CommandEffect::Acts("hansa policy template FILE shows the holes of a template")
        }
        ConnectorCommand::Contract(command) => of_contract(command),
        ConnectorCommand::Credential(CredentialCommand::List) => CommandEffect::Looks,
        ConnectorCommand::Credential(
            CredentialCommand::Add { .. } | CredentialCommand::Remove { .. },
        ) => CommandEffect::Acts("hansa credential list shows those that are here"),
        ConnectorCommand::Group(GroupCommand::List | GroupCommand::Show { .. }) => {
            CommandEffect::Looks
        }
        ConnectorCommand::Group(GroupCommand::Add { .. } | GroupCommand::Remove { .. }) => {
            CommandEffect::Acts("hansa group show lists the members")
        }
        ConnectorCommand::Rulebook(RulebookCommand::Show { .. }) => CommandEffect::Looks,
        // What is accepted is shown first, and the question comes after it.
        ConnectorCommand::Rulebook(
            RulebookCommand::Install { .. } | RulebookCommand::Accept { .. },
        ) => CommandEffect::Acts("hansa rulebook show says what it is about"),
        ConnectorCommand::Connect(_) | ConnectorCommand::Token(TokenCommand::List) => {
            CommandEffect::Looks
        }
        ConnectorCommand::Token(TokenCommand::Create { .. } | TokenCommand::Revoke { .. }) => {
            CommandEffect::Acts("hansa token list shows those that there are")
        }
        ConnectorCommand::Peer(PeerCommand::List | PeerCommand::Show { .. }) => {
            CommandEffect::Looks
        }
        ConnectorCommand::Peer(PeerCommand::Add { .. } | PeerCommand::Remove { .. }) => {
            CommandEffect::Acts("")
        }
        ConnectorCommand::Audit(
            AuditCommand::List { .. }
            | AuditCommand::Show { .. }
            | AuditCommand::Verify { .. }
            | AuditCommand::Heads
            | AuditCommand::Reconcile { .. }
            | AuditCommand::Affected { notify: false, .. }
            | AuditCommand::Breach { .. }
            | AuditCommand::Recipients { .. }
            | AuditCommand::Received { .. }
            | AuditCommand::Processing { .. },
        ) => CommandEffect::Looks,
        ConnectorCommand::Audit(AuditCommand::Affected { notify: true, .. }) => {
            CommandEffect::Acts("without --notify it says who would be told")
        }
        ConnectorCommand::Audit(AuditCommand::Erase {
            question,
            before,
            actor,
            ..
        }) => {
            let what = question.as_deref().or(before.as_deref());
            CommandEffect::Ends(match actor {
                Some(user) => format!("Erasing who {user} was can't be undone."),
                None => format!(
                    "Erasing the texts of {} can't be undone.",
                    what.unwrap_or_default()
                ),
            })
        }
        ConnectorCommand::Audit(AuditCommand::Incident { .. }) => {
            CommandEffect::Ends("A signed statement of an incident can't be taken back.".to_owned())
        }
        ConnectorCommand::Audit(AuditCommand::Archive { .. }) => {
            CommandEffect::Acts("hansa audit verify says what the archive is")
        }
        ConnectorCommand::Audit(AuditCommand::Export { .. }) => {
            CommandEffect::Acts("hansa audit list shows the records, by the same filters")
        }
    }
}

fn of_dataset(command: &DatasetCommand) -> CommandEffect {
    match command {
        DatasetCommand::List
        | DatasetCommand::Show { .. }
        | DatasetCommand::Sample { .. }
        | DatasetCommand::Guard {
            policy: None,
            remove: false,
            ..
        } => CommandEffect::Looks,
        DatasetCommand::Add { .. }
        | DatasetCommand::Publish { .. }
        | DatasetCommand::Guard { .. } => CommandEffect::Rehearses,
        DatasetCommand::Withdraw { name, .. } => CommandEffect::Ends(format!(
            "Withdrawing {name} cuts the answers that read it and removes its snapshot from disk."
        )),
    }
}

fn of_contract(command: &ContractCommand) -> CommandEffect {
    match command {
        ContractCommand::List { .. }
        | ContractCommand::Show { .. }
        | ContractCommand::Wait { .. }
        | ContractCommand::Verify { .. } => CommandEffect::Looks,
        // Offline the page is shown first, and the question comes after it.
        ContractCommand::Request { .. }
        | ContractCommand::Sign {
            offline: Some(_), ..
        }
        | ContractCommand::Withdraw {
            offline: Some(_), ..
        } => CommandEffect::Rehearses,
        ContractCommand::Counter { .. }
        | ContractCommand::Sign { .. }
        | ContractCommand::Attach { .. }
        | ContractCommand::Comment { .. }
        | ContractCommand::Decline { .. } => {
            CommandEffect::Acts("hansa contract show says what it is about")
        }
        ContractCommand::Export { .. } => CommandEffect::Acts(""),
        ContractCommand::Usage { .. } | ContractCommand::TopUp { .. } => {
            CommandEffect::Acts("hansa contract show says what is left of what was paid")
        }
        ContractCommand::Attest { id, .. } => CommandEffect::Ends(format!(
            "What was received under {id} is stated to be deleted, in a signed statement to the provider."
        )),
        ContractCommand::Withdraw {
            id,
            from: Some(from),
            ..
        } => CommandEffect::Ends(format!(
            "Withdrawing {} from {from} on ends the contract then, for good; until then it runs, and nobody can take this back.",
            id.as_deref().unwrap_or_default()
        )),
        ContractCommand::Withdraw { id, .. } => CommandEffect::Ends(format!(
            "Withdrawing {} ends the contract for good and cuts the answers that run under it.",
            id.as_deref().unwrap_or_default()
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::CommandLine;
    use crate::cli::command_effect::{CommandEffect, command_effect, consent};
    use clap::Parser as _;

    fn parsed(line: &str) -> CommandLine {
        CommandLine::try_parse_from(line.split(' '))
            .unwrap_or_else(|wrong| panic!("{line}: {wrong}"))
    }

    #[test]
    fn a_dry_run_is_carried_out_or_refused() {
        for (line, expected_effect) in [
            ("hansa --dry-run contract withdraw 7f --reason over", false),
            ("hansa --dry-run league expel acme.example", false),
            ("hansa --dry-run sql SELECT", false),
            ("hansa --dry-run peer remove acme", false),
            ("hansa --dry-run credential remove 4f1c", false),
            ("hansa --dry-run --yes dataset withdraw bikes", false),
            ("hansa --dry-run dataset publish", true),
            ("hansa --dry-run contract request north.bikes", true),
            ("hansa --dry-run status", true),
        ] {
            let cli = parsed(line);
            let outcome = consent(&cli.verb, &cli.global);
            assert_eq!(outcome.is_ok(), expected_effect, "{line}");
            if let Err(refusal) = outcome {
                assert_eq!(refusal.code.as_str(), "USAGE", "{line}");
            }
        }
    }

    #[test]
    fn what_ends_for_good_wants_a_yes() {
        for line in [
            "hansa contract withdraw 7f --reason over",
            "hansa league expel acme.example",
            "hansa league mandates acme.example --revoke 7f",
            "hansa league mandates acme.example --end",
            "hansa dataset withdraw bikes",
            "hansa restore old.hansa",
            "hansa audit erase 019a --ground request",
            "hansa audit incident --cause unknown",
        ] {
            let cli = parsed(line);
            assert!(
                matches!(command_effect(&cli.verb), CommandEffect::Ends(_)),
                "{line}"
            );
            let json = parsed(&line.replacen("hansa", "hansa --json", 1));
            let refusal = consent(&json.verb, &json.global).unwrap_err();
            assert_eq!(refusal.code.as_str(), "CONFIRMATION_NEEDED", "{line}");
            let yes = parsed(&line.replacen("hansa", "hansa --yes", 1));
            assert_eq!(consent(&yes.verb, &yes.global), Ok(()), "{line}");
        }
    }
}
