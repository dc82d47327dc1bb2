//! `prohibit`: what is not done with the data, and what is refused or taken away, both ways.

use super::Terms;
use super::conduct::{each, parsed};
use super::sheet::{Sheet, Value};
use super::window;
use super::write::{quoted, texts};
use hansa_policy::refusal::Code;
use hansa_policy::row_filter;
use hansa_policy::term::odrl::word;
use hansa_policy::term::prohibition::{Act, Part, Prohibition, When};
use hansa_policy::term::{Forbidden, Term};

const FORBIDDEN: [(&str, Forbidden); 3] = [
    ("distribute", Forbidden::Distribute),
    ("sell", Forbidden::Sell),
    ("derive", Forbidden::Derive),
];

/// The keys of a prohibition that is executed.
const KEYS: [&str; 8] = [
    "action", "purpose", "from", "until", "hours", "networks", "rows", "columns",
];

/// `["distribute", { purpose = "dpv:Marketing" }, { rows = "district = 'B'" }]`
pub(super) fn read(sheet: &mut Sheet<'_>, value: &Value<'_>, terms: &mut Terms) {
    let items = if value.node.is_str() || value.node.is_table() {
        Some(vec![value.clone()])
    } else {
        sheet.items(value)
    };
    let mut found = Vec::new();
    for item in items.unwrap_or_default() {
        if item.node.is_table() {
            executed(sheet, &item, terms);
            continue;
        }
        let Some(text) = sheet.text(&item) else {
            continue;
        };
        match sheet.word(&item.at, &text, "prohibited action", &FORBIDDEN) {
            Some(forbidden) if found.contains(&forbidden) => {
                let sentence = format!("`{text}` is prohibited twice");
                sheet.problem(&item.at, Code::TermIllTyped, sentence);
            }
            Some(forbidden) => {
                found.push(forbidden);
                terms.add(&item.at, Term::Prohibit(forbidden));
            }
            None => {}
        }
    }
}

fn executed(sheet: &mut Sheet<'_>, value: &Value<'_>, terms: &mut Terms) {
    let Some(table) = sheet.table(value, Some(&KEYS)) else {
        return;
    };
    let act = match table.get("action") {
        None => Some(Act::Use),
        Some(action) => sheet
            .text(action)
            .and_then(|text| sheet.word(&action.at, &text, "action", &Act::ALL)),
    };
    let mut when = When::ALWAYS;
    if let Some(list) = table.get("purpose") {
        when.purpose = Some(each(sheet, list));
    }
    if let Some(from) = table.get("from") {
        when.from = window::first(sheet, from);
    }
    if let Some(until) = table.get("until") {
        when.until = window::last(sheet, until);
    }
    if let Some(hours) = table.get("hours") {
        when.hours = parsed(sheet, hours);
    }
    if let Some(list) = table.get("networks") {
        when.networks = Some(each(sheet, list));
    }
    let rows = table.get("rows").and_then(|rows| filtered(sheet, rows));
    let columns = table.get("columns").map(|list| sheet.columns(list));
    let part = match (rows, columns) {
        (None, None) => None,
        (Some(rows), None) => Some(rows),
        (None, Some(columns)) => Some(Part::Columns(columns)),
        (Some(_), Some(_)) => {
            sheet.problem_with_help(
                &value.at,
                Code::TermIllTyped,
                "a prohibition takes rows away, or columns, and not both at once",
                Some("write two prohibitions".to_owned()),
            );
            return;
        }
    };
    if let Some(act) = act
        && sheet.is_clean()
    {
        terms.add(&value.at, Term::from(Prohibition { act, part, when }));
    }
}

fn filtered(sheet: &mut Sheet<'_>, value: &Value<'_>) -> Option<Part> {
    let text = sheet.text(value)?;
    match row_filter::parse(&text) {
        Ok(filter) => {
            for column in filter.columns() {
                sheet.column(&value.at, column.as_str());
            }
            Some(Part::Rows(filter))
        }
        Err(refusal) => {
            sheet.refusal(&value.at, refusal);
            None
        }
    }
}

/// The prohibition as an item of the list.
pub(super) fn written(one: &Prohibition) -> String {
    let mut said: Vec<(&str, String)> = Vec::new();
    if one.act != Act::Use {
        said.push(("action", quoted(word(&Act::ALL, &one.act))));
    }
    let When {
        purpose,
        from,
        until,
        hours,
        networks,
    } = &one.when;
    said.extend(purpose.as_ref().map(|list| ("purpose", texts(list))));
    said.extend(from.map(|from| ("from", from.to_string())));
    said.extend(until.map(|until| ("until", until.to_string())));
    said.extend(
        hours
            .as_ref()
            .map(|hours| ("hours", quoted(&hours.to_string()))),
    );
    said.extend(networks.as_ref().map(|list| ("networks", texts(list))));
    said.extend(one.part.as_ref().map(|part| match part {
        Part::Rows(filter) => ("rows", quoted(&filter.to_string())),
        Part::Columns(list) => ("columns", texts(list)),
    }));
    let said: Vec<String> = said
        .iter()
        .map(|(key, value)| format!("{key} = {value}"))
        .collect();
    format!("{{ {} }}", said.join(", "))
}
