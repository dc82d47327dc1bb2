//! The files of a case, read and checked each on its own.

use crate::args::VerifyArgs;
use crate::documents::DocumentIndex;
use crate::finding::AuditFinding;
use crate::incident::{self, ClosedIncident};
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

/// One file.
pub(crate) struct ExportFile {
    /// Its path, as it was named.
    pub(crate) file: String,
    /// Whose log it is.
    pub(crate) owner: ParticipantId,
    /// What the check of its records found.
    pub(crate) report: CopyReport,
    /// What its records tell.
    pub(crate) history: AuditHistory,
    /// The same as lines that can be laid beside those of another log.
    pub(crate) answers: AnswerCollector,
    /// The hash tree over its records; of a part there is none.
    pub(crate) tree: Option<MerkleTree>,
    /// The heads that it brings, signed by its own key and part of its own history.
    pub(crate) heads: Vec<SignedHead>,
    /// The time stamps of heads that it brings, not judged.
    pub(crate) time_stamps: Vec<StampedHead>,
}

/// All files, and what they bring together.
pub(crate) struct EvidenceSet {
    /// The files.
    pub(crate) copies: Vec<ExportFile>,
    /// The trust bundle that is believed.
    pub(crate) trust: Option<TrustBundle>,
    /// The documents of all files.
    pub(crate) documents: DocumentIndex,
    /// The incidents that were stated, by statements that hold.
    pub(crate) incidents: Vec<ClosedIncident>,
    /// What is to be shown of them, and which statements do not hold.
    pub(crate) shown: Vec<AuditFinding>,
    /// What was found on the way.
    pub(crate) findings: Vec<AuditFinding>,
}

impl EvidenceSet {
    /// Reads the files; what is wrong with their content is a finding.
    pub(crate) fn open(args: &VerifyArgs) -> Result<Self, String> {
        let (mut copies, mut findings, mut documents) = (Vec::new(), Vec::new(), Vec::new());
        for path in args.ask.files() {
            let file = path.display().to_string();
            let mut gathered = ExportFileBuilder::default();
            match offline::visit(path, None, &mut gathered) {
                Ok(report) => {
                    findings.extend(of_report(&file, &report));
                    documents.append(&mut gathered.documents);
                    match gathered.into_copy(file.clone(), report) {
                        Some(copy) => copies.push(copy),
                        None => findings.push(AuditFinding::incomplete(
                            &file,
                            None,
                            "the log does not say whose it is",
                        )),
                    }
                }
                Err(refusal) => findings.push(of_refusal(&file, &refusal)?),
            }
        }
        let trust = trust(args, &documents, &mut findings)?;
        for copy in &copies {
            findings.extend(trust.as_ref().and_then(|trust| copy.foreign_key(trust)));
        }
        let pool = DocumentIndex::judge(documents, &copies, trust.as_ref(), &mut findings);
        let mut case = Self {
            copies,
            trust,
            documents: pool,
            incidents: Vec::new(),
            shown: Vec::new(),
            findings,
        };
        (case.incidents, case.shown) = incident::judge(&case);
        Ok(case)
    }

    /// The key that signs the heads of a participant's log, as the league registers it.
    pub(crate) fn note_key(&self, of: &ParticipantId) -> Option<NoteKey> {
        note_key(self.trust.as_ref()?, of)
    }

    /// Whether a head is signed by the registered key of the participant; `None` where no key is known.
    pub(crate) fn is_signed(&self, of: &ParticipantId, head: &SignedHead) -> Option<bool> {
        let key = self.note_key(of)?;
        Some(head.is_signed_by(&key, &Ed25519NoteVerifier))
    }

    /// The restriction of a dataset that a record names by its document, as far as that is here and is what it should be.
    pub(crate) fn restriction(&self, document: &str, dataset: &str) -> Option<ProviderRestriction> {
        let text = self.documents.restrictions.get(document)?;
        let (document, dataset) = (document.parse().ok()?, dataset.parse().ok()?);
        hansa_proto::restriction::read_stored_restriction(document, &dataset, text.as_bytes())
            .restriction
    }

    /// The files of one participant's log.
    pub(crate) fn of<'a>(
        &'a self,
        owner: &'a ParticipantId,
    ) -> impl Iterator<Item = &'a ExportFile> {
        self.copies.iter().filter(move |copy| copy.owner == *owner)
    }
}

impl ExportFile {
    /// The time of its last record.
    pub(crate) fn last(&self) -> UtcTimestamp {
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
        name: note::origin(of.domain()),
        algorithm: ED25519,
        public: member.note_key.raw().to_vec(),
    })
}

/// What comes out of a file, record by record.
#[derive(Default)]
struct ExportFileBuilder {
    history: AuditHistory,
    answers: AnswerCollector,
    tree: MerkleTree,
    heads: Vec<SignedHead>,
    time_stamps: Vec<StampedHead>,
    documents: Vec<SignedDocument>,
}

impl BundleVisitor for ExportFileBuilder {
    fn record(&mut self, record: &Record, body: RecordBody) {
        self.answers.see(record, &body);
        self.history.see(record, body);
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
        findings.push(if fault.what == version {
            AuditFinding::unknown(file, index, sentence)
        } else {
            AuditFinding::broken_evidence(file, index, sentence)
        });
    }
    let damaged = report.damaged.iter();
    findings.extend(damaged.map(|what| AuditFinding::broken_evidence(file, None, what)));
    let unknown = report.unknown.iter();
    findings.extend(unknown.map(|what| AuditFinding::unknown(file, None, what)));
    let missing = report.missing.iter();
    findings.extend(missing.map(|what| AuditFinding::incomplete(file, None, what)));
    if report.keys.is_empty() {
        findings.push(AuditFinding::incomplete(
            file,
            None,
            "the copy brings no key",
        ));
    } else if report.head.is_none() && report.unknown.is_empty() {
        let sentence = "the copy brings no signed head";
        findings.push(AuditFinding::incomplete(file, None, sentence));
    }
    findings
}

/// A file that could not be judged. That it can't be read at all is a wrong use.
fn of_refusal(file: &str, refusal: &Refusal) -> Result<AuditFinding, String> {
    let sentence = refusal.sentence.as_str();
    match refusal.code {
        ErrorCode::EvidenceUnknown => Ok(AuditFinding::unknown(file, None, sentence)),
        ErrorCode::EvidenceBroken => Ok(AuditFinding::broken_evidence(file, None, sentence)),
        ErrorCode::FileMissing => Err(sentence.to_owned()),
        _ => Ok(AuditFinding::incomplete(file, None, sentence)),
    }
}

/// The trust bundle that was named, or the newest one of the files.
fn trust(
    args: &VerifyArgs,
    documents: &[SignedDocument],
    findings: &mut Vec<AuditFinding>,
) -> Result<Option<TrustBundle>, String> {
    let found = match &args.trust {
        Some(file) => Some(open_trust(file)?),
        None => newest(documents, findings),
    };
    let Some(found) = found else {
        findings.push(AuditFinding::incomplete(
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

fn newest(documents: &[SignedDocument], findings: &mut Vec<AuditFinding>) -> Option<TrustBundle> {
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
                findings.push(AuditFinding::incomplete("the trust bundle", None, sentence));
            }
            Some(known) if known.content().sequence >= read.content().sequence => {}
            Some(_) | None => newest = Some(read),
        }
    }
    newest
}
