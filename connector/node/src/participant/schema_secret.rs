//! Secret of a participant in the digests of its schemas. It is made once and stored in the state folder.

use crate::process::randomness::random_bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// File name in the state folder. Backups contain the file, because contracts name schemas by its digests.
pub const FILE: &str = "schema.secret";

/// Reads the secret, or makes it in a new folder.
///
/// # Errors
/// `KEY_FILE_PERMISSIONS` if others can read the file, `STATE_BROKEN` if its content has changed.
pub fn open_secret(state: &Path) -> Result<[u8; 32], Refusal> {
    let path = state.join(FILE);
    if !path.exists() {
        let secret: [u8; 32] = random_bytes();
        hansa_files::create_file(&path, &secret, hansa_files::FileVisibility::Owner)?;
        return Ok(secret);
    }
    let bytes = hansa_files::read_private(&path, 32)?;
    // The rejected value is the secret itself, so it does not become the cause of the refusal.
    bytes.try_into().map_err(|_| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("`{}` is not the secret that was written", path.display()),
        )
        .with_help("put it back from a backup: contracts name schemas by it")
    })
}
