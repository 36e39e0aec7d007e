use std::io;

/// What is wrong with a part of a file, before anyone knows which object it belongs to.
#[derive(Debug)]
pub(in crate::h5) enum Fault {
    /// It contradicts itself, or the file.
    Damaged(String),
    /// It is a form that is not read here.
    Unsupported(String),
    /// The operating system could not read it; [`io::ErrorKind::UnexpectedEof`] means that the file is too short.
    System(io::Error),
}

impl Fault {
    pub(in crate::h5) fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged(detail.into())
    }

    pub(in crate::h5) fn unsupported(detail: impl Into<String>) -> Self {
        Self::Unsupported(detail.into())
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::System(error)
    }
}
