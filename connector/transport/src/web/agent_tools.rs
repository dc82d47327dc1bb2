//! Tools for agents, by the Model Context Protocol (revision 2025-11-25) over HTTP: each call is one request, and no session is
//! kept.
//!
//! Each tool call names its purpose, which the token must permit. An answer has few rows or is refused, and names the requests and
//! receipts by which the log proves the reads.

use super::format::column_rules::{answer_reads, describe_columns, json_lines};
use super::parameter_values;
use super::problem::{WebError, problem_details};
use super::request::parse_object;
use super::{ClientSavedQuery, WebHandler};
use crate::flight_sql::{AnswerEvidence, ClientAnswer, ClientCredentials};
use crate::internal_error;
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{HeaderValue, Response, StatusCode, header};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Newest supported revision.
const NEWEST: &str = "2025-11-25";

/// Supported revisions.
pub(super) const REVISIONS: [&str; 3] = [NEWEST, "2025-06-18", "2025-03-26"];

/// Largest number of rows in an answer.
const ROWS: usize = 1_000;

/// Largest size of an answer, bytes.
const BYTES: usize = 256 * 1024;

/// Largest number of hits of a search.
const HITS: usize = 50;

/// Message of JSON-RPC 2.0.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RpcMessage {
    jsonrpc: String,
    id: Option<Value>,
    method: String,
    #[serde(default)]
    params: Value,
}

/// Call of a tool.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolCall {
    name: String,
    #[serde(default)]
    arguments: Value,
    #[serde(default, rename = "_meta")]
    _meta: Value,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SearchArguments {
    purpose: String,
    #[serde(default)]
    words: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExplainArguments {
    purpose: String,
    sql: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AskArguments {
    purpose: String,
    sql: Option<String>,
    /// Name of a saved query, as `owner/name` or `name`.
    query: Option<String>,
    /// Values of a statement in their order, or of a saved query by name.
    #[serde(default)]
    parameters: Value,
}

/// Tools for one caller.
pub(super) struct AgentTools<'a, H> {
    handler: &'a H,
    presented: ClientCredentials<'a>,
}

impl<'a, H: WebHandler> AgentTools<'a, H> {
    pub(super) const fn new(handler: &'a H, presented: ClientCredentials<'a>) -> Self {
        Self { handler, presented }
    }

    /// Response to a message.
    ///
    /// # Errors
    /// When the message is not supported.
    pub(super) async fn answer_message(&self, body: &Bytes) -> Result<Response<Body>, WebError> {
        let message: RpcMessage = parse_object(body)?;
        let is_id = |id: &Value| id.is_string() || id.is_i64() || id.is_u64();
        if message.jsonrpc != "2.0" || !message.id.as_ref().is_none_or(is_id) {
            let sentence = "the body is no request of JSON-RPC 2.0";
            return Err(WebError::new(StatusCode::BAD_REQUEST, sentence));
        }
        let Some(id) = message.id else {
            // A notification has no response.
            let mut response = Response::new(Body::empty());
            *response.status_mut() = StatusCode::ACCEPTED;
            return Ok(response);
        };
        let result = match message.method.as_str() {
            "initialize" => Ok(initialize_result(&message.params)),
            "ping" => Ok(json!({})),
            "tools/list" => Ok(json!({"tools": tool_list()})),
            "tools/call" => match parse_arguments::<ToolCall>(message.params) {
                Ok(call) => self.call_tool(call).await,
                Err(error) => Err(error),
            },
            other => Err((-32601, format!("there is no method `{other}` here"))),
        };
        let reply = match result {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err((code, text)) => {
                json!({"jsonrpc": "2.0", "id": id, "error": {"code": code, "message": text}})
            }
        };
        let mut response = Response::new(Body::from(reply.to_string()));
        let kind = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        Ok(response)
    }

    async fn call_tool(&self, call: ToolCall) -> Result<Value, (i32, String)> {
        let done = match call.name.as_str() {
            "catalog_search" => self.search_catalog(parse_arguments(call.arguments)?).await,
            "explain" => {
                self.explain_statement(parse_arguments(call.arguments)?)
                    .await
            }
            "ask" => self.ask_query(parse_arguments(call.arguments)?).await,
            other => return Err((-32602, format!("there is no tool `{other}`"))),
        };
        let (content, is_error) = match done {
            Ok(content) => (content, false),
            Err(error) => {
                let (refusal, status) = error.into_parts();
                (
                    problem_details(&internal_error::with_trace_number(refusal), status),
                    true,
                )
            }
        };
        Ok(json!({
            "content": [{"type": "text", "text": content.to_string()}],
            "structuredContent": content,
            "isError": is_error,
        }))
    }

    /// Client for the purpose that a tool call names.
    fn identify_client(&self, purpose: &str) -> Result<H::Client, WebError> {
        Ok(self.handler.identify(self.presented, Some(purpose))?)
    }

    async fn search_catalog(&self, asked: SearchArguments) -> Result<Value, WebError> {
        let client = self.identify_client(&asked.purpose)?;
        let words: Vec<String> = asked
            .words
            .split_whitespace()
            .map(str::to_lowercase)
            .collect();
        let tables = self.handler.tables(&client).await?;
        let queries = self.handler.saved_queries(&client).await?;
        let tables = tables.iter().map(|table| {
            json!({
                "kind": "dataset",
                "name": format!("{}.{}", table.owner, table.name),
                "columns": describe_columns(&table.columns),
            })
        });
        let queries = queries.iter().map(|query| {
            json!({
                "kind": "query",
                "name": name_of(query),
                "title": query.query.title,
                "description": query.query.description,
                "parameters": query.query.parameters.iter().map(|one| {
                    json!({"name": one.name.as_str(), "type": one.kind.to_string(), "default": one.default})
                }).collect::<Vec<Value>>(),
                "columns": describe_columns(&query.columns),
            })
        });
        let mut hits: Vec<Value> = tables.chain(queries).collect();
        hits.retain(|hit| {
            let text = hit.to_string().to_lowercase();
            words.iter().all(|word| text.contains(word.as_str()))
        });
        let found = hits.len();
        hits.truncate(HITS);
        Ok(json!({"found": found, "hits": hits}))
    }

    async fn explain_statement(&self, asked: ExplainArguments) -> Result<Value, WebError> {
        let client = self.identify_client(&asked.purpose)?;
        Ok(self.handler.explain_statement(&client, &asked.sql).await?)
    }

    async fn ask_query(&self, asked: AskArguments) -> Result<Value, WebError> {
        let client = self.identify_client(&asked.purpose)?;
        let wrong = |sentence: &str| WebError::new(StatusCode::BAD_REQUEST, sentence);
        let (sql, values) = match (asked.sql, asked.query) {
            (Some(sql), None) => {
                let values = match asked.parameters {
                    Value::Null => Vec::new(),
                    Value::Array(values) => values,
                    _ => return Err(wrong("the parameters of a statement are a list")),
                };
                (sql, parameter_values::of_body(&values)?)
            }
            (None, Some(name)) => {
                let (owner, name) = match name.split_once('/') {
                    Some((owner, name)) => (Some(owner), name),
                    None => (None, name.as_str()),
                };
                let query = self.handler.saved_query(&client, owner, name).await?;
                let mut given = named_values(asked.parameters).ok_or_else(|| {
                    wrong("the parameters of a saved query are an object of plain values")
                })?;
                let values = parameter_values::of_request(&query, &mut given)?;
                if let Some(name) = given.keys().next() {
                    return Err(wrong(&format!("there is no parameter `{name}` here")));
                }
                (query.statement, values)
            }
            _ => return Err(wrong("name either `sql` or `query`")),
        };
        let answer = self.handler.run(&client, &sql, values).await?;
        Ok(collect_rows(answer).await?)
    }
}

/// Arguments of a call: an object, or absent.
fn parse_arguments<T: DeserializeOwned>(value: Value) -> Result<T, (i32, String)> {
    match value.is_object() {
        true => T::deserialize(value).map_err(|error| (-32602, error.to_string())),
        false => Err((-32602, "the parameters are no object".to_owned())),
    }
}

/// Rows of a small answer, with their evidence.
async fn collect_rows(mut answer: ClientAnswer) -> Result<Value, Refusal> {
    let (mut rows, mut bytes) = (0_usize, 0_usize);
    let mut lines = Vec::new();
    while let Some(batch) = answer.rows.next().await {
        let batch = batch?;
        let written = json_lines(&batch)?;
        rows = rows.saturating_add(batch.num_rows());
        bytes = bytes.saturating_add(written.len());
        // INVARIANT: agents-see-whole-answers. An answer that is too large is refused and never shortened.
        if rows > ROWS || bytes > BYTES {
            return Err(Refusal::new(
                ErrorCode::ResultTooLarge,
                format!("the answer has more than {ROWS} rows or {BYTES} bytes"),
            )
            .with_help("aggregate, filter, or add a LIMIT"));
        }
        let found = written
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty());
        for line in found {
            lines.push(serde_json::from_slice::<Value>(line).map_err(|cause| {
                Refusal::new(ErrorCode::Internal, "a row can't be read again").caused_by(cause)
            })?);
        }
    }
    let requests = match answer.evidence {
        None => Vec::new(),
        Some(evidence) => evidence_requests(evidence).await?,
    };
    Ok(json!({
        "columns": describe_columns(&answer.columns),
        "rows": lines,
        "row_count": rows,
        "reads": answer_reads(&answer.columns),
        "requests": requests,
        "complete": true,
    }))
}

async fn evidence_requests(evidence: Arc<dyn AnswerEvidence>) -> Result<Vec<Value>, Refusal> {
    let requests = tokio::task::spawn_blocking(move || evidence.requests()).await;
    let requests = requests.map_err(|cause| {
        Refusal::new(
            ErrorCode::Internal,
            "the requests of an answer can't be read",
        )
        .caused_by(cause)
    })??;
    let requests = requests.into_iter().map(|one| {
        json!({"participant": one.participant, "request": one.request, "receipt": one.receipt})
    });
    Ok(requests.collect())
}

/// Values by name, as text like in an address.
fn named_values(values: Value) -> Option<BTreeMap<String, String>> {
    let members = match values {
        Value::Null => return Some(BTreeMap::new()),
        Value::Object(members) => members,
        _ => return None,
    };
    let texts = members.into_iter().map(|(name, value)| {
        let text = match value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            Value::Bool(flag) => flag.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        Some((name, text))
    });
    texts.collect()
}

fn name_of(query: &ClientSavedQuery) -> String {
    match &query.owner {
        Some(owner) => format!("{owner}/{}", query.query.name),
        None => query.query.name.to_string(),
    }
}

fn initialize_result(params: &Value) -> Value {
    let wanted = params.get("protocolVersion").and_then(Value::as_str);
    let known = REVISIONS.into_iter().find(|known| Some(*known) == wanted);
    json!({
        "protocolVersion": known.unwrap_or(NEWEST),
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "hansa", "version": env!("CARGO_PKG_VERSION")},
        "instructions": "Datasets of cities under contracts. Name the purpose for which you ask. A refusal names the clause \
                         that it follows from; an answer names the requests that prove it.",
    })
}

fn tool_list() -> Value {
    let purpose = json!({"type": "string", "description": "the purpose for which the token is, such as dpv:ResearchAndDevelopment"});
    let text = |description: &str| json!({"type": "string", "description": description});
    let tool = |name: &str, description: &str, properties: Value, required: &[&str]| {
        json!({
            "name": name,
            "description": description,
            "inputSchema": {
                "type": "object",
                "additionalProperties": false,
                "properties": properties,
                "required": required,
            },
            "annotations": {"readOnlyHint": true},
        })
    };
    json!([
        tool(
            "catalog_search",
            "Lists the datasets and saved queries that can be asked under the contracts of this moment.",
            json!({"purpose": purpose, "words": text("words that a hit has; none: all")}),
            &["purpose"],
        ),
        tool(
            "explain",
            "Says of a statement of SQL what would be asked of whom and under which clauses. Nothing is asked.",
            json!({"purpose": purpose, "sql": text("one SELECT over owner.dataset")}),
            &["purpose", "sql"],
        ),
        tool(
            "ask",
            "Asks a statement of SQL or a saved query. The answer is whole, of 1000 rows at most, and names the requests and receipts that prove it.",
            json!({
                "purpose": purpose,
                "sql": text("one SELECT over owner.dataset, with ? for values"),
                "query": text("the name of a saved query, in place of sql"),
                "parameters": {
                    "type": ["array", "object", "null"],
                    "description": "values of ? in order, or of the parameters of a saved query by name",
                },
            }),
            &["purpose"],
        ),
    ])
}
