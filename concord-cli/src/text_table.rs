//! Tables for the terminal.

use comfy_table::{CellAlignment, Table, presets};

/// Rows in columns, without lines; one line of text each, with a blank before it.
pub(crate) fn text_table(rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in rows {
        table.add_row(row);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Left);
    }
    table.to_string().lines().map(|line| format!(" {}\n", line.trim_end())).collect()
}
