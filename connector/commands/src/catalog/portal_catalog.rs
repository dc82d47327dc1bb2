//! `hansa catalog export` and `validate`: the own open datasets, as data portals read them.

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::{CommandReport, ReportRow, report_table};
use hansa_node::offer::portal_entries;
use hansa_node::participant::Connector;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_portal::{PortalCatalog, PortalFinding, RdfFormat};
use hansa_transport::notice_delivery;
use serde::Serialize;

/// Prints the catalogue.
pub(super) async fn export_catalog(
    connector: &Connector,
    format: &str,
    is_high_value: bool,
    out: &EventSink,
) -> CommandResult {
    let catalog = require_catalog(connector)?;
    let mut formats = RdfFormat::ALL.into_iter();
    let format = formats
        .find(|known| known.file_extension() == format)
        .ok_or_else(|| Refusal::new(ErrorCode::UsageWrong, "the forms are ttl, jsonld and rdf"))?;
    let document = hansa_portal::catalog_document(&catalog, format, is_high_value);
    let text = document.and_then(|document| String::from_utf8(document).ok());
    let text =
        text.ok_or_else(|| Refusal::new(ErrorCode::Internal, "the catalogue can't be written"))?;
    out.send_report(&PortalDocument {
        media_type: format.media_type(),
        document: text,
    })
    .await?;
    Ok(0)
}

/// Catalogue as data portals read it.
#[derive(Debug, Serialize)]
struct PortalDocument {
    media_type: &'static str,
    document: String,
}

impl CommandReport for PortalDocument {
    fn to_text(&self) -> String {
        self.document.trim_end().to_owned()
    }
}

/// Says what is wrong with it; asks its links, where `fetch` says so.
pub(super) async fn validate_catalog(
    connector: &Connector,
    fetch: bool,
    out: &EventSink,
) -> CommandResult {
    let catalog = require_catalog(connector)?;
    let mut findings = hansa_portal::portal_findings(&catalog);
    findings.extend(open_data_findings(connector, &catalog));
    if fetch {
        for (dataset, address) in catalog.download_links() {
            if let Err(refusal) = notice_delivery::check_address_answers(&address).await {
                findings.push(PortalFinding {
                    dataset: Some(dataset),
                    is_error: true,
                    property: "dcat:accessURL",
                    sentence: format!(
                        "{address} gives nothing without a login: {}",
                        refusal.sentence
                    ),
                    key: "portal.base",
                });
            }
        }
    }
    let mut rows = Vec::new();
    for finding in &findings {
        let row = FindingReport::of(finding);
        out.send_row(&row).await?;
        rows.push(row);
    }
    let errors = findings.iter().filter(|finding| finding.is_error).count();
    let sum = format!(
        "{} open datasets, {errors} errors, {} pieces of advice",
        catalog.datasets.len(),
        findings.len().saturating_sub(errors)
    );
    let text = match rows.is_empty() {
        true => sum,
        false => format!("{}\n{sum}", report_table(&rows)),
    };
    out.send_text(text).await?;
    Ok(if errors == 0 { 0 } else { 6 })
}

/// Finding about the catalogue.
#[derive(Debug, Serialize)]
struct FindingReport<'a> {
    /// Dataset of the finding; absent: the catalogue itself.
    dataset: Option<&'a str>,
    severity: &'static str,
    /// Property by its name in DCAT-AP.
    property: &'static str,
    finding: &'a str,
    /// Configuration key that solves it.
    key: &'static str,
}

impl<'a> FindingReport<'a> {
    fn of(finding: &'a PortalFinding) -> Self {
        Self {
            dataset: finding.dataset.as_deref(),
            severity: match finding.is_error {
                true => "error",
                false => "advice",
            },
            property: finding.property,
            finding: &finding.sentence,
            key: finding.key,
        }
    }
}

impl ReportRow for FindingReport<'_> {
    const HEADER: &'static [&'static str] = &["DATASET", "", "PROPERTY", "FINDING", "KEY"];

    fn cells(&self) -> Vec<String> {
        vec![
            self.dataset.unwrap_or_default().to_owned(),
            self.severity.to_owned(),
            self.property.to_owned(),
            self.finding.to_owned(),
            self.key.to_owned(),
        ]
    }
}

/// What the law wants to be open and is not, and whether anything is served at all.
fn open_data_findings(connector: &Connector, catalog: &PortalCatalog) -> Vec<PortalFinding> {
    let mut found = Vec::new();
    if connector.config().web.listen.is_none() {
        found.push(PortalFinding {
            dataset: None,
            is_error: true,
            property: "dcat:endpointURL",
            sentence: "nothing listens at [web], so no link answers".to_owned(),
            key: "web.listen",
        });
    }
    connector.datasets.catalog(|own| {
        for dataset in own.datasets().filter(|dataset| dataset.high_value) {
            let name = dataset.id.name.as_str();
            if catalog.datasets.iter().any(|open| open.name == name) {
                continue;
            }
            found.push(PortalFinding {
                dataset: Some(name.to_owned()),
                is_error: true,
                property: "dcat:distribution",
                sentence: "a high-value dataset is open to anybody, and no public view of it is"
                    .to_owned(),
                key: "open_data",
            });
        }
    });
    found
}

/// The catalogue; why there is none.
fn require_catalog(connector: &Connector) -> Result<PortalCatalog, Refusal> {
    portal_entries::portal_catalog(connector).ok_or_else(|| {
        let sentence = "the configuration has no [portal], so portals are told nothing";
        Refusal::new(ErrorCode::ConfigInvalid, sentence).with_help(
            "say at least base, title, description and publisher: hansa config reference",
        )
    })
}
