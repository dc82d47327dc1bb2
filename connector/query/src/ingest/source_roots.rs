//! Permitted folders of sources: the folder of the configuration and folders that it names, but never the state and the keys of the
//! connector. The check uses the opened file and not its name, so a link or a folder that is replaced in the meantime can't lead
//! elsewhere.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::fs::File;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Component, Path, PathBuf};

/// Folders from which sources are read.
#[derive(Clone, PartialEq, Eq)]
pub struct SourceRoots {
    /// Folder of the configuration. Paths of sources are relative to it.
    folder: PathBuf,
    /// Further permitted folders.
    further: Vec<PathBuf>,
    /// Folders and files that are never read, wherever they are.
    barred: Vec<PathBuf>,
}

impl SourceRoots {
    /// Permits the folder of the configuration alone.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            further: Vec::new(),
            barred: Vec::new(),
        }
    }

    /// Adds further folders. Relative paths start at the folder of the configuration.
    #[must_use]
    pub fn with_further(mut self, further: impl IntoIterator<Item = PathBuf>) -> Self {
        let further = further.into_iter().map(|root| self.folder.join(root));
        self.further.extend(further.collect::<Vec<_>>());
        self
    }

    /// Excludes these folders and files.
    #[must_use]
    pub fn without_paths(mut self, barred: impl IntoIterator<Item = PathBuf>) -> Self {
        self.barred.extend(barred);
        self
    }

    /// Folder of the configuration.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Opens a file if it is in a permitted folder.
    ///
    /// # Errors
    /// `FILE_MISSING` if the file can't be opened; `SOURCE_OUTSIDE` if it is in another folder.
    pub fn open(&self, path: &Path, shown: &str) -> Result<File, Refusal> {
        let unreadable = |error: std::io::Error| {
            let sentence = format!("`{shown}` can't be read: {error}");
            Refusal::new(ErrorCode::FileMissing, sentence).with_place(shown, None, None)
        };
        let file = File::open(path).map_err(unreadable)?;
        let real = opened_path(&file, path).map_err(unreadable)?;
        let found = file.metadata().map_err(unreadable)?;
        self.judge(&real, Some((found.dev(), found.ino())), shown)?;
        Ok(file)
    }

    /// Checks a path before it is listed, so that the existence of other files is not revealed. The file is checked again when it
    /// is opened.
    ///
    /// # Errors
    /// `SOURCE_OUTSIDE`.
    pub fn admit(&self, path: &Path, shown: &str) -> Result<(), Refusal> {
        match path.canonicalize() {
            Ok(real) => self.judge(&real, None, shown),
            // If nothing exists at the path, only the path itself is checked.
            Err(_) => self.judge(&to_plain_path(path), None, shown),
        }
    }

    fn judge(&self, real: &Path, file: Option<(u64, u64)>, shown: &str) -> Result<(), Refusal> {
        let outside = |why: &str, help: &str| {
            let sentence = format!("`{shown}` {why}");
            let refusal = Refusal::new(ErrorCode::SourceOutside, sentence).with_help(help);
            Err(refusal.with_place(shown, None, None))
        };
        for barred in &self.barred {
            let same = file.is_some_and(|file| {
                let known = std::fs::metadata(barred);
                known.is_ok_and(|known| known.is_file() && (known.dev(), known.ino()) == file)
            });
            if same || real.starts_with(to_canonical_path(barred)) {
                return outside(
                    "is where the connector keeps its state or its keys",
                    "put the rows into a folder of their own",
                );
            }
        }
        let mut roots = std::iter::once(&self.folder).chain(&self.further);
        if roots.any(|root| real.starts_with(to_canonical_path(root))) {
            return Ok(());
        }
        outside(
            "lies outside the folder of the configuration",
            "name its folder: [sources] roots = [\"/srv/data\"]",
        )
    }
}

impl fmt::Debug for SourceRoots {
    /// Only the folder is written, so that a recipe made of this text depends on no machine.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.folder, f)
    }
}

impl From<&Path> for SourceRoots {
    fn from(folder: &Path) -> Self {
        Self::of(folder)
    }
}

impl From<&PathBuf> for SourceRoots {
    fn from(folder: &PathBuf) -> Self {
        Self::of(folder)
    }
}

impl Default for SourceRoots {
    fn default() -> Self {
        Self::of(Path::new(""))
    }
}

/// Path of an open file, independent of the current meaning of its name.
fn opened_path(file: &File, path: &Path) -> std::io::Result<PathBuf> {
    let known = PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()));
    if let Ok(real) = std::fs::read_link(known) {
        return Ok(real);
    }
    // Without the /proc file system: the path, if it still leads to the open file.
    let real = path.canonicalize()?;
    let (open, named) = (file.metadata()?, std::fs::metadata(&real)?);
    if (open.dev(), open.ino()) == (named.dev(), named.ino()) {
        return Ok(real);
    }
    Err(std::io::Error::other("it changed while it was opened"))
}

fn to_canonical_path(path: &Path) -> PathBuf {
    // The folder of a configuration named without a folder is the working directory of this process.
    let path = match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    };
    path.canonicalize().unwrap_or_else(|_| to_plain_path(path))
}

/// Path without `.` and `..`, resolved lexically.
fn to_plain_path(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests;
