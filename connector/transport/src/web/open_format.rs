//! The forms in which open data is fetched.

use super::OpenDataset;
use super::format::geojson::coordinates;

/// A form of an open dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OpenFormat {
    Parquet,
    Csv,
    GeoJson,
    /// JSON, a page at a time.
    Rows,
}

impl OpenFormat {
    /// Those that are fetched whole.
    pub(super) const FILES: [Self; 3] = [Self::Parquet, Self::Csv, Self::GeoJson];

    /// The ending of its files.
    pub(super) const fn ending(self) -> &'static str {
        match self {
            Self::Parquet => "parquet",
            Self::Csv => "csv",
            Self::GeoJson => "geojson",
            Self::Rows => "json",
        }
    }

    pub(super) const fn media_type(self) -> &'static str {
        match self {
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Csv => "text/csv",
            Self::GeoJson => "application/geo+json",
            Self::Rows => "application/json",
        }
    }

    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            other => other.media_type(),
        }
    }

    /// Whether a dataset can be written in it.
    pub(super) fn fits(self, dataset: &OpenDataset) -> bool {
        match self {
            Self::Parquet | Self::Csv | Self::Rows => true,
            Self::GeoJson => coordinates(&dataset.columns).is_some(),
        }
    }
}

/// The forms in which a dataset is fetched whole: the ending and the media type of each.
pub(super) fn files(dataset: &OpenDataset) -> Vec<(&'static str, &'static str)> {
    let formats = OpenFormat::FILES.into_iter();
    let formats = formats.filter(|format| format.fits(dataset));
    formats
        .map(|format| (format.ending(), format.media_type()))
        .collect()
}
