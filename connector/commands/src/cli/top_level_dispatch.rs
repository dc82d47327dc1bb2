//! Carries out the commands of the top level: each in its noun, or at the connector.

use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::output::OutputSettings;
use crate::cli::{CommandLine, DemoArgs, TopLevelCommand, TryArgs};
use crate::cli::{command_dispatch, consent, error_reference, manual};
use crate::config::config_check;
use crate::league::league_join;
use crate::{cluster, key, league, participant};
use hansa_node::process::{clock, named_file};
use hansa_policy::refusal::Refusal;

/// The demonstration. It plays on these commands, so that they can't know it.
#[derive(Debug)]
pub struct Demonstration {
    /// `hansa demo`
    pub play: fn(&DemoArgs, OutputSettings) -> Result<u8, Vec<Refusal>>,
    /// `hansa try`
    pub try_out: fn(&TryArgs, OutputSettings) -> Result<u8, Vec<Refusal>>,
}

impl Command for TopLevelCommand {
    fn effect(&self) -> CommandEffect {
        match self {
            Self::Check
            | Self::Error { .. }
            | Self::Request
            | Self::Completions { .. }
            | Self::Manual { .. } => CommandEffect::Looks,
            Self::Demo(_)
            | Self::Try(_)
            | Self::Init(_)
            | Self::Join { .. }
            | Self::Rekey { .. } => CommandEffect::Acts(""),
            Self::Serve(_) => CommandEffect::Acts(
                "hansa check looks at everything that serving needs, and changes nothing",
            ),
            Self::Key(command) => command.effect(),
            Self::Cluster(command) => command.effect(),
            Self::League(command) => command.effect(),
            Self::Connector(command) => command.effect(),
        }
    }
}

/// Carries out what was typed, and gives the exit status.
///
/// # Errors
/// Why it was refused or failed; the kind of the first refusal is the exit status.
pub fn run_command_line(
    cli: CommandLine,
    show: OutputSettings,
    demonstration: &Demonstration,
) -> Result<u8, Vec<Refusal>> {
    let one = |refusal: Refusal| vec![refusal];
    let clock = clock::system_clock();
    let now = clock().wall;
    consent::check_consent(&cli.verb, &cli.global).map_err(one)?;
    match cli.verb {
        TopLevelCommand::Error { code } => {
            error_reference::print_error_codes(code.as_deref(), show).map_err(one)?
        }
        TopLevelCommand::Completions { shell } => manual::print_completions(shell),
        TopLevelCommand::Manual { folder } => manual::write_manual_pages(&folder).map_err(one)?,
        TopLevelCommand::League(command) => {
            league::run_league_command(command, now, show).map_err(one)?
        }
        TopLevelCommand::Key(command) => {
            return key::run_key_command(command, &cli.global, now, show).map_err(one);
        }
        TopLevelCommand::Init(args) => {
            participant::create_participant(&args, now, &cli.global, show).map_err(one)?;
        }
        TopLevelCommand::Join { file, fingerprint } => {
            let config = command_dispatch::load_config(&cli.global)?;
            // Before it has joined it belongs to no league that might be for a show.
            let moved = match config.trust.bundle.exists() {
                true => clock::clock_offset(&config).map_err(one)?,
                false => 0,
            };
            let file = named_file::read_named_file(&file).map_err(one)?;
            league_join::confirm_league(&config, &file, fingerprint.as_deref(), &cli.global)
                .map_err(one)?;
            league_join::join_league(&config, &file, now.plus_micros(moved), show).map_err(one)?;
        }
        TopLevelCommand::Request => {
            let config = command_dispatch::load_config(&cli.global)?;
            participant::print_request(&config).map_err(one)?;
        }
        TopLevelCommand::Rekey { output } => {
            let config = command_dispatch::load_config(&cli.global)?;
            league_join::renew_signing_key(&config, &output, show).map_err(one)?;
        }
        TopLevelCommand::Check => {
            let config = command_dispatch::load_config(&cli.global)?;
            config_check::print_config_check(&config, now, show)?;
        }
        TopLevelCommand::Cluster(command) => {
            cluster::run_cluster_command(command, &cli.global, now, show)?
        }
        TopLevelCommand::Serve(args) => {
            return command_dispatch::serve_connector(&cli.global, &args, clock, show);
        }
        TopLevelCommand::Connector(command) => {
            return command_dispatch::run_on_connector(&cli.global, command, clock, show);
        }
        TopLevelCommand::Demo(args) => return (demonstration.play)(&args, show),
        TopLevelCommand::Try(args) => return (demonstration.try_out)(&args, show),
    }
    Ok(0)
}
