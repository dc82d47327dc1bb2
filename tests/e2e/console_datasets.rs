//! Datasets from the console: a file that a person sends, the dataset that is added of it, and the acts on it.

use crate::binary;
use crate::console::acts::location;
use crate::console::browser::{Browser, Page, console};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, text, wait_for};
use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

const UPLOAD: &str = "/datasets/upload";

const CSV: &str = "Standort,Zahl\nHafen,812\nBahnhof,2392\n";

/// Session of an officer at a city whose console takes files of at most 20 kB.
struct UploadCase {
    lindau: TestParticipant,
    browser: Browser,
    _league: TestLeague,
}

impl UploadCase {
    fn new(roles: &str) -> Self {
        let league = TestLeague::new(binary());
        let mut lindau = league.city("lindau");
        let written = console(roles).replace("[console]\n", "[console]\nupload = \"20 kB\"\n");
        lindau.configure(&written);
        lindau.offers_bikes("open", ALL, "officer");
        lindau.serve();
        let browser = sign_in(&lindau);
        Self {
            lindau,
            browser,
            _league: league,
        }
    }

    /// Key of the form for a file.
    fn find_key(&mut self) -> String {
        let page = self.browser.get("/datasets/add");
        assert_eq!(page.status, 200, "{}", page.body);
        find_hidden_value(&page, "key")
    }

    /// Sends a file with a fresh key.
    fn upload(&mut self, name: &str, content: &str) -> Page {
        let key = self.find_key();
        self.send_form(&build_upload_form(&key, name, content))
    }

    fn send_form(&mut self, form: &str) -> Page {
        let more = build_upload_head(&self.browser.origin, form.len());
        self.browser.send(&format!("POST {UPLOAD}"), &more, form)
    }

    /// Sends a file, and gives its identity.
    fn stage(&mut self, name: &str, content: &str) -> String {
        let page = self.upload(name, content);
        let place = read_location(&page);
        place.strip_prefix("/datasets/add/").unwrap().to_owned()
    }

    /// Names in the folder of the staged files.
    fn list_files(&self) -> Vec<String> {
        let folder = self.lindau.folder().join("state/uploads");
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.collect()
    }

    fn run_json(&self, args: &[&str]) -> Vec<Value> {
        let args = [&["--json"][..], args].concat();
        self.lindau.hansa(&args).must().lines()
    }
}

fn sign_in(city: &TestParticipant) -> Browser {
    let (mut browser, code) = Browser::of(city);
    assert_eq!(browser.enters(&code).status, 303);
    browser
}

fn build_upload_form(key: &str, name: &str, content: &str) -> String {
    format!(
        "--XX\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{key}\r\n\
         --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n{content}\r\n--XX--\r\n"
    )
}

fn build_upload_head(origin: &str, length: usize) -> String {
    format!(
        "Origin: {origin}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: multipart/form-data; boundary=XX\r\n\
         Content-Length: {length}\r\n"
    )
}

fn read_location(page: &Page) -> String {
    assert_eq!(page.status, 303, "{} {}", page.head, page.body);
    let mut lines = page.head.lines();
    let line = lines.find_map(|line| line.strip_prefix("location: "));
    line.unwrap().to_owned()
}

/// Value of a hidden field.
fn find_hidden_value(page: &Page, name: &str) -> String {
    let begin = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
    let (_, rest) = page.body.split_once(&begin).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

/// Fields of the form of an act, as a browser sends them, with further values.
fn fill_act(page: &Page, more: &str) -> String {
    let hidden = ["key", "shown", "language"];
    let hidden = hidden.map(|name| format!("{name}={}", find_hidden_value(page, name)));
    format!("{}&{more}", hidden.join("&"))
}

/// Carries out an act that needs its person at the machine.
fn confirm_act(case: &mut UploadCase, waits: &Page) -> Page {
    let pending = location(waits);
    let page = case.browser.get(&pending);
    let (_, rest) = page.body.split_once("hansa console confirm ").unwrap();
    let number: String = rest.chars().take_while(char::is_ascii_digit).collect();
    case.lindau.hansa(&["console", "confirm", &number]).must();
    let key = find_hidden_value(&page, "key");
    case.browser.post(&pending, &format!("key={key}"))
}

#[test]
fn a_file_becomes_a_dataset_that_is_published_restricted_and_withdrawn() {
    let mut case = UploadCase::new("\"officer\", \"signer\"");
    let list = case.browser.get("/datasets");
    assert!(
        list.body.contains("href=\"/datasets/add\""),
        "{}",
        list.body
    );
    let id = case.stage("Zählung 2026.csv", CSV);
    let acts = case.lindau.records("console_act");
    assert_eq!(text(&acts[0]["body"], "act"), "dataset stage");
    assert_eq!(text(&acts[0]["body"], "subject"), id);
    let waiting = case.browser.get("/datasets/add").body;
    assert!(waiting.contains("Zählung 2026.csv"), "{waiting}");
    let staged = case.run_json(&["dataset", "staged"]);
    assert_eq!(text(&staged[0], "id"), id);
    assert_eq!(text(&staged[0], "kind"), "csv");
    assert_eq!(staged[0]["bytes"], CSV.len());

    let place = format!("/datasets/add/{id}");
    let page = case.browser.get(&place);
    assert_eq!(page.status, 200, "{}", page.body);
    for part in ["standort", "zahl", "Standort", "value=\"zahlung_2026\""] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    // A name that is none, and no column that may leave.
    let wrong = case.browser.post(
        &place,
        &fill_act(
            &page,
            "name=No+Name&title=Counts&licence=CC-BY-4.0&name-of-0=site&name-of-1=bikes",
        ),
    );
    assert_eq!(wrong.status, 422, "{}", wrong.body);
    assert!(wrong.body.contains("href=\"#leaves-0\""), "{}", wrong.body);
    let values = "name=counts&title=Counts+of+2026&licence=CC-BY-4.0&origin=measured&leaves-0=standort&leaves-1=zahl\
                  &name-of-0=site&name-of-1=bikes&meaning-of-0=name+of+the+site&unit-of-1=%7Bbicycle%7D";
    let added = case.browser.post(&place, &fill_act(&wrong, values));
    assert_eq!(read_location(&added), "/datasets/counts/publish");
    let again = case.browser.post(&place, &fill_act(&wrong, values));
    assert_ne!(again.status, 303, "the file is gone, and the form was used");
    assert!(case.list_files().is_empty(), "{:?}", case.list_files());
    let data = case.lindau.folder().join("data/counts.csv");
    assert_eq!(std::fs::read_to_string(data).unwrap(), CSV);
    let config = std::fs::read_to_string(case.lindau.folder().join("hansa.toml")).unwrap();
    for part in [
        "path      = \"data/counts.csv\"",
        "meaning = 'name of the site'",
        "unit   = '{bicycle}'",
    ] {
        assert!(config.contains(part), "{part}: {config}");
    }

    let publish = "/datasets/counts/publish";
    let page = case.browser.get(publish);
    assert_eq!(page.status, 200, "{}", page.body);
    let published = case.browser.post(publish, &fill_act(&page, ""));
    assert_eq!(read_location(&published), "/datasets/counts");
    let page = case.browser.get("/datasets/counts");
    assert_eq!(page.status, 200, "{}", page.body);
    for part in [
        "name of the site",
        "/evidence/received?dataset=counts",
        "/datasets/counts/guard",
        "/datasets/counts/withdraw",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }

    let guard = "/datasets/counts/guard";
    let page = case.browser.get(guard);
    assert_eq!(page.status, 200, "{}", page.body);
    let empty = case.browser.post(guard, &fill_act(&page, "policy="));
    assert_eq!(empty.status, 422, "{}", empty.body);
    let unread = case
        .browser
        .post(guard, &fill_act(&empty, "policy=title+%3D+1"));
    assert_ne!(unread.status, 303, "{}", unread.body);
    let show = ["dataset", "restrict", "counts"];
    let none = case.lindau.hansa(&show).must();
    assert!(none.out.contains("no restriction"), "{}", none.out);
    let policy =
        "policy=title+%3D+%22repairs%22%0D%0Aprohibit+%3D+%5B%7B+action+%3D+%22use%22+%7D%5D";
    let waits = case.browser.post(guard, &fill_act(&empty, policy));
    let done = confirm_act(&mut case, &waits);
    assert_eq!(read_location(&done), "/datasets/counts");
    let held = case.lindau.hansa(&show).must();
    assert!(held.out.contains("repairs"), "{}", held.out);

    let withdraw = "/datasets/counts/withdraw";
    let page = case.browser.get(withdraw);
    let unread = case.browser.post(withdraw, &fill_act(&page, ""));
    assert_eq!(unread.status, 422, "{}", unread.body);
    let waits = case.browser.post(withdraw, &fill_act(&unread, "read=yes"));
    let done = confirm_act(&mut case, &waits);
    assert_eq!(read_location(&done), "/datasets");
    assert_eq!(case.browser.get("/datasets/counts").status, 404);
    let acts = case.lindau.records("console_act");
    let words: Vec<String> = acts.iter().map(|act| text(&act["body"], "act")).collect();
    for word in [
        "dataset stage",
        "dataset add",
        "dataset publish",
        "dataset restrict",
        "dataset withdraw",
    ] {
        let count = words.iter().filter(|act| *act == word).count();
        assert_eq!(count, 1, "{word}: {words:?}");
    }
    case.lindau.verifies();
}

#[test]
fn lines_that_cannot_be_read_are_told_before_a_dataset_is_added() {
    let mut case = UploadCase::new("\"officer\"");
    let id = case.stage("counts.csv", &format!("{CSV}Insel,1,2,3\nPark,7\n"));
    let page = case.browser.get(&format!("/datasets/add/{id}"));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("line 4"), "{}", page.body);
    // Another person's identity of a file, and none at all.
    for missing in ["00000000000000000000000000000000", "..%2f..", "x"] {
        let page = case.browser.get(&format!("/datasets/add/{missing}"));
        assert_eq!(page.status, 404, "{missing}");
    }
    let removal = format!("/datasets/add/{id}/remove");
    let page = case.browser.get(&removal);
    assert!(page.body.contains("counts.csv"), "{}", page.body);
    let removed = case.browser.post(&removal, &fill_act(&page, ""));
    assert_eq!(read_location(&removed), "/datasets/add");
    assert!(case.list_files().is_empty());
}

#[test]
fn attack_25_hostile_files_leave_nothing() {
    let mut case = UploadCase::new("\"officer\"");
    let lying = format!(
        "PAR1\u{15}\u{4}\0\0{}\u{7f}\u{7f}\u{7f}\u{7f}PAR1",
        "\0".repeat(64)
    );
    let bomb = format!("PK\u{3}\u{4}{}", "\0".repeat(9_000));
    let largest = format!("a\n{}", "1\n".repeat(9_999));
    for (name, content, sign) in [
        ("bikes.csv", bomb.as_str(), "SOURCE_KIND_UNKNOWN"),
        ("bikes.parquet", &lying, "SOURCE_UNREADABLE"),
        ("bikes.csv", "", "UPLOAD_INCOMPLETE"),
        ("bikes.csv", &format!("{largest}1"), "UPLOAD_TOO_LARGE"),
        ("bikes.csv", &largest.repeat(3), "UPLOAD_TOO_LARGE"),
    ] {
        let page = case.upload(name, content);
        assert_eq!(page.status, 422, "{sign}: {}", page.body);
        assert!(page.body.contains(sign), "{sign}: {}", page.body);
        assert!(page.body.contains("href=\"#file\""), "{}", page.body);
        assert!(case.list_files().is_empty(), "{:?}", case.list_files());
    }
    // The largest file, whose name is a path.
    let page = case.upload("../../../hansa.toml", &largest);
    assert_eq!(page.status, 303, "{}", page.body);
    let names = case.list_files();
    assert_eq!(names.len(), 2, "{names:?}");
    let config = std::fs::read_to_string(case.lindau.folder().join("hansa.toml")).unwrap();
    assert!(config.contains("[participant]"), "{config}");
    assert_eq!(case.lindau.records("console_act").len(), 1);
}

#[test]
fn attack_25_a_file_needs_session_role_and_a_fresh_key() {
    let mut case = UploadCase::new("\"officer\"");
    let key = case.find_key();
    let form = build_upload_form(&key, "bikes.csv", CSV);
    // Another origin, and no session.
    let session = case.browser.session.take();
    let stranger = case.send_form(&form);
    assert_eq!(read_location(&stranger), "/enter");
    case.browser.session = session;
    let more = build_upload_head("http://evil.example", form.len());
    let foreign = case.browser.send(&format!("POST {UPLOAD}"), &more, &form);
    assert_eq!(foreign.status, 403);
    assert_eq!(case.send_form(&form).status, 303);
    // A form for the second time, a form of nobody, and one whose key stands behind the file.
    let behind = format!(
        "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n{CSV}\r\n\
         --XX\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n{}\r\n--XX--\r\n",
        case.find_key()
    );
    for form in [&form, &build_upload_form("k", "bikes.csv", CSV), &behind] {
        let page = case.send_form(form);
        assert_eq!(page.status, 422, "{}", page.body);
        assert!(page.body.contains("FORM_STALE"), "{}", page.body);
    }
    assert_eq!(case.list_files().len(), 2);
    // Whoever may not add datasets sends nothing.
    let config = case.lindau.folder().join("hansa.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    std::fs::write(
        &config,
        written.replace("roles = [\"officer\"", "roles = [\"auditor\""),
    )
    .unwrap();
    case.lindau.hansa(&["reload"]).must();
    case.browser = sign_in(&case.lindau);
    assert_eq!(case.browser.get("/datasets/add").status, 403);
    assert_eq!(case.send_form(&form).status, 403);
    assert_eq!(case.list_files().len(), 2);
}

#[test]
fn attack_25_a_sender_that_goes_away_leaves_no_file() {
    let mut case = UploadCase::new("\"officer\"");
    let form = build_upload_form(&case.find_key(), "bikes.csv", CSV);
    let host = case.browser.origin.strip_prefix("http://").unwrap();
    let port: u16 = host.rsplit(':').next().unwrap().parse().unwrap();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let head = format!(
        "POST {UPLOAD} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {}\r\nCookie: hansa={}\r\n{}\r\n",
        case.browser.name,
        case.browser.session.as_ref().unwrap(),
        build_upload_head(&case.browser.origin, form.len())
    );
    stream.write_all(head.as_bytes()).unwrap();
    let cut = form.len() - 20;
    stream.write_all(&form.as_bytes()[..cut]).unwrap();
    wait_for("the file that comes", Duration::from_secs(30), || {
        (case.list_files().len() == 1).then_some(())
    });
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer);
    assert!(!answer.starts_with("HTTP/1.1 303"), "{answer}");
    wait_for("the end of the file", Duration::from_secs(30), || {
        case.list_files().is_empty().then_some(())
    });
    assert!(case.lindau.records("console_act").is_empty());
}

#[test]
fn attack_25_two_files_wait_and_no_third() {
    let mut case = UploadCase::new("\"officer\"");
    let first = case.stage("one.csv", CSV);
    let path = case.lindau.folder().join("two.csv");
    std::fs::write(&path, "a\n1\n").unwrap();
    // The command line counts, too.
    let staged = case.run_json(&["dataset", "stage", "two.csv"]);
    let second = text(&staged[0], "id");
    let page = case.upload("three.csv", CSV);
    assert_eq!(page.status, 422, "{}", page.body);
    assert!(page.body.contains("UPLOAD_LIMIT"), "{}", page.body);
    case.lindau
        .hansa(&["dataset", "stage", "two.csv"])
        .refused("UPLOAD_LIMIT", 3);
    case.lindau
        .hansa(&["dataset", "unstage", "no-such"])
        .refused("UPLOAD_UNKNOWN", 3);
    case.lindau.hansa(&["dataset", "unstage", &first]).must();
    // A rehearsal changes nothing.
    let add = [
        "dataset",
        "add",
        "--staged",
        &second,
        "--name",
        "trees",
        "--all-columns",
    ];
    let looked = case.run_json(&[&add[..], &["--dry-run"]].concat());
    assert_eq!(looked[0]["written"], false, "{looked:?}");
    assert_eq!(case.list_files().len(), 2);
    case.lindau
        .hansa(&["dataset", "add", "--staged", &second])
        .ends(2);
    let added = case.run_json(&[&add[..], &["--licence", "CC-BY-4.0"]].concat());
    assert_eq!(text(&added[0], "dataset"), "trees");
    assert!(case.lindau.folder().join("data/trees.csv").exists());
    assert!(case.list_files().is_empty());
    case.lindau.hansa(&["dataset", "publish", "trees"]).must();
    // Its place is taken now.
    let third = case.stage("three.csv", CSV);
    case.lindau
        .hansa(&[
            "dataset",
            "add",
            "--staged",
            &third,
            "--name",
            "trees",
            "--all-columns",
        ])
        .refused("FILE_EXISTS", 6);
    assert_eq!(case.list_files().len(), 2);
}
