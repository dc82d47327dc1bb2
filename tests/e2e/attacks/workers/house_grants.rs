//! Attacks on the grants under which workers run questions of the own people, and on workers by what is another city's.

use super::{ForgedTaskFixture, LONG, NAMES, clock, folder};
use crate::attacks::AttackVerdict;
use bytes::Bytes;
use hansa_audit_log::time::UtcTimestamp;
use hansa_identity::cluster::{connector_config, server_name};
use hansa_identity::signature::{FileSigner, ParticipantSigner as _};
use hansa_policy::contract::signature::SignatoryRole;
use hansa_policy::id::RequestId;
use hansa_policy::refusal::ErrorCode;
use hansa_proto::cluster::{QuestionBriefing, WorkerTicket};
use hansa_proto::envelope;
use hansa_proto::envelope::kind::StatementKind;
use hansa_proto::house_grant::HouseGrant;
use hansa_proto::statement;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::ALL;
use hansa_transport::cluster::client::WorkerClient;
use hansa_transport::peer::settings::TransportSettings;

/// A grant, signed by somebody.
fn signed(by: &TestParticipant, grant: &HouseGrant) -> Bytes {
    let payload = statement::to_bytes(grant);
    let key = FileSigner::open(&by.folder().join("keys/signing.key")).unwrap();
    let protected = envelope::protected_header(
        StatementKind::HouseGrant,
        SignatoryRole::Provider,
        key.algorithm().as_str(),
        key.kid(),
        now().micros() / 1_000_000,
    );
    let signature = key
        .sign(&envelope::signing_input(&protected, &payload))
        .unwrap();
    envelope::assemble_statement(&payload, &[(protected, signature)]).into()
}

fn now() -> UtcTimestamp {
    clock()().wall
}

/// Whoever has the connector's certificate of the cluster, and no key of the house, gets nothing of what the house alone may see.
pub(super) fn forged(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let (task, own) = (fixture.task.clone(), fixture.own_task.clone());
    let right = fixture.given(&own);
    let right = right.map_err(|why| format!("the control: {why}"))?;
    if right == 0 {
        return Err("the control gave nothing".to_owned());
    }
    // The same once more, after what ran under it has ended.
    match fixture.given(&own) {
        Err(why) if why.sentence.contains("under this grant already") => {}
        Err(why) => return Err(format!("the grant once more: {why}")),
        Ok(rows) => return Err(format!("the grant once more: {rows} rows")),
    }
    let envelope = own.house_grant.clone().expect("our own people asked");
    let grant = statement::from_envelope::<HouseGrant>(&envelope)
        .unwrap()
        .content;
    let with = |change: fn(&mut HouseGrant), by: &TestParticipant| {
        let mut grant = grant.clone();
        change(&mut grant);
        QuestionBriefing {
            house_grant: Some(signed(by, &grant)),
            ..own.clone()
        }
    };
    let (lindau, acme) = (&fixture.lindau, &fixture.acme);
    let asked = |change: fn(&mut QuestionBriefing)| {
        let mut task = own.clone();
        change(&mut task);
        task
    };
    let forgeries: [(&str, ErrorCode, QuestionBriefing); 10] = [
        (
            "a contract of somebody else for our own people",
            ErrorCode::ContractUnknown,
            QuestionBriefing {
                asker: own.asker.clone(),
                ..task.clone()
            },
        ),
        (
            "no grant, and no contract",
            ErrorCode::MessageMalformed,
            asked(|task| task.house_grant = None),
        ),
        (
            "a grant for another text",
            ErrorCode::WorkerDiffers,
            asked(|task| {
                task.sql = "SELECT note, count(*) AS n FROM long GROUP BY note".to_owned()
            }),
        ),
        (
            "a grant for another question",
            ErrorCode::WorkerDiffers,
            asked(|task| task.request = RequestId([9; 16])),
        ),
        (
            "a grant for somebody who is no member of the house",
            ErrorCode::WorkerDiffers,
            asked(|task| task.asker = "hansa://acme.example".parse().unwrap()),
        ),
        (
            "a grant that another participant signed",
            ErrorCode::SignerNotParty,
            with(|_| {}, acme),
        ),
        (
            "a grant that names another participant",
            ErrorCode::WorkerDiffers,
            with(
                |grant| grant.participant = "hansa://acme.example".parse().unwrap(),
                lindau,
            ),
        ),
        (
            "a grant for other datasets",
            ErrorCode::WorkerDiffers,
            with(|grant| grant.snapshots.clear(), lindau),
        ),
        (
            "a grant that has ended",
            ErrorCode::WorkerDiffers,
            with(
                |grant| grant.ends_at = grant.issued_at.plus_micros(-400_000_000),
                lindau,
            ),
        ),
        (
            "a grant that has not begun",
            ErrorCode::WorkerDiffers,
            with(
                |grant| {
                    grant.issued_at = grant.issued_at.plus_micros(900_000_000);
                    grant.ends_at = grant.issued_at.plus_micros(900_000_000);
                },
                lindau,
            ),
        ),
    ];
    let mut wrong = Vec::new();
    for (what, expected, task) in &forgeries {
        match fixture.given(task) {
            Ok(rows) => wrong.push(format!("{what}: {rows} rows")),
            Err(why) if why.code != *expected => wrong.push(format!("{what}: {why}")),
            Err(_) => {}
        }
    }
    match wrong.is_empty() {
        true => Ok(format!(
            "{} forgeries and a replay refused, none gave a row",
            forgeries.len()
        )),
        false => Err(wrong.join("; ")),
    }
}

/// Another city's connector, with the certificate of its own cluster; and a contract of that city's, with the certificate of ours.
pub(super) fn of_another_city(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let mut bremen = fixture.league.city("bremen");
    for city in ["lindau", "acme", "bremen"] {
        fixture.league.hand_bundle_to(city);
    }
    bremen.offers_long(10, ALL);
    bremen.serve();
    fixture.acme.knows(&bremen);
    let id = fixture.acme.contract("bremen.long");
    bremen.hansa(&["cluster", "init"]).must();
    let task = &fixture.task;
    fixture.runtime.block_on(async {
        let tls = connector_config(&folder(&bremen), &clock()).map_err(|why| why.to_string())?;
        let name = NAMES[0].parse().unwrap();
        let server = server_name(&name).unwrap();
        let address = fixture.workers[0].address();
        let opened =
            WorkerClient::open(name, address, tls, server, TransportSettings::default()).await;
        let told = match opened {
            Ok(client) => {
                let ticket = WorkerTicket::Begin(Box::new(task.clone()));
                client.send_ticket(&ticket, LONG).await.err()
            }
            Err(why) => Some(why),
        };
        match told {
            Some(why) if why.code == ErrorCode::WorkerFailed => Ok(()),
            Some(why) => Err(format!("its connector: {why}")),
            None => Err("its connector began a question".to_owned()),
        }
    })?;
    let kept = bremen.hansa(&["contract", "export", &id]).must().out;
    let mut theirs = task.clone();
    let contract = super::contract(&mut theirs);
    contract.contract = id.parse().unwrap();
    contract.first = contract.contract;
    contract.envelope = kept.trim_end().to_owned().into();
    match fixture.given(&theirs) {
        Err(why) if why.code == ErrorCode::ContractUnknown => {
            Ok("no handshake, and no task of its contract".to_owned())
        }
        Err(why) => Err(format!("its contract: {why}")),
        Ok(rows) => Err(format!("its contract gave {rows} rows")),
    }
}
