//! `[monitoring]`: the address of metrics and readiness, and the collector of traces.

use crate::config::reader::ConfigSection;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

/// `[monitoring]`
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MonitoringConfig {
    /// Address to listen on; absent: nothing is served.
    pub listen: Option<SocketAddr>,
    /// File with the token for metrics. It is required if the address is reachable from other machines.
    pub token_file: Option<PathBuf>,
    /// Collector of traces; absent: nothing is traced.
    pub traces: Option<TraceConfig>,
}

/// Collector of traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceConfig {
    /// Address of a collector of OTLP over HTTP.
    pub url: String,
    /// Share of traced questions, from 0 to 1.
    pub share: f64,
    /// File with the token for the collector.
    pub token_file: Option<PathBuf>,
}

/// Default share of traced questions.
const SHARE: f64 = 0.01;

/// Reads the section.
pub(super) fn read_monitoring_config(
    section: ConfigSection<'_>,
    folder: &Path,
) -> MonitoringConfig {
    let listen: Option<SocketAddr> = section.parse_value("listen");
    let token = section.text("token_file");
    if listen.is_some_and(|address| !address.ip().is_loopback()) && token.is_none() {
        let sentence =
            "metrics name peers and datasets: an address that other machines reach needs a token";
        let refusal = Refusal::new(ErrorCode::ConfigInvalid, sentence);
        let help = "set token_file, or listen = \"127.0.0.1:9464\"";
        section.report_refusal("token_file", refusal.with_help(help));
    }
    let traces = read_trace_config(&section, folder);
    section.finish();
    MonitoringConfig {
        listen,
        token_file: token.map(|file| folder.join(file)),
        traces,
    }
}

fn read_trace_config(section: &ConfigSection<'_>, folder: &Path) -> Option<TraceConfig> {
    let url = section.text("traces");
    let share = section.value("trace_share");
    let token = section.text("trace_token_file");
    let Some(url) = url else {
        for (key, there) in [
            ("trace_share", share.is_some()),
            ("trace_token_file", token.is_some()),
        ] {
            if there {
                section.report_problem(
                    key,
                    format!("`{key}` says something of `traces`, which is not there"),
                );
            }
        }
        return None;
    };
    let parsed: Option<http::Uri> = url.parse().ok();
    let scheme = parsed.as_ref().and_then(http::Uri::scheme_str);
    let host = parsed
        .as_ref()
        .and_then(http::Uri::host)
        .unwrap_or_default();
    let is_near = matches!(host, "localhost" | "[::1]") || host.starts_with("127.");
    match (scheme, is_near) {
        (Some("https"), _) | (Some("http"), true) => {}
        (Some("http"), false) => section.report_problem(
            "traces",
            "traces name peers, contracts and datasets: a collector on another machine is reached by https",
        ),
        (_, _) => section.report_problem(
            "traces",
            "`traces` is an address such as http://127.0.0.1:4318/v1/traces",
        ),
    }
    let written: Option<f64> = share.as_ref().map_or(Some(SHARE), |share| {
        let written = share.source_text().parse();
        written.ok().filter(|share| (0.0..=1.0).contains(share))
    });
    if written.is_none() {
        section.report_problem(
            "trace_share",
            "the share of questions that are traced is a number from 0 to 1",
        );
    }
    Some(TraceConfig {
        url,
        share: written?,
        token_file: token.map(|file| folder.join(file)),
    })
}
