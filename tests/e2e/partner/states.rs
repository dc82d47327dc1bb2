//! What is kept of negotiations and transfers: a restart goes on in every state, and no message undoes what is in force.

use super::{PartnerWorld, PeerCatalog, agreement, asked, of};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// Where a process of the firm is.
async fn state(world: &PartnerWorld, kind: &str, pid: &str) -> Value {
    let (_, told) = world.firm(&format!("/dsp/2025-1/{kind}/{pid}"), None).await;
    told["state"].clone()
}

/// The firm says something of a process.
async fn says(world: &PartnerWorld, path: &str, kind: &str, pids: &Value) -> u16 {
    let message = of(kind, pids.clone());
    let path = format!("/dsp/2025-1/{path}");
    world.firm(&path, Some(&message)).await.0
}

/// The firm asks for its offer and is sent the agreement; gives the ids.
async fn agreed_beforehand(world: &PartnerWorld, consumer: &str) -> Value {
    let request = world.request(consumer).await;
    let (status, ack) = world
        .firm("/dsp/2025-1/negotiations/request", Some(&request))
        .await;
    assert_eq!(status, 201, "{ack:#}");
    assert_eq!(world.firm.next().0, "agreement");
    json!({"consumerPid": consumer, "providerPid": ack["providerPid"]})
}

fn pid(pids: &Value) -> &str {
    pids["providerPid"].as_str().unwrap()
}

/// The ids of a negotiation in which the firm provides.
fn of_city(consumer: &str) -> Value {
    json!({"consumerPid": consumer, "providerPid": "urn:uuid:theirs"})
}

#[test]
fn a_restart_goes_on_in_every_state() {
    let mut world = PartnerWorld::with(PeerCatalog::One, "unsigned_agreements = true\n");
    let runtime = Runtime::new().unwrap();
    let as_offered = json!([{"action": "use"}]);
    let mut expected: Vec<(&str, String, &str)> = Vec::new();
    let (waits, paused, over, opened, of_us) = runtime.block_on(async {
        let world = &world;
        let agreement_id = world.agreed("urn:uuid:final").await;
        let ended = agreed_beforehand(world, "urn:uuid:ended").await;
        let path = format!("negotiations/{}/termination", pid(&ended));
        assert_eq!(says(world, &path, "ContractNegotiationTerminationMessage", &ended).await, 200);
        let waits = agreed_beforehand(world, "urn:uuid:waits").await;
        let mut transfers = Vec::new();
        for (number, (last, kind)) in [
            ("", ""),
            ("suspension", "TransferSuspensionMessage"),
            ("completion", "TransferCompletionMessage"),
            ("termination", "TransferTerminationMessage"),
        ]
        .into_iter()
        .enumerate()
        {
            let consumer = format!("urn:uuid:t{number}");
            let (transfer, path, token) = world.started(&agreement_id, &consumer).await;
            let pids = json!({"consumerPid": consumer, "providerPid": transfer});
            if !last.is_empty() {
                let path = format!("transfers/{transfer}/{last}");
                assert_eq!(says(world, &path, kind, &pids).await, 200);
            }
            transfers.push((pids, path, token));
        }
        expected.push(("negotiations", pid(&ended).to_owned(), "TERMINATED"));
        expected.push(("negotiations", pid(&waits).to_owned(), "AGREED"));
        for ((pids, _, _), state) in transfers.iter().zip(["STARTED", "SUSPENDED", "COMPLETED", "TERMINATED"]) {
            expected.push(("transfers", pid(pids).to_owned(), state));
        }
        // As consumer.
        let of_us: Vec<String> = (0..4).map(|_| asked(world)).collect();
        for consumer in &of_us[1..3] {
            let path = format!("/dsp/2025-1/negotiations/{consumer}/agreement");
            let sent = agreement(consumer, as_offered.clone());
            assert_eq!(world.firm(&path, Some(&sent)).await.0, 200);
            assert_eq!(world.firm.next().0, "agreement/verification");
        }
        let mut event = of_city(&of_us[2]);
        event["eventType"] = json!("FINALIZED");
        let path = format!("negotiations/{}/events", of_us[2]);
        assert_eq!(says(world, &path, "ContractNegotiationEventMessage", &event).await, 200);
        let mut offer = of_city(&of_us[3]);
        offer["offer"] = json!({"@type": "Offer", "@id": "urn:uuid:other-offer", "target": "urn:uuid:dataset", "permission": as_offered});
        let path = format!("negotiations/{}/offers", of_us[3]);
        assert_eq!(says(world, &path, "ContractOfferMessage", &offer).await, 200);
        for (consumer, state) in of_us.iter().zip(["REQUESTED", "VERIFIED", "FINALIZED", "OFFERED"]) {
            expected.push(("negotiations", consumer.clone(), state));
        }
        let (paused, over) = (transfers[1].0.clone(), [transfers[2].0.clone(), transfers[3].0.clone()]);
        let opened = (transfers[0].1.clone(), transfers[0].2.clone());
        (waits, paused, over, opened, of_us)
    });
    world.city.stop();
    world.city.serve();
    runtime.block_on(async {
        let world = &world;
        for (kind, pid, wanted) in &expected {
            assert_eq!(state(world, kind, pid).await, *wanted, "{kind} {pid}");
        }
        assert_eq!(world.data(&opened.0, &opened.1).await.status, 200);
        let path = format!("transfers/{}/start", pid(&paused));
        assert_eq!(
            says(world, &path, "TransferStartMessage", &paused).await,
            200
        );
        assert_eq!(world.firm.next().0, "start");
        for over in &over {
            let path = format!("transfers/{}/start", pid(over));
            assert_eq!(says(world, &path, "TransferStartMessage", over).await, 400);
        }
        let path = format!("negotiations/{}/agreement/verification", pid(&waits));
        assert_eq!(
            says(world, &path, "ContractAgreementVerificationMessage", &waits).await,
            200
        );
        assert_eq!(world.firm.next().1["eventType"], "FINALIZED");
        let path = format!("/dsp/2025-1/negotiations/{}/agreement", of_us[0]);
        let sent = agreement(&of_us[0], as_offered.clone());
        assert_eq!(world.firm(&path, Some(&sent)).await.0, 200);
        assert_eq!(world.firm.next().0, "agreement/verification");
        let mut event = of_city(&of_us[1]);
        event["eventType"] = json!("FINALIZED");
        let path = format!("negotiations/{}/events", of_us[1]);
        assert_eq!(
            says(world, &path, "ContractNegotiationEventMessage", &event).await,
            200
        );
        let table = world
            .city
            .hansa(&["partner", "show", &of_us[3], "--json"])
            .must()
            .json();
        assert_eq!(table["offer"], "urn:uuid:other-offer");
        let terms = table["terms"].as_str().unwrap();
        world
            .city
            .hansa(&["partner", "agree", &of_us[3], "--terms", terms])
            .must();
        assert_eq!(world.firm.next().1["eventType"], "ACCEPTED");
    });
    world.city.hansa(&["audit", "verify"]).must();
}

#[test]
fn what_is_in_force_is_not_ended_by_a_message() {
    let mut world = PartnerWorld::new();
    let runtime = Runtime::new().unwrap();
    let pids = runtime.block_on(async {
        let agreement = world.agreed("urn:uuid:crash").await;
        assert!(!agreement.is_empty());
        let listed = world
            .city
            .hansa(&["partner", "list", "--json"])
            .must()
            .lines();
        let one = listed
            .iter()
            .find(|one| one["kind"] == "negotiation")
            .unwrap();
        json!({"consumerPid": "urn:uuid:crash", "providerPid": one["process"]})
    });
    // As it would be behind a crash between the record of the contract and the file of the negotiation.
    world.city.stop();
    let name = pid(&pids).trim_start_matches("urn:uuid:").to_owned();
    let file = world
        .city
        .folder()
        .join(format!("state/dataspace/negotiations/{name}.json"));
    let kept = std::fs::read_to_string(&file).unwrap();
    let mut kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["base"]["state"], "FINALIZED");
    kept["base"]["state"] = json!("VERIFIED");
    kept["contract"] = Value::Null;
    std::fs::write(&file, kept.to_string()).unwrap();
    world.city.serve();
    runtime.block_on(async {
        let path = format!("negotiations/{}/termination", pid(&pids));
        let status = says(
            &world,
            &path,
            "ContractNegotiationTerminationMessage",
            &pids,
        )
        .await;
        assert_eq!(status, 400);
        assert_eq!(world.firm.next().1["eventType"], "FINALIZED");
        assert_eq!(state(&world, "negotiations", pid(&pids)).await, "FINALIZED");
    });
    let own = world.city.contracts_with("firm.example");
    assert_eq!(own.len(), 1, "{own:#?}");
    assert_eq!(own[0]["state"], "in force");
}
