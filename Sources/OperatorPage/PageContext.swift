import Hummingbird
import NIOCore

/// A request of the page, and who sent it.
struct PageContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    /// Who asks; nil where nobody has signed in.
    var session: PageSession?
    /// The address that it came from.
    let address: String

    init(source: Source) {
        coreContext = .init(source: source)
        address = source.channel.remoteAddress?.ipAddress ?? "?"
    }
}
