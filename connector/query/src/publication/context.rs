//! What a publication needs to know beside the configuration of its dataset, and how far it is.

use crate::limits::QueryResourceLimits;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::id::ParticipantId;
use std::path::PathBuf;

/// What a publication needs to know beside the dataset's own configuration.
#[derive(Debug, Clone)]
pub struct PublicationContext {
    /// The participant that publishes.
    pub owner: ParticipantId,
    /// Its zone, for datasets that state none.
    pub zone: String,
    /// The state folder.
    pub state: PathBuf,
    /// The secret under which the schemas of its datasets are named.
    pub schema_secret: [u8; 32],
    /// The time of publication.
    pub now: UtcTimestamp,
    /// What `prepare` and sorting may use.
    pub limits: QueryResourceLimits,
    /// Whether a feed begins again.
    pub anew: bool,
    /// The label of its last publication in the log.
    pub logged: Option<String>,
    /// Whether the published snapshot is damaged: then it is published anew although its sources are the same.
    pub damaged: bool,
}

/// How far a publication is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationProgress<'a> {
    /// A file is looked at.
    File {
        /// The file, as the configuration names it.
        name: &'a str,
        /// How many came before it.
        done: usize,
        /// How many there are.
        of: usize,
        /// Whether it is read anew; otherwise it is known from an earlier publication.
        read: bool,
    },
    /// So many rows were read from a file, and at the end written.
    Rows(u64),
}
