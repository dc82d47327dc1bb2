//! Attacks on cells with noise and on the budget of privacy that they spend (P): somebody asks again and again, has more and
//! more released, and pulls the plug.

use crate::attacks::released_cells::persons_at_sites;
use crate::attacks::{AttackCase, AttackReportLine, tried};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, wait_for};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

struct PrivacyBudgetFixture {
    lindau: TestParticipant,
    acme: TestParticipant,
    globex: TestParticipant,
    initech: TestParticipant,
    _league: TestLeague,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let [acme, globex, initech] = ["acme", "globex", "initech"].map(|firm| league.firm(firm));
    league.hand_bundle_to("lindau");
    lindau.configure(&persons_at_sites(
        "walks",
        "steps",
        "never",
        "personal = true",
    ));
    let mut csv = String::from("at,site,person,steps\n");
    for person in 0..40 {
        let site = ["Hafen", "Insel"][person % 2];
        for on in 1..=2 {
            writeln!(csv, "2026-05-0{on}T08:10:00Z,{site},p{person},9").unwrap();
        }
    }
    lindau.write("data/walks.csv", &csv);
    lindau.publishes();
    for (firm, offer, bucket, each, unit) in [
        ("acme", "hour", "hour", "0.25", "person"),
        ("globex", "day", "day", "0.5", "person"),
        ("initech", "again", "day", "0.5", "at"),
    ] {
        let terms = format!(
            "{ALL}\naggregate = {{ by = [\"site\", \"at\"], functions = [\"count\", \"sum\"], measures = [\"steps\"], \
             bucket = \"{bucket}\", zone = \"UTC\", epsilon = {{ most = \"1.0\", per = \"month\", each = \"{each}\", unit = \"{unit}\", \
             cells = 1, bounds = {{ steps = [0, 20] }}, values = {{ site = [\"Hafen\", \"Insel\"] }}, from = 2026-05-01 }} }}"
        );
        lindau.offers(
            "walks",
            offer,
            &terms,
            &format!("[\"hansa://{firm}.example\"]"),
            "auto",
        );
    }
    lindau.serve();
    for firm in [&acme, &globex, &initech] {
        firm.knows(&lindau);
    }
    let _ = acme.contract("lindau.walks");
    let mut fixture = PrivacyBudgetFixture {
        lindau,
        acme,
        globex,
        initech,
        _league: league,
    };
    tried(&mut fixture, &ATTACKS)
}

/// The releases as the owner is told.
fn releases(fixture: &PrivacyBudgetFixture) -> Vec<Value> {
    let output = fixture
        .lindau
        .hansa(&["--json", "dataset", "show", "walks"]);
    let report = output.must().json();
    report["releases"].as_array().cloned().unwrap_or_default()
}

/// What was spent in each month, in hundredths, by what the owner is told; each cell's period once.
fn spent(releases: &[Value]) -> BTreeMap<String, u32> {
    let mut months = BTreeMap::new();
    for one in releases {
        // A release is of the day before its end.
        let until = one["until"].as_str().unwrap_or_default();
        let end = until.get(..10).unwrap_or_default();
        let month = match end.ends_with("-01") {
            true => format!("before {end}"),
            false => format!("{}-01", end.get(..7).unwrap_or_default()),
        };
        let epsilon: f64 = one["epsilon"].as_str().unwrap_or("0").parse().unwrap();
        *months.entry(month).or_insert(0) += (epsilon * 100.0).round() as u32;
    }
    months
}

const BEFORE: &str = " WHERE at < TIMESTAMP '2026-05-03T00:00:00Z'";

fn cells(firm: &TestParticipant, which: &str) -> Result<Vec<String>, String> {
    let sql =
        format!("SELECT site, at, n, sum_steps FROM lindau.walks.cube{which} ORDER BY site, at");
    let mut lines = firm.ask(&sql).must().lines();
    lines.pop();
    Ok(lines.iter().map(Value::to_string).collect())
}

const ATTACKS: [AttackCase<PrivacyBudgetFixture>; 4] = [
    AttackCase {
        number: 28,
        setup: "P",
        name: "averages the noise of a thousand answers",
        expected: "identical numbers, budget unchanged",
        does: |fixture| {
            let before = releases(fixture);
            let first = cells(&fixture.acme, BEFORE)?;
            // Cells of two sites in each hour of two days, with rows or without.
            if first.len() != 96 {
                return Err(format!("{} cells: {first:?}", first.len()));
            }
            let exact = |line: &String| {
                let eight = line.contains("T08:") || line.contains(" 08:");
                let known = if eight { "\"n\":20," } else { "\"n\":0," };
                line.contains(known)
            };
            if first.iter().filter(|line| exact(line)).count() > 48 {
                return Err(format!("there is no noise: {first:?}"));
            }
            // A thousand times in the one answer, and in several of them.
            let many = "SELECT count(DISTINCT n) AS kinds, count(*) AS times FROM (SELECT c.n FROM lindau.walks.cube c \
                        CROSS JOIN generated g WHERE c.site = 'Hafen' AND c.at = TIMESTAMP '2026-05-01T08:00:00Z')";
            let rows: Vec<String> = (0..1000).map(|one| format!("({one})")).collect();
            let many = many.replace(
                "generated g",
                &format!("(VALUES {}) AS g(i)", rows.join(", ")),
            );
            let reports = fixture.acme.ask(&many).must().lines();
            if reports[0]["kinds"] != 1 || reports[0]["times"] != 1000 {
                return Err(format!("{reports:?}"));
            }
            for _ in 0..5 {
                if cells(&fixture.acme, BEFORE)? != first {
                    return Err("other numbers".to_owned());
                }
            }
            // A publication in between draws nothing anew.
            fixture.lindau.publishes();
            match (
                cells(&fixture.acme, BEFORE)? == first,
                releases(fixture) == before,
            ) {
                (true, true) => Ok("the same 96 cells, nothing spent".to_owned()),
                other => Err(format!("same numbers and budget: {other:?}")),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 29,
        setup: "P",
        name: "releases until the budget is gone",
        expected: "PRIVACY_BUDGET_SPENT, also after a restart",
        does: |fixture| {
            let before = releases(fixture);
            let months = spent(&before);
            if months.is_empty()
                || months.values().any(|spent| *spent > 100)
                || months["2026-05-01"] != 100
            {
                return Err(format!("{months:?}"));
            }
            let first = cells(&fixture.acme, BEFORE)?;
            let gone = "SELECT sum(n) AS n FROM lindau.walks.cube WHERE at >= TIMESTAMP '2026-05-10T00:00:00Z'";
            let whole = "SELECT count(*) AS n FROM lindau.walks";
            for restarted in [false, true] {
                if restarted {
                    fixture.lindau.kill();
                    fixture.lindau.serve();
                    for firm in [&fixture.acme, &fixture.globex, &fixture.initech] {
                        firm.knows(&fixture.lindau);
                    }
                }
                for sql in [gone, whole] {
                    let refused = fixture.acme.ask(sql);
                    if !refused.err.contains("PRIVACY_BUDGET_SPENT") {
                        return Err(format!("{sql}: {} {}", refused.out, refused.err));
                    }
                }
                if cells(&fixture.acme, BEFORE)? != first || spent(&releases(fixture)) != months {
                    return Err(format!("after a restart ({restarted}) something else"));
                }
            }
            Ok(format!("{} months, none above its budget", months.len()))
        },
        lacks: "",
    },
    AttackCase {
        number: 115,
        setup: "P",
        name: "takes a second contract for what the first has spent",
        expected: "PRIVACY_BUDGET_SPENT: one budget for the dataset and unit",
        does: |fixture| {
            let months = spent(&releases(fixture));
            let _ = fixture.globex.contract("lindau.walks");
            let refused = fixture
                .globex
                .ask("SELECT sum(n) AS n FROM lindau.walks.cube");
            let after = spent(&releases(fixture));
            match refused.err.contains("PRIVACY_BUDGET_SPENT")
                && after["2026-05-01"] == months["2026-05-01"]
            {
                true => Ok("nothing is left for it".to_owned()),
                false => Err(format!("{} {} {after:?}", refused.out, refused.err)),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 116,
        setup: "P",
        name: "pulls the plug while cells are drawn",
        expected: "each period is paid for once, and drawn once",
        does: |fixture| {
            let series = fixture
                .lindau
                .folder()
                .join("state/datasets/walks/releases/series.json");
            let waiting = || {
                let text = std::fs::read_to_string(&series).unwrap_or_default();
                text.contains("\"seed\": \"")
            };
            let going = fixture
                .initech
                .start(&["contract", "request", "lindau.walks", "--sign"]);
            wait_for("cells that are paid for", Duration::from_secs(60), || {
                waiting().then_some(())
            });
            fixture.lindau.kill();
            let caught = waiting();
            drop(going);
            fixture.lindau.serve();
            fixture.initech.knows(&fixture.lindau);
            if waiting() {
                return Err("something is paid for and never drawn".to_owned());
            }
            // What the log says of the cells of each period: one digest, one spending, whoever died in between.
            let mut seen: BTreeMap<(String, String), String> = BTreeMap::new();
            for record in fixture.lindau.records("release") {
                let body = &record["body"];
                let key = (body["cells"].to_string(), body["until"].to_string());
                let digest = body["digest"].to_string();
                if body["epsilon"].is_null() || *seen.entry(key).or_insert(digest.clone()) != digest
                {
                    return Err(format!("{body}"));
                }
            }
            let reported = cells(&fixture.initech, BEFORE);
            let reported = reported.map(|cells| cells.len());
            match reported {
                Ok(4) => Ok(format!(
                    "{} periods, each once; caught in the middle: {caught}",
                    seen.len()
                )),
                other => Err(format!("{other:?} cells")),
            }
        },
        lacks: "",
    },
];
