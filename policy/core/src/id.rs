//! Names and identities. Each is checked when it is parsed, so a value of these types is always well formed.

use hansa_audit_log::digest::Digest;
use hansa_audit_log::serialize_as_text;
use std::fmt;
use std::str::FromStr;

/// Identity of a participant: `hansa://<domain>`, lower case. It stands in exactly one URI SAN of the participant's certificates.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParticipantId(String);

impl ParticipantId {
    const SCHEME: &'static str = "hansa://";

    /// Identity with its scheme.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Domain without the scheme, as in results and receipts.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.strip_prefix(Self::SCHEME).unwrap_or(&self.0)
    }

    /// Default alias of the participant, where the configuration sets none: the first label of the domain, if it is a valid name.
    #[must_use]
    pub fn default_alias(&self) -> Option<SqlIdentifier> {
        let label = self.domain().split('.').next()?;
        label.replace('-', "_").parse().ok()
    }
}

serialize_as_text!(
    ParticipantId,
    SqlIdentifier,
    DatasetId,
    ContractId,
    ClauseId,
    RequestId,
    PurposeId
);

impl fmt::Display for ParticipantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ParticipantId {
    type Err = IdentifierError;

    /// Parses `hansa://munster.example` and, for convenience, `munster.example`.
    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let domain = text.strip_prefix(Self::SCHEME).unwrap_or(text);
        let label_ok = |label: &str| {
            (1..=63).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
        };
        if domain.len() > 200 || domain.split('.').count() < 2 || !domain.split('.').all(label_ok) {
            return Err(IdentifierError::Participant);
        }
        Ok(Self(format!("{}{domain}", Self::SCHEME)))
    }
}

/// Name of a dataset, column or alias: `[a-z][a-z0-9_]{0,62}`, except the reserved words.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SqlIdentifier(String);

impl SqlIdentifier {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SqlIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for SqlIdentifier {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let mut bytes = text.bytes();
        let head = bytes.next().is_some_and(|b| b.is_ascii_lowercase());
        let tail = bytes.all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if !head || !tail || text.len() > 63 {
            return Err(IdentifierError::Name);
        }
        if RESERVED.contains(&text) {
            return Err(IdentifierError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Reserved words: no dataset, column or alias may have them as name.
pub const RESERVED: [&str; 4] = ["model", "hansa", "public", "information_schema"];

/// Identity of a dataset, with its owner; written `hansa://munster.example/d/bike_counts`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DatasetId {
    /// Participant that publishes the dataset.
    pub owner: ParticipantId,
    /// Name of the dataset at its owner.
    pub name: SqlIdentifier,
}

impl fmt::Display for DatasetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/d/{}", self.owner, self.name)
    }
}

impl FromStr for DatasetId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let (owner, name) = text.split_once("/d/").ok_or(IdentifierError::Dataset)?;
        if !owner.starts_with(ParticipantId::SCHEME) {
            return Err(IdentifierError::Dataset);
        }
        Ok(Self {
            owner: owner.parse()?,
            name: name.parse()?,
        })
    }
}

/// Identity of a contract: the SHA-256 of the payload bytes that the parties signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContractId(pub Digest);

impl ContractId {
    /// First twelve hexadecimal digits, for people.
    #[must_use]
    pub fn to_short_text(&self) -> String {
        self.0.to_short_text()
    }
}

impl fmt::Display for ContractId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ContractId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        text.parse()
            .map(Self)
            .map_err(|_| IdentifierError::Contract)
    }
}

/// The number of a clause; written `#c12`, and `#r12` where it stands in a provider's restriction and in no contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClauseId(pub u32);

impl ClauseId {
    /// The numbers from here on are those of restrictions; no contract has one of them.
    const RESTRICTIONS: u32 = 1 << 31;

    /// Number of the clause in a restriction. It differs from every number of a contract's clause.
    #[must_use]
    pub const fn in_restriction(self) -> Self {
        Self(self.0 | Self::RESTRICTIONS)
    }

    /// Number within the restriction; none for a clause of a contract.
    #[must_use]
    pub const fn of_restriction(self) -> Option<u32> {
        if self.0 < Self::RESTRICTIONS {
            None
        } else {
            Some(self.0 & !Self::RESTRICTIONS)
        }
    }
}

impl fmt::Display for ClauseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.of_restriction() {
            None => write!(f, "#c{}", self.0),
            Some(number) => write!(f, "#r{number}"),
        }
    }
}

impl FromStr for ClauseId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let digits = text.strip_prefix("#c").ok_or(IdentifierError::Clause)?;
        if digits.starts_with('0') || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdentifierError::Clause);
        }
        let id = digits
            .parse()
            .map(Self)
            .map_err(|_| IdentifierError::Clause)?;
        match id.of_restriction() {
            None => Ok(id),
            Some(_) => Err(IdentifierError::Clause),
        }
    }
}

/// Purpose of the taxonomy: `dpv:ResearchAndDevelopment`, or an own one such as `mobility-research`.
///
/// [`crate::term::purpose::Taxonomy`] holds the existing purposes and their order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PurposeId(String);

impl PurposeId {
    /// Purpose as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PurposeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PurposeId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        let local = text.strip_prefix("dpv:").unwrap_or(text);
        let ok = (1..=80).contains(&local.len())
            && local
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(IdentifierError::Purpose)
        }
    }
}

/// Identity of one question, chosen by the asking participant: 16 random bytes, shown as 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub [u8; 16]);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for RequestId {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, IdentifierError> {
        if text.len() != 32 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(IdentifierError::Request);
        }
        let mut bytes = [0_u8; 16];
        for (slot, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
            let pair = std::str::from_utf8(pair).map_err(|_| IdentifierError::Request)?;
            *slot = u8::from_str_radix(pair, 16).map_err(|_| IdentifierError::Request)?;
        }
        Ok(Self(bytes))
    }
}

/// Error of a malformed name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierError {
    /// Not an identity of a participant.
    #[error(
        "a participant is written `hansa://` and a lower-case domain, such as hansa://munster.example"
    )]
    Participant,
    /// Not a valid name.
    #[error("a name starts with a lower-case letter and holds up to 63 of a-z, 0-9 and _")]
    Name,
    /// Name that is a reserved word.
    #[error("`model`, `hansa`, `public` and `information_schema` are reserved")]
    Reserved,
    /// Not an identity of a dataset.
    #[error("a dataset is written hansa://<domain>/d/<name>")]
    Dataset,
    /// Not an identity of a contract.
    #[error("a contract is named by the 64 hexadecimal digits of its hash")]
    Contract,
    /// Not a number of a clause.
    #[error("a clause is written #c and its number")]
    Clause,
    /// Not a purpose.
    #[error("a purpose is a name such as traffic-planning or dpv:ResearchAndDevelopment")]
    Purpose,
    /// Not an identity of a question.
    #[error("a request is named by 32 hexadecimal digits")]
    Request,
}
