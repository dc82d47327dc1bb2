//! First steps of the connector: the state of each, from the commands that show it.

use crate::backup::arguments::BackupCommand;
use crate::cli::connector_command::ConnectorCommand;
use crate::console::person_visit::{PermittedPerson, PersonVisit};
use crate::dataset::arguments::{DatasetCommand, DatasetListArgs};
use crate::peer::arguments::PeerCommand;
use crate::person::arguments::PersonCommand;
use crate::policy::arguments::{PolicyCommand, PolicyListArgs};
use hansa_console::{
    BackupRow, DatasetRow, FirstStep, FirstStepsView, PeerRow, PersonRow, PolicyRow, ROWS_PER_PAGE,
    StatusView, render_first_steps,
};
use hansa_node::config::person::Role;
use hansa_node::console::passkey::{has_passkeys, list_usable_passkeys};
use hansa_policy::refusal::Refusal;
use hansa_transport::ConsoleResponse;

/// Roles that see the first steps.
pub(super) const READERS: &[Role] = &[Role::Officer, Role::Operator];

/// Persons who can sign, so that one can stand in for the other.
const SIGNERS: usize = 2;

/// Page of the first steps.
pub(super) async fn show_first_steps(visit: &PersonVisit<'_>) -> Result<ConsoleResponse, Refusal> {
    let permitted = visit.permit(READERS, "start").await?;
    let command = ConnectorCommand::Status {
        check: false,
        minutes: false,
    };
    let status: StatusView = permitted.read_one(command).await?;
    let view = find_steps(&permitted, &status).await?;
    let shown =
        "hansa status\nhansa peer list\nhansa policy list\nhansa person list\nhansa backup list";
    Ok(visit.show_page(shown.to_owned(), |frame| render_first_steps(frame, &view)))
}

/// State of the first steps.
///
/// # Errors
/// The refusal of a command that shows a part of it.
pub(super) async fn find_steps(
    permitted: &PermittedPerson<'_>,
    status: &StatusView,
) -> Result<FirstStepsView, Refusal> {
    let visit = permitted.visit();
    // A connector without name, domain and zone does not start.
    let mut done = vec![FirstStep::Identity];
    let mut not_needed = Vec::new();
    if status.bundle > 0 {
        done.push(FirstStep::League);
    }
    let peers = ConnectorCommand::Peer(PeerCommand::List {
        after: None,
        limit: Some(ROWS_PER_PAGE),
    });
    let peers: Vec<PeerRow> = permitted.read_rows(peers).await?;
    if peers.iter().any(|peer| peer.reached_at.is_some()) {
        done.push(FirstStep::Reach);
    }
    if status.datasets > 0 {
        done.push(FirstStep::Dataset);
    }
    let policies = ConnectorCommand::Policy(PolicyCommand::List(PolicyListArgs {
        after: None,
        limit: Some(1),
    }));
    let policies: Vec<PolicyRow> = permitted.read_rows(policies).await?;
    if !policies.is_empty() {
        done.push(FirstStep::Policy);
    }
    let datasets = ConnectorCommand::Dataset(DatasetCommand::List(DatasetListArgs {
        limit: Some(ROWS_PER_PAGE),
        ..DatasetListArgs::default()
    }));
    let datasets: Vec<DatasetRow> = permitted.read_rows(datasets).await?;
    let mut datasets = datasets.iter();
    if datasets.any(|row| row.version.is_some() && row.offers > 0) {
        done.push(FirstStep::Offer);
    }
    let people: Vec<PersonRow> = permitted
        .read_rows(ConnectorCommand::Person(PersonCommand::List))
        .await?;
    let signer = Role::Signer.as_str();
    let signers = people.iter();
    let signers = signers.filter(|person| person.roles.iter().any(|role| role == signer));
    if signers.count() >= SIGNERS {
        done.push(FirstStep::SecondPerson);
    }
    if !has_passkeys(visit.connector) {
        not_needed.push(FirstStep::Passkey);
    } else if !list_usable_passkeys(visit.connector, &visit.person)?.is_empty() {
        done.push(FirstStep::Passkey);
    }
    let backups = ConnectorCommand::Backup {
        file: None,
        command: Some(BackupCommand::List),
    };
    let backups: Vec<BackupRow> = permitted.read_rows(backups).await?;
    if !backups.is_empty() {
        done.push(FirstStep::Backup);
    }
    Ok(FirstStepsView { done, not_needed })
}
