//! Proof of the client at the token endpoint (RFC 6749, section 2.3.1).

use crate::form_encoding::encode_text;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Method by which the client proves itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuthentication {
    /// In the header: `client_secret_basic`.
    Basic,
    /// In the form: `client_secret_post`.
    Post,
}

impl ClientAuthentication {
    /// Chooses a method of those that the metadata lists. Without a list the standard sets `client_secret_basic`.
    pub(crate) fn choose(methods: Option<&[String]>) -> Option<Self> {
        let Some(methods) = methods else {
            return Some(Self::Basic);
        };
        let has = |name: &str| methods.iter().any(|method| method == name);
        if has("client_secret_basic") {
            Some(Self::Basic)
        } else if has("client_secret_post") {
            Some(Self::Post)
        } else {
            None
        }
    }
}

/// Value of the header `Authorization`. Both parts are encoded as in a form before they are joined.
pub(crate) fn basic_authorization(client: &str, secret: &str) -> Option<String> {
    let joined = format!("{}:{}", encode_text(client)?, encode_text(secret)?);
    Some(format!("Basic {}", STANDARD.encode(joined)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_is_one_that_is_offered() {
        let choose = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            ClientAuthentication::choose(Some(&names))
        };
        assert_eq!(
            ClientAuthentication::choose(None),
            Some(ClientAuthentication::Basic)
        );
        assert_eq!(
            choose(&["client_secret_post", "client_secret_basic"]),
            Some(ClientAuthentication::Basic)
        );
        assert_eq!(
            choose(&["private_key_jwt", "client_secret_post"]),
            Some(ClientAuthentication::Post)
        );
        assert_eq!(choose(&["private_key_jwt", "none"]), None);
    }

    #[test]
    fn the_parts_of_the_header_are_encoded() {
        let value = basic_authorization("a:b", "c d").unwrap();
        let text = value.strip_prefix("Basic ").unwrap();
        assert_eq!(STANDARD.decode(text).unwrap(), b"a%3Ab:c+d");
    }
}
