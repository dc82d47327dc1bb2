//! Names of types and modules: a noun that says what the thing is, once in its crate.

use crate::functions;
use crate::house::{self, RustSourceFile};
use std::collections::BTreeMap;
use syn::visit::{self, Visit};
use syn::{Ident, ItemEnum, ItemMod, ItemStruct, ItemTrait, ItemType, ItemUnion, Visibility};

/// Pronouns, prepositions, adverbs, verb forms and participles: no type is named by one of them alone.
const NOT_NOUNS: [&str; 66] = [
    "About",
    "Afar",
    "After",
    "Again",
    "Among",
    "Around",
    "At",
    "Bare",
    "Before",
    "Begun",
    "Below",
    "Beside",
    "Between",
    "By",
    "Came",
    "Carried",
    "Drawn",
    "Each",
    "Fell",
    "Filed",
    "For",
    "Found",
    "From",
    "Given",
    "Gone",
    "Held",
    "Here",
    "How",
    "In",
    "Inside",
    "Issued",
    "Kept",
    "Known",
    "Lacking",
    "Late",
    "Left",
    "Made",
    "Near",
    "No",
    "Not",
    "Of",
    "One",
    "Only",
    "Otherwise",
    "Out",
    "Over",
    "Owed",
    "Posed",
    "Quiet",
    "Ready",
    "Said",
    "Seen",
    "Shown",
    "Taken",
    "Tell",
    "To",
    "Told",
    "Wanted",
    "What",
    "When",
    "Where",
    "Which",
    "Whom",
    "Whose",
    "Why",
    "With",
];

/// Words that were once used for the things on the right. They are refused as parts of names of types and modules.
const RETIRED: [(&str, &str); 29] = [
    ("afar", "remote"),
    ("courier", "executor or client"),
    ("deed", "signature purpose or approval action"),
    ("desk", "admin, builder or workspace"),
    ("errand", "remote query"),
    ("errands", "remote queries"),
    ("fare", "charge"),
    ("hoard", "window memory"),
    ("hole", "template parameter"),
    ("knock", "rejected connection"),
    ("lender", "key source"),
    ("lent", "delegated plan or keys sent"),
    ("letter", "message"),
    ("letters", "messages"),
    ("mailman", "inbox subscription"),
    ("mend", "remedy or repair"),
    ("mends", "repairs"),
    ("outlaw", "malicious peer"),
    ("paper", "document"),
    ("papers", "documents"),
    ("purse", "prepaid balance"),
    ("rogue", "malicious server"),
    ("said", "verdict, syntax or replayed record"),
    ("shelf", "storage or registry"),
    ("taker", "assignee"),
    ("told", "reported or disclosed"),
    ("tongue", "language"),
    ("town", "test federation or demo city"),
    ("wish", "options or arguments"),
];

/// Words that were once used in records for the things on the right. Elsewhere some of them are words of Rust or of a command.
const RETIRED_IN_RECORDS: [(&str, &str); 4] = [
    ("guard", "restriction"),
    ("heard", "gossiped"),
    ("officers", "approval"),
    ("quiet", "no new data"),
];

/// A definition.
struct Named {
    /// The name of the type, or of the module.
    name: String,
    /// Whether others than its file see it.
    public: bool,
    /// Whether it is a type.
    is_type: bool,
    line: usize,
}

#[derive(Default)]
struct Names(Vec<Named>);

impl Names {
    fn add(&mut self, name: &Ident, visibility: &Visibility, is_type: bool) {
        self.0.push(Named {
            name: name.to_string(),
            public: !matches!(visibility, Visibility::Inherited),
            is_type,
            line: name.span().start().line,
        });
    }
}

impl Visit<'_> for Names {
    fn visit_item_struct(&mut self, item: &ItemStruct) {
        self.add(&item.ident, &item.vis, true);
    }
    fn visit_item_enum(&mut self, item: &ItemEnum) {
        self.add(&item.ident, &item.vis, true);
    }
    fn visit_item_union(&mut self, item: &ItemUnion) {
        self.add(&item.ident, &item.vis, true);
    }
    fn visit_item_trait(&mut self, item: &ItemTrait) {
        self.add(&item.ident, &item.vis, true);
    }
    fn visit_item_type(&mut self, item: &ItemType) {
        self.add(&item.ident, &item.vis, true);
    }
    fn visit_item_mod(&mut self, item: &ItemMod) {
        self.add(&item.ident, &item.vis, false);
        visit::visit_item_mod(self, item);
    }
}

fn names(source: &RustSourceFile) -> Vec<Named> {
    let parsed =
        syn::parse_file(&source.text).unwrap_or_else(|error| panic!("{}: {error}", source.path));
    let mut names = Names::default();
    names.visit_file(&parsed);
    names.0
}

/// The package of a file: its folder above `src`, or the folder of a test.
fn package(path: &str) -> &str {
    match path.split_once("/src/") {
        Some((package, _)) => package,
        None => path.rsplit_once('/').map_or(path, |(folder, _)| folder),
    }
}

fn product() -> impl Iterator<Item = RustSourceFile> {
    house::sources()
        .into_iter()
        .filter(|source| !source.is_generated() && !source.path.starts_with("tests/fuzz"))
}

/// The words of a name in either case: `RemoteQuery` and `remote_query` have the same.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for letter in name.chars() {
        if letter == '_' || letter.is_uppercase() {
            words.push(String::new());
        }
        if letter != '_'
            && let Some(word) = words.last_mut()
        {
            word.extend(letter.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn names_are_nouns_of_the_field() {
    let mut wrong = Vec::new();
    for source in product() {
        for named in names(&source) {
            let at = format!("{}:{}: {}", source.path, named.line, named.name);
            if named.is_type && NOT_NOUNS.contains(&named.name.as_str()) {
                wrong.push(format!("{at}: name it by a noun that says what it is"));
            }
            // A module of tests is named for what it tests.
            if source.is_test() && !named.is_type {
                continue;
            }
            let words = words(&named.name);
            let retired = RETIRED
                .iter()
                .find(|(word, _)| words.iter().any(|name| name == word));
            if let Some((word, instead)) = retired {
                wrong.push(format!("{at}: not `{word}` but {instead}"));
            }
        }
    }
    house::none("a name that says nothing to a stranger", &wrong);
}

/// A file of tests is named for the feature that it tries.
#[test]
fn files_of_tests_are_named_for_a_feature() {
    let mut wrong = Vec::new();
    for source in product().filter(RustSourceFile::is_test) {
        let file = source.path.rsplit('/').next().unwrap_or_default();
        let name = file.trim_end_matches(".rs");
        let says_nothing = (!name.contains('_') && functions::is_participle(name))
            || functions::NO_VERBS.contains(&name)
            || NOT_NOUNS.iter().any(|word| word.to_lowercase() == name);
        if says_nothing {
            wrong.push(format!("{}: name it for what it tries", source.path));
        }
    }
    house::none("a file of tests that does not say what it tries", &wrong);
}

/// The kinds of records, and the members of their bodies, are words of the log that others read.
#[test]
fn records_are_named_with_words_of_the_field() {
    let page = house::read("docs/records.md");
    let kinds = page.lines().filter_map(|line| line.strip_prefix("### `"));
    let members = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let named: Vec<&str> = kinds
        .chain(members)
        .filter_map(|line| line.split('`').next())
        .collect();
    assert!(named.len() > 300, "{} names on the page", named.len());
    let mut wrong = Vec::new();
    for name in named {
        let words = words(name);
        for (word, instead) in RETIRED.iter().chain(&RETIRED_IN_RECORDS) {
            if words.iter().any(|name| name == word) {
                wrong.push(format!("{name}: not `{word}` but {instead}"));
            }
        }
    }
    house::none("a name in a record that says nothing to a stranger", &wrong);
}

#[test]
fn no_two_public_types_of_a_crate_share_a_name() {
    let mut found: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
    for source in product() {
        for named in names(&source) {
            if named.is_type && named.public {
                let key = (package(&source.path).to_owned(), named.name);
                let at = format!("{}:{}", source.path, named.line);
                found.entry(key).or_default().push(at);
            }
        }
    }
    let wrong: Vec<_> = found
        .into_iter()
        .filter(|(_, places)| places.len() > 1)
        .map(|((_, name), places)| format!("{name}: {}", places.join(" ")))
        .collect();
    house::none("two public types of one crate share a name", &wrong);
}

#[test]
fn figures_of_public_type_names() {
    let names: Vec<String> = house::sources()
        .iter()
        .flat_map(names)
        .filter(|named| named.is_type && named.public)
        .map(|named| named.name)
        .collect();
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    for name in &names {
        *uses.entry(name).or_default() += 1;
    }
    let all = names.len();
    let letters: usize = names.iter().map(|name| name.chars().count()).sum();
    let short = names
        .iter()
        .filter(|name| name.chars().count() <= 6)
        .count();
    let shared: usize = uses.values().filter(|uses| **uses > 1).sum();
    let tenths = letters * 10 / all;
    println!(
        "public types: {all}; mean length of their names: {}.{} letters; with six letters or fewer: {} %; \
         with the name of another: {} %",
        tenths / 10,
        tenths % 10,
        short * 100 / all,
        shared * 100 / all,
    );
    assert!(tenths >= 110, "names became short again");
    assert!(short * 100 <= all * 18, "names became short again");
    assert!(shared * 100 <= all * 25, "names are used twice");
}

#[test]
fn words_of_a_name_are_read() {
    assert_eq!(words("RemoteQuery"), ["remote", "query"]);
    assert_eq!(words("remote_query"), words("RemoteQuery"));
}
