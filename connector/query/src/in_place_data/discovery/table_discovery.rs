//! Discovery of a database table, with a comparison of its columns and those of the dataset.

use super::{InPlaceDiscovery, source_column_name};
use crate::in_place_data::InPlaceLocation;
use crate::in_place_data::postgres::{
    PostgresColumn, PostgresEndpoint, PostgresTable, table_description,
};
use crate::ingest::config::{ConfigLocation, DatasetConfig};
use crate::ingest::{typed_rows, wildcard};
use hansa_audit_log::digest::IncrementalDigest;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Finds the table of a dataset.
pub(super) async fn find_table(
    config: &DatasetConfig,
    server: &PostgresEndpoint,
    schema: &str,
    name: &str,
) -> Result<InPlaceDiscovery, Refusal> {
    let found = table_description::read_columns(server, schema, name).await?;
    let mismatch = |location: &ConfigLocation, why: String, help: &str| {
        location
            .refuse(ErrorCode::SchemaMismatch, "column", why)
            .with_help(help.to_owned())
    };
    let skip = &config.source.skip_columns;
    let mut columns = config.columns.clone();
    if columns.is_empty() {
        for one in &found {
            if skip
                .iter()
                .any(|skip| wildcard::matches_wildcard(skip, &one.name))
            {
                continue;
            }
            let column = PostgresColumn::from_column(one, None)
                .map_err(|(why, help)| mismatch(&config.location, why, help))?;
            let name = one.name.parse().map_err(|why| {
                let why = format!("column `{}`: {why}", one.name);
                mismatch(
                    &config.location,
                    why,
                    "declare it as [[dataset.column]] with `from`",
                )
            })?;
            columns.push(typed_rows::as_it_is(
                config.location.clone(),
                name,
                column.kind.column(),
                &one.name,
                !one.nullable,
            ));
        }
    }
    let mut taken = Vec::with_capacity(columns.len());
    for column in &columns {
        let wanted = source_column_name(column);
        let one = found.iter().find(|one| one.name == wanted).ok_or_else(|| {
            let why = format!("`{schema}.{name}` has no column `{wanted}`");
            mismatch(
                &column.location,
                why,
                "write its name in the table as `from`",
            )
        })?;
        let read = PostgresColumn::from_column(one, Some(column.kind))
            .map_err(|(why, help)| mismatch(&column.location, why, help))?;
        if read.kind.column() != column.kind {
            let why = format!(
                "column `{wanted}` is of type {}, which is {} here, not {}",
                one.written,
                read.kind.column(),
                column.kind
            );
            return Err(mismatch(
                &column.location,
                why,
                "declare it as it is, or make a view that casts it",
            ));
        }
        if column.required && one.nullable {
            let why = format!("column `{wanted}` is required here and may be NULL in the database");
            return Err(mismatch(
                &column.location,
                why,
                "ALTER TABLE … SET NOT NULL, or leave out `required`",
            ));
        }
        taken.push(PostgresColumn {
            nullable: !column.required && read.nullable,
            ..read
        });
    }
    let is_taken = |name: &String| taken.iter().any(|column| column.name == *name);
    let mut keys = table_description::read_unique_keys(server, schema, name).await?;
    keys.retain(|key| key.iter().all(is_taken));
    let table = PostgresTable {
        server: server.clone(),
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: taken,
        keys,
    };
    let mut whole = IncrementalDigest::default();
    whole.update(b"in-place/postgres/1\n");
    whole.update(&serde_json::to_vec(&table).unwrap_or_default());
    Ok(InPlaceDiscovery {
        digest: whole.finish(),
        bytes: 0,
        files: 1,
        location: InPlaceLocation::Postgres(table),
        columns,
    })
}
