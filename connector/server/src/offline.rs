//! Verbs that need no connector: they make and check files.

pub(crate) mod backup;
pub(crate) mod backup_rehearsal;
pub(crate) mod cluster;
pub(crate) mod config_check;
pub(crate) mod contract_verification;
pub(crate) mod copied_log;
pub(crate) mod init;
pub(crate) mod league;
pub(crate) mod league_join;
pub(crate) mod mandate;
pub(crate) mod offline_signature;
pub(crate) mod offline_signer;
pub(crate) mod offline_withdrawal;
pub(crate) mod policy_template;
pub(crate) mod signing_key;
pub(crate) mod vocabulary;

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Reads a file of moderate size that a person named.
///
/// # Errors
/// `FILE_MISSING` with what the system said.
pub(crate) fn read(file: &Path) -> Result<Vec<u8>, Refusal> {
    std::fs::read(file).map_err(|fault| {
        Refusal::new(
            ErrorCode::FileMissing,
            format!("`{}` can't be read: {fault}", file.display()),
        )
        .with_place(file.display().to_string(), None, None)
    })
}

/// Writes a file that a person named.
///
/// # Errors
/// `DISK_FULL` or `STATE_BROKEN` with what the system said.
pub(crate) fn write(file: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    if let Some(folder) = file.parent()
        && !folder.as_os_str().is_empty()
    {
        std::fs::create_dir_all(folder).map_err(|fault| hansa_files::unwritable(folder, &fault))?;
    }
    std::fs::write(file, bytes).map_err(|fault| hansa_files::unwritable(file, &fault))
}
