//! Tests of the canonical form of rules, and of their equality.

use super::*;

fn constrained(constraint: Value) -> Value {
    json!({"permission": [{"action": "use", "constraint": [constraint]}]})
}

fn constraint(rules: &PolicyRules) -> &Value {
    &rules.permissions()[0]["constraint"][0]
}

#[test]
fn each_form_of_a_rule_is_equal() {
    let ours = rules(constrained(json!({
        "leftOperand": "odrl:purpose", "operator": "eq", "rightOperand": "urban-planning"
    })));
    let odrl = |name: &str| format!("{ODRL_NAMESPACE}{name}");
    let forms = [
        json!({"odrl:permission": {"odrl:action": {"@id": "odrl:use"}, "odrl:constraint": {
            "odrl:leftOperand": {"@id": "odrl:purpose"}, "odrl:operator": {"@id": "odrl:eq"},
            "odrl:rightOperand": {"@value": "urban-planning", "@type": "xsd:string"}}}}),
        json!({odrl("permission"): [{odrl("action"): odrl("use"), odrl("constraint"): [{
            odrl("leftOperand"): odrl("purpose"), odrl("operator"): odrl("eq"),
            odrl("rightOperand"): {"@id": "urban-planning"}}]}]}),
        json!({"@id": "x", "@type": "Offer", "target": "y", "assigner": "z", "permission": [{
            "@type": "Permission", "action": ["use"], "duty": [], "constraint": [{"@type": "odrl:Constraint",
            "rightOperand": "urban-planning", "operator": "eq", "leftOperand": odrl("purpose")}]}],
            "prohibition": [], "obligation": null}),
    ];
    for form in forms {
        let theirs = rules(form.clone());
        assert_eq!(theirs, ours, "{form}");
        assert_eq!(
            json!(theirs.to_json()).to_string(),
            json!(ours.to_json()).to_string()
        );
    }
    assert_eq!(
        constraint(&ours),
        &json!({"leftOperand": odrl("purpose"), "operator": "eq", "rightOperand": "urban-planning"})
    );
}

#[test]
fn what_says_something_else_is_not_equal() {
    let base = json!({"permission": [
        {"action": "use", "constraint": [
            {"leftOperand": "a", "operator": "eq", "rightOperand": "1"},
            {"leftOperand": "b", "operator": "eq", "rightOperand": "2"}]},
        {"action": "read"}]});
    let ours = rules(base.clone());
    let changed = |change: fn(&mut Value)| {
        let mut value = base.clone();
        change(&mut value);
        rules(value)
    };
    let others = [
        changed(|value| value["permission"].as_array_mut().unwrap().reverse()),
        changed(|value| {
            let constraints = value["permission"][0]["constraint"].as_array_mut().unwrap();
            constraints.reverse();
        }),
        changed(|value| value["permission"][0]["constraint"][0]["rightOperand"] = json!(1)),
        changed(|value| value["permission"][0]["constraint"][0]["operator"] = json!("neq")),
        changed(|value| value["permission"][1]["x"] = json!("unknown")),
        changed(|value| value["permission"][1]["target"] = json!("urn:other")),
        changed(|value| value["permission"][1]["@type"] = json!("x:Stronger")),
        changed(|value| value["obligation"] = json!([{"action": "delete"}])),
        changed(|value| value["profile"] = json!("https://example.org/profile")),
        changed(|value| value["conflict"] = json!("perm")),
        // Without a prefix it is not an ODRL term.
        changed(|value| value["permission"][1]["action"] = json!("odrl:read")),
    ];
    for other in others {
        assert_ne!(other, ours);
    }
}

#[test]
fn unknown_members_stay_for_who_enforces() {
    let read = rules(json!({
        "conflict": "perm", "odrl:inheritFrom": "urn:other",
        "permission": [{"action": {"@id": "odrl:use", "refinement": [{"x": 1}]}, "odrl:assignee": "y", "dct:z": [5]}],
    }));
    let unknown: Vec<&str> = read.unknown_members().keys().map(String::as_str).collect();
    assert_eq!(
        unknown,
        ["conflict", "http://www.w3.org/ns/odrl/2/inheritFrom"]
    );
    assert_eq!(
        read.permissions()[0],
        json!({"action": {"@id": "use", "refinement": [{"x": 1}]}, "assignee": "y", "http://purl.org/dc/terms/z": [5]})
    );
    assert_eq!(rules(Value::Object(read.to_json())), read);
}

#[test]
fn logical_constraints_are_lists() {
    let atom = json!({"leftOperand": "a", "operator": "eq", "rightOperand": "1"});
    for name in ["and", "or", "xone", "andSequence"] {
        let one = rules(constrained(json!({name: atom})));
        let list = rules(constrained(json!({format!("odrl:{name}"): [atom]})));
        assert_eq!(one, list);
        assert_eq!(constraint(&one), &json!({name: [atom]}));
    }
    let nested = rules(constrained(
        json!({"or": {"and": {"leftOperand": "inForceDate", "operator": "odrl:gt",
        "rightOperand": {"@value": 5.0}}}}),
    ));
    let inner = &constraint(&nested)["or"][0]["and"][0];
    assert_eq!(
        inner,
        &json!({"leftOperand": format!("{EDC_NAMESPACE}inForceDate"), "operator": "gt", "rightOperand": 5})
    );
}

#[test]
fn right_operands() {
    let read = |operand: Value| {
        let constraint =
            json!({"leftOperand": "a", "operator": "isAnyOf", "rightOperand": operand});
        rules(constrained(constraint))
    };
    let operand = |value: Value| constraint(&read(value))["rightOperand"].clone();
    assert_eq!(
        operand(json!({"@id": "edc:x"})),
        format!("{EDC_NAMESPACE}x")
    );
    assert_eq!(operand(json!("odrl:x")), "odrl:x");
    assert_eq!(
        operand(json!([{"@id": "_:EU"}, {"@value": true}, 7.0, 7.5])),
        json!(["_:EU", true, 7, 7.5])
    );
    let text = json!({"@value": "x", "@language": "de"});
    assert_eq!(operand(text.clone()), text);
    for number in [
        json!(5),
        json!(5.0),
        json!({"@value": 5}),
        json!({"@value": "5"}),
    ] {
        let is_number = number != json!({"@value": "5"});
        assert_eq!(read(number) == read(json!(5)), is_number);
    }
    // The schema permits no plain number.
    let written = json!(read(json!(5)).to_json());
    assert_eq!(
        written["permission"][0]["constraint"][0]["rightOperand"],
        json!({"@value": 5})
    );
    assert_eq!(rules(written), read(json!(5)));
}

#[test]
fn profiles() {
    let one = rules(json!({"profile": "urn:a", "permission": [{"action": "use"}]}));
    let list =
        rules(json!({"odrl:profile": [{"@id": "urn:a"}], "permission": [{"action": "use"}]}));
    assert_eq!(one, list);
    assert_eq!(list.to_json()["profile"], "urn:a");
    assert_eq!(list.profiles(), ["urn:a"]);
    assert!(PolicyRules::read(&json!({"profile": 5})).is_err());
}

#[test]
fn operands_that_are_no_texts() {
    for name in ["leftOperand", "operator"] {
        let error = PolicyRules::read(&constrained(json!({name: ["a"]}))).unwrap_err();
        assert!(
            matches!(error, MessageError::MemberInvalid { .. }),
            "{name}"
        );
    }
    for action in [json!(5), json!([["use"], 5])] {
        let error = PolicyRules::read(&json!({"permission": [{"action": action}]})).unwrap_err();
        assert!(matches!(
            error,
            MessageError::MemberInvalid {
                member: "action",
                ..
            }
        ));
    }
}
