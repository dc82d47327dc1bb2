//! `[person.NAME]`: people of the participant, each with roles, a Unix user, and an account at the issuer.

use crate::config::officers::resolve_user_id;
use crate::config::person_key::{IssuerAccount, PersonKey};
use crate::config::reader::ConfigSection;
use std::collections::{BTreeMap, BTreeSet};

/// Role of a person at the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Drafts, compares and answers.
    Officer,
    /// An officer who signs and withdraws.
    Signer,
    /// Asks questions.
    Analyst,
    /// Reads evidence and the people behind pseudonyms.
    Auditor,
    /// Runs the connector.
    Operator,
}

impl Role {
    /// All roles.
    pub const ALL: &'static [Self] = &[
        Self::Officer,
        Self::Signer,
        Self::Analyst,
        Self::Auditor,
        Self::Operator,
    ];

    /// Word of the role.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Officer => "officer",
            Self::Signer => "signer",
            Self::Analyst => "analyst",
            Self::Auditor => "auditor",
            Self::Operator => "operator",
        }
    }
}

/// `[person.NAME]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonConfig {
    /// Short name of the person, as in `[person.NAME]`.
    pub short_name: String,
    /// Name of the person.
    pub name: String,
    /// Roles of the person.
    pub roles: BTreeSet<Role>,
    /// Accounts of the person.
    pub key: PersonKey,
}

/// Finds the person of a Unix user.
pub fn find_person_of_user(people: &[PersonConfig], user: u32) -> Option<&PersonConfig> {
    people.iter().find(|person| person.key.unix() == Some(user))
}

/// Key of a Unix user: the one of the person where the user is one, so that a human being has one key.
pub fn key_of_user(people: &[PersonConfig], user: u32) -> PersonKey {
    let person = find_person_of_user(people, user);
    person.map_or_else(|| PersonKey::of_user(user), |person| person.key.clone())
}

/// Reads the people. An account at the issuer has the issuer of section `[console.oidc]`.
pub(super) fn read_people(section: ConfigSection<'_>, issuer: Option<&str>) -> Vec<PersonConfig> {
    let mut people = Vec::new();
    let mut users: BTreeMap<u32, String> = BTreeMap::new();
    let mut subjects: BTreeMap<String, String> = BTreeMap::new();
    for (key, inner) in section.named_sections() {
        let name = inner.required_text("name");
        let mut roles = BTreeSet::new();
        for word in inner.texts("roles").unwrap_or_default() {
            match Role::ALL.iter().find(|role| role.as_str() == word) {
                Some(role) => {
                    roles.insert(*role);
                }
                None => {
                    let known: Vec<&str> = Role::ALL.iter().map(|role| role.as_str()).collect();
                    let known = known.join(", ");
                    inner.report_problem("roles", format!("`{word}` is no role: {known}"));
                }
            }
        }
        if roles.is_empty() {
            inner.report_problem("roles", format!("`{key}` has no role"));
        }
        if roles.contains(&Role::Signer) && !roles.contains(&Role::Officer) {
            inner.report_problem("roles", "a signer is an officer, too");
        }
        let unix = inner.text("unix");
        let user = unix.as_deref().and_then(|named| {
            let user = resolve_user_id(named);
            if user.is_none() {
                let sentence = format!("`{named}` is no Unix user of this machine");
                inner.report_problem("unix", sentence);
            }
            user
        });
        if let Some(user) = user
            && let Some(other) = users.insert(user, key.to_owned())
        {
            let sentence = format!("`{other}` and `{key}` are one Unix user, so one person");
            inner.report_problem("unix", sentence);
        }
        let account = read_account(&inner, issuer);
        if let Some(account) = &account
            && let Some(other) = subjects.insert(account.subject.clone(), key.to_owned())
        {
            let sentence = format!("`{other}` and `{key}` are one account, so one person");
            inner.report_problem("oidc", sentence);
        }
        let accounts = PersonKey::from_accounts(user, account);
        if accounts.is_none() && unix.is_none() && inner.value("oidc").is_none() {
            let sentence = format!(
                "`{key}` has no account: give it `unix`, a Unix user, or `oidc`, the `sub` at the issuer"
            );
            inner.report_problem("unix", sentence);
        }
        inner.finish();
        if let (Some(name), Some(accounts)) = (name, accounts) {
            people.push(PersonConfig {
                short_name: key.to_owned(),
                name,
                roles,
                key: accounts,
            });
        }
    }
    people
}

fn read_account(section: &ConfigSection<'_>, issuer: Option<&str>) -> Option<IssuerAccount> {
    let subject = section.text("oidc")?;
    let is_subject = !subject.is_empty() && subject.len() <= 255 && subject.is_ascii();
    if !is_subject {
        section.report_problem("oidc", "a `sub` is a text of 1 to 255 ASCII characters");
        return None;
    }
    let Some(issuer) = issuer else {
        section.report_problem(
            "oidc",
            "an account is one at an issuer, and section [console.oidc] names none",
        );
        return None;
    };
    Some(IssuerAccount {
        issuer: issuer.to_owned(),
        subject,
    })
}
