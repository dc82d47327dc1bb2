//! Cell of a published grid, or area of a published list, for a longitude and latitude in degrees. It can't fail: NaN, coordinates
//! outside the Earth and points outside the grid give NULL.
//!
//! Coordinates are WGS 84. The European grid is defined on ETRS89, which differs by less than a metre and is treated as equal.

use crate::string_view::TEXT;
use datafusion_common::arrow::array::{Array, ArrayRef, AsArray, StringViewBuilder};
use datafusion_common::arrow::datatypes::{DataType, Field, FieldRef, Float64Type};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature,
    Volatility,
};
use hansa_policy::published_list::PublishedLists;
use hansa_policy::published_list::area_list::{GeoPoint, Polygon};
use hansa_policy::refusal::Refusal;
use hansa_policy::value::cell::{CellSize, SquareCellEdge};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// Expression for the cell of the point at `lon` and `lat`.
///
/// # Errors
/// `TERM_NOT_EXECUTABLE_HERE` where the list of areas is missing.
pub(crate) fn place_cell_expr(
    lon: Expr,
    lat: Expr,
    size: &CellSize,
    published: &PublishedLists,
) -> Result<Expr, Refusal> {
    let areas = match size {
        CellSize::Areas { list, show } => published.areas(list)?.areas_by_property(show)?,
        CellSize::H3(_) | CellSize::Square(_) => Vec::new(),
    };
    let made = PlaceCellFunction {
        size: size.clone(),
        areas: areas.into(),
        signature: Signature::any(2, Volatility::Immutable),
    };
    Ok(ScalarUDF::from(made).call(vec![lon, lat]))
}

/// Function with its areas. Comparisons use the size, which determines the areas.
struct PlaceCellFunction {
    size: CellSize,
    areas: Arc<[(String, Vec<Polygon>)]>,
    signature: Signature,
}

impl fmt::Debug for PlaceCellFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cell")
    }
}

impl PartialEq for PlaceCellFunction {
    fn eq(&self, other: &Self) -> bool {
        self.size == other.size
    }
}

impl Eq for PlaceCellFunction {}

impl Hash for PlaceCellFunction {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.size.hash(state);
    }
}

impl ScalarUDFImpl for PlaceCellFunction {
    fn name(&self) -> &'static str {
        "cell"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(TEXT)
    }

    fn return_field_from_args(&self, _: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        Ok(Arc::new(Field::new(self.name(), TEXT, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        match arrays.as_slice() {
            [lon, lat]
                if [lon, lat]
                    .iter()
                    .all(|a| *a.data_type() == DataType::Float64) =>
            {
                Ok(ColumnarValue::Array(self.compute_cells(lon, lat)))
            }
            _ => exec_err!("two columns of degrees"),
        }
    }
}

impl PlaceCellFunction {
    fn compute_cells(&self, lon: &ArrayRef, lat: &ArrayRef) -> ArrayRef {
        let lons = lon.as_primitive::<Float64Type>().iter();
        let lats = lat.as_primitive::<Float64Type>().iter();
        let mut cells = StringViewBuilder::new();
        for place in lons.zip(lats) {
            cells.append_option(match place {
                (Some(lon), Some(lat)) => self.cell_name(lon, lat),
                (None, _) | (_, None) => None,
            });
        }
        Arc::new(cells.finish())
    }
}

impl PlaceCellFunction {
    /// Name of the cell of a point.
    fn cell_name(&self, lon: f64, lat: f64) -> Option<String> {
        // NaN is outside every range, so it is refused here too.
        if !(-180.0..=180.0).contains(&lon) || !(-90.0..=90.0).contains(&lat) {
            return None;
        }
        match &self.size {
            CellSize::H3(resolution) => {
                let resolution = h3o::Resolution::try_from(resolution.number()).ok()?;
                let place = h3o::LatLng::new(lat, lon).ok()?;
                Some(place.to_cell(resolution).to_string())
            }
            CellSize::Square(edge) => square_code(lon, lat, *edge),
            CellSize::Areas { .. } => {
                let place = GeoPoint::from_degrees(lon, lat)?;
                let mut areas = self.areas.iter();
                let holds = |part: &Polygon| part.holds(place);
                let first = areas.find(|(_, parts)| parts.iter().any(holds));
                first.map(|(name, _)| name.clone())
            }
        }
    }
}

/// Code of a square cell (INSPIRE D2.8.I.2): its size, and the metres of its lower left corner without the zeros of the size, such
/// as `1kmN2689E4337`.
fn square_code(lon: f64, lat: f64, edge: SquareCellEdge) -> Option<String> {
    // Area of use of EPSG:3035. Coordinates outside it are not meaningful.
    if !(-35.58..=44.83).contains(&lon) || !(24.6..=84.73).contains(&lat) {
        return None;
    }
    let (east, north) = project_to_laea(lon, lat);
    let metres = edge.metres();
    let digits = metres.to_string();
    let zeros = digits.len() - digits.trim_end_matches('0').len();
    let step: f64 = digits.get(..digits.len() - zeros)?.parse().ok()?;
    // Rounded down to whole metres first; all further values are integers, which a double holds exactly.
    let index = |along: f64| (along.floor() / f64::from(metres)).floor() * step;
    let (north, east) = (index(north), index(east));
    // A corner of the area of use lies west of the origin of the grid, and codes have no sign.
    (north >= 0.0 && east >= 0.0).then(|| format!("{}N{north:.0}E{east:.0}", edge.label()))
}

/// Easting and northing in metres, in ETRS89-LAEA (EPSG:3035): Lambert azimuthal equal area, EPSG method 9820.
fn project_to_laea(lon: f64, lat: f64) -> (f64, f64) {
    // Ellipsoid GRS 1980.
    const A: f64 = 6_378_137.0;
    const F: f64 = 1.0 / 298.257_222_101;
    const E2: f64 = F * (2.0 - F);
    let e = E2.sqrt();
    let q = |sin: f64| {
        let es = e * sin;
        (1.0 - E2) * (sin / (1.0 - es * es) - ((1.0 - es) / (1.0 + es)).ln() / (2.0 * e))
    };
    let qp = q(1.0);
    let (sin0, cos0) = 52.0_f64.to_radians().sin_cos();
    let beta0 = (q(sin0) / qp).clamp(-1.0, 1.0).asin();
    let beta = (q(lat.to_radians().sin()) / qp).clamp(-1.0, 1.0).asin();
    let radius = A * (qp / 2.0).sqrt();
    let d = A * cos0 / ((1.0 - E2 * sin0 * sin0).sqrt() * radius * beta0.cos());
    let (sin_l, cos_l) = (lon - 10.0).to_radians().sin_cos();
    let (sin_b0, cos_b0) = beta0.sin_cos();
    let (sin_b, cos_b) = beta.sin_cos();
    let b = radius * (2.0 / (1.0 + sin_b0 * sin_b + cos_b0 * cos_b * cos_l)).sqrt();
    (
        4_321_000.0 + b * d * cos_b * sin_l,
        3_210_000.0 + b / d * (cos_b0 * sin_b - sin_b0 * cos_b * cos_l),
    )
}

#[cfg(test)]
mod tests;
