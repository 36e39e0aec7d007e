//! UMAP, and the measures of an embedding's quality.
