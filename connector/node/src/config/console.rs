//! `[console]`: address of the console, the life of its sessions, the ways to sign in, and the proof of acts.

use crate::config::reader::ConfigSection;
use crate::config::unit::{parse_bytes, parse_duration};
use hansa_oidc::{ClientSecret, IssuerConfig};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Default time after which an unused session ends.
const IDLE: Duration = Duration::from_secs(15 * 60);

/// Default longest life of a session.
const LONGEST: Duration = Duration::from_secs(8 * 3600);

/// Default size of the largest file that a person may send, bytes.
const UPLOAD: u64 = 2_000_000_000;

/// `[console]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleConfig {
    /// Address to listen on; absent: there is no console.
    pub listen: Option<SocketAddr>,
    /// Scheme, host and port by which browsers reach it; absent: `http://LABEL-RANDOM.localhost:PORT`.
    pub name: Option<String>,
    /// Certificate chain and key of an HTTPS console; absent: those of the participant in its league.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// Time after which an unused session ends.
    pub idle: Duration,
    /// Longest life of a session.
    pub longest: Duration,
    /// Ways to sign in.
    pub sign_in: BTreeSet<SignInMethod>,
    /// Issuer of the accounts of people.
    pub oidc: Option<ConsoleIssuerConfig>,
    /// Proof of an act that binds the participant.
    pub step_up: StepUp,
    /// Size of the largest file that a person may send, bytes.
    pub upload: u64,
}

/// Way to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignInMethod {
    /// A code of the local socket.
    Link,
    /// An account at the issuer.
    Oidc,
}

/// `[console.oidc]`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleIssuerConfig {
    /// Issuer identifier.
    pub issuer: String,
    /// Client identifier of the console at the issuer.
    pub client: String,
    /// File with the secret of the client.
    pub secret_file: PathBuf,
    /// Authentication context class that a fresh login must have.
    pub acr: Option<String>,
}

/// Proof that the person of an act is present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepUp {
    /// A number, typed at the machine of the connector.
    Host,
    /// A passkey; the number where the person has none at hand.
    Passkey,
    /// A fresh login at the issuer; a passkey or the number for a contract about rows or persons.
    Again,
}

impl ConsoleConfig {
    /// Checks that browsers reach the console by HTTPS.
    pub fn is_secure(&self) -> bool {
        let name = self.name.as_deref();
        name.is_some_and(|name| name.starts_with("https://"))
    }

    /// Issuer by which people sign in; none where the configuration does not permit it.
    pub fn sign_in_issuer(&self) -> Option<&ConsoleIssuerConfig> {
        let oidc = self.oidc.as_ref();
        oidc.filter(|_| self.sign_in.contains(&SignInMethod::Oidc))
    }
}

/// Reads the section.
pub(super) fn read_console_config(section: ConfigSection<'_>, folder: &Path) -> ConsoleConfig {
    let listen: Option<SocketAddr> = section.parse_value("listen");
    let name = section.parse_with(
        "name",
        parse_origin,
        "an address of scheme, host and port alone, such as https://console.munster.example",
    );
    let certificate = section.text("certificate");
    let key = section.text("key");
    let certificate = match (certificate, key) {
        (Some(certificate), Some(key)) => Some((folder.join(certificate), folder.join(key))),
        (None, None) => None,
        _ => {
            section.report_problem("certificate", "a certificate and its `key` come together");
            None
        }
    };
    let time = |key, default| {
        let time = section.parse_with(key, parse_duration, "a time such as 15m");
        time.unwrap_or(default)
    };
    let proofs = [
        ("host", StepUp::Host),
        ("passkey", StepUp::Passkey),
        ("again", StepUp::Again),
    ];
    let step_up = section.word("step_up", &proofs).unwrap_or(StepUp::Host);
    let upload = section.parse_with("upload", parse_bytes, "a size such as 2 GB");
    let config = ConsoleConfig {
        listen,
        sign_in: read_sign_in(&section),
        oidc: read_issuer(section.section("oidc"), folder),
        step_up,
        upload: upload.unwrap_or(UPLOAD),
        idle: time("idle", IDLE),
        longest: time("longest", LONGEST),
        name,
        certificate,
    };
    // INVARIANT: console-loopback. Without TLS, only the own machine reaches the console, under a name that no other machine has.
    if let Some(address) = config.listen
        && !config.is_secure()
    {
        let is_local = |name: &String| {
            let host = name.trim_start_matches("http://");
            let host = host.split(':').next().unwrap_or_default();
            host.ends_with(".localhost")
        };
        if !address.ip().is_loopback() || !config.name.as_ref().is_none_or(is_local) {
            section.report_problem(
                "listen",
                "a console without HTTPS is for the own machine alone: listen on 127.0.0.1 and name it \
                 http://….localhost, or give it a `name` with https://",
            );
        }
    }
    // A browser keeps a passkey for one host, and none for an address of digits.
    let has_host = |name: &String| {
        let host = name.split("://").nth(1).unwrap_or_default();
        let host = host.split(':').next().unwrap_or_default();
        host.parse::<Ipv4Addr>().is_err()
    };
    if config.step_up != StepUp::Host && !config.name.as_ref().is_some_and(has_host) {
        section.report_problem(
            "step_up",
            "a passkey is for one host name: give the console a `name` that stays, such as http://munster.localhost:8818",
        );
    }
    let is_by_issuer = config.sign_in_issuer().is_some();
    if config.sign_in.contains(&SignInMethod::Oidc) && !is_by_issuer {
        section.report_problem(
            "sign_in",
            "a sign-in by an issuer needs the section [console.oidc], which names it",
        );
    }
    // The issuer sends a browser back to one address that it knows.
    if is_by_issuer && config.name.is_none() {
        section.report_problem(
            "sign_in",
            "the issuer sends people back to one address: give the console a `name` that stays",
        );
    }
    if config.step_up == StepUp::Again && !is_by_issuer {
        section.report_problem(
            "step_up",
            "a fresh login is one at an issuer: add \"oidc\" to `sign_in`",
        );
    }
    if config.idle > config.longest {
        section.report_problem("idle", "`idle` is longer than `longest`");
    }
    section.finish();
    config
}

fn read_sign_in(section: &ConfigSection<'_>) -> BTreeSet<SignInMethod> {
    let Some(words) = section.texts("sign_in") else {
        return BTreeSet::from([SignInMethod::Link]);
    };
    let mut methods = BTreeSet::new();
    for word in words {
        match word.as_str() {
            "link" => {
                methods.insert(SignInMethod::Link);
            }
            "oidc" => {
                methods.insert(SignInMethod::Oidc);
            }
            _ => {
                let sentence = format!("`{word}` is no way to sign in: link, oidc");
                section.report_problem("sign_in", sentence);
            }
        }
    }
    if methods.is_empty() {
        section.report_problem("sign_in", "nobody could sign in: name link, oidc, or both");
    }
    methods
}

fn read_issuer(section: ConfigSection<'_>, folder: &Path) -> Option<ConsoleIssuerConfig> {
    if !section.is_present() {
        section.finish();
        return None;
    }
    let issuer = section.required_text("issuer");
    let client = section.required_text("client");
    let secret_file = section.required_text("secret_file");
    let acr = section.text("acr");
    let config = ConsoleIssuerConfig {
        issuer: issuer?,
        client: client?,
        secret_file: folder.join(secret_file?),
        acr,
    };
    let checked = IssuerConfig {
        issuer: config.issuer.clone(),
        client: config.client.clone(),
        // The file is read when the console is opened.
        secret: ClientSecret::new("unread"),
        acr: config.acr.clone(),
    };
    if let Err(refusal) = checked.check() {
        section.report_refusal("issuer", refusal);
    }
    section.finish();
    Some(config)
}

/// Reads an origin as browsers write it (RFC 6454, section 6.2): small letters, no path, no default port.
fn parse_origin(text: &str) -> Option<String> {
    let (scheme, authority) = text.split_once("://")?;
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    let is_host = !host.is_empty()
        && host.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-".contains(&byte)
        });
    let default = match scheme {
        "https" => 443,
        "http" => 80,
        _ => return None,
    };
    let is_port = port.is_none_or(|port| {
        let number = port.parse::<u16>();
        number.is_ok_and(|number| number.to_string() == port && number != default)
    });
    (is_host && is_port).then(|| text.to_owned())
}
