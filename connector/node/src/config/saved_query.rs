//! `[query.NAME]`: saved statements that own users run by name.

use crate::config::reader::ConfigSection;
use hansa_catalog::{ColumnType, SavedQuery, SavedQueryParameter};
use hansa_policy::id::SqlIdentifier;
use hansa_query::sql::saved_statement::SavedStatement;

/// Reads all saved statements, in the order of their names.
pub(super) fn read_all(section: ConfigSection<'_>) -> Vec<SavedStatement> {
    let mut queries = Vec::new();
    for (name, inner) in section.named_sections() {
        queries.extend(read_saved_statement(name, inner));
    }
    queries.sort_by(|one, other| one.query.name.cmp(&other.query.name));
    queries
}

fn read_saved_statement(name: &str, section: ConfigSection<'_>) -> Option<SavedStatement> {
    let title = section.required_text("title");
    let description = section.text("description");
    let sql = section.required_text("sql");
    let mut parameters = Vec::new();
    let tables = section.section("parameter");
    for (name, inner) in tables.named_sections() {
        parameters.push(read_parameter(name, inner));
    }
    let named: Result<SqlIdentifier, _> = name.parse();
    if let Err(fault) = &named {
        section.report_problem("query", format!("`{name}`: {fault}"));
    }
    let checked = match (
        named,
        title,
        sql,
        parameters.into_iter().collect::<Option<Vec<_>>>(),
    ) {
        (Ok(name), Some(title), Some(sql), Some(parameters)) => {
            let query = SavedQuery {
                name,
                title,
                description,
                sql,
                parameters,
            };
            SavedStatement::of(query)
                .map_err(|refusal| section.report_refusal("sql", refusal))
                .ok()
        }
        _ => None,
    };
    section.finish();
    checked
}

fn read_parameter(name: &str, section: ConfigSection<'_>) -> Option<SavedQueryParameter> {
    let named: Result<SqlIdentifier, _> = name.parse();
    if let Err(fault) = &named {
        section.report_problem("parameter", format!("`{name}`: {fault}"));
    }
    let kind = section.parse_value::<ColumnType>("type");
    if kind.is_none() {
        section.report_problem("type", format!("the parameter `{name}` has no type"));
    }
    let description = section.text("description");
    let default = section.text("default");
    section.finish();
    Some(SavedQueryParameter {
        name: named.ok()?,
        kind: kind?,
        description,
        default,
    })
}
