//! Items that wait for a person.

use crate::frame::{PageFrame, PersonRole};
use crate::message::message;
use crate::page::overview::renewal::{document_word, has_steps, render_steps};
use crate::part::address::{QueryAddress, contract_address, decline_address, page_below};
use crate::part::code_words::translate_code;
use crate::part::text::{reveal_controls, shorten_identity};
use crate::part::time::render_instant_text;
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde::Deserialize;

/// Item that waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WaitingItem {
    /// Kind of the item.
    pub kind: WaitingKind,
    /// Negotiation, contract, dataset, participant or document of the item.
    #[serde(default)]
    pub subject: Option<String>,
    /// Instant since which the item waits.
    #[serde(default)]
    pub since: Option<String>,
    /// Urgency of the item.
    pub severity: WaitingSeverity,
    /// Negotiation of a request.
    #[serde(default)]
    pub negotiation: Option<WaitingNegotiation>,
    /// Contract or change of an approval, by which it can be declined.
    #[serde(default)]
    pub approval: Option<String>,
    /// Document whose end is near.
    #[serde(default)]
    pub document: Option<WaitingDocument>,
    /// English sentence about the item.
    #[serde(default)]
    pub text: String,
    /// Command that answers the item.
    #[serde(default)]
    pub act: Option<String>,
    /// English remedies that are no single command.
    #[serde(default)]
    pub help: Vec<String>,
}

/// Negotiation that waits for this participant.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WaitingNegotiation {
    /// Domain of the other participant.
    pub participant: String,
    /// Identity of the dataset.
    pub dataset: String,
    /// Own role: `provider` or `consumer`.
    pub role: String,
}

/// Document whose end is near.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WaitingDocument {
    /// Kind of the document, such as `tls_certificate`.
    pub what: String,
    /// Name of the document.
    pub name: String,
    /// Instant of its end.
    pub at: String,
}

/// Kind of a waiting item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingKind {
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
    /// Document whose renewal is due.
    Validity,
    /// Certificate that can't be used.
    Certificate,
    /// Receipts without acknowledgement.
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
    /// Kind that this console does not know. The sentence of the item is shown nevertheless.
    #[serde(other)]
    Unknown,
}

impl WaitingKind {
    /// `true` if the item says why the connector answers nobody at all.
    pub(super) const fn concerns_everybody(self) -> bool {
        matches!(self, Self::Certificate | Self::Log | Self::Clock)
    }
}

/// Urgency of a waiting item.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingSeverity {
    /// Something does not work until a person acts.
    Fault,
    /// A person must decide.
    Decision,
    /// Something stops working later.
    Warning,
}

/// List of the waiting items below its heading.
pub(super) fn render_waiting_list(frame: &PageFrame<'_>, items: &[WaitingItem]) -> Markup {
    let language = frame.language;
    let number = items.len();
    html! {
        h2 id="waiting" { (message!(language, "waiting", number)) }
        @if items.is_empty() {
            p { (message!(language, "waiting-none")) }
        } @else {
            ol.waiting {
                @for item in items {
                    (render_item(frame, item))
                }
            }
        }
    }
}

fn render_item(frame: &PageFrame<'_>, item: &WaitingItem) -> Markup {
    let language = frame.language;
    let document = item.document.as_ref();
    let document = document.filter(|document| has_steps(&document.what));
    let class = match item.severity {
        WaitingSeverity::Fault => "mark bad",
        WaitingSeverity::Decision => "mark open",
        WaitingSeverity::Warning => "mark late",
    };
    html! {
        li {
            h3 {
                span class=(class) { (severity_word(language, item.severity)) } " "
                bdi { (item_heading(language, item)) }
            }
            @if let Some(document) = document {
                p { (message!(language, "item-ends-at")) " " (render_instant_text(frame, &document.at)) }
                p { (message!(language, "item-steps")) }
                (render_steps(language, &document.what))
            } @else if item.negotiation.is_none() {
                // The sentence of a refusal begins with its code.
                @let code = item.text.split_once(": ").map(|(code, _)| code);
                @if let Some(words) = code.and_then(|code| translate_code(language, code)) {
                    p { (words.cause) }
                }
                // The connector writes its sentences in English.
                p lang="en" { (reveal_controls(&item.text)) }
            }
            @if let Some(since) = &item.since {
                p.hint { (message!(language, "waiting-since")) " " (render_instant_text(frame, since)) }
            }
            @match (item_address(frame, item).filter(|_| reads_contracts(frame)), &item.act) {
                (Some(address), _) => {
                    p {
                        a.act href=(address) {
                            (read_label(language, item.kind))
                            @if let Some(subject) = &item.subject { span.unseen { " " (shorten_identity(subject)) } }
                        }
                    }
                }
                (None, Some(act)) => {
                    p { (message!(language, "waiting-command")) " " code { (reveal_controls(act)) } }
                }
                (None, None) => {}
            }
            @if let Some(address) = item_decline_address(frame, item) {
                p {
                    a href=(address) {
                        (message!(language, "waiting-decline"))
                        @if let Some(subject) = &item.subject { span.unseen { " " (shorten_identity(subject)) } }
                    }
                }
            }
            @if !item.help.is_empty() && document.is_none() {
                p { (message!(language, "waiting-help")) }
                ul lang="en" {
                    @for line in &item.help { li { (reveal_controls(line)) } }
                }
            }
        }
    }
}

/// Page with the addition to a group that another person has asked for.
fn group_address(item: &WaitingItem) -> Option<String> {
    let act = item
        .act
        .as_deref()
        .filter(|_| item.kind == WaitingKind::Approval)?;
    let (group, participants) = act.strip_prefix("hansa group add ")?.split_once(' ')?;
    let address = QueryAddress::new("/groups/add")
        .with_value("group", group)
        .with_value("participants", participants);
    Some(address.to_string())
}

/// Page on which a signer approves the restriction that another person has asked for.
fn guard_address(frame: &PageFrame<'_>, item: &WaitingItem) -> Option<String> {
    let act = item
        .act
        .as_deref()
        .filter(|_| item.kind == WaitingKind::Approval)?;
    let command = act.strip_prefix("hansa dataset restrict ")?;
    let (dataset, change) = command.split_once(" --approve ")?;
    let roles = frame.person.map_or(&[][..], |person| person.roles);
    let address = page_below("/datasets", &[dataset, "guard", change])?;
    roles.contains(&PersonRole::Signer).then_some(address)
}

/// Page on which the person can decline what another one has asked for; none for people who could not approve it either.
fn item_decline_address(frame: &PageFrame<'_>, item: &WaitingItem) -> Option<String> {
    let roles = frame.person.map_or(&[][..], |person| person.roles);
    let decides = [PersonRole::Signer, PersonRole::Operator];
    let may_decline = decides.iter().any(|role| roles.contains(role));
    decline_address(item.approval.as_deref().filter(|_| may_decline)?)
}

/// Words of the link to the page of an item. A second person decides there by the same act, or leaves it.
fn read_label(language: Language, kind: WaitingKind) -> String {
    match kind {
        WaitingKind::Approval => message!(language, "waiting-decide"),
        _ => message!(language, "waiting-read"),
    }
}

/// `true` if the roles of the person open the pages of contracts.
fn reads_contracts(frame: &PageFrame<'_>) -> bool {
    let roles = frame.person.map_or(&[][..], |person| person.roles);
    !roles.iter().all(|role| *role == PersonRole::Operator)
}

/// Page of the contract or negotiation of an item; none where the item is about something else. A signer reads the end of a contract
/// that a colleague has asked for where it is approved.
fn item_address(frame: &PageFrame<'_>, item: &WaitingItem) -> Option<String> {
    if let Some(address) = group_address(item) {
        return Some(address);
    }
    if let Some(address) = guard_address(frame, item) {
        return Some(address);
    }
    let subject = contract_address(item.subject.as_deref()?)?;
    let act = item.act.as_deref().unwrap_or_default();
    let roles = frame.person.map_or(&[][..], |person| person.roles);
    match item.kind {
        WaitingKind::Request | WaitingKind::Notice => Some(subject),
        WaitingKind::Approval
            if act.starts_with("hansa contract withdraw ")
                && roles.contains(&PersonRole::Signer) =>
        {
            Some(format!("{subject}/withdraw"))
        }
        // An approval is about a contract, a group or a dataset; the command says which.
        WaitingKind::Approval if act.starts_with("hansa contract ") => Some(subject),
        _ => None,
    }
}

fn severity_word(language: Language, severity: WaitingSeverity) -> String {
    match severity {
        WaitingSeverity::Fault => message!(language, "severity-fault"),
        WaitingSeverity::Decision => message!(language, "severity-decision"),
        WaitingSeverity::Warning => message!(language, "severity-warning"),
    }
}

/// Heading of an item. A request says who wants what, and an end which document it is of.
fn item_heading(language: Language, item: &WaitingItem) -> String {
    if let Some(document) = &item.document {
        let kind = document_word(language, &document.what);
        let name = reveal_controls(&document.name);
        return message!(language, "item-ends", kind, name);
    }
    let Some(negotiation) = &item.negotiation else {
        return kind_heading(language, item.kind);
    };
    let other = reveal_controls(&negotiation.participant);
    let dataset = &negotiation.dataset;
    let dataset = dataset
        .rsplit_once("/d/")
        .map_or(dataset.as_str(), |(_, name)| name);
    let dataset = reveal_controls(dataset);
    match negotiation.role.as_str() {
        "provider" => message!(language, "item-request-of", other, dataset),
        _ => message!(language, "item-answer-of", other, dataset),
    }
}

fn kind_heading(language: Language, kind: WaitingKind) -> String {
    match kind {
        WaitingKind::Request => message!(language, "item-request"),
        WaitingKind::PublicView => message!(language, "item-public-view"),
        WaitingKind::Approval => message!(language, "item-approval"),
        WaitingKind::Rulebook => message!(language, "item-rulebook"),
        WaitingKind::Notice => message!(language, "item-notice"),
        WaitingKind::Validity => message!(language, "item-validity"),
        WaitingKind::Certificate => message!(language, "item-certificate"),
        WaitingKind::Receipts => message!(language, "item-receipts"),
        WaitingKind::Log => message!(language, "item-log"),
        WaitingKind::Clock => message!(language, "item-clock"),
        WaitingKind::TimeStamp => message!(language, "item-time-stamp"),
        WaitingKind::Fork => message!(language, "item-fork"),
        WaitingKind::Dataset => message!(language, "item-dataset"),
        WaitingKind::Offer => message!(language, "item-offer"),
        WaitingKind::Unknown => message!(language, "item-unknown"),
    }
}
