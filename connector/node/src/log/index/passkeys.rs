//! Passkeys of people, from the records that add, use and remove them.

use crate::log::index::RecordPlace;
use hansa_audit_log::record::console::{ConsoleActRecord, ConsolePasskeyRecord};
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::PasskeyRow;

/// Applies an act. The counter of its passkey is the one that the next answer must exceed.
pub(super) fn apply_act(
    change: &IndexTransaction<'_>,
    act: &ConsoleActRecord,
) -> Result<(), Refusal> {
    match &act.passkey {
        Some(proof) => change.set_passkey_counter(&proof.key.to_string(), proof.counter),
        None => Ok(()),
    }
}

/// Applies an added or removed passkey.
pub(super) fn apply_passkey(
    change: &IndexTransaction<'_>,
    place: RecordPlace<'_>,
    passkey: &ConsolePasskeyRecord,
) -> Result<(), Refusal> {
    let RecordPlace { record } = place;
    match passkey.change.as_str() {
        "added" => change.add_passkey(&PasskeyRow {
            key: passkey.key.to_string(),
            actor: passkey.actor.clone(),
            public_key: passkey.public_key.clone(),
            credential: passkey.credential.clone(),
            party: passkey.party.clone(),
            counter: passkey.counter,
            added: record.at,
        }),
        "removed" => change.end_passkey(&passkey.key.to_string(), record.at),
        _ => Err(place.unreadable_field_refusal("change")),
    }
}
