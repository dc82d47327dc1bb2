//! A table of PostgreSQL, over TLS and with a password.

use super::{SOME, dataset, permitted, publishes, rows, sentence_of, totals};
use crate::binary;
use hansa_test_support::league::TestLeague;
use hansa_test_support::postgres_server::PostgresServer;
use hansa_test_support::workflow::{ALL, PURPOSE, text};
use rcgen::{CertificateParams, KeyPair};

const PASSWORD: &str = "a long word";

/// A server with the table, a user that can only read, and the files that reach it.
struct DatabaseFixture {
    postgres: PostgresServer,
    folder: tempfile::TempDir,
    source: String,
}

fn server() -> DatabaseFixture {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    let postgres = PostgresServer::with_tls(&certificate, &key.serialize_pem());
    let values = rows(0, 5_000);
    let values: Vec<String> = values
        .iter()
        .map(|(id, site, level)| format!("({id}, '{site}', {level})"))
        .collect();
    postgres.run(&format!(
        "CREATE TABLE levels (id bigint NOT NULL, site text NOT NULL, level double precision NOT NULL); \
         INSERT INTO levels VALUES {}; CREATE USER hansa PASSWORD '{PASSWORD}'; GRANT SELECT ON levels TO hansa;",
        values.join(", ")
    ));
    let folder = tempfile::tempdir().unwrap();
    let (root, password) = (
        folder.path().join("root.pem"),
        folder.path().join("password"),
    );
    std::fs::write(&root, certificate).unwrap();
    std::fs::write(&password, format!("{PASSWORD}\n")).unwrap();
    let source = format!(
        "kind = \"postgres\"\ndatabase = \"host=localhost port={} user=hansa dbname=postgres\"\ntable = \"levels\"\n\
         password_file = \"{}\"\nroot_certificate = \"{}\"",
        postgres.port(),
        password.display(),
        root.display()
    );
    DatabaseFixture {
        postgres,
        folder,
        source,
    }
}

#[test]
fn a_table_is_read_in_its_database_behind_the_same_gate() {
    let league = TestLeague::new(binary());
    let DatabaseFixture {
        postgres,
        folder,
        source,
    } = server();
    let (lindau, acme) = publishes(&league, &source, SOME);
    let mut all = rows(0, 5_000);
    assert_eq!(totals(&acme), permitted(&all));
    let shown = lindau
        .hansa(&["--json", "dataset", "show", "levels"])
        .must()
        .json();
    assert!(text(&shown, "version").ends_with("-live"), "{shown}");

    // As it is when it is asked for.
    postgres.run("INSERT INTO levels VALUES (5000, 's1', 0), (5001, 's3', 0)");
    all.extend([(5_000, "s1".to_owned(), 0.0), (5_001, "s3".to_owned(), 0.0)]);
    assert_eq!(totals(&acme), permitted(&all));

    // What the question and the contract leave out is left out by the database.
    let answer = acme
        .ask("SELECT id FROM lindau.levels WHERE id >= 4998 AND site = 's1' LIMIT 3")
        .must()
        .lines();
    assert_eq!(answer.len() - 1, 2);
    let log = postgres.log();
    let asked = log
        .lines()
        .rev()
        .find(|line| line.contains("FROM \"public\".\"levels\""));
    let asked = asked.unwrap();
    assert!(
        asked.contains("\"id\" >= '4998'") && asked.contains("'s3'"),
        "{asked}"
    );

    // Beside a copy, an answer says how old that is.
    lindau.holds("more", "id,town\n1,t1\n", "");
    lindau.offers("more", "more", ALL, "\"league\"", "auto");
    lindau.hansa(&["reload"]).must();
    lindau.hansa(&["dataset", "publish", "more"]).must();
    let _ = acme.contract("lindau.more");
    let both = "SELECT town FROM lindau.levels l JOIN lindau.more m ON l.id = m.id";
    let answer = acme.ask(both).must().lines();
    let report = &answer.last().unwrap()["hansa"];
    assert_eq!(
        text(&report["oldest"], "dataset"),
        "lindau.more",
        "{report}"
    );
    assert_eq!(text(&report["oldest"], "newest"), "this moment", "{report}");

    // What the database says is for its owner alone.
    postgres.run("ALTER TABLE levels ALTER COLUMN id TYPE text");
    acme.ask("SELECT count(*) FROM lindau.levels")
        .refused("SCHEMA_CHANGED", 3);
    postgres.run("ALTER TABLE levels ALTER COLUMN id TYPE bigint USING id::bigint");
    assert_eq!(totals(&acme), permitted(&all));
    postgres.run("REVOKE SELECT ON levels FROM hansa");
    let refused = acme.ask("SELECT count(*) FROM lindau.levels");
    let reported = sentence_of(&refused);
    refused.refused("SOURCE_UNAVAILABLE", 5);
    assert!(!reported.contains("permission"), "{reported}");
    postgres.run("GRANT SELECT ON levels TO hansa");
    drop(postgres);
    let refused = acme.ask("SELECT count(*) FROM lindau.levels");
    let reported = sentence_of(&refused);
    refused.refused("SOURCE_UNAVAILABLE", 5);
    for secret in [
        "localhost",
        PASSWORD,
        "user=hansa",
        folder.path().to_str().unwrap(),
    ] {
        assert!(!reported.contains(secret), "{reported}");
    }
    // Who has no contract does not learn that there is such a dataset.
    let other = league.firm("other");
    league.hand_bundle_to("lindau");
    lindau.hansa(&["reload"]).must();
    other.knows(&lindau);
    other
        .hansa(&[
            "--json",
            "sql",
            "SELECT id FROM lindau.levels",
            "--purpose",
            PURPOSE,
        ])
        .refused("DATASET_UNKNOWN", 3);
    lindau.verifies();
}

#[test]
fn a_database_is_believed_by_its_certificate_alone() {
    let league = TestLeague::new(binary());
    let DatabaseFixture {
        postgres,
        folder,
        source,
    } = server();
    let check = |name: &str, source: &str, status: i32| {
        let city = league.city(name);
        city.configure(&dataset(source));
        sentence_of(&city.hansa(&["check"]).ends(status))
    };
    let other = KeyPair::generate().unwrap();
    let other = CertificateParams::new(["localhost".to_owned()])
        .unwrap()
        .self_signed(&other)
        .unwrap();
    std::fs::write(folder.path().join("root.pem"), other.pem()).unwrap();
    let text = check("stranger", &source, 6);
    assert!(text.contains("SOURCE_UNREADABLE"), "{text}");
    // Without TLS nothing goes beyond this machine.
    let bare = "kind = \"postgres\"\ndatabase = \"host=db.example user=hansa dbname=postgres\"\ntable = \"levels\"";
    let text = check("bare", bare, 6);
    assert!(text.contains("root_certificate"), "{text}");
    let secret = "kind = \"postgres\"\ndatabase = \"host=localhost user=hansa password=x dbname=p\"\ntable = \"levels\"";
    let text = check("secret", secret, 6);
    assert!(text.contains("password_file"), "{text}");
    drop(postgres);
}
