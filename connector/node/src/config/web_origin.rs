//! Origin of an address: scheme, host and port (RFC 6454, section 4).

/// Checks that `address` has the origin of `host`, and no part that two URL parsers could read differently.
pub fn is_below(host: &str, address: &str) -> bool {
    match (parse_origin(host), parse_origin(address)) {
        (Some(own), Some(other)) => own == other && is_plain(address),
        _ => false,
    }
}

/// Parses the origin with the URL parser of the HTTP client.
fn parse_origin(address: &str) -> Option<reqwest::Url> {
    let mut url = reqwest::Url::parse(address).ok()?;
    // A user name before the host can make one host look like another.
    let is_plain = url.username().is_empty() && url.password().is_none();
    let is_web = matches!(url.scheme(), "http" | "https");
    url.set_path("");
    url.set_query(None);
    url.set_fragment(None);
    (is_plain && is_web).then_some(url)
}

/// Checks that an address has no part that two URL parsers could read differently.
fn is_plain(address: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]=%".contains(&byte);
    !address.contains("..") && address.bytes().all(plain)
}
