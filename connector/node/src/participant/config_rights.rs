//! Rights of people to change the configuration by commands.

use crate::config::person::Role;
use crate::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeSet;
use std::os::unix::fs::MetadataExt as _;

/// Unix users of the people with the role `operator`.
pub(super) fn list_operators(connector: &Connector) -> BTreeSet<u32> {
    let config = connector.config();
    let people = config.people.iter();
    let operators = people.filter(|person| person.roles.contains(&Role::Operator));
    operators.map(|person| person.unix).collect()
}

/// True for the Unix user that the connector runs as, and for root: both can edit the file.
pub(super) fn is_own_user(connector: &Connector, user: u32) -> bool {
    let own = std::fs::metadata(&connector.config().state);
    user == 0 || own.is_ok_and(|own| own.uid() == user)
}

/// Checks that a Unix user may approve the addition of a person.
pub(super) fn may_add_people(connector: &Connector, user: u32) -> bool {
    list_operators(connector).contains(&user) || is_own_user(connector, user)
}

/// Refuses a caller who may change no people.
///
/// # Errors
/// `ROLE_MISSING`
pub fn require_people_right(connector: &Connector, caller: Option<u32>) -> Result<(), Refusal> {
    if caller.is_none_or(|user| may_add_people(connector, user)) {
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
pub fn require_signer(connector: &Connector, caller: Option<u32>) -> Result<(), Refusal> {
    let config = connector.config();
    let approvers = &config.officers.approvers;
    let is_signer = |user: u32| approvers.contains(&user) || is_own_user(connector, user);
    if caller.is_none_or(is_signer) {
        return Ok(());
    }
    let sentence = "contracts on the offer are signed by the connector, so a person with the role `signer` makes this change";
    Err(Refusal::new(ErrorCode::RoleMissing, sentence))
}
