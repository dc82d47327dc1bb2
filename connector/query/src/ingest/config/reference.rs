//! Reference of all keys of a dataset's configuration, for `hansa config reference`.

/// Table of the configuration with its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DatasetConfigSection {
    /// Table in TOML notation.
    pub table: &'static str,
    /// Key, meaning and default of each key.
    pub keys: &'static [(&'static str, &'static str)],
}

/// All tables below `[[dataset]]`.
pub const SECTIONS: [DatasetConfigSection; 11] = [
    DatasetConfigSection {
        table: "[[dataset]]",
        keys: &[
            ("attribution", "how the source wants to be named"),
            (
                "collection_method",
                "how the data were collected, in one line; told in the catalogue",
            ),
            (
                "column",
                "[[dataset.column]], one for each column that is read; a source that states types (Parquet, Arrow) may do without",
            ),
            (
                "data_subjects",
                "the categories of persons whom the rows are about, in one line; for the record of processing alone",
            ),
            (
                "extent",
                "[west, south, east, north] in degrees: a row whose `lon` and `lat` lie outside can't be read; default none",
            ),
            (
                "feed",
                "true where it only grows: each publication adds the rows of new files; default false",
            ),
            ("grid", "[dataset.grid]"),
            (
                "high_value",
                "true where the regulation on high-value datasets applies; default false",
            ),
            (
                "keep",
                "for how long a snapshot stays on disk when another took its place: 90d; default 0s, until nobody reads it",
            ),
            (
                "kind",
                "how its values came about: measured, forecast, modelled or estimated; told in the catalogue and with each answer, and a model takes its own kind alone unless it is asked for others",
            ),
            (
                "licence",
                "identifier of the licence: CC-BY-4.0, dl-de/by-2-0, proprietary; required",
            ),
            ("lookup", "[dataset.lookup]"),
            (
                "max_bad_rows",
                "share of rows that may be unreadable and left out; default 0",
            ),
            (
                "model",
                "the model that it conforms to: air_quality_observed, bicycle_counts",
            ),
            ("name", "name in SQL: a-z, 0-9 and _; required"),
            (
                "personal",
                "true where rows are about persons; default false",
            ),
            (
                "prepare",
                "one SELECT over `source` and the lookups that makes the dataset's rows",
            ),
            (
                "quality",
                "quality of the data, such as completeness and checks, in one line; told in the catalogue",
            ),
            (
                "query",
                "[dataset.query.NAME], a statement over it that others may ask by its name",
            ),
            (
                "result",
                "[[dataset.result]], what the columns are that prepare makes",
            ),
            (
                "service_level",
                "when new rows come, when answers are to be expected and whom to call, in one line; told in the catalogue",
            ),
            (
                "sort",
                "columns in whose order rows are stored; default: time column, unit column",
            ),
            ("source", "[dataset.source]; required"),
            ("title", "what it is, for people; required"),
            (
                "uncertainty",
                "uncertainty of the values as a whole, in one line; told in the catalogue",
            ),
            (
                "unit_column",
                "column whose distinct values a minimum group counts",
            ),
            ("unpivot", "[dataset.unpivot]"),
            (
                "zone",
                "IANA zone of its local times; default: the participant's",
            ),
        ],
    },
    DatasetConfigSection {
        table: "[dataset.source]",
        keys: &[
            COLUMNS,
            (
                "credentials_file",
                "file with the two keys of an S3-compatible store; default: the environment, as AWS has it",
            ),
            (
                "database",
                "of kind postgres: host=… user=… dbname=…, without a password",
            ),
            DECIMAL,
            DELIMITER,
            ENCODING,
            (
                "endpoint",
                "URL of an S3-compatible store; default: that of AWS in `region`",
            ),
            HEADER_ROWS,
            (
                "in_place",
                "true where Parquet files stay where they are and nothing is copied; default false",
            ),
            (
                "kind",
                "text, parquet, arrow, geojson, json or postgres; default text",
            ),
            LEADING_ZEROS,
            MAX_ROW_BYTES,
            NULLS,
            (
                "password_file",
                "file with the password of the database; default: none is sent",
            ),
            (
                "path",
                "files, folders or patterns with *, relative to this file, or s3://BUCKET/FILES in place; required but of a database",
            ),
            ("region", "region of an S3-compatible store"),
            (
                "root_certificate",
                "PEM file with the certificates that the database's comes from; required unless it is on this machine",
            ),
            SHORT_ROWS,
            SKIP_COLUMNS,
            SKIP_LAST_LINES,
            SKIP_LINES,
            (
                "table",
                "of kind postgres: the table or view, with its schema unless that is public; required there",
            ),
            THOUSANDS,
        ],
    },
    DatasetConfigSection {
        table: "[[dataset.column]]",
        keys: &[
            (
                "ambiguous",
                "a local time that occurs twice: refuse, first, second or sequence (the order of the rows, of each unit_column, tells); default refuse",
            ),
            (
                "crs",
                "coordinate reference system of a coordinate: OGC:CRS84",
            ),
            (
                "decimal",
                "decimal mark of its numbers, where it is another than that of the source",
            ),
            (
                "factor",
                "{ value, from, source }: multiplies numbers so that they are in `unit`",
            ),
            (
                "format",
                "accepted spellings, tried in order: %Y %y %m %d %H %M %S %f %z %b %a; default ISO 8601. %H takes 24",
            ),
            (
                "from",
                "column of the source, or several to be joined by a blank; `_file_name`, `_file` and `_line` say where a row stands; default: the name",
            ),
            (
                "gap",
                "a local time that does not occur: refuse or forward; default refuse",
            ),
            (
                "leading_zeros",
                "as in [dataset.source], for this column alone",
            ),
            ("meaning", "what it means"),
            ("name", "name in SQL; required"),
            ("of", "makes a date: the local date of this instant column"),
            (
                "optional",
                "true where files may lack the column; default false",
            ),
            (
                "own_keys",
                "the space of keys, such as \"order\", of which no other participant has its values: rows of two are never joined over them",
            ),
            (
                "personal",
                "true where its values are about persons; default false",
            ),
            (
                "required",
                "true where every row has a value; default false",
            ),
            (
                "shift",
                "moves instants, such as \"-1h\" from the end of an hour to its start",
            ),
            (
                "thousands",
                "mark between thousands of its numbers, where it is another than that of the source",
            ),
            (
                "type",
                "text, int, float, decimal(p,s), bool, date or instant; default text",
            ),
            ("uncertainty", "uncertainty of its values: ± 5 %"),
            ("unit", "UCUM: ug.m-3, Cel, deg, {bicycle}, 1"),
            ("value", "the same text in every row, in place of `from`"),
            ("zone", "IANA zone of local times; default: the dataset's"),
        ],
    },
    DatasetConfigSection {
        table: "[dataset.column.factor]",
        keys: &[
            ("from", "unit at the source; required"),
            ("source", "who says so; shown in the catalogue; required"),
            ("value", "the factor; required"),
        ],
    },
    DatasetConfigSection {
        table: "[[dataset.result]]",
        keys: &[
            (
                "conversion",
                "how prepare converted it, with the source of the factor",
            ),
            (
                "crs",
                "coordinate reference system of a coordinate: OGC:CRS84",
            ),
            ("meaning", "what it means"),
            ("name", "name of a column that prepare makes; required"),
            (
                "own_keys",
                "the space of keys, such as \"order\", of which no other participant has its values: rows of two are never joined over them",
            ),
            (
                "personal",
                "true where its values are about persons; default false",
            ),
            (
                "required",
                "true where every row has a value; default false",
            ),
            ("type", "the type that it must have"),
            ("uncertainty", "uncertainty of its values: ± 5 %"),
            ("unit", "UCUM: ug.m-3, Cel, deg, {bicycle}, 1"),
        ],
    },
    DatasetConfigSection {
        table: "[dataset.unpivot]",
        keys: &[
            (
                "match",
                "regular expression; each column whose name fits becomes a row, its named groups become columns; required",
            ),
            ("value", "name under which the cell is read; default value"),
        ],
    },
    DatasetConfigSection {
        table: "[dataset.grid]",
        keys: &[
            (
                "bucket",
                "width of dates and instants: quarter-hour, hour, day, week, month or year",
            ),
            (
                "dimensions",
                "columns of the finest cells of aggregate contracts; required",
            ),
            (
                "late",
                "rows that come after the release of their period: never, wait (for a further release) or correct; default wait",
            ),
            (
                "release",
                "period whose cells are released together when it is over, and stay: hour, day, week, month or year; default: none, cells are computed for each question",
            ),
            (
                "release_column",
                "the dimension of time that is released by; default: the only one",
            ),
            (
                "zone",
                "IANA zone in which buckets begin; default: the dataset's",
            ),
        ],
    },
    DatasetConfigSection {
        table: "[dataset.query.NAME]",
        keys: &[
            ("description", "what it is good for, in one line"),
            ("parameter", "[dataset.query.NAME.parameter.NAME]"),
            (
                "sql",
                "one SELECT over the dataset by its bare name, with parameters as $NAME; required",
            ),
            ("title", "for people; required"),
        ],
    },
    DatasetConfigSection {
        table: "[dataset.query.NAME.parameter.NAME]",
        keys: &[
            (
                "default",
                "the value where none is given; absent: one must be given",
            ),
            ("description", "what it is, in one line"),
            (
                "type",
                "text, int, float, decimal(p,s), bool, date or instant; required",
            ),
        ],
    },
    DatasetConfigSection {
        table: "[dataset.lookup]",
        keys: &[(
            "NAME",
            "a small table for prepare, all text: { path, … } with the keys of [dataset.source]",
        )],
    },
    DatasetConfigSection {
        table: "[dataset.lookup.NAME]",
        keys: &[
            COLUMNS,
            DECIMAL,
            DELIMITER,
            ENCODING,
            HEADER_ROWS,
            (
                "kind",
                "text, parquet, arrow, geojson or json; default text",
            ),
            LEADING_ZEROS,
            MAX_ROW_BYTES,
            NULLS,
            (
                "path",
                "files, folders or patterns with *, relative to this file; required",
            ),
            SHORT_ROWS,
            SKIP_COLUMNS,
            SKIP_LAST_LINES,
            SKIP_LINES,
            THOUSANDS,
        ],
    },
];

type ConfigKeyDoc = (&'static str, &'static str);

const COLUMNS: ConfigKeyDoc = (
    "columns",
    "names of the columns of a file without a header, in order; default: their numbers \"1\", \"2\", …",
);
const DECIMAL: ConfigKeyDoc = ("decimal", "decimal mark, \".\" or \",\"; default \".\"");
const DELIMITER: ConfigKeyDoc = (
    "delimiter",
    "between two fields, one character; default \",\"",
);
const ENCODING: ConfigKeyDoc = (
    "encoding",
    "utf-8, latin-1, windows-1252, utf-16le, utf-16be or another name of the web's list; default utf-8",
);
const HEADER_ROWS: ConfigKeyDoc = (
    "header_rows",
    "lines before the first row, 0 where there are none; their cells joined with | name the columns; default 1",
);
const LEADING_ZEROS: ConfigKeyDoc = (
    "leading_zeros",
    "numbers that begin with zeros or a plus sign, as keys do: refuse (they can't be read as numbers) or drop; default refuse",
);
const MAX_ROW_BYTES: ConfigKeyDoc = (
    "max_row_bytes",
    "the most bytes, as UTF-8, of the fields of one row of text, of one feature of GeoJSON or object of JSON, or of the texts of one row of Parquet or Arrow; a \
     longer one ends the reading; default 1048576, at most 268435456",
);
const NULLS: ConfigKeyDoc = ("nulls", "words that mean \"no value\"; default [\"\"]");
const SHORT_ROWS: ConfigKeyDoc = (
    "short_rows",
    "rows that lack their last fields: refuse (they can't be read) or null (these have no value); default refuse",
);
const SKIP_COLUMNS: ConfigKeyDoc = (
    "skip_columns",
    "columns that are left out before anything else, with * for any text",
);
const SKIP_LAST_LINES: ConfigKeyDoc = (
    "skip_last_lines",
    "lines at the end of a file that belong to nothing, such as notes and totals; blank ones at the very end are not counted; default 0",
);
const SKIP_LINES: ConfigKeyDoc = (
    "skip_lines",
    "lines at the start of a file that belong to nothing, such as titles above the header; default 0",
);
const THOUSANDS: ConfigKeyDoc = (
    "thousands",
    "mark between thousands: \".\", \",\", \" \" (any blank) or \"'\" (any apostrophe); default: none is read",
);

#[cfg(test)]
mod tests {
    use super::{DatasetConfigSection, SECTIONS};
    use crate::ingest::config::parser::parse_datasets;
    use std::path::Path;

    const WORD: &str = "zzzzzzzzzzzzzzzzzzzzzz";

    /// Keys that the parser knows for a table, taken from its refusal of an unknown key.
    fn known(section: &DatasetConfigSection) -> Vec<String> {
        let start = "[[dataset]]\nname = \"d\"\ntitle = \"D\"\nlicence = \"x\"\n";
        let source = "[dataset.source]\npath = \"a\"\n";
        let (before, table) = match section.table {
            "[[dataset]]" => (String::new(), start.to_owned()),
            "[dataset.source]" => (start.to_owned(), source.to_owned()),
            "[dataset.column.factor]" => (
                format!(
                    "{start}{source}[[dataset.column]]\nname = \"c\"\ntype = \"float\"\nunit = \"1\"\n"
                ),
                section.table.to_owned(),
            ),
            other => (format!("{start}{source}"), other.replace("NAME", "t")),
        };
        let text = format!("{before}{table}\n{WORD} = 1\n");
        let problems = parse_datasets(&text, "hansa.toml", Path::new(".")).unwrap_err();
        let problem = problems
            .iter()
            .find(|problem| problem.sentence.contains(WORD))
            .unwrap();
        let listed = problem.help[0].strip_prefix("the keys are ").unwrap();
        listed.split(", ").map(str::to_owned).collect()
    }

    #[test]
    fn the_reference_names_exactly_the_keys_that_are_read() {
        for section in SECTIONS
            .iter()
            .filter(|section| section.table != "[dataset.lookup]")
        {
            let reported: Vec<&str> = section.keys.iter().map(|(key, _)| *key).collect();
            assert_eq!(reported, known(section), "{}", section.table);
        }
    }
}
