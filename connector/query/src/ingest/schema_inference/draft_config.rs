//! Draft entry for the configuration, with comments on observations and assumptions. It contains no value of the data.

use super::UnreadableRows;
use super::column_grouping::{self, WideTable};
use super::draft_page;
use super::inferred_column::{self, InferredColumn, quote_toml_string};
use super::inferred_source::{self, FoundTotal, InferredPlaces, InferredSource};
use crate::ingest::config::{ColumnHeader, ShortRowHandling, SourceKind};
use crate::ingest::place_extent::PlaceExtent;
use crate::ingest::source_roots::SourceRoots;
use crate::ingest::text_encoding::entry_name;
use hansa_catalog::dataset::DatasetKind;
use hansa_policy::id::SqlIdentifier;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::Path;

/// User options for a new dataset.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DraftConfigOptions {
    /// Name; derived from the file name if absent.
    pub name: Option<SqlIdentifier>,
    /// Title for people; the name if absent.
    pub title: Option<String>,
    /// Licence; left open if absent.
    pub licence: Option<String>,
    /// Dataset kind; left open if absent.
    pub kind: Option<DatasetKind>,
    /// Columns that may be published.
    pub columns: LeavingColumns,
    /// Set if a table with one column for each station stays in wide form.
    pub stays_wide: bool,
    /// Number of skipped lines at the end of each file; unknown if absent.
    pub skip_last_lines: Option<u32>,
    /// Grid of cells for aggregate-only contracts; no grid if absent.
    pub grid: Option<DraftGrid>,
    /// Extent of the places; unknown if absent.
    pub extent: Option<PlaceExtent>,
    /// Path of the one file in the entry; absent: the path at which it is read.
    pub path: Option<String>,
    /// Statements about single columns.
    pub statements: Vec<ColumnStatement>,
    /// Set if the rows are about persons.
    pub is_personal: bool,
}

/// Statement of a person about a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnStatement {
    /// Column, by its proposed name or its name in the source.
    pub column: String,
    /// Statement about it.
    pub fact: ColumnFact,
}

/// Fact about a column that no file shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnFact {
    /// Name in the dataset.
    Name(SqlIdentifier),
    /// Meaning, in one line.
    Meaning(String),
    /// Unit (UCUM).
    Unit(String),
    /// Its values are about persons.
    Personal,
}

/// Columns of a new dataset that may be published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum LeavingColumns {
    /// Undecided: the entry contains all columns, and a person must check them.
    #[default]
    Unsaid,
    /// All columns, by decision of a person.
    All,
    /// These columns, by their names in the dataset or the source. Other columns are not read.
    Named(Vec<String>),
}

/// Grid of a new dataset, as named by a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftGrid {
    /// Dimensions, by their names in the dataset or the source.
    pub dimensions: Vec<String>,
    /// Bucket of the time dimension, a value of `[dataset.grid] bucket`. If absent: a day, if there is a time dimension.
    pub bucket: Option<String>,
}

/// Draft entry for the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftDatasetConfig {
    /// Name of the dataset.
    pub name: SqlIdentifier,
    /// Text of the entry, with comments on observations and assumptions.
    pub text: String,
    /// Proposed columns.
    pub columns: Vec<ProposedColumn>,
    /// Bucket of the grid's time dimension, if there is one.
    pub bucket: Option<String>,
    /// Number of files.
    pub files: usize,
    /// Number of rows that were examined.
    pub rows: usize,
    /// Unreadable rows.
    pub unread: UnreadableRows,
    /// Assumptions in plain words.
    pub assumptions: Vec<String>,
    /// Questions to a person.
    pub questions: Vec<String>,
    /// Last row that seems to contain totals. As an ordinary row it would double all totals.
    pub total: Option<FoundTotal>,
}

impl DraftDatasetConfig {
    /// Column names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }
}

/// Proposed column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposedColumn {
    /// Name in SQL.
    pub name: String,
    /// Source columns of the values.
    pub from: Vec<String>,
    /// Type of the column.
    pub kind: Cow<'static, str>,
    /// Set if the column is in the entry.
    pub leaves: bool,
    /// Set if the column is a dimension of the grid.
    pub is_dimension: bool,
}

/// Creates a commented `[[dataset]]` entry for files. The paths are relative to the folder of the configuration.
///
/// # Errors
/// `FILE_MISSING`, `SOURCE_UNREADABLE`, `SOURCE_OUTSIDE`; `USAGE` if no dataset name can be derived from the file name, or if a
/// named column does not exist.
pub fn create_draft_entry(
    paths: &[String],
    roots: &SourceRoots,
    about: &DraftConfigOptions,
) -> Result<DraftDatasetConfig, Refusal> {
    let mut seen = inferred_source::infer_source(paths, roots, about.skip_last_lines)?;
    if let Some(path) = &about.path {
        seen.name_file(path);
    }
    if seen.places == InferredPlaces::TurnedAround && about.extent.is_none() {
        return Err(turned_around(paths));
    }
    let name = match &about.name {
        Some(name) => name.clone(),
        None => derive_dataset_name(paths, &seen)?,
    };
    let twice = repeated_names(&seen);
    let mut columns = column_grouping::join_dates_and_times(seen.columns.clone());
    let wide = column_grouping::detect_wide_table(&columns)
        .filter(|_| !about.stays_wide && seen.source.kind == SourceKind::Text);
    if let Some(wide) = &wide {
        refuse_repeated(&seen, &twice, &wide.stations)?;
        columns = column_grouping::unpivot_columns(columns);
    }
    if seen.files.len() > 1 {
        let remark = "in which file the row stands, without folder and ending";
        columns.push(InferredColumn::from_description(
            "file",
            "_file_name",
            "text",
            remark,
        ));
    }
    let mut taken = vec!["source".to_owned()];
    columns
        .iter_mut()
        .for_each(|column| column.set_apart(&mut taken));
    apply_statements(&mut columns, &about.statements)?;
    let leaves = select_published_columns(&columns, about)?;
    let wanted = columns.iter().zip(&leaves).filter(|(_, leaves)| **leaves);
    let wanted: Vec<String> = wanted.flat_map(|(column, _)| column.from.clone()).collect();
    refuse_repeated(&seen, &twice, &wanted)?;
    let dimensions = match &about.grid {
        Some(grid) => select_dimensions(grid, &columns, &leaves)?,
        None => vec![false; columns.len()],
    };
    let bucket = about
        .grid
        .as_ref()
        .and_then(|grid| choose_bucket(grid, &columns, &dimensions));
    let mut text = String::new();
    for line in head_lines(&name, &seen, about)
        .into_iter()
        .chain(source_lines(&seen))
        .chain(wide.iter().flat_map(unpivot_lines))
        .chain(describe_leaving_columns(&columns, &leaves, about))
        .chain(
            columns
                .iter()
                .zip(&leaves)
                .filter(|(_, leaves)| **leaves)
                .flat_map(|(column, _)| std::iter::once(String::new()).chain(column.lines())),
        )
        .chain(
            about
                .grid
                .iter()
                .flat_map(|grid| grid_lines(grid, &columns, &dimensions)),
        )
    {
        // File names may contain line breaks, which would end the comment.
        text.extend(line.chars().map(|c| if c.is_control() { ' ' } else { c }));
        text.push('\n');
    }
    let assumptions = draft_page::list_assumptions(&seen, &columns, wide.as_ref());
    let questions = draft_page::list_questions(&seen, &columns);
    let proposed =
        columns
            .into_iter()
            .zip(leaves)
            .zip(dimensions)
            .map(|((column, leaves), is_dimension)| ProposedColumn {
                name: column.name,
                from: column.from,
                kind: column.kind,
                leaves,
                is_dimension,
            });
    Ok(DraftDatasetConfig {
        name,
        text,
        columns: proposed.collect(),
        bucket,
        files: seen.files.len(),
        rows: seen.rows,
        unread: seen.unread,
        assumptions,
        questions,
        total: seen.total,
    })
}

/// Applies the statements of a person. Columns keep the names by which the statements find them until all have been found.
fn apply_statements(
    columns: &mut [InferredColumn],
    statements: &[ColumnStatement],
) -> Result<(), Refusal> {
    let mut names = Vec::new();
    for ColumnStatement { column, fact } in statements {
        // A proposed name comes before one of the source, which can be that of another column.
        let by_name: Vec<bool> = columns.iter().map(|known| known.name == *column).collect();
        let marked = match by_name.contains(&true) {
            true => by_name,
            false => named_columns(std::slice::from_ref(column), columns)?,
        };
        for (index, (found, _)) in columns
            .iter_mut()
            .zip(marked)
            .enumerate()
            .filter(|(_, (_, is_named))| *is_named)
        {
            match fact {
                ColumnFact::Name(name) => names.push((index, name.to_string())),
                ColumnFact::Meaning(text) => found.meaning = Some(text.clone()),
                ColumnFact::Unit(unit) => found.unit = Some(unit.clone()),
                ColumnFact::Personal => found.is_personal = true,
            }
        }
    }
    for (index, name) in names {
        if let Some(column) = columns.get_mut(index) {
            column.name = name;
        }
    }
    let mut taken = BTreeSet::new();
    let twice = columns.iter().find(|column| !taken.insert(&column.name));
    match twice {
        None => Ok(()),
        Some(column) => Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("two columns would have the name `{}`", column.name),
        )),
    }
}

/// Duplicate names in the header.
fn repeated_names(seen: &InferredSource) -> BTreeSet<String> {
    let mut known = BTreeSet::new();
    let names = seen.columns.iter().flat_map(|column| &column.from);
    names.filter(|name| !known.insert(*name)).cloned().collect()
}

/// Refuses a column with a duplicate name, since the name is ambiguous.
fn refuse_repeated(
    seen: &InferredSource,
    repeated: &BTreeSet<String>,
    wanted: &[String],
) -> Result<(), Refusal> {
    let Some(name) = wanted.iter().find(|name| repeated.contains(*name)) else {
        return Ok(());
    };
    let shown = seen
        .files
        .first()
        .map_or("", |file| file.display_name.as_str());
    let sentence = format!("`{shown}` has several columns `{name}`");
    let refusal = Refusal::new(ErrorCode::SchemaMismatch, sentence)
        .with_place(shown, None, None)
        .with_help("give each a name of its own in the file, or leave them out: --columns NAME,…");
    Err(match (&seen.source.kind, &seen.source.header) {
        (SourceKind::Text, ColumnHeader::Lines(lines)) => refusal.with_help(format!(
            "or write the entry by hand with header_rows = 0, skip_lines = {} and columns = [\"…\"], which names them in order",
            seen.source.skip_lines.saturating_add(*lines)
        )),
        _ => refusal,
    })
}

/// Refusal of places with possibly exchanged coordinates, which asks for the extent.
fn turned_around(paths: &[String]) -> Refusal {
    let sentence = format!(
        "the places of `{}` look turned around: none lies in Europe, and all do once longitude and latitude are exchanged",
        paths.join("`, `")
    );
    Refusal::new(ErrorCode::PlacesTurned, sentence)
        .with_help("where they are turned around, exchange them at the source: GeoJSON has the longitude first")
        .with_help("where they are right, say the box in which they lie: --extent WEST,SOUTH,EAST,NORTH")
}

/// Part of the entry above the source.
fn head_lines(
    name: &SqlIdentifier,
    seen: &InferredSource,
    about: &DraftConfigOptions,
) -> Vec<String> {
    let title = about.title.as_deref().unwrap_or(name.as_str());
    let licence = about.licence.as_deref().unwrap_or_default();
    let paths = seen.source.paths.join(", ");
    let files = match (seen.looked_at, seen.files.len()) {
        (_, 1) => String::new(),
        (some, all) if some == all => format!(", {all} files"),
        (some, all) => format!(", {some} of its {all} files"),
    };
    let mut lines = vec![format!(
        "# Written by `hansa dataset add` after a look at {} rows of {paths}{files}.",
        seen.rows
    )];
    if seen.unread.rows > 0 {
        lines.push(format!("# Of what was looked at {}.", seen.unread));
    }
    if seen.nameless > 0 {
        lines.push(format!(
            "# Columns without a name can't be read: {} of the file.",
            seen.nameless
        ));
    }
    let rest = [
        "# Check each line: what was assumed says so. Lines that begin with # are not in force.",
        "",
        "[[dataset]]",
        &format!("name        = \"{name}\""),
        &format!("title       = {}                  # what is it, for people", quote_toml_text(title)),
        &format!(
            "licence     = {}                  # CC-BY-4.0, dl-de/by-2-0, proprietary, …",
            quote_toml_text(licence)
        ),
        "# attribution = \"\"                # how the source wants to be named",
        &match about.kind {
            Some(kind) => format!("kind        = \"{kind}\""),
            None => "# kind        = \"measured\"        # or forecast, modelled, estimated: how its values came about".to_owned(),
        },
        "# zone        = \"Europe/Berlin\"   # IANA zone of its local times, where it is not the participant's",
        "# unit_column = \"\"                # whose distinct values a minimum group counts",
        "# max_bad_rows = 0.001             # share of rows that may be unreadable; none unless stated",
    ];
    lines.extend(rest.map(str::to_owned));
    if about.is_personal {
        let line = "personal    = true               # it was said that the rows are about persons";
        lines.push(line.to_owned());
    }
    match (about.extent, seen.places) {
        (Some(extent), _) => lines.push(format!(
            "extent      = {extent}    # west, south, east, north: a place outside can't be read"
        )),
        (None, InferredPlaces::None) => {}
        (None, _) => lines.push(
            "# extent      = [west, south, east, north]   # in degrees: a place outside can't be read"
                .to_owned(),
        ),
    }
    lines
}

/// Lines of `[dataset.source]`.
fn source_lines(seen: &InferredSource) -> Vec<String> {
    let source = &seen.source;
    let path = match source.paths.as_slice() {
        [one] => quote_toml_text(one),
        several => {
            let several: Vec<String> = several.iter().map(|path| quote_toml_text(path)).collect();
            format!("[{}]", several.join(", "))
        }
    };
    let mut lines = vec![
        String::new(),
        "[dataset.source]".to_owned(),
        format!("kind      = \"{}\"", source.kind.as_str()),
        format!("path      = {path}"),
    ];
    if source.kind == SourceKind::Text {
        lines.extend(text_setting_lines(seen));
    }
    lines
}

/// Settings of a text file.
fn text_setting_lines(seen: &InferredSource) -> Vec<String> {
    let source = &seen.source;
    let notes = seen.notes.filter(|notes| notes.is_set_apart);
    let notes = notes.map_or(0, |notes| notes.lines);
    let short = seen
        .short
        .saturating_sub(usize::try_from(notes).unwrap_or(0));
    let mut lines = vec![
        format!(
            "delimiter = {}    # assumed: it stands in the most lines",
            quote_toml_text(&char::from(source.delimiter).to_string())
        ),
        if source.encoding == encoding_rs::UTF_8 {
            "encoding  = \"utf-8\"    # every byte looked at is".to_owned()
        } else if source.encoding == encoding_rs::WINDOWS_1252 {
            "encoding  = \"latin-1\"    # assumed: the bytes are not UTF-8".to_owned()
        } else {
            format!(
                "encoding  = \"{}\"    # the first bytes say so",
                entry_name(source.encoding)
            )
        },
        format!(
            "decimal   = \"{}\"    # assumed from the numbers seen",
            source.decimal
        ),
    ];
    if let Some(thousands) = source.thousands {
        lines.push(format!(
            "thousands = \"{}\"    # assumed from the numbers seen",
            thousands.as_str()
        ));
    }
    if source.skip_lines > 0 {
        lines.push(format!(
            "skip_lines = {}    # assumed: lines above the header that name no column",
            source.skip_lines
        ));
    }
    match &source.header {
        ColumnHeader::Lines(1) => lines.push(
            "# header_rows = 1            # lines before the first row; their cells are joined with |"
                .to_owned(),
        ),
        ColumnHeader::Lines(count) => lines.push(format!(
            "header_rows = {count}    # assumed: no line above holds what the rows hold; their cells are joined with |"
        )),
        ColumnHeader::Names(names) => {
            let names: Vec<String> = names.iter().map(|name| quote_toml_text(name)).collect();
            lines.push(
                "header_rows = 0    # assumed: the first line holds what the rows hold".to_owned(),
            );
            lines.push(format!(
                "columns   = [{}]    # the file does not name them: do it here and below",
                names.join(", ")
            ));
        }
        ColumnHeader::Numbers => lines.push("header_rows = 0".to_owned()),
    }
    lines.extend(below_rows(seen));
    match (source.short_rows, short) {
        (ShortRowHandling::Null, _) => lines.push(format!(
            "short_rows = \"null\"    # assumed: {short} rows looked at lack their last fields, which have no value"
        )),
        (ShortRowHandling::Refuse, 0) => {}
        (ShortRowHandling::Refuse, _) => lines.push(format!(
            "# short_rows = \"null\"      # {short} rows looked at lack fields: this takes them where it is only the last"
        )),
    }
    lines.push(
        "# nulls     = [\"\"]           # words that mean \"no value\", such as \"-\" or \"NA\""
            .to_owned(),
    );
    lines
}

/// Lines after the rows.
fn below_rows(seen: &InferredSource) -> Vec<String> {
    let mut lines = Vec::new();
    let skipped = seen.source.skip_last_lines;
    match (skipped, seen.notes) {
        (0, Some(notes)) => lines.push(format!(
            "# skip_last_lines = {}    # lines at the end that are no whole rows: this takes them for notes",
            notes.lines
        )),
        (0, None) => {}
        (_, Some(_)) => lines.push(format!(
            "skip_last_lines = {skipped}    # assumed: lines below the rows, set apart from them"
        )),
        (_, None) => lines.push(format!("skip_last_lines = {skipped}")),
    }
    if let Some(total) = &seen.total {
        lines.push(format!(
            "# skip_last_lines = {}    # the last row seems to hold totals: this leaves it out",
            total.lines
        ));
    }
    lines
}

/// Lines of `[dataset.unpivot]`.
fn unpivot_lines(wide: &WideTable) -> Vec<String> {
    vec![
        String::new(),
        format!(
            "# Assumed: {} columns that are one for each station, so each becomes rows. As they are: hansa dataset add --keep-wide.",
            wide.stations.len()
        ),
        "[dataset.unpivot]".to_owned(),
        format!("match = {}", quote_toml_string(&wide.pattern)),
    ]
}

/// Description of the published columns, or the question for them.
fn describe_leaving_columns(
    columns: &[InferredColumn],
    leaves: &[bool],
    about: &DraftConfigOptions,
) -> Vec<String> {
    let names = |which: bool| -> Vec<&str> {
        let named = columns
            .iter()
            .zip(leaves)
            .filter(|(_, leaves)| **leaves == which);
        named.map(|(column, _)| column.name.as_str()).collect()
    };
    let (some, others) = (names(true), names(false));
    let line = match (&about.columns, others.is_empty()) {
        (LeavingColumns::Unsaid, _) => format!(
            "# May each of these leave? A contract can show every column that stands here, so take away what must not: {}",
            some.join(", ")
        ),
        (_, true) => format!(
            "# It was said that each of these may leave: {}",
            some.join(", ")
        ),
        (_, false) => format!(
            "# It was said that these may leave: {}; these may not and are not read: {}",
            some.join(", "),
            others.join(", ")
        ),
    };
    vec![String::new(), line]
}

/// Selection of the columns that may be published.
fn select_published_columns(
    columns: &[InferredColumn],
    about: &DraftConfigOptions,
) -> Result<Vec<bool>, Refusal> {
    let LeavingColumns::Named(wanted) = &about.columns else {
        return Ok(vec![true; columns.len()]);
    };
    let leaves = named_columns(wanted, columns)?;
    if leaves.contains(&true) {
        Ok(leaves)
    } else {
        Err(Refusal::new(
            ErrorCode::UsageWrong,
            "no column may leave, so there is nothing to publish",
        ))
    }
}

/// Selection of the named columns, by their names in the dataset or the source.
fn named_columns(words: &[String], columns: &[InferredColumn]) -> Result<Vec<bool>, Refusal> {
    let is =
        |column: &InferredColumn, word: &String| column.name == *word || column.from.contains(word);
    let unknown = words
        .iter()
        .find(|word| !columns.iter().any(|column| is(column, word)));
    if let Some(unknown) = unknown {
        let known: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        return Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("the files have no column `{unknown}`"),
        )
        .with_help(format!("the columns are {}", known.join(", "))));
    }
    let named = |column: &InferredColumn| words.iter().any(|word| is(column, word));
    Ok(columns.iter().map(named).collect())
}

/// Selection of the columns that are grid dimensions.
fn select_dimensions(
    grid: &DraftGrid,
    columns: &[InferredColumn],
    leaves: &[bool],
) -> Result<Vec<bool>, Refusal> {
    let dimensions = named_columns(&grid.dimensions, columns)?;
    let marked = columns.iter().zip(&dimensions).zip(leaves);
    let withheld = marked
        .filter(|((_, is_dimension), leaves)| **is_dimension && !**leaves)
        .map(|((column, _), _)| &column.name)
        .next();
    match withheld {
        None => Ok(dimensions),
        Some(name) => Err(Refusal::new(
            ErrorCode::UsageWrong,
            format!("it is grouped by `{name}`, which may not leave"),
        )
        .with_help("name it in --columns, too")),
    }
}

/// Bucket of the time dimension: the given one, or a day. `None` without a time dimension.
fn choose_bucket(
    grid: &DraftGrid,
    columns: &[InferredColumn],
    dimensions: &[bool],
) -> Option<String> {
    let mut marked = columns
        .iter()
        .zip(dimensions)
        .filter(|(_, marked)| **marked);
    let has_time = marked.any(|(column, _)| column.is_time());
    has_time.then(|| grid.bucket.clone().unwrap_or_else(|| "day".to_owned()))
}

/// Lines of `[dataset.grid]`.
fn grid_lines(grid: &DraftGrid, columns: &[InferredColumn], dimensions: &[bool]) -> Vec<String> {
    let marked = columns
        .iter()
        .zip(dimensions)
        .filter(|(_, marked)| **marked);
    let names: Vec<String> = marked
        .map(|(column, _)| quote_toml_text(&column.name))
        .collect();
    let mut lines = vec![
        String::new(),
        "[dataset.grid]    # the cells of aggregate contracts".to_owned(),
        format!("dimensions = [{}]", names.join(", ")),
    ];
    if let Some(bucket) = choose_bucket(grid, columns, dimensions) {
        let remark = match grid.bucket {
            Some(_) => "",
            None => "    # assumed; or quarter-hour, hour, week, month, year",
        };
        lines.push(format!("bucket     = {}{remark}", quote_toml_text(&bucket)));
    }
    lines
}

/// Dataset name from a file name, or from the folder name of several files.
fn derive_dataset_name(paths: &[String], seen: &InferredSource) -> Result<SqlIdentifier, Refusal> {
    let first = seen.files.first().map(|file| file.path());
    let place = match (first, seen.files.len()) {
        (Some(first), 1) => first.file_stem(),
        (Some(first), _) => first.parent().and_then(Path::file_name),
        (None, _) => paths.first().map(std::ffi::OsStr::new),
    };
    let stem = place.unwrap_or_default().to_string_lossy();
    let name = inferred_column::derive_name(&stem, "dataset");
    name.parse()
        .map_err(|fault| Refusal::new(ErrorCode::UsageWrong, format!("`{name}`: {fault}")))
}

/// Shortened list of names for people.
pub(super) fn listed_values(names: &[&str]) -> String {
    let shown: Vec<String> = names
        .iter()
        .take(5)
        .map(|name| format!("`{name}`"))
        .collect();
    let more = if names.len() > shown.len() {
        ", …"
    } else {
        ""
    };
    format!("{}{more}", shown.join(", "))
}

/// TOML string of a text.
fn quote_toml_text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}
