//! Logins at the issuer: a sign-in, a fresh login before an act, and the logout that the issuer tells.
//!
//! A browser that comes back from the issuer brings no session cookie, since another site has sent it. The cookie with `state` tells
//! which login it has begun, and so which session a fresh login is for.

mod login_rate;
pub(super) mod open_logins;

use crate::config::ConnectorConfig;
use crate::config::person_key::IssuerAccount;
use crate::console::act::find_act;
use crate::console::issuer_login::open_logins::{LoginPurpose, WaitingAct};
use crate::console::pending_act::{ActOwner, DescribedAct};
use crate::console::session::{Browser, IssuerSession};
use crate::console::{SignedInPerson, open_session, write_refusal};
use crate::negotiation::message_replay::load_negotiation;
use crate::participant::Connector;
use crate::process::blocking_work::run_waiting;
use crate::process::randomness::random_bytes;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::console::LoginProof;
use hansa_oidc::{
    CallbackParameters, ClientSecret, EndedSessions, Issuer, IssuerConfig, KeptSignIn,
    SignInEntropy, SignInOutcome, SignInStart, SignedInSubject, StepUpProof,
};
use hansa_policy::contract::mandate::DisclosureClass;
use hansa_policy::id::ContractId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Path to which the issuer sends a browser back.
pub const CALLBACK_PATH: &str = "/oidc/callback";

/// Name of the pages in the record of a refusal.
const PAGE: &str = "oidc";

/// Most bytes of the file with the secret.
const SECRET_BYTES: u64 = 4096;

/// Login that has begun.
#[derive(Debug)]
pub struct StartedLogin {
    /// Address at the issuer.
    pub address: String,
    /// Value for the cookie of the browser that goes there.
    pub state: String,
}

/// Login that has ended well.
#[derive(Debug)]
pub enum FinishedLogin {
    /// A person has signed in. Holds the secret of the session.
    SignedIn(String),
    /// The person of a pending act has proven to be present. Holds the identity of the act.
    ActProven(String),
}

/// Reads the settings of the issuer with the secret; none where people sign in without an issuer.
///
/// # Errors
/// `FILE_MISSING` or `KEY_FILE_PERMISSIONS` about the file of the secret.
pub fn read_issuer_config(config: &ConnectorConfig) -> Result<Option<IssuerConfig>, Refusal> {
    let Some(oidc) = config.console.sign_in_issuer() else {
        return Ok(None);
    };
    // INVARIANT: oidc-secret-file. Others on the machine can't read the secret.
    let secret = run_waiting(|| hansa_files::read_private(&oidc.secret_file, SECRET_BYTES))?;
    Ok(Some(IssuerConfig {
        issuer: oidc.issuer.clone(),
        client: oidc.client.clone(),
        secret: ClientSecret::new(&String::from_utf8_lossy(&secret)),
        acr: oidc.acr.clone(),
    }))
}

/// Checks that a fresh login is enough for an act: its contract shows neither rows nor columns about persons.
///
/// # Errors
/// If the negotiation of the act can't be read.
pub fn is_login_enough(connector: &Connector, act: &DescribedAct) -> Result<bool, Refusal> {
    let agreement = match act.subject.parse::<ContractId>() {
        Ok(id) => connector
            .contracts
            .with_registry(|registry| registry.agreement(id).cloned()),
        Err(_) => {
            let open = load_negotiation(connector, &act.subject)?;
            let becomes = act.fields.get("becomes");
            open.as_ref()
                .map(|open| open.state.proposal())
                .filter(|proposal| becomes == Some(&proposal.contract.to_string()))
                .map(|proposal| proposal.agreement.clone())
        }
    };
    // INVARIANT: login-for-aggregates. The issuer alone can't let out rows in the name of a person.
    Ok(agreement.is_some_and(|agreement| {
        DisclosureClass::for_agreement(&agreement).0 == DisclosureClass::Aggregate
    }))
}

/// Begins a sign-in. With `is_fresh`, a login of earlier does not count, as after a sign-out.
///
/// # Errors
/// `CONSOLE_OFF`, `CONSOLE_BUSY`, `ISSUER_UNREACHABLE`, `ISSUER_ANSWER_INVALID`, or why the secret can't be read.
pub async fn begin_sign_in(
    connector: &Connector,
    browser: &Browser,
    is_fresh: bool,
) -> Result<StartedLogin, Refusal> {
    let logins = &connector.console.logins;
    logins.rate.lock().count(browser, connector.ticks())?;
    let issuer = find_issuer(connector).await?;
    let address = callback_address(connector)?;
    let start = issuer.begin_sign_in(&address, is_fresh, &draw_entropy(), connector.now());
    Ok(keep_login(connector, start, LoginPurpose::SignIn))
}

/// Begins a fresh login for a pending act of a session. Whoever calls has checked that a login is enough for the act.
///
/// # Errors
/// `FORM_STALE` where there is no such act, `SIGN_IN_REFUSED` for a person without an account, or as [`begin_sign_in`].
pub async fn begin_act_login(
    connector: &Connector,
    browser: &Browser,
    person: &SignedInPerson,
    id: &str,
    owner: ActOwner<'_>,
) -> Result<StartedLogin, Refusal> {
    let _pending = find_act(connector, id, owner)?;
    let account = person.person.key.account().ok_or_else(|| {
        let sentence = "this person has no account at the issuer";
        Refusal::new(ErrorCode::SignInRefused, sentence)
    })?;
    let logins = &connector.console.logins;
    logins.rate.lock().count(browser, connector.ticks())?;
    let issuer = find_issuer(connector).await?;
    let address = callback_address(connector)?;
    let entropy = draw_entropy();
    let start = issuer.begin_step_up(&address, &account.subject, &entropy, connector.now());
    let act = WaitingAct {
        id: id.to_owned(),
        person: person.person.clone(),
        session: Digest::of(owner.session.as_bytes()),
    };
    Ok(keep_login(
        connector,
        start,
        LoginPurpose::Act(Box::new(act)),
    ))
}

/// Finishes the login that the browser of a cookie has begun. A refused one is recorded. `parameters` are those with which the browser
/// came.
///
/// # Errors
/// `SIGN_IN_REFUSED`, `PERSON_UNKNOWN`, `FORM_STALE` for an act that is over, `ISSUER_UNREACHABLE`, `ISSUER_ANSWER_INVALID`, or why it
/// can't be recorded.
pub async fn finish_login(
    connector: &Connector,
    state: Option<&str>,
    parameters: &BTreeMap<String, String>,
    browser: &Browser,
) -> Result<FinishedLogin, Refusal> {
    let now = connector.now();
    let kept = {
        let mut waiting = connector.console.logins.waiting.lock();
        state.and_then(|state| waiting.take(state, now))
    };
    // Without a login that waits, nothing is recorded, so that nobody fills the log.
    let Some(KeptSignIn { pending, context }) = kept else {
        let sentence = "this browser has begun no sign-in, or it took longer than ten minutes";
        return Err(
            Refusal::new(ErrorCode::SignInRefused, sentence).with_help("begin the sign-in again")
        );
    };
    let callback = CallbackParameters::from_query(parameters);
    let finished = async {
        let issuer = find_issuer(connector).await?;
        let outcome = issuer.finish_sign_in(pending, &callback, now).await?;
        match (outcome, &context) {
            (SignInOutcome::SignedIn(subject), LoginPurpose::SignIn) => {
                let account = name_account(&issuer, &subject);
                let session = IssuerSession {
                    account,
                    sid: subject.sid,
                };
                let secret = sign_in_account(connector, session, browser).await?;
                Ok(FinishedLogin::SignedIn(secret))
            }
            (SignInOutcome::SteppedUp(proof), LoginPurpose::Act(act)) => {
                prove_act(connector, &issuer, act, &proof)?;
                Ok(FinishedLogin::ActProven(act.id.clone()))
            }
            _ => {
                let sentence = "the login is one for another purpose";
                Err(Refusal::new(ErrorCode::SignInRefused, sentence))
            }
        }
    };
    let finished: Result<FinishedLogin, Refusal> = finished.await;
    if let Err(refusal) = &finished {
        let person = match &context {
            LoginPurpose::SignIn => None,
            LoginPurpose::Act(act) => Some(&act.person),
        };
        write_refusal(connector, person, refusal.code, PAGE).await?;
    }
    finished
}

/// Ends the sessions that a logout token names. Gives their number.
///
/// # Errors
/// `LOGOUT_TOKEN_INVALID`, `ISSUER_UNREACHABLE`, or `ISSUER_ANSWER_INVALID`.
pub async fn end_sessions(connector: &Connector, token: &str) -> Result<usize, Refusal> {
    // Before the first login, no session of the issuer exists, and nobody makes the connector ask the issuer.
    let issuer = connector.console.logins.issuer.lock().await.clone();
    let issuer = issuer.ok_or_else(|| {
        let sentence = "nobody has signed in by the issuer since the start of the connector";
        Refusal::new(ErrorCode::LogoutTokenInvalid, sentence)
    })?;
    let ended = issuer.check_logout_token(token, connector.now()).await?;
    let issuer = &issuer.config().issuer;
    let mut sessions = connector.console.sessions.lock();
    Ok(sessions.end_of_issuer(|session| {
        session.account.issuer == *issuer
            && match &ended {
                EndedSessions::OfSubject { sub } => session.account.subject == *sub,
                EndedSessions::OfIssuerSession { sid, sub } => {
                    session.sid.as_ref() == Some(sid)
                        && sub
                            .as_ref()
                            .is_none_or(|sub| session.account.subject == *sub)
                }
            }
    }))
}

async fn sign_in_account(
    connector: &Connector,
    session: IssuerSession,
    browser: &Browser,
) -> Result<String, Refusal> {
    let config = connector.config();
    let mut people = config.people.iter();
    let person = people.find(|person| person.key.account() == Some(&session.account));
    // INVARIANT: oidc-person. The issuer says who somebody is; whether the person is one of the house, the configuration says.
    let Some(person) = person else {
        let sentence = format!(
            "the account {} is no person of this participant",
            session.account.subject
        );
        return Err(Refusal::new(ErrorCode::PersonUnknown, sentence).with_help(
            "whoever runs the connector can add it: [person.NAME] with name, roles and oidc",
        ));
    };
    open_session(connector, person, browser, Some(session)).await
}

fn prove_act(
    connector: &Connector,
    issuer: &Issuer,
    act: &WaitingAct,
    proof: &StepUpProof,
) -> Result<(), Refusal> {
    let subject = proof.subject();
    let account = name_account(issuer, subject);
    let login = subject
        .auth_time
        .filter(|_| act.person.key.account() == Some(&account));
    let at = login.ok_or_else(|| {
        let sentence = "the fresh login is not one of the person of the act";
        Refusal::new(ErrorCode::SignInRefused, sentence)
    })?;
    let login = LoginProof {
        issuer: account.issuer,
        at,
        class: subject.acr.clone(),
    };
    let mut acts = connector.console.acts.lock();
    acts.prove_by_login(
        &act.id,
        &act.person.key,
        act.session,
        login,
        connector.ticks(),
    )
}

fn name_account(issuer: &Issuer, subject: &SignedInSubject) -> IssuerAccount {
    IssuerAccount {
        issuer: issuer.config().issuer.clone(),
        subject: subject.sub.clone(),
    }
}

fn keep_login(connector: &Connector, start: SignInStart, purpose: LoginPurpose) -> StartedLogin {
    let SignInStart { address, pending } = start;
    let state = pending.state().to_owned();
    let mut waiting = connector.console.logins.waiting.lock();
    waiting.keep(pending, purpose, connector.now());
    StartedLogin { address, state }
}

/// Issuer of the settings of now. It is discovered again where they have changed.
async fn find_issuer(connector: &Connector) -> Result<Arc<Issuer>, Refusal> {
    let wanted = read_issuer_config(&connector.config())?.ok_or_else(|| {
        let sentence = "this console signs nobody in by an issuer";
        Refusal::new(ErrorCode::ConsoleOff, sentence)
            .with_help("add \"oidc\" to `sign_in` under [console], and the section [console.oidc]")
    })?;
    let mut known = connector.console.logins.issuer.lock().await;
    if let Some(issuer) = known.as_ref()
        && *issuer.config() == wanted
    {
        return Ok(Arc::clone(issuer));
    }
    let issuer = Arc::new(Issuer::discover(wanted, connector.now()).await?);
    *known = Some(Arc::clone(&issuer));
    Ok(issuer)
}

fn callback_address(connector: &Connector) -> Result<String, Refusal> {
    let origin = connector.console.origin.get().ok_or_else(|| {
        let sentence = "this connector serves no console";
        Refusal::new(ErrorCode::ConsoleOff, sentence)
    })?;
    Ok(format!("{origin}{CALLBACK_PATH}"))
}

fn draw_entropy() -> SignInEntropy {
    SignInEntropy {
        state: random_bytes(),
        nonce: random_bytes(),
        code_verifier: random_bytes(),
    }
}
