//! Detection of archive and folder kinds by their file names.

use crate::ingest::content_kind::{GTFS, UnreadKind};

/// Checks for a file that an operating system adds.
pub(super) fn is_of_the_system(name: &str) -> bool {
    name.starts_with("__MACOSX/") || name.rsplit('/').next() == Some(".DS_Store")
}

/// Checks that a path leads out of the target folder.
pub(super) fn is_outside(name: &str) -> bool {
    let has_drive = name.get(1..2) == Some(":");
    name.starts_with(['/', '\\']) || has_drive || name.split(['/', '\\']).any(|part| part == "..")
}

/// Kind of a zip file that all its file names together reveal.
pub(super) fn kind_of_names(names: &[&str]) -> Option<UnreadKind> {
    const SHEETS: &str = "save the sheet as CSV";
    const SAVE: &str = "save the table as CSV";
    const LAYER: &str = "export the layer as GeoJSON, or its table as CSV: ogr2ogr does both";
    let lower: Vec<String> = names.iter().map(|name| name.to_ascii_lowercase()).collect();
    let has = |wanted: &str| lower.iter().any(|name| name == wanted);
    let below = |folder: &str| lower.iter().any(|name| name.starts_with(folder));
    let ends = |ending: &str| lower.iter().any(|name| name.ends_with(ending));
    if has("[content_types].xml") {
        let name = if below("xl/") {
            "a workbook of Excel"
        } else if below("word/") {
            "a document of Word"
        } else {
            "a document of Office"
        };
        return Some(UnreadKind { name, help: SHEETS });
    }
    if has("mimetype") && has("content.xml") || has("meta-inf/manifest.xml") && has("content.xml") {
        return Some(UnreadKind {
            name: "an OpenDocument file, such as a spreadsheet (.ods)",
            help: SHEETS,
        });
    }
    if is_gtfs(lower.iter().map(String::as_str)) {
        return Some(GTFS);
    }
    if ends(".shp") {
        return Some(UnreadKind {
            name: "a Shapefile",
            help: LAYER,
        });
    }
    if ends(".kml") {
        return Some(UnreadKind {
            name: "a KMZ file",
            help: LAYER,
        });
    }
    if ends(".gdbtable") {
        return Some(UnreadKind {
            name: "a file geodatabase",
            help: LAYER,
        });
    }
    has("meta-inf/manifest.mf").then_some(UnreadKind {
        name: "a Java archive",
        help: SAVE,
    })
}

/// Checks that these file names, without folder and in lower case, form a public transport feed.
#[must_use]
pub fn is_gtfs<'n>(names: impl Iterator<Item = &'n str>) -> bool {
    let mut found = [false; 4];
    for name in names {
        let name = name.rsplit('/').next().unwrap_or(name);
        for (wanted, found) in REQUIRED.iter().zip(&mut found) {
            *found |= name == *wanted;
        }
    }
    found.iter().all(|found| *found)
}

/// Files that every GTFS feed contains.
const REQUIRED: [&str; 4] = ["stops.txt", "routes.txt", "trips.txt", "stop_times.txt"];
