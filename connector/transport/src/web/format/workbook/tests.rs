//! Tests of workbooks, unpacked again.

use super::*;
use arrow_array::{
    BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray,
    TimestampMicrosecondArray,
};
use flate2::read::DeflateDecoder;
use futures::stream;
use std::collections::BTreeMap;
use std::io::{Read as _, Seek as _};
use std::sync::Arc;

fn number(bytes: &[u8]) -> usize {
    let digits = bytes.iter().rev();
    digits.fold(0, |sum, byte| sum * 256 + usize::from(*byte))
}

/// Parts of a file, each inflated and compared with its checksum.
fn unpacked(mut file: File) -> BTreeMap<String, String> {
    let mut bytes = Vec::new();
    file.rewind().unwrap();
    file.read_to_end(&mut bytes).unwrap();
    let mut parts = BTreeMap::new();
    let mut at = 0;
    while bytes[at..].starts_with(b"PK\x03\x04") {
        let head = &bytes[at..at + 30];
        let (packed, plain, name) = (
            number(&head[18..22]),
            number(&head[22..26]),
            number(&head[26..28]),
        );
        let begin = at + 30 + name;
        let mut text = String::new();
        let mut inflated = DeflateDecoder::new(&bytes[begin..begin + packed]);
        inflated.read_to_string(&mut text).unwrap();
        let mut sum = flate2::Crc::new();
        sum.update(text.as_bytes());
        assert_eq!(
            (text.len(), usize::try_from(sum.sum()).unwrap()),
            (plain, number(&head[14..18]))
        );
        let name = String::from_utf8(bytes[at + 30..begin].to_vec()).unwrap();
        parts.insert(name, text);
        at = begin + packed;
    }
    // The central directory, in which each entry has the offset of its part.
    let (end, mut listed) = (bytes.len() - 22, at);
    assert!(bytes[end..].starts_with(b"PK\x05\x06"));
    assert_eq!(number(&bytes[end + 16..end + 20]), at);
    assert_eq!(number(&bytes[end + 12..end + 16]), end - at);
    let mut names = Vec::new();
    while listed < end {
        let entry = &bytes[listed..];
        assert!(entry.starts_with(b"PK\x01\x02"));
        let (name, place) = (number(&entry[28..30]), number(&entry[42..46]));
        assert_eq!(bytes[place + 4..place + 28], entry[6..30]);
        names.push(String::from_utf8(entry[46..46 + name].to_vec()).unwrap());
        listed += 46 + name;
    }
    names.sort();
    assert_eq!(names, parts.keys().cloned().collect::<Vec<_>>());
    parts
}

async fn sheet(columns: Vec<(&str, ArrayRef)>) -> Result<BTreeMap<String, String>, Refusal> {
    let rows = RecordBatch::try_from_iter(columns).unwrap();
    let answer = ClientAnswer {
        columns: rows.schema(),
        rows: stream::iter([Ok(rows)]).boxed(),
        evidence: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let (file, length) = write_workbook(answer, folder.path()).await?;
    assert_eq!(file.metadata().unwrap().len(), length);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    Ok(unpacked(file))
}

#[tokio::test]
async fn text_is_text_and_numbers_are_exact() {
    let instants =
        TimestampMicrosecondArray::from(vec![1_767_268_800_000_000, -3_000_000_000_000_000]);
    let parts = sheet(vec![
        (
            "=cmd|' /C calc'!A0",
            Arc::new(StringArray::from(vec!["=1+1<&\r_x000D_", "@a"])) as ArrayRef,
        ),
        (
            "n",
            Arc::new(Int64Array::from(vec![
                Some(-5),
                Some(1_234_567_890_123_456_789),
            ])),
        ),
        ("f", Arc::new(Float64Array::from(vec![Some(0.1), None]))),
        (
            "d",
            Arc::new(
                Decimal128Array::from(vec![-1250, 7])
                    .with_precision_and_scale(10, 2)
                    .unwrap(),
            ),
        ),
        ("b", Arc::new(BooleanArray::from(vec![true, false]))),
        ("day", Arc::new(Date32Array::from(vec![0, 20_454]))),
        ("at", Arc::new(instants.with_timezone("UTC"))),
    ])
    .await
    .unwrap();
    let rows = &parts["xl/worksheets/sheet1.xml"];
    for cell in [
        "<c r=\"A1\" t=\"inlineStr\"><is><t xml:space=\"preserve\">=cmd|' /C calc'!A0</t></is></c>",
        "<c r=\"A2\" t=\"inlineStr\"><is><t xml:space=\"preserve\">=1+1&lt;&amp;_x000D__x005F_x000D_</t></is></c>",
        "<c r=\"B2\"><v>-5</v></c>",
        "<c r=\"B3\" t=\"inlineStr\"><is><t xml:space=\"preserve\">1234567890123456789</t></is></c>",
        "<c r=\"C2\"><v>0.1</v></c><c r=\"D2\"><v>-12.50</v></c><c r=\"E2\" t=\"b\"><v>1</v></c>",
        "<c r=\"F2\" s=\"1\"><v>25569</v></c><c r=\"G2\" s=\"2\"><v>46023.500000000</v></c>",
        "<c r=\"F3\" s=\"1\"><v>46023</v></c><c r=\"G3\" t=\"inlineStr\">",
    ] {
        assert!(rows.contains(cell), "{cell}\n{rows}");
    }
    assert!(
        !rows.contains("<f>") && !rows.contains("r=\"C3\""),
        "{rows}"
    );
    assert!(parts["xl/worksheets/sheet2.xml"].contains(">complete<"));
}

#[test]
fn a_workbook_of_an_incomplete_answer_says_so() {
    let rows: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let rows = RecordBatch::try_from_iter([("n", rows)]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let begin = || WorkbookWriter::begin(rows.schema(), folder.path()).unwrap();
    for (workbook, complete) in [(begin(), "true"), (begin().of_incomplete_answer(), "false")] {
        let (file, _) = workbook.add_rows(&rows).unwrap().finish().unwrap();
        let about = &unpacked(file)["xl/worksheets/sheet2.xml"];
        let cell = format!("{complete}</t></is></c></row>");
        assert!(about.contains(&cell), "{about}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused() {
    let long: ArrayRef = Arc::new(StringArray::from(vec!["x".repeat(LETTERS + 1)]));
    let refusal = sheet(vec![("s", long)]).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ResultTooLarge);
    let many: ArrayRef = Arc::new(Int64Array::from_iter_values(
        0..i64::try_from(ROWS).unwrap() + 1,
    ));
    let refusal = sheet(vec![("n", many)]).await.unwrap_err();
    assert_eq!(refusal.code, ErrorCode::ResultTooLarge);
}

/// Readers warn of a workbook that lacks referenced parts, and replace them.
#[test]
fn styles_have_all_that_they_refer_to() {
    let counted = |list: &str, entry: &str| {
        let (_, after) = STYLES.split_once(&format!("<{list} count=\"")).unwrap();
        let (count, after) = after.split_once('"').unwrap();
        let (inside, _) = after.split_once(&format!("</{list}>")).unwrap();
        let entries = [" ", ">", "/>"].map(|end| inside.matches(&format!("<{entry}{end}")).count());
        let count: usize = count.parse().unwrap();
        assert_eq!(count, entries.iter().sum::<usize>(), "{list}");
        (count, inside)
    };
    let (fonts, _) = counted("fonts", "font");
    let (fills, _) = counted("fills", "fill");
    let (borders, _) = counted("borders", "border");
    let (bases, own) = counted("cellStyleXfs", "xf");
    let (_, cells) = counted("cellXfs", "xf");
    let formats = counted("numFmts", "numFmt").1;
    let numbers = |text: &str, name: &str| -> Vec<usize> {
        let member = format!(" {name}=\"");
        let found = text.split(&member).skip(1);
        found
            .map(|rest| rest.split('"').next().unwrap().parse().unwrap())
            .collect()
    };
    for text in [own, cells] {
        for (name, count) in [("fontId", fonts), ("fillId", fills), ("borderId", borders)] {
            let named = numbers(text, name);
            assert_eq!(named.len(), text.matches("<xf ").count(), "{name}");
            assert!(named.iter().all(|one| *one < count), "{name}");
        }
    }
    assert!(numbers(cells, "xfId").iter().all(|one| *one < bases));
    let shown = numbers(cells, "numFmtId");
    assert!(
        shown
            .iter()
            .all(|one| *one == 0 || numbers(formats, "numFmtId").contains(one))
    );
    let (_, names) = counted("cellStyles", "cellStyle");
    assert!(
        names.contains("name=\"Normal\" xfId=\"0\" builtinId=\"0\""),
        "{names}"
    );
}

#[test]
fn columns_are_named_by_letters() {
    let named = [
        (0, "A"),
        (25, "Z"),
        (26, "AA"),
        (701, "ZZ"),
        (702, "AAA"),
        (16_383, "XFD"),
    ];
    for (at, name) in named {
        assert_eq!(column_letters(at), name);
    }
}
