//! What is known about the cells and genes of a simulation.

use std::collections::HashSet;

use concord_core::{Cells, Column, Genes, Labels};

use crate::plan::{Categories, Groups};
use crate::{SimulateError, Simulation, Structure};

/// Columns with their names.
pub type Columns = Vec<(String, Column)>;

impl Simulation {
    /// The cells' names: batch and number in the population, as `batch_1_Cell_17`.
    pub fn cell_names(&self) -> Cells {
        Cells::new(
            self.cells(0..self.n_cells())
                .into_iter()
                .map(|(batch, cell)| format!("{}_Cell_{}", batch_name(batch), cell + 1)),
        )
    }

    /// The genes' names: `Gene_1` and so on, then those of single batches, as `batch_1_Gene_1`.
    pub fn gene_names(&self) -> Genes {
        Genes::new(self.plan.gene_names.iter().cloned().chain(self.own_gene_names()))
    }

    fn own_gene_names(&self) -> impl Iterator<Item = String> {
        self.batches.iter().enumerate().flat_map(|(number, batch)| {
            (1..=batch.n_own).map(move |gene| format!("{}_Gene_{gene}", batch_name(number)))
        })
    }

    /// What is known of the cells: `batch`, and `cluster`, or `time`, or `branch`, `depth` and `time`.
    ///
    /// The leaves of a tree have depth 0. Time is counted in cells: of a trajectory from its start, of a tree from its root.
    ///
    /// # Errors
    /// None that a validated simulation can have.
    pub fn obs(&self) -> Result<Columns, SimulateError> {
        let cells = self.cells(0..self.n_cells());
        let batches = cells.iter().map(|&(batch, _)| Some(batch as u32)).collect();
        let names = (0..self.batches.len()).map(batch_name).collect();
        let mut columns = vec![("batch".to_owned(), Column::Labels(Labels::new(batches, names)?))];
        let groups = || cells.iter().map(|&(_, cell)| Some(self.plan.group(cell) as u32)).collect();
        let integers = |value: &dyn Fn(usize) -> usize| {
            Column::Integers(cells.iter().map(|&(_, cell)| value(cell) as i64).collect())
        };
        match &self.plan.groups {
            Groups::Clusters(ends) => {
                let names = (0..ends.len()).map(crate::plan::cluster_name).collect();
                columns.push(("cluster".to_owned(), Column::Labels(Labels::new(groups(), names)?)));
            }
            Groups::Time => columns.push(("time".to_owned(), integers(&|cell| cell))),
            Groups::Tree(branches) => {
                let of = |cell| &branches[self.plan.group(cell)];
                let names = branches.iter().map(|branch| branch.name.clone()).collect();
                columns.push(("branch".to_owned(), Column::Labels(Labels::new(groups(), names)?)));
                columns.push(("depth".to_owned(), integers(&|cell| of(cell).depth)));
                let time = |cell| of(cell).start_time + cell - of(cell).cells.start;
                columns.push(("time".to_owned(), integers(&time)));
            }
        }
        Ok(columns)
    }

    /// What is known of the genes.
    ///
    /// | column | tells |
    /// |---|---|
    /// | `program` | the cluster, program or branch that the gene was made for; none for genes of single batches |
    /// | `shared_by` | the clusters that share the gene, or `all`: its program is that of these cells instead (when there are such genes) |
    /// | `only_in` | the batch that alone has the gene (when there are such genes) |
    /// | `shifted_in_batch_1` | whether the first batch adds values to the gene (when it does so), and so on |
    ///
    /// # Errors
    /// None that a validated simulation can have.
    pub fn var(&self) -> Result<Columns, SimulateError> {
        let mut columns = vec![("program".to_owned(), self.labels(&self.plan.programs)?)];
        if !self.plan.shared.names.is_empty() {
            columns.push(("shared_by".to_owned(), self.labels(&self.plan.shared)?));
        }
        if self.batches.iter().any(|batch| batch.n_own > 0) {
            let mut codes = vec![None; self.plan.gene_names.len()];
            for (number, batch) in self.batches.iter().enumerate() {
                codes.extend(std::iter::repeat_n(Some(number as u32), batch.n_own));
            }
            let names = (0..self.batches.len()).map(batch_name).collect();
            columns.push(("only_in".to_owned(), Column::Labels(Labels::new(codes, names)?)));
        }
        for (number, batch) in self.batches.iter().enumerate().filter(|(_, batch)| !batch.shifted.is_empty()) {
            let mut is_shifted = vec![Some(false); self.n_genes()];
            batch.shifted.iter().for_each(|&gene| is_shifted[gene as usize] = Some(true));
            columns.push((format!("shifted_in_{}", batch_name(number)), Column::Booleans(is_shifted)));
        }
        Ok(columns)
    }

    /// Categories of the genes of all batches; those of single batches have none.
    fn labels(&self, categories: &Categories) -> Result<Column, SimulateError> {
        let mut codes = categories.codes.clone();
        codes.resize(self.n_genes(), None);
        Ok(Column::Labels(Labels::new(codes, categories.names.clone())?))
    }

    /// Names of genes that users choose may be taken.
    pub(crate) fn check_gene_names(&self) -> Result<(), SimulateError> {
        let Structure::Tree(tree) = &self.config.structure else { return Ok(()) };
        let mut taken: HashSet<&str> = HashSet::new();
        let own: Vec<String> = self.own_gene_names().collect();
        let others = self.plan.gene_names[tree.initial_inherited_genes.len()..].iter().chain(&own);
        for name in others.chain(&tree.initial_inherited_genes) {
            if !taken.insert(name) {
                return Err(SimulateError::RepeatedGene { name: name.clone() });
            }
        }
        Ok(())
    }
}

fn batch_name(number: usize) -> String {
    format!("batch_{}", number + 1)
}
