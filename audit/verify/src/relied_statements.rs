//! Check of the statements that an admission relied on, against the contract: credentials, and lists of groups.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use hansa_audit_store::history::query_entry::{DatasetRead, QueryEntry};
use hansa_identity::bundle::TrustBundle;
use hansa_policy::attribute::{AttestedAttribute, Credential, ParticipantAttribute};
use hansa_policy::contract::Agreement;
use hansa_policy::group::SignedGroupList;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_proto::{credential, group};

/// Supporting statement as received.
enum SupportingStatement {
    Credential(Credential),
    Group(SignedGroupList),
}

/// Content of all supporting statements together.
#[derive(Default)]
struct ReliedStatements {
    attested: Vec<AttestedAttribute>,
    groups: Vec<String>,
}

/// Judges the statements that a permit names under one contract.
pub(crate) fn judge_relied_statements(
    case: &EvidenceSet,
    copy: &ExportFile,
    question: &QueryEntry,
    read: &DatasetRead,
    agreement: &Agreement,
) -> Option<AuditFinding> {
    let at = Some(question.index);
    let report = |what: String| format!("record {}: {what}", question.index);
    let incomplete =
        |what: String| Some(AuditFinding::missing_evidence(&copy.file, at, report(what)));
    let broken = |what: String| Some(AuditFinding::broken_evidence(&copy.file, at, report(what)));
    let trust = case.trust.as_ref()?;
    let Ok(asker) = question.peer.parse::<ParticipantId>() else {
        return broken("nobody is named who asked".to_owned());
    };
    let mut grounds = ReliedStatements::default();
    for name in &read.relied_on {
        let short = name.get(..12).unwrap_or(name);
        let Some(text) = case.documents.statements.get(name) else {
            return incomplete(format!(
                "the statement {short} on which it relied is not in the files"
            ));
        };
        let Some(stated) = read_statement(name, text) else {
            return broken(format!(
                "the statement {short} is not the one that it names"
            ));
        };
        let shown = match &stated {
            SupportingStatement::Credential(credential) if changed_since(trust, credential) => {
                return incomplete(format!(
                    "the trust bundle in the files does not let {} state that any more; an older one is needed",
                    credential.issuer.domain()
                ));
            }
            SupportingStatement::Credential(credential) => trust
                .attested_attributes(credential, &asker, question.at)
                .map(|attested| grounds.attested.extend(attested)),
            SupportingStatement::Group(group) => {
                check_group_membership(trust, group, &asker, copy, question)
                    .map(|()| grounds.groups.push(group.name.to_string()))
            }
        };
        if let Err(refusal) = shown {
            let why = format!("{}: {}", refusal.code, refusal.sentence);
            return broken(format!(
                "it relied on a statement that does not hold: {why}"
            ));
        }
    }
    let unmet = agreement
        .clauses
        .iter()
        .find(|clause| !grounds.meets_term(&clause.term));
    unmet.and_then(|clause| {
        broken(format!(
            "the statements on which it relied do not show what clause {} asks for",
            clause.id
        ))
    })
}

impl ReliedStatements {
    /// True if the statements satisfy a clause about the asking participant, or the clause is about something else.
    fn meets_term(&self, term: &Term) -> bool {
        let shown = |holds: &dyn Fn(&ParticipantAttribute) -> bool| {
            let mut attested = self.attested.iter();
            attested.any(|one| holds(one.attribute()))
        };
        match term {
            Term::Sector(wanted) => shown(&|one| match one {
                ParticipantAttribute::Sector(sector) => {
                    wanted.iter().any(|wanted| wanted.covers(sector))
                }
                ParticipantAttribute::Region(_) => false,
            }),
            Term::Region(wanted) => shown(&|one| match one {
                ParticipantAttribute::Region(region) => wanted.covers(region),
                ParticipantAttribute::Sector(_) => false,
            }),
            Term::Group(name) => self.groups.iter().any(|group| group == name.as_str()),
            other => !other.rests_on_a_statement(),
        }
    }
}

/// Statement with this digest.
fn read_statement(name: &str, text: &str) -> Option<SupportingStatement> {
    let bytes = text.as_bytes();
    let (stated, statement) = match credential::from_envelope(bytes) {
        Ok(credential) => {
            let statement = credential.statement;
            (SupportingStatement::Credential(credential), statement)
        }
        Err(_) => {
            let group = group::from_envelope(bytes).ok()?;
            let statement = group.statement;
            (SupportingStatement::Group(group), statement)
        }
    };
    (statement.to_string() == name).then_some(stated)
}

/// True if the bundle gives the issuer fewer rights than the credential needs. The league may have revoked them later.
fn changed_since(trust: &TrustBundle, credential: &Credential) -> bool {
    let content = trust.content();
    let issuer = content
        .issuers
        .iter()
        .find(|one| one.id == credential.issuer);
    let denied = content.denied.contains(&credential.statement);
    denied
        || issuer.is_none_or(|issuer| {
            let mut kinds = credential.attributes.iter().map(ParticipantAttribute::kind);
            kinds.any(|kind| !issuer.states.contains(&kind))
        })
}

fn check_group_membership(
    trust: &TrustBundle,
    group: &SignedGroupList,
    asker: &ParticipantId,
    copy: &ExportFile,
    question: &QueryEntry,
) -> Result<(), Refusal> {
    let (keys, at) = (trust.keys(question.at), question.at);
    group
        .check_membership(asker, &copy.owner, &keys, at)
        .map(|_| ())
}
