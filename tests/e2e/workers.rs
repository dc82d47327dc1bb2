//! What holds for one machine holds across workers: withdrawals, cancels and deadlines end what runs at them, and memory is bounded at
//! each of them.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::worker_process::WorkerProcess;
use hansa_test_support::workflow::{ALL, PURPOSE, wait_for};
use std::time::{Duration, Instant};

/// Rows of the table; joined with itself there are its square of them, and no machine here is done with these before a test ends.
const ROWS: u32 = 60_000;

/// A join whose rows meet at workers, and that does not end by itself.
const ENDLESS: &str = "SELECT a.site, count(*) AS n, sum(a.id + b.id) AS total FROM lindau.long a JOIN lindau.long b \
    ON a.site = b.site WHERE a.id + b.id <> 7 GROUP BY a.site ORDER BY a.site";

/// One that is over at once.
const SHORT: &str = "SELECT site, count(*) AS n FROM lindau.long GROUP BY site ORDER BY site";

struct CityWithWorkers {
    lindau: TestParticipant,
    acme: TestParticipant,
    workers: [WorkerProcess; 2],
    contract: String,
    _league: TestLeague,
}

impl CityWithWorkers {
    fn with(limits: &str) -> Self {
        let league = TestLeague::new(binary());
        let (lindau, acme) = league.long_table(ROWS, ALL);
        lindau.hansa(&["cluster", "init"]).must();
        let first = std::fs::read_to_string(lindau.folder().join("hansa.toml")).unwrap();
        let (before, rest) = first.split_once("[limits]").unwrap();
        let (_, after) = rest.split_once("\n[").unwrap();
        lindau.write(
            "hansa.toml",
            &format!("{before}[limits]\n{limits}\n\n[{after}"),
        );
        let workers = ["w1", "w2"].map(|name| WorkerProcess::of(&lindau, name));
        let tables = workers.each_ref().map(WorkerProcess::table).join("\n");
        lindau.configure(&format!("[cluster]\nat_least = 1000\n{tables}"));
        lindau.hansa(&["reload"]).must();
        let contract = acme.contract("lindau.long");
        let city = Self {
            lindau,
            acme,
            workers,
            contract,
            _league: league,
        };
        let _ = city.acme.ask(SHORT).must();
        assert_eq!(city.questions(), 2, "the workers help");
        city
    }

    fn questions(&self) -> usize {
        self.workers.iter().map(WorkerProcess::questions).sum()
    }

    /// Waits until both workers run tasks of one more question.
    fn runs_one_more_than(&self, before: usize) {
        wait_for("tasks at both workers", Duration::from_secs(120), || {
            (self.questions() == before + 2).then_some(())
        });
        // Computing, and not about to begin.
        let busy = |worker: &WorkerProcess| worker.cpu_ticks();
        let first = self.workers.each_ref().map(busy);
        wait_for("work at both workers", Duration::from_secs(120), || {
            let now = self.workers.each_ref().map(busy);
            let busy = now.iter().zip(&first).all(|(now, first)| *now > first + 10);
            busy.then_some(())
        });
    }

    /// Waits until both have let go and compute nothing, and tells how long that took.
    fn is_idle(&self, what: &str) {
        let started = Instant::now();
        wait_for("the end of the tasks", Duration::from_secs(60), || {
            self.workers
                .iter()
                .all(WorkerProcess::is_idle)
                .then_some(())
        });
        let over = started.elapsed();
        let mut last = self.workers.each_ref().map(WorkerProcess::cpu_ticks);
        let mut quiet = Instant::now();
        wait_for("idle workers", Duration::from_secs(60), || {
            let now = self.workers.each_ref().map(WorkerProcess::cpu_ticks);
            if now != last {
                (last, quiet) = (now, Instant::now());
            }
            // Half a second without a hundredth of computing.
            (quiet.elapsed() > Duration::from_millis(500)).then_some(())
        });
        let quiet = quiet.duration_since(started);
        println!("{what}: over after {over:?}, nothing computed after {quiet:?}");
    }
}

#[test]
fn what_ends_a_question_ends_its_tasks() {
    let city = CityWithWorkers::with("timeout = \"2h\"");
    let begin = |sql: &str| {
        let before = city.questions();
        let going = city.acme.start(&["sql", sql, "--purpose", PURPOSE]);
        city.runs_one_more_than(before);
        going
    };
    // Whoever asked goes away.
    let mut going = begin(ENDLESS);
    going.kill();
    city.is_idle("left");
    // The contract is withdrawn.
    let mut going = begin(ENDLESS);
    let end = [
        "contract",
        "withdraw",
        &city.contract,
        "--reason",
        "over",
        "--yes",
    ];
    city.lindau.hansa(&end).must();
    let ended = going.end();
    assert!(ended.err.contains("WITHDRAWN"), "{ended:?}");
    assert!(ended.out.is_empty(), "{}", ended.out);
    city.is_idle("withdrawn");
    let before = city.questions();
    city.acme.ask(SHORT).ends(3);
    assert_eq!(city.questions(), before);
    city.lindau.verifies();
}

/// Half of the time is the workers'; the rest the connector takes to try it by itself.
#[test]
fn tasks_end_with_the_time_of_their_question() {
    let mut city = CityWithWorkers::with("timeout = \"8s\"");
    let before = city.questions();
    let ended = city.acme.ask(ENDLESS);
    assert!(ended.err.contains("RESOURCE_LIMIT"), "{}", ended.err);
    assert_eq!(city.questions(), before + 2);
    city.is_idle("over time");
    let _ = city.acme.ask(SHORT).must();
    // Who looks for what does not work sees each worker.
    let seen = city.lindau.hansa(&["doctor"]).must().out;
    for name in ["`w1` takes", "`w2` takes"] {
        assert!(seen.contains(name), "{seen}");
    }
    city.workers[0].kill();
    let seen = city.lindau.hansa(&["doctor"]);
    assert_ne!(seen.status, Some(0));
    let all = format!("{}{}", seen.out, seen.err);
    assert!(
        all.contains("WORKER_FAILED") && all.contains("`w2` takes"),
        "{all}"
    );
    city.lindau.verifies();
}

/// Groups of far more bytes than there is memory for: they go to temporary files at each worker, or the question is refused, and no
/// worker grows beyond what a question may use and what it is itself.
#[test]
fn memory_is_bounded_at_each_worker() {
    let city = CityWithWorkers::with("memory = \"48 MB\"\nspill = \"2 GB\"");
    let idle = city.workers.each_ref().map(WorkerProcess::resident);
    // Ten times the rows, each with two texts of 160 letters, in groups that are all held until the last row; some are told.
    let wide = "SELECT a.id, b.id AS other, max(a.note || b.note) AS note FROM lindau.long a JOIN lindau.long b \
        ON a.id % 6000 = b.id % 6000 GROUP BY a.id, b.id ORDER BY 3 DESC, 1, 2 LIMIT 20";
    let before = city.questions();
    let asked = city.acme.ask(wide);
    assert!(
        asked.status == Some(0) || asked.err.contains("RESOURCE_LIMIT"),
        "{}",
        asked.err
    );
    assert_eq!(city.questions(), before + 2);
    for (worker, idle) in city.workers.iter().zip(idle) {
        let [_, most] = worker.resident();
        let [idle, _] = idle;
        println!(
            "{} MB of resident memory, {} MB idle",
            most >> 20,
            idle >> 20
        );
        assert!(most < idle + (256 << 20), "{most} bytes, {idle} idle");
    }
    city.is_idle("sorted");
    city.lindau.verifies();
}
