import AnnotationModel

/// Foundation has a class of the same name.
public typealias Operation = AnnotationModel.Operation
