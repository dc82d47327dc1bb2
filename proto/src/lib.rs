//! Formats of the wire and of files, and their domain types, with conversions in both directions.
//!
//! Contracts, receipts, messages to peers and policy files each have one form here. The readers are strict, so that two connectors
//! understand equal bytes equally.
//!
//! # The walk
//!
//! 1. **Policy file.** [`policy_toml::parse_policy`] reads TOML into a [`PolicyDraft`]. A [`PolicyTemplate`] makes such a file from
//!    parameters.
//! 2. **ODRL.** [`odrl::to_json`] writes an [`OdrlPolicy`], [`odrl::from_json`] reads it.
//! 3. **Contract.** [`contract::to_bytes`] writes the payload that both parties sign. [`envelope::signing_input`] gives the
//!    bytes for each signature, [`envelope::assemble_statement`] the envelope. [`envelope::parse_contract`] reads it into a
//!    [`SignedContract`]. [`render::render_agreement`] writes its page for people.
//! 4. **Catalog.** [`dataset`] and [`offer`] are the entries of a [`CatalogEntryPage`].
//! 5. **Peer.** A [`PeerGreeting`], then [`PeerMessage`] values and [`QueryRequestEnvelope`] values.
//! 6. **Receipt.** A [`Receipt`] says what was sent in one answer. [`envelope::parse_receipt`] reads a [`SignedReceipt`].
//! 7. **Statements.** [`WithdrawalStatement`], [`DeletionStatement`], [`UsageStatement`], [`IncidentStatement`] and others.
//! 8. **Own machines.** An [`AdminCommand`] gives [`AdminEvent`] values; a [`WorkerTicket`] goes to a worker.
//!
//! [`SignedContract`]: hansa_policy::SignedContract
//!
//! # What it must never do
//!
//! - Accept unknown content. It is refused.
//! - Accept two spellings of one signed content.
//! - Verify a signature or open a connection.
//!
//! # A policy file
//!
//! ```
//! use hansa_policy::Term;
//! use hansa_proto::policy_toml;
//! # use hansa_catalog::Dataset;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let dataset = Dataset {
//! #     id: "hansa://lindau.example/d/bikes".parse()?,
//! #     title: "Bicycles".to_owned(),
//! #     licence: "CC-BY-4.0".to_owned(),
//! #     attribution: None,
//! #     high_value: false,
//! #     model: None,
//! #     kind: None,
//! #     description: hansa_catalog::DatasetDescription::default(),
//! #     queries: Vec::new(),
//! #     unit_column: None,
//! #     personal: false,
//! #     columns: Vec::new(),
//! #     whole_schema: None,
//! #     grid: None,
//! #     feed: None,
//! #     version: "2026-11-20.1".to_owned(),
//! #     published_at: "2026-11-20T08:00:00Z".parse()?,
//! #     rows: 12,
//! #     bytes: 600,
//! #     time_span: None,
//! #     area: None,
//! #     zone: "Europe/Berlin".to_owned(),
//! # };
//!
//! let text = r#"
//! title = "Counts for research"
//! purpose = ["dpv:AcademicResearch"]
//! columns = ["site", "bikes"]
//! rows = "bikes > 0"
//! "#;
//! let draft = policy_toml::parse_policy(text, "research.toml", &dataset).map_err(|problems| format!("{problems:?}"))?;
//! assert_eq!(draft.title, "Counts for research");
//! assert_eq!(draft.clauses.len(), 3);
//! assert!(matches!(draft.clauses[1].term, Term::Columns(_)));
//!
//! // Each problem has its line and the nearest word that is known.
//! let problems = policy_toml::parse_policy("title = \"x\"\ncolunms = [\"site\"]", "research.toml", &dataset).unwrap_err();
//! let place = problems[0].location.as_ref().ok_or("no place")?;
//! assert_eq!((place.file.as_str(), place.line), ("research.toml", Some(2)));
//! assert!(problems[0].help[0].contains("columns"));
//! # Ok(())
//! # }
//! ```
//!
//! # A policy as ODRL
//!
//! ```
//! use hansa_audit_log::Json;
//! use hansa_policy::{Clause, ClauseId, Term};
//! use hansa_proto::{OdrlAssignee, OdrlPolicy, odrl};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let policy = OdrlPolicy {
//!     uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
//!     assigner: "lindau.example".parse()?,
//!     assignee: OdrlAssignee::Participant("firm.example".parse()?),
//!     dataset: "hansa://lindau.example/d/bikes".parse()?,
//!     clauses: vec![Clause { id: ClauseId(2), term: Term::Columns(vec!["site".parse()?]) }],
//! };
//! let json = odrl::to_json(&policy);
//! assert_eq!(json.get("@type").and_then(Json::as_text), Some("Agreement"));
//! assert_eq!(odrl::from_json(json.clone())?, policy);
//!
//! // A member that this version does not know is refused, not skipped.
//! let Json::Object(mut members) = json else { return Err("no object".into()) };
//! members.insert("h:extension".to_owned(), Json::Bool(true));
//! assert!(odrl::from_json(Json::Object(members)).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Purposes
//!
//! Purposes are those of the Data Privacy Vocabulary. A narrower purpose is covered by a wider one.
//!
//! ```
//! use hansa_proto::purpose_taxonomy;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let purposes = purpose_taxonomy::embedded_vocabulary();
//! let (research, academic) = ("dpv:ResearchAndDevelopment".parse()?, "dpv:AcademicResearch".parse()?);
//! assert!(purposes.covers(&research, &academic));
//! assert!(!purposes.covers(&academic, &research));
//! assert!(!purposes.contains(&"dpv:Curiosity".parse()?));
//! # Ok(())
//! # }
//! ```
//!
//! # Strict bytes
//!
//! ```
//! use hansa_policy::ErrorCode;
//! use hansa_proto::{WithdrawalStatement, statement};
//! # use hansa_audit_log::Digest;
//! # use hansa_policy::ContractId;
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let statement = WithdrawalStatement {
//!     contract: ContractId(Digest::of(b"payload")),
//!     party: "firm.example".parse()?,
//!     effective_at: "2026-11-20T08:00:00Z".parse()?,
//!     issued_at: "2026-11-20T08:00:00Z".parse()?,
//!     reason: "the project is over".to_owned(),
//! };
//! let bytes = statement::to_bytes(&statement);
//! assert_eq!(statement::from_bytes::<WithdrawalStatement>(&bytes)?, statement);
//!
//! // The same content in another spelling is another statement, and nobody signed it.
//! let spaced = String::from_utf8(bytes)?.replace(':', ": ");
//! let refusal = statement::from_bytes::<WithdrawalStatement>(spaced.as_bytes()).unwrap_err();
//! assert_eq!(refusal.code, ErrorCode::StatementMalformed);
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

pub mod admin;
pub mod base64url;
pub mod canonical_document;
pub mod cluster;
pub mod comment;
pub mod contract;
pub mod contract_draft;
pub mod credential;
pub mod dataset;
pub mod deletion;
pub mod dispute;
pub mod envelope;
pub mod group;
pub mod house_grant;
pub mod incident;
pub mod mandate;
pub mod notice;
pub mod odrl;
pub mod offer;
pub mod peer;
pub mod policy_toml;
pub mod published_list;
pub mod purpose_taxonomy;
pub mod receipt;
pub mod render;
pub mod restriction;
pub mod rulebook_acceptance;
pub mod rulebook_toml;
#[cfg(test)]
mod samples;
pub mod statement;
pub mod stored_message;
pub mod strict_json;
pub mod template;
pub mod usage;
pub mod withdrawal;

pub use crate::admin::command::AdminCommand;
pub use crate::admin::event::AdminEvent;
pub use crate::cluster::WorkerTicket;
pub use crate::comment::CommentStatement;
pub use crate::contract_draft::ContractDraft;
pub use crate::credential::CredentialStatement;
pub use crate::deletion::DeletionStatement;
pub use crate::dispute::DisputeStatement;
pub use crate::envelope::kind::StatementKind;
pub use crate::group::GroupStatement;
pub use crate::incident::IncidentStatement;
pub use crate::notice::NoticeStatement;
pub use crate::odrl::{OdrlAssignee, OdrlPolicy};
pub use crate::peer::catalog_page::{CatalogEntryPage, CatalogPageRequest};
pub use crate::peer::greeting::PeerGreeting;
pub use crate::peer::message::{MessageContent, PeerMessage, PeerMessageId};
pub use crate::peer::proof::{LogProof, LogProofRequest};
pub use crate::peer::query_request::QueryRequestEnvelope;
pub use crate::peer::witness::{CosignOutcome, HeadSubmission};
pub use crate::policy_toml::{PolicyDraft, PolicyFileText};
pub use crate::receipt::{AnswerOutcome, Receipt, ResultDigest, SignedReceipt};
pub use crate::rulebook_acceptance::RulebookAcceptanceStatement;
pub use crate::rulebook_toml::RulebookFile;
pub use crate::statement::{SignedStatement, Statement};
pub use crate::template::PolicyTemplate;
pub use crate::usage::UsageStatement;
pub use crate::withdrawal::WithdrawalStatement;
