//! Contracts of one consumer on one dataset beside each other: under which something was answered is looked up, and
//! `hansa_policy::contract::combination_check` judges.

use crate::participant::Connector;
use hansa_policy::contract::combination_check::FirstAnswers;
use hansa_policy::contract::{ActiveContracts, Agreement, ContractStatus};
use hansa_policy::id::ContractId;
use hansa_policy::refusal::Refusal;

/// Refuses a question that would tell, beside what another contract of the asker tells, what neither tells.
///
/// # Errors
/// `COMBINED_DISCLOSURE`; `STATE_BROKEN` when the index can't be read.
pub(crate) fn check_question(node: &Connector, standing: &ActiveContracts) -> Result<(), Refusal> {
    let now = node.now();
    let beside = node
        .contracts
        .book(|book| book.combined_with_those(standing, now));
    if beside.is_empty() {
        return Ok(());
    }
    let answered = first_answers(node, beside)?;
    node.contracts
        .book(|book| book.check_combined(standing, &answered, now))
}

/// Refuses an agreement on our dataset that would tell such a thing, before it is signed.
///
/// # Errors
/// `COMBINED_DISCLOSURE`; `STATE_BROKEN` when the index can't be read.
pub(crate) fn check_agreement(node: &Connector, agreement: &Agreement) -> Result<(), Refusal> {
    let now = node.now();
    let beside = node
        .contracts
        .book(|book| book.combined_with(None, agreement, now));
    let answered = first_answers(node, beside)?;
    node.contracts
        .book(|book| book.check_beside(agreement, &answered, now))
}

/// Our contracts under which questions are refused for that reason.
///
/// # Errors
/// `STATE_BROKEN` when the index can't be read.
pub(crate) fn barred(node: &Connector) -> Result<Vec<Refusal>, Refusal> {
    let now = node.now();
    let beside: Vec<ContractId> = node.contracts.book(|book| {
        let alive = book.all(now).filter(|(_, _, standing)| {
            matches!(standing, ContractStatus::InForce | ContractStatus::NotYet)
        });
        alive
            .flat_map(|(id, agreement, _)| book.combined_with(Some(id), agreement, now))
            .collect()
    });
    let answered = first_answers(node, beside)?;
    Ok(node
        .contracts
        .book(|book| book.all_combined(&answered, now)))
}

fn first_answers(node: &Connector, ids: Vec<ContractId>) -> Result<FirstAnswers, Refusal> {
    let mut answered = FirstAnswers::default();
    for id in ids {
        let (_, first) = node.records.index_fast(|state| state.began(id))?;
        answered.note(id, first);
    }
    Ok(answered)
}
