//! Heads of other logs, as their owners have shown them or others have passed them on, and what closes a fork.

use super::{RecordBody, unreadable};
use hansa_audit_log::json::Json;
use hansa_policy::refusal::Refusal;
use hansa_store::state_index::index_transaction::IndexTransaction;
use hansa_store::state_index::row::IncidentRow;

/// A head that its owner has shown, and the recorded ones from which it was proven to go on.
pub(super) fn apply_head(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let (peer, size, note) = (body.peer()?, body.count("size")?, body.text("note")?);
    let proven = proven(body);
    change.recorded((&peer, &peer), size, &note, proven)?;
    let over = body.get("over").and_then(Json::as_list);
    for earlier in over.unwrap_or_default() {
        let root = earlier.get("root").and_then(Json::as_text);
        // Records of older versions name the size alone.
        let size = earlier
            .as_count()
            .or_else(|| earlier.get("size")?.as_count());
        let size = size.ok_or_else(|| unreadable(body.record, "over"))?;
        change.gone_on(&peer, size, root)?;
    }
    change.head(&peer, size, &note, proven)
}

/// A head that somebody else has passed on.
pub(super) fn apply_gossiped_head(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let (peer, via) = (body.peer()?, body.parsed("via")?);
    let (size, note) = (body.count("size")?, body.text("note")?);
    let proven = proven(body);
    change.recorded((&peer, &via), size, &note, proven)?;
    change.head_gossiped((&peer, &via), size, &note, proven)
}

/// The owner of a log has stated an incident of it.
pub(super) fn incident(
    change: &IndexTransaction<'_>,
    body: &RecordBody<'_>,
) -> Result<(), Refusal> {
    let record = body.record;
    let row = IncidentRow {
        record: record.seq,
        peer: body.peer()?,
        cause: body.text("cause")?,
        statement: body.text("statement")?,
        at: record.at,
        fork: body.maybe_count("from").zip(body.maybe_count("upto")),
        late: body.count("late")?,
    };
    let note = body.text("head")?;
    let head = Some((body.count("size")?, note.as_str()));
    let incoming = body.text("direction")? == "in";
    change.stated_incident(&row, head.filter(|_| incoming))
}

fn proven(body: &RecordBody<'_>) -> bool {
    body.get("proven") == Some(&Json::Bool(true))
}
