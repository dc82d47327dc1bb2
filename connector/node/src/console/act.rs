//! Acts of people at the console: the key of the form, the proof that the person is present, and the record before the effect.

use crate::console::form_key::{FormKeyFault, FormSubject, check_form_key, make_form_key};
use crate::console::pending_act::{
    ActOwner, DescribedAct, OpenedAct, PendingAct, PresenceChallenge, TYPED_BY,
};
use crate::console::session::DoneAct;
use crate::console::{SignedInPerson, find_person, pseudonym_of, pseudonym_of_key};
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use crate::participant::caller::Caller;
use crate::process::randomness::{random_bytes, random_hex};
use hansa_audit_log::record::console::{ConsoleActRecord, LoginProof, PasskeyProof};
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Proof that the person of an act was present.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActProof {
    /// The session alone: the act binds nobody and can be followed by another one.
    Session,
    /// A number from the page, typed at the machine of the connector by the person's Unix user.
    Host,
    /// The answer of a passkey to a challenge that names the act.
    Passkey(Box<PasskeyPresence>),
    /// A fresh login at the issuer.
    Login(LoginProof),
}

/// Verified answer of a passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PasskeyPresence {
    /// Pseudonym of the person in the challenge.
    pub(super) actor: String,
    /// Answer for the record.
    pub(super) proof: PasskeyProof,
}

impl ActProof {
    /// Word of the proof in the log.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Host => "host",
            Self::Passkey(_) => "passkey",
            Self::Login(_) => "login",
        }
    }
}

/// Act that is recorded, and not carried out yet.
#[derive(Debug, Clone)]
pub struct RecordedAct {
    /// Act.
    pub act: DescribedAct,
    /// Number of its record.
    pub record: u64,
}

/// Makes the key of a form.
pub fn issue_form_key(connector: &Connector, subject: FormSubject<'_>) -> String {
    make_form_key(subject, random_bytes(), connector.ticks())
}

/// Uses up the key of a form.
///
/// # Errors
/// `FORM_STALE` for a key that is not of this form, is over, or was used.
pub fn use_form_key(
    connector: &Connector,
    subject: FormSubject<'_>,
    key: &str,
) -> Result<(), Refusal> {
    take_form_key(connector, subject, key).map_err(Refusal::from)
}

/// Uses up the key of a form that is shown again where the key opens nothing.
///
/// # Errors
/// Why the key opens nothing.
pub fn take_form_key(
    connector: &Connector,
    subject: FormSubject<'_>,
    key: &str,
) -> Result<(), FormKeyFault> {
    check_form_key(subject, key, connector.ticks())?;
    // INVARIANT: console-act-once. A double click, a reload and a way back act no second time.
    let mut sessions = connector.console.sessions.lock();
    match sessions.use_key(subject.session, key) {
        true => Ok(()),
        false => Err(FormKeyFault::Sent),
    }
}

/// Keeps an act until its person has proven to be present. Gives its identity.
///
/// # Errors
/// Why the person has no pseudonym.
pub fn open_act(
    connector: &Connector,
    act: DescribedAct,
    owner: ActOwner<'_>,
) -> Result<String, Refusal> {
    let opened = OpenedAct {
        act,
        number: u32::from_be_bytes(random_bytes()),
        challenge: PresenceChallenge {
            actor: pseudonym_of_key(connector, owner.person)?,
            random: random_bytes(),
            at: connector.now(),
        },
    };
    let id = random_hex(16);
    let mut acts = connector.console.acts.lock();
    acts.open(&id, opened, owner, connector.ticks());
    Ok(id)
}

/// Finds a pending act of a session.
///
/// # Errors
/// `FORM_STALE` where there is none, or no longer.
pub fn find_act(
    connector: &Connector,
    id: &str,
    owner: ActOwner<'_>,
) -> Result<PendingAct, Refusal> {
    let mut acts = connector.console.acts.lock();
    acts.find(id, owner, connector.ticks()).cloned()
}

/// Takes a confirmed act of a session, to carry it out.
///
/// # Errors
/// `FORM_STALE` where there is none, or no longer; `ACT_UNCONFIRMED` where its person did not type the number.
pub fn take_act(
    connector: &Connector,
    id: &str,
    owner: ActOwner<'_>,
) -> Result<DescribedAct, Refusal> {
    let mut acts = connector.console.acts.lock();
    acts.take(id, owner, connector.ticks())
}

/// Takes an act of a session whose person has logged in afresh, and records it; none where no such login was made. Whoever calls has
/// checked that a login is enough for the act.
///
/// # Errors
/// `FORM_STALE` where there is no such act, or why it can't be recorded; then the act must not happen.
pub async fn record_act_by_login(
    connector: &Connector,
    person: &SignedInPerson,
    id: &str,
    owner: ActOwner<'_>,
) -> Result<Option<RecordedAct>, Refusal> {
    let (act, login) = {
        let mut acts = connector.console.acts.lock();
        let Some(login) = acts.find(id, owner, connector.ticks())?.login.clone() else {
            return Ok(None);
        };
        (acts.take_proven(id, owner, connector.ticks())?, login)
    };
    let record = record_act(connector, person, &act, ActProof::Login(login)).await?;
    Ok(Some(RecordedAct { act, record }))
}

/// Confirms the act of a number, for the Unix user at the local socket.
///
/// # Errors
/// `PERSON_UNKNOWN` where the user is no person of the configuration, `CONSOLE_CODE_INVALID` for a number of no act of this person.
pub fn confirm_act(
    connector: &Connector,
    caller: &Caller,
    number: &str,
) -> Result<DescribedAct, Refusal> {
    let config = connector.config();
    let key = caller.key(&config);
    let person = key.and_then(|key| find_person(&config, &key));
    let Some(person) = person else {
        let sentence = "the Unix user at this socket is no person of this participant";
        return Err(Refusal::new(ErrorCode::PersonUnknown, sentence));
    };
    let mut acts = connector.console.acts.lock();
    acts.confirm(&person.key, number, connector.ticks())
}

/// Confirms the addition of a passkey by its number, for a person without a Unix user. Whoever calls has checked that the caller is the
/// Unix user of the connector, who commands everything there.
///
/// # Errors
/// `PERSON_UNKNOWN` for a name of nobody, or of somebody who types the number alone, and `CONSOLE_CODE_INVALID` for a number of no such act.
pub fn confirm_addition_for(
    connector: &Connector,
    caller: &Caller,
    name: &str,
    number: &str,
) -> Result<DescribedAct, Refusal> {
    let config = connector.config();
    let mut named = config.people.iter().filter(|person| person.name == name);
    let (Some(person), None) = (named.next(), named.next()) else {
        let sentence = format!("`{name}` is the name of no person here, or of several");
        return Err(Refusal::new(ErrorCode::PersonUnknown, sentence)
            .with_help("hansa person list shows the names"));
    };
    if person.key.unix().is_some() {
        let sentence = format!("{name} has a Unix user, and types the number alone");
        return Err(Refusal::new(ErrorCode::PersonUnknown, sentence));
    }
    let typed_by = caller.pseudonym(connector)?.ok_or_else(|| {
        let sentence = "the kernel names nobody who types the number";
        Refusal::new(ErrorCode::PersonUnknown, sentence)
    })?;
    let mut acts = connector.console.acts.lock();
    acts.confirm_addition(&person.key, number, typed_by, connector.ticks())
}

/// Records an act before it is carried out. Gives the number of the record.
///
/// # Errors
/// Why it can't be recorded; then the act must not happen.
pub async fn record_act(
    connector: &Connector,
    person: &SignedInPerson,
    act: &DescribedAct,
    proof: ActProof,
) -> Result<u64, Refusal> {
    let record = build_act_record(connector, person, act, proof)?;
    // INVARIANT: console-act. The record is durable before anything is signed.
    let recorded = connector.record(AuditEvent::from(record)).await?;
    Ok(recorded.receipt().index())
}

/// Builds the record of an act.
pub(super) fn build_act_record(
    connector: &Connector,
    person: &SignedInPerson,
    act: &DescribedAct,
    proof: ActProof,
) -> Result<ConsoleActRecord, Refusal> {
    let word = proof.as_str().to_owned();
    // The challenge of a passkey names the pseudonym, which is another one in another year.
    let (actor, passkey, login) = match proof {
        ActProof::Passkey(presence) => (presence.actor, Some(presence.proof), None),
        ActProof::Session | ActProof::Host => {
            (pseudonym_of(connector, &person.person)?, None, None)
        }
        ActProof::Login(login) => (pseudonym_of(connector, &person.person)?, None, Some(login)),
    };
    Ok(ConsoleActRecord {
        actor,
        act: act.act.clone(),
        subject: act.subject.clone(),
        shown: act.shown.clone(),
        proof: word,
        passkey,
        login,
        typed_by: act.fields.get(TYPED_BY).cloned(),
    })
}

/// Keeps what a session did last, for the page of its subject.
pub fn keep_done_act(connector: &Connector, session: &str, done: DoneAct) {
    connector.console.sessions.lock().keep_act(session, done);
}

/// Last act of a session on a subject, for ten minutes.
pub fn last_act(connector: &Connector, session: &str, subject: &str) -> Option<DoneAct> {
    let sessions = connector.console.sessions.lock();
    sessions.last_act(session, subject, connector.ticks())
}

/// Last act of a session, if it led to a page, for ten minutes.
pub fn last_act_of_page(connector: &Connector, session: &str, page: &str) -> Option<DoneAct> {
    let sessions = connector.console.sessions.lock();
    sessions.last_act_of_page(session, page, connector.ticks())
}
