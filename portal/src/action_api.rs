//! Read-only part of CKAN's action API (version 3) for harvesting portals: `package_list`, `package_show` and `package_search`.
//! Unsupported parameters are refused and never ignored.

use crate::licence;
use crate::portal_catalog::{PortalCatalog, PortalDataset};
use crate::portal_request::PortalResponse;
use hansa_audit_log::time::UtcTimestamp;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Supported actions.
pub const PACKAGES: [&str; 3] = ["package_list", "package_show", "package_search"];

/// Default and largest number of datasets in a search result.
const ROWS: usize = 10;
const MOST_ROWS: usize = 1_000;

/// Reason why an action fails.
enum ActionError {
    NotFound,
    Wrong(String),
}

/// Response to an action.
pub(crate) fn answer_action(
    catalog: &PortalCatalog,
    action: &str,
    parameters: &BTreeMap<String, String>,
) -> PortalResponse {
    let done = match action {
        "package_list" => list_datasets(catalog, parameters),
        "package_show" => show_dataset(catalog, parameters),
        "package_search" => search_datasets(catalog, parameters),
        other => Err(ActionError::Wrong(format!(
            "Action name not known: {other}"
        ))),
    };
    let help = format!("{}/api/3/action/{action}", catalog.base);
    match done {
        Ok(result) => {
            let body = json!({"help": help, "success": true, "result": result});
            PortalResponse::json(200, &body)
        }
        Err(error) => {
            let (status, kind, message) = match error {
                ActionError::NotFound => (404, "Not Found Error", "Not found".to_owned()),
                ActionError::Wrong(message) => (400, "Validation Error", message),
            };
            let error = json!({"__type": kind, "message": message});
            let body = json!({"help": help, "success": false, "error": error});
            PortalResponse::json(status, &body)
        }
    }
}

fn list_datasets(
    catalog: &PortalCatalog,
    parameters: &BTreeMap<String, String>,
) -> Result<Value, ActionError> {
    check_parameters(parameters, &["limit", "offset"])?;
    let limit = read_number(parameters, "limit")?.unwrap_or(usize::MAX);
    let offset = read_number(parameters, "offset")?.unwrap_or(0);
    let names = catalog.datasets.iter().map(|dataset| dataset.name.as_str());
    Ok(names.skip(offset).take(limit).collect())
}

fn show_dataset(
    catalog: &PortalCatalog,
    parameters: &BTreeMap<String, String>,
) -> Result<Value, ActionError> {
    check_parameters(parameters, &["id", "name_or_id"])?;
    let id = parameters
        .get("id")
        .or_else(|| parameters.get("name_or_id"))
        .ok_or_else(|| ActionError::Wrong("id: Missing value".to_owned()))?;
    let mut all = catalog.datasets.iter();
    let found = all.find(|dataset| dataset.name == *id || dataset.contract == *id);
    let dataset = found.ok_or(ActionError::NotFound)?;
    Ok(to_package(catalog, dataset))
}

fn search_datasets(
    catalog: &PortalCatalog,
    parameters: &BTreeMap<String, String>,
) -> Result<Value, ActionError> {
    check_parameters(parameters, &["q", "fq", "rows", "start", "sort"])?;
    let words = parameters.get("q").map(String::as_str).unwrap_or_default();
    let words: Vec<String> = match words {
        "*:*" | "*" => Vec::new(),
        words => words.split_whitespace().map(str::to_lowercase).collect(),
    };
    let since = parameters.get("fq").map(|filter| modified_since(filter));
    let since = since.transpose()?.flatten();
    let mut found: Vec<&PortalDataset> = catalog
        .datasets
        .iter()
        .filter(|dataset| since.is_none_or(|since| dataset.published_at >= since))
        .filter(|dataset| {
            let text = searchable_text(dataset);
            words.iter().all(|word| text.contains(word.as_str()))
        })
        .collect();
    sort_datasets(&mut found, parameters.get("sort").map(String::as_str))?;
    let start = read_number(parameters, "start")?.unwrap_or(0);
    let rows = read_number(parameters, "rows")?
        .unwrap_or(ROWS)
        .min(MOST_ROWS);
    let shown = found.iter().skip(start).take(rows);
    let results: Vec<Value> = shown.map(|dataset| to_package(catalog, dataset)).collect();
    Ok(json!({
        "count": found.len(),
        "results": results,
        "sort": parameters.get("sort").map_or("name asc", String::as_str),
        "facets": {},
        "search_facets": {},
    }))
}

/// Text in which search words are looked up.
fn searchable_text(dataset: &PortalDataset) -> String {
    let statements = &dataset.statements;
    let mut text = format!("{} {}", dataset.name, dataset.title);
    let more = statements.description.iter().chain(&statements.keywords);
    for part in more {
        text.push(' ');
        text.push_str(part);
    }
    text.to_lowercase()
}

/// Instant of the only supported filter, which harvesters send: `metadata_modified:[2026-01-01T00:00:00Z TO *]`.
fn modified_since(filter: &str) -> Result<Option<UtcTimestamp>, ActionError> {
    let filter = filter.trim().trim_start_matches('+');
    if filter.is_empty() {
        return Ok(None);
    }
    let range = filter
        .strip_prefix("metadata_modified:[")
        .and_then(|rest| rest.strip_suffix(" TO *]"));
    let since = range.and_then(|since| {
        let zoned = match since.ends_with('Z') {
            true => since.to_owned(),
            false => format!("{since}Z"),
        };
        zoned.parse().ok()
    });
    since.map(Some).ok_or_else(|| {
        let message = "fq: the one filter here is metadata_modified:[INSTANT TO *]";
        ActionError::Wrong(message.to_owned())
    })
}

fn sort_datasets(found: &mut [&PortalDataset], order: Option<&str>) -> Result<(), ActionError> {
    // Order by relevance means by name here, since a dataset contains all search words or is left out.
    let first = order
        .unwrap_or_default()
        .split(',')
        .next()
        .unwrap_or_default();
    let mut words = first.split_whitespace();
    let (key, direction) = (
        words.next().unwrap_or("name"),
        words.next().unwrap_or("asc"),
    );
    match key {
        "name" | "id" | "score" | "relevance" => {
            found.sort_by(|one, other| one.name.cmp(&other.name))
        }
        "title" | "title_string" => found.sort_by(|one, other| one.title.cmp(&other.title)),
        "metadata_modified" => found.sort_by_key(|dataset| dataset.published_at),
        other => {
            let message = format!("sort: `{other}` is no key here: name, title, metadata_modified");
            return Err(ActionError::Wrong(message));
        }
    }
    match (key, direction) {
        ("score" | "relevance", _) | (_, "asc") => {}
        (_, "desc") => found.reverse(),
        (_, other) => {
            let message = format!("sort: `{other}` is neither asc nor desc");
            return Err(ActionError::Wrong(message));
        }
    }
    Ok(())
}

fn check_parameters(
    parameters: &BTreeMap<String, String>,
    names: &[&str],
) -> Result<(), ActionError> {
    match parameters
        .keys()
        .find(|name| !names.contains(&name.as_str()))
    {
        None => Ok(()),
        Some(name) => {
            let message = format!("{name}: the parameters here are {}", names.join(", "));
            Err(ActionError::Wrong(message))
        }
    }
}

fn read_number(
    parameters: &BTreeMap<String, String>,
    name: &str,
) -> Result<Option<usize>, ActionError> {
    let Some(text) = parameters.get(name) else {
        return Ok(None);
    };
    let number = text
        .parse()
        .map_err(|_| ActionError::Wrong(format!("{name}: Invalid integer")));
    number.map(Some)
}

/// Dataset in the form of CKAN.
fn to_package(catalog: &PortalCatalog, dataset: &PortalDataset) -> Value {
    let statements = &dataset.statements;
    let modified = plain_instant(dataset.published_at);
    let licence_address = licence::document_iri(&dataset.licence);
    let resources = dataset.files.iter().map(|file| {
        json!({
            "id": format!("{}-{}", dataset.name, file.ending),
            "package_id": dataset.name,
            "name": format!("{} ({})", dataset.title, file.ending),
            "url": dataset.file_address(&catalog.base, file),
            "format": file.ending.to_uppercase(),
            "mimetype": file.media_type,
            "last_modified": modified,
            "state": "active",
        })
    });
    let resources: Vec<Value> = resources.collect();
    let tags = statements.keywords.iter().map(|keyword| {
        json!({"name": keyword, "display_name": keyword, "state": "active", "vocabulary_id": null})
    });
    let tags: Vec<Value> = tags.collect();
    let mut extras = BTreeMap::new();
    extras.insert(
        "uri",
        catalog.local_iri(&format!("dataset-{}", dataset.name)),
    );
    extras.insert("language", catalog.language.clone());
    extras.insert("publisher_name", catalog.publisher.name.clone());
    extras.insert("public_view", dataset.contract.clone());
    for (key, value) in [
        ("theme", &statements.theme),
        ("frequency", &statements.frequency),
        ("hvd_category", &statements.hvd_category),
        ("attribution", &dataset.attribution),
    ] {
        if let Some(value) = value {
            extras.insert(key, value.clone());
        }
    }
    let extras: Vec<Value> = extras
        .into_iter()
        .map(|(key, value)| json!({"key": key, "value": value}))
        .collect();
    let organization = json!({
        "id": catalog.local_iri("publisher"),
        "name": "publisher",
        "title": catalog.publisher.name,
        "type": "organization",
        "is_organization": true,
        "state": "active",
    });
    let mut package = Map::new();
    for (name, value) in [
        ("id", json!(dataset.name)),
        ("name", json!(dataset.name)),
        ("title", json!(dataset.title)),
        (
            "notes",
            json!(statements.description.as_ref().unwrap_or(&dataset.title)),
        ),
        (
            "url",
            json!(catalog.local_iri(&format!("dataset-{}.html", dataset.name))),
        ),
        ("version", json!(dataset.version)),
        ("type", json!("dataset")),
        ("state", json!("active")),
        ("private", json!(false)),
        ("isopen", json!(licence::is_open(&dataset.licence))),
        ("license_id", json!(dataset.licence)),
        ("license_title", json!(dataset.licence)),
        ("license_url", json!(licence_address)),
        ("maintainer", json!(catalog.publisher.name)),
        ("maintainer_email", json!(catalog.publisher.email)),
        ("metadata_modified", json!(modified)),
        ("organization", organization),
        ("num_resources", json!(resources.len())),
        ("num_tags", json!(tags.len())),
        ("resources", json!(resources)),
        ("tags", json!(tags)),
        ("extras", json!(extras)),
        ("groups", json!([])),
    ] {
        package.insert(name.to_owned(), value);
    }
    Value::Object(package)
}

/// Instant in UTC without a zone, as CKAN writes it.
fn plain_instant(at: UtcTimestamp) -> String {
    let text = at.to_string();
    text.strip_suffix('Z').unwrap_or(&text).to_owned()
}
