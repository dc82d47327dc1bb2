//! Addresses made of a base and a path.

/// The base and the path with exactly one slash between them (Dataspace Protocol 2025-1, HTTPS bindings: `callbackAddress`).
///
/// ```
/// use hansa_dataspace::join_address;
///
/// let address = join_address("https://rostock.example/dsp/", "/negotiations/urn:uuid:1/offers");
/// assert_eq!(address, "https://rostock.example/dsp/negotiations/urn:uuid:1/offers");
/// ```
#[must_use]
pub fn join_address(base: &str, path: &str) -> String {
    let base = base.trim_end_matches('/');
    let path = path.trim_start_matches('/');
    format!("{base}/{path}")
}
