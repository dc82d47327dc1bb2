//! Check of permits: the contract was in force, covered the purpose, and was applied as signed.

use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::finding::AuditFinding;
use crate::relied_statements;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::contract_timeline::ContractTimeline;
use hansa_audit_store::history::open_block::OpenBlock;
use hansa_audit_store::history::query_entry::{DatasetRead, QueryEntry};
use hansa_policy::contract::{Agreement, ContractRegistry, ContractStatus, VerifiedContract};
use hansa_policy::decision::program_check::lets_programs_ask;
use hansa_policy::id::{ContractId, ParticipantId, PurposeId};
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::normal_form;
use hansa_policy::term::purpose::Taxonomy;
use std::collections::BTreeSet;

/// Judges every permit of every file.
pub(crate) fn judge_permits(case: &EvidenceSet) -> Vec<AuditFinding> {
    let taxonomy = hansa_proto::purpose_taxonomy::embedded_vocabulary();
    let mut findings = Vec::new();
    for copy in &case.copies {
        for question in &copy.history.questions {
            for read in &question.reads {
                findings.extend(judge_read(case, copy, question, read, &taxonomy));
            }
            findings.extend(judge_bound(copy, question));
        }
        for block in &copy.history.open_blocks {
            findings.extend(judge_block(case, copy, block));
        }
        for end in &copy.history.unadmitted_ends {
            let (index, opened) = (end.index, end.opened);
            let what = format!("record {index}: record {opened} admitted no answer that could end");
            findings.push(AuditFinding::broken_evidence(&copy.file, Some(index), what));
        }
    }
    findings
}

/// Checks that the sent amount is within the recorded bound, and that an end without counts repeats the bound.
fn judge_bound(copy: &ExportFile, question: &QueryEntry) -> Option<AuditFinding> {
    let end = question.end.as_ref()?;
    let (index, opened) = (end.index, question.index);
    // Only a permit has an end, and each permit has a bound.
    let bound = question.at_most?;
    let is_within = match end.rows.zip(end.bytes) {
        Some((rows, bytes)) => bound.holds(rows, bytes),
        None => end.at_most == Some(bound),
    };
    (!is_within).then(|| {
        let what = format!(
            "record {index}: the answer of record {opened} went beyond the {} rows and {} bytes that were recorded before they left",
            bound.rows, bound.bytes
        );
        AuditFinding::broken_evidence(&copy.file, Some(index), what)
    })
}

/// Checks that a block of open data has a public view that was in force and open to everybody.
fn judge_block(case: &EvidenceSet, copy: &ExportFile, block: &OpenBlock) -> Option<AuditFinding> {
    let (file, index) = (copy.file.as_str(), Some(block.index));
    // Requests for the list of open views belong to no view.
    let id = block.contract.as_ref()?;
    let said = |what: String| format!("record {}: {what}", block.index);
    let Ok(id) = id.parse::<ContractId>() else {
        let what = said("the public view's name is none".to_owned());
        return Some(AuditFinding::broken_evidence(file, index, what));
    };
    let Some(agreed) = case.documents.contracts.get(&id) else {
        return (!case.documents.knows_contract(id)).then(|| {
            let what = said(format!(
                "public view {} is not in the files",
                id.to_short_text()
            ));
            AuditFinding::missing_evidence(file, index, what)
        });
    };
    if block.dataset.as_deref() != Some(agreed.agreement().dataset.id.name.as_str()) {
        let what = said(format!(
            "public view {} is of another dataset",
            id.to_short_text()
        ));
        return Some(AuditFinding::broken_evidence(file, index, what));
    }
    let not_open = not_open(case, copy, id, block.index, block.at)?;
    let what = said(format!("{not_open}, and bytes were reserved for anybody"));
    Some(AuditFinding::broken_evidence(file, index, what))
}

/// Reason why a public view was not open to everybody on the web at a record, if so.
fn not_open(
    case: &EvidenceSet,
    copy: &ExportFile,
    id: ContractId,
    upto: u64,
    at: UtcTimestamp,
) -> Option<String> {
    let activated = find_timeline(copy, id).and_then(|life| life.activated);
    if copy.tree.is_some() && activated.is_none_or(|(index, _)| index >= upto) {
        return Some(format!(
            "public view {} was not active yet",
            id.to_short_text()
        ));
    }
    let registry = registry_before(case, copy, upto, copy.owner.clone(), id);
    let refusal = registry.on_web(id, at).err()?;
    Some(format!(
        "public view {} was not open to anybody on the web: {}",
        id.to_short_text(),
        refusal.sentence
    ))
}

fn judge_read(
    case: &EvidenceSet,
    copy: &ExportFile,
    question: &QueryEntry,
    read: &DatasetRead,
    taxonomy: &Taxonomy,
) -> Option<AuditFinding> {
    let file = copy.file.as_str();
    let index = Some(question.index);
    let broken = |what: String| {
        Some(AuditFinding::broken_evidence(
            file,
            index,
            format!("record {}: {what}", question.index),
        ))
    };
    let Some(contract) = &read.contract else {
        // A question from the web is not one of the owner's users.
        let own = question.peer == copy.owner.as_str() && !question.is_web;
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
    let Some(agreed) = case.documents.contracts.get(&id) else {
        // An invalid contract was reported with the contract.
        return (!case.documents.knows_contract(id)).then(|| {
            let what = format!(
                "record {}: contract {} is not in the files",
                question.index,
                id.to_short_text()
            );
            AuditFinding::missing_evidence(file, index, what)
        });
    };
    let agreement = agreed.agreement();
    if agreement.dataset.id.to_string() != read.dataset || agreement.provider.id != copy.owner {
        return broken(format!(
            "contract {} does not give {}",
            id.to_short_text(),
            read.dataset
        ));
    }
    if question.is_web
        && let Some(what) = not_open(case, copy, id, question.index, question.at)
    {
        return broken(format!("it was asked for anybody, and {what}"));
    }
    let token = question.program.as_ref();
    let token = token.and_then(|program| program.contract.as_ref());
    if agreement.partner().is_some() && token != Some(contract) {
        return broken(format!(
            "contract {} is with a partner of another make, and no token of a transfer under it was presented",
            id.to_short_text()
        ));
    }
    let barred_now = match question.is_web {
        true => None,
        false => find_contract_denial(case, copy, question, id, taxonomy),
    };
    let judged = |upto| JudgedQuestion { question, upto };
    if let Some(what) = barred_now {
        if let Some(withdrawn) = case.closed_permit(copy, question, id)
            && barred_at(case, copy, judged(withdrawn.index), id, taxonomy).is_none()
        {
            let what = format!(
                "record {}: it was permitted behind the withdrawal of contract {}, record {}, as {} has stated",
                question.index,
                id.to_short_text(),
                withdrawn.index,
                copy.owner.domain()
            );
            return Some(match question.end {
                Some(_) => {
                    let what = format!("{what}; no row is known to have left");
                    AuditFinding::incident(file, index, what)
                }
                None => {
                    let what = format!("{what}; its end is not in the file, so rows may have left");
                    AuditFinding::missing_evidence(file, index, what)
                }
            });
        }
        return match what {
            PermitDenial::Unknown(what) => Some(AuditFinding::unknown_format(
                file,
                index,
                format!("record {}: {what}", question.index),
            )),
            PermitDenial::Not(what) => broken(what),
        };
    }
    if let Some(program) = &question.program {
        if !lets_programs_ask(&agreement.clauses) {
            return broken(format!(
                "it was given to a program without a connector, and no clause of contract {} permits that",
                id.to_short_text()
            ));
        }
        if program.contract.as_ref().is_some_and(|of| of != contract) {
            return broken(format!(
                "the access token that was presented is not for contract {}",
                id.to_short_text()
            ));
        }
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
            id.to_short_text()
        ));
    }
    match policy_application(agreement, read) {
        PolicyApplication::AsSigned => {
            relied_statements::judge_relied_statements(case, copy, question, read, agreement)
                .or_else(|| check_restriction(case, copy, question, read))
        }
        PolicyApplication::OtherForm => Some(AuditFinding::unknown_format(
            file,
            index,
            format!(
                "record {}: the normal form `{}` is not known here",
                question.index, read.grant
            ),
        )),
        PolicyApplication::Otherwise => broken(format!(
            "contract {} was not applied as it was signed",
            id.to_short_text()
        )),
    }
}

/// Finding for the restriction that a permit names, if it is missing or belongs to another dataset.
fn check_restriction(
    case: &EvidenceSet,
    copy: &ExportFile,
    question: &QueryEntry,
    read: &DatasetRead,
) -> Option<AuditFinding> {
    let name = read.restriction.as_ref()?;
    let at = Some(question.index);
    let report = |what: &str| {
        let short = name.get(..12).unwrap_or(name);
        format!("record {}: the restriction {short} {what}", question.index)
    };
    if case.restriction(name, &read.dataset).is_some() {
        return None;
    }
    if case.documents.restrictions.contains_key(name) {
        let what = "is another document than the permit names, or can't be read";
        return Some(AuditFinding::broken_evidence(&copy.file, at, report(what)));
    }
    // A part of a log for another participant contains no restrictions.
    let whole = copy.tree.is_some();
    whole.then(|| AuditFinding::missing_evidence(&copy.file, at, report("is not in the files")))
}

/// Reason why a question may not have been permitted.
pub(crate) enum PermitDenial {
    /// Purpose vocabulary that is not known here.
    Unknown(String),
    /// State of the contract, or purpose.
    Not(String),
}

/// Reason why a contract did not permit a question at its time.
pub(crate) fn find_contract_denial(
    case: &EvidenceSet,
    copy: &ExportFile,
    question: &QueryEntry,
    id: ContractId,
    taxonomy: &Taxonomy,
) -> Option<PermitDenial> {
    let judged = JudgedQuestion {
        question,
        upto: question.index,
    };
    barred_at(case, copy, judged, id, taxonomy)
}

/// Question that is judged by the state of the registry before a record.
#[derive(Clone, Copy)]
struct JudgedQuestion<'a> {
    question: &'a QueryEntry,
    /// Place of the record.
    upto: u64,
}

/// Reason by the state of the registry before a record.
fn barred_at(
    case: &EvidenceSet,
    copy: &ExportFile,
    judged: JudgedQuestion<'_>,
    id: ContractId,
    taxonomy: &Taxonomy,
) -> Option<PermitDenial> {
    let JudgedQuestion { question, upto } = judged;
    let life = copy.history.contracts.get(&id.to_string());
    let activated = life.and_then(|life| life.activated);
    if copy.tree.is_some() && activated.is_none_or(|(index, _)| index >= question.index) {
        let what = format!("contract {} was not active yet", id.to_short_text());
        return Some(PermitDenial::Not(what));
    }
    let Ok(asker) = question.peer.parse::<ParticipantId>() else {
        return Some(PermitDenial::Not("nobody is named who asked".to_owned()));
    };
    let purpose = match question.purpose.as_deref().map(str::parse::<PurposeId>) {
        None => None,
        Some(Ok(purpose)) => Some(purpose),
        Some(Err(_)) => return Some(PermitDenial::Not("the purpose is no name".to_owned())),
    };
    let registry = registry_before(case, copy, upto, asker, id);
    let refusal = registry.blocking_refusal(id, purpose.as_ref(), taxonomy, question.at)?;
    let sentence = format!(
        "it was permitted, but {}: {}",
        refusal.code, refusal.sentence
    );
    Some(match refusal.code {
        ErrorCode::TermUnknown => PermitDenial::Unknown(sentence),
        _ => PermitDenial::Not(sentence),
    })
}

/// Registry of the asking participant, as known to the log's owner before the record `upto`: the contract, and those that replace
/// it.
fn registry_before(
    case: &EvidenceSet,
    copy: &ExportFile,
    upto: u64,
    asker: ParticipantId,
    id: ContractId,
) -> ContractRegistry {
    let mut registry = ContractRegistry::new(asker);
    let before = |agreed: &&VerifiedContract| {
        agreed.id() == id
            || (agreed.agreement().supersedes == Some(id)
                && find_timeline(copy, agreed.id())
                    .and_then(|life| life.activated)
                    .is_some_and(|(index, _)| index < upto))
    };
    for agreed in case.documents.contracts.values().filter(before) {
        let logged = BTreeSet::from([agreed.id()]);
        let _ = registry.readmit(agreed.clone(), &logged);
    }
    for withdrawn in find_timeline(copy, id)
        .into_iter()
        .flat_map(|life| &life.withdrawn)
    {
        if withdrawn.index < upto {
            let noticed = withdrawn.effective.filter(|at| *at > withdrawn.at);
            registry.end_contract(id, noticed.unwrap_or(UtcTimestamp::EARLIEST));
        }
    }
    registry
}

/// True if a contract was in force for the log's owner at a record.
pub(crate) fn in_force(
    case: &EvidenceSet,
    copy: &ExportFile,
    agreed: &VerifiedContract,
    upto: u64,
    at: UtcTimestamp,
) -> bool {
    let active = find_timeline(copy, agreed.id()).and_then(|life| life.activated);
    // A part of a log may begin after the activation.
    if copy.tree.is_some() && active.is_none_or(|(index, _)| index >= upto) {
        return false;
    }
    registry_before(case, copy, upto, copy.owner.clone(), agreed.id())
        .find_contract(agreed.id(), at)
        .is_some_and(|(_, status)| status == ContractStatus::InForce)
}

fn find_timeline(copy: &ExportFile, id: ContractId) -> Option<&ContractTimeline> {
    copy.history.contracts.get(&id.to_string())
}

/// State of a contract for the asking participant at an instant, in words.
pub(crate) fn contract_state_text(
    case: &EvidenceSet,
    copy: &ExportFile,
    agreed: &VerifiedContract,
    at: UtcTimestamp,
) -> String {
    let asker = agreed.agreement().assignee_id().unwrap_or(&copy.owner);
    let upto = copy
        .history
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
    let active = find_timeline(copy, agreed.id())
        .and_then(|life| life.activated)
        .is_some_and(|(index, _)| index < upto);
    if !active {
        return "not in the log".to_owned();
    }
    let registry = registry_before(case, copy, upto, asker.clone(), agreed.id());
    let Some((_, status)) = registry.find_contract(agreed.id(), at) else {
        return "not in the log".to_owned();
    };
    match registry
        .withdrawn_from(agreed.id())
        .filter(|from| *from > at)
    {
        Some(from) if status == ContractStatus::InForce => {
            format!("{}, withdrawn from {from} on", status.as_str())
        }
        _ => status.as_str().to_owned(),
    }
}

/// Result of the check of the applied clauses.
enum PolicyApplication {
    AsSigned,
    OtherForm,
    Otherwise,
}

fn policy_application(agreement: &Agreement, read: &DatasetRead) -> PolicyApplication {
    let Some((form, hash)) = read.grant.split_once(':') else {
        return PolicyApplication::Otherwise;
    };
    if form != normal_form::FORM {
        return PolicyApplication::OtherForm;
    }
    let due: BTreeSet<u64> = agreement
        .clauses
        .iter()
        .filter(|clause| !clause.term.is_recorded_only())
        .map(|clause| u64::from(clause.id.0))
        .collect();
    let done: BTreeSet<u64> = read.clauses.iter().copied().collect();
    if due == done && normal_form::grant_hash(&agreement.clauses).to_string() == hash {
        PolicyApplication::AsSigned
    } else {
        PolicyApplication::Otherwise
    }
}
