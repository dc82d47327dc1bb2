//! Codes of the controlled vocabularies that DCAT-AP 3.0.1 demands, with their IRIs.
//!
//! Sources: the authority tables of the Publications Office of the European Union (data themes, frequencies, languages, file types,
//! access rights, planned availability), the publisher types of ADMS, and the categories of Implementing Regulation (EU) 2023/138.

/// Base IRI of the authority tables.
const AUTHORITY: &str = "http://publications.europa.eu/resource/authority";

/// Regulation on high-value datasets, by its European Legislation Identifier.
pub(crate) const HVD_LAW: &str = "http://data.europa.eu/eli/reg_impl/2023/138/oj";

/// Data themes.
pub const THEMES: [&str; 14] = [
    "AGRI",
    "ECON",
    "EDUC",
    "ENER",
    "ENVI",
    "GOVE",
    "HEAL",
    "INTR",
    "JUST",
    "OP_DATPRO",
    "REGI",
    "SOCI",
    "TECH",
    "TRAN",
];

/// Frequencies of updates.
pub const FREQUENCIES: [&str; 17] = [
    "1MIN",
    "5MIN",
    "10MIN",
    "15MIN",
    "30MIN",
    "HOURLY",
    "12HRS",
    "DAILY",
    "WEEKLY",
    "MONTHLY",
    "QUARTERLY",
    "ANNUAL",
    "UPDATE_CONT",
    "IRREG",
    "AS_NEEDED",
    "NEVER",
    "UNKNOWN",
];

/// Languages of the European Union, each with its tag.
pub const LANGUAGES: [(&str, &str); 24] = [
    ("BUL", "bg"),
    ("CES", "cs"),
    ("DAN", "da"),
    ("DEU", "de"),
    ("ELL", "el"),
    ("ENG", "en"),
    ("EST", "et"),
    ("FIN", "fi"),
    ("FRA", "fr"),
    ("GLE", "ga"),
    ("HRV", "hr"),
    ("HUN", "hu"),
    ("ITA", "it"),
    ("LAV", "lv"),
    ("LIT", "lt"),
    ("MLT", "mt"),
    ("NLD", "nl"),
    ("POL", "pl"),
    ("POR", "pt"),
    ("RON", "ro"),
    ("SLK", "sk"),
    ("SLV", "sl"),
    ("SPA", "es"),
    ("SWE", "sv"),
];

/// Types of publishers.
pub const PUBLISHER_KINDS: [&str; 11] = [
    "Academia-ScientificOrganisation",
    "Company",
    "IndustryConsortium",
    "LocalAuthority",
    "NationalAuthority",
    "NonGovernmentalOrganisation",
    "NonProfitOrganisation",
    "PrivateIndividual(s)",
    "RegionalAuthority",
    "StandardisationBody",
    "SupraNationalAuthority",
];

/// Categories of high-value datasets, each with its number in the vocabulary.
pub const HVD_CATEGORIES: [(&str, &str); 6] = [
    ("geospatial", "c_ac64a52d"),
    ("earth-observation-and-environment", "c_dd313021"),
    ("meteorological", "c_164e0bf5"),
    ("statistics", "c_e1da4e07"),
    ("companies", "c_a9135398"),
    ("mobility", "c_b79e35eb"),
];

/// IRI of a code in an authority table.
pub(crate) fn authority_iri(table: &str, code: &str) -> String {
    format!("{AUTHORITY}/{table}/{code}")
}

/// IRI of an authority table.
pub(crate) fn authority_table(table: &str) -> String {
    format!("{AUTHORITY}/{table}")
}

/// Tag of a language.
pub(crate) fn language_tag(code: &str) -> &'static str {
    let mut known = LANGUAGES.iter();
    known
        .find(|(word, _)| *word == code)
        .map_or("en", |(_, tag)| tag)
}

/// IRI of a category of high-value datasets.
pub(crate) fn hvd_category(word: &str) -> Option<String> {
    let mut known = HVD_CATEGORIES.iter();
    let (_, number) = known.find(|(known, _)| *known == word)?;
    Some(format!("http://data.europa.eu/bna/{number}"))
}

/// IRI of the file type for a file name extension.
pub(crate) fn file_type(ending: &str) -> String {
    let code = match ending {
        "parquet" => "PARQUET",
        "csv" => "CSV",
        "geojson" => "GEOJSON",
        _ => "BIN",
    };
    authority_iri("file-type", code)
}
