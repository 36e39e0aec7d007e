//! `--structure`, and the options that belong to one structure alone.

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, ValueEnum, error::ErrorKind, parser::ValueSource};
use concord_simulate::{Clusters, Structure, Trajectory, Tree};

/// A structure with its options. Options of another structure are refused, because they would change nothing.
#[derive(Debug)]
pub(super) struct StructureArgs(pub(super) Structure);

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Separate groups
    Clusters,
    /// One way, or a loop with --loop-to
    Trajectory,
    /// Branches that part again and again
    Tree,
}

/// What is asked of every structure.
#[derive(Debug, Args)]
struct Choice {
    /// How the states of the cells hang together
    #[arg(long, value_enum, value_name = "NAME", default_value_t = Kind::Clusters)]
    structure: Kind,
    /// Share of the genes that belong to a program of all cells, in clusters and trajectories [default: 0.1 in clusters, 0
    /// in trajectories]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    global_non_specific_gene_fraction: Option<f64>,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Clusters, Self::Trajectory, Self::Tree];

    fn name(self) -> &'static str {
        match self {
            Self::Clusters => "clusters",
            Self::Trajectory => "trajectory",
            Self::Tree => "tree",
        }
    }

    fn heading(self) -> &'static str {
        match self {
            Self::Clusters => "Clusters",
            Self::Trajectory => "Trajectories",
            Self::Tree => "Trees",
        }
    }

    /// Adds the options of this structure to a command.
    fn augment(self, command: Command) -> Command {
        match self {
            Self::Clusters => Clusters::augment_args(command),
            Self::Trajectory => Trajectory::augment_args(command),
            Self::Tree => Tree::augment_args(command),
        }
    }

    /// Reads the options of this structure.
    fn read(self, matches: &ArgMatches, shared: Option<f64>) -> Result<Structure, clap::Error> {
        Ok(match self {
            Self::Clusters => {
                let mut clusters = Clusters::from_arg_matches(matches)?;
                clusters.global_non_specific_gene_fraction =
                    shared.unwrap_or(clusters.global_non_specific_gene_fraction);
                Structure::Clusters(clusters)
            }
            Self::Trajectory => {
                let mut trajectory = Trajectory::from_arg_matches(matches)?;
                trajectory.global_non_specific_gene_fraction =
                    shared.unwrap_or(trajectory.global_non_specific_gene_fraction);
                Structure::Trajectory(trajectory)
            }
            Self::Tree => Structure::Tree(Tree::from_arg_matches(matches)?),
        })
    }
}

impl FromArgMatches for StructureArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let Choice { structure, global_non_specific_gene_fraction: shared } = Choice::from_arg_matches(matches)?;
        for kind in Kind::ALL.into_iter().filter(|&kind| kind != structure) {
            let options = kind.augment(Command::new("options"));
            if let Some(option) = options.get_arguments().find(|option| is_given(matches, option)) {
                return Err(misplaced(option.get_long().unwrap_or_default(), kind.name(), structure));
            }
        }
        if structure == Kind::Tree && shared.is_some() {
            return Err(misplaced("global-non-specific-gene-fraction", "clusters or trajectory", structure));
        }
        structure.read(matches, shared).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

fn is_given(matches: &ArgMatches, option: &Arg) -> bool {
    matches.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
}

fn misplaced(option: &str, belongs_to: &str, structure: Kind) -> clap::Error {
    let message = format!(
        "--{option} belongs to --structure {belongs_to} and changes nothing in --structure {}: leave one out",
        structure.name()
    );
    clap::Error::raw(ErrorKind::ArgumentConflict, message)
}

impl Args for StructureArgs {
    fn augment_args(command: Command) -> Command {
        let augment = |command: Command, kind: Kind| kind.augment(command.next_help_heading(kind.heading()));
        Kind::ALL.into_iter().fold(Choice::augment_args(command), augment).next_help_heading(None::<&str>)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
