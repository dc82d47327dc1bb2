//! Evidence set: the files of a case, each read and checked on its own.

use crate::args::VerifyArgs;
use crate::documents::DocumentIndex;
use crate::finding::{AuditFinding, FindingSubject};
use crate::incident::{self, ClosedIncident};
use crate::passkey_records::PasskeyRecords;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{self, ED25519, NoteKey, SignedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::record::body::RecordBody;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_log::tree::{MerkleTree, leaf_hash};
use hansa_audit_log::verifier::FaultKind;
use hansa_audit_log::{chain::ChainError, record::RecordError};
use hansa_audit_store::answers::AnswerCollector;
use hansa_audit_store::documents::{DocumentKind, SignedDocument};
use hansa_audit_store::history::AuditHistory;
use hansa_audit_store::key::Ed25519NoteVerifier;
use hansa_audit_store::offline::{self, BundleVisitor, CopyReport};
use hansa_audit_store::time_stamps::StampedHead;
use hansa_identity::bundle::TrustBundle;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::restriction::ProviderRestriction;
use std::path::Path;

/// File of the case.
pub(crate) struct ExportFile {
    /// Path as given by the user.
    pub(crate) file: String,
    /// Owner of the log.
    pub(crate) owner: ParticipantId,
    /// Report of the check of its records.
    pub(crate) report: CopyReport,
    /// History of its records.
    pub(crate) history: AuditHistory,
    /// Answers of its records, for comparison with another log.
    pub(crate) answers: AnswerCollector,
    /// Hash tree over its records; none for a part.
    pub(crate) tree: Option<MerkleTree>,
    /// Heads in the file, signed by its own key and part of its own history.
    pub(crate) heads: Vec<SignedHead>,
    /// Time stamps of heads in the file, not judged yet.
    pub(crate) time_stamps: Vec<StampedHead>,
    /// Passkeys, and acts at the console.
    pub(crate) passkeys: PasskeyRecords,
}

/// All files with their common documents.
pub(crate) struct EvidenceSet {
    /// Files of the case.
    pub(crate) copies: Vec<ExportFile>,
    /// Trusted bundle of the league.
    pub(crate) trust: Option<TrustBundle>,
    /// Documents of all files.
    pub(crate) documents: DocumentIndex,
    /// Closed incidents, by valid statements.
    pub(crate) incidents: Vec<ClosedIncident>,
    /// Findings about incidents: the closed ones, and invalid statements.
    pub(crate) shown: Vec<AuditFinding>,
    /// Findings of the reading.
    pub(crate) findings: Vec<AuditFinding>,
}

impl EvidenceSet {
    /// Reads the files. Errors of their content are findings.
    pub(crate) fn open(args: &VerifyArgs) -> Result<Self, String> {
        let (mut copies, mut findings, mut documents) = (Vec::new(), Vec::new(), Vec::new());
        for path in args.ask.files() {
            let file = path.display().to_string();
            let mut gathered = ExportFileBuilder::default();
            match offline::visit_copy(path, None, &mut gathered) {
                Ok(report) => {
                    findings.extend(of_report(&file, &report));
                    documents.append(&mut gathered.documents);
                    match gathered.into_copy(file.clone(), report) {
                        Some(copy) => copies.push(copy),
                        None => findings.push(AuditFinding::missing_evidence(
                            &file,
                            None,
                            "the log does not say whose it is",
                        )),
                    }
                }
                Err(refusal) => findings.push(of_refusal(&file, &refusal)?),
            }
        }
        let mut of_trust = Vec::new();
        let trust = read_trust_bundle(args, &documents, &mut of_trust)?;
        for copy in &copies {
            of_trust.extend(trust.as_ref().and_then(|trust| copy.foreign_key(trust)));
        }
        findings.extend(FindingSubject::Trust.label_findings(of_trust));
        let mut of_documents = Vec::new();
        let pool = DocumentIndex::judge(documents, &copies, trust.as_ref(), &mut of_documents);
        findings.extend(FindingSubject::Document.label_findings(of_documents));
        let mut case = Self {
            copies,
            trust,
            documents: pool,
            incidents: Vec::new(),
            shown: Vec::new(),
            findings,
        };
        (case.incidents, case.shown) = incident::judge_incidents(&case);
        Ok(case)
    }

    /// Thumbprint of the league's key, under which the signatures are judged.
    pub(crate) fn league(&self) -> Option<&str> {
        Some(self.trust.as_ref()?.content().key.kid())
    }

    /// Key that signs the heads of a participant's log, as the league registers it.
    pub(crate) fn note_key(&self, of: &ParticipantId) -> Option<NoteKey> {
        note_key(self.trust.as_ref()?, of)
    }

    /// True if a head is signed by the registered key of the participant; `None` for an unknown key.
    pub(crate) fn is_signed(&self, of: &ParticipantId, head: &SignedHead) -> Option<bool> {
        let key = self.note_key(of)?;
        Some(head.is_signed_by(&key, &Ed25519NoteVerifier))
    }

    /// Restriction of a dataset by the document's digest in a record, if the document is present and valid.
    pub(crate) fn restriction(&self, document: &str, dataset: &str) -> Option<ProviderRestriction> {
        let text = self.documents.restrictions.get(document)?;
        let (document, dataset) = (document.parse().ok()?, dataset.parse().ok()?);
        hansa_proto::restriction::read_stored_restriction(document, &dataset, text.as_bytes())
            .restriction
    }

    /// Files of one participant's log.
    pub(crate) fn participant_files<'a>(
        &'a self,
        owner: &'a ParticipantId,
    ) -> impl Iterator<Item = &'a ExportFile> {
        self.copies.iter().filter(move |copy| copy.owner == *owner)
    }
}

impl ExportFile {
    /// Time of the last record.
    pub(crate) fn last_time(&self) -> UtcTimestamp {
        self.report
            .span
            .map_or(UtcTimestamp::EARLIEST, |(_, last)| last)
    }

    fn foreign_key(&self, trust: &TrustBundle) -> Option<AuditFinding> {
        let file = self.file.as_str();
        let Some(key) = note_key(trust, &self.owner) else {
            let sentence = format!("the league knows no participant {}", self.owner.domain());
            return Some(AuditFinding::broken_evidence(file, None, sentence));
        };
        let head = self.report.head.as_ref()?;
        (!head.is_signed_by(&key, &Ed25519NoteVerifier)).then(|| {
            AuditFinding::broken_evidence(
                file,
                None,
                format!(
                    "its heads are not signed by the key that the league registers for {}",
                    self.owner.domain()
                ),
            )
        })
    }
}

fn note_key(trust: &TrustBundle, of: &ParticipantId) -> Option<NoteKey> {
    let member = trust.member(of)?;
    Some(NoteKey {
        name: note::log_origin(of.domain()),
        algorithm: ED25519,
        public: member.note_key.raw_bytes().to_vec(),
    })
}

/// Builder of a file, record by record.
#[derive(Default)]
struct ExportFileBuilder {
    history: AuditHistory,
    answers: AnswerCollector,
    tree: MerkleTree,
    heads: Vec<SignedHead>,
    time_stamps: Vec<StampedHead>,
    passkeys: PasskeyRecords,
    documents: Vec<SignedDocument>,
}

impl BundleVisitor for ExportFileBuilder {
    fn record(&mut self, record: &Record, body: RecordBody) {
        self.answers.add_record(record, &body);
        self.passkeys.add_record(record, &body);
        self.history.add_record(record, body);
        self.tree.push(leaf_hash(&record.to_bytes()));
    }

    fn expired_record(&mut self, leaf: Digest) {
        self.tree.push(leaf);
    }

    fn document(&mut self, signed_document: SignedDocument) {
        self.documents.push(signed_document);
    }

    fn head(&mut self, head: &SignedHead) {
        self.heads.push(head.clone());
    }

    fn time_stamp(&mut self, stamped: &StampedHead) {
        self.time_stamps.push(stamped.clone());
    }
}

impl ExportFileBuilder {
    fn into_copy(self, file: String, report: CopyReport) -> Option<ExportFile> {
        let (domain, _) = report.log.split_once('/')?;
        let owner = format!("hansa://{domain}").parse().ok()?;
        Some(ExportFile {
            file,
            owner,
            history: self.history,
            answers: self.answers,
            tree: (!report.is_part && report.missing.is_empty()).then_some(self.tree),
            heads: self.heads,
            time_stamps: self.time_stamps,
            passkeys: self.passkeys,
            report,
        })
    }
}

fn of_report(file: &str, report: &CopyReport) -> Vec<AuditFinding> {
    let mut findings = Vec::new();
    if let Some(fault) = &report.fault {
        let version = FaultKind::Damaged(ChainError::Record(RecordError::Version));
        let sentence = fault.to_string();
        let index = Some(fault.index);
        let finding = if fault.what == version {
            AuditFinding::unknown_format(file, index, sentence)
        } else {
            AuditFinding::broken_evidence(file, index, sentence)
        };
        findings.push(finding.with_subject(FindingSubject::Record));
    }
    let damaged = report.damaged.iter();
    findings.extend(damaged.map(|what| AuditFinding::broken_evidence(file, None, what)));
    let unknown = report.unknown.iter();
    findings.extend(unknown.map(|what| AuditFinding::unknown_format(file, None, what)));
    let missing = report.missing.iter();
    findings.extend(missing.map(|what| AuditFinding::missing_evidence(file, None, what)));
    if report.keys.is_empty() {
        findings.push(AuditFinding::missing_evidence(
            file,
            None,
            "the copy brings no key",
        ));
    } else if report.head.is_none() && report.unknown.is_empty() {
        let sentence = "the copy brings no signed head";
        findings.push(AuditFinding::missing_evidence(file, None, sentence));
    }
    findings
}

/// Finding for a file that could not be judged. An unreadable file is wrong use, and an error.
fn of_refusal(file: &str, refusal: &Refusal) -> Result<AuditFinding, String> {
    let sentence = refusal.sentence.as_str();
    match refusal.code {
        ErrorCode::EvidenceUnknown => Ok(AuditFinding::unknown_format(file, None, sentence)),
        ErrorCode::EvidenceBroken => Ok(AuditFinding::broken_evidence(file, None, sentence)),
        ErrorCode::FileMissing => Err(sentence.to_owned()),
        _ => Ok(AuditFinding::missing_evidence(file, None, sentence)),
    }
}

/// Trust bundle given by the user, or the newest one in the files.
fn read_trust_bundle(
    args: &VerifyArgs,
    documents: &[SignedDocument],
    findings: &mut Vec<AuditFinding>,
) -> Result<Option<TrustBundle>, String> {
    let found = match &args.trust {
        Some(file) => Some(open_trust(file)?),
        None => newest_trust_bundle(documents, findings),
    };
    let Some(found) = found else {
        findings.push(AuditFinding::missing_evidence(
            "the files",
            None,
            "no trust bundle is among them, so no signature of a participant could be checked",
        ));
        return Ok(None);
    };
    let key = found.content().key.kid();
    if args.league.as_ref().is_some_and(|league| league != key) {
        findings.push(AuditFinding::broken_evidence(
            "the trust bundle",
            None,
            format!("it is signed by `{key}`, which is not the league's key"),
        ));
        return Ok(None);
    }
    Ok(Some(found))
}

fn open_trust(file: &Path) -> Result<TrustBundle, String> {
    TrustBundle::open(file).map_err(|refusal| format!("{}: {}", file.display(), refusal.sentence))
}

fn newest_trust_bundle(
    documents: &[SignedDocument],
    findings: &mut Vec<AuditFinding>,
) -> Option<TrustBundle> {
    let mut newest: Option<TrustBundle> = None;
    for document in documents
        .iter()
        .filter(|document| document.kind == DocumentKind::Trust)
    {
        let text = document.text.as_deref().unwrap_or_default();
        let read = match TrustBundle::read(text.as_bytes()) {
            Ok(read) => read,
            Err(refusal) => {
                let sentence = refusal.sentence;
                findings.push(AuditFinding::broken_evidence(
                    "the trust bundle",
                    None,
                    sentence,
                ));
                continue;
            }
        };
        match &newest {
            Some(known) if known.content().key != read.content().key => {
                let sentence = "the files bring the bundles of two leagues; name one with --trust";
                findings.push(AuditFinding::missing_evidence(
                    "the trust bundle",
                    None,
                    sentence,
                ));
            }
            Some(known) if known.content().sequence >= read.content().sequence => {}
            Some(_) | None => newest = Some(read),
        }
    }
    newest
}
