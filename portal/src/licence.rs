//! Licences and their documents.

use crate::code_list::authority_iri;

/// Licences in the authority table of the Publications Office, by SPDX identifier.
const AUTHORITY_CODES: [(&str, &str); 8] = [
    ("CC0-1.0", "CC0"),
    ("CC-BY-4.0", "CC_BY_4_0"),
    ("CC-BY-3.0", "CC_BY_3_0"),
    ("CC-BY-SA-4.0", "CC_BYSA_4_0"),
    ("ODC-By-1.0", "ODC_BY"),
    ("ODbL-1.0", "ODC_BL"),
    ("PDDL-1.0", "ODC_PDDL"),
    ("OGL-UK-3.0", "OGL_3_0"),
];

/// National licences, by the IRI that their owners publish.
const NATIONAL: [(&str, &str); 3] = [
    ("dl-de/by-2-0", "https://www.govdata.de/dl-de/by-2-0"),
    ("dl-de/zero-2-0", "https://www.govdata.de/dl-de/zero-2-0"),
    (
        "etalab-2.0",
        "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf",
    ),
];

/// IRI of a licence's document; none for a licence without a public document, such as `proprietary`.
pub(crate) fn document_iri(licence: &str) -> Option<String> {
    let same = |known: &str| known.eq_ignore_ascii_case(licence);
    if let Some((_, code)) = AUTHORITY_CODES.iter().find(|(known, _)| same(known)) {
        return Some(authority_iri("licence", code));
    }
    if let Some((_, address)) = NATIONAL.iter().find(|(known, _)| same(known)) {
        return Some((*address).to_owned());
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.+:/_~%".contains(&byte);
    let is_address = licence.starts_with("https://") || licence.starts_with("http://");
    (is_address && licence.bytes().all(is_plain)).then(|| licence.to_owned())
}

/// True for a known open licence.
pub(crate) fn is_open(licence: &str) -> bool {
    let known = AUTHORITY_CODES.iter().chain(&NATIONAL);
    let mut known = known.map(|(known, _)| known);
    known.any(|known| known.eq_ignore_ascii_case(licence))
}

/// True for a licence that is permitted for a high-value dataset: CC0, CC BY 4.0, or an equally open one (Implementing Regulation
/// (EU) 2023/138, Article 4(3)).
pub(crate) fn fits_high_value(licence: &str) -> bool {
    let open = [
        "CC0-1.0",
        "CC-BY-4.0",
        "dl-de/zero-2-0",
        "dl-de/by-2-0",
        "ODC-By-1.0",
        "PDDL-1.0",
        "etalab-2.0",
    ];
    open.iter().any(|known| known.eq_ignore_ascii_case(licence))
}
