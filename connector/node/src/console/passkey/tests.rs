//! Tests: a passkey proves acts of its person, and adds no other passkey.

use super::{
    AssertionAnswer, CreationAnswer, act_challenge, add_passkey, creation_challenge,
    describe_addition, list_passkeys, record_act_by_passkey,
};
use crate::config::person::PersonConfig;
use crate::config::person_key::PersonKey;
use crate::console::SignedInPerson;
use crate::console::act::{find_act, open_act};
use crate::console::pending_act::{ADD_PASSKEY, ActOwner, DescribedAct};
use crate::console::session::SessionTime;
use crate::participant::Connector;
use crate::participant::testing::{TERMS, TestFederation, records_of_kind};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::base64url;
use hansa_test_support::authenticator::{AuthenticatorAlgorithm, TestAuthenticator};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

const ORIGIN: &str = "http://lindau.localhost:8818";

const PERSON: PersonKey = PersonKey::of_user(1001);

const OWNER: ActOwner<'static> = ActOwner {
    person: &PERSON,
    session: "session",
};

fn maria() -> SignedInPerson {
    SignedInPerson {
        person: PersonConfig {
            short_name: "maria".to_owned(),
            name: "Maria".to_owned(),
            roles: BTreeSet::new(),
            key: PERSON,
        },
        left: SessionTime {
            left: Duration::from_secs(60),
            can_grow: true,
        },
    }
}

fn open_console(federation: &mut TestFederation) -> Arc<Connector> {
    federation.set_up_participant("lindau", TERMS);
    let file = federation.home("lindau").join("hansa.toml");
    let mut config = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    let console = format!(
        "[console]\nlisten = \"127.0.0.1:8818\"\nname = \"{ORIGIN}\"\nstep_up = \"passkey\"\n"
    );
    config.write_all(console.as_bytes()).unwrap();
    let connector = federation.open("lindau");
    connector.console.origin.set(ORIGIN.to_owned()).unwrap();
    connector
}

fn describe(connector: &Connector, of: &mut TestAuthenticator) -> DescribedAct {
    let challenge = creation_challenge(connector, "form key");
    let answer = of.create(challenge.as_bytes());
    let [client_data, authenticator_data, public_key] =
        [answer.client_data, answer.authenticator_data, of.spki()].map(|it| base64url::encode(&it));
    let answer = CreationAnswer {
        client_data: &client_data,
        authenticator_data: &authenticator_data,
        public_key: &public_key,
    };
    describe_addition(connector, &maria(), "form key", answer).unwrap()
}

/// Answers the challenge of an act rightly, and gives the number of its record.
async fn prove(
    connector: &Connector,
    act: DescribedAct,
    by: &mut TestAuthenticator,
) -> Result<u64, Refusal> {
    let id = open_act(connector, act, OWNER).unwrap();
    let pending = find_act(connector, &id, OWNER).unwrap();
    let answer = by.get(act_challenge(connector, &pending).as_bytes());
    let [credential, client_data, authenticator_data, signature] = [
        by.credential.clone(),
        answer.client_data,
        answer.authenticator_data,
        answer.signature,
    ]
    .map(|bytes| base64url::encode(&bytes));
    let answer = AssertionAnswer {
        credential: &credential,
        client_data: &client_data,
        authenticator_data: &authenticator_data,
        signature: &signature,
    };
    let recorded = record_act_by_passkey(connector, &maria(), &id, OWNER, answer).await;
    recorded.map(|recorded| recorded.record)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_passkey_adds_another_one_not_even_by_the_right_answer() {
    let mut federation = TestFederation::new();
    let connector = open_console(&mut federation);
    let mut first = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    let act = describe(&connector, &mut first);
    let _record = add_passkey(&connector, &maria(), &act).await.unwrap();
    assert_eq!(list_passkeys(&connector, &maria()).unwrap().len(), 1);
    // This answer proves another act, so that it is the act alone that is refused below.
    let sign = DescribedAct {
        act: "contract sign".to_owned(),
        subject: "n-3c51".to_owned(),
        shown: "e7a2".to_owned(),
        fields: BTreeMap::new(),
        words: None,
    };
    prove(&connector, sign, &mut first).await.unwrap();
    let acts = records_of_kind(&connector, "console_act").len();
    let mut second = TestAuthenticator::new(AuthenticatorAlgorithm::P256, ORIGIN);
    let addition = describe(&connector, &mut second);
    assert_eq!(addition.act, ADD_PASSKEY);
    let refusal = prove(&connector, addition, &mut first).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::PasskeyInvalid);
    assert_eq!(records_of_kind(&connector, "console_act").len(), acts);
    assert_eq!(list_passkeys(&connector, &maria()).unwrap().len(), 1);
}
