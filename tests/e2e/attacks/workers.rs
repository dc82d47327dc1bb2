//! Attacks on workers (W): somebody who has the connector's certificate of the cluster, or that of a worker, and asks for what neither
//! ever would.

mod false_worker;
mod house_grants;

use crate::attacks::{AttackCase, AttackReportLine, AttackVerdict, tried};
use crate::binary;
use async_trait::async_trait;
use futures::StreamExt as _;
use hansa_audit_log::digest::Digest;
use hansa_audit_log::time::{Clock, ClockReading, UtcTimestamp};
use hansa_identity::cluster::{connector_config, member_config, server_name, worker_config};
use hansa_policy::id::{ClauseId, ContractId, RequestId, SqlIdentifier};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_proto::cluster::{BriefedContract, QuestionBriefing, TaskRows, WorkerTicket};
use hansa_test_support::league::TestLeague;
use hansa_test_support::participant::TestParticipant;
use hansa_test_support::worker_process::WorkerProcess;
use hansa_test_support::workflow::ALL;
use hansa_transport::cluster::client::{TaskRowStream, WorkerClient};
use hansa_transport::cluster::server::{
    ClusterCaller, ClusterTls, TaskFrameStream, TaskHandler, serve_tasks,
};
use hansa_transport::peer::settings::TransportSettings;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A city with two workers, and a briefing as its connector writes them.
struct ForgedTaskFixture {
    lindau: TestParticipant,
    acme: TestParticipant,
    workers: [WorkerProcess; 2],
    /// For the first of them.
    task: QuestionBriefing,
    /// The same of our own people.
    own_task: QuestionBriefing,
    runtime: tokio::runtime::Runtime,
    league: TestLeague,
}

/// Attacks all of it.
pub(crate) fn attacked() -> Vec<AttackReportLine> {
    let league = TestLeague::new(binary());
    let terms = format!("{ALL}\ncolumns = [\"id\", \"site\"]\nrows = \"id < 500\"");
    let (lindau, acme) = league.long_table(1_000, &terms);
    lindau.holds("else", "id,secret\n1,ZSECRET\n", "");
    lindau.publishes();
    lindau.hansa(&["cluster", "init"]).must();
    let workers = NAMES.map(|name| WorkerProcess::of(&lindau, name));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let [task, own_task] = overheard(&lindau, &acme, &runtime).map(|mut task| {
        for (member, worker) in task.team.iter_mut().zip(&workers) {
            member.address = worker.address().to_owned();
        }
        task
    });
    let mut fixture = ForgedTaskFixture {
        lindau,
        acme,
        workers,
        task,
        own_task,
        runtime,
        league,
    };
    tried(&mut fixture, &ATTACKS)
}

/// The workers.
const NAMES: [&str; 2] = ["north", "south"];

const QUESTION: &str = "SELECT site, count(*) AS n FROM lindau.long GROUP BY site ORDER BY site";

/// Stands where the workers should, to get a briefing that is right, of a peer and of our own people; the connector answers by itself.
fn overheard(
    lindau: &TestParticipant,
    acme: &TestParticipant,
    runtime: &tokio::runtime::Runtime,
) -> [QuestionBriefing; 2] {
    struct TaskInterceptor(Mutex<Vec<QuestionBriefing>>);
    #[async_trait]
    impl TaskHandler for TaskInterceptor {
        async fn answer_ticket(
            &self,
            _: &ClusterCaller,
            ticket: WorkerTicket,
        ) -> Result<TaskFrameStream, Refusal> {
            // Who is refused by one of them asks the other perhaps no more: whichever it is, what it is told differs in its number alone.
            if let WorkerTicket::Begin(mut briefing) = ticket {
                briefing.worker = 0;
                // Tasks that are held while all their places are tried are not to end by themselves.
                briefing.limits.time *= 2;
                self.0.lock().unwrap().push(*briefing);
            }
            // One that fails would be left alone for a while.
            Err(Refusal::new(
                ErrorCode::WorkerDiffers,
                "an ear computes nothing",
            ))
        }
    }
    let ear = Arc::new(TaskInterceptor(Mutex::default()));
    let tables = NAMES.map(|name| {
        let tls = worker_config(&folder(lindau), &name.parse().unwrap(), &clock()).unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0");
        let listener = runtime.block_on(listener).unwrap();
        let address = listener.local_addr().unwrap();
        let (heard, tls) = (Arc::clone(&ear), Arc::new(move || Arc::clone(&tls)));
        runtime.spawn(async move {
            let never = std::future::pending();
            let who: hansa_transport::cluster::server::CallerOf =
                Arc::new(|_| Ok(ClusterCaller::Connector));
            serve_tasks(
                listener,
                ClusterTls { tls, caller: who },
                heard,
                TransportSettings::default(),
                never,
            )
            .await
        });
        format!("[[worker]]\nname = \"{name}\"\naddress = \"{address}\"")
    });
    let _ = acme.contract("lindau.long");
    let alone = acme.ask(QUESTION).must().rows();
    lindau.configure(&format!("[cluster]\nat_least = 1\n{}", tables.join("\n")));
    lindau.hansa(&["reload"]).must();
    // Whoever helps or does not, the answer is the same.
    assert_eq!(acme.ask(QUESTION).must().rows(), alone);
    let _ = lindau.ask(QUESTION).must();
    [false, true].map(|house| {
        let heard = ear.0.lock().unwrap();
        let mut heard = heard.iter();
        let briefing = heard.find(|briefing| briefing.house_grant.is_some() == house);
        briefing.expect("the connector briefs a worker").clone()
    })
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

/// How long is waited for an answer.
const LONG: Duration = Duration::from_secs(60);

impl ForgedTaskFixture {
    /// A connection to a worker, with the certificate of the connector or of a worker of this name.
    async fn client(&self, to: usize, own: Option<&str>) -> Result<WorkerClient, Refusal> {
        let name: SqlIdentifier = NAMES[to].parse().unwrap();
        let folder = folder(&self.lindau);
        let tls = match own {
            None => connector_config(&folder, &clock())?,
            Some(own) => member_config(&folder, &own.parse().unwrap(), &clock())?,
        };
        let server = server_name(&name)?;
        let address = self.workers[to].address();
        WorkerClient::open(name, address, tls, server, TransportSettings::default()).await
    }

    /// Has a worker begin; its tasks run as long as what comes is held.
    async fn begun(&self, task: &QuestionBriefing, to: usize) -> Result<TaskRowStream, Refusal> {
        let mut task = task.clone();
        task.worker = u32::try_from(to).unwrap();
        let ticket = WorkerTicket::Begin(Box::new(task));
        self.client(to, None)
            .await?
            .send_ticket(&ticket, LONG)
            .await
    }

    /// How many rows a partition of a task has.
    async fn partition(
        client: &WorkerClient,
        (request, stage, partition): (RequestId, u32, u32),
    ) -> Result<usize, Refusal> {
        let ticket = WorkerTicket::Rows(TaskRows {
            request,
            stage,
            partition,
        });
        let mut batches = client.send_ticket(&ticket, LONG).await?;
        let mut rows = 0;
        while let Some(batch) = batches.next().await {
            rows += batch?.num_rows();
        }
        Ok(rows)
    }

    /// All that may be read of the tasks of a question, with the certificate of the connector or of a worker: where it is, and how many rows.
    async fn readable(
        &self,
        request: RequestId,
        own: Option<&str>,
    ) -> Result<Vec<(TaskPlace, usize)>, Refusal> {
        let mut read = Vec::new();
        let clients = [self.client(0, own).await?, self.client(1, own).await?];
        for place in places() {
            let (to, stage, partition) = place;
            let rows = Self::partition(&clients[to], (request, stage, partition)).await;
            match rows {
                Ok(rows) => read.push((place, rows)),
                // A plan has fewer places than are tried.
                Err(why) if why.code == ErrorCode::WorkerDiffers => {}
                Err(why) if why.code == ErrorCode::WorkerFailed => {}
                Err(why) => return Err(why),
            }
        }
        Ok(read)
    }

    /// How many rows the connector reads.
    async fn read(&self, request: RequestId) -> Result<usize, Refusal> {
        let read = self.readable(request, None).await?;
        Ok(read.into_iter().map(|(_, rows)| rows).sum())
    }

    /// Has both workers begin.
    async fn both_begun(&self, task: &QuestionBriefing) -> Result<[TaskRowStream; 2], String> {
        let told = |why: Refusal| format!("the control: {why}");
        Ok([
            self.begun(task, 0).await.map_err(told)?,
            self.begun(task, 1).await.map_err(told)?,
        ])
    }

    /// The same as soon as what ran of the question before has ended.
    async fn both_begun_again(
        &self,
        task: &QuestionBriefing,
    ) -> Result<[TaskRowStream; 2], String> {
        let mut last = String::new();
        for _ in 0..TRIES {
            match self.both_begun(task).await {
                Ok(begun) => return Ok(begun),
                Err(why) => last = why,
            }
            tokio::time::sleep(STEP).await;
        }
        Err(last)
    }

    /// What both workers give for a briefing.
    fn given(&self, task: &QuestionBriefing) -> Result<usize, Refusal> {
        self.runtime.block_on(async {
            // What ran of the question before may be about to end.
            let mut tries = TRIES;
            let _held = loop {
                let begun = async {
                    Ok::<_, Refusal>([self.begun(task, 0).await?, self.begun(task, 1).await?])
                };
                match begun.await {
                    Err(why) if why.sentence.contains("runs this question") && tries > 0 => {
                        tries -= 1;
                        tokio::time::sleep(STEP).await;
                    }
                    begun => break begun?,
                }
            };
            self.read(task.request).await
        })
    }
}

/// How often, and in what steps, it is looked whether a question has ended that was let go.
const TRIES: u32 = 200;
const STEP: Duration = Duration::from_millis(50);

/// The contract of a briefing's dataset.
fn contract(task: &mut QuestionBriefing) -> &mut BriefedContract {
    task.grounds[0].contract.as_mut().expect("a peer asked")
}

/// The number of a worker, a stage and a partition.
type TaskPlace = (usize, u32, u32);

/// Each of them that a plan of the question may have.
fn places() -> impl Iterator<Item = TaskPlace> {
    (0..2).flat_map(|to| {
        (0..4).flat_map(move |stage| (0..6).map(move |partition| (to, stage, partition)))
    })
}

/// A forged plan can't be handed over at all: what a worker is told is a text, and everything else is compared.
fn forged(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let right = fixture
        .given(&fixture.task)
        .map_err(|why| format!("the control: {why}"))?;
    if right == 0 {
        return Err("the control gave nothing".to_owned());
    }
    type Forge = fn(&mut QuestionBriefing);
    let forgeries: [(&str, ErrorCode, Forge); 15] = [
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
                let envelope = &mut contract(task).envelope;
                let mut text = String::from_utf8(envelope.to_vec()).unwrap();
                let mark = "\"signature\":\"";
                let at = text.find(mark).unwrap() + mark.len();
                let other = if text[at..].starts_with('A') {
                    "B"
                } else {
                    "A"
                };
                text.replace_range(at..=at, other);
                *envelope = text.into();
            },
        ),
        (
            "another contract's name",
            ErrorCode::ContractMalformed,
            |task| {
                contract(task).contract = ContractId(Digest::of(b"another"));
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
        ("a team of one", ErrorCode::WorkerDiffers, |task| {
            task.team.truncate(1);
        }),
        ("another worker's part", ErrorCode::WorkerDiffers, |task| {
            task.team.swap(0, 1);
        }),
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
                contract(task).active_prohibitions = vec![ClauseId(1)];
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
        match fixture.given(&task) {
            Ok(rows) => wrong.push(format!("{what}: {rows} rows")),
            Err(why) if why.code != expected || why.sentence.contains("SECRET") => {
                wrong.push(format!("{what}: {why}"));
            }
            Err(_) => {}
        }
    }
    // It still does what it should.
    if fixture.given(&fixture.task).ok() != Some(right) {
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

/// A briefing that comes again while its question runs begins nothing, and what runs goes on.
fn replayed(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let task = &fixture.task;
    fixture.runtime.block_on(async {
        let told = |why: Refusal| why.to_string();
        let _held = fixture.both_begun_again(task).await?;
        match fixture.begun(task, 0).await {
            Err(why) if why.code == ErrorCode::WorkerDiffers => {}
            Err(why) => return Err(format!("the replay: {why}")),
            Ok(_) => return Err("the replay began".to_owned()),
        }
        let rows = fixture.read(task.request).await.map_err(told)?;
        // Each partition is given out once.
        let again = fixture.readable(task.request, None).await.map_err(told)?;
        match (rows, again.len()) {
            (0, _) => Err("the control gave nothing".to_owned()),
            (_, 0) => Ok(format!("refused; {rows} rows were given out once")),
            (_, again) => Err(format!("{again} partitions were given out twice")),
        }
    })
}

/// A worker with its own certificate: begins nothing, and reads nothing but what its own tasks read.
fn by_itself(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    fixture.lindau.hansa(&["cluster", "add", "idle"]).must();
    let task = &fixture.task;
    fixture.runtime.block_on(async {
        let told = |why: Refusal| why.to_string();
        let client = fixture.client(0, Some("south")).await.map_err(told)?;
        let ticket = WorkerTicket::Begin(Box::new(task.clone()));
        match client.send_ticket(&ticket, LONG).await {
            Err(why) if why.code == ErrorCode::PeerNotTrusted => {}
            Err(why) => return Err(format!("beginning: {why}")),
            Ok(_) => return Err("a worker began a question".to_owned()),
        }
        let held = fixture.both_begun_again(task).await?;
        // One that has no part in it, and one that asks for a question that nobody runs.
        for (own, request) in [("idle", task.request), ("south", RequestId([9; 16]))] {
            let read = fixture.readable(request, Some(own)).await.map_err(told)?;
            if !read.is_empty() {
                return Err(format!("{own} read {read:?}"));
            }
        }
        let of = |read: Vec<(TaskPlace, usize)>| -> BTreeSet<TaskPlace> {
            read.into_iter().map(|(place, _)| place).collect()
        };
        let connector = of(fixture.readable(task.request, None).await.map_err(told)?);
        drop(held);
        let _held = fixture.both_begun_again(task).await?;
        let south = of(fixture
            .readable(task.request, Some("south"))
            .await
            .map_err(told)?);
        let both = connector.intersection(&south).count();
        match (connector.is_empty() || south.is_empty(), both) {
            (true, _) => Err("the control gave nothing".to_owned()),
            (_, 0) => Ok(format!(
                "{} partitions for the connector, {} others for a worker, none for others",
                connector.len(),
                south.len()
            )),
            (_, both) => Err(format!("{both} partitions were given to either")),
        }
    })
}

/// A team in which an address is no worker's: nobody is told anything there, and no row comes.
fn elsewhere(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let task = &fixture.task;
    fixture.runtime.block_on(async {
        let told = |why: Refusal| why.to_string();
        let trap = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = trap.local_addr().unwrap().to_string();
        let caught = tokio::spawn(async move {
            use tokio::io::AsyncReadExt as _;
            let (mut stream, _) = trap.accept().await.unwrap();
            let mut bytes = vec![0; 4096];
            let count = stream.read(&mut bytes).await.unwrap_or(0);
            bytes.truncate(count);
            bytes
        });
        let mut forged = task.clone();
        forged.team[1].address = address;
        let _held = fixture.both_begun_again(&forged).await?;
        let read = fixture.readable(task.request, None).await.map_err(told)?;
        let north: Vec<_> = read.iter().filter(|((to, _, _), _)| *to == 0).collect();
        if !north.is_empty() {
            return Err(format!("rows came without the other worker's: {north:?}"));
        }
        let sent = tokio::time::timeout(LONG, caught).await;
        let sent = sent.map_err(|_| "nobody dialled the address".to_owned())?;
        // The first message of TLS and nothing that it protects.
        match sent.unwrap().first() {
            Some(0x16) => Ok("a handshake that failed, and no row".to_owned()),
            first => Err(format!("what is no handshake was sent: {first:?}")),
        }
    })
}

/// The real workers help, until the contract is withdrawn.
fn withdrawn(fixture: &mut ForgedTaskFixture) -> AttackVerdict {
    let config = std::fs::read_to_string(fixture.lindau.folder().join("hansa.toml")).unwrap();
    let (before, _) = config
        .split_once("[[worker]]")
        .expect("the ear is a worker");
    let tables = fixture.workers.iter().map(WorkerProcess::table);
    let tables: Vec<String> = tables.collect();
    let text = format!("{before}{}", tables.join("\n"));
    fixture.lindau.write("hansa.toml", &text);
    fixture.lindau.hansa(&["reload"]).must();
    let begun = || {
        fixture
            .workers
            .iter()
            .map(WorkerProcess::questions)
            .sum::<usize>()
    };
    let before = begun();
    let _ = fixture.acme.ask(QUESTION).must();
    let helped = begun();
    if helped != before + 2 {
        return Err("the workers do not help".to_owned());
    }
    let id = contract(&mut fixture.task).contract.to_string();
    let end = ["contract", "withdraw", &id, "--reason", "over", "--yes"];
    fixture.lindau.hansa(&end).must();
    let refused = fixture.acme.ask(QUESTION);
    if refused.status == Some(0) || begun() != helped {
        return Err("something was computed after the withdrawal".to_owned());
    }
    Ok("no answer, and no task of one".to_owned())
}

/// What is asked with a briefing that a worker takes for some minutes only comes first.
const ATTACKS: [AttackCase<ForgedTaskFixture>; 8] = [
    AttackCase {
        number: 137,
        setup: "W",
        name: "a forged plan, contract or circumstance for a worker",
        expected: "refused, without a row",
        does: forged,
        lacks: "",
    },
    AttackCase {
        number: 231,
        setup: "W",
        name: "a forged, old, foreign or used grant for a question of the own people",
        expected: "refused, without a row",
        does: house_grants::forged,
        lacks: "",
    },
    AttackCase {
        number: 232,
        setup: "W",
        name: "a connector of another city, and a contract of another city",
        expected: "no handshake, and no task",
        does: house_grants::of_another_city,
        lacks: "",
    },
    AttackCase {
        number: 228,
        setup: "W",
        name: "a briefing or a ticket for rows that is sent a second time",
        expected: "refused, and what runs goes on",
        does: replayed,
        lacks: "",
    },
    AttackCase {
        number: 229,
        setup: "W",
        name: "a worker that begins a question, or reads what its tasks do not",
        expected: "refused, without a row",
        does: by_itself,
        lacks: "",
    },
    AttackCase {
        number: 230,
        setup: "W",
        name: "a team with an address that is no worker's",
        expected: "a handshake that fails, and no row",
        does: elsewhere,
        lacks: "",
    },
    AttackCase {
        number: 233,
        setup: "W",
        name: "a worker that gives fewer, more or other rows than it computed",
        expected: "what does not fit is no part of an answer; nothing that the contract hides is shown",
        does: false_worker::falsified,
        lacks: "",
    },
    AttackCase {
        number: 138,
        setup: "W",
        name: "goes on asking after a withdrawal, where a worker has helped",
        expected: "no answer, and so no task",
        does: withdrawn,
        lacks: "",
    },
];
