//! What we hold: negotiations and contracts, by the prefixes that people type.

use hansa_node::negotiation;
use hansa_node::negotiation::open_negotiation::OpenNegotiation;
use hansa_node::participant::Connector;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::negotiation::Phase;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::row::NegotiationRow;
use std::collections::BTreeSet;

/// The contract that a unique prefix names, or the name of its dataset: `bikes` or `munster.bikes`. Those that we hold, and public views of
/// peers by their whole identity.
///
/// # Errors
/// `CONTRACT_UNKNOWN`, or `CONTRACT_AMBIGUOUS` with those that it may mean.
pub(crate) fn contract_by_prefix(
    connector: &Connector,
    named: &str,
) -> Result<ContractId, Refusal> {
    let fits = |id: &ContractId| !named.is_empty() && id.to_string().starts_with(named);
    let held = held_contracts(connector);
    let mut known: BTreeSet<ContractId> = held.iter().map(|(id, _, _)| *id).filter(fits).collect();
    known.extend(contracts_on(connector, named, &held));
    // By the log also those whose own file is lost. A contract that is at hand can be named, and ended, where the index can't be
    // read, as on a full disk.
    match connector
        .records
        .index(|state| state.agreed_on(connector.now()))
    {
        Ok(agreed) => known.extend(agreed.into_iter().map(|(id, _)| id).filter(fits)),
        Err(refusal) if known.is_empty() => return Err(refusal),
        Err(refusal) => tracing::warn!(code = %refusal.code, "contract.index_unread"),
    }
    let mut ids = known.iter().copied();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id),
        (None, _) => named.parse().map_err(|cause| {
            Refusal::new(
                ErrorCode::ContractUnknown,
                format!("no contract begins with `{named}`, and none is on a dataset of that name"),
            )
            .with_help("hansa contract list")
            .caused_by(cause)
        }),
        (Some(_), Some(_)) => {
            let meant = held.iter().filter(|(id, _, _)| known.contains(id));
            let lines = meant.map(|(id, agreement, status)| {
                let (role, other) = own_role_and_counterparty(connector, agreement);
                let dataset = &agreement.dataset.id.name;
                format!(
                    "{}: {dataset}, {status} with {other}, we are the {role}",
                    id.to_short_text(),
                    status = status.as_str()
                )
            });
            Err(ambiguous_name_refusal("contract", named, lines))
        }
    }
}

/// The contracts on the datasets of that name; those in force, where there are such.
fn contracts_on(
    connector: &Connector,
    named: &str,
    held: &[(ContractId, Agreement, ContractStatus)],
) -> Vec<ContractId> {
    let on: Vec<_> = held
        .iter()
        .filter(|(_, agreement, _)| is_dataset(connector, named, &agreement.dataset.id))
        .collect();
    let is_in_force = |status: ContractStatus| status == ContractStatus::InForce;
    let some_in_force = on.iter().any(|(_, _, status)| is_in_force(*status));
    on.into_iter()
        .filter(|(_, _, status)| !some_in_force || is_in_force(*status))
        .map(|(id, _, _)| *id)
        .collect()
}

/// Whether a person's word names the dataset: by its name, or with alias or domain of its owner before it.
fn is_dataset(connector: &Connector, named: &str, dataset: &DatasetId) -> bool {
    let (owner, name) = match named.rsplit_once('.') {
        Some((owner, name)) => (Some(owner), name),
        None => (None, named),
    };
    let is_owner = |word: &str| {
        let own = &connector.config().participant;
        word == dataset.owner.domain()
            || (dataset.owner == own.id && word == own.alias.as_str())
            || connector
                .find_peer(word)
                .is_ok_and(|peer| peer.id == dataset.owner)
    };
    name == dataset.name.as_str() && owner.is_none_or(is_owner)
}

/// That a word means more than one, with what it may mean.
fn ambiguous_name_refusal(what: &str, named: &str, lines: impl Iterator<Item = String>) -> Refusal {
    let sentence = format!("`{named}` means more than one {what}");
    let refusal = Refusal::new(ErrorCode::ContractAmbiguous, sentence);
    lines
        .take(MEANT)
        .fold(refusal, Refusal::with_help)
        .with_help("name one by the beginning of its own name: hansa contract list")
}

/// How many of those that a word may mean are listed.
const MEANT: usize = 8;

pub(crate) fn load_negotiation(
    connector: &Connector,
    prefix: &str,
) -> Result<(String, OpenNegotiation), Refusal> {
    let name = find_negotiation(connector, prefix)?;
    let open =
        negotiation::message_replay::load_negotiation(connector, &name)?.ok_or_else(|| {
            Refusal::new(
                ErrorCode::NegotiationUnknown,
                format!("the messages of `{name}` are not stored here"),
            )
        })?;
    Ok((name, open))
}

/// The negotiation that a unique prefix names, or the name of its dataset, with its own name.
fn find_negotiation(connector: &Connector, prefix: &str) -> Result<String, Refusal> {
    let open: Vec<NegotiationRow> = read_negotiations(connector)?
        .into_iter()
        .filter(|row| {
            let dataset: Option<DatasetId> = row.dataset.parse().ok();
            let contract = row.contract.map(|contract| contract.to_string());
            row.id.starts_with(prefix)
                || contract.is_some_and(|contract| contract.starts_with(prefix))
                || dataset.is_some_and(|dataset| is_dataset(connector, prefix, &dataset))
        })
        .collect();
    let waiting: Vec<&NegotiationRow> = open
        .iter()
        .filter(|row| {
            row.state != Phase::Finalized.as_str() && row.state != Phase::Terminated.as_str()
        })
        .collect();
    match (waiting.as_slice(), open.as_slice()) {
        ([one], _) => Ok(one.id.clone()),
        ([], [one]) => Ok(one.id.clone()),
        ([], []) => Err(Refusal::new(
            ErrorCode::NegotiationUnknown,
            format!("no negotiation begins with `{prefix}`, and none is on a dataset of that name"),
        )
        .with_help("hansa contract list")),
        (waiting, _) => {
            let meant = match waiting.is_empty() {
                false => waiting.to_vec(),
                true => open.iter().collect(),
            };
            let lines = meant.into_iter().map(|row| {
                let (dataset, with) = (
                    crate::contract::contract_text::dataset_of(&row.dataset),
                    row.peer.domain(),
                );
                format!(
                    "{}: {dataset} with {with}, {}",
                    row.id,
                    row.state.to_lowercase()
                )
            });
            Err(ambiguous_name_refusal("negotiation", prefix, lines))
        }
    }
}

pub(super) fn read_negotiations(connector: &Connector) -> Result<Vec<NegotiationRow>, Refusal> {
    connector.records.index(|state| state.negotiations())
}

/// Every contract that we hold, with its state now.
pub(crate) fn held_contracts(
    connector: &Connector,
) -> Vec<(ContractId, Agreement, ContractStatus)> {
    let now = connector.now();
    connector.contracts.with_registry(|registry| {
        registry
            .all_contracts(now)
            .map(|(id, agreement, status)| (id, agreement.clone(), status))
            .collect()
    })
}

pub(super) fn own_role_and_counterparty(
    connector: &Connector,
    agreement: &Agreement,
) -> (&'static str, String) {
    let other = |party: Option<&ParticipantId>| {
        party.map_or_else(
            || "anybody in the league".to_owned(),
            |id| id.domain().to_owned(),
        )
    };
    if agreement.provider.id == connector.id() {
        ("provider", other(agreement.assignee_id()))
    } else {
        ("consumer", agreement.provider.id.domain().to_owned())
    }
}
