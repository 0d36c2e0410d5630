import Foundation

extension Array where Element == UInt8 {
    var databaseBytes: Data { Data(self) }
}

extension String {
    var databaseBytes: Data { Data(utf8) }
}
