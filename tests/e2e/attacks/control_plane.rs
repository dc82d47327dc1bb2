//! Attacks at the data plane: by a control plane that keeps to no rule (P), and by somebody who is none (S).

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::data_flow::{EDC, FlowWorld, OTHER_PLANE, PERMITTED, PLANE, flow, of_edc, opened};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

struct FlowFixture {
    world: FlowWorld,
    runtime: Runtime,
    /// A flow that runs: the path of its data, and what opens it.
    opened: (String, String),
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let world = FlowWorld::new();
    let runtime = Runtime::new().unwrap();
    world.agreed("runs", "agreement-runs", &json!({}));
    let asked = flow("runs", "agreement-runs");
    let (_, told) = runtime.block_on(world.signal("/start", Some(&asked)));
    let mut fixture = FlowFixture {
        opened: opened(&told),
        world,
        runtime,
    };
    tried(&mut fixture, &ATTACKS)
}

const ATTACKS: [AttackCase<FlowFixture>; 6] = [
    AttackCase {
        number: 222,
        setup: "S",
        name: "has a flow started without a token, with that of a partner, that of a flow, and that of a path in a header",
        expected: "refused, and nothing of flows is told",
        does: strangers_at_the_data_plane,
        lacks: "",
    },
    AttackCase {
        number: 223,
        setup: "P",
        name: "reads, pauses and ends the flow of another control plane, and starts one of the same name",
        expected: "told as if there were none, and the data still comes",
        does: flows_of_others,
        lacks: "",
    },
    AttackCase {
        number: 224,
        setup: "P",
        name: "keeps an agreement with a constraint taken away, one added, and one of another offer",
        expected: "refused, and no contract is made",
        does: agreement_of_ones_own,
        lacks: "",
    },
    AttackCase {
        number: 225,
        setup: "P",
        name: "has its answers sent to other hosts, data pushed, and an agreement read elsewhere by its name",
        expected: "refused, and nobody is dialled",
        does: callbacks_of_flows,
        lacks: "",
    },
    AttackCase {
        number: 226,
        setup: "P",
        name: "uses the token of an earlier start, of a paused flow, and of one that has ended",
        expected: "nothing is given",
        does: tokens_of_earlier_starts,
        lacks: "",
    },
    AttackCase {
        number: 227,
        setup: "S",
        name: "guesses the path of EDC, and says by that path more than it may",
        expected: "nothing is given, and what it ends is its own",
        does: paths_of_edc,
        lacks: "",
    },
];

fn met(holds: bool, what: impl Into<String>) -> AttackVerdict {
    let what = what.into();
    if holds { Ok(what) } else { Err(what) }
}

fn contracts(world: &FlowWorld) -> usize {
    world.city.contracts_with("firm.example").len()
}

fn strangers_at_the_data_plane(fixture: &mut FlowFixture) -> AttackVerdict {
    let world = &fixture.world;
    world.agreed("s", "agreement-s", &json!({}));
    let start = flow("s", "agreement-s");
    fixture.runtime.block_on(async {
        let mut told = Vec::new();
        for token in [
            "",
            "wrong",
            "token-of-the-firm-0001",
            &fixture.opened.1,
            EDC,
        ] {
            told.push(
                world
                    .ask(token, "/dataflows/start", Some(&start))
                    .await
                    .status,
            );
            told.push(
                world
                    .ask(token, "/dataflows/runs/status", None)
                    .await
                    .status,
            );
            told.push(
                world
                    .ask(token, "/dataflows/runs/terminate", Some(&json!({})))
                    .await
                    .status,
            );
        }
        let stands = world.data(&fixture.opened).await.text() == PERMITTED;
        met(
            stands && told.iter().all(|status| matches!(status, 401 | 404)),
            format!("{told:?}"),
        )
    })
}

fn flows_of_others(fixture: &mut FlowFixture) -> AttackVerdict {
    let world = &fixture.world;
    fixture.runtime.block_on(async {
        let mut told = Vec::new();
        told.push(
            world
                .ask(OTHER_PLANE, "/dataflows/runs/status", None)
                .await
                .status,
        );
        for step in ["suspend", "resume", "completed", "terminate", "started"] {
            let path = format!("/dataflows/runs/{step}");
            told.push(world.ask(OTHER_PLANE, &path, Some(&json!({}))).await.status);
        }
        let stands = world.data(&fixture.opened).await.text() == PERMITTED;
        met(
            stands && told.iter().all(|status| *status == 404),
            format!("{told:?}"),
        )
    })
}

fn agreement_of_ones_own(fixture: &mut FlowFixture) -> AttackVerdict {
    let world = &fixture.world;
    let before = contracts(world);
    let own = world.policy["permission"].clone();
    let (mut less, mut more) = (own.clone(), own);
    less[0]["constraint"].as_array_mut().unwrap().pop();
    more[0]["constraint"]
        .as_array_mut()
        .unwrap()
        .push(json!({"leftOperand": "odrl:count", "operator": "lteq", "rightOperand": "1"}));
    let told: Vec<u16> = fixture.runtime.block_on(async {
        let mut told = Vec::new();
        for (number, permission) in [less, more, json!([{"action": "use"}])]
            .into_iter()
            .enumerate()
        {
            let (process, agreement) = (format!("o{number}"), format!("own-{number}"));
            world.agreed(&process, &agreement, &json!({"permission": permission}));
            told.push(
                world
                    .signal("/start", Some(&flow(&process, &agreement)))
                    .await
                    .0,
            );
        }
        told
    });
    met(
        contracts(world) == before && told.iter().all(|status| *status == 404),
        format!("{told:?}"),
    )
}

fn callbacks_of_flows(fixture: &mut FlowFixture) -> AttackVerdict {
    let world = &fixture.world;
    world.agreed("elsewhere", "agreement-elsewhere", &json!({}));
    world.forget();
    fixture.runtime.block_on(async {
        let mut told = Vec::new();
        let own = world.plane.address.clone();
        let port = own.rsplit_once(':').unwrap().1;
        for (name, value) in [
            (
                "callbackAddress",
                json!("http://169.254.169.254/latest/meta-data"),
            ),
            (
                "callbackAddress",
                json!(format!("http://127.0.0.1:{port}@evil.example/")),
            ),
            (
                "callbackAddress",
                json!(format!("https://127.0.0.1:{port}/")),
            ),
            ("callbackAddress", json!("file:///etc/passwd")),
            (
                "dataAddress",
                json!({"endpointType": "x", "endpoint": "http://169.254.169.254/"}),
            ),
            (
                "profile",
                json!("https://w3id.org/dspace-sig/profile/http-push"),
            ),
            ("agreementId", json!("x/../../../latest/meta-data")),
            ("agreementId", json!("x?y#z")),
            ("processId", json!("../../admin")),
        ] {
            let mut message = flow("elsewhere", "agreement-elsewhere");
            message[name] = value;
            told.push(world.signal("/start", Some(&message)).await.0);
        }
        met(
            world.plane.is_quiet() && told.iter().all(|status| matches!(status, 400 | 404)),
            format!("{told:?}"),
        )
    })
}

fn tokens_of_earlier_starts(fixture: &mut FlowFixture) -> AttackVerdict {
    let world = &fixture.world;
    world.agreed("early", "agreement-early", &json!({}));
    fixture.runtime.block_on(async {
        let start = flow("early", "agreement-early");
        let (_, told) = world.signal("/start", Some(&start)).await;
        let first = opened(&told);
        let (_, told) = world.signal("/start", Some(&start)).await;
        let second = opened(&told);
        let mut statuses = vec![world.data(&first).await.status];
        // The token of one flow opens no other.
        let crossed = (fixture.opened.0.clone(), second.1.clone());
        statuses.push(world.data(&crossed).await.status);
        world.signal("/early/suspend", Some(&json!({}))).await;
        statuses.push(world.data(&second).await.status);
        let (_, told) = world.signal("/early/resume", Some(&json!({}))).await;
        let third = opened(&told);
        world.signal("/early/terminate", Some(&json!({}))).await;
        statuses.push(world.data(&third).await.status);
        let (again, _) = world.signal("/start", Some(&start)).await;
        met(
            again == 409 && statuses.iter().all(|status| matches!(status, 401 | 404)),
            format!("{statuses:?} {again}"),
        )
    })
}

fn paths_of_edc(fixture: &mut FlowFixture) -> AttackVerdict {
    let world = &fixture.world;
    let callback = format!("{}/control", world.plane.address);
    fixture.runtime.block_on(async {
        let start = of_edc("guessed", "65e414d6-c942-44b7-ada3-13f4d214da6b", &callback);
        let mut told = Vec::new();
        for path in [
            "/dataflows/edc".to_owned(),
            "/dataflows/edc/".to_owned(),
            "/dataflows/edc/guess".to_owned(),
            format!("/dataflows/edc/{PLANE}"),
            format!("/dataflows/edc/{}", &EDC[1..]),
            format!("/dataflows/edc/{EDC}%00"),
            "/dataflows/edc/token-of-the-firm-0001".to_owned(),
        ] {
            told.push(world.ask("", &path, Some(&start)).await.status);
        }
        let at = format!("/dataflows/edc/{EDC}");
        let mut pushed = start.clone();
        pushed["flowType"] = json!("PUSH");
        told.push(world.ask("", &at, Some(&pushed)).await.status);
        let mut other = start.clone();
        other["@type"] = json!("DataFlowProvisionMessage");
        told.push(world.ask("", &at, Some(&other)).await.status);
        told.push(world.ask("", &at, Some(&Value::Null)).await.status);
        // It ends what it has not begun without a word, and nothing ends.
        world
            .ask("", &format!("{at}/runs/terminate"), Some(&json!({})))
            .await;
        let stands = world.data(&fixture.opened).await.text() == PERMITTED;
        met(
            stands && told.iter().all(|status| (400..=404).contains(status)),
            format!("{told:?}"),
        )
    })
}
