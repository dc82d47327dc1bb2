//! Catalogue as RDF triples: DCAT-AP 3.0.1 (SEMIC, 2025), with HVD 3.0 for high-value datasets.

use crate::code_list::{
    HVD_LAW, authority_iri, authority_table, file_type, hvd_category, language_tag,
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
pub(crate) fn catalog_graph(catalog: &PortalCatalog, is_high_value: bool) -> Graph {
    let shown: Vec<&PortalDataset> = listed_datasets(catalog, is_high_value).collect();
    let mut triples = CatalogTriples::new(catalog);
    triples.add_catalog(&shown);
    shown
        .iter()
        .for_each(|dataset| triples.add_dataset(dataset));
    triples.graph
}

/// Graph of one page, complete in itself; `page` counts from 1. None where there is no such page.
pub(crate) fn page_graph(
    catalog: &PortalCatalog,
    is_high_value: bool,
    page: usize,
) -> Option<Graph> {
    let all: Vec<&PortalDataset> = listed_datasets(catalog, is_high_value).collect();
    let pages = all.len().div_ceil(PAGE).max(1);
    let begin = page.checked_sub(1)?.checked_mul(PAGE)?;
    if page > pages {
        return None;
    }
    let shown: Vec<&PortalDataset> = all.iter().skip(begin).take(PAGE).copied().collect();
    let mut triples = CatalogTriples::new(catalog);
    triples.add_catalog(&shown);
    shown
        .iter()
        .for_each(|dataset| triples.add_dataset(dataset));
    if pages > 1 {
        triples.add_page_links(all.len(), PagePosition { page, pages }, is_high_value);
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
pub(crate) fn dataset_graph(catalog: &PortalCatalog, dataset: &PortalDataset) -> Graph {
    let mut triples = CatalogTriples::new(catalog);
    triples.add_dataset(dataset);
    triples.add_publisher();
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

    fn add_catalog(&mut self, shown: &[&PortalDataset]) {
        let catalog = self.catalog;
        let it = iri_node(&catalog.iri());
        self.is_a(&it, &format!("{DCAT}Catalog"));
        self.add_statement(&it, &format!("{DCT}title"), self.text(&catalog.title));
        self.add_statement(
            &it,
            &format!("{DCT}description"),
            self.text(&catalog.description),
        );
        self.add_reference(&it, &format!("{DCT}publisher"), &self.agent_id());
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
        self.is_a(&iri_node(&home), &format!("{FOAF}Document"));
        self.add_reference(&it, &format!("{FOAF}homepage"), &home);
        let themes = authority_table("data-theme");
        self.add_scheme(&themes, "Data theme");
        self.add_reference(&it, &format!("{DCAT}themeTaxonomy"), &themes);
        if let Some(modified) = catalog.last_published_at() {
            self.add_statement(&it, &format!("{DCT}modified"), instant_term(modified));
        }
        for dataset in shown {
            let id = catalog.local_iri(&format!("dataset-{}", dataset.name));
            self.add_reference(&it, &format!("{DCAT}dataset"), &id);
            self.add_reference(&it, &format!("{DCAT}service"), &self.service_id(dataset));
        }
        self.add_publisher();
    }

    fn add_publisher(&mut self) {
        let catalog = self.catalog;
        let agent = iri_node(&self.agent_id());
        self.is_a(&agent, &format!("{FOAF}Agent"));
        self.add_statement(
            &agent,
            &format!("{FOAF}name"),
            self.text(&catalog.publisher.name),
        );
        let kind = format!(
            "http://purl.org/adms/publishertype/{}",
            catalog.publisher.kind
        );
        let kinds = "http://purl.org/adms/publishertype/1.0";
        self.add_concept(&kind, &format!("{SKOS}Concept"), kinds);
        self.add_scheme(kinds, "Publisher type");
        self.add_reference(&agent, &format!("{DCT}type"), &kind);
        let contact = iri_node(&self.contact_id());
        self.is_a(&contact, &format!("{VCARD}Kind"));
        self.add_statement(
            &contact,
            &format!("{VCARD}fn"),
            Literal::new_simple_literal(&catalog.publisher.name).into(),
        );
        if let Some(email) = &catalog.publisher.email {
            self.add_reference(
                &contact,
                &format!("{VCARD}hasEmail"),
                &format!("mailto:{email}"),
            );
        }
        if let Some(page) = &catalog.publisher.page {
            self.add_reference(&contact, &format!("{VCARD}hasURL"), page);
        }
    }

    /// Adds the service that gives the rows of a dataset, page by page. Each dataset has its own, since the law demands the licence
    /// and the category of the dataset on the service.
    fn add_service(&mut self, dataset: &PortalDataset) {
        let catalog = self.catalog;
        let service = iri_node(&self.service_id(dataset));
        self.is_a(&service, &format!("{DCAT}DataService"));
        self.add_statement(&service, &format!("{DCT}title"), self.text(&dataset.title));
        self.add_reference(&service, &format!("{DCT}publisher"), &self.agent_id());
        self.add_reference(&service, &format!("{DCAT}contactPoint"), &self.contact_id());
        let rows = dataset.rows_address(&catalog.base);
        self.add_resource(&rows);
        self.add_reference(&service, &format!("{DCAT}endpointURL"), &rows);
        let description = format!("{}/open/openapi.json", catalog.base);
        self.add_resource(&description);
        self.add_reference(
            &service,
            &format!("{DCAT}endpointDescription"),
            &description,
        );
        let page = catalog.local_iri(&format!("dataset-{}.html", dataset.name));
        self.is_a(&iri_node(&page), &format!("{FOAF}Document"));
        self.add_reference(&service, &format!("{FOAF}page"), &page);
        self.add_coded_value(
            &service,
            &format!("{DCT}accessRights"),
            CodedValue {
                table: "access-right",
                code: "PUBLIC",
            },
            &format!("{DCT}RightsStatement"),
        );
        let id = catalog.local_iri(&format!("dataset-{}", dataset.name));
        self.add_reference(&service, &format!("{DCAT}servesDataset"), &id);
        self.add_licence(&service, dataset);
        if dataset.high_value {
            self.add_law(&service);
            let category = dataset.statements.hvd_category.as_deref();
            if let Some(category) = category.and_then(hvd_category) {
                self.add_category(&service, &category);
            }
        }
    }

    fn add_dataset(&mut self, dataset: &PortalDataset) {
        let catalog = self.catalog;
        let id = catalog.local_iri(&format!("dataset-{}", dataset.name));
        let it = iri_node(&id);
        let statements = &dataset.statements;
        self.is_a(&it, &format!("{DCAT}Dataset"));
        self.add_statement(
            &it,
            &format!("{DCT}identifier"),
            Literal::new_simple_literal(&dataset.name).into(),
        );
        self.add_statement(&it, &format!("{DCT}title"), self.text(&dataset.title));
        let description = statements.description.as_ref().unwrap_or(&dataset.title);
        self.add_statement(&it, &format!("{DCT}description"), self.text(description));
        self.add_reference(&it, &format!("{DCT}publisher"), &self.agent_id());
        self.add_reference(&it, &format!("{DCAT}contactPoint"), &self.contact_id());
        for keyword in &statements.keywords {
            self.add_statement(&it, &format!("{DCAT}keyword"), self.text(keyword));
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
        self.add_statement(
            &it,
            &format!("{DCT}modified"),
            instant_term(dataset.published_at),
        );
        self.add_statement(
            &it,
            &format!("{DCAT}version"),
            Literal::new_simple_literal(&dataset.version).into(),
        );
        let page = format!("{id}.html");
        self.is_a(&iri_node(&page), &format!("{FOAF}Document"));
        self.add_reference(&it, &format!("{DCAT}landingPage"), &page);
        if let Some((first, last)) = dataset.time_span {
            let period = self.add_blank_node(
                &it,
                &format!("{DCT}temporal"),
                &format!("{DCT}PeriodOfTime"),
            );
            self.add_statement(&period, &format!("{DCAT}startDate"), instant_term(first));
            self.add_statement(&period, &format!("{DCAT}endDate"), instant_term(last));
        }
        if let Some(area) = dataset.area {
            let place =
                self.add_blank_node(&it, &format!("{DCT}spatial"), &format!("{DCT}Location"));
            let shape = Literal::new_typed_literal(polygon_text(area), named_node(WKT));
            self.add_statement(&place, &format!("{DCAT}bbox"), shape.into());
        }
        if dataset.high_value {
            self.add_law(&it);
            if let Some(category) = statements.hvd_category.as_deref().and_then(hvd_category) {
                self.add_category(&it, &category);
            }
        }
        self.add_schema(&it, dataset);
        self.add_service(dataset);
        for file in &dataset.files {
            self.add_distribution(&it, dataset, file);
        }
    }

    fn add_distribution(
        &mut self,
        of: &NamedOrBlankNode,
        dataset: &PortalDataset,
        file: &PortalFile,
    ) {
        let catalog = self.catalog;
        let id = catalog.local_iri(&format!("distribution-{}-{}", dataset.name, file.ending));
        let it = iri_node(&id);
        self.add_reference(of, &format!("{DCAT}distribution"), &id);
        self.is_a(&it, &format!("{DCAT}Distribution"));
        let title = format!("{} ({})", dataset.title, file.ending);
        self.add_statement(&it, &format!("{DCT}title"), self.text(&title));
        let download = dataset.file_address(&catalog.base, file);
        self.add_resource(&download);
        self.add_reference(&it, &format!("{DCAT}accessURL"), &download);
        self.add_reference(&it, &format!("{DCAT}downloadURL"), &download);
        self.add_reference(
            &it,
            &format!("{DCAT}accessService"),
            &self.service_id(dataset),
        );
        self.add_licence(&it, dataset);
        let format = file_type(file.ending);
        self.add_concept(
            &format,
            &format!("{DCT}MediaTypeOrExtent"),
            &authority_table("file-type"),
        );
        self.add_reference(&it, &format!("{DCT}format"), &format);
        let media = format!("{MEDIA_TYPES}/{}", file.media_type);
        self.is_a(&iri_node(&media), &format!("{DCT}MediaType"));
        self.add_reference(&it, &format!("{DCAT}mediaType"), &media);
        self.add_coded_value(
            &it,
            &format!("{DCATAP}availability"),
            CodedValue {
                table: "planned-availability",
                code: "AVAILABLE",
            },
            &format!("{SKOS}Concept"),
        );
        self.add_statement(
            &it,
            &format!("{DCT}modified"),
            instant_term(dataset.published_at),
        );
        if dataset.high_value {
            self.add_law(&it);
        }
    }

    /// Adds the licence or a note that it is unknown, and the attribution.
    fn add_licence(&mut self, of: &NamedOrBlankNode, dataset: &PortalDataset) {
        let mut texts = Vec::new();
        match licence::document_iri(&dataset.licence) {
            Some(document) => {
                self.is_a(&iri_node(&document), &format!("{DCT}LicenseDocument"));
                self.add_reference(of, &format!("{DCT}license"), &document);
            }
            None => texts.push(format!("Licence: {}", dataset.licence)),
        }
        texts.extend(dataset.attribution.clone());
        if texts.is_empty() {
            return;
        }
        // A single rights statement, since portals accept only one.
        let (predicate, class) = (format!("{DCT}rights"), format!("{DCT}RightsStatement"));
        let rights = self.add_blank_node(of, &predicate, &class);
        let text = self.text(&texts.join(". "));
        self.add_statement(&rights, rdfs::LABEL.as_str(), text);
    }

    /// Adds the columns as a CSV on the Web schema.
    fn add_schema(&mut self, of: &NamedOrBlankNode, dataset: &PortalDataset) {
        let id = self.catalog.local_iri(&format!("schema-{}", dataset.name));
        let it = iri_node(&id);
        self.add_reference(of, &format!("{DCT}conformsTo"), &id);
        self.is_a(&it, &format!("{DCT}Standard"));
        self.is_a(&it, &format!("{CSVW}Schema"));
        let title = format!("Columns of {}", dataset.title);
        self.add_statement(&it, &format!("{DCT}title"), self.text(&title));
        let columns: Vec<NamedOrBlankNode> = dataset
            .columns
            .iter()
            .map(|column| self.add_column(&id, column))
            .collect();
        let list = self.add_list(&id, &columns);
        self.insert(&it, &format!("{CSVW}column"), list);
    }

    fn add_column(&mut self, schema: &str, column: &DatasetColumn) -> NamedOrBlankNode {
        let it = blank_node(&format!("{schema}/{}", column.name));
        self.add_statement(
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
            self.add_statement(&it, &format!("{CSVW}required"), Literal::from(true).into());
        }
        if let Some(meaning) = &column.meaning {
            self.add_statement(&it, &format!("{DCT}description"), self.text(meaning));
        }
        if let Some(unit) = &column.unit {
            self.add_statement(
                &it,
                "http://qudt.org/schema/qudt/ucumCode",
                Literal::new_simple_literal(unit).into(),
            );
        }
        it
    }

    /// Adds an RDF list, and returns its first node.
    fn add_list(&mut self, name: &str, members: &[NamedOrBlankNode]) -> Term {
        let mut rest = Term::NamedNode(rdf::NIL.into_owned());
        for (number, member) in members.iter().enumerate().rev() {
            let cell = blank_node(&format!("{name}/list/{number}"));
            self.insert(&cell, rdf::FIRST.as_str(), Term::from(member.clone()));
            self.insert(&cell, rdf::REST.as_str(), rest);
            rest = Term::from(cell);
        }
        rest
    }

    /// Adds the links to other pages in the Hydra vocabulary, which harvesters follow.
    fn add_page_links(&mut self, total: usize, position: PagePosition, is_high_value: bool) {
        let PagePosition { page, pages } = position;
        let base = self.catalog.iri();
        let profile = if is_high_value { "profile=hvd&" } else { "" };
        let address = |page: usize| format!("{base}?{profile}page={page}");
        let it = iri_node(&address(page));
        self.is_a(&it, &format!("{HYDRA}PartialCollectionView"));
        self.add_reference(&it, &format!("{HYDRA}first"), &address(1));
        self.add_reference(&it, &format!("{HYDRA}last"), &address(pages));
        if page > 1 {
            self.add_reference(
                &it,
                &format!("{HYDRA}previous"),
                &address(page.saturating_sub(1)),
            );
        }
        if page < pages {
            self.add_reference(
                &it,
                &format!("{HYDRA}next"),
                &address(page.saturating_add(1)),
            );
        }
        let total = Literal::new_typed_literal(total.to_string(), xsd::INTEGER);
        self.add_statement(&it, &format!("{HYDRA}totalItems"), total.into());
    }

    fn add_law(&mut self, of: &NamedOrBlankNode) {
        self.is_a(
            &iri_node(HVD_LAW),
            "http://data.europa.eu/eli/ontology#LegalResource",
        );
        self.add_reference(of, &format!("{DCATAP}applicableLegislation"), HVD_LAW);
    }

    fn add_category(&mut self, of: &NamedOrBlankNode, category: &str) {
        let scheme = "http://data.europa.eu/bna/asd487ae75";
        self.add_concept(category, &format!("{SKOS}Concept"), scheme);
        self.add_reference(of, &format!("{DCATAP}hvdCategory"), category);
    }

    fn agent_id(&self) -> String {
        self.catalog.local_iri("publisher")
    }

    fn contact_id(&self) -> String {
        self.catalog.local_iri("contact")
    }

    fn service_id(&self, dataset: &PortalDataset) -> String {
        self.catalog.local_iri(&format!("service-{}", dataset.name))
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
        let word = authority_iri(table, code);
        self.add_concept(&word, class, &authority_table(table));
        self.add_reference(of, predicate, &word);
    }

    /// Adds a code of a controlled vocabulary with its description.
    fn add_concept(&mut self, word: &str, class: &str, scheme: &str) {
        let it = iri_node(word);
        self.is_a(&it, class);
        self.is_a(&it, &format!("{SKOS}Concept"));
        self.add_reference(&it, &format!("{SKOS}inScheme"), scheme);
        let label = word.rsplit('/').next().unwrap_or(word);
        self.add_statement(
            &it,
            &format!("{SKOS}prefLabel"),
            Literal::new_language_tagged_literal_unchecked(label, "en").into(),
        );
    }

    /// Adds a controlled vocabulary with its title.
    fn add_scheme(&mut self, scheme: &str, title: &str) {
        let it = iri_node(scheme);
        self.is_a(&it, &format!("{SKOS}ConceptScheme"));
        let title = Literal::new_language_tagged_literal_unchecked(title, "en");
        self.add_statement(&it, &format!("{DCT}title"), title.into());
    }

    /// Adds a type for an address, since the SHACL shapes demand a resource.
    fn add_resource(&mut self, address: &str) {
        self.is_a(&iri_node(address), rdfs::RESOURCE.as_str());
    }

    fn add_blank_node(
        &mut self,
        of: &NamedOrBlankNode,
        predicate: &str,
        class: &str,
    ) -> NamedOrBlankNode {
        let it = blank_node(&format!("{of} {predicate}"));
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

    fn add_reference(&mut self, subject: &NamedOrBlankNode, predicate: &str, object: &str) {
        self.insert(subject, predicate, Term::NamedNode(named_node(object)));
    }

    fn add_statement(&mut self, subject: &NamedOrBlankNode, predicate: &str, object: Term) {
        self.insert(subject, predicate, object);
    }

    fn insert(&mut self, subject: &NamedOrBlankNode, predicate: &str, object: Term) {
        let triple = Triple::new(subject.clone(), named_node(predicate), object);
        self.graph.insert(&triple);
    }
}

/// Blank node with a stable label.
fn blank_node(of: &str) -> NamedOrBlankNode {
    let digest = hansa_audit_log::digest::Digest::of(of.as_bytes()).to_string();
    let short = digest.get(..16).unwrap_or(&digest);
    // A letter and digits, as the standard demands.
    NamedOrBlankNode::BlankNode(BlankNode::new_unchecked(format!("b{short}")))
}

fn iri_node(iri: &str) -> NamedOrBlankNode {
    NamedOrBlankNode::NamedNode(named_node(iri))
}

/// Named node. IRIs of the configuration were checked when it was read; the others are constants.
fn named_node(iri: &str) -> NamedNode {
    NamedNode::new(iri).unwrap_or_else(|_| NamedNode::new_unchecked("urn:hansa:no-name"))
}

fn instant_term(at: UtcTimestamp) -> Term {
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

fn polygon_text([west, south, east, north]: [f64; 4]) -> String {
    format!("POLYGON(({west} {south},{east} {south},{east} {north},{west} {north},{west} {south}))")
}
