//! The restrictions of this participant's datasets: for each the document that the log names last.

use hansa_policy::id::DatasetId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::ProviderRestrictions;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;

/// The restrictions that the log names. Of a dataset whose restriction can't be read nothing is answered, which is told.
///
/// # Errors
/// When the index can't be read.
pub(crate) fn load(
    state: &StateIndex,
    documents: &DocumentFolder,
    faults: &mut Vec<Refusal>,
) -> Result<ProviderRestrictions, Refusal> {
    let mut restrictions = ProviderRestrictions::new();
    for (dataset, document) in state.restrictions()? {
        // What is gone, or was changed, is read as nothing, and nothing is no restriction.
        let bytes = documents
            .read(StoredDocumentKind::Restriction, document)
            .unwrap_or_default();
        let held = hansa_proto::restriction::read_stored_restriction(document, &dataset, &bytes);
        if held.restriction.is_none() {
            faults.push(unreadable(&dataset));
        }
        restrictions.insert(dataset, held);
    }
    Ok(restrictions)
}

fn unreadable(dataset: &DatasetId) -> Refusal {
    let name = &dataset.name;
    let sentence =
        format!("the restriction of `{name}` can't be read, so nothing of it is answered");
    Refusal::new(ErrorCode::StateBroken, sentence).with_help(format!(
        "set it again: hansa dataset restrict {name} --policy FILE"
    ))
}
