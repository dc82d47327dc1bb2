//! Questions at the console: seen before they are asked, asked once, and their answers kept for the person who asked.

use crate::bicycle_counts::{BicycleCounts, city};
use crate::binary;
use crate::console::browser::{Browser, Page, own};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text, wait_for};
use std::process::Command;
use std::time::Duration;

/// Another person of the firm.
const SECOND: u32 = 61_234;

/// A city that offers its bicycles, and a participant with a console and two analysts that has a contract for them.
fn city_and_analysts(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let mut bremen = league.city("bremen");
    league.hand_bundle_to("lindau");
    league.hand_bundle_to("bremen");
    let terms = format!(
        "{ALL}\nrows_per_day = 1000\nbytes_per_day = \"1 MB\"\nduties = [\"delete-after 30 days\"]"
    );
    lindau.offers_bikes("open", &terms, "auto");
    lindau.serve();
    bremen.configure(&format!(
        "[officers]\nusers = [\"{}\", \"{SECOND}\"]\n\n[console]\nlisten = \"127.0.0.1:0\"\n\n\
         [person.maria]\nname = \"Maria\"\nroles = [\"analyst\"]\nunix = \"{}\"\n\n\
         [person.jonas]\nname = \"Jonas\"\nroles = [\"analyst\"]\nunix = \"{SECOND}\"\n",
        own(),
        own()
    ));
    bremen.serve();
    bremen.knows(&lindau);
    let _ = bremen.contract("lindau.bikes");
    (lindau, bremen)
}

fn signed_in(city: &TestParticipant) -> Browser {
    let (mut browser, code) = Browser::of(city);
    assert_eq!(browser.enters(&code).status, 303);
    browser
}

/// Browser of the other person.
fn second_signed_in(city: &TestParticipant) -> Browser {
    let invited = city.hansa_as(SECOND, &["--json", "console"]).must().json();
    let mut browser = Browser {
        session: None,
        ..Browser::of(city).0
    };
    assert_eq!(browser.enters(&text(&invited, "code")).status, 303);
    browser
}

/// Text in the encoding of forms.
fn encode_value(value: &str) -> String {
    let bytes = value.bytes().map(|byte| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    });
    bytes.collect()
}

/// Key of the form for questions.
fn key_of(page: &Page) -> String {
    let (_, rest) = page.body.split_once("name=\"key\" value=\"").unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn fill_form(key: &str, sql: &str, step: &str) -> String {
    format!(
        "key={key}&purpose={}&sql={}&step={step}",
        encode_value(PURPOSE),
        encode_value(sql)
    )
}

fn see(browser: &mut Browser, sql: &str) -> Page {
    let key = key_of(&browser.get("/ask"));
    browser.post("/ask", &fill_form(&key, sql, "see"))
}

/// Asks, and gives the address of the answer.
fn ask(browser: &mut Browser, sql: &str) -> String {
    let key = key_of(&browser.get("/ask"));
    let page = browser.post("/ask", &fill_form(&key, sql, "ask"));
    assert_eq!(page.status, 303, "{} {}", page.head, page.body);
    location_of(&page)
}

/// Address to which a response leads.
fn location_of(page: &Page) -> String {
    let mut lines = page.head.lines();
    let location = lines.find_map(|line| line.strip_prefix("location: "));
    location.unwrap().to_owned()
}

/// Page of an answer that has ended.
fn wait_for_end(browser: &mut Browser, address: &str) -> Page {
    wait_for("the end of the answer", Duration::from_secs(60), || {
        let page = browser.get(address);
        assert_eq!(page.status, 200, "{}", page.body);
        let is_running = page.body.contains("/stop\"");
        (!is_running).then_some(page)
    })
}

#[test]
fn an_analyst_sees_what_a_question_takes_asks_once_and_takes_the_file() {
    let league = TestLeague::new(binary());
    let (lindau, bremen) = city_and_analysts(&league);
    let mut browser = signed_in(&bremen);
    let page = browser.get("/ask");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("lindau.bikes"), "{}", page.body);
    assert!(page.body.contains(PURPOSE), "{}", page.body);
    let sql = "SELECT '=1+1' AS f, site, bikes FROM lindau.bikes ORDER BY site";
    let seen = see(&mut browser, sql);
    assert_eq!(seen.status, 200, "{}", seen.body);
    for part in [
        "Nothing was asked",
        "lindau.example",
        "1,000 rows",
        "at most 2",
    ] {
        assert!(seen.body.contains(part), "{part}: {}", seen.body);
    }
    assert!(lindau.records("permit").is_empty());
    // A form without its key asks nothing.
    let stale = browser.post("/ask", &fill_form("00", sql, "ask"));
    assert!(stale.body.contains("FORM_STALE"), "{}", stale.body);
    // A question in an address is none.
    let looked = browser.get(&format!("/ask?sql={}&step=ask", encode_value(sql)));
    assert_eq!(looked.status, 200);
    assert!(lindau.records("permit").is_empty());
    let key = key_of(&browser.get("/ask"));
    let first = browser.post("/ask", &fill_form(&key, sql, "ask"));
    let again = browser.post("/ask", &fill_form(&key, sql, "ask"));
    assert_eq!(first.status, 303, "{}", first.body);
    assert!(again.body.contains("FORM_STALE"), "{}", again.body);
    let address = location_of(&first);
    let page = wait_for_end(&mut browser, &address);
    for part in [
        "Hafen",
        "310",
        "Insel",
        "all rows received",
        "30 days",
        "lindau.example",
    ] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    let file = browser.get(&format!("{address}/csv"));
    assert_eq!(file.status, 200);
    assert!(
        file.head
            .contains("content-disposition: attachment; filename=\"hansa-")
    );
    assert!(file.head.contains("content-type: text/csv"));
    // A formula becomes a text, in the head and in the cells.
    assert!(file.body.contains("f,site,bikes"), "{}", file.body);
    assert!(file.body.contains("'=1+1,Hafen,310"), "{}", file.body);
    assert_eq!(browser.get(&format!("{address}/exe")).status, 404);
    assert_eq!(browser.get(&address).status, 200);
    // All these looks were one question.
    assert_eq!(lindau.records("permit").len(), 1);
    // Received rows stay, with their duties, when the contract has ended.
    lindau.withdraws_from("bremen");
    wait_for("the withdrawal", Duration::from_secs(30), || {
        let page = browser.get(&address);
        let is_over = page.body.contains("not in force any more");
        (is_over && page.body.contains("Hafen")).then_some(())
    });
    lindau.verifies();
    bremen.verifies();
}

#[test]
fn a_refusal_stands_where_the_answer_would() {
    let league = TestLeague::new(binary());
    let (_lindau, bremen) = city_and_analysts(&league);
    let mut browser = signed_in(&bremen);
    let address = ask(&mut browser, "SELECT wheels FROM lindau.bikes");
    let page = wait_for_end(&mut browser, &address);
    assert!(page.body.contains("COLUMN_UNKNOWN"), "{}", page.body);
    assert!(!page.body.contains(&format!("{address}/csv")));
    let file = browser.get(&format!("{address}/csv"));
    assert_ne!(file.status, 200);
    let seen = see(&mut browser, "SELECT wheels FROM lindau.bikes");
    assert_eq!(seen.status, 400);
    assert!(seen.body.contains("COLUMN_UNKNOWN"), "{}", seen.body);
    // The text stays in the form.
    assert!(
        seen.body
            .contains("SELECT wheels FROM lindau.bikes</textarea>")
    );
}

#[test]
fn pages_of_an_answer_ask_nothing_and_a_question_is_stopped() {
    let league = TestLeague::new(binary());
    let (lindau, bremen) = city_and_analysts(&league);
    lindau.offers_long(3_000, ALL);
    lindau.hansa(&["reload"]).must();
    let _ = bremen.contract("lindau.long");
    let mut browser = signed_in(&bremen);
    let address = ask(&mut browser, "SELECT id FROM lindau.long ORDER BY id");
    let page = wait_for_end(&mut browser, &address);
    assert!(page.body.contains("Rows 1 to 50 of 3,000"), "{}", page.body);
    let last = browser.get(&format!("{address}?page=60"));
    assert!(
        last.body.contains("Rows 2,951 to 3,000 of 3,000"),
        "{}",
        last.body
    );
    assert!(last.body.contains("2999"), "{}", last.body);
    let beyond = browser.get(&format!("{address}?page=99999999999"));
    assert!(beyond.body.contains("Page 60 of 60"), "{}", beyond.body);
    assert_eq!(lindau.records("permit").len(), 1);
    // A city that does not answer at all, so that the question runs until it is stopped.
    let halted = HaltedCity::new(&lindau);
    let address = ask(&mut browser, "SELECT count(*) FROM lindau.long");
    let running = browser.get(&address);
    assert!(running.body.contains("/stop\""), "{}", running.body);
    assert_eq!(browser.get(&format!("{address}/stop")).status, 404);
    let running = browser.get(&address);
    assert!(running.body.contains("/stop\""), "{}", running.body);
    assert_eq!(browser.post(&format!("{address}/stop"), "").status, 303);
    let page = wait_for_end(&mut browser, &address);
    drop(halted);
    assert!(
        page.body.contains("You have stopped this question"),
        "{}",
        page.body
    );
    assert!(!page.body.contains("/csv"), "{}", page.body);
    assert_ne!(browser.get(&format!("{address}/csv")).status, 200);
}

/// City whose process is halted as long as the value lives.
struct HaltedCity<'a>(&'a TestParticipant);

impl<'a> HaltedCity<'a> {
    fn new(city: &'a TestParticipant) -> Self {
        let halted = Self(city);
        halted.signal("-STOP");
        halted
    }

    fn signal(&self, signal: &str) {
        let process = self.0.pid().unwrap().to_string();
        let sent = Command::new("kill").args([signal, &process]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for HaltedCity<'_> {
    fn drop(&mut self) {
        self.signal("-CONT");
    }
}

#[test]
fn an_answer_that_lacks_a_city_says_so_at_each_place() {
    let league = TestLeague::new(binary());
    let (_lindau, bremen) = city_and_analysts(&league);
    let counts = [
        BicycleCounts::of("speyer", 2, 3, 5),
        BicycleCounts::of("bregenz", 3, 2, 9),
    ];
    let [speyer, mut bregenz] = counts.each_ref().map(|counts| {
        let mut city = city(&league, counts, ALL, "\"league\"");
        league.hand_bundle_to(counts.city);
        city.serve();
        city
    });
    league.hand_bundle_to("bremen");
    bremen.hansa(&["reload"]).must();
    for (city, dataset) in [(&speyer, "speyer.counts"), (&bregenz, "bregenz.counts")] {
        bremen.knows(city);
        let _ = bremen.contract(dataset);
    }
    let mut browser = signed_in(&bremen);
    let sql = "SELECT site_name AS site, bikes FROM model.bicycle_counts";
    let address = ask(&mut browser, sql);
    let page = wait_for_end(&mut browser, &address);
    assert!(page.body.contains("all rows received"), "{}", page.body);
    let file = browser.get(&format!("{address}/csv"));
    assert!(!file.head.contains("incomplete"), "{}", file.head);
    bregenz.kill();
    let key = key_of(&browser.get("/ask"));
    let form = format!("{}&partial=yes", fill_form(&key, sql, "ask"));
    let asked = browser.post("/ask", &form);
    assert_eq!(asked.status, 303, "{}", asked.body);
    let address = location_of(&asked);
    let page = wait_for_end(&mut browser, &address);
    assert!(!page.body.contains("all rows received"), "{}", page.body);
    for part in ["not complete", "bregenz.example", "not the whole answer"] {
        assert!(page.body.contains(part), "{part}: {}", page.body);
    }
    assert!(browser.get("/ask").body.contains("not complete"));
    let file = browser.get(&format!("{address}/csv"));
    assert_eq!(file.status, 200, "{}", file.body);
    assert!(file.head.contains("-incomplete.csv\""), "{}", file.head);
    assert!(file.body.contains("speyer0"), "{}", file.body);
}

#[test]
fn the_text_that_is_shown_is_the_text_that_runs() {
    let league = TestLeague::new(binary());
    let (lindau, bremen) = city_and_analysts(&league);
    let mut browser = signed_in(&bremen);
    let sql = "SELECT site FROM lindau.bikes -- \u{202e}x";
    let key = key_of(&browser.get("/ask"));
    for step in ["see", "ask"] {
        let page = browser.post("/ask", &fill_form(&key, sql, step));
        assert_eq!(page.status, 400, "{step}: {}", page.body);
        assert!(page.body.contains("invisible"), "{step}: {}", page.body);
        assert!(page.body.contains("⟨U+202E⟩"), "{step}: {}", page.body);
    }
    assert!(lindau.records("permit").is_empty());
}

#[test]
fn an_answer_is_of_its_person_alone() {
    let league = TestLeague::new(binary());
    let (_lindau, bremen) = city_and_analysts(&league);
    let mut maria = signed_in(&bremen);
    let address = ask(&mut maria, "SELECT site FROM lindau.bikes");
    wait_for_end(&mut maria, &address);
    let mut jonas = second_signed_in(&bremen);
    let never = format!("/answers/{}", "0".repeat(32));
    for path in ["", "/csv", "/arrow", "/parquet", "?page=1"] {
        let other = jonas.get(&format!("{address}{path}"));
        let nothing = jonas.get(&format!("{never}{path}"));
        assert_eq!((other.status, nothing.status), (404, 404), "{path}");
        assert!(!other.body.contains("Hafen"), "{}", other.body);
        assert!(other.body.contains("ANSWER_UNKNOWN"), "{}", other.body);
    }
    assert_eq!(jonas.post(&format!("{address}/stop"), "").status, 404);
    let page = jonas.get("/ask");
    assert!(!page.body.contains(&address), "{}", page.body);
    assert!(maria.get("/ask").body.contains(&address));
    for path in ["/answers/..%2f..", "/answers/'", "/answers"] {
        assert_eq!(jonas.get(path).status, 404, "{path}");
    }
    // No address holds the zero character, whatever the page.
    assert_eq!(jonas.get("/answers/%00").status, 400);
}

#[test]
fn an_analyst_learns_nothing_of_what_is_not_offered() {
    let league = TestLeague::new(binary());
    let (lindau, bremen) = city_and_analysts(&league);
    lindau.holds("hidden", "site,note\nHafen,secret\n", "");
    lindau.publishes();
    let mut browser = signed_in(&bremen);
    // The facts of a refusal, without the parts that name the question.
    let told = |page: &Page, name: &str| {
        let (_, body) = page.body.split_once("<h1>").unwrap();
        let (facts, _) = body.split_once("<form").unwrap();
        facts.replace(name, "NAME")
    };
    let hidden = see(&mut browser, "SELECT * FROM lindau.hidden");
    let nothing = see(&mut browser, "SELECT * FROM lindau.nothing");
    assert_eq!(hidden.status, nothing.status);
    assert_eq!(told(&hidden, "hidden"), told(&nothing, "nothing"));
    for (sql, name) in [
        ("SELECT * FROM lindau.hidden", "hidden"),
        ("SELECT * FROM lindau.nothing", "nothing"),
    ] {
        let address = ask(&mut browser, sql);
        let page = wait_for_end(&mut browser, &address);
        assert!(
            page.body.contains("DATASET_UNKNOWN"),
            "{name}: {}",
            page.body
        );
        assert!(!page.body.contains("secret"), "{}", page.body);
    }
    let page = browser.get("/ask");
    assert!(!page.body.contains("secret"), "{}", page.body);
    let tables = bremen
        .hansa(&["--json", "contract", "tables"])
        .must()
        .lines();
    assert_eq!(tables.len(), 1, "{tables:?}");
    assert_eq!(text(&tables[0], "table"), "lindau.bikes");
}

#[test]
fn an_analyst_learns_nothing_of_contracts_that_the_house_gives() {
    let league = TestLeague::new(binary());
    let (lindau, bremen) = city_and_analysts(&league);
    bremen.offers_bikes("open", ALL, "auto");
    bremen.hansa(&["reload"]).must();
    lindau.knows(&bremen);
    let given = lindau.contract("bremen.bikes");
    let taken = ["--json", "contract", "list", "--role", "consumer"];
    let taken = bremen.hansa(&taken).must().lines();
    let mut taken = taken.iter().map(|line| text(line, "contract"));
    let taken = taken.find(|id| !id.is_empty()).unwrap();
    let mut browser = signed_in(&bremen);
    assert_eq!(browser.get(&format!("/contracts/{taken}")).status, 200);
    let beginning = given.get(..12).unwrap();
    // The name of both datasets means two contracts.
    for named in [given.as_str(), beginning, "bikes", &"0".repeat(64)] {
        let page = browser.get(&format!("/contracts/{named}"));
        assert_eq!(page.status, 404, "{named}: {}", page.body);
        let is_plain = page.body.contains("CONTRACT_UNKNOWN") && !page.body.contains("we are the");
        assert!(is_plain, "{named}: {}", page.body);
        assert!(!page.body.contains("CONTRACT_AMBIGUOUS"), "{named}");
    }
}

#[test]
fn an_explanation_has_the_budgets_of_its_contracts() {
    let league = TestLeague::new(binary());
    let (_lindau, bremen) = city_and_analysts(&league);
    let sql = "SELECT site FROM lindau.bikes";
    let explain = || {
        bremen
            .hansa(&["--json", "explain", sql, "--purpose", PURPOSE])
            .must()
            .json()
    };
    let before = explain();
    assert_eq!(before["would_fail"], false, "{before}");
    let budget = &before["budgets"][0];
    assert_eq!(text(budget, "kind"), "rows");
    assert_eq!(
        (&budget["used"], &budget["left"]),
        (&0.into(), &1000.into())
    );
    assert_eq!(budget["this_at_most"], 2, "{budget}");
    bremen.ask(sql).must();
    let after = explain();
    assert_eq!(after["budgets"][0]["left"], 998, "{after}");
}

#[test]
fn questions_are_for_analysts() {
    let league = TestLeague::new(binary());
    let mut bremen = league.city("bremen");
    league.hand_bundle_to("bremen");
    bremen.configure(&crate::console::browser::console(
        "\"officer\", \"signer\", \"auditor\"",
    ));
    bremen.serve();
    let mut browser = signed_in(&bremen);
    for path in ["/ask", "/answers/00", "/answers/00/csv"] {
        let page = browser.get(path);
        assert_eq!(page.status, 403, "{path}");
    }
    assert_eq!(browser.post("/ask", "step=ask&sql=SELECT+1").status, 403);
    assert_eq!(browser.post("/answers/00/stop", "").status, 403);
    assert!(!browser.get("/").body.contains("href=\"/ask\""));
}

#[test]
fn an_answer_with_places_is_shown_on_a_map() {
    let league = TestLeague::new(binary());
    let (lindau, bremen) = city_and_analysts(&league);
    let mut browser = signed_in(&bremen);
    let places = "SELECT site, 9.68 AS lon, 47.5 + bikes / 10000.0 AS lat FROM lindau.bikes";
    let address = ask(&mut browser, places);
    let page = wait_for_end(&mut browser, &address);
    let map = format!("{address}/map");
    assert!(
        page.body.contains(&format!("href=\"{map}\"")),
        "{}",
        page.body
    );
    let asked = lindau.records("permit").len();
    let shown = browser.get(&map);
    assert_eq!(shown.status, 200, "{}", shown.body);
    for part in [
        "class=\"marks\"",
        "Hafen",
        "Insel",
        "47.53",
        "Places of the answer: 2",
    ] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    assert!(!shown.body.contains("style="), "{}", shown.body);
    assert_eq!(
        lindau.records("permit").len(),
        asked,
        "nothing is asked again"
    );
    // Another person has no such answer, and an answer without places no map.
    let mut other = second_signed_in(&bremen);
    assert_eq!(other.get(&map).status, 404);
    let address = ask(&mut browser, "SELECT site, bikes FROM lindau.bikes");
    let page = wait_for_end(&mut browser, &address);
    assert!(!page.body.contains("/map\""), "{}", page.body);
    assert_eq!(browser.get(&format!("{address}/map")).status, 404);
}
