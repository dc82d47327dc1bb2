//! Statements of deletion, from the permit that makes one due to the record that holds it.

use super::RecordBody;
use hansa_audit_log::json::Json;
use hansa_audit_store::retention::RetainedContracts;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_store::state_index::index_transaction::IndexTransaction;

/// What the permitted answer will be owed: each grant that asks for a statement names the first version of its contract.
pub(super) fn permitted(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
    asker: &str,
) -> Result<(), Refusal> {
    let grants = body.get("grants").and_then(Json::as_list);
    let asking = grants.unwrap_or_default().iter();
    let asking = asking.filter_map(|grant| grant.get("attest").and_then(Json::as_text));
    let request = body.text("request_id")?;
    for contract in asking {
        change.will_owe(body.record.seq, contract, asker, &request)?;
    }
    Ok(())
}

/// Decisions are kept no longer, but for those on which something still depends.
pub(super) fn expired(change: &IndexTransaction<'_>, body: &RecordBody<'_>) -> Result<(), Refusal> {
    let of = |name: &str| {
        body.words(name)
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let lasting = RetainedContracts {
        first_use: of("first_use_of"),
        receipts: of("receipts_of"),
    };
    change.expired(body.parsed("before")?, &lasting)
}

/// A statement that came in, or that we have sent.
pub(super) fn attested(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let peer = body.text("peer")?;
    let incoming = body.text("direction")? == "in";
    let requests = body.words("requests");
    let mut requests = requests.split_whitespace();
    // Records of older versions name a later version of a contract alone, and nobody knows here which was its first.
    let Some(first) = body.optional("first") else {
        let contract = body.text("contract")?;
        return requests.try_for_each(|request| match incoming {
            true => change.stated_alone(&contract, request, &peer),
            false => change.have_stated_alone(&contract, request, &peer, body.record.seq),
        });
    };
    requests.try_for_each(|request| match incoming {
        true => change.stated(&first, request, &peer),
        false => change.have_stated(&first, request, &peer, body.record.seq),
    })
}

/// A question that we asked.
pub(super) fn asked(change: &IndexTransaction<'_>, body: &RecordBody<'_>) -> Result<(), Refusal> {
    change.asked(
        &body.text("request_id")?,
        &body.text("peer")?,
        &body.words("contracts"),
        body.record.at,
    )
}

/// One that was refused brought nothing; of one that was not read to its end some rows may have come.
pub(super) fn not_received(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let (request, peer) = (body.text("request_id")?, body.text("peer")?);
    if body.text("code")? == ErrorCode::Interrupted.as_str() {
        return change.taken(&request, &peer, body.record.at);
    }
    change.not_taken(&request, &peer)
}

/// An answer that came to its end, or to that of its stream.
pub(super) fn received(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let (request, peer) = (body.text("request_id")?, body.text("peer")?);
    change.taken(&request, &peer, body.record.at)
}
