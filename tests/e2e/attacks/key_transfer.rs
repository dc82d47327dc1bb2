//! Attacks on keys that travel (K): for values of one participant that must not go on to another, and by who brings values.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use arrow_flight::{FlightData, Ticket};
use hansa_policy::query_request::QueryRequest;
use hansa_proto::peer::query_request::{from_ticket, to_ticket};
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::MaliciousPeer;
use hansa_test_support::malicious_server::{AnswerRewrite, MaliciousServer};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, number};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

/// A firm that asks, a giver, and a third who has many rows for the giver's few; both are asked through who listens in their place.
struct KeyTransferFixture {
    acme: TestParticipant,
    bregenz: TestParticipant,
    giver: MaliciousServer,
    third: MaliciousServer,
    _lindau: TestParticipant,
    _attackers: [MaliciousPeer; 2],
    _league: TestLeague,
}

/// The giver's lists, and to whom the contract on each lets values go.
const LISTS: [(&str, &str); 5] = [
    ("kept", ""),
    ("elsewhere", "[\"lindau.example\", \"acme.example\"]"),
    ("sent", THERE),
    ("odd", THERE),
    ("foul", THERE),
];

const THERE: &str = "[\"bregenz.example\"]";

/// Values that would be SQL outside their quotes.
const ODD: [&str; 9] = [
    "x') OR ('1' = '1",
    "x', 'Kai-07",
    "'; DROP TABLE rides; --",
    "/* Kai */",
    "%",
    "_",
    "$1",
    "?",
    "Zürich’s",
];

/// Such as a writer of SQL may take for quoted already: it leaves a quote behind another one, or behind a backslash, as it is.
const FOUL: [&str; 2] = ["x\\') OR ('1' = '1", "x'') OR (''1'' = ''1"];

/// The third has so many rows of each of these.
const EACH: usize = 10;

/// And so many of those that the usual question is about, which are two of forty.
const FITTING: usize = 1_500;

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let [mut lindau, mut bregenz] = ["lindau", "bregenz"].map(|alias| league.city(alias));
    let acme = league.firm("acme");
    for alias in ["lindau", "bregenz", "acme"] {
        league.hand_bundle_to(alias);
    }
    let usual: Vec<String> = (0..40).map(|site| format!("Kai-{site:02}")).collect();
    let usual: Vec<&str> = usual.iter().map(String::as_str).collect();
    for (name, _) in LISTS {
        let sites = match name {
            "odd" => &ODD[..],
            "foul" => &FOUL[..],
            _ => &usual[..],
        };
        lindau.holds(name, &list(sites), "");
    }
    bregenz.holds("rides", &rides(&usual), "");
    acme.holds("listed", &list(&["Kai-00", "Kai-01", "Kai-77"]), "");
    for city in [&lindau, &bregenz, &acme] {
        city.publishes();
    }
    for (name, to) in LISTS {
        let travel = format!("\njoin = {{ travel = {{ columns = [\"site\"], to = {to} }} }}");
        let travel = if to.is_empty() { String::new() } else { travel };
        let terms = format!("{ALL}{travel}");
        lindau.offers(name, name, &terms, "\"league\"", "auto");
    }
    bregenz.offers("rides", "all", ALL, "\"league\"", "auto");
    for city in [&mut lindau, &mut bregenz] {
        city.serve();
        acme.knows(city);
    }
    for (name, _) in LISTS {
        let _ = acme.contract(&format!("lindau.{name}"));
    }
    let _ = acme.contract("bregenz.rides");
    let attackers = [&lindau, &bregenz]
        .map(|city| MaliciousPeer::enter(&league, "acme", city.address(), city.domain()).unwrap());
    let between = |alias: &str, real: &MaliciousPeer| {
        let malicious_server = MaliciousServer::listen(&league, alias, real);
        acme.hansa(&["peer", "remove", alias]).must();
        let id = format!("{alias}.example");
        acme.hansa(&["peer", "add", malicious_server.address(), "--id", &id])
            .must();
        malicious_server
    };
    let giver = between("lindau", &attackers[0]);
    let third = between("bregenz", &attackers[1]);
    let mut fixture = KeyTransferFixture {
        acme,
        bregenz,
        giver,
        third,
        _lindau: lindau,
        _attackers: attackers,
        _league: league,
    };
    tried(&mut fixture, &ATTACKS)
}

/// Two sites to a district.
fn list(sites: &[&str]) -> String {
    let mut csv = "site,district\n".to_owned();
    for (at, site) in sites.iter().enumerate() {
        writeln!(csv, "\"{site}\",d{}", at / 2).unwrap();
    }
    csv
}

fn rides(usual: &[&str]) -> String {
    let mut csv = "ride,site,note\n".to_owned();
    let many = usual.iter().cycle().take(FITTING / 2 * usual.len());
    let few = ODD.iter().chain(&FOUL);
    let few = few.flat_map(|site| std::iter::repeat_n(site, EACH));
    for (ride, site) in many.chain(few).enumerate() {
        writeln!(csv, "{ride},\"{site}\",n{}", ride % 7).unwrap();
    }
    csv
}

const ATTACKS: [AttackCase<KeyTransferFixture>; 3] = [
    AttackCase {
        number: 142,
        setup: "K",
        name: "asks what few values of a giver would spare most of, where its contract lets none go there",
        expected: "the answer, and no value on the third's wire or books",
        does: kept,
        lacks: "",
    },
    AttackCase {
        number: 143,
        setup: "K",
        name: "brings values that it was not asked for, other rows, or no receipt, to have them sent on",
        expected: "no answer, and no question to the third",
        does: misgiven,
        lacks: "",
    },
    AttackCase {
        number: 144,
        setup: "K",
        name: "brings values that are SQL where a quote is taken for the end",
        expected: "a list of these values or none, and the rows that fit",
        does: quoted,
        lacks: "",
    },
];

/// Questions of which the third needs to answer the twentieth part, if it is told which.
const GAIN: [&str; 4] = [
    "SELECT r.ride, s.district FROM lindau.{sites} s JOIN bregenz.rides r ON r.site = s.site WHERE s.district = 'd0'",
    "SELECT r.ride FROM bregenz.rides r WHERE r.site IN (SELECT site FROM lindau.{sites} WHERE district = 'd0')",
    "SELECT r.ride FROM bregenz.rides r WHERE EXISTS (SELECT 1 FROM lindau.{sites} s WHERE s.site = r.site AND s.district = 'd0')",
    "SELECT s.site, r.ride FROM (SELECT site FROM lindau.{sites} WHERE district = 'd0') s LEFT JOIN bregenz.rides r ON r.site = s.site",
];

/// The same by way of a list that may go there, and of one's own.
const ROUNDABOUT: [&str; 2] = [
    "SELECT r.ride FROM lindau.{sites} k JOIN lindau.sent s ON s.site = k.site JOIN bregenz.rides r ON r.site = s.site \
     WHERE k.district = 'd0'",
    "SELECT r.ride FROM lindau.{sites} k JOIN acme.listed l ON l.site = k.site JOIN bregenz.rides r ON r.site = l.site \
     WHERE k.district = 'd0'",
];

fn raw(ticket: &Ticket) -> String {
    String::from_utf8_lossy(&ticket.ticket).into_owned()
}

fn read(ticket: &Ticket) -> QueryRequest {
    from_ticket(&ticket.ticket).unwrap().ask
}

impl KeyTransferFixture {
    /// How many rows a question has, and what is said below them.
    fn asked(&self, sql: &str) -> Result<(usize, Value), String> {
        let answer = self.acme.ask(sql);
        if answer.status != Some(0) {
            return Err(format!("{sql}: {}", answer.err));
        }
        let mut lines = answer.lines();
        let below = lines.pop().unwrap_or_default();
        Ok((lines.len(), below["hansa"].clone()))
    }

    /// The last question that the third got.
    fn last(&self) -> Option<Ticket> {
        self.third.asked().pop()
    }

    /// How many questions took values along, by the log of who asked.
    fn sendings(&self) -> usize {
        let remote_queries = self.acme.records("remote_query");
        let with = remote_queries
            .iter()
            .filter(|record| record["body"].get("keys").is_some());
        with.count()
    }
}

fn kept(fixture: &mut KeyTransferFixture) -> AttackVerdict {
    // Where they may go they do, so that there is something to be kept.
    for sql in GAIN {
        let sql = sql.replace("{sites}", "sent");
        let (rows, _) = fixture.asked(&sql)?;
        let text = fixture
            .last()
            .map(|ticket| raw(&ticket))
            .unwrap_or_default();
        if rows != FITTING || !text.contains("Kai-00") || !text.contains("Kai-01") {
            return Err(format!("nothing is spared by {sql}: {rows} rows, {text}"));
        }
    }
    let (before, sendings) = (fixture.third.asked().len(), fixture.sendings());
    if sendings != GAIN.len() {
        return Err(format!("{sendings} sendings are on the books"));
    }
    let mut questions = 0;
    for name in ["kept", "elsewhere"] {
        for sql in GAIN.iter().chain(&ROUNDABOUT) {
            let sql = sql.replace("{sites}", name);
            let (rows, _) = fixture.asked(&sql)?;
            if rows != FITTING {
                return Err(format!("{sql}: {rows} rows"));
            }
            questions += 1;
        }
    }
    let heard = fixture.third.asked().split_off(before);
    if heard.len() < questions {
        return Err(format!("{} questions came", heard.len()));
    }
    for ticket in &heard {
        let request = read(ticket).request.to_string();
        let show = ["--json", "audit", "show", &request];
        let log = fixture.bregenz.hansa(&show).must().out;
        if !log.contains("rides") {
            return Err(format!("its text is not on the books: {log}"));
        }
        for (place, text) in [("wire", raw(ticket)), ("books", log)] {
            if text.contains("Kai-") {
                return Err(format!("on the {place}: {text}"));
            }
        }
    }
    if fixture.sendings() != sendings {
        return Err("the own books tell of a sending".to_owned());
    }
    fixture.acme.verifies();
    Ok(format!("{} questions say nothing of it", heard.len()))
}

fn misgiven(fixture: &mut KeyTransferFixture) -> AttackVerdict {
    let sql = GAIN[0].replace("{sites}", "sent");
    let honest = fixture.asked(&sql)?.0;
    let asks = |to: fn(&str) -> String| {
        fixture.giver.rewrite_tickets(Arc::new(move |ticket| {
            let mut asking = from_ticket(&ticket.ticket).unwrap();
            asking.ask.sql = to(&asking.ask.sql);
            Ticket {
                ticket: to_ticket(&asking),
            }
        }));
    };
    let mut codes = BTreeSet::new();
    // Rows of a wider question and of another one, each with its true receipt.
    let texts: [fn(&str) -> String; 2] = [
        |sql| {
            let (before, _) = sql.split_once(" WHERE ").unwrap();
            before.to_owned()
        },
        |sql| sql.replace("'d0'", "'d7'"),
    ];
    for to in texts {
        asks(to);
        codes.insert(refused(fixture, &sql)?);
    }
    asks(str::to_owned);
    // The rows twice, and without an end.
    let changes: [AnswerRewrite; 2] = [
        Arc::new(|mut real: Vec<FlightData>| {
            real.insert(1, real[1].clone());
            real
        }),
        Arc::new(|mut real: Vec<FlightData>| {
            real.pop();
            real
        }),
    ];
    for change in changes {
        fixture.giver.rewrite_answers(change, false);
        codes.insert(refused(fixture, &sql)?);
    }
    fixture.giver.rewrite_answers(Arc::new(|real| real), false);
    if fixture.asked(&sql)?.0 != honest {
        return Err("the honest answer is not taken any more".to_owned());
    }
    fixture.acme.verifies();
    Ok(format!("4 answers, each also to `--partial`: {codes:?}"))
}

/// Asks, also for an answer that may lack somebody, and says with which code it was refused.
fn refused(fixture: &KeyTransferFixture, sql: &str) -> AttackVerdict {
    let known = ["RECEIPT_MISMATCH", "PEER_DATA_INVALID", "STREAM_CUT"];
    let ask = ["--json", "sql", sql, "--purpose", PURPOSE, "--partial"];
    let mut met = String::new();
    for args in [&ask[..5], &ask[..]] {
        let before = fixture.third.asked().len();
        let done = fixture.acme.hansa(args);
        if done.status == Some(0) {
            return Err(format!("taken as an answer: {}", done.out));
        }
        if let Some(ticket) = fixture.third.asked().split_off(before).first() {
            return Err(format!("the third was asked: {}", raw(ticket)));
        }
        let code = known
            .iter()
            .find(|code| done.err.contains(&format!("\"code\":\"{code}\"")));
        match code {
            Some(code) => met = (*code).to_owned(),
            None => return Err(done.err),
        }
    }
    Ok(met)
}

fn quoted(fixture: &mut KeyTransferFixture) -> AttackVerdict {
    let ask = |name: &str| {
        let sql = format!(
            "SELECT r.ride, s.site FROM lindau.{name} s JOIN bregenz.rides r ON r.site = s.site"
        );
        let (rows, below) = fixture.asked(&sql)?;
        let all = below["participants"].as_array().cloned();
        let mut all = all.unwrap_or_default().into_iter();
        let third = all.find(|one| one["participant"] == "bregenz.example");
        let brought = number(&third.unwrap_or_default(), "rows");
        let text = fixture.last().map(|ticket| read(&ticket).sql);
        Ok::<_, String>((rows, brought, text.unwrap_or_default()))
    };
    let (rows, brought, text) = ask("odd")?;
    let fits = i64::try_from(rows) == Ok(brought) && rows == ODD.len() * EACH;
    if !fits || !text.contains("'x'') OR (''1'' = ''1'") {
        return Err(format!("{rows} rows of {brought} for {text}"));
    }
    // What can't be written so that it reads back as what it is stays here, and all rows are asked for.
    let (rows, brought, text) = ask("foul")?;
    let listed = i64::try_from(rows) == Ok(brought);
    if rows != FOUL.len() * EACH || !listed && text.contains("WHERE") {
        return Err(format!("{rows} rows of {brought} for {text}"));
    }
    let sent = if listed {
        "sent as they are"
    } else {
        "not sent"
    };
    Ok(format!(
        "{} values in quotes; {} {sent}",
        ODD.len(),
        FOUL.len()
    ))
}
