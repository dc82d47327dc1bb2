//! Connectors of other makes: what they negotiate and pull by the Dataspace Protocol, and what they don't.

mod later_withdrawal;
mod permitted_view;
mod repeated_requests;
mod states;

use crate::binary;
use crate::http_interface::{WebFace, WebReply};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tokio::runtime::Runtime;

/// What stands in datasets, rows and columns that partners don't get.
const HIDDEN: &str = "Sesame";

const FIRM: &str = "token-of-the-firm-0001";
const RIVAL: &str = "token-of-the-rival-0001";

const CONTEXT: &str = "https://w3id.org/dspace/2025/1/context.jsonld";

/// What a partner answers to whoever asks for its catalogue.
#[derive(Clone, Copy)]
pub(crate) enum PeerCatalog {
    /// Behind each page there is another one.
    Endless,
    /// One dataset.
    One,
    /// Nothing at all.
    Nothing,
}

/// A connector of another make, as far as it takes messages: each with its path, answered with success.
pub(crate) struct PartnerPeer {
    pub(crate) address: String,
    came: Receiver<(String, Value)>,
}

impl PartnerPeer {
    pub(crate) fn new(catalog: PeerCatalog) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/dsp/2025-1", listener.local_addr().unwrap());
        let (send, came) = channel();
        let own = address.clone();
        // It ends with the process of the test, since nobody knows how many messages come.
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                let mut caller = caller.unwrap();
                let Some((path, body)) = message(&mut caller) else {
                    continue;
                };
                let (headers, sent) = match (path.as_str(), catalog) {
                    (path, PeerCatalog::Endless) if path.ends_with("catalog/request") => {
                        let next =
                            format!("Link: <{own}/catalog/request?from=1>; rel=\"next\"\r\n");
                        (next, page().to_string())
                    }
                    (path, PeerCatalog::One) if path.ends_with("catalog/request") => {
                        (String::new(), page().to_string())
                    }
                    (path, _) if path.ends_with("negotiations/request") => {
                        let pids = json!({"consumerPid": body["consumerPid"], "providerPid": "urn:uuid:theirs", "state": "REQUESTED"});
                        (String::new(), of("ContractNegotiation", pids).to_string())
                    }
                    _ => (String::new(), String::new()),
                };
                let answer = format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n{headers}\r\n{sent}",
                    sent.len()
                );
                caller.write_all(answer.as_bytes()).unwrap();
                if send.send((tail(&path), body)).is_err() {
                    return;
                }
            }
        });
        Self { address, came }
    }

    /// Whether a message waits to be looked at.
    pub(crate) fn has_heard(&self) -> bool {
        self.came.try_recv().is_ok()
    }

    /// The next message: the end of its path, and what it says.
    pub(crate) fn next(&self) -> (String, Value) {
        self.came.recv_timeout(Duration::from_secs(60)).unwrap()
    }
}

/// A page of a catalogue.
fn page() -> Value {
    let service = json!({"@type": "DataService", "@id": "urn:uuid:service", "endpointURL": "https://firm.example/dsp"});
    of(
        "Catalog",
        json!({
            "@id": "urn:uuid:catalogue",
            "participantId": "did:web:firm.example",
            "service": [service],
            "dataset": [{
                "@type": "Dataset",
                "@id": "urn:uuid:dataset",
                "hasPolicy": [{"@type": "Offer", "@id": "urn:uuid:offer", "permission": [{"action": "use"}]}],
                "distribution": [{"@type": "Distribution", "format": "HttpData-PULL", "accessService": service}],
            }],
        }),
    )
}

/// The path of a message, and what it says.
pub(crate) fn message(caller: &mut std::net::TcpStream) -> Option<(String, Value)> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let length = caller.read(&mut piece).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let path = head.split(' ').nth(1)?.to_owned();
        let head = head.to_lowercase();
        let mut lines = head.lines();
        let length = lines.find_map(|line| line.strip_prefix("content-length: "))?;
        if body.len() == length.parse::<usize>().ok()? {
            return Some((path, serde_json::from_str(body).ok()?));
        }
    }
}

/// What stands behind the id of a process in a path.
fn tail(path: &str) -> String {
    let last = path
        .rsplit_once("/urn:uuid:")
        .map_or(path, |(_, last)| last);
    let last = last.split_once('/').map_or(last, |(_, last)| last);
    last.to_owned()
}

/// A city whose trees are offered to a firm and a rival, and whose ledger is for its league.
pub(crate) struct PartnerWorld {
    _league: TestLeague,
    pub(crate) city: TestParticipant,
    pub(crate) firm: PartnerPeer,
    pub(crate) rival: PartnerPeer,
}

impl PartnerWorld {
    pub(crate) fn new() -> Self {
        Self::with(PeerCatalog::Endless, "")
    }

    /// `more` stands in the table of the firm.
    pub(crate) fn with(catalog: PeerCatalog, more: &str) -> Self {
        Self::holding(catalog, more, |_| {})
    }

    /// `holds` gives the city more.
    pub(crate) fn holding(
        catalog: PeerCatalog,
        more: &str,
        holds: impl FnOnce(&TestParticipant),
    ) -> Self {
        let league = TestLeague::new(binary());
        let mut city = league.city("lindau");
        league.hand_bundle_to("lindau");
        city.holds(
            "trees",
            &format!("kind,owner\noak,{HIDDEN}\n{HIDDEN},b\nlime,c\n"),
            "",
        );
        city.holds("plain", "n\n1\n", "");
        city.holds("ledger", &format!("code\n{HIDDEN}\n"), "");
        city.publishes();
        let some = format!(
            "valid = {{ from = 2026-01-01, until = 2029-12-31 }}\ncolumns = [\"kind\"]\nrows = \"kind <> '{HIDDEN}'\"\none_sided_receipts = true"
        );
        city.offers("trees", "some", &some, "[\"firm.example\"]", "auto");
        let by_hand = format!("{some}\nopen_receipts = 50");
        city.offers(
            "trees",
            "by_hand",
            &by_hand,
            "[\"rival.example\"]",
            "officer",
        );
        city.offers(
            "ledger",
            "league",
            "valid = { from = 2026-01-01, until = 2029-12-31 }",
            "\"league\"",
            "auto",
        );
        city.offers(
            "plain",
            "plain",
            "valid = { from = 2026-01-01, until = 2029-12-31 }",
            "[\"rival.example\"]",
            "auto",
        );
        holds(&city);
        let (firm, rival) = (
            PartnerPeer::new(catalog),
            PartnerPeer::new(PeerCatalog::Nothing),
        );
        for (name, token) in [("firm", FIRM), ("rival", RIVAL)] {
            city.write(&format!("keys/{name}.token"), token);
            let file = city.folder().join(format!("keys/{name}.token"));
            let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(file, only_owner).unwrap();
        }
        let partner = |name: &str, address: &str| {
            format!(
                "[partner.{name}]\nparticipant = \"{name}.example\"\nprotocol_id = \"did:web:{name}.example\"\naddress = \"{address}\"\ntoken_file = \"keys/{name}.token\"\n"
            )
        };
        city.configure("[web]\nlisten = \"127.0.0.1:0\"\n\n[dataspace]\nbase = \"https://data.lindau.example\"\nid = \"did:web:lindau.example\"\n");
        city.configure(&format!("{}{more}", partner("firm", &firm.address)));
        city.configure(&partner("rival", &rival.address));
        city.serve();
        Self {
            _league: league,
            city,
            firm,
            rival,
        }
    }

    /// Sends a message, or gets what is at a path.
    pub(crate) async fn ask(&self, token: &str, path: &str, body: Option<&Value>) -> WebReply {
        let text = body.map(Value::to_string).unwrap_or_default();
        self.ask_raw(token, path, body.map(|_| text.as_str())).await
    }

    pub(crate) async fn ask_raw(&self, token: &str, path: &str, body: Option<&str>) -> WebReply {
        let face = WebFace::of(&self.city);
        let method = if body.is_some() { "POST" } else { "GET" };
        let text = body.unwrap_or_default();
        let authorization = match token {
            "" => String::new(),
            token => format!("Authorization: {token}\r\n"),
        };
        let content = match body {
            Some(_) => format!(
                "Content-Type: application/json\r\nContent-Length: {}\r\n",
                text.len()
            ),
            None => String::new(),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{authorization}{content}\r\n{text}"
        );
        WebReply::of(&face.raw(request.as_bytes()).await)
    }

    pub(crate) async fn firm(&self, path: &str, body: Option<&Value>) -> (u16, Value) {
        let reply = self.ask(&format!("Bearer {FIRM}"), path, body).await;
        let value = serde_json::from_slice(&reply.body).unwrap_or_default();
        (reply.status, value)
    }

    pub(crate) async fn rival(&self, path: &str, body: Option<&Value>) -> (u16, Value) {
        let reply = self.ask(&format!("Bearer {RIVAL}"), path, body).await;
        let value = serde_json::from_slice(&reply.body).unwrap_or_default();
        (reply.status, value)
    }

    /// The dataset and the offer that the firm is shown.
    pub(crate) async fn offer(&self) -> (String, Value) {
        let (status, catalog) = self
            .firm(
                "/dsp/2025-1/catalog/request",
                Some(&of("CatalogRequestMessage", json!({}))),
            )
            .await;
        assert_eq!(status, 200, "{catalog:#}");
        let dataset = &catalog["dataset"][0];
        (
            dataset["@id"].as_str().unwrap().to_owned(),
            dataset["hasPolicy"][0].clone(),
        )
    }

    /// A request for that offer by the firm.
    pub(crate) async fn request(&self, consumer_pid: &str) -> Value {
        let (dataset, offer) = self.offer().await;
        self.request_for(&dataset, offer, consumer_pid)
    }

    fn request_for(&self, dataset: &str, mut offer: Value, consumer_pid: &str) -> Value {
        offer["@type"] = json!("Offer");
        offer["target"] = json!(dataset);
        of(
            "ContractRequestMessage",
            json!({
                "@id": format!("urn:uuid:message-{consumer_pid}"),
                "consumerPid": consumer_pid,
                "offer": offer,
                "callbackAddress": self.firm.address,
            }),
        )
    }

    /// The firm negotiates to the end; gives the agreement.
    pub(crate) async fn agreed(&self, consumer_pid: &str) -> String {
        let request = self.request(consumer_pid).await;
        self.agreed_by(&request, consumer_pid).await
    }

    /// The same about a dataset of the catalogue.
    async fn agreed_on(&self, dataset: &Value, consumer_pid: &str) -> String {
        let (id, offer) = (
            dataset["@id"].as_str().unwrap(),
            dataset["hasPolicy"][0].clone(),
        );
        let request = self.request_for(id, offer, consumer_pid);
        self.agreed_by(&request, consumer_pid).await
    }

    async fn agreed_by(&self, request: &Value, consumer_pid: &str) -> String {
        let (status, ack) = self
            .firm("/dsp/2025-1/negotiations/request", Some(request))
            .await;
        assert_eq!(
            (status, &ack["state"]),
            (201, &json!("REQUESTED")),
            "{ack:#}"
        );
        let provider_pid = ack["providerPid"].as_str().unwrap().to_owned();
        let (path, agreement) = self.firm.next();
        assert_eq!(path, "agreement", "{agreement:#}");
        let verification = of(
            "ContractAgreementVerificationMessage",
            json!({"consumerPid": consumer_pid, "providerPid": provider_pid}),
        );
        let path = format!("/dsp/2025-1/negotiations/{provider_pid}/agreement/verification");
        assert_eq!(self.firm(&path, Some(&verification)).await.0, 200);
        let (path, event) = self.firm.next();
        assert_eq!(
            (path.as_str(), &event["eventType"]),
            ("events", &json!("FINALIZED")),
            "{event:#}"
        );
        agreement["agreement"]["@id"].as_str().unwrap().to_owned()
    }

    /// The firm has a transfer started; gives the process of the provider, the path of the data and the token.
    pub(crate) async fn started(
        &self,
        agreement: &str,
        consumer_pid: &str,
    ) -> (String, String, String) {
        let request = of(
            "TransferRequestMessage",
            json!({
                "consumerPid": consumer_pid,
                "agreementId": agreement,
                "format": "HttpData-PULL",
                "callbackAddress": self.firm.address,
            }),
        );
        let (status, ack) = self
            .firm("/dsp/2025-1/transfers/request", Some(&request))
            .await;
        assert_eq!(
            (status, &ack["state"]),
            (201, &json!("REQUESTED")),
            "{ack:#}"
        );
        let (path, start) = self.firm.next();
        assert_eq!(path, "start", "{start:#}");
        let address = &start["dataAddress"];
        let endpoint = address["endpoint"].as_str().unwrap();
        let path = endpoint
            .strip_prefix("https://data.lindau.example")
            .unwrap()
            .to_owned();
        let properties = address["endpointProperties"].as_array().unwrap();
        let token = properties
            .iter()
            .find(|one| one["name"] == "authorization")
            .unwrap();
        let token = token["value"].as_str().unwrap().to_owned();
        (ack["providerPid"].as_str().unwrap().to_owned(), path, token)
    }

    pub(crate) async fn data(&self, path: &str, token: &str) -> WebReply {
        self.ask(&format!("Bearer {token}"), path, None).await
    }
}

/// A message of that type.
pub(crate) fn of(kind: &str, mut members: Value) -> Value {
    members["@context"] = json!([CONTEXT]);
    members["@type"] = json!(kind);
    members
}

#[test]
fn a_partner_negotiates_and_pulls_what_its_contract_permits() {
    let mut world = PartnerWorld::new();
    let runtime = Runtime::new().unwrap();
    let (agreement, transfer, path, token) = runtime.block_on(async {
        let world = &world;
        let versions = world.ask("", "/.well-known/dspace-version", None).await;
        assert!(versions.text().contains("2025-1"), "{}", versions.text());
        let (_, offer) = world.offer().await;
        assert!(!offer.to_string().contains("ledger"), "{offer:#}");
        let agreement = world.agreed("urn:uuid:firm-1").await;
        let (transfer, path, token) = world.started(&agreement, "urn:uuid:firm-t1").await;
        // The data, in each form: what the contract permits, and nothing else.
        let csv = world.data(&path, &token).await;
        assert_eq!(
            (csv.status, csv.text().as_str()),
            (200, "kind\r\noak\r\nlime\r\n")
        );
        let lines = world
            .data(&format!("{path}?format=jsonl"), &token)
            .await
            .text();
        assert_eq!(lines, "{\"kind\":\"oak\"}\n{\"kind\":\"lime\"}\n");
        let arrow = world
            .data(&format!("{path}?format=arrow"), &token)
            .await
            .body;
        let batches = arrow_ipc::reader::StreamReader::try_new(arrow.as_slice(), None).unwrap();
        assert_eq!(
            batches
                .map(|batch| batch.unwrap().num_rows())
                .sum::<usize>(),
            2
        );
        let parquet = world
            .data(&format!("{path}?format=parquet"), &token)
            .await
            .body;
        assert!(parquet.starts_with(b"PAR1") && parquet.ends_with(b"PAR1"));
        for all in [&arrow, &parquet] {
            assert!(!String::from_utf8_lossy(all).contains(HIDDEN));
        }
        (agreement, transfer, path, token)
    });
    // It stands in the log as any other answer, with receipts that nobody countersigns.
    assert_eq!(world.city.records("one_sided_receipt").len(), 4);
    assert_eq!(world.city.records("partner_message").len(), 8);
    world.city.hansa(&["audit", "verify"]).must();
    let listed = world
        .city
        .hansa(&["partner", "list", "--json"])
        .must()
        .lines();
    let negotiation = listed
        .iter()
        .find(|one| one["kind"] == "negotiation")
        .unwrap();
    assert_eq!(
        (&negotiation["state"], &negotiation["agreement"]),
        (&json!("FINALIZED"), &json!(agreement))
    );
    assert_eq!(negotiation["signed_by"], "this participant alone");
    // A restart ends neither the contract nor the transfer.
    world.city.stop();
    world.city.serve();
    runtime.block_on(async {
        let csv = world.data(&path, &token).await;
        assert_eq!(
            (csv.status, csv.text().as_str()),
            (200, "kind\r\noak\r\nlime\r\n")
        );
    });
    // A withdrawal ends both, and the partner is told.
    world.city.withdraws_from("firm.example");
    runtime.block_on(async {
        let (last, ended) = world.firm.next();
        assert_eq!(
            (last.as_str(), &ended["code"]),
            ("termination", &json!("WITHDRAWN")),
            "{ended:#}"
        );
        assert_eq!(world.data(&path, &token).await.status, 401);
        let (_, state) = world
            .firm(&format!("/dsp/2025-1/transfers/{transfer}"), None)
            .await;
        assert_eq!(state["state"], "TERMINATED");
    });
}

#[test]
fn an_offer_that_waits_for_an_officer_waits() {
    let world = PartnerWorld::new();
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let (_, catalog) = world
            .rival(
                "/dsp/2025-1/catalog/request",
                Some(&of("CatalogRequestMessage", json!({}))),
            )
            .await;
        let all = catalog["dataset"].as_array().unwrap();
        let dataset = all
            .iter()
            .find(|one| one["@id"] == "urn:hansa:lindau.example:trees")
            .unwrap();
        let mut offer = dataset["hasPolicy"][0].clone();
        offer["@type"] = json!("Offer");
        offer["target"] = dataset["@id"].clone();
        let request = of(
            "ContractRequestMessage",
            json!({
                "consumerPid": "urn:uuid:rival-1",
                "offer": offer,
                "callbackAddress": world.rival.address,
            }),
        );
        let (status, ack) = world
            .rival("/dsp/2025-1/negotiations/request", Some(&request))
            .await;
        assert_eq!(status, 201, "{ack:#}");
        let pid = ack["providerPid"].as_str().unwrap();
        // Terms that differ from the offer end it.
        offer["permission"][0]["constraint"]
            .as_array_mut()
            .unwrap()
            .pop();
        let other = of(
            "ContractRequestMessage",
            json!({
                "consumerPid": "urn:uuid:rival-2",
                "offer": offer,
                "callbackAddress": world.rival.address,
            }),
        );
        assert_eq!(
            world
                .rival("/dsp/2025-1/negotiations/request", Some(&other))
                .await
                .0,
            201
        );
        let (last, ended) = world.rival.next();
        assert_eq!(
            (last.as_str(), &ended["consumerPid"]),
            ("termination", &json!("urn:uuid:rival-2")),
            "{ended:#}"
        );
        // The first one still stands where it was, until somebody agrees.
        let (_, state) = world
            .rival(&format!("/dsp/2025-1/negotiations/{pid}"), None)
            .await;
        assert_eq!(state["state"], "REQUESTED");
        let table = world
            .city
            .hansa(&["partner", "show", pid, "--json"])
            .must()
            .json();
        assert_eq!(
            table["rules"]["permission"][0]["action"], "use",
            "{table:#}"
        );
        let elsewhere = "0".repeat(64);
        let agree = ["partner", "agree", pid, "--terms", &elsewhere];
        world.city.hansa(&agree).refused("OFFER_UNKNOWN", 3);
        let terms = table["terms"].as_str().unwrap();
        let agree = ["partner", "agree", pid, "--terms", terms];
        world.city.hansa(&agree).must();
        let (last, agreement) = world.rival.next();
        assert_eq!(
            (last.as_str(), &agreement["consumerPid"]),
            ("agreement", &json!("urn:uuid:rival-1")),
            "{agreement:#}"
        );
        world
            .city
            .hansa(&["partner", "end", pid, "--reason", "after all", "--yes"])
            .must();
        assert_eq!(world.rival.next().0, "termination");
        world.city.hansa(&agree).refused("NEGOTIATION_STATE", 3);
    });
}

/// An agreement of the firm as provider.
fn agreement(consumer_pid: &str, permission: Value) -> Value {
    of(
        "ContractAgreementMessage",
        json!({
            "consumerPid": consumer_pid,
            "providerPid": "urn:uuid:theirs",
            "agreement": {
                "@type": "Agreement",
                "@id": format!("urn:uuid:agreement-{consumer_pid}"),
                "target": "urn:uuid:dataset",
                "assigner": "did:web:firm.example",
                "assignee": "did:web:lindau.example",
                "timestamp": "2026-11-26T12:00:00Z",
                "permission": permission,
            },
        }),
    )
}

/// The city asks the firm for its one offer; gives the process.
fn asked(world: &PartnerWorld) -> String {
    let asked = world
        .city
        .hansa(&["partner", "request", "firm", "urn:uuid:offer", "--json"])
        .must()
        .json();
    let (path, request) = world.firm.next();
    assert!(path.ends_with("catalog/request"), "{path}");
    drop(request);
    let (path, request) = world.firm.next();
    assert!(path.ends_with("negotiations/request"), "{path} {request:#}");
    asked["process"].as_str().unwrap().to_owned()
}

#[test]
fn a_consumer_takes_what_was_offered_and_can_be_kept_to() {
    let runtime = Runtime::new().unwrap();
    let unsigned = PartnerWorld::with(PeerCatalog::One, "unsigned_agreements = true\n");
    let as_offered = json!([{"action": "use"}]);
    runtime.block_on(async {
        let world = &unsigned;
        let offer = of("ContractOfferMessage", json!({
            "providerPid": "urn:uuid:by-itself",
            "offer": {"@type": "Offer", "@id": "urn:uuid:offer", "target": "urn:uuid:dataset", "permission": as_offered},
            "callbackAddress": world.firm.address,
        }));
        assert_eq!(world.firm("/dsp/2025-1/negotiations/offers", Some(&offer)).await.0, 400);
        // Another text than the last offer is not agreed, and the provider is told.
        for other in [
            json!([{"action": "use", "constraint": [{"leftOperand": "odrl:count", "operator": "lteq", "rightOperand": "5"}]}]),
            json!([{"action": "use"}, {"action": "distribute"}]),
        ] {
            let pid = asked(world);
            let (status, told) = world.firm(&format!("/dsp/2025-1/negotiations/{pid}/agreement"), Some(&agreement(&pid, other))).await;
            assert_eq!(status, 400, "{told:#}");
            assert_eq!(world.firm.next().0, "termination");
        }
        let pid = asked(world);
        let path = format!("/dsp/2025-1/negotiations/{pid}");
        let (status, told) = world.firm(&format!("{path}/agreement"), Some(&agreement(&pid, as_offered.clone()))).await;
        assert_eq!(status, 200, "{told:#}");
        assert_eq!(world.firm.next().0, "agreement/verification");
        let mut event = of("ContractNegotiationEventMessage", json!({"consumerPid": pid, "providerPid": "urn:uuid:theirs"}));
        event["eventType"] = json!("FINALIZED");
        assert_eq!(world.firm(&format!("{path}/events"), Some(&event)).await.0, 200);
        assert_eq!(world.firm(&path, None).await.1["state"], "FINALIZED");
        let listed = world.city.hansa(&["partner", "list", "--json"]).must().lines();
        let one = listed.iter().find(|one| one["process"] == json!(pid)).unwrap();
        assert_eq!((&one["state"], &one["signed_by"]), (&json!("FINALIZED"), &json!("nobody")));
    });
    // Whoever did not say that unsigned agreements are taken has none.
    let signed = PartnerWorld::with(PeerCatalog::One, "");
    runtime.block_on(async {
        let pid = asked(&signed);
        let path = format!("/dsp/2025-1/negotiations/{pid}/agreement");
        let (status, told) = signed
            .firm(&path, Some(&agreement(&pid, as_offered.clone())))
            .await;
        assert!(
            status == 400 && told.to_string().contains("SIGNATURE_MISSING"),
            "{told:#}"
        );
        assert_eq!(signed.firm.next().0, "termination");
    });
}

#[test]
fn what_was_signed_and_waits_ends_with_the_offer() {
    let world = PartnerWorld::new();
    let runtime = Runtime::new().unwrap();
    // Two agreements are signed beforehand; the firm verifies neither of them yet.
    let waiting: Vec<(String, String)> = runtime.block_on(async {
        let mut waiting = Vec::new();
        for number in 0..2 {
            let consumer = format!("urn:uuid:waits-{number}");
            let request = world.request(&consumer).await;
            let (status, ack) = world
                .firm("/dsp/2025-1/negotiations/request", Some(&request))
                .await;
            assert_eq!(status, 201, "{ack:#}");
            assert_eq!(world.firm.next().0, "agreement");
            waiting.push((consumer, ack["providerPid"].as_str().unwrap().to_owned()));
        }
        waiting
    });
    let verify = |(consumer, provider): &(String, String)| {
        let pids = json!({"consumerPid": consumer, "providerPid": provider});
        let verification = of("ContractAgreementVerificationMessage", pids);
        let path = format!("/dsp/2025-1/negotiations/{provider}/agreement/verification");
        runtime.block_on(async {
            assert_eq!(world.firm(&path, Some(&verification)).await.0, 200);
            world.firm.next()
        })
    };
    let agreed = runtime.block_on(world.agreed("urn:uuid:first"));
    assert!(!agreed.is_empty());
    world.city.withdraws_from("firm.example");
    let (last, ended) = verify(&waiting[0]);
    assert_eq!(
        (last.as_str(), &ended["code"]),
        ("termination", &json!("OFFER_UNKNOWN")),
        "{ended:#}"
    );
    // The offer goes: what waits under it goes, too.
    let config = world.city.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let without = before.replace("\"firm.example\"]", "\"other.example\"]");
    assert_ne!(before, without);
    std::fs::write(&config, without).unwrap();
    world.city.hansa(&["reload"]).must();
    let (last, ended) = verify(&waiting[1]);
    assert_eq!(
        (last.as_str(), &ended["code"]),
        ("termination", &json!("OFFER_UNKNOWN")),
        "{ended:#}"
    );
    assert_eq!(
        world
            .city
            .records("contract")
            .iter()
            .filter(|one| one.to_string().contains("activate")
                && one.to_string().contains("firm.example"))
            .count(),
        1
    );
}
