//! Persons of this participant, beside the log: the identity behind each pseudonym, and the texts of reasons.
//!
//! The log names a person by random letters, and a reason by a salted digest. The identity and the text are stored here, each under
//! its own key (`hansa_audit_store::erasable_texts`). Without the key, nobody can read or guess them. A person gets a new pseudonym
//! each year.

use crate::process::randomness::{random_bytes, random_hex};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, parse_json, to_canonical_bytes};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::erasable_texts::{ErasableTextStore, StoredText};
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;
use std::fmt;
use std::path::Path;

/// Folder of the store in the state.
pub const FOLDER: &str = "people";

/// Identities behind pseudonyms, and the reasons of persons.
#[derive(Debug)]
pub struct PseudonymRegistry {
    side: ErasableTextStore,
    known: Mutex<Vec<PseudonymEntry>>,
}

/// Person of this participant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// Unix user, by the number that the kernel reports.
    User(u32),
    /// Holder of an access token, by the name that the participant has given.
    Named(String),
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(user) => write!(f, "the Unix user {user}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl Person {
    /// Reads a person from typed text. A number is a Unix user.
    pub fn from_typed_text(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Named(text.to_owned()), Self::User)
    }

    /// Converts the person to JSON: a number, or a name.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::User(user) => serde_json::json!(user),
            Self::Named(name) => serde_json::json!(name),
        }
    }
}

/// Identity of a person in one year.
#[derive(Debug, Clone)]
pub(crate) struct PseudonymEntry {
    /// Stored text with the identity.
    pub(crate) held: StoredText,
    person: Person,
    year: String,
    /// Pseudonym of the person in the log.
    pub(crate) pseudonym: String,
}

impl PseudonymRegistry {
    /// Opens the registry of a folder, without the persons that the log names as `gone`.
    ///
    /// # Errors
    /// If the store can't be read, or erased texts can't be destroyed.
    pub(crate) fn open(
        folder: &Path,
        gone: impl FnOnce(&ErasableTextStore) -> Result<(), Refusal>,
    ) -> Result<Self, Refusal> {
        let side = ErasableTextStore::open(&folder.join(FOLDER))?;
        gone(&side)?;
        let mut known = Vec::new();
        for held in side.stored_texts()? {
            let text = side.text_of(held.commit)?;
            known.extend(text.and_then(|text| parse_entry(held, &text)));
        }
        let known = Mutex::new(known);
        Ok(Self { side, known })
    }

    /// Returns the pseudonym of a person in the year of `now`. A new pseudonym is stored before it is returned.
    ///
    /// # Errors
    /// If the pseudonym can't be stored.
    pub fn pseudonym(&self, who: &Person, now: UtcTimestamp) -> Result<String, Refusal> {
        let year: String = now.to_string().chars().take(4).collect();
        let mut known = self.known.lock();
        let same = |entry: &&PseudonymEntry| entry.person == *who && entry.year == year;
        if let Some(entry) = known.iter().find(same) {
            return Ok(entry.pseudonym.clone());
        }
        let pseudonym = random_hex(8);
        let named = match who {
            Person::User(user) => ("user", Json::from_count(u64::from(*user))),
            Person::Named(name) => ("name", Json::from_display(name)),
        };
        let text = to_canonical_bytes(&Json::object([
            named,
            ("year", Json::from_display(&year)),
            ("pseudonym", Json::from_display(&pseudonym)),
        ]));
        let text = String::from_utf8_lossy(&text).into_owned();
        let held = self.side.keep_durably(now, random_bytes(), &text)?;
        known.extend(parse_entry(held, &text));
        Ok(pseudonym)
    }

    /// Digests under which the log knows each person and year.
    #[cfg(test)]
    pub(crate) fn known_commitments(&self) -> Vec<Digest> {
        let known = self.known.lock();
        known.iter().map(|person| person.held.commit).collect()
    }

    /// Checks that two pseudonyms belong to one person.
    pub(crate) fn are_one(&self, one: &str, other: &str) -> bool {
        one == other
            || self
                .person(one)
                .is_some_and(|person| self.person(other) == Some(person))
    }

    /// Person behind a pseudonym, unless erased.
    pub fn person(&self, pseudonym: &str) -> Option<Person> {
        let known = self.known.lock();
        let entry = known.iter().find(|entry| entry.pseudonym == pseudonym);
        entry.map(|entry| entry.person.clone())
    }

    /// Stores the text of a reason. Returns the digest for the log.
    ///
    /// # Errors
    /// If the text can't be stored.
    pub(crate) fn keep_reason(&self, at: UtcTimestamp, reason: &str) -> Result<Digest, Refusal> {
        let held = self.side.keep_durably(at, random_bytes(), reason)?;
        Ok(held.commit)
    }

    /// Text of a reason, unless erased.
    ///
    /// # Errors
    /// If the store can't be read.
    pub fn reason(&self, commit: Digest) -> Result<Option<String>, Refusal> {
        self.side.text_of(commit)
    }

    /// Identities of a person in all years.
    pub(crate) fn entries(&self, person: &Person) -> Vec<PseudonymEntry> {
        let known = self.known.lock();
        let all = known.iter().filter(|entry| entry.person == *person);
        all.cloned().collect()
    }

    /// Forgets the identities of a person in memory.
    pub(crate) fn forget(&self, person: &Person) {
        let mut known = self.known.lock();
        known.retain(|entry| entry.person != *person);
    }

    /// Store of the texts beside the log.
    pub(crate) const fn text_store(&self) -> &ErasableTextStore {
        &self.side
    }

    /// Copies the store as of one moment.
    ///
    /// # Errors
    /// If the store can't be read or written.
    pub fn copy_to(&self, folder: &Path) -> Result<(), Refusal> {
        self.side.copy_to(folder)
    }
}

fn parse_entry(held: StoredText, text: &str) -> Option<PseudonymEntry> {
    let read = parse_json(text.as_bytes(), JsonLimits::default()).ok()?;
    let person = match (read.get("user"), read.get("name")) {
        (Some(user), None) => Person::User(u32::try_from(user.as_count()?).ok()?),
        (None, Some(name)) => Person::Named(name.as_text()?.to_owned()),
        _ => return None,
    };
    Some(PseudonymEntry {
        held,
        person,
        year: read.get("year")?.as_text()?.to_owned(),
        pseudonym: read.get("pseudonym")?.as_text()?.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use crate::participant::pseudonyms::{Person, PseudonymRegistry};
    use hansa_audit_log::time::UtcTimestamp;

    #[test]
    fn a_person_has_another_pseudonym_each_year_and_stays_one_person() {
        let dir = tempfile::tempdir().unwrap();
        let at = |year: i64| UtcTimestamp::from_micros(year * 31_557_600_000_000).unwrap();
        let people = PseudonymRegistry::open(dir.path(), |_| Ok(())).unwrap();
        let ida = Person::User(1001);
        let first = people.pseudonym(&ida, at(56)).unwrap();
        assert_eq!(people.pseudonym(&ida, at(56)).unwrap(), first);
        let later = people.pseudonym(&ida, at(57)).unwrap();
        let other = people.pseudonym(&Person::User(1002), at(56)).unwrap();
        assert!(first != later && first != other);
        // Also after a restart: an officer who made a request in December can't approve it in January.
        drop(people);
        let people = PseudonymRegistry::open(dir.path(), |_| Ok(())).unwrap();
        assert!(people.are_one(&first, &later));
        assert!(!people.are_one(&first, &other));
        assert!(!people.are_one("unknown", "other"));
        assert_eq!(people.person(&later), Some(ida.clone()));
        // A token holder whose name is a number is no Unix user.
        let named = Person::Named("1001".to_owned());
        let of_the_name = people.pseudonym(&named, at(57)).unwrap();
        assert!(!people.are_one(&of_the_name, &later));
        assert_eq!(people.pseudonym(&ida, at(57)).unwrap(), later);
        let commit = people.keep_reason(at(57), "Ida asked for it").unwrap();
        let reason = people.reason(commit).unwrap();
        assert_eq!(reason.as_deref(), Some("Ida asked for it"));
    }
}
