//! Decimal columns: exact digits, or an unreadable row.

use super::source_formats::{one, parquet};
use super::{TestPublisher, check_code, decimals, texts};
use arrow_array::{ArrayRef, Decimal128Array, Decimal256Array, Float64Array, Int64Array};
use arrow_schema::DataType;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::i256;
use hansa_policy::refusal::ErrorCode;
use std::sync::Arc;

fn some(texts: &[&str]) -> Vec<Option<String>> {
    texts.iter().map(|text| Some((*text).to_owned())).collect()
}

#[test]
fn a_text_file_keeps_every_digit() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let text = "id,eur\n12345678901234567890,12345678901234567.89\n12345678901234567891,0.10\n3,-0.2\n4,\n";
    std::fs::write(folder.path().join("a.csv"), text).unwrap();
    let rest = "sort = [\"id\"]\n[dataset.source]\nkind = \"text\"\npath = \"a.csv\"\nnulls = [\"\"]\n\
        [[dataset.column]]\nname = \"id\"\ntype = \"decimal(20,0)\"\nrequired = true\n\
        [[dataset.column]]\nname = \"eur\"\ntype = \"decimal(19,2)\"\n";
    let snapshot = publisher.stage(&one(folder.path(), rest)).commit().unwrap();
    let ids = ["3", "4", "12345678901234567890", "12345678901234567891"];
    assert_eq!(decimals(&snapshot, "id"), some(&ids));
    let amounts = decimals(&snapshot, "eur");
    let mut expect = some(&["-0.20", "", "12345678901234567.89", "0.10"]);
    expect[1] = None;
    assert_eq!(amounts, expect);
    let kinds = snapshot.dataset.columns.iter();
    let kinds: Vec<String> = kinds.map(|column| column.kind.to_string()).collect();
    assert_eq!(kinds, ["decimal(20,0)", "decimal(19,2)"]);
}

#[test]
fn a_text_that_is_no_value_of_the_type_is_an_unreadable_row() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let text = "eur\n1,50\n1,505\n1000,00\n1.5\n007,00\n1e2\n1,500\n999,99\n";
    std::fs::write(folder.path().join("a.csv"), text).unwrap();
    let rest = "max_bad_rows = 0.9\n[dataset.source]\nkind = \"text\"\npath = \"a.csv\"\ndelimiter = \";\"\ndecimal = \",\"\n\
        [[dataset.column]]\nname = \"eur\"\ntype = \"decimal(5,2)\"\n";
    let staged = publisher.stage(&one(folder.path(), rest));
    let bad = &staged.report.counts.bad["eur"];
    let lines: Vec<u64> = bad.samples.iter().map(|sample| sample.line).collect();
    assert_eq!(bad.count, 6);
    assert_eq!(lines, [3, 4, 5, 6, 7]);
    let snapshot = staged.commit().unwrap();
    let mut amounts = decimals(&snapshot, "eur");
    amounts.sort();
    assert_eq!(amounts, some(&["1.50", "999.99"]));
}

#[test]
fn decimals_of_a_parquet_file_keep_their_type() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let money: ArrayRef = Arc::new(
        Decimal128Array::from(vec![10, 20, 1_234_567_890_123_456_789])
            .with_precision_and_scale(19, 2)
            .unwrap(),
    );
    let small = Decimal128Array::from(vec![5, -5, 0])
        .with_precision_and_scale(9, 1)
        .unwrap();
    let small = cast(&small, &DataType::Decimal32(9, 1)).unwrap();
    let wide: ArrayRef = Arc::new(
        Decimal256Array::from(vec![i256::from_i128(7); 3])
            .with_precision_and_scale(38, 3)
            .unwrap(),
    );
    let columns = vec![("money", money), ("small", small), ("wide", wide)];
    parquet(&folder.path().join("a.parquet"), columns);
    let source = "[dataset.source]\nkind = \"parquet\"\npath = \"a.parquet\"\n";
    let snapshot = publisher
        .stage(&one(folder.path(), source))
        .commit()
        .unwrap();
    let kinds = snapshot.dataset.columns.iter();
    let kinds: Vec<String> = kinds.map(|column| column.kind.to_string()).collect();
    assert_eq!(kinds, ["decimal(19,2)", "decimal(9,1)", "decimal(38,3)"]);
    let mut money = decimals(&snapshot, "money");
    money.sort();
    assert_eq!(money, some(&["0.10", "0.20", "12345678901234567.89"]));

    // Declared with another type: exact conversion or none.
    let declared = format!(
        "max_bad_rows = 0.5\n{source}[[dataset.column]]\nname = \"money\"\ntype = \"decimal(5,1)\"\n\
         [[dataset.column]]\nname = \"text\"\nfrom = \"money\"\n"
    );
    let staged = publisher.stage(&one(folder.path(), &declared));
    assert_eq!(staged.report.counts.bad["money"].count, 1);
    let snapshot = staged.commit().unwrap();
    let mut money = decimals(&snapshot, "money");
    money.sort();
    assert_eq!(money, some(&["0.1", "0.2"]));
    let mut texts = texts(&snapshot, "text");
    texts.sort();
    assert_eq!(texts, some(&["0.10", "0.20"]));
}

#[test]
fn decimals_beyond_38_digits_are_refused() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let wide: ArrayRef = Arc::new(
        Decimal256Array::from(vec![i256::from_i128(7)])
            .with_precision_and_scale(39, 2)
            .unwrap(),
    );
    parquet(&folder.path().join("a.parquet"), vec![("wide", wide)]);
    let source = "[dataset.source]\nkind = \"parquet\"\npath = \"a.parquet\"\n";
    let refusal = publisher.refused(&one(folder.path(), source));
    check_code(&refusal, ErrorCode::SchemaMismatch, "hansa.toml", Some(1));
}

#[test]
fn other_numbers_of_a_typed_file_become_the_decimals_that_they_show() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![0.1, 0.1 + 0.2, -2.5]));
    let ints: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, i64::MAX]));
    parquet(
        &folder.path().join("a.parquet"),
        vec![("f", floats), ("i", ints)],
    );
    let rest = "max_bad_rows = 0.5\n[dataset.source]\nkind = \"parquet\"\npath = \"a.parquet\"\n\
        [[dataset.column]]\nname = \"f\"\ntype = \"decimal(20,17)\"\n\
        [[dataset.column]]\nname = \"i\"\ntype = \"decimal(19,0)\"\n";
    let staged = publisher.stage(&one(folder.path(), rest));
    // The result of a computation has no exact decimal value.
    assert_eq!(staged.report.counts.bad["f"].count, 1);
    let snapshot = staged.commit().unwrap();
    let mut whole = decimals(&snapshot, "i");
    whole.sort();
    assert_eq!(whole, some(&["1", "9223372036854775807"]));
}

#[test]
fn what_prepare_makes_of_decimals_is_decimals() {
    let (publisher, folder) = (TestPublisher::new(), tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("a.csv"), "eur\n0.10\n0.20\n").unwrap();
    let rest = "prepare = \"SELECT sum(eur) AS total, max(eur) * 1.19 AS gross FROM source\"\n\
        [dataset.source]\nkind = \"text\"\npath = \"a.csv\"\n\
        [[dataset.column]]\nname = \"eur\"\ntype = \"decimal(12,2)\"\n";
    let snapshot = publisher.stage(&one(folder.path(), rest)).commit().unwrap();
    assert_eq!(decimals(&snapshot, "total"), some(&["0.30"]));
    assert_eq!(decimals(&snapshot, "gross"), some(&["0.2380"]));
}
