//! Term 16: a place is shown as the cell of a published grid, or as the area of a published list. Its coordinates do not exist.
//!
//! The cell has a column and a name of its own. So a condition that was written for degrees is refused; it is never evaluated on
//! names of cells.

use super::odrl::text_list;
use super::rule::{
    ClauseSubject, DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader,
    OdrlWriter, TermRule, TermSpec,
};
use super::tightness_order;
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::value::cell::{CellSize, CellSizeError};
use hansa_audit_log::json::Json;
use std::cmp::Ordering;

/// Place cells as a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceCellsTerm {
    /// Column of the longitude, degrees; removed.
    pub lon: SqlIdentifier,
    /// Column of the latitude, degrees; removed.
    pub lat: SqlIdentifier,
    /// Name of the new column with the cell.
    pub cell: SqlIdentifier,
    /// Grid and size of the cells.
    pub size: CellSize,
}

pub(super) static PLACE_CELLS: TermSpec = TermSpec {
    numbers: &[16],
    name: "place_cells",
    position: OdrlPosition::Action,
    operand: "resolution",
    operators: &["eq"],
    executed: &[EnforcementPoint::Signing, EnforcementPoint::Plan],
    codes: &[ErrorCode::TermNotExecutableHere],
    nature: DemandKind::Protection,
    hides_rows: false,
    remedy: "use the column of the cell; the coordinates do not exist, and a point without a cell shows NULL",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for PlaceCellsTerm {
    fn spec(&self) -> &'static TermSpec {
        &PLACE_CELLS
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        Json::object([
            ("rightOperand", Json::from_display(&self.size)),
            ("h:column", text_list(&[&self.lon, &self.lat])),
            ("h:as", Json::from_display(&self.cell)),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        Json::object([
            ("lon", Json::from_display(&self.lon)),
            ("lat", Json::from_display(&self.lat)),
            ("cell", Json::from_display(&self.cell)),
            ("size", Json::from_display(&self.size)),
        ])
    }

    fn subject(&self) -> String {
        format!("{} {}", self.lon, self.lat)
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        vec![self.lon.clone(), self.lat.clone()]
    }

    fn replaced_columns(&self) -> Vec<&SqlIdentifier> {
        vec![&self.lon, &self.lat]
    }

    fn output_column(&self) -> Option<&SqlIdentifier> {
        Some(&self.cell)
    }

    fn decided_subject(&self) -> Option<ClauseSubject> {
        Some(ClauseSubject::Values(self.cell.to_string()))
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        let Self {
            lon,
            lat,
            cell,
            size,
        } = self;
        if lon == lat {
            return Err(contradiction_refusal(format!(
                "`{lon}` can't be both longitude and latitude"
            )));
        }
        if cell == lon || cell == lat {
            return Err(contradiction_refusal(format!(
                "`{cell}` holds degrees, and can't hold cells under the same name"
            ))
            .with_help("give the cells a name of their own: as = \"cell\""));
        }
        Ok(Some(EffectKind::CoarsenPlace {
            lon: lon.clone(),
            lat: lat.clone(),
            cell: cell.clone(),
            size: size.clone(),
        }))
    }
}

impl PlaceCellsTerm {
    /// Comparison with other place cells; less is tighter.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        if self.lon != other.lon || self.lat != other.lat || self.cell != other.cell {
            return None;
        }
        tightness_order::order_from_inclusion(
            self.size.follows_from(&other.size),
            other.size.follows_from(&self.size),
        )
    }
}

/// Reads the ODRL form.
pub(super) fn read_place_cells(form: &mut OdrlReader<'_>) -> Result<PlaceCellsTerm, Refusal> {
    let text = form.read_text("rightOperand")?;
    let size = text
        .parse()
        .map_err(|fault: CellSizeError| form.unknown_refusal(format!("`{text}`: {fault}")))?;
    let (lon, lat) = super::area::read_point_columns(form)?;
    Ok(PlaceCellsTerm {
        lon,
        lat,
        cell: form.read_column("h:as")?,
        size,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::cell::SquareCellEdge;
    use hansa_audit_log::digest::Digest;

    fn size(text: &str) -> CellSize {
        text.parse().unwrap()
    }

    #[test]
    fn grids_have_one_spelling() {
        for good in [
            "h3:0",
            "h3:8",
            "h3:15",
            "grid:100",
            "grid:1000",
            "grid:100000",
        ] {
            assert_eq!(size(good).to_string(), good);
        }
        for bad in [
            "",
            "h3",
            "h3:",
            "h3:16",
            "h3:08",
            "h3:+8",
            "h3:-1",
            "H3:8",
            "grid:1",
            "grid:0",
            "grid:01000",
            "grid:1km",
            "grid: 1000",
            "grid:300",
            "lau",
            "h3:8:9",
            "areas:abc:name",
        ] {
            assert!(bad.parse::<CellSize>().is_err(), "{bad}");
        }
        assert_eq!(SquareCellEdge::of(250).unwrap().label(), "250m");
        assert_eq!(SquareCellEdge::of(10_000).unwrap().label(), "10km");
    }

    #[track_caller]
    fn check(one: &str, other: &str, expect: Option<Ordering>) {
        let term = |text: &str| PlaceCellsTerm {
            lon: "lon".parse().unwrap(),
            lat: "lat".parse().unwrap(),
            cell: "cell".parse().unwrap(),
            size: size(text),
        };
        let order = term(one).compare(&term(other));
        assert_eq!(order, expect, "{one} | {other}");
    }

    #[test]
    fn coarser_is_tighter_only_where_cells_nest() {
        check("grid:1000", "grid:100", Some(Ordering::Less));
        check("grid:1000", "grid:250", Some(Ordering::Less));
        check("grid:100", "grid:1000", Some(Ordering::Greater));
        check("grid:1000", "grid:1000", Some(Ordering::Equal));
        check("grid:5000", "grid:2000", None);
        check("grid:250", "grid:100", None);
        check("h3:8", "h3:8", Some(Ordering::Equal));
        check("h3:7", "h3:8", None);
        check("h3:5", "grid:100", None);
        let areas = |show: &str| format!("areas:{}:{show}", Digest::of(b"list"));
        check(&areas("name"), &areas("name"), Some(Ordering::Equal));
        check(&areas("name"), &areas("id"), None);
        check(&areas("name"), "h3:8", None);
    }
}
