//! Statement `mandate/1` by which a participant names a person who may sign for it, and the risk limit.

use crate::base64url;
use crate::envelope::kind::StatementKind;
use crate::statement::{self, Statement};
use hansa_policy::contract::mandate::Mandate;
use hansa_policy::contract::signature::{SignatoryRole, SignedMandate};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::signed_line;

/// Most bytes of a mandate in its envelope.
pub const LARGEST: usize = 16 * 1024;

/// The participant signs a mandate in the role of a provider.
impl Statement for Mandate {
    const FORM: &'static str = "mandate/1";
    const KIND: StatementKind = StatementKind::Mandate;
    const SIGNER: Option<SignatoryRole> = Some(SignatoryRole::Provider);

    fn check_rules(&self) -> Result<(), String> {
        let line = (1..=200).contains(&self.capacity.len())
            && signed_line(&self.capacity) == self.capacity;
        if !line {
            return Err("`capacity` is no line of 1 to 200 bytes".to_owned());
        }
        if base64url::decode(&self.holder).is_none_or(|bytes| bytes.len() != 32) {
            return Err("`holder` is no thumbprint of 32 bytes in base64url".to_owned());
        }
        Ok(())
    }
}

/// Reads a mandate in its envelope. It must have exactly one signature.
///
/// # Errors
/// Errors of [`statement::from_envelope`], or if the mandate is too large.
pub fn from_envelope(bytes: &[u8]) -> Result<SignedMandate, Refusal> {
    if bytes.len() > LARGEST {
        return Err(Refusal::new(
            ErrorCode::StatementMalformed,
            format!("a mandate has at most {LARGEST} bytes"),
        ));
    }
    let signed = statement::from_envelope::<Mandate>(bytes)?;
    Ok(SignedMandate {
        statement: signed.statement,
        mandate: signed.content,
        signature: signed.signature,
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use crate::statement::{from_bytes, to_bytes};
    use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
    use hansa_policy::refusal::ErrorCode;

    #[test]
    fn a_mandate_survives_the_round_trip_and_has_one_spelling() {
        let mandate = Mandate {
            participant: "munster.example".parse().unwrap(),
            holder: crate::base64url::encode(&[7; 32]),
            capacity: "head of the data office".to_owned(),
            up_to: DisclosureClass::Aggregate,
            longest_days: 730,
            counterparties: ["acme.example", "firma.example"]
                .map(|id| id.parse().unwrap())
                .into(),
            not_before: "2026-01-01T00:00:00Z".parse().unwrap(),
            not_after: "2027-01-01T00:00:00Z".parse().unwrap(),
        };
        let bytes = to_bytes(&mandate);
        assert_eq!(from_bytes::<Mandate>(&bytes), Ok(mandate));
        let text = String::from_utf8(bytes).unwrap();
        for (from, to) in [
            ("aggregate", "everything"),
            ("730", "-1"),
            ("730", "99999999999"),
            ("head of", "head\\nof"),
            (
                "\"capacity\":\"head of the data office\"",
                "\"capacity\":\"\"",
            ),
            ("hansa://acme.example", "hansa://zzz.example"),
            ("hansa://acme.example", "acme.example"),
            ("hansa://firma.example", "hansa://acme.example"),
            ("BwcH", "Bwc"),
            ("\"hansa\":", "\"also\":1,\"hansa\":"),
            ("mandate/1", "mandate/2"),
        ] {
            let other = text.replacen(from, to, 1);
            assert_ne!(other, text, "{from}");
            let refusal = from_bytes::<Mandate>(other.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::StatementMalformed, "{to}");
        }
    }
}
