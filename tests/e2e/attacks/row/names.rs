//! Attacks by the spelling of names, by nested values, by the bytes on the wire; and on who a tenant is.

use crate::attacks::row::rows;
use crate::attacks::sql::ExpectedResult::{Code, OneOf, View};
use crate::attacks::sql::{ROWS, alike};
use crate::attacks::trips::SECRET;
use crate::attacks::world::SqlAttackFederation;
use crate::attacks::{AttackCase, AttackVerdict};
use arrow_array::builder::{ListBuilder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch, StringArray, StructArray};
use hansa_test_support::participant::run;
use std::sync::Arc;

pub(super) const NAMES: [AttackCase<SqlAttackFederation>; 5] = [
    AttackCase {
        number: 40,
        setup: "R",
        name: "spells a hidden name in other ways",
        expected: "COLUMN_UNKNOWN / DATASET_UNKNOWN",
        does: |federation| {
            let (column, dataset) = (Code("COLUMN_UNKNOWN"), Code("DATASET_UNKNOWN"));
            rows(
                federation,
                &[
                    ("SELECT \"Notes\" FROM {t}", column),
                    ("SELECT NOTES FROM {t}", column),
                    ("SELECT {t}.\"notes\" FROM {t}", column),
                    ("SELECT {t}.notes FROM {t}", column),
                    ("SELECT \"notes\" FROM {t}", column),
                    (
                        "SELECT `notes` FROM {t}",
                        OneOf(&["COLUMN_UNKNOWN", "SQL_SYNTAX"]),
                    ),
                    ("SELECT x.notes FROM {t} AS x", column),
                    ("SELECT * FROM other.public.{t}", dataset),
                    ("SELECT * FROM public.{t}", dataset),
                    ("SELECT * FROM datafusion.public.{t}", dataset),
                    ("SELECT * FROM lindau.{t}", dataset),
                    ("SELECT * FROM \"{t}.cube\"", dataset),
                    ("SELECT * FROM {t}.cube", dataset),
                    ("SELECT * FROM cells_b", dataset),
                    ("SELECT * FROM {t}, cells_b", dataset),
                    (
                        "SELECT * EXCEPT (trip_id) FROM {t} WHERE notes = 'x'",
                        OneOf(&["COLUMN_UNKNOWN", "CONSTRUCT_NOT_ALLOWED"]),
                    ),
                ],
            )
        },
        lacks: "",
    },
    AttackCase {
        number: 41,
        setup: "any",
        name: "names that look alike",
        expected: "unknown; refused where they would be published",
        does: look_alike,
        lacks: "",
    },
    AttackCase {
        number: 42,
        setup: "R",
        name: "reaches into nested values and whole rows",
        expected: "what is not listed does not exist",
        does: |federation| {
            let gone = OneOf(&[
                "COLUMN_UNKNOWN",
                "CONSTRUCT_NOT_ALLOWED",
                "FUNCTION_UNKNOWN",
                "SQL_INVALID",
                "SQL_SYNTAX",
                "DATASET_UNKNOWN",
            ]);
            rows(
                federation,
                &[
                    ("SELECT meta['secret'] FROM {t}", gone),
                    ("SELECT meta.secret FROM {t}", gone),
                    ("SELECT {t}.meta.secret FROM {t}", gone),
                    ("SELECT unnest(tags) FROM {t}", gone),
                    ("SELECT tags[1] FROM {t}", gone),
                    ("SELECT map_keys(meta) FROM {t}", gone),
                    ("SELECT to_json({t}) FROM {t}", gone),
                    ("SELECT row_to_json({t}) FROM {t}", gone),
                    ("SELECT {t} FROM {t}", gone),
                    ("SELECT struct({t}.*) FROM {t}", gone),
                    ("SELECT trip_id[1] FROM {t}", gone),
                    ("SELECT concat(*) FROM {t}", gone),
                    ("SELECT {'a': trip_id} FROM {t}", gone),
                    ("SELECT [trip_id] FROM {t}", gone),
                ],
            )?;
            nested_is_not_published(federation)
        },
        lacks: "",
    },
    AttackCase {
        number: 43,
        setup: "R",
        name: "searches every byte that is sent",
        expected: "not one hidden word",
        does: |federation| {
            let mut bytes = 0;
            for sql in [
                "SELECT * FROM {t}",
                "SELECT operator, district FROM {t} ORDER BY operator",
                "SELECT * FROM {t} LIMIT 0",
                "SELECT device_id, count(*) FROM {t} GROUP BY device_id",
                "SELECT max(operator), min(trip_id) FROM {t}",
            ] {
                // Both versions are searched in there, also for what follows the rows.
                let answer = alike(federation, &ROWS, sql)?;
                if answer.refusal.is_some() || answer.receipt.is_empty() {
                    return Err(format!("{sql}: {}", answer.message()));
                }
                bytes += answer.bytes.len() + answer.receipt.len();
            }
            let shown = federation.ask("trips_a", "SELECT * FROM trips_a");
            match shown.tells("op1") && !shown.tells(SECRET) {
                true => Ok(format!("{bytes} bytes searched")),
                false => Err("the search finds nothing at all".to_owned()),
            }
        },
        lacks: "",
    },
    AttackCase {
        number: 44,
        setup: "T",
        name: "a tenant that is SQL, and none",
        expected: "bound as a text: no rows; TENANT_UNBOUND",
        does: tenants,
        lacks: "",
    },
];

fn look_alike(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let column = Code("COLUMN_UNKNOWN");
    rows(
        federation,
        &[
            ("SELECT \"trip_\u{456}d\" FROM {t}", column),
            ("SELECT \"trip\u{200d}_id\" FROM {t}", column),
            ("SELECT \"f\u{430}re\" FROM {t}", column),
            ("SELECT \"fare\u{301}\" FROM {t}", column),
            ("SELECT \"\u{202e}eraf\" FROM {t}", column),
            ("SELECT * FROM \"r\u{430}\"", Code("DATASET_UNKNOWN")),
        ],
    )?;
    let folder = federation.league.folder();
    for name in [
        "tr\u{456}ps",
        "trip\u{200d}s",
        "tripe\u{301}",
        "Trips",
        "tri ps",
        "\u{ff54}rips",
    ] {
        let dataset = format!("name = \"{name}\"\ntitle");
        let column = format!("[[dataset.column]]\nname = \"{name}\"");
        for (from, to) in [
            ("name = \"fine\"\ntitle", dataset),
            ("[[dataset.column]]\nname = \"a\"", column),
        ] {
            let text = FINE.replace(from, &to);
            assert_ne!(text, FINE);
            let said = federation.acme.folder().join("hansa.toml");
            let own = std::fs::read_to_string(&said).unwrap();
            std::fs::write(&said, format!("{own}\n{text}")).unwrap();
            let done = run(crate::binary(), federation.acme.folder(), &["check"]);
            std::fs::write(&said, own).unwrap();
            if done.status != Some(6) || !done.err.contains("CONFIG_INVALID") {
                return Err(format!("`{name}` can be published: {done:?}"));
            }
        }
    }
    assert!(folder.exists());
    Ok("6 statements and 12 configurations: unknown, refused".to_owned())
}

const FINE: &str = "[[dataset]]\nname = \"fine\"\ntitle = \"T\"\nlicence = \"proprietary\"\n\
    [dataset.source]\nkind = \"text\"\npath = \"x.csv\"\n[[dataset.column]]\nname = \"a\"\n";

fn tenants(federation: &mut SqlAttackFederation) -> AttackVerdict {
    let own = federation.ask("trips_t", "SELECT DISTINCT operator FROM trips_t");
    if own.rows != ["op1"] {
        return Err(format!(
            "not its own rows: {:?} {}",
            own.rows,
            own.message()
        ));
    }
    let hostile = "x' OR '1'='1";
    let file = federation.lindau.folder().join("hansa.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let with = |value: &str| {
        let text = before.replace("value = \"op1\"", value);
        assert_ne!(text, before);
        std::fs::write(&file, text).unwrap();
        federation.lindau.hansa(&["reload"])
    };
    with(&format!("value = \"{hostile}\"")).must();
    let injected = federation.ask("trips_t", "SELECT operator FROM trips_t");
    let empty = with("value = \"\"");
    let unbound = federation.ask("trips_t", "SELECT operator FROM trips_t");
    std::fs::write(&file, &before).unwrap();
    federation.lindau.hansa(&["reload"]).must();
    if injected.refusal.is_some() || !injected.rows.is_empty() {
        return Err(format!("{:?} {}", injected.rows, injected.message()));
    }
    // An empty tenant is not taken over; if it were, nothing would be bound to it.
    if empty.status == Some(0) && unbound.code() != "TENANT_UNBOUND" {
        return Err(format!("{:?} {}", unbound.rows, unbound.message()));
    }
    let id = run(
        crate::binary(),
        federation.league.folder(),
        &["init", "evil", "--id", hostile, "--name", "Evil"],
    );
    match id.status {
        Some(0) => Err("an identity with quotes can be made".to_owned()),
        _ if empty.status == Some(0) => Ok("no rows; TENANT_UNBOUND".to_owned()),
        _ => Ok("no rows; an empty tenant is not taken over".to_owned()),
    }
}

/// Lists and structs can't be published at all, so nothing inside them can be asked for.
fn nested_is_not_published(federation: &SqlAttackFederation) -> AttackVerdict {
    let mut tags = ListBuilder::new(StringBuilder::new());
    tags.append_value([Some(SECRET)]);
    let tags: ArrayRef = Arc::new(tags.finish());
    let text: ArrayRef = Arc::new(StringArray::from(vec![SECRET]));
    let meta: ArrayRef = Arc::new(StructArray::try_from(vec![("secret", text)]).unwrap());
    for (name, column) in [("tags", tags), ("meta", meta)] {
        let plain: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
        let batch = RecordBatch::try_from_iter([("trip_id", plain), (name, column)]).unwrap();
        let file = federation.acme.folder().join(format!("{name}.parquet"));
        let out = std::fs::File::create(&file).unwrap();
        let mut writer = parquet::arrow::ArrowWriter::try_new(out, batch.schema(), None).unwrap();
        writer.write(&batch).unwrap();
        writer.close().unwrap();
        let done = federation.acme.hansa(&[
            "dataset",
            "add",
            file.to_str().unwrap(),
            "--name",
            name,
            "--title",
            "Nested",
            "--licence",
            "proprietary",
        ]);
        if done.status == Some(0) || !done.err.contains("SOURCE_UNREADABLE") {
            return Err(format!("`{name}` can be published: {done:?}"));
        }
    }
    rows(federation, &[("SELECT count(*) FROM {t}", View)])?;
    Ok("14 statements; lists and structs can't be published".to_owned())
}
