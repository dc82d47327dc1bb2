//! Which records a person wants to see.

use crate::cli::verb::audit::AuditFilter;
use crate::desk::audit::record::field;
use crate::desk::contract::find;
use crate::node::Node;
use ::policy::refusal::{Code, Refusal};
use evidence::json::Json;
use evidence::record::Record;
use evidence::time::Time;
use std::collections::{BTreeSet, VecDeque};

/// The newest records that the filter lets through, oldest first.
pub(super) fn chosen(node: &Node, filter: &AuditFilter) -> Result<Vec<Record>, Refusal> {
    let mut wanted = Wanted::of(node, filter)?;
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

/// A filter, with what it names looked up. It is shown the records in their order.
#[derive(Default)]
struct Wanted {
    names: Vec<Name>,
    outcome: Option<String>,
    from: Option<Time>,
    to: Option<Time>,
    /// Records that have the names, and the questions of such: what closes an answer names the answer alone.
    entries: BTreeSet<u64>,
    requests: BTreeSet<String>,
}

impl Wanted {
    fn of(node: &Node, filter: &AuditFilter) -> Result<Self, Refusal> {
        let mut names = Vec::new();
        if let Some(named) = &filter.participant {
            names.push(Name::Participant(match node.peer(named) {
                Ok(peer) => peer.id.to_string(),
                Err(_) => format!("hansa://{}", named.trim_start_matches("hansa://")),
            }));
        }
        if let Some(named) = &filter.dataset {
            names.push(Name::Dataset(dataset(node, named)?));
        }
        if let Some(named) = &filter.contract {
            names.push(Name::Contract(find::held(node, named)?.to_string()));
        }
        Ok(Self {
            names,
            outcome: filter.outcome.clone(),
            from: filter.from.as_deref().map(instant).transpose()?,
            to: filter.to.as_deref().map(instant).transpose()?,
            ..Self::default()
        })
    }

    fn takes(&mut self, record: &Record) -> bool {
        self.concerns(record)
            && self.from.is_none_or(|from| record.at >= from)
            && self.to.is_none_or(|to| record.at < to)
            && self.outcome.as_ref().is_none_or(|wanted| {
                record.kind == *wanted
                    || field(record, "outcome").is_some_and(|outcome| outcome.starts_with(wanted))
                    || field(record, "code").is_some_and(|code| code == *wanted)
            })
    }

    /// Whether a record has all the names, or belongs to one that has.
    fn concerns(&mut self, record: &Record) -> bool {
        if self.names.is_empty() {
            return true;
        }
        let request = field(record, "request_id");
        if self.names.iter().all(|name| name.stands_in(&record.body)) {
            self.entries.insert(record.seq);
            self.requests.extend(request);
            return true;
        }
        let opened = record.body.get("opened").and_then(Json::as_count);
        opened.is_some_and(|opened| self.entries.contains(&opened))
            || request.is_some_and(|request| self.requests.contains(&request))
    }
}

/// What a record may name.
enum Name {
    /// A participant; also by what it owns.
    Participant(String),
    /// A dataset, by its identity or the end of it.
    Dataset(String),
    /// A contract.
    Contract(String),
}

impl Name {
    fn stands_in(&self, body: &Json) -> bool {
        match body {
            Json::Text(text) => self.is(text),
            Json::List(list) => list.iter().any(|value| self.stands_in(value)),
            Json::Object(members) => members.values().any(|value| self.stands_in(value)),
            Json::Null | Json::Bool(_) | Json::Int(_) => false,
        }
    }

    fn is(&self, text: &str) -> bool {
        match self {
            Self::Participant(id) => text
                .strip_prefix(id.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/')),
            Self::Dataset(end) => text.ends_with(end.as_str()),
            Self::Contract(id) => text == id,
        }
    }
}

/// The identity of a dataset, or its end where nobody in particular is said to own it.
fn dataset(node: &Node, named: &str) -> Result<String, Refusal> {
    let Some((alias, name)) = named.split_once('.') else {
        return Ok(format!("/d/{named}"));
    };
    let owner = if *alias == *node.config().participant.alias.as_str() {
        node.id()
    } else {
        node.peer(alias)?.id
    };
    Ok(format!("{owner}/d/{name}"))
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

#[cfg(test)]
mod tests;
