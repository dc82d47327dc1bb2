//! `hansa console`: a code for one sign-in at the console. The pages behind it are commands that only read.

pub(crate) mod console_service;
mod contract_pages;
mod page_visit;
mod person_visit;

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use hansa_node::console::issue_code;
use hansa_node::participant::Connector;
use serde::Serialize;
use std::sync::Arc;

/// Gives a code to the person behind the local socket.
pub(crate) async fn invite_person(
    connector: &Arc<Connector>,
    caller: Option<u32>,
    out: &EventSink,
) -> CommandResult {
    let invitation = issue_code(connector, caller)?;
    out.send_report(&InvitationReport {
        address: invitation.address,
        code: invitation.code,
        person: invitation.person,
    })
    .await?;
    Ok(0)
}

/// Code for one sign-in.
#[derive(Debug, Serialize)]
struct InvitationReport {
    /// Address of the page; it contains no secret.
    address: String,
    code: String,
    /// Name of the person.
    person: String,
}

impl CommandReport for InvitationReport {
    fn to_text(&self) -> String {
        format!(
            "open {} and type the code {}; it is for {}, once, within two minutes",
            self.address, self.code, self.person
        )
    }
}
