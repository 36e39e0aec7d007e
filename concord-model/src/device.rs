use burn::backend::DispatchDevice;

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

    pub(crate) fn as_burn(&self) -> &burn::tensor::Device {
        &self.0
    }
}

/// Whether this crate's CPU kernels work on tensors of a device; elsewhere plain Burn operations do the same.
pub(crate) fn has_kernels(device: &burn::tensor::Device) -> bool {
    matches!(device.clone().without_autodiff().as_dispatch(), DispatchDevice::Flex(_))
}
