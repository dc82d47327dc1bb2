//! The allowlist of SQL bears any text: what lies in its folder, the statements of the attacks, and cases that are almost those.

mod any_text;

use hansa_test_support::mutation::{XorshiftRandom, case};
use hansa_test_support::property_cases;
use std::panic::catch_unwind;
use std::path::Path;
use std::time::{Duration, Instant};

/// No statement may take longer than planning may, and a little.
const LONGEST: Duration = Duration::from_secs(25);

#[test]
fn the_guard_of_sql_bears_everything() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/sql");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    // One statement a line.
    let seeds: Vec<Vec<u8>> = files
        .iter()
        .flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.lines()
                .map(|line| line.as_bytes().to_vec())
                .collect::<Vec<_>>()
        })
        .collect();
    let planned = seeds.iter().filter(|sql| {
        let text = String::from_utf8_lossy(sql);
        text.starts_with("SELECT")
    });
    assert!(planned.count() > 20, "the seeds are gone");
    let (cases, seed) = (
        property_cases::number("HANSA_CASES", 2000),
        property_cases::seed("HANSA_SEED"),
    );
    let mut chance = XorshiftRandom::new(seed);
    let made = (0..cases).map(|_| case(&seeds, &mut chance));
    for (number, sql) in seeds.iter().cloned().chain(made).enumerate() {
        let started = Instant::now();
        let done = catch_unwind(|| any_text::sql(&sql));
        let text = String::from_utf8_lossy(&sql);
        match done {
            Ok(Ok(())) if started.elapsed() < LONGEST => {}
            Ok(Ok(())) => panic!(
                "case {number} of seed {seed} took {:?}: {text}",
                started.elapsed()
            ),
            Ok(Err(why)) => panic!("case {number} of seed {seed}, {why}: {text}"),
            Err(_) => panic!("case {number} of seed {seed} panicked: {text}"),
        }
    }
}
