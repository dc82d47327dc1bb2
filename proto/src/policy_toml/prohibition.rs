//! `prohibit`: what is not done with the data, and what is refused or taken away, both ways.

use super::LocatedTerms;
use super::file_reader::{PolicyFileReader, each, several};
use super::file_writer::{quote_text, texts};
use super::validity;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::row_filter;
use hansa_policy::term::Term;
use hansa_policy::term::duty::ForbiddenUse;
use hansa_policy::term::odrl::word;
use hansa_policy::term::prohibition::{
    ProhibitedAction, ProhibitedPart, ProhibitionCondition, ProhibitionTerm,
};
use hansa_toml_reader::TomlValue;

const FORBIDDEN: [(&str, ForbiddenUse); 3] = [
    ("distribute", ForbiddenUse::Distribute),
    ("sell", ForbiddenUse::Sell),
    ("derive", ForbiddenUse::Derive),
];

/// The keys of a prohibition that is executed.
const KEYS: [&str; 8] = [
    "action", "purpose", "from", "until", "hours", "networks", "rows", "columns",
];

/// `["distribute", { purpose = "dpv:Marketing" }, { rows = "district = 'B'" }]`
pub(super) fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let mut found = Vec::new();
    for item in several(value, |node| node.is_str() || node.is_table()) {
        if item.node.is_table() {
            read_executed_prohibition(reader, &item, terms);
            continue;
        }
        match item.word(&FORBIDDEN) {
            Some(forbidden) if found.contains(&forbidden) => {
                let sentence = format!("`{}` is prohibited twice", word(&FORBIDDEN, &forbidden));
                item.problem(ErrorCode::TermIllTyped, sentence);
            }
            Some(forbidden) => {
                found.push(forbidden);
                terms.add(&item, Term::Prohibit(forbidden));
            }
            None => {}
        }
    }
}

fn read_executed_prohibition(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = value.table_with(&KEYS) else {
        return;
    };
    let act = match table.get("action") {
        None => Some(ProhibitedAction::Use),
        Some(action) => action.word(&ProhibitedAction::ALL),
    };
    let mut when = ProhibitionCondition::ALWAYS;
    if let Some(list) = table.get("purpose") {
        when.purpose = Some(each(list));
    }
    if let Some(from) = table.get("from") {
        when.from = validity::first(reader, from);
    }
    if let Some(until) = table.get("until") {
        when.until = validity::last(reader, until);
    }
    when.hours = table.parse_text("hours");
    if let Some(list) = table.get("networks") {
        when.networks = Some(each(list));
    }
    let rows = table
        .get("rows")
        .and_then(|rows| read_prohibited_rows(reader, rows));
    let columns = table.get("columns").map(|list| reader.columns(list));
    let part = match (rows, columns) {
        (None, None) => None,
        (Some(rows), None) => Some(rows),
        (None, Some(columns)) => Some(ProhibitedPart::Columns(columns)),
        (Some(_), Some(_)) => {
            let sentence = "a prohibition takes rows away, or columns, and not both at once";
            let refusal = Refusal::new(ErrorCode::TermIllTyped, sentence);
            value.refuse(refusal.with_help("write two prohibitions"));
            return;
        }
    };
    if let Some(act) = act
        && reader.file.is_clean()
    {
        terms.add(
            value,
            Term::from(ProhibitionTerm {
                action: act,
                part,
                condition: when,
            }),
        );
    }
}

fn read_prohibited_rows(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
) -> Option<ProhibitedPart> {
    let text = value.text()?;
    match row_filter::parse(&text) {
        Ok(filter) => {
            for column in filter.columns() {
                reader.column(value, column.as_str());
            }
            Some(ProhibitedPart::Rows(filter))
        }
        Err(refusal) => {
            value.refuse(refusal);
            None
        }
    }
}

/// The prohibition as an item of the list.
pub(super) fn format_prohibition(one: &ProhibitionTerm) -> String {
    let mut said: Vec<(&str, String)> = Vec::new();
    if one.action != ProhibitedAction::Use {
        said.push((
            "action",
            quote_text(word(&ProhibitedAction::ALL, &one.action)),
        ));
    }
    let ProhibitionCondition {
        purpose,
        from,
        until,
        hours,
        networks,
    } = &one.condition;
    said.extend(purpose.as_ref().map(|list| ("purpose", texts(list))));
    said.extend(from.map(|from| ("from", from.to_string())));
    said.extend(until.map(|until| ("until", until.to_string())));
    said.extend(
        hours
            .as_ref()
            .map(|hours| ("hours", quote_text(&hours.to_string()))),
    );
    said.extend(networks.as_ref().map(|list| ("networks", texts(list))));
    said.extend(one.part.as_ref().map(|part| match part {
        ProhibitedPart::Rows(filter) => ("rows", quote_text(&filter.to_string())),
        ProhibitedPart::Columns(list) => ("columns", texts(list)),
    }));
    let messages: Vec<String> = said
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", messages.join(", "))
}
