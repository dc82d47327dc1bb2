//! Combined contracts of one consumer on one dataset. Past uses are looked up here; `hansa_policy::contract::combination_check`
//! decides.

use crate::log::record_keeping::RecordKeeping;
use crate::participant::Connector;
use hansa_policy::contract::combination_check::FirstAnswers;
use hansa_policy::contract::{ActiveContracts, Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;

/// Refuses a question whose answer, together with another contract of the consumer, discloses more than each contract alone.
///
/// # Errors
/// `COMBINED_DISCLOSURE`; `STATE_BROKEN` if the index can't be read.
pub(crate) fn check_question(
    connector: &Connector,
    active: &ActiveContracts,
) -> Result<(), Refusal> {
    let now = connector.now();
    let beside = connector
        .contracts
        .with_registry(|registry| registry.combined_with_those(active, now));
    if beside.is_empty() {
        return Ok(());
    }
    let answered = first_answers(&connector.records, beside)?;
    connector
        .contracts
        .with_registry(|registry| registry.check_combined(active, &answered, now))
}

/// Refuses an agreement on an own dataset with such a disclosure, before it is signed.
///
/// # Errors
/// `COMBINED_DISCLOSURE`; `STATE_BROKEN` if the index can't be read.
pub(crate) fn check_agreement(connector: &Connector, agreement: &Agreement) -> Result<(), Refusal> {
    let now = connector.now();
    let beside = connector
        .contracts
        .with_registry(|registry| registry.combined_with(None, agreement, now));
    let answered = first_answers(&connector.records, beside)?;
    connector
        .contracts
        .with_registry(|registry| registry.check_beside(agreement, &answered, now))
}

/// Finds the own contracts under which questions are refused with `COMBINED_DISCLOSURE`.
///
/// # Errors
/// `STATE_BROKEN` if the index can't be read.
pub fn find_refused_contracts(connector: &Connector) -> Result<Vec<Refusal>, Refusal> {
    let now = connector.now();
    let beside: Vec<ContractId> = connector.contracts.with_registry(|registry| {
        let alive = registry.all_contracts(now).filter(|(_, _, status)| {
            matches!(status, ContractStatus::InForce | ContractStatus::NotYet)
        });
        alive
            .flat_map(|(id, agreement, _)| registry.combined_with(Some(id), agreement, now))
            .collect()
    });
    let answered = first_answers(&connector.records, beside)?;
    Ok(connector
        .contracts
        .with_registry(|registry| registry.all_combined(&answered, now)))
}

fn first_answers(records: &RecordKeeping, ids: Vec<ContractId>) -> Result<FirstAnswers, Refusal> {
    let mut answered = FirstAnswers::default();
    for id in ids {
        let (_, first) = records.index_fast(|state| state.activation_and_first_use(id))?;
        answered.note_first_answer(id, first);
    }
    Ok(answered)
}
