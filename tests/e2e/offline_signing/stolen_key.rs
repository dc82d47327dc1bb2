//! A key that was stolen.

use super::*;

#[test]
fn what_a_stolen_key_concluded_is_void() {
    let league = TestLeague::new(crate::binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    let kid = officer(&league, "officer.key");
    for alias in ["lindau", "acme"] {
        league.hand_bundle_to(alias);
    }
    lindau.offers_bikes("planning", TERMS, "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    let name = lindau.listed("negotiation").pop().unwrap();
    lindau
        .hansa(&["contract", "export", &name, "--output", "n.draft"])
        .must();
    let offline_folder = carried(&lindau, "n.draft");
    let key = league.folder().join("officer.key").display().to_string();
    run(
        crate::binary(),
        offline_folder.path(),
        &[
            "--yes",
            "contract",
            "sign",
            "--offline",
            "draft",
            "--key",
            &key,
        ],
    )
    .must();
    std::fs::copy(
        offline_folder.path().join("draft.signed"),
        lindau.folder().join("back"),
    )
    .unwrap();
    lindau.hansa(&["contract", "attach", &name, "back"]).must();
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    let contract = acme.listed("contract").pop().unwrap();
    acme.hansa(&["contract", "export", &contract, "--output", "contract.json"])
        .must();
    league
        .hansa(&[
            "--yes",
            "league",
            "key",
            "--end",
            &kid,
            "--of",
            "lindau.example",
            "--since",
            "2020-01-01T00:00:00Z",
            "--dir",
            "league",
        ])
        .must();
    // With the bundle, in a connector that runs; and after a start.
    league.hand_bundle_to("lindau");
    lindau.hansa(&["reload"]).must();
    acme.ask("SELECT count(*) FROM lindau.bikes").ends(3);
    lindau.stop();
    league.hand_bundle_to("acme");
    lindau.serve();
    acme.knows(&lindau);
    acme.ask("SELECT count(*) FROM lindau.bikes")
        .refused("DATASET_UNKNOWN", 3);
    acme.hansa(&["contract", "verify", "contract.json"])
        .refused("KEY_REVOKED", 6);
}
