//! `hansa status` and `hansa doctor`: how it stands, and what is wrong.

mod daily_figures;

use crate::admin::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::monitoring::readiness::unwritable;
use crate::monitoring::validity_period::{self, ValidityKind, ValidityPeriod};
use crate::participant::Connector;
use crate::participant::peer_connections::KnownPeer;
use crate::process::blocking_work::blocking;
use crate::workflow::approval::{self, ApprovalAction};
use crate::workflow::negotiation::unreadable_message;
use crate::workflow::{combined_contracts, federated_query, notice, pending_approvals};
use hansa_identity::rulebook::SignedRulebook;
use hansa_policy::contract::ContractStatus;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::Refusal;
use serde_json::json;
use std::sync::Arc;

const DAY: i64 = 24 * 3600 * 1_000_000;

/// What waits for a person, then everything else.
pub(crate) async fn status(
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
            crate::workflow::negotiation::message_replay::load(connector, &row.id)
            && negotiation.state.turn() == Some(negotiation.own)
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
            "the public view of {} is {} beside the one in force and waits for two officers: hansa contract sign {}",
            held.dataset.name,
            held.verdict,
            held.key.short()
        ));
    }
    for word in pending_approvals::awaited(connector)? {
        if word.action == ApprovalAction::Admit.as_str() {
            let what = approval::written(connector, word.reason.as_deref())?.unwrap_or_default();
            waiting.push(format!(
                "one officer wants to add to a group, a second must say so too: hansa group add {what}"
            ));
            continue;
        }
        waiting.push(format!(
            "contract {}: one officer wants to {} it, a second must say so too: hansa contract {}",
            word.contract.short(),
            word.action,
            word.action
        ));
    }
    waiting.extend(super::rulebook::announcement(connector));
    waiting.extend(notice::undelivered(connector)?);
    let in_force = connector.contracts.with_registry(|registry| {
        let all = registry.all(now);
        all.filter(|(_, _, contract_status)| *contract_status == ContractStatus::InForce)
            .count()
    });
    let periods = validity_period::periods(connector)?;
    for period in periods.iter().filter(|period| period.is_due(now)) {
        waiting.push(due(period));
    }
    if let Err(refusal) = connector.own_certificate() {
        waiting.push(format!("{}: hansa join", refusal.sentence));
    }
    let bundle = connector.identity.trust.bundle();
    let yesterday = now.plus_micros(-DAY);
    let unacknowledged = connector
        .records
        .index(|state| state.unacknowledged(yesterday))?;
    if unacknowledged > 0 {
        waiting.push(format!(
            "{unacknowledged} receipts are not acknowledged for more than a day"
        ));
    }
    if let Some(broken) = unwritable(connector) {
        waiting.push(format!("the log can't be written: {broken}"));
    }
    if let Err(refusal) = connector.trusted_clock() {
        waiting.push(format!(
            "{}: set it, then hansa reload; until then no peer is answered",
            refusal.sentence
        ));
    }
    for fork in connector.forks()? {
        waiting.push(format!("{}: {}", fork.code, fork.sentence));
    }
    for damaged in connector.datasets.snapshots.damaged().values() {
        let mend = damaged.help.first().map_or("", String::as_str);
        waiting.push(format!("{}: {}; {mend}", damaged.code, damaged.sentence));
    }
    let datasets = connector
        .datasets
        .catalog(|catalog| catalog.datasets().count());
    let peers = connector.known_peers()?.len();
    let config = connector.config();
    connector.settle_refusals().await;
    let inner = Arc::clone(connector);
    let today = blocking(move || daily_figures::today(&inner)).await?;
    let rulebooks = connector.reloadable.rulebooks();
    let number = |rulebook: &Arc<SignedRulebook>| rulebook.version();
    let rulebook = rulebooks.in_force(now).map(number);
    let data = json!({
        "today": {"answers": today.answers, "rows": today.rows, "refusals": today.refusals},
        "participant": connector.id().domain(),
        "name": config.participant.name,
        "contact": config.participant.contact,
        "waiting": waiting,
        "datasets": datasets,
        "contracts_in_force": in_force,
        "running": connector.queries.running.len(),
        "memory": connector.queries.query_runtime.memory_used(),
        "peers": peers,
        "ends": periods.iter().map(|period| json!({
            "what": period.kind.as_str(),
            "name": period.name,
            "at": period.ends.to_string(),
            "renew": period.kind.renewal(),
        })).collect::<Vec<_>>(),
        "records": connector.records.log.size(),
        "bundle": bundle.content().sequence,
        "rulebook": rulebook,
        "rulebook_waiting": rulebooks.waiting().map(number),
        "demo": bundle.content().demo,
        "clock_offset_s": config.clock.micros / 1_000_000,
    });
    let mut text = String::new();
    if waiting.is_empty() {
        text.push_str("nothing waits for a person\n");
    }
    for line in &waiting {
        text.push_str(&format!("! {line}\n"));
    }
    if config.clock.micros != 0 {
        text.push_str(&format!("{}\n", moved(&config.clock.text)));
    }
    text.push_str(&format!(
        "{}: {datasets} datasets, {in_force} contracts in force, {} answers running, {peers} peers, {} records in the log, bundle number {}",
        connector.id().domain(),
        connector.queries.running.len(),
        connector.records.log.size(),
        bundle.content().sequence,
    ));
    if let Some(version) = rulebook {
        text.push_str(&format!(
            "\noffers were checked against version {version} of the rulebook"
        ));
    }
    text.push_str(&format!(
        "\ntoday, UTC: {} answers with {} rows, {} refusals",
        today.answers, today.rows, today.refusals
    ));
    out.object(data, text).await?;
    Ok(u8::from(check && !waiting.is_empty()))
}

/// What people are told of something that ends soon.
fn due(period: &ValidityPeriod) -> String {
    let ValidityPeriod {
        kind, name, until, ..
    } = period;
    let renewal = kind.renewal();
    match kind {
        ValidityKind::Contract => format!("contract {name} ends soon: it is in force {until}"),
        ValidityKind::TrustBundle => format!("the trust bundle is over on {until}: {renewal}"),
        ValidityKind::TlsCertificate => {
            format!("the TLS certificate is over on {until}: {renewal}")
        }
        ValidityKind::Credential => format!("the credential {name} is over on {until}: {renewal}"),
    }
}

/// What people are told of a clock that is not that of the machine.
fn moved(by: &str) -> String {
    format!("the clock is moved by `{by}`: [clock] offset, for a demonstration")
}

/// Hop by hop: this connector, then one participant or all.
pub(crate) async fn doctor(
    connector: &Arc<Connector>,
    named: Option<&str>,
    out: &EventSink,
) -> CommandResult {
    let mut status = 0;
    let mut say = Vec::new();
    let bundle = connector.identity.trust.bundle();
    say.push((
        "log",
        unwritable(connector).map_or_else(
            || {
                Ok(format!(
                    "{} records, writable",
                    connector.records.log.size()
                ))
            },
            |broken| Err(hansa_audit_store::refusal(&broken)),
        ),
    ));
    say.push((
        "trust bundle",
        bundle.current(connector.now()).map(|()| {
            format!(
                "number {}, good until {}",
                bundle.content().sequence,
                bundle.content().expires_at
            )
        }),
    ));
    let offset = &connector.config().clock;
    if let Err(refusal) = connector.trusted_clock() {
        say.push(("clock", Err(refusal)));
    } else if offset.micros != 0 {
        say.push(("clock", Ok(moved(&offset.text))));
    }
    say.push((
        "certificate",
        connector.own_certificate().map(|leaf| {
            let left = leaf
                .not_after
                .micros()
                .saturating_sub(connector.now().micros())
                / 3_600_000_000;
            format!("good for {left} hours more")
        }),
    ));
    let messages = unreadable_message::faults(connector)?;
    if messages.is_empty() {
        say.push(("letters", Ok("all can be read".to_owned())));
    }
    say.extend(messages.into_iter().map(|fault| ("letters", Err(fault))));
    for refusal in combined_contracts::barred(connector)? {
        say.push(("contracts beside each other", Err(refusal)));
    }
    for fork in connector.forks()? {
        say.push(("logs", Err(fork)));
    }
    for (_, text) in connector.incidents()? {
        say.push(("incident", Ok(text)));
    }
    for (what, found) in say {
        report_check("here", what, found, &mut status, out).await?;
    }
    snapshots(connector, &mut status, out).await?;
    for remark in connector.state_remarks() {
        report_check("here", "state folder", Err(remark), &mut status, out).await?;
    }
    let peers = match named {
        Some(named) => vec![connector.peer_or_member(named)?],
        None => connector.known_peers()?,
    };
    for peer in peers {
        hops(connector, &peer, &mut status, out).await?;
    }
    Ok(status)
}

/// Reads what is published to its last byte.
async fn snapshots(
    connector: &Arc<Connector>,
    status: &mut u8,
    out: &EventSink,
) -> Result<(), crate::admin::CommandError> {
    let inner = Arc::clone(connector);
    let checks = blocking(move || inner.check_snapshots()).await?;
    let good = checks.iter().filter_map(|check| check.found.as_ref().ok());
    let (mut count, mut bytes) = (0_u64, 0_u64);
    for own in good {
        count = count.saturating_add(1);
        bytes = bytes.saturating_add(*own);
    }
    if count > 0 {
        let text = format!("{count} as they were published, {bytes} bytes");
        report_check("here", "snapshots", Ok(text), status, out).await?;
    }
    for damage in checks.into_iter().filter_map(|check| check.found.err()) {
        report_check("here", "snapshots", Err(damage), status, out).await?;
    }
    Ok(())
}

async fn hops(
    connector: &Arc<Connector>,
    peer: &KnownPeer,
    status: &mut u8,
    out: &EventSink,
) -> Result<(), crate::admin::CommandError> {
    let who = peer.id.domain();
    let member = bundle_member(connector, peer);
    report_check(who, "in the league", member, status, out).await?;
    let name = tokio::net::lookup_host(peer.address.clone())
        .await
        .map_err(|fault| {
            Refusal::new(
                hansa_policy::refusal::ErrorCode::PeerUnreachable,
                format!("`{}` can't be resolved: {fault}", peer.address),
            )
        })
        .map(|found| {
            let all: Vec<String> = found.map(|address| address.to_string()).collect();
            all.join(", ")
        });
    report_check(who, "name", name, status, out).await?;
    connector.hang_up(&peer.id).await;
    let call = connector.call(peer).await;
    let reached = call.as_ref().map_err(Clone::clone).map(|_| {
        format!(
            "TLS 1.3, certificate and version accepted at {}",
            peer.address
        )
    });
    report_check(who, "connection", reached, status, out).await?;
    if call.is_err() {
        return Ok(());
    }
    let log = match connector.fork_of(&peer.id)? {
        None => Ok("goes on from the head that it has shown before".to_owned()),
        Some(fork) => Err(fork),
    };
    report_check(who, "log", log, status, out).await?;
    let catalogue = federated_query::catalogue(connector, peer)
        .await
        .map(|visible| format!("{} datasets shown to us", visible.len()));
    report_check(who, "catalogue", catalogue, status, out).await?;
    let now = connector.now();
    let contracts = connector.contracts.with_registry(|registry| {
        registry
            .all(now)
            .filter(|(_, agreement, contract_status)| {
                agreement.provider.id == peer.id && *contract_status == ContractStatus::InForce
            })
            .count()
    });
    report_check(
        who,
        "contracts",
        Ok(format!("{contracts} in force")),
        status,
        out,
    )
    .await?;
    Ok(())
}

fn bundle_member(connector: &Connector, peer: &KnownPeer) -> Result<String, Refusal> {
    connector
        .party_of(&peer.id, &connector.identity.trust.bundle())
        .map(|party| party.name)
}

async fn report_check(
    who: &str,
    what: &str,
    found: Result<String, Refusal>,
    status: &mut u8,
    out: &EventSink,
) -> Result<(), crate::admin::CommandError> {
    match found {
        Ok(good) => {
            out.object(
                json!({"at": who, "check": what, "ok": true, "found": good}),
                format!("ok    {who}: {what}: {good}"),
            )
            .await?;
        }
        Err(refusal) => {
            *status = refusal.code.kind().exit_code();
            let mend = refusal
                .help
                .first()
                .cloned()
                .unwrap_or_else(|| refusal.code.remedy().to_owned());
            out.object(
                json!({"at": who, "check": what, "ok": false, "code": refusal.code.as_str(), "found": refusal.sentence, "help": mend}),
                format!("FAIL  {who}: {what}: {refusal}\n      {mend}"),
            )
            .await?;
        }
    }
    Ok(())
}
