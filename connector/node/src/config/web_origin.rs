//! Scheme, host and port of an address (RFC 6454, section 4).

/// Whether an address has the scheme, host and port of another one, and nothing that two readers could take for two things.
pub fn is_below(host: &str, address: &str) -> bool {
    match (origin(host), origin(address)) {
        (Some(own), Some(other)) => own == other && is_plain(address),
        _ => false,
    }
}

/// Scheme, host and port, by the reader whose result is dialled.
fn origin(address: &str) -> Option<reqwest::Url> {
    let mut url = reqwest::Url::parse(address).ok()?;
    // A name of a user before the host is a way to make one host look like another.
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https");
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    (is_plain && is_web).then_some(url)
}

/// Whether an address has nothing that two readers could take for two things.
fn is_plain(address: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]=%".contains(&byte);
    !address.contains("..") && address.bytes().all(plain)
}
