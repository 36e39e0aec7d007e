use clap::Args;

use super::Group;
use crate::{error::CliError, names::nearest_first};

/// Groups that are listed in a message.
const N_LISTED: usize = 12;

/// Which rows of a table to use.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PickArgs {
    /// The context in the table, such as `CD4 T cells`; may be given several times where several lists are used
    #[arg(long, value_name = "NAME")]
    pub(crate) context: Vec<String>,
    /// The target in the table, such as `neuron 50`
    #[arg(long, value_name = "NAME")]
    pub(crate) target: Option<String>,
}

impl PickArgs {
    /// The groups that are meant. A name that is not in the table is answered with those that are.
    pub(crate) fn all<R>(&self, groups: Vec<Group<R>>) -> Result<Vec<Group<R>>, CliError> {
        let contexts = distinct(groups.iter().map(|group| group.context.as_str()));
        self.context.iter().try_for_each(|context| check("--context", Some(context), &contexts, "the table"))?;
        let check_target = |place: &str, is_there: &dyn Fn(&Group<R>) -> bool| {
            let targets = distinct(groups.iter().filter(|group| is_there(group)).map(|group| group.target.as_str()));
            check("--target", self.target.as_deref(), &targets, place)
        };
        if self.context.is_empty() {
            check_target("the table", &|_| true)?;
        }
        for context in &self.context {
            check_target(&format!("context {context}"), &|group| group.context == *context)?;
        }
        let in_context = |group: &Group<R>| self.context.is_empty() || self.context.contains(&group.context);
        let is_target = |group: &Group<R>| self.target.as_ref().is_none_or(|target| *target == group.target);
        Ok(groups.into_iter().filter(|group| in_context(group) && is_target(group)).collect())
    }

    /// The only group that is meant; several are an error that lists them.
    pub(crate) fn one<R>(&self, groups: Vec<Group<R>>) -> Result<Group<R>, CliError> {
        let mut meant = self.all(groups)?;
        if meant.len() > 1 {
            let names: Vec<String> =
                meant.iter().map(|group| format!("'{}' with '{}'", group.context, group.target)).collect();
            return Err(CliError::usage(format!(
                "the table has {} lists of context and target; choose one with --context and --target: {}",
                names.len(),
                listed(&names)
            )));
        }
        meant.pop().ok_or_else(|| CliError::usage("the table has no rows"))
    }
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut seen = std::collections::HashSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

fn check(option: &str, wanted: Option<&str>, known: &[&str], place: &str) -> Result<(), CliError> {
    match wanted {
        Some(name) if !known.contains(&name) => {
            let known: Vec<String> =
                nearest_first(name, known.iter().copied()).into_iter().map(|name| format!("'{name}'")).collect();
            Err(CliError::usage(format!("{option} {name}: not in {place}, which has: {}", listed(&known))))
        }
        _ => Ok(()),
    }
}

fn listed(names: &[String]) -> String {
    let shown = names[..names.len().min(N_LISTED)].join(", ");
    if names.len() > N_LISTED { format!("{shown}, and {} more", names.len() - N_LISTED) } else { shown }
}
