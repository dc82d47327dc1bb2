//! Attacks on the face for programs that speak HTTP: by who holds no token (S), and by who holds one (T).

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use crate::clients::Firm;
use crate::http_interface::{WebFace, WebReply, head, rest};
use flate2::read::DeflateDecoder;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, PURPOSE, long_table, text};
use serde_json::{Value, json};
use std::io::Read as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

struct WebFixture {
    firm: Firm,
    face: WebFace,
    /// Of the one who attacks.
    token: Value,
    /// Of somebody else.
    other: Value,
}

/// What stands in the rows and columns that the contract does not show.
const HIDDEN: &str = "Sesame";

const QUERIES: &str = r#"
[dataset.query.least]
title = "Sites with so many visits"
sql = "SELECT site, visits FROM visits WHERE visits >= $least AND site <> $but ORDER BY site"
[dataset.query.least.parameter.least]
type = "int"
default = "0"
[dataset.query.least.parameter.but]
type = "text"
default = ""

[dataset.query.doors]
title = "Doors of sites"
sql = "SELECT door FROM visits"
"#;

const CODES: &str = r#"
[dataset.query.codes]
title = "All codes"
sql = "SELECT code FROM vault"
"#;

const NOTES: &str = r#"
[dataset.query.notes]
title = "Notes"
sql = "SELECT note, n, note AS \"=cmd|' /C calc'!A0\" FROM notes ORDER BY n"
"#;

const WHOLE: &str = r#"
[dataset.query.whole]
title = "All of it"
sql = "SELECT id, site, note FROM long"
"#;

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    let firm = league.firm("acme");
    league.hand_bundle_to("lindau");
    let visits = format!("site,visits,door\nroof,3,a\ncellar,5,{HIDDEN}\nyard,4,b\n");
    city.holds("visits", &visits, QUERIES);
    city.holds("vault", &format!("code\n{HIDDEN}\n"), CODES);
    city.holds(
        "offered",
        &format!("code\n{HIDDEN}\n"),
        &CODES.replace("vault", "offered"),
    );
    let notes = "note,n\n=1+1,-1\n@SUM(A1),2\n\"+a,b\",3\n-4,4\nplain,5\n";
    city.holds("notes", notes, NOTES);
    let points = "lon,lat,at,name\n7.10001,51.10001,2026-03-01T08:10:00Z,a\n7.20001,51.20001,2026-03-01T08:50:00Z,b\n";
    city.holds("points", points, "");
    let rides = format!(
        "lon,lat,at,name\n7.1,51.1,2026-03-01T08:10:00Z,a\n7.2,51.2,2026-03-01T08:50:00Z,{HIDDEN}\n"
    );
    city.holds("rides", &rides, "");
    city.holds("long", &long_table(200_000), WHOLE);
    city.publishes();
    let some = format!("{ALL}\ncolumns = [\"site\", \"visits\"]\nrows = \"site <> 'cellar'\"");
    city.offers("visits", "some", &some, "\"league\"", "auto");
    city.offers("long", "all", ALL, "\"league\"", "auto");
    city.offers("notes", "all", ALL, "\"league\"", "auto");
    let cells = format!("{ALL}\ncells = {{ to = \"grid:1000\" }}");
    city.offers("points", "cells", &cells, "\"league\"", "auto");
    let hours = format!("{ALL}\nrows = \"name = 'a'\"\ncoarsen = {{ at = \"hour\" }}");
    city.offers("rides", "hours", &hours, "\"league\"", "auto");
    city.offers("offered", "all", ALL, "\"league\"", "auto");
    city.serve();
    firm.holds("ledger", &format!("entry\n{HIDDEN}\n"), "");
    firm.publishes();
    firm.knows(&city);
    for name in ["visits", "long", "notes", "points", "rides"] {
        let dataset = &format!("lindau.{name}");
        let _ = firm.contract(dataset);
    }
    let web = "\n[web]\nlisten = \"127.0.0.1:0\"\n";
    let firm = Firm::of(league, city, firm, web);
    let token = firm.token(&["--purpose", PURPOSE]);
    let other = firm.token(&["--purpose", PURPOSE]);
    let face = WebFace::of(&firm.firm);
    let mut world = WebFixture {
        firm,
        face,
        token,
        other,
    };
    tried(&mut world, &ATTACKS)
}

const ATTACKS: [AttackCase<WebFixture>; 12] = [
    AttackCase {
        number: 190,
        setup: "web",
        name: "S: asks each path without a token, with headers that name somebody",
        expected: "TOKEN_REQUIRED, in the same words whether the path is there or not",
        does: without_a_token,
        lacks: "",
    },
    AttackCase {
        number: 191,
        setup: "web",
        name: "S: hides a request in the body of another: two lengths, pieces beside a length, a body where none belongs",
        expected: "one refusal, and the connection ends",
        does: smuggling,
        lacks: "",
    },
    AttackCase {
        number: 192,
        setup: "web",
        name: "S: sends heads without end, bodies without end and bodies that stop",
        expected: "refused or waited for alone, and others are answered meanwhile",
        does: slow_and_endless,
        lacks: "",
    },
    AttackCase {
        number: 193,
        setup: "web",
        name: "T: puts the token into the address, in every place and spelling",
        expected: "TOKEN_INVALID, and no question is asked",
        does: token_in_address,
        lacks: "",
    },
    AttackCase {
        number: 194,
        setup: "web",
        name: "T: puts SQL into the parameters of a saved query and of a statement",
        expected: "values stay values, what is of another type is refused",
        does: injection,
        lacks: "",
    },
    AttackCase {
        number: 195,
        setup: "web",
        name: "T: lets a spreadsheet open cells and names that begin formulas, as CSV and as a workbook",
        expected: "each is text; numbers stay numbers",
        does: formulas,
        lacks: "",
    },
    AttackCase {
        number: 196,
        setup: "web",
        name: "T: looks for saved queries over hidden columns, and over datasets without an offer or a contract",
        expected: "QUERY_UNKNOWN in the words for what does not exist, and no list names them",
        does: hidden_queries,
        lacks: "",
    },
    AttackCase {
        number: 197,
        setup: "web",
        name: "T: puts line breaks into names, parameters and formats, so that they come back in headers",
        expected: "refused, and no header is added",
        does: header_injection,
        lacks: "",
    },
    AttackCase {
        number: 198,
        setup: "web",
        name: "T: asks by HTTP/1.0, HEAD, OPTIONS and TRACE, with upgrades and ranges",
        expected: "refused, and no answer without an end",
        does: other_methods,
        lacks: "",
    },
    AttackCase {
        number: 199,
        setup: "web",
        name: "T: begins many answers and reads none",
        expected: "TOO_MANY_STREAMS for T, and an answer for others",
        does: slow_readers,
        lacks: "",
    },
    AttackCase {
        number: 201,
        setup: "web",
        name: "T: asks by boxes and times for points that are finer than the cells and hours of the contract, and round hidden rows",
        expected: "no collection where there are cells; no feature of a hidden row, and none by its finer time",
        does: finer_than_the_grid,
        lacks: "",
    },
    AttackCase {
        number: 200,
        setup: "web",
        name: "T: reads on after the contract was withdrawn, and asks again",
        expected: "the CSV breaks off without its end; WITHDRAWN afterwards",
        does: after_withdrawal,
        lacks: "",
    },
];

const LEAST: &str = "/v1/queries/lindau/least";

fn must(holds: bool, otherwise: impl std::fmt::Debug) -> Result<(), String> {
    holds.then_some(()).ok_or_else(|| format!("{otherwise:?}"))
}

fn refused(reply: &WebReply, code: &str) -> Result<(), String> {
    must(reply.status >= 400, reply.text())?;
    must(reply.code() == code, reply.text())?;
    must(!reply.text().contains(HIDDEN), reply.text())
}

fn without_a_token(world: &mut WebFixture) -> AttackVerdict {
    let face = &world.face;
    world.firm.runtime.block_on(async {
        let mut words = Vec::new();
        for path in ["/", LEAST, "/v1/queries", "/v1/query", "/openapi.json", "/v1/queries/lindau/none", "/x"] {
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-User: root\r\nX-Forwarded-Client-Cert: hansa://acme.example\r\nCookie: session=1\r\n\r\n"
            );
            let reply = WebReply::of(&face.raw(request.as_bytes()).await);
            refused(&reply, "TOKEN_REQUIRED")?;
            words.push(reply.text());
        }
        must(words.windows(2).all(|pair| pair[0] == pair[1]), &words)?;
        Ok(format!("{} paths", words.len()))
    })
}

fn smuggling(world: &mut WebFixture) -> AttackVerdict {
    let face = &world.face;
    let token = &world.token;
    world.firm.runtime.block_on(async {
        let hidden = head("GET", LEAST, token, "");
        let json = "Content-Type: application/json\r\n";
        let tries = [
            (
                "POST",
                format!("{json}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n"),
            ),
            (
                "POST",
                format!("{json}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n"),
            ),
            (
                "POST",
                format!("{json}Transfer-Encoding: xchunked\r\nContent-Length: 4\r\n"),
            ),
            ("POST", format!("{json}Transfer-Encoding:\x0bchunked\r\n")),
            (
                "POST",
                format!("{json}Content-Length: 4\r\nContent-Length: 0\r\n"),
            ),
            ("GET", "Content-Length: 4\r\n".to_owned()),
            ("GET", "Transfer-Encoding: chunked\r\n".to_owned()),
            ("GET", "X: y\r\n Content-Length: 4\r\n".to_owned()),
        ];
        let count = tries.len();
        for (method, headers) in tries {
            let outer =
                head(method, "/v1/query", token, &headers).replace("Connection: close\r\n", "");
            let came = face
                .raw(format!("{outer}0\r\n\r\n{hidden}").as_bytes())
                .await;
            let came = String::from_utf8_lossy(&came);
            must(came.matches("HTTP/1.1 ").count() == 1, &came)?;
            must(came.starts_with("HTTP/1.1 4"), &came)?;
            must(!came.contains("roof"), &came)?;
        }
        Ok(format!("{count} kinds"))
    })
}

fn slow_and_endless(world: &mut WebFixture) -> AttackVerdict {
    let face = &world.face;
    let token = &world.token;
    world.firm.runtime.block_on(async {
        let mut held = Vec::new();
        let start = head(
            "POST",
            "/v1/query",
            token,
            "Content-Type: application/json\r\nContent-Length: 400000\r\n",
        );
        for number in 0..40 {
            let mut stream = face.open().await;
            let bytes = match number % 3 {
                0 => "GET / HTTP/1.1\r\nHost: x\r\nX-A: ".to_owned(),
                1 => format!("{start}{{\"sql\": \""),
                _ => start.clone(),
            };
            stream.write_all(bytes.as_bytes()).await.unwrap();
            held.push(stream);
        }
        let reply = face.get(LEAST, token, "").await;
        must(reply.status == 200 && reply.is_whole, reply.text())?;
        // Longer than it may be, by its own word or without end.
        let large = "Content-Type: application/json\r\nContent-Length: 1000000000\r\n";
        let large = head("POST", "/v1/query", token, large);
        let large = format!("{large}{}", "x".repeat(600 * 1024));
        let reply = WebReply::of(&face.raw(large.as_bytes()).await);
        must(matches!(reply.status, 413 | 0), reply.status)?;
        let head_of = format!(
            "GET / HTTP/1.1\r\nHost: x\r\nX-A: {}",
            "x".repeat(64 * 1024)
        );
        let reply = WebReply::of(&face.raw(head_of.as_bytes()).await);
        must(matches!(reply.status, 431 | 0), reply.status)?;
        let many = format!(
            "GET / HTTP/1.1\r\nHost: x\r\n{}\r\n",
            "X-A: x\r\n".repeat(1000)
        );
        let reply = WebReply::of(&face.raw(many.as_bytes()).await);
        must(matches!(reply.status, 431 | 0), reply.status)?;
        Ok(format!("{} held", held.len()))
    })
}

fn token_in_address(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    let secret = text(token, "access_token");
    let before = world.firm.firm.records("remote_query").len();
    world.firm.runtime.block_on(async {
        let encoded: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for path in [
            format!("{LEAST}?access_token={secret}"),
            format!("{LEAST}?token={secret}&least=0"),
            format!("{LEAST}?{secret}"),
            format!("{LEAST}?but={secret}"),
            format!("{LEAST}?but={encoded}"),
            format!("/{secret}"),
            format!("/v1/queries/lindau/{secret}"),
        ] {
            // With a token in its place, too.
            refused(&face.get(&path, token, "").await, "TOKEN_INVALID")?;
            let bare = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            let reply = WebReply::of(&face.raw(bare.as_bytes()).await);
            refused(&reply, "TOKEN_INVALID")?;
            must(!reply.text().contains(&secret), reply.text())?;
        }
        Ok::<(), String>(())
    })?;
    let after = world.firm.firm.records("remote_query").len();
    must(before == after, (before, after))?;
    Ok("14 addresses".to_owned())
}

fn injection(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    world.firm.runtime.block_on(async {
        let mut count = 0;
        for value in [
            "' OR 1=1 --",
            "''; SELECT * FROM lindau.vault --",
            "roof' UNION SELECT door, 1 FROM lindau.visits --",
            "\\' OR 1=1 --",
            "$1",
            "?",
            "${least}",
            "/* */",
        ] {
            let encoded: String = value.bytes().map(|byte| format!("%{byte:02x}")).collect();
            let reply = face.get(&format!("{LEAST}?but={encoded}"), token, "").await;
            must(reply.text() == "site,visits\r\nroof,3\r\nyard,4\r\n", reply.text())?;
            let least = face.get(&format!("{LEAST}?least={encoded}"), token, "").await;
            refused(&least, "USAGE")?;
            let body = json!({"sql": "SELECT site FROM lindau.visits WHERE site = ?", "parameters": [value]});
            let posted = face.post("/v1/query", token, &body).await;
            must(posted.json()["row_count"] == json!(0), posted.text())?;
            count += 3;
        }
        for body in [
            json!({"sql": "SELECT site FROM ?", "parameters": ["lindau.visits"]}),
            json!({"sql": "SELECT 1; SELECT 2"}),
            json!({"sql": "DELETE FROM lindau.visits"}),
            json!({"sql": "SELECT 1", "parameters": [{"a": 1}]}),
            json!({"sql": "SELECT 1", "purpose": "dpv:Marketing"}),
            json!({"sql": ["SELECT 1"]}),
            json!(["SELECT 1"]),
        ] {
            let reply = face.post("/v1/query", token, &body).await;
            must(reply.status == 400, (body, reply.text()))?;
            count += 1;
        }
        // The member that stands twice is refused; which of the two counts nobody has to guess.
        let twice = "{\"sql\": \"SELECT 1\", \"sql\": \"SELECT 2\"}";
        let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", twice.len());
        let request = format!("{}{twice}", head("POST", "/v1/query", token, &headers));
        let reply = WebReply::of(&face.raw(request.as_bytes()).await);
        must(reply.status == 400, reply.text())?;
        Ok(format!("{count} values"))
    })
}

/// The parts of a workbook.
fn unpacked(bytes: &[u8]) -> String {
    let number = |bytes: &[u8]| {
        bytes
            .iter()
            .rev()
            .fold(0, |sum, byte| sum * 256 + usize::from(*byte))
    };
    let (mut at, mut text) = (0, String::new());
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let (packed, name) = (
            number(&bytes[at + 18..at + 22]),
            number(&bytes[at + 26..at + 28]),
        );
        let begin = at + 30 + name;
        let mut part = DeflateDecoder::new(&bytes[begin..begin + packed]);
        part.read_to_string(&mut text).unwrap();
        at = begin + packed;
    }
    text
}

fn formulas(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    world.firm.runtime.block_on(async {
        let path = "/v1/queries/lindau/notes";
        let csv = face.get(path, token, "").await;
        let expected = "note,n,'=cmd|' /C calc'!A0\r\n'=1+1,-1,'=1+1\r\n'@SUM(A1),2,'@SUM(A1)\r\n\"'+a,b\",3,\"'+a,b\"\r\n'-4,4,'-4\r\nplain,5,plain\r\n";
        must(csv.text() == expected, csv.text())?;
        let plain = face.get(&format!("{path}?format=csv-plain"), token, "").await;
        must(plain.text().contains("\r\n=1+1,-1,=1+1\r\n"), plain.text())?;
        let workbook = face.get(&format!("{path}?format=xlsx"), token, "").await;
        must(workbook.status == 200 && workbook.is_whole, workbook.status)?;
        let parts = unpacked(&workbook.body);
        must(parts.contains("t=\"inlineStr\"><is><t xml:space=\"preserve\">=1+1</t>"), &parts)?;
        must(parts.contains("<v>-1</v>") && !parts.contains("<f>"), &parts)?;
        must(parts.contains("lindau.example"), &parts)?;
        Ok("3 forms".to_owned())
    })
}

fn hidden_queries(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    world.firm.runtime.block_on(async {
        let nothing = face.get("/v1/queries/lindau/nothing", token, "").await;
        refused(&nothing, "QUERY_UNKNOWN")?;
        for name in ["doors", "codes"] {
            let reply = face
                .get(&format!("/v1/queries/lindau/{name}"), token, "")
                .await;
            refused(&reply, "QUERY_UNKNOWN")?;
            must(
                reply.text().replace(name, "nothing") == nothing.text(),
                reply.text(),
            )?;
        }
        let elsewhere = face.get("/v1/queries/nowhere/least", token, "").await;
        refused(&elsewhere, "QUERY_UNKNOWN")?;
        for path in ["/v1/queries", "/openapi.json"] {
            let listed = face.get(path, token, "").await.text();
            must(listed.contains("/v1/queries/lindau/least"), &listed)?;
            for word in ["doors", "codes", "vault", "offered", HIDDEN] {
                must(
                    !listed.to_lowercase().contains(&word.to_lowercase()),
                    (word, &listed),
                )?;
            }
        }
        // What the peer wire shows to the firm names no hidden column either.
        Ok("2 names, 2 lists".to_owned())
    })
}

fn header_injection(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    world.firm.runtime.block_on(async {
        let broken = "%0d%0aX-Injected:%201%0d%0a%0d%0aHTTP/1.1%20200%20OK";
        for path in [
            format!("{LEAST}?but={broken}"),
            format!("{LEAST}?format={broken}"),
            format!("{LEAST}?{broken}=1"),
            format!("/v1/queries/lindau/{broken}"),
            format!("/v1/queries/{broken}/least"),
            format!("/{broken}"),
            format!("{LEAST}?purpose={broken}"),
        ] {
            let came = face.raw(head("GET", &path, token, "").as_bytes()).await;
            let reply = WebReply::of(&came);
            must(!reply.head.contains("x-injected"), &reply.head)?;
            must(
                String::from_utf8_lossy(&came).matches("\r\nX-").count() == 0,
                &reply.head,
            )?;
        }
        let name = r#"SELECT site AS "a\r\nb: c" FROM lindau.visits"#.replace("\\r\\n", "\r\n");
        let reply = face
            .post("/v1/query?format=csv", token, &json!({"sql": name}))
            .await;
        must(
            reply.status == 200 && reply.text().starts_with("\"a\r\nb: c\"\r\n"),
            reply.text(),
        )?;
        Ok("8 places".to_owned())
    })
}

fn other_methods(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    world.firm.runtime.block_on(async {
        let old = head("GET", LEAST, token, "").replace("HTTP/1.1", "HTTP/1.0");
        let came = face.raw(old.as_bytes()).await;
        must(
            !String::from_utf8_lossy(&came).contains("roof"),
            "rows came",
        )?;
        for method in [
            "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "POST", "CONNECT", "BREW",
        ] {
            let came = face.raw(head(method, LEAST, token, "").as_bytes()).await;
            let reply = WebReply::of(&came);
            must(
                matches!(reply.status, 400 | 405 | 0),
                (method, reply.status),
            )?;
            must(!reply.head.contains("access-control"), &reply.head)?;
        }
        for headers in [
            "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
            "Range: bytes=0-5\r\n",
            "Expect: 100-continue\r\n",
        ] {
            let reply = face.get(LEAST, token, headers).await;
            must(matches!(reply.status, 200 | 417), reply.status)?;
            must(reply.status != 200 || reply.is_whole, reply.text())?;
        }
        Ok("13 requests".to_owned())
    })
}

fn slow_readers(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    world.firm.runtime.block_on(async {
        let mut held = Vec::new();
        let refused = loop {
            let mut stream = face.open_slow().await;
            let request = head("GET", "/v1/queries/lindau/whole", token, "");
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut first = [0; 12];
            stream.read_exact(&mut first).await.unwrap();
            if !first.ends_with(b"200") {
                break String::from_utf8_lossy(&rest(&mut stream).await).into_owned();
            }
            held.push(stream);
            must(held.len() < 64, "there is no limit")?;
        };
        must(refused.contains("TOO_MANY_STREAMS"), &refused)?;
        let reply = face.get(LEAST, &world.other, "").await;
        must(reply.status == 200 && reply.is_whole, reply.text())?;
        Ok(format!("{} answers at once", held.len()))
    })
}

fn finer_than_the_grid(world: &mut WebFixture) -> AttackVerdict {
    let (face, token) = (&world.face, &world.token);
    world.firm.runtime.block_on(async {
        let nothing = face
            .get("/ogc/collections/lindau.nothing/items", token, "")
            .await;
        refused(&nothing, "DATASET_UNKNOWN")?;
        for path in ["", "/items", "/items?bbox=7.1,51.1,7.10002,51.10002"] {
            let reply = face
                .get(&format!("/ogc/collections/lindau.points{path}"), token, "")
                .await;
            refused(&reply, "DATASET_UNKNOWN")?;
            must(
                reply.text().replace("points", "nothing") == nothing.text(),
                reply.text(),
            )?;
        }
        let listed = face.get("/ogc/collections", token, "").await.text();
        must(
            listed.contains("lindau.rides") && !listed.contains("points"),
            &listed,
        )?;
        let count = async |query: &str| -> Result<Value, String> {
            let reply = face
                .get(
                    &format!("/ogc/collections/lindau.rides/items?{query}"),
                    token,
                    "",
                )
                .await;
            must(
                reply.status == 200 && !reply.text().contains(HIDDEN),
                reply.text(),
            )?;
            Ok(reply.json()["numberReturned"].clone())
        };
        // The hidden row is not in its box, and a time within the hour finds what the bucket says.
        must(count("").await? == json!(1), "all")?;
        must(
            count("bbox=7.19,51.19,7.21,51.21").await? == json!(0),
            "the box of the hidden row",
        )?;
        must(
            count("datetime=2026-03-01T08:10:00Z").await? == json!(0),
            "the minute",
        )?;
        must(
            count("datetime=2026-03-01T08:00:00Z").await? == json!(1),
            "the hour",
        )?;
        Ok("7 boxes and times".to_owned())
    })
}

fn after_withdrawal(world: &mut WebFixture) -> AttackVerdict {
    let (face, token, firm) = (&world.face, &world.token, &world.firm);
    let contracts = firm
        .firm
        .hansa(&["--json", "contract", "list"])
        .must()
        .lines();
    let path = "/v1/queries/lindau/whole";
    firm.runtime.block_on(async {
        let mut stream = face.open_slow().await;
        // Of an answer that is held before, its places may not be free yet.
        let request = head("GET", path, &world.other, "");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut first = vec![0; 1000];
        stream.read_exact(&mut first).await.unwrap();
        must(
            first.starts_with(b"HTTP/1.1 200"),
            String::from_utf8_lossy(&first),
        )?;
        for line in &contracts {
            if text(line, "dataset").ends_with("long") {
                let contract = text(line, "contract");
                let withdraw = [
                    "--yes", "contract", "withdraw", &contract, "--reason", "enough",
                ];
                firm.city.hansa(&withdraw).must();
            }
        }
        first.extend(rest(&mut stream).await);
        let reply = WebReply::of(&first);
        must(!reply.is_whole, "it ended as if whole")?;
        let lines = reply.body.iter().filter(|byte| **byte == b'\n').count();
        must(lines < 200_001, "all rows came")?;
        let again = face.get(path, token, "").await;
        refused(&again, "WITHDRAWN")?;
        // The firm is told of it when the city has ended the stream.
        let mut tries = 0;
        loop {
            let listed = face.get("/v1/queries", token, "").await.text();
            if !listed.contains("whole") {
                break;
            }
            tries += 1;
            must(tries < 300, &listed)?;
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let posted = json!({"sql": "SELECT id FROM lindau.long"});
        refused(&face.post("/v1/query", token, &posted).await, "WITHDRAWN")?;
        Ok(format!("cut after {lines} lines"))
    })
}
