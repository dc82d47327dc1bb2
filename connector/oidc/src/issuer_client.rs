//! HTTP client for the issuer: no redirections, bounded times, bounded answers.

use crate::answer_fault::{invalid_answer_refusal, unreachable_issuer_refusal};
use hansa_policy::refusal::Refusal;
use reqwest::{RequestBuilder, Url};
use std::time::Duration;

/// Time for a request, including the connection.
const PATIENCE: Duration = Duration::from_secs(10);
/// Time for the connection.
const CONNECTION: Duration = Duration::from_secs(5);

/// Answer of the issuer.
pub(crate) struct IssuerAnswer {
    /// Status of HTTP.
    pub(crate) status: u16,
    /// Body, at most as long as the request permits.
    pub(crate) body: Vec<u8>,
}

/// HTTP client for one issuer.
#[derive(Debug, Clone)]
pub(crate) struct IssuerClient(reqwest::Client);

impl IssuerClient {
    /// Client with the root certificates of the system.
    ///
    /// # Errors
    /// `ISSUER_UNREACHABLE` if the machine holds no certificate authorities.
    pub(crate) fn build() -> Result<Self, Refusal> {
        // If another part of the process has installed one already, that one is used.
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .connect_timeout(CONNECTION)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|fault| failed_request_refusal(fault, PATIENCE))?;
        Ok(Self(client))
    }

    /// Gets a JSON document of at most `longest` bytes.
    ///
    /// # Errors
    /// `ISSUER_UNREACHABLE`, or `ISSUER_ANSWER_INVALID` for another answer than `200` with JSON.
    pub(crate) async fn get_document(&self, url: Url, longest: usize) -> Result<Vec<u8>, Refusal> {
        let answer = self.send(self.0.get(url), longest).await?;
        match answer.status {
            200 => Ok(answer.body),
            status => Err(unexpected_status_refusal(status)),
        }
    }

    /// Posts a form. Answers of each status come back if they are JSON.
    ///
    /// # Errors
    /// `ISSUER_UNREACHABLE`, or `ISSUER_ANSWER_INVALID`.
    pub(crate) async fn post_form(
        &self,
        url: Url,
        form: String,
        authorization: Option<String>,
        longest: usize,
    ) -> Result<IssuerAnswer, Refusal> {
        let request = self
            .0
            .post(url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(form);
        let request = match authorization {
            Some(value) => request.header("authorization", value),
            None => request,
        };
        self.send(request, longest).await
    }

    async fn send(&self, request: RequestBuilder, longest: usize) -> Result<IssuerAnswer, Refusal> {
        let failed = |fault| failed_request_refusal(fault, PATIENCE);
        let request = request.header("accept", "application/json");
        let mut answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        if status.is_redirection() || status.is_server_error() {
            return Err(unexpected_status_refusal(status.as_u16()));
        }
        let media_type = answer.headers().get("content-type");
        let media_type = media_type.and_then(|value| value.to_str().ok());
        if !media_type.is_some_and(is_json) {
            return Err(invalid_answer_refusal("it is not JSON"));
        }
        let too_long = || invalid_answer_refusal(&format!("it is longer than {longest} bytes"));
        let announced = answer.content_length().unwrap_or_default();
        if usize::try_from(announced).map_or(true, |announced| announced > longest) {
            return Err(too_long());
        }
        let mut body = Vec::new();
        while let Some(piece) = answer.chunk().await.map_err(failed)? {
            if body.len().saturating_add(piece.len()) > longest {
                return Err(too_long());
            }
            body.extend_from_slice(&piece);
        }
        Ok(IssuerAnswer {
            status: status.as_u16(),
            body,
        })
    }
}

/// True for `application/json` and for the media types that are built on it.
fn is_json(media_type: &str) -> bool {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let essence = essence.to_ascii_lowercase();
    essence == "application/json"
        || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn unexpected_status_refusal(status: u16) -> Refusal {
    match status {
        300..=399 => invalid_answer_refusal(&format!(
            "it is {status}, and redirections are not followed"
        )),
        500..=599 => unreachable_issuer_refusal(&format!("it answered {status}")),
        _ => invalid_answer_refusal(&format!("its status is {status}")),
    }
}

/// Refusal of a failed request, without its address.
fn failed_request_refusal(fault: reqwest::Error, patience: Duration) -> Refusal {
    let reason = if fault.is_timeout() {
        format!("nothing came within {} seconds", patience.as_secs())
    } else if fault.is_connect() {
        "it can't be reached".to_owned()
    } else if fault.is_builder() {
        "its address is wrong, or this machine holds no certificate authorities".to_owned()
    } else {
        "the connection broke off".to_owned()
    };
    unreachable_issuer_refusal(&reason).caused_by(fault.without_url())
}
