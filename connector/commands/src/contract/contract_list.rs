//! `hansa contract list`: contracts and negotiations, filtered, page by page.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::{ReportRow as _, report_json};
use crate::cli::output::render_table;
use crate::contract::arguments::ContractListArgs;
use crate::contract::contract_lookup::{own_role_and_counterparty, read_negotiations};
use crate::contract::contract_text::{
    ContractReport, LIST_HEADER, ListedContract, NegotiationReport, last_day, read_contract_ends,
};
use crate::contract::{exchange_messages, expiring_contracts};
use hansa_audit_log::time::UtcTimestamp;
use hansa_node::negotiation;
use hansa_node::participant::{Connector, pending_approvals};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use serde::Serialize;
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Days on which contracts end.
#[derive(Debug, Serialize)]
struct ExpiryCalendar {
    /// Calendar in the form of RFC 5545.
    calendar: String,
}

/// Contract of the list, with its state now.
#[derive(Debug)]
struct HeldContract {
    id: ContractId,
    agreement: Agreement,
    status: ContractStatus,
}

pub(super) async fn list_contracts(
    connector: &Arc<Connector>,
    args: ContractListArgs,
    out: &EventSink,
) -> CommandResult {
    let now = connector.now();
    let horizon = prepare_list(connector, &args, out).await?;
    let mut page = ListPage::new(&args)?;
    let negotiations = read_negotiations(connector)?;
    let titles: BTreeMap<ContractId, String> = negotiations
        .iter()
        .filter_map(|row| Some((row.contract?, row.title.clone()?)))
        .collect();
    let waiting = approvals_of_contracts(connector)?;
    let mut rows = Vec::new();
    // Contracts end soon; a negotiation ends with its last message.
    if horizon.is_none() && !args.ics {
        let mut open: Vec<_> = negotiations
            .into_iter()
            .filter(|row| row.state != Phase::Finalized.as_str())
            .filter(|row| !args.without_terminated || row.state != Phase::Terminated.as_str())
            .filter(|row| page.is_after_negotiation(&row.id))
            .collect();
        open.sort_by(|one, other| one.id.cmp(&other.id));
        for row in open {
            if page.is_full() {
                break;
            }
            // Its messages are read only where it is on the page, or its turn decides that.
            if !page.fits(&NegotiationReport::new(&row, None).facts()) {
                continue;
            }
            // One that can't be read hides no other.
            let open = match negotiation::message_replay::load_negotiation(connector, &row.id) {
                Ok(open) => open,
                Err(refusal) => {
                    let what = format!("{} can't be read: {}", row.id, refusal.sentence);
                    out.send_notice(what).await;
                    None
                }
            };
            let is_turn = open
                .as_ref()
                .is_some_and(|open| open.state.next_side() == Some(open.own));
            let waits = is_turn || row.contract.is_some_and(|id| waiting.contains(&id));
            let row = NegotiationReport::new(&row, open.as_ref());
            if page.takes(&row.facts(), waits) {
                out.send_row(&row).await?;
                rows.push(row.cells());
            }
        }
    }
    let ends = read_contract_ends(connector)?;
    let selection = ContractSelection {
        horizon,
        titles: &titles,
        waiting: &waiting,
    };
    for held in select_contracts(connector, &mut page, selection) {
        let HeldContract {
            id,
            agreement,
            status,
        } = held;
        let (role, with) = own_role_and_counterparty(connector, &agreement);
        let ended = ends.get(&id).cloned();
        let row = ListedContract {
            contract: ContractReport::new(id, &agreement, status, role).with_terms(!args.brief),
            title: titles.get(&id).cloned(),
            with,
            until: match &ended {
                None => format!("through {}", last_day(&agreement)),
                Some(end) if end.from > now => {
                    format!("until {}, by {}: {}", end.from, end.by, end.reason)
                }
                Some(end) => format!("by {} from {}: {}", end.by, end.from, end.reason),
            },
            ended,
        };
        out.send_row(&row).await?;
        rows.push(row.cells());
    }
    out.send_text(render_table(LIST_HEADER, &rows)).await?;
    Ok(0)
}

/// Fetches what peers have to say, where that is wanted. Gives the instant before which listed contracts end.
async fn prepare_list(
    connector: &Arc<Connector>,
    args: &ContractListArgs,
    out: &EventSink,
) -> Result<Option<UtcTimestamp>, Refusal> {
    let now = connector.now();
    let horizon = args.expiring.as_deref();
    let horizon = horizon.map(|text| expiring_contracts::parse_horizon(now, text));
    let horizon = horizon.transpose()?;
    if !args.as_known {
        exchange_messages(connector, out).await?;
    }
    Ok(horizon)
}

/// The contracts that end, as a calendar.
pub(super) async fn write_calendar(
    connector: &Arc<Connector>,
    args: ContractListArgs,
    out: &EventSink,
) -> CommandResult {
    let now = connector.now();
    let horizon = prepare_list(connector, &args, out).await?;
    let mut page = ListPage::new(&args)?;
    let selection = ContractSelection {
        horizon,
        titles: &BTreeMap::new(),
        waiting: &approvals_of_contracts(connector)?,
    };
    let held = select_contracts(connector, &mut page, selection);
    let open: Vec<_> = held
        .iter()
        .filter(|held| {
            matches!(
                held.status,
                ContractStatus::InForce | ContractStatus::NotYet
            )
        })
        .map(|held| expiring_contracts::ContractExpiry {
            contract: held.id,
            agreement: &held.agreement,
            with: own_role_and_counterparty(connector, &held.agreement).1,
            over_from: contract_end(connector, held.id, &held.agreement),
        })
        .collect();
    let expiries = ExpiryCalendar {
        calendar: expiring_contracts::render_calendar(&open, now),
    };
    out.send_document(report_json(&expiries), expiries.calendar)
        .await?;
    Ok(0)
}

/// Contracts and proposals with a step that one officer has asked for.
fn approvals_of_contracts(connector: &Connector) -> Result<BTreeSet<ContractId>, Refusal> {
    let open = pending_approvals::open_approvals(connector)?.into_iter();
    Ok(open.map(|pending| pending.contract).collect())
}

/// Facts by which contracts are selected, beside those of the contracts themselves.
#[derive(Clone, Copy)]
struct ContractSelection<'a> {
    /// Instant before which they end.
    horizon: Option<UtcTimestamp>,
    titles: &'a BTreeMap<ContractId, String>,
    /// Those with a step that waits for a second officer.
    waiting: &'a BTreeSet<ContractId>,
}

/// The contracts of a page. Only these are copied out of the registry.
fn select_contracts(
    connector: &Connector,
    page: &mut ListPage,
    selection: ContractSelection<'_>,
) -> Vec<HeldContract> {
    let ContractSelection {
        horizon,
        titles,
        waiting,
    } = selection;
    let now = connector.now();
    let mut held: Vec<HeldContract> = connector.contracts.with_registry(|registry| {
        let mut selected = Vec::new();
        for (id, agreement, status) in registry.all_contracts(now) {
            if page.is_full() {
                break;
            }
            if !page.is_after_contract(id) {
                continue;
            }
            let end = registry.over_from(id).unwrap_or(agreement.not_after);
            let ends_in_time =
                horizon.is_none_or(|horizon| expiring_contracts::ends_by(end, status, horizon));
            let (role, with) = own_role_and_counterparty(connector, agreement);
            let facts = ListedFacts {
                state: status.as_str(),
                with: &with,
                dataset: agreement.dataset.id.name.as_str(),
                title: titles.get(&id).map(String::as_str),
                role,
            };
            if ends_in_time && page.takes(&facts, waiting.contains(&id)) {
                selected.push(HeldContract {
                    id,
                    agreement: agreement.clone(),
                    status,
                });
            }
        }
        selected
    });
    if horizon.is_some() {
        held.sort_by_key(|held| contract_end(connector, held.id, &held.agreement));
    }
    held
}

/// The first instant at which a contract is over, as far as it is known now.
fn contract_end(connector: &Connector, id: ContractId, agreement: &Agreement) -> UtcTimestamp {
    let known = connector
        .contracts
        .with_registry(|registry| registry.over_from(id));
    known.unwrap_or(agreement.not_after)
}

/// Facts of a contract or a negotiation by which a list is filtered.
pub(super) struct ListedFacts<'a> {
    pub(super) state: &'a str,
    /// The other side.
    pub(super) with: &'a str,
    pub(super) dataset: &'a str,
    pub(super) title: Option<&'a str>,
    /// Own role.
    pub(super) role: &'a str,
}

/// The part of the list that was asked for. Negotiations come first, then contracts, each in the order of their identities.
struct ListPage {
    state: Option<String>,
    with: Option<String>,
    dataset: Option<String>,
    text: Option<String>,
    role: Option<SignatoryRole>,
    needs_me: bool,
    after: ListStart,
    left: usize,
}

/// Place in the list behind which a page begins.
enum ListStart {
    Beginning,
    Negotiation(String),
    Contract(ContractId),
}

impl ListPage {
    fn new(args: &ContractListArgs) -> Result<Self, Refusal> {
        let small = |text: &Option<String>| text.as_deref().map(str::to_lowercase);
        let after = match args.after.as_deref() {
            None => ListStart::Beginning,
            Some(id) if id.starts_with("n-") => ListStart::Negotiation(id.to_owned()),
            Some(id) => ListStart::Contract(id.parse().map_err(|_| {
                let sentence = format!("`{id}` is no whole identity of the list");
                Refusal::new(ErrorCode::UsageWrong, sentence).with_help(
                    "--after takes the last identity of the page before, as --json shows it",
                )
            })?),
        };
        Ok(Self {
            state: small(&args.state).map(|state| state.replace(['-', '_'], " ")),
            with: small(&args.with),
            dataset: small(&args.dataset),
            text: small(&args.text),
            role: args.role.map(SignatoryRole::from),
            needs_me: args.needs_me,
            after,
            left: args.limit.unwrap_or(usize::MAX),
        })
    }

    const fn is_full(&self) -> bool {
        self.left == 0
    }

    fn is_after_negotiation(&self, id: &str) -> bool {
        match &self.after {
            ListStart::Beginning => true,
            ListStart::Negotiation(last) => id > last.as_str(),
            ListStart::Contract(_) => false,
        }
    }

    fn is_after_contract(&self, id: ContractId) -> bool {
        match &self.after {
            ListStart::Beginning | ListStart::Negotiation(_) => true,
            ListStart::Contract(last) => id > *last,
        }
    }

    /// True if the facts of an item are those that are looked for.
    fn fits(&self, facts: &ListedFacts<'_>) -> bool {
        let is_equal = |wanted: &Option<String>, whole: &str| {
            wanted
                .as_deref()
                .is_none_or(|wanted| *to_lowercase(whole) == *wanted)
        };
        let is_within = |part: &str, whole: Option<&str>| {
            whole.is_some_and(|whole| to_lowercase(whole).contains(part))
        };
        let words = [Some(facts.dataset), Some(facts.with), facts.title];
        self.role.is_none_or(|wanted| wanted.as_str() == facts.role)
            && is_equal(&self.state, facts.state)
            && is_equal(&self.dataset, facts.dataset)
            && self
                .with
                .as_deref()
                .is_none_or(|part| is_within(part, Some(facts.with)))
            && self
                .text
                .as_deref()
                .is_none_or(|part| words.iter().any(|whole| is_within(part, *whole)))
    }

    /// True if an item is on this page; it is then counted.
    fn takes(&mut self, facts: &ListedFacts<'_>, waits: bool) -> bool {
        let is_taken = self.left > 0 && (waits || !self.needs_me) && self.fits(facts);
        if is_taken {
            self.left = self.left.saturating_sub(1);
        }
        is_taken
    }
}

/// Text in small letters. Most texts of a list have no others, and a list may have a hundred thousand.
fn to_lowercase(text: &str) -> Cow<'_, str> {
    let is_small = text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    match is_small {
        true => Cow::Borrowed(text),
        false => Cow::Owned(text.to_lowercase()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hansa_audit_log::digest::Digest;

    fn page(change: impl FnOnce(&mut ContractListArgs)) -> ListPage {
        let mut args = ContractListArgs::default();
        change(&mut args);
        ListPage::new(&args).unwrap()
    }

    fn facts() -> ListedFacts<'static> {
        ListedFacts {
            state: "in force",
            with: "acme.example",
            dataset: "bike_counts",
            title: Some("Bicycle counts"),
            role: "provider",
        }
    }

    #[test]
    fn filters_name_a_state_a_side_a_dataset_or_a_word() {
        let taken = |change: &dyn Fn(&mut ContractListArgs)| page(change).takes(&facts(), false);
        assert!(taken(&|_| ()));
        assert!(taken(&|args| args.state = Some("In-Force".to_owned())));
        assert!(!taken(&|args| args.state = Some("force".to_owned())));
        assert!(taken(&|args| args.with = Some("ACME".to_owned())));
        assert!(!taken(&|args| args.dataset = Some("bike".to_owned())));
        assert!(taken(&|args| args.text = Some("bicycle".to_owned())));
        assert!(!taken(&|args| args.text = Some("air".to_owned())));
        assert!(!taken(&|args| args.needs_me = true));
        assert!(page(|args| args.needs_me = true).takes(&facts(), true));
    }

    #[test]
    fn a_page_begins_behind_a_place_and_has_a_length() {
        let mut two = page(|args| args.limit = Some(2));
        let taken = [0; 4].map(|_| two.takes(&facts(), false));
        assert_eq!(taken, [true, true, false, false]);
        let negotiation = page(|args| args.after = Some("n-5".to_owned()));
        assert!(
            negotiation.is_after_negotiation("n-6") && !negotiation.is_after_negotiation("n-5")
        );
        let (low, high) = (
            ContractId(Digest::of(b"a")).min(ContractId(Digest::of(b"b"))),
            ContractId(Digest::of(b"a")).max(ContractId(Digest::of(b"b"))),
        );
        assert!(negotiation.is_after_contract(low));
        let contract = page(|args| args.after = Some(low.to_string()));
        assert!(!contract.is_after_negotiation("n-9"));
        assert!(contract.is_after_contract(high) && !contract.is_after_contract(low));
        let short = ContractListArgs {
            after: Some("7f3a".to_owned()),
            ..ContractListArgs::default()
        };
        assert!(ListPage::new(&short).is_err());
    }
}
