//! Files that survive a loss of power.
//!
//! A file is written completely under another name, synced, and then renamed; or it is created once. All packages that keep state
//! in files use this one.
//!
//! # The walk
//!
//! 1. [`create_folder`] makes a folder that only its owner can read.
//! 2. [`create_file`] makes a file that must not exist yet; [`replace_file`] replaces the bytes of a file. [`FileVisibility`] decides who may
//!    read the file.
//! 3. [`read_file`] reads up to a number of bytes. [`read_private`] refuses a file that others can read.
//! 4. [`GrowingFile`] takes a file in pieces, and is gone unless it is finished. [`duplicate_file`] gives a file a second name.
//! 5. [`PreparedFile`] is a file of people that is replaced after something else is durable.
//! 6. [`remove_file`] removes a file.
//!
//! # What it must never do
//!
//! - Leave a partial file in place, or report a file as written before it is synced.
//! - Interpret the content of a file.
//!
//! # Example
//!
//! ```
//! use hansa_files::FileVisibility;
//! use hansa_policy::refusal::ErrorCode;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//!
//! let file = folder.path().join("contract.json");
//! hansa_files::create_file(&file, b"first", FileVisibility::Owner)?;
//! let again = hansa_files::create_file(&file, b"second", FileVisibility::Owner).unwrap_err();
//! assert_eq!(again.code, ErrorCode::FileExists);
//!
//! hansa_files::replace_file(&file, b"second", FileVisibility::Owner)?;
//! assert_eq!(hansa_files::read_private(&file, 1024)?, b"second");
//!
//! // A file that is larger than expected is not read.
//! assert!(hansa_files::read_file(&file, 3).is_err());
//! # Ok(())
//! # }
//! ```
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::as_conversions,
        reason = "tests"
    )
)]

mod prepared_file;

pub use crate::prepared_file::PreparedFile;

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Readers of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileVisibility {
    /// Owner alone: mode 0600.
    Owner,
    /// All users: mode 0644.
    Everybody,
}

impl FileVisibility {
    const fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Everybody => 0o644,
        }
    }
}

/// Reads a file of at most `limit` bytes.
///
/// # Errors
/// `FILE_MISSING` when the file does not exist, can't be read or is larger.
pub fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let file = File::open(path).map_err(|error| unreadable_file_refusal(path, &error))?;
    read_open(file, path, limit)
}

/// Reads a private file. Refuses a file that others can read.
///
/// # Errors
/// `KEY_FILE_PERMISSIONS` with the command that corrects it, or as [`read_file`].
pub fn read_private(path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let file = File::open(path).map_err(|error| unreadable_file_refusal(path, &error))?;
    let mode = file
        .metadata()
        .map_err(|error| unreadable_file_refusal(path, &error))?
        .permissions()
        .mode();
    if mode & 0o077 != 0 {
        return Err(Refusal::new(
            ErrorCode::KeyFilePermissions,
            format!(
                "others can read the private key `{}` (mode {:04o})",
                path.display(),
                mode & 0o7777
            ),
        )
        .with_place(path.display().to_string(), None, None)
        .with_help(format!("chmod 600 {}", path.display())));
    }
    read_open(file, path, limit)
}

/// Creates a file that must not exist yet. On return it survives a loss of power.
///
/// # Errors
/// `FILE_EXISTS` when the path exists already, else `DISK_FULL` or `STATE_BROKEN`.
pub fn create_file(path: &Path, bytes: &[u8], readers: FileVisibility) -> Result<(), Refusal> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(readers.mode())
        .open(path)
        .map_err(|error| unwritable_file_refusal(path, &error))?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // A partial file would block the next attempt.
        std::fs::remove_file(path).ok();
        return Err(unwritable_file_refusal(path, &error));
    }
    sync_folder_of(path)
}

/// Replaces a file in one step: a reader sees the old bytes or the new ones, even after a loss of power.
///
/// # Errors
/// `DISK_FULL` or `STATE_BROKEN`.
pub fn replace_file(path: &Path, bytes: &[u8], readers: FileVisibility) -> Result<(), Refusal> {
    swap_file(path, bytes, readers.mode())
}

fn swap_file(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Refusal> {
    let mut name = path
        .file_name()
        .ok_or_else(|| unwritable_file_refusal(path, &ErrorKind::InvalidInput.into()))?
        .to_owned();
    name.push(UNFINISHED);
    let beside = path.with_file_name(name);
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(mode)
        .open(&beside)
        .and_then(|mut file| {
            file.set_permissions(std::fs::Permissions::from_mode(mode))?;
            file.write_all(bytes)?;
            file.sync_all()
        })
        .and_then(|()| std::fs::rename(&beside, path));
    if let Err(error) = written {
        std::fs::remove_file(&beside).ok();
        return Err(unwritable_file_refusal(path, &error));
    }
    sync_folder_of(path)
}

/// Replaces a file that people edit. Its permissions stay.
///
/// # Errors
/// `FILE_MISSING` when the file does not exist, else `DISK_FULL` or `STATE_BROKEN`.
pub fn replace_keeping_readers(path: &Path, bytes: &[u8]) -> Result<(), Refusal> {
    let mode = std::fs::metadata(path)
        .map_err(|error| unreadable_file_refusal(path, &error))?
        .permissions()
        .mode();
    swap_file(path, bytes, mode & 0o777)
}

/// Removes a file, if it exists. After a loss of power it does not come back.
///
/// # Errors
/// `STATE_BROKEN`
pub fn remove_file(path: &Path) -> Result<(), Refusal> {
    match std::fs::remove_file(path) {
        Ok(()) => sync_folder_of(path),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(unwritable_file_refusal(path, &error)),
    }
}

/// File that is written in pieces, such as one that comes from a browser. Unless it is finished, it is removed again.
#[derive(Debug)]
pub struct GrowingFile {
    file: File,
    path: PathBuf,
    is_finished: bool,
}

impl GrowingFile {
    /// Creates an empty file that must not exist yet, also not as a link. Its owner alone can read it.
    ///
    /// # Errors
    /// `FILE_EXISTS` when the path exists already, else `DISK_FULL` or `STATE_BROKEN`.
    pub fn create(path: &Path) -> Result<Self, Refusal> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FileVisibility::Owner.mode())
            .open(path)
            .map_err(|error| unwritable_file_refusal(path, &error))?;
        Ok(Self {
            file,
            path: path.to_owned(),
            is_finished: false,
        })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// `DISK_FULL` or `STATE_BROKEN`.
    pub fn append(&mut self, bytes: &[u8]) -> Result<(), Refusal> {
        let written = self.file.write_all(bytes);
        written.map_err(|error| unwritable_file_refusal(&self.path, &error))
    }

    /// Keeps the file. On return it survives a loss of power.
    ///
    /// # Errors
    /// `DISK_FULL` or `STATE_BROKEN`; the file is then removed.
    pub fn finish(mut self) -> Result<(), Refusal> {
        let synced = self.file.sync_all();
        synced.map_err(|error| unwritable_file_refusal(&self.path, &error))?;
        sync_folder_of(&self.path)?;
        self.is_finished = true;
        Ok(())
    }
}

impl Drop for GrowingFile {
    fn drop(&mut self) {
        if !self.is_finished {
            // The next sweep of the folder removes what can't be removed now.
            std::fs::remove_file(&self.path).ok();
        }
    }
}

/// Gives a file a second name that must not exist yet, or a copy on another disk. On return it survives a loss of power.
///
/// # Errors
/// `FILE_EXISTS` when the second name exists already, `FILE_MISSING` when the file can't be read, else `DISK_FULL` or `STATE_BROKEN`.
pub fn duplicate_file(from: &Path, to: &Path) -> Result<(), Refusal> {
    match std::fs::hard_link(from, to) {
        Ok(()) => return sync_folder_of(to),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(unwritable_file_refusal(to, &error));
        }
        // Another disk, or one without such links.
        Err(_) => {}
    }
    let mut source = File::open(from).map_err(|error| unreadable_file_refusal(from, &error))?;
    let mut copy = GrowingFile::create(to)?;
    let copied = std::io::copy(&mut source, &mut copy.file);
    copied.map_err(|error| unwritable_file_refusal(to, &error))?;
    copy.finish()
}

/// Creates a folder and those above it. New ones are readable by the owner alone.
///
/// # Errors
/// `DISK_FULL` or `STATE_BROKEN`.
pub fn create_folder(path: &Path) -> Result<(), Refusal> {
    if path.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(path).map_err(|error| unwritable_file_refusal(path, &error))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .map_err(|error| unwritable_file_refusal(path, &error))?;
    sync_folder_of(path)
}

/// Files of a folder, in the order of their names.
///
/// # Errors
/// `STATE_BROKEN`
pub fn list_files(path: &Path) -> Result<Vec<PathBuf>, Refusal> {
    let entries = std::fs::read_dir(path).map_err(|error| unreadable_file_refusal(path, &error))?;
    let mut files = Vec::new();
    for entry in entries {
        files.push(
            entry
                .map_err(|error| unreadable_file_refusal(path, &error))?
                .path(),
        );
    }
    files.sort_unstable();
    Ok(files)
}

/// True for a temporary file of an interrupted [`replace_file`].
#[must_use]
pub fn is_unfinished(path: &Path) -> bool {
    path.as_os_str()
        .as_encoded_bytes()
        .ends_with(UNFINISHED.as_bytes())
}

const UNFINISHED: &str = ".new";

/// Refusal for a file that can't be written.
#[must_use]
pub fn unwritable_file_refusal(path: &Path, error: &std::io::Error) -> Refusal {
    let code = match error.kind() {
        ErrorKind::AlreadyExists => ErrorCode::FileExists,
        _ if is_full(error) => ErrorCode::DiskFull,
        _ => ErrorCode::StateBroken,
    };
    let sentence = if code == ErrorCode::FileExists {
        format!("`{}` is already there", path.display())
    } else {
        format!("can't write `{}`: {error}", path.display())
    };
    Refusal::new(code, sentence).with_place(path.display().to_string(), None, None)
}

/// True if there is no space: on the disk, in a quota, or below a limit on the size of files.
#[must_use]
pub fn is_full(error: &std::io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge
    )
}

/// Refusal for a file that can't be read.
#[must_use]
pub fn unreadable_file_refusal(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal::new(
        ErrorCode::FileMissing,
        format!("can't read `{}`: {error}", path.display()),
    )
    .with_place(path.display().to_string(), None, None)
}

fn read_open(file: File, path: &Path, limit: u64) -> Result<Vec<u8>, Refusal> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable_file_refusal(path, &error))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > limit {
        return Err(Refusal::new(
            ErrorCode::FileMissing,
            format!("`{}` is larger than {limit} bytes", path.display()),
        )
        .with_place(path.display().to_string(), None, None));
    }
    Ok(bytes)
}

fn sync_folder_of(path: &Path) -> Result<(), Refusal> {
    let folder = match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => return Ok(()),
    };
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| unwritable_file_refusal(folder, &error))
}

#[cfg(test)]
mod tests {
    use super::{
        FileVisibility, GrowingFile, create_file, duplicate_file, read_file, read_private,
        replace_file,
    };
    use hansa_policy::refusal::ErrorCode;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_file_is_created_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        create_file(&path, b"first", FileVisibility::Everybody).unwrap();
        let again = create_file(&path, b"second", FileVisibility::Everybody).unwrap_err();
        assert_eq!(again.code, ErrorCode::FileExists);
        assert_eq!(read_file(&path, 100).unwrap(), b"first");
        assert_eq!(
            read_file(&path, 4).unwrap_err().code,
            ErrorCode::FileMissing
        );
    }

    #[test]
    fn a_replaced_file_is_whole_and_leaves_nothing_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        replace_file(&path, b"first", FileVisibility::Everybody).unwrap();
        replace_file(&path, b"2", FileVisibility::Owner).unwrap();
        assert_eq!(read_private(&path, 100).unwrap(), b"2");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_private_file_that_others_can_read_is_refused_with_the_remedy() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("key");
        create_file(&path, b"secret", FileVisibility::Owner).unwrap();
        assert_eq!(read_private(&path, 100).unwrap(), b"secret");
        for mode in [0o640, 0o604, 0o660, 0o601] {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
            let refusal = read_private(&path, 100).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::KeyFilePermissions);
            assert_eq!(refusal.help, [format!("chmod 600 {}", path.display())]);
        }
    }

    #[test]
    fn a_file_in_pieces_is_there_once_it_is_finished() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("one");
        let mut file = GrowingFile::create(&path).unwrap();
        file.append(b"first ").unwrap();
        drop(file);
        assert!(!path.exists(), "what is not finished is gone");
        let mut file = GrowingFile::create(&path).unwrap();
        file.append(b"first ").unwrap();
        file.append(b"second").unwrap();
        file.finish().unwrap();
        assert_eq!(read_private(&path, 100).unwrap(), b"first second");
        let mode = path.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_in_pieces_follows_no_link_and_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (target, link) = (dir.path().join("target"), dir.path().join("link"));
        std::fs::write(&target, b"theirs").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        for path in [&target, &link] {
            let refusal = GrowingFile::create(path).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::FileExists, "{path:?}");
        }
        // A link to nothing is not followed, either.
        let dangling = dir.path().join("dangling");
        std::os::unix::fs::symlink(dir.path().join("away"), &dangling).unwrap();
        assert!(GrowingFile::create(&dangling).is_err());
        assert!(!dir.path().join("away").exists());
        assert_eq!(std::fs::read(&target).unwrap(), b"theirs");
    }

    #[test]
    fn a_second_name_replaces_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (one, other) = (dir.path().join("one"), dir.path().join("other"));
        std::fs::write(&one, b"first").unwrap();
        duplicate_file(&one, &other).unwrap();
        assert_eq!(std::fs::read(&other).unwrap(), b"first");
        std::fs::write(dir.path().join("third"), b"third").unwrap();
        let refusal = duplicate_file(&dir.path().join("third"), &other).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::FileExists);
        assert_eq!(std::fs::read(&other).unwrap(), b"first");
    }
}
