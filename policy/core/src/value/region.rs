//! Regions of participants' seats.
//!
//! A region is `EU`, or a NUTS code: a country of two letters and up to three more characters. A region lies in itself and in every
//! prefix of its code (`DEA33` in `DEA`). A region in a member state lies in the EU. The reverse does not hold: a participant with
//! the region `EU` lies in none of its states.

use std::fmt;
use std::str::FromStr;

/// Code of a region: `EU`, or a NUTS code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode(String);

impl RegionCode {
    /// True if `other` equals this region or lies in it.
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

/// Member states of the European Union since 1 February 2020, after the withdrawal of the United Kingdom: the parties of Article
/// 52(1) of the Treaty on European Union. The codes are those of NUTS (Regulation (EC) No 1059/2003, Annex I), which equal ISO
/// 3166-1 except EL for Greece; issuers may use the ISO code of Greece too. Accessions and withdrawals are published long before
/// they take effect (Articles 49 and 50), and are a change of this list.
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

/// Error of a text that is not a region.
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
