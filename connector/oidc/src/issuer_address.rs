//! Addresses of the issuer: HTTPS, or HTTP on the own machine.

use reqwest::Url;
use std::net::{Ipv4Addr, Ipv6Addr};

/// Scheme rule of an issuer and of all its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AddressRule {
    /// HTTPS alone.
    Protected,
    /// HTTP or HTTPS, on the own machine alone.
    OwnMachine,
}

impl AddressRule {
    /// Rule for the addresses of an issuer.
    ///
    /// # Errors
    /// A reason, if the issuer itself is no address that may be asked.
    pub(crate) fn of_issuer(issuer: &str) -> Result<Self, String> {
        let url = parse_plain_address(issuer)?;
        if url.query().is_some() {
            return Err(format!("`{issuer}` has a query"));
        }
        match url.scheme() {
            "https" => Ok(Self::Protected),
            _ if is_own_machine(&url) => Ok(Self::OwnMachine),
            _ => Err(format!(
                "`{issuer}` is not HTTPS, and not on the own machine"
            )),
        }
    }

    /// Parses an address that the issuer names.
    ///
    /// # Errors
    /// A reason, if the address breaks the rule.
    pub(crate) fn parse_address(self, address: &str) -> Result<Url, String> {
        let url = parse_plain_address(address)?;
        let is_permitted = match self {
            Self::Protected => url.scheme() == "https",
            Self::OwnMachine => is_own_machine(&url),
        };
        match is_permitted {
            true => Ok(url),
            false => Err(format!("`{address}` is not protected as the issuer is")),
        }
    }
}

/// Parses an HTTP address without user, password and fragment.
fn parse_plain_address(address: &str) -> Result<Url, String> {
    let url = Url::parse(address).map_err(|_| format!("`{address}` is no address"))?;
    let is_plain =
        url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    match is_plain && matches!(url.scheme(), "http" | "https") && url.has_host() {
        true => Ok(url),
        false => Err(format!("`{address}` is no plain address of HTTP")),
    }
}

/// True for a loopback address and for names below `localhost`.
fn is_own_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let literal = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback())
        || literal
            .parse::<Ipv6Addr>()
            .is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_protected_or_on_the_own_machine() {
        for issuer in [
            "https://id.example",
            "https://id.example:8443/realms/city",
            "https://127.0.0.1/x",
        ] {
            assert_eq!(AddressRule::of_issuer(issuer), Ok(AddressRule::Protected));
        }
        for issuer in [
            "http://127.0.0.1:8080/realms/city",
            "http://[::1]:8080",
            "http://localhost",
            "http://id.localhost:1",
        ] {
            assert_eq!(AddressRule::of_issuer(issuer), Ok(AddressRule::OwnMachine));
        }
        for issuer in [
            "http://id.example",
            "http://localhost.example",
            "http://10.0.0.1",
            "ftp://id.example",
            "https://user@id.example",
            "https://user:word@id.example",
            "https://id.example/?a=b",
            "https://id.example/#a",
            "id.example",
            "data:text/plain,x",
            "",
        ] {
            assert!(AddressRule::of_issuer(issuer).is_err(), "{issuer}");
        }
    }

    #[test]
    fn the_addresses_of_an_issuer_are_as_protected_as_the_issuer() {
        let protected = AddressRule::Protected;
        assert!(
            protected
                .parse_address("https://keys.example/jwks?v=1")
                .is_ok()
        );
        assert!(protected.parse_address("http://127.0.0.1/jwks").is_err());
        assert!(protected.parse_address("http://id.example/jwks").is_err());
        let own = AddressRule::OwnMachine;
        assert!(own.parse_address("http://127.0.0.1/jwks").is_ok());
        assert!(own.parse_address("https://localhost/jwks").is_ok());
        assert!(own.parse_address("https://keys.example/jwks").is_err());
    }
}
