//! Runs a verb that needs a connector: the running one through its socket, or one inside the command for its own time.

use crate::app::{bridge, find, serve as serving};
use crate::cli::Global;
use crate::cli::print::{Target, print};
use crate::cli::prompt::{HELP, Prompt, Typed};
use crate::cli::show::{Show, line_err, line_out};
use crate::cli::verb::{
    AuditVerb, ContractVerb, DatasetVerb, DeskVerb, ExplainArgs, Format, SqlArgs,
};
use crate::config::Config;
use crate::desk::{Manner, Order};
use crate::local;
use crate::node::Node;
use evidence::time::Clock;
use faces::admin::call::{self, DeskClient};
use keep::audit::offline;
use policy::refusal::{Code, Refusal};
use serde_json::Value;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The configuration that was named or found.
///
/// # Errors
/// Every problem in it.
pub(crate) fn load(global: &Global) -> Result<Config, Vec<Refusal>> {
    let file = find::config_file(global.config.as_ref()).map_err(|refusal| vec![refusal])?;
    Config::load(&file, &find::overrides())
}

fn runtime() -> Result<tokio::runtime::Runtime, Vec<Refusal>> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|fault| {
            vec![Refusal::new(
                Code::Internal,
                format!("no threads to run on: {fault}"),
            )]
        })
}

/// `hansa serve`
///
/// # Errors
/// What makes it impossible.
pub(crate) fn serve(
    global: &Global,
    also: &[PathBuf],
    clock: Clock,
    show: Show,
) -> Result<u8, Vec<Refusal>> {
    let mut configs = vec![load(global)?];
    for file in also {
        let file = find::config_file(Some(file)).map_err(|refusal| vec![refusal])?;
        configs.push(Config::load(&file, &find::overrides())?);
    }
    let runtime = runtime()?;
    let done = runtime.block_on(async {
        spare_file_size_signal();
        // Each participant is a value of its own; they share nothing but the process.
        let mut served = tokio::task::JoinSet::new();
        for config in configs {
            let (node, found) = open(config, Arc::clone(&clock)).await?;
            show.refusals(&found);
            served.spawn(serving::run(node, show));
        }
        while let Some(ended) = served.join_next().await {
            ended
                .map_err(|_| Refusal::new(Code::Internal, "a participant ended unexpectedly"))??;
        }
        Ok::<(), Refusal>(())
    });
    runtime.shutdown_background();
    done.map(|()| 0).map_err(|refusal| vec![refusal])
}

/// A file-size limit must end in an error of the write, not in the end of the process.
fn spare_file_size_signal() {
    if let Ok(mut stream) =
        tokio::signal::unix::signal(tokio::signal::unix::SignalKind::from_raw(libc::SIGXFSZ))
    {
        let _task = tokio::runtime::Handle::current()
            .spawn(async move { while stream.recv().await.is_some() {} });
    }
}

async fn open(config: Config, clock: Clock) -> Result<(Arc<Node>, Vec<Refusal>), Refusal> {
    let (node, found) = crate::desk::blocking(move || Node::open(config, clock)).await?;
    Ok((node, found.faults))
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
    let one = |refusal: Refusal| vec![refusal];
    match &verb {
        DeskVerb::Audit(AuditVerb::Verify {
            file: Some(file),
            head,
        }) => return verify_offline(file, head.as_deref(), show).map_err(one),
        DeskVerb::Contract(ContractVerb::Verify { file, bundle }) => {
            return local::verify::run(file, bundle.as_deref(), global, clock().wall, show)
                .map_err(one);
        }
        DeskVerb::Config(crate::cli::verb::ConfigVerb::Reference) => {
            line_out(crate::config::REFERENCE);
            return Ok(0);
        }
        _ => {}
    }
    let config = load(global)?;
    if let DeskVerb::Restore { file } = &verb {
        let records = local::backup::restore(&config, file).map_err(one)?;
        show.result(
            &serde_json::json!({"restored": true, "records": records}),
            &format!("the state is that of the copy: {records} records in its log"),
        );
        return Ok(0);
    }
    let verb = complete(verb).map_err(one)?;
    let runtime = runtime()?;
    let timeout = global.timeout;
    let result = runtime.block_on(async {
        spare_file_size_signal();
        let work = connected(global, config, verb, clock, show);
        tokio::select! {
            done = limited(timeout, work) => done,
            _ = tokio::signal::ctrl_c() => Err(Refusal::new(Code::Interrupted, "interrupted")),
        }
    });
    runtime.shutdown_background();
    result.map_err(one)
}

async fn limited<T>(
    timeout: Option<std::time::Duration>,
    work: impl Future<Output = Result<T, Refusal>>,
) -> Result<T, Refusal> {
    match timeout {
        None => work.await,
        Some(limit) => tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Refusal::new(
                Code::TimedOut,
                format!("not done within {} seconds", limit.as_secs()),
            ))
        }),
    }
}

/// Where commands go.
enum Connector {
    Running(DeskClient),
    Inside(Arc<Node>),
}

impl Connector {
    async fn reach(config: Config, clock: Clock, show: Show) -> Result<Self, Refusal> {
        if let Some(client) = call::connect(&config.socket()).await? {
            return Ok(Self::Running(client));
        }
        let (node, found) = open(config, clock).await?;
        show.refusals(&found);
        Ok(Self::Inside(node))
    }

    async fn run(
        &self,
        order: Order,
        global: &Global,
        show: Show,
        target: &Target,
    ) -> Result<u8, Refusal> {
        match self {
            Self::Running(client) => {
                print(
                    bridge::ask(client, &order, global.timeout),
                    global,
                    show,
                    target,
                )
                .await
            }
            Self::Inside(node) => {
                let (events, work) = bridge::here(node, order);
                let status = print(events, global, show, target).await;
                let _ = work.await;
                status
            }
        }
    }

    /// Lets what was begun in the background end, and the log be closed.
    async fn leave(self) {
        if let Self::Inside(node) = self {
            let peers = node.peers().unwrap_or_default();
            for peer in peers {
                let waiting = node
                    .index(|state| state.outbox(&peer.id, 0))
                    .unwrap_or_default();
                if !waiting.is_empty() {
                    let _ = tokio::time::timeout(
                        std::time::Duration::from_secs(5),
                        crate::walk::post::hand_in(&node, &peer),
                    )
                    .await;
                }
            }
            node.log.close();
        }
    }
}

async fn connected(
    global: &Global,
    config: Config,
    verb: DeskVerb,
    clock: Clock,
    show: Show,
) -> Result<u8, Refusal> {
    let manner = Manner {
        dry_run: global.dry_run,
    };
    let history = config.state.join("history.txt");
    let purpose = config.purpose.as_ref().map(ToString::to_string);
    let connector = Connector::reach(config, clock, show).await?;
    let target = target(&verb);
    let export = match &verb {
        DeskVerb::Contract(ContractVerb::Export { output, .. }) => output.clone(),
        _ => None,
    };
    let status = match verb {
        DeskVerb::Sql(args) if args.sql.is_none() => {
            prompt(&connector, args, purpose, history, global, show).await
        }
        verb => {
            let show = match &export {
                Some(_) => Show { json: true, ..show },
                None => show,
            };
            match export {
                Some(file) => save_export(&connector, Order { verb, manner }, &file, show).await,
                None => {
                    connector
                        .run(Order { verb, manner }, global, show, &target)
                        .await
                }
            }
        }
    };
    connector.leave().await;
    status
}

/// Where the rows of a verb go.
fn target(verb: &DeskVerb) -> Target {
    match verb {
        DeskVerb::Sql(args) => Target {
            file: args.output.clone(),
            format: args.format,
        },
        DeskVerb::Get(args) => Target {
            file: args.output.clone(),
            format: args.output.is_none().then_some(Format::Csv),
        },
        _ => Target::default(),
    }
}

/// Takes the file out of the answer and writes it where the person said.
async fn save_export(
    connector: &Connector,
    order: Order,
    file: &Path,
    show: Show,
) -> Result<u8, Refusal> {
    let mut events = match connector {
        Connector::Running(client) => bridge::ask(client, &order, None),
        Connector::Inside(node) => bridge::here(node, order).0,
    };
    while let Some(event) = events.recv().await {
        match event {
            crate::desk::out::Event::Object { data, .. } => {
                if let Some(text) = data.get("file").and_then(Value::as_str) {
                    local::write(file, text.as_bytes())?;
                    show.note(&format!("written to {}", file.display()));
                }
            }
            crate::desk::out::Event::Failed(refusal) => return Err(refusal),
            crate::desk::out::Event::Done(status) => return Ok(status),
            _ => {}
        }
    }
    Ok(1)
}

/// Reads the files that a verb names here, and makes paths absolute: the connector may run elsewhere.
fn complete(verb: DeskVerb) -> Result<DeskVerb, Refusal> {
    let absolute = |path: PathBuf| std::path::absolute(&path).unwrap_or(path);
    let text = |file: &Path| -> Result<String, Refusal> {
        local::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    Ok(match verb {
        DeskVerb::Contract(ContractVerb::Request {
            dataset,
            sign,
            policy: Some(file),
            offer,
            ..
        }) => DeskVerb::Contract(ContractVerb::Request {
            dataset,
            sign,
            policy_text: Some(text(&file)?),
            policy: Some(file),
            offer,
        }),
        DeskVerb::Contract(ContractVerb::Counter { id, policy, .. }) => {
            DeskVerb::Contract(ContractVerb::Counter {
                id,
                policy_text: Some(text(&policy)?),
                policy,
            })
        }
        DeskVerb::Dataset(DatasetVerb::Add {
            file,
            name,
            title,
            licence,
        }) => DeskVerb::Dataset(DatasetVerb::Add {
            file: absolute(file),
            name,
            title,
            licence,
        }),
        DeskVerb::Audit(AuditVerb::Export { output, filter }) => {
            DeskVerb::Audit(AuditVerb::Export {
                output: absolute(output),
                filter,
            })
        }
        DeskVerb::Backup { file } => DeskVerb::Backup {
            file: absolute(file),
        },
        other => other,
    })
}

/// Checks a copied log or bundle; needs no configuration.
fn verify_offline(file: &Path, head: Option<&Path>, show: Show) -> Result<u8, Refusal> {
    let newest = match head {
        None => None,
        Some(head) => {
            let text = String::from_utf8_lossy(&local::read(head)?).into_owned();
            let heads = evidence::note::read_all(&text).map_err(|line| {
                Refusal::new(
                    Code::EvidenceIncomplete,
                    format!("`{}` holds no signed head", head.display()),
                )
                .with_place(
                    head.display().to_string(),
                    u64::try_from(line).ok(),
                    None,
                )
            })?;
            heads.into_iter().next_back()
        }
    };
    let report = offline::verify(file, newest.as_ref())?;
    show.result(
        &crate::desk::audit::report_json(&report),
        &crate::desk::audit::report_text(&report),
    );
    match report.refusal() {
        Some(refusal) => Err(refusal),
        None => Ok(0),
    }
}

/// The interactive prompt.
async fn prompt(
    connector: &Connector,
    args: SqlArgs,
    purpose: Option<String>,
    history: PathBuf,
    global: &Global,
    show: Show,
) -> Result<u8, Refusal> {
    if !std::io::stdin().is_terminal() {
        let mut text = String::new();
        std::io::Read::read_to_string(&mut std::io::stdin(), &mut text).map_err(|fault| {
            Refusal::new(Code::UsageWrong, format!("stdin can't be read: {fault}"))
        })?;
        let sql = text.trim().trim_end_matches(';').to_owned();
        if sql.is_empty() {
            return Err(Refusal::new(
                Code::UsageWrong,
                "there is no statement on stdin",
            ));
        }
        let target = Target {
            file: args.output.clone(),
            format: args.format,
        };
        let verb = DeskVerb::Sql(SqlArgs {
            sql: Some(sql),
            ..args
        });
        let order = Order {
            verb,
            manner: Manner::default(),
        };
        return connector.run(order, global, show, &target).await;
    }
    let mut prompt = Prompt::open(Some(history))?;
    let mut purpose = args.purpose.clone().or(purpose);
    let mut partial = args.partial;
    line_err("\\? for help, \\q to leave");
    loop {
        let verb = match prompt.next()? {
            Typed::End => return Ok(0),
            Typed::Help => {
                line_err(HELP);
                continue;
            }
            Typed::Purpose(named) => {
                purpose = named;
                line_err(&format!(
                    "purpose: {}",
                    purpose.as_deref().unwrap_or("none")
                ));
                continue;
            }
            Typed::Partial => {
                partial = !partial;
                line_err(if partial {
                    "answers may lack a participant, and say so"
                } else {
                    "answers are whole or fail"
                });
                continue;
            }
            Typed::Catalog => {
                DeskVerb::Catalog(crate::cli::verb::CatalogVerb::List { participant: None })
            }
            Typed::Explain(sql) => DeskVerb::Explain(ExplainArgs {
                sql,
                purpose: purpose.clone(),
                contract: args.contract.clone(),
            }),
            Typed::Statement(sql) => DeskVerb::Sql(SqlArgs {
                sql: Some(sql),
                purpose: purpose.clone(),
                contract: args.contract.clone(),
                partial,
                output: None,
                format: None,
            }),
        };
        let order = Order {
            verb,
            manner: Manner::default(),
        };
        if let Err(refusal) = connector.run(order, global, show, &Target::default()).await {
            show.refusals(&[refusal]);
        }
    }
}
