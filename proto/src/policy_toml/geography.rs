//! `area`, `within` and `cells`: where, and how exactly that is told.

use super::file_entry::PolicyFileEntry;
use super::file_reader::{LocatedTerms, PolicyFileReader, non_empty_items};
use super::value_form::{
    Plain, TableReader, ValueForm, quote_text, read_decimal, table_form, write_numbers,
};
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::term::Term;
use hansa_policy::term::area::bounds_of;
use hansa_policy::term::place_cells::PlaceCellsTerm;
use hansa_policy::value::area::{BoundingBox, PublishedAreaTerm};
use hansa_policy::value::cell::{CellSize, CellSizeError};
use hansa_toml_reader::TomlValue;

/// The content of `area`.
struct BoxArea {
    lon: SqlIdentifier,
    lat: SqlIdentifier,
    bounds: BoundingBox,
}

table_form!(BoxArea {
    lon = "lon": Degrees, or |table| table.default_degrees("lon");
    lat = "lat": Degrees, or |table| table.default_degrees("lat");
    bounds = "box": Plain;
});

table_form!(PublishedAreaTerm {
    lon = "lon": Degrees, or |table| table.default_degrees("lon");
    lat = "lat": Degrees, or |table| table.default_degrees("lat");
    list = "list": Plain;
    which = "which": Plain;
});

table_form!(PlaceCellsTerm {
    lon = "lon": Degrees, or |table| table.default_degrees("lon");
    lat = "lat": Degrees, or |table| table.default_degrees("lat");
    size = "to": Plain;
    cell = "as": NewColumn, or |_| "cell".parse().ok();
});

/// Reads an area with its corners.
pub(super) fn read_area(
    reader: &PolicyFileReader<'_>,
    value: &TomlValue<'_>,
    terms: &mut LocatedTerms,
) {
    let area = Plain::read(reader, value);
    let term = area.map(|BoxArea { lon, lat, bounds }| Term::Area { lon, lat, bounds });
    terms.add_if_read(value, term);
}

/// Writes an area with its corners.
pub(super) fn write_area(term: &Term) -> Option<PolicyFileEntry> {
    let Term::Area { lon, lat, bounds } = term else {
        return None;
    };
    let area = BoxArea {
        lon: lon.clone(),
        lat: lat.clone(),
        bounds: bounds.clone(),
    };
    Some(PolicyFileEntry::alone("area", Plain::write(&area)?))
}

/// `[west, south, east, north]`
impl ValueForm<BoundingBox> for Plain {
    fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<BoundingBox> {
        let items = non_empty_items(value).unwrap_or_default();
        let texts: Option<Vec<String>> = items.iter().map(read_decimal).collect();
        let bounds = match texts.unwrap_or_default().as_slice() {
            [west, south, east, north] => bounds_of(west, south, east, north),
            _ => None,
        };
        if bounds.is_none() {
            let sentence =
                "`box` is [west, south, east, north] in degrees, west ≤ east and south ≤ north";
            value.add_problem(ErrorCode::TermIllTyped, sentence);
        }
        bounds
    }

    fn write(value: &BoundingBox) -> Option<String> {
        let BoundingBox {
            west,
            south,
            east,
            north,
        } = value;
        write_numbers(&[west, south, east, north].map(Clone::clone))
    }
}

impl ValueForm<CellSize> for Plain {
    fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<CellSize> {
        let text = value.text()?;
        let size = text.parse::<CellSize>().map_err(|fault: CellSizeError| {
            let sentence = format!("`{text}` is no grid of cells");
            value.refuse(
                Refusal::new(ErrorCode::TermUnknown, sentence).with_help(fault.to_string()),
            );
        });
        size.ok()
    }

    fn write(value: &CellSize) -> Option<String> {
        Some(quote_text(&value.to_string()))
    }
}

/// A column of the dataset that holds degrees.
enum Degrees {}

impl ValueForm<SqlIdentifier> for Degrees {
    fn read(reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<SqlIdentifier> {
        reader.degrees_column(value, &value.text()?)
    }

    fn write(value: &SqlIdentifier) -> Option<String> {
        Plain::write(value)
    }
}

/// A column that the dataset does not have.
enum NewColumn {}

impl ValueForm<SqlIdentifier> for NewColumn {
    fn read(_reader: &PolicyFileReader<'_>, value: &TomlValue<'_>) -> Option<SqlIdentifier> {
        value.parse_text()
    }

    fn write(value: &SqlIdentifier) -> Option<String> {
        Plain::write(value)
    }
}
