//! The catalogue for data portals: what is open, in their words, and nothing else.

use crate::binary;
use crate::clients::says;
use crate::http_interface::{WebFace, WebReply};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::text;
use serde_json::Value;
use tokio::runtime::Runtime;

/// What stands in datasets, rows and columns that are not open.
const HIDDEN: &str = "Sesame";

const OPEN: &str = "open_data = true\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

const PORTAL: &str = r#"
[web]
listen = "127.0.0.1:0"

[portal]
base        = "https://data.lindau.example"
title       = "Offene Daten der Stadt Lindau"
description = "Was die Stadt <Lindau> jedem gibt"
publisher   = "Stadt Lindau"
contact     = "daten@lindau.example"
language    = "DEU"

[portal.dataset.trees]
description  = "Bäume an Straßen"
keywords     = ["Baum", "Straße"]
theme        = "ENVI"
frequency    = "ANNUAL"

[portal.dataset.benches]
description  = "Bänke am Hafen"
keywords     = ["Bank"]
theme        = "REGI"
hvd_category = "geospatial"
"#;

/// A city that opens some of its trees, and a list that says nothing to portals; a ledger is for the league.
pub(crate) fn city(league: &TestLeague) -> TestParticipant {
    let mut city = league.city("lindau");
    league.hand_bundle_to("lindau");
    let trees = format!(
        "lon,lat,kind,planted,owner\n7.1,51.1,oak,2020-03-01,{HIDDEN}\n7.2,51.2,{HIDDEN},1999-01-01,b\n7.3,51.3,lime,2021-05-01,c\n"
    );
    city.write("data/trees.csv", &trees);
    city.configure(
        "[[dataset]]\nname = \"trees\"\ntitle = \"Straßenbäume\"\nlicence = \"CC-BY-4.0\"\nattribution = \"Stadt Lindau\"\n\
         [dataset.source]\nkind = \"text\"\npath = \"data/trees.csv\"\n\
         [[dataset.column]]\nname = \"lon\"\ntype = \"float\"\ncrs = \"OGC:CRS84\"\nmeaning = \"longitude\"\n\
         [[dataset.column]]\nname = \"lat\"\ntype = \"float\"\ncrs = \"OGC:CRS84\"\n\
         [[dataset.column]]\nname = \"kind\"\n\
         [[dataset.column]]\nname = \"planted\"\ntype = \"date\"\n\
         [[dataset.column]]\nname = \"owner\"\n",
    );
    city.holds("ledger", &format!("code\n{HIDDEN}\n"), "");
    city.write("data/benches.csv", "place,seats\nharbour,4\n");
    city.configure(
        "[[dataset]]\nname = \"benches\"\ntitle = \"Bänke\"\nlicence = \"CC-BY-4.0\"\nhigh_value = true\n\
         [dataset.source]\nkind = \"text\"\npath = \"data/benches.csv\"\n\
         [[dataset.column]]\nname = \"place\"\n[[dataset.column]]\nname = \"seats\"\ntype = \"int\"\n",
    );
    city.publishes();
    let some = format!(
        "{OPEN}\ncolumns = [\"lon\", \"lat\", \"kind\", \"planted\"]\nrows = \"kind <> '{HIDDEN}'\""
    );
    city.offers("trees", "some", &some, "\"public\"", "auto");
    city.offers("benches", "open", OPEN, "\"public\"", "auto");
    let league_only = "valid = { from = 2026-01-01, until = 2029-12-31 }";
    city.offers("ledger", "view", league_only, "\"public\"", "auto");
    city.configure(PORTAL);
    city.serve();
    city
}

async fn get(face: &WebFace, path: &str, accept: &str) -> WebReply {
    let accept = match accept {
        "" => String::new(),
        accept => format!("Accept: {accept}\r\n"),
    };
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{accept}\r\n");
    WebReply::of(&face.raw(request.as_bytes()).await)
}

fn kind(reply: &WebReply) -> String {
    let mut lines = reply.head.lines();
    let found = lines.find_map(|line| line.strip_prefix("content-type: "));
    found.unwrap_or_default().to_owned()
}

#[test]
fn portals_read_what_is_open_in_their_words() {
    let league = TestLeague::new(binary());
    let city = city(&league);
    let face = WebFace::of(&city);
    Runtime::new().unwrap().block_on(async {
        for (path, accept, wanted) in [
            ("/catalog", "", "text/turtle"),
            ("/catalog", "application/ld+json", "application/ld+json"),
            (
                "/catalog",
                "text/html, application/rdf+xml;q=0.5",
                "text/html; charset=utf-8",
            ),
            (
                "/catalog",
                "application/rdf+xml;q=0.5, text/*;q=0.1",
                "application/rdf+xml",
            ),
            ("/catalog.rdf", "text/html", "application/rdf+xml"),
            ("/catalog.jsonld", "", "application/ld+json"),
            ("/id/dataset-trees", "text/turtle", "text/turtle"),
            ("/id/dataset-trees.html", "", "text/html; charset=utf-8"),
        ] {
            let page = get(&face, path, accept).await;
            assert_eq!(
                (page.status, kind(&page).as_str()),
                (200, wanted),
                "{path} {accept}"
            );
            let body = page.text();
            assert!(body.contains("Straßenbäume"), "{path}: {body}");
            for hidden in [HIDDEN, "ledger", "owner", "1999-01"] {
                assert!(!body.contains(hidden), "{path}: {body}");
            }
        }
        let html = get(&face, "/catalog.html", "").await.text();
        assert!(
            html.contains("Was die Stadt &lt;Lindau&gt; jedem gibt"),
            "{html}"
        );
        let turtle = get(&face, "/catalog.ttl", "").await.text();
        for said in [
            "dcat:Catalog",
            "<https://data.lindau.example/id/dataset-trees>",
            "dcatap:hvdCategory",
            "<https://data.lindau.example/open/trees.parquet>",
            "<http://publications.europa.eu/resource/authority/licence/CC_BY_4_0>",
            "\"Bäume an Straßen\"@de",
        ] {
            assert!(turtle.contains(said), "{said}: {turtle}");
        }
        let high_value = get(&face, "/catalog.ttl?profile=hvd", "").await.text();
        assert!(high_value.contains("dataset-benches") && !high_value.contains("dataset-trees"));
        for (path, accept, status) in [
            ("/catalog", "image/png", 406),
            ("/catalog?page=2", "", 404),
            ("/catalog?page=0", "", 400),
            ("/catalog?since=1", "", 400),
            ("/id/dataset-ledger", "", 404),
            ("/id/dataset-nothing", "", 404),
            ("/id/schema-trees", "", 303),
            ("/id/service-trees", "", 303),
            ("/id/service-ledger", "", 404),
            ("/id/distribution-trees-csv", "", 303),
            ("/id/publisher", "", 303),
            ("/id/distribution-ledger-csv", "", 404),
            ("/id/other", "", 401),
        ] {
            let page = get(&face, path, accept).await;
            assert_eq!(page.status, status, "{path} {}", page.text());
        }
    });
    city.hansa(&["audit", "verify"]).must();
    assert!(!city.records("open_block").is_empty());
}

#[test]
fn portals_of_portals_ask_by_the_actions_of_ckan() {
    let league = TestLeague::new(binary());
    let city = city(&league);
    let face = WebFace::of(&city);
    Runtime::new().unwrap().block_on(async {
        let action = async |asked: &str| {
            let reply = get(&face, &format!("/api/3/action/{asked}"), "").await;
            (reply.status, reply.json())
        };
        let (status, list) = action("package_list").await;
        assert_eq!((status, &list["success"]), (200, &Value::from(true)));
        assert_eq!(list["result"], serde_json::json!(["benches", "trees"]));
        let (_, shown) = action("package_show?id=trees").await;
        let package = &shown["result"];
        assert_eq!(text(package, "title"), "Straßenbäume");
        assert_eq!(package["resources"].as_array().unwrap().len(), 3);
        assert_eq!(
            text(&package["resources"][0], "url"),
            "https://data.lindau.example/open/trees.parquet"
        );
        for (asked, count) in [
            ("q=baum", 1),
            ("q=*:*", 2),
            ("", 2),
            ("q=baum+bank", 0),
            ("rows=0", 2),
            ("sort=metadata_modified+desc", 2),
            ("fq=metadata_modified:[2026-01-01T00:00:00Z+TO+*]", 2),
            ("fq=metadata_modified:[2999-01-01T00:00:00Z+TO+*]", 0),
        ] {
            let (_, found) = action(&format!("package_search?{asked}")).await;
            assert_eq!(found["result"]["count"], count, "{asked}: {found}");
        }
        for (asked, status) in [
            ("package_show?id=ledger", 404),
            ("package_show?id=nothing", 404),
            ("package_show", 400),
            ("package_search?fq=organization:x", 400),
            ("package_search?sort=views", 400),
            ("package_search?facet=true", 400),
            ("package_create", 400),
        ] {
            let (came, body) = action(asked).await;
            assert_eq!(
                (came, &body["success"]),
                (status, &Value::from(false)),
                "{asked}: {body}"
            );
        }
    });
}

#[test]
fn what_the_law_wants_of_high_value_datasets_is_checked() {
    let league = TestLeague::new(binary());
    let city = city(&league);
    let good = city.hansa(&["--json", "catalog", "validate"]).must();
    assert!(!good.out.contains("\"error\""), "{}", good.out);
    // Nobody answers at that name: what is stated is asked.
    let asked = city
        .hansa(&["--json", "catalog", "validate", "--fetch"])
        .ends(6);
    let address = "https://data.lindau.example/open/benches/rows";
    assert!(asked.out.contains(address), "{}", asked.out);
    let exported = city
        .hansa(&["catalog", "export", "--profile", "hvd"])
        .must();
    assert!(exported.out.contains("dataset-benches") && !exported.out.contains("trees"));
    let config = city.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let without = before.replace("hvd_category", "# hvd_category");
    std::fs::write(&config, without.replace("contact ", "# contact ")).unwrap();
    city.hansa(&["reload"]).must();
    let bad = city.hansa(&["--json", "catalog", "validate"]).ends(6);
    for property in ["dcatap:hvdCategory", "dcat:contactPoint"] {
        assert!(bad.out.contains(property), "{property}: {}", bad.out);
    }
    let closed = before.replace("dataset = \"benches\"", "dataset = \"nothing\"");
    std::fs::write(&config, closed).unwrap();
    city.hansa(&["reload"]).must();
    let bad = city.hansa(&["--json", "catalog", "validate"]).ends(6);
    assert!(bad.out.contains("no public view of it is"), "{}", bad.out);
    std::fs::write(&config, before.replace("\"ENVI\"", "\"TREES\"")).unwrap();
    city.hansa(&["reload"]).refused("CONFIG_INVALID", 6);
}

/// An inbox of a portal that takes so many messages: what it was sent, each as its activity and the name of its object. It refuses the
/// first one.
fn inbox(
    messages: usize,
) -> (
    String,
    std::sync::mpsc::Receiver<(String, String)>,
    std::thread::JoinHandle<()>,
) {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/inbox", listener.local_addr().unwrap());
    let (send, came) = std::sync::mpsc::channel();
    let served = std::thread::spawn(move || {
        for (number, caller) in listener.incoming().take(messages).enumerate() {
            let mut caller = caller.unwrap();
            let mut bytes = Vec::new();
            let mut piece = [0; 4096];
            let body = loop {
                let length = caller.read(&mut piece).unwrap();
                bytes.extend_from_slice(&piece[..length]);
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    continue;
                };
                let head = head.to_lowercase();
                let mut lines = head.lines();
                let length = lines.find_map(|line| line.strip_prefix("content-length: "));
                if body.len() == length.unwrap().parse::<usize>().unwrap() {
                    assert!(head.contains("content-type: application/ld+json"), "{head}");
                    break body.to_owned();
                }
            };
            let status = if number == 0 {
                "503 Later"
            } else {
                "202 Accepted"
            };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            caller.write_all(answer.as_bytes()).unwrap();
            if number > 0 {
                let activity: Value = serde_json::from_str(&body).unwrap();
                let told = (text(&activity, "type"), text(&activity["object"], "id"));
                if send.send(told).is_err() {
                    return;
                }
            }
        }
    });
    (address, came, served)
}

#[test]
fn inboxes_of_portals_are_told_of_each_change_once() {
    let (address, came, served) = inbox(5);
    let league = TestLeague::new(binary());
    let mut city = city(&league);
    let told = |kind: &str, name: &str| {
        let object = format!("https://data.lindau.example/id/dataset-{name}");
        (kind.to_owned(), object)
    };
    let next = || {
        came.recv_timeout(std::time::Duration::from_secs(60))
            .unwrap()
    };
    let config = city.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    let with = before.replace(
        "language    =",
        &format!("inboxes = [\"{address}\"]\nlanguage    ="),
    );
    std::fs::write(&config, with).unwrap();
    city.hansa(&["reload"]).must();
    // The one that was refused waits, and holds up no other.
    assert_eq!(
        [next(), next()],
        [told("Create", "trees"), told("Create", "benches")]
    );
    city.write("data/benches.csv", "place,seats\nharbour,5\n");
    city.hansa(&["dataset", "publish", "benches"]).must();
    assert_eq!(next(), told("Update", "benches"));
    // Nobody is told twice, also not over a restart.
    city.stop();
    city.serve();
    let face = WebFace::of(&city);
    let shown = Runtime::new().unwrap().block_on(async {
        get(&face, "/api/3/action/package_show?id=trees", "")
            .await
            .json()
    });
    let extras = shown["result"]["extras"].as_array().unwrap().clone();
    let view = extras
        .iter()
        .find(|extra| extra["key"] == "public_view")
        .unwrap();
    let view = text(view, "value");
    city.hansa(&["--yes", "contract", "withdraw", &view, "--reason", "enough"])
        .must();
    assert_eq!(next(), told("Delete", "trees"));
    let changes = Runtime::new()
        .unwrap()
        .block_on(async { get(&face, "/catalog/changes", "").await.text() });
    assert_eq!(changes.matches("dct:isVersionOf").count(), 5, "{changes}");
    assert!(
        changes.contains("ldes:EventStream") && !changes.contains("Straßen"),
        "{changes}"
    );
    served.join().unwrap();
    // The one that was refused at first is in the log twice.
    let records = city.records("portal_notice");
    let told: Vec<String> = records
        .iter()
        .map(|record| text(&record["body"], "event"))
        .collect();
    assert_eq!(told, ["Create", "Create", "Create", "Update", "Delete"]);
    city.hansa(&["audit", "verify"]).must();
}

#[test]
#[ignore = "needs an environment of Python, by HANSA_PORTAL_PYTHON"]
fn official_shapes_pass_and_a_harvester_reads_it() {
    let python = std::env::var("HANSA_PORTAL_PYTHON").unwrap();
    let league = TestLeague::new(binary());
    let city = city(&league);
    let face = WebFace::of(&city);
    Runtime::new().unwrap().block_on(async {
        for (file, path) in [
            ("catalog.ttl", "/catalog.ttl"),
            ("catalog.jsonld", "/catalog.jsonld"),
            ("catalog.rdf", "/catalog.rdf"),
            ("hvd.ttl", "/catalog.ttl?profile=hvd"),
        ] {
            city.write(file, &get(&face, path, "").await.text());
        }
    });
    let clients = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/clients");
    says(
        std::process::Command::new(python)
            .arg(format!("{clients}/portal_programs.py"))
            .arg(city.folder())
            .arg(format!("{clients}/dcat-ap/shapes")),
        4,
    );
}
