//! A real connector of another make: the Eclipse Dataspace Connector negotiates and transfers with a city, in both directions.

mod exchange_recorder;
mod exchange_replay;

use crate::binary;
use crate::http_interface::{WebFace, WebReply};
use exchange_recorder::ExchangeRecorder;
use exchange_replay::ExchangeReplay;
use hansa_test_support::free_ports::find_free_ports;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Contracts in each direction.
const CONTRACTS: usize = 5;

const ECLIPSE: &str = "did:web:edc.example";
/// What the Eclipse connector may see.
const TREES: &str = "kind\r\noak\r\nlime\r\n";

const LINDAU: &str = "did:web:lindau.example";
const PROTOCOL: &str = "dataspace-protocol-http:2025-1";

/// An Eclipse connector that runs, in memory, with an identity that it says itself.
struct EclipseConnector {
    child: Child,
    log: PathBuf,
    control: String,
    management: String,
    protocol: String,
    client: reqwest::Client,
}

impl Drop for EclipseConnector {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What an Eclipse connector consists of.
#[derive(Clone, Copy, PartialEq)]
enum EclipseParts {
    /// A control plane and a data plane.
    Both,
    /// A control plane alone: with a data plane of its own it asks no other one.
    ControlPlane,
}

impl EclipseConnector {
    /// `callback` is where partners reach it, where that is elsewhere.
    fn start(
        jars: &str,
        folder: &Path,
        root: &str,
        (identity, parts): (&str, EclipseParts),
        callback: Option<SocketAddr>,
    ) -> Self {
        let [api, control, management, protocol, version, public] = find_free_ports();
        std::fs::create_dir_all(folder).unwrap();
        let trusted = folder.join("trusted.p12");
        let certificate = folder.join("city.pem");
        std::fs::write(&certificate, root).unwrap();
        let imported = Command::new("keytool")
            .args([
                "-importcert",
                "-noprompt",
                "-alias",
                "city",
                "-storetype",
                "PKCS12",
                "-storepass",
                "changeit",
            ])
            .arg("-file")
            .arg(&certificate)
            .arg("-keystore")
            .arg(&trusted)
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(imported.success());
        let properties = folder.join("edc.properties");
        let reached = callback.unwrap_or(SocketAddr::from(([127, 0, 0, 1], protocol)));
        let text = format!(
            "edc.participant.id={identity}\nedc.hostname=127.0.0.1\nweb.http.port={api}\nweb.http.path=/api\n\
             web.http.control.port={control}\nweb.http.control.path=/control\n\
             web.http.management.port={management}\nweb.http.management.path=/management\n\
             web.http.management.auth.type=tokenbased\nweb.http.management.auth.key=edc-key-is-long\n\
             web.http.protocol.port={protocol}\nweb.http.protocol.path=/protocol\n\
             web.http.version.port={version}\nweb.http.version.path=/version\n\
             edc.dsp.callback.address=http://{reached}/protocol\n\
             edc.core.retry.retries.max=1\n"
        );
        let text = match parts {
            EclipseParts::Both => format!(
                "{text}edc.dataplane.api.public.baseurl=http://127.0.0.1:{public}/public\n\
                 edc.transfer.proxy.token.signer.privatekey.alias=private-key\n\
                 edc.transfer.proxy.token.verifier.publickey.alias=public-key\n\
                 edc.dpf.selector.url=http://127.0.0.1:{control}/control/v1/dataplanes\n"
            ),
            EclipseParts::ControlPlane => format!(
                "{text}web.http.control.auth.type=tokenbased\nweb.http.control.auth.key=control-key-is-long\n\
                 edc.data.plane.selector.state-machine.check.period=2\nedc.policy.validation.enabled=false\n"
            ),
        };
        std::fs::write(&properties, text).unwrap();
        let log = folder.join("edc.log");
        let output = std::fs::File::create(&log).unwrap();
        let child = Command::new("java")
            .arg(format!("-Dedc.fs.config={}", properties.display()))
            .arg(format!("-Djavax.net.ssl.trustStore={}", trusted.display()))
            .arg("-Djavax.net.ssl.trustStorePassword=changeit")
            .args([
                "-cp",
                &class_path(jars, parts),
                "org.eclipse.edc.boot.system.runtime.BaseRuntime",
            ])
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            child,
            log,
            control: format!("http://127.0.0.1:{control}/control"),
            management: format!("http://127.0.0.1:{management}/management/v3"),
            protocol: format!("http://127.0.0.1:{protocol}/protocol/2025-1"),
            client: reqwest::Client::new(),
        }
    }

    async fn call(&self, path: &str, body: Option<Value>) -> Result<Value, String> {
        let address = match path.strip_prefix("control:") {
            Some(path) => format!("{}{path}", self.control),
            None => format!("{}{path}", self.management),
        };
        let key = if path.starts_with("control:") {
            "control-key-is-long"
        } else {
            "edc-key-is-long"
        };
        let request = match &body {
            Some(body) => self
                .client
                .post(address)
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => self.client.get(address),
        };
        let answer = request.header("x-api-key", key).send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        match status.is_success() {
            true => Ok(serde_json::from_str(&text).unwrap_or_default()),
            false => Err(format!("{status}: {text}")),
        }
    }

    fn protocol_port(&self) -> u16 {
        let url: reqwest::Url = self.protocol.parse().unwrap();
        url.port().unwrap()
    }

    /// Waits until it says that it is ready, and answers. A machine that does much else takes minutes to start it; one that ended never will be ready.
    ///
    /// Nothing is asked before it says so: its web server answers with 405 while handlers are registered, and keeps what it found for a path.
    async fn await_start(&mut self) {
        let begun = Instant::now();
        let query = || Some(of("QuerySpec", json!({})));
        loop {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let says_ready = |line: &str| line.contains(" Runtime ") && line.contains(" ready");
            let answer = match log.lines().any(says_ready) {
                true => self.call("/assets/request", query()).await,
                false => Err("it doesn't say that it is ready".to_owned()),
            };
            let Err(error) = answer else { return };
            let ended = self.child.try_wait().unwrap();
            if ended.is_some() || begun.elapsed() > Duration::from_secs(300) {
                panic!("the Eclipse connector does not answer: {error}; ended: {ended:?}\n{log}");
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }
}

/// The jars of a connector that consists of these parts.
fn class_path(jars: &str, parts: EclipseParts) -> String {
    if parts == EclipseParts::Both {
        return format!("{jars}/*");
    }
    let files = std::fs::read_dir(jars).unwrap();
    let files = files.map(|file| file.unwrap().path()).filter(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let of_plane = name.starts_with("data-plane-");
        let of_control = [
            "data-plane-selector-api",
            "data-plane-selector-control-api",
            "data-plane-selector-core",
            "data-plane-selector-spi",
            "data-plane-signaling-client",
            "data-plane-signaling-transform",
            "data-plane-spi",
        ];
        !of_plane || of_control.iter().any(|kept| name.starts_with(kept))
    });
    let files: Vec<String> = files.map(|file| file.display().to_string()).collect();
    files.join(":")
}

/// An object of the management interface.
fn of(kind: &str, mut members: Value) -> Value {
    members["@context"] = json!({"@vocab": "https://w3id.org/edc/v0.0.1/ns/", "odrl": "http://www.w3.org/ns/odrl/2/"});
    members["@type"] = json!(kind);
    members
}

/// Waits for something.
async fn until<T>(what: &str, look: impl AsyncFn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(90), "never: {what}");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn processes(city: &TestParticipant) -> Vec<Value> {
    city.hansa(&["partner", "list", "--json"]).must().lines()
}

#[test]
#[ignore = "needs a JDK and HANSA_ECLIPSE_CONNECTOR, the folder with its jars"]
fn an_eclipse_connector_negotiates_in_both_directions() {
    let jars = std::env::var("HANSA_ECLIPSE_CONNECTOR").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let league = TestLeague::new(binary());
    let (mut city, shown) = shown_city(&league);
    let between = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    let [at_eclipse, at_city] = between.each_ref().map(|one| one.local_addr().unwrap());
    let parts = (ECLIPSE, EclipseParts::Both);
    let mut eclipse =
        EclipseConnector::start(&jars, folder.path(), &shown, parts, Some(at_eclipse));
    let [web] = find_free_ports();
    offers_trees(&mut city);
    city.configure(&format!(
        "[web]\nlisten = \"127.0.0.1:{web}\"\ncertificate = \"keys/web.crt\"\nkey = \"keys/web.key\"\n{}",
        partnership(&format!("https://{at_city}"), &format!("http://{at_eclipse}"))
    ));
    city.serve();
    let key = std::fs::read_to_string(city.folder().join("keys/web.key")).unwrap();
    Runtime::new().unwrap().block_on(async {
        let [to_eclipse, to_city] = between;
        let recorder = ExchangeRecorder::start(
            (eclipse.protocol_port(), web),
            (to_eclipse, to_city),
            (&shown, &key),
        )
        .await;
        eclipse.await_start().await;
        city_consumes(&eclipse, &city).await;
        city_provides(&eclipse, &city, at_city.port()).await;
        if let Ok(file) = std::env::var("HANSA_RECORD_EXCHANGE") {
            std::fs::write(file, recorder.lines()).unwrap();
        }
    });
    city.hansa(&["audit", "verify"]).must();
}

/// The lines of a configuration by which a city at `base` and an Eclipse connector at `eclipse` are partners.
fn partnership(base: &str, eclipse: &str) -> String {
    format!(
        "[dataspace]\nbase = \"{base}\"\nid = \"{LINDAU}\"\n\
         [partner.edc]\nparticipant = \"edc.example\"\nprotocol_id = \"{ECLIPSE}\"\naddress = \"{eclipse}/protocol/2025-1\"\n\
         token_file = \"keys/edc.token\"\nown_token_file = \"keys/for-edc.token\"\nmock_identity = true\nunsigned_agreements = true\n"
    )
}

/// The city holds datasets, offers them to the Eclipse connector, and has what the two present to each other.
fn offers_trees(city: &mut TestParticipant) {
    for number in 0..CONTRACTS {
        let name = format!("trees{number}");
        city.holds(&name, "kind,owner\noak,a\nlime,b\n", "");
    }
    city.publishes();
    let terms = "valid = { from = 2026-01-01, until = 2029-12-31 }\ncolumns = [\"kind\"]\none_sided_receipts = true";
    for number in 0..CONTRACTS {
        let name = format!("trees{number}");
        city.offers(&name, &name, terms, "[\"edc.example\"]", "auto");
    }
    let identity = json!({"region": "any", "audience": "any", "clientId": LINDAU});
    city.write("keys/for-edc.token", &identity.to_string());
    city.write("keys/edc.token", "nobody-presents-this-one");
    owners_alone(city, &["keys/for-edc.token", "keys/edc.token"]);
}

#[test]
fn an_eclipse_connector_negotiates_as_it_was_recorded() {
    let lines = include_str!("../partners/eclipse-exchange.jsonl");
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    league.hand_bundle_to("lindau");
    offers_trees(&mut city);
    let base = "https://data.lindau.example";
    let replay = ExchangeReplay::new(lines, base);
    city.configure(&format!(
        "[web]\nlisten = \"127.0.0.1:0\"\n{}",
        partnership(base, &replay.peer.address)
    ));
    city.serve();
    let runtime = Runtime::new().unwrap();
    let face = WebFace::of(&city);
    let identity = json!({"region": "any", "audience": LINDAU, "clientId": ECLIPSE});
    let asked = |method: &str, path: &str, authorization: &str, body: &str| {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {authorization}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        WebReply::of(&runtime.block_on(face.raw(request.as_bytes())))
    };
    std::thread::scope(|scope| {
        let consumes = scope.spawn(|| runtime.block_on(contracts_of_city(&city)));
        while let Some(step) = replay.next() {
            let (method, path) = (
                step["method"].as_str().unwrap(),
                step["path"].as_str().unwrap(),
            );
            if path.starts_with("/dsp/data/") {
                // What opens the data was told in the last message of the city.
                let told = replay.last();
                let properties = told["dataAddress"]["endpointProperties"]
                    .as_array()
                    .unwrap();
                let token = properties
                    .iter()
                    .find(|one| one["name"] == "authorization")
                    .unwrap();
                let token = format!("Bearer {}", token["value"].as_str().unwrap());
                let rows = asked(method, path, &token, "");
                assert_eq!((rows.status, rows.text().as_str()), (200, TREES));
                continue;
            }
            let reply = asked(
                method,
                path,
                &identity.to_string(),
                &step["message"].to_string(),
            );
            let answer = serde_json::from_slice(&reply.body).unwrap_or_default();
            replay.answered(&step, reply.status, &answer);
        }
        consumes.join().unwrap();
    });
    let all = processes(&city);
    for (provides, kind, state) in [
        (false, "negotiation", "FINALIZED"),
        (true, "negotiation", "FINALIZED"),
        (true, "transfer", "STARTED"),
    ] {
        let of_kind = all
            .iter()
            .filter(|one| one["provides"] == provides && one["kind"] == kind);
        assert_eq!(
            of_kind.filter(|one| one["state"] == state).count(),
            CONTRACTS,
            "{all:#?}"
        );
    }
    city.hansa(&["audit", "verify"]).must();
}

/// A city whose web has a certificate; gives that as well.
fn shown_city(league: &TestLeague) -> (TestParticipant, String) {
    let city = league.city("lindau");
    league.hand_bundle_to("lindau");
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let shown = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    city.write("keys/web.crt", &shown.pem());
    city.write("keys/web.key", &key.serialize_pem());
    owners_alone(&city, &["keys/web.key"]);
    (city, shown.pem())
}

fn owners_alone(city: &TestParticipant, files: &[&str]) {
    for file in files {
        let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(city.folder().join(file), only_owner).unwrap();
    }
}

/// The Eclipse connector offers datasets, and the city makes contracts on them.
async fn city_consumes(eclipse: &EclipseConnector, city: &TestParticipant) {
    for number in 0..CONTRACTS {
        let asset = json!({
            "@id": format!("air{number}"),
            "properties": {"name": format!("Air {number}")},
            "dataAddress": {"type": "HttpData", "baseUrl": "http://127.0.0.1:1/air"},
        });
        eclipse
            .call("/assets", Some(of("Asset", asset)))
            .await
            .unwrap();
    }
    let policy = json!({"@id": "open", "policy": {
        "@context": "http://www.w3.org/ns/odrl.jsonld", "@type": "Set",
        "permission": [{"action": "use"}], "prohibition": [], "obligation": [],
    }});
    eclipse
        .call("/policydefinitions", Some(of("PolicyDefinition", policy)))
        .await
        .unwrap();
    let definition = json!({"@id": "all", "accessPolicyId": "open", "contractPolicyId": "open", "assetsSelector": []});
    eclipse
        .call(
            "/contractdefinitions",
            Some(of("ContractDefinition", definition)),
        )
        .await
        .unwrap();
    contracts_of_city(city).await;
}

/// The city makes contracts on all that the Eclipse connector offers.
async fn contracts_of_city(city: &TestParticipant) {
    let offers = city
        .hansa(&["partner", "catalog", "edc", "--json"])
        .must()
        .lines();
    assert_eq!(offers.len(), CONTRACTS, "{offers:#?}");
    for offer in &offers {
        let offer = offer["dataset"].as_str().unwrap();
        let asked = city
            .hansa(&["partner", "request", "edc", offer, "--json"])
            .must()
            .json();
        let pid = asked["process"].clone();
        until("the contract is made", async || {
            let all = processes(city);
            let one = all.iter().find(|one| one["process"] == pid)?;
            assert_ne!(one["state"], "TERMINATED", "{one:#}");
            (one["state"] == "FINALIZED").then_some(())
        })
        .await;
    }
}

/// The datasets that a provider offers to an Eclipse connector.
async fn offered(eclipse: &EclipseConnector, (address, identity): (&str, &str)) -> Vec<Value> {
    let request =
        json!({"counterPartyAddress": address, "counterPartyId": identity, "protocol": PROTOCOL});
    let catalog = eclipse
        .call("/catalog/request", Some(of("CatalogRequest", request)))
        .await
        .unwrap();
    match catalog
        .get("dcat:dataset")
        .or_else(|| catalog.get("dataset"))
    {
        Some(Value::Array(list)) => list.clone(),
        Some(one) => vec![one.clone()],
        None => Vec::new(),
    }
}

/// An Eclipse connector makes a contract on a dataset; gives the agreement.
async fn agreed(
    eclipse: &EclipseConnector,
    (address, identity): (&str, &str),
    dataset: &Value,
) -> String {
    let policy = dataset
        .get("odrl:hasPolicy")
        .or_else(|| dataset.get("hasPolicy"))
        .unwrap();
    let mut policy = policy.get(0).unwrap_or(policy).clone();
    policy["@context"] = json!("http://www.w3.org/ns/odrl.jsonld");
    policy["target"] = dataset["@id"].clone();
    policy["assigner"] = json!(identity);
    let request = json!({
        "counterPartyAddress": address,
        "counterPartyId": identity,
        "protocol": PROTOCOL,
        "policy": policy,
    });
    let request = of("ContractRequest", request);
    let made = eclipse
        .call("/contractnegotiations", Some(request))
        .await
        .unwrap();
    let id = made["@id"].as_str().unwrap().to_owned();
    until("the contract is made", async || {
        let state = eclipse
            .call(&format!("/contractnegotiations/{id}"), None)
            .await
            .unwrap();
        assert_ne!(state["state"], "TERMINATED", "{state:#}");
        (state["state"] == "FINALIZED")
            .then(|| state["contractAgreementId"].as_str().unwrap().to_owned())
    })
    .await
}

/// An Eclipse connector has data transferred; gives the transfer.
async fn transferred(
    eclipse: &EclipseConnector,
    (address, identity): (&str, &str),
    agreement: &str,
) -> String {
    let request = json!({
        "counterPartyAddress": address, "connectorId": identity, "contractId": agreement, "protocol": PROTOCOL,
        "transferType": "HttpData-PULL",
    });
    let made = eclipse
        .call("/transferprocesses", Some(of("TransferRequest", request)))
        .await
        .unwrap();
    let id = made["@id"].as_str().unwrap().to_owned();
    reaches(eclipse, &id, "STARTED").await;
    id
}

/// Waits until a transfer is in a state.
async fn reaches(eclipse: &EclipseConnector, transfer: &str, wanted: &str) {
    until(wanted, async || {
        let state = eclipse
            .call(&format!("/transferprocesses/{transfer}"), None)
            .await
            .unwrap();
        assert!(
            wanted == "TERMINATED" || state["state"] != "TERMINATED",
            "{state:#}"
        );
        (state["state"] == wanted).then_some(())
    })
    .await;
}

/// Where the data of a transfer is, and what opens it, as an Eclipse connector was told.
async fn opened(eclipse: &EclipseConnector, transfer: &str) -> (String, String) {
    let path = format!("/edrs/{transfer}/dataaddress");
    let opened = until("the data is told of", async || {
        eclipse.call(&path, None).await.ok()
    })
    .await;
    let text = |name: &str| opened[name].as_str().unwrap().to_owned();
    (text("endpoint"), text("authorization"))
}

/// The status and the text of data.
async fn data((endpoint, token): &(String, String)) -> (u16, String) {
    let trusting = reqwest::Client::builder()
        .danger_accept_invalid_certs(true)
        .build()
        .unwrap();
    let bearer = match token.strip_prefix("Bearer ") {
        Some(_) => token.clone(),
        None => format!("Bearer {token}"),
    };
    let request = trusting.get(endpoint).header("authorization", bearer);
    let rows = request.send().await.unwrap();
    (rows.status().as_u16(), rows.text().await.unwrap())
}

/// The city offers datasets, and the Eclipse connector makes contracts on them and has them transferred.
async fn city_provides(eclipse: &EclipseConnector, city: &TestParticipant, web: u16) {
    let address = format!("https://127.0.0.1:{web}/dsp/2025-1");
    let at = (address.as_str(), LINDAU);
    let datasets = offered(eclipse, at).await;
    assert_eq!(datasets.len(), CONTRACTS, "{datasets:#?}");
    for dataset in datasets {
        let agreement = agreed(eclipse, at, &dataset).await;
        let transfer = transferred(eclipse, at, &agreement).await;
        let rows = data(&opened(eclipse, &transfer).await).await;
        assert_eq!(rows.1, TREES);
    }
    let all = processes(city);
    let provided = all
        .iter()
        .filter(|one| one["provides"] == true && one["kind"] == "negotiation");
    assert_eq!(provided.count(), CONTRACTS, "{all:#?}");
}

/// Tells what the city has refused, where a test fails.
struct RefusalsShownAtFailure<'a>(&'a TestParticipant);

impl Drop for RefusalsShownAtFailure<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{:#?}", self.0.records("partner_message"));
        }
    }
}

/// The token that stands in the path of the data plane.
const PLANE: &str = "token-in-the-path-of-edc";

#[test]
#[ignore = "needs a JDK and HANSA_ECLIPSE_CONNECTOR, the folder with its jars"]
fn an_eclipse_control_plane_has_its_data_given_here() {
    let jars = std::env::var("HANSA_ECLIPSE_CONNECTOR").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let league = TestLeague::new(binary());
    let (mut city, shown) = shown_city(&league);
    let start = |name: &str, identity: &str| {
        let parts = (identity, EclipseParts::ControlPlane);
        EclipseConnector::start(&jars, &folder.path().join(name), &shown, parts, None)
    };
    let (mut own, mut firm) = (start("own", LINDAU), start("firm", ECLIPSE));
    let [web] = find_free_ports();
    city.holds("trees", "kind,owner\noak,a\nlime,b\n", "");
    city.publishes();
    let terms = "valid = { from = 2026-01-01, until = 2029-12-31 }\ncolumns = [\"kind\"]\none_sided_receipts = true";
    city.offers("trees", "trees", terms, "[\"edc.example\"]", "auto");
    city.write("keys/edc.token", "nobody-presents-this-one");
    city.write("keys/plane.token", PLANE);
    city.write("keys/control.key", "control-key-is-long");
    city.write("keys/management.key", "edc-key-is-long");
    owners_alone(
        &city,
        &[
            "keys/edc.token",
            "keys/plane.token",
            "keys/control.key",
            "keys/management.key",
        ],
    );
    let management = &own.management;
    city.configure(&format!(
        "[web]\nlisten = \"127.0.0.1:{web}\"\ncertificate = \"keys/web.crt\"\nkey = \"keys/web.key\"\n\
         [dataspace]\nbase = \"https://127.0.0.1:{web}\"\nid = \"{LINDAU}\"\n\
         [partner.edc]\nparticipant = \"edc.example\"\nprotocol_id = \"{ECLIPSE}\"\naddress = \"{}\"\ntoken_file = \"keys/edc.token\"\n\
         [control_plane.own]\naddress = \"{}\"\ntoken_file = \"keys/plane.token\"\nown_token_file = \"keys/control.key\"\n\
         speaks = \"edc-0.14\"\nagreement_address = \"{management}/contractagreements/{{agreement}}\"\nagreement_key_file = \"keys/management.key\"\n",
        firm.protocol, own.control
    ));
    city.serve();
    let told = RefusalsShownAtFailure(&city);
    Runtime::new().unwrap().block_on(async {
        own.await_start().await;
        firm.await_start().await;
        let policy = city.hansa(&["partner", "policy", "edc", "--json"]).must().json();
        let plane = json!({
            "@id": "hansa", "url": format!("https://127.0.0.1:{web}/dsp/dataflows/edc/{PLANE}"),
            "allowedSourceTypes": ["HansaData"], "allowedTransferTypes": ["HttpData-PULL"],
        });
        own.call("control:/v1/dataplanes", Some(of("DataPlaneInstance", plane))).await.unwrap();
        until("the data plane answers", async || {
            let planes = own.call("/dataplanes", None).await.ok()?;
            planes.to_string().contains("\"AVAILABLE\"").then_some(())
        })
        .await;
        let asset = json!({"@id": policy["dataset"], "properties": {"name": "Trees"}, "dataAddress": {"type": "HansaData"}});
        own.call("/assets", Some(of("Asset", asset))).await.unwrap();
        let definition = json!({"@id": "trees", "policy": policy["policy"]});
        own.call("/policydefinitions", Some(of("PolicyDefinition", definition))).await.unwrap();
        let definition = json!({"@id": "all", "accessPolicyId": "trees", "contractPolicyId": "trees", "assetsSelector": []});
        own.call("/contractdefinitions", Some(of("ContractDefinition", definition))).await.unwrap();
        let at = (own.protocol.as_str(), LINDAU);
        let datasets = offered(&firm, at).await;
        let agreement = agreed(&firm, at, &datasets[0]).await;
        let transfer = transferred(&firm, at, &agreement).await;
        let first = opened(&firm, &transfer).await;
        assert_eq!(data(&first).await, (200, TREES.to_owned()));
        // A pause, and what follows it.
        let all = own.call("/transferprocesses/request", Some(of("QuerySpec", json!({})))).await.unwrap();
        let provided = all[0]["@id"].as_str().unwrap().to_owned();
        let pause = of("SuspendTransfer", json!({"reason": "night"}));
        own.call(&format!("/transferprocesses/{provided}/suspend"), Some(pause)).await.unwrap();
        reaches(&firm, &transfer, "SUSPENDED").await;
        assert_eq!(data(&first).await.0, 401);
        own.call(&format!("/transferprocesses/{provided}/resume"), Some(json!({}))).await.unwrap();
        reaches(&firm, &transfer, "STARTED").await;
        let second = opened(&firm, &transfer).await;
        assert_eq!(data(&second).await.0, 200);
        // A withdrawal ends the transfer at all three.
        city.withdraws_from("edc.example");
        let (status, told) = data(&second).await;
        assert!(status == 403 && told.contains("WITHDRAWN") || status == 401, "{status} {told}");
        reaches(&firm, &transfer, "TERMINATED").await;
        assert_eq!(data(&second).await.0, 401);
    });
    drop(told);
    city.hansa(&["audit", "verify"]).must();
}
