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

mod app;
mod cli;
mod config;
mod demo;
mod desk;
mod local;
mod node;
mod walk;

use clap::Parser as _;
use cli::show::Show;
use cli::{Cli, Verb};
use hansa_policy::refusal::Refusal;
use std::process::ExitCode;

/// Memory that a question has used goes back within seconds, also where nobody asks any more: threads of its own see to that.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(help) => {
            // What was typed may be quoted there.
            if help.use_stderr() {
                cli::terminal::line_err(help.render().to_string().trim_end());
                return ExitCode::from(2);
            }
            let _ = help.print();
            return ExitCode::SUCCESS;
        }
    };
    let show = Show {
        json: cli.global.json,
        quiet: cli.global.quiet,
    };
    trace(cli.global.verbose);
    let done = run(cli, show);
    match done.and_then(|status| {
        cli::terminal::whole()
            .map(|()| status)
            .map_err(|lost| vec![lost])
    }) {
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

fn trace(verbose: u8) {
    let level = match verbose {
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("HANSA_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new(level));
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(cli::terminal::trace_writer)
        // A line that stderr does not take is lost. Complaining of it on stderr panics, in whatever thread had something to
        // say: a full disk would take the writer of the evidence with it, just when it has to say why it stopped.
        .log_internal_errors(false)
        .try_init();
}

fn run(cli: Cli, show: Show) -> Result<u8, Vec<Refusal>> {
    let one = |refusal: Refusal| vec![refusal];
    let clock = app::clock::system();
    let now = clock().wall;
    cli::consent::consent(&cli.verb, &cli.global).map_err(one)?;
    match cli.verb {
        Verb::Error { code } => cli::error::run(code.as_deref(), show).map_err(one)?,
        Verb::League(verb) => local::league::run(verb, now, show).map_err(one)?,
        Verb::Key(verb) => return local::key::run(verb, &cli.global, now, show).map_err(one),
        Verb::Init(args) => local::init::run(&args, show).map_err(one)?,
        Verb::Join { file, fingerprint } => {
            let config = cli::run::load(&cli.global)?;
            // Before it has joined it belongs to no league that might be for a show.
            let moved = match config.trust.bundle.exists() {
                true => app::clock::offset(&config).map_err(one)?,
                false => 0,
            };
            local::join::recognise(&config, &file, fingerprint.as_deref(), &cli.global)
                .map_err(one)?;
            local::join::run(&config, &file, now.plus_micros(moved), show).map_err(one)?;
        }
        Verb::Rekey { output } => {
            let config = cli::run::load(&cli.global)?;
            local::join::rekey(&config, &output, show).map_err(one)?;
        }
        Verb::Check => {
            let config = cli::run::load(&cli.global)?;
            local::check::run(&config, now, show)?;
        }
        Verb::Cluster(verb) => local::cluster::run(verb, &cli.global, now, show)?,
        Verb::Serve(args) => return cli::run::serve(&cli.global, &args, clock, show),
        Verb::Desk(verb) => return cli::run::desk(&cli.global, verb, clock, show),
        Verb::Demo(args) => return demo::run(&args, show),
    }
    Ok(0)
}
