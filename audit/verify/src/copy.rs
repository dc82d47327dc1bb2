//! The files of a case, read and checked each on its own.

use crate::args::Args;
use crate::finding::Finding;
use crate::incident::{self, ClosedIncident};
use crate::papers::Pool;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::note::{self, ED25519, NoteKey, SignedHead};
use hansa_audit_log::record::Record;
use hansa_audit_log::time::Time;
use hansa_audit_log::tree::{Tree, leaf_hash};
use hansa_audit_log::verify::What;
use hansa_audit_log::{chain::Misfit, record::RecordFault};
use hansa_audit_store::answers::Answers;
use hansa_audit_store::key::Ed25519Notes;
use hansa_audit_store::offline::{self, Report, Visit};
use hansa_audit_store::papers::{Paper, PaperKind};
use hansa_audit_store::story::Story;
use hansa_identity::bundle::Bundle;
use hansa_policy::guard::Guard;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{Code, Refusal};
use std::path::Path;

/// One file.
pub(crate) struct Copy {
    /// Its path, as it was named.
    pub(crate) file: String,
    /// Whose log it is.
    pub(crate) owner: ParticipantId,
    /// What the check of its records found.
    pub(crate) report: Report,
    /// What its records tell.
    pub(crate) story: Story,
    /// The same as lines that can be laid beside those of another log.
    pub(crate) answers: Answers,
    /// The hash tree over its records; of a part there is none.
    pub(crate) tree: Option<Tree>,
    /// The heads that it brings, signed by its own key and part of its own history.
    pub(crate) heads: Vec<SignedHead>,
}

/// All files, and what they bring together.
pub(crate) struct Case {
    /// The files.
    pub(crate) copies: Vec<Copy>,
    /// The trust bundle that is believed.
    pub(crate) trust: Option<Bundle>,
    /// The papers of all files.
    pub(crate) pool: Pool,
    /// The incidents that were stated, by statements that hold.
    pub(crate) incidents: Vec<ClosedIncident>,
    /// What is to be shown of them, and which statements do not hold.
    pub(crate) shown: Vec<Finding>,
    /// What was found on the way.
    pub(crate) findings: Vec<Finding>,
}

impl Case {
    /// Reads the files; what is wrong with their content is a finding.
    pub(crate) fn open(args: &Args) -> Result<Self, String> {
        let (mut copies, mut findings, mut papers) = (Vec::new(), Vec::new(), Vec::new());
        for path in args.ask.files() {
            let file = path.display().to_string();
            let mut gathered = Gathered::default();
            match offline::visit(path, None, &mut gathered) {
                Ok(report) => {
                    findings.extend(of_report(&file, &report));
                    papers.append(&mut gathered.papers);
                    match gathered.into_copy(file.clone(), report) {
                        Some(copy) => copies.push(copy),
                        None => findings.push(Finding::incomplete(
                            &file,
                            None,
                            "the log does not say whose it is",
                        )),
                    }
                }
                Err(refusal) => findings.push(of_refusal(&file, &refusal)?),
            }
        }
        let trust = trust(args, &papers, &mut findings)?;
        for copy in &copies {
            findings.extend(trust.as_ref().and_then(|trust| copy.foreign_key(trust)));
        }
        let pool = Pool::judge(papers, &copies, trust.as_ref(), &mut findings);
        let mut case = Self {
            copies,
            trust,
            pool,
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
        Some(head.is_signed_by(&key, &Ed25519Notes))
    }

    /// The guard of a dataset that a record names by its document, as far as that is here and is what it should be.
    pub(crate) fn guard(&self, document: &str, dataset: &str) -> Option<Guard> {
        let text = self.pool.guards.get(document)?;
        let (document, dataset) = (document.parse().ok()?, dataset.parse().ok()?);
        hansa_proto::guard::held(document, &dataset, text.as_bytes()).guard
    }

    /// The files of one participant's log.
    pub(crate) fn of<'a>(&'a self, owner: &'a ParticipantId) -> impl Iterator<Item = &'a Copy> {
        self.copies.iter().filter(move |copy| copy.owner == *owner)
    }
}

impl Copy {
    /// The time of its last record.
    pub(crate) fn last(&self) -> Time {
        self.report.span.map_or(Time::EARLIEST, |(_, last)| last)
    }

    fn foreign_key(&self, trust: &Bundle) -> Option<Finding> {
        let file = self.file.as_str();
        let Some(key) = note_key(trust, &self.owner) else {
            let sentence = format!("the league knows no participant {}", self.owner.domain());
            return Some(Finding::broken(file, None, sentence));
        };
        let head = self.report.head.as_ref()?;
        (!head.is_signed_by(&key, &Ed25519Notes)).then(|| {
            Finding::broken(
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

fn note_key(trust: &Bundle, of: &ParticipantId) -> Option<NoteKey> {
    let member = trust.member(of)?;
    Some(NoteKey {
        name: note::origin(of.domain()),
        algorithm: ED25519,
        public: member.note_key.raw().to_vec(),
    })
}

/// What comes out of a file, record by record.
#[derive(Default)]
struct Gathered {
    story: Story,
    answers: Answers,
    tree: Tree,
    heads: Vec<SignedHead>,
    papers: Vec<Paper>,
}

impl Visit for Gathered {
    fn record(&mut self, record: &Record) {
        self.story.see(record);
        self.answers.see(record);
        self.tree.push(leaf_hash(&record.to_bytes()));
    }

    fn expired(&mut self, leaf: Digest) {
        self.tree.push(leaf);
    }

    fn paper(&mut self, paper: Paper) {
        self.papers.push(paper);
    }

    fn head(&mut self, head: &SignedHead) {
        self.heads.push(head.clone());
    }
}

impl Gathered {
    fn into_copy(self, file: String, report: Report) -> Option<Copy> {
        let (domain, _) = report.log.split_once('/')?;
        let owner = format!("hansa://{domain}").parse().ok()?;
        Some(Copy {
            file,
            owner,
            story: self.story,
            answers: self.answers,
            tree: (!report.is_part && report.missing.is_empty()).then_some(self.tree),
            heads: self.heads,
            report,
        })
    }
}

fn of_report(file: &str, report: &Report) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(fault) = &report.fault {
        let version = What::Damaged(Misfit::Record(RecordFault::Version));
        let sentence = fault.to_string();
        let index = Some(fault.index);
        findings.push(if fault.what == version {
            Finding::unknown(file, index, sentence)
        } else {
            Finding::broken(file, index, sentence)
        });
    }
    let damaged = report.damaged.iter();
    findings.extend(damaged.map(|what| Finding::broken(file, None, what)));
    let unknown = report.unknown.iter();
    findings.extend(unknown.map(|what| Finding::unknown(file, None, what)));
    let missing = report.missing.iter();
    findings.extend(missing.map(|what| Finding::incomplete(file, None, what)));
    if report.keys.is_empty() {
        findings.push(Finding::incomplete(file, None, "the copy brings no key"));
    } else if report.head.is_none() && report.unknown.is_empty() {
        let sentence = "the copy brings no signed head";
        findings.push(Finding::incomplete(file, None, sentence));
    }
    findings
}

/// A file that could not be judged. That it can't be read at all is a wrong use.
fn of_refusal(file: &str, refusal: &Refusal) -> Result<Finding, String> {
    let sentence = refusal.sentence.as_str();
    match refusal.code {
        Code::EvidenceUnknown => Ok(Finding::unknown(file, None, sentence)),
        Code::EvidenceBroken => Ok(Finding::broken(file, None, sentence)),
        Code::FileMissing => Err(sentence.to_owned()),
        _ => Ok(Finding::incomplete(file, None, sentence)),
    }
}

/// The trust bundle that was named, or the newest one of the files.
fn trust(
    args: &Args,
    papers: &[Paper],
    findings: &mut Vec<Finding>,
) -> Result<Option<Bundle>, String> {
    let found = match &args.trust {
        Some(file) => Some(open_trust(file)?),
        None => newest(papers, findings),
    };
    let Some(found) = found else {
        findings.push(Finding::incomplete(
            "the files",
            None,
            "no trust bundle is among them, so no signature of a participant could be checked",
        ));
        return Ok(None);
    };
    let key = found.content().key.kid();
    if args.league.as_ref().is_some_and(|league| league != key) {
        findings.push(Finding::broken(
            "the trust bundle",
            None,
            format!("it is signed by `{key}`, which is not the league's key"),
        ));
        return Ok(None);
    }
    Ok(Some(found))
}

fn open_trust(file: &Path) -> Result<Bundle, String> {
    Bundle::open(file).map_err(|refusal| format!("{}: {}", file.display(), refusal.sentence))
}

fn newest(papers: &[Paper], findings: &mut Vec<Finding>) -> Option<Bundle> {
    let mut newest: Option<Bundle> = None;
    for paper in papers.iter().filter(|paper| paper.kind == PaperKind::Trust) {
        let text = paper.text.as_deref().unwrap_or_default();
        let read = match Bundle::read(text.as_bytes()) {
            Ok(read) => read,
            Err(refusal) => {
                let sentence = refusal.sentence;
                findings.push(Finding::broken("the trust bundle", None, sentence));
                continue;
            }
        };
        match &newest {
            Some(known) if known.content().key != read.content().key => {
                let sentence = "the files bring the bundles of two leagues; name one with --trust";
                findings.push(Finding::incomplete("the trust bundle", None, sentence));
            }
            Some(known) if known.content().sequence >= read.content().sequence => {}
            Some(_) | None => newest = Some(read),
        }
    }
    newest
}
