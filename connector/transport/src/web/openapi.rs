//! OpenAPI 3.1 description of the requests of a client. It names only resources that the client may see.

use super::negotiated_format::AnswerFormat;
use super::problem;
use super::{ClientSavedQuery, OpenDataset};
use hansa_catalog::{ColumnType, SavedQueryParameter};
use serde_json::{Map, Value, json};

/// Description for a client.
pub(super) fn openapi_document(queries: &[ClientSavedQuery]) -> Value {
    let mut paths = Map::new();
    for query in queries {
        paths.insert(query.path(), json!({"get": saved_query_operation(query)}));
    }
    paths.insert(
        "/v1/queries".to_owned(),
        json!({"get": {
            "operationId": "listQueries",
            "summary": "The saved queries that this token may ask for its purpose",
            "parameters": [purpose_parameter()],
            "responses": describe_responses(&json!({"application/json": {"schema": {"type": "object", "required": ["queries"]}}})),
        }}),
    );
    paths.insert(
        "/v1/query".to_owned(),
        json!({"post": {
            "operationId": "query",
            "summary": "Asks a statement of SQL",
            "parameters": [format_parameter(), purpose_parameter()],
            "requestBody": {"required": true, "content": {"application/json": {"schema": {
                "type": "object",
                "additionalProperties": false,
                "required": ["sql"],
                "properties": {
                    "sql": {"type": "string"},
                    "parameters": {
                        "type": "array",
                        "items": {"type": ["string", "number", "boolean", "null"]},
                        "description": "the values of ? or of $1, $2 and so on",
                    },
                },
            }}}},
            "responses": describe_responses(&rows_content()),
        }}),
    );
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hansa",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Questions to datasets of others, as far as contracts permit. An answer is whole or an error.",
        },
        "security": [{"token": []}, {"basic": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer"},
                "basic": {"type": "http", "scheme": "basic"},
            },
            "schemas": {
                "Problem": problem_schema(),
                "Answer": {
                    "type": "object",
                    "required": ["columns", "reads", "rows", "row_count", "complete"],
                    "properties": {
                        "columns": {"type": "array", "items": {"type": "object"}},
                        "reads": {"type": "array", "items": {"type": "object"}},
                        "rows": {"type": "array", "items": {"type": "object"}},
                        "row_count": {"type": "integer"},
                        "complete": {"const": true},
                    },
                },
                "Features": {
                    "type": "object",
                    "required": ["type", "features", "numberReturned", "complete"],
                    "properties": {
                        "type": {"const": "FeatureCollection"},
                        "features": {"type": "array", "items": {"type": "object"}},
                        "numberReturned": {"type": "integer"},
                        "complete": {"const": true},
                    },
                },
            },
        },
    })
}

/// Schema of a problem (RFC 9457).
fn problem_schema() -> Value {
    json!({
        "type": "object",
        "required": ["type", "title", "status", "detail", "code", "help"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string"},
            "participant": {"type": "string"},
            "contract": {"type": "string"},
            "clause": {"type": "string"},
            "allowed": {"type": "string"},
            "help": {"type": "array", "items": {"type": "string"}},
        },
    })
}

/// Description of the open datasets.
pub(super) fn of_open_data(base: &str, datasets: &[OpenDataset]) -> Value {
    let mut paths = Map::new();
    let told =
        json!({"application/json": {"schema": {"type": "object", "required": ["datasets"]}}});
    paths.insert(
        "/open".to_owned(),
        json!({"get": {
            "operationId": "listOpenDatasets",
            "summary": "What anybody may fetch",
            "responses": describe_responses(&told),
        }}),
    );
    for dataset in datasets {
        for (ending, media) in dataset.files() {
            let path = format!("/open/{}.{ending}", dataset.name);
            let content = json!({media: {"schema": {}}});
            paths.insert(
                path,
                json!({"get": {
                    "operationId": format!("{}_{ending}", dataset.name),
                    "summary": format!("{}, whole", dataset.title),
                    "responses": describe_responses(&content),
                }}),
            );
        }
        let page = json!({
            "name": "page",
            "in": "query",
            "required": false,
            "description": "the page, of 1000 rows each",
            "schema": {"type": "integer", "minimum": 1, "default": 1},
        });
        let content = json!({"application/json": {"schema": {
            "type": "object",
            "required": ["dataset", "version", "licence", "page", "pages", "rows", "complete"],
            "properties": {
                "dataset": {"const": dataset.name},
                "version": {"type": "string"},
                "licence": {"type": "string"},
                "attribution": {"type": ["string", "null"]},
                "page": {"type": "integer", "minimum": 1},
                "pages": {"type": "integer", "minimum": 1},
                "next": {"type": "string"},
                "rows": {"type": "array", "items": {"type": "object"}},
                "complete": {"const": true},
            },
        }}});
        paths.insert(
            format!("/open/{}/rows", dataset.name),
            json!({"get": {
                "operationId": format!("{}_rows", dataset.name),
                "summary": format!("{}, a page of rows", dataset.title),
                "parameters": [page],
                "responses": describe_responses(&content),
            }}),
        );
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Open data",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Datasets that anybody may fetch, without a login. What comes is whole or breaks off.",
        },
        "servers": [{"url": base}],
        "paths": paths,
        "components": {"schemas": {"Problem": problem_schema()}},
    })
}

fn saved_query_operation(query: &ClientSavedQuery) -> Value {
    let owner = query.owner.as_deref().unwrap_or_default();
    let mut parameters: Vec<Value> = query
        .query
        .parameters
        .iter()
        .map(describe_parameter)
        .collect();
    parameters.extend([format_parameter(), purpose_parameter()]);
    json!({
        "operationId": format!("{owner}_{}", query.query.name).trim_start_matches('_'),
        "summary": query.query.title,
        "description": query.query.description.as_deref().unwrap_or_default(),
        "parameters": parameters,
        "responses": describe_responses(&rows_content()),
    })
}

fn describe_parameter(parameter: &SavedQueryParameter) -> Value {
    let mut schema = match parameter.kind {
        ColumnType::Text => {
            json!({"type": "string", "maxLength": SavedQueryParameter::LONGEST_VALUE})
        }
        ColumnType::Int => {
            json!({"type": "integer", "format": "int64", "minimum": i64::MIN, "maximum": i64::MAX})
        }
        ColumnType::Float => json!({"type": "number"}),
        // A program could read a JSON number into a floating-point type.
        ColumnType::Decimal(_) => json!({"type": "string", "pattern": "^[-+]?[0-9]*(\\.[0-9]*)?$"}),
        ColumnType::Bool => json!({"type": "boolean"}),
        ColumnType::Date => json!({"type": "string", "format": "date"}),
        ColumnType::Instant => json!({"type": "string", "format": "date-time", "pattern": "Z$"}),
    };
    if let (Some(schema), Some(default)) = (schema.as_object_mut(), &parameter.default) {
        let value = match parameter.kind {
            ColumnType::Int | ColumnType::Float | ColumnType::Bool => {
                serde_json::from_str(default).unwrap_or_else(|_| json!(default))
            }
            ColumnType::Text | ColumnType::Decimal(_) | ColumnType::Date | ColumnType::Instant => {
                json!(default)
            }
        };
        schema.insert("default".to_owned(), value);
    }
    json!({
        "name": parameter.name.as_str(),
        "in": "query",
        "required": parameter.default.is_none(),
        "description": parameter.description.as_deref().unwrap_or_default(),
        "schema": schema,
    })
}

fn format_parameter() -> Value {
    let words = AnswerFormat::ALL.map(AnswerFormat::word);
    json!({
        "name": "format",
        "in": "query",
        "required": false,
        "description": "the form of the answer, in place of the header Accept",
        "schema": {"type": "string", "enum": words},
    })
}

fn purpose_parameter() -> Value {
    json!({
        "name": "purpose",
        "in": "query",
        "required": false,
        "description": "the purpose, of a token that is for several",
        "schema": {"type": "string"},
    })
}

fn rows_content() -> Value {
    let mut forms = Map::new();
    for format in AnswerFormat::ALL {
        let schema = match format {
            AnswerFormat::Json => json!({"$ref": "#/components/schemas/Answer"}),
            AnswerFormat::GeoJson => json!({"$ref": "#/components/schemas/Features"}),
            AnswerFormat::Csv | AnswerFormat::PlainCsv | AnswerFormat::Workbook => json!({}),
        };
        forms.insert(format.media_type().to_owned(), json!({"schema": schema}));
    }
    Value::Object(forms)
}

fn describe_responses(content: &Value) -> Value {
    json!({
        "200": {"description": "the whole answer", "content": content},
        "default": {
            "description": "a refusal, or why there is no answer",
            "content": {problem::MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        },
    })
}
