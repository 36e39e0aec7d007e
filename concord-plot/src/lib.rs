//! Figures for single-cell data as SVG, PNG and PDF.
