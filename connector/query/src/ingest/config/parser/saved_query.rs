//! Parser of `[dataset.query.NAME]`: statements over the dataset that others may run by name.

use super::table_value::{parse_statement, read_required_text};
use crate::sql::saved_statement::SavedStatement;
use hansa_catalog::dataset::ColumnType;
use hansa_catalog::saved_query::{SavedQuery, SavedQueryParameter};
use hansa_policy::id::SqlIdentifier;
use hansa_toml_reader::{TomlTable, TomlValue};

/// Parses all saved statements of a dataset.
pub(super) fn parse_queries(tables: TomlTable<'_>) -> Vec<SavedQuery> {
    if tables.values().len() > SavedQuery::MOST {
        let sentence = format!("a dataset has {} saved queries at most", SavedQuery::MOST);
        tables.add_problem("query", sentence);
    }
    let found = tables.values().iter();
    let found: Vec<SavedQuery> = found
        .filter_map(|value| parse_query(value.key, value.table()?))
        .collect();
    let (size, most) = (
        found.iter().map(SavedQuery::size).sum::<usize>(),
        SavedQuery::LONGEST_TOGETHER,
    );
    if size > most {
        let sentence = format!(
            "the saved queries of a dataset have {most} bytes together at most, and these have {size}"
        );
        tables.add_problem("query", sentence);
    }
    found
}

fn parse_query(key: &str, table: TomlTable<'_>) -> Option<SavedQuery> {
    let name = parse_identifier(key, &table);
    let title = parse_statement(&table, "title");
    if title.is_none() {
        table.add_problem("title", format!("the saved query `{key}` has no title"));
    }
    let description = parse_statement(&table, "description");
    let sql = read_required_text(&table, "sql");
    let parameters = table.table("parameter").map(|tables| {
        let found = tables.values().iter();
        found
            .map(|value| parse_parameter(value.key, value.table()?))
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

fn parse_parameter(key: &str, table: TomlTable<'_>) -> Option<SavedQueryParameter> {
    let name = parse_identifier(key, &table);
    let kind = table
        .required_value("type")
        .and_then(TomlValue::parse_text::<ColumnType>);
    let description = parse_statement(&table, "description");
    let default = table.get("default").and_then(TomlValue::text);
    table.finish();
    Some(SavedQueryParameter {
        name: name?,
        kind: kind?,
        description,
        default,
    })
}

fn parse_identifier(key: &str, table: &TomlTable<'_>) -> Option<SqlIdentifier> {
    key.parse()
        .map_err(|fault| table.add_problem("query", format!("`{key}`: {fault}")))
        .ok()
}
