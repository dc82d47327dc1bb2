//! Attacks on what is counted.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use hansa_policy::id::ContractId;
use hansa_test_support::league::TestLeague;
use hansa_test_support::malicious_peer::{CollectedAnswer, MaliciousPeer, ticket};
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{PURPOSE, long_table, number, text};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

struct QuotaFixture {
    lindau: TestParticipant,
    acme: TestParticipant,
    attacker: MaliciousPeer,
    contracts: BTreeMap<&'static str, ContractId>,
    league: TestLeague,
}

/// Each attack has a dataset of its own, so that none finds a quota half used.
const SETS: [&str; 6] = ["many", "crash", "leave", "clock", "pack", "owed"];

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.renew("lindau", 30);
    league.renew("acme", 30);
    league.hand_bundle_to("lindau");
    let file = lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, config.replace("concurrent = 16", "concurrent = 3")).unwrap();
    let csv = long_table(3000);
    for name in SETS {
        lindau.holds(name, &csv, "");
        let open = if name == "owed" {
            "open_receipts = 2\n"
        } else {
            ""
        };
        let terms = format!(
            "{open}purpose = [\"{PURPOSE}\"]\nqueries_per_day = 10\nrows_per_day = 1000\n\
             bytes_per_day = \"1 MB\"\nvalid = {{ from = 2026-01-01, until = 2029-12-31 }}"
        );
        lindau.offers(name, name, &terms, "\"league\"", "auto");
    }
    lindau.publishes();
    lindau.serve();
    acme.knows(&lindau);
    let contracts = SETS
        .map(|name| {
            (
                name,
                acme.contract(&format!("lindau.{name}")).parse().unwrap(),
            )
        })
        .into();
    let attacker =
        MaliciousPeer::enter(&league, "acme", lindau.address(), lindau.domain()).unwrap();
    let mut fixture = QuotaFixture {
        lindau,
        acme,
        attacker,
        contracts,
        league,
    };
    tried(&mut fixture, &ATTACKS)
}

impl QuotaFixture {
    fn take(&self, dataset: &str, rows: u32) -> CollectedAnswer {
        let sql = format!("SELECT id FROM {dataset} LIMIT {rows}");
        self.attacker.ask(&[self.contracts[dataset]], &sql)
    }

    /// What the provider says is used.
    fn used(&self, dataset: &str, what: &str) -> u64 {
        let id = self.contracts[dataset].to_string();
        let output = self.lindau.hansa(&["--json", "contract", "show", &id]);
        let shown = output.must().json();
        let budgets = shown["budgets"].as_array().unwrap();
        let budget = budgets.iter().find(|budget| text(budget, "what") == what);
        u64::try_from(number(budget.unwrap(), "used")).unwrap()
    }

    fn serve_again(&mut self) {
        self.lindau.serve();
        self.reconnect();
    }

    fn reconnect(&mut self) {
        self.acme.knows(&self.lindau);
        let (address, domain) = (self.lindau.address(), self.lindau.domain());
        self.attacker = MaliciousPeer::enter(&self.league, "acme", address, domain).unwrap();
    }
}

const ATTACKS: [AttackCase<QuotaFixture>; 5] = [
    AttackCase {
        number: 60,
        setup: "Q",
        name: "asks fifty times at once for all that is left",
        expected: "1000 rows in sum at most; TOO_MANY_STREAMS",
        does: at_once,
        lacks: "",
    },
    AttackCase {
        number: 61,
        setup: "Q",
        name: "reconnects, kills, restarts, puts back older files",
        expected: "counters go on; LEDGER_ROLLBACK, and the node stays closed",
        does: restarted,
        lacks: "",
    },
    AttackCase {
        number: 62,
        setup: "Q",
        name: "leaves streams, never acknowledges",
        expected: "what was handed out is counted; RECEIPT_OVERDUE",
        does: left,
        lacks: "",
    },
    AttackCase {
        number: 74,
        setup: "Q",
        name: "packs everything into one row",
        expected: "QUOTA_BYTES",
        does: packed,
        lacks: "",
    },
    // After this one the clock of the place was moved.
    AttackCase {
        number: 63,
        setup: "Q",
        name: "moves the clock two days forth and back",
        expected: "a slot never opens again; CLOCK_UNTRUSTED",
        does: moved,
        lacks: "",
    },
];

fn at_once(fixture: &mut QuotaFixture) -> AttackVerdict {
    let tickets: Vec<_> = (0..50)
        .map(|_| {
            let sql = "SELECT id FROM many LIMIT 1000";
            ticket(&[fixture.contracts["many"]], sql, PURPOSE.parse().ok())
        })
        .collect();
    let answer = fixture.attacker.at_once(&tickets);
    let rows: usize = answer.iter().map(|answer| answer.rows.len()).sum();
    let codes: BTreeSet<_> = answer.iter().map(CollectedAnswer::code).collect();
    // What others have reserved and not used yet is out of reach too.
    let known = [
        "",
        "QUOTA_ROWS",
        "QUOTA_BYTES",
        "QUOTA_QUERIES",
        "TOO_MANY_STREAMS",
    ];
    if let Some(other) = codes.iter().find(|code| !known.contains(code)) {
        return Err((*other).to_owned());
    }
    let used = fixture.used("many", "rows");
    if rows == 0 || rows > 1000 || used > 1000 || used < rows as u64 {
        return Err(format!("{rows} rows, {used} counted: {codes:?}"));
    }
    match codes.contains("TOO_MANY_STREAMS") && fixture.used("many", "questions") <= 10 {
        true => Ok(format!("{rows} rows of 50 questions: {codes:?}")),
        false => Err(format!("{codes:?}")),
    }
}

fn restarted(fixture: &mut QuotaFixture) -> AttackVerdict {
    let log = fixture.lindau.folder().join("state/log");
    let taken = fixture.take("crash", 700);
    if taken.rows.len() != 700 {
        return Err(taken.message());
    }
    fixture.reconnect();
    let over = fixture.take("crash", 301);
    fixture.lindau.kill();
    // The counters are no file of their own: an older one, or none, is made again from the log.
    let index = fixture.lindau.folder().join("state/state.db");
    let older = std::fs::read(&index).unwrap();
    fixture.serve_again();
    let again = fixture.take("crash", 301);
    let some = fixture.take("crash", 200);
    if [over.code(), again.code(), some.code()] != ["QUOTA_ROWS", "QUOTA_ROWS", ""] {
        return Err(format!(
            "{} {} {}",
            over.message(),
            again.message(),
            some.message()
        ));
    }
    fixture.lindau.kill();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = std::fs::remove_file(index.with_file_name(name));
    }
    std::fs::write(&index, older).unwrap();
    fixture.serve_again();
    let after = fixture.take("crash", 101);
    let used = fixture.used("crash", "rows");
    if after.code() != "QUOTA_ROWS" || used < 900 {
        return Err(format!("an older index: {used} used, {}", after.message()));
    }
    // An older log under a newer index.
    fixture.lindau.stop();
    let aside = fixture.league.folder().join("aside");
    copied(&log, &aside);
    fixture.serve_again();
    let _ = fixture.take("crash", 100);
    fixture.lindau.stop();
    let newest = fixture.league.folder().join("newest");
    copied(&log, &newest);
    std::fs::remove_dir_all(&log).unwrap();
    copied(&aside, &log);
    let closed = fixture.lindau.hansa(&["--json", "serve"]);
    std::fs::remove_dir_all(&log).unwrap();
    copied(&newest, &log);
    fixture.serve_again();
    if closed.status == Some(0) || !closed.err.contains("LEDGER_ROLLBACK") {
        return Err(format!("an older log: {closed:?}"));
    }
    match fixture.used("crash", "rows") {
        1000 => Ok("counters go on; LEDGER_ROLLBACK".to_owned()),
        used => Err(format!("{used} rows used")),
    }
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copied(&path, &name);
        } else {
            std::fs::copy(&path, name).unwrap();
        }
    }
}

fn left(fixture: &mut QuotaFixture) -> AttackVerdict {
    let mut handed = 0;
    for messages in [1, 2, 3, 4] {
        let sql = "SELECT id FROM leave LIMIT 200";
        let asked = ticket(&[fixture.contracts["leave"]], sql, PURPOSE.parse().ok());
        handed += fixture.attacker.abandon(&asked, messages) as u64;
    }
    let settled = hansa_test_support::workflow::wait_for(
        "the ends",
        std::time::Duration::from_secs(20),
        || {
            let status = fixture.lindau.hansa(&["--json", "status"]).must().json();
            (number(&status, "running") == 0).then(|| fixture.used("leave", "rows"))
        },
    );
    // Receipts that are never signed are borne up to the number that the contract says.
    let codes: Vec<_> = (0..4).map(|_| fixture.take("owed", 1).code()).collect();
    if codes.first() != Some(&"") || codes.last() != Some(&"RECEIPT_OVERDUE") {
        return Err(format!("{codes:?}"));
    }
    match (handed..=1000).contains(&settled) && handed > 0 {
        true => Ok(format!("{settled} rows counted, {handed} handed out")),
        false => Err(format!("{settled} rows counted, {handed} handed out")),
    }
}

fn packed(fixture: &mut QuotaFixture) -> AttackVerdict {
    let ask = |sql: &str| fixture.attacker.ask(&[fixture.contracts["pack"]], sql);
    for sql in [
        "SELECT string_agg(note, '') FROM pack",
        "SELECT array_agg(note) FROM pack",
        "SELECT array_agg(struct(id, note)) FROM pack",
        "SELECT CAST(array_agg(note) AS VARCHAR) FROM pack",
    ] {
        let answer = ask(sql);
        if !["FUNCTION_UNKNOWN", "CONSTRUCT_NOT_ALLOWED", "SQL_SYNTAX"].contains(&answer.code()) {
            return Err(format!(
                "{sql}: {:?} {}",
                answer.rows.len(),
                answer.message()
            ));
        }
    }
    let mut bytes = 0;
    let mut last = String::new();
    for _ in 0..8 {
        let answer = ask("SELECT repeat(a.note, 600) FROM pack a LIMIT 3");
        bytes += answer.bytes.len();
        last = answer.message();
    }
    let used = fixture.used("pack", "bytes");
    match last.starts_with("QUOTA_BYTES") && bytes <= 1_000_000 && used <= 1_000_000 {
        true => Ok(format!("QUOTA_BYTES after {bytes} bytes")),
        false => Err(format!("{bytes} bytes, {used} counted, {last}")),
    }
}

fn moved(fixture: &mut QuotaFixture) -> AttackVerdict {
    let file = fixture.lindau.folder().join("hansa.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let set = |offset: &str| {
        std::fs::write(&file, format!("{config}\n[clock]\noffset = \"{offset}\"\n")).unwrap();
    };
    let reload = || fixture.lindau.hansa(&["reload"]).must();
    if fixture.take("clock", 1000).rows.len() != 1000 {
        return Err(fixture.take("clock", 1000).message());
    }
    let spent = fixture.take("clock", 1).code();
    set("+2d");
    reload();
    let next = fixture.take("clock", 1000);
    // Back by two days: first nobody is answered, then, once a person has looked, in the slot of the newest record.
    set("0s");
    fixture.league.hand_bundle_to("lindau");
    hansa_test_support::workflow::wait_for(
        "the old time",
        std::time::Duration::from_secs(60),
        || {
            let status = fixture.lindau.hansa(&["--json", "status"]).must().json();
            (number(&status, "clock_offset_s") == 0).then_some(())
        },
    );
    let untrusted = fixture.take("clock", 1).code();
    reload();
    let back = fixture.take("clock", 1).code();
    // A little back, as a clock that is slewed.
    set("-1s");
    reload();
    let slewed = fixture.take("clock", 1).code();
    let text = format!("{spent} {} {untrusted} {back} {slewed}", next.rows.len());
    match text == "QUOTA_ROWS 1000 CLOCK_UNTRUSTED QUOTA_ROWS QUOTA_ROWS" {
        true => Ok("the slot of the newest record; CLOCK_UNTRUSTED".to_owned()),
        false => Err(text),
    }
}
