//! Licence, attribution and units travel with an answer, in every format that has a place for them.

use crate::bicycle_counts::{BicycleCounts, MODEL};
use crate::binary;
use arrow_array::RecordBatch;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::workflow::{ALL, PURPOSE};
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use serde_json::Value;
use std::fs::File;

const ALL_ROWS: &str = "SELECT * FROM lindau.counts";

/// A city whose contract names the source, and a firm that holds that contract.
fn pair(league: &TestLeague) -> (TestParticipant, TestParticipant) {
    let counts = BicycleCounts::of("lindau", 2, 2, 7);
    let mut lindau = league.city("lindau");
    lindau.write("data/counts.csv", &counts.csv());
    lindau.configure(&MODEL.replace("\"proprietary\"", "\"CC-BY-4.0\""));
    lindau.publishes();
    let terms = format!("{ALL}\nduties = [{{ attribution = \"Stadt Lindau, Tiefbauamt\" }}]\n");
    lindau.offers("counts", "terms", &terms, "\"league\"", "auto");
    let acme = league.firm("acme");
    league.hand_bundle_to("lindau");
    lindau.serve();
    acme.knows(&lindau);
    let _ = acme.contract("lindau.counts");
    (lindau, acme)
}

/// What an answer says of the one dataset that it read.
#[track_caller]
fn says(footer: &Value, read: &str) {
    let read = footer.pointer(read).unwrap_or_else(|| panic!("{footer}"));
    assert_eq!(read["licence"], "CC-BY-4.0", "{read}");
    assert_eq!(read["attribution"][0], "Stadt Lindau, Tiefbauamt", "{read}");
    assert_eq!(read["title"], "Bicycle counts", "{read}");
    assert!(read["contract"].is_string(), "{read}");
    assert!(read["units"].is_object(), "{read}");
}

const READ: &str = "/hansa/participants/0/reads/0";

#[test]
fn an_answer_names_its_sources_in_every_format() {
    let league = TestLeague::new(binary());
    let (_lindau, acme) = pair(&league);
    let ask = |more: &[&str]| {
        let args = [&["sql", ALL_ROWS, "--purpose", PURPOSE], more].concat();
        acme.hansa(&args).must()
    };
    let json = ask(&["--json"]).lines();
    let footer = json.last().expect("a footer");
    says(footer, READ);
    assert!(footer["hansa"]["notices"].is_array(), "{footer}");

    let csv = ask(&["--format", "csv"]);
    assert!(!csv.out.contains("Tiefbauamt"), "{}", csv.out);
    assert!(
        csv.err
            .contains("licence CC-BY-4.0, attribution: Stadt Lindau, Tiefbauamt"),
        "{}",
        csv.err
    );

    for name in ["a.arrow", "a.feather", "a.arrows", "a.parquet"] {
        let _ = ask(&["--output", name]);
    }
    let file = |name: &str| File::open(acme.folder().join(name)).expect("the answer is there");
    let parsed = |text: &String| serde_json::from_str::<Value>(text).expect("metadata is JSON");
    let rows = json.len() - 1;
    let counted = |batches: &mut dyn Iterator<Item = RecordBatch>| {
        batches.map(|batch| batch.num_rows()).sum::<usize>()
    };
    for name in ["a.arrow", "a.feather"] {
        let mut read = arrow_ipc::reader::FileReader::try_new(file(name), None).expect("a file");
        says(&parsed(&read.custom_metadata()["hansa"]), READ);
        says(&parsed(&read.schema().metadata()["hansa.reads"]), "/0");
        assert_eq!(
            counted(&mut read.by_ref().map(Result::unwrap)),
            rows,
            "{name}"
        );
    }
    let mut read =
        arrow_ipc::reader::StreamReader::try_new(file("a.arrows"), None).expect("a stream");
    says(&parsed(&read.schema().metadata()["hansa.reads"]), "/0");
    assert_eq!(counted(&mut read.by_ref().map(Result::unwrap)), rows);

    let read = SerializedFileReader::new(file("a.parquet")).expect("a Parquet file");
    let pairs = read
        .metadata()
        .file_metadata()
        .key_value_metadata()
        .expect("metadata");
    let footers: Vec<Value> = pairs
        .iter()
        .filter(|pair| pair.key == "hansa")
        .map(|pair| parsed(pair.value.as_ref().expect("a value")))
        .collect();
    let [footer] = footers.as_slice() else {
        panic!("one statement under `hansa`, not {footers:?}")
    };
    says(footer, READ);
}
