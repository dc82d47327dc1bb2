//! What a partner pulls is the permitted view and nothing else: of tables and policies that are drawn anew each time, in each form of text.

use super::{PartnerWorld, PeerCatalog, of};
use hansa_test_support::property_cases;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

/// What stands in cells.
const WORDS: [&str; 9] = [
    "",
    "oak",
    "Höhe",
    "a,b",
    "say \"so\"",
    "two\nlines",
    " edge ",
    "NULL",
    "0",
];

/// A key, a word and a count.
type DrawnRow = (i64, Option<&'static str>, Option<i64>);

/// A table, and the view of it that a policy permits.
struct DrawnTable {
    rows: Vec<DrawnRow>,
    columns: Vec<&'static str>,
    /// In SQL.
    filter: String,
    /// Rows with a lower count are let through.
    threshold: i64,
}

impl DrawnTable {
    fn draw(random: &mut StdRng) -> Self {
        // The types of columns are those of what stands in them: the first row has all, and a word that is no number.
        let rows = (0..random.random_range(1..40)).map(|key| {
            if key == 0 {
                return (key, Some("oak"), Some(random.random_range(-50..50)));
            }
            let word = random
                .random_bool(0.8)
                .then(|| WORDS[random.random_range(0..WORDS.len())]);
            let count = random
                .random_bool(0.8)
                .then(|| random.random_range(-50..50));
            (key, word.filter(|word| !word.is_empty()), count)
        });
        let rows = rows.collect();
        let mut columns: Vec<&str> = ["key", "word", "count"]
            .into_iter()
            .filter(|_| random.random_bool(0.6))
            .collect();
        if columns.is_empty() {
            columns.push("word");
        }
        let threshold = random.random_range(-50..50);
        Self {
            rows,
            columns,
            filter: format!("count < {threshold}"),
            threshold,
        }
    }

    /// As it is read in, with quotes around each word.
    fn csv(&self) -> String {
        let mut text = "key,word,count\n".to_owned();
        for (key, word, count) in &self.rows {
            let word = word
                .map(|word| format!("\"{}\"", word.replace('"', "\"\"")))
                .unwrap_or_default();
            let count = count.map(|count| count.to_string()).unwrap_or_default();
            text.push_str(&format!("{key},{word},{count}\n"));
        }
        text
    }

    /// The rows that the policy lets through, with all their columns.
    fn let_through(&self) -> impl Iterator<Item = &DrawnRow> {
        let rows = self.rows.iter();
        rows.filter(|row| row.2.is_some_and(|count| count < self.threshold))
    }

    /// The permitted view as CSV (RFC 4180), in the order in which it is stored.
    fn permitted_csv(&self) -> String {
        let quoted = |word: &str| match word.contains(['"', ',', '\n']) {
            true => format!("\"{}\"", word.replace('"', "\"\"")),
            false => word.to_owned(),
        };
        let mut text = format!("{}\r\n", self.columns.join(","));
        for (key, word, count) in self.let_through() {
            let cells = self.columns.iter().map(|column| match *column {
                "key" => key.to_string(),
                "word" => word.map(quoted).unwrap_or_default(),
                _ => count.map(|count| count.to_string()).unwrap_or_default(),
            });
            let cells: Vec<String> = cells.collect();
            text.push_str(&format!("{}\r\n", cells.join(",")));
        }
        text
    }

    /// The permitted view, a row each, in the order of their texts.
    fn permitted(&self) -> Vec<String> {
        let rows = self.let_through().map(|(key, word, count)| {
            let mut row = serde_json::Map::new();
            for column in &self.columns {
                let value = match *column {
                    "key" => json!(key),
                    "word" => json!(word),
                    _ => json!(count),
                };
                row.insert((*column).to_owned(), value);
            }
            Value::Object(row).to_string()
        });
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    }
}

/// Rows of JSON lines without what is absent, in the order of their texts.
fn lines(text: &str, columns: &[&str]) -> Vec<String> {
    let mut rows: Vec<String> = text
        .lines()
        .map(|line| {
            let read: Value = serde_json::from_str(line).unwrap();
            let names: Vec<&str> = read
                .as_object()
                .unwrap()
                .keys()
                .map(String::as_str)
                .collect();
            assert!(names.iter().all(|name| columns.contains(name)), "{line}");
            let whole = columns
                .iter()
                .map(|column| ((*column).to_owned(), read[*column].clone()));
            Value::Object(whole.collect()).to_string()
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn what_a_partner_pulls_is_the_permitted_view() {
    let seed = property_cases::seed("HANSA_PROPERTY_SEED");
    let cases = property_cases::number("HANSA_PARTNER_CASES", 6);
    let mut random = StdRng::seed_from_u64(seed);
    let tables: Vec<DrawnTable> = (0..cases).map(|_| DrawnTable::draw(&mut random)).collect();
    let world = PartnerWorld::holding(PeerCatalog::Nothing, "", |city| {
        for (number, table) in tables.iter().enumerate() {
            city.holds(&format!("drawn{number}"), &table.csv(), "");
        }
        city.publishes();
        for (number, table) in tables.iter().enumerate() {
            let terms = format!(
                "valid = {{ from = 2026-01-01, until = 2029-12-31 }}\ncolumns = {:?}\nrows = \"{}\"\none_sided_receipts = true",
                table.columns, table.filter
            );
            let name = format!("drawn{number}");
            city.offers(&name, &name, &terms, "[\"firm.example\"]", "auto");
        }
    });
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let asked = of("CatalogRequestMessage", json!({}));
        let (_, catalog) = world
            .firm("/dsp/2025-1/catalog/request", Some(&asked))
            .await;
        for (number, table) in tables.iter().enumerate() {
            let id = format!("urn:hansa:lindau.example:drawn{number}");
            let all = catalog["dataset"].as_array().unwrap();
            let dataset = all.iter().find(|one| one["@id"] == json!(id)).unwrap();
            let agreement = world
                .agreed_on(dataset, &format!("urn:uuid:n{number}"))
                .await;
            let (_, path, token) = world
                .started(&agreement, &format!("urn:uuid:t{number}"))
                .await;
            let told = world
                .data(&format!("{path}?format=jsonl"), &token)
                .await
                .text();
            let case = format!(
                "case {number} of seed {seed}: {:?} {}\n{}",
                table.columns,
                table.filter,
                table.csv()
            );
            assert_eq!(lines(&told, &table.columns), table.permitted(), "{case}");
            let csv = world.data(&path, &token).await.text();
            assert_eq!(csv, table.permitted_csv(), "{case}");
        }
    });
}
