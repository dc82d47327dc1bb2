//! Page of the verification of the own log. A form begins one, which goes on in the background.

use crate::audit::arguments::AuditCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::console::evidence_pages::{PAGE, READERS};
use crate::console::page_visit::redirect;
use crate::console::person_visit::{PermittedPerson, PersonVisit};
use hansa_console::{EvidenceView, VERIFICATION_ADDRESS, VerificationView, render_verification};
use hansa_node::config::person::Role;
use hansa_node::console::act::{issue_form_key, use_form_key};
use hansa_node::console::form_key::FormSubject;
use hansa_node::participant::Connector;
use hansa_policy::refusal::Refusal;
use hansa_transport::ConsoleResponse;
use std::sync::Arc;

/// Roles that begin a verification.
const VERIFIERS: &[Role] = &[Role::Auditor];

/// Words of the form that begins one.
const VERIFY: &str = "audit verify";

/// Last result, and the progress of a verification that runs.
pub(super) async fn show_verification(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Audit(AuditCommand::Summary);
    let summary: EvidenceView = permitted.read_one(command).await?;
    let roles = &visit.person.person.roles;
    let may_begin = VERIFIERS.iter().any(|role| roles.contains(role));
    let view = VerificationView {
        verification: summary.verification,
        key: may_begin.then(|| issue_form_key(visit.connector, begin_form(visit))),
    };
    Ok(visit.show_page("hansa audit verify".to_owned(), |frame| {
        render_verification(frame, &view)
    }))
}

/// Begins a verification, unless one that began here still runs.
pub(super) async fn begin_verification(
    visit: &PersonVisit<'_>,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(VERIFIERS, "verification").await?;
    use_form_key(visit.connector, begin_form(visit), visit.form_value("key"))?;
    start_verification(visit.connector, &permitted);
    Ok(redirect(VERIFICATION_ADDRESS))
}

fn start_verification(connector: &Arc<Connector>, permitted: &PermittedPerson<'_>) {
    let Some(request) = VerificationRequest::of(connector) else {
        return;
    };
    let (mut events, work) =
        permitted.start_command(ConnectorCommand::Audit(AuditCommand::Verify {
            file: None,
            head: None,
        }));
    // The result is kept by the command itself; a reader keeps it from waiting.
    let _task = tokio::spawn(async move {
        while events.recv().await.is_some() {}
        let _ended = work.await;
        drop(request);
    });
}

/// Verification that nobody waits for: at most one at a time.
struct VerificationRequest(Arc<Connector>);

impl VerificationRequest {
    fn of(connector: &Arc<Connector>) -> Option<Self> {
        let is_first = connector.records.verifications.request();
        is_first.then(|| Self(Arc::clone(connector)))
    }
}

impl Drop for VerificationRequest {
    fn drop(&mut self) {
        self.0.records.verifications.end_request();
    }
}

fn begin_form<'a>(visit: &'a PersonVisit<'_>) -> FormSubject<'a> {
    FormSubject {
        session: visit.session(),
        act: VERIFY,
        subject: "log",
        shown: "",
    }
}
