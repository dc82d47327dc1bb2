//! The `hansa` binary: reads what was typed, builds a connector or talks to the running one, and ends with a status.
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

use clap::Parser as _;
use hansa_commands::cli::diagnostics::begin_diagnostics;
use hansa_commands::cli::output::OutputSettings;
use hansa_commands::cli::top_level_dispatch::{self, Demonstration};
use hansa_commands::cli::{CommandLine, terminal};
use std::process::ExitCode;

/// Memory that a question has used goes back within seconds, also where nobody asks any more: threads of its own see to that.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match CommandLine::try_parse() {
        Ok(cli) => cli,
        Err(help) => {
            // The help may quote arguments, so it goes through the one writer of terminals.
            if help.use_stderr() {
                terminal::line_err(help.render().to_string().trim_end());
                return ExitCode::from(2);
            }
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    let show = OutputSettings {
        json: cli.global.json,
        quiet: cli.global.quiet,
    };
    let traces = begin_diagnostics(&cli);
    let demonstration = Demonstration {
        play: hansa_demo::run_demo,
        try_out: hansa_demo::trial::run_trial,
    };
    let done = top_level_dispatch::run_command_line(cli, show, &demonstration);
    drop(traces);
    match done.and_then(|status| {
        terminal::check_output_complete()
            .map(|()| status)
            .map_err(|lost| vec![lost])
    }) {
        Ok(status) => ExitCode::from(status),
        Err(refusals) => {
            show.print_refusals(&refusals);
            let status = refusals
                .first()
                .map_or(1, |refusal| refusal.code.kind().exit_code());
            ExitCode::from(status)
        }
    }
}
