//! Accounts by which a human being is known: a Unix user of this machine, and an account at the issuer.

use hansa_policy::refusal::{ErrorCode, Refusal};
use std::fmt;
use std::str::FromStr;

/// Accounts of one human being. Sessions, approvals and pseudonyms are of such a key, never of one account alone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey {
    unix: Option<u32>,
    account: Option<IssuerAccount>,
}

impl PersonKey {
    /// Key of a human being with one account or both; none without any.
    pub fn from_accounts(unix: Option<u32>, account: Option<IssuerAccount>) -> Option<Self> {
        (unix.is_some() || account.is_some()).then_some(Self { unix, account })
    }

    /// Key of somebody who is known as a Unix user alone.
    pub const fn of_user(user: u32) -> Self {
        Self {
            unix: Some(user),
            account: None,
        }
    }

    /// Key of somebody who is known by the issuer alone.
    pub const fn of_account(account: IssuerAccount) -> Self {
        Self {
            unix: None,
            account: Some(account),
        }
    }

    /// Unix user, where there is one.
    pub const fn unix(&self) -> Option<u32> {
        self.unix
    }

    /// Account at the issuer, where there is one.
    pub const fn account(&self) -> Option<&IssuerAccount> {
        self.account.as_ref()
    }

    /// True if both keys name an account of one human being.
    pub fn shares_account(&self, other: &Self) -> bool {
        let is_one_user = self.unix.is_some() && self.unix == other.unix;
        is_one_user || (self.account.is_some() && self.account == other.account)
    }
}

impl fmt::Display for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.unix, &self.account) {
            (Some(user), Some(account)) => {
                write!(f, "the Unix user {user}, the account {account}")
            }
            (Some(user), None) => write!(f, "the Unix user {user}"),
            (None, Some(account)) => write!(f, "the account {account}"),
            (None, None) => f.write_str("nobody"),
        }
    }
}

/// Account at an OpenID Connect issuer, as text `ISSUER#SUBJECT`. An issuer identifier has no `#`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IssuerAccount {
    /// Issuer identifier. Another issuer may give an equal subject to somebody else.
    pub issuer: String,
    /// Subject identifier, claim `sub`.
    pub subject: String,
}

impl fmt::Display for IssuerAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.issuer, self.subject)
    }
}

impl FromStr for IssuerAccount {
    type Err = Refusal;

    fn from_str(text: &str) -> Result<Self, Refusal> {
        let parts = text
            .split_once('#')
            .filter(|(issuer, subject)| issuer.contains("://") && !subject.is_empty());
        let (issuer, subject) = parts.ok_or_else(|| {
            let sentence = format!("`{text}` is no account at an issuer");
            Refusal::new(ErrorCode::UsageWrong, sentence)
                .with_help("an account is written as ISSUER#SUBJECT")
        })?;
        Ok(Self {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(subject: &str) -> IssuerAccount {
        IssuerAccount {
            issuer: "https://id.example".to_owned(),
            subject: subject.to_owned(),
        }
    }

    #[test]
    fn keys_with_one_common_account_are_of_one_human_being() {
        let both = PersonKey::from_accounts(Some(1001), Some(account("a"))).unwrap();
        let user = PersonKey::of_user(1001);
        let issuer = PersonKey::of_account(account("a"));
        assert!(both.shares_account(&user) && issuer.shares_account(&both));
        assert!(!user.shares_account(&issuer));
        assert!(!both.shares_account(&PersonKey::of_account(account("b"))));
        assert!(!issuer.shares_account(&PersonKey::of_account(account("b"))));
        assert_eq!(PersonKey::from_accounts(None, None), None);
    }

    #[test]
    fn an_account_is_read_back_from_its_text() {
        let written = account("f3b1#x").to_string();
        assert_eq!(written.parse::<IssuerAccount>().unwrap(), account("f3b1#x"));
        for wrong in [
            "",
            "maria",
            "1001",
            "https://id.example",
            "https://id.example#",
            "#a",
        ] {
            assert!(wrong.parse::<IssuerAccount>().is_err(), "{wrong}");
        }
    }
}
