//! Warnings about a usable state folder: permissions for others, and missing files.

use crate::participant::Connector;
use hansa_audit_store::log_dir_warnings;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

/// Warnings that can be computed at any time.
pub(crate) fn list_state_warnings(state: &Path) -> Vec<Refusal> {
    let mut refusals = log_dir_warnings::linked_files(&state.join("log"));
    refusals.extend(open_to_all(state));
    refusals
}

impl Connector {
    /// Returns all warnings, with those that only the start can find.
    pub fn state_remarks(&self) -> Vec<Refusal> {
        let mut refusals = list_state_warnings(&self.config().state);
        refusals.extend(self.records.lost_heads.clone());
        refusals
    }
}

/// Warning that everyone on this machine can read or write the folder.
fn open_to_all(state: &Path) -> Option<Refusal> {
    let mode = std::fs::metadata(state).ok()?.mode();
    let may = match (mode & 0o004 != 0, mode & 0o002 != 0) {
        (false, false) => return None,
        (true, false) => "read",
        (false, true) => "written to",
        (true, true) => "read and written to",
    };
    let sentence = format!(
        "the state folder `{}` can be {may} by everybody on this machine",
        state.display()
    );
    Some(
        Refusal::new(ErrorCode::StateExposed, sentence)
            .with_help(format!("chmod 700 {}", state.display())),
    )
}
