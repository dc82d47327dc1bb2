//! `hansa simulate`: what a participant could see, and why, on our own data. The same code as enforcement, from the checks
//! at the door to the gate; nothing leaves, nothing is spent, nothing is recorded.

mod text;

use crate::cli::rows::cells;
use crate::cli::verb::question::SimulateArgs;
use crate::desk::contract::find;
use crate::desk::out::Out;
use crate::desk::{Outcome, gathered};
use crate::node::{Node, offers};
use crate::walk::answer::rehearse::{Rehearsal, rehearse};
use arrow_array::RecordBatch;
use hansa_audit_log::time::Time;
use hansa_catalog::lint::{self, Severity};
use hansa_policy::attribute::Attribute;
use hansa_policy::contract::{Agreement, Assignee, Book, Party};
use hansa_policy::diff;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{Code, Refusal};
use serde_json::json;
use std::sync::Arc;

/// The most rows of an answer that are shown.
const SHOWN: usize = 20;

/// Shows it.
pub(crate) async fn simulate(node: &Arc<Node>, args: SimulateArgs, out: &Out) -> Outcome {
    let who: ParticipantId = args
        .who
        .parse()
        .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{}`: {fault}", args.who)))?;
    let now = instant(node, args.at.as_deref())?;
    let purpose = args
        .purpose
        .as_deref()
        .map(str::parse)
        .transpose()
        .map_err(|fault| {
            let given = args.purpose.as_deref().unwrap_or_default();
            Refusal::new(Code::UsageWrong, format!("`{given}`: {fault}"))
        })?;
    let chosen = named(node, &args.contract)?;
    let (standing, draft) = match (&args.policy, &args.dataset) {
        (Some(policy), dataset) => {
            let draft = drafted(node, policy, dataset.as_deref(), &who)?;
            (Book::suppose_draft(&who, &draft), Some(draft))
        }
        (None, _) => (node.book(|book| book.suppose(&who, &chosen, now))?, None),
    };
    if standing.grants().is_empty() {
        out.object(
            json!({"participant": who.to_string(), "at": now.to_string(), "datasets": []}),
            format!(
                "{} has no contract with you at {now}, and there is no public view: it learns nothing, \
                 not even that a dataset exists",
                who.domain()
            ),
        )
        .await?;
        return Ok(0);
    }
    let supposed: Vec<Attribute> = crate::local::league::attributes(&args.sector, &args.region)?
        .into_iter()
        .collect();
    let rehearsal = Rehearsal {
        standing: &standing,
        now,
        purpose: purpose.as_ref(),
        address: args.address,
        supposed: &supposed,
        named: &chosen,
    };
    let seen = text::datasets(node, &rehearsal).await?;
    for dataset in &seen {
        out.object(dataset.json(&who, now), dataset.text()).await?;
    }
    if let Some(draft) = &draft {
        for line in compared(node, draft, now) {
            out.text(line).await?;
        }
    }
    match args.sql {
        None => Ok(0),
        Some(sql) => answer(node, &rehearsal, &sql, out).await,
    }
}

/// What the question would be answered with, or why it would be refused.
async fn answer(node: &Arc<Node>, rehearsal: &Rehearsal<'_>, sql: &str, out: &Out) -> Outcome {
    let mut answer = match rehearse(node, rehearsal, sql).await {
        Ok(answer) => answer,
        Err(refusal) => {
            let code = refusal.code;
            out.object(
                json!({"refused": crate::cli::show::refusal_json(&refusal)}),
                format!(
                    "the question would be refused\n{}",
                    crate::cli::show::refusal_text(&refusal)
                ),
            )
            .await?;
            return Ok(code.kind().exit_code());
        }
    };
    let header: Vec<String> = answer
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    let (mut rows, mut total) = (Vec::new(), 0_usize);
    while let Some(batch) = answer.next().await {
        let batch: RecordBatch = batch?;
        let left = SHOWN.saturating_sub(rows.len()).min(batch.num_rows());
        rows.extend(cells(&batch.slice(0, left))?);
        total = total.saturating_add(batch.num_rows());
    }
    let names: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut text = format!(
        "the question would be answered with {total} rows\n{}",
        crate::cli::show::table(&names, &rows)
    );
    if total > rows.len() {
        text.push_str(&format!("\n… and {} more", total - rows.len()));
    }
    out.object(
        json!({"columns": header, "rows": rows, "total_rows": total}),
        text,
    )
    .await?;
    Ok(0)
}

/// What a draft lets out beside what is in force.
fn compared(node: &Node, draft: &Agreement, now: Time) -> Vec<String> {
    let who = draft.assignee_id();
    node.book(|book| {
        book.all(now)
            .filter(|(_, agreement, standing)| {
                standing.as_str() == "in force"
                    && agreement.dataset.id == draft.dataset.id
                    && agreement.assignee_id() == who
            })
            .map(|(id, agreement, _)| {
                let found = diff::of(&agreement.clauses, &draft.clauses);
                format!(
                    "against contract {}: {}\n{found}",
                    id.short(),
                    found.verdict()
                )
            })
            .collect()
    })
}

/// The contracts that were named.
fn named(node: &Node, texts: &[String]) -> Result<Vec<ContractId>, Refusal> {
    let mut named = Vec::new();
    for text in texts {
        let contract = find::held(node, text)?;
        if !named.contains(&contract) {
            named.push(contract);
        }
    }
    Ok(named)
}

/// The agreement that a policy file would become with this participant; refused where it could not be signed.
fn drafted(
    node: &Node,
    policy: &str,
    dataset: Option<&str>,
    who: &ParticipantId,
) -> Result<Agreement, Refusal> {
    let (written, dataset) = crate::desk::policy_verb::meant(node, policy, dataset)?;
    let offer = offers::read(&node.config(), &written, &dataset).map_err(gathered)?;
    let mut findings = lint::offer(&offer, &dataset, &node.taxonomy(), node.now());
    findings.extend(lint::lists(&offer.clauses, &node.published()));
    let error = findings
        .iter()
        .find(|finding| finding.severity == Severity::Error);
    if let Some(error) = error {
        return Err(offers::as_refusal(error, &written.policy));
    }
    let own = node.party()?;
    let party = Party {
        id: who.clone(),
        ..own.clone()
    };
    let filled = node.filled(own, Assignee::Participant(party), None);
    Ok(offer.agreement(&dataset, filled))
}

fn instant(node: &Node, at: Option<&str>) -> Result<Time, Refusal> {
    match at {
        None => Ok(node.now()),
        Some(text) => text
            .parse()
            .map_err(|fault| Refusal::new(Code::UsageWrong, format!("`{text}`: {fault}"))),
    }
}
