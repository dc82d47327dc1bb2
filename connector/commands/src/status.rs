//! `hansa status`: how it stands, and what waits.

mod daily_figures;
mod time_stamps;

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use crate::status::daily_figures::DailyFigures;
use crate::status::time_stamps::TimeStampReport;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::rulebook::SignedRulebook;
use hansa_node::contract::notice;
use hansa_node::monitoring::readiness::find_write_fault;
use hansa_node::monitoring::validity_period;
use hansa_node::monitoring::validity_period::{ValidityKind, ValidityPeriod};
use hansa_node::offer::offer_renewal;
use hansa_node::participant::Connector;
use hansa_node::participant::approval;
use hansa_node::participant::approval::ApprovalAction;
use hansa_node::participant::pending_approvals;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::contract::ContractStatus;
use hansa_policy::negotiation::Phase;
use serde::Serialize;
use std::sync::Arc;

const DAY: i64 = 24 * 3600 * 1_000_000;

/// What waits for a person, then everything else.
pub(crate) async fn report_status(
    connector: &Arc<Connector>,
    check: bool,
    out: &EventSink,
) -> CommandResult {
    let now = connector.now();
    let mut waiting = Vec::new();
    for row in connector.records.index(|state| state.negotiations())? {
        let open =
            row.state != Phase::Finalized.as_str() && row.state != Phase::Terminated.as_str();
        if !open {
            continue;
        }
        // One that can't be read hides no other; `doctor` names it.
        if let Ok(Some(negotiation)) =
            hansa_node::negotiation::message_replay::load_negotiation(connector, &row.id)
            && negotiation.state.next_side() == Some(negotiation.own)
        {
            waiting.push(format!(
                "{} from {} waits for us: hansa contract show {}",
                row.id,
                row.peer.domain(),
                row.id
            ));
        }
    }
    for held in connector.datasets.pending_views() {
        waiting.push(format!(
            "the public view of {} is {} compared with the one in force and waits for two officers: hansa contract sign {}",
            held.dataset.name,
            held.verdict,
            held.key.to_short_text()
        ));
    }
    for word in pending_approvals::open_approvals(connector)? {
        if word.action == ApprovalAction::Admit.as_str() {
            let what = approval::read_approval_reason(&connector.records, word.reason.as_deref())?
                .unwrap_or_default();
            waiting.push(format!(
                "one officer wants to add to a group, a second must say so too: hansa group add {what}"
            ));
            continue;
        }
        if let Some(from) = ApprovalAction::withdrawal_instant(&word.action) {
            let short = word.contract.to_short_text();
            waiting.push(format!(
                "contract {short}: one officer wants to withdraw it from {from} on, a second must say so too: hansa contract withdraw {short} --from {from} --reason TEXT"
            ));
            continue;
        }
        waiting.push(format!(
            "contract {}: one officer wants to {} it, a second must say so too: hansa contract {}",
            word.contract.to_short_text(),
            word.action,
            word.action
        ));
    }
    waiting.extend(crate::rulebook::announcement_text(connector));
    waiting.extend(notice::describe_undelivered_notices(connector)?);
    let in_force = connector.contracts.with_registry(|registry| {
        let all = registry.all_contracts(now);
        all.filter(|(_, _, contract_status)| *contract_status == ContractStatus::InForce)
            .count()
    });
    let periods = validity_period::validity_periods(connector)?;
    for period in periods.iter().filter(|period| period.is_due(now)) {
        waiting.push(validity_notice(period));
    }
    if let Err(refusal) = connector.own_certificate() {
        waiting.push(format!("{}: hansa join", refusal.sentence));
    }
    let bundle = connector.identity.trust.bundle();
    let yesterday = now.plus_micros(-DAY);
    let unacknowledged = connector
        .records
        .index(|state| state.count_unacknowledged_receipts(yesterday))?;
    if unacknowledged > 0 {
        waiting.push(format!(
            "{unacknowledged} receipts are not acknowledged for more than a day"
        ));
    }
    if let Some(broken) = find_write_fault(connector) {
        waiting.push(format!("the log can't be written: {broken}"));
    }
    if let Err(refusal) = connector.trusted_clock() {
        waiting.push(format!(
            "{}: set it, then hansa reload; until then no peer is answered",
            refusal.sentence
        ));
    }
    let time_stamps = connector.records.time_stamps.progress();
    waiting.extend(time_stamps::stamp_failure_notice(&time_stamps));
    for fork in connector.forks()? {
        waiting.push(format!("{}: {}", fork.code, fork.sentence));
    }
    for damaged in connector.datasets.snapshots.damaged_datasets().values() {
        let remedy = damaged.help.first().map_or("", String::as_str);
        waiting.push(format!("{}: {}; {remedy}", damaged.code, damaged.sentence));
    }
    for ended in offer_renewal::ended_offers(connector) {
        waiting.push(format!(
            "{}: {}; {}",
            ended.code,
            ended.sentence,
            ended.help.join(", ")
        ));
    }
    let datasets = connector
        .datasets
        .catalog(|catalog| catalog.datasets().count());
    let peers = connector.known_peers()?.len();
    let config = connector.config();
    connector.settle_refusals().await;
    let inner = Arc::clone(connector);
    let today = run_blocking(move || daily_figures::read_daily_figures(&inner)).await?;
    let rulebooks = connector.reloadable.rulebooks();
    let number = |rulebook: &Arc<SignedRulebook>| rulebook.version();
    let report = StatusReport {
        participant: connector.id().domain().to_owned(),
        name: config.participant.name.clone(),
        contact: config.participant.contact.clone(),
        waiting,
        today,
        datasets,
        contracts_in_force: in_force,
        running: connector.queries.running.count(),
        memory: connector.queries.query_runtime.memory_used(),
        peers,
        ends: periods.iter().map(EndReport::of).collect(),
        records: connector.records.log.size(),
        time_stamp: TimeStampReport::of(&time_stamps),
        bundle: bundle.content().sequence,
        rulebook: rulebooks.in_force(now).map(number),
        rulebook_waiting: rulebooks.waiting_version().map(number),
        demo: bundle.content().demo,
        clock_offset_s: config.clock.micros / 1_000_000,
        clock_offset: (config.clock.micros != 0).then(|| describe_clock_offset(&config.clock.text)),
        zone: config.participant.zone.clone(),
        newest_time_stamp: time_stamps::newest_stamped_head(&time_stamps),
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
    /// Lines about what waits for a person.
    waiting: Vec<String>,
    today: DailyFigures,
    datasets: usize,
    contracts_in_force: usize,
    /// Answers that run.
    running: usize,
    /// Bytes that questions hold.
    memory: usize,
    peers: usize,
    ends: Vec<EndReport>,
    /// Records in the log.
    records: u64,
    time_stamp: Option<TimeStampReport>,
    /// Number of the trust bundle.
    bundle: u64,
    /// Version of the rulebook in force.
    rulebook: Option<u64>,
    rulebook_waiting: Option<u64>,
    demo: bool,
    clock_offset_s: i64,
    #[serde(skip)]
    clock_offset: Option<String>,
    #[serde(skip)]
    zone: String,
    #[serde(skip)]
    newest_time_stamp: Option<String>,
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
        lines.extend(self.waiting.iter().map(|line| format!("! {line}")));
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
        let DailyFigures {
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
        lines.join("\n")
    }
}

/// What people are told of something that ends soon.
fn validity_notice(period: &ValidityPeriod) -> String {
    let ValidityPeriod {
        kind, name, until, ..
    } = period;
    let renewal = kind.renewal_command();
    match kind {
        ValidityKind::Contract => format!("contract {name} ends soon: it is in force {until}"),
        ValidityKind::TrustBundle => format!("the trust bundle ends on {until}: {renewal}"),
        ValidityKind::TlsCertificate => {
            format!("the TLS certificate ends on {until}: {renewal}")
        }
        ValidityKind::AccessToken => {
            format!("the access token {name} ends on {until}: {renewal}")
        }
        ValidityKind::Credential => format!("the credential {name} ends on {until}: {renewal}"),
    }
}

/// What people are told of a clock that is not that of the machine.
pub(crate) fn describe_clock_offset(by: &str) -> String {
    format!("the clock is moved by `{by}`: [clock] offset, for a demonstration")
}
