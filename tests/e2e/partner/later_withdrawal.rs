//! Transfers to partners under a contract that is withdrawn from a later day on.

use super::PartnerWorld;
use crate::clock::set;
use crate::later_withdrawal::hours_on;
use hansa_test_support::workflow::text;
use serde_json::json;
use tokio::runtime::Runtime;

#[test]
fn a_transfer_goes_on_until_the_day_of_a_withdrawal_and_ends_then() {
    let world = PartnerWorld::new();
    let runtime = Runtime::new().unwrap();
    let (agreement, transfer, path, token) = runtime.block_on(async {
        let agreement = world.agreed("urn:uuid:firm-1").await;
        let (transfer, path, token) = world.started(&agreement, "urn:uuid:firm-t1").await;
        (agreement, transfer, path, token)
    });
    let contract = world.city.contracts_with("firm.example");
    let contract = text(&contract[0], "contract");
    let from = hours_on(&world.city, 2);
    let end = ["--yes", "contract", "withdraw", &contract];
    let when = ["--from", &from, "--reason", "over"];
    world.city.hansa(&[&end[..], &when].concat()).must();
    // Until then also what begins anew is given.
    let (second, other_path, other_token) = runtime.block_on(async {
        assert_eq!(world.data(&path, &token).await.status, 200);
        let second = world.started(&agreement, "urn:uuid:firm-t2").await;
        assert_eq!(world.data(&second.1, &second.2).await.status, 200);
        second
    });
    set(&world.city, "+3h");
    world.city.hansa(&["reload"]).must();
    runtime.block_on(async {
        for _ in 0..2 {
            let (last, ended) = world.firm.next();
            assert_eq!(
                (last.as_str(), &ended["code"]),
                ("termination", &json!("WITHDRAWN")),
                "{ended:#}"
            );
        }
        for (transfer, path, token) in [(transfer, path, token), (second, other_path, other_token)]
        {
            assert_eq!(world.data(&path, &token).await.status, 401);
            let (_, state) = world
                .firm(&format!("/dsp/2025-1/transfers/{transfer}"), None)
                .await;
            assert_eq!(state["state"], "TERMINATED");
        }
    });
    world.city.verifies();
}
