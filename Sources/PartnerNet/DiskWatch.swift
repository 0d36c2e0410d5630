import CompanyHome
import Logging
import Synchronization

/// A home's disk as all parts of a serving node look at it; a change is told in the log once, whoever sees it first.
package final class DiskWatch: Sendable {
    private let disk: HomeDisk
    private let logger: Logger
    private let wasFull = Mutex(false)

    /// A watch that has seen nothing yet.
    package init(_ home: Home, logger: Logger) { (disk, self.logger) = (HomeDisk(home), logger) }

    /// What keeps the node from writing now, in plain words; nil if nothing does.
    package func look() -> String? {
        wasFull.withLock { wasFull in
            let found = disk.trouble()
            if let found, !wasFull {
                logger.error("the disk takes nothing", metadata: ["what": "\(found)"])
            } else if found == nil, wasFull {
                logger.notice("the disk takes writes again")
            }
            wasFull = found != nil
            return found
        }
    }
}
