//! Reports on one question, one contract, or the disclosed answers.

use crate::documents::time_from_seconds;
use crate::evidence_set::{EvidenceSet, ExportFile};
use crate::output::OutputCollector;
use crate::permit;
use crate::receipt;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::history::query_entry::QueryEntry;
use hansa_audit_store::history::received_answer::ReceivedAnswer;
use hansa_policy::contract::VerifiedContract;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::ContractId;
use hansa_policy::restriction::ProviderRestriction;
use serde_json::{Value, json};

/// Report on a question: asking participant, permit with its clauses, sent amount.
pub(crate) fn report_question(
    case: &EvidenceSet,
    id: &str,
    collector: &mut OutputCollector,
) -> Result<(), String> {
    let mut found = false;
    for copy in &case.copies {
        if let Some(question) = copy.history.find_question(id) {
            found = true;
            let (value, text) = describe_question(case, copy, question);
            collector.add_answer(value, &text);
        }
        let received = copy.history.received.iter();
        for received in received.filter(|one| one.request.starts_with(id)) {
            found = true;
            let (value, text) = describe_answer(copy, received);
            collector.add_answer(value, &text);
        }
    }
    if found {
        Ok(())
    } else {
        Err(format!("no question `{id}` is in the files"))
    }
}

fn describe_question(
    case: &EvidenceSet,
    copy: &ExportFile,
    question: &QueryEntry,
) -> (Value, String) {
    let mut text = format!(
        "question {} in the log of {}, record {}\n  asked by {} on {}{}",
        question.request,
        copy.owner.domain(),
        question.index,
        question.peer,
        question.at,
        question
            .purpose
            .as_ref()
            .map_or_else(String::new, |purpose| format!(", for {purpose}")),
    );
    match &question.refused {
        None => text.push_str("\n  permitted"),
        Some(why) => {
            text.push_str(&format!("\n  refused: {}", why.code));
            if let Some(clause) = why.clause {
                text.push_str(&format!(" by clause #c{clause}"));
            }
            if let Some(clause) = why.restriction {
                text.push_str(&format!(
                    " by clause #r{clause} of the dataset's restriction"
                ));
            }
        }
    }
    for read in &question.reads {
        let snapshot = read.snapshot.as_deref().unwrap_or("not named");
        text.push_str(&format!("\n  read {}, snapshot {snapshot}", read.dataset));
    }
    let mut clauses = Vec::new();
    for id in receipt::question_contracts(question) {
        text.push_str(&format!("\n  under contract {id}"));
        let Some(agreed) = case.documents.contracts.get(&id) else {
            text.push_str(", which is not in the files or does not hold");
            continue;
        };
        let stood = permit::contract_state_text(case, copy, agreed, question.at);
        text.push_str(&format!(", then {stood}"));
        if let Some(legal) = &agreed.agreement().legal {
            text.push_str(&format!("\n    legal text sha256 {}", legal.text));
        }
        if let Some(template) = &agreed.agreement().template {
            text.push_str(&format!(
                "\n    filled from a template of {}, sha256 {}",
                template.author.domain(),
                template.sha256
            ));
        }
        for clause in &agreed.agreement().clauses {
            let plain = clause.term.to_english();
            let applied = question
                .reads
                .iter()
                .any(|read| read.clauses.contains(&u64::from(clause.id.0)));
            let mark = if applied { "applied" } else { "recorded only" };
            text.push_str(&format!("\n    #c{} {plain} ({mark})", clause.id.0));
            clauses.push(json!({
                "contract": id.to_string(),
                "clause": clause.id.0,
                "text": plain,
                "applied": applied,
            }));
        }
    }
    let mut restrictions = Vec::new();
    for read in &question.reads {
        let Some(name) = &read.restriction else {
            continue;
        };
        text.push_str(&format!(
            "\n  past the restriction {name} of {}",
            read.dataset
        ));
        let restriction = case.restriction(name, &read.dataset);
        if restriction.is_none() {
            text.push_str(", which is not in the files");
        }
        let clauses = restriction.iter().flat_map(ProviderRestriction::clauses);
        let reported = clauses.map(|clause| {
            let plain = clause.term.to_english();
            let id = format!("#r{}", clause.id.0);
            text.push_str(&format!("\n    {id} {plain}"));
            json!({"clause": id, "text": plain})
        });
        let reports: Vec<Value> = reported.collect();
        restrictions.push(json!({"dataset": read.dataset, "document": name, "clauses": reports}));
    }
    text.push_str(&format!("\n  {}", left_text(question)));
    if let Some((name, agrees)) = &question.acknowledged {
        let word = if *agrees { "countersigned" } else { "disputed" };
        text.push_str(&format!("\n  receipt {name}: {word} by the consumer"));
    }
    if question.program.is_some() {
        let name = question.one_sided_receipt.as_deref().unwrap_or("none");
        text.push_str(&format!(
            "\n  receipt {name}: one-sided, since a program without a connector asked, as a clause permits"
        ));
    }
    let mut value = left_json(copy, question);
    if let Some(members) = value.as_object_mut() {
        members.insert("clauses".to_owned(), Value::Array(clauses));
        members.insert("restrictions".to_owned(), Value::Array(restrictions));
    }
    (value, text)
}

fn describe_answer(copy: &ExportFile, received: &ReceivedAnswer) -> (Value, String) {
    let text = format!(
        "question {} in the log of {}, record {}\n  answered by {} until {}: {} rows, {} bytes, digest {}, {}",
        received.request,
        copy.owner.domain(),
        received.index,
        received.peer,
        received.at,
        received.rows,
        received.bytes,
        received.digest,
        received.outcome
    );
    let value = json!({
        "log": copy.report.log,
        "request": received.request,
        "record": received.index,
        "from": received.peer,
        "rows": received.rows,
        "bytes": received.bytes,
        "digest": received.digest,
        "outcome": received.outcome,
    });
    (value, text)
}

fn left_text(question: &QueryEntry) -> String {
    let Some(end) = &question.end else {
        return match question.refused {
            Some(_) => "nothing left".to_owned(),
            None => format!("it was not closed; {}", bound_text(question)),
        };
    };
    match (end.rows, end.bytes) {
        (Some(0), Some(0)) => format!("nothing left ({})", end.outcome),
        (Some(rows), Some(bytes)) => format!(
            "left until {}: {rows} rows, {bytes} bytes, digest {}, {}",
            end.at, end.digest, end.outcome
        ),
        _ => format!("it was cut off by {}; {}", end.at, bound_text(question)),
    }
}

fn bound_text(question: &QueryEntry) -> String {
    match question.at_most {
        Some(bound) => format!("at most {} rows and {} bytes left", bound.rows, bound.bytes),
        None => "what left is not known".to_owned(),
    }
}

fn left_json(copy: &ExportFile, question: &QueryEntry) -> Value {
    let end = question.end.as_ref();
    json!({
        "log": copy.report.log,
        "request": question.request,
        "record": question.index,
        "at": question.at.to_string(),
        "to": question.peer,
        "purpose": question.purpose,
        "contracts": receipt::question_contracts(question).iter().map(ToString::to_string).collect::<Vec<_>>(),
        "datasets": question.reads.iter().map(|read| {
            json!({"dataset": read.dataset, "snapshot": read.snapshot})
        }).collect::<Vec<_>>(),
        "permitted": question.refused.is_none(),
        "code": question.refused.as_ref().map(|why| &why.code),
        "clause": question.refused.as_ref().and_then(|why| why.clause),
        "restriction_clause": question.refused.as_ref().and_then(|why| why.restriction),
        "rows": end.and_then(|end| end.rows),
        "bytes": end.and_then(|end| end.bytes),
        "at_most": question.at_most.filter(|_| end.is_none_or(|end| end.rows.is_none())).map(|bound| {
            json!({"rows": bound.rows, "bytes": bound.bytes})
        }),
        "digest": end.map(|end| &end.digest),
        "outcome": end.map(|end| &end.outcome),
        "acknowledged": question.acknowledged.as_ref().map(|(_, agrees)| *agrees),
        "one_sided": question.program.is_some(),
    })
}

/// Report on a contract: its page and its state.
pub(crate) fn report_contract(
    case: &EvidenceSet,
    id: &str,
    at: Option<&str>,
    collector: &mut OutputCollector,
) -> Result<(), String> {
    let at = at.map(parse_instant).transpose()?;
    let mut found = false;
    let wanted = |(known, _): &(&ContractId, &VerifiedContract)| known.to_string().starts_with(id);
    for (_, agreed) in case.documents.contracts.iter().filter(wanted) {
        found = true;
        let (value, text) = describe_contract(case, agreed, at);
        collector.add_answer(value, &text);
    }
    if found {
        Ok(())
    } else {
        Err(format!(
            "no contract `{id}` is in the files, or none that holds"
        ))
    }
}

/// Contract as JSON and as text: its page, its signatures, and its state by each log at an instant; absent: at the end of the log.
pub(crate) fn describe_contract(
    case: &EvidenceSet,
    agreed: &VerifiedContract,
    at: Option<UtcTimestamp>,
) -> (Value, String) {
    let known = agreed.id();
    let agreement = agreed.agreement();
    let page = hansa_proto::render::render_agreement(Some(known), agreement);
    let mut text = page.clone();
    let mut signatures = Vec::new();
    for signature in case.documents.signed.get(&known).into_iter().flatten() {
        let party = match signature.role {
            SignatoryRole::Provider => Some(&agreement.provider.id),
            SignatoryRole::Consumer => agreement.assignee_id(),
        };
        let party = party.map_or_else(String::new, ToString::to_string);
        let signed_at = time_from_seconds(signature.issued_at);
        text.push_str(&format!(
            "\nsigned for {party} with the registered key {}, on {signed_at} by the signer's clock",
            signature.kid
        ));
        signatures.push(json!({
            "role": signature.role.as_str(),
            "party": party,
            "key": signature.kid,
            "at": signed_at.to_string(),
        }));
    }
    let (mut stood, mut withdrawals) = (Vec::new(), Vec::new());
    for copy in &case.copies {
        let at = at.unwrap_or_else(|| copy.last_time());
        let standing = permit::contract_state_text(case, copy, agreed, at);
        text.push_str(&format!(
            "\nin the log of {}, on {at}: {standing}",
            copy.owner.domain()
        ));
        let life = copy.history.contracts.get(&known.to_string());
        let activated = life.and_then(|life| life.activated);
        stood.push(json!({
            "log": copy.report.log,
            "at": at.to_string(),
            "standing": standing,
            "state": standing.split(',').next(),
            "record": activated.map(|(record, _)| record),
            "activated": activated.map(|(_, at)| at.to_string()),
        }));
        for withdrawn in life.into_iter().flat_map(|life| &life.withdrawn) {
            let effective = withdrawn.effective.unwrap_or(withdrawn.at);
            text.push_str(&format!(
                "\nin the log of {}, record {}: withdrawn by {} from {effective} on",
                copy.owner.domain(),
                withdrawn.index,
                withdrawn.party
            ));
            withdrawals.push(json!({
                "log": copy.report.log,
                "record": withdrawn.index,
                "at": withdrawn.at.to_string(),
                "effective": effective.to_string(),
                "by": withdrawn.party,
            }));
        }
    }
    let value = json!({
        "contract": known.to_string(),
        "provider": agreement.provider.id.to_string(),
        "consumer": agreement.assignee_id().map(ToString::to_string),
        "dataset": agreement.dataset.id.to_string(),
        "from": agreement.not_before.to_string(),
        "until": agreement.not_after.to_string(),
        "language": agreement.rendering.language.tag(),
        "page": page,
        "signatures": signatures,
        "standing": stood,
        "withdrawals": withdrawals,
    });
    (value, text)
}

/// Filter of the disclosed answers.
pub(crate) struct AnswerFilter {
    to: Option<String>,
    contract: Option<String>,
    from: Option<UtcTimestamp>,
    until: Option<UtcTimestamp>,
}

impl AnswerFilter {
    /// Parses the conditions.
    pub(crate) fn parse(
        to: Option<String>,
        contract: Option<String>,
        from: Option<&str>,
        until: Option<&str>,
    ) -> Result<Self, String> {
        Ok(Self {
            to: to.map(|to| to.trim_start_matches("hansa://").to_owned()),
            contract,
            from: from.map(parse_instant).transpose()?,
            until: until.map(parse_instant).transpose()?,
        })
    }

    fn selects_question(&self, question: &QueryEntry) -> bool {
        let peer = question.peer.trim_start_matches("hansa://");
        self.to.as_ref().is_none_or(|to| to == peer)
            && self.contract.as_ref().is_none_or(|wanted| {
                let mut contracts = question
                    .reads
                    .iter()
                    .filter_map(|read| read.contract.as_ref());
                contracts.any(|id| id.starts_with(wanted))
            })
            && self.from.is_none_or(|from| question.at >= from)
            && self.until.is_none_or(|until| question.at < until)
    }
}

/// Report on all answers to other participants of which something was sent, or may have been.
pub(crate) fn report_disclosed_answers(
    case: &EvidenceSet,
    filter: &AnswerFilter,
    collector: &mut OutputCollector,
) {
    for copy in &case.copies {
        for question in &copy.history.questions {
            let foreign = question.peer != copy.owner.as_str();
            if !foreign || !question.may_have_left() || !filter.selects_question(question) {
                continue;
            }
            let text = format!(
                "{} {} to {}: {}",
                copy.owner.domain(),
                question.request,
                question.peer,
                left_text(question)
            );
            collector.add_answer(left_json(copy, question), &text);
        }
    }
}

/// Instant, or start of a day.
fn parse_instant(written: &str) -> Result<UtcTimestamp, String> {
    let whole = if written.len() == "2026-12-01".len() {
        format!("{written}T00:00:00Z")
    } else {
        written.to_owned()
    };
    whole
        .parse()
        .map_err(|_| format!("`{written}` is not a day such as 2026-12-01 or an instant"))
}
