//! Fingerprint of keys that two people can read to each other: forty digits in groups of five, independent of language.

use crate::keys::PublicKey;
use hansa_audit_log::digest::Digest;
use std::fmt;

/// Fingerprint of keys for comparison by people: about 132 bits of SHA-256 over their thumbprints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFingerprint(String);

impl KeyFingerprint {
    /// Fingerprint of these keys in this order.
    #[must_use]
    pub fn of(keys: &[&PublicKey]) -> Self {
        let names: Vec<&str> = keys.iter().map(|key| key.kid()).collect();
        let digest = Digest::of(format!("hansa fingerprint 1\n{}", names.join("\n")).as_bytes());
        let groups = digest.as_bytes().chunks_exact(4).map(|four| {
            let number = four
                .iter()
                .fold(0_u32, |sum, byte| sum << 8 | u32::from(*byte));
            format!("{:05}", number % 100_000)
        });
        Self(groups.collect::<Vec<_>>().join(" "))
    }

    /// True if the text is this fingerprint; only digits count.
    #[must_use]
    pub fn is_read_as(&self, message: &str) -> bool {
        let digits = |text: &str| -> String { text.chars().filter(char::is_ascii_digit).collect() };
        digits(message) == digits(&self.0)
    }
}

impl fmt::Display for KeyFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::KeyFingerprint;
    use crate::keys::PublicKey;

    #[test]
    fn a_fingerprint_is_read_in_groups_and_is_of_its_keys_alone() {
        let key = || {
            let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
            PublicKey::ed25519(pair.public_key_raw()).unwrap()
        };
        let (one, other) = (key(), key());
        let print = KeyFingerprint::of(&[&one]);
        let groups: Vec<String> = print.to_string().split(' ').map(str::to_owned).collect();
        assert_eq!(groups.len(), 8);
        assert!(groups.iter().all(|group| group.len() == 5), "{print}");
        assert_eq!(print, KeyFingerprint::of(&[&one]));
        assert_ne!(print, KeyFingerprint::of(&[&other]));
        assert_ne!(
            KeyFingerprint::of(&[&one, &other]),
            KeyFingerprint::of(&[&other, &one])
        );
        // Any grouping of the digits is accepted.
        assert!(print.is_read_as(&groups.concat()));
        assert!(print.is_read_as(&format!(" {}. ", groups.join("-"))));
        assert!(!print.is_read_as(""));
        assert!(!print.is_read_as(&KeyFingerprint::of(&[&other]).to_string()));
    }
}
