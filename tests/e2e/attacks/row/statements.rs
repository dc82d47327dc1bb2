//! Attacks with statements that need no particular contract.

use crate::attacks::AttackCase;
use crate::attacks::row::rows;
use crate::attacks::sql::ExpectedResult::{Code, OneOf, View, ViewOr};
use crate::attacks::sql::{ROWS, alike, one};
use crate::attacks::world::SqlAttackFederation;

const NOT_ALLOWED: &str = "STATEMENT_NOT_ALLOWED";

/// Where a text can't even be read as a statement, it is told as that; nothing of it is planned either way.
const UNREAD: &[&str] = &[NOT_ALLOWED, "CONSTRUCT_NOT_ALLOWED", "SQL_SYNTAX"];

pub(super) const STATEMENTS: [AttackCase<SqlAttackFederation>; 8] = [
    AttackCase {
        number: 33,
        setup: "any",
        name: "reads the engine's own tables",
        expected: "nothing but V; STATEMENT_NOT_ALLOWED",
        does: |federation| {
            let unknown = Code("DATASET_UNKNOWN");
            rows(
                federation,
                &[
                    ("SELECT * FROM information_schema.tables", unknown),
                    ("SELECT * FROM information_schema.columns", unknown),
                    ("SELECT * FROM information_schema.df_settings", unknown),
                    ("SELECT * FROM information_schema.views", unknown),
                    (
                        "SELECT * FROM datafusion.information_schema.tables",
                        unknown,
                    ),
                    ("SELECT * FROM pg_catalog.pg_class", unknown),
                    ("SELECT * FROM sqlite_master", unknown),
                    ("SHOW TABLES", Code(NOT_ALLOWED)),
                    ("SHOW COLUMNS FROM {t}", Code(NOT_ALLOWED)),
                    ("SHOW ALL", Code(NOT_ALLOWED)),
                    ("SHOW datafusion.execution.batch_size", Code(NOT_ALLOWED)),
                    ("DESCRIBE {t}", Code(NOT_ALLOWED)),
                    ("DESC {t}", Code(NOT_ALLOWED)),
                    ("EXPLAIN SHOW TABLES", OneOf(UNREAD)),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 34,
        setup: "any",
        name: "has the plan, its figures and its files told",
        expected: "STATEMENT_NOT_ALLOWED / FUNCTION_UNKNOWN; EXPLAIN shows the plan over V alone",
        does: |federation| {
            let unknown = Code("FUNCTION_UNKNOWN");
            rows(
                federation,
                &[
                    ("EXPLAIN ANALYZE SELECT * FROM {t}", Code(NOT_ALLOWED)),
                    ("EXPLAIN VERBOSE SELECT * FROM {t}", Code(NOT_ALLOWED)),
                    (
                        "EXPLAIN ANALYZE VERBOSE SELECT * FROM {t}",
                        Code(NOT_ALLOWED),
                    ),
                    ("EXPLAIN FORMAT TREE SELECT * FROM {t}", OneOf(UNREAD)),
                    ("EXPLAIN EXPLAIN SELECT * FROM {t}", OneOf(UNREAD)),
                    ("SELECT file_row_index() FROM {t}", unknown),
                    ("SELECT input_file_name() FROM {t}", unknown),
                    ("SELECT arrow_metadata(trip_id) FROM {t}", unknown),
                    ("SELECT arrow_typeof(trip_id) FROM {t}", unknown),
                    ("SELECT get_field(trip_id, 'x') FROM {t}", unknown),
                ],
            )?;
            let answer = alike(federation, &ROWS, "EXPLAIN SELECT * FROM {t}")?;
            if answer.refusal.is_some() {
                return Ok(format!("EXPLAIN: {}", answer.code()));
            }
            let text = answer.rows.join("\n");
            for word in [
                "parquet",
                "Filter",
                "district =",
                "notes",
                "Exact",
                "Inexact",
                "/",
            ] {
                if text.contains(word) {
                    return Err(format!("EXPLAIN tells `{word}`: {text}"));
                }
            }
            Ok("EXPLAIN: the plan over V".to_owned())
        },
        lacks: "",
    },
    AttackCase {
        number: 35,
        setup: "any",
        name: "writes, defines, sets",
        expected: "STATEMENT_NOT_ALLOWED before planning",
        does: |federation| {
            for text in WRITES {
                one(federation, &ROWS, text, OneOf(UNREAD))
                    .map_err(|why| format!("{text}: {why}"))?;
            }
            rows(
                federation,
                &[
                    ("INSERT INTO {t} VALUES (1)", Code(NOT_ALLOWED)),
                    ("SELECT 1 FROM {t}", View),
                ],
            )?;
            Ok(format!("{} statements: none is planned", WRITES.len()))
        },
        lacks: "",
    },
    AttackCase {
        number: 36,
        setup: "any",
        name: "reads a file, a URL, the environment",
        expected: "DATASET_UNKNOWN / FUNCTION_UNKNOWN",
        does: |federation| {
            let gone = OneOf(&[
                "DATASET_UNKNOWN",
                "FUNCTION_UNKNOWN",
                "CONSTRUCT_NOT_ALLOWED",
            ]);
            rows(
                federation,
                &[
                    ("SELECT * FROM '/etc/passwd'", gone),
                    ("SELECT * FROM \"/etc/passwd\"", gone),
                    ("SELECT * FROM 'data/x.csv'", gone),
                    ("SELECT * FROM 'https://example.org/x.csv'", gone),
                    ("SELECT * FROM read_csv('/etc/passwd')", gone),
                    ("SELECT * FROM read_parquet('state/*.parquet')", gone),
                    ("SELECT * FROM parquet_metadata('x')", gone),
                    ("SELECT getenv('HOME')", gone),
                    ("SELECT pg_read_file('/etc/passwd')", gone),
                    ("SELECT load_extension('x')", gone),
                    ("SELECT * FROM TABLE(generate_series(1, 2))", gone),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 37,
        setup: "any",
        name: "two statements, comments, NUL, byte order mark",
        expected: "ONE_STATEMENT_ONLY / SQL_SYNTAX",
        does: |federation| {
            let (syntax, two) = (Code("SQL_SYNTAX"), Code("ONE_STATEMENT_ONLY"));
            rows(
                federation,
                &[
                    ("SELECT 1; SELECT 2", two),
                    ("SELECT 1; DROP TABLE {t}", two),
                    ("SELECT count(*) FROM {t};", View),
                    ("SELECT count(*) FROM {t};;;", View),
                    (";SELECT 1", OneOf(&["SQL_SYNTAX", "ONE_STATEMENT_ONLY"])),
                    (
                        "SELECT count(*) /* ; DROP TABLE {t} */ FROM {t} -- ; SELECT 2",
                        View,
                    ),
                    ("SELECT count(*) /* /* nested */ FROM {t}", syntax),
                    ("SELECT count(*) FROM {t} /*", syntax),
                    ("SELECT 1\0", syntax),
                    ("SELECT '\0' FROM {t}", View),
                    ("\u{feff}SELECT 1", syntax),
                    ("--", syntax),
                    (" ", syntax),
                    ("SELECT 'x", syntax),
                    ("SELECT 1 -- \r\n; SELECT 2", two),
                    (
                        "SELECT $$x$$; SELECT 1",
                        OneOf(&["ONE_STATEMENT_ONLY", "CONSTRUCT_NOT_ALLOWED"]),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 38,
        setup: "any",
        name: "parameters and numbers out of range",
        expected: "an error of the statement, or = V",
        does: |federation| {
            let typed = OneOf(&[
                "SQL_INVALID",
                "CONSTRUCT_NOT_ALLOWED",
                "EVALUATION_FAILED",
                "SQL_SYNTAX",
            ]);
            rows(
                federation,
                &[
                    ("SELECT * FROM {t} WHERE trip_id = $1", typed),
                    ("SELECT * FROM {t} WHERE trip_id = ?", typed),
                    ("SELECT * FROM {t} WHERE trip_id = :id", typed),
                    ("SELECT * FROM {t} WHERE fare > '10^400'", typed),
                    ("SELECT * FROM {t} WHERE fare > 'x'", typed),
                    (
                        "SELECT trip_id FROM {t} WHERE duration_s < CAST('NaN' AS DOUBLE)",
                        View,
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE duration_s < CAST('Infinity' AS DOUBLE)",
                        View,
                    ),
                    ("SELECT trip_id FROM {t} WHERE duration_s < 1e308", View),
                    (
                        "SELECT trip_id FROM {t} WHERE fare < 9223372036854775807",
                        View,
                    ),
                    // Beyond the type there is no right number, and none that is wrong.
                    (
                        "SELECT CAST(99999999999999999999 AS INT) FROM {t}",
                        Code("ARITHMETIC_OVERFLOW"),
                    ),
                    (
                        "SELECT fare * 9223372036854775807 FROM {t}",
                        Code("ARITHMETIC_OVERFLOW"),
                    ),
                    (
                        "SELECT trip_id FROM {t} WHERE started_at > 'nonsense'",
                        typed,
                    ),
                ],
            )?;
            let sql = format!(
                "SELECT trip_id FROM {{t}} WHERE fare < 1{}",
                "0".repeat(400)
            );
            one(federation, &ROWS, &sql, ViewOr("SQL_INVALID"))
                .or_else(|_| one(federation, &ROWS, &sql, typed))?;
            Ok("13 statements: of the statement, or = V".to_owned())
        },
        lacks: "",
    },
    AttackCase {
        number: 39,
        setup: "any",
        name: "recursion and rows without end",
        expected: "refused before planning",
        does: |federation| {
            let gone = OneOf(&[
                "CONSTRUCT_NOT_ALLOWED",
                NOT_ALLOWED,
                "FUNCTION_UNKNOWN",
                "DATASET_UNKNOWN",
            ]);
            rows(
                federation,
                &[
                    (
                        "WITH RECURSIVE x AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM x) SELECT count(*) FROM x",
                        gone,
                    ),
                    (
                        "WITH RECURSIVE x AS (SELECT 1 AS n UNION SELECT n FROM x) SELECT count(*) FROM x",
                        gone,
                    ),
                    ("SELECT * FROM generate_series(1, 1000000000000)", gone),
                    ("SELECT * FROM range(1, 1000000000000)", gone),
                    ("SELECT unnest(range(1, 1000000000))", gone),
                    ("SELECT generate_series(1, 10)", gone),
                    ("SELECT array_repeat(trip_id, 1000000000) FROM {t}", gone),
                    ("WITH x AS (SELECT * FROM x) SELECT * FROM x", gone),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 75,
        setup: "R",
        name: "asks for the time, chance and the session",
        expected: "now() = admission; others FUNCTION_UNKNOWN",
        does: |federation| {
            let (none, word) = (
                Code("FUNCTION_UNKNOWN"),
                OneOf(&[
                    "FUNCTION_UNKNOWN",
                    "CONSTRUCT_NOT_ALLOWED",
                    "COLUMN_UNKNOWN",
                    "SQL_SYNTAX",
                    "SQL_INVALID",
                ]),
            );
            rows(
                federation,
                &[
                    ("SELECT random() FROM {t}", none),
                    ("SELECT uuid() FROM {t}", none),
                    ("SELECT version()", none),
                    ("SELECT current_setting('x')", none),
                    ("SELECT current_user", word),
                    ("SELECT current_user()", word),
                    ("SELECT session_user FROM {t}", word),
                    ("SELECT user FROM {t}", word),
                    ("SELECT current_catalog", word),
                    ("SELECT current_schema()", word),
                    ("SELECT @@version", word),
                    ("SELECT DISTINCT now() = current_timestamp FROM {t}", View),
                    ("SELECT count(DISTINCT now()) FROM {t}", View),
                ],
            )?;
            let answer = federation.ask("trips_a", "SELECT to_unixtime(now())");
            let first = answer.rows.first().and_then(|row| row.parse().ok());
            let seconds: i64 =
                first.ok_or_else(|| format!("{:?} {}", answer.rows, answer.message()))?;
            let permit = federation
                .lindau
                .records("permit")
                .pop()
                .ok_or("no record")?;
            let recorded = hansa_test_support::workflow::instant(&permit) / 1_000_000;
            match recorded - seconds {
                0..=60 => Ok("now() is when it was admitted".to_owned()),
                off => Err(format!("now() is {off} s off the record")),
            }
        },
        lacks: "",
    },
];

const WRITES: [&str; 42] = [
    "COPY {t} TO '/tmp/x.csv'",
    "COPY (SELECT * FROM {t}) TO 's3://x/y' STORED AS PARQUET",
    "CREATE EXTERNAL TABLE x STORED AS CSV LOCATION '/etc/passwd'",
    "CREATE VIEW x AS SELECT * FROM {t}",
    "CREATE TABLE x AS SELECT * FROM {t}",
    "CREATE TABLE x (a INT)",
    "CREATE FUNCTION f(INT) RETURNS INT RETURN 1",
    "CREATE DATABASE x",
    "CREATE SCHEMA x",
    "CREATE INDEX x ON {t} (trip_id)",
    "INSERT INTO {t} VALUES (1)",
    "INSERT INTO {t} SELECT * FROM {t}",
    "UPDATE {t} SET fare = 0",
    "DELETE FROM {t}",
    "MERGE INTO {t} USING {t} AS x ON true WHEN MATCHED THEN DELETE",
    "TRUNCATE TABLE {t}",
    "DROP TABLE {t}",
    "ALTER TABLE {t} ADD COLUMN x INT",
    "SET datafusion.execution.batch_size = 1",
    "SET TIME ZONE 'UTC'",
    "RESET datafusion.execution.batch_size",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "EXECUTE p(1)",
    "DEALLOCATE p",
    "BEGIN",
    "START TRANSACTION",
    "COMMIT",
    "ROLLBACK",
    "ANALYZE {t}",
    "VACUUM",
    "CALL f()",
    "DO 1",
    "LOAD 'x.so'",
    "ATTACH 'x' AS y",
    "PRAGMA x",
    "GRANT SELECT ON {t} TO x",
    "LISTEN x",
    "EXPLAIN INSERT INTO {t} VALUES (1)",
    "WITH x AS (INSERT INTO {t} VALUES (1) RETURNING *) SELECT * FROM x",
    "SELECT * INTO x FROM {t}",
    "SELECT * FROM {t} FOR UPDATE",
];
