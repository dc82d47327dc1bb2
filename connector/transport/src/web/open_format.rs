//! Formats of open data.

use super::OpenDataset;
use super::format::geojson::find_coordinates;

/// Format of an open dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum OpenFormat {
    Parquet,
    Csv,
    GeoJson,
    /// JSON, page by page.
    Rows,
}

impl OpenFormat {
    /// Formats of complete files.
    pub(super) const FILES: [Self; 3] = [Self::Parquet, Self::Csv, Self::GeoJson];

    /// File name extension.
    pub(super) const fn file_extension(self) -> &'static str {
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

    /// True if the dataset can be written in the format.
    pub(super) fn fits_dataset(self, dataset: &OpenDataset) -> bool {
        match self {
            Self::Parquet | Self::Csv | Self::Rows => true,
            Self::GeoJson => find_coordinates(&dataset.columns).is_some(),
        }
    }
}

/// Formats of complete files of a dataset: file name extension and media type of each.
pub(super) fn file_formats(dataset: &OpenDataset) -> Vec<(&'static str, &'static str)> {
    let formats = OpenFormat::FILES.into_iter();
    let formats = formats.filter(|format| format.fits_dataset(dataset));
    formats
        .map(|format| (format.file_extension(), format.media_type()))
        .collect()
}
