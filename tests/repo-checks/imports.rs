//! The import graph of a crate: which file uses which other one, read off the paths in its code.

use crate::house::{self, RustSourceFile};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::ToTokens;
use std::collections::{BTreeMap, BTreeSet};
use syn::{Attribute, Item};

/// The files of one crate and the uses between them, without those of tests.
pub(crate) struct ImportGraph {
    /// The folder of the package, from the root of the repository.
    pub(crate) package: String,
    /// Paths of files from the root of the repository.
    pub(crate) files: Vec<String>,
    /// For each file the files that it uses.
    pub(crate) uses: Vec<BTreeSet<usize>>,
}

/// A module: a file, or a block in one.
struct Module {
    file: usize,
    parent: usize,
    children: BTreeMap<String, usize>,
    /// What each name in it stands for, by the paths of its `use` items.
    imports: BTreeMap<String, Vec<String>>,
    /// All paths in its code.
    paths: Vec<Vec<String>>,
}

/// The import graphs of all crates of the product.
pub(crate) fn graphs() -> Vec<ImportGraph> {
    let sources = house::sources();
    let roots: Vec<_> = sources
        .iter()
        .filter_map(|source| {
            let package = source
                .path
                .strip_suffix("/src/lib.rs")
                .or_else(|| source.path.strip_suffix("/src/main.rs"))?;
            (!package.starts_with("tests/")).then(|| (package.to_owned(), source.path.clone()))
        })
        .collect();
    assert!(roots.len() > 10, "the crates were not found");
    roots
        .into_iter()
        .map(|(package, root)| graph(package, &root, &sources))
        .collect()
}

fn graph(package: String, root: &str, sources: &[RustSourceFile]) -> ImportGraph {
    let by_path: BTreeMap<_, _> = sources
        .iter()
        .map(|source| (source.path.as_str(), source))
        .collect();
    let mut graph = ImportGraph {
        package,
        files: vec![root.to_owned()],
        uses: Vec::new(),
    };
    let mut modules = Vec::new();
    let folder = root.rsplit_once('/').expect("a folder").0.to_owned();
    read_file(&by_path, root, &folder, 0, &mut modules, &mut graph.files);
    graph.uses = vec![BTreeSet::new(); graph.files.len()];
    for at in 0..modules.len() {
        // The facade of a crate shows its items; it does not work with them.
        if modules[at].file == 0 {
            continue;
        }
        for path in &modules[at].paths {
            if let Some(target) = resolve(&modules, at, path, 0)
                && modules[target].file != modules[at].file
            {
                graph.uses[modules[at].file].insert(modules[target].file);
            }
        }
    }
    graph
}

/// Reads a file, and the files of the modules that it declares, and gives the number of its module.
fn read_file(
    sources: &BTreeMap<&str, &RustSourceFile>,
    path: &str,
    folder: &str,
    parent: usize,
    modules: &mut Vec<Module>,
    files: &mut Vec<String>,
) -> usize {
    let file = files
        .iter()
        .position(|known| known == path)
        .unwrap_or_else(|| {
            files.push(path.to_owned());
            files.len() - 1
        });
    let text = &sources[path].text;
    let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
    read_items(sources, &parsed.items, file, folder, parent, modules, files)
}

fn read_items(
    sources: &BTreeMap<&str, &RustSourceFile>,
    items: &[Item],
    file: usize,
    folder: &str,
    parent: usize,
    modules: &mut Vec<Module>,
    files: &mut Vec<String>,
) -> usize {
    let number = modules.len();
    modules.push(Module {
        file,
        parent,
        children: BTreeMap::new(),
        imports: BTreeMap::new(),
        paths: Vec::new(),
    });
    for item in items {
        if is_for_tests(item) {
            continue;
        }
        let Item::Mod(inner) = item else {
            let mut tokens = Vec::new();
            flatten(item.to_token_stream(), &mut tokens);
            read_paths(&tokens, &mut modules[number]);
            continue;
        };
        let name = inner.ident.to_string();
        let inside = format!("{folder}/{name}");
        let child = match &inner.content {
            Some((_, items)) => read_items(sources, items, file, &inside, number, modules, files),
            None => {
                let path = format!("{inside}.rs");
                if !sources.contains_key(path.as_str()) {
                    continue;
                }
                read_file(sources, &path, &inside, number, modules, files)
            }
        };
        modules[number].children.insert(name, child);
    }
    number
}

/// Whether an item is compiled for tests alone.
fn is_for_tests(item: &Item) -> bool {
    let attributes: &[Attribute] = match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    };
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .to_token_stream()
                .to_string()
                .replace(' ', "")
                .starts_with("#[cfg(test)")
    })
}

/// The tokens in a row: names, `::`, and single letters for the rest.
fn flatten(stream: TokenStream, tokens: &mut Vec<String>) {
    let mut stream = stream.into_iter().peekable();
    while let Some(token) = stream.next() {
        match token {
            TokenTree::Group(group) => {
                let (open, close) = match group.delimiter() {
                    Delimiter::Brace => ("{", "}"),
                    Delimiter::Bracket => ("[", "]"),
                    Delimiter::Parenthesis => ("(", ")"),
                    Delimiter::None => ("", ""),
                };
                tokens.push(open.to_owned());
                flatten(group.stream(), tokens);
                tokens.push(close.to_owned());
            }
            TokenTree::Ident(name) => tokens.push(name.to_string()),
            TokenTree::Punct(sign) if sign.as_char() == ':' => {
                let pair =
                    matches!(stream.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                if pair {
                    stream.next();
                }
                tokens.push(if pair { "::" } else { ":" }.to_owned());
            }
            TokenTree::Punct(sign) => tokens.push(sign.as_char().to_string()),
            TokenTree::Literal(_) => tokens.push("0".to_owned()),
        }
    }
}

fn is_name(token: &str) -> bool {
    token.starts_with(|letter: char| letter.is_alphabetic() || letter == '_')
}

fn read_paths(tokens: &[String], module: &mut Module) {
    let mut at = 0;
    while at < tokens.len() {
        // `use<'a>` in a bound names lifetimes.
        if tokens[at] == "use" && tokens.get(at + 1).is_none_or(|next| next != "<") {
            at = read_use(tokens, at + 1, &[], module);
            continue;
        }
        let joined = at + 1 < tokens.len() && tokens[at + 1] == "::";
        if !is_name(&tokens[at]) || !joined || (at > 0 && tokens[at - 1] == "::") {
            at += 1;
            continue;
        }
        let mut path = vec![tokens[at].clone()];
        at += 1;
        while at + 1 < tokens.len() && tokens[at] == "::" && is_name(&tokens[at + 1]) {
            path.push(tokens[at + 1].clone());
            at += 2;
        }
        // A file that reaches into its own modules is read with them.
        if ["crate", "super", "self"].contains(&path[0].as_str()) {
            module.paths.push(path);
        }
    }
}

/// Reads a tree of a `use` item from `at` on, and gives the place after it.
fn read_use(tokens: &[String], mut at: usize, before: &[String], module: &mut Module) -> usize {
    let mut path = before.to_vec();
    while at < tokens.len() {
        match tokens[at].as_str() {
            "::" => at += 1,
            "{" => {
                at += 1;
                while at < tokens.len() && tokens[at] != "}" {
                    at = read_use(tokens, at, &path, module);
                    if at < tokens.len() && tokens[at] == "," {
                        at += 1;
                    }
                }
                return at + 1;
            }
            "as" => {
                let name = tokens[at + 1].clone();
                module.imports.insert(name, path.clone());
                module.paths.push(path);
                return at + 2;
            }
            "*" => {
                module.paths.push(path);
                return at + 1;
            }
            "," | "}" | ";" => break,
            "self" if !before.is_empty() && path.len() == before.len() => at += 1,
            name => {
                path.push(name.to_owned());
                at += 1;
            }
        }
    }
    if let Some(name) = path.last() {
        module.imports.insert(name.clone(), path.clone());
    }
    module.paths.push(path);
    at
}

/// The module that holds what a path in the module `from` names; none for other crates.
fn resolve(modules: &[Module], from: usize, path: &[String], depth: usize) -> Option<usize> {
    let (first, mut rest) = path.split_first()?;
    // An import may name itself by way of another crate of the same name.
    if depth > 8 {
        return None;
    }
    let mut at = match first.as_str() {
        "crate" => 0,
        "self" => from,
        "super" => modules[from].parent,
        name => match (
            modules[from].children.get(name),
            modules[from].imports.get(name),
        ) {
            (Some(child), _) => *child,
            (None, Some(import)) if import != path && import.first() != path.first() => {
                let longer: Vec<_> = import.iter().chain(rest).cloned().collect();
                return resolve(modules, from, &longer, depth + 1);
            }
            _ => return None,
        },
    };
    while let Some((next, after)) = rest.split_first() {
        if next == "super" {
            at = modules[at].parent;
        } else if let Some(child) = modules[at].children.get(next) {
            at = *child;
        } else if let Some(import) = modules[at].imports.get(next) {
            let longer: Vec<_> = import.iter().chain(after).cloned().collect();
            return resolve(modules, at, &longer, depth + 1).or(Some(at));
        } else {
            break;
        }
        rest = after;
    }
    Some(at)
}
