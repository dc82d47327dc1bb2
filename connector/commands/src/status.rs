//! `hansa status`: how it stands, and what waits.

pub(crate) mod daily_figures;
pub(crate) mod minute_report;
pub(crate) mod time_stamps;
mod waiting_item;

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::audit::verification::VerificationReport;
use crate::cli::command_report::CommandReport;
use crate::status::daily_figures::DayReport;
use crate::status::time_stamps::TimeStampReport;
use crate::status::waiting_item::WaitingItem;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::rulebook::SignedRulebook;
use hansa_node::monitoring::day_figures::DayFigures;
use hansa_node::monitoring::readiness;
use hansa_node::monitoring::validity_period;
use hansa_node::monitoring::validity_period::{ValidityKind, ValidityPeriod};
use hansa_node::participant::Connector;
use hansa_node::peer::peer_connections::KnownPeer;
use hansa_node::process::blocking_work::run_blocking;
use serde::Serialize;
use std::sync::Arc;

/// What waits for a person, then everything else.
pub(crate) async fn report_status(
    connector: &Arc<Connector>,
    check: bool,
    out: &EventSink,
) -> CommandResult {
    let now = connector.now();
    let periods = validity_period::validity_periods(connector, MOST_ENDS)?;
    let waiting = waiting_item::list_waiting_items(connector, &periods)?;
    let bundle = connector.identity.trust.bundle();
    let time_stamps = connector.records.time_stamps.progress();
    let datasets = connector
        .datasets
        .catalog(|catalog| catalog.datasets().count());
    let known = connector.known_peers()?;
    let lost = |peer: &&KnownPeer| connector.peer_contact(&peer.id).failure.is_some();
    let config = connector.config();
    let inner = Arc::clone(connector);
    let mut today = run_blocking(move || daily_figures::read_daily_figures(&inner)).await?;
    // A look leaves no record, so the refusals of the open sums are counted beside the log.
    let open = connector.count_open_refusals().await;
    today.refusals = today.refusals.saturating_add(open);
    let ends = list_ends(&periods.next);
    let rulebooks = connector.reloadable.rulebooks();
    let number = |rulebook: &Arc<SignedRulebook>| rulebook.version();
    let report = StatusReport {
        participant: connector.id().domain().to_owned(),
        name: config.participant.name.clone(),
        contact: config.participant.contact.clone(),
        waiting,
        today,
        days: DayReport::list(connector),
        datasets,
        contracts_in_force: periods.contracts,
        running: connector.queries.running.count(),
        memory: connector.queries.query_runtime.memory_used(),
        peers: known.len(),
        peers_not_reached: known.iter().filter(lost).count(),
        ends_omitted: periods
            .next
            .len()
            .saturating_sub(ends.len())
            .saturating_add(periods.later_contracts),
        ends,
        records: connector.records.log.size(),
        verification: VerificationReport::of(connector),
        time_stamp: TimeStampReport::of(&time_stamps),
        bundle: bundle.content().sequence,
        rulebook: rulebooks.in_force(now).map(number),
        rulebook_waiting: rulebooks.waiting_version().map(number),
        demo: bundle.content().demo,
        clock_offset_s: config.clock.micros / 1_000_000,
        clock_offset: (config.clock.micros != 0).then(|| describe_clock_offset(&config.clock.text)),
        zone: config.participant.zone.clone(),
        newest_time_stamp: time_stamps::newest_stamped_head(&time_stamps),
        health: HealthReport::list(connector),
        free_bytes: hansa_audit_store::free_space(connector.records.log.folder()).ok(),
    };
    out.send_report(&report).await?;
    Ok(u8::from(check && !report.waiting.is_empty()))
}

/// State of a participant.
#[derive(Debug, Serialize)]
struct StatusReport {
    participant: String,
    name: String,
    contact: Option<String>,
    waiting: Vec<WaitingItem>,
    today: DayFigures,
    /// Figures of the finished days of the last two weeks, as far as they are counted.
    days: Vec<DayReport>,
    datasets: usize,
    contracts_in_force: usize,
    /// Answers that run.
    running: usize,
    /// Bytes that questions hold.
    memory: usize,
    peers: usize,
    /// Peers whose last call by this connector failed.
    peers_not_reached: usize,
    ends: Vec<EndReport>,
    /// Number of ends that are later and not in the list.
    ends_omitted: usize,
    /// Records in the log.
    records: u64,
    /// Verification of the log that runs, and the last result since the connector was started.
    verification: VerificationReport,
    time_stamp: Option<TimeStampReport>,
    /// Number of the trust bundle.
    bundle: u64,
    /// Version of the rulebook in force.
    rulebook: Option<u64>,
    rulebook_waiting: Option<u64>,
    /// Conditions without which no question is answered.
    health: Vec<HealthReport>,
    /// Free space on the disk of the log; none where it can't be read.
    free_bytes: Option<u64>,
    demo: bool,
    clock_offset_s: i64,
    #[serde(skip)]
    clock_offset: Option<String>,
    #[serde(skip)]
    zone: String,
    #[serde(skip)]
    newest_time_stamp: Option<String>,
}

/// Condition without which no question is answered.
#[derive(Debug, Serialize)]
struct HealthReport {
    /// Name of the condition, such as `log`.
    check: &'static str,
    ok: bool,
    code: Option<&'static str>,
    /// Sentence of the reason why it is not met.
    fault: Option<String>,
    help: Vec<String>,
}

impl HealthReport {
    fn list(connector: &Connector) -> Vec<Self> {
        let checks = readiness::run_checks(connector).into_iter();
        let reports = checks.map(|check| Self {
            check: check.name,
            ok: check.fault.is_none(),
            code: check.fault.as_ref().map(|fault| fault.code.as_str()),
            fault: check.fault.as_ref().map(|fault| fault.sentence.clone()),
            help: check.fault.map(|fault| fault.help).unwrap_or_default(),
        });
        reports.collect()
    }
}

/// Most ends of the list, beside those of the own certificate and of the trust bundle.
const MOST_ENDS: usize = 50;

/// The next ends. A participant may have many contracts; the certificate and the trust bundle are always there.
fn list_ends(periods: &[ValidityPeriod]) -> Vec<EndReport> {
    let mut left = MOST_ENDS;
    let listed = periods.iter().filter(|period| match period.kind {
        ValidityKind::TlsCertificate | ValidityKind::TrustBundle => true,
        ValidityKind::Contract | ValidityKind::Credential | ValidityKind::AccessToken => {
            let is_next = left > 0;
            left = left.saturating_sub(1);
            is_next
        }
    });
    listed.map(EndReport::of).collect()
}

/// End of a certificate, a contract or another document.
#[derive(Debug, Serialize)]
struct EndReport {
    what: &'static str,
    name: String,
    at: UtcTimestamp,
    renew: &'static str,
}

impl EndReport {
    fn of(period: &ValidityPeriod) -> Self {
        Self {
            what: period.kind.as_str(),
            name: period.name.clone(),
            at: period.ends,
            renew: period.kind.renewal_command(),
        }
    }
}

impl CommandReport for StatusReport {
    fn to_text(&self) -> String {
        let mut lines = Vec::new();
        if self.waiting.is_empty() {
            lines.push("nothing waits for a person".to_owned());
        }
        lines.extend(
            self.waiting
                .iter()
                .map(|item| format!("! {}", item.to_line())),
        );
        lines.extend(self.clock_offset.clone());
        lines.push(format!(
            "{}: {} datasets, {} contracts in force, {} answers running, {} peers, {} records in the log, bundle number {}",
            self.participant,
            self.datasets,
            self.contracts_in_force,
            self.running,
            self.peers,
            self.records,
            self.bundle,
        ));
        if let Some(version) = self.rulebook {
            lines.push(format!(
                "offers were checked against version {version} of the rulebook"
            ));
        }
        let DayFigures {
            answers,
            rows,
            refusals,
        } = &self.today;
        lines.push(format!(
            "today, {}: {answers} answers with {rows} rows, {refusals} refusals",
            self.zone
        ));
        let newest = self.newest_time_stamp.iter();
        lines.extend(newest.map(|newest| format!("time stamps: {newest}")));
        let verified = self.verification.describe_last();
        lines.extend(verified.map(|verified| format!("log: {verified}")));
        lines.join("\n")
    }
}

/// What people are told of a clock that is not that of the machine.
pub(crate) fn describe_clock_offset(by: &str) -> String {
    format!("the clock is moved by `{by}`: [clock] offset, for a demonstration")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(kind: ValidityKind, number: i64) -> ValidityPeriod {
        let at = |micros| UtcTimestamp::from_micros(micros).unwrap();
        ValidityPeriod {
            kind,
            name: number.to_string(),
            begins: at(0),
            ends: at(number),
            until: String::new(),
        }
    }

    #[test]
    fn the_list_of_ends_has_the_next_ones_and_those_of_the_connector() {
        let mut periods: Vec<ValidityPeriod> = (1..=200)
            .map(|number| period(ValidityKind::Contract, number))
            .collect();
        periods.push(period(ValidityKind::TlsCertificate, 201));
        periods.push(period(ValidityKind::TrustBundle, 202));
        let ends = list_ends(&periods);
        assert_eq!(ends.len(), MOST_ENDS + 2);
        assert_eq!((ends[0].name.as_str(), ends[49].name.as_str()), ("1", "50"));
        assert_eq!(ends[50].what, "tls_certificate");
        assert_eq!(ends[51].what, "trust_bundle");
    }
}
