//! Object identifiers of time stamps, as the content octets of their DER.

/// `id-signedData` (RFC 5652, section 5.1).
pub(super) const SIGNED_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
/// `id-ct-TSTInfo` (RFC 3161, section 2.4.2).
pub(super) const TIMESTAMP_INFO: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 1, 4];
/// `id-contentType` (RFC 5652, section 11.1).
pub(super) const CONTENT_TYPE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 3];
/// `id-messageDigest` (RFC 5652, section 11.2).
pub(super) const MESSAGE_DIGEST: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 4];
/// `id-aa-signingCertificate` (RFC 5035, section 5.4.1).
pub(super) const SIGNING_CERTIFICATE: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 2, 12];
/// `id-aa-signingCertificateV2` (RFC 5035, section 3).
pub(super) const SIGNING_CERTIFICATE_V2: &[u8] =
    &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x10, 2, 47];
/// `id-sha1` (RFC 3370, section 2.1).
pub(super) const SHA_1: &[u8] = &[0x2b, 0x0e, 3, 2, 0x1a];
/// `id-sha256` (RFC 5754, section 2.2).
pub(super) const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// `id-sha384` (RFC 5754, section 2.3).
pub(super) const SHA_384: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2];
/// `id-sha512` (RFC 5754, section 2.4).
pub(super) const SHA_512: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3];
/// `rsaEncryption`, with the digest named beside it (RFC 5754, section 3.2).
pub(super) const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
/// `sha256WithRSAEncryption` (RFC 5754, section 3.2).
pub(super) const RSA_SHA_256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
/// `sha384WithRSAEncryption`.
pub(super) const RSA_SHA_384: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 12];
/// `sha512WithRSAEncryption`.
pub(super) const RSA_SHA_512: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 13];
/// `id-RSASSA-PSS` (RFC 4056, section 3).
pub(super) const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
/// `ecdsa-with-SHA256` (RFC 5754, section 3.3).
pub(super) const ECDSA_SHA_256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
/// `ecdsa-with-SHA384`.
pub(super) const ECDSA_SHA_384: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];
/// `ecdsa-with-SHA512`.
pub(super) const ECDSA_SHA_512: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
/// `id-Ed25519` (RFC 8419, section 2.1).
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
/// `id-kp-timeStamping` (RFC 3161, section 2.3).
pub(super) const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];
/// `anyExtendedKeyUsage` (RFC 5280, section 4.2.1.12).
pub(super) const ANY_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0];

/// Dotted form of the content octets; none for an invalid encoding (X.690, section 8.19).
pub(super) fn to_dotted_text(octets: &[u8]) -> Option<String> {
    let mut arcs: Vec<u64> = Vec::new();
    let mut arc = None;
    for octet in octets {
        let value: u64 = arc.unwrap_or(0);
        // Refuses leading zeros, and an arc above 64 bits.
        if (arc.is_none() && *octet == 0x80) || value > u64::MAX >> 7 {
            return None;
        }
        let value = value << 7 | u64::from(octet & 0x7f);
        if octet & 0x80 == 0 {
            arcs.push(value);
            arc = None;
        } else {
            arc = Some(value);
        }
    }
    let (first, rest) = arcs.split_first()?;
    if arc.is_some() {
        return None;
    }
    let root = (first / 40).min(2);
    let mut text = format!("{root}.{}", first.saturating_sub(root.saturating_mul(40)));
    for arc in rest {
        text.push_str(&format!(".{arc}"));
    }
    Some(text)
}
