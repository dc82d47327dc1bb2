//! Verification of evidence without a connector: copies of logs, exports, and the signed documents in them.
//!
//! The package is the library behind the program `hansa-verify`. An auditor gives it files. It needs no configuration and no
//! network. It trusts only signatures: those of the league's trust bundle, and those by the keys that the bundle names.
//!
//! # The walk
//!
//! 1. [`run_program`] takes the arguments of the program.
//! 2. Each file is read again, record by record: `hansa_audit_store::offline` checks hash chain, tree and signed heads.
//! 3. The trust bundle is read, and with it the key of each participant.
//! 4. The documents are verified: contracts, mandates, credentials, groups, statements, receipts.
//! 5. With `--tsa-trust`, the time stamps of heads are verified. They prove when the heads existed.
//! 6. Each act that a person confirmed with a passkey is verified by the key that the person had added before.
//! 7. Each permit is compared with the signed contract, each receipt with the log, each head with the one history of its log,
//!    and two copies with each other.
//! 8. A [`RunOutput`] contains the findings. Its status is 0 for good evidence, 7 for broken evidence, 8 for missing parts, 9 for
//!    unknown versions or algorithms.
//!
//! # What it must never do
//!
//! - Link the query engine, or need a network.
//! - Trust a log's statement about its own key, or a file's statement about its signer.
//! - Report an unchecked part as good.
//!
//! # Verifying a log
//!
//! ```
//! # use hansa_audit_log::{record::upkeep::ClockRecord, Clock, ClockReading, Evidence, RecordBody, UtcTimestamp};
//! # use hansa_audit_store::{AuditLog, LogConfig, LogSigningKey};
//! # use hansa_identity::{Applicant, IdentityFiles, LeagueAuthority, LeagueSettings, SignatureAlgorithm, participant_identity};
//! # use std::{ffi::OsStr, path::Path, sync::Arc};
//! # struct ClockNotice;
//! # impl Evidence for ClockNotice {
//! #     fn to_record_body(&self) -> RecordBody {
//! #         ClockRecord { step_us: None, outcome: None, acknowledged: Some(true), source: "operator".to_owned() }.into()
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let now: UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//! # let clock: Clock = Arc::new(move || ClockReading { wall: now, mono_ns: 0 });
//! # let settings = LeagueSettings { name: "Lake league".to_owned(), algorithm: SignatureAlgorithm::EdDsa, demo: true };
//! # let mut league = LeagueAuthority::init(&folder.path().join("league"), &settings, now)?;
//! # let files = IdentityFiles::in_folder(&folder.path().join("lindau"));
//! # let applicant = Applicant { id: "lindau.example".parse()?, name: "Lindau".to_owned(), address: Some("lindau.example:7443".to_owned()) };
//! # let request = participant_identity::create_identity(&files, &applicant, SignatureAlgorithm::EdDsa)?;
//! # league.admit(&request, 7, now)?;
//! # let trust = folder.path().join("trust.json");
//! # std::fs::write(&trust, league.export_bundle(now)?)?;
//! # let key = LogSigningKey::open(&files.note_key, "lindau.example")?;
//! # let copy = folder.path().join("log");
//! # let (log, _) = AuditLog::open(LogConfig::new(&copy, "lindau.example", Arc::new(key), clock, "boot-1"))?;
//! # let _ = log.record_blocking(ClockNotice)?;
//! # log.close();
//! // `copy` is the folder of a log, `trust` the bundle of the league that its participant belongs to.
//! let check = |copy: &Path, trust: &Path| {
//!     let arguments = ["hansa-verify", "check", "--trust"].map(OsStr::new);
//!     hansa_verify::run_program([&arguments[..], &[trust.as_os_str(), copy.as_os_str()]].concat())
//! };
//! let found = check(&copy, &trust);
//! assert_eq!(found.status, 0, "{}{}", found.out, found.err);
//! assert!(found.out.contains("lindau.example/hansa/evidence"));
//!
//! // Somebody changes one word of a record.
//! let segments = std::fs::read_dir(&copy)?.filter_map(|entry| Some(entry.ok()?.path()));
//! for segment in segments.filter(|path| path.extension().is_some_and(|kind| kind == "jsonl")) {
//!     let text = std::fs::read_to_string(&segment)?;
//!     std::fs::write(&segment, text.replace("operator", "somebody"))?;
//! }
//! let found = check(&copy, &trust);
//! assert_eq!(found.status, 7);
//! assert!(found.out.contains("was edited"), "{}", found.out);
//! # Ok(())
//! # }
//! ```
//!
//! # A contract, from signatures to force
//!
//! An auditor verifies a contract as a connector does. [`ContractRegistry::in_force`] also asks for a [`VerifiedPeer`], which only
//! a handshake gives; see the documentation of `hansa-identity`. In this example the provider simulates the contract.
//!
//! [`ContractRegistry::in_force`]: hansa_policy::ContractRegistry::in_force
//! [`VerifiedPeer`]: hansa_policy::VerifiedPeer
//!
//! ```
//! use hansa_policy::{ContractRegistry, ContractStatus, ErrorCode, SignatoryRole};
//! use hansa_proto::{StatementKind, contract, envelope};
//! # use hansa_audit_log::{Clock, ClockReading, Digest, UtcTimestamp};
//! # use hansa_audit_store::{AuditLog, LogConfig, LogSigningKey};
//! # use hansa_identity::{
//! #     Applicant, IdentityFiles, LeagueAuthority, LeagueSettings, ParticipantIdentity, SignatureAlgorithm, participant_identity,
//! # };
//! # use hansa_policy::{Agreement, Assignee, Clause, ClauseId, ContractParty, DatasetRef, Term};
//! # use std::{error::Error, path::Path, sync::Arc};
#![doc = include_str!("../doc/admission.txt")]
//! # fn party(of: &ParticipantIdentity) -> ContractParty {
//! #     ContractParty {
//! #         id: of.id.clone(),
//! #         name: of.id.domain().to_owned(),
//! #         legal_id: None,
//! #         signing_key: of.signer.kid().to_owned(),
//! #         tls_issuer: of.chain.anchor(),
//! #     }
//! # }
//! # fn main() -> Result<(), Box<dyn Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let now: UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//! # let clock: Clock = Arc::new(move || ClockReading { wall: now, mono_ns: 0 });
//! # let settings = LeagueSettings { name: "Lake league".to_owned(), algorithm: SignatureAlgorithm::EdDsa, demo: true };
//! # let mut league = LeagueAuthority::init(&folder.path().join("league"), &settings, now)?;
//! # let lindau = admit(&mut league, folder.path(), "lindau.example", now)?;
//! # let firm = admit(&mut league, folder.path(), "firm.example", now)?;
//! # let trust = league.bundle().clone();
//! # let key = LogSigningKey::create(&folder.path().join("note.key"), "lindau.example")?;
//! # let (log, _) = AuditLog::open(LogConfig::new(folder.path().join("log"), "lindau.example", Arc::new(key), clock, "boot-1"))?;
//! # let agreement = Agreement {
//! #     uid: "urn:uuid:0198f0c2-6d1e-7c11-9a53-0b6f6f1d2a77".to_owned(),
//! #     version: 1,
//! #     supersedes: None,
//! #     provider: party(&lindau),
//! #     assignee: Assignee::Participant(party(&firm)),
//! #     dataset: DatasetRef { id: "hansa://lindau.example/d/bikes".parse()?, schema: Digest::of(b"schema"), high_value: false },
//! #     clauses: vec![Clause { id: ClauseId(2), term: Term::Columns(vec!["site".parse()?]) }],
//! #     not_before: "2026-01-01T00:00:00Z".parse()?,
//! #     not_after: "2027-01-01T00:00:00Z".parse()?,
//! #     purposes: hansa_proto::purpose_taxonomy::vocabulary_label(),
//! #     own_purposes: Vec::new(),
//! #     legal: None,
//! #     template: None,
//! #     signatory: None,
//! #     rendering: hansa_policy::contract::rendering::PageRendering::default(),
//! #     proposed_at: now,
//! #     nonce: hansa_proto::base64url::encode(&[7; 16]),
//! # };
//!
//! // Both parties sign the same payload, each under a header that says who signs and when.
//! let payload = contract::to_bytes(&agreement);
//! let sign = |role, of: &ParticipantIdentity| {
//!     let (alg, kid) = (of.signer.algorithm().as_str(), of.signer.kid());
//!     let header = envelope::protected_header(StatementKind::Agreement, role, alg, kid, now.micros() / 1_000_000);
//!     let signature = of.signer.sign(&envelope::signing_input(&header, &payload))?;
//!     Ok::<_, hansa_policy::Refusal>((header, signature))
//! };
//! let provider = sign(SignatoryRole::Provider, &lindau)?;
//! let consumer = sign(SignatoryRole::Consumer, &firm)?;
//!
//! // With the consumer's signature twice, it is no contract.
//! let (header, _) = &provider;
//! let forged = envelope::assemble_statement(&payload, &[(header.clone(), consumer.1.clone()), consumer.clone()]);
//! let refusal = envelope::parse_contract(&forged)?.verify(&trust.keys(now)).unwrap_err();
//! assert_eq!(refusal.code, ErrorCode::SignatureInvalid);
//!
//! // With both signatures it is verified, recorded, and in force.
//! let signed = envelope::parse_contract(&envelope::assemble_statement(&payload, &[provider, consumer]))?;
//! let verified = signed.verify(&trust.keys(now))?;
//! let id = verified.id();
//! let mut contracts = ContractRegistry::new(lindau.id.clone());
//! contracts.admit(log.record_blocking(verified)?);
//! assert_eq!(contracts.find_contract(id, now).map(|(_, status)| status), Some(ContractStatus::InForce));
//! assert_eq!(contracts.simulate(&firm.id, &[id], now)?.grants().len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # A receipt
//!
//! A receipt states what a provider sent in one answer. The consumer countersigns it.
//!
//! ```
//! use hansa_policy::SignatoryRole;
//! use hansa_proto::{AnswerOutcome, Receipt, StatementKind, envelope, statement};
//! # use hansa_audit_log::{Digest, UtcTimestamp};
//! # use hansa_identity::{
//! #     Applicant, IdentityFiles, LeagueAuthority, LeagueSettings, ParticipantIdentity, SignatureAlgorithm, participant_identity,
//! # };
//! # use hansa_policy::{ContractId, RequestId};
//! # use hansa_proto::ResultDigest;
//! # use hansa_proto::receipt::{DatasetRead, LogLeaf};
//! # use std::{error::Error, path::Path};
#![doc = include_str!("../doc/admission.txt")]
//! # fn main() -> Result<(), Box<dyn Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let now: UtcTimestamp = "2026-06-01T12:00:00Z".parse()?;
//! # let settings = LeagueSettings { name: "Lake league".to_owned(), algorithm: SignatureAlgorithm::EdDsa, demo: true };
//! # let mut league = LeagueAuthority::init(&folder.path().join("league"), &settings, now)?;
//! # let lindau = admit(&mut league, folder.path(), "lindau.example", now)?;
//! # let firm = admit(&mut league, folder.path(), "firm.example", now)?;
//! # let trust = league.bundle().clone();
//!
//! let statement = Receipt {
//!     provider: lindau.id.clone(),
//!     consumer: firm.id.clone(),
//!     rows: 12,
//!     bytes: 640,
//!     outcome: AnswerOutcome::Done,
//! #     request: RequestId([7; 16]),
//! #     reads: vec![DatasetRead {
//! #         dataset: "hansa://lindau.example/d/bikes".parse()?,
//! #         contract: ContractId(Digest::of(b"contract")),
//! #         snapshot: "2026-06-01.1".to_owned(),
//! #     }],
//! #     request_digest: Digest::of(b"request"),
//! #     sql_commit: Digest::of(b"sql"),
//! #     plan_out_digest: Digest::of(b"plan"),
//! #     result: ResultDigest([3; 32]),
//! #     admitted_at: now,
//! #     last_at: now,
//! #     leaf: LogLeaf { index: 41, hash: Digest::of(b"leaf") },
//! #     checkpoint: Digest::of(b"head"),
//! #     one_sided: false,
//! };
//! let payload = statement::to_bytes(&statement);
//! let sign = |role, of: &ParticipantIdentity| {
//!     let (alg, kid) = (of.signer.algorithm().as_str(), of.signer.kid());
//!     let header = envelope::protected_header(StatementKind::Receipt, role, alg, kid, now.micros() / 1_000_000);
//!     let signature = of.signer.sign(&envelope::signing_input(&header, &payload))?;
//!     Ok::<_, hansa_policy::Refusal>((header, signature))
//! };
//! let provider = sign(SignatoryRole::Provider, &lindau)?;
//! let sealed = envelope::parse_receipt(&envelope::assemble_statement(&payload, &[provider.clone()]))?;
//! sealed.verify_signatures(&trust.keys(now))?;
//! assert!(!sealed.is_countersigned());
//!
//! let consumer = sign(SignatoryRole::Consumer, &firm)?;
//! let countersigned = envelope::parse_receipt(&envelope::assemble_statement(&payload, &[provider, consumer]))?;
//! countersigned.verify_signatures(&trust.keys(now))?;
//! assert!(countersigned.is_countersigned());
//! assert_eq!(countersigned.receipt, statement);
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
        reason = "tests"
    )
)]

mod args;
mod continuation;
mod deletion_statement;
mod documents;
mod evidence_set;
mod finding;
mod head_consistency;
mod head_pair;
mod incident;
mod key_disclosure;
mod output;
mod page_folder;
mod passkey;
mod passkey_records;
mod permit;
mod receipt;
mod reconciliation;
mod relied_statements;
mod subject_report;
mod time_stamp;
mod usage_statement;

use args::{VerifyArgs, VerifyCommand};
use clap::Parser as _;
use evidence_set::EvidenceSet;
use finding::{AuditVerdict, FindingSubject};
use hansa_policy::safe_text::{printable_json, printable_lines};
use output::{FileReports, JudgedFindings, OutputCollector};
use page_folder::PageFolder;
use std::ffi::OsString;

/// Output of a run, with its exit status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOutput {
    /// Text for standard output.
    pub out: String,
    /// Text for standard error.
    pub err: String,
    /// Exit status: 0 good, 1 pages that can't be written, 2 wrong use, 7 broken, 8 incomplete, 9 can't be checked here.
    pub status: u8,
}

/// Runs the program with these arguments; the first one is the program's name.
pub fn run_program<I, T>(arguments: I) -> RunOutput
where
    I: IntoIterator<Item = T>,
    T: Into<OsString> + Clone,
{
    let args = match VerifyArgs::try_parse_from(arguments) {
        Ok(args) => args,
        Err(help) if help.use_stderr() => {
            return RunOutput::wrong_use(help.to_string()).into_printable(false);
        }
        Err(help) => {
            return RunOutput {
                out: help.to_string(),
                err: String::new(),
                status: 0,
            };
        }
    };
    let output = judge_files(&args).unwrap_or_else(RunOutput::wrong_use);
    output.into_printable(args.json)
}

/// Judges the files and answers the question. The error describes wrong arguments.
fn judge_files(args: &VerifyArgs) -> Result<RunOutput, String> {
    let mut collector = OutputCollector::new(args.json);
    if let VerifyCommand::Heads { older, newer, .. } = &args.ask {
        let pair = head_pair::HeadPair::open(older, newer)?;
        let case = EvidenceSet::open(args)?;
        let findings = head_pair::judge_head_pair(&pair, &case, &mut collector);
        let findings = FindingSubject::Head.label_findings(findings).collect();
        return Ok(collector.finish(&JudgedFindings::judge(findings), None));
    }
    let anchors = time_stamp::read_anchors(&args.tsa_trust)?;
    let folder = PageFolder::prepare_folder(&args.ask)?;
    let case = EvidenceSet::open(args)?;
    let mut findings = case.findings.clone();
    findings.extend(FindingSubject::Incident.label_findings(case.shown.clone()));
    for (subject, found) in [
        (FindingSubject::Permit, permit::judge_permits(&case)),
        (
            FindingSubject::Permit,
            continuation::judge_continuations(&case),
        ),
        (
            FindingSubject::KeyValues,
            key_disclosure::judge_key_disclosures(&case),
        ),
        (FindingSubject::Receipt, receipt::judge_receipts(&case)),
        (
            FindingSubject::Statement,
            deletion_statement::judge_deletion_statements(&case),
        ),
        (
            FindingSubject::Statement,
            usage_statement::judge_usage_statements(&case),
        ),
        (FindingSubject::Head, head_consistency::judge_heads(&case)),
    ] {
        findings.extend(subject.label_findings(found));
    }
    let mut of_stamps = Vec::new();
    let stamped = time_stamp::judge_time_stamps(&case, anchors.as_ref(), &mut of_stamps);
    findings.extend(FindingSubject::TimeStamp.label_findings(of_stamps));
    let mut of_acts = Vec::new();
    let confirmed = passkey::judge_passkeys(&case, &mut of_acts);
    findings.extend(FindingSubject::Act.label_findings(of_acts));
    match &args.ask {
        VerifyCommand::Check { .. } | VerifyCommand::Open { .. } => {
            let reports = stamped.iter().zip(&confirmed);
            for (copy, (stamps, passkeys)) in case.copies.iter().zip(reports) {
                let witnesses = head_consistency::judge_witnesses(&case, copy).0;
                let uncounted = usage_statement::describe_uncounted_months(&case, copy);
                let reports = FileReports {
                    witnesses: &witnesses,
                    stamps,
                    passkeys,
                };
                collector.add_file(copy, &reports, uncounted);
            }
            let mut compared = OutputCollector::new(true);
            let found = reconciliation::judge_reconciliation(&case, Some(&mut compared));
            findings.extend(FindingSubject::Answer.label_findings(found));
            let findings = JudgedFindings::judge(findings);
            let failed = folder.and_then(|folder| {
                let check = collector.to_check(&findings, case.league());
                let written = folder.write_pages(&case, check, compared.into_answers());
                written.map(|pages| collector.add_pages(pages)).err()
            });
            let mut output = collector.finish(&findings, case.league());
            if let Some(sentence) = failed {
                output.err = format!("error: {sentence}\n");
                output.status = AuditVerdict::NOT_WRITTEN;
            }
            return Ok(output);
        }
        VerifyCommand::Reconcile { .. } => {
            if case.copies.len() != 2 {
                return Err("two files are compared: a provider's and a consumer's".to_owned());
            }
            let found = reconciliation::judge_reconciliation(&case, Some(&mut collector));
            findings.extend(FindingSubject::Answer.label_findings(found));
        }
        VerifyCommand::Question { id, .. } => {
            subject_report::report_question(&case, id, &mut collector)?
        }
        VerifyCommand::Contract { id, at, .. } => {
            subject_report::report_contract(&case, id, at.as_deref(), &mut collector)?
        }
        VerifyCommand::Left {
            to,
            contract,
            from,
            until,
            ..
        } => {
            let filter = subject_report::AnswerFilter::parse(
                to.clone(),
                contract.clone(),
                from.as_deref(),
                until.as_deref(),
            )?;
            subject_report::report_disclosed_answers(&case, &filter, &mut collector);
        }
        VerifyCommand::Heads { .. } => {}
    }
    Ok(collector.finish(&JudgedFindings::judge(findings), None))
}

impl RunOutput {
    /// Output without terminal control characters, since logs contain texts of others. Values in JSON are unchanged.
    fn into_printable(self, is_json: bool) -> Self {
        let out = match is_json {
            true => printable_json(&self.out).into_owned(),
            false => printable_lines(&self.out).into_owned(),
        };
        let err = printable_lines(&self.err).into_owned();
        Self { out, err, ..self }
    }

    fn wrong_use(sentence: String) -> Self {
        let err = if sentence.ends_with('\n') {
            sentence
        } else {
            format!("hansa-verify: {sentence}\n")
        };
        Self {
            out: String::new(),
            err,
            status: AuditVerdict::WRONG_USE,
        }
    }
}
