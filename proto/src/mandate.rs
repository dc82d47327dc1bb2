//! The statement `mandate/1` by which a participant says who may sign for it, and up to which risk.

use crate::base64url;
use crate::envelope::{self, OpenedEnvelope, StatementKind};
use crate::strict_json::{self, LIMITS};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, canonical};
use hansa_policy::contract::mandate::{DisclosureClass, Mandate};
use hansa_policy::contract::signature::{SignatoryRole, SignedMandate};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::signed_line;
use hansa_policy::strict_object::{ReaderErrorCodes, StrictObjectReader};
use std::collections::BTreeSet;

const FORMAT: &str = "mandate/1";

/// The largest mandate in its envelope, in bytes.
pub const LARGEST: usize = 16 * 1024;

/// The payload: canonical JSON.
#[must_use]
pub fn to_bytes(mandate: &Mandate) -> Vec<u8> {
    let with = mandate.counterparties.iter().map(Json::text);
    canonical(&Json::object([
        ("hansa", Json::text(FORMAT)),
        ("participant", Json::text(&mandate.participant)),
        ("holder", Json::text(&mandate.holder)),
        ("capacity", Json::text(&mandate.capacity)),
        ("upTo", Json::text(mandate.up_to.as_str())),
        ("longestDays", Json::count(u64::from(mandate.longest_days))),
        ("counterparties", Json::List(with.collect())),
        ("notBefore", Json::text(mandate.not_before)),
        ("notAfter", Json::text(mandate.not_after)),
    ]))
}

/// The mandate that the payload states.
///
/// # Errors
/// `STATEMENT_MALFORMED`, when the bytes are not in the one accepted form.
pub fn from_bytes(bytes: &[u8]) -> Result<Mandate, Refusal> {
    let codes = ReaderErrorCodes::of(ErrorCode::StatementMalformed);
    let json = strict_json::document(bytes, LIMITS, ErrorCode::StatementMalformed)?;
    let mut payload = StrictObjectReader::of(json, "", codes)?;
    payload.exactly_text("hansa", FORMAT)?;
    let up_to = payload.text("upTo")?;
    let mut counterparties = BTreeSet::new();
    for item in payload.list("counterparties")? {
        let id = item.as_text().and_then(|text| text.parse().ok());
        counterparties.insert(id.ok_or_else(|| codes.wrong("`counterparties` holds identities"))?);
    }
    let mandate = Mandate {
        participant: payload.parsed("participant")?,
        holder: payload.text("holder")?,
        capacity: payload.text("capacity")?,
        up_to: DisclosureClass::named(&up_to)
            .ok_or_else(|| codes.unknown(format!("the class `{up_to}` is not known")))?,
        longest_days: u32::try_from(payload.count("longestDays")?)
            .map_err(|cause| codes.wrong("`longestDays` is too large").caused_by(cause))?,
        counterparties,
        not_before: payload.parsed("notBefore")?,
        not_after: payload.parsed("notAfter")?,
    };
    payload.finish()?;
    let line = (1..=200).contains(&mandate.capacity.len())
        && signed_line(&mandate.capacity) == mandate.capacity;
    if !line || base64url::decode(&mandate.holder).is_none_or(|bytes| bytes.len() != 32) {
        return Err(codes.wrong(
            "`capacity` is no line of text, or `holder` no thumbprint of 32 bytes in base64url",
        ));
    }
    if to_bytes(&mandate) != bytes {
        return Err(codes.wrong("a value of the mandate is not in its one spelling"));
    }
    Ok(mandate)
}

/// Reads a mandate in its envelope: exactly one signature. Who gives it signs as a provider does.
///
/// # Errors
/// As [`envelope::parse_contract`], with `STATEMENT_MALFORMED`.
pub fn from_envelope(bytes: &[u8]) -> Result<SignedMandate, Refusal> {
    if bytes.len() > LARGEST {
        return Err(Refusal::new(
            ErrorCode::StatementMalformed,
            format!("a mandate has at most {LARGEST} bytes"),
        ));
    }
    let OpenedEnvelope {
        payload,
        signatures,
    } = envelope::open(bytes, StatementKind::Mandate)?;
    envelope::insist_on_roles(&signatures, &[SignatoryRole::Provider])?;
    Ok(SignedMandate {
        statement: Digest::of(&payload),
        mandate: from_bytes(&payload)?,
        signature: envelope::only(signatures)?,
        bytes: bytes.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::{DisclosureClass, Mandate, from_bytes, to_bytes};
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
        assert_eq!(from_bytes(&bytes), Ok(mandate));
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
            let refusal = from_bytes(other.as_bytes()).unwrap_err();
            assert_eq!(refusal.code, ErrorCode::StatementMalformed, "{to}");
        }
    }
}
