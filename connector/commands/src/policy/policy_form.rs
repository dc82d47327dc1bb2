//! Form of a policy: the frequent terms as fields, and all else as the text that people wrote.
//!
//! A term in a form that no field can say stays in the text, and has no field.

use std::collections::BTreeMap;
use toml_edit::{Array, Datetime, DocumentMut, InlineTable, Item, Table, TableLike, Value};

/// Key of the table of aggregates.
const AGGREGATE: &str = "aggregate";

/// Key of the period.
const VALID: &str = "valid";

/// Key of the duties.
const DUTIES: &str = "duties";

/// Field of the text that the other fields don't say.
pub(crate) const REST: &str = "rest";

/// Duty to name the source.
const ATTRIBUTION: &str = "attribution";

/// Beginning and end of the duty to delete.
const DELETION: (&str, &str) = ("delete-after ", " days");

/// Field of a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyField {
    /// Name of the field in the form.
    pub(crate) name: &'static str,
    /// Key in the file, as `hansa policy terms` names it.
    pub(crate) key: &'static str,
    place: FieldPlace,
}

/// Place and form of a value in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FieldPlace {
    /// Value of the root.
    Root(ValueForm),
    /// Value of the table of aggregates.
    Aggregate(ValueForm),
    /// Bound of the period: `from` or `until`.
    Bound(&'static str),
    /// Duty to name the source.
    Attribution,
    /// Duty to delete after a number of days.
    Deletion,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ValueForm {
    Text,
    /// List of texts; a line each in the form.
    Texts,
    Number,
}

/// Fields, in their order in the form.
pub(crate) const FIELDS: [PolicyField; 15] = [
    field("title", "title", FieldPlace::Root(ValueForm::Text)),
    field("purpose", "purpose", FieldPlace::Root(ValueForm::Texts)),
    field("columns", "columns", FieldPlace::Root(ValueForm::Texts)),
    field("rows", "rows", FieldPlace::Root(ValueForm::Text)),
    field("by", "by", FieldPlace::Aggregate(ValueForm::Texts)),
    field(
        "functions",
        "functions",
        FieldPlace::Aggregate(ValueForm::Texts),
    ),
    field(
        "measures",
        "measures",
        FieldPlace::Aggregate(ValueForm::Texts),
    ),
    field(
        "min-rows",
        "min_rows",
        FieldPlace::Aggregate(ValueForm::Number),
    ),
    field(
        "rows-per-day",
        "rows_per_day",
        FieldPlace::Root(ValueForm::Number),
    ),
    field(
        "bytes-per-day",
        "bytes_per_day",
        FieldPlace::Root(ValueForm::Text),
    ),
    field(
        "queries-per-day",
        "queries_per_day",
        FieldPlace::Root(ValueForm::Number),
    ),
    field("from", VALID, FieldPlace::Bound("from")),
    field("until", VALID, FieldPlace::Bound("until")),
    field(ATTRIBUTION, DUTIES, FieldPlace::Attribution),
    field("delete-after", DUTIES, FieldPlace::Deletion),
];

const fn field(name: &'static str, key: &'static str, place: FieldPlace) -> PolicyField {
    PolicyField { name, key, place }
}

/// Policy as a form: values of the fields, and the text of all else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PolicyForm {
    /// Values by the names of their fields. A field that the text says in another form is absent.
    pub(crate) values: BTreeMap<&'static str, String>,
    /// Text that the fields don't say.
    pub(crate) rest: String,
}

impl PolicyForm {
    /// Reads a text; none for a text that is not TOML.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut document = text.parse::<DocumentMut>().ok()?;
        let mut values = BTreeMap::new();
        for field in FIELDS {
            if let Some(value) = read_field(&document, field) {
                values.insert(field.name, value);
            }
        }
        for field in FIELDS {
            if values.contains_key(field.name) {
                take_field(&mut document, field);
            }
        }
        Some(Self {
            values,
            rest: document.to_string().trim().to_owned(),
        })
    }
}

/// Text of a policy whose form was filled. What was not changed stays as people wrote it.
///
/// # Errors
/// Names of the fields whose values can't be written.
pub(crate) fn compose_policy(
    text: &str,
    filled: &BTreeMap<String, String>,
) -> Result<String, Vec<String>> {
    let wrong_rest = || vec![REST.to_owned()];
    let before = PolicyForm::read(text).ok_or_else(wrong_rest)?;
    let value = |name: &str| filled.get(name).map_or("", |value| value.trim());
    let is_rest_same = value(REST) == before.rest;
    let source = if is_rest_same { text } else { value(REST) };
    let mut document = source
        .parse::<DocumentMut>()
        .map_err(|_not_toml| wrong_rest())?;
    let mut faults = Vec::new();
    for field in FIELDS {
        let Some(old) = before.values.get(field.name) else {
            continue;
        };
        let new = value(field.name);
        if is_rest_same && new == old {
            continue;
        }
        if !is_rest_same && read_field(&document, field).is_none_or(|value| !value.is_empty()) {
            // The text says what has a field of its own, so one of the two would be lost.
            faults.push(REST.to_owned());
            continue;
        }
        // Both bounds are of one table, which is written whole.
        if let FieldPlace::Bound(_) = field.place {
            continue;
        }
        if write_field(&mut document, field, new).is_err() {
            faults.push(field.name.to_owned());
        }
    }
    let has_bounds = before.values.contains_key("from");
    let is_same = before.values.get("from").map(String::as_str) == Some(value("from"))
        && before.values.get("until").map(String::as_str) == Some(value("until"));
    if has_bounds && !(is_rest_same && is_same) {
        faults.extend(write_bounds(&mut document, value("from"), value("until")));
    }
    faults.dedup();
    match faults.is_empty() {
        true => Ok(end_with_line(document.to_string())),
        false => Err(faults),
    }
}

fn end_with_line(mut text: String) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// Value of a field; empty where the text does not say it, none where it says it in another form.
fn read_field(document: &DocumentMut, field: PolicyField) -> Option<String> {
    match field.place {
        FieldPlace::Root(form) => match document.get(field.key) {
            None => Some(String::new()),
            Some(item) => read_value(item, form),
        },
        FieldPlace::Aggregate(form) => match document.get(AGGREGATE) {
            None => Some(String::new()),
            Some(Item::Table(table)) => match table.get(field.key) {
                None => Some(String::new()),
                Some(item) => read_value(item, form),
            },
            Some(_) => None,
        },
        FieldPlace::Bound(bound) => match document.get(VALID) {
            None => Some(String::new()),
            Some(Item::Value(Value::InlineTable(table))) => read_bound(table, bound),
            Some(_) => None,
        },
        FieldPlace::Attribution => {
            let duties = read_duties(document)?;
            let is_said = duties.iter().any(|duty| duty == ATTRIBUTION);
            Some(if is_said { "yes" } else { "" }.to_owned())
        }
        FieldPlace::Deletion => {
            let duties = read_duties(document)?;
            let mut days = duties.iter().filter_map(|duty| deletion_days(duty));
            let first = days.next().unwrap_or_default().to_owned();
            days.next().is_none().then_some(first)
        }
    }
}

fn read_value(item: &Item, form: ValueForm) -> Option<String> {
    match (item, form) {
        (Item::Value(Value::String(text)), ValueForm::Text) => {
            let text = text.value();
            (!text.contains('\n')).then(|| text.clone())
        }
        (Item::Value(Value::Integer(number)), ValueForm::Number) => {
            (*number.value() >= 0).then(|| number.value().to_string())
        }
        (Item::Value(Value::Array(texts)), ValueForm::Texts) => read_texts(texts),
        _ => None,
    }
}

/// Texts of a list, a line each.
fn read_texts(texts: &Array) -> Option<String> {
    let lines: Option<Vec<&str>> = texts.iter().map(Value::as_str).collect();
    let lines = lines?;
    let is_plain = |line: &&str| !line.is_empty() && line.trim() == *line && !line.contains('\n');
    (!lines.is_empty() && lines.iter().all(is_plain)).then(|| lines.join("\n"))
}

/// Bound of a period of two days; none for a period in another form.
fn read_bound(table: &InlineTable, bound: &str) -> Option<String> {
    let is_day = |key: &str| {
        let value = table.get(key)?;
        let Value::Datetime(day) = value else {
            return None;
        };
        let is_whole = day.value().time.is_none() && day.value().offset.is_none();
        is_whole.then(|| day.value().to_string())
    };
    let (from, until) = (is_day("from")?, is_day("until")?);
    (table.len() == 2).then_some(if bound == "from" { from } else { until })
}

/// Duties as texts; none where they are written in another form.
fn read_duties(document: &DocumentMut) -> Option<Vec<String>> {
    match document.get(DUTIES) {
        None => Some(Vec::new()),
        Some(Item::Value(Value::Array(duties))) => {
            let texts: Option<Vec<&str>> = duties.iter().map(Value::as_str).collect();
            Some(texts?.into_iter().map(str::to_owned).collect())
        }
        Some(_) => None,
    }
}

/// Days of a duty to delete, in the form that the field writes.
fn deletion_days(duty: &str) -> Option<&str> {
    let (begin, end) = DELETION;
    let days = duty.strip_prefix(begin)?.strip_suffix(end)?;
    let is_number = !days.is_empty() && days.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some(days)
}

/// Takes the value of a field out of a text.
fn take_field(document: &mut DocumentMut, field: PolicyField) {
    match field.place {
        FieldPlace::Root(_) => {
            document.remove(field.key);
        }
        FieldPlace::Aggregate(_) => write_aggregate(document, field.key, None),
        FieldPlace::Bound(_) => {
            document.remove(VALID);
        }
        FieldPlace::Attribution => keep_duties(document, |duty| duty != ATTRIBUTION),
        FieldPlace::Deletion => keep_duties(document, |duty| deletion_days(duty).is_none()),
    }
}

fn keep_duties(document: &mut DocumentMut, keep: impl Fn(&str) -> bool) {
    let Some(duties) = document.get_mut(DUTIES).and_then(Item::as_array_mut) else {
        return;
    };
    duties.retain(|duty| duty.as_str().is_none_or(&keep));
    if duties.is_empty() {
        document.remove(DUTIES);
    }
}

/// Writes the value of a field.
fn write_field(
    document: &mut DocumentMut,
    field: PolicyField,
    text: &str,
) -> Result<(), WrongValue> {
    match field.place {
        FieldPlace::Root(form) => {
            set_value(document.as_table_mut(), field.key, make_value(form, text)?)
        }
        FieldPlace::Aggregate(form) => {
            let value = make_value(form, text)?;
            write_aggregate(document, field.key, value);
        }
        FieldPlace::Bound(_) => {}
        FieldPlace::Attribution => {
            keep_duties(document, |duty| duty != ATTRIBUTION);
            if !text.is_empty() {
                add_duty(document, ATTRIBUTION.to_owned());
            }
        }
        FieldPlace::Deletion => {
            keep_duties(document, |duty| deletion_days(duty).is_none());
            if !text.is_empty() {
                let days: u32 = text.parse().map_err(|_not_a_number| WrongValue)?;
                let (begin, end) = DELETION;
                add_duty(document, format!("{begin}{days}{end}"));
            }
        }
    }
    Ok(())
}

/// Text that is no value of its field.
#[derive(Debug)]
struct WrongValue;

/// Value from the text of a field: none for an empty text.
fn make_value(form: ValueForm, text: &str) -> Result<Option<Value>, WrongValue> {
    if text.is_empty() {
        return Ok(None);
    }
    let number = || {
        let number = text.parse::<i64>().ok();
        number.filter(|number| *number >= 0).ok_or(WrongValue)
    };
    Ok(Some(match form {
        ValueForm::Text => Value::from(text),
        ValueForm::Number => Value::from(number()?),
        ValueForm::Texts => {
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
            Value::Array(lines.collect())
        }
    }))
}

fn add_duty(document: &mut DocumentMut, duty: String) {
    match document.get_mut(DUTIES).and_then(Item::as_array_mut) {
        Some(duties) => duties.push(duty),
        None => {
            document.insert(
                DUTIES,
                Item::Value(Value::Array([duty].into_iter().collect())),
            );
        }
    }
}

fn write_aggregate(document: &mut DocumentMut, key: &str, value: Option<Value>) {
    if value.is_some() && !document.contains_key(AGGREGATE) {
        document.insert(AGGREGATE, Item::Table(Table::new()));
    }
    let Some(Item::Table(table)) = document.get_mut(AGGREGATE) else {
        return;
    };
    set_value(table, key, value);
    if table.is_empty() {
        document.remove(AGGREGATE);
    }
}

/// Sets a value and keeps what people wrote around the one before, or removes it.
fn set_value(table: &mut dyn TableLike, key: &str, value: Option<Value>) {
    match (value, table.get_mut(key)) {
        (None, _) => {
            table.remove(key);
        }
        (Some(mut value), Some(Item::Value(old))) => {
            *value.decor_mut() = old.decor().clone();
            *old = value;
        }
        (Some(value), _) => {
            table.insert(key, Item::Value(value));
        }
    }
}

/// Writes the period. Gives the fields whose values are no days.
fn write_bounds(document: &mut DocumentMut, from: &str, until: &str) -> Vec<String> {
    if from.is_empty() && until.is_empty() {
        document.remove(VALID);
        return Vec::new();
    }
    let mut table = InlineTable::new();
    let mut faults = Vec::new();
    for (key, text) in [("from", from), ("until", until)] {
        let day = text.parse::<Datetime>().ok();
        match day.filter(|day| day.time.is_none() && day.offset.is_none()) {
            Some(day) => {
                table.insert(key, Value::from(day));
            }
            None => faults.push(key.to_owned()),
        }
    }
    if faults.is_empty() {
        set_value(
            document.as_table_mut(),
            VALID,
            Some(Value::InlineTable(table)),
        );
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# ours\ntitle        = \"Daily figures\"\npurpose      = [\"dpv:Research\"]   # what for\n\
        columns      = [\"site\", \"bikes\"]\nrows_per_day = 10_000   # of the answers\nvalid        = { from = 2026-01-01, until = 2027-12-31 }\n\
        duties       = [\"attribution\", \"delete-after 30 days\", \"notify\"]\nprohibit     = [\"sell\"]   # never\n\n\
        # groups alone\n[aggregate]\nby        = [\"site\"]   # the groups\nfunctions = [\"sum\"]\nmin_rows  = 10\nbucket    = \"day\"\n";

    fn fill_form(changes: &[(&str, &str)]) -> BTreeMap<String, String> {
        let form = PolicyForm::read(TEXT).unwrap();
        let mut values: BTreeMap<String, String> = form
            .values
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()))
            .collect();
        values.insert(REST.to_owned(), form.rest);
        for (name, value) in changes {
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        values
    }

    fn compose(changes: &[(&str, &str)]) -> String {
        compose_policy(TEXT, &fill_form(changes)).unwrap()
    }

    #[test]
    fn frequent_terms_have_fields_and_all_else_is_text() {
        let form = PolicyForm::read(TEXT).unwrap();
        for (name, value) in [
            ("title", "Daily figures"),
            ("purpose", "dpv:Research"),
            ("columns", "site\nbikes"),
            ("rows", ""),
            ("rows-per-day", "10000"),
            ("from", "2026-01-01"),
            ("until", "2027-12-31"),
            ("attribution", "yes"),
            ("delete-after", "30"),
            ("by", "site"),
            ("functions", "sum"),
            ("measures", ""),
            ("min-rows", "10"),
        ] {
            assert_eq!(
                form.values.get(name).map(String::as_str),
                Some(value),
                "{name}"
            );
        }
        assert_eq!(
            form.rest,
            "duties       = [ \"notify\"]\nprohibit     = [\"sell\"]   # never\n\n# groups alone\n[aggregate]\nbucket    = \"day\""
        );
        // A term that no field can say has none.
        let other = "columns = \"all\"\nrows_per_day = { max = 5, zone = \"UTC\" }\naggregate = { by = [\"a\"] }\n\
                     valid = { from = 2026-01-01T00:00:00Z, until = 2027-01-01 }\nduties = [{ a = 1 }]\npurpose = \"x\"\n";
        let form = PolicyForm::read(other).unwrap();
        assert_eq!(form.rest, other.trim());
        let names: Vec<&str> = form.values.keys().copied().collect();
        assert_eq!(names, ["bytes-per-day", "queries-per-day", "rows", "title"]);
        assert_eq!(PolicyForm::read("title = "), None);
    }

    #[test]
    fn what_is_not_changed_stays_as_it_was_written() {
        assert_eq!(compose(&[]), TEXT);
        assert_eq!(
            compose(&[("rows-per-day", "5")]),
            TEXT.replace("10_000", "5")
        );
        assert_eq!(
            compose(&[("columns", "site\r\n bikes \n\nnote")]),
            TEXT.replace("\"bikes\"]", "\"bikes\", \"note\"]")
        );
        assert_eq!(
            compose(&[("until", "2028-12-31")]),
            TEXT.replace("2027-12-31", "2028-12-31")
        );
        assert_eq!(
            compose(&[("measures", "bikes"), ("min-rows", "")]),
            TEXT.replace(
                "min_rows  = 10\nbucket    = \"day\"\n",
                "bucket    = \"day\"\nmeasures = [\"bikes\"]\n"
            )
        );
        let without = compose(&[("attribution", ""), ("delete-after", "7")]);
        let read: toml::Table = toml::from_str(&without).unwrap();
        assert_eq!(
            read["duties"].to_string(),
            "[\"notify\", \"delete-after 7 days\"]"
        );
        assert!(without.contains("# never") && without.contains("# groups alone"));
    }

    #[test]
    fn a_changed_text_keeps_the_fields() {
        let text = compose(&[
            (REST, "prohibit = [\"sell\", \"lend\"]  # no"),
            ("title", "New"),
        ]);
        let read: toml::Table = toml::from_str(&text).unwrap();
        assert_eq!(read["title"].as_str(), Some("New"));
        assert_eq!(read["rows_per_day"].as_integer(), Some(10_000));
        assert_eq!(read["aggregate"]["by"].to_string(), "[\"site\"]");
        assert!(read["aggregate"].get("bucket").is_none());
        assert!(text.contains("\"lend\"]  # no"), "{text}");
        assert!(
            toml::from_str::<toml::Table>(&text)
                .unwrap()
                .contains_key("valid")
        );
    }

    #[test]
    fn what_can_not_be_written_is_a_fault_of_its_field() {
        let fault =
            |changes: &[(&str, &str)]| compose_policy(TEXT, &fill_form(changes)).unwrap_err();
        assert_eq!(fault(&[(REST, "prohibit = ")]), [REST]);
        assert_eq!(fault(&[(REST, "title = \"two\"")]), [REST]);
        assert_eq!(fault(&[("rows-per-day", "many")]), ["rows-per-day"]);
        assert_eq!(fault(&[("until", "soon")]), ["until"]);
        assert_eq!(fault(&[("from", "")]), ["from"]);
        assert_eq!(fault(&[("delete-after", "x")]), ["delete-after"]);
    }
}
