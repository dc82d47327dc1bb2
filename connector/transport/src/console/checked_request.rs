//! Checks of a request that need no session: host, origin, form, and the one value of the session cookie.

use super::file_upload::{FileUpload, UPLOAD_PATH, UploadForm};
use super::{ConsoleAction, ConsoleOrigin, ConsoleRequest, LOGOUT_PATH};
use crate::web::problem::WebError;
use crate::web::request::{WebRequest, parse_pairs, read_body};
use axum::body::Body;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use std::net::IpAddr;
use std::time::Duration;

/// Largest number of bytes of `User-Agent` that are kept.
const BROWSER: usize = 512;

/// Media type of forms.
const FORM: &str = "application/x-www-form-urlencoded";

/// Media type of a form with a file (RFC 7578).
const FILE_FORM: &str = "multipart/form-data";

/// Longest boundary between the parts of a form (RFC 2046, section 5.1.1).
const BOUNDARY: usize = 70;

/// Name of the cookie with the language that a person chose.
pub(super) const LANGUAGE_COOKIE: &str = "hansa-language";

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Request that has passed the checks.
pub(super) struct CheckedRequest {
    pub(super) request: ConsoleRequest,
    /// File that comes with the request; nothing of it has been read.
    pub(super) upload: Option<FileUpload>,
}

/// Checks a request and reads its form. A form with a file is left unread.
///
/// # Errors
/// The response to a request that no page of the console makes.
pub(super) async fn check_request(
    own: &ConsoleOrigin,
    address: Option<IpAddr>,
    request: Request<Body>,
    time: Duration,
) -> Result<CheckedRequest, WebError> {
    let (parts, body) = request.into_parts();
    // INVARIANT: console-host. Before a cookie is read, so that a name of a stranger that leads here gets nothing.
    check_host(own, &parts)?;
    let action = match parts.method {
        Method::GET => ConsoleAction::Read,
        Method::POST if parts.uri.path() == LOGOUT_PATH => ConsoleAction::Message,
        Method::POST => ConsoleAction::Act,
        _ => {
            let wrong = StatusCode::METHOD_NOT_ALLOWED;
            let error = WebError::new(wrong, "the console takes GET and POST alone");
            return Err(error.with_methods("GET, POST").ending_connection());
        }
    };
    // INVARIANT: upload-path. One path takes a file; all others take short forms alone.
    let takes_file = action == ConsoleAction::Act && parts.uri.path() == UPLOAD_PATH;
    match action {
        ConsoleAction::Read => {}
        ConsoleAction::Act => {
            check_origin(own, &parts.headers)?;
            check_form(&parts.headers, if takes_file { FILE_FORM } else { FORM })?;
        }
        // INVARIANT: console-message. It comes without a page, so it gets no session and shows a token of its own.
        ConsoleAction::Message => check_form(&parts.headers, FORM)?,
    }
    let request = WebRequest::of(parts)?;
    request.insist_on(match action {
        ConsoleAction::Read => &Method::GET,
        ConsoleAction::Act | ConsoleAction::Message => &Method::POST,
    })?;
    let WebRequest {
        parts,
        base: _,
        path,
        parameters,
    } = request;
    let (form, upload) = match action {
        ConsoleAction::Read => (Default::default(), None),
        ConsoleAction::Act if takes_file => {
            let form = read_upload_form(&parts.headers)?;
            (Default::default(), Some(FileUpload::new(form, body, time)))
        }
        ConsoleAction::Act | ConsoleAction::Message => {
            let bytes = read_body(body, time).await?;
            let text = std::str::from_utf8(&bytes)
                .map_err(|_| WebError::new(StatusCode::BAD_REQUEST, "a form is text in UTF-8"))?;
            (parse_pairs(text)?, None)
        }
    };
    let text = |name: HeaderName| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let browser = text(header::USER_AGENT).unwrap_or_default();
    let browser = browser.chars().take(BROWSER).collect();
    let cookie = |name: &str| match action {
        ConsoleAction::Read | ConsoleAction::Act => find_cookie(&parts.headers, name),
        ConsoleAction::Message => None,
    };
    let request = ConsoleRequest {
        action,
        session: cookie(own.cookie_name()),
        login: cookie(own.login_cookie_name()),
        languages: text(header::ACCEPT_LANGUAGE).map(str::to_owned),
        language: cookie(LANGUAGE_COOKIE),
        path,
        parameters,
        form,
        address,
        browser,
    };
    Ok(CheckedRequest { request, upload })
}

/// Boundary and length of a form with a file.
fn read_upload_form(headers: &HeaderMap) -> Result<UploadForm, WebError> {
    let media = headers.get(header::CONTENT_TYPE);
    let media = media.and_then(|value| value.to_str().ok());
    let boundary = media.and_then(|text| multer::parse_boundary(text).ok());
    let boundary = boundary.filter(|text| !text.is_empty() && text.len() <= BOUNDARY);
    let boundary = boundary.ok_or_else(|| {
        let sentence = "the form names no boundary between its parts";
        WebError::new(StatusCode::BAD_REQUEST, sentence).ending_connection()
    })?;
    let length = headers.get(header::CONTENT_LENGTH);
    let length = length.and_then(|value| value.to_str().ok()?.parse().ok());
    let length = length.ok_or_else(|| {
        let sentence = "a file comes with its length";
        WebError::new(StatusCode::LENGTH_REQUIRED, sentence).ending_connection()
    })?;
    Ok(UploadForm { boundary, length })
}

/// Checks that a request names the host of the console, once.
fn check_host(own: &ConsoleOrigin, parts: &Parts) -> Result<(), WebError> {
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let named = hosts.next().map(|host| host.as_bytes());
    let address = parts.uri.authority().map(|host| host.as_str().as_bytes());
    let is_own = |host: Option<&[u8]>| host.is_none_or(|host| host == own.authority().as_bytes());
    let is_named = named.is_some() || address.is_some();
    if is_named && hosts.next().is_none() && is_own(named) && is_own(address) {
        return Ok(());
    }
    let wrong = StatusCode::MISDIRECTED_REQUEST;
    let error = WebError::new(wrong, "the console has another address");
    // The address itself is not told: whoever may know it asks the connector.
    Err(error
        .with_help("hansa console gives the address")
        .ending_connection())
}

/// Value of a header that stands there once.
fn find_header(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    values.next().is_none().then_some(first).flatten()
}

/// Checks that an act comes from a page of the console.
fn check_origin(own: &ConsoleOrigin, headers: &HeaderMap) -> Result<(), WebError> {
    let only = |name: HeaderName| find_header(headers, name);
    let origin = only(header::ORIGIN).map(|value| value.as_bytes());
    let has_site = headers.contains_key(FETCH_SITE);
    let is_same_site = !has_site || only(FETCH_SITE).is_some_and(|site| site == "same-origin");
    // INVARIANT: console-origin. Only a page of the console acts.
    if origin != Some(own.origin.as_bytes()) || !is_same_site {
        let sentence = "this act does not come from a page of this console";
        let error = WebError::new(StatusCode::FORBIDDEN, sentence);
        return Err(error
            .with_help("open the page again and repeat the act there")
            .ending_connection());
    }
    Ok(())
}

/// Checks that a body is a form of this media type.
fn check_form(headers: &HeaderMap, wanted: &str) -> Result<(), WebError> {
    let media = find_header(headers, header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.map(|text| text.split(';').next().unwrap_or_default().trim());
    if media.is_none_or(|media| !media.eq_ignore_ascii_case(wanted)) {
        let wrong = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        return Err(WebError::new(wrong, "an act comes as a form").ending_connection());
    }
    Ok(())
}

/// Value of a cookie that stands there once. A second one of that name may be planted by another page, so then there is none.
fn find_cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let lines = lines.filter_map(|line| line.to_str().ok());
    let mut values = lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(named, _)| *named == name)
        .map(|(_, value)| value.to_owned());
    let first = values.next();
    values.next().is_none().then_some(first).flatten()
}
