//! Values that prove something: nobody but their one maker can make them.

use crate::house::{self, RustSourceFile};

/// A proof: its type, the module that it lives in, and the derives that it may have beside `Debug` and comparisons.
const PROOFS: [(&str, &str, &[&str]); 19] = [
    ("Recorded", "audit/log/src/ledger", &[]),
    ("PendingRecord", "audit/log/src/ledger", &[]),
    ("FlushProof", "audit/log/src/ledger", &[]),
    ("RecordReceipt", "audit/log/src/ledger", &[]),
    ("PeerCertificate", "policy/core/src/peer", &["Clone"]),
    ("VerifiedPeer", "policy/core/src/peer", &["Clone"]),
    ("VerifiedContract", "policy/core/src/contract", &["Clone"]),
    ("VerifiedWithdrawal", "policy/core/src/contract", &["Clone"]),
    ("ActiveContracts", "policy/core/src/contract", &[]),
    ("PermitDecision", "policy/core/src/decision", &[]),
    ("DerivedQuery", "policy/core/src/decision/derivation", &[]),
    (
        "NoNewDataDecision",
        "policy/core/src/decision/row_scope",
        &[],
    ),
    (
        "RefusalAllowance",
        "policy/core/src/decision/refusal_summary",
        &[],
    ),
    (
        "DisclosableRefusal",
        "policy/core/src/decision/refusal_summary",
        &[],
    ),
    ("PublishableDataset", "catalog/src/publication", &[]),
    ("DatasetWithdrawal", "catalog/src/publication", &[]),
    ("BoundPlan", "policy/enforcement/src/bound_plan", &["Clone"]),
    (
        "PermittedPlan",
        "policy/enforcement/src/permitted_plan",
        &[],
    ),
    ("DelegatedPlan", "policy/enforcement/src/worker_plan", &[]),
];

/// Traits by which a value could come from nowhere, or twice.
const FORBIDDEN: [&str; 4] = ["Clone", "Default", "Deserialize", "Serialize"];

struct ProofType<'a> {
    name: &'a str,
    source: &'a RustSourceFile,
    derives: String,
    body: String,
}

fn find<'a>(
    sources: &'a [RustSourceFile],
    name: &'a str,
    module: &str,
) -> Result<ProofType<'a>, String> {
    let source = sources
        .iter()
        .find(|source| source.path == format!("{module}.rs"))
        .ok_or_else(|| format!("{name}: {module}.rs does not exist"))?;
    let text = &source.text;
    let at = text
        .match_indices(&format!("pub struct {name}"))
        .map(|(at, _)| at)
        .find(|at| {
            let after = text[at + "pub struct ".len() + name.len()..].chars().next();
            matches!(after, Some(' ' | '<' | '(' | ';'))
        })
        .ok_or_else(|| format!("{name}: not in {module}.rs"))?;
    let before = text[..at].rsplit("\n\n").next().unwrap_or_default();
    let derives = before
        .lines()
        .filter(|line| line.trim_start().starts_with("#[derive("))
        .collect();
    let end = text[at..].find("\n}").map_or(text.len(), |end| at + end);
    Ok(ProofType {
        name,
        source,
        derives,
        body: text[at..end].to_owned(),
    })
}

/// The lines that make a value of that type: `Name {` or, within its own `impl`, `Self {`.
fn makers(source: &RustSourceFile, name: &str) -> Vec<usize> {
    let mut own = false;
    let mut found = Vec::new();
    for (number, line) in source.lines() {
        let code = house::code(line);
        if code.starts_with("impl") {
            let of = code.rsplit(" for ").next().unwrap_or(code);
            own = of
                .trim_start_matches("impl")
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .any(|word| word == name);
            continue;
        }
        if code.starts_with('}') {
            own = false;
        }
        if made(code, name) || (own && made(code, "Self")) {
            found.push(number);
        }
    }
    found
}

/// Whether a line makes a value of the type `word`, not declares it, takes it apart or names it as a result.
fn made(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].trim_end_matches([' ', '&']);
        let after = code[at + word.len()..].trim_start();
        let whole = !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let other = ["struct", "enum", "->", "let", "for", "match", "impl"]
            .into_iter()
            .any(|word| before.ends_with(word));
        whole && after.starts_with('{') && !other && !after.contains("=>")
    })
}

#[test]
fn proofs_can_not_be_forged() {
    let sources = house::sources();
    let mut wrong = Vec::new();
    for (name, module, allowed) in PROOFS {
        let proof = match find(&sources, name, module) {
            Ok(proof) => proof,
            Err(problem) => {
                wrong.push(problem);
                continue;
            }
        };
        let path = &proof.source.path;
        for line in proof.body.lines().skip(1) {
            let code = house::code(line).trim();
            if code.starts_with("pub ") || code.starts_with("pub(") {
                wrong.push(format!("{path}: {}: `{code}` can be seen", proof.name));
            }
        }
        if proof.body.contains("(pub") {
            wrong.push(format!("{path}: {}: a field can be seen", proof.name));
        }
        for forbidden in FORBIDDEN {
            if proof.derives.contains(forbidden) && !allowed.contains(&forbidden) {
                wrong.push(format!("{path}: {} derives {forbidden}", proof.name));
            }
        }
        for source in &sources {
            for (number, line) in source.lines() {
                let by_hand = FORBIDDEN
                    .into_iter()
                    .any(|forbidden| implements(house::code(line), forbidden, name));
                if by_hand {
                    wrong.push(format!("{}:{number}: {}", source.path, line.trim()));
                }
            }
        }
    }
    house::none("a proof can be made or doubled by others", &wrong);
}

/// Whether this line begins an implementation of that trait for that type.
fn implements(code: &str, wanted: &str, name: &str) -> bool {
    let Some((head, of)) = code.split_once(" for ") else {
        return false;
    };
    let of = of.split(['<', ' ', '{']).next();
    head.starts_with("impl") && head.ends_with(wanted) && of == Some(name)
}

#[test]
fn proofs_have_one_maker() {
    let sources = house::sources();
    let mut wrong = Vec::new();
    for (name, module, _) in PROOFS {
        // A child of the module can see its private fields, so it is looked at too.
        let places: Vec<_> = sources
            .iter()
            .filter(|source| !source.is_test())
            .filter(|source| {
                source.path == format!("{module}.rs")
                    || source.path.starts_with(&format!("{module}/"))
            })
            .flat_map(|source| {
                makers(source, name)
                    .into_iter()
                    .map(|line| (source.path.clone(), line))
            })
            .collect();
        let makers = match name {
            // For a peer, for anybody on the web, for the owner's own datasets, and one that is only supposed.
            "ActiveContracts" => 4,
            // By the check of its signatures, and by the registry, which holds what was checked.
            "VerifiedContract" => 2,
            // By its certificate, by an access token for a contract, and by the token of a transfer.
            "VerifiedPeer" => 3,
            _ => 1,
        };
        let in_its_file = places
            .iter()
            .all(|(path, _)| *path == format!("{module}.rs"));
        if places.len() != makers || !in_its_file {
            wrong.push(format!("{name}: made at {places:?}"));
        }
    }
    house::none(
        "a proof is made at one place, in the file of its type",
        &wrong,
    );
}
