//! A contract with a connector of another make that lets out more.

use super::*;
use crate::partner::{PartnerWorld, PeerCatalog, of};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// The rival asks for the offer on its trees that an officer signs; gives the process.
async fn asks(world: &PartnerWorld, consumer: &str) -> String {
    let asked = of("CatalogRequestMessage", json!({}));
    let (_, catalog) = world
        .rival("/dsp/2025-1/catalog/request", Some(&asked))
        .await;
    let all = catalog["dataset"].as_array().unwrap();
    let trees = "urn:hansa:lindau.example:trees";
    let dataset = all.iter().find(|one| one["@id"] == trees).unwrap();
    let mut offer = dataset["hasPolicy"][0].clone();
    offer["@type"] = json!("Offer");
    offer["target"] = json!(trees);
    let request = of(
        "ContractRequestMessage",
        json!({"consumerPid": consumer, "offer": offer, "callbackAddress": world.rival.address}),
    );
    let (status, ack) = world
        .rival("/dsp/2025-1/negotiations/request", Some(&request))
        .await;
    assert_eq!(status, 201, "{ack:#}");
    ack["providerPid"].as_str().unwrap().to_owned()
}

/// What is on the table.
fn terms(world: &PartnerWorld, pid: &str) -> String {
    let table = world
        .city
        .hansa(&["partner", "show", pid, "--json"])
        .must()
        .json();
    text(&table, "terms")
}

/// The rival verifies what it was sent.
async fn verifies(world: &PartnerWorld, consumer: &str, pid: &str) -> Value {
    assert_eq!(world.rival.next().0, "agreement");
    let pids = json!({"consumerPid": consumer, "providerPid": pid});
    let verification = of("ContractAgreementVerificationMessage", pids);
    let path = format!("/dsp/2025-1/negotiations/{pid}/agreement/verification");
    assert_eq!(world.rival(&path, Some(&verification)).await.0, 200);
    world.rival.next().1["eventType"].clone()
}

#[test]
fn a_contract_with_a_partner_that_lets_out_more_needs_two_persons() {
    let world = PartnerWorld::holding(PeerCatalog::Nothing, "", |city| {
        city.configure(&format!(
            "[officers]\nusers = [\"{}\", \"{SECOND}\"]\nsecond = \"looser\"\n",
            own()
        ));
    });
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let world = &world;
        let pid = asks(world, "urn:uuid:first").await;
        let read = terms(world, &pid);
        world
            .city
            .hansa(&["partner", "agree", &pid, "--terms", &read])
            .must();
        assert_eq!(verifies(world, "urn:uuid:first", &pid).await, "FINALIZED");
        let file = world.city.folder().join("policies/by_hand.toml");
        let before = std::fs::read_to_string(&file).unwrap();
        let looser = before.replace("columns = [\"kind\"]", "columns = [\"kind\", \"owner\"]");
        assert_ne!(before, looser);
        std::fs::write(&file, looser).unwrap();
        world.city.hansa(&["reload"]).must();
        let pid = asks(world, "urn:uuid:looser").await;
        let read = terms(world, &pid);
        let agree = ["partner", "agree", &pid, "--terms", &read, "--json"];
        let waits = world.city.hansa(&agree).must().json();
        assert_eq!(
            (&waits["signed"], &waits["waits_for"]),
            (&json!(false), &json!("second officer")),
            "{waits}"
        );
        world.city.hansa(&agree).refused("SECOND_OFFICER_NEEDED", 3);
        let status = world.city.hansa(&["--json", "status"]).must().json();
        assert!(
            status["waiting"]
                .to_string()
                .contains("a second must say so too"),
            "{status}"
        );
        assert!(!world.rival.has_heard());
        if own() != 0 {
            // Another user can be another user only with root's help.
            return;
        }
        world.city.hansa_as(SECOND, &agree).must();
        assert_eq!(verifies(world, "urn:uuid:looser", &pid).await, "FINALIZED");
    });
}
