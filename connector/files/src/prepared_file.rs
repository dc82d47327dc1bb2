//! A file that is written beside the one whose place it takes later.

use crate::{UNFINISHED, sync_folder_of, unreadable_file_refusal, unwritable_file_refusal};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::{OpenOptions, Permissions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

/// Mode of a file that people edit and that did not exist before.
const NEW_FILE_MODE: u32 = 0o644;

/// Bytes that are on disk beside a file, and not yet in its place. Without [`Self::take_place`] they are removed.
#[derive(Debug)]
pub struct PreparedFile {
    beside: PathBuf,
    place: PathBuf,
    must_be_new: bool,
    is_done: bool,
}

impl PreparedFile {
    /// Writes bytes beside a file that people edit. The permissions of the file stay; of a symbolic link, the file behind it is meant.
    ///
    /// # Errors
    /// `FILE_MISSING` when the file does not exist, else `DISK_FULL` or `STATE_BROKEN`.
    pub fn write_beside(path: &Path, bytes: &[u8]) -> Result<Self, Refusal> {
        let unread = |error: std::io::Error| unreadable_file_refusal(path, &error);
        let place = std::fs::canonicalize(path).map_err(unread)?;
        let mode = std::fs::metadata(&place)
            .map_err(unread)?
            .permissions()
            .mode();
        Self::write(place, mode & 0o777, bytes, false)
    }

    /// Writes bytes for a file that must not exist yet. Its folder is made.
    ///
    /// # Errors
    /// `FILE_EXISTS` when the path exists already, else `DISK_FULL` or `STATE_BROKEN`.
    pub fn write_new(path: &Path, bytes: &[u8]) -> Result<Self, Refusal> {
        if std::fs::symlink_metadata(path).is_ok() {
            return Err(existing_file_refusal(path));
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|error| unwritable_file_refusal(folder, &error))?;
        }
        Self::write(path.to_path_buf(), NEW_FILE_MODE, bytes, true)
    }

    fn write(place: PathBuf, mode: u32, bytes: &[u8], must_be_new: bool) -> Result<Self, Refusal> {
        let mut name = place
            .file_name()
            .ok_or_else(|| unwritable_file_refusal(&place, &ErrorKind::InvalidInput.into()))?
            .to_owned();
        name.push(UNFINISHED);
        let beside = place.with_file_name(name);
        // One that an interrupted change has left is of nobody.
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(unwritable_file_refusal(&beside, &error));
            }
            _ => {}
        }
        let prepared = Self {
            beside,
            place,
            must_be_new,
            is_done: false,
        };
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(mode)
            .open(&prepared.beside)
            .and_then(|mut file| {
                file.set_permissions(Permissions::from_mode(mode))?;
                file.write_all(bytes)?;
                file.sync_all()
            });
        written.map_err(|error| unwritable_file_refusal(&prepared.place, &error))?;
        Ok(prepared)
    }

    /// File with the bytes, until it takes the place of the other one.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.beside
    }

    /// Puts the bytes in place, in one step. On return they survive a loss of power.
    ///
    /// # Errors
    /// `FILE_EXISTS` when a new file exists by now, else `DISK_FULL` or `STATE_BROKEN`; the file is then as it was.
    pub fn take_place(mut self) -> Result<(), Refusal> {
        let unwritten = |error: std::io::Error| unwritable_file_refusal(&self.place, &error);
        if self.must_be_new {
            // A link does not replace, in contrast to a rename.
            std::fs::hard_link(&self.beside, &self.place).map_err(unwritten)?;
            std::fs::remove_file(&self.beside).map_err(unwritten)?;
        } else {
            std::fs::rename(&self.beside, &self.place).map_err(unwritten)?;
        }
        self.is_done = true;
        sync_folder_of(&self.place)
    }
}

impl Drop for PreparedFile {
    fn drop(&mut self) {
        if !self.is_done {
            std::fs::remove_file(&self.beside).ok();
        }
    }
}

fn existing_file_refusal(path: &Path) -> Refusal {
    let sentence = format!("`{}` is already there", path.display());
    Refusal::new(ErrorCode::FileExists, sentence).with_place(path.display().to_string(), None, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list_names(folder: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_prepared_file_changes_nothing_until_it_takes_its_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("hansa.toml");
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        let prepared = PreparedFile::write_beside(&file, b"new").unwrap();
        assert_eq!(std::fs::read(prepared.path()).unwrap(), b"new");
        assert_eq!(std::fs::read(&file).unwrap(), b"old");
        drop(prepared);
        assert_eq!(list_names(folder.path()), ["hansa.toml"]);
        let prepared = PreparedFile::write_beside(&file, b"new").unwrap();
        prepared.take_place().unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
        assert_eq!(list_names(folder.path()), ["hansa.toml"]);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        // A file that an interrupted change has left is no obstacle.
        std::fs::write(folder.path().join("hansa.toml.new"), "half").unwrap();
        let prepared = PreparedFile::write_beside(&file, b"third").unwrap();
        prepared.take_place().unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"third");
    }

    #[test]
    fn a_symbolic_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::write(&file, "old").unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        let prepared = PreparedFile::write_beside(&link, b"new").unwrap();
        prepared.take_place().unwrap();
        assert!(
            std::fs::symlink_metadata(&link)
                .unwrap()
                .file_type()
                .is_symlink()
        );
        assert_eq!(std::fs::read(&file).unwrap(), b"new");
    }

    #[test]
    fn a_new_file_takes_nobodys_place() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policies/bikes.toml");
        let prepared = PreparedFile::write_new(&file, b"mine").unwrap();
        assert!(!file.exists());
        std::fs::write(&file, "theirs").unwrap();
        let refusal = prepared.take_place().unwrap_err();
        assert_eq!(refusal.code, ErrorCode::FileExists);
        assert_eq!(std::fs::read(&file).unwrap(), b"theirs");
        let refusal = PreparedFile::write_new(&file, b"mine").unwrap_err();
        assert_eq!(refusal.code, ErrorCode::FileExists);
        std::fs::remove_file(&file).unwrap();
        let prepared = PreparedFile::write_new(&file, b"mine").unwrap();
        prepared.take_place().unwrap();
        assert_eq!(std::fs::read(&file).unwrap(), b"mine");
        assert_eq!(list_names(file.parent().unwrap()), ["bikes.toml"]);
        let missing = folder.path().join("missing");
        let refusal = PreparedFile::write_beside(&missing, b"x").unwrap_err();
        assert_eq!(refusal.code, ErrorCode::FileMissing);
    }
}
