//! The tests of devices, in a build for each that has a feature of its own.
//!
//! These builds of Burn take the longest of all, so they have a profile that optimises little, and nothing but these
//! tests is built in it.

use std::env;
use std::ffi::OsString;
use std::path::Path;

use anyhow::Result;

use crate::workspace::{Workspace, run};

/// Folders in which the loader of Vulkan looks for drivers.
const DRIVERS: [&str; 3] = ["/usr/share/vulkan/icd.d", "/usr/local/share/vulkan/icd.d", "/etc/vulkan/icd.d"];

/// Variables with which one names drivers of Vulkan elsewhere.
const DRIVER_VARIABLES: [&str; 2] = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"];

/// Why the feature `libtorch` cannot be tested here, if it cannot.
pub(crate) fn no_libtorch() -> Option<String> {
    let found = env::var_os("LIBTORCH").is_some_and(|folder| Path::new(&folder).join("lib").is_dir());
    (!found).then(|| "LIBTORCH does not name a folder with LibTorch (see docs/devices.md)".to_owned())
}

/// Why the feature `wgpu` cannot be tested here, if it cannot.
pub(crate) fn no_wgpu() -> Option<String> {
    // Other systems bring their own interface to graphics cards.
    let has_driver = !cfg!(target_os = "linux")
        || DRIVER_VARIABLES.into_iter().any(|name| env::var_os(name).is_some())
        || DRIVERS
            .into_iter()
            .any(|folder| Path::new(folder).read_dir().is_ok_and(|mut drivers| drivers.next().is_some()));
    (!has_driver).then(|| "there is no driver for Vulkan (see docs/devices.md)".to_owned())
}

/// Where the loader finds `LibTorch`: its folder before those that are searched already.
fn libtorch_libraries() -> Option<OsString> {
    let folder = Path::new(&env::var_os("LIBTORCH")?).join("lib");
    let searched = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
    env::join_paths(std::iter::once(folder).chain(env::split_paths(&searched))).ok()
}

/// Builds with a feature and runs the tests of devices.
pub(crate) fn check(workspace: &Workspace, feature: &str) -> Result<()> {
    let mut command = workspace.cargo();
    command.args(["test", "--profile", "devices", "--locked", "-p", "concord-tests"]);
    // EGL, which is asked for cards of OpenGL, complains at every call where this is not set, as on servers.
    if env::var_os("XDG_RUNTIME_DIR").is_none() {
        command.env("XDG_RUNTIME_DIR", &workspace.target);
    }
    if let Some(libraries) = libtorch_libraries() {
        command.env("LD_LIBRARY_PATH", libraries);
    }
    run(command.args(["--features", feature, "--test", "devices"]))
}
