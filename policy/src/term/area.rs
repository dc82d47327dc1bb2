//! Term 15: only rows whose point lies in the box exist.

use super::contradiction;
use crate::effect::What;
use crate::id::Name;
use crate::refusal::{Code, Refusal};
use crate::term::Bounds;

pub(super) fn rule(lon: &Name, lat: &Name, bounds: &Bounds) -> Result<What, Refusal> {
    if lon == lat {
        return Err(contradiction(format!(
            "`{lon}` can't be both longitude and latitude"
        )));
    }
    let west = degrees(&bounds.west, 180.0)?;
    let south = degrees(&bounds.south, 90.0)?;
    let east = degrees(&bounds.east, 180.0)?;
    let north = degrees(&bounds.north, 90.0)?;
    if west > east || south > north {
        return Err(contradiction(
            "the box is empty: west lies east of east, or south north of north",
        ));
    }
    Ok(What::KeepInside {
        lon: lon.clone(),
        lat: lat.clone(),
        bounds: bounds.clone(),
    })
}

pub(super) fn plain(lon: &Name, lat: &Name, bounds: &Bounds) -> String {
    let Bounds {
        west,
        south,
        east,
        north,
    } = bounds;
    format!("only rows with {lon} from {west} to {east} and {lat} from {south} to {north} degrees")
}

fn degrees(text: &str, most: f64) -> Result<f64, Refusal> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    match text.parse::<f64>() {
        Ok(value) if plain && text.len() <= 32 && value.abs() <= most => Ok(value),
        Ok(_) | Err(_) => Err(Refusal::new(
            Code::TermIllTyped,
            format!("`{text}` is no angle of at most {most} degrees"),
        )
        .with_help("write degrees as a decimal number, such as 7.62")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bounds: [&str; 4], expect: Result<(), Code>) {
        let [west, south, east, north] = bounds.map(str::to_owned);
        let bounds = Bounds {
            west,
            south,
            east,
            north,
        };
        let got = rule(&"lon".parse().unwrap(), &"lat".parse().unwrap(), &bounds);
        assert_eq!(got.map(|_| ()).map_err(|refusal| refusal.code), expect);
    }

    #[test]
    fn boxes() {
        check(["7.5", "51.9", "7.7", "52.0"], Ok(()));
        check(["7.5", "51.9", "7.5", "51.9"], Ok(()));
        check(["-180", "-90", "180", "90"], Ok(()));
        check(
            ["7.7", "51.9", "7.5", "52.0"],
            Err(Code::PolicyContradiction),
        );
        check(
            ["7.5", "52.1", "7.7", "52.0"],
            Err(Code::PolicyContradiction),
        );
        for bad in ["", "east", "nan", "inf", "1e2", "181", "7,5", "--7"] {
            check([bad, "51.9", "180", "52.0"], Err(Code::TermIllTyped));
        }
    }
}
