//! Pages of those who run the connector.

use crate::backup::arguments::BackupCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::shell_word::quote_word;
use crate::console::person_visit::PersonVisit;
use crate::delivery::arguments::DeliveryCommand;
use crate::peer::arguments::PeerCommand;
use crate::running::arguments::RunningCommand;
use crate::worker::arguments::WorkerCommand;
use hansa_console::{
    BackupRow, DeliveryListView, DeliveryRow, DoctorFinding, DoctorView, HealthView, HistorySpan,
    HistoryView, PeerListView, PeerRow, ROWS_PER_PAGE, RunningRow, WorkerRow, render_backups,
    render_deliveries, render_doctor, render_history, render_operations, render_peers,
    render_running, render_workers,
};
use hansa_node::config::person::Role;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::ConsoleResponse;

/// Roles that read the state of the connector.
const READERS: &[Role] = &[Role::Operator];

/// Name of the pages in the record of a refusal.
const PAGE: &str = "operations";

/// Health of the connector.
pub(super) async fn show_operations(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Status {
        check: false,
        minutes: false,
    };
    let view: HealthView = permitted.read_one(command).await?;
    Ok(visit.show_page("hansa status".to_owned(), |frame| {
        render_operations(frame, &view)
    }))
}

/// Figures of the last day or the last hour.
pub(super) async fn show_history(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Status {
        check: false,
        minutes: true,
    };
    let view = HistoryView {
        minutes: permitted.read_rows(command).await?,
        span: HistorySpan::from_word(visit.parameter("span")),
    };
    Ok(
        visit.show_page("hansa status --minutes".to_owned(), |frame| {
            render_history(frame, &view)
        }),
    )
}

/// Peers as they are known.
pub(super) async fn show_peers(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let after = visit.given_parameter("after");
    // One more shows if another page follows.
    let command = ConnectorCommand::Peer(PeerCommand::List {
        after: after.clone(),
        limit: Some(ROWS_PER_PAGE + 1),
    });
    let mut rows: Vec<PeerRow> = permitted.read_rows(command).await?;
    let has_more = rows.len() > ROWS_PER_PAGE;
    rows.truncate(ROWS_PER_PAGE);
    let view = PeerListView {
        after: rows
            .last()
            .filter(|_| has_more)
            .map(|row| row.alias.clone()),
        rows,
    };
    let shown = page_command("hansa peer list", after.as_deref());
    Ok(visit.show_page(shown, |frame| render_peers(frame, &view)))
}

/// Form that begins a check.
pub(super) async fn show_check(
    visit: &PersonVisit<'_>,
    participant: Option<&str>,
) -> Result<ConsoleResponse, Refusal> {
    let _permitted = visit.permit(READERS, PAGE).await?;
    let participant = participant.map(check_name).transpose()?;
    let view = DoctorView {
        participant: participant.map(str::to_owned),
        findings: None,
    };
    Ok(visit.show_page(doctor_command(participant), |frame| {
        render_doctor(frame, &view)
    }))
}

/// Check of the connector. It calls peers, so that it is begun by a form; it changes nothing.
pub(super) async fn run_check(
    visit: &PersonVisit<'_>,
    participant: Option<&str>,
) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let participant = participant.map(check_name).transpose()?;
    let command = ConnectorCommand::Doctor {
        participant: participant.map(str::to_owned),
        peer: None,
    };
    let findings: Vec<DoctorFinding> = permitted.read_rows(command).await?;
    let view = DoctorView {
        participant: participant.map(str::to_owned),
        findings: Some(findings),
    };
    Ok(visit.show_page(doctor_command(participant), |frame| {
        render_doctor(frame, &view)
    }))
}

/// Answers that run now.
pub(super) async fn show_running(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Running(RunningCommand::List);
    let rows: Vec<RunningRow> = permitted.read_rows(command).await?;
    Ok(visit.show_page("hansa running list".to_owned(), |frame| {
        render_running(frame, &rows)
    }))
}

/// Messages that wait for their receivers.
pub(super) async fn show_deliveries(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let after = visit.given_parameter("after");
    let command = ConnectorCommand::Delivery(DeliveryCommand::List {
        after: after.clone(),
        limit: Some(ROWS_PER_PAGE + 1),
    });
    let mut rows: Vec<DeliveryRow> = permitted.read_rows(command).await?;
    let has_more = rows.len() > ROWS_PER_PAGE;
    rows.truncate(ROWS_PER_PAGE);
    let view = DeliveryListView {
        after: rows.last().filter(|_| has_more).map(|row| row.key.clone()),
        rows,
    };
    let shown = page_command("hansa delivery list", after.as_deref());
    Ok(visit.show_page(shown, |frame| render_deliveries(frame, &view)))
}

/// Workers as they are known.
pub(super) async fn show_workers(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Worker(WorkerCommand::List);
    let rows: Vec<WorkerRow> = permitted.read_rows(command).await?;
    Ok(visit.show_page("hansa worker list".to_owned(), |frame| {
        render_workers(frame, &rows)
    }))
}

/// Copies of the state with their rehearsals.
pub(super) async fn show_backups(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, PAGE).await?;
    let command = ConnectorCommand::Backup {
        file: None,
        command: Some(BackupCommand::List),
    };
    let rows: Vec<BackupRow> = permitted.read_rows(command).await?;
    Ok(visit.show_page("hansa backup list".to_owned(), |frame| {
        render_backups(frame, &rows)
    }))
}

/// Command line of a page of a list.
pub(super) fn page_command(list: &str, after: Option<&str>) -> String {
    let after = after.map(|after| format!(" --after {}", quote_word(after)));
    format!(
        "{list} --limit {ROWS_PER_PAGE}{}",
        after.unwrap_or_default()
    )
}

fn doctor_command(participant: Option<&str>) -> String {
    match participant {
        Some(name) => format!("hansa doctor {}", quote_word(name)),
        None => "hansa doctor".to_owned(),
    }
}

/// Checks that a segment of the address can be a domain or an alias.
fn check_name(name: &str) -> Result<&str, Refusal> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let begins_plain = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphanumeric());
    if !begins_plain || name.len() > 200 || !name.bytes().all(is_plain) {
        let sentence = "this is no name of a participant";
        return Err(Refusal::new(ErrorCode::PeerUnknown, sentence));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_an_address_are_checked_before_use() {
        for name in ["lisbon", "lisbon.example", "a-b_c"] {
            assert_eq!(check_name(name).unwrap(), name);
        }
        for name in ["", "..", "-x", "a/b", "a b", "ä", "--all"] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert_eq!(
            page_command("hansa peer list", Some("a b")),
            "hansa peer list --limit 50 --after 'a b'"
        );
    }
}
