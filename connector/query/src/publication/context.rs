//! Context of a publication, and its progress.

use crate::limits::QueryResourceLimits;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use std::path::PathBuf;

/// Context of a publication, in addition to the configuration of the dataset.
#[derive(Debug, Clone)]
pub struct PublicationContext {
    /// Participant that publishes.
    pub owner: ParticipantId,
    /// Time zone of the participant, for datasets without one.
    pub zone: String,
    /// State folder.
    pub state: PathBuf,
    /// Secret from which the names of schemas are derived.
    pub schema_secret: [u8; 32],
    /// Time of the publication.
    pub now: UtcTimestamp,
    /// Limits for `prepare` and sorting.
    pub limits: QueryResourceLimits,
    /// Set if a feed starts again.
    pub anew: bool,
    /// Label of the last publication in the log.
    pub logged: Option<String>,
    /// Set if the published snapshot is damaged. It is then published again even if the sources have not changed.
    pub damaged: bool,
}

/// Progress of a publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationProgress<'a> {
    /// File in progress.
    File {
        /// Name of the file as in the configuration.
        name: &'a str,
        /// Number of files before this one.
        done: usize,
        /// Total number of files.
        of: usize,
        /// Set if the file is read; otherwise its rows are known from an earlier publication.
        read: bool,
    },
    /// Number of rows read from a file, and at the end the number of rows written.
    Rows(u64),
}
