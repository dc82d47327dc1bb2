//! Programs of analysts, over Flight SQL: a token each, and the same walk as at the command line.

use crate::binary;
use arrow_array::RecordBatch;
use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_flight::FlightInfo;
use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables};
use arrow_schema::DataType;
use futures::TryStreamExt as _;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::tls;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use hyper_util::rt::TokioIo;
use rustls::RootCertStore;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::sync::Arc;
use tokio::net::TcpSocket;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tonic::transport::{Channel, Endpoint};

/// A city, and a firm that programs ask.
pub(crate) struct Firm {
    pub(crate) city: TestParticipant,
    pub(crate) firm: TestParticipant,
    pub(crate) runtime: Runtime,
    _league: TestLeague,
}

impl Firm {
    fn start() -> Self {
        Self::start_with("", |_| {})
    }

    /// With more lines under `[clients]`, and files.
    pub(crate) fn start_with(more: &str, prepare: impl FnOnce(&TestParticipant)) -> Self {
        let league = TestLeague::new(binary());
        let (city, firm) = league.bikes_under_contract();
        prepare(&firm);
        Self::of(league, city, firm, more)
    }

    /// Of a city and a firm that have a contract.
    pub(crate) fn of(
        league: TestLeague,
        city: TestParticipant,
        mut firm: TestParticipant,
        more: &str,
    ) -> Self {
        firm.configure(&format!("\n[clients]\nlisten = \"127.0.0.1:0\"\n{more}"));
        firm.serve();
        Self {
            city,
            firm,
            runtime: Runtime::new().unwrap(),
            _league: league,
        }
    }

    pub(crate) fn token(&self, more: &[&str]) -> Value {
        let create = ["--json", "token", "create", "Ida Berg"];
        self.firm.hansa(&[&create[..], more].concat()).must().json()
    }

    pub(crate) fn target(&self) -> Value {
        self.firm
            .hansa(&["--json", "connect", "python"])
            .must()
            .json()
    }

    /// A connection that presents nothing yet.
    pub(crate) async fn connect(&self) -> FlightSqlServiceClient<Channel> {
        FlightSqlServiceClient::new(self.channel_from([127, 0, 0, 1]).await.unwrap())
    }

    /// A connection from one of the addresses of this machine.
    pub(crate) async fn channel_from(
        &self,
        from: [u8; 4],
    ) -> Result<Channel, tonic::transport::Error> {
        channel(&self.target(), None, from).await
    }

    pub(crate) async fn client(&self, token: &Value) -> FlightSqlServiceClient<Channel> {
        let mut client = self.connect().await;
        client.set_token(text(token, "access_token"));
        client
    }
}

/// A connection to what `hansa connect` tells, from one of the addresses of this machine; it shows the certificate of a participant
/// where one is named.
pub(crate) async fn channel(
    target: &Value,
    shows: Option<&TestParticipant>,
    from: [u8; 4],
) -> Result<Channel, tonic::transport::Error> {
    let address = format!("{}:{}", text(target, "host"), target["port"]);
    let address: SocketAddr = address.parse().unwrap();
    let mut roots = RootCertStore::empty();
    let pem = std::fs::read(text(target, "root_certificate")).unwrap();
    for root in CertificateDer::pem_slice_iter(&pem) {
        roots.add(root.unwrap()).unwrap();
    }
    let config = tls::client().with_root_certificates(roots);
    let mut config = match shows {
        None => config.with_no_client_auth(),
        Some(participant) => {
            let file = |name| std::fs::read(participant.folder().join("keys").join(name)).unwrap();
            let chain = file("tls.crt");
            let chain = CertificateDer::pem_slice_iter(&chain).map(Result::unwrap);
            let key = PrivateKeyDer::from_pem_slice(&file("tls.key")).unwrap();
            config.with_client_auth_cert(chain.collect(), key).unwrap()
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = TlsConnector::from(Arc::new(config));
    let name = ServerName::try_from(text(target, "name")).unwrap();
    let connect = move |_| {
        let (connector, name) = (connector.clone(), name.clone());
        async move {
            let socket = TcpSocket::new_v4()?;
            socket.bind((from, 0).into())?;
            let stream = socket.connect(address).await?;
            let secured = connector.connect(name, stream).await?;
            Ok::<_, std::io::Error>(TokioIo::new(secured))
        }
    };
    let endpoint = Endpoint::from_static("http://connector");
    endpoint
        .connect_with_connector(tower::service_fn(connect))
        .await
}

pub(crate) async fn ask(
    client: &mut FlightSqlServiceClient<Channel>,
    sql: &str,
) -> Result<Vec<RecordBatch>, FlightError> {
    let info = client.execute(sql.to_owned(), None).await?;
    fetch(client, &info).await
}

/// The rows of an announcement, in the columns that it announces.
pub(crate) async fn fetch(
    client: &mut FlightSqlServiceClient<Channel>,
    info: &FlightInfo,
) -> Result<Vec<RecordBatch>, FlightError> {
    let announced = info.clone().try_decode_schema()?;
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let batches: Vec<RecordBatch> = client.do_get(ticket).await?.try_collect().await?;
    for batch in &batches {
        assert_eq!(*batch.schema(), announced);
    }
    Ok(batches)
}

pub(crate) async fn number(client: &mut FlightSqlServiceClient<Channel>, sql: &str) -> i64 {
    let batches = ask(client, sql).await.unwrap();
    batches[0].column(0).as_primitive::<Int64Type>().value(0)
}

pub(crate) async fn refusal(client: &mut FlightSqlServiceClient<Channel>, sql: &str) -> String {
    ask(client, sql).await.unwrap_err().to_string()
}

const SUM: &str = "SELECT sum(bikes) AS n FROM lindau.bikes";

#[test]
fn a_program_asks_with_a_token_and_leaves_the_same_records() {
    let firm = Firm::start();
    let token = firm.token(&["--purpose", PURPOSE]);
    firm.runtime.block_on(async {
        let mut client = firm.client(&token).await;
        assert_eq!(number(&mut client, SUM).await, 387);
        // Parameters become literals of the text that travels.
        let mut statement = client
            .prepare(
                "SELECT bikes FROM lindau.bikes WHERE site = ?".to_owned(),
                None,
            )
            .await
            .unwrap();
        let parameters = statement.parameter_schema().unwrap();
        assert_eq!(parameters.fields().len(), 1);
        assert_eq!(*parameters.field(0).data_type(), DataType::Utf8);
        let typed = "SELECT site FROM lindau.bikes WHERE bikes > $2 AND bikes < $1 LIMIT $3";
        let typed = client.prepare(typed.to_owned(), None).await.unwrap();
        let typed = typed.parameter_schema().unwrap();
        let types: Vec<_> = typed
            .fields()
            .iter()
            .map(|field| field.data_type())
            .collect();
        assert_eq!(types, [&DataType::Int64; 3]);
        for (asked, said) in [
            ("SELECT version()", "Hansa"),
            ("select CURRENT_USER;", &text(&token, "token")),
        ] {
            let rows = ask(&mut client, asked).await.unwrap();
            let value = rows[0].column(0).as_string::<i32>();
            assert!(value.value(0).contains(said), "{asked}");
        }
        let schema = ask(&mut client, "SELECT current_schema()").await.unwrap();
        assert_eq!(schema[0].column(0).null_count(), 1);
        assert_eq!(number(&mut client, "SELECT 1 AS n").await, 1);
        let site = RecordBatch::try_from_iter([(
            "site",
            Arc::new(arrow_array::StringArray::from(vec!["Hafen"])) as arrow_array::ArrayRef,
        )]);
        statement.set_parameters(site.unwrap()).unwrap();
        let info = statement.execute().await.unwrap();
        let rows = fetch(&mut client, &info).await.unwrap();
        assert_eq!(rows[0].column(0).as_primitive::<Int64Type>().value(0), 310);
        // What the contract does not show is not there, in metadata either.
        let tables = client
            .get_tables(CommandGetTables {
                include_schema: true,
                ..CommandGetTables::default()
            })
            .await
            .unwrap();
        let tables = fetch(&mut client, &tables).await.unwrap();
        assert_eq!(tables[0].num_rows(), 1);
        assert_eq!(tables[0].column(1).as_string::<i32>().value(0), "lindau");
        assert_eq!(tables[0].column(2).as_string::<i32>().value(0), "bikes");
        let owners = client
            .get_db_schemas(CommandGetDbSchemas::default())
            .await
            .unwrap();
        let owners = fetch(&mut client, &owners).await.unwrap();
        assert_eq!(owners[0].num_rows(), 1);
        let unknown = refusal(&mut client, "SELECT * FROM lindau.secrets").await;
        assert!(unknown.contains("DATASET_UNKNOWN"), "{unknown}");
        let column = refusal(&mut client, "SELECT nothing FROM lindau.bikes").await;
        assert!(
            column.contains("COLUMN_UNKNOWN") && column.contains("bikes"),
            "{column}"
        );
    });
    // Both sides have it in their logs, and the firm says by which token and for whom.
    let remote_queries = firm.firm.records("remote_query");
    assert_eq!(remote_queries.len(), 2);
    let people: Vec<String> = remote_queries
        .iter()
        .map(|remote_query| text(remote_query, "actor"))
        .collect();
    assert_eq!(people[0], people[1]);
    for remote_query in &remote_queries {
        assert_eq!(text(remote_query, "access_token"), text(&token, "token"));
        assert_eq!(text(remote_query, "purpose"), PURPOSE);
    }
    assert_eq!(firm.city.records("permit").len(), 2);
    assert_eq!(firm.firm.records("received").len(), 2);
    assert_eq!(firm.city.records("receipt_ack").len(), 2);
    let created = firm.firm.records("access_token").remove(0);
    assert_eq!(text(&created, "actor"), people[0]);
    let log = firm.firm.log();
    let secret = text(&token, "access_token");
    let secret = secret.rsplit('_').next().unwrap();
    for record in log {
        let record = record.to_string();
        assert!(
            !record.contains(secret) && !record.contains("Ida Berg"),
            "{record}"
        );
    }
}

#[test]
fn a_token_counts_for_its_purposes_until_it_is_revoked_and_over_a_restart() {
    let mut firm = Firm::start();
    let token = firm.token(&["--purpose", PURPOSE, "--purpose", "dpv:Marketing"]);
    let other = firm.token(&["--purpose", "dpv:Marketing"]);
    let wrong =
        text(&token, "access_token").replace(&text(&token, "token"), &text(&other, "token"));
    firm.runtime.block_on(async {
        let mut client = firm.client(&token).await;
        let several = refusal(&mut client, SUM).await;
        assert!(
            several.contains("PURPOSE_MISSING") && several.contains(PURPOSE),
            "{several}"
        );
        client.set_header("x-hansa-purpose", "dpv:Advertising");
        let strange = refusal(&mut client, SUM).await;
        assert!(strange.contains("PURPOSE_NOT_COVERED"), "{strange}");
        let mut client = firm.client(&token).await;
        client.set_header("x-hansa-purpose", PURPOSE);
        assert_eq!(number(&mut client, SUM).await, 387);
        // The secret of one with the id of another.
        let mut thief = firm.connect().await;
        thief.set_token(wrong);
        let refused = refusal(&mut thief, SUM).await;
        assert!(refused.contains("TOKEN_INVALID"), "{refused}");
    });
    firm.firm.stop();
    firm.firm.serve();
    firm.runtime.block_on(async {
        let mut client = firm.client(&token).await;
        client.set_header("x-hansa-purpose", PURPOSE);
        assert_eq!(number(&mut client, SUM).await, 387);
        let mut prepared = client.prepare(SUM.to_owned(), None).await.unwrap();
        firm.firm
            .hansa(&["token", "revoke", &text(&token, "token")])
            .must();
        let refused = prepared.execute().await.unwrap_err().to_string();
        assert!(
            refused.contains("TOKEN_INVALID") && refused.contains("revoked"),
            "{refused}"
        );
    });
    firm.firm.stop();
    firm.firm.serve();
    firm.runtime.block_on(async {
        let mut client = firm.client(&token).await;
        client.set_header("x-hansa-purpose", PURPOSE);
        let refused = refusal(&mut client, SUM).await;
        assert!(refused.contains("revoked"), "{refused}");
    });
    let listed = firm.firm.hansa(&["--json", "token", "list"]).must().lines();
    let mut states: Vec<String> = listed.iter().map(|line| text(line, "state")).collect();
    states.sort();
    assert_eq!(states, ["counts", "revoked"]);
    // Who is erased has no token any more.
    let mut client = firm.runtime.block_on(firm.client(&other));
    firm.firm
        .hansa(&[
            "--yes", "audit", "erase", "--actor", "Ida Berg", "--ground", "request",
        ])
        .must();
    let refused = firm.runtime.block_on(refusal(&mut client, SUM));
    assert!(refused.contains("TOKEN_INVALID"), "{refused}");
}

#[test]
fn the_lines_of_connect_are_tried_with_a_token() {
    let firm = Firm::start();
    let token = firm.token(&["--purpose", PURPOSE]);
    firm.firm.write("token", &text(&token, "access_token"));
    let tried = ["--json", "connect", "python", "--test", "token"];
    let tried = firm.firm.hansa(&tried).must().json();
    assert_eq!(
        tried["tried"]["tables"],
        serde_json::json!(["lindau.bikes"])
    );
    let told = firm
        .firm
        .hansa(&["connect", "jdbc", "--test", "token"])
        .must();
    assert!(
        told.out.contains("the token reaches lindau.bikes"),
        "{}",
        told.out
    );
    let wrong = format!("hansa_{}_{}", text(&token, "token"), "0".repeat(64));
    firm.firm.write("wrong", &wrong);
    let refused = firm.firm.hansa(&["connect", "python", "--test", "wrong"]);
    refused.refused("TOKEN_INVALID", 4);
    let several = [
        "connect",
        "python",
        "--test",
        "token",
        "--purpose",
        "dpv:Marketing",
    ];
    firm.firm.hansa(&several).refused("PURPOSE_NOT_COVERED", 3);
}

#[test]
fn a_token_is_for_a_purpose_that_a_contract_brings_along() {
    let league = TestLeague::new(binary());
    let (mut city, firm) = (league.city("lindau"), league.firm("acme"));
    league.hand_bundle_to("lindau");
    city.configure(
        "\n[purpose.cycling]\nparent = \"dpv:ResearchAndDevelopment\"\ntext = \"cycling\"\n",
    );
    city.offers_bikes("cycling", &ALL.replace(PURPOSE, "cycling"), "auto");
    city.serve();
    firm.knows(&city);
    let wanted = [
        "--json",
        "token",
        "create",
        "Ida Berg",
        "--purpose",
        "cycling",
    ];
    firm.hansa(&wanted).refused("PURPOSE_UNKNOWN", 2);
    let _ = firm.contract("lindau.bikes");
    let firm = Firm::of(league, city, firm, "");
    let token = firm.token(&["--purpose", "cycling"]);
    firm.runtime.block_on(async {
        let mut client = firm.client(&token).await;
        assert_eq!(number(&mut client, SUM).await, 387);
    });
    let unknown = ["token", "create", "Ida Berg", "--purpose", "swimming"];
    firm.firm.hansa(&unknown).refused("PURPOSE_UNKNOWN", 2);
}

#[test]
fn a_withdrawn_contract_ends_what_was_prepared_under_it() {
    let firm = Firm::start();
    let token = firm.token(&["--purpose", PURPOSE]);
    let contract = firm.firm.listed("contract").remove(0);
    firm.runtime.block_on(async {
        let mut client = firm.client(&token).await;
        let mut prepared = client.prepare(SUM.to_owned(), None).await.unwrap();
        let info = prepared.execute().await.unwrap();
        firm.city
            .hansa(&[
                "contract", "withdraw", &contract, "--reason", "enough", "--yes",
            ])
            .must();
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let refused = client.do_get(ticket).await.err().unwrap().to_string();
        assert!(refused.contains("WITHDRAWN"), "{refused}");
        let tables = client
            .get_tables(CommandGetTables::default())
            .await
            .unwrap();
        let tables = fetch(&mut client, &tables).await.unwrap();
        assert!(tables.iter().all(|batch| batch.num_rows() == 0));
    });
}

/// The folder of the packages for Python: `pip install --target FOLDER` of what tests/clients/packages.txt lists.
#[test]
#[ignore = "needs packages of Python, by HANSA_CLIENT_PACKAGES"]
fn programs_in_python_ask_as_their_manuals_say() {
    let packages = std::env::var("HANSA_CLIENT_PACKAGES").unwrap();
    let firm = Firm::start();
    let token = firm.token(&["--purpose", PURPOSE]);
    let mut target = firm.target();
    target["token"] = token["access_token"].clone();
    let bad = text(&token, "access_token");
    let (head, _) = bad.rsplit_once('_').unwrap();
    target["bad_token"] = Value::from(format!("{head}_{}", "0".repeat(64)));
    firm.firm.write("target.json", &target.to_string());
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/clients/programs.py"
    );
    says(
        std::process::Command::new("python3")
            .args([script, "target.json"])
            .current_dir(firm.firm.folder())
            .env("PYTHONPATH", &packages),
        10,
    );
    // The lines that are told run as they stand, with a question in its place.
    for program in ["python", "polars", "duckdb"] {
        let told = firm.firm.hansa(&["connect", program]).must().out;
        assert!(told.contains("SELECT …"), "{told}");
        firm.firm.write("told.py", &told.replace("SELECT …", SUM));
        let done = std::process::Command::new("python3")
            .arg("told.py")
            .current_dir(firm.firm.folder())
            .env("PYTHONPATH", &packages)
            .env("HANSA_TOKEN", text(&token, "access_token"))
            .output()
            .unwrap();
        let err = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{told}\n{err}");
    }
}

/// Runs a program of others that says one line for each thing that was as it should be: it ends well, with so many lines.
pub(crate) fn says(program: &mut std::process::Command, lines: usize) {
    let done = program.output().unwrap();
    let out = String::from_utf8_lossy(&done.stdout);
    let err = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{out}\n{err}");
    assert_eq!(out.lines().count(), lines, "{out}");
    eprintln!("{out}");
}

/// The driver: `mvn dependency:copy -Dartifact=org.apache.arrow:flight-sql-jdbc-driver:18.3.0 -DoutputDirectory=FOLDER`. The connector shows
/// a certificate of another authority, for the name that the program dials.
#[test]
#[ignore = "needs Java and the driver, by HANSA_JDBC_DRIVER"]
fn a_program_in_java_asks_by_jdbc() {
    let driver = std::env::var("HANSA_JDBC_DRIVER").unwrap();
    let names = vec!["localhost".to_owned()];
    let shown = rcgen::generate_simple_self_signed(names).unwrap();
    let lines = "certificate = \"keys/clients.crt\"\nkey = \"keys/clients.key\"\n";
    let firm = Firm::start_with(lines, |firm| {
        firm.write("keys/clients.crt", &shown.cert.pem());
        firm.write("keys/clients.key", &shown.signing_key.serialize_pem());
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(firm.folder().join("keys/clients.key"), private).unwrap();
    });
    let token = firm.token(&["--purpose", PURPOSE]);
    let lines = firm
        .firm
        .hansa(&["--json", "connect", "jdbc"])
        .must()
        .json();
    assert!(text(&lines, "lines").contains("jdbc:arrow-flight-sql://"));
    let trusted = firm.firm.folder().join("keys/clients.crt");
    let url = format!(
        "jdbc:arrow-flight-sql://localhost:{}/?useEncryption=true&tlsRootCerts={}",
        lines["port"],
        trusted.display()
    );
    let secret = text(&token, "access_token");
    let secret = secret.rsplit('_').next().unwrap();
    let program = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/clients/Programs.java"
    );
    let done = std::process::Command::new("java")
        .args([
            "--add-opens=java.base/java.nio=ALL-UNNAMED",
            "-cp",
            &driver,
            program,
            &url,
        ])
        .args([&text(&token, "token"), secret])
        .output()
        .unwrap();
    let out = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{out}\n{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(out.lines().count(), 6, "{out}");
    eprintln!("{out}");
}
