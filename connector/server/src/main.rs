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

mod admin;
mod cli;
mod clients;
mod config;
mod conformance;
mod dataspace;
mod demo;
mod monitoring;
mod offline;
mod participant;
mod process;
mod workflow;

use clap::Parser as _;
use cli::connector_command::ConnectorCommand;
use cli::output::OutputSettings;
use cli::{CommandLine, TopLevelCommand};
use hansa_policy::refusal::Refusal;
use process::trace_export::TraceExport;
use std::process::ExitCode;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Memory that a question has used goes back within seconds, also where nobody asks any more: threads of its own see to that.
#[global_allocator]
static MEMORY: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let cli = match CommandLine::try_parse() {
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
    let show = OutputSettings {
        json: cli.global.json,
        quiet: cli.global.quiet,
    };
    let traces = trace(&cli);
    let done = run(cli, show);
    drop(traces);
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

/// Begins the log on stderr, and the traces where there is a collector; these end with what is given back.
fn trace(cli: &CommandLine) -> Option<TraceExport> {
    let level = match cli.global.verbose {
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("HANSA_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(cli::terminal::trace_writer)
        // A line that stderr does not take is lost. Complaining of it on stderr panics, in whatever thread had something to
        // say: a full disk would take the writer of the evidence with it, just when it has to say why it stopped.
        .log_internal_errors(false);
    let lines = match std::env::var("HANSA_LOG_FORMAT").as_deref() {
        // One object a line, for whoever collects them.
        Ok("json") => lines.json().flatten_event(true).boxed(),
        // The journal has the time already.
        Ok("journal") => lines.without_time().boxed(),
        Ok(_) | Err(_) => lines.boxed(),
    };
    let export = trace_export(cli);
    let spans = export.as_ref().map(|export| {
        tracing_opentelemetry::layer()
            .with_tracer(export.tracer())
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(filter_fn(|traced| {
                traced.is_span()
                    && traced.target().starts_with("hansa")
                    && *traced.level() <= Level::INFO
            }))
    });
    let _ = tracing_subscriber::registry()
        .with(lines.with_filter(filter))
        .with(spans)
        .try_init();
    export
}

/// The way to the collector of traces, for what serves or asks. What is wrong with the configuration is told by the command itself.
fn trace_export(cli: &CommandLine) -> Option<TraceExport> {
    let is_traced = matches!(
        &cli.verb,
        TopLevelCommand::Serve(_)
            | TopLevelCommand::Desk(ConnectorCommand::Sql(_) | ConnectorCommand::Get(_))
    );
    let config = is_traced.then(|| cli::command_dispatch::load(&cli.global).ok())??;
    let settings = config.monitoring.traces.as_ref()?;
    match TraceExport::open(settings, &config.participant.id) {
        Ok(export) => Some(export),
        Err(refusal) => {
            cli::terminal::line_err(&cli::output::warning_text(&refusal));
            None
        }
    }
}

fn run(cli: CommandLine, show: OutputSettings) -> Result<u8, Vec<Refusal>> {
    let one = |refusal: Refusal| vec![refusal];
    let clock = process::clock::system();
    let now = clock().wall;
    cli::command_effect::consent(&cli.verb, &cli.global).map_err(one)?;
    match cli.verb {
        TopLevelCommand::Error { code } => {
            cli::error_reference::run(code.as_deref(), show).map_err(one)?
        }
        TopLevelCommand::Completions { shell } => cli::manual::completions(shell),
        TopLevelCommand::Manual { folder } => cli::manual::pages(&folder).map_err(one)?,
        TopLevelCommand::League(command) => {
            offline::league::run(command, now, show).map_err(one)?
        }
        TopLevelCommand::Key(command) => {
            return offline::signing_key::run(command, &cli.global, now, show).map_err(one);
        }
        TopLevelCommand::Init(args) => {
            offline::init::run(&args, now, &cli.global, show).map_err(one)?;
        }
        TopLevelCommand::Join { file, fingerprint } => {
            let config = cli::command_dispatch::load(&cli.global)?;
            // Before it has joined it belongs to no league that might be for a show.
            let moved = match config.trust.bundle.exists() {
                true => process::clock::offset(&config).map_err(one)?,
                false => 0,
            };
            let file = crate::process::named_file::read(&file).map_err(one)?;
            offline::league_join::recognise(&config, &file, fingerprint.as_deref(), &cli.global)
                .map_err(one)?;
            offline::league_join::run(&config, &file, now.plus_micros(moved), show).map_err(one)?;
        }
        TopLevelCommand::Request => {
            let config = cli::command_dispatch::load(&cli.global)?;
            offline::init::print_request(&config).map_err(one)?;
        }
        TopLevelCommand::Rekey { output } => {
            let config = cli::command_dispatch::load(&cli.global)?;
            offline::league_join::rekey(&config, &output, show).map_err(one)?;
        }
        TopLevelCommand::Check => {
            let config = cli::command_dispatch::load(&cli.global)?;
            offline::config_check::run(&config, now, show)?;
        }
        TopLevelCommand::Cluster(command) => {
            offline::cluster::run(command, &cli.global, now, show)?
        }
        TopLevelCommand::Serve(args) => {
            return cli::command_dispatch::serve(&cli.global, &args, clock, show);
        }
        TopLevelCommand::Desk(command) => {
            return cli::command_dispatch::run_on_connector(&cli.global, command, clock, show);
        }
        TopLevelCommand::Demo(args) => return demo::run(&args, show),
        TopLevelCommand::Try(args) => return demo::trial::run(&args, show),
    }
    Ok(0)
}
