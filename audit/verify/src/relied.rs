//! Whether the statements on which a question was let in say what its contract asks for: credentials, and lists of groups.

use crate::copy::{Case, Copy};
use crate::finding::Finding;
use hansa_audit_store::story::{Question, Read};
use hansa_identity::bundle::Bundle;
use hansa_policy::attribute::{Attested, Attribute, Credential};
use hansa_policy::contract::Agreement;
use hansa_policy::group::Group;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::Refusal;
use hansa_policy::term::Term;
use hansa_proto::{credential, group};

/// A statement as it came.
enum Stated {
    Credential(Credential),
    Group(Group),
}

/// What the statements show, all together.
#[derive(Default)]
struct Grounds {
    attested: Vec<Attested>,
    groups: Vec<String>,
}

/// Judges the statements that a permit names under one contract.
pub(crate) fn judge(
    case: &Case,
    copy: &Copy,
    question: &Question,
    read: &Read,
    agreement: &Agreement,
) -> Option<Finding> {
    let at = Some(question.index);
    let told = |what: String| format!("record {}: {what}", question.index);
    let incomplete = |what: String| Some(Finding::incomplete(&copy.file, at, told(what)));
    let broken = |what: String| Some(Finding::broken(&copy.file, at, told(what)));
    let trust = case.trust.as_ref()?;
    let Ok(asker) = question.peer.parse::<ParticipantId>() else {
        return broken("nobody is named who asked".to_owned());
    };
    let mut grounds = Grounds::default();
    for name in &read.relied_on {
        let short = name.get(..12).unwrap_or(name);
        let Some(text) = case.pool.statements.get(name) else {
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
            Stated::Credential(credential) if changed_since(trust, credential) => {
                return incomplete(format!(
                    "the trust bundle in the files does not let {} state that any more; an older one is needed",
                    credential.issuer.domain()
                ));
            }
            Stated::Credential(credential) => trust
                .shown(credential, &asker, question.at)
                .map(|attested| grounds.attested.extend(attested)),
            Stated::Group(group) => listed(trust, group, &asker, copy, question)
                .map(|()| grounds.groups.push(group.name.to_string())),
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
        .find(|clause| !grounds.meet(&clause.term));
    unmet.and_then(|clause| {
        broken(format!(
            "the statements on which it relied do not show what clause {} asks for",
            clause.id
        ))
    })
}

impl Grounds {
    /// Whether what a clause wants to see of the asker was shown; true of clauses that want nothing so.
    fn meet(&self, term: &Term) -> bool {
        let shown = |holds: &dyn Fn(&Attribute) -> bool| {
            let mut attested = self.attested.iter();
            attested.any(|one| holds(one.attribute()))
        };
        match term {
            Term::Sector(wanted) => shown(&|one| match one {
                Attribute::Sector(sector) => wanted.iter().any(|wanted| wanted.covers(sector)),
                Attribute::Region(_) => false,
            }),
            Term::Region(wanted) => shown(&|one| match one {
                Attribute::Region(region) => wanted.covers(region),
                Attribute::Sector(_) => false,
            }),
            Term::Group(name) => self.groups.iter().any(|group| group == name.as_str()),
            other => !other.rests_on_a_statement(),
        }
    }
}

/// The statement of this digest.
fn read_statement(name: &str, text: &str) -> Option<Stated> {
    let bytes = text.as_bytes();
    let (stated, statement) = match credential::from_envelope(bytes) {
        Ok(credential) => {
            let statement = credential.statement;
            (Stated::Credential(credential), statement)
        }
        Err(_) => {
            let group = group::from_envelope(bytes).ok()?;
            let statement = group.statement;
            (Stated::Group(group), statement)
        }
    };
    (statement.to_string() == name).then_some(stated)
}

/// Whether the bundle says less of the issuer than it must have said: what the league took back later was good before.
fn changed_since(trust: &Bundle, credential: &Credential) -> bool {
    let content = trust.content();
    let issuer = content
        .issuers
        .iter()
        .find(|one| one.id == credential.issuer);
    let denied = content.denied.contains(&credential.statement);
    denied
        || issuer.is_none_or(|issuer| {
            let mut kinds = credential.attributes.iter().map(Attribute::kind);
            kinds.any(|kind| !issuer.states.contains(&kind))
        })
}

fn listed(
    trust: &Bundle,
    group: &Group,
    asker: &ParticipantId,
    copy: &Copy,
    question: &Question,
) -> Result<(), Refusal> {
    let (keys, at) = (trust.keys(question.at), question.at);
    group.lists(asker, &copy.owner, &keys, at).map(|_| ())
}
