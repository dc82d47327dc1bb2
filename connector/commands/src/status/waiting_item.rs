//! Items that wait for a person: requests, approvals, ends of validity, and faults, each with the command that answers it.

use crate::status::time_stamps;
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::contract::notice;
use hansa_node::monitoring::readiness::find_write_fault;
use hansa_node::monitoring::validity_period::{ValidityKind, ValidityPeriod, ValidityPeriods};
use hansa_node::negotiation::message_replay::load_negotiation;
use hansa_node::offer::offer_renewal;
use hansa_node::participant::Connector;
use hansa_node::participant::approval;
use hansa_node::participant::approval::ApprovalAction;
use hansa_node::participant::pending_approvals;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::row::PendingApprovalRow;
use serde::Serialize;

const DAY: i64 = 24 * 3600 * 1_000_000;

/// Kind of a waiting item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitingKind {
    /// Negotiation whose next message is ours.
    Request,
    /// Public view that two officers must approve.
    PublicView,
    /// Step that one officer has asked for.
    Approval,
    /// Version of the rulebook that is not accepted yet.
    Rulebook,
    /// Notice that did not arrive.
    Notice,
    /// Certificate, trust bundle, contract, credential or access token whose renewal is due.
    Validity,
    /// Certificate that can't be used.
    Certificate,
    /// Receipts that the other side has not acknowledged for a day.
    Receipts,
    /// Log that can't be written.
    Log,
    /// Clock that can't be trusted.
    Clock,
    /// Authority that gives no time stamps.
    TimeStamp,
    /// Log of a participant with two heads.
    Fork,
    /// Dataset with damaged files.
    Dataset,
    /// Offer past its end.
    Offer,
}

/// Urgency of a waiting item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WaitingSeverity {
    /// Something does not work until a person acts.
    Fault,
    /// A person must decide.
    Decision,
    /// Something stops working later.
    Warning,
}

impl WaitingKind {
    const fn severity(self) -> WaitingSeverity {
        match self {
            Self::Certificate | Self::Log | Self::Clock | Self::Fork | Self::Dataset => {
                WaitingSeverity::Fault
            }
            Self::Request | Self::PublicView | Self::Approval | Self::Rulebook => {
                WaitingSeverity::Decision
            }
            Self::Notice | Self::Validity | Self::Receipts | Self::TimeStamp | Self::Offer => {
                WaitingSeverity::Warning
            }
        }
    }
}

/// Item that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct WaitingItem {
    kind: WaitingKind,
    /// Negotiation, contract, dataset, participant or document of the item, where there is one.
    subject: Option<String>,
    /// Instant since which the item waits, where it is known.
    since: Option<UtcTimestamp>,
    severity: WaitingSeverity,
    /// Negotiation of a request.
    negotiation: Option<WaitingNegotiation>,
    /// Contract or change of an approval, by which it can be declined.
    approval: Option<String>,
    /// Document whose end is near.
    document: Option<WaitingDocument>,
    /// Sentence without the command.
    text: String,
    /// Command that answers the item, where there is one.
    act: Option<String>,
    /// Remedies that are no single command, the most useful first.
    help: Vec<String>,
}

/// Negotiation that waits for this participant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct WaitingNegotiation {
    /// Domain of the other participant.
    participant: String,
    /// Identity of the dataset.
    dataset: String,
    /// Own role: `provider` or `consumer`.
    role: String,
}

/// Document whose end is near.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct WaitingDocument {
    /// Kind of the document, as in the list of ends.
    what: &'static str,
    /// Name of the document.
    name: String,
    /// Instant of its end.
    at: UtcTimestamp,
}

impl WaitingItem {
    fn new(kind: WaitingKind, text: impl Into<String>) -> Self {
        Self {
            kind,
            subject: None,
            since: None,
            severity: kind.severity(),
            negotiation: None,
            approval: None,
            document: None,
            text: text.into(),
            act: None,
            help: Vec::new(),
        }
    }

    /// Item of a refusal, with its code, its sentence and its remedies.
    fn of_refusal(kind: WaitingKind, refusal: &Refusal) -> Self {
        let mut item = Self::new(kind, format!("{}: {}", refusal.code, refusal.sentence));
        item.help.clone_from(&refusal.help);
        item
    }

    fn with_subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    const fn with_since(mut self, since: UtcTimestamp) -> Self {
        self.since = Some(since);
        self
    }

    fn with_act(mut self, act: impl Into<String>) -> Self {
        self.act = Some(act.into());
        self
    }

    /// Line for people.
    pub(crate) fn to_line(&self) -> String {
        let mut line = self.text.clone();
        if let Some(act) = &self.act {
            line = format!("{line}: {act}");
        }
        if !self.help.is_empty() {
            line = format!("{line}; {}", self.help.join(", "));
        }
        line
    }
}

/// Lists the items that wait now, the most urgent first.
///
/// # Errors
/// When the state can't be read.
pub(super) fn list_waiting_items(
    connector: &Connector,
    periods: &ValidityPeriods,
) -> Result<Vec<WaitingItem>, Refusal> {
    let now = connector.now();
    let mut items = list_requests(connector)?;
    items.extend(list_pending_views(connector));
    for pending in pending_approvals::open_approvals(connector)? {
        items.push(describe_approval(connector, &pending)?);
    }
    let announced = crate::rulebook::announcement_text(connector);
    items.extend(announced.map(|text| {
        WaitingItem::new(WaitingKind::Rulebook, text).with_act("hansa rulebook accept")
    }));
    let notices = notice::list_undelivered_notices(connector)?.into_iter();
    items.extend(notices.map(|notice| {
        WaitingItem::new(WaitingKind::Notice, notice.text)
            .with_subject(notice.contract.to_short_text().to_string())
            .with_since(notice.last_attempt)
    }));
    let due = periods.next.iter().filter(|period| period.is_due(now));
    items.extend(due.map(describe_validity));
    if periods.later_contracts_due > 0 {
        let text = format!("{} more contracts end soon", periods.later_contracts_due);
        let item = WaitingItem::new(WaitingKind::Validity, text);
        items.push(item.with_act("hansa contract list --expiring 30d"));
    }
    if let Err(refusal) = connector.own_certificate() {
        let item = WaitingItem::new(WaitingKind::Certificate, refusal.sentence);
        items.push(item.with_act("hansa join"));
    }
    let unacknowledged = connector
        .records
        .index(|state| state.count_unacknowledged_receipts(now.plus_micros(-DAY)))?;
    if unacknowledged > 0 {
        let text = format!("{unacknowledged} receipts are not acknowledged for more than a day");
        items.push(WaitingItem::new(WaitingKind::Receipts, text));
    }
    if let Some(fault) = find_write_fault(connector) {
        let text = format!("the log can't be written: {fault}");
        items.push(WaitingItem::new(WaitingKind::Log, text));
    }
    if let Err(refusal) = connector.trusted_clock() {
        let mut item = WaitingItem::new(WaitingKind::Clock, refusal.sentence);
        item.help = vec!["set it, then hansa reload; until then no peer is answered".to_owned()];
        items.push(item);
    }
    let progress = connector.records.time_stamps.progress();
    let failure = time_stamps::stamp_failure_notice(&progress);
    items.extend(failure.map(|text| WaitingItem::new(WaitingKind::TimeStamp, text)));
    for fork in connector.forks()? {
        let mut item = WaitingItem::of_refusal(WaitingKind::Fork, &fork);
        item.subject = fork.participant.map(|peer| peer.domain().to_owned());
        items.push(item);
    }
    for (dataset, damaged) in connector.datasets.snapshots.damaged_datasets() {
        let item = WaitingItem::of_refusal(WaitingKind::Dataset, &damaged);
        items.push(item.with_subject(dataset.to_string()));
    }
    for ended in offer_renewal::ended_offers(connector) {
        let item = WaitingItem::of_refusal(WaitingKind::Offer, &ended.refusal);
        items.push(item.with_subject(ended.dataset.to_string()));
    }
    items.sort_by_key(|item| item.severity);
    Ok(items)
}

fn list_requests(connector: &Connector) -> Result<Vec<WaitingItem>, Refusal> {
    let mut items = Vec::new();
    for row in connector.records.index(|state| state.negotiations())? {
        let is_over =
            row.state == Phase::Finalized.as_str() || row.state == Phase::Terminated.as_str();
        if is_over {
            continue;
        }
        // One that can't be read hides no other; `doctor` names it.
        if let Ok(Some(negotiation)) = load_negotiation(connector, &row.id)
            && negotiation.state.next_side() == Some(negotiation.own)
        {
            let text = format!("{} from {} waits for us", row.id, row.peer.domain());
            let item = WaitingItem {
                negotiation: Some(WaitingNegotiation {
                    participant: row.peer.domain().to_owned(),
                    dataset: row.dataset,
                    role: row.role,
                }),
                ..WaitingItem::new(WaitingKind::Request, text)
            };
            let item = item.with_act(format!("hansa contract show {}", row.id));
            items.push(item.with_subject(row.id).with_since(row.updated));
        }
    }
    Ok(items)
}

fn list_pending_views(connector: &Connector) -> Vec<WaitingItem> {
    let views = connector.datasets.pending_views().into_iter();
    let items = views.map(|view| {
        let text = format!(
            "the public view of {} is {} compared with the one in force and waits for two officers",
            view.dataset.name, view.verdict
        );
        WaitingItem::new(WaitingKind::PublicView, text)
            .with_subject(view.dataset.name.to_string())
            .with_act(format!("hansa contract sign {}", view.key.to_short_text()))
    });
    items.collect()
}

fn describe_approval(
    connector: &Connector,
    pending: &PendingApprovalRow,
) -> Result<WaitingItem, Refusal> {
    let asked = |text: String| {
        let item = WaitingItem {
            approval: Some(pending.contract.to_string()),
            ..WaitingItem::new(WaitingKind::Approval, text)
        };
        item.with_since(pending.at)
    };
    let short = pending.contract.to_short_text();
    let whole = pending.contract.to_string();
    let reason = || approval::read_approval_reason(&connector.records, pending.reason.as_deref());
    if pending.action == ApprovalAction::Admit.as_str() {
        let text = "one officer wants to add to a group, a second must say so too";
        let change = reason()?.unwrap_or_default();
        return Ok(asked(text.to_owned()).with_act(format!("hansa group add {change}")));
    }
    if pending.action == ApprovalAction::Unrestrict.as_str() {
        let change = reason()?.unwrap_or_default();
        // Behind the first line stands the new restriction itself.
        let (head, content) = match change.split_once('\n') {
            Some((head, _)) => (head, true),
            None => (change.as_str(), false),
        };
        let (dataset, document) = head.split_once(' ').unwrap_or((head, "none"));
        let name = dataset.rsplit('/').next().unwrap_or(dataset);
        let text = format!(
            "dataset {name}: one officer wants to refuse less of it, a second must say so too"
        );
        let change = match (document, content) {
            ("none", _) | (_, true) => format!("--approve {whole}"),
            (_, false) => "--policy FILE".to_owned(),
        };
        let act = format!("hansa dataset restrict {name} {change}");
        return Ok(asked(text).with_subject(name).with_act(act));
    }
    if pending.action == ApprovalAction::AddPerson.as_str() {
        let text = "one person wants to add a person with roles, a second must say so too";
        let command = reason()?.unwrap_or_default();
        return Ok(asked(text.to_owned()).with_act(format!("hansa {command}")));
    }
    if let Some(from) = ApprovalAction::withdrawal_instant(&pending.action) {
        let text = format!(
            "contract {short}: one officer wants to withdraw it from {from} on, a second must say so too"
        );
        let act = format!("hansa contract withdraw {short} --from {from} --reason TEXT");
        return Ok(asked(text).with_subject(whole).with_act(act));
    }
    let action = &pending.action;
    let text =
        format!("contract {short}: one officer wants to {action} it, a second must say so too");
    let act = format!("hansa contract {action} {short}");
    Ok(asked(text).with_subject(whole).with_act(act))
}

fn describe_validity(period: &ValidityPeriod) -> WaitingItem {
    let ValidityPeriod {
        kind, name, until, ..
    } = period;
    let text = match kind {
        ValidityKind::Contract => format!("contract {name} ends soon: it is in force {until}"),
        ValidityKind::TrustBundle => format!("the trust bundle ends on {until}"),
        ValidityKind::TlsCertificate => format!("the TLS certificate ends on {until}"),
        ValidityKind::AccessToken => format!("the access token {name} ends on {until}"),
        ValidityKind::Credential => format!("the credential {name} ends on {until}"),
    };
    let mut item = WaitingItem::new(WaitingKind::Validity, text).with_subject(name.clone());
    item.help = vec![kind.renewal_command().to_owned()];
    item.document = Some(WaitingDocument {
        what: kind.as_str(),
        name: name.clone(),
        at: period.ends,
    });
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_console::{StatusView, WaitingKind as PageKind};

    /// The console reads items as JSON, with kinds of its own.
    #[test]
    fn the_console_knows_each_kind_of_waiting_item() {
        for kind in [
            WaitingKind::Request,
            WaitingKind::PublicView,
            WaitingKind::Approval,
            WaitingKind::Rulebook,
            WaitingKind::Notice,
            WaitingKind::Validity,
            WaitingKind::Certificate,
            WaitingKind::Receipts,
            WaitingKind::Log,
            WaitingKind::Clock,
            WaitingKind::TimeStamp,
            WaitingKind::Fork,
            WaitingKind::Dataset,
            WaitingKind::Offer,
        ] {
            let status = serde_json::json!({
                "waiting": [WaitingItem::new(kind, "x")],
                "today": {"answers": 0, "rows": 0, "refusals": 0},
                "datasets": 0, "contracts_in_force": 0, "running": 0, "peers": 0,
                "ends": [], "records": 0, "bundle": 1,
            });
            let view: StatusView = serde_json::from_value(status).unwrap();
            assert_ne!(view.waiting[0].kind, PageKind::Unknown, "{kind:?}");
        }
    }
}
