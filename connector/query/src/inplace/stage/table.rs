//! The table of a dataset in a database, and whether its columns are those of the dataset.

use super::{Here, from};
use crate::inplace::Stays;
use crate::inplace::postgres::{Server, Table, TableColumn, catalog};
use crate::source::config::{DatasetConfig, Spot};
use crate::source::{columnar, pattern};
use hansa_audit_log::digest::Hasher;
use hansa_policy::refusal::{Code, Refusal};

/// Finds it.
pub(super) async fn find(
    config: &DatasetConfig,
    server: &Server,
    schema: &str,
    name: &str,
) -> Result<Here, Refusal> {
    let found = catalog::columns(server, schema, name).await?;
    let mismatch = |place: &Spot, why: String, help: &str| {
        place
            .refuse(Code::SchemaMismatch, "column", why)
            .with_help(help.to_owned())
    };
    let skip = &config.source.skip_columns;
    let mut columns = config.columns.clone();
    if columns.is_empty() {
        for one in &found {
            if skip.iter().any(|skip| pattern::fits(skip, &one.name)) {
                continue;
            }
            let column =
                TableColumn::of(one).map_err(|(why, help)| mismatch(&config.place, why, help))?;
            let name = one.name.parse().map_err(|why| {
                let why = format!("column `{}`: {why}", one.name);
                mismatch(
                    &config.place,
                    why,
                    "declare it as [[dataset.column]] with `from`",
                )
            })?;
            columns.push(columnar::as_it_is(
                config.place.clone(),
                name,
                column.kind.column(),
                &one.name,
                !one.nullable,
            ));
        }
    }
    let mut taken = Vec::with_capacity(columns.len());
    for column in &columns {
        let wanted = from(column);
        let one = found.iter().find(|one| one.name == wanted).ok_or_else(|| {
            let why = format!("`{schema}.{name}` has no column `{wanted}`");
            mismatch(&column.place, why, "write its name in the table as `from`")
        })?;
        let read =
            TableColumn::of(one).map_err(|(why, help)| mismatch(&column.place, why, help))?;
        if read.kind.column() != column.kind {
            let why = format!(
                "column `{wanted}` is of type {}, which is {} here, not {}",
                one.written,
                read.kind.column().as_str(),
                column.kind.as_str()
            );
            return Err(mismatch(
                &column.place,
                why,
                "declare it as it is, or make a view that casts it",
            ));
        }
        if column.required && one.nullable {
            let why = format!("column `{wanted}` is required here and may be NULL in the database");
            return Err(mismatch(
                &column.place,
                why,
                "ALTER TABLE … SET NOT NULL, or leave out `required`",
            ));
        }
        taken.push(TableColumn {
            nullable: !column.required && read.nullable,
            ..read
        });
    }
    let table = Table {
        server: server.clone(),
        schema: schema.to_owned(),
        name: name.to_owned(),
        columns: taken,
    };
    let mut whole = Hasher::default();
    whole.update(b"in-place/postgres/1\n");
    whole.update(&serde_json::to_vec(&table).unwrap_or_default());
    Ok(Here {
        digest: whole.finish(),
        bytes: 0,
        files: 1,
        stays: Stays::Postgres(table),
        columns,
    })
}
