//! Documents of stops that got no file of their own before they were recorded, since there was no room: their records hold them, and the
//! files are made of these when there is room again.

use crate::walk::stop::DOCUMENT;
use hansa_audit_log::json::Json;
use hansa_audit_store::Log;
use hansa_policy::refusal::Refusal;
use hansa_store::contracts::{Documents, Kind};
use hansa_store::state::State;

/// Makes the files that are not there yet.
///
/// # Errors
/// When the index, or a record, can't be read, or there is no room still. What they say holds all the same.
pub(super) fn file(state: &State, log: &Log, documents: &Documents) -> Result<(), Refusal> {
    for record in state.unfiled()? {
        let Some(record) = log.get(record)? else {
            continue;
        };
        let kind = match record.kind.as_str() {
            "guard" => Kind::Guard,
            "group" => Kind::Group,
            _ => Kind::Withdrawal,
        };
        if let Some(text) = record.body.get(DOCUMENT).and_then(Json::as_text) {
            documents.keep(kind, text.as_bytes())?;
        }
    }
    Ok(())
}
