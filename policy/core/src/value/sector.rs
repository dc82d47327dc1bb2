//! Economic sectors of participants.
//!
//! A sector is a code of NACE, the statistical classification of economic activities in the European Union, with its
//! section: `nace:H49.31` is of Rev. 2 (Regulation (EC) No 1893/2006), `nace2.1:H49.31` of Rev. 2.1 (Delegated Regulation
//! (EU) 2023/137). A code covers itself and all codes below it in the same revision: those with the same section whose digits start
//! with its digits, level by level (division two, group three, class four). No code covers one of the other revision, in which the
//! same letter may have another meaning.

use std::fmt;
use std::str::FromStr;

/// Code of NACE.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectorCode {
    revision: NaceRevision,
    /// Section, `A` to `V`.
    section: char,
    /// Digits: none for a section, two for a division, three for a group, four for a class.
    digits: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum NaceRevision {
    /// Rev. 2.
    Two,
    /// Rev. 2.1.
    TwoOne,
}

impl NaceRevision {
    const fn prefix(self) -> &'static str {
        match self {
            Self::Two => "nace",
            Self::TwoOne => "nace2.1",
        }
    }

    /// All sections with their first and last division.
    const fn sections(self) -> &'static [(char, u8, u8)] {
        match self {
            Self::Two => &[
                ('A', 1, 3),
                ('B', 5, 9),
                ('C', 10, 33),
                ('D', 35, 35),
                ('E', 36, 39),
                ('F', 41, 43),
                ('G', 45, 47),
                ('H', 49, 53),
                ('I', 55, 56),
                ('J', 58, 63),
                ('K', 64, 66),
                ('L', 68, 68),
                ('M', 69, 75),
                ('N', 77, 82),
                ('O', 84, 84),
                ('P', 85, 85),
                ('Q', 86, 88),
                ('R', 90, 93),
                ('S', 94, 96),
                ('T', 97, 98),
                ('U', 99, 99),
            ],
            Self::TwoOne => &[
                ('A', 1, 3),
                ('B', 5, 9),
                ('C', 10, 33),
                ('D', 35, 35),
                ('E', 36, 39),
                ('F', 41, 43),
                ('G', 46, 47),
                ('H', 49, 53),
                ('I', 55, 56),
                ('J', 58, 60),
                ('K', 61, 63),
                ('L', 64, 66),
                ('M', 68, 68),
                ('N', 69, 75),
                ('O', 77, 82),
                ('P', 84, 84),
                ('Q', 85, 85),
                ('R', 86, 88),
                ('S', 90, 93),
                ('T', 94, 96),
                ('U', 97, 98),
                ('V', 99, 99),
            ],
        }
    }
}

impl SectorCode {
    /// True if `other` equals this sector or lies below it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        self.revision == other.revision
            && self.section == other.section
            && other.digits.starts_with(&self.digits)
    }
}

hansa_audit_log::serialize_as_text!(SectorCode);

impl fmt::Display for SectorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.revision.prefix(), self.section)?;
        match self.digits.split_at_checked(2) {
            Some((division, below)) if !below.is_empty() => write!(f, "{division}.{below}"),
            Some(_) | None => f.write_str(&self.digits),
        }
    }
}

/// Error of a text that is not a code of NACE.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a sector is a code of NACE with its section, such as nace:H49.31 (Rev. 2) or nace2.1:H49.31 (Rev. 2.1)"
)]
pub struct SectorCodeError;

impl FromStr for SectorCode {
    type Err = SectorCodeError;

    fn from_str(text: &str) -> Result<Self, SectorCodeError> {
        let (prefix, code) = text.split_once(':').ok_or(SectorCodeError)?;
        let revision = [NaceRevision::Two, NaceRevision::TwoOne]
            .into_iter()
            .find(|revision| revision.prefix() == prefix)
            .ok_or(SectorCodeError)?;
        let mut chars = code.chars();
        let section = chars.next().ok_or(SectorCodeError)?;
        let digits: String = chars.filter(|c| *c != '.').collect();
        let (_, first, last) = revision
            .sections()
            .iter()
            .find(|(known, _, _)| *known == section)
            .ok_or(SectorCodeError)?;
        let numbers = digits.bytes().all(|b| b.is_ascii_digit());
        let level = match digits.split_at_checked(2) {
            None => digits.is_empty(),
            Some((division, below)) => {
                below.len() <= 2
                    && division
                        .parse::<u8>()
                        .is_ok_and(|division| (*first..=*last).contains(&division))
            }
        };
        let sector = Self {
            revision,
            section,
            digits,
        };
        if numbers && level && sector.to_string() == text {
            Ok(sector)
        } else {
            Err(SectorCodeError)
        }
    }
}
