//! The console: people sign in by a code from the local socket and read pages, as a browser asks for them.

mod act_routes;
pub(crate) mod acts;
pub(crate) mod browser;
mod group_acts;
mod negotiation_acts;
mod operator_acts;
pub(crate) mod passkeys;
mod people_attacks;
mod request_attacks;

use crate::binary;
use crate::console::browser::{Browser, city_with_request};
use crate::console::passkeys::city_with_passkeys;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{text, wait_for};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::time::Duration;

#[test]
fn an_officer_signs_in_by_a_code_and_reads_what_waits() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = city_with_request(&league, "\"officer\", \"signer\"");
    let (mut browser, code) = Browser::of(&lindau);
    // Without a session each page is the way to the sign-in, also one that does not exist.
    for path in ["/", "/contracts", "/contracts/n-1", "/nothing"] {
        let page = browser.get(path);
        assert_eq!(page.status, 303, "{path}");
        assert!(page.head.contains("location: /enter"), "{path}");
    }
    let page = browser.get("/enter");
    assert_eq!(page.status, 200);
    assert!(!page.body.contains("lindau.bikes") && !page.body.contains("acme"));
    let page = browser.enters("0000-0000-00");
    assert_eq!(page.status, 401);
    assert!(page.body.contains("<title>Error"), "{}", page.body);
    assert!(browser.session.is_none());
    assert_eq!(browser.enters(&code.to_lowercase()).status, 303);
    let session = browser.session.clone().unwrap();
    assert_eq!(session.len(), 64);
    // While no code is open, a wrong one leaves no record.
    let mut stranger = Browser {
        origin: browser.origin.clone(),
        session: None,
        language: None,
        name: "curl",
    };
    assert_eq!(stranger.enters("1111-1111-11").status, 401);
    // A code is good once.
    let (mut thief, _) = Browser::of(&lindau);
    assert_eq!(thief.enters(&code).status, 401);
    let page = browser.get("/");
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("Maria &lt;Santos&gt;"), "{}", page.body);
    assert!(page.body.contains("acme.example"), "{}", page.body);
    assert!(page.body.contains("<html lang=\"en\""), "{}", page.body);
    // A language that was chosen stays.
    assert!(browser.get("/?lang=de").body.contains("<html lang=\"de\""));
    assert!(browser.get("/").body.contains("<html lang=\"de\""));
    assert!(browser.get("/?lang=pt").body.contains("<html lang=\"pt\""));
    let asset = page
        .body
        .split("href=\"")
        .find(|rest| rest.starts_with("/a/"));
    let asset = asset.unwrap().split('"').next().unwrap().to_owned();
    let asset = browser.get(&asset);
    assert!(asset.status == 200 && asset.head.contains("immutable"));
    let list = browser.get("/contracts?needs=me");
    let (_, rest) = list.body.split_once("href=\"/contracts/n-").unwrap();
    let negotiation = format!("n-{}", rest.split('"').next().unwrap());
    let page = browser.get(&format!("/contracts/{negotiation}"));
    assert_eq!(page.status, 200, "{}", page.body);
    assert!(page.body.contains("acme"), "{}", page.body);
    lindau.hansa(&["contract", "sign", &negotiation]).must();
    wait_for("the contract", Duration::from_secs(30), || {
        // The firm runs no connector: its messages travel with its commands.
        let _ = acme.hansa(&["contract", "list"]);
        let list = browser.get("/contracts?state=in-force&with=acme");
        list.body.contains("href=\"/contracts/").then_some(())
    });
    assert_eq!(browser.get("/contracts/no-such").status, 404);
    assert_eq!(browser.get("/contracts/..%2f..").status, 404);
    assert_eq!(browser.get("/nothing").status, 404);
    assert_eq!(browser.get("/leave").status, 404, "a look changes nothing");
    assert_eq!(browser.get("/").status, 200);
    assert_eq!(browser.post("/leave", "").status, 303);
    assert!(browser.session.is_none());
    browser.session = Some(session);
    assert_eq!(
        browser.get("/").status,
        303,
        "a session that was left is over"
    );
    let entered = lindau.records("console_sign_in");
    assert_eq!(entered.len(), 1);
    assert_eq!(text(&entered[0]["body"], "method"), "link");
    let whole = entered[0].to_string();
    assert!(
        !whole.contains("Maria") && !whole.contains(&code),
        "{whole}"
    );
    let refused = lindau.records("console_refused");
    assert_eq!(refused.len(), 2, "each while a code was open: {refused:?}");
    // A restart ends every session.
    let (mut browser, code) = Browser::of(&lindau);
    browser.enters(&code);
    assert_eq!(browser.get("/").status, 200);
    lindau.kill();
    lindau.serve();
    let (again, _) = Browser::of(&lindau);
    browser.origin = again.origin;
    assert_eq!(browser.get("/").status, 303);
    lindau.verifies();
    drop(acme);
}

#[test]
fn a_role_opens_its_pages_alone() {
    let league = TestLeague::new(binary());
    let (lindau, _acme) = city_with_request(&league, "\"operator\"");
    let (mut browser, code) = Browser::of(&lindau);
    assert_eq!(browser.enters(&code).status, 303);
    assert_eq!(browser.get("/").status, 200);
    for path in ["/contracts", "/contracts/n-1"] {
        let page = browser.get(path);
        assert_eq!(page.status, 403, "{path}");
        assert!(page.body.contains("ROLE_MISSING"), "{}", page.body);
        assert!(!page.body.contains("acme"), "{}", page.body);
    }
    let refused = lindau.records("console_refused");
    assert_eq!(refused.len(), 1, "each page once in a session: {refused:?}");
    assert_eq!(text(&refused[0]["body"], "code"), "ROLE_MISSING");
    assert!(refused[0]["body"]["actor"].is_string(), "{refused:?}");
    // Other roles end the session.
    let config = lindau.folder().join("hansa.toml");
    let written = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, written.replace("\"operator\"", "\"auditor\"")).unwrap();
    lindau.hansa(&["reload"]).must();
    assert_eq!(browser.get("/").status, 303);
    let (mut browser, code) = Browser::of(&lindau);
    browser.enters(&code);
    assert_eq!(browser.get("/contracts").status, 200);
    // A cookie that another browser shows is good for nobody any more.
    let mut thief = Browser {
        name: "curl",
        ..Browser::of(&lindau).0
    };
    thief.session.clone_from(&browser.session);
    assert_eq!(thief.get("/").status, 303);
    assert_eq!(browser.get("/").status, 303);
    lindau.verifies();
}

#[test]
fn without_the_section_there_is_no_console() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    lindau.serve();
    lindau.hansa(&["console"]).refused("CONSOLE_OFF", 2);
    lindau.configure("[console]\nlisten = \"127.0.0.1:0\"\n");
    lindau.kill();
    lindau.serve();
    lindau.hansa(&["console"]).refused("PERSON_UNKNOWN", 4);
}

#[test]
fn a_console_that_others_reach_needs_https_and_a_person_is_one_user() {
    let league = TestLeague::new(binary());
    let lindau = league.city("lindau");
    let config = lindau.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&config).unwrap();
    for (wrong, key) in [
        ("[console]\nlisten = \"0.0.0.0:0\"\n", "listen"),
        (
            "[console]\nlisten = \"127.0.0.1:0\"\nname = \"http://console.lindau.example\"\n",
            "listen",
        ),
        (
            "[console]\nlisten = \"127.0.0.1:0\"\nname = \"https://console.lindau.example/path\"\n",
            "name",
        ),
        (
            "[console]\nlisten = \"127.0.0.1:0\"\nname = \"https://Console.lindau.example\"\n",
            "name",
        ),
        ("[console]\nsign_in = [\"oidc\"]\n", "sign_in"),
        ("[console]\nidle = \"9h\"\n", "idle"),
        ("[console]\nstep_up = \"again\"\n", "step_up"),
        // A passkey is for one host name that stays.
        (
            "[console]\nlisten = \"127.0.0.1:0\"\nstep_up = \"passkey\"\n",
            "step_up",
        ),
        (
            "[console]\nname = \"https://10.0.0.7\"\nstep_up = \"passkey\"\n",
            "step_up",
        ),
        (
            "[person.a]\nname = \"A\"\nroles = [\"officer\"]\nunix = \"77\"\n\
             [person.b]\nname = \"B\"\nroles = [\"auditor\"]\nunix = \"77\"\n",
            "unix",
        ),
        (
            "[person.a]\nname = \"A\"\nroles = [\"king\"]\nunix = \"77\"\n",
            "roles",
        ),
        (
            "[person.a]\nname = \"A\"\nroles = [\"signer\"]\nunix = \"77\"\n",
            "roles",
        ),
        (
            "[person.a]\nname = \"A\"\nroles = []\nunix = \"77\"\n",
            "roles",
        ),
    ] {
        std::fs::write(&config, format!("{before}\n{wrong}")).unwrap();
        let refused = lindau.hansa(&["check"]);
        assert_ne!(refused.status, Some(0), "{wrong}");
        let said = format!("{}{}", refused.out, refused.err);
        assert!(said.contains(key), "{wrong}: {said}");
    }
}

/// Run by `.ci/run`, which installs the browser. `HANSA_CONSOLE_CHECK` is the folder with the check and its packages.
#[test]
#[ignore = "needs Node.js and Chromium"]
fn pages_are_seen_in_a_browser() {
    let check = std::env::var("HANSA_CONSOLE_CHECK").expect("HANSA_CONSOLE_CHECK");
    let league = TestLeague::new(binary());
    let roles = "\"officer\", \"signer\", \"analyst\", \"auditor\", \"operator\"";
    let (lindau, acme) = city_with_passkeys(&league, roles);
    let negotiation = lindau.listed("negotiation").pop().unwrap();
    lindau.hansa(&["contract", "sign", &negotiation]).must();
    let contract = wait_for("the contract", Duration::from_secs(30), || {
        let held = acme.contracts_with("lindau.example");
        held.first().map(|one| text(one, "contract"))
    });
    acme.ask("SELECT count(*) FROM lindau.bikes").must();
    let _ = acme.hansa(&["contract", "request", "lindau.bikes", "--sign"]);
    let mut pages = vec!["/".to_owned(), "/contracts".to_owned()];
    pages.push("/contracts?needs=me".to_owned());
    pages.push("/contracts?with=nobody".to_owned());
    pages.push(format!("/contracts/{contract}"));
    let open = lindau.listed("negotiation");
    for name in &open {
        pages.push(format!("/contracts/{name}"));
        let acts = ["sign", "comment", "decline", "counter", "compare"];
        pages.extend(acts.map(|act| format!("/contracts/{name}/{act}")));
    }
    pages.push(format!("/contracts/{contract}/withdraw"));
    pages.push(format!("/contracts/{contract}/compare"));
    let others = [
        "/datasets",
        "/datasets/bikes",
        "/policies",
        "/policies/open?dataset=bikes",
        "/policies/open/edit",
        "/catalog",
        "/evidence",
        "/evidence/received",
        "/evidence/records",
        "/evidence/records/0",
        "/evidence/heads",
        "/evidence/verify",
        "/operations",
        "/operations/history",
        "/operations/peers",
        "/operations/doctor",
        "/operations/running",
        "/operations/delivery",
        "/operations/workers",
        "/operations/backup",
        "/operations/backup/make",
        "/operations/peers/add",
        "/groups",
        "/groups/add",
        "/settings",
        "/settings/reload",
        "/settings/people",
        "/settings/tokens",
        "/settings/tokens/add",
        "/me",
        "/me/sessions/end",
        "/me/tokens/add",
        "/me/passkeys",
        "/help",
        "/help/incidents",
        "/help/errors/ROLE_MISSING",
        "/accessibility",
        "/licences",
    ];
    pages.extend(others.map(str::to_owned));
    pages.push("/contracts/no-such".to_owned());
    let (browser, code) = Browser::of(&lindau);
    let mut running = Command::new("node")
        .arg(format!("{check}/check.mjs"))
        .env("HANSA_CONSOLE", &browser.origin)
        .env("HANSA_CONSOLE_CODE", &code)
        .env("HANSA_CONSOLE_PAGES", pages.join(" "))
        .env(
            "HANSA_CONSOLE_SIGN",
            format!("/contracts/{}", acts::waiting(&lindau)),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answers = running.stdin.take().unwrap();
    for line in BufReader::new(running.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        match line.strip_prefix("confirm ") {
            Some(number) => {
                lindau.hansa(&["console", "confirm", number]).must();
                writeln!(answers, "confirmed").unwrap();
            }
            None => println!("{line}"),
        }
    }
    assert!(running.wait().unwrap().success());
    let proofs: Vec<String> = lindau
        .records("console_act")
        .iter()
        .map(|act| text(&act["body"], "proof"))
        .collect();
    assert_eq!(proofs, ["host", "passkey"]);
    lindau.verifies();
}
