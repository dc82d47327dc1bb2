//! Addresses on this console: links to pages and their queries.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

/// Address of the page of a contract or negotiation. None for an identity that is not made of letters, digits and hyphens.
pub(crate) fn contract_address(identity: &str) -> Option<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let plain = !identity.is_empty() && identity.bytes().all(is_plain);
    plain.then(|| format!("/contracts/{identity}"))
}

/// Address of a page below a path, such as `/datasets/bike_counts`. None where a segment would change the path.
pub(crate) fn page_below(path: &str, segments: &[&str]) -> Option<String> {
    let mut address = path.to_owned();
    for segment in segments {
        let changes_path = matches!(*segment, "" | "." | "..")
            || segment.contains(['/', '\\'])
            || segment.chars().any(char::is_control);
        if changes_path {
            return None;
        }
        address.push('/');
        push_encoded(&mut address, segment);
    }
    Some(address)
}

/// Address of the refusal of a step that waits for a second person. None for an identity that is not made of letters and digits.
pub(crate) fn decline_address(id: &str) -> Option<String> {
    let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| format!("/approvals/{id}/decline"))
}

/// Address of an answer. None for an identity that is not made of letters and digits.
pub(crate) fn answer_address(id: &str) -> Option<String> {
    let is_plain = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_plain.then(|| format!("/answers/{id}"))
}

/// Path of an address, without its query. An address that leads away from this console gives `/`.
pub(crate) fn own_path(address: &str) -> &str {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let is_own = path.starts_with('/')
        && !path.starts_with("//")
        && !path.contains(|letter: char| letter == '\\' || letter.is_control());
    if is_own { path } else { "/" }
}

/// Query of an address without the pairs of a name, such as `state=expired`.
pub(crate) fn query_without<'a>(address: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let whole = address.split('#').next().unwrap_or_default();
    let query = whole.split_once('?').map_or("", |halves| halves.1);
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let named = name.to_owned();
    pairs.filter(move |pair| pair.split('=').next() != Some(named.as_str()))
}

/// Address of a request, from its decoded path and parameters, for [`crate::PageFrame::address`].
#[must_use]
pub fn encode_address(path: &[String], parameters: &BTreeMap<String, String>) -> String {
    let mut address = String::new();
    for part in path {
        address.push('/');
        push_encoded(&mut address, part);
    }
    for (at, (name, value)) in parameters.iter().enumerate() {
        address.push(if at == 0 { '?' } else { '&' });
        push_encoded(&mut address, name);
        address.push('=');
        push_encoded(&mut address, value);
    }
    address
}

/// Appends a text in percent-encoding (RFC 3986, section 2.1).
fn push_encoded(address: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            address.push(char::from(byte));
        } else {
            // Writing to a `String` can't fail.
            let _ = write!(address, "%{byte:02X}");
        }
    }
}

/// Address with a query, whose values are percent-encoded.
pub(crate) struct QueryAddress(String);

impl QueryAddress {
    /// Address without a query.
    pub(crate) fn new(path: &str) -> Self {
        Self(path.to_owned())
    }

    /// Adds a pair whose value is text.
    pub(crate) fn with_value(mut self, name: &str, value: &str) -> Self {
        self.add_separator();
        self.0.push_str(name);
        self.0.push('=');
        push_encoded(&mut self.0, value);
        self
    }

    /// Adds a pair where its value is not empty.
    pub(crate) fn with_filled(self, name: &str, value: &str) -> Self {
        if value.is_empty() {
            self
        } else {
            self.with_value(name, value)
        }
    }

    /// Adds a pair that is encoded already.
    pub(crate) fn with_pair(mut self, pair: &str) -> Self {
        self.add_separator();
        self.0.push_str(pair);
        self
    }

    fn add_separator(&mut self) {
        self.0.push(if self.0.contains('?') { '&' } else { '?' });
    }
}

impl fmt::Display for QueryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_a_request_is_encoded_again() {
        let texts = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let none = BTreeMap::new();
        assert_eq!(encode_address(&texts(&[""]), &none), "/");
        let pairs = BTreeMap::from([("a&b".to_owned(), "ü ?".to_owned())]);
        let address = encode_address(&texts(&["contracts", "../x"]), &pairs);
        assert_eq!(address, "/contracts/..%2Fx?a%26b=%C3%BC%20%3F");
        assert_eq!(own_path(&encode_address(&texts(&["", "evil"]), &none)), "/");
    }

    #[test]
    fn addresses_stay_on_this_console() {
        assert_eq!(own_path("/contracts?a=b#c"), "/contracts");
        for away in ["", "x", "//evil.example", "/\\evil.example", "javascript:x"] {
            assert_eq!(own_path(away), "/", "{away}");
        }
        assert_eq!(contract_address("n-3c51").unwrap(), "/contracts/n-3c51");
        for bad in ["", "..", "a/b", "a%2f", "a?b", "\u{202e}"] {
            assert_eq!(contract_address(bad), None, "{bad}");
        }
    }

    #[test]
    fn names_in_a_path_stay_segments() {
        let below = |name: &str| page_below("/datasets", &[name]);
        assert_eq!(below("bike_counts").unwrap(), "/datasets/bike_counts");
        assert_eq!(below("Räder?").unwrap(), "/datasets/R%C3%A4der%3F");
        for bad in ["", ".", "..", "a/b", "a\\b", "a\0"] {
            assert_eq!(below(bad), None, "{bad}");
        }
    }

    #[test]
    fn queries_are_encoded_and_keep_other_pairs() {
        let kept: Vec<_> = query_without("/c?lang=de&state=x&language=y#z", "lang").collect();
        assert_eq!(kept, ["state=x", "language=y"]);
        let address = QueryAddress::new("/c")
            .with_pair("state=x")
            .with_filled("with", "")
            .with_value("text", "a b&ü");
        assert_eq!(address.to_string(), "/c?state=x&text=a%20b%26%C3%BC");
    }
}
