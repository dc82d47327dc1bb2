//! A folder for temporary files of a process without a state folder. It is removed with the process; where that was killed, by the next one.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fs::File;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// The folder, which nobody else removes as long as this is held.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    files: PathBuf,
    _folder: TempDir,
    _lock: File,
}

impl TemporaryFolder {
    /// A new one for processes of this kind, in `within`. Those that processes of the same kind left there are removed.
    ///
    /// # Errors
    /// `STATE_BROKEN` where none can be made.
    pub(crate) fn new(within: &Path, kind: &str) -> Result<Self, Refusal> {
        remove_left(within, kind);
        let none = |fault: std::io::Error| {
            let sentence = format!("no folder for temporary files: {fault}");
            Refusal::new(ErrorCode::StateBroken, sentence).caused_by(fault)
        };
        let mut builder = tempfile::Builder::new();
        let folder = builder.prefix(kind).tempdir_in(within).map_err(none)?;
        let lock = File::create(folder.path().join(LOCK)).map_err(none)?;
        lock.try_lock().map_err(|fault| none(fault.into()))?;
        let files = folder.path().join("files");
        std::fs::create_dir(&files).map_err(none)?;
        Ok(Self {
            files,
            _folder: folder,
            _lock: lock,
        })
    }

    /// Where files can be put.
    pub(crate) fn path(&self) -> &Path {
        &self.files
    }
}

/// Removes folders whose process is gone: nobody holds their lock. One without a lock is about to get it.
fn remove_left(within: &Path, kind: &str) {
    let Ok(entries) = std::fs::read_dir(within) else {
        return;
    };
    for entry in entries.flatten() {
        let folder = entry.path();
        let is_ours = entry.file_name().to_string_lossy().starts_with(kind);
        let lock = File::open(folder.join(LOCK));
        if is_ours
            && lock.is_ok_and(|lock| lock.try_lock().is_ok())
            && let Err(fault) = std::fs::remove_dir_all(&folder)
        {
            tracing::warn!(name: "temporary.not_removed", folder = %folder.display(), %fault, "temporary files of an earlier process stay");
        }
    }
}

const LOCK: &str = "lock";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_nothing_else() {
        let within = tempfile::tempdir().unwrap();
        let named = |name: &str| within.path().join(name);
        for left in ["hansa-worker-left", "hansa-worker-starting", "other-left"] {
            std::fs::create_dir(named(left)).unwrap();
        }
        std::fs::write(named("hansa-worker-left").join(LOCK), "").unwrap();
        std::fs::write(named("other-left").join(LOCK), "").unwrap();
        let running = TemporaryFolder::new(within.path(), "hansa-worker-").unwrap();
        assert!(!named("hansa-worker-left").exists());
        assert!(named("hansa-worker-starting").exists() && named("other-left").exists());
        let next = TemporaryFolder::new(within.path(), "hansa-worker-").unwrap();
        assert!(running.path().exists() && next.path().exists());
        let place = next.path().to_owned();
        drop(next);
        assert!(!place.exists());
    }
}
