//! Files that the console gives: the evidence, and which answers need a proof that the person is present.

use crate::audit::export::write_bundle_to;
use crate::audit::sign_current_head;
use crate::console::body_pipe::stream_body;
use crate::console::evidence_pages::PAGE;
use crate::console::file_acts::{EVIDENCE, EXPORTERS, export_filter, export_line};
use crate::console::page_visit::{html_response, redirect};
use crate::console::person_visit::PersonVisit;
use hansa_catalog::dataset::Dataset;
use hansa_console::{AnswerReport, render_export_file};
use hansa_node::console::file_grant::MINUTES_GRANTED;
use hansa_node::participant::Connector;
use hansa_node::question::reachable_tables::known_catalog;
use hansa_policy::refusal::Refusal;
use hansa_transport::ConsoleResponse;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Page of the act that grants the evidence.
const EXPORT: &str = "/evidence/export";

/// Page with the file of the evidence, or the way to the act that grants it.
pub(super) async fn show_export_file(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(EXPORTERS, PAGE).await?;
    let Some(values) = find_grant(visit, EVIDENCE) else {
        return Ok(redirect(EXPORT));
    };
    Ok(visit.show_page(export_line(&values), |frame| {
        render_export_file(frame, MINUTES_GRANTED)
    }))
}

/// File of the evidence, made while it is sent; without a grant the way to the act.
pub(super) async fn download_export(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(EXPORTERS, PAGE).await?;
    let Some(values) = find_grant(visit, EVIDENCE) else {
        return Ok(redirect(EXPORT));
    };
    let head = sign_current_head(&visit.connector.records).await?;
    let filter = export_filter(&values);
    let connector = Arc::clone(visit.connector);
    let body = stream_body(move |mut pipe| {
        write_bundle_to(&connector, &filter, &head, &mut pipe).map(|_| ())
    });
    Ok(ConsoleResponse {
        content_type: "application/octet-stream",
        file_name: Some(format!("{}.bundle", visit.connector.id().domain())),
        body,
        ..html_response(200, String::new())
    })
}

/// Checks that the session may take the files of an answer: that it is not about persons, or that the person was present.
pub(super) fn may_take_files(
    visit: &PersonVisit<'_>,
    id: &str,
    report: Option<&AnswerReport>,
) -> bool {
    !may_be_about_persons(visit.connector, report) || find_grant(visit, id).is_some()
}

/// False where it is known of each dataset of an answer that it is not about persons.
pub(super) fn may_be_about_persons(connector: &Connector, report: Option<&AnswerReport>) -> bool {
    let Some(report) = report else {
        return true;
    };
    report.participants.iter().any(|part| {
        part.reads.iter().any(|read| {
            let known = find_dataset(connector, &part.participant, &read.dataset);
            known.is_none_or(|dataset| is_about_persons(&dataset))
        })
    })
}

fn is_about_persons(dataset: &Dataset) -> bool {
    dataset.personal || dataset.columns.iter().any(|column| column.personal)
}

/// Entry of a dataset: of the own catalogue, or of that of a peer as it was last read.
fn find_dataset(connector: &Connector, participant: &str, name: &str) -> Option<Dataset> {
    if participant == connector.id().domain() {
        return connector.datasets.catalog(|catalog| {
            let mut own = catalog.datasets();
            own.find(|dataset| dataset.id.name.as_str() == name)
                .cloned()
        });
    }
    let peers = connector.known_peers().ok()?;
    let peer = peers
        .into_iter()
        .find(|peer| peer.id.domain() == participant)?;
    let known = known_catalog(connector, &peer)?;
    let mut visible = known.datasets.iter();
    let found = visible.find(|visible| visible.dataset.id.name.as_str() == name);
    found.map(|visible| visible.dataset.clone())
}

fn find_grant(visit: &PersonVisit<'_>, file: &str) -> Option<BTreeMap<String, String>> {
    let files = &visit.connector.console.files;
    files.find(visit.session(), file, visit.connector.ticks())
}
