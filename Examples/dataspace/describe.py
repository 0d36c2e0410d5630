"""Describes a release's folder to a dataspace: what a connector registers, made of the folder's croissant.json.

    describe.py FOLDER --url https://labels.oem.example/boards/2026-11/ -o OUT [--policy POLICY.json]

Writes OUT/asset.json, policy.json and contract.json (Eclipse Dataspace Connector, management API v3) and OUT/dcat.json
(DCAT 3 with an ODRL offer). POLICY.json is an ODRL policy of your own, for instance the one of your data space's
framework agreement; without it whoever may see the offer may use it. Needs nothing but Python.
"""

import argparse
import json
import pathlib
import sys

EDC = {"@vocab": "https://w3id.org/edc/v0.0.1/ns/"}
ODRL = "http://www.w3.org/ns/odrl.jsonld"


def asset(about, identifier, url):
    """The folder as an asset: the connector hands paths below the address on."""
    return {
        "@context": EDC, "@type": "Asset", "@id": identifier,
        "properties": {
            "name": about["alternateName"], "description": about["description"], "version": about["version"],
            "contenttype": "application/ld+json", "digest": about["identifier"], "profile": about["conformsTo"][0],
        },
        "dataAddress": {
            "@type": "DataAddress", "type": "HttpData", "baseUrl": url, "proxyPath": "true", "proxyQueryParams": "false",
        },
    }


def definition(policy, identifier):
    return {"@context": EDC, "@type": "PolicyDefinition", "@id": f"{identifier}:policy",
            "policy": {"@context": ODRL, "@type": "Set", **policy}}


def contract(identifier):
    return {
        "@context": EDC, "@type": "ContractDefinition", "@id": f"{identifier}:contract",
        "accessPolicyId": f"{identifier}:policy", "contractPolicyId": f"{identifier}:policy",
        "assetsSelector": [{
            "@type": "Criterion", "operandLeft": "https://w3id.org/edc/v0.0.1/ns/id", "operator": "=",
            "operandRight": identifier,
        }],
    }


def catalogue(about, identifier, url, policy):
    return {
        "@context": {
            "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
            "odrl": "http://www.w3.org/ns/odrl/2/", "spdx": "http://spdx.org/rdf/terms#",
            "foaf": "http://xmlns.com/foaf/0.1/", "xsd": "http://www.w3.org/2001/XMLSchema#",
        },
        "@type": "dcat:Dataset", "@id": identifier, "dct:title": about["alternateName"],
        "dct:description": about["description"], "dct:identifier": about["identifier"],
        "dct:issued": {"@value": about["datePublished"], "@type": "xsd:date"}, "dcat:version": about["version"],
        "dct:license": about["license"], "dcat:keyword": about["keywords"],
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": about["publisher"]["name"]},
        "dct:conformsTo": [{"@id": profile} for profile in about["conformsTo"]],
        "odrl:hasPolicy": {"@context": ODRL, "@type": "Offer", "@id": f"{identifier}:offer", **policy},
        "dcat:distribution": [{
            "@type": "dcat:Distribution", "dct:title": file["name"], "dcat:mediaType": file["encodingFormat"],
            "dcat:downloadURL": {"@id": url + file["contentUrl"]},
            "dcat:byteSize": {"@value": file["contentSize"].split()[0], "@type": "xsd:nonNegativeInteger"},
            "spdx:checksum": {"@type": "spdx:Checksum", "spdx:checksumValue": file["sha256"],
                              "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"}},
        } for file in about["distribution"]],
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--url", required=True, help="where the folder is had from, with a / at its end")
    parser.add_argument("--policy", type=pathlib.Path, help="an ODRL policy: permission, prohibition, obligation")
    parser.add_argument("-o", "--output", type=pathlib.Path, required=True)
    given = parser.parse_args()
    if not (given.url.startswith("https://") and given.url.endswith("/")):
        sys.exit("--url begins with https:// and ends with /")
    about = json.loads((given.folder / "croissant.json").read_text("utf-8"))
    policy = {"permission": [{"action": "use"}], "prohibition": [], "obligation": []}
    if given.policy:
        policy = json.loads(given.policy.read_text("utf-8"))
        policy = {part: policy.get(part, []) for part in ("permission", "prohibition", "obligation")}
    # What was signed names it, so that two releases are never one asset.
    identifier = "urn:countermark:release:" + about["identifier"].removeprefix("sha-256:")
    given.output.mkdir(parents=True, exist_ok=True)
    for name, document in {
            "asset": asset(about, identifier, given.url), "policy": definition(policy, identifier),
            "contract": contract(identifier), "dcat": catalogue(about, identifier, given.url, policy)}.items():
        (given.output / f"{name}.json").write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", "utf-8")


main()
