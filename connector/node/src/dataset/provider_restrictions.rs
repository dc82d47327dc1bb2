//! Restrictions of the participant's datasets: for each dataset, the latest document that the log names.

use hansa_policy::id::DatasetId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::ProviderRestrictions;
use hansa_store::document_folder::{DocumentFolder, StoredDocumentKind};
use hansa_store::state_index::StateIndex;

/// Loads the restrictions that the log names. For a dataset with an unreadable restriction, all questions are refused, and the
/// fault is reported.
///
/// # Errors
/// If the index can't be read.
pub(crate) fn load_restrictions(
    state: &StateIndex,
    documents: &DocumentFolder,
    faults: &mut Vec<Refusal>,
) -> Result<ProviderRestrictions, Refusal> {
    let mut restrictions = ProviderRestrictions::new();
    for (dataset, document) in state.restrictions()? {
        // A missing or changed document is read as empty bytes, which parse as no restriction and therefore fail.
        let bytes = documents
            .read_document(StoredDocumentKind::Restriction, document)
            .unwrap_or_default();
        let held = hansa_proto::restriction::read_stored_restriction(document, &dataset, &bytes);
        if held.restriction.is_none() {
            faults.push(unreadable_restriction_refusal(&dataset));
        }
        restrictions.insert(dataset, held);
    }
    Ok(restrictions)
}

fn unreadable_restriction_refusal(dataset: &DatasetId) -> Refusal {
    let name = &dataset.name;
    let sentence =
        format!("the restriction of `{name}` can't be read, so nothing of it is answered");
    Refusal::new(ErrorCode::StateBroken, sentence).with_help(format!(
        "set it again: hansa dataset restrict {name} --policy FILE"
    ))
}
