//! Attacks on a worker (W): somebody who has the connector's certificate of the cluster, and hands the worker what the connector never
//! would.

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use async_trait::async_trait;
use futures::StreamExt as _;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_identity::cluster::{connector_config, server_name, worker_config};
use hansa_policy::id::ClauseId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::FragmentTask;
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::worker_process::WorkerProcess;
use hansa_test_support::workflow::ALL;
use hansa_transport::cluster::client::WorkerClient;
use hansa_transport::cluster::server::{ShareFrameStream, ShareHandler, serve};
use hansa_transport::peer::settings::TransportSettings;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

/// A city with a worker, and a briefing as its connector writes them.
struct ForgedTaskFixture {
    lindau: TestParticipant,
    acme: TestParticipant,
    worker: WorkerProcess,
    task: FragmentTask,
    runtime: tokio::runtime::Runtime,
    _league: TestLeague,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let terms = format!("{ALL}\ncolumns = [\"id\", \"site\"]\nrows = \"id < 500\"");
    let (lindau, acme) = league.long_table(1_000, &terms);
    lindau.holds("else", "id,secret\n1,ZSECRET\n", "");
    lindau.publishes();
    lindau.hansa(&["cluster", "init"]).must();
    let worker = WorkerProcess::of(&lindau, "real");
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let task = overheard(&lindau, &acme, &runtime);
    let mut fixture = ForgedTaskFixture {
        lindau,
        acme,
        worker,
        task,
        runtime,
        _league: league,
    };
    tried(&mut fixture, &ATTACKS)
}

const QUESTION: &str = "SELECT site, count(*) AS n FROM lindau.long GROUP BY site ORDER BY site";

/// Stands where a worker should, to get a briefing that is right; the connector answers by itself.
fn overheard(
    lindau: &TestParticipant,
    acme: &TestParticipant,
    runtime: &tokio::runtime::Runtime,
) -> FragmentTask {
    struct TaskInterceptor(Mutex<Option<FragmentTask>>);
    #[async_trait]
    impl ShareHandler for TaskInterceptor {
        async fn share(&self, task: FragmentTask) -> Result<ShareFrameStream, Refusal> {
            *self.0.lock().unwrap() = Some(task);
            Err(Refusal::new(
                ErrorCode::WorkerFailed,
                "an ear computes nothing",
            ))
        }
    }
    lindau.hansa(&["cluster", "add", "ear"]).must();
    let tls = worker_config(&folder(lindau), &"ear".parse().unwrap(), &clock()).unwrap();
    let ear = Arc::new(TaskInterceptor(Mutex::new(None)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
    let listener = runtime.block_on(listener).unwrap();
    let address = listener.local_addr().unwrap();
    let (heard, tls) = (Arc::clone(&ear), Arc::new(move || Arc::clone(&tls)));
    runtime.spawn(async move {
        let never = std::future::pending();
        serve(listener, tls, heard, TransportSettings::default(), never).await
    });
    let _ = acme.contract("lindau.long");
    let alone = acme.ask(QUESTION).must().lines();
    lindau.configure(&format!(
        "[cluster]\nat_least = 1\n[[worker]]\nname = \"ear\"\naddress = \"{address}\""
    ));
    lindau.hansa(&["reload"]).must();
    // Whoever helps or does not, the answer is the same.
    assert_eq!(rows(acme.ask(QUESTION).must().lines()), rows(alone));
    ear.0
        .lock()
        .unwrap()
        .take()
        .expect("the connector briefs its worker")
}

fn rows(lines: Vec<serde_json::Value>) -> Vec<serde_json::Value> {
    let rows = lines.into_iter().filter(|line| line.get("hansa").is_none());
    rows.collect()
}

fn folder(city: &TestParticipant) -> PathBuf {
    city.folder().join("cluster")
}

#[expect(
    clippy::disallowed_methods,
    reason = "certificates are of the real time"
)]
fn clock() -> Clock {
    Arc::new(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let micros = i64::try_from(now.unwrap().as_micros()).unwrap();
        ClockReading {
            wall: UtcTimestamp::from_micros(micros).unwrap(),
            mono_ns: 1,
        }
    })
}

impl ForgedTaskFixture {
    /// What the worker gives for a briefing: how many rows of states.
    fn share(&self, task: &FragmentTask) -> Result<usize, Refusal> {
        let name: hansa_policy::id::SqlIdentifier = "real".parse().unwrap();
        let tls = connector_config(&folder(&self.lindau), &clock())?;
        self.runtime.block_on(async {
            let server = server_name(&name)?;
            let address = self.worker.address();
            let client =
                WorkerClient::open(name, address, tls, server, TransportSettings::default())
                    .await?;
            let mut states = client.share(task).await?;
            let mut rows = 0;
            while let Some(batch) = states.next().await {
                rows += batch?.num_rows();
            }
            Ok(rows)
        })
    }
}

/// A forged plan can't be handed over at all: what a worker is told is a text, and everything else is compared.
fn forged(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let right = fixture
        .share(&fixture.task)
        .map_err(|why| format!("the control: {why}"))?;
    if right == 0 {
        return Err("the control gave nothing".to_owned());
    }
    type Forge = fn(&mut FragmentTask);
    let forgeries: [(&str, ErrorCode, Forge); 14] = [
        ("a hidden column", ErrorCode::ColumnUnknown, |task| {
            task.sql = "SELECT note, count(*) AS n FROM long GROUP BY note".to_owned();
        }),
        (
            "a dataset without a contract",
            ErrorCode::DatasetUnknown,
            |task| {
                task.sql = "SELECT secret, count(*) AS n FROM else GROUP BY secret".to_owned();
            },
        ),
        ("another question", ErrorCode::WorkerDiffers, |task| {
            task.sql = "SELECT id, count(*) AS n FROM long GROUP BY id".to_owned();
        }),
        (
            "a signature that was changed",
            ErrorCode::SignatureInvalid,
            |task| {
                let envelope = &task.grounds[0].envelope;
                let mut text = String::from_utf8(envelope.to_vec()).unwrap();
                let mark = "\"signature\":\"";
                let at = text.find(mark).unwrap() + mark.len();
                let other = if text[at..].starts_with('A') {
                    "B"
                } else {
                    "A"
                };
                text.replace_range(at..=at, other);
                task.grounds[0].envelope = text.into();
            },
        ),
        (
            "another contract's name",
            ErrorCode::ContractMalformed,
            |task| {
                task.grounds[0].contract = hansa_policy::id::ContractId(Digest::of(b"another"));
            },
        ),
        ("somebody else", ErrorCode::ContractUnknown, |task| {
            task.asker = "hansa://initech.example".parse().unwrap();
        }),
        ("other effects", ErrorCode::WorkerDiffers, |task| {
            task.effects = Digest::of(b"no effect");
        }),
        ("another plan", ErrorCode::WorkerDiffers, |task| {
            task.plan = Digest::of(b"another plan");
        }),
        (
            "a fragment that is none",
            ErrorCode::WorkerDiffers,
            |task| task.fragment = 7,
        ),
        ("a day far ahead", ErrorCode::WorkerDiffers, |task| {
            task.now = task.now.plus_micros(400 * 86_400_000_000);
        }),
        ("a folder elsewhere", ErrorCode::WorkerDiffers, |task| {
            task.grounds[0].snapshot = "../../else/snapshots/x".to_owned();
        }),
        ("other rows", ErrorCode::WorkerDiffers, |task| {
            task.grounds[0].digest = Digest::of(b"other rows");
        }),
        (
            "a clause that prohibits nothing",
            ErrorCode::ContractMalformed,
            |task| {
                task.grounds[0].active_prohibitions = vec![ClauseId(1)];
            },
        ),
        ("another version", ErrorCode::WorkerDiffers, |task| {
            task.version = "0.0.0".to_owned();
        }),
    ];
    let mut wrong = Vec::new();
    for (what, expected, forge) in forgeries {
        let mut task = fixture.task.clone();
        forge(&mut task);
        match fixture.share(&task) {
            Ok(rows) => wrong.push(format!("{what}: {rows} rows")),
            Err(why) if why.code != expected || why.sentence.contains("SECRET") => {
                wrong.push(format!("{what}: {why}"));
            }
            Err(_) => {}
        }
    }
    // It still does what it should.
    if fixture.share(&fixture.task).ok() != Some(right) {
        wrong.push("the control does no more".to_owned());
    }
    if wrong.is_empty() {
        Ok(format!(
            "{} forgeries refused, none gave a row",
            forgeries.len()
        ))
    } else {
        Err(wrong.join("; "))
    }
}

/// The real worker helps, until the contract is withdrawn.
fn withdrawn(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let config = std::fs::read_to_string(fixture.lindau.folder().join("hansa.toml")).unwrap();
    let (before, _) = config
        .split_once("[[worker]]")
        .expect("the ear is a worker");
    fixture
        .lindau
        .write("hansa.toml", &format!("{before}{}", fixture.worker.table()));
    fixture.lindau.hansa(&["reload"]).must();
    let before = fixture.worker.shares();
    let _ = fixture.acme.ask(QUESTION).must();
    let helped = fixture.worker.shares();
    if helped == before {
        return Err("the worker does not help".to_owned());
    }
    let id = fixture.task.grounds[0].contract.to_string();
    let end = ["contract", "withdraw", &id, "--reason", "over", "--yes"];
    fixture.lindau.hansa(&end).must();
    let refused = fixture.acme.ask(QUESTION);
    if refused.status == Some(0) || fixture.worker.shares() != helped {
        return Err("something was computed after the withdrawal".to_owned());
    }
    Ok("no answer, and no share of one".to_owned())
}

const ATTACKS: [AttackCase<ForgedTaskFixture>; 2] = [
    AttackCase {
        number: 137,
        setup: "W",
        name: "a forged plan, contract or circumstance for a worker",
        expected: "refused, without a row",
        does: forged,
        lacks: "",
    },
    AttackCase {
        number: 138,
        setup: "W",
        name: "goes on asking after a withdrawal, where a worker has helped",
        expected: "no answer, and so no share",
        does: withdrawn,
        lacks: "",
    },
];
