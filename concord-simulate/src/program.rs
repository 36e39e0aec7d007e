use std::fmt;

/// How the genes of a program turn on and off along its cells.
///
/// A program has cells in a row. All of them but `program_on_time_fraction` belong to the transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "clap", derive(clap::ValueEnum))]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
pub enum ProgramStructure {
    /// Rising along a line, then on
    #[default]
    #[cfg_attr(feature = "clap", value(aliases = ["linear_increasing", "linear-increasing"]))]
    #[cfg_attr(feature = "serde", serde(alias = "linear_increasing"))]
    Linear,
    /// On, then falling along a line
    #[cfg_attr(feature = "clap", value(name = "linear_decreasing", alias = "linear-decreasing"))]
    LinearDecreasing,
    /// Rising along a line, on, then falling
    #[cfg_attr(feature = "clap", value(name = "linear_bidirectional", alias = "linear-bidirectional"))]
    LinearBidirectional,
    /// One gene after the other starts to rise; all are on at the end
    #[cfg_attr(feature = "clap", value(name = "dimension_increase", alias = "dimension-increase"))]
    DimensionIncrease,
    /// On in all cells
    Uniform,
}

impl ProgramStructure {
    /// The name in the reference, which knows `linear` as `linear_increasing` too.
    pub fn name(self) -> &'static str {
        match self {
            Self::Linear => "linear",
            Self::LinearDecreasing => "linear_decreasing",
            Self::LinearBidirectional => "linear_bidirectional",
            Self::DimensionIncrease => "dimension_increase",
            Self::Uniform => "uniform",
        }
    }
}

impl fmt::Display for ProgramStructure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What the programs of a simulation have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProgramStyle {
    pub(crate) structure: ProgramStructure,
    pub(crate) on_time_fraction: f64,
    pub(crate) level: f64,
    pub(crate) min_level: f64,
}

impl ProgramStyle {
    /// On at the same level in all cells.
    pub(crate) fn always_on(self) -> Self {
        Self { structure: ProgramStructure::Uniform, ..self }
    }
}

/// The expected expression of a program in each of its cells.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    style: ProgramStyle,
    n_cells: usize,
    /// Where the transition to the level ends.
    on_start: usize,
    /// Where the fall from the level begins.
    on_end: usize,
    /// Cells between the starts of two genes that follow each other.
    gap: usize,
}

impl Program {
    /// `gap`, when given, is the distance between the starts of genes in a growing dimension.
    pub(crate) fn new(style: ProgramStyle, n_cells: usize, n_genes: usize, gap: Option<usize>) -> Self {
        let n_on = (n_cells as f64 * style.on_time_fraction) as usize;
        let n_transition = n_cells - n_on;
        let on_start = match style.structure {
            ProgramStructure::Uniform | ProgramStructure::LinearDecreasing => 0,
            ProgramStructure::LinearBidirectional => n_transition / 2,
            ProgramStructure::Linear | ProgramStructure::DimensionIncrease => n_transition,
        };
        let on_end = match style.structure {
            ProgramStructure::Uniform | ProgramStructure::DimensionIncrease => n_cells,
            _ => on_start + n_on,
        };
        let gap = gap.unwrap_or_else(|| (n_transition / n_genes.max(1)).max(1));
        Self { style, n_cells, on_start, on_end, gap }
    }

    /// Sets a cell's values of the program's genes. Genes that have not started yet are left as they are.
    pub(crate) fn write(&self, cell: usize, genes: &[u32], row: &mut [f64]) {
        if self.style.structure == ProgramStructure::DimensionIncrease && cell < self.on_start {
            return self.write_growing(cell, genes, row);
        }
        let ProgramStyle { level, min_level, .. } = self.style;
        let value = if cell < self.on_start {
            on_line(min_level, level, cell, self.on_start)
        } else if cell < self.on_end {
            level
        } else {
            on_line(level, min_level, cell - self.on_end, self.n_cells - self.on_end)
        };
        for &gene in genes {
            row[gene as usize] = value;
        }
    }

    fn write_growing(&self, cell: usize, genes: &[u32], row: &mut [f64]) {
        for (rank, &gene) in genes.iter().enumerate() {
            let start = rank.saturating_mul(self.gap);
            if start > cell {
                break;
            }
            let (min, max) = (self.style.min_level, self.style.level);
            row[gene as usize] = on_line(min, max, cell - start, self.on_start - start);
        }
    }
}

/// The value at `place` of `n` evenly spaced ones, both ends included; of one, the first end.
fn on_line(first: f64, last: f64, place: usize, n: usize) -> f64 {
    match place {
        0 => first,
        place if place + 1 == n => last,
        place => first + (last - first) / (n - 1) as f64 * place as f64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(structure: ProgramStructure, n_cells: usize, n_genes: u32, gap: Option<usize>) -> Vec<Vec<f64>> {
        let style = ProgramStyle { structure, on_time_fraction: 0.4, level: 9.0, min_level: 1.0 };
        let program = Program::new(style, n_cells, n_genes as usize, gap);
        let genes: Vec<u32> = (0..n_genes).collect();
        let mut rows = vec![vec![-1.0; n_genes as usize]; n_cells];
        rows.iter_mut().enumerate().for_each(|(cell, row)| program.write(cell, &genes, row));
        rows
    }

    fn check(structure: ProgramStructure, n_cells: usize, expected: &[f64]) {
        let rows = table(structure, n_cells, 2, None);
        assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), expected);
        assert!(rows.iter().all(|row| row[0].total_cmp(&row[1]).is_eq()));
    }

    #[test]
    fn lines_rise_stay_and_fall() {
        check(ProgramStructure::Linear, 5, &[1.0, 5.0, 9.0, 9.0, 9.0]);
        check(ProgramStructure::LinearDecreasing, 5, &[9.0, 9.0, 9.0, 5.0, 1.0]);
        check(ProgramStructure::LinearBidirectional, 8, &[1.0, 9.0, 9.0, 9.0, 9.0, 9.0, 5.0, 1.0]);
        check(ProgramStructure::Uniform, 3, &[9.0; 3]);
        check(ProgramStructure::Linear, 1, &[1.0]);
        check(ProgramStructure::LinearDecreasing, 1, &[9.0]);
    }

    #[test]
    fn growing_dimensions_leave_what_has_not_started() {
        let rows = table(ProgramStructure::DimensionIncrease, 5, 3, Some(1));
        assert_eq!(rows[0], [1.0, -1.0, -1.0]);
        assert_eq!(rows[1], [5.0, 1.0, -1.0]);
        assert_eq!(rows[2], [9.0, 9.0, 1.0]);
        assert_eq!((&rows[3], &rows[4]), (&vec![9.0; 3], &vec![9.0; 3]));
        // Without a gap given, the genes share the transition.
        let rows = table(ProgramStructure::DimensionIncrease, 10, 3, None);
        let starts: Vec<_> = (0..3).map(|gene| rows.iter().position(|row| row[gene] >= 1.0)).collect();
        assert_eq!(starts, [Some(0), Some(2), Some(4)]);
    }
}
