//! Names of the vocabularies in messages, and their canonical form.

/// Address of the context of Dataspace Protocol 2025-1, section "Schemas and Contexts".
pub const DSPACE_CONTEXT: &str = "https://w3id.org/dspace/2025/1/context.jsonld";
/// Address of the context that the Eclipse Dataspace Components add to their messages.
pub const EDC_CONTEXT: &str = "https://w3id.org/edc/dspace/v0.0.1";
/// Namespace of Dataspace Protocol 2025-1.
pub const DSPACE_NAMESPACE: &str = "https://w3id.org/dspace/2025/1/";
/// Namespace of ODRL 2.2, the language of policies in Dataspace Protocol 2025-1.
pub const ODRL_NAMESPACE: &str = "http://www.w3.org/ns/odrl/2/";
/// Namespace of the Eclipse Dataspace Components.
pub const EDC_NAMESPACE: &str = "https://w3id.org/edc/v0.0.1/ns/";

pub(crate) const DCT_NAMESPACE: &str = "http://purl.org/dc/terms/";
const DCAT_NAMESPACE: &str = "http://www.w3.org/ns/dcat#";
const XSD_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema#";

const PREFIXES: [(&str, &str); 6] = [
    ("dspace", DSPACE_NAMESPACE),
    ("odrl", ODRL_NAMESPACE),
    ("edc", EDC_NAMESPACE),
    ("dct", DCT_NAMESPACE),
    ("dcat", DCAT_NAMESPACE),
    ("xsd", XSD_NAMESPACE),
];

/// Terms that the context of 2025-1 defines without a prefix, by namespace.
const CONTEXT_TERMS: [(&str, &[&str]); 4] = [
    (
        DSPACE_NAMESPACE,
        &[
            "agreement",
            "agreementId",
            "callbackAddress",
            "code",
            "consumerPid",
            "dataAddress",
            "dataset",
            "endpoint",
            "endpointProperties",
            "endpointType",
            "eventType",
            "filter",
            "name",
            "offer",
            "participantId",
            "providerPid",
            "reason",
            "state",
            "timestamp",
            "value",
            "ACCEPTED",
            "AGREED",
            "COMPLETED",
            "FINALIZED",
            "OFFERED",
            "REQUESTED",
            "STARTED",
            "SUSPENDED",
            "TERMINATED",
            "VERIFIED",
        ],
    ),
    (
        ODRL_NAMESPACE,
        &[
            "action",
            "and",
            "andSequence",
            "assignee",
            "assigner",
            "constraint",
            "duty",
            "eq",
            "gt",
            "gteq",
            "hasPart",
            "hasPolicy",
            "isA",
            "isAllOf",
            "isAnyOf",
            "isNoneOf",
            "isPartOf",
            "leftOperand",
            "lt",
            "lteq",
            "neq",
            "obligation",
            "operator",
            "or",
            "permission",
            "profile",
            "prohibit",
            "prohibition",
            "rightOperand",
            "target",
            // Not in the context, but the schema knows this operator only by its bare name.
            "term-lteq",
            "use",
            "xone",
        ],
    ),
    (DCT_NAMESPACE, &["format"]),
    (
        DCAT_NAMESPACE,
        &[
            "accessService",
            "catalog",
            "dataset",
            "distribution",
            "endpointDescription",
            "endpointURL",
            "service",
            "servesDataset",
        ],
    ),
];

/// Terms that the context of EDC defines without a prefix and that can be a left operand.
const EDC_TERMS: [&str; 3] = ["id", "inForceDate", "isCatalog"];

/// Canonical form of a name: the bare term where the context of 2025-1 defines one, otherwise the full IRI of a name with a known
/// prefix, otherwise the name itself.
pub(crate) fn to_canonical_name(name: &str) -> String {
    match split_name(name) {
        Some((namespace, local)) if is_context_term(namespace, local) => local.to_owned(),
        Some((namespace, local)) => format!("{namespace}{local}"),
        None => name.to_owned(),
    }
}

/// Canonical form of a left operand. Bare terms of EDC become IRIs, since their meaning would otherwise depend on a second context.
pub(crate) fn canonical_left_operand(name: &str) -> String {
    if EDC_TERMS.contains(&name) {
        return format!("{EDC_NAMESPACE}{name}");
    }
    to_canonical_name(name)
}

/// Full IRI of a name with a known prefix, otherwise the name itself.
pub(crate) fn expand_name(name: &str) -> String {
    match split_name(name) {
        Some((namespace, local)) => format!("{namespace}{local}"),
        None => name.to_owned(),
    }
}

fn split_name(name: &str) -> Option<(&'static str, &str)> {
    let in_full = PREFIXES
        .iter()
        .find_map(|(_, namespace)| Some((*namespace, name.strip_prefix(namespace)?)));
    let found = in_full.or_else(|| {
        let (prefix, local) = name.split_once(':')?;
        let (_, namespace) = PREFIXES.iter().find(|(known, _)| *known == prefix)?;
        Some((*namespace, local))
    });
    found.filter(|(_, local)| !local.is_empty())
}

fn is_context_term(namespace: &str, local: &str) -> bool {
    CONTEXT_TERMS
        .iter()
        .any(|(of, terms)| *of == namespace && terms.contains(&local))
}
