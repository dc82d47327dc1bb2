//! Snapshot that is ready for publication.

use crate::in_place_data::InPlaceLocation;
use crate::ingest::ingest_counts::IngestCounts;
use crate::publication::report::{PublicationReport, schema_changes};
use crate::publication::written_snapshot::WrittenSnapshot;
use crate::snapshot::Snapshot;
use crate::snapshot::checked_block_cache::CheckedBlockCache;
use crate::snapshot::checked_files::CheckedFiles;
use crate::snapshot::dataset_dir::{self, DatasetDir};
use crate::snapshot::manifest::Manifest;
use crate::snapshot::segments::FeedSegments;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::Refusal;
use tempfile::TempDir;

/// Snapshot that is complete on disk and not visible yet.
#[derive(Debug)]
pub struct StagedSnapshot {
    /// Catalogue entry.
    pub entry: Dataset,
    /// Digest of the rows.
    pub digest: Digest,
    /// Report of counts and changes.
    pub report: PublicationReport,
    directory: DatasetDir,
    manifest: Manifest,
    folder: TempDir,
}

/// Numbers of files of a source.
#[derive(Debug, Clone, Copy)]
pub(super) struct SourceFileCounts {
    /// All of them.
    pub(super) all: usize,
    /// Those that were read.
    pub(super) read: usize,
}

/// Rows that are written, or that were looked at where they stay, with all that is known of them.
pub(super) struct StagedRows<'p> {
    pub(super) directory: &'p DatasetDir,
    pub(super) folder: TempDir,
    pub(super) entry: Dataset,
    pub(super) before: Option<Manifest>,
    pub(super) inputs: Digest,
    pub(super) files: SourceFileCounts,
    pub(super) in_place: Option<InPlaceLocation>,
    /// Segments of a feed.
    pub(super) segments: Option<FeedSegments>,
    pub(super) counts: IngestCounts,
    pub(super) written: WrittenSnapshot,
}

impl StagedSnapshot {
    pub(super) fn new(rows: StagedRows<'_>) -> Result<Self, Refusal> {
        let StagedRows {
            directory,
            folder,
            entry,
            before,
            inputs,
            files,
            in_place,
            segments,
            counts,
            written,
        } = rows;
        let before = before.map(|manifest| manifest.dataset);
        let report = create_report(&entry, before.as_ref(), files, &written, &counts);
        let manifest = Manifest {
            dataset: entry.clone(),
            files: written.files,
            digest: written.digest,
            inputs,
            in_place,
            segments,
            blocks: written.blocks,
        };
        dataset_dir::write_manifest(folder.path(), &manifest)?;
        Ok(Self {
            entry,
            digest: manifest.digest,
            report,
            directory: directory.clone(),
            manifest,
            folder,
        })
    }

    /// Sets the time of publication, which may be much later than the start of the staging.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL` if the state folder can't be written.
    pub fn stamp(&mut self, now: UtcTimestamp) -> Result<(), Refusal> {
        self.entry.published_at = now;
        if let Some(segments) = &mut self.manifest.segments {
            if let Some(newest) = segments.list.last_mut() {
                newest.segment.arrived = now;
            }
            self.entry.feed = Some(segments.feed());
        }
        self.manifest.dataset = self.entry.clone();
        dataset_dir::write_manifest(self.folder.path(), &self.manifest)
    }

    /// Replaces the published snapshot, which stays on disk until it is retired and has no more readers.
    ///
    /// # Errors
    /// `STATE_BROKEN` or `DISK_FULL` if the state folder can't be written.
    pub fn commit(self) -> Result<Snapshot, Refusal> {
        let folder = dataset_dir::admit_folder(&self.directory, &self.entry.version, self.folder)?;
        let Manifest {
            dataset,
            files,
            digest,
            inputs: _,
            in_place,
            segments,
            blocks,
        } = self.manifest;
        let files = files.iter().map(|name| folder.join(name)).collect();
        let memory = CheckedBlockCache::default();
        let checked = CheckedFiles::of_snapshot(&dataset, files, digest, blocks, memory);
        let snapshot = Snapshot::in_folder(dataset, checked, digest, folder);
        Ok(snapshot.with_stays(in_place).with_segments(segments))
    }
}

fn create_report(
    entry: &Dataset,
    before: Option<&Dataset>,
    files: SourceFileCounts,
    written: &WrittenSnapshot,
    counts: &IngestCounts,
) -> PublicationReport {
    let nulls = entry.columns.iter().zip(&written.stats);
    let nulls = nulls.filter(|(_, stats)| stats.nulls > 0);
    PublicationReport {
        dataset: entry.id.clone(),
        files: files.all,
        files_read: files.read,
        counts: counts.clone(),
        rows: entry.rows,
        arrived: entry.feed.as_ref().map(|_| written.rows),
        nulls: nulls
            .map(|(column, stats)| (column.name.to_string(), stats.nulls))
            .collect(),
        rows_before: before.map(|before| before.rows),
        schema_changes: before
            .map(|before| schema_changes(&before.columns, &entry.columns))
            .unwrap_or_default(),
    }
}
