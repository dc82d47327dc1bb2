//! `area`, `within` and `cells`: where, and how exactly that is told.

use super::LocatedTerms;
use super::file_reader::{PolicyFileReader, non_empty_items, required_value};
use super::value_form::{decimal, kind_of};
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::term::area::bounds_of;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::value::area::PublishedAreaTerm;
use hansa_policy::value::cell::{CellSize, CellSizeError};
use hansa_toml_reader::{TomlTable, TomlValue};

/// `{ lon = "lon", lat = "lat", box = [west, south, east, north] }`
pub(super) fn area(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>, terms: &mut LocatedTerms) {
    let Some(table) = value.table_with(&["lon", "lat", "box"]) else {
        return;
    };
    let (lon, lat) = degrees(reader, value, &table);
    let Some(corners) = required_value(value, &table, "box") else {
        return;
    };
    let texts: Option<Vec<String>> = non_empty_items(corners)
        .map(|items| items.iter().filter_map(|item| decimal(item)).collect());
    let bounds = match texts.as_deref() {
        Some([west, south, east, north]) => bounds_of(west, south, east, north),
        _ => None,
    };
    match (lon, lat, bounds) {
        (Some(lon), Some(lat), Some(bounds)) => {
            terms.add(value, Term::Area { lon, lat, bounds });
        }
        (_, _, None) => corners.problem(
            ErrorCode::TermIllTyped,
            "`box` is [west, south, east, north] in degrees, west ≤ east and south ≤ north",
        ),
        (_, _, Some(_)) => {}
    }
}

/// `{ lon = "lon", lat = "lat", list = "SHA-256 of the file", which = "name=Mitte" }`
pub(super) fn within(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = value.table_with(&["lon", "lat", "list", "which"]) else {
        return;
    };
    let (lon, lat) = degrees(reader, value, &table);
    let (Some(list), Some(which)) = (table.get("list"), table.get("which")) else {
        let sentence = "`within` has a `list` and says `which` of its areas";
        value.problem(ErrorCode::ConfigInvalid, sentence);
        return;
    };
    let (list, which) = (digest(list), which.parse_text());
    if let (Some(lon), Some(lat), Some(list), Some(which)) = (lon, lat, list, which) {
        let area = PublishedAreaTerm {
            lon,
            lat,
            list,
            which,
        };
        terms.add(value, Term::PublishedArea(area));
    }
}

/// The digest of a published file.
pub(super) fn digest(value: &TomlValue<'_>) -> Option<Digest> {
    let text = value.text()?;
    let parsed = text.parse::<Digest>();
    if let Err(fault) = &parsed {
        let refusal = Refusal::new(ErrorCode::TermIllTyped, format!("`{text}`: {fault}"));
        value.refuse(refusal.with_help("it is that of the file, unchanged: sha256sum FILE"));
    }
    parsed.ok()
}

/// `{ lon = "lon", lat = "lat", to = "h3:8", as = "cell" }`; the columns and the name of the cells may be left out.
pub(super) fn cells(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = value.table_with(&["lon", "lat", "to", "as"]) else {
        return;
    };
    let (lon, lat) = degrees(reader, value, &table);
    let Some(to) = required_value(value, &table, "to") else {
        return;
    };
    let Some(text) = to.text() else {
        return;
    };
    let size = text.parse::<CellSize>().map_err(|fault: CellSizeError| {
        let sentence = format!("`{text}` is no grid of cells");
        to.refuse(Refusal::new(ErrorCode::TermUnknown, sentence).with_help(fault.to_string()));
    });
    let cell = match table.get("as") {
        None => "cell".parse::<SqlIdentifier>().ok(),
        Some(named) => named.parse_text(),
    };
    if let (Some(lon), Some(lat), Some(cell), Ok(size)) = (lon, lat, cell, size) {
        let place = PlaceCellsTerm {
            lon,
            lat,
            cell,
            size,
        };
        terms.add(value, Term::PlaceCells(place));
    }
}

/// The columns of longitude and latitude, by default those of that name.
fn degrees(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    table: &TomlTable<'_>,
) -> (Option<SqlIdentifier>, Option<SqlIdentifier>) {
    let column = |key: &str| match table.get(key) {
        None => reader.column(value, key),
        Some(named) => reader.named_column(named),
    };
    let (lon, lat) = (column("lon"), column("lat"));
    for name in [&lon, &lat].into_iter().flatten() {
        if !reader.is_unread() && kind_of(reader, name) != Some(ColumnType::Float) {
            let sentence = format!("`{name}` holds no degrees: its type is not float");
            value.problem(ErrorCode::TermIllTyped, sentence);
        }
    }
    (lon, lat)
}
