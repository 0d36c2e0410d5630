import CompanyHome
import CountermarkNode
import Foundation

/// Where a home's page was served last, so that a command can print a link to it.
package struct PageAddress {
    private let path: String

    /// The address of a home's page.
    package init(_ home: Home) { path = home.path + "/page/address" }

    /// Where it is; nil where it was never served.
    package var url: String? {
        PageFile.read(path, bytesMax: 1_024).map {
            String(decoding: $0, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        }
    }

    func note(_ url: String) throws { try PageFile.write(url + "\n", to: path) }
}
