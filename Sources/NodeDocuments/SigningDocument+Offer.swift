import AnnotationModel
import CompanyHome
import CountermarkNode
import LabelDocuments
import Signing

extension SigningDocument {
    /// What a node offers to a person's browser.
    package init(_ offer: SigningOffer) {
        var introduction: Introduction?
        if case .addKey(let chain, let logKey)? = offer.introduction {
            introduction = Introduction(
                chain: chain.map { Base64.encode($0) }, logKey: logKey.map { Base64.encode($0) })
        }
        self.init(
            org: offer.org.description, dataset: offer.dataset.description,
            author: offer.key.author, certificate: offer.key.certificate.fingerprint.hex,
            index: offer.place.index, root: offer.place.root.hex, time: offer.time,
            introduction: introduction,
            heads: offer.heads.map {
                Head(
                    org: $0.origin.description, merged: $0.merged, size: $0.size,
                    root: Hex.encode($0.root), signature: Base64.encode($0.signature))
            })
    }
}
