//! Parser of `[dataset.query.NAME]`: statements over the dataset that others may run by name.

use super::table_value::{read_required_text, statement};
use crate::sql::saved_statement::SavedStatement;
use hansa_catalog::dataset::ColumnType;
use hansa_catalog::saved_query::{SavedQuery, SavedQueryParameter};
use hansa_policy::id::SqlIdentifier;
use hansa_toml_reader::{TomlTable, TomlValue};

/// Parses all saved statements of a dataset.
pub(super) fn queries(tables: TomlTable<'_>) -> Vec<SavedQuery> {
    if tables.values().len() > SavedQuery::MOST {
        let sentence = format!("a dataset has {} saved queries at most", SavedQuery::MOST);
        tables.wrong("query", sentence);
    }
    let found = tables.values().iter();
    let found: Vec<SavedQuery> = found
        .filter_map(|value| query(value.key, value.table()?))
        .collect();
    let (size, most) = (
        found.iter().map(SavedQuery::size).sum::<usize>(),
        SavedQuery::LONGEST_TOGETHER,
    );
    if size > most {
        let sentence = format!(
            "the saved queries of a dataset have {most} bytes together at most, and these have {size}"
        );
        tables.wrong("query", sentence);
    }
    found
}

fn query(key: &str, table: TomlTable<'_>) -> Option<SavedQuery> {
    let name = identifier(key, &table);
    let title = statement(&table, "title");
    if title.is_none() {
        table.wrong("title", format!("the saved query `{key}` has no title"));
    }
    let description = statement(&table, "description");
    let sql = read_required_text(&table, "sql");
    let parameters = table.table("parameter").map(|tables| {
        let found = tables.values().iter();
        found
            .map(|value| parameter(value.key, value.table()?))
            .collect::<Option<Vec<_>>>()
    });
    let query = match (name, title, parameters.unwrap_or_else(|| Some(Vec::new()))) {
        (Some(name), Some(title), Some(parameters)) => {
            let query = SavedQuery {
                name,
                title,
                description,
                sql,
                parameters,
            };
            SavedStatement::of(query)
                .map_err(|refusal| table.refuse("sql", refusal))
                .map(|saved| saved.query)
                .ok()
        }
        (..) => None,
    };
    table.finish();
    query
}

fn parameter(key: &str, table: TomlTable<'_>) -> Option<SavedQueryParameter> {
    let name = identifier(key, &table);
    let kind = table
        .required_value("type")
        .and_then(TomlValue::parse_text::<ColumnType>);
    let description = statement(&table, "description");
    let default = table.get("default").and_then(TomlValue::text);
    table.finish();
    Some(SavedQueryParameter {
        name: name?,
        kind: kind?,
        description,
        default,
    })
}

fn identifier(key: &str, table: &TomlTable<'_>) -> Option<SqlIdentifier> {
    key.parse()
        .map_err(|fault| table.wrong("query", format!("`{key}`: {fault}")))
        .ok()
}
