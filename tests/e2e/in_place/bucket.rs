//! Files in an S3-compatible store: a real server over HTTP, with keys, that whoever runs the test can stop.

use super::{SOME, dataset, parquet, permitted, publishes, rows, sentence_of, totals};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::net::SocketAddr;
use std::path::Path;

const KEYS: &str = "access_key_id = reader\nsecret_access_key = a-secret-key\n";

/// A store over the folders of a folder, which are its buckets.
struct ObjectStoreServer {
    runtime: Option<tokio::runtime::Runtime>,
    address: SocketAddr,
}

impl ObjectStoreServer {
    fn over(folder: &Path, address: &str) -> Self {
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
    std::fs::write(&keys, KEYS).unwrap();
    let source = format!(
        "kind = \"parquet\"\npath = \"s3://water/levels/*.parquet\"\nin_place = true\nendpoint = \"http://{}\"\n\
         region = \"eu-central-1\"\ncredentials_file = \"{}\"",
        store.address,
        keys.display()
    );
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
