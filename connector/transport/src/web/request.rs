//! Parsing of a request: decoded path and parameters, within limits.

use super::problem::WebError;
use crate::flight_sql::access_token::AccessToken;
use axum::body::{Body, to_bytes};
use bytes::Bytes;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::request::Parts;
use http::{Method, StatusCode, Version, header};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use std::time::Duration;

/// Largest size of a body, bytes.
const BODY: usize = 512 * 1024;

/// Largest size of path and parameters together, bytes.
const ADDRESS: usize = 16 * 1024;

/// Parsed request.
#[derive(Debug)]
pub(crate) struct WebRequest {
    /// Head of the HTTP request.
    pub(crate) parts: Parts,
    /// Base address for links: `https://` and the host name that the client used.
    pub(crate) base: String,
    /// Segments of the path.
    pub(crate) path: Vec<String>,
    /// Query parameters, without duplicates.
    pub(crate) parameters: BTreeMap<String, String>,
}

impl WebRequest {
    /// Parses everything except the body.
    ///
    /// # Errors
    /// When intermediaries could parse the request differently, or when it is invalid.
    pub(crate) fn of(parts: Parts) -> Result<Self, WebError> {
        if matches!(parts.version, Version::HTTP_09 | Version::HTTP_10) {
            // HTTP/1.0 marks the end of a body by closing the connection, so a cut answer would look complete.
            let version = StatusCode::HTTP_VERSION_NOT_SUPPORTED;
            let error = WebError::new(version, "an answer to HTTP/1.0 could be cut without a sign");
            return Err(error
                .with_help("ask by HTTP/1.1 or HTTP/2")
                .ending_connection());
        }
        // INVARIANT: one-length. The length of a body is stated in one place only.
        if parts.headers.contains_key(header::TRANSFER_ENCODING) {
            let length = StatusCode::LENGTH_REQUIRED;
            let error = WebError::new(length, "a body comes with its length, not in pieces");
            return Err(error.with_help("send Content-Length").ending_connection());
        }
        let base = base_address(&parts).ok_or_else(|| {
            let error = WebError::new(StatusCode::BAD_REQUEST, "a request names one host");
            error.ending_connection()
        })?;
        let address = parts.uri.path_and_query().map_or("", |text| text.as_str());
        if address.len() > ADDRESS {
            let sentence = format!("path and parameters are longer than {ADDRESS} bytes");
            return Err(WebError::new(StatusCode::URI_TOO_LONG, sentence));
        }
        let path = parts.uri.path().split('/').skip(1);
        let path = path
            .map(|part| percent_decode(part, false))
            .collect::<Option<Vec<String>>>();
        let path = path.ok_or_else(unreadable_address_error)?;
        let parameters = parse_pairs(parts.uri.query().unwrap_or_default())?;
        let mut texts = path
            .iter()
            .chain(parameters.keys())
            .chain(parameters.values());
        // INVARIANT: no-token-in-address. Addresses are kept in logs of proxies and in browser histories.
        if texts.any(|text| AccessToken::is_within(text)) {
            let refusal = Refusal::new(
                ErrorCode::TokenInvalid,
                "the address of the request contains an access token, which others can read there",
            );
            let refusal = refusal
                .with_help("send it in the header Authorization, as Bearer or as user and password")
                .with_help("revoke this token, which is no longer secret: hansa token revoke ID");
            return Err(refusal.into());
        }
        Ok(Self {
            parts,
            base,
            path,
            parameters,
        })
    }

    /// Checks the method of the path: a `GET` without a body, or a `POST`.
    ///
    /// # Errors
    /// 405 for another method, 400 for an unexpected body. An unread body ends the connection.
    pub(crate) fn insist_on(&self, method: &Method) -> Result<(), WebError> {
        let length = self.parts.headers.get(header::CONTENT_LENGTH);
        let has_body = length.is_some_and(|length| length.as_bytes() != b"0");
        let wrong = if self.parts.method != *method {
            let wrong = StatusCode::METHOD_NOT_ALLOWED;
            let sentence = format!("this path takes {method} alone");
            WebError::new(wrong, sentence).with_methods(match *method {
                Method::POST => "POST",
                _ => "GET",
            })
        } else if has_body && *method == Method::GET {
            WebError::new(StatusCode::BAD_REQUEST, "this method takes no body")
        } else {
            return Ok(());
        };
        Err(match has_body {
            true => wrong.ending_connection(),
            false => wrong,
        })
    }

    /// Takes a query parameter.
    pub(super) fn take_parameter(&mut self, name: &str) -> Option<String> {
        self.parameters.remove(name)
    }

    /// Refuses each parameter that was not taken.
    ///
    /// # Errors
    /// `USAGE` with the name of the parameter.
    pub(super) fn finish(&self, known: &[&str]) -> Result<(), WebError> {
        let Some(name) = self.parameters.keys().next() else {
            return Ok(());
        };
        let refusal = Refusal::new(
            ErrorCode::UsageWrong,
            format!("there is no parameter `{name}` here"),
        );
        Err(refusal
            .with_help(match known {
                [] => "this path takes none".to_owned(),
                known => format!("the parameters are {}", known.join(", ")),
            })
            .into())
    }
}

/// Parses pairs of names and values, as queries and forms have them. No name stands there twice.
///
/// # Errors
/// When a pair can't be decoded, or a name is repeated.
pub(crate) fn parse_pairs(text: &str) -> Result<BTreeMap<String, String>, WebError> {
    let mut pairs = BTreeMap::new();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(value)) = (percent_decode(name, true), percent_decode(value, true))
        else {
            return Err(unreadable_address_error());
        };
        let sentence = format!("the parameter `{name}` is given twice");
        if pairs.insert(name, value).is_some() {
            return Err(WebError::new(StatusCode::BAD_REQUEST, sentence));
        }
    }
    Ok(pairs)
}

/// Reads a JSON body.
///
/// # Errors
/// When the body is too long or too slow, or has another media type.
pub(super) async fn json_body(
    parts: &Parts,
    body: Body,
    time: Duration,
) -> Result<Bytes, WebError> {
    let said = parts.headers.get(header::CONTENT_TYPE);
    let said = said
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media = said.split(';').next().unwrap_or_default().trim();
    if !media.eq_ignore_ascii_case("application/json") {
        let kind = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        let error = WebError::new(kind, "the body is said to be no JSON");
        return Err(error
            .with_help("send Content-Type: application/json")
            .ending_connection());
    }
    read_body(body, time).await
}

/// Reads a body of at most 512 kB.
///
/// # Errors
/// When the body is too long or too slow.
pub(crate) async fn read_body(body: Body, time: Duration) -> Result<Bytes, WebError> {
    let late = || {
        let late = StatusCode::REQUEST_TIMEOUT;
        WebError::new(late, "the body did not come in time").ending_connection()
    };
    let read = tokio::time::timeout(time, to_bytes(body, BODY)).await;
    read.map_err(|_| late())?.map_err(|error| {
        tracing::debug!(%error, "web.body_unread");
        let large = StatusCode::PAYLOAD_TOO_LARGE;
        let sentence = format!("the body did not come whole, or is longer than {BODY} bytes");
        WebError::new(large, sentence).ending_connection()
    })
}

/// Parses a JSON body: one object. The deserializer of structs alone would accept a list, too.
///
/// # Errors
/// When the body is not an object, or has invalid members.
pub(super) fn parse_object<T: DeserializeOwned>(body: &[u8]) -> Result<T, WebError> {
    let wrong = |what: String| {
        WebError::new(
            StatusCode::BAD_REQUEST,
            format!("the body is not what is asked for: {what}"),
        )
    };
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(wrong("it is no object".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))
}

/// Base address of a request: the single host that it names, if valid.
fn base_address(parts: &Parts) -> Option<String> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let host = hosts.next().map(|host| host.to_str());
    let host = match (host, hosts.next(), parts.uri.authority()) {
        (Some(Ok(host)), None, None) => host,
        (None, None, Some(authority)) => authority.as_str(),
        (Some(Ok(host)), None, Some(authority)) if host == authority.as_str() => host,
        _ => return None,
    };
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte);
    (!host.is_empty() && host.bytes().all(is_plain)).then(|| format!("https://{host}"))
}

fn unreadable_address_error() -> WebError {
    let sentence = "the address holds what is no text in UTF-8, or a control character";
    WebError::new(StatusCode::BAD_REQUEST, sentence)
}

/// Percent-decoded text; none for an invalid encoding.
fn percent_decode(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                let digits = std::str::from_utf8(&digits).ok()?;
                if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
                    return None;
                }
                u8::from_str_radix(digits, 16).ok()?
            }
            b'+' if plus_is_blank => b' ',
            other => other,
        });
    }
    let text = String::from_utf8(bytes).ok()?;
    let is_plain = |letter: char| !letter.is_control() || matches!(letter, '\t' | '\n' | '\r');
    text.chars().all(is_plain).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Request;

    fn read(address: &str) -> Result<WebRequest, u16> {
        let request = Request::get(address).header("host", "x");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        WebRequest::of(parts).map_err(|error| error.response().status().as_u16())
    }

    #[test]
    fn an_address_is_plain_text() {
        let read_well = read("/v1/a%2Fb?name=%C3%BC+x&b=%2B&c").unwrap();
        assert_eq!(read_well.path, ["v1", "a/b"]);
        let parameters: Vec<_> = read_well.parameters.into_iter().collect();
        let expected = [("b", "+"), ("c", ""), ("name", "ü x")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parameters, expected);
        for wrong in [
            "/%",
            "/%2",
            "/%zz",
            "/%ff",
            "/?a=%00",
            "/?a=1&a=1",
            "/?a=%+1",
        ] {
            assert_eq!(read(wrong).unwrap_err(), 400, "{wrong}");
        }
        let token = format!("hansa_{}_{}", "a".repeat(12), "b".repeat(64));
        for wrong in [
            format!("/{token}"),
            format!("/?access_token={token}"),
            format!("/?{token}"),
            format!("/?a=%68{}", &token[1..]),
        ] {
            assert_eq!(read(&wrong).unwrap_err(), 401, "{wrong}");
        }
        let long = format!("/?a={}", "x".repeat(ADDRESS));
        assert_eq!(read(&long).unwrap_err(), 414);
    }
}
