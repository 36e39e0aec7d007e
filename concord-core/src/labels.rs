use crate::CoreError;

/// A categorical annotation of cells: one code a cell, and the names of the categories.
///
/// Cell types, clusters, batches and conditions are labels. A cell without a label has no code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labels {
    codes: Vec<Option<u32>>,
    names: Vec<String>,
}

impl Labels {
    /// Takes codes (positions in `names`; `None` where a cell has no label) and the categories' names.
    ///
    /// # Errors
    /// [`CoreError::CodeOutOfRange`] when a code has no name.
    pub fn new(codes: Vec<Option<u32>>, names: Vec<String>) -> Result<Self, CoreError> {
        let n_categories = names.len();
        for (row, &code) in codes.iter().enumerate() {
            if let Some(code) = code.filter(|&code| code as usize >= n_categories) {
                return Err(CoreError::CodeOutOfRange { row, code, n_categories });
            }
        }
        Ok(Self { codes, names })
    }

    /// Makes labels of one text a cell; the categories are the distinct texts in sorted order, as pandas has them.
    ///
    /// ```
    /// use concord_core::Labels;
    /// let labels = Labels::from_texts(&["stim", "ctrl", "stim"]);
    /// assert_eq!(labels.names(), ["ctrl", "stim"]);
    /// assert_eq!(labels.codes(), [Some(1), Some(0), Some(1)]);
    /// ```
    pub fn from_texts<S: AsRef<str>>(texts: &[S]) -> Self {
        Self::from_options(texts.iter().map(|text| Some(text.as_ref())).collect())
    }

    /// As [`Labels::from_texts`], of texts some of which are missing.
    ///
    /// ```
    /// use concord_core::Labels;
    /// let labels = Labels::from_optional_texts(&[Some("stim"), None, Some("ctrl")]);
    /// assert_eq!(labels.codes(), [Some(1), None, Some(0)]);
    /// ```
    pub fn from_optional_texts<S: AsRef<str>>(texts: &[Option<S>]) -> Self {
        Self::from_options(texts.iter().map(|text| text.as_ref().map(AsRef::as_ref)).collect())
    }

    fn from_options(texts: Vec<Option<&str>>) -> Self {
        let mut names: Vec<&str> = texts.iter().copied().flatten().collect();
        names.sort_unstable();
        names.dedup();
        let code = |text: &str| names.binary_search(&text).ok().map(|code| code as u32);
        let codes = texts.into_iter().map(|text| text.and_then(code)).collect();
        Self { codes, names: names.into_iter().map(str::to_owned).collect() }
    }

    /// One category for all cells: what data without batches has for its domain.
    pub fn single(n_cells: usize, name: impl Into<String>) -> Self {
        Self { codes: vec![Some(0); n_cells], names: vec![name.into()] }
    }

    /// Number of cells.
    pub fn n_cells(&self) -> usize {
        self.codes.len()
    }

    /// Number of categories, those without cells included.
    pub fn n_categories(&self) -> usize {
        self.names.len()
    }

    /// One code a cell.
    pub fn codes(&self) -> &[Option<u32>] {
        &self.codes
    }

    /// The categories' names, in their order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The name of one cell's category.
    ///
    /// # Panics
    /// If the cell is out of range.
    pub fn name_of(&self, cell: usize) -> Option<&str> {
        self.codes[cell].map(|code| self.names[code as usize].as_str())
    }

    /// Number of cells without a label.
    pub fn n_missing(&self) -> usize {
        self.codes.iter().filter(|code| code.is_none()).count()
    }

    /// Number of cells of each category.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes = vec![0; self.names.len()];
        for &code in self.codes.iter().flatten() {
            sizes[code as usize] += 1;
        }
        sizes
    }

    /// The cells of each category, in ascending order.
    pub fn members(&self) -> Vec<Vec<usize>> {
        let mut members: Vec<Vec<usize>> = self.sizes().into_iter().map(Vec::with_capacity).collect();
        for (cell, &code) in self.codes.iter().enumerate() {
            if let Some(code) = code {
                members[code as usize].push(cell);
            }
        }
        members
    }

    /// The labels of the given cells, categories unchanged.
    ///
    /// # Panics
    /// If a cell is out of range.
    #[must_use]
    pub fn select(&self, cells: &[usize]) -> Self {
        Self { codes: cells.iter().map(|&cell| self.codes[cell]).collect(), names: self.names.clone() }
    }
}
