//! Tests: each problem of a file is reported once, with its code, line, key and help.

use crate::reader::{ProblemStyle, TomlReader};
use crate::table::TomlTable;
use hansa_policy::refusal::{ErrorCode, Refusal};

const STYLE: ProblemStyle = ProblemStyle {
    ill_typed: ErrorCode::TermIllTyped,
    unknown_word: ErrorCode::TermUnknown,
    whole_keys: false,
};

/// Checks the problems of a file, as `CODE line key: sentence; help`.
#[track_caller]
fn check(text: &str, style: ProblemStyle, read: fn(TomlTable<'_>), expect: &[&str]) {
    let reader = TomlReader::new("a.toml", text, style);
    let problems = match reader.parse() {
        Ok(parsed) => {
            read(reader.root(&parsed));
            assert_eq!(reader.is_clean(), expect.is_empty());
            reader.take_problems()
        }
        Err(problems) => problems,
    };
    let line = |problem: &Refusal| {
        let location = problem.location.as_ref().unwrap();
        let key = location.key.as_deref().unwrap_or("-");
        let (line, help) = (location.line.unwrap(), problem.help.join("; "));
        format!(
            "{} {line} {key}: {}; {help}",
            problem.code, problem.sentence
        )
    };
    let found: Vec<String> = problems.iter().map(line).collect();
    assert_eq!(found, expect, "{text}");
}

#[test]
fn values_of_other_types() {
    let text = "[a]\ntext = 1\nflag = 0.5\nwhole = [\n0,\n-1,\n70000,\n0x1F]\ntexts = [\n\"x\",\n2026-01-01]\nname = \"Ä\"\n";
    let read = |root: TomlTable<'_>| {
        let a = root.section("a");
        assert_eq!((a.text("text"), a.flag("flag")), (None, None));
        let items = a.get("whole").unwrap().items().unwrap();
        let read = items.iter().map(|item| item.integer::<u16>(0));
        let read: Vec<Option<u16>> = read.collect();
        assert_eq!(read, [Some(0), None, None, Some(31)]);
        assert_eq!(a.texts("texts"), None);
        assert_eq!(a.parse_text::<u8>("name"), None);
        a.finish();
        root.finish();
    };
    check(
        text,
        STYLE,
        read,
        &[
            "TERM_ILL_TYPED 2 text: `a.text` is an integer instead of a text; ",
            "TERM_ILL_TYPED 3 flag: `a.flag` is a number with a fraction instead of true or false; ",
            "TERM_ILL_TYPED 6 whole: `a.whole` is an integer instead of a whole number from 0; ",
            "TERM_ILL_TYPED 7 whole: `a.whole` is an integer instead of a number that fits here; ",
            "TERM_ILL_TYPED 9 texts: `a.texts` is a list with a date or a time instead of a text or a list of texts; ",
            "TERM_ILL_TYPED 12 name: `Ä`: invalid digit found in string; ",
        ],
    );
}

#[test]
fn keys_and_words_that_are_not_known() {
    let text = "kind = \"gzip\"\n[[b]]\nname = \"x\"\nnome = 1\nzzzzzz = 2\n[[b]]\n[c]\n";
    let read = |root: TomlTable<'_>| {
        root.skip("c");
        let known = [("zstd", 1), ("lz4", 2)];
        assert_eq!(root.word("kind", &known), None);
        for b in root.tables("b") {
            b.required_value("name");
            b.refuse("name", Refusal::new(ErrorCode::AliasClash, "twice"));
            b.add_problem("name", "bad");
            b.finish();
        }
        let absent = root.section("d");
        assert!(!absent.is_present() && absent.line() == 1);
        root.finish();
    };
    check(
        text,
        ProblemStyle::CONFIG,
        read,
        &[
            "CONFIG_INVALID 1 kind: `gzip` is no value of `kind`; the values are zstd, lz4",
            "ALIAS_CLASH 2 b.name: twice; ",
            "CONFIG_INVALID 3 b.name: bad; ",
            "CONFIG_UNKNOWN_KEY 4 b.nome: there is no key `b.nome`; did you mean `name`?",
            "CONFIG_UNKNOWN_KEY 5 b.zzzzzz: there is no key `b.zzzzzz`; the keys are name",
            "CONFIG_INVALID 6 b.name: `b.name` is missing; ",
            "ALIAS_CLASH 6 b.name: twice; ",
            "CONFIG_INVALID 6 b.name: bad; ",
        ],
    );
}

#[test]
fn tables_that_are_none() {
    let read = |root: TomlTable<'_>| {
        assert!(root.table("a").is_none() && !root.section("a").is_present());
        assert_eq!(root.tables("b").len(), 1);
        assert!(root.tables("c").is_empty());
        let c = root.get("c").unwrap();
        assert!(c.table_with(&["x"]).is_some());
        assert_eq!((c.line(), c.source_text()), (4, "{ y = 1 }"));
    };
    check(
        "a = 1\nb = [{},\n2]\nc = { y = 1 }\n",
        ProblemStyle::CONFIG,
        read,
        &[
            "CONFIG_INVALID 1 a: `a` is an integer instead of a table; ",
            "CONFIG_INVALID 1 a: `a` is an integer instead of a table; ",
            "CONFIG_INVALID 3 b: `b` is an integer instead of a table; ",
            "CONFIG_INVALID 4 c: `c` is a table instead of an array of tables, [[c]]; ",
            "CONFIG_UNKNOWN_KEY 4 c.y: there is no key `c.y`; the keys are x",
        ],
    );
}

#[test]
fn each_place_that_is_not_toml() {
    let reader = TomlReader::new("a.toml", "a = 1\na = 2\nb = \n", ProblemStyle::CONFIG);
    let problems = reader.parse().unwrap_err();
    let lines: Vec<_> = problems
        .iter()
        .map(|problem| problem.location.as_ref().and_then(|location| location.line))
        .collect();
    assert_eq!(lines, [Some(2), Some(3)], "{problems:?}");
    assert!(problems[0].sentence.contains("not TOML: duplicate key"));
}
