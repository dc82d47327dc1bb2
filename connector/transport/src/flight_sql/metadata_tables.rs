//! Metadata for clients: the service and the tables that they may name. Schemas and rows come from shared builders, so that the
//! announced schema is the sent one.

use super::ClientTable;
use arrow_array::RecordBatch;
use arrow_flight::sql::metadata::{
    GetCatalogsBuilder, GetDbSchemasBuilder, GetTablesBuilder, SqlInfoData, SqlInfoDataBuilder,
    XdbcTypeInfo, XdbcTypeInfoData, XdbcTypeInfoDataBuilder,
};
use arrow_flight::sql::{
    CommandGetDbSchemas, CommandGetTableTypes, CommandGetTables, Nullable, Searchable, SqlInfo,
    XdbcDataType, XdbcDatetimeSubcode,
};
use arrow_schema::{DataType, Field, Schema};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::sync::Arc;

/// Name of the only catalogue, which is empty: relations are owned by participants.
const CATALOG: &str = "";

/// Type of every relation. Programs ignore other types than tables.
const TABLE: &str = "TABLE";

/// Empty list of catalogues.
///
/// # Errors
/// `INTERNAL` when Arrow can't build the batch, as in all functions here.
pub(super) fn catalog_batch() -> Result<RecordBatch, Refusal> {
    GetCatalogsBuilder::new()
        .build()
        .map_err(unbuildable_table_refusal)
}

/// Owners of tables.
pub(super) fn owner_batch(
    asked: CommandGetDbSchemas,
    tables: &[ClientTable],
) -> Result<RecordBatch, Refusal> {
    let mut builder: GetDbSchemasBuilder = asked.into_builder();
    let mut owners: Vec<&str> = tables.iter().map(|table| table.owner.as_str()).collect();
    owners.sort_unstable();
    owners.dedup();
    for owner in owners {
        builder.append(CATALOG, owner);
    }
    builder.build().map_err(unbuildable_table_refusal)
}

/// Tables that match the patterns. A pattern may be any text, even a whole statement: pandas asks if a table has that name.
pub(super) fn table_batch(
    asked: CommandGetTables,
    tables: &[ClientTable],
) -> Result<RecordBatch, Refusal> {
    let mut builder: GetTablesBuilder = asked.into_builder();
    for table in tables {
        builder
            .append(CATALOG, &table.owner, &table.name, TABLE, &table.columns)
            .map_err(unbuildable_table_refusal)?;
    }
    builder.build().map_err(unbuildable_table_refusal)
}

/// Types of relations.
pub(super) fn table_types() -> Result<RecordBatch, Refusal> {
    let mut builder = CommandGetTableTypes {}.into_builder();
    builder.append(TABLE);
    builder.build().map_err(unbuildable_table_refusal)
}

/// Empty list of primary keys, since a permitted view declares none.
pub(super) fn primary_keys() -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("catalog_name", DataType::Utf8, true),
        Field::new("db_schema_name", DataType::Utf8, true),
        Field::new("table_name", DataType::Utf8, false),
        Field::new("column_name", DataType::Utf8, false),
        Field::new("key_name", DataType::Utf8, true),
        Field::new("key_sequence", DataType::Int32, false),
    ]);
    RecordBatch::new_empty(Arc::new(schema))
}

/// Empty list of foreign keys.
pub(super) fn foreign_keys() -> RecordBatch {
    let text = |name: &str, nullable| Field::new(name, DataType::Utf8, nullable);
    let schema = Schema::new(vec![
        text("pk_catalog_name", true),
        text("pk_db_schema_name", true),
        text("pk_table_name", false),
        text("pk_column_name", false),
        text("fk_catalog_name", true),
        text("fk_db_schema_name", true),
        text("fk_table_name", false),
        text("fk_column_name", false),
        Field::new("key_sequence", DataType::Int32, false),
        text("fk_key_name", true),
        text("pk_key_name", true),
        Field::new("update_rule", DataType::UInt8, false),
        Field::new("delete_rule", DataType::UInt8, false),
    ]);
    RecordBatch::new_empty(Arc::new(schema))
}

/// Capabilities of the service, for programs that ask before they connect.
pub(super) fn sql_info() -> Result<SqlInfoData, Refusal> {
    let mut info = SqlInfoDataBuilder::new();
    info.append(SqlInfo::FlightSqlServerName, "Hansa");
    info.append(SqlInfo::FlightSqlServerVersion, env!("CARGO_PKG_VERSION"));
    info.append(SqlInfo::FlightSqlServerArrowVersion, ARROW_FORMAT);
    info.append(SqlInfo::FlightSqlServerReadOnly, true);
    info.append(SqlInfo::FlightSqlServerSql, true);
    info.append(SqlInfo::FlightSqlServerSubstrait, false);
    // 0: no transactions.
    info.append(SqlInfo::FlightSqlServerTransaction, 0_i32);
    // Ending the call that fetches an answer ends the answer.
    info.append(SqlInfo::FlightSqlServerCancel, false);
    info.append(SqlInfo::FlightSqlServerBulkIngestion, false);
    info.append(SqlInfo::FlightSqlServerIngestTransactionsSupported, false);
    info.append(SqlInfo::FlightSqlServerStatementTimeout, 0_i32);
    info.append(SqlInfo::FlightSqlServerTransactionTimeout, 0_i32);
    for ddl in [
        SqlInfo::SqlDdlCatalog,
        SqlInfo::SqlDdlSchema,
        SqlInfo::SqlDdlTable,
    ] {
        info.append(ddl, false);
    }
    // 3: unquoted names become lower case, quoted ones stay as written (1: sensitive).
    info.append(SqlInfo::SqlIdentifierCase, 3_i32);
    info.append(SqlInfo::SqlIdentifierQuoteChar, "\"");
    info.append(SqlInfo::SqlQuotedIdentifierCase, 1_i32);
    info.append(SqlInfo::SqlAllTablesAreSelectable, true);
    // 1: NULL sorts last.
    info.append(SqlInfo::SqlNullOrdering, 1_i32);
    for none in [
        SqlInfo::SqlKeywords,
        SqlInfo::SqlNumericFunctions,
        SqlInfo::SqlStringFunctions,
        SqlInfo::SqlSystemFunctions,
        SqlInfo::SqlDatetimeFunctions,
    ] {
        info.append(none, Vec::<String>::new());
    }
    info.append(SqlInfo::SqlSearchStringEscape, "\\");
    info.append(SqlInfo::SqlExtraNameCharacters, "");
    info.append(SqlInfo::SqlSupportsColumnAliasing, true);
    info.append(SqlInfo::SqlNullPlusNullIsNull, true);
    info.append(SqlInfo::SqlSupportsTableCorrelationNames, true);
    info.append(SqlInfo::SqlSupportsDifferentTableCorrelationNames, false);
    info.append(SqlInfo::SqlSupportsExpressionsInOrderBy, true);
    info.append(SqlInfo::SqlSupportsOrderByUnrelated, true);
    info.append(SqlInfo::SqlSupportsLikeEscapeClause, true);
    info.append(SqlInfo::SqlSupportsNonNullableColumns, true);
    info.append(SqlInfo::SqlSchemaTerm, "participant");
    info.append(SqlInfo::SqlCatalogTerm, "");
    info.append(SqlInfo::SqlProcedureTerm, "");
    info.append(SqlInfo::SqlCatalogAtStart, true);
    info.append(SqlInfo::SqlSelectForUpdateSupported, false);
    info.append(SqlInfo::SqlStoredProceduresSupported, false);
    info.append(SqlInfo::SqlCorrelatedSubqueriesSupported, true);
    info.append(SqlInfo::SqlTransactionsSupported, false);
    info.append(SqlInfo::SqlBatchUpdatesSupported, false);
    info.append(SqlInfo::SqlSavepointsSupported, false);
    info.append(SqlInfo::SqlNamedParametersSupported, false);
    info.append(SqlInfo::SqlStoredFunctionsUsingCallSyntaxSupported, false);
    info.build().map_err(unbuildable_table_refusal)
}

/// Version of the columnar format.
const ARROW_FORMAT: &str = "1.3";

/// Types of columns, in the terms of ODBC and JDBC.
pub(super) fn type_info() -> Result<XdbcTypeInfoData, Refusal> {
    let mut builder = XdbcTypeInfoDataBuilder::new();
    for (name, data_type, subcode) in [
        ("boolean", XdbcDataType::XdbcBit, None),
        ("bigint", XdbcDataType::XdbcBigint, None),
        ("double", XdbcDataType::XdbcDouble, None),
        ("decimal", XdbcDataType::XdbcDecimal, None),
        ("varchar", XdbcDataType::XdbcVarchar, None),
        (
            "date",
            XdbcDataType::XdbcDate,
            Some(XdbcDatetimeSubcode::XdbcSubcodeYear),
        ),
        (
            "timestamp",
            XdbcDataType::XdbcTimestamp,
            Some(XdbcDatetimeSubcode::XdbcSubcodeTimestamp),
        ),
    ] {
        let is_text = data_type == XdbcDataType::XdbcVarchar;
        builder.append(XdbcTypeInfo {
            type_name: name.to_owned(),
            data_type,
            sql_data_type: data_type,
            literal_prefix: is_text.then(|| "'".to_owned()),
            literal_suffix: is_text.then(|| "'".to_owned()),
            nullable: Nullable::NullabilityNullable,
            case_sensitive: is_text,
            searchable: Searchable::Full,
            datetime_subcode: subcode,
            ..XdbcTypeInfo::default()
        });
    }
    builder.build().map_err(unbuildable_table_refusal)
}

fn unbuildable_table_refusal(cause: impl std::error::Error + Send + Sync + 'static) -> Refusal {
    Refusal::new(ErrorCode::Internal, "a table of metadata can't be built").caused_by(cause)
}
