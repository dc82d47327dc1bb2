//! The guards of this participant's datasets: for each the document that the log names last.

use crate::node::{Node, read, write};
use hansa_policy::guard::{Guards, Held};
use hansa_policy::id::DatasetId;
use hansa_policy::refusal::{Code, Refusal};
use hansa_store::contracts::{Documents, Kind};
use hansa_store::state::State;
use std::sync::Arc;

/// The guards that the log names. Of a dataset whose guard can't be read nothing is answered, which is told.
///
/// # Errors
/// When the index can't be read.
pub(crate) fn load(
    state: &State,
    documents: &Documents,
    faults: &mut Vec<Refusal>,
) -> Result<Guards, Refusal> {
    let mut guards = Guards::new();
    for (dataset, document) in state.guards()? {
        // What is gone, or was changed, is read as nothing, and nothing is no guard.
        let bytes = documents.read(Kind::Guard, document).unwrap_or_default();
        let held = hansa_proto::guard::held(document, &dataset, &bytes);
        if held.guard.is_none() {
            faults.push(unreadable(&dataset));
        }
        guards.insert(dataset, held);
    }
    Ok(guards)
}

fn unreadable(dataset: &DatasetId) -> Refusal {
    let name = &dataset.name;
    let sentence = format!("the guard of `{name}` can't be read, so nothing of it is answered");
    Refusal::new(Code::StateBroken, sentence).with_help(format!(
        "set it again: hansa dataset guard {name} --policy FILE"
    ))
}

impl Node {
    /// What is refused of its datasets, whatever contracts say.
    pub(crate) fn guards(&self) -> Arc<Guards> {
        Arc::clone(&read(&self.guards))
    }

    /// Puts a guard in the place of the one before, or takes it away.
    pub(crate) fn set_guard(&self, dataset: DatasetId, held: Option<Held>) {
        let mut guards = (*self.guards()).clone();
        match held {
            Some(held) => guards.insert(dataset, held),
            None => guards.remove(&dataset),
        };
        *write(&self.guards) = Arc::new(guards);
    }
}
