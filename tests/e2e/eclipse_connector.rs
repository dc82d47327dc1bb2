//! A real connector of another make: the Eclipse Dataspace Connector negotiates and transfers with a city, in both directions.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use rcgen::{CertificateParams, KeyPair};
use serde_json::{Value, json};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Contracts in each direction.
const CONTRACTS: usize = 5;

const ECLIPSE: &str = "did:web:edc.example";
const LINDAU: &str = "did:web:lindau.example";

/// Ports that are free now.
fn ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}

/// An Eclipse connector that runs, in memory, with an identity that it says itself.
struct EclipseConnector {
    child: Child,
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

impl EclipseConnector {
    fn start(jars: &str, folder: &Path, root: &str) -> Self {
        let [api, control, management, protocol, version, public] = ports();
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
        let text = format!(
            "edc.participant.id={ECLIPSE}\nedc.hostname=127.0.0.1\nweb.http.port={api}\nweb.http.path=/api\n\
             web.http.control.port={control}\nweb.http.control.path=/control\n\
             web.http.management.port={management}\nweb.http.management.path=/management\n\
             web.http.management.auth.type=tokenbased\nweb.http.management.auth.key=edc-key\n\
             web.http.protocol.port={protocol}\nweb.http.protocol.path=/protocol\n\
             web.http.version.port={version}\nweb.http.version.path=/version\n\
             edc.dsp.callback.address=http://127.0.0.1:{protocol}/protocol\n\
             edc.dataplane.api.public.baseurl=http://127.0.0.1:{public}/public\n\
             edc.transfer.proxy.token.signer.privatekey.alias=private-key\n\
             edc.transfer.proxy.token.verifier.publickey.alias=public-key\n\
             edc.dpf.selector.url=http://127.0.0.1:{control}/control/v1/dataplanes\n"
        );
        std::fs::write(&properties, text).unwrap();
        let log = std::fs::File::create(folder.join("edc.log")).unwrap();
        let child = Command::new("java")
            .arg(format!("-Dedc.fs.config={}", properties.display()))
            .arg(format!("-Djavax.net.ssl.trustStore={}", trusted.display()))
            .arg("-Djavax.net.ssl.trustStorePassword=changeit")
            .args([
                "-cp",
                &format!("{jars}/*"),
                "org.eclipse.edc.boot.system.runtime.BaseRuntime",
            ])
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        Self {
            child,
            management: format!("http://127.0.0.1:{management}/management/v3"),
            protocol: format!("http://127.0.0.1:{protocol}/protocol/2025-1"),
            client: reqwest::Client::new(),
        }
    }

    async fn call(&self, path: &str, body: Option<Value>) -> Result<Value, String> {
        let address = format!("{}{path}", self.management);
        let request = match &body {
            Some(body) => self
                .client
                .post(address)
                .header("content-type", "application/json")
                .body(body.to_string()),
            None => self.client.get(address),
        };
        let answer = request.header("x-api-key", "edc-key").send().await;
        let answer = answer.map_err(|error| error.to_string())?;
        let status = answer.status();
        let text = answer.text().await.unwrap_or_default();
        match status.is_success() {
            true => Ok(serde_json::from_str(&text).unwrap_or_default()),
            false => Err(format!("{status}: {text}")),
        }
    }

    async fn ready(&self) {
        let query = || Some(of("QuerySpec", json!({})));
        until("the Eclipse connector is ready", async || {
            self.call("/assets/request", query()).await.ok()
        })
        .await;
    }
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
    let mut city = league.city("lindau");
    league.hand_bundle_to("lindau");
    let key = KeyPair::generate().unwrap();
    let names = vec!["127.0.0.1".to_owned(), "localhost".to_owned()];
    let shown = CertificateParams::new(names)
        .unwrap()
        .self_signed(&key)
        .unwrap();
    city.write("keys/web.crt", &shown.pem());
    city.write("keys/web.key", &key.serialize_pem());
    let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(city.folder().join("keys/web.key"), only_owner).unwrap();
    let eclipse = EclipseConnector::start(&jars, folder.path(), &shown.pem());
    let [web] = ports();
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
    for file in ["keys/for-edc.token", "keys/edc.token"] {
        let only_owner = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(city.folder().join(file), only_owner).unwrap();
    }
    city.configure(&format!(
        "[web]\nlisten = \"127.0.0.1:{web}\"\ncertificate = \"keys/web.crt\"\nkey = \"keys/web.key\"\n\
         [dataspace]\nbase = \"https://127.0.0.1:{web}\"\nid = \"{LINDAU}\"\n\
         [partner.edc]\nparticipant = \"edc.example\"\nprotocol_id = \"{ECLIPSE}\"\naddress = \"{}\"\n\
         token_file = \"keys/edc.token\"\nown_token_file = \"keys/for-edc.token\"\nmock_identity = true\nunsigned_agreements = true\n",
        eclipse.protocol
    ));
    city.serve();
    Runtime::new().unwrap().block_on(async {
        eclipse.ready().await;
        city_consumes(&eclipse, &city).await;
        city_provides(&eclipse, &city, web).await;
    });
    city.hansa(&["audit", "verify"]).must();
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

/// The city offers datasets, and the Eclipse connector makes contracts on them and has them transferred.
async fn city_provides(eclipse: &EclipseConnector, city: &TestParticipant, web: u16) {
    let address = format!("https://127.0.0.1:{web}/dsp/2025-1");
    let protocol = "dataspace-protocol-http:2025-1";
    let request =
        json!({"counterPartyAddress": address, "counterPartyId": LINDAU, "protocol": protocol});
    let catalog = eclipse
        .call("/catalog/request", Some(of("CatalogRequest", request)))
        .await
        .unwrap();
    let datasets = match catalog
        .get("dcat:dataset")
        .or_else(|| catalog.get("dataset"))
        .unwrap()
    {
        Value::Array(list) => list.clone(),
        one => vec![one.clone()],
    };
    assert_eq!(datasets.len(), CONTRACTS, "{catalog:#}");
    for dataset in datasets {
        let policy = dataset
            .get("odrl:hasPolicy")
            .or_else(|| dataset.get("hasPolicy"))
            .unwrap();
        let mut policy = policy.get(0).unwrap_or(policy).clone();
        policy["@context"] = json!("http://www.w3.org/ns/odrl.jsonld");
        policy["target"] = dataset["@id"].clone();
        let request = json!({
            "counterPartyAddress": address,
            "counterPartyId": LINDAU,
            "protocol": protocol,
            "policy": policy,
        });
        let request = of("ContractRequest", request);
        let made = eclipse
            .call("/contractnegotiations", Some(request))
            .await
            .unwrap();
        let id = made["@id"].as_str().unwrap().to_owned();
        let agreement = until("the contract is made", async || {
            let state = eclipse
                .call(&format!("/contractnegotiations/{id}"), None)
                .await
                .unwrap();
            assert_ne!(state["state"], "TERMINATED", "{state:#}");
            (state["state"] == "FINALIZED")
                .then(|| state["contractAgreementId"].as_str().unwrap().to_owned())
        })
        .await;
        let request = json!({
            "counterPartyAddress": address, "connectorId": LINDAU, "contractId": agreement, "protocol": protocol,
            "transferType": "HttpData-PULL",
        });
        let made = eclipse
            .call("/transferprocesses", Some(of("TransferRequest", request)))
            .await
            .unwrap();
        let id = made["@id"].as_str().unwrap().to_owned();
        until("the transfer is started", async || {
            let state = eclipse
                .call(&format!("/transferprocesses/{id}"), None)
                .await
                .unwrap();
            assert_ne!(state["state"], "TERMINATED", "{state:#}");
            (state["state"] == "STARTED").then_some(())
        })
        .await;
        let opened = eclipse
            .call(&format!("/edrs/{id}/dataaddress"), None)
            .await
            .unwrap();
        let endpoint = opened["endpoint"].as_str().unwrap();
        let token = opened["authorization"].as_str().unwrap();
        let trusting = reqwest::Client::builder()
            .danger_accept_invalid_certs(true)
            .build()
            .unwrap();
        let rows = trusting
            .get(endpoint)
            .header("authorization", token)
            .send()
            .await
            .unwrap();
        assert_eq!(rows.text().await.unwrap(), "kind\r\noak\r\nlime\r\n");
    }
    let all = processes(city);
    let provided = all
        .iter()
        .filter(|one| one["provides"] == true && one["kind"] == "negotiation");
    assert_eq!(provided.count(), CONTRACTS, "{all:#?}");
}
