//! Routes of the web server.

use super::agent_tools::{AgentTools, REVISIONS};
use super::answer_body;
use super::features;
use super::format::AnswerWriter;
use super::format::column_rules::{answer_reads, describe_columns};
use super::format::csv::CsvWriter;
use super::format::geojson::GeoJsonWriter;
use super::format::json::JsonWriter;
use super::format::workbook;
use super::negotiated_format::AnswerFormat;
use super::open_data::OpenFiles;
use super::openapi;
use super::parameter_values;
use super::portal_pages;
use super::problem::WebError;
use super::request::{WebRequest, json_body, parse_object};
use super::{ClientSavedQuery, WebHandler};
use crate::client_connection::ClientConnection;
use crate::dataspace::server::{self as dataspace, UnreadRequest};
use crate::flight_sql::ClientAnswer;
use crate::flight_sql::access_token::AccessToken;
use crate::flight_sql::server::{PURPOSE_HEADER, named_purpose};
use axum::body::Body;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::io::ReaderStream;

/// Header with the reads of an answer: owners, contracts, licences and attributions, in JSON.
pub(super) const READS_HEADER: &str = "x-hansa-reads";

/// Largest size of that header, bytes.
const READS: usize = 8 * 1024;

/// Headers of each response.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Statement in a body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StatementBody {
    sql: String,
    #[serde(default)]
    parameters: Vec<Value>,
}

/// Routes with their handler.
pub(super) struct WebRoutes<H> {
    handler: Arc<H>,
    /// Deadline for reading a body.
    body_time: Duration,
    /// Folder of answers that are sent only when complete.
    folder: PathBuf,
    /// Files of open data.
    open: OpenFiles<H>,
}

impl<H: WebHandler> WebRoutes<H> {
    pub(super) fn new(handler: Arc<H>, body_time: Duration, folder: PathBuf) -> Self {
        Self {
            open: OpenFiles::new(Arc::clone(&handler), folder.clone()),
            handler,
            body_time,
            folder,
        }
    }

    /// Response to a request.
    pub(super) async fn answer_request(
        &self,
        connection: &ClientConnection,
        request: Request<Body>,
    ) -> Response<Body> {
        let answered = self.route_request(connection, request).await;
        let mut response = answered.unwrap_or_else(WebError::response);
        let headers = response.headers_mut();
        for (name, value) in HEADERS {
            // Responses with open data have other values for some headers.
            headers
                .entry(name)
                .or_insert(HeaderValue::from_static(value));
        }
        response
    }

    async fn route_request(
        &self,
        connection: &ClientConnection,
        request: Request<Body>,
    ) -> Result<Response<Body>, WebError> {
        let (parts, body) = request.into_parts();
        let mut request = WebRequest::of(parts)?;
        if dataspace::is_path(&request.path)
            && let Some(handler) = self.handler.dataspace()
        {
            let address = connection.credentials(None).address;
            let partner =
                dataspace::identify_partner(&*handler, &request.parts, &request.path, address);
            match partner {
                Some(_) => connection.mark_identified(),
                // Counted with strangers, so that they take no capacity from partners.
                None => super::open_data::admit_caller(&*self.handler, connection)?,
            }
            let unread = UnreadRequest {
                parts: &request.parts,
                path: &request.path,
                parameters: &request.parameters,
                address,
            };
            return Ok(dataspace::answer_request(&*handler, partner, unread, body).await);
        }
        // Before the identification, since open data needs none.
        if let Some(answered) = self.open.answer_request(&request, connection).await {
            return answered;
        }
        if let Some(answered) =
            portal_pages::answer_request(&*self.handler, &request, connection).await
        {
            return answered;
        }
        // INVARIANT: token-each-request. Before a response shows if a path exists.
        let identified = self.identify_client(connection, &mut request);
        let is_known = match &identified {
            Ok(_) => true,
            Err(error) => error.code() == ErrorCode::PurposeMissing,
        };
        if is_known {
            connection.mark_identified();
        }
        if is_known && request.path == ["mcp"] && request.parts.method == Method::POST {
            // Each tool call names its own purpose.
            return self.answer_agent(connection, request, body).await;
        }
        let client = identified?;
        let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
        let method = match path.as_slice() {
            ["v1", "query"] | ["mcp"] => Method::POST,
            ["v1", "queries"]
            | ["v1", "queries", _]
            | ["v1", "queries", _, _]
            | ["openapi.json"]
            | ["ogc"]
            | ["ogc", ""]
            | ["ogc", "conformance" | "collections"]
            | ["ogc", "collections", _]
            | ["ogc", "collections", _, "items"] => Method::GET,
            _ => {
                return Err(
                    WebError::new(StatusCode::NOT_FOUND, "nothing is at this path")
                        .with_help("GET /openapi.json tells what there is"),
                );
            }
        };
        request.insist_on(&method)?;
        match path.as_slice() {
            ["v1", "query"] => self.run_statement(&client, request, body).await,
            ["openapi.json"] => {
                request.finish(&["purpose"])?;
                let queries = self.handler.saved_queries(&client).await?;
                Ok(json_response(&openapi::openapi_document(&queries)))
            }
            ["v1", "queries"] => {
                request.finish(&["purpose"])?;
                let queries = self.handler.saved_queries(&client).await?;
                let queries: Vec<Value> = queries.iter().map(saved_query_json).collect();
                Ok(json_response(&json!({"queries": queries})))
            }
            ["ogc"] | ["ogc", ""] => {
                request.finish(&["purpose"])?;
                Ok(json_response(&features::landing_page(&request.base)))
            }
            ["ogc", "conformance"] => {
                request.finish(&["purpose"])?;
                Ok(json_response(&features::conformance_classes()))
            }
            ["ogc", "collections"] => {
                request.finish(&["purpose"])?;
                let tables = self.handler.tables(&client).await?;
                Ok(json_response(&features::list_collections(
                    &request.base,
                    &tables,
                )))
            }
            ["ogc", "collections", id] => {
                request.finish(&["purpose"])?;
                let tables = self.handler.tables(&client).await?;
                let table = features::find_table(&tables, id)?;
                Ok(json_response(&features::describe_collection(
                    &request.base,
                    table,
                )))
            }
            ["ogc", "collections", id, "items"] => {
                let tables = self.handler.tables(&client).await?;
                let table = features::find_table(&tables, id)?;
                features::feature_page(&*self.handler, &client, table, request).await
            }
            ["v1", "queries", name] => {
                let query = self.handler.saved_query(&client, None, name).await?;
                self.run_saved_query(&client, request, query).await
            }
            ["v1", "queries", owner, name] => {
                let query = self.handler.saved_query(&client, Some(owner), name);
                let query = query.await?;
                self.run_saved_query(&client, request, query).await
            }
            _ => Err(Refusal::new(ErrorCode::Internal, "a path without an answer").into()),
        }
    }

    async fn answer_agent(
        &self,
        connection: &ClientConnection,
        request: WebRequest,
        body: Body,
    ) -> Result<Response<Body>, WebError> {
        request.finish(&["purpose"])?;
        let headers = &request.parts.headers;
        // A web page in a user's browser must not reach the agents' tools from inside this network.
        if headers.contains_key(header::ORIGIN) {
            let sentence = "tools are not for pages of the web";
            return Err(WebError::new(StatusCode::FORBIDDEN, sentence).ending_connection());
        }
        let revision = headers.get("mcp-protocol-version");
        let is_known = |value: &HeaderValue| REVISIONS.iter().any(|known| value == known);
        if !revision.is_none_or(is_known) {
            let sentence =
                "the header MCP-Protocol-Version names a revision that is not known here";
            let error = WebError::new(StatusCode::BAD_REQUEST, sentence);
            return Err(error
                .with_help(format!("the revisions are {}", REVISIONS.join(", ")))
                .ending_connection());
        }
        let presented = AccessToken::from_headers(headers)?;
        let body = json_body(&request.parts, body, self.body_time).await?;
        AgentTools::new(&*self.handler, connection.credentials(presented.as_ref()))
            .answer_message(&body)
            .await
    }

    fn identify_client(
        &self,
        connection: &ClientConnection,
        request: &mut WebRequest,
    ) -> Result<H::Client, WebError> {
        let in_address = request.take_parameter("purpose");
        let headers = &request.parts.headers;
        let presented = AccessToken::from_headers(headers)?;
        let in_header = named_purpose(headers)?;
        if let (Some(one), Some(other)) = (in_header, in_address.as_deref())
            && one != other
        {
            let sentence = format!("the header {PURPOSE_HEADER} and the address name two purposes");
            return Err(Refusal::new(ErrorCode::PurposeUnknown, sentence).into());
        }
        let purpose = in_header.or(in_address.as_deref());
        let credentials = connection.credentials(presented.as_ref());
        Ok(self.handler.identify(credentials, purpose)?)
    }

    async fn run_saved_query(
        &self,
        client: &H::Client,
        mut request: WebRequest,
        query: ClientSavedQuery,
    ) -> Result<Response<Body>, WebError> {
        let format = AnswerFormat::from_request(&mut request, AnswerFormat::Csv)?;
        let values = parameter_values::of_request(&query, &mut request.parameters)?;
        let mut known: Vec<&str> = query
            .query
            .parameters
            .iter()
            .map(|one| one.name.as_str())
            .collect();
        known.extend(["format", "purpose"]);
        request.finish(&known)?;
        let answer = self.handler.run(client, &query.statement, values).await?;
        rows_response(answer, format, query.query.name.as_str(), &self.folder).await
    }

    async fn run_statement(
        &self,
        client: &H::Client,
        mut request: WebRequest,
        body: Body,
    ) -> Result<Response<Body>, WebError> {
        let format = AnswerFormat::from_request(&mut request, AnswerFormat::Json)?;
        request.finish(&["format", "purpose"])?;
        let body = json_body(&request.parts, body, self.body_time).await?;
        let asked: StatementBody = parse_object(&body).map_err(|error| {
            error.with_help("send {\"sql\": \"SELECT …\", \"parameters\": […]}")
        })?;
        let values = parameter_values::of_body(&asked.parameters)?;
        let answer = self.handler.run(client, &asked.sql, values).await?;
        rows_response(answer, format, "answer", &self.folder).await
    }
}

/// Response with the rows of an answer. `name` is the name of the downloaded file.
async fn rows_response(
    answer: ClientAnswer,
    format: AnswerFormat,
    name: &str,
    folder: &Path,
) -> Result<Response<Body>, WebError> {
    let columns = Arc::clone(&answer.columns);
    let reads = reads_header(&answer_reads(&columns))?;
    let writer: Option<Box<dyn AnswerWriter>> = match format {
        AnswerFormat::Csv => Some(Box::new(CsvWriter::new(columns, true))),
        AnswerFormat::PlainCsv => Some(Box::new(CsvWriter::new(columns, false))),
        AnswerFormat::Json => Some(Box::new(JsonWriter::new(columns)?)),
        AnswerFormat::GeoJson => Some(Box::new(GeoJsonWriter::new(columns)?)),
        AnswerFormat::Workbook => None,
    };
    let (body, length) = match writer {
        Some(writer) => (answer_body::stream_body(answer, writer).await?, None),
        None => {
            let (file, length) = workbook::write_workbook(answer, folder).await?;
            let pieces = ReaderStream::new(tokio::fs::File::from_std(file));
            (Body::from_stream(pieces), Some(length))
        }
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static(format.content_type()),
    );
    let file = format!(
        "attachment; filename=\"{name}.{}\"",
        format.file_extension()
    );
    let internal =
        |cause| Refusal::new(ErrorCode::Internal, "a header can't be written").caused_by(cause);
    let file = HeaderValue::from_str(&file).map_err(internal)?;
    headers.insert(header::CONTENT_DISPOSITION, file);
    let reads = HeaderValue::from_str(&reads).map_err(internal)?;
    headers.insert(HeaderName::from_static(READS_HEADER), reads);
    if let Some(length) = length {
        headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    headers.insert(
        header::VARY,
        HeaderValue::from_static("Accept, Authorization"),
    );
    Ok(response)
}

/// Reads as a header value: non-ASCII characters are escaped as in JSON.
fn reads_header(reads: &Value) -> Result<String, Refusal> {
    let mut text = String::new();
    for letter in reads.to_string().chars() {
        match letter.is_ascii() {
            true => text.push(letter),
            false => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    if text.len() > READS {
        return Err(Refusal::new(
            ErrorCode::MessageTooLarge,
            format!("the attributions of the datasets in the answer are longer than the {READS} bytes of a header"),
        )
        .with_help("ask for fewer datasets at once"));
    }
    Ok(text)
}

fn saved_query_json(query: &ClientSavedQuery) -> Value {
    let parameters = query.query.parameters.iter().map(|parameter| {
        json!({
            "name": parameter.name.as_str(),
            "type": parameter.kind.to_string(),
            "description": parameter.description,
            "default": parameter.default,
            "required": parameter.default.is_none(),
        })
    });
    json!({
        "owner": query.owner,
        "name": query.query.name.as_str(),
        "title": query.query.title,
        "description": query.query.description,
        "path": query.path(),
        "parameters": parameters.collect::<Vec<Value>>(),
        "columns": describe_columns(&query.columns),
        "reads": answer_reads(&query.columns),
    })
}

fn json_response(value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string()));
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
