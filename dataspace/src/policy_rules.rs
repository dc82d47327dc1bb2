//! Rules of an offer or agreement in a canonical form, in which they can be compared.

use crate::document::{check_keywords, put_list};
use crate::message_error::MessageError;
use crate::node::{Node, plain_text};
use crate::vocabulary;
use serde_json::{Map, Number, Value, json};

/// Members of a policy that are not rules and have a field of their own.
const OTHER_MEMBERS: [&str; 6] = [
    "@id",
    "@type",
    "target",
    "assigner",
    "assignee",
    "timestamp",
];

/// Types of rules and constraints that add nothing to their position.
const RULE_TYPES: [&str; 6] = [
    "Permission",
    "Prohibition",
    "Duty",
    "Constraint",
    "AtomicConstraint",
    "LogicalConstraint",
];

/// Rules of an offer or agreement (Dataspace Protocol 2025-1, Contract Negotiation Protocol, "Policy"; ODRL 2.2).
///
/// Each rule is a JSON object in canonical form. Names that the context of 2025-1 defines have no prefix (`permission`, `use`,
/// `eq`); other names with a known prefix are full IRIs, as are left operands of EDC. A single object in place of a list becomes a
/// list of one. An empty list of rules, constraints or duties is left out. `{"@id": x}` becomes the text x, and `{"@value": v}` the
/// value v. Unknown members are kept, so that enforcement can refuse them. Rules are not checked for missing parts, such as an
/// action or an operator; enforcement refuses incomplete rules, too.
///
/// Two values are equal if they have equal meaning; the order of rules and of constraints counts. Members of an object are sorted
/// by name, so equal rules have equal bytes.
///
/// ```
/// use hansa_dataspace::PolicyRules;
/// use serde_json::json;
///
/// let ours = PolicyRules::read(&json!({"permission": [{"action": "use"}], "prohibition": []})).unwrap();
/// let theirs = PolicyRules::read(&json!({"odrl:permission": {"odrl:action": {"@id": "odrl:use"}}})).unwrap();
/// assert_eq!(ours, theirs);
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PolicyRules {
    profiles: Vec<String>,
    permissions: Vec<Value>,
    prohibitions: Vec<Value>,
    obligations: Vec<Value>,
    unknown: Map<String, Value>,
}

impl PolicyRules {
    /// Parses the rules of an object with the optional members `permission`, `prohibition` and `obligation`.
    ///
    /// # Errors
    ///
    /// For unsupported keywords, duplicate names, and rules that are not objects.
    pub fn read(policy: &Value) -> Result<Self, MessageError> {
        check_keywords(policy, 1)?;
        Self::of_node(&Node::new(policy, "the policy")?)
    }

    pub(crate) fn of_node(node: &Node<'_>) -> Result<Self, MessageError> {
        let mut rules = Self::default();
        for (name, value) in node.members() {
            match name {
                "permission" => rules.permissions = rule_list(value, "permission")?,
                "prohibition" => rules.prohibitions = rule_list(value, "prohibition")?,
                "obligation" => rules.obligations = rule_list(value, "obligation")?,
                "profile" => rules.profiles = read_profiles(node)?,
                known if OTHER_MEMBERS.contains(&known) => {}
                unknown => {
                    rules.unknown.insert(unknown.to_owned(), value.clone());
                }
            }
        }
        Ok(rules)
    }

    /// Permissions, in order.
    #[must_use]
    pub fn permissions(&self) -> &[Value] {
        &self.permissions
    }

    /// Prohibitions, in order.
    #[must_use]
    pub fn prohibitions(&self) -> &[Value] {
        &self.prohibitions
    }

    /// Duties that hold for every use.
    #[must_use]
    pub fn obligations(&self) -> &[Value] {
        &self.obligations
    }

    /// ODRL profiles that the policy names.
    #[must_use]
    pub fn profiles(&self) -> &[String] {
        &self.profiles
    }

    /// Members of the policy itself that the protocol does not define.
    #[must_use]
    pub fn unknown_members(&self) -> &Map<String, Value> {
        &self.unknown
    }

    /// True without any permission or prohibition. The protocol does not permit such offers and agreements.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.permissions.is_empty() && self.prohibitions.is_empty()
    }

    /// Rules as members of an offer or agreement. Numbers and Booleans in right operands become `{"@value": v}`, since the schema
    /// demands a text, an object or a list.
    #[must_use]
    pub fn to_json(&self) -> Map<String, Value> {
        let mut members = self.unknown.clone();
        match self.profiles.as_slice() {
            [] => {}
            // The TCK's copy of the schema permits no list.
            [one] => {
                members.insert("profile".to_owned(), json!(one));
            }
            several => {
                members.insert("profile".to_owned(), json!(several));
            }
        }
        let written = |rules: &[Value]| rules.iter().map(rule_json).collect();
        put_list(&mut members, "permission", written(&self.permissions));
        put_list(&mut members, "prohibition", written(&self.prohibitions));
        put_list(&mut members, "obligation", written(&self.obligations));
        members
    }
}

fn read_profiles(node: &Node<'_>) -> Result<Vec<String>, MessageError> {
    let profile = |value: &Value| plain_text(value).map(str::to_owned);
    let all: Option<Vec<String>> = node.list("profile").iter().map(profile).collect();
    all.ok_or(node.invalid_member_error("profile", "is not a text"))
}

fn rule_list(value: &Value, place: &'static str) -> Result<Vec<Value>, MessageError> {
    match value {
        Value::Array(rules) => rules
            .iter()
            .map(|rule| to_canonical_rule(rule, place))
            .collect(),
        one => Ok(vec![to_canonical_rule(one, place)?]),
    }
}

/// Canonical form of a rule, a duty or a constraint.
fn to_canonical_rule(value: &Value, place: &'static str) -> Result<Value, MessageError> {
    let node = Node::new(value, place)?;
    let mut members = Map::new();
    for (name, value) in node.members() {
        let value = match name {
            "@type" if says_nothing(value) => continue,
            "action" => to_canonical_action(value, place)?,
            "constraint" => match rule_list(value, "constraint")? {
                none if none.is_empty() => continue,
                some => Value::Array(some),
            },
            "duty" => match rule_list(value, "duty")? {
                none if none.is_empty() => continue,
                some => Value::Array(some),
            },
            // An empty list is kept, since it differs from an absent one.
            "and" | "or" | "xone" | "andSequence" => Value::Array(rule_list(value, "constraint")?),
            "leftOperand" => {
                let text = node.required_text("leftOperand")?;
                json!(vocabulary::canonical_left_operand(&text))
            }
            "operator" => json!(vocabulary::to_canonical_name(
                &node.required_text("operator")?
            )),
            "rightOperand" => right_operand(value),
            _ => value.clone(),
        };
        members.insert(name.to_owned(), value);
    }
    Ok(Value::Object(members))
}

fn says_nothing(of_type: &Value) -> bool {
    let name = of_type.as_str().unwrap_or_default();
    let local = name
        .strip_prefix("odrl:")
        .or(name.strip_prefix(vocabulary::ODRL_NAMESPACE));
    RULE_TYPES.contains(&local.unwrap_or(name))
}

/// Canonical form of an action: a text, or an object with a refinement.
fn to_canonical_action(value: &Value, place: &'static str) -> Result<Value, MessageError> {
    if let Some(text) = plain_text(value) {
        return Ok(json!(vocabulary::to_canonical_name(text)));
    }
    match value {
        Value::Array(actions) => match actions.as_slice() {
            [one] => to_canonical_action(one, place),
            several => several
                .iter()
                .map(|one| to_canonical_action(one, place))
                .collect(),
        },
        Value::Object(_) => {
            let node = Node::new(value, place)?;
            let member = |(name, value): (&str, &Value)| match (name, value) {
                ("@id", Value::String(text)) => {
                    (name.to_owned(), json!(vocabulary::to_canonical_name(text)))
                }
                _ => (name.to_owned(), value.clone()),
            };
            Ok(Value::Object(node.members().map(member).collect()))
        }
        _ => Err(MessageError::MemberInvalid {
            place,
            member: "action",
            defect: "is neither a text nor an object",
        }),
    }
}

fn right_operand(value: &Value) -> Value {
    match value {
        Value::Array(values) => values.iter().map(right_operand).collect(),
        Value::Object(members) => match (members.get("@id"), members.get("@value")) {
            // EDC shortens an IRI wherever its context has a prefix.
            (Some(Value::String(id)), None) if members.len() == 1 => {
                json!(vocabulary::expand_name(id))
            }
            (None, Some(value)) if !members.contains_key("@language") => right_operand(value),
            _ => value.clone(),
        },
        Value::Number(number) => Value::Number(to_integer(number)),
        other => other.clone(),
    }
}

/// Integer form of a number with a zero fraction, since JSON-LD treats both as equal.
fn to_integer(number: &Number) -> Number {
    let text = number.to_string();
    let digits = text.strip_suffix(".0").unwrap_or(&text);
    digits.parse::<i64>().map_or(number.clone(), Number::from)
}

/// Rule or constraint in the form for messages.
fn rule_json(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), written_member(name, member)))
            .collect(),
        other => other.clone(),
    }
}

fn written_member(name: &str, member: &Value) -> Value {
    match (name, member) {
        ("rightOperand", Value::Number(_) | Value::Bool(_)) => json!({"@value": member}),
        ("constraint" | "duty" | "and" | "or" | "xone" | "andSequence", Value::Array(inner)) => {
            inner.iter().map(rule_json).collect()
        }
        _ => member.clone(),
    }
}
