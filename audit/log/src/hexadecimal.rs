//! Hexadecimal notation of digests and salts.

/// Writes bytes as lower-case digits.
pub(crate) fn write_hex(bytes: &[u8], out: &mut String) {
    let digit = |nibble: u8| {
        char::from(if nibble < 10 {
            b'0' + nibble
        } else {
            b'a' - 10 + nibble
        })
    };
    for byte in bytes {
        out.push(digit(byte >> 4));
        out.push(digit(byte & 15));
    }
}
