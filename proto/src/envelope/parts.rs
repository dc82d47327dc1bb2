//! A signed statement taken apart, as it travels where bytes count: nothing of it in base64url.

use crate::base64url;
use crate::envelope::assemble;
use crate::envelope::opened::LIMITS;
use hansa_audit_log::json::{Json, parse};

/// A signed statement in its parts, as read: nothing of it is checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeParts {
    /// What was signed.
    pub payload: Vec<u8>,
    /// The signatures, in their order.
    pub signatures: Vec<SignaturePart>,
}

/// A signature and its protected header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignaturePart {
    /// The header as JSON.
    pub header: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl EnvelopeParts {
    /// Takes a statement apart; nothing where its parts would not give the same bytes again.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let json = parse(bytes, LIMITS).ok()?;
        let signatures = json.get("signatures")?.as_list()?;
        let parts = Self {
            payload: bytes_of(json.get("payload")?)?,
            signatures: signatures.iter().map(mark).collect::<Option<_>>()?,
        };
        (parts.assemble() == bytes).then_some(parts)
    }

    /// The statement.
    #[must_use]
    pub fn assemble(&self) -> Vec<u8> {
        let entries = self.signatures.iter();
        let entries = entries.map(|mark| (base64url::encode(&mark.header), mark.signature.clone()));
        assemble(&self.payload, &entries.collect::<Vec<_>>())
    }
}

fn mark(entry: &Json) -> Option<SignaturePart> {
    Some(SignaturePart {
        header: bytes_of(entry.get("protected")?)?,
        signature: bytes_of(entry.get("signature")?)?,
    })
}

fn bytes_of(text: &Json) -> Option<Vec<u8>> {
    base64url::decode(text.as_text()?)
}

#[cfg(test)]
mod tests {
    use super::{EnvelopeParts, SignaturePart};

    #[test]
    fn parts_give_the_same_bytes_again() {
        let mark = |n: u8| SignaturePart {
            header: format!("{{\"n\":{n}}}").into_bytes(),
            signature: vec![n; 64],
        };
        for marks in [vec![], vec![mark(1)], vec![mark(1), mark(2)]] {
            let parts = EnvelopeParts {
                payload: b"{}".to_vec(),
                signatures: marks,
            };
            let whole = parts.assemble();
            assert_eq!(EnvelopeParts::of(&whole).as_ref(), Some(&parts));
            // Spelled otherwise it is another statement, and stays whole.
            let text = String::from_utf8(whole).unwrap();
            for other in [text.replace(":\"", ": \""), format!("{text} ")] {
                assert_eq!(EnvelopeParts::of(other.as_bytes()), None, "{other}");
            }
            let more = text.replacen('{', "{\"a\":1,", 1);
            assert_eq!(EnvelopeParts::of(more.as_bytes()), None, "{more}");
        }
        for other in ["", "{}", "[]", r#"{"payload":"e30","signatures":[{}]}"#] {
            assert_eq!(EnvelopeParts::of(other.as_bytes()), None, "{other}");
        }
    }
}
