//! Attacks on memory, time and connections.

mod frames;

use crate::attacks::load::frames::RawHttp2Connection;
use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use hansa_policy::id::ContractId;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::{CollectedAnswer, MaliciousPeer, ticket};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

struct LoadFixture {
    lindau: TestParticipant,
    attacker: MaliciousPeer,
    other: MaliciousPeer,
    contract: ContractId,
    others: ContractId,
    pid: Option<u32>,
    league: TestLeague,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let firms = ["acme", "other"].map(|alias| league.firm(alias));
    league.hand_bundle_to("lindau");
    let file = lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let tight = config
        .replace("timeout    = \"120s\"", "timeout    = \"12s\"")
        .replace("memory     = \"512 MB\"", "memory     = \"64 MB\"")
        .replace("spill      = \"4 GB\"", "spill      = \"64 MB\"")
        .replace("concurrent = 16", "concurrent = 4");
    assert_ne!(config, tight);
    std::fs::write(&file, tight).unwrap();
    lindau.offers_long(3000, ALL);
    lindau.serve();
    let [contract, others] = firms.each_ref().map(|firm| {
        firm.knows(&lindau);
        firm.contract("lindau.long").parse().unwrap()
    });
    let [attacker, other] = ["acme", "other"].map(|alias| {
        MaliciousPeer::enter(&league, alias, lindau.address(), lindau.domain()).unwrap()
    });
    let mut load = LoadFixture {
        pid: lindau.pid(),
        lindau,
        attacker,
        other,
        contract,
        others,
        league,
    };
    tried(&mut load, &ATTACKS)
}

impl LoadFixture {
    fn ask(&self, sql: &str) -> CollectedAnswer {
        self.attacker.ask(&[self.contract], sql)
    }

    /// Whether others are served meanwhile, by the same process as at the beginning, within the time that a question may take.
    fn serves(&self) -> Result<Duration, String> {
        let started = Instant::now();
        let answer = self.other.ask(&[self.others], "SELECT count(*) FROM long");
        if answer.rows != ["3000"] || self.lindau.pid() != self.pid {
            return Err(format!("others are not served: {}", answer.message()));
        }
        Ok(started.elapsed())
    }
}

const ATTACKS: [AttackCase<LoadFixture>; 4] = [
    AttackCase {
        number: 68,
        setup: "resource",
        name: "cross joins, a billion groups, spilling sorts, huge texts",
        expected: "RESOURCE_LIMIT; others are served in time",
        does: bombs,
        lacks: "",
    },
    AttackCase {
        number: 69,
        setup: "resource",
        name: "ten thousand streams, reset streams, headers without end, a slow reader",
        expected: "TOO_MANY_STREAMS, cut, closed; others are served",
        does: floods,
        lacks: "",
    },
    AttackCase {
        number: 70,
        setup: "resource",
        name: "statements of many bytes, terms, levels, arms",
        expected: "SQL_TOO_LARGE / SQL_TOO_DEEP; the process never aborts",
        does: statements,
        lacks: "",
    },
    AttackCase {
        number: 71,
        setup: "resource",
        name: "compressed and oversized requests",
        expected: "refused unread",
        does: messages,
        lacks: "",
    },
];

fn bombs(load: &mut LoadFixture) -> AttackVerdict {
    let mut codes = BTreeSet::new();
    let mut slowest = Duration::ZERO;
    for sql in [
        "SELECT count(*) FROM long a, long b, long c",
        "SELECT a.id, b.id, c.site, count(*) FROM long a, long b, long c GROUP BY 1, 2, 3",
        "SELECT a.note || b.note AS x FROM long a, long b ORDER BY reverse(a.note || b.note)",
        "SELECT count(DISTINCT a.note || b.note) FROM long a, long b",
        "SELECT repeat(note, 1000000000) FROM long",
        "SELECT lpad(note, 1000000000, 'x') FROM long",
        "SELECT repeat(repeat(repeat(note, 100), 100), 100) FROM long",
        "SELECT max(a.id * b.id * c.id) FROM long a CROSS JOIN long b CROSS JOIN long c",
        "SELECT sum(x) OVER (ORDER BY y) FROM (SELECT a.id AS x, b.note AS y FROM long a, long b) AS t",
    ] {
        let asked = ticket(&[load.contract], sql, PURPOSE.parse().ok());
        let (answer, meanwhile) = std::thread::scope(|scope| {
            let bomb = scope.spawn(|| load.attacker.ticket(&asked, &[]));
            let meanwhile = load.serves();
            (bomb.join().unwrap(), meanwhile)
        });
        slowest = slowest.max(meanwhile.map_err(|why| format!("{sql}: {why}"))?);
        codes.insert(answer.code());
        if answer.code() != "RESOURCE_LIMIT" {
            return Err(format!(
                "{sql}: {} rows, {}",
                answer.rows.len(),
                answer.message()
            ));
        }
    }
    Ok(format!(
        "{codes:?}; others wait {} ms at most",
        slowest.as_millis()
    ))
}

fn floods(load: &mut LoadFixture) -> AttackVerdict {
    let tickets: Vec<_> = (0..200)
        .map(|_| {
            let sql = "SELECT count(*) FROM long a, long b WHERE a.id < b.id";
            ticket(&[load.contract], sql, PURPOSE.parse().ok())
        })
        .collect();
    let answer = load.attacker.at_once(&tickets);
    let codes: BTreeSet<_> = answer.iter().map(CollectedAnswer::code).collect();
    if !codes.contains("TOO_MANY_STREAMS") {
        return Err(format!("{codes:?}"));
    }
    let enter = || {
        RawHttp2Connection::enter(
            &load.league,
            "acme",
            load.lindau.address(),
            load.lindau.domain(),
        )
    };
    let reset = enter().reset_streams(10_000);
    load.serves()?;
    let open = enter().open_streams(10_000);
    load.serves()?;
    let headers = enter().endless_headers(64);
    load.serves()?;
    let pings = enter().pings(100_000);
    load.serves()?;
    // What keeps its place without saying anything is let go of, and costs nobody else.
    let _idle: Vec<_> = (0..50).map(|_| enter()).collect();
    load.serves()?;
    // A reader that takes nothing for longer than an answer may last gives its slot back.
    crate::resources::a_reader_that_stands_still_gives_its_slot_back();
    Ok(format!(
        "{codes:?}; resets: {reset}; open: {open}; headers: {headers}; pings: {pings}"
    ))
}

fn statements(load: &mut LoadFixture) -> AttackVerdict {
    let sum = |terms: usize| format!("SELECT {} FROM long", vec!["1"; terms].join(" + "));
    let or = |terms: usize| {
        let all = vec!["id = 1"; terms].join(" OR ");
        format!("SELECT count(*) FROM long WHERE {all}")
    };
    let nested = |open: &str, close: &str, times: usize| {
        format!(
            "SELECT {}1{} FROM long",
            open.repeat(times),
            close.repeat(times)
        )
    };
    let cases = [
        (
            "16 MB",
            format!("SELECT '{}' FROM long", "x".repeat(16_000_000)),
        ),
        (
            "3 MB",
            format!("SELECT '{}' FROM long", "x".repeat(3_000_000)),
        ),
        (
            "300 KB",
            format!("SELECT '{}' FROM long", "x".repeat(300_000)),
        ),
        ("1600 ones", sum(1600)),
        ("5000 ones", sum(5000)),
        ("10^5 ones", sum(100_000)),
        ("5000 ORs", or(5000)),
        ("10^4 ORs", or(10_000)),
        ("10^4 parentheses", nested("(", ")", 10_000)),
        ("10^4 cases", nested("CASE WHEN true THEN ", " END", 10_000)),
        ("10^4 NOTs", nested("NOT ", "", 10_000)),
        ("10^4 signs", nested("- ", "", 10_000)),
        ("10^4 calls", nested("abs(", ")", 10_000)),
        ("10^4 subqueries", nested("(SELECT ", ")", 10_000)),
        (
            "10^4 casts",
            format!("SELECT 1{} FROM long", "::INT".repeat(10_000)),
        ),
        (
            "5000 UNIONs",
            vec!["SELECT id FROM long"; 5000].join(" UNION ALL "),
        ),
        ("10^4 UNIONs", vec!["SELECT 1"; 10_000].join(" UNION ")),
        (
            "10^4 columns",
            format!("SELECT {} FROM long", vec!["id"; 100_000].join(",")),
        ),
        (
            "10^4 joins",
            format!("SELECT 1 FROM long{}", ", long".repeat(10_000)),
        ),
        (
            "10^4 CTEs",
            format!(
                "WITH {} SELECT 1",
                (0..10_000)
                    .map(|n| format!("x{n} AS (SELECT 1)"))
                    .collect::<Vec<_>>()
                    .join(",")
            ),
        ),
        (
            "a billion laughs",
            format!(
                "WITH a0 AS (SELECT 1) {} SELECT * FROM a60",
                (1..61)
                    .map(|n| format!(
                        ", a{n} AS (SELECT * FROM a{0} UNION ALL SELECT * FROM a{0})",
                        n - 1
                    ))
                    .collect::<String>()
            ),
        ),
        (
            "10^5 literals",
            format!(
                "SELECT 1 FROM long WHERE id IN ({})",
                vec!["1"; 100_000].join(",")
            ),
        ),
    ];
    let mut codes = BTreeSet::new();
    for (what, sql) in &cases {
        let answer = load.ask(sql);
        if !["SQL_TOO_LARGE", "SQL_TOO_DEEP", "MESSAGE_TOO_LARGE"].contains(&answer.code()) {
            return Err(format!(
                "{what}: {} rows, {}",
                answer.rows.len(),
                answer.message()
            ));
        }
        codes.insert(answer.code());
    }
    load.serves()?;
    Ok(format!("{} statements: {codes:?}", cases.len()))
}

fn messages(load: &mut LoadFixture) -> AttackVerdict {
    let asked = || {
        ticket(
            &[load.contract],
            "SELECT count(*) FROM long",
            PURPOSE.parse().ok(),
        )
    };
    for encoding in ["gzip", "deflate", "zstd", "snappy"] {
        let answer = load
            .attacker
            .ticket(&asked(), &[("grpc-encoding", encoding)]);
        if answer.refusal.is_none() {
            return Err(format!("{encoding}: answered"));
        }
    }
    let mut codes = BTreeSet::new();
    for ticket in [
        Vec::new(),
        vec![0; 5_000_000],
        vec![0xff; 1000],
        vec![0; 1_100_000],
        {
            let mut more = asked();
            more.extend([0xfa, 0x07, 0x01, 0x00]);
            more
        },
        {
            let mut twice = asked();
            twice.extend(asked());
            twice
        },
    ] {
        let answer = load.attacker.ticket(&ticket, &[]);
        if !["MESSAGE_MALFORMED", "MESSAGE_TOO_LARGE"].contains(&answer.code()) {
            return Err(format!("{} bytes: {}", ticket.len(), answer.message()));
        }
        codes.insert(answer.code());
    }
    let greeting = hansa_proto::peer::pb::Greeting {
        versions: vec![1],
        bundle: vec![7; 5_000_000].into(),
        ..Default::default()
    };
    let hello = load.attacker.hello(greeting);
    let code = hello
        .err()
        .map_or("greeted", |refusal| refusal.code.as_str());
    if code != "MESSAGE_TOO_LARGE" {
        return Err(format!("a greeting of 5 MB: {code}"));
    }
    load.serves()?;
    Ok(format!("compressed: refused; {codes:?}"))
}
