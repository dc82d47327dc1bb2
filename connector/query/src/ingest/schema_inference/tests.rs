//! Inference from undescribed files.

use super::draft_config::{
    ColumnFact, ColumnStatement, DraftConfigOptions, LeavingColumns, create_draft_entry,
};
use super::sample_rows;
use crate::ingest::config::parser::parse_datasets;
use crate::ingest::source_files::SourceFile;
use crate::ingest::source_roots::SourceRoots;
use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, Float64Array, Int64Array, RecordBatch, StringArray,
};
use arrow_schema::{DataType, Field, Schema};
use hansa_policy::refusal::ErrorCode;
use parquet::arrow::ArrowWriter;
use std::path::Path;
use std::sync::Arc;

fn demo(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../demo/cities")
        .join(file)
}

fn looked(folder: &Path, file: &str, about: &DraftConfigOptions) -> String {
    create_draft_entry(&[file.to_owned()], &folder.into(), about)
        .unwrap()
        .text
}

/// Checks that the entry can be parsed after title and licence are filled in.
#[track_caller]
fn check(file: &str, parts: &[&str]) {
    let text = looked(&demo(""), file, &DraftConfigOptions::default());
    for part in parts {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let filled = text.replace("= \"\"  ", "= \"x\"  ");
    let read = parse_datasets(&filled, "hansa.toml", &demo("")).unwrap();
    assert_eq!(read.len(), 1);
}

#[test]
fn a_look_says_what_was_seen_and_what_was_assumed() {
    check(
        "lisbon/data/service/demand_date-line-stop_20230101.csv",
        &[
            "name        = \"demand_date_line_stop_20230101\"",
            "format = \"%Y%m%d\"    # assumed",
            "name   = \"stop_id\"\ntype   = \"text\"    # seen: text",
            "name   = \"validations\"\ntype   = \"int\"    # seen: whole numbers",
        ],
    );
    check(
        "ottawa/data/bike_counter_2017.csv",
        &[
            "format = \"%d/%m/%Y\"",
            "match = '^(?<station>1\\^ALEX|2\\^ORPY|",
            "|12b\\^ADAWE)$'",
            "name   = \"value\"\n# the cell\ntype   = \"int\"",
        ],
    );
    check(
        "munster/data/100031297/2020-03.csv",
        &[
            "these are local times",
            "delimiter = \",\"",
            "encoding  = \"utf-8\"",
        ],
    );
    check(
        "zurich/data/ol_nox_covid19_2020.csv",
        &[
            "delimiter = \";\"",
            "encoding  = \"latin-1\"",
            "header_rows = 7    # assumed",
        ],
    );
    check(
        "zurich/parking/Zuerich.geojson",
        &[
            "kind      = \"geojson\"",
            "name   = \"lon\"\ntype   = \"float\"",
        ],
    );
}

#[test]
fn a_decimal_comma_is_seen() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("Größe.csv");
    std::fs::write(&file, "Maß;Wert\na;1,5\nb;2,25\n").unwrap();
    let text = looked(folder.path(), "Größe.csv", &DraftConfigOptions::default());
    for part in [
        "name        = \"grosse\"",
        "decimal   = \",\"",
        "name   = \"mass\"\nfrom   = 'Maß'",
        "name   = \"wert\"\nfrom   = 'Wert'\ntype   = \"float\"",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

/// A typed file declares its number types, whatever its first values look like.
#[test]
fn floating_point_numbers_that_are_whole_are_seen() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("fares.parquet");
    let numbers = Arc::new(Float64Array::from(vec![17.0, 36.0])) as ArrayRef;
    let counts = Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef;
    let rows = RecordBatch::try_from_iter([("fare", numbers), ("n", counts)]).unwrap();
    let file = std::fs::File::create(&path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
    let text = looked(
        folder.path(),
        "fares.parquet",
        &DraftConfigOptions::default(),
    );
    for (name, kind) in [("fare", "float"), ("n", "int")] {
        let lines = format!("name   = \"{name}\"\ntype   = \"{kind}\"");
        assert!(text.contains(&lines), "{text}");
    }
}

#[test]
fn a_sample_is_short() {
    let read = parse_datasets(
        &std::fs::read_to_string(demo("ottawa/hansa-datasets.toml")).unwrap(),
        "hansa.toml",
        &demo("ottawa"),
    );
    let config = read.unwrap().remove(0);
    let file = "ottawa/data/bike_counter_2019.csv";
    let sample = sample_rows(
        &SourceFile::new(demo(file), file.to_owned(), SourceRoots::of(&demo(""))),
        &config.source,
        3,
    )
    .unwrap();
    assert_eq!(sample.rows.len(), 3);
    assert_eq!((sample.names[1].as_str(), sample.rows[0].0), ("1^ALEX", 2));
    assert_eq!(sample.rows[0].1[1].as_deref(), Some("8"));
}

fn written(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    folder
}

/// Lines of an entry that are no comments.
fn in_force(text: &str) -> Vec<&str> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split("    #").next().unwrap().trim_end())
        .collect()
}

#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    let kept = in_force(text).join("\n");
    for part in parts {
        assert!(kept.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_table_with_a_column_for_each_station_becomes_rows() {
    let mut wide =
        String::from("Date;Berri 1;Brébeuf (données);L'Acadie;du Parc;Rachel1;St-Urbain;Pont\n");
    for day in 10..20 {
        wide.push_str(&format!(
            "{day}/01/2012;{day}1;;{day}2;{day}3;{day}4;{day}5"
        ));
        wide.push_str(if day < 12 { ";\n" } else { "\n" });
    }
    let folder = written(&[("counts.csv", &wide)]);
    let draft = create_draft_entry(
        &["counts.csv".to_owned()],
        &folder.path().into(),
        &DraftConfigOptions::default(),
    )
    .unwrap();
    holds(
        &draft.text,
        &[
            "delimiter = \";\"",
            "short_rows = \"null\"",
            "[dataset.unpivot]\nmatch = ",
            "name   = \"date\"\nfrom   = 'Date'\ntype   = \"date\"\nformat = \"%d/%m/%Y\"",
            "name   = \"station\"\ntype   = \"text\"",
            "name   = \"value\"\ntype   = \"int\"",
        ],
    );
    assert_eq!((draft.rows, draft.unread.rows), (10, 0));
    // The entry contains no value of the data, and can be parsed.
    for value in ["12/01", "2012", "131", "172"] {
        assert!(!draft.text.contains(value), "{value} in\n{}", draft.text);
    }
    let filled = draft.text.replace("= \"\"  ", "= \"x\"  ");
    let config = parse_datasets(&filled, "hansa.toml", folder.path())
        .unwrap()
        .remove(0);
    let pattern = config.unpivot.unwrap().pattern;
    for (name, station) in [
        ("Brébeuf (données)", true),
        ("L'Acadie", true),
        ("Date", false),
        ("Berri 12", false),
    ] {
        assert_eq!(pattern.is_match(name), station, "{name}");
    }
    let as_it_is = DraftConfigOptions {
        stays_wide: true,
        ..DraftConfigOptions::default()
    };
    let text = looked(folder.path(), "counts.csv", &as_it_is);
    assert!(
        !text.contains("unpivot]") && text.contains("name   = \"berri_1\""),
        "{text}"
    );
}

#[test]
fn statements_of_a_person_stand_in_the_entry() {
    let folder = written(&[("a.csv", "Site,owner,n\nHafen,Meier,7\nInsel,Schulz,8\n")]);
    let state = |column: &str, fact: ColumnFact| ColumnStatement {
        column: column.to_owned(),
        fact,
    };
    let about = DraftConfigOptions {
        path: Some("data/bikes.csv".to_owned()),
        is_personal: true,
        statements: vec![
            state("n", ColumnFact::Name("bikes".parse().unwrap())),
            state("n", ColumnFact::Unit("{bicycle}".to_owned())),
            state("Site", ColumnFact::Meaning("it's where".to_owned())),
            state("owner", ColumnFact::Personal),
        ],
        ..DraftConfigOptions::default()
    };
    let text = looked(folder.path(), "a.csv", &about);
    assert!(!text.contains("a.csv"), "{text}");
    let dataset = parse_datasets(
        &text.replace("= \"\"  ", "= \"x\"  "),
        "hansa.toml",
        folder.path(),
    );
    let dataset = dataset.unwrap().remove(0);
    assert!(dataset.personal);
    let names: Vec<&str> = dataset
        .columns
        .iter()
        .map(|column| column.name.as_str())
        .collect();
    assert_eq!(names, ["site", "owner", "bikes"]);
    holds(
        &text,
        &[
            "path      = \"data/bikes.csv\"",
            "from   = 'n'",
            "unit   = '{bicycle}'",
            "meaning = \"it's where\"",
            "personal = true",
        ],
    );
    for (column, fact) in [
        ("absent", ColumnFact::Personal),
        ("n", ColumnFact::Name("site".parse().unwrap())),
    ] {
        let about = DraftConfigOptions {
            statements: vec![state(column, fact)],
            ..DraftConfigOptions::default()
        };
        let paths = ["a.csv".to_owned()];
        let roots = SourceRoots::of(folder.path());
        let refusal = create_draft_entry(&paths, &roots, &about).unwrap_err();
        assert_eq!(refusal.code, ErrorCode::UsageWrong, "{refusal:#?}");
    }
}

#[test]
fn a_date_and_a_time_of_day_make_one_instant() {
    let text = "Station;Datum;Zeit;Wert\nA;31.12.2019;00:30;1\nB;01.01.2020;24:00;2\n";
    let folder = written(&[("a.csv", text)]);
    let text = looked(folder.path(), "a.csv", &DraftConfigOptions::default());
    holds(
        &text,
        &[
            "name   = \"observed_at\"\nfrom   = ['Datum', 'Zeit']\ntype   = \"instant\"\nformat = \"%d.%m.%Y %H:%M\"",
            "name   = \"station\"",
            "name   = \"wert\"",
        ],
    );
    assert!(!text.contains("name   = \"zeit\""), "{text}");
    // Two columns of times of day can't be assigned to one date.
    let text = "day,begin,end\n2020-01-01,08:00,09:00\n2020-01-02,10:00,11:30\n";
    let folder = written(&[("a.csv", text)]);
    let text = looked(folder.path(), "a.csv", &DraftConfigOptions::default());
    holds(&text, &["name   = \"begin\"", "name   = \"day\""]);
}

#[test]
fn a_folder_or_a_pattern_is_one_dataset_that_keeps_the_names_of_its_files() {
    let bare = "2015-11-01T00:45:00,47\n2015-11-01T01:00:00,48\n";
    let more = "2015-11-01T00:45:00,3\n2015-11-01T01:00:00\n";
    let files = [
        ("forecast/altmarkt.csv", bare),
        ("forecast/karstadt.csv", more),
        ("forecast/README", "nothing\n"),
    ];
    let folder = written(&files);
    for path in ["forecast", "forecast/*.csv"] {
        let draft = create_draft_entry(
            &[path.to_owned()],
            &folder.path().into(),
            &DraftConfigOptions::default(),
        )
        .unwrap();
        assert_eq!((draft.name.as_str(), draft.files), ("forecast", 2));
        holds(
            &draft.text,
            &[
                &format!("path      = \"{path}\""),
                "header_rows = 0\ncolumns   = [\"column_1\", \"column_2\"]",
                "name   = \"column_1\"\ntype   = \"instant\"",
                "name   = \"column_2\"\ntype   = \"int\"",
                "name   = \"file\"\nfrom   = '_file_name'",
            ],
        );
        // The entry reports the number and position of unreadable rows.
        assert_eq!(draft.unread.rows, 1);
        let reported = "1 row could not be read, the first in line 2 of forecast/karstadt.csv: the row has 1 fields";
        assert!(draft.text.contains(reported), "{}", draft.text);
        assert!(
            !draft.text.contains("47") && !draft.text.contains("2015"),
            "{}",
            draft.text
        );
    }
    // Columns that some files lack.
    let files = [("a/1.csv", "x,y\n1,2\n"), ("a/2.csv", "x,z\n3,4\n")];
    let folder = written(&files);
    let text = looked(folder.path(), "a", &DraftConfigOptions::default());
    let optional = text.matches("optional = true").count();
    assert_eq!(optional, 2, "{text}");
    let refusal = create_draft_entry(
        &["b".to_owned()],
        &folder.path().into(),
        &DraftConfigOptions::default(),
    )
    .unwrap_err();
    assert_eq!(refusal.code, hansa_policy::refusal::ErrorCode::FileMissing);
}

#[test]
fn columns_that_may_not_leave_are_not_read() {
    let folder = written(&[("a.csv", "Site,owner,n\nHafen,Meier,7\nInsel,Schulz,8\n")]);
    let about = |columns: Option<&[&str]>| DraftConfigOptions {
        columns: columns.map_or(LeavingColumns::Unsaid, |names| {
            LeavingColumns::Named(names.iter().map(|name| (*name).to_owned()).collect())
        }),
        ..DraftConfigOptions::default()
    };
    // Undecided: the entry contains all columns and a question.
    let text = looked(folder.path(), "a.csv", &about(None));
    assert!(
        text.contains("# May each of these leave?") && text.contains(": site, owner, n\n"),
        "{text}"
    );
    for secret in ["Meier", "Hafen"] {
        assert!(!text.contains(secret), "{text}");
    }
    let text = looked(folder.path(), "a.csv", &about(Some(&["Site", "n"])));
    assert!(
        text.contains("these may not and are not read: owner"),
        "{text}"
    );
    let kept = in_force(&text);
    assert!(!kept.contains(&"name   = \"owner\""), "{text}");
    assert!(
        kept.contains(&"name   = \"site\"") && kept.contains(&"name   = \"n\""),
        "{text}"
    );
    for wrong in [&["wages"][..], &[]] {
        let refusal = create_draft_entry(
            &["a.csv".to_owned()],
            &folder.path().into(),
            &about(Some(wrong)),
        )
        .unwrap_err();
        assert_eq!(
            refusal.code,
            hansa_policy::refusal::ErrorCode::UsageWrong,
            "{refusal}"
        );
    }
}

/// Fields missing in the middle shift values to other columns, so such rows are not filled.
#[test]
fn rows_that_lack_other_fields_than_the_last_are_not_filled() {
    let rows = "2020-01-01,Hafen,7\n2020-01-02,Insel,8\n2020-01-03,9\n2020-01-04,10\n";
    let folder = written(&[("a.csv", &format!("day,site,n\n{rows}"))]);
    let draft = create_draft_entry(
        &["a.csv".to_owned()],
        &folder.path().into(),
        &DraftConfigOptions::default(),
    )
    .unwrap();
    assert_eq!(draft.unread.rows, 2);
    assert!(
        draft.text.contains("# short_rows = \"null\""),
        "{}",
        draft.text
    );
}

/// Any value matches a text column. Another column must show that the last fields are missing.
#[test]
fn rows_of_texts_are_not_filled_without_proof() {
    for (text, unread, is_filled) in [
        ("name,street,town\nA,B,C\nD,E,F\nG,H\nI,J\n", 2, false),
        // Columns before the texts are no evidence.
        ("n,street,town\n1,B,C\n2,E,F\n3,H\n4,J\n", 2, false),
        ("site,n,remark\nA,1,x\nB,2,y\nC,3\nD,4\n", 0, true),
        (
            "day,n,m\n2020-01-01,1,2\n2020-01-02,1,2\n2020-01-03,3\n",
            0,
            true,
        ),
    ] {
        let folder = written(&[("a.csv", text)]);
        let draft = create_draft_entry(
            &["a.csv".to_owned()],
            &folder.path().into(),
            &DraftConfigOptions::default(),
        )
        .unwrap();
        assert_eq!(draft.unread.rows, unread, "{}", draft.text);
        let lines = in_force(&draft.text);
        assert_eq!(
            lines.contains(&"short_rows = \"null\""),
            is_filled,
            "{}",
            draft.text
        );
    }
}

fn parquet(path: &Path, rows: &RecordBatch) {
    let file = std::fs::File::create(path).unwrap();
    let mut writer = ArrowWriter::try_new(file, rows.schema(), None).unwrap();
    writer.write(rows).unwrap();
    writer.close().unwrap();
}

#[test]
fn a_file_without_rows_says_the_types_of_its_columns() {
    let folder = tempfile::tempdir().unwrap();
    let columns: [(&str, ArrayRef); 4] = [
        ("a", Arc::new(Int64Array::from(Vec::<i64>::new()))),
        ("b", Arc::new(Float64Array::from(Vec::<f64>::new()))),
        ("c", Arc::new(StringArray::from(Vec::<&str>::new()))),
        ("d", Arc::new(Date32Array::from(Vec::<i32>::new()))),
    ];
    parquet(
        &folder.path().join("empty.parquet"),
        &RecordBatch::try_from_iter(columns).unwrap(),
    );
    let text = looked(
        folder.path(),
        "empty.parquet",
        &DraftConfigOptions::default(),
    );
    for (name, kind) in [("a", "int"), ("b", "float"), ("c", "text"), ("d", "date")] {
        let lines = format!("name   = \"{name}\"\ntype   = \"{kind}\"");
        assert!(text.contains(&lines), "{name}: {text}");
    }
    // Texts of digits are codes, and an integer column with missing values stays one.
    let texts = |text: &str| Arc::new(StringArray::from(vec![text])) as ArrayRef;
    let columns: [(&str, ArrayRef); 5] = [
        ("code", texts("80331")),
        ("n", Arc::new(Int64Array::from(vec![None]))),
        ("day", texts("2026-05-04")),
        ("seen", texts("04.05.2026 18:30")),
        ("clock", texts("18:30")),
    ];
    parquet(
        &folder.path().join("codes.parquet"),
        &RecordBatch::try_from_iter(columns).unwrap(),
    );
    let text = looked(
        folder.path(),
        "codes.parquet",
        &DraftConfigOptions::default(),
    );
    for (name, kind) in [
        ("code", "text"),
        ("n", "int"),
        ("day", "text"),
        ("seen", "text"),
        ("clock", "text"),
    ] {
        let lines = format!("name   = \"{name}\"\ntype   = \"{kind}\"");
        assert!(text.contains(&lines), "{name}: {text}");
    }
    // Dates and times in texts cause a question, with the setting for their conversion.
    for question in [
        "reads as a date.\n# type = \"date\"\n",
        "reads as a time.\n# type = \"instant\", format = \"%d.%m.%Y %H:%M\"\n",
    ] {
        assert!(text.contains(question), "{question}: {text}");
    }
}

#[test]
fn a_name_that_several_columns_have_is_refused_before_anything_is_written() {
    let folder = written(&[(
        "words.csv",
        "en,comment,de,en\nOne,x,Eins,Uno\nTwo,y,Zwei,Due\n",
    )]);
    let add = |file: &str, columns: Option<Vec<String>>| {
        let about = DraftConfigOptions {
            columns: columns.map_or(LeavingColumns::Unsaid, LeavingColumns::Named),
            ..DraftConfigOptions::default()
        };
        create_draft_entry(&[file.to_owned()], &folder.path().into(), &about)
    };
    let refusal = add("words.csv", None).unwrap_err();
    assert_eq!(refusal.code, ErrorCode::SchemaMismatch, "{refusal:#?}");
    assert!(
        refusal.sentence.contains("several columns `en`"),
        "{refusal:#?}"
    );
    assert!(
        refusal.help.join(" ").contains("skip_lines = 1"),
        "{refusal:#?}"
    );
    let others = Some(vec!["comment".to_owned(), "de".to_owned()]);
    assert_eq!(add("words.csv", others.clone()).unwrap().columns.len(), 4);
    let column = || Arc::new(Int64Array::from(vec![1])) as ArrayRef;
    let names = ["en", "de", "en"];
    let fields: Vec<Field> = names
        .iter()
        .map(|name| Field::new(*name, DataType::Int64, true))
        .collect();
    let rows = RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        vec![column(), column(), column()],
    );
    parquet(&folder.path().join("words.parquet"), &rows.unwrap());
    let refusal = add("words.parquet", None).unwrap_err();
    assert!(
        refusal.sentence.contains("several columns `en`"),
        "{refusal:#?}"
    );
}

#[test]
fn long_numbers_and_decimals_of_a_file_keep_their_digits() {
    let (text, kinds) = whole_files::propose_types(
        &[(
            "a.csv",
            "id,eur,n\n12345678901234567890,12345678901234567.89,1\n3,0.10,2\n",
        )],
        "a.csv",
    );
    assert_eq!(kinds, ["id decimal(20,0)", "eur decimal(19,2)", "n int"]);
    assert!(text.contains("exact to the last digit"), "{text}");
    let folder = tempfile::tempdir().unwrap();
    let money: ArrayRef = Arc::new(
        Decimal128Array::from(vec![10, 20])
            .with_precision_and_scale(12, 2)
            .unwrap(),
    );
    let rows = RecordBatch::try_from_iter([("eur", money)]).unwrap();
    parquet(&folder.path().join("a.parquet"), &rows);
    let about = DraftConfigOptions::default();
    let draft =
        create_draft_entry(&["a.parquet".to_owned()], &folder.path().into(), &about).unwrap();
    assert_eq!(draft.columns[0].kind, "decimal(12,2)");
}

/// A place with two readings causes a question.
#[test]
fn places_that_look_turned_around_are_asked() {
    let folder = written(&[
        ("turned.csv", "site,lat,lon\na,7.6,51.9\nb,7.7,52.0\n"),
        ("right.csv", "site,lat,lon\na,51.9,7.6\nb,52.0,7.7\n"),
        (
            "turned.geojsonl",
            "{\"type\":\"Feature\",\"properties\":{},\"geometry\":{\"type\":\"Point\",\"coordinates\":[51.9,7.6]}}\n",
        ),
    ]);
    let roots = folder.path().into();
    for file in ["turned.csv", "turned.geojsonl"] {
        let paths = [file.to_owned()];
        let refusal =
            create_draft_entry(&paths, &roots, &DraftConfigOptions::default()).unwrap_err();
        assert_eq!(
            refusal.code,
            hansa_policy::refusal::ErrorCode::PlacesTurned,
            "{refusal}"
        );
        // A person confirms the extent, and the entry contains it.
        let about = DraftConfigOptions {
            extent: Some(
                super::super::place_extent::PlaceExtent::new(&[41.0, -2.0, 53.0, 12.0]).unwrap(),
            ),
            ..DraftConfigOptions::default()
        };
        let draft = create_draft_entry(&paths, &roots, &about).unwrap();
        assert!(
            in_force(&draft.text).contains(&"extent      = [41.0, -2.0, 53.0, 12.0]"),
            "{}",
            draft.text
        );
    }
    let text = looked(folder.path(), "right.csv", &DraftConfigOptions::default());
    assert!(
        text.contains("# extent      = [west, south, east, north]"),
        "{text}"
    );
}
mod whole_files;
