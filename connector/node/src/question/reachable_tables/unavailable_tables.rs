//! Unavailable tables of a question: contracts in force and public views that are unusable here, with the reasons.
//!
//! A result that silently omits a participant would be wrong. Unusable tables are therefore passed on with their reason, and the
//! planner decides whether the question needs them.

use crate::log::audit_event::{AuditEvent, optional_text};
use crate::participant::Connector;
use crate::peer::peer_connections::KnownPeer;
use crate::peer::visible_dataset::VisibleDataset;
use crate::question::reachable_tables::naming_peer;
use hansa_audit_log::record::answers::ModelSeenRecord;
use hansa_policy::contract::{Agreement, ContractStatus};
use hansa_policy::id::{ContractId, DatasetId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_query::federation::query_catalog::UnavailableTable;
use hansa_query::sql::query_text::NamedTables;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Own contracts in force on the requested datasets.
pub(super) fn own_contracts(
    connector: &Connector,
    is_asked_for: impl Fn(&DatasetId) -> bool,
) -> Vec<(ContractId, Agreement)> {
    let (own, now) = (connector.id(), connector.now());
    connector.contracts.with_registry(|registry| {
        registry
            .taken_by(&own, now)
            .filter(|(_, agreement, status)| {
                *status == ContractStatus::InForce && is_asked_for(&agreement.dataset.id)
            })
            .map(|(id, agreement, _)| (id, agreement.clone()))
            .collect()
    })
}

/// Records the models of contracted datasets in the own log. If an entry disappears or no longer names its model, a question on the
/// model still reports it as missing.
pub(super) async fn record_models(connector: &Arc<Connector>, visible: &[VisibleDataset]) {
    let Ok(known) = connector.records.index(|state| state.models()) else {
        return;
    };
    let entry = |dataset: &DatasetId| {
        let mut entries = visible.iter();
        entries.find(|visible| visible.dataset.id == *dataset)
    };
    for (id, agreement) in own_contracts(connector, |dataset| entry(dataset).is_some()) {
        let Some(entry) = entry(&agreement.dataset.id) else {
            continue;
        };
        let model = entry.dataset.model.as_deref();
        let noted = known
            .get(&id)
            .is_some_and(|known| known.iter().any(|known| known.as_deref() == model));
        if noted {
            continue;
        }
        let fact = AuditEvent::from(ModelSeenRecord {
            contract: id.to_string(),
            dataset: agreement.dataset.id.to_string(),
            model: optional_text(model),
        });
        // A model that can't be recorded counts as unknown, and every model then misses the dataset.
        if let Err(refusal) = connector.record(fact).await {
            tracing::warn!(code = %refusal.code, "model.unnoted");
        }
    }
}

/// Refusal of a dataset `peer.dataset` that its owner does not show although a contract is in force.
pub(super) fn not_shown(
    connector: &Connector,
    peers: &[KnownPeer],
    named: &NamedTables,
) -> Option<Refusal> {
    let is_named = |dataset: &DatasetId| naming_peer(peers, named, dataset).is_some();
    let (id, agreement) = own_contracts(connector, is_named).into_iter().next()?;
    Some(
        dataset_not_shown_refusal(&agreement)
            .with_participant(agreement.dataset.id.owner.clone())
            .with_contract(id),
    )
}

/// Returns the contracts in force with an unavailable dataset: its owner is no longer a peer, does not show it, or no longer names
/// its model. Also the contracts whose file is lost.
///
/// # Errors
/// If the own index can't be read.
pub(super) fn find_unavailable_tables(
    connector: &Connector,
    peers: &[KnownPeer],
    shown: &BTreeMap<ParticipantId, Vec<VisibleDataset>>,
) -> Result<Vec<UnavailableTable>, Refusal> {
    let (known, agreed) = connector
        .records
        .index(|state| Ok((state.models()?, state.agreed_on(connector.now())?)))?;
    let mut lacking = Vec::new();
    let own = connector.id();
    for (id, dataset) in agreed {
        let lost = dataset.owner != own
            && connector
                .contracts
                .with_registry(|registry| registry.agreement(id).is_none());
        if !lost {
            continue;
        }
        let models = match known.get(&id) {
            None => vec![None],
            Some(seen) => seen.iter().flatten().cloned().map(Some).collect(),
        };
        let alias = peers
            .iter()
            .find(|peer| peer.id == dataset.owner)
            .map(|peer| peer.alias.clone());
        lacking.extend(models.into_iter().map(|model| UnavailableTable {
            participant: dataset.owner.clone(),
            alias: alias.clone(),
            dataset: Some(dataset.name.clone()),
            model,
            why: lost_contract_refusal(id, &dataset),
        }));
    }
    for (id, agreement) in own_contracts(connector, |_| true) {
        let dataset = &agreement.dataset.id;
        let peer = peers.iter().find(|peer| peer.id == dataset.owner);
        let models = known.get(&id).cloned().unwrap_or_default();
        let entry = shown.get(&dataset.owner).map(|all| {
            all.iter()
                .find(|visible| visible.dataset.id == *dataset)
                .map(|visible| visible.dataset.model.clone())
        });
        let (now, why) = match (peer, entry) {
            (None, _) => (None, former_peer_refusal(&agreement)),
            // Its catalog is missing, which is reported for the participant.
            (Some(_), None) => continue,
            (Some(_), Some(None)) => (None, dataset_not_shown_refusal(&agreement)),
            (Some(_), Some(Some(model))) => {
                if models.is_empty() {
                    continue;
                }
                (model, changed_model_refusal(&agreement))
            }
        };
        let why = why
            .with_participant(dataset.owner.clone())
            .with_contract(id)
            .with_help(format!(
                "or end the contract: hansa contract withdraw {} --reason TEXT",
                id.to_short_text()
            ));
        let mut add = |model: Option<String>| {
            lacking.push(UnavailableTable {
                participant: dataset.owner.clone(),
                alias: peer.map(|peer| peer.alias.clone()),
                dataset: Some(dataset.name.clone()),
                model,
                why: why.clone(),
            });
        };
        if models.is_empty() {
            add(None);
        }
        for model in models.into_iter().flatten() {
            if now.as_ref() != Some(&model) {
                add(Some(model));
            }
        }
    }
    Ok(lacking)
}

/// Refusal of a contract whose file is lost.
pub(super) fn lost_contract_refusal(id: ContractId, dataset: &DatasetId) -> Refusal {
    let owner = dataset.owner.domain();
    Refusal::new(
        ErrorCode::AnswerIncomplete,
        format!(
            "according to the log, a contract on `{}` of {owner} is in force, but its file can't be used",
            dataset.name
        ),
    )
    .with_participant(dataset.owner.clone())
    .with_contract(id)
    .with_help("put the file back from a backup, or from what the other side exports: hansa contract export")
}

/// Refusal of a contract whose provider is no longer a peer.
pub(super) fn former_peer_refusal(agreement: &Agreement) -> Refusal {
    let owner = agreement.dataset.id.owner.domain();
    Refusal::new(
        ErrorCode::AnswerIncomplete,
        format!(
            "a contract on `{}` of {owner} is in force, but {owner} is no longer a peer here",
            agreement.dataset.id.name
        ),
    )
    .with_help(format!("hansa peer add ADDRESS --id {owner}"))
}

/// Refusal of a contract whose dataset is no longer shown.
pub(super) fn dataset_not_shown_refusal(agreement: &Agreement) -> Refusal {
    let owner = agreement.dataset.id.owner.domain();
    Refusal::new(
        ErrorCode::AnswerIncomplete,
        format!(
            "a contract on `{}` is in force, but {owner} no longer shows the dataset",
            agreement.dataset.id.name
        ),
    )
    .with_help(format!("ask {owner} to publish it again"))
}

fn changed_model_refusal(agreement: &Agreement) -> Refusal {
    let owner = agreement.dataset.id.owner.domain();
    Refusal::new(
        ErrorCode::AnswerIncomplete,
        format!(
            "a contract on `{}` is in force, but {owner} no longer publishes the dataset under that model",
            agreement.dataset.id.name
        ),
    )
    .with_help(format!("ask {owner} to publish it under its model again"))
}
