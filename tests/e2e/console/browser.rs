//! A browser at the console of a city, as raw requests.

use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

/// A browser with its cookies at one console.
pub(crate) struct Browser {
    /// `http://lindau.localhost:PORT`.
    pub(crate) origin: String,
    pub(crate) session: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) name: &'static str,
}

/// A page as it came.
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Browser {
    pub(crate) fn of(city: &TestParticipant) -> (Self, String) {
        let invited = city.hansa(&["--json", "console"]).must().json();
        let address = text(&invited, "address");
        let origin = address.strip_suffix("/enter").unwrap().to_owned();
        let browser = Self {
            origin,
            session: None,
            language: None,
            name: "Firefox",
        };
        (browser, text(&invited, "code"))
    }

    pub(crate) fn send(&mut self, line: &str, more: &str, body: &str) -> Page {
        let host = self.origin.strip_prefix("http://").unwrap();
        let port: u16 = host.rsplit(':').next().unwrap().parse().unwrap();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut cookies = Vec::new();
        cookies.extend(self.session.as_ref().map(|value| format!("hansa={value}")));
        cookies.extend(
            self.language
                .as_ref()
                .map(|value| format!("hansa-language={value}")),
        );
        let cookies = match cookies.is_empty() {
            true => String::new(),
            false => format!("Cookie: {}\r\n", cookies.join("; ")),
        };
        let request = format!(
            "{line} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {}\r\nAccept-Language: en\r\n{cookies}{more}Connection: close\r\n\r\n{body}",
            self.name
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let whole = String::from_utf8(bytes).unwrap();
        let (head, body) = whole.split_once("\r\n\r\n").unwrap();
        for line in head.lines() {
            let Some(cookie) = line.strip_prefix("set-cookie: ") else {
                continue;
            };
            let (pair, _) = cookie.split_once(';').unwrap();
            match pair.split_once('=').unwrap() {
                ("hansa", "") => self.session = None,
                ("hansa", value) => self.session = Some(value.to_owned()),
                ("hansa-language", value) => self.language = Some(value.to_owned()),
                // The tests of logins at the issuer keep this one.
                ("hansa-login", _) => {}
                (name, _) => panic!("an unknown cookie {name}"),
            }
        }
        Page {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn get(&mut self, path: &str) -> Page {
        self.send(&format!("GET {path}"), "", "")
    }

    pub(crate) fn post(&mut self, path: &str, body: &str) -> Page {
        let more = format!(
            "Origin: {}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n",
            self.origin,
            body.len()
        );
        self.send(&format!("POST {path}"), &more, body)
    }

    /// Signs in with a code.
    pub(crate) fn enters(&mut self, code: &str) -> Page {
        self.post("/enter", &format!("code={code}"))
    }
}

/// The Unix user of this test.
pub(crate) fn own() -> u32 {
    std::fs::metadata("/proc/self").unwrap().uid()
}

/// The lines of a configuration with a console and one person with these roles.
pub(crate) fn console(roles: &str) -> String {
    format!(
        "[console]\nlisten = \"127.0.0.1:0\"\n\n[person.maria]\nname = \"Maria <Santos>\"\nroles = [{roles}]\nunix = \"{}\"\n",
        own()
    )
}

/// A city with a console, and a firm that asks for its bicycles.
pub(crate) fn city_with_request(
    league: &TestLeague,
    roles: &str,
) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.configure(&console(roles));
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&["contract", "request", "lindau.bikes", "--sign"])
        .must();
    (lindau, acme)
}
