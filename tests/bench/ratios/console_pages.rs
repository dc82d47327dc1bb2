//! Pages of the console of a provider with a hundred thousand contracts: time on the server, bytes, and memory.

use crate::many::{ManyDatasetsFixture, SOME};
use crate::measure::median;
use crate::readers::resident;
use crate::table::ResultTable;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::time::Instant;

/// How it is called.
pub(crate) const NAME: &str = "pages of the console";

/// Looks at each page.
const LOOKS: usize = 40;

/// Session at the console.
struct ConsoleVisit {
    host: String,
    port: u16,
    cookie: String,
}

/// Page as it came.
struct ConsolePage {
    status: u16,
    head: String,
    body: String,
    milliseconds: f64,
}

/// Measures lists of a provider with so many contracts.
pub(crate) fn beside(table: &mut ResultTable, count: usize) {
    eprintln!("pages of the console beside {count} contracts");
    let mut many = ManyDatasetsFixture::of(SOME, count);
    let user = std::fs::metadata("/proc/self").unwrap().uid();
    many.provider.configure(&format!(
        "[console]\nlisten = \"127.0.0.1:0\"\n\n[person.maria]\nname = \"Maria\"\nroles = [\"officer\", \"auditor\"]\nunix = \"{user}\"\n"
    ));
    many.provider.serve();
    let invited = many.provider.hansa(&["--json", "console"]).must().json();
    let member = |name: &str| invited[name].as_str().unwrap().to_owned();
    let address = member("address");
    let host = address.strip_prefix("http://").unwrap();
    let host = host.strip_suffix("/enter").unwrap().to_owned();
    let mut visit = ConsoleVisit {
        port: host.rsplit(':').next().unwrap().parse().unwrap(),
        host,
        cookie: String::new(),
    };
    visit.sign_in(&member("code"));
    let before = resident(many.provider.pid().unwrap()) / f64::from(1 << 20);
    let first = visit.look("/contracts");
    let (_, rest) = first.body.split_once("rel=\"next\"").unwrap();
    let next = link_before(&first.body, rest);
    for (what, path) in [
        ("list", "/contracts".to_owned()),
        ("next page", next),
        ("filter by participant", "/contracts?with=firm".to_owned()),
        ("filter by state", "/contracts?state=in-force".to_owned()),
        ("filter by text", "/contracts?text=d000007".to_owned()),
        (
            "filter that finds nothing",
            "/contracts?text=nowhere".to_owned(),
        ),
        ("overview", "/".to_owned()),
    ] {
        let looks: Vec<ConsolePage> = (0..LOOKS).map(|_| visit.look(&path)).collect();
        assert!(looks.iter().all(|page| page.status == 200), "{path}");
        let mut times: Vec<f64> = looks.iter().map(|page| page.milliseconds).collect();
        times.sort_by(f64::total_cmp);
        let place = LOOKS * 95 / 100;
        table.note(
            &format!("console beside {count} contracts, {what}: p95 in ms, at most 50"),
            times[place],
        );
        table.note(
            &format!("console beside {count} contracts, {what}: p50 in ms"),
            median(&mut times),
        );
        let kilobytes = looks[0].body.len() as f64 / 1e3;
        table.note(
            &format!("console beside {count} contracts, {what}: kB of the page, at most 60"),
            kilobytes,
        );
    }
    let after = resident(many.provider.pid().unwrap()) / f64::from(1 << 20);
    table.note(
        &format!(
            "console beside {count} contracts: MiB more in memory after these looks, at most 5"
        ),
        after - before,
    );
    many.provider.stop();
}

/// Address of the link whose end is `rest`.
fn link_before(page: &str, rest: &str) -> String {
    let begun = page.strip_suffix(rest).unwrap();
    let (_, link) = begun.rsplit_once("href=\"").unwrap();
    link.split('"').next().unwrap().replace("&amp;", "&")
}

impl ConsoleVisit {
    fn sign_in(&mut self, code: &str) {
        let body = format!("code={code}");
        let more = format!(
            "Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            self.host,
            body.len()
        );
        let entered = self.send("POST /enter", &more, &body);
        let cookie = entered
            .head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: hansa="));
        let secret = cookie.unwrap().split(';').next().unwrap();
        self.cookie = format!("hansa={secret}");
    }

    fn look(&self, path: &str) -> ConsolePage {
        self.send(&format!("GET {path}"), "", "")
    }

    fn send(&self, line: &str, more: &str, body: &str) -> ConsolePage {
        let started = Instant::now();
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {}\r\nUser-Agent: bench\r\nAccept-Language: en\r\nCookie: {}\r\n{more}Connection: close\r\n\r\n{body}",
            self.host, self.cookie
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut whole = String::new();
        stream.read_to_string(&mut whole).unwrap();
        let milliseconds = started.elapsed().as_secs_f64() * 1e3;
        let (head, body) = whole.split_once("\r\n\r\n").unwrap();
        ConsolePage {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
            milliseconds,
        }
    }
}
