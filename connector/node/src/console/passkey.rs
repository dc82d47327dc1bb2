//! Passkeys of people: added after a confirmation at the machine, and asked for before an act that binds the participant.

use crate::config::console::StepUp;
use crate::console::act::{ActProof, PasskeyPresence, RecordedAct, build_act_record, record_act};
use crate::console::pending_act::{ADD_PASSKEY, ActOwner, DescribedAct, PendingAct};
use crate::console::{SignedInPerson, pseudonym_of, write_refusal};
use crate::log::audit_event::AuditEvent;
use crate::participant::Connector;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::record::console::{ConsolePasskeyRecord, PasskeyProof};
use hansa_identity::keys::PublicKey;
use hansa_identity::passkey::{
    ActChallenge, Passkey, PasskeyAssertion, PasskeyCreation, RelyingParty,
    compute_creation_challenge,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::base64url;
use hansa_store::state_index::row::PasskeyRow;
use std::collections::BTreeMap;

/// Words of the act that removes a passkey.
pub const REMOVE_PASSKEY: &str = "console passkey remove";

/// Most passkeys of one person.
pub const PASSKEYS: usize = 5;

/// Answer of a browser to the request for a new passkey; each value in base64url.
#[derive(Debug, Clone, Copy)]
pub struct CreationAnswer<'a> {
    /// `clientDataJSON`
    pub client_data: &'a str,
    /// `getAuthenticatorData()`
    pub authenticator_data: &'a str,
    /// `getPublicKey()`
    pub public_key: &'a str,
}

/// Answer of a browser to the challenge of an act; each value in base64url.
#[derive(Debug, Clone, Copy)]
pub struct AssertionAnswer<'a> {
    /// Identity of the passkey at its authenticator.
    pub credential: &'a str,
    /// `clientDataJSON`
    pub client_data: &'a str,
    /// `authenticatorData`
    pub authenticator_data: &'a str,
    /// `signature`
    pub signature: &'a str,
}

/// Checks that acts of this console are proven by passkeys.
pub fn has_passkeys(connector: &Connector) -> bool {
    let config = connector.config();
    // A passkey is for a name. A name that is only in the file counts from the next start on.
    config.console.step_up != StepUp::Host
        && connector.console.origin.get() == config.console.name.as_ref()
}

/// Website of the console, for which passkeys are made.
///
/// # Errors
/// `PASSKEY_INVALID` where the console has no passkeys.
pub fn relying_party(connector: &Connector) -> Result<RelyingParty, Refusal> {
    let origin = connector.console.origin.get();
    let origin = origin.filter(|_| has_passkeys(connector)).ok_or_else(|| {
        let sentence = "this console has no passkeys";
        Refusal::new(ErrorCode::PasskeyInvalid, sentence).with_help(
            "set [console] step_up = \"passkey\" or \"again\", then start the connector again",
        )
    })?;
    RelyingParty::from_origin(origin)
}

/// Lists the passkeys of a person, oldest first.
///
/// # Errors
/// If the index can't be read.
pub fn list_passkeys(
    connector: &Connector,
    person: &SignedInPerson,
) -> Result<Vec<PasskeyRow>, Refusal> {
    let actor = pseudonym_of(connector, &person.person)?;
    let all = connector.records.index(|state| state.passkeys())?;
    let pseudonyms = &connector.records.pseudonyms;
    let own = all.into_iter();
    Ok(own
        .filter(|passkey| pseudonyms.are_one(&passkey.actor, &actor))
        .collect())
}

/// Lists the passkeys of a person that are for this console, as it is named now.
///
/// # Errors
/// If the index can't be read.
pub fn list_usable_passkeys(
    connector: &Connector,
    person: &SignedInPerson,
) -> Result<Vec<PasskeyRow>, Refusal> {
    let Ok(party) = relying_party(connector) else {
        return Ok(Vec::new());
    };
    let mut own = list_passkeys(connector, person)?;
    own.retain(|passkey| passkey.party == party.id());
    Ok(own)
}

/// Challenge for a new passkey, bound to the form that sends it.
pub fn creation_challenge(connector: &Connector, form_key: &str) -> Digest {
    compute_creation_challenge(&connector.id(), form_key)
}

/// Challenge of a pending act.
pub fn act_challenge(connector: &Connector, pending: &PendingAct) -> Digest {
    let act = &pending.act;
    let challenge = ActChallenge {
        participant: &connector.id(),
        act: &act.act,
        subject: &act.subject,
        shown: &act.shown,
        actor: &pending.challenge.actor,
        random: &pending.challenge.random,
        at: pending.challenge.at,
    };
    challenge.compute()
}

/// Describes the act that adds a passkey, after a check of the browser's answer. It waits for the number at the machine.
///
/// # Errors
/// `PASSKEY_INVALID` for an answer that proves no new key, `PASSKEY_LIMIT` for one passkey too many.
pub fn describe_addition(
    connector: &Connector,
    person: &SignedInPerson,
    form_key: &str,
    answer: CreationAnswer<'_>,
) -> Result<DescribedAct, Refusal> {
    let party = relying_party(connector)?;
    check_limit(connector, person)?;
    let creation = PasskeyCreation {
        client_data: decode(answer.client_data)?,
        authenticator_data: decode(answer.authenticator_data)?,
        spki: decode(answer.public_key)?,
    };
    let challenge = creation_challenge(connector, form_key);
    let created = creation.verify(challenge, &party)?;
    let key = Digest::of(&creation.spki);
    check_new(connector, key)?;
    let fields = [
        ("public_key", base64url::encode(&creation.spki)),
        ("credential", base64url::encode(&created.credential)),
        ("party", party.id().to_owned()),
        ("counter", created.passkey.counter.to_string()),
    ];
    Ok(DescribedAct {
        act: ADD_PASSKEY.to_owned(),
        subject: key.to_string(),
        shown: String::new(),
        fields: BTreeMap::from(fields.map(|(name, value)| (name.to_owned(), value))),
        words: None,
    })
}

/// Adds the passkey of a confirmed act. Gives the number of the record of the act.
///
/// # Errors
/// `PASSKEY_LIMIT`, `PASSKEY_INVALID`, or why it can't be recorded.
pub async fn add_passkey(
    connector: &Connector,
    person: &SignedInPerson,
    act: &DescribedAct,
) -> Result<u64, Refusal> {
    let _turn = connector.console.passkey_turn.lock().await;
    check_limit(connector, person)?;
    let field = |name: &str| act.fields.get(name).cloned().unwrap_or_default();
    let wrong = || Refusal::new(ErrorCode::PasskeyInvalid, "the act names no passkey");
    let key: Digest = act.subject.parse().map_err(|_| wrong())?;
    check_new(connector, key)?;
    let counter = field("counter").parse().map_err(|_| wrong())?;
    let record = ConsolePasskeyRecord {
        actor: pseudonym_of(connector, &person.person)?,
        change: "added".to_owned(),
        key,
        public_key: field("public_key"),
        credential: field("credential"),
        party: field("party"),
        counter,
    };
    // INVARIANT: passkey-by-host. Only who commands at the machine adds a key that signs in the person's name.
    record_with_act(connector, person, act, ActProof::Host, record).await
}

/// Removes a passkey of a person. Gives the number of the record of the act.
///
/// # Errors
/// `PASSKEY_UNKNOWN`, or why it can't be recorded.
pub async fn remove_passkey(
    connector: &Connector,
    person: &SignedInPerson,
    key: &str,
) -> Result<u64, Refusal> {
    let _turn = connector.console.passkey_turn.lock().await;
    let own = list_passkeys(connector, person)?.into_iter();
    let mut own = own.filter(|passkey| passkey.key == key);
    let passkey = own.next().ok_or_else(unknown_passkey)?;
    let act = DescribedAct {
        act: REMOVE_PASSKEY.to_owned(),
        subject: passkey.key.clone(),
        shown: String::new(),
        fields: BTreeMap::new(),
        words: None,
    };
    let record = ConsolePasskeyRecord {
        actor: pseudonym_of(connector, &person.person)?,
        change: "removed".to_owned(),
        key: passkey.key.parse().map_err(|_| unknown_passkey())?,
        public_key: passkey.public_key,
        credential: passkey.credential,
        party: passkey.party,
        counter: passkey.counter,
    };
    record_with_act(connector, person, &act, ActProof::Session, record).await
}

/// Takes and records a pending act of a session, by the answer of a passkey of its person.
///
/// # Errors
/// `FORM_STALE` where there is no such act, `PASSKEY_UNKNOWN` and `PASSKEY_INVALID` for an answer that proves nothing, or why it
/// can't be recorded. A refused answer is recorded once for each act.
pub async fn record_act_by_passkey(
    connector: &Connector,
    person: &SignedInPerson,
    id: &str,
    owner: ActOwner<'_>,
    answer: AssertionAnswer<'_>,
) -> Result<RecordedAct, Refusal> {
    // The counters stand in the log in their order.
    let _turn = connector.console.passkey_turn.lock().await;
    let pending = {
        let mut acts = connector.console.acts.lock();
        acts.find(id, owner, connector.ticks())?.clone()
    };
    let verified = verify_answer(connector, person, &pending, answer);
    let presence = match verified {
        Ok(presence) => presence,
        Err(refusal) => {
            let is_first = connector.console.acts.lock().note_refusal(id);
            if is_first {
                write_refusal(connector, Some(&person.person), refusal.code, "acts").await?;
            }
            return Err(refusal);
        }
    };
    let act = {
        let mut acts = connector.console.acts.lock();
        acts.take_proven(id, owner, connector.ticks())?
    };
    let proof = ActProof::Passkey(Box::new(presence));
    let record = record_act(connector, person, &act, proof).await?;
    Ok(RecordedAct { act, record })
}

fn verify_answer(
    connector: &Connector,
    person: &SignedInPerson,
    pending: &PendingAct,
    answer: AssertionAnswer<'_>,
) -> Result<PasskeyPresence, Refusal> {
    let party = relying_party(connector)?;
    // INVARIANT: passkey-by-host. One passkey adds no other one.
    if pending.act.act == ADD_PASSKEY {
        let sentence = "a passkey is added by the number at the machine alone";
        return Err(Refusal::new(ErrorCode::PasskeyInvalid, sentence));
    }
    let own = list_usable_passkeys(connector, person)?.into_iter();
    let mut own = own.filter(|passkey| passkey.credential == answer.credential);
    let row = own.next().ok_or_else(unknown_passkey)?;
    let passkey = Passkey {
        key: PublicKey::from_spki(&decode(&row.public_key)?)?,
        counter: row.counter,
    };
    let assertion = PasskeyAssertion {
        client_data: decode(answer.client_data)?,
        authenticator_data: decode(answer.authenticator_data)?,
        signature: decode(answer.signature)?,
    };
    // INVARIANT: passkey-signs-act. The answer is to the challenge of this act, this page and this person alone.
    let counter = assertion.verify(&passkey, act_challenge(connector, pending), &party)?;
    Ok(PasskeyPresence {
        actor: pending.challenge.actor.clone(),
        proof: PasskeyProof {
            key: row.key.parse().map_err(|_| unknown_passkey())?,
            random: base64url::encode(&pending.challenge.random),
            at: pending.challenge.at,
            authenticator_data: base64url::encode(&assertion.authenticator_data),
            client_data: base64url::encode(&assertion.client_data),
            signature: base64url::encode(&assertion.signature),
            counter,
        },
    })
}

/// Records an act and its effect on a passkey, so that no reader sees one without the other. Gives the number of the act.
async fn record_with_act(
    connector: &Connector,
    person: &SignedInPerson,
    act: &DescribedAct,
    proof: ActProof,
    effect: ConsolePasskeyRecord,
) -> Result<u64, Refusal> {
    let act = build_act_record(connector, person, act, proof)?;
    let both = connector.record_both(AuditEvent::from(act), AuditEvent::from(effect));
    both.await
}

fn check_limit(connector: &Connector, person: &SignedInPerson) -> Result<(), Refusal> {
    if list_passkeys(connector, person)?.len() < PASSKEYS {
        return Ok(());
    }
    let sentence = format!("one person has {PASSKEYS} passkeys at most");
    Err(Refusal::new(ErrorCode::PasskeyLimit, sentence))
}

/// Checks that nobody has the key, so that no key signs for two people.
fn check_new(connector: &Connector, key: Digest) -> Result<(), Refusal> {
    let all = connector.records.index(|state| state.passkeys())?;
    let key = key.to_string();
    if all.iter().all(|passkey| passkey.key != key) {
        return Ok(());
    }
    let sentence = "this passkey was added already";
    Err(Refusal::new(ErrorCode::PasskeyInvalid, sentence))
}

fn unknown_passkey() -> Refusal {
    let sentence = "this person has not added such a passkey";
    Refusal::new(ErrorCode::PasskeyUnknown, sentence)
}

fn decode(text: &str) -> Result<Vec<u8>, Refusal> {
    base64url::decode(text).ok_or_else(|| {
        let sentence = "the answer of the passkey can't be read";
        Refusal::new(ErrorCode::PasskeyInvalid, sentence)
    })
}

#[cfg(test)]
mod tests;
