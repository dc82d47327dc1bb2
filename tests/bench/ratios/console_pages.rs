//! Pages of the console of a provider with a hundred thousand contracts: time on the server, bytes, and memory.

use crate::console_visit::{ConsolePage, ConsoleVisit, configure_console};
use crate::many::{ManyDatasetsFixture, SOME};
use crate::measure::median;
use crate::readers::resident;
use crate::table::ResultTable;

/// How it is called.
pub(crate) const NAME: &str = "pages of the console";

/// Looks at each page.
const LOOKS: usize = 40;

/// Measures lists of a provider with so many contracts.
pub(crate) fn beside(table: &mut ResultTable, count: usize) {
    eprintln!("pages of the console beside {count} contracts");
    let mut many = ManyDatasetsFixture::of(SOME, count);
    configure_console(&many.provider, "\"officer\", \"auditor\"");
    many.provider.serve();
    let visit = ConsoleVisit::sign_in(&many.provider);
    let before = resident(many.provider.pid().unwrap()) / f64::from(1 << 20);
    let first = visit.look("/contracts");
    let (_, rest) = first.body.split_once("rel=\"next\"").unwrap();
    let next = link_before(&first.body, rest);
    for (what, path) in [
        ("list", "/contracts".to_owned()),
        ("next page", next),
        ("filter by participant", "/contracts?with=firm".to_owned()),
        ("filter by state", "/contracts?state=in-force".to_owned()),
        ("filter by text", "/contracts?text=d000007".to_owned()),
        (
            "filter that finds nothing",
            "/contracts?text=nowhere".to_owned(),
        ),
        ("overview", "/".to_owned()),
    ] {
        let looks: Vec<ConsolePage> = (0..LOOKS).map(|_| visit.look(&path)).collect();
        assert!(looks.iter().all(|page| page.status == 200), "{path}");
        let mut times: Vec<f64> = looks.iter().map(|page| page.milliseconds).collect();
        times.sort_by(f64::total_cmp);
        let place = LOOKS * 95 / 100;
        table.note(
            &format!("console beside {count} contracts, {what}: p95 in ms, at most 50"),
            times[place],
        );
        table.note(
            &format!("console beside {count} contracts, {what}: p50 in ms"),
            median(&mut times),
        );
        let kilobytes = looks[0].body.len() as f64 / 1e3;
        table.note(
            &format!("console beside {count} contracts, {what}: kB of the page, at most 60"),
            kilobytes,
        );
    }
    let after = resident(many.provider.pid().unwrap()) / f64::from(1 << 20);
    table.note(
        &format!(
            "console beside {count} contracts: MiB more in memory after these looks, at most 5"
        ),
        after - before,
    );
    many.provider.stop();
}

/// Address of the link whose end is `rest`.
fn link_before(page: &str, rest: &str) -> String {
    let begun = page.strip_suffix(rest).unwrap();
    let (_, link) = begun.rsplit_once("href=\"").unwrap();
    link.split('"').next().unwrap().replace("&amp;", "&")
}
