//! What portals are told, before it is put into their words.

use crate::event_stream::PortalEvents;
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::DatasetColumn;

/// The open datasets of a participant, with who publishes them.
#[derive(Debug, Clone, PartialEq)]
pub struct PortalCatalog {
    /// `https://` and the host under which anybody reaches the pages; the beginning of each name that is given here. Without a slash
    /// at its end.
    pub base: String,
    /// Title for people.
    pub title: String,
    /// What is in it.
    pub description: String,
    /// The language of titles and descriptions, as one of [`crate::LANGUAGES`].
    pub language: String,
    /// Who publishes it.
    pub publisher: PortalPublisher,
    /// The datasets, in order of their names.
    pub datasets: Vec<PortalDataset>,
    /// What changed in it; absent where it was not asked for, or can't be read.
    pub events: Option<PortalEvents>,
}

/// Who publishes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalPublisher {
    /// Its name.
    pub name: String,
    /// What kind of body it is, one of [`crate::PUBLISHER_KINDS`].
    pub kind: String,
    /// Whom to write to.
    pub email: Option<String>,
    /// A page about whom to ask.
    pub page: Option<String>,
}

/// A dataset that anybody may fetch. It holds what the public view shows and nothing beyond.
#[derive(Debug, Clone, PartialEq)]
pub struct PortalDataset {
    /// Its name, of which names and addresses are made: letters, digits and `_`.
    pub name: String,
    /// Title for people.
    pub title: String,
    /// Licence, as the owner wrote it.
    pub licence: String,
    /// How the source wants to be named.
    pub attribution: Option<String>,
    /// Whether it falls under the regulation on high-value datasets.
    pub high_value: bool,
    /// The label of the published snapshot.
    pub version: String,
    /// When that was published.
    pub published_at: UtcTimestamp,
    /// First and last instant, where the view shows all of it.
    pub time_span: Option<(UtcTimestamp, UtcTimestamp)>,
    /// West, south, east, north in degrees, where the view shows all of it.
    pub area: Option<[f64; 4]>,
    /// The columns of the view.
    pub columns: Vec<DatasetColumn>,
    /// The identity of the public view, by which its record is found.
    pub contract: String,
    /// How it is fetched whole.
    pub files: Vec<PortalFile>,
    /// What the owner says to portals.
    pub statements: PortalStatements,
}

/// What the owner says of a dataset to portals, beside what is known of it anyway.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortalStatements {
    /// What it is.
    pub description: Option<String>,
    /// Words by which it is found.
    pub keywords: Vec<String>,
    /// What it is about, one of [`crate::THEMES`].
    pub theme: Option<String>,
    /// How often it changes, one of [`crate::FREQUENCIES`].
    pub frequency: Option<String>,
    /// The category of high-value data, one of [`crate::HVD_CATEGORIES`].
    pub hvd_category: Option<String>,
}

/// A way to fetch a dataset whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortalFile {
    /// The ending of its name, which is the form: `parquet`, `csv` or `geojson`.
    pub ending: &'static str,
    /// Its media type, without parameters.
    pub media_type: &'static str,
}

impl PortalCatalog {
    /// The name of the catalogue.
    pub(crate) fn iri(&self) -> String {
        format!("{}/catalog", self.base)
    }

    /// A name under the base.
    pub(crate) fn id(&self, local: &str) -> String {
        format!("{}/id/{local}", self.base)
    }

    /// Each dataset with the addresses at which it is fetched, whole and by pages.
    #[must_use]
    pub fn links(&self) -> Vec<(String, String)> {
        let mut links = Vec::new();
        for dataset in &self.datasets {
            let rows = dataset.rows(&self.base);
            let files = dataset.files.iter();
            let files = files.map(|file| dataset.download(&self.base, file));
            let addresses = std::iter::once(rows).chain(files);
            links.extend(addresses.map(|address| (dataset.name.clone(), address)));
        }
        links
    }

    /// The dataset of that name.
    pub(crate) fn dataset(&self, name: &str) -> Option<&PortalDataset> {
        self.datasets.iter().find(|dataset| dataset.name == name)
    }

    /// When the newest of its datasets was published.
    pub(crate) fn last_published_at(&self) -> Option<UtcTimestamp> {
        let published = self.datasets.iter().map(|dataset| dataset.published_at);
        published.max()
    }
}

impl PortalDataset {
    /// Where its rows are had, a page at a time.
    pub(crate) fn rows(&self, base: &str) -> String {
        format!("{base}/open/{}/rows", self.name)
    }

    /// Where a file of it is fetched.
    pub(crate) fn download(&self, base: &str, file: &PortalFile) -> String {
        format!("{base}/open/{}.{}", self.name, file.ending)
    }
}
