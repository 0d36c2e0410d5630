// swift-tools-version:6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .treatAllWarnings(as: .error),
]

let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let grdbSQLite: Target.Dependency = .product(name: "GRDBSQLite", package: "GRDB.swift")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let httpTypes: Target.Dependency = .product(name: "HTTPTypes", package: "swift-http-types")
let hummingbirdCore: Target.Dependency = .product(name: "HummingbirdCore", package: "hummingbird")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let serviceLifecycle: Target.Dependency = .product(
    name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(
    name: "UnixSignals", package: "swift-service-lifecycle")
let argumentParser: Target.Dependency = .product(
    name: "ArgumentParser", package: "swift-argument-parser")

let package = Package(
    name: "Countermark",
    products: [
        .executable(name: "countermark", targets: ["countermark"]),
        .executable(name: "countermark-laws", targets: ["Laws"]),
    ],
    dependencies: [
        .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
        .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
        .package(
            url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1", traits: []),
        .package(url: "https://github.com/apple/swift-http-types", exact: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    ],
    targets: [
        .systemLibrary(
            name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        // When a file was made, by which a copied home shows.
        .systemLibrary(name: "CFileBirth"),
        // PostgreSQL's client library, loaded when it is first needed.
        .target(name: "CPostgres"),
        // The C library's mathematics, for rounding to half precision.
        .target(
            name: "CanonicalCBOR", swiftSettings: settings, linkerSettings: [.linkedLibrary("m")]),
        .target(
            name: "Signing", dependencies: ["COpenSSL", "CanonicalCBOR"], swiftSettings: settings),
        .target(name: "TransparencyLog", dependencies: ["Signing"], swiftSettings: settings),
        .target(name: "AnnotationModel", dependencies: ["CanonicalCBOR"], swiftSettings: settings),
        .target(
            name: "Provenance",
            dependencies: ["AnnotationModel", "TransparencyLog", "Signing", "CanonicalCBOR"],
            swiftSettings: settings),
        .target(
            name: "Replication",
            dependencies: ["Provenance", "AnnotationModel", "TransparencyLog", "Signing"],
            swiftSettings: settings),
        .target(
            name: "LabelText", dependencies: ["AnnotationModel"], swiftSettings: settings),
        .target(
            name: "LabelDocuments", dependencies: ["AnnotationModel", "LabelText"],
            swiftSettings: settings),
        .target(name: "Shapes", dependencies: ["AnnotationModel"], swiftSettings: settings),
        .target(
            name: "LabelSchema", dependencies: ["AnnotationModel", "LabelText"],
            swiftSettings: settings),
        .target(
            name: "AnnotationFormats",
            dependencies: [
                "AnnotationModel", "CZlib", "LabelSchema", "LabelText", "Shapes",
            ],
            swiftSettings: settings),
        .target(
            name: "LabelQuality", dependencies: ["AnnotationModel", "Shapes"],
            swiftSettings: settings,
            linkerSettings: [.linkedLibrary("m")]),
        .target(
            name: "LogStorage", dependencies: ["CFileBirth", "TransparencyLog", "Signing"],
            swiftSettings: settings),
        .target(
            name: "SharedStore",
            dependencies: ["CPostgres", "LogStorage", "TransparencyLog", "Signing"],
            swiftSettings: settings),
        .target(
            name: "AnnotationStore",
            dependencies: [
                "Provenance", "AnnotationModel", "Signing", "CanonicalCBOR", grdb, grdbSQLite,
            ],
            swiftSettings: settings),
        .target(
            name: "PartnerTLS",
            dependencies: ["COpenSSL", "Signing", nioCore, nioPosix, nioHTTP1],
            swiftSettings: settings),
        .target(
            name: "ObjectStore",
            dependencies: ["LabelText", "LogStorage", "PartnerTLS", "Signing", nioPosix],
            swiftSettings: settings),
        .target(
            name: "PlainErrors",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "LabelSchema",
                "LabelText", "LogStorage", "ObjectStore", "PartnerTLS", "Provenance",
                "SharedStore", "Signing", "TransparencyLog",
            ],
            swiftSettings: settings),
        .target(
            name: "CompanyHome",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "LogStorage",
                "ObjectStore", "PartnerTLS", "PlainErrors", "SharedStore", "Signing",
                "TransparencyLog",
            ],
            swiftSettings: settings),
        .target(
            name: "PartnerNet",
            dependencies: [
                "AnnotationModel", "CompanyHome", "LogStorage", "PartnerTLS", "PlainErrors",
                "Provenance", "Signing", "TransparencyLog", httpTypes, hummingbird,
                hummingbirdCore, logging, nioCore, nioHTTP1,
            ],
            swiftSettings: settings),
        .target(
            name: "DatasetReading",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "CompanyHome",
                "LabelSchema", "LabelText", "LogStorage", "PlainErrors", "Provenance",
                "Signing",
            ],
            swiftSettings: settings),
        .target(
            name: "LabelExchange",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "CompanyHome",
                "DatasetReading", "LabelSchema", "LabelText", "LogStorage", "PlainErrors",
                "Provenance", "Shapes", "Signing", grdb,
            ],
            swiftSettings: settings),
        .target(
            name: "DatasetQuality",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "DatasetReading",
                "LabelQuality", "PlainErrors", "Provenance", "Signing",
            ],
            swiftSettings: settings),
        .target(
            name: "CountermarkNode",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "CompanyHome",
                "DatasetQuality", "DatasetReading", "LabelExchange", "LabelQuality",
                "LabelSchema", "LabelText", "LogStorage", "PartnerNet", "PartnerTLS",
                "PlainErrors", "Provenance", "Replication", "SharedStore", "Signing",
                "TransparencyLog", httpTypes, hummingbird, hummingbirdCore, logging, nioCore,
                nioHTTP1, nioPosix, serviceLifecycle,
            ],
            swiftSettings: settings),
        .target(
            name: "NodeDocuments",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "CompanyHome",
                "CountermarkNode", "DatasetQuality", "DatasetReading", "LabelDocuments",
                "LabelExchange", "LabelQuality", "LabelSchema", "LabelText", "LogStorage",
                "PlainErrors", "Provenance", "Signing", "TransparencyLog",
            ],
            swiftSettings: settings),
        // The files of the page, as data of the program.
        .target(name: "CPageFiles", exclude: ["list.py", "openapi.json"]),
        .target(
            name: "OperatorPage",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "CPageFiles",
                "CompanyHome", "CountermarkNode", "DatasetQuality", "DatasetReading",
                "LabelDocuments", "LabelExchange", "LabelSchema", "LabelText", "NodeDocuments",
                "PartnerNet", "PartnerTLS", "PlainErrors", "Provenance", "Signing", httpTypes,
                hummingbird, hummingbirdCore, logging, nioCore, serviceLifecycle,
            ],
            exclude: ["Web"], swiftSettings: settings),
        .executableTarget(
            name: "countermark",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "CompanyHome",
                "CountermarkNode", "DatasetQuality", "DatasetReading", "LabelDocuments",
                "LabelExchange", "LabelQuality", "LabelSchema", "LabelText", "LogStorage",
                "NodeDocuments", "OperatorPage", "PlainErrors", "Provenance", "Signing",
                "TransparencyLog", argumentParser, logging, serviceLifecycle, unixSignals,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CanonicalCBORTests", dependencies: ["CanonicalCBOR"], swiftSettings: settings),
        .testTarget(
            name: "AnnotationModelTests", dependencies: ["AnnotationModel", "CanonicalCBOR"],
            swiftSettings: settings),
        .testTarget(
            name: "LabelQualityTests", dependencies: ["LabelQuality", "AnnotationModel", "Shapes"],
            swiftSettings: settings),
        .testTarget(
            name: "SigningTests", dependencies: ["Signing", "CanonicalCBOR"],
            swiftSettings: settings),
        .testTarget(
            name: "TransparencyLogTests", dependencies: ["TransparencyLog", "Signing"],
            swiftSettings: settings),
        .testTarget(
            name: "LabelDocumentsTests",
            dependencies: ["LabelDocuments", "AnnotationModel", "LabelText"],
            // Read by path, as bytes.
            exclude: ["Golden", "Members"], swiftSettings: settings),
        .testTarget(
            name: "LogStorageTests", dependencies: ["LogStorage", "TransparencyLog", "Signing"],
            swiftSettings: settings),
        .testTarget(
            name: "SharedStoreTests",
            dependencies: ["SharedStore", "LogStorage", "TransparencyLog", "Signing"],
            swiftSettings: settings),
        .testTarget(
            name: "ReplicationTests",
            dependencies: [
                "Replication", "AnnotationModel", "TransparencyLog", "Signing",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ProvenanceTests",
            dependencies: [
                "Provenance", "AnnotationModel", "TransparencyLog", "Signing", "CanonicalCBOR",
            ],
            swiftSettings: settings),
        // Laws and simulations: a program, because they want an optimised build and the processors for themselves.
        .executableTarget(
            name: "Laws",
            dependencies: [
                "Replication", "Provenance", "AnnotationModel", "TransparencyLog", "Signing",
                "COpenSSL",
            ],
            path: "Tests/Laws", swiftSettings: settings),
        .testTarget(
            name: "AnnotationStoreTests",
            dependencies: ["AnnotationStore", "AnnotationModel", "Laws", "Provenance", "Signing"],
            swiftSettings: settings),
        // Small datasets for tests, one for each format.
        .target(
            name: "FormatFixtures",
            dependencies: ["AnnotationFormats", "AnnotationModel"],
            path: "Tests/FormatFixtures", swiftSettings: settings),
        .testTarget(
            name: "AnnotationFormatsTests",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "FormatFixtures", "LabelSchema",
                "LabelText", "Shapes",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "PartnerTLSTests",
            dependencies: [
                "AnnotationModel", "COpenSSL", "CountermarkNode", "PartnerNet", "PartnerTLS",
                "Signing", hummingbird, logging, nioCore, nioEmbedded, nioHTTP1, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "ObjectStoreTests",
            dependencies: [
                "ObjectStore", "PartnerTLS", "Signing", nioCore, nioPosix, nioHTTP1,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "CountermarkNodeTests",
            dependencies: [
                "AnnotationFormats", "AnnotationModel", "AnnotationStore", "CanonicalCBOR",
                "CompanyHome", "CountermarkNode", "DatasetQuality", "DatasetReading",
                "FormatFixtures", "LabelExchange", "LabelQuality", "LabelSchema", "LabelText",
                "LogStorage", "ObjectStore", "PartnerNet", "PartnerTLS", "PlainErrors",
                "Provenance", "Replication", "SharedStore", "Signing", "TransparencyLog", grdb,
                logging, nioCore, nioHTTP1, nioPosix,
            ],
            swiftSettings: settings),
        .testTarget(
            name: "OperatorPageTests",
            dependencies: [
                "AnnotationModel", "CompanyHome", "CountermarkNode", "LabelText",
                "OperatorPage", "PlainErrors", logging,
            ],
            swiftSettings: settings),
    ]
)
