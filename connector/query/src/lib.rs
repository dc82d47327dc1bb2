//! The query engine: planning of SQL texts, execution of permitted plans, and federation of one question over many participants.
//!
//! It is built on DataFusion. Publication turns source files into snapshots. Planning uses the tables of a view alone, and
//! execution accepts permitted plans alone. Federation splits one question into a remote query for each participant.
//!
//! # The walk
//!
//! A provider publishes: [`publication::stage_snapshot`] reads the source of a [`DatasetConfig`] and gives a [`StagedSnapshot`]. Once its
//! entry is recorded, [`StagedSnapshot::commit`] gives the [`Snapshot`], which goes into the [`SnapshotRegistry`].
//!
//! A provider answers:
//!
//! 1. **Plan.** [`sql::plan_query`] plans a text over a [`QueryView`] and gives a [`BoundPlan`].
//! 2. **Decide, record, apply.** `hansa_policy::decide`, the log, and `hansa_enforcement::apply` give a [`PermittedPlan`].
//! 3. **Execute.** [`execute_plan`] runs it over a [`SnapshotSet`] in a [`QueryRuntime`] and gives a [`QueryAnswer`].
//! 4. **Send.** [`AnswerFrames`] cuts the answer into messages. A [`QuotaMeter`] reserves each [`AnswerFrame`] first.
//! 5. **Seal.** [`AnswerFrames::seal`] gives a [`SealedAnswer`], also for an answer that was cut. The sealed answer is recorded.
//!
//! A consumer asks:
//!
//! 1. A [`QueryCatalog`] of [`RemoteTable`] values plans the text as a [`FederatedQuery`] with a [`RemoteQuery`] for each
//!    participant.
//! 2. [`FederatedQuery::run`] sends the remote queries through a [`RemoteExecutor`] and gives a [`FederatedAnswer`].
//!
//! Workers run [stages](execute::stages) of a plan. A [release](ReleasedCells) fixes cells that were shown.
//!
//! [`QueryView`]: hansa_catalog::QueryView
//! [`BoundPlan`]: hansa_enforcement::BoundPlan
//! [`PermittedPlan`]: hansa_enforcement::PermittedPlan
//!
//! # What it must never do
//!
//! - Connect to a peer. A [`RemoteExecutor`] does.
//! - Execute a plan other than a permitted plan, or read a snapshot without one. A [profile](snapshot_profile) is the exception: the owner
//!   alone receives it.
//! - Resolve a name that is not in the view, or call a function that is not on the list.
//! - Hand out a message that is not reserved.
//!
//! # Planning
//!
//! A text is planned over the view alone. A table or column outside the view does not exist for the planner.
//!
//! ```
//! use hansa_catalog::QueryView;
//! use hansa_policy::ErrorCode;
//! use hansa_query::{SqlStatementLimits, sql};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let now: hansa_audit_log::UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//!
//! let plan = |text: &str| sql::plan_query(text, &QueryView::default(), &SqlStatementLimits::default(), now).map_err(|why| why.code);
//! assert!(plan("SELECT 1 + 1").is_ok());
//! assert_eq!(plan("SELECT * FROM bikes").unwrap_err(), ErrorCode::DatasetUnknown);
//! assert_eq!(plan("SELECT random()").unwrap_err(), ErrorCode::FunctionUnknown);
//! assert_eq!(plan("DROP TABLE bikes").unwrap_err(), ErrorCode::StatementNotAllowed);
//! assert_eq!(plan("SELECT 1; SELECT 2").unwrap_err(), ErrorCode::OneStatementOnly);
//! # Ok(())
//! # }
//! ```
//!
//! # An answer, from the plan to the seal
//!
//! The owner's own people query a dataset under the house contract. A peer's question takes the same steps. The hidden lines
//! publish a dataset of three rows.
//!
//! ```
//! use hansa_enforcement::apply;
//! use hansa_policy::{ContractRegistry, decide_question};
//! use hansa_query::answer::frames::{FrameCompression, UnlimitedMeter, stream_answer_frames};
//! use hansa_query::{CancellationSignal, QueryResourceLimits, QueryResources, SqlStatementLimits, StreamOutcome, execute_plan, sql};
#![doc = include_str!("../doc/published_dataset.txt")]
//! # let contracts = ContractRegistry::new(owner).owner_contracts([(bikes.clone(), schema)]);
//!
//! // Plan over what the contracts show, decide, record the decision.
//! let text = "SELECT site, sum(bikes) AS bikes FROM bikes GROUP BY site";
//! let view = catalog.build_view(&contracts, None)?;
//! let bound = sql::plan_query(text, &view, &SqlStatementLimits::default(), now)?;
//! let permit = ledger.record(decide_question(contracts, &input, bound)?, stamp)?;
//! let opened = permit.receipt().index();
//!
//! // Enforce, execute, send each frame, and seal the end.
//! let permitted = apply(permit, &tools).map_err(|refused| refused.refusal().clone())?;
//! let limits = QueryResourceLimits::default();
//! let resources = QueryResources { holdings: &snapshots, runtime: &runtime, limits: &limits };
//! let sealed = threads.block_on(async {
//!     let signal = CancellationSignal::new_idle();
//!     let answer = execute_plan(permitted, resources, signal).await.map_err(|failed| failed.refusal)?;
//!     let mut frames = stream_answer_frames(answer, UnlimitedMeter, FrameCompression::Plain);
//!     while let Some(frame) = frames.next().await {
//!         frame?;
//!     }
//!     Ok::<_, hansa_policy::Refusal>(frames.seal())
//! })?;
//! let (sealed, _) = sealed.ok_or("it was sealed before")?;
//! let closed = ledger.record(sealed, stamp)?;
//! assert_eq!((closed.outcome(), closed.delivered_totals().rows), (StreamOutcome::Done, 2));
//! assert_eq!(closed.permit_receipt().index(), opened);
//! # Ok(())
//! # }
//! ```
//!
//! # What a contract shows
//!
//! Here the provider looks at what a draft would show to the firm: rows with more than three bicycles, and a keyed hash instead
//! of the device.
//!
//! ```
//! use hansa_enforcement::apply;
//! use hansa_policy::term::pseudonym::PseudonymTerm;
//! use hansa_policy::{ContractRegistry, Term, decide_question, row_filter};
//! use hansa_query::{CancellationSignal, QueryResourceLimits, QueryResources, SqlStatementLimits, execute_plan, sql};
//! # use hansa_policy::{Agreement, Assignee, Clause, ClauseId, ContractParty, DatasetRef, ParticipantId};
#![doc = include_str!("../doc/published_dataset.txt")]
//! # let firm: ParticipantId = "firm.example".parse()?;
//! # let party = |id: &ParticipantId| ContractParty {
//! #     id: id.clone(),
//! #     name: id.domain().to_owned(),
//! #     legal_id: None,
//! #     signing_key: "key".to_owned(),
//! #     tls_issuer: Digest::of(b"issuer"),
//! # };
//! # let draft = |terms: [Term; 2]| -> Result<Agreement, Box<dyn std::error::Error>> {
//! #     Ok(Agreement {
//! #         uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
//! #         version: 1,
//! #         supersedes: None,
//! #         provider: party(&owner),
//! #         assignee: Assignee::Participant(party(&firm)),
//! #         dataset: DatasetRef { id: bikes.clone(), schema, high_value: false },
//! #         clauses: (2..).zip(terms).map(|(number, term)| Clause { id: ClauseId(number), term }).collect(),
//! #         not_before: "2026-01-01T00:00:00Z".parse()?,
//! #         not_after: "2027-01-01T00:00:00Z".parse()?,
//! #         purposes: "none".to_owned(),
//! #         own_purposes: Vec::new(),
//! #         legal: None,
//! #         template: None,
//! #         signatory: None,
//! #         rendering: hansa_policy::contract::rendering::PageRendering::default(),
//! #         proposed_at: "2025-12-01T00:00:00Z".parse()?,
//! #         nonce: "AAAAAAAAAAAAAAAAAAAAAA".to_owned(),
//! #     })
//! # };
//!
//! let device = PseudonymTerm { column: "device".parse()?, epoch: 1 };
//! let draft = draft([Term::Rows(row_filter::parse_row_filter("bikes > 3")?), Term::Pseudonym(device)])?;
//! let contracts = ContractRegistry::suppose_draft(&firm, &draft);
//! let view = catalog.build_view(&contracts, None)?;
//! let bound = sql::plan_query("SELECT device FROM bikes", &view, &SqlStatementLimits::default(), now)?;
//! let permit = ledger.record(decide_question(contracts, &input, bound)?, stamp)?;
//! let permitted = apply(permit, &tools).map_err(|refused| refused.refusal().clone())?;
//!
//! let limits = QueryResourceLimits::default();
//! let resources = QueryResources { holdings: &snapshots, runtime: &runtime, limits: &limits };
//! let rows = threads.block_on(async {
//!     let signal = CancellationSignal::new_idle();
//!     let mut answer = execute_plan(permitted, resources, signal).await.map_err(|failed| failed.refusal)?;
//!     let mut rows = Vec::new();
//!     while let Some(batch) = answer.next().await {
//!         rows.extend(texts(&batch?));
//!     }
//!     Ok::<_, hansa_policy::Refusal>(rows)
//! })?;
//! // Two of three rows; a value is 32 hexadecimal digits and tells nothing of `d2`.
//! assert_eq!(rows.len(), 2);
//! assert!(rows.iter().all(|text| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())));
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

pub mod answer;
#[cfg(test)]
#[path = "../../../tests/repo-checks/cannot.rs"]
mod cannot;
#[cfg(test)]
mod compile_fail_tests;
mod core_pool;
mod dedicated_thread;
pub mod engine_error;
pub mod execute;
pub mod fair_scheduler;
pub mod federation;
#[cfg(test)]
mod fixture;
pub mod in_place_data;
pub mod ingest;
pub mod limits;
pub mod model;
mod pass_through;
mod plan_cache;
pub mod publication;
pub mod release;
pub mod runtime;
pub mod session;
pub mod snapshot;
pub mod snapshot_profile;
pub mod sql;

pub use crate::answer::QueryAnswer;
pub use crate::answer::frames::{AnswerFrame, AnswerFrames, QuotaMeter};
pub use crate::answer::sealed_answer::{DeliveredTotals, SealedAnswer, StreamOutcome};
pub use crate::execute::cancellation::{CancellationHandle, CancellationSignal};
pub use crate::execute::query_resources::QueryResources;
pub use crate::execute::stages::workers::{Staging, Workers};
pub use crate::execute::{UnansweredQuery, execute_among, execute_plan};
pub use crate::fair_scheduler::FairScheduler;
pub use crate::federation::federated_answer::FederatedAnswer;
pub use crate::federation::federated_query::FederatedQuery;
pub use crate::federation::options::{FederatedQueryLimits, QueryOptions};
pub use crate::federation::query_catalog::QueryCatalog;
pub use crate::federation::remote_query::{
    RemoteExecutor, RemoteQuery, RemoteQueryOutcome, RemoteRows,
};
pub use crate::federation::table::RemoteTable;
pub use crate::in_place_data::{InPlaceDataset, InPlaceLocation};
pub use crate::ingest::config::DatasetConfig;
pub use crate::limits::{QueryResourceLimits, SqlStatementLimits};
pub use crate::model::Model;
pub use crate::publication::StagingOutcome;
pub use crate::publication::context::PublicationContext;
pub use crate::publication::report::PublicationReport;
pub use crate::publication::staged_snapshot::StagedSnapshot;
pub use crate::runtime::QueryRuntime;
pub use crate::snapshot::Snapshot;
pub use crate::snapshot::registry::{SnapshotRegistry, SnapshotSet};
pub use crate::snapshot::released_cells::ReleasedCells;
