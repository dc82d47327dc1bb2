//! Rules of a partner's agreement that this participant can keep.

use hansa_dataspace::PolicyRules;
use hansa_policy::refusal::{ErrorCode, Refusal};

/// Refuses rules that this participant can't keep, and names them.
///
/// # Errors
/// `TERM_UNKNOWN`, with the place of the rule.
pub(super) fn check_rules(rules: &PolicyRules) -> Result<(), Refusal> {
    let wrong = |place: String, what: &str| {
        let sentence = format!("{place} of the agreement {what}, which can't be kept to here");
        Err(Refusal::new(ErrorCode::TermUnknown, sentence))
    };
    if let Some((name, _)) = rules.unknown_members().iter().next() {
        return wrong(format!("`{name}`"), "is not known");
    }
    for (place, list) in [
        ("prohibition", rules.prohibitions()),
        ("obligation", rules.obligations()),
    ] {
        if !list.is_empty() {
            return wrong(format!("`{place}[0]`"), "demands something");
        }
    }
    if !rules.profiles().is_empty() {
        return wrong("`profile`".to_owned(), "is not known");
    }
    for (number, permission) in rules.permissions().iter().enumerate() {
        let uses = |name: &str, value: &serde_json::Value| match name {
            "action" => value.as_str() == Some("use"),
            "constraint" | "duty" => value.as_array().is_some_and(Vec::is_empty),
            _ => false,
        };
        let members = permission.as_object();
        let unknown = members
            .into_iter()
            .flatten()
            .find(|(name, value)| !uses(name, value));
        if let Some((name, _)) = unknown {
            return wrong(
                format!("`permission[{number}].{name}`"),
                "demands something",
            );
        }
        if permission.get("action").is_none() {
            return wrong(format!("`permission[{number}]`"), "permits no action");
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_kept_to_is_named() {
        let judged = |policy: serde_json::Value| {
            let rules = PolicyRules::read(&policy).unwrap();
            check_rules(&rules).err().map(|refusal| refusal.sentence)
        };
        let uses = |more: serde_json::Value| {
            let mut permission = serde_json::json!({"action": "use"});
            for (name, value) in more.as_object().unwrap() {
                permission[name] = value.clone();
            }
            serde_json::json!({"permission": [permission]})
        };
        assert_eq!(judged(uses(serde_json::json!({}))), None);
        assert_eq!(judged(uses(serde_json::json!({"constraint": []}))), None);
        for (policy, place) in [
            (
                uses(serde_json::json!({"action": "https://other.example/pay/use"})),
                "permission[0].action",
            ),
            (
                uses(
                    serde_json::json!({"constraint": [{"leftOperand": "x", "operator": "eq", "rightOperand": "y"}]}),
                ),
                "permission[0].constraint",
            ),
            (uses(serde_json::json!({"and": []})), "permission[0].and"),
            (serde_json::json!({"permission": [{}]}), "permission[0]"),
            (
                serde_json::json!({"permission": [{"action": "use"}], "profile": "urn:other"}),
                "profile",
            ),
            (
                serde_json::json!({"permission": [{"action": "use"}], "obligation": [{"action": "pay"}]}),
                "obligation[0]",
            ),
            (
                serde_json::json!({"permission": [{"action": "use"}], "prohibition": [{"action": "sell"}]}),
                "prohibition[0]",
            ),
        ] {
            let sentence = judged(policy.clone()).unwrap_or_else(|| panic!("taken: {policy}"));
            assert!(sentence.contains(place), "{sentence}");
        }
    }
}
