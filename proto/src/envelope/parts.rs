//! Parts of a signed statement without base64url, for compact messages.

use crate::base64url;
use crate::envelope::assemble_statement;
use crate::envelope::opened::LIMITS;
use hansa_audit_log::json::{Json, parse_json};

/// Parts of a signed statement, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvelopeParts {
    /// Signed payload.
    pub payload: Vec<u8>,
    /// Signatures in order.
    pub signatures: Vec<SignaturePart>,
}

/// Signature with its protected header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignaturePart {
    /// Header as JSON.
    pub header: Vec<u8>,
    /// Signature bytes.
    pub signature: Vec<u8>,
}

impl EnvelopeParts {
    /// Splits a statement into parts. Returns `None` if assembling them would give other bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let json = parse_json(bytes, LIMITS).ok()?;
        let signatures = json.get("signatures")?.as_list()?;
        let parts = Self {
            payload: bytes_of(json.get("payload")?)?,
            signatures: signatures
                .iter()
                .map(read_signature_part)
                .collect::<Option<_>>()?,
        };
        (parts.assemble() == bytes).then_some(parts)
    }

    /// Assembles the statement.
    #[must_use]
    pub fn assemble(&self) -> Vec<u8> {
        let entries = self.signatures.iter();
        let entries = entries.map(|mark| (base64url::encode(&mark.header), mark.signature.clone()));
        assemble_statement(&self.payload, &entries.collect::<Vec<_>>())
    }
}

fn read_signature_part(entry: &Json) -> Option<SignaturePart> {
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
            // With another spelling, it is another statement and is not split.
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
