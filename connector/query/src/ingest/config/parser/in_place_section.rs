//! Parser of `[dataset.source]` for rows in place, and checks of settings that are impossible for them.

use crate::in_place_data::postgres::{PostgresEndpoint, query_connections};
use crate::in_place_data::storage_backend::{S3Bucket, StorageBackend, is_local_endpoint};
use crate::ingest::config::parser::table_value::read_required_text;
use crate::ingest::config::{
    ColumnValueOrigin, ConfigLocation, DatasetConfig, InPlaceConfig, SourceKind,
};
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_toml_reader::TomlTable;
use std::path::Path;

/// Location of the rows in place, or `None` for a source that is copied.
pub(super) fn parse_in_place_config(
    table: &TomlTable<'_>,
    kind: Option<SourceKind>,
    paths: &[String],
    folder: &Path,
) -> Option<InPlaceConfig> {
    let said = table.flag("in_place").unwrap_or(false);
    let stored = paths.iter().any(|path| path.starts_with(S3));
    let database_here = kind == Some(SourceKind::Postgres);
    refuse_foreign_keys(
        table,
        stored,
        &OF_STORES,
        "an S3-compatible store: path = \"s3://BUCKET/FILES\"",
    );
    refuse_foreign_keys(
        table,
        database_here,
        &OF_DATABASES,
        "a database: kind = \"postgres\"",
    );
    if said || database_here {
        for key in COPIED {
            if table.get(key).is_some() {
                let why = "changes what is read, and rows in place are read as they are";
                table.add_problem(key, format!("`{key}` {why}"));
            }
        }
    }
    if database_here {
        return parse_database(table, folder);
    }
    if stored && !said {
        table.add_problem(
            "path",
            "files of a store are read in place: add in_place = true",
        );
    }
    if said && kind != Some(SourceKind::Parquet) {
        table.add_problem("in_place", "only Parquet files are read in place");
    }
    let bucket = stored.then(|| parse_bucket(table, paths, folder));
    if !said {
        return None;
    }
    Some(InPlaceConfig::Parquet(
        bucket.map_or(StorageBackend::Local, StorageBackend::S3),
    ))
}

/// Refuses keys that belong to another kind of source.
fn refuse_foreign_keys(table: &TomlTable<'_>, theirs: bool, keys: &[&str], what: &str) {
    for &key in keys {
        if table.get(key).is_some() && !theirs {
            table.add_problem(key, format!("`{key}` is of {what}"));
        }
    }
}

fn parse_bucket(table: &TomlTable<'_>, paths: &[String], folder: &Path) -> S3Bucket {
    let mut names = paths.iter().map(|path| {
        let rest = path.strip_prefix(S3)?;
        let (bucket, key) = rest.split_once('/')?;
        (!bucket.is_empty() && !key.is_empty()).then_some(bucket)
    });
    let first = names.next().flatten();
    if first.is_none() || names.any(|name| name != first) {
        table.add_problem(
            "path",
            "files of a store are written s3://BUCKET/FILES, all of one bucket",
        );
    }
    let endpoint = table.text("endpoint");
    if let Some(endpoint) = &endpoint
        && !endpoint.starts_with("https://")
        && !is_local_endpoint(endpoint)
    {
        table.add_problem(
            "endpoint",
            "`endpoint` is https://HOST; without TLS it is an address of this machine",
        );
    }
    S3Bucket {
        name: first.unwrap_or_default().to_owned(),
        endpoint,
        region: table.text("region"),
        credentials: table.text("credentials_file").map(|path| folder.join(path)),
    }
}

fn parse_database(table: &TomlTable<'_>, folder: &Path) -> Option<InPlaceConfig> {
    let database = read_required_text(table, "database");
    let password = table.text("password_file");
    let root = table.text("root_certificate");
    if !database.is_empty()
        && let Some(why) = query_connections::connection_string_problem(&database, root.is_some())
    {
        table.add_problem("database", format!("`database`: {why}"));
    }
    if table.get("path").is_some() {
        table.add_problem("path", "a table of a database has no `path`");
    }
    let whole = read_required_text(table, "table");
    let (schema, name) = whole.split_once('.').unwrap_or(("public", &whole));
    Some(InPlaceConfig::Postgres {
        server: PostgresEndpoint {
            database,
            password: password.map(|path| folder.join(path)),
            root_certificate: root.map(|path| folder.join(path)),
        },
        schema: schema.to_owned(),
        table: name.to_owned(),
    })
}

/// Checks a dataset in place for settings that would change its rows.
pub(super) fn check_in_place_dataset(config: &DatasetConfig, problems: &mut Vec<Refusal>) {
    let Some(in_place) = &config.source.in_place else {
        return;
    };
    let mut refuse = |spot: &ConfigLocation, key: &str, why: &str| {
        let refusal = spot.refuse(ErrorCode::ConfigInvalid, key, format!("`{key}` {why}"));
        problems.push(refusal.with_help(
            "without in_place a copy is published, which may be prepared; in a database a view does it",
        ));
    };
    let other = "makes other rows, and rows in place are read as they are";
    let whole = [
        ("prepare", config.prepare.is_some()),
        ("unpivot", config.unpivot.is_some()),
        ("lookup", !config.lookups.is_empty()),
        ("sort", !config.sort.is_empty()),
        ("max_bad_rows", config.max_bad_rows > 0.0),
        ("extent", config.extent.is_some()),
    ];
    for (key, said) in whole {
        if said {
            refuse(&config.location, key, other);
        }
    }
    for column in &config.columns {
        let plain = matches!(&column.origin, ColumnValueOrigin::From(names) if names.len() <= 1);
        let said = [
            ("from", !plain),
            ("format", !column.formats.is_empty()),
            ("zone", column.zone.is_some()),
            ("shift", column.shift_us != 0),
            ("factor", column.factor.is_some()),
            ("optional", column.optional),
        ];
        for (key, said) in said {
            if said {
                refuse(&column.location, key, other);
            }
        }
    }
    if let Some(grid) = &config.grid
        && grid.release.is_some()
    {
        refuse(
            &grid.location,
            "release",
            "keeps rows apart, and of rows in place nothing is kept",
        );
    }
    if config.feed {
        refuse(
            &config.location,
            "feed",
            "keeps what was published, and of rows in place nothing is kept",
        );
    }
    if config.model.is_some() && matches!(in_place, InPlaceConfig::Postgres { .. }) {
        refuse(
            &config.location,
            "model",
            "is checked at publication, and rows of a database change afterwards",
        );
    }
}

const COPIED: [&str; 9] = [
    "delimiter",
    "encoding",
    "skip_lines",
    "header_rows",
    "columns",
    "max_row_bytes",
    "short_rows",
    "nulls",
    "decimal",
];

const OF_STORES: [&str; 3] = ["endpoint", "region", "credentials_file"];

const OF_DATABASES: [&str; 4] = ["database", "password_file", "root_certificate", "table"];

const S3: &str = "s3://";
