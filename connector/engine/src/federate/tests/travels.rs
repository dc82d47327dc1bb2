//! What goes out and what comes back.

use super::{CITIES, World, run};

#[track_caller]
fn sends(sql: &str, texts: &[&str]) {
    let world = World::new();
    run(world.ask(sql)).unwrap();
    let mut sent = world.texts();
    sent.sort();
    assert_eq!(sent, texts, "{sql}");
}

#[test]
fn texts() {
    sends(
        "SELECT t.place FROM munster.trips AS t WHERE t.n > 5 AND t.ts >= '2024-01-05T00:00:00Z' LIMIT 3",
        &[
            "munster: SELECT place AS c0 FROM trips WHERE (n > 5) AND (ts >= '2024-01-05T00:00:00Z') LIMIT 3",
        ],
    );
    sends(
        "SELECT place, avg(n), count(*) FROM munster.trips GROUP BY place",
        &["munster: SELECT place AS k0, avg(n) AS p0, count(*) AS p1 FROM trips GROUP BY place"],
    );
}

#[test]
fn groups_travel_not_rows() {
    let world = World::new();
    run(world.ask("SELECT place, avg(x) FROM model.trips WHERE day >= '2023-12-20' GROUP BY place"))
        .unwrap();
    assert_eq!(world.texts().len(), CITIES.len());
    assert!(world.travelled() <= 3 * 8, "{:?}", world.texts());
    run(world.ask("SELECT participant, sum(n) FROM model.trips GROUP BY participant")).unwrap();
    assert_eq!(world.travelled(), 3);
    run(world.ask("SELECT id FROM model.trips ORDER BY x DESC, id LIMIT 4")).unwrap();
    assert_eq!(world.travelled(), 12);
}

#[test]
fn nobody_is_asked_without_need() {
    let world = World::new();
    run(world.ask("SELECT sum(n) FROM model.trips WHERE participant = 'ottawa.example'")).unwrap();
    assert_eq!(world.texts().len(), 1, "{:?}", world.texts());
    assert_eq!(world.travelled(), 1);
    run(world.ask("SELECT n FROM model.trips WHERE participant = 'nobody.example'")).unwrap();
    assert_eq!(world.texts(), Vec::<String>::new());
}

/// All texts are fixed before the first row: they are the same whatever the rows are, and hold only the asker's literals.
#[test]
fn no_rows_in_texts() {
    let sql = "SELECT m.id FROM munster.trips m JOIN zurich.sites s ON m.place = s.place \
               WHERE s.level = (SELECT min(level) FROM zurich.sites) AND m.n > (SELECT avg(n) FROM ottawa.trips)";
    let world = World::new();
    run(world.ask(sql)).unwrap();
    let mut full = world.texts();
    let mut other = World::new();
    for rows in other.data.values_mut() {
        *rows = rows.slice(0, rows.num_rows().min(2));
    }
    run(other.ask(sql)).unwrap();
    let mut short = other.texts();
    full.sort();
    short.sort();
    assert_eq!(full, short);
    assert!(!full.is_empty());
    for text in full {
        for place in ["north", "south", "o'hare", "nowhere"] {
            assert!(!text.contains(place), "{text}");
        }
    }
}
