//! Participants, contracts, terms, and the decision on a question.
//!
//! A provider answers a question only as far as a contract with both signatures permits. This package defines contracts, their
//! negotiation and their meaning. It decides; other packages record, enforce and execute.
//!
//! # The walk
//!
//! 1. **Identify.** The TLS handshake gives a [`PeerCertificate`]. [`Roster::recognise`] checks it against the current trust bundle
//!    and gives a [`VerifiedPeer`].
//! 2. **Negotiate.** A [`NegotiationState`] takes one [`NegotiationMessage`] after another. The result is a [`SignedContract`].
//! 3. **Verify.** [`SignedContract::verify`] checks each signature with a [`SignatureVerifier`] and gives a [`VerifiedContract`].
//!    The [`ContractRegistry`] admits it once its record is durable.
//! 4. **Contract.** [`ContractRegistry::in_force`] takes the [`VerifiedPeer`] and the contracts that the peer names, and gives
//!    [`ActiveContracts`]. For local users [`ContractRegistry::owner_contracts`] gives the house contract.
//! 5. **Check without a plan.** [`check_admissibility`] looks at time, party, purpose and restrictions.
//! 6. **Decide.** [`decide_question`] takes [`ActiveContracts`], a [`DecisionInput`] and a question with its [`QueryShape`]. It gives a
//!    [`PermitDecision`] with the [`Effect`] list of each dataset, or a [`Refusal`] with the code of the first check that fails.
//! 7. **Refuse.** A refusal is a [`PendingRefusal`] until it is recorded.
//! 8. **Withdraw.** [`VerifiedContract::verify_withdrawal`] makes a [`VerifiedWithdrawal`]; its record ends the contract.
//!
//! # What it must never do
//!
//! - Perform input or output, or read a clock. Everything that a decision depends on is in [`DecisionInput`].
//! - Know query plans, Arrow data, wire formats or certificates.
//! - Permit what it does not know. An unknown term, purpose or column refuses.
//!
//! # Names
//!
//! A name is parsed once. After that it can't be malformed.
//!
//! ```
//! use hansa_policy::{DatasetId, IdentifierError, ParticipantId, SqlIdentifier};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let lindau: ParticipantId = "lindau.example".parse()?;
//! assert_eq!(lindau.as_str(), "hansa://lindau.example");
//! let bikes: DatasetId = "hansa://lindau.example/d/bike_counts".parse()?;
//! assert_eq!((bikes.owner, bikes.name.as_str()), (lindau, "bike_counts"));
//!
//! let injected = "bikes; DROP TABLE bikes".parse::<SqlIdentifier>();
//! assert_eq!(injected, Err(IdentifierError::Name));
//! assert_eq!("information_schema".parse::<SqlIdentifier>(), Err(IdentifierError::Reserved));
//! # Ok(())
//! # }
//! ```
//!
//! # Refusals
//!
//! A [`Refusal`] has a code of the registry, one sentence, and what would help. The code decides the exit code of the
//! command line and the status on the wire.
//!
//! ```
//! use hansa_policy::{ClauseId, ErrorClass, ErrorCode, Refusal};
//!
//! let refusal = Refusal::new(ErrorCode::ColumnUnknown, "no column `device` in `bikes`")
//!     .with_clause(ClauseId(3), "the columns site and bikes")
//!     .with_help("ask for the columns that the contract shows");
//! assert_eq!(refusal.to_string(), "COLUMN_UNKNOWN: no column `device` in `bikes` (clause #c3)");
//! assert_eq!("COLUMN_UNKNOWN".parse::<ErrorCode>(), Ok(refusal.code));
//!
//! let over = ErrorCode::Expired;
//! assert_eq!((over.kind(), over.kind().exit_code()), (ErrorClass::State, 3));
//! assert!(over.remedy().contains("hansa contract request"));
//! ```
//!
//! # A row filter
//!
//! The language of row filters has no functions, so that evaluating it can't fail. It has one canonical text.
//!
//! ```
//! use hansa_policy::{ErrorCode, RowFilter, row_filter};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let filter: RowFilter = row_filter::parse_row_filter("district in ('A','B') and bikes >= 10")?;
//! let canonical = filter.to_string();
//! assert_eq!(row_filter::parse_row_filter(&canonical)?, filter);
//! assert_eq!(filter.collect_columns().len(), 2);
//!
//! let call = row_filter::parse_row_filter("upper(district) = 'A'").unwrap_err();
//! assert_eq!(call.code, ErrorCode::TermUnknown);
//! # Ok(())
//! # }
//! ```
//!
//! # Deciding
//!
//! A contract in force needs real signatures, so an example with one is in the documentation of `hansa-verify`. In this example the
//! owner simulates a draft for its assignee with [`ContractRegistry::suppose_draft`]. The function of the decision is the same.
//!
//! ```
//! use hansa_policy::{Clause, ClauseId, ContractRegistry, ErrorCode, ParticipantId, Term, decide_question};
//! # use hansa_audit_log::Digest;
//! # use hansa_policy::term::purpose::Taxonomy;
//! # use hansa_policy::{
//! #     Agreement, Assignee, ContractParty, DatasetId, DatasetRef, DecisionInput, JoinUse, QueryShape, RequestId, SqlIdentifier,
//! # };
//! # use std::collections::{BTreeMap, BTreeSet};
//! # #[derive(Debug)]
//! # struct Question(BTreeMap<DatasetId, BTreeSet<SqlIdentifier>>);
//! # impl QueryShape for Question {
//! #     fn used_columns(&self) -> &BTreeMap<DatasetId, BTreeSet<SqlIdentifier>> {
//! #         &self.0
//! #     }
//! #     fn digest(&self) -> Digest {
//! #         Digest::of(b"plan")
//! #     }
//! #     fn dataset_joins(&self) -> BTreeMap<DatasetId, JoinUse> {
//! #         BTreeMap::new()
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let party = |id: &str| -> Result<ContractParty, hansa_policy::IdentifierError> {
//! #     Ok(ContractParty {
//! #         id: id.parse()?,
//! #         name: id.to_owned(),
//! #         legal_id: None,
//! #         signing_key: "key".to_owned(),
//! #         tls_issuer: Digest::of(b"issuer"),
//! #     })
//! # };
//! # let bikes: DatasetId = "hansa://lindau.example/d/bikes".parse()?;
//! # let schema = Digest::of(b"schema");
//! # let mut draft = Agreement {
//! #     uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
//! #     version: 1,
//! #     supersedes: None,
//! #     provider: party("lindau.example")?,
//! #     assignee: Assignee::Participant(party("firm.example")?),
//! #     dataset: DatasetRef { id: bikes.clone(), schema, high_value: false },
//! #     clauses: Vec::new(),
//! #     not_before: "2026-01-01T00:00:00Z".parse()?,
//! #     not_after: "2027-01-01T00:00:00Z".parse()?,
//! #     purposes: "none".to_owned(),
//! #     own_purposes: Vec::new(),
//! #     legal: None,
//! #     template: None,
//! #     signatory: None,
//! #     rendering: hansa_policy::contract::rendering::PageRendering::default(),
//! #     proposed_at: "2025-12-01T00:00:00Z".parse()?,
//! #     nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
//! # };
//! # let taxonomy = Taxonomy::new("none".to_owned(), BTreeMap::new());
//! # let schemas = BTreeMap::from([(bikes.clone(), schema)]);
//! # let input = DecisionInput {
//! #     now: "2026-06-01T12:00:00Z".parse()?,
//! #     request: RequestId([7; 16]),
//! #     sql_commit: Digest::of(b"sql"),
//! #     purpose: None,
//! #     taxonomy: &taxonomy,
//! #     schemas: &schemas,
//! #     extends: &BTreeMap::new(),
//! #     snapshots: &BTreeMap::new(),
//! #     spent: &BTreeMap::new(),
//! #     contexts: &BTreeMap::new(),
//! #     restrictions: &BTreeMap::new(),
//! #     tenant: None,
//! #     connector_version: "0.1.0",
//! # };
//! # let question = |column: &str| -> Result<Question, hansa_policy::IdentifierError> {
//! #     Ok(Question(BTreeMap::from([(bikes.clone(), BTreeSet::from([column.parse()?]))])))
//! # };
//!
//! draft.clauses = vec![Clause { id: ClauseId(1), term: Term::Columns(vec!["site".parse()?]) }];
//! let firm: ParticipantId = "firm.example".parse()?;
//! let contracts = || ContractRegistry::suppose_draft(&firm, &draft);
//!
//! // The contract shows `site`, and says what is done to the dataset.
//! let permit = decide_question(contracts(), &input, question("site")?)?;
//! assert_eq!(permit.effects()[&bikes].len(), 1);
//! assert_eq!(permit.end_instant(), draft.not_after);
//!
//! // It does not show `device`, so that this column does not exist.
//! let refusal = decide_question(contracts(), &input, question("device")?).unwrap_err();
//! assert_eq!(refusal.code, ErrorCode::ColumnUnknown);
//! # Ok(())
//! # }
//! ```
//!
//! # Comparing two policies
//!
//! A person who amends a contract sees the effect of the change.
//!
//! ```
//! use hansa_policy::diff::{ChangeVerdict, compare_policies};
//! use hansa_policy::{Clause, ClauseId, Term};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//!
//! let narrow = [Clause { id: ClauseId(1), term: Term::Columns(vec!["site".parse()?]) }];
//! let wide = [Clause { id: ClauseId(1), term: Term::Columns(vec!["site".parse()?, "device".parse()?]) }];
//! assert_eq!(compare_policies(&narrow, &wide).verdict(), ChangeVerdict::Looser);
//! assert_eq!(compare_policies(&wide, &narrow).verdict(), ChangeVerdict::Tighter);
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

pub mod attribute;
pub mod contract;
pub mod decision;
pub mod diff;
pub mod effect;
#[cfg(test)]
mod fixture;
pub mod group;
pub mod id;
pub mod message;
pub mod money;
pub mod nearest_word;
pub mod negotiation;
pub mod noise;
pub mod peer;
pub mod published_list;
pub mod query_request;
pub mod refusal;
pub mod restriction;
pub mod row_filter;
pub mod rulebook;
pub mod safe_text;
pub mod strict_object;
pub mod term;
pub mod value;

pub use crate::attribute::{AttestedAttribute, Credential};
pub use crate::contract::signature::{SignatoryRole, Signature, SignatureVerifier};
pub use crate::contract::{
    ActiveContracts, Agreement, Assignee, ContractParty, ContractRegistry, ContractStatus,
    DatasetGrant, DatasetRef, Requester, SignedContract, SignedWithdrawal, VerifiedContract,
    VerifiedWithdrawal,
};
pub use crate::decision::decision_input::DecisionInput;
pub use crate::decision::derivation::DerivedQuery;
pub use crate::decision::query_shape::{JoinUse, QueryShape};
pub use crate::decision::quota_budget::{QuotaBudget, RowLimit};
pub use crate::decision::refusal_summary::{DisclosableRefusal, RefusalAllowance};
pub use crate::decision::row_scope::NoNewDataDecision;
pub use crate::decision::{
    PendingRefusal, PermitDecision, RefusedQuery, check_admissibility, decide_question,
};
pub use crate::effect::{Cube, Effect, EffectKind};
pub use crate::id::{
    ClauseId, ContractId, DatasetId, IdentifierError, ParticipantId, PurposeId, RequestId,
    SqlIdentifier,
};
pub use crate::negotiation::{
    NegotiationContent, NegotiationContext, NegotiationMessage, NegotiationState, NextMessage,
    OfferMatch, Phase, Proposal,
};
pub use crate::peer::{
    MembershipStatus, PeerCertificate, Roster, UnrecognisedPeerError, VerifiedPeer,
};
pub use crate::query_request::{QueryRequest, RowScope};
pub use crate::refusal::{ErrorClass, ErrorCode, Refusal};
pub use crate::restriction::{ProviderRestriction, ProviderRestrictions};
pub use crate::row_filter::RowFilter;
pub use crate::rulebook::{OfferRules, RulebookAcceptance};
pub use crate::term::{Clause, Term};
