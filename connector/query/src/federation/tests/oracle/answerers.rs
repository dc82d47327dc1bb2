//! Engines that answer statements over small tables: a participant, PostgreSQL, and the unmodified engine.

use super::comparison::{Answer, Verdict, compare};
use super::postgres::PostgresOracle;
use super::run;
use crate::fixture::FixtureParticipant;
use crate::fixture::dataset_files::{DatasetFileLayout, build_dataset};
use arrow_array::{RecordBatch, StringArray};
use datafusion::arrow::compute::cast;
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::SessionContext;
use hansa_catalog::dataset::Dataset;
use hansa_policy::refusal::Refusal;

/// Table as comma-separated text without NULL.
pub(super) struct TextTable {
    pub(super) name: &'static str,
    /// Columns in the form `x:int?`.
    pub(super) columns: &'static [&'static str],
    pub(super) rows: &'static str,
}

impl TextTable {
    fn cells(&self) -> impl Iterator<Item = Vec<Option<&'static str>>> {
        let lines = self.rows.lines();
        lines.map(|line| {
            line.split(',')
                .map(|cell| (!cell.is_empty()).then_some(cell))
                .collect()
        })
    }

    fn batch(&self, dataset: &Dataset) -> RecordBatch {
        let schema = dataset.schema();
        let columns = schema.fields().iter().enumerate().map(|(at, field)| {
            let texts: StringArray = self.cells().map(|row| row[at]).collect();
            cast(&texts, field.data_type()).unwrap()
        });
        let columns = columns.collect();
        RecordBatch::try_new(schema, columns).unwrap()
    }

    /// SQL that creates the table in PostgreSQL.
    pub(super) fn sql(&self) -> String {
        let columns = self.columns.iter().map(|column| {
            let (name, kind) = column.split_once(':').unwrap();
            let kind = match kind.trim_end_matches('?') {
                decimal if decimal.starts_with("decimal") => decimal,
                "int" => "BIGINT",
                "float" => "DOUBLE PRECISION",
                "date" => "DATE",
                "instant" => "TIMESTAMP WITH TIME ZONE",
                _ => "TEXT",
            };
            format!("{name} {kind}")
        });
        let rows = self.cells().map(|row| {
            let cells = row.into_iter().map(|cell| match cell {
                Some(cell) => format!("'{cell}'"),
                None => "NULL".to_owned(),
            });
            format!("({})", join_texts(cells, ", "))
        });
        format!(
            "CREATE TABLE {name} ({});\nINSERT INTO {name} VALUES\n  {};\n",
            join_texts(columns, ", "),
            join_texts(rows, ",\n  "),
            name = self.name
        )
    }
}

pub(super) struct Answerers {
    here: FixtureParticipant,
    postgresql: PostgresOracle,
    engine: SessionContext,
}

impl Answerers {
    pub(super) fn new(tables: &[TextTable]) -> Self {
        let mut here = FixtureParticipant::new();
        let engine = SessionContext::new();
        let postgresql = PostgresOracle::start();
        for table in tables {
            let set = build_dataset(table.name, table.columns);
            let rows = table.batch(&set);
            engine.register_batch(table.name, rows.clone()).unwrap();
            here.publish(set, &rows, DatasetFileLayout::default(), []);
            postgresql.run(&table.sql());
        }
        Self {
            here,
            postgresql,
            engine,
        }
    }

    /// These, where the participant runs plans as they were analysed.
    pub(super) fn without_optimizer(mut self) -> Self {
        self.here.limits.optimizer_passes = 0;
        self
    }

    pub(super) fn ask_here(&self, sql: &str) -> Result<Vec<RecordBatch>, Refusal> {
        self.here.ask(sql).map(|(_, rows)| rows)
    }

    /// Rows as PostgreSQL writes them, or the SQLSTATE of its error.
    pub(super) fn ask_postgresql(&self, sql: &str) -> Result<String, String> {
        self.postgresql.text(sql).map(|rows| join_rows(&rows))
    }

    /// Rows of the unmodified engine, or `None` if it fails.
    pub(super) fn ask_engine(&self, sql: &str) -> Option<String> {
        let rows = run(async { self.engine.sql(sql).await?.collect().await });
        rows.ok().map(|rows| text(&rows))
    }

    /// Checks that the product's answer equals that of PostgreSQL to `sql`.
    ///
    /// # Errors
    /// The product's answer, if it differs.
    pub(super) fn same(
        &self,
        ours: &Result<Vec<RecordBatch>, Refusal>,
        sql: &str,
    ) -> Result<(), String> {
        let ours = match ours {
            Ok(rows) => Answer::of_batches(rows),
            Err(refusal) => return Err(format!("here it is refused with {refusal}")),
        };
        match compare(&ours, &self.postgresql.ask(sql), true) {
            Verdict::Same => Ok(()),
            _ => Err(format!("here it gives {ours}")),
        }
    }
}

/// All rows in one line.
pub(super) fn text(rows: &[RecordBatch]) -> String {
    let options = FormatOptions::default().with_null("NULL");
    let mut lines = Vec::new();
    for batch in rows {
        let columns: Vec<ArrayFormatter<'_>> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            let cells = columns.iter().map(|column| column.value(row).to_string());
            lines.push(join_texts(cells, ", "));
        }
    }
    join_rows(&lines)
}

fn join_texts(parts: impl Iterator<Item = String>, between: &str) -> String {
    parts.collect::<Vec<_>>().join(between)
}

fn join_rows(lines: &[String]) -> String {
    match lines {
        [] => "no rows".to_owned(),
        lines => lines.join("; ").replace('\n', "\\n"),
    }
}
