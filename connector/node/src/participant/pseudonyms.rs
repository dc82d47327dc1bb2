//! The people of this house, beside the log: who stands behind a pseudonym, and what somebody wrote as a reason.
//!
//! The log names a person by random letters and a reason by a digest under a salt. What they stand for is here, each under
//! a key of its own (`hansa_audit_store::erasable_texts`): without it nobody can tell, nor guess. A person has another pseudonym each year.

use crate::process::randomness::{random_bytes, random_hex};
use hansa_audit_log::digest::Digest;
use hansa_audit_log::json::{Json, JsonLimits, canonical, parse};
use hansa_audit_log::time::UtcTimestamp;
use hansa_audit_store::erasable_texts::{ErasableTextStore, StoredText};
use hansa_policy::refusal::Refusal;
use parking_lot::Mutex;
use std::fmt;
use std::path::Path;

/// Its folder in the state.
pub const FOLDER: &str = "people";

/// Who stands behind pseudonyms, and the reasons that people gave.
#[derive(Debug)]
pub struct PseudonymRegistry {
    side: ErasableTextStore,
    known: Mutex<Vec<PseudonymEntry>>,
}

/// A person of this house.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Person {
    /// A Unix user, as the kernel knows it.
    User(u32),
    /// Whoever holds an access token, by the name that the house has given.
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
    /// A person as somebody types it: a number is a Unix user.
    pub fn from_typed_text(text: &str) -> Self {
        text.parse()
            .map_or_else(|_| Self::Named(text.to_owned()), Self::User)
    }

    /// As a value of JSON: a number, or a name.
    pub fn json(&self) -> serde_json::Value {
        match self {
            Self::User(user) => serde_json::json!(user),
            Self::Named(name) => serde_json::json!(name),
        }
    }
}

/// A person in one year.
#[derive(Debug, Clone)]
pub(crate) struct PseudonymEntry {
    /// The text that says who it is.
    pub(crate) held: StoredText,
    person: Person,
    year: String,
    /// How the log calls the person.
    pub(crate) pseudonym: String,
}

impl PseudonymRegistry {
    /// Those of this folder, but nobody who is `gone` by the log.
    ///
    /// # Errors
    /// When the store can't be read, or what is gone not be destroyed.
    pub(crate) fn open(
        folder: &Path,
        gone: impl FnOnce(&ErasableTextStore) -> Result<(), Refusal>,
    ) -> Result<Self, Refusal> {
        let side = ErasableTextStore::open(&folder.join(FOLDER))?;
        gone(&side)?;
        let mut known = Vec::new();
        for held in side.stored_texts()? {
            let text = side.text_of(held.commit)?;
            known.extend(text.and_then(|text| person(held, &text)));
        }
        let known = Mutex::new(known);
        Ok(Self { side, known })
    }

    /// The pseudonym of a person in the year of `now`; the first time it is made, and kept before it is given.
    ///
    /// # Errors
    /// When it can't be kept.
    pub fn pseudonym(&self, who: &Person, now: UtcTimestamp) -> Result<String, Refusal> {
        let year: String = now.to_string().chars().take(4).collect();
        let mut known = self.known.lock();
        let same = |entry: &&PseudonymEntry| entry.person == *who && entry.year == year;
        if let Some(entry) = known.iter().find(same) {
            return Ok(entry.pseudonym.clone());
        }
        let pseudonym = random_hex(8);
        let named = match who {
            Person::User(user) => ("user", Json::count(u64::from(*user))),
            Person::Named(name) => ("name", Json::text(name)),
        };
        let text = canonical(&Json::object([
            named,
            ("year", Json::text(&year)),
            ("pseudonym", Json::text(&pseudonym)),
        ]));
        let text = String::from_utf8_lossy(&text).into_owned();
        let held = self.side.keep_durably(now, random_bytes(), &text)?;
        known.extend(person(held, &text));
        Ok(pseudonym)
    }

    /// What the log holds of each person and year.
    #[cfg(test)]
    pub(crate) fn commits(&self) -> Vec<Digest> {
        let known = self.known.lock();
        known.iter().map(|person| person.held.commit).collect()
    }

    /// Whether these are two pseudonyms of one person, or the same one.
    pub(crate) fn are_one(&self, one: &str, other: &str) -> bool {
        one == other
            || self
                .person(one)
                .is_some_and(|person| self.person(other) == Some(person))
    }

    /// The person behind a pseudonym, as long as that is known.
    pub fn person(&self, pseudonym: &str) -> Option<Person> {
        let known = self.known.lock();
        let entry = known.iter().find(|entry| entry.pseudonym == pseudonym);
        entry.map(|entry| entry.person.clone())
    }

    /// Keeps what somebody wrote; gives what the log may hold of it.
    ///
    /// # Errors
    /// When it can't be kept.
    pub(crate) fn keep_reason(&self, at: UtcTimestamp, reason: &str) -> Result<Digest, Refusal> {
        let held = self.side.keep_durably(at, random_bytes(), reason)?;
        Ok(held.commit)
    }

    /// What somebody wrote, as long as it is here.
    ///
    /// # Errors
    /// When the store can't be read.
    pub fn reason(&self, commit: Digest) -> Result<Option<String>, Refusal> {
        self.side.text_of(commit)
    }

    /// A person in all years.
    pub(crate) fn entries(&self, person: &Person) -> Vec<PseudonymEntry> {
        let known = self.known.lock();
        let all = known.iter().filter(|entry| entry.person == *person);
        all.cloned().collect()
    }

    /// Knows no longer who a person was.
    pub(crate) fn forget(&self, person: &Person) {
        let mut known = self.known.lock();
        known.retain(|entry| entry.person != *person);
    }

    /// The texts beside the log.
    pub(crate) const fn side(&self) -> &ErasableTextStore {
        &self.side
    }

    /// Copies the store, as it is at one moment.
    ///
    /// # Errors
    /// When it can't be read or written.
    pub fn copy_to(&self, folder: &Path) -> Result<(), Refusal> {
        self.side.copy_to(folder)
    }
}

fn person(held: StoredText, text: &str) -> Option<PseudonymEntry> {
    let read = parse(text.as_bytes(), JsonLimits::default()).ok()?;
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
        // In another run, too: somebody who asked in December does not approve in January.
        drop(people);
        let people = PseudonymRegistry::open(dir.path(), |_| Ok(())).unwrap();
        assert!(people.are_one(&first, &later));
        assert!(!people.are_one(&first, &other));
        assert!(!people.are_one("unknown", "other"));
        assert_eq!(people.person(&later), Some(ida.clone()));
        // A name that is a number is no Unix user.
        let named = Person::Named("1001".to_owned());
        let of_the_name = people.pseudonym(&named, at(57)).unwrap();
        assert!(!people.are_one(&of_the_name, &later));
        assert_eq!(people.pseudonym(&ida, at(57)).unwrap(), later);
        let commit = people.keep_reason(at(57), "Ida asked for it").unwrap();
        let reason = people.reason(commit).unwrap();
        assert_eq!(reason.as_deref(), Some("Ida asked for it"));
    }
}
