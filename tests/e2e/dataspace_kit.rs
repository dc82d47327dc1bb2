//! What the conformance kit of the Dataspace Protocol does, done again: each of its tests as a script of what its side sends, waits for and reads.
//!
//! The kit itself needs a JDK, and runs where there is one (`tests/partners/kit/run`). The table of what this side does by itself is the same.

use crate::binary;
use crate::partner::{message, of};
use hansa_test_support::free_ports::find_free_ports;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::Write as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;
use tokio::sync::mpsc::{Receiver, Sender, channel};

const KIT: &str = "TCK_PARTICIPANT";
const TRIED: &str = "did:web:hansa-under-test.example";
const TOKEN: &str = "Bearer trial-token";

/// `<` waits for a message, `>` sends one, `!` sends one that must be refused, `=` waits for a state.
const SCRIPTS: [(&str, &str); 61] = [
    ("ACN0101", "<offers >termination =TERMINATED"),
    ("ACN0102", "<offers >request <termination =TERMINATED"),
    (
        "ACN0103",
        "<offers >accepted <agreement >verification <events =FINALIZED",
    ),
    ("ACN0104", "<agreement >verification <events =FINALIZED"),
    ("ACN0201", "<termination =TERMINATED"),
    ("ACN0202", ">termination =TERMINATED"),
    ("ACN0203", "<agreement >termination =TERMINATED"),
    ("ACN0204", "<offers >termination =TERMINATED"),
    ("ACN0205", "<offers <termination =TERMINATED"),
    ("ACN0206", "<offers >accepted <termination =TERMINATED"),
    (
        "ACN0207",
        "<agreement >verification <termination =TERMINATED",
    ),
    (
        "ACN0301",
        "<agreement >verification <events =FINALIZED !termination =FINALIZED",
    ),
    ("ACN0302", "<offers !verification =OFFERED"),
    ("ACN0303", "<offers >accepted !verification =ACCEPTED"),
    ("ACN0304", "<offers >request !request =REQUESTED"),
    (
        "ACNC0101",
        ">offers <events >agreement <agreement/verification >finalized =FINALIZED",
    ),
    ("ACNC0102", ">offers <request >termination =TERMINATED"),
    ("ACNC0103", ">offers <termination =TERMINATED"),
    (
        "ACNC0104",
        ">agreement <agreement/verification >finalized =FINALIZED",
    ),
    ("ACNC0201", ">termination =TERMINATED"),
    ("ACNC0202", "<termination =TERMINATED"),
    ("ACNC0203", ">agreement <termination =TERMINATED"),
    ("ACNC0204", ">offers =OFFERED >termination =TERMINATED"),
    ("ACNC0205", ">offers <events >termination =TERMINATED"),
    (
        "ACNC0206",
        ">agreement <agreement/verification >termination =TERMINATED",
    ),
    ("ACNC0301", "!finalized =REQUESTED"),
    ("ACNC0302", ">offers =OFFERED !agreement =OFFERED"),
    ("ACNC0303", ">offers !finalized =OFFERED"),
    ("ACNC0304", ">offers <events !finalized =ACCEPTED"),
    ("ACNC0305", ">offers <events !offers =ACCEPTED"),
    ("ACNC0306", ">offers <events >agreement !finalized =AGREED"),
    ("ATP0101", "<start <termination =TERMINATED"),
    ("ATP0102", "<start <completion =COMPLETED"),
    ("ATP0103", "<start <suspension <termination =TERMINATED"),
    (
        "ATP0104",
        "<start <suspension <start <completion =COMPLETED",
    ),
    ("ATP0105", "<termination =TERMINATED"),
    ("ATP0201", "<start =STARTED >termination =TERMINATED"),
    ("ATP0202", "<start =STARTED >completion =COMPLETED"),
    (
        "ATP0203",
        "<start =STARTED >suspension =SUSPENDED >termination =TERMINATED",
    ),
    ("ATP0205", "=REQUESTED >termination =TERMINATED"),
    ("ATP0301", "=REQUESTED !completion =REQUESTED"),
    ("ATP0302", "=REQUESTED !suspension =REQUESTED"),
    (
        "ATP0303",
        "<start >suspension =SUSPENDED !completion =SUSPENDED",
    ),
    (
        "ATP0304",
        "<start >termination =TERMINATED !start =TERMINATED",
    ),
    (
        "ATP0305",
        "<start >termination =TERMINATED !suspension =TERMINATED",
    ),
    (
        "ATP0306",
        "<start >termination =TERMINATED !completion =TERMINATED",
    ),
    ("ATPC0101", ">start =STARTED >termination =TERMINATED"),
    ("ATPC0102", ">start =STARTED >completion =COMPLETED"),
    (
        "ATPC0103",
        ">start >suspension =SUSPENDED >termination =TERMINATED",
    ),
    (
        "ATPC0104",
        ">start >suspension >start =STARTED >completion =COMPLETED",
    ),
    ("ATPC0105", ">termination =TERMINATED"),
    ("ATPC0201", ">start <termination =TERMINATED"),
    ("ATPC0202", ">start <completion =COMPLETED"),
    ("ATPC0203", ">start <suspension <termination =TERMINATED"),
    ("ATPC0205", "<termination =TERMINATED"),
    ("ATPC0301", "=REQUESTED !completion =REQUESTED"),
    ("ATPC0302", "=REQUESTED !suspension =REQUESTED"),
    (
        "ATPC0303",
        ">start >suspension =SUSPENDED !completion =SUSPENDED",
    ),
    (
        "ATPC0304",
        ">start >termination =TERMINATED !start =TERMINATED",
    ),
    (
        "ATPC0305",
        ">start >termination =TERMINATED !suspension =TERMINATED",
    ),
    (
        "ATPC0306",
        ">start >termination =TERMINATED !completion =TERMINATED",
    ),
];

type Waiting = Arc<Mutex<HashMap<String, Sender<(String, Value)>>>>;

/// `hansa partner trial`, and the side of the kit.
struct Trial {
    child: Child,
    base: String,
    kit: String,
    waiting: Waiting,
    client: reqwest::Client,
}

impl Drop for Trial {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Trial {
    fn start(folder: &std::path::Path) -> Self {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let kit = format!("http://{}", listener.local_addr().unwrap());
        let waiting = Waiting::default();
        let inner = Arc::clone(&waiting);
        // It ends with the process of the test, since nobody knows how many messages come.
        std::thread::spawn(move || {
            for caller in listener.incoming() {
                let inner = Arc::clone(&inner);
                let mut caller = caller.unwrap();
                let Some((path, body)) = message(&mut caller) else {
                    continue;
                };
                let answer = taken(&inner, &path, body);
                let _ = caller.write_all(answer.as_bytes());
            }
        });
        let [port] = find_free_ports();
        let base = format!("http://127.0.0.1:{port}/dsp");
        let table = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../tests/partners/scenario.json"
        );
        let mut table: Value = serde_json::from_slice(&std::fs::read(table).unwrap()).unwrap();
        table["base"] = json!(format!("{base}/2025-1"));
        table["partner"]["address"] = json!(kit);
        let file = folder.join("scenario.json");
        std::fs::write(&file, table.to_string()).unwrap();
        let child = Command::new(binary())
            .args(["partner", "trial"])
            .arg(&file)
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            child,
            base,
            kit,
            waiting,
            client: reqwest::Client::new(),
        }
    }

    async fn call(&self, path: &str, body: Option<&Value>) -> (u16, Value) {
        let address = format!("{}{path}", self.base);
        let request = match body {
            Some(body) => self
                .client
                .post(address)
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => self.client.get(address),
        };
        let answer = request.header("authorization", TOKEN).send().await.unwrap();
        let status = answer.status().as_u16();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or_default())
    }

    async fn is_up(&self) {
        let begun = Instant::now();
        while self
            .client
            .get(format!("{}/.well-known/dspace-version", self.base))
            .send()
            .await
            .is_err()
        {
            assert!(
                begun.elapsed() < Duration::from_secs(60),
                "the trial is not up"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Waits for what is sent under a name: the id of a process, a dataset or an agreement.
    fn wait(&self, name: &str) -> Receiver<(String, Value)> {
        let (send, receive) = channel(64);
        self.waiting.lock().unwrap().insert(name.to_owned(), send);
        receive
    }
}

/// Hands a message to the script that waits for it, and answers it.
fn taken(waiting: &Waiting, path: &str, body: Value) -> String {
    let (named, answer) = match path.rsplit_once('/') {
        Some(("/negotiations", "request")) => {
            let dataset = body["offer"]["target"].as_str().unwrap().to_owned();
            let pids = json!({"consumerPid": body["consumerPid"], "providerPid": format!("urn:uuid:kit-{dataset}"), "state": "REQUESTED"});
            (dataset, of("ContractNegotiation", pids).to_string())
        }
        Some(("/transfers", "request")) => {
            let agreement = body["agreementId"].as_str().unwrap().to_owned();
            let pids = json!({"consumerPid": body["consumerPid"], "providerPid": format!("urn:uuid:kit-{agreement}"), "state": "REQUESTED"});
            (agreement, of("TransferProcess", pids).to_string())
        }
        _ => {
            let id = path.split('/').nth(2).unwrap_or_default();
            (
                id.trim_start_matches("urn:uuid:kit-").to_owned(),
                String::new(),
            )
        }
    };
    let last = path.splitn(4, '/').nth(3).unwrap_or(path).to_owned();
    let known = waiting.lock().unwrap().get(&named).cloned();
    let status = match known {
        Some(script) if script.try_send((last, body)).is_ok() => "200 OK",
        _ => "404 Not Found",
    };
    format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{answer}",
        answer.len()
    )
}

/// One script, from its first message to its end.
struct Script<'a> {
    trial: &'a Trial,
    name: &'static str,
    /// `negotiations` or `transfers`.
    kind: &'static str,
    /// The process at the side that is tried, and at that of the kit.
    own: String,
    kit: String,
    is_provider: bool,
    came: Receiver<(String, Value)>,
    sent: usize,
}

impl<'a> Script<'a> {
    async fn begin(trial: &'a Trial, name: &'static str) -> Self {
        let kind = if name.starts_with("ATP") {
            "transfers"
        } else {
            "negotiations"
        };
        let is_provider = !(name.starts_with("ACNC") || name.starts_with("ATPC"));
        let mut came = trial.wait(name);
        let kit = format!("urn:uuid:kit-{name}");
        let own = if is_provider {
            let first = match kind {
                "transfers" => of(
                    "TransferRequestMessage",
                    json!({
                        "@id": format!("urn:uuid:first-{name}"), "consumerPid": kit, "agreementId": name,
                        "format": "HttpData-PULL", "callbackAddress": trial.kit,
                    }),
                ),
                _ => of(
                    "ContractRequestMessage",
                    json!({
                        "@id": format!("urn:uuid:first-{name}"), "consumerPid": kit,
                        "offer": offer(name, &format!("CD123:{name}:456")), "callbackAddress": trial.kit,
                    }),
                ),
            };
            let (status, ack) = trial
                .call(&format!("/2025-1/{kind}/request"), Some(&first))
                .await;
            assert_eq!(
                (status, &ack["state"]),
                (201, &json!("REQUESTED")),
                "{name}: {ack:#}"
            );
            ack["providerPid"].as_str().unwrap().to_owned()
        } else {
            let begin = match kind {
                "transfers" => {
                    json!({"agreementId": name, "format": "HttpData-PULL", "providerId": KIT, "connectorAddress": trial.kit})
                }
                _ => {
                    json!({"datasetId": name, "offerId": format!("offer{name}"), "providerId": KIT, "connectorAddress": trial.kit})
                }
            };
            let (status, told) = trial.call(&format!("/trial/{kind}"), Some(&begin)).await;
            assert_eq!(status, 200, "{name}: {told:#}");
            let (_, request) = came.recv().await.unwrap();
            request["consumerPid"].as_str().unwrap().to_owned()
        };
        Self {
            trial,
            name,
            kind,
            own,
            kit,
            is_provider,
            came,
            sent: 0,
        }
    }

    async fn step(&mut self, step: &str) {
        let (sign, word) = step.split_at(1);
        match sign {
            "<" => {
                let next = tokio::time::timeout(Duration::from_secs(30), self.came.recv()).await;
                let (last, body) = next
                    .unwrap_or_else(|_| panic!("{}: never: {step}", self.name))
                    .unwrap();
                assert_eq!(last, word, "{}: {body:#}", self.name);
            }
            "=" => {
                let begun = Instant::now();
                loop {
                    let (status, ack) = self
                        .trial
                        .call(&format!("/2025-1/{}/{}", self.kind, self.own), None)
                        .await;
                    // The id of the provider is known a moment behind its answer.
                    if status == 200 && ack["state"] == word {
                        return;
                    }
                    assert!(
                        begun.elapsed() < Duration::from_secs(30),
                        "{}: {step}: {ack:#}",
                        self.name
                    );
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
            _ => {
                let (path, body) = self.message(word);
                let (status, told) = self
                    .trial
                    .call(
                        &format!("/2025-1/{}/{}/{path}", self.kind, self.own),
                        Some(&body),
                    )
                    .await;
                let wanted = if sign == "!" { 400 } else { 200 };
                assert_eq!(status, wanted, "{}: {step}: {told:#}", self.name);
            }
        }
    }

    fn message(&mut self, word: &str) -> (&'static str, Value) {
        self.sent += 1;
        let (consumer, provider) = match self.is_provider {
            true => (&self.kit, &self.own),
            false => (&self.own, &self.kit),
        };
        let pids = json!({"@id": format!("urn:uuid:{}-{}", self.name, self.sent), "consumerPid": consumer, "providerPid": provider});
        let with = |kind: &str, more: Value| {
            let mut all = of(kind, pids.clone());
            for (name, value) in more.as_object().unwrap() {
                all[name] = value.clone();
            }
            all
        };
        match (self.kind, word) {
            ("negotiations", "request") => (
                "request",
                with(
                    "ContractRequestMessage",
                    json!({"offer": offer(self.name, &format!("CD123:{}:456", self.name))}),
                ),
            ),
            ("negotiations", "offers") => (
                "offers",
                with(
                    "ContractOfferMessage",
                    json!({"offer": offer(self.name, "urn:uuid:offer")}),
                ),
            ),
            ("negotiations", "accepted") => (
                "events",
                with(
                    "ContractNegotiationEventMessage",
                    json!({"eventType": "ACCEPTED"}),
                ),
            ),
            ("negotiations", "finalized") => (
                "events",
                with(
                    "ContractNegotiationEventMessage",
                    json!({"eventType": "FINALIZED"}),
                ),
            ),
            ("negotiations", "verification") => (
                "agreement/verification",
                with("ContractAgreementVerificationMessage", json!({})),
            ),
            ("negotiations", "agreement") => (
                "agreement",
                with(
                    "ContractAgreementMessage",
                    json!({"agreement": {
                        "@type": "Agreement", "@id": format!("urn:uuid:agreement-{}", self.name), "target": self.name,
                        "assigner": KIT, "assignee": TRIED, "timestamp": "2026-11-26T12:00:00Z", "permission": [{"action": "use"}],
                    }}),
                ),
            ),
            ("negotiations", "termination") => (
                "termination",
                with(
                    "ContractNegotiationTerminationMessage",
                    json!({"code": "1"}),
                ),
            ),
            ("transfers", "start") => (
                "start",
                with(
                    "TransferStartMessage",
                    json!({"dataAddress": {
                        "@type": "DataAddress", "endpointType": "https://w3id.org/idsa/v4.1/HTTP", "endpoint": "http://example.com",
                    }}),
                ),
            ),
            ("transfers", "suspension") => (
                "suspension",
                with("TransferSuspensionMessage", json!({"code": "1"})),
            ),
            ("transfers", "completion") => {
                ("completion", with("TransferCompletionMessage", json!({})))
            }
            ("transfers", "termination") => (
                "termination",
                with("TransferTerminationMessage", json!({"code": "1"})),
            ),
            other => panic!("{other:?}"),
        }
    }
}

fn offer(dataset: &str, id: &str) -> Value {
    json!({"@type": "Offer", "@id": id, "target": dataset, "permission": [{"action": "use"}]})
}

#[test]
fn each_script_of_the_kit_goes_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let trial = Trial::start(folder.path());
    Runtime::new().unwrap().block_on(async {
        trial.is_up().await;
        let catalog = of("CatalogRequestMessage", json!({}));
        let (status, catalog) = trial.call("/2025-1/catalog/request", Some(&catalog)).await;
        let datasets = catalog["dataset"].as_array().unwrap();
        assert_eq!(status, 200);
        assert!(datasets.iter().any(|dataset| dataset["@id"] == "CAT0101"));
        let (status, dataset) = trial.call("/2025-1/catalog/datasets/CAT0102", None).await;
        assert_eq!((status, &dataset["@id"]), (200, &json!("CAT0102")));
        let (status, error) = trial.call("/2025-1/catalog/datasets/CAT0103", None).await;
        assert_eq!((status, &error["@type"]), (404, &json!("CatalogError")));
        let scripts = SCRIPTS.iter().map(|(name, steps)| {
            let trial = &trial;
            async move {
                let mut script = Script::begin(trial, name).await;
                for step in steps.split(' ') {
                    script.step(step).await;
                }
            }
        });
        futures::future::join_all(scripts).await;
    });
}
