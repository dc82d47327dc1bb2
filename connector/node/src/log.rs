//! Log of a participant: writing of records, the index made from them, heads, proofs and time stamps.

pub mod audit_event;
pub(crate) mod config_records;
pub(crate) mod evidence_recording;
pub mod index;
pub(crate) mod log_heads;
pub(crate) mod log_proof;
pub mod log_verification;
pub mod record_keeping;
pub mod time_stamp_progress;
pub mod time_stamping;
pub(crate) mod unfiled_documents;
