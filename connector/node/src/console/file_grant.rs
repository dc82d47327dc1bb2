//! Grants to take a file out of the console: each follows a proof that the person is present, and is for one session and some minutes.

use hansa_audit_log::digest::Digest;
use parking_lot::Mutex;
use std::collections::{BTreeMap, HashMap};

/// Minutes for which a grant is good.
pub const MINUTES_GRANTED: u32 = 5;

/// Microseconds of these minutes.
const LIFE: i64 = 5 * 60 * 1_000_000;

/// Most grants of all people. The oldest one ends.
const MOST: usize = 256;

/// Values of the act that led to a grant.
type GrantValues = BTreeMap<String, String>;

/// All grants, by the digest of session and file.
#[derive(Debug, Default)]
pub struct FileGrants(Mutex<HashMap<Digest, FileGrant>>);

#[derive(Debug)]
struct FileGrant {
    values: GrantValues,
    /// Microseconds of the monotonic clock at the grant.
    opened: i64,
}

impl FileGrants {
    /// Grants a file to a session. An earlier grant of it ends.
    pub fn grant(&self, session: &str, file: &str, values: GrantValues, ticks: i64) {
        let mut grants = self.0.lock();
        grants.retain(|_, grant| is_open(grant, ticks));
        if grants.len() >= MOST {
            let oldest = grants.iter().min_by_key(|(_, grant)| grant.opened);
            if let Some(key) = oldest.map(|(key, _)| *key) {
                grants.remove(&key);
            }
        }
        let grant = FileGrant {
            values,
            opened: ticks,
        };
        grants.insert(key_of(session, file), grant);
    }

    /// Values of the act that granted a file to a session; none where there is no grant, or no longer.
    pub fn find(&self, session: &str, file: &str, ticks: i64) -> Option<GrantValues> {
        let grants = self.0.lock();
        let grant = grants.get(&key_of(session, file))?;
        is_open(grant, ticks).then(|| grant.values.clone())
    }
}

const fn is_open(grant: &FileGrant, ticks: i64) -> bool {
    ticks.saturating_sub(grant.opened) < LIFE
}

fn key_of(session: &str, file: &str) -> Digest {
    Digest::of_parts(&[session.as_bytes(), file.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_is_for_its_session_its_file_and_its_time() {
        let grants = FileGrants::default();
        let values = BTreeMap::from([("dataset".to_owned(), "bikes".to_owned())]);
        grants.grant("one", "evidence", values.clone(), 1_000);
        assert_eq!(grants.find("one", "evidence", 1_000), Some(values.clone()));
        assert_eq!(grants.find("one", "evidence", 999 + LIFE), Some(values));
        for (session, file, ticks) in [
            ("two", "evidence", 1_000),
            ("one", "answer", 1_000),
            ("one", "evidence", 1_000 + LIFE),
        ] {
            assert_eq!(grants.find(session, file, ticks), None, "{session} {file}");
        }
    }

    #[test]
    fn grants_are_bounded() {
        let grants = FileGrants::default();
        for number in 0..i64::try_from(MOST).unwrap() + 1 {
            grants.grant("one", &number.to_string(), BTreeMap::new(), number);
        }
        assert_eq!(grants.0.lock().len(), MOST);
        assert_eq!(grants.find("one", "0", 10), None, "the oldest has ended");
        assert!(grants.find("one", "1", 10).is_some());
    }
}
