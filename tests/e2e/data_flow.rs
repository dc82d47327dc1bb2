//! A control plane of the city's own negotiates, and the city's connector gives the data, or fetches it. What is sent here is what the
//! specification of Data Plane Signaling says, and what EDC 0.14 was seen to send.

use crate::binary;
use crate::http_interface::{WebFace, WebReply, rest};
use crate::http_peer::{HttpPeer, PeerRequest};
use hansa_audit_log::time::UtcTimestamp;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::long_table;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;

/// What stands in rows and columns that the firm doesn't get.
const HIDDEN: &str = "Sesame";

const TREES: &str = "urn:hansa:lindau.example:trees";
const LINDAU: &str = "did:web:lindau.example";
const FIRM: &str = "did:web:firm.example";
const PULL: &str = "https://w3id.org/dspace-sig/profile/http-pull";

pub(crate) const PLANE: &str = "token-of-the-control-plane";
pub(crate) const OTHER_PLANE: &str = "token-of-the-other-control-plane";
pub(crate) const EDC: &str = "token-in-the-path-of-edc";

/// A city whose trees are offered to a firm, and whose control planes are of two makes.
pub(crate) struct FlowWorld {
    _league: TestLeague,
    pub(crate) city: TestParticipant,
    pub(crate) plane: HttpPeer,
    /// What the control planes answer, by path.
    pub(crate) agreements: Arc<Mutex<BTreeMap<String, Value>>>,
    /// The policy that the control plane has to offer.
    pub(crate) policy: Value,
}

impl FlowWorld {
    pub(crate) fn new() -> Self {
        let league = TestLeague::new(binary());
        let mut city = league.city("lindau");
        league.hand_bundle_to("lindau");
        city.holds(
            "trees",
            &format!("kind,owner\noak,{HIDDEN}\n{HIDDEN},b\nlime,c\n"),
            "",
        );
        city.holds("long", &long_table(LONG), "");
        city.publishes();
        let all = "valid = { from = 2026-01-01, until = 2029-12-31 }\none_sided_receipts = true";
        city.offers("long", "long", all, "[\"firm.example\"]", "auto");
        let some = format!(
            "valid = {{ from = 2026-01-01, until = 2029-12-31 }}\ncolumns = [\"kind\"]\nrows = \"kind <> '{HIDDEN}'\"\none_sided_receipts = true"
        );
        city.offers("trees", "some", &some, "[\"firm.example\"]", "auto");
        city.offers(
            "trees",
            "by_hand",
            &format!("{some}\nopen_receipts = 50"),
            "[\"firm.example\"]",
            "officer",
        );
        let agreements: Arc<Mutex<BTreeMap<String, Value>>> = Arc::default();
        let kept = Arc::clone(&agreements);
        let plane = HttpPeer::new(move |request: &PeerRequest| match request.method.as_str() {
            "GET" => match kept.lock().unwrap().get(&request.path) {
                Some(agreement) => (200, agreement.clone()),
                None => (404, Value::Null),
            },
            _ => (200, Value::Null),
        });
        for (name, token) in [
            ("firm", "token-of-the-firm-0001"),
            ("plane", PLANE),
            ("other", OTHER_PLANE),
            ("edc", EDC),
            ("for-edc", "key-of-the-control-context"),
            ("management", "key-of-the-management"),
        ] {
            let file = format!("keys/{name}.token");
            city.write(&file, token);
            let only_owner = PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(city.folder().join(file), only_owner).unwrap();
        }
        let address = plane.address.clone();
        city.configure(&format!(
            "[web]\nlisten = \"127.0.0.1:0\"\n\n[dataspace]\nbase = \"https://data.lindau.example\"\nid = \"{LINDAU}\"\n\
             [partner.firm]\nparticipant = \"firm.example\"\nprotocol_id = \"{FIRM}\"\naddress = \"{address}/dsp\"\ntoken_file = \"keys/firm.token\"\n\
             [control_plane.plane]\naddress = \"{address}/signaling\"\ntoken_file = \"keys/plane.token\"\nown_token_file = \"keys/plane.token\"\n\
             [control_plane.other]\naddress = \"{address}/signaling\"\ntoken_file = \"keys/other.token\"\n\
             [control_plane.edc]\naddress = \"{address}/control\"\ntoken_file = \"keys/edc.token\"\nown_token_file = \"keys/for-edc.token\"\nspeaks = \"edc-0.14\"\n\
             agreement_address = \"{address}/management/v3/contractagreements/{{agreement}}\"\nagreement_key_file = \"keys/management.token\"\n"
        ));
        city.serve();
        let policies = city
            .hansa(&["partner", "policy", "firm", "--json"])
            .must()
            .lines();
        let of_trees = policies.iter().filter(|one| one["dataset"] == TREES);
        let own = of_trees.min_by_key(|one| one.to_string().len());
        let policy = own.unwrap()["policy"].clone();
        Self {
            _league: league,
            city,
            plane,
            agreements,
            policy,
        }
    }

    /// The control plane keeps an agreement; `more` changes it.
    pub(crate) fn agreed(&self, process: &str, agreement: &str, more: &Value) {
        let mut kept = json!({
            "@context": ["https://w3id.org/dspace/2025/1/context.jsonld"],
            "@type": "Agreement", "@id": agreement, "target": TREES,
            "assigner": LINDAU, "assignee": FIRM, "timestamp": now().to_string(),
            "permission": self.policy["permission"],
        });
        for (name, value) in more.as_object().unwrap() {
            kept[name] = value.clone();
        }
        let path = format!("/signaling/transfers/{process}/agreement");
        self.agreements.lock().unwrap().insert(path, kept);
    }

    /// The same at the management interface of EDC.
    pub(crate) fn agreed_at_edc(&self, agreement: &str) {
        let kept = json!({
            "@type": "ContractAgreement", "@id": agreement, "assetId": TREES,
            "policy": {
                "@id": "ad641de2-92b3-4a27-9c40-fc6f7916c4d2", "@type": "odrl:Agreement",
                "odrl:permission": self.policy["permission"][0], "odrl:prohibition": [], "odrl:obligation": [],
                "odrl:assignee": FIRM, "odrl:assigner": LINDAU, "odrl:target": {"@id": TREES},
            },
            "contractSigningDate": now().micros() / 1_000_000, "consumerId": FIRM, "providerId": LINDAU,
            "@context": {"@vocab": "https://w3id.org/edc/v0.0.1/ns/", "odrl": "http://www.w3.org/ns/odrl/2/"},
        });
        let path = format!("/management/v3/contractagreements/{agreement}");
        self.agreements.lock().unwrap().insert(path, kept);
    }

    pub(crate) async fn ask(&self, token: &str, path: &str, body: Option<&Value>) -> WebReply {
        let face = WebFace::of(&self.city);
        let method = if body.is_some() { "POST" } else { "GET" };
        let text = body.map(Value::to_string).unwrap_or_default();
        let authorization = match token {
            "" => String::new(),
            token => format!("Authorization: Bearer {token}\r\n"),
        };
        let request = format!(
            "{method} /dsp{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}Content-Length: {}\r\n\r\n{text}",
            text.len()
        );
        WebReply::of(&face.raw(request.as_bytes()).await)
    }

    /// The control plane asks for something; gives the status and what is answered.
    pub(crate) async fn signal(&self, path: &str, body: Option<&Value>) -> (u16, Value) {
        let reply = self.ask(PLANE, &format!("/dataflows{path}"), body).await;
        let value = serde_json::from_slice(&reply.body).unwrap_or_default();
        (reply.status, value)
    }

    /// The status of a start.
    async fn starts(&self, process: &str, agreement: &str) -> u16 {
        self.signal("/start", Some(&flow(process, agreement)))
            .await
            .0
    }

    /// The data at an address with what opens it.
    pub(crate) async fn data(&self, opened: &(String, String)) -> WebReply {
        self.ask(&opened.1, &opened.0, None).await
    }

    /// Everything that came to the control plane so far.
    pub(crate) fn forget(&self) {
        while !self.plane.is_quiet() {}
    }
}

#[expect(clippy::disallowed_methods, reason = "agreements are of the real time")]
fn now() -> UtcTimestamp {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    UtcTimestamp::from_micros(i64::try_from(now.as_micros()).unwrap()).unwrap()
}

/// A message of a control plane about a transfer.
pub(crate) fn flow(process: &str, agreement: &str) -> Value {
    json!({
        "messageId": format!("urn:uuid:message-{process}"),
        "participantId": LINDAU,
        "counterPartyId": FIRM,
        "dataspaceContext": "city",
        "processId": process,
        "agreementId": agreement,
        "datasetId": TREES,
        "profile": PULL,
        "claims": {"region": "eu"},
    })
}

/// The path of the data in a status, and what opens it.
pub(crate) fn opened(status: &Value) -> (String, String) {
    let address = &status["dataAddress"];
    let endpoint = address["endpoint"].as_str().unwrap();
    let path = endpoint
        .strip_prefix("https://data.lindau.example/dsp")
        .unwrap();
    let properties = address["endpointProperties"].as_array().unwrap();
    let token = properties
        .iter()
        .find(|one| one["name"] == "authorization")
        .unwrap();
    (path.to_owned(), token["value"].as_str().unwrap().to_owned())
}

/// Rows of a table that takes long to read.
const LONG: u32 = 400_000;

/// What the firm may see.
pub(crate) const PERMITTED: &str = "kind\r\noak\r\nlime\r\n";

#[test]
fn a_control_plane_has_data_given_under_its_agreements() {
    let mut world = FlowWorld::new();
    let runtime = Runtime::new().unwrap();
    let started = runtime.block_on(async {
        let world = &world;
        world.agreed("p1", "agreement-1", &json!({}));
        let (status, told) = world
            .signal("/start", Some(&flow("p1", "agreement-1")))
            .await;
        assert_eq!(
            (status, &told["state"], &told["dataFlowId"]),
            (200, &json!("STARTED"), &json!("p1")),
            "{told:#}"
        );
        assert_eq!(told["dataAddress"]["endpointType"], PULL);
        let first = opened(&told);
        assert_eq!(world.data(&first).await.text(), PERMITTED);
        // The answer was lost, and the message comes again: what was told before opens nothing any more.
        let (status, told) = world
            .signal("/start", Some(&flow("p1", "agreement-1")))
            .await;
        assert_eq!(status, 200, "{told:#}");
        let second = opened(&told);
        assert_eq!(
            (
                world.data(&first).await.status,
                world.data(&second).await.status
            ),
            (401, 200)
        );
        let mut other = flow("p1", "agreement-1");
        other["messageId"] = json!("urn:uuid:another");
        assert_eq!(world.signal("/start", Some(&other)).await.0, 409);
        let (status, told) = world.signal("/p1/status", None).await;
        assert_eq!(
            (status, &told["state"], told.get("dataAddress")),
            (200, &json!("STARTED"), None)
        );
        // A pause, and what follows it.
        let pause = json!({"messageId": "urn:uuid:pause", "reason": "night"});
        let (status, told) = world.signal("/p1/suspend", Some(&pause)).await;
        assert_eq!((status, &told["state"]), (200, &json!("SUSPENDED")));
        assert_eq!(world.data(&second).await.status, 401);
        assert_eq!(
            world
                .signal("/p1/suspend", Some(&json!({"messageId": "urn:uuid:again"})))
                .await
                .0,
            409
        );
        let (status, told) = world
            .signal("/p1/resume", Some(&json!({"messageId": "urn:uuid:resume"})))
            .await;
        assert_eq!((status, &told["state"]), (200, &json!("STARTED")));
        let third = opened(&told);
        assert_eq!(world.data(&third).await.text(), PERMITTED);
        let (status, told) = world.signal("/p1/completed", Some(&json!({}))).await;
        assert_eq!((status, &told["state"]), (200, &json!("COMPLETED")));
        assert_eq!(world.data(&third).await.status, 401);
        assert_eq!(world.signal("/p1/terminate", Some(&json!({}))).await.0, 409);
        // Another transfer under the same agreement has the same contract.
        world.agreed("p2", "agreement-1", &json!({}));
        let (status, told) = world
            .signal("/start", Some(&flow("p2", "agreement-1")))
            .await;
        assert_eq!(status, 200, "{told:#}");
        opened(&told)
    });
    assert_eq!(world.city.contracts_with("firm.example").len(), 1);
    // A restart ends nothing.
    world.city.stop();
    world.city.serve();
    runtime.block_on(async {
        assert_eq!(world.data(&started).await.text(), PERMITTED);
    });
    world.forget();
    world.city.withdraws_from("firm.example");
    let told = world.plane.next();
    assert_eq!(
        told.path, "/signaling/transfers/p2/dataflow/errored",
        "{told:#?}"
    );
    assert_eq!(
        (&told.body["state"], &told.body["error"]),
        (&json!("TERMINATED"), &json!("WITHDRAWN"))
    );
    assert!(
        told.head
            .contains(&format!("authorization: bearer {PLANE}")),
        "{}",
        told.head
    );
    runtime.block_on(async {
        let world = &world;
        assert_eq!(world.data(&started).await.status, 401);
        let (_, told) = world.signal("/p2/status", None).await;
        assert_eq!(told["state"], "TERMINATED");
        // Neither that agreement nor one from before the withdrawal brings it back; one from afterwards does.
        world.agreed("p3", "agreement-1", &json!({}));
        assert_eq!(world.starts("p3", "agreement-1").await, 400);
        world.agreed(
            "p4",
            "agreement-4",
            &json!({"timestamp": "2026-01-02T00:00:00Z"}),
        );
        assert_eq!(world.starts("p4", "agreement-4").await, 400);
        // An agreement from times to come would come back after each withdrawal.
        world.agreed(
            "p6",
            "agreement-6",
            &json!({"timestamp": "2099-01-01T00:00:00Z"}),
        );
        let (status, told) = world
            .signal("/start", Some(&flow("p6", "agreement-6")))
            .await;
        assert_eq!(status, 503, "{told:#}");
        world.agreed("p5", "agreement-5", &json!({}));
        assert_eq!(world.starts("p5", "agreement-5").await, 200);
    });
    world.city.hansa(&["audit", "verify"]).must();
}

#[test]
fn an_agreement_of_a_control_plane_is_an_offer_word_for_word() {
    let world = FlowWorld::new();
    let runtime = Runtime::new().unwrap();
    let by_hand = world
        .city
        .hansa(&["partner", "policy", "firm", "--json"])
        .must()
        .lines();
    let by_hand: Vec<_> = by_hand
        .iter()
        .filter(|one| one["dataset"] == TREES)
        .collect();
    assert_eq!(by_hand.len(), 2);
    let by_hand = by_hand
        .iter()
        .max_by_key(|one| one.to_string().len())
        .unwrap();
    let mut looser = world.policy["permission"].clone();
    looser[0]["constraint"].as_array_mut().unwrap().remove(0);
    runtime.block_on(async {
        for (number, (more, status)) in [
            (json!({"permission": [{"action": "use"}]}), 404),
            (json!({"permission": looser}), 404),
            (json!({"permission": by_hand["policy"]["permission"]}), 404),
            (json!({"obligation": [{"action": "pay"}]}), 404),
            (json!({"assignee": "did:web:rival.example"}), 404),
            (json!({"assigner": "did:web:other.example"}), 404),
            (json!({"target": "urn:hansa:lindau.example:ledger"}), 404),
            (json!({"@id": "another"}), 404),
            (json!({"@type": "Offer"}), 503),
        ]
        .into_iter()
        .enumerate()
        {
            let (process, agreement) = (format!("q{number}"), format!("agreement-{number}"));
            world.agreed(&process, &agreement, &more);
            let answered = world
                .signal("/start", Some(&flow(&process, &agreement)))
                .await;
            assert_eq!(answered.0, status, "{more} {answered:?}");
            assert_eq!(
                world.signal(&format!("/{process}/status"), None).await.0,
                404
            );
        }
        // What is asked for otherwise, or for others.
        world.agreed("r", "agreement-r", &json!({}));
        for (name, value) in [
            ("participantId", json!(FIRM)),
            ("counterPartyId", json!("did:web:rival.example")),
            (
                "profile",
                json!("https://w3id.org/dspace-sig/profile/http-push"),
            ),
            (
                "dataAddress",
                json!({"endpointType": PULL, "endpoint": "https://firm.example/in"}),
            ),
            ("callbackAddress", json!("http://169.254.169.254/latest")),
            ("agreementId", json!("../../admin")),
            ("processId", json!("../../admin")),
        ] {
            let mut message = flow("r", "agreement-r");
            message[name] = value;
            let answered = world.signal("/start", Some(&message)).await;
            assert!((400..=404).contains(&answered.0), "{name} {answered:?}");
        }
        assert_eq!(world.starts("r", "agreement-r").await, 200);
    });
    let refused = world.city.records("partner_message");
    let refused = refused
        .iter()
        .filter(|one| one["body"]["refused"].is_string());
    assert!(refused.count() >= 16);
}

#[test]
fn a_control_plane_has_data_fetched() {
    let world = FlowWorld::new();
    let runtime = Runtime::new().unwrap();
    let firm = world.plane.address.clone();
    let rows = json!({"kind": "elm"});
    world
        .agreements
        .lock()
        .unwrap()
        .insert("/data/1".to_owned(), rows.clone());
    runtime.block_on(async {
        let (status, told) = world.signal("/prepare", Some(&flow("c1", "agreement-c"))).await;
        assert_eq!((status, &told["state"]), (200, &json!("PREPARED")), "{told:#}");
        assert!(told.get("dataAddress").is_none());
        let address = json!({
            "endpointType": PULL, "endpoint": format!("{firm}/data/1"),
            "endpointProperties": [{"name": "authorization", "value": "opens-it"}, {"name": "authType", "value": "bearer"}],
        });
        let started = json!({"messageId": "urn:uuid:started", "dataAddress": address});
        let (status, told) = world.signal("/c1/started", Some(&started)).await;
        assert_eq!((status, &told["state"]), (200, &json!("STARTED")), "{told:#}");
    });
    let listed = world
        .city
        .hansa(&["partner", "list", "--json"])
        .must()
        .lines();
    let flow = listed
        .iter()
        .find(|one| one["kind"] == "data flow")
        .unwrap();
    let process = flow["process"].as_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("trees.json");
    let collected = world
        .city
        .hansa(&[
            "partner",
            "collect",
            process,
            "-o",
            file.to_str().unwrap(),
            "--json",
        ])
        .must()
        .json();
    assert_eq!(std::fs::read_to_string(&file).unwrap(), rows.to_string());
    assert_eq!(collected["bytes"], rows.to_string().len());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    let fetched = world.plane.next();
    assert!(
        fetched.path == "/data/1" && fetched.head.contains("authorization: opens-it"),
        "{fetched:?}"
    );
    let told = world.plane.next();
    assert_eq!(
        (told.path.as_str(), &told.body["state"]),
        (
            "/signaling/transfers/c1/dataflow/completed",
            &json!("COMPLETED")
        )
    );
    let came = world.city.records("partner_data");
    assert_eq!(came[0]["body"]["sha256"], collected["sha256"]);
    world
        .city
        .hansa(&["partner", "collect", process, "-o", "again.json"])
        .refused("NEGOTIATION_STATE", 3);
}

/// What EDC 0.14 sends for a pull, as it was seen on the wire.
pub(crate) fn of_edc(process: &str, agreement: &str, callback: &str) -> Value {
    json!({
        "@type": "DataFlowStartMessage", "transferTypeDestination": "HttpData", "flowType": "PULL",
        "agreementId": agreement, "processId": process, "datasetId": TREES, "properties": {}, "callbackAddress": callback,
        "sourceDataAddress": {"@type": "dspace:DataAddress", "dspace:endpointType": "HansaData", "dspace:endpointProperties": []},
        "participantId": FIRM,
        "@context": {"odrl": "http://www.w3.org/ns/odrl/2/", "dspace": "https://w3id.org/dspace/v0.8/", "@vocab": "https://w3id.org/edc/v0.0.1/ns/"},
    })
}

#[test]
fn edc_before_the_specification_has_data_given_by_a_path_that_it_alone_knows() {
    let world = FlowWorld::new();
    let runtime = Runtime::new().unwrap();
    let (process, agreement) = (
        "8912ab60-dced-45e8-a7eb-7ec672592668",
        "65e414d6-c942-44b7-ada3-13f4d214da6b",
    );
    let at = format!("/dataflows/edc/{EDC}");
    let token = |reply: &WebReply| {
        let address = reply.json()["dataAddress"]["dspace:endpointProperties"].clone();
        let named = |name: &str| {
            let name = format!("https://w3id.org/edc/v0.0.1/ns/{name}");
            let one = address
                .as_array()
                .unwrap()
                .iter()
                .find(|one| one["dspace:name"] == json!(name));
            one.unwrap()["dspace:value"].as_str().unwrap().to_owned()
        };
        let path = named("endpoint");
        let path = path
            .strip_prefix("https://data.lindau.example/dsp")
            .unwrap();
        (path.to_owned(), named("authorization"))
    };
    runtime.block_on(async {
        let world = &world;
        assert_eq!(
            world.ask("", &format!("{at}/check"), None).await.status,
            200
        );
        assert_eq!(
            world
                .ask("", "/dataflows/edc/token-of-the-control-plane/check", None)
                .await
                .status,
            401
        );
        // A token in a path is for EDC, and one in a header for others.
        assert_eq!(
            world
                .ask("", &format!("/dataflows/edc/{PLANE}/check"), None)
                .await
                .status,
            401
        );
        assert_eq!(
            world.ask(EDC, "/dataflows/p/status", None).await.status,
            401
        );
        let start = of_edc(
            process,
            agreement,
            &format!("{}/control", world.plane.address),
        );
        assert_eq!(world.ask("", &at, Some(&start)).await.status, 404);
        let asked = world.plane.next();
        assert!(
            asked.head.contains("x-api-key: key-of-the-management"),
            "{asked:?}"
        );
        world.agreed_at_edc(agreement);
        let reply = world.ask("", &at, Some(&start)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let first = token(&reply);
        assert_eq!(world.data(&first).await.text(), PERMITTED);
        let second = token(&world.ask("", &at, Some(&start)).await);
        assert_eq!(
            (
                world.data(&first).await.status,
                world.data(&second).await.status
            ),
            (401, 200)
        );
        let empty = json!({"@type": "DataFlowSuspendMessage"});
        for _ in 0..2 {
            assert_eq!(
                world
                    .ask("", &format!("{at}/{process}/suspend"), Some(&empty))
                    .await
                    .status,
                200
            );
        }
        assert_eq!(world.data(&second).await.status, 401);
        let third = token(&world.ask("", &at, Some(&start)).await);
        assert_eq!(world.data(&third).await.text(), PERMITTED);
    });
    world.forget();
    world.city.withdraws_from("firm.example");
    let told = world.plane.next();
    assert_eq!(
        told.path,
        format!("/control/transferprocess/{process}/fail")
    );
    assert_eq!(told.body, json!({"errorMessage": "WITHDRAWN"}));
    assert!(
        told.head.contains("x-api-key: key-of-the-control-context"),
        "{}",
        told.head
    );
    runtime.block_on(async {
        let start = of_edc(
            process,
            agreement,
            &format!("{}/control", world.plane.address),
        );
        let again = world.ask("", &at, Some(&start)).await;
        assert!(
            again.status >= 400 && again.status < 500,
            "{}",
            again.status
        );
        for unknown in [process, "never-heard-of"] {
            let path = format!("{at}/{unknown}/terminate");
            assert_eq!(
                world
                    .ask(
                        "",
                        &path,
                        Some(&json!({"@type": "DataFlowTerminateMessage"}))
                    )
                    .await
                    .status,
                200
            );
        }
    });
}

#[test]
fn a_pause_ends_what_runs() {
    let world = FlowWorld::new();
    let runtime = Runtime::new().unwrap();
    let long = "urn:hansa:lindau.example:long";
    let policies = world
        .city
        .hansa(&["partner", "policy", "firm", "--json"])
        .must()
        .lines();
    let policy = policies.iter().find(|one| one["dataset"] == long).unwrap();
    let permission = policy["policy"]["permission"].clone();
    runtime.block_on(async {
        world.agreed("l", "agreement-l", &json!({"target": long, "permission": permission}));
        let mut asked = flow("l", "agreement-l");
        asked["datasetId"] = json!(long);
        let (status, told) = world.signal("/start", Some(&asked)).await;
        assert_eq!(status, 200, "{told:#}");
        let (path, token) = opened(&told);
        let face = WebFace::of(&world.city);
        let request = format!(
            "GET /dsp{path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\r\n"
        );
        let mut slow = face.open_slow().await;
        slow.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = vec![0; 1024];
        slow.read_exact(&mut bytes).await.unwrap();
        assert!(bytes.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&bytes));
        let (status, _) = world.signal("/l/suspend", Some(&json!({}))).await;
        assert_eq!(status, 200);
        bytes.extend(rest(&mut slow).await);
        let reply = WebReply::of(&bytes);
        assert!(!reply.is_whole, "{} bytes came", reply.body.len());
    });
}

#[test]
fn nothing_is_given_for_a_control_plane_that_is_named_no_longer() {
    let world = FlowWorld::new();
    let runtime = Runtime::new().unwrap();
    let given = runtime.block_on(async {
        world.agreed("g", "agreement-g", &json!({}));
        let (_, told) = world
            .signal("/start", Some(&flow("g", "agreement-g")))
            .await;
        let given = opened(&told);
        assert_eq!(world.data(&given).await.text(), PERMITTED);
        given
    });
    let config = world.city.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        before.replace("[control_plane.plane]", "[control_plane.renamed]"),
    )
    .unwrap();
    world.city.hansa(&["reload"]).must();
    runtime.block_on(async {
        let status = world.data(&given).await.status;
        assert!(matches!(status, 401 | 403), "{status}");
    });
    let begun = Instant::now();
    loop {
        let listed = world
            .city
            .hansa(&["partner", "list", "--json"])
            .must()
            .lines();
        let flow = listed
            .iter()
            .find(|one| one["kind"] == "data flow")
            .unwrap();
        if flow["state"] == "TERMINATED" {
            return;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{flow:#}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
