//! Names of functions: a verb with its object, a getter by its noun, a predicate by `is_`. Names that a plan or `Debug` shows are those of
//! the code.
//!
//! The ceiling is what was measured last: it only goes down.

use crate::house::{self, RustSourceFile};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{
    Attribute, FnArg, ImplItemFn, Item, ItemFn, ItemImpl, Pat, Signature, TraitItemFn, Type,
};

/// Words that are participles although they do not end in `ed`, as names of functions alone.
const PARTICIPLES: [&str; 33] = [
    "begun",
    "bound",
    "broken",
    "brought",
    "built",
    "chosen",
    "cut",
    "drawn",
    "driven",
    "fallen",
    "forgotten",
    "found",
    "given",
    "gone",
    "held",
    "hidden",
    "kept",
    "known",
    "lent",
    "made",
    "meant",
    "met",
    "paid",
    "said",
    "seen",
    "sent",
    "shown",
    "spent",
    "taken",
    "thrown",
    "told",
    "understood",
    "written",
];

/// Words that end in `ed` and are none.
const NO_PARTICIPLES: [&str; 6] = ["embed", "feed", "need", "seed", "shed", "speed"];

/// Pronouns and prepositions, which say nothing alone. `of`, `from`, `to` and `with` make a value of others in Rust.
pub(crate) const NO_VERBS: [&str; 21] = [
    "about", "after", "among", "around", "at", "before", "below", "beside", "between", "by", "for",
    "here", "how", "in", "inside", "over", "what", "where", "which", "who", "why",
];

/// The most functions in a hundred that are named by one word.
const MOST_SINGLE_WORDS: usize = 20;

/// The most parameters of a function, `self` included. A struct names more of them.
const PARAMETERS: usize = 7;

/// A function of the product.
struct Function {
    name: String,
    at: String,
    parameters: usize,
    /// `true` where a parameter is a tuple without a name.
    takes_tuple: bool,
}

impl Function {
    fn to_text(&self) -> String {
        format!("{}: {}", self.at, self.name)
    }
}

/// The functions of a file that are not compiled for tests alone. Those of a trait of others have the names that it gives.
struct Functions<'a> {
    path: &'a str,
    found: Vec<Function>,
}

impl Functions<'_> {
    fn add(&mut self, signature: &Signature) {
        let takes_tuple = signature.inputs.iter().any(|input| match input {
            FnArg::Receiver(_) => false,
            FnArg::Typed(typed) => {
                matches!(&*typed.ty, Type::Tuple(tuple) if !tuple.elems.is_empty())
                    || matches!(&*typed.pat, Pat::Tuple(_))
            }
        });
        self.found.push(Function {
            name: signature.ident.to_string(),
            at: format!("{}:{}", self.path, signature.span().start().line),
            parameters: signature.inputs.len(),
            takes_tuple,
        });
    }
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || matches!(&attribute.meta, syn::Meta::List(list)
                if list.path.is_ident("cfg") && list.tokens.to_string() == "test")
    })
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = match item {
            Item::Fn(item) => &item.attrs,
            Item::Impl(item) => &item.attrs,
            Item::Mod(item) => &item.attrs,
            _ => return visit::visit_item(self, item),
        };
        if !is_for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        self.add(&item.sig);
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if item.trait_.is_none() {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            self.add(&item.sig);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        self.add(&item.sig);
    }
}

fn product() -> Vec<(RustSourceFile, syn::File)> {
    let sources = house::sources().into_iter();
    sources
        .filter(|source| !source.is_generated() && !source.is_test())
        .map(|source| {
            let parsed = syn::parse_file(&source.text);
            let parsed = parsed.unwrap_or_else(|error| panic!("{}: {error}", source.path));
            (source, parsed)
        })
        .collect()
}

fn functions() -> Vec<Function> {
    let mut all = Vec::new();
    for (source, parsed) in product() {
        let mut here = Functions {
            path: &source.path,
            found: Vec::new(),
        };
        here.visit_file(&parsed);
        all.extend(here.found);
    }
    all
}

pub(crate) fn is_participle(name: &str) -> bool {
    PARTICIPLES.contains(&name)
        || (name.ends_with("ed") && !name.contains('_') && !NO_PARTICIPLES.contains(&name))
}

fn is_no_verb(name: &str) -> bool {
    NO_VERBS.contains(&name)
}

#[test]
fn functions_are_named_by_verbs_with_objects() {
    let functions = functions();
    let all = functions.len();
    assert!(all > 3_000, "{all} functions were found");
    let single = functions
        .iter()
        .filter(|function| !function.name.contains('_'));
    let single = single.count();
    println!(
        "functions: {all}; named by one word: {} %",
        single * 100 / all
    );
    assert!(
        single * 100 <= all * MOST_SINGLE_WORDS,
        "{single} of {all} functions are named by one word"
    );
}

#[test]
fn no_function_is_named_by_a_word_without_a_verb() {
    let functions = functions();
    let wrong = functions
        .iter()
        .filter(|function| is_participle(&function.name) || is_no_verb(&function.name));
    let wrong: Vec<String> = wrong.map(Function::to_text).collect();
    house::none("a participle, a pronoun or a preposition alone", &wrong);
}

#[test]
fn no_function_takes_a_tuple() {
    let functions = functions();
    let wrong = functions.iter().filter(|function| function.takes_tuple);
    let wrong: Vec<String> = wrong.map(Function::to_text).collect();
    house::none("a parameter without a name", &wrong);
}

#[test]
fn functions_have_few_parameters() {
    let wrong: Vec<String> = functions()
        .iter()
        .filter(|function| function.parameters > PARAMETERS)
        .map(|function| {
            let Function {
                at,
                name,
                parameters,
                ..
            } = function;
            format!("{at}: {name} has {parameters} parameters: give it a struct")
        })
        .collect();
    house::none("a function whose call nobody can read", &wrong);
}

/// The literals in the body of `name` of an `ExecutionPlan`, and of `debug_struct`.
struct ShownNames(Vec<String>);

impl<'ast> Visit<'ast> for ShownNames {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if call.method == "debug_struct"
            && let Some(syn::Expr::Lit(literal)) = call.args.first()
            && let syn::Lit::Str(text) = &literal.lit
        {
            self.0.push(text.value());
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if item.sig.ident == "name"
            && let [syn::Stmt::Expr(syn::Expr::Lit(literal), None)] = item.block.stmts.as_slice()
            && let syn::Lit::Str(text) = &literal.lit
        {
            self.0.push(text.value());
        }
        visit::visit_impl_item_fn(self, item);
    }
}

#[test]
fn plans_and_debug_show_the_names_of_the_code() {
    let mut wrong = Vec::new();
    for (source, parsed) in product() {
        for item in &parsed.items {
            let Item::Impl(item) = item else { continue };
            let shows = item
                .trait_
                .as_ref()
                .and_then(|(_, path, _)| path.segments.last());
            if !shows.is_some_and(|name| name.ident == "Debug" || name.ident == "ExecutionPlan") {
                continue;
            }
            let Type::Path(named) = &*item.self_ty else {
                continue;
            };
            let Some(named) = named.path.segments.last() else {
                continue;
            };
            let mut shown = ShownNames(Vec::new());
            shown.visit_item_impl(item);
            for name in shown.0 {
                if named.ident != name {
                    let line = item.span().start().line;
                    wrong.push(format!(
                        "{}:{line}: `{}` shows `{name}`",
                        source.path, named.ident
                    ));
                }
            }
        }
    }
    house::none("a name that is shown and is not in the code", &wrong);
}

#[test]
fn participles_are_told() {
    assert!(is_participle("asked") && is_participle("told"));
    assert!(!is_participle("feed") && !is_participle("reserve"));
}
