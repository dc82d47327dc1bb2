//! What a command does to the world, and what it therefore asks for: `--dry-run` is carried out or refused, never passed
//! over, and what can't be undone wants a yes.

use crate::cli::verb::DeskVerb;
use crate::cli::verb::audit::AuditVerb;
use crate::cli::verb::catalog::CatalogVerb;
use crate::cli::verb::config::ConfigVerb;
use crate::cli::verb::contract::ContractVerb;
use crate::cli::verb::credential::CredentialVerb;
use crate::cli::verb::dataset::DatasetVerb;
use crate::cli::verb::group::GroupVerb;
use crate::cli::verb::key::KeyVerb;
use crate::cli::verb::peer::PeerVerb;
use crate::cli::verb::policy::PolicyVerb;
use crate::cli::{Global, LeagueVerb, Verb, terminal};
use hansa_policy::refusal::{Code, Refusal};
use std::io::{BufRead as _, IsTerminal as _};

/// What a command does.
#[derive(Debug, PartialEq, Eq)]
enum Deed {
    /// It changes nothing that is not on the books anyway.
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
pub(crate) fn consent(verb: &Verb, global: &Global) -> Result<(), Refusal> {
    match (deed(verb), global.dry_run) {
        (Deed::Looks | Deed::Rehearses, _) | (Deed::Acts(_), false) => Ok(()),
        (Deed::Acts(instead), true) => Err(no_rehearsal(instead)),
        (Deed::Ends(_), true) => Err(no_rehearsal("")),
        (Deed::Ends(_), false) if global.yes => Ok(()),
        (Deed::Ends(question), false) => asked(&question, global),
    }
}

fn no_rehearsal(instead: &str) -> Refusal {
    let refusal = Refusal::new(
        Code::UsageWrong,
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
pub(crate) fn asked(question: &str, global: &Global) -> Result<(), Refusal> {
    let mut input = std::io::stdin().lock();
    if global.json || !std::io::stdin().is_terminal() {
        return Err(Refusal::new(
            Code::ConfirmationNeeded,
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
            Code::ConfirmationNeeded,
            "it was not confirmed, and nothing was done",
        )),
    }
}

const EXPLAIN: &str = "hansa explain says what would be asked, of whom and under which contract";

fn deed(verb: &Verb) -> Deed {
    match verb {
        Verb::Check | Verb::Error { .. } | Verb::Key(KeyVerb::List { .. }) => Deed::Looks,
        Verb::Key(KeyVerb::Add { .. } | KeyVerb::Mandate(_))
        | Verb::Demo(_)
        | Verb::Init(_)
        | Verb::Join { .. }
        | Verb::Rekey { .. }
        | Verb::Cluster(_) => Deed::Acts(""),
        Verb::Serve(_) => {
            Deed::Acts("hansa check looks at everything that serving needs, and changes nothing")
        }
        Verb::League(verb) => of_league(verb),
        Verb::Desk(verb) => of_desk(verb),
    }
}

/// Whether a command only looks at what is there, so that it need leave no trace: it does not follow the logs of those whom it
/// greets. Those that judge logs do.
pub(crate) fn only_looks(verb: &DeskVerb) -> bool {
    let judges = matches!(
        verb,
        DeskVerb::Doctor { .. }
            | DeskVerb::Explain(_)
            | DeskVerb::Simulate(_)
            | DeskVerb::Audit(AuditVerb::Reconcile { .. })
    );
    of_desk(verb) == Deed::Looks && !judges
}

fn of_league(verb: &LeagueVerb) -> Deed {
    match verb {
        LeagueVerb::List { .. } => Deed::Looks,
        LeagueVerb::Issuer { id, drop: true, .. } => Deed::Ends(format!(
            "Naming {id} no longer ends what is read by its credentials, everywhere in the league."
        )),
        LeagueVerb::Key(args) if args.end.is_some() => Deed::Ends(format!(
            "Ending the key {} ends what it may sign, everywhere in the league.",
            args.end.as_deref().unwrap_or_default()
        )),
        LeagueVerb::Seal(args) if args.end => Deed::Ends(format!(
            "Ending the seals of {} as {} ends what they may sign, everywhere in the league.",
            args.id, args.organization
        )),
        LeagueVerb::Mandates(args) if args.end => Deed::Ends(format!(
            "From then on whoever has a key of {} signs whatever it is.",
            args.id
        )),
        LeagueVerb::Mandates(args) if args.revoke.is_some() => Deed::Ends(format!(
            "Revoking the mandate {} ends what may be signed with it, everywhere in the league.",
            args.revoke.as_deref().unwrap_or_default()
        )),
        LeagueVerb::Init { .. }
        | LeagueVerb::Mandates(_)
        | LeagueVerb::Key(_)
        | LeagueVerb::Seal(_)
        | LeagueVerb::Admit { .. }
        | LeagueVerb::Issuer { .. }
        | LeagueVerb::Attest { .. }
        | LeagueVerb::Export { .. } => Deed::Acts(""),
        LeagueVerb::Expel { id, .. } => Deed::Ends(format!(
            "Expelling {id} ends what it reads and asks, everywhere in the league."
        )),
    }
}

fn of_desk(verb: &DeskVerb) -> Deed {
    match verb {
        DeskVerb::Status { .. }
        | DeskVerb::Doctor { .. }
        | DeskVerb::Explain(_)
        | DeskVerb::Simulate(_) => Deed::Looks,
        DeskVerb::Sql(_) | DeskVerb::Get(_) => Deed::Acts(EXPLAIN),
        DeskVerb::Reload => Deed::Acts("hansa check looks at everything that would be reloaded"),
        DeskVerb::Backup { .. } => Deed::Acts(""),
        DeskVerb::Restore { file } => Deed::Ends(format!(
            "Restoring {} puts it in the place of the state that is here, which is moved aside.",
            file.display()
        )),
        DeskVerb::Dataset(verb) => of_dataset(verb),
        DeskVerb::Catalog(
            CatalogVerb::List { .. } | CatalogVerb::Search { .. } | CatalogVerb::Show { .. },
        )
        | DeskVerb::Policy(
            PolicyVerb::List
            | PolicyVerb::Show { .. }
            | PolicyVerb::Check { .. }
            | PolicyVerb::Diff { .. }
            | PolicyVerb::Terms,
        )
        | DeskVerb::Model(_)
        | DeskVerb::Config(ConfigVerb::Show | ConfigVerb::Reference) => Deed::Looks,
        DeskVerb::Policy(PolicyVerb::Clone { .. } | PolicyVerb::Template { .. }) => {
            Deed::Acts("hansa policy template FILE shows the holes of a template")
        }
        DeskVerb::Contract(verb) => of_contract(verb),
        DeskVerb::Credential(CredentialVerb::List) => Deed::Looks,
        DeskVerb::Credential(CredentialVerb::Add { .. } | CredentialVerb::Remove { .. }) => {
            Deed::Acts("hansa credential list shows those that are here")
        }
        DeskVerb::Group(GroupVerb::List | GroupVerb::Show { .. }) => Deed::Looks,
        DeskVerb::Group(GroupVerb::Add { .. } | GroupVerb::Remove { .. }) => {
            Deed::Acts("hansa group show lists the members")
        }
        DeskVerb::Peer(PeerVerb::List | PeerVerb::Show { .. }) => Deed::Looks,
        DeskVerb::Peer(PeerVerb::Add { .. } | PeerVerb::Remove { .. }) => Deed::Acts(""),
        DeskVerb::Audit(
            AuditVerb::List { .. }
            | AuditVerb::Show { .. }
            | AuditVerb::Verify { .. }
            | AuditVerb::Heads
            | AuditVerb::Reconcile { .. }
            | AuditVerb::Affected { notify: false, .. }
            | AuditVerb::Breach { .. }
            | AuditVerb::Recipients { .. }
            | AuditVerb::Processing { .. },
        ) => Deed::Looks,
        DeskVerb::Audit(AuditVerb::Affected { notify: true, .. }) => {
            Deed::Acts("without --notify it says who would be told")
        }
        DeskVerb::Audit(AuditVerb::Erase {
            question,
            before,
            actor,
            ..
        }) => {
            let what = question.as_deref().or(before.as_deref());
            Deed::Ends(match actor {
                Some(user) => format!("Erasing who the Unix user {user} was can't be undone."),
                None => format!(
                    "Erasing the texts of {} can't be undone.",
                    what.unwrap_or_default()
                ),
            })
        }
        DeskVerb::Audit(AuditVerb::Incident { .. }) => {
            Deed::Ends("A signed statement of an incident can't be taken back.".to_owned())
        }
        DeskVerb::Audit(AuditVerb::Archive { .. }) => {
            Deed::Acts("hansa audit verify says what the archive is")
        }
        DeskVerb::Audit(AuditVerb::Export { .. }) => {
            Deed::Acts("hansa audit list shows the records, by the same filters")
        }
    }
}

fn of_dataset(verb: &DatasetVerb) -> Deed {
    match verb {
        DatasetVerb::List
        | DatasetVerb::Show { .. }
        | DatasetVerb::Sample { .. }
        | DatasetVerb::Guard {
            policy: None,
            remove: false,
            ..
        } => Deed::Looks,
        DatasetVerb::Add { .. } | DatasetVerb::Publish { .. } | DatasetVerb::Guard { .. } => {
            Deed::Rehearses
        }
        DatasetVerb::Withdraw { name, .. } => Deed::Ends(format!(
            "Withdrawing {name} cuts the answers that read it and removes its snapshot from disk."
        )),
    }
}

fn of_contract(verb: &ContractVerb) -> Deed {
    match verb {
        ContractVerb::List { .. }
        | ContractVerb::Show { .. }
        | ContractVerb::Wait { .. }
        | ContractVerb::Verify { .. } => Deed::Looks,
        // Offline the page is shown first, and the question comes after it.
        ContractVerb::Request { .. }
        | ContractVerb::Sign {
            offline: Some(_), ..
        }
        | ContractVerb::Withdraw {
            offline: Some(_), ..
        } => Deed::Rehearses,
        ContractVerb::Counter { .. }
        | ContractVerb::Sign { .. }
        | ContractVerb::Attach { .. }
        | ContractVerb::Comment { .. }
        | ContractVerb::Decline { .. } => Deed::Acts("hansa contract show says what it is about"),
        ContractVerb::Export { .. } => Deed::Acts(""),
        ContractVerb::Usage { .. } | ContractVerb::TopUp { .. } => {
            Deed::Acts("hansa contract show says what is left of what was paid")
        }
        ContractVerb::Attest { id, .. } => Deed::Ends(format!(
            "What was received under {id} is stated to be deleted, in a signed statement to the provider."
        )),
        ContractVerb::Withdraw { id, .. } => Deed::Ends(format!(
            "Withdrawing {} ends the contract for good and cuts the answers that run under it.",
            id.as_deref().unwrap_or_default()
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::{Deed, consent, deed};
    use crate::cli::Cli;
    use clap::Parser as _;

    fn parsed(line: &str) -> Cli {
        Cli::try_parse_from(line.split(' ')).unwrap_or_else(|wrong| panic!("{line}: {wrong}"))
    }

    #[test]
    fn a_dry_run_is_carried_out_or_refused() {
        for (line, deed_there) in [
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
            assert_eq!(outcome.is_ok(), deed_there, "{line}");
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
            assert!(matches!(deed(&cli.verb), Deed::Ends(_)), "{line}");
            let json = parsed(&line.replacen("hansa", "hansa --json", 1));
            let refusal = consent(&json.verb, &json.global).unwrap_err();
            assert_eq!(refusal.code.as_str(), "CONFIRMATION_NEEDED", "{line}");
            let yes = parsed(&line.replacen("hansa", "hansa --yes", 1));
            assert_eq!(consent(&yes.verb, &yes.global), Ok(()), "{line}");
        }
    }
}
