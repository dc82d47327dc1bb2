//! `TSTInfo` (RFC 3161, section 2.4.2): the signed statement of the authority.

use super::der_reader::{
    BOOLEAN, DerReader, GENERALIZED_TIME, INTEGER, MalformedDer, OCTET_STRING, SEQUENCE,
    constructed_tag, primitive_tag,
};
use super::digest_algorithm::DigestAlgorithm;
use super::object_identifier;
use super::token_refusal::{invalid_token_refusal, unknown_algorithm};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::UtcTimestamp;
use hansa_policy::refusal::Refusal;

const STRUCTURE: &str = "a TSTInfo";

/// Largest number of octets in a serial number: 160 bits, and one octet for the sign.
const LONGEST_SERIAL: usize = 21;

/// Statement of the authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimestampInfo {
    /// Digest of the stamped bytes.
    pub(super) imprint: Digest,
    /// `genTime`, rounded down to a microsecond.
    pub(super) at: UtcTimestamp,
    /// Latest instant permitted by `genTime` and `accuracy`, in whole microseconds.
    pub(super) existed_before: UtcTimestamp,
    pub(super) serial: String,
    pub(super) policy: String,
    pub(super) nonce: Option<Vec<u8>>,
}

impl TimestampInfo {
    /// Parses the signed bytes.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Refusal> {
        let mut fields = DerReader::for_single_element(bytes, SEQUENCE, STRUCTURE)?;
        if fields.small_number(INTEGER)? != 1 {
            return Err(invalid_token_refusal("its version is not 1"));
        }
        let policy = fields.object_identifier()?;
        let imprint = read_imprint(&mut fields)?;
        let serial = fields.number(INTEGER)?;
        let time = fields.element(GENERALIZED_TIME)?;
        let accuracy = match fields.optional_element(SEQUENCE)? {
            Some(element) => read_accuracy(element.content)?,
            None => 0,
        };
        // DEFAULT FALSE: DER encodes TRUE alone.
        let ordering = fields.optional_element(BOOLEAN)?;
        let nonce = match fields.optional_element(INTEGER)? {
            Some(element) => {
                let mut again = DerReader::new(element.whole, STRUCTURE);
                Some(again.number(INTEGER)?.to_vec())
            }
            None => None,
        };
        // The name of the authority is taken from its certificate.
        let _name = fields.optional_element(constructed_tag(0))?;
        let extensions = fields.optional_element(constructed_tag(1))?;
        fields.finish()?;
        if ordering.is_some_and(|ordering| ordering.content != [0xff])
            || serial.len() > LONGEST_SERIAL
        {
            return Err(MalformedDer(STRUCTURE).into());
        }
        // Extensions of qualified authorities (ETSI EN 319 422, section 9.1) are not critical and don't affect the time.
        if extensions.is_some_and(|extensions| has_critical(extensions.content)) {
            return Err(invalid_token_refusal(
                "it has a critical extension that is not known here",
            ));
        }
        let policy = object_identifier::to_dotted_text(policy).ok_or(MalformedDer(STRUCTURE))?;
        let (at, rest) = generalized_time(time.content).ok_or(MalformedDer("a genTime"))?;
        Ok(Self {
            imprint,
            at,
            existed_before: at.plus_micros(accuracy.saturating_add(i64::from(rest))),
            serial: serial.iter().map(|octet| format!("{octet:02x}")).collect(),
            policy,
            nonce,
        })
    }
}

/// Digest in the `MessageImprint`; requests use SHA-256 alone.
fn read_imprint(fields: &mut DerReader<'_>) -> Result<Digest, Refusal> {
    let mut imprint = fields.enter(SEQUENCE)?;
    if DigestAlgorithm::read(&mut imprint)? != DigestAlgorithm::Sha256 {
        return Err(unknown_algorithm("digest of the bytes"));
    }
    let digest = imprint.element(OCTET_STRING)?.content;
    imprint.finish()?;
    let digest: [u8; 32] = digest
        .try_into()
        .map_err(|_| MalformedDer("a MessageImprint"))?;
    Ok(Digest::from_bytes(digest))
}

/// `Accuracy` in microseconds.
fn read_accuracy(content: &[u8]) -> Result<i64, MalformedDer> {
    let mut fields = DerReader::new(content, "an Accuracy");
    let mut micros = 0_i64;
    for (tag, most, unit) in [
        (INTEGER, u32::MAX, 1_000_000_i64),
        (primitive_tag(0), 999, 1_000),
        (primitive_tag(1), 999, 1),
    ] {
        let Some(element) = fields.optional_element(tag)? else {
            continue;
        };
        let count = DerReader::new(element.whole, "an Accuracy").small_number(tag)?;
        if count > most {
            return Err(MalformedDer("an Accuracy"));
        }
        micros = micros.saturating_add(i64::from(count).saturating_mul(unit));
    }
    fields.finish()?;
    Ok(micros)
}

/// True if an extension is critical, or the extensions can't be parsed.
fn has_critical(content: &[u8]) -> bool {
    let critical = || -> Result<bool, MalformedDer> {
        let mut extensions = DerReader::new(content, "an extension");
        let mut critical = false;
        while !extensions.is_empty() {
            let mut extension = extensions.enter(SEQUENCE)?;
            extension.object_identifier()?;
            critical |= extension.optional_element(BOOLEAN)?.is_some();
            extension.element(OCTET_STRING)?;
            extension.finish()?;
        }
        Ok(critical)
    };
    critical().unwrap_or(true)
}

/// Time in the form `YYYYMMDDhhmmss[.f…]Z`, without trailing zeros in the fraction (RFC 3161, section 2.4.2), and one microsecond
/// if the fraction is finer than that.
fn generalized_time(content: &[u8]) -> Option<(UtcTimestamp, u8)> {
    let (digits, rest) = content.split_first_chunk::<14>()?;
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction = match rest {
        b"Z" => &[][..],
        [b'.', fraction @ .., b'Z'] => fraction,
        _ => return None,
    };
    let written = rest.len() > 1;
    if written
        && (fraction.is_empty()
            || fraction.len() > 12
            || fraction.last() == Some(&b'0')
            || !fraction.iter().all(u8::is_ascii_digit))
    {
        return None;
    }
    let text = std::str::from_utf8(digits).ok()?;
    let part = |from: usize, to: usize| text.get(from..to);
    let moment: UtcTimestamp = format!(
        "{}-{}-{}T{}:{}:{}Z",
        part(0, 4)?,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        // A leap second is refused: it has no representation here, and other readers map it to the preceding second.
        part(12, 14).filter(|second| *second != "60")?
    )
    .parse()
    .ok()?;
    if moment < UtcTimestamp::EPOCH {
        return None;
    }
    let micros = (0..6).try_fold(0_i64, |micros, place| {
        let digit = fraction.get(place).map_or(0, |digit| digit - b'0');
        micros.checked_mul(10)?.checked_add(i64::from(digit))
    })?;
    Some((moment.plus_micros(micros), u8::from(fraction.len() > 6)))
}
