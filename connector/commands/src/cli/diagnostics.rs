//! The diagnostics of a process: lines on stderr, and traces for a collector.

use crate::cli::connector_command::ConnectorCommand;
use crate::cli::{CommandLine, TopLevelCommand};
use crate::serve::trace_export::TraceExport;
use tracing::Level;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

/// Begins the log on stderr, and the traces where there is a collector; these end with what is given back.
pub fn begin_diagnostics(cli: &CommandLine) -> Option<TraceExport> {
    let level = match cli.global.verbose {
        0 => "error",
        1 => "info",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_env("HANSA_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(crate::cli::terminal::trace_writer)
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
            | TopLevelCommand::Connector(ConnectorCommand::Sql(_) | ConnectorCommand::Get(_))
    );
    let config =
        is_traced.then(|| crate::cli::command_dispatch::load_config(&cli.global).ok())??;
    let settings = config.monitoring.traces.as_ref()?;
    match TraceExport::open(settings, &config.participant.id) {
        Ok(export) => Some(export),
        Err(refusal) => {
            crate::cli::terminal::line_err(&crate::cli::output::warning_text(&refusal));
            None
        }
    }
}
