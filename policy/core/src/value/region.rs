//! Regions that participants sit in.
//!
//! A region is `EU`, or a code of NUTS: a country of two letters and up to three more characters. It lies in itself and in
//! whatever its first characters name (`DEA33` in `DEA`), and what lies in a member state lies in the EU. Nothing is known of
//! the other way round: who is stated to sit in the EU sits in none of its states.

use std::fmt;
use std::str::FromStr;

/// `EU`, or a code of NUTS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode(String);

impl RegionCode {
    /// Whether `other` is this one or lies in it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.starts_with(&self.0) || (self.0 == EU && other.is_of_a_member())
    }

    fn is_of_a_member(&self) -> bool {
        let country = self.0.get(..2);
        country.is_some_and(|country| MEMBERS.contains(&country))
    }
}

const EU: &str = "EU";

/// The member states of the European Union since 1 February 2020, when the withdrawal of the United Kingdom took effect: the
/// parties of Article 52(1) of the Treaty on European Union. Written as in NUTS (Regulation (EC) No 1059/2003, Annex I), which
/// takes the codes of ISO 3166-1 but EL for Greece; its code of ISO is an issuer's word for the same country. A state that
/// joins or leaves does so on a day that is published long before (Articles 49 and 50), and is a change of this list.
const MEMBERS: [&str; 28] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "EL", "ES", "FI", "FR", "GR", "HR", "HU", "IE",
    "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

hansa_audit_log::serialize_as_text!(RegionCode);

impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a region is EU, a country such as DE, or a code of NUTS such as DEA33")]
pub struct RegionCodeError;

impl FromStr for RegionCode {
    type Err = RegionCodeError;

    fn from_str(text: &str) -> Result<Self, RegionCodeError> {
        let (country, below) = text.split_at_checked(2).ok_or(RegionCodeError)?;
        let letters = country.bytes().all(|b| b.is_ascii_uppercase());
        let rest = below
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
        if letters && rest && below.len() <= 3 && (country != "EU" || below.is_empty()) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RegionCodeError)
        }
    }
}
