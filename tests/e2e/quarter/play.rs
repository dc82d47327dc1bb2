//! What happens in the quarter.

use super::facts::ObservedUsage;
use crate::binary;
use crate::clock::set;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, policy_text, text};
use serde_json::Value;

/// How much is asked: so many questions of each asker and month.
#[derive(Debug, Clone, Copy)]
pub(crate) struct QueryVolume {
    pub(crate) questions: u64,
}

/// Instants of lindau's log.
pub(crate) struct LogInstants {
    /// In the first month, after the first questions.
    pub(crate) early: String,
    /// At the end.
    pub(crate) late: String,
}

/// The quarter, played.
pub(crate) struct QuarterFixture {
    pub(crate) lindau: TestParticipant,
    pub(crate) tallinn: TestParticipant,
    pub(crate) acme: TestParticipant,
    pub(crate) facts: ObservedUsage,
    /// acme's first contract with lindau, and what took its place.
    pub(crate) first: String,
    pub(crate) amended: String,
    /// tallinn's contract with lindau.
    pub(crate) withdrawn: String,
    /// lindau's signing keys, before and after.
    pub(crate) keys: [String; 2],
    pub(crate) times: LogInstants,
    /// Its folder goes last.
    _league: TestLeague,
}

/// Askers at a time.
const AT_ONCE: u64 = 4;

impl QuarterFixture {
    /// Plays it.
    pub(crate) fn play(size: QueryVolume) -> Self {
        let league = TestLeague::new(binary());
        let names = ["lindau", "tallinn", "acme"];
        let [mut lindau, mut tallinn, mut acme] = names.map(|name| league.city(name));
        for name in names {
            league.renew_at(name, &format!("{name}.example.request"), "0s");
        }
        let long: String = (0..40).map(|id| format!("{id},s{}\n", id % 7)).collect();
        for city in [&lindau, &tallinn] {
            city.holds("counts", &format!("id,site\n{long}"), "");
            city.publishes();
            city.offers("counts", "all", ALL, "\"league\"", "auto");
        }
        league.hand_bundle_to("lindau");
        for city in [&mut lindau, &mut tallinn, &mut acme] {
            city.serve();
        }
        for asker in [&tallinn, &acme] {
            asker.knows(&lindau);
        }
        acme.knows(&tallinn);
        let facts = ObservedUsage::default();

        // The first month.
        let first = acme.contract("lindau.counts");
        let withdrawn = tallinn.contract("lindau.counts");
        let partner = acme.contract("tallinn.counts");
        let acme_asks = |provider, contract: &str| {
            ask(&facts, &acme, "acme", provider, contract, size.questions);
        };
        let tallinn_asks = || {
            ask(
                &facts,
                &tallinn,
                "tallinn",
                "lindau",
                &withdrawn,
                size.questions,
            )
        };
        acme_asks("lindau", &first);
        acme_asks("tallinn", &partner);
        tallinn_asks();
        let early = now(&lindau);

        // The second: tighter terms take the place of the first ones, and lindau signs with another key from now on.
        month(&league, &[&lindau, &tallinn, &acme], "+29d");
        let before = key(&lindau);
        lindau.hansa(&["rekey", "--output", "again.request"]).must();
        league.renew_at("lindau", "again.request", "+29d");
        lindau.hansa(&["reload"]).must();
        let keys = [before, key(&lindau)];
        for name in ["tallinn", "acme"] {
            league.hand_bundle_at(name, "+29d");
        }
        for city in [&tallinn, &acme] {
            city.hansa(&["reload"]).must();
        }
        let quota = (size.questions * 3 / 2).to_string();
        let tighter = policy_text("all", &format!("{ALL}\nqueries_per_day = {quota}"));
        lindau.write("policies/all.toml", &tighter);
        lindau.hansa(&["reload"]).must();
        let done = acme.hansa(&[
            "--json",
            "contract",
            "request",
            "lindau.counts",
            "--sign",
            "--replaces",
            &first,
        ]);
        let amended = text(&done.must().json(), "contract");
        acme_asks("lindau", &amended);
        acme_asks("lindau", &amended);
        tallinn_asks();

        // The third: lindau falls over, tallinn has had enough, and takes its own log back to what it was a while ago.
        month(&league, &[&lindau, &tallinn, &acme], "+58d");
        lindau.kill();
        lindau.serve();
        // It listens elsewhere now.
        for asker in [&tallinn, &acme] {
            asker.hansa(&["peer", "remove", "lindau"]).must();
            asker.knows(&lindau);
        }
        tallinn
            .hansa(&[
                "--yes", "contract", "withdraw", &withdrawn, "--reason", "over",
            ])
            .must();
        tallinn.ask(QUESTION).refused("WITHDRAWN", 3);
        acme_asks("lindau", &amended);
        // Comparing the logs carries the word on receipts that is still on its way.
        tallinn.hansa(&["audit", "reconcile", "lindau"]).must();
        tallinn.hansa(&["backup", "earlier.tar"]).must();
        acme_asks("tallinn", &partner);
        for provider in ["lindau", "tallinn"] {
            acme.hansa(&["audit", "reconcile", provider]).must();
        }
        tallinn.stop();
        let state = tallinn.folder().join("state");
        std::fs::rename(state, tallinn.folder().join("aside")).unwrap();
        tallinn.hansa(&["restore", "earlier.tar", "--yes"]).must();
        tallinn.serve();
        acme.hansa(&["peer", "remove", "tallinn"]).must();
        acme.knows(&tallinn);
        // Three times as many as before it: two records of each make its log longer than the one that others were shown, however
        // few tell of refusals. A shorter one would only lack records.
        for _ in 0..3 {
            acme_asks("tallinn", &partner);
        }

        month(&league, &[&lindau, &tallinn, &acme], "+85d");
        acme_asks("lindau", &amended);
        acme.hansa(&["audit", "reconcile", "lindau"]).must();
        let late = now(&lindau);
        Self {
            _league: league,
            lindau,
            tallinn,
            acme,
            facts,
            first,
            amended,
            withdrawn,
            keys,
            times: LogInstants { early, late },
        }
    }
}

const QUESTION: &str = "SELECT id, site FROM lindau.counts WHERE id < 3";

/// The league signs anew by the later clock, and everybody's clock goes there. All get the same bundle: of one with a higher
/// number the others may hear from a peer before they take in theirs, which would then be an older one.
fn month(league: &TestLeague, cities: &[&TestParticipant], offset: &str) {
    let file = |city: &TestParticipant| city.folder().join("trust/bundle.json");
    if let [first, others @ ..] = cities {
        league.hand_bundle_at(first.domain().trim_end_matches(".example"), offset);
        for other in others {
            std::fs::copy(file(first), file(other)).unwrap();
        }
    }
    for city in cities {
        set(city, offset);
        city.hansa(&["reload"]).must();
    }
}

/// Questions of different sizes, several at a time; what came back is what is counted.
fn ask(
    facts: &ObservedUsage,
    city: &TestParticipant,
    asker: &'static str,
    provider: &'static str,
    contract: &str,
    questions: u64,
) {
    std::thread::scope(|scope| {
        for lane in 0..AT_ONCE {
            scope.spawn(move || {
                for number in (lane..questions).step_by(usize::try_from(AT_ONCE).unwrap()) {
                    let most = number % 40 + 1;
                    let sql = format!("SELECT id, site FROM {provider}.counts WHERE id < {most}");
                    let answer = city.ask(&sql);
                    if answer.status == Some(0) {
                        let rows = answer
                            .lines()
                            .iter()
                            .filter(|line| line["id"].is_i64())
                            .count();
                        facts.answer(asker, provider, contract, u64::try_from(rows).unwrap());
                    } else {
                        facts.refusal(provider, &code(&answer.err));
                    }
                }
            });
        }
    });
}

/// The code of an error as it was written on stderr.
fn code(err: &str) -> String {
    let error: Option<Value> = err.lines().find_map(|line| serde_json::from_str(line).ok());
    let code = error.map(|error| text(&error["error"], "code"));
    code.filter(|code| !code.is_empty())
        .unwrap_or_else(|| panic!("no code: {err}"))
}

/// The time of the last record of a log.
fn now(city: &TestParticipant) -> String {
    let last = city.hansa(&["--json", "audit", "list", "--last", "1"]);
    text(&last.must().json(), "t")
}

/// The thumbprint of the key that signs for a city, as the league registers it.
fn key(city: &TestParticipant) -> String {
    let bundle = std::fs::read(city.folder().join("trust/bundle.json")).unwrap();
    let bundle: Value = serde_json::from_slice(&bundle).unwrap();
    let id = format!("hansa://{}", city.domain());
    let parties = bundle["bundle"]["parties"].as_array().unwrap().clone();
    let party = parties
        .iter()
        .find(|party| text(party, "id") == id)
        .unwrap();
    party["keys"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .to_string()
}
