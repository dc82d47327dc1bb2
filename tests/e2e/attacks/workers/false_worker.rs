//! A worker that is in other hands, and gives other rows than its tasks computed.

use super::{ForgedTaskFixture, LONG, NAMES, QUESTION, clock, folder};
use crate::attacks::AttackVerdict;
use async_trait::async_trait;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::ipc::writer::{
    DictionaryTracker, IpcDataGenerator, IpcWriteContext, IpcWriteOptions,
};
use futures::{StreamExt as _, stream};
use hansa_identity::cluster::{connector_config, member_config, server_name, worker_config};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::WorkerTicket;
use hansa_transport::cluster::client::WorkerClient;
use hansa_transport::cluster::server::{
    CallerOf, ClusterCaller, ClusterTls, TaskFrame, TaskFrameStream, TaskHandler, serve_tasks,
};
use hansa_transport::peer::settings::TransportSettings;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What becomes of the rows of tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Falsified {
    /// They are as they were.
    Not,
    /// None comes.
    Fewer,
    /// Each comes a hundred times.
    More,
    /// The last column is gone.
    Otherwise,
    /// The stream breaks off with an error after all rows.
    Broken,
}

/// Stands in the place of the second worker, with its certificate, and asks the real one.
struct FalseWorker {
    folder: PathBuf,
    real: String,
    falsified: Falsified,
    asked: AtomicUsize,
}

impl FalseWorker {
    fn falsify(&self, batch: &RecordBatch) -> Vec<RecordBatch> {
        match self.falsified {
            Falsified::Not | Falsified::Broken => vec![batch.clone()],
            Falsified::Fewer => Vec::new(),
            Falsified::More => vec![batch.clone(); 100],
            Falsified::Otherwise => {
                let columns: Vec<usize> = (1..batch.num_columns()).collect();
                vec![batch.project(&columns).unwrap()]
            }
        }
    }
}

#[async_trait]
impl TaskHandler for FalseWorker {
    async fn answer_ticket(
        &self,
        caller: &ClusterCaller,
        ticket: WorkerTicket,
    ) -> Result<TaskFrameStream, Refusal> {
        let tls = match caller {
            ClusterCaller::Connector => connector_config(&self.folder, &clock())?,
            ClusterCaller::Worker(_) => {
                member_config(&self.folder, &NAMES[0].parse().unwrap(), &clock())?
            }
        };
        let name: hansa_policy::id::SqlIdentifier = NAMES[1].parse().unwrap();
        let server = server_name(&name)?;
        let settings = TransportSettings::default();
        let client = WorkerClient::open(name, &self.real, tls, server, settings).await?;
        let mut answer = client.send_ticket(&ticket, LONG).await?;
        if matches!(ticket, WorkerTicket::Begin(_)) {
            let held = schema(answer.schema());
            // As long as somebody holds this, the real one holds its tasks.
            let held = stream::iter([Ok(held)]).chain(stream::once(async move {
                while let Some(Ok(_)) = answer.next().await {}
                Err(Refusal::new(ErrorCode::WorkerFailed, "it ended"))
            }));
            return Ok(held.boxed());
        }
        self.asked.fetch_add(1, Ordering::SeqCst);
        let columns = RecordBatch::new_empty(Arc::clone(answer.schema()));
        let columns = match self.falsified {
            Falsified::Otherwise => self.falsify(&columns)[0].schema(),
            _ => columns.schema(),
        };
        let mut frames = vec![Ok(schema(&columns))];
        while let Some(batch) = answer.next().await {
            let batches = self.falsify(&batch?);
            frames.extend(batches.iter().map(|batch| Ok(message(batch))));
        }
        if self.falsified == Falsified::Broken {
            frames.push(Err(Refusal::new(ErrorCode::WorkerFailed, "it broke off")));
        }
        Ok(stream::iter(frames).boxed())
    }
}

fn schema(columns: &datafusion::arrow::datatypes::SchemaRef) -> TaskFrame {
    let mut tracker = DictionaryTracker::new(false);
    let encoded = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(
        columns,
        &mut tracker,
        &IpcWriteOptions::default(),
    );
    TaskFrame {
        header: encoded.ipc_message.into(),
        body: encoded.arrow_data.into(),
    }
}

fn message(batch: &RecordBatch) -> TaskFrame {
    let mut tracker = DictionaryTracker::new(false);
    let (_, encoded) = IpcDataGenerator::default()
        .encode(
            batch,
            &mut tracker,
            &IpcWriteOptions::default(),
            &mut IpcWriteContext::default(),
        )
        .unwrap();
    TaskFrame {
        header: encoded.ipc_message.into(),
        body: encoded.arrow_data.into(),
    }
}

/// What does not fit its stream or its columns is no part of an answer. What fits is believed: whoever holds a worker of the city can
/// make its numbers wrong, and can't make an answer show another column, or more rows than a quota has.
pub(super) fn falsified(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let config = std::fs::read_to_string(fixture.lindau.folder().join("hansa.toml")).unwrap();
    let (before, _) = config
        .split_once("[[worker]]")
        .expect("the ear is a worker");
    let ask = |sql: &str| fixture.acme.ask(sql).must().rows();
    fixture.lindau.write("hansa.toml", before);
    fixture.lindau.hansa(&["reload"]).must();
    let right = ask(QUESTION);
    let columns = |row: &serde_json::Value| -> Vec<String> {
        row.as_object().unwrap().keys().cloned().collect()
    };
    let mut seen = Vec::new();
    for falsified in [
        Falsified::Not,
        Falsified::Broken,
        Falsified::Otherwise,
        Falsified::Fewer,
        Falsified::More,
    ] {
        let worker = Arc::new(FalseWorker {
            folder: folder(&fixture.lindau),
            real: fixture.workers[1].address().to_owned(),
            falsified,
            asked: AtomicUsize::new(0),
        });
        let name = NAMES[1].parse().unwrap();
        let tls = worker_config(&folder(&fixture.lindau), &name, &clock()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = fixture.runtime.block_on(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let (handler, tls) = (Arc::clone(&worker), Arc::new(move || Arc::clone(&tls)));
        let serving = fixture.runtime.spawn(async move {
            let who: CallerOf = Arc::new(|certificate| {
                hansa_identity::cluster::caller_name(certificate).map(|name| match name {
                    None => ClusterCaller::Connector,
                    Some(name) => ClusterCaller::Worker(name),
                })
            });
            let never = std::future::pending();
            let settings = TransportSettings::default();
            let tls = ClusterTls { tls, caller: who };
            serve_tasks(listener, tls, handler, settings, never).await
        });
        let real = fixture.workers[0].table();
        let text = format!(
            "{before}{real}\n[[worker]]\nname = \"{}\"\naddress = \"{address}\"",
            NAMES[1]
        );
        fixture.lindau.write("hansa.toml", &text);
        fixture.lindau.hansa(&["reload"]).must();
        let mut answer = ask(QUESTION);
        // A worker that did not begin in time is not asked either, and is left alone for a while.
        let mut tries = 0;
        while worker.asked.load(Ordering::SeqCst) == 0 && tries < 40 {
            std::thread::sleep(std::time::Duration::from_secs(1));
            answer = ask(QUESTION);
            tries += 1;
        }
        let asked = worker.asked.load(Ordering::SeqCst);
        serving.abort();
        if asked == 0 {
            return Err(format!("{falsified:?}: nobody asked the worker"));
        }
        let believed = matches!(falsified, Falsified::Fewer | Falsified::More);
        if !believed && answer != right {
            return Err(format!("{falsified:?}: another answer, {answer:?}"));
        }
        if answer.iter().any(|row| columns(row) != columns(&right[0])) {
            return Err(format!(
                "{falsified:?}: more than the contract shows, {answer:?}"
            ));
        }
        seen.push(format!(
            "{falsified:?}: {}",
            match answer == right {
                true => "the right answer",
                false => "other rows, of the same columns",
            }
        ));
    }
    Ok(seen.join("; "))
}
