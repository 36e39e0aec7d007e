use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::ModelError;

/// A kind of device: what computes, and through which library.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum DeviceKind {
    /// The processor, with the kernels of this crate for sparse data. Always built.
    #[default]
    Cpu,
    /// The processor through PyTorch's C++ library; feature `libtorch`.
    Libtorch,
    /// A graphics card through whatever interface the system has (Vulkan, Metal, DirectX); feature `wgpu`.
    Wgpu,
    /// A graphics card through Vulkan and nothing else; feature `wgpu`.
    Vulkan,
    /// A graphics card of an Apple computer, with shaders in its own language; feature `metal`.
    Metal,
    /// A graphics card of NVIDIA through CUDA; feature `cuda`.
    Cuda,
}

impl DeviceKind {
    /// All kinds, whether this build has them or not.
    pub const ALL: [Self; 6] = [Self::Cpu, Self::Libtorch, Self::Wgpu, Self::Vulkan, Self::Metal, Self::Cuda];

    /// Its name, as [`DeviceName`] is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Libtorch => "libtorch",
            Self::Wgpu => "wgpu",
            Self::Vulkan => "vulkan",
            Self::Metal => "metal",
            Self::Cuda => "cuda",
        }
    }

    /// The cargo feature that it needs, if any.
    pub fn feature(self) -> Option<&'static str> {
        match self {
            Self::Cpu => None,
            Self::Libtorch => Some("libtorch"),
            Self::Wgpu | Self::Vulkan => Some("wgpu"),
            Self::Metal => Some("metal"),
            Self::Cuda => Some("cuda"),
        }
    }

    /// Whether that feature is on.
    pub fn is_built(self) -> bool {
        match self {
            Self::Cpu => true,
            Self::Libtorch => cfg!(feature = "libtorch"),
            Self::Wgpu | Self::Vulkan => cfg!(feature = "wgpu"),
            Self::Metal => cfg!(feature = "metal"),
            Self::Cuda => cfg!(feature = "cuda"),
        }
    }
}

/// One device: its kind, and its number where there are several of a kind.
///
/// Written `cpu`, `wgpu` (the first) or `cuda:1` (the second), as [`DeviceName::from_str`] reads it.
///
/// # Examples
/// ```
/// use concord_model::{DeviceKind, DeviceName};
///
/// let name: DeviceName = "cuda:1".parse()?;
/// assert_eq!(name, DeviceName { kind: DeviceKind::Cuda, index: 1 });
/// assert_eq!(name.to_string(), "cuda:1");
/// # Ok::<(), concord_model::ModelError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeviceName {
    /// The kind.
    pub kind: DeviceKind,
    /// The number among those of its kind, from 0.
    pub index: usize,
}

impl From<DeviceKind> for DeviceName {
    fn from(kind: DeviceKind) -> Self {
        Self { kind, index: 0 }
    }
}

impl FromStr for DeviceName {
    type Err = ModelError;

    /// # Errors
    /// [`ModelError::UnknownDevice`].
    fn from_str(text: &str) -> Result<Self, ModelError> {
        let unknown = || ModelError::UnknownDevice { name: text.to_owned() };
        let (kind, index) = match text.split_once(':') {
            Some((kind, index)) => (kind, index.parse().map_err(|_| unknown())?),
            None => (text, 0),
        };
        let kind = DeviceKind::ALL.into_iter().find(|known| known.name() == kind).ok_or_else(unknown)?;
        Ok(Self { kind, index })
    }
}

impl TryFrom<String> for DeviceName {
    type Error = ModelError;

    fn try_from(text: String) -> Result<Self, ModelError> {
        text.parse()
    }
}

impl fmt::Display for DeviceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.index {
            0 => f.write_str(self.kind.name()),
            index => write!(f, "{}:{index}", self.kind.name()),
        }
    }
}

impl From<DeviceName> for String {
    fn from(name: DeviceName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for kind in DeviceKind::ALL {
            for index in [0, 1, 12] {
                let name = DeviceName { kind, index };
                assert_eq!(name.to_string().parse::<DeviceName>().unwrap(), name);
            }
        }
        assert_eq!("cuda:0".parse::<DeviceName>().unwrap().to_string(), "cuda");
    }

    #[test]
    fn what_is_no_name_is_refused_with_those_that_are() {
        for text in ["", "gpu", "cuda:", "cuda:x", "cuda:-1", "CUDA", ":1", "cuda:1:2"] {
            let message = text.parse::<DeviceName>().unwrap_err().to_string();
            assert!(message.contains("cpu, libtorch, wgpu, vulkan, metal, cuda"), "{message}");
        }
    }
}
