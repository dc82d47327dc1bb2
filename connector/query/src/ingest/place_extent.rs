//! Extent of a dataset's places, as declared by its owner.

use std::fmt;

/// Bounding box in degrees of longitude and latitude. It includes its edges and does not cross the date line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PlaceExtent {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl PlaceExtent {
    /// Creates a box from west, south, east and north.
    ///
    /// # Errors
    /// The fault of the numbers, in lower case without a full stop.
    pub fn new(degrees: &[f64]) -> Result<Self, &'static str> {
        let [west, south, east, north] = *degrees else {
            return Err("an extent is four numbers: [west, south, east, north] in degrees");
        };
        let is_longitude = |degrees: f64| (-180.0..=180.0).contains(&degrees);
        let is_latitude = |degrees: f64| (-90.0..=90.0).contains(&degrees);
        if !(is_longitude(west) && is_longitude(east) && is_latitude(south) && is_latitude(north)) {
            return Err(
                "an extent is [west, south, east, north]: longitudes from -180 to 180, latitudes from -90 to 90",
            );
        }
        if west >= east || south >= north {
            return Err(
                "an extent is [west, south, east, north]: west less than east, south less than north",
            );
        }
        Ok(Self {
            west,
            south,
            east,
            north,
        })
    }

    /// Checks that a place is in the box.
    #[must_use]
    pub fn contains(&self, longitude: f64, latitude: f64) -> bool {
        (self.west..=self.east).contains(&longitude)
            && (self.south..=self.north).contains(&latitude)
    }

    /// Reason why a place outside the box is no row.
    #[must_use]
    pub fn objection(&self, longitude: f64, latitude: f64) -> Option<&'static str> {
        if self.contains(longitude, latitude) {
            return None;
        }
        Some(if self.contains(latitude, longitude) {
            "the place lies outside the extent of the dataset, and inside it once longitude and latitude are exchanged"
        } else {
            "the place lies outside the extent of the dataset"
        })
    }
}

/// Notation of the configuration.
impl fmt::Display for PlaceExtent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            west,
            south,
            east,
            north,
        } = self;
        write!(f, "[{west:?}, {south:?}, {east:?}, {north:?}]")
    }
}

/// Checks for exchanged coordinates: no place lies in Europe, but all do after the exchange of longitude and latitude. An empty
/// list does not count.
#[must_use]
pub fn look_turned_around(places: impl Iterator<Item = (f64, f64)>) -> bool {
    let mut is_any = false;
    for (longitude, latitude) in places {
        if EUROPE.contains(longitude, latitude) || !EUROPE.contains(latitude, longitude) {
            return false;
        }
        is_any = true;
    }
    is_any
}

/// Europe with its islands, from the Azores to the Urals.
const EUROPE: PlaceExtent = PlaceExtent {
    west: -32.0,
    south: 27.0,
    east: 66.0,
    north: 82.0,
};

/// Column names for a longitude.
pub const LONGITUDES: [&str; 3] = ["lon", "lng", "longitude"];

/// Column names for a latitude.
pub const LATITUDES: [&str; 2] = ["lat", "latitude"];

#[cfg(test)]
mod tests {
    use super::{PlaceExtent, look_turned_around};

    #[test]
    fn an_extent_is_a_box_of_degrees() {
        let extent = PlaceExtent::new(&[7.0, 51.0, 8.0, 52.0]).unwrap();
        assert_eq!(extent.to_string(), "[7.0, 51.0, 8.0, 52.0]");
        assert!(extent.contains(7.0, 52.0) && !extent.contains(6.9, 51.5));
        assert_eq!(extent.objection(7.6, 51.9), None);
        assert!(extent.objection(51.9, 7.6).unwrap().contains("exchanged"));
        assert!(!extent.objection(9.0, 51.9).unwrap().contains("exchanged"));
        for wrong in [
            &[7.0, 51.0, 8.0][..],
            &[8.0, 51.0, 7.0, 52.0],
            &[7.0, 52.0, 8.0, 52.0],
            &[7.0, 51.0, 181.0, 52.0],
            &[51.0, 7.0, 52.0, f64::NAN],
        ] {
            assert!(PlaceExtent::new(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn places_that_look_turned_around() {
        for (places, turned) in [
            (&[(51.9, 7.6), (52.0, 7.7)][..], true),
            (&[(38.7, -9.1)], true),
            (&[(60.2, 24.9)], true),
            (&[(7.6, 51.9)], false),
            (&[(51.9, 7.6), (7.6, 51.9)], false),
            // Ottawa, and places that lie in Europe both ways.
            (&[(-75.7, 45.4)], false),
            (&[(39.0, 40.0)], false),
            (&[], false),
        ] {
            assert_eq!(
                look_turned_around(places.iter().copied()),
                turned,
                "{places:?}"
            );
        }
    }
}
