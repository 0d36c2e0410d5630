import AnnotationModel
import LabelText

/// SDF and MOL files, V2000 and V3000: molecules with labels on atoms, bonds, groups of atoms, and measured activity.
///
/// A molecule is an item, `PATH/TITLE` with the path of the file without its ending; its molfile is kept in the
/// field `sdf.molfile`, a long one in `sdf.molfile.2` and so on besides, each other data item in `sdf.NAME`.
/// Atoms and bonds are numbered from 1 as in the file; a bond is called by its atoms, `1-2`.
/// - Formal charges of `M  CHG` are part of the molecule: the item's field `charges`, by atom.
/// - Lists by atom as RDKit writes them (`atom.dprop.NAME`, `atom.iprop.`, `atom.bprop.`, `atom.prop.`, blank
///   separated, `n/a` for none) are attributes of one label `atom` an atom, with its `element` beside.
///   `bond.dprop.NAME`… are those of bonds, in the order of the bond block.
/// - `group.NAME` holds one occurrence of a functional group a line, as atom numbers: a label `NAME`.
/// - `Ki (nM)`, `IC50 (uM)`, `Kd`, `EC50` and the like, as BindingDB writes them, are labels `activity` of the
///   molecule with `type`, `relation`, `value`, `unit`, the `target` of `Target Name` and the `error` of `Ki
///   error (nM)`.
///
/// The external id is the item's key, `#`, and `atom/3`, `bond/1-2`, `group/NAME/1` or `activity/Ki (nM)/1`.
public struct SDFFormat: AnnotationFormat {
    /// The name on the command line.
    public let name = "sdf"
    /// What a user should know before choosing it.
    public let summary = "SDF and MOL; labels on atoms, bonds, groups, and measured activity"
    /// The name of the output file where the user gives none; nil for a folder.
    public let defaultFileName: String? = nil

    static let molfile = "sdf.molfile"
    static let prefix = "sdf."
    static let mediaType = "chemical/x-mdl-sdfile"
    static let groupPrefix = "group."
    static let target = "Target Name"
    static let assays = ["Ki", "IC50", "Kd", "EC50", "AC50", "GI50", "pIC50", "pKi", "pKd"]
    /// A molfile with room for the rest of the field's encoding.
    static let molfileBytesMax = FieldValue.bytesMax - 64
    /// The most fields that a molfile is kept in: a megabyte.
    static let molfilePartsMax = 64
    /// The most data items of a molecule that become fields of its item.
    static let dataItemsMax = 200

    /// The kinds of lists by atom or bond.
    enum ListKind: String, CaseIterable {
        case double = "dprop"
        case integer = "iprop"
        case bool = "bprop"
        case text = "prop"

        func value(_ word: Substring) -> FieldValue? {
            switch self {
            case .double: TextNumber.double(word).map { .float($0) }
            case .integer: Int64(word).map { .integer($0) }
            case .bool: word == "1" ? .bool(true) : word == "0" ? .bool(false) : nil
            case .text: .text(String(word))
            }
        }
    }

    /// The format.
    public init() {}

    /// Reads files; `context` knows the molecules.
    public func read(
        _ files: [InputFile], context: ReadContext, into sink: (FormatEvent) throws -> Void
    ) throws {
        let finder = ItemFinder(context)
        var count = 0
        let isMolecule = { (path: String) in
            ["sdf", "sd", "mol"].contains(FileTree.ending(path))
        }
        try FileTree.forEach(files, where: isMolecule, holdsItems: true, into: sink) { file, sink in
            count += 1
            var reader = SDFReader(file: file, finder: finder)
            try reader.read(into: sink)
        }
        if count == 0 { throw FormatError.noInput(format: name, wants: "give .sdf or .mol files") }
    }

    /// Writes items and annotations.
    public func write(
        _ source: LabelSource, to output: any FormatOutput, options: WriteOptions
    ) throws -> ConversionReport {
        var report = ConversionReport()
        try SDFWriter(output: output).write(source, &report)
        return report
    }
}
