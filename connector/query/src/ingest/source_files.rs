//! Files of a source: single files, folders, and patterns with `*`, in sorted order.

use crate::ingest::config::{ConfigLocation, SourceConfig, SourceKind};
use crate::ingest::content_kind::{GTFS, unsupported_kind_refusal};
use crate::ingest::packed_file::archive_names::is_gtfs;
use crate::ingest::source_roots::SourceRoots;
use hansa_audit_log::digest::{Digest, IncrementalDigest};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Source file, and its name in messages and in `_file`.
#[derive(Debug, Clone)]
pub struct SourceFile {
    /// Name relative to the folder of the configuration.
    pub display_name: String,
    /// Path of the file.
    path: PathBuf,
    /// Permitted folders.
    roots: SourceRoots,
}

impl SourceFile {
    /// Creates a source file from a path.
    #[must_use]
    pub const fn new(path: PathBuf, shown: String, roots: SourceRoots) -> Self {
        Self {
            display_name: shown,
            path,
            roots,
        }
    }

    /// Path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the file if it is in a permitted folder.
    ///
    /// # Errors
    /// `FILE_MISSING`, `SOURCE_OUTSIDE`.
    pub fn open(&self) -> Result<File, Refusal> {
        self.roots.open(&self.path, &self.display_name)
    }

    /// Digest of the file's bytes.
    ///
    /// # Errors
    /// `FILE_MISSING`, `SOURCE_OUTSIDE`.
    pub fn digest(&self) -> Result<Digest, Refusal> {
        digest_of(self.open()?, &self.display_name).map(|(digest, _)| digest)
    }
}

/// Lists all files of a source, sorted by name, without duplicates.
///
/// # Errors
/// `FILE_MISSING` if a path matches no file; `SOURCE_OUTSIDE` if it leads out of the permitted folders.
pub fn list_files(config: &SourceConfig, roots: &SourceRoots) -> Result<Vec<SourceFile>, Refusal> {
    let folder = roots.folder();
    let placed = |refusal: Refusal| {
        let ConfigLocation { file, line } = &config.location;
        refusal.with_place(file.clone(), Some(*line), Some("path".to_owned()))
    };
    let mut found = Vec::new();
    for path in &config.paths {
        let before = found.len();
        let whole = folder.join(path);
        if whole.is_dir() {
            roots.admit(&whole, path).map_err(placed)?;
            let entries = std::fs::read_dir(&whole)
                .map_err(|error| missing_file_refusal(config, path, &error.to_string()))?;
            for entry in entries {
                let entry = entry
                    .map_err(|error| missing_file_refusal(config, path, &error.to_string()))?;
                if entry.path().is_file() && has_extension(&entry.path(), config.kind) {
                    found.push(to_source_file(&entry.path(), roots));
                }
            }
        } else if whole.is_file() {
            found.push(to_source_file(&whole, roots));
        } else {
            // Only the configured path is a pattern; the folder of the configuration is escaped.
            let escaped = glob::Pattern::escape(&folder.to_string_lossy());
            let pattern = Path::new(&escaped).join(path);
            let hits = glob::glob(&pattern.to_string_lossy())
                .map_err(|error| missing_file_refusal(config, path, error.msg))?;
            for hit in hits {
                let hit =
                    hit.map_err(|error| missing_file_refusal(config, path, &error.to_string()))?;
                if hit.is_file() {
                    found.push(to_source_file(&hit, roots));
                }
            }
        }
        if found.len() == before {
            return Err(missing_file_refusal(config, path, "no file is there"));
        }
    }
    found.sort_by(|one: &SourceFile, other| {
        (&one.display_name, &one.path).cmp(&(&other.display_name, &other.path))
    });
    found.dedup_by(|one, other| one.path == other.path);
    if config.kind == SourceKind::Text {
        refuse_feed(config, &found)?;
    }
    refuse_packed_copies(&found).map_err(placed)?;
    for file in &found {
        roots
            .admit(&file.path, &file.display_name)
            .map_err(placed)?;
    }
    Ok(found)
}

/// Digest of a file's bytes, and its size.
///
/// # Errors
/// `FILE_MISSING` if the file can't be read.
pub fn digest_file(file: &Path, shown: &str) -> Result<(Digest, u64), Refusal> {
    let open = File::open(file).map_err(|error| unreadable_file_refusal(shown, &error))?;
    digest_of(open, shown)
}

fn unreadable_file_refusal(shown: &str, error: &std::io::Error) -> Refusal {
    let sentence = format!("`{shown}` can't be read: {error}");
    Refusal::new(ErrorCode::FileMissing, sentence).with_place(shown, None, None)
}

fn digest_of(mut open: File, shown: &str) -> Result<(Digest, u64), Refusal> {
    let mut hasher = IncrementalDigest::default();
    let mut piece = vec![0_u8; 256 * 1024];
    let mut size = 0_u64;
    loop {
        let count = open
            .read(&mut piece)
            .map_err(|error| unreadable_file_refusal(shown, &error))?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else {
            return Ok((hasher.finish(), size));
        };
        hasher.update(read);
        size = size.saturating_add(u64::try_from(count).unwrap_or_default());
    }
}

fn to_source_file(path: &Path, roots: &SourceRoots) -> SourceFile {
    let shown = path.strip_prefix(roots.folder()).unwrap_or(path);
    let shown = shown.to_string_lossy().into_owned();
    SourceFile::new(path.to_owned(), shown, roots.clone())
}

/// Refuses the files of a GTFS feed as one table, since each of them is a separate table.
fn refuse_feed(config: &SourceConfig, files: &[SourceFile]) -> Result<(), Refusal> {
    let names: Vec<String> = files
        .iter()
        .map(|file| file.display_name.to_ascii_lowercase())
        .collect();
    if is_gtfs(names.iter().map(String::as_str)) {
        return Err(unsupported_kind_refusal(&config.paths.join(", "), GTFS));
    }
    Ok(())
}

/// Refuses a file beside a compressed file of equal name, since its rows would probably count twice.
fn refuse_packed_copies(files: &[SourceFile]) -> Result<(), Refusal> {
    let names: BTreeSet<&str> = files
        .iter()
        .map(|file| file.display_name.as_str())
        .collect();
    let copied = names.iter().find_map(|name| {
        let plain = name.strip_suffix(".gz").or(name.strip_suffix(".zip"))?;
        names.contains(plain).then_some((plain, name))
    });
    match copied {
        None => Ok(()),
        Some((plain, packed)) => Err(Refusal::new(
            ErrorCode::SourceUnreadable,
            format!("`{packed}` seems to be `{plain}`, packed: the same rows would count twice"),
        )
        .with_help("take one of them out of the folder, or name the files in `path`")),
    }
}

fn has_extension(path: &Path, kind: SourceKind) -> bool {
    let wanted: &[&str] = match kind {
        SourceKind::Text => &["csv", "txt", "tsv"],
        SourceKind::Parquet => &["parquet"],
        SourceKind::Arrow => &["arrow", "arrows", "feather"],
        SourceKind::GeoJson => &["geojson", "json", "geojsonl", "geojsons", "jsonl", "ndjson"],
        SourceKind::Json => &["json", "jsonl", "ndjson"],
        SourceKind::Postgres => &[],
    };
    let is_packed = path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("gz"));
    let inner = path.file_stem().map(Path::new);
    let named = if is_packed { inner } else { Some(path) };
    named
        .and_then(Path::extension)
        .is_some_and(|end| wanted.iter().any(|one| end.eq_ignore_ascii_case(one)))
}

fn missing_file_refusal(config: &SourceConfig, path: &str, why: &str) -> Refusal {
    config
        .location
        .refuse(ErrorCode::FileMissing, "path", format!("`{path}`: {why}"))
}
