//! `[officers]`: officers of this connector, each a Unix user, and the steps that need two of them.

use crate::config::person::{PersonConfig, Role, key_of_user};
use crate::config::person_key::PersonKey;
use crate::config::reader::ConfigSection;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// `[officers]`
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OfficersConfig {
    /// Unix user IDs of the officers.
    pub users: BTreeSet<u32>,
    /// Those who approve: the officers, and the people with the role `signer`. A human being stands here once.
    pub approvers: BTreeSet<PersonKey>,
    /// Socket for officers and people; absent without them.
    pub socket: Option<PathBuf>,
    /// True if less strict amendments and withdrawals need two officers.
    pub second: bool,
}

/// Reads the section.
pub(super) fn read_officers_config(
    section: ConfigSection<'_>,
    folder: &Path,
    people: &[PersonConfig],
) -> OfficersConfig {
    let mut users = BTreeSet::new();
    for named in section.texts("users").unwrap_or_default() {
        match resolve_user_id(&named) {
            Some(user) => {
                users.insert(user);
            }
            None => section.report_problem(
                "users",
                format!("`{named}` is no Unix user of this machine, by number or by name"),
            ),
        }
    }
    let socket = section
        .text("socket")
        .unwrap_or_else(|| "officers.sock".to_owned());
    let second = section
        .word("second", &[("never", false), ("looser", true)])
        .unwrap_or(false);
    let signers = people
        .iter()
        .filter(|person| person.roles.contains(&Role::Signer));
    let approvers: BTreeSet<PersonKey> = users
        .iter()
        .map(|user| key_of_user(people, *user))
        .chain(signers.map(|person| person.key.clone()))
        .collect();
    if second && approvers.len() < 2 {
        let sentence = "a second officer is asked for, and `officers.users` and the people with the role `signer` are less than two \
                        human beings";
        let help = "name them, by number or by name: users = [\"maria\", \"1002\"]";
        let refusal = Refusal::new(ErrorCode::ConfigInvalid, sentence);
        section.report_refusal("users", refusal.with_help(help));
    }
    section.finish();
    OfficersConfig {
        // A person gets a code for the console there.
        socket: (!users.is_empty() || !people.is_empty()).then(|| folder.join(socket)),
        approvers,
        users,
        second,
    }
}

/// Looks up a user ID. A name is resolved by the user database of this machine.
pub(super) fn resolve_user_id(named: &str) -> Option<u32> {
    if let Ok(number) = named.parse() {
        return Some(number);
    }
    let known = std::fs::read_to_string("/etc/passwd").ok()?;
    known.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next() == Some(named))
            .then(|| fields.nth(1)?.parse().ok())
            .flatten()
    })
}
