//! Catalogue as RDF triples: DCAT-AP 3.0.1 (SEMIC, 2025), with HVD 3.0 for high-value datasets.

use crate::code_list::{
    HVD_LAW, authority, authority_table, file_type, hvd_category, language_tag,
};
use crate::licence;
use crate::portal_catalog::{PortalCatalog, PortalDataset, PortalFile};
use hansa_audit_log::time::UtcTimestamp;
use hansa_catalog::{ColumnType, DatasetColumn};
use oxrdf::vocab::{rdf, rdfs, xsd};
use oxrdf::{BlankNode, Graph, Literal, NamedNode, NamedOrBlankNode, Term, Triple};

const CSVW: &str = "http://www.w3.org/ns/csvw#";
const DCAT: &str = "http://www.w3.org/ns/dcat#";
const DCATAP: &str = "http://data.europa.eu/r5r/";
const DCT: &str = "http://purl.org/dc/terms/";
const FOAF: &str = "http://xmlns.com/foaf/0.1/";
const HYDRA: &str = "http://www.w3.org/ns/hydra/core#";
const SKOS: &str = "http://www.w3.org/2004/02/skos/core#";
const VCARD: &str = "http://www.w3.org/2006/vcard/ns#";
const WKT: &str = "http://www.opengis.net/ont/geosparql#wktLiteral";
const MEDIA_TYPES: &str = "http://www.iana.org/assignments/media-types";

/// Number of datasets on a page.
pub(crate) const PAGE: usize = 100;

/// Graph of the whole catalogue, or of its high-value part.
pub(crate) fn whole(catalog: &PortalCatalog, is_high_value: bool) -> Graph {
    let shown: Vec<&PortalDataset> = listed_datasets(catalog, is_high_value).collect();
    let mut triples = CatalogTriples::new(catalog);
    triples.catalog(&shown);
    shown.iter().for_each(|dataset| triples.dataset(dataset));
    triples.graph
}

/// Graph of one page, complete in itself; `page` counts from 1. None where there is no such page.
pub(crate) fn page(catalog: &PortalCatalog, is_high_value: bool, page: usize) -> Option<Graph> {
    let all: Vec<&PortalDataset> = listed_datasets(catalog, is_high_value).collect();
    let pages = all.len().div_ceil(PAGE).max(1);
    let begin = page.checked_sub(1)?.checked_mul(PAGE)?;
    if page > pages {
        return None;
    }
    let shown: Vec<&PortalDataset> = all.iter().skip(begin).take(PAGE).copied().collect();
    let mut triples = CatalogTriples::new(catalog);
    triples.catalog(&shown);
    shown.iter().for_each(|dataset| triples.dataset(dataset));
    if pages > 1 {
        triples.paging(all.len(), PagePosition { page, pages }, is_high_value);
    }
    Some(triples.graph)
}

/// Position of a page among all pages.
#[derive(Clone, Copy)]
struct PagePosition {
    /// Number of the page, counted from 1.
    page: usize,
    /// Number of all pages.
    pages: usize,
}

/// Value from an authority table.
#[derive(Clone, Copy)]
struct CodedValue<'a> {
    table: &'a str,
    code: &'a str,
}

/// Graph of one dataset.
pub(crate) fn one(catalog: &PortalCatalog, dataset: &PortalDataset) -> Graph {
    let mut triples = CatalogTriples::new(catalog);
    triples.dataset(dataset);
    triples.publisher();
    triples.graph
}

fn listed_datasets(
    catalog: &PortalCatalog,
    is_high_value: bool,
) -> impl Iterator<Item = &PortalDataset> {
    let all = catalog.datasets.iter();
    all.filter(move |dataset| dataset.high_value || !is_high_value)
}

/// Builder of the triples.
struct CatalogTriples<'a> {
    catalog: &'a PortalCatalog,
    graph: Graph,
}

impl<'a> CatalogTriples<'a> {
    fn new(catalog: &'a PortalCatalog) -> Self {
        Self {
            catalog,
            graph: Graph::new(),
        }
    }

    fn catalog(&mut self, shown: &[&PortalDataset]) {
        let catalog = self.catalog;
        let it = node(&catalog.iri());
        self.is_a(&it, &format!("{DCAT}Catalog"));
        self.says(&it, &format!("{DCT}title"), self.text(&catalog.title));
        self.says(
            &it,
            &format!("{DCT}description"),
            self.text(&catalog.description),
        );
        self.refers(&it, &format!("{DCT}publisher"), &self.agent());
        self.add_coded_value(
            &it,
            &format!("{DCT}language"),
            CodedValue {
                table: "language",
                code: &catalog.language,
            },
            &format!("{DCT}LinguisticSystem"),
        );
        let home = format!("{}/catalog.html", catalog.base);
        self.is_a(&node(&home), &format!("{FOAF}Document"));
        self.refers(&it, &format!("{FOAF}homepage"), &home);
        let themes = authority_table("data-theme");
        self.scheme(&themes, "Data theme");
        self.refers(&it, &format!("{DCAT}themeTaxonomy"), &themes);
        if let Some(modified) = catalog.last_published_at() {
            self.says(&it, &format!("{DCT}modified"), instant(modified));
        }
        for dataset in shown {
            let id = catalog.id(&format!("dataset-{}", dataset.name));
            self.refers(&it, &format!("{DCAT}dataset"), &id);
            self.refers(&it, &format!("{DCAT}service"), &self.service_id(dataset));
        }
        self.publisher();
    }

    fn publisher(&mut self) {
        let catalog = self.catalog;
        let agent = node(&self.agent());
        self.is_a(&agent, &format!("{FOAF}Agent"));
        self.says(
            &agent,
            &format!("{FOAF}name"),
            self.text(&catalog.publisher.name),
        );
        let kind = format!(
            "http://purl.org/adms/publishertype/{}",
            catalog.publisher.kind
        );
        let kinds = "http://purl.org/adms/publishertype/1.0";
        self.concept(&kind, &format!("{SKOS}Concept"), kinds);
        self.scheme(kinds, "Publisher type");
        self.refers(&agent, &format!("{DCT}type"), &kind);
        let contact = node(&self.contact());
        self.is_a(&contact, &format!("{VCARD}Kind"));
        self.says(
            &contact,
            &format!("{VCARD}fn"),
            Literal::new_simple_literal(&catalog.publisher.name).into(),
        );
        if let Some(email) = &catalog.publisher.email {
            self.refers(
                &contact,
                &format!("{VCARD}hasEmail"),
                &format!("mailto:{email}"),
            );
        }
        if let Some(page) = &catalog.publisher.page {
            self.refers(&contact, &format!("{VCARD}hasURL"), page);
        }
    }

    /// Adds the service that gives the rows of a dataset, page by page. Each dataset has its own, since the law demands the licence
    /// and the category of the dataset on the service.
    fn service(&mut self, dataset: &PortalDataset) {
        let catalog = self.catalog;
        let service = node(&self.service_id(dataset));
        self.is_a(&service, &format!("{DCAT}DataService"));
        self.says(&service, &format!("{DCT}title"), self.text(&dataset.title));
        self.refers(&service, &format!("{DCT}publisher"), &self.agent());
        self.refers(&service, &format!("{DCAT}contactPoint"), &self.contact());
        let rows = dataset.rows(&catalog.base);
        self.resource(&rows);
        self.refers(&service, &format!("{DCAT}endpointURL"), &rows);
        let description = format!("{}/open/openapi.json", catalog.base);
        self.resource(&description);
        self.refers(
            &service,
            &format!("{DCAT}endpointDescription"),
            &description,
        );
        let page = catalog.id(&format!("dataset-{}.html", dataset.name));
        self.is_a(&node(&page), &format!("{FOAF}Document"));
        self.refers(&service, &format!("{FOAF}page"), &page);
        self.add_coded_value(
            &service,
            &format!("{DCT}accessRights"),
            CodedValue {
                table: "access-right",
                code: "PUBLIC",
            },
            &format!("{DCT}RightsStatement"),
        );
        let id = catalog.id(&format!("dataset-{}", dataset.name));
        self.refers(&service, &format!("{DCAT}servesDataset"), &id);
        self.licence(&service, dataset);
        if dataset.high_value {
            self.law(&service);
            let category = dataset.statements.hvd_category.as_deref();
            if let Some(category) = category.and_then(hvd_category) {
                self.category(&service, &category);
            }
        }
    }

    fn dataset(&mut self, dataset: &PortalDataset) {
        let catalog = self.catalog;
        let id = catalog.id(&format!("dataset-{}", dataset.name));
        let it = node(&id);
        let statements = &dataset.statements;
        self.is_a(&it, &format!("{DCAT}Dataset"));
        self.says(
            &it,
            &format!("{DCT}identifier"),
            Literal::new_simple_literal(&dataset.name).into(),
        );
        self.says(&it, &format!("{DCT}title"), self.text(&dataset.title));
        let description = statements.description.as_ref().unwrap_or(&dataset.title);
        self.says(&it, &format!("{DCT}description"), self.text(description));
        self.refers(&it, &format!("{DCT}publisher"), &self.agent());
        self.refers(&it, &format!("{DCAT}contactPoint"), &self.contact());
        for keyword in &statements.keywords {
            self.says(&it, &format!("{DCAT}keyword"), self.text(keyword));
        }
        if let Some(theme) = &statements.theme {
            self.add_coded_value(
                &it,
                &format!("{DCAT}theme"),
                CodedValue {
                    table: "data-theme",
                    code: theme,
                },
                &format!("{SKOS}Concept"),
            );
        }
        if let Some(frequency) = &statements.frequency {
            self.add_coded_value(
                &it,
                &format!("{DCT}accrualPeriodicity"),
                CodedValue {
                    table: "frequency",
                    code: frequency,
                },
                &format!("{DCT}Frequency"),
            );
        }
        self.add_coded_value(
            &it,
            &format!("{DCT}accessRights"),
            CodedValue {
                table: "access-right",
                code: "PUBLIC",
            },
            &format!("{DCT}RightsStatement"),
        );
        self.add_coded_value(
            &it,
            &format!("{DCT}language"),
            CodedValue {
                table: "language",
                code: &catalog.language,
            },
            &format!("{DCT}LinguisticSystem"),
        );
        self.says(
            &it,
            &format!("{DCT}modified"),
            instant(dataset.published_at),
        );
        self.says(
            &it,
            &format!("{DCAT}version"),
            Literal::new_simple_literal(&dataset.version).into(),
        );
        let page = format!("{id}.html");
        self.is_a(&node(&page), &format!("{FOAF}Document"));
        self.refers(&it, &format!("{DCAT}landingPage"), &page);
        if let Some((first, last)) = dataset.time_span {
            let period = self.blank(
                &it,
                &format!("{DCT}temporal"),
                &format!("{DCT}PeriodOfTime"),
            );
            self.says(&period, &format!("{DCAT}startDate"), instant(first));
            self.says(&period, &format!("{DCAT}endDate"), instant(last));
        }
        if let Some(area) = dataset.area {
            let place = self.blank(&it, &format!("{DCT}spatial"), &format!("{DCT}Location"));
            let shape = Literal::new_typed_literal(polygon(area), named_node(WKT));
            self.says(&place, &format!("{DCAT}bbox"), shape.into());
        }
        if dataset.high_value {
            self.law(&it);
            if let Some(category) = statements.hvd_category.as_deref().and_then(hvd_category) {
                self.category(&it, &category);
            }
        }
        self.schema(&it, dataset);
        self.service(dataset);
        for file in &dataset.files {
            self.distribution(&it, dataset, file);
        }
    }

    fn distribution(&mut self, of: &NamedOrBlankNode, dataset: &PortalDataset, file: &PortalFile) {
        let catalog = self.catalog;
        let id = catalog.id(&format!("distribution-{}-{}", dataset.name, file.ending));
        let it = node(&id);
        self.refers(of, &format!("{DCAT}distribution"), &id);
        self.is_a(&it, &format!("{DCAT}Distribution"));
        let title = format!("{} ({})", dataset.title, file.ending);
        self.says(&it, &format!("{DCT}title"), self.text(&title));
        let download = dataset.download(&catalog.base, file);
        self.resource(&download);
        self.refers(&it, &format!("{DCAT}accessURL"), &download);
        self.refers(&it, &format!("{DCAT}downloadURL"), &download);
        self.refers(
            &it,
            &format!("{DCAT}accessService"),
            &self.service_id(dataset),
        );
        self.licence(&it, dataset);
        let format = file_type(file.ending);
        self.concept(
            &format,
            &format!("{DCT}MediaTypeOrExtent"),
            &authority_table("file-type"),
        );
        self.refers(&it, &format!("{DCT}format"), &format);
        let media = format!("{MEDIA_TYPES}/{}", file.media_type);
        self.is_a(&node(&media), &format!("{DCT}MediaType"));
        self.refers(&it, &format!("{DCAT}mediaType"), &media);
        self.add_coded_value(
            &it,
            &format!("{DCATAP}availability"),
            CodedValue {
                table: "planned-availability",
                code: "AVAILABLE",
            },
            &format!("{SKOS}Concept"),
        );
        self.says(
            &it,
            &format!("{DCT}modified"),
            instant(dataset.published_at),
        );
        if dataset.high_value {
            self.law(&it);
        }
    }

    /// Adds the licence or a note that it is unknown, and the attribution.
    fn licence(&mut self, of: &NamedOrBlankNode, dataset: &PortalDataset) {
        let mut texts = Vec::new();
        match licence::document(&dataset.licence) {
            Some(document) => {
                self.is_a(&node(&document), &format!("{DCT}LicenseDocument"));
                self.refers(of, &format!("{DCT}license"), &document);
            }
            None => texts.push(format!("Licence: {}", dataset.licence)),
        }
        texts.extend(dataset.attribution.clone());
        if texts.is_empty() {
            return;
        }
        // A single rights statement, since portals accept only one.
        let (predicate, class) = (format!("{DCT}rights"), format!("{DCT}RightsStatement"));
        let rights = self.blank(of, &predicate, &class);
        let text = self.text(&texts.join(". "));
        self.says(&rights, rdfs::LABEL.as_str(), text);
    }

    /// Adds the columns as a CSV on the Web schema.
    fn schema(&mut self, of: &NamedOrBlankNode, dataset: &PortalDataset) {
        let id = self.catalog.id(&format!("schema-{}", dataset.name));
        let it = node(&id);
        self.refers(of, &format!("{DCT}conformsTo"), &id);
        self.is_a(&it, &format!("{DCT}Standard"));
        self.is_a(&it, &format!("{CSVW}Schema"));
        let title = format!("Columns of {}", dataset.title);
        self.says(&it, &format!("{DCT}title"), self.text(&title));
        let columns: Vec<NamedOrBlankNode> = dataset
            .columns
            .iter()
            .map(|column| self.column(&id, column))
            .collect();
        let list = self.list(&id, &columns);
        self.insert(&it, &format!("{CSVW}column"), list);
    }

    fn column(&mut self, schema: &str, column: &DatasetColumn) -> NamedOrBlankNode {
        let it = blank(&format!("{schema}/{}", column.name));
        self.says(
            &it,
            &format!("{CSVW}name"),
            Literal::new_simple_literal(column.name.as_str()).into(),
        );
        self.insert(
            &it,
            &format!("{CSVW}datatype"),
            Term::NamedNode(data_type(column.kind)),
        );
        if !column.nullable {
            self.says(&it, &format!("{CSVW}required"), Literal::from(true).into());
        }
        if let Some(meaning) = &column.meaning {
            self.says(&it, &format!("{DCT}description"), self.text(meaning));
        }
        if let Some(unit) = &column.unit {
            self.says(
                &it,
                "http://qudt.org/schema/qudt/ucumCode",
                Literal::new_simple_literal(unit).into(),
            );
        }
        it
    }

    /// Adds an RDF list, and returns its first node.
    fn list(&mut self, name: &str, members: &[NamedOrBlankNode]) -> Term {
        let mut rest = Term::NamedNode(rdf::NIL.into_owned());
        for (number, member) in members.iter().enumerate().rev() {
            let cell = blank(&format!("{name}/list/{number}"));
            self.insert(&cell, rdf::FIRST.as_str(), Term::from(member.clone()));
            self.insert(&cell, rdf::REST.as_str(), rest);
            rest = Term::from(cell);
        }
        rest
    }

    /// Adds the links to other pages in the Hydra vocabulary, which harvesters follow.
    fn paging(&mut self, total: usize, position: PagePosition, is_high_value: bool) {
        let PagePosition { page, pages } = position;
        let base = self.catalog.iri();
        let profile = if is_high_value { "profile=hvd&" } else { "" };
        let address = |page: usize| format!("{base}?{profile}page={page}");
        let it = node(&address(page));
        self.is_a(&it, &format!("{HYDRA}PartialCollectionView"));
        self.refers(&it, &format!("{HYDRA}first"), &address(1));
        self.refers(&it, &format!("{HYDRA}last"), &address(pages));
        if page > 1 {
            self.refers(
                &it,
                &format!("{HYDRA}previous"),
                &address(page.saturating_sub(1)),
            );
        }
        if page < pages {
            self.refers(
                &it,
                &format!("{HYDRA}next"),
                &address(page.saturating_add(1)),
            );
        }
        let total = Literal::new_typed_literal(total.to_string(), xsd::INTEGER);
        self.says(&it, &format!("{HYDRA}totalItems"), total.into());
    }

    fn law(&mut self, of: &NamedOrBlankNode) {
        self.is_a(
            &node(HVD_LAW),
            "http://data.europa.eu/eli/ontology#LegalResource",
        );
        self.refers(of, &format!("{DCATAP}applicableLegislation"), HVD_LAW);
    }

    fn category(&mut self, of: &NamedOrBlankNode, category: &str) {
        let scheme = "http://data.europa.eu/bna/asd487ae75";
        self.concept(category, &format!("{SKOS}Concept"), scheme);
        self.refers(of, &format!("{DCATAP}hvdCategory"), category);
    }

    fn agent(&self) -> String {
        self.catalog.id("publisher")
    }

    fn contact(&self) -> String {
        self.catalog.id("contact")
    }

    fn service_id(&self, dataset: &PortalDataset) -> String {
        self.catalog.id(&format!("service-{}", dataset.name))
    }

    /// Text in the language of the catalogue, without characters that XML can't represent.
    fn text(&self, text: &str) -> Term {
        let tag = language_tag(&self.catalog.language);
        let is_held = |letter: &char| {
            !letter.is_control() && !matches!(*letter, '\u{fffe}' | '\u{ffff}')
                || matches!(*letter, '\n' | '\t')
        };
        let text: String = text.chars().filter(is_held).collect();
        // The tags are from a closed list.
        Literal::new_language_tagged_literal_unchecked(text, tag).into()
    }

    /// Adds a property with a code of an authority table.
    fn add_coded_value(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: &str,
        value: CodedValue<'_>,
        class: &str,
    ) {
        let CodedValue { table, code } = value;
        let word = authority(table, code);
        self.concept(&word, class, &authority_table(table));
        self.refers(of, predicate, &word);
    }

    /// Adds a code of a controlled vocabulary with its description.
    fn concept(&mut self, word: &str, class: &str, scheme: &str) {
        let it = node(word);
        self.is_a(&it, class);
        self.is_a(&it, &format!("{SKOS}Concept"));
        self.refers(&it, &format!("{SKOS}inScheme"), scheme);
        let label = word.rsplit('/').next().unwrap_or(word);
        self.says(
            &it,
            &format!("{SKOS}prefLabel"),
            Literal::new_language_tagged_literal_unchecked(label, "en").into(),
        );
    }

    /// Adds a controlled vocabulary with its title.
    fn scheme(&mut self, scheme: &str, title: &str) {
        let it = node(scheme);
        self.is_a(&it, &format!("{SKOS}ConceptScheme"));
        let title = Literal::new_language_tagged_literal_unchecked(title, "en");
        self.says(&it, &format!("{DCT}title"), title.into());
    }

    /// Adds a type for an address, since the SHACL shapes demand a resource.
    fn resource(&mut self, address: &str) {
        self.is_a(&node(address), rdfs::RESOURCE.as_str());
    }

    fn blank(&mut self, of: &NamedOrBlankNode, predicate: &str, class: &str) -> NamedOrBlankNode {
        let it = blank(&format!("{of} {predicate}"));
        self.insert(of, predicate, Term::from(it.clone()));
        self.is_a(&it, class);
        it
    }

    fn is_a(&mut self, subject: &NamedOrBlankNode, class: &str) {
        self.insert(
            subject,
            rdf::TYPE.as_str(),
            Term::NamedNode(named_node(class)),
        );
    }

    fn refers(&mut self, subject: &NamedOrBlankNode, predicate: &str, object: &str) {
        self.insert(subject, predicate, Term::NamedNode(named_node(object)));
    }

    fn says(&mut self, subject: &NamedOrBlankNode, predicate: &str, object: Term) {
        self.insert(subject, predicate, object);
    }

    fn insert(&mut self, subject: &NamedOrBlankNode, predicate: &str, object: Term) {
        let triple = Triple::new(subject.clone(), named_node(predicate), object);
        self.graph.insert(&triple);
    }
}

/// Blank node with a stable label.
fn blank(of: &str) -> NamedOrBlankNode {
    let digest = hansa_audit_log::digest::Digest::of(of.as_bytes()).to_string();
    let short = digest.get(..16).unwrap_or(&digest);
    // A letter and digits, as the standard demands.
    NamedOrBlankNode::BlankNode(BlankNode::new_unchecked(format!("b{short}")))
}

fn node(iri: &str) -> NamedOrBlankNode {
    NamedOrBlankNode::NamedNode(named_node(iri))
}

/// Named node. IRIs of the configuration were checked when it was read; the others are constants.
fn named_node(iri: &str) -> NamedNode {
    NamedNode::new(iri).unwrap_or_else(|_| NamedNode::new_unchecked("urn:hansa:no-name"))
}

fn instant(at: UtcTimestamp) -> Term {
    Literal::new_typed_literal(at.to_string(), xsd::DATE_TIME).into()
}

fn data_type(kind: ColumnType) -> NamedNode {
    let word = match kind {
        ColumnType::Text => xsd::STRING,
        ColumnType::Int => xsd::LONG,
        ColumnType::Float => xsd::DOUBLE,
        ColumnType::Decimal(_) => xsd::DECIMAL,
        ColumnType::Bool => xsd::BOOLEAN,
        ColumnType::Date => xsd::DATE,
        ColumnType::Instant => xsd::DATE_TIME,
    };
    word.into_owned()
}

fn polygon([west, south, east, north]: [f64; 4]) -> String {
    format!("POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))")
}
