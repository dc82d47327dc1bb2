//! A firm without a connector: its programs ask a city, by an access token for one contract or by the certificate of the firm.

use crate::auditor::{export, findings, verify};
use crate::binary;
use crate::clients::{ask, channel, fetch, number, refusal};
use arrow_array::cast::AsArray as _;
use arrow_flight::Action;
use arrow_flight::sql::CommandGetTables;
use arrow_flight::sql::client::FlightSqlServiceClient;
use futures::TryStreamExt as _;
use hansa_policy::contract::signature::SignatoryRole;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use serde_json::Value;
use tokio::runtime::Runtime;
use tonic::IntoRequest as _;
use tonic::transport::Channel;

type Client = FlightSqlServiceClient<Channel>;

/// A city with a port for programs, and a firm that holds two contracts and whose connector does not run: `bikes` lets programs ask,
/// `trams` does not, and `vault` is for nobody.
pub(crate) struct CityForPrograms {
    pub(crate) league: TestLeague,
    pub(crate) city: TestParticipant,
    pub(crate) firm: TestParticipant,
    /// Another member, without a contract.
    pub(crate) rival: TestParticipant,
    pub(crate) bikes: String,
    pub(crate) trams: String,
    pub(crate) runtime: Runtime,
}

impl CityForPrograms {
    pub(crate) fn start() -> Self {
        let league = TestLeague::new(binary());
        let mut city = league.city("lindau");
        let (firm, rival) = (league.firm("acme"), league.firm("rival"));
        league.hand_bundle_to("lindau");
        city.configure("\n[clients]\nlisten = \"127.0.0.1:0\"\n");
        city.holds("bikes", "site,bikes,door\nHafen,310,a\nInsel,77,b\n", "");
        city.holds("trams", "line,trams\none,5\n", "");
        city.holds("vault", "code\nSesame\n", "");
        city.publishes();
        let open = format!("{ALL}\ncolumns = [\"site\", \"bikes\"]\none_sided_receipts = true\n");
        city.offers("bikes", "programs", &open, "\"league\"", "auto");
        city.offers("trams", "connectors", ALL, "\"league\"", "auto");
        city.serve();
        firm.knows(&city);
        let (bikes, trams) = (firm.contract("lindau.bikes"), firm.contract("lindau.trams"));
        Self {
            league,
            city,
            firm,
            rival,
            bikes,
            trams,
            runtime: Runtime::new().unwrap(),
        }
    }

    pub(crate) fn token(&self) -> Value {
        let create = ["--json", "token", "create", "ida of acme", "--contract"];
        let more = [self.bikes.as_str(), "--purpose", PURPOSE];
        self.city
            .hansa(&[&create[..], &more].concat())
            .must()
            .json()
    }

    pub(crate) fn target(&self) -> Value {
        self.city
            .hansa(&["--json", "connect", "python"])
            .must()
            .json()
    }

    pub(crate) async fn by_token(&self, token: &Value) -> Client {
        let channel = channel(&self.target(), None, [127, 0, 0, 1]).await.unwrap();
        let mut client = Client::new(channel);
        client.set_token(text(token, "access_token"));
        client
    }

    pub(crate) async fn by_certificate(&self, of: &TestParticipant) -> Client {
        let channel = channel(&self.target(), Some(of), [127, 0, 0, 1]).await;
        let mut client = Client::new(channel.unwrap());
        client.set_header("x-hansa-purpose", PURPOSE);
        client
    }
}

/// The names of the tables that a client sees.
pub(crate) async fn tables(client: &mut Client) -> Vec<String> {
    let command = CommandGetTables {
        include_schema: true,
        ..CommandGetTables::default()
    };
    let info = client.get_tables(command).await.unwrap();
    let batches = fetch(client, &info).await.unwrap();
    let names = batches.iter().flat_map(|batch| {
        let names = batch.column(2).as_string::<i32>();
        names.iter().flatten().map(str::to_owned)
    });
    names.collect()
}

pub(crate) async fn receipts(client: &mut Client) -> Vec<Vec<u8>> {
    let mut action = Action::new("hansa.Receipts", "").into_request();
    if let Some(token) = client.token() {
        let value = format!("Bearer {token}").parse().unwrap();
        action.metadata_mut().insert("authorization", value);
    }
    let results = client.inner_mut().do_action(action).await.unwrap();
    let results: Vec<_> = results.into_inner().try_collect().await.unwrap();
    results
        .into_iter()
        .map(|result| result.body.to_vec())
        .collect()
}

const SUM: &str = "SELECT sum(bikes) AS n FROM lindau.bikes";

#[test]
fn a_firm_without_a_connector_asks_by_token_and_by_certificate() {
    let world = CityForPrograms::start();
    let token = world.token();
    assert_eq!(text(&token, "contract"), world.bikes);
    let given = world.runtime.block_on(async {
        let mut client = world.by_token(&token).await;
        assert_eq!(number(&mut client, SUM).await, 387);
        assert_eq!(tables(&mut client).await, ["bikes"]);
        // Another contract of the firm is not the token's, and is not hinted at.
        for sql in ["SELECT * FROM lindau.trams", "SELECT * FROM lindau.vault"] {
            let unknown = refusal(&mut client, sql).await;
            assert!(unknown.contains("DATASET_UNKNOWN"), "{unknown}");
        }
        let hidden = refusal(&mut client, "SELECT door FROM lindau.bikes").await;
        assert!(hidden.contains("COLUMN_UNKNOWN"), "{hidden}");
        let by_token = receipts(&mut client).await;
        let mut client = world.by_certificate(&world.firm).await;
        assert_eq!(number(&mut client, SUM).await, 387);
        assert_eq!(tables(&mut client).await, ["bikes"]);
        let closed = refusal(&mut client, "SELECT * FROM lindau.trams").await;
        assert!(
            closed.contains("CONNECTOR_REQUIRED") && closed.contains("one_sided_receipts"),
            "{closed}"
        );
        let unknown = refusal(&mut client, "SELECT * FROM lindau.vault").await;
        assert!(unknown.contains("DATASET_UNKNOWN"), "{unknown}");
        let both = receipts(&mut client).await;
        assert_eq!((by_token.len(), both.len()), (1, 2));
        assert_eq!(both[1], by_token[0]);
        both
    });
    for receipt in given {
        let signed = hansa_proto::envelope::parse_receipt(&receipt).unwrap();
        assert!(signed.receipt.one_sided && !signed.is_countersigned());
        assert_eq!(signed.signatures[0].role, SignatoryRole::Provider);
        assert_eq!(signed.receipt.consumer.domain(), "acme.example");
        assert_eq!(signed.receipt.rows, 1);
    }
    // The log says that programs asked, by what, and that nobody countersigns.
    let permits = world.city.records("permit");
    let by = |permit: &Value| text(&permit["body"]["program"], "by");
    let mut by: Vec<String> = permits.iter().map(by).collect();
    by.sort();
    assert_eq!(by, ["access_token", "certificate"]);
    assert_eq!(world.city.records("one_sided_receipt").len(), 2);
    assert!(world.city.records("receipt_ack").is_empty());
    let page = world.city.hansa(&["contract", "show", &world.bikes]).must();
    assert!(
        page.out.contains("signature of the provider alone"),
        "{}",
        page.out
    );
    world.city.verifies();
    // An auditor with both logs finds nothing wrong, and is told.
    let folder = world.league.folder();
    let files = [&world.city, &world.firm].map(|one| export(one, folder, &[]));
    let files = files.map(|file| file.display().to_string());
    let (report, status) = verify(folder, &["check", &files[0], &files[1]]);
    assert_eq!(status, 0, "{report:#}");
    assert!(findings(&report, "BROKEN").is_empty(), "{report:#}");
    assert_eq!(report["answers"][0]["one_sided"], 2, "{report:#}");
    let (compared, status) = verify(folder, &["reconcile", &files[0], &files[1]]);
    assert_eq!(status, 0, "{compared:#}");
    assert_eq!(compared["answers"][0]["one_sided"], 2, "{compared:#}");
}

#[test]
fn a_token_for_a_contract_ends_with_it_and_over_a_restart() {
    let mut world = CityForPrograms::start();
    let wrong = ["token", "create", "ida", "--contract", &world.trams];
    world.city.hansa(&wrong).refused("CONNECTOR_REQUIRED", 3);
    let token = world.token();
    world.city.stop();
    world.city.serve();
    let city = &world.city;
    world.runtime.block_on(async {
        let mut client = world.by_token(&token).await;
        assert_eq!(number(&mut client, SUM).await, 387);
        let mut known = world.by_certificate(&world.firm).await;
        let mut prepared = client.prepare(SUM.to_owned(), None).await.unwrap();
        city.hansa(&[
            "contract",
            "withdraw",
            &world.bikes,
            "--reason",
            "enough",
            "--yes",
        ])
        .must();
        let refused = prepared.execute().await.unwrap_err().to_string();
        assert!(refused.contains("WITHDRAWN"), "{refused}");
        let refused = refusal(&mut client, SUM).await;
        assert!(refused.contains("WITHDRAWN"), "{refused}");
        let refused = ask(&mut known, SUM).await.unwrap_err().to_string();
        assert!(refused.contains("WITHDRAWN"), "{refused}");
        assert!(tables(&mut known).await.is_empty());
    });
}

/// What the token and the certificate can't be mixed into.
#[test]
fn a_program_is_one_participant() {
    let world = CityForPrograms::start();
    let token = world.token();
    world.runtime.block_on(async {
        let mut stranger = world.by_certificate(&world.rival).await;
        let refused = refusal(&mut stranger, SUM).await;
        assert!(refused.contains("DATASET_UNKNOWN"), "{refused}");
        assert!(tables(&mut stranger).await.is_empty());
        stranger.set_token(text(&token, "access_token"));
        let refused = refusal(&mut stranger, SUM).await;
        assert!(refused.contains("TOKEN_INVALID"), "{refused}");
        // The city's own people are asked for a token.
        let mut own = world.by_certificate(&world.city).await;
        let refused = refusal(&mut own, SUM).await;
        assert!(refused.contains("TOKEN_REQUIRED"), "{refused}");
        // Both of one participant are fine.
        let mut both = world.by_certificate(&world.firm).await;
        both.set_token(text(&token, "access_token"));
        assert_eq!(number(&mut both, SUM).await, 387);
    });
    let permits = world.city.records("permit");
    assert_eq!(permits.len(), 1);
    assert_eq!(text(&permits[0]["body"]["program"], "by"), "access_token");
}
