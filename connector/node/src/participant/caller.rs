//! Whoever gives a command.

use crate::config::ConnectorConfig;
use crate::config::person::{find_person_of_user, key_of_user};
use crate::config::person_key::PersonKey;
use crate::participant::pseudonyms::Person;
use std::fmt;

/// Whoever gives a command to the connector.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Caller {
    /// The connector itself, or a command in a process of its own. No person is known.
    #[default]
    Process,
    /// Unix user who is no person of the configuration, by the number from the kernel.
    User(u32),
    /// Person of the configuration, by all accounts of the person.
    Person(PersonKey),
}

impl Caller {
    /// Caller for a Unix user at the local socket. A user whose number stands under `[person]` is that person.
    pub fn from_local_user(config: &ConnectorConfig, user: Option<u32>) -> Self {
        let Some(user) = user else {
            return Self::Process;
        };
        match find_person_of_user(&config.people, user) {
            Some(person) => Self::Person(person.key.clone()),
            None => Self::User(user),
        }
    }

    /// Unix user of the caller, where there is one.
    pub const fn unix(&self) -> Option<u32> {
        match self {
            Self::Process => None,
            Self::User(user) => Some(*user),
            Self::Person(key) => key.unix(),
        }
    }

    /// Human being behind a command, as the configuration knows the accounts now.
    pub fn key(&self, config: &ConnectorConfig) -> Option<PersonKey> {
        match self {
            Self::Process => None,
            Self::User(user) => Some(key_of_user(&config.people, *user)),
            Self::Person(key) => Some(key.clone()),
        }
    }

    /// Human being behind a command, for the author of a question.
    pub(crate) fn person(&self) -> Option<Person> {
        match self {
            Self::Process => None,
            Self::User(user) => Some(Person::Human(PersonKey::of_user(*user))),
            Self::Person(key) => Some(Person::Human(key.clone())),
        }
    }
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Process => f.write_str("this process"),
            Self::User(user) => write!(f, "the Unix user {user}"),
            Self::Person(key) => key.fmt(f),
        }
    }
}
