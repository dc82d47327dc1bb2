//! The console's views that need more than a look: what is about persons, the verification of the log, forks, the end of a session.

use crate::binary;
use crate::console::acts::{fill_form, location, number_of, signed_in};
use crate::console::browser::{Page, console};
use crate::forked_log::{copy_firm, fork};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::{TestParticipant, run};
use hansa_test_support::workflow::{ALL, number, text, wait_for};
use std::time::Duration;

const COUNT: &str = "SELECT count(*) AS n FROM lindau.bikes";

/// A city with a console that has answered a firm.
fn city_with_answer(league: &TestLeague, roles: &str) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_bikes("open", ALL, "auto");
    lindau.configure(&console(roles));
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    acme.ask(COUNT).must();
    (lindau, acme)
}

/// Hidden fields of the form that shows a content, as a browser sends them.
fn fill_look(page: &Page, content: &str) -> String {
    let mark = format!("name=\"content\" value=\"{content}\"");
    let forms = page.body.split("<form ").skip(1);
    let form = forms
        .filter_map(|rest| rest.split_once("</form>"))
        .map(|(form, _)| form)
        .find(|form| form.contains(&mark));
    let body = form.unwrap_or_else(|| panic!("no form for {content}: {}", page.body));
    let form = Page {
        status: page.status,
        head: String::new(),
        body: body.to_owned(),
    };
    fill_form(&form, "")
}

/// Place of the last record of a kind.
fn last_place(city: &TestParticipant, kind: &str) -> i64 {
    number(&city.records(kind).pop().unwrap(), "seq")
}

#[test]
fn an_auditor_sees_a_text_and_a_person_after_a_record_of_the_look() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answer(&league, "\"auditor\"");
    let mut browser = signed_in(&lindau);
    let place = last_place(&lindau, "permit");
    let address = format!("/evidence/records/{place}");
    let closed = browser.get(&address);
    assert_eq!(closed.status, 200, "{}", closed.body);
    assert!(!closed.body.contains("count(*)"), "{}", closed.body);
    let form = fill_look(&closed, "question");
    let shown = browser.post(&address, &form);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("count(*)"), "{}", shown.body);
    let looks = lindau.records("console_view");
    assert_eq!(looks.len(), 1);
    assert_eq!(text(&looks[0]["body"], "content"), "question");
    assert_eq!(text(&looks[0]["body"], "subject"), place.to_string());
    let told = format!("Your look is record {}", number(&looks[0], "seq"));
    assert!(shown.body.contains(&told), "{}", shown.body);
    // A reload sends the form again: it shows nothing, and nothing is recorded a second time.
    let again = browser.post(&address, &form);
    assert_eq!(again.status, 409, "{}", again.body);
    assert!(!again.body.contains("count(*)"), "{}", again.body);
    for (wrong, status) in [
        (form.replace("content=question", "content=reason"), 400),
        (form.replace("content=question", "content=all"), 400),
        ("content=question&key=".to_owned(), 409),
    ] {
        let page = browser.post(&address, &wrong);
        assert_eq!(page.status, status, "{wrong}: {}", page.body);
        assert!(!page.body.contains("count(*)"), "{}", page.body);
    }
    // The form of one record is none for another.
    let other = format!("/evidence/records/{}", place + 1);
    let fresh = fill_look(&browser.get(&address), "question");
    assert_ne!(browser.post(&other, &fresh).status, 200);
    assert_eq!(browser.get(&format!("{address}/question")).status, 404);

    // The person behind the pseudonym of the own sign-in.
    let entered = lindau.records("console_sign_in").pop().unwrap();
    let pseudonym = text(&entered["body"], "actor");
    let address = format!("/evidence/records/{}", number(&entered, "seq"));
    let closed = browser.get(&address);
    let form = fill_look(&closed, "person");
    assert!(form.contains(&pseudonym), "{form}");
    let wrong = form.replace(&pseudonym, "0123456789abcdef");
    assert_eq!(browser.post(&address, &wrong).status, 400);
    assert_eq!(lindau.records("console_view").len(), 1);
    let shown = browser.post(&address, &form);
    assert_eq!(shown.status, 200, "{}", shown.body);
    assert!(shown.body.contains("Unix user"), "{}", shown.body);
    let looks = lindau.records("console_view");
    assert_eq!(looks.len(), 2);
    assert_eq!(text(&looks[1]["body"], "content"), "person");
    assert_eq!(text(&looks[1]["body"], "subject"), pseudonym);
    assert_eq!(looks[1]["body"]["actor"], entered["body"]["actor"]);
    // The commands behind the pages.
    let place = place.to_string();
    let kept = lindau.hansa(&["--json", "audit", "show", &place, "--text"]);
    assert!(text(&kept.must().json(), "text").contains("count(*)"));
    let person = lindau.hansa(&["--json", "audit", "person", &pseudonym]);
    assert_eq!(text(&person.must().json(), "name"), "Maria <Santos>");
    let nobody = lindau.hansa(&["--json", "audit", "person", "0123456789abcdef"]);
    assert!(nobody.must().json()["name"].is_null());
    lindau
        .hansa(&["audit", "show", "0", "--text"])
        .refused("USAGE", 2);
    lindau.verifies();
}

#[test]
fn an_officer_sees_nobody_behind_a_pseudonym() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answer(&league, "\"officer\"");
    let mut browser = signed_in(&lindau);
    let entered = lindau.records("console_sign_in").pop().unwrap();
    let pseudonym = text(&entered["body"], "actor");
    let address = format!("/evidence/records/{}", number(&entered, "seq"));
    let page = browser.get(&address);
    assert!(page.body.contains("Only auditors may see"), "{}", page.body);
    let permit = format!("/evidence/records/{}", last_place(&lindau, "permit"));
    let key = fill_look(&browser.get(&permit), "question");
    let key = key
        .split('&')
        .find_map(|pair| pair.strip_prefix("key="))
        .unwrap();
    let form = format!("key={key}&content=person&pseudonym={pseudonym}");
    let refused = browser.post(&address, &form);
    assert_eq!(refused.status, 403, "{}", refused.body);
    assert!(!refused.body.contains("Unix user"), "{}", refused.body);
    assert!(lindau.records("console_view").is_empty());
    let refused = lindau.records("console_refused").pop().unwrap();
    assert_eq!(text(&refused["body"], "page"), "people");
    // An operator reads neither.
    let config = lindau.folder().join("hansa.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, written.replace("\"officer\"", "\"operator\"")).unwrap();
    lindau.hansa(&["reload"]).must();
    let mut operator = signed_in(&lindau);
    for form in ["content=question&key=x", "content=person&key=x"] {
        assert_eq!(operator.post(&address, form).status, 403, "{form}");
    }
    assert!(lindau.records("console_view").is_empty());
    lindau.verifies();
}

#[test]
fn rows_of_a_dataset_about_persons_are_shown_after_a_record_of_the_look() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    lindau.configure(&console("\"officer\""));
    // The last column of an entry takes the line.
    lindau.holds("walkers", "site,name\nHafen,Erika\n", "personal = true");
    lindau.offers_bikes("open", ALL, "officer");
    lindau.serve();
    lindau.hansa(&["dataset", "profile", "walkers"]).must();
    let mut browser = signed_in(&lindau);
    let address = "/datasets/walkers";
    let closed = browser.get(address);
    assert!(!closed.body.contains("Erika"), "{}", closed.body);
    assert!(!closed.body.contains("Rows that repeat"), "{}", closed.body);
    let sample = browser.post(address, &fill_look(&closed, "sample"));
    assert_eq!(sample.status, 200, "{}", sample.body);
    assert!(sample.body.contains("Erika"), "{}", sample.body);
    assert!(!sample.body.contains("Rows that repeat"), "{}", sample.body);
    let profile = browser.post(address, &fill_look(&sample, "profile"));
    assert!(
        profile.body.contains("Rows that repeat"),
        "{}",
        profile.body
    );
    assert!(!profile.body.contains("Erika"), "{}", profile.body);
    // The key of one content shows no other one.
    let key = fill_look(&profile, "sample").replace("content=sample", "content=profile");
    assert_eq!(browser.post(address, &key).status, 409);
    assert_eq!(browser.post("/datasets/nothing", &key).status, 404);
    let looks = lindau.records("console_view");
    let told: Vec<(String, String)> = looks
        .iter()
        .map(|look| {
            (
                text(&look["body"], "content"),
                text(&look["body"], "subject"),
            )
        })
        .collect();
    let expected = [("sample", "walkers"), ("profile", "walkers")];
    assert_eq!(
        told,
        expected.map(|(content, subject)| (content.to_owned(), subject.to_owned()))
    );
    // A dataset that is not about persons needs no look.
    let bikes = browser.get("/datasets/bikes");
    assert!(bikes.body.contains("Hafen"), "{}", bikes.body);
    assert!(!bikes.body.contains("name=\"content\""), "{}", bikes.body);
    lindau.verifies();
}

#[test]
fn a_forked_log_is_told_on_each_page() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.offers_long(200, ALL);
    lindau.configure(&console("\"auditor\""));
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.long");
    acme.ask("SELECT count(*) FROM lindau.long").must();
    let mut browser = signed_in(&lindau);
    for path in ["/", "/contracts", "/evidence", "/me", "/help"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(!page.body.contains("FORKED"), "{path}: {}", page.body);
    }
    let copy = copy_firm(&league, &acme);
    fork(&lindau, &acme, &copy);
    for path in [
        "/",
        "/contracts",
        "/evidence/records",
        "/me",
        "/help",
        "/nothing",
    ] {
        let page = browser.get(path);
        assert!(page.body.contains("FORKED"), "{path}: {}", page.body);
        assert!(
            page.body
                .contains("The log of acme.example has two histories."),
            "{path}: {}",
            page.body
        );
        assert!(page.body.contains("href=\"/help/incidents\""), "{path}");
    }
    let help = browser.get("/help/incidents");
    assert_eq!(help.status, 200, "{}", help.body);
    assert!(help.body.contains("When a log has forked"), "{}", help.body);
    assert_eq!(browser.get("/help/nothing").status, 404);
    assert_eq!(browser.get("/help/..%2fmain").status, 404);
}

#[test]
fn an_auditor_verifies_the_log_and_the_result_is_kept() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answer(&league, "\"auditor\"");
    let mut browser = signed_in(&lindau);
    let page = browser.get("/evidence/verify");
    assert!(page.body.contains("not verified since"), "{}", page.body);
    assert_eq!(browser.post("/evidence/verify", "key=x").status, 409);
    let form = fill_form(&page, "");
    let begun = browser.post("/evidence/verify", &form);
    assert_eq!(location(&begun), "/evidence/verify");
    assert_eq!(browser.post("/evidence/verify", &form).status, 409);
    wait_for("the result", Duration::from_secs(60), || {
        let page = browser.get("/evidence/verify");
        page.body.contains("in order").then_some(())
    });
    for path in ["/", "/evidence"] {
        let page = browser.get(path);
        assert!(page.body.contains("in order"), "{path}: {}", page.body);
    }
    let summary = lindau.hansa(&["--json", "audit", "summary"]).must().json();
    let verification = &summary["verification"];
    assert!(verification["running"].is_null(), "{verification}");
    let records = number(&verification["last"], "records");
    assert!(records > 0 && records <= number(&summary, "records"));
    assert_eq!(verification["last"]["faults"], serde_json::json!([]));
    // The command keeps its result, too, whoever runs it.
    lindau.hansa(&["audit", "verify"]).must();
    let status = lindau.hansa(&["--json", "status"]).must().json();
    assert!(number(&status["verification"]["last"], "records") >= records);
    lindau.verifies();
}

#[test]
fn who_is_no_auditor_begins_no_verification() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answer(&league, "\"officer\"");
    let mut browser = signed_in(&lindau);
    let page = browser.get("/evidence/verify");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(!page.body.contains("name=\"key\""), "{}", page.body);
    assert_eq!(browser.post("/evidence/verify", "key=x").status, 403);
    let summary = lindau.hansa(&["--json", "audit", "summary"]).must().json();
    assert!(summary["verification"]["last"].is_null(), "{summary}");
}

#[test]
fn a_session_is_told_its_end_and_is_made_longer() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    lindau.configure(&console("\"officer\""));
    lindau.serve();
    let mut browser = signed_in(&lindau);
    let page = browser.get("/me");
    assert!(
        page.body.contains("<hansa-session data-left=\"900000\">"),
        "{}",
        page.body
    );
    assert!(
        page.body.contains("action=\"/stay\" target=\"_blank\""),
        "{}",
        page.body
    );
    let stayed = browser.post("/stay", "as=text");
    assert_eq!(stayed.status, 200, "{}", stayed.body);
    assert!(stayed.head.contains("text/plain"), "{}", stayed.head);
    let (left, end) = stayed.body.split_once('\n').unwrap();
    assert_eq!(left, "900000");
    assert!(end.contains(':'), "an instant: {end}");
    // Without scripts a page answers.
    assert_eq!(location(&browser.post("/stay", "")), "/me");
    assert_eq!(browser.get("/stay").status, 404, "a look changes nothing");
    browser.session = None;
    assert_eq!(location(&browser.post("/stay", "as=text")), "/enter");
}

#[test]
fn an_operator_reads_the_figures_of_the_last_day() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answer(&league, "\"operator\"");
    let mut browser = signed_in(&lindau);
    for path in ["/operations/history", "/operations/history?span=hour"] {
        let page = browser.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(
            page.body.contains("hansa status --minutes"),
            "{}",
            page.body
        );
    }
    // A minute may not have ended yet; what has ended has the answer or comes after it.
    let minutes = lindau
        .hansa(&["--json", "status", "--minutes"])
        .must()
        .lines();
    assert!(minutes.iter().all(|minute| number(minute, "rows") >= 0));
    lindau.hansa(&["status", "--minutes", "--check"]).ends(2);
}

/// Body without the marks of its pieces (RFC 9112, section 7.1).
fn join_pieces(page: &Page) -> String {
    assert!(
        page.head.contains("transfer-encoding: chunked"),
        "{}",
        page.head
    );
    let mut whole = String::new();
    let mut rest = page.body.as_str();
    while let Some((length, after)) = rest.split_once("\r\n") {
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            return whole;
        }
        whole.push_str(&after[..length]);
        rest = after[length..].strip_prefix("\r\n").unwrap();
    }
    panic!("the file has no end");
}

#[test]
fn evidence_leaves_the_console_after_a_proof_of_presence_alone() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answer(&league, "\"auditor\"");
    let mut browser = signed_in(&lindau);
    let files = ["/evidence/export/file", "/evidence/export/bundle"];
    for path in files {
        assert_eq!(location(&browser.get(path)), "/evidence/export", "{path}");
    }
    let form = browser.get("/evidence/export");
    assert_eq!(form.status, 200, "{}", form.body);
    let wrong = "participant=&dataset=&contract=no-such&from=&to=";
    let refused = browser.post("/evidence/export", &fill_form(&form, wrong));
    assert_eq!(refused.status, 422, "{}", refused.body);
    let whole = "participant=&dataset=&contract=&from=&to=";
    let pending = location(&browser.post("/evidence/export", &fill_form(&form, whole)));
    let page = browser.get(&pending);
    assert_eq!(location(&browser.get(files[1])), "/evidence/export");
    assert!(lindau.records("console_act").is_empty());
    lindau
        .hansa(&["console", "confirm", &number_of(&page)])
        .must();
    let done = browser.post(&pending, &fill_form(&page, ""));
    assert_eq!(location(&done), files[0]);
    let act = lindau.records("console_act").pop().unwrap();
    assert_eq!(text(&act["body"], "act"), "audit export");
    assert_eq!(text(&act["body"], "proof"), "host");
    let page = browser.get(files[0]);
    assert!(page.body.contains(files[1]), "{}", page.body);
    let file = browser.get(files[1]);
    assert_eq!(file.status, 200, "{}", file.head);
    assert!(
        file.head.contains("attachment") && file.head.contains("lindau.example.bundle"),
        "{}",
        file.head
    );
    // It is what the command writes, and is judged without the connector.
    let path = league.folder().join("taken.bundle");
    std::fs::write(&path, join_pieces(&file)).unwrap();
    let path = path.display().to_string();
    let judged = run(binary(), league.folder(), &["audit", "verify", &path]);
    assert!(judged.must().out.contains("the chain is unbroken"));
    // The grant is for the session of the act.
    let mut other = signed_in(&lindau);
    assert_eq!(location(&other.get(files[1])), "/evidence/export");
    lindau.verifies();
}

#[test]
fn an_officer_takes_no_evidence() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_answer(&league, "\"officer\"");
    let mut browser = signed_in(&lindau);
    for path in [
        "/evidence/export",
        "/evidence/export/file",
        "/evidence/export/bundle",
    ] {
        assert_eq!(browser.get(path).status, 403, "{path}");
    }
    assert!(!browser.get("/evidence").body.contains("/evidence/export"));
}

#[test]
fn rows_about_persons_leave_the_console_after_a_proof_of_presence_alone() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    lindau.configure(&console("\"analyst\""));
    // The last column of an entry takes the line.
    lindau.holds("walkers", "site,name\nHafen,Erika\n", "personal = true");
    lindau.publishes();
    lindau.serve();
    let mut browser = signed_in(&lindau);
    let form = browser.get("/ask");
    let (_, rest) = form.body.split_once("name=\"key\" value=\"").unwrap();
    let key = rest.split('"').next().unwrap();
    let sql = "SELECT%20site%2C%20name%20FROM%20lindau.walkers";
    let form = format!("key={key}&purpose=&sql={sql}&step=ask");
    let answer = location(&browser.post("/ask", &form));
    let page = wait_for("the answer", Duration::from_secs(60), || {
        let page = browser.get(&answer);
        (!page.body.contains("/stop\"")).then_some(page)
    });
    assert!(page.body.contains("Erika"), "{}", page.body);
    assert!(page.body.contains("asks for a proof"), "{}", page.body);
    let csv = format!("{answer}/csv");
    let files = format!("{answer}/files");
    assert_eq!(location(&browser.get(&csv)), files);
    let form = browser.get(&files);
    let pending = location(&browser.post(&files, &fill_form(&form, "")));
    let page = browser.get(&pending);
    assert_eq!(location(&browser.get(&csv)), files);
    lindau
        .hansa(&["console", "confirm", &number_of(&page)])
        .must();
    assert_eq!(
        location(&browser.post(&pending, &fill_form(&page, ""))),
        answer
    );
    let file = browser.get(&csv);
    assert_eq!(file.status, 200, "{}", file.head);
    assert!(file.body.contains("Erika"), "{}", file.body);
    let act = lindau.records("console_act").pop().unwrap();
    assert_eq!(text(&act["body"], "act"), "answer files");
    assert!(!act.to_string().contains("walkers"), "{act}");
    // The grant is for the session of the act.
    let mut other = signed_in(&lindau);
    assert_eq!(location(&other.get(&csv)), files);
    lindau.verifies();
}
