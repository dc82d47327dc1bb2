//! No switch for tests inside product code: a protection, a failure or a pause is a trait object that tests replace, and the product has
//! one implementation of each such trait.
//!
//! Items that are compiled for tests alone, such as `mod tests` and getters for tests, are no switches.

use crate::house;
use std::collections::BTreeMap;
use syn::visit::{self, Visit};
use syn::{Attribute, ImplItem, Item, Meta, TraitItem};

/// Switches that are left, by file. The numbers only go down.
const LEFT: [(&str, usize); 3] = [
    // The count of questions at several cores, which nothing but tests reads.
    ("connector/query/src/core_pool.rs", 2),
    ("connector/query/src/execute/plan_runner.rs", 1),
    // A model of the tests.
    ("connector/query/src/model.rs", 1),
];

/// The traits that tests implement, and their one implementation in the product.
const REPLACED: [(&str, &str); 3] = [
    ("FrameAppender", "SyncedAppender"),
    ("ScanGate", "ClosedGate"),
    ("WalkObserver", "NoObserver"),
];

/// The switches and the implementations of a file.
#[derive(Default)]
struct TestSwitches {
    switches: usize,
    implementations: Vec<(String, String)>,
}

/// The condition of `cfg`, without spaces.
fn condition(attribute: &Attribute) -> Option<String> {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => {
            Some(list.tokens.to_string().replace(' ', ""))
        }
        _ => None,
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    let mut conditions = attributes.iter().filter_map(condition);
    conditions.any(|condition| condition == "test")
}

fn name_of(kind: &syn::Type) -> Option<String> {
    match kind {
        syn::Type::Path(named) => Some(named.path.segments.last()?.ident.to_string()),
        _ => None,
    }
}

impl<'ast> Visit<'ast> for TestSwitches {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes: &[Attribute] = match item {
            Item::Const(item) => &item.attrs,
            Item::Enum(item) => &item.attrs,
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Macro(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            Item::Static(item) => &item.attrs,
            Item::Struct(item) => &item.attrs,
            Item::Trait(item) => &item.attrs,
            Item::Type(item) => &item.attrs,
            Item::Use(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes: &[Attribute] = match item {
            ImplItem::Const(item) => &item.attrs,
            ImplItem::Fn(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes: &[Attribute] = match item {
            TraitItem::Fn(item) => &item.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some((_, path, _)) = &item.trait_
            && let Some(implemented) = path.segments.last()
            && let Some(name) = name_of(&item.self_ty)
        {
            let implemented = implemented.ident.to_string();
            self.implementations.push((implemented, name));
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        let condition = condition(attribute);
        let mut words = condition
            .iter()
            .flat_map(|text| text.split(['(', ')', ',']));
        self.switches += usize::from(words.any(|word| word == "test"));
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let is_switch = call.path.is_ident("cfg") && call.tokens.to_string() == "test";
        self.switches += usize::from(is_switch);
    }
}

fn find_switches(text: &str) -> TestSwitches {
    let mut found = TestSwitches::default();
    found.visit_file(&syn::parse_file(text).unwrap());
    found
}

#[test]
fn product_code_has_no_switch_for_tests() {
    let mut switches = BTreeMap::new();
    let mut implementations = Vec::new();
    for source in house::sources() {
        if source.is_test() || source.is_generated() {
            continue;
        }
        let found = find_switches(&source.text);
        if found.switches > 0 {
            switches.insert(source.path, found.switches);
        }
        implementations.extend(found.implementations);
    }
    let left = LEFT.map(|(path, count)| (path.to_owned(), count));
    assert_eq!(
        switches,
        BTreeMap::from(left),
        "a switch for tests in product code: make it a trait object that tests replace"
    );
    for (replaced, own) in REPLACED {
        let all = implementations.iter();
        let all = all.filter(|(implemented, _)| implemented == replaced);
        let names: Vec<&str> = all.map(|(_, name)| name.as_str()).collect();
        assert_eq!(names, [own], "implementations of {replaced} in the product");
    }
}

#[test]
fn switches_are_found() {
    let switches = |text: &str| find_switches(text).switches;
    assert_eq!(switches("struct A { #[cfg(test)] a: u8 }"), 1);
    assert_eq!(switches("enum A { B, #[cfg(test)] C }"), 1);
    assert_eq!(switches("fn f(#[cfg(test)] a: u8) {}"), 1);
    assert_eq!(switches("fn f() { #[cfg(test)] let a = 1; }"), 1);
    assert_eq!(switches("fn f() { #[cfg(test)] g(); }"), 1);
    assert_eq!(switches("fn f() -> A { A { #[cfg(test)] a: 1 } }"), 1);
    assert_eq!(switches("fn f() -> bool { cfg!(test) && a }"), 1);
    assert_eq!(switches("#[cfg(not(test))] fn f() {}"), 1);
    assert_eq!(
        switches("fn f() { match a { #[cfg(test)] 1 => b(), _ => c() } }"),
        1
    );
    assert_eq!(
        switches("#[cfg(test)] mod tests { fn f() { cfg!(test); } }"),
        0
    );
    assert_eq!(switches("impl A { #[cfg(test)] fn f(&self) {} }"), 0);
    assert_eq!(switches("#[cfg(unix)] fn f() {}"), 0);
}
