//! Audit log as data: records, the hash tree over them, the ledger that appends to the log, and the verification of a copy.
//!
//! Every other package builds on this one. A [`Recorded`] value proves that an action of a connector is recorded. Only this package
//! can make one.
//!
//! # The walk
//!
//! 1. A value that implements [`Evidence`] gives the content of its record: a [`RecordBody`].
//! 2. [`Ledger::stage`] writes the [`Record`] after the earlier ones and gives a [`PendingRecord`].
//! 3. [`Ledger::flush`] makes all staged records durable in a [`LogStorage`] and gives a [`FlushProof`].
//! 4. [`PendingRecord::confirm`] takes that proof and gives a [`Recorded`] value with its [`RecordReceipt`].
//! 5. The owner of the log signs a [`Checkpoint`] over all durable records: a [`SignedHead`].
//! 6. A copy is checked with a [`LogVerifier`]. Its [`VerificationReport`] names the first bad record.
//! 7. Two participants compare the sent and the received answers: [`reconcile::reconcile_answers`].
//!
//! # What it must never do
//!
//! - Perform input or output, or read a clock. Storage, time and keys are arguments.
//! - Know the meaning of a record. A body is JSON.
//! - Give a [`Recorded`] value before the storage has confirmed the record.
//!
//! # Recording
//!
//! The ledger gives [`Recorded`] only after the storage has confirmed the bytes.
//!
//! ```
//! use hansa_audit_log::{
//!     ChainState, ClockReading, Evidence, Ledger, LogStorage, RecordBody, RecordMetadata, RecordSalt, StorageError,
//! };
//! use hansa_audit_log::record::publications::UnpublicationRecord;
//! use std::{fs::File, io::Write};
//!
//! struct DatasetRemoval(&'static str);
//!
//! impl Evidence for DatasetRemoval {
//!     fn to_record_body(&self) -> RecordBody {
//!         UnpublicationRecord {
//!             dataset: self.0.to_owned(),
//!             version: "2026-06-01.1".to_owned(),
//!             reason: "doubled rows".to_owned(),
//!         }
//!         .into()
//!     }
//! }
//! # struct FileStorage(File);
//! # impl LogStorage for FileStorage {
//! #     fn append(&mut self, frames: &[u8]) -> Result<(), StorageError> {
//! #         let written = self.0.write_all(frames).and_then(|()| self.0.sync_all());
//! #         written.map_err(|error| StorageError { reason: error.to_string(), full: false })
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let path = std::env::temp_dir().join(format!("hansa-ledger-{}", std::process::id()));
//!
//! let storage = FileStorage(File::create(&path)?);
//! let chain = ChainState::new("lindau.example/hansa/evidence");
//! let mut ledger = Ledger::open(storage, chain, "boot-1");
//! let tick = ClockReading { wall: "2026-11-20T08:00:00Z".parse()?, mono_ns: 0 };
//! let salt = RecordSalt([7; 16]);
//! let recorded = ledger.record(DatasetRemoval("bikes"), RecordMetadata { tick, salt })?;
//!
//! assert_eq!(recorded.receipt().index(), 0);
//! assert_eq!(recorded.0, "bikes");
//! assert_eq!(ledger.durable_head().size, 1);
//! assert!(std::fs::read_to_string(&path)?.contains(r#""dataset":"bikes""#));
//! # std::fs::remove_file(path)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Checking a copy
//!
//! A [`LogVerifier`] takes the lines of a log and its signed heads. It names the first bad record.
//!
//! ```
//! use hansa_audit_log::{FaultKind, LogVerifier, leaf_hash};
//! # use hansa_audit_log::{ChainState, Json, Record, RecordSalt};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut chain = ChainState::new("lindau.example/hansa/evidence");
//! # let mut lines = Vec::new();
//! # for number in 0..3 {
//! #     let record = Record {
//! #         log: chain.log_origin().to_owned(),
//! #         seq: chain.next(),
//! #         at: "2026-11-20T08:00:00Z".parse()?,
//! #         boot: "boot-1".to_owned(),
//! #         mono: 0,
//! #         salt: RecordSalt([7; 16]),
//! #         kind: "sample".to_owned(),
//! #         prev: chain.last_leaf(),
//! #         body: Json::object([("number", Json::Int(number))]),
//! #     };
//! #     let line = record.to_bytes();
//! #     chain.accept_record(&line)?;
//! #     lines.push(line);
//! # }
//! # let head = chain.head();
//! let check = |lines: &[Vec<u8>], leaves| {
//!     let mut verifier = LogVerifier::new("lindau.example/hansa/evidence", &[head.clone()], &[], leaves);
//!     for line in lines {
//!         verifier.push(line);
//!     }
//!     verifier.finish(false)
//! };
//! let leaves: Vec<_> = lines.iter().map(|line| leaf_hash(line)).collect();
//! let report = check(&lines, leaves.clone());
//! assert_eq!((report.records, report.covered, report.fault), (3, 3, None));
//!
//! let edited = String::from_utf8(lines[1].clone())?.replace(r#""number":1"#, r#""number":9"#);
//! lines[1] = edited.into_bytes();
//! let fault = check(&lines, leaves).fault.ok_or("the edit was not found")?;
//! assert_eq!((fault.index, fault.what), (1, FaultKind::Edited));
//! # Ok(())
//! # }
//! ```
//!
//! # Proofs
//!
//! The tree is that of RFC 9162, which for SHA-256 is the one of RFC 6962. An inclusion proof shows that one record is in
//! the log. A consistency proof shows that a log only grew.
//!
//! ```
//! use hansa_audit_log::{MerkleTree, check_consistency, check_inclusion, leaf_hash};
//!
//! let records: [&[u8]; 3] = [b"first", b"second", b"third"];
//! let tree = MerkleTree::of(records.map(leaf_hash));
//! let root = tree.root(3).unwrap();
//!
//! let proof = tree.inclusion_proof(1, 3).unwrap();
//! assert!(check_inclusion(1, 3, leaf_hash(b"second"), &proof, root));
//! assert!(!check_inclusion(1, 3, leaf_hash(b"another"), &proof, root));
//!
//! let older = tree.root(2).unwrap();
//! let proof = tree.consistency_proof(2, 3).unwrap();
//! assert!(check_consistency(2, 3, older, root, &proof));
//! assert!(!check_consistency(2, 3, leaf_hash(b"another"), root, &proof));
//! ```
//!
//! # Heads
//!
//! A [`SignedHead`] is a C2SP checkpoint note. It has one canonical form. Its signature is checked with a [`NoteVerifier`]; the
//! product's is in `hansa-audit-store`.
//!
//! ```
//! use hansa_audit_log::{Digest, SignedHead};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! // The head of an empty log: origin, size, root, and a signature by a key with the same name.
//! let note = "lindau.example/hansa/evidence\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n\
//!             — lindau.example/hansa/evidence AAAAAAECAwQ=\n";
//! let head: SignedHead = note.parse()?;
//! assert_eq!(head.checkpoint.size, 0);
//! assert_eq!(head.checkpoint.root, Digest::of(b""));
//! assert_eq!(head.to_string(), note);
//!
//! let another_spelling = note.replace("\n0\n", "\n00\n");
//! assert!(another_spelling.parse::<SignedHead>().is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Canonical JSON
//!
//! Signatures and hashes cover the canonical form of RFC 8785. The reader refuses input that other readers change silently.
//!
//! ```
//! use hansa_audit_log::{JsonErrorKind, JsonLimits, to_canonical_bytes, json};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let value = json::parse_json(br#"{ "rows": 12, "city": "Lindau" }"#, JsonLimits::default())?;
//! assert_eq!(to_canonical_bytes(&value), br#"{"city":"Lindau","rows":12}"#);
//!
//! let twice = json::parse_json(br#"{"rows": 12, "rows": 13}"#, JsonLimits::default());
//! assert_eq!(twice.unwrap_err().what, JsonErrorKind::Duplicate);
//! let fraction = json::parse_json(br#"{"rows": 0.1}"#, JsonLimits::default());
//! assert_eq!(fraction.unwrap_err().what, JsonErrorKind::NotAnInteger);
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

pub mod answer_bound;
pub mod chain;
pub mod day_zone;
pub mod digest;
mod hexadecimal;
pub mod json;
pub mod ledger;
pub mod note;
pub mod reconcile;
pub mod record;
pub mod storage;
pub mod tile;
pub mod time;
pub mod tree;
pub mod verifier;

#[cfg(test)]
mod testing;

pub use crate::chain::{ChainError, ChainState};
pub use crate::digest::Digest;
pub use crate::json::{Json, JsonError, JsonErrorKind, JsonLimits, to_canonical_bytes};
pub use crate::ledger::{
    Evidence, FlushProof, Ledger, LedgerError, PendingRecord, RecordMetadata, RecordReceipt,
    Recorded,
};
pub use crate::note::{Checkpoint, NoteKey, NoteSigner, NoteVerifier, SignedHead};
pub use crate::reconcile::{AnswerSummary, Reconciliation, ReconciliationFinding};
pub use crate::record::body::RecordBody;
pub use crate::record::{Record, RecordSalt};
pub use crate::storage::{LogStorage, StorageError};
pub use crate::time::{Clock, ClockReading, UtcTimestamp};
pub use crate::tree::{MerkleTree, check_consistency, check_inclusion, leaf_hash};
pub use crate::verifier::{FaultKind, LogVerifier, VerificationFault, VerificationReport};
