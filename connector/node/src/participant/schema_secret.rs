//! The secret of a participant under which it names the schemas of its datasets, made once and kept in the state folder.

use crate::process::randomness::random_bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Its file in the state folder; a backup holds it, since contracts name schemas by it.
pub const FILE: &str = "schema.secret";

/// Reads it, or makes it where the folder is new.
///
/// # Errors
/// `KEY_FILE_PERMISSIONS` when others can read it, `STATE_BROKEN` when it is not what was written.
pub fn open(state: &Path) -> Result<[u8; 32], Refusal> {
    let path = state.join(FILE);
    if !path.exists() {
        let secret: [u8; 32] = random_bytes();
        hansa_files::create(&path, &secret, hansa_files::FileVisibility::Owner)?;
        return Ok(secret);
    }
    let bytes = hansa_files::read_private(&path, 32)?;
    // What does not fit is given back: the secret itself, which is no cause to keep.
    bytes.try_into().map_err(|_| {
        Refusal::new(
            ErrorCode::StateBroken,
            format!("`{}` is not the secret that was written", path.display()),
        )
        .with_help("put it back from a backup: contracts name schemas by it")
    })
}
