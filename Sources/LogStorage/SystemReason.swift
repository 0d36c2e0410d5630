import Glibc

/// Why the system refused a call on a file, in plain words: what people read names no number of a C header.
public enum SystemReason {
    /// What a system's error number says about a file or folder.
    public static func words(_ code: Int32) -> String {
        switch code {
        case EPERM, EACCES: "permission denied"
        case ENOENT: "it is not there"
        case EIO: "the disk could not read or write it"
        case ENXIO, ENODEV: "the disk or device is not there"
        case ENOMEM: "there is not enough memory"
        case EBUSY, ETXTBSY: "it is in use"
        case EEXIST: "it is there already"
        case EXDEV: "it lies on another file system"
        case ENOTDIR: "a part of the path is no folder"
        case EISDIR: "it is a folder"
        case EINVAL: "the file system does not allow it"
        case ENFILE, EMFILE: "too many files are open"
        case EFBIG: "it is too large for the file system"
        case ENOSPC: "no space is left on the disk"
        case EDQUOT: "the user's share of the disk is used up"
        case EROFS: "the file system can only be read"
        case EMLINK: "it has too many links"
        case ELOOP: "its links lead in a circle"
        case ENAMETOOLONG: "its name is too long"
        case ENOTEMPTY: "the folder is not empty"
        case ENOLCK: "the file system has no locks"
        case ENOSYS, EOPNOTSUPP: "the file system cannot do that"
        case EINTR, EAGAIN: "it was interrupted"
        case ESTALE: "the network's file system has lost it"
        case EPIPE: "nobody reads it any more"
        default: "the system refused it (number \(code))"
        }
    }
}
