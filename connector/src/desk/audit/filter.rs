//! Which records a person wants to see.

use crate::cli::verb::audit::AuditFilter;
use crate::desk::audit::record::field;
use crate::desk::contract::find;
use crate::node::Node;
use ::policy::refusal::{Code, Refusal};
use evidence::record::Record;
use evidence::time::Time;
use std::collections::VecDeque;

/// The newest records that the filter lets through, oldest first.
pub(super) fn chosen(node: &Node, filter: &AuditFilter) -> Result<Vec<Record>, Refusal> {
    let wanted = Wanted::of(node, filter)?;
    let mut kept = VecDeque::new();
    for record in node.log.read(0) {
        let record = record?;
        if wanted.takes(&record) {
            if kept.len() >= filter.last.max(1) {
                kept.pop_front();
            }
            kept.push_back(record);
        }
    }
    Ok(kept.into())
}

/// A filter, with what it names looked up.
struct Wanted {
    words: Vec<String>,
    outcome: Option<String>,
    from: Option<Time>,
    to: Option<Time>,
}

impl Wanted {
    fn of(node: &Node, filter: &AuditFilter) -> Result<Self, Refusal> {
        let mut words = Vec::new();
        if let Some(named) = &filter.participant {
            words.push(
                node.peer(named)
                    .map_or_else(|_| named.clone(), |peer| peer.id.domain().to_owned()),
            );
        }
        if let Some(named) = &filter.dataset {
            let name = named
                .split_once('.')
                .map_or(named.as_str(), |(_, name)| name);
            words.push(format!("/d/{name}"));
        }
        if let Some(named) = &filter.contract {
            words.push(find::held(node, named)?.to_string());
        }
        Ok(Self {
            words,
            outcome: filter.outcome.clone(),
            from: filter.from.as_deref().map(instant).transpose()?,
            to: filter.to.as_deref().map(instant).transpose()?,
        })
    }

    fn takes(&self, record: &Record) -> bool {
        self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at < to)
            && self.outcome.as_ref().is_none_or(|wanted| {
                record.kind == *wanted
                    || field(record, "outcome").is_some_and(|outcome| outcome.starts_with(wanted))
                    || field(record, "code").is_some_and(|code| code == *wanted)
            })
            && self.named_in(record)
    }

    fn named_in(&self, record: &Record) -> bool {
        let body = evidence::json::canonical(&record.body);
        let body = String::from_utf8_lossy(&body);
        self.words.iter().all(|word| body.contains(word))
    }
}

/// An instant, or the beginning of a day.
fn instant(written: &str) -> Result<Time, Refusal> {
    let whole = if written.len() == "2026-12-01".len() {
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
