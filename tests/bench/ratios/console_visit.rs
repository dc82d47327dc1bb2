//! Visits of one person to the console of a participant, and their times.

use hansa_test_support::participant::TestParticipant;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::time::Instant;

/// Session at the console.
pub(crate) struct ConsoleVisit {
    host: String,
    port: u16,
    cookie: String,
}

/// Page as it came.
pub(crate) struct ConsolePage {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
    pub(crate) milliseconds: f64,
}

/// Adds a console to a participant, and a person with these roles, which is the user of this process.
pub(crate) fn configure_console(participant: &TestParticipant, roles: &str) {
    let user = std::fs::metadata("/proc/self").unwrap().uid();
    participant.configure(&format!(
        "[console]\nlisten = \"127.0.0.1:0\"\n\n[person.maria]\nname = \"Maria\"\nroles = [{roles}]\nunix = \"{user}\"\n"
    ));
}

impl ConsoleVisit {
    /// Signs in with a code.
    pub(crate) fn sign_in(participant: &TestParticipant) -> Self {
        let invited = participant.hansa(&["--json", "console"]).must().json();
        let member = |name: &str| invited[name].as_str().unwrap().to_owned();
        let address = member("address");
        let host = address.strip_prefix("http://").unwrap();
        let host = host.strip_suffix("/enter").unwrap().to_owned();
        let mut visit = Self {
            port: host.rsplit(':').next().unwrap().parse().unwrap(),
            host,
            cookie: String::new(),
        };
        let entered = visit.post("/enter", &format!("code={}", member("code")));
        let cookie = entered
            .head
            .lines()
            .find_map(|line| line.strip_prefix("set-cookie: hansa="));
        let secret = cookie.unwrap().split(';').next().unwrap();
        visit.cookie = format!("hansa={secret}");
        visit
    }

    /// Reads a page.
    pub(crate) fn look(&self, path: &str) -> ConsolePage {
        self.send(&format!("GET {path}"), "", "")
    }

    /// Sends a form.
    pub(crate) fn post(&self, path: &str, body: &str) -> ConsolePage {
        let more = format!(
            "Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n",
            self.host,
            body.len()
        );
        self.send(&format!("POST {path}"), &more, body)
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
