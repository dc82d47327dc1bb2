//! Header of a record: the members that are needed to check the chain, parsed without the body.

use super::{MAX_BODY_DEPTH, MAX_BYTES};
use crate::digest::Digest;
use crate::json::scanner::JsonScanner;
use crate::time::UtcTimestamp;

/// Members of a record other than the body. The body is known to be an object in canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RecordHeader<'a> {
    pub(crate) log: &'a str,
    pub(crate) seq: u64,
    pub(crate) at: UtcTimestamp,
    pub(crate) boot: &'a str,
    pub(crate) mono: u64,
    pub(crate) salt: [u8; 16],
    pub(crate) kind: &'a str,
    pub(crate) prev: Digest,
    pub(crate) body: &'a [u8],
}

impl<'a> RecordHeader<'a> {
    /// Parses a record in canonical form with simple members. Other records are left to the full reader.
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        if bytes.len() > MAX_BYTES {
            return None;
        }
        let bytes = std::str::from_utf8(bytes).ok()?.as_bytes();
        let mut scan = JsonScanner::new(bytes);
        scan.expect(b"{\"body\":")?;
        let body = scan.value(MAX_BODY_DEPTH)?;
        if body.first() != Some(&b'{') {
            return None;
        }
        scan.expect(b",\"boot\":")?;
        let boot = read_plain_string(&mut scan)?;
        scan.expect(b",\"log\":")?;
        let log = read_plain_string(&mut scan)?;
        scan.expect(b",\"mono\":")?;
        let mono = u64::try_from(scan.integer()?).ok()?;
        scan.expect(b",\"prev\":")?;
        let prev = Digest::from_bytes(parse_hex(scan.string()?)?);
        scan.expect(b",\"salt\":")?;
        let salt = parse_hex(scan.string()?)?;
        scan.expect(b",\"seq\":")?;
        let seq = u64::try_from(scan.integer()?).ok()?;
        scan.expect(b",\"t\":")?;
        let at = UtcTimestamp::from_canonical_bytes(scan.string()?)?;
        scan.expect(b",\"type\":")?;
        let kind = read_plain_string(&mut scan)?;
        scan.expect(b",\"v\":2}")?;
        scan.is_at_end().then_some(Self {
            log,
            seq,
            at,
            boot,
            mono,
            salt,
            kind,
            prev,
            body,
        })
    }
}

/// String without escapes.
fn read_plain_string<'a>(scan: &mut JsonScanner<'a>) -> Option<&'a str> {
    std::str::from_utf8(scan.plain_string()?).ok()
}

/// Bytes of lower-case hexadecimal digits.
fn parse_hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let (pairs, []) = digits.as_chunks::<2>() else {
        return None;
    };
    if pairs.len() != N {
        return None;
    }
    // Without a branch for each digit, so that the compiler can vectorise the test.
    let is_digit = |byte: u8| (byte.wrapping_sub(b'0') < 10) | (byte.wrapping_sub(b'a') < 6);
    if !digits.iter().fold(true, |all, byte| all & is_digit(*byte)) {
        return None;
    }
    let value = |digit: u8| (digit & 15).wrapping_add((digit >> 6).wrapping_mul(9));
    let mut bytes = [0; N];
    for (slot, [high, low]) in bytes.iter_mut().zip(pairs) {
        *slot = value(*high) << 4 | value(*low);
    }
    Some(bytes)
}
