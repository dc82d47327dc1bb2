//! Whether each question that was permitted may have been: its contract was in force, covered the purpose, and was applied
//! as it was signed.

use crate::copy::{Case, Copy};
use crate::finding::Finding;
use crate::relied;
use hansa_audit_log::time::Time;
use hansa_audit_store::story::{Life, Question, Read};
use hansa_policy::contract::{Agreed, Agreement, Book, Standing};
use hansa_policy::id::{ContractId, ParticipantId, PurposeId};
use hansa_policy::refusal::Code;
use hansa_policy::term::normal;
use hansa_policy::term::purpose::Taxonomy;
use std::collections::BTreeSet;

/// Judges every permit of every file.
pub(crate) fn judge(case: &Case) -> Vec<Finding> {
    let taxonomy = hansa_proto::purposes::vocabulary();
    let mut findings = Vec::new();
    for copy in &case.copies {
        for question in &copy.story.questions {
            for read in &question.reads {
                findings.extend(judge_read(case, copy, question, read, &taxonomy));
            }
        }
    }
    findings
}

fn judge_read(
    case: &Case,
    copy: &Copy,
    question: &Question,
    read: &Read,
    taxonomy: &Taxonomy,
) -> Option<Finding> {
    let file = copy.file.as_str();
    let index = Some(question.index);
    let broken = |what: String| {
        Some(Finding::broken(
            file,
            index,
            format!("record {}: {what}", question.index),
        ))
    };
    let Some(contract) = &read.contract else {
        let own = question.peer == copy.owner.as_str();
        return if own {
            None
        } else {
            broken(format!("{} was let in without a contract", question.peer))
        };
    };
    let id: ContractId = match contract.parse() {
        Ok(id) => id,
        Err(_) => return broken("the contract's name is none".to_owned()),
    };
    let Some(agreed) = case.pool.contracts.get(&id) else {
        // What is wrong with one that is there was told with it.
        return (!case.pool.knows(id)).then(|| {
            let what = format!(
                "record {}: contract {} is not in the files",
                question.index,
                id.short()
            );
            Finding::incomplete(file, index, what)
        });
    };
    let agreement = agreed.agreement();
    if agreement.dataset.id.to_string() != read.dataset || agreement.provider.id != copy.owner {
        return broken(format!(
            "contract {} does not give {}",
            id.short(),
            read.dataset
        ));
    }
    if let Some(what) = barred(case, copy, question, id, taxonomy) {
        if let Some(withdrawn) = case.closed_permit(copy, question, id)
            && barred_at(case, copy, (question, withdrawn.index), id, taxonomy).is_none()
        {
            let what = format!(
                "record {}: it was permitted behind the withdrawal of contract {}, record {}, as {} has stated",
                question.index,
                id.short(),
                withdrawn.index,
                copy.owner.domain()
            );
            return Some(match question.end {
                Some(_) => {
                    let what = format!("{what}; no row is known to have left");
                    Finding::incident(file, index, what)
                }
                None => {
                    let what = format!("{what}; its end is not in the file, so rows may have left");
                    Finding::incomplete(file, index, what)
                }
            });
        }
        return match what {
            Barred::Unknown(what) => Some(Finding::unknown(
                file,
                index,
                format!("record {}: {what}", question.index),
            )),
            Barred::Not(what) => broken(what),
        };
    }
    let attested = agreement
        .clauses
        .iter()
        .find(|clause| clause.term.rests_on_a_statement());
    if let Some(clause) = attested
        && read.relied_on.is_empty()
    {
        return broken(format!(
            "clause {} of contract {} asks for a signed statement about the asker, and none is named",
            clause.id,
            id.short()
        ));
    }
    match applied(agreement, read) {
        Applied::AsSigned => relied::judge(case, copy, question, read, agreement)
            .or_else(|| guarded(case, copy, question, read)),
        Applied::OtherForm => Some(Finding::unknown(
            file,
            index,
            format!(
                "record {}: the normal form `{}` is not known here",
                question.index, read.grant
            ),
        )),
        Applied::Otherwise => broken(format!(
            "contract {} was not applied as it was signed",
            id.short()
        )),
    }
}

/// What is wrong with the guard that a permit names: it is not here, or is not the one of the dataset.
fn guarded(case: &Case, copy: &Copy, question: &Question, read: &Read) -> Option<Finding> {
    let name = read.guard.as_ref()?;
    let at = Some(question.index);
    let told = |what: &str| {
        let short = name.get(..12).unwrap_or(name);
        format!("record {}: the guard {short} {what}", question.index)
    };
    if case.guard(name, &read.dataset).is_some() {
        return None;
    }
    if case.pool.guards.contains_key(name) {
        let what = "is another document than the permit names, or can't be read";
        return Some(Finding::broken(&copy.file, at, told(what)));
    }
    // A part of a log that is made for somebody else brings none.
    let whole = copy.tree.is_some();
    whole.then(|| Finding::incomplete(&copy.file, at, told("is not in the files")))
}

/// What kept the question from being permitted.
pub(crate) enum Barred {
    /// A vocabulary that is not known here.
    Unknown(String),
    /// The state of the contract, or the purpose.
    Not(String),
}

/// Why a contract did not permit a question at its time.
pub(crate) fn barred(
    case: &Case,
    copy: &Copy,
    question: &Question,
    id: ContractId,
    taxonomy: &Taxonomy,
) -> Option<Barred> {
    barred_at(case, copy, (question, question.index), id, taxonomy)
}

/// The same, as the book stood before the record `upto`.
fn barred_at(
    case: &Case,
    copy: &Copy,
    (question, upto): (&Question, u64),
    id: ContractId,
    taxonomy: &Taxonomy,
) -> Option<Barred> {
    let life = copy.story.contracts.get(&id.to_string());
    let activated = life.and_then(|life| life.activated);
    if copy.tree.is_some() && activated.is_none_or(|(index, _)| index >= question.index) {
        let what = format!("contract {} was not active yet", id.short());
        return Some(Barred::Not(what));
    }
    let Ok(asker) = question.peer.parse::<ParticipantId>() else {
        return Some(Barred::Not("nobody is named who asked".to_owned()));
    };
    let purpose = match question.purpose.as_deref().map(str::parse::<PurposeId>) {
        None => None,
        Some(Ok(purpose)) => Some(purpose),
        Some(Err(_)) => return Some(Barred::Not("the purpose is no name".to_owned())),
    };
    let book = book(case, copy, upto, asker, id);
    let refusal = book.barred(id, purpose.as_ref(), taxonomy, question.at)?;
    let sentence = format!(
        "it was permitted, but {}: {}",
        refusal.code, refusal.sentence
    );
    Some(match refusal.code {
        Code::TermUnknown => Barred::Unknown(sentence),
        _ => Barred::Not(sentence),
    })
}

/// The book of the asker as the log's owner had it before the record `upto`: the contract, and those that replace it.
fn book(case: &Case, copy: &Copy, upto: u64, asker: ParticipantId, id: ContractId) -> Book {
    let mut book = Book::new(asker);
    let before = |agreed: &&Agreed| {
        agreed.id() == id
            || (agreed.agreement().supersedes == Some(id)
                && life(copy, agreed.id())
                    .and_then(|life| life.activated)
                    .is_some_and(|(index, _)| index < upto))
    };
    for agreed in case.pool.contracts.values().filter(before) {
        let logged = BTreeSet::from([agreed.id()]);
        let _ = book.readmit(agreed.clone(), &logged);
    }
    for withdrawn in life(copy, id).into_iter().flat_map(|life| &life.withdrawn) {
        if withdrawn.index < upto {
            let noticed = withdrawn.effective.filter(|at| *at > withdrawn.at);
            book.end(id, noticed.unwrap_or(Time::EARLIEST));
        }
    }
    book
}

/// Whether a contract was in force for the log's owner at a record.
pub(crate) fn in_force(case: &Case, copy: &Copy, agreed: &Agreed, (upto, at): (u64, Time)) -> bool {
    let active = life(copy, agreed.id()).and_then(|life| life.activated);
    // A part may begin after it.
    if copy.tree.is_some() && active.is_none_or(|(index, _)| index >= upto) {
        return false;
    }
    book(case, copy, upto, copy.owner.clone(), agreed.id())
        .stands(agreed.id(), at)
        .is_some_and(|(_, standing)| standing == Standing::InForce)
}

fn life(copy: &Copy, id: ContractId) -> Option<&Life> {
    copy.story.contracts.get(&id.to_string())
}

/// How a contract stood for the asker at an instant, in words.
pub(crate) fn standing(case: &Case, copy: &Copy, agreed: &Agreed, at: Time) -> &'static str {
    let asker = agreed.agreement().assignee_id().unwrap_or(&copy.owner);
    let upto = copy
        .story
        .contracts
        .values()
        .flat_map(|life| {
            let ends = life.withdrawn.iter().map(|one| (one.index, one.at));
            ends.chain(life.activated)
        })
        .filter(|(_, when)| *when <= at)
        .map(|(index, _)| index.saturating_add(1))
        .max()
        .unwrap_or_default();
    let active = life(copy, agreed.id())
        .and_then(|life| life.activated)
        .is_some_and(|(index, _)| index < upto);
    if !active {
        return "not in the log";
    }
    book(case, copy, upto, asker.clone(), agreed.id())
        .stands(agreed.id(), at)
        .map_or("not in the log", |(_, standing)| standing.as_str())
}

/// How the clauses of a contract were applied.
enum Applied {
    AsSigned,
    OtherForm,
    Otherwise,
}

fn applied(agreement: &Agreement, read: &Read) -> Applied {
    let Some((form, hash)) = read.grant.split_once(':') else {
        return Applied::Otherwise;
    };
    if form != normal::FORM {
        return Applied::OtherForm;
    }
    let due: BTreeSet<u64> = agreement
        .clauses
        .iter()
        .filter(|clause| !clause.term.is_recorded_only())
        .map(|clause| u64::from(clause.id.0))
        .collect();
    let done: BTreeSet<u64> = read.clauses.iter().copied().collect();
    if due == done && normal::grant_hash(&agreement.clauses).to_string() == hash {
        Applied::AsSigned
    } else {
        Applied::Otherwise
    }
}
