//! Columns, and numbers as people read them.

use std::time::Duration;

/// Rows whose columns line up.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = impl Into<String>>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }

    /// The rows, each column as wide as its widest cell; columns whose index is in `right` are flush right.
    pub fn render(&self, right: &[usize]) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
            })
            .map(|width| width.unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row
                .iter()
                .enumerate()
                .map(|(column, cell)| {
                    let width = widths[column];
                    if right.contains(&column) {
                        format!("{cell:>width$}")
                    } else {
                        format!("{cell:<width$}")
                    }
                })
                .collect();
            cells.join("  ").trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// `14.2 s`, `2 m 05 s`.
pub fn seconds(time: Duration) -> String {
    if time.as_secs() < 60 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} m {:02} s", time.as_secs() / 60, time.as_secs() % 60)
    }
}

/// `6.1 MB`; a megabyte is a million bytes.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, seconds, size};
    use std::time::Duration;

    #[test]
    fn numbers() {
        assert_eq!(seconds(Duration::from_millis(14_240)), "14.2 s");
        assert_eq!(seconds(Duration::from_secs(125)), "2 m 05 s");
        assert_eq!((size(12).as_str(), size(6_100_000).as_str()), ("12 B", "6.1 MB"));
    }

    #[test]
    fn columns_line_up() {
        let mut table = Table::default();
        table.row(["a", "1"]);
        table.row(["bb", "22"]);
        assert_eq!(table.render(&[1]), ["a    1", "bb  22"]);
    }
}
