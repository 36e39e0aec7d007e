//! The programs that the static HDF5 is built with: cmake, and on Unix make or ninja.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::python::Python;
use crate::workspace::Workspace;

/// A program that `PyPI` has as a wheel, with the releases that HDF5 builds with.
struct Wheel {
    name: &'static str,
    requirement: &'static str,
}

const CMAKE: Wheel = Wheel { name: "cmake", requirement: "cmake>=3.26,<5" };
const NINJA: Wheel = Wheel { name: "ninja", requirement: "ninja>=1.10,<2" };

const BY_HAND: &str = "\
Type the line for your system, then the same command again:
    Debian, Ubuntu    sudo apt-get install -y cmake make
    macOS             brew install cmake
    Windows           winget install Kitware.CMake";

/// What a cargo that builds HDF5 needs in its environment besides what is there; usually nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct BuildTools {
    /// Folders of programs that were installed into the target folder.
    folders: Vec<PathBuf>,
    /// Whether cmake must be told to use ninja, for want of make.
    ninja: bool,
}

impl BuildTools {
    /// Finds the programs, or installs `PyPI`'s wheels of them into the target folder, where later runs find them.
    ///
    /// # Errors
    /// When there is neither the program nor a Python to get it with; the message says what to type.
    pub(crate) fn ensure(workspace: &Workspace) -> Result<Self> {
        let path = env::var_os("PATH").unwrap_or_default();
        let mut tools = Self::default();
        if env::var_os("CMAKE").is_none() && !on_path("cmake", &path) {
            tools.folders.push(CMAKE.ensure(&workspace.target)?);
        }
        // Elsewhere than on Unix, cmake drives the compiler's own build program.
        let needs_make = cfg!(unix) && env::var_os("CMAKE_GENERATOR").is_none();
        if needs_make && !on_path("make", &path) && !on_path("gmake", &path) {
            tools.ninja = true;
            if !on_path("ninja", &path) {
                tools.folders.push(NINJA.ensure(&workspace.target)?);
            }
        }
        if let Some(line) = tools.shell_line() {
            eprintln!("A `cargo build` that you type yourself needs this line before it:\n    {line}\n");
        }
        Ok(tools)
    }

    /// Puts the programs where the build scripts of a cargo command find them.
    pub(crate) fn apply(&self, mut command: Command) -> Command {
        if !self.folders.is_empty() {
            command.env("PATH", self.search_path(&env::var_os("PATH").unwrap_or_default()));
        }
        if self.ninja {
            command.env("CMAKE_GENERATOR", "Ninja");
        }
        command
    }

    /// The search path with our folders before the others.
    fn search_path(&self, path: &OsStr) -> OsString {
        let folders = self.folders.iter().cloned().chain(env::split_paths(path));
        // Joining fails for a folder with the separator in its name only, and such a folder cannot be searched at all.
        env::join_paths(folders).unwrap_or_else(|_| path.to_owned())
    }

    /// The line of a shell that does what [`Self::apply`] does, if that is anything.
    fn shell_line(&self) -> Option<String> {
        let folders = self.folders.iter().map(|folder| {
            if cfg!(windows) {
                format!("$env:PATH = \"{};$env:PATH\"", folder.display())
            } else {
                format!("export PATH=\"{}:$PATH\"", folder.display())
            }
        });
        let ninja = self.ninja.then(|| "export CMAKE_GENERATOR=Ninja".to_owned());
        let lines: Vec<String> = folders.chain(ninja).collect();
        (!lines.is_empty()).then(|| lines.join("; "))
    }
}

impl Wheel {
    /// The folder of the program below `<target>/<name>`, installed if need be.
    fn ensure(&self, target: &Path) -> Result<PathBuf> {
        let folder = target.join(self.name);
        if let Some(programs) = self.programs(&folder) {
            return Ok(programs);
        }
        let Some(python) = Python::find() else {
            bail!(
                "HDF5 is built with {}, which is missing, and there is no Python to get it with.\n{BY_HAND}",
                self.name
            );
        };
        eprintln!("HDF5 is built with {}, which is missing: getting it into {}", self.name, folder.display());
        self.install(&python, &folder).with_context(|| format!("cannot get {}.\n{BY_HAND}\nThe reason", self.name))?;
        let programs = self.programs(&folder);
        programs.with_context(|| format!("the {} of PyPI does not run here.\n{BY_HAND}", self.name))
    }

    /// Installs the wheel into a folder that is complete or absent.
    fn install(&self, python: &Python, folder: &Path) -> Result<()> {
        let partial = folder.with_extension("partial");
        for old in [&partial, folder] {
            if old.exists() {
                fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
            }
        }
        python.install(self.requirement, &partial)?;
        fs::rename(&partial, folder).with_context(|| format!("cannot make {}", folder.display()))
    }

    /// Where in an installed wheel the program is, if it is there and runs.
    ///
    /// Wheels that have a folder `data/bin` keep the program there, and in `bin` a script that pip's `--target` leaves
    /// without its module.
    fn programs(&self, folder: &Path) -> Option<PathBuf> {
        let candidates = [folder.join(self.name).join("data").join("bin"), folder.join("bin")];
        candidates.into_iter().find(|candidate| runs(&candidate.join(self.name)))
    }
}

/// Whether a program of this name is in one of the search path's folders and runs.
fn on_path(name: &str, path: &OsStr) -> bool {
    env::split_paths(path).any(|folder| {
        let program = folder.join(format!("{name}{}", env::consts::EXE_SUFFIX));
        program.is_file() && runs(&program)
    })
}

/// Whether a program answers to `--version`.
fn runs(program: &Path) -> bool {
    let status = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_folders_come_first() {
        let tools = BuildTools { folders: vec!["ours".into()], ninja: false };
        let path = env::join_paths(["theirs", "others"]).unwrap_or_default();
        let found: Vec<PathBuf> = env::split_paths(&tools.search_path(&path)).collect();
        assert_eq!(found, [PathBuf::from("ours"), "theirs".into(), "others".into()]);
    }

    #[test]
    fn nothing_to_do_says_nothing() {
        assert_eq!(BuildTools::default().shell_line(), None);
    }

    #[cfg(unix)]
    #[test]
    fn the_line_to_type_names_all_that_is_needed() {
        let tools = BuildTools { folders: vec!["/a".into(), "/b".into()], ninja: true };
        let expected = "export PATH=\"/a:$PATH\"; export PATH=\"/b:$PATH\"; export CMAKE_GENERATOR=Ninja";
        assert_eq!(tools.shell_line().as_deref(), Some(expected));
    }

    #[test]
    fn a_program_that_is_not_there_is_not_found() {
        assert!(!on_path("concord-no-such-program", &env::var_os("PATH").unwrap_or_default()));
        assert_eq!(CMAKE.programs(Path::new("no/such/folder")), None);
    }
}
