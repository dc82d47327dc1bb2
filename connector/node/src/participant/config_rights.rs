//! Rights of people to change the configuration by commands.

use crate::config::person::Role;
use crate::config::person_key::PersonKey;
use crate::participant::Connector;
use crate::participant::caller::Caller;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

/// People with the role `operator`, by all accounts of each.
pub(super) fn list_operators(connector: &Connector) -> BTreeSet<PersonKey> {
    let config = connector.config();
    let people = config.people.iter();
    let operators = people.filter(|person| person.roles.contains(&Role::Operator));
    operators.map(|person| person.key.clone()).collect()
}

/// True for the Unix user that the connector runs as, and for root: both can edit the file.
pub(super) fn is_own_user(connector: &Connector, key: &PersonKey) -> bool {
    let own = std::fs::metadata(&connector.config().state);
    let is_own = |user: u32| user == 0 || own.is_ok_and(|own| own.uid() == user);
    key.unix().is_some_and(is_own)
}

/// Checks that a person may approve the addition of a person.
pub(super) fn may_add_people(connector: &Connector, key: &PersonKey) -> bool {
    list_operators(connector).contains(key) || is_own_user(connector, key)
}

/// Refuses a caller who may change no people.
///
/// # Errors
/// `ROLE_MISSING`
pub fn require_people_right(connector: &Connector, caller: &Caller) -> Result<(), Refusal> {
    let key = caller.key(&connector.config());
    if key.is_none_or(|key| may_add_people(connector, &key)) {
        return Ok(());
    }
    Err(missing_people_right())
}

pub(super) fn missing_people_right() -> Refusal {
    let sentence = "people are added and ended by a person with the role `operator`, or by the Unix user that the connector runs as";
    Refusal::new(ErrorCode::RoleMissing, sentence)
}

/// Refuses a change that only a signer may make, such as an offer that the connector signs by itself.
///
/// # Errors
/// `ROLE_MISSING` for a caller who is neither an approver nor the Unix user that the connector runs as.
pub fn require_signer(connector: &Connector, caller: &Caller) -> Result<(), Refusal> {
    let config = connector.config();
    let approvers = &config.officers.approvers;
    let is_signer = |key: PersonKey| approvers.contains(&key) || is_own_user(connector, &key);
    if caller.key(&config).is_none_or(is_signer) {
        return Ok(());
    }
    let sentence = "contracts on the offer are signed by the connector, so a person with the role `signer` makes this change";
    Err(Refusal::new(ErrorCode::RoleMissing, sentence))
}
