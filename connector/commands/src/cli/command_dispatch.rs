//! Runs the verbs that need a configuration: serves it, or carries out what a person typed for it.

pub(crate) mod command_target;

use crate::admin::connector_verb::ConnectorVerb as _;
use crate::admin::named_file::NamedFile;
use crate::audit::arguments::AuditCommand;
use crate::cli::GlobalArgs;
use crate::cli::command_dispatch::command_target::CommandTarget;
use crate::cli::command_effect::{Command as _, CommandEffect};
use crate::cli::connector_command::ConnectorCommand;
use crate::cli::output::OutputSettings;
use crate::cli::result_printer::timed_out;
use crate::cli::terminal::{at_end_of_input, document_out};
use crate::cluster::arguments::ServeArgs;
use crate::config::arguments::ConfigCommand;
use crate::config::config_lookup;
use crate::contract::arguments::ContractCommand;
use crate::partner::arguments::PartnerCommand;
use crate::policy::arguments::PolicyCommand;
use crate::rulebook::arguments::RulebookCommand;
use crate::serve as serving;
use crate::serve::worker_server;
use hansa_audit_log::time::Clock;
use hansa_node::config::ConnectorConfig;
use hansa_node::process::thread_shutdown;
use hansa_partners::conformance_scenario;
use hansa_partners::conformance_scenario::ConformanceScenario;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::SingleLineText;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The configuration that was named or found.
///
/// # Errors
/// Every problem in it.
pub(crate) fn load_config(global: &GlobalArgs) -> Result<ConnectorConfig, Vec<Refusal>> {
    let file = config_lookup::config_file(global.config.as_ref()).map_err(single_refusal)?;
    ConnectorConfig::load(&file, &config_lookup::environment_overrides())
}

/// `hansa serve`
///
/// # Errors
/// What makes it impossible.
pub(crate) fn serve_connector(
    global: &GlobalArgs,
    args: &ServeArgs,
    clock: Clock,
    show: OutputSettings,
) -> Result<u8, Vec<Refusal>> {
    let as_worker = args.worker().map_err(single_refusal)?;
    let config = load_config(global)?;
    if let Some((name, listen)) = as_worker {
        return on_threads(worker_server::serve_worker(
            config, name, listen, clock, show,
        ))
        .map_err(single_refusal);
    }
    let mut configs = vec![config];
    for file in &args.also {
        let file = config_lookup::config_file(Some(file)).map_err(single_refusal)?;
        configs.push(ConnectorConfig::load(
            &file,
            &config_lookup::environment_overrides(),
        )?);
    }
    let ending = CancellationToken::new();
    if args.until_stdin_ends {
        let ending = ending.clone();
        at_end_of_input(move || ending.cancel()).map_err(single_refusal)?;
    }
    on_threads(async {
        if args.await_join {
            for config in &configs {
                if !serving::wait_until_joined(config, &ending, show).await? {
                    return Ok(0);
                }
            }
        }
        // Each participant is a value of its own; they share nothing but the process.
        let mut served = tokio::task::JoinSet::new();
        for config in configs {
            let (reached, found) =
                CommandTarget::connect_or_open(config, Arc::clone(&clock), show).await?;
            show.print_refusals(&found.all_findings());
            match reached {
                CommandTarget::Inside(connector) => drop(served.spawn(
                    serving::serve_until_stopped(connector, ending.child_token(), show),
                )),
                CommandTarget::Running(_) => {
                    return Err(Refusal::new(
                        ErrorCode::StateLocked,
                        "a connector runs for this configuration already",
                    )
                    .with_help("`hansa status` asks it; commands share it"));
                }
            }
        }
        while let Some(ended) = served.join_next().await {
            ended.map_err(|cause| {
                Refusal::new(ErrorCode::Internal, "a participant ended unexpectedly")
                    .caused_by(cause)
            })??;
        }
        Ok(0)
    })
    .map_err(single_refusal)
}

/// Everything else.
///
/// # Errors
/// What the verb refuses.
pub(crate) fn run_on_connector(
    global: &GlobalArgs,
    mut command: ConnectorCommand,
    clock: Clock,
    show: OutputSettings,
) -> Result<u8, Vec<Refusal>> {
    if let Some(status) = run_offline_verb(global, &command, &clock, show)? {
        return Ok(status);
    }
    let config = load_config(global)?;
    // The connector may run elsewhere.
    command
        .named_files()
        .into_iter()
        .try_for_each(NamedFile::resolve)
        .map_err(single_refusal)?;
    // Of a conversation each statement has so much time, not all of them.
    let talks = matches!(&command, ConnectorCommand::Sql(args) if args.sql.is_none());
    let limit = global.timeout.filter(|_| !talks);
    on_threads(async {
        let work = with_connector(global, config, command, clock, show);
        tokio::select! {
            done = run_with_timeout(limit, work) => done,
            _ = tokio::signal::ctrl_c() => Err(Refusal::new(ErrorCode::Interrupted, "interrupted")),
        }
    })
    .map_err(single_refusal)
}

/// Carries out a verb that reads and writes files alone; none, if it needs a connector.
fn run_offline_verb(
    global: &GlobalArgs,
    command: &ConnectorCommand,
    clock: &Clock,
    show: OutputSettings,
) -> Result<Option<u8>, Vec<Refusal>> {
    let status = match command {
        ConnectorCommand::Audit(AuditCommand::Verify {
            file: Some(file),
            head,
        }) => crate::audit::copied_log::verify_copied_log(file, head.as_deref(), show),
        ConnectorCommand::Audit(AuditCommand::Verify {
            file: None,
            head: Some(_),
        }) => Err(Refusal::new(
            ErrorCode::UsageWrong,
            "--head needs the name of a log; without a log, the connector's own log is checked against its own newest head",
        )
        .with_help("hansa audit verify state/log --head FILE")),
        ConnectorCommand::Audit(AuditCommand::Reconcile { files, .. }) if !files.is_empty() => {
            return Ok(Some(crate::audit::copied_log::reconcile_files(files, show)));
        }
        ConnectorCommand::Partner(PartnerCommand::Trial { table, listen }) => {
            ConformanceScenario::load(table).and_then(|scenario| {
                let serving = conformance_scenario::serve_scenario(scenario, listen, Arc::clone(clock));
                on_threads(async { serving.await.map(|()| 0) })
            })
        }
        ConnectorCommand::Contract(ContractCommand::Verify { file, bundle }) => {
            crate::contract::contract_verification::verify_contract_file(file, bundle.as_deref(), global, clock().wall, show)
        }
        ConnectorCommand::Contract(ContractCommand::Sign {
            offline: Some(file),
            key: Some(key),
            certificates,
            mandate,
            output,
            ..
        }) => crate::key::offline_signer::OfflineSigner::open(key, certificates.as_deref()).and_then(|signer| {
            crate::contract::draft_signature::sign_draft(
                file,
                &signer,
                mandate.as_deref(),
                output.as_deref(),
                global,
                clock().wall,
                show,
            )
        }),
        ConnectorCommand::Contract(ContractCommand::Withdraw {
            offline: Some(file),
            key: Some(key),
            certificates,
            role,
            reason,
            from,
            output,
            ..
        }) => {
            let args = crate::contract::offline_withdrawal::OfflineWithdrawalArgs {
                file,
                key,
                certificates: certificates.as_deref(),
                role: role.map(Into::into),
                reason: SingleLineText::parse("reason", reason).map_err(single_refusal)?,
                from: from.as_deref(),
                output: output.as_deref(),
            };
            crate::contract::offline_withdrawal::sign_withdrawal(&args, global, clock().wall, show)
        }
        ConnectorCommand::Policy(PolicyCommand::Template {
            file,
            set,
            author,
            output,
        }) => crate::policy::policy_template::fill_template(file, set, author.as_deref(), output.as_deref(), show),
        ConnectorCommand::Policy(PolicyCommand::Terms) => {
            crate::policy::vocabulary::print_terms(show);
            Ok(0)
        }
        ConnectorCommand::Model(command) => crate::policy::vocabulary::print_models(command, show),
        ConnectorCommand::Config(ConfigCommand::Reference) => {
            document_out(hansa_node::config::REFERENCE);
            Ok(0)
        }
        ConnectorCommand::Restore { file, check: false } => {
            crate::backup::restore_backup(&load_config(global)?, file, show)
        }
        ConnectorCommand::Restore { file, check: true } => {
            let config = load_config(global)?;
            on_threads(crate::backup::backup_rehearsal::rehearse_restore(
                &config,
                file,
                Arc::clone(clock),
                show,
            ))
        }
        // Verbs that need a connector. No verb of the nouns below `Reload` works without one.
        ConnectorCommand::Audit(
            AuditCommand::List { .. }
            | AuditCommand::Summary
            | AuditCommand::Show { .. }
            | AuditCommand::Person { .. }
            | AuditCommand::Verify {
                file: None,
                head: None,
            }
            | AuditCommand::Heads
            | AuditCommand::Incident { .. }
            | AuditCommand::Export { .. }
            | AuditCommand::Affected { .. }
            | AuditCommand::Breach { .. }
            | AuditCommand::Recipients { .. }
            | AuditCommand::Received { .. }
            | AuditCommand::Processing { .. }
            | AuditCommand::Archive { .. }
            | AuditCommand::Erase { .. }
            | AuditCommand::Reconcile { .. },
        )
        | ConnectorCommand::Partner(
            PartnerCommand::List
            | PartnerCommand::Catalog { .. }
            | PartnerCommand::Policy { .. }
            | PartnerCommand::Request { .. }
            | PartnerCommand::Show { .. }
            | PartnerCommand::Agree { .. }
            | PartnerCommand::End { .. }
            | PartnerCommand::Fetch { .. }
            | PartnerCommand::Collect { .. },
        )
        | ConnectorCommand::Contract(
            ContractCommand::List(_)
            | ContractCommand::Request { .. }
            | ContractCommand::Show { .. }
            | ContractCommand::Tables { .. }
            | ContractCommand::Diff { .. }
            | ContractCommand::Wait { .. }
            | ContractCommand::Counter { .. }
            | ContractCommand::Sign { .. }
            | ContractCommand::Attach { .. }
            | ContractCommand::Comment { .. }
            | ContractCommand::Decline { .. }
            | ContractCommand::Attest { .. }
            | ContractCommand::Usage { .. }
            | ContractCommand::TopUp { .. }
            | ContractCommand::Withdraw { .. }
            | ContractCommand::Export { .. },
        )
        | ConnectorCommand::Policy(
            PolicyCommand::List(_)
            | PolicyCommand::Show { .. }
            | PolicyCommand::Diff { .. }
            | PolicyCommand::Put { .. }
            | PolicyCommand::Clone { .. }
            | PolicyCommand::Check { .. },
        )
        | ConnectorCommand::Config(ConfigCommand::Show)
        | ConnectorCommand::Backup { .. }
        | ConnectorCommand::Status { .. }
        | ConnectorCommand::Doctor { .. }
        | ConnectorCommand::Conformance(_)
        | ConnectorCommand::Reload
        | ConnectorCommand::Console { .. }
        | ConnectorCommand::Dataset(_)
        | ConnectorCommand::Catalog(_)
        | ConnectorCommand::Sql(_)
        | ConnectorCommand::Explain(_)
        | ConnectorCommand::Simulate(_)
        | ConnectorCommand::Get(_)
        | ConnectorCommand::Credential(_)
        | ConnectorCommand::Group(_)
        | ConnectorCommand::Rulebook(_)
        | ConnectorCommand::Token(_)
        | ConnectorCommand::Connect(_)
        | ConnectorCommand::Peer(_)
        | ConnectorCommand::Offer(_)
        | ConnectorCommand::Person(_)
        | ConnectorCommand::Approval(_)
        | ConnectorCommand::Running(_)
        | ConnectorCommand::Delivery(_)
        | ConnectorCommand::Worker(_) => return Ok(None),
    };
    status.map(Some).map_err(single_refusal)
}

/// Has a connector carry out the verb, the running one or one for its time.
async fn with_connector(
    global: &GlobalArgs,
    config: ConnectorConfig,
    command: ConnectorCommand,
    clock: Clock,
    show: OutputSettings,
) -> Result<u8, Refusal> {
    let history = config.state.join("history.txt");
    let templates = config.folder().join("templates");
    let purpose = config.purpose.as_ref().map(ToString::to_string);
    let (connector, found) = CommandTarget::connect_or_open(config, clock, show).await?;
    show.print_warnings(&found.remaining_findings(command.judged_state(global.dry_run)));
    if command.effect() == CommandEffect::Looks {
        connector.only_looks();
    }
    let status = match command {
        ConnectorCommand::Sql(args) if args.sql.is_none() => {
            crate::question::sql_session::run_session(
                &connector, args, purpose, history, global, show,
            )
            .await
        }
        ConnectorCommand::Sql(args) if args.follow => {
            crate::question::sql_follow::follow_query(&connector, args, global, show).await
        }
        ConnectorCommand::Contract(ContractCommand::Export {
            id,
            output: Some(file),
        }) => {
            let command = ConnectorCommand::Contract(ContractCommand::Export { id, output: None });
            crate::cli::exported_file::save_exported_file(&connector, command, &file, global, show)
                .await
        }
        ConnectorCommand::Contract(ContractCommand::Usage {
            id,
            output: Some(file),
        }) => {
            let command = ConnectorCommand::Contract(ContractCommand::Usage { id, output: None });
            crate::cli::exported_file::save_exported_file(&connector, command, &file, global, show)
                .await
        }
        ConnectorCommand::Policy(PolicyCommand::Clone {
            participant,
            name: Some(name),
            output,
        }) => {
            let file = output.unwrap_or_else(|| templates.join(format!("{name}.toml")));
            let command = ConnectorCommand::Policy(PolicyCommand::Clone {
                participant,
                name: Some(name),
                output: None,
            });
            match file.exists() {
                true => Err(Refusal::new(
                    ErrorCode::FileExists,
                    format!("`{}` is there already", file.display()),
                )
                .with_help("name another one with --output")),
                false => {
                    crate::cli::exported_file::save_exported_file(
                        &connector, command, &file, global, show,
                    )
                    .await
                }
            }
        }
        ConnectorCommand::Rulebook(RulebookCommand::Accept { output, .. }) => {
            crate::rulebook::rulebook_prompt::accept_newest_version(
                &connector, output, global, show,
            )
            .await
        }
        ConnectorCommand::Dataset(add)
            if crate::dataset::disclosure_prompt::is_asked(&add, global) =>
        {
            match crate::dataset::disclosure_prompt::ask_disclosure(&connector, add, global).await {
                Ok(command) => connector.run(command, global, show).await,
                Err(refusal) => Err(refusal),
            }
        }
        // Verbs of which the connector does all.
        command @ (ConnectorCommand::Contract(
            ContractCommand::List(_)
            | ContractCommand::Request { .. }
            | ContractCommand::Show { .. }
            | ContractCommand::Tables { .. }
            | ContractCommand::Diff { .. }
            | ContractCommand::Wait { .. }
            | ContractCommand::Counter { .. }
            | ContractCommand::Sign { .. }
            | ContractCommand::Attach { .. }
            | ContractCommand::Comment { .. }
            | ContractCommand::Decline { .. }
            | ContractCommand::Attest { .. }
            | ContractCommand::Usage { output: None, .. }
            | ContractCommand::TopUp { .. }
            | ContractCommand::Withdraw { .. }
            | ContractCommand::Verify { .. }
            | ContractCommand::Export { output: None, .. },
        )
        | ConnectorCommand::Policy(
            PolicyCommand::List(_)
            | PolicyCommand::Show { .. }
            | PolicyCommand::Diff { .. }
            | PolicyCommand::Put { .. }
            | PolicyCommand::Terms
            | PolicyCommand::Template { .. }
            | PolicyCommand::Clone { name: None, .. }
            | PolicyCommand::Check { .. },
        )
        | ConnectorCommand::Rulebook(
            RulebookCommand::Install { .. } | RulebookCommand::Show { .. },
        )
        | ConnectorCommand::Dataset(_)
        | ConnectorCommand::Sql(_)
        | ConnectorCommand::Status { .. }
        | ConnectorCommand::Doctor { .. }
        | ConnectorCommand::Conformance(_)
        | ConnectorCommand::Reload
        | ConnectorCommand::Console { .. }
        | ConnectorCommand::Catalog(_)
        | ConnectorCommand::Model(_)
        | ConnectorCommand::Explain(_)
        | ConnectorCommand::Simulate(_)
        | ConnectorCommand::Get(_)
        | ConnectorCommand::Credential(_)
        | ConnectorCommand::Group(_)
        | ConnectorCommand::Token(_)
        | ConnectorCommand::Connect(_)
        | ConnectorCommand::Peer(_)
        | ConnectorCommand::Partner(_)
        | ConnectorCommand::Offer(_)
        | ConnectorCommand::Person(_)
        | ConnectorCommand::Approval(_)
        | ConnectorCommand::Running(_)
        | ConnectorCommand::Delivery(_)
        | ConnectorCommand::Worker(_)
        | ConnectorCommand::Audit(_)
        | ConnectorCommand::Backup { .. }
        | ConnectorCommand::Restore { .. }
        | ConnectorCommand::Config(_)) => connector.run(command, global, show).await,
    };
    connector.shut_down().await;
    status
}

async fn run_with_timeout<T>(
    timeout: Option<Duration>,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    match timeout {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work)
            .await
            .unwrap_or_else(|_| Err(timed_out(limit))),
    }
}

/// Does the work, and waits a little for what is still under way when it is done; what takes longer ends with the process.
fn on_threads<T>(work: impl Future<Output = Result<T, Refusal>>) -> Result<T, Refusal> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|fault| {
            Refusal::new(
                ErrorCode::Internal,
                format!("no threads to run on: {fault}"),
            )
            .caused_by(fault)
        })?;
    let done = runtime.block_on(async {
        spare_file_size_signal();
        work.await
    });
    thread_shutdown::end_within(runtime, PATIENCE);
    done
}

/// How long what is still under way may hold up the end of a command.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file-size limit must end in an error of the write, not in the end of the process.
fn spare_file_size_signal() {
    if let Ok(mut stream) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(libc::SIGXFSZ))
    {
        let _task = tokio::runtime::Handle::current()
            .spawn(async move { while stream.recv().await.is_some() {} });
    }
}

fn single_refusal(refusal: Refusal) -> Vec<Refusal> {
    vec![refusal]
}
