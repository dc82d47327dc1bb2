//! Catalog page for data portals.

use crate::program_handler::ClientHandler;
use hansa_node::offer::portal_entries::portal_catalog;
use hansa_node::offer::portal_notice;
use hansa_node::process::blocking_work::run_blocking;
use hansa_policy::refusal::Refusal;
use hansa_portal::PortalRequest;
use hansa_transport::PortalPage;
use std::collections::BTreeMap;
use std::sync::Arc;

impl ClientHandler {
    /// Returns the requested page; `None` if it does not exist.
    pub(crate) async fn portal_page(
        &self,
        path: &[String],
        accept: Option<&[String]>,
        parameters: &BTreeMap<String, String>,
    ) -> Result<Option<PortalPage>, Refusal> {
        let connector = Arc::clone(&self.connector);
        let path = path.to_vec();
        let (accept, parameters) = (accept.map(<[String]>::to_vec), parameters.clone());
        // Building the triples takes long, so it does not run on a thread that serves other requests.
        run_blocking(move || {
            let Some(mut catalog) = portal_catalog(&connector) else {
                return Ok(None);
            };
            if hansa_portal::is_path_of_changes(&path) {
                match portal_notice::portal_events(&connector) {
                    Ok(events) => catalog.events = Some(events),
                    Err(refusal) => tracing::warn!(%refusal, "portal.changes_unread"),
                }
            }
            let request = PortalRequest {
                path: &path,
                accept: accept.as_deref(),
                parameters: &parameters,
            };
            let response = hansa_portal::answer_request(&catalog, &request);
            Ok(response.map(|response| PortalPage {
                status: response.status,
                content_type: response.content_type,
                location: response.location,
                tag: response.tag,
                body: response.body.into(),
            }))
        })
        .await
    }
}
