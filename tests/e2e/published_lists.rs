//! Published lists: what a provider does not hold it signs nothing by and answers nothing by.

use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use serde_json::Value;
use std::path::Path;

const ALWAYS: &str = "valid = { from = 2026-01-01, until = 2029-12-31 }";
const LACKS: &str = "TERM_NOT_EXECUTABLE_HERE";

/// Of the sights of Berlin, by which district they are in: the first two in Mitte, the third in Tempelhof-Schöneberg, then
/// no place, and one that is none.
const SIGHTS: &str = "id,lon,lat,kind\n\
    reichstag,13.3762,52.5186,seat\n\
    cathedral,13.4010,52.5191,church\n\
    townhall,13.3451,52.4849,seat\n\
    nowhere,,,church\n\
    mistaken,413.0,52.5,church\n\
    charite,13.3777,52.5262,hospital\n";

const KINDS: &str = "kind,sort,state\nseat,office,yes\nchurch,worship,no\n";

fn districts() -> String {
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/lists/berlin_bezirke.geojson");
    std::fs::read_to_string(file).unwrap()
}

fn digest(text: &str) -> String {
    hansa_audit_log::digest::Digest::of(text.as_bytes()).to_string()
}

fn sights(firm: &TestParticipant) -> Vec<String> {
    let sql = "SELECT id, kind, cell FROM lindau.sights ORDER BY id";
    let mut lines = firm.hansa(&["--json", "sql", sql]).must().lines();
    lines.pop();
    let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("NULL").to_owned();
    let row = |row: &Value| ["id", "kind", "cell"].map(|name| text(row, name)).join(" ");
    lines.iter().map(row).collect()
}

#[test]
fn rows_of_a_published_area_with_levels_of_a_published_table() {
    let league = TestLeague::new(binary());
    let mut lindau = league.city("lindau");
    let acme = league.firm("acme");
    let (area, table) = (districts(), KINDS.to_owned());
    lindau.holds("sights", SIGHTS, "");
    lindau.holds("places", SIGHTS, "");
    lindau.publishes();
    let terms = format!(
        "{ALWAYS}\nwithin = {{ list = \"{}\", which = \"name=Mitte\" }}\n\
         mask = {{ kind = {{ level = \"sort\", table = \"{}\" }} }}\ncells = {{ to = \"grid:1000\" }}",
        digest(&area),
        digest(&table)
    );
    lindau.offers("sights", "mitte", &terms, "\"league\"", "auto");
    let named = format!(
        "{ALWAYS}\ncells = {{ to = \"areas:{}:name\", as = \"district\" }}",
        digest(&area)
    );
    lindau.offers("places", "districts", &named, "\"league\"", "auto");
    league.hand_bundle_to("lindau");
    // Nothing is offered by a list that is not here, also where one of the same name is.
    lindau.write("lists/kinds.csv", &format!("{table}\n"));
    lindau.serve();
    acme.knows(&lindau);
    let checked = lindau.hansa(&["policy", "check"]);
    checked.refused(LACKS, 3);
    let nothing = acme.hansa(&["contract", "request", "lindau.sights", "--sign"]);
    assert_ne!(nothing.status, Some(0), "{}", nothing.out);
    lindau.write("lists/kinds.csv", &table);
    lindau.write("lists/berlin.geojson", &area);
    lindau.hansa(&["reload"]).must();
    lindau.hansa(&["policy", "check"]).must();
    let contract = acme.contract("lindau.sights");
    let expect = [
        "cathedral worship 1kmN3273E4551",
        "charite NULL 1kmN3273E4550",
        "reichstag office 1kmN3273E4550",
    ];
    assert_eq!(sights(&acme), expect);
    let _ = acme.contract("lindau.places");
    let sql = "SELECT id, district FROM lindau.places ORDER BY id";
    let districts = acme.hansa(&["sql", sql, "--format", "csv"]).must().out;
    let expect_districts = [
        "id,district",
        "cathedral,Mitte",
        "charite,Mitte",
        "mistaken,",
        "nowhere,",
        "reichstag,Mitte",
        "townhall,Tempelhof-Schöneberg",
    ];
    assert_eq!(districts.lines().collect::<Vec<_>>(), expect_districts);
    let degrees = ["sql", "SELECT lon FROM lindau.places"];
    acme.hansa(&degrees).refused("COLUMN_UNKNOWN", 2);
    // The consumer needs no list to read what it has signed.
    let page = acme.hansa(&["contract", "show", &contract]).must().out;
    assert!(
        page.contains(&digest(&area)) && page.contains("kind shows the level “sort” instead"),
        "{page}"
    );
    let seen = lindau
        .hansa(&[
            "--json",
            "simulate",
            "--as",
            acme.domain(),
            "--contract",
            &contract,
        ])
        .must()
        .out;
    for text in ["place_cells", "lookup", "\"cell\""] {
        assert!(seen.contains(text), "{text}: {seen}");
    }
    // Who proposes terms over a list that is not here is told so, and nobody signs.
    let other = terms.replace(&digest(&table), &digest("another"));
    acme.write("wanted.toml", &format!("title = \"wanted\"\n{other}\n"));
    let proposed = acme.hansa(&[
        "--json",
        "contract",
        "request",
        "lindau.sights",
        "--policy",
        "wanted.toml",
        "--sign",
    ]);
    let message = format!("{}{}", proposed.out, proposed.err);
    assert!(message.contains(LACKS), "{message}");
    // A list that is gone, or is another by one byte, ends what was signed by it, at once and after a restart.
    lindau.write("lists/berlin.geojson", &format!("{area} "));
    let output = lindau.hansa(&["reload"]);
    let text = format!("{}{}", output.out, output.err);
    assert!(text.contains(LACKS), "{text}");
    let count = ["sql", "SELECT count(*) FROM lindau.sights"];
    acme.hansa(&count).refused(LACKS, 3);
    std::fs::remove_file(lindau.folder().join("lists/berlin.geojson")).unwrap();
    lindau.kill();
    lindau.serve();
    acme.knows(&lindau);
    acme.hansa(&count).refused(LACKS, 3);
    lindau.write("lists/berlin.geojson", &area);
    lindau.hansa(&["reload"]).must();
    assert_eq!(sights(&acme), expect);
}
