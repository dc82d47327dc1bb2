//! `[person.NAME]`: people of the participant, each with roles and a Unix user.

use crate::config::officers::resolve_user_id;
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
    /// Name of the person.
    pub name: String,
    /// Roles of the person.
    pub roles: BTreeSet<Role>,
    /// Unix user of the person.
    pub unix: u32,
}

/// Reads the people.
pub(super) fn read_people(section: ConfigSection<'_>) -> Vec<PersonConfig> {
    let mut people = Vec::new();
    let mut users: BTreeMap<u32, String> = BTreeMap::new();
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
        let unix = inner.required_text("unix");
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
        inner.finish();
        if let (Some(name), Some(unix)) = (name, user) {
            people.push(PersonConfig { name, roles, unix });
        }
    }
    people
}
