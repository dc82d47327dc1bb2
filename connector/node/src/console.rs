//! State of the console: open codes, sessions, and the keys of forms. All of it is in memory, so a restart ends every session.

pub mod act;
pub mod console_state;
pub mod file_grant;
pub mod form_key;
pub mod issuer_login;
pub mod kept_answers;
pub mod look;
pub mod passkey;
pub mod pending_act;
pub mod session;
pub mod sign_in_code;

use crate::config::ConnectorConfig;
use crate::config::console::SignInMethod;
use crate::config::person::PersonConfig;
use crate::config::person_key::PersonKey;
use crate::console::session::{Browser, IssuerSession, ListedSession, SessionLife, SessionTime};
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::participant::caller::Caller;
use crate::participant::pseudonyms::Person;
use crate::process::blocking_work::run_waiting;
use crate::process::randomness::{random_bytes, random_hex};
use hansa_audit_log::record::console::{ConsoleRefusalRecord, ConsoleSignInRecord};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Proof of a person that a code from the local socket gives.
const BY_LINK: &str = "link";

/// Proof of a person that a login at the issuer gives.
const BY_ISSUER: &str = "oidc";

/// Code for one sign-in, and the address at which it is typed.
#[derive(Debug)]
pub struct SignInInvitation {
    /// Address of the page; it contains no secret.
    pub address: String,
    /// Code, once and for one person.
    pub code: String,
    /// Name of the person.
    pub person: String,
}

/// Session of a person whose roles are those of the configuration in force.
#[derive(Debug, Clone)]
pub struct SignedInPerson {
    /// Person, with the roles.
    pub person: PersonConfig,
    /// Time that the session has left.
    pub left: SessionTime,
}

/// Gives a code to the person of a Unix user. Codes that the person has not used end.
///
/// # Errors
/// `CONSOLE_OFF` where no console is served, `PERSON_UNKNOWN` where the user is no person of the configuration.
pub fn issue_code(connector: &Connector, caller: &Caller) -> Result<SignInInvitation, Refusal> {
    let Some(origin) = connector.console.origin.get() else {
        return Err(Refusal::new(
            ErrorCode::ConsoleOff,
            "this connector serves no console",
        ));
    };
    let config = connector.config();
    if !config.console.sign_in.contains(&SignInMethod::Link) {
        let sentence = "people sign in to this console by the issuer alone";
        return Err(
            Refusal::new(ErrorCode::ConsoleOff, sentence).with_help(format!(
                "open {origin}/enter; or add \"link\" to `sign_in` under [console]"
            )),
        );
    }
    let key = caller.key(&config);
    let person = key.and_then(|key| find_person(&config, &key));
    let Some(person) = person else {
        let sentence = format!("{caller} is no person of this participant");
        return Err(
            Refusal::new(ErrorCode::PersonUnknown, sentence).with_help(format!(
                "add [person.NAME] with name, roles and unix to {}, then hansa reload",
                config.file.display()
            )),
        );
    };
    let ticks = connector.ticks();
    let code = connector
        .console
        .codes
        .lock()
        .issue(&person.key, random_bytes(), ticks);
    Ok(SignInInvitation {
        address: format!("{origin}/enter"),
        code,
        person: person.name.clone(),
    })
}

/// Opens a session for the person of a code. The sign-in is recorded before the session exists. Gives the secret of the cookie.
///
/// # Errors
/// `CONSOLE_CODE_INVALID`, `CONSOLE_BUSY`, or why it can't be recorded.
pub async fn sign_in(
    connector: &Connector,
    code: &str,
    browser: &Browser,
) -> Result<String, Refusal> {
    let ticks = connector.ticks();
    let (redeemed, is_open) = {
        let mut codes = connector.console.codes.lock();
        (codes.redeem(code, browser, ticks), codes.is_open())
    };
    let key = match redeemed {
        Ok(key) => key,
        Err(fault) => {
            // Too many tries, and tries while no code is open, write nothing, so that nobody fills the log.
            if fault == ErrorCode::ConsoleCodeInvalid && is_open {
                write_refusal(connector, None, fault, "enter").await?;
            }
            return Err(Refusal::new(
                fault,
                match fault {
                    ErrorCode::ConsoleBusy => "too many codes were tried in the last minute",
                    _ => "the code is unknown, used or over",
                },
            ));
        }
    };
    let config = connector.config();
    let Some(person) = find_person(&config, &key) else {
        let sentence = "the code is of nobody who is in the configuration now";
        return Err(Refusal::new(ErrorCode::PersonUnknown, sentence));
    };
    open_session(connector, person, browser, None).await
}

/// Opens a session of a person, after its record. Gives the secret of the cookie.
async fn open_session(
    connector: &Connector,
    person: &PersonConfig,
    browser: &Browser,
    login: Option<IssuerSession>,
) -> Result<String, Refusal> {
    let method = match login {
        Some(_) => BY_ISSUER,
        None => BY_LINK,
    };
    let record = ConsoleSignInRecord {
        actor: pseudonym_of(connector, person)?,
        method: method.to_owned(),
        roles: person
            .roles
            .iter()
            .map(|role| role.as_str().to_owned())
            .collect(),
    };
    let _recorded = connector.record(AuditEvent::from(record)).await?;
    let secret = random_hex(32);
    let mut sessions = connector.console.sessions.lock();
    sessions.open(&secret, person, browser, login, connector.ticks());
    Ok(secret)
}

/// Finds the session of a cookie, and notes that it is used. A session ends where its person or the roles have changed.
pub fn find_session(
    connector: &Connector,
    secret: &str,
    browser: &Browser,
) -> Option<SignedInPerson> {
    let config = connector.config();
    let life = session_life(&config);
    let mut sessions = connector.console.sessions.lock();
    let session = sessions.find(secret, browser, life, connector.ticks())?;
    let person = find_person(&config, &session.key);
    let person = person.filter(|person| person.roles == session.roles);
    let Some(person) = person else {
        sessions.end(secret);
        return None;
    };
    Some(SignedInPerson {
        person: person.clone(),
        left: session.left,
    })
}

/// Lists the sessions of a person that have not ended, the newest first.
pub fn list_sessions(
    connector: &Connector,
    secret: &str,
    person: &PersonConfig,
) -> Vec<ListedSession> {
    let life = session_life(&connector.config());
    let sessions = connector.console.sessions.lock();
    sessions.list_own(&person.key, secret, life, connector.ticks())
}

const fn session_life(config: &ConnectorConfig) -> SessionLife {
    SessionLife {
        idle: config.console.idle,
        longest: config.console.longest,
    }
}

/// Ends a session.
pub fn sign_out(connector: &Connector, secret: &str) {
    connector.console.sessions.lock().end(secret);
}

/// Ends a session of a person by its handle.
///
/// # Errors
/// `FORM_STALE` where there is no such session.
pub fn end_session(
    connector: &Connector,
    person: &PersonConfig,
    handle: &str,
) -> Result<(), Refusal> {
    let mut sessions = connector.console.sessions.lock();
    if sessions.end_own(&person.key, handle) {
        return Ok(());
    }
    let sentence = "this session has ended already";
    Err(Refusal::new(ErrorCode::FormStale, sentence))
}

/// Ends all sessions of a person but the one of a secret. Gives their number.
pub fn end_other_sessions(connector: &Connector, person: &PersonConfig, secret: &str) -> usize {
    let mut sessions = connector.console.sessions.lock();
    sessions.end_others(&person.key, secret)
}

/// Records that the roles of a person do not permit a page, once in each session.
///
/// # Errors
/// Why it can't be recorded.
pub async fn record_refusal(
    connector: &Connector,
    secret: &str,
    person: &PersonConfig,
    page: &str,
) -> Result<(), Refusal> {
    let is_first = {
        let mut sessions = connector.console.sessions.lock();
        sessions.note_refusal(secret, page)
    };
    match is_first {
        true => write_refusal(connector, Some(person), ErrorCode::RoleMissing, page).await,
        false => Ok(()),
    }
}

async fn write_refusal(
    connector: &Connector,
    person: Option<&PersonConfig>,
    code: ErrorCode,
    page: &str,
) -> Result<(), Refusal> {
    let actor = person.map(|person| pseudonym_of(connector, person));
    let record = ConsoleRefusalRecord {
        actor: actor.transpose()?,
        code: code.as_str().to_owned(),
        page: page.to_owned(),
    };
    let _recorded = connector.record(AuditEvent::from(record)).await?;
    Ok(())
}

/// Person of a key. A key with other accounts than those of now is one of an earlier configuration.
fn find_person<'a>(config: &'a ConnectorConfig, key: &PersonKey) -> Option<&'a PersonConfig> {
    config.people.iter().find(|person| person.key == *key)
}

fn pseudonym_of(connector: &Connector, person: &PersonConfig) -> Result<String, Refusal> {
    pseudonym_of_key(connector, &person.key)
}

fn pseudonym_of_key(connector: &Connector, key: &PersonKey) -> Result<String, Refusal> {
    let person = Person::Human(key.clone());
    run_waiting(|| {
        let pseudonyms = &connector.records.pseudonyms;
        pseudonyms.pseudonym(&person, connector.now())
    })
}
