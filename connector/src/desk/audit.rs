//! `hansa audit`: the log.

use crate::cli::show::table;
use crate::cli::verb::audit::{AuditFilter, AuditVerb};
use crate::desk::out::Out;
use crate::desk::{Outcome, blocking};
use crate::node::Node;
use ::policy::refusal::{Code, Refusal};
use evidence::json::Json;
use evidence::reconcile::{self, Finding, Line, Reconciliation};
use evidence::record::Record;
use evidence::time::Time;
use keep::audit::answers::Answers;
use keep::audit::{export, offline};
use proto::peer::proof::{Proof, Wanted};
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Carries out one of the verbs.
pub(crate) async fn run(node: &Arc<Node>, verb: AuditVerb, out: &Out) -> Outcome {
    match verb {
        AuditVerb::List(filter) => list(node, &filter, out).await,
        AuditVerb::Show { id } => show(node, &id, out).await,
        AuditVerb::Verify { .. } => verify_own(node, out).await,
        AuditVerb::Export { output, filter } => export_to(node, &output, &filter, out).await,
        AuditVerb::Reconcile { participant } => reconcile_with(node, &participant, out).await,
    }
}

/// A filter, parsed.
struct Wanted_ {
    words: Vec<String>,
    outcome: Option<String>,
    from: Option<Time>,
    to: Option<Time>,
}

impl Wanted_ {
    fn of(node: &Node, filter: &AuditFilter) -> Result<Self, Refusal> {
        let mut words = Vec::new();
        if let Some(named) = &filter.participant {
            let domain = node
                .peer(named)
                .map_or_else(|_| named.clone(), |peer| peer.id.domain().to_owned());
            words.push(domain);
        }
        words.extend(filter.dataset.iter().map(|name| {
            name.split_once('.')
                .map_or_else(|| format!("/d/{name}"), |(_, name)| format!("/d/{name}"))
        }));
        if let Some(named) = &filter.contract {
            words.push(crate::desk::contract::find::held(node, named)?.to_string());
        }
        Ok(Self {
            words,
            outcome: filter.outcome.clone(),
            from: filter.from.as_deref().map(instant).transpose()?,
            to: filter.to.as_deref().map(instant).transpose()?,
        })
    }

    fn takes(&self, record: &Record) -> bool {
        if self.from.is_some_and(|from| record.at < from)
            || self.to.is_some_and(|to| record.at >= to)
        {
            return false;
        }
        let body = String::from_utf8_lossy(&evidence::json::canonical(&record.body)).into_owned();
        let outcome = self.outcome.as_ref().is_none_or(|wanted| {
            record.kind == *wanted
                || text(record, "outcome").is_some_and(|outcome| outcome.starts_with(wanted))
                || text(record, "code").is_some_and(|code| code == *wanted)
        });
        outcome && self.words.iter().all(|word| body.contains(word.as_str()))
    }
}

fn instant(written: &str) -> Result<Time, Refusal> {
    let whole = if written.len() == 10 {
        format!("{written}T00:00:00Z")
    } else {
        written.to_owned()
    };
    whole.parse().map_err(|_| {
        Refusal::new(
            Code::UsageWrong,
            format!("`{written}` is not a day such as 2026-12-01 or an instant"),
        )
    })
}

fn text(record: &Record, name: &str) -> Option<String> {
    match record.body.get(name) {
        Some(Json::Text(text)) => Some(text.clone()),
        Some(Json::Int(number)) => Some(number.to_string()),
        _ => None,
    }
}

fn record_json(record: &Record) -> Value {
    serde_json::from_slice(&record.to_bytes()).unwrap_or(Value::Null)
}

fn chosen(node: &Node, filter: &AuditFilter) -> Result<Vec<Record>, Refusal> {
    let wanted = Wanted_::of(node, filter)?;
    let mut kept = std::collections::VecDeque::new();
    for record in node.log.read(0) {
        let record = record?;
        if wanted.takes(&record) {
            if kept.len() >= filter.last.max(1) {
                kept.pop_front();
            }
            kept.push_back(record);
        }
    }
    Ok(kept.into_iter().collect())
}

async fn list(node: &Arc<Node>, filter: &AuditFilter, out: &Out) -> Outcome {
    let (inner, asked) = (Arc::clone(node), filter.clone());
    let records = blocking(move || chosen(&inner, &asked)).await?;
    let mut rows = Vec::new();
    for record in &records {
        out.object(record_json(record), "").await?;
        rows.push(line(record));
    }
    out.text(table(
        &["NO", "TIME", "TYPE", "WITH", "WHAT", "ROWS", "OUTCOME"],
        &rows,
    ))
    .await?;
    Ok(0)
}

fn line(record: &Record) -> Vec<String> {
    let with = ["peer", "consumer", "party"]
        .iter()
        .find_map(|name| text(record, name))
        .map(|id| id.trim_start_matches("hansa://").to_owned())
        .unwrap_or_default();
    let datasets = match record.body.get("datasets") {
        Some(Json::List(list)) => list
            .iter()
            .filter_map(|item| match item.get("id") {
                Some(Json::Text(id)) => id.rsplit('/').next().map(str::to_owned),
                _ => None,
            })
            .collect::<Vec<_>>()
            .join(", "),
        _ => String::new(),
    };
    let what = if datasets.is_empty() {
        ["dataset", "what", "kind", "event", "path"]
            .iter()
            .find_map(|name| text(record, name))
            .map(|what| what.rsplit('/').next().unwrap_or(&what).to_owned())
            .unwrap_or_default()
    } else {
        datasets
    };
    let outcome = ["code", "outcome", "state", "purpose"]
        .iter()
        .find_map(|name| text(record, name))
        .unwrap_or_default();
    vec![
        record.seq.to_string(),
        record.at.to_string().chars().take(19).collect(),
        record.kind.clone(),
        with,
        what,
        text(record, "rows").unwrap_or_default(),
        outcome,
    ]
}

async fn show(node: &Arc<Node>, id: &str, out: &Out) -> Outcome {
    let unknown = || {
        Refusal::new(
            Code::UsageWrong,
            format!("no record or question `{id}` is in the log"),
        )
    };
    let records: Vec<Record> = match id.parse::<u64>() {
        Ok(index) => node.log.get(index)?.into_iter().collect(),
        Err(_) => {
            let (inner, wanted) = (Arc::clone(node), id.to_owned());
            blocking(move || {
                let mut found = Vec::new();
                for record in inner.log.read(0) {
                    let record = record?;
                    if text(&record, "request_id")
                        .is_some_and(|request| request.starts_with(&wanted))
                    {
                        found.push(record);
                    }
                }
                Ok(found)
            })
            .await?
        }
    };
    if records.is_empty() {
        return Err(unknown().into());
    }
    for record in &records {
        let value = record_json(record);
        let pretty = serde_json::to_string_pretty(&value).unwrap_or_default();
        out.object(value, pretty).await?;
    }
    Ok(0)
}

async fn verify_own(node: &Arc<Node>, out: &Out) -> Outcome {
    let size = node.log.size();
    let head = node
        .log
        .head_over(size)
        .await
        .map_err(|unwritable| keep::audit::refusal(&unwritable))?;
    let folder = node.log.folder().to_path_buf();
    let report = blocking(move || offline::verify(&folder, Some(&head))).await?;
    verified(&report, out).await
}

/// Says what a check found; the exit status is that of broken evidence.
pub(crate) async fn verified(report: &offline::Report, out: &Out) -> Outcome {
    out.object(report_json(report), report_text(report)).await?;
    match report.refusal() {
        Some(refusal) => Err(refusal.into()),
        None => Ok(0),
    }
}

/// A report as an object.
pub(crate) fn report_json(report: &offline::Report) -> Value {
    json!({
        "log": report.log,
        "good": report.is_good(),
        "records": report.records,
        "covered": report.covered,
        "from": report.span.map(|(from, _)| from.to_string()),
        "to": report.span.map(|(_, to)| to.to_string()),
        "head": report.head.as_ref().map(ToString::to_string),
        "fault": report.fault.as_ref().map(ToString::to_string),
        "damaged": report.damaged,
        "unseen": report.unseen,
    })
}

/// A report as text.
pub(crate) fn report_text(report: &offline::Report) -> String {
    let mut text = format!(
        "{}: {} records, {} of them under a signed head",
        report.log, report.records, report.covered
    );
    text.push_str(if report.is_good() {
        "; the chain is unbroken"
    } else {
        "; NOT GOOD"
    });
    if let Some(fault) = &report.fault {
        text.push_str(&format!("\n  first bad record: {fault}"));
    }
    for damaged in &report.damaged {
        text.push_str(&format!("\n  damaged: {damaged}"));
    }
    for unseen in &report.unseen {
        text.push_str(&format!("\n  not seen: {unseen}"));
    }
    text
}

async fn export_to(node: &Arc<Node>, output: &Path, filter: &AuditFilter, out: &Out) -> Outcome {
    let size = node.log.size();
    let head = node
        .log
        .head_over(size)
        .await
        .map_err(|unwritable| keep::audit::refusal(&unwritable))?;
    let (inner, path, asked) = (Arc::clone(node), output.to_path_buf(), filter.clone());
    let count = blocking(move || {
        let file =
            std::fs::File::create(&path).map_err(|fault| keep::files::unwritable(&path, &fault))?;
        let mut writer = std::io::BufWriter::new(file);
        let csv = path.extension().and_then(std::ffi::OsStr::to_str) == Some("csv");
        if csv {
            let records = chosen(
                &inner,
                &AuditFilter {
                    last: usize::MAX,
                    ..asked
                },
            )?;
            export::csv(records.into_iter().map(Ok), &mut writer)
        } else {
            let contract = match &asked.contract {
                None => None,
                Some(named) => Some(crate::desk::contract::find::held(&inner, named)?.to_string()),
            };
            let count = export::bundle(&inner.log, &head, contract.as_deref(), &mut writer)?;
            std::io::Write::flush(&mut writer)
                .map_err(|fault| keep::files::unwritable(&path, &fault))?;
            Ok(count)
        }
    })
    .await?;
    out.object(
        json!({"file": output, "records": count}),
        format!(
            "{count} records written to {}\ncheck them anywhere, without configuration: hansa audit verify {}",
            output.display(),
            output.display()
        ),
    )
    .await?;
    Ok(0)
}

async fn reconcile_with(node: &Arc<Node>, named: &str, out: &Out) -> Outcome {
    let peer = node.peer(named)?;
    let _ = crate::walk::post::pump(node, &peer).await;
    let client = node.call(&peer).await?;
    let mut theirs = Answers::new();
    let mut from = 0;
    loop {
        let wanted = Wanted::Records { from, limit: None };
        let Proof::Records {
            records,
            head,
            next,
        } = client.proof(wanted).await?
        else {
            return Err(Refusal::new(
                Code::PeerDataInvalid,
                "the participant proves something else than it was asked for",
            )
            .with_participant(peer.id.clone())
            .into());
        };
        let (size, root) = signed_head(node, &peer.id, &head)?;
        for proven in records {
            let leaf = evidence::tree::leaf_hash(&proven.bytes);
            let included =
                evidence::tree::check_inclusion(proven.index, size, leaf, &proven.inclusion, root);
            let record = Record::from_bytes(&proven.bytes).ok().filter(|_| included);
            let Some(record) = record else {
                return Err(Refusal::new(
                    Code::EvidenceBroken,
                    format!(
                        "record {} of {} is not in the log that it signed",
                        proven.index,
                        peer.id.domain()
                    ),
                )
                .with_participant(peer.id.clone())
                .into());
            };
            theirs.see(&record);
        }
        match next {
            Some(next) if next > from => from = next,
            _ => break,
        }
    }
    let inner = Arc::clone(node);
    let ours = blocking(move || {
        let mut ours = Answers::new();
        for record in inner.log.read(0) {
            ours.see(&record?);
        }
        Ok(ours)
    })
    .await?;
    let own = node.id();
    let asked = reconcile::reconcile(
        &theirs.given_to(own.as_str()),
        &ours.received_from(peer.id.as_str()),
    );
    let given = reconcile::reconcile(
        &ours.given_to(peer.id.as_str()),
        &theirs.received_from(own.as_str()),
    );
    let both = [("we asked", asked), ("they asked", given)];
    let mut status = 0;
    let mut rows = Vec::new();
    for (direction, found) in &both {
        for compared in &found.requests {
            let side = |line: &Option<Line>| {
                line.as_ref().map(|line| {
                    json!({"rows": line.rows, "bytes": line.bytes, "outcome": line.outcome, "acknowledged": line.acknowledged})
                })
            };
            out.object(
                json!({
                    "direction": direction,
                    "request": compared.request_id,
                    "finding": compared.finding.as_str(),
                    "provider": side(&compared.provider),
                    "consumer": side(&compared.consumer),
                }),
                "",
            )
            .await?;
            let line = compared.provider.as_ref().or(compared.consumer.as_ref());
            rows.push(vec![
                (*direction).to_owned(),
                compared.request_id.chars().take(12).collect(),
                line.map_or_else(String::new, |line| line.rows.to_string()),
                line.map_or_else(String::new, |line| line.outcome.clone()),
                compared.finding.as_str().to_owned(),
                difference(&compared.finding),
            ]);
        }
        if !found.is_clean() {
            status = Code::ReceiptMismatch.kind().exit_code();
        }
    }
    out.text(format!(
        "{}\n{}",
        table(&["", "QUESTION", "ROWS", "OUTCOME", "FINDING", ""], &rows),
        summary(&both)
    ))
    .await?;
    Ok(status)
}

fn difference(finding: &Finding) -> String {
    match finding {
        Finding::Mismatch(differences) => differences
            .iter()
            .map(|one| format!("{} {} / {}", one.field, one.provider, one.consumer))
            .collect::<Vec<_>>()
            .join(", "),
        _ => String::new(),
    }
}

fn summary(both: &[(&str, Reconciliation)]) -> String {
    let all: Vec<&Finding> = both
        .iter()
        .flat_map(|(_, found)| found.requests.iter().map(|compared| &compared.finding))
        .collect();
    let matched = all
        .iter()
        .filter(|finding| matches!(finding, Finding::Matched))
        .count();
    format!("{matched} of {} answers matched on both sides", all.len())
}

fn signed_head(
    node: &Node,
    peer: &::policy::id::ParticipantId,
    head: &[u8],
) -> Result<(u64, evidence::digest::Digest), Refusal> {
    let wrong = || {
        Refusal::new(
            Code::EvidenceBroken,
            format!("the head of the log of {} does not verify", peer.domain()),
        )
        .with_participant(peer.clone())
    };
    let text = std::str::from_utf8(head).map_err(|_| wrong())?;
    node.checked_head(peer, text).ok_or_else(wrong)?;
    let head: evidence::note::SignedHead = text.parse().map_err(|_| wrong())?;
    Ok((head.checkpoint.size, head.checkpoint.root))
}
