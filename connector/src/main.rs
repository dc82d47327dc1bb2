//! The `hansa` binary: reads what was typed, builds a connector or talks to the running one, and ends with a status.

mod app;
mod cli;
mod config;
mod desk;

use clap::Parser as _;
use cli::show::Show;
use cli::{Cli, Verb};
use policy::refusal::Refusal;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help) => {
            let _ = help.print();
            return ExitCode::from(if help.use_stderr() { 2 } else { 0 });
        }
    };
    let show = Show {
        json: cli.global.json,
        quiet: cli.global.quiet,
    };
    match run(cli, show) {
        Ok(status) => ExitCode::from(status),
        Err(refusals) => {
            show.refusals(&refusals);
            let status = refusals
                .first()
                .map_or(1, |refusal| refusal.code.kind().exit_code());
            ExitCode::from(status)
        }
    }
}

fn run(cli: Cli, show: Show) -> Result<u8, Vec<Refusal>> {
    match cli.verb {
        Verb::Error { code } => cli::error::run(code.as_deref(), show).map_err(|r| vec![r])?,
        _ => {}
    }
    Ok(0)
}
