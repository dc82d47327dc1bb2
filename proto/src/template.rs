//! Policies with named parameters that one participant writes and another one fills.
//!
//! A parameter has a type, and its text becomes a value of that type. The value is inserted into the parsed file, never into its
//! text, so it can't change the policy's structure. In a row filter, it is a literal.

mod substitution;

use crate::policy_toml::keys::key_names;
use hansa_audit_log::digest::Digest;
use hansa_policy::id::ParticipantId;
use hansa_policy::nearest_word::find_nearest_word;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_policy::safe_text::{signed_line, to_printable};
use std::collections::{BTreeMap, BTreeSet};
use toml::{Table, Value};

/// Most bytes of a template.
pub const LARGEST: usize = 64 * 1024;

/// Verified template.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyTemplate {
    /// Title of the template.
    pub title: String,
    /// Version, from 1.
    pub version: i64,
    /// Parameters by name.
    pub parameters: BTreeMap<String, TemplateParameter>,
    /// SHA-256 of the text.
    pub sha256: Digest,
    policy: Table,
}

/// Parameter of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateParameter {
    /// Type of its value.
    pub kind: ParameterType,
    /// Meaning of the parameter, for people.
    pub text: String,
}

/// Type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParameterType {
    /// One line of text.
    Text,
    /// Whole number within bounds.
    Integer {
        /// Smallest value.
        least: i64,
        /// Largest value.
        most: i64,
    },
    /// Day, such as `2027-12-31`.
    Date,
    /// Comma-separated lines, such as columns or purposes.
    List,
}

impl ParameterType {
    /// Returns the type as templates write it, with its bounds.
    #[must_use]
    pub fn description(self) -> String {
        match self {
            Self::Text => "text".to_owned(),
            Self::Integer {
                least: i64::MIN,
                most: i64::MAX,
            } => "integer".to_owned(),
            Self::Integer { least, most } => format!("integer from {least} to {most}"),
            Self::Date => "date".to_owned(),
            Self::List => "list".to_owned(),
        }
    }
}

impl PolicyTemplate {
    /// Reads a template. `file` is its name for messages.
    ///
    /// # Errors
    /// `TEMPLATE_INVALID` for the first problem, with the others as help.
    pub fn read(text: &str, file: &str) -> Result<Self, Refusal> {
        let refuse = |sentence: String| {
            Refusal::new(ErrorCode::TemplateInvalid, sentence).with_place(file, None, None)
        };
        if text.len() > LARGEST {
            return Err(refuse(format!(
                "a template has at most {LARGEST} bytes, and this one {}",
                text.len()
            )));
        }
        let mut policy: Table = text.parse().map_err(|fault: toml::de::Error| {
            refuse(format!("it is no TOML: {}", fault.message()))
        })?;
        let mut problems = Vec::new();
        let head = policy.remove("template");
        let (title, version) = read_heading(head, &mut problems);
        let template_parameters = read_parameters(policy.remove("hole"), &mut problems);
        for key in policy.keys() {
            if !key_names().any(|known| known == key) {
                let near = find_nearest_word(key, key_names())
                    .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
                problems.push(format!("a policy has no key `{key}`{near}"));
            }
        }
        let mut named = BTreeSet::new();
        for value in policy.values() {
            substitution::collect_parameter_names(value, &mut named);
        }
        for name in &named {
            if !template_parameters.contains_key(name) && !substitution::is_bound_later(name) {
                problems.push(format!(
                    "`{{{{{name}}}}}` is a hole that is not declared: [hole.{name}]"
                ));
            }
        }
        if let Some(Value::String(filter)) = policy.get("rows")
            && let Some(name) = substitution::no_literal(filter)
        {
            problems.push(format!(
                "`{{{{{name}}}}}` stands within quotes or beside other letters: in `rows` a hole is a whole value, \
                 without quotes of its own"
            ));
        }
        for name in template_parameters
            .keys()
            .filter(|name| !named.contains(*name))
        {
            problems.push(format!("the hole `{name}` is declared and stands nowhere"));
        }
        let mut problems = problems.into_iter();
        if let Some(first) = problems.next() {
            return Err(problems.fold(refuse(first), Refusal::with_help));
        }
        Ok(Self {
            title,
            version,
            parameters: template_parameters,
            sha256: Digest::of(text.as_bytes()),
            policy,
        })
    }

    /// Returns the policy file with every parameter filled. If the template's author is given, the policy and each contract from it
    /// name the author.
    ///
    /// # Errors
    /// `HOLE_UNFILLED` for a parameter without a value, a value without a parameter, or a value of another type: the first problem,
    /// with the others as help.
    pub fn fill(
        &self,
        values: &BTreeMap<String, String>,
        author: Option<&ParticipantId>,
    ) -> Result<String, Refusal> {
        let mut problems = Vec::new();
        let mut filled = BTreeMap::new();
        for (name, parameter) in &self.parameters {
            match values
                .get(name)
                .map(|text| substitution::convert_value(parameter.kind, text))
            {
                Some(Ok(value)) => {
                    filled.insert(name.clone(), value);
                }
                Some(Err(fault)) => problems.push(format!("`{name}`: {fault}")),
                None => problems.push(format!(
                    "the hole `{name}` is not filled: --set {name}=… ({}; {})",
                    parameter.kind.description(),
                    parameter.text
                )),
            }
        }
        let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
        for name in values
            .keys()
            .filter(|name| !self.parameters.contains_key(*name))
        {
            let near = find_nearest_word(name, known.iter().copied()).map_or_else(
                || format!("its holes are {}", known.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            problems.push(format!("the template has no hole `{name}`; {near}"));
        }
        let mut whole = Table::new();
        for (key, value) in &self.policy {
            let context = substitution::ParameterContext::of(key);
            match substitution::fill_parameters(value, context, &filled) {
                Ok(value) => {
                    whole.insert(key.clone(), value);
                }
                Err(fault) => problems.push(format!("`{key}`: {fault}")),
            }
        }
        let mut problems = problems.into_iter();
        if let Some(first) = problems.next() {
            let first = Refusal::new(ErrorCode::HoleUnfilled, first);
            return Err(problems.fold(first, Refusal::with_help));
        }
        if let Some(author) = author {
            whole.insert(
                "template".to_owned(),
                Value::Table(self.to_reference_table(author)),
            );
        }
        let mut text = format!(
            "# From the template \"{}\", version {}, sha256 {}\n",
            self.title, self.version, self.sha256
        );
        for (name, value) in values {
            text.push_str(&format!("# {name} = {}\n", to_printable(value)));
        }
        text.push_str(&whole.to_string());
        Ok(text)
    }

    /// Reference to the template, as a filled policy names it.
    fn to_reference_table(&self, author: &ParticipantId) -> Table {
        [
            ("author", Value::from(author.as_str())),
            ("title", Value::from(self.title.as_str())),
            ("version", Value::from(self.version)),
            ("sha256", Value::from(self.sha256.to_string())),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }
}

fn read_heading(head: Option<Value>, problems: &mut Vec<String>) -> (String, i64) {
    let Some(Value::Table(mut head)) = head else {
        problems.push("the table [template] with title and version is missing".to_owned());
        return (String::new(), 1);
    };
    let title = match head.remove("title") {
        Some(Value::String(title)) if is_line(&title) => title,
        _ => {
            problems.push("`template.title` is a line of text".to_owned());
            String::new()
        }
    };
    let version = match head.remove("version") {
        Some(Value::Integer(version)) if version > 0 => version,
        _ => {
            problems.push("`template.version` is a whole number from 1".to_owned());
            1
        }
    };
    problems.extend(
        head.keys()
            .map(|key| format!("`template.{key}` is not known; its keys are title and version")),
    );
    (title, version)
}

fn read_parameters(
    declared: Option<Value>,
    problems: &mut Vec<String>,
) -> BTreeMap<String, TemplateParameter> {
    let mut template_parameters = BTreeMap::new();
    let declared = match declared {
        None => return template_parameters,
        Some(Value::Table(declared)) => declared,
        Some(_) => {
            problems.push("`hole` is a table of tables, [hole.NAME]".to_owned());
            return template_parameters;
        }
    };
    for (name, value) in declared {
        match read_parameter(&name, value) {
            Ok(template_parameter) => {
                template_parameters.insert(name, template_parameter);
            }
            Err(fault) => problems.push(format!("[hole.{name}]: {fault}")),
        }
    }
    template_parameters
}

fn read_parameter(name: &str, value: Value) -> Result<TemplateParameter, String> {
    let plain = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if name.is_empty() || !plain || substitution::is_bound_later(name) {
        return Err("a hole is named by a-z, 0-9 and _, and not `consumer`".to_owned());
    }
    let Value::Table(mut keys) = value else {
        return Err("it is a table with type and text".to_owned());
    };
    let mut bound = |key: &str, otherwise: i64| match keys.remove(key) {
        None => Ok(otherwise),
        Some(Value::Integer(bound)) => Ok(bound),
        Some(_) => Err(format!("`{key}` is a whole number")),
    };
    let (least, most) = (bound("least", i64::MIN)?, bound("most", i64::MAX)?);
    let kind = match keys.remove("type") {
        Some(Value::String(kind)) => match kind.as_str() {
            "text" => ParameterType::Text,
            "integer" => ParameterType::Integer { least, most },
            "date" => ParameterType::Date,
            "list" => ParameterType::List,
            other => {
                return Err(format!(
                    "`{other}` is no type; text, integer, date and list are"
                ));
            }
        },
        _ => return Err("`type` is missing: text, integer, date or list".to_owned()),
    };
    if !matches!(kind, ParameterType::Integer { .. }) && (least, most) != (i64::MIN, i64::MAX) {
        return Err("only an integer has a least and a most".to_owned());
    }
    let text = match keys.remove("text") {
        Some(Value::String(text)) if is_line(&text) => text,
        _ => return Err("`text` says in a line what fills it".to_owned()),
    };
    match keys.keys().next() {
        Some(key) => Err(format!(
            "`{key}` is not known; its keys are type, text, least and most"
        )),
        None => Ok(TemplateParameter { kind, text }),
    }
}

/// Checks that a text is one line that can be shown unchanged.
pub(crate) fn is_line(text: &str) -> bool {
    !text.trim().is_empty() && signed_line(text) == text
}

#[cfg(test)]
mod tests;
