//! Term 15: only rows whose point lies in the box exist.

use super::odrl::{is_decimal, text_list, typed_literal};
use super::rule::{
    DemandKind, EffectBinding, EnforcementPoint, OdrlPosition, OdrlReader, OdrlWriter, TermRule,
    TermSpec,
};
use crate::effect::EffectKind;
use crate::id::SqlIdentifier;
use crate::refusal::{ErrorCode, Refusal, contradiction_refusal};
use crate::term::canonical_value;
use crate::value::area::BoundingBox;
use hansa_audit_log::json::Json;

/// Box as a term.
pub(super) struct AreaTerm<'a> {
    pub(super) lon: &'a SqlIdentifier,
    pub(super) lat: &'a SqlIdentifier,
    pub(super) bounds: &'a BoundingBox,
}

pub(super) static INSIDE: TermSpec = TermSpec {
    numbers: &[15],
    name: "area",
    position: OdrlPosition::Target,
    operand: "spatial",
    operators: &["isPartOf"],
    executed: &[EnforcementPoint::Plan],
    codes: &[],
    nature: DemandKind::Protection,
    hides_rows: true,
    remedy: "rows whose point lies outside do not exist",
    test: "what_is_learned_is_a_function_of_the_view",
};

impl TermRule for AreaTerm<'_> {
    fn spec(&self) -> &'static TermSpec {
        &INSIDE
    }

    fn to_odrl(&self, _script: &mut OdrlWriter<'_>) -> Json {
        let BoundingBox {
            west,
            south,
            east,
            north,
        } = self.bounds;
        // Order of the `bbox` of GeoJSON: west, south, east, north.
        let bbox = typed_literal("h:bbox", format!("[{west},{south},{east},{north}]"));
        Json::object([
            ("rightOperand", bbox),
            ("h:column", text_list(&[self.lon, self.lat])),
        ])
    }

    fn to_canonical_json(&self) -> Json {
        let BoundingBox {
            west,
            south,
            east,
            north,
        } = self.bounds;
        let edges = [west, south, east, north]
            .map(|edge| Json::from_display(canonical_value::canonical_decimal(edge)));
        Json::object([
            ("lon", Json::from_display(self.lon)),
            ("lat", Json::from_display(self.lat)),
            ("bounds", Json::List(edges.into())),
        ])
    }

    fn subject(&self) -> String {
        format!("{} {}", self.lon, self.lat)
    }

    fn effect(&self, _for: &EffectBinding<'_>) -> Result<Option<EffectKind>, Refusal> {
        box_effect(self.lon, self.lat, self.bounds).map(Some)
    }

    fn columns(&self) -> Vec<SqlIdentifier> {
        vec![self.lon.clone(), self.lat.clone()]
    }
}

/// Box of four decimal texts; none if they don't form one.
#[must_use]
pub fn bounds_of(west: &str, south: &str, east: &str, north: &str) -> Option<BoundingBox> {
    let degrees = |text: &str, most: f64| -> Option<f64> {
        let value: f64 = is_decimal(text).then(|| text.parse().ok())??;
        (-most..=most).contains(&value).then_some(value)
    };
    let fits = degrees(west, 180.0)? <= degrees(east, 180.0)?
        && degrees(south, 90.0)? <= degrees(north, 90.0)?;
    fits.then(|| BoundingBox {
        west: west.to_owned(),
        south: south.to_owned(),
        east: east.to_owned(),
        north: north.to_owned(),
    })
}

/// Reads the columns of longitude and latitude, and the box.
pub(super) fn read_area(
    form: &mut OdrlReader<'_>,
    value: &str,
) -> Result<(SqlIdentifier, SqlIdentifier, BoundingBox), Refusal> {
    let bounds = parse_bounds(value).ok_or_else(|| {
        form.malformed_refusal(format!(
            "`{value}` is no box [west,south,east,north] in degrees, west ≤ east and south ≤ north"
        ))
    })?;
    let (lon, lat) = read_point_columns(form)?;
    Ok((lon, lat, bounds))
}

/// Reads the columns of longitude and latitude.
pub(super) fn read_point_columns(
    form: &mut OdrlReader<'_>,
) -> Result<(SqlIdentifier, SqlIdentifier), Refusal> {
    let columns = form.read_texts::<SqlIdentifier>("h:column")?;
    match columns.as_slice() {
        [lon, lat] => Ok((lon.clone(), lat.clone())),
        _ => Err(form.malformed_refusal(
            "a place is about two columns, that of the longitude and that of the latitude",
        )),
    }
}

/// Parses a box `[west,south,east,north]`.
fn parse_bounds(text: &str) -> Option<BoundingBox> {
    let inner = text.strip_prefix('[')?.strip_suffix(']')?;
    let parts: Vec<&str> = inner.split(',').collect();
    let [west, south, east, north] = parts.as_slice() else {
        return None;
    };
    bounds_of(west, south, east, north)
}

fn box_effect(
    lon: &SqlIdentifier,
    lat: &SqlIdentifier,
    bounds: &BoundingBox,
) -> Result<EffectKind, Refusal> {
    if lon == lat {
        return Err(contradiction_refusal(format!(
            "`{lon}` can't be both longitude and latitude"
        )));
    }
    let west = parse_degrees(&bounds.west, 180.0)?;
    let south = parse_degrees(&bounds.south, 90.0)?;
    let east = parse_degrees(&bounds.east, 180.0)?;
    let north = parse_degrees(&bounds.north, 90.0)?;
    if west > east || south > north {
        return Err(contradiction_refusal(
            "the box is empty: west lies east of east, or south north of north",
        ));
    }
    Ok(EffectKind::KeepInside {
        lon: lon.clone(),
        lat: lat.clone(),
        bounds: bounds.clone(),
    })
}

fn parse_degrees(text: &str, most: f64) -> Result<f64, Refusal> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    match text.parse::<f64>() {
        Ok(value) if plain && text.len() <= 32 && value.abs() <= most => Ok(value),
        Ok(_) | Err(_) => Err(Refusal::new(
            ErrorCode::TermIllTyped,
            format!("`{text}` is no angle of at most {most} degrees"),
        )
        .with_help("write degrees as a decimal number, such as 7.62")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bounds: [&str; 4], expect: Result<(), ErrorCode>) {
        let [west, south, east, north] = bounds.map(str::to_owned);
        let bounds = BoundingBox {
            west,
            south,
            east,
            north,
        };
        let got = box_effect(&"lon".parse().unwrap(), &"lat".parse().unwrap(), &bounds);
        assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), expect);
    }

    #[test]
    fn boxes() {
        check(["7.5", "51.9", "7.7", "52.0"], Ok(()));
        check(["7.5", "51.9", "7.5", "51.9"], Ok(()));
        check(["-180", "-90", "180", "90"], Ok(()));
        check(
            ["7.7", "51.9", "7.5", "52.0"],
            Err(ErrorCode::PolicyContradiction),
        );
        check(
            ["7.5", "52.1", "7.7", "52.0"],
            Err(ErrorCode::PolicyContradiction),
        );
        for bad in ["", "east", "nan", "inf", "1e2", "181", "7,5", "--7"] {
            check([bad, "51.9", "180", "52.0"], Err(ErrorCode::TermIllTyped));
        }
    }
}
