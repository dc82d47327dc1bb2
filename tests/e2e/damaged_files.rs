//! Bytes that change on the disk of a city: what is in the way is told, and nobody gets a wrong answer.

use crate::attacks::released_cells::persons_at_sites;
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use serde_json::Value;
use std::path::{Path, PathBuf};

const SUM: &str = "SELECT sum(bikes) AS n, count(*) AS c, max(site) AS s FROM lindau.bikes";
const DAMAGED: &str = "SNAPSHOT_DAMAGED";

fn counts() -> String {
    let mut csv = "site,bikes\n".to_owned();
    for row in 0..90_000_u32 {
        csv.push_str(&format!(
            "site {},{}\n",
            row % 97,
            row.wrapping_mul(2_654_435_761) % 9_973
        ));
    }
    csv
}

fn played(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.holds("bikes", &counts(), "");
    lindau.publishes();
    lindau.offers("bikes", "all", ALL, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.bikes");
    (lindau, acme)
}

/// The one file below a folder whose name ends so.
pub(crate) fn found(folder: &Path, end: &str) -> PathBuf {
    let out = std::process::Command::new("find")
        .arg(folder)
        .args(["-name", &format!("*{end}"), "-path", "*/snapshots/*"])
        .output()
        .unwrap();
    let text = String::from_utf8(out.stdout).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    PathBuf::from(lines.last().unwrap())
}

pub(crate) fn flip(path: &Path, whole: &[u8], at: usize) {
    let mut other = whole.to_vec();
    other[at] ^= 1 << (at % 8);
    std::fs::write(path, other).unwrap();
}

fn answer(firm: &TestParticipant) -> Value {
    firm.ask(SUM).must().lines().remove(0)
}

/// The first version that is in the log, and the last.
fn versions(city: &TestParticipant) -> (String, String) {
    let all = city.records("publish");
    (
        text(&all[0], "version"),
        text(all.last().unwrap(), "version"),
    )
}

#[test]
fn a_changed_byte_of_rows_is_never_answered_from() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = played(&league);
    let good = answer(&acme);
    let file = found(lindau.folder(), ".parquet");
    let whole = std::fs::read(&file).unwrap();
    let size = whole.len();

    // While it serves: in pages of either column, in the footer, in its length.
    for at in [
        20,
        size / 5,
        size / 2,
        size / 10 * 9,
        size - 700,
        size - 60,
        size - 7,
    ] {
        flip(&file, &whole, at);
        let refused = acme.ask(SUM).refused(DAMAGED, 3);
        let text = format!("{}{}", refused.out, refused.err);
        assert!(!text.contains("part-0"), "{text}");
        // All of it is in question from then on.
        acme.ask("SELECT count(*) AS n FROM lindau.bikes")
            .refused(DAMAGED, 3);
        lindau
            .hansa(&["sql", "SELECT sum(bikes) FROM lindau.bikes"])
            .refused(DAMAGED, 3);
        std::fs::write(&file, &whole).unwrap();
        // Put back as it was: good again as soon as somebody has looked.
        lindau.hansa(&["doctor"]).must();
        assert_eq!(answer(&acme), good);
    }
    let checks = lindau.records("snapshot_check");
    let named = |member: &str| {
        let of = |check: &&Value| !check["body"][member].as_array().unwrap().is_empty();
        checks.iter().filter(of).count()
    };
    assert!(named("good") >= 7, "{checks:#?}");

    // While it is down: said by everything that looks.
    lindau.stop();
    flip(&file, &whole, size / 3);
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    acme.ask(SUM).refused(DAMAGED, 3);
    let doctor = lindau.hansa(&["doctor"]);
    assert_eq!(doctor.status, Some(3), "{}", doctor.out);
    assert!(
        doctor.out.contains("hansa dataset publish bikes"),
        "{}",
        doctor.out
    );
    let verified = lindau.hansa(&["audit", "verify"]);
    assert_eq!(verified.status, Some(3), "{}", verified.out);
    let status = lindau.hansa(&["status"]).must().out;
    assert!(status.contains(DAMAGED), "{status}");

    // Which answers came since it was good.
    let (version, _) = versions(&lindau);
    let snapshot = format!("bikes@{version}");
    let all = lindau
        .hansa(&["--json", "audit", "affected", &snapshot])
        .must()
        .lines();
    let since = ["--json", "audit", "affected", &snapshot, "--since-good"];
    let late = lindau.hansa(&since).must().lines();
    assert!(all.len() > late.len(), "{all:#?}\n{late:#?}");
    assert!(late.len() <= 2, "{late:#?}");
    let text = lindau.hansa(&["audit", "affected", &snapshot]).must().out;
    assert!(text.contains("found damaged on"), "{text}");

    // The remedy that is told helps.
    let published = lindau.hansa(&["dataset", "publish", "bikes"]).must().out;
    assert!(
        published.contains("repairs") && published.contains("--since-good"),
        "{published}"
    );
    assert_ne!(versions(&lindau).1, version);
    assert_eq!(answer(&acme), good);
    lindau.hansa(&["doctor"]).must();
    lindau.hansa(&["audit", "verify"]).must();

    // Without a question in between, publishing finds it too.
    lindau.stop();
    let file = found(lindau.folder(), ".parquet");
    let whole = std::fs::read(&file).unwrap();
    flip(&file, &whole, whole.len() / 3);
    let published = lindau.hansa(&["dataset", "publish", "bikes"]).must().out;
    assert!(published.contains("repairs"), "{published}");
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    assert_eq!(answer(&acme), good);
    lindau.verifies();
}

#[test]
fn a_changed_byte_of_a_manifest_is_noticed() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = played(&league);
    let good = answer(&acme);
    let manifest = found(lindau.folder(), "manifest.json");
    let whole = std::fs::read(&manifest).unwrap();
    lindau.stop();
    for part in 1..9 {
        flip(&manifest, &whole, whole.len() / 9 * part);
        lindau.hansa(&["check"]).refused(DAMAGED, 3);
        lindau.serve();
        acme.hansa(&["peer", "remove", "lindau"]).must();
        acme.knows(&lindau);
        assert_ne!(acme.ask(SUM).status, Some(0));
        let doctor = lindau.hansa(&["doctor"]);
        assert_eq!(doctor.status, Some(3), "{}", doctor.out);
        lindau.stop();
    }
    lindau.hansa(&["dataset", "publish", "bikes"]).must();
    lindau.hansa(&["check"]).must();
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    assert_eq!(answer(&acme), good);
}

#[test]
fn a_manifest_without_the_digests_of_blocks_is_damaged() {
    let league = TestLeague::new(binary());
    let (mut lindau, acme) = played(&league);
    let good = answer(&acme);
    let manifest = found(lindau.folder(), "manifest.json");
    let whole = std::fs::read(&manifest).unwrap();
    lindau.stop();
    for place in ["/manifest/blocks", "/sum"] {
        let (object, member) = place.rsplit_once('/').unwrap();
        let mut value: Value = serde_json::from_slice(&whole).unwrap();
        let members = value.pointer_mut(object).unwrap().as_object_mut().unwrap();
        assert!(members.remove(member).is_some());
        std::fs::write(&manifest, serde_json::to_vec_pretty(&value).unwrap()).unwrap();
        lindau.hansa(&["check"]).refused(DAMAGED, 3);
    }
    std::fs::write(&manifest, &whole).unwrap();
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    assert_eq!(answer(&acme), good);
}

#[test]
fn a_changed_byte_of_released_cells_is_never_answered_from() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.configure(&persons_at_sites("stays", "bikes", "correct", ""));
    let mut csv = "at,site,person,bikes\n".to_owned();
    for person in 0..40 {
        let (site, hour) = (["Hafen", "Insel"][person % 2], 8 + person % 4 / 2);
        csv.push_str(&format!(
            "2026-05-04T{hour:02}:10:00Z,{site},p{person},{person}\n"
        ));
    }
    lindau.write("data/stays.csv", &csv);
    lindau.publishes();
    let terms = format!(
        "{ALL}\naggregate = {{ by = [\"site\", \"at\"], functions = [\"count\", \"sum\"], measures = [\"bikes\"], \
         bucket = \"hour\", zone = \"UTC\", min_contributors = 5 }}"
    );
    lindau.offers("stays", "hour", &terms, "\"league\"", "auto");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.stays");
    let sql =
        "SELECT site, count(*) AS n, sum(bikes) AS b FROM lindau.stays GROUP BY site ORDER BY site";
    let asked = || acme.hansa(&["sql", sql, "--format", "csv", "--purpose", PURPOSE]);
    let good = asked().must().out;
    assert!(good.lines().count() > 1, "{good}");
    let releases = lindau.folder().join("state/datasets/stays/releases");
    let entries = std::fs::read_dir(&releases).unwrap();
    let cells = entries.map(|entry| entry.unwrap().path());
    let cells = cells.filter(|path| {
        let name = path.file_name().unwrap().to_str().unwrap();
        name.starts_with("cells-") && name.ends_with(".parquet")
    });
    let cells: Vec<PathBuf> = cells.collect();
    assert!(!cells.is_empty());
    for file in &cells {
        let whole = std::fs::read(file).unwrap();
        for part in 0..6 {
            flip(file, &whole, 8 + (whole.len() - 16) / 6 * part);
            asked().refused(DAMAGED, 3);
            let doctor = lindau.hansa(&["doctor"]);
            assert_eq!(doctor.status, Some(3), "{}", doctor.out);
            assert!(doctor.out.contains("from a backup"), "{}", doctor.out);
            std::fs::write(file, &whole).unwrap();
            lindau.hansa(&["doctor"]).must();
            assert_eq!(asked().must().out, good);
        }
    }
    // The list of what was released.
    lindau.stop();
    let list = releases.join("series.json");
    let whole = std::fs::read(&list).unwrap();
    for part in 1..5 {
        flip(&list, &whole, whole.len() / 5 * part);
        lindau.serve();
        acme.hansa(&["peer", "remove", "lindau"]).must();
        acme.knows(&lindau);
        assert_ne!(asked().status, Some(0));
        lindau.stop();
    }
    std::fs::write(&list, &whole).unwrap();
    lindau.serve();
    acme.hansa(&["peer", "remove", "lindau"]).must();
    acme.knows(&lindau);
    assert_eq!(asked().must().out, good);
    lindau.verifies();
}
