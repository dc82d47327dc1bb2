//! Refusals as HTTP responses: problem details (RFC 9457).

use crate::internal_error;
use axum::body::Body;
use hansa_policy::refusal::{ErrorClass, ErrorCode, Refusal};
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Media type of problem details.
pub(super) const MEDIA_TYPE: &str = "application/problem+json";

/// Failed request: its refusal, and a status where it is more specific than the code.
#[derive(Debug)]
pub(crate) struct WebError {
    refusal: Box<Refusal>,
    status: StatusCode,
    /// Methods of the path, after a wrong method.
    allowed: Option<&'static str>,
    /// True if the connection must end, since its further bytes can't be parsed.
    ends_connection: bool,
    /// Time after which the request can be repeated.
    retry_after: Option<Duration>,
}

impl From<Refusal> for WebError {
    fn from(refusal: Refusal) -> Self {
        Self {
            status: http_status(refusal.code),
            refusal: Box::new(refusal),
            allowed: None,
            ends_connection: false,
            retry_after: None,
        }
    }
}

impl WebError {
    /// Error of a wrong request, with its own status.
    pub(crate) fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self {
            status,
            ..Self::from(Refusal::new(ErrorCode::UsageWrong, sentence))
        }
    }

    /// Adds help.
    pub(crate) fn with_help(mut self, help: impl Into<String>) -> Self {
        *self.refusal = self.refusal.with_help(help);
        self
    }

    /// Adds the methods of the path.
    pub(crate) const fn with_methods(mut self, methods: &'static str) -> Self {
        self.allowed = Some(methods);
        self
    }

    /// Ends the connection after the response.
    pub(crate) const fn ending_connection(mut self) -> Self {
        self.ends_connection = true;
        self
    }

    /// Adds the time after which the request can be repeated.
    pub(super) const fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// Code of the refusal.
    pub(super) const fn code(&self) -> ErrorCode {
        self.refusal.code
    }

    /// Refusal and status.
    pub(super) fn into_parts(self) -> (Refusal, StatusCode) {
        (*self.refusal, self.status)
    }

    /// Sentence and remedies, a line each.
    pub(crate) fn to_text(&self) -> String {
        let mut lines = vec![self.refusal.sentence.clone()];
        lines.extend(self.refusal.help.iter().cloned());
        lines.push(String::new());
        lines.join("\n")
    }

    /// Response of the error.
    pub(crate) fn response(self) -> Response<Body> {
        let refusal = internal_error::with_trace_number(*self.refusal);
        let body = problem_details(&refusal, self.status).to_string();
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if self.status == StatusCode::UNAUTHORIZED {
            // `Basic` comes first, since browsers and spreadsheets then ask for user and password.
            for scheme in ["Basic realm=\"hansa\", charset=\"UTF-8\"", "Bearer"] {
                headers.append(header::WWW_AUTHENTICATE, HeaderValue::from_static(scheme));
            }
        }
        if let Some(methods) = self.allowed {
            headers.insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        if let Some(wait) = self.retry_after {
            let seconds = HeaderValue::from(wait.as_secs().saturating_add(1));
            headers.insert(header::RETRY_AFTER, seconds);
        }
        if self.ends_connection {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// Members of a problem.
pub(super) fn problem_details(refusal: &Refusal, status: StatusCode) -> Value {
    let mut members = Map::new();
    members.insert(
        "type".to_owned(),
        json!(format!("urn:hansa:error:{}", refusal.code)),
    );
    let (title, remedy) = match refusal.code {
        // The text in the registry is about commands.
        ErrorCode::UsageWrong => (
            "The request was made in a way that is not understood.",
            "GET /openapi.json says what is understood.",
        ),
        code => (code.cause(), code.remedy()),
    };
    members.insert("title".to_owned(), json!(title));
    members.insert("status".to_owned(), json!(status.as_u16()));
    members.insert("detail".to_owned(), json!(refusal.sentence));
    members.insert("code".to_owned(), json!(refusal.code.as_str()));
    let participant = refusal.participant.as_ref();
    for (name, value) in [
        ("participant", participant.map(|id| id.domain().to_owned())),
        ("contract", refusal.contract.map(|id| id.to_string())),
        ("clause", refusal.clause.map(|id| id.to_string())),
        ("allowed", refusal.allowed.clone()),
    ] {
        if let Some(value) = value {
            members.insert(name.to_owned(), json!(value));
        }
    }
    let remedy = [remedy.to_owned()];
    let help = match refusal.help.as_slice() {
        [] => &remedy,
        help => help,
    };
    members.insert("help".to_owned(), json!(help));
    Value::Object(members)
}

/// HTTP status of a code.
pub(crate) const fn http_status(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::MessageTooLarge | ErrorCode::SqlTooLarge | ErrorCode::UploadTooLarge => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        ErrorCode::ResultTooLarge | ErrorCode::ResourceLimit | ErrorCode::SqlTooDeep => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        // The dataset is not published yet. Nothing is wrong with the connector.
        ErrorCode::DatasetNotPublished => StatusCode::CONFLICT,
        _ => match code.kind() {
            ErrorClass::Usage => StatusCode::BAD_REQUEST,
            ErrorClass::Identity => StatusCode::UNAUTHORIZED,
            ErrorClass::Policy => StatusCode::FORBIDDEN,
            ErrorClass::Unknown => StatusCode::NOT_FOUND,
            ErrorClass::State => StatusCode::CONFLICT,
            ErrorClass::Exhausted => StatusCode::TOO_MANY_REQUESTS,
            ErrorClass::OutOfReach | ErrorClass::Interrupted => StatusCode::BAD_GATEWAY,
            ErrorClass::Failed | ErrorClass::Evidence | ErrorClass::Invalid => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dataset_without_a_snapshot_is_no_fault_of_the_connector() {
        let status = http_status(ErrorCode::DatasetNotPublished);
        assert_eq!(status, StatusCode::CONFLICT);
        assert_eq!(
            http_status(ErrorCode::Internal),
            StatusCode::INTERNAL_SERVER_ERROR
        );
    }
}
