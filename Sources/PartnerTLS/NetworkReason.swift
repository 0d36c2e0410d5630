import Glibc
import NIOCore
import NIOHTTP1
import NIOPosix

/// Why a connection failed, in plain words, whoever says it: the system, NIO or its parser.
public enum NetworkReason {
    /// The words for an error of a connection; nil for one that is none.
    public static func words(_ error: any Error) -> String? {
        switch error {
        case let error as NIOConnectionError: words(ofConnecting: error)
        case let error as IOError: words(error.errnoCode)
        case let error as ChannelError: words(error)
        case is SocketAddressError, is SocketAddressError.UnknownHost:
            "the name cannot be resolved to an address"
        case is HTTPParserError: "what came is not HTTP/1.1"
        default: nil
        }
    }

    private static func words(ofConnecting error: NIOConnectionError) -> String {
        // What every address of a name said; the first is the one to mend.
        if let first = error.connectionErrors.first { return words(first.error) ?? noAnswer }
        // No address: the name leads nowhere.
        return "the name cannot be resolved to an address"
    }

    private static let noAnswer = "no address answered"

    private static func words(_ error: ChannelError) -> String {
        switch error {
        case .connectTimeout: "no answer in time"
        case .ioOnClosedChannel, .alreadyClosed, .inputClosed, .outputClosed, .eof:
            "the connection is closed"
        default: "the connection cannot be used"
        }
    }

    /// What a system's error number says about a connection or an address.
    public static func words(_ code: Int32) -> String {
        switch code {
        case ECONNREFUSED: "nobody listens there"
        case ECONNRESET, EPIPE, ECONNABORTED: "the other side ended the connection"
        case ETIMEDOUT: "no answer in time"
        case EHOSTUNREACH, EHOSTDOWN: "no way leads to that host"
        case ENETUNREACH, ENETDOWN: "no way leads to that network"
        case EADDRINUSE: "another program listens there already"
        case EADDRNOTAVAIL: "this machine has no such address"
        case EAFNOSUPPORT, EPROTONOSUPPORT: "this machine does not speak that kind of address"
        case EACCES, EPERM: "permission denied: a firewall forbids it, or the port is below 1024"
        case EINVAL:
            "the address cannot be used; one that begins with fe80 needs its zone, as in fe80::1%eth0"
        case EMFILE, ENFILE: "too many files are open"
        case ENOTCONN: "the connection is closed"
        case ENOBUFS, ENOMEM: "there is not enough memory"
        default: "the system refused it (number \(code))"
        }
    }
}
