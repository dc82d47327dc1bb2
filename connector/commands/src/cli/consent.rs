//! Consent to a command by its effect: `--dry-run` is carried out or refused, never passed over, and what can't be undone wants a yes.

use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::{GlobalArgs, terminal};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::io::{BufRead as _, IsTerminal as _};

/// Checks `--dry-run`, and asks where something would end for good.
///
/// # Errors
/// `USAGE` for a dry run that the command does not have, `CONFIRMATION_NEEDED` without a yes.
pub(crate) fn check_consent(command: &impl Command, global: &GlobalArgs) -> Result<(), Refusal> {
    match (command.effect(), global.dry_run) {
        (CommandEffect::Looks | CommandEffect::Judges | CommandEffect::Rehearses, _)
        | (CommandEffect::Acts(_), false) => Ok(()),
        (CommandEffect::Acts(instead), true) => Err(no_rehearsal(instead)),
        (CommandEffect::Ends(_), true) => Err(no_rehearsal("")),
        (CommandEffect::Ends(_), false) if global.yes => Ok(()),
        (CommandEffect::Ends(question), false) => ask_confirmation(&question, global),
    }
}

fn no_rehearsal(instead: &str) -> Refusal {
    let refusal = Refusal::new(
        ErrorCode::UsageWrong,
        "this command has no dry run; nothing was done",
    );
    if instead.is_empty() {
        refusal.with_help("remove --dry-run to run the command")
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
            format!("{question} No terminal is there to confirm this; nothing was done"),
        )
        .with_help("add --yes to confirm"));
    }
    terminal::print_question(&format!("{question} [y/N]"));
    let mut answer = String::new();
    // An unreadable answer is no confirmation.
    let _ = input.read_line(&mut answer);
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Refusal::new(
            ErrorCode::ConfirmationNeeded,
            "the command was not confirmed; nothing was done",
        )),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::CommandLine;
    use crate::cli::command_effect::{Command as _, CommandEffect};
    use crate::cli::consent::check_consent;
    use clap::Parser as _;

    fn parse_line(line: &str) -> CommandLine {
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
            let cli = parse_line(line);
            let outcome = check_consent(&cli.verb, &cli.global);
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
            let cli = parse_line(line);
            assert!(
                matches!(cli.verb.effect(), CommandEffect::Ends(_)),
                "{line}"
            );
            let json = parse_line(&line.replacen("hansa", "hansa --json", 1));
            let refusal = check_consent(&json.verb, &json.global).unwrap_err();
            assert_eq!(refusal.code.as_str(), "CONFIRMATION_NEEDED", "{line}");
            let yes = parse_line(&line.replacen("hansa", "hansa --yes", 1));
            assert_eq!(check_consent(&yes.verb, &yes.global), Ok(()), "{line}");
        }
    }
}
