//! `hansa audit heads`: the heads of other logs that are held here, who holds heads of this one, and what does not fit.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::output::table;
use hansa_node::participant::Connector;
use hansa_policy::id::ParticipantId;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Tells all of them, one a line.
pub(super) async fn tell(connector: &Arc<Connector>, out: &EventSink) -> CommandResult {
    let incidents = connector.incidents()?;
    let (shown, gossiped, witnesses, forks) = connector.records.index(|state| {
        Ok((
            state.heads()?,
            state.gossiped_heads()?,
            state.witnesses()?,
            state.forks()?,
        ))
    })?;
    let mut lines: Vec<(Value, Vec<String>)> = Vec::new();
    let mut line = |log: &ParticipantId,
                    what: &str,
                    size: Option<u64>,
                    proven: bool,
                    more: String,
                    value: Value| {
        let mut value = value;
        if let Some(members) = value.as_object_mut() {
            members.insert("log".to_owned(), json!(log.to_string()));
            members.insert("is".to_owned(), json!(what));
            members.insert("size".to_owned(), json!(size));
        }
        let value_is_forked = value.get("forked") == Some(&Value::Bool(true));
        lines.push((
            value,
            vec![
                log.domain().to_owned(),
                what.to_owned(),
                size.map(|size| size.to_string()).unwrap_or_default(),
                match what {
                    "LOG_FORK" => "no",
                    "incident" => "stated",
                    _ if proven => "yes",
                    _ if value_is_forked => "no",
                    _ => "not yet",
                }
                .to_owned(),
                more,
            ],
        ));
    };
    // Of a log that has forked nothing goes on, whatever was proven before that was found.
    let forked: BTreeSet<&ParticipantId> = forks.iter().map(|(peer, _)| peer).collect();
    let goes_on = |log: &ParticipantId, proven: bool| proven && !forked.contains(log);
    for row in &shown {
        let proven = goes_on(&row.peer, row.proven);
        let value = json!({"proven": proven, "forked": forked.contains(&row.peer)});
        line(
            &row.peer,
            "shown to us",
            size(&row.note),
            proven,
            two_histories(forked.contains(&row.peer)),
            value,
        );
    }
    for row in &gossiped {
        let proven = goes_on(&row.peer, row.proven);
        let value = json!({"proven": proven, "forked": forked.contains(&row.peer), "via": row.via.to_string()});
        let via = format!("by {}", row.via.domain());
        line(&row.peer, "passed on", size(&row.note), proven, via, value);
    }
    let own = connector.id();
    for row in &witnesses {
        let value = json!({"proven": true, "by": row.peer.to_string(), "record": row.record});
        let by = format!("by {}, record {}", row.peer.domain(), row.record);
        line(&own, "cosigned", Some(row.size), true, by, value);
    }
    for (peer, record) in &forks {
        let value = json!({"proven": false, "record": record});
        let both = format!("both heads: hansa audit show {record}");
        line(peer, "LOG_FORK", None, false, both, value);
    }
    for (row, text) in &incidents {
        let fork = row.fork.unzip();
        let value = json!({
            "proven": false,
            "record": row.record,
            "cause": row.cause,
            "from": fork.0,
            "upto": fork.1,
            "late": row.late,
        });
        line(&row.peer, "incident", None, false, text.clone(), value);
    }
    let mut rows = Vec::new();
    for (value, cells) in lines {
        out.object(value, "").await?;
        rows.push(cells);
    }
    out.text(table(&["LOG", "HEAD", "RECORDS", "GOES ON", ""], &rows))
        .await?;
    Ok(0)
}

fn two_histories(forked: bool) -> String {
    match forked {
        true => "of one of two histories".to_owned(),
        false => String::new(),
    }
}

/// How many records a head covers.
fn size(note: &str) -> Option<u64> {
    note.lines().nth(1)?.parse().ok()
}
