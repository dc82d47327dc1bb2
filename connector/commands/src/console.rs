//! `hansa console`: a code for one sign-in at the console, and the number of an act there.

mod act_form_pages;
mod act_pages;
mod act_table;
mod answer_download;
mod answer_map_pages;
mod approval_acts;
pub(crate) mod arguments;
mod ask_pages;
mod asked_question;
mod body_pipe;
mod catalog_pages;
mod console_act;
pub(crate) mod console_service;
mod contract_pages;
mod dataset_acts;
mod dataset_pages;
mod evidence_pages;
mod file_acts;
mod file_pages;
mod first_step_pages;
mod group_acts;
mod guarded_look;
mod login_pages;
mod login_proof;
mod negotiation_acts;
mod offer_acts;
mod operation_pages;
mod operator_acts;
mod page_visit;
mod passkey_pages;
mod person_visit;
mod policy_acts;
mod policy_pages;
mod policy_trial_pages;
mod record_pages;
mod session_acts;
mod setting_pages;
mod token_acts;
mod unsent_form;
mod upload_pages;
mod verification_pages;

use crate::admin::command_result::CommandResult;
use crate::admin::event_sink::EventSink;
use crate::cli::command_report::CommandReport;
use hansa_node::console::act::{confirm_act, confirm_addition_for};
use hansa_node::console::issue_code;
use hansa_node::console::pending_act::DescribedAct;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use serde::Serialize;
use std::sync::Arc;

/// Gives a code to the person behind the local socket.
pub(crate) async fn invite_person(
    connector: &Arc<Connector>,
    caller: &Caller,
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

/// Confirms an act that the person has begun in the browser.
pub(crate) async fn confirm_number(
    connector: &Arc<Connector>,
    caller: &Caller,
    number: &str,
    out: &EventSink,
) -> CommandResult {
    let act = confirm_act(connector, caller, number)?;
    report_confirmation(act, out).await
}

/// Confirms the passkey that a person without a Unix user has begun to add.
pub(crate) async fn confirm_addition(
    connector: &Arc<Connector>,
    caller: &Caller,
    person: &str,
    number: &str,
    out: &EventSink,
) -> CommandResult {
    let act = confirm_addition_for(connector, caller, person, number)?;
    report_confirmation(act, out).await
}

async fn report_confirmation(act: DescribedAct, out: &EventSink) -> CommandResult {
    out.send_report(&ConfirmationReport {
        act: act.act,
        subject: act.subject,
        shown: act.shown,
    })
    .await?;
    Ok(0)
}

/// Act that its person has confirmed.
#[derive(Debug, Serialize)]
struct ConfirmationReport {
    /// Words of the command.
    act: String,
    /// Contract, negotiation, or another subject.
    subject: String,
    /// Digest of the page that was shown.
    shown: String,
}

impl CommandReport for ConfirmationReport {
    fn to_text(&self) -> String {
        let Self {
            act,
            subject,
            shown,
        } = self;
        match shown.is_empty() {
            // Only a passkey is confirmed without a page of a contract.
            true => format!(
                "confirmed: {act}: the passkey {subject} will act in the name of its person; go on in the browser"
            ),
            false => format!(
                "confirmed: {act} {subject}, with the page whose SHA-256 is {shown}; go on in the browser"
            ),
        }
    }
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
