//! The connector that carries out a command: the running one through its socket, or one inside the command for its time.

use crate::admin::admin_service;
use crate::admin::command_envelope::CommandEnvelope;
use crate::admin::command_event::CommandEvent;
use crate::admin::connector_verb::CommandOptions;
use crate::cli::GlobalArgs;
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::output::OutputSettings;
use crate::cli::result_printer::{OutputTarget, print_events};
use crate::question::arguments::OutputFormat;
use hansa_audit_log::time::Clock;
use hansa_node::config::ConnectorConfig;
use hansa_node::contract::notice;
use hansa_node::participant::Connector;
use hansa_node::participant::caller::Caller;
use hansa_node::participant::opening;
use hansa_node::participant::startup::StartupFindings;
use hansa_node::peer::mailbox;
use hansa_node::process::blocking_work::run_blocking;
use hansa_node::withdrawal;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::admin::client::{self, AdminSocketClient};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::Receiver;
use tokio::task::JoinHandle;

/// Where commands go.
pub(crate) enum CommandTarget {
    /// The connector that runs, through its socket.
    Running(AdminSocketClient),
    /// A connector in this process, where none runs.
    Inside(Arc<Connector>),
}

hansa_node::debug_by_name!(CommandTarget);

impl CommandTarget {
    /// The one that runs for this configuration, else one of our own, with what is not as it should be there.
    ///
    /// One process at a time uses a state folder. Where another command has it, this one waits for its turn, at most for
    /// [`STATE_WAIT`]; a service that starts meanwhile is used as soon as it listens.
    pub(super) async fn connect_or_open(
        config: ConnectorConfig,
        clock: Clock,
        show: OutputSettings,
    ) -> Result<(Self, StartupFindings), Refusal> {
        let begun = clock().mono_ns;
        let mut reported = false;
        loop {
            if let Some(client) = connect_running_service(&config).await? {
                return Ok((Self::Running(client), StartupFindings::default()));
            }
            let busy = match open_connector(config.clone(), Arc::clone(&clock)).await {
                Err(refusal) if refusal.code == ErrorCode::StateLocked => refusal,
                opened => return opened.map(|(connector, found)| (Self::Inside(connector), found)),
            };
            let waited = Duration::from_nanos(clock().mono_ns.saturating_sub(begun));
            if waited > STATE_WAIT {
                return Err(busy.with_help(format!(
                    "it was still in use after {} seconds; `hansa serve` runs one connector that all commands share",
                    STATE_WAIT.as_secs()
                )));
            }
            if !reported && waited > STATE_WAIT_TOLD {
                reported = true;
                show.print_note("another command uses the state folder; waiting for it");
            }
            tokio::time::sleep(turn_pause()).await;
        }
    }

    /// What is opened for this command alone leaves no trace of whom it greets.
    pub(super) fn only_looks(&self) {
        if let Self::Inside(connector) = self {
            connector.peers.heads.only_look();
        }
    }

    /// Has it carry out a verb, and prints what comes back.
    pub(crate) async fn run(
        &self,
        command: ConnectorCommand,
        global: &GlobalArgs,
        show: OutputSettings,
    ) -> Result<u8, Refusal> {
        let target = output_target(&command, global.json);
        self.run_and_print(command, global, show, &target).await
    }

    /// The same where more verbs follow, each within the time that is given.
    pub(crate) async fn run_next(
        &self,
        command: ConnectorCommand,
        global: &GlobalArgs,
        show: OutputSettings,
    ) -> Result<u8, Refusal> {
        let target = OutputTarget {
            goes_on: true,
            within: global.timeout,
            ..output_target(&command, global.json)
        };
        self.run_and_print(command, global, show, &target).await
    }

    async fn run_and_print(
        &self,
        command: ConnectorCommand,
        global: &GlobalArgs,
        show: OutputSettings,
        target: &OutputTarget,
    ) -> Result<u8, Refusal> {
        let (events, work) = self.start_command(command, global);
        let status = print_events(events, global, show, target).await;
        if let Some(work) = work {
            if matches!(&status, Err(refusal) if refusal.code == ErrorCode::TimedOut) {
                work.abort();
            }
            let _ = work.await;
        }
        status
    }

    /// Has it carry out a verb: what comes back, and the work, if it is done here.
    pub(crate) fn start_command(
        &self,
        command: ConnectorCommand,
        global: &GlobalArgs,
    ) -> (Receiver<CommandEvent>, Option<JoinHandle<()>>) {
        let options = CommandOptions {
            dry_run: global.dry_run,
        };
        let order = CommandEnvelope {
            verb: command,
            manner: options,
            caller: Caller::Process,
        };
        match self {
            Self::Running(client) => (
                admin_service::start_remote_command(client, &order, global.timeout),
                None,
            ),
            Self::Inside(connector) => {
                let (events, work) = admin_service::start_local_command(connector, order);
                (events, Some(work))
            }
        }
    }

    /// Lets what was begun in the background end, and the log be closed.
    pub(super) async fn shut_down(self) {
        let Self::Inside(connector) = self else {
            return;
        };
        connector.queries.background_tasks.close();
        let _ = tokio::time::timeout(
            Duration::from_secs(6),
            connector.queries.background_tasks.wait(),
        )
        .await;
        // Who runs no service is told while a command runs.
        let reporting = notice::deliver_due_notices(&connector);
        // Longer than both ways of telling may take, so that an attempt that hangs is in the log as one.
        let _ = tokio::time::timeout(Duration::from_secs(10), reporting).await;
        let unreported = hansa_node::process::blocking_work::run_waiting(|| {
            withdrawal::unsent_withdrawals(&connector)
        })
        .unwrap_or_default();
        withdrawal::notify_parties(&connector, unreported).await;
        for peer in connector.known_peers().unwrap_or_default() {
            let waiting = connector
                .records
                .index(|state| state.newest_for(&peer.id))
                .unwrap_or_default();
            if waiting.is_some() {
                let sent = mailbox::deliver_outbox(&connector, &peer);
                let _ = tokio::time::timeout(Duration::from_secs(5), sent).await;
            }
        }
        connector.close(Duration::from_secs(2)).await;
    }
}

/// The client of the service that runs for this configuration, if one does.
async fn connect_running_service(
    config: &ConnectorConfig,
) -> Result<Option<AdminSocketClient>, Refusal> {
    if let Some(socket) = &config.officers.socket
        && let Some(client) = client::connect_admin(socket).await?
    {
        return Ok(Some(client));
    }
    client::connect_admin(&config.socket()).await
}

/// Longest wait for a state folder that another command uses; ten commands that start at once are through within it.
const STATE_WAIT: Duration = Duration::from_secs(60);

/// Wait after which a person is told what is waited for.
const STATE_WAIT_TOLD: Duration = Duration::from_secs(2);

/// Pause between two tries: 20 to 83 ms, another one for each process and try, so that many commands do not come in step.
fn turn_pause() -> Duration {
    let drawn: u64 = u64::from(rand::random::<u8>());
    Duration::from_millis(20_u64.saturating_add(drawn / 4))
}

/// Where the rows of a verb go.
fn output_target(command: &ConnectorCommand, json: bool) -> OutputTarget {
    match command {
        ConnectorCommand::Sql(args) => OutputTarget {
            file: args.output.clone(),
            format: args.format,
            ..OutputTarget::default()
        },
        ConnectorCommand::Get(args) => OutputTarget {
            file: args.output.clone(),
            // With --json rows are objects too, as everywhere.
            format: args
                .format
                .or_else(|| (args.output.is_none() && !json).then_some(OutputFormat::Csv)),
            ..OutputTarget::default()
        },
        _ => OutputTarget::default(),
    }
}

/// Opens the connector of a configuration; what is not as it should be is for the caller to show.
async fn open_connector(
    config: ConnectorConfig,
    clock: Clock,
) -> Result<(Arc<Connector>, StartupFindings), Refusal> {
    run_blocking(move || opening::open_connector(config, clock)).await
}
