//! Sessions of people at the console: kept as the digest of their secret, bound to a network and a browser.

use crate::config::person::{PersonConfig, Role};
use hansa_audit_log::digest::Digest;
use std::collections::{BTreeSet, HashMap};
use std::net::IpAddr;
use std::time::Duration;

/// Most sessions of one person.
const SESSIONS: usize = 5;

/// Most open form keys of a session.
const FORM_KEYS: usize = 64;

/// Life of a form key, microseconds.
const FORM_KEY_LIFE: i64 = 600 * 1_000_000;

/// Browser of a request.
#[derive(Debug, Clone)]
pub struct Browser {
    /// Address of the browser.
    pub address: Option<IpAddr>,
    /// `User-Agent` of the browser.
    pub name: String,
}

impl Browser {
    /// Digest of the network, an IPv4 /24 or an IPv6 /64, and of the browser's name.
    fn digest(&self) -> Digest {
        let network = match self.address {
            Some(IpAddr::V4(address)) => {
                let [a, b, c, _] = address.octets();
                vec![a, b, c]
            }
            Some(IpAddr::V6(address)) => address.octets().into_iter().take(8).collect(),
            None => Vec::new(),
        };
        Digest::of_parts(&[network.as_slice(), self.name.as_bytes()])
    }
}

/// Session of a person.
#[derive(Debug, Clone)]
pub struct Session {
    /// Unix user of the person.
    pub user: u32,
    /// Roles of the person at the sign-in.
    pub roles: BTreeSet<Role>,
    browser: Digest,
    /// Microseconds of the monotonic clock at the sign-in.
    opened: i64,
    /// The same for the last request.
    used: i64,
    form_keys: Vec<FormKey>,
}

#[derive(Debug, Clone)]
struct FormKey {
    digest: Digest,
    act: String,
    until: i64,
}

/// Times after which sessions end.
#[derive(Debug, Clone, Copy)]
pub struct SessionLife {
    /// Time after the last request.
    pub idle: Duration,
    /// Time after the sign-in.
    pub longest: Duration,
}

/// All sessions, by the digest of their secret.
#[derive(Debug, Default)]
pub struct Sessions(HashMap<Digest, Session>);

impl Sessions {
    /// Opens a session. The oldest ones of the person end where there are too many.
    pub fn open(&mut self, secret: &str, person: &PersonConfig, browser: &Browser, ticks: i64) {
        let mut own: Vec<_> = self
            .0
            .iter()
            .filter(|(_, session)| session.user == person.unix)
            .map(|(digest, session)| (session.opened, *digest))
            .collect();
        own.sort_unstable();
        let too_many = (own.len() + 1).saturating_sub(SESSIONS);
        for (_, digest) in own.into_iter().take(too_many) {
            self.0.remove(&digest);
        }
        let session = Session {
            user: person.unix,
            roles: person.roles.clone(),
            browser: browser.digest(),
            opened: ticks,
            used: ticks,
            form_keys: Vec::new(),
        };
        self.0.insert(Digest::of(secret.as_bytes()), session);
    }

    /// Session of a secret. It ends here where its time is over, or another network or browser shows the secret.
    pub fn find(
        &mut self,
        secret: &str,
        browser: &Browser,
        life: SessionLife,
        ticks: i64,
    ) -> Option<Session> {
        let digest = Digest::of(secret.as_bytes());
        let session = self.0.get_mut(&digest)?;
        let is_over = |since: i64, time: Duration| {
            let passed = u128::try_from(ticks.saturating_sub(since)).unwrap_or_default();
            passed >= time.as_micros()
        };
        let has_ended = is_over(session.used, life.idle)
            || is_over(session.opened, life.longest)
            || session.browser != browser.digest();
        if has_ended {
            self.0.remove(&digest);
            return None;
        }
        session.used = ticks;
        Some(session.clone())
    }

    /// Ends the session of a secret.
    pub fn end(&mut self, secret: &str) {
        self.0.remove(&Digest::of(secret.as_bytes()));
    }

    /// Adds the key of a form for one act.
    pub fn add_form_key(&mut self, secret: &str, key: &str, act: &str, ticks: i64) {
        let Some(session) = self.0.get_mut(&Digest::of(secret.as_bytes())) else {
            return;
        };
        session.form_keys.retain(|key| ticks < key.until);
        if session.form_keys.len() >= FORM_KEYS {
            session.form_keys.remove(0);
        }
        session.form_keys.push(FormKey {
            digest: Digest::of(key.as_bytes()),
            act: act.to_owned(),
            until: ticks.saturating_add(FORM_KEY_LIFE),
        });
    }

    /// Uses up the key of a form. True if the session has it for this act.
    pub fn take_form_key(&mut self, secret: &str, act: &str, key: &str, ticks: i64) -> bool {
        let Some(session) = self.0.get_mut(&Digest::of(secret.as_bytes())) else {
            return false;
        };
        let digest = Digest::of(key.as_bytes());
        let found = session
            .form_keys
            .iter()
            .position(|key| key.digest == digest && key.act == act && ticks < key.until);
        found.is_some_and(|at| {
            session.form_keys.remove(at);
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const NOW: i64 = 5_000_000_000;
    const LIFE: SessionLife = SessionLife {
        idle: Duration::from_secs(900),
        longest: Duration::from_secs(8 * 3600),
    };

    fn person() -> PersonConfig {
        PersonConfig {
            key: "maria".to_owned(),
            name: "Maria".to_owned(),
            roles: [Role::Officer].into(),
            unix: 1001,
        }
    }

    fn browser(third: u8, last: u8, name: &str) -> Browser {
        Browser {
            address: Some(IpAddr::V4(Ipv4Addr::new(10, 0, third, last))),
            name: name.to_owned(),
        }
    }

    #[test]
    fn a_session_ends_by_rest_by_age_and_by_another_browser() {
        let here = browser(1, 1, "Firefox");
        let opened = || {
            let mut sessions = Sessions::default();
            sessions.open("secret", &person(), &here, NOW);
            sessions
        };
        let mut sessions = opened();
        assert!(sessions.find("other", &here, LIFE, NOW).is_none());
        let near = browser(1, 200, "Firefox");
        assert!(
            sessions
                .find("secret", &near, LIFE, NOW + 899_999_999)
                .is_some()
        );
        assert!(
            sessions
                .find("secret", &here, LIFE, NOW + 1_799_000_000)
                .is_some()
        );
        assert!(
            sessions
                .find("secret", &here, LIFE, NOW + 2_699_000_000)
                .is_none()
        );
        for (other, what) in [
            (browser(2, 1, "Firefox"), "another network"),
            (browser(1, 1, "curl"), "another browser"),
        ] {
            let mut sessions = opened();
            assert!(
                sessions.find("secret", &other, LIFE, NOW).is_none(),
                "{what}"
            );
            // The secret is known to somebody else, so it is good for nobody.
            assert!(
                sessions.find("secret", &here, LIFE, NOW).is_none(),
                "{what}"
            );
        }
        let mut sessions = opened();
        let mut ticks = NOW;
        while ticks < NOW + 8 * 3600 * 1_000_000 {
            assert!(sessions.find("secret", &here, LIFE, ticks).is_some());
            ticks += 600 * 1_000_000;
        }
        assert!(sessions.find("secret", &here, LIFE, ticks).is_none());
    }

    #[test]
    fn a_person_has_five_sessions_and_the_oldest_ends() {
        let here = browser(1, 1, "Firefox");
        let mut sessions = Sessions::default();
        for at in 0..7 {
            sessions.open(&format!("s{at}"), &person(), &here, NOW + at);
        }
        let alive = (0..7).filter(|at| {
            let found = sessions.find(&format!("s{at}"), &here, LIFE, NOW + 10);
            found.is_some()
        });
        assert_eq!(alive.collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_form_key_is_for_one_act_of_one_session_once() {
        let here = browser(1, 1, "Firefox");
        let mut sessions = Sessions::default();
        sessions.open("one", &person(), &here, NOW);
        sessions.open("two", &person(), &here, NOW);
        sessions.add_form_key("one", "key", "leave", NOW);
        assert!(!sessions.take_form_key("two", "leave", "key", NOW));
        assert!(!sessions.take_form_key("one", "sign", "key", NOW));
        assert!(!sessions.take_form_key("one", "leave", "key", NOW + FORM_KEY_LIFE));
        assert!(sessions.take_form_key("one", "leave", "key", NOW));
        assert!(!sessions.take_form_key("one", "leave", "key", NOW));
    }
}
