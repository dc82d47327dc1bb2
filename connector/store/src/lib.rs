//! Storage of a participant beside its log: signed documents in files, and the index of its state in SQLite.
//!
//! # The walk
//!
//! 1. A document is written first: [`DocumentFolder::keep_document`] gives the digest by which a record names it.
//! 2. It is recorded in the audit log (`hansa-audit-store`).
//! 3. [`StateIndex::apply_changes`] applies the record to the index: an [`IndexTransaction`] makes all changes up to a position of the
//!    log, or none.
//! 4. Queries of the index are methods of [`StateIndex`] in [`state_index::query`]; their rows are in [`state_index::row`].
//!
//! # What it must never do
//!
//! - Hold index state that the log can't restore. A lost index is rebuilt from position 0.
//! - Open an index that is ahead of its log.
//! - Overwrite a document, or return one whose bytes were changed.
//!
//! # Documents
//!
//! ```
//! use hansa_policy::refusal::ErrorCode;
//! use hansa_store::{DocumentFolder, StoredDocumentKind};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//!
//! let documents = DocumentFolder::open(folder.path())?;
//! let digest = documents.keep_document(StoredDocumentKind::Receipt, b"a signed receipt")?;
//! assert_eq!(documents.read_document(StoredDocumentKind::Receipt, digest)?, b"a signed receipt");
//!
//! // The file is named by the digest of its bytes. Other bytes are found out.
//! let receipts = folder.path().join("receipts");
//! let file = std::fs::read_dir(receipts)?.next().ok_or("no file")??.path();
//! std::fs::write(file, b"another receipt!")?;
//! let refusal = documents.read_document(StoredDocumentKind::Receipt, digest).unwrap_err();
//! assert_eq!(refusal.code, ErrorCode::StateBroken);
//! # Ok(())
//! # }
//! ```
//!
//! # The index
//!
//! ```
//! use hansa_policy::refusal::ErrorCode;
//! use hansa_store::StateIndex;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("state.db");
//!
//! // The log holds one record: the publication of a dataset.
//! let mut index = StateIndex::open(&file, 1)?;
//! index.apply_changes(1, |change| change.set_publication("hansa://lindau.example/d/bikes", "{}", 0))?;
//! assert_eq!(index.publications()?, [("hansa://lindau.example/d/bikes".to_owned(), "{}".to_owned())]);
//! assert_eq!(index.position(), 1);
//! drop(index);
//!
//! // With an older log, the same index is refused.
//! let refusal = StateIndex::open(&file, 0).unwrap_err();
//! assert_eq!(refusal.code, ErrorCode::LedgerRollback);
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

pub mod document_folder;
pub mod state_index;

pub use crate::document_folder::{DocumentFolder, StoredDocumentKind, UnusableContractFile};
pub use crate::state_index::StateIndex;
pub use crate::state_index::index_transaction::IndexTransaction;
