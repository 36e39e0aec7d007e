//! Where a model computes: names of devices, what this build and this machine have, opening one.

mod found;
mod name;

use burn::backend::DispatchDevice;

pub use found::{FoundDevice, devices};
pub use name::{DeviceKind, DeviceName};

use crate::ModelError;

/// Where the model computes.
///
/// A thin name over Burn's device, so that callers need no Burn of their own.
#[derive(Debug, Clone)]
pub struct Device(burn::tensor::Device);

impl Device {
    /// The CPU, with the sparse kernels of this crate. Always there.
    pub fn cpu() -> Self {
        Self(burn::tensor::Device::flex())
    }

    /// The device of a name.
    ///
    /// # Errors
    /// [`ModelError::DeviceNotBuilt`] where its cargo feature is off, [`ModelError::NoSuchDevice`] where this machine has
    /// none of this kind, or not that many.
    ///
    /// # Examples
    /// ```
    /// use concord_model::Device;
    ///
    /// let device = Device::open("cpu".parse()?)?;
    /// # Ok::<(), concord_model::ModelError>(())
    /// ```
    pub fn open(name: DeviceName) -> Result<Self, ModelError> {
        if !name.kind.is_built() {
            let feature = name.kind.feature().unwrap_or_default();
            return Err(ModelError::DeviceNotBuilt { device: name, feature });
        }
        let mut found = found::of_kind(name.kind);
        if name.index >= found.len() {
            return Err(ModelError::NoSuchDevice { device: name, n_found: found.len() });
        }
        Ok(Self(found.swap_remove(name.index)))
    }

    pub(crate) fn as_burn(&self) -> &burn::tensor::Device {
        &self.0
    }
}

/// Whether this crate's CPU kernels work on tensors of a device; elsewhere plain Burn operations do the same.
pub(crate) fn has_kernels(device: &burn::tensor::Device) -> bool {
    matches!(device.clone().without_autodiff().as_dispatch(), DispatchDevice::Flex(_))
}
