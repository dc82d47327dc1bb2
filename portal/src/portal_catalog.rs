//! Content of the catalogue for portals, independent of the output format.

use crate::event_stream::PortalEvents;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::DatasetColumn;

/// Open datasets of a participant, with the publisher.
#[derive(Debug, Clone, PartialEq)]
pub struct PortalCatalog {
    /// Base of all addresses: `https://` and the public host, without a slash at the end.
    pub base: String,
    /// Title for people.
    pub title: String,
    /// Description for people.
    pub description: String,
    /// Language of titles and descriptions, one of [`crate::LANGUAGES`].
    pub language: String,
    /// Publisher of the catalogue.
    pub publisher: PortalPublisher,
    /// Datasets in the order of their names.
    pub datasets: Vec<PortalDataset>,
    /// Changes of the catalogue; absent where they were not requested, or can't be read.
    pub events: Option<PortalEvents>,
}

/// Publisher of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalPublisher {
    /// Name of the publisher.
    pub name: String,
    /// Type of the publisher, one of [`crate::PUBLISHER_KINDS`].
    pub kind: String,
    /// Contact address.
    pub email: Option<String>,
    /// Contact page.
    pub page: Option<String>,
}

/// Dataset that everybody may fetch, as far as its public view shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct PortalDataset {
    /// Name for addresses: letters, digits and `_`.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Licence, as written by the owner.
    pub licence: String,
    /// Attribution text that the owner asks for.
    pub attribution: Option<String>,
    /// True for a high-value dataset under the regulation.
    pub high_value: bool,
    /// Label of the published snapshot.
    pub version: String,
    /// Instant of publication.
    pub published_at: UtcTimestamp,
    /// First and last instant, where the view shows all rows.
    pub time_span: Option<(UtcTimestamp, UtcTimestamp)>,
    /// West, south, east and north in degrees, where the view shows all rows.
    pub area: Option<[f64; 4]>,
    /// Columns of the view.
    pub columns: Vec<DatasetColumn>,
    /// Identity of the public view, as in its record.
    pub contract: String,
    /// Files for downloads of the whole dataset.
    pub files: Vec<PortalFile>,
    /// Owner's statements for portals.
    pub statements: PortalStatements,
}

/// Owner's statements about a dataset for portals, in addition to the catalogue entry.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalStatements {
    /// Description for people.
    pub description: Option<String>,
    /// Keywords for searches.
    pub keywords: Vec<String>,
    /// Data theme, one of [`crate::THEMES`].
    pub theme: Option<String>,
    /// Frequency of updates, one of [`crate::FREQUENCIES`].
    pub frequency: Option<String>,
    /// Category of high-value data, one of [`crate::HVD_CATEGORIES`].
    pub hvd_category: Option<String>,
}

/// File for a download of the whole dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalFile {
    /// File name extension: `parquet`, `csv` or `geojson`.
    pub ending: &'static str,
    /// Media type, without parameters.
    pub media_type: &'static str,
}

impl PortalCatalog {
    /// IRI of the catalogue.
    pub(crate) fn iri(&self) -> String {
        format!("{}/catalog", self.base)
    }

    /// IRI below the base.
    pub(crate) fn local_iri(&self, local: &str) -> String {
        format!("{}/id/{local}", self.base)
    }

    /// All datasets with their download addresses, of files and of pages.
    #[must_use]
    pub fn download_links(&self) -> Vec<(String, String)> {
        let mut links = Vec::new();
        for dataset in &self.datasets {
            let rows = dataset.rows_address(&self.base);
            let files = dataset.files.iter();
            let files = files.map(|file| dataset.file_address(&self.base, file));
            let addresses = std::iter::once(rows).chain(files);
            links.extend(addresses.map(|address| (dataset.name.clone(), address)));
        }
        links
    }

    /// Dataset with this name.
    pub(crate) fn dataset(&self, name: &str) -> Option<&PortalDataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }

    /// Latest instant of publication of all datasets.
    pub(crate) fn last_published_at(&self) -> Option<UtcTimestamp> {
        let published = self.datasets.iter().map(|dataset| dataset.published_at);
        published.max()
    }
}

impl PortalDataset {
    /// Address of the dataset's rows, page by page.
    pub(crate) fn rows_address(&self, base: &str) -> String {
        format!("{base}/open/{}/rows", self.name)
    }

    /// Address of a file.
    pub(crate) fn file_address(&self, base: &str, file: &PortalFile) -> String {
        format!("{base}/open/{}.{}", self.name, file.ending)
    }
}
