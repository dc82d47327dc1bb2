//! Scheme, host and port of an address (RFC 6454, section 4).

/// Whether an address has the scheme, host and port of another one, and nothing that two readers could take for two things.
pub(crate) fn is_below(host: &str, address: &str) -> bool {
    match (origin(host), origin(address)) {
        (Some(own), Some(other)) => own == other && is_plain(address),
        _ => false,
    }
}

/// Scheme, host and port, as they are written.
fn origin(address: &str) -> Option<(&str, String)> {
    let (scheme, rest) = address.split_once("://")?;
    let port = match scheme {
        "https" => "443",
        "http" => "80",
        _ => return None,
    };
    let authority = rest.split('/').next()?;
    // A name of a user before the host is a way to make one host look like another.
    if authority.is_empty() || authority.contains('@') {
        return None;
    }
    let has_port = authority.rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit())
    });
    let authority = authority.to_ascii_lowercase();
    Some((
        scheme,
        match has_port {
            true => authority,
            false => format!("{authority}:{port}"),
        },
    ))
}

/// Whether an address has nothing that two readers could take for two things.
fn is_plain(address: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]=%".contains(&byte);
    !address.contains("..") && address.bytes().all(plain)
}
