//! Open data: a public view that anybody on the web may fetch, without a token; and everything else, which nobody learns of.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::auditor::verify;
use crate::binary;
use crate::http_interface::{WebFace, WebReply, rest};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, long_table, number, text};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::runtime::Runtime;

/// What stands in the rows, columns and datasets that are not open.
const HIDDEN: &str = "Sesame";

const OPEN: &str = "open_data = true\nvalid = { from = 2026-01-01, until = 2029-12-31 }";

/// A city that opens some columns and rows of its trees, and a long table. What it offers beside them is for the league.
struct OpenCity {
    _league: TestLeague,
    city: TestParticipant,
    face: WebFace,
    runtime: Runtime,
}

impl OpenCity {
    fn start() -> Self {
        let league = TestLeague::new(binary());
        let mut city = league.city("lindau");
        league.hand_bundle_to("lindau");
        let trees = format!(
            "lon,lat,kind,owner\n7.1,51.1,oak,{HIDDEN}\n7.2,51.2,{HIDDEN},b\n7.3,51.3,=1+1,c\n"
        );
        city.holds("trees", &trees, "");
        city.holds("long", &long_table(100_000), "");
        for closed in ["ledger", "visits", "vault"] {
            city.holds(closed, &format!("code\n{HIDDEN}\n"), "");
        }
        city.publishes();
        let some = format!(
            "{OPEN}\ncolumns = [\"lon\", \"lat\", \"kind\"]\nrows = \"kind <> '{HIDDEN}'\""
        );
        city.offers("trees", "some", &some, "\"public\"", "auto");
        city.offers("long", "open", OPEN, "\"public\"", "auto");
        let league_only = "valid = { from = 2026-01-01, until = 2029-12-31 }";
        city.offers("ledger", "view", league_only, "\"public\"", "auto");
        city.offers("visits", "all", ALL, "\"league\"", "auto");
        city.configure("[web]\nlisten = \"127.0.0.1:0\"");
        city.serve();
        let face = WebFace::of(&city);
        Self {
            _league: league,
            city,
            face,
            runtime: Runtime::new().unwrap(),
        }
    }

    async fn ask(&self, method: &str, path: &str, headers: &str) -> WebReply {
        WebReply::of(&self.face.raw(asked(method, path, headers).as_bytes()).await)
    }

    async fn get(&self, path: &str) -> WebReply {
        self.ask("GET", path, "").await
    }
}

/// A request of somebody who presents nothing.
fn asked(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n")
}

fn header<'a>(reply: &'a WebReply, name: &str) -> &'a str {
    let mut lines = reply.head.lines();
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name}: {}", reply.head))
}

#[test]
fn anybody_fetches_an_open_view_and_each_byte_is_in_the_log_before() {
    let open = OpenCity::start();
    open.runtime.block_on(async {
        let index = open.get("/open").await.json();
        let names: Vec<String> = index["datasets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|dataset| text(dataset, "name"))
            .collect();
        assert_eq!(names, ["long", "trees"]);
        let trees = &index["datasets"][1];
        assert_eq!(trees["files"].as_array().unwrap().len(), 3, "{trees}");
        assert!(!index.to_string().contains("owner"), "{index}");
        let csv = open.get("/open/trees.csv").await;
        assert_eq!((csv.status, csv.is_whole), (200, true));
        assert_eq!(
            csv.text(),
            "lon,lat,kind\r\n7.1,51.1,oak\r\n7.3,51.3,'=1+1\r\n"
        );
        assert_eq!(header(&csv, "access-control-allow-origin"), "*");
        assert_eq!(header(&csv, "cache-control"), "no-cache");
        let points = open.get("/open/trees.geojson").await.json();
        assert_eq!(points["features"].as_array().unwrap().len(), 2);
        let rows = open.get("/open/trees/rows").await.json();
        let seen = serde_json::json!({"lon": 7.1, "lat": 51.1, "kind": "oak"});
        assert_eq!(rows["rows"][0], seen, "{rows}");
        assert_eq!(rows["rows"].as_array().unwrap().len(), 2);
        let parquet = open.get("/open/trees.parquet").await;
        assert!(parquet.body.starts_with(b"PAR1") && parquet.body.ends_with(b"PAR1"));
        assert!(
            !parquet
                .body
                .windows(6)
                .any(|part| part == HIDDEN.as_bytes())
        );
        // Parts of it, and whether it is still the same.
        let tag = header(&csv, "etag").to_owned();
        let part = open
            .ask("GET", "/open/trees.csv", "Range: bytes=4-6\r\n")
            .await;
        assert_eq!((part.status, part.text().as_str()), (206, "lat"));
        assert_eq!(
            header(&part, "content-range"),
            format!("bytes 4-6/{}", csv.body.len())
        );
        let beyond = open
            .ask("GET", "/open/trees.csv", "Range: bytes=4000-\r\n")
            .await;
        assert_eq!(beyond.status, 416);
        let same = format!("If-None-Match: {tag}\r\n");
        let same = open.ask("GET", "/open/trees.csv", &same).await;
        assert_eq!((same.status, same.body.len()), (304, 0));
        let head = open.ask("HEAD", "/open/trees.csv", "").await;
        assert_eq!(header(&head, "content-length"), csv.body.len().to_string());
        assert_eq!((head.status, head.body.len()), (200, 0));
    });
    let city = &open.city;
    // One question for each form, and one block for the list and one for the view.
    let permits = city.records("permit");
    assert_eq!(permits.len(), 4);
    for permit in &permits {
        assert_eq!(permit["body"]["web"], Value::from(true), "{permit}");
    }
    let blocks = city.records("open_block");
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0]["body"]["dataset"], Value::Null);
    assert_eq!(text(&blocks[1], "dataset"), "trees");
    assert_eq!(number(&blocks[1]["body"], "requests"), 100);
    city.hansa(&["audit", "verify"]).must();
    city.hansa(&["audit", "export", "-o", "all.bundle"]).must();
    let args = ["check", "all.bundle", "--trust", "trust/bundle.json"];
    let (report, status) = verify(city.folder(), &args);
    assert_eq!(status, 0, "{report}");
}

#[test]
fn another_version_is_another_file_and_a_view_that_ends_ends_its_files() {
    let open = OpenCity::start();
    let city = &open.city;
    open.runtime.block_on(async {
        let before = open.get("/open/trees.csv").await;
        city.write("data/trees.csv", "lon,lat,kind,owner\n7.5,51.5,fir,d\n");
        city.hansa(&["dataset", "publish", "trees"]).must();
        let after = open.get("/open/trees.csv").await;
        assert_eq!(after.text(), "lon,lat,kind\r\n7.5,51.5,fir\r\n");
        assert_ne!(header(&before, "etag"), header(&after, "etag"));
        // A reader that has begun, and takes in little.
        let mut reader = open.face.open_slow().await;
        reader
            .write_all(asked("GET", "/open/long.csv", "").as_bytes())
            .await
            .unwrap();
        let mut begin = vec![0; 1024];
        reader.read_exact(&mut begin).await.unwrap();
        let index = open.get("/open").await.json();
        let view = text(&index["datasets"][0], "contract");
        city.hansa(&["--yes", "contract", "withdraw", &view, "--reason", "enough"])
            .must();
        begin.extend(rest(&mut reader).await);
        let cut = WebReply::of(&begin);
        assert!(cut.status == 200 && !cut.is_whole, "{}", cut.body.len());
        let gone = open.get("/open/long.csv").await;
        assert_eq!(
            (gone.status, gone.code().as_str()),
            (404, "DATASET_UNKNOWN")
        );
    });
    let published = city.hansa(&["audit", "verify"]);
    published.must();
}

#[test]
fn what_asks_something_of_somebody_is_not_opened_to_anybody() {
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    league.hand_bundle_to("lindau");
    city.holds("trees", "kind\noak\n", "");
    city.publishes();
    city.configure("[web]\nlisten = \"127.0.0.1:0\"");
    city.serve();
    let config = city.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    for (number, (terms, to)) in [
        (format!("open_data = true\n{ALL}"), "\"public\""),
        (format!("{OPEN}\nqueries_per_day = 3"), "\"public\""),
        (
            format!("{OPEN}\nrows = \"kind = {{{{consumer}}}}\""),
            "\"public\"",
        ),
        (OPEN.to_owned(), "\"league\""),
    ]
    .into_iter()
    .enumerate()
    {
        city.offers("trees", &format!("p{number}"), &terms, to, "auto");
        let refused = city.hansa(&["reload"]);
        let told = refused.refused("POLICY_CONTRADICTION", 6);
        assert!(told.err.contains("clause"), "{terms}: {}", told.err);
        std::fs::write(&config, &before).unwrap();
    }
    let face = WebFace::of(&city);
    let replied = Runtime::new().unwrap().block_on(async {
        let path = asked("GET", "/open", "");
        WebReply::of(&face.raw(path.as_bytes()).await)
    });
    // A house that opens nothing says nothing of it.
    assert_eq!(
        (replied.status, replied.code().as_str()),
        (401, "TOKEN_REQUIRED")
    );
}

const ATTACKS: [AttackCase<OpenCity>; 5] = [
    AttackCase {
        number: 202,
        setup: "open data",
        name: "S: asks for files of datasets that are for the league, offered, or not offered at all",
        expected: "DATASET_UNKNOWN in the words for what does not exist",
        does: closed_datasets,
        lacks: "",
    },
    AttackCase {
        number: 203,
        setup: "open data",
        name: "S: asks for hidden rows and columns by ranges, parameters, headers and names that climb",
        expected: "refused, or the same bytes; nothing hidden",
        does: hidden_rows,
        lacks: "",
    },
    AttackCase {
        number: 204,
        setup: "open data",
        name: "S: reaches saved queries, statements and tools without a token, beside what is open",
        expected: "TOKEN_REQUIRED",
        does: other_paths,
        lacks: "",
    },
    AttackCase {
        number: 205,
        setup: "open data",
        name: "S: asks without a pause",
        expected: "429 with Retry-After, and few records",
        does: flood,
        lacks: "",
    },
    AttackCase {
        number: 206,
        setup: "open data",
        name: "S: fetches where the provider has put a restriction before the dataset",
        expected: "cut, then DATASET_UNKNOWN, whatever hours the restriction has",
        does: set_restriction_while_reading,
        lacks: "",
    },
];

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let mut open = OpenCity::start();
    tried(&mut open, &ATTACKS)
}

fn closed_datasets(open: &mut OpenCity) -> AttackVerdict {
    open.runtime.block_on(async {
        let unknown = open.get("/open/nothing.csv").await;
        if (unknown.status, unknown.code().as_str()) != (404, "DATASET_UNKNOWN") {
            return Err(unknown.text());
        }
        for name in ["ledger", "visits", "vault", "LONG", "trees%00"] {
            for ending in ["csv", "parquet", "geojson"] {
                let path = format!("/open/{name}.{ending}");
                let reply = open.get(&path).await;
                let is_same = reply.text() == unknown.text() && reply.status == unknown.status;
                if !is_same && reply.status != 400 {
                    return Err(format!("{path}: {} {}", reply.status, reply.text()));
                }
            }
        }
        Ok("15 names".to_owned())
    })
}

fn hidden_rows(open: &mut OpenCity) -> AttackVerdict {
    open.runtime.block_on(async {
        let mut tried = 0;
        for (path, headers) in [
            ("/open/trees.csv", "Range: bytes=0-,0-,0-\r\n"),
            ("/open/trees.csv", "Range: bytes=-99999999999999999999\r\n"),
            ("/open/trees.csv", "Range: bytes=18446744073709551615-\r\n"),
            ("/open/trees.csv?columns=owner", ""),
            ("/open/trees.csv?purpose=dpv:ResearchAndDevelopment", ""),
            ("/open/trees.json", ""),
            ("/open/trees.xlsx", ""),
            ("/open/../open/trees.csv", ""),
            ("/open/%2e%2e/state/log.csv", ""),
            ("/open/trees/owner.csv", ""),
            ("/open/trees.csv/", ""),
            ("/open/trees\" WHERE 1=1.csv", ""),
            ("/open/trees.csv", "Authorization: Bearer hansa_x\r\n"),
            ("/open/trees.csv", "X-Forwarded-For: 127.0.0.1\r\n"),
        ] {
            let reply = open.ask("GET", path, headers).await;
            let body = String::from_utf8_lossy(&reply.body).into_owned();
            if body.contains(HIDDEN) || reply.status >= 500 {
                return Err(format!("{path}: {} {body}", reply.status));
            }
            tried += 1;
        }
        Ok(format!("{tried} requests"))
    })
}

fn other_paths(open: &mut OpenCity) -> AttackVerdict {
    open.runtime.block_on(async {
        for path in [
            "/v1/queries",
            "/openapi.json",
            "/ogc",
            "/nothing",
            "/opens",
            "/open/trees.csv/x",
        ] {
            let reply = open.get(path).await;
            if reply.status != 401 || reply.code() != "TOKEN_REQUIRED" {
                return Err(format!("{path}: {} {}", reply.status, reply.text()));
            }
        }
        Ok("6 paths".to_owned())
    })
}

fn flood(open: &mut OpenCity) -> AttackVerdict {
    let before = open.city.log().len();
    let (limited, wait) = open.runtime.block_on(async {
        let mut limited = None;
        // Many at a time, since one after the other they may come slowly enough.
        for _ in 0..20 {
            let many = (0..20).map(|_| open.get("/open"));
            let replies = futures::future::join_all(many).await;
            limited = replies.into_iter().find(|reply| reply.status == 429);
            if limited.is_some() {
                break;
            }
        }
        let wait = limited
            .as_ref()
            .map(|reply| header(reply, "retry-after").to_owned());
        (limited, wait)
    });
    let records = open.city.log().len() - before;
    match (limited, wait) {
        (Some(_), Some(wait)) if records < 20 => Ok(format!("after {wait} s; {records} records")),
        other => Err(format!("{records} records, {:?}", other.1)),
    }
}

fn set_restriction_while_reading(open: &mut OpenCity) -> AttackVerdict {
    let city = &open.city;
    // It would let in each question of this moment, and no file asks it again.
    let restriction = "title = \"By day\"\nhours = \"Mo-Su 00:00-24:00 UTC\"\n";
    city.write("restriction.toml", restriction);
    let restriction = city.folder().join("restriction.toml").display().to_string();
    open.runtime.block_on(async {
        // What the flood before this has used up comes back.
        let mut reader = loop {
            let mut reader = open.face.open_slow().await;
            let request = asked("GET", "/open/long.csv", "");
            reader.write_all(request.as_bytes()).await.unwrap();
            let mut begin = [0; 12];
            reader.read_exact(&mut begin).await.unwrap();
            if begin == *b"HTTP/1.1 200" {
                break reader;
            }
        };
        city.hansa(&["dataset", "restrict", "long", "--policy", &restriction])
            .must();
        let mut reply = b"HTTP/1.1 200".to_vec();
        reply.extend(rest(&mut reader).await);
        let reply = WebReply::of(&reply);
        if reply.is_whole {
            return Err("the whole file came past the restriction".to_owned());
        }
        let again = loop {
            let again = open.get("/open/long.csv").await;
            if again.status != 429 {
                break again;
            }
        };
        // It is there no longer, in the words for what never was; also not for those who would be let in by day.
        match (again.status, again.code().as_str()) {
            (404, "DATASET_UNKNOWN") => Ok(format!("cut after {} bytes", reply.body.len())),
            other => Err(format!("{other:?}")),
        }
    })
}
