//! Persons of this participant, beside the log: the identity behind each pseudonym, and the texts of reasons.
//!
//! The log names a person by random letters, and a reason by a salted digest. The identity and the text are stored here, each under
//! its own key (`hansa_audit_store::erasable_texts`). Without the key, nobody can read or guess them. A person gets a new pseudonym
//! each year. Entries that share an account are of one human being, also after the configuration has changed.

use crate::config::person_key::{IssuerAccount, PersonKey};
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
    /// Human being, by a Unix user, an account at the issuer, or both.
    Human(PersonKey),
    /// Holder of an access token, by the name that the participant has given.
    Named(String),
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Human(key) => key.fmt(f),
            Self::Named(name) => f.write_str(name),
        }
    }
}

impl Person {
    /// Human being who is known as a Unix user alone.
    pub const fn of_user(user: u32) -> Self {
        Self::Human(PersonKey::of_user(user))
    }

    /// Reads a person from typed text. A number is a Unix user, `ISSUER#SUBJECT` an account.
    pub fn from_typed_text(text: &str) -> Self {
        match (text.parse(), text.parse()) {
            (Ok(user), _) => Self::of_user(user),
            (_, Ok(account)) => Self::Human(PersonKey::of_account(account)),
            (Err(_), Err(_)) => Self::Named(text.to_owned()),
        }
    }

    /// Converts the person to JSON: the number of the Unix user, the text of the account, or a name.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Human(key) => match (key.unix(), key.account()) {
                (Some(user), _) => serde_json::json!(user),
                (None, account) => serde_json::json!(account.map(ToString::to_string)),
            },
            Self::Named(name) => serde_json::json!(name),
        }
    }

    fn count_accounts(&self) -> usize {
        match self {
            Self::Human(key) => {
                usize::from(key.unix().is_some()) + usize::from(key.account().is_some())
            }
            Self::Named(_) => 0,
        }
    }

    /// True if both are one human being, or one name.
    fn is_one_with(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Human(one), Self::Human(other)) => one.shares_account(other),
            (one, other) => one == other,
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

    /// Returns the pseudonym of a person in the year of `now`. A new pseudonym is stored before it is returned, and so is an account
    /// that the pseudonym did not have before.
    ///
    /// # Errors
    /// If the pseudonym can't be stored.
    pub fn pseudonym(&self, who: &Person, now: UtcTimestamp) -> Result<String, Refusal> {
        let year: String = now.to_string().chars().take(4).collect();
        let mut known = self.known.lock();
        let of_year = known.iter().filter(|entry| entry.year == year);
        let own: Vec<&PseudonymEntry> = of_year
            .filter(|entry| entry.person.is_one_with(who))
            .collect();
        if let Some(exact) = own.iter().find(|entry| entry.person == *who) {
            return Ok(exact.pseudonym.clone());
        }
        let earlier = own.first().map(|entry| entry.pseudonym.clone());
        let pseudonym = earlier.unwrap_or_else(|| random_hex(8));
        let mut members: Vec<(&str, Json)> = match who {
            Person::Human(key) => {
                let user = key.unix().map(|user| Json::from_count(u64::from(user)));
                let account = key.account().map(Json::from_display);
                [("user", user), ("account", account)]
                    .into_iter()
                    .filter_map(|(name, value)| Some((name, value?)))
                    .collect()
            }
            Person::Named(name) => vec![("name", Json::from_display(name))],
        };
        members.push(("year", Json::from_display(&year)));
        members.push(("pseudonym", Json::from_display(&pseudonym)));
        let text = to_canonical_bytes(&Json::object(members));
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
        if one == other {
            return true;
        }
        let known = self.known.lock();
        let of_one = select_connected(&known, |entry| entry.pseudonym == one);
        of_one.iter().any(|entry| entry.pseudonym == other)
    }

    /// Person behind a pseudonym, unless erased.
    pub fn person(&self, pseudonym: &str) -> Option<Person> {
        let known = self.known.lock();
        let entries = known.iter().filter(|entry| entry.pseudonym == pseudonym);
        let fullest = entries.max_by_key(|entry| entry.person.count_accounts());
        fullest.map(|entry| entry.person.clone())
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
        let all = select_connected(&known, |entry| entry.person.is_one_with(person));
        all.into_iter().cloned().collect()
    }

    /// Forgets identities in memory.
    pub(crate) fn forget(&self, gone: &[PseudonymEntry]) {
        let mut known = self.known.lock();
        known.retain(|entry| {
            gone.iter()
                .all(|gone| gone.held.commit != entry.held.commit)
        });
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

/// Entries of the human beings of some entries: with a common account or a common pseudonym, directly or through others.
fn select_connected(
    known: &[PseudonymEntry],
    is_first: impl Fn(&PseudonymEntry) -> bool,
) -> Vec<&PseudonymEntry> {
    let (mut found, mut rest): (Vec<_>, Vec<_>) = known.iter().partition(|entry| is_first(entry));
    let mut looked = 0;
    while let Some(entry) = found.get(looked).copied() {
        looked += 1;
        let (more, others): (Vec<_>, Vec<_>) = rest.into_iter().partition(|other| {
            other.pseudonym == entry.pseudonym || other.person.is_one_with(&entry.person)
        });
        found.extend(more);
        rest = others;
    }
    found
}

fn parse_entry(held: StoredText, text: &str) -> Option<PseudonymEntry> {
    let read = parse_json(text.as_bytes(), JsonLimits::default()).ok()?;
    let person = match (read.get("user"), read.get("account"), read.get("name")) {
        (None, None, Some(name)) => Person::Named(name.as_text()?.to_owned()),
        (user, account, None) => {
            let user = match user {
                Some(user) => Some(u32::try_from(user.as_count()?).ok()?),
                None => None,
            };
            let account = match account {
                Some(account) => Some(account.as_text()?.parse::<IssuerAccount>().ok()?),
                None => None,
            };
            Person::Human(PersonKey::from_accounts(user, account)?)
        }
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
    use crate::config::person_key::{IssuerAccount, PersonKey};
    use crate::participant::pseudonyms::{Person, PseudonymRegistry};
    use hansa_audit_log::time::UtcTimestamp;

    #[test]
    fn a_person_has_another_pseudonym_each_year_and_stays_one_person() {
        let dir = tempfile::tempdir().unwrap();
        let at = |year: i64| UtcTimestamp::from_micros(year * 31_557_600_000_000).unwrap();
        let people = PseudonymRegistry::open(dir.path(), |_| Ok(())).unwrap();
        let ida = Person::of_user(1001);
        let first = people.pseudonym(&ida, at(56)).unwrap();
        assert_eq!(people.pseudonym(&ida, at(56)).unwrap(), first);
        let later = people.pseudonym(&ida, at(57)).unwrap();
        let other = people.pseudonym(&Person::of_user(1002), at(56)).unwrap();
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

    #[test]
    fn accounts_of_one_human_being_have_one_pseudonym() {
        let dir = tempfile::tempdir().unwrap();
        let now = UtcTimestamp::from_micros(1_767_225_600_000_000).unwrap();
        let account = |subject: &str| IssuerAccount {
            issuer: "https://id.example".to_owned(),
            subject: subject.to_owned(),
        };
        let key = |unix, subject: Option<&str>| {
            Person::Human(PersonKey::from_accounts(unix, subject.map(account)).unwrap())
        };
        let people = PseudonymRegistry::open(dir.path(), |_| Ok(())).unwrap();
        let name = |person: &Person| people.pseudonym(person, now).unwrap();
        // Known as a Unix user first, then by both accounts, then by the issuer alone.
        let maria = name(&key(Some(1001), None));
        assert_eq!(name(&key(Some(1001), Some("maria"))), maria);
        assert_eq!(name(&key(None, Some("maria"))), maria);
        // Two accounts that have acted apart, and that the configuration then gives to one person.
        let (user, subject) = (name(&key(Some(1002), None)), name(&key(None, Some("rui"))));
        assert!(!people.are_one(&user, &subject));
        let rui = key(Some(1002), Some("rui"));
        let both = name(&rui);
        assert!(both == user && people.are_one(&user, &subject));
        assert!(!people.are_one(&user, &maria));
        drop(people);
        let people = PseudonymRegistry::open(dir.path(), |_| Ok(())).unwrap();
        assert!(people.are_one(&subject, &user) && people.are_one(&both, &subject));
        assert_eq!(people.person(&both), Some(rui));
        // An erasure by one account is one of the human being.
        let typed = Person::from_typed_text("https://id.example#rui");
        let gone = people.entries(&typed);
        assert_eq!(gone.len(), 3);
        people.forget(&gone);
        assert_eq!(people.person(&user), None);
        assert!(people.person(&maria).is_some());
    }
}
