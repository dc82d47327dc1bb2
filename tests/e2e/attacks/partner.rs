//! Attacks by the Dataspace Protocol: by a partner that keeps to no rule (P), and by somebody who is none (S).

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::partner::{PartnerWorld, of};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

struct PartnerFixture {
    world: PartnerWorld,
    runtime: Runtime,
    /// The agreement of the firm.
    agreement: String,
    /// Its transfer that runs: the process here, the path of the data, the token.
    transfer: (String, String, String),
}

const FIRM: &str = "Bearer token-of-the-firm-0001";
const REQUEST: &str = "/dsp/2025-1/negotiations/request";

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let world = PartnerWorld::new();
    let runtime = Runtime::new().unwrap();
    let (agreement, transfer) = runtime.block_on(async {
        let agreement = world.agreed("urn:uuid:firm-0").await;
        let transfer = world.started(&agreement, "urn:uuid:firm-t0").await;
        (agreement, transfer)
    });
    let mut fixture = PartnerFixture {
        world,
        runtime,
        agreement,
        transfer,
    };
    tried(&mut fixture, &ATTACKS)
}

const ATTACKS: [AttackCase<PartnerFixture>; 15] = [
    AttackCase {
        number: 207,
        setup: "P",
        name: "a callback on a host of its choice: metadata services, other ports, names before an @",
        expected: "refused, and nobody is dialled",
        does: callbacks_elsewhere,
        lacks: "",
    },
    AttackCase {
        number: 208,
        setup: "P",
        name: "contexts of its own, contexts that rename keywords, @graph, @reverse, names that stand twice",
        expected: "refused as unreadable",
        does: renamed_keywords,
        lacks: "",
    },
    AttackCase {
        number: 209,
        setup: "P",
        name: "reads, moves on and ends processes of another partner",
        expected: "told as if there were none, and nothing changes",
        does: processes_of_others,
        lacks: "",
    },
    AttackCase {
        number: 210,
        setup: "P",
        name: "sends a message again, as it was and under a new @id",
        expected: "without effect, or refused",
        does: replays,
        lacks: "",
    },
    AttackCase {
        number: 211,
        setup: "P",
        name: "asks for an offer with the constraints taken away",
        expected: "the negotiation ends without an agreement",
        does: terms_taken_away,
        lacks: "",
    },
    AttackCase {
        number: 212,
        setup: "P",
        name: "asks for the offer of another partner, and for what the league is offered",
        expected: "told as if there were none",
        does: offers_of_others,
        lacks: "",
    },
    AttackCase {
        number: 213,
        setup: "P",
        name: "has data transferred under an agreement that it never verified",
        expected: "told as if there were none",
        does: unverified_agreement,
        lacks: "",
    },
    AttackCase {
        number: 214,
        setup: "P",
        name: "has data transferred under the agreement of another partner",
        expected: "told as if there were none",
        does: agreement_of_others,
        lacks: "",
    },
    AttackCase {
        number: 215,
        setup: "P",
        name: "opens data with its own token, with that of another transfer, and a process with that of a transfer",
        expected: "nothing is given",
        does: tokens_of_others,
        lacks: "",
    },
    AttackCase {
        number: 216,
        setup: "P",
        name: "uses the token of a transfer that was suspended, and of one that is complete",
        expected: "nothing is given",
        does: tokens_behind_the_end,
        lacks: "",
    },
    AttackCase {
        number: 217,
        setup: "P",
        name: "filters the catalogue by what it may not see",
        expected: "a filter that is not empty is refused, whatever it says",
        does: filter_as_oracle,
        lacks: "",
    },
    AttackCase {
        number: 218,
        setup: "P",
        name: "speaks for the provider: finalises, agrees and starts by itself",
        expected: "refused, and the state stays",
        does: words_of_the_provider,
        lacks: "",
    },
    AttackCase {
        number: 219,
        setup: "S",
        name: "asks each path without a token and with a wrong one",
        expected: "refused alike, and of processes nothing is told",
        does: strangers,
        lacks: "",
    },
    AttackCase {
        number: 220,
        setup: "P",
        name: "names other ids in a message than in its path",
        expected: "refused, and the state stays",
        does: mixed_ids,
        lacks: "",
    },
    AttackCase {
        number: 221,
        setup: "P",
        name: "answers with a catalogue whose pages never end, and with nothing at all",
        expected: "an error, and not an empty or a cut catalogue",
        does: endless_pages,
        lacks: "",
    },
];

fn met(holds: bool, what: impl Into<String>) -> AttackVerdict {
    let what = what.into();
    if holds { Ok(what) } else { Err(what) }
}

fn callbacks_elsewhere(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let own = world.firm.address.clone();
        let port = own.rsplit_once(':').unwrap().1.split('/').next().unwrap();
        let mut told = Vec::new();
        for (number, callback) in [
            "http://169.254.169.254/latest/meta-data".to_owned(),
            "http://127.0.0.1:1/dsp".to_owned(),
            "http://localhost/dsp".to_owned(),
            format!("http://127.0.0.1:{port}@evil.example/dsp"),
            format!("http://evil.example\\@127.0.0.1:{port}/dsp"),
            format!("https://127.0.0.1:{port}/dsp"),
            format!("{own}/../../admin"),
            "file:///etc/passwd".to_owned(),
            String::new(),
        ]
        .into_iter()
        .enumerate()
        {
            let mut request = world.request(&format!("urn:uuid:elsewhere-{number}")).await;
            request["callbackAddress"] = json!(callback);
            told.push(world.firm(REQUEST, Some(&request)).await.0);
        }
        met(
            told.iter().all(|status| *status == 400),
            format!("{told:?}"),
        )
    })
}

fn renamed_keywords(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let mut told = Vec::new();
        let context = json!("https://w3id.org/dspace/2025/1/context.jsonld");
        for (number, change) in [
            json!({"@context": [context, "https://evil.example/context.jsonld"]}),
            json!({"@context": [context, {"offer": "@id"}]}),
            json!({"@context": {"@import": "https://evil.example"}}),
            json!({"@context": []}),
            json!({"@graph": [{"@type": "ContractRequestMessage"}]}),
            json!({"@reverse": {"offer": "x"}}),
            json!({"@included": []}),
            json!({"@type": ["ContractRequestMessage", "ContractOfferMessage"]}),
        ]
        .into_iter()
        .enumerate()
        {
            let mut request = world.request(&format!("urn:uuid:renamed-{number}")).await;
            for (name, value) in change.as_object().unwrap() {
                request[name] = value.clone();
            }
            told.push(world.firm(REQUEST, Some(&request)).await.0);
            let mut request = world
                .request(&format!("urn:uuid:renamed-inner-{number}"))
                .await;
            if change.get("@type").is_none() {
                for (name, value) in change.as_object().unwrap() {
                    request["offer"][name] = value.clone();
                }
                told.push(world.firm(REQUEST, Some(&request)).await.0);
            }
        }
        let request = world.request("urn:uuid:twice").await.to_string();
        let twice = request.replacen('{', "{\"consumerPid\": \"urn:uuid:other\", ", 1);
        told.push(world.ask_raw(FIRM, REQUEST, Some(&twice)).await.status);
        let deep = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
        told.push(world.ask_raw(FIRM, REQUEST, Some(&deep)).await.status);
        met(
            told.iter().all(|status| *status == 400),
            format!("{told:?}"),
        )
    })
}

/// What a partner that it does not concern is told of a process.
async fn of_nobody(world: &PartnerWorld, path: &str, body: Option<&Value>) -> bool {
    let (status, told) = world.rival(path, body).await;
    status == 404
        && !told.to_string().contains("FINALIZED")
        && !told.to_string().contains("STARTED")
}

fn processes_of_others(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    let (pid, _, _) = &fixture.transfer;
    fixture.runtime.block_on(async {
        let request = world.request("urn:uuid:seen-by-others").await;
        let (_, ack) = world.firm(REQUEST, Some(&request)).await;
        let negotiation = ack["providerPid"].as_str().unwrap();
        let (last, _) = world.firm.next();
        let pids = json!({"consumerPid": "urn:uuid:seen-by-others", "providerPid": negotiation});
        let ending = of("ContractNegotiationTerminationMessage", pids.clone());
        let verification = of("ContractAgreementVerificationMessage", pids);
        let pids = json!({"consumerPid": "urn:uuid:firm-t0", "providerPid": pid});
        let stop = of("TransferTerminationMessage", pids);
        let mut hidden = vec![
            of_nobody(
                world,
                &format!("/dsp/2025-1/negotiations/{negotiation}"),
                None,
            )
            .await,
            of_nobody(world, &format!("/dsp/2025-1/transfers/{pid}"), None).await,
        ];
        for (path, message) in [
            (
                format!("/dsp/2025-1/negotiations/{negotiation}/termination"),
                &ending,
            ),
            (
                format!("/dsp/2025-1/negotiations/{negotiation}/agreement/verification"),
                &verification,
            ),
            (format!("/dsp/2025-1/transfers/{pid}/termination"), &stop),
            (
                "/dsp/2025-1/transfers/urn:uuid:nothing/termination".to_owned(),
                &stop,
            ),
            (
                format!("/dsp/2025-1/negotiations/{negotiation}/termination"),
                &json!({"not": "readable"}),
            ),
        ] {
            hidden.push(of_nobody(world, &path, Some(message)).await);
        }
        let state = world
            .firm(&format!("/dsp/2025-1/negotiations/{negotiation}"), None)
            .await
            .1;
        let running = world
            .firm(&format!("/dsp/2025-1/transfers/{pid}"), None)
            .await
            .1;
        let stays =
            last == "agreement" && state["state"] == "AGREED" && running["state"] == "STARTED";
        met(
            hidden.iter().all(|one| *one) && stays,
            format!("{hidden:?} {} {}", state["state"], running["state"]),
        )
    })
}

fn replays(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let request = world.request("urn:uuid:again").await;
        let (_, first) = world.firm(REQUEST, Some(&request)).await;
        let (status, second) = world.firm(REQUEST, Some(&request)).await;
        let same = status == 201 && first["providerPid"] == second["providerPid"];
        let mut renamed = request.clone();
        renamed["@id"] = json!("urn:uuid:another-message");
        let refused = world.firm(REQUEST, Some(&renamed)).await.0;
        let pid = first["providerPid"].as_str().unwrap();
        world.firm.next();
        let verification = of("ContractAgreementVerificationMessage", json!({
            "@id": "urn:uuid:verified-once", "consumerPid": "urn:uuid:again", "providerPid": pid,
        }));
        let path = format!("/dsp/2025-1/negotiations/{pid}/agreement/verification");
        let once = world.firm(&path, Some(&verification)).await.0;
        world.firm.next();
        let twice = world.firm(&path, Some(&verification)).await.0;
        let mut renamed = verification.clone();
        renamed["@id"] = json!("urn:uuid:verified-twice");
        let thrice = world.firm(&path, Some(&renamed)).await.0;
        met(
            same && refused == 400 && (once, twice, thrice) == (200, 200, 400),
            format!("{same} {refused} {once} {twice} {thrice}"),
        )
    })
}

fn terms_taken_away(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let mut request = world.request("urn:uuid:less").await;
        request["offer"]["permission"] = json!([{"action": "use"}]);
        let (status, ack) = world.firm(REQUEST, Some(&request)).await;
        let (last, message) = world.firm.next();
        let state = world
            .firm(
                &format!(
                    "/dsp/2025-1/negotiations/{}",
                    ack["providerPid"].as_str().unwrap()
                ),
                None,
            )
            .await
            .1;
        met(
            status == 201 && last == "termination" && state["state"] == "TERMINATED",
            format!("{status} {last} {}", message["code"]),
        )
    })
}

fn offers_of_others(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let mut request = world.request("urn:uuid:of-others").await;
        request["callbackAddress"] = json!(world.rival.address);
        let mut told = vec![world.rival(REQUEST, Some(&request)).await.0];
        request["offer"]["@id"] = json!("urn:hansa:offer:sha256-00");
        told.push(world.rival(REQUEST, Some(&request)).await.0);
        request["offer"]["target"] = json!("urn:hansa:lindau.example:ledger");
        told.push(world.rival(REQUEST, Some(&request)).await.0);
        for id in [
            "urn:hansa:lindau.example:ledger",
            "urn:hansa:lindau.example:nothing",
        ] {
            told.push(
                world
                    .rival(&format!("/dsp/2025-1/catalog/datasets/{id}"), None)
                    .await
                    .0,
            );
        }
        met(
            told.iter().all(|status| *status == 404),
            format!("{told:?}"),
        )
    })
}

fn transfer_request(agreement: &str, pid: &str, callback: &str) -> Value {
    of(
        "TransferRequestMessage",
        json!({
            "consumerPid": pid,
            "agreementId": agreement,
            "format": "HttpData-PULL",
            "callbackAddress": callback,
        }),
    )
}

fn unverified_agreement(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let request = world.request("urn:uuid:never-verified").await;
        world.firm(REQUEST, Some(&request)).await;
        let (_, agreement) = world.firm.next();
        let id = agreement["agreement"]["@id"].as_str().unwrap();
        let asked = transfer_request(id, "urn:uuid:too-early", &world.firm.address);
        let status = world
            .firm("/dsp/2025-1/transfers/request", Some(&asked))
            .await
            .0;
        met(status == 404, format!("{status}"))
    })
}

fn agreement_of_others(fixture: &mut PartnerFixture) -> AttackVerdict {
    let (world, agreement) = (&fixture.world, &fixture.agreement);
    fixture.runtime.block_on(async {
        let asked = transfer_request(agreement, "urn:uuid:of-others", &world.rival.address);
        let real = world
            .rival("/dsp/2025-1/transfers/request", Some(&asked))
            .await;
        let asked = transfer_request(
            "urn:uuid:nothing",
            "urn:uuid:of-others",
            &world.rival.address,
        );
        let none = world
            .rival("/dsp/2025-1/transfers/request", Some(&asked))
            .await;
        met(
            real == none && real.0 == 404,
            format!("{} {}", real.0, none.0),
        )
    })
}

fn tokens_of_others(fixture: &mut PartnerFixture) -> AttackVerdict {
    let (world, (pid, path, token)) = (&fixture.world, &fixture.transfer);
    let agreement = &fixture.agreement;
    fixture.runtime.block_on(async {
        let (_, other_path, other_token) = world.started(agreement, "urn:uuid:firm-t1").await;
        let mut told = Vec::new();
        for (token, path) in [
            ("token-of-the-firm-0001", path.clone()),
            ("token-of-the-rival-0001", path.clone()),
            (other_token.as_str(), path.clone()),
            (token.as_str(), other_path.clone()),
            (token.as_str(), format!("/dsp/2025-1/transfers/{pid}")),
            (
                token.as_str(),
                "/dsp/2025-1/negotiations/request".to_owned(),
            ),
        ] {
            let reply = world.data(&path, token).await;
            told.push((reply.status, reply.text().contains("oak")));
        }
        let right = world.data(path, token).await.status;
        met(
            right == 200 && told.iter().all(|(status, rows)| *status == 404 && !rows),
            format!("{right} {told:?}"),
        )
    })
}

fn tokens_behind_the_end(fixture: &mut PartnerFixture) -> AttackVerdict {
    let (world, agreement) = (&fixture.world, &fixture.agreement);
    fixture.runtime.block_on(async {
        let mut told = Vec::new();
        for (last, kind) in [
            ("suspension", "TransferSuspensionMessage"),
            ("completion", "TransferCompletionMessage"),
        ] {
            let consumer = format!("urn:uuid:firm-{last}");
            let (pid, path, token) = world.started(agreement, &consumer).await;
            let before = world.data(&path, &token).await.status;
            let message = of(kind, json!({"consumerPid": consumer, "providerPid": pid}));
            let ended = world
                .firm(
                    &format!("/dsp/2025-1/transfers/{pid}/{last}"),
                    Some(&message),
                )
                .await
                .0;
            told.push((before, ended, world.data(&path, &token).await.status));
        }
        met(
            told.iter().all(|one| *one == (200, 200, 401)),
            format!("{told:?}"),
        )
    })
}

fn filter_as_oracle(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let mut told = Vec::new();
        for operand in ["ledger", "nothing"] {
            let filter = json!({"filter": [{"@type": "QuerySpec", "filterExpression": [
                {"operandLeft": "name", "operator": "=", "operandRight": operand},
            ]}]});
            told.push(world.firm("/dsp/2025-1/catalog/request", Some(&of("CatalogRequestMessage", filter))).await);
        }
        let empty = json!({"filter": [{"@type": "QuerySpec", "offset": 0, "limit": 50, "sortOrder": "ASC", "filterExpression": []}]});
        let taken = world.firm("/dsp/2025-1/catalog/request", Some(&of("CatalogRequestMessage", empty))).await.0;
        met(told[0] == told[1] && told[0].0 == 400 && taken == 200, format!("{} {taken}", told[0].0))
    })
}

fn words_of_the_provider(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let request = world.request("urn:uuid:as-provider").await;
        let (_, ack) = world.firm(REQUEST, Some(&request)).await;
        let pid = ack["providerPid"].as_str().unwrap();
        let (_, agreement) = world.firm.next();
        let pids = json!({"consumerPid": "urn:uuid:as-provider", "providerPid": pid});
        let mut finalised = of("ContractNegotiationEventMessage", pids.clone());
        finalised["eventType"] = json!("FINALIZED");
        let mut agreed = of("ContractAgreementMessage", pids);
        agreed["agreement"] = agreement["agreement"].clone();
        let told = [
            world
                .firm(
                    &format!("/dsp/2025-1/negotiations/{pid}/events"),
                    Some(&finalised),
                )
                .await
                .0,
            world
                .firm(
                    &format!("/dsp/2025-1/negotiations/{pid}/agreement"),
                    Some(&agreed),
                )
                .await
                .0,
        ];
        let state = world
            .firm(&format!("/dsp/2025-1/negotiations/{pid}"), None)
            .await
            .1;
        met(
            told == [400, 400] && state["state"] == "AGREED",
            format!("{told:?} {}", state["state"]),
        )
    })
}

fn strangers(fixture: &mut PartnerFixture) -> AttackVerdict {
    let (world, (pid, path, _)) = (&fixture.world, &fixture.transfer);
    fixture.runtime.block_on(async {
        let catalog = of("CatalogRequestMessage", json!({}));
        let mut wrong = Vec::new();
        for token in [
            "",
            "Bearer token-of-the-firm-0002",
            "token-of-the-firm-0001",
            "{\"clientId\":\"did:web:firm.example\"}",
        ] {
            for (path, body, wanted) in [
                (
                    "/dsp/2025-1/catalog/request".to_owned(),
                    Some(&catalog),
                    401,
                ),
                ("/dsp/2025-1/catalog/datasets/x".to_owned(), None, 401),
                (format!("/dsp/2025-1/transfers/{pid}"), None, 404),
                (
                    "/dsp/2025-1/transfers/urn:uuid:nothing".to_owned(),
                    None,
                    404,
                ),
                (
                    "/dsp/2025-1/negotiations/request".to_owned(),
                    Some(&catalog),
                    404,
                ),
                (path.clone(), None, 401),
            ] {
                let reply = world.ask(token, &path, body).await;
                if reply.status != wanted || !reply.body.is_empty() {
                    wrong.push(format!("{path} {token}: {} {}", reply.status, reply.text()));
                }
            }
        }
        met(wrong.is_empty(), format!("{wrong:?}"))
    })
}

fn mixed_ids(fixture: &mut PartnerFixture) -> AttackVerdict {
    let (world, (pid, _, _)) = (&fixture.world, &fixture.transfer);
    fixture.runtime.block_on(async {
        let mut told = Vec::new();
        for (consumer, provider) in [
            ("urn:uuid:other", pid.as_str()),
            ("urn:uuid:firm-t0", "urn:uuid:other"),
        ] {
            let message = of(
                "TransferTerminationMessage",
                json!({"consumerPid": consumer, "providerPid": provider}),
            );
            told.push(
                world
                    .firm(
                        &format!("/dsp/2025-1/transfers/{pid}/termination"),
                        Some(&message),
                    )
                    .await
                    .0,
            );
        }
        let state = world
            .firm(&format!("/dsp/2025-1/transfers/{pid}"), None)
            .await
            .1;
        met(
            told == [400, 400] && state["state"] == "STARTED",
            format!("{told:?} {}", state["state"]),
        )
    })
}

fn endless_pages(fixture: &mut PartnerFixture) -> AttackVerdict {
    let world = &fixture.world;
    // The peer of the firm answers each page with a page behind it; that of the rival with nothing.
    let endless = world.city.hansa(&["partner", "catalog", "firm"]);
    let nothing = world.city.hansa(&["partner", "catalog", "rival"]);
    for output in [&endless, &nothing] {
        if output.status == Some(0) || !output.err.contains("PARTNER_ANSWER_INVALID") {
            return Err(format!("{:?} {}", output.status, output.err));
        }
    }
    Ok("both are errors".to_owned())
}
