//! Whether values of one participant that went out in a question to another were let go by the contract under which they
//! had come.

use crate::copy::{Case, Copy};
use crate::finding::Finding;
use crate::permit::in_force;
use keep::audit::story::lent::Lent;
use policy::id::{ContractId, DatasetId, ParticipantId};
use policy::term::travel;

/// Judges every question that took values along.
pub(crate) fn judge(case: &Case) -> Vec<Finding> {
    let all = case.copies.iter().flat_map(|copy| {
        let lent = copy.story.lent.iter();
        lent.filter_map(|one| judge_one(case, copy, one))
    });
    all.collect()
}

fn judge_one(case: &Case, copy: &Copy, lent: &Lent) -> Option<Finding> {
    let at = Some(lent.index);
    let (dataset, peer) = (&lent.dataset, &lent.peer);
    let told = |what: &str| {
        let index = lent.index;
        format!("record {index}: values of {dataset} went to {peer}, and {what}")
    };
    let broken = |what: &str| Some(Finding::broken(&copy.file, at, told(what)));
    // What came from somebody is no news to him.
    let (Ok(owner), Ok(peer)) = (dataset.parse::<DatasetId>(), peer.parse::<ParticipantId>())
    else {
        return broken("one of them is no name");
    };
    if owner.owner == peer {
        return None;
    }
    let Some(name) = &lent.contract else {
        return broken("no contract is named that lets them");
    };
    let Ok(id) = name.parse::<ContractId>() else {
        return broken("the contract's name is none");
    };
    let Some(agreed) = case.pool.contracts.get(&id) else {
        // What is wrong with one that is there was told with it.
        let what = told(&format!("contract {} is not in the files", id.short()));
        return (!case.pool.knows(id)).then(|| Finding::incomplete(&copy.file, at, what));
    };
    let agreement = agreed.agreement();
    if agreement.dataset.id.to_string() != *dataset {
        return broken("the contract is of another dataset");
    }
    let public = agreement.assignee_id().is_none();
    if !public && !in_force(case, copy, agreed, (lent.index, lent.at)) {
        return broken("the contract was not in force");
    }
    let named = |columns: &[policy::id::Name]| {
        let column = lent.column.as_deref();
        column.is_none_or(|column| columns.iter().any(|one| one.as_str() == column))
    };
    match travel::of(&agreement.clauses) {
        Some((clause, travel))
            if lent.clause == Some(u64::from(clause.0))
                && travel.to.has(&peer)
                && named(&travel.columns) =>
        {
            None
        }
        _ => broken(&format!("no clause of contract {} lets them", id.short())),
    }
}
