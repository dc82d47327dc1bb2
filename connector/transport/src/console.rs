//! Console: pages for people, over plain HTTP on the own machine or over TLS.
//!
//! A request reaches the handler only after the checks that need no session: it names the one host of the console, an act comes
//! from a page of the console itself, and each parameter stands there once. A message of the issuer comes from no page; it reaches
//! the handler without cookies, and proves itself. The handler identifies the person and makes the page.
//! Each response has the headers that keep pages of other origins, scripts and caches away from it.

mod checked_request;
pub mod file_upload;
pub mod server;
#[cfg(test)]
mod tests;

use crate::console::file_upload::FileUpload;
use crate::web::problem::http_status;
use bytes::Bytes;
use futures::stream::BoxStream;
use hansa_policy::refusal::ErrorCode;
use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

/// Address of the console, as browsers reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleOrigin {
    /// Scheme, host and port, as `Origin` has them (RFC 6454, section 6.2).
    pub origin: String,
    /// True where the console is reached by HTTPS.
    pub is_secure: bool,
}

impl ConsoleOrigin {
    /// Host and port, as `Host` has them.
    fn authority(&self) -> &str {
        let (_, authority) = self.origin.split_once("://").unwrap_or(("", &self.origin));
        authority
    }

    /// Name of the session cookie. `__Host-` binds a cookie to one host by HTTPS (RFC 6265bis, section 4.1.3.2).
    const fn cookie_name(&self) -> &'static str {
        match self.is_secure {
            true => "__Host-hansa",
            false => "hansa",
        }
    }

    /// Name of the cookie of a login at the issuer. It has a path, so it can't have the prefix `__Host-`.
    const fn login_cookie_name(&self) -> &'static str {
        match self.is_secure {
            true => "__Secure-hansa-login",
            false => "hansa-login",
        }
    }
}

/// Path below which a browser shows the cookie of a login at the issuer.
pub const LOGIN_PATH: &str = "/oidc";

/// Path to which the issuer posts a logout.
pub const LOGOUT_PATH: &str = "/oidc/logout";

/// Effect that a request may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConsoleAction {
    /// `GET`: it changes nothing.
    Read,
    /// `POST` from a page of the console.
    Act,
    /// `POST` of the issuer of accounts, about a logout. No browser sends it.
    Message,
}

/// Request of a browser that has passed the checks of its host and origin.
#[derive(Debug)]
pub struct ConsoleRequest {
    /// Effect that it may have.
    pub action: ConsoleAction,
    /// Decoded segments of the path.
    pub path: Vec<String>,
    /// Parameters of the address.
    pub parameters: BTreeMap<String, String>,
    /// Fields of the form; empty for a read.
    pub form: BTreeMap<String, String>,
    /// Value of the session cookie, unchecked.
    pub session: Option<String>,
    /// Value of the cookie of a login at the issuer, unchecked.
    pub login: Option<String>,
    /// Address of the browser.
    pub address: Option<IpAddr>,
    /// `User-Agent`, at most 512 bytes of it.
    pub browser: String,
    /// `Accept-Language`.
    pub languages: Option<String>,
    /// Language that the person chose before: a tag, unchecked.
    pub language: Option<String>,
}

/// Response to a request of a browser.
#[derive(Debug)]
pub struct ConsoleResponse {
    /// HTTP status.
    pub status: u16,
    /// Media type of the body.
    pub content_type: &'static str,
    /// Body.
    pub body: ConsoleBody,
    /// Name of the file under which a browser keeps the body; absent: the browser shows it.
    pub file_name: Option<String>,
    /// Path or address of a redirection.
    pub location: Option<String>,
    /// Path of the page that follows at once (`Refresh`, HTML, section 4.2.5.3). A browser sends the cookies of the console with it,
    /// also where another site led to this page.
    pub next: Option<String>,
    /// Change of the session cookie.
    pub cookie: Option<CookieChange>,
    /// Change of the cookie of a login at the issuer.
    pub login: Option<CookieChange>,
    /// Tag of a language to remember in the browser.
    pub language: Option<&'static str>,
    /// True for an asset whose path contains its digest.
    pub is_immutable: bool,
}

/// Body of a response.
pub enum ConsoleBody {
    /// Whole body.
    Whole(Bytes),
    /// Body that is sent while it is made. After an error the connection ends without the end mark of its protocol, so no browser takes
    /// the body for a whole one.
    Stream(BoxStream<'static, std::io::Result<Bytes>>),
}

impl fmt::Debug for ConsoleBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(bytes) => write!(f, "Whole({} bytes)", bytes.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

impl From<String> for ConsoleBody {
    fn from(text: String) -> Self {
        Self::Whole(text.into())
    }
}

impl From<&'static str> for ConsoleBody {
    fn from(text: &'static str) -> Self {
        Self::Whole(text.into())
    }
}

impl From<&'static [u8]> for ConsoleBody {
    fn from(bytes: &'static [u8]) -> Self {
        Self::Whole(bytes.into())
    }
}

/// HTTP status of a refusal.
#[must_use]
pub fn refusal_status(code: ErrorCode) -> u16 {
    http_status(code).as_u16()
}

/// Change of a cookie.
#[derive(Clone, PartialEq, Eq)]
pub enum CookieChange {
    /// A new value, which is a secret.
    Set(String),
    /// The cookie has ended.
    Clear,
}

impl fmt::Debug for CookieChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Set(_) => "Set(…)",
            Self::Clear => "Clear",
        })
    }
}

/// Handler of the console: it identifies persons and makes pages.
#[async_trait::async_trait]
pub trait ConsoleHandler: Send + Sync + 'static {
    /// Response to a request. A failure is a page, too.
    async fn answer_request(&self, request: ConsoleRequest) -> ConsoleResponse;

    /// Response to a request that brings a file. Nothing of the file has been read, so that the handler can refuse it unread. The
    /// request has no form: its fields come before the file.
    async fn answer_upload(
        &self,
        request: ConsoleRequest,
        upload: &mut FileUpload,
    ) -> ConsoleResponse;
}
