//! One city whose questions workers help with, each a process of its own: the answers stay the same, whoever computes them.

use super::cells::ALLOWED;
use super::data::{self, rows};
use super::pool::{self, PooledSession};
use super::world::{CellTerms, register, write};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::property_cases;
use hansa_test_support::worker_process::WorkerProcess;
use hansa_test_support::workflow::{ALL, wait_for};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Two and more row groups of lines, which are what is dealt.
const SCALE: f64 = 0.05;

const TABLES: [&str; 8] = [
    "orders", "lineitem", "customer", "part", "partsupp", "supplier", "nation", "region",
];

/// The customers as their masks show them.
const MASKED: &str = "(SELECT * REPLACE (substr(c_phone, 1, 2) AS c_phone, substr(c_address, 1, 5) AS c_address) \
    FROM bremen.customer) AS customer";

/// Those that must run in stages.
const STAGED: [u32; 8] = [1, 3, 5, 9, 10, 12, 18, 21];

#[test]
fn all_22_questions_with_any_number_of_workers() {
    let league = TestLeague::new(binary());
    let mut bremen = league.city("bremen");
    let firm = league.firm("firm");
    league.hand_bundle_to("bremen");
    let files = publish(&bremen);
    let pool = PooledSession::new(&files);
    bremen.serve();
    firm.knows(&bremen);
    for table in TABLES {
        let _ = firm.contract(&format!("bremen.{table}"));
    }
    let asked = |number: u32| {
        let sql = data::question(number, &["bremen"]);
        firm.ask(&sql).must().rows()
    };
    let permitted = |number: u32| {
        let sql = data::question(number, &["bremen"]);
        let lines = "* FROM bremen.lineitem";
        let sql = sql.replace(lines, &format!("{lines} WHERE l_quantity < 50"));
        pool.ask(&sql.replace("bremen.customer", MASKED))
    };
    let own = |number: u32| {
        let sql = data::question(number, &["bremen"]);
        bremen.ask(&sql).must().rows()
    };
    let all = || (1..=22).map(asked).collect::<Vec<_>>();
    let bare = std::fs::read_to_string(bremen.folder().join("hansa.toml")).unwrap();
    bremen.hansa(&["cluster", "init"]).must();
    let mut workers: Vec<WorkerProcess> = (1..=3)
        .map(|number| WorkerProcess::of(&bremen, &format!("w{number}")))
        .collect();
    // On another machine, where nothing of the connector is but what a worker needs.
    workers.push(WorkerProcess::elsewhere(&bremen, "w4"));
    let with = |workers: &[WorkerProcess]| {
        let tables: Vec<String> = workers.iter().map(WorkerProcess::table).collect();
        let text = format!("{bare}\n[cluster]\nat_least = 1000\n{}", tables.join("\n"));
        bremen.write("hansa.toml", &text);
        bremen.hansa(&["reload"]).must();
    };
    // One worker alone would only move the work.
    with(&workers[..1]);
    let alone = all();
    for (number, rows) in (1..).zip(&alone) {
        pool::same(number, rows, &permitted(number));
    }
    assert_eq!(workers[0].questions(), 0);
    let own_alone = STAGED.map(own);
    for count in [2, 4] {
        with(&workers[..count]);
        for (number, rows) in (1..).zip(&alone) {
            let before = WorkersSeen::of(&workers[..count]);
            // To the last digit.
            assert_eq!(asked(number), *rows, "{number} with {count} workers");
            let seen = before.until(&workers[..count]);
            println!("{number:>2}: {seen:?} of {count} workers");
            if STAGED.contains(&number) {
                seen.all_of(count);
                // All that workers give of the first is for the connector.
                assert!(number == 1 || seen.rows > 0, "{number}: {seen:?}");
            }
        }
        // For our own people, who see all rows, by a grant of the house.
        for (number, rows) in STAGED.into_iter().zip(&own_alone) {
            let before = WorkersSeen::of(&workers[..count]);
            assert_eq!(own(number), *rows, "{number} with {count} workers");
            before.until(&workers[..count]).all_of(count);
        }
    }
    // What is counted is counted where the answer leaves.
    let each = "SELECT l_orderkey, count(*) AS n FROM bremen.lineitem GROUP BY l_orderkey";
    firm.ask(each).refused("QUOTA_ROWS", 3);
    // One that is gone is left alone, and the others go on.
    workers[1].kill();
    assert_eq!(asked(5), alone[4], "one of four is lost");
    let before = workers[2].questions();
    assert_eq!(asked(5), alone[4], "three are left");
    assert_eq!(workers[2].questions(), before + 1);
    // And without any the city computes it itself.
    workers.iter_mut().for_each(WorkerProcess::kill);
    assert_eq!(asked(5), alone[4], "all are lost");
    bremen.verifies();
}

/// Where a contract shows cells alone, workers give their states, and the cells are those of one machine: none is below the threshold.
#[test]
fn cells_are_the_same_with_any_number_of_workers() {
    /// More than the smallest group of lines has at this scale.
    const LEAST: usize = 10_000;
    let league = TestLeague::new(binary());
    let mut bremen = league.city("bremen");
    let firm = league.firm("firm");
    league.hand_bundle_to("bremen");
    let mut offers = Vec::new();
    for (table, by, measures) in [
        ("orders", &["o_orderpriority"][..], &["o_totalprice"][..]),
        (
            "lineitem",
            &["l_returnflag", "l_linestatus"],
            &["l_quantity", "l_extendedprice", "l_discount"],
        ),
    ] {
        let cells = CellTerms {
            by,
            measures,
            least: LEAST,
        };
        add(&bremen, table);
        register(&bremen, &cells);
        offers.push((table, cells));
    }
    bremen.publishes();
    for (table, cells) in offers {
        bremen.offers(table, table, &cells.terms(), "\"league\"", "auto");
    }
    bremen.serve();
    firm.knows(&bremen);
    for table in ["orders", "lineitem"] {
        let _ = firm.contract(&format!("bremen.{table}"));
    }
    let asked = || {
        ALLOWED.map(|(table, by, what)| {
            let sql =
                format!("SELECT {by}, {what} FROM bremen.{table} GROUP BY {by} ORDER BY {by}");
            firm.ask(&sql).must().rows()
        })
    };
    let alone = asked();
    assert_eq!(alone.each_ref().map(Vec::len), [3, 5], "{alone:?}");
    bremen.hansa(&["cluster", "init"]).must();
    let bare = std::fs::read_to_string(bremen.folder().join("hansa.toml")).unwrap();
    let workers = ["w1", "w2", "w3", "w4"].map(|name| WorkerProcess::of(&bremen, name));
    for count in [2, 4] {
        let tables = workers[..count].iter().map(WorkerProcess::table);
        let tables = tables.collect::<Vec<_>>().join("\n");
        bremen.write(
            "hansa.toml",
            &format!("{bare}\n[cluster]\nat_least = 1000\n{tables}"),
        );
        bremen.hansa(&["reload"]).must();
        let before = WorkersSeen::of(&workers[..count]);
        assert_eq!(asked(), alone, "{count} workers");
        let seen = before.until(&workers[..count]);
        println!("cells: {seen:?} of {count} workers");
        assert_eq!(seen.questions, 2 * count);
        // A state for each group and worker, where there are 300,000 lines.
        assert!(seen.rows < 100, "{seen:?}");
    }
    bremen.verifies();
}

/// Whenever one of two workers dies while its tasks run, the answer is the right one.
#[test]
fn a_worker_that_is_killed_at_any_point_changes_no_answer() {
    let seed = property_cases::seed("HANSA_PROPERTY_SEED");
    let rounds = property_cases::number("HANSA_WORKER_KILLS", 20);
    let mut random = StdRng::seed_from_u64(seed);
    let league = TestLeague::new(binary());
    let mut bremen = league.city("bremen");
    let firm = league.firm("firm");
    league.hand_bundle_to("bremen");
    let _files = publish(&bremen);
    bremen.serve();
    firm.knows(&bremen);
    for table in TABLES {
        let _ = firm.contract(&format!("bremen.{table}"));
    }
    let questions = [1, 5, 12].map(|number| data::question(number, &["bremen"]));
    let rows = |sql: &str| firm.ask(sql).must().rows();
    bremen.hansa(&["cluster", "init"]).must();
    let bare = std::fs::read_to_string(bremen.folder().join("hansa.toml")).unwrap();
    let with = |workers: &[WorkerProcess]| {
        let tables: Vec<String> = workers.iter().map(WorkerProcess::table).collect();
        let text = format!("{bare}\n[cluster]\nat_least = 1000\n{}", tables.join("\n"));
        bremen.write("hansa.toml", &text);
        bremen.hansa(&["reload"]).must();
    };
    let names = ["w1", "w2"];
    let mut workers = names.map(|name| WorkerProcess::of(&bremen, name));
    with(&workers);
    let expected = questions.each_ref().map(|sql| rows(sql));
    let started = Instant::now();
    assert_eq!(rows(&questions[1]), expected[1]);
    let one = started.elapsed();
    // A trace is written a little later than what it tells.
    wait_for(
        "four questions at each worker",
        Duration::from_secs(60),
        || {
            let each_has = workers.iter().all(|worker| worker.questions() >= 4);
            each_has.then_some(())
        },
    );
    let mut began = 0;
    for round in 0..rounds {
        let at = usize::try_from(round).unwrap() % questions.len();
        let victim = random.random_range(0..2);
        let after = one.mul_f64(random.random_range(0.0..1.2));
        let before = workers[victim].questions();
        let (sql, rows) = (&questions[at], &rows);
        let answer = std::thread::scope(|scope| {
            let asked = scope.spawn(move || rows(sql));
            std::thread::sleep(after);
            workers[victim].kill();
            asked.join().unwrap()
        });
        assert_eq!(answer, expected[at], "round {round} of seed {seed}");
        began += workers[victim].questions() - before;
        // Reloading forgets that it was not there.
        workers[victim] = WorkerProcess::again(&bremen, names[victim]);
        with(&workers);
    }
    println!("{began} of {rounds} had begun, seed {seed}");
    bremen.verifies();
}

/// What workers have done so far.
#[derive(Debug)]
struct WorkersSeen {
    /// Questions in which they took part.
    questions: usize,
    /// Rows that they gave to one another.
    rows: u64,
}

impl WorkersSeen {
    fn of(workers: &[WorkerProcess]) -> Self {
        Self {
            questions: workers.iter().map(WorkerProcess::questions).sum(),
            rows: workers.iter().map(WorkerProcess::exchanged).sum(),
        }
    }

    /// What they have done since, as soon as each has said what it gave.
    fn until(&self, workers: &[WorkerProcess]) -> Self {
        wait_for("the end of their tasks", Duration::from_secs(60), || {
            workers.iter().all(WorkerProcess::is_idle).then_some(())
        });
        let now = Self::of(workers);
        Self {
            questions: now.questions - self.questions,
            rows: now.rows - self.rows,
        }
    }

    #[track_caller]
    fn all_of(&self, count: usize) {
        assert_eq!(self.questions, count, "{self:?}");
    }
}

/// The columns of lines but for the comment.
fn shown() -> String {
    let first = rows("lineitem", SCALE, 1, 1).next().unwrap();
    let schema = first.schema();
    let names = schema
        .fields()
        .iter()
        .map(|field| format!("\"{}\"", field.name()));
    let names: Vec<String> = names.filter(|name| !name.contains("comment")).collect();
    names.join(", ")
}

/// Writes a table and adds it to the configuration; where it lies.
fn add(city: &TestParticipant, table: &str) -> PathBuf {
    let file = city.folder().join(format!("{table}.parquet"));
    write(&file, rows(table, SCALE, 1, 1));
    let path = file.to_str().unwrap();
    let add = ["dataset", "add", path, "--name", table, "--licence"];
    city.hansa(&[&add[..], &["proprietary"]].concat()).must();
    file
}

/// The tables, of which lines of large quantities and all comments are hidden, and phones and addresses of customers masked; what
/// lies where, for the pool.
fn publish(city: &TestParticipant) -> BTreeMap<String, PathBuf> {
    let mut files = BTreeMap::new();
    for table in TABLES {
        files.insert(format!("bremen.{table}"), add(city, table));
    }
    city.publishes();
    for table in TABLES {
        let terms = match table {
            "lineitem" => format!(
                "{ALL}\nrows = \"l_quantity < 50\"\nrows_per_day = 1_000\nbytes_per_day = \"1 GB\"\ncolumns = [{}]",
                shown()
            ),
            "customer" => format!(
                "{ALL}\nmask = {{ c_phone = {{ prefix = 2 }}, c_address = {{ prefix = 5 }} }}"
            ),
            _ => ALL.to_owned(),
        };
        city.offers(table, table, &terms, "\"league\"", "auto");
    }
    files
}
