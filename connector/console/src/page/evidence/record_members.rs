//! Members of a record, as they stand in the log.

use crate::message::message;
use crate::part::table::{DataTable, render_table};
use crate::part::text::{reveal_controls, shorten_quotation};
use hansa_policy::term::language::Language;
use maud::{Markup, html};
use serde_json::Value;

/// Most members that a page shows.
const SHOWN: usize = 100;

/// Member of a record, by its path from the body.
struct RecordMember {
    /// Path, such as `grants.1.dataset`.
    path: String,
    /// Value as text.
    value: String,
}

/// Table of the members of a record. Their names are those of the log, in English.
pub(super) fn render_members(language: Language, body: &Value) -> Markup {
    let mut members = Vec::new();
    collect_members(body, String::new(), &mut members);
    let omitted = members.len().saturating_sub(SHOWN);
    let rows = members.iter().take(SHOWN).map(|member| {
        let short = shorten_quotation(&member.value);
        vec![
            html! { code lang="en" { (reveal_controls(&member.path)) } },
            html! { code lang="" dir="auto" { (short.text) } },
        ]
    });
    let table = DataTable {
        id: "members-caption",
        caption: message!(language, "members-caption"),
        columns: vec![
            message!(language, "column-member"),
            message!(language, "column-value"),
        ],
        rows: rows.collect(),
    };
    html! {
        (render_table(&table))
        @if omitted > 0 {
            @let number = language.format_number(u64::try_from(omitted).unwrap_or(u64::MAX));
            p.hint { (message!(language, "members-omitted", number)) }
        }
    }
}

fn collect_members(value: &Value, path: String, members: &mut Vec<RecordMember>) {
    let below = |name: &str| match path.is_empty() {
        true => name.to_owned(),
        false => format!("{path}.{name}"),
    };
    match value {
        Value::Object(object) => {
            for (name, item) in object {
                collect_members(item, below(name), members);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (index, item) in items.iter().enumerate() {
                collect_members(item, below(&(index + 1).to_string()), members);
            }
        }
        Value::Array(items) => {
            let texts: Vec<String> = items.iter().map(describe_value).collect();
            members.push(RecordMember {
                value: texts.join(", "),
                path,
            });
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            members.push(RecordMember {
                value: describe_value(value),
                path,
            });
        }
    }
}

fn describe_value(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn members_are_told_by_their_path() {
        let body = json!({
            "peer": "hansa://acme.example", "grants": [{ "dataset": "bikes", "clauses_applied": [2, 5] }],
            "web": true, "reservations": [],
        });
        let mut members = Vec::new();
        collect_members(&body, String::new(), &mut members);
        let mut told: Vec<String> = members
            .iter()
            .map(|member| format!("{}={}", member.path, member.value))
            .collect();
        // The order of members is that of the JSON where the whole product is built, and by name where this package is.
        told.sort();
        assert_eq!(
            told,
            [
                "grants.1.clauses_applied=2, 5",
                "grants.1.dataset=bikes",
                "peer=hansa://acme.example",
                "reservations=",
                "web=true"
            ]
        );
    }
}
