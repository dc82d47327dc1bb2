//! Growth of a feed: published rows do not change, and only new source files are read.

use crate::ingest::config::DatasetConfig;
use crate::ingest::source_files::SourceFile;
use crate::publication::input::{PublicationInputs, feed_recipe};
use crate::publication::written_snapshot::WrittenSnapshot;
use crate::snapshot::block_digests::BlockDigests;
use crate::snapshot::dataset_dir::{self, DatasetDir};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::segments::{FeedSegments, SegmentFiles, SegmentSourceFile};
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::{ColumnType, Dataset, DatasetColumn};
use hansa_catalog::feed::FeedSegment;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Published content of a feed.
#[derive(Debug)]
pub(super) struct FeedAppend {
    dataset: Dataset,
    /// The folder of its published files.
    folder: PathBuf,
    files: Vec<String>,
    segments: FeedSegments,
    blocks: Vec<BlockDigests>,
}

/// Removes the published files from the inputs. Returns `None` if the feed starts with this publication.
///
/// # Errors
/// `FEED_CHANGED` if a published source file or its configuration has changed; `RESOURCE_LIMIT` if the feed has the maximum number
/// of segments.
pub(super) fn find_feed_append(
    config: &DatasetConfig,
    zone: &str,
    inputs: &mut PublicationInputs,
    directory: &DatasetDir,
    published: Option<&Manifest>,
) -> Result<Option<FeedAppend>, Refusal> {
    let Some(published) = published else {
        return Ok(None);
    };
    let Some(segments) = &published.segments else {
        return Ok(None);
    };
    let changed = |what: String| {
        let refusal = config.location.refuse(ErrorCode::FeedChanged, "feed", what);
        refusal.with_help(format!(
            "new rows come in new files; to begin the feed again: hansa dataset publish {} --anew, and its consumers then read it from its beginning",
            config.name
        ))
    };
    if segments.recipe != feed_recipe(config, zone) {
        return Err(changed(format!(
            "the rows of the feed `{}` would be read or prepared in another way than those that are published",
            config.name
        )));
    }
    let folder = dataset_dir::version_folder(directory, &published.dataset.version);
    if dataset_dir::complete_files(published, &folder).is_none() {
        let sentence = format!(
            "the published files of the feed `{}` are damaged",
            config.name
        );
        let refusal = Refusal::new(ErrorCode::SnapshotDamaged, sentence);
        return Err(
            refusal.with_help("put them back from a backup, or begin the feed again with --anew")
        );
    }
    let mut known = BTreeMap::new();
    for source in segments.list.iter().flat_map(|stretch| &stretch.sources) {
        known.insert(source.name.as_str(), &source.key);
    }
    for (file, key) in &inputs.files {
        if known
            .get(file.display_name.as_str())
            .is_some_and(|old| *old != key)
        {
            return Err(changed(format!(
                "`{}` is another file than the one that the feed `{}` has read",
                file.display_name, config.name
            )));
        }
    }
    inputs
        .files
        .retain(|(file, _)| !known.contains_key(file.display_name.as_str()));
    if segments.list.len() >= MOST {
        let sentence = format!(
            "the feed `{}` has {MOST} segments, as many as it may have",
            config.name
        );
        return Err(config
            .location
            .refuse(ErrorCode::ResourceLimit, "feed", sentence)
            .with_help(format!(
                "join small source files and begin the feed again: hansa dataset publish {} --anew",
                config.name
            )));
    }
    Ok(Some(FeedAppend {
        dataset: published.dataset.clone(),
        folder,
        files: published.files.clone(),
        segments: segments.clone(),
        blocks: published.blocks.clone(),
    }))
}

impl FeedAppend {
    /// Refuses a file that was published under another name and no longer exists under that name, since its rows would be published
    /// twice. `rows` returns the row count of a file; files without rows are ignored, because they are all equal.
    ///
    /// # Errors
    /// `FEED_CHANGED`.
    pub(super) fn holds_none_of(
        &self,
        config: &DatasetConfig,
        inputs: &PublicationInputs,
        rows: impl Fn(&Digest) -> u64,
    ) -> Result<(), Refusal> {
        let sources = self.segments.list.iter();
        let sources = sources.flat_map(|stretch| &stretch.sources);
        let gone = sources.filter(|source| !inputs.contents.contains_key(&source.name));
        let gone: BTreeMap<&Digest, &str> = gone
            .map(|source| (&source.content, source.name.as_str()))
            .collect();
        for (file, key) in &inputs.files {
            let content = inputs.contents.get(&file.display_name);
            let Some(before) = content.and_then(|content| gone.get(content)) else {
                continue;
            };
            if rows(key) > 0 {
                let sentence = format!(
                    "`{}` is the file that the feed `{}` has read as `{before}`: its rows would be there twice",
                    file.display_name, config.name
                );
                let refusal = config
                    .location
                    .refuse(ErrorCode::FeedChanged, "feed", sentence);
                return Err(
                    refusal.with_help("rename it back, or delete it: its rows stay published")
                );
            }
        }
        Ok(())
    }

    /// Places the published files before the new ones in `folder`.
    ///
    /// # Errors
    /// `SCHEMA_MISMATCH` if the columns differ, or an error of the disk.
    pub(super) fn join(
        self,
        config: &DatasetConfig,
        entry: &mut Dataset,
        written: &mut WrittenSnapshot,
        folder: &Path,
    ) -> Result<FeedSegments, Refusal> {
        let before = &self.dataset;
        let changes = crate::publication::report::schema_changes(&before.columns, &entry.columns);
        if let Some(change) = changes.first() {
            let sentence = format!("the feed `{}` has other columns: {change}", config.name);
            let refusal = config
                .location
                .refuse(ErrorCode::SchemaMismatch, "feed", sentence);
            return Err(refusal.with_help(format!(
                "begin the feed again: hansa dataset publish {} --anew",
                config.name
            )));
        }
        // The new files are renamed first, because their numbers start at the first one too.
        let own = std::mem::take(&mut written.files);
        let mut files = self.files.clone();
        for (name, number) in own.iter().zip(files.len()..) {
            let target = format!("part-{number:05}.parquet");
            let (from, to) = (folder.join(FRESH).join(name), folder.join(&target));
            std::fs::rename(&from, &to)
                .map_err(|error| dataset_dir::disk_refusal(&from, &error))?;
            files.push(target);
        }
        let fresh = folder.join(FRESH);
        std::fs::remove_dir(&fresh).map_err(|error| dataset_dir::disk_refusal(&fresh, &error))?;
        for name in &self.files {
            dataset_dir::link_file(&self.folder.join(name), &folder.join(name))?;
        }
        let mut segments = self.segments;
        segments.list.push(segment_files(entry, written));
        written.files = files;
        entry.rows = entry.rows.saturating_add(before.rows);
        entry.bytes = entry.bytes.saturating_add(before.bytes);
        entry.time_span = match (before.time_span, entry.time_span) {
            (Some(one), Some(two)) => Some((one.0.min(two.0), one.1.max(two.1))),
            (one, two) => one.or(two),
        };
        entry.area = match (before.area, entry.area) {
            (Some([a, b, c, d]), Some([w, s, e, n])) => {
                Some([a.min(w), b.min(s), c.max(e), d.max(n)])
            }
            (one, two) => one.or(two),
        };
        for (column, old) in entry.columns.iter_mut().zip(&before.columns) {
            // Time values usually continue and keys usually recur; both are estimates.
            let goes_on = matches!(column.kind, ColumnType::Instant | ColumnType::Date);
            let both = column.distinct.saturating_add(old.distinct);
            let both = if goes_on {
                both
            } else {
                column.distinct.max(old.distinct)
            };
            column.distinct = both.next_power_of_two().min(entry.rows.next_power_of_two());
        }
        let content = segments.content();
        written.digest = dataset_dir::digest_of(entry, &content);
        written.content = content;
        let own = std::mem::replace(&mut written.blocks, self.blocks);
        written.blocks.extend(own);
        Ok(segments)
    }

    /// Checks that no rows were added and that the entry is otherwise equal.
    pub(super) fn is_unchanged(&self, entry: &Dataset) -> bool {
        let same = Dataset {
            version: self.dataset.version.clone(),
            published_at: self.dataset.published_at,
            feed: self.dataset.feed.clone(),
            ..entry.clone()
        };
        let report = |dataset: &Dataset| Dataset {
            rows: 0,
            bytes: 0,
            time_span: None,
            area: None,
            columns: dataset
                .columns
                .iter()
                .map(|column| DatasetColumn {
                    distinct: 0,
                    ..column.clone()
                })
                .collect(),
            ..dataset.clone()
        };
        report(&same) == report(&self.dataset)
    }

    /// Returns the published entry.
    pub(super) fn into_dataset(self) -> Dataset {
        self.dataset
    }
}

/// Folder for new rows: a separate one if the feed has published rows.
///
/// # Errors
/// An error of the disk.
pub(super) fn row_folder(growth: Option<&FeedAppend>, folder: &Path) -> Result<PathBuf, Refusal> {
    if growth.is_none() {
        return Ok(folder.to_owned());
    }
    let fresh = folder.join(FRESH);
    std::fs::create_dir(&fresh).map_err(|error| dataset_dir::disk_refusal(&fresh, &error))?;
    Ok(fresh)
}

/// Creates the segments of a feed that starts with these rows.
pub(super) fn begin_feed(
    recipe: Digest,
    entry: &Dataset,
    written: &WrittenSnapshot,
) -> FeedSegments {
    FeedSegments {
        recipe,
        list: vec![segment_files(entry, written)],
    }
}

/// Records the source files of the newest segment.
pub(super) fn record_source_files(segments: &mut FeedSegments, inputs: &PublicationInputs) {
    if let Some(newest) = segments.list.last_mut() {
        let files = inputs.files.iter();
        let source = |(file, key): &(SourceFile, Digest)| {
            Some(SegmentSourceFile {
                name: file.display_name.clone(),
                key: *key,
                content: *inputs.contents.get(&file.display_name)?,
            })
        };
        newest.sources = files.filter_map(source).collect();
    }
}

fn segment_files(entry: &Dataset, written: &WrittenSnapshot) -> SegmentFiles {
    SegmentFiles {
        segment: FeedSegment {
            version: entry.version.clone(),
            arrived: entry.published_at,
            rows: written.rows,
            digest: written.digest,
            time_span: entry.time_span,
        },
        content: written.content.clone(),
        sources: Vec::new(),
    }
}

/// Folder for new rows until the published files are placed before them.
const FRESH: &str = "fresh";

/// Maximum number of segments. Each one has at least one file, and a question opens all files.
const MOST: usize = 4096;
