//! Files in an S3-compatible store: a real server over HTTP, with keys, that whoever runs the test can stop.

use super::{SOME, dataset, parquet, permitted, publishes, rows, sentence_of, totals};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::worker_process::WorkerProcess;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::net::SocketAddr;
use std::path::Path;

const KEYS: &str = "access_key_id = reader\nsecret_access_key = a-secret-key\n";

/// A store over the folders of a folder, which are its buckets.
pub(super) struct ObjectStoreServer {
    runtime: Option<tokio::runtime::Runtime>,
    address: SocketAddr,
}

impl ObjectStoreServer {
    pub(super) fn over(folder: &Path, address: &str) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
        service.set_auth(SimpleAuth::from_single("reader", "a-secret-key"));
        let service = service.build();
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind(address))
            .unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let service = service.clone();
                tokio::spawn(async move {
                    let server = auto::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(socket), service).await;
                });
            }
        });
        Self {
            runtime: Some(runtime),
            address,
        }
    }

    /// The source of a dataset of its files of levels, whose keys are written to a file.
    pub(super) fn source(&self, keys: &Path) -> String {
        std::fs::write(keys, KEYS).unwrap();
        format!(
            "kind = \"parquet\"\npath = \"s3://water/levels/*.parquet\"\nin_place = true\nendpoint = \"http://{}\"\n\
             region = \"eu-central-1\"\ncredentials_file = \"{}\"",
            self.address,
            keys.display()
        )
    }

    fn stop(&mut self) {
        drop(self.runtime.take());
    }
}

#[test]
fn files_of_a_store_are_read_where_they_are() {
    let league = TestLeague::new(binary());
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("water");
    std::fs::create_dir_all(bucket.join("levels/old")).unwrap();
    let all = rows(0, 20_000);
    let (one, other) = all.split_at(12_000);
    let put = |name: &str, rows: &[(i64, String, f64)]| {
        std::fs::write(bucket.join("levels").join(name), parquet(rows)).unwrap();
    };
    put("a.parquet", one);
    put("b.parquet", other);
    // A pattern does not reach into folders, and takes only what fits.
    put("old/c.parquet", &rows(500_000, 500_010));
    put("notes.txt", &[]);
    let mut store = ObjectStoreServer::over(folder.path(), "127.0.0.1:0");
    let keys = folder.path().join("keys");
    let source = store.source(&keys);
    let (lindau, acme) = publishes(&league, &source, SOME);
    assert_eq!(totals(&acme), permitted(&all));

    // A changed file is not read, and nothing is told of where it is.
    put("b.parquet", &rows(0, 9_000));
    let refused = acme.ask("SELECT count(*) FROM lindau.levels");
    let text = sentence_of(&refused);
    refused.refused("SOURCE_CHANGED", 3);
    for secret in ["water", "b.parquet", &store.address.to_string()] {
        assert!(!text.contains(secret), "{text}");
    }
    put("b.parquet", other);
    lindau.publishes();
    assert_eq!(totals(&acme), permitted(&all));

    // Out of reach: refused with its reason, and there again when it is.
    store.stop();
    let refused = acme.ask("SELECT count(*) FROM lindau.levels");
    let text = sentence_of(&refused);
    refused.refused("SOURCE_UNAVAILABLE", 5);
    for secret in ["water", "b.parquet", &store.address.to_string()] {
        assert!(!text.contains(secret), "{text}");
    }
    let _again = ObjectStoreServer::over(folder.path(), &store.address.to_string());
    assert_eq!(totals(&acme), permitted(&all));

    // Wrong keys are told to whoever configures it.
    std::fs::write(&keys, "access_key_id = reader\n").unwrap();
    let city = league.city("other");
    city.configure(&dataset(&source));
    let text = sentence_of(&city.hansa(&["check"]).ends(6));
    assert!(text.contains("secret_access_key"), "{text}");
    std::fs::write(&keys, "access_key_id = reader\nsecret_access_key = wrong\n").unwrap();
    let text = sentence_of(&city.hansa(&["check"]).ends(6));
    assert!(text.contains("SOURCE_UNREADABLE"), "{text}");

    // Other keys count from the next question on.
    acme.ask("SELECT count(*) FROM lindau.levels")
        .refused("SOURCE_UNAVAILABLE", 5);
    std::fs::write(&keys, KEYS).unwrap();
    assert_eq!(totals(&acme), permitted(&all));
    lindau.verifies();
}

/// Workers open the files as the connector does, by its keys, each a part of them.
#[test]
fn workers_read_files_of_a_store_where_they_are() {
    let league = TestLeague::new(binary());
    let folder = tempfile::tempdir().unwrap();
    let bucket = folder.path().join("water");
    std::fs::create_dir_all(bucket.join("levels")).unwrap();
    let all = rows(0, 300_000);
    let put = |name: &str, rows: &[(i64, String, f64)]| {
        std::fs::write(bucket.join("levels").join(name), parquet(rows)).unwrap();
    };
    let (one, other) = all.split_at(200_000);
    put("a.parquet", one);
    put("b.parquet", other);
    let store = ObjectStoreServer::over(folder.path(), "127.0.0.1:0");
    let keys = folder.path().join("keys");
    let source = store.source(&keys);
    let (lindau, acme) = publishes(&league, &source, SOME);
    let by_site = "SELECT site, count(*) AS n, sum(id) AS total FROM lindau.levels GROUP BY site ORDER BY site";
    let ask = |sql: &str| acme.ask(sql).must().rows();
    let alone = ask(by_site);
    assert_eq!(alone.len(), 6);
    lindau.hansa(&["cluster", "init"]).must();
    let workers = ["w1", "w2"].map(|name| WorkerProcess::of(&lindau, name));
    let tables = workers.each_ref().map(WorkerProcess::table).join("\n");
    lindau.configure(&format!("[cluster]\nat_least = 1000\n{tables}"));
    lindau.hansa(&["reload"]).must();
    let questions = || workers.each_ref().map(WorkerProcess::questions);
    assert_eq!(ask(by_site), alone);
    assert_eq!(questions(), [1, 1]);
    assert_eq!(totals(&acme), permitted(&all));
    assert_eq!(questions(), [2, 2]);
    // Where a question of our own people runs they are told.
    let own = "SELECT a.site, count(*) AS n FROM lindau.levels a JOIN lindau.levels b ON a.id = b.id GROUP BY a.site ORDER BY a.site";
    let analyzed = lindau.hansa(&["explain", "--analyze", own]).must().out;
    assert!(analyzed.contains("in stages at 2 workers"), "{analyzed}");
    assert_eq!(questions(), [3, 3]);
    let windowed =
        "SELECT row_number() OVER (ORDER BY id) AS place FROM lindau.levels ORDER BY place LIMIT 1";
    let analyzed = lindau.hansa(&["explain", "--analyze", windowed]).must().out;
    assert!(analyzed.contains("at home, since"), "{analyzed}");
    println!("{analyzed}");

    // A file that was changed is read by nobody.
    put("b.parquet", &rows(0, 9_000));
    acme.ask(by_site).refused("SOURCE_CHANGED", 3);
    lindau.publishes();
    let fewer = [one, &rows(0, 9_000)].concat();
    assert_eq!(totals(&acme), permitted(&fewer));
    assert_eq!(ask(by_site).len(), 6);
    let now = questions();
    assert!(now > [4, 4], "{now:?}");
    lindau.verifies();
}
