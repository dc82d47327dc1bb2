//! What a clause says, from the effect that it has.

use hansa_policy::effect::What;
use hansa_policy::term;
use hansa_policy::term::band::Band;
use hansa_policy::term::place_cells::PlaceCells;
use hansa_policy::term::prefix::Prefix;
use hansa_policy::term::prohibition::{Act, Part, Prohibition, When};
use hansa_policy::term::pseudonym::Pseudonym;

/// What the clause of an effect says, in the words of its term.
pub(super) fn said(what: &What) -> String {
    match what {
        What::KeepRows(filter) => term::Term::Rows(filter.clone()),
        What::KeepInside { lon, lat, bounds } => term::Term::Area {
            lon: lon.clone(),
            lat: lat.clone(),
            bounds: bounds.clone(),
        },
        What::KeepWithin(area) => term::Term::PublishedArea(area.clone()),
        What::LookUp(lookup) => term::Term::Lookup(lookup.clone()),
        What::KeepBefore { column, .. } => {
            return format!("rows are hidden until their {column} is old enough");
        }
        What::HideColumns(list) => term::Term::from(Prohibition {
            act: Act::Use,
            part: Some(Part::Columns(list.clone())),
            when: When::ALWAYS,
        }),
        What::ShowColumns(list) => term::Term::Columns(list.clone()),
        What::MaskColumn { column, mask } => term::Term::Mask {
            column: column.clone(),
            mask: mask.clone(),
        },
        What::Pseudonymise { column, epoch, .. } => term::Term::Pseudonym(Pseudonym {
            column: column.clone(),
            epoch: *epoch,
        }),
        What::Shorten { column, length } => term::Term::Prefix(Prefix {
            column: column.clone(),
            length: *length,
        }),
        What::Band { column, edges } => term::Term::Band(Band {
            column: column.clone(),
            edges: edges.clone(),
        }),
        What::CoarsenTime {
            column,
            bucket,
            zone,
        } => term::Term::TimeBucket {
            column: column.clone(),
            bucket: *bucket,
            zone: zone.clone(),
        },
        What::CoarsenPlace {
            lon,
            lat,
            cell,
            size,
        } => term::Term::PlaceCells(PlaceCells {
            lon: lon.clone(),
            lat: lat.clone(),
            cell: cell.clone(),
            size: size.clone(),
        }),
        What::AggregateOnly(cube) => term::Term::Functions(cube.functions.clone()),
    }
    .plain()
}
