//! The files that a source names: single ones, folders, and patterns with `*`, in sorted order.

use crate::source::config::{Kind, SourceConfig};
use evidence::digest::{Digest, Hasher};
use policy::refusal::{Code, Refusal};
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// A file and the name under which messages and `_file` show it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceFile {
    /// Relative to the folder of the configuration.
    pub shown: String,
    /// Where it is.
    pub path: PathBuf,
}

/// All files of a source, sorted by name, each once.
///
/// # Errors
/// `FILE_MISSING` where a path names nothing.
pub fn list(config: &SourceConfig, folder: &Path) -> Result<Vec<SourceFile>, Refusal> {
    let mut found = Vec::new();
    for path in &config.paths {
        let before = found.len();
        let whole = folder.join(path);
        if whole.is_dir() {
            let entries = std::fs::read_dir(&whole)
                .map_err(|error| missing(config, path, &error.to_string()))?;
            for entry in entries {
                let entry = entry.map_err(|error| missing(config, path, &error.to_string()))?;
                if entry.path().is_file() && has_extension(&entry.path(), config.kind) {
                    found.push(named(&entry.path(), folder));
                }
            }
        } else if whole.is_file() {
            found.push(named(&whole, folder));
        } else {
            // Only what the configuration wrote is a pattern, not the folder that it stands in.
            let escaped = glob::Pattern::escape(&folder.to_string_lossy());
            let pattern = Path::new(&escaped).join(path);
            let hits = glob::glob(&pattern.to_string_lossy())
                .map_err(|error| missing(config, path, error.msg))?;
            for hit in hits {
                let hit = hit.map_err(|error| missing(config, path, &error.to_string()))?;
                if hit.is_file() {
                    found.push(named(&hit, folder));
                }
            }
        }
        if found.len() == before {
            return Err(missing(config, path, "no file is there"));
        }
    }
    found.sort();
    found.dedup();
    Ok(found)
}

/// The digest of a file's bytes.
///
/// # Errors
/// `FILE_MISSING` where it can't be read.
pub fn digest(file: &Path, shown: &str) -> Result<(Digest, u64), Refusal> {
    let unreadable = |error: std::io::Error| {
        Refusal::new(
            Code::FileMissing,
            format!("`{shown}` can't be read: {error}"),
        )
        .with_place(shown, None, None)
    };
    let mut open = File::open(file).map_err(unreadable)?;
    let mut hasher = Hasher::default();
    let mut piece = vec![0_u8; 256 * 1024];
    let mut size = 0_u64;
    loop {
        let count = open.read(&mut piece).map_err(unreadable)?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            return Ok((hasher.finish(), size));
        };
        hasher.update(read);
        size = size.saturating_add(u64::try_from(count).unwrap_or_default());
    }
}

fn named(path: &Path, folder: &Path) -> SourceFile {
    let shown = path.strip_prefix(folder).unwrap_or(path);
    SourceFile {
        shown: shown.to_string_lossy().into_owned(),
        path: path.to_owned(),
    }
}

fn has_extension(path: &Path, kind: Kind) -> bool {
    let wanted: &[&str] = match kind {
        Kind::Text => &["csv", "txt", "tsv"],
        Kind::Parquet => &["parquet"],
        Kind::GeoJson => &["geojson", "json"],
        Kind::Postgres => &[],
    };
    path.extension()
        .is_some_and(|end| wanted.iter().any(|one| end.eq_ignore_ascii_case(one)))
}

fn missing(config: &SourceConfig, path: &str, why: &str) -> Refusal {
    config
        .place
        .refuse(Code::FileMissing, "path", format!("`{path}`: {why}"))
}
