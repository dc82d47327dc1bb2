//! Metrics and readiness of a real connector: what a question and a withdrawal leave there, who may read them, and what they do
//! not say.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::wait_for;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

/// The body and the head of an answer.
fn get(city: &TestParticipant, path: &str, headers: &str) -> (String, String) {
    let address = std::fs::read_to_string(city.folder().join("state/monitoring")).unwrap();
    let mut stream = TcpStream::connect(address.trim()).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (body.to_owned(), head.to_owned())
}

/// The value of a metric with its labels, as it is written.
fn value(metrics: &str, name: &str) -> Option<f64> {
    let line = metrics.lines().find_map(|line| line.strip_prefix(name));
    line.map(|rest| rest.trim().parse().unwrap())
}

#[test]
fn metrics_follow_what_happens() {
    let league = TestLeague::new(binary());
    let (mut city, firm) = league.bikes_under_contract();
    city.stop();
    city.configure("\n[monitoring]\nlisten = \"127.0.0.1:0\"\n");
    city.serve();
    firm.knows(&city);
    let (ready, head) = get(&city, "/readyz?verbose", "");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}\n{ready}");
    for check in ["log", "state", "clock", "trust bundle", "certificate"] {
        assert!(ready.contains(&format!("[+] {check} ok\n")), "{ready}");
    }
    let sql = "SELECT count(*) n FROM lindau.bikes";
    let purpose = ["sql", sql, "--purpose", "dpv:ResearchAndDevelopment"];
    firm.hansa(&purpose).must();
    firm.hansa(&["sql", sql, "--purpose", "dpv:Marketing"])
        .ends(3);
    let (metrics, head) = get(&city, "/metrics", "");
    assert!(head.contains("application/openmetrics-text"), "{head}");
    for (name, expected) in [
        ("hansa_ready", 1.0),
        ("hansa_audit_writable", 1.0),
        ("hansa_queries_total{origin=\"peer\",outcome=\"done\"}", 1.0),
        ("hansa_query_rows_total{origin=\"peer\"}", 1.0),
        ("hansa_contracts{state=\"in_force\"}", 1.0),
        ("hansa_dataset_damaged{dataset=\"bikes\"}", 0.0),
        ("hansa_datasets", 1.0),
        (
            "hansa_policy_decisions_total{decision=\"permitted\",code=\"\"}",
            1.0,
        ),
    ] {
        assert_eq!(
            value(&metrics, name),
            Some(expected),
            "{name} in\n{metrics}"
        );
    }
    assert!(value(&metrics, "hansa_sent_bytes_total{peer=\"acme.example\"}").unwrap() > 0.0);
    assert!(value(&metrics, "hansa_audit_records_total").unwrap() > 3.0);
    for what in ["tls_certificate", "trust_bundle", "contract"] {
        let name = format!("hansa_expiry_timestamp_seconds{{what=\"{what}\"}}");
        assert!(value(&metrics, &name).unwrap() > 1.7e9, "{metrics}");
    }
    // No text of a question and no value.
    for never in ["SELECT", "count(", "Hafen", "dpv:ResearchAndDevelopment"] {
        assert!(!metrics.contains(never), "{never} in\n{metrics}");
    }
    // What ends when is in the status, too.
    let status = city.hansa(&["--json", "status"]).must().json();
    let ends = status["ends"].as_array().unwrap();
    let kinds: Vec<&str> = ends
        .iter()
        .map(|end| end["what"].as_str().unwrap())
        .collect();
    for what in ["tls_certificate", "trust_bundle", "contract"] {
        assert!(kinds.contains(&what), "{status}");
    }
}

#[test]
fn an_address_that_others_reach_needs_a_token() {
    let league = TestLeague::new(binary());
    let mut city = league.city("lindau");
    city.configure("\n[monitoring]\nlisten = \"0.0.0.0:0\"\n");
    city.hansa(&["check"]).refused("CONFIG_INVALID", 6);
    city.write("metrics.token", "0123456789abcdef0123456789abcdef\n");
    let file = city.folder().join("metrics.token");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    city.configure("token_file = \"metrics.token\"\n");
    city.serve();
    let state = city.folder().join("state/monitoring");
    let bound = std::fs::read_to_string(&state).unwrap();
    std::fs::write(&state, bound.replace("0.0.0.0", "127.0.0.1")).unwrap();
    let (body, head) = get(&city, "/metrics", "");
    assert!(head.starts_with("HTTP/1.1 401 "), "{head}");
    assert!(!body.contains("hansa_"), "{body}");
    let right = "Authorization: Bearer 0123456789abcdef0123456789abcdef\r\n";
    assert!(get(&city, "/metrics", right).0.contains("hansa_ready 1\n"));
    assert!(get(&city, "/livez", "").1.starts_with("HTTP/1.1 200 "));
}

/// A connector that nobody has admitted yet runs and says so; once it has joined, it serves without being begun anew.
#[test]
fn a_connector_waits_until_it_has_joined() {
    let league = TestLeague::new(binary());
    let id = "lindau.example";
    league
        .hansa(&["init", "lindau", "--id", id, "--name", "Lindau"])
        .must();
    let city = TestParticipant::new(binary(), league.folder().join("lindau"), id);
    city.configure("\n[monitoring]\nlisten = \"127.0.0.1:0\"\n");
    city.hansa(&["serve"]).refused("FILE_MISSING", 6);
    let mut serving = city.start(&["--json", "serve", "--await-join"]);
    let limit = std::time::Duration::from_secs(20);
    let address = city.folder().join("state/monitoring");
    wait_for("the face", limit, || address.exists().then_some(()));
    let (ready, head) = get(&city, "/readyz", "");
    assert!(head.starts_with("HTTP/1.1 503 "), "{head}");
    assert!(ready.contains("awaiting join"), "{ready}");
    assert!(get(&city, "/livez", "").1.starts_with("HTTP/1.1 200 "));
    assert!(get(&city, "/metrics", "").0.contains("hansa_ready 0\n"));
    assert!(serving.runs());
    league.admit("lindau");
    assert!(serving.first_line().contains("\"event\":\"ready\""));
    let (ready, head) = get(&city, "/readyz", "");
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}\n{ready}");
    serving.kill();
}

/// What systemd hears: ready, and again and again that the connector is alive, before it has joined and after.
#[test]
fn the_watchdog_hears_a_connector_that_waits_and_one_that_serves() {
    let league = TestLeague::new(binary());
    let id = "lindau.example";
    league
        .hansa(&["init", "lindau", "--id", id, "--name", "Lindau"])
        .must();
    let city = TestParticipant::new(binary(), league.folder().join("lindau"), id);
    let path = league.folder().join("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    let patience = Duration::from_secs(20);
    socket.set_read_timeout(Some(patience)).unwrap();
    let mut serving = city
        .command(&["serve", "--await-join"])
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "400000")
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let hears = |wanted: &str| {
        let mut bytes = [0; 512];
        loop {
            let length = socket.recv(&mut bytes).unwrap();
            if String::from_utf8_lossy(&bytes[..length]).contains(wanted) {
                return;
            }
        }
    };
    hears("READY=1");
    hears("WATCHDOG=1");
    hears("WATCHDOG=1");
    league.admit("lindau");
    hears("READY=1");
    hears("WATCHDOG=1");
    hears("WATCHDOG=1");
    serving.kill().unwrap();
    serving.wait().unwrap();
}
