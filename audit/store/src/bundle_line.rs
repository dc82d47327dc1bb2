//! The lines of a bundle, as an export writes them and as a check reads them.

use crate::filter::RecordFilter;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{NoteKey, SignedHead, base64};
use serde::{Deserialize, Serialize};

/// The form that the first line names.
pub(crate) const FORM: &str = "bundle/1";

/// The first line, beside the name of its form.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundleHeader {
    pub(crate) keys: Vec<NoteKey>,
    pub(crate) head: SignedHead,
    /// Filter of the records; a whole log has none.
    pub(crate) choice: Option<RecordFilter>,
    pub(crate) records: u64,
}

/// Place and proof of a record, which is one more member of its line, `record`.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordLine {
    pub(crate) index: u64,
    /// The leaf hash, in a whole log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) leaf: Option<Digest>,
    /// The inclusion proof, in a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) proof: Option<Vec<Digest>>,
}

/// A head.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct HeadLine {
    pub(crate) head: SignedHead,
    /// The token over the note of the head.
    pub(crate) time_stamp: Option<TimeStampToken>,
    /// The proof that the log went on from there, in a part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) consistency: Option<Vec<Digest>>,
}

/// A time stamp token in DER.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct TimeStampToken(#[serde(with = "base64")] pub(crate) Vec<u8>);

/// The last line.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndLine {
    pub(crate) end: BundleEnd,
}

/// Counts of the lines of a bundle, and the digest of all lines before the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BundleEnd {
    pub(crate) records: u64,
    pub(crate) documents: u64,
    pub(crate) heads: u64,
    #[serde(rename = "sha256")]
    pub(crate) sum: Digest,
}
