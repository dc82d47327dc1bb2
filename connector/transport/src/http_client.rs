//! The client for HTTP services of others: webhooks and authorities, never other participants.

use hansa_policy::refusal::Refusal;
use std::time::Duration;

/// A client that follows no redirection and gives up after `patience`, its connection included. TLS is checked by the roots of the
/// system.
///
/// # Errors
/// What `refused` makes of the reason.
pub(crate) fn client(
    patience: Duration,
    refused: impl Fn(String) -> Refusal,
) -> Result<reqwest::Client, Refusal> {
    // Another part of the process may have done so; then that one counts.
    let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(patience)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|fault| refused(reason(&fault, patience)).caused_by(fault.without_url()))
}

/// Why a request failed, without its address, which may hold a secret: what is recorded and shown is the reason alone.
pub(crate) fn reason(fault: &reqwest::Error, patience: Duration) -> String {
    if fault.is_timeout() {
        format!("no answer within {} seconds", patience.as_secs())
    } else if fault.is_connect() {
        "it can't be reached".to_owned()
    } else if fault.is_builder() {
        "its address is wrong, or this machine holds no certificate authorities".to_owned()
    } else {
        "the connection broke off".to_owned()
    }
}
