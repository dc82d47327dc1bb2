//! Pages of the console: server-rendered HTML for officers, auditors and operators.
//!
//! A view is the object that a command of `hansa` prints as JSON, or a part of it. A page is one function from a frame and a view to
//! text. The pages need no style attribute and, apart from the form of a passkey, no script; where scripts run, one
//! reads pages of the console for a preview. So
//! `default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self'` is enough as their content security policy.
//!
//! # The walk
//!
//! 1. A view is read from the JSON of a command: [`StatusView`], [`ContractListView`], [`ContractView`], [`DatasetView`], [`PolicyView`],
//!    [`CatalogView`].
//! 2. [`PageFrame`] holds the parts that all pages share: language, participant, person, navigation.
//! 3. A function such as [`render_sign_in`], [`render_overview`], [`render_contract`] or [`render_fault`] gives the page.
//! 4. [`find_asset`] gives the style sheet that the page links to.
//!
//! The result of `hansa-verify` is a folder of pages that nobody serves. [`CheckView`] is read from its JSON, [`FolderFrame`] holds what
//! the pages share, and [`render_verdict_page`] and its siblings give them. Each holds its style sheet and a policy that permits nothing
//! else.
//!
//! # What it must never do
//!
//! - Perform input or output, or read a clock.
//! - Write text that is not escaped. Control characters and marks of direction are shown as `⟨U+202E⟩`.
//! - Present text of another participant as its own: such text stands in a frame with the name of its author.
//!
//! # Example
//!
//! ```
//! use hansa_console::{PageFrame, StatusView, render_overview};
//! use hansa_policy::term::language::Language;
//!
//! # fn main() -> Result<(), serde_json::Error> {
//! let status = r#"{"waiting": [], "today": {"answers": 1, "rows": 49, "refusals": 0}, "datasets": 2,
//!     "contracts_in_force": 3, "running": 0, "peers": 4, "ends": [], "records": 118, "bundle": 7}"#;
//! let view: StatusView = serde_json::from_str(status)?;
//! let frame = PageFrame::new(Language::De, "/");
//! assert!(render_overview(&frame, &view).contains("<html lang=\"de\">"));
//! # Ok(())
//! # }
//! ```

pub mod asset;
pub mod frame;
mod message;
pub mod page;
mod part;

pub use crate::asset::{Asset, find_asset, style_sheet_address};
pub use crate::frame::{
    ActNote, ForkNotice, LogFork, PageFrame, PersonLabel, PersonRole, SessionEnd,
};
pub use crate::page::act::{
    ActCheckView, ActFault, ActFields, ActKind, DoneActView, LoginStep, PendingActKind,
    PendingActView, PendingFault, PendingForm, offers_counter, render_act_check,
    render_pending_act,
};
pub use crate::page::act_form::field::{ActField, FieldInput, FieldOption};
pub use crate::page::act_form::{
    ActFieldFault, ActForm, ActFormView, ActPreview, ActResultView, ActStep, render_act_form,
    render_act_result,
};
pub use crate::page::answer::answer_files::describe_answer_files;
pub use crate::page::answer::answer_map::{
    AnswerMapView, MOST_MAP_ROWS, MapColumns, MapRow, render_answer_map,
};
pub use crate::page::answer::{
    AnswerReport, AnswerState, AnswerView, ColumnKind, MOST_COLUMNS, OwedDuties, OwedDuty,
    render_answer,
};
pub use crate::page::approval_act::{AskedStep, describe_approval_decline};
pub use crate::page::ask::explanation::ExplanationView;
pub use crate::page::ask::{AskView, AskableTable, KeptAnswerSummary, render_ask};
pub use crate::page::catalog::detail::{CatalogView, render_catalog_entry};
pub use crate::page::catalog::list::{
    CatalogFilter, CatalogListView, CatalogRow, CatalogSummary, render_catalog,
};
pub use crate::page::catalog::request_act::describe_contract_request;
pub use crate::page::contract::comparison::{
    ClauseChange, TermComparison, TermComparisonView, render_term_comparison,
};
pub use crate::page::contract::counter_act::{ProposedPolicy, describe_counter, preview_counter};
pub use crate::page::contract::report::{ContractDetail, ContractReport, NegotiationDetail};
pub use crate::page::contract::{ContractView, render_contract};
pub use crate::page::contract_list::{
    ContractFilter, ContractListView, ContractRow, ContractSummary, NegotiationSummary,
    ROWS_PER_PAGE, render_contracts,
};
pub use crate::page::dataset::addition::{
    AdditionColumn, AdditionReport, AdditionView, DESCRIBED_COLUMNS, column_field,
    describe_addition, describe_removal,
};
pub use crate::page::dataset::dataset_act::{
    AskedGuard, AskedGuardContent, GuardApprovalView, PublicationPreview, UnreadColumn,
    describe_dataset_withdrawal, describe_guard, describe_guard_approval, describe_publication,
};
pub use crate::page::dataset::detail::{
    DatasetLook, DatasetLooks, DatasetSample, DatasetView, render_dataset,
};
pub use crate::page::dataset::list::{DatasetListView, DatasetRow, render_datasets};
pub use crate::page::dataset::offer_act::{OfferDraft, describe_offer, describe_offer_end};
pub use crate::page::dataset::report::{DatasetReport, OfferSummary, SampledRow};
pub use crate::page::dataset::staging::{
    ADDITION_ADDRESS, StagedRow, StagingView, UploadFault, render_staging,
};
pub use crate::page::evidence::export::{EXPORT_FIELDS, describe_export, render_export_file};
pub use crate::page::evidence::heads::{LogHead, LogHeadsView, render_heads};
pub use crate::page::evidence::kept_content::{
    KeptContent, KeptText, KnownPerson, RecordLooks, ShownContent, committed_text, pseudonyms_of,
};
pub use crate::page::evidence::received::{
    ReceivedFilter, ReceivedLine, ReceivedView, SentAmount, render_received,
};
pub use crate::page::evidence::record::LogRecord;
pub use crate::page::evidence::record_list::{RecordListFilter, RecordListView, render_records};
pub use crate::page::evidence::record_proof::{ProofHead, RecordProofView, render_record};
pub use crate::page::evidence::verification::{
    VERIFICATION_ADDRESS, VerificationView, render_verification,
};
pub use crate::page::evidence::{EvidenceView, ForkedLog, HeadWitness, render_evidence};
pub use crate::page::fault::{FaultView, render_fault};
pub use crate::page::first_steps::{
    FIRST_STEPS_ADDRESS, FirstStep, FirstStepsView, render_first_steps,
};
pub use crate::page::group::{
    GROUPS_ADDRESS, GroupRow, ProposedMembers, describe_group_addition, describe_group_removal,
    render_groups,
};
pub use crate::page::help::{GuideTopic, render_help, render_help_topic};
pub use crate::page::login::{DoneLogin, render_done_login};
pub use crate::page::operation::backup_list::{BackupRow, render_backups};
pub use crate::page::operation::delivery_list::{DeliveryListView, DeliveryRow, render_deliveries};
pub use crate::page::operation::doctor::{DoctorFinding, DoctorView, render_doctor};
pub use crate::page::operation::health::{HealthCheck, HealthView, render_operations};
pub use crate::page::operation::history::{HistorySpan, HistoryView, MinuteRow, render_history};
pub use crate::page::operation::operator_act::{
    describe_backup, describe_peer_addition, describe_peer_removal, describe_reload,
    describe_running_cut,
};
pub use crate::page::operation::peer_list::{ContactFailure, PeerListView, PeerRow, render_peers};
pub use crate::page::operation::running_list::{RunningRow, render_running};
pub use crate::page::operation::worker_list::{WorkerRow, render_workers};
pub use crate::page::overview::waiting_list::{
    WaitingDocument, WaitingItem, WaitingKind, WaitingSeverity,
};
pub use crate::page::overview::{StatusView, render_overview, sees_whole_state};
pub use crate::page::passkey::{
    DonePasskeyView, PASSKEYS_ADDRESS, PasskeyAdditionView, PasskeyEntry, PasskeyListView,
    render_passkeys,
};
pub use crate::page::policy::draft::{
    PolicyDraft, PolicyDraftField, PolicyFindings, describe_policy_addition, describe_policy_edit,
    describe_policy_findings,
};
pub use crate::page::policy::trial::{
    PolicyTrialView, TrialAnswer, TrialDataset, TrialOutcome, TrialResult, render_policy_trial,
};
pub use crate::page::policy::{
    PolicyListView, PolicyRow, PolicyView, render_policies, render_policy,
};
pub use crate::page::setting::configuration::{
    Configuration, ConfigurationKey, ConfigurationView, render_configuration,
};
pub use crate::page::setting::error_help::render_error_help;
pub use crate::page::setting::own_person::{OwnPersonView, OwnSession, render_own_person};
pub use crate::page::setting::people::{PersonRow, render_people};
pub use crate::page::setting::session_act::{describe_other_sessions_end, describe_session_end};
pub use crate::page::setting::statement::{
    AccessibilityView, render_accessibility, render_licences,
};
pub use crate::page::setting::token_act::{describe_token_addition, describe_token_end};
pub use crate::page::setting::token_list::{TokenListView, TokenRow, render_tokens};
pub use crate::page::sign_in::{IssuerLink, SignInFault, SignInView, render_sign_in};
pub use crate::page::unsent_form::UnsentForm;
pub use crate::page::verdict::comparison::{ComparisonView, DifferenceView, render_comparison};
pub use crate::page::verdict::contracts::{
    ContractEvidence, SignatureLine, StandingLine, WithdrawalLine, render_contract_evidence,
    render_contract_list,
};
pub use crate::page::verdict::findings::render_findings;
pub use crate::page::verdict::index::render_verdict_page;
pub use crate::page::verdict::limits::render_limits;
pub use crate::page::verdict::recipients::{
    AnswerGroup, AnswerLine, AnswerMonth, AnswerSide, AnswerSums, ClauseLine, MonthLine,
    RecipientLine, RecipientView, WebLine, render_month, render_recipients,
};
pub use crate::page::verdict::{
    AnswerVersionsView, CheckView, FieldView, FindingView, JudgedFile, TimeStampView, WitnessView,
};
pub use crate::part::act_value::ActValue;
pub use crate::part::address::encode_address;
pub use crate::part::clause_table::ClauseText;
pub use crate::part::dataset_words::StatedFault;
pub use crate::part::folder_layout::{
    FolderFrame, FolderPage, FolderStyle, contract_file_name, month_file_name,
    render_language_choice,
};
pub use crate::part::log_verification::{
    LogVerification, RunningVerification, VerificationFault, VerificationResult,
};
pub use crate::part::map::MapOutlines;
pub use crate::part::passkey_element::PasskeyRequest;
pub use crate::part::session_end::{STAY_ADDRESS, state_session_end};

#[cfg(test)]
mod tests;
