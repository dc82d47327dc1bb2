//! `area`, `within` and `cells`: where, and how exactly that is told.

use super::LocatedTerms;
use super::file_reader::{CheckedTable, LocatedValue, PolicyFileReader};
use super::value_form::{decimal, kind_of};
use hansa_audit_log::digest::Digest;
use hansa_catalog::dataset::ColumnType;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::ErrorCode;
use hansa_policy::term::Term;
use hansa_policy::term::area::bounds_of;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::value::area::{AreaSelector, PublishedAreaTerm};
use hansa_policy::value::cell::{CellSize, CellSizeError};

/// `{ lon = "lon", lat = "lat", box = [west, south, east, north] }`
pub(super) fn area(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = sheet.table(value, Some(&["lon", "lat", "box"])) else {
        return;
    };
    let (lon, lat) = degrees(sheet, value, &table);
    let Some(corners) = table.get("box") else {
        sheet.problem(&value.at, ErrorCode::ConfigInvalid, "`area` has no `box`");
        return;
    };
    let texts: Option<Vec<String>> = sheet
        .items(corners)
        .map(|items| items.iter().filter_map(|item| decimal(item)).collect());
    let bounds = match texts.as_deref() {
        Some([west, south, east, north]) => bounds_of(west, south, east, north),
        _ => None,
    };
    match (lon, lat, bounds) {
        (Some(lon), Some(lat), Some(bounds)) => {
            terms.add(&value.at, Term::Area { lon, lat, bounds });
        }
        (_, _, None) => sheet.problem(
            &corners.at,
            ErrorCode::TermIllTyped,
            "`box` is [west, south, east, north] in degrees, west ≤ east and south ≤ north",
        ),
        (_, _, Some(_)) => {}
    }
}

/// `{ lon = "lon", lat = "lat", list = "SHA-256 of the file", which = "name=Mitte" }`
pub(super) fn within(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = sheet.table(value, Some(&["lon", "lat", "list", "which"])) else {
        return;
    };
    let (lon, lat) = degrees(sheet, value, &table);
    let (Some(list), Some(which)) = (table.get("list"), table.get("which")) else {
        let sentence = "`within` has a `list` and says `which` of its areas";
        sheet.problem(&value.at, ErrorCode::ConfigInvalid, sentence);
        return;
    };
    let list = digest(sheet, list);
    let chosen = sheet.text(which).and_then(|text| {
        let parsed = text.parse::<AreaSelector>();
        if let Err(fault) = &parsed {
            sheet.problem(
                &which.at,
                ErrorCode::TermIllTyped,
                format!("`{text}`: {fault}"),
            );
        }
        parsed.ok()
    });
    if let (Some(lon), Some(lat), Some(list), Some(which)) = (lon, lat, list, chosen) {
        let area = PublishedAreaTerm {
            lon,
            lat,
            list,
            which,
        };
        terms.add(&value.at, Term::PublishedArea(area));
    }
}

/// The digest of a published file.
pub(super) fn digest(sheet: &mut PolicyFileReader<'_>, value: &LocatedValue<'_>) -> Option<Digest> {
    let text = sheet.text(value)?;
    let parsed = text.parse::<Digest>();
    if let Err(fault) = &parsed {
        let help = "it is that of the file, unchanged: sha256sum FILE".to_owned();
        let sentence = format!("`{text}`: {fault}");
        sheet.problem_with_help(&value.at, ErrorCode::TermIllTyped, sentence, Some(help));
    }
    parsed.ok()
}

/// `{ lon = "lon", lat = "lat", to = "h3:8", as = "cell" }`; the columns and the name of the cells may be left out.
pub(super) fn cells(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    terms: &mut LocatedTerms,
) {
    let Some(table) = sheet.table(value, Some(&["lon", "lat", "to", "as"])) else {
        return;
    };
    let (lon, lat) = degrees(sheet, value, &table);
    let Some(to) = table.get("to") else {
        sheet.problem(&value.at, ErrorCode::ConfigInvalid, "`cells` has no `to`");
        return;
    };
    let Some(text) = sheet.text(to) else {
        return;
    };
    let size = text.parse::<CellSize>().map_err(|fault: CellSizeError| {
        let sentence = format!("`{text}` is no grid of cells");
        sheet.problem_with_help(
            &to.at,
            ErrorCode::TermUnknown,
            sentence,
            Some(fault.to_string()),
        );
    });
    let cell = match table.get("as") {
        None => "cell".parse::<SqlIdentifier>().ok(),
        Some(named) => sheet.text(named).and_then(|text| {
            let name = text.parse::<SqlIdentifier>();
            if let Err(fault) = &name {
                let sentence = format!("`{text}`: {fault}");
                sheet.problem(&named.at, ErrorCode::TermIllTyped, sentence);
            }
            name.ok()
        }),
    };
    if let (Some(lon), Some(lat), Some(cell), Ok(size)) = (lon, lat, cell, size) {
        let place = PlaceCellsTerm {
            lon,
            lat,
            cell,
            size,
        };
        terms.add(&value.at, Term::PlaceCells(place));
    }
}

/// The columns of longitude and latitude, by default those of that name.
fn degrees(
    sheet: &mut PolicyFileReader<'_>,
    value: &LocatedValue<'_>,
    table: &CheckedTable<'_>,
) -> (Option<SqlIdentifier>, Option<SqlIdentifier>) {
    let mut column = |key: &str| match table.get(key) {
        None => sheet.column(&value.at, key),
        Some(named) => {
            let text = sheet.text(named)?;
            sheet.column(&named.at, &text)
        }
    };
    let (lon, lat) = (column("lon"), column("lat"));
    for name in [&lon, &lat].into_iter().flatten() {
        if !sheet.is_unread() && kind_of(sheet, name) != Some(ColumnType::Float) {
            let sentence = format!("`{name}` holds no degrees: its type is not float");
            sheet.problem(&value.at, ErrorCode::TermIllTyped, sentence);
        }
    }
    (lon, lat)
}
