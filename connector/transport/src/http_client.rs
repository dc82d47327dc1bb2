//! HTTP client for external services: webhooks and authorities, never other participants.

use hansa_policy::refusal::Refusal;
use std::time::Duration;

/// Client without redirections and with the timeout `patience`, including the connection. TLS uses the root certificates of the
/// system.
///
/// # Errors
/// The refusal that `refused` makes of the reason.
pub(crate) fn build_client(
    patience: Duration,
    refused: impl Fn(String) -> Refusal,
) -> Result<reqwest::Client, Refusal> {
    // If another part of the process has installed one already, that one is used.
    let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
    reqwest::Client::builder()
        .timeout(patience)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|fault| refused(failure_reason(&fault, patience)).caused_by(fault.without_url()))
}

/// Reason of a failed request, without its address, which may contain a secret. Records and messages contain the reason alone.
pub(crate) fn failure_reason(fault: &reqwest::Error, patience: Duration) -> String {
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
