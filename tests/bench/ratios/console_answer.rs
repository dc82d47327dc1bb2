//! Long answer that the console keeps for its reader: memory while it comes, and the time of its pages.

use crate::console_visit::{ConsolePage, ConsoleVisit, configure_console};
use crate::measure::median;
use crate::readers::{own, resident};
use crate::table::ResultTable;
use crate::world;
use hansa_test_support::league::TestLeague;
use hansa_test_support::workflow::{ALL, PURPOSE, wait_for};
use std::path::Path;
use std::time::{Duration, Instant};

/// How it is called.
pub(crate) const NAME: &str = "answer kept by the console";

/// Rows of a page of an answer.
const PAGE: usize = 50;

/// Looks at pages of the whole answer.
const LOOKS: usize = 40;

/// Measures one answer of so many rows.
pub(crate) fn beside(table: &mut ResultTable, rows: usize) {
    eprintln!("an answer of {rows} rows, kept by the console");
    let league = TestLeague::new(Path::new(env!("CARGO_BIN_EXE_hansa")));
    let mut provider = league.city("north");
    let mut consumer = league.firm("firm");
    for alias in ["north", "firm"] {
        league.hand_bundle_to(alias);
    }
    let file = provider.folder().join("counts.parquet");
    world::write(&file, rows);
    let add = ["dataset", "add", "counts.parquet", "--name", "counts"];
    let licence = ["--licence", "proprietary"];
    provider.hansa(&[&add[..], &licence].concat()).must();
    provider.publishes();
    provider.offers("counts", "open", ALL, "\"league\"", "auto");
    provider.serve();
    configure_console(&consumer, "\"analyst\"");
    consumer.serve();
    consumer.knows(&provider);
    let _ = consumer.contract("north.counts");
    let process = consumer.pid().unwrap();
    let mebibytes = |bytes: f64| bytes / f64::from(1 << 20);
    let visit = ConsoleVisit::sign_in(&consumer);
    let form = visit.look("/ask");
    let (_, key) = form.body.split_once("name=\"key\" value=\"").unwrap();
    let key = key.split('"').next().unwrap();
    let purpose = PURPOSE.replace(':', "%3A");
    let before = own(process);
    let asked = Instant::now();
    let sent = visit.post(
        "/ask",
        &format!(
            "key={key}&purpose={purpose}&sql=SELECT+id%2C+site%2C+n+FROM+north.counts&step=ask"
        ),
    );
    let mut lines = sent.head.lines();
    let address = lines.find_map(|line| line.strip_prefix("location: "));
    let address = address.unwrap().to_owned();
    let (mut first, mut most) = (None, 0.0_f64);
    let limit = Duration::from_secs(600);
    wait_for("the end of the answer", limit, || {
        let page = visit.look(&address);
        assert_eq!(page.status, 200, "{}", page.body);
        most = most.max(own(process));
        if first.is_none() && page.body.contains("site ") {
            first = Some(asked.elapsed().as_secs_f64());
        }
        (!page.body.contains("/stop\"")).then_some(())
    });
    let whole = asked.elapsed().as_secs_f64();
    let looks: Vec<ConsolePage> = (0..LOOKS)
        .map(|look| {
            visit.look(&format!(
                "{address}?page={}",
                rows / PAGE * (look + 1) / LOOKS
            ))
        })
        .collect();
    assert!(
        looks
            .iter()
            .all(|page| page.status == 200 && page.body.contains("site ")),
        "each page has rows"
    );
    most = most.max(own(process));
    let mut times: Vec<f64> = looks.iter().map(|page| page.milliseconds).collect();
    times.sort_by(f64::total_cmp);
    for (what, figure) in [
        (
            "MiB of own memory more than before, at most 64",
            mebibytes(most - before),
        ),
        ("MiB in memory in all", mebibytes(resident(process))),
        ("seconds to the first rows", first.unwrap()),
        ("seconds to the last row", whole),
        (
            "a page anywhere in it, p95 in ms, at most 100",
            times[LOOKS * 95 / 100],
        ),
        ("a page anywhere in it, p50 in ms", median(&mut times)),
    ] {
        table.note(
            &format!("console, an answer of {rows} rows: {what}"),
            figure,
        );
    }
    consumer.stop();
    provider.stop();
}
