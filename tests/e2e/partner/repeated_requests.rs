//! A partner that looks again and again at what it is offered.

use super::{PartnerWorld, of};
use hansa_test_support::workflow::{number, text};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

const CATALOG: &str = "/dsp/2025-1/catalog/request";

fn request() -> Value {
    of("CatalogRequestMessage", json!({}))
}

/// The records of looks of the firm: how many there are, and of how many looks they tell.
fn looks(world: &PartnerWorld) -> (usize, i64) {
    let records = world.city.records("partner_message");
    let of_looks = records.iter().filter(|record| {
        ["catalog request", "dataset request"].contains(&text(record, "message").as_str())
            && text(record, "partner") == "firm"
    });
    let told: Vec<i64> = of_looks
        .map(|record| 1 + text(record, "others").parse().unwrap_or(0))
        .collect();
    (told.len(), told.iter().sum())
}

#[test]
fn looks_leave_few_records_and_are_bounded() {
    let world = PartnerWorld::new();
    let runtime = Runtime::new().unwrap();
    let before = number(
        &world.city.hansa(&["--json", "status"]).must().json(),
        "records",
    );
    let dataset = runtime.block_on(async { world.offer().await.0 });
    let (mut answered, mut refused) = (1, 0);
    runtime.block_on(async {
        // Both ways to look count together.
        for turn in 0..700 {
            let (status, body) = match turn % 3 {
                0 => {
                    world
                        .firm(&format!("/dsp/2025-1/catalog/datasets/{dataset}"), None)
                        .await
                }
                _ => world.firm(CATALOG, Some(&request())).await,
            };
            match status {
                200 => answered += 1,
                429 => refused += 1,
                _ => panic!("{status}: {body:#}"),
            }
        }
    });
    assert_eq!(answered + refused, 701);
    let records = number(
        &world.city.hansa(&["--json", "status"]).must().json(),
        "records",
    );
    let (told, _) = looks(&world);
    // Some minutes may have passed on a busy machine: ten records of looks and thirty of refusals each.
    let minutes = i64::from(answered / 600) + 2;
    assert!(
        i64::try_from(told).unwrap() <= 10 * minutes,
        "{told} records"
    );
    assert!(records - before <= 60 * minutes, "{before} to {records}");
    // Somebody else is answered as before.
    let (status, _) = runtime.block_on(world.rival(CATALOG, Some(&request())));
    assert_eq!(status, 200);
    world.city.verifies();
}
