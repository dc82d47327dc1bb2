//! Sessions of people at the console: kept as the digest of their secret, bound to a network and a browser.

use crate::config::person::{PersonConfig, Role};
use crate::config::person_key::{IssuerAccount, PersonKey};
use hansa_audit_log::digest::Digest;
use hansa_policy::term::language::Language;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;
use std::time::Duration;

/// Most sessions of one person.
const SESSIONS: usize = 5;

/// Most keys of forms that one session uses.
const USED_KEYS: usize = 4096;

/// Time for which the page of a subject tells the last act, microseconds.
const TELL: i64 = 600 * 1_000_000;

/// Browser of a request.
#[derive(Debug, Clone)]
pub struct Browser {
    /// Address of the browser.
    pub address: Option<IpAddr>,
    /// `User-Agent` of the browser.
    pub name: String,
}

impl Browser {
    /// Network of the browser: an IPv4 /24 or an IPv6 /64.
    pub(super) fn network(&self) -> Vec<u8> {
        match self.address.map(|address| address.to_canonical()) {
            Some(IpAddr::V4(address)) => {
                let [a, b, c, _] = address.octets();
                vec![a, b, c]
            }
            Some(IpAddr::V6(address)) => address.octets().into_iter().take(8).collect(),
            None => Vec::new(),
        }
    }

    /// Digest of the network and of the browser's name.
    fn digest(&self) -> Digest {
        Digest::of_parts(&[self.network().as_slice(), self.name.as_bytes()])
    }
}

/// Person of a session.
#[derive(Debug, Clone)]
pub struct SessionPerson {
    /// Accounts of the person.
    pub key: PersonKey,
    /// Roles of the person at the sign-in.
    pub roles: BTreeSet<Role>,
    /// Time that is left.
    pub left: SessionTime,
}

/// Time that a session has left after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionTime {
    /// Time until the session ends, if no other request comes.
    pub left: Duration,
    /// `true` if another request makes it longer.
    pub can_grow: bool,
}

/// Login at the issuer that opened a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerSession {
    /// Account that logged in.
    pub account: IssuerAccount,
    /// Session at the issuer, where it is stated.
    pub sid: Option<String>,
}

/// Session of a person.
#[derive(Debug)]
struct Session {
    key: PersonKey,
    roles: BTreeSet<Role>,
    browser: Digest,
    /// Login at the issuer; absent for a session that a code opened.
    login: Option<IssuerSession>,
    /// Microseconds of the monotonic clock at the sign-in.
    opened: i64,
    /// Microseconds of the monotonic clock at the last request.
    used: i64,
    /// Pages that were refused to the person and recorded.
    refused: BTreeSet<String>,
    /// Keys of forms that were used.
    used_keys: HashSet<Digest>,
    /// Last act of the person in this session.
    done: Option<DoneAct>,
}

/// Act that a person has carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneAct {
    /// Words of the act, such as `contract sign`.
    pub act: String,
    /// Identity of the subject, such as a contract.
    pub subject: String,
    /// Number of its record.
    pub record: u64,
    /// True where another person must approve it.
    pub waits: bool,
    /// Microseconds of the monotonic clock at its end.
    pub ticks: i64,
    /// Words about the act of a form; absent where the page of the subject has words of its own.
    pub note: Option<DoneActNote>,
}

/// Words about an act of a form, for the page to which it led.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneActNote {
    /// Path of the page.
    pub page: String,
    /// Language of the sentence.
    pub language: Language,
    /// Sentence about the act.
    pub sentence: String,
    /// Lines that the command printed.
    pub lines: Vec<String>,
    /// True where a part of the command was refused or failed.
    pub has_faults: bool,
}

impl Session {
    /// Checks that the session was not used for too long, or is too old.
    fn is_over(&self, life: SessionLife, ticks: i64) -> bool {
        passed_since(self.used, ticks) >= life.idle
            || passed_since(self.opened, ticks) >= life.longest
    }

    /// Time that is left after a request at this instant.
    fn time_left(&self, life: SessionLife, ticks: i64) -> SessionTime {
        let by_age = life
            .longest
            .saturating_sub(passed_since(self.opened, ticks));
        SessionTime {
            left: by_age.min(life.idle),
            can_grow: by_age > life.idle,
        }
    }
}

/// Time since an earlier reading of the monotonic clock.
fn passed_since(since: i64, ticks: i64) -> Duration {
    Duration::from_micros(u64::try_from(ticks.saturating_sub(since)).unwrap_or_default())
}

/// Name of a session for people: the beginning of a digest of its digest.
fn make_handle(digest: &Digest) -> String {
    let named = Digest::of_parts(&[b"console session".as_slice(), digest.to_string().as_bytes()]);
    named.to_string().chars().take(16).collect()
}

/// Times after which sessions end.
#[derive(Debug, Clone, Copy)]
pub struct SessionLife {
    /// Time after the last request.
    pub idle: Duration,
    /// Time after the sign-in.
    pub longest: Duration,
}

/// Session in a list for its own person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSession {
    /// Name of the session in addresses and records, which is no secret.
    pub handle: String,
    /// Time since the sign-in.
    pub opened: Duration,
    /// Time since the last request.
    pub used: Duration,
    /// `true` for the session of the request that asks.
    pub is_this: bool,
}

/// All sessions, by the digest of their secret.
#[derive(Debug, Default)]
pub struct Sessions(HashMap<Digest, Session>);

impl Sessions {
    /// Opens a session. The oldest ones of the person end where there are too many.
    pub fn open(
        &mut self,
        secret: &str,
        person: &PersonConfig,
        browser: &Browser,
        login: Option<IssuerSession>,
        ticks: i64,
    ) {
        let mut own: Vec<_> = self
            .0
            .iter()
            .filter(|(_, session)| session.key == person.key)
            .map(|(digest, session)| (session.opened, *digest))
            .collect();
        own.sort_unstable();
        let too_many = (own.len() + 1).saturating_sub(SESSIONS);
        for (_, digest) in own.into_iter().take(too_many) {
            self.0.remove(&digest);
        }
        let session = Session {
            key: person.key.clone(),
            roles: person.roles.clone(),
            browser: browser.digest(),
            login,
            opened: ticks,
            used: ticks,
            refused: BTreeSet::new(),
            used_keys: HashSet::new(),
            done: None,
        };
        self.0.insert(Digest::of(secret.as_bytes()), session);
    }

    /// Person of the session of a secret. It ends here where its time is over, or another network or browser shows the secret.
    pub fn find(
        &mut self,
        secret: &str,
        browser: &Browser,
        life: SessionLife,
        ticks: i64,
    ) -> Option<SessionPerson> {
        let digest = Digest::of(secret.as_bytes());
        let session = self.0.get_mut(&digest)?;
        let has_ended = session.is_over(life, ticks) || session.browser != browser.digest();
        if has_ended {
            self.0.remove(&digest);
            return None;
        }
        session.used = ticks;
        Some(SessionPerson {
            key: session.key.clone(),
            roles: session.roles.clone(),
            left: session.time_left(life, ticks),
        })
    }

    /// Sessions of a person that have not ended, the newest first.
    pub fn list_own(
        &self,
        key: &PersonKey,
        secret: &str,
        life: SessionLife,
        ticks: i64,
    ) -> Vec<ListedSession> {
        let this = Digest::of(secret.as_bytes());
        let own = self.0.iter().filter(|(_, session)| session.key == *key);
        let mut listed: Vec<ListedSession> = own
            .filter(|(_, session)| !session.is_over(life, ticks))
            .map(|(digest, session)| ListedSession {
                handle: make_handle(digest),
                opened: passed_since(session.opened, ticks),
                used: passed_since(session.used, ticks),
                is_this: *digest == this,
            })
            .collect();
        listed.sort_by_key(|session| session.opened);
        listed
    }

    /// Ends the session of a secret.
    pub fn end(&mut self, secret: &str) {
        self.0.remove(&Digest::of(secret.as_bytes()));
    }

    /// Ends the sessions whose login at the issuer has ended. Gives their number.
    pub fn end_of_issuer(&mut self, is_ended: impl Fn(&IssuerSession) -> bool) -> usize {
        let before = self.0.len();
        self.0
            .retain(|_, session| !session.login.as_ref().is_some_and(&is_ended));
        before - self.0.len()
    }

    /// Ends the session of a handle, if it is of this person. False where there is none.
    pub fn end_own(&mut self, key: &PersonKey, handle: &str) -> bool {
        let before = self.0.len();
        self.0
            .retain(|digest, session| session.key != *key || make_handle(digest) != handle);
        self.0.len() < before
    }

    /// Ends the sessions of a person except that of a secret. Gives their number.
    pub fn end_others(&mut self, key: &PersonKey, secret: &str) -> usize {
        let before = self.0.len();
        let this = Digest::of(secret.as_bytes());
        self.0
            .retain(|digest, session| session.key != *key || *digest == this);
        before.saturating_sub(self.0.len())
    }

    /// Uses up the key of a form. False where the key was used before, or the session remembers too many.
    pub fn use_key(&mut self, secret: &str, key: &str) -> bool {
        let Some(session) = self.0.get_mut(&Digest::of(secret.as_bytes())) else {
            return false;
        };
        session.used_keys.len() < USED_KEYS && session.used_keys.insert(Digest::of(key.as_bytes()))
    }

    /// Keeps the last act of a session.
    pub fn keep_act(&mut self, secret: &str, done: DoneAct) {
        if let Some(session) = self.0.get_mut(&Digest::of(secret.as_bytes())) {
            session.done = Some(done);
        }
    }

    /// Last act of a session on a subject, for ten minutes.
    pub fn last_act(&self, secret: &str, subject: &str, ticks: i64) -> Option<DoneAct> {
        let session = self.0.get(&Digest::of(secret.as_bytes()))?;
        let done = session.done.as_ref()?;
        let is_recent = ticks.saturating_sub(done.ticks) < TELL;
        (is_recent && done.subject == subject).then(|| done.clone())
    }

    /// Last act of a session, if it led to a page, for ten minutes.
    pub fn last_act_of_page(&self, secret: &str, page: &str, ticks: i64) -> Option<DoneAct> {
        let session = self.0.get(&Digest::of(secret.as_bytes()))?;
        let done = session.done.as_ref()?;
        let is_recent = ticks.saturating_sub(done.ticks) < TELL;
        let note = done.note.as_ref()?;
        (is_recent && note.page == page).then(|| done.clone())
    }

    /// Notes that a page was refused in a session. True for the first time.
    pub fn note_refusal(&mut self, secret: &str, page: &str) -> bool {
        let session = self.0.get_mut(&Digest::of(secret.as_bytes()));
        session.is_none_or(|session| session.refused.insert(page.to_owned()))
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
            short_name: "maria".to_owned(),
            name: "Maria".to_owned(),
            roles: [Role::Officer].into(),
            key: PersonKey::of_user(1001),
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
            sessions.open("secret", &person(), &here, None, NOW);
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
    fn a_session_tells_the_time_that_is_left() {
        let here = browser(1, 1, "Firefox");
        let mut sessions = Sessions::default();
        sessions.open("secret", &person(), &here, None, NOW);
        let mut left_at = |seconds: i64| {
            let found = sessions.find("secret", &here, LIFE, NOW + seconds * 1_000_000);
            let left = found.unwrap().left;
            (left.left.as_secs(), left.can_grow)
        };
        assert_eq!(left_at(0), (900, true));
        assert_eq!(left_at(600), (900, true), "a request makes it longer");
        for seconds in (1_200..28_000).step_by(600) {
            left_at(seconds);
        }
        // Near its longest time nothing makes it longer.
        assert_eq!(left_at(28_200), (600, false));
        assert_eq!(left_at(28_500), (300, false));
    }

    #[test]
    fn a_person_has_five_sessions_and_the_oldest_ends() {
        let here = browser(1, 1, "Firefox");
        let mut sessions = Sessions::default();
        for at in 0..7 {
            sessions.open(&format!("s{at}"), &person(), &here, None, NOW + at);
        }
        let alive = (0..7).filter(|at| {
            let found = sessions.find(&format!("s{at}"), &here, LIFE, NOW + 10);
            found.is_some()
        });
        assert_eq!(alive.collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_person_sees_the_own_sessions_that_have_not_ended() {
        let here = browser(1, 1, "Firefox");
        let mut sessions = Sessions::default();
        sessions.open("old", &person(), &here, None, NOW);
        sessions.open("one", &person(), &here, None, NOW + 800_000_000);
        sessions.open("two", &person(), &here, None, NOW + 850_000_000);
        let other = PersonConfig {
            key: PersonKey::of_user(1002),
            ..person()
        };
        sessions.open("other", &other, &here, None, NOW + 850_000_000);
        let listed = sessions.list_own(&PersonKey::of_user(1001), "one", LIFE, NOW + 900_000_000);
        let seconds: Vec<u64> = listed
            .iter()
            .map(|session| session.opened.as_secs())
            .collect();
        assert_eq!(seconds, [50, 100]);
        assert!(!listed[0].is_this && listed[1].is_this);
    }

    #[test]
    fn a_person_ends_own_sessions_and_those_of_nobody_else() {
        let here = browser(1, 1, "Firefox");
        let mut sessions = Sessions::default();
        for secret in ["one", "two", "three"] {
            sessions.open(secret, &person(), &here, None, NOW);
        }
        let other = PersonConfig {
            key: PersonKey::of_user(1002),
            ..person()
        };
        sessions.open("other", &other, &here, None, NOW);
        let list = |sessions: &Sessions, user| {
            sessions.list_own(&PersonKey::of_user(user), "one", LIFE, NOW)
        };
        let own = PersonKey::of_user(1001);
        let stranger = list(&sessions, 1002).remove(0).handle;
        assert!(!sessions.end_own(&own, &stranger));
        let second = list(&sessions, 1001);
        let second = second.iter().find(|session| !session.is_this).unwrap();
        assert!(sessions.end_own(&own, &second.handle));
        assert!(!sessions.end_own(&own, &second.handle));
        assert_eq!(list(&sessions, 1001).len(), 2);
        assert_eq!(sessions.end_others(&own, "one"), 1);
        let left = list(&sessions, 1001);
        assert!(left.len() == 1 && left[0].is_this);
        assert_eq!(list(&sessions, 1002).len(), 1);
    }

    #[test]
    fn an_address_of_ipv4_has_its_network_in_both_writings() {
        let network = |text: &str| {
            let browser = Browser {
                address: Some(text.parse().unwrap()),
                name: String::new(),
            };
            browser.network()
        };
        assert_eq!(network("10.1.2.3"), network("::ffff:10.1.2.9"));
        assert_ne!(network("10.1.2.3"), network("::ffff:10.1.3.3"));
        assert_eq!(network("2001:db8:1:2::1"), network("2001:db8:1:2:9::1"));
    }

    #[test]
    fn an_act_is_told_on_its_page_alone_and_for_ten_minutes() {
        let mut sessions = Sessions::default();
        sessions.open("one", &person(), &browser(1, 1, "Firefox"), None, NOW);
        let done = DoneAct {
            act: "reload".to_owned(),
            subject: "munster.example".to_owned(),
            record: 7,
            waits: false,
            ticks: NOW,
            note: Some(DoneActNote {
                page: "/operations".to_owned(),
                language: Language::De,
                sentence: "Neu geladen.".to_owned(),
                lines: Vec::new(),
                has_faults: false,
            }),
        };
        sessions.keep_act("one", done.clone());
        let find = |secret: &str, page: &str, ticks| sessions.last_act_of_page(secret, page, ticks);
        assert_eq!(find("one", "/operations", NOW + TELL - 1), Some(done));
        assert_eq!(find("one", "/operations", NOW + TELL), None);
        assert_eq!(find("one", "/operations/peers", NOW), None);
        assert_eq!(find("two", "/operations", NOW), None);
    }

    #[test]
    fn a_page_is_refused_for_the_first_time_once_a_session() {
        let here = browser(1, 1, "Firefox");
        let mut sessions = Sessions::default();
        sessions.open("one", &person(), &here, None, NOW);
        sessions.open("two", &person(), &here, None, NOW);
        let first = ["one", "one", "two"].map(|secret| sessions.note_refusal(secret, "contracts"));
        assert_eq!(first, [true, false, true]);
    }

    #[test]
    fn a_logout_at_the_issuer_ends_the_sessions_of_its_logins_alone() {
        let here = browser(1, 1, "Firefox");
        let login = |subject: &str, sid: &str| IssuerSession {
            account: IssuerAccount {
                issuer: "https://id.example".to_owned(),
                subject: subject.to_owned(),
            },
            sid: Some(sid.to_owned()),
        };
        let mut sessions = Sessions::default();
        sessions.open("link", &person(), &here, None, NOW);
        sessions.open("one", &person(), &here, Some(login("maria", "1")), NOW);
        sessions.open("two", &person(), &here, Some(login("maria", "2")), NOW);
        let ended = sessions.end_of_issuer(|login| login.sid.as_deref() == Some("1"));
        assert_eq!(ended, 1);
        let alive =
            ["link", "one", "two"].map(|secret| sessions.find(secret, &here, LIFE, NOW).is_some());
        assert_eq!(alive, [true, false, true]);
        assert_eq!(
            sessions.end_of_issuer(|login| login.account.subject == "maria"),
            1
        );
    }
}
