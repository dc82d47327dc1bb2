//! Files of moderate size that a person names.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Reads a file of moderate size that a person named.
///
/// # Errors
/// `FILE_MISSING` with the error of the system.
pub fn read_named_file(file: &Path) -> Result<Vec<u8>, Refusal> {
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
/// `DISK_FULL` or `STATE_BROKEN` with the error of the system.
pub fn write_named_file(file: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    if let Some(folder) = file.parent()
        && !folder.as_os_str().is_empty()
    {
        std::fs::create_dir_all(folder)
            .map_err(|fault| hansa_files::unwritable_file_refusal(folder, &fault))?;
    }
    std::fs::write(file, bytes).map_err(|fault| hansa_files::unwritable_file_refusal(file, &fault))
}
