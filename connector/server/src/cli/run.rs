//! Runs the verbs that need a configuration: serves it, or carries out what a person typed for it.

mod complete;
mod connector;
mod export;
mod follow;
mod leaving;
mod session;

use crate::app::{find, serve as serving, threads, worker};
use crate::cli::Global;
use crate::cli::consent;
use crate::cli::print::timed_out;
use crate::cli::run::connector::Connector;
use crate::cli::show::Show;
use crate::cli::terminal::document_out;
use crate::cli::verb::DeskVerb;
use crate::cli::verb::audit::AuditVerb;
use crate::cli::verb::cluster::ServeArgs;
use crate::cli::verb::config::ConfigVerb;
use crate::cli::verb::contract::ContractVerb;
use crate::cli::verb::dataset::DatasetVerb;
use crate::cli::verb::policy::PolicyVerb;
use crate::config::Config;
use crate::local;
use crate::node::Node;
use crate::node::open::Found;
use hansa_audit_log::time::Clock;
use hansa_policy::plain::TypedLine;
use hansa_policy::refusal::{Code, Refusal};
use std::sync::Arc;
use std::time::Duration;

/// The configuration that was named or found.
///
/// # Errors
/// Every problem in it.
pub(crate) fn load(global: &Global) -> Result<Config, Vec<Refusal>> {
    let file = find::config_file(global.config.as_ref()).map_err(one)?;
    Config::load(&file, &find::overrides())
}

/// `hansa serve`
///
/// # Errors
/// What makes it impossible.
pub(crate) fn serve(
    global: &Global,
    args: &ServeArgs,
    clock: Clock,
    show: Show,
) -> Result<u8, Vec<Refusal>> {
    let as_worker = args.worker().map_err(one)?;
    let config = load(global)?;
    if let Some((name, listen)) = as_worker {
        return on_threads(worker::run(config, name, listen, clock, show)).map_err(one);
    }
    let mut configs = vec![config];
    for file in &args.also {
        let file = find::config_file(Some(file)).map_err(one)?;
        configs.push(Config::load(&file, &find::overrides())?);
    }
    on_threads(async {
        // Each participant is a value of its own; they share nothing but the process.
        let mut served = tokio::task::JoinSet::new();
        for config in configs {
            let (reached, found) = Connector::reach(config, Arc::clone(&clock), show).await?;
            show.refusals(&found.all());
            match reached {
                Connector::Inside(node) => drop(served.spawn(serving::run(node, show))),
                Connector::Running(_) => {
                    return Err(Refusal::new(
                        Code::StateLocked,
                        "a connector runs for this configuration already",
                    )
                    .with_help("`hansa status` asks it; commands share it"));
                }
            }
        }
        while let Some(ended) = served.join_next().await {
            ended
                .map_err(|_| Refusal::new(Code::Internal, "a participant ended unexpectedly"))??;
        }
        Ok(0)
    })
    .map_err(one)
}

/// Everything else.
///
/// # Errors
/// What the verb refuses.
pub(crate) fn desk(
    global: &Global,
    verb: DeskVerb,
    clock: Clock,
    show: Show,
) -> Result<u8, Vec<Refusal>> {
    if let Some(status) = alone(global, &verb, &clock, show)? {
        return Ok(status);
    }
    let config = load(global)?;
    let verb = complete::complete(verb).map_err(one)?;
    // Of a conversation each statement has so much time, not all of them.
    let talks = matches!(&verb, DeskVerb::Sql(args) if args.sql.is_none());
    let limit = global.timeout.filter(|_| !talks);
    on_threads(async {
        let work = with_connector(global, config, verb, clock, show);
        tokio::select! {
            done = limited(limit, work) => done,
            _ = tokio::signal::ctrl_c() => Err(Refusal::new(Code::Interrupted, "interrupted")),
        }
    })
    .map_err(one)
}

/// Carries out a verb that reads and writes files alone; none, if it needs a connector.
fn alone(
    global: &Global,
    verb: &DeskVerb,
    clock: &Clock,
    show: Show,
) -> Result<Option<u8>, Vec<Refusal>> {
    let status = match verb {
        DeskVerb::Audit(AuditVerb::Verify {
            file: Some(file),
            head,
        }) => local::copied_log::verify(file, head.as_deref(), show),
        DeskVerb::Audit(AuditVerb::Verify {
            file: None,
            head: Some(_),
        }) => Err(Refusal::new(
            Code::UsageWrong,
            "--head is held against a log that is named; without one the own log is held against its own newest head",
        )
        .with_help("hansa audit verify state/log --head FILE")),
        DeskVerb::Audit(AuditVerb::Reconcile { files, .. }) if !files.is_empty() => {
            return Ok(Some(local::copied_log::reconcile(files, show)));
        }
        DeskVerb::Contract(ContractVerb::Verify { file, bundle }) => {
            local::verify::run(file, bundle.as_deref(), global, clock().wall, show)
        }
        DeskVerb::Contract(ContractVerb::Sign {
            offline: Some(file),
            key: Some(key),
            certificates,
            mandate,
            output,
            ..
        }) => local::pen::Pen::open(key, certificates.as_deref()).and_then(|pen| {
            local::sign::run(
                file,
                &pen,
                mandate.as_deref(),
                output.as_deref(),
                global,
                clock().wall,
                show,
            )
        }),
        DeskVerb::Contract(ContractVerb::Withdraw {
            offline: Some(file),
            key: Some(key),
            certificates,
            role,
            reason,
            output,
            ..
        }) => {
            let wish = local::withdraw::Wish {
                file,
                key,
                certificates: certificates.as_deref(),
                role: role.map(Into::into),
                reason: TypedLine::parse("reason", reason).map_err(one)?,
                output: output.as_deref(),
            };
            local::withdraw::run(&wish, global, clock().wall, show)
        }
        DeskVerb::Policy(PolicyVerb::Template {
            file,
            set,
            author,
            output,
        }) => local::template::run(file, set, author.as_deref(), output.as_deref(), show),
        DeskVerb::Policy(PolicyVerb::Terms) => {
            local::vocabulary::terms(show);
            Ok(0)
        }
        DeskVerb::Model(verb) => local::vocabulary::models(verb, show),
        DeskVerb::Config(ConfigVerb::Reference) => {
            document_out(crate::config::REFERENCE);
            Ok(0)
        }
        DeskVerb::Restore { file } => local::backup::restore(&load(global)?, file, show),
        _ => return Ok(None),
    };
    status.map(Some).map_err(one)
}

/// Has a connector carry out the verb, the running one or one for its time.
async fn with_connector(
    global: &Global,
    config: Config,
    verb: DeskVerb,
    clock: Clock,
    show: Show,
) -> Result<u8, Refusal> {
    let history = config.state.join("history.txt");
    let templates = config.folder().join("templates");
    let purpose = config.purpose.as_ref().map(ToString::to_string);
    let (connector, found) = Connector::reach(config, clock, show).await?;
    match &verb {
        // What publishing may mend is told when it is done, if it is still there.
        DeskVerb::Dataset(DatasetVerb::Publish { .. }) => show.refusals(&found.faults),
        _ => show.refusals(&found.all()),
    }
    if consent::only_looks(&verb) {
        connector.only_looks();
    }
    let status = match verb {
        DeskVerb::Sql(args) if args.sql.is_none() => {
            session::ask(&connector, args, purpose, history, global, show).await
        }
        DeskVerb::Sql(args) if args.follow => follow::follow(&connector, args, global, show).await,
        DeskVerb::Contract(ContractVerb::Export {
            id,
            output: Some(file),
        }) => {
            let verb = DeskVerb::Contract(ContractVerb::Export { id, output: None });
            export::save(&connector, verb, &file, global, show).await
        }
        DeskVerb::Contract(ContractVerb::Usage {
            id,
            output: Some(file),
        }) => {
            let verb = DeskVerb::Contract(ContractVerb::Usage { id, output: None });
            export::save(&connector, verb, &file, global, show).await
        }
        DeskVerb::Policy(PolicyVerb::Clone {
            participant,
            name: Some(name),
            output,
        }) => {
            let file = output.unwrap_or_else(|| templates.join(format!("{name}.toml")));
            let verb = DeskVerb::Policy(PolicyVerb::Clone {
                participant,
                name: Some(name),
                output: None,
            });
            match file.exists() {
                true => Err(Refusal::new(
                    Code::FileExists,
                    format!("`{}` is there already", file.display()),
                )
                .with_help("name another one with --output")),
                false => export::save(&connector, verb, &file, global, show).await,
            }
        }
        DeskVerb::Dataset(add) if leaving::is_asked(&add, global) => {
            match leaving::ask(&connector, add, global).await {
                Ok(verb) => connector.run(verb, global, show).await,
                Err(refusal) => Err(refusal),
            }
        }
        verb => connector.run(verb, global, show).await,
    };
    connector.leave().await;
    status
}

/// Opens the connector of a configuration; what is not as it should be is for the caller to show.
async fn open(config: Config, clock: Clock) -> Result<(Arc<Node>, Found), Refusal> {
    crate::desk::blocking(move || Node::open(config, clock)).await
}

async fn limited<T>(
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
        .map_err(|fault| Refusal::new(Code::Internal, format!("no threads to run on: {fault}")))?;
    let done = runtime.block_on(async {
        spare_file_size_signal();
        work.await
    });
    threads::end_within(runtime, PATIENCE);
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

fn one(refusal: Refusal) -> Vec<Refusal> {
    vec![refusal]
}
