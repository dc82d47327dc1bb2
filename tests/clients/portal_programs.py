"""Holds the catalogue for portals against the official shapes, and reads it as a harvester does. One line for each that was answered
as it should be. Arguments: a folder with catalog.ttl, catalog.jsonld, catalog.rdf and hvd.ttl, and the shapes' folder."""

import pathlib
import sys

from ckanext.dcat.processors import RDFParser
from pyshacl import validate
from rdflib import RDF, RDFS, BNode, Graph, Namespace, URIRef

FOLDER, SHAPES = (pathlib.Path(name) for name in sys.argv[1:3])
SH = Namespace("http://www.w3.org/ns/shacl#")
DCAT = Namespace("http://www.w3.org/ns/dcat#")
# Each profile with the graph that it is for. Shapes of the high-value part bind all that is in a graph.
PROFILES = {
    "catalog.ttl": [
        "shapes.ttl",
        "range.ttl",
        "dcat-ap-SHACL.ttl",
        "deprecateduris.ttl",
        "mdr-vocabularies.shape.ttl",
        "shapes_recommended.ttl",
    ],
    "hvd.ttl": ["hvd-SHACL.ttl"],
}


def told(program, what):
    print(f"{program}: {what}")


def shapes(name):
    """The official file names two shapes that it never defines, at which the checker stops: these are dropped."""
    graph = Graph().parse(SHAPES / name)
    for shape, part in list(graph.subject_objects(SH.property)):
        if graph.value(part, SH.path) is None:
            graph.remove((shape, SH.property, part))
    return graph


def violations(data, name):
    data = data + Graph()
    # The official shapes want each address to be a resource, which RDF says of everything.
    for node in {node for node in data.objects() if isinstance(node, URIRef)}:
        data.add((node, RDF.type, RDFS.Resource))
    _, report, _ = validate(data, shacl_graph=shapes(name), advanced=True)
    # Those alone that the report lists: others are parts of these, and weigh as they do.
    for result in report.objects(None, SH.result):
        if report.value(result, SH.resultSeverity) == SH.Violation:
            focus, path = report.value(result, SH.focusNode), report.value(result, SH.resultPath)
            yield f"{name}: {focus} {path}: {report.value(result, SH.resultMessage)}"


def checked():
    count = 0
    for file, names in PROFILES.items():
        data = Graph().parse(FOLDER / file)
        for name in names:
            found = list(violations(data, name))
            if found:
                sys.exit("\n".join(found))
            count += 1
    told("pyshacl", f"{count} files of shapes")


def negative():
    """Each shape file can fail: what is taken away is missed."""
    data = Graph().parse(FOLDER / "catalog.ttl")
    catalog = data.value(None, RDF.type, DCAT.Catalog)
    title = URIRef("http://purl.org/dc/terms/title")
    data.remove((catalog, title, None))
    missed = list(violations(data, "shapes.ttl"))
    high_value = Graph().parse(FOLDER / "hvd.ttl")
    high_value.remove((None, URIRef("http://data.europa.eu/r5r/hvdCategory"), None))
    missed += list(violations(high_value, "hvd-SHACL.ttl"))
    if len(missed) < 2:
        sys.exit(f"a missing title and category are not noticed: {missed}")
    told("pyshacl", "what is taken away is missed")


def same_in_each_form():
    counts = {}
    for name, form in [("catalog.ttl", "turtle"), ("catalog.jsonld", "json-ld"), ("catalog.rdf", "xml")]:
        graph = Graph().parse(FOLDER / name, format=form)
        named = {
            triple
            for triple in graph
            if not any(isinstance(node, BNode) for node in triple)
        }
        counts[name] = (len(graph), frozenset(named))
    if len(set(counts.values())) != 1:
        sys.exit(f"the forms differ: { {name: count for name, (count, _) in counts.items()} }")
    told("rdflib", f"{counts['catalog.ttl'][0]} triples in three forms")


def harvested():
    for name, form in [("catalog.ttl", "turtle"), ("catalog.jsonld", "json-ld")]:
        parser = RDFParser(profiles=["euro_dcat_ap_3"])
        parser.parse((FOLDER / name).read_text(encoding="utf-8"), _format=form)
        datasets = sorted(parser.datasets(), key=lambda dataset: dataset["title"])
        titles = [dataset["title"] for dataset in datasets]
        if titles != ["Bänke", "Straßenbäume"]:
            sys.exit(f"{name}: {titles}")
        links = [resource["url"] for dataset in datasets for resource in dataset["resources"]]
        if not all("/open/" in link for link in links) or len(links) != 5:
            sys.exit(f"{name}: {links}")
        if datasets[0]["resources"][0].get("license") is None and "license_id" not in datasets[0]:
            sys.exit(f"{name}: no licence was read")
    told("ckanext-dcat", f"{len(datasets)} datasets, {len(links)} resources")


checked()
negative()
same_in_each_form()
harvested()
