//! The page of all records of the log is the one that the code gives.

use crate::house;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use syn::{Attribute, Expr, ExprLit, Fields, GenericArgument, Item, ItemStruct, Lit, Meta};
use syn::{PathArguments, Type};

const PAGE: &str = "docs/records.md";

const HEAD: &str = "# Records\n\n\
    Each record of an evidence log has a kind, here in the order of their families, and a body whose members are listed. A record of a \
    kind that is not here, or with a member that is not here, is refused by whoever reads the log. A member with a question mark is absent \
    where there is nothing to say; none is null. Times are in UTC, digests are SHA-256 in hexadecimal digits, places are counted from 0.\n\n\
    This page is made from the structs in `audit/log/src/record/`.\n";

/// Run with `HANSA_WRITE_DOCS=1` to write the page anew.
#[test]
fn the_page_of_records_is_the_one_of_the_code() {
    let made = make_page();
    if std::env::var_os("HANSA_WRITE_DOCS").is_some() {
        std::fs::write(house::root().join(PAGE), made).expect("docs can be written");
        return;
    }
    assert!(
        house::read(PAGE) == made,
        "{PAGE} is another one: run HANSA_WRITE_DOCS=1 cargo light --test repo-checks records:: -- --test-threads 1"
    );
}

fn make_page() -> String {
    let kinds = house::read("audit/log/src/record/body.rs");
    let listed = kinds
        .split_once("record_kinds! {\n")
        .expect("the list of kinds")
        .1;
    let structs = read_structs();
    let mut page = HEAD.to_owned();
    // Structs within a body, in the order of their first mention.
    let mut parts: Vec<String> = Vec::new();
    for line in listed.lines().take_while(|line| *line != "}") {
        let line = line.trim();
        if let Some(family) = line.strip_prefix("/// ") {
            write!(page, "\n## {}\n", family.trim_end_matches('.')).unwrap();
        }
        let Some((word, rest)) = line.strip_prefix('"').and_then(|rest| rest.split_once('"'))
        else {
            continue;
        };
        let name = rest.trim().trim_end_matches(',').split(' ').nth(1);
        let item = &structs[name.expect("the struct of a kind")];
        write!(page, "\n### `{word}`\n\n{}\n", join_doc(&item.attrs)).unwrap();
        write_members(&mut page, item, &structs, &mut parts);
    }
    page.push_str("\n## Parts of these\n");
    let mut next = 0;
    while let Some(name) = parts.get(next).cloned() {
        let item = &structs[&name];
        write!(page, "\n### {name}\n\n{}\n", join_doc(&item.attrs)).unwrap();
        write_members(&mut page, item, &structs, &mut parts);
        next += 1;
    }
    page
}

/// The structs of bodies and of their parts.
fn read_structs() -> BTreeMap<String, ItemStruct> {
    let mut structs = BTreeMap::new();
    for source in house::sources() {
        let is_body = source.path.starts_with("audit/log/src/record/")
            || source.path == "audit/log/src/answer_bound.rs";
        if !is_body {
            continue;
        }
        let file = syn::parse_file(&source.text).expect("Rust");
        for item in file.items {
            if let Item::Struct(item) = item {
                structs.insert(item.ident.to_string(), item);
            }
        }
    }
    structs
}

fn write_members(
    page: &mut String,
    item: &ItemStruct,
    structs: &BTreeMap<String, ItemStruct>,
    parts: &mut Vec<String>,
) {
    let Fields::Named(fields) = &item.fields else {
        panic!("{} has no named members", item.ident);
    };
    if fields.named.is_empty() {
        page.push_str("\nIt has no members.\n");
        return;
    }
    page.push_str("\n| member | value | meaning |\n|---|---|---|\n");
    for field in &fields.named {
        let ident = field.ident.as_ref().expect("a name").to_string();
        let name = renamed(&field.attrs).unwrap_or(ident);
        let (kind, is_optional) = describe(&field.ty, structs, parts);
        let optional = if is_optional { " ?" } else { "" };
        let meaning = join_doc(&field.attrs);
        writeln!(page, "| `{name}`{optional} | {kind} | {meaning} |").unwrap();
    }
}

/// The kind of value in words, and whether the member can be absent.
fn describe(
    kind: &Type,
    structs: &BTreeMap<String, ItemStruct>,
    parts: &mut Vec<String>,
) -> (String, bool) {
    let path = match kind {
        Type::Path(path) => path.path.segments.last().expect("a name"),
        Type::Array(array) => {
            let (of, _) = describe(&array.elem, structs, parts);
            return (format!("two of: {of}"), false);
        }
        _ => panic!("a type that no record has"),
    };
    let argument = |number: usize| match &path.arguments {
        PathArguments::AngleBracketed(arguments) => match arguments.args.iter().nth(number) {
            Some(GenericArgument::Type(of)) => of.clone(),
            _ => panic!("a type within another"),
        },
        _ => panic!("a type within another"),
    };
    let word = match path.ident.to_string().as_str() {
        "Option" => return (describe(&argument(0), structs, parts).0, true),
        "Vec" => format!("list of {}", describe(&argument(0), structs, parts).0),
        "BTreeMap" => format!("{} by text", describe(&argument(1), structs, parts).0),
        "String" => "text".to_owned(),
        "Digest" => "digest".to_owned(),
        "UtcTimestamp" => "time".to_owned(),
        "u64" | "u32" => "count".to_owned(),
        "i64" => "number".to_owned(),
        "bool" => "true or false".to_owned(),
        name if structs.contains_key(name) => {
            if !parts.iter().any(|part| part == name) {
                parts.push(name.to_owned());
            }
            format!("[{name}](#{})", name.to_lowercase())
        }
        other => panic!("`{other}` is a type that no record has"),
    };
    (word, false)
}

fn join_doc(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for attribute in attributes {
        let Meta::NameValue(pair) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) = &pair.value
        else {
            continue;
        };
        if !pair.path.is_ident("doc") {
            continue;
        }
        if !text.is_empty() && !text.ends_with(' ') {
            text.push(' ');
        }
        text.push_str(line.value().trim());
    }
    text.trim().to_owned()
}

/// The name in the log, where it is another than that of the field.
fn renamed(attributes: &[Attribute]) -> Option<String> {
    let mut name = None;
    for attribute in attributes.iter().filter(|one| one.path().is_ident("serde")) {
        attribute
            .parse_nested_meta(|meta| {
                let is_rename = meta.path.is_ident("rename");
                if let Ok(value) = meta.value() {
                    let value: Lit = value.parse()?;
                    if let (true, Lit::Str(value)) = (is_rename, value) {
                        name = Some(value.value());
                    }
                }
                Ok(())
            })
            .expect("an attribute of serde");
    }
    name
}
