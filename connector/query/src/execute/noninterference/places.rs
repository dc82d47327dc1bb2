//! Places with their grid cells, which were computed by other programs.

use super::published_data;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;

/// Grid cells that a contract shows instead of coordinates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PlaceGeneralization {
    /// Neither coordinates nor a cell.
    Nothing,
    /// H3, resolution 8.
    Hexagon,
    /// Squares of 1 km.
    Square,
    /// Areas of a published list.
    Areas,
}

impl PlaceGeneralization {
    pub(super) fn generate(random: &mut StdRng) -> Self {
        *[Self::Nothing, Self::Hexagon, Self::Square, Self::Areas]
            .choose(random)
            .unwrap()
    }
}

type GeographicPlace = (
    Option<f64>,
    Option<f64>,
    Option<&'static str>,
    Option<&'static str>,
);

/// Longitude, latitude, and the cells computed by the C library of H3 and by PROJ.
#[rustfmt::skip]
pub(super) const PLACES: [GeographicPlace; 24] = [
    (Some(13.39886), Some(52.52096), Some("881f1d4895fffff"), Some("1kmN3273E4551")),
    (Some(13.41018), Some(52.51945), Some("881f1d4897fffff"), Some("1kmN3273E4552")),
    (Some(13.40019), Some(52.5214), Some("881f1d4895fffff"), Some("1kmN3273E4551")),
    (Some(13.39243), Some(52.52019), Some("881f1d4883fffff"), Some("1kmN3273E4551")),
    (Some(13.40312), Some(52.52469), Some("881f1d4891fffff"), Some("1kmN3273E4551")),
    (Some(13.39026), Some(52.51685), Some("881f1d48b9fffff"), Some("1kmN3272E4551")),
    (Some(13.39018), Some(52.52495), Some("881f1d4883fffff"), Some("1kmN3273E4551")),
    (Some(13.40464), Some(52.51267), Some("881f1d48bbfffff"), Some("1kmN3272E4552")),
    (Some(13.41157), Some(52.52744), Some("881f1d4891fffff"), Some("1kmN3274E4552")),
    (Some(13.40369), Some(52.52185), Some("881f1d4895fffff"), Some("1kmN3273E4551")),
    (Some(13.39178), Some(52.51224), Some("881f1d48b9fffff"), Some("1kmN3272E4551")),
    (Some(13.40068), Some(52.51295), Some("881f1d48bbfffff"), Some("1kmN3272E4551")),
    (Some(13.39256), Some(52.51587), Some("881f1d48b9fffff"), Some("1kmN3272E4551")),
    (Some(13.38872), Some(52.51942), Some("881f1d4883fffff"), Some("1kmN3273E4550")),
    (Some(13.39857), Some(52.52548), Some("881f1d489dfffff"), Some("1kmN3273E4551")),
    (Some(13.40046), Some(52.52224), Some("881f1d4895fffff"), Some("1kmN3273E4551")),
    (Some(-75.7), Some(45.42), Some("882b83b0e1fffff"), None),
    (None, Some(52.52), None, None),
    (Some(13.4), None, None, None),
    (Some(f64::NAN), Some(52.52), None, None),
    (Some(13.4), Some(f64::INFINITY), None, None),
    (Some(f64::NEG_INFINITY), Some(f64::NAN), None, None),
    (Some(180.5), Some(52.52), None, None),
    (Some(13.4), Some(-90.5), None, None),
];

/// Cell that is shown for a place.
pub(super) fn shown_cell(shown: PlaceGeneralization, place: usize) -> Option<&'static str> {
    let (lon, lat, hexagon, square) = PLACES[place];
    match shown {
        PlaceGeneralization::Nothing => None,
        PlaceGeneralization::Hexagon => hexagon,
        PlaceGeneralization::Square => square,
        PlaceGeneralization::Areas => published_data::find_side(lon?, lat?),
    }
}

/// Another place with an equal shown cell.
pub(super) fn choose_alike_place(
    shown: PlaceGeneralization,
    place: usize,
    random: &mut StdRng,
) -> usize {
    let same: Vec<usize> = (0..PLACES.len())
        .filter(|other| shown_cell(shown, *other) == shown_cell(shown, place))
        .collect();
    *same.choose(random).unwrap()
}
