//! Execution of the `prepare` statement in a session whose only tables are `source` and the lookups.

use crate::engine_error;
use crate::ingest;
use crate::ingest::config::{DatasetConfig, SourceConfig};
use crate::ingest::field_value::{RawField, SourceFileEvent};
use crate::ingest::parquet_source::batch_rows;
use crate::ingest::row_builder::batch_builder;
use crate::ingest::source_files::SourceFile;
use crate::limits::SqlStatementLimits;
use crate::publication::context::PublicationContext;
use crate::publication::input::PublicationInputs;
use crate::publication::parsed_source::ParsedSource;
use crate::sql::dialect::StatementDialect;
use crate::sql::resolver::TableResolver;
use crate::sql::{plan_on_current_thread, planner_threads};
use arrow_array::builder::StringBuilder;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::datasource::{MemTable, TableProvider, provider_as_source};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};
use datafusion_common::DataFusionError;
use datafusion_expr::{LogicalPlan, TableSource};
use futures::stream;
use hansa_policy::refusal::{ErrorCode, Refusal};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Plan that computes the rows of a dataset.
#[derive(Debug)]
pub struct PreparationPlan {
    /// Logical plan.
    pub plan: LogicalPlan,
    /// Columns of the plan.
    pub schema: SchemaRef,
}

/// Plans `prepare`, or the declared columns without a statement.
///
/// # Errors
/// `PREPARE_FAILED` with the position of the statement, or a refusal if a lookup can't be read.
pub fn plan_preparation(
    config: &DatasetConfig,
    inputs: &PublicationInputs,
    parsed: &ParsedSource,
    context: &PublicationContext,
) -> Result<PreparationPlan, Refusal> {
    let schema = batch_builder::typed_row_schema(&config.columns);
    let rows = StreamingTable::try_new(
        Arc::clone(&schema),
        vec![Arc::new(ParsedRows {
            schema,
            files: parsed.files.clone(),
        })],
    )
    .map_err(|error| with_statement_place(engine_error::planning_refusal(&error), config))?;
    let mut tables = PreparationTables::default();
    tables.add("source", Arc::new(rows));
    for (name, source) in &config.lookups {
        let files = inputs
            .lookups
            .get(name)
            .map(Vec::as_slice)
            .unwrap_or_default();
        tables.add(name.as_str(), Arc::new(load_lookup(source, files)?));
    }
    let sql = match &config.prepare {
        Some(prepare) => {
            refuse_words(&prepare.sql).map_err(|refusal| with_statement_place(refusal, config))?;
            prepare.sql.clone()
        }
        None => {
            let names: Vec<String> = config
                .columns
                .iter()
                .map(|column| format!("\"{}\"", column.name))
                .collect();
            format!("SELECT {} FROM source", names.join(", "))
        }
    };
    let limits = SqlStatementLimits::default();
    let now = context.now;
    let tables: Arc<dyn TableResolver> = Arc::new(tables);
    let planned = planner_threads::wait_on_planner_thread(limits.planning, move || {
        plan_on_current_thread(&sql, tables, &limits, now)
    })
    .map_err(|refusal| with_statement_place(refusal, config))?;
    if planned.explain {
        let refusal = Refusal::new(ErrorCode::PrepareFailed, "it is an EXPLAIN, not a SELECT");
        return Err(with_statement_place(refusal, config));
    }
    let schema = Arc::new(planned.plan.schema().as_arrow().clone());
    Ok(PreparationPlan {
        plan: planned.plan,
        schema,
    })
}

/// Adds the position of the statement to a refusal.
#[must_use]
pub fn with_statement_place(refusal: Refusal, config: &DatasetConfig) -> Refusal {
    let Some(prepare) = &config.prepare else {
        return refusal;
    };
    let reported = matches!(
        refusal.code,
        ErrorCode::PrepareFailed
            | ErrorCode::SqlSyntax
            | ErrorCode::SqlInvalid
            | ErrorCode::SqlTooLarge
            | ErrorCode::SqlTooDeep
            | ErrorCode::OneStatementOnly
            | ErrorCode::StatementNotAllowed
            | ErrorCode::ConstructNotAllowed
            | ErrorCode::DatasetUnknown
            | ErrorCode::ColumnUnknown
            | ErrorCode::FunctionUnknown
            | ErrorCode::EvaluationFailed
    );
    if !reported {
        return refusal;
    }
    let inner = refusal.location.as_ref().and_then(|location| location.line);
    let line = prepare
        .location
        .line
        .saturating_add(inner.unwrap_or(1).saturating_sub(1));
    let mut answer = Refusal::new(
        ErrorCode::PrepareFailed,
        format!("prepare of `{}`: {}", config.name, refusal.sentence),
    )
    .with_place(
        prepare.location.file.clone(),
        Some(line),
        Some("prepare".to_owned()),
    );
    answer.help = refusal.help;
    answer.with_help("the tables are `source` and the names under [dataset.lookup]")
}

/// Refuses words by which rows would depend on more than the files, or which turn errors into NULL.
fn refuse_words(sql: &str) -> Result<(), Refusal> {
    let tokens = Tokenizer::new(&StatementDialect, sql)
        .tokenize()
        .map_err(|error| Refusal::new(ErrorCode::SqlSyntax, error.to_string()))?;
    for token in tokens {
        let Token::Word(word) = token else { continue };
        let lower = word.value.to_ascii_lowercase();
        if word.quote_style.is_none() && REFUSED.contains(&lower.as_str()) {
            let why = if lower.starts_with("try") {
                "it would turn what can't be read into NULL without a count"
            } else {
                "the rows would depend on the time of publication or on chance"
            };
            return Err(Refusal::new(
                ErrorCode::PrepareFailed,
                format!("`{}` is not accepted here: {why}", word.value),
            ));
        }
    }
    Ok(())
}

const REFUSED: [&str; 13] = [
    "try_cast",
    "arrow_try_cast",
    "try_convert",
    "now",
    "today",
    "current_date",
    "current_time",
    "current_timestamp",
    "localtime",
    "localtimestamp",
    "random",
    "uuid",
    "tablesample",
];

/// Tables of the statement.
#[derive(Default)]
struct PreparationTables {
    tables: BTreeMap<String, Arc<dyn TableSource>>,
}

impl PreparationTables {
    fn add(&mut self, name: &str, table: Arc<dyn TableProvider>) {
        self.tables
            .insert(name.to_owned(), provider_as_source(table));
    }
}

impl TableResolver for PreparationTables {
    fn source(&self, path: &[&str]) -> Option<Arc<dyn TableSource>> {
        match path {
            [name] => self.tables.get(*name).map(Arc::clone),
            _ => None,
        }
    }
}

/// Typed rows of all files, in order.
#[derive(Debug)]
struct ParsedRows {
    schema: SchemaRef,
    files: Vec<PathBuf>,
}

impl PartitionStream for ParsedRows {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let batches = self
            .files
            .clone()
            .into_iter()
            .flat_map(|file| read_batches(&file));
        Box::pin(RecordBatchStreamAdapter::new(
            Arc::clone(&self.schema),
            stream::iter(batches),
        ))
    }
}

type BatchIterator = Box<dyn Iterator<Item = Result<RecordBatch, DataFusionError>> + Send>;

fn read_batches(file: &Path) -> BatchIterator {
    let reader = File::open(file)
        .map_err(DataFusionError::from)
        .and_then(|file| Ok(ParquetRecordBatchReaderBuilder::try_new(file)?))
        .and_then(|builder| {
            let rows = batch_rows(builder.metadata());
            Ok(builder.with_batch_size(rows).build()?)
        });
    match reader {
        Ok(reader) => Box::new(reader.map(|batch| batch.map_err(DataFusionError::from))),
        Err(error) => Box::new(std::iter::once(Err(error))),
    }
}

/// Small table, with text columns alone.
fn load_lookup(source: &SourceConfig, files: &[SourceFile]) -> Result<MemTable, Refusal> {
    let mut names: Vec<String> = Vec::new();
    let mut columns: Vec<StringBuilder> = Vec::new();
    let (mut rows, mut bytes) = (0_usize, 0_usize);
    for file in files {
        ingest::read_source_file(file, source, &mut |event| match event {
            SourceFileEvent::Header(header) if names.is_empty() => {
                names = header.to_vec();
                columns = header.iter().map(|_| StringBuilder::new()).collect();
                Ok(())
            }
            SourceFileEvent::Header(header) if header == names.as_slice() => Ok(()),
            SourceFileEvent::Header(_) => Err(source.location.refuse(
                ErrorCode::SchemaMismatch,
                "path",
                format!(
                    "`{}` has other columns than the file before it",
                    file.display_name
                ),
            )),
            SourceFileEvent::Broken { line, why } => Err(Refusal::new(
                ErrorCode::RowsUnreadable,
                format!("a row of a lookup can't be read: {why}"),
            )
            .with_place(file.display_name.clone(), Some(line), None)),
            SourceFileEvent::Counted(_) => Ok(()),
            SourceFileEvent::Row { fields, .. } => {
                rows = rows.saturating_add(1);
                if rows > LOOKUP_ROWS {
                    return Err(source.location.refuse(
                        ErrorCode::ResourceLimit,
                        "path",
                        format!("a lookup has at most {LOOKUP_ROWS} rows"),
                    ));
                }
                for (column, field) in columns.iter_mut().zip(fields) {
                    if let RawField::Text(text) = field {
                        bytes = bytes.saturating_add(text.len());
                    }
                    match field {
                        RawField::Null => column.append_null(),
                        RawField::Text(text) => column.append_value(text),
                        other => column.append_value(other.display_text()),
                    }
                }
                if bytes > LOOKUP_BYTES {
                    return Err(source.location.refuse(
                        ErrorCode::ResourceLimit,
                        "path",
                        format!("a lookup has at most {LOOKUP_BYTES} bytes"),
                    ));
                }
                Ok(())
            }
        })?;
    }
    let fields: Vec<Field> = names
        .iter()
        .map(|name| Field::new(name, DataType::Utf8, true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let arrays: Vec<ArrayRef> = columns
        .iter_mut()
        .map(|column| -> ArrayRef { Arc::new(column.finish()) })
        .collect();
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays).map_err(|error| {
        source
            .location
            .refuse(ErrorCode::SourceUnreadable, "path", error.to_string())
    })?;
    MemTable::try_new(schema, vec![vec![batch]]).map_err(|error| {
        source
            .location
            .refuse(ErrorCode::SourceUnreadable, "path", error.to_string())
    })
}

const LOOKUP_ROWS: usize = 200_000;

const LOOKUP_BYTES: usize = 64 << 20;
