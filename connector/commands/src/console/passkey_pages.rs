//! Passkeys of the person who is signed in: the list, a new one, the end of one, and the answer to a pending act.

use crate::console::page_visit::{html_response, redirect};
use crate::console::person_visit::PersonVisit;
use hansa_audit_log::digest::Digest;
use hansa_console::{
    DonePasskeyView, PASSKEYS_ADDRESS, PasskeyAdditionView, PasskeyEntry, PasskeyListView,
    PasskeyRequest, render_passkeys,
};
use hansa_node::config::person::Role;
use hansa_node::config::person_key::PersonKey;
use hansa_node::console::act::{
    RecordedAct, issue_form_key, keep_done_act, last_act, open_act, use_form_key,
};
use hansa_node::console::form_key::FormSubject;
use hansa_node::console::passkey::{
    AssertionAnswer, CreationAnswer, PASSKEYS, REMOVE_PASSKEY, act_challenge, add_passkey,
    creation_challenge, describe_addition, has_passkeys, list_passkeys, list_usable_passkeys,
    record_act_by_passkey, relying_party, remove_passkey,
};
use hansa_node::console::pending_act::{ADD_PASSKEY, ActOwner, DescribedAct, PendingAct};
use hansa_node::console::session::DoneAct;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::base64url;
use hansa_transport::ConsoleResponse;

/// Subject of the forms of the page, and of its last act.
const OWN: &str = "passkeys";

/// Page of the person's passkeys.
pub(super) async fn show_passkeys(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(Role::ALL, "passkeys").await?;
    show_list(visit, false)
}

/// Takes the answer of a browser with a new passkey, which then waits for the number at the machine.
pub(super) async fn submit_passkey(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(Role::ALL, "passkeys").await?;
    let key = visit.form_value("key");
    use_form_key(visit.connector, addition_form(visit), key)?;
    let answer = CreationAnswer {
        client_data: visit.form_value("client_data"),
        authenticator_data: visit.form_value("authenticator_data"),
        public_key: visit.form_value("public_key"),
    };
    let act = match describe_addition(visit.connector, &visit.person, key, answer) {
        Ok(act) => act,
        Err(refusal) if refusal.code == ErrorCode::PasskeyInvalid => {
            return show_list(visit, true);
        }
        Err(refusal) => return Err(refusal),
    };
    let pending = open_act(visit.connector, act, owner_of(visit))?;
    Ok(redirect(&format!("/acts/{pending}")))
}

/// Adds the passkey of an act whose number was typed at the machine.
pub(super) async fn finish_addition(
    visit: &PersonVisit<'_>,
    act: &DescribedAct,
) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(Role::ALL, "passkeys").await?;
    let record = add_passkey(visit.connector, &visit.person, act).await?;
    keep_done(visit, ADD_PASSKEY, record);
    Ok(redirect(PASSKEYS_ADDRESS))
}

/// Removes a passkey of the person.
pub(super) async fn submit_removal(
    visit: &PersonVisit<'_>,
    passkey: &str,
) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(Role::ALL, "passkeys").await?;
    let key = visit.form_value("key");
    use_form_key(visit.connector, removal_form(visit, passkey), key)?;
    let record = remove_passkey(visit.connector, &visit.person, passkey).await?;
    keep_done(visit, REMOVE_PASSKEY, record);
    Ok(redirect(PASSKEYS_ADDRESS))
}

/// Request to the passkeys of the person for a pending act; none where the number alone proves it.
pub(super) fn passkey_request(
    visit: &PersonVisit<'_>,
    pending: &PendingAct,
) -> Result<Option<PasskeyRequest>, Refusal> {
    if pending.act.act == ADD_PASSKEY || !has_passkeys(visit.connector) {
        return Ok(None);
    }
    let own = list_usable_passkeys(visit.connector, &visit.person)?;
    if own.is_empty() {
        return Ok(None);
    }
    let challenge = act_challenge(visit.connector, pending);
    Ok(Some(PasskeyRequest {
        challenge: base64url::encode(challenge.as_bytes()),
        party: relying_party(visit.connector)?.id().to_owned(),
        credentials: own.into_iter().map(|passkey| passkey.credential).collect(),
    }))
}

/// Takes and records a pending act by the answer of a passkey, where the form brings one.
pub(super) async fn record_by_passkey(
    visit: &PersonVisit<'_>,
    id: &str,
) -> Option<Result<RecordedAct, Refusal>> {
    let answer = AssertionAnswer {
        credential: visit.form_value("credential"),
        client_data: visit.form_value("client_data"),
        authenticator_data: visit.form_value("authenticator_data"),
        signature: visit.form_value("signature"),
    };
    if answer.signature.is_empty() {
        return None;
    }
    let owner = owner_of(visit);
    Some(record_act_by_passkey(visit.connector, &visit.person, id, owner, answer).await)
}

/// Person and session of a visit.
pub(super) fn owner_of<'a>(visit: &'a PersonVisit<'_>) -> ActOwner<'a> {
    ActOwner {
        person: &visit.person.person.key,
        session: visit.session(),
    }
}

fn show_list(visit: &PersonVisit<'_>, is_refused: bool) -> Result<ConsoleResponse, Refusal> {
    let passkeys = list_passkeys(visit.connector, &visit.person)?;
    let is_on = has_passkeys(visit.connector);
    let party = match is_on {
        true => Some(relying_party(visit.connector)?),
        false => None,
    };
    let is_usable = |host: &str| party.as_ref().is_some_and(|party| party.id() == host);
    let usable = passkeys.iter().filter(|passkey| is_usable(&passkey.party));
    let credentials: Vec<String> = usable.map(|passkey| passkey.credential.clone()).collect();
    let addition = party
        .as_ref()
        .filter(|_| passkeys.len() < PASSKEYS)
        .map(|party| {
            let form_key = issue_form_key(visit.connector, addition_form(visit));
            let challenge = creation_challenge(visit.connector, &form_key);
            PasskeyAdditionView {
                request: PasskeyRequest {
                    challenge: base64url::encode(challenge.as_bytes()),
                    party: party.id().to_owned(),
                    credentials,
                },
                // An authenticator keeps one passkey for a person of a website.
                user: base64url::encode(&authenticator_handle(&visit.person.person.key)),
                form_key,
            }
        });
    let done = last_act(visit.connector, visit.session(), OWN);
    let view = PasskeyListView {
        passkeys: passkeys
            .iter()
            .map(|passkey| PasskeyEntry {
                key: passkey.key.clone(),
                added: passkey.added.to_string(),
                party: passkey.party.clone(),
                is_usable: is_usable(&passkey.party),
                form_key: issue_form_key(visit.connector, removal_form(visit, &passkey.key)),
            })
            .collect(),
        addition,
        is_on,
        most: PASSKEYS,
        done: done.filter(|_| !is_refused).map(|done| DonePasskeyView {
            is_added: done.act == ADD_PASSKEY,
            record: done.record,
        }),
        is_refused,
    };
    let facts = visit.plain_frame_facts();
    let status = if is_refused { 422 } else { 200 };
    Ok(html_response(
        status,
        render_passkeys(&facts.to_frame(), &view),
    ))
}

/// Identity under which an authenticator keeps the passkey of a person: at most 64 bytes, and no name.
fn authenticator_handle(key: &PersonKey) -> Vec<u8> {
    match (key.unix(), key.account()) {
        (Some(user), _) => user.to_be_bytes().to_vec(),
        (None, account) => {
            let account = account.map(ToString::to_string).unwrap_or_default();
            Digest::of(account.as_bytes()).as_bytes().to_vec()
        }
    }
}

fn keep_done(visit: &PersonVisit<'_>, act: &str, record: u64) {
    let done = DoneAct {
        act: act.to_owned(),
        subject: OWN.to_owned(),
        record,
        waits: false,
        ticks: visit.connector.ticks(),
        note: None,
    };
    keep_done_act(visit.connector, visit.session(), done);
}

fn addition_form<'a>(visit: &'a PersonVisit<'_>) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: ADD_PASSKEY,
        subject: OWN,
        shown: "",
    }
}

fn removal_form<'a>(visit: &'a PersonVisit<'_>, passkey: &'a str) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: REMOVE_PASSKEY,
        subject: passkey,
        shown: "",
    }
}
