//! Rows that exceed the limit, which end the reading with their line number.

use crate::ingest;
use crate::ingest::config::parser::parse_datasets;
use crate::ingest::field_value::SourceFileEvent;
use crate::ingest::source_files::SourceFile;
use crate::ingest::source_roots::SourceRoots;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::path::Path;

/// Number of rows in a file of this kind, with `most` as the limit of a row in bytes.
fn rows(folder: &Path, name: &str, content: &str, most: usize) -> Result<usize, Refusal> {
    std::fs::write(folder.join(name), content).unwrap();
    let kind = if name.ends_with("json") {
        "geojson"
    } else {
        "text"
    };
    let text = format!(
        "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"x\"\n[dataset.source]\npath = \"{name}\"\nkind = \"{kind}\"\n\
         max_row_bytes = {most}\n[[dataset.column]]\nname = \"site\"\ntype = \"text\"\n"
    );
    let config = parse_datasets(&text, "hansa.toml", folder)
        .unwrap()
        .remove(0);
    let mut rows = 0;
    let file = SourceFile::new(folder.join(name), name.to_owned(), SourceRoots::of(folder));
    ingest::read_source_file(&file, &config.source, &mut |event| {
        rows += usize::from(matches!(
            event,
            SourceFileEvent::Row { .. } | SourceFileEvent::Broken { .. }
        ));
        Ok(())
    })?;
    Ok(rows)
}

fn points(sites: &[&str]) -> String {
    let features: Vec<String> = sites
        .iter()
        .map(|site| {
            format!(
                "{{\"type\":\"Feature\",\"geometry\":{{\"type\":\"Point\",\"coordinates\":[9,47]}},\"properties\":{{\"site\":\"{site}\"}}}}"
            )
        })
        .collect();
    format!(
        "{{\"type\":\"FeatureCollection\",\"features\":[\n{}\n]}}",
        features.join(",\n")
    )
}

#[test]
fn a_row_that_is_too_long_ends_the_reading() {
    let folder = tempfile::tempdir().unwrap();
    let (most, long) = (500_000, "x".repeat(3_000_000));
    let many = "1,".repeat(1_000_000);
    for (name, content, line) in [
        ("a.csv", format!("site,n\nHafen,1\n{long},2\n"), 3),
        // An unclosed quotation mark: each line is short.
        (
            "b.csv",
            format!("site,n\n\"Hafen,1\n{}", "Insel,2\n".repeat(400_000)),
            2,
        ),
        ("c.csv", format!("{long},n\nHafen,1\n"), 1),
        ("d.csv", format!("site,n\nHafen,1\n{many}\n"), 3),
        // A row slightly above the limit, read ahead in one block.
        (
            "e.csv",
            format!("site,n\n{},1\nInsel,2\n", &long[..most]),
            2,
        ),
        ("f.geojson", points(&["Hafen", &long, "Insel"]), 3),
    ] {
        let refusal = rows(folder.path(), name, &content, most).unwrap_err();
        assert_eq!(
            refusal.code,
            ErrorCode::SourceUnreadable,
            "{name}: {refusal}"
        );
        let location = refusal.location.clone().unwrap();
        assert_eq!(location.line, Some(line), "{name}: {refusal}");
        assert!(
            refusal.sentence.contains("500000 bytes"),
            "{name}: {refusal}"
        );
        assert!(
            refusal
                .help
                .iter()
                .any(|help| help.contains("max_row_bytes"))
        );
    }
    // The file exceeds the limit, but no row does.
    let short = format!("site,n\n{}", "Insel,2\n".repeat(400_000));
    assert_eq!(rows(folder.path(), "g.csv", &short, 1000).unwrap(), 400_000);
    let sites = vec!["Insel"; 20_000];
    let found = rows(folder.path(), "h.geojson", &points(&sites), 1000);
    assert_eq!(found.unwrap(), 20_000);
    // A source with longer rows declares a higher limit.
    let raised = rows(
        folder.path(),
        "i.csv",
        &format!("site,n\n{long},2\n"),
        4_000_000,
    );
    assert_eq!(raised.unwrap(), 1);
}

#[test]
fn a_file_has_so_many_columns_and_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let wide = |columns: usize| {
        let names: Vec<String> = (0..columns).map(|at| format!("c{at}")).collect();
        format!("{}\n{}\n", names.join(","), "1,".repeat(columns - 1) + "1")
    };
    let most = super::MOST_COLUMNS;
    let found = rows(folder.path(), "a.csv", &wide(most), 1 << 20);
    assert_eq!(found.unwrap(), 1);
    let refusal = rows(folder.path(), "b.csv", &wide(most + 1), 1 << 20).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SourceUnreadable, "{refusal}");
    assert!(refusal.sentence.contains("columns"), "{refusal}");
}

#[test]
fn what_stands_beside_the_features_is_no_row() {
    let folder = tempfile::tempdir().unwrap();
    let collection = points(&["Hafen", "Insel"]);
    // Each property fits into a row, but all together do not.
    let notes: Vec<String> = (0..600)
        .map(|at| format!("\"note {at}\": \"{}\"", "x".repeat(300)))
        .collect();
    let notes = notes.join(",\n");
    let before = collection.replacen('{', &format!("{{{notes},\n"), 1);
    let behind = format!("{},\n{notes}}}", collection.strip_suffix('}').unwrap());
    for (name, content) in [("a.geojson", before), ("b.geojson", behind)] {
        assert!(content.len() > 160_000);
        assert_eq!(
            rows(folder.path(), name, &content, 1000).unwrap(),
            2,
            "{name}"
        );
    }
    // A single property above the limit is refused.
    let endless = format!("{{\"note\": \"{}\",", "x".repeat(200_000));
    let content = collection.replacen('{', &endless, 1);
    let refusal = rows(folder.path(), "c.geojson", &content, 1000).unwrap_err();
    assert!(refusal.sentence.contains("1000 bytes"), "{refusal}");
}

/// Neither quotation marks nor preceding lines count, whatever the encoding, and a feature has no tolerance.
#[test]
fn a_row_may_have_so_many_bytes_and_not_one_more() {
    let folder = tempfile::tempdir().unwrap();
    for most in [200, 1000, 70_000, 400_000] {
        let read = |name: &str, content: &str| rows(folder.path(), name, content, most);
        let feature = points(&[""]).lines().nth(1).unwrap().len();
        for (more, is_read) in [(0, true), (1, false)] {
            let site = |less: usize| "x".repeat(most - less + more);
            let quotes = "\"\"".repeat(most - 1 + more);
            for (name, content, count) in [
                ("a.csv", format!("site,n\n{},1\nInsel,2\n", site(1)), 2),
                ("b.csv", format!("site,n\n\"{quotes}\",1\nInsel,2\n"), 2),
                (
                    "c.csv",
                    format!("site,n\n\n\r\n\n{},1\nInsel,2\n", site(1)),
                    2,
                ),
                ("d.geojson", points(&[&site(feature)]), 1),
                ("e.geojson", points(&["Hafen", &site(feature), "Insel"]), 3),
            ] {
                let found = read(name, &content);
                let text = format!("{name} of {most} and {more}: {found:?}");
                if is_read {
                    assert_eq!(found.unwrap(), count, "{text}");
                } else {
                    assert_eq!(
                        found.unwrap_err().code,
                        ErrorCode::SourceUnreadable,
                        "{text}"
                    );
                }
            }
        }
    }
}
