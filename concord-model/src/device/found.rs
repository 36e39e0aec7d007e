//! What this build and this machine have.

use burn::tensor::Device;

use super::{DeviceKind, DeviceName};

/// A device that [`Device::open`](crate::Device::open) can open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundDevice {
    /// Its name.
    pub name: DeviceName,
    /// What it is, in words: a graphics card's model, the instructions of a processor.
    pub description: String,
}

/// The devices of a kind on this machine; none where the kind is not built.
///
/// Opens each of them to ask what it is, which takes a moment for graphics cards.
///
/// # Examples
/// ```
/// use concord_model::{DeviceKind, devices};
///
/// for device in devices(DeviceKind::Cpu) {
///     println!("{}: {}", device.name, device.description);
/// }
/// assert_eq!(devices(DeviceKind::Cpu).len(), 1);
/// ```
pub fn devices(kind: DeviceKind) -> Vec<FoundDevice> {
    let found = of_kind(kind).into_iter().enumerate();
    found
        .map(|(index, device)| FoundDevice { name: DeviceName { kind, index }, description: describe(&device) })
        .collect()
}

/// Burn's devices of a kind.
pub(super) fn of_kind(kind: DeviceKind) -> Vec<Device> {
    match kind {
        DeviceKind::Cpu => vec![Device::flex()],
        DeviceKind::Libtorch => libtorch(),
        DeviceKind::Wgpu => wgpu(),
        DeviceKind::Vulkan => vulkan(),
        DeviceKind::Metal => metal(),
        DeviceKind::Cuda => cuda(),
    }
}

/// Defines a function that lists devices where a feature is on, and nothing elsewhere.
macro_rules! devices_of {
    ($feature:literal, $name:ident, $devices:expr) => {
        #[cfg(feature = $feature)]
        fn $name() -> Vec<Device> {
            $devices
        }
        #[cfg(not(feature = $feature))]
        fn $name() -> Vec<Device> {
            Vec::new()
        }
    };
}

devices_of!("libtorch", libtorch, {
    // Burn means to drop this backend some day; until then it is offered.
    #[allow(deprecated)]
    let device = Device::libtorch();
    vec![device]
});
devices_of!("wgpu", wgpu, Device::enumerate(burn::tensor::DeviceType::Wgpu).into_vec());
devices_of!("wgpu", vulkan, on_vulkan());
devices_of!("metal", metal, Device::enumerate(burn::tensor::DeviceType::Metal).into_vec());
devices_of!("cuda", cuda, Device::enumerate(burn::tensor::DeviceType::Cuda).into_vec());

/// The devices that Vulkan reaches.
///
/// As `Device::enumerate(DeviceType::Vulkan)` has them, which needs Burn's feature `vulkan`: with that feature shaders are
/// compiled to SPIR-V, which the software driver of Mesa does not survive.
#[cfg(feature = "wgpu")]
fn on_vulkan() -> Vec<Device> {
    use burn::backend::{CubeDevice, WgpuBackend, WgpuDevice, WgpuDeviceKind};
    let mut devices = Vec::new();
    // One kind of adapter is listed for each kind that is asked for.
    for kind in [
        WgpuDeviceKind::DiscreteGpu(0),
        WgpuDeviceKind::IntegratedGpu(0),
        WgpuDeviceKind::VirtualGpu(0),
        WgpuDeviceKind::Cpu,
        WgpuDeviceKind::Other(0),
    ] {
        let asked = CubeDevice::Wgpu(WgpuDevice::new(kind).on(WgpuBackend::Vulkan));
        for id in CubeDevice::enumerate(asked.to_id()) {
            let device = Device::new(CubeDevice::from_id(id));
            if !devices.contains(&device) {
                devices.push(device);
            }
        }
    }
    devices
}

/// What a device is, in words.
fn describe(device: &Device) -> String {
    use burn::backend::DispatchDevice;
    match device.as_dispatch() {
        DispatchDevice::Flex(_) => format!("the processor: {}, {}", threads(), crate::kernels::instruction_set()),
        #[cfg(feature = "libtorch")]
        DispatchDevice::LibTorch(_) => format!("the processor, through LibTorch: {}", threads()),
        #[cfg(any(feature = "wgpu", feature = "metal", feature = "cuda"))]
        _ => device.identity().map_or_else(|| format!("{device:?}"), |identity| identity.name),
        #[cfg(not(any(feature = "wgpu", feature = "metal", feature = "cuda")))]
        _ => format!("{device:?}"),
    }
}

fn threads() -> String {
    match std::thread::available_parallelism().map_or(1, std::num::NonZero::get) {
        1 => "1 thread".to_owned(),
        n => format!("{n} threads"),
    }
}
