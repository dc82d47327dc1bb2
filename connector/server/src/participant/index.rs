//! Makes the index from records: the same walk in daily work, after a crash, and for a lost index.

mod approvals;
mod deletion_statements;
mod log_heads;
mod missing_archive;
mod notice;
mod prepaid_balances;

use crate::participant::access_tokens::{self, ACCESS_TOKEN};
use crate::participant::audit_event::{DOCUMENT, RULEBOOK};
use crate::participant::quota_budget::piece;
use crate::participant::rulebook_register;
use hansa_audit_log::answer_bound::AnswerBound;
use hansa_audit_log::json::Json;
use hansa_audit_log::record::Record;
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::AuditLog;
use hansa_audit_store::history::incident::INCIDENT;
use hansa_audit_store::history::query_entry::ONE_SIDED_RECEIPT;
use hansa_policy::id::{ContractId, ParticipantId};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::StateIndex;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::{NegotiationRow, PeerMessageRow, QuotaSpending, ReceiptRow};

/// Takes in every durable record that the index does not reflect yet.
///
/// # Errors
/// When a record can't be read or does not say what its type promises, or the index can't be written.
pub(crate) fn catch_up(log: &AuditLog, state: &mut StateIndex) -> Result<(), Refusal> {
    catch_up_by(log, state, PIECE)
}

/// So many records are held in memory at once: of a lost index all records are taken in.
const PIECE: usize = 4096;

/// The same, so many records at a time; a crash in between loses a piece and no more.
pub(crate) fn catch_up_by(
    log: &AuditLog,
    state: &mut StateIndex,
    piece: usize,
) -> Result<(), Refusal> {
    loop {
        let from = state.position();
        if from >= log.size() {
            return Ok(());
        }
        let read = log.read(from).take(piece);
        let records: Vec<Record> = read
            .collect::<Result<_, _>>()
            .map_err(|refusal| missing_archive::with_missing_archive(log, from, refusal))?;
        let Some(last) = records.last() else {
            return Ok(());
        };
        state.change(last.seq.saturating_add(1), |change| {
            for record in &records {
                take_in(change, record)?;
            }
            Ok(())
        })?;
    }
}

fn take_in(change: &IndexTransaction<'_>, record: &Record) -> Result<(), Refusal> {
    let body = RecordBody { record };
    if body.get(DOCUMENT).is_some() {
        change.unfiled(record.seq)?;
    }
    match record.kind.as_str() {
        "permit" => {
            let asker = body.text("peer")?;
            let receipt = match body.get("program") {
                Some(_) => ONE_SIDED,
                None => ReceiptRow::ISSUED,
            };
            change.opened(
                record.seq,
                (&body.text("request_id")?, &asker),
                (&body.words("contracts"), receipt),
                record.at,
            )?;
            bound_answer(change, record, record.seq)?;
            notice::used(change, &body)?;
            deletion_statements::permitted(change, &body, &asker)?;
            prepaid_balances::charged(change, &body, None)?;
            for spending in spendings(change, &body, record.at)? {
                change.spend(&spending, &asker, None)?;
            }
            Ok(())
        }
        "progress" => {
            let opened = body.count("opened")?;
            bound_answer(change, record, opened)?;
            prepaid_balances::charged(change, &body, Some(opened))?;
            let (asker, admitted) = change
                .asker(opened)?
                .unwrap_or_else(|| (String::new(), record.at));
            for spending in spendings(change, &body, admitted)? {
                change.spend(&spending, &asker, Some(opened))?;
            }
            Ok(())
        }
        "close" => close(change, &body),
        "letter" => index_message(change, &body),
        "letter_mended" => change.mended(
            &body.peer()?,
            body.count("number")?,
            &body.text("was")?,
            body.optional("digest").as_deref(),
        ),
        "letters_fetched" => {
            // Where we carried them ourselves it says whether the peer refused one.
            let carried = body.get("refused").is_some();
            change.acknowledged(&body.peer()?, body.count("number")?, carried)
        }
        "contract" => change.activated(
            body.contract("contract")?,
            &body.parsed("dataset")?,
            (body.parsed("not_before")?, body.parsed("not_after")?),
            record.at,
        ),
        "model_seen" => change.of_model(
            body.contract("contract")?,
            body.optional("model").as_deref(),
        ),
        "withdraw" => {
            // Nothing where it counts from its record on.
            let effective: Option<UtcTimestamp> = match body.get("effective") {
                Some(Json::Null) => None,
                _ => Some(body.parsed("effective")?),
            };
            change.withdrawn(
                body.contract("contract")?,
                &body.parsed::<ParticipantId>("party")?,
                effective.map_or(record.at, |at| at.max(record.at)),
            )
        }
        "peer" => match body.optional("address") {
            Some(address) => change.peer(&body.peer()?, &address, &body.text("alias")?),
            None => change.forget_peer(&body.peer()?),
        },
        "checkpoint_seen" => log_heads::apply_head(change, &body),
        "checkpoint_heard" => log_heads::apply_gossiped_head(change, &body),
        "witnessed" => change.witnessed(&body.peer()?, body.count("size")?, record.seq),
        "log_fork" => change.forked(&body.peer()?, record.seq),
        INCIDENT => log_heads::incident(change, &body),
        "top_up" => change.topped_up(&body.text("contract")?, body.parsed("amount")?),
        "attest" => deletion_statements::attested(change, &body),
        "errand" => deletion_statements::asked(change, &body),
        "not_received" => deletion_statements::not_received(change, &body),
        "received" => {
            deletion_statements::received(change, &body)?;
            change.receipt(&receipt(&body, "consumer")?)
        }
        "receipt_ack" => {
            let state = match body.get("match") {
                Some(Json::Bool(true)) => "acknowledged",
                _ => "disputed",
            };
            change.answered_receipt(&body.text("request_id")?, &body.peer()?, state)
        }
        ONE_SIDED_RECEIPT => change.one_sided_receipt(
            &body.text("request_id")?,
            &body.peer()?,
            &body.text("receipt")?,
        ),
        "publish" => {
            let text = String::from_utf8(hansa_audit_log::json::canonical(&record.body))
                .map_err(|cause| unreadable(record, "body").caused_by(cause))?;
            change.published(&body.text("dataset")?, &text, record.seq)
        }
        "group" => change.group(
            &body.text("group")?,
            body.count("serial")?,
            &body.text("file")?,
            (body.optional("event").as_deref() == Some("changed")).then_some(record.seq),
        ),
        "guard" => change.set_restriction(
            &body.text("dataset")?,
            body.optional("guard").as_deref(),
            record.seq,
        ),
        "erase" => {
            let objects = body.words("objects");
            let mut objects = objects.split_whitespace();
            objects.try_for_each(|object| change.erased(object))
        }
        hansa_audit_store::retention::KIND => deletion_statements::expired(change, &body),
        "unpublish" => change.unpublished(&body.text("dataset")?),
        "officers" => approvals::apply_approval(change, &body),
        "notice" => notice::apply_notice(change, &body),
        "noticed" => notice::noticed(change, &body),
        "refuse" => notice::refused(change, &body),
        "trust" => change.highest("bundle", body.count("sequence")?),
        ACCESS_TOKEN => {
            let became = match body.text("event")?.as_str() {
                "created" => access_tokens::CREATED,
                _ => access_tokens::REVOKED,
            };
            change.highest(&access_tokens::index_key(&body.text("token")?), became)
        }
        RULEBOOK => {
            let name = match body.get("statement") {
                Some(_) => rulebook_register::ACCEPTED,
                None => rulebook_register::INSTALLED,
            };
            change.highest(name, body.count("version")?)
        }
        _ => Ok(()),
    }
}

fn bound_answer(
    change: &IndexTransaction<'_>,
    record: &Record,
    opened: u64,
) -> Result<(), Refusal> {
    match AnswerBound::of(record) {
        Some(bound) => change.bound_answer(opened, bound),
        None => Ok(()),
    }
}

/// The state of the receipt of an answer that a program took.
const ONE_SIDED: &str = "one_sided";

fn close(change: &IndexTransaction<'_>, body: &RecordBody<'_>) -> Result<(), Refusal> {
    let opened = body.count("opened")?;
    let (rows, bytes) = (body.maybe_count("rows"), body.maybe_count("bytes"));
    change.owes(opened, rows, body.record.at)?;
    change.settle_charges(opened, rows, bytes)?;
    let asker = change
        .asker(opened)?
        .map(|(asker, _)| asker)
        .unwrap_or_default();
    for mut reserved in change.reserved_by(opened)? {
        let used = match reserved.counts.as_str() {
            "rows" => rows,
            "bytes" => bytes,
            _ => None,
        };
        // After a crash nobody knows what was sent: then the whole reservation counts as used.
        if let Some(used) = used {
            reserved.amount = reserved.amount.saturating_sub(used);
            change.give_back(&reserved, &asker)?;
        }
    }
    let Some([request, peer, contracts, state]) = change.closed(opened, body.record.seq)? else {
        return Ok(());
    };
    let Ok(peer) = peer.parse::<ParticipantId>() else {
        return Ok(());
    };
    change.receipt(&ReceiptRow {
        request,
        peer,
        role: "provider".to_owned(),
        contract: contracts,
        rows: rows.unwrap_or(0),
        bytes: bytes.unwrap_or(0),
        digest: body.optional("result_digest").unwrap_or_default(),
        outcome: body.text("outcome")?,
        state,
        at: body.record.at,
        file: None,
    })
}

fn index_message(change: &IndexTransaction<'_>, body: &RecordBody<'_>) -> Result<(), Refusal> {
    let peer = body.peer()?;
    let incoming = body.text("direction")? == "in";
    let row = PeerMessageRow {
        peer: peer.clone(),
        incoming,
        id: body.text("id")?,
        kind: body.text("kind")?,
        negotiation: body.optional("negotiation"),
        digest: body.text("digest")?,
        record: body.record.seq,
        at: body.record.at,
    };
    if body.get("outbox") == Some(&Json::Bool(true)) {
        let by_time = body.optional("numbered_by").as_deref() == Some("time");
        change.posted(&row, by_time)?;
    } else {
        change.message(&row)?;
    }
    if let Some(number) = body.maybe_count("number") {
        change.taken_in(&peer, number)?;
    }
    let (Some(id), Some(state)) = (row.negotiation, body.optional("state")) else {
        return Ok(());
    };
    change.negotiation(&NegotiationRow {
        id,
        peer,
        role: body.text("role")?,
        dataset: body.text("dataset")?,
        state,
        contract: body.maybe_contract("contract")?,
        beforehand: body.maybe_contract("beforehand")?,
        reason: body.optional("reason"),
        updated: body.record.at,
        title: body.optional("title"),
    })
}

fn receipt(body: &RecordBody<'_>, role: &str) -> Result<ReceiptRow, Refusal> {
    Ok(ReceiptRow {
        request: body.text("request_id")?,
        peer: body.peer()?,
        role: role.to_owned(),
        contract: body.words("contracts"),
        rows: body.count("rows")?,
        bytes: body.count("bytes")?,
        digest: body.text("result_digest")?,
        outcome: body.text("outcome")?,
        state: body.text("state")?,
        at: body.record.at,
        file: body.optional("receipt"),
    })
}

/// Reads a record's body; what is missing is a fault of the log, not of its reader.
struct RecordBody<'a> {
    record: &'a Record,
}

impl RecordBody<'_> {
    fn get(&self, name: &str) -> Option<&Json> {
        self.record.body.get(name)
    }

    fn optional(&self, name: &str) -> Option<String> {
        match self.get(name) {
            Some(Json::Text(text)) => Some(text.clone()),
            _ => None,
        }
    }

    fn text(&self, name: &str) -> Result<String, Refusal> {
        self.optional(name)
            .ok_or_else(|| unreadable(self.record, name))
    }

    fn maybe_count(&self, name: &str) -> Option<u64> {
        match self.get(name) {
            Some(Json::Int(value)) => u64::try_from(*value).ok(),
            _ => None,
        }
    }

    fn count(&self, name: &str) -> Result<u64, Refusal> {
        self.maybe_count(name)
            .ok_or_else(|| unreadable(self.record, name))
    }

    fn parsed<T>(&self, name: &str) -> Result<T, Refusal>
    where
        T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.text(name)?
            .parse()
            .map_err(|cause| unreadable(self.record, name).caused_by(cause))
    }

    fn peer(&self) -> Result<ParticipantId, Refusal> {
        self.parsed("peer")
    }

    fn contract(&self, name: &str) -> Result<ContractId, Refusal> {
        self.parsed(name)
    }

    fn maybe_contract(&self, name: &str) -> Result<Option<ContractId>, Refusal> {
        match self.optional(name) {
            None => Ok(None),
            Some(text) => text
                .parse()
                .map(Some)
                .map_err(|cause| unreadable(self.record, name).caused_by(cause)),
        }
    }

    fn words(&self, name: &str) -> String {
        let list = match self.get(name) {
            Some(Json::List(list)) => list.as_slice(),
            _ => &[],
        };
        let words: Vec<&str> = list
            .iter()
            .filter_map(|item| match item {
                Json::Text(text) => Some(text.as_str()),
                _ => None,
            })
            .collect();
        words.join(" ")
    }
}

/// What a record reserves for a question that was admitted then. Clauses that count the same of the same dataset, under one
/// contract or several, share what is used.
fn spendings(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
    admitted: UtcTimestamp,
) -> Result<Vec<QuotaSpending>, Refusal> {
    let wrong = || unreadable(body.record, "reservations");
    let Some(Json::List(list)) = body.get("reservations") else {
        return Err(wrong());
    };
    let mut all: Vec<QuotaSpending> = Vec::new();
    for item in list {
        let (contract, counts, amount) = reservation(item).ok_or_else(wrong)?;
        let dataset = change.dataset_of(contract)?.ok_or_else(wrong)?;
        let shared = all
            .iter_mut()
            .find(|known| known.dataset == dataset && known.counts == counts);
        match shared {
            Some(shared) => shared.amount = shared.amount.max(amount),
            None => all.push(QuotaSpending {
                dataset,
                counts,
                at: piece(admitted),
                amount,
            }),
        }
    }
    Ok(all)
}

fn reservation(item: &Json) -> Option<(ContractId, String, u64)> {
    let text = |name: &str| match item.get(name) {
        Some(Json::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let amount = match item.get("amount") {
        Some(Json::Int(value)) => u64::try_from(*value).ok(),
        _ => None,
    };
    Some((
        text("contract")?.parse().ok()?,
        text("counts")?.to_owned(),
        amount?,
    ))
}

fn unreadable(record: &Record, name: &str) -> Refusal {
    Refusal::new(
        ErrorCode::EvidenceBroken,
        format!(
            "record {} of type `{}` lacks a readable `{name}`",
            record.seq, record.kind
        ),
    )
}
