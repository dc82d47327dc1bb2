//! Validator for the official schemas. A validator crate would change the features of packages that the engine is built with. This
//! one supports the keywords of these schemas, and fails on any other.

use regex::Regex;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

const PREFIX: &str = "https://w3id.org/dspace/2025/1/";

/// Schemas by address.
pub(super) struct Schemas(BTreeMap<String, Value>);

pub(super) fn data_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests-data/dsp-2025-1")
}

/// Files below a folder, with their relative paths.
pub(super) fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for part in ["catalog", "common", "negotiation", "transfer"] {
        for entry in fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap();
            files.push((format!("{part}/{name}"), fs::read(&path).unwrap()));
        }
    }
    files.sort();
    files
}

impl Schemas {
    pub(super) fn load() -> Self {
        let mut schemas = BTreeMap::new();
        for (name, bytes) in files(&data_folder().join("schema")) {
            // The only relevant defect of the official schemas: a pointer without its leading slash.
            let text = String::from_utf8(bytes).unwrap();
            let text = text.replace("json#definitions/", "json#/definitions/");
            let schema: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(schema["$id"], format!("{PREFIX}{name}"), "{name}");
            schemas.insert(format!("{PREFIX}{name}"), schema);
        }
        assert_eq!(schemas.len(), 26);
        Self(schemas)
    }

    /// Fails with the place of the first invalid part.
    pub(super) fn check(&self, name: &str, value: &Value) -> Result<(), String> {
        let base = format!("{PREFIX}{name}");
        self.valid(&self.0[&base], &base, value, "")
    }

    fn valid(&self, schema: &Value, base: &str, value: &Value, at: &str) -> Result<(), String> {
        let schema = schema.as_object().expect("a schema is an object");
        for (keyword, wanted) in schema {
            self.keyword(keyword, wanted, base, value, at)?;
        }
        Ok(())
    }

    fn keyword(
        &self,
        keyword: &str,
        wanted: &Value,
        base: &str,
        value: &Value,
        at: &str,
    ) -> Result<(), String> {
        let fail = |what: &str| Err(format!("{at}: {what}: {value}"));
        let is_valid = |schema: &Value| self.valid(schema, base, value, at).is_ok();
        match keyword {
            "$schema" | "$id" | "$comment" | "title" | "definitions" => Ok(()),
            "$ref" => self.reference(wanted.as_str().unwrap(), base, value, at),
            "type" if !is_of_type(wanted.as_str().unwrap(), value) => fail(&wanted.to_string()),
            "const" if value != wanted => fail(&wanted.to_string()),
            "enum" if !entries(wanted).contains(value) => fail(&wanted.to_string()),
            "type" | "const" | "enum" => Ok(()),
            "pattern" => match value.as_str() {
                Some(text) if !Regex::new(wanted.as_str().unwrap()).unwrap().is_match(text) => {
                    fail("pattern")
                }
                _ => Ok(()),
            },
            "required" => match value.as_object() {
                Some(members) => required(wanted, members)
                    .map_or(Ok(()), |name| fail(&format!("no member {name}"))),
                None => Ok(()),
            },
            "minItems" => match value.as_array() {
                Some(items) if items.len() < wanted.as_u64().unwrap().try_into().unwrap() => {
                    fail("minItems")
                }
                _ => Ok(()),
            },
            "contains" => match value.as_array() {
                Some(items)
                    if !items
                        .iter()
                        .any(|item| self.valid(wanted, base, item, at).is_ok()) =>
                {
                    fail("contains")
                }
                _ => Ok(()),
            },
            "properties" => {
                let properties = wanted.as_object().unwrap();
                properties
                    .iter()
                    .try_for_each(|(name, schema)| match value.get(name) {
                        Some(member) => self.valid(schema, base, member, &format!("{at}/{name}")),
                        None => Ok(()),
                    })
            }
            "items" => {
                let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
                items.iter().enumerate().try_for_each(|(index, item)| {
                    self.valid(wanted, base, item, &format!("{at}/{index}"))
                })
            }
            "allOf" => entries(wanted)
                .iter()
                .try_for_each(|schema| self.valid(schema, base, value, at)),
            "anyOf" if !entries(wanted).iter().any(is_valid) => fail("anyOf"),
            "oneOf" if entries(wanted).iter().filter(|one| is_valid(one)).count() != 1 => {
                fail("oneOf")
            }
            "not" if is_valid(wanted) => fail("not"),
            "anyOf" | "oneOf" | "not" => Ok(()),
            unknown => panic!("the keyword {unknown} is not known"),
        }
    }

    fn reference(&self, to: &str, base: &str, value: &Value, at: &str) -> Result<(), String> {
        let (address, pointer) = to.split_once('#').unwrap_or((to, ""));
        let base = if address.is_empty() { base } else { address };
        let schema = self.0[base].pointer(pointer).expect("a place in a schema");
        self.valid(schema, base, value, at)
    }
}

fn entries(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn required<'a>(wanted: &'a Value, members: &Map<String, Value>) -> Option<&'a str> {
    let mut names = entries(wanted).iter().map(|name| name.as_str().unwrap());
    names.find(|name| !members.contains_key(*name))
}

fn is_of_type(name: &str, value: &Value) -> bool {
    match name {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        unknown => panic!("the type {unknown} is not known"),
    }
}
