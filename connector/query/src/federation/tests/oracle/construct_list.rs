//! List of SQL constructs, each with a statement and its results here, in PostgreSQL, and in the unmodified engine.
//!
//! With `HANSA_WRITE_DOCS=1` the page of the documentation is written instead of compared.

mod decimal_lines;
mod lines;

use self::lines::{ConstructLine, Outcome, SECTIONS, Section};
use super::answerers::{Answerers, TextTable, text};
use crate::sql::functions;
use std::fmt::Write as _;
use std::path::Path;

const TABLES: [TextTable; 2] = [
    TextTable {
        name: "trees",
        columns: &["tree:int", "street:text?", "height:float?", "planted:date?"],
        rows: "1,Am Hof,12.5,2001-03-10\n2,Am Hof,,2010-11-02\n3,,7,\n4,Weg,12.5,2001-03-10",
    },
    TextTable {
        name: "care",
        columns: &["tree:int?", "day:date", "cost:int"],
        rows: "1,2024-05-02,100\n1,2024-09-01,150\n,2024-06-01,80\n5,2024-07-15,60",
    },
];

#[test]
fn each_line_of_the_list_is_true() {
    let all = Answerers::new(&TABLES);
    let mut faults = Vec::new();
    for line in SECTIONS.iter().flat_map(|section| section.lines) {
        if let Err(fault) = check(&all, line) {
            faults.push(format!("{}: {fault}", line.statement));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn check(all: &Answerers, line: &ConstructLine) -> Result<(), String> {
    let theirs = all.ask_postgresql(line.statement);
    let expected = match &line.postgresql {
        Outcome::Rows(rows) => Ok((*rows).to_owned()),
        Outcome::Fails(state) => Err((*state).to_owned()),
    };
    if theirs != expected {
        return Err(format!("PostgreSQL gives {theirs:?}"));
    }
    let ours = all.ask_here(line.statement);
    match (&line.here, &ours) {
        (None, _) => all.same(&ours, line.statement)?,
        (Some(Outcome::Rows(expected)), Ok(rows)) => {
            if text(rows) != *expected {
                return Err(format!("here it gives {}", text(rows)));
            }
            if all.same(&ours, line.statement).is_ok() {
                return Err("it does not differ from PostgreSQL any more".to_owned());
            }
        }
        (Some(Outcome::Fails(code)), Err(refusal)) => {
            if refusal.code.to_string() != *code {
                return Err(format!("here it is refused with {refusal}"));
            }
        }
        (_, Ok(rows)) => return Err(format!("here it gives {}", text(rows))),
        (_, Err(refusal)) => return Err(format!("here it is refused with {refusal}")),
    }
    if let Some(instead) = line.instead {
        let ours = all.ask_here(instead);
        let question = match &line.postgresql {
            Outcome::Rows(_) => line.statement,
            Outcome::Fails(_) => instead,
        };
        all.same(&ours, question)
            .map_err(|fault| format!("{instead}: {fault}"))?;
    }
    if let Some(expected) = &line.engine {
        let given = all.ask_engine(line.statement);
        let expected = match expected {
            Outcome::Rows(rows) => Some((*rows).to_owned()),
            Outcome::Fails(_) => None,
        };
        if given != expected {
            return Err(format!("the engine is another one: it gives {given:?}"));
        }
    }
    Ok(())
}

#[test]
fn the_page_lists_each_construct() {
    let page = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/sql.md");
    if std::env::var_os("HANSA_WRITE_DOCS").is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/sql.md is not what is understood today"
    );
}

fn page() -> String {
    let mut page = lines::HEAD.to_owned();
    let tables: String = TABLES.iter().map(TextTable::sql).collect();
    let _infallible = write!(page, "\n```sql\n{tables}```\n");
    for Section {
        title,
        about,
        lines,
    } in SECTIONS
    {
        let _infallible = write!(page, "\n## {title}\n\n");
        if !about.is_empty() {
            let _infallible = write!(page, "{about}\n\n");
        }
        page.push_str("| construct | a statement with it | here | PostgreSQL | unmodified engine | remarks |\n");
        page.push_str("|---|---|---|---|---|---|\n");
        for line in *lines {
            page.push_str(&row(line));
        }
    }
    let _infallible = write!(page, "\n## Functions\n\n{}\n", lines::FUNCTIONS);
    for (kind, names) in [
        ("Of one row", functions::SCALAR),
        ("Of the rows of a group", functions::AGGREGATE),
        (
            "Of the rows of a window, beside those of a group",
            functions::WINDOW,
        ),
    ] {
        let mut names: Vec<&str> = names.split(' ').collect();
        names.sort_unstable();
        let _infallible = write!(page, "\n{kind}: `{}`.\n", names.join("`, `"));
    }
    page
}

fn row(line: &ConstructLine) -> String {
    let cell = |text: &str| text.replace('|', "\\|");
    let code = |text: &str| format!("`{}`", cell(text));
    let outcome = |outcome: &Outcome| match outcome {
        Outcome::Rows(rows) => code(rows),
        Outcome::Fails("") => "fails".to_owned(),
        Outcome::Fails(state) => format!("fails ({state})"),
    };
    let here = match &line.here {
        None => outcome(&line.postgresql),
        Some(Outcome::Rows(rows)) => format!("**differs:** {}", code(rows)),
        Some(Outcome::Fails(refusal)) => format!("**refused:** `{refusal}`"),
    };
    let engine = line.engine.as_ref().map_or_else(String::new, outcome);
    let mut remarks: Vec<String> = Vec::new();
    remarks.extend((!line.meaning.is_empty()).then(|| cell(line.meaning)));
    remarks.extend(
        line.instead
            .map(|instead| format!("write {}", code(instead))),
    );
    remarks.extend(line.reason.map(cell));
    format!(
        "| {} | {} | {here} | {} | {engine} | {} |\n",
        cell(line.construct),
        code(line.statement),
        outcome(&line.postgresql),
        remarks.join("; "),
    )
}

/// Prints the answers of all three engines to the statements of a file, as a help for new lines. `HANSA_CONSTRUCTS` is the path.
#[test]
fn statements_of_a_file_are_answered() {
    let Ok(file) = std::env::var("HANSA_CONSTRUCTS") else {
        return;
    };
    let all = Answerers::new(&TABLES);
    for sql in std::fs::read_to_string(file).unwrap().lines() {
        let ours = all.ask_here(sql);
        let is_same = all.same(&ours, sql).is_ok();
        let ours = match ours {
            Ok(rows) => text(&rows),
            Err(refusal) => format!("REFUSED {refusal}"),
        };
        println!(
            "{sql}\t{is_same}\t{ours}\t{:?}\t{:?}",
            all.ask_postgresql(sql),
            all.ask_engine(sql)
        );
    }
}
